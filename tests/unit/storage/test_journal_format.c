/* SPDX-License-Identifier: MIT */
/* The journal's bytes: headers survive encoding, and anything else is refused. */
#include <string.h>

#include "storage/journal_internal.h"
#include "testlib.h"

/* Positions keep segment and offset, and compare as numbers. */
static void test_positions(void **state)
{
    (void)state;
    uint64_t position = bl_journal_position(7, 0xfffff000u);
    assert_int_equal(bl_journal_segment_of(position), 7);
    assert_int_equal(bl_journal_offset_of(position), 0xfffff000u);
    assert_true(position < bl_journal_position(8, 0));
    assert_int_equal(bl_journal_align(0), 0);
    assert_int_equal(bl_journal_align(1), 4096);
    assert_int_equal(bl_journal_align(4096), 4096);
    assert_int_equal(bl_journal_align(4097), 8192);
}

/* A segment header comes back as it was; with any bit flipped it is bad. */
static void test_segment_header(void **state)
{
    struct bl_journal_segment_header header = {.number = 12, .durable_to = 0x0102030405060708u};
    struct bl_journal_segment_header back;
    uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER];
    (void)state;
    memset(header.chain_id.bytes, 1, sizeof header.chain_id.bytes);
    memset(header.salt, 2, sizeof header.salt);
    memset(header.prev.bytes, 3, sizeof header.prev.bytes);
    bl_journal_segment_encode(bytes, &header);
    assert_int_equal(bl_journal_segment_decode(&back, bytes), BL_JOURNAL_WHOLE);
    assert_int_equal(back.number, header.number);
    assert_int_equal(back.durable_to, header.durable_to);
    assert_memory_equal(&back.chain_id, &header.chain_id, sizeof back.chain_id);
    assert_memory_equal(back.salt, header.salt, sizeof back.salt);
    assert_memory_equal(&back.prev, &header.prev, sizeof back.prev);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(bl_journal_segment_decode(&back, bytes), BL_JOURNAL_BAD);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* The bytes of docs/internals/journal.md, written down once more. */
static void test_frozen(void **state)
{
    (void)state;
    uint8_t expected[BL_JOURNAL_RECORD_HEADER];
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    struct bl_journal_header header = {.type = BL_RECORD_BLOCK,
                                       .body_len = 3,
                                       .group_rest = 0x01020304,
                                       .position = 0x0000000100001000u,
                                       .durable_to = 0x0000000100000000u};
    memset(header.salt, 0xaa, sizeof header.salt);
    memset(header.prev.bytes, 0xbb, sizeof header.prev.bytes);
    bl_journal_header_encode(bytes, &header, (const uint8_t *)"abc");
    size_t len = testlib_hex(expected, sizeof expected,
                             "424c4a52030000000100000004030201"
                             "00100000010000000000000001000000"
                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                             "5bfced2880ad271b263d3cc571c849bb"
                             "ba12ae0a4d2f9ff3da7048131dd7ce13");
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
}

/* A record header comes back as it was; with any bit of it or of the body flipped it does not hold.
 */
static void test_record_header(void **state)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    uint8_t body[5] = "body";
    struct bl_journal_header back;
    struct bl_journal_header header = {.type = BL_RECORD_REVERT,
                                       .body_len = sizeof body,
                                       .group_rest = 77,
                                       .position = 1ull << 32 | 4096,
                                       .durable_to = 4096};
    (void)state;
    bl_journal_header_encode(bytes, &header, body);
    assert_true(bl_journal_header_decode(&back, bytes));
    assert_true(bl_journal_header_holds(bytes, body, sizeof body));
    assert_int_equal(back.type, header.type);
    assert_int_equal(back.body_len, header.body_len);
    assert_int_equal(back.group_rest, header.group_rest);
    assert_int_equal(back.position, header.position);
    assert_int_equal(back.durable_to, header.durable_to);
    assert_memory_equal(&back.hash, &header.hash, sizeof back.hash);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(bl_journal_header_holds(bytes, body, sizeof body));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(bl_journal_header_holds(bytes, body, sizeof body));
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static bool decodes(uint32_t type, uint32_t body_len, uint32_t group_rest)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER] = {'B', 'L', 'J', 'R'};
    struct bl_journal_header header;
    bl_store_u32le(bytes + 4, body_len);
    bl_store_u32le(bytes + 8, type);
    bl_store_u32le(bytes + 12, group_rest);
    return bl_journal_header_decode(&header, bytes);
}

/* Impossible types, lengths and magics are refused before anything is allocated for them. */
static void test_impossible(void **state)
{
    uint8_t zeros[BL_JOURNAL_RECORD_HEADER] = {0};
    struct bl_journal_header header;
    (void)state;
    assert_false(bl_journal_header_decode(&header, zeros));
    assert_false(decodes(0, 0, 0));
    assert_false(decodes(6, 0, 0));
    assert_true(decodes(BL_RECORD_BLOCK, BL_JOURNAL_BODY_MAX, BL_JOURNAL_GROUP_MAX));
    assert_false(decodes(BL_RECORD_BLOCK, BL_JOURNAL_BODY_MAX + 1, 0));
    assert_false(decodes(BL_RECORD_BLOCK, 0, BL_JOURNAL_GROUP_MAX + 1));
    assert_true(decodes(BL_RECORD_SYNC, 0, 0));
    assert_false(decodes(BL_RECORD_SYNC, 1, 0));
    assert_false(decodes(BL_RECORD_END, 0, 1));
}

/* The next record stands behind this one, at the next block, or in the next segment. */
static void test_next(void **state)
{
    (void)state;
    struct bl_journal_header header = {
        .type = BL_RECORD_BLOCK, .body_len = 10, .position = 1ull << 32 | 8192, .group_rest = 1};
    assert_int_equal(bl_journal_header_next(&header), (1ull << 32 | 8192) + 122);
    header.group_rest = 0;
    assert_int_equal(bl_journal_header_next(&header), 1ull << 32 | 12288);
    header.type = BL_RECORD_END;
    assert_int_equal(bl_journal_header_next(&header), 2ull << 32 | 4096);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions),  cmocka_unit_test(test_segment_header),
        cmocka_unit_test(test_frozen),     cmocka_unit_test(test_record_header),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
