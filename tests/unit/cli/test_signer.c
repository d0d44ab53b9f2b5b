/* SPDX-License-Identifier: MIT */
/*
 * Who signs and where passphrases come from.
 */
#include <sys/stat.h>

#include "command_fixture.h"

#include "cli/keystore.h"

static baals_keypair signer_keypair(void)
{
    uint8_t seed[32];
    baals_keypair key;
    memset(seed, 1, sizeof seed);
    baals_keypair_from_seed(&key, seed);
    return key;
}

static void signer_set(struct command_fixture *fx, enum cli_option_id id, const char *value)
{
    fx->cli->args.values[id] = value;
}

/* A wallet with the key of COMMAND_KEY under `name`, without a passphrase. */
static void signer_import(struct command_fixture *fx, const char *name)
{
    const char *file = command_file(fx, "key1", COMMAND_KEY);
    signer_set(fx, CLI_NO_PASSPHRASE, "");
    assert_ok(COMMAND_RUN(fx, cli_run_wallet_import, name, file));
    signer_set(fx, CLI_NO_PASSPHRASE, NULL);
}

/* The wallet is where --wallet says, else in XDG_DATA_HOME, else in HOME, else nowhere. */
static void test_wallet_dir(void **state)
{
    (void)state;
    struct command_fixture fx;
    const char *dir;
    command_open(&fx, "signer-dir");
    assert_int_equal(setenv("XDG_DATA_HOME", "/data", 1), 0);
    assert_int_equal(setenv("HOME", "/someone", 1), 0);
    assert_ok(cli_wallet_dir(fx.cli, &dir, &fx.err));
    assert_string_equal(dir, fx.wallet);
    signer_set(&fx, CLI_WALLET, "");
    assert_status(cli_wallet_dir(fx.cli, &dir, &fx.err), BAALS_MISUSE_ARGUMENT);
    signer_set(&fx, CLI_WALLET, NULL);
    assert_ok(cli_wallet_dir(fx.cli, &dir, &fx.err));
    assert_string_equal(dir, "/data/baals/wallet");
    assert_int_equal(setenv("XDG_DATA_HOME", "relative", 1), 0);
    assert_ok(cli_wallet_dir(fx.cli, &dir, &fx.err));
    assert_string_equal(dir, "/someone/.local/share/baals/wallet");
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_status(cli_wallet_dir(fx.cli, &dir, &fx.err), BAALS_MISUSE_ARGUMENT);
    command_close(&fx);
}

/* Names of keys are plain words: nothing that leaves the wallet or hides in it. */
static void test_names(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    ".",   "..",  ".alice",  "-alice",
                                      "a/b", "a b", "a\n", "\xc3\xa4"};
    struct command_fixture fx;
    const char *path;
    char name[66];
    command_open(&fx, "signer-names");
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        assert_status(cli_wallet_path(fx.cli, &path, bad[i], &fx.err), BAALS_MISUSE_ARGUMENT);
    memset(name, 'a', sizeof name);
    name[65] = '\0';
    assert_status(cli_wallet_path(fx.cli, &path, name, &fx.err), BAALS_MISUSE_ARGUMENT);
    name[64] = '\0';
    assert_ok(cli_wallet_path(fx.cli, &path, name, &fx.err));
    assert_ok(cli_wallet_path(fx.cli, &path, "Alice_2.old-1", &fx.err));
    assert_string_equal(path, command_path(&fx, "wallet/Alice_2.old-1.json"));
    command_close(&fx);
}

/* A passphrase file gives its first line, and only when nobody else may read it. */
static void test_passphrase_file(void **state)
{
    (void)state;
    struct command_fixture fx;
    char out[16];
    command_open(&fx, "signer-file");
    signer_set(&fx, CLI_PASSPHRASE_FILE, command_file(&fx, "pass", "one two\r\nthree\n"));
    assert_ok(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err));
    assert_string_equal(out, "one two");
    signer_set(&fx, CLI_PASSPHRASE_FILE, command_file(&fx, "pass", "\nsecond"));
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_MISUSE_KEY);
    signer_set(&fx, CLI_PASSPHRASE_FILE, command_file(&fx, "pass", "0123456789abcdef"));
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_LIMIT);
    const char *nul = command_path(&fx, "nul");
    assert_ok(cli_write_new(nul, bl_slice("a\0b\n", 4), &fx.err));
    signer_set(&fx, CLI_PASSPHRASE_FILE, nul);
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_MISUSE_ARGUMENT);
    const char *path = command_file(&fx, "pass", "secret");
    assert_int_equal(chmod(path, 0640), 0);
    signer_set(&fx, CLI_PASSPHRASE_FILE, path);
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_IO_DENIED);
    signer_set(&fx, CLI_PASSPHRASE_FILE, command_path(&fx, "nowhere"));
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_NOTFOUND);
    command_close(&fx);
}

/* A pipe that holds `text` as --passphrase-fd; returns what cli_passphrase does. */
static baals_status signer_from_pipe(
    struct command_fixture *fx, char *out, size_t out_size, const char *text, size_t len)
{
    int ends[2];
    char number[16];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), len);
    (void)close(ends[1]);
    snprintf(number, sizeof number, "%d", ends[0]);
    signer_set(fx, CLI_PASSPHRASE_FD, number);
    baals_status status = cli_passphrase(fx->cli, out, out_size, false, &fx->err);
    signer_set(fx, CLI_PASSPHRASE_FD, NULL);
    (void)close(ends[0]);
    return status;
}

/* A descriptor gives one line of at most the buffer's size, without NUL. */
static void test_passphrase_descriptor(void **state)
{
    (void)state;
    struct command_fixture fx;
    char out[8];
    command_open(&fx, "signer-fd");
    assert_ok(signer_from_pipe(&fx, out, sizeof out, "123456\r\nrest", 12));
    assert_string_equal(out, "123456");
    assert_ok(signer_from_pipe(&fx, out, sizeof out, "1234567\n", 8));
    assert_string_equal(out, "1234567");
    assert_ok(signer_from_pipe(&fx, out, sizeof out, "end", 3));
    assert_string_equal(out, "end");
    assert_status(signer_from_pipe(&fx, out, sizeof out, "12345678\n", 9), BAALS_MISUSE_ARGUMENT);
    assert_status(signer_from_pipe(&fx, out, sizeof out, "a\0b\n", 4), BAALS_MISUSE_ARGUMENT);
    assert_status(signer_from_pipe(&fx, out, sizeof out, "", 0), BAALS_MISUSE_KEY);
    signer_set(&fx, CLI_PASSPHRASE_FD, "three");
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_MISUSE_ARGUMENT);
    signer_set(&fx, CLI_PASSPHRASE_FD, "1024");
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_MISUSE_ARGUMENT);
    signer_set(&fx, CLI_PASSPHRASE_FD, "1023"); /* not open */
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_IO);
    signer_set(&fx, CLI_PASSPHRASE_FILE, "pass");
    assert_status(cli_passphrase(fx.cli, out, sizeof out, false, &fx.err), BAALS_MISUSE_ARGUMENT);
    command_close(&fx);
}

/* --key signs with that file; together with --from it is misuse. */
static void test_key_file_signs(void **state)
{
    (void)state;
    struct command_fixture fx;
    baals_address address;
    baals_keypair key;
    baals_keypair expected = signer_keypair();
    command_open(&fx, "signer-key");
    signer_set(&fx, CLI_KEY, command_file(&fx, "key1", COMMAND_KEY));
    assert_ok(cli_signer_address(fx.cli, &address, &fx.err));
    assert_memory_equal(&address, &expected.address, sizeof address);
    assert_ok(cli_signer_key(fx.cli, &key, &fx.err));
    assert_memory_equal(&key, &expected, sizeof key);
    signer_set(&fx, CLI_FROM, "alice");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_ARGUMENT);
    assert_status(cli_signer_key(fx.cli, &key, &fx.err), BAALS_MISUSE_ARGUMENT);
    command_close(&fx);
}

/* Without a name the wallet's only key signs; none or two are errors that say so. */
static void test_only_key_signs(void **state)
{
    (void)state;
    struct command_fixture fx;
    baals_address address;
    baals_keypair key;
    baals_keypair expected = signer_keypair();
    command_open(&fx, "signer-only");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_KEY);
    signer_import(&fx, "alice");
    assert_ok(cli_signer_address(fx.cli, &address, &fx.err));
    assert_memory_equal(&address, &expected.address, sizeof address);
    assert_ok(cli_signer_key(fx.cli, &key, &fx.err));
    assert_memory_equal(&key, &expected, sizeof key);
    signer_import(&fx, "bob");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_KEY);
    assert_non_null(strstr(fx.err.message, "--from"));
    signer_set(&fx, CLI_FROM, "alice");
    assert_ok(cli_signer_address(fx.cli, &address, &fx.err));
    assert_memory_equal(&address, &expected.address, sizeof address);
    command_close(&fx);
}

/* --from a key that is not there, is broken or no name gives no key. */
static void test_from_bad_keys(void **state)
{
    (void)state;
    struct command_fixture fx;
    baals_address address;
    baals_keypair key;
    command_open(&fx, "signer-from");
    assert_int_equal(mkdir(fx.wallet, 0700), 0);
    signer_set(&fx, CLI_FROM, "nobody");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_KEY);
    assert_non_null(strstr(fx.err.message, "nobody"));
    assert_status(cli_signer_key(fx.cli, &key, &fx.err), BAALS_MISUSE_KEY);
    (void)command_file(&fx, "wallet/broken.json", "[1, 2");
    signer_set(&fx, CLI_FROM, "broken");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_KEY);
    assert_status(cli_signer_key(fx.cli, &key, &fx.err), BAALS_MISUSE_KEY);
    signer_set(&fx, CLI_FROM, "../key");
    assert_status(cli_signer_address(fx.cli, &address, &fx.err), BAALS_MISUSE_ARGUMENT);
    command_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    if (bl_keystore_begin(NULL) != BAALS_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wallet_dir),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_passphrase_file), cmocka_unit_test(test_passphrase_descriptor),
        cmocka_unit_test(test_key_file_signs),  cmocka_unit_test(test_only_key_signs),
        cmocka_unit_test(test_from_bad_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
