/* SPDX-License-Identifier: MIT */
/*
 * From a place in the instrumented form of a function back to the module as it was deployed
 * (docs/spec/gas.md, section 4). Both bodies are walked side by side: what the instrumentation adds
 * is known by its counters, which no module names by itself, and by its helpers, which are called
 * by indices the module does not have. Everything else stands in both, in the same order.
 */
#include "contracts/wasm_internal.h"
#include "contracts/wasm_names.h"

#define PLACE_CHARGE_INSTRUCTIONS 10u
/* The stack guard before the code: ten instructions and the block. */
#define PLACE_GUARD_INSTRUCTIONS 11u

struct place_walk {
    struct bl_wasm_cursor original;
    struct bl_wasm_cursor instrumented;
    uint32_t begin;    /* where the original code begins */
    uint32_t gas;      /* global of the gas counter */
    uint32_t function; /* first function index that the original does not have */
};

/* Imports and functions before a body, and the body's code behind its locals. */
struct place_body {
    struct bl_wasm_cursor code;
    uint32_t functions;
};

static uint32_t place_count(struct bl_wasm_cursor section)
{
    uint32_t count = 0;
    return bl_wasm_walk_u32(&count, &section) ? count : 0;
}

/* The code of function `index`, the how-manyth body of the section. */
static bool
place_find_code(struct bl_wasm_cursor *out, struct bl_wasm_cursor section, uint32_t index)
{
    uint32_t count = 0, runs = 0, run = 0;
    if (!bl_wasm_walk_u32(&count, &section) || index >= count)
        return false;
    for (uint32_t i = 0; i <= index; i++) {
        if (!bl_wasm_walk_part(out, &section))
            return false;
    }
    if (!bl_wasm_walk_u32(&runs, out))
        return false;
    for (uint32_t i = 0; i < runs; i++) {
        if (!bl_wasm_walk_u32(&run, out) || !bl_wasm_walk_skip(out, 1))
            return false;
    }
    return true;
}

static bool place_find(struct place_body *out, baals_slice module, uint32_t function_index)
{
    struct bl_wasm_cursor cursor, section;
    uint32_t imports = 0, functions = 0;
    uint8_t id = 0;
    if (!bl_wasm_walk_begin(&cursor, module))
        return false;
    while (bl_wasm_walk_section(&id, &section, &cursor)) {
        if (id == 2)
            imports = place_count(section);
        else if (id == 3)
            functions = place_count(section);
        else if (id == 10) {
            out->functions = functions > UINT32_MAX - imports ? UINT32_MAX : imports + functions;
            return function_index >= imports &&
                   place_find_code(&out->code, section, function_index - imports);
        }
    }
    return false;
}

static bool place_read(struct bl_wasm_instruction *out, struct bl_wasm_cursor *cursor)
{
    return cursor->at < cursor->end && bl_wasm_read_instruction(out, cursor) == BL_WASM_CODE_OK;
}

/* How many instructions the instrumentation added from `first`, which is read already, on. */
static uint32_t place_added(const struct place_walk *walk, const struct bl_wasm_instruction *first)
{
    if (first->op == BL_WASM_OP_GLOBAL_GET && first->index == walk->gas)
        return PLACE_CHARGE_INSTRUCTIONS;
    if (first->op == BL_WASM_OP_GLOBAL_GET && first->index == walk->gas + 1 &&
        walk->original.at == walk->begin)
        return PLACE_GUARD_INSTRUCTIONS;
    /* Behind the code: giving the frame's cost back, and the wrapper's end. */
    if (walk->original.at == walk->original.end)
        return UINT32_MAX;
    if (first->op != BL_WASM_OP_CALL || first->index < walk->function)
        return 0;
    struct bl_wasm_instruction original;
    struct bl_wasm_cursor ahead = walk->original;
    return place_read(&original, &ahead) && original.op == BL_WASM_OP_MEMORY_GROW ? 0 : 1;
}

/* One step of both; *done_out when it passed `offset`, which came from *offset_out. */
static bool
place_step(struct place_walk *walk, bool *done_out, uint32_t *offset_out, uint32_t offset)
{
    struct bl_wasm_instruction instruction, original;
    const uint32_t last = walk->original.end - 1;
    uint32_t at = walk->original.at;
    if (!place_read(&instruction, &walk->instrumented))
        return false;
    uint32_t added = place_added(walk, &instruction);
    if (added == 0 && !place_read(&original, &walk->original))
        return false;
    for (uint32_t i = 1; i < added && walk->instrumented.at < walk->instrumented.end; i++) {
        if (!place_read(&instruction, &walk->instrumented))
            return false;
    }
    *done_out = offset < walk->instrumented.at;
    *offset_out = at <= last ? at : last;
    return true;
}

bool bl_wasm_place_original(uint32_t *offset_out,
                            baals_slice module,
                            baals_slice instrumented,
                            uint32_t function_index,
                            uint32_t offset)
{
    struct place_body from, to;
    struct bl_wasm_instruction first;
    if (!place_find(&to, module, function_index) ||
        !place_find(&from, instrumented, function_index) || offset < from.code.at ||
        to.code.at == to.code.end)
        return false;
    struct bl_wasm_cursor head = from.code;
    /* Every body begins with a charge, and so with the gas counter. */
    if (!place_read(&first, &head) || first.op != BL_WASM_OP_GLOBAL_GET)
        return false;
    struct place_walk walk = {.original = to.code,
                              .instrumented = from.code,
                              .begin = to.code.at,
                              .gas = first.index,
                              .function = to.functions};
    bool done = false;
    uint32_t found = 0;
    while (!done) {
        if (!place_step(&walk, &done, &found, offset))
            return false;
    }
    *offset_out = found;
    return true;
}
