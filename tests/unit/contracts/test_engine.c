/* SPDX-License-Identifier: MIT */
/*
 * The engine as the ledger sees it: entries, statuses, gas, outputs.
 */
#include "contract_fixture.h"

/* Goal: a method's output arrives and costs gas. */
static void test_method(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    contract_deploy_body(fx, 0xaa,
                         "(data (i32.const 16) \"hello\")"
                         "(func (export \"hello\") (call $output (i32.const 16) (i32.const 5)))");
    assert_ok(contract_run(fx, 0xaa, "hello", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 5);
    assert_memory_equal(fx->result.output.data, "hello", 5);
    assert_true(fx->result.gas_used > 0);
    contract_fixture_free(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
