/* SPDX-License-Identifier: MIT */
/*
 * Rewriting one function body: gas v1 of docs/spec/gas.md.
 *
 * A body is read twice. The first pass divides it into metered blocks and adds up their costs; the
 * second writes every instruction in its shortest form and puts the charge of each block at its
 * head. Both passes walk the same control stack, so they agree on where blocks begin. Branch depths
 * stay as they are: the only block added around code is the wrapper of the stack guard, and it
 * stands exactly where the function's own label stood.
 */
#include "contracts/wasm_internal.h"

/* ---- writing ---- */

void bl_wasm_write_u32(struct bl_buffer *out, uint32_t value)
{
    while (value >= 0x80) {
        bl_buffer_append_u8(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    bl_buffer_append_u8(out, (uint8_t)value);
}

void bl_wasm_write_s64(struct bl_buffer *out, int64_t value)
{
    /* An arithmetic shift, written without relying on one. */
    const uint64_t fill = value < 0 ? UINT64_MAX << 57 : 0;
    uint64_t bits = (uint64_t)value;
    for (;;) {
        const uint8_t low = (uint8_t)(bits & 0x7f);
        bits = bits >> 7 | fill;
        const bool done = fill == 0 ? bits == 0 && low < 0x40 : bits == UINT64_MAX && low >= 0x40;
        bl_buffer_append_u8(out, done ? low : (uint8_t)(low | 0x80));
        if (done)
            return;
    }
}

static void meter_op(struct bl_buffer *out, enum bl_wasm_op op)
{
    if (op >= 0xfc00) {
        bl_buffer_append_u8(out, 0xfc);
        bl_wasm_write_u32(out, op & 0xffu);
    } else {
        bl_buffer_append_u8(out, (uint8_t)op);
    }
}

static void meter_op_index(struct bl_buffer *out, enum bl_wasm_op op, uint32_t index)
{
    meter_op(out, op);
    bl_wasm_write_u32(out, index);
}

static void meter_op_const(struct bl_buffer *out, enum bl_wasm_op op, int64_t value)
{
    meter_op(out, op);
    bl_wasm_write_s64(out, value);
}

static void meter_op_block(struct bl_buffer *out, enum bl_wasm_op op, uint8_t block_type)
{
    meter_op(out, op);
    bl_buffer_append_u8(out, block_type);
}

/* Traps when the gas counter is negative. */
static void meter_gas_check(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    meter_op_index(out, BL_WASM_OP_GLOBAL_GET, meter->gas_global);
    meter_op_const(out, BL_WASM_OP_I64_CONST, 0);
    meter_op(out, BL_WASM_OP_I64_LT_S);
    meter_op_block(out, BL_WASM_OP_IF, BL_WASM_VOID);
    meter_op(out, BL_WASM_OP_UNREACHABLE);
    meter_op(out, BL_WASM_OP_END);
}

/* The charge at the head of a metered block. */
static void meter_charge(struct bl_buffer *out, const struct bl_wasm_meter *meter, uint64_t cost)
{
    BL_ASSERT(cost > 0 && cost <= INT64_MAX);
    meter_op_index(out, BL_WASM_OP_GLOBAL_GET, meter->gas_global);
    meter_op_const(out, BL_WASM_OP_I64_CONST, (int64_t)cost);
    meter_op(out, BL_WASM_OP_I64_SUB);
    meter_op_index(out, BL_WASM_OP_GLOBAL_SET, meter->gas_global);
    meter_gas_check(out, meter);
}

static void meter_stack_move(struct bl_buffer *out,
                             const struct bl_wasm_meter *meter,
                             uint32_t frame_cost,
                             enum bl_wasm_op op)
{
    meter_op_index(out, BL_WASM_OP_GLOBAL_GET, meter->stack_global);
    meter_op_const(out, BL_WASM_OP_I32_CONST, frame_cost);
    meter_op(out, op);
    meter_op_index(out, BL_WASM_OP_GLOBAL_SET, meter->stack_global);
}

static void meter_stack_check(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    meter_op_index(out, BL_WASM_OP_GLOBAL_GET, meter->stack_global);
    meter_op_const(out, BL_WASM_OP_I32_CONST, 0);
    meter_op(out, BL_WASM_OP_I32_LT_S);
    meter_op_block(out, BL_WASM_OP_IF, BL_WASM_VOID);
    meter_op(out, BL_WASM_OP_UNREACHABLE);
    meter_op(out, BL_WASM_OP_END);
}

/* ---- walking ---- */

/* One pass over a body. */
struct meter_walk {
    struct bl_wasm_meter *meter;
    const struct bl_wasm_function *function;
    struct bl_wasm_cursor cursor;
    struct bl_wasm_frame *frame; /* the innermost open block */
    struct bl_wasm_instruction instruction;
    enum bl_wasm_boundary boundary;
};

static struct meter_walk meter_walk_begin(struct bl_wasm_meter *meter,
                                          const struct bl_wasm_function *function)
{
    meter->frames[0] = (struct bl_wasm_frame){0};
    return (struct meter_walk){
        .meter = meter,
        .function = function,
        .frame = meter->frames,
        .cursor = {.bytes = meter->module->bytes.data,
                   .at = function->code_offset,
                   .end = function->code_offset + function->code_len},
    };
}

static uint32_t meter_read_label(struct bl_wasm_cursor *cursor)
{
    uint32_t label = 0;
    const enum bl_wasm_code code = bl_wasm_read_u32(&label, cursor);
    BL_ASSERT(code == BL_WASM_CODE_OK);
    return label;
}

static void meter_mark_targets(struct meter_walk *walk)
{
    const struct bl_wasm_instruction *instruction = &walk->instruction;
    if (instruction->op != BL_WASM_OP_BR_TABLE) {
        walk->frame[-(ptrdiff_t)instruction->index].targeted = true;
        return;
    }
    struct bl_wasm_cursor labels = walk->cursor;
    labels.at = instruction->table;
    for (uint32_t i = 0; i <= instruction->index; i++)
        walk->frame[-(ptrdiff_t)meter_read_label(&labels)].targeted = true;
    walk->meter->work += instruction->index;
}

/* Reads the next instruction and says what it does to the metered blocks. False after the body's
 * final `end`. */
static bool meter_walk_next(struct meter_walk *walk)
{
    if (walk->cursor.at == walk->cursor.end)
        return false;
    const enum bl_wasm_code code = bl_wasm_read_instruction(&walk->instruction, &walk->cursor);
    BL_ASSERT(code == BL_WASM_CODE_OK);
    walk->meter->work++;
    walk->boundary = bl_wasm_block_boundary(walk->instruction.op, walk->frame);
    switch (walk->instruction.op) {
    case BL_WASM_OP_BLOCK:
    case BL_WASM_OP_LOOP:
    case BL_WASM_OP_IF:
        walk->frame++;
        *walk->frame = (struct bl_wasm_frame){.op = (uint8_t)walk->instruction.op};
        break;
    case BL_WASM_OP_ELSE:
        walk->frame->op = BL_WASM_OP_ELSE;
        break;
    case BL_WASM_OP_END:
        if (walk->frame != walk->meter->frames)
            walk->frame--;
        break;
    case BL_WASM_OP_BR:
    case BL_WASM_OP_BR_IF:
    case BL_WASM_OP_BR_TABLE:
        meter_mark_targets(walk);
        break;
    default:
        break;
    }
    return true;
}

static uint32_t meter_callee_params(const struct bl_wasm_module *module,
                                    const struct bl_wasm_instruction *instruction)
{
    if (instruction->op == BL_WASM_OP_CALL)
        return bl_wasm_function_type(module, instruction->index)->param_count;
    if (instruction->op == BL_WASM_OP_CALL_INDIRECT)
        return module->types[instruction->index].param_count;
    return 0;
}

/* The first pass: meter->costs[i] is the cost of the body's block i. */
static void meter_costs(struct bl_wasm_meter *meter, const struct bl_wasm_function *function)
{
    struct meter_walk walk = meter_walk_begin(meter, function);
    uint32_t block = 0;
    meter->costs[0] = bl_gas_entry(meter->schedule, function->frame_cost);
    while (meter_walk_next(&walk)) {
        const uint64_t cost =
            bl_gas_instruction_cost(meter->schedule, &walk.instruction,
                                    meter_callee_params(meter->module, &walk.instruction));
        if (walk.boundary == BL_WASM_BOUNDARY_BEFORE)
            meter->costs[++block] = 0;
        meter->costs[block] += cost;
        if (walk.boundary == BL_WASM_BOUNDARY_AFTER)
            meter->costs[++block] = 0;
    }
    BL_ASSERT(block <= function->instructions);
}

/* ---- the second pass ---- */

static void meter_write_br_table(struct bl_buffer *out, const struct meter_walk *walk)
{
    struct bl_wasm_cursor labels = walk->cursor;
    labels.at = walk->instruction.table;
    meter_op_index(out, BL_WASM_OP_BR_TABLE, walk->instruction.index);
    for (uint32_t i = 0; i <= walk->instruction.index; i++)
        bl_wasm_write_u32(out, meter_read_label(&labels));
}

static void meter_write_plain(struct bl_buffer *out, const struct meter_walk *walk)
{
    const struct bl_wasm_instruction *instruction = &walk->instruction;
    const enum bl_wasm_op op = (enum bl_wasm_op)instruction->op;
    switch ((enum bl_wasm_immediate)bl_wasm_op_info(instruction->op)->immediate) {
    case BL_WASM_IMM_NONE:
    case BL_WASM_IMM_BLOCK:
        BL_ASSERT(false); /* these have one form only, which is copied */
        break;
    case BL_WASM_IMM_INDEX:
        meter_op_index(out, op, instruction->index);
        break;
    case BL_WASM_IMM_BR_TABLE:
        meter_write_br_table(out, walk);
        break;
    case BL_WASM_IMM_CALL_INDIRECT:
    case BL_WASM_IMM_DATA_MEMORY:
        meter_op_index(out, op, instruction->index);
        bl_buffer_append_u8(out, 0x00);
        break;
    case BL_WASM_IMM_MEMARG:
        meter_op_index(out, op, instruction->align);
        bl_wasm_write_u32(out, (uint32_t)instruction->value);
        break;
    case BL_WASM_IMM_MEMORY:
        meter_op_index(out, op, 0);
        break;
    case BL_WASM_IMM_MEMORY2:
        meter_op_index(out, op, 0);
        bl_buffer_append_u8(out, 0x00);
        break;
    case BL_WASM_IMM_I32:
    case BL_WASM_IMM_I64:
        meter_op_const(out, op, instruction->value);
        break;
    }
}

static uint32_t meter_size_u32(uint32_t value)
{
    uint32_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static uint32_t meter_size_s64(int64_t value)
{
    uint64_t bits = (uint64_t)(value < 0 ? ~value : value) >> 6;
    uint32_t size = 1;
    for (; bits != 0; bits >>= 7)
        size++;
    return size;
}

/* Bytes of an instruction in its shortest form; 0 for what is always written anew. */
static uint32_t meter_shortest_size(const struct bl_wasm_instruction *instruction)
{
    const uint32_t op = instruction->op >= 0xfc00 ? 2 : 1;
    switch ((enum bl_wasm_immediate)bl_wasm_op_info(instruction->op)->immediate) {
    case BL_WASM_IMM_NONE:
        return op;
    case BL_WASM_IMM_BLOCK:
    case BL_WASM_IMM_MEMORY:
        return op + 1;
    case BL_WASM_IMM_INDEX:
        return op + meter_size_u32(instruction->index);
    case BL_WASM_IMM_CALL_INDIRECT:
    case BL_WASM_IMM_DATA_MEMORY:
        return op + meter_size_u32(instruction->index) + 1;
    case BL_WASM_IMM_MEMARG:
        return op + 1 + meter_size_u32((uint32_t)instruction->value);
    case BL_WASM_IMM_I32:
    case BL_WASM_IMM_I64:
        return op + meter_size_s64(instruction->value);
    case BL_WASM_IMM_BR_TABLE:
    case BL_WASM_IMM_MEMORY2:
        break;
    }
    return 0;
}

/* Copies the bytes of the input from *from up to `to`, and moves *from there. */
static void
meter_copy(struct bl_buffer *out, const struct meter_walk *walk, uint32_t *from, uint32_t to)
{
    bl_buffer_append(out, walk->cursor.bytes + *from, to - *from);
    *from = to;
}

/* Whether the instruction is copied as it stands. `guarded`: the body is inside the wrapper of the
 * stack guard. */
static bool meter_is_unchanged(const struct meter_walk *walk, bool guarded)
{
    switch (walk->instruction.op) {
    case BL_WASM_OP_RETURN:
        return !guarded;
    case BL_WASM_OP_MEMORY_GROW:
    case BL_WASM_OP_MEMORY_INIT:
    case BL_WASM_OP_MEMORY_COPY:
    case BL_WASM_OP_MEMORY_FILL:
        return false;
    default:
        return walk->cursor.at - walk->instruction.offset ==
               meter_shortest_size(&walk->instruction);
    }
}

static void meter_write_changed(struct bl_buffer *out, const struct meter_walk *walk)
{
    switch (walk->instruction.op) {
    case BL_WASM_OP_RETURN: {
        const ptrdiff_t depth = walk->frame - walk->meter->frames;
        meter_op_index(out, BL_WASM_OP_BR, (uint32_t)depth);
        break;
    }
    case BL_WASM_OP_MEMORY_GROW:
        meter_op_index(out, BL_WASM_OP_CALL, walk->meter->grow_function);
        break;
    case BL_WASM_OP_MEMORY_INIT:
    case BL_WASM_OP_MEMORY_COPY:
    case BL_WASM_OP_MEMORY_FILL:
        /* The length is on top of the stack; the helper charges for it and leaves it there. */
        meter_op_index(out, BL_WASM_OP_CALL, walk->meter->bulk_function);
        meter_write_plain(out, walk);
        break;
    default:
        meter_write_plain(out, walk);
        break;
    }
}

/* Runs of instructions that stay as they are, which is nearly all, are copied at once. */
static void meter_write_code(struct bl_buffer *out,
                             struct bl_wasm_meter *meter,
                             const struct bl_wasm_function *function,
                             bool guarded)
{
    struct meter_walk walk = meter_walk_begin(meter, function);
    uint32_t block = 0;
    uint32_t from = walk.cursor.at; /* what stands before it is written */
    while (meter_walk_next(&walk)) {
        if (!meter_is_unchanged(&walk, guarded)) {
            meter_copy(out, &walk, &from, walk.instruction.offset);
            meter_write_changed(out, &walk);
            from = walk.cursor.at;
        }
        /* A block that costs nothing is not charged. */
        if (walk.boundary != BL_WASM_BOUNDARY_NONE && meter->costs[++block] > 0) {
            meter_copy(out, &walk, &from, walk.cursor.at);
            meter_charge(out, meter, meter->costs[block]);
        }
    }
    meter_copy(out, &walk, &from, walk.cursor.at);
}

void bl_wasm_meter_body(struct bl_buffer *out,
                        struct bl_wasm_meter *meter,
                        const struct bl_wasm_function *function)
{
    const bool guarded = !function->leaf || function->frame_cost > BL_WASM_LEAF_FRAME_MAX;
    bl_wasm_write_u32(out, function->run_count);
    for (uint32_t i = 0; i < function->run_count; i++) {
        bl_wasm_write_u32(out, function->runs[i].count);
        bl_buffer_append_u8(out, function->runs[i].type);
    }
    meter_costs(meter, function);
    meter_charge(out, meter, meter->costs[0]);
    if (guarded) {
        meter_stack_move(out, meter, function->frame_cost, BL_WASM_OP_I32_SUB);
        meter_stack_check(out, meter);
        meter_op_block(out, BL_WASM_OP_BLOCK, meter->module->types[function->type].result);
    }
    meter_write_code(out, meter, function, guarded);
    if (guarded) {
        meter_stack_move(out, meter, function->frame_cost, BL_WASM_OP_I32_ADD);
        meter_op(out, BL_WASM_OP_END);
    }
}

/* ---- helpers ---- */

/* gas -= an i32 parameter as u32, scaled by what `scale` wrote. */
static void meter_charge_parameter_begin(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    meter_op_index(out, BL_WASM_OP_GLOBAL_GET, meter->gas_global);
    meter_op_index(out, BL_WASM_OP_LOCAL_GET, 0);
    meter_op(out, BL_WASM_OP_I64_EXTEND_I32_U);
}

static void meter_charge_parameter_end(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    meter_op(out, BL_WASM_OP_I64_SUB);
    meter_op_index(out, BL_WASM_OP_GLOBAL_SET, meter->gas_global);
    meter_gas_check(out, meter);
}

void bl_wasm_meter_grow_helper(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    bl_wasm_write_u32(out, 0); /* no locals */
    /* Above the maximum the answer is -1, and the engine is not asked. */
    meter_op_index(out, BL_WASM_OP_LOCAL_GET, 0);
    meter_op_const(out, BL_WASM_OP_I32_CONST, meter->module->memory_max);
    meter_op_index(out, BL_WASM_OP_MEMORY_SIZE, 0);
    meter_op(out, BL_WASM_OP_I32_SUB);
    meter_op(out, BL_WASM_OP_I32_GT_U);
    meter_op_block(out, BL_WASM_OP_IF, BL_WASM_VOID);
    meter_op_const(out, BL_WASM_OP_I32_CONST, -1);
    meter_op(out, BL_WASM_OP_RETURN);
    meter_op(out, BL_WASM_OP_END);
    meter_charge_parameter_begin(out, meter);
    meter_op_const(out, BL_WASM_OP_I64_CONST, (int64_t)meter->schedule->grow_page);
    meter_op(out, BL_WASM_OP_I64_MUL);
    meter_charge_parameter_end(out, meter);
    /* Below the maximum a -1 is this machine's failure, not the contract's. */
    meter_op_index(out, BL_WASM_OP_LOCAL_GET, 0);
    meter_op_index(out, BL_WASM_OP_MEMORY_GROW, 0);
    meter_op_index(out, BL_WASM_OP_LOCAL_TEE, 0);
    meter_op_const(out, BL_WASM_OP_I32_CONST, -1);
    meter_op(out, BL_WASM_OP_I32_EQ);
    meter_op_block(out, BL_WASM_OP_IF, BL_WASM_VOID);
    meter_op_const(out, BL_WASM_OP_I64_CONST, BL_WASM_GAS_FAULT);
    meter_op_index(out, BL_WASM_OP_GLOBAL_SET, meter->gas_global);
    meter_op(out, BL_WASM_OP_UNREACHABLE);
    meter_op(out, BL_WASM_OP_END);
    meter_op_index(out, BL_WASM_OP_LOCAL_GET, 0);
    meter_op(out, BL_WASM_OP_END);
}

void bl_wasm_meter_bulk_helper(struct bl_buffer *out, const struct bl_wasm_meter *meter)
{
    const int64_t unit = (int64_t)meter->schedule->bulk_bytes;
    bl_wasm_write_u32(out, 0); /* no locals */
    meter_charge_parameter_begin(out, meter);
    meter_op_const(out, BL_WASM_OP_I64_CONST, unit - 1);
    meter_op(out, BL_WASM_OP_I64_ADD);
    meter_op_const(out, BL_WASM_OP_I64_CONST, unit);
    meter_op(out, BL_WASM_OP_I64_DIV_U);
    meter_charge_parameter_end(out, meter);
    meter_op_index(out, BL_WASM_OP_LOCAL_GET, 0);
    meter_op(out, BL_WASM_OP_END);
}
