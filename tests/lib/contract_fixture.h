/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_CONTRACT_FIXTURE_H
#define BL_TESTS_LIB_CONTRACT_FIXTURE_H
/*
 * An engine over a fake host, for tests of contracts. A test deploys texts of modules and runs
 * their methods:
 *
 *   struct contract_fixture *fx = contract_fixture_new();
 *   contract_deploy(fx, 0xaa, "(module ...)");
 *   contract_run(fx, 0xaa, "method", "argument bytes");
 *   assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
 *
 * In test programs that link the contracts module.
 */
#include "contracts/contracts.h"
#include "fake_host.h"
#include "testlib_wat.h"

struct contract_fixture {
    struct bl_env *env;
    struct testlib_faulty_alloc memory;
    baals_contract_engine *engine;
    struct fake_host host;
    baals_execution execution;     /* what contract_run starts from */
    baals_execution_result result; /* of the last run */
    baals_error err;
    bool fast; /* what can be compiled runs on wasmtime */
};

/* On the runtime named by the environment variable BAALS_TEST_VM, else the interpreter: the tests
 * of contracts run once on each. wasmtime compiles at once, so that it is what runs. With
 * BAALS_TEST_TRACE in the environment every execution is traced. */
struct contract_fixture *contract_fixture_new(void);
/* With compilation in the background `memory` is not exact: give it no failures then. */
struct contract_fixture *contract_fixture_new_with(const struct bl_contract_options *options);
/* Also checks that no memory is left. */
void contract_fixture_free(struct contract_fixture *fx);

void contract_deploy(struct contract_fixture *fx, uint8_t address, const char *wat);
/* Runs a method; the status is local. fx->result is released by the next run or the end. */
baals_status
contract_run(struct contract_fixture *fx, uint8_t address, const char *method, const char *args);
/* The same with any execution. */
baals_status contract_execute(struct contract_fixture *fx, const baals_execution *execution);

/* Declarations of every host function of version 1, to stand first in a module's text, and of what
 * version 2 adds to `baals1` and some of WASI. */
extern const char *const contract_imports;
extern const char *const contract_imports_2;
/* `imports` (contract_imports), a memory of one page exported, `body`; malloc'ed text. */
char *contract_module(const char *body);
/* contract_deploy of contract_module(body); with the imports of version 2 when fx->execution asks
 * for wasm_limits 2. */
void contract_deploy_body(struct contract_fixture *fx, uint8_t address, const char *body);

/*
 * Statements around one host function, in a method of their own on contract 0xaa: `before`
 * prepares, `statement` may leave an i64 in $r. Memory: "key0" "val1" at 256 and 260, `0xaa` x 32
 * at 512, 0xbb x 32 at 544, the rest zero. Both must come back OK, neither may branch.
 */
struct contract_measure {
    uint64_t gas;    /* what `statement` cost, its own instructions left out */
    uint64_t result; /* $r */
};
struct contract_measure
contract_measure(struct contract_fixture *fx, const char *before, const char *statement);
/* The same, but the statement must end the call with this status and debug trap. */
void contract_fails(struct contract_fixture *fx,
                    const char *statement,
                    baals_receipt_status status,
                    baals_status trap);

/* fx->result.output as a little-endian number; fails the test when it has another length. */
uint64_t contract_output_u64(const struct contract_fixture *fx);

#endif /* BL_TESTS_LIB_CONTRACT_FIXTURE_H */
