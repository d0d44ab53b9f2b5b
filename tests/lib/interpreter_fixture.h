/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_INTERPRETER_FIXTURE_H
#define BL_TESTS_LIB_INTERPRETER_FIXTURE_H
/*
 * One module without imports in the interpreter, instrumented or as it is on the oracle.
 */
#include "contracts/vm.h"
#include "contracts/vm_interpreter.h"
#include "testlib_wat.h"

struct interpreter_fixture {
    struct testlib_faulty_alloc memory;
    baals_vm *vm;
    struct bl_arena arena;
    struct bl_buffer instrumented;
    const struct bl_wasm_module *input;
    baals_slice bytes; /* what the vm runs */
    baals_vm_module *module;
    baals_vm_instance *instance; /* NULL after open */
};

/* Decodes, instruments unless `counting`, compiles. `code` outlives the fixture. */
void interpreter_open(struct interpreter_fixture *fx, baals_slice code, bool counting);
void interpreter_instantiate(struct interpreter_fixture *fx, int64_t gas);
/* Calls an export; *trap_out as of the runtime. */
baals_vm_end
interpreter_call(struct interpreter_fixture *fx, const char *name, baals_vm_trap *trap_out);
/* Also checks that no memory is left. */
void interpreter_close(struct interpreter_fixture *fx);

/* The prepared forms. */
const struct bl_interpreter_module *interpreter_module(const struct interpreter_fixture *fx);
struct bl_interpreter_instance *interpreter_instance(const struct interpreter_fixture *fx);

#endif /* BL_TESTS_LIB_INTERPRETER_FIXTURE_H */
