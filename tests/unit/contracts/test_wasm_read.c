/* SPDX-License-Identifier: MIT */
/* Readers: LEB128 at its edges, types, UTF-8, instructions with their immediates. */
#include <stdlib.h>
#include <string.h>

#include "contracts/wasm_internal.h"
#include "testlib_wasm.h"

struct read_case {
    const char *bytes;
    enum bl_wasm_code code;
    uint32_t at; /* where the cursor stands afterwards */
    int64_t value;
};

#define READ(bytes, code, at, value)                                                               \
    {                                                                                              \
        bytes, BL_WASM_CODE_##code, at, value                                                      \
    }

/* Unsigned 32 bits: longer forms, unused bits, the end. */
static void test_u32(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        READ("!00", OK, 1, 0),
        READ("!7f", OK, 1, 127),
        READ("!80 01", OK, 2, 128),
        READ("!80 00", OK, 2, 0),
        READ("!ff ff ff ff 0f", OK, 5, 4294967295),
        READ("!80 80 80 80 00", OK, 5, 0),
        READ("!ff ff ff ff 10", LEB_RANGE, 4, 0),
        READ("!80 80 80 80 80 00", LEB_LENGTH, 4, 0),
        READ("!", UNEXPECTED_END, 0, 0),
        READ("!80", UNEXPECTED_END, 1, 0),
        READ("!80 80 80 80", UNEXPECTED_END, 4, 0),
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, cases[i].bytes);
        struct bl_wasm_cursor cursor = {bytes, 0, (uint32_t)len};
        uint32_t value = 0;
        assert_int_equal(bl_wasm_read_u32(&value, &cursor), cases[i].code);
        assert_int_equal(cursor.at, cases[i].at);
        assert_int_equal(value, cases[i].value);
        free(bytes);
    }
}

/* Signed 32 bits: the sign repeats into the unused bits. */
static void test_s32(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        READ("!7f", OK, 1, -1),
        READ("!40", OK, 1, -64),
        READ("!3f", OK, 1, 63),
        READ("!ff 7f", OK, 2, -1),
        READ("!ff ff ff ff 07", OK, 5, INT32_MAX),
        READ("!80 80 80 80 78", OK, 5, INT32_MIN),
        READ("!ff ff ff ff 7f", OK, 5, -1),
        READ("!80 80 80 80 08", LEB_RANGE, 4, 0),
        READ("!80 80 80 80 70", LEB_RANGE, 4, 0),
        READ("!ff ff ff ff 4f", LEB_RANGE, 4, 0),
        READ("!ff ff ff ff ff 7f", LEB_LENGTH, 4, 0),
        READ("!ff", UNEXPECTED_END, 1, 0),
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, cases[i].bytes);
        struct bl_wasm_cursor cursor = {bytes, 0, (uint32_t)len};
        int32_t value = 0;
        assert_int_equal(bl_wasm_read_s32(&value, &cursor), cases[i].code);
        assert_int_equal(cursor.at, cases[i].at);
        assert_int_equal(value, cases[i].value);
        free(bytes);
    }
}

/* Signed 64 bits: ten bytes, one bit in the last. */
static void test_s64(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        READ("!7f", OK, 1, -1),
        READ("!ff ff ff ff ff ff ff ff ff 00", OK, 10, INT64_MAX),
        READ("!80 80 80 80 80 80 80 80 80 7f", OK, 10, INT64_MIN),
        READ("!ff ff ff ff ff ff ff ff ff 7f", OK, 10, -1),
        READ("!80 80 80 80 80 80 80 80 80 01", LEB_RANGE, 9, 0),
        READ("!80 80 80 80 80 80 80 80 80 7e", LEB_RANGE, 9, 0),
        READ("!80 80 80 80 80 80 80 80 80 80 00", LEB_LENGTH, 9, 0),
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, cases[i].bytes);
        struct bl_wasm_cursor cursor = {bytes, 0, (uint32_t)len};
        int64_t value = 0;
        assert_int_equal(bl_wasm_read_s64(&value, &cursor), cases[i].code);
        assert_int_equal(cursor.at, cases[i].at);
        assert_true(value == cases[i].value);
        free(bytes);
    }
}

/* Every type byte has one answer. */
static void test_types(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t bytes[1] = {(uint8_t)byte};
        struct bl_wasm_cursor cursor = {bytes, 0, 1};
        uint8_t type = 0;
        enum bl_wasm_code expected = BL_WASM_CODE_VALUE_TYPE;
        if (byte == 0x7f || byte == 0x7e)
            expected = BL_WASM_CODE_OK;
        else if (byte == 0x7d || byte == 0x7c)
            expected = BL_WASM_CODE_FLOAT;
        else if (byte == 0x7b)
            expected = BL_WASM_CODE_SIMD;
        else if (byte == 0x70 || byte == 0x6f)
            expected = BL_WASM_CODE_REFERENCE_TYPES;
        else if ((byte >= 0x63 && byte <= 0x6e) || (byte >= 0x71 && byte <= 0x74))
            expected = BL_WASM_CODE_GC;
        assert_int_equal(bl_wasm_read_type(&type, &cursor), expected);
        assert_int_equal(cursor.at, expected == BL_WASM_CODE_OK ? 1 : 0);
    }
}

/* UTF-8 as Unicode defines it. */
static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } cases[] = {
        {"!", true},
        {"!00 7f", true},
        {"!c2 80 df bf", true},
        {"!e0 a0 80 ed 9f bf ee 80 80 ef bf bf", true},
        {"!f0 90 80 80 f4 8f bf bf", true},
        {"!80", false},
        {"!c1 bf", false},
        {"!c2", false},
        {"!c2 00", false},
        {"!e0 9f bf", false},
        {"!ed a0 80", false},
        {"!e2 82", false},
        {"!f0 8f bf bf", false},
        {"!f4 90 80 80", false},
        {"!f5 80 80 80", false},
        {"!f0 90 80", false},
        {"!ff", false},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, cases[i].bytes);
        assert_int_equal(bl_wasm_utf8_valid(bl_slice(bytes, len)), cases[i].valid);
        free(bytes);
    }
}

static struct bl_wasm_instruction read_one(const char *text, enum bl_wasm_code expected)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    struct bl_wasm_cursor cursor = {bytes, 0, (uint32_t)len};
    struct bl_wasm_instruction instruction;
    const enum bl_wasm_code code = bl_wasm_read_instruction(&instruction, &cursor);
    if (code != expected)
        fail_msg("%s: %s", text, bl_wasm_code_name(code));
    if (code == BL_WASM_CODE_OK)
        assert_int_equal(cursor.at, len);
    free(bytes);
    return instruction;
}

/* Every kind of immediate is read whole. */
static void test_instructions(void **state)
{
    (void)state;
    struct bl_wasm_instruction i = read_one("!02 7e", BL_WASM_CODE_OK);
    assert_int_equal(i.block_type, BL_WASM_I64);
    i = read_one("!0e 02 80 00 01 02", BL_WASM_CODE_OK);
    assert_int_equal(i.index, 2);
    assert_int_equal(i.table, 2);
    i = read_one("!29 03 ff ff ff ff 0f", BL_WASM_CODE_OK);
    assert_int_equal(i.align, 3);
    assert_true(i.value == UINT32_MAX);
    i = read_one("!11 05 80 80 00", BL_WASM_CODE_OK);
    assert_int_equal(i.index, 5);
    i = read_one("!41 7f", BL_WASM_CODE_OK);
    assert_true(i.value == -1);
    i = read_one("!fc 8b 00 00", BL_WASM_CODE_OK); /* a long second part */
    assert_int_equal(i.op, BL_WASM_OP_MEMORY_FILL);
    i = read_one("!fc 08 03 00", BL_WASM_CODE_OK);
    assert_int_equal(i.op, BL_WASM_OP_MEMORY_INIT);
    assert_int_equal(i.index, 3);
    (void)read_one("!fc 0a 00 01", BL_WASM_CODE_MULTI_MEMORY);
    (void)read_one("!fc 0a 00", BL_WASM_CODE_UNEXPECTED_END);
    (void)read_one("!40 80 00", BL_WASM_CODE_MULTI_MEMORY);
    (void)read_one("!0e ff ff ff ff 0f 00", BL_WASM_CODE_UNEXPECTED_END);
    (void)read_one("!28 20 00", BL_WASM_CODE_ALIGNMENT);
    (void)read_one("!28 42 00 00", BL_WASM_CODE_MULTI_MEMORY);
    (void)read_one("!02 80 80 80 80 80 00", BL_WASM_CODE_LEB_LENGTH);
    (void)read_one("!02 7c", BL_WASM_CODE_FLOAT);
    (void)read_one("!", BL_WASM_CODE_UNEXPECTED_END);
}

/* Every byte string gives an instruction or a code, and the cursor stays in bounds. */
static void test_total(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(3);
    for (int round = 0; round < 20000; round++) {
        const size_t len = (size_t)testlib_rng_below(&rng, 12);
        uint8_t *bytes = malloc(len == 0 ? 1 : len);
        assert_non_null(bytes);
        testlib_rng_bytes(&rng, bytes, len);
        struct bl_wasm_cursor cursor = {bytes, 0, (uint32_t)len};
        struct bl_wasm_instruction instruction;
        const enum bl_wasm_code code = bl_wasm_read_instruction(&instruction, &cursor);
        assert_true(code != BL_WASM_CODE_OK || cursor.at > 0);
        assert_true(cursor.at <= len);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u32),   cmocka_unit_test(test_s32),
        cmocka_unit_test(test_s64),   cmocka_unit_test(test_types),
        cmocka_unit_test(test_utf8),  cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
