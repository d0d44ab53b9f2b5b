/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* All node and root records of the view, folded into one hash. */
static void collect_fingerprint(baals_hash *out, size_t *count_out, struct fixture *f)
{
    struct bl_sha256 hash;
    struct bl_view *view = fixture_view(f);
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint32_t flags = 0;
    *count_out = 0;
    bl_sha256_init(&hash);
    while (bl_view_seek(view, &key, &value, BAALS_SPACE_NODES, key, flags, NULL) == BAALS_OK) {
        uint8_t lengths[8];
        bl_store_u32be(lengths, (uint32_t)key.len);
        bl_store_u32be(lengths + 4, (uint32_t)value.len);
        bl_sha256_update(&hash, bl_slice(lengths, sizeof lengths));
        bl_sha256_update(&hash, key);
        bl_sha256_update(&hash, value);
        (*count_out)++;
        flags = BAALS_SEEK_EXCLUSIVE;
    }
    bl_sha256_final(out, &hash);
    bl_view_end(view);
}

static void collect_put_all(struct fixture *f, const struct model *model)
{
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_view *view = fixture_view(f);
    assert_ok(bl_overlay_new(&overlay, &f->arena, view, NULL));
    for (unsigned space = 0; space < BL_STATE_STORES; space++) {
        for (size_t i = 0; i < MODEL_KEYS; i++) {
            uint8_t bytes[40];
            const struct model_record *record = &model->records[space][i];
            if (record->present)
                assert_ok(bl_overlay_put(overlay, (baals_space)space, model_key(bytes, space, i),
                                         model_value(record), NULL));
        }
    }
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    fixture_commit(f, &set);
    bl_view_end(view);
}

/* Goal: the records in the store are those of the state alone: the same after many blocks with
 * checkpoints between them, nodes given up and read again, as after one block that makes it all. */
static void test_same_records(void **state)
{
    (void)state;
    static const uint64_t bytes_max[] = {1, 4096, 1u << 30};
    struct fixture f;
    static struct model model;
    baals_hash many;
    baals_hash once;
    size_t many_count = 0;
    size_t once_count = 0;
    for (size_t i = 0; i < BL_COUNT_OF(bytes_max); i++) {
        struct testlib_rng rng = testlib_rng(140);
        memset(&model, 0, sizeof model);
        fixture_open(&f, "memory");
        f.forest->bytes_max = bytes_max[i];
        fixture_genesis(&f);
        for (unsigned k = 0; k < 80; k++)
            fixture_random_block(&f, &model, &rng, testlib_rng_below(&rng, 40));
        assert_ok(bl_store_checkpoint(f.store, NULL));
        collect_fingerprint(&many, &many_count, &f);
        fixture_close(&f);

        fixture_open(&f, "memory");
        fixture_genesis(&f);
        collect_put_all(&f, &model);
        assert_ok(bl_store_checkpoint(f.store, NULL));
        collect_fingerprint(&once, &once_count, &f);
        fixture_close(&f);
        assert_int_equal(many_count, once_count);
        assert_true(many_count > 20);
        assert_memory_equal(many.bytes, once.bytes, 32);
    }
}

/* Goal: a store that is opened again goes on from what checkpoints wrote. */
static void test_reopened(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct bl_state_roots want;
    struct testlib_rng rng = testlib_rng(141);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "lmdb");
    fixture_genesis(&f);
    for (unsigned i = 0; i < 30; i++) {
        struct bl_state_roots roots = fixture_random_block(&f, &model, &rng, 25);
        model_roots(&want, &model);
        assert_same_roots(&roots, &want);
        if (i % 4 == 3)
            fixture_reopen(&f);
    }
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_records),
        cmocka_unit_test(test_reopened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
