/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a module without imports: what is accepted must behave the same instrumented and as
 * it is, at the cost of its path; and the same on wasmtime, where this build has it.
 */
#include <string.h>

#include "contracts/vm.h"
#include "contracts/vm_interpreter.h"
#include "contracts/vm_wasmtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_GAS 50000
#define FUZZ_STACK (256 * 1024)

static const struct bl_wasm_imports fuzz_imports = {.specs = NULL, .count = 0};

/* One form of the module. */
struct fuzz_side {
    baals_vm *vm;
    baals_vm_module *module;
    baals_vm_instance *instance;
};

static void fuzz_fresh(struct fuzz_side *side, baals_slice bytes)
{
    BL_ASSERT(bl_vm_compile(side->vm, &side->module, bytes, NULL, 0, NULL) == BAALS_OK);
    BL_ASSERT(bl_vm_instantiate(side->vm, &side->instance, side->module, NULL, NULL) == BAALS_OK);
    bl_vm_gas_set(side->instance, FUZZ_GAS);
    bl_vm_stack_set(side->instance, FUZZ_STACK);
}

static void fuzz_open(struct fuzz_side *side, baals_slice bytes, bool counting)
{
    const struct bl_gas_schedule *schedule = counting ? bl_gas_schedule_get(1) : NULL;
    BL_ASSERT(bl_vm_interpreter_new_counting(&side->vm, bl_alloc_system(), schedule, NULL) ==
              BAALS_OK);
    fuzz_fresh(side, bytes);
}

static void fuzz_close(struct fuzz_side *side)
{
    bl_vm_destroy(side->instance);
    bl_vm_module_free(side->vm, side->module);
    bl_vm_close(side->vm);
}

#ifdef BAALS_HAVE_WASMTIME
/* The instrumented module in compiled code against its run in the interpreter. */
static void fuzz_compiled(const struct fuzz_side *metered,
                          baals_vm_end end,
                          const baals_vm_trap *trap,
                          baals_slice instrumented,
                          baals_slice name)
{
    const struct bl_vm_wasmtime_options options = {.on_demand = true};
    struct fuzz_side side = {0};
    baals_vm_trap other = {.status = BAALS_OK};
    baals_error err;
    BL_ASSERT(bl_vm_wasmtime_new(&side.vm, bl_alloc_system(), &options, &err) == BAALS_OK);
    fuzz_fresh(&side, instrumented);
    BL_ASSERT(bl_vm_call(side.instance, name, &other, &err) == end);
    BL_ASSERT(trap->status == other.status);
    BL_ASSERT(bl_vm_gas_get(metered->instance) == bl_vm_gas_get(side.instance));
    BL_ASSERT(bl_vm_stack_get(metered->instance) == bl_vm_stack_get(side.instance));
    uint32_t len = bl_vm_mem_size(metered->instance);
    BL_ASSERT(len == bl_vm_mem_size(side.instance));
    const struct bl_interpreter_instance *a =
        (const struct bl_interpreter_instance *)metered->instance;
    for (uint32_t at = 0; at < len; at += 4096) {
        uint8_t page[4096];
        bl_vm_mem_read(side.instance, page, at, sizeof page);
        BL_ASSERT(memcmp(a->memory + at, page, sizeof page) == 0);
    }
    fuzz_close(&side);
}
#endif

static void fuzz_compare(baals_slice input, baals_slice instrumented, baals_slice name)
{
    struct fuzz_side metered = {0}, oracle = {0};
    baals_vm_trap trap = {.status = BAALS_OK}, other = {.status = BAALS_OK};
    fuzz_open(&metered, instrumented, false);
    baals_vm_end end = bl_vm_call(metered.instance, name, &trap, NULL);
    BL_ASSERT(end != BAALS_VM_END_FAULT);
    if (trap.status != BAALS_TRAP_GAS && trap.status != BAALS_TRAP_STACK) {
        fuzz_open(&oracle, input, true);
        BL_ASSERT(bl_vm_call(oracle.instance, name, &other, NULL) == end);
        BL_ASSERT(trap.status == other.status);
        BL_ASSERT(end != BAALS_VM_END_OK ||
                  bl_vm_gas_get(metered.instance) == bl_vm_gas_get(oracle.instance));
        uint32_t len = bl_vm_mem_size(metered.instance);
        BL_ASSERT(len == bl_vm_mem_size(oracle.instance));
        const struct bl_interpreter_instance *a =
            (const struct bl_interpreter_instance *)metered.instance;
        const struct bl_interpreter_instance *b =
            (const struct bl_interpreter_instance *)oracle.instance;
        BL_ASSERT(len == 0 || memcmp(a->memory, b->memory, len) == 0);
        fuzz_close(&oracle);
    }
#ifdef BAALS_HAVE_WASMTIME
    fuzz_compiled(&metered, end, &trap, instrumented, name);
#endif
    fuzz_close(&metered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_arena arena;
    struct bl_buffer instrumented;
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 1, .imports = &fuzz_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    baals_slice input = bl_slice(data, size);
    bl_arena_init(&arena, bl_alloc_system(), (size_t)256 * 1024 * 1024);
    bl_buffer_init(&instrumented, bl_alloc_system(), (size_t)8 * 1024 * 1024);
    baals_status status = bl_wasm_decode(&module, &arena, input, &options, NULL, NULL);
    if (status == BAALS_OK)
        status =
            bl_wasm_instrument(&instrumented, &info, module, bl_gas_schedule_get(1), &arena, NULL);
    for (uint32_t i = 0; status == BAALS_OK && i < module->export_count; i++) {
        const struct bl_wasm_export *item = &module->exports[i];
        if (item->kind != BL_WASM_KIND_FUNCTION)
            continue;
        const struct bl_wasm_functype *type = bl_wasm_function_type(module, item->index);
        if (type->param_count == 0 && type->result == BL_WASM_VOID)
            fuzz_compare(input, bl_buffer_slice(&instrumented), item->name);
    }
    bl_buffer_deinit(&instrumented);
    bl_arena_deinit(&arena);
    return 0;
}
