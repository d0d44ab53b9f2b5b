/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* Goal: the root after changes, read over the view, is the root of the changed map. */
static void test_root(void **state)
{
    (void)state;
    struct fixture f;
    static struct model model;
    struct testlib_rng rng = testlib_rng(90);
    memset(&model, 0, sizeof model);
    fixture_open(&f, "memory");
    fixture_genesis(&f);
    for (size_t i = 0; i < 40; i++) {
        static struct model changed;
        static struct bl_change changes[MODEL_KEYS];
        static uint8_t keys[MODEL_KEYS][40];
        size_t count = 0;
        baals_hash got;
        baals_hash want;
        changed = model;
        for (size_t k = 0; k < MODEL_KEYS; k++) {
            const struct model_record *old = &model.records[BAALS_SPACE_META][k];
            struct model_record *new = &changed.records[BAALS_SPACE_META][k];
            if (testlib_rng_below(&rng, 4) != 0)
                continue;
            if (old->present && testlib_rng_below(&rng, 2) == 0)
                new->present = false;
            else
                model_set_random(new, &rng);
            if (old->present == new->present &&
                (!old->present || bl_slice_equal(model_value(old), model_value(new))))
                continue;
            changes[count++] = (struct bl_change){.space = BAALS_SPACE_META,
                                                  .has_old = old->present,
                                                  .has_new = new->present,
                                                  .key = model_key(keys[k], BAALS_SPACE_META, k),
                                                  .old_value = model_value(old),
                                                  .new_value = model_value(new)};
        }
        struct bl_view *view = fixture_view(&f);
        assert_ok(bl_meta_check(view, NULL));
        assert_ok(bl_meta_root(&got, view, changes, count, NULL));
        model_store_root(&want, &changed, BAALS_SPACE_META);
        assert_memory_equal(got.bytes, want.bytes, 32);
        for (size_t k = 0; k < count; k++) {
            struct bl_change wrong = changes[k];
            wrong.has_old = !wrong.has_old;
            assert_status(bl_meta_root(&got, view, &wrong, 1, NULL), BAALS_CORRUPT_STATE);
        }
        bl_view_end(view);
        fixture_random_block(&f, &model, &rng, 20);
    }
    fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_root)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
