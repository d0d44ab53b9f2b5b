/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_WASM_NAMES_H
#define BL_CONTRACTS_WASM_NAMES_H
/*
 * The functions of a module for people: their names, and where a place in the instrumented module
 * stands in the module as it was deployed. For traces; never consensus.
 *
 * The bytes may be anything: nothing here trusts a module to be valid.
 */
#include "base/arena.h"

/* Most functions that are named. */
#define BL_WASM_NAMES_MAX 65536u
/* "baals1.storage_write", "func[4294967295]", or 64 bytes of a name; with the NUL. */
#define BL_WASM_NAME_SIZE 136u

/* Names by function index; what is empty has none. They borrow from the module's bytes. */
struct bl_wasm_names {
    uint32_t import_count;
    uint32_t count; /* with the imports */
    baals_slice *names;
    baals_slice *modules; /* of the imports */
};

/* Reads import, function, export and name sections as far as they can be read; a name of the name
 * section goes before an export's. False: no memory. */
__attribute__((warn_unused_result)) bool
bl_wasm_names_read(struct bl_wasm_names *out, struct bl_arena *arena, baals_slice module);
/* The text of a function's name: "func[7]" where it has none. */
void bl_wasm_names_text(char out[BL_WASM_NAME_SIZE],
                        const struct bl_wasm_names *names,
                        uint32_t index);

/*
 * The offset in `module` of the instruction that the instruction at `offset` of its instrumented
 * form came from; for what the instrumentation added, of the instruction it was added to.
 * False: there is no such place.
 */
__attribute__((warn_unused_result)) bool bl_wasm_place_original(uint32_t *offset_out,
                                                                baals_slice module,
                                                                baals_slice instrumented,
                                                                uint32_t function_index,
                                                                uint32_t offset);

#endif /* BL_CONTRACTS_WASM_NAMES_H */
