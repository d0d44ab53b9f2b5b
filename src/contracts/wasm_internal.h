/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_WASM_INTERNAL_H
#define BL_CONTRACTS_WASM_INTERNAL_H
/*
 * What the files of the WebAssembly front end share: the facts of each instruction, the readers of
 * the binary format, the state of a decoding, the writers of the instrumenter.
 */
#include "contracts/gas.h"
#include "contracts/wasm.h"

/* ---- instructions ---- */

/* One row of BL_WASM_OP_MAP. */
struct bl_wasm_op_info {
    const char *text; /* NULL: not an accepted instruction */
    const char *pops;
    const char *push;
    uint8_t immediate; /* enum bl_wasm_immediate */
    uint8_t gas_class; /* enum bl_gas_class */
};

/* The row of an opcode, with text NULL for what is not accepted. */
const struct bl_wasm_op_info *bl_wasm_op_info(uint16_t opcode);
/* The natural alignment of a load or store, as a power of two. */
unsigned bl_wasm_op_align(uint16_t opcode);
/* Why an opcode that is not accepted is refused: FLOAT, SIMD, ..., or OPCODE. */
enum bl_wasm_code bl_wasm_op_refusal(uint16_t opcode);

/* ---- readers: on failure the cursor stands at the byte at fault ---- */

__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_byte(uint8_t *out, struct bl_wasm_cursor *cursor);
__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_s32(int32_t *out, struct bl_wasm_cursor *cursor);
__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_s64(int64_t *out, struct bl_wasm_cursor *cursor);
/* i32 or i64; what else is known is refused by its feature. */
__attribute__((warn_unused_result)) enum bl_wasm_code
bl_wasm_read_type(uint8_t *out, struct bl_wasm_cursor *cursor);
bool bl_wasm_utf8_valid(baals_slice text);

/* ---- walking without a decoder (wasm_explain.c) ----
 * For bytes that may be anything: every length is checked, false ends the walk. */

/* At the first section of a module. */
bool bl_wasm_walk_begin(struct bl_wasm_cursor *cursor, baals_slice bytes);
/* The next section: its id and its content. */
bool bl_wasm_walk_section(uint8_t *id, struct bl_wasm_cursor *out, struct bl_wasm_cursor *cursor);
bool bl_wasm_walk_u32(uint32_t *out, struct bl_wasm_cursor *cursor);
bool bl_wasm_walk_skip(struct bl_wasm_cursor *cursor, uint32_t len);
bool bl_wasm_walk_skip_name(struct bl_wasm_cursor *cursor);
/* A part with its size before it; *out is its content, the cursor moves behind it. */
bool bl_wasm_walk_part(struct bl_wasm_cursor *out, struct bl_wasm_cursor *cursor);
/* Cuts a name to BL_WASM_NAME_SHOWN_MAX bytes at a character; false when it is not one line of
 * text. */
bool bl_wasm_name_fit(baals_slice *name);
#define BL_WASM_NAME_SHOWN_MAX 64u

/* ---- decoding ---- */

/* An open block while a body is validated. */
struct bl_wasm_frame {
    uint32_t height;    /* of the operand stack when it was opened */
    uint8_t op;         /* block, loop, if, else; 0 for the function itself */
    uint8_t block_type; /* its result */
    bool unreachable;   /* the rest of it cannot be reached: operands are polymorphic */
    bool targeted;      /* a branch names it */
};

struct bl_wasm_decoder {
    struct bl_wasm_module module;       /* being built */
    struct bl_wasm_function *functions; /* module.functions, writable */
    const struct bl_wasm_limits *limits;
    struct bl_arena *arena;
    struct bl_wasm_cursor cursor; /* its end is that of the section or body being read */
    struct bl_wasm_error fault;   /* set when a function below returned false ... */
    bool out_of_memory;           /* ... unless this is set */
    uint64_t params_sum;
    uint64_t locals_sum;
    uint64_t blocks_sum;
    /* Scratch of the validator, sized by the limits. */
    uint8_t *operands; /* types; 0 is "any" in unreachable code */
    uint8_t *local_types;
    struct bl_wasm_frame *frames; /* frames[0] is the function */
};

/* Records the cause and returns false. */
bool bl_wasm_decoder_fail(struct bl_wasm_decoder *decoder, enum bl_wasm_code code, uint32_t offset);
/* Validates the body between cursor.at and cursor.end of a function whose type is set, and fills in
 * the rest of it. */
bool bl_wasm_validate_body(struct bl_wasm_decoder *decoder, struct bl_wasm_function *function);

/* ---- explaining: for people, on bytes that were refused ---- */

/* The first float instruction of the code section, as far as a scan without validation gets. Fills
 * in offset, function and opcode of *fault and returns true, or leaves it alone. */
bool bl_wasm_explain_float(struct bl_wasm_error *fault, baals_slice bytes);
/* Writes the cause as one line for people and returns REJECT_CODE. */
baals_status
bl_wasm_explain_fault(const struct bl_wasm_error *fault, baals_slice bytes, baals_error *err);

/* ---- metering ---- */

/* How an instruction divides the code into metered blocks (docs/spec/gas.md). */
enum bl_wasm_boundary {
    BL_WASM_BOUNDARY_NONE,
    BL_WASM_BOUNDARY_BEFORE, /* it begins a block */
    BL_WASM_BOUNDARY_AFTER   /* it ends a block */
};
/* `closed` is the innermost open block before the instruction: what an `end` closes. */
enum bl_wasm_boundary bl_wasm_block_boundary(uint16_t op, const struct bl_wasm_frame *closed);

/* ---- instrumenting ---- */

/* Appends the shortest encodings. */
void bl_wasm_write_u32(struct bl_buffer *out, uint32_t value);
void bl_wasm_write_s64(struct bl_buffer *out, int64_t value);

/* What rewriting the bodies of a module needs. */
struct bl_wasm_meter {
    const struct bl_wasm_module *module;
    const struct bl_gas_schedule *schedule;
    uint32_t gas_global;
    uint32_t stack_global;
    uint32_t grow_function;       /* BL_WASM_NONE when the module has no memory.grow */
    uint32_t bulk_function;       /* BL_WASM_NONE when it has no memory.copy, fill or init */
    uint64_t *costs;              /* scratch: of the metered blocks of one function */
    struct bl_wasm_frame *frames; /* scratch */
    uint64_t work;
};

/* Appends a metered body, local declarations first, without its size. */
void bl_wasm_meter_body(struct bl_buffer *out,
                        struct bl_wasm_meter *meter,
                        const struct bl_wasm_function *function);
/* Append the bodies of the helper functions. */
void bl_wasm_meter_grow_helper(struct bl_buffer *out, const struct bl_wasm_meter *meter);
void bl_wasm_meter_bulk_helper(struct bl_buffer *out, const struct bl_wasm_meter *meter);

#endif /* BL_CONTRACTS_WASM_INTERNAL_H */
