/* SPDX-License-Identifier: MIT */
/*
 * The wrappers around WASM runtimes: they assert what ext/vm.h promises, so that a faulty runtime
 * stops the process instead of forking the ledger.
 */
#include "contracts/vm.h"

#include <string.h>

#include "contracts/vm_wasmtime.h"

#ifndef BAALS_HAVE_WASMTIME
baals_status bl_vm_wasmtime_new(baals_vm **out,
                                struct bl_alloc alloc,
                                const struct bl_vm_wasmtime_options *options,
                                baals_error *err)
{
    (void)out;
    (void)alloc;
    (void)options;
    return bl_fail(err, BAALS_UNSUPPORTED, "this build is without wasmtime");
}
#endif

static baals_status vm_wasmtime_open(baals_vm **out, struct bl_alloc alloc, baals_error *err)
{
    static const struct bl_vm_wasmtime_options defaults = {.instances = 0};
    return bl_vm_wasmtime_new(out, alloc, &defaults, err);
}

/* One row per runtime. */
static const struct vm_backend {
    const char *name;
    baals_status (*open)(baals_vm **out, struct bl_alloc alloc, baals_error *err);
} vm_backends[] = {
    {"interpreter", bl_vm_interpreter_new},
    {"wasmtime", vm_wasmtime_open},
};

baals_status bl_vm_new(baals_vm **out, const char *name, struct bl_alloc alloc, baals_error *err)
{
    for (size_t i = 0; i < BL_COUNT_OF(vm_backends); i++) {
        if (strcmp(vm_backends[i].name, name) == 0)
            return vm_backends[i].open(out, alloc, err);
    }
    return bl_fail(err, BAALS_UNSUPPORTED, "this build has no WASM runtime named %.32s", name);
}

void bl_vm_close(baals_vm *vm)
{
    if (vm != NULL)
        vm->ops->close(vm);
}

baals_status bl_vm_compile(baals_vm *vm,
                           baals_vm_module **module_out,
                           baals_slice bytes,
                           const baals_vm_host_function *functions,
                           size_t function_count,
                           baals_error *err)
{
    BL_ASSERT(vm->ops->version == BAALS_VM_OPS_VERSION);
    baals_vm_module *module = NULL;
    BL_TRY(vm->ops->compile(vm, &module, bytes, functions, function_count, err));
    BL_ASSERT(module != NULL && module->ops == vm->ops);
    *module_out = module;
    return BAALS_OK;
}

void bl_vm_module_free(baals_vm *vm, baals_vm_module *module)
{
    if (module != NULL)
        vm->ops->module_free(vm, module);
}

size_t bl_vm_module_bytes(const baals_vm_module *module)
{
    return module->ops->module_bytes(module);
}

baals_status bl_vm_instantiate(baals_vm *vm,
                               baals_vm_instance **instance_out,
                               baals_vm_module *module,
                               void *ctx,
                               baals_error *err)
{
    BL_ASSERT(module->ops == vm->ops);
    baals_vm_instance *instance = NULL;
    BL_TRY(vm->ops->instantiate(vm, &instance, module, ctx, err));
    BL_ASSERT(instance != NULL && instance->ops == vm->ops);
    *instance_out = instance;
    return BAALS_OK;
}

void bl_vm_destroy(baals_vm_instance *instance)
{
    if (instance != NULL)
        instance->ops->destroy(instance);
}

baals_vm_end
bl_vm_call(baals_vm_instance *instance, baals_slice name, baals_vm_trap *trap_out, baals_error *err)
{
    baals_vm_trap trap = {.status = BAALS_OK, .function_index = UINT32_MAX, .offset = UINT32_MAX};
    baals_vm_end end = instance->ops->call(instance, (const char *)name.data, name.len, &trap, err);
    BL_ASSERT(end >= BAALS_VM_END_OK && end <= BAALS_VM_END_FAULT);
    if (end == BAALS_VM_END_TRAP) {
        BL_ASSERT(BAALS_STATUS_CLASS(trap.status) == BAALS_CLASS_TRAP);
        *trap_out = trap;
    }
    return end;
}

uint32_t bl_vm_mem_size(const baals_vm_instance *instance)
{
    return instance->ops->mem_size(instance);
}

bool bl_vm_mem_inside(const baals_vm_instance *instance, uint32_t offset, uint32_t len)
{
    return (uint64_t)offset + len <= bl_vm_mem_size(instance);
}

baals_status bl_vm_mem_slice(baals_slice *out,
                             baals_vm_instance *instance,
                             struct bl_buffer *scratch,
                             uint32_t offset,
                             uint32_t len,
                             baals_error *err)
{
    BL_ASSERT(bl_vm_mem_inside(instance, offset, len));
    if (len == 0) {
        *out = bl_slice(NULL, 0);
        return BAALS_OK;
    }
    if (instance->ops->mem_view != NULL) {
        const uint8_t *view = instance->ops->mem_view(instance, offset, len);
        if (view != NULL) {
            *out = bl_slice(view, len);
            return BAALS_OK;
        }
    }
    bl_buffer_clear(scratch);
    uint8_t *copy = bl_buffer_extend(scratch, len);
    if (copy == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %u bytes of a contract's memory", len);
    bl_vm_mem_read(instance, copy, offset, len);
    *out = bl_slice(copy, len);
    return BAALS_OK;
}

void bl_vm_mem_read(const baals_vm_instance *instance, void *out, uint32_t offset, uint32_t len)
{
    if (len == 0)
        return;
    int32_t copied = instance->ops->mem_read(instance, out, offset, len);
    BL_ASSERT(copied == 1);
}

void bl_vm_mem_write(baals_vm_instance *instance, uint32_t offset, baals_slice data)
{
    if (data.len == 0)
        return;
    BL_ASSERT(data.len <= UINT32_MAX);
    int32_t copied = instance->ops->mem_write(instance, offset, data.data, (uint32_t)data.len);
    BL_ASSERT(copied == 1);
}

void bl_vm_watch(baals_vm_instance *instance, int32_t (*expired)(void *ctx), void *ctx)
{
    if (instance->ops->watch != NULL)
        instance->ops->watch(instance, expired, ctx);
}

int64_t bl_vm_gas_get(const baals_vm_instance *instance)
{
    return instance->ops->gas_get(instance);
}

void bl_vm_gas_set(baals_vm_instance *instance, int64_t gas)
{
    instance->ops->gas_set(instance, gas);
}

int32_t bl_vm_stack_get(const baals_vm_instance *instance)
{
    return instance->ops->stack_get(instance);
}

void bl_vm_stack_set(baals_vm_instance *instance, int32_t stack)
{
    instance->ops->stack_set(instance, stack);
}
