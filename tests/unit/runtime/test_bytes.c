/* SPDX-License-Identifier: MIT */
/*
 * Owned results: a copy that outlives what it was copied from, freed once, with the allocator it
 * came from.
 */
#include <string.h>

#include "runtime/runtime_internal.h"
#include "testlib.h"

/* The bytes are a copy, and freeing leaves nothing behind and zeroes the struct. */
static void test_copy(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&memory);
    uint8_t original[5] = {1, 2, 3, 4, 5};
    baals_bytes bytes = {NULL, 0, NULL};
    assert_ok(bl_bytes_new(&bytes, &alloc, bl_slice(original, sizeof original), NULL));
    memset(original, 0, sizeof original);
    assert_int_equal(bytes.len, 5);
    assert_int_equal(bytes.data[4], 5);
    assert_true(memory.live > 0);
    baals_bytes_free(&bytes);
    assert_int_equal(memory.live, 0);
    assert_null(bytes.data);
    baals_bytes_free(&bytes);
}

/* No bytes at all are still an owned result. */
static void test_empty(void **state)
{
    (void)state;
    struct bl_alloc alloc = bl_alloc_system();
    baals_bytes bytes = {NULL, 0, NULL};
    assert_ok(bl_bytes_new(&bytes, &alloc, bl_slice(NULL, 0), NULL));
    assert_int_equal(bytes.len, 0);
    assert_non_null(bytes.data);
    baals_bytes_free(&bytes);
}

/* NULL and zeroed structs are ignored by every function that frees. */
static void test_nothing(void **state)
{
    (void)state;
    baals_proof proof;
    baals_outcome outcome;
    memset(&proof, 0, sizeof proof);
    memset(&outcome, 0, sizeof outcome);
    baals_bytes_free(NULL);
    baals_proof_free(NULL);
    baals_proof_free(&proof);
    baals_outcome_free(NULL);
    baals_outcome_free(&outcome);
}

/* Without memory nothing is written. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {.fail_at = 1};
    struct bl_alloc alloc = testlib_faulty_alloc(&memory);
    baals_bytes bytes = {NULL, 0, NULL};
    baals_error err = {0};
    assert_status(bl_bytes_new(&bytes, &alloc, bl_slice_str("abc"), &err), BAALS_NOMEM);
    assert_null(bytes.owner);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
