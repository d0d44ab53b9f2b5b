/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

static void rules_expect(const baals_hash *hash, const char *hex)
{
    uint8_t want[32];
    testlib_hex(want, sizeof want, hex);
    assert_memory_equal(hash->bytes, want, 32);
}

/* Goal: leaf and inner hashes are SHA-256 of prefix and parts; the empty root is the placeholder.
 */
static void test_tree_hashes(void **state)
{
    (void)state;
    baals_hash a;
    baals_hash b;
    baals_hash got;
    baals_hash want;
    memset(a.bytes, 0x0a, 32);
    memset(b.bytes, 0x0b, 32);
    bl_rules_leaf(&got, &a, &b);
    reference_join(&want, "JMT::LeafNode", &a, &b);
    assert_memory_equal(got.bytes, want.bytes, 32);
    bl_rules_inner(&got, &a, &b);
    reference_join(&want, "JMT::IntrnalNode", &a, &b);
    assert_memory_equal(got.bytes, want.bytes, 32);
    assert_memory_equal(bl_rules_empty.bytes, "SPARSE_MERKLE_PLACEHOLDER_HASH__", 32);
}

/* Goal: the value hash is of 0x01 || record, at every length around the inner buffer's. */
static void test_value_hash(void **state)
{
    (void)state;
    uint8_t message[600];
    memset(message, 0x5a, sizeof message);
    message[0] = 1;
    for (size_t len = 0; len < 599; len++) {
        baals_hash got;
        baals_hash want;
        bl_rules_value_hash(&got, bl_slice(message + 1, len));
        bl_sha256(&want, bl_slice(message, len + 1));
        assert_memory_equal(got.bytes, want.bytes, 32);
    }
}

/* Goal: a map item has an unsigned LEB128 length, the key, 0x20 and the value hash. */
static void test_map_item(void **state)
{
    (void)state;
    static const size_t lens[] = {1, 127, 128, 300, 511};
    uint8_t key[511];
    uint8_t item[BL_MAP_ITEM_MAX];
    baals_hash value_hash;
    memset(key, 'k', sizeof key);
    bl_rules_value_hash(&value_hash, bl_slice_str("v"));
    for (size_t i = 0; i < BL_COUNT_OF(lens); i++) {
        size_t head = lens[i] < 128 ? 1 : 2;
        baals_slice got = bl_rules_map_item(item, bl_slice(key, lens[i]), bl_slice_str("v"));
        assert_int_equal(got.len, head + lens[i] + 33);
        size_t len = head == 1 ? got.data[0] : (got.data[0] & 0x7fu) | (size_t)got.data[1] << 7;
        assert_int_equal(len, lens[i]);
        assert_memory_equal(got.data + head, key, lens[i]);
        assert_int_equal(got.data[head + lens[i]], 32);
        assert_memory_equal(got.data + head + lens[i] + 1, value_hash.bytes, 32);
    }
}

/* Goal: the state root is the map of the four store roots under their names. */
static void test_state_root(void **state)
{
    (void)state;
    struct bl_state_roots roots;
    struct bl_merkle_pair pairs[4];
    baals_hash want;
    static const char *const names[] = {"accounts", "code", "meta", "storage"};
    for (unsigned store = 0; store < 4; store++)
        memset(roots.stores[store].bytes, (int)store + 1, 32);
    bl_rules_state_root(&roots);
    for (size_t i = 0; i < 4; i++) {
        pairs[i].key = bl_slice_str(names[i]);
        assert_string_equal(bl_state_store_name(bl_rules_stores_by_name[i]), names[i]);
        pairs[i].value = bl_slice(roots.stores[bl_rules_stores_by_name[i]].bytes, 32);
    }
    bl_merkle_map_root(&want, pairs, 4);
    assert_memory_equal(roots.root.bytes, want.bytes, 32);
}

/* Goal: the published goldens of the simple-Merkle map. */
static void test_map_goldens(void **state)
{
    (void)state;
    static const uint8_t code[] = {1, 2, 3};
    uint8_t seven[32];
    uint8_t nine[32];
    baals_hash meta;
    baals_hash root;
    memset(seven, 7, 32);
    memset(nine, 9, 32);
    const struct bl_merkle_pair inner[] = {{bl_slice_str("chain_id"), bl_slice_str("baals-1")},
                                           {bl_slice_str("code/a"), bl_slice(code, 3)},
                                           {bl_slice_str("params"), bl_slice_str("p")}};
    bl_merkle_map_root(&meta, inner, 3);
    rules_expect(&meta, "70a244ab435054bc7ec78b09ca7478cedeb8d8556f740e5161b04a7eab819504");
    const struct bl_merkle_pair outer[] = {{bl_slice_str("accounts"), bl_slice(seven, 32)},
                                           {bl_slice_str("meta"), bl_slice(meta.bytes, 32)},
                                           {bl_slice_str("wasm"), bl_slice(nine, 32)}};
    bl_merkle_map_root(&root, outer, 3);
    rules_expect(&root, "3e00efad6c9aa97be8723810e7c20a0cbb8b1569dcdb3d0a079ef532bcfdf312");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_hashes), cmocka_unit_test(test_value_hash),
        cmocka_unit_test(test_map_item),    cmocka_unit_test(test_state_root),
        cmocka_unit_test(test_map_goldens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
