/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* Goal: a genesis of sentinels alone has the roots of the rule. */
static void test_genesis_roots(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct bl_state_roots want;
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    struct bl_state_roots roots = fixture_genesis(&f);
    model_roots(&want, &model);
    assert_same_roots(&roots, &want);
    fixture_close(&f);
}

static void commit_random_blocks(const char *backend, size_t blocks)
{
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(1);
    struct bl_alloc alloc = bl_alloc_system();
    memset(&model, 0, sizeof model);
    fixture_open(&f, backend);
    fixture_genesis(&f);
    for (size_t i = 0; i < blocks; i++) {
        struct bl_state_roots want;
        struct bl_state_roots read;
        struct bl_state_roots again;
        size_t operations = testlib_rng_below(&rng, i % 5 == 0 ? 200 : 8);
        struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, operations);
        model_roots(&want, &model);
        assert_same_roots(&roots, &want);
        struct bl_view *view = fixture_view(&f);
        assert_ok(bl_state_roots(&read, view, NULL));
        assert_same_roots(&read, &want);
        assert_ok(bl_state_recompute(&again, view, &alloc, NULL, NULL, NULL));
        assert_same_roots(&again, &want);
        bl_view_end(view);
    }
    fixture_close(&f);
}

/* Goal: incremental roots = recomputed roots = the rule, after every block of random changes. */
static void test_random_memory(void **state)
{
    (void)state;
    commit_random_blocks("memory", 150);
}

/* Goal: the same on LMDB. */
static void test_random_lmdb(void **state)
{
    (void)state;
    commit_random_blocks("lmdb", 40);
}

/* Every entry of every space that the state keeps, folded into one hash. */
static void commit_fingerprint(baals_hash *out, struct fixture *f)
{
    struct bl_sha256 hash;
    assert_ok(bl_store_checkpoint(f->store, NULL));
    struct bl_view *view = fixture_view(f);
    bl_sha256_init(&hash);
    for (unsigned space = 0; space <= BAALS_SPACE_NODES; space++) {
        baals_slice key = {NULL, 0};
        baals_slice value;
        uint8_t head[9] = {(uint8_t)space};
        uint32_t flags = 0;
        while (bl_view_seek(view, &key, &value, (baals_space)space, key, flags, NULL) == BAALS_OK) {
            bl_store_u32be(head + 1, (uint32_t)key.len);
            bl_store_u32be(head + 5, (uint32_t)value.len);
            bl_sha256_update(&hash, bl_slice(head, sizeof head));
            bl_sha256_update(&hash, key);
            bl_sha256_update(&hash, value);
            flags = BAALS_SEEK_EXCLUSIVE;
        }
    }
    bl_sha256_final(out, &hash);
    bl_view_end(view);
}

/* Goal: undoing a block gives back the roots and every stored byte of the block before. */
static void test_revert(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(2);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    struct bl_state_roots before = fixture_genesis(&f);
    for (size_t i = 0; i < 60; i++) {
        baals_hash stored;
        baals_hash restored;
        struct bl_overlay *overlay = NULL;
        struct bl_write_set set;
        struct bl_write_set inverse;
        static struct model changed;
        changed = model;
        commit_fingerprint(&stored, &f);
        struct bl_view *view = fixture_view(&f);
        assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
        for (size_t k = 0; k < 30; k++) {
            uint8_t bytes[40];
            unsigned space = (unsigned)testlib_rng_below(&rng, 5);
            size_t at = testlib_rng_below(&rng, MODEL_KEYS);
            struct model_record *record = &changed.records[space][at];
            baals_slice key = model_key(bytes, space, at);
            if (space < 4 && testlib_rng_below(&rng, 2) == 0) {
                assert_ok(bl_overlay_delete(overlay, (baals_space)space, key, NULL));
            } else if (space < 4 || !record->present) {
                model_set_random(record, &rng);
                assert_ok(
                    bl_overlay_put(overlay, (baals_space)space, key, model_value(record), NULL));
            }
        }
        assert_ok(bl_overlay_write_set(overlay, &set, NULL));
        fixture_commit(&f, &set);
        assert_ok(bl_write_set_invert(&inverse, &f.arena, &set, NULL));
        struct bl_state_roots after = fixture_commit(&f, &inverse);
        bl_view_end(view); /* the set borrows from it */
        assert_same_roots(&after, &before);
        commit_fingerprint(&restored, &f);
        assert_memory_equal(stored.bytes, restored.bytes, 32);
        before = fixture_random_block(&f, &model, &rng, 10);
    }
    fixture_close(&f);
}

/* Goal: a write set whose old value is not the tree's is refused, for every store. */
static void test_wrong_old_value(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    for (unsigned space = 0; space < 4; space++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            struct bl_committed committed;
            const char *sentinel = "\0";
            struct bl_change change = {
                .space = (baals_space)space, .has_new = true, .new_value = bl_slice_str("new")};
            change.key = kind == 2 ? bl_slice_str("absent") : bl_slice(sentinel, 1);
            change.has_old = kind != 0;
            change.old_value = bl_slice_str("other");
            struct bl_write_set set = {&change, 1};
            struct bl_view *view = fixture_view(&f);
            assert_status(bl_state_commit(&committed, f.forest, view, &set, &f.arena, NULL),
                          BAALS_CORRUPT_STATE);
            bl_view_end(view);
        }
    }
    fixture_close(&f);
}

/* Removes or alters every entry of `space` in turn, and says what reading and committing make of
 * it. Nothing may give a wrong answer: `get` of a present key gives its value or CORRUPT_STATE. */
static void commit_damage(struct fixture *f, const struct model *model, baals_space space)
{
    struct bl_view *view = fixture_view(f);
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint32_t flags = 0;
    size_t count = 0;
    size_t detected_all = 0;
    while (bl_view_seek(view, &key, &value, space, key, flags, NULL) == BAALS_OK) {
        struct bl_view *damaged = fixture_view(f);
        struct bl_layer *layer = NULL;
        struct bl_alloc alloc = bl_alloc_system();
        baals_write write = {.space = space, .is_delete = 1, .key = key};
        assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
        assert_ok(bl_view_push(damaged, layer, NULL));
        bl_layer_unref(layer);
        size_t detected = 0;
        for (unsigned store = 0; store < 4; store++) {
            struct bl_overlay *overlay = NULL;
            assert_ok(bl_overlay_new(&overlay, &f->arena, damaged, NULL));
            for (size_t i = 0; i < MODEL_KEYS; i++) {
                uint8_t bytes[40];
                baals_slice got;
                const struct model_record *record = &model->records[store][i];
                baals_status status = bl_overlay_get(overlay, &got, (baals_space)store,
                                                     model_key(bytes, store, i), NULL);
                if (status == BAALS_CORRUPT_STATE) {
                    detected++;
                    continue;
                }
                assert_int_equal(status, record->present ? BAALS_OK : BAALS_NOTFOUND);
                if (record->present)
                    assert_true(bl_slice_equal(got, model_value(record)));
            }
        }
        /* The model never reads a sentinel, nor every node. */
        if (key.len > 1 && space < BL_STATE_STORES)
            assert_true(detected > 0);
        detected_all += detected;
        bl_view_end(damaged);
        flags = BAALS_SEEK_EXCLUSIVE;
        count++;
    }
    assert_true(count > 4);
    assert_true(detected_all + 1 >= count); /* all but the sentinel */
    bl_view_end(view);
}

/* Goal: a missing flat record or tree node is CORRUPT_STATE where it matters, never a wrong value
 * and never a wrong absence. */
static void test_missing_entries(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(3);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "lmdb");
    fixture_genesis(&f);
    fixture_random_block(&f, &model, &rng, 200);
    fixture_reopen(&f);
    for (unsigned space = 0; space < 4; space++)
        commit_damage(&f, &model, (baals_space)space);
    commit_damage(&f, &model, BAALS_SPACE_NODES);
    fixture_close(&f);
}

/* Goal: any altered bit of a tree node or root record is seen by whoever walks over it. */
static void test_tampered_nodes(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(4);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "lmdb");
    fixture_genesis(&f);
    fixture_random_block(&f, &model, &rng, 60);
    fixture_reopen(&f);
    struct bl_view *view = fixture_view(&f);
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint32_t flags = 0;
    size_t seen = 0;
    while (bl_view_seek(view, &key, &value, BAALS_SPACE_NODES, key, flags, NULL) == BAALS_OK) {
        flags = BAALS_SEEK_EXCLUSIVE;
        if (key.len < 2)
            continue;
        for (size_t bit = 0; bit < value.len * 8; bit += 1 + testlib_rng_below(&rng, 40)) {
            static struct bl_node node;
            uint8_t copy[BL_NODE_BYTES_MAX];
            memcpy(copy, value.data, value.len);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            static struct bl_node whole;
            assert_ok(bl_node_decode(&whole, value, NULL));
            assert_ok(bl_node_check(&whole, 0xffff, NULL));
            baals_status status = bl_node_decode(&node, bl_slice(copy, value.len), NULL);
            if (status == BAALS_OK &&
                bl_hash_equal(bl_node_hash_at(&node, 1), bl_node_hash_at(&whole, 1)))
                status = bl_node_check(&node, 0xffff, NULL);
            else if (status == BAALS_OK)
                status = BAALS_CORRUPT_STATE; /* not the root that the parent names */
            assert_int_equal(status, BAALS_CORRUPT_STATE);
            seen++;
        }
    }
    assert_true(seen > 100);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: a change of `meta` is not committed over a map whose other records are damaged. */
static void test_damaged_meta(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_committed committed;
    uint8_t zero = 0;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_change change = {.space = BAALS_SPACE_META,
                               .has_new = true,
                               .key = bl_slice_str("name"),
                               .new_value = bl_slice_str("value")};
    struct bl_write_set set = {&change, 1};
    baals_write loss = {.space = BAALS_SPACE_META, .is_delete = 1, .key = bl_slice(&zero, 1)};
    fixture_push(&f, &loss, 1, NULL);
    struct bl_view *view = fixture_view(&f);
    assert_status(bl_state_commit(&committed, f.forest, view, &set, &f.arena, NULL),
                  BAALS_CORRUPT_STATE);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: modules lie beside the tree: they change no root, and undoing removes them. */
static void test_modules(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "memory");
    struct bl_state_roots before = fixture_genesis(&f);
    struct bl_change change = {.space = BAALS_SPACE_MODULES,
                               .has_new = true,
                               .key = bl_slice_str("hash"),
                               .new_value = bl_slice_str("code")};
    struct bl_write_set set = {&change, 1};
    struct bl_write_set inverse;
    struct bl_state_roots after = fixture_commit(&f, &set);
    assert_same_roots(&before, &after);
    struct bl_view *view = fixture_view(&f);
    baals_slice value;
    assert_ok(bl_view_get(view, &value, BAALS_SPACE_MODULES, change.key, NULL));
    assert_true(bl_slice_equal(value, change.new_value));
    bl_view_end(view);
    assert_ok(bl_write_set_invert(&inverse, &f.arena, &set, NULL));
    fixture_commit(&f, &inverse);
    view = fixture_view(&f);
    assert_status(bl_view_get(view, &value, BAALS_SPACE_MODULES, change.key, NULL), BAALS_NOTFOUND);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: every allocation of a commit fails once: NOMEM, and outputs untouched. */
static void test_allocation_failures(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_change changes[40];
    uint8_t keys[40][40];
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    memset(changes, 0, sizeof changes);
    for (size_t i = 0; i < 40; i++)
        changes[i] = (struct bl_change){.space = BAALS_SPACE_ACCOUNTS,
                                        .has_new = true,
                                        .key = model_key(keys[i], 0, i),
                                        .new_value = bl_slice_str("v")};
    struct bl_write_set set = {changes, 40};
    struct bl_view *view = fixture_view(&f);
    for (uint64_t k = 1;; k++) {
        struct bl_arena arena;
        struct bl_committed committed = {.writes = NULL};
        f.memory.calls = 0;
        f.memory.fail_at = k;
        bl_arena_init(&arena, testlib_faulty_alloc(&f.memory), SIZE_MAX / 2);
        baals_status status = bl_state_commit(&committed, f.forest, view, &set, &arena, NULL);
        bl_arena_deinit(&arena);
        f.memory.fail_at = 0;
        if (status == BAALS_OK) {
            assert_true(k > 1);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
        assert_null(committed.writes);
    }
    bl_view_end(view);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis_roots),   cmocka_unit_test(test_random_memory),
        cmocka_unit_test(test_random_lmdb),     cmocka_unit_test(test_revert),
        cmocka_unit_test(test_wrong_old_value), cmocka_unit_test(test_missing_entries),
        cmocka_unit_test(test_tampered_nodes),  cmocka_unit_test(test_damaged_meta),
        cmocka_unit_test(test_modules),         cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
