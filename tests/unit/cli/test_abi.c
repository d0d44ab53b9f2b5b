/* SPDX-License-Identifier: MIT */
/* Decoding of descriptions, by the vectors, and of the sections of modules. */
#include <stdlib.h>
#include <string.h>

#include "cli/abi.h"
#include "testlib_json.h"
#include "testlib_wasm.h"

static void abi_arena(struct bl_arena *arena)
{
    bl_arena_init(arena, bl_alloc_system(), (size_t)64 * 1024 * 1024);
}

/* Goal: every section of the vectors is accepted, and every refused one refused as E-CODE. */
static void test_abi_vectors(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/abi.json"));
    static const char *const lists[] = {"sections", "reject"};
    for (size_t list = 0; list < 2; list++) {
        const struct testlib_json *cases = testlib_json_get(file, lists[list]);
        assert_true(testlib_json_count(cases) > 3);
        for (size_t i = 0; i < testlib_json_count(cases); i++) {
            const struct testlib_json *row = testlib_json_at(cases, i);
            size_t len;
            uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "section"));
            struct bl_arena arena;
            struct cli_abi abi;
            baals_error err;
            abi_arena(&arena);
            baals_status status = cli_abi_decode(&abi, &arena, bl_slice(bytes, len), &err);
            if (status != (list == 0 ? BAALS_OK : BAALS_REJECT_CODE))
                fail_msg("%s: %s", testlib_json_text(testlib_json_get(row, "name")),
                         baals_status_name(status));
            if (list == 1)
                assert_true(err.offset <= len && strstr(err.message, "baals_abi") != NULL);
            bl_arena_deinit(&arena);
            free(bytes);
        }
    }
    testlib_json_free(file);
}

/* Goal: what is decoded is what was described. */
static void test_abi_contents(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/abi.json"));
    const struct testlib_json *row = testlib_json_at(testlib_json_get(file, "sections"), 1);
    size_t len;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "section"));
    struct bl_arena arena;
    struct cli_abi abi;
    abi_arena(&arena);
    assert_ok(cli_abi_decode(&abi, &arena, bl_slice(bytes, len), NULL));
    free(bytes);
    assert_int_equal(abi.struct_count, 2);
    assert_int_equal(abi.structs[1].depth, 3);
    const struct cli_abi_method *orders = cli_abi_method_find(&abi, "orders");
    assert_non_null(orders);
    assert_int_equal(orders->kind, CLI_ABI_VIEW);
    assert_string_equal(cli_abi_kind_name(orders->kind), "view");
    assert_int_equal(orders->returns.base, CLI_ABI_STRUCT);
    assert_int_equal(orders->returns.suffix_count, 4);
    assert_memory_equal(orders->returns.suffixes, "[[?[", 4);
    const struct cli_abi_method *many = cli_abi_method_find(&abi, "many");
    assert_non_null(many);
    assert_int_equal(many->args.items[12].type.base, CLI_ABI_BYTES_N);
    assert_int_equal(many->args.items[12].type.size, 1024);
    assert_null(cli_abi_method_find(&abi, "man"));

    baals_hash topic;
    memset(topic.bytes, 'e', sizeof topic.bytes);
    assert_ptr_equal(cli_abi_event_find(&abi, &topic), &abi.events[0]);
    topic.bytes[31] = 0;
    assert_null(cli_abi_event_find(&abi, &topic));
    assert_true(abi.events[0].fields.items[2].indexed && !abi.events[0].fields.items[3].indexed);
    assert_string_equal(cli_abi_error_find(&abi, UINT32_MAX)->name, "last");
    assert_null(cli_abi_error_find(&abi, 3));
    bl_arena_deinit(&arena);
    testlib_json_free(file);
}

static baals_status abi_of_module(struct cli_abi_module *out, const char *text, baals_error *err)
{
    struct bl_arena arena;
    size_t len;
    uint8_t *bytes = testlib_wasm(&len, text);
    abi_arena(&arena);
    baals_status status = cli_abi_decode_module(out, &arena, bl_slice(bytes, len), err);
    bl_arena_deinit(&arena);
    free(bytes);
    return status;
}

/* Goal: the three sections are found wherever they stand, once each; others are left alone. */
static void test_abi_modules(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        baals_status status;
        bool abi, meta, interface;
    } rows[] = {
        {"", BAALS_OK, false, false, false},
        {"0: 'baals_abi' 86 01 60 80 80 80 80;", BAALS_OK, true, false, false},
        {"0: 'baals_env' 01;", BAALS_OK, false, false, true},
        {"0: 'baals_env' 18 20;", BAALS_OK, false, false, true},
        {"0: 'baals_meta' 83 61 61 61 31 f6;", BAALS_OK, false, true, false},
        {"0: 'name' ff; 0: 'baals_env' 01; 1: 01 60 00 00; 0: 'baals_abi' 86 01 60 80 80 80 80;",
         BAALS_OK, true, false, true},
        {"0: 'baals_abi' 86 01 60 80 80 80 80; 0: 'baals_abi' 86 01 60 80 80 80 80;",
         BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_env' 01; 0: 'baals_env' 01;", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_env';", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_env' 20;", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_env' 01 01;", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_meta' 82 60 60;", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_meta' 83 60 60 41 00;", BAALS_REJECT_CODE, false, false, false},
        {"0: 'baals_meta' 83 60 60 f6 00;", BAALS_REJECT_CODE, false, false, false},
        {"0: 05;", BAALS_REJECT_CODE, false, false, false},
        {"0:;", BAALS_REJECT_CODE, false, false, false},
        {"! 00 61 73 6d 01 00 00 00 00 05 00", BAALS_REJECT_CODE, false, false, false},
        {"! 00 61 73 6d 01 00 00 00 00", BAALS_REJECT_CODE, false, false, false},
        {"! 00 61 73 6d 01 00 00 00 00 ff ff ff ff ff 01", BAALS_REJECT_CODE, false, false, false},
        {"! 00 61 73 6d 02 00 00 00", BAALS_REJECT_CODE, false, false, false},
        {"! 00 61 73", BAALS_REJECT_CODE, false, false, false},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct cli_abi_module module = {0};
        baals_error err;
        if (abi_of_module(&module, rows[i].text, &err) != rows[i].status)
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_int_equal(module.has_abi, rows[i].abi);
        assert_int_equal(module.has_meta, rows[i].meta);
        assert_int_equal(module.has_interface, rows[i].interface);
    }
}

/* Goal: any single wrong byte of a description is decoded or refused, with a place inside it. */
static void test_abi_flipped(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/abi.json"));
    const struct testlib_json *row = testlib_json_at(testlib_json_get(file, "sections"), 1);
    size_t len;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "section"));
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct bl_arena arena;
        struct cli_abi abi;
        baals_error err;
        abi_arena(&arena);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        baals_status status = cli_abi_decode(&abi, &arena, bl_slice(bytes, len), &err);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_true(status == BAALS_OK || (status == BAALS_REJECT_CODE && err.offset <= len));
        refused += status == BAALS_OK ? 0 : 1;
        bl_arena_deinit(&arena);
    }
    assert_true(refused > len);
    free(bytes);
    testlib_json_free(file);
}

/* Goal: memory that ends is said, at whichever allocation. */
static void test_abi_memory(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/abi.json"));
    const struct testlib_json *row = testlib_json_at(testlib_json_get(file, "sections"), 1);
    size_t len;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "section"));
    baals_status status = BAALS_NOMEM;
    for (uint64_t fail_at = 1; status != BAALS_OK; fail_at++) {
        struct testlib_faulty_alloc faulty = {.fail_at = fail_at, .repeat = 1};
        struct bl_arena arena;
        struct cli_abi abi;
        bl_arena_init(&arena, testlib_faulty_alloc(&faulty), SIZE_MAX);
        status = cli_abi_decode(&abi, &arena, bl_slice(bytes, len), NULL);
        assert_true(status == BAALS_OK || status == BAALS_NOMEM);
        bl_arena_deinit(&arena);
        assert_int_equal(faulty.live, 0);
    }
    free(bytes);
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abi_vectors), cmocka_unit_test(test_abi_contents),
        cmocka_unit_test(test_abi_modules), cmocka_unit_test(test_abi_flipped),
        cmocka_unit_test(test_abi_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
