/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "baals/tx.h"
#include "rpc/json.h"
#include "rpc/trace_json.h"

/* Items as the library tells them, and what becomes of them. */
struct trace_fixture {
    struct bl_buffer out;
    struct bl_json_writer w;
    struct bl_trace_json json;
    struct bl_json_doc doc;
};

static void trace_open(struct trace_fixture *f)
{
    memset(f, 0, sizeof *f);
    bl_buffer_init(&f->out, bl_alloc_system(), 1 << 20);
    bl_jw_init(&f->w, &f->out);
    bl_trace_json_begin(&f->json, &f->w);
}

static void trace_tell(struct trace_fixture *f, baals_trace_item item)
{
    bl_trace_json_item(&f->json, &item);
}

static const struct bl_json *trace_read(struct trace_fixture *f)
{
    bl_trace_json_end(&f->json);
    assert_ok(bl_json_parse(&f->doc, bl_buffer_slice(&f->out), 1 << 20, NULL));
    return f->doc.root;
}

static void trace_close(struct trace_fixture *f)
{
    bl_json_free(&f->doc);
    bl_buffer_deinit(&f->out);
}

static const struct bl_json *trace_item(const struct bl_json *call, size_t index)
{
    return bl_json_at(bl_json_member(call, "items"), index);
}

static void trace_expect(const struct bl_json *object, const char *name, const char *expected)
{
    const char *text = bl_json_text(bl_json_member(object, name));
    if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", name, text == NULL ? "no text" : text, expected);
}

#define ENTER(depth_)                                                                              \
    (baals_trace_item)                                                                             \
    {                                                                                              \
        .kind = BAALS_TRACE_ENTER, .depth = (depth_), .entry = "call", .gas = 100,                 \
        .name = bl_slice_str("m"), .data = bl_slice_str("a"), .value = {                           \
            7                                                                                      \
        }                                                                                          \
    }
#define LEAVE(depth_, result_)                                                                     \
    (baals_trace_item)                                                                             \
    {                                                                                              \
        .kind = BAALS_TRACE_LEAVE, .depth = (depth_), .result = (result_), .gas = 60, .gas_own = 9 \
    }

/* Every kind of item has its members, and lists stand where they belong. */
static void test_items(void **state)
{
    struct trace_fixture f;
    const baals_event event = {.topic_count = 1, .data = bl_slice_str("d")};
    (void)state;
    trace_open(&f);
    trace_tell(&f, ENTER(1));
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_READ, .key = bl_slice_str("k")});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_WRITE,
                                      .key = bl_slice_str("k"),
                                      .found = 1,
                                      .old = bl_slice_str("o"),
                                      .data = bl_slice_str("n")});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_NEXT});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_EVENT, .event = &event});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_LOG, .data = bl_slice("a\0", 2)});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_TRANSFER,
                                      .value = {5},
                                      .result = BAALS_TRACE_INSUFFICIENT_FUNDS});
    trace_tell(&f, ENTER(2));
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_PLACE,
                                      .index = 3,
                                      .offset = UINT32_MAX,
                                      .name = bl_slice_str("g")});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_FUNCTION, .calls = 2, .gas = 51});
    baals_trace_item leave = LEAVE(2, BAALS_RECEIPT_REVERT);
    leave.trap = BAALS_TRAP_REVERT;
    leave.revert_code = 4;
    trace_tell(&f, leave);
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_SCAN, .key = bl_slice_str("p")});
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_FUNCTION, .calls = 1, .gas = 77});
    trace_tell(&f, LEAVE(1, BAALS_RECEIPT_OK));

    const struct bl_json *root = trace_read(&f);
    const struct bl_json *call = bl_json_at(bl_json_member(root, "calls"), 0);
    assert_false(bl_json_is_true(bl_json_member(root, "cut")));
    assert_int_equal(bl_json_count(bl_json_member(call, "items")), 8);
    trace_expect(call, "method", "m");
    trace_expect(call, "args", "61");
    trace_expect(call, "amount", "7");
    trace_expect(call, "status", "OK");
    trace_expect(call, "gas_entry", "9");
    assert_int_equal(bl_json_type(bl_json_member(trace_item(call, 0), "value")), BL_JSON_NULL);
    trace_expect(trace_item(call, 1), "old", "6f");
    trace_expect(trace_item(call, 1), "value", "6e");
    assert_null(bl_json_member(trace_item(call, 2), "key"));
    trace_expect(trace_item(call, 3), "data", "64");
    trace_expect(trace_item(call, 4), "text", "a\xef\xbf\xbd");
    trace_expect(trace_item(call, 5), "status", "INSUFFICIENT_FUNDS");
    const struct bl_json *inner = trace_item(call, 6);
    const struct bl_json *place = bl_json_at(bl_json_member(inner, "places"), 0);
    trace_expect(inner, "trap", "E-REVERT");
    trace_expect(place, "function", "g");
    assert_null(bl_json_member(place, "offset"));
    trace_expect(bl_json_at(bl_json_member(inner, "functions"), 0), "gas", "51");
    trace_expect(trace_item(call, 7), "prefix", "70");
    assert_int_equal(bl_json_count(bl_json_member(call, "functions")), 1);
    trace_expect(bl_json_at(bl_json_member(call, "functions"), 0), "gas", "77");
    trace_close(&f);
}

/* Calls as deep as they may be can be read again, in an answer and with values in them. */
static void test_depth(void **state)
{
    struct trace_fixture f;
    (void)state;
    trace_open(&f);
    for (uint32_t i = 1; i <= BL_CALL_DEPTH_MAX + 1; i++)
        trace_tell(&f, ENTER(i));
    trace_tell(&f, (baals_trace_item){.kind = BAALS_TRACE_CUT});
    for (uint32_t i = BL_CALL_DEPTH_MAX + 1; i >= 1; i--)
        trace_tell(&f, LEAVE(i, BAALS_RECEIPT_OK));
    const struct bl_json *root = trace_read(&f);
    assert_true(bl_json_is_true(bl_json_member(root, "cut")));
    size_t depth = 0;
    for (size_t i = 0; i < f.out.len && (f.out.data[i] == '{' || f.out.data[i] != '}'); i++)
        depth += f.out.data[i] == '{' || f.out.data[i] == '[' ? 1 : 0;
    assert_true(depth + 2 + BL_CBOR_DEPTH_MAX + 2 <= BL_JSON_DEPTH_MAX);
    trace_close(&f);
}

/* A transaction that runs no contract has an empty trace. */
static void test_nothing(void **state)
{
    struct trace_fixture f;
    (void)state;
    trace_open(&f);
    (void)trace_read(&f);
    assert_int_equal(f.out.len, strlen("{\"calls\":[],\"cut\":false}"));
    trace_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
