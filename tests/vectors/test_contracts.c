/* SPDX-License-Identifier: MIT */
/*
 * docs/spec/vectors/contracts.json, contracts_2.json for WASM limits 2, and contracts_gas_2.json
 * for gas schedule 2 (made by the implementation in Python): modules with a state and one
 * execution, and everything that must come of it: status, gas, output, events, storage, balances,
 * under limits 2 also codes and creators. With --write FOLDER the program makes the files from the
 * texts below; those in the tree are frozen.
 */
#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"
#include "testlib_json.h"

/* ---- running a vector ---- */

static baals_slice vectors_hex(struct bl_arena *arena, const struct testlib_json *value)
{
    size_t len = 0;
    uint8_t *bytes = testlib_json_hex_alloc(&len, value);
    baals_slice kept;
    assert_true(bl_arena_copy(&kept, arena, bl_slice(bytes, len)));
    free(bytes);
    return kept;
}

static uint64_t vectors_u64(const struct testlib_json *object, const char *name)
{
    return strtoull(testlib_json_text(testlib_json_get(object, name)), NULL, 10);
}

static void vectors_bytes32(uint8_t out[32], const struct testlib_json *object, const char *name)
{
    assert_int_equal(testlib_json_hex(out, 32, testlib_json_get(object, name)), 32);
}

/* Accounts of tests have one byte repeated as their address. */
static uint8_t vectors_address(const struct testlib_json *object)
{
    uint8_t bytes[32];
    vectors_bytes32(bytes, object, "address");
    for (size_t i = 1; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], bytes[0]);
    return bytes[0];
}

static void vectors_load_account(struct contract_fixture *fx, const struct testlib_json *account)
{
    uint8_t byte = vectors_address(account);
    baals_address address = fake_address(byte);
    fake_account(&fx->host, byte)->balance = vectors_u64(account, "balance");
    if (!testlib_json_is_null(testlib_json_get(account, "code"))) {
        baals_slice code = vectors_hex(&fx->host.arena, testlib_json_get(account, "code"));
        fake_deploy(&fx->host, byte, code.data, code.len);
    }
    const struct testlib_json *storage = testlib_json_get(account, "storage");
    for (size_t i = 0; i < testlib_json_count(storage); i++) {
        const struct testlib_json *pair = testlib_json_at(storage, i);
        baals_slice key = vectors_hex(&fx->host.arena, testlib_json_at(pair, 0));
        baals_slice value = vectors_hex(&fx->host.arena, testlib_json_at(pair, 1));
        assert_ok(fx->host.base.ops->storage_put(&fx->host.base, &address, key, value, NULL));
    }
}

static baals_execution vectors_execution(struct contract_fixture *fx, const struct testlib_json *in)
{
    static const char *const entries[] = {"method", "init", "receive"};
    baals_execution out = {.gas_schedule = 1, .wasm_limits = 1};
    if (testlib_json_has(in, "wasm_limits")) {
        out.wasm_limits = (uint32_t)testlib_json_int(testlib_json_get(in, "wasm_limits"));
        vectors_bytes32(out.prev_hash.bytes, in, "prev_hash");
    }
    if (testlib_json_has(in, "gas_schedule"))
        out.gas_schedule = (uint32_t)testlib_json_int(testlib_json_get(in, "gas_schedule"));
    const char *entry = testlib_json_text(testlib_json_get(in, "entry"));
    for (int i = 0; i < 3; i++) {
        if (strcmp(entry, entries[i]) == 0)
            out.entry = (baals_contract_entry)i;
    }
    out.readonly = testlib_json_bool(testlib_json_get(in, "readonly")) ? 1 : 0;
    vectors_bytes32(out.contract.bytes, in, "contract");
    vectors_bytes32(out.caller.bytes, in, "caller");
    vectors_bytes32(out.origin.bytes, in, "origin");
    vectors_bytes32(out.chain_id.bytes, in, "chain_id");
    vectors_bytes32(out.tx_id.bytes, in, "tx_id");
    out.value.units = vectors_u64(in, "value");
    out.gas = vectors_u64(in, "gas");
    out.block_index = vectors_u64(in, "block_index");
    out.block_time_ms = vectors_u64(in, "block_time_ms");
    out.method = bl_slice_str(testlib_json_text(testlib_json_get(in, "method")));
    out.has_args = testlib_json_is_null(testlib_json_get(in, "args")) ? 0 : 1;
    if (out.has_args == 1)
        out.args = vectors_hex(&fx->host.arena, testlib_json_get(in, "args"));
    return out;
}

/* The record of an address; zeros when there is none. */
static struct fake_account vectors_account(const struct contract_fixture *fx, baals_slice address)
{
    for (size_t i = 0; i < fx->host.state.account_count; i++) {
        const struct fake_account *account = &fx->host.state.accounts[i];
        if (bl_slice_equal(bl_slice(account->address.bytes, 32), address))
            return *account;
    }
    return (struct fake_account){.has_code = false};
}

static void vectors_check_state(struct contract_fixture *fx, const struct testlib_json *expected)
{
    struct fake_state *state = &fx->host.state;
    const struct testlib_json *events = testlib_json_get(expected, "events");
    assert_int_equal(testlib_json_count(events), state->event_count);
    for (size_t i = 0; i < state->event_count; i++) {
        const struct testlib_json *event = testlib_json_at(events, i);
        const struct testlib_json *topics = testlib_json_at(event, 1);
        baals_slice contract = vectors_hex(&fx->host.arena, testlib_json_at(event, 0));
        assert_memory_equal(contract.data, state->events[i].contract.bytes, 32);
        assert_int_equal(testlib_json_count(topics), state->events[i].topic_count);
        for (size_t k = 0; k < testlib_json_count(topics); k++) {
            baals_slice topic = vectors_hex(&fx->host.arena, testlib_json_at(topics, k));
            assert_memory_equal(topic.data, state->events[i].topics[k].bytes, 32);
        }
        baals_slice data = vectors_hex(&fx->host.arena, testlib_json_at(event, 2));
        assert_true(bl_slice_equal(data, state->events[i].data));
    }
    const struct testlib_json *storage = testlib_json_get(expected, "storage");
    assert_int_equal(testlib_json_count(storage), state->entry_count);
    for (size_t i = 0; i < state->entry_count; i++) {
        const struct testlib_json *row = testlib_json_at(storage, i);
        baals_slice contract = vectors_hex(&fx->host.arena, testlib_json_at(row, 0));
        assert_memory_equal(contract.data, state->entries[i].contract.bytes, 32);
        assert_true(bl_slice_equal(vectors_hex(&fx->host.arena, testlib_json_at(row, 1)),
                                   state->entries[i].key));
        assert_true(bl_slice_equal(vectors_hex(&fx->host.arena, testlib_json_at(row, 2)),
                                   state->entries[i].value));
    }
    const struct testlib_json *balances = testlib_json_get(expected, "balances");
    for (size_t i = 0; i < testlib_json_count(balances); i++) {
        const struct testlib_json *row = testlib_json_at(balances, i);
        baals_slice address = vectors_hex(&fx->host.arena, testlib_json_at(row, 0));
        struct fake_account account = vectors_account(fx, address);
        assert_int_equal(account.balance,
                         strtoull(testlib_json_text(testlib_json_at(row, 1)), NULL, 10));
    }
    if (!testlib_json_has(expected, "codes"))
        return;
    const struct testlib_json *codes = testlib_json_get(expected, "codes");
    for (size_t i = 0; i < testlib_json_count(codes); i++) {
        const struct testlib_json *row = testlib_json_at(codes, i);
        struct fake_account account =
            vectors_account(fx, vectors_hex(&fx->host.arena, testlib_json_at(row, 0)));
        baals_slice hash = vectors_hex(&fx->host.arena, testlib_json_at(row, 1));
        baals_slice creator = vectors_hex(&fx->host.arena, testlib_json_at(row, 2));
        assert_memory_equal(hash.data, account.code_hash.bytes, 32);
        assert_memory_equal(creator.data, account.creator.bytes, 32);
    }
}

static void vectors_run(const struct testlib_json *vector)
{
    const char *name = testlib_json_text(testlib_json_get(vector, "name"));
    struct contract_fixture *fx = contract_fixture_new();
    const struct testlib_json *accounts = testlib_json_get(vector, "accounts");
    for (size_t i = 0; i < testlib_json_count(accounts); i++)
        vectors_load_account(fx, testlib_json_at(accounts, i));
    baals_execution execution = vectors_execution(fx, testlib_json_get(vector, "execution"));
    const struct testlib_json *expected = testlib_json_get(vector, "result");
    assert_ok(contract_execute(fx, &execution));
    const char *status = testlib_json_text(testlib_json_get(expected, "status"));
    if (strcmp(status, baals_receipt_status_name(fx->result.status)) != 0 ||
        fx->result.gas_used != vectors_u64(expected, "gas_used"))
        fail_msg("%s: %s with %llu gas", name, baals_receipt_status_name(fx->result.status),
                 (unsigned long long)fx->result.gas_used);
    baals_slice output = vectors_hex(&fx->host.arena, testlib_json_get(expected, "output"));
    assert_true(bl_slice_equal(output, fx->result.output));
    vectors_check_state(fx, expected);
    contract_fixture_free(fx);
}

static void vectors_run_file(const char *path, size_t count_min)
{
    struct testlib_json *file = testlib_json_load(testlib_source_path(path));
    const struct testlib_json *vectors = testlib_json_get(file, "vectors");
    for (size_t i = 0; i < testlib_json_count(vectors); i++)
        vectors_run(testlib_json_at(vectors, i));
    print_message("%d vectors\n", (int)testlib_json_count(vectors));
    assert_true(testlib_json_count(vectors) >= count_min);
    testlib_json_free(file);
}

/* Goal: every vector gives its status, gas, output, events, storage and balances. */
static void test_vectors(void **state)
{
    (void)state;
    vectors_run_file("docs/spec/vectors/contracts.json", 27);
    vectors_run_file("docs/spec/vectors/contracts_2.json", 12);
    vectors_run_file("docs/spec/vectors/contracts_gas_2.json", 27);
}

/* ---- making the file ---- */

/* Two contracts, 0xaa and 0xbb; one execution of 0xaa. */
struct vectors_source {
    const char *name;
    const char *aa; /* NULL: no code at 0xaa */
    const char *bb;
    const char *method;
    const char *args; /* NULL: null */
    uint64_t gas;     /* 0: 1,000,000 */
    bool readonly;
    baals_contract_entry entry;
    uint32_t limits; /* 0: 1 */
};

#define FILL_BB "(memory.fill (i32.const 512) (i32.const 0xbb) (i32.const 32))"
#define CALL_BB(value)                                                                             \
    FILL_BB "(call $call_contract (i32.const 512) (i32.const 16) (i32.const 1) (i32.const 16)"     \
            " (i32.const 1) (i64.const " value ") (i64.const -1) (i32.const 0))"
#define NAME_M "(data (i32.const 16) \"m\")"
#define WRITE_M                                                                                    \
    "(call $storage_write (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1))"              \
    "(call $log_event (i32.const 480) (i32.const 1) (i32.const 16) (i32.const 1))"

static const char vectors_scan[] =
    "(data (i32.const 16) \"ab\")"
    "(func (export \"m\")"
    " (drop (call $storage_scan (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 0)"
    "  (i32.const 1)))"
    " (drop (call $storage_next (i32.const 1) (i32.const 100) (i32.const 4) (i32.const 104)"
    "  (i32.const 4) (i32.const 108)))"
    " (drop (call $storage_next (i32.const 1) (i32.const 116) (i32.const 1) (i32.const 120)"
    "  (i32.const 4) (i32.const 124)))"
    " (call $storage_scan_end (i32.const 1))"
    " (call $output (i32.const 100) (i32.const 32)))";

static const struct vectors_source vectors_sources[] = {
    {.name = "an empty method", .aa = "(func (export \"m\"))", .method = "m"},
    {.name = "output",
     .aa = NAME_M "(func (export \"m\") (call $output (i32.const 16) (i32.const 1)))",
     .method = "m"},
    {.name = "revert with data",
     .aa = NAME_M "(func (export \"m\") " WRITE_M
                  " (call $revert (i32.const 7) (i32.const 16) (i32.const 1)))",
     .method = "m"},
    {.name = "storage and an event",
     .aa = NAME_M "(func (export \"m\") " WRITE_M ")",
     .method = "m"},
    {.name = "arguments come back",
     .aa = "(func (export \"m\") (call $input_read (i32.const 0) (i32.const 0) (call $input_len))"
           " (call $output (i32.const 0) (call $input_len)))",
     .method = "m",
     .args = "\x82\x01\x41\xff"},
    {.name = "a trap keeps the charge of its block",
     .aa = NAME_M "(func (export \"m\") " WRITE_M " (drop (i32.div_u (i32.const 1) (i32.const 0)))"
                  " (drop (i32.div_u (i32.const 1) (i32.const 1))))",
     .method = "m"},
    {.name = "out of gas in a loop",
     .aa = NAME_M "(func (export \"m\") " WRITE_M " (loop (br 0)))",
     .method = "m",
     .gas = 50000},
    {.name = "gas below the cost of loading",
     .aa = "(func (export \"m\"))",
     .method = "m",
     .gas = 400},
    {.name = "out of stack", .aa = "(func $m (export \"m\") (call $m))", .method = "m"},
    {.name = "no such method", .aa = "(func (export \"m\"))", .method = "n"},
    {.name = "a special entry is no method", .aa = "(func (export \"init\"))", .method = "init"},
    {.name = "no contract", .aa = NULL, .method = "m"},
    {.name = "init is absent, arguments are null",
     .aa = "(func (export \"m\"))",
     .method = "",
     .entry = BAALS_ENTRY_INIT},
    {.name = "init is absent, arguments are not",
     .aa = "(func (export \"m\"))",
     .method = "",
     .args = "x",
     .entry = BAALS_ENTRY_INIT},
    {.name = "receive",
     .aa = NAME_M "(func (export \"receive\") " WRITE_M ")",
     .method = "",
     .entry = BAALS_ENTRY_RECEIVE},
    {.name = "start, _initialize, method",
     .aa = "(start $s) (func $s (i32.store8 (i32.const 0) (i32.const 1)))"
           "(func (export \"_initialize\") (i32.store8 (i32.const 1) (i32.const 2)))"
           "(func (export \"m\") (call $output (i32.const 0) (i32.const 3)))",
     .method = "m"},
    {.name = "output above the limit",
     .aa = "(func (export \"m\") (call $output (i32.const 0) (i32.const 65537)))",
     .method = "m"},
    {.name = "a bad pointer",
     .aa = "(func (export \"m\") (call $self (i32.const 65505)))",
     .method = "m"},
    {.name = "a write in a query",
     .aa = NAME_M "(func (export \"m\") " WRITE_M ")",
     .method = "m",
     .readonly = true},
    {.name = "memory.grow and bulk operations",
     .aa = "(func (export \"m\") (drop (memory.grow (i32.const 2)))"
           " (drop (memory.grow (i32.const 1000)))"
           " (memory.fill (i32.const 0) (i32.const 7) (i32.const 100))"
           " (memory.copy (i32.const 1) (i32.const 0) (i32.const 33))"
           " (call $output (i32.const 0) (i32.const 2)))",
     .method = "m"},
    {.name = "SHA-256",
     .aa = NAME_M "(func (export \"m\") (drop (call $crypto_hash (i32.const 0) (i32.const 16)"
                  " (i32.const 1) (i32.const 100))) (call $output (i32.const 100) (i32.const 32)))",
     .method = "m"},
    {.name = "a descending scan with a buffer too small", .aa = vectors_scan, .method = "m"},
    {.name = "a call with value",
     .aa = NAME_M "(func (export \"m\") (local $r i32) (local.set $r " CALL_BB(
         "40") ") (i32.store (i32.const 96) (local.get $r))"
               " (call $result_read (i32.const 100) (i32.const 0) (i32.const 8))"
               " (call $output (i32.const 96) (i32.const 12)))",
     .bb = NAME_M "(func (export \"m\") " WRITE_M
                  " (i64.store (i32.const 0) (call $value)) (call $output (i32.const 0)"
                  " (i32.const 8)))",
     .method = "m"},
    {.name = "a failed call changes nothing",
     .aa = NAME_M "(func (export \"m\") (local $r i32) " WRITE_M
                  " (local.set $r " CALL_BB("40") ") (i32.store (i32.const 96) (local.get $r)) "
                                                  "(call $output (i32.const 96) (i32.const 4)))",
     .bb = NAME_M "(func (export \"m\") " WRITE_M " unreachable)",
     .method = "m"},
    {.name = "a call with too much value",
     .aa = NAME_M "(func (export \"m\") (local $r i32) (local.set $r " CALL_BB(
         "101") ") (i32.store (i32.const 96) (local.get $r)) (call $output (i32.const 96) "
                "(i32.const 4)))",
     .bb = "(func (export \"m\"))",
     .method = "m"},
    {.name = "a callee that spends all it gets",
     .aa = NAME_M "(func (export \"m\") (local $r i32) (local.set $r " CALL_BB(
         "0") ") (i32.store (i32.const 96) (local.get $r)) (call $output (i32.const 96) (i32.const "
              "4)))",
     .bb = "(func (export \"m\") (loop (br 0)))",
     .method = "m"},
    {.name = "a contract cannot call itself",
     .aa = NAME_M "(func (export \"m\") (local $r i32) (call $self (i32.const 512))"
                  " (local.set $r (call $call_contract (i32.const 512) (i32.const 16)"
                  " (i32.const 1) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const -1)"
                  " (i32.const 0)))"
                  " (i32.store (i32.const 96) (local.get $r))"
                  " (call $output (i32.const 96) (i32.const 4)))",
     .method = "m"},
#define OUT_32(at) "(call $output (i32.const " at ") (i32.const 32)))"
#define RESULT_OF(call) "(i32.store (i32.const 96) (call " call "))"
#define OUT_RESULT "(call $output (i32.const 96) (i32.const 4)))"
#define HASH_BB FILL_BB "(drop (call $code_hash (i32.const 512) (i32.const 600)))"
    {.name = "a transfer that makes a record",
     .aa = "(func (export \"m\") (i64.store (i32.const 512) (i64.const 9))" RESULT_OF(
         "$transfer (i32.const 512) (i64.const 40)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "a transfer of too much",
     .aa = "(func (export \"m\") (i64.store (i32.const 512) (i64.const 9))" RESULT_OF(
         "$transfer (i32.const 512) (i64.const 101)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "a transfer to a system address",
     .aa = "(func (export \"m\") (drop (call $transfer (i32.const 512) (i64.const 0))))",
     .method = "m",
     .limits = 2},
    {.name = "random, the second",
     .aa = "(func (export \"m\") (call $random (i32.const 0)) (call $random (i32.const 0)) " OUT_32(
         "0"),
     .method = "m",
     .limits = 2},
    {.name = "a contract makes a contract",
     .aa = NAME_M "(func (export \"m\") " HASH_BB
                  " (drop (call $deploy_contract (i32.const 600) (i32.const 512) (i32.const 16)"
                  " (i32.const 1) (i64.const 30) (i64.const -1) (i32.const 0)))" OUT_32("0"),
     .bb = NAME_M "(func (export \"init\") " WRITE_M ")",
     .method = "m",
     .limits = 2},
    {.name = "init fails and nothing is made",
     .aa = NAME_M "(func (export \"m\") " HASH_BB RESULT_OF(
         "$deploy_contract (i32.const 600) (i32.const 512) (i32.const 16)"
         " (i32.const 1) (i64.const 30) (i64.const -1) (i32.const 0)") OUT_RESULT,
     .bb = NAME_M "(func (export \"init\") " WRITE_M " unreachable)",
     .method = "m",
     .limits = 2},
    {.name = "code that the chain has not",
     .aa = NAME_M "(func (export \"m\") " RESULT_OF(
         "$set_code (i32.const 600) (i32.const 16) (i32.const 1) (i64.const -1)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "a contract replaces its code",
     .aa = NAME_M "(func (export \"m\") " HASH_BB RESULT_OF(
         "$set_code (i32.const 600) (i32.const 16) (i32.const 1) (i64.const -1)") OUT_RESULT,
     .bb = NAME_M "(func (export \"migrate\") " WRITE_M ")",
     .method = "m",
     .limits = 2},
    {.name = "migrate reverts and the code stays",
     .aa = NAME_M "(func (export \"m\") " HASH_BB RESULT_OF(
         "$set_code (i32.const 600) (i32.const 16) (i32.const 1) (i64.const -1)") OUT_RESULT,
     .bb = NAME_M "(func (export \"migrate\") (call $revert (i32.const 1) (i32.const 16)"
                  " (i32.const 1)))",
     .method = "m",
     .limits = 2},
    {.name = "a key that is not there to recover",
     .aa = "(func (export \"m\") " RESULT_OF("$crypto_recover (i32.const 0) (i32.const 128)"
                                             " (i32.const 0) (i32.const 256)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "P-256 with a key that is none",
     .aa = "(func (export \"m\") " RESULT_OF(
         "$crypto_verify (i32.const 2) (i32.const 0) (i32.const 33) (i32.const 0) (i32.const 64)"
         " (i32.const 0) (i32.const 32)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "a program that prints its input",
     .aa = "(func (export \"_start\")"
           " (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 9))"
           " (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
           " (i32.store (i32.const 4) (i32.load (i32.const 8)))"
           " (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
           " (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))))",
     .method = "main",
     .args = "program",
     .limits = 2},
    {.name = "a program that fails",
     .aa = "(func (export \"_start\")"
           " (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 4))"
           " (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
           " (call $proc_exit (i32.const 3)))",
     .method = "main",
     .limits = 2},
#define DEPLOY_BB(args)                                                                            \
    "$deploy_contract (i32.const 600) (i32.const 512) (i32.const 16) (i32.const " args             \
    ") (i64.const 0) (i64.const -1) (i32.const 0)"
    {.name = "an id is made once",
     .aa = NAME_M "(func (export \"m\") " HASH_BB
                  " (drop (call " DEPLOY_BB("0") "))" RESULT_OF(DEPLOY_BB("0")) OUT_RESULT,
     .bb = "",
     .method = "m",
     .limits = 2},
    {.name = "arguments that no init takes",
     .aa = NAME_M "(func (export \"m\") " HASH_BB RESULT_OF(DEPLOY_BB("1")) OUT_RESULT,
     .bb = "",
     .method = "m",
     .limits = 2},
    {.name = "a view makes no contract",
     .aa = NAME_M "(func (export \"m\") " HASH_BB RESULT_OF(DEPLOY_BB("0")) OUT_RESULT,
     .bb = "",
     .method = "m",
     .readonly = true,
     .limits = 2},
    {.name = "migrate cannot replace the code again",
     .aa = NAME_M "(func (export \"m\") " HASH_BB
                  " (drop (call $set_code (i32.const 600) (i32.const 16) (i32.const 1)"
                  " (i64.const -1))) (call $result_read (i32.const 96) (i32.const 0)"
                  " (i32.const 4))" OUT_RESULT,
     .bb = "(func (export \"migrate\") " RESULT_OF(
         "$set_code (i32.const 600) (i32.const 16) (i32.const 0) (i64.const -1)") OUT_RESULT,
     .method = "m",
     .limits = 2},
    {.name = "random bytes go on from call to call",
     .aa = "(func (export \"m\")"
           " (drop (call $random_get (i32.const 0) (i32.const 40))) (call $random (i32.const 40))"
           " (call $output (i32.const 0) (i32.const 72)))",
     .method = "m",
     .limits = 2},
    {.name = "descriptors and clocks",
     .aa = "(func (export \"m\")"
           " (i32.store (i32.const 64) (call $fd_fdstat_get (i32.const 0) (i32.const 0)))"
           " (i32.store (i32.const 68) (call $fd_fdstat_get (i32.const 1) (i32.const 24)))"
           " (i32.store (i32.const 72) (call $fd_fdstat_get (i32.const 3) (i32.const -1)))"
           " (i32.store (i32.const 76) (call $clock_res_get (i32.const 1) (i32.const 48)))"
           " (i32.store (i32.const 80) (call $clock_time_get (i32.const 0) (i64.const 1)"
           " (i32.const 56)))"
           " (i32.store (i32.const 84) (call $clock_time_get (i32.const 2) (i64.const 1)"
           " (i32.const -1)))"
           " (i32.store (i32.const 88) (call $fd_read (i32.const 2) (i32.const -1)"
           " (i32.const 9999) (i32.const -1)))"
           " (call $output (i32.const 0) (i32.const 92)))",
     .method = "m",
     .limits = 2},
    {.name = "too many buffers",
     .aa = "(func (export \"m\")"
           " (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1025) (i32.const 0))))",
     .method = "m",
     .limits = 2},
    {.name = "input in two parts, and a program that says how it ends",
     .aa = "(func $part (i32.store (i32.const 0) (i32.const 64))"
           " (i32.store (i32.const 4) (i32.const 2)) (i32.store (i32.const 8) (i32.const 65))"
           " (i32.store (i32.const 12) (i32.const 3))"
           " (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 20)))"
           " (i32.store (i32.const 4) (i32.load (i32.const 20)))"
           " (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20))))"
           "(func (export \"_start\") (call $part) (call $part) (call $proc_exit (i32.const 0)))",
     .method = "main",
     .args = "1234567",
     .limits = 2},
};

static void vectors_write_hex(FILE *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    (void)fputc('"', out);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(out, "%02x", bytes[i]);
    (void)fputc('"', out);
}

static void vectors_write_account(FILE *out, struct contract_fixture *fx, uint8_t byte)
{
    baals_address address = fake_address(byte);
    const struct fake_account *account = fake_account(&fx->host, byte);
    (void)fprintf(out, "        {\"address\": ");
    vectors_write_hex(out, address.bytes, 32);
    (void)fprintf(out, ", \"balance\": \"%llu\",\n", (unsigned long long)account->balance);
    (void)fprintf(out, "         \"storage\": [");
    const char *separator = "";
    for (size_t i = 0; i < fx->host.state.entry_count; i++) {
        const struct fake_entry *entry = &fx->host.state.entries[i];
        if (!bl_address_equal(&entry->contract, &address))
            continue;
        (void)fprintf(out, "%s[", separator);
        vectors_write_hex(out, entry->key.data, entry->key.len);
        (void)fprintf(out, ", ");
        vectors_write_hex(out, entry->value.data, entry->value.len);
        (void)fprintf(out, "]");
        separator = ", ";
    }
    (void)fprintf(out, "],\n         \"code\": ");
    baals_slice code;
    if (account->has_code) {
        assert_ok(fx->host.base.ops->code(&fx->host.base, &code, &account->code_hash, NULL));
        vectors_write_hex(out, code.data, code.len);
    } else {
        (void)fprintf(out, "null");
    }
    (void)fprintf(out, "}");
}

static void vectors_write_execution(FILE *out, const baals_execution *execution)
{
    static const char *const entries[] = {"method", "init", "receive"};
    (void)fprintf(out, "      \"execution\": {\"entry\": \"%s\", \"method\": \"%.*s\", \"args\": ",
                  entries[execution->entry], (int)execution->method.len,
                  (const char *)execution->method.data);
    if (execution->has_args == 1)
        vectors_write_hex(out, execution->args.data, execution->args.len);
    else
        (void)fprintf(out, "null");
    (void)fprintf(out,
                  ", \"readonly\": %s,\n        \"gas\": \"%llu\", \"value\": \"%llu\", "
                  "\"block_index\": \"%llu\", \"block_time_ms\": \"%llu\",\n",
                  execution->readonly ? "true" : "false", (unsigned long long)execution->gas,
                  (unsigned long long)execution->value.units,
                  (unsigned long long)execution->block_index,
                  (unsigned long long)execution->block_time_ms);
    const struct {
        const char *name;
        const uint8_t *bytes;
    } rows[] = {{"contract", execution->contract.bytes}, {"caller", execution->caller.bytes},
                {"origin", execution->origin.bytes},     {"chain_id", execution->chain_id.bytes},
                {"tx_id", execution->tx_id.bytes},       {"prev_hash", execution->prev_hash.bytes}};
    size_t count = BL_COUNT_OF(rows) - (execution->wasm_limits == 1 ? 1 : 0);
    if (execution->wasm_limits != 1)
        (void)fprintf(out, "        \"wasm_limits\": %u,\n", execution->wasm_limits);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "        \"%s\": ", rows[i].name);
        vectors_write_hex(out, rows[i].bytes, 32);
        (void)fprintf(out, i + 1 < count ? ",\n" : "},\n");
    }
}

static void vectors_write_codes(FILE *out, const struct fake_state *state)
{
    const char *separator = ",\n        \"codes\": [[";
    for (size_t i = 0; i < state->account_count; i++) {
        const struct fake_account *account = &state->accounts[i];
        if (!account->has_code)
            continue;
        (void)fprintf(out, "%s", separator);
        vectors_write_hex(out, account->address.bytes, 32);
        (void)fprintf(out, ", ");
        vectors_write_hex(out, account->code_hash.bytes, 32);
        (void)fprintf(out, ", ");
        vectors_write_hex(out, account->creator.bytes, 32);
        (void)fprintf(out, "]");
        separator = ", [";
    }
    (void)fprintf(out, "]");
}

static void vectors_write_result(FILE *out, struct contract_fixture *fx)
{
    const struct fake_state *state = &fx->host.state;
    (void)fprintf(
        out, "      \"result\": {\"status\": \"%s\", \"gas_used\": \"%llu\", \"output\": ",
        baals_receipt_status_name(fx->result.status), (unsigned long long)fx->result.gas_used);
    vectors_write_hex(out, fx->result.output.data, fx->result.output.len);
    (void)fprintf(out, ",\n        \"events\": [");
    for (size_t i = 0; i < state->event_count; i++) {
        (void)fprintf(out, i == 0 ? "[" : ", [");
        vectors_write_hex(out, state->events[i].contract.bytes, 32);
        (void)fprintf(out, ", [");
        for (uint32_t k = 0; k < state->events[i].topic_count; k++) {
            (void)fprintf(out, k == 0 ? "" : ", ");
            vectors_write_hex(out, state->events[i].topics[k].bytes, 32);
        }
        (void)fprintf(out, "], ");
        vectors_write_hex(out, state->events[i].data.data, state->events[i].data.len);
        (void)fprintf(out, "]");
    }
    (void)fprintf(out, "],\n        \"storage\": [");
    for (size_t i = 0; i < state->entry_count; i++) {
        (void)fprintf(out, i == 0 ? "[" : ", [");
        vectors_write_hex(out, state->entries[i].contract.bytes, 32);
        (void)fprintf(out, ", ");
        vectors_write_hex(out, state->entries[i].key.data, state->entries[i].key.len);
        (void)fprintf(out, ", ");
        vectors_write_hex(out, state->entries[i].value.data, state->entries[i].value.len);
        (void)fprintf(out, "]");
    }
    (void)fprintf(out, "],\n        \"balances\": [");
    for (size_t i = 0; i < state->account_count; i++) {
        (void)fprintf(out, i == 0 ? "[" : ", [");
        vectors_write_hex(out, state->accounts[i].address.bytes, 32);
        (void)fprintf(out, ", \"%llu\"]", (unsigned long long)state->accounts[i].balance);
    }
    (void)fprintf(out, "]");
    if (fx->execution.wasm_limits != 1)
        vectors_write_codes(out, state);
    (void)fprintf(out, "}");
}

static void vectors_write_source(FILE *out, const struct vectors_source *source)
{
    struct contract_fixture *fx = contract_fixture_new();
    baals_address aa = fake_address(0xaa);
    if (source->limits != 0) {
        fx->execution.wasm_limits = source->limits;
        memset(fx->execution.prev_hash.bytes, 0x77, sizeof fx->execution.prev_hash.bytes);
    }
    fake_account(&fx->host, 0xaa)->balance = 100;
    if (source->aa != NULL)
        contract_deploy_body(fx, 0xaa, source->aa);
    if (source->bb != NULL)
        contract_deploy_body(fx, 0xbb, source->bb);
    static const char *const keys[] = {"a", "ab", "b"};
    for (size_t i = 0; source->aa == vectors_scan && i < BL_COUNT_OF(keys); i++)
        assert_ok(fx->host.base.ops->storage_put(&fx->host.base, &aa, bl_slice_str(keys[i]),
                                                 bl_slice_str("v"), NULL));
    baals_execution execution = fx->execution;
    execution.entry = source->entry;
    execution.contract = aa;
    execution.method = bl_slice_str(source->method);
    execution.has_args = source->args != NULL ? 1 : 0;
    execution.args = source->args != NULL ? bl_slice_str(source->args) : bl_slice(NULL, 0);
    execution.gas = source->gas != 0 ? source->gas : 1000000;
    execution.readonly = source->readonly ? 1 : 0;
    (void)fprintf(out, "    {\"name\": \"%s\",\n      \"accounts\": [\n", source->name);
    vectors_write_account(out, fx, 0xaa);
    if (source->bb != NULL) {
        (void)fprintf(out, ",\n");
        vectors_write_account(out, fx, 0xbb);
    }
    (void)fprintf(out, "],\n");
    vectors_write_execution(out, &execution);
    assert_ok(contract_execute(fx, &execution));
    vectors_write_result(out, fx);
    contract_fixture_free(fx);
}

static const char *vectors_folder;

static void vectors_write_file(const char *name, uint32_t limits)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", vectors_folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    (void)fprintf(
        out,
        "{\n  \"description\": \"executions of docs/spec/contracts.md under gas schedule 1 "
        "and WASM limits %u\",\n  \"vectors\": [\n",
        limits);
    const char *separator = "";
    for (size_t i = 0; i < BL_COUNT_OF(vectors_sources); i++) {
        if ((vectors_sources[i].limits == 0 ? 1 : vectors_sources[i].limits) != limits)
            continue;
        (void)fprintf(out, "%s", separator);
        vectors_write_source(out, &vectors_sources[i]);
        separator = "},\n";
    }
    (void)fprintf(out, "}\n  ]\n}\n");
    assert_int_equal(fclose(out), 0);
}

/* Goal: the files are made from the sources above, with what the engine answers. */
static void test_write(void **state)
{
    (void)state;
    vectors_write_file("contracts.json", 1);
    vectors_write_file("contracts_2.json", 2);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    const struct CMUnitTest writing[] = {cmocka_unit_test(test_write)};
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        vectors_folder = argv[2];
        return cmocka_run_group_tests(writing, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
