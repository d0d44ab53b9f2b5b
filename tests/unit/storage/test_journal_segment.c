/* SPDX-License-Identifier: MIT */
/* The table of segment files: names, creation, and no more open files than allowed. */
#include <string.h>

#include "faulty_env.h"
#include "journal_lib.h"
#include "storage/journal_internal.h"

static int setup(void **state)
{
    struct bl_env *env = NULL;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    assert_ok(bl_env_make_dir(env, JOURNAL_LIB_DIR, NULL));
    *state = env;
    return 0;
}

static int teardown(void **state)
{
    bl_env_close(*state);
    return 0;
}

static void touch(struct bl_env *env, const char *name)
{
    char path[128];
    struct bl_file *file = NULL;
    assert_ok(bl_path_join(path, sizeof path, JOURNAL_LIB_DIR, name, NULL));
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    bl_file_close(file);
}

/* Only eight digits and ".log" make a segment; other files are left alone. */
static void test_names(void **state)
{
    struct bl_journal_segments segments;
    static const char *const others[] = {"1.log",
                                         "00000000.log",
                                         "0000002.log",
                                         "000000002.log",
                                         "0000000x.log",
                                         "00000002.tmp",
                                         "cut-0000000100001000",
                                         "cut-0000000100001000-00000002.log"};
    for (size_t i = 0; i < BL_COUNT_OF(others); i++)
        touch(*state, others[i]);
    touch(*state, "00000001.log");
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    assert_int_equal(bl_journal_segments_count(&segments), 1);
    bl_journal_segments_deinit(&segments);
}

/* An absent folder has no segments; a gap in the numbers is damage. */
static void test_gap(void **state)
{
    struct bl_journal_segments segments;
    assert_ok(bl_journal_segments_init(&segments, *state, "/nowhere", false, NULL));
    assert_int_equal(bl_journal_segments_count(&segments), 0);
    bl_journal_segments_deinit(&segments);
    touch(*state, "00000001.log");
    touch(*state, "00000003.log");
    assert_status(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL),
                  BAALS_CORRUPT_JOURNAL);
}

/* A segment is made with its header and zeros behind it, whatever an earlier attempt left. */
static void test_create(void **state)
{
    struct bl_journal_segments segments;
    struct bl_journal_segment_header header = {.number = 1, .salt = {5}};
    struct bl_journal_segment segment;
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    touch(*state, "00000001.log");
    assert_ok(bl_journal_segments_create(&segments, &header, 300000, NULL));
    assert_status(bl_journal_segments_acquire(&segments, &segment, 2, NULL), BAALS_NOTFOUND);
    assert_status(bl_journal_segments_acquire(&segments, &segment, 0, NULL), BAALS_NOTFOUND);
    assert_ok(bl_journal_segments_acquire(&segments, &segment, 1, NULL));
    assert_int_equal(segment.size, 300000);
    assert_int_equal(segment.verdict, BL_JOURNAL_WHOLE);
    assert_int_equal(segment.header.salt[0], 5);
    bl_journal_segments_release(&segments, 1);
    bl_journal_segments_deinit(&segments);
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, true, NULL));
    assert_ok(bl_journal_segments_acquire(&segments, &segment, 1, NULL));
    assert_int_equal(segment.size, 300000);
    assert_int_equal(segment.verdict, BL_JOURNAL_WHOLE);
    bl_journal_segments_release(&segments, 1);
    bl_journal_segments_forget(&segments);
    assert_int_equal(bl_journal_segments_count(&segments), 0);
    bl_journal_segments_deinit(&segments);
}

/* When making a segment fails, its file is gone again. */
static void test_create_fails(void **state)
{
    struct testlib_faulty_env faulty;
    struct bl_journal_segments segments;
    struct bl_journal_segment_header header = {.number = 1};
    testlib_faulty_env_init(&faulty, *state);
    assert_ok(bl_journal_segments_init(&segments, &faulty.env, JOURNAL_LIB_DIR, false, NULL));
    faulty.status = BAALS_IO_FULL;
    faulty.fail_at = faulty.calls + 4;
    assert_status(bl_journal_segments_create(&segments, &header, 1 << 20, NULL), BAALS_IO_FULL);
    struct bl_file *file = NULL;
    assert_status(bl_file_open(*state, &file, JOURNAL_LIB_DIR "/00000001.log", BL_OPEN_READ, NULL),
                  BAALS_NOTFOUND);
    assert_int_equal(bl_journal_segments_count(&segments), 0);
    bl_journal_segments_deinit(&segments);
}

static bool exists(struct bl_env *env, const char *path)
{
    struct bl_file *file = NULL;
    baals_status status = bl_file_open(env, &file, path, BL_OPEN_READ, NULL);
    bl_file_close(file);
    return status == BAALS_OK;
}

static void check_zeros(struct bl_file *file, uint64_t size)
{
    static uint8_t bytes[300000];
    size_t read = 0;
    assert_true(size <= sizeof bytes);
    assert_ok(bl_file_read_at(file, bytes, &read, 0, sizeof bytes, NULL));
    assert_int_equal(read, size);
    assert_true(
        bl_bytes_all_zero(bytes + BL_JOURNAL_SEGMENT_HEADER, read - BL_JOURNAL_SEGMENT_HEADER));
}

/* Goal: a prepared file becomes the next segment when it is large enough; another one is left for
 * later, and gone after closing. */
static void test_prepare(void **state)
{
    struct bl_journal_segments segments;
    struct bl_journal_segment segment;
    struct bl_file *file = NULL;
    uint8_t rubbish[5000];
    memset(rubbish, 7, sizeof rubbish);
    assert_ok(bl_file_open(*state, &file, JOURNAL_LIB_DIR "/spare", BL_OPEN_WRITE | BL_OPEN_CREATE,
                           NULL));
    assert_ok(bl_file_write_at(file, 0, rubbish, sizeof rubbish, NULL)); /* of a killed process */
    bl_file_close(file);
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    assert_int_equal(bl_journal_segments_count(&segments), 0);
    assert_ok(bl_journal_segments_prepare(&segments, 100000, NULL));
    static const uint64_t wanted[] = {50000, 8192, 200000, 300000};
    static const uint64_t given[] = {100000, 8192, 250000, 300000};
    for (uint32_t i = 1; i <= 4; i++) {
        struct bl_journal_segment_header header = {.number = i};
        if (i == 3)
            assert_ok(bl_journal_segments_prepare(&segments, 250000, NULL));
        if (i == 4)
            assert_ok(bl_journal_segments_prepare(&segments, 8192, NULL));
        assert_ok(bl_journal_segments_create(&segments, &header, wanted[i - 1], NULL));
        assert_ok(bl_journal_segments_acquire(&segments, &segment, i, NULL));
        assert_int_equal(segment.size, given[i - 1]);
        check_zeros(segment.file, given[i - 1]);
        bl_journal_segments_release(&segments, i);
    }
    assert_true(exists(*state, JOURNAL_LIB_DIR "/spare"));
    bl_journal_segments_deinit(&segments);
    assert_false(exists(*state, JOURNAL_LIB_DIR "/spare"));
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, true, NULL));
    assert_int_equal(bl_journal_segments_count(&segments), 4);
    for (uint32_t i = 1; i <= 4; i++) {
        assert_ok(bl_journal_segments_acquire(&segments, &segment, i, NULL));
        assert_int_equal(segment.verdict, BL_JOURNAL_WHOLE);
        assert_int_equal(segment.header.number, i);
        bl_journal_segments_release(&segments, i);
    }
    bl_journal_segments_deinit(&segments);
}

/* Goal: whatever fails while a file is prepared or used, the segment can be made afterwards. */
static void test_prepare_fails(void **state)
{
    (void)state;
    uint64_t calls = 0;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        struct bl_journal_segments segments;
        struct bl_journal_segment_header header = {.number = 1};
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        assert_ok(bl_env_make_dir(env, JOURNAL_LIB_DIR, NULL));
        testlib_faulty_env_init(&faulty, env);
        assert_ok(bl_journal_segments_init(&segments, &faulty.env, JOURNAL_LIB_DIR, false, NULL));
        uint64_t before = faulty.calls;
        faulty.fail_at = before + k;
        baals_status prepared = bl_journal_segments_prepare(&segments, 8192, NULL);
        baals_status made = bl_journal_segments_create(&segments, &header, 8192, NULL);
        calls = faulty.calls - before;
        assert_true(prepared == BAALS_OK || made == BAALS_OK);
        if (made != BAALS_OK) {
            assert_false(exists(env, JOURNAL_LIB_DIR "/00000001.log"));
            assert_ok(bl_journal_segments_create(&segments, &header, 8192, NULL));
        }
        assert_int_equal(bl_journal_segments_count(&segments), 1);
        bl_journal_segments_deinit(&segments);
        bl_env_close(env);
    }
    assert_in_range(calls, 5, 50);
}

/* Idle files are closed beyond the bound, those in use are not, and all can still be read. */
static void test_open_files(void **state)
{
    enum { COUNT = 3 * BL_JOURNAL_OPEN_FILES_MAX };
    struct bl_journal_segments segments;
    struct bl_journal_segment segment;
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    for (uint32_t i = 1; i <= COUNT; i++) {
        struct bl_journal_segment_header header = {.number = i};
        assert_ok(bl_journal_segments_create(&segments, &header, 8192, NULL));
    }
    assert_ok(bl_journal_segments_acquire(&segments, &segment, 7, NULL));
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= COUNT; i++) {
            struct bl_journal_segment other;
            assert_ok(bl_journal_segments_acquire(&segments, &other, i, NULL));
            assert_int_equal(other.header.number, i);
            bl_journal_segments_release(&segments, i);
        }
    }
    assert_true(segments.open <= BL_JOURNAL_OPEN_FILES_MAX + 1);
    assert_ptr_equal(segments.items[6].file, segment.file);
    bl_journal_segments_release(&segments, 7);
    bl_journal_segments_deinit(&segments);
}

/* Trimming removes from the front; who holds a segment keeps reading it, nobody gets it anew. */
static void test_trim(void **state)
{
    enum { COUNT = 5 };
    struct bl_journal_segments segments;
    struct bl_journal_segment held;
    struct bl_journal_segment other;
    uint8_t byte;
    size_t read = 0;
    uint64_t freed = 0;
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    for (uint32_t i = 1; i <= COUNT; i++) {
        struct bl_journal_segment_header header = {.number = i};
        assert_ok(bl_journal_segments_create(&segments, &header, 8192, NULL));
    }
    assert_ok(bl_journal_segments_acquire(&segments, &held, 2, NULL));
    assert_ok(bl_journal_segments_trim(&segments, &freed, 4, NULL));
    assert_int_equal(freed, 3 * 8192);
    assert_int_equal(bl_journal_segments_first(&segments), 4);
    assert_int_equal(bl_journal_segments_count(&segments), COUNT);
    assert_ok(bl_file_read_at(held.file, &byte, &read, 0, 1, NULL));
    assert_int_equal(read, 1);
    assert_status(bl_journal_segments_acquire(&segments, &other, 2, NULL), BAALS_NOTFOUND);
    bl_journal_segments_release(&segments, 2);
    assert_ok(bl_journal_segments_acquire(&segments, &other, 4, NULL));
    bl_journal_segments_release(&segments, 4);
    bl_journal_segments_deinit(&segments);
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    assert_int_equal(bl_journal_segments_first(&segments), 4);
    assert_ok(bl_journal_segments_acquire(&segments, &other, COUNT, NULL));
    assert_int_equal(other.header.number, COUNT);
    bl_journal_segments_release(&segments, COUNT);
    bl_journal_segments_deinit(&segments);
}

/* A removal that fails leaves a journal that begins later and has no gap. */
static void test_trim_fails(void **state)
{
    enum { COUNT = 4 };
    struct testlib_faulty_env faulty;
    struct bl_journal_segments segments;
    uint64_t freed = 7;
    testlib_faulty_env_init(&faulty, *state);
    assert_ok(bl_journal_segments_init(&segments, &faulty.env, JOURNAL_LIB_DIR, false, NULL));
    for (uint32_t i = 1; i <= COUNT; i++) {
        struct bl_journal_segment_header header = {.number = i};
        assert_ok(bl_journal_segments_create(&segments, &header, 8192, NULL));
    }
    faulty.status = BAALS_IO;
    faulty.fail_at = faulty.calls + 3; /* remove, sync, remove */
    assert_status(bl_journal_segments_trim(&segments, &freed, 4, NULL), BAALS_IO);
    assert_int_equal(freed, 7);
    bl_journal_segments_deinit(&segments);
    assert_ok(bl_journal_segments_init(&segments, *state, JOURNAL_LIB_DIR, false, NULL));
    assert_int_equal(bl_journal_segments_first(&segments), 2);
    bl_journal_segments_deinit(&segments);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prepare, setup, teardown),
        cmocka_unit_test(test_prepare_fails),
        cmocka_unit_test_setup_teardown(test_trim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trim_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_files, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
