/* SPDX-License-Identifier: MIT */
/*
 * The interpreter's loop. Values and frames live in the instance's own stacks, so the native stack
 * does not grow with the contract's calls; only a host function that enters another contract
 * recurses.
 *
 * An i32 is kept zero-extended in its 64-bit slot. `sp` points behind the topmost value. The
 * function's parameters are the values its caller pushed; its other locals and its operands follow.
 */
#include "contracts/vm_interpreter.h"

#include <string.h>

/* What the loop keeps in registers. */
struct run {
    struct bl_interpreter_instance *instance;
    const struct bl_interpreter_module *module;
    const struct bl_cell *cells;
    const struct bl_cell *pc; /* of the running cell */
    uint64_t *sp;
    uint64_t *locals;
    const struct bl_interpreter_function *function;
    uint32_t depth; /* frames in use */
    baals_status trap;
    bool expired; /* the watch ended the call */
};

/* ---- little-endian memory; compilers make one access of each ---- */

static inline uint32_t run_load16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t run_load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t run_load64(const uint8_t *p)
{
    return (uint64_t)run_load32(p) | (uint64_t)run_load32(p + 4) << 32;
}

static inline void run_store16(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void run_store32(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void run_store64(uint8_t *p, uint64_t v)
{
    run_store32(p, v);
    run_store32(p + 4, v >> 32);
}

/* ---- arithmetic that C leaves undefined or does not have ---- */

/* Two's complement reinterpretation without implementation-defined casts' surprises. */
static inline int32_t run_s32(uint64_t v)
{
    return (int32_t)(uint32_t)v;
}

static inline int64_t run_s64(uint64_t v)
{
    return (int64_t)v;
}

static inline uint64_t run_u32(uint64_t v)
{
    return (uint32_t)v;
}

/* Sign extension of the low `bits`. */
static inline uint64_t run_extend(uint64_t v, unsigned bits)
{
    uint64_t sign = 1ull << (bits - 1);
    uint64_t low = v & ((sign << 1) - 1);
    return (low ^ sign) - sign;
}

static inline uint64_t run_shr_s32(uint32_t v, uint32_t n)
{
    n &= 31;
    uint32_t fill = v >> 31 != 0 && n != 0 ? ~(0xffffffffu >> n) : 0;
    return v >> n | fill;
}

static inline uint64_t run_shr_s64(uint64_t v, uint64_t n)
{
    n &= 63;
    uint64_t fill = v >> 63 != 0 && n != 0 ? ~(UINT64_MAX >> n) : 0;
    return v >> n | fill;
}

static inline uint64_t run_rotl32(uint32_t v, uint32_t n)
{
    return (uint32_t)(v << (n & 31) | v >> (-n & 31));
}

static inline uint64_t run_rotl64(uint64_t v, uint64_t n)
{
    return v << (n & 63) | v >> (-n & 63);
}

static inline uint64_t run_clz32(uint32_t v)
{
    return v == 0 ? 32 : (uint64_t)__builtin_clz(v);
}

static inline uint64_t run_ctz32(uint32_t v)
{
    return v == 0 ? 32 : (uint64_t)__builtin_ctz(v);
}

static inline uint64_t run_clz64(uint64_t v)
{
    return v == 0 ? 64 : (uint64_t)__builtin_clzll(v);
}

static inline uint64_t run_ctz64(uint64_t v)
{
    return v == 0 ? 64 : (uint64_t)__builtin_ctzll(v);
}

/* ---- bulk memory ---- */

static baals_status
run_bulk(struct bl_interpreter_instance *in, const struct bl_cell *cell, const uint64_t *args)
{
    uint32_t to = (uint32_t)args[0], from = (uint32_t)args[1], len = (uint32_t)args[2];
    if ((uint64_t)to + len > in->memory_len)
        return BAALS_TRAP_MEMORY;
    if (cell->op == BL_CELL_MEMORY_FILL) {
        if (len > 0)
            memset(in->memory + to, (int)(from & 0xff), len);
        return BAALS_OK;
    }
    if (cell->op == BL_CELL_MEMORY_COPY) {
        if ((uint64_t)from + len > in->memory_len)
            return BAALS_TRAP_MEMORY;
        if (len > 0)
            memmove(in->memory + to, in->memory + from, len);
        return BAALS_OK;
    }
    const struct bl_wasm_data *data = &in->module->wasm->data[cell->b];
    size_t data_len = in->dropped[cell->b] ? 0 : data->bytes.len;
    if ((uint64_t)from + len > data_len)
        return BAALS_TRAP_MEMORY;
    if (len > 0)
        memcpy(in->memory + to, data->bytes.data + from, len);
    return BAALS_OK;
}

/* The oracle's share of what the instrumenter adds to grow and bulk operations. */
static void run_count(const struct run *r, uint64_t cost)
{
    uint64_t *gas = &r->instance->globals[r->module->gas_global];
    *gas -= cost;
}

/* ---- calls ---- */

/* `unreachable` also stands where the instrumentation found a counter below zero; gas is judged
 * first. */
static baals_status run_unreachable(const struct run *r)
{
    const uint64_t *globals = r->instance->globals;
    if (r->module->vm->counting == NULL) {
        if (run_s64(globals[r->module->gas_global]) < 0)
            return BAALS_TRAP_GAS;
        if (run_s32(globals[r->module->stack_global]) < 0)
            return BAALS_TRAP_STACK;
    }
    return BAALS_TRAP_UNREACHABLE;
}

/* Under a watch the gas counter runs out early: asks whether to go on, and fills it from the
 * reserve. The instrumentation's check is then passed by going on behind its `unreachable`. */
static bool run_refuel(struct run *r)
{
    struct bl_interpreter_instance *in = r->instance;
    int64_t gas = run_s64(in->globals[r->module->gas_global]);
    if (gas >= 0 || in->reserve == 0)
        return false;
    r->expired = in->expired(in->expired_ctx) == 1;
    if (r->expired)
        return false;
    int64_t wanted = BL_INTERPRETER_WATCH_GAS - gas;
    int64_t taken = wanted < in->reserve ? wanted : in->reserve;
    in->reserve -= taken;
    in->globals[r->module->gas_global] = (uint64_t)(gas + taken);
    return gas + taken >= 0;
}

static int64_t run_gas(const struct run *r)
{
    return run_s64(r->instance->globals[r->module->gas_global]) + r->instance->reserve;
}

static uint32_t run_function_index(const struct run *r,
                                   const struct bl_interpreter_function *function)
{
    return (uint32_t)(function - r->module->functions) + r->module->wasm->import_count;
}

/* Enters a function whose parameters are on the stack. False: the interpreter's own bounds. */
static bool run_enter(struct run *r, const struct bl_interpreter_function *callee)
{
    const uint64_t *limit = r->instance->stack + BL_INTERPRETER_SLOTS;
    uint64_t *locals = r->sp - callee->params;
    if (r->depth == BL_INTERPRETER_FRAMES || (size_t)(limit - locals) < callee->slots)
        return false;
    r->instance->frames[r->depth++] = (struct bl_interpreter_frame){
        .pc = r->pc + 1, .locals = r->locals, .function = r->function};
    r->locals = locals;
    r->function = callee;
    if (callee->locals > 0)
        memset(r->sp, 0, callee->locals * sizeof *r->sp);
    r->sp += callee->locals;
    r->pc = r->cells + callee->entry;
    if (r->instance->profile != NULL)
        bl_profile_enter(r->instance->profile, run_function_index(r, callee), run_gas(r));
    return true;
}

/* Calls import `index`; the action tells how to go on. */
static baals_vm_action run_host(struct run *r, uint32_t index)
{
    const baals_vm_host_function *host = r->module->hosts[index];
    uint64_t result = 0;
    r->sp -= host->param_count;
    if (r->instance->profile != NULL)
        bl_profile_enter(r->instance->profile, index, run_gas(r));
    baals_vm_action action = host->call(r->instance->ctx, &r->instance->base, &result, r->sp);
    if (r->instance->profile != NULL)
        bl_profile_leave(r->instance->profile, run_gas(r));
    if (action != BAALS_VM_CONTINUE)
        return action;
    if (host->result != BAALS_VM_NONE)
        *r->sp++ = host->result == BAALS_VM_I32 ? run_u32(result) : result;
    return BAALS_VM_CONTINUE;
}

/* The function index behind a table entry of the right type; BL_WASM_NONE and r->trap else. */
static uint32_t run_table(struct run *r, uint32_t entry, uint32_t canonical)
{
    const struct bl_interpreter_module *module = r->module;
    if (entry >= module->wasm->table_min) {
        r->trap = BAALS_TRAP_TABLE;
        return BL_WASM_NONE;
    }
    uint32_t index = module->table[entry];
    if (index == BL_WASM_NONE) {
        r->trap = BAALS_TRAP_NULL_CALL;
        return BL_WASM_NONE;
    }
    uint32_t imports = module->wasm->import_count;
    uint32_t actual = index < imports ? module->host_canonicals[index]
                                      : module->functions[index - imports].canonical;
    if (actual != canonical) {
        r->trap = BAALS_TRAP_CALL_TYPE;
        return BL_WASM_NONE;
    }
    return index;
}

/* ---- the loop ---- */

/* The loop's shorthands: X is the topmost operand, Y the one below it. */
#define RUN_X sp[-1]
#define RUN_Y sp[-2]
#define RUN_UNARY(name, value)                                                                     \
    case BL_CELL_##name:                                                                           \
        RUN_X = (value);                                                                           \
        pc++;                                                                                      \
        break
#define RUN_BINARY(name, value)                                                                    \
    case BL_CELL_##name:                                                                           \
        RUN_Y = (value);                                                                           \
        sp--;                                                                                      \
        pc++;                                                                                      \
        break
#define RUN_LOAD(name, size, value)                                                                \
    case BL_CELL_##name: {                                                                         \
        uint64_t address = run_u32(RUN_X) + pc->b;                                                 \
        if (address + (size) > memory_len)                                                         \
            goto trap_memory;                                                                      \
        const uint8_t *at = memory + address;                                                      \
        RUN_X = (value);                                                                           \
        pc++;                                                                                      \
        break;                                                                                     \
    }
#define RUN_STORE(name, size, statement)                                                           \
    case BL_CELL_##name: {                                                                         \
        uint64_t address = run_u32(RUN_Y) + pc->b;                                                 \
        if (address + (size) > memory_len)                                                         \
            goto trap_memory;                                                                      \
        uint8_t *at = memory + address;                                                            \
        statement;                                                                                 \
        sp -= 2;                                                                                   \
        pc++;                                                                                      \
        break;                                                                                     \
    }
/* Hands the registers to a helper and takes them back. */
#define RUN_SAVE() (r->pc = pc, r->sp = sp)
#define RUN_RESTORE()                                                                              \
    (pc = r->pc, sp = r->sp, locals = r->locals, memory = in->memory, memory_len = in->memory_len)

#define RUN_DIVIDE(name, type, overflow, value)                                                    \
    case BL_CELL_##name:                                                                           \
        if ((type)RUN_X == 0)                                                                      \
            goto trap_divide;                                                                      \
        if (overflow)                                                                              \
            goto trap_overflow;                                                                    \
        RUN_Y = (value);                                                                           \
        sp--;                                                                                      \
        pc++;                                                                                      \
        break

/*
 * Runs until the outermost function returns. One dispatcher: splitting it would cost a call per
 * instruction.
 */
/* NOLINTNEXTLINE(readability-function-size,readability-function-cognitive-complexity) */
static baals_vm_end run_loop(struct run *r)
{
    struct bl_interpreter_instance *in = r->instance;
    uint64_t *const globals = in->globals;
    const uint32_t gas_global = r->module->gas_global;
    const struct bl_cell *pc = r->pc;
    uint64_t *sp = r->sp;
    uint64_t *locals = r->locals;
    uint8_t *memory = in->memory;
    uint64_t memory_len = in->memory_len;
    uint32_t callee = 0;

    for (;;) {
        switch ((enum bl_cell_op)pc->op) {
        /* Control. */
        case BL_CELL_CHARGE:
            globals[gas_global] -= pc->b;
            if (run_s64(globals[gas_global]) < 0)
                goto unreachable;
            pc++;
            break;
        case BL_CELL_COUNT:
            globals[gas_global] -= pc->b;
            pc++;
            break;
        case BL_CELL_UNREACHABLE:
            goto unreachable;
        case BL_CELL_JUMP_KEEP:
            if (pc->a & 1)
                sp[-1 - (pc->a >> 1)] = RUN_X;
            sp -= pc->a >> 1;
            pc = r->cells + pc->b;
            break;
        case BL_CELL_JUMP:
            pc = r->cells + pc->b;
            break;
        case BL_CELL_JUMP_IF:
            sp--;
            pc = run_u32(*sp) != 0 ? r->cells + pc->b : pc + 1;
            break;
        case BL_CELL_JUMP_UNLESS:
            sp--;
            pc = run_u32(*sp) == 0 ? r->cells + pc->b : pc + 1;
            break;
        case BL_CELL_JUMP_IF_KEEP:
            sp--;
            if (run_u32(*sp) == 0) {
                pc++;
                break;
            }
            if (pc->a & 1)
                sp[-1 - (pc->a >> 1)] = RUN_X;
            sp -= pc->a >> 1;
            pc = r->cells + pc->b;
            break;
        case BL_CELL_JUMP_TABLE: {
            uint32_t choice = (uint32_t) * --sp;
            pc += 1 + (choice < pc->b ? choice : pc->b);
            break;
        }
        case BL_CELL_RETURN: {
            uint32_t results = r->function->results;
            if (results != 0)
                locals[0] = RUN_X;
            sp = locals + results;
            if (in->profile != NULL)
                bl_profile_leave(in->profile, run_gas(r));
            const struct bl_interpreter_frame *frame = &in->frames[--r->depth];
            if (frame->pc == NULL)
                return BAALS_VM_END_OK;
            pc = frame->pc;
            locals = frame->locals;
            r->locals = locals;
            r->function = frame->function;
            break;
        }
        case BL_CELL_CALL_INDIRECT:
            callee = run_table(r, (uint32_t) * --sp, pc->b);
            if (callee == BL_WASM_NONE)
                goto trap;
            if (callee < r->module->wasm->import_count)
                goto call_host;
            callee -= r->module->wasm->import_count;
            goto call;
        case BL_CELL_CALL:
            callee = pc->b;
            goto call;
        case BL_CELL_CALL_HOST:
            callee = pc->b;
            goto call_host;

        /* Constants and variables. */
        case BL_CELL_I32_CONST:
            *sp++ = pc->b;
            pc++;
            break;
        case BL_CELL_I64_CONST:
            *sp++ = run_extend(pc->b, 32);
            pc++;
            break;
        case BL_CELL_CONST_WIDE:
            memcpy(sp++, pc + 1, sizeof *sp);
            pc += 2;
            break;
        case BL_CELL_LOCAL_GET:
            *sp++ = locals[pc->b];
            pc++;
            break;
        case BL_CELL_LOCAL_SET:
            locals[pc->b] = *--sp;
            pc++;
            break;
        case BL_CELL_LOCAL_TEE:
            locals[pc->b] = RUN_X;
            pc++;
            break;
        case BL_CELL_GLOBAL_GET:
            *sp++ = globals[pc->b];
            pc++;
            break;
        case BL_CELL_GLOBAL_SET:
            globals[pc->b] = *--sp;
            pc++;
            break;
        case BL_CELL_DROP:
            sp--;
            pc++;
            break;
        case BL_CELL_SELECT:
            sp -= 2;
            if (run_u32(sp[1]) == 0)
                sp[-1] = sp[0];
            pc++;
            break;

            /* Memory. */
            RUN_LOAD(I32_LOAD, 4, run_load32(at))
            RUN_LOAD(I64_LOAD, 8, run_load64(at))
            RUN_LOAD(I32_LOAD8_S, 1, run_u32(run_extend(*at, 8)))
            RUN_LOAD(I32_LOAD8_U, 1, *at)
            RUN_LOAD(I32_LOAD16_S, 2, run_u32(run_extend(run_load16(at), 16)))
            RUN_LOAD(I32_LOAD16_U, 2, run_load16(at))
            RUN_LOAD(I64_LOAD8_S, 1, run_extend(*at, 8))
            RUN_LOAD(I64_LOAD8_U, 1, *at)
            RUN_LOAD(I64_LOAD16_S, 2, run_extend(run_load16(at), 16))
            RUN_LOAD(I64_LOAD16_U, 2, run_load16(at))
            RUN_LOAD(I64_LOAD32_S, 4, run_extend(run_load32(at), 32))
            RUN_LOAD(I64_LOAD32_U, 4, run_load32(at))
            RUN_STORE(I32_STORE, 4, run_store32(at, RUN_X))
            RUN_STORE(I64_STORE, 8, run_store64(at, RUN_X))
            RUN_STORE(I32_STORE8, 1, *at = (uint8_t)RUN_X)
            RUN_STORE(I32_STORE16, 2, run_store16(at, RUN_X))
            RUN_STORE(I64_STORE8, 1, *at = (uint8_t)RUN_X)
            RUN_STORE(I64_STORE16, 2, run_store16(at, RUN_X))
            RUN_STORE(I64_STORE32, 4, run_store32(at, RUN_X))
        case BL_CELL_MEMORY_SIZE:
            *sp++ = memory_len / BL_INTERPRETER_PAGE;
            pc++;
            break;
        case BL_CELL_MEMORY_GROW: {
            uint32_t pages = (uint32_t)RUN_X;
            uint32_t old_pages = 0;
            if (!bl_interpreter_grow(in, &old_pages, pages))
                goto fault;
            if (r->module->vm->counting != NULL && old_pages != UINT32_MAX)
                run_count(r, bl_gas_grow(r->module->vm->counting, pages));
            RUN_X = old_pages;
            memory = in->memory;
            memory_len = in->memory_len;
            pc++;
            break;
        }
        case BL_CELL_MEMORY_INIT:
        case BL_CELL_MEMORY_COPY:
        case BL_CELL_MEMORY_FILL:
            sp -= 3;
            if (r->module->vm->counting != NULL)
                run_count(r, bl_gas_bulk(r->module->vm->counting, (uint32_t)sp[2]));
            r->trap = run_bulk(in, pc, sp);
            if (r->trap != BAALS_OK)
                goto trap;
            pc++;
            break;
        case BL_CELL_DATA_DROP:
            in->dropped[pc->b] = true;
            pc++;
            break;

            /* i32. */
            RUN_UNARY(I32_EQZ, run_u32(RUN_X) == 0);
            RUN_BINARY(I32_EQ, RUN_Y == RUN_X);
            RUN_BINARY(I32_NE, RUN_Y != RUN_X);
            RUN_BINARY(I32_LT_S, run_s32(RUN_Y) < run_s32(RUN_X));
            RUN_BINARY(I32_LT_U, RUN_Y < RUN_X);
            RUN_BINARY(I32_GT_S, run_s32(RUN_Y) > run_s32(RUN_X));
            RUN_BINARY(I32_GT_U, RUN_Y > RUN_X);
            RUN_BINARY(I32_LE_S, run_s32(RUN_Y) <= run_s32(RUN_X));
            RUN_BINARY(I32_LE_U, RUN_Y <= RUN_X);
            RUN_BINARY(I32_GE_S, run_s32(RUN_Y) >= run_s32(RUN_X));
            RUN_BINARY(I32_GE_U, RUN_Y >= RUN_X);
            RUN_UNARY(I32_CLZ, run_clz32((uint32_t)RUN_X));
            RUN_UNARY(I32_CTZ, run_ctz32((uint32_t)RUN_X));
            RUN_UNARY(I32_POPCNT, (uint64_t)__builtin_popcountll(RUN_X));
            RUN_BINARY(I32_ADD, run_u32(RUN_Y + RUN_X));
            RUN_BINARY(I32_SUB, run_u32(RUN_Y - RUN_X));
            RUN_BINARY(I32_MUL, run_u32(RUN_Y * RUN_X));
            RUN_DIVIDE(I32_DIV_S, uint32_t, run_s32(RUN_X) == -1 && run_s32(RUN_Y) == INT32_MIN,
                       (uint32_t)(run_s32(RUN_Y) / run_s32(RUN_X)));
            RUN_DIVIDE(I32_DIV_U, uint32_t, false, RUN_Y / RUN_X);
            RUN_DIVIDE(I32_REM_S, uint32_t, false,
                       run_s32(RUN_X) == -1 ? 0 : (uint32_t)(run_s32(RUN_Y) % run_s32(RUN_X)));
            RUN_DIVIDE(I32_REM_U, uint32_t, false, RUN_Y % RUN_X);
            RUN_BINARY(I32_AND, RUN_Y & RUN_X);
            RUN_BINARY(I32_OR, RUN_Y | RUN_X);
            RUN_BINARY(I32_XOR, RUN_Y ^ RUN_X);
            RUN_BINARY(I32_SHL, run_u32(RUN_Y << (RUN_X & 31)));
            RUN_BINARY(I32_SHR_S, run_shr_s32((uint32_t)RUN_Y, (uint32_t)RUN_X));
            RUN_BINARY(I32_SHR_U, RUN_Y >> (RUN_X & 31));
            RUN_BINARY(I32_ROTL, run_rotl32((uint32_t)RUN_Y, (uint32_t)RUN_X));
            RUN_BINARY(I32_ROTR, run_rotl32((uint32_t)RUN_Y, 32 - ((uint32_t)RUN_X & 31)));
            RUN_UNARY(I32_EXTEND8_S, run_u32(run_extend(RUN_X, 8)));
            RUN_UNARY(I32_EXTEND16_S, run_u32(run_extend(RUN_X, 16)));
            RUN_UNARY(I32_WRAP_I64, run_u32(RUN_X));

            /* i64. */
            RUN_UNARY(I64_EQZ, RUN_X == 0);
            RUN_BINARY(I64_EQ, RUN_Y == RUN_X);
            RUN_BINARY(I64_NE, RUN_Y != RUN_X);
            RUN_BINARY(I64_LT_S, run_s64(RUN_Y) < run_s64(RUN_X));
            RUN_BINARY(I64_LT_U, RUN_Y < RUN_X);
            RUN_BINARY(I64_GT_S, run_s64(RUN_Y) > run_s64(RUN_X));
            RUN_BINARY(I64_GT_U, RUN_Y > RUN_X);
            RUN_BINARY(I64_LE_S, run_s64(RUN_Y) <= run_s64(RUN_X));
            RUN_BINARY(I64_LE_U, RUN_Y <= RUN_X);
            RUN_BINARY(I64_GE_S, run_s64(RUN_Y) >= run_s64(RUN_X));
            RUN_BINARY(I64_GE_U, RUN_Y >= RUN_X);
            RUN_UNARY(I64_CLZ, run_clz64(RUN_X));
            RUN_UNARY(I64_CTZ, run_ctz64(RUN_X));
            RUN_UNARY(I64_POPCNT, (uint64_t)__builtin_popcountll(RUN_X));
            RUN_BINARY(I64_ADD, RUN_Y + RUN_X);
            RUN_BINARY(I64_SUB, RUN_Y - RUN_X);
            RUN_BINARY(I64_MUL, RUN_Y * RUN_X);
            RUN_DIVIDE(I64_DIV_S, uint64_t, run_s64(RUN_X) == -1 && run_s64(RUN_Y) == INT64_MIN,
                       (uint64_t)(run_s64(RUN_Y) / run_s64(RUN_X)));
            RUN_DIVIDE(I64_DIV_U, uint64_t, false, RUN_Y / RUN_X);
            RUN_DIVIDE(I64_REM_S, uint64_t, false,
                       run_s64(RUN_X) == -1 ? 0 : (uint64_t)(run_s64(RUN_Y) % run_s64(RUN_X)));
            RUN_DIVIDE(I64_REM_U, uint64_t, false, RUN_Y % RUN_X);
            RUN_BINARY(I64_AND, RUN_Y & RUN_X);
            RUN_BINARY(I64_OR, RUN_Y | RUN_X);
            RUN_BINARY(I64_XOR, RUN_Y ^ RUN_X);
            RUN_BINARY(I64_SHL, RUN_Y << (RUN_X & 63));
            RUN_BINARY(I64_SHR_S, run_shr_s64(RUN_Y, RUN_X));
            RUN_BINARY(I64_SHR_U, RUN_Y >> (RUN_X & 63));
            RUN_BINARY(I64_ROTL, run_rotl64(RUN_Y, RUN_X));
            RUN_BINARY(I64_ROTR, run_rotl64(RUN_Y, 64 - (RUN_X & 63)));
            RUN_UNARY(I64_EXTEND8_S, run_extend(RUN_X, 8));
            RUN_UNARY(I64_EXTEND16_S, run_extend(RUN_X, 16));
            RUN_UNARY(I64_EXTEND32_S, run_extend(RUN_X, 32));
            RUN_UNARY(I64_EXTEND_I32_S, run_extend(RUN_X, 32));
            RUN_UNARY(I64_EXTEND_I32_U, run_u32(RUN_X));

        /* Resolved or dropped by the preparation. */
        case BL_CELL_NOP:
        case BL_CELL_BLOCK:
        case BL_CELL_LOOP:
        case BL_CELL_IF:
        case BL_CELL_ELSE:
        case BL_CELL_END:
        case BL_CELL_BR:
        case BL_CELL_BR_IF:
        case BL_CELL_BR_TABLE:
        case BL_CELL_OP_COUNT:
            bl_assert_failed("prepared code holds prepared instructions only", __FILE__, __LINE__);
        }
        continue;

    unreachable:
        if (run_refuel(r)) {
            pc++;
            continue;
        }
        if (r->expired)
            goto fault;
        r->trap = run_unreachable(r);
        goto trap;

    call:
        RUN_SAVE();
        if (!run_enter(r, &r->module->functions[callee]))
            goto fault;
        RUN_RESTORE();
        continue;

    call_host:
        RUN_SAVE();
        switch (run_host(r, callee)) {
        case BAALS_VM_CONTINUE:
            break;
        case BAALS_VM_EXIT:
            return BAALS_VM_END_EXIT;
        case BAALS_VM_TRAP:
        case BAALS_VM_ACTION_FORCE_INT:
            r->trap = BAALS_TRAP;
            goto trap;
        }
        RUN_RESTORE();
        pc++;
    }

trap_divide:
    r->trap = BAALS_TRAP_DIVIDE;
    goto trap;
trap_overflow:
    r->trap = BAALS_TRAP_OVERFLOW;
    goto trap;
trap_memory:
    r->trap = BAALS_TRAP_MEMORY;
trap:
    r->pc = pc;
    return r->trap == BAALS_OK ? BAALS_VM_END_FAULT : BAALS_VM_END_TRAP;
fault:
    r->pc = pc;
    return BAALS_VM_END_FAULT;
}

/* The offset of a cell's instruction in the module. */
static uint32_t run_offset(const struct run *r, const struct bl_cell *pc)
{
    size_t cell = (size_t)(pc - r->cells);
    uint32_t offset = 0;
    memcpy(&offset, r->module->offsets.data + cell * sizeof offset, sizeof offset);
    return offset;
}

static void run_locate(baals_vm_trap *trap_out, const struct run *r)
{
    trap_out->status = r->trap;
    trap_out->function_index = run_function_index(r, r->function);
    trap_out->offset = run_offset(r, r->pc);
}

/* What a profile learns when the call is over: where it ended, unless it returned, and that all
 * functions have. A frame holds where its callee's caller goes on, one cell behind the call. */
static void run_profile_end(const struct run *r, baals_vm_end end)
{
    struct bl_profile *profile = r->instance->profile;
    bl_profile_clear_places(profile);
    if (end == BAALS_VM_END_EXIT || end == BAALS_VM_END_TRAP) {
        bl_profile_add_place(profile, run_function_index(r, r->function), run_offset(r, r->pc));
        for (uint32_t i = r->depth - 1; i > 0; i--) {
            const struct bl_interpreter_frame *frame = &r->instance->frames[i];
            bl_profile_add_place(profile, run_function_index(r, frame->function),
                                 run_offset(r, frame->pc - 1));
        }
    }
    bl_profile_unwind(profile, run_gas(r));
}

baals_vm_end bl_interpreter_run(struct bl_interpreter_instance *instance,
                                uint32_t function_index,
                                uint64_t *values,
                                baals_vm_trap *trap_out,
                                baals_error *err)
{
    const struct bl_interpreter_module *module = instance->module;
    BL_ASSERT(function_index >= module->wasm->import_count);
    const struct bl_interpreter_function *function =
        &module->functions[function_index - module->wasm->import_count];
    BL_ASSERT(function->params <= BL_INTERPRETER_VALUES_MAX);
    struct run r = {
        .instance = instance,
        .module = module,
        .cells = (const struct bl_cell *)(const void *)module->cells.data,
        .pc = (const struct bl_cell *)(const void *)module->cells.data,
        .sp = instance->stack + function->params,
        .locals = instance->stack,
        .trap = BAALS_OK,
    };
    if (function->params > 0)
        memcpy(instance->stack, values, function->params * sizeof *values);
    baals_vm_end end = BAALS_VM_END_FAULT;
    if (run_enter(&r, function)) {
        /* The outermost frame goes nowhere. */
        instance->frames[0].pc = NULL;
        end = run_loop(&r);
    }
    if (end == BAALS_VM_END_OK && function->results > 0)
        values[0] = instance->stack[0];
    if (end == BAALS_VM_END_TRAP)
        run_locate(trap_out, &r);
    if (instance->profile != NULL)
        run_profile_end(&r, end);
    if (end == BAALS_VM_END_FAULT)
        (void)bl_fail(err, BAALS_INTERNAL_FAULT, "%s",
                      r.expired ? "the call was stopped"
                                : "the interpreter ran out of memory, stack or frames");
    return end;
}
