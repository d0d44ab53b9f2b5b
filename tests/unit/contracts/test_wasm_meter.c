/* SPDX-License-Identifier: MIT */
/*
 * Metered bodies byte for byte: where blocks begin, what they are charged, the stack guard and who
 * is exempt, the calls to the helpers, shortest encodings.
 */
#include <stdlib.h>
#include <string.h>

#include "contracts/wasm_internal.h"
#include "testlib_wasm.h"

static const struct bl_wasm_imports meter_imports;

/* Without globals of its own a module's gas counter is global 0, its stack counter global 1. */
#define CHECK_GAS "23 00 42 00 53 04 40 00 0b "
#define CHARGE(cost) "23 00 42 " cost " 7d 24 00 " CHECK_GAS
#define GUARD(f) "23 01 41 " f " 6b 24 01 23 01 41 00 48 04 40 00 0b "
#define LEAVE(f) "23 01 41 " f " 6a 24 01 0b"
#define F64 "c0 00"

/* Instruments a module and compares the body of function `index` with `expected`. */
static void assert_body(const char *module_text, uint32_t index, const char *expected)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &meter_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    size_t len = 0;
    size_t body_len = 0;
    uint8_t *bytes = testlib_wasm(&len, module_text);
    char raw[4096];
    (void)snprintf(raw, sizeof raw, "!%s", expected);
    uint8_t *body = testlib_wasm(&body_len, raw);
    struct bl_arena arena;
    struct bl_buffer out;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
    assert_ok(bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(1), &arena, NULL));
    const struct bl_wasm_function *f = &info.module->functions[index];
    const uint8_t *written = out.data + f->body_offset;
    const size_t written_len = f->code_offset - f->body_offset + f->code_len;
    if (written_len != body_len || memcmp(written, body, body_len) != 0) {
        char hex[2048];
        bl_hex_encode(hex, written, written_len < 1000 ? written_len : 1000);
        fail_msg("%s: %s", module_text, hex);
    }
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
    free(body);
    free(bytes);
}

#define HEAD "1: 01 60 00 00; 3: 01 00; 5: 01 00 01;"
#define CODE(code) HEAD "a: 01 [00 " code " 0b];"
#define TABLE_CODE(code)                                                                           \
    "1: 01 60 00 00; 3: 01 00; 4: 01 70 00 01; 5: 01 00 01; a: 01 [00 " code " 0b];"

/* Each instruction ends, begins or passes a block as docs/spec/gas.md says. */
static void test_blocks(void **state)
{
    (void)state;
    /* Entering costs 6 + 64 / 16 even where there is nothing to do. */
    assert_body(CODE(""), 0, "00 " CHARGE("0a") "0b");
    assert_body(CODE("01"), 0, "00 " CHARGE("0b") "01 0b");
    /* br ends a block; so does the end it targets; the empty block between is not charged. */
    assert_body(CODE("02 40 0c 00 0b 01"), 0,
                "00 " CHARGE("0e") "02 40 0c 00 0b " CHARGE("01") "01 0b");
    /* An end that nothing targets does not. */
    assert_body(CODE("02 40 01 0b 01"), 0, "00 " CHARGE("0c") "02 40 01 0b 01 0b");
    /* A branch through a block targets the outer one only. */
    assert_body(
        CODE("02 40 02 40 0c 01 01 0b 01 0b 01"), 0,
        "00 " CHARGE("0e") "02 40 02 40 0c 01 " CHARGE("02") "01 0b 01 0b " CHARGE("01") "01 0b");
    /* A loop begins a block, charged inside so that each turn pays; its end does not end it. */
    assert_body(CODE("01 03 40 01 0b 01"), 0,
                "00 " CHARGE("0b") "01 03 40 " CHARGE("02") "01 0b 01 0b");
    /* br_if pays before it decides; falling through begins a block. */
    assert_body(CODE("03 40 41 00 0d 00 0b 01"), 0,
                "00 " CHARGE("0b") "03 40 " CHARGE("05") "41 00 0d 00 " CHARGE("01") "0b 01 0b");
    /* if, else and the end of an if. */
    assert_body(CODE("41 00 04 40 01 05 01 01 0b 01"), 0,
                "00 " CHARGE("10") "41 00 04 40 " CHARGE("01") "01 05 " CHARGE(
                    "02") "01 01 0b " CHARGE("01") "01 0b");
    assert_body(CODE("41 00 04 40 01 0b 01"), 0,
                "00 " CHARGE("10") "41 00 04 40 " CHARGE("01") "01 0b " CHARGE("01") "01 0b");
    /* Code behind return and unreachable is metered as any other. */
    assert_body(CODE("0f 01"), 0, "00 " CHARGE("0e") "0f " CHARGE("01") "01 0b");
    assert_body(CODE("00 01"), 0, "00 " CHARGE("0b") "00 " CHARGE("01") "01 0b");
    /* br to the function's own label ends a block; the final end needs no charge behind it. */
    assert_body(CODE("0c 00"), 0, "00 " CHARGE("0e") "0c 00 0b");
    /* br_table: 6 and one for its three targets; all its labels are targets. */
    assert_body(CODE("02 40 02 40 41 00 0e 03 00 01 00 02 0b 01 0b 01"), 0,
                "00 " CHARGE("13") "02 40 02 40 41 00 0e 03 00 01 00 02 0b " CHARGE(
                    "01") "01 0b " CHARGE("01") "01 0b");
}

/* A body with a call is wrapped: guard, block, and return as a branch out of it. */
static void test_guard(void **state)
{
    (void)state;
    assert_body(CODE("10 00"), 0, "00 " CHARGE("16") GUARD(F64) "02 40 10 00 0b " LEAVE(F64));
    assert_body(CODE("02 40 0f 0b 10 00"), 0,
                "00 " CHARGE("0e")
                    GUARD(F64) "02 40 02 40 0c 01 " CHARGE("0c") "0b 10 00 0b " LEAVE(F64));
    /* A branch to the function's label keeps its depth. */
    assert_body(CODE("02 40 0c 01 0b 10 00"), 0,
                "00 " CHARGE("0e")
                    GUARD(F64) "02 40 02 40 0c 01 " CHARGE("0c") "0b 10 00 0b " LEAVE(F64));
    /* The wrapper carries the result; call costs 12 and its parameters. */
    assert_body("1: 01 60 02 7f 7e 01 7e; 3: 01 00; 5: 01 00 01; a: 01 [00 20 00 20 01 10 00 0b];",
                0, "00 " CHARGE("1c") GUARD("e0 00") "02 7e 20 00 20 01 10 00 0b " LEAVE("e0 00"));
    /* call_indirect: 24, and the table index becomes one byte. */
    assert_body(TABLE_CODE("41 00 11 00 80 80 00"), 0,
                "00 " CHARGE("24") GUARD("c8 00") "02 40 41 00 11 00 00 0b " LEAVE("c8 00"));
}

/* F = 512 without calls is exempt, F = 520 is not; a call takes the exemption away. */
static void test_exemption(void **state)
{
    (void)state;
    assert_body(HEAD "a: 01 [01 38 7f 0b];", 0, "01 38 7f " CHARGE("26") "0b");
    assert_body(HEAD "a: 01 [01 39 7f 0b];", 0,
                "01 39 7f " CHARGE("27") GUARD("88 04") "02 40 0b " LEAVE("88 04"));
    assert_body(HEAD "a: 01 [00 00 10 00 0b];", 0,
                "00 " CHARGE("0b") GUARD(F64) "02 40 00 " CHARGE("0c") "10 00 0b " LEAVE(F64));
}

/* memory.grow becomes a call; bulk instructions are preceded by one. */
static void test_helper_calls(void **state)
{
    (void)state;
    assert_body(CODE("41 00 40 00 1a"), 0, "00 " CHARGE("d5 01") "41 00 10 01 1a 0b");
    assert_body(CODE("41 00 41 00 41 00 fc 0b 00"), 0,
                "00 " CHARGE("37") "41 00 41 00 41 00 10 01 fc 0b 00 0b");
    assert_body(CODE("41 00 41 00 41 00 fc 0a 00 00"), 0,
                "00 " CHARGE("37") "41 00 41 00 41 00 10 01 fc 0a 00 00 0b");
    /* With both helpers the grow helper comes first. data.drop costs as a bulk instruction. */
    assert_body(
        HEAD "c: 01; a: 01 [00 41 00 40 00 1a 41 00 41 00 41 00 fc 08 00 00 fc 09 00 0b];"
             "b: 01 01 00;",
        0, "00 " CHARGE("a9 02") "41 00 10 01 1a 41 00 41 00 41 00 10 02 fc 08 00 00 fc 09 00 0b");
}

/* The helpers themselves; the module's maximum stands in the first. */
static void test_helpers(void **state)
{
    (void)state;
    assert_body("1: 01 60 00 00; 3: 01 00; 5: 01 01 01 03; a: 01 [00 41 00 40 00 1a 0b];", 1,
                "00 20 00 41 03 3f 00 6b 4b 04 40 41 7f 0f 0b "
                "23 00 20 00 ad 42 80 20 7e 7d 24 00 " CHECK_GAS "20 00 40 00 22 00 41 7f 46 04 40 "
                "42 80 80 80 80 80 80 80 80 80 7f 24 00 00 0b 20 00 0b");
    assert_body(CODE("41 00 41 00 41 00 fc 0b 00"), 1,
                "00 23 00 20 00 ad 42 07 7c 42 08 80 7d 24 00 " CHECK_GAS "20 00 0b");
}

/* Longer integers are written in their shortest form; runs of locals stay as they are. */
static void test_shortest(void **state)
{
    (void)state;
    assert_body(
        HEAD "a: 01 [82 00 81 00 7f 80 00 7e 41 ff ff ff ff 7f 1a 42 80 80 00 1a"
             " 42 *9{ff} 7f 1a"
             " 20 80 00 1a 41 00 28 80 00 88 80 00 1a 0b];",
        0,
        "02 01 7f 00 7e " CHARGE("17") "41 7f 1a 42 00 1a 42 7f 1a 20 00 1a 41 00 28 00 08 1a 0b");
}

/* Written integers are read back, and no byte less would do. */
static void test_written_integers(void **state)
{
    (void)state;
    static const int64_t values[] = {0,         1,         -1,           63,
                                     64,        -64,       -65,          8191,
                                     8192,      INT32_MAX, INT32_MIN,    (int64_t)UINT32_MAX,
                                     INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < BL_COUNT_OF(values); i++) {
        struct bl_buffer out;
        bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
        bl_wasm_write_s64(&out, values[i]);
        struct bl_wasm_cursor cursor = {out.data, 0, (uint32_t)out.len};
        int64_t back = 0;
        assert_int_equal(bl_wasm_read_s64(&back, &cursor), BL_WASM_CODE_OK);
        assert_true(back == values[i]);
        assert_int_equal(cursor.at, out.len);
        if (out.len > 1) {
            /* A last byte that only repeats the sign would be one too many. */
            const uint8_t last = out.data[out.len - 1];
            const uint8_t before = out.data[out.len - 2];
            assert_false(last == 0x00 && (before & 0x40) == 0);
            assert_false(last == 0x7f && (before & 0x40) != 0);
        }
        bl_buffer_clear(&out);
        bl_wasm_write_u32(&out, (uint32_t)values[i]);
        cursor = (struct bl_wasm_cursor){out.data, 0, (uint32_t)out.len};
        uint32_t word = 0;
        assert_int_equal(bl_wasm_read_u32(&word, &cursor), BL_WASM_CODE_OK);
        assert_int_equal(word, (uint32_t)values[i]);
        assert_true(out.len == 1 || out.data[out.len - 1] != 0);
        bl_buffer_deinit(&out);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),           cmocka_unit_test(test_guard),
        cmocka_unit_test(test_exemption),        cmocka_unit_test(test_helper_calls),
        cmocka_unit_test(test_helpers),          cmocka_unit_test(test_shortest),
        cmocka_unit_test(test_written_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
