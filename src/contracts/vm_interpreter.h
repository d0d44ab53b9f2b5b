/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_VM_INTERPRETER_H
#define BL_CONTRACTS_VM_INTERPRETER_H
/*
 * The interpreter's own structures, shared by its three files:
 *
 *   vm_interpreter.c          the operations of ext/vm.h: modules, instances, memory
 *   vm_interpreter_prepare.c  turns the code of a function into cells
 *   vm_interpreter_run.c      runs cells
 *
 * docs/internals/interpreter.md explains the form of the code.
 */
#include "baals/ext/vm.h"
#include "base/arena.h"
#include "contracts/gas.h"
#include "contracts/profile.h"
#include "contracts/wasm.h"

/* Instructions of the prepared code that WebAssembly does not have. */
#define BL_CELL_EXTRA_MAP(X)                                                                       \
    X(CONST_WIDE)   /* the next cell holds 64 bits */                                              \
    X(JUMP)         /* to b */                                                                     \
    X(JUMP_KEEP)    /* to b after dropping a >> 1 values under the a & 1 topmost */                \
    X(JUMP_IF)      /* to b when the condition is not 0 */                                         \
    X(JUMP_IF_KEEP) /* the same with drop */                                                       \
    X(JUMP_UNLESS)  /* to b when the condition is 0 */                                             \
    X(JUMP_TABLE)   /* b + 1 cells JUMP or JUMP_KEEP follow */                                     \
    X(CALL_HOST)    /* import b */                                                                 \
    X(CHARGE)       /* gas -= b, trap below 0: a metered block's head, whole */                    \
    X(COUNT)        /* gas -= b without a check: the oracle */

/* The operations of cells: WebAssembly's own under their names, then the extra ones. */
enum bl_cell_op {
#define BL_CELL_OP_ENUM(name, opcode, text, immediate, pops, push, cost) BL_CELL_##name,
    BL_WASM_OP_MAP(BL_CELL_OP_ENUM)
#undef BL_CELL_OP_ENUM
#define BL_CELL_EXTRA_ENUM(name) BL_CELL_##name,
        BL_CELL_EXTRA_MAP(BL_CELL_EXTRA_ENUM)
#undef BL_CELL_EXTRA_ENUM
            BL_CELL_OP_COUNT
};

/* One prepared instruction. */
struct bl_cell {
    uint16_t op; /* enum bl_cell_op */
    uint16_t a;
    uint32_t b;
};
_Static_assert(sizeof(struct bl_cell) == 8, "cells are 8 bytes, so that a wide constant fits one");

struct bl_interpreter_function {
    uint32_t entry;     /* index of its first cell */
    uint32_t end;       /* index behind its last cell */
    uint32_t params;    /* slots the caller pushed */
    uint32_t locals;    /* further slots, zeroed at entry */
    uint32_t slots;     /* params + locals + highest operand stack */
    uint32_t canonical; /* type */
    uint32_t results;   /* 0 or 1 */
};

struct bl_interpreter {
    baals_vm base;
    struct bl_alloc alloc;
    const struct bl_gas_schedule *counting; /* NULL: runs instrumented modules */
};

struct bl_interpreter_module {
    baals_vm_module base;
    struct bl_interpreter *vm;
    struct bl_arena arena; /* decoded module, functions, table, imports */
    const struct bl_wasm_module *wasm;
    struct bl_interpreter_function *functions; /* without imports */
    struct bl_buffer cells;                    /* struct bl_cell */
    struct bl_buffer offsets; /* uint32_t: of each cell's instruction, in the module's bytes */
    uint32_t *table;          /* function indices or BL_WASM_NONE; it never changes */
    const baals_vm_host_function **hosts; /* one per import */
    uint32_t *host_canonicals;            /* type of each import */
    uint32_t gas_global;                  /* in the counting mode: behind the module's globals */
    uint32_t stack_global;
    uint64_t work; /* units of the preparation; linear in the size */
};

/* Where to go on after a return. */
struct bl_interpreter_frame {
    const struct bl_cell *pc;
    uint64_t *locals;
    const struct bl_interpreter_function *function;
};

struct bl_interpreter_instance {
    baals_vm_instance base;
    struct bl_interpreter_module *module;
    void *ctx;
    uint8_t *memory;
    uint32_t memory_len;
    uint32_t memory_cap; /* allocated; zeroed when it becomes part of memory_len */
    uint64_t *globals;
    /* Under a watch most of the gas is kept back here: the counter runs out once per
     * BL_INTERPRETER_WATCH_GAS, and only then is anyone asked. */
    int64_t reserve;
    int32_t (*expired)(void *ctx); /* NULL: no watch */
    void *expired_ctx;
    bool *dropped;   /* one per data segment */
    uint64_t *stack; /* BL_INTERPRETER_SLOTS values */
    struct bl_interpreter_frame *frames;
    struct bl_profile *profile; /* NULL: nobody asks where the gas goes */
};

/*
 * The stack counter of the instrumentation ends an execution at 256 KiB of frames of at least 64
 * bytes, eight of them for each slot: at most 4,096 frames and 32,768 slots, and one frame of 512
 * bytes without calls, and a helper's. These bounds are above that and are never a verdict:
 * reaching them is a local fault.
 */
#define BL_INTERPRETER_SLOTS (40u * 1024u)
#define BL_INTERPRETER_FRAMES 4160u

#define BL_INTERPRETER_PAGE 65536u
#define BL_INTERPRETER_WATCH_GAS (1024 * 1024)

/* Turns every function of module->wasm into cells; fills in functions, cells and offsets. NOMEM. */
baals_status bl_interpreter_prepare(struct bl_interpreter_module *module, baals_error *err);

/* Most parameters of a function that is called from outside. */
#define BL_INTERPRETER_VALUES_MAX 32u

/* Runs a function of the index space, not an import. `values` holds its parameters and receives its
 * result; NULL where there is neither. As baals_vm_ops.call. */
baals_vm_end bl_interpreter_run(struct bl_interpreter_instance *instance,
                                uint32_t function_index,
                                uint64_t *values,
                                baals_vm_trap *trap_out,
                                baals_error *err);

/* From now on the instance, which is the interpreter's, tells `profile` of its functions. */
void bl_interpreter_attach(baals_vm_instance *instance, struct bl_profile *profile);

/* Grows the memory by `pages` and returns the old size in pages, or UINT32_MAX when the maximum
 * forbids it. False when the machine has no memory. */
bool bl_interpreter_grow(struct bl_interpreter_instance *instance,
                         uint32_t *old_pages_out,
                         uint32_t pages);

#endif /* BL_CONTRACTS_VM_INTERPRETER_H */
