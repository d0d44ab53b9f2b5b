/* SPDX-License-Identifier: MIT */
/*
 * Names and texts of the front end: the codes of refusal and the instructions, and for every
 * instruction outside the subset the feature it belongs to, so that a contract's author reads what
 * to switch off rather than "unknown opcode".
 */
#include "contracts/wasm.h"

#include "contracts/wasm_internal.h"

const char *bl_wasm_code_name(enum bl_wasm_code code)
{
    switch (code) {
#define CODE_NAME(name, number, text)                                                              \
    case BL_WASM_CODE_##name:                                                                      \
        return #name;
        BL_WASM_CODE_MAP(CODE_NAME)
#undef CODE_NAME
    }
    return "UNKNOWN";
}

const char *bl_wasm_code_text(enum bl_wasm_code code)
{
    switch (code) {
#define CODE_TEXT(name, number, text)                                                              \
    case BL_WASM_CODE_##name:                                                                      \
        return text;
        BL_WASM_CODE_MAP(CODE_TEXT)
#undef CODE_TEXT
    }
    return "unknown code";
}

/* One table for both pages of opcodes: 0x00-0xff, then 0xfc00-0xfc1f. */
#define CODE_OP_SLOTS (256u + 32u)
#define CODE_OP_SLOT(opcode) ((opcode) < 256 ? (opcode) : 256 + ((opcode)&31))

static const struct bl_wasm_op_info code_ops[CODE_OP_SLOTS] = {
#define CODE_OP_ROW(name, opcode, text, immediate, pops, push, cost)                               \
    [CODE_OP_SLOT(opcode)] = {text, pops, push, BL_WASM_IMM_##immediate, BL_GAS_##cost},
    BL_WASM_OP_MAP(CODE_OP_ROW)
#undef CODE_OP_ROW
};

static const struct bl_wasm_op_info code_op_none = {NULL, "", "", BL_WASM_IMM_NONE, BL_GAS_FREE};

const struct bl_wasm_op_info *bl_wasm_op_info(uint16_t opcode)
{
    if (opcode < 256 || (opcode >= 0xfc00 && opcode < 0xfc20))
        return &code_ops[CODE_OP_SLOT(opcode)];
    return &code_op_none;
}

unsigned bl_wasm_op_align(uint16_t opcode)
{
    switch (opcode) {
    case BL_WASM_OP_I64_LOAD:
    case BL_WASM_OP_I64_STORE:
        return 3;
    case BL_WASM_OP_I32_LOAD:
    case BL_WASM_OP_I32_STORE:
    case BL_WASM_OP_I64_LOAD32_S:
    case BL_WASM_OP_I64_LOAD32_U:
    case BL_WASM_OP_I64_STORE32:
        return 2;
    case BL_WASM_OP_I32_LOAD16_S:
    case BL_WASM_OP_I32_LOAD16_U:
    case BL_WASM_OP_I64_LOAD16_S:
    case BL_WASM_OP_I64_LOAD16_U:
    case BL_WASM_OP_I32_STORE16:
    case BL_WASM_OP_I64_STORE16:
        return 1;
    default:
        return 0;
    }
}

/* Instructions outside the subset that have opcodes of their own. A run of consecutive opcodes is
 * one row per opcode: the names are what an author searches for. */
struct code_refused {
    uint16_t opcode;
    uint16_t code;
    const char *text;
};

static const struct code_refused code_refused[] = {
#define CODE_FLOAT(opcode, text)                                                                   \
    {                                                                                              \
        opcode, BL_WASM_CODE_FLOAT, text                                                           \
    }
    CODE_FLOAT(0x2a, "f32.load"),
    CODE_FLOAT(0x2b, "f64.load"),
    CODE_FLOAT(0x38, "f32.store"),
    CODE_FLOAT(0x39, "f64.store"),
    CODE_FLOAT(0x43, "f32.const"),
    CODE_FLOAT(0x44, "f64.const"),
    CODE_FLOAT(0x5b, "f32.eq"),
    CODE_FLOAT(0x5c, "f32.ne"),
    CODE_FLOAT(0x5d, "f32.lt"),
    CODE_FLOAT(0x5e, "f32.gt"),
    CODE_FLOAT(0x5f, "f32.le"),
    CODE_FLOAT(0x60, "f32.ge"),
    CODE_FLOAT(0x61, "f64.eq"),
    CODE_FLOAT(0x62, "f64.ne"),
    CODE_FLOAT(0x63, "f64.lt"),
    CODE_FLOAT(0x64, "f64.gt"),
    CODE_FLOAT(0x65, "f64.le"),
    CODE_FLOAT(0x66, "f64.ge"),
    CODE_FLOAT(0x8b, "f32.abs"),
    CODE_FLOAT(0x8c, "f32.neg"),
    CODE_FLOAT(0x8d, "f32.ceil"),
    CODE_FLOAT(0x8e, "f32.floor"),
    CODE_FLOAT(0x8f, "f32.trunc"),
    CODE_FLOAT(0x90, "f32.nearest"),
    CODE_FLOAT(0x91, "f32.sqrt"),
    CODE_FLOAT(0x92, "f32.add"),
    CODE_FLOAT(0x93, "f32.sub"),
    CODE_FLOAT(0x94, "f32.mul"),
    CODE_FLOAT(0x95, "f32.div"),
    CODE_FLOAT(0x96, "f32.min"),
    CODE_FLOAT(0x97, "f32.max"),
    CODE_FLOAT(0x98, "f32.copysign"),
    CODE_FLOAT(0x99, "f64.abs"),
    CODE_FLOAT(0x9a, "f64.neg"),
    CODE_FLOAT(0x9b, "f64.ceil"),
    CODE_FLOAT(0x9c, "f64.floor"),
    CODE_FLOAT(0x9d, "f64.trunc"),
    CODE_FLOAT(0x9e, "f64.nearest"),
    CODE_FLOAT(0x9f, "f64.sqrt"),
    CODE_FLOAT(0xa0, "f64.add"),
    CODE_FLOAT(0xa1, "f64.sub"),
    CODE_FLOAT(0xa2, "f64.mul"),
    CODE_FLOAT(0xa3, "f64.div"),
    CODE_FLOAT(0xa4, "f64.min"),
    CODE_FLOAT(0xa5, "f64.max"),
    CODE_FLOAT(0xa6, "f64.copysign"),
    CODE_FLOAT(0xa8, "i32.trunc_f32_s"),
    CODE_FLOAT(0xa9, "i32.trunc_f32_u"),
    CODE_FLOAT(0xaa, "i32.trunc_f64_s"),
    CODE_FLOAT(0xab, "i32.trunc_f64_u"),
    CODE_FLOAT(0xae, "i64.trunc_f32_s"),
    CODE_FLOAT(0xaf, "i64.trunc_f32_u"),
    CODE_FLOAT(0xb0, "i64.trunc_f64_s"),
    CODE_FLOAT(0xb1, "i64.trunc_f64_u"),
    CODE_FLOAT(0xb2, "f32.convert_i32_s"),
    CODE_FLOAT(0xb3, "f32.convert_i32_u"),
    CODE_FLOAT(0xb4, "f32.convert_i64_s"),
    CODE_FLOAT(0xb5, "f32.convert_i64_u"),
    CODE_FLOAT(0xb6, "f32.demote_f64"),
    CODE_FLOAT(0xb7, "f64.convert_i32_s"),
    CODE_FLOAT(0xb8, "f64.convert_i32_u"),
    CODE_FLOAT(0xb9, "f64.convert_i64_s"),
    CODE_FLOAT(0xba, "f64.convert_i64_u"),
    CODE_FLOAT(0xbb, "f64.promote_f32"),
    CODE_FLOAT(0xbc, "i32.reinterpret_f32"),
    CODE_FLOAT(0xbd, "i64.reinterpret_f64"),
    CODE_FLOAT(0xbe, "f32.reinterpret_i32"),
    CODE_FLOAT(0xbf, "f64.reinterpret_i64"),
    CODE_FLOAT(0xfc00, "i32.trunc_sat_f32_s"),
    CODE_FLOAT(0xfc01, "i32.trunc_sat_f32_u"),
    CODE_FLOAT(0xfc02, "i32.trunc_sat_f64_s"),
    CODE_FLOAT(0xfc03, "i32.trunc_sat_f64_u"),
    CODE_FLOAT(0xfc04, "i64.trunc_sat_f32_s"),
    CODE_FLOAT(0xfc05, "i64.trunc_sat_f32_u"),
    CODE_FLOAT(0xfc06, "i64.trunc_sat_f64_s"),
    CODE_FLOAT(0xfc07, "i64.trunc_sat_f64_u"),
#undef CODE_FLOAT
    {0x06, BL_WASM_CODE_EXCEPTIONS, "try"},
    {0x07, BL_WASM_CODE_EXCEPTIONS, "catch"},
    {0x08, BL_WASM_CODE_EXCEPTIONS, "throw"},
    {0x09, BL_WASM_CODE_EXCEPTIONS, "rethrow"},
    {0x0a, BL_WASM_CODE_EXCEPTIONS, "throw_ref"},
    {0x18, BL_WASM_CODE_EXCEPTIONS, "delegate"},
    {0x19, BL_WASM_CODE_EXCEPTIONS, "catch_all"},
    {0x1f, BL_WASM_CODE_EXCEPTIONS, "try_table"},
    {0x12, BL_WASM_CODE_TAIL_CALL, "return_call"},
    {0x13, BL_WASM_CODE_TAIL_CALL, "return_call_indirect"},
    {0x15, BL_WASM_CODE_TAIL_CALL, "return_call_ref"},
    {0x14, BL_WASM_CODE_GC, "call_ref"},
    {0xd3, BL_WASM_CODE_GC, "ref.eq"},
    {0xd4, BL_WASM_CODE_GC, "ref.as_non_null"},
    {0xd5, BL_WASM_CODE_GC, "br_on_null"},
    {0xd6, BL_WASM_CODE_GC, "br_on_non_null"},
    {0xfb00, BL_WASM_CODE_GC, "a garbage-collection instruction"},
    {0x1c, BL_WASM_CODE_REFERENCE_TYPES, "select with a type"},
    {0xd0, BL_WASM_CODE_REFERENCE_TYPES, "ref.null"},
    {0xd1, BL_WASM_CODE_REFERENCE_TYPES, "ref.is_null"},
    {0xd2, BL_WASM_CODE_REFERENCE_TYPES, "ref.func"},
    {0x25, BL_WASM_CODE_TABLE_OPERATIONS, "table.get"},
    {0x26, BL_WASM_CODE_TABLE_OPERATIONS, "table.set"},
    {0xfc0c, BL_WASM_CODE_TABLE_OPERATIONS, "table.init"},
    {0xfc0d, BL_WASM_CODE_TABLE_OPERATIONS, "elem.drop"},
    {0xfc0e, BL_WASM_CODE_TABLE_OPERATIONS, "table.copy"},
    {0xfc0f, BL_WASM_CODE_TABLE_OPERATIONS, "table.grow"},
    {0xfc10, BL_WASM_CODE_TABLE_OPERATIONS, "table.size"},
    {0xfc11, BL_WASM_CODE_TABLE_OPERATIONS, "table.fill"},
    {0xfd00, BL_WASM_CODE_SIMD, "a SIMD instruction"},
    {0xfe00, BL_WASM_CODE_ATOMICS, "an atomic instruction"},
};

static const struct code_refused *code_refused_find(uint16_t opcode)
{
    for (size_t i = 0; i < BL_COUNT_OF(code_refused); i++) {
        if (code_refused[i].opcode == opcode)
            return &code_refused[i];
    }
    return NULL;
}

enum bl_wasm_code bl_wasm_op_refusal(uint16_t opcode)
{
    const struct code_refused *row = code_refused_find(opcode);
    return row == NULL ? BL_WASM_CODE_OPCODE : (enum bl_wasm_code)row->code;
}

const char *bl_wasm_op_name(uint16_t opcode)
{
    const struct bl_wasm_op_info *info = bl_wasm_op_info(opcode);
    if (info->text != NULL)
        return info->text;
    const struct code_refused *row = code_refused_find(opcode);
    return row == NULL ? "unknown" : row->text;
}
