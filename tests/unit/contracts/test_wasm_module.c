/* SPDX-License-Identifier: MIT */
/* Questions to a decoded module: everything the sections said, and the tables of limits. */
#include "contracts/wasm.h"

#include <stdlib.h>

#include "testlib_wasm.h"

static const struct bl_wasm_import_spec module_specs[] = {
    {"baals1", "unused", ":"},
    {"baals1", "take", "il:"},
};
static const struct bl_wasm_imports module_imports = {module_specs, BL_COUNT_OF(module_specs)};

struct module_fixture {
    uint8_t *bytes;
    struct bl_arena arena;
    const struct bl_wasm_module *module;
};

static int module_setup(void **state)
{
    static struct module_fixture fixture;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &module_imports};
    size_t len = 0;
    fixture.bytes = testlib_wasm(
        &len, "1: 02 60 02 7f 7e 00 60 00 01 7e; 2: 01 'baals1' 'take' 00 00; 3: 01 01;"
              "4: 01 70 01 04 7f; 5: 01 01 02 03; 6: 02 7f 00 41 7f 0b 7e 01 42 80 7f 0b;"
              "7: 03 'f' 00 01 'm' 02 00 'g' 03 00; 9: 01 00 41 02 0b 02 01 00; c: 02;"
              "a: 01 [00 42 00 0b]; b: 02 00 41 10 0b 'hello' 01 'lazy!!';"
              "0: 'one' 01 02; 0: 'two' ; 0: 'one' 03;");
    bl_arena_init(&fixture.arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    assert_ok(bl_wasm_decode(&fixture.module, &fixture.arena, bl_slice(fixture.bytes, len),
                             &options, NULL, NULL));
    *state = &fixture;
    return 0;
}

static int module_teardown(void **state)
{
    struct module_fixture *fixture = *state;
    bl_arena_deinit(&fixture->arena);
    free(fixture->bytes);
    return 0;
}

/* Every section's content is in the decoded module. */
static void test_contents(void **state)
{
    const struct bl_wasm_module *m = ((struct module_fixture *)*state)->module;
    assert_int_equal(m->type_count, 2);
    assert_int_equal(m->types[0].param_count, 2);
    assert_int_equal(m->types[0].params[1], BL_WASM_I64);
    assert_int_equal(m->types[0].result, BL_WASM_VOID);
    assert_int_equal(m->types[1].result, BL_WASM_I64);
    assert_int_equal(m->import_count, 1);
    assert_int_equal(m->imports[0].spec, 1);
    assert_true(bl_slice_equal(m->imports[0].name, bl_slice_str("take")));
    assert_int_equal(m->function_count, 1);
    assert_true(m->has_table);
    assert_int_equal(m->table_min, 4);
    assert_true(m->has_memory);
    assert_int_equal(m->memory_min, 2);
    assert_int_equal(m->memory_max, 3);
    assert_int_equal(m->global_count, 2);
    assert_false(m->globals[0].mutable_);
    assert_true(m->globals[0].init == -1);
    assert_true(m->globals[1].mutable_);
    assert_true(m->globals[1].init == -128);
    assert_int_equal(m->start, BL_WASM_NONE);
    assert_int_equal(m->element_count, 1);
    assert_int_equal(m->elements[0].offset, 2);
    assert_int_equal(m->elements[0].functions[0], 1);
    assert_int_equal(m->data_count, 2);
    assert_true(m->has_data_count);
    assert_true(m->data[0].active);
    assert_int_equal(m->data[0].offset, 16);
    assert_false(m->data[1].active);
    assert_true(bl_slice_equal(m->data[1].bytes, bl_slice_str("lazy!!")));
    assert_int_equal(m->active_data_bytes, 5);
    assert_int_equal(m->custom_count, 3);
}

/* Types by function index, exports by kind and name, custom sections by name. */
static void test_lookups(void **state)
{
    const struct bl_wasm_module *m = ((struct module_fixture *)*state)->module;
    assert_ptr_equal(bl_wasm_function_type(m, 0), &m->types[0]);
    assert_ptr_equal(bl_wasm_function_type(m, 1), &m->types[1]);
    assert_ptr_equal(bl_wasm_export_find(m, BL_WASM_KIND_MEMORY, bl_slice_str("m")),
                     &m->exports[1]);
    assert_null(bl_wasm_export_find(m, BL_WASM_KIND_FUNCTION, bl_slice_str("m")));
    assert_null(bl_wasm_export_find(m, BL_WASM_KIND_FUNCTION, bl_slice_str("")));
    const struct bl_wasm_custom *one = bl_wasm_custom_find(m, bl_slice_str("one"));
    assert_ptr_equal(one, &m->customs[0]);
    assert_int_equal(one->bytes.len, 2);
    assert_null(bl_wasm_custom_find(m, bl_slice_str("three")));
}

/* The input's limits are the published ones; the instrumented ones are at least as wide. */
static void test_limits(void **state)
{
    (void)state;
    const struct bl_wasm_limits *in = bl_wasm_limits_get(1, BL_WASM_INPUT);
    const struct bl_wasm_limits *out = bl_wasm_limits_get(1, BL_WASM_INSTRUMENTED);
    assert_null(bl_wasm_limits_get(0, BL_WASM_INPUT));
    assert_null(bl_wasm_limits_get(3, BL_WASM_INSTRUMENTED));
    const uint32_t table[][3] = {
        {in->module_bytes, 1048576, out->module_bytes},
        {in->types, 1024, out->types},
        {in->functions, 10000, out->functions},
        {in->body_bytes, 196608, out->body_bytes},
        {in->blocks, 5000, out->blocks},
        {in->blocks_module, 50000, out->blocks_module},
        {in->params, 32, out->params},
        {in->params_module, 10000, out->params_module},
        {in->locals, 512, out->locals},
        {in->locals_module, 50000, out->locals_module},
        {in->operands, 1024, out->operands},
        {in->nesting, 512, out->nesting},
        {in->br_table, 1024, out->br_table},
        {in->globals, 256, out->globals},
        {in->imports, 64, out->imports},
        {in->exports, 256, out->exports},
        {in->name_bytes, 100, out->name_bytes},
        {in->table, 4096, out->table},
        {in->element_segments, 1000, out->element_segments},
        {in->elements, 4096, out->elements},
        {in->data_segments, 1000, out->data_segments},
        {in->memory_initial, 64, out->memory_initial},
        {in->memory_max, 256, out->memory_max},
        {in->custom_sections, 100, out->custom_sections},
    };
    for (size_t i = 0; i < BL_COUNT_OF(table); i++) {
        assert_int_equal(table[i][0], table[i][1]);
        assert_true(table[i][2] >= table[i][0]);
    }
    assert_int_equal(in->average_body_functions, 1000);
    assert_int_equal(in->average_body_bytes, 16);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_contents, module_setup, module_teardown),
        cmocka_unit_test_setup_teardown(test_lookups, module_setup, module_teardown),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
