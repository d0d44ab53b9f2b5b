/* SPDX-License-Identifier: MIT */
/* The machine a measurement runs on. */
#include "bench_fixture.h"

/* What the machine is, and how long its disk takes, is found out. */
static void test_machine(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "machine");
    assert_ok(bench_machine_read(bench, &f.err));
    const struct bench_machine *machine = &bench->machine;
    assert_true(machine->cores > 0 && machine->memory_mib > 0);
    assert_true(machine->sync_p50_ns > 0 && machine->sync_p99_ns >= machine->sync_p50_ns);
    assert_int_equal(strncmp(machine->kernel, "Linux ", 6), 0);
    assert_true(machine->file_system[0] != '\0');
    bench_fixture_close(&f);
}

/* Memory that is held counts as the process' own. */
static void test_memory(void **state)
{
    struct bench_fixture f;
    uint64_t own[2], resident[2];
    size_t size = (size_t)32 * 1024 * 1024;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "memory");
    bench_memory(bench, &own[0], &resident[0]);
    uint8_t *held = bl_alloc_zero(&bench->alloc, 1, size);
    assert_non_null(held);
    memset(held, 1, size);
    bench_memory(bench, &own[1], &resident[1]);
    bl_alloc_free(&bench->alloc, held, size);
    assert_true(own[1] >= own[0] + 31 * 1024);
    assert_true(resident[1] >= own[1]);
    bench_fixture_close(&f);
}

/* Without the folder the disk cannot be measured. */
static void test_no_folder(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "nowhere");
    testlib_remove_tree(bench->dir);
    assert_status(bench_machine_read(bench, &f.err), BAALS_IO);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
