/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the interpreter's own tests.
 */
#include "interpreter_fixture.h"

#include <string.h>

static const struct bl_wasm_imports fixture_no_imports = {.specs = NULL, .count = 0};

void interpreter_open(struct interpreter_fixture *fx, baals_slice code, bool counting)
{
    memset(fx, 0, sizeof *fx);
    struct bl_alloc alloc = testlib_faulty_alloc(&fx->memory);
    const struct bl_gas_schedule *schedule = bl_gas_schedule_get(1);
    baals_error err = {0};
    assert_ok(bl_vm_interpreter_new_counting(&fx->vm, alloc, counting ? schedule : NULL, &err));
    bl_arena_init(&fx->arena, bl_alloc_system(), SIZE_MAX / 2);
    bl_buffer_init(&fx->instrumented, bl_alloc_system(), SIZE_MAX / 2);
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 1, .imports = &fixture_no_imports};
    if (bl_wasm_decode(&fx->input, &fx->arena, code, &options, NULL, &err) != BAALS_OK)
        fail_msg("%s", err.message);
    fx->bytes = code;
    if (!counting) {
        struct bl_wasm_instrumented info;
        assert_ok(
            bl_wasm_instrument(&fx->instrumented, &info, fx->input, schedule, &fx->arena, &err));
        fx->bytes = bl_buffer_slice(&fx->instrumented);
    }
    assert_ok(bl_vm_compile(fx->vm, &fx->module, fx->bytes, NULL, 0, &err));
}

void interpreter_instantiate(struct interpreter_fixture *fx, int64_t gas)
{
    bl_vm_destroy(fx->instance);
    assert_ok(bl_vm_instantiate(fx->vm, &fx->instance, fx->module, NULL, NULL));
    bl_vm_gas_set(fx->instance, gas);
    bl_vm_stack_set(fx->instance, 256 * 1024);
}

baals_vm_end
interpreter_call(struct interpreter_fixture *fx, const char *name, baals_vm_trap *trap_out)
{
    *trap_out = (baals_vm_trap){.status = BAALS_OK};
    return bl_vm_call(fx->instance, bl_slice_str(name), trap_out, NULL);
}

void interpreter_close(struct interpreter_fixture *fx)
{
    bl_vm_destroy(fx->instance);
    bl_vm_module_free(fx->vm, fx->module);
    bl_vm_close(fx->vm);
    bl_buffer_deinit(&fx->instrumented);
    bl_arena_deinit(&fx->arena);
    assert_int_equal(fx->memory.live, 0);
}

const struct bl_interpreter_module *interpreter_module(const struct interpreter_fixture *fx)
{
    return (const struct bl_interpreter_module *)fx->module;
}

struct bl_interpreter_instance *interpreter_instance(const struct interpreter_fixture *fx)
{
    return (struct bl_interpreter_instance *)fx->instance;
}
