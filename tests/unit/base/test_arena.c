/* SPDX-License-Identifier: MIT */
/* The arena: limits, marks, reuse, failure. */
#include <string.h>

#include "testlib.h"

/* Goal: allocations are aligned, distinct and usable to their last byte; size 0 is a pointer. */
static void test_arena_alloc(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_arena arena;
    bl_arena_init(&arena, testlib_faulty_alloc(&counts), SIZE_MAX);
    uint8_t *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = bl_arena_alloc(&arena, i * 37);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, i * 37);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i * 37; k++)
            assert_int_equal(blocks[i][k], i);
    }
    bl_arena_deinit(&arena);
    assert_int_equal(arena.used, 0);
    assert_int_equal(counts.live, 0);
}

/* Goal: the limit holds to the byte (in steps of 16), and is the same after a reset. */
static void test_arena_limit(void **state)
{
    (void)state;
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), 64);
    for (int round = 0; round < 2; round++) {
        assert_non_null(bl_arena_alloc(&arena, 48));
        assert_int_equal(arena.used, 48);
        assert_null(bl_arena_alloc(&arena, 17));
        assert_non_null(bl_arena_alloc(&arena, 1));
        assert_int_equal(arena.used, 64);
        assert_null(bl_arena_alloc(&arena, 0));
        assert_int_equal(arena.used, 64);
        bl_arena_reset(&arena);
        assert_int_equal(arena.used, 0);
        assert_int_equal(arena.limit, 64);
    }
    assert_null(bl_arena_alloc(&arena, SIZE_MAX));
    assert_null(bl_arena_zero(&arena, SIZE_MAX, 2));
    assert_int_equal(arena.used, 0);
    bl_arena_deinit(&arena);
}

/* Goal: zeroed memory is zero also where the arena is reused; a copy is the arena's own. */
static void test_arena_zero_copy(void **state)
{
    (void)state;
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), 1 << 20);
    void *dirty = bl_arena_alloc(&arena, 512);
    assert_non_null(dirty);
    memset(dirty, 0xee, 512);
    bl_arena_reset(&arena);
    void *clean = bl_arena_zero(&arena, 64, 8);
    assert_non_null(clean);
    assert_true(bl_bytes_all_zero(clean, 512));

    char text[] = "bytes";
    baals_slice copy = {0};
    assert_true(bl_arena_copy(&copy, &arena, bl_slice_str(text)));
    text[0] = 'x';
    assert_true(bl_slice_equal(copy, bl_slice_str("bytes")));
    assert_true(bl_arena_copy(&copy, &arena, bl_slice(NULL, 0)));
    assert_int_equal(copy.len, 0);
    arena.limit = arena.used;
    baals_slice kept = copy;
    assert_false(bl_arena_copy(&copy, &arena, bl_slice_str("x")));
    assert_ptr_equal(copy.data, kept.data);
    bl_arena_deinit(&arena);
}

/* Goal: rolling back frees what came after the mark and nothing else, over any number of chunks. */
static void test_arena_rollback(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_arena arena;
    struct testlib_rng rng = testlib_rng(2);
    bl_arena_init(&arena, testlib_faulty_alloc(&counts), SIZE_MAX);
    struct bl_arena_mark empty = bl_arena_checkpoint(&arena);
    for (int round = 0; round < 50; round++) {
        uint8_t *before = bl_arena_alloc(&arena, 100);
        assert_non_null(before);
        memset(before, round, 100);
        struct bl_arena_mark mark = bl_arena_checkpoint(&arena);
        size_t used = arena.used;
        int64_t live = counts.live;
        size_t count = (size_t)testlib_rng_below(&rng, 40);
        for (size_t i = 0; i < count; i++) {
            size_t size = (size_t)testlib_rng_below(&rng, 3000);
            void *after = bl_arena_alloc(&arena, size);
            assert_non_null(after);
            memset(after, 0xff, size);
        }
        bl_arena_rollback(&arena, mark);
        assert_int_equal(arena.used, used);
        assert_int_equal(counts.live, live);
        for (size_t k = 0; k < 100; k++)
            assert_int_equal(before[k], round);
    }
    bl_arena_rollback(&arena, empty);
    assert_int_equal(arena.used, 0);
    assert_int_equal(counts.live, 0);
    bl_arena_deinit(&arena);
}

/* Goal: when memory ends the arena says so and stays whole. */
static void test_arena_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {.fail_at = 1, .repeat = 2};
    struct bl_arena arena;
    bl_arena_init(&arena, testlib_faulty_alloc(&counts), SIZE_MAX);
    assert_null(bl_arena_alloc(&arena, 10));
    assert_null(bl_arena_zero(&arena, 10, 10));
    baals_slice copy = {0};
    assert_false(bl_arena_copy(&copy, &arena, bl_slice_str("x")));
    assert_int_equal(arena.used, 0);
    assert_non_null(bl_arena_alloc(&arena, 10));
    assert_int_equal(arena.used, 16);
    bl_arena_deinit(&arena);
    assert_int_equal(counts.live, 0);
}

/* Goal: a reset arena gives back what a very large allocation took. */
static void test_arena_reset_large(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_arena arena;
    bl_arena_init(&arena, testlib_faulty_alloc(&counts), SIZE_MAX);
    assert_non_null(bl_arena_alloc(&arena, 100));
    assert_non_null(bl_arena_alloc(&arena, (size_t)8 << 20));
    bl_arena_reset(&arena);
    assert_int_equal(counts.live, 0);
    assert_non_null(bl_arena_alloc(&arena, 100));
    bl_arena_deinit(&arena);
    assert_int_equal(counts.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_alloc),     cmocka_unit_test(test_arena_limit),
        cmocka_unit_test(test_arena_zero_copy), cmocka_unit_test(test_arena_rollback),
        cmocka_unit_test(test_arena_nomem),     cmocka_unit_test(test_arena_reset_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
