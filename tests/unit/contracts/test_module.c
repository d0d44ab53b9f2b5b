/* SPDX-License-Identifier: MIT */
/*
 * Preparing code: what a module knows of itself, and which names are methods.
 */
#include "contracts/module.h"

#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"
#include "contracts/host.h"

struct module_fixture {
    baals_vm *vm;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    struct bl_module_builder builder;
};

static int module_setup(void **state)
{
    struct module_fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    assert_ok(bl_vm_interpreter_new(&fx->vm, bl_alloc_system(), NULL));
    bl_host_functions(fx->functions);
    fx->builder = (struct bl_module_builder){.alloc = bl_alloc_system(),
                                             .vm = fx->vm,
                                             .functions = fx->functions,
                                             .function_count = BL_HOST_FUNCTION_COUNT,
                                             .imports = bl_host_imports()};
    *state = fx;
    return 0;
}

static int module_teardown(void **state)
{
    struct module_fixture *fx = *state;
    bl_vm_close(fx->vm);
    free(fx);
    return 0;
}

/* Goal: entries are the exported functions of type () -> (); sizes are those of the input. */
static void test_facts(void **state)
{
    struct module_fixture *fx = *state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory (export \"memory\") 5)"
                                      " (global (export \"__heap_base\") i32 (i32.const 7))"
                                      " (data (i32.const 9) \"12345\") (data (i32.const 0) \"123\")"
                                      " (start $s) (func $s)"
                                      " (func (export \"a\")) (func (export \"b\") (param i32))"
                                      " (func (export \"c\") (result i64) (i64.const 0))"
                                      " (func (export \"d\")))");
    struct bl_module_key key = {.rules = {.gas_schedule = 1, .wasm_limits = 1}};
    struct bl_module *module = NULL;
    assert_ok(bl_module_new(&module, &fx->builder, bl_slice(code, len), &key, NULL));
    assert_int_equal(module->entry_count, 2);
    assert_true(bl_module_has_entry(module, bl_slice_str("a")));
    assert_false(bl_module_has_entry(module, bl_slice_str("b")));
    assert_false(bl_module_has_entry(module, bl_slice_str("c")));
    assert_true(bl_module_has_entry(module, bl_slice_str("d")));
    assert_false(bl_module_has_entry(module, bl_slice_str("memory")));
    assert_false(bl_module_has_entry(module, bl_slice_str("")));
    assert_true(module->has_start);
    assert_int_equal(module->code_len, len);
    assert_int_equal(module->memory_pages, 5);
    assert_int_equal(module->active_data_bytes, 8);
    assert_true(module->bytes > len);
    bl_module_free(module);
    bl_module_free(NULL);
    free(code);
}

/* Goal: refused code gives no module, and a check says the same as preparing. */
static void test_refused(void **state)
{
    struct module_fixture *fx = *state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 1) (func (export \"m\")))");
    struct bl_module_key key = {.rules = {.gas_schedule = 1, .wasm_limits = 1}};
    for (size_t cut = 0; cut < len; cut++) {
        struct bl_module *module = NULL;
        baals_slice part = bl_slice(code, cut);
        baals_status status = bl_module_new(&module, &fx->builder, part, &key, NULL);
        assert_status(bl_module_check(&fx->builder, part, &key.rules, NULL), status);
        assert_status(status, BAALS_REJECT_CODE);
        assert_null(module);
    }
    assert_ok(bl_module_check(&fx->builder, bl_slice(code, len), &key.rules, NULL));
    struct bl_module_rules unknown = {.gas_schedule = 9, .wasm_limits = 1};
    assert_status(bl_module_check(&fx->builder, bl_slice(code, len), &unknown, NULL),
                  BAALS_UNSUPPORTED_VERSION);
    free(code);
}

/* Goal: the names a method may have. */
static void test_method_names(void **state)
{
    (void)state;
    static const char *const valid[] = {"a",          "_",     "_a",   "get",
                                        "initialize", "inits", "baal", "Baals"};
    static const char *const invalid[] = {
        "", "init", "migrate", "receive", "_start", "_initialize", "__", "__a", "baals", "baals_x"};
    for (size_t i = 0; i < BL_COUNT_OF(valid); i++)
        assert_true(bl_module_method_name_valid(bl_slice_str(valid[i])));
    for (size_t i = 0; i < BL_COUNT_OF(invalid); i++)
        assert_false(bl_module_method_name_valid(bl_slice_str(invalid[i])));
    char name[101];
    memset(name, 'n', sizeof name);
    assert_true(bl_module_method_name_valid(bl_slice(name, 100)));
    assert_false(bl_module_method_name_valid(bl_slice(name, 101)));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_facts, module_setup, module_teardown),
        cmocka_unit_test_setup_teardown(test_refused, module_setup, module_teardown),
        cmocka_unit_test(test_method_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
