/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

#include "baals/proof.h"

struct forest_count {
    size_t inner;
    size_t leaves;
};

static void forest_count_child(struct forest_count *count,
                               const struct bl_pool *pool,
                               const struct bl_child *child)
{
    if (bl_ref_kind(child->ref) == BL_REF_LEAF)
        count->leaves++;
    if (bl_ref_kind(child->ref) != BL_REF_INNER)
        return;
    count->inner++;
    for (unsigned side = 0; side < 2; side++) {
        struct bl_child below = bl_inner_child(bl_pool_inner(pool, child->ref), side);
        forest_count_child(count, pool, &below);
    }
}

/* Every node in use can be reached from the newest version: nothing older is left, nothing leaks.
 */
static void forest_assert_no_garbage(struct fixture *f)
{
    struct forest_count count = {0, 0};
    struct bl_view *view = fixture_view(f);
    const struct bl_trees *trees = bl_view_trees(view);
    assert_non_null(trees);
    for (unsigned i = 0; i < BL_TREES; i++)
        forest_count_child(&count, trees->pool, &trees->roots[i]);
    assert_int_equal(trees->pool->inner.used, count.inner);
    assert_int_equal(trees->pool->leaves.used, count.leaves);
    bl_view_end(view);
}

/* All that the view shows of the model's state, by proofs: each record or its absence. */
static void forest_assert_proofs(struct bl_view *view, const struct model *model)
{
    for (unsigned store = 0; store < BL_TREES; store++) {
        for (size_t i = 0; i < MODEL_KEYS; i += 5) {
            struct bl_state_roots roots;
            uint8_t bytes[40];
            struct bl_buffer proof;
            baals_slice value;
            bool exists = false;
            baals_slice key = model_key(bytes, store, i);
            const struct model_record *record = &model->records[store][i];
            const char *name = bl_state_store_name((baals_space)store);
            bl_buffer_init(&proof, bl_alloc_system(), 1u << 20);
            assert_ok(bl_state_roots(&roots, view, NULL));
            assert_ok(bl_state_prove(&proof, &value, &exists, view, (baals_space)store, key, NULL));
            assert_int_equal(exists, record->present);
            baals_slice encoded = bl_buffer_slice(&proof);
            if (exists)
                assert_ok(baals_proof_verify_existence(&roots.root, name, key, model_value(record),
                                                       encoded, NULL));
            else
                assert_ok(baals_proof_verify_absence(&roots.root, name, key, encoded, NULL));
            bl_buffer_deinit(&proof);
        }
    }
}

#define FOREST_VIEWS 12u

/* Goal: views of older heights show their own trees while newer ones are made, checkpointed and
 * given up; when they end, what only they could reach is free. */
static void test_old_views(void **state)
{
    (void)state;
    struct fixture f;
    static struct model models[FOREST_VIEWS];
    struct bl_view *views[FOREST_VIEWS];
    static struct model model;
    struct testlib_rng rng = testlib_rng(120);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    for (unsigned i = 0; i < FOREST_VIEWS; i++) {
        fixture_random_block(&f, &model, &rng, 60);
        models[i] = model;
        views[i] = fixture_view(&f);
    }
    for (unsigned i = 0; i < 10; i++)
        fixture_random_block(&f, &model, &rng, 30);
    /* In an order that is neither the oldest nor the newest first. */
    for (unsigned i = 0; i < FOREST_VIEWS; i++) {
        unsigned at = i * 5 % FOREST_VIEWS;
        forest_assert_proofs(views[at], &models[at]);
        bl_view_end(views[at]);
    }
    forest_assert_no_garbage(&f);
    fixture_close(&f);
}

/* A random write set on the view. */
static struct bl_write_set
forest_changes(struct fixture *f, struct bl_view *view, struct testlib_rng *rng)
{
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    assert_ok(bl_overlay_new(&overlay, &f->arena, view, NULL));
    for (unsigned i = 0; i < 20; i++) {
        uint8_t bytes[40];
        uint8_t value[4];
        unsigned space = (unsigned)testlib_rng_below(rng, BL_TREES);
        baals_slice key = model_key(bytes, space, testlib_rng_below(rng, MODEL_KEYS));
        testlib_rng_bytes(rng, value, sizeof value);
        assert_ok(bl_overlay_put(overlay, (baals_space)space, key, bl_slice(value, 4), NULL));
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    return set;
}

/* Goal: commits that are given up, alone or as a branch of several on one view, leave nothing
 * behind and change no later root. */
static void test_abandoned(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct bl_state_roots want;
    struct bl_alloc alloc = bl_alloc_system();
    struct testlib_rng rng = testlib_rng(121);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    for (unsigned round = 0; round < 40; round++) {
        struct bl_view *view = fixture_view(&f);
        for (size_t length = testlib_rng_below(&rng, 4); length > 0; length--) {
            struct bl_committed committed;
            struct bl_layer *layer = NULL;
            struct bl_write_set set = forest_changes(&f, view, &rng);
            assert_ok(bl_state_commit(&committed, f.forest, view, &set, &f.arena, NULL));
            assert_ok(bl_layer_new(&layer, &alloc, committed.writes, committed.count, NULL));
            bl_layer_attach(layer, committed.attachment);
            assert_ok(bl_view_push(view, layer, NULL));
            bl_layer_unref(layer);
        }
        bl_view_end(view);
        struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 12);
        model_roots(&want, &model);
        assert_same_roots(&roots, &want);
        forest_assert_no_garbage(&f);
    }
    fixture_close(&f);
}

/* Goal: a branch of several layers that is taken: all of it is published at once. */
static void test_branch_taken(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_alloc alloc = bl_alloc_system();
    struct testlib_rng rng = testlib_rng(122);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    for (unsigned round = 0; round < 20; round++) {
        struct bl_layer *layers[3];
        struct bl_committed committed;
        struct bl_state_roots again;
        struct bl_tip tip = {.height = f.height, .journal_end = f.height + 1};
        bl_store_u64be(tip.hash.bytes + 24, ++f.height);
        struct bl_view *view = fixture_view(&f);
        for (unsigned i = 0; i < 3; i++) {
            struct bl_write_set set = forest_changes(&f, view, &rng);
            assert_ok(bl_state_commit(&committed, f.forest, view, &set, &f.arena, NULL));
            assert_ok(bl_layer_new(&layers[i], &alloc, committed.writes, committed.count, NULL));
            bl_layer_attach(layers[i], committed.attachment);
            assert_ok(bl_view_push(view, layers[i], NULL));
        }
        assert_ok(bl_store_push_all(f.store, layers, 3, &tip, NULL));
        for (unsigned i = 0; i < 3; i++)
            bl_layer_unref(layers[i]);
        bl_view_end(view);
        view = fixture_view(&f);
        assert_ok(bl_state_recompute(&again, view, &alloc, NULL, NULL, NULL));
        assert_same_roots(&again, &committed.roots);
        bl_view_end(view);
        forest_assert_no_garbage(&f);
        if (round % 4 == 0)
            assert_ok(bl_store_checkpoint(f.store, NULL));
    }
    fixture_close(&f);
}

/* Goal: what is in memory stays within the setting and what no checkpoint has yet, however large
 * the state; with room for everything nothing is read twice. */
static void test_bounded(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(123);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    uint64_t largest = 0;
    uint64_t smallest = UINT64_MAX;
    for (unsigned i = 0; i < 120; i++) {
        fixture_random_block(&f, &model, &rng, 4);
        struct bl_view *view = fixture_view(&f);
        uint64_t bytes = bl_pool_bytes(bl_view_trees(view)->pool);
        bl_view_end(view);
        if (i < 60)
            continue;
        largest = bytes > largest ? bytes : largest;
        smallest = bytes < smallest ? bytes : smallest;
    }
    /* Three blocks of four changes, each with its way up, lie between two checkpoints. */
    assert_true(largest < FIXTURE_STATE_BYTES + 3u * 4u * 12u * sizeof(struct bl_inner));
    assert_true(smallest < FIXTURE_STATE_BYTES);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_views),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_branch_taken),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
