/* SPDX-License-Identifier: MIT */
/*
 * The verifier of state proofs: what light clients and SDKs use. It shares nothing with the prover
 * but SHA-256, allocates nothing, and reads the one canonical encoding of docs/spec/state.md: a
 * MerkleProof of two ICS-23 CommitmentProofs, the first from the record to the store root, the
 * second from the store root to the state root. Operations may not choose anything: leaf and inner
 * steps must be, byte for byte, those of the two fixed proof specs, so no encoding is malleable.
 */
#include "baals/proof.h"

#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"

/* Protobuf keys: field number << 3 | 2 (length-delimited). */
#define VERIFY_FIELD_1 0x0a
#define VERIFY_FIELD_2 0x12
#define VERIFY_FIELD_3 0x1a
#define VERIFY_FIELD_4 0x22

#define VERIFY_KEY_MAX 511u

/* One of the two tree shapes. */
struct verify_spec {
    const char *leaf_op; /* the encoded LeafOp */
    size_t leaf_op_len;
    const char *inner_prefix;
    size_t inner_prefix_len;
    size_t depth_max;
    bool is_jmt;
};

static const struct verify_spec verify_jmt = {
    .leaf_op = "\x08\x01\x10\x01\x18\x01\x2a\x0dJMT::LeafNode",
    .leaf_op_len = 21,
    .inner_prefix = "JMT::IntrnalNode",
    .inner_prefix_len = 16,
    .depth_max = 256,
    .is_jmt = true,
};
static const struct verify_spec verify_map = {
    .leaf_op = "\x08\x01\x18\x01\x20\x01\x2a\x01\x00",
    .leaf_op_len = 9,
    .inner_prefix = "\x01",
    .inner_prefix_len = 1,
    .depth_max = 64,
    .is_jmt = false,
};

static const uint8_t verify_jmt_leaf[13] = "JMT::LeafNode";
static const uint8_t verify_empty[32] = "SPARSE_MERKLE_PLACEHOLDER_HASH__";

/* A decoded ExistenceProof; `path` is its encoded steps, the lowest first. */
struct verify_existence {
    baals_slice key;
    baals_slice value;
    baals_slice path;
    size_t depth;
    baals_hash order; /* what the tree sorts by: the key's hash (Jellyfish Merkle only) */
    baals_hash root;
};

/* One step up. */
struct verify_step {
    const uint8_t *sibling;
    bool is_right; /* the side of the node we come from */
};

/* ---- decoding ---- */

/* Takes a length-delimited field with this key off the front; false when something else stands
 * there. */
static bool verify_field(baals_slice *in, baals_slice *out, uint8_t field)
{
    size_t at = 1;
    uint64_t len = 0;
    if (in->len == 0 || in->data[0] != field)
        return false;
    for (unsigned shift = 0;; shift += 7) {
        if (at >= in->len || shift > 28)
            return false;
        uint8_t byte = in->data[at++];
        len |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if (byte == 0 && shift > 0)
            return false; /* not the shortest form */
        break;
    }
    if (len > in->len - at)
        return false;
    *out = bl_slice(in->data + at, (size_t)len);
    *in = bl_slice(in->data + at + len, in->len - at - (size_t)len);
    return true;
}

/* Takes the next InnerOp off the path: hash SHA-256, then prefix || sibling without a suffix when
 * we come from the right, or prefix alone and the sibling as suffix when from the left. */
static bool
verify_next_step(const struct verify_spec *spec, baals_slice *path, struct verify_step *out)
{
    static const uint8_t hash_op[2] = {0x08, 0x01};
    baals_slice op;
    baals_slice prefix;
    baals_slice suffix;
    if (!verify_field(path, &op, VERIFY_FIELD_4))
        return false;
    if (op.len < 2 || memcmp(op.data, hash_op, 2) != 0)
        return false;
    op = bl_slice(op.data + 2, op.len - 2);
    if (!verify_field(&op, &prefix, VERIFY_FIELD_2) || prefix.len < spec->inner_prefix_len ||
        memcmp(prefix.data, spec->inner_prefix, spec->inner_prefix_len) != 0)
        return false;
    out->is_right = op.len == 0;
    if (out->is_right) {
        out->sibling = prefix.data + spec->inner_prefix_len;
        return prefix.len == spec->inner_prefix_len + 32;
    }
    if (!verify_field(&op, &suffix, VERIFY_FIELD_3))
        return false;
    out->sibling = suffix.data;
    return prefix.len == spec->inner_prefix_len && suffix.len == 32 && op.len == 0;
}

/* ---- hashing ---- */

static void verify_leaf_jmt(struct verify_existence *proof)
{
    uint8_t message[sizeof verify_jmt_leaf + 64];
    baals_hash value_hash;
    bl_sha256(&proof->order, proof->key);
    bl_sha256(&value_hash, proof->value);
    memcpy(message, verify_jmt_leaf, sizeof verify_jmt_leaf);
    memcpy(message + sizeof verify_jmt_leaf, proof->order.bytes, 32);
    memcpy(message + sizeof verify_jmt_leaf + 32, value_hash.bytes, 32);
    bl_sha256(&proof->root, bl_slice(message, sizeof message));
}

static void verify_leaf_map(struct verify_existence *proof)
{
    uint8_t message[1 + 2 + VERIFY_KEY_MAX + 1 + 32];
    size_t len = 0;
    baals_hash value_hash;
    bl_sha256(&value_hash, proof->value);
    message[len++] = 0x00;
    if (proof->key.len >= 0x80)
        message[len++] = (uint8_t)(0x80 | (proof->key.len & 0x7f));
    message[len++] = (uint8_t)(proof->key.len >= 0x80 ? proof->key.len >> 7 : proof->key.len);
    memcpy(message + len, proof->key.data, proof->key.len);
    len += proof->key.len;
    message[len++] = 32;
    memcpy(message + len, value_hash.bytes, 32);
    bl_sha256(&proof->root, bl_slice(message, len + 32));
}

static void
verify_step_up(const struct verify_spec *spec, baals_hash *root, const struct verify_step *step)
{
    uint8_t message[16 + 64];
    size_t len = spec->inner_prefix_len;
    memcpy(message, spec->inner_prefix, len);
    memcpy(message + len, step->is_right ? step->sibling : root->bytes, 32);
    memcpy(message + len + 32, step->is_right ? root->bytes : step->sibling, 32);
    bl_sha256(root, bl_slice(message, len + 64));
}

static bool verify_bit(const baals_hash *hash, size_t index)
{
    return (hash->bytes[index / 8] >> (7 - index % 8) & 1) != 0;
}

/* Decodes an ExistenceProof and computes its root. In a Jellyfish Merkle tree the sides of the
 * steps must be the bits of the key's hash. */
static baals_status verify_existence_decode(struct verify_existence *out,
                                            const struct verify_spec *spec,
                                            baals_slice bytes,
                                            baals_error *err)
{
    baals_slice leaf;
    if (!verify_field(&bytes, &out->key, VERIFY_FIELD_1) || out->key.len == 0 ||
        out->key.len > VERIFY_KEY_MAX || !verify_field(&bytes, &out->value, VERIFY_FIELD_2) ||
        out->value.len == 0 || !verify_field(&bytes, &leaf, VERIFY_FIELD_3))
        return bl_fail(err, BAALS_REJECT_PROOF, "no well-formed existence proof");
    if (leaf.len != spec->leaf_op_len || memcmp(leaf.data, spec->leaf_op, leaf.len) != 0)
        return bl_fail(err, BAALS_REJECT_PROOF, "the leaf operation is not the store's");
    out->path = bytes;
    out->depth = 0;
    struct verify_step step;
    for (baals_slice rest = bytes; rest.len > 0; out->depth++) {
        if (out->depth == spec->depth_max || !verify_next_step(spec, &rest, &step))
            return bl_fail(err, BAALS_REJECT_PROOF, "step %zu is not the store's", out->depth);
    }
    if (spec->is_jmt)
        verify_leaf_jmt(out);
    else
        verify_leaf_map(out);
    size_t level = out->depth;
    for (baals_slice rest = bytes; rest.len > 0;) {
        bool well_formed = verify_next_step(spec, &rest, &step);
        BL_ASSERT(well_formed && level > 0);
        level--;
        if (spec->is_jmt && step.is_right != verify_bit(&out->order, level))
            return bl_fail(err, BAALS_REJECT_PROOF, "the path is not the key's");
        verify_step_up(spec, &out->root, &step);
    }
    return BAALS_OK;
}

/* ---- absence ---- */

/* Skips the lowest steps of a path until `depth` are left. */
static baals_slice
verify_skip(const struct verify_spec *spec, const struct verify_existence *proof, size_t depth)
{
    baals_slice rest = proof->path;
    struct verify_step step;
    for (size_t i = proof->depth; i > depth; i--) {
        bool well_formed = verify_next_step(spec, &rest, &step);
        BL_ASSERT(well_formed);
    }
    return rest;
}

/* True when the lowest `proof->depth - top` steps keep to the outer edge of that subtree, on the
 * right or the left: each step comes from that side, or has nothing beside it. */
static bool verify_is_outermost(const struct verify_spec *spec,
                                const struct verify_existence *proof,
                                size_t top,
                                bool rightmost)
{
    baals_slice rest = proof->path;
    struct verify_step step;
    for (size_t i = proof->depth; i > top; i--) {
        bool well_formed = verify_next_step(spec, &rest, &step);
        BL_ASSERT(well_formed);
        bool nothing_beside = spec->is_jmt && memcmp(step.sibling, verify_empty, 32) == 0;
        if (step.is_right != rightmost && !nothing_beside)
            return false;
    }
    return true;
}

/* True when no leaf stands between the two: above some step both take the same sides, there they
 * part to the left and right, and below they keep to the edges that face each other. */
static bool verify_are_neighbours(const struct verify_spec *spec,
                                  const struct verify_existence *left,
                                  const struct verify_existence *right)
{
    size_t shared = left->depth < right->depth ? left->depth : right->depth;
    size_t parting = shared; /* in the end the topmost level at which the sides differ */
    baals_slice left_rest = verify_skip(spec, left, shared);
    baals_slice right_rest = verify_skip(spec, right, shared);
    bool parts_well = false;
    for (size_t level = shared; level-- > 0;) {
        struct verify_step left_step;
        struct verify_step right_step;
        bool well_formed = verify_next_step(spec, &left_rest, &left_step) &&
                           verify_next_step(spec, &right_rest, &right_step);
        BL_ASSERT(well_formed);
        if (left_step.is_right != right_step.is_right) {
            parting = level;
            parts_well = !left_step.is_right;
        }
    }
    return parts_well && verify_is_outermost(spec, left, parting + 1, true) &&
           verify_is_outermost(spec, right, parting + 1, false);
}

static int verify_compare(const struct verify_spec *spec,
                          const struct verify_existence *a,
                          const struct verify_existence *b)
{
    if (spec->is_jmt)
        return memcmp(a->order.bytes, b->order.bytes, 32);
    return bl_slice_compare(a->key, b->key);
}

/* Checks a NonExistenceProof for `key` and gives its root. */
static baals_status verify_absence_decode(baals_hash *root_out,
                                          const struct verify_spec *spec,
                                          baals_slice key,
                                          baals_slice bytes,
                                          baals_error *err)
{
    baals_slice named;
    baals_slice side;
    struct verify_existence left = {.depth = 0};
    struct verify_existence right = {.depth = 0};
    struct verify_existence wanted = {.key = key};
    if (!verify_field(&bytes, &named, VERIFY_FIELD_1) || !bl_slice_equal(named, key))
        return bl_fail(err, BAALS_REJECT_PROOF, "the proof is about another key");
    bl_sha256(&wanted.order, key);
    bool has_left = verify_field(&bytes, &side, VERIFY_FIELD_2);
    if (has_left)
        BL_TRY(verify_existence_decode(&left, spec, side, err));
    bool has_right = verify_field(&bytes, &side, VERIFY_FIELD_3);
    if (has_right)
        BL_TRY(verify_existence_decode(&right, spec, side, err));
    if (bytes.len != 0 || (!has_left && !has_right))
        return bl_fail(err, BAALS_REJECT_PROOF, "no well-formed absence proof");
    if ((has_left && verify_compare(spec, &left, &wanted) >= 0) ||
        (has_right && verify_compare(spec, &wanted, &right) >= 0))
        return bl_fail(err, BAALS_REJECT_PROOF, "the key does not lie between the neighbours");
    bool adjacent = false;
    if (!has_right)
        adjacent = verify_is_outermost(spec, &left, 0, true);
    else if (!has_left)
        adjacent = verify_is_outermost(spec, &right, 0, false);
    else if (bl_hash_equal(&left.root, &right.root))
        adjacent = verify_are_neighbours(spec, &left, &right);
    if (!adjacent)
        return bl_fail(err, BAALS_REJECT_PROOF, "the neighbours are not next to each other");
    *root_out = has_left ? left.root : right.root;
    return BAALS_OK;
}

/* ---- the two steps ---- */

static const struct verify_spec *verify_store_spec(const char *store)
{
    static const char *const jmt_stores[] = {"accounts", "code", "storage"};
    if (store == NULL)
        return NULL;
    for (size_t i = 0; i < BL_COUNT_OF(jmt_stores); i++) {
        if (strcmp(store, jmt_stores[i]) == 0)
            return &verify_jmt;
    }
    return strcmp(store, "meta") == 0 ? &verify_map : NULL;
}

/* Splits the container and checks the second step; *record_out is the first CommitmentProof. */
static baals_status verify_container(baals_slice *record_out,
                                     baals_hash *store_root_out,
                                     const baals_hash *state_root,
                                     const char *store,
                                     baals_slice proof,
                                     baals_error *err)
{
    baals_slice first;
    baals_slice second;
    baals_slice body;
    struct verify_existence step;
    if (!verify_field(&proof, &first, VERIFY_FIELD_1) ||
        !verify_field(&proof, &second, VERIFY_FIELD_1) || proof.len != 0 ||
        !verify_field(&second, &body, VERIFY_FIELD_1) || second.len != 0)
        return bl_fail(err, BAALS_REJECT_PROOF, "no well-formed proof of two steps");
    BL_TRY(verify_existence_decode(&step, &verify_map, body, err));
    if (!bl_slice_equal(step.key, bl_slice_str(store)) || step.value.len != 32)
        return bl_fail(err, BAALS_REJECT_PROOF, "the second step is about another store");
    if (!bl_hash_equal(&step.root, state_root))
        return bl_fail(err, BAALS_REJECT_PROOF, "the proof leads to another state root");
    *record_out = first;
    memcpy(store_root_out->bytes, step.value.data, 32);
    return BAALS_OK;
}

baals_status baals_proof_verify_existence(const baals_hash *state_root,
                                          const char *store,
                                          baals_slice key,
                                          baals_slice value,
                                          baals_slice proof,
                                          baals_error *err)
{
    const struct verify_spec *spec = verify_store_spec(store);
    baals_slice record;
    baals_slice body;
    baals_hash store_root;
    struct verify_existence step;
    if (spec == NULL || state_root == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "no state root, or no such store");
    BL_TRY(verify_container(&record, &store_root, state_root, store, proof, err));
    if (!verify_field(&record, &body, VERIFY_FIELD_1) || record.len != 0)
        return bl_fail(err, BAALS_REJECT_PROOF, "the first step is no existence proof");
    BL_TRY(verify_existence_decode(&step, spec, body, err));
    if (!bl_slice_equal(step.key, key))
        return bl_fail(err, BAALS_REJECT_PROOF, "the proof is about another key");
    if (step.value.data[0] != 0x01 ||
        !bl_slice_equal(bl_slice(step.value.data + 1, step.value.len - 1), value))
        return bl_fail(err, BAALS_REJECT_PROOF, "the proof is about another value");
    if (!bl_hash_equal(&step.root, &store_root))
        return bl_fail(err, BAALS_REJECT_PROOF, "the record is not under the store root");
    return BAALS_OK;
}

baals_status baals_proof_verify_absence(const baals_hash *state_root,
                                        const char *store,
                                        baals_slice key,
                                        baals_slice proof,
                                        baals_error *err)
{
    const struct verify_spec *spec = verify_store_spec(store);
    baals_slice record;
    baals_slice body;
    baals_hash store_root;
    baals_hash root;
    if (spec == NULL || state_root == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "no state root, or no such store");
    BL_TRY(verify_container(&record, &store_root, state_root, store, proof, err));
    if (!verify_field(&record, &body, VERIFY_FIELD_2) || record.len != 0)
        return bl_fail(err, BAALS_REJECT_PROOF, "the first step is no absence proof");
    BL_TRY(verify_absence_decode(&root, spec, key, body, err));
    if (!bl_hash_equal(&root, &store_root))
        return bl_fail(err, BAALS_REJECT_PROOF, "the neighbours are not under the store root");
    return BAALS_OK;
}
