/* SPDX-License-Identifier: MIT */
#include "baals/proof.h"

#include "state_fixture.h"

/* A small state with proofs of several forms. */
struct verify_fixture {
    struct fixture f;
    struct bl_view *view;
    baals_hash root;
};

static void verify_open(struct verify_fixture *v, size_t operations)
{
    static struct model model;
    struct testlib_rng rng = testlib_rng(50);
    memset(&model, 0, sizeof model);
    fixture_open(&v->f, "memory");
    v->root = fixture_genesis(&v->f).root;
    if (operations > 0)
        v->root = fixture_random_block(&v->f, &model, &rng, operations).root;
    v->view = fixture_view(&v->f);
}

static void verify_close(struct verify_fixture *v)
{
    bl_view_end(v->view);
    fixture_close(&v->f);
}

struct verify_case {
    const char *store;
    baals_slice key;
    baals_slice value;
    bool exists;
    struct bl_buffer proof;
    uint8_t key_bytes[40];
};

static void verify_make(struct verify_case *out, struct verify_fixture *v, unsigned store, size_t i)
{
    out->store = bl_state_store_name((baals_space)store);
    out->key = model_key(out->key_bytes, store, i);
    bl_buffer_init(&out->proof, bl_alloc_system(), 1u << 20);
    assert_ok(bl_state_prove(&out->proof, &out->value, &out->exists, v->view, (baals_space)store,
                             out->key, NULL));
}

/* The proof bytes in memory of their own size, so that a sanitizer sees a read too far. */
static baals_status
verify_run(const struct verify_case *c, const baals_hash *root, baals_slice proof)
{
    uint8_t *copy = malloc(proof.len + 1);
    assert_non_null(copy);
    memcpy(copy, proof.data, proof.len);
    baals_slice exact = bl_slice(copy, proof.len);
    baals_status status =
        c->exists ? baals_proof_verify_existence(root, c->store, c->key, c->value, exact, NULL)
                  : baals_proof_verify_absence(root, c->store, c->key, exact, NULL);
    free(copy);
    return status;
}

/* Goal: no single flipped bit, cut or added byte leaves a proof valid. */
static void test_every_bit(void **state)
{
    (void)state;
    struct verify_fixture v;
    size_t existing = 0;
    verify_open(&v, 40);
    for (unsigned store = 0; store < 4; store++) {
        for (size_t i = 0; i < 12; i++) {
            struct verify_case c;
            verify_make(&c, &v, store, i * 7);
            existing += c.exists ? 1u : 0u;
            assert_ok(verify_run(&c, &v.root, bl_buffer_slice(&c.proof)));
            for (size_t bit = 0; bit < c.proof.len * 8; bit++) {
                c.proof.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_status(verify_run(&c, &v.root, bl_buffer_slice(&c.proof)),
                              BAALS_REJECT_PROOF);
                c.proof.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            for (size_t len = 0; len < c.proof.len; len++)
                assert_status(verify_run(&c, &v.root, bl_slice(c.proof.data, len)),
                              BAALS_REJECT_PROOF);
            bl_buffer_append_u8(&c.proof, 0);
            assert_status(verify_run(&c, &v.root, bl_buffer_slice(&c.proof)), BAALS_REJECT_PROOF);
            bl_buffer_deinit(&c.proof);
        }
    }
    assert_true(existing > 3 && existing < 45);
    verify_close(&v);
}

/* Goal: a proof holds for its root, store, key and value only. */
static void test_wrong_claims(void **state)
{
    (void)state;
    struct verify_fixture v;
    verify_open(&v, 60);
    for (unsigned store = 0; store < 4; store++) {
        for (size_t i = 0; i < MODEL_KEYS; i += 5) {
            struct verify_case c;
            uint8_t other_bytes[40];
            verify_make(&c, &v, store, i);
            baals_slice proof = bl_buffer_slice(&c.proof);
            const char *right_store = c.store;
            for (unsigned other = 0; other < 4; other++) {
                c.store = bl_state_store_name((baals_space)other);
                assert_int_equal(verify_run(&c, &v.root, proof),
                                 other == store ? BAALS_OK : BAALS_REJECT_PROOF);
            }
            c.store = right_store;
            c.key = model_key(other_bytes, store, (i + 1) % MODEL_KEYS);
            assert_status(verify_run(&c, &v.root, proof), BAALS_REJECT_PROOF);
            c.key.len = 0;
            assert_status(verify_run(&c, &v.root, proof), BAALS_REJECT_PROOF);
            c.key = model_key(other_bytes, store, i);
            if (c.exists && c.value.len > 0) {
                c.value.len--;
                assert_status(verify_run(&c, &v.root, proof), BAALS_REJECT_PROOF);
            }
            bl_buffer_deinit(&c.proof);
        }
    }
    verify_close(&v);
}

/* An absence proof put together from the existence proofs of any two keys. */
static baals_status verify_forged(struct verify_fixture *v,
                                  unsigned store,
                                  baals_slice asked,
                                  const struct bl_proof_part *left,
                                  const struct bl_proof_part *right)
{
    struct bl_buffer first;
    struct bl_buffer whole;
    struct bl_buffer real;
    baals_slice value;
    bool exists;
    uint8_t zero = 0;
    bl_buffer_init(&first, bl_alloc_system(), 1u << 20);
    bl_buffer_init(&whole, bl_alloc_system(), 1u << 20);
    bl_buffer_init(&real, bl_alloc_system(), 1u << 20);
    bl_proof_append_absence(&first, asked, left, right);
    /* The second step is the end of any true proof of the store. */
    assert_ok(bl_state_prove(&real, &value, &exists, v->view, (baals_space)store,
                             bl_slice(&zero, 1), NULL));
    size_t step = 2;
    size_t len = real.data[1] & 0x7fu;
    if ((real.data[1] & 0x80) != 0)
        len |= (size_t)real.data[step++] << 7;
    bl_buffer_append_u8(&whole, 0x0a);
    assert_true(first.len < 0x4000);
    if (first.len >= 0x80)
        bl_buffer_append_u8(&whole, (uint8_t)(0x80 | (first.len & 0x7f)));
    bl_buffer_append_u8(&whole, (uint8_t)(first.len >= 0x80 ? first.len >> 7 : first.len));
    bl_buffer_append(&whole, first.data, first.len);
    bl_buffer_append(&whole, real.data + step + len, real.len - step - len);
    baals_status status = baals_proof_verify_absence(
        &v->root, bl_state_store_name((baals_space)store), asked, bl_buffer_slice(&whole), NULL);
    bl_buffer_deinit(&first);
    bl_buffer_deinit(&whole);
    bl_buffer_deinit(&real);
    return status;
}

/* Goal: of all pairs of leaves only the two true neighbours prove an absence; one side alone does
 * so only at an end of the order. */
static void test_forged_neighbours(void **state)
{
    (void)state;
    static struct bl_proof_part parts[2 * MODEL_KEYS];
    struct verify_fixture v;
    verify_open(&v, 60);
    size_t count = 0;
    size_t accepted = 0;
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint32_t flags = 0;
    while (bl_view_seek(v.view, &key, &value, BAALS_SPACE_ACCOUNTS, key, flags, NULL) == BAALS_OK) {
        baals_hash key_hash;
        struct bl_tree_path path;
        flags = BAALS_SEEK_EXCLUSIVE;
        bl_sha256(&key_hash, key);
        assert_ok(bl_tree_find(&path, v.view, BAALS_SPACE_ACCOUNTS, &key_hash, NULL));
        parts[count].prefixed = true;
        parts[count].key = key;
        parts[count].value = value;
        bl_proof_set_path(&parts[count++], &path);
    }
    assert_true(count > 3);
    for (uint8_t n = 0; n < 20; n++) {
        uint8_t asked_bytes[2] = {0xfe, n};
        baals_slice asked = bl_slice(asked_bytes, 2);
        size_t found = 0;
        for (size_t i = 0; i <= count; i++) {
            for (size_t k = 0; k <= count; k++) {
                const struct bl_proof_part *left = i == count ? NULL : &parts[i];
                const struct bl_proof_part *right = k == count ? NULL : &parts[k];
                if (left == NULL && right == NULL)
                    continue;
                baals_status status = verify_forged(&v, BAALS_SPACE_ACCOUNTS, asked, left, right);
                if (status == BAALS_OK)
                    found++;
                else
                    assert_int_equal(status, BAALS_REJECT_PROOF);
            }
        }
        assert_int_equal(found, 1);
        accepted += found;
    }
    /* A key that is there cannot be proved absent by any two leaves. */
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++)
            assert_status(
                verify_forged(&v, BAALS_SPACE_ACCOUNTS, parts[0].key, &parts[i], &parts[k]),
                BAALS_REJECT_PROOF);
    }
    assert_int_equal(accepted, 20);
    verify_close(&v);
}

/* Goal: the same for the map of `meta`, whose order is that of the keys. */
static void test_forged_map(void **state)
{
    (void)state;
    static struct bl_proof_part parts[9];
    static const char *const keys[] = {"b", "d", "f", "h", "j", "l", "n", "p", "r"};
    struct verify_fixture v;
    uint8_t items[9][BL_MAP_ITEM_MAX];
    baals_slice leaves[9];
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    verify_open(&v, 0);
    assert_ok(bl_overlay_new(&overlay, &v.f.arena, v.view, NULL));
    /* Without the sentinel, so that the leaves are these alone. */
    assert_ok(bl_overlay_delete(overlay, BAALS_SPACE_META, bl_slice("\0", 1), NULL));
    for (size_t i = 0; i < 9; i++)
        assert_ok(bl_overlay_put(overlay, BAALS_SPACE_META, bl_slice_str(keys[i]),
                                 bl_slice_str("v"), NULL));
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    baals_hash store_root = fixture_commit(&v.f, &set).stores[BAALS_SPACE_META];
    for (size_t i = 0; i < 9; i++)
        leaves[i] = bl_rules_map_item(items[i], bl_slice_str(keys[i]), bl_slice_str("v"));
    baals_hash check;
    bl_merkle_root(&check, leaves, 9);
    assert_memory_equal(check.bytes, store_root.bytes, 32);
    bl_view_end(v.view);
    v.view = fixture_view(&v.f);
    struct bl_state_roots roots;
    assert_ok(bl_state_roots(&roots, v.view, NULL));
    v.root = roots.root;
    for (size_t i = 0; i < 9; i++) {
        struct bl_merkle_proof merkle;
        bl_merkle_prove(&merkle, leaves, 9, i);
        parts[i].is_map = true;
        parts[i].prefixed = true;
        parts[i].key = bl_slice_str(keys[i]);
        parts[i].value = bl_slice_str("v");
        parts[i].depth = merkle.step_count;
        memcpy(parts[i].steps, merkle.steps, merkle.step_count * sizeof merkle.steps[0]);
    }
    for (char asked = 'a'; asked <= 's'; asked++) {
        /* verify_forged takes the second step from a proof of the sentinel's key, here absent. */
        bool there = (asked - 'a') % 2 == 1;
        size_t found = 0;
        for (size_t i = 0; i <= 9; i++) {
            for (size_t k = 0; k <= 9; k++) {
                const struct bl_proof_part *left = i == 9 ? NULL : &parts[i];
                const struct bl_proof_part *right = k == 9 ? NULL : &parts[k];
                if (left == NULL && right == NULL)
                    continue;
                if (verify_forged(&v, BAALS_SPACE_META, bl_slice(&asked, 1), left, right) ==
                    BAALS_OK)
                    found++;
            }
        }
        assert_int_equal(found, there ? 0 : 1);
    }
    verify_close(&v);
}

/* Goal: a store that is none is a wrong argument, not a verdict. */
static void test_misuse(void **state)
{
    (void)state;
    baals_hash root = {{0}};
    baals_slice key = bl_slice_str("k");
    baals_slice none = {NULL, 0};
    assert_status(baals_proof_verify_existence(&root, "modules", key, none, none, NULL),
                  BAALS_MISUSE_ARGUMENT);
    assert_status(baals_proof_verify_absence(&root, "", key, none, NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(baals_proof_verify_absence(NULL, "meta", key, none, NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(baals_proof_verify_absence(&root, NULL, key, none, NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(baals_proof_verify_absence(&root, "meta", key, none, NULL), BAALS_REJECT_PROOF);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_wrong_claims),
        cmocka_unit_test(test_forged_neighbours),
        cmocka_unit_test(test_forged_map),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
