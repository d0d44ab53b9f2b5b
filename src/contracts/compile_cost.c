/* SPDX-License-Identifier: MIT */
/*
 * Each instruction has a weight by its class, measured in bodies of ordinary size. Three things
 * make a body cost more than the sum of its instructions, and each was found by shapes that grow:
 * its length (the register allocator walks all uses of what every call clobbers), the values that
 * are alive while it computes, and the variables that every meeting of branches may have to choose
 * from. They are charged so that what is counted is not below what was measured for the worst
 * shapes; for code as compilers write it they add little.
 */
#include "contracts/compile_cost.h"

#include "contracts/wasm_internal.h"

#define COST_FUNCTION 600u
#define COST_IF 200u /* what a charge of gas is: one that leads to `unreachable` */
#define COST_JUMP 80u
#define COST_MOVE 1u /* constants, locals: nothing by themselves */
#define COST_LABEL 2u
/* A body of twice so many units costs three times as much. */
#define COST_BODY_SCALE 2250000u
/* An operation, for so many values that may be alive meanwhile. */
#define COST_ALIVE 3u
/* A meeting, for each variable, and again for so many of both in the body. */
#define COST_CHOICE 50u
#define COST_CHOICE_SCALE 320u
/* A label of a br_table, for each variable. */
#define COST_LABEL_CHOICE 7u

/* What one body is made of. */
struct cost_body {
    uint64_t units;
    uint64_t operations; /* instructions that compute */
    uint64_t meetings;   /* jumps and places where branches meet, each with values for variables */
    uint64_t labels;     /* of all br_tables */
};

static uint64_t cost_of_class(uint8_t gas_class)
{
    static const uint16_t units[BL_GAS_CLASS_COUNT] = {
        [BL_GAS_FREE] = 1,    [BL_GAS_SIMPLE] = 15,         [BL_GAS_MUL] = 15,
        [BL_GAS_DIV] = 120,   [BL_GAS_POPCNT] = 20,         [BL_GAS_MEMORY] = 180,
        [BL_GAS_GLOBAL] = 10, [BL_GAS_BRANCH] = 80,         [BL_GAS_BR_TABLE] = 100,
        [BL_GAS_CALL] = 55,   [BL_GAS_CALL_INDIRECT] = 720, [BL_GAS_MEMORY_SIZE] = 10,
        [BL_GAS_GROW] = 60,   [BL_GAS_BULK] = 420,
    };
    BL_ASSERT(gas_class < BL_GAS_CLASS_COUNT);
    return units[gas_class];
}

/* Whether an instruction of the class SIMPLE makes something out of its operands. */
static bool cost_computes(const struct bl_wasm_op_info *info, uint16_t op)
{
    return op == BL_WASM_OP_SELECT || (info->pops[0] != '*' && info->pops[0] != '\0');
}

/* Of a function whose branches are nested at most `nesting` deep. */
static void cost_add(struct cost_body *body, const struct bl_wasm_instruction *in, uint32_t nesting)
{
    const struct bl_wasm_op_info *info = bl_wasm_op_info(in->op);
    switch (in->op) {
    case BL_WASM_OP_IF:
        body->units += COST_IF;
        body->meetings++;
        return;
    case BL_WASM_OP_LOOP:
    case BL_WASM_OP_BR:
    case BL_WASM_OP_BR_IF:
        body->units += COST_JUMP;
        body->meetings++;
        return;
    case BL_WASM_OP_BR_TABLE: {
        uint64_t labels = (uint64_t)in->index + 1;
        body->units += cost_of_class(info->gas_class) + COST_LABEL * labels;
        body->labels += labels;
        body->meetings += labels < nesting ? labels : nesting;
        return;
    }
    default:
        if (info->gas_class == BL_GAS_SIMPLE && !cost_computes(info, in->op)) {
            body->units += COST_MOVE;
            return;
        }
        body->units += cost_of_class(info->gas_class);
        body->operations++;
    }
}

static void cost_read(struct cost_body *body,
                      const struct bl_wasm_module *module,
                      const struct bl_wasm_function *function)
{
    struct bl_wasm_cursor cursor = {.bytes = module->bytes.data,
                                    .at = function->code_offset,
                                    .end = function->code_offset + function->code_len};
    uint16_t before = BL_WASM_OP_NOP;
    while (cursor.at < cursor.end) {
        struct bl_wasm_instruction in;
        enum bl_wasm_code code = bl_wasm_read_instruction(&in, &cursor);
        BL_ASSERT(code == BL_WASM_CODE_OK);
        cost_add(body, &in, function->nesting_max);
        /* Nothing comes back from `if unreachable end`. */
        if (in.op == BL_WASM_OP_UNREACHABLE && before == BL_WASM_OP_IF)
            body->meetings--;
        before = in.op;
    }
}

/* Far from overflow: instructions are at most 4 Mi in a module, variables 1,600 in a function. */
static uint64_t cost_function(const struct bl_wasm_module *module,
                              const struct bl_wasm_function *function)
{
    struct cost_body body = {.units = COST_FUNCTION};
    cost_read(&body, module, function);
    uint64_t variables =
        (uint64_t)module->types[function->type].param_count + function->local_count;
    uint64_t choices = body.meetings * variables;
    return body.units + body.units * body.units / COST_BODY_SCALE +
           body.operations * (variables + function->height_max) / COST_ALIVE +
           choices * (COST_CHOICE + choices / COST_CHOICE_SCALE) +
           body.labels * variables * COST_LABEL_CHOICE;
}

uint64_t bl_compile_cost(const struct bl_wasm_module *instrumented)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; i < instrumented->function_count; i++)
        cost += cost_function(instrumented, &instrumented->functions[i]);
    return cost;
}
