/* SPDX-License-Identifier: MIT */
#include "state/overlay_internal.h"
#include "state_fixture.h"

#define ORDERED_KEYS 700u

struct ordered_fixture {
    struct bl_ordered index;
    struct bl_entry entries[ORDERED_KEYS];
    uint8_t keys[ORDERED_KEYS][12];
    bool present[ORDERED_KEYS];
};

/* Ascending with i; lengths differ, the first eight bytes are often equal. */
static baals_slice ordered_key(uint8_t out[12], size_t i)
{
    memset(out, 0, 12);
    bl_store_u32be(out, (uint32_t)(i / 9));
    out[7] = 1;
    for (size_t k = 0; k < i % 9 && k < 4; k++)
        out[8 + k] = 0;
    if (i % 9 >= 4)
        out[8] = (uint8_t)(i % 9);
    return bl_slice(out, i % 9 < 4 ? 8 + i % 9 : 9);
}

/* Checks shape and counts; returns the height. */
static unsigned ordered_check(const struct bl_entry *entry, uint32_t *stops_out)
{
    uint32_t stops[2] = {0, 0};
    if (entry == NULL) {
        *stops_out = 0;
        return 0;
    }
    unsigned left = ordered_check(entry->child[0], &stops[0]);
    unsigned right = ordered_check(entry->child[1], &stops[1]);
    unsigned high = left > right ? left : right;
    assert_true(high - (left < right ? left : right) <= 1);
    assert_int_equal(entry->height, high + 1);
    bool stop = entry->has_value || entry->open_before || entry->open_after;
    *stops_out = stops[0] + stops[1] + (stop ? 1u : 0u);
    assert_int_equal(entry->stops, *stops_out);
    return high + 1;
}

static bool ordered_stops_at(const struct ordered_fixture *f, size_t i)
{
    const struct bl_entry *e = &f->entries[i];
    return f->present[i] && (e->has_value || e->open_before || e->open_after);
}

static void ordered_check_searches(struct ordered_fixture *f, size_t i)
{
    uint8_t bytes[12];
    baals_slice key = ordered_key(bytes, i);
    struct bl_entry *before = &f->index.head;
    struct bl_entry *after = NULL;
    for (size_t k = 0; k < i; k++)
        before = f->present[k] ? &f->entries[k] : before;
    for (size_t k = ORDERED_KEYS; k-- > i + 1;)
        after = f->present[k] ? &f->entries[k] : after;
    struct bl_entry *here = f->present[i] ? &f->entries[i] : NULL;
    assert_ptr_equal(bl_ordered_before(&f->index, key, false), before);
    assert_ptr_equal(bl_ordered_after(&f->index, key, false), after);
    assert_ptr_equal(bl_ordered_before(&f->index, key, true), here == NULL ? before : here);
    assert_ptr_equal(bl_ordered_after(&f->index, key, true), here == NULL ? after : here);
    if (here == NULL)
        return;
    struct bl_entry *up = NULL;
    for (size_t k = ORDERED_KEYS; k-- > i;)
        up = ordered_stops_at(f, k) ? &f->entries[k] : up;
    struct bl_entry *down = f->index.head.open_after ? &f->index.head : NULL;
    for (size_t k = 0; k <= i; k++)
        down = ordered_stops_at(f, k) ? &f->entries[k] : down;
    assert_ptr_equal(bl_ordered_stop_up(&f->index, here), up);
    assert_ptr_equal(bl_ordered_stop_down(&f->index, here), down);
}

/* Goal: after random inserts, deaths, revivals and closed gaps the tree is balanced, its counts
 * hold and every search finds what a scan finds. */
static void test_random(void **state)
{
    (void)state;
    static struct ordered_fixture f;
    struct testlib_rng rng = testlib_rng(100);
    memset(&f, 0, sizeof f);
    bl_ordered_init(&f.index);
    for (size_t step = 0; step < 4000; step++) {
        size_t i = testlib_rng_below(&rng, ORDERED_KEYS);
        struct bl_entry *entry = &f.entries[i];
        if (!f.present[i]) {
            entry->key = ordered_key(f.keys[i], i);
            entry->has_value = testlib_rng_below(&rng, 3) == 0;
            bl_ordered_insert(&f.index, entry);
            f.present[i] = true;
        } else if (testlib_rng_below(&rng, 2) == 0) {
            entry->has_value = !entry->has_value;
            bl_ordered_refresh(&f.index, entry);
        } else {
            bl_ordered_close_gap(&f.index, entry);
        }
        if (step % 200 == 0) {
            uint32_t stops;
            ordered_check(f.index.root, &stops);
            for (size_t k = 0; k < ORDERED_KEYS; k += 7)
                ordered_check_searches(&f, k);
        }
    }
}

/* Goal: keys in order of insertion, the worst case of a plain tree, still give a flat one. */
static void test_ascending(void **state)
{
    (void)state;
    static struct ordered_fixture f;
    uint32_t stops;
    memset(&f, 0, sizeof f);
    bl_ordered_init(&f.index);
    for (size_t i = 0; i < ORDERED_KEYS; i++) {
        f.entries[i].key = ordered_key(f.keys[i], i);
        bl_ordered_insert(&f.index, &f.entries[i]);
    }
    assert_true(ordered_check(f.index.root, &stops) <= 14);
    assert_ptr_equal(bl_ordered_last(&f.index), &f.entries[ORDERED_KEYS - 1]);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_ascending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
