/* SPDX-License-Identifier: MIT */
/*
 * Validation of one function body: the algorithm of the specification's appendix, with a stack of
 * operand types and a stack of open blocks, both of fixed size and without recursion.
 *
 * Without multiple values a block has at most one result and no parameters, so a label carries one
 * type or none. In code that cannot be reached the operand stack is polymorphic: taking from it
 * where it is empty gives "any" (0). The same pass collects what the instrumenter and the engines
 * need: the highest operand stack, the nesting, the number of metered blocks, whether there are
 * calls (docs/spec/gas.md).
 */
#include "contracts/wasm_internal.h"

#include <string.h>

#define VALIDATE_ANY 0

struct validator {
    struct bl_wasm_decoder *decoder;
    const struct bl_wasm_module *module;
    struct bl_wasm_function *function;
    struct bl_wasm_instruction instruction;
    struct bl_wasm_frame *frame; /* the innermost open block */
    uint32_t height;
    uint32_t local_count; /* with parameters */
    bool block_charged;   /* the current metered block is already counted */
};

static bool validate_fail(struct validator *v, enum bl_wasm_code code)
{
    v->decoder->fault.opcode = v->instruction.op;
    return bl_wasm_decoder_fail(v->decoder, code, v->instruction.offset);
}

static bool validate_push(struct validator *v, uint8_t type)
{
    if (v->height >= v->decoder->limits->operands)
        return validate_fail(v, BL_WASM_CODE_LIMIT_OPERANDS);
    v->decoder->operands[v->height++] = type;
    if (v->height > v->function->height_max)
        v->function->height_max = v->height;
    return true;
}

static bool validate_pop_any(struct validator *v, uint8_t *type_out)
{
    if (v->height == v->frame->height) {
        *type_out = VALIDATE_ANY;
        return v->frame->unreachable ? true : validate_fail(v, BL_WASM_CODE_OPERAND_MISSING);
    }
    *type_out = v->decoder->operands[--v->height];
    return true;
}

static bool validate_pop(struct validator *v, uint8_t expected)
{
    uint8_t type = VALIDATE_ANY;
    if (!validate_pop_any(v, &type))
        return false;
    if (type != expected && type != VALIDATE_ANY)
        return validate_fail(v, BL_WASM_CODE_TYPE_MISMATCH);
    return true;
}

static bool validate_pop_result(struct validator *v, uint8_t result)
{
    return result == BL_WASM_VOID || validate_pop(v, result);
}

static bool validate_push_result(struct validator *v, uint8_t result)
{
    return result == BL_WASM_VOID || validate_push(v, result);
}

static void validate_unreachable(struct validator *v)
{
    v->height = v->frame->height;
    v->frame->unreachable = true;
}

static bool validate_open(struct validator *v, uint8_t op, uint8_t block_type)
{
    const uint32_t nesting = (uint32_t)(v->frame - v->decoder->frames) + 1;
    if (nesting > v->decoder->limits->nesting)
        return validate_fail(v, BL_WASM_CODE_LIMIT_NESTING);
    if (nesting > v->function->nesting_max)
        v->function->nesting_max = nesting;
    v->frame++;
    *v->frame = (struct bl_wasm_frame){.height = v->height, .op = op, .block_type = block_type};
    return true;
}

/* What `end` and `else` ask of the operand stack; leaves it as it was at the block's start. */
static bool validate_close(struct validator *v)
{
    if (!validate_pop_result(v, v->frame->block_type))
        return false;
    if (v->height != v->frame->height)
        return validate_fail(v, BL_WASM_CODE_OPERAND_LEFT);
    return true;
}

static bool validate_else(struct validator *v)
{
    if (v->frame->op != BL_WASM_OP_IF)
        return validate_fail(v, BL_WASM_CODE_ELSE_WITHOUT_IF);
    if (!validate_close(v))
        return false;
    v->frame->op = BL_WASM_OP_ELSE;
    v->frame->unreachable = false;
    return true;
}

static bool validate_end(struct validator *v)
{
    if (!validate_close(v))
        return false;
    const uint8_t result = v->frame->block_type;
    if (v->frame->op == BL_WASM_OP_IF && result != BL_WASM_VOID)
        return validate_fail(v, BL_WASM_CODE_IF_WITHOUT_ELSE);
    if (v->frame == v->decoder->frames)
        return true;
    v->frame--;
    return validate_push_result(v, result);
}

/* The block a label names, marked as a target, or NULL. */
static struct bl_wasm_frame *validate_label(struct validator *v, uint32_t label)
{
    if (label > (uint32_t)(v->frame - v->decoder->frames)) {
        (void)validate_fail(v, BL_WASM_CODE_LABEL_INDEX);
        return NULL;
    }
    struct bl_wasm_frame *target = v->frame - label;
    target->targeted = true;
    return target;
}

/* What a branch to `target` carries: a loop's label is its start and carries nothing. */
static uint8_t validate_label_type(const struct bl_wasm_frame *target)
{
    return target->op == BL_WASM_OP_LOOP ? BL_WASM_VOID : target->block_type;
}

static bool validate_br(struct validator *v, bool conditional)
{
    if (conditional && !validate_pop(v, BL_WASM_I32))
        return false;
    const struct bl_wasm_frame *target = validate_label(v, v->instruction.index);
    if (target == NULL || !validate_pop_result(v, validate_label_type(target)))
        return false;
    if (conditional)
        return validate_push_result(v, validate_label_type(target));
    validate_unreachable(v);
    return true;
}

/* One label of a br_table: the operand is looked at, not taken. */
static bool validate_br_table_label(struct validator *v, uint32_t label, bool carries)
{
    const struct bl_wasm_frame *target = validate_label(v, label);
    if (target == NULL)
        return false;
    const uint8_t type = validate_label_type(target);
    if ((type != BL_WASM_VOID) != carries)
        return validate_fail(v, BL_WASM_CODE_BR_TABLE_TYPES);
    if (!carries || (v->height == v->frame->height && v->frame->unreachable))
        return true;
    if (v->height == v->frame->height)
        return validate_fail(v, BL_WASM_CODE_OPERAND_MISSING);
    const uint8_t top = v->decoder->operands[v->height - 1];
    if (top != type && top != VALIDATE_ANY)
        return validate_fail(v, BL_WASM_CODE_TYPE_MISMATCH);
    return true;
}

static bool validate_br_table(struct validator *v)
{
    const uint32_t count = v->instruction.index;
    if (count > v->decoder->limits->br_table)
        return validate_fail(v, BL_WASM_CODE_LIMIT_BR_TABLE);
    if (!validate_pop(v, BL_WASM_I32))
        return false;
    struct bl_wasm_cursor cursor = v->decoder->cursor;
    cursor.at = v->instruction.table;
    bool carries = false;
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t label = 0;
        const enum bl_wasm_code code = bl_wasm_read_u32(&label, &cursor);
        BL_ASSERT(code == BL_WASM_CODE_OK); /* read once already */
        if (i == 0) {
            const struct bl_wasm_frame *first = validate_label(v, label);
            if (first == NULL)
                return false;
            carries = validate_label_type(first) != BL_WASM_VOID;
        }
        if (!validate_br_table_label(v, label, carries))
            return false;
    }
    v->decoder->module.work += count;
    validate_unreachable(v);
    return true;
}

static bool validate_return(struct validator *v)
{
    if (!validate_pop_result(v, v->decoder->frames[0].block_type))
        return false;
    validate_unreachable(v);
    return true;
}

static bool validate_call_type(struct validator *v, const struct bl_wasm_functype *type)
{
    v->function->leaf = false;
    for (uint32_t i = type->param_count; i > 0; i--) {
        if (!validate_pop(v, type->params[i - 1]))
            return false;
    }
    v->decoder->module.work += type->param_count;
    return validate_push_result(v, type->result);
}

static bool validate_call(struct validator *v)
{
    const uint32_t index = v->instruction.index;
    if (index >= v->module->import_count + v->module->function_count)
        return validate_fail(v, BL_WASM_CODE_FUNCTION_INDEX);
    return validate_call_type(v, bl_wasm_function_type(v->module, index));
}

static bool validate_call_indirect(struct validator *v)
{
    if (!v->module->has_table)
        return validate_fail(v, BL_WASM_CODE_TABLE_INDEX);
    if (v->instruction.index >= v->module->type_count)
        return validate_fail(v, BL_WASM_CODE_TYPE_INDEX);
    return validate_pop(v, BL_WASM_I32) &&
           validate_call_type(v, &v->module->types[v->instruction.index]);
}

static bool validate_select(struct validator *v)
{
    uint8_t second = VALIDATE_ANY;
    uint8_t first = VALIDATE_ANY;
    if (!validate_pop(v, BL_WASM_I32) || !validate_pop_any(v, &second) ||
        !validate_pop_any(v, &first))
        return false;
    if (first != second && first != VALIDATE_ANY && second != VALIDATE_ANY)
        return validate_fail(v, BL_WASM_CODE_TYPE_MISMATCH);
    return validate_push(v, first == VALIDATE_ANY ? second : first);
}

static bool validate_local(struct validator *v)
{
    if (v->instruction.index >= v->local_count)
        return validate_fail(v, BL_WASM_CODE_LOCAL_INDEX);
    const uint8_t type = v->decoder->local_types[v->instruction.index];
    if (v->instruction.op == BL_WASM_OP_LOCAL_GET)
        return validate_push(v, type);
    if (!validate_pop(v, type))
        return false;
    return v->instruction.op == BL_WASM_OP_LOCAL_SET || validate_push(v, type);
}

static bool validate_global(struct validator *v)
{
    if (v->instruction.index >= v->module->global_count)
        return validate_fail(v, BL_WASM_CODE_GLOBAL_INDEX);
    const struct bl_wasm_global *global = &v->module->globals[v->instruction.index];
    if (v->instruction.op == BL_WASM_OP_GLOBAL_GET)
        return validate_push(v, global->type);
    if (!global->mutable_)
        return validate_fail(v, BL_WASM_CODE_IMMUTABLE_GLOBAL);
    return validate_pop(v, global->type);
}

/* Instructions whose operands depend on more than their opcode. */
static bool validate_special(struct validator *v)
{
    uint8_t type = VALIDATE_ANY;
    switch (v->instruction.op) {
    case BL_WASM_OP_UNREACHABLE:
        validate_unreachable(v);
        return true;
    case BL_WASM_OP_BLOCK:
    case BL_WASM_OP_LOOP:
        return validate_open(v, (uint8_t)v->instruction.op, v->instruction.block_type);
    case BL_WASM_OP_IF:
        return validate_pop(v, BL_WASM_I32) &&
               validate_open(v, BL_WASM_OP_IF, v->instruction.block_type);
    case BL_WASM_OP_ELSE:
        return validate_else(v);
    case BL_WASM_OP_END:
        return validate_end(v);
    case BL_WASM_OP_BR:
    case BL_WASM_OP_BR_IF:
        return validate_br(v, v->instruction.op == BL_WASM_OP_BR_IF);
    case BL_WASM_OP_BR_TABLE:
        return validate_br_table(v);
    case BL_WASM_OP_RETURN:
        return validate_return(v);
    case BL_WASM_OP_CALL:
        return validate_call(v);
    case BL_WASM_OP_CALL_INDIRECT:
        return validate_call_indirect(v);
    case BL_WASM_OP_DROP:
        return validate_pop_any(v, &type);
    case BL_WASM_OP_SELECT:
        return validate_select(v);
    case BL_WASM_OP_GLOBAL_GET:
    case BL_WASM_OP_GLOBAL_SET:
        return validate_global(v);
    default:
        return validate_local(v);
    }
}

static bool validate_data_index(struct validator *v)
{
    if (!v->module->has_data_count)
        return validate_fail(v, BL_WASM_CODE_DATA_COUNT_MISSING);
    if (v->instruction.index >= v->module->data_count)
        return validate_fail(v, BL_WASM_CODE_DATA_INDEX);
    return true;
}

/* What an immediate may say beyond its encoding. */
static bool validate_immediate(struct validator *v, enum bl_wasm_immediate immediate)
{
    const bool memory = immediate == BL_WASM_IMM_MEMARG || immediate == BL_WASM_IMM_MEMORY ||
                        immediate == BL_WASM_IMM_MEMORY2 || immediate == BL_WASM_IMM_DATA_MEMORY;
    if (memory && !v->module->has_memory)
        return validate_fail(v, BL_WASM_CODE_MEMORY_INDEX);
    if (immediate == BL_WASM_IMM_MEMARG &&
        v->instruction.align > bl_wasm_op_align(v->instruction.op))
        return validate_fail(v, BL_WASM_CODE_ALIGNMENT);
    v->function->grows = v->function->grows || v->instruction.op == BL_WASM_OP_MEMORY_GROW;
    if (v->instruction.op == BL_WASM_OP_MEMORY_INIT ||
        v->instruction.op == BL_WASM_OP_MEMORY_COPY || v->instruction.op == BL_WASM_OP_MEMORY_FILL)
        v->function->bulk = true;
    if (v->instruction.op == BL_WASM_OP_MEMORY_INIT || v->instruction.op == BL_WASM_OP_DATA_DROP)
        return validate_data_index(v);
    return true;
}

/* Instructions whose operands stand in BL_WASM_OP_MAP. */
static bool validate_plain(struct validator *v, const struct bl_wasm_op_info *info)
{
    if (info->immediate != BL_WASM_IMM_NONE &&
        !validate_immediate(v, (enum bl_wasm_immediate)info->immediate))
        return false;
    for (size_t i = strlen(info->pops); i > 0; i--) {
        if (!validate_pop(v, info->pops[i - 1] == 'i' ? BL_WASM_I32 : BL_WASM_I64))
            return false;
    }
    if (info->push[0] == '\0')
        return true;
    return validate_push(v, info->push[0] == 'i' ? BL_WASM_I32 : BL_WASM_I64);
}

/* Counts the metered blocks that cost something, as docs/spec/gas.md divides them. `closed` is the
 * block an `end` or `else` ended. */
static bool validate_count_block(struct validator *v,
                                 const struct bl_wasm_op_info *info,
                                 const struct bl_wasm_frame *closed)
{
    const uint16_t op = v->instruction.op;
    if (info->gas_class != BL_GAS_FREE && !v->block_charged) {
        v->block_charged = true;
        v->function->block_count++;
        if (v->function->block_count > v->decoder->limits->blocks)
            return validate_fail(v, BL_WASM_CODE_LIMIT_BLOCKS);
        v->decoder->blocks_sum++;
        if (v->decoder->blocks_sum > v->decoder->limits->blocks_module)
            return validate_fail(v, BL_WASM_CODE_LIMIT_BLOCKS_MODULE);
    }
    switch (bl_wasm_block_boundary(op, closed)) {
    case BL_WASM_BOUNDARY_NONE:
        break;
    case BL_WASM_BOUNDARY_BEFORE:
    case BL_WASM_BOUNDARY_AFTER:
        v->block_charged = false;
        break;
    }
    return true;
}

enum bl_wasm_boundary bl_wasm_block_boundary(uint16_t op, const struct bl_wasm_frame *closed)
{
    switch (op) {
    case BL_WASM_OP_LOOP:
        return BL_WASM_BOUNDARY_BEFORE;
    case BL_WASM_OP_IF:
    case BL_WASM_OP_ELSE:
    case BL_WASM_OP_BR:
    case BL_WASM_OP_BR_IF:
    case BL_WASM_OP_BR_TABLE:
    case BL_WASM_OP_RETURN:
    case BL_WASM_OP_UNREACHABLE:
        return BL_WASM_BOUNDARY_AFTER;
    case BL_WASM_OP_END:
        if (closed->op == BL_WASM_OP_IF || closed->op == BL_WASM_OP_ELSE ||
            (closed->op == BL_WASM_OP_BLOCK && closed->targeted))
            return BL_WASM_BOUNDARY_AFTER;
        return BL_WASM_BOUNDARY_NONE;
    default:
        return BL_WASM_BOUNDARY_NONE;
    }
}

static bool validate_step(struct validator *v)
{
    struct bl_wasm_decoder *decoder = v->decoder;
    const enum bl_wasm_code code = bl_wasm_read_instruction(&v->instruction, &decoder->cursor);
    if (code != BL_WASM_CODE_OK) {
        decoder->fault.opcode = v->instruction.op;
        return bl_wasm_decoder_fail(decoder, code, decoder->cursor.at);
    }
    decoder->module.work++;
    v->function->instructions++;
    const struct bl_wasm_op_info *info = bl_wasm_op_info(v->instruction.op);
    const struct bl_wasm_frame closed = *v->frame;
    if (!(info->pops[0] == '*' ? validate_special(v) : validate_plain(v, info)))
        return false;
    return validate_count_block(v, info, &closed);
}

/* Types of the parameters and of the declared locals, which the cursor stands before. */
static bool validate_locals(struct validator *v)
{
    struct bl_wasm_decoder *decoder = v->decoder;
    const struct bl_wasm_functype *type = &v->module->types[v->function->type];
    uint64_t sum = 0;
    uint32_t runs = 0;
    enum bl_wasm_code code = bl_wasm_read_u32(&runs, &decoder->cursor);
    if (code != BL_WASM_CODE_OK)
        return bl_wasm_decoder_fail(decoder, code, decoder->cursor.at);
    if (runs > decoder->cursor.end - decoder->cursor.at)
        return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_UNEXPECTED_END, decoder->cursor.end);
    struct bl_wasm_local_run *list =
        bl_arena_zero(decoder->arena, runs == 0 ? 1 : runs, sizeof *list);
    if (list == NULL) {
        decoder->out_of_memory = true;
        return false;
    }
    memcpy(decoder->local_types, type->params, type->param_count);
    v->local_count = type->param_count;
    for (uint32_t i = 0; i < runs; i++) {
        const uint32_t start = decoder->cursor.at;
        code = bl_wasm_read_u32(&list[i].count, &decoder->cursor);
        if (code == BL_WASM_CODE_OK)
            code = bl_wasm_read_type(&list[i].type, &decoder->cursor);
        if (code != BL_WASM_CODE_OK)
            return bl_wasm_decoder_fail(decoder, code, decoder->cursor.at);
        sum += list[i].count;
        if (sum > UINT32_MAX)
            return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_LOCALS_OVERFLOW, start);
        if (sum > decoder->limits->locals)
            return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_LIMIT_LOCALS, start);
        memset(decoder->local_types + v->local_count, list[i].type, list[i].count);
        v->local_count += list[i].count;
    }
    decoder->locals_sum += sum;
    decoder->module.work += runs + sum;
    if (decoder->locals_sum > decoder->limits->locals_module)
        return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_LIMIT_LOCALS_MODULE,
                                    v->function->body_offset);
    v->function->runs = list;
    v->function->run_count = runs;
    v->function->local_count = (uint32_t)sum;
    return true;
}

bool bl_wasm_validate_body(struct bl_wasm_decoder *decoder, struct bl_wasm_function *function)
{
    struct validator v = {.decoder = decoder,
                          .module = &decoder->module,
                          .function = function,
                          .block_charged = true};
    v.frame = decoder->frames;
    v.frame[0] = (struct bl_wasm_frame){.block_type = decoder->module.types[function->type].result};
    function->body_offset = decoder->cursor.at;
    function->leaf = true;
    function->block_count = 1; /* entering the function is always charged */
    decoder->blocks_sum++;
    if (!validate_locals(&v))
        return false;
    if (decoder->blocks_sum > decoder->limits->blocks_module)
        return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_LIMIT_BLOCKS_MODULE,
                                    function->body_offset);
    function->code_offset = decoder->cursor.at;
    bool done = false;
    while (!done) {
        const bool outermost = v.frame == decoder->frames;
        if (!validate_step(&v))
            return false;
        done = outermost && v.instruction.op == BL_WASM_OP_END;
    }
    decoder->fault.opcode = BL_WASM_NO_OPCODE;
    if (decoder->cursor.at != decoder->cursor.end)
        return bl_wasm_decoder_fail(decoder, BL_WASM_CODE_BODY_SIZE, decoder->cursor.at);
    function->code_len = decoder->cursor.at - function->code_offset;
    const uint32_t values = v.local_count + function->height_max;
    function->frame_cost = 64 + 8 * values;
    return true;
}
