/* SPDX-License-Identifier: MIT */
/*
 * The wallet commands: keys are made, listed, taken in and given out as the same keys, and never
 * written over.
 */
#include <sys/stat.h>

#include "command_fixture.h"

#include "cli/keystore.h"

/* Without its line end. */
#define WALLET_SEED "0101010101010101010101010101010101010101010101010101010101010101"

/* The address of COMMAND_KEY. */
static const char *wallet_address(char text[BAALS_ADDRESS_TEXT_SIZE])
{
    uint8_t seed[32];
    baals_keypair key;
    memset(seed, 1, sizeof seed);
    baals_keypair_from_seed(&key, seed);
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &key.address);
    return text;
}

/* How the next key is sealed or opened: by this file's passphrase, or with NULL by none. */
static void wallet_passphrase(struct command_fixture *fx, const char *file)
{
    fx->cli->args.values[CLI_NO_PASSPHRASE] = file == NULL ? "" : NULL;
    fx->cli->args.values[CLI_PASSPHRASE_FILE] = file;
}

static const char *wallet_text(const struct command_fixture *fx, const char *name)
{
    const char *text = bl_json_text(bl_json_member(fx->doc.root, name));
    assert_non_null(text);
    return text;
}

/* A new key is in the wallet under its name, with an address of its own and mode 0600. */
static void test_new_and_show(void **state)
{
    (void)state;
    struct command_fixture fx;
    struct stat info;
    char address[BAALS_ADDRESS_TEXT_SIZE];
    command_open(&fx, "wallet-new");
    wallet_passphrase(&fx, NULL);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_new, "alice"));
    assert_string_equal(wallet_text(&fx, "name"), "alice");
    snprintf(address, sizeof address, "%s", wallet_text(&fx, "address"));
    assert_memory_equal(address, "bl1", 3);
    assert_int_equal(stat(command_path(&fx, "wallet/alice.json"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_show, "alice"));
    assert_string_equal(wallet_text(&fx, "address"), address);
    assert_false(bl_json_is_true(bl_json_member(fx.doc.root, "passphrase")));
    command_close(&fx);
}

/* A name that is taken is refused and its key stays as it is. */
static void test_new_keeps_what_is_there(void **state)
{
    (void)state;
    struct command_fixture fx;
    char address[BAALS_ADDRESS_TEXT_SIZE];
    command_open(&fx, "wallet-twice");
    wallet_passphrase(&fx, NULL);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_new, "alice"));
    snprintf(address, sizeof address, "%s", wallet_text(&fx, "address"));
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_new, "alice"), BAALS_LIMIT_EXISTS);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_show, "alice"));
    assert_string_equal(wallet_text(&fx, "address"), address);
    command_close(&fx);
}

/* A passphrase is wanted once and clearly: none with one is misuse, an empty one a key error, and
 * neither leaves a key. */
static void test_new_passphrases(void **state)
{
    (void)state;
    struct command_fixture fx;
    command_open(&fx, "wallet-pass");
    const char *file = command_file(&fx, "pass", "secret\n");
    wallet_passphrase(&fx, file);
    fx.cli->args.values[CLI_NO_PASSPHRASE] = "";
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_new, "bob"), BAALS_MISUSE_ARGUMENT);
    file = command_file(&fx, "empty", "\n");
    wallet_passphrase(&fx, file);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_new, "bob"), BAALS_MISUSE_KEY);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_show, "bob"), BAALS_NOTFOUND);
    wallet_passphrase(&fx, NULL);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_new, "../bob"), BAALS_MISUSE_ARGUMENT);
    command_close(&fx);
}

/* A key file is taken in as that key, sealed with the passphrase, and comes out byte for byte. */
static void test_import_and_export(void **state)
{
    (void)state;
    struct command_fixture fx;
    size_t len;
    char address[BAALS_ADDRESS_TEXT_SIZE];
    command_open(&fx, "wallet-import");
    const char *key = command_file(&fx, "key1", COMMAND_KEY);
    const char *pass = command_file(&fx, "pass", "secret\n");
    const char *exported = command_path(&fx, "exported");
    wallet_passphrase(&fx, pass);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", key));
    assert_string_equal(wallet_text(&fx, "address"), wallet_address(address));
    assert_true(bl_json_is_true(bl_json_member(fx.doc.root, "passphrase")));
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_export, "alice", exported));
    assert_string_equal(wallet_text(&fx, "address"), wallet_address(address));
    uint8_t *text = testlib_read_file(&len, exported);
    assert_string_equal((const char *)text, COMMAND_KEY);
    free(text);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_export, "alice", exported), BAALS_LIMIT_EXISTS);
    command_close(&fx);
}

/* A wrong passphrase gives no key and writes no file. */
static void test_export_with_wrong_passphrase(void **state)
{
    (void)state;
    struct command_fixture fx;
    struct stat info;
    command_open(&fx, "wallet-wrong");
    const char *key = command_file(&fx, "key1", COMMAND_KEY);
    const char *pass = command_file(&fx, "pass", "secret\n");
    const char *exported = command_path(&fx, "exported");
    wallet_passphrase(&fx, pass);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", key));
    pass = command_file(&fx, "pass", "Secret\n");
    wallet_passphrase(&fx, pass);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_export, "alice", exported), BAALS_MISUSE_KEY);
    assert_int_not_equal(stat(exported, &info), 0);
    command_close(&fx);
}

/* With "-" the seed goes to stdout and there is no other result. */
static void test_export_to_stdout(void **state)
{
    (void)state;
    struct command_fixture fx;
    size_t len;
    command_open(&fx, "wallet-stdout");
    const char *key = command_file(&fx, "key1", COMMAND_KEY);
    wallet_passphrase(&fx, NULL);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", key));
    const char *path = command_file(&fx, "stdout", "");
    int file = open(path, O_WRONLY);
    int before = dup(STDOUT_FILENO);
    assert_true(file >= 0 && before >= 0);
    assert_int_equal(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
    baals_status status = COMMAND_RUN(&fx, cli_run_wallet_export, "alice", "-");
    assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(before);
    (void)close(file);
    assert_ok(status);
    assert_int_equal(fx.out.len, 0);
    uint8_t *text = testlib_read_file(&len, path);
    assert_string_equal((const char *)text, COMMAND_KEY);
    free(text);
    command_close(&fx);
}

/* What is no key file is not taken in: too short, no hex, readable by others, not there. */
static void test_import_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        baals_status expected;
    } cases[] = {
        {"", 0600, BAALS_MISUSE_KEY},
        {"0101\n", 0600, BAALS_MISUSE_KEY},
        {WALLET_SEED "00\n", 0600, BAALS_MISUSE_KEY},
        {"g" WALLET_SEED, 0600, BAALS_MISUSE_KEY},
        {COMMAND_KEY, 0644, BAALS_IO_DENIED},
    };
    struct command_fixture fx;
    command_open(&fx, "wallet-bad");
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const char *file = command_file(&fx, "key", cases[i].text);
        assert_int_equal(chmod(file, cases[i].mode), 0);
        wallet_passphrase(&fx, NULL);
        assert_status(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", file), cases[i].expected);
    }
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", command_path(&fx, "nowhere")),
                  BAALS_NOTFOUND);
    assert_status(COMMAND_RUN(&fx, cli_run_wallet_show, "alice"), BAALS_NOTFOUND);
    command_close(&fx);
}

static baals_status wallet_list(struct command_fixture *fx)
{
    return command_run(fx, cli_run_wallet_list, (const char *const[]){NULL});
}

/* The list is empty without a wallet, names every key in it, skips other files, and fails on a key
 * file that is broken. */
static void test_list(void **state)
{
    (void)state;
    struct command_fixture fx;
    char expected[BAALS_ADDRESS_TEXT_SIZE];
    command_open(&fx, "wallet-list");
    assert_ok(wallet_list(&fx));
    assert_int_equal(bl_json_type(fx.doc.root), BL_JSON_ARRAY);
    assert_int_equal(bl_json_count(fx.doc.root), 0);
    const char *key = command_file(&fx, "key1", COMMAND_KEY);
    wallet_passphrase(&fx, NULL);
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_import, "alice", key));
    assert_ok(COMMAND_RUN(&fx, cli_run_wallet_new, "bob"));
    (void)command_file(&fx, "wallet/alice.copy", "not a key");
    assert_ok(wallet_list(&fx));
    const struct bl_json *list = fx.doc.root;
    assert_int_equal(bl_json_count(list), 2);
    unsigned seen = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct bl_json *item = bl_json_at(list, i);
        const char *name = bl_json_text(bl_json_member(item, "name"));
        const char *address = bl_json_text(bl_json_member(item, "address"));
        bool is_alice = strcmp(name, "alice") == 0;
        assert_int_equal(strcmp(address, wallet_address(expected)) == 0, is_alice);
        seen |= is_alice ? 1u : strcmp(name, "bob") == 0 ? 2u : 4u;
    }
    assert_int_equal(seen, 3);
    (void)command_file(&fx, "wallet/carol.json", "{}");
    assert_status(wallet_list(&fx), BAALS_MISUSE_KEY);
    assert_non_null(strstr(fx.err.message, "carol"));
    command_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    if (bl_keystore_begin(NULL) != BAALS_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_show),
        cmocka_unit_test(test_new_keeps_what_is_there),
        cmocka_unit_test(test_new_passphrases),
        cmocka_unit_test(test_import_and_export),
        cmocka_unit_test(test_export_with_wrong_passphrase),
        cmocka_unit_test(test_export_to_stdout),
        cmocka_unit_test(test_import_bad_files),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
