/* SPDX-License-Identifier: MIT */
/*
 * The public Jellyfish Merkle vectors: every version of every case, once as an incremental update
 * of the kept nodes and once from the live leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"
#include "testlib_json.h"

#include "crypto/crypto.h"
#include "trees_lib.h"

#define JMT_LEAVES_MAX 4096u

struct jmt_leaf {
    baals_hash key_hash;
    baals_hash value_hash;
    baals_hash old_hash;
    bool live;
    bool was_live;
};

struct jmt_case {
    struct bl_env *env;
    struct bl_store *store;
    struct bl_forest *forest;
    uint64_t height;
    size_t count; /* of keys ever named, sorted by key hash */
    struct jmt_leaf leaves[JMT_LEAVES_MAX];
};

static void jmt_open(struct jmt_case *c, const char *backend, const char *dir)
{
    baals_storage *storage;
    baals_hash chain_id = {{1}};
    memset(c, 0, sizeof *c);
    if (strcmp(backend, "memory") == 0)
        assert_ok(bl_env_memory(&c->env, bl_alloc_system(), NULL));
    else
        assert_ok(bl_env_system(&c->env, bl_alloc_system(), NULL));
    assert_ok(bl_storage_open(&storage, c->env, backend, dir, NULL));
    assert_ok(bl_store_open(&c->store, c->env, storage, &chain_id, NULL));
    struct bl_alloc alloc = bl_alloc_system();
    assert_ok(bl_forest_new(&c->forest, &alloc, NULL, 1u << 12, NULL));
}

static void jmt_close(struct jmt_case *c)
{
    bl_store_close(c->store);
    bl_forest_free(c->forest);
    bl_env_close(c->env);
}

static struct jmt_leaf *jmt_leaf_of(struct jmt_case *c, const baals_hash *key_hash)
{
    size_t at = 0;
    while (at < c->count && memcmp(c->leaves[at].key_hash.bytes, key_hash->bytes, 32) < 0)
        at++;
    if (at < c->count && bl_hash_equal(&c->leaves[at].key_hash, key_hash))
        return &c->leaves[at];
    assert_true(c->count < JMT_LEAVES_MAX);
    memmove(&c->leaves[at + 1], &c->leaves[at], (c->count - at) * sizeof c->leaves[0]);
    memset(&c->leaves[at], 0, sizeof c->leaves[0]);
    c->leaves[at].key_hash = *key_hash;
    c->count++;
    return &c->leaves[at];
}

static void jmt_read_ops(struct jmt_case *c, const struct testlib_json *ops, bool key_is_hash)
{
    for (size_t i = 0; i < c->count; i++) {
        c->leaves[i].was_live = c->leaves[i].live;
        c->leaves[i].old_hash = c->leaves[i].value_hash;
    }
    for (size_t i = 0; i < testlib_json_count(ops); i++) {
        const struct testlib_json *op = testlib_json_at(ops, i);
        const struct testlib_json *value = testlib_json_at(op, 1);
        size_t len;
        baals_hash key_hash;
        uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_at(op, 0));
        if (key_is_hash) {
            assert_int_equal(len, 32);
            memcpy(key_hash.bytes, bytes, 32);
        } else {
            bl_sha256(&key_hash, bl_slice(bytes, len));
        }
        free(bytes);
        struct jmt_leaf *leaf = jmt_leaf_of(c, &key_hash);
        leaf->live = !testlib_json_is_null(value);
        if (leaf->live) {
            bytes = testlib_json_hex_alloc(&len, value);
            bl_sha256(&leaf->value_hash, bl_slice(bytes, len));
            free(bytes);
        }
    }
}

static void jmt_update(struct jmt_case *c, baals_hash *root_out)
{
    static struct bl_leaf_change changes[JMT_LEAVES_MAX];
    struct bl_slot root;
    struct bl_view *view = NULL;
    struct bl_tip tip = {.height = c->height, .hash = {{1}}, .journal_end = c->height + 1};
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct jmt_leaf *leaf = &c->leaves[i];
        if (!leaf->live && !leaf->was_live)
            continue;
        if (leaf->live && leaf->was_live && bl_hash_equal(&leaf->value_hash, &leaf->old_hash))
            continue;
        changes[count++] = (struct bl_leaf_change){.key_hash = leaf->key_hash,
                                                   .old_hash = leaf->old_hash,
                                                   .new_hash = leaf->value_hash,
                                                   .has_old = leaf->was_live,
                                                   .has_new = leaf->live};
    }
    assert_ok(bl_view_begin(&view, c->store, NULL));
    struct bl_layer *layer =
        trees_layer(&root, c->forest, view, BAALS_SPACE_ACCOUNTS, changes, count);
    assert_ok(bl_store_push(c->store, layer, &tip, NULL));
    bl_layer_unref(layer);
    bl_view_end(view);
    if (++c->height % 2 == 0)
        assert_ok(bl_store_checkpoint(c->store, NULL));
    bl_root_hash(root_out, BAALS_SPACE_ACCOUNTS, &root);
}

static void jmt_live_root(const struct jmt_case *c, baals_hash *root_out, size_t *live_out)
{
    static struct bl_leaf live[JMT_LEAVES_MAX];
    size_t count = 0;
    for (size_t i = c->count; i-- > 0;) {
        if (c->leaves[i].live)
            live[count++] = (struct bl_leaf){c->leaves[i].key_hash, c->leaves[i].value_hash};
    }
    bl_recompute_root(root_out, live, count);
    *live_out = count;
}

static void jmt_run(const char *backend)
{
    static struct jmt_case c;
    size_t roots = 0;
    struct testlib_json *file =
        testlib_json_load(testlib_shared_path("vectors/jmt/jmt_vectors.json"));
    const struct testlib_json *cases = testlib_json_get(file, "cases");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        char dir[256] = "";
        const struct testlib_json *one = testlib_json_at(cases, i);
        const struct testlib_json *versions = testlib_json_get(one, "versions");
        bool key_is_hash = testlib_json_bool(testlib_json_get(one, "key_is_hash"));
        if (strcmp(backend, "memory") != 0)
            testlib_temp_dir(dir, sizeof dir, "jmt");
        jmt_open(&c, backend, dir);
        for (size_t v = 0; v < testlib_json_count(versions); v++) {
            const struct testlib_json *version = testlib_json_at(versions, v);
            baals_hash want;
            baals_hash got;
            size_t live;
            testlib_json_hex(want.bytes, 32, testlib_json_get(version, "root"));
            jmt_read_ops(&c, testlib_json_get(version, "ops"), key_is_hash);
            jmt_update(&c, &got);
            assert_memory_equal(got.bytes, want.bytes, 32);
            jmt_live_root(&c, &got, &live);
            assert_memory_equal(got.bytes, want.bytes, 32);
            assert_int_equal(live, testlib_json_int(testlib_json_get(version, "live")));
            roots++;
        }
        jmt_close(&c);
        if (dir[0] != '\0')
            testlib_remove_tree(dir);
    }
    print_message("%s: %zu cases, %zu roots\n", backend, testlib_json_count(cases), roots);
    assert_true(roots >= 40);
    testlib_json_free(file);
}

/* Goal: every published root, in memory. */
static void test_jmt_memory(void **state)
{
    (void)state;
    if (testlib_have_shared("vectors/jmt/jmt_vectors.json", "vectors/jmt memory"))
        jmt_run("memory");
}

/* Goal: every published root, over LMDB. */
static void test_jmt_lmdb(void **state)
{
    (void)state;
    if (testlib_have_shared("vectors/jmt/jmt_vectors.json", "vectors/jmt lmdb"))
        jmt_run("lmdb");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jmt_memory),
        cmocka_unit_test(test_jmt_lmdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
