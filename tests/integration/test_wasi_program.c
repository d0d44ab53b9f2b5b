/* SPDX-License-Identifier: MIT */
/*
 * contracts/examples/wasi_notes.c, an ordinary C program, compiled by tools/build-wasi as an author
 * would and run as a contract.
 */
#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"

static int notes_setup(void **state)
{
    struct contract_fixture *fx = contract_fixture_new();
    char folder[1024];
    char module[1100];
    fx->execution.wasm_limits = 2;
    testlib_temp_dir(folder, sizeof folder, "notes");
    (void)snprintf(module, sizeof module, "%s/notes.wasm", folder);
    const char *const argv[] = {testlib_source_path("tools/build-wasi"),
                                testlib_source_path("contracts/examples/wasi_notes.c"), module,
                                NULL};
    assert_int_equal(testlib_run(argv), 0);
    size_t len = 0;
    uint8_t *code = testlib_read_file(&len, module);
    assert_status(bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 1, NULL),
                  BAALS_REJECT_CODE);
    assert_ok(bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 2, &fx->err));
    fake_deploy(&fx->host, 0xaa, code, len);
    free(code);
    testlib_remove_tree(folder);
    *state = fx;
    return 0;
}

static int notes_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

static void notes_run(struct contract_fixture *fx,
                      const char *input,
                      baals_receipt_status status,
                      const char *output)
{
    assert_ok(contract_run(fx, 0xaa, "main", input));
    assert_int_equal(fx->result.status, status);
    assert_int_equal(fx->result.output.len, strlen(output));
    assert_memory_equal(fx->result.output.data, output, strlen(output));
}

/* Goal: the program reads its input, prints, and keeps state from call to call. */
static void test_notes(void **state)
{
    struct contract_fixture *fx = *state;
    notes_run(fx, "list\n", BAALS_RECEIPT_OK, "");
    notes_run(fx, "add milk\nadd bread and butter", BAALS_RECEIPT_OK, "note 0\nnote 1\n");
    notes_run(fx, "add eggs\nlist\n", BAALS_RECEIPT_OK,
              "note 2\n0: milk\n1: bread and butter\n2: eggs\n");
    fx->execution.readonly = 1;
    notes_run(fx, "list\n", BAALS_RECEIPT_OK, "0: milk\n1: bread and butter\n2: eggs\n");
}

/* Goal: a program that ends with a failure reverts: its prints are the revert data, its errors the
 * log, and what it kept is gone. */
static void test_failure(void **state)
{
    struct contract_fixture *fx = *state;
    notes_run(fx, "add milk\nsing\n", BAALS_RECEIPT_REVERT, "note 0\n");
    assert_int_equal(fx->result.revert_code, 1);
    assert_non_null(strstr(fx->host.log, "sing"));
    assert_int_equal(fx->host.state.entry_count, 0);
    notes_run(fx, "add milk\n", BAALS_RECEIPT_OK, "note 0\n");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_notes, notes_setup, notes_teardown),
        cmocka_unit_test_setup_teardown(test_failure, notes_setup, notes_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
