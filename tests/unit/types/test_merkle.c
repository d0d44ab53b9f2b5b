/* SPDX-License-Identifier: MIT */
/* Merkle trees: the goldens of the public vectors, proofs at every place, tampering refused. */
#include <string.h>

#include "testlib.h"
#include "types/types.h"

enum { MERKLE_LEAVES = 70 };

static void merkle_assert_hex(const baals_hash *found, const char *want)
{
    char text[BAALS_HASH_TEXT_SIZE];
    baals_hash_format(text, found);
    assert_string_equal(text, want);
}

static baals_slice merkle_leaf_at(uint8_t storage[MERKLE_LEAVES][3], size_t index)
{
    storage[index][0] = (uint8_t)index;
    storage[index][1] = (uint8_t)(index * 7);
    return bl_slice(storage[index], index % 4);
}

/* Goal: the roots of no leaf, of one, and of the goldens for the map of stores. */
static void test_merkle_goldens(void **state)
{
    (void)state;
    baals_hash root;
    baals_hash meta_root;
    bl_merkle_root(&root, NULL, 0);
    merkle_assert_hex(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    baals_slice empty = bl_slice(NULL, 0);
    bl_merkle_root(&root, &empty, 1);
    merkle_assert_hex(&root, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");

    const struct bl_merkle_pair meta[] = {
        {bl_slice_str("chain_id"), bl_slice_str("baals-1")},
        {bl_slice_str("code/a"), bl_slice("\1\2\3", 3)},
        {bl_slice_str("params"), bl_slice_str("p")},
    };
    bl_merkle_map_root(&meta_root, meta, BL_COUNT_OF(meta));
    merkle_assert_hex(&meta_root,
                      "70a244ab435054bc7ec78b09ca7478cedeb8d8556f740e5161b04a7eab819504");
    uint8_t accounts[32];
    uint8_t wasm[32];
    memset(accounts, 0x07, sizeof accounts);
    memset(wasm, 0x09, sizeof wasm);
    const struct bl_merkle_pair stores[] = {
        {bl_slice_str("accounts"), bl_slice(accounts, sizeof accounts)},
        {bl_slice_str("meta"), bl_slice(meta_root.bytes, sizeof meta_root.bytes)},
        {bl_slice_str("wasm"), bl_slice(wasm, sizeof wasm)},
    };
    bl_merkle_map_root(&root, stores, BL_COUNT_OF(stores));
    merkle_assert_hex(&root, "3e00efad6c9aa97be8723810e7c20a0cbb8b1569dcdb3d0a079ef532bcfdf312");
}

/* Goal: a proof holds for its leaf at its place and for nothing else. */
static void test_merkle_proofs(void **state)
{
    (void)state;
    uint8_t storage[MERKLE_LEAVES][3];
    baals_slice leaves[MERKLE_LEAVES];
    for (size_t i = 0; i < MERKLE_LEAVES; i++)
        leaves[i] = merkle_leaf_at(storage, i);
    for (size_t count = 1; count <= MERKLE_LEAVES; count++) {
        baals_hash root;
        bl_merkle_root(&root, leaves, count);
        for (size_t i = 0; i < count; i++) {
            struct bl_merkle_proof proof;
            bl_merkle_prove(&proof, leaves, count, i);
            assert_true(bl_merkle_verify(&root, leaves[i], &proof));
            assert_false(bl_merkle_verify(&root, bl_slice_str("other"), &proof));
            proof.index++;
            assert_false(bl_merkle_verify(&root, leaves[i], &proof));
            proof.index--;
            if (proof.step_count == 0)
                continue;
            proof.steps[0].sibling_left = !proof.steps[0].sibling_left;
            assert_false(bl_merkle_verify(&root, leaves[i], &proof));
            proof.steps[0].sibling_left = !proof.steps[0].sibling_left;
            proof.steps[proof.step_count - 1].sibling.bytes[31] ^= 1;
            assert_false(bl_merkle_verify(&root, leaves[i], &proof));
            proof.steps[proof.step_count - 1].sibling.bytes[31] ^= 1;
            proof.step_count--;
            assert_false(bl_merkle_verify(&root, leaves[i], &proof));
        }
    }
}

/* Goal: a proof from outside is bounded: any index, count and number of steps is judged. */
static void test_merkle_hostile_proof(void **state)
{
    (void)state;
    baals_hash root;
    struct bl_merkle_proof proof;
    memset(&root, 0, sizeof root);
    memset(&proof, 0, sizeof proof);
    assert_false(bl_merkle_verify(&root, bl_slice_str("x"), &proof));
    proof.count = UINT64_MAX;
    proof.index = UINT64_MAX - 1;
    proof.step_count = UINT32_MAX;
    assert_false(bl_merkle_verify(&root, bl_slice_str("x"), &proof));
    proof.step_count = BL_MERKLE_DEPTH_MAX;
    assert_false(bl_merkle_verify(&root, bl_slice_str("x"), &proof));
    proof.index = 0;
    assert_false(bl_merkle_verify(&root, bl_slice_str("x"), &proof));
}

/* Goal: the map's root depends on key and value, and its proofs hold for their pair only. */
static void test_merkle_map(void **state)
{
    (void)state;
    struct bl_merkle_pair pairs[] = {
        {bl_slice_str("a"), bl_slice_str("1")},
        {bl_slice_str("ab"), bl_slice_str("2")},
        {bl_slice_str("b"), bl_slice_str("")},
    };
    baals_hash root;
    baals_hash other;
    bl_merkle_map_root(&root, pairs, 3);
    for (size_t i = 0; i < 3; i++) {
        struct bl_merkle_proof proof;
        bl_merkle_map_prove(&proof, pairs, 3, i);
        assert_true(bl_merkle_map_verify(&root, &pairs[i], &proof));
        assert_false(bl_merkle_map_verify(&root, &pairs[(i + 1) % 3], &proof));
    }
    pairs[2].value = bl_slice_str("x");
    bl_merkle_map_root(&other, pairs, 3);
    assert_false(bl_hash_equal(&root, &other));
    bl_merkle_map_root(&root, NULL, 0);
    bl_merkle_root(&other, NULL, 0);
    assert_true(bl_hash_equal(&root, &other));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merkle_goldens),
        cmocka_unit_test(test_merkle_proofs),
        cmocka_unit_test(test_merkle_hostile_proof),
        cmocka_unit_test(test_merkle_map),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
