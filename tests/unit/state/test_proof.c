/* SPDX-License-Identifier: MIT */
#include "baals/proof.h"

#include "state_fixture.h"

struct proof_case {
    struct bl_buffer proof;
    baals_slice value;
    bool exists;
};

static void
proof_make(struct proof_case *out, struct bl_view *view, unsigned store, baals_slice key)
{
    bl_buffer_init(&out->proof, bl_alloc_system(), 1u << 20);
    assert_ok(bl_state_prove(&out->proof, &out->value, &out->exists, view, (baals_space)store, key,
                             NULL));
}

static baals_status proof_check(const struct proof_case *made,
                                const baals_hash *root,
                                const char *store,
                                baals_slice key,
                                baals_slice proof)
{
    if (made->exists)
        return baals_proof_verify_existence(root, store, key, made->value, proof, NULL);
    return baals_proof_verify_absence(root, store, key, proof, NULL);
}

/* Every key of the model, there or not, has a proof that verifies under this root alone. */
static void
proof_check_all(struct fixture *f, const struct model *model, const struct bl_state_roots *roots)
{
    struct bl_view *view = fixture_view(f);
    for (unsigned store = 0; store < 4; store++) {
        const char *name = bl_state_store_name((baals_space)store);
        for (size_t i = 0; i < MODEL_KEYS; i++) {
            uint8_t bytes[40];
            baals_hash other = roots->root;
            struct proof_case made;
            const struct model_record *record = &model->records[store][i];
            baals_slice key = model_key(bytes, store, i);
            proof_make(&made, view, store, key);
            baals_slice proof = bl_buffer_slice(&made.proof);
            assert_int_equal(made.exists, record->present);
            if (record->present)
                assert_true(bl_slice_equal(made.value, model_value(record)));
            assert_ok(proof_check(&made, &roots->root, name, key, proof));
            other.bytes[31] ^= 1;
            assert_status(proof_check(&made, &other, name, key, proof), BAALS_REJECT_PROOF);
            made.exists = !made.exists;
            made.value = bl_slice_str("claimed");
            assert_status(proof_check(&made, &roots->root, name, key, proof), BAALS_REJECT_PROOF);
            bl_buffer_deinit(&made.proof);
        }
    }
    bl_view_end(view);
}

/* Goal: existence and absence of every key verify, in states from the sentinel alone upwards. */
static void test_every_key(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(40);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    struct bl_state_roots roots = fixture_genesis(&f);
    proof_check_all(&f, &model, &roots);
    for (size_t i = 0; i < 12; i++) {
        roots = fixture_random_block(&f, &model, &rng, i < 6 ? 3 : 60);
        proof_check_all(&f, &model, &roots);
    }
    fixture_close(&f);
}

/* Goal: the same over LMDB, and the sentinel itself is provable. */
static void test_lmdb_and_sentinel(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(41);
    struct proof_case made;
    uint8_t zero = 0;
    memset(&model, 0, sizeof model);
    fixture_open(&f, "lmdb");
    fixture_genesis(&f);
    struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 200);
    proof_check_all(&f, &model, &roots);
    struct bl_view *view = fixture_view(&f);
    for (unsigned store = 0; store < 4; store++) {
        proof_make(&made, view, store, bl_slice(&zero, 1));
        assert_true(made.exists);
        assert_true(bl_slice_equal(made.value, bl_slice_str("\x01")));
        assert_ok(proof_check(&made, &roots.root, bl_state_store_name((baals_space)store),
                              bl_slice(&zero, 1), bl_buffer_slice(&made.proof)));
        bl_buffer_deinit(&made.proof);
    }
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: proofs stay small: the bounds of the design at the size of this test, and their growth is
 * logarithmic. */
static void test_size(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct proof_case made;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
    for (uint32_t i = 0; i < 4096; i++) {
        uint8_t key[4];
        bl_store_u32be(key, i);
        assert_ok(bl_overlay_put(overlay, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4),
                                 bl_slice_str("record"), NULL));
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    fixture_commit(&f, &set);
    bl_view_end(view);
    view = fixture_view(&f);
    for (uint32_t i = 0; i < 8192; i += 13) {
        uint8_t key[4];
        bl_store_u32be(key, i);
        proof_make(&made, view, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4));
        assert_int_equal(made.exists, i < 4096);
        assert_true(made.proof.len < (made.exists ? 1400u : 2800u));
        bl_buffer_deinit(&made.proof);
    }
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: the published golden: bob's CommitmentProof, byte for byte. */
static void test_golden(void **state)
{
    (void)state;
    static const char *const names[] = {"alice", "bob", "carol", "dave", "erin"};
    static const char *const values[] = {"100", "250", "7", "0", "99999"};
    struct fixture f;
    struct bl_leaf_change changes[5];
    struct bl_slot root;
    struct bl_tip tip = {.hash = {{1}}, .journal_end = 1};
    struct bl_tree_path path;
    static struct bl_proof_part part;
    struct bl_buffer out;
    baals_hash bob;
    uint8_t want[256];
    fixture_open(&f, "memory");
    memset(changes, 0, sizeof changes);
    for (size_t i = 0; i < 5; i++) {
        size_t at = i;
        struct bl_leaf_change change = {.has_new = true};
        bl_sha256(&change.key_hash, bl_slice_str(names[i]));
        bl_sha256(&change.new_hash, bl_slice_str(values[i]));
        for (; at > 0 && memcmp(changes[at - 1].key_hash.bytes, change.key_hash.bytes, 32) > 0;
             at--)
            changes[at] = changes[at - 1];
        changes[at] = change;
    }
    struct bl_view *view = fixture_view(&f);
    struct bl_layer *layer = trees_layer(&root, f.forest, view, BAALS_SPACE_ACCOUNTS, changes, 5);
    bl_view_end(view);
    assert_ok(bl_store_push(f.store, layer, &tip, NULL));
    bl_layer_unref(layer);
    testlib_hex(want, 32, "2c85912fea306de46406c44349dba8eb990d11587af3d5dd0e60e2d999865110");
    assert_memory_equal(root.hash.bytes, want, 32);
    view = fixture_view(&f);
    bl_sha256(&bob, bl_slice_str("bob"));
    assert_ok(bl_tree_find(&path, view, BAALS_SPACE_ACCOUNTS, &bob, NULL));
    part.key = bl_slice_str("bob");
    part.value = bl_slice_str("250");
    bl_proof_set_path(&part, &path);
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    bl_proof_append_existence(&out, &part);
    size_t len =
        testlib_hex(want, sizeof want,
                    "0a570a03626f6212033235301a150801100118012a0d4a4d543a3a4c6561664e6f6465"
                    "2234080112304a4d543a3a496e74726e616c4e6f64658a31cd682d42c755546a6977c7"
                    "7950340db06b46ef2ed6b1fb269ca22755df77");
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, want, len);
    bl_buffer_deinit(&out);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: what does not fit the tree makes no proof: CORRUPT_STATE, and the buffer untouched. */
static void test_damage(void **state)
{
    (void)state;
    static const baals_space spaces[] = {BAALS_SPACE_PREIMAGES, BAALS_SPACE_NODES,
                                         BAALS_SPACE_ACCOUNTS,  BAALS_SPACE_CODE,
                                         BAALS_SPACE_STORAGE,   BAALS_SPACE_META};
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(42);
    size_t refused = 0;
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 40);
    struct bl_view *view = fixture_view(&f);
    for (size_t s = 0; s < BL_COUNT_OF(spaces); s++) {
        baals_slice key = {NULL, 0};
        baals_slice old;
        uint32_t flags = 0;
        while (bl_view_seek(view, &key, &old, spaces[s], key, flags, NULL) == BAALS_OK) {
            flags = BAALS_SEEK_EXCLUSIVE;
            for (int32_t is_delete = 0; is_delete < 2; is_delete++) {
                struct bl_layer *layer = NULL;
                struct bl_alloc alloc = bl_alloc_system();
                struct bl_view *damaged = fixture_view(&f);
                baals_write write = {.space = spaces[s],
                                     .is_delete = is_delete,
                                     .key = key,
                                     .value = bl_slice_str("other")};
                assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
                assert_ok(bl_view_push(damaged, layer, NULL));
                bl_layer_unref(layer);
                for (unsigned store = 0; store < 4; store++) {
                    uint8_t bytes[40];
                    struct proof_case made;
                    size_t at = testlib_rng_below(&rng, MODEL_KEYS);
                    baals_slice asked = model_key(bytes, store, at);
                    bl_buffer_init(&made.proof, bl_alloc_system(), 1u << 20);
                    baals_status status = bl_state_prove(&made.proof, &made.value, &made.exists,
                                                         damaged, (baals_space)store, asked, NULL);
                    if (status == BAALS_OK) {
                        assert_int_equal(made.exists, model.records[store][at].present);
                        assert_ok(proof_check(&made, &roots.root,
                                              bl_state_store_name((baals_space)store), asked,
                                              bl_buffer_slice(&made.proof)));
                    } else {
                        assert_int_equal(status, BAALS_CORRUPT_STATE);
                        assert_int_equal(made.proof.len, 0);
                        refused++;
                    }
                    bl_buffer_deinit(&made.proof);
                }
                bl_view_end(damaged);
            }
        }
    }
    assert_true(refused > 50);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: a preimage exchanged for another record's key is seen, also where both records are equal.
 */
static void test_exchanged_preimages(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_buffer out;
    baals_slice value;
    bool exists;
    uint8_t zero = 0;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        uint8_t bytes[40];
        assert_ok(bl_overlay_put(overlay, BAALS_SPACE_ACCOUNTS, model_key(bytes, 0, i),
                                 bl_slice_str("\x01"), NULL));
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    fixture_commit(&f, &set);
    bl_view_end(view);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        uint8_t bytes[40];
        uint8_t preimage[33] = {BAALS_SPACE_ACCOUNTS};
        baals_hash key_hash;
        bl_sha256(&key_hash, model_key(bytes, 0, i));
        memcpy(preimage + 1, key_hash.bytes, 32);
        baals_write write = {.space = BAALS_SPACE_PREIMAGES,
                             .key = bl_slice(preimage, sizeof preimage),
                             .value = bl_slice(&zero, 1)};
        fixture_push(&f, &write, 1, NULL);
    }
    view = fixture_view(&f);
    bl_buffer_init(&out, bl_alloc_system(), 1u << 20);
    assert_status(bl_state_prove(&out, &value, &exists, view, BAALS_SPACE_ACCOUNTS,
                                 bl_slice_str("absent"), NULL),
                  BAALS_CORRUPT_STATE);
    bl_buffer_deinit(&out);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: every allocation fails once: NOMEM, nothing lost. */
static void test_allocation_failures(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(43);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    fixture_random_block(&f, &model, &rng, 100);
    struct bl_view *view = fixture_view(&f);
    for (unsigned store = 0; store < 4; store++) {
        for (uint64_t k = 1;; k++) {
            struct testlib_faulty_alloc faulty = {.fail_at = k};
            struct bl_buffer out;
            baals_slice value;
            bool exists;
            bl_buffer_init(&out, testlib_faulty_alloc(&faulty), 1u << 20);
            baals_status status = bl_state_prove(&out, &value, &exists, view, (baals_space)store,
                                                 bl_slice_str("absent"), NULL);
            bl_buffer_deinit(&out);
            assert_int_equal(faulty.live, 0);
            if (status == BAALS_OK)
                break;
            assert_int_equal(status, BAALS_NOMEM);
        }
    }
    bl_view_end(view);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_lmdb_and_sentinel),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_exchanged_preimages),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
