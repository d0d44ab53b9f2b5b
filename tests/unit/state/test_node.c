/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* A node whose slots are random; at least two leaves lie below it. */
static void node_random(struct bl_node *node, struct testlib_rng *rng)
{
    do {
        memset(node, 0, sizeof *node);
        for (unsigned i = 0; i < 16; i++) {
            struct bl_slot *slot = &node->slots[i];
            uint64_t kind = testlib_rng_below(rng, 6);
            if (kind > 2)
                continue;
            slot->kind = kind == 0 ? BL_SLOT_INNER : BL_SLOT_LEAF;
            testlib_rng_bytes(rng, slot->hash.bytes, 32);
            slot->hash.bytes[0] = (uint8_t)(i << 4);
            if (slot->kind == BL_SLOT_LEAF)
                testlib_rng_bytes(rng, slot->value_hash.bytes, 32);
        }
        bl_node_changed(node, 0xffff);
    } while (node->weights[1] < 2);
}

/* The binary rule over slots [begin, begin + count), plainly; *leaves_out counts to two. */
static void node_reference(baals_hash *out,
                           unsigned *leaves_out,
                           const struct bl_node *node,
                           unsigned begin,
                           unsigned count)
{
    if (count == 1) {
        const struct bl_slot *slot = &node->slots[begin];
        *leaves_out = slot->kind == BL_SLOT_EMPTY ? 0u : slot->kind == BL_SLOT_LEAF ? 1u : 2u;
        *out = slot->kind == BL_SLOT_INNER ? slot->hash : bl_rules_empty;
        if (slot->kind == BL_SLOT_LEAF)
            reference_join(out, "JMT::LeafNode", &slot->hash, &slot->value_hash);
        return;
    }
    baals_hash sides[2];
    unsigned leaves[2];
    node_reference(&sides[0], &leaves[0], node, begin, count / 2);
    node_reference(&sides[1], &leaves[1], node, begin + count / 2, count / 2);
    unsigned sum = leaves[0] + leaves[1];
    *leaves_out = sum > 2 ? 2 : sum;
    if (sum < 2)
        *out = sides[leaves[0] == 1 ? 0 : 1];
    else
        reference_join(out, "JMT::IntrnalNode", &sides[0], &sides[1]);
}

/* Goal: a node's root is the binary rule's, also when single slots change. */
static void test_hash(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(70);
    static struct bl_node node;
    static struct bl_node other;
    for (size_t i = 0; i < 300; i++) {
        baals_hash want;
        unsigned leaves;
        node_random(&node, &rng);
        node_random(&other, &rng);
        for (size_t k = 0; k < 4; k++) {
            unsigned slot = (unsigned)testlib_rng_below(&rng, 16);
            node_reference(&want, &leaves, &node, 0, 16);
            assert_memory_equal(bl_node_hash_at(&node, 1)->bytes, want.bytes, 32);
            assert_int_equal(node.weights[1], leaves);
            node.slots[slot] = other.slots[slot];
            bl_node_changed(&node, 1u << slot);
        }
    }
}

/* Goal: decode(encode(node)) = node. */
static void test_round_trip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(71);
    static struct bl_node node;
    static struct bl_node decoded;
    for (size_t i = 0; i < 300; i++) {
        uint8_t bytes[BL_NODE_BYTES_MAX];
        node_random(&node, &rng);
        size_t len = bl_node_encode(bytes, &node);
        assert_ok(bl_node_decode(&decoded, bl_slice(bytes, len), NULL));
        for (unsigned k = 0; k < 16; k++) {
            assert_int_equal(node.slots[k].kind, decoded.slots[k].kind);
            assert_memory_equal(node.slots[k].hash.bytes, decoded.slots[k].hash.bytes, 32);
            assert_memory_equal(node.slots[k].value_hash.bytes, decoded.slots[k].value_hash.bytes,
                                32);
        }
        for (unsigned k = 1; k < 32; k++)
            assert_memory_equal(bl_node_hash_at(&node, k)->bytes,
                                bl_node_hash_at(&decoded, k)->bytes, 32);
        assert_ok(bl_node_check(&decoded, 0xffff, NULL));
        assert_status(bl_node_decode(&decoded, bl_slice(bytes, len - 1), NULL),
                      BAALS_CORRUPT_STATE);
    }
}

/* Goal: records that no encoder writes are CORRUPT_STATE. */
static void test_refused(void **state)
{
    (void)state;
    static struct bl_node node;
    uint8_t bytes[200] = {0};
    assert_status(bl_node_decode(&node, bl_slice(NULL, 0), NULL), BAALS_CORRUPT_STATE);
    assert_status(bl_node_decode(&node, bl_slice(bytes, 3), NULL), BAALS_CORRUPT_STATE);
    assert_status(bl_node_decode(&node, bl_slice(bytes, 4), NULL), BAALS_CORRUPT_STATE);
    bytes[1] = 1; /* one slot */
    bytes[3] = 1; /* a leaf: too few below */
    assert_status(bl_node_decode(&node, bl_slice(bytes, 68), NULL), BAALS_CORRUPT_STATE);
    bytes[3] = 2; /* a leaf where nothing is present */
    assert_status(bl_node_decode(&node, bl_slice(bytes, 68), NULL), BAALS_CORRUPT_STATE);
    bytes[3] = 0; /* an inner slot alone is a node, with the hash of its quarter */
    assert_ok(bl_node_decode(&node, bl_slice(bytes, 36 + 32), NULL));
    assert_status(bl_node_check(&node, 1, NULL), BAALS_CORRUPT_STATE);
    assert_status(bl_node_decode(&node, bl_slice(bytes, 36), NULL), BAALS_CORRUPT_STATE);
    assert_status(bl_node_decode(&node, bl_slice(bytes, 37 + 32), NULL), BAALS_CORRUPT_STATE);
}

/* Goal: a check of a slot, with the node's root, sees every change of a kept hash and of every slot
 * of its quarter. */
static void test_check(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(72);
    static struct bl_node node;
    for (size_t i = 0; i < 200; i++) {
        uint8_t bytes[BL_NODE_BYTES_MAX];
        unsigned slot = (unsigned)testlib_rng_below(&rng, 16);
        node_random(&node, &rng);
        baals_hash root = *bl_node_hash_at(&node, 1);
        size_t len = bl_node_encode(bytes, &node);
        size_t at = 4;
        for (unsigned k = 0; k < 16; k++) {
            size_t slot_len = node.slots[k].kind == BL_SLOT_EMPTY  ? 0
                              : node.slots[k].kind == BL_SLOT_LEAF ? 64
                                                                   : 32;
            for (size_t byte = at; k / 4 == slot / 4 && byte < at + slot_len; byte += 7) {
                static struct bl_node changed;
                bytes[byte] ^= 0x10;
                assert_ok(bl_node_decode(&changed, bl_slice(bytes, len), NULL));
                baals_status status = bl_node_check(&changed, 1u << slot, NULL);
                if (status == BAALS_OK)
                    assert_memory_not_equal(bl_node_hash_at(&changed, 1)->bytes, root.bytes, 32);
                else
                    assert_int_equal(status, BAALS_CORRUPT_STATE);
                bytes[byte] ^= 0x10;
            }
            at += slot_len;
        }
        for (; at < len; at += 5) {
            static struct bl_node changed;
            bytes[at] ^= 0x01;
            assert_ok(bl_node_decode(&changed, bl_slice(bytes, len), NULL));
            assert_memory_not_equal(bl_node_hash_at(&changed, 1)->bytes, root.bytes, 32);
            bytes[at] ^= 0x01;
        }
    }
}

/* Goal: a whole node that is not the one its parent names, such as an old version, is
 * CORRUPT_STATE, and so is a missing one. */
static void test_load(void **state)
{
    (void)state;
    struct fixture f;
    struct testlib_rng rng = testlib_rng(73);
    static struct bl_node node;
    static struct bl_node loaded;
    uint8_t bytes[BL_NODE_BYTES_MAX];
    uint8_t key[BL_NODE_KEY_MAX];
    baals_hash path = {{0x12, 0x34}};
    fixture_open(&f, "memory");
    node_random(&node, &rng);
    baals_hash root = *bl_node_hash_at(&node, 1);
    baals_write write = {.space = BAALS_SPACE_NODES,
                         .key = bl_node_key(key, BAALS_SPACE_CODE, 3, &path),
                         .value = bl_slice(bytes, bl_node_encode(bytes, &node))};
    fixture_push(&f, &write, 1, NULL);
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_node_load(&loaded, view, BAALS_SPACE_CODE, 3, &path, &root, NULL));
    assert_status(bl_node_load(&loaded, view, BAALS_SPACE_CODE, 4, &path, &root, NULL),
                  BAALS_CORRUPT_STATE);
    assert_status(bl_node_load(&loaded, view, BAALS_SPACE_CODE, 64, &path, &root, NULL),
                  BAALS_CORRUPT_STATE);
    root.bytes[0] ^= 1;
    assert_status(bl_node_load(&loaded, view, BAALS_SPACE_CODE, 3, &path, &root, NULL),
                  BAALS_CORRUPT_STATE);
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: the key of a node is store, depth and its nibbles, the odd half zero. */
static void test_key(void **state)
{
    (void)state;
    uint8_t bytes[BL_NODE_KEY_MAX];
    baals_hash path;
    memset(path.bytes, 0xab, 32);
    baals_slice key = bl_node_key(bytes, BAALS_SPACE_STORAGE, 0, &path);
    assert_true(bl_slice_equal(key, bl_slice("\x02\x00", 2)));
    key = bl_node_key(bytes, BAALS_SPACE_CODE, 3, &path);
    assert_true(bl_slice_equal(key, bl_slice("\x01\x03\xab\xa0", 4)));
    key = bl_node_key(bytes, BAALS_SPACE_CODE, 4, &path);
    assert_true(bl_slice_equal(key, bl_slice("\x01\x04\xab\xab", 4)));
    key = bl_node_key(bytes, BAALS_SPACE_CODE, 64, &path);
    assert_int_equal(key.len, BL_NODE_KEY_MAX);
    assert_int_equal(bl_node_nibble(&path, 0), 0xa);
    assert_int_equal(bl_node_nibble(&path, 63), 0xb);
}

/* Goal: root records of every form come back; others are CORRUPT_STATE, and so is none after
 * genesis. */
static void test_root_records(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_slot slot = {.kind = BL_SLOT_EMPTY};
    struct bl_slot got;
    uint8_t record[BL_ROOT_BYTES_MAX];
    fixture_open(&f, "memory");
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_root_load(&got, view, BAALS_SPACE_CODE, NULL));
    assert_int_equal(got.kind, BL_SLOT_EMPTY);
    bl_view_end(view);
    for (unsigned kind = 0; kind < 3; kind++) {
        uint8_t key = BAALS_SPACE_CODE;
        slot.kind = (enum bl_slot_kind)kind;
        memset(slot.hash.bytes, (int)kind, 32);
        memset(slot.value_hash.bytes, kind == BL_SLOT_LEAF ? 5 : 0, 32);
        size_t len = bl_root_encode(record, &slot);
        for (size_t cut = 0; cut < 2; cut++) {
            baals_write write = {.space = BAALS_SPACE_NODES,
                                 .key = bl_slice(&key, 1),
                                 .value = bl_slice(record, len - cut)};
            fixture_push(&f, &write, 1, NULL);
            view = fixture_view(&f);
            baals_status status = bl_root_load(&got, view, BAALS_SPACE_CODE, NULL);
            assert_int_equal(status, cut == 0 ? BAALS_OK : BAALS_CORRUPT_STATE);
            assert_status(bl_root_load(&got, view, BAALS_SPACE_META, NULL), BAALS_CORRUPT_STATE);
            bl_view_end(view);
        }
        assert_int_equal(got.kind, slot.kind);
        assert_memory_equal(got.hash.bytes, slot.hash.bytes, 32);
        assert_memory_equal(got.value_hash.bytes, slot.value_hash.bytes, 32);
    }
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),         cmocka_unit_test(test_hash),
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_check),        cmocka_unit_test(test_key),
        cmocka_unit_test(test_root_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
