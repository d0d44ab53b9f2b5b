/* SPDX-License-Identifier: MIT */
/* The growing buffer: contents, limit, sticky failure. */
#include <string.h>

#include "testlib.h"

/* Goal: many small appends give the same bytes as one memory block would. */
static void test_buffer_append(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_buffer buffer;
    uint8_t model[20000];
    size_t model_len = 0;
    struct testlib_rng rng = testlib_rng(3);
    bl_buffer_init(&buffer, testlib_faulty_alloc(&counts), sizeof model);
    while (model_len < sizeof model - 100) {
        size_t len = (size_t)testlib_rng_below(&rng, 100);
        testlib_rng_bytes(&rng, model + model_len, len);
        bl_buffer_append(&buffer, model + model_len, len);
        model_len += len;
        model[model_len] = (uint8_t)len;
        bl_buffer_append_u8(&buffer, model[model_len++]);
    }
    assert_ok(bl_buffer_status(&buffer, NULL));
    assert_true(bl_slice_equal(bl_buffer_slice(&buffer), bl_slice(model, model_len)));
    assert_true(buffer.cap <= sizeof model);
    bl_buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    bl_buffer_append_u8(&buffer, 1);
    bl_buffer_deinit(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(counts.live, 0);
}

/* Goal: the limit is exact; after it everything fails and the bytes stay, until a clear. */
static void test_buffer_limit(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    baals_error err;
    bl_buffer_init(&buffer, bl_alloc_system(), 5);
    bl_buffer_append(&buffer, "abc", 3);
    bl_buffer_append(&buffer, "def", 3);
    bl_buffer_append(&buffer, "g", 1);
    bl_buffer_append_u8(&buffer, 1);
    assert_null(bl_buffer_extend(&buffer, 0));
    assert_status(bl_buffer_status(&buffer, &err), BAALS_LIMIT);
    assert_string_equal(err.message, "more than 5 bytes");
    assert_true(bl_slice_equal(bl_buffer_slice(&buffer), bl_slice_str("abc")));
    bl_buffer_clear(&buffer);
    bl_buffer_append(&buffer, "abcde", 5);
    assert_ok(bl_buffer_status(&buffer, &err));
    assert_null(bl_buffer_extend(&buffer, SIZE_MAX));
    assert_status(bl_buffer_status(&buffer, &err), BAALS_LIMIT);
    bl_buffer_deinit(&buffer);
}

/* Goal: want of memory is NOMEM, not LIMIT, and loses nothing. */
static void test_buffer_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {.fail_at = 2};
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, testlib_faulty_alloc(&counts), 1000);
    /* An earlier failure at the limit leaves no trace after a clear. */
    assert_null(bl_buffer_extend(&buffer, 1001));
    bl_buffer_clear(&buffer);
    bl_buffer_append(&buffer, "abc", 3);
    assert_null(bl_buffer_extend(&buffer, 500));
    bl_buffer_append(&buffer, "d", 1);
    assert_status(bl_buffer_status(&buffer, NULL), BAALS_NOMEM);
    assert_true(bl_slice_equal(bl_buffer_slice(&buffer), bl_slice_str("abc")));
    bl_buffer_deinit(&buffer);
    assert_int_equal(counts.live, 0);
}

/* Goal: extending by 0 gives a valid place, an empty buffer an empty slice. */
static void test_buffer_empty(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 0);
    assert_int_equal(bl_buffer_slice(&buffer).len, 0);
    assert_non_null(bl_buffer_extend(&buffer, 0));
    bl_buffer_append(&buffer, NULL, 0);
    assert_ok(bl_buffer_status(&buffer, NULL));
    bl_buffer_append_u8(&buffer, 1);
    assert_status(bl_buffer_status(&buffer, NULL), BAALS_LIMIT);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_append),
        cmocka_unit_test(test_buffer_limit),
        cmocka_unit_test(test_buffer_nomem),
        cmocka_unit_test(test_buffer_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
