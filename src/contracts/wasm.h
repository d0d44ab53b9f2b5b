/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_WASM_H
#define BL_CONTRACTS_WASM_H
/*
 * The WebAssembly front end: one-pass strict decoder and validator, and the gas instrumenter.
 *
 * A contract is decoded and validated under the profile INPUT, instrumented, and the result decoded
 * again under the profile INSTRUMENTED; engines run only what that last step returned. The accepted
 * subset, the limits and every code stand in docs/spec/wasm.md, the instrumentation and the costs
 * in docs/spec/gas.md.
 *
 * Threads:   no state; a module is immutable once decoded and may be read by many threads.
 * Ownership: a module lives in the arena it was decoded into and borrows from the bytes it was
 *            decoded from; both must outlive it.
 * Errors:    a refused module is BAALS_REJECT_CODE with its cause in struct bl_wasm_error. NOMEM
 *            is local. On failure outputs are untouched.
 */
#include "base/arena.h"
#include "base/base.h"

struct bl_gas_schedule;

/* "There is none" for every index in this header. */
#define BL_WASM_NONE 0xffffffffu

/* ---- causes of refusal ---- */

/*
 * X(name, number, text). Numbers and names are frozen: they are part of the protocol's vectors and
 * are only ever appended to. 1-99 malformed, 100-199 outside the subset, 200-299 limits, 300-399
 * type rules.
 */
#define BL_WASM_CODE_MAP(X)                                                                        \
    X(OK, 0, "accepted")                                                                           \
    X(MAGIC, 1, "this is not a WebAssembly module")                                                \
    X(VERSION, 2, "unknown WebAssembly version")                                                   \
    X(UNEXPECTED_END, 3, "the module, section or body ends too early")                             \
    X(LEB_LENGTH, 4, "an integer is encoded in too many bytes")                                    \
    X(LEB_RANGE, 5, "an integer is too large for its type")                                        \
    X(SECTION_ID, 6, "unknown section")                                                            \
    X(SECTION_ORDER, 7, "a section stands twice or out of order")                                  \
    X(SECTION_SIZE, 8, "a section's content does not fill its size")                               \
    X(UTF8, 9, "a name is not valid UTF-8")                                                        \
    X(BODY_COUNT, 10, "the function and code sections differ in length")                           \
    X(DATA_COUNT, 11, "the data count differs from the data section")                              \
    X(DATA_COUNT_MISSING, 12, "memory.init and data.drop need a data count section")               \
    X(TYPE_FORM, 13, "a type is not a function type")                                              \
    X(VALUE_TYPE, 14, "unknown value type")                                                        \
    X(IMPORT_KIND, 15, "unknown kind of import")                                                   \
    X(EXPORT_KIND, 16, "unknown kind of export")                                                   \
    X(LIMITS_FLAG, 17, "unknown limits flag")                                                      \
    X(MUTABILITY, 18, "the mutability of a global is neither 0 nor 1")                             \
    X(ELEMENT_FLAG, 19, "unknown kind of element segment")                                         \
    X(DATA_FLAG, 20, "unknown kind of data segment")                                               \
    X(OPCODE, 21, "unknown instruction")                                                           \
    X(BODY_SIZE, 22, "a function's code does not fill its size")                                   \
    X(BLOCK_TYPE, 23, "unknown block type")                                                        \
    X(LOCALS_OVERFLOW, 24, "the number of locals does not fit 32 bits")                            \
    X(FLOAT, 100, "floating point is not deterministic enough for contracts")                      \
    X(SIMD, 101, "SIMD is not supported")                                                          \
    X(ATOMICS, 102, "threads, atomics and shared memory are not supported")                        \
    X(MULTI_MEMORY, 103, "only one memory, with index byte 0, is supported")                       \
    X(MEMORY64, 104, "64-bit memories and tables are not supported")                               \
    X(MULTI_VALUE, 105, "multiple results and block parameters are not supported")                 \
    X(TAIL_CALL, 106, "tail calls are not supported")                                              \
    X(EXCEPTIONS, 107, "exceptions are not supported")                                             \
    X(GC, 108, "garbage-collected and typed references are not supported")                         \
    X(REFERENCE_TYPES, 109, "reference types are not supported")                                   \
    X(MULTI_TABLE, 110, "only one table is supported")                                             \
    X(TABLE_OPERATIONS, 111, "instructions that change tables are not supported")                  \
    X(EXTENDED_CONST, 112, "a constant expression may be one i32.const or i64.const only")         \
    X(IMPORT_GLOBAL, 113, "globals cannot be imported")                                            \
    X(IMPORT_MEMORY, 114, "the memory cannot be imported")                                         \
    X(IMPORT_TABLE, 115, "the table cannot be imported")                                           \
    X(EXPORT_MUTABLE_GLOBAL, 116, "a mutable global cannot be exported")                           \
    X(PASSIVE_ELEMENT, 117, "passive element segments are not supported")                          \
    X(DECLARATIVE_ELEMENT, 118, "declarative element segments are not supported")                  \
    X(IMPORT_UNKNOWN, 119, "there is no such function to import")                                  \
    X(IMPORT_SIGNATURE, 120, "the imported function has another signature")                        \
    X(EXPORT_RESERVED, 121, "export names that begin with \"baals\" are reserved")                 \
    X(NO_MEMORY, 122, "the module has no memory")                                                  \
    X(LIMIT_MODULE_BYTES, 200, "the module is too large")                                          \
    X(LIMIT_TYPES, 201, "too many types")                                                          \
    X(LIMIT_FUNCTIONS, 202, "too many functions")                                                  \
    X(LIMIT_BODY_BYTES, 203, "a function is too large")                                            \
    X(LIMIT_BLOCKS, 204, "a function has too many metered blocks")                                 \
    X(LIMIT_BLOCKS_MODULE, 205, "the module has too many metered blocks")                          \
    X(LIMIT_PARAMS, 206, "a function type has too many parameters")                                \
    X(LIMIT_PARAMS_MODULE, 207, "the functions have too many parameters together")                 \
    X(LIMIT_LOCALS, 208, "a function has too many locals")                                         \
    X(LIMIT_LOCALS_MODULE, 209, "the functions have too many locals together")                     \
    X(LIMIT_OPERANDS, 210, "a function's operand stack grows too high")                            \
    X(LIMIT_NESTING, 211, "blocks are nested too deeply")                                          \
    X(LIMIT_BR_TABLE, 212, "a br_table has too many targets")                                      \
    X(LIMIT_GLOBALS, 213, "too many globals")                                                      \
    X(LIMIT_IMPORTS, 214, "too many imports")                                                      \
    X(LIMIT_EXPORTS, 215, "too many exports")                                                      \
    X(LIMIT_NAME_BYTES, 216, "an import or export name is too long")                               \
    X(LIMIT_TABLE, 217, "the table is too large")                                                  \
    X(LIMIT_ELEMENT_SEGMENTS, 218, "too many element segments")                                    \
    X(LIMIT_ELEMENTS, 219, "too many table entries in element segments")                           \
    X(LIMIT_DATA_SEGMENTS, 220, "too many data segments")                                          \
    X(LIMIT_MEMORY, 221, "the initial memory is too large")                                        \
    X(LIMIT_AVERAGE_BODY, 222, "too many tiny functions")                                          \
    X(LIMIT_CUSTOM_SECTIONS, 223, "too many custom sections")                                      \
    X(LIMIT_INSTRUMENTED_BYTES, 224, "the module grows too large when gas metering is added")      \
    X(TYPE_MISMATCH, 300, "an operand has the wrong type")                                         \
    X(OPERAND_MISSING, 301, "an operand is missing")                                               \
    X(OPERAND_LEFT, 302, "operands are left over at the end of a block")                           \
    X(TYPE_INDEX, 303, "there is no such type")                                                    \
    X(FUNCTION_INDEX, 304, "there is no such function")                                            \
    X(LOCAL_INDEX, 305, "there is no such local")                                                  \
    X(GLOBAL_INDEX, 306, "there is no such global")                                                \
    X(TABLE_INDEX, 307, "there is no such table")                                                  \
    X(MEMORY_INDEX, 308, "there is no such memory")                                                \
    X(LABEL_INDEX, 309, "there is no such enclosing block")                                        \
    X(DATA_INDEX, 310, "there is no such data segment")                                            \
    X(ALIGNMENT, 311, "the alignment is larger than natural")                                      \
    X(IMMUTABLE_GLOBAL, 312, "the global cannot be set")                                           \
    X(BR_TABLE_TYPES, 313, "the targets of a br_table differ in type")                             \
    X(IF_WITHOUT_ELSE, 314, "an if with a result has no else")                                     \
    X(ELSE_WITHOUT_IF, 315, "an else stands outside an if")                                        \
    X(START_TYPE, 316, "the start function has parameters or a result")                            \
    X(EXPORT_DUPLICATE, 317, "an export name stands twice")                                        \
    X(CONSTANT_TYPE, 318, "a constant expression has the wrong type")                              \
    X(CONSTANT_FORM, 319, "not a constant expression")                                             \
    X(LIMITS_ORDER, 320, "a minimum is larger than its maximum")                                   \
    X(MEMORY_PAGES, 321, "a memory cannot have more than 65,536 pages")                            \
    X(DATA_BOUNDS, 322, "a data segment lies outside the initial memory")                          \
    X(ELEMENT_BOUNDS, 323, "an element segment lies outside the table")

enum bl_wasm_code {
#define BL_WASM_CODE_ENUM(name, number, text) BL_WASM_CODE_##name = (number),
    BL_WASM_CODE_MAP(BL_WASM_CODE_ENUM)
#undef BL_WASM_CODE_ENUM
};

/* "FLOAT"; "UNKNOWN" for a number that is no code. Never NULL. */
const char *bl_wasm_code_name(enum bl_wasm_code code);
/* One line of text for people; "unknown code" for a number that is no code. Never NULL. */
const char *bl_wasm_code_text(enum bl_wasm_code code);

/* Where and why a module was refused. Deterministic: part of what all nodes agree on. */
struct bl_wasm_error {
    enum bl_wasm_code code;
    uint32_t offset;         /* in the module's bytes, of the instruction, item or byte at fault */
    uint32_t function_index; /* in the function index space (imports first), or BL_WASM_NONE */
    uint16_t opcode;         /* of the instruction, as in enum bl_wasm_op; 0xffff outside code */
};
#define BL_WASM_NO_OPCODE 0xffffu

/* ---- instructions ---- */

enum bl_wasm_type { BL_WASM_I32 = 0x7f, BL_WASM_I64 = 0x7e };
/* The type of a block without a result, in struct bl_wasm_instruction.block_type. */
#define BL_WASM_VOID 0x40

/* What follows the opcode. */
enum bl_wasm_immediate {
    BL_WASM_IMM_NONE,
    BL_WASM_IMM_BLOCK,         /* block_type */
    BL_WASM_IMM_INDEX,         /* index */
    BL_WASM_IMM_BR_TABLE,      /* index = number of targets without the default, table */
    BL_WASM_IMM_CALL_INDIRECT, /* index = type */
    BL_WASM_IMM_MEMARG,        /* align (log2), value = offset as u32 */
    BL_WASM_IMM_MEMORY,        /* a zero byte: memory.size, memory.grow, memory.fill */
    BL_WASM_IMM_MEMORY2,       /* two zero bytes: memory.copy */
    BL_WASM_IMM_DATA_MEMORY,   /* index = data segment, a zero byte: memory.init */
    BL_WASM_IMM_I32,           /* value, sign-extended */
    BL_WASM_IMM_I64            /* value */
};

/*
 * Every accepted instruction: X(name, opcode, text, immediate, pops, push, cost). Opcodes of the
 * 0xfc page are 0xfc00 | second part. `pops` and `push` are text, "i" for i32 and "l" for i64, the
 * deepest operand first; "*" marks what the validator treats by hand. `cost` names a class of
 * contracts/gas.h.
 */
#define BL_WASM_OP_MAP(X)                                                                          \
    X(UNREACHABLE, 0x00, "unreachable", NONE, "*", "", SIMPLE)                                     \
    X(NOP, 0x01, "nop", NONE, "", "", SIMPLE)                                                      \
    X(BLOCK, 0x02, "block", BLOCK, "*", "", FREE)                                                  \
    X(LOOP, 0x03, "loop", BLOCK, "*", "", FREE)                                                    \
    X(IF, 0x04, "if", BLOCK, "*", "", BRANCH)                                                      \
    X(ELSE, 0x05, "else", NONE, "*", "", FREE)                                                     \
    X(END, 0x0b, "end", NONE, "*", "", FREE)                                                       \
    X(BR, 0x0c, "br", INDEX, "*", "", BRANCH)                                                      \
    X(BR_IF, 0x0d, "br_if", INDEX, "*", "", BRANCH)                                                \
    X(BR_TABLE, 0x0e, "br_table", BR_TABLE, "*", "", BR_TABLE)                                     \
    X(RETURN, 0x0f, "return", NONE, "*", "", BRANCH)                                               \
    X(CALL, 0x10, "call", INDEX, "*", "", CALL)                                                    \
    X(CALL_INDIRECT, 0x11, "call_indirect", CALL_INDIRECT, "*", "", CALL_INDIRECT)                 \
    X(DROP, 0x1a, "drop", NONE, "*", "", SIMPLE)                                                   \
    X(SELECT, 0x1b, "select", NONE, "*", "", SIMPLE)                                               \
    X(LOCAL_GET, 0x20, "local.get", INDEX, "*", "", SIMPLE)                                        \
    X(LOCAL_SET, 0x21, "local.set", INDEX, "*", "", SIMPLE)                                        \
    X(LOCAL_TEE, 0x22, "local.tee", INDEX, "*", "", SIMPLE)                                        \
    X(GLOBAL_GET, 0x23, "global.get", INDEX, "*", "", GLOBAL)                                      \
    X(GLOBAL_SET, 0x24, "global.set", INDEX, "*", "", GLOBAL)                                      \
    X(I32_LOAD, 0x28, "i32.load", MEMARG, "i", "i", MEMORY)                                        \
    X(I64_LOAD, 0x29, "i64.load", MEMARG, "i", "l", MEMORY)                                        \
    X(I32_LOAD8_S, 0x2c, "i32.load8_s", MEMARG, "i", "i", MEMORY)                                  \
    X(I32_LOAD8_U, 0x2d, "i32.load8_u", MEMARG, "i", "i", MEMORY)                                  \
    X(I32_LOAD16_S, 0x2e, "i32.load16_s", MEMARG, "i", "i", MEMORY)                                \
    X(I32_LOAD16_U, 0x2f, "i32.load16_u", MEMARG, "i", "i", MEMORY)                                \
    X(I64_LOAD8_S, 0x30, "i64.load8_s", MEMARG, "i", "l", MEMORY)                                  \
    X(I64_LOAD8_U, 0x31, "i64.load8_u", MEMARG, "i", "l", MEMORY)                                  \
    X(I64_LOAD16_S, 0x32, "i64.load16_s", MEMARG, "i", "l", MEMORY)                                \
    X(I64_LOAD16_U, 0x33, "i64.load16_u", MEMARG, "i", "l", MEMORY)                                \
    X(I64_LOAD32_S, 0x34, "i64.load32_s", MEMARG, "i", "l", MEMORY)                                \
    X(I64_LOAD32_U, 0x35, "i64.load32_u", MEMARG, "i", "l", MEMORY)                                \
    X(I32_STORE, 0x36, "i32.store", MEMARG, "ii", "", MEMORY)                                      \
    X(I64_STORE, 0x37, "i64.store", MEMARG, "il", "", MEMORY)                                      \
    X(I32_STORE8, 0x3a, "i32.store8", MEMARG, "ii", "", MEMORY)                                    \
    X(I32_STORE16, 0x3b, "i32.store16", MEMARG, "ii", "", MEMORY)                                  \
    X(I64_STORE8, 0x3c, "i64.store8", MEMARG, "il", "", MEMORY)                                    \
    X(I64_STORE16, 0x3d, "i64.store16", MEMARG, "il", "", MEMORY)                                  \
    X(I64_STORE32, 0x3e, "i64.store32", MEMARG, "il", "", MEMORY)                                  \
    X(MEMORY_SIZE, 0x3f, "memory.size", MEMORY, "", "i", MEMORY_SIZE)                              \
    X(MEMORY_GROW, 0x40, "memory.grow", MEMORY, "i", "i", GROW)                                    \
    X(I32_CONST, 0x41, "i32.const", I32, "", "i", SIMPLE)                                          \
    X(I64_CONST, 0x42, "i64.const", I64, "", "l", SIMPLE)                                          \
    X(I32_EQZ, 0x45, "i32.eqz", NONE, "i", "i", SIMPLE)                                            \
    X(I32_EQ, 0x46, "i32.eq", NONE, "ii", "i", SIMPLE)                                             \
    X(I32_NE, 0x47, "i32.ne", NONE, "ii", "i", SIMPLE)                                             \
    X(I32_LT_S, 0x48, "i32.lt_s", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_LT_U, 0x49, "i32.lt_u", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_GT_S, 0x4a, "i32.gt_s", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_GT_U, 0x4b, "i32.gt_u", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_LE_S, 0x4c, "i32.le_s", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_LE_U, 0x4d, "i32.le_u", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_GE_S, 0x4e, "i32.ge_s", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_GE_U, 0x4f, "i32.ge_u", NONE, "ii", "i", SIMPLE)                                         \
    X(I64_EQZ, 0x50, "i64.eqz", NONE, "l", "i", SIMPLE)                                            \
    X(I64_EQ, 0x51, "i64.eq", NONE, "ll", "i", SIMPLE)                                             \
    X(I64_NE, 0x52, "i64.ne", NONE, "ll", "i", SIMPLE)                                             \
    X(I64_LT_S, 0x53, "i64.lt_s", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_LT_U, 0x54, "i64.lt_u", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_GT_S, 0x55, "i64.gt_s", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_GT_U, 0x56, "i64.gt_u", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_LE_S, 0x57, "i64.le_s", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_LE_U, 0x58, "i64.le_u", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_GE_S, 0x59, "i64.ge_s", NONE, "ll", "i", SIMPLE)                                         \
    X(I64_GE_U, 0x5a, "i64.ge_u", NONE, "ll", "i", SIMPLE)                                         \
    X(I32_CLZ, 0x67, "i32.clz", NONE, "i", "i", SIMPLE)                                            \
    X(I32_CTZ, 0x68, "i32.ctz", NONE, "i", "i", SIMPLE)                                            \
    X(I32_POPCNT, 0x69, "i32.popcnt", NONE, "i", "i", POPCNT)                                      \
    X(I32_ADD, 0x6a, "i32.add", NONE, "ii", "i", SIMPLE)                                           \
    X(I32_SUB, 0x6b, "i32.sub", NONE, "ii", "i", SIMPLE)                                           \
    X(I32_MUL, 0x6c, "i32.mul", NONE, "ii", "i", MUL)                                              \
    X(I32_DIV_S, 0x6d, "i32.div_s", NONE, "ii", "i", DIV)                                          \
    X(I32_DIV_U, 0x6e, "i32.div_u", NONE, "ii", "i", DIV)                                          \
    X(I32_REM_S, 0x6f, "i32.rem_s", NONE, "ii", "i", DIV)                                          \
    X(I32_REM_U, 0x70, "i32.rem_u", NONE, "ii", "i", DIV)                                          \
    X(I32_AND, 0x71, "i32.and", NONE, "ii", "i", SIMPLE)                                           \
    X(I32_OR, 0x72, "i32.or", NONE, "ii", "i", SIMPLE)                                             \
    X(I32_XOR, 0x73, "i32.xor", NONE, "ii", "i", SIMPLE)                                           \
    X(I32_SHL, 0x74, "i32.shl", NONE, "ii", "i", SIMPLE)                                           \
    X(I32_SHR_S, 0x75, "i32.shr_s", NONE, "ii", "i", SIMPLE)                                       \
    X(I32_SHR_U, 0x76, "i32.shr_u", NONE, "ii", "i", SIMPLE)                                       \
    X(I32_ROTL, 0x77, "i32.rotl", NONE, "ii", "i", SIMPLE)                                         \
    X(I32_ROTR, 0x78, "i32.rotr", NONE, "ii", "i", SIMPLE)                                         \
    X(I64_CLZ, 0x79, "i64.clz", NONE, "l", "l", SIMPLE)                                            \
    X(I64_CTZ, 0x7a, "i64.ctz", NONE, "l", "l", SIMPLE)                                            \
    X(I64_POPCNT, 0x7b, "i64.popcnt", NONE, "l", "l", POPCNT)                                      \
    X(I64_ADD, 0x7c, "i64.add", NONE, "ll", "l", SIMPLE)                                           \
    X(I64_SUB, 0x7d, "i64.sub", NONE, "ll", "l", SIMPLE)                                           \
    X(I64_MUL, 0x7e, "i64.mul", NONE, "ll", "l", MUL)                                              \
    X(I64_DIV_S, 0x7f, "i64.div_s", NONE, "ll", "l", DIV)                                          \
    X(I64_DIV_U, 0x80, "i64.div_u", NONE, "ll", "l", DIV)                                          \
    X(I64_REM_S, 0x81, "i64.rem_s", NONE, "ll", "l", DIV)                                          \
    X(I64_REM_U, 0x82, "i64.rem_u", NONE, "ll", "l", DIV)                                          \
    X(I64_AND, 0x83, "i64.and", NONE, "ll", "l", SIMPLE)                                           \
    X(I64_OR, 0x84, "i64.or", NONE, "ll", "l", SIMPLE)                                             \
    X(I64_XOR, 0x85, "i64.xor", NONE, "ll", "l", SIMPLE)                                           \
    X(I64_SHL, 0x86, "i64.shl", NONE, "ll", "l", SIMPLE)                                           \
    X(I64_SHR_S, 0x87, "i64.shr_s", NONE, "ll", "l", SIMPLE)                                       \
    X(I64_SHR_U, 0x88, "i64.shr_u", NONE, "ll", "l", SIMPLE)                                       \
    X(I64_ROTL, 0x89, "i64.rotl", NONE, "ll", "l", SIMPLE)                                         \
    X(I64_ROTR, 0x8a, "i64.rotr", NONE, "ll", "l", SIMPLE)                                         \
    X(I32_WRAP_I64, 0xa7, "i32.wrap_i64", NONE, "l", "i", SIMPLE)                                  \
    X(I64_EXTEND_I32_S, 0xac, "i64.extend_i32_s", NONE, "i", "l", SIMPLE)                          \
    X(I64_EXTEND_I32_U, 0xad, "i64.extend_i32_u", NONE, "i", "l", SIMPLE)                          \
    X(I32_EXTEND8_S, 0xc0, "i32.extend8_s", NONE, "i", "i", SIMPLE)                                \
    X(I32_EXTEND16_S, 0xc1, "i32.extend16_s", NONE, "i", "i", SIMPLE)                              \
    X(I64_EXTEND8_S, 0xc2, "i64.extend8_s", NONE, "l", "l", SIMPLE)                                \
    X(I64_EXTEND16_S, 0xc3, "i64.extend16_s", NONE, "l", "l", SIMPLE)                              \
    X(I64_EXTEND32_S, 0xc4, "i64.extend32_s", NONE, "l", "l", SIMPLE)                              \
    X(MEMORY_INIT, 0xfc08, "memory.init", DATA_MEMORY, "iii", "", BULK)                            \
    X(DATA_DROP, 0xfc09, "data.drop", INDEX, "", "", BULK)                                         \
    X(MEMORY_COPY, 0xfc0a, "memory.copy", MEMORY2, "iii", "", BULK)                                \
    X(MEMORY_FILL, 0xfc0b, "memory.fill", MEMORY, "iii", "", BULK)

enum bl_wasm_op {
#define BL_WASM_OP_ENUM(name, opcode, text, immediate, pops, push, cost)                           \
    BL_WASM_OP_##name = (opcode),
    BL_WASM_OP_MAP(BL_WASM_OP_ENUM)
#undef BL_WASM_OP_ENUM
};

/* "i32.add", also for instructions outside the subset; "unknown" where there is no such one. */
const char *bl_wasm_op_name(uint16_t opcode);

/* One decoded instruction. Fields that its immediate does not use are 0. */
struct bl_wasm_instruction {
    uint32_t offset; /* of the opcode, in the module's bytes */
    uint16_t op;     /* enum bl_wasm_op */
    uint8_t block_type;
    uint8_t align;
    uint32_t index;
    uint32_t table; /* br_table: offset in the module's bytes of its index + 1 label LEBs */
    int64_t value;
};

/* A read position in a module. */
struct bl_wasm_cursor {
    const uint8_t *bytes; /* the module's first byte */
    uint32_t at;
    uint32_t end;
};

/* Reads one instruction with all its immediates (of a br_table all labels). On failure the cursor
 * stands at the byte at fault and out->offset, out->op are set. Never fails on the code of a
 * decoded module. */
__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_instruction(struct bl_wasm_instruction *out, struct bl_wasm_cursor *cursor);
/* An unsigned 32-bit LEB, at most 5 bytes, not necessarily shortest: the labels of a br_table. */
__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_u32(uint32_t *out, struct bl_wasm_cursor *cursor);

/* ---- imports a module may have ---- */

/* One function a host offers. `signature` is "params:result" with i for i32 and l for i64:
 * "iii:i", "i:", ":l". */
struct bl_wasm_import_spec {
    const char *module;
    const char *name;
    const char *signature;
};
struct bl_wasm_imports {
    const struct bl_wasm_import_spec *specs;
    uint32_t count;
};

/* ---- the decoded module ---- */

struct bl_wasm_functype {
    const uint8_t *params; /* enum bl_wasm_type each */
    uint32_t param_count;
    uint8_t result;     /* enum bl_wasm_type, or BL_WASM_VOID */
    uint32_t canonical; /* the first type index with the same parameters and result */
};

struct bl_wasm_import {
    baals_slice module;
    baals_slice name;
    uint32_t type; /* index into types */
    uint32_t spec; /* index into the specs of the imports it was decoded with */
};

struct bl_wasm_local_run {
    uint32_t count;
    uint8_t type; /* enum bl_wasm_type */
};

struct bl_wasm_function {
    uint32_t type;        /* index into types */
    uint32_t body_offset; /* of the local declarations, in the module's bytes */
    uint32_t code_offset; /* of the first instruction */
    uint32_t code_len;    /* up to and with the final `end` */
    const struct bl_wasm_local_run *runs;
    uint32_t run_count;
    uint32_t local_count;  /* declared locals, without parameters */
    uint32_t height_max;   /* highest operand stack the validator saw, dead code included */
    uint32_t nesting_max;  /* deepest nesting of block, loop, if; 0 for straight code */
    uint32_t frame_cost;   /* F = 64 + 8 * (parameters + locals + height_max) */
    uint32_t block_count;  /* metered blocks that are charged, at least 1 */
    uint32_t instructions; /* number of instructions, the final `end` included */
    bool leaf;             /* has no call and no call_indirect, dead code included */
    bool grows;            /* has a memory.grow, dead code included */
    bool bulk;             /* has a memory.copy, memory.fill or memory.init, dead code included */
};

struct bl_wasm_global {
    uint8_t type; /* enum bl_wasm_type */
    bool mutable_;
    int64_t init; /* an i32 is sign-extended */
};

enum bl_wasm_kind {
    BL_WASM_KIND_FUNCTION = 0,
    BL_WASM_KIND_TABLE = 1,
    BL_WASM_KIND_MEMORY = 2,
    BL_WASM_KIND_GLOBAL = 3
};

struct bl_wasm_export {
    baals_slice name;
    uint8_t kind; /* enum bl_wasm_kind */
    uint32_t index;
};

/* An active segment of table 0; it lies within the table. */
struct bl_wasm_element {
    uint32_t offset;
    const uint32_t *functions;
    uint32_t count;
};

/* An active data segment lies within the initial memory; a passive one has offset 0. */
struct bl_wasm_data {
    bool active;
    uint32_t offset;
    baals_slice bytes;
};

struct bl_wasm_custom {
    baals_slice name;
    baals_slice bytes; /* without the name */
};

enum bl_wasm_profile {
    BL_WASM_INPUT,       /* a contract: subset, limits, reserved names */
    BL_WASM_INSTRUMENTED /* what bl_wasm_instrument made: the subset and type rules; limits with the
                          * instrumenter's additions; a module without a memory is accepted */
};

struct bl_wasm_module {
    baals_slice bytes;
    enum bl_wasm_profile profile;
    uint32_t limits_version;
    const struct bl_wasm_imports *accepted;

    const struct bl_wasm_functype *types;
    uint32_t type_count;
    const struct bl_wasm_import *imports; /* functions; they are the first function indices */
    uint32_t import_count;
    const struct bl_wasm_function *functions; /* index import_count + i */
    uint32_t function_count;
    bool has_table;
    uint32_t table_min; /* entries; the table never grows */
    bool has_memory;
    uint32_t memory_min; /* pages of 65,536 bytes */
    uint32_t memory_max; /* pages; min(declared, 256), or 256 */
    const struct bl_wasm_global *globals;
    uint32_t global_count;
    const struct bl_wasm_export *exports;
    uint32_t export_count;
    uint32_t start; /* a function index, or BL_WASM_NONE */
    const struct bl_wasm_element *elements;
    uint32_t element_count;
    const struct bl_wasm_data *data;
    uint32_t data_count;
    bool has_data_count; /* a DataCount section is there */
    const struct bl_wasm_custom *customs;
    uint32_t custom_count;

    uint64_t active_data_bytes; /* for the cost of an instance */
    uint64_t work;              /* units of work of the decoder; linear in the size */
};

struct bl_wasm_options {
    enum bl_wasm_profile profile;
    uint32_t limits_version;               /* 1 */
    const struct bl_wasm_imports *imports; /* must outlive the module */
};

#define BL_WASM_ARENA_BYTES (64u * 1024u * 1024u)

/*
 * Decodes and validates a whole module in one pass, without recursion. On success *out is a module
 * in `arena`. On refusal returns REJECT_CODE and fills `where` (may be NULL); the cause is that of
 * the first byte at fault, except that a float type gives way to the first float instruction.
 * UNSUPPORTED_VERSION: unknown limits_version. NOMEM: arena exhausted; BL_WASM_ARENA_BYTES is
 * enough for decoding, instrumenting and decoding again.
 */
__attribute__((warn_unused_result)) baals_status
bl_wasm_decode(const struct bl_wasm_module **out,
               struct bl_arena *arena,
               baals_slice bytes,
               const struct bl_wasm_options *options,
               struct bl_wasm_error *where,
               baals_error *err);

/* The type of a function of the index space (imports first). */
const struct bl_wasm_functype *bl_wasm_function_type(const struct bl_wasm_module *module,
                                                     uint32_t function_index);
/* The export of that name and kind, or NULL. */
const struct bl_wasm_export *
bl_wasm_export_find(const struct bl_wasm_module *module, enum bl_wasm_kind kind, baals_slice name);
/* The first custom section of that name, or NULL. */
const struct bl_wasm_custom *bl_wasm_custom_find(const struct bl_wasm_module *module,
                                                 baals_slice name);

/* The name the name section gives a function, for messages and traces: at most 64 bytes of one line
 * of UTF-8. False when there is none. `bytes` need not be a valid module. */
bool bl_wasm_function_name(baals_slice *out, baals_slice bytes, uint32_t function_index);

/* The bounds of one profile and limits version (docs/spec/wasm.md); NULL: unknown version. */
struct bl_wasm_limits {
    uint32_t module_bytes;
    uint32_t types;
    uint32_t functions;
    uint32_t body_bytes;
    uint32_t blocks;
    uint32_t blocks_module;
    uint32_t params;
    uint32_t params_module;
    uint32_t locals;
    uint32_t locals_module;
    uint32_t operands;
    uint32_t nesting;
    uint32_t br_table;
    uint32_t globals;
    uint32_t imports;
    uint32_t exports;
    uint32_t name_bytes;
    uint32_t table;
    uint32_t element_segments;
    uint32_t elements;
    uint32_t data_segments;
    uint32_t memory_initial;
    uint32_t memory_max;
    uint32_t average_body_functions; /* above so many functions ... */
    uint32_t average_body_bytes;     /* ... a body has at least so many bytes on average */
    uint32_t custom_sections;
};
const struct bl_wasm_limits *bl_wasm_limits_get(uint32_t version, enum bl_wasm_profile profile);

/* ---- instrumentation "gas v1" (docs/spec/gas.md) ---- */

#define BL_WASM_EXPORT_MEMORY "baals.memory" /* there when the module has a memory */
#define BL_WASM_EXPORT_GAS "baals.gas"       /* i64, mutable: gas left; < 0 is out of gas */
#define BL_WASM_EXPORT_STACK "baals.stack"   /* i32, mutable: stack left; < 0 is out of stack */
#define BL_WASM_EXPORT_START "baals.start"   /* there when the input has a start function */
/* The gas counter of a local fault: the engine could not grow the memory below its maximum. */
#define BL_WASM_GAS_FAULT INT64_MIN
/* A frame of at most so many bytes without calls is not charged to the stack. */
#define BL_WASM_LEAF_FRAME_MAX 512u

struct bl_wasm_instrumented {
    const struct bl_wasm_module *module; /* the output, decoded under INSTRUMENTED */
    uint32_t gas_global;
    uint32_t stack_global;
    uint32_t start_function; /* to be called before anything else; or BL_WASM_NONE */
    uint64_t work;           /* units of work; linear in the size */
};

/*
 * Appends the instrumented form of `module` to the empty buffer `out` and describes it in *info.
 * info->module lives in `arena` and borrows from out's bytes. `module` may have been decoded under
 * either profile, but must not itself be instrumented. REJECT_CODE with the cause
 * LIMIT_INSTRUMENTED_BYTES when the output would exceed 4 times the input + 4 KiB, or 4 MiB.
 */
__attribute__((warn_unused_result)) baals_status
bl_wasm_instrument(struct bl_buffer *out,
                   struct bl_wasm_instrumented *info,
                   const struct bl_wasm_module *module,
                   const struct bl_gas_schedule *schedule,
                   struct bl_arena *arena,
                   baals_error *err);

/* Describes a module decoded under INSTRUMENTED (a stored instrumented form): finds the reserved
 * exports; work is 0. CORRUPT_STORE when they are not there or not of the right kind. */
__attribute__((warn_unused_result)) baals_status bl_wasm_instrumented_describe(
    struct bl_wasm_instrumented *info, const struct bl_wasm_module *module, baals_error *err);

#endif /* BL_CONTRACTS_WASM_H */
