/* SPDX-License-Identifier: MIT */
/*
 * The CBOR reader: each verdict at its offset, outputs and reader untouched on failure, and the
 * property encode(decode(x)) = x over random items and their mutations.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"
#include "types/types.h"

enum { CBOR_READ_ROUNDS = 3000 };

struct cbor_input {
    uint8_t bytes[128];
    struct bl_cbor_reader reader;
};

static void cbor_input_set(struct cbor_input *input, const char *hex)
{
    size_t len = testlib_hex(input->bytes, sizeof input->bytes, hex);
    input->reader = bl_cbor_reader(bl_slice(input->bytes, len));
}

/* The verdict on a whole item and its offset; the reader must not have moved. */
static void cbor_assert_refused(const char *hex, baals_status status, uint32_t offset)
{
    struct cbor_input input;
    baals_error err = {.offset = BAALS_NO_OFFSET};
    cbor_input_set(&input, hex);
    baals_status found = bl_cbor_skip(&input.reader, BL_CBOR_DEPTH_MAX, &err);
    if (found != status || err.offset != offset)
        fail_msg("%s: %s at %u", hex, baals_status_name(found), err.offset);
    assert_int_equal(input.reader.offset, 0);
}

/* Goal: every fault of an item has its own status, at the item's first byte. */
static void test_cbor_read_refusals(void **state)
{
    (void)state;
    cbor_assert_refused("", BAALS_REJECT_TRUNCATED, 0);
    cbor_assert_refused("8201", BAALS_REJECT_TRUNCATED, 0);
    cbor_assert_refused("820118", BAALS_REJECT_TRUNCATED, 2);
    cbor_assert_refused("81430102", BAALS_REJECT_TRUNCATED, 1);
    cbor_assert_refused("bb800000000000000000", BAALS_REJECT_TRUNCATED, 0);
    cbor_assert_refused("811800", BAALS_REJECT_NOT_SHORTEST, 1);
    cbor_assert_refused("1900ff", BAALS_REJECT_NOT_SHORTEST, 0);
    cbor_assert_refused("1a0000ffff", BAALS_REJECT_NOT_SHORTEST, 0);
    cbor_assert_refused("1b00000000ffffffff", BAALS_REJECT_NOT_SHORTEST, 0);
    cbor_assert_refused("81f7", BAALS_REJECT_ITEM, 1);
    cbor_assert_refused("c0", BAALS_REJECT_ITEM, 0);
    cbor_assert_refused("1c", BAALS_REJECT_ITEM, 0);
    cbor_assert_refused("9f00ff", BAALS_REJECT_ITEM, 0);
    cbor_assert_refused("3b8000000000000000", BAALS_REJECT_RANGE, 0);
    cbor_assert_refused("8161ff", BAALS_REJECT_UTF8, 1);
    cbor_assert_refused("a10001", BAALS_REJECT_MAP_KEY, 1);
    cbor_assert_refused("a2616201616102", BAALS_REJECT_MAP_ORDER, 4);
    cbor_assert_refused("a2616101616102", BAALS_REJECT_MAP_DUPLICATE, 4);
    /* A value's own map does not disturb the order of the keys around it. */
    cbor_assert_refused("a36161a1617a006162006162f6", BAALS_REJECT_MAP_DUPLICATE, 10);
}

/* Goal: 16 levels pass, the 17th is refused where it opens; the bound is the caller's. */
static void test_cbor_read_depth(void **state)
{
    (void)state;
    struct cbor_input input;
    baals_error err;
    cbor_input_set(&input, "81818181818181818181818181818180");
    assert_ok(bl_cbor_skip(&input.reader, BL_CBOR_DEPTH_MAX, &err));
    cbor_assert_refused("8181818181818181818181818181818180", BAALS_REJECT_DEPTH, 16);
    cbor_input_set(&input, "8181a0");
    assert_status(bl_cbor_skip(&input.reader, 2, &err), BAALS_REJECT_DEPTH);
    assert_int_equal(err.offset, 2);
    assert_ok(bl_cbor_skip(&input.reader, 3, &err));
    cbor_input_set(&input, "00");
    assert_ok(bl_cbor_skip(&input.reader, 0, &err));
}

/* Goal: typed readers give values at both ends of their ranges. */
static void test_cbor_read_values(void **state)
{
    (void)state;
    struct cbor_input input;
    uint64_t number = 0;
    int64_t integer = 0;
    baals_slice slice;
    bool truth = false;
    cbor_input_set(&input, "1bffffffffffffffff3b7fffffffffffffff1b7fffffffffffffff41006161f5f4f6");
    struct bl_cbor_reader *reader = &input.reader;
    assert_ok(bl_cbor_read_uint(reader, &number, NULL));
    assert_true(number == UINT64_MAX);
    assert_ok(bl_cbor_read_int(reader, &integer, NULL));
    assert_true(integer == INT64_MIN);
    assert_ok(bl_cbor_read_int(reader, &integer, NULL));
    assert_true(integer == INT64_MAX);
    assert_ok(bl_cbor_read_bytes(reader, &slice, NULL));
    assert_true(bl_slice_equal(slice, bl_slice("", 1)));
    assert_ok(bl_cbor_read_text(reader, &slice, NULL));
    assert_true(bl_slice_equal(slice, bl_slice_str("a")));
    assert_ok(bl_cbor_read_bool(reader, &truth, NULL));
    assert_true(truth);
    assert_ok(bl_cbor_read_bool(reader, &truth, NULL));
    assert_false(truth);
    assert_true(bl_cbor_peek_null(reader));
    assert_ok(bl_cbor_read_null(reader, NULL));
    assert_false(bl_cbor_peek_null(reader));
    assert_ok(bl_cbor_read_end(reader, NULL));
}

/* Goal: a reader that meets another type, length or count refuses it and moves nothing. */
static void test_cbor_read_typed_refusals(void **state)
{
    (void)state;
    struct cbor_input input;
    struct bl_cbor_reader *reader = &input.reader;
    uint64_t number = 7;
    int64_t integer = 7;
    uint8_t bytes[2] = {7, 7};
    bool truth = true;
    baals_slice slice = bl_slice(bytes, 1);

    cbor_input_set(&input, "420102");
    assert_status(bl_cbor_read_uint(reader, &number, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_int(reader, &integer, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_text(reader, &slice, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_array(reader, &number, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_map(reader, &number, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_bool(reader, &truth, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_null(reader, NULL), BAALS_REJECT_TYPE);
    assert_status(bl_cbor_read_bytes_exact(reader, bytes, 1, NULL), BAALS_REJECT_LENGTH);
    assert_int_equal(reader->offset, 0);
    assert_int_equal(number, 7);
    assert_int_equal(integer, 7);
    assert_int_equal(bytes[0], 7);
    assert_true(truth);
    assert_ok(bl_cbor_read_bytes_exact(reader, bytes, 2, NULL));
    assert_int_equal(bytes[1], 2);

    cbor_input_set(&input, "820102");
    assert_status(bl_cbor_read_array_exact(reader, 3, NULL), BAALS_REJECT_COUNT);
    assert_int_equal(reader->offset, 0);
    assert_ok(bl_cbor_read_array_exact(reader, 2, NULL));
    baals_error err;
    assert_status(bl_cbor_read_end(reader, &err), BAALS_REJECT_TRAILING);
    assert_int_equal(err.offset, 1);

    cbor_input_set(&input, "f6");
    assert_status(bl_cbor_read_bool(reader, &truth, NULL), BAALS_REJECT_TYPE);
    cbor_input_set(&input, "f4");
    assert_status(bl_cbor_read_null(reader, NULL), BAALS_REJECT_TYPE);
    cbor_input_set(&input, "1b8000000000000000");
    assert_status(bl_cbor_read_int(reader, &integer, NULL), BAALS_REJECT_RANGE);
    cbor_input_set(&input, "a1616100");
    assert_ok(bl_cbor_read_map(reader, &number, NULL));
    assert_int_equal(number, 1);
}

/* Goal: a versioned array judges version before count. */
static void test_cbor_read_versioned(void **state)
{
    (void)state;
    struct cbor_input input;
    baals_error err;
    cbor_input_set(&input, "820100");
    assert_status(bl_cbor_read_versioned(&input.reader, 1, 3, &err), BAALS_REJECT_COUNT);
    assert_int_equal(err.offset, 0);
    assert_status(bl_cbor_read_versioned(&input.reader, 2, 3, &err), BAALS_REJECT_VERSION);
    assert_int_equal(err.offset, 1);
    assert_int_equal(input.reader.offset, 0);
    assert_ok(bl_cbor_read_versioned(&input.reader, 1, 2, &err));
    assert_int_equal(input.reader.offset, 2);
    cbor_input_set(&input, "80");
    assert_status(bl_cbor_read_versioned(&input.reader, 1, 2, &err), BAALS_REJECT_COUNT);
    cbor_input_set(&input, "82f600");
    assert_status(bl_cbor_read_versioned(&input.reader, 1, 2, &err), BAALS_REJECT_TYPE);
}

/* Goal: metadata is null or a map within its limits, which give the caller's status. */
static void test_cbor_read_metadata(void **state)
{
    (void)state;
    struct cbor_input input;
    int32_t present = 9;
    baals_slice out = bl_slice(NULL, 0);
    baals_error err;
    cbor_input_set(&input, "f6");
    assert_ok(bl_cbor_read_metadata(&input.reader, &present, &out, BAALS_REJECT_SEAL, &err));
    assert_int_equal(present, 0);
    assert_int_equal(input.reader.offset, 1);
    cbor_input_set(&input, "a1616100");
    assert_ok(bl_cbor_read_metadata(&input.reader, &present, &out, BAALS_REJECT_SEAL, &err));
    assert_int_equal(present, 1);
    assert_int_equal(out.len, 4);
    cbor_input_set(&input, "a161618181818181818180");
    assert_status(bl_cbor_read_metadata(&input.reader, &present, &out, BAALS_REJECT_SEAL, &err),
                  BAALS_REJECT_SEAL);
    assert_int_equal(err.offset, 10);
    assert_int_equal(input.reader.offset, 0);
    cbor_input_set(&input, "a16161f7");
    assert_status(bl_cbor_read_metadata(&input.reader, &present, &out, BAALS_REJECT_SEAL, &err),
                  BAALS_REJECT_ITEM);
    cbor_input_set(&input, "80");
    assert_status(bl_cbor_read_metadata(&input.reader, &present, &out, BAALS_REJECT_SEAL, &err),
                  BAALS_REJECT_TYPE);
}

/* Goal: UTF-8 at every border of its sequences. */
static void test_cbor_read_utf8(void **state)
{
    (void)state;
    static const char *const valid[] = {"",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const invalid[] = {"\x80",
                                          "\xbf",
                                          "\xc0\x80",
                                          "\xc1\xbf",
                                          "\xc2",
                                          "\xc2\x7f",
                                          "\xc2\xc0",
                                          "\xe0\x9f\xbf",
                                          "\xe0\xa0",
                                          "\xe1\x80\x7f",
                                          "\xed\xa0\x80",
                                          "\xed\xbf\xbf",
                                          "\xf0\x8f\xbf\xbf",
                                          "\xf1\x80\x80",
                                          "\xf4\x90\x80\x80",
                                          "\xf5\x80\x80\x80",
                                          "\xff",
                                          "a\xfe"};
    for (size_t i = 0; i < BL_COUNT_OF(valid); i++)
        assert_true(bl_utf8_valid(bl_slice_str(valid[i])));
    for (size_t i = 0; i < BL_COUNT_OF(invalid); i++)
        assert_false(bl_utf8_valid(bl_slice_str(invalid[i])));
    assert_true(bl_name_valid(bl_slice_str("a b")));
    assert_false(bl_name_valid(bl_slice_str("")));
    assert_false(bl_name_valid(bl_slice_str("a\tb")));
    assert_false(bl_name_valid(bl_slice_str("\x7f")));
    assert_false(bl_name_valid(bl_slice_str("\xff")));
    char longest[BL_NAME_BYTES_MAX + 2] = {0};
    memset(longest, 'x', BL_NAME_BYTES_MAX);
    assert_true(bl_name_valid(bl_slice_str(longest)));
    longest[BL_NAME_BYTES_MAX] = 'x';
    assert_false(bl_name_valid(bl_slice_str(longest)));
}

/* A random item of the subset; map keys are "a", "b", ... so that their order is right. */
static void cbor_write_random(struct bl_buffer *buffer, struct testlib_rng *rng, unsigned depth)
{
    uint8_t bytes[40];
    uint64_t count = testlib_rng_below(rng, 4);
    uint64_t number = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    switch (testlib_rng_below(rng, depth == 0 ? 5 : 7)) {
    case 0:
        bl_cbor_write_uint(buffer, number);
        break;
    case 1:
        bl_cbor_write_int(buffer, -1 - (int64_t)(number / 2));
        break;
    case 2:
        testlib_rng_bytes(rng, bytes, sizeof bytes);
        bl_cbor_write_bytes(buffer, bl_slice(bytes, testlib_rng_below(rng, sizeof bytes)));
        break;
    case 3:
        bl_cbor_write_text(buffer, bl_slice_str(number % 2 != 0 ? "\xe6\xb0\xb4" : "text"));
        break;
    case 4:
        if (number % 2 != 0)
            bl_cbor_write_bool(buffer, number % 3 == 0);
        else
            bl_cbor_write_null(buffer);
        break;
    case 5:
        bl_cbor_write_array(buffer, count);
        for (uint64_t i = 0; i < count; i++)
            cbor_write_random(buffer, rng, depth - 1);
        break;
    default:
        bl_cbor_write_map(buffer, count);
        for (uint64_t i = 0; i < count; i++) {
            char key = (char)('a' + i);
            bl_cbor_write_text(buffer, bl_slice(&key, 1));
            cbor_write_random(buffer, rng, depth - 1);
        }
        break;
    }
}

/* Goal: random items are accepted whole, every truncation is refused as such, and no single change
 * of a byte makes the walk leave its input. */
static void test_cbor_read_property(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(1);
    struct bl_buffer buffer;
    size_t accepted = 0;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 20);
    for (unsigned round = 0; round < CBOR_READ_ROUNDS; round++) {
        bl_buffer_clear(&buffer);
        cbor_write_random(&buffer, &rng, 4);
        assert_ok(bl_buffer_status(&buffer, NULL));
        baals_slice whole = bl_buffer_slice(&buffer);
        struct bl_cbor_reader reader = bl_cbor_reader(whole);
        assert_ok(bl_cbor_skip(&reader, BL_CBOR_DEPTH_MAX, NULL));
        assert_int_equal(reader.offset, whole.len);

        /* Exact copies, so that a sanitizer sees a read past the end. */
        size_t len = testlib_rng_below(&rng, whole.len);
        uint8_t *cut = malloc(len + 1);
        assert_non_null(cut);
        memcpy(cut, whole.data, len);
        reader = bl_cbor_reader(bl_slice(cut, len));
        assert_status(bl_cbor_skip(&reader, BL_CBOR_DEPTH_MAX, NULL), BAALS_REJECT_TRUNCATED);
        free(cut);

        uint8_t *changed = malloc(whole.len);
        assert_non_null(changed);
        memcpy(changed, whole.data, whole.len);
        changed[testlib_rng_below(&rng, whole.len)] ^= (uint8_t)(1u << testlib_rng_below(&rng, 8));
        reader = bl_cbor_reader(bl_slice(changed, whole.len));
        baals_error err = {.offset = BAALS_NO_OFFSET};
        if (bl_cbor_skip(&reader, BL_CBOR_DEPTH_MAX, &err) == BAALS_OK) {
            accepted++;
            assert_true(reader.offset <= whole.len);
        } else {
            assert_int_equal(BAALS_STATUS_CLASS(err.status), BAALS_CLASS_REJECT);
            assert_true(err.offset <= whole.len);
        }
        free(changed);
    }
    printf("%d items, %zu changed ones still valid\n", CBOR_READ_ROUNDS, accepted);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cbor_read_refusals),  cmocka_unit_test(test_cbor_read_depth),
        cmocka_unit_test(test_cbor_read_values),    cmocka_unit_test(test_cbor_read_typed_refusals),
        cmocka_unit_test(test_cbor_read_versioned), cmocka_unit_test(test_cbor_read_metadata),
        cmocka_unit_test(test_cbor_read_utf8),      cmocka_unit_test(test_cbor_read_property),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
