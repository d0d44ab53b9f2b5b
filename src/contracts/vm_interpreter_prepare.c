/* SPDX-License-Identifier: MIT */
/*
 * Prepares code for the interpreter: one pass over the instructions of each function writes cells
 * whose branches know their target and how many values to drop, so that nothing of the block
 * structure is left at run time.
 *
 * Forward branches are threaded: until its block ends, the `b` of a branch holds the cell of the
 * previous branch to the same block. Dead code (behind br, br_table, return, unreachable) is not
 * written at all; the operand height behind it is known from the block's entry. The sequence that
 * the instrumenter puts at the head of a metered block becomes the one cell CHARGE.
 */
#include "contracts/vm_interpreter.h"

#include <string.h>

/* The end of a thread. */
#define PREPARE_UNTHREADED UINT32_MAX
/* Above the nesting that the validator lets through in an instrumented module. */
#define PREPARE_LABELS_MAX 1024u

enum prepare_kind { PREPARE_BODY, PREPARE_BLOCK, PREPARE_LOOP, PREPARE_IF, PREPARE_ELSE };

/* An open block. */
struct prepare_label {
    enum prepare_kind kind;
    uint32_t height;    /* operands below it */
    uint32_t results;   /* 0 or 1 */
    uint32_t start;     /* of a loop: the cell to branch to */
    uint32_t thread;    /* last forward branch to its end */
    uint32_t else_jump; /* of an if: the cell that skips to its else or end */
};

struct prepare {
    struct bl_interpreter_module *module;
    const struct bl_gas_schedule *counting;
    uint32_t count; /* cells written */
    uint32_t at;    /* offset of the current instruction */
    uint32_t height;
    uint32_t dead; /* blocks opened in dead code + 1; 0: live */
    uint32_t label_count;
    struct prepare_label labels[PREPARE_LABELS_MAX];
};

/* What the instructions without special treatment do. */
struct prepare_op {
    uint8_t cell; /* enum bl_cell_op */
    uint8_t known;
    uint8_t pops;
    uint8_t pushes;
};
#define PREPARE_OP_INDEX(opcode) (((opcode) > 0xff ? 0x100u : 0u) | ((opcode)&0xffu))
static const struct prepare_op prepare_ops[0x110] = {
#define PREPARE_OP_ROW(name, opcode, text, immediate, pops_, push, cost)                           \
    [PREPARE_OP_INDEX(opcode)] = {.cell = BL_CELL_##name,                                          \
                                  .known = 1,                                                      \
                                  .pops = sizeof(pops_) - 1,                                       \
                                  .pushes = sizeof(push) - 1},
    BL_WASM_OP_MAP(PREPARE_OP_ROW)
#undef PREPARE_OP_ROW
};

static void prepare_emit(struct prepare *p, enum bl_cell_op op, uint16_t a, uint32_t b)
{
    struct bl_cell cell = {.op = (uint16_t)op, .a = a, .b = b};
    bl_buffer_append(&p->module->cells, &cell, sizeof cell);
    bl_buffer_append(&p->module->offsets, &p->at, sizeof p->at);
    p->count++;
    p->module->work++;
}

static struct bl_cell *prepare_cell(const struct prepare *p, uint32_t index)
{
    return (struct bl_cell *)(void *)(p->module->cells.data +
                                      (size_t)index * sizeof(struct bl_cell));
}

static bool prepare_broken(const struct prepare *p)
{
    return p->module->cells.failed || p->module->offsets.failed;
}

static void prepare_push_label(struct prepare *p, enum prepare_kind kind, uint8_t block_type)
{
    BL_ASSERT(p->label_count < PREPARE_LABELS_MAX);
    p->labels[p->label_count++] = (struct prepare_label){
        .kind = kind,
        .height = p->height,
        .results = block_type == BL_WASM_VOID ? 0 : 1,
        .start = p->count,
        .thread = PREPARE_UNTHREADED,
        .else_jump = PREPARE_UNTHREADED,
    };
}

/* Gives every branch of a thread its target. */
static void prepare_bind(struct prepare *p, uint32_t thread, uint32_t target)
{
    if (prepare_broken(p))
        return;
    while (thread != PREPARE_UNTHREADED) {
        struct bl_cell *cell = prepare_cell(p, thread);
        thread = cell->b;
        cell->b = target;
        p->module->work++;
    }
}

/* A branch cell to the label `depth` blocks out. The branch of the whole body goes to its last
 * cell, RETURN, which takes the result from the top itself. */
static void
prepare_branch(struct prepare *p, uint32_t depth, enum bl_cell_op plain, enum bl_cell_op keep)
{
    BL_ASSERT(depth < p->label_count);
    struct prepare_label *label = &p->labels[p->label_count - 1 - depth];
    uint32_t kept = label->kind == PREPARE_LOOP ? 0 : label->results;
    uint32_t drop = label->kind == PREPARE_BODY ? 0 : p->height - label->height - kept;
    uint16_t a = (uint16_t)(drop << 1 | kept);
    enum bl_cell_op op = drop == 0 ? plain : keep;
    if (label->kind == PREPARE_LOOP) {
        prepare_emit(p, op, a, label->start);
        return;
    }
    uint32_t here = p->count;
    prepare_emit(p, op, a, label->thread);
    label->thread = here;
}

static void prepare_br_table(struct prepare *p, const struct bl_wasm_instruction *in)
{
    struct bl_wasm_cursor cursor = {.bytes = p->module->wasm->bytes.data,
                                    .at = in->table,
                                    .end = (uint32_t)p->module->wasm->bytes.len};
    p->height--;
    prepare_emit(p, BL_CELL_JUMP_TABLE, 0, in->index);
    for (uint32_t i = 0; i <= in->index; i++) {
        uint32_t depth = 0;
        enum bl_wasm_code code = bl_wasm_read_u32(&depth, &cursor);
        BL_ASSERT(code == BL_WASM_CODE_OK);
        prepare_branch(p, depth, BL_CELL_JUMP, BL_CELL_JUMP_KEEP);
    }
    p->dead = 1;
}

static void prepare_else(struct prepare *p)
{
    struct prepare_label *label = &p->labels[p->label_count - 1];
    if (p->dead == 0)
        prepare_branch(p, 0, BL_CELL_JUMP, BL_CELL_JUMP_KEEP);
    prepare_bind(p, label->else_jump, p->count);
    label->else_jump = PREPARE_UNTHREADED;
    label->kind = PREPARE_ELSE;
    p->height = label->height;
    p->dead = 0;
}

static void prepare_end(struct prepare *p)
{
    struct prepare_label *label = &p->labels[--p->label_count];
    prepare_bind(p, label->else_jump, p->count);
    prepare_bind(p, label->thread, p->count);
    p->height = label->height + label->results;
    p->dead = 0;
    if (label->kind == PREPARE_BODY)
        prepare_emit(p, BL_CELL_RETURN, 0, 0);
}

/* Instructions in dead code are skipped, but blocks are counted. True when `in` was skipped. */
static bool prepare_skip_dead(struct prepare *p, const struct bl_wasm_instruction *in)
{
    if (p->dead == 0)
        return false;
    switch (in->op) {
    case BL_WASM_OP_BLOCK:
    case BL_WASM_OP_LOOP:
    case BL_WASM_OP_IF:
        p->dead++;
        return true;
    case BL_WASM_OP_ELSE:
        return p->dead > 1;
    case BL_WASM_OP_END:
        if (p->dead == 1)
            return false;
        p->dead--;
        return true;
    default:
        return true;
    }
}

static void prepare_call(struct prepare *p, const struct bl_wasm_instruction *in)
{
    const struct bl_wasm_module *wasm = p->module->wasm;
    const struct bl_wasm_functype *type = NULL;
    if (in->op == BL_WASM_OP_CALL) {
        type = bl_wasm_function_type(wasm, in->index);
        if (in->index < wasm->import_count)
            prepare_emit(p, BL_CELL_CALL_HOST, 0, in->index);
        else
            prepare_emit(p, BL_CELL_CALL, 0, in->index - wasm->import_count);
    } else {
        type = &wasm->types[in->index];
        prepare_emit(p, BL_CELL_CALL_INDIRECT, 0, type->canonical);
        p->height--;
    }
    p->height = p->height - type->param_count + (type->result == BL_WASM_VOID ? 0 : 1);
}

/* Control instructions. False when `in` is none. */
static bool prepare_control(struct prepare *p, const struct bl_wasm_instruction *in)
{
    switch (in->op) {
    case BL_WASM_OP_NOP:
        return true;
    case BL_WASM_OP_BLOCK:
        prepare_push_label(p, PREPARE_BLOCK, in->block_type);
        return true;
    case BL_WASM_OP_LOOP:
        prepare_push_label(p, PREPARE_LOOP, in->block_type);
        return true;
    case BL_WASM_OP_IF:
        p->height--;
        prepare_push_label(p, PREPARE_IF, in->block_type);
        p->labels[p->label_count - 1].else_jump = p->count;
        prepare_emit(p, BL_CELL_JUMP_UNLESS, 0, PREPARE_UNTHREADED);
        return true;
    case BL_WASM_OP_ELSE:
        prepare_else(p);
        return true;
    case BL_WASM_OP_END:
        prepare_end(p);
        return true;
    case BL_WASM_OP_BR:
        prepare_branch(p, in->index, BL_CELL_JUMP, BL_CELL_JUMP_KEEP);
        p->dead = 1;
        return true;
    case BL_WASM_OP_BR_IF:
        p->height--;
        prepare_branch(p, in->index, BL_CELL_JUMP_IF, BL_CELL_JUMP_IF_KEEP);
        return true;
    case BL_WASM_OP_BR_TABLE:
        prepare_br_table(p, in);
        return true;
    case BL_WASM_OP_RETURN:
    case BL_WASM_OP_UNREACHABLE:
        prepare_emit(p, in->op == BL_WASM_OP_RETURN ? BL_CELL_RETURN : BL_CELL_UNREACHABLE, 0, 0);
        p->dead = 1;
        return true;
    case BL_WASM_OP_CALL:
    case BL_WASM_OP_CALL_INDIRECT:
        prepare_call(p, in);
        return true;
    default:
        return false;
    }
}

/* Height of the operand stack after an instruction whose row in the table says "*". */
static uint32_t prepare_height_after(uint32_t height, uint16_t op)
{
    switch (op) {
    case BL_WASM_OP_LOCAL_GET:
    case BL_WASM_OP_GLOBAL_GET:
        return height + 1;
    case BL_WASM_OP_DROP:
    case BL_WASM_OP_LOCAL_SET:
    case BL_WASM_OP_GLOBAL_SET:
        return height - 1;
    case BL_WASM_OP_SELECT:
        return height - 2;
    default: /* local.tee */
        return height;
    }
}

static void prepare_constant(struct prepare *p, const struct bl_wasm_instruction *in)
{
    p->height++;
    if (in->op == BL_WASM_OP_I32_CONST) {
        prepare_emit(p, BL_CELL_I32_CONST, 0, (uint32_t)in->value);
    } else if (in->value >= INT32_MIN && in->value <= INT32_MAX) {
        prepare_emit(p, BL_CELL_I64_CONST, 0, (uint32_t)in->value);
    } else {
        uint64_t bits = (uint64_t)in->value;
        prepare_emit(p, BL_CELL_CONST_WIDE, 0, 0);
        bl_buffer_append(&p->module->cells, &bits, sizeof bits);
        bl_buffer_append(&p->module->offsets, &p->at, sizeof p->at);
        p->count++;
    }
}

static void prepare_plain(struct prepare *p, const struct bl_wasm_instruction *in)
{
    const struct prepare_op *op = &prepare_ops[PREPARE_OP_INDEX(in->op)];
    BL_ASSERT(op->known);
    if (in->op == BL_WASM_OP_I32_CONST || in->op == BL_WASM_OP_I64_CONST) {
        prepare_constant(p, in);
        return;
    }
    bool by_hand = in->op <= BL_WASM_OP_GLOBAL_SET;
    p->height =
        by_hand ? prepare_height_after(p->height, in->op) : p->height - op->pops + op->pushes;
    /* Of memory.init and data.drop b is the segment, of loads and stores the offset. */
    bool indexed = by_hand || in->op == BL_WASM_OP_MEMORY_INIT || in->op == BL_WASM_OP_DATA_DROP;
    prepare_emit(p, (enum bl_cell_op)op->cell, 0, indexed ? in->index : (uint32_t)in->value);
}

/* The oracle: the cost of each instruction right before it. */
static void prepare_count(struct prepare *p, const struct bl_wasm_instruction *in)
{
    uint32_t params = 0;
    if (in->op == BL_WASM_OP_CALL)
        params = bl_wasm_function_type(p->module->wasm, in->index)->param_count;
    else if (in->op == BL_WASM_OP_CALL_INDIRECT)
        params = p->module->wasm->types[in->index].param_count;
    uint64_t cost = bl_gas_instruction_cost(p->counting, in, params);
    BL_ASSERT(cost <= UINT32_MAX);
    if (cost > 0)
        prepare_emit(p, BL_CELL_COUNT, 0, (uint32_t)cost);
}

/* ---- the head of a metered block ---- */

/* Reads the next instruction and says whether it is `op` with this immediate. */
static bool prepare_next_is(struct bl_wasm_instruction *in,
                            struct bl_wasm_cursor *cursor,
                            uint16_t op,
                            uint32_t index)
{
    return cursor->at < cursor->end && bl_wasm_read_instruction(in, cursor) == BL_WASM_CODE_OK &&
           in->op == op && in->index == index;
}

/* Recognises "gas -= n; if gas < 0 unreachable" as docs/spec/gas.md writes it. Only our own code
 * names the gas counter, and no branch can lead into the middle. On true the cursor stands behind
 * it and one cell was written. */
static bool prepare_charge(struct prepare *p, struct bl_wasm_cursor *cursor)
{
    const uint32_t gas = p->module->gas_global;
    struct bl_wasm_cursor ahead = *cursor;
    struct bl_wasm_instruction in;
    if (ahead.bytes[ahead.at] != BL_WASM_OP_GLOBAL_GET)
        return false;
    if (!prepare_next_is(&in, &ahead, BL_WASM_OP_GLOBAL_GET, gas) ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_I64_CONST, 0))
        return false;
    int64_t cost = in.value;
    if (!prepare_next_is(&in, &ahead, BL_WASM_OP_I64_SUB, 0) ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_GLOBAL_SET, gas) ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_GLOBAL_GET, gas) ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_I64_CONST, 0) || in.value != 0 ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_I64_LT_S, 0) ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_IF, 0) || in.block_type != BL_WASM_VOID ||
        !prepare_next_is(&in, &ahead, BL_WASM_OP_UNREACHABLE, 0))
        return false;
    p->at = in.offset;
    if (!prepare_next_is(&in, &ahead, BL_WASM_OP_END, 0) || cost < 0 || cost > UINT32_MAX)
        return false;
    prepare_emit(p, BL_CELL_CHARGE, 0, (uint32_t)cost);
    *cursor = ahead;
    return true;
}

/* ---- functions ---- */

static bool prepare_function(struct prepare *p, uint32_t index)
{
    const struct bl_wasm_module *wasm = p->module->wasm;
    const struct bl_wasm_function *source = &wasm->functions[index];
    const struct bl_wasm_functype *type = &wasm->types[source->type];
    struct bl_interpreter_function *out = &p->module->functions[index];
    out->entry = p->count;
    out->params = type->param_count;
    out->locals = source->local_count;
    out->slots = type->param_count + source->local_count + source->height_max;
    out->canonical = type->canonical;
    out->results = type->result == BL_WASM_VOID ? 0 : 1;

    struct bl_wasm_cursor cursor = {.bytes = wasm->bytes.data,
                                    .at = source->code_offset,
                                    .end = source->code_offset + source->code_len};
    p->height = 0;
    p->dead = 0;
    p->label_count = 0;
    p->at = source->code_offset;
    prepare_push_label(p, PREPARE_BODY, type->result);
    if (p->counting != NULL) {
        uint64_t entry = bl_gas_entry(p->counting, source->frame_cost);
        prepare_emit(p, BL_CELL_COUNT, 0, (uint32_t)entry);
    }
    while (cursor.at < cursor.end) {
        struct bl_wasm_instruction in;
        p->module->work++;
        if (p->dead == 0 && p->counting == NULL && prepare_charge(p, &cursor))
            continue;
        enum bl_wasm_code code = bl_wasm_read_instruction(&in, &cursor);
        BL_ASSERT(code == BL_WASM_CODE_OK);
        p->at = in.offset;
        if (prepare_skip_dead(p, &in))
            continue;
        if (p->counting != NULL && p->dead == 0)
            prepare_count(p, &in);
        if (!prepare_control(p, &in))
            prepare_plain(p, &in);
    }
    BL_ASSERT(p->label_count == 0);
    out->end = p->count;
    return !prepare_broken(p);
}

baals_status bl_interpreter_prepare(struct bl_interpreter_module *module, baals_error *err)
{
    struct bl_alloc alloc = module->vm->alloc;
    struct prepare *p = bl_alloc_zero(&alloc, 1, sizeof *p);
    if (p == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to prepare a contract");
    p->module = module;
    p->counting = module->vm->counting;
    bool prepared = true;
    for (uint32_t i = 0; prepared && i < module->wasm->function_count; i++)
        prepared = prepare_function(p, i);
    bl_alloc_free(&alloc, p, sizeof *p);
    if (!prepared)
        return bl_fail(err, BAALS_NOMEM, "no memory to prepare a contract");
    return BAALS_OK;
}
