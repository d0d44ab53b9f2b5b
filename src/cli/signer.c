/* SPDX-License-Identifier: MIT */
/*
 * Who signs: a key of the wallet (--from), a key file (--key), or the wallet's only key.
 * Passphrases come from the terminal, a descriptor or a file; never from the command line or the
 * environment, which other processes can see.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

#define SIGNER_NAME_MAX 64u

baals_status cli_wallet_dir(struct cli *cli, const char **out, baals_error *err)
{
    const char *given = cli->args.values[CLI_WALLET];
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (given != NULL) {
        if (given[0] == '\0')
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--wallet is empty");
        *out = given;
        return BAALS_OK;
    }
    if (data != NULL && data[0] == '/')
        return cli_join(cli, out, data, "baals/wallet", err);
    if (home != NULL && home[0] == '/')
        return cli_join(cli, out, home, ".local/share/baals/wallet", err);
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "no folder for keys: give --wallet DIR");
}

static bool signer_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > SIGNER_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!good)
            return false;
    }
    return true;
}

baals_status cli_wallet_path(struct cli *cli, const char **out, const char *name, baals_error *err)
{
    const char *dir;
    char file[SIGNER_NAME_MAX + 8];
    if (!signer_name_is_valid(name))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "\"%.64s\" is no name for a key: 1 to 64 letters, digits, '.', '_', '-'",
                       name);
    BL_TRY(cli_wallet_dir(cli, &dir, err));
    snprintf(file, sizeof file, "%s.json", name);
    return cli_join(cli, out, dir, file, err);
}

/* ---- passphrases ---- */

/* One line from a descriptor, without its end. */
static baals_status
signer_read_line(char *out, size_t out_size, int fd, const char *what, baals_error *err)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bl_fail(err, BAALS_IO, "cannot read %s", what);
        if (got == 0 || c == '\n')
            break;
        if (c == '\0' || len + 1 >= out_size)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s is no line of at most %zu bytes", what,
                           out_size - 1);
        out[len++] = c;
    }
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return BAALS_OK;
}

static baals_status
signer_ask(char *out, size_t out_size, int tty, const char *prompt, baals_error *err)
{
    struct termios before, silent;
    if (tcgetattr(tty, &before) != 0)
        return bl_fail(err, BAALS_IO, "the terminal cannot hide what is typed");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)cli_write_fd(tty, bl_slice_str(prompt), NULL);
    (void)tcsetattr(tty, TCSAFLUSH, &silent);
    baals_status status = signer_read_line(out, out_size, tty, "the passphrase", err);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)cli_write_fd(tty, bl_slice_str("\n"), NULL);
    return status;
}

static baals_status signer_prompt(char *out, size_t out_size, bool twice, baals_error *err)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0)
        return bl_fail(err, BAALS_MISUSE_KEY,
                       "a passphrase is needed and there is no terminal: give --passphrase-fd or "
                       "--passphrase-file");
    baals_status status = signer_ask(out, out_size, tty, "passphrase: ", err);
    if (status == BAALS_OK && twice) {
        char again[BL_PASSPHRASE_MAX];
        bl_secret_lock(again, sizeof again);
        status = signer_ask(again, sizeof again, tty, "once more: ", err);
        if (status == BAALS_OK && strcmp(out, again) != 0)
            status = bl_fail(err, BAALS_MISUSE_KEY, "the passphrases differ");
        bl_secret_unlock(again, sizeof again);
    }
    (void)close(tty);
    return status;
}

baals_status
cli_passphrase(struct cli *cli, char *out, size_t out_size, bool twice, baals_error *err)
{
    const char *file = cli->args.values[CLI_PASSPHRASE_FILE];
    if (cli_has(cli, CLI_PASSPHRASE_FD)) {
        uint64_t fd;
        BL_TRY(cli_option_u64(cli, &fd, CLI_PASSPHRASE_FD, 0, err));
        if (fd > 1023 || file != NULL)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                           "give --passphrase-fd from 0 to 1023, or --passphrase-file");
        BL_TRY(signer_read_line(out, out_size, (int)fd, "the passphrase's descriptor", err));
    } else if (file != NULL) {
        size_t len = 0;
        BL_TRY(cli_read_secret(out, out_size, &len, file, err));
        /* A NUL would cut the passphrase short unseen. */
        if (strlen(out) != len)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.150s has a NUL in it", file);
        out[strcspn(out, "\r\n")] = '\0';
    } else {
        BL_TRY(signer_prompt(out, out_size, twice, err));
    }
    if (out[0] == '\0')
        return bl_fail(err, BAALS_MISUSE_KEY,
                       "the passphrase is empty: say --no-passphrase if that is meant");
    return BAALS_OK;
}

/* ---- the signer ---- */

struct signer_only {
    struct cli *cli;
    const char *name; /* NULL: none yet */
    size_t count;
};

static baals_status signer_count_key(void *ctx, const char *file)
{
    struct signer_only *only = ctx;
    size_t len = strlen(file);
    if (len <= 5 || strcmp(file + len - 5, ".json") != 0 || len - 5 > SIGNER_NAME_MAX)
        return BAALS_OK;
    baals_slice copy;
    if (!bl_arena_copy(&copy, &only->cli->arena, bl_slice(file, len - 4)))
        return BAALS_NOMEM;
    char *name = bl_arena_zero(&only->cli->arena, len - 4, 1);
    if (name == NULL)
        return BAALS_NOMEM;
    memcpy(name, copy.data, len - 5);
    only->name = name;
    only->count++;
    return BAALS_OK;
}

/* The name of the key that signs: --from, or the only one there is. */
static baals_status signer_name(struct cli *cli, const char **out, baals_error *err)
{
    struct signer_only only = {.cli = cli};
    const char *dir;
    if (cli->args.values[CLI_FROM] != NULL) {
        *out = cli->args.values[CLI_FROM];
        return BAALS_OK;
    }
    BL_TRY(cli_wallet_dir(cli, &dir, err));
    baals_status status = bl_env_list_dir(cli->env, dir, signer_count_key, &only, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    if (only.count == 0)
        return bl_fail(err, BAALS_MISUSE_KEY, "there is no key to sign with");
    if (only.count > 1)
        return bl_fail(err, BAALS_MISUSE_KEY, "%zu keys could sign: choose one with --from NAME",
                       only.count);
    *out = only.name;
    return BAALS_OK;
}

static baals_status
signer_file(struct cli *cli, baals_slice *out, const char *name, baals_error *err)
{
    const char *path;
    BL_TRY(cli_wallet_path(cli, &path, name, err));
    baals_status status = cli_read_file(cli, out, path, BL_KEYSTORE_FILE_MAX, err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_MISUSE_KEY, "there is no key \"%s\" in the wallet", name);
    return status;
}

static baals_status signer_check(struct cli *cli, baals_error *err)
{
    if (cli_has(cli, CLI_FROM) && cli_has(cli, CLI_KEY))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "give --from or --key, not both");
    return BAALS_OK;
}

baals_status cli_signer_address(struct cli *cli, baals_address *out, baals_error *err)
{
    BL_TRY(signer_check(cli, err));
    if (cli_has(cli, CLI_KEY)) {
        baals_keypair key;
        bl_secret_lock(&key, sizeof key);
        baals_status status = cli_key_file(&key, cli->args.values[CLI_KEY], err);
        if (status == BAALS_OK)
            *out = key.address;
        bl_secret_unlock(&key, sizeof key);
        return status;
    }
    const char *name;
    baals_slice file;
    struct bl_keystore_info info;
    BL_TRY(signer_name(cli, &name, err));
    BL_TRY(signer_file(cli, &file, name, err));
    baals_status status = bl_keystore_read(&info, file, err);
    if (status != BAALS_OK)
        return bl_fail_context(err, status, "key \"%s\"", name);
    *out = info.address;
    return BAALS_OK;
}

baals_status cli_signer_key(struct cli *cli, baals_keypair *out, baals_error *err)
{
    BL_TRY(signer_check(cli, err));
    if (cli_has(cli, CLI_KEY))
        return cli_key_file(out, cli->args.values[CLI_KEY], err);
    const char *name;
    baals_slice file;
    struct bl_keystore_info info;
    char passphrase[BL_PASSPHRASE_MAX];
    BL_TRY(signer_name(cli, &name, err));
    BL_TRY(signer_file(cli, &file, name, err));
    BL_TRY(bl_keystore_read(&info, file, err));
    bl_secret_lock(passphrase, sizeof passphrase);
    passphrase[0] = '\0';
    baals_status status = BAALS_OK;
    if (info.has_passphrase)
        status = cli_passphrase(cli, passphrase, sizeof passphrase, false, err);
    if (status == BAALS_OK)
        status = bl_keystore_open(out, file, passphrase, err);
    if (status != BAALS_OK)
        status = bl_fail_context(err, status, "key \"%s\"", name);
    bl_secret_unlock(passphrase, sizeof passphrase);
    return status;
}
