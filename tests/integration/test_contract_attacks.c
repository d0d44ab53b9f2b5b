/* SPDX-License-Identifier: MIT */
/*
 * What contracts were attacked with elsewhere, each line a named test. Those marked * are here; the
 * build runs them, and the other tests of executions, once on every runtime it has.
 *
 * Metering: loops, empty loops, the ends of blocks, dead code, exactly enough and
 *   one short, start, many locals             * test_exact_gas (a row each), test_every_shortage
 *   gas near its bounds                       unit/contracts/engine test_gas_largest
 *   callee gas 0, above what is left, 63/64   unit/contracts/host_call test_callee_gas, _most
 * Memory: growth, huge and empty ranges       conformance/vm test_memory_grow, _traps; *
 * test_memory overlap, init after drop                  conformance/vm test_memory_overlap; *
 * test_memory host pointers at the end, wrapping        unit/contracts/host test_pointers cap 0, a
 * result over its key              unit/contracts/host_storage test_read, test_overlap Stack: self,
 * mutual, indirect recursion     * test_recursion (depth and gas are numbers) 512 locals in
 * recursion                   * test_recursion depth 16 and 17 unit/contracts/frame test_depth
 *   frames of 512 and 513                     unit/contracts/wasm_instrument test_exemption
 * Validator: the core suite                   vectors/wasm_suite
 *   over-long numbers                         unit/contracts/wasm_read test_u32, test_s32, test_s64
 *   sections, sizes, trailing bytes           unit/contracts/wasm_decode test_causes
 *   sums of locals                            unit/contracts/wasm_decode test_sums
 *   floats everywhere                         unit/contracts/wasm_code test_floats_by_name
 *   truncation, flipped bits                  unit/contracts/wasm_decode test_truncation,
 * _bit_flips Bombs: work linear in the input             integration/contract_bombs
 * test_work_is_linear, test_work_is_bounded Instrumenter: behaviour, cost of the path
 * vectors/wasm_suite test_suite the same bytes everywhere                 vectors/wasm
 * test_wasm_accepted Semantics: revert undoes all                unit/contracts/engine
 * test_rollback, unit/contracts/frame test_sub_call_rollback READONLY is inherited
 * unit/contracts/host_call test_readonly upgrade during its own call unit/contracts/host_code
 * test_set_code failing migrate                           unit/contracts/host_code
 * test_migrate_failures reserved and odd exports by name          unit/contracts/frame
 * test_method_names the same salt twice, a prefunded address  unit/contracts/host_code test_deploy,
 * _prefunded scan with writes during it                unit/contracts/host_storage
 * test_scan_with_writes 100,000 removals, then as many scans      unit/state/overlay isolation
 * between contracts               unit/contracts/frame test_isolation A compiled artifact is never
 * read from a disk, so none can be foreign or damaged.
 */
#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"

static int attacks_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int attacks_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* A body whose method "m" runs to its end or to a trap with enough gas. */
struct attack {
    const char *what;
    const char *body;
    baals_receipt_status status;
};

#define TABLE "(table 1 funcref) (elem (i32.const 0) $f) (type $v (func))"

static const struct attack attacks[] = {
    {"a loop without host calls",
     "(func (export \"m\") (local i32) (local.set 0 (i32.const 1000))"
     " (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))",
     BAALS_RECEIPT_OK},
    {"a block ends in a call", "(func $f) (func (export \"m\") (block (call $f)) (call $f))",
     BAALS_RECEIPT_OK},
    {"a block ends in call_indirect",
     TABLE "(func $f) (func (export \"m\") (block (call_indirect (type $v) (i32.const 0))))",
     BAALS_RECEIPT_OK},
    {"call_indirect of another type",
     TABLE "(func $f (param i32)) (func (export \"m\") (call_indirect (type $v) (i32.const 0)))",
     BAALS_RECEIPT_TRAP},
    {"a block ends in return",
     "(func (export \"m\") (block (drop (i32.const 1)) return) (drop (i32.const 2)))",
     BAALS_RECEIPT_OK},
    {"a block ends in br_table",
     "(func (export \"m\") (block (block (br_table 0 1 0 1 0 1 0 1 0 1 (i32.const 3)))"
     " (drop (i32.const 1))))",
     BAALS_RECEIPT_OK},
    {"a block ends in unreachable",
     "(func (export \"m\") (block unreachable) (drop (i32.const 1)))", BAALS_RECEIPT_TRAP},
    {"code after br",
     "(func (export \"m\") (block (br 0) (drop (i64.div_s (i64.const 1)"
     " (i64.const 0)))) (drop (i32.const 1)))",
     BAALS_RECEIPT_OK},
    {"if without else, not taken",
     "(func (export \"m\") (if (i32.const 0) (then (drop (i32.const 1)))) (drop (i32.const 2)))",
     BAALS_RECEIPT_OK},
    {"if without else, taken",
     "(func (export \"m\") (if (i32.const 1) (then (drop (i32.const 1)))) (drop (i32.const 2)))",
     BAALS_RECEIPT_OK},
    {"br to the function's label", "(func (export \"m\") (br 0) unreachable)", BAALS_RECEIPT_OK},
    {"br_if to the function's label", "(func (export \"m\") (br_if 0 (i32.const 1)) unreachable)",
     BAALS_RECEIPT_OK},
    {"recursion through call_indirect",
     "(table 1 funcref) (elem (i32.const 0) $f) (type $t (func (param i32)))"
     "(func $f (param i32) (if (local.get 0) (then (call_indirect (type $t) (i32.sub (local.get 0)"
     " (i32.const 1)) (i32.const 0)))))"
     "(func (export \"m\") (call $f (i32.const 50)))",
     BAALS_RECEIPT_OK},
    {"a start function",
     "(global $n (mut i32) (i32.const 100)) (start $s)"
     "(func $s (loop (global.set $n (i32.sub (global.get $n) (i32.const 1)))"
     " (br_if 0 (global.get $n)))) (func (export \"m\"))",
     BAALS_RECEIPT_OK},
    {"_initialize before the entry",
     "(func (export \"_initialize\") (drop (i64.div_u (i64.const 9) (i64.const 3))))"
     "(func (export \"m\"))",
     BAALS_RECEIPT_OK},
    {"memory grows and is filled",
     "(func (export \"m\") (drop (memory.grow (i32.const 3)))"
     " (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000)))",
     BAALS_RECEIPT_OK},
    {"a trap in the middle of a block",
     "(func (export \"m\") (drop (i32.load (i32.const -1))) (drop (i32.const 1))"
     " (drop (i32.const 2)))",
     BAALS_RECEIPT_TRAP},
    {"a host function at the end of a block",
     "(func (export \"m\") (block (call $log (i32.const 0) (i32.const 0) (i32.const 64))))",
     BAALS_RECEIPT_OK},
};

static baals_receipt_status attack_run(struct contract_fixture *fx, uint64_t gas)
{
    fx->execution.gas = gas;
    assert_ok(contract_run(fx, 0xaa, "m", "arguments"));
    return fx->result.status;
}

/* Gas the deployed method needs. */
static uint64_t attack_need(struct contract_fixture *fx, const struct attack *attack)
{
    baals_receipt_status status = attack_run(fx, 100 * 1000 * 1000);
    if (status != attack->status)
        fail_msg("%s: %s", attack->what, baals_receipt_status_name(status));
    return fx->result.gas_used;
}

/* Goal: with exactly the gas it needs an execution ends as with plenty, with one less it is out of
 * gas, and all of it is spent. */
static void test_exact_gas(void **state)
{
    struct contract_fixture *fx = *state;
    for (size_t i = 0; i < BL_COUNT_OF(attacks); i++) {
        contract_deploy_body(fx, 0xaa, attacks[i].body);
        uint64_t need = attack_need(fx, &attacks[i]);
        if (attack_run(fx, need) != attacks[i].status || fx->result.gas_used != need)
            fail_msg("%s: another end with exactly enough", attacks[i].what);
        if (attack_run(fx, need - 1) != BAALS_RECEIPT_OUT_OF_GAS || fx->result.gas_used != need - 1)
            fail_msg("%s: %s with one less", attacks[i].what,
                     baals_receipt_status_name(fx->result.status));
    }
}

/* Goal: there is no amount below the need that is enough: every one is out of gas. */
static void test_every_shortage(void **state)
{
    struct contract_fixture *fx = *state;
    for (size_t i = 1; i < BL_COUNT_OF(attacks); i++) {
        contract_deploy_body(fx, 0xaa, attacks[i].body);
        uint64_t need = attack_need(fx, &attacks[i]);
        uint64_t step = need / 300 + 1;
        for (uint64_t gas = 0; gas < need; gas += step) {
            if (attack_run(fx, gas) != BAALS_RECEIPT_OUT_OF_GAS)
                fail_msg("%s: %s with %llu of %llu", attacks[i].what,
                         baals_receipt_status_name(fx->result.status), (unsigned long long)gas,
                         (unsigned long long)need);
        }
    }
}

/* Goal: loops that never end are out of gas, with or without anything in them. */
static void test_endless(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const bodies[] = {
        "(func (export \"m\") (loop (br 0)))",
        "(func (export \"m\") (loop (br_if 0 (i32.const 1))))",
        "(func (export \"m\") (loop (br_table 0 0 (i32.const 0))))",
        "(func (export \"m\") (loop (block (br 1))))",
        "(func (export \"m\") (loop (if (i32.const 1) (then (br 1)))))",
        "(func (export \"m\") (loop (drop (memory.grow (i32.const 0))) (br 0)))",
        "(start $s) (func $s (loop (br 0))) (func (export \"m\"))",
    };
    for (size_t i = 0; i < BL_COUNT_OF(bodies); i++) {
        contract_deploy_body(fx, 0xaa, bodies[i]);
        assert_int_equal(attack_run(fx, 1000000), BAALS_RECEIPT_OUT_OF_GAS);
        assert_int_equal(fx->result.gas_used, 1000000);
    }
}

/* Goal: memory outside its bounds traps, growth beyond the maximum answers -1 for 200 gas, and
 * lengths that are too large are paid before they are refused. */
static void test_memory(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct attack rows[] = {
        {"grow by 0",
         "(func (export \"m\") (if (i32.ne (memory.grow (i32.const 0)) (i32.const 1))"
         " (then unreachable)))",
         BAALS_RECEIPT_OK},
        {"grow to the maximum",
         "(func (export \"m\") (if (i32.ne (memory.grow (i32.const 255))"
         " (i32.const 1)) (then unreachable)))",
         BAALS_RECEIPT_OK},
        {"grow past the maximum",
         "(func (export \"m\") (if (i32.ne (memory.grow (i32.const 256))"
         " (i32.const -1)) (then unreachable)))",
         BAALS_RECEIPT_OK},
        {"grow by 2^32 - 1",
         "(func (export \"m\") (if (i32.ne (memory.grow (i32.const -1))"
         " (i32.const -1)) (then unreachable)))",
         BAALS_RECEIPT_OK},
        {"nothing at the very end",
         "(func (export \"m\") (memory.fill (i32.const 65536)"
         " (i32.const 1) (i32.const 0)))",
         BAALS_RECEIPT_OK},
        {"nothing beyond the end",
         "(func (export \"m\") (memory.fill (i32.const 65537)"
         " (i32.const 1) (i32.const 0)))",
         BAALS_RECEIPT_TRAP},
        {"copy over the end",
         "(func (export \"m\") (memory.copy (i32.const 65535) (i32.const 0)"
         " (i32.const 2)))",
         BAALS_RECEIPT_TRAP},
        {"init after drop",
         "(data $d \"abc\") (func (export \"m\") (data.drop $d)"
         " (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))",
         BAALS_RECEIPT_TRAP},
        {"nothing of what was dropped",
         "(data $d \"abc\") (func (export \"m\") (data.drop $d)"
         " (memory.init $d (i32.const 0) (i32.const 0)"
         " (i32.const 0)))",
         BAALS_RECEIPT_OK},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        contract_deploy_body(fx, 0xaa, rows[i].body);
        (void)attack_need(fx, &rows[i]);
    }
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"m\") (memory.fill (i32.const 0) (i32.const 0)"
                         " (i32.const -1)))");
    assert_int_equal(attack_run(fx, 1000000), BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(attack_run(fx, 1ull << 30), BAALS_RECEIPT_TRAP);
    assert_true(fx->result.gas_used > (1u << 29));
}

/* The recursion at whose depth `depth` the method still ends OK, found by halving. */
static uint32_t attack_deepest(struct contract_fixture *fx)
{
    uint32_t good = 0, bad = 1u << 20;
    while (bad - good > 1) {
        uint32_t depth = good + (bad - good) / 2;
        uint8_t args[4];
        bl_store_u32le(args, depth);
        baals_execution execution = fx->execution;
        execution.contract = fake_address(0xaa);
        execution.method = bl_slice_str("m");
        execution.has_args = 1;
        execution.args = bl_slice(args, sizeof args);
        execution.gas = 1ull << 30;
        assert_ok(contract_execute(fx, &execution));
        if (fx->result.status == BAALS_RECEIPT_OK)
            good = depth;
        else
            bad = depth;
        if (fx->result.status != BAALS_RECEIPT_OK)
            assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_STACK);
    }
    return good;
}

#define ENTER                                                                                      \
    "(func (export \"m\") (call $input_read (i32.const 0) (i32.const 0) (i32.const 4))"            \
    " (call $f (i32.load (i32.const 0))))"

/* Goal: recursion ends OUT_OF_STACK at the depth that the budget of 262,144 and F give, whatever
 * the engine's own stack. The method itself has F = 64 + 8 x 3. */
static void test_recursion(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        const char *body;
        uint32_t frame; /* F of one turn */
        uint32_t turn;  /* calls in one turn */
    } rows[] = {
        {ENTER "(func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0)"
               " (i32.const 1))))))",
         64 + 8 * 3, 1},
        {ENTER "(func $f (param i32) (if (local.get 0) (then (call $g (i32.sub (local.get 0)"
               " (i32.const 1))))))"
               "(func $g (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0)"
               " (i32.const 1))))))",
         64 + 8 * 3, 1},
        {"(table 1 funcref) (elem (i32.const 0) $f) (type $t (func (param i32)))" ENTER
         "(func $f (param i32) (if (local.get 0) (then (call_indirect (type $t) (i32.sub"
         " (local.get 0) (i32.const 1)) (i32.const 0)))))",
         64 + 8 * 3, 1},
    };
    uint32_t entry = 64 + 8 * 3;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        contract_deploy_body(fx, 0xaa, rows[i].body);
        /* Depth n makes n + 1 calls of f. */
        assert_int_equal(attack_deepest(fx), (262144 - entry) / rows[i].frame - 1);
    }
    /* 511 locals and a parameter: F = 64 + 8 x 512 + 8 x 2. */
    char body[8192] = ENTER "(func $f (param i32) (local";
    for (int i = 0; i < 511; i++)
        (void)strcat(body, " i64");
    (void)strcat(body, ") (if (local.get 0) (then (call $f (i32.sub (local.get 0)"
                       " (i32.const 1))))))");
    contract_deploy_body(fx, 0xaa, body);
    assert_int_equal(attack_deepest(fx), (262144 - entry) / (64 + 8 * 514) - 1);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define ATTACK_TEST(name) cmocka_unit_test_setup_teardown(name, attacks_setup, attacks_teardown)
    const struct CMUnitTest tests[] = {
        ATTACK_TEST(test_exact_gas), ATTACK_TEST(test_every_shortage), ATTACK_TEST(test_endless),
        ATTACK_TEST(test_memory),    ATTACK_TEST(test_recursion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
