/* SPDX-License-Identifier: MIT */
/*
 * docs/spec/vectors/state.json, which tools/state_vectors.py makes from the page alone: the roots
 * after every step, the proofs byte for byte, and what the verifier must refuse.
 */
#include <stdlib.h>
#include <string.h>

#include "baals/proof.h"

#include "state/state.h"
#include "testlib.h"
#include "testlib_json.h"

struct state_vectors {
    struct testlib_json *file;
    struct bl_env *env;
    struct bl_store *store;
    struct bl_forest *forest;
    struct bl_arena arena;
    uint64_t height;
};

static void vectors_open(struct state_vectors *v)
{
    baals_storage *storage;
    baals_hash chain_id = {{1}};
    v->file = testlib_json_load(testlib_source_path("docs/spec/vectors/state.json"));
    v->height = 0;
    assert_ok(bl_env_memory(&v->env, bl_alloc_system(), NULL));
    assert_ok(bl_storage_open(&storage, v->env, "memory", "", NULL));
    assert_ok(bl_store_open(&v->store, v->env, storage, &chain_id, NULL));
    struct bl_alloc alloc = bl_alloc_system();
    assert_ok(bl_forest_new(&v->forest, &alloc, NULL, 1u << 20, NULL));
    bl_arena_init(&v->arena, bl_alloc_system(), SIZE_MAX / 2);
}

static void vectors_close(struct state_vectors *v)
{
    bl_arena_deinit(&v->arena);
    bl_store_close(v->store);
    bl_forest_free(v->forest);
    bl_env_close(v->env);
    testlib_json_free(v->file);
}

static baals_space vectors_store(const struct testlib_json *name)
{
    for (unsigned store = 0; store < BL_STATE_STORES; store++) {
        if (strcmp(bl_state_store_name((baals_space)store), testlib_json_text(name)) == 0)
            return (baals_space)store;
    }
    fail_msg("no store %s", testlib_json_text(name));
    return BAALS_SPACE_META;
}

/* The bytes of a hex member, in the arena. */
static baals_slice vectors_bytes(struct state_vectors *v, const struct testlib_json *hex)
{
    size_t len;
    baals_slice out;
    uint8_t *bytes = testlib_json_hex_alloc(&len, hex);
    assert_true(bl_arena_copy(&out, &v->arena, bl_slice(bytes, len)));
    free(bytes);
    return out;
}

static struct bl_state_roots vectors_apply(struct state_vectors *v, const struct testlib_json *step)
{
    struct bl_view *view = NULL;
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_committed state;
    struct bl_layer *layer = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_tip tip = {.height = v->height, .hash = {{1}}, .journal_end = v->height + 1};
    assert_ok(bl_view_begin(&view, v->store, NULL));
    assert_ok(bl_overlay_new(&overlay, &v->arena, view, NULL));
    if (v->height++ == 0)
        assert_ok(bl_state_put_sentinels(overlay, NULL));
    const struct testlib_json *changes = testlib_json_get(step, "changes");
    for (size_t i = 0; i < testlib_json_count(changes); i++) {
        const struct testlib_json *change = testlib_json_at(changes, i);
        const struct testlib_json *value = testlib_json_get(change, "value");
        baals_space store = vectors_store(testlib_json_get(change, "store"));
        baals_slice key = vectors_bytes(v, testlib_json_get(change, "key"));
        if (testlib_json_is_null(value))
            assert_ok(bl_overlay_delete(overlay, store, key, NULL));
        else
            assert_ok(bl_overlay_put(overlay, store, key, vectors_bytes(v, value), NULL));
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    assert_ok(bl_state_commit(&state, v->forest, view, &set, &v->arena, NULL));
    assert_ok(bl_layer_new(&layer, &alloc, state.writes, state.count, NULL));
    bl_layer_attach(layer, state.attachment);
    assert_ok(bl_store_push(v->store, layer, &tip, NULL));
    bl_layer_unref(layer);
    bl_view_end(view);
    return state.roots;
}

static void vectors_check_roots(const struct bl_state_roots *roots, const struct testlib_json *step)
{
    baals_hash want;
    for (unsigned store = 0; store < BL_STATE_STORES; store++) {
        const struct testlib_json *hex = testlib_json_get(testlib_json_get(step, "roots"),
                                                          bl_state_store_name((baals_space)store));
        testlib_json_hex(want.bytes, 32, hex);
        assert_memory_equal(roots->stores[store].bytes, want.bytes, 32);
    }
    testlib_json_hex(want.bytes, 32, testlib_json_get(step, "state_root"));
    assert_memory_equal(roots->root.bytes, want.bytes, 32);
}

static baals_status vectors_verify(const struct state_vectors *v,
                                   const struct testlib_json *one,
                                   baals_slice key,
                                   baals_slice value,
                                   baals_slice proof)
{
    baals_hash root;
    const struct testlib_json *step =
        testlib_json_at(testlib_json_get(v->file, "steps"),
                        (size_t)testlib_json_int(testlib_json_get(one, "step")));
    const char *store = testlib_json_text(testlib_json_get(one, "store"));
    testlib_json_hex(root.bytes, 32, testlib_json_get(step, "state_root"));
    if (testlib_json_is_null(testlib_json_get(one, "value")))
        return baals_proof_verify_absence(&root, store, key, proof, NULL);
    return baals_proof_verify_existence(&root, store, key, value, proof, NULL);
}

/* Makes and checks every proof the file has for this step. */
static size_t vectors_check_proofs(struct state_vectors *v, size_t step)
{
    size_t checked = 0;
    struct bl_view *view = NULL;
    const struct testlib_json *proofs = testlib_json_get(v->file, "proofs");
    assert_ok(bl_view_begin(&view, v->store, NULL));
    for (size_t i = 0; i < testlib_json_count(proofs); i++) {
        struct bl_buffer made;
        baals_slice value;
        bool exists;
        const struct testlib_json *one = testlib_json_at(proofs, i);
        const struct testlib_json *want_value = testlib_json_get(one, "value");
        if ((size_t)testlib_json_int(testlib_json_get(one, "step")) != step)
            continue;
        baals_slice key = vectors_bytes(v, testlib_json_get(one, "key"));
        baals_slice want = vectors_bytes(v, testlib_json_get(one, "proof"));
        bl_buffer_init(&made, bl_alloc_system(), 1u << 20);
        assert_ok(bl_state_prove(&made, &value, &exists, view,
                                 vectors_store(testlib_json_get(one, "store")), key, NULL));
        assert_int_equal(exists, !testlib_json_is_null(want_value));
        if (exists)
            assert_true(bl_slice_equal(value, vectors_bytes(v, want_value)));
        assert_true(bl_slice_equal(bl_buffer_slice(&made), want));
        assert_ok(vectors_verify(v, one, key, value, want));
        bl_buffer_deinit(&made);
        checked++;
    }
    bl_view_end(view);
    return checked;
}

/* Goal: roots after every step, and proofs, are byte for byte those of the independent program. */
static void test_roots_and_proofs(void **state)
{
    (void)state;
    struct state_vectors v;
    size_t proofs = 0;
    vectors_open(&v);
    const struct testlib_json *steps = testlib_json_get(v.file, "steps");
    for (size_t i = 0; i < testlib_json_count(steps); i++) {
        const struct testlib_json *step = testlib_json_at(steps, i);
        struct bl_state_roots roots = vectors_apply(&v, step);
        vectors_check_roots(&roots, step);
        proofs += vectors_check_proofs(&v, i);
    }
    assert_int_equal(proofs, testlib_json_count(testlib_json_get(v.file, "proofs")));
    assert_true(proofs > 50);
    vectors_close(&v);
}

/* Goal: every proof that must be refused is. */
static void test_rejects(void **state)
{
    (void)state;
    struct state_vectors v;
    vectors_open(&v);
    const struct testlib_json *rejects = testlib_json_get(v.file, "reject");
    for (size_t i = 0; i < testlib_json_count(rejects); i++) {
        const struct testlib_json *one = testlib_json_at(rejects, i);
        const struct testlib_json *hex = testlib_json_get(one, "value");
        baals_slice value = {NULL, 0};
        if (!testlib_json_is_null(hex))
            value = vectors_bytes(&v, hex);
        baals_status status =
            vectors_verify(&v, one, vectors_bytes(&v, testlib_json_get(one, "key")), value,
                           vectors_bytes(&v, testlib_json_get(one, "proof")));
        if (strcmp(baals_status_name(status), testlib_json_text(testlib_json_get(one, "status"))) !=
            0)
            fail_msg("%s: %s", testlib_json_text(testlib_json_get(one, "about")),
                     baals_status_name(status));
    }
    assert_true(testlib_json_count(rejects) > 15);
    vectors_close(&v);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_and_proofs),
        cmocka_unit_test(test_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
