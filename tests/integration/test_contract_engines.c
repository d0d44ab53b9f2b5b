/* SPDX-License-Identifier: MIT */
/*
 * The engine on wasmtime beside the engine on the interpreter: the same calls, and everything that
 * can be seen of them must be equal. That holds also where wasmtime fails on this machine, each way
 * of which is provoked here: the execution is then run again on the interpreter.
 */
#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"
#include "contracts/host.h"

#define ENGINES_TEXT_MAX ((size_t)2 * 1024 * 1024)

/* One contract engine of each kind, fed alike. */
struct engines {
    struct contract_fixture *slow;
    struct contract_fixture *fast;
};

static struct engines engines_open(struct bl_contract_options options)
{
    struct bl_contract_options interpreter = {.vm = "interpreter"};
    options.vm = "wasmtime";
    return (struct engines){.slow = contract_fixture_new_with(&interpreter),
                            .fast = contract_fixture_new_with(&options)};
}

static void engines_close(struct engines *engines)
{
    contract_fixture_free(engines->slow);
    contract_fixture_free(engines->fast);
}

static void engines_deploy(struct engines *engines, uint8_t address, const char *body)
{
    contract_deploy_body(engines->slow, address, body);
    contract_deploy_body(engines->fast, address, body);
}

static void engines_compare_state(const struct fake_state *a, const struct fake_state *b)
{
    assert_int_equal(a->entry_count, b->entry_count);
    for (size_t i = 0; i < a->entry_count; i++) {
        assert_true(bl_slice_equal(a->entries[i].key, b->entries[i].key));
        assert_true(bl_slice_equal(a->entries[i].value, b->entries[i].value));
    }
    assert_int_equal(a->event_count, b->event_count);
    for (size_t i = 0; i < a->event_count; i++)
        assert_true(bl_slice_equal(a->events[i].data, b->events[i].data));
}

/* Calls a method of 0xaa on both; all that can be seen is equal. Returns its receipt status. */
static baals_receipt_status
engines_call(struct engines *engines, const char *method, const char *args, uint64_t gas)
{
    struct contract_fixture *slow = engines->slow;
    struct contract_fixture *fast = engines->fast;
    slow->execution.gas = gas;
    fast->execution.gas = gas;
    assert_ok(contract_run(slow, 0xaa, method, args));
    assert_ok(contract_run(fast, 0xaa, method, args));
    if (slow->result.status != fast->result.status ||
        slow->result.gas_used != fast->result.gas_used || slow->result.trap != fast->result.trap)
        fail_msg("%s: interpreter %d %llu %s, wasmtime %d %llu %s", method, slow->result.status,
                 (unsigned long long)slow->result.gas_used, baals_status_name(slow->result.trap),
                 fast->result.status, (unsigned long long)fast->result.gas_used,
                 baals_status_name(fast->result.trap));
    assert_int_equal(slow->result.revert_code, fast->result.revert_code);
    assert_true(bl_slice_equal(slow->result.output, fast->result.output));
    engines_compare_state(&slow->host.state, &fast->host.state);
    return slow->result.status;
}

static void engines_expect(const struct engines *engines, uint64_t fast, uint64_t faults)
{
    struct bl_contract_counts counts;
    bl_contract_counts(engines->fast->engine, &counts);
    assert_int_equal(counts.fast, fast);
    assert_int_equal(counts.faults, faults);
}

/* ---- faults ---- */

/* Goal: a frame that Cranelift makes large (10,000 products moved out of a loop) overflows the
 * native stack where the stack counter is far from its end, and the verdict is still right. */
static void test_native_stack(void **state)
{
    (void)state;
    char *text = malloc(ENGINES_TEXT_MAX);
    assert_non_null(text);
    size_t len = 0;
    len += (size_t)snprintf(text + len, ENGINES_TEXT_MAX - len,
                            "(func $f (param i64 i32) (result i64) (local i64 i32)"
                            " (if (i32.eqz (local.get 1)) (then (return (local.get 0))))"
                            " (local.set 2 (call $f (i64.add (local.get 0) (i64.const 1))"
                            "  (i32.sub (local.get 1) (i32.const 1)))) (loop ");
    for (unsigned i = 0; i < 10000; i++)
        len += (size_t)snprintf(text + len, ENGINES_TEXT_MAX - len,
                                "(local.set 2 (i64.xor (local.get 2)"
                                " (i64.mul (local.get 0) (i64.const %u))))",
                                2 * i + 3);
    len += (size_t)snprintf(
        text + len, ENGINES_TEXT_MAX - len,
        "(local.set 3 (i32.add (local.get 3) (i32.const 1)))"
        "(br_if 0 (i32.lt_u (local.get 3) (i32.const 3)))) (local.get 2))"
        "(func $run (param i32) (i64.store (i32.const 0) (call $f (i64.const 7) (local.get 0)))"
        " (call $output (i32.const 0) (i32.const 8)))"
        "(func (export \"few\") (call $run (i32.const 2)))"
        "(func (export \"many\") (call $run (i32.const 200)))"
        "(func (export \"all\") (call $run (i32.const 1000000)))");
    assert_true(len < ENGINES_TEXT_MAX);
    struct engines engines = engines_open((struct bl_contract_options){.compile_at_once = true});
    engines_deploy(&engines, 0xaa, text);
    free(text);
    assert_int_equal(engines_call(&engines, "few", NULL, 1ull << 40), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 0);
    assert_int_equal(engines_call(&engines, "many", NULL, 1ull << 40), BAALS_RECEIPT_OK);
    engines_expect(&engines, 2, 1);
    assert_int_equal(engines_call(&engines, "all", NULL, 1ull << 40), BAALS_RECEIPT_OUT_OF_STACK);
    engines_expect(&engines, 3, 2);
    engines_close(&engines);
}

/* Writes, logs, then asks for more memory than this machine gives. */
static const char engines_growing[] =
    "(func (export \"grow\") (call $storage_write (i32.const 0) (i32.const 1) (i32.const 0)"
    "  (i32.const 2)) (call $log_event (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3))"
    " (i32.store (i32.const 0) (memory.grow (i32.const 3)))"
    " (call $output (i32.const 0) (i32.const 4)))";

/* Goal: what is written before a fault is rolled back and written once. */
static void test_growth(void **state)
{
    (void)state;
    struct engines engines = engines_open(
        (struct bl_contract_options){.compile_at_once = true, .memory_bytes = 2 * 65536});
    engines_deploy(&engines, 0xaa, engines_growing);
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 1);
    assert_int_equal(engines.fast->host.state.event_count, 1);
    engines_close(&engines);
}

/* Goal: a pool that is full in the midst of nested calls. */
static void test_pool(void **state)
{
    (void)state;
    struct engines engines =
        engines_open((struct bl_contract_options){.compile_at_once = true, .instances = 1});
    engines_deploy(&engines, 0xbb,
                   "(func (export \"m\") (call $storage_write (i32.const 0) (i32.const 1)"
                   " (i32.const 0) (i32.const 1)))");
    engines_deploy(&engines, 0xaa,
                   "(data (i32.const 64) \"m\")"
                   "(func (export \"outer\") (memory.fill (i32.const 0) (i32.const 0xbb)"
                   "  (i32.const 32)) (i32.store (i32.const 96) (call $call_contract (i32.const 0)"
                   "  (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 0) (i64.const 0)"
                   "  (i64.const -1) (i32.const 0))) (call $output (i32.const 96) (i32.const 4)))");
    assert_int_equal(engines_call(&engines, "outer", NULL, 10000000), BAALS_RECEIPT_OK);
    assert_int_equal(engines.fast->result.output.data[0], BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 1);
    engines_close(&engines);
}

/* Goal: a module that wasmtime refuses runs on the interpreter from the start. */
static void test_refused(void **state)
{
    (void)state;
    struct engines engines =
        engines_open((struct bl_contract_options){.compile_at_once = true, .memory_bytes = 32768});
    engines_deploy(&engines, 0xaa,
                   "(func (export \"m\") (call $output (i32.const 0) (i32.const 9)))");
    for (int i = 0; i < 3; i++)
        assert_int_equal(engines_call(&engines, "m", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 0, 0);
    engines_close(&engines);
}

/* ---- interruptions ---- */

/* The memory that fails once when engines_interrupt is called; NULL: none does. */
static struct testlib_faulty_alloc *engines_memory;

/* In the place of log_event in wasmtime's code. */
static baals_vm_action engines_interrupt(void *ctx,
                                         baals_vm_instance *instance,
                                         uint64_t *result_out,
                                         const uint64_t *args)
{
    (void)ctx;
    (void)instance;
    (void)result_out;
    (void)args;
    if (engines_memory != NULL)
        engines_memory->fail_at = engines_memory->calls + 1;
    return BAALS_VM_ACTION_FORCE_INT;
}

static void engines_interrupting(baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT])
{
    bl_host_functions(functions);
    for (size_t i = 0; i < BL_HOST_FUNCTION_COUNT; i++) {
        if (strcmp(functions[i].name, "log_event") == 0)
            functions[i].call = engines_interrupt;
    }
}

/* Goal: an interruption after a write is run again, whole, and what was written is written once. */
static void test_interruption(void **state)
{
    (void)state;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    engines_interrupting(functions);
    struct engines engines = engines_open(
        (struct bl_contract_options){.compile_at_once = true, .fast_functions = functions});
    engines_deploy(&engines, 0xaa, engines_growing);
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 1);
    assert_int_equal(engines.fast->host.state.event_count, 1);
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 2, 2);
    engines_close(&engines);
}

/* Goal: when the interpreter has no memory for that, it is a fault of this machine, nothing is left
 * behind, and the next try succeeds. */
static void test_interruption_without_memory(void **state)
{
    (void)state;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    engines_interrupting(functions);
    struct engines engines = engines_open(
        (struct bl_contract_options){.compile_at_once = true, .fast_functions = functions});
    engines_deploy(&engines, 0xaa, engines_growing);
    engines_memory = &engines.fast->memory;
    assert_status(contract_run(engines.fast, 0xaa, "grow", NULL), BAALS_INTERNAL_FAULT);
    assert_non_null(strstr(engines.fast->err.message, "neither wasmtime nor"));
    assert_int_equal(engines.fast->host.saved_count, 0);
    assert_int_equal(engines.fast->host.state.entry_count, 0);
    assert_int_equal(engines.fast->host.state.event_count, 0);
    engines_memory = NULL;
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 2, 2);
    engines_close(&engines);
}

/* ---- what is not compiled ---- */

/* A contract whose method `m` is `count` indirect calls and then an output. */
static void engines_deploy_calls(struct engines *engines, uint8_t address, unsigned count)
{
    char *text = malloc(ENGINES_TEXT_MAX);
    assert_non_null(text);
    int len = snprintf(text, ENGINES_TEXT_MAX,
                       "(table 1 funcref) (elem (i32.const 0) $f) (global $n (mut i32) (i32.const "
                       "0)) (func $f (global.set $n (i32.add (global.get $n) (i32.const 1))))"
                       "(func (export \"m\") ");
    for (unsigned i = 0; i < count; i++)
        len +=
            snprintf(text + len, ENGINES_TEXT_MAX - (size_t)len, "(call_indirect (i32.const 0)) ");
    (void)snprintf(text + len, ENGINES_TEXT_MAX - (size_t)len,
                   "(i32.store (i32.const 0) (global.get $n))"
                   " (call $output (i32.const 0) (i32.const 4)))");
    engines_deploy(engines, address, text);
    free(text);
}

/* Goal: a module that would take wasmtime long is never given to it, and its receipt is the same;
 * one of the same kind within the bound is. */
static void test_bound(void **state)
{
    (void)state;
    struct engines engines = engines_open((struct bl_contract_options){.compile_at_once = true});
    engines_deploy_calls(&engines, 0xaa, 12000);
    for (int i = 0; i < 2; i++)
        assert_int_equal(engines_call(&engines, "m", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 0, 0);
    engines_close(&engines);
    engines = engines_open((struct bl_contract_options){.compile_at_once = true});
    engines_deploy_calls(&engines, 0xaa, 500);
    assert_int_equal(engines_call(&engines, "m", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 0);
    engines_close(&engines);
}

/* Goal: a failure of the host is no fault of the runtime, and is not run again. */
static void test_host_failure(void **state)
{
    (void)state;
    struct engines engines = engines_open((struct bl_contract_options){.compile_at_once = true});
    engines_deploy(&engines, 0xaa, engines_growing);
    engines.fast->host.operations = 0;
    engines.fast->host.fail_at = 3;
    assert_status(contract_run(engines.fast, 0xaa, "grow", NULL), BAALS_IO);
    engines_expect(&engines, 1, 0);
    assert_int_equal(engines.fast->host.saved_count, 0);
    engines_close(&engines);
}

/* ---- where executions run ---- */

/* Goal: the first execution does not wait for the compiler; later ones use what it made. */
static void test_background(void **state)
{
    (void)state;
    struct engines engines = engines_open((struct bl_contract_options){.cache_bytes = 0});
    engines_deploy(&engines, 0xaa, engines_growing);
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    bl_contract_wait_compiled(engines.fast->engine);
    struct bl_contract_counts before;
    bl_contract_counts(engines.fast->engine, &before);
    assert_int_equal(engines_call(&engines, "grow", NULL, 10000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, before.fast + 1, 0);
    engines_close(&engines);
}

static int32_t engines_never(void *ctx)
{
    (void)ctx;
    return 0;
}

/* Goal: a query that might outlast its deadline in compiled code runs where it can be stopped. */
static void test_long_query(void **state)
{
    (void)state;
    struct engines engines = engines_open((struct bl_contract_options){.compile_at_once = true});
    engines_deploy(&engines, 0xaa, engines_growing);
    engines.fast->execution.expired = engines_never;
    assert_int_equal(engines_call(&engines, "grow", NULL, 50000000), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 0);
    assert_int_equal(engines_call(&engines, "grow", NULL, 1ull << 40), BAALS_RECEIPT_OK);
    engines_expect(&engines, 1, 0);
    engines_close(&engines);
}

/* Goal: trap handlers of the process give the same verdicts as checks in the code. */
static void test_signals(void **state)
{
    (void)state;
    struct engines engines =
        engines_open((struct bl_contract_options){.compile_at_once = true, .trap_signals = true});
    engines_deploy(&engines, 0xaa,
                   "(func (export \"divide\") (drop (i64.div_u (i64.const 1)"
                   "  (i64.load (i32.const 8)))))"
                   "(func (export \"load\") (drop (i64.load (i32.const -1))))"
                   "(func (export \"stop\") unreachable)");
    static const char *const methods[] = {"divide", "load", "stop"};
    for (size_t i = 0; i < BL_COUNT_OF(methods); i++)
        assert_int_equal(engines_call(&engines, methods[i], NULL, 100000), BAALS_RECEIPT_TRAP);
    engines_expect(&engines, 3, 0);
    engines_close(&engines);
}

/* Goal: an engine that was not named is there on every machine, and "none of this name" is said. */
static void test_choice(void **state)
{
    (void)state;
    struct bl_contract_options options = {.vm = NULL};
    struct contract_fixture *fx = contract_fixture_new_with(&options);
    baals_contract_engine *none = NULL;
    options.vm = "quantum";
    assert_status(bl_contract_engine_new(&none, fx->env, &options, NULL), BAALS_UNSUPPORTED);
    assert_null(none);
    contract_fixture_free(fx);
}

/* ---- generated programs ---- */

/* Writes random code as text. Loops are bounded, everything else may trap or run out. */
struct writer {
    struct testlib_rng rng;
    char *text;
    size_t len;
    unsigned function; /* functions below it may be called */
    unsigned loops;
};

static void writer_put(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    assert_true(w->len + len < ENGINES_TEXT_MAX);
    memcpy(w->text + w->len, text, len + 1);
    w->len += len;
}

static void writer_number(struct writer *w, const char *before, uint64_t number, const char *after)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    writer_put(w, before);
    writer_put(w, text);
    writer_put(w, after);
}

static uint64_t writer_constant(struct writer *w)
{
    static const uint64_t edges[] = {0,          1,          2,         8,          31,
                                     63,         255,        65528,     65536,      0x7fffffff,
                                     0x80000000, 0xffffffff, INT64_MAX, 1ull << 63, UINT64_MAX};
    uint64_t choice = testlib_rng_below(&w->rng, 2 * BL_COUNT_OF(edges));
    return choice < BL_COUNT_OF(edges) ? edges[choice]
                                       : testlib_rng_below(&w->rng, 1ull << (choice + 20));
}

/* An i64 from the locals 0 and 1, globals, memory, calls. */
static void writer_value(struct writer *w, unsigned depth);

static void writer_binary(struct writer *w, unsigned depth)
{
    static const char *const operations[] = {"add",   "sub",   "mul",   "and",  "or",   "xor",
                                             "shl",   "shr_s", "shr_u", "rotl", "rotr", "div_s",
                                             "div_u", "rem_s", "rem_u", "add",  "xor",  "sub"};
    writer_put(w, "(i64.");
    writer_put(w, operations[testlib_rng_below(&w->rng, BL_COUNT_OF(operations))]);
    writer_put(w, " ");
    writer_value(w, depth - 1);
    writer_value(w, depth - 1);
    writer_put(w, ")");
}

static void writer_narrow(struct writer *w, unsigned depth)
{
    static const char *const operations[] = {"add",   "mul",   "rotl", "div_s", "rem_s",
                                             "shr_s", "shr_u", "lt_s", "ge_u",  "eq"};
    writer_put(w, "(i64.extend_i32_s (i32.");
    writer_put(w, operations[testlib_rng_below(&w->rng, BL_COUNT_OF(operations))]);
    writer_put(w, " (i32.wrap_i64 ");
    writer_value(w, depth - 1);
    writer_put(w, ") (i32.wrap_i64 ");
    writer_value(w, depth - 1);
    writer_put(w, ")))");
}

/* A load or a store; addresses are mostly inside. */
static void writer_memory(struct writer *w, unsigned depth)
{
    static const char *const loads[] = {"load", "load8_s", "load16_u", "load32_s", "load32_u"};
    bool inside = testlib_rng_below(&w->rng, 16) != 0;
    writer_put(w, "(block (result i64) (i64.store offset=16 (i32.and (i32.const 0xfff8)"
                  " (i32.wrap_i64 ");
    writer_value(w, depth - 1);
    writer_put(w, ")) ");
    writer_value(w, depth - 1);
    writer_put(w, ") (i64.");
    writer_put(w, loads[testlib_rng_below(&w->rng, BL_COUNT_OF(loads))]);
    writer_put(w, inside ? " (i32.and (i32.const 0xffff) (i32.wrap_i64 "
                         : " (i32.or (i32.const 0)"
                           " (i32.wrap_i64 ");
    writer_value(w, depth - 1);
    writer_put(w, "))))");
}

static void writer_branch(struct writer *w, unsigned depth)
{
    writer_put(w, "(if (result i64) (i64.lt_s ");
    writer_value(w, depth - 1);
    writer_value(w, depth - 1);
    writer_put(w, ") (then ");
    writer_value(w, depth - 1);
    writer_put(w, ") (else ");
    writer_value(w, depth - 1);
    writer_put(w, "))");
}

/* Local 2 + i counts the loop number i of the function. */
static void writer_loop(struct writer *w, unsigned depth)
{
    if (w->loops == 2) {
        writer_binary(w, depth);
        return;
    }
    unsigned counter = 2 + w->loops++;
    writer_number(w, "(block (result i64) (local.set ", counter,
                  " (i64.const 0)) (loop (local.set 1 ");
    writer_value(w, depth - 1);
    writer_number(w, ") (br_if 0 (i64.lt_u (local.tee ", counter, "");
    writer_number(w, " (i64.add (local.get ", counter, ") (i64.const 1)))");
    writer_number(w, " (i64.const ", testlib_rng_below(&w->rng, 40), ")))) (local.get 1))");
}

static void writer_call(struct writer *w, unsigned depth)
{
    if (w->function == 0) {
        writer_branch(w, depth);
        return;
    }
    if (testlib_rng_below(&w->rng, 3) == 0) {
        writer_put(w, "(call_indirect (param i64 i64) (result i64) ");
        writer_value(w, depth - 1);
        writer_value(w, depth - 1);
        writer_number(w, "(i32.const ", testlib_rng_below(&w->rng, 12), "))");
        return;
    }
    writer_number(w, "(call $f", testlib_rng_below(&w->rng, w->function), " ");
    writer_value(w, depth - 1);
    writer_value(w, depth - 1);
    writer_put(w, ")");
}

static void writer_other(struct writer *w, unsigned depth)
{
    static const char *const unary[] = {"clz", "ctz", "popcnt", "extend8_s", "extend32_s"};
    switch (testlib_rng_below(&w->rng, 5)) {
    case 0:
        writer_put(w, "(block (result i64) (global.set $g ");
        writer_value(w, depth - 1);
        writer_put(w, ") (global.get $g))");
        return;
    case 1:
        writer_put(w, "(i64.extend_i32_s (memory.grow (i32.and (i32.const 1) (i32.wrap_i64 ");
        writer_value(w, depth - 1);
        writer_put(w, "))))");
        return;
    case 2:
        writer_put(w,
                   "(block (result i64) (memory.fill (i32.and (i32.const 0xffff) (i32.wrap_i64 ");
        writer_value(w, depth - 1);
        writer_put(w, ")) (i32.const 7) (i32.const 300)) (call $gas_left))");
        return;
    case 3:
        writer_put(w, "(select ");
        writer_value(w, depth - 1);
        writer_value(w, depth - 1);
        writer_put(w, "(i64.eqz (local.get 0)))");
        return;
    default:
        writer_put(w, "(i64.");
        writer_put(w, unary[testlib_rng_below(&w->rng, BL_COUNT_OF(unary))]);
        writer_put(w, " ");
        writer_value(w, depth - 1);
        writer_put(w, ")");
    }
}

static void writer_value(struct writer *w, unsigned depth)
{
    static void (*const forms[])(struct writer * w, unsigned depth) = {
        writer_binary, writer_binary, writer_narrow, writer_memory,
        writer_branch, writer_loop,   writer_call,   writer_other};
    uint64_t choice = testlib_rng_below(&w->rng, BL_COUNT_OF(forms) + 1);
    if (depth > 0 && choice < BL_COUNT_OF(forms))
        forms[choice](w, depth);
    else if (testlib_rng_below(&w->rng, 2) == 0)
        writer_number(w, "(i64.const ", writer_constant(w), ")");
    else
        writer_number(w, "(local.get ", testlib_rng_below(&w->rng, 2), ")");
}

#define ENGINES_MODULES 25u
#define ENGINES_FUNCTIONS 12u

/* A module with ENGINES_FUNCTIONS methods m0, m1, ... that output what f0, f1, ... gave. */
static void writer_module(struct writer *w)
{
    writer_put(w, "(table 12 funcref) (elem (i32.const 0) $f0 $f1 $f2 $z $f3) (func $z)"
                  "(global $g (mut i64) (i64.const 5))");
    for (unsigned i = 0; i < ENGINES_FUNCTIONS; i++) {
        w->function = i;
        w->loops = 0;
        writer_number(w, "(func $f", i, " (param i64 i64) (result i64) (local i64 i64) ");
        writer_value(w, 5);
        writer_number(w, ")(func (export \"m", i,
                      "\") (call $input_read (i32.const 0) (i32.const 0) (i32.const 4)) (i64.store "
                      "(i32.const 0) (call $f");
        writer_number(w, "", i,
                      " (i64.load (i32.const 0)) (i64.const 77))) (call $storage_write (i32.const "
                      "0) (i32.const 1) (i32.const 0) (i32.const 8)) (call $output (i32.const 0) "
                      "(i32.const 8)))");
    }
}

/* Goal: random programs give the same result, gas, trap and state on both, with much gas and with
 * too little. */
static void test_generated(void **state)
{
    (void)state;
    static const char *const args[] = {"\x01\x01\x01\x01", "zero", "\x80\xff\x7f\x01",
                                       "\xff\xff\xff\xff"};
    static const uint64_t gas[] = {20000000, 31337, 300000, 9000};
    unsigned calls = 0;
    unsigned ends[BAALS_RECEIPT_LIMIT + 20] = {0};
    struct writer w = {.rng = testlib_rng(1), .text = malloc(ENGINES_TEXT_MAX)};
    assert_non_null(w.text);
    for (unsigned module = 0; module < ENGINES_MODULES; module++) {
        struct engines engines =
            engines_open((struct bl_contract_options){.compile_at_once = true});
        w.len = 0;
        writer_module(&w);
        engines_deploy(&engines, 0xaa, w.text);
        for (unsigned i = 0; i < ENGINES_FUNCTIONS * BL_COUNT_OF(args) * BL_COUNT_OF(gas); i++) {
            char method[16];
            (void)snprintf(method, sizeof method, "m%u", i % ENGINES_FUNCTIONS);
            unsigned rest = i / ENGINES_FUNCTIONS;
            baals_receipt_status status = engines_call(
                &engines, method, args[rest % BL_COUNT_OF(args)], gas[rest / BL_COUNT_OF(args)]);
            ends[status]++;
            calls++;
        }
        struct bl_contract_counts counts;
        bl_contract_counts(engines.fast->engine, &counts);
        assert_int_equal(counts.faults, 0);
        assert_true(counts.fast > 0);
        engines_close(&engines);
    }
    free(w.text);
    print_message("%u calls of %u modules: %u ok, %u trap, %u out of gas\n", calls, ENGINES_MODULES,
                  ends[BAALS_RECEIPT_OK], ends[BAALS_RECEIPT_TRAP], ends[BAALS_RECEIPT_OUT_OF_GAS]);
    assert_true(ends[BAALS_RECEIPT_OK] > 0 && ends[BAALS_RECEIPT_TRAP] > 0 &&
                ends[BAALS_RECEIPT_OUT_OF_GAS] > 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_native_stack),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_interruption),
        cmocka_unit_test(test_interruption_without_memory),
        cmocka_unit_test(test_host_failure),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_long_query),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_generated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
