/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include "rpc_fixture.h"

/* The latest block is the one by its height and by its hash. */
static void test_block(void **state)
{
    struct rpc_fixture f;
    char id[65], hash[65], params[128];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    const struct bl_json *result = rpc_fixture_call(&f, "block_get", "");
    rpc_fixture_expect_u64(result, "height", 1);
    assert_string_equal(bl_json_text(bl_json_at(bl_json_member(result, "txs"), 0)), id);
    memcpy(hash, bl_json_text(bl_json_member(result, "hash")), 65);
    rpc_fixture_expect_text(rpc_fixture_call(&f, "block_get", "\"height\":1"), "hash", hash);
    snprintf(params, sizeof params, "\"hash\":\"%s\",\"bytes\":true", hash);
    result = rpc_fixture_call(&f, "block_get", params);
    rpc_fixture_expect_u64(result, "height", 1);
    assert_non_null(bl_json_text(bl_json_member(result, "bytes")));
    rpc_fixture_expect_u64(rpc_fixture_call(&f, "block_get", "\"height\":\"0\""), "tx_count", 0);
    assert_status(rpc_fixture_error(&f, "block_get", "\"height\":2"), BAALS_NOTFOUND);
    snprintf(params, sizeof params, "\"hash\":\"%s\",\"height\":1", hash);
    assert_status(rpc_fixture_error(&f, "block_get", params), BAALS_MISUSE_ARGUMENT);
    rpc_fixture_close(&f);
}

/* Headers are those of the blocks, one by one and in a row. */
static void test_headers(void **state)
{
    struct rpc_fixture f;
    char id[65], hash[65], params[128];
    baals_sealed_header sealed;
    uint8_t bytes[512];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    rpc_fixture_mine(&f, id, 1);
    const struct bl_json *result = rpc_fixture_call(&f, "block_get", "");
    memcpy(hash, bl_json_text(bl_json_member(result, "hash")), 65);
    result = rpc_fixture_call(&f, "header_get", "");
    rpc_fixture_expect_text(result, "hash", hash);
    rpc_fixture_expect_u64(result, "height", 2);
    assert_non_null(bl_json_text(bl_json_member(result, "seal")));
    assert_null(bl_json_member(result, "txs"));
    snprintf(params, sizeof params, "\"hash\":\"%s\",\"bytes\":true", hash);
    result = rpc_fixture_call(&f, "header_get", params);
    rpc_fixture_expect_u64(result, "height", 2);
    const char *hex = bl_json_text(bl_json_member(result, "bytes"));
    assert_true(strlen(hex) / 2 <= sizeof bytes);
    assert_true(bl_hex_decode(bytes, strlen(hex) / 2, hex, strlen(hex)));
    assert_ok(baals_sealed_header_decode(&sealed, bl_slice(bytes, strlen(hex) / 2), NULL));
    assert_int_equal(sealed.header.index, 2);
    assert_null(bl_json_member(rpc_fixture_call(&f, "header_get", "\"height\":0"), "seal"));
    assert_status(rpc_fixture_error(&f, "header_get", "\"height\":3"), BAALS_NOTFOUND);
    result = rpc_fixture_call(&f, "header_list", "");
    assert_int_equal(bl_json_count(bl_json_member(result, "headers")), 3);
    rpc_fixture_expect_u64(result, "next", 3);
    result = rpc_fixture_call(&f, "header_list", "\"from\":1,\"limit\":1");
    assert_int_equal(bl_json_count(bl_json_member(result, "headers")), 1);
    rpc_fixture_expect_u64(result, "next", 2);
    result = rpc_fixture_call(&f, "header_list", "\"from\":9");
    assert_int_equal(bl_json_count(bl_json_member(result, "headers")), 0);
    rpc_fixture_expect_u64(result, "next", 9);
    rpc_fixture_close(&f);
}

/* chain_info and genesis_get tell the chain's id, height and counts. */
static void test_info(void **state)
{
    struct rpc_fixture f;
    char id[65], chain_id[65];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    baals_hash_format(chain_id, &f.chain_id);
    const struct bl_json *info = rpc_fixture_call(&f, "chain_info", "");
    rpc_fixture_expect_text(info, "chain_id", chain_id);
    rpc_fixture_expect_u64(info, "height", 1);
    rpc_fixture_expect_u64(info, "tx_count", 1);
    rpc_fixture_expect_text(info, "supply", "1000000");
    assert_int_equal(bl_json_count(bl_json_member(info, "authorities")), 1);
    assert_non_null(
        bl_json_text(bl_json_member(rpc_fixture_call(&f, "genesis_get", ""), "genesis")));
    rpc_fixture_close(&f);
}

/* Notices come once each, in pages, and none when there is nothing new. */
static void test_notices(void **state)
{
    struct rpc_fixture f;
    char id[65], params[128];
    uint64_t count = 0;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    rpc_fixture_mine(&f, id, 1);
    params[0] = '\0';
    for (;;) {
        char page[192];
        snprintf(page, sizeof page, "\"limit\":3%s", params);
        const struct bl_json *result = rpc_fixture_call(&f, "notices", page);
        size_t got = bl_json_count(bl_json_member(result, "notices"));
        if (got == 0)
            break;
        count += got;
        snprintf(params, sizeof params, ",\"cursor\":\"%s\"",
                 bl_json_text(bl_json_member(result, "cursor")));
    }
    assert_int_equal(count, 4);
    const struct bl_json *now = rpc_fixture_call(&f, "notices", "\"cursor\":\"now\",\"wait_ms\":1");
    assert_int_equal(bl_json_count(bl_json_member(now, "notices")), 0);
    static const char *const bad[] = {"\"cursor\":\"1\"", "\"cursor\":\"1.x\"", "\"cursor\":\".\"",
                                      "\"cursor\":5",     "\"limit\":0",        "\"limit\":1001"};
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        assert_status(rpc_fixture_error(&f, "notices", bad[i]), BAALS_MISUSE_ARGUMENT);
    rpc_fixture_close(&f);
}

static baals_status count_line(void *ctx, baals_slice line, baals_error *err)
{
    size_t *lines = ctx;
    (void)err;
    assert_true(
        bl_slice_has_prefix(line, bl_slice_str("{\"jsonrpc\":\"2.0\",\"method\":\"chunk\"")));
    (*lines)++;
    return BAALS_OK;
}

static baals_status refuse_line(void *ctx, baals_slice line, baals_error *err)
{
    (void)ctx;
    (void)line;
    return bl_fail(err, BAALS_IO, "gone");
}

/* An export is chunk lines and then the number of bytes; a client that is gone ends it. */
static void test_export(void **state)
{
    struct rpc_fixture f;
    size_t lines = 0;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    assert_status(rpc_fixture_error(&f, "export", ""), BAALS_MISUSE);
    f.rpc.notify = count_line;
    f.rpc.notify_ctx = &lines;
    const struct bl_json *result = rpc_fixture_call(&f, "export", "");
    assert_true(lines > 0);
    assert_non_null(bl_json_member(result, "bytes"));
    f.rpc.notify = refuse_line;
    assert_status(rpc_fixture_error(&f, "export", ""), BAALS_IO);
    rpc_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block),   cmocka_unit_test(test_headers), cmocka_unit_test(test_info),
        cmocka_unit_test(test_notices), cmocka_unit_test(test_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
