/* SPDX-License-Identifier: MIT */
/*
 * The engine as the ledger sees it: which code it accepts, statuses, exact gas, what is left behind
 * when something fails, and use from several threads.
 */
#include "contract_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int engine_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int engine_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* Goal: a method's output arrives and costs gas. */
static void test_method(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(data (i32.const 16) \"hello\")"
                         "(func (export \"hello\") (call $output (i32.const 16) (i32.const 5)))");
    assert_ok(contract_run(fx, 0xaa, "hello", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 5);
    assert_memory_equal(fx->result.output.data, "hello", 5);
    assert_true(fx->result.gas_used > 0);
}

static void engine_refuses(struct contract_fixture *fx, const char *wat)
{
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, wat);
    fx->err.message[0] = '\0';
    assert_status(bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 1, &fx->err),
                  BAALS_REJECT_CODE);
    assert_true(strlen(fx->err.message) > 0);
    free(code);
}

/* Goal: code is refused with a message: garbage, floats, imports that are not in this version. */
static void test_check_code(void **state)
{
    struct contract_fixture *fx = *state;
    assert_status(bl_contract_check_code(fx->engine, bl_slice_str("\0asm"), 1, 1, &fx->err),
                  BAALS_REJECT_CODE);
    engine_refuses(fx, "(module (memory 1) (func (export \"m\") (drop (f64.const 1))))");
    engine_refuses(fx, "(module (import \"baals1\" \"nothing\" (func)) (memory 1))");
    engine_refuses(fx,
                   "(module (import \"baals1\" \"transfer\" (func (param i32 i64) (result i32)))"
                   " (memory 1))");
    engine_refuses(fx, "(module (import \"baals1\" \"random\" (func (param i32))) (memory 1))");
    engine_refuses(fx, "(module (import \"baals1\" \"self\" (func (param i64))) (memory 1))");
    engine_refuses(fx, "(module (import \"baals2\" \"self\" (func (param i32))) (memory 1))");
    engine_refuses(fx, "(module (import \"wasi_snapshot_preview1\" \"proc_exit\""
                       " (func (param i32))) (memory 1))");
    engine_refuses(fx, "(module (memory 1) (func (export \"baals.gas\")))");
    engine_refuses(fx, "(module (memory 1) (func (export \"baals_x\")))");
}

/* Goal: a contract that is in the cache under one cost version is charged by the other when asked
 * under it, and by the first again afterwards: the version is part of the cache's key. */
static void test_cost_versions_in_one_cache(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"m\") (drop (i32.load (i32.const 0)))"
                         " (i32.store (i32.const 4) (i32.const 1)))");
    uint64_t used[4];
    for (size_t i = 0; i < BL_COUNT_OF(used); i++) {
        fx->execution.gas_schedule = 1 + (uint32_t)(i % 2);
        assert_ok(contract_run(fx, 0xaa, "m", NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
        used[i] = fx->result.gas_used;
    }
    uint64_t len = fx->host.codes[0].code.len;
    uint64_t entry = 6 + (64 + 16) / 16;
    assert_int_equal(used[0], 200 + (len + 3) / 4 + 2000 + entry + 8);
    assert_int_equal(used[1], 200 + len + 2000 + entry + 10);
    assert_int_equal(used[2], used[0]);
    assert_int_equal(used[3], used[1]);
}

/* Goal: versions this build does not know are a local refusal. */
static void test_versions(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, "(func (export \"m\"))");
    assert_true(bl_contract_knows_gas_schedule(1) && bl_contract_knows_gas_schedule(2) &&
                bl_contract_knows_wasm_limits(1) && bl_contract_knows_wasm_limits(2));
    assert_false(bl_contract_knows_gas_schedule(0) || bl_contract_knows_wasm_limits(0));
    assert_false(bl_contract_knows_gas_schedule(3) || bl_contract_knows_wasm_limits(3));
    baals_slice code = fx->host.codes[0].code;
    assert_status(bl_contract_check_code(fx->engine, code, 3, 1, NULL), BAALS_UNSUPPORTED_VERSION);
    assert_status(bl_contract_check_code(fx->engine, code, 1, 3, NULL), BAALS_UNSUPPORTED_VERSION);
    fx->execution.gas_schedule = 3;
    assert_status(contract_run(fx, 0xaa, "m", NULL), BAALS_UNSUPPORTED_VERSION);
    fx->execution.gas_schedule = 1;
    fx->execution.wasm_limits = 3;
    assert_status(contract_run(fx, 0xaa, "m", NULL), BAALS_UNSUPPORTED_VERSION);
    struct bl_contract_options options = {.vm = "none"};
    baals_contract_engine *engine = NULL;
    assert_status(bl_contract_engine_new(&engine, fx->env, &options, NULL), BAALS_UNSUPPORTED);
    assert_int_equal(bl_contract_deploy_gas(1, 1000), 20000);
    assert_int_equal(bl_contract_deploy_gas(2, 1000), 128000);
}

/* Goal: every trap of WebAssembly is TRAP, with its kind and place for debugging. */
static void test_traps(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(
        fx, 0xaa,
        "(type $v (func)) (type $i (func (param i32))) (table 4 funcref) (elem (i32.const 0) $n)"
        "(func $n)"
        "(func (export \"unreachable\") unreachable)"
        "(func (export \"divide\") (drop (i32.div_u (i32.const 1) (i32.const 0))))"
        "(func (export \"overflow\")"
        " (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))"
        "(func (export \"load\") (drop (i32.load (i32.const 65533))))"
        "(func (export \"table\") (call_indirect (type $v) (i32.const 4)))"
        "(func (export \"null\") (call_indirect (type $v) (i32.const 1)))"
        "(func (export \"type\") (call_indirect (type $i) (i32.const 0) (i32.const 0)))");
    static const struct {
        const char *method;
        baals_status trap;
        uint32_t function;
    } rows[] = {{"unreachable", BAALS_TRAP_UNREACHABLE, 29},
                {"divide", BAALS_TRAP_DIVIDE, 30},
                {"overflow", BAALS_TRAP_OVERFLOW, 31},
                {"load", BAALS_TRAP_MEMORY, 32},
                {"table", BAALS_TRAP_TABLE, 33},
                {"null", BAALS_TRAP_NULL_CALL, 34},
                {"type", BAALS_TRAP_CALL_TYPE, 35}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        assert_ok(contract_run(fx, 0xaa, rows[i].method, NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_TRAP);
        assert_int_equal(fx->result.trap, rows[i].trap);
        assert_int_equal(fx->result.trap_function, rows[i].function);
        assert_true(fx->result.trap_offset != UINT32_MAX);
        assert_int_equal(fx->result.output.len, 0);
        assert_true(fx->result.gas_used < fx->execution.gas);
    }
}

/* Goal: what a failing execution wrote is gone, however it failed; what an OK one wrote stays. */
static void test_rollback(void **state)
{
    struct contract_fixture *fx = *state;
#define CHANGES                                                                                    \
    "(call $storage_write (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1))"              \
    "(call $log_event (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 1))"
    contract_deploy_body(fx, 0xaa,
                         "(data (i32.const 16) \"k\")"
                         "(func $recurse (call $recurse))"
                         "(func (export \"ok\") " CHANGES ")"
                         "(func (export \"revert\") " CHANGES
                         " (call $revert (i32.const 0) (i32.const 0) (i32.const 0)))"
                         "(func (export \"trap\") " CHANGES " unreachable)"
                         "(func (export \"gas\") " CHANGES " (loop (br 0)))"
                         "(func (export \"stack\") " CHANGES " (call $recurse))"
                         "(func (export \"limit\") " CHANGES
                         " (call $output (i32.const 0) (i32.const 65537)))");
    static const struct {
        const char *method;
        baals_receipt_status status;
    } rows[] = {{"revert", BAALS_RECEIPT_REVERT},
                {"trap", BAALS_RECEIPT_TRAP},
                {"gas", BAALS_RECEIPT_OUT_OF_GAS},
                {"stack", BAALS_RECEIPT_OUT_OF_STACK},
                {"limit", BAALS_RECEIPT_LIMIT}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        assert_ok(contract_run(fx, 0xaa, rows[i].method, NULL));
        assert_int_equal(fx->result.status, rows[i].status);
        assert_null(fake_value(&fx->host, 0xaa, "k"));
        assert_int_equal(fx->host.state.event_count, 0);
        assert_int_equal(fx->host.saved_count, 0);
    }
    assert_ok(contract_run(fx, 0xaa, "ok", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_non_null(fake_value(&fx->host, 0xaa, "k"));
    assert_int_equal(fx->host.state.event_count, 1);
}

/* Programs whose gas is tried to the unit. */
static const char engine_gas_programs[] =
    "(data (i32.const 16) \"key\")"
    "(func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    "(table 1 funcref) (elem (i32.const 0) $f)"
    "(func (export \"empty\"))"
    "(func (export \"loop\") (local i32)"
    " (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
    "  (i32.const 20)))))"
    "(func (export \"calls\") (drop (call $f (call $f (i32.const 1))))"
    " (drop (call_indirect (param i32) (result i32) (i32.const 5) (i32.const 0))))"
    "(func (export \"grow\") (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 0)))"
    " (drop (memory.grow (i32.const -1))))"
    "(func (export \"bulk\") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000))"
    " (memory.copy (i32.const 5) (i32.const 0) (i32.const 999)))"
    "(func (export \"switch\") (block (block (block (br_table 0 1 2 (i32.const 1)))"
    " (drop (i32.popcnt (i32.const 3)))) (drop (i32.div_u (i32.const 9) (i32.const 3)))))"
    "(func (export \"if\") (if (i32.const 0) (then (nop)) (else (drop (i32.const 1)))))"
    "(func (export \"store\")"
    " (call $storage_write (i32.const 16) (i32.const 3) (i32.const 16) (i32.const 3))"
    " (drop (call $storage_read (i32.const 16) (i32.const 3) (i32.const 100) (i32.const 3))))"
    "(func (export \"out\") (call $output (i32.const 16) (i32.const 3)))";

/* Goal: the gas a run used is exactly enough, and every smaller amount is OUT_OF_GAS that uses all
 * of it and changes nothing. */
static void test_gas_exact(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, engine_gas_programs);
    static const char *const methods[] = {"empty",  "loop", "calls", "grow", "bulk",
                                          "switch", "if",   "store", "out"};
    for (size_t i = 0; i < BL_COUNT_OF(methods); i++) {
        struct fake_state before = fx->host.state;
        fx->execution.gas = 10 * 1000 * 1000;
        assert_ok(contract_run(fx, 0xaa, methods[i], NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
        uint64_t enough = fx->result.gas_used;
        fx->host.state = before;
        fx->execution.gas = enough;
        assert_ok(contract_run(fx, 0xaa, methods[i], NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
        assert_int_equal(fx->result.gas_used, enough);
        fx->host.state = before;
        /* Every unit near the end, where the method runs; wider steps below. */
        for (uint64_t gas = enough; gas-- > 0;) {
            if (enough - gas > 400 && gas % 97 != 0)
                continue;
            fx->execution.gas = gas;
            assert_ok(contract_run(fx, 0xaa, methods[i], NULL));
            if (fx->result.status != BAALS_RECEIPT_OUT_OF_GAS || fx->result.gas_used != gas)
                fail_msg("%s with %d of %d gas: %s", methods[i], (int)gas, (int)enough,
                         baals_receipt_status_name(fx->result.status));
            assert_int_equal(fx->host.state.entry_count, before.entry_count);
        }
    }
}

/* Goal: the largest gas limit works, and a loop still ends. */
static void test_gas_largest(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"m\") (i64.store (i32.const 0) (call $gas_left))"
                         " (call $output (i32.const 0) (i32.const 8)))");
    fx->execution.gas = 1ull << 53;
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_true(contract_output_u64(fx) > (1ull << 53) - 10000);
    assert_true(contract_output_u64(fx) < (1ull << 53));
}

/* Goal: gas is the same whether the module was cached or not. */
static void test_cache_same_gas(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, engine_gas_programs);
    assert_ok(contract_run(fx, 0xaa, "calls", NULL));
    uint64_t cold = fx->result.gas_used;
    assert_ok(contract_run(fx, 0xaa, "calls", NULL));
    assert_int_equal(fx->result.gas_used, cold);

    struct bl_contract_options options = {
        .vm = fx->fast ? "wasmtime" : "interpreter", .cache_bytes = 1, .compile_at_once = true};
    baals_contract_engine *uncached = NULL;
    assert_ok(bl_contract_engine_new(&uncached, fx->env, &options, &fx->err));
    baals_contract_engine *cached = fx->engine;
    bl_contract_result_release(cached, &fx->result);
    fx->engine = uncached;
    for (int i = 0; i < 2; i++) {
        assert_ok(contract_run(fx, 0xaa, "calls", NULL));
        assert_int_equal(fx->result.gas_used, cold);
    }
    fx->engine = cached;
    bl_contract_close(uncached);
}

/* Goal: when memory runs out anywhere, the execution is a local failure that leaves nothing behind,
 * and the next one works. */
static void test_allocation_failures(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xbb,
                         "(data (i32.const 16) \"answer\")"
                         "(func (export \"m\") (call $output (i32.const 16) (i32.const 6)))");
    contract_deploy_body(
        fx, 0xaa,
        "(data (i32.const 544) \"\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb"
        "\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\") (data (i32.const 16) "
        "\"m\")"
        "(func (export \"m\")"
        " (call $storage_write (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1))"
        " (drop (memory.grow (i32.const 3)))"
        " (drop (call $call_contract (i32.const 544) (i32.const 16) (i32.const 1) (i32.const 0)"
        "  (i32.const 0) (i64.const 0) (i64.const -1) (i32.const 0)))"
        " (call $output (i32.const 16) (call $result_len)))");
    /* An engine that keeps nothing meets every allocation each time. */
    struct bl_contract_options options = {
        .vm = fx->fast ? "wasmtime" : "interpreter", .cache_bytes = 1, .compile_at_once = true};
    baals_contract_engine *cached = fx->engine;
    assert_ok(bl_contract_engine_new(&fx->engine, fx->env, &options, &fx->err));
    uint64_t failures = 0;
    for (uint64_t k = 1;; k++) {
        fx->memory.fail_at = fx->memory.calls + k;
        baals_status status = contract_run(fx, 0xaa, "m", NULL);
        fx->memory.fail_at = 0;
        if (status == BAALS_OK)
            break;
        assert_true(status == BAALS_NOMEM || status == BAALS_INTERNAL_FAULT);
        assert_int_equal(fx->host.state.entry_count, 0);
        assert_int_equal(fx->host.saved_count, 0);
        failures++;
    }
    print_message("%d allocations failed one by one\n", (int)failures);
    assert_true(failures > 20);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 6);
    bl_contract_result_release(fx->engine, &fx->result);
    bl_contract_close(fx->engine);
    fx->engine = cached;

    for (uint64_t k = 1;; k++) {
        baals_contract_engine *engine = NULL;
        fx->memory.fail_at = fx->memory.calls + k;
        baals_status status = bl_contract_engine_new(&engine, fx->env, &options, NULL);
        fx->memory.fail_at = 0;
        bl_contract_close(engine);
        if (status == BAALS_OK)
            break;
        assert_status(status, BAALS_NOMEM);
        assert_null(engine);
    }
}

static int32_t engine_never(void *ctx)
{
    ++*(int *)ctx;
    return 0;
}

static int32_t engine_third(void *ctx)
{
    return ++*(int *)ctx == 3 ? 1 : 0;
}

/* Goal: a query's deadline also stops loops without host calls, growth and bulk operations, and
 * while it does not, results and gas are those of a block, to the unit. */
static void test_watch(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"endless\") (loop (br 0)))"
        "(func (export \"fills\")"
        " (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)))"
        "(func (export \"grows\") (loop (drop (memory.grow (i32.const 0))) (br 0)))"
        "(func $work (local i32) (loop"
        " (memory.fill (i32.const 0) (i32.const 0) (i32.const 9000))"
        " (drop (memory.grow (i32.const 0)))"
        " (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
        "  (i32.const 3000)))))"
        "(func (export \"long\") (call $work) (drop (call $gas_left)) (call $work)"
        " (i64.store (i32.const 0) (call $gas_left)) (call $output (i32.const 0) (i32.const 8)))"
        "(func (export \"breaks\") (call $work) unreachable)");
    static const char *const endless[] = {"endless", "fills", "grows"};
    fx->execution.gas = 1ull << 53;
    for (size_t i = 0; i < BL_COUNT_OF(endless); i++) {
        int looks = 0;
        fx->execution.expired = engine_third;
        fx->execution.expired_ctx = &looks;
        assert_status(contract_run(fx, 0xaa, endless[i], NULL), BAALS_BUSY_TIMEOUT);
        assert_int_equal(looks, 3);
        assert_int_equal(fx->host.saved_count, 0);
    }
    static const uint64_t gas[] = {1ull << 53, 20000000, 3 * 1048576, 1048576, 1000000, 5000};
    static const char *const methods[] = {"long", "breaks"};
    for (size_t i = 0; i < 2 * BL_COUNT_OF(gas); i++) {
        int looks = 0;
        fx->execution.gas = gas[i / 2];
        fx->execution.expired = NULL;
        assert_ok(contract_run(fx, 0xaa, methods[i % 2], NULL));
        baals_receipt_status status = fx->result.status;
        uint64_t used = fx->result.gas_used;
        uint64_t seen = fx->result.output.len == 8 ? contract_output_u64(fx) : 0;
        fx->execution.expired = engine_never;
        fx->execution.expired_ctx = &looks;
        assert_ok(contract_run(fx, 0xaa, methods[i % 2], NULL));
        assert_int_equal(fx->result.status, status);
        assert_int_equal(fx->result.gas_used, used);
        assert_int_equal(fx->result.output.len == 8 ? contract_output_u64(fx) : 0, seen);
        /* Compiled code is not watched: so little gas cannot take long. */
        if (used > 4000000 && (!fx->fast || gas[i / 2] == 1ull << 53))
            assert_true(looks >= 3);
    }
}

struct engine_thread {
    struct contract_fixture *fx;
    const struct fake_host *contracts;
    uint64_t gas[50];
};

/* Many queries of one shared engine, each thread with a host of its own. */
static void *engine_thread_run(void *ctx)
{
    struct engine_thread *self = ctx;
    struct fake_host *host = malloc(sizeof *host);
    if (host == NULL)
        return NULL;
    *host = *self->contracts;
    for (size_t i = 0; i < BL_COUNT_OF(self->gas); i++) {
        baals_execution execution = self->fx->execution;
        baals_execution_result result;
        execution.contract = fake_address((uint8_t)(0xa0 + i % 4));
        execution.method = bl_slice_str("loop");
        execution.readonly = 1;
        baals_status status =
            bl_contract_execute(self->fx->engine, &result, &execution, &host->base, NULL);
        self->gas[i] = status == BAALS_OK ? result.gas_used : 0;
        if (status == BAALS_OK)
            bl_contract_result_release(self->fx->engine, &result);
    }
    free(host);
    return NULL;
}

/* Goal: several threads run on one engine with the same results. */
static void test_threads(void **state)
{
    struct contract_fixture *fx = *state;
    for (uint8_t i = 0; i < 4; i++)
        contract_deploy_body(fx, (uint8_t)(0xa0 + i), engine_gas_programs);
    struct engine_thread threads[4];
    pthread_t handles[4];
    for (size_t i = 0; i < 4; i++) {
        threads[i] = (struct engine_thread){.fx = fx, .contracts = &fx->host};
        assert_int_equal(pthread_create(&handles[i], NULL, engine_thread_run, &threads[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(handles[i], NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < BL_COUNT_OF(threads[i].gas); k++)
            assert_int_equal(threads[i].gas[k], threads[0].gas[0]);
    }
    assert_true(threads[0].gas[0] > 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define ENGINE_TEST(name) cmocka_unit_test_setup_teardown(name, engine_setup, engine_teardown)
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_method),         ENGINE_TEST(test_check_code),
        ENGINE_TEST(test_versions),       ENGINE_TEST(test_cost_versions_in_one_cache),
        ENGINE_TEST(test_traps),          ENGINE_TEST(test_rollback),
        ENGINE_TEST(test_gas_exact),      ENGINE_TEST(test_gas_largest),
        ENGINE_TEST(test_cache_same_gas), ENGINE_TEST(test_allocation_failures),
        ENGINE_TEST(test_watch),          ENGINE_TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
