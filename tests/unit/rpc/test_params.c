/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "rpc/rpc_internal.h"

struct params_state {
    struct bl_json_doc doc;
    struct bl_arena arena;
    struct bl_rpc_call call;
    baals_error err;
};

static void begin(struct params_state *s, const char *text)
{
    memset(s, 0, sizeof *s);
    assert_ok(bl_json_parse(&s->doc, bl_slice_str(text), 4096, NULL));
    bl_arena_init(&s->arena, bl_alloc_system(), 4096);
    s->call = (struct bl_rpc_call){.params = s->doc.root, .arena = &s->arena};
}

static void end(struct params_state *s)
{
    bl_json_free(&s->doc);
    bl_arena_deinit(&s->arena);
}

/* Unknown and missing names are errors with the name; known ones may be absent. */
static void test_check(void **state)
{
    struct params_state s;
    (void)state;
    begin(&s, "{\"id\":1,\"wait\":2}");
    assert_ok(bl_rpc_params_check(s.call.params, "id! wait other", &s.err));
    assert_status(bl_rpc_params_check(s.call.params, "id!", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(s.err.message, "\"wait\""));
    assert_status(bl_rpc_params_check(s.call.params, "id wait tx!", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(s.err.message, "\"tx\""));
    assert_status(bl_rpc_params_check(s.call.params, "i wait", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_rpc_params_check(s.call.params, "", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_ok(bl_rpc_params_check(NULL, "wait", &s.err));
    assert_status(bl_rpc_params_check(NULL, "id!", &s.err), BAALS_MISUSE_ARGUMENT);
    end(&s);
}

/* Numbers are integers or decimal strings within the bound. */
static void test_numbers(void **state)
{
    struct params_state s;
    uint64_t value = 0;
    (void)state;
    begin(&s, "{\"a\":5,\"b\":\"18446744073709551615\",\"c\":-1,\"d\":1.0,\"e\":\"x\",\"f\":null,"
              "\"g\":[]}");
    assert_ok(bl_rpc_param_u64(&s.call, &value, "a", 0, 5, &s.err));
    assert_int_equal(value, 5);
    assert_ok(bl_rpc_param_u64(&s.call, &value, "b", 0, UINT64_MAX, &s.err));
    assert_true(value == UINT64_MAX);
    assert_ok(bl_rpc_param_u64(&s.call, &value, "f", 9, 9, &s.err));
    assert_int_equal(value, 9);
    assert_ok(bl_rpc_param_u64(&s.call, &value, "absent", 8, 8, &s.err));
    assert_int_equal(value, 8);
    assert_status(bl_rpc_param_u64(&s.call, &value, "a", 0, 4, &s.err), BAALS_MISUSE_ARGUMENT);
    static const char *const bad[] = {"c", "d", "e", "g"};
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        assert_status(bl_rpc_param_u64(&s.call, &value, bad[i], 0, 100, &s.err),
                      BAALS_MISUSE_ARGUMENT);
    assert_int_equal(value, 8);
    end(&s);
}

/* Bytes are an even number of hex digits; absent is empty. */
static void test_bytes(void **state)
{
    struct params_state s;
    baals_slice bytes;
    (void)state;
    begin(&s, "{\"a\":\"00Ff\",\"b\":\"0\",\"c\":\"zz\",\"d\":5,\"e\":\"\"}");
    assert_ok(bl_rpc_param_bytes(&s.call, &bytes, "a", &s.err));
    assert_true(bl_slice_equal(bytes, bl_slice("\x00\xff", 2)));
    assert_ok(bl_rpc_param_bytes(&s.call, &bytes, "e", &s.err));
    assert_int_equal(bytes.len, 0);
    assert_ok(bl_rpc_param_bytes(&s.call, &bytes, "absent", &s.err));
    assert_int_equal(bytes.len, 0);
    assert_status(bl_rpc_param_bytes(&s.call, &bytes, "b", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_rpc_param_bytes(&s.call, &bytes, "c", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_rpc_param_bytes(&s.call, &bytes, "d", &s.err), BAALS_MISUSE_ARGUMENT);
    end(&s);
}

/* Hashes and addresses are checked, and the error names the parameter. */
static void test_names_in_errors(void **state)
{
    struct params_state s;
    baals_hash hash;
    baals_address address;
    const char *text;
    (void)state;
    begin(&s, "{\"h\":\"AB\",\"a\":\"bl1\",\"t\":1}");
    assert_status(bl_rpc_param_hash(&s.call, &hash, "h", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(s.err.message, "\"h\""));
    assert_status(bl_rpc_param_address(&s.call, &address, "a", &s.err), BAALS_MISUSE_ADDRESS);
    assert_non_null(strstr(s.err.message, "\"a\""));
    assert_status(bl_rpc_param_text(&s.call, &text, "t", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(s.err.message, "\"t\""));
    assert_status(bl_rpc_param_text(&s.call, &text, "u", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(s.err.message, "absent"));
    end(&s);
}

/* Only true and false are flags; an absent one is false. */
static void test_flags(void **state)
{
    struct params_state s;
    bool flag = true;
    (void)state;
    begin(&s, "{\"yes\":true,\"no\":false,\"null\":null,\"one\":1,\"text\":\"true\"}");
    assert_ok(bl_rpc_param_bool(&s.call, &flag, "no", &s.err));
    assert_false(flag);
    assert_ok(bl_rpc_param_bool(&s.call, &flag, "yes", &s.err));
    assert_true(flag);
    assert_ok(bl_rpc_param_bool(&s.call, &flag, "null", &s.err));
    assert_false(flag);
    assert_ok(bl_rpc_param_bool(&s.call, &flag, "absent", &s.err));
    assert_false(flag);
    assert_status(bl_rpc_param_bool(&s.call, &flag, "one", &s.err), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_rpc_param_bool(&s.call, &flag, "text", &s.err), BAALS_MISUSE_ARGUMENT);
    end(&s);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),           cmocka_unit_test(test_flags),
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_names_in_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
