/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_STATE_STATE_FIXTURE_H
#define BL_TESTS_UNIT_STATE_STATE_FIXTURE_H
/*
 * What the tests of the state share: a store to commit to, and a naive model of the state whose
 * roots are computed by the rule alone, with nothing taken from src/state.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"
#include "trees_lib.h"

#include "crypto/crypto.h"

/* ---- a store ---- */

struct fixture {
    struct bl_env *env;
    struct bl_store *store;
    struct bl_forest *forest;
    struct testlib_faulty_alloc memory; /* of the forest */
    struct bl_arena arena;
    uint64_t height;
    char dir[256];
};

/* So few nodes that they are given up again and again. */
#define FIXTURE_STATE_BYTES 4096u

static inline void fixture_new_forest(struct fixture *f)
{
    struct bl_alloc alloc = testlib_faulty_alloc(&f->memory);
    assert_ok(bl_forest_new(&f->forest, &alloc, NULL, FIXTURE_STATE_BYTES, NULL));
}

static inline void fixture_open(struct fixture *f, const char *backend)
{
    baals_storage *storage;
    baals_hash chain_id = {{7}};
    memset(f, 0, sizeof *f);
    if (strcmp(backend, "memory") == 0) {
        assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    } else {
        assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
        testlib_temp_dir(f->dir, sizeof f->dir, "state");
    }
    assert_ok(bl_storage_open(&storage, f->env, backend, f->dir, NULL));
    assert_ok(bl_store_open(&f->store, f->env, storage, &chain_id, NULL));
    fixture_new_forest(f);
    bl_arena_init(&f->arena, bl_alloc_system(), SIZE_MAX / 2);
}

static inline void fixture_close(struct fixture *f)
{
    bl_arena_deinit(&f->arena);
    bl_store_close(f->store);
    bl_forest_free(f->forest);
    assert_int_equal(f->memory.live, 0);
    bl_env_close(f->env);
    if (f->dir[0] != '\0')
        testlib_remove_tree(f->dir);
}

/* With nothing in memory: what was checkpointed. Not for the backend "memory". */
static inline void fixture_reopen(struct fixture *f)
{
    baals_storage *storage;
    baals_hash chain_id = {{7}};
    assert_ok(bl_store_checkpoint(f->store, NULL));
    bl_store_close(f->store);
    bl_forest_free(f->forest);
    assert_ok(bl_storage_open(&storage, f->env, "lmdb", f->dir, NULL));
    assert_ok(bl_store_open(&f->store, f->env, storage, &chain_id, NULL));
    fixture_new_forest(f);
}

static inline struct bl_view *fixture_view(struct fixture *f)
{
    struct bl_view *view = NULL;
    assert_ok(bl_view_begin(&view, f->store, NULL));
    return view;
}

/* Pushes writes as the next height. */
static inline void fixture_push(struct fixture *f,
                                const baals_write *writes,
                                size_t count,
                                struct bl_attachment *attachment)
{
    struct bl_layer *layer = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_tip tip = {.height = f->height, .journal_end = f->height + 1};
    bl_store_u64be(tip.hash.bytes + 24, ++f->height);
    assert_ok(bl_layer_new(&layer, &alloc, writes, count, NULL));
    bl_layer_attach(layer, attachment);
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

/* Commits a write set; returns the roots. Every third commit reaches the kv. */
static inline struct bl_state_roots fixture_commit(struct fixture *f,
                                                   const struct bl_write_set *set)
{
    struct bl_committed state;
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), SIZE_MAX / 2);
    struct bl_view *view = fixture_view(f);
    assert_ok(bl_state_commit(&state, f->forest, view, set, &arena, NULL));
    fixture_push(f, state.writes, state.count, state.attachment);
    bl_view_end(view);
    if (f->height % 3 == 0)
        assert_ok(bl_store_checkpoint(f->store, NULL));
    bl_arena_deinit(&arena);
    return state.roots;
}

/* A genesis: sentinels alone. */
static inline struct bl_state_roots fixture_genesis(struct fixture *f)
{
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_view *view = fixture_view(f);
    assert_ok(bl_overlay_new(&overlay, &f->arena, view, NULL));
    assert_ok(bl_state_put_sentinels(overlay, NULL));
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    struct bl_state_roots roots = fixture_commit(f, &set);
    bl_view_end(view);
    return roots;
}

/* ---- the rule, once more and as plainly as possible ---- */

struct reference_leaf {
    baals_hash key_hash;
    baals_hash value_hash;
};

static inline void
reference_join(baals_hash *out, const char *prefix, const baals_hash *left, const baals_hash *right)
{
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice_str(prefix));
    bl_sha256_update(&state, bl_slice(left->bytes, 32));
    bl_sha256_update(&state, bl_slice(right->bytes, 32));
    bl_sha256_final(out, &state);
}

/* The leaves need no order. */
static inline void
reference_root(baals_hash *out, const struct reference_leaf *leaves, size_t count, unsigned depth)
{
    if (count == 0) {
        memcpy(out->bytes, "SPARSE_MERKLE_PLACEHOLDER_HASH__", 32);
        return;
    }
    if (count == 1) {
        reference_join(out, "JMT::LeafNode", &leaves[0].key_hash, &leaves[0].value_hash);
        return;
    }
    struct reference_leaf *parts[2];
    size_t counts[2] = {0, 0};
    baals_hash roots[2];
    for (size_t side = 0; side < 2; side++) {
        parts[side] = malloc(count * sizeof **parts);
        assert_non_null(parts[side]);
        for (size_t i = 0; i < count; i++) {
            if ((leaves[i].key_hash.bytes[depth / 8] >> (7 - depth % 8) & 1u) == side)
                parts[side][counts[side]++] = leaves[i];
        }
        reference_root(&roots[side], parts[side], counts[side], depth + 1);
        free(parts[side]);
    }
    reference_join(out, "JMT::IntrnalNode", &roots[0], &roots[1]);
}

/* ---- a model ---- */

#define MODEL_KEYS 96u
#define MODEL_VALUE_MAX 80u
#define MODEL_SPACES 5u

struct model_record {
    bool present;
    size_t len;
    uint8_t value[MODEL_VALUE_MAX];
};
/* Keys are drawn from a small fixed set, so that random operations meet. */
struct model {
    struct model_record records[MODEL_SPACES][MODEL_KEYS];
};

/* The i-th key of a space: ascending with i. Lengths and shared prefixes vary. */
static inline baals_slice model_key(uint8_t out[40], unsigned space, size_t i)
{
    size_t len = space == BAALS_SPACE_STORAGE ? 34 : 2 + i % 7;
    memset(out, (int)(space == BAALS_SPACE_STORAGE ? 0x11 : 0), 40);
    if (space == BAALS_SPACE_STORAGE) {
        out[32] = (uint8_t)(i / 16);
        out[33] = (uint8_t)(i % 16);
    } else {
        out[0] = (uint8_t)(1 + i / 16);
        out[1] = (uint8_t)(i % 16);
    }
    return bl_slice(out, len);
}

static inline baals_slice model_value(const struct model_record *record)
{
    return bl_slice(record->value, record->len);
}

static inline void model_set_random(struct model_record *record, struct testlib_rng *rng)
{
    record->present = true;
    record->len = testlib_rng_below(rng, MODEL_VALUE_MAX + 1);
    testlib_rng_bytes(rng, record->value, record->len);
}

static inline void model_value_hash(baals_hash *out, baals_slice record)
{
    uint8_t message[1 + MODEL_VALUE_MAX];
    message[0] = 1;
    if (record.len > 0)
        memcpy(message + 1, record.data, record.len);
    bl_sha256(out, bl_slice(message, 1 + record.len));
}

/* The store root of the model with the sentinel. */
static inline void model_store_root(baals_hash *out, const struct model *model, unsigned space)
{
    static const uint8_t zero = 0;
    static const uint8_t one = 1;
    struct reference_leaf leaves[MODEL_KEYS + 1];
    struct bl_merkle_pair pairs[MODEL_KEYS + 1];
    uint8_t keys[MODEL_KEYS + 1][40];
    uint8_t values[MODEL_KEYS + 1][1 + MODEL_VALUE_MAX];
    size_t count = 0;
    for (size_t i = 0; i <= MODEL_KEYS; i++) {
        const struct model_record *record = i == 0 ? NULL : &model->records[space][i - 1];
        if (i > 0 && !record->present)
            continue;
        baals_slice key = i == 0 ? bl_slice(&zero, 1) : model_key(keys[count], space, i - 1);
        baals_slice value = i == 0 ? bl_slice(&one, 1) : model_value(record);
        values[count][0] = 1;
        memcpy(values[count] + 1, value.data, value.len);
        pairs[count].key = key;
        pairs[count].value = bl_slice(values[count], 1 + value.len);
        bl_sha256(&leaves[count].key_hash, key);
        model_value_hash(&leaves[count].value_hash, value);
        count++;
    }
    if (space == BAALS_SPACE_META)
        bl_merkle_map_root(out, pairs, count);
    else
        reference_root(out, leaves, count, 0);
}

static inline void model_roots(struct bl_state_roots *out, const struct model *model)
{
    static const unsigned order[4] = {BAALS_SPACE_ACCOUNTS, BAALS_SPACE_CODE, BAALS_SPACE_META,
                                      BAALS_SPACE_STORAGE};
    static const char *const names[4] = {"accounts", "code", "meta", "storage"};
    struct bl_merkle_pair pairs[4];
    for (unsigned space = 0; space < 4; space++)
        model_store_root(&out->stores[space], model, space);
    for (size_t i = 0; i < 4; i++) {
        pairs[i].key = bl_slice_str(names[i]);
        pairs[i].value = bl_slice(out->stores[order[i]].bytes, 32);
    }
    bl_merkle_map_root(&out->root, pairs, 4);
}

static inline void assert_same_roots(const struct bl_state_roots *a, const struct bl_state_roots *b)
{
    for (unsigned space = 0; space < 4; space++)
        assert_memory_equal(a->stores[space].bytes, b->stores[space].bytes, 32);
    assert_memory_equal(a->root.bytes, b->root.bytes, 32);
}

/* Random changes on an overlay and the model alike, then the commit. */
static inline struct bl_state_roots fixture_random_block(struct fixture *f,
                                                         struct model *model,
                                                         struct testlib_rng *rng,
                                                         size_t operations)
{
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_view *view = fixture_view(f);
    assert_ok(bl_overlay_new(&overlay, &f->arena, view, NULL));
    for (size_t i = 0; i < operations; i++) {
        uint8_t bytes[40];
        unsigned space = (unsigned)testlib_rng_below(rng, 4);
        size_t at = testlib_rng_below(rng, MODEL_KEYS);
        baals_slice key = model_key(bytes, space, at);
        struct model_record *record = &model->records[space][at];
        if (testlib_rng_below(rng, 3) == 0) {
            record->present = false;
            assert_ok(bl_overlay_delete(overlay, (baals_space)space, key, NULL));
        } else {
            model_set_random(record, rng);
            assert_ok(bl_overlay_put(overlay, (baals_space)space, key, model_value(record), NULL));
        }
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    struct bl_state_roots roots = fixture_commit(f, &set);
    bl_view_end(view);
    return roots;
}

#endif /* BL_TESTS_UNIT_STATE_STATE_FIXTURE_H */
