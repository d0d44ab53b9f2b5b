/* SPDX-License-Identifier: MIT */
/*
 * Runs modules for tests/differential/test_wasm.py: each file of the command line is decoded as a
 * contract, instrumented, and its exported functions are called one after the other in every form
 * of this build, each form with an instance of its own. All must agree on results, traps, what the
 * host was told, memory, and gas. What they agree on is printed for the comparison with V8:
 *
 *   module FILE reject NUMBER NAME
 *   module FILE run|metered        metered: it met a limit that only the instrumented form has
 *   call INDEX END VALUE GAS       END is "ok" or the name of a trap; the start function is INDEX
 * -1 state LOG MEMORY               hashes of the host's calls and of the memory
 *
 * The instrumented bytes go to FILE.metered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/vm.h"
#include "contracts/vm_interpreter.h"
#include "contracts/vm_wasmtime.h"
#include "testlib.h"

#define RUNNER_GAS ((int64_t)2000000)
#define RUNNER_STACK (64 * 1024)
#define RUNNER_CALLS_MAX 256u

enum runner_form {
    RUNNER_METERED,
    RUNNER_COUNTED,
#ifdef BAALS_HAVE_WASMTIME
    RUNNER_WASMTIME,
    RUNNER_WASMTIME_RAW,
#endif
    RUNNER_FORMS
};

struct runner_call {
    int32_t export_index; /* -1: the start function */
    baals_vm_end end;
    baals_status trap;
    uint64_t value;
    int64_t gas;
};

/* All that one form did. */
struct runner_trace {
    struct runner_call calls[RUNNER_CALLS_MAX];
    uint32_t count;
    uint32_t log;
    uint32_t memory;
    bool has_memory;
};

struct runner {
    baals_vm *vm[RUNNER_FORMS];
    const char *file;
    const struct bl_wasm_module *wasm;
    struct bl_arena arena;
    struct bl_buffer metered;
    baals_slice code;
    struct runner_trace traces[RUNNER_FORMS];
};

static uint32_t runner_hash(uint32_t hash, uint32_t word)
{
    return (hash ^ word) * 16777619u;
}

static baals_vm_action
runner_log(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    uint32_t *log = ctx;
    (void)instance;
    (void)result_out;
    *log = runner_hash(*log, (uint32_t)args[0]);
    *log = runner_hash(*log, (uint32_t)(args[0] >> 32));
    return BAALS_VM_CONTINUE;
}

#define RUNNER_LOG(name_, type)                                                                    \
    {                                                                                              \
        .module = "fuzzing-support", .name = (name_), .params = {type}, .param_count = 1,          \
        .result = BAALS_VM_NONE, .call = runner_log                                                \
    }
static const baals_vm_host_function runner_functions[] = {
    RUNNER_LOG("log-i32", BAALS_VM_I32),
    RUNNER_LOG("log-i64", BAALS_VM_I64),
    RUNNER_LOG("log-f32", BAALS_VM_I32),
    RUNNER_LOG("log-f64", BAALS_VM_I64),
};
static const struct bl_wasm_import_spec runner_specs[] = {
    {"fuzzing-support", "log-i32", "i:"},
    {"fuzzing-support", "log-i64", "l:"},
    {"fuzzing-support", "log-f32", "i:"},
    {"fuzzing-support", "log-f64", "l:"},
};
static const struct bl_wasm_imports runner_imports = {runner_specs, BL_COUNT_OF(runner_specs)};

/* The arguments of a call: numbers at the edges, chosen by position; wasm_v8.js has the same. */
static uint64_t runner_argument(uint32_t export_index, uint32_t param)
{
    static const uint64_t numbers[] = {
        0, 1, UINT64_MAX, 0x7fffffff, 0x80000000, 0x7fffffffffffffff, 0x8000000000000000, 65535, 42,
    };
    return numbers[(export_index * 7u + param * 3u) % BL_COUNT_OF(numbers)];
}

/* Only words that are not 0 count, with their position, so that large memories are cheap in V8. */
static uint32_t runner_memory_hash(const baals_vm_instance *instance)
{
    uint32_t size = bl_vm_mem_size(instance);
    uint32_t hash = runner_hash(2166136261u, size);
    uint8_t *bytes = malloc(size + 1u);
    assert_non_null(bytes);
    bl_vm_mem_read(instance, bytes, 0, size);
    for (uint32_t i = 0; i < size; i += 4) {
        uint32_t word = (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8 |
                        (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        if (word != 0)
            hash = runner_hash(runner_hash(hash, i), word);
    }
    free(bytes);
    return hash;
}

static bool runner_has_counters(enum runner_form form)
{
#ifdef BAALS_HAVE_WASMTIME
    return form != RUNNER_WASMTIME_RAW;
#else
    (void)form;
    return true;
#endif
}

/* Calls one function in one form and adds the outcome to its trace. */
static void runner_call(struct runner *runner,
                        enum runner_form form,
                        baals_vm_instance *instance,
                        uint32_t function,
                        const struct bl_wasm_export *item)
{
    struct runner_trace *trace = &runner->traces[form];
    const struct bl_wasm_functype *type = bl_wasm_function_type(runner->wasm, function);
    uint64_t values[BL_INTERPRETER_VALUES_MAX] = {0};
    int32_t index = item == NULL ? -1 : (int32_t)(item - runner->wasm->exports);
    for (uint32_t i = 0; i < type->param_count; i++) {
        values[i] = runner_argument((uint32_t)index, i);
        if (type->params[i] == BL_WASM_I32)
            values[i] = (uint32_t)values[i];
    }
    struct runner_call *call = &trace->calls[trace->count++];
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_error err = {.status = BAALS_OK};
    if (runner_has_counters(form)) {
        bl_vm_gas_set(instance, RUNNER_GAS);
        bl_vm_stack_set(instance, RUNNER_STACK);
    }
    if (form <= RUNNER_COUNTED)
        call->end = bl_interpreter_run((struct bl_interpreter_instance *)instance, function, values,
                                       &trap, &err);
#ifdef BAALS_HAVE_WASMTIME
    else {
        uint32_t results = type->result == BL_WASM_VOID ? 0 : 1;
        uint32_t count = type->param_count > results ? type->param_count : results;
        baals_slice name = item == NULL ? bl_slice_str(BL_WASM_EXPORT_START) : item->name;
        call->end = bl_vm_wasmtime_invoke(instance, name, values, count, &trap, &err);
    }
#endif
    if (call->end == BAALS_VM_END_FAULT)
        fail_msg("%s: form %d, export %d: fault: %s", runner->file, (int)form, (int)index,
                 err.message);
    call->export_index = index;
    call->trap = trap.status;
    if (type->result == BL_WASM_I32)
        values[0] = (uint32_t)values[0];
    call->value = type->result == BL_WASM_VOID || call->end != BAALS_VM_END_OK ? 0 : values[0];
    call->gas = runner_has_counters(form) ? bl_vm_gas_get(instance) : 0;
}

/* Whether the module's last call ended at a limit of the instrumentation. */
static bool runner_limited(const struct runner_trace *trace)
{
    if (trace->count == 0)
        return false;
    baals_status trap = trace->calls[trace->count - 1].trap;
    return trap == BAALS_TRAP_GAS || trap == BAALS_TRAP_STACK;
}

static void runner_calls(struct runner *runner, enum runner_form form, baals_vm_instance *instance)
{
    const struct bl_wasm_module *wasm = runner->wasm;
    struct runner_trace *trace = &runner->traces[form];
    if (wasm->start != BL_WASM_NONE && wasm->start >= wasm->import_count) {
        if (runner_has_counters(form))
            runner_call(runner, form, instance, wasm->start, NULL);
        if (trace->count > 0 && trace->calls[0].end != BAALS_VM_END_OK)
            return;
    }
    for (uint32_t i = 0; i < wasm->export_count && trace->count < RUNNER_CALLS_MAX; i++) {
        const struct bl_wasm_export *item = &wasm->exports[i];
        if (item->kind != BL_WASM_KIND_FUNCTION || item->index < wasm->import_count ||
            bl_wasm_function_type(wasm, item->index)->param_count > BL_INTERPRETER_VALUES_MAX)
            continue;
        runner_call(runner, form, instance, item->index, item);
        if (runner_limited(trace))
            return;
    }
}

static void runner_form_run(struct runner *runner, enum runner_form form, baals_slice code)
{
    struct runner_trace *trace = &runner->traces[form];
    baals_vm_module *module = NULL;
    baals_vm_instance *instance = NULL;
    baals_error err = {.status = BAALS_OK};
    trace->log = 2166136261u;
    if (bl_vm_compile(runner->vm[form], &module, code, runner_functions,
                      BL_COUNT_OF(runner_functions), &err) != BAALS_OK ||
        bl_vm_instantiate(runner->vm[form], &instance, module, &trace->log, &err) != BAALS_OK)
        fail_msg("%s: form %d: %s", runner->file, (int)form, err.message);
    runner_calls(runner, form, instance);
    trace->has_memory = runner_has_counters(form);
    if (trace->has_memory)
        trace->memory = runner_memory_hash(instance);
    bl_vm_destroy(instance);
    bl_vm_module_free(runner->vm[form], module);
}

/* A form must have done what the instrumented interpreter did. */
static void runner_compare(const struct runner *runner, enum runner_form form)
{
    const struct runner_trace *a = &runner->traces[RUNNER_METERED];
    const struct runner_trace *b = &runner->traces[form];
    uint32_t skip = a->count > 0 && a->calls[0].export_index < 0 && !runner_has_counters(form);
    if (a->count != b->count + skip || a->log != b->log)
        fail_msg("%s: form %d: %u calls and log %08x, expected %u and %08x", runner->file,
                 (int)form, b->count, b->log, a->count - skip, a->log);
    if (b->has_memory && a->memory != b->memory)
        fail_msg("%s: form %d: another memory", runner->file, (int)form);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct runner_call *x = &a->calls[i + skip];
        const struct runner_call *y = &b->calls[i];
        /* The oracle counts what ran, the instrumentation whole blocks: equal where none trapped.
         */
        bool gas = !runner_has_counters(form) || x->gas == y->gas ||
                   (form == RUNNER_COUNTED && x->end != BAALS_VM_END_OK);
        if (x->end != y->end || x->trap != y->trap || x->value != y->value || !gas)
            fail_msg("%s: form %d, export %d: %d %s %" PRIu64 " gas %" PRId64
                     ", expected %d %s %" PRIu64 " gas %" PRId64,
                     runner->file, (int)form, (int)x->export_index, (int)y->end,
                     baals_status_name(y->trap), y->value, y->gas, (int)x->end,
                     baals_status_name(x->trap), x->value, x->gas);
    }
}

static void runner_print(const struct runner *runner)
{
    const struct runner_trace *trace = &runner->traces[RUNNER_METERED];
    printf("module %s %s\n", runner->file, runner_limited(trace) ? "metered" : "run");
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct runner_call *call = &trace->calls[i];
        printf("call %d %s %" PRIu64 " %" PRId64 "\n", (int)call->export_index,
               call->end == BAALS_VM_END_OK ? "ok" : baals_status_name(call->trap), call->value,
               call->gas);
    }
    printf("state %u %u\n", trace->log, trace->memory);
}

static void runner_save(const struct runner *runner)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s.metered", runner->file);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(runner->metered.data, 1, runner->metered.len, file),
                     runner->metered.len);
    assert_int_equal(fclose(file), 0);
}

static void runner_refused(const struct runner *runner, const struct bl_wasm_error *where)
{
    printf("module %s reject %d %s\n", runner->file, (int)where->code,
           bl_wasm_code_name(where->code));
}

static void runner_module(struct runner *runner)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &runner_imports};
    struct bl_wasm_error where = {.code = BL_WASM_CODE_OK};
    struct bl_wasm_instrumented info;
    baals_error err = {.status = BAALS_OK};
    memset(runner->traces, 0, sizeof runner->traces);
    if (bl_wasm_decode(&runner->wasm, &runner->arena, runner->code, &options, &where, &err) !=
        BAALS_OK) {
        runner_refused(runner, &where);
        return;
    }
    if (bl_wasm_instrument(&runner->metered, &info, runner->wasm, bl_gas_schedule_get(1),
                           &runner->arena, &err) != BAALS_OK) {
        where.code = BL_WASM_CODE_LIMIT_INSTRUMENTED_BYTES;
        runner_refused(runner, &where);
        return;
    }
    runner_save(runner);
    const baals_slice forms[2] = {bl_buffer_slice(&runner->metered), runner->code};
    runner_form_run(runner, RUNNER_METERED, forms[0]);
    const struct runner_trace *first = &runner->traces[RUNNER_METERED];
    bool started = first->count == 0 || first->calls[0].export_index >= 0 ||
                   first->calls[0].end == BAALS_VM_END_OK;
    for (int form = RUNNER_COUNTED; form < RUNNER_FORMS; form++) {
        /* Nothing ends an endless loop without the counters; and where the start function traps,
         * there is no instance of the raw module. */
        if (form % 2 == 1 && (runner_limited(first) || !started))
            continue;
        runner_form_run(runner, (enum runner_form)form, forms[form % 2]);
        runner_compare(runner, (enum runner_form)form);
    }
    runner_print(runner);
}

int main(int argc, char **argv)
{
    struct runner runner = {0};
    baals_error err;
    assert_ok(bl_vm_new(&runner.vm[RUNNER_METERED], "interpreter", bl_alloc_system(), &err));
    assert_ok(bl_vm_interpreter_new_counting(&runner.vm[RUNNER_COUNTED], bl_alloc_system(),
                                             bl_gas_schedule_get(1), &err));
#ifdef BAALS_HAVE_WASMTIME
    const struct bl_vm_wasmtime_options raw = {.raw = true};
    assert_ok(bl_vm_new(&runner.vm[RUNNER_WASMTIME], "wasmtime", bl_alloc_system(), &err));
    assert_ok(bl_vm_wasmtime_new(&runner.vm[RUNNER_WASMTIME_RAW], bl_alloc_system(), &raw, &err));
#endif
    for (int i = 1; i < argc; i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_read_file(&len, argv[i]);
        runner.file = argv[i];
        runner.code = bl_slice(bytes, len);
        bl_arena_init(&runner.arena, bl_alloc_system(), SIZE_MAX / 2);
        bl_buffer_init(&runner.metered, bl_alloc_system(), SIZE_MAX / 2);
        runner_module(&runner);
        (void)fflush(stdout);
        bl_buffer_deinit(&runner.metered);
        bl_arena_deinit(&runner.arena);
        free(bytes);
    }
    for (size_t i = 0; i < RUNNER_FORMS; i++)
        bl_vm_close(runner.vm[i]);
    return 0;
}
