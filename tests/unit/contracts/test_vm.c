/* SPDX-License-Identifier: MIT */
/*
 * The wrappers around runtimes: choosing one, bounds of memory ranges, and runtimes that give no
 * view of their memory.
 */
#include "contracts/vm.h"

#include <string.h>

#include "testlib.h"

#define FLAT_SIZE 64u

/* A runtime that is only a memory, without the optional view. */
struct flat_instance {
    baals_vm_instance base;
    uint8_t memory[FLAT_SIZE];
};

static uint32_t flat_mem_size(const baals_vm_instance *instance)
{
    (void)instance;
    return FLAT_SIZE;
}

static int32_t
flat_mem_read(const baals_vm_instance *instance, void *out, uint32_t offset, uint32_t len)
{
    const struct flat_instance *self = (const struct flat_instance *)instance;
    if ((uint64_t)offset + len > FLAT_SIZE)
        return 0;
    memcpy(out, self->memory + offset, len);
    return 1;
}

static int32_t
flat_mem_write(baals_vm_instance *instance, uint32_t offset, const void *data, uint32_t len)
{
    struct flat_instance *self = (struct flat_instance *)instance;
    if ((uint64_t)offset + len > FLAT_SIZE)
        return 0;
    memcpy(self->memory + offset, data, len);
    return 1;
}

static const struct baals_vm_ops flat_ops = {.version = BAALS_VM_OPS_VERSION,
                                             .name = "flat",
                                             .mem_size = flat_mem_size,
                                             .mem_read = flat_mem_read,
                                             .mem_write = flat_mem_write};

/* Goal: the runtime is chosen by name, an unknown one is refused. */
static void test_choice(void **state)
{
    (void)state;
    baals_vm *vm = NULL;
    assert_ok(bl_vm_new(&vm, "interpreter", bl_alloc_system(), NULL));
    assert_string_equal(vm->ops->name, "interpreter");
    bl_vm_close(vm);
    vm = NULL;
    assert_status(bl_vm_new(&vm, "quantum", bl_alloc_system(), NULL), BAALS_UNSUPPORTED);
    assert_null(vm);
    bl_vm_close(NULL);
    bl_vm_destroy(NULL);
    bl_vm_module_free(NULL, NULL);
}

/* Goal: ranges are inside up to the very end, also empty ones; nothing wraps. */
static void test_inside(void **state)
{
    (void)state;
    struct flat_instance flat = {.base = {.ops = &flat_ops}};
    static const struct {
        uint32_t offset, len;
        bool inside;
    } rows[] = {{0, 0, true},          {0, 64, true},          {0, 65, false},
                {64, 0, true},         {65, 0, false},         {63, 1, true},
                {63, 2, false},        {UINT32_MAX, 1, false}, {UINT32_MAX, UINT32_MAX, false},
                {1, UINT32_MAX, false}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++)
        assert_int_equal(bl_vm_mem_inside(&flat.base, rows[i].offset, rows[i].len), rows[i].inside);
}

/* Goal: without a view a slice is a copy in the scratch buffer, with NOMEM where that fails. */
static void test_slice_without_view(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {0};
    struct flat_instance flat = {.base = {.ops = &flat_ops}};
    struct bl_buffer scratch;
    baals_slice slice = {0};
    bl_buffer_init(&scratch, testlib_faulty_alloc(&memory), 1024);
    bl_vm_mem_write(&flat.base, 10, bl_slice_str("text"));
    memory.fail_at = 1;
    assert_status(bl_vm_mem_slice(&slice, &flat.base, &scratch, 10, 4, NULL), BAALS_NOMEM);
    memory.fail_at = 0;
    assert_ok(bl_vm_mem_slice(&slice, &flat.base, &scratch, 10, 4, NULL));
    assert_int_equal(slice.len, 4);
    assert_memory_equal(slice.data, "text", 4);
    assert_ptr_equal(slice.data, scratch.data);
    assert_ok(bl_vm_mem_slice(&slice, &flat.base, &scratch, 64, 0, NULL));
    assert_int_equal(slice.len, 0);
    bl_buffer_deinit(&scratch);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_slice_without_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
