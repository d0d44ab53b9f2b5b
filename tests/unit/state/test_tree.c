/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* A tree of leaves whose key hashes are chosen, not computed: deep shared prefixes. */
#define TREE_KEYS 40u

struct tree_leaf {
    bool present;
    baals_hash value_hash;
};

/* Ascending with i. Groups of four share all but the last bits, so nodes form chains of 64. */
static void tree_key(baals_hash *out, size_t i)
{
    memset(out->bytes, (int)(i / 4 * 23), 32);
    out->bytes[31] = (uint8_t)(i % 4);
    if (i % 8 >= 4)
        out->bytes[17] ^= 1;
}

static size_t tree_collect(struct reference_leaf *out, const struct tree_leaf *leaves)
{
    size_t count = 0;
    for (size_t i = 0; i < TREE_KEYS; i++) {
        if (!leaves[i].present)
            continue;
        tree_key(&out[count].key_hash, i);
        out[count++].value_hash = leaves[i].value_hash;
    }
    return count;
}

static void tree_apply(struct fixture *f,
                       const struct bl_leaf_change *changes,
                       size_t count,
                       baals_hash *root_out)
{
    struct bl_slot root;
    struct bl_tip tip = {.height = f->height, .journal_end = f->height + 1};
    bl_store_u64be(tip.hash.bytes + 24, ++f->height);
    struct bl_view *view = fixture_view(f);
    struct bl_layer *layer =
        trees_layer(&root, f->forest, view, BAALS_SPACE_STORAGE, changes, count);
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
    bl_root_hash(root_out, BAALS_SPACE_STORAGE, &root);
    bl_view_end(view);
}

static size_t tree_random_changes(struct bl_leaf_change *changes,
                                  struct tree_leaf *leaves,
                                  struct testlib_rng *rng)
{
    size_t count = 0;
    size_t density = 1 + testlib_rng_below(rng, 10);
    for (size_t i = 0; i < TREE_KEYS; i++) {
        if (testlib_rng_below(rng, density) != 0)
            continue;
        struct bl_leaf_change *change = &changes[count++];
        memset(change, 0, sizeof *change);
        tree_key(&change->key_hash, i);
        change->has_old = leaves[i].present;
        change->old_hash = leaves[i].value_hash;
        change->has_new = !leaves[i].present || testlib_rng_below(rng, 2) == 0;
        testlib_rng_bytes(rng, change->new_hash.bytes, 32);
        leaves[i].present = change->has_new;
        leaves[i].value_hash = change->new_hash;
    }
    /* tree_key is not ascending everywhere; the update wants order. */
    for (size_t i = 1; i < count; i++) {
        for (size_t k = i;
             k > 0 && memcmp(changes[k - 1].key_hash.bytes, changes[k].key_hash.bytes, 32) > 0;
             k--) {
            struct bl_leaf_change swap = changes[k];
            changes[k] = changes[k - 1];
            changes[k - 1] = swap;
        }
    }
    return count;
}

static void tree_check_walks(struct fixture *f, const struct tree_leaf *leaves, size_t live)
{
    struct bl_view *view = fixture_view(f);
    for (size_t i = 0; i < TREE_KEYS; i++) {
        baals_hash key;
        static struct bl_tree_path path;
        tree_key(&key, i);
        baals_status status = bl_tree_find(&path, view, BAALS_SPACE_STORAGE, &key, NULL);
        assert_int_equal(status, leaves[i].present ? BAALS_OK : BAALS_NOTFOUND);
        if (leaves[i].present)
            assert_memory_equal(path.leaf.value_hash.bytes, leaves[i].value_hash.bytes, 32);
        for (unsigned direction = 0; direction < 2; direction++) {
            struct bl_slot got;
            const baals_hash *best = NULL;
            baals_hash candidates[TREE_KEYS];
            for (size_t k = 0; k < TREE_KEYS; k++) {
                tree_key(&candidates[k], k);
                int order = memcmp(candidates[k].bytes, key.bytes, 32);
                if (!leaves[k].present || (direction == 1 ? order <= 0 : order >= 0))
                    continue;
                int better = best == NULL ? 0 : memcmp(candidates[k].bytes, best->bytes, 32);
                if (best == NULL || (direction == 1 ? better < 0 : better > 0))
                    best = &candidates[k];
            }
            status = bl_tree_neighbour(&got, view, BAALS_SPACE_STORAGE, &key, direction, NULL);
            assert_int_equal(status, best == NULL ? BAALS_NOTFOUND : BAALS_OK);
            if (best != NULL)
                assert_memory_equal(got.hash.bytes, best->bytes, 32);
        }
    }
    /* No node outlives its leaves. */
    bl_view_end(view);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    view = fixture_view(f);
    baals_slice key = {NULL, 0};
    baals_slice value;
    size_t nodes = 0;
    for (uint32_t flags = 0;
         bl_view_seek(view, &key, &value, BAALS_SPACE_NODES, key, flags, NULL) == BAALS_OK;
         flags = BAALS_SEEK_EXCLUSIVE)
        nodes += key.len > 1 ? 1u : 0u;
    assert_true(live < 2 ? nodes == 0 : nodes > 0);
    bl_view_end(view);
}

/* Goal: with shared prefixes of up to 254 bits, roots are the rule's after every batch, and find
 * and neighbour see exactly the live leaves. */
static void test_deep(void **state)
{
    (void)state;
    struct fixture f;
    struct tree_leaf leaves[TREE_KEYS];
    struct testlib_rng rng = testlib_rng(80);
    memset(leaves, 0, sizeof leaves);
    fixture_open(&f, "memory");
    for (size_t i = 0; i < 120; i++) {
        struct bl_leaf_change changes[TREE_KEYS];
        struct reference_leaf live[TREE_KEYS];
        baals_hash root;
        baals_hash want;
        size_t count = tree_random_changes(changes, leaves, &rng);
        tree_apply(&f, changes, count, &root);
        size_t live_count = tree_collect(live, leaves);
        reference_root(&want, live, live_count, 0);
        assert_memory_equal(root.bytes, want.bytes, 32);
        if (i % 4 == 0)
            tree_check_walks(&f, leaves, live_count);
    }
    fixture_close(&f);
}

/* Goal: emptying the tree leaves the placeholder root and no node. */
static void test_emptied(void **state)
{
    (void)state;
    struct fixture f;
    struct tree_leaf leaves[TREE_KEYS];
    struct bl_leaf_change changes[TREE_KEYS];
    baals_hash root;
    struct testlib_rng rng = testlib_rng(81);
    memset(leaves, 0, sizeof leaves);
    fixture_open(&f, "memory");
    size_t count = tree_random_changes(changes, leaves, &rng);
    tree_apply(&f, changes, count, &root);
    for (size_t i = 0; i < count; i++) {
        changes[i].has_old = true;
        changes[i].old_hash = changes[i].new_hash;
        changes[i].has_new = false;
    }
    tree_apply(&f, changes, count, &root);
    assert_memory_equal(root.bytes, bl_rules_empty.bytes, 32);
    memset(leaves, 0, sizeof leaves);
    tree_check_walks(&f, leaves, 0);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
