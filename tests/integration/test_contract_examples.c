/* SPDX-License-Identifier: MIT */
/*
 * The contracts of contracts/examples, compiled by tools/build-contract as an author would, run by
 * the engine.
 */
#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"

/* Compiles an example and deploys it. */
static void examples_deploy(struct contract_fixture *fx, uint8_t address, const char *name)
{
    char folder[1024];
    char source[64];
    char module[1100];
    testlib_temp_dir(folder, sizeof folder, "example");
    (void)snprintf(source, sizeof source, "contracts/examples/%s.c", name);
    (void)snprintf(module, sizeof module, "%s/%s.wasm", folder, name);
    const char *const argv[] = {testlib_source_path("tools/build-contract"),
                                testlib_source_path(source), module, NULL};
    assert_int_equal(testlib_run(argv), 0);
    size_t len = 0;
    uint8_t *code = testlib_read_file(&len, module);
    baals_status status = bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 1, &fx->err);
    if (status != BAALS_OK)
        fail_msg("%s: %s", name, fx->err.message);
    assert_true(len < 8192);
    fake_deploy(&fx->host, address, code, len);
    free(code);
    testlib_remove_tree(folder);
}

/* Runs an entry with canonical CBOR arguments, `len` bytes. */
static baals_receipt_status examples_run(struct contract_fixture *fx,
                                         baals_contract_entry entry,
                                         const char *method,
                                         const uint8_t *args,
                                         size_t len)
{
    baals_execution execution = fx->execution;
    execution.entry = entry;
    execution.contract = fake_address(0xaa);
    execution.method = bl_slice_str(method);
    execution.has_args = args != NULL ? 1 : 0;
    execution.args = bl_slice(args, len);
    assert_ok(contract_execute(fx, &execution));
    return fx->result.status;
}

static void examples_expect_output(const struct contract_fixture *fx, const char *hex)
{
    uint8_t bytes[64];
    size_t len = testlib_hex(bytes, sizeof bytes, hex);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, len);
    assert_memory_equal(fx->result.output.data, bytes, len);
}

static void examples_expect_revert(const struct contract_fixture *fx, const char *text)
{
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.output.len, strlen(text));
    assert_memory_equal(fx->result.output.data, text, strlen(text));
}

/* Goal: the counter counts, tells of it, and answers queries. */
static void test_counter(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    examples_deploy(fx, 0xaa, "counter");
    examples_run(fx, BAALS_ENTRY_INIT, "", NULL, 0);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    fx->execution.readonly = 1;
    examples_run(fx, BAALS_ENTRY_METHOD, "get", NULL, 0);
    examples_expect_output(fx, "00");
    examples_run(fx, BAALS_ENTRY_METHOD, "increment", NULL, 0);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_TRAP);
    fx->execution.readonly = 0;
    for (int i = 0; i < 3; i++)
        examples_run(fx, BAALS_ENTRY_METHOD, "increment", NULL, 0);
    examples_expect_output(fx, "03");
    assert_int_equal(fx->host.state.event_count, 3);
    assert_memory_equal(fx->host.state.events[2].topics[0].bytes, "incremented\0\0", 13);
    assert_int_equal(fx->host.state.events[2].data.len, 2);
    assert_memory_equal(fx->host.state.events[2].data.data, "\x81\x03", 2);

    static const uint8_t thousand[] = {0x81, 0x19, 0x03, 0xe8};
    examples_run(fx, BAALS_ENTRY_METHOD, "add", thousand, sizeof thousand);
    examples_expect_output(fx, "1903eb");
    static const uint8_t most[] = {0x81, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255};
    examples_run(fx, BAALS_ENTRY_METHOD, "add", most, sizeof most);
    examples_expect_revert(fx, "the counter is full");
    examples_run(fx, BAALS_ENTRY_METHOD, "get", NULL, 0);
    examples_expect_output(fx, "1903eb");
    contract_fixture_free(fx);
}

/* Goal: arguments that are not what the method takes revert with a text that says why. */
static void test_counter_arguments(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    examples_deploy(fx, 0xaa, "counter");
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"", "arguments end too early"},
        {"80", "another number of arguments is expected"},
        {"820102", "another number of arguments is expected"},
        {"01", "an argument has another type"},
        {"8141ff", "an argument has another type"},
        {"811801", "an argument is not canonical"},
        {"81190001", "an argument is not canonical"},
        {"811a00000100", "an argument is not canonical"},
        {"811b00000000ffffffff", "an argument is not canonical"},
        {"811c", "an argument is not canonical"},
        {"8119ff", "arguments end too early"},
        {"810100", "bytes stand behind the arguments"},
        {"8100000000000000000000000000000000000000", "arguments are too long"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        uint8_t args[64];
        size_t len = testlib_hex(args, sizeof args, rows[i].hex);
        examples_run(fx, BAALS_ENTRY_METHOD, "add", args, len);
        examples_expect_revert(fx, rows[i].text);
    }
    contract_fixture_free(fx);
}

static size_t examples_transfer_args(uint8_t *out, uint8_t to, uint8_t amount)
{
    out[0] = 0x82;
    out[1] = 0x58;
    out[2] = 32;
    memset(out + 3, to, 32);
    out[35] = 0x18;
    out[36] = amount;
    return 37;
}

static void examples_expect_balance(struct contract_fixture *fx, uint8_t owner, const char *hex)
{
    uint8_t args[35] = {0x81, 0x58, 32};
    memset(args + 3, owner, 32);
    fx->execution.readonly = 1;
    examples_run(fx, BAALS_ENTRY_METHOD, "balance", args, sizeof args);
    fx->execution.readonly = 0;
    examples_expect_output(fx, hex);
}

/* Goal: the token mints to its deployer, moves balances, keeps the supply, and refuses overdrafts.
 */
static void test_token(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    examples_deploy(fx, 0xaa, "token");
    static const uint8_t supply[] = {0x81, 0x19, 0x01, 0x00};
    examples_run(fx, BAALS_ENTRY_INIT, "", supply, sizeof supply);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    examples_expect_balance(fx, 0x11, "190100");

    uint8_t args[64];
    size_t len = examples_transfer_args(args, 0x22, 100);
    examples_run(fx, BAALS_ENTRY_METHOD, "transfer", args, len);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    examples_expect_balance(fx, 0x11, "189c");
    examples_expect_balance(fx, 0x22, "1864");
    assert_int_equal(fx->host.state.event_count, 2);
    assert_int_equal(fx->host.state.events[1].topic_count, 3);
    assert_memory_equal(fx->host.state.events[1].topics[0].bytes, "transfer\0", 9);
    assert_int_equal(fx->host.state.events[1].topics[1].bytes[0], 0x11);
    assert_int_equal(fx->host.state.events[1].topics[2].bytes[31], 0x22);

    /* To oneself; all of it; more than there is. */
    len = examples_transfer_args(args, 0x11, 156);
    examples_run(fx, BAALS_ENTRY_METHOD, "transfer", args, len);
    examples_expect_balance(fx, 0x11, "189c");
    len = examples_transfer_args(args, 0x22, 156);
    examples_run(fx, BAALS_ENTRY_METHOD, "transfer", args, len);
    examples_expect_balance(fx, 0x11, "00");
    examples_expect_balance(fx, 0x22, "190100");
    examples_run(fx, BAALS_ENTRY_METHOD, "transfer", args, len);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.output.len, 4);
    assert_memory_equal(fx->result.output.data, "\x82\x00\x18\x9c", 4);
    assert_int_equal(fx->result.revert_code, 2);
    examples_run(fx, BAALS_ENTRY_METHOD, "supply", NULL, 0);
    examples_expect_output(fx, "190100");
    contract_fixture_free(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_counter_arguments),
        cmocka_unit_test(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
