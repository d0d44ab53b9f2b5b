/* SPDX-License-Identifier: MIT */
/*
 * Making proofs (docs/spec/state.md): the way from a record, or from the two neighbours of a
 * missing one, up to the store root, and from there up to the state root, as ICS-23 messages in
 * protobuf. Everything that enters a proof was checked against the tree before.
 */
#include "state/state_internal.h"

#include <string.h>

/* ---- protobuf ---- */

/* Field number << 3 | 2 (length-delimited). */
#define PROOF_FIELD(number) ((uint8_t)((number) << 3 | 2))

static size_t proof_varint_size(size_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static size_t proof_field_size(size_t len)
{
    return 1 + proof_varint_size(len) + len;
}

static void proof_put_head(struct bl_buffer *out, unsigned field, size_t len)
{
    bl_buffer_append_u8(out, PROOF_FIELD(field));
    for (; len >= 0x80; len >>= 7)
        bl_buffer_append_u8(out, (uint8_t)(0x80 | (len & 0x7f)));
    bl_buffer_append_u8(out, (uint8_t)len);
}

static void proof_put_field(struct bl_buffer *out, unsigned field, baals_slice bytes)
{
    proof_put_head(out, field, bytes.len);
    bl_buffer_append(out, bytes.data, bytes.len);
}

/* ---- ICS-23 ---- */

static baals_slice proof_leaf_op(const struct bl_proof_part *part)
{
    /* hash SHA-256; Jellyfish Merkle: prehash_key and prehash_value SHA-256, length NO_PREFIX;
     * map: prehash_value SHA-256, length VAR_PROTO; then the prefix. */
    static const uint8_t jmt[] = "\x08\x01\x10\x01\x18\x01\x2a\x0d" BL_LEAF_PREFIX;
    static const uint8_t map[] = "\x08\x01\x18\x01\x20\x01\x2a\x01\x00";
    return part->is_map ? bl_slice(map, sizeof map - 1) : bl_slice(jmt, sizeof jmt - 1);
}

static baals_slice proof_inner_prefix(const struct bl_proof_part *part)
{
    return part->is_map ? bl_slice_str("\x01") : bl_slice_str(BL_INNER_PREFIX);
}

static size_t proof_step_size(const struct bl_proof_part *part, const struct bl_merkle_step *step)
{
    size_t prefix_len = proof_inner_prefix(part).len;
    if (step->sibling_left)
        return 2 + proof_field_size(prefix_len + 32);
    return 2 + proof_field_size(prefix_len) + proof_field_size(32);
}

static void proof_put_step(struct bl_buffer *out,
                           const struct bl_proof_part *part,
                           const struct bl_merkle_step *step)
{
    baals_slice prefix = proof_inner_prefix(part);
    proof_put_head(out, 4, proof_step_size(part, step));
    bl_buffer_append(out, "\x08\x01", 2); /* hash SHA-256 */
    if (step->sibling_left) {
        proof_put_head(out, 2, prefix.len + 32);
        bl_buffer_append(out, prefix.data, prefix.len);
        bl_buffer_append(out, step->sibling.bytes, 32);
    } else {
        proof_put_field(out, 2, prefix);
        proof_put_field(out, 3, bl_slice(step->sibling.bytes, 32));
    }
}

static size_t proof_part_size(const struct bl_proof_part *part)
{
    size_t size = proof_field_size(part->key.len) +
                  proof_field_size(part->value.len + (part->prefixed ? 1u : 0u)) +
                  proof_field_size(proof_leaf_op(part).len);
    for (size_t i = 0; i < part->depth; i++)
        size += proof_field_size(proof_step_size(part, &part->steps[i]));
    return size;
}

/* Appends `field` with the ExistenceProof as its content. */
static void proof_put_part(struct bl_buffer *out, unsigned field, const struct bl_proof_part *part)
{
    proof_put_head(out, field, proof_part_size(part));
    proof_put_field(out, 1, part->key);
    proof_put_head(out, 2, part->value.len + (part->prefixed ? 1u : 0u));
    if (part->prefixed)
        bl_buffer_append_u8(out, 0x01);
    bl_buffer_append(out, part->value.data, part->value.len);
    proof_put_field(out, 3, proof_leaf_op(part));
    for (size_t i = 0; i < part->depth; i++)
        proof_put_step(out, part, &part->steps[i]);
}

static size_t proof_absence_size(baals_slice key,
                                 const struct bl_proof_part *left,
                                 const struct bl_proof_part *right)
{
    size_t size = proof_field_size(key.len);
    if (left != NULL)
        size += proof_field_size(proof_part_size(left));
    if (right != NULL)
        size += proof_field_size(proof_part_size(right));
    return size;
}

void bl_proof_set_path(struct bl_proof_part *part, const struct bl_tree_path *path)
{
    part->depth = path->count;
    for (size_t i = 0; i < path->count; i++) {
        size_t bit = path->count - 1 - i;
        part->steps[i].sibling = path->siblings[i];
        part->steps[i].sibling_left = (path->leaf.hash.bytes[bit / 8] >> (7 - bit % 8) & 1u) != 0;
    }
}

void bl_proof_append_existence(struct bl_buffer *out, const struct bl_proof_part *part)
{
    proof_put_part(out, 1, part);
}

void bl_proof_append_absence(struct bl_buffer *out,
                             baals_slice key,
                             const struct bl_proof_part *left,
                             const struct bl_proof_part *right)
{
    proof_put_head(out, 2, proof_absence_size(key, left, right));
    proof_put_field(out, 1, key);
    if (left != NULL)
        proof_put_part(out, 2, left);
    if (right != NULL)
        proof_put_part(out, 3, right);
}

/* ---- what is proved ---- */

/* A proof being made; the parts are in `arena`. */
struct proof_work {
    struct bl_view *view;
    struct bl_arena *arena;
    baals_space store;
    baals_slice key;
    struct bl_proof_part *exists; /* or */
    struct bl_proof_part *left;
    struct bl_proof_part *right;
};

/* NULL, with NOMEM in `err`, when there is no memory. */
static struct bl_proof_part *proof_new_part(struct proof_work *work, baals_error *err)
{
    struct bl_proof_part *part = bl_arena_zero(work->arena, 1, sizeof *part);
    if (part == NULL) {
        bl_fail(err, BAALS_NOMEM, "no memory for a proof");
        return NULL;
    }
    part->is_map = work->store == BAALS_SPACE_META;
    part->prefixed = true;
    return part;
}

/* The part for a leaf that the tree has, its key known. */
static baals_status proof_tree_part(struct bl_proof_part **out,
                                    struct proof_work *work,
                                    baals_slice key,
                                    const baals_hash *key_hash,
                                    baals_error *err)
{
    struct bl_tree_path path;
    baals_hash value_hash;
    struct bl_proof_part *part = proof_new_part(work, err);
    if (part == NULL)
        return BAALS_NOMEM;
    baals_status status = bl_tree_find(&path, work->view, work->store, key_hash, err);
    if (status == BAALS_OK)
        status = bl_view_get(work->view, &part->value, work->store, key, err);
    if (status == BAALS_OK)
        bl_rules_value_hash(&value_hash, part->value);
    if (status == BAALS_NOTFOUND ||
        (status == BAALS_OK && !bl_hash_equal(&value_hash, &path.leaf.value_hash))) {
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "a record of the store %s is not the one in its tree",
                       bl_state_store_name(work->store));
    }
    BL_TRY(status);
    part->key = key;
    bl_proof_set_path(part, &path);
    *out = part;
    return BAALS_OK;
}

/* The part for the neighbour in a direction; *out stays NULL when there is none. */
static baals_status proof_neighbour_part(struct bl_proof_part **out,
                                         struct proof_work *work,
                                         const baals_hash *key_hash,
                                         unsigned direction,
                                         baals_error *err)
{
    struct bl_slot leaf;
    uint8_t preimage[33];
    baals_slice key;
    baals_hash check;
    baals_status status =
        bl_tree_neighbour(&leaf, work->view, work->store, key_hash, direction, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    preimage[0] = (uint8_t)work->store;
    memcpy(preimage + 1, leaf.hash.bytes, 32);
    status = bl_view_get(work->view, &key, BAALS_SPACE_PREIMAGES,
                         bl_slice(preimage, sizeof preimage), err);
    if (status == BAALS_OK)
        bl_rules_key_hash(&check, key);
    if (status == BAALS_NOTFOUND || (status == BAALS_OK && !bl_hash_equal(&check, &leaf.hash)))
        return bl_fail(err, BAALS_CORRUPT_STATE, "the key of a leaf of the store %s is not known",
                       bl_state_store_name(work->store));
    BL_TRY(status);
    return proof_tree_part(out, work, key, &leaf.hash, err);
}

static baals_status proof_from_tree(struct proof_work *work, baals_error *err)
{
    baals_hash key_hash;
    bl_rules_key_hash(&key_hash, work->key);
    baals_status status = bl_tree_find(NULL, work->view, work->store, &key_hash, err);
    if (status == BAALS_OK)
        return proof_tree_part(&work->exists, work, work->key, &key_hash, err);
    if (status != BAALS_NOTFOUND)
        return status;
    BL_TRY(proof_neighbour_part(&work->left, work, &key_hash, 0, err));
    return proof_neighbour_part(&work->right, work, &key_hash, 1, err);
}

/* ---- meta ---- */

struct proof_map {
    struct bl_arena *arena;
    size_t count;
    baals_slice *keys; /* NULL while counting */
    baals_slice *records;
    baals_slice *items;
};

static baals_status proof_map_add(void *ctx, baals_slice key, baals_slice record)
{
    struct proof_map *map = ctx;
    size_t at = map->count++;
    if (map->keys == NULL)
        return BAALS_OK;
    uint8_t item[BL_MAP_ITEM_MAX];
    map->keys[at] = key;
    map->records[at] = record;
    baals_slice bytes = bl_rules_map_item(item, key, record);
    return bl_arena_copy(&map->items[at], map->arena, bytes) ? BAALS_OK : BAALS_NOMEM;
}

static baals_status proof_map_collect(struct proof_map *map, struct bl_view *view, baals_error *err)
{
    BL_TRY(bl_meta_check(view, err));
    BL_TRY(bl_meta_each(view, NULL, 0, proof_map_add, map, err));
    size_t count = map->count + 1; /* never 0 */
    map->keys = bl_arena_zero(map->arena, count, sizeof *map->keys);
    map->records = bl_arena_zero(map->arena, count, sizeof *map->records);
    map->items = bl_arena_zero(map->arena, count, sizeof *map->items);
    baals_status status = BAALS_NOMEM;
    if (map->keys != NULL && map->records != NULL && map->items != NULL) {
        map->count = 0;
        status = bl_meta_each(view, NULL, 0, proof_map_add, map, err);
    }
    if (status == BAALS_NOMEM)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu records of meta", map->count);
    return status;
}

static baals_status proof_map_part(struct bl_proof_part **out,
                                   struct proof_work *work,
                                   const struct proof_map *map,
                                   size_t index,
                                   baals_error *err)
{
    struct bl_merkle_proof merkle;
    struct bl_proof_part *part = proof_new_part(work, err);
    if (part == NULL)
        return BAALS_NOMEM;
    bl_merkle_prove(&merkle, map->items, map->count, index);
    part->key = map->keys[index];
    part->value = map->records[index];
    part->depth = merkle.step_count;
    for (size_t i = 0; i < part->depth; i++)
        part->steps[i] = merkle.steps[i];
    *out = part;
    return BAALS_OK;
}

static baals_status proof_from_map(struct proof_work *work, baals_error *err)
{
    struct proof_map map = {.arena = work->arena};
    BL_TRY(proof_map_collect(&map, work->view, err));
    size_t at = 0;
    while (at < map.count && bl_slice_compare(map.keys[at], work->key) < 0)
        at++;
    if (at < map.count && bl_slice_equal(map.keys[at], work->key))
        return proof_map_part(&work->exists, work, &map, at, err);
    if (at > 0)
        BL_TRY(proof_map_part(&work->left, work, &map, at - 1, err));
    if (at < map.count)
        BL_TRY(proof_map_part(&work->right, work, &map, at, err));
    return BAALS_OK;
}

/* ---- both steps ---- */

static void
proof_store_part(struct bl_proof_part *part, const struct bl_state_roots *roots, baals_space store)
{
    struct bl_merkle_pair pairs[BL_STATE_STORES];
    struct bl_merkle_proof merkle;
    size_t index = 0;
    bl_rules_store_pairs(pairs, roots->stores);
    while (bl_rules_stores_by_name[index] != store)
        index++;
    bl_merkle_map_prove(&merkle, pairs, BL_STATE_STORES, index);
    part->is_map = true;
    part->prefixed = false;
    part->key = pairs[index].key;
    part->value = pairs[index].value;
    part->depth = merkle.step_count;
    for (size_t i = 0; i < part->depth; i++)
        part->steps[i] = merkle.steps[i];
}

static baals_status proof_encode(struct bl_buffer *out, struct proof_work *work, baals_error *err)
{
    struct bl_state_roots roots;
    size_t start = out->len;
    struct bl_proof_part *store = proof_new_part(work, err);
    if (store == NULL)
        return BAALS_NOMEM;
    BL_TRY(bl_state_roots(&roots, work->view, err));
    proof_store_part(store, &roots, work->store);
    if (work->exists != NULL) {
        proof_put_head(out, 1, proof_field_size(proof_part_size(work->exists)));
        bl_proof_append_existence(out, work->exists);
    } else {
        size_t size = proof_absence_size(work->key, work->left, work->right);
        proof_put_head(out, 1, proof_field_size(size));
        bl_proof_append_absence(out, work->key, work->left, work->right);
    }
    proof_put_head(out, 1, proof_field_size(proof_part_size(store)));
    bl_proof_append_existence(out, store);
    baals_status status = bl_buffer_status(out, err);
    if (status != BAALS_OK)
        out->len = start;
    return status;
}

baals_status bl_state_prove(struct bl_buffer *proof_out,
                            baals_slice *value_out,
                            bool *exists_out,
                            struct bl_view *view,
                            baals_space store,
                            baals_slice key,
                            baals_error *err)
{
    struct bl_arena arena;
    BL_ASSERT((unsigned)store < BL_STATE_STORES);
    bl_arena_init(&arena, proof_out->alloc, SIZE_MAX / 2);
    struct proof_work work = {.view = view, .arena = &arena, .store = store, .key = key};
    baals_status status = BAALS_OK;
    if (key.len == 0 || key.len > BL_KV_KEY_MAX)
        status = bl_fail(err, BAALS_MISUSE_ARGUMENT, "a key of %zu bytes", key.len);
    else if (store == BAALS_SPACE_META)
        status = proof_from_map(&work, err);
    else
        status = proof_from_tree(&work, err);
    if (status == BAALS_OK && work.exists == NULL && work.left == NULL && work.right == NULL)
        status = bl_fail(err, BAALS_NOTFOUND, "an empty store proves nothing");
    if (status == BAALS_OK)
        status = proof_encode(proof_out, &work, err);
    if (status == BAALS_OK) {
        *exists_out = work.exists != NULL;
        if (work.exists != NULL)
            *value_out = work.exists->value;
    }
    bl_arena_deinit(&arena);
    return status;
}
