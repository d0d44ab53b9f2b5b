/* SPDX-License-Identifier: MIT */
/*
 * Executions of contracts that use every host function which keeps something or calls on, also
 * those of version 2, in which every allocation fails once: the k-th, k = 1, 2, 3, ... until the
 * execution ends before it is reached. Each must be a local failure that changes nothing, and the
 * next try must come out as if nothing had been. The engine caches no module, so that preparing
 * all of them is part of every execution.
 */
#include <string.h>

#include "contract_fixture.h"
#include "crypto/crypto.h"

#define SWEEP_THROUGH 16u

/* Its code is what others deploy and migrate to. */
static const char sweep_callee[] =
    "(func $keep (call $caller (i32.const 100)) (call $storage_write (i32.const 256) (i32.const 1)"
    " (i32.const 100) (i32.const 32)) (call $input_read (i32.const 200) (i32.const 0)"
    " (call $input_len)) (call $output (i32.const 200) (call $input_len)))"
    "(func (export \"init\") (call $keep))"
    "(func (export \"migrate\") (call $keep))"
    "(func (export \"m\") (call $keep))";

/* 512: the contract's id; 544: 0xbb's id, also a salt; 2048: the hash of 0xbb's code; 3072: the
 * answers of all functions. */
#define SWEEP_DATA                                                                                 \
    "(data (i32.const 256) \"key0val1m\")"                                                         \
    "(func $ids (memory.fill (i32.const 512) (i32.const 0xaa) (i32.const 32))"                     \
    " (memory.fill (i32.const 544) (i32.const 0xbb) (i32.const 32)))"                              \
    "(global $at (mut i32) (i32.const 3072))"                                                      \
    "(func $keep (param i32) (i32.store (global.get $at) (local.get 0))"                           \
    " (global.set $at (i32.add (global.get $at) (i32.const 4))))"
#define SWEEP_NEXT                                                                                 \
    "(call $keep (call $storage_next (local.get 0) (i32.const 2200) (i32.const 32)"                \
    " (i32.const 4096) (i32.const 2048) (i32.const 2400)))"

static const char sweep_storage[] = SWEEP_DATA
    "(func (export \"m\") (local i32)"
    " (call $storage_write (i32.const 256) (i32.const 4) (i32.const 260) (i32.const 4))"
    " (call $storage_write (i32.const 257) (i32.const 3) (i32.const 0) (i32.const 2000))"
    " (local.set 0 (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
    "  (i32.const 0)))" SWEEP_NEXT SWEEP_NEXT SWEEP_NEXT "(call $storage_scan_end (local.get 0))"
    " (call $keep (call $storage_read (i32.const 256) (i32.const 4) (i32.const 2500)"
    "  (i32.const 4)))"
    " (call $keep (call $storage_remove (i32.const 257) (i32.const 3)))"
    " (call $log_event (i32.const 256) (i32.const 4) (i32.const 260) (i32.const 4))"
    " (call $log (i32.const 1) (i32.const 256) (i32.const 4))"
    " (drop (memory.grow (i32.const 2)))"
    " (call $output (i32.const 3072) (i32.const 24)))";

/* At 32 a secp256k1 signature of the digest 0: R is the base point, s is 1. */
static const char sweep_crypto[] = SWEEP_DATA
    "(data (i32.const 32) \"\\79\\be\\66\\7e\\f9\\dc\\bb\\ac\\55\\a0\\62\\95\\ce\\87\\0b\\07"
    "\\02\\9b\\fc\\db\\2d\\ce\\28\\d9\\59\\f2\\81\\5b\\16\\f8\\17\\98\")"
    "(data (i32.const 95) \"\\01\")"
    "(func (export \"m\")"
    " (call $random (i32.const 800))"
    " (call $keep (call $crypto_hash (i32.const 0) (i32.const 256) (i32.const 9)"
    "  (i32.const 2600)))"
    " (call $keep (call $crypto_verify (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 64)"
    "  (i32.const 64) (i32.const 256) (i32.const 9)))"
    " (call $keep (call $crypto_recover (i32.const 0) (i32.const 32) (i32.const 0)"
    "  (i32.const 300)))"
    " (call $keep (call $crypto_verify (i32.const 1) (i32.const 300) (i32.const 65) (i32.const 32)"
    "  (i32.const 64) (i32.const 0) (i32.const 32)))"
    " (call $storage_write (i32.const 256) (i32.const 4) (i32.const 800) (i32.const 32))"
    " (call $output (i32.const 3072) (i32.const 16)))";

static const char sweep_code[] = SWEEP_DATA
    "(func (export \"m\") (call $ids)"
    " (call $keep (call $transfer (i32.const 544) (i64.const 40)))"
    " (call $keep (call $transfer (i32.const 256) (i64.const 3)))"
    " (call $keep (call $code_hash (i32.const 544) (i32.const 2048)))"
    " (call $keep (call $deploy_contract (i32.const 2048) (i32.const 544) (i32.const 256)"
    "  (i32.const 8) (i64.const 30) (i64.const -1) (i32.const 1024)))"
    " (call $keep (call $result_len))"
    " (call $keep (call $call_contract (i32.const 1024) (i32.const 264) (i32.const 1)"
    "  (i32.const 256) (i32.const 9) (i64.const 1) (i64.const -1) (i32.const 0)))"
    " (call $result_read (i32.const 2500) (i32.const 0) (i32.const 9))"
    " (call $keep (call $set_code (i32.const 2048) (i32.const 256) (i32.const 8)"
    "  (i64.const -1)))"
    " (call $output (i32.const 3072) (i32.const 28)))";

static const char sweep_command[] =
    "(func (export \"_start\")"
    " (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3))"
    " (call $storage_write (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 1))"
    " (drop (call $random_get (i32.const 128) (i32.const 40)))"
    " (loop (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "  (if (i32.load (i32.const 8)) (then"
    "   (i32.store (i32.const 16) (i32.const 64))"
    "   (i32.store (i32.const 20) (i32.load (i32.const 8)))"
    "   (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))"
    "   (drop (call $fd_write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))"
    "   (br 1))))"
    " (call $proc_exit (i32.const 0)))";

struct sweep_case {
    const char *name;
    const char *body;
    const char *method;
    const char *output; /* hex */
    unsigned failures;  /* at least */
};
static const struct sweep_case sweep_cases[] = {
    {"storage", sweep_storage, "m", "010000000100000000000000040000000100000000000000", 30},
    {"crypto", sweep_crypto, "m", "20000000000000000100000001000000", 30},
    {"code", sweep_code, "m", "00000000000000000100000000000000080000000000000000000000", 100},
    {"command", sweep_command, "main", "68656c6c6f2c20636861696e", 25},
};

static void sweep_number(struct bl_buffer *out, uint64_t number)
{
    uint8_t bytes[8];
    bl_store_u64be(bytes, number);
    bl_buffer_append(out, bytes, sizeof bytes);
}

/* The whole state, and with `receipt` what came back, in one hash. */
static baals_hash sweep_digest(const struct contract_fixture *fx, bool receipt)
{
    struct bl_buffer all;
    baals_hash hash;
    const struct fake_state *state = &fx->host.state;
    bl_buffer_init(&all, bl_alloc_system(), SIZE_MAX);
    for (size_t i = 0; i < state->entry_count; i++) {
        bl_buffer_append(&all, state->entries[i].contract.bytes, 32);
        bl_buffer_append(&all, state->entries[i].key.data, state->entries[i].key.len);
        bl_buffer_append(&all, state->entries[i].value.data, state->entries[i].value.len);
    }
    for (size_t i = 0; i < state->account_count; i++) {
        bl_buffer_append(&all, state->accounts[i].address.bytes, 32);
        bl_buffer_append(&all, state->accounts[i].code_hash.bytes, 32);
        sweep_number(&all, state->accounts[i].balance);
    }
    for (size_t i = 0; i < state->event_count; i++)
        bl_buffer_append(&all, state->events[i].data.data, state->events[i].data.len);
    if (receipt) {
        sweep_number(&all, fx->result.gas_used);
        sweep_number(&all, (uint64_t)fx->result.status);
        bl_buffer_append(&all, fx->result.output.data, fx->result.output.len);
    }
    assert_ok(bl_buffer_status(&all, NULL));
    bl_sha256(&hash, bl_buffer_slice(&all));
    bl_buffer_deinit(&all);
    return hash;
}

/* What the case is about took place. */
static void sweep_answers(const struct contract_fixture *fx, const struct sweep_case *it)
{
    char hex[128] = "";
    if (fx->result.output.len < sizeof hex / 2)
        bl_hex_encode(hex, fx->result.output.data, fx->result.output.len);
    if (fx->result.status != BAALS_RECEIPT_OK || strcmp(hex, it->output) != 0)
        fail_msg("%s: status %d, trap %s, output %s", it->name, (int)fx->result.status,
                 baals_status_name(fx->result.trap), hex);
}

/* Runs the case, its k-th allocation failing (0: none), and takes back what it did. *digest_out:
 * with the receipt when the status is OK. Leaves no memory in use. */
static baals_status sweep_try(struct contract_fixture *fx,
                              const struct sweep_case *it,
                              uint64_t k,
                              baals_hash *digest_out)
{
    baals_contract_host *host = &fx->host.base;
    uint32_t checkpoint = host->ops->checkpoint(host);
    uint32_t saved = fx->host.saved_count;
    int64_t live = fx->memory.live;
    fx->memory.fail_at = k == 0 ? 0 : fx->memory.calls + k;
    baals_status status = contract_run(fx, 0xaa, it->method, "hello, chain");
    assert_int_equal(fx->host.saved_count, saved);
    *digest_out = sweep_digest(fx, status == BAALS_OK);
    if (status == BAALS_OK)
        sweep_answers(fx, it);
    host->ops->rollback(host, checkpoint);
    bl_contract_result_release(fx->engine, &fx->result);
    assert_int_equal(fx->memory.live, live);
    return status;
}

/* Each allocation of one case fails once. */
static unsigned sweep_each(struct contract_fixture *fx, const struct sweep_case *it)
{
    baals_hash untouched = sweep_digest(fx, false);
    baals_hash expected;
    baals_hash digest;
    assert_ok(sweep_try(fx, it, 0, &expected));
    for (unsigned k = 1;; k++) {
        baals_status status = sweep_try(fx, it, k, &digest);
        bool reached = fx->memory.calls >= fx->memory.fail_at;
        if (status == BAALS_OK) {
            /* Compiled code that cannot be had is no failure: the interpreter runs. */
            assert_memory_equal(digest.bytes, expected.bytes, sizeof digest.bytes);
        } else {
            assert_true(reached);
            assert_true(status == BAALS_NOMEM || status == BAALS_INTERNAL_FAULT);
            assert_memory_equal(digest.bytes, untouched.bytes, sizeof digest.bytes);
        }
        /* The next one comes further than this; now and then it is let through to the end. */
        if (k % SWEEP_THROUGH == 0 || !reached) {
            assert_ok(sweep_try(fx, it, 0, &digest));
            assert_memory_equal(digest.bytes, expected.bytes, sizeof digest.bytes);
        }
        if (!reached)
            return k - 1;
    }
}

static void sweep_case(const char *vm, size_t number)
{
    struct bl_contract_options options = {.vm = vm, .cache_bytes = 1, .compile_at_once = true};
    struct contract_fixture *fx = contract_fixture_new_with(&options);
    const struct sweep_case *it = &sweep_cases[number];
    fx->execution.wasm_limits = 2;
    fx->execution.gas_schedule = 2;
    contract_deploy_body(fx, 0xbb, sweep_callee);
    contract_deploy_body(fx, 0xaa, it->body);
    fake_account(&fx->host, 0xaa)->balance = 1000;
    unsigned failures = sweep_each(fx, it);
    print_message("%s, %s: %u allocations failed one by one\n", vm, it->name, failures);
    assert_true(failures >= it->failures);
    contract_fixture_free(fx);
}

/* Goal: on the interpreter every failed allocation is a local failure without a trace. */
static void test_interpreter(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(sweep_cases); i++)
        sweep_case("interpreter", i);
}

#ifdef BAALS_HAVE_WASMTIME
/* Goal: the same on wasmtime, where what cannot be compiled runs on the interpreter. */
static void test_wasmtime(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(sweep_cases); i++)
        sweep_case("wasmtime", i);
}
#endif

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interpreter),
#ifdef BAALS_HAVE_WASMTIME
        cmocka_unit_test(test_wasmtime),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
