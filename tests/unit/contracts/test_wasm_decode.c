/* SPDX-License-Identifier: MIT */
/*
 * The decoder: every code is provoked by a module whose place of fault is known, every limit holds
 * at its number and not above, and no damage to a valid module crashes it.
 */
#include "contracts/wasm.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "testlib_wasm.h"

static const struct bl_wasm_import_spec decode_specs[] = {
    {"host", "none", ":"},
    {"host", "take", "il:"},
    {"host", "give", "i:l"},
};
static const struct bl_wasm_imports decode_imports = {decode_specs, BL_COUNT_OF(decode_specs)};

/* Types 0: () -> (), function 0 of it, one page of memory, an empty body. */
#define T "1: 01 60 00 00;"
#define F "3: 01 00;"
#define M "5: 01 00 01;"
#define C "a: 01 [00 0b];"
/* A module with one function of type () -> () and that code. */
#define BODY(code) T F M "a: 01 [00 " code " 0b];"
/* The same with a table of 4 entries. */
#define TABLE_BODY(code) T F "4: 01 70 00 04;" M "a: 01 [00 " code " 0b];"
/* A module with a memory and one other section, in order. */
#define LATE(section) M section
#define NONE BL_WASM_NONE
#define NO_OP BL_WASM_NO_OPCODE

struct decode_case {
    enum bl_wasm_code code;
    uint32_t offset;
    uint32_t function;
    uint16_t opcode;
    const char *module;
};

#define CASE(code, ...)                                                                            \
    {                                                                                              \
        BL_WASM_CODE_##code, __VA_ARGS__                                                           \
    }

static const struct decode_case decode_cases[] = {
    CASE(MAGIC, 0, NONE, NO_OP, "!00 61 73 6e 01 00 00 00"),
    CASE(MAGIC, 0, NONE, NO_OP, "!"),
    CASE(MAGIC, 0, NONE, NO_OP, "!00 61 73"),
    CASE(VERSION, 4, NONE, NO_OP, "!00 61 73 6d 02 00 00 00"),
    CASE(VERSION, 4, NONE, NO_OP, "!00 61 73 6d 0d 00 01 00"),
    CASE(VERSION, 4, NONE, NO_OP, "!00 61 73 6d 01"),
    CASE(UNEXPECTED_END, 9, NONE, NO_OP, "!00 61 73 6d 01 00 00 00 01"),
    CASE(UNEXPECTED_END, 10, NONE, NO_OP, "!00 61 73 6d 01 00 00 00 01 05"),
    CASE(UNEXPECTED_END, 11, NONE, NO_OP, "1: 02;"),
    CASE(UNEXPECTED_END, 31, 0, NO_OP, BODY("02 40")),
    CASE(UNEXPECTED_END, 31, 0, 0x0e, BODY("41 00 0e ff 01")),
    CASE(LEB_LENGTH, 14, NONE, NO_OP, "1: 80 80 80 80 80 00;"),
    CASE(LEB_LENGTH, 33, 0, 0x41, BODY("41 80 80 80 80 80 00 1a")),
    CASE(LEB_RANGE, 14, NONE, NO_OP, "1: 80 80 80 80 10;"),
    CASE(LEB_RANGE, 33, 0, 0x41, BODY("41 80 80 80 80 08 1a")),
    CASE(LEB_RANGE, 38, 0, 0x42, BODY("42 80 80 80 80 80 80 80 80 80 02 1a")),
    CASE(SECTION_ID, 8, NONE, NO_OP, "e: 00;"),
    CASE(SECTION_ORDER, 13, NONE, NO_OP, M T),
    CASE(SECTION_ORDER, 13, NONE, NO_OP, M M),
    CASE(SECTION_SIZE, 13, NONE, NO_OP, "5: 01 00 01 00;"),
    CASE(UTF8, 11, NONE, NO_OP, "0: 02 c0 80;"),
    CASE(UTF8, 17, NONE, NO_OP, M "7: 01 01 ff 02 00;"),
    CASE(BODY_COUNT, 25, NONE, NO_OP, T F M "a: 00;"),
    CASE(BODY_COUNT, 23, NONE, NO_OP, T F M),
    CASE(BODY_COUNT, 15, NONE, NO_OP, M C),
    CASE(DATA_COUNT, 18, NONE, NO_OP, M "c: 01; b: 00;"),
    CASE(DATA_COUNT, 16, NONE, NO_OP, M "c: 01;"),
    CASE(DATA_COUNT_MISSING, 28, 0, 0xfc09, BODY("fc 09 00")),
    CASE(TYPE_FORM, 11, NONE, NO_OP, "1: 01 40 00 00;"),
    CASE(VALUE_TYPE, 13, NONE, NO_OP, "1: 01 60 01 77 00;"),
    CASE(VALUE_TYPE, 11, NONE, NO_OP, "4: 01 7f 00 00;"),
    CASE(IMPORT_KIND, 17, NONE, NO_OP, T "2: 01 'host' 'none' 05 00;"),
    CASE(EXPORT_KIND, 18, NONE, NO_OP, M "7: 01 'x' 05 00;"),
    CASE(LIMITS_FLAG, 11, NONE, NO_OP, "5: 01 08 01;"),
    CASE(MUTABILITY, 17, NONE, NO_OP, M "6: 01 7f 02 41 00 0b;"),
    CASE(ELEMENT_FLAG, 11, NONE, NO_OP, "9: 01 08;"),
    CASE(ELEMENT_FLAG, 22, NONE, NO_OP, "4: 01 70 00 04; 9: 01 02 00 41 00 0b 01 00;"),
    CASE(DATA_FLAG, 16, NONE, NO_OP, M "b: 01 03;"),
    CASE(OPCODE, 28, 0, 0x16, BODY("16")),
    CASE(OPCODE, 28, 0, 0xfc12, BODY("fc 12")),
    CASE(OPCODE, 28, 0, 0xfcff, BODY("fc ff 07")),
    CASE(BODY_SIZE, 29, 0, NO_OP, BODY("0b 01")),
    CASE(BLOCK_TYPE, 29, 0, 0x02, BODY("02 41 0b")),
    CASE(BLOCK_TYPE, 29, 0, 0x02, BODY("02 c0 7f 0b")),
    CASE(LOCALS_OVERFLOW, 31, 0, NO_OP, T F M "a: 01 [02 80 04 7f ff ff ff ff 0f 7f 0b];"),
    CASE(FLOAT, 13, NONE, NO_OP, "1: 01 60 01 7d 00;"),
    CASE(FLOAT, 32, 0, 0x92, "1: 01 60 02 7d 7d 01 7d; 3: 01 00;" M "a: 01 [00 00 92 0b];"),
    CASE(FLOAT, 16, NONE, NO_OP, M "6: 01 7c 00 44 *8{00} 0b;"),
    CASE(FLOAT, 28, 0, 0x44, BODY("44 00 00 00 00 00 00 00 00 1a")),
    CASE(FLOAT, 29, 0, 0xa0, BODY("00 a0")), /* in dead code too */
    CASE(FLOAT, 28, 0, 0xfc02, BODY("fc 02")),
    CASE(FLOAT, 29, 0, 0x02, BODY("02 7c 00 0b 1a")),
    CASE(FLOAT, 29, 0, NO_OP, T F M "a: 01 [01 01 7d 0b];"),
    CASE(FLOAT, 31, 0, 0x43, T F M "a: 01 [01 01 7d 01 43 00 00 00 00 1a 0b];"),
    CASE(SIMD, 28, 0, 0xfd00, BODY("fd 0c *16{00} 1a")),
    CASE(SIMD, 13, NONE, NO_OP, "1: 01 60 01 7b 00;"),
    CASE(ATOMICS, 28, 0, 0xfe00, BODY("fe 03 00")),
    CASE(ATOMICS, 11, NONE, NO_OP, "5: 01 03 01 01;"),
    CASE(MULTI_MEMORY, 10, NONE, NO_OP, "5: 02 00 01 00 01;"),
    CASE(MULTI_MEMORY, 29, 0, 0x3f, BODY("3f 01 1a")),
    CASE(MULTI_MEMORY, 31, 0, 0x28, BODY("41 00 28 42 00 00 1a")),
    CASE(MEMORY64, 11, NONE, NO_OP, "5: 01 04 01;"),
    CASE(MULTI_VALUE, 13, NONE, NO_OP, "1: 01 60 00 02 7f 7f;"),
    CASE(MULTI_VALUE, 29, 0, 0x02, BODY("02 00 0b")),
    CASE(MULTI_VALUE, 29, 0, 0x02, BODY("02 80 00 0b")),
    CASE(TAIL_CALL, 28, 0, 0x12, BODY("12 00")),
    CASE(EXCEPTIONS, 28, 0, 0x06, BODY("06 40 0b")),
    CASE(EXCEPTIONS, 13, NONE, NO_OP, M "d: 00;"),
    CASE(EXCEPTIONS, 18, NONE, NO_OP, M "7: 01 'x' 04 00;"),
    CASE(EXCEPTIONS, 17, NONE, NO_OP, T "2: 01 'host' 'none' 04 00;"),
    CASE(GC, 28, 0, 0xfb00, BODY("fb 00 00")),
    CASE(GC, 11, NONE, NO_OP, "1: 01 5f 00;"),
    CASE(GC, 13, NONE, NO_OP, "1: 01 60 01 6e 00;"),
    CASE(REFERENCE_TYPES, 28, 0, 0xd2, BODY("d2 00 1a")),
    CASE(REFERENCE_TYPES, 11, NONE, NO_OP, "4: 01 6f 00 00;"),
    CASE(REFERENCE_TYPES, 11, NONE, NO_OP, "4: 01 40 00 70 00 01 d0 70 0b;"),
    CASE(REFERENCE_TYPES, 17, NONE, NO_OP, "4: 01 70 00 04; 9: 01 04;"),
    CASE(MULTI_TABLE, 10, NONE, NO_OP, "4: 02 70 00 00 70 00 00;"),
    CASE(MULTI_TABLE, 38, 0, 0x11, TABLE_BODY("41 00 11 00 01")),
    CASE(TABLE_OPERATIONS, 28, 0, 0x25, BODY("25 00")),
    CASE(TABLE_OPERATIONS, 28, 0, 0xfc0e, BODY("fc 0e 00 00")),
    CASE(EXTENDED_CONST, 18, NONE, NO_OP, M "6: 01 7f 00 23 00 0b;"),
    CASE(EXTENDED_CONST, 20, NONE, NO_OP, M "6: 01 7f 00 41 01 41 02 6a 0b;"),
    CASE(IMPORT_GLOBAL, 17, NONE, NO_OP, T "2: 01 'host' 'none' 03 7f 00;"),
    CASE(IMPORT_MEMORY, 17, NONE, NO_OP, T "2: 01 'host' 'none' 02 00 01;"),
    CASE(IMPORT_TABLE, 17, NONE, NO_OP, T "2: 01 'host' 'none' 01 70 00 00;"),
    CASE(EXPORT_MUTABLE_GLOBAL, 24, NONE, NO_OP, M "6: 01 7f 01 41 00 0b; 7: 01 'x' 03 00;"),
    CASE(PASSIVE_ELEMENT, 17, NONE, NO_OP, "4: 01 70 00 04; 9: 01 01 00 00;"),
    CASE(PASSIVE_ELEMENT, 17, NONE, NO_OP, "4: 01 70 00 04; 9: 01 05 70 00;"),
    CASE(DECLARATIVE_ELEMENT, 17, NONE, NO_OP, "4: 01 70 00 04; 9: 01 03 00 00;"),
    CASE(DECLARATIVE_ELEMENT, 17, NONE, NO_OP, "4: 01 70 00 04; 9: 01 07 70 00;"),
    CASE(IMPORT_UNKNOWN, 17, NONE, NO_OP, T "2: 01 'host' 'nona' 00 00;"),
    CASE(IMPORT_UNKNOWN, 17, NONE, NO_OP, T "2: 01 'hosd' 'none' 00 00;"),
    CASE(TYPE_MISMATCH, 36, 0, 0x11, TABLE_BODY("42 00 11 00 00")),
    CASE(IMPORT_SIGNATURE, 17, NONE, NO_OP, T "2: 01 'host' 'take' 00 00;"),
    CASE(IMPORT_SIGNATURE, 18, NONE, NO_OP, "1: 01 60 01 7f 00; 2: 01 'host' 'take' 00 00;"),
    CASE(IMPORT_SIGNATURE, 20, NONE, NO_OP, "1: 01 60 03 *3{7f} 00; 2: 01 'host' 'take' 00 00;"),
    CASE(IMPORT_SIGNATURE, 18, NONE, NO_OP, "1: 01 60 01 7f 00; 2: 01 'host' 'give' 00 00;"),
    CASE(EXPORT_RESERVED, 16, NONE, NO_OP, M "7: 01 'baals' 02 00;"),
    CASE(EXPORT_RESERVED, 16, NONE, NO_OP, M "7: 01 'baals.gas' 02 00;"),
    CASE(NO_MEMORY, 8, NONE, NO_OP, ""),
    CASE(NO_MEMORY, 11, NONE, NO_OP, "5: 00;"),
    CASE(LIMIT_MODULE_BYTES, 0, NONE, NO_OP, M "0: 'x' *1048558{00};"),
    CASE(LIMIT_TYPES, 10 + 1, NONE, NO_OP, "1: #1025 *1025{60 00 00};"),
    CASE(LIMIT_FUNCTIONS, 17, NONE, NO_OP, T "3: #10001 *10001{00};"),
    CASE(LIMIT_BODY_BYTES, 28, 0, NO_OP, T F M "a: 01 [00 *196607{01} 0b];"),
    CASE(LIMIT_BLOCKS, 20032, 0, 0x41, BODY("41 00 *5000{0d 00 41 00} 1a 00")),
    CASE(LIMIT_PARAMS, 12, NONE, NO_OP, "1: 01 60 21 *33{7f} 00;"),
    CASE(LIMIT_LOCALS, 28, 0, NO_OP, T F M "a: 01 [01 81 04 7f 0b];"),
    CASE(LIMIT_OPERANDS, 2078, 0, 0x41, BODY("*1025{41 00} 00")),
    CASE(LIMIT_OPERANDS,
         2083,
         0,
         0x22,
         T F M "a: 01 [01 01 7f *1024{41 00} 02 40 00 22 00 20 00 0b 00 0b];"),
    CASE(LIMIT_NESTING, 1054, 0, 0x02, BODY("*513{02 40} *513{0b}")),
    CASE(LIMIT_BR_TABLE, 32, 0, 0x0e, BODY("41 00 0e #1025 *1026{00}")),
    CASE(LIMIT_GLOBALS, 16, NONE, NO_OP, M "6: #257 *257{7f 00 41 00 0b};"),
    CASE(LIMIT_IMPORTS, 17, NONE, NO_OP, T "2: #65 *65{'host' 'none' 00 00};"),
    CASE(LIMIT_EXPORTS, 16, NONE, NO_OP, M "7: #257 *257{'x' 02 00};"),
    CASE(LIMIT_NAME_BYTES, 16, NONE, NO_OP, M "7: 01 [*101{61}] 02 00;"),
    CASE(LIMIT_TABLE, 12, NONE, NO_OP, "4: 01 70 00 #4097;"),
    CASE(
        LIMIT_ELEMENT_SEGMENTS, 17, NONE, NO_OP, "4: 01 70 00 04; 9: #1001 *1001{00 41 00 0b 00};"),
    CASE(LIMIT_DATA_SEGMENTS, 16, NONE, NO_OP, M "b: #1001 *1001{01 00};"),
    CASE(LIMIT_DATA_SEGMENTS, 15, NONE, NO_OP, M "c: #1001;"),
    CASE(LIMIT_MEMORY, 11, NONE, NO_OP, "5: 01 00 41;"),
    CASE(LIMIT_CUSTOM_SECTIONS, 310, NONE, NO_OP, "!00 61 73 6d 01 00 00 00 *101{00 01 00}"),
    CASE(TYPE_MISMATCH, 32, 0, 0x6a, BODY("41 00 42 00 6a 1a")),
    CASE(TYPE_MISMATCH, 34, 0, 0x1b, BODY("41 00 42 00 41 00 1b 1a")),
    CASE(TYPE_MISMATCH, 32, 0, 0x0b, BODY("02 7f 42 00 0b 1a")),
    CASE(OPERAND_MISSING, 28, 0, 0x1a, BODY("1a")),
    CASE(OPERAND_MISSING, 32, 0, 0x1a, BODY("41 00 02 40 1a 0b 1a")),
    CASE(OPERAND_LEFT, 30, 0, 0x0b, BODY("41 00")),
    CASE(TYPE_INDEX, 17, NONE, NO_OP, T "3: 01 01;"),
    CASE(TYPE_INDEX, 36, 0, 0x11, TABLE_BODY("41 00 11 01 00")),
    CASE(FUNCTION_INDEX, 28, 0, 0x10, BODY("10 01")),
    CASE(FUNCTION_INDEX, 19, NONE, NO_OP, M "7: 01 'x' 00 00;"),
    CASE(FUNCTION_INDEX, 15, NONE, NO_OP, M "8: 00;"),
    CASE(LOCAL_INDEX, 28, 0, 0x20, BODY("20 00 1a")),
    CASE(GLOBAL_INDEX, 28, 0, 0x23, BODY("23 00 1a")),
    CASE(GLOBAL_INDEX, 19, NONE, NO_OP, M "7: 01 'x' 03 00;"),
    CASE(TABLE_INDEX, 30, 0, 0x11, BODY("41 00 11 00 00")),
    CASE(TABLE_INDEX, 16, NONE, NO_OP, M "9: 01 00 41 00 0b 00;"),
    CASE(MEMORY_INDEX, 14, NONE, NO_OP, "7: 01 'x' 02 00;"),
    CASE(MEMORY_INDEX, 11, NONE, NO_OP, "b: 01 00 41 00 0b 00;"),
    CASE(MEMORY_INDEX, 23, 0, 0x3f, T F "a: 01 [00 3f 00 1a 0b];"),
    CASE(UNEXPECTED_END, 27, 0, NO_OP, T F M "a: 01 [];"),
    CASE(UNEXPECTED_END, 28, 0, NO_OP, T F M "a: 01 [01];"),
    CASE(UNEXPECTED_END, 29, 0, NO_OP, T F M "a: 01 [01 01];"),
    CASE(LABEL_INDEX, 28, 0, 0x0c, BODY("0c 01")),
    CASE(LABEL_INDEX, 30, 0, 0x0e, BODY("41 00 0e 01 00 01")),
    CASE(DATA_INDEX, 31, 0, 0xfc09, T F M "c: 00; a: 01 [00 fc 09 00 0b]; b: 00;"),
    CASE(ALIGNMENT, 30, 0, 0x28, BODY("41 00 28 03 00 1a")),
    CASE(ALIGNMENT, 31, 0, 0x28, BODY("41 00 28 20 00 1a")),
    CASE(IMMUTABLE_GLOBAL, 38, 0, 0x24, T F M "6: 01 7f 00 41 00 0b; a: 01 [00 41 00 24 00 0b];"),
    CASE(BR_TABLE_TYPES, 34, 0, 0x0e, BODY("02 7f 41 00 41 00 0e 01 00 01 0b 1a")),
    CASE(IF_WITHOUT_ELSE, 34, 0, 0x0b, BODY("41 00 04 7f 41 00 0b 1a")),
    CASE(ELSE_WITHOUT_IF, 28, 0, 0x05, BODY("05")),
    CASE(ELSE_WITHOUT_IF, 33, 0, 0x05, BODY("41 00 04 40 05 05 0b")),
    CASE(START_TYPE, 26, NONE, NO_OP, "1: 01 60 01 7f 00; 3: 01 00;" M "8: 00; a: 01 [00 0b];"),
    CASE(EXPORT_DUPLICATE, 20, NONE, NO_OP, M "7: 02 'x' 02 00 'x' 02 00;"),
    CASE(CONSTANT_TYPE, 18, NONE, NO_OP, M "6: 01 7f 00 42 00 0b;"),
    CASE(CONSTANT_TYPE, 18, NONE, NO_OP, M "6: 01 7f 00 0b;"),
    CASE(CONSTANT_FORM, 18, NONE, NO_OP, M "6: 01 7f 00 01 0b;"),
    CASE(LIMITS_ORDER, 11, NONE, NO_OP, "5: 01 01 02 01;"),
    CASE(MEMORY_PAGES, 11, NONE, NO_OP, "5: 01 00 81 80 04;"),
    CASE(MEMORY_PAGES, 11, NONE, NO_OP, "5: 01 01 01 ff ff ff ff 0f;"),
    CASE(DATA_BOUNDS, 16, NONE, NO_OP, M "b: 01 00 41 ff ff 03 0b 02 00 00;"),
    CASE(DATA_BOUNDS, 16, NONE, NO_OP, M "b: 01 00 41 7f 0b 00;"),
    CASE(ELEMENT_BOUNDS, 27, NONE, NO_OP, T F "4: 01 70 00 04; 9: 01 00 41 04 0b 01 00;"),
};

/* Codes that need more than one short text; tests below provoke them by name. */
static const enum bl_wasm_code decode_elsewhere[] = {
    BL_WASM_CODE_OK,
    BL_WASM_CODE_LIMIT_BLOCKS_MODULE,
    BL_WASM_CODE_LIMIT_PARAMS_MODULE,
    BL_WASM_CODE_LIMIT_LOCALS_MODULE,
    BL_WASM_CODE_LIMIT_ELEMENTS,
    BL_WASM_CODE_LIMIT_AVERAGE_BODY,
    BL_WASM_CODE_LIMIT_INSTRUMENTED_BYTES, /* test_wasm_instrument.c */
};

static baals_status decode_bytes(struct bl_wasm_error *where, const uint8_t *bytes, size_t len)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &decode_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_arena arena;
    baals_error err = {0};
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    const baals_status status =
        bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, where, &err);
    if (status == BAALS_OK) {
        assert_non_null(module);
        where->code = BL_WASM_CODE_OK;
    } else {
        assert_int_equal(status, BAALS_REJECT_CODE);
        assert_null(module);
        assert_int_equal(err.offset, where->offset);
        assert_non_null(strstr(err.message, bl_wasm_code_name(where->code)));
    }
    bl_arena_deinit(&arena);
    return status;
}

static enum bl_wasm_code decode_text(const char *text)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    struct bl_wasm_error where = {0};
    (void)decode_bytes(&where, bytes, len);
    free(bytes);
    return where.code;
}

static void assert_code(const char *text, enum bl_wasm_code expected)
{
    const enum bl_wasm_code code = decode_text(text);
    if (code != expected)
        fail_msg("%.100s: %s, expected %s", text, bl_wasm_code_name(code),
                 bl_wasm_code_name(expected));
}

/* Each cause is found at the byte, in the function and at the instruction at fault. */
static void test_causes(void **state)
{
    (void)state;
    int failures = 0;
    for (size_t i = 0; i < BL_COUNT_OF(decode_cases); i++) {
        const struct decode_case *expected = &decode_cases[i];
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, expected->module);
        struct bl_wasm_error where = {0};
        (void)decode_bytes(&where, bytes, len);
        free(bytes);
        if (where.code != expected->code || where.offset != expected->offset ||
            where.function_index != expected->function || where.opcode != expected->opcode) {
            failures++;
            print_error("%.60s: %s at %u, function %u, opcode %x; expected %s at %u, %u, %x\n",
                        expected->module, bl_wasm_code_name(where.code), where.offset,
                        where.function_index, where.opcode, bl_wasm_code_name(expected->code),
                        expected->offset, expected->function, expected->opcode);
        }
    }
    assert_int_equal(failures, 0);
}

static bool decode_is_provoked(enum bl_wasm_code code)
{
    for (size_t i = 0; i < BL_COUNT_OF(decode_cases); i++) {
        if (decode_cases[i].code == code)
            return true;
    }
    for (size_t i = 0; i < BL_COUNT_OF(decode_elsewhere); i++) {
        if (decode_elsewhere[i] == code)
            return true;
    }
    return false;
}

/* No code without a module that provokes it. */
static void test_every_code_is_provoked(void **state)
{
    (void)state;
#define PROVOKED(name, number, text)                                                               \
    if (!decode_is_provoked(BL_WASM_CODE_##name))                                                  \
        fail_msg("no test provokes %s", #name);
    BL_WASM_CODE_MAP(PROVOKED)
#undef PROVOKED
}

/* Everything the subset holds is accepted together. */
static void test_accepts_the_subset(void **state)
{
    (void)state;
    assert_code(M, BL_WASM_CODE_OK);
    assert_code(BODY(""), BL_WASM_CODE_OK);
    assert_code("1: 03 60 00 00 60 02 7f 7e 00 60 01 7f 01 7e;"
                "2: 03 'host' 'none' 00 00 'host' 'take' 00 01 'host' 'give' 00 02;"
                "3: 01 00; 4: 01 70 01 04 08; 5: 01 01 01 ff 01;"
                "6: 02 7f 01 41 7f 0b 7e 00 42 7f 0b;"
                "7: 04 'main' 00 03 'memory' 02 00 'table' 01 00 'end' 03 01; 8: 00;"
                "9: 02 00 41 00 0b 01 00 02 80 00 41 02 0b 00 02 03 00; c: 02;"
                "a: 01 [01 02 7f 41 00 11 00 80 00 41 00 41 00 41 00 fc 08 00 00 fc 09 01"
                " 41 00 41 00 41 00 fc 0a 00 00 41 00 41 00 41 00 fc 0b 00 41 00 c0 1a 0b];"
                "b: 02 00 41 00 0b 'hello' 01 'passive'; 0: 'note' 01 02 03;",
                BL_WASM_CODE_OK);
}

/* Each limit of R4 holds at its number. */
static void test_limits_hold(void **state)
{
    (void)state;
    static const char *const at_limit[] = {
        "1: #1024 *1024{60 00 00};" M,
        "1: 01 60 20 *32{7f} 00;" M,
        T "3: #1000 *1000{00};" M "a: #1000 *1000{[00 0b]};",
        T "3: #10000 *10000{00};" M "a: #10000 *10000{[00 *13{01} 0b]};",
        T F M "a: 01 [00 *196606{01} 0b];",
        T F M "a: 01 [01 80 04 7f 0b];",
        BODY("41 00 *4998{0d 00 41 00} 1a 00"),
        BODY("*1024{41 00} 00"),
        BODY("*512{02 40} *512{0b}"),
        BODY("41 00 0e #1024 *1025{00}"),
        M "6: #256 *256{7f 00 41 00 0b};",
        T "2: #64 *64{'host' 'none' 00 00};" M,
        M "7: 01 [*100{61}] 02 00;",
        "4: 01 70 00 #4096;" M,
        "4: 01 70 00 04;" M "9: #1000 *1000{00 41 00 0b 00};",
        T F "4: 01 70 00 #4096;" M "9: 01 00 41 00 0b #4096 *4096{00};" C,
        M "b: #1000 *1000{01 00};",
        "5: 01 00 40;",
        "5: 01 01 40 80 80 04;",
        M "0: 'x' *1048557{00};",
        "5: 01 00 01; b: 01 00 41 fe ff 03 0b 02 00 00;",
        "5: 01 00 01; b: 01 00 41 80 80 04 0b 00;",
        "!00 61 73 6d 01 00 00 00 05 03 01 00 01 *100{00 01 00}",
    };
    for (size_t i = 0; i < BL_COUNT_OF(at_limit); i++)
        assert_code(at_limit[i], BL_WASM_CODE_OK);
}

/* Sums over a module hold at their number and not above. */
static void test_sums(void **state)
{
    (void)state;
#define PARAMS(functions) "1: 01 60 20 *32{7f} 00; 3: " functions ";" M
    assert_code(PARAMS("#312 *312{00}") "a: #312 *312{[00 0b]};", BL_WASM_CODE_OK);
    assert_code(PARAMS("#313 *313{00}") "a: #313 *313{[00 0b]};", BL_WASM_CODE_LIMIT_PARAMS_MODULE);
#undef PARAMS
    assert_code(T "3: #100 *100{00};" M "a: #100 *100{[01 #500 7f 0b]};", BL_WASM_CODE_OK);
    assert_code(T "3: #101 *101{00};" M "a: #101 *101{[01 #500 7f 0b]};",
                BL_WASM_CODE_LIMIT_LOCALS_MODULE);
    /* A body of k branches with code behind each has k + 1 charged blocks. */
    assert_code(T "3: #50 *50{00};" M "a: #50 *50{[00 *999{41 00 0d 00} 01 0b]};", BL_WASM_CODE_OK);
    assert_code(T "3: #51 *51{00};" M "a: #51 *51{[00 *999{41 00 0d 00} 01 0b]};",
                BL_WASM_CODE_LIMIT_BLOCKS_MODULE);
    assert_code(T "3: #51 *51{00};" M "a: #51 *50{[00 *999{41 00 0d 00} 01 0b]} [00 0b];",
                BL_WASM_CODE_LIMIT_BLOCKS_MODULE);
    assert_code(T "3: #10000 *10000{00};" M "a: #10000 *9999{[00 0b *14{01}]} [00 0b];",
                BL_WASM_CODE_BODY_SIZE);
    assert_code(T F "4: 01 70 00 #4096;" M "9: 02 *2{00 41 00 0b #2049 *2049{00}};" C,
                BL_WASM_CODE_LIMIT_ELEMENTS);
    assert_code(T F "4: 01 70 00 #4096;" M "9: 02 *2{00 41 00 0b #2048 *2048{00}};" C,
                BL_WASM_CODE_OK);
    assert_code(T "3: #1001 *1001{00};" M "a: #1001 *1001{[00 0b]};",
                BL_WASM_CODE_LIMIT_AVERAGE_BODY);
}

/* 256 exports with names of their own are accepted, and found twice among them is refused. */
static void test_exports(void **state)
{
    (void)state;
    char text[8192] = M "7: #256 ";
    for (unsigned i = 0; i < 256; i++) {
        const size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "'%u' 02 00 ", i);
    }
    strncat(text, ";", sizeof text - strlen(text) - 1);
    assert_code(text, BL_WASM_CODE_OK);
    char *last = strstr(text, "'255'");
    assert_non_null(last);
    memcpy(last, "'254'", 5);
    assert_code(text, BL_WASM_CODE_EXPORT_DUPLICATE);
}

/* The instrumented profile lifts the limits by what the instrumenter adds, and the reserved names.
 */
static void test_instrumented_profile(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        M "7: 01 'baals.memory' 02 00;",
        M "6: 01 7e 01 42 00 0b; 7: 01 'baals.gas' 03 00;",
        M "6: #258 *258{7f 00 41 00 0b};",
        "1: #1025 *1025{60 00 00};" M,
        BODY("*514{02 40} *514{0b}"),
        BODY("*1026{41 00} 00"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        const struct bl_wasm_options options = {BL_WASM_INSTRUMENTED, 1, &decode_imports};
        const struct bl_wasm_module *module = NULL;
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, texts[i]);
        struct bl_arena arena;
        bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
        assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
        bl_arena_deinit(&arena);
        free(bytes);
        assert_int_not_equal(decode_text(texts[i]), BL_WASM_CODE_OK);
    }
}

/* A float's message says where and what usually brings it in. */
static void test_float_message(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &decode_imports};
    const struct bl_wasm_module *module = NULL;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, BODY("44 00 00 00 00 00 00 00 00 1a"));
    struct bl_arena arena;
    baals_error err = {0};
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    assert_status(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, &err),
                  BAALS_REJECT_CODE);
    assert_non_null(strstr(err.message, "function 0: f64.const: "));
    assert_non_null(strstr(err.message, "offset 28"));
    assert_non_null(strstr(err.message, "formatting or math code"));
    bl_arena_deinit(&arena);
    free(bytes);
}

/* An unknown version of the limits is not a verdict; outputs stay untouched. */
static void test_versions(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 3, &decode_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_error where = {.offset = 77};
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    assert_status(bl_wasm_decode(&module, &arena, bl_slice("", 0), &options, &where, NULL),
                  BAALS_UNSUPPORTED_VERSION);
    assert_null(module);
    assert_int_equal(where.offset, 77);
    bl_arena_deinit(&arena);
}

/* Every allocation may fail: NOMEM, never a verdict, nothing kept. */
static void test_memory_failures(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &decode_imports};
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(
        &len,
        T "2: 01 'host' 'none' 00 00; 3: 01 00; 4: 01 70 00 04;" M
          "6: 01 7f 01 41 00 0b; 7: 01 'm' 00 01; 9: 01 00 41 00 0b 01 00; a: 01 [01 01 7f 0b];"
          "b: 01 00 41 00 0b 'x';");
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faults = {.fail_at = k, .repeat = 0};
        const struct bl_wasm_module *module = NULL;
        struct bl_arena arena;
        bl_arena_init(&arena, testlib_faulty_alloc(&faults), BL_WASM_ARENA_BYTES);
        const baals_status status =
            bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL);
        bl_arena_deinit(&arena);
        assert_int_equal(faults.live, 0);
        if (status == BAALS_OK) {
            assert_true(k > 1);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
        assert_null(module);
    }
    free(bytes);
}

/* Truncated at any byte, a valid module is refused. */
static void test_truncation(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(1);
    size_t len = 0;
    uint8_t *bytes = testlib_wasm_random(&len, &rng);
    for (size_t cut = 0; cut < len; cut++) {
        struct bl_wasm_error where = {0};
        uint8_t *copy = malloc(cut == 0 ? 1 : cut);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_status(decode_bytes(&where, copy, cut), BAALS_REJECT_CODE);
        assert_true(where.offset <= cut);
        free(copy);
    }
    free(bytes);
}

/* Truncated inside any section, with the section's size to match, it is refused too. */
static void test_truncated_sections(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(
        &len,
        "1: 02 60 00 00 60 02 7f 7e 00; 2: 01 'host' 'take' 00 01; 3: 01 00; 4: 01 70 01 04 08;"
        "5: 01 01 01 02; 6: 02 7f 00 41 00 0b 7e 01 42 00 0b; 7: 02 'f' 00 01 'm' 02 00; 8: 01;"
        "9: 02 00 41 00 0b 01 01 02 00 41 00 0b 00 01 00; c: 02;"
        "a: 01 [01 01 7f 41 00 11 00 00 0b]; b: 02 00 41 00 0b 'abc' 01 'def'; 0: 'note' 01 02;");
    struct bl_wasm_error where = {0};
    assert_ok(decode_bytes(&where, bytes, len));
    for (size_t at = 8; at < len; at += 2u + bytes[at + 1]) {
        const size_t size = bytes[at + 1];
        assert_true(size < 0x80);
        /* What a custom section holds behind its name may end anywhere. */
        const size_t whole = bytes[at] == 0 ? 5 : size;
        for (size_t cut = 0; cut < whole; cut++) {
            const size_t rest = len - (at + 2 + size);
            uint8_t *copy = malloc(at + 2 + cut + rest);
            assert_non_null(copy);
            memcpy(copy, bytes, at + 2 + cut);
            copy[at + 1] = (uint8_t)cut;
            memcpy(copy + at + 2 + cut, bytes + at + 2 + size, rest);
            assert_status(decode_bytes(&where, copy, at + 2 + cut + rest), BAALS_REJECT_CODE);
            free(copy);
        }
    }
    free(bytes);
}

/* With any one bit flipped, a valid module gets a verdict. */
static void test_bit_flips(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(2);
    size_t refused = 0;
    size_t total = 0;
    for (int round = 0; round < 4; round++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm_random(&len, &rng);
        for (size_t bit = 0; bit < len * 8; bit++) {
            struct bl_wasm_error where = {0};
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            refused += decode_bytes(&where, bytes, len) == BAALS_REJECT_CODE ? 1 : 0;
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            total++;
        }
        free(bytes);
    }
    print_message("%zu of %zu flips refused\n", refused, total);
    assert_true(refused > total / 2);
}

/* The decoder's work grows with the size of the module and nothing else. */
static void test_work_is_linear(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1: #1024 *1024{60 00 00};" M,
        T "3: #10000 *10000{00};" M "a: #10000 *10000{[00 *13{01} 0b]};",
        BODY("41 00 0e #1024 *1025{00} *180{41 00 0e #1024 *1025{00}}"),
        T "3: #97 *97{00};" M "a: #97 *97{[01 #512 7f 0b]};",
        "1: 01 60 20 *32{7f} 00; 3: #312 *312{00};" M "a: #1 [00 0b];",
        T F M "a: 01 [#98000 *98000{00 7f} 0b];",
    };
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &decode_imports};
        const struct bl_wasm_module *module = NULL;
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, texts[i]);
        struct bl_arena arena;
        bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
        if (bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL) == BAALS_OK)
            assert_true(module->work <= 4 * len + 60000);
        assert_true(arena.used <= 40 * len + 2000000);
        bl_arena_deinit(&arena);
        free(bytes);
    }
}

/* Equal types share the first one's index. */
static void test_canonical_types(void **state)
{
    (void)state;
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &decode_imports};
    const struct bl_wasm_module *module = NULL;
    size_t len = 0;
    uint8_t *bytes =
        testlib_wasm(&len, "1: 05 60 00 00 60 01 7f 00 60 00 00 60 01 7e 00 60 01 7f 00;" M);
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
    static const uint32_t expected[] = {0, 1, 0, 3, 1};
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(module->types[i].canonical, expected[i]);
    bl_arena_deinit(&arena);
    free(bytes);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_every_code_is_provoked),
        cmocka_unit_test(test_accepts_the_subset),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_exports),
        cmocka_unit_test(test_instrumented_profile),
        cmocka_unit_test(test_float_message),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_memory_failures),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_truncated_sections),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_work_is_linear),
        cmocka_unit_test(test_canonical_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
