/* SPDX-License-Identifier: MIT */
/* The CBOR writer: shortest forms at every border, and failures that stay in the buffer. */
#include <string.h>

#include "testlib.h"
#include "types/types.h"

/* Runs `statement` on an empty buffer `b` and compares the bytes with hex. */
#define assert_writes(hex_text, statement)                                                         \
    do {                                                                                           \
        struct bl_buffer b;                                                                        \
        uint8_t want_[64];                                                                         \
        size_t want_len_ = testlib_hex(want_, sizeof want_, hex_text);                             \
        bl_buffer_init(&b, bl_alloc_system(), 1024);                                               \
        statement;                                                                                 \
        assert_ok(bl_buffer_status(&b, NULL));                                                     \
        assert_int_equal(b.len, want_len_);                                                        \
        assert_memory_equal(b.data, want_, want_len_);                                             \
        bl_buffer_deinit(&b);                                                                      \
    } while (0)

/* Goal: an argument stands in the shortest of its five forms. */
static void test_cbor_write_heads(void **state)
{
    (void)state;
    assert_writes("00", bl_cbor_write_uint(&b, 0));
    assert_writes("17", bl_cbor_write_uint(&b, 23));
    assert_writes("1818", bl_cbor_write_uint(&b, 24));
    assert_writes("18ff", bl_cbor_write_uint(&b, 255));
    assert_writes("190100", bl_cbor_write_uint(&b, 256));
    assert_writes("19ffff", bl_cbor_write_uint(&b, 65535));
    assert_writes("1a00010000", bl_cbor_write_uint(&b, 65536));
    assert_writes("1affffffff", bl_cbor_write_uint(&b, UINT32_MAX));
    assert_writes("1b0000000100000000", bl_cbor_write_uint(&b, 1ull << 32));
    assert_writes("1bffffffffffffffff", bl_cbor_write_uint(&b, UINT64_MAX));
}

/* Goal: signed integers use both types and reach both ends. */
static void test_cbor_write_signed(void **state)
{
    (void)state;
    assert_writes("00", bl_cbor_write_int(&b, 0));
    assert_writes("1b7fffffffffffffff", bl_cbor_write_int(&b, INT64_MAX));
    assert_writes("20", bl_cbor_write_int(&b, -1));
    assert_writes("37", bl_cbor_write_int(&b, -24));
    assert_writes("3818", bl_cbor_write_int(&b, -25));
    assert_writes("3b7fffffffffffffff", bl_cbor_write_int(&b, INT64_MIN));
}

/* Goal: strings, arrays, maps and simple values have their own types. */
static void test_cbor_write_types(void **state)
{
    (void)state;
    baals_hash hash;
    baals_address address;
    memset(&hash, 0xaa, sizeof hash);
    memset(&address, 0xbb, sizeof address);
    assert_writes("40", bl_cbor_write_bytes(&b, bl_slice(NULL, 0)));
    assert_writes("420102", bl_cbor_write_bytes(&b, bl_slice("\1\2", 2)));
    assert_writes("62c3bc", bl_cbor_write_text(&b, bl_slice_str("\xc3\xbc")));
    assert_writes("80", bl_cbor_write_array(&b, 0));
    assert_writes("9818", bl_cbor_write_array(&b, 24));
    assert_writes("a1", bl_cbor_write_map(&b, 1));
    assert_writes("f4f5f6", {
        bl_cbor_write_bool(&b, false);
        bl_cbor_write_bool(&b, true);
        bl_cbor_write_null(&b);
    });
    assert_writes("5820aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  bl_cbor_write_hash(&b, &hash));
    assert_writes("5820bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                  bl_cbor_write_address_or_null(&b, true, &address));
    assert_writes("f6", bl_cbor_write_address_or_null(&b, false, &address));
    assert_writes("4101", bl_cbor_write_bytes_or_null(&b, true, bl_slice("\1", 1)));
    assert_writes("f6", bl_cbor_write_bytes_or_null(&b, false, bl_slice("\1", 1)));
}

/* Goal: what does not fit fails once and for all, and leaves the bytes before it. */
static void test_cbor_write_failure(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 3);
    bl_cbor_write_uint(&buffer, 1);
    bl_cbor_write_bytes(&buffer, bl_slice("abcd", 4));
    bl_cbor_write_null(&buffer);
    assert_status(bl_buffer_status(&buffer, NULL), BAALS_LIMIT);
    assert_int_equal(buffer.data[0], 1);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cbor_write_heads),
        cmocka_unit_test(test_cbor_write_signed),
        cmocka_unit_test(test_cbor_write_types),
        cmocka_unit_test(test_cbor_write_failure),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
