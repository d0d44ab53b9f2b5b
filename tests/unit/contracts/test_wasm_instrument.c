/* SPDX-License-Identifier: MIT */
/*
 * The instrumenter as a whole: one module byte for byte, reserved exports, size limits, failures,
 * and thousands of random modules whose output is valid, the same every time and never renumbered.
 */
#include "contracts/wasm.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "testlib_wasm.h"

static const struct bl_wasm_import_spec instrument_specs[] = {{"baals1", "take", "il:"}};
static const struct bl_wasm_imports instrument_imports = {instrument_specs, 1};

struct instrumented {
    uint8_t *bytes;
    struct bl_arena arena;
    struct bl_buffer out;
    const struct bl_wasm_module *input;
    struct bl_wasm_instrumented info;
    baals_error err;
};

static baals_status instrument_bytes(struct instrumented *it, uint8_t *bytes, size_t len)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &instrument_imports};
    *it = (struct instrumented){.bytes = bytes};
    bl_arena_init(&it->arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&it->out, bl_alloc_system(), SIZE_MAX);
    if (bl_wasm_decode(&it->input, &it->arena, bl_slice(bytes, len), &options, NULL, &it->err) !=
        BAALS_OK)
        fail_msg("%s", it->err.message);
    return bl_wasm_instrument(&it->out, &it->info, it->input, bl_gas_schedule_get(1), &it->arena,
                              &it->err);
}

static baals_status instrument_text(struct instrumented *it, const char *text)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    return instrument_bytes(it, bytes, len);
}

static void instrument_end(struct instrumented *it)
{
    bl_buffer_deinit(&it->out);
    bl_arena_deinit(&it->arena);
    free(it->bytes);
}

#define CHARGE(gas, cost) "23 " gas " 42 " cost " 7d 24 " gas " 23 " gas " 42 00 53 04 40 00 0b "

/* Every section is written as docs/spec/gas.md says. */
static void test_whole_module(void **state)
{
    (void)state;
    struct instrumented it;
    size_t len = 0;
    assert_ok(instrument_text(
        &it, "0: 'first' 01; 1: 82 00 60 00 00 60 02 7f 7e 00; 2: 01 'baals1' 'take' 00 01;"
             "3: 02 00 00; 4: 01 70 01 04 7f; 5: 01 01 01 ff 01; 0: 'middle' 02;"
             "6: 02 7f 00 41 ff 00 0b 7e 01 42 80 80 80 00 0b;"
             "7: 05 'b' 00 02 'm' 02 00 'a' 00 01 't' 01 00 'g' 03 00; 8: 02;"
             "9: 01 02 00 41 81 00 0b 00 02 01 80 00; c: 02;"
             "a: 02 [00 0b] [00 41 00 41 00 41 00 fc 08 80 00 00 0b];"
             "b: 02 02 00 41 90 00 0b 'hi' 01 81 00 7a; 0: 'last' ;"));
    uint8_t *expected = testlib_wasm(
        &len,
        "1: 03 60 00 00 60 02 7f 7e 00 60 01 7f 01 7f; 2: 01 'baals1' 'take' 00 01;"
        "3: 03 00 00 02; 4: 01 70 00 04; 5: 01 01 01 ff 01;"
        "6: 04 7f 00 41 ff 00 0b 7e 01 42 00 0b 7e 01 42 00 0b 7f 01 41 00 0b;"
        "7: 06 'b' 00 02 'a' 00 01 'baals.memory' 02 00 'baals.gas' 03 02 'baals.stack' 03 03"
        " 'baals.start' 00 02;"
        "9: 01 00 41 01 0b 02 01 00; c: 02;"
        "a: 03 [00 " CHARGE(
            "02", "0a") "0b]"
                        " [00 " CHARGE("02", "37") "41 00 41 00 41 00 10 03 fc 08 00 00 0b]"
                                                   " [00 23 02 20 00 ad 42 07 7c 42 08 80 7d 24 02 "
                                                   "23 02 42 00 53 04 40 00 0b 20 00 0b];"
                                                   "b: 02 00 41 10 0b 'hi' 01 01 7a;");
    assert_int_equal(it.out.len, len);
    assert_memory_equal(it.out.data, expected, len);
    assert_int_equal(it.info.gas_global, 2);
    assert_int_equal(it.info.stack_global, 3);
    assert_int_equal(it.info.start_function, 2);
    assert_int_equal(it.info.module->profile, BL_WASM_INSTRUMENTED);
    free(expected);
    instrument_end(&it);
}

/* A module with a memory and nothing else gets counters and exports only. */
static void test_smallest_module(void **state)
{
    (void)state;
    struct instrumented it;
    size_t len = 0;
    assert_ok(instrument_text(&it, "5: 01 00 01;"));
    uint8_t *expected =
        testlib_wasm(&len, "5: 01 01 01 80 02; 6: 02 7e 01 42 00 0b 7f 01 41 00 0b;"
                           "7: 03 'baals.memory' 02 00 'baals.gas' 03 00 'baals.stack' 03 01;");
    assert_int_equal(it.out.len, len);
    assert_memory_equal(it.out.data, expected, len);
    assert_int_equal(it.info.start_function, BL_WASM_NONE);
    free(expected);
    instrument_end(&it);
}

/* Modules that are no contracts, as the core suite has them, can be instrumented too: without a
 * memory there is no export of it. */
static void test_without_memory(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INSTRUMENTED, 1, &instrument_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    size_t len = 0;
    size_t expected_len = 0;
    uint8_t *bytes = testlib_wasm(&len, "0: 'x' ;");
    uint8_t *expected = testlib_wasm(&expected_len, "6: 02 7e 01 42 00 0b 7f 01 41 00 0b;"
                                                    "7: 02 'baals.gas' 03 00 'baals.stack' 03 01;");
    struct bl_arena arena;
    struct bl_buffer out;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
    assert_ok(bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(1), &arena, NULL));
    assert_int_equal(out.len, expected_len);
    assert_memory_equal(out.data, expected, expected_len);
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
    free(expected);
    free(bytes);
}

/* A stored instrumented form is described as when it was made; anything else is CORRUPT. */
static void test_describe(void **state)
{
    (void)state;
    struct instrumented it;
    struct bl_wasm_instrumented found = {0};
    assert_ok(instrument_text(&it, "1: 01 60 00 00; 3: 01 00; 5: 01 00 01; 8: 00; a: 01 [00 0b];"));
    assert_ok(bl_wasm_instrumented_describe(&found, it.info.module, NULL));
    assert_ptr_equal(found.module, it.info.module);
    assert_int_equal(found.gas_global, it.info.gas_global);
    assert_int_equal(found.stack_global, it.info.stack_global);
    assert_int_equal(found.start_function, it.info.start_function);
    assert_status(bl_wasm_instrumented_describe(&found, it.input, NULL), BAALS_CORRUPT_STORE);
    instrument_end(&it);

    static const char *const others[] = {
        "5: 01 00 01;",
        /* the gas counter is an i32 */
        "5: 01 00 01; 6: 02 7f 01 41 00 0b 7f 01 41 00 0b; 7: 02 'baals.gas' 03 00 'baals.stack' "
        "03 01;",
        /* the stack counter cannot be set */
        "5: 01 00 01; 6: 02 7e 01 42 00 0b 7f 00 41 00 0b; 7: 02 'baals.gas' 03 00 'baals.stack' "
        "03 01;",
        /* the start function has a parameter */
        "1: 01 60 01 7f 00; 3: 01 00; 5: 01 00 01; 6: 02 7e 01 42 00 0b 7f 01 41 00 0b;"
        "7: 03 'baals.gas' 03 00 'baals.stack' 03 01 'baals.start' 00 00; a: 01 [00 0b];",
        /* a start section would run before gas is set */
        "1: 01 60 00 00; 3: 01 00; 5: 01 00 01; 6: 02 7e 01 42 00 0b 7f 01 41 00 0b;"
        "7: 02 'baals.gas' 03 00 'baals.stack' 03 01; 8: 00; a: 01 [00 0b];",
    };
    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        const struct bl_wasm_options options = {BL_WASM_INSTRUMENTED, 1, &instrument_imports};
        const struct bl_wasm_module *module = NULL;
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, others[i]);
        struct bl_arena arena;
        bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
        assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
        assert_status(bl_wasm_instrumented_describe(&found, module, NULL), BAALS_CORRUPT_STORE);
        bl_arena_deinit(&arena);
        free(bytes);
    }
}

static baals_status instrument_branches(struct instrumented *it, unsigned count)
{
    char text[128];
    (void)snprintf(text, sizeof text,
                   "1: 01 60 00 00; 3: 01 00; 5: 01 00 01; a: 01 [00 *%u{41 00 0d 00} 0b];", count);
    return instrument_text(it, text);
}

/* Output beyond 4 times the input and 4 KiB is refused, by name, and nothing is written. */
static void test_growth_limit(void **state)
{
    (void)state;
    struct instrumented it;
    unsigned good = 1;
    unsigned bad = 4000;
    while (bad - good > 1) {
        const unsigned middle = good + (bad - good) / 2;
        if (instrument_branches(&it, middle) == BAALS_OK)
            good = middle;
        else
            bad = middle;
        instrument_end(&it);
    }
    assert_int_equal(instrument_branches(&it, good), BAALS_OK);
    assert_true(it.out.len <= 4 * it.input->bytes.len + 4096);
    assert_true(it.out.len + 40 > 4 * it.input->bytes.len + 4096);
    instrument_end(&it);
    assert_int_equal(instrument_branches(&it, bad), BAALS_REJECT_CODE);
    assert_non_null(strstr(it.err.message, "LIMIT_INSTRUMENTED_BYTES"));
    assert_int_equal(it.out.len, 0);
    assert_null(it.info.module);
    instrument_end(&it);
}

/* A module at every limit at once leaves room for what the instrumenter adds: the widened limits of
 * the instrumented profile hold, or the assertion behind them would end the test. */
static void test_at_the_limits(void **state)
{
    (void)state;
#define ONE "1: 01 60 00 00; 3: 01 00; 5: 01 00 01;"
    static const char *const texts[] = {
        /* the deepest nesting, guarded, charged inside, with a return from there */
        ONE "a: 01 [00 *512{02 40} 41 00 0d 00 0f *512{0b} 10 00 0b];",
        ONE "a: 01 [00 *511{02 40} 41 00 04 40 10 00 0f 0b *511{0b} 10 00 0b];",
        /* the highest operand stack, charged at its top */
        ONE "a: 01 [00 *1024{41 00} 03 40 01 0b *1024{1a} 10 00 0b];",
        ONE "a: 01 [00 *1023{41 00} 40 00 03 40 01 0b *1023{1a} 0b];",
        ONE "a: 01 [00 *1024{42 00} 03 40 01 0b *1024{1a} 0b];",
        /* types and functions, with both helpers */
        "1: #1024 *1024{60 00 00}; 3: #10000 *10000{00}; 5: 01 00 01;"
        "a: #10000 [00 41 00 40 00 1a 41 00 41 00 41 00 fc 0b 00 0b] *9999{[00 *13{01} 0b]};",
        /* parameters and locals of a function and of the module */
        "1: 01 60 20 *32{7e} 00; 3: #312 *312{00}; 5: 01 00 01;"
        "a: #312 [01 #512 7e 41 00 40 00 1a 41 00 41 00 41 00 fc 0b 00 0b] *96{[01 #512 7f 0b]}"
        " *215{[00 0b]};",
        /* globals */
        ONE "6: #256 *256{7f 01 41 00 0b}; a: 01 [00 23 ff 01 1a 10 00 0b];",
        /* table, elements and data segments */
        "1: 01 60 00 00; 3: 01 00; 4: 01 70 00 #4096; 5: 01 00 40;"
        "9: 01 00 41 00 0b #4096 *4096{00}; c: #1000; a: 01 [00 0b]; b: #1000 *1000{00 41 00 0b "
        "00};",
        ONE "a: 01 [00 41 00 0e #1024 *1025{00} 0b];",
    };
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        struct instrumented it;
        const baals_status status = instrument_text(&it, texts[i]);
        if (status != BAALS_OK)
            fail_msg("%.80s: %s", texts[i], it.err.message);
        instrument_end(&it);
    }
    char text[8192] = ONE "7: #256 ";
    for (unsigned i = 0; i < 256; i++) {
        const size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "'%u' 00 00 ", i);
    }
    strncat(text, "; 8: 00; a: 01 [00 0b];", sizeof text - strlen(text) - 1);
    struct instrumented it;
    assert_ok(instrument_text(&it, text));
    assert_int_equal(it.info.module->export_count, 260);
    instrument_end(&it);
#undef ONE
}

/* Every allocation may fail: NOMEM, never a verdict, nothing kept. */
static void test_memory_failures(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &instrument_imports};
    struct testlib_rng rng = testlib_rng(4);
    size_t len = 0;
    uint8_t *bytes = testlib_wasm_random(&len, &rng);
    for (uint64_t k = 1;; k++) {
        const struct bl_wasm_module *module = NULL;
        struct testlib_faulty_alloc faults = {0};
        struct bl_wasm_instrumented info = {0};
        struct bl_arena arena;
        struct bl_buffer out;
        bl_arena_init(&arena, testlib_faulty_alloc(&faults), BL_WASM_ARENA_BYTES);
        bl_buffer_init(&out, testlib_faulty_alloc(&faults), SIZE_MAX);
        assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
        faults.fail_at = faults.calls + k;
        const baals_status status =
            bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(1), &arena, NULL);
        bl_buffer_deinit(&out);
        bl_arena_deinit(&arena);
        assert_int_equal(faults.live, 0);
        if (status == BAALS_OK) {
            assert_true(k > 1);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
        assert_null(info.module);
    }
    free(bytes);
}

/* Functions, types, globals, segments keep their numbers and contents. */
static void assert_not_renumbered(const struct bl_wasm_module *in, const struct bl_wasm_module *out)
{
    assert_int_equal(out->import_count, in->import_count);
    assert_int_equal(out->global_count, in->global_count + 2);
    assert_true(out->function_count >= in->function_count);
    for (uint32_t i = 0; i < in->type_count; i++)
        assert_int_equal(out->types[i].canonical, in->types[i].canonical);
    for (uint32_t i = 0; i < in->function_count; i++) {
        assert_int_equal(out->functions[i].type, in->functions[i].type);
        assert_int_equal(out->functions[i].local_count, in->functions[i].local_count);
    }
    for (uint32_t i = 0; i < in->global_count; i++)
        assert_true(out->globals[i].init == in->globals[i].init);
    assert_int_equal(out->element_count, in->element_count);
    assert_int_equal(out->data_count, in->data_count);
    for (uint32_t i = 0; i < in->data_count; i++)
        assert_true(bl_slice_equal(out->data[i].bytes, in->data[i].bytes));
    assert_int_equal(out->memory_max, in->memory_max);
    for (uint32_t i = 0; i < in->export_count; i++) {
        const struct bl_wasm_export *item = &in->exports[i];
        if (item->kind != BL_WASM_KIND_FUNCTION)
            continue;
        const struct bl_wasm_export *kept =
            bl_wasm_export_find(out, BL_WASM_KIND_FUNCTION, item->name);
        assert_non_null(kept);
        assert_int_equal(kept->index, item->index);
    }
}

/* Counts the charges of a body: global.get gas, i64.const, i64.sub, global.set gas. */
static uint32_t instrument_charges(const struct bl_wasm_module *module,
                                   const struct bl_wasm_function *f,
                                   uint32_t gas_global)
{
    struct bl_wasm_cursor cursor = {module->bytes.data, f->code_offset,
                                    f->code_offset + f->code_len};
    struct bl_wasm_instruction instruction;
    uint32_t charges = 0;
    while (cursor.at < cursor.end) {
        assert_int_equal(bl_wasm_read_instruction(&instruction, &cursor), BL_WASM_CODE_OK);
        charges += instruction.op == BL_WASM_OP_GLOBAL_SET && instruction.index == gas_global;
    }
    return charges;
}

/* Random modules: valid output, the same twice, nothing renumbered, as many charges as the decoder
 * counted, linear work, within the size limit. */
static void test_random_modules(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(5);
    size_t in_bytes = 0;
    size_t out_bytes = 0;
    const int rounds = 3000;
    for (int round = 0; round < rounds; round++) {
        struct instrumented it;
        struct instrumented again;
        size_t len = 0;
        uint8_t *bytes = testlib_wasm_random(&len, &rng);
        uint8_t *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        assert_ok(instrument_bytes(&it, bytes, len));
        assert_ok(instrument_bytes(&again, copy, len));
        assert_true(bl_slice_equal(bl_buffer_slice(&it.out), bl_buffer_slice(&again.out)));
        assert_not_renumbered(it.input, it.info.module);
        for (uint32_t i = 0; i < it.input->function_count; i++)
            assert_int_equal(instrument_charges(it.info.module, &it.info.module->functions[i],
                                                it.info.gas_global),
                             it.input->functions[i].block_count);
        assert_true(it.info.work <= 8 * len + 4096);
        in_bytes += len;
        out_bytes += it.out.len;
        instrument_end(&it);
        instrument_end(&again);
    }
    print_message("%d modules, %zu bytes became %zu\n", rounds, in_bytes, out_bytes);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_module),    cmocka_unit_test(test_smallest_module),
        cmocka_unit_test(test_without_memory),  cmocka_unit_test(test_describe),
        cmocka_unit_test(test_growth_limit),    cmocka_unit_test(test_at_the_limits),
        cmocka_unit_test(test_memory_failures), cmocka_unit_test(test_random_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
