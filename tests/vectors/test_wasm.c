/* SPDX-License-Identifier: MIT */
/*
 * The vectors of docs/spec/wasm.md and gas.md: what is refused, with its code and place; what is
 * accepted, with the facts gas rests on and the hash of the instrumented form.
 */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/wasm.h"
#include "crypto/crypto.h"
#include "testlib_json.h"

/* The imports the vectors are made with stand in the file too. */
static const struct bl_wasm_import_spec wasm_specs[] = {
    {"host", "none", ":"},
    {"host", "take", "il:"},
    {"host", "give", "i:l"},
};
static const struct bl_wasm_imports wasm_imports = {wasm_specs, BL_COUNT_OF(wasm_specs)};
static const struct bl_wasm_options wasm_options = {BL_WASM_INPUT, 1, &wasm_imports};

static struct testlib_json *wasm_load(void)
{
    return testlib_json_load(testlib_source_path("docs/spec/vectors/wasm.json"));
}

/* Goal: the file's imports are those above. */
static void test_wasm_imports(void **state)
{
    (void)state;
    struct testlib_json *file = wasm_load();
    const struct testlib_json *list = testlib_json_get(file, "imports");
    assert_int_equal(testlib_json_count(list), wasm_imports.count);
    for (uint32_t i = 0; i < wasm_imports.count; i++) {
        const struct testlib_json *one = testlib_json_at(list, i);
        assert_string_equal(testlib_json_text(testlib_json_get(one, "module")),
                            wasm_specs[i].module);
        assert_string_equal(testlib_json_text(testlib_json_get(one, "name")), wasm_specs[i].name);
        assert_string_equal(testlib_json_text(testlib_json_get(one, "signature")),
                            wasm_specs[i].signature);
    }
    testlib_json_free(file);
}

/* Goal: numbers and names of the codes are the file's, and there are no others. */
static void test_wasm_codes(void **state)
{
    (void)state;
    struct testlib_json *file = wasm_load();
    const struct testlib_json *codes = testlib_json_get(file, "codes");
    for (size_t i = 0; i < testlib_json_count(codes); i++) {
        const struct testlib_json *one = testlib_json_at(codes, i);
        const int64_t number = testlib_json_int(testlib_json_get(one, "number"));
        assert_string_equal(bl_wasm_code_name((enum bl_wasm_code)(int)number),
                            testlib_json_text(testlib_json_get(one, "name")));
    }
#define WASM_COUNT(name, number, text) +1
    assert_int_equal(testlib_json_count(codes), 0 BL_WASM_CODE_MAP(WASM_COUNT));
#undef WASM_COUNT
    testlib_json_free(file);
}

/* A member that is null or a number. */
static uint32_t wasm_number_or(const struct testlib_json *object, const char *name, uint32_t none)
{
    const struct testlib_json *value = testlib_json_get(object, name);
    return testlib_json_is_null(value) ? none : (uint32_t)testlib_json_int(value);
}

static void wasm_check_refused(const struct testlib_json *one)
{
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_error where = {0};
    struct bl_arena arena;
    size_t len = 0;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(one, "hex"));
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    assert_status(
        bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &wasm_options, &where, NULL),
        BAALS_REJECT_CODE);
    assert_string_equal(bl_wasm_code_name(where.code),
                        testlib_json_text(testlib_json_get(one, "code")));
    assert_int_equal(where.offset, testlib_json_int(testlib_json_get(one, "offset")));
    assert_int_equal(where.function_index, wasm_number_or(one, "function", BL_WASM_NONE));
    assert_int_equal(where.opcode, wasm_number_or(one, "opcode", BL_WASM_NO_OPCODE));
    bl_arena_deinit(&arena);
    free(bytes);
}

/* Goal: every refused module is refused for the file's reason at the file's place. */
static void test_wasm_refused(void **state)
{
    (void)state;
    struct testlib_json *file = wasm_load();
    const struct testlib_json *cases = testlib_json_get(file, "refuse");
    assert_true(testlib_json_count(cases) > 100);
    for (size_t i = 0; i < testlib_json_count(cases); i++)
        wasm_check_refused(testlib_json_at(cases, i));
    testlib_json_free(file);
}

static void wasm_check_functions(const struct testlib_json *list,
                                 const struct bl_wasm_module *module)
{
    assert_int_equal(testlib_json_count(list), module->function_count);
    for (uint32_t i = 0; i < module->function_count; i++) {
        const struct testlib_json *one = testlib_json_at(list, i);
        const struct bl_wasm_function *f = &module->functions[i];
        assert_int_equal(f->height_max, testlib_json_int(testlib_json_get(one, "height")));
        assert_int_equal(f->frame_cost, testlib_json_int(testlib_json_get(one, "frame")));
        assert_int_equal(f->block_count, testlib_json_int(testlib_json_get(one, "blocks")));
        assert_int_equal(f->leaf, testlib_json_bool(testlib_json_get(one, "leaf")));
    }
}

static void wasm_check_accepted(const struct testlib_json *one)
{
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    struct bl_arena arena;
    struct bl_buffer out;
    baals_hash hash;
    char text[BAALS_HASH_TEXT_SIZE];
    size_t len = 0;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(one, "hex"));
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &wasm_options, NULL, NULL));
    uint32_t schedule = 1;
    if (testlib_json_has(one, "gas_schedule"))
        schedule = (uint32_t)testlib_json_int(testlib_json_get(one, "gas_schedule"));
    assert_ok(bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(schedule), &arena, NULL));
    wasm_check_functions(testlib_json_get(one, "functions"), module);
    bl_sha256(&hash, bl_buffer_slice(&out));
    bl_hex_encode(text, hash.bytes, sizeof hash.bytes);
    assert_string_equal(text, testlib_json_text(testlib_json_get(one, "instrumented_sha256")));
    if (testlib_json_has(one, "instrumented")) {
        size_t expected_len = 0;
        uint8_t *expected =
            testlib_json_hex_alloc(&expected_len, testlib_json_get(one, "instrumented"));
        assert_int_equal(out.len, expected_len);
        assert_memory_equal(out.data, expected, expected_len);
        free(expected);
    }
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
    free(bytes);
}

/* Goal: every accepted module has the file's facts and instrumented bytes. */
static void test_wasm_accepted(void **state)
{
    (void)state;
    struct testlib_json *file = wasm_load();
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    assert_true(testlib_json_count(cases) > 20);
    for (size_t i = 0; i < testlib_json_count(cases); i++)
        wasm_check_accepted(testlib_json_at(cases, i));
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wasm_imports),
        cmocka_unit_test(test_wasm_codes),
        cmocka_unit_test(test_wasm_refused),
        cmocka_unit_test(test_wasm_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
