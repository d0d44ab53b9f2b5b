/* SPDX-License-Identifier: MIT */
/*
 * WebAssembly's core test suite on every runtime. Each module of the accepted subset runs twice on
 * the interpreter: instrumented, and as it is on the counting oracle; and in builds with wasmtime
 * twice there: instrumented, and as it is. Results and traps must be the suite's, and for every
 * call that returns, everything that counts must have charged the same gas. Modules outside the
 * subset (floats, imports of other modules, ...) are left out with their assertions, and counted.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/vm.h"
#include "contracts/vm_interpreter.h"
#include "contracts/vm_wasmtime.h"
#include "testlib_json.h"
#include "testlib_wat.h"

#define SUITE_FOLDER "vectors/wasm/testsuite"
#define SUITE_GAS ((int64_t)1 << 50)
#define SUITE_STACK (256 * 1024)
#define SUITE_MODULES_MAX 2048u

/* The forms in which a module runs. */
enum suite_form {
    SUITE_INSTRUMENTED,
    SUITE_COUNTED,
#ifdef BAALS_HAVE_WASMTIME
    SUITE_WASMTIME,
    SUITE_WASMTIME_RAW,
#endif
    SUITE_FORMS
};

/* One module in all forms. */
struct suite_module {
    char name[64];
    bool in_subset;
    uint8_t *code;
    struct bl_buffer instrumented;
    struct bl_arena arena;
    const struct bl_wasm_module *wasm;
    baals_vm_module *compiled[SUITE_FORMS];
    baals_vm_instance *instance[SUITE_FORMS];
};

/* How a call ended. */
struct suite_outcome {
    baals_vm_end end;
    baals_status trap;
    uint64_t value;
};

struct suite {
    baals_vm *vm[SUITE_FORMS];
    struct suite_module *modules[SUITE_MODULES_MAX];
    size_t module_count;
    struct suite_module *current; /* NULL: outside the subset */
    const char *file;
    int64_t line;
    uint32_t run;
    uint32_t left_out;
};

static baals_vm_action
suite_print(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)ctx;
    (void)instance;
    (void)result_out;
    (void)args;
    return BAALS_VM_CONTINUE;
}

static const baals_vm_host_function suite_functions[] = {
    {.module = "spectest", .name = "print", .call = suite_print},
    {.module = "spectest",
     .name = "print_i32",
     .params = {BAALS_VM_I32},
     .param_count = 1,
     .call = suite_print},
    {.module = "spectest",
     .name = "print_i64",
     .params = {BAALS_VM_I64},
     .param_count = 1,
     .call = suite_print},
};
static const struct bl_wasm_import_spec suite_specs[] = {
    {"spectest", "print", ":"}, {"spectest", "print_i32", "i:"}, {"spectest", "print_i64", "l:"}};
static const struct bl_wasm_imports suite_imports = {.specs = suite_specs,
                                                     .count = BL_COUNT_OF(suite_specs)};

static void suite_module_free(struct suite *suite, struct suite_module *module)
{
    for (size_t i = 0; i < SUITE_FORMS; i++) {
        bl_vm_destroy(module->instance[i]);
        bl_vm_module_free(suite->vm[i], module->compiled[i]);
    }
    bl_buffer_deinit(&module->instrumented);
    bl_arena_deinit(&module->arena);
    free(module->code);
    free(module);
}

static void suite_reset(struct suite_module *module)
{
    for (size_t i = 0; i < SUITE_FORMS; i++) {
#ifdef BAALS_HAVE_WASMTIME
        if (i == SUITE_WASMTIME_RAW)
            continue;
#endif
        bl_vm_gas_set(module->instance[i], SUITE_GAS);
        bl_vm_stack_set(module->instance[i], SUITE_STACK);
    }
}

#ifdef BAALS_HAVE_WASMTIME
/* The same call in one of wasmtime's forms, `args` as it was before: it must end as the interpreter
 * ended it. */
static void suite_call_wasmtime(const struct suite *suite,
                                const struct suite_module *module,
                                enum suite_form form,
                                const char *field,
                                const uint64_t *args,
                                const struct suite_outcome *expected)
{
    uint64_t values[BL_INTERPRETER_VALUES_MAX];
    memcpy(values, args, sizeof values);
    uint32_t index = module->wasm->start;
    if (strcmp(field, BL_WASM_EXPORT_START) != 0)
        index =
            bl_wasm_export_find(module->wasm, BL_WASM_KIND_FUNCTION, bl_slice_str(field))->index;
    const struct bl_wasm_functype *type = bl_wasm_function_type(module->wasm, index);
    size_t result_count = type->result == BL_WASM_VOID ? 0 : 1;
    size_t count = type->param_count > result_count ? type->param_count : result_count;
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_error err = {.status = BAALS_OK};
    baals_vm_end end = bl_vm_wasmtime_invoke(module->instance[form], bl_slice_str(field), values,
                                             count, &trap, &err);
    if (type->result == BL_WASM_I32)
        values[0] = (uint32_t)values[0];
    bool same = end == expected->end && trap.status == expected->trap;
    if (!same || (end == BAALS_VM_END_OK && result_count == 1 && values[0] != expected->value))
        fail_msg("%s:%d: wasmtime %d: end %d (%s%s), value %llu; the interpreter: %d (%s), %llu",
                 suite->file, (int)suite->line, (int)form, (int)end, baals_status_name(trap.status),
                 end == BAALS_VM_END_FAULT ? err.message : "", (unsigned long long)values[0],
                 (int)expected->end, baals_status_name(expected->trap),
                 (unsigned long long)expected->value);
    if (form == SUITE_WASMTIME && end == BAALS_VM_END_OK &&
        bl_vm_gas_get(module->instance[form]) != bl_vm_gas_get(module->instance[0]))
        fail_msg("%s:%d: wasmtime charged other gas", suite->file, (int)suite->line);
}
#endif

/* Runs an export in wasmtime's forms; `args` are those of the interpreter's call, `expected` what
 * it gave. Stack overflow is left to the stack counter, which the raw form does not have. */
static void suite_compare(const struct suite *suite,
                          const struct suite_module *module,
                          const char *field,
                          const uint64_t *args,
                          const struct suite_outcome *expected)
{
#ifdef BAALS_HAVE_WASMTIME
    suite_call_wasmtime(suite, module, SUITE_WASMTIME, field, args, expected);
    if (expected->trap != BAALS_TRAP_STACK)
        suite_call_wasmtime(suite, module, SUITE_WASMTIME_RAW, field, args, expected);
#else
    (void)suite;
    (void)module;
    (void)field;
    (void)args;
    (void)expected;
#endif
}

/* Runs `function_index` in both forms and compares them; *values becomes the result. */
static baals_vm_end suite_call(struct suite *suite,
                               struct suite_module *module,
                               uint32_t function_index,
                               uint64_t *values,
                               baals_vm_trap *trap_out)
{
    uint64_t copy[BL_INTERPRETER_VALUES_MAX];
    memcpy(copy, values, sizeof copy);
    suite_reset(module);
    baals_error err;
    baals_vm_trap other = {.status = BAALS_OK};
    baals_vm_end end = bl_interpreter_run((struct bl_interpreter_instance *)module->instance[0],
                                          function_index, values, trap_out, &err);
    if (end == BAALS_VM_END_TRAP && trap_out->status == BAALS_TRAP_STACK)
        return end;
    baals_vm_end counted = bl_interpreter_run((struct bl_interpreter_instance *)module->instance[1],
                                              function_index, copy, &other, &err);
    if (end != counted || (end == BAALS_VM_END_OK && values[0] != copy[0]) ||
        (end == BAALS_VM_END_TRAP && trap_out->status != other.status))
        fail_msg("%s:%d: instrumented and original differ", suite->file, (int)suite->line);
    int64_t used = SUITE_GAS - bl_vm_gas_get(module->instance[0]);
    int64_t expected = SUITE_GAS - bl_vm_gas_get(module->instance[1]);
    if (end == BAALS_VM_END_OK && used != expected)
        fail_msg("%s:%d: charged %lld gas, counted %lld", suite->file, (int)suite->line,
                 (long long)used, (long long)expected);
    return end;
}

static bool suite_compile(struct suite *suite, struct suite_module *module, baals_slice code)
{
    struct bl_wasm_options options = {
        .profile = BL_WASM_INSTRUMENTED, .limits_version = 1, .imports = &suite_imports};
    struct bl_wasm_instrumented info;
    baals_error err = {0};
    if (bl_wasm_decode(&module->wasm, &module->arena, code, &options, NULL, &err) != BAALS_OK)
        return false;
    baals_status status = bl_wasm_instrument(&module->instrumented, &info, module->wasm,
                                             bl_gas_schedule_get(1), &module->arena, &err);
    if (status != BAALS_OK)
        fail_msg("%s:%d: %s", suite->file, (int)suite->line, err.message);
    baals_slice forms[2] = {bl_buffer_slice(&module->instrumented), code};
    for (size_t i = 0; i < SUITE_FORMS; i++) {
        assert_ok(bl_vm_compile(suite->vm[i], &module->compiled[i], forms[i % 2], suite_functions,
                                BL_COUNT_OF(suite_functions), &err));
        assert_ok(
            bl_vm_instantiate(suite->vm[i], &module->instance[i], module->compiled[i], NULL, &err));
    }
    return true;
}

static void suite_load(struct suite *suite, const char *folder, const struct testlib_json *command)
{
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/%s", folder,
                   testlib_json_text(testlib_json_get(command, "filename")));
    struct suite_module *module = calloc(1, sizeof *module);
    assert_non_null(module);
    size_t len = 0;
    module->code = testlib_read_file(&len, path);
    bl_arena_init(&module->arena, bl_alloc_system(), SIZE_MAX / 2);
    bl_buffer_init(&module->instrumented, bl_alloc_system(), SIZE_MAX / 2);
    assert_true(suite->module_count < SUITE_MODULES_MAX);
    suite->modules[suite->module_count++] = module;
    suite->current = NULL;
    if (testlib_json_has(command, "name"))
        (void)snprintf(module->name, sizeof module->name, "%s",
                       testlib_json_text(testlib_json_get(command, "name")));
    if (!suite_compile(suite, module, bl_slice(module->code, len)))
        return;
    module->in_subset = true;
    suite->current = module;
    if (module->wasm->start != BL_WASM_NONE && module->wasm->start >= module->wasm->import_count) {
        uint64_t values[BL_INTERPRETER_VALUES_MAX] = {0};
        baals_vm_trap trap;
        if (suite_call(suite, module, module->wasm->start, values, &trap) != BAALS_VM_END_OK)
            suite->current = NULL;
#ifdef BAALS_HAVE_WASMTIME
        /* The raw form has run it when the instance was made. */
        struct suite_outcome outcome = {BAALS_VM_END_OK, BAALS_OK, 0};
        suite_call_wasmtime(suite, module, SUITE_WASMTIME, BL_WASM_EXPORT_START, values, &outcome);
#endif
    }
}

/* The last module of that name, or NULL. */
static struct suite_module *suite_named(const struct suite *suite, const char *name)
{
    for (size_t i = suite->module_count; i-- > 0;) {
        if (strcmp(suite->modules[i]->name, name) == 0)
            return suite->modules[i];
    }
    return NULL;
}

/* The module an action is about; NULL when it was left out. */
static struct suite_module *suite_target(const struct suite *suite,
                                         const struct testlib_json *action)
{
    struct suite_module *module = suite->current;
    if (testlib_json_has(action, "module"))
        module = suite_named(suite, testlib_json_text(testlib_json_get(action, "module")));
    return module != NULL && module->in_subset ? module : NULL;
}

static uint64_t suite_value(const struct testlib_json *value)
{
    return strtoull(testlib_json_text(testlib_json_get(value, "value")), NULL, 10);
}

/* Runs the action of a command. False: left out. */
static bool suite_invoke(struct suite *suite,
                         const struct testlib_json *command,
                         baals_vm_end *end_out,
                         uint64_t *values,
                         baals_vm_trap *trap_out)
{
    const struct testlib_json *action = testlib_json_get(command, "action");
    struct suite_module *module = suite_target(suite, action);
    if (module == NULL || strcmp(testlib_json_text(testlib_json_get(action, "type")), "invoke"))
        return false;
    const char *field = testlib_json_text(testlib_json_get(action, "field"));
    const struct bl_wasm_export *found =
        bl_wasm_export_find(module->wasm, BL_WASM_KIND_FUNCTION, bl_slice_str(field));
    if (found == NULL || found->index < module->wasm->import_count)
        return false;
    const struct testlib_json *args = testlib_json_get(action, "args");
    for (size_t i = 0; i < testlib_json_count(args); i++)
        values[i] = suite_value(testlib_json_at(args, i));
    uint64_t given[BL_INTERPRETER_VALUES_MAX];
    memcpy(given, values, sizeof given);
    *end_out = suite_call(suite, module, found->index, values, trap_out);
    struct suite_outcome outcome = {*end_out, trap_out->status, values[0]};
    suite_compare(suite, module, field, given, &outcome);
    return true;
}

static baals_status suite_trap_of(const char *text)
{
    static const struct {
        const char *text;
        baals_status trap;
    } rows[] = {
        {"integer divide by zero", BAALS_TRAP_DIVIDE},
        {"integer overflow", BAALS_TRAP_OVERFLOW},
        {"out of bounds memory access", BAALS_TRAP_MEMORY},
        {"unreachable", BAALS_TRAP_UNREACHABLE},
        {"undefined element", BAALS_TRAP_TABLE},
        {"undefined", BAALS_TRAP_TABLE},
        {"uninitialized element", BAALS_TRAP_NULL_CALL},
        {"indirect call type mismatch", BAALS_TRAP_CALL_TYPE},
        {"indirect call", BAALS_TRAP_CALL_TYPE},
        {"call stack exhausted", BAALS_TRAP_STACK},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        if (strncmp(text, rows[i].text, strlen(rows[i].text)) == 0)
            return rows[i].trap;
    }
    fail_msg("unknown trap: %s", text);
    return BAALS_OK;
}

static bool suite_assert_return(struct suite *suite, const struct testlib_json *command)
{
    uint64_t values[BL_INTERPRETER_VALUES_MAX] = {0};
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_vm_end end = BAALS_VM_END_OK;
    if (!suite_invoke(suite, command, &end, values, &trap))
        return false;
    const struct testlib_json *expected = testlib_json_get(command, "expected");
    uint64_t want =
        testlib_json_count(expected) == 0 ? values[0] : suite_value(testlib_json_at(expected, 0));
    if (end != BAALS_VM_END_OK || values[0] != want)
        fail_msg("%s:%d: end %d (%s), result %llu, expected %llu", suite->file, (int)suite->line,
                 (int)end, baals_status_name(trap.status), (unsigned long long)values[0],
                 (unsigned long long)want);
    return true;
}

static bool suite_assert_trap(struct suite *suite, const struct testlib_json *command)
{
    uint64_t values[BL_INTERPRETER_VALUES_MAX] = {0};
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_vm_end end = BAALS_VM_END_OK;
    if (!suite_invoke(suite, command, &end, values, &trap))
        return false;
    baals_status want = suite_trap_of(testlib_json_text(testlib_json_get(command, "text")));
    if (end != BAALS_VM_END_TRAP || trap.status != want)
        fail_msg("%s:%d: end %d, %s, expected %s", suite->file, (int)suite->line, (int)end,
                 baals_status_name(trap.status), baals_status_name(want));
    return true;
}

/* A registered module may be changed by modules that import from it, which are left out. */
static void suite_register(struct suite *suite, const struct testlib_json *command)
{
    struct suite_module *module = suite->current;
    if (testlib_json_has(command, "name"))
        module = suite_named(suite, testlib_json_text(testlib_json_get(command, "name")));
    if (module != NULL)
        module->in_subset = false;
}

/* Assertions that meet our limit of 256 pages, where the suite's engine grows further. */
static bool suite_beyond_limits(const struct suite *suite)
{
    static const struct {
        const char *file;
        int64_t line;
    } rows[] = {{"memory_grow.wast", 45}, {"memory_grow.wast", 48}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        if (strcmp(rows[i].file, suite->file) == 0 && rows[i].line == suite->line)
            return true;
    }
    return false;
}

static void
suite_command(struct suite *suite, const char *folder, const struct testlib_json *command)
{
    const char *type = testlib_json_text(testlib_json_get(command, "type"));
    suite->line = testlib_json_int(testlib_json_get(command, "line"));
    bool ran = false;
    if (strcmp(type, "module") == 0) {
        suite_load(suite, folder, command);
        return;
    }
    if (suite_beyond_limits(suite)) {
        suite->left_out++;
        return;
    }
    if (strcmp(type, "register") == 0) {
        suite_register(suite, command);
        return;
    }
    if (strcmp(type, "assert_return") == 0 || strcmp(type, "action") == 0)
        ran = suite_assert_return(suite, command);
    else if (strcmp(type, "assert_trap") == 0 || strcmp(type, "assert_exhaustion") == 0)
        ran = suite_assert_trap(suite, command);
    else
        return;
    suite->run += ran ? 1 : 0;
    suite->left_out += ran ? 0 : 1;
}

static void suite_file(struct suite *suite, const char *folder, const char *name)
{
    char source[512];
    char json[1200];
    (void)snprintf(source, sizeof source, SUITE_FOLDER "/%s", name);
    (void)snprintf(json, sizeof json, "%s/suite.json", folder);
    const char *const argv[] = {"wast2json", "-o", json, testlib_shared_path(source), NULL};
    if (testlib_run(argv) != 0)
        fail_msg("wast2json cannot read %s", name);
    suite->file = name;
    suite->current = NULL;
    struct testlib_json *file = testlib_json_load(json);
    const struct testlib_json *commands = testlib_json_get(file, "commands");
    for (size_t i = 0; i < testlib_json_count(commands); i++)
        suite_command(suite, folder, testlib_json_at(commands, i));
    testlib_json_free(file);
    while (suite->module_count > 0)
        suite_module_free(suite, suite->modules[--suite->module_count]);
}

/* Goal: every runtime does what the core suite says, and charges what its path costs. */
static void test_suite(void **state)
{
    (void)state;
    if (!testlib_have_shared(SUITE_FOLDER, "test_suite"))
        return;
    struct suite suite = {0};
    char folder[1024];
    baals_error err;
    testlib_temp_dir(folder, sizeof folder, "wasm_suite");
    assert_ok(bl_vm_interpreter_new(&suite.vm[0], bl_alloc_system(), &err));
    assert_ok(bl_vm_interpreter_new_counting(&suite.vm[1], bl_alloc_system(),
                                             bl_gas_schedule_get(1), &err));
#ifdef BAALS_HAVE_WASMTIME
    struct bl_vm_wasmtime_options raw = {.raw = true};
    assert_ok(bl_vm_new(&suite.vm[SUITE_WASMTIME], "wasmtime", bl_alloc_system(), &err));
    assert_ok(bl_vm_wasmtime_new(&suite.vm[SUITE_WASMTIME_RAW], bl_alloc_system(), &raw, &err));
#endif
    struct dirent **entries = NULL;
    int count = scandir(testlib_shared_path(SUITE_FOLDER), &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(entries[i]->d_name, '.');
        if (dot != NULL && strcmp(dot, ".wast") == 0)
            suite_file(&suite, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    for (size_t i = 0; i < SUITE_FORMS; i++)
        bl_vm_close(suite.vm[i]);
    testlib_remove_tree(folder);
    print_message("%u assertions ran in %d forms, %u were outside the subset\n", suite.run,
                  (int)SUITE_FORMS, suite.left_out);
    assert_true(suite.run > 3000);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
