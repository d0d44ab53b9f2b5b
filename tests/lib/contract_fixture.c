/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the tests of contracts: engine, fake host, counting allocator.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

const char *const contract_imports =
    "(import \"baals1\" \"input_len\" (func $input_len (result i32)))\n"
    "(import \"baals1\" \"input_read\" (func $input_read (param i32 i32 i32)))\n"
    "(import \"baals1\" \"output\" (func $output (param i32 i32)))\n"
    "(import \"baals1\" \"revert\" (func $revert (param i32 i32 i32)))\n"
    "(import \"baals1\" \"storage_read\" (func $storage_read (param i32 i32 i32 i32)"
    " (result i32)))\n"
    "(import \"baals1\" \"storage_write\" (func $storage_write (param i32 i32 i32 i32)))\n"
    "(import \"baals1\" \"storage_remove\" (func $storage_remove (param i32 i32) (result i32)))\n"
    "(import \"baals1\" \"storage_scan\" (func $storage_scan (param i32 i32 i32 i32 i32)"
    " (result i32)))\n"
    "(import \"baals1\" \"storage_next\" (func $storage_next (param i32 i32 i32 i32 i32 i32)"
    " (result i32)))\n"
    "(import \"baals1\" \"storage_scan_end\" (func $storage_scan_end (param i32)))\n"
    "(import \"baals1\" \"self\" (func $self (param i32)))\n"
    "(import \"baals1\" \"caller\" (func $caller (param i32)))\n"
    "(import \"baals1\" \"origin\" (func $origin (param i32)))\n"
    "(import \"baals1\" \"value\" (func $value (result i64)))\n"
    "(import \"baals1\" \"balance\" (func $balance (param i32) (result i64)))\n"
    "(import \"baals1\" \"block_index\" (func $block_index (result i64)))\n"
    "(import \"baals1\" \"block_time_ms\" (func $block_time_ms (result i64)))\n"
    "(import \"baals1\" \"chain_id\" (func $chain_id (param i32)))\n"
    "(import \"baals1\" \"tx_id\" (func $tx_id (param i32)))\n"
    "(import \"baals1\" \"gas_left\" (func $gas_left (result i64)))\n"
    "(import \"baals1\" \"log_event\" (func $log_event (param i32 i32 i32 i32)))\n"
    "(import \"baals1\" \"log\" (func $log (param i32 i32 i32)))\n"
    "(import \"baals1\" \"call_contract\" (func $call_contract"
    " (param i32 i32 i32 i32 i32 i64 i64 i32) (result i32)))\n"
    "(import \"baals1\" \"result_len\" (func $result_len (result i32)))\n"
    "(import \"baals1\" \"result_read\" (func $result_read (param i32 i32 i32)))\n"
    "(import \"baals1\" \"code_hash\" (func $code_hash (param i32 i32) (result i32)))\n"
    "(import \"baals1\" \"crypto_hash\" (func $crypto_hash (param i32 i32 i32 i32)"
    " (result i32)))\n"
    "(import \"baals1\" \"crypto_verify\" (func $crypto_verify"
    " (param i32 i32 i32 i32 i32 i32 i32) (result i32)))\n";

const char *const contract_imports_2 =
    "(import \"baals1\" \"transfer\" (func $transfer (param i32 i64) (result i32)))\n"
    "(import \"baals1\" \"random\" (func $random (param i32)))\n"
    "(import \"baals1\" \"deploy_contract\" (func $deploy_contract"
    " (param i32 i32 i32 i32 i64 i64 i32) (result i32)))\n"
    "(import \"baals1\" \"set_code\" (func $set_code (param i32 i32 i32 i64) (result i32)))\n"
    "(import \"baals1\" \"crypto_recover\" (func $crypto_recover"
    " (param i32 i32 i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"fd_read\" (func $fd_read"
    " (param i32 i32 i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"fd_write\" (func $fd_write"
    " (param i32 i32 i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"fd_fdstat_get\" (func $fd_fdstat_get"
    " (param i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $args_sizes_get"
    " (param i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"clock_res_get\" (func $clock_res_get"
    " (param i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"clock_time_get\" (func $clock_time_get"
    " (param i32 i64 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"random_get\" (func $random_get"
    " (param i32 i32) (result i32)))\n"
    "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n";

struct contract_fixture *contract_fixture_new(void)
{
    const char *vm = getenv("BAALS_TEST_VM");
    struct bl_contract_options options = {.vm = vm != NULL ? vm : "interpreter",
                                          .compile_at_once = true};
    return contract_fixture_new_with(&options);
}

struct contract_fixture *contract_fixture_new_with(const struct bl_contract_options *options)
{
    struct contract_fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    assert_ok(bl_env_memory(&fx->env, testlib_faulty_alloc(&fx->memory), &fx->err));
    assert_ok(bl_contract_engine_new(&fx->engine, fx->env, options, &fx->err));
    fx->fast = options->vm == NULL || strcmp(options->vm, "interpreter") != 0;
    fake_host_init(&fx->host);
    fx->execution = (baals_execution){
        .entry = BAALS_ENTRY_METHOD,
        .caller = fake_address(0x11),
        .origin = fake_address(0x11),
        .gas = 10 * 1000 * 1000,
        .chain_id = {.bytes = {0xc1}},
        .tx_id = {.bytes = {0x71}},
        .block_index = 7,
        .block_time_ms = 1700000000000,
        .gas_schedule = 1,
        .wasm_limits = 1,
    };
    return fx;
}

void contract_fixture_free(struct contract_fixture *fx)
{
    bl_contract_result_release(fx->engine, &fx->result);
    bl_contract_close(fx->engine);
    fake_host_deinit(&fx->host);
    bl_env_close(fx->env);
    assert_int_equal(fx->memory.live, 0);
    free(fx);
}

void contract_deploy(struct contract_fixture *fx, uint8_t address, const char *wat)
{
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, wat);
    baals_status status = bl_contract_check_code(fx->engine, bl_slice(code, len), 1,
                                                 fx->execution.wasm_limits, &fx->err);
    if (status != BAALS_OK)
        fail_msg("%s: %s", baals_status_name(status), fx->err.message);
    fake_deploy(&fx->host, address, code, len);
    free(code);
}

static char *contract_text(const char *more_imports, const char *body)
{
    size_t size = strlen(contract_imports) + strlen(more_imports) + strlen(body) + 64;
    char *text = malloc(size);
    assert_non_null(text);
    (void)snprintf(text, size, "(module %s%s (memory (export \"memory\") 1) %s)", contract_imports,
                   more_imports, body);
    return text;
}

char *contract_module(const char *body)
{
    return contract_text("", body);
}

void contract_deploy_body(struct contract_fixture *fx, uint8_t address, const char *body)
{
    char *text = contract_text(fx->execution.wasm_limits == 2 ? contract_imports_2 : "", body);
    contract_deploy(fx, address, text);
    free(text);
}

/* A listener that only checks that frames nest. */
static void contract_listen(void *ctx, const baals_trace_item *item)
{
    uint32_t *open = ctx;
    if (item->kind == BAALS_TRACE_ENTER)
        assert_int_equal(item->depth, ++*open);
    else if (item->kind == BAALS_TRACE_LEAVE)
        assert_int_equal(item->depth, (*open)--);
    else if (item->kind != BAALS_TRACE_CUT)
        assert_int_equal(item->depth, *open);
}

/* With BAALS_TEST_TRACE everything is traced, and must come out as it does without. */
static baals_status contract_execute_traced(struct contract_fixture *fx,
                                            const baals_execution *execution)
{
    uint32_t open = 0;
    const baals_tracer tracer = {contract_listen, &open};
    baals_execution traced = *execution;
    traced.tracer = &tracer;
    baals_status status =
        bl_contract_execute(fx->engine, &fx->result, &traced, &fx->host.base, &fx->err);
    if (status == BAALS_OK)
        assert_int_equal(open, 0);
    return status;
}

baals_status contract_execute(struct contract_fixture *fx, const baals_execution *execution)
{
    bl_contract_result_release(fx->engine, &fx->result);
    fx->result = (baals_execution_result){.status = BAALS_RECEIPT_STATUS_FORCE_INT};
    if (execution->tracer == NULL && getenv("BAALS_TEST_TRACE") != NULL)
        return contract_execute_traced(fx, execution);
    return bl_contract_execute(fx->engine, &fx->result, execution, &fx->host.base, &fx->err);
}

baals_status
contract_run(struct contract_fixture *fx, uint8_t address, const char *method, const char *args)
{
    baals_execution execution = fx->execution;
    execution.contract = fake_address(address);
    execution.method = bl_slice_str(method);
    execution.has_args = args != NULL;
    execution.args = args != NULL ? bl_slice_str(args) : bl_slice(NULL, 0);
    return contract_execute(fx, &execution);
}

uint64_t contract_output_u64(const struct contract_fixture *fx)
{
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 8);
    return bl_load_u64le(fx->result.output.data);
}

/* A method "m" on contract 0xaa that runs the statements. */
static void
contract_deploy_statement(struct contract_fixture *fx, const char *before, const char *statement)
{
    static const char form[] =
        "(data (i32.const 256) \"key0val1\")"
        "(data (i32.const 512) \"\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa"
        "\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\\aa\")"
        "(data (i32.const 544) \"\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb"
        "\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\")"
        "(func (export \"m\") (local $g i64) (local $r i64) %s"
        " (local.set $g (call $gas_left)) %s"
        " (i64.store (i32.const 0) (i64.sub (local.get $g) (call $gas_left)))"
        " (i64.store (i32.const 8) (local.get $r))"
        " (call $output (i32.const 0) (i32.const 16)))";
    size_t size = sizeof form + strlen(before) + strlen(statement);
    char *body = malloc(size);
    assert_non_null(body);
    (void)snprintf(body, size, form, before, statement);
    contract_deploy_body(fx, 0xaa, body);
    free(body);
}

struct contract_measure
contract_measure(struct contract_fixture *fx, const char *before, const char *statement)
{
    contract_deploy_statement(fx, before, statement);
    assert_ok(contract_run(fx, 0xaa, "m", "arguments"));
    if (fx->result.status != BAALS_RECEIPT_OK)
        fail_msg("%s: %s (%s)", statement, baals_receipt_status_name(fx->result.status),
                 baals_status_name(fx->result.trap));
    assert_int_equal(fx->result.output.len, 16);
    /* The difference includes the second gas_left. */
    return (struct contract_measure){.gas = bl_load_u64le(fx->result.output.data) - 150,
                                     .result = bl_load_u64le(fx->result.output.data + 8)};
}

void contract_fails(struct contract_fixture *fx,
                    const char *statement,
                    baals_receipt_status status,
                    baals_status trap)
{
    contract_deploy_statement(fx, "", statement);
    assert_ok(contract_run(fx, 0xaa, "m", "arguments"));
    if (fx->result.status != status || fx->result.trap != trap)
        fail_msg("%s: %s (%s), expected %s (%s)", statement,
                 baals_receipt_status_name(fx->result.status), baals_status_name(fx->result.trap),
                 baals_receipt_status_name(status), baals_status_name(trap));
}
