/* SPDX-License-Identifier: MIT */
/* Views: kv and layers read as one map, in both directions. */
#include "testlib.h"

#include <string.h>

#include "storage/storage_internal.h"

enum { KEYS = 60 };

struct fixture {
    struct bl_env *env;
    struct bl_store *store;
    struct bl_storage_fault_plan plan;
    struct testlib_faulty_alloc faulty;
    uint64_t height;
};

static void fixture_begin(struct fixture *f)
{
    baals_storage *storage;
    baals_hash chain = {{1}};
    memset(f, 0, sizeof(*f));
    f->plan.status = BAALS_CORRUPT_STORE;
    assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    f->env->alloc = testlib_faulty_alloc(&f->faulty);
    assert_ok(bl_storage_open(&storage, f->env, "memory", NULL, NULL));
    assert_ok(bl_storage_fault_wrap(&storage, f->env, storage, &f->plan, NULL));
    assert_ok(bl_store_open(&f->store, f->env, storage, &chain, NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_store_close(f->store);
    assert_int_equal(f->faulty.live, 0);
    f->env->alloc = bl_alloc_system();
    bl_env_close(f->env);
}

static struct bl_layer *layer_of(struct fixture *f, const baals_write *writes, size_t count)
{
    struct bl_layer *layer;
    assert_ok(bl_layer_new(&layer, &f->env->alloc, writes, count, NULL));
    return layer;
}

static void push(struct fixture *f, const baals_write *writes, size_t count)
{
    struct bl_layer *layer = layer_of(f, writes, count);
    struct bl_tip tip = {.height = ++f->height};
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

/* ---- the model: a number per key, 0 absent; keys of two spaces in turns ---- */

struct model {
    uint32_t values[KEYS];
};

static const baals_space model_spaces[2] = {BAALS_SPACE_ACCOUNTS, BAALS_SPACE_CODE};

static baals_space model_space(size_t index)
{
    return model_spaces[index % 2];
}

/* One byte and sometimes a second: prefixes of one another. Ascending with the index. */
static baals_slice model_key(uint8_t out[2], size_t index)
{
    out[0] = (uint8_t)(index / 4 * 16);
    out[1] = 0;
    return bl_slice(out, 1 + index / 2 % 2);
}

static void model_random_writes(
    struct model *model, baals_write *writes, uint8_t (*bytes)[6], size_t count, uint64_t stream)
{
    struct testlib_rng rng = testlib_rng(stream);
    for (size_t i = 0; i < count; i++) {
        size_t index = (size_t)testlib_rng_below(&rng, KEYS);
        bool is_delete = testlib_rng_below(&rng, 2) == 0;
        uint32_t number = 1 + (uint32_t)testlib_rng_below(&rng, 1u << 30);
        bl_store_u32be(bytes[i] + 2, number);
        writes[i] = (baals_write){.space = model_space(index),
                                  .is_delete = is_delete,
                                  .key = model_key(bytes[i], index),
                                  .value = bl_slice(bytes[i] + 2, 4)};
        model->values[index] = is_delete ? 0 : number;
    }
}

static int model_seek(const struct model *model, baals_space space, baals_slice key, uint32_t flags)
{
    bool descending = (flags & BAALS_SEEK_DESCENDING) != 0;
    for (size_t i = 0; i < KEYS; i++) {
        size_t index = descending ? KEYS - 1 - i : i;
        uint8_t bytes[2];
        int order = bl_slice_compare(model_key(bytes, index), key);
        if (key.len == 0)
            order = descending ? -1 : 1;
        if (model_space(index) == space && model->values[index] != 0 &&
            (order == 0 ? (flags & BAALS_SEEK_EXCLUSIVE) == 0 : (order < 0) == descending))
            return (int)index;
    }
    return -1;
}

static void model_check(struct bl_view *view, const struct model *model)
{
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t bytes[2];
        baals_slice key = model_key(bytes, i);
        baals_slice value;
        baals_status status = bl_view_get(view, &value, model_space(i), key, NULL);
        assert_status(status, model->values[i] == 0 ? BAALS_NOTFOUND : BAALS_OK);
        if (status == BAALS_OK)
            assert_int_equal(bl_load_u32be(value.data), model->values[i]);
        key.len = i % 7 == 0 ? 0 : key.len;
        for (uint32_t flags = 0; flags < 4; flags++) {
            baals_slice found;
            uint8_t expected_bytes[2];
            int expected = model_seek(model, model_space(i), key, flags);
            status = bl_view_seek(view, &found, &value, model_space(i), key, flags, NULL);
            assert_status(status, expected < 0 ? BAALS_NOTFOUND : BAALS_OK);
            if (expected < 0)
                continue;
            assert_true(bl_slice_equal(found, model_key(expected_bytes, (size_t)expected)));
            assert_int_equal(bl_load_u32be(value.data), model->values[expected]);
        }
    }
}

/* Goal: after random layers and checkpoints, every get and seek of the newest view, of views begun
 * earlier and of a view with pushed layers answers as the model of its moment does. */
static void test_view_model(void **state)
{
    (void)state;
    enum { ROUNDS = 120, WRITES_MAX = 30, OLD = 3 };
    struct fixture f;
    struct model model = {{0}};
    struct testlib_rng rng = testlib_rng(1);
    struct bl_view *old[OLD] = {NULL};
    struct model old_model[OLD];
    baals_write writes[WRITES_MAX];
    uint8_t bytes[WRITES_MAX][6];
    fixture_begin(&f);
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = (size_t)testlib_rng_below(&rng, WRITES_MAX);
        model_random_writes(&model, writes, bytes, count, 1000 + round);
        push(&f, writes, count);
        if (testlib_rng_below(&rng, 6) == 0)
            assert_ok(bl_store_checkpoint(f.store, NULL));
        size_t slot = (size_t)testlib_rng_below(&rng, OLD);
        bl_view_end(old[slot]);
        assert_ok(bl_view_begin(&old[slot], f.store, NULL));
        old_model[slot] = model;
        for (size_t i = 0; i < OLD; i++) {
            if (old[i] != NULL)
                model_check(old[i], &old_model[i]);
        }
        struct model ahead = model;
        struct bl_view *view;
        assert_ok(bl_view_begin(&view, f.store, NULL));
        for (size_t i = 0; i < round % 8; i++) {
            model_random_writes(&ahead, writes, bytes, 5, 5000 + round * 8 + i);
            struct bl_layer *layer = layer_of(&f, writes, 5);
            assert_ok(bl_view_push(view, layer, NULL));
            bl_layer_unref(layer);
        }
        model_check(view, &ahead);
        bl_view_end(view);
    }
    for (size_t i = 0; i < OLD; i++)
        bl_view_end(old[i]);
    fixture_end(&f);
}

/* Goal: a pushed layer shows in its own view only, and the tip stays that of the beginning. */
static void test_view_push_private(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_view *ahead;
    struct bl_view *other;
    baals_slice value;
    baals_slice key = bl_slice_str("k");
    baals_write one = {.space = BAALS_SPACE_META, .key = key, .value = bl_slice_str("1")};
    fixture_begin(&f);
    push(&f, NULL, 0);
    assert_ok(bl_view_begin(&ahead, f.store, NULL));
    struct bl_layer *layer = layer_of(&f, &one, 1);
    assert_ok(bl_view_push(ahead, layer, NULL));
    bl_layer_unref(layer);
    assert_ok(bl_view_begin(&other, f.store, NULL));
    assert_ok(bl_view_get(ahead, &value, BAALS_SPACE_META, key, NULL));
    assert_status(bl_view_get(other, &value, BAALS_SPACE_META, key, NULL), BAALS_NOTFOUND);
    assert_int_equal(bl_view_tip(ahead)->height, 1);
    bl_view_end(ahead);
    bl_view_end(other);
    bl_view_end(NULL);
    fixture_end(&f);
}

/* Goal: a view knows whether layers were pushed on it, and has its store's own hash key. */
static void test_view_marks(void **state)
{
    (void)state;
    struct fixture f;
    struct fixture other;
    struct bl_view *view;
    struct bl_view *of_other;
    fixture_begin(&f);
    fixture_begin(&other);
    push(&f, NULL, 0);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    assert_ok(bl_view_begin(&of_other, other.store, NULL));
    assert_false(bl_view_pushed(view));
    struct bl_layer *layer = layer_of(&f, NULL, 0);
    assert_ok(bl_view_push(view, layer, NULL));
    bl_layer_unref(layer);
    assert_true(bl_view_pushed(view));
    baals_slice text = bl_slice_str("some key");
    assert_int_not_equal(bl_hash_key_of(bl_view_hash_key(view), text),
                         bl_hash_key_of(bl_view_hash_key(of_other), text));
    bl_view_end(view);
    bl_view_end(of_other);
    fixture_end(&f);
    fixture_end(&other);
}

/* Goal: a long run of removed keys, in the kv and in a layer, is passed over without recursion. */
static void test_view_removed_run(void **state)
{
    (void)state;
    enum { RUN = 20000 };
    static uint8_t keys[RUN][4];
    static baals_write writes[RUN];
    struct fixture f;
    struct bl_view *view;
    baals_slice found;
    baals_slice value;
    fixture_begin(&f);
    for (uint32_t i = 0; i < RUN; i++) {
        bl_store_u32be(keys[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_STORAGE, .key = bl_slice(keys[i], 4)};
    }
    push(&f, writes, RUN);
    assert_ok(bl_store_checkpoint(f.store, NULL));
    for (uint32_t i = 1; i + 1 < RUN; i++)
        writes[i].is_delete = 1;
    push(&f, writes + 1, RUN - 2);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    assert_ok(bl_view_seek(view, &found, &value, BAALS_SPACE_STORAGE, writes[0].key,
                           BAALS_SEEK_EXCLUSIVE, NULL));
    assert_int_equal(bl_load_u32be(found.data), RUN - 1);
    assert_ok(bl_view_seek(view, &found, &value, BAALS_SPACE_STORAGE, writes[RUN - 1].key,
                           BAALS_SEEK_EXCLUSIVE | BAALS_SEEK_DESCENDING, NULL));
    assert_int_equal(bl_load_u32be(found.data), 0);
    bl_view_end(view);
    fixture_end(&f);
}

/* Goal: a failure of the kv is the answer of get and seek, with the outputs untouched; what a layer
 * answers does not need the kv. */
static void test_view_kv_failure(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_view *view;
    baals_slice found = {NULL, 5};
    baals_slice value = {NULL, 6};
    baals_write one = {
        .space = BAALS_SPACE_META, .key = bl_slice_str("k"), .value = bl_slice_str("1")};
    fixture_begin(&f);
    push(&f, &one, 1);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    f.plan.ops = BL_STORAGE_OP_GET | BL_STORAGE_OP_SEEK;
    f.plan.fail_at = 1;
    f.plan.repeat = UINT64_MAX;
    assert_status(bl_view_get(view, &value, BAALS_SPACE_META, bl_slice_str("j"), NULL),
                  BAALS_CORRUPT_STORE);
    assert_status(bl_view_seek(view, &found, &value, BAALS_SPACE_META, one.key, 0, NULL),
                  BAALS_CORRUPT_STORE);
    assert_int_equal(found.len, 5);
    assert_int_equal(value.len, 6);
    assert_ok(bl_view_get(view, &value, BAALS_SPACE_META, one.key, NULL));
    bl_view_end(view);
    fixture_end(&f);
}

/* Goal: every failing allocation of begin and push is NOMEM without a leak. */
static void test_view_nomem(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_view *view = NULL;
    baals_status status = BAALS_NOMEM;
    uint64_t failed = 0;
    fixture_begin(&f);
    struct bl_layer *layer = layer_of(&f, NULL, 0);
    int64_t live = f.faulty.live;
    while (true) {
        f.faulty.fail_at = f.faulty.calls + 1 + failed;
        status = bl_view_begin(&view, f.store, NULL);
        for (size_t i = 0; status == BAALS_OK && i < 20; i++)
            status = bl_view_push(view, layer, NULL);
        f.faulty.fail_at = 0;
        bl_view_end(view);
        view = NULL;
        assert_int_equal(f.faulty.live, live);
        if (status == BAALS_OK)
            break;
        assert_status(status, BAALS_NOMEM);
        failed++;
    }
    assert_true(failed >= 5);
    bl_layer_unref(layer);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_model),       cmocka_unit_test(test_view_push_private),
        cmocka_unit_test(test_view_removed_run), cmocka_unit_test(test_view_kv_failure),
        cmocka_unit_test(test_view_nomem),       cmocka_unit_test(test_view_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
