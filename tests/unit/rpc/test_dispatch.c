/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include "rpc_fixture.h"

static int64_t code_of(const struct bl_json *answer)
{
    uint64_t value = 0;
    const struct bl_json *code = bl_json_member(bl_json_member(answer, "error"), "code");
    struct bl_buffer text;
    assert_non_null(code);
    if (bl_json_u64(&value, code))
        return (int64_t)value;
    /* Negative: read from its text. */
    bl_buffer_init(&text, bl_alloc_system(), 64);
    bl_json_dump(&text, code);
    assert_true(text.len > 1 && text.data[0] == '-');
    assert_true(bl_u64_parse(&value, (const char *)text.data + 1, text.len - 1));
    bl_buffer_deinit(&text);
    return -(int64_t)value;
}

/* Faults of the envelope have the codes of JSON-RPC. */
static void test_envelope(void **state)
{
    static const struct {
        const char *message;
        int64_t code;
    } rows[] = {
        {"", -32700},
        {"{\"a\":1,\"a\":2}", -32700},
        {"7", -32600},
        {"[]", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"chain_info\"}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_info\",\"params\":[1]}", -32600},
        {"{\"jsonrpc\":\"2\",\"id\":1,\"method\":\"chain_info\"}", -32600},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no\"}", -32601},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_info\",\"params\":{\"x\":0}}",
         BAALS_MISUSE_ARGUMENT},
    };
    struct rpc_fixture f;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++)
        assert_int_equal(code_of(rpc_fixture_send(&f, rows[i].message)), rows[i].code);
    rpc_fixture_close(&f);
}

/* Notifications, alone and in batches, are not answered; the rest of a batch is. */
static void test_batch(void **state)
{
    struct rpc_fixture f;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    assert_null(rpc_fixture_send(&f, "{\"jsonrpc\":\"2.0\",\"method\":\"chain_info\"}"));
    assert_null(rpc_fixture_send(&f, "[{\"jsonrpc\":\"2.0\",\"method\":\"no\"}]"));
    const struct bl_json *answers =
        rpc_fixture_send(&f, "[{\"jsonrpc\":\"2.0\",\"method\":\"chain_info\"},"
                             "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"chain_info\"},5,"
                             "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no\"}]");
    assert_int_equal(bl_json_count(answers), 3);
    rpc_fixture_expect_text(bl_json_at(answers, 0), "id", "a");
    assert_int_equal(code_of(bl_json_at(answers, 1)), -32600);
    assert_int_equal(code_of(bl_json_at(answers, 2)), -32601);
    rpc_fixture_close(&f);
}

/* A method that fails after it wrote leaves nothing of its result in the answer. */
static void test_failure_is_whole(void **state)
{
    struct rpc_fixture f;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    const struct bl_json *answer = rpc_fixture_send(
        &f, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"receipt_get\",\"params\":{\"id\":"
            "\"0000000000000000000000000000000000000000000000000000000000000000\"}}");
    assert_int_equal(code_of(answer), BAALS_NOTFOUND);
    assert_null(bl_json_member(answer, "result"));
    rpc_fixture_expect_u64(answer, "id", 3);
    rpc_fixture_expect_text(bl_json_member(bl_json_member(answer, "error"), "data"), "code",
                            "E-NOT-FOUND");
    rpc_fixture_close(&f);
}

/* The list has every method once, in order, and each is found by its name. */
static void test_list(void **state)
{
    const struct bl_rpc_method_info *info;
    const char *before = "";
    size_t count = 0;
    (void)state;
    for (; (info = bl_rpc_method_at(count)) != NULL; count++) {
        assert_true(strcmp(before, info->name) < 0);
        assert_ptr_equal(&bl_rpc_method_find(info->name)->info, info);
        assert_true(info->summary[0] != '\0');
        before = info->name;
    }
    assert_int_equal(count, bl_rpc_methods_chain_count + bl_rpc_methods_state_count +
                                bl_rpc_methods_tx_count);
    assert_null(bl_rpc_method_find("chain_inf"));
}

/* Every allocation that answering makes fails once: an error or a whole answer, and no leak. */
static void test_no_memory(void **state)
{
    struct rpc_fixture f;
    static const char message[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_info\"},"
                                  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"code_check\","
                                  "\"params\":{\"code\":\"00112233\"}}]";
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k, .repeat = 1};
        struct bl_buffer out;
        f.rpc.alloc = testlib_faulty_alloc(&faulty);
        bl_buffer_init(&out, f.rpc.alloc, BL_RPC_RESPONSE_MAX);
        bl_rpc_handle(&f.rpc, bl_slice_str(message), &out);
        bl_buffer_deinit(&out);
        assert_true(faulty.live == 0);
        if (faulty.calls < k)
            break;
    }
    f.rpc.alloc = bl_alloc_system();
    rpc_fixture_close(&f);
}

/* A batch has 1 to 100 requests; one more is refused whole. */
static void test_batch_limit(void **state)
{
    struct rpc_fixture f;
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no\"}";
    static char message[(BL_RPC_BATCH_MAX + 1) * sizeof request + 3];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (size_t count = BL_RPC_BATCH_MAX; count <= BL_RPC_BATCH_MAX + 1; count++) {
        size_t len = 0;
        for (size_t i = 0; i < count; i++)
            len += (size_t)snprintf(message + len, sizeof message - len, "%c%s", i == 0 ? '[' : ',',
                                    request);
        snprintf(message + len, sizeof message - len, "]");
        const struct bl_json *answer = rpc_fixture_send(&f, message);
        if (count == BL_RPC_BATCH_MAX)
            assert_int_equal(bl_json_count(answer), BL_RPC_BATCH_MAX);
        else
            assert_int_equal(code_of(answer), -32600);
    }
    rpc_fixture_close(&f);
}

/* When memory ends for a moment within a batch, the output says that it failed or is whole. */
static void test_no_memory_in_batch(void **state)
{
    struct rpc_fixture f;
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_info\",\"params\":{\"x\":1}}";
    static char message[64 * sizeof request + 3];
    size_t len = 0;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (size_t i = 0; i < 64; i++)
        len += (size_t)snprintf(message + len, sizeof message - len, "%c%s", i == 0 ? '[' : ',',
                                request);
    snprintf(message + len, sizeof message - len, "]");
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k};
        struct bl_json_doc doc = {0};
        struct bl_buffer out;
        bl_buffer_init(&out, testlib_faulty_alloc(&faulty), BL_RPC_RESPONSE_MAX);
        bl_rpc_handle(&f.rpc, bl_slice_str(message), &out);
        if (!out.failed) {
            assert_ok(bl_json_parse(&doc, bl_buffer_slice(&out), BL_RPC_RESPONSE_MAX, NULL));
            assert_int_equal(bl_json_count(doc.root), 64);
            bl_json_free(&doc);
        }
        bl_buffer_deinit(&out);
        if (faulty.calls < k)
            break;
    }
    rpc_fixture_close(&f);
}

/* However little room the output has, it is whole or it says that it failed. */
static void test_full_output(void **state)
{
    struct rpc_fixture f;
    static const char message[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"chain_info\",\"params\":"
        "{\"a_long_name_of_a_parameter_that_there_is_not\":1}},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"chain_info\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nonce_next\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"pending_clear\"}]";
    size_t whole = 0, limit = 0;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (; whole == 0 && limit < 4096; limit++) {
        struct bl_buffer out;
        struct bl_json_doc doc = {0};
        bl_buffer_init(&out, f.rpc.alloc, limit);
        bl_rpc_handle(&f.rpc, bl_slice_str(message), &out);
        if (!out.failed) {
            if (bl_json_parse(&doc, bl_buffer_slice(&out), limit, NULL) != BAALS_OK)
                fail_msg("with room for %zu: %.*s", limit, (int)out.len, (const char *)out.data);
            assert_int_equal(bl_json_count(doc.root), 4);
            whole += bl_json_member(bl_json_at(doc.root, 1), "result") != NULL;
            bl_json_free(&doc);
        }
        bl_buffer_deinit(&out);
    }
    assert_int_equal(whole, 1);
    rpc_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),         cmocka_unit_test(test_batch),
        cmocka_unit_test(test_failure_is_whole), cmocka_unit_test(test_list),
        cmocka_unit_test(test_no_memory),        cmocka_unit_test(test_batch_limit),
        cmocka_unit_test(test_full_output),      cmocka_unit_test(test_no_memory_in_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
