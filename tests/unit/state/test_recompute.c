/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

static void recompute_last(void *ctx, uint64_t records)
{
    *(uint64_t *)ctx = records;
}

/* Goal: the flat records alone give the roots, whatever the tree nodes say, and the count of the
 * records is told. */
static void test_without_nodes(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(110);
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_state_roots got;
    uint64_t told = 0;
    uint64_t records = 0;
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 300);
    assert_ok(bl_store_checkpoint(f.store, NULL));
    struct bl_view *view = fixture_view(&f);
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint32_t flags = 0;
    while (bl_view_seek(view, &key, &value, BAALS_SPACE_NODES, key, flags, NULL) == BAALS_OK) {
        baals_write write = {.space = BAALS_SPACE_NODES, .is_delete = 1, .key = key};
        fixture_push(&f, &write, 1, NULL);
        flags = BAALS_SEEK_EXCLUSIVE;
    }
    bl_view_end(view);
    view = fixture_view(&f);
    assert_ok(bl_state_recompute(&got, view, &alloc, recompute_last, &told, NULL));
    assert_same_roots(&got, &roots);
    for (unsigned store = 0; store < 3; store++) {
        records++; /* the sentinel */
        for (size_t i = 0; i < MODEL_KEYS; i++)
            records += model.records[store][i].present ? 1u : 0u;
    }
    assert_int_equal(told, records);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: one changed, missing or added record of any store gives another root. */
static void test_sees_changes(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(111);
    struct bl_alloc alloc = bl_alloc_system();
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 100);
    for (unsigned store = 0; store < 4; store++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            struct bl_layer *layer = NULL;
            struct bl_state_roots got;
            uint8_t zero = 0;
            struct bl_view *view = fixture_view(&f);
            baals_write write = {.space = (baals_space)store,
                                 .is_delete = kind == 0,
                                 .key = bl_slice(&zero, 1),
                                 .value = bl_slice_str("x")};
            if (kind == 2)
                write.key = bl_slice_str("another");
            assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
            assert_ok(bl_view_push(view, layer, NULL));
            bl_layer_unref(layer);
            assert_ok(bl_state_recompute(&got, view, &alloc, NULL, NULL, NULL));
            assert_memory_not_equal(got.stores[store].bytes, roots.stores[store].bytes, 32);
            assert_memory_not_equal(got.root.bytes, roots.root.bytes, 32);
            bl_view_end(view);
        }
    }
    fixture_close(&f);
}

/* Goal: every allocation fails once: NOMEM, nothing lost. */
static void test_allocation_failures(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_view *view = fixture_view(&f);
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k};
        struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
        struct bl_state_roots roots;
        baals_status status = bl_state_recompute(&roots, view, &alloc, NULL, NULL, NULL);
        assert_int_equal(faulty.live, 0);
        if (status == BAALS_OK) {
            assert_true(k > 1);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
    }
    bl_view_end(view);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_nodes),
        cmocka_unit_test(test_sees_changes),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
