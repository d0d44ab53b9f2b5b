/* SPDX-License-Identifier: MIT */
/* The backend in memory: the tree beneath what the conformance suite sees. */
#include "testlib.h"

#include <string.h>

#include "storage/storage_internal.h"

enum { KEYS = 4096 };

struct fixture {
    struct bl_env *env;
    baals_storage *storage;
    struct testlib_faulty_alloc faulty;
};

/* The storage's memory comes from the counting allocator. */
static void fixture_begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    f->env->alloc = testlib_faulty_alloc(&f->faulty);
    assert_ok(bl_storage_open(&f->storage, f->env, "memory", NULL, NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_storage_close(f->storage);
    assert_int_equal(f->faulty.live, 0);
    f->env->alloc = bl_alloc_system();
    bl_env_close(f->env);
}

static baals_write write_of(uint8_t key[4], uint32_t number, bool is_delete)
{
    bl_store_u32be(key, number);
    return (baals_write){.space = BAALS_SPACE_ACCOUNTS,
                         .is_delete = is_delete,
                         .key = bl_slice(key, 4),
                         .value = bl_slice(key, 4)};
}

static void apply_one(struct fixture *f, uint32_t number, bool is_delete)
{
    uint8_t key[4];
    baals_write write = write_of(key, number, is_delete);
    assert_ok(bl_storage_apply(f->storage, f->env, &write, 1, NULL));
}

static uint64_t calls_of(struct fixture *f, uint32_t number, bool is_delete)
{
    uint64_t before = f->faulty.calls;
    apply_one(f, number, is_delete);
    return f->faulty.calls - before;
}

static uint64_t entries_of(struct fixture *f)
{
    baals_storage_stats stats;
    assert_ok(bl_storage_stats(f->storage, &stats, NULL));
    return stats.entries;
}

/* Goal: whatever the order of inserting and removing, one write copies no more nodes than an AVL
 * tree is high (17 for 4,096 keys), with a few for its rotations. */
static void test_memory_balanced(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_true(calls_of(&f, i, false) <= 17 + 6);
    for (uint32_t i = 0; i < KEYS / 2; i++)
        assert_true(calls_of(&f, i, true) <= 17 + 6);
    for (uint32_t i = KEYS / 2; i < KEYS; i += 2)
        assert_true(calls_of(&f, i, true) <= 17 + 6);
    assert_int_equal(entries_of(&f), KEYS / 4);
    fixture_end(&f);
}

/* Goal: a batch copies each old node once at most, however many writes go through it. */
static void test_memory_batch_shares(void **state)
{
    (void)state;
    struct fixture f;
    static uint8_t keys[1000][4];
    baals_write writes[1000];
    fixture_begin(&f);
    for (uint32_t i = 0; i < 1000; i++)
        writes[i] = write_of(keys[i], i, false);
    assert_ok(bl_storage_apply(f.storage, f.env, writes, 1000, NULL));
    uint64_t before = f.faulty.calls;
    assert_ok(bl_storage_apply(f.storage, f.env, writes, 1000, NULL));
    /* One entry and one node for each, and the sealed batch. */
    assert_true(f.faulty.calls - before <= 2001);
    fixture_end(&f);
}

/* Goal: the memory of a snapshot is shared, and given back when the snapshot ends. */
static void test_memory_snapshot_cost(void **state)
{
    (void)state;
    struct fixture f;
    baals_snapshot *snapshot;
    baals_slice value;
    uint8_t key[4] = {0, 0, 0, 0};
    fixture_begin(&f);
    for (uint32_t i = 0; i < 1000; i++)
        apply_one(&f, i, false);
    int64_t before = f.faulty.live;
    assert_ok(bl_storage_snapshot_begin(f.storage, &snapshot, NULL));
    for (uint32_t i = 0; i < 1000; i++)
        apply_one(&f, i, true);
    assert_int_equal(entries_of(&f), 0);
    assert_ok(bl_storage_get(f.storage, &value, snapshot, BAALS_SPACE_ACCOUNTS,
                             bl_slice(key, sizeof(key)), NULL));
    bl_storage_snapshot_end(f.storage, snapshot);
    assert_true(f.faulty.live < before / 10);
    fixture_end(&f);
}

/* Goal: whichever allocation of a batch fails, the batch leaves no trace and no leak. */
static void test_memory_nomem(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t keys[24][4];
    baals_write writes[24];
    baals_status status = BAALS_NOMEM;
    uint64_t failed = 0;
    fixture_begin(&f);
    for (uint32_t i = 0; i < 64; i++)
        apply_one(&f, i, false);
    for (uint32_t i = 0; i < 24; i++)
        writes[i] = write_of(keys[i], i * 5, i % 2 == 0);
    int64_t live = f.faulty.live;
    while (status != BAALS_OK) {
        f.faulty.fail_at = f.faulty.calls + 1 + failed;
        status = bl_storage_apply(f.storage, f.env, writes, 24, NULL);
        f.faulty.fail_at = 0;
        if (status == BAALS_OK)
            break;
        assert_status(status, BAALS_NOMEM);
        assert_int_equal(f.faulty.live, live);
        assert_int_equal(entries_of(&f), 64);
        failed++;
    }
    assert_true(failed > 50);
    /* Removed: 0, 10, ..., 60 (7 of those present). Added: 65, 75, ..., 115 (6). */
    assert_int_equal(entries_of(&f), 64 - 7 + 6);
    fixture_end(&f);
}

/* Goal: opening and snapshots answer NOMEM and leak nothing. */
static void test_memory_nomem_open(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage = NULL;
    baals_snapshot *snapshot = NULL;
    fixture_begin(&f);
    f.faulty.fail_at = f.faulty.calls + 1;
    f.faulty.repeat = UINT64_MAX;
    assert_status(bl_storage_open(&storage, f.env, "memory", NULL, NULL), BAALS_NOMEM);
    assert_status(bl_storage_snapshot_begin(f.storage, &snapshot, NULL), BAALS_NOMEM);
    assert_null(storage);
    assert_null(snapshot);
    f.faulty.fail_at = 0;
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_balanced),      cmocka_unit_test(test_memory_batch_shares),
        cmocka_unit_test(test_memory_snapshot_cost), cmocka_unit_test(test_memory_nomem),
        cmocka_unit_test(test_memory_nomem_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
