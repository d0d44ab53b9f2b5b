/* SPDX-License-Identifier: MIT */
/* The store: layers over the kv, checkpoints beside readers, reopening. */
#include "testlib.h"

#include <pthread.h>
#include <string.h>

#include "storage/storage_internal.h"

struct fixture {
    struct bl_env *env;
    baals_storage *storage; /* the store's, for looking below it */
    struct bl_store *store;
    struct bl_storage_fault_plan plan;
    baals_hash chain;
    char dir[512];
    char kv[600];
};

static baals_storage *fixture_storage(struct fixture *f, const char *backend)
{
    baals_storage *inner;
    baals_storage *outer;
    assert_ok(bl_storage_open(&inner, f->env, backend, f->kv, NULL));
    assert_ok(bl_storage_fault_wrap(&outer, f->env, inner, &f->plan, NULL));
    return outer;
}

static void fixture_open(struct fixture *f, const char *backend)
{
    f->storage = fixture_storage(f, backend);
    assert_ok(bl_store_open(&f->store, f->env, f->storage, &f->chain, NULL));
}

static struct fixture *fixture_begin(const char *backend)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof(*f));
    assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
    testlib_temp_dir(f->dir, sizeof(f->dir), "store");
    assert_ok(bl_path_join(f->kv, sizeof(f->kv), f->dir, "kv", NULL));
    f->plan = (struct bl_storage_fault_plan){.ops = BL_STORAGE_OP_ALL, .status = BAALS_IO};
    memset(f->chain.bytes, 7, sizeof(f->chain.bytes));
    fixture_open(f, backend);
    return f;
}

static void fixture_end(struct fixture *f)
{
    bl_store_close(f->store);
    bl_env_close(f->env);
    testlib_remove_tree(f->dir);
}

static baals_write write_put(baals_space space, const char *key, const char *value)
{
    return (baals_write){.space = space, .key = bl_slice_str(key), .value = bl_slice_str(value)};
}

static baals_write write_delete(baals_space space, const char *key)
{
    return (baals_write){.space = space, .is_delete = 1, .key = bl_slice_str(key)};
}

static struct bl_tip tip_at(uint64_t height)
{
    struct bl_tip tip = {.height = height, .journal_end = height * 4096};
    memset(tip.hash.bytes, (int)(height & 0xff), sizeof(tip.hash.bytes));
    return tip;
}

static void push(struct fixture *f, uint64_t height, const baals_write *writes, size_t count)
{
    struct bl_layer *layer;
    struct bl_tip tip = tip_at(height);
    assert_ok(bl_layer_new(&layer, &f->env->alloc, writes, count, NULL));
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

static void assert_get(struct bl_view *view, const char *key, const char *expected)
{
    baals_slice value;
    baals_status status = bl_view_get(view, &value, BAALS_SPACE_ACCOUNTS, bl_slice_str(key), NULL);
    if (expected == NULL) {
        assert_status(status, BAALS_NOTFOUND);
        return;
    }
    assert_ok(status);
    assert_true(bl_slice_equal(value, bl_slice_str(expected)));
}

static void assert_store_get(struct fixture *f, const char *key, const char *expected)
{
    struct bl_view *view;
    assert_ok(bl_view_begin(&view, f->store, NULL));
    assert_get(view, key, expected);
    bl_view_end(view);
}

/* Goal: an empty store has no tip, neither of the kv nor for readers. */
static void test_store_empty(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_tip tip;
    struct bl_view *view;
    assert_status(bl_store_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_status(bl_store_checkpoint_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_status(bl_store_checkpoint_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_ok(bl_view_begin(&view, f->store, NULL));
    assert_int_equal(bl_view_tip(view)->height, 0);
    assert_true(bl_bytes_all_zero(bl_view_tip(view)->hash.bytes, 32));
    bl_view_end(view);
    fixture_end(f);
}

/* Goal: the newest layer wins, a removal hides, and a view keeps its height. */
static void test_store_push(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_view *first;
    struct bl_tip tip;
    baals_write one[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "1"),
                         write_put(BAALS_SPACE_ACCOUNTS, "b", "1")};
    baals_write two[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "2"),
                         write_delete(BAALS_SPACE_ACCOUNTS, "b")};
    push(f, 1, one, 2);
    assert_ok(bl_view_begin(&first, f->store, NULL));
    push(f, 2, two, 2);
    assert_int_equal(bl_view_tip(first)->height, 1);
    assert_get(first, "a", "1");
    assert_get(first, "b", "1");
    bl_view_end(first);
    assert_store_get(f, "a", "2");
    assert_store_get(f, "b", NULL);
    assert_ok(bl_store_tip(f->store, &tip));
    assert_int_equal(tip.height, 2);
    assert_int_equal(tip.journal_end, 8192);
    fixture_end(f);
}

/* Goal: a checkpoint moves all layers into the kv with their tip, and a view begun before it reads
 * on at its height. */
static void test_store_checkpoint(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_view *before;
    struct bl_tip tip;
    baals_write one[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "1"),
                         write_put(BAALS_SPACE_ACCOUNTS, "b", "1")};
    baals_write two[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "2"),
                         write_delete(BAALS_SPACE_ACCOUNTS, "b")};
    push(f, 1, one, 2);
    assert_ok(bl_view_begin(&before, f->store, NULL));
    push(f, 2, two, 2);
    assert_true(bl_store_layer_bytes(f->store) > 0);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_int_equal(bl_store_layer_bytes(f->store), 0);
    assert_ok(bl_store_checkpoint_tip(f->store, &tip));
    assert_int_equal(tip.height, 2);
    assert_get(before, "a", "1");
    assert_get(before, "b", "1");
    bl_view_end(before);
    assert_store_get(f, "a", "2");
    assert_store_get(f, "b", NULL);
    baals_storage_stats stats;
    assert_ok(bl_store_stats(f->store, &stats, NULL));
    assert_int_equal(stats.entries, 2); /* "a" and the record */
    fixture_end(f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_empty),
        cmocka_unit_test(test_store_push),
        cmocka_unit_test(test_store_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
