/* SPDX-License-Identifier: MIT */
/* Descriptions as JSON and as text. */
#include "cli/abi_show.h"

#include "abi_vectors.h"
#include "rpc/json.h"

/* Goal: the JSON is well-formed and has every part of the description. */
static void test_show_json(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_json_writer w;
    struct bl_buffer out;
    struct bl_json_doc doc = {0};
    struct cli_abi_module module = {.has_abi = true, .has_meta = true, .has_interface = true};
    abi_vectors_open(&v);
    module.abi = v.abi;
    module.interface = 1;
    module.meta = (struct cli_abi_meta){.name = "n", .version = "2", .has_source_hash = true};
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    bl_jw_init(&w, &out);
    cli_abi_show_json(&w, &module);
    assert_ok(bl_json_parse(&doc, bl_buffer_slice(&out), out.len, NULL));
    assert_string_equal(bl_json_text(bl_json_member(doc.root, "name")), "n");
    assert_int_equal(bl_json_count(bl_json_member(doc.root, "structs")), 2);
    const struct bl_json *methods = bl_json_member(doc.root, "methods");
    assert_int_equal(bl_json_count(methods), 4);
    assert_string_equal(bl_json_text(bl_json_member(bl_json_at(methods, 3), "returns")),
                        "Order[][]?[]");
    assert_null(bl_json_member(bl_json_at(methods, 2), "returns"));
    const struct bl_json *event = bl_json_at(bl_json_member(doc.root, "events"), 0);
    const struct bl_json *who = bl_json_at(bl_json_member(event, "fields"), 0);
    assert_true(bl_json_is_true(bl_json_member(who, "indexed")));
    const struct bl_json *last = bl_json_at(bl_json_member(doc.root, "errors"), 1);
    uint64_t code = 0;
    assert_true(bl_json_u64(&code, bl_json_member(last, "code")) && code == UINT32_MAX);
    bl_json_free(&doc);

    /* A module that says nothing is an empty object. */
    bl_buffer_clear(&out);
    bl_jw_init(&w, &out);
    module = (struct cli_abi_module){0};
    cli_abi_show_json(&w, &module);
    assert_int_equal(out.len, 2);
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: the text has signatures, kinds, doc texts by line, and every part. */
static void test_show_text(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "Every type there is.\nIn two lines.\n",
        "  init(a: amount)  [payable]\n",
        "  orders(list: Order[]?) -> Order[][]?[]  [view]\n      Lists of lists.\n",
        "(who: address indexed, id: bytes32 indexed, n: u64 indexed, rest: text[])\n",
        "  4294967295  last(x: hash?)\n      The last.\n",
        "\nStructs:\n  Pair(left: i32, right: u8?)\n      Two numbers.\n",
        "        by  who\n",
    };
    struct abi_vectors v;
    struct bl_buffer out;
    struct cli_abi_module module = {.has_abi = true};
    abi_vectors_open(&v);
    module.abi = v.abi;
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    cli_abi_show_text(&out, &module);
    bl_buffer_append_u8(&out, 0);
    for (size_t i = 0; i < BL_COUNT_OF(parts); i++) {
        if (strstr((const char *)out.data, parts[i]) == NULL)
            fail_msg("missing: %s in\n%s", parts[i], (const char *)out.data);
    }
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_show_json),
        cmocka_unit_test(test_show_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
