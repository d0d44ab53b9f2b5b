/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

#include "base/workers.h"

#define UPDATE_KEYS 6000u

struct update_model {
    baals_hash key_hash;
    baals_hash value_hash;
    bool present;
};

static void update_push(struct fixture *f, struct bl_layer *layer)
{
    struct bl_tip tip = {.height = f->height, .journal_end = f->height + 1};
    bl_store_u64be(tip.hash.bytes + 24, ++f->height);
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

/* Changes `count` of the keys at random and applies them; the root after it. */
static void update_round(struct fixture *f,
                         struct update_model *model,
                         struct testlib_rng *rng,
                         size_t count,
                         baals_hash *root_out)
{
    static struct bl_leaf_change changes[UPDATE_KEYS];
    static bool chosen[UPDATE_KEYS];
    struct bl_slot root;
    size_t made = 0;
    memset(chosen, 0, sizeof chosen);
    for (size_t i = 0; i < count; i++) {
        size_t at = testlib_rng_below(rng, UPDATE_KEYS);
        struct update_model *leaf = &model[at];
        if (chosen[at])
            continue;
        chosen[at] = true;
        struct bl_leaf_change *change = &changes[made++];
        memset(change, 0, sizeof *change);
        change->key_hash = leaf->key_hash;
        change->has_old = leaf->present;
        change->old_hash = leaf->value_hash;
        change->has_new = !leaf->present || testlib_rng_below(rng, 4) != 0;
        testlib_rng_bytes(rng, change->new_hash.bytes, 32);
        leaf->present = change->has_new;
        leaf->value_hash = change->new_hash;
    }
    struct bl_view *view = fixture_view(f);
    update_push(f, trees_layer(&root, f->forest, view, BAALS_SPACE_CODE, changes, made));
    bl_view_end(view);
    bl_root_hash(root_out, BAALS_SPACE_CODE, &root);
}

static void update_run_history(unsigned threads)
{
    static struct update_model model[UPDATE_KEYS];
    static struct bl_leaf live[UPDATE_KEYS];
    static const size_t counts[] = {UPDATE_KEYS, 1, 3000, 16, 17, 5000, 300, 1};
    struct fixture f;
    struct bl_workers *workers = NULL;
    struct testlib_rng rng = testlib_rng(130);
    memset(model, 0, sizeof model);
    for (size_t i = 0; i < UPDATE_KEYS; i++)
        testlib_rng_bytes(&rng, model[i].key_hash.bytes, 32);
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), threads, NULL));
    fixture_open(&f, "lmdb");
    f.forest->workers = workers;
    f.forest->bytes_max = 100000;
    for (unsigned round = 0; round < 24; round++) {
        baals_hash got;
        baals_hash want;
        size_t count = 0;
        update_round(&f, model, &rng, counts[round % BL_COUNT_OF(counts)], &got);
        for (size_t i = 0; i < UPDATE_KEYS; i++) {
            if (model[i].present)
                live[count++] = (struct bl_leaf){model[i].key_hash, model[i].value_hash};
        }
        bl_recompute_root(&want, live, count);
        assert_memory_equal(got.bytes, want.bytes, 32);
        if (round % 3 == 2)
            assert_ok(bl_store_checkpoint(f.store, NULL));
    }
    fixture_close(&f);
    bl_workers_free(workers);
}

/* Goal: batches of every size give the rule's root, on one thread and on several, with nodes in
 * memory and with nodes read from the store. */
static void test_threads(void **state)
{
    (void)state;
    update_run_history(1);
    update_run_history(4);
}

/* Goal: in a large batch with one old value that is not the tree's, nothing is committed, whichever
 * part of the tree it is in; then the same batch without it is. */
static void test_one_wrong(void **state)
{
    (void)state;
    static struct bl_leaf_change changes[2000];
    struct fixture f;
    struct bl_workers *workers = NULL;
    struct bl_slot root;
    struct testlib_rng rng = testlib_rng(131);
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 3, NULL));
    fixture_open(&f, "memory");
    f.forest->workers = workers;
    f.forest->bytes_max = 1u << 30;
    memset(changes, 0, sizeof changes);
    for (size_t i = 0; i < BL_COUNT_OF(changes); i++) {
        testlib_rng_bytes(&rng, changes[i].key_hash.bytes, 32);
        testlib_rng_bytes(&rng, changes[i].new_hash.bytes, 32);
        changes[i].has_new = true;
    }
    struct bl_view *view = fixture_view(&f);
    update_push(
        &f, trees_layer(&root, f.forest, view, BAALS_SPACE_CODE, changes, BL_COUNT_OF(changes)));
    bl_view_end(view);
    for (size_t i = 0; i < BL_COUNT_OF(changes); i++) {
        changes[i].has_old = true;
        changes[i].old_hash = changes[i].new_hash;
        changes[i].new_hash.bytes[0] ^= 1;
    }
    view = fixture_view(&f);
    const struct bl_pool *pool = bl_view_trees(view)->pool;
    size_t used = pool->inner.used + pool->leaves.used;
    for (unsigned kind = 0; kind < 30; kind++) {
        struct bl_trees *base = NULL;
        struct bl_trees *trees = NULL;
        struct bl_writes writes = {.arena = &f.arena};
        struct bl_leaf_change *wrong = &changes[testlib_rng_below(&rng, BL_COUNT_OF(changes))];
        struct bl_leaf_change right = *wrong;
        if (kind % 3 == 0)
            wrong->old_hash.bytes[31] ^= 1;
        else if (kind % 3 == 1)
            wrong->has_old = false;
        else
            wrong->key_hash.bytes[31] ^= 1;
        assert_ok(bl_forest_base(&base, f.forest, view, NULL));
        assert_ok(bl_trees_new(&trees, base, NULL));
        assert_status(bl_trees_update(trees, BAALS_SPACE_CODE, &writes, view, changes,
                                      BL_COUNT_OF(changes), NULL),
                      BAALS_CORRUPT_STATE);
        bl_trees_unref(trees);
        bl_trees_unref(base);
        assert_int_equal(pool->inner.used + pool->leaves.used, used);
        *wrong = right;
    }
    update_push(
        &f, trees_layer(&root, f.forest, view, BAALS_SPACE_CODE, changes, BL_COUNT_OF(changes)));
    bl_view_end(view);
    fixture_close(&f);
    bl_workers_free(workers);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_one_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
