/* SPDX-License-Identifier: MIT */
/* Slices, byte order, checked arithmetic and hex. */
#include <string.h>

#include "testlib.h"

/* Goal: slices compare as unsigned bytes, a prefix before its extensions, NULL data included. */
static void test_bytes_slice(void **state)
{
    (void)state;
    baals_slice none = {.data = NULL, .len = 0};
    baals_slice a = bl_slice_str("a");
    baals_slice ab = bl_slice_str("ab");
    baals_slice high = bl_slice("\xff", 1);
    assert_int_equal(ab.len, 2);
    assert_true(bl_slice_equal(none, bl_slice_str("")));
    assert_true(bl_slice_equal(ab, bl_slice("ab", 2)));
    assert_false(bl_slice_equal(a, ab));
    assert_false(bl_slice_equal(a, high));
    assert_true(bl_slice_compare(none, none) == 0);
    assert_true(bl_slice_compare(none, a) < 0);
    assert_true(bl_slice_compare(a, none) > 0);
    assert_true(bl_slice_compare(a, ab) < 0);
    assert_true(bl_slice_compare(ab, a) > 0);
    assert_true(bl_slice_compare(ab, ab) == 0);
    assert_true(bl_slice_compare(high, ab) > 0);
    assert_true(bl_slice_has_prefix(ab, a));
    assert_true(bl_slice_has_prefix(ab, none));
    assert_true(bl_slice_has_prefix(ab, ab));
    assert_false(bl_slice_has_prefix(a, ab));
    assert_false(bl_slice_has_prefix(high, a));
}

/* Goal: hashes and addresses differ when any one byte differs; all-zero is seen. */
static void test_bytes_fixed(void **state)
{
    (void)state;
    baals_hash hash = {{0}};
    baals_address address = {{0}};
    for (size_t i = 0; i < 32; i++) {
        baals_hash other_hash = hash;
        baals_address other_address = address;
        assert_true(bl_hash_equal(&hash, &other_hash));
        assert_true(bl_address_equal(&address, &other_address));
        assert_true(bl_bytes_all_zero(other_hash.bytes, 32));
        other_hash.bytes[i] = 1;
        other_address.bytes[i] = 0x80;
        assert_false(bl_hash_equal(&hash, &other_hash));
        assert_false(bl_address_equal(&address, &other_address));
        assert_false(bl_bytes_all_zero(other_hash.bytes, 32));
    }
    assert_true(bl_bytes_all_zero(NULL, 0));
}

/* Goal: the byte order is what the name says, and loading gives back what was stored. */
static void test_bytes_order(void **state)
{
    (void)state;
    uint8_t out[8];
    bl_store_u16be(out, 0x0102);
    assert_memory_equal(out, "\x01\x02", 2);
    bl_store_u32be(out, 0x01020304);
    assert_memory_equal(out, "\x01\x02\x03\x04", 4);
    bl_store_u32le(out, 0x01020304);
    assert_memory_equal(out, "\x04\x03\x02\x01", 4);
    bl_store_u64be(out, 0x0102030405060708);
    assert_memory_equal(out, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    bl_store_u64le(out, 0x0102030405060708);
    assert_memory_equal(out, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);

    struct testlib_rng rng = testlib_rng(1);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = testlib_rng_u64(&rng);
        bl_store_u16be(out, (uint16_t)value);
        assert_int_equal(bl_load_u16be(out), (uint16_t)value);
        bl_store_u32be(out, (uint32_t)value);
        assert_int_equal(bl_load_u32be(out), (uint32_t)value);
        bl_store_u32le(out, (uint32_t)value);
        assert_int_equal(bl_load_u32le(out), (uint32_t)value);
        bl_store_u64be(out, value);
        assert_true(bl_load_u64be(out) == value);
        bl_store_u64le(out, value);
        assert_true(bl_load_u64le(out) == value);
    }
}

/* Goal: arithmetic is exact up to the edge, and beyond it leaves the output alone. */
static void test_bytes_checked(void **state)
{
    (void)state;
    uint64_t out = 77;
    assert_true(bl_u64_add(&out, UINT64_MAX - 1, 1));
    assert_true(out == UINT64_MAX);
    assert_false(bl_u64_add(&out, UINT64_MAX, 1));
    assert_true(out == UINT64_MAX);
    assert_true(bl_u64_sub(&out, 5, 5));
    assert_true(out == 0);
    assert_false(bl_u64_sub(&out, 5, 6));
    assert_true(out == 0);
    assert_true(bl_u64_mul(&out, UINT64_MAX / 3, 3));
    assert_true(out == UINT64_MAX);
    assert_false(bl_u64_mul(&out, UINT64_MAX / 3 + 1, 3));
    assert_true(out == UINT64_MAX);
    assert_true(bl_u64_mul(&out, 0, UINT64_MAX));
    assert_true(out == 0);

    size_t size = 77;
    assert_true(bl_size_add(&size, SIZE_MAX, 0));
    assert_true(size == SIZE_MAX);
    assert_false(bl_size_add(&size, SIZE_MAX, 1));
    assert_true(bl_size_mul(&size, 6, 7));
    assert_true(size == 42);
    assert_false(bl_size_mul(&size, SIZE_MAX, 2));
    assert_true(size == 42);
}

/* Goal: decimal text is exact to the last unit; anything else is refused, output untouched. */
static void test_bytes_u64_parse(void **state)
{
    (void)state;
    uint64_t value = 77;
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "1/",
                                      "1:",
                                      "18446744073709551616",
                                      "99999999999999999999999999"};
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++) {
        assert_false(bl_u64_parse(&value, bad[i], strlen(bad[i])));
        assert_int_equal(value, 77);
    }
    assert_true(bl_u64_parse(&value, "0", 1));
    assert_true(value == 0);
    assert_true(bl_u64_parse(&value, "18446744073709551615", 20));
    assert_true(value == UINT64_MAX);
    assert_true(bl_u64_parse(&value, "1009", 3));
    assert_true(value == 100);
}

/* Goal: hex is lowercase out and either case in; anything else is refused, output untouched. */
static void test_bytes_hex(void **state)
{
    (void)state;
    char text[9];
    uint8_t bytes[4] = {9, 9, 9, 9};
    bl_hex_encode(text, "\x00\x7f\xab\xff", 4);
    assert_string_equal(text, "007fabff");
    bl_hex_encode(text, NULL, 0);
    assert_string_equal(text, "");
    static const char *const bad[] = {"007fabf",  "007fabff0", "007fabfg", "007fab/f", "007fab:f",
                                      "007fab@f", "007fab`f",  "",         " "};
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++) {
        assert_false(bl_hex_decode(bytes, 4, bad[i], strlen(bad[i])));
        assert_memory_equal(bytes, "\x09\x09\x09\x09", 4);
    }
    assert_true(bl_hex_decode(bytes, 4, "007fABfF", 8));
    assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
    assert_true(bl_hex_decode(bytes, 0, "", 0));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_slice),     cmocka_unit_test(test_bytes_fixed),
        cmocka_unit_test(test_bytes_order),     cmocka_unit_test(test_bytes_checked),
        cmocka_unit_test(test_bytes_u64_parse), cmocka_unit_test(test_bytes_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
