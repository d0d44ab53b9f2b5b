/* SPDX-License-Identifier: MIT */
/* The wrapping backend that fails on demand: exactly the calls its plan names. */
#include "testlib.h"

#include <string.h>

#include "storage/storage_internal.h"

struct fixture {
    struct bl_env *env;
    baals_storage *storage;
    struct bl_storage_fault_plan plan;
};

static void fixture_begin(struct fixture *f)
{
    baals_storage *inner;
    memset(f, 0, sizeof(*f));
    f->plan.status = BAALS_IO;
    assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    assert_ok(bl_storage_open(&inner, f->env, "memory", NULL, NULL));
    assert_ok(bl_storage_fault_wrap(&f->storage, f->env, inner, &f->plan, NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_storage_close(f->storage);
    bl_env_close(f->env);
}

static baals_status apply(struct fixture *f, const char *key)
{
    baals_write write = {
        .space = BAALS_SPACE_META, .key = bl_slice_str(key), .value = bl_slice_str("v")};
    return bl_storage_apply(f->storage, f->env, &write, 1, NULL);
}

static uint64_t entries_of(struct fixture *f)
{
    baals_storage_stats stats;
    f->plan.ops = 0;
    assert_ok(bl_storage_stats(f->storage, &stats, NULL));
    return stats.entries;
}

/* Goal: the k-th call and the `repeat` ones after it fail with the plan's status, no others. */
static void test_fault_kth(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    f.plan.ops = BL_STORAGE_OP_APPLY;
    f.plan.fail_at = 2;
    f.plan.repeat = 1;
    f.plan.status = BAALS_IO_FULL;
    assert_ok(apply(&f, "1"));
    assert_status(apply(&f, "2"), BAALS_IO_FULL);
    assert_status(apply(&f, "3"), BAALS_IO_FULL);
    assert_ok(apply(&f, "4"));
    assert_int_equal(atomic_load(&f.plan.calls), 4);
    assert_int_equal(entries_of(&f), 2);
    fixture_end(&f);
}

/* Goal: with `after` the work is done and yet reported as failed. */
static void test_fault_after(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    f.plan.ops = BL_STORAGE_OP_APPLY | BL_STORAGE_OP_SYNC;
    f.plan.fail_at = 1;
    f.plan.repeat = UINT64_MAX;
    f.plan.after = true;
    assert_status(apply(&f, "1"), BAALS_IO);
    assert_status(bl_storage_sync(f.storage, NULL), BAALS_IO);
    assert_int_equal(entries_of(&f), 1);
    fixture_end(&f);
}

/* Goal: each operation can be made to fail alone. */
static void test_fault_each_operation(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    assert_ok(apply(&f, "k"));
    for (uint32_t op = BL_STORAGE_OP_SNAPSHOT; op <= BL_STORAGE_OP_STATS; op *= 2) {
        baals_snapshot *snapshot = NULL;
        baals_storage_stats stats;
        baals_slice key = bl_slice_str("k");
        baals_slice value;
        baals_storage *s = f.storage;
        f.plan.ops = op;
        f.plan.fail_at = 0;
        assert_ok(bl_storage_snapshot_begin(s, &snapshot, NULL));
        f.plan.fail_at = 1;
        f.plan.repeat = UINT64_MAX;
        baals_snapshot *second = NULL;
        baals_status statuses[] = {
            bl_storage_snapshot_begin(s, &second, NULL),
            bl_storage_get(s, &value, snapshot, BAALS_SPACE_META, key, NULL),
            bl_storage_seek(s, &key, &value, snapshot, BAALS_SPACE_META, key, 0, NULL),
            apply(&f, "l"),
            bl_storage_sync(s, NULL),
            bl_storage_stats(s, &stats, NULL),
        };
        for (uint32_t i = 0; i < BL_COUNT_OF(statuses); i++)
            assert_status(statuses[i], 1u << i == op ? BAALS_IO : BAALS_OK);
        bl_storage_snapshot_end(s, snapshot);
        if (second != NULL)
            bl_storage_snapshot_end(s, second);
    }
    fixture_end(&f);
}

/* Goal: without memory the wrapped storage stays with the caller. */
static void test_fault_nomem(void **state)
{
    (void)state;
    struct fixture f;
    struct testlib_faulty_alloc faulty = {.fail_at = 1};
    fixture_begin(&f);
    baals_storage *outer = NULL;
    struct bl_alloc alloc = f.env->alloc;
    f.env->alloc = testlib_faulty_alloc(&faulty);
    assert_status(bl_storage_fault_wrap(&outer, f.env, f.storage, &f.plan, NULL), BAALS_NOMEM);
    f.env->alloc = alloc;
    assert_null(outer);
    assert_ok(apply(&f, "k"));
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_kth),
        cmocka_unit_test(test_fault_after),
        cmocka_unit_test(test_fault_each_operation),
        cmocka_unit_test(test_fault_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
