/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_CLI_FIXTURE_H
#define BL_TESTS_UNIT_CLI_CLI_FIXTURE_H
/*
 * Runs command lines in this process, in a folder of its own, and keeps what they printed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testlib.h"

#include "cli/cli_internal.h"

struct cli_fixture {
    char dir[512];
    char out[65536]; /* what the last command wrote to stdout */
    char err[65536]; /* and to stderr */
};

static inline void cli_fixture_open(struct cli_fixture *f, const char *name)
{
    memset(f, 0, sizeof *f);
    testlib_temp_dir(f->dir, sizeof f->dir, name);
}

static inline void cli_fixture_close(struct cli_fixture *f)
{
    testlib_remove_tree(f->dir);
}

/* "<folder>/name", in a ring of 8. */
static inline const char *cli_fixture_path(const struct cli_fixture *f, const char *name)
{
    static char ring[8][700];
    static unsigned next;
    char *path = ring[next++ % 8];
    snprintf(path, sizeof ring[0], "%s/%s", f->dir, name);
    return path;
}

static inline void
cli_fixture_write(const struct cli_fixture *f, const char *name, const char *text, mode_t mode)
{
    int fd = open(cli_fixture_path(f, name), O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static inline int cli_fixture_redirect(const char *path, int fd)
{
    int saved = dup(fd);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(dup2(file, fd), fd);
    (void)close(file);
    return saved;
}

static inline void cli_fixture_restore(char *text, size_t size, const char *path, int fd, int saved)
{
    assert_int_equal(dup2(saved, fd), fd);
    (void)close(saved);
    int file = open(path, O_RDONLY);
    ssize_t len = read(file, text, size - 1);
    text[len > 0 ? len : 0] = '\0';
    (void)close(file);
    (void)unlink(path);
}

/* Runs the command with the words of `line`, split at blanks; "@/" stands for the folder. The chain
 * is "@/chain" and the wallet "@/wallet". */
static inline int cli_fixture_run(struct cli_fixture *f, const char *line)
{
    static char words[64][1200];
    char program[] = "baals";
    char *argv[66] = {program};
    int argc = 1;
    char dir_option[600], wallet_option[600];
    snprintf(dir_option, sizeof dir_option, "--dir=%s/chain", f->dir);
    snprintf(wallet_option, sizeof wallet_option, "--wallet=%s/wallet", f->dir);
    argv[argc++] = dir_option;
    argv[argc++] = wallet_option;
    for (int i = 0; *line != '\0'; i++) {
        size_t len = strcspn(line, " ");
        char *word = words[i];
        bool here = len >= 2 && line[0] == '@' && line[1] == '/';
        assert_true(i < 60 && len < sizeof words[0]);
        snprintf(word, sizeof words[0], "%s%.*s", here ? f->dir : "", (int)(here ? len - 1 : len),
                 here ? line + 1 : line);
        argv[argc++] = word;
        line += len;
        line += strspn(line, " ");
    }
    fflush(stdout);
    fflush(stderr);
    char out[700], err[700];
    snprintf(out, sizeof out, "%s/.stdout", f->dir);
    snprintf(err, sizeof err, "%s/.stderr", f->dir);
    int saved_out = cli_fixture_redirect(out, STDOUT_FILENO);
    int saved_err = cli_fixture_redirect(err, STDERR_FILENO);
    int code = bl_cli_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    cli_fixture_restore(f->out, sizeof f->out, out, STDOUT_FILENO, saved_out);
    cli_fixture_restore(f->err, sizeof f->err, err, STDERR_FILENO, saved_err);
    return code;
}

static inline void cli_fixture_ok(struct cli_fixture *f, const char *line)
{
    int code = cli_fixture_run(f, line);
    if (code != 0)
        fail_msg("%s: exit %d\n%s%s", line, code, f->out, f->err);
}

/* It fails with this exit code and stable code. */
static inline void
cli_fixture_fails(struct cli_fixture *f, const char *line, int exit_code, const char *code)
{
    char expected[80];
    int found = cli_fixture_run(f, line);
    snprintf(expected, sizeof expected, "error %s: ", code);
    if (found != exit_code || strncmp(f->err, expected, strlen(expected)) != 0)
        fail_msg("%s: exit %d\n%s%s", line, found, f->out, f->err);
}

/* The text of a member of the last --json output. */
static inline const char *cli_fixture_member(const struct cli_fixture *f, const char *name)
{
    static char ring[8][256];
    static unsigned next;
    char *out = ring[next++ % 8];
    struct bl_json_doc doc = {0};
    struct bl_buffer dump;
    assert_ok(bl_json_parse(&doc, bl_slice_str(f->out), sizeof f->out, NULL));
    const struct bl_json *value = bl_json_member(doc.root, name);
    if (value == NULL)
        fail_msg("no %s in %s", name, f->out);
    if (bl_json_text(value) != NULL) {
        snprintf(out, sizeof ring[0], "%s", bl_json_text(value));
    } else {
        bl_buffer_init(&dump, bl_alloc_system(), 65536);
        bl_json_dump(&dump, value);
        snprintf(out, sizeof ring[0], "%.*s", (int)dump.len, (const char *)dump.data);
        bl_buffer_deinit(&dump);
    }
    bl_json_free(&doc);
    return out;
}

/* Keys alice and bob as files, and a chain that gives Alice a million. */
static inline void cli_fixture_chain(struct cli_fixture *f)
{
    char line[512], seed[66];
    baals_keypair key;
    uint8_t bytes[32];
    char address[BAALS_ADDRESS_TEXT_SIZE];
    memset(bytes, 0x22, sizeof bytes);
    bl_hex_encode(seed, bytes, sizeof bytes);
    cli_fixture_write(f, "bob.key", seed, 0600);
    memset(bytes, 0x11, sizeof bytes);
    bl_hex_encode(seed, bytes, sizeof bytes);
    cli_fixture_write(f, "alice.key", seed, 0600);
    baals_keypair_from_seed(&key, bytes);
    baals_address_format(address, BAALS_ADDRESS_ACCOUNT, &key.address);
    snprintf(line, sizeof line, "init @/chain --quiet --alloc %s=1000000", address);
    cli_fixture_ok(f, line);
}

/* Bob's address. */
static inline const char *cli_fixture_bob(void)
{
    static char address[BAALS_ADDRESS_TEXT_SIZE];
    baals_keypair key;
    uint8_t seed[32];
    memset(seed, 0x22, sizeof seed);
    baals_keypair_from_seed(&key, seed);
    baals_address_format(address, BAALS_ADDRESS_ACCOUNT, &key.address);
    return address;
}

#endif /* BL_TESTS_UNIT_CLI_CLI_FIXTURE_H */
