/* SPDX-License-Identifier: MIT */
/* The entries of one space: found by their keys, and sorted by them. */
#include <stdlib.h>
#include <string.h>

#include "state/overlay_internal.h"
#include "testlib.h"

#define ENTRIES 3000u

struct entries_fixture {
    struct bl_arena arena;
    struct bl_entries entries;
    uint8_t keys[ENTRIES][40];
    size_t lens[ENTRIES];
    struct bl_entry *made[ENTRIES];
};

static void entries_open(struct entries_fixture *f)
{
    memset(f, 0, sizeof *f);
    bl_arena_init(&f->arena, bl_alloc_system(), SIZE_MAX / 2);
}

static baals_slice entries_key(const struct entries_fixture *f, size_t i)
{
    return bl_slice(f->keys[i], f->lens[i]);
}

/* Goal: with hashes that often collide, as with good ones, exactly what was added is found, as the
 * table grows. */
static void test_find(void **state)
{
    (void)state;
    static struct entries_fixture f;
    static const uint32_t masks[] = {UINT32_MAX, 0xff000000u, 0x000000ffu, 0};
    for (size_t m = 0; m < BL_COUNT_OF(masks); m++) {
        size_t count = masks[m] == UINT32_MAX ? ENTRIES : 500;
        struct testlib_rng rng = testlib_rng(m);
        entries_open(&f);
        for (size_t i = 0; i < count; i++) {
            uint32_t hash = (uint32_t)(i * 2654435761u) & masks[m];
            f.lens[i] = 4 + testlib_rng_below(&rng, 30);
            testlib_rng_bytes(&rng, f.keys[i] + 4, 36);
            bl_store_u32be(f.keys[i], (uint32_t)i);
            assert_null(bl_entries_find(&f.entries, hash, entries_key(&f, i)));
            f.made[i] = bl_entries_add(&f.entries, &f.arena, hash, entries_key(&f, i));
            assert_non_null(f.made[i]);
            assert_true(bl_slice_equal(f.made[i]->key, entries_key(&f, i)));
            assert_true(f.made[i]->key.data != f.keys[i]);
            size_t k = testlib_rng_below(&rng, i + 1);
            assert_ptr_equal(bl_entries_find(&f.entries, (uint32_t)(k * 2654435761u) & masks[m],
                                             entries_key(&f, k)),
                             f.made[k]);
        }
        assert_int_equal(f.entries.count, count);
        size_t listed = count;
        for (struct bl_entry *entry = f.entries.newest; entry != NULL; entry = entry->older)
            assert_ptr_equal(entry, f.made[--listed]);
        assert_int_equal(listed, 0);
        bl_arena_deinit(&f.arena);
    }
}

/* Keys of many sorts: random, one long common prefix, prefixes of one another, zeros. */
static void entries_make_key(struct entries_fixture *f, size_t i, unsigned sort)
{
    struct testlib_rng rng = testlib_rng(1000 + i);
    memset(f->keys[i], 0, 40);
    f->lens[i] = 32;
    if (sort == 0) {
        testlib_rng_bytes(&rng, f->keys[i], 32);
    } else if (sort == 1) {
        f->lens[i] = 40;
        bl_store_u32be(f->keys[i] + 36, (uint32_t)testlib_rng_u64(&rng));
    } else if (sort == 2) {
        f->lens[i] = 1 + i % 40;
        memset(f->keys[i], (int)(i / 40), 40);
    } else {
        f->keys[i][testlib_rng_below(&rng, 9)] = (uint8_t)testlib_rng_below(&rng, 4);
        f->lens[i] = 9;
        bl_store_u16be(f->keys[i] + 9, (uint16_t)i);
        f->lens[i] += 2;
    }
}

static int entries_by_key(const void *a, const void *b)
{
    const struct bl_entry_ref *left = a;
    const struct bl_entry_ref *right = b;
    return bl_slice_compare(left->entry->key, right->entry->key);
}

/* Goal: entries are sorted as comparing whole keys sorts them, at every kind of number. */
static void test_sort(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 5, 8, 95, 96, 97, 256, 1000, ENTRIES};
    static struct entries_fixture f;
    static struct bl_entry entries[ENTRIES];
    static struct bl_entry_ref refs[ENTRIES];
    static struct bl_entry_ref expected[ENTRIES];
    static struct bl_entry_ref scratch[ENTRIES];
    memset(&f, 0, sizeof f);
    for (unsigned sort = 0; sort < 4; sort++) {
        for (size_t c = 0; c < BL_COUNT_OF(counts); c++) {
            for (size_t i = 0; i < counts[c]; i++) {
                entries_make_key(&f, i, sort);
                entries[i].key = entries_key(&f, i);
                refs[i] = (struct bl_entry_ref){bl_entry_prefix(entries[i].key), &entries[i]};
            }
            memcpy(expected, refs, sizeof refs);
            qsort(expected, counts[c], sizeof *expected, entries_by_key);
            bl_entries_sort(refs, scratch, counts[c]);
            for (size_t i = 0; i < counts[c]; i++)
                assert_ptr_equal(refs[i].entry, expected[i].entry);
        }
    }
}

/* Goal: without memory nothing is added, and what was there is found as before. */
static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t k = 1; k < 40; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k};
        struct bl_entries entries = {0};
        struct bl_arena arena;
        bl_arena_init(&arena, testlib_faulty_alloc(&faulty), SIZE_MAX / 2);
        for (uint32_t i = 0; i < 200; i++) {
            uint8_t key[4];
            bl_store_u32be(key, i);
            size_t before = entries.count;
            struct bl_entry *entry = bl_entries_add(&entries, &arena, i << 24, bl_slice(key, 4));
            assert_int_equal(entries.count, entry == NULL ? before : before + 1);
            assert_ptr_equal(bl_entries_find(&entries, i << 24, bl_slice(key, 4)), entry);
        }
        assert_true(entries.count >= 199);
        bl_arena_deinit(&arena);
        assert_int_equal(faulty.live, 0);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
