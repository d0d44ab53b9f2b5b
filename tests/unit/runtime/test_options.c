/* SPDX-License-Identifier: MIT */
/*
 * Structs that grow: programs built against an older or a newer header than the library's.
 */
#include <stddef.h>
#include <string.h>

#include "chain_lib.h"

/* The options as a later header may have them. */
struct options_newer {
    baals_options known;
    uint64_t unknown[2];
};

/* What a smaller struct lacks is the default, whatever lies behind it in the program's memory. */
static void test_older(void **state)
{
    (void)state;
    const size_t sizes[] = {offsetof(baals_options, keep_headers),
                            offsetof(baals_options, state_bytes), sizeof(baals_options)};
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        baals_options given = BAALS_OPTIONS_INIT;
        baals_options read;
        baals_error err;
        given.flags = BAALS_OPEN_PRODUCE;
        given.pool_count_max = 7;
        given.clock_ctx = &given;
        given.keep_headers = 1;
        given.state_bytes = 9;
        given.size = sizes[i];
        memset((uint8_t *)&given + sizes[i], 0xa5, sizeof given - sizes[i]);
        assert_ok(bl_options_read(&read, &given, &err));
        assert_int_equal(read.size, sizeof read);
        assert_int_equal(read.flags, BAALS_OPEN_PRODUCE);
        assert_int_equal(read.pool_count_max, 7);
        assert_ptr_equal(read.clock_ctx, &given);
        assert_int_equal(read.keep_headers, i >= 1 ? 1 : 0);
        assert_int_equal(read.state_bytes, i == 2 ? 9 : 0);
    }
}

/* A larger struct is taken when it asks for nothing that is not known here, else refused, and the
 * output is left alone. */
static void test_newer(void **state)
{
    (void)state;
    struct options_newer given = {.known = BAALS_OPTIONS_INIT, .unknown = {0, 0}};
    baals_options read = {.size = 1};
    baals_error err;
    given.known.size = sizeof given;
    given.known.state_bytes = 9;
    assert_ok(bl_options_read(&read, &given.known, &err));
    assert_int_equal(read.size, sizeof read);
    assert_int_equal(read.state_bytes, 9);
    for (size_t i = sizeof given.known; i < sizeof given; i++) {
        memset(given.unknown, 0, sizeof given.unknown);
        ((uint8_t *)&given)[i] = 1;
        read.size = 1;
        assert_status(bl_options_read(&read, &given.known, &err), BAALS_UNSUPPORTED_VERSION);
        assert_non_null(strstr(err.message, BAALS_VERSION));
        assert_int_equal(read.size, 1);
    }
}

/* Sizes that no header ever had come from memory that was not initialised. */
static void test_no_size(void **state)
{
    (void)state;
    const size_t sizes[] = {
        0, 1, sizeof(size_t), offsetof(baals_options, keep_headers) - 1, 4097, SIZE_MAX};
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        baals_options given = {.size = sizes[i]};
        baals_query query = {.size = sizes[i]};
        baals_stats stats = {.size = sizes[i], .blocks = 3};
        baals_options read;
        baals_query query_read;
        baals_error err;
        assert_status(bl_options_read(&read, &given, &err), BAALS_MISUSE_ARGUMENT);
        assert_non_null(strstr(err.message, "INIT"));
        if (sizes[i] != offsetof(baals_options, keep_headers) - 1)
            assert_status(bl_query_read(&query_read, &query, &err), BAALS_MISUSE_ARGUMENT);
        if (sizes[i] < sizeof stats - 4 * sizeof(uint64_t) || sizes[i] > 4096)
            assert_status(bl_stats_write(&stats, &stats, &err), BAALS_MISUSE_ARGUMENT);
        assert_int_equal(stats.blocks, 3);
    }
}

/* Without options everything is the default; a handle says what that is. */
static void test_defaults(void **state)
{
    (void)state;
    struct baals_chain *chain = NULL;
    baals_options read;
    baals_options small = BAALS_OPTIONS_INIT;
    baals_error err;
    const baals_options defaults = BAALS_OPTIONS_INIT;
    assert_ok(bl_options_read(&read, NULL, &err));
    assert_int_equal(read.size, defaults.size);
    assert_int_equal(read.flags, 0);
    assert_int_equal(read.state_bytes, 0);
    assert_ok(bl_chain_new(&chain, ":memory:", NULL, &err));
    assert_int_equal(chain->options.state_bytes, 512u * 1024 * 1024);
    assert_int_equal(chain->checkpoint_bytes, 32u * 1024 * 1024);
    assert_ok(bl_chain_close_all(chain, &err));
    small.state_bytes = 1;
    assert_ok(bl_chain_new(&chain, ":memory:", &small, &err));
    assert_int_equal(chain->options.state_bytes, 1);
    assert_ok(bl_chain_close_all(chain, &err));
}

/* A query of a newer header is taken or refused by what it asks for. */
static void test_query(void **state)
{
    (void)state;
    struct {
        baals_query known;
        uint64_t unknown;
    } given = {.known = BAALS_QUERY_INIT};
    baals_query read;
    baals_error err;
    given.known.size = sizeof given;
    given.known.gas_max = 5;
    given.known.time_ms_max = UINT64_MAX;
    assert_ok(bl_query_read(&read, &given.known, &err));
    assert_int_equal(read.size, sizeof read);
    assert_int_equal(read.gas_max, 5);
    assert_int_equal(read.time_ms_max, UINT64_MAX);
    given.unknown = 1;
    assert_status(bl_query_read(&read, &given.known, &err), BAALS_UNSUPPORTED_VERSION);
}

/* Counters: nothing is written behind a smaller struct, and a larger one gets zeros. */
static void test_stats(void **state)
{
    (void)state;
    struct {
        baals_stats known;
        uint64_t behind;
    } given;
    baals_stats now = BAALS_STATS_INIT;
    baals_error err;
    now.blocks = 1;
    now.publish_ns = 2;
    now.checkpoint_ns = 3;
    memset(&given, 0xa5, sizeof given);
    given.known.size = offsetof(baals_stats, checkpoints_begun);
    assert_ok(bl_stats_write(&given.known, &now, &err));
    assert_int_equal(given.known.size, offsetof(baals_stats, checkpoints_begun));
    assert_int_equal(given.known.blocks, 1);
    assert_int_equal(given.known.publish_ns, 2);
    assert_int_equal(given.known.checkpoints_begun, 0xa5a5a5a5a5a5a5a5u);
    given.known.size = sizeof given;
    assert_ok(bl_stats_write(&given.known, &now, &err));
    assert_int_equal(given.known.size, sizeof given);
    assert_int_equal(given.known.checkpoint_ns, 3);
    assert_int_equal(given.behind, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older),   cmocka_unit_test(test_newer),
        cmocka_unit_test(test_no_size), cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_query),   cmocka_unit_test(test_stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
