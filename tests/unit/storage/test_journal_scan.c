/* SPDX-License-Identifier: MIT */
/* The scan at opening: where whole groups stop, record by record. */
#include <string.h>

#include "journal_lib.h"
#include "storage/journal_internal.h"

static const char segment_path[] = JOURNAL_LIB_DIR "/00000001.log";

struct fixture {
    struct bl_env *env;
    struct bl_journal_segments segments;
    struct bl_journal_window window;
    struct bl_journal_segment_header header;
};

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture = (struct fixture){.env = NULL};
    assert_ok(bl_env_memory(&fixture.env, bl_alloc_system(), NULL));
    assert_ok(bl_env_make_dir(fixture.env, JOURNAL_LIB_DIR, NULL));
    fixture.header = (struct bl_journal_segment_header){
        .number = 1, .chain_id = journal_lib_chain, .salt = {1, 2, 3}};
    assert_ok(
        bl_journal_segments_init(&fixture.segments, fixture.env, JOURNAL_LIB_DIR, false, NULL));
    assert_ok(bl_journal_segments_create(&fixture.segments, &fixture.header, 1 << 20, NULL));
    assert_ok(bl_journal_window_init(&fixture.window, &fixture.env->alloc, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bl_journal_window_deinit(&fixture.window);
    bl_journal_segments_deinit(&fixture.segments);
    bl_env_close(fixture.env);
    return 0;
}

/* Writes one record of the segment as given; its hash goes to header->hash. */
static void put(struct bl_journal_header *header)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    uint8_t body[64] = "body";
    struct bl_file *file = NULL;
    uint64_t at = bl_journal_offset_of(header->position);
    assert_true(header->body_len <= sizeof body);
    bl_journal_header_encode(bytes, header, body);
    assert_ok(bl_file_open(fixture.env, &file, segment_path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_write_at(file, at, bytes, sizeof bytes, NULL));
    assert_ok(bl_file_write_at(file, at + sizeof bytes, body, header->body_len, NULL));
    bl_file_close(file);
}

/* A record that continues `before` (NULL: the first). */
static struct bl_journal_header after(const struct bl_journal_header *before, uint32_t group_rest)
{
    struct bl_journal_header header = {.type = BL_RECORD_BLOCK,
                                       .body_len = 30,
                                       .group_rest = group_rest,
                                       .position = 1ull << 32 | 4096,
                                       .durable_to = 1ull << 32 | 4096};
    if (before != NULL) {
        header.position = bl_journal_header_next(before);
        header.prev = before->hash;
    }
    memcpy(header.salt, fixture.header.salt, sizeof header.salt);
    return header;
}

static struct bl_journal_scan scan(uint64_t from)
{
    struct bl_journal_scan result;
    assert_ok(bl_journal_scan_run(&result, &fixture.segments, &fixture.window, &journal_lib_chain,
                                  from, NULL));
    return result;
}

/* One group of two, one of one, a SYNC: all of it is read, and covered. */
static void test_groups(void **state)
{
    (void)state;
    struct bl_journal_scan result = scan(0);
    assert_int_equal(result.end, 1ull << 32 | 4096);
    assert_true(result.covered);
    assert_true(result.bad);
    struct bl_journal_header a = after(NULL, 142);
    put(&a);
    struct bl_journal_header b = after(&a, 0);
    put(&b);
    struct bl_journal_header c = after(&b, 0);
    put(&c);
    result = scan(0);
    assert_int_equal(result.records, 3);
    assert_int_equal(result.end, 1ull << 32 | 12288);
    assert_memory_equal(&result.last_hash, &c.hash, sizeof c.hash);
    assert_false(result.covered);
    struct bl_journal_header sync = after(&c, 0);
    sync.type = BL_RECORD_SYNC;
    sync.body_len = 0;
    put(&sync);
    result = scan(0);
    assert_true(result.covered);
    assert_int_equal(result.records, 4);
    result = scan(c.position);
    assert_int_equal(result.records, 2);
}

/* A group without its last record is not read at all. */
static void test_partial_group(void **state)
{
    (void)state;
    struct bl_journal_header a = after(NULL, 2 * 142);
    put(&a);
    struct bl_journal_header b = after(&a, 142);
    put(&b);
    struct bl_journal_scan result = scan(0);
    assert_int_equal(result.records, 0);
    assert_int_equal(result.end, 1ull << 32 | 4096);
}

/* Wrong salt, wrong chain, wrong place, a group length that does not add up, durability nobody
 * could know of: each ends the scan before the record. */
static void test_not_a_continuation(void **state)
{
    (void)state;
    struct bl_journal_header first = after(NULL, 0);
    put(&first);
    for (int kind = 0; kind < 6; kind++) {
        struct bl_journal_header next = after(&first, 0);
        if (kind == 1)
            next.salt[0] ^= 1;
        if (kind == 2)
            next.prev.bytes[5] ^= 1;
        if (kind == 3)
            next.durable_to = next.position + 1;
        if (kind == 4)
            next.group_rest = 142;
        put(&next);
        if (kind == 4) {
            struct bl_journal_header second = after(&next, 1);
            put(&second);
        }
        if (kind == 5) {
            next.position += 4096;
            put(&next);
            struct bl_file *file = NULL;
            uint8_t moved[BL_JOURNAL_RECORD_HEADER];
            size_t read = 0;
            uint64_t at = bl_journal_offset_of(next.position);
            assert_ok(bl_file_open(fixture.env, &file, segment_path, BL_OPEN_WRITE, NULL));
            assert_ok(bl_file_read_at(file, moved, &read, at, sizeof moved, NULL));
            assert_ok(bl_file_write_at(file, at - 4096, moved, sizeof moved, NULL));
            bl_file_close(file);
        }
        struct bl_journal_scan result = scan(0);
        assert_int_equal(result.records, kind == 0 ? 2 : 1);
        assert_int_equal(result.end, kind == 0 ? 1ull << 32 | 12288 : 1ull << 32 | 8192);
    }
}

/* A start that is no record is damage. */
static void test_bad_start(void **state)
{
    (void)state;
    struct bl_journal_header first = after(NULL, 0);
    put(&first);
    struct bl_journal_scan result;
    static const uint64_t starts[] = {1ull << 32 | 8192, 1ull << 32 | 4097,
                                      1ull << 32 | 0xfffff000u, 9ull << 32, UINT64_MAX};
    for (size_t i = 0; i < BL_COUNT_OF(starts); i++)
        assert_status(bl_journal_scan_run(&result, &fixture.segments, &fixture.window,
                                          &journal_lib_chain, starts[i], NULL),
                      BAALS_CORRUPT_JOURNAL);
}

/* An END leads into the next segment, whether that is there or not. */
static void test_end(void **state)
{
    (void)state;
    struct bl_journal_header end = after(NULL, 0);
    end.type = BL_RECORD_END;
    end.body_len = 0;
    put(&end);
    struct bl_journal_scan result = scan(0);
    assert_int_equal(result.end, 2ull << 32 | 4096);
    assert_int_equal(result.records, 0);
    assert_false(result.bad);
    fixture.header.number = 2;
    fixture.header.prev = end.hash;
    assert_ok(bl_journal_segments_create(&fixture.segments, &fixture.header, 1 << 20, NULL));
    result = scan(0);
    assert_int_equal(result.end, 2ull << 32 | 4096);
    assert_true(result.bad);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partial_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_a_continuation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
