/* SPDX-License-Identifier: MIT */
/* From instrumented code back: against the oracle, which runs the module as it was written, and
 * instruction by instruction. */
#include <stdlib.h>
#include <string.h>

#include "contracts/wasm_names.h"
#include "interpreter_fixture.h"
#include "testlib_wasm.h"

#define PLACE_SEEDS 400u
#define PLACE_GAS 200000

/* The trap of `main` on one form of a module; false when it does not end in a trap of its own. */
static bool place_trap(baals_vm_trap *out, uint8_t *code, size_t len, bool counting)
{
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), counting);
    interpreter_instantiate(&fx, PLACE_GAS);
    baals_vm_end end = interpreter_call(&fx, "main", out);
    if (!counting && end == BAALS_VM_END_TRAP && out->status != BAALS_TRAP_GAS &&
        out->status != BAALS_TRAP_STACK) {
        uint32_t offset = UINT32_MAX;
        assert_true(bl_wasm_place_original(&offset, bl_slice(code, len), fx.bytes,
                                           out->function_index, out->offset));
        out->offset = offset;
    }
    interpreter_close(&fx);
    return end == BAALS_VM_END_TRAP && out->status != BAALS_TRAP_GAS &&
           out->status != BAALS_TRAP_STACK;
}

/* Goal: a random module traps at the same place in both forms. */
static void test_random_traps(void **state)
{
    (void)state;
    uint32_t traps = 0;
    for (uint64_t seed = 1; seed <= PLACE_SEEDS; seed++) {
        struct testlib_rng rng;
        rng = testlib_rng(seed);
        size_t len = 0;
        uint8_t *code = testlib_wasm_random(&len, &rng);
        baals_vm_trap metered, oracle;
        if (place_trap(&metered, code, len, false)) {
            traps++;
            if (!place_trap(&oracle, code, len, true) || metered.status != oracle.status ||
                metered.function_index != oracle.function_index || metered.offset != oracle.offset)
                fail_msg("seed %llu: function %u at %u, the oracle's %u at %u",
                         (unsigned long long)seed, metered.function_index, metered.offset,
                         oracle.function_index, oracle.offset);
        }
        free(code);
    }
    print_message("%u traps\n", traps);
    assert_true(traps > 20);
}

/* Every place of a function leads back into it, never backwards, and reaches every instruction. */
static void place_walk(const struct interpreter_fixture *fx, uint32_t i)
{
    const struct bl_wasm_module *input = fx->input;
    const struct bl_wasm_module *output = interpreter_module(fx)->wasm;
    const struct bl_wasm_function *from = &output->functions[i];
    const struct bl_wasm_function *to = &input->functions[i];
    struct bl_wasm_cursor cursor = {
        .bytes = input->bytes.data, .at = to->code_offset, .end = to->code_offset + to->code_len};
    struct bl_wasm_instruction instruction;
    uint32_t expected = to->code_offset;
    for (uint32_t at = 0; at < from->code_len; at++) {
        uint32_t offset = 0;
        assert_true(bl_wasm_place_original(&offset, input->bytes, output->bytes,
                                           input->import_count + i, from->code_offset + at));
        if (offset == expected)
            continue;
        assert_int_equal(bl_wasm_read_instruction(&instruction, &cursor), BL_WASM_CODE_OK);
        expected = cursor.at;
        assert_int_equal(offset, expected);
    }
    assert_int_equal(expected, to->code_offset + to->code_len - 1);
}

/* Goal: instructions of the original are met one by one, in order, none left out. */
static void test_every_instruction(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct testlib_rng rng;
        struct interpreter_fixture fx;
        rng = testlib_rng(seed);
        size_t len = 0;
        uint8_t *code = testlib_wasm_random(&len, &rng);
        interpreter_open(&fx, bl_slice(code, len), false);
        for (uint32_t i = 0; i < fx.input->function_count; i++)
            place_walk(&fx, i);
        interpreter_close(&fx);
        free(code);
    }
}

/* Goal: functions and offsets that are not there, and bytes that are no module, give no place. */
static void test_nowhere(void **state)
{
    (void)state;
    struct testlib_rng rng;
    struct interpreter_fixture fx;
    rng = testlib_rng(3);
    size_t len = 0;
    uint8_t *code = testlib_wasm_random(&len, &rng);
    interpreter_open(&fx, bl_slice(code, len), false);
    uint32_t offset = 77;
    uint32_t there = interpreter_module(&fx)->wasm->functions[0].code_offset;
    baals_slice whole = bl_slice(code, len);
    assert_true(bl_wasm_place_original(&offset, whole, fx.bytes, 0, there));
    offset = 77;
    assert_false(bl_wasm_place_original(&offset, whole, fx.bytes, 0, 0));
    assert_false(bl_wasm_place_original(&offset, whole, fx.bytes, 0, UINT32_MAX));
    assert_false(bl_wasm_place_original(&offset, whole, fx.bytes, 9999, there));
    assert_false(bl_wasm_place_original(&offset, bl_slice(NULL, 0), fx.bytes, 0, there));
    assert_false(bl_wasm_place_original(&offset, whole, bl_slice(NULL, 0), 0, there));
    assert_int_equal(offset, 77);
    for (size_t i = 0; i < len; i++) {
        (void)!bl_wasm_place_original(&offset, bl_slice(code, i), fx.bytes, 0, there);
        code[i] ^= 0x55;
        (void)!bl_wasm_place_original(&offset, whole, fx.bytes, 0, there + 40);
        code[i] ^= 0x55;
    }
    interpreter_close(&fx);
    free(code);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_traps),
        cmocka_unit_test(test_every_instruction),
        cmocka_unit_test(test_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
