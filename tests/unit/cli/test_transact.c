/* SPDX-License-Identifier: MIT */
/* Transactions from the command line, on a chain that this process opens. */
#include "testlib.h"

#include "cli_fixture.h"
#include "command_fixture.h"

static void send_line(char *out, size_t size, const char *rest)
{
    snprintf(out, size, "send %s %s", cli_fixture_bob(), rest);
}

/* A transfer is signed, mined and told with its place; memo and metadata go with it. */
static void test_send(void **state)
{
    struct cli_fixture f;
    char line[512], id[80];
    (void)state;
    cli_fixture_open(&f, "transact_send");
    cli_fixture_chain(&f);
    send_line(line, sizeof line,
              "250 --key @/alice.key --memo thanks --metadata zz=1 --metadata a=b --json");
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "OK");
    assert_string_equal(cli_fixture_member(&f, "block"), "1");
    snprintf(id, sizeof id, "%s", cli_fixture_member(&f, "tx_id"));
    snprintf(line, sizeof line, "inspect tx %s --json", id);
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "amount"), "250");
    assert_string_equal(cli_fixture_member(&f, "payload"), "7468616e6b73");
    /* Shorter names stand first: the canonical order of map keys. */
    assert_string_equal(cli_fixture_member(&f, "metadata"), "{\"a\": \"b\", \"zz\": \"1\"}");
    cli_fixture_close(&f);
}

/* What the ledger would refuse is refused before a key is asked for, and uses no nonce. */
static void test_refused(void **state)
{
    static const struct {
        const char *rest;
        int exit_code;
        const char *code;
    } rows[] = {
        {"5000000 --key @/alice.key", 9, "E-BALANCE"},
        {"1 --key @/alice.key --gas-price 999999", 9, "E-BALANCE"},
        {"1 --key @/alice.key --gas-limit 7", 9, "E-GAS-LIMIT"},
        {"1 --key @/alice.key --valid-until 0", 9, "E-EXPIRED"},
        {"1 --key @/alice.key --nonce x", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --timeout 0", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --metadata x", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --metadata a=1 --metadata a=2", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --memo 0xf", 2, "E-ARGUMENT"},
        {"1 --key @/absent.key", 5, "E-NOT-FOUND"},
        {"x --key @/alice.key", 2, "E-ARGUMENT"},
    };
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_refused");
    cli_fixture_chain(&f);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        send_line(line, sizeof line, rows[i].rest);
        cli_fixture_fails(&f, line, rows[i].exit_code, rows[i].code);
    }
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "tx_count"), "0");
    assert_string_equal(cli_fixture_member(&f, "pending"), "0");
    cli_fixture_close(&f);
}

/* A simulation tells status and gas, and the chain stays where it was. */
static void test_simulate(void **state)
{
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_simulate");
    cli_fixture_chain(&f);
    snprintf(line, sizeof line, "simulate send %s 5 --key @/alice.key --json", cli_fixture_bob());
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "OK");
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "0");
    cli_fixture_close(&f);
}

/* Without the authority's key a transaction stays pending, and is mined once the key is back. */
static void test_pending(void **state)
{
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_pending");
    cli_fixture_chain(&f);
    assert_int_equal(
        rename(cli_fixture_path(&f, "chain/authority.key"), cli_fixture_path(&f, "kept")), 0);
    send_line(line, sizeof line, "1 --key @/alice.key --json");
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "PENDING");
    assert_non_null(strstr(f.err, "authority"));
    assert_int_equal(
        rename(cli_fixture_path(&f, "kept"), cli_fixture_path(&f, "chain/authority.key")), 0);
    cli_fixture_ok(&f, line);
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "tx_count"), "2");
    cli_fixture_close(&f);
}

/* Words become one CBOR array; a single 0xHEX or @FILE is taken as the bytes it gives. */
static void test_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        size_t count;
        const char *hex; /* NULL: refused */
    } rows[] = {{{"5", "i:-1", "s:a"}, 3, "8305206161"},
                {{NULL}, 0, "80"},
                {{"0x0aFf"}, 1, "0aff"},
                {{"0x"}, 1, ""},
                {{"0xabc"}, 1, NULL},
                {{"0xgg"}, 1, NULL},
                {{"word"}, 1, NULL},
                {{"0xab", "1"}, 2, NULL},
                {{"1", "@file"}, 2, NULL}};
    struct command_fixture f;
    baals_slice out;
    uint8_t expected[16];
    char at[400];
    command_open(&f, "transact_arguments");
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        baals_status status = cli_call_arguments(f.cli, &out, rows[i].words, rows[i].count, &f.err);
        assert_status(status, rows[i].hex == NULL ? BAALS_MISUSE_ARGUMENT : BAALS_OK);
        if (rows[i].hex == NULL)
            continue;
        size_t len = testlib_hex(expected, sizeof expected, rows[i].hex);
        assert_true(bl_slice_equal(out, bl_slice(expected, len)));
    }
    snprintf(at, sizeof at, "@%s", command_file(&f, "bytes", "xyz"));
    assert_ok(cli_call_arguments(f.cli, &out, (const char *const[]){at}, 1, &f.err));
    assert_true(bl_slice_equal(out, bl_slice_str("xyz")));
    command_close(&f);
}

/* A contract's failure is a verdict, whatever a node says about it: never OK, never local. */
static void test_contract_failure(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        baals_status expected;
    } rows[] = {{"{\"status\":\"OK\"}", BAALS_OK},
                {"{\"error\":{\"code\":\"E-REVERT\",\"text\":\"no\"}}", BAALS_TRAP_REVERT},
                {"{\"error\":{\"code\":\"E-CODE\"}}", BAALS_REJECT_CODE},
                {"{\"error\":{\"code\":\"E-NONCE\"}}", BAALS_TRAP},
                {"{\"error\":{}}", BAALS_TRAP},
                {"{\"error\":null}", BAALS_TRAP},
                {"{\"error\":{\"code\":7,\"message\":[],\"function\":\"x\"}}", BAALS_TRAP}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct bl_json_doc doc = {0};
        assert_ok(bl_json_parse(&doc, bl_slice_str(rows[i].json), 4096, NULL));
        assert_status(cli_contract_failure(doc.root, NULL), rows[i].expected);
        bl_json_free(&doc);
    }
}

/* Metadata that is no NAME=TEXT, and numbers that are none, are refused without a chain. */
static void test_bad_words(void **state)
{
    (void)state;
    static const struct {
        enum cli_option_id id;
        const char *value;
    } rows[] = {{CLI_GAS_LIMIT, "-1"},    {CLI_GAS_PRICE, "1.5"},  {CLI_NONCE, "x"},
                {CLI_TIMEOUT, "0"},       {CLI_TIMEOUT, "601"},    {CLI_VALID_UNTIL, ""},
                {CLI_MEMO, "0xf"},        {CLI_METADATA, "alone"}, {CLI_METADATA, "=x"},
                {CLI_METADATA, "a=\x01"}, {CLI_METADATA, "a=\xff"}};
    struct command_fixture f;
    command_open(&f, "transact_words");
    struct cli_args *args = &f.cli->args;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        args->repeated_count = rows[i].id == CLI_METADATA;
        args->repeated[0] = (struct cli_repeated){rows[i].id, rows[i].value};
        if (rows[i].id != CLI_METADATA)
            args->values[rows[i].id] = rows[i].value;
        assert_status(COMMAND_RUN(&f, cli_run_send, cli_fixture_bob(), "1"), BAALS_MISUSE_ARGUMENT);
        args->values[rows[i].id] = NULL;
    }
    args->repeated_count = 2;
    args->repeated[0] = (struct cli_repeated){CLI_METADATA, "a=1"};
    args->repeated[1] = (struct cli_repeated){CLI_METADATA, "a=2"};
    assert_status(COMMAND_RUN(&f, cli_run_send, cli_fixture_bob(), "1"), BAALS_MISUSE_ARGUMENT);
    args->repeated_count = 0;
    assert_status(COMMAND_RUN(&f, cli_run_send, "bl1nonsense", "1"), BAALS_MISUSE_ADDRESS);
    assert_status(COMMAND_RUN(&f, cli_run_send, cli_fixture_bob(), "1e3"), BAALS_MISUSE_ARGUMENT);
    /* All of it is in order, and only a key is missing. */
    assert_status(COMMAND_RUN(&f, cli_run_send, cli_fixture_bob(), "1"), BAALS_MISUSE_KEY);
    command_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_simulate),  cmocka_unit_test(test_pending),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_contract_failure),
        cmocka_unit_test(test_bad_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
