/* SPDX-License-Identifier: MIT */
#include "state/overlay_internal.h"
#include "state_fixture.h"

/* ---- against a naive model ---- */

/* The model's answer to a seek: scans all keys. MODEL_KEYS when there is none. */
static size_t
overlay_model_seek(const struct model *model, unsigned space, baals_slice from, uint32_t flags)
{
    bool down = (flags & BAALS_SEEK_DESCENDING) != 0;
    for (size_t n = 0; n < MODEL_KEYS; n++) {
        size_t i = down ? MODEL_KEYS - 1 - n : n;
        uint8_t bytes[40];
        if (!model->records[space][i].present)
            continue;
        if (from.len == 0)
            return i;
        int order = bl_slice_compare(model_key(bytes, space, i), from);
        if (order == 0 && (flags & BAALS_SEEK_EXCLUSIVE) == 0)
            return i;
        if (down ? order < 0 : order > 0)
            return i;
    }
    return MODEL_KEYS;
}

static void overlay_check_seek(struct bl_overlay *overlay,
                               const struct model *model,
                               struct testlib_rng *rng,
                               unsigned space)
{
    uint8_t from_bytes[40];
    uint8_t want_bytes[40];
    baals_slice key;
    baals_slice value;
    uint32_t flags = (uint32_t)testlib_rng_below(rng, 4);
    baals_slice from = model_key(from_bytes, space, testlib_rng_below(rng, MODEL_KEYS));
    if (testlib_rng_below(rng, 8) == 0)
        from.len = 0;
    else if (testlib_rng_below(rng, 4) == 0)
        from_bytes[from.len++] = (uint8_t)testlib_rng_below(rng, 256);
    size_t want = overlay_model_seek(model, space, from, flags);
    baals_status status =
        bl_overlay_seek(overlay, &key, &value, (baals_space)space, from, flags, NULL);
    if (want == MODEL_KEYS) {
        assert_int_equal(status, BAALS_NOTFOUND);
        return;
    }
    assert_ok(status);
    assert_true(bl_slice_equal(key, model_key(want_bytes, space, want)));
    assert_true(bl_slice_equal(value, model_value(&model->records[space][want])));
}

/* Records of the base, without the sentinel: what the model knows is all there is. */
static void overlay_fill_base(struct fixture *f, struct model *model, struct testlib_rng *rng)
{
    static uint8_t keys[MODEL_SPACES][MODEL_KEYS][40];
    struct bl_change changes[MODEL_SPACES * MODEL_KEYS];
    size_t count = 0;
    memset(changes, 0, sizeof changes);
    for (unsigned space = 0; space < MODEL_SPACES; space++) {
        for (size_t i = 0; i < MODEL_KEYS; i++) {
            if (testlib_rng_below(rng, 2) == 0)
                continue;
            model_set_random(&model->records[space][i], rng);
            changes[count++] =
                (struct bl_change){.space = (baals_space)space,
                                   .has_new = true,
                                   .key = model_key(keys[space][i], space, i),
                                   .new_value = model_value(&model->records[space][i])};
        }
    }
    struct bl_write_set set = {changes, count};
    fixture_commit(f, &set);
}

#define OVERLAY_DEPTH 12u

static void overlay_random(const char *backend, uint64_t stream, size_t steps)
{
    struct fixture f;
    static struct model model;
    static struct model saved[OVERLAY_DEPTH];
    struct bl_overlay *overlay = NULL;
    struct testlib_rng rng = testlib_rng(stream);
    uint32_t depth = 0;
    memset(&model, 0, sizeof model);
    fixture_open(&f, backend);
    overlay_fill_base(&f, &model, &rng);
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
    /* The order of keys is made at the first seek, which is to meet entries in every state. */
    size_t first_seek = testlib_rng_below(&rng, steps / 2);
    for (size_t i = 0; i < steps; i++) {
        unsigned space = (unsigned)testlib_rng_below(&rng, MODEL_SPACES);
        size_t at = testlib_rng_below(&rng, MODEL_KEYS);
        uint8_t bytes[40];
        baals_slice key = model_key(bytes, space, at);
        baals_slice value;
        struct model_record *record = &model.records[space][at];
        switch (testlib_rng_below(&rng, 12)) {
        case 0:
        case 1:
            model_set_random(record, &rng);
            assert_ok(bl_overlay_put(overlay, (baals_space)space, key, model_value(record), NULL));
            break;
        case 2:
        case 3:
        case 4:
            if (space == BAALS_SPACE_MODULES)
                break;
            record->present = false;
            assert_ok(bl_overlay_delete(overlay, (baals_space)space, key, NULL));
            break;
        case 5:
            if (depth == OVERLAY_DEPTH)
                break;
            saved[depth] = model;
            assert_int_equal(bl_overlay_checkpoint(overlay), depth);
            depth++;
            break;
        case 6:
            if (depth == 0)
                break;
            depth--;
            if (testlib_rng_below(&rng, 2) == 0) {
                bl_overlay_release(overlay, depth);
            } else {
                bl_overlay_rollback(overlay, depth);
                model = saved[depth];
            }
            break;
        case 7:
            assert_int_equal(bl_overlay_get(overlay, &value, (baals_space)space, key, NULL),
                             record->present ? BAALS_OK : BAALS_NOTFOUND);
            if (record->present)
                assert_true(bl_slice_equal(value, model_value(record)));
            break;
        default:
            if (i >= first_seek)
                overlay_check_seek(overlay, &model, &rng, space);
        }
    }
    bl_view_end(view);
    fixture_close(&f);
}

/* Goal: get, put, delete, seek and nested checkpoints answer as a plain array does. */
static void test_model_memory(void **state)
{
    (void)state;
    for (uint64_t stream = 10; stream < 20; stream++)
        overlay_random("memory", stream, 4000);
}

/* Goal: the same over LMDB. */
static void test_model_lmdb(void **state)
{
    (void)state;
    overlay_random("lmdb", 20, 8000);
}

/* ---- write sets ---- */

/* Goal: a write set has exactly the changed records with their old values, in order. */
static void test_write_set(void **state)
{
    (void)state;
    struct fixture f;
    static struct model before;
    static struct model after;
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct testlib_rng rng = testlib_rng(30);
    memset(&before, 0, sizeof before);
    fixture_open(&f, "memory");
    overlay_fill_base(&f, &before, &rng);
    after = before;
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
    for (size_t i = 0; i < 300; i++) {
        unsigned space = (unsigned)testlib_rng_below(&rng, 4);
        size_t at = testlib_rng_below(&rng, MODEL_KEYS);
        uint8_t bytes[40];
        baals_slice key = model_key(bytes, space, at);
        struct model_record *record = &after.records[space][at];
        if (i % 3 == 0) {
            record->present = false;
            assert_ok(bl_overlay_delete(overlay, (baals_space)space, key, NULL));
        } else if (i % 3 == 1) {
            *record = before.records[space][at];
            if (record->present)
                assert_ok(
                    bl_overlay_put(overlay, (baals_space)space, key, model_value(record), NULL));
            else
                assert_ok(bl_overlay_delete(overlay, (baals_space)space, key, NULL));
        } else {
            model_set_random(record, &rng);
            assert_ok(bl_overlay_put(overlay, (baals_space)space, key, model_value(record), NULL));
        }
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    size_t at = 0;
    for (unsigned space = 0; space < MODEL_SPACES; space++) {
        for (size_t i = 0; i < MODEL_KEYS; i++) {
            const struct model_record *old = &before.records[space][i];
            const struct model_record *new = &after.records[space][i];
            uint8_t bytes[40];
            bool same = old->present == new->present &&
                        (!old->present || bl_slice_equal(model_value(old), model_value(new)));
            if (same)
                continue;
            assert_true(at < set.count);
            const struct bl_change *change = &set.changes[at++];
            assert_int_equal(change->space, space);
            assert_true(bl_slice_equal(change->key, model_key(bytes, space, i)));
            assert_int_equal(change->has_old, old->present);
            assert_int_equal(change->has_new, new->present);
            if (old->present)
                assert_true(bl_slice_equal(change->old_value, model_value(old)));
            if (new->present)
                assert_true(bl_slice_equal(change->new_value, model_value(new)));
        }
    }
    assert_int_equal(at, set.count);
    assert_true(at > 50);
    bl_view_end(view);
    fixture_close(&f);
}

/* ---- work ---- */

static baals_slice overlay_long_key(uint8_t out[36], uint32_t i)
{
    memset(out, 0x22, 32);
    bl_store_u32be(out + 32, i);
    return bl_slice(out, 36);
}

/* Pushes `count` flat records of the storage, without a tree: the work is what is measured. */
static void overlay_push_records(struct fixture *f, uint32_t count)
{
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), SIZE_MAX / 2);
    baals_write *writes = bl_arena_zero(&arena, count, sizeof *writes);
    assert_non_null(writes);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *key = bl_arena_alloc(&arena, 36);
        assert_non_null(key);
        writes[i].space = BAALS_SPACE_STORAGE;
        writes[i].key = overlay_long_key(key, i);
        writes[i].value = bl_slice_str("v");
    }
    fixture_push(f, writes, count, NULL);
    bl_arena_deinit(&arena);
}

/* Removes `count` keys, then scans as often over them, up and down, from everywhere; returns the
 * work of the scans. A rollback between them must not make it all begin again. */
static uint64_t overlay_scan_work(uint32_t count, bool rollback)
{
    struct fixture f;
    struct bl_overlay *overlay = NULL;
    fixture_open(&f, "memory");
    overlay_push_records(&f, count);
    struct bl_view *view = fixture_view(&f);
    assert_ok(bl_overlay_new(&overlay, &f.arena, view, NULL));
    uint32_t outer = bl_overlay_checkpoint(overlay);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[36];
        assert_ok(bl_overlay_delete(overlay, BAALS_SPACE_STORAGE,
                                    overlay_long_key(key, (i * 7919u) % count), NULL));
    }
    uint64_t before = bl_overlay_work(overlay);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[36];
        baals_slice found;
        baals_slice value;
        uint32_t checkpoint = bl_overlay_checkpoint(overlay);
        assert_status(bl_overlay_seek(overlay, &found, &value, BAALS_SPACE_STORAGE,
                                      overlay_long_key(key, (i * 31u) % count), i % 4, NULL),
                      BAALS_NOTFOUND);
        if (rollback) {
            assert_ok(bl_overlay_put(overlay, BAALS_SPACE_STORAGE, overlay_long_key(key, i),
                                     bl_slice_str("x"), NULL));
            bl_overlay_rollback(overlay, checkpoint);
        } else {
            bl_overlay_release(overlay, checkpoint);
        }
    }
    uint64_t work = bl_overlay_work(overlay) - before;
    bl_overlay_release(overlay, outer);
    bl_view_end(view);
    fixture_close(&f);
    return work;
}

/* Goal: n removals, then n scans over them, take n log n steps (100,000 of each, counted). */
static void test_removed_runs(void **state)
{
    (void)state;
    const uint32_t count = 100000;
    uint64_t work = overlay_scan_work(count, false);
    print_message("%u scans over %u removed keys: %llu steps\n", count, count,
                  (unsigned long long)work);
    assert_true(work < (uint64_t)count * 300);
    work = overlay_scan_work(20000, true);
    assert_true(work < (uint64_t)20000 * 400);
}

/* Goal: every allocation fails once: NOMEM, and what was there before is still there. */
static void test_allocation_failures(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    struct bl_view *view = fixture_view(&f);
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k};
        struct bl_arena arena;
        struct bl_overlay *overlay = NULL;
        struct bl_write_set set;
        baals_slice value;
        baals_status status;
        bl_arena_init(&arena, testlib_faulty_alloc(&faulty), SIZE_MAX / 2);
        status = bl_overlay_new(&overlay, &arena, view, NULL);
        if (status == BAALS_OK) {
            uint32_t checkpoint = bl_overlay_checkpoint(overlay);
            status = bl_overlay_put(overlay, BAALS_SPACE_META, bl_slice_str("name"),
                                    bl_slice_str("value"), NULL);
            if (status == BAALS_OK)
                assert_ok(
                    bl_overlay_get(overlay, &value, BAALS_SPACE_META, bl_slice_str("name"), NULL));
            bl_overlay_release(overlay, checkpoint);
            if (status == BAALS_OK)
                status = bl_overlay_write_set(overlay, &set, NULL);
        }
        bl_arena_deinit(&arena);
        assert_int_equal(faulty.live, 0);
        if (status == BAALS_OK) {
            assert_true(k > 1);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
    }
    bl_view_end(view);
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_memory),        cmocka_unit_test(test_model_lmdb),
        cmocka_unit_test(test_write_set),           cmocka_unit_test(test_removed_runs),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
