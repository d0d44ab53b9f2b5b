/* SPDX-License-Identifier: MIT */
/* The allocator interface, its system implementation and the counting one of the tests. */
#include <string.h>

#include "testlib.h"

/* Goal: bl_alloc_zero zeroes, and refuses an overflowing or empty product. */
static void test_alloc_zero(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&counts);
    uint8_t *pointer = bl_alloc_zero(&alloc, 3, 5);
    assert_non_null(pointer);
    assert_true(bl_bytes_all_zero(pointer, 15));
    assert_int_equal(counts.live, 15);
    bl_alloc_free(&alloc, pointer, 15);
    assert_null(bl_alloc_zero(&alloc, SIZE_MAX, 2));
    assert_null(bl_alloc_zero(&alloc, 0, 2));
    assert_null(bl_alloc_zero(&alloc, 2, 0));
    assert_int_equal(counts.live, 0);
    assert_int_equal(counts.calls, 1);
}

/* Goal: resizing keeps the bytes; when it fails the old block is still there. */
static void test_alloc_resize(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&counts);
    char *pointer = bl_alloc_resize(&alloc, NULL, 0, 4);
    assert_non_null(pointer);
    memcpy(pointer, "abc", 4);
    pointer = bl_alloc_resize(&alloc, pointer, 4, 4000);
    assert_non_null(pointer);
    assert_string_equal(pointer, "abc");
    counts.fail_at = counts.calls + 1;
    assert_null(bl_alloc_resize(&alloc, pointer, 4000, 8000));
    assert_string_equal(pointer, "abc");
    pointer = bl_alloc_resize(&alloc, pointer, 4000, 4);
    assert_non_null(pointer);
    assert_string_equal(pointer, "abc");
    bl_alloc_free(&alloc, pointer, 4);
    assert_int_equal(counts.live, 0);
}

/* Goal: pages are there to be written and are given back, with the system's allocator and with
 * another one, which is asked for them. */
static void test_alloc_pages(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_alloc allocs[] = {bl_alloc_system(), testlib_faulty_alloc(&counts)};
    for (size_t i = 0; i < BL_COUNT_OF(allocs); i++) {
        uint8_t *pointer = bl_alloc_pages(&allocs[i], 300001);
        assert_non_null(pointer);
        memset(pointer, 7, 300001);
        assert_int_equal(counts.live, i == 0 ? 0 : 300001);
        bl_alloc_pages_free(&allocs[i], pointer, 300001);
        bl_alloc_pages_free(&allocs[i], NULL, 300001);
    }
    assert_int_equal(counts.live, 0);
    counts.fail_at = counts.calls + 1;
    assert_null(bl_alloc_pages(&allocs[1], 300001));
}

/* Goal: freeing NULL does nothing; a copied text is its own. */
static void test_alloc_strdup(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&counts);
    bl_alloc_free(&alloc, NULL, 10);
    assert_int_equal(counts.live, 0);
    char text[] = "text";
    char *copy = bl_alloc_strdup(&alloc, text);
    assert_non_null(copy);
    text[0] = 'n';
    assert_string_equal(copy, "text");
    bl_alloc_free(&alloc, copy, 5);
    counts.fail_at = counts.calls + 1;
    assert_null(bl_alloc_strdup(&alloc, text));
    assert_int_equal(counts.live, 0);
}

/* Goal: the system's allocator aligns for any type. */
static void test_alloc_aligned(void **state)
{
    (void)state;
    struct bl_alloc alloc = bl_alloc_system();
    for (size_t size = 1; size < 200; size += 7) {
        void *pointer = bl_alloc_zero(&alloc, 1, size);
        assert_non_null(pointer);
        assert_int_equal((uintptr_t)pointer % 16, 0);
        bl_alloc_free(&alloc, pointer, size);
    }
}

/* Goal: the counting allocator fails exactly the k-th request and `repeat` more. */
static void test_alloc_faulty(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {.fail_at = 3, .repeat = 1};
    struct bl_alloc alloc = testlib_faulty_alloc(&counts);
    for (uint64_t call = 1; call <= 6; call++) {
        void *pointer = bl_alloc_zero(&alloc, 1, 8);
        assert_true((pointer == NULL) == (call == 3 || call == 4));
        bl_alloc_free(&alloc, pointer, 8);
    }
    assert_int_equal(counts.calls, 6);
    assert_int_equal(counts.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_zero),    cmocka_unit_test(test_alloc_resize),
        cmocka_unit_test(test_alloc_pages),   cmocka_unit_test(test_alloc_strdup),
        cmocka_unit_test(test_alloc_aligned), cmocka_unit_test(test_alloc_faulty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
