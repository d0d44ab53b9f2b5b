/* SPDX-License-Identifier: MIT */
/*
 * Queries and simulations: what they answer, what they cost, and that nothing of them stays.
 */
#include <string.h>

#include "chain_lib.h"

struct query_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
};

static void query_open(struct query_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_genesis_counter(&fx->genesis);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
}

static void query_close(struct query_fixture *fx)
{
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

static baals_status query_run(struct query_fixture *fx, baals_outcome *out, const char *method)
{
    baals_query query = BAALS_QUERY_INIT;
    query.contract = chain_counter_id();
    query.method = bl_slice_str(method);
    memset(out, 0, sizeof *out);
    return baals_query_run(fx->node.chain, out, &query, &fx->node.err);
}

static uint64_t query_count(const baals_outcome *outcome)
{
    baals_receipt receipt;
    assert_ok(baals_receipt_decode(&receipt, bl_slice(outcome->receipt.data, outcome->receipt.len),
                                   NULL));
    assert_int_equal(receipt.output.len, 8);
    return bl_load_u64le(receipt.output.data);
}

/* A query sees what was committed, costs gas, and leaves the tip alone. */
static void test_query(void **state)
{
    (void)state;
    struct query_fixture fx;
    query_open(&fx);
    baals_outcome outcome;
    struct chain_tx tx = chain_call(&fx.genesis, 1, 0, "add");
    chain_submit(&fx.node, &tx);
    assert_true(chain_produce(&fx.node));
    baals_chain_info before = chain_info(&fx.node);
    assert_ok(query_run(&fx, &outcome, "get"));
    assert_int_equal(outcome.status, BAALS_RECEIPT_OK);
    assert_true(outcome.gas_used > 0);
    assert_int_equal(query_count(&outcome), 1);
    baals_outcome_free(&outcome);
    baals_chain_info after = chain_info(&fx.node);
    assert_memory_equal(before.state_root.bytes, after.state_root.bytes, 32);
    query_close(&fx);
}

/* What writes, is missing or fails is told in the outcome, not as an error of the call. */
static void test_query_failures(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        baals_receipt_status status;
        baals_status trap;
    } cases[] = {
        {"add", BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY},
        {"none", BAALS_RECEIPT_NO_METHOD, BAALS_TRAP_NO_METHOD},
        {"init", BAALS_RECEIPT_NO_METHOD, BAALS_TRAP_NO_METHOD},
    };
    struct query_fixture fx;
    query_open(&fx);
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        baals_outcome outcome;
        assert_ok(query_run(&fx, &outcome, cases[i].method));
        assert_int_equal(outcome.status, cases[i].status);
        assert_int_equal(outcome.debug.trap, cases[i].trap);
        assert_true(outcome.debug.message[0] != '\0');
        baals_outcome_free(&outcome);
    }
    baals_query query = BAALS_QUERY_INIT;
    baals_outcome outcome;
    query.contract = chain_address(2);
    query.method = bl_slice_str("get");
    assert_ok(baals_query_run(fx.node.chain, &outcome, &query, &fx.node.err));
    assert_int_equal(outcome.status, BAALS_RECEIPT_NO_CONTRACT);
    baals_outcome_free(&outcome);
    query_close(&fx);
}

/* Bounds: no gas, too much gas, an unknown version. */
static void test_query_bounds(void **state)
{
    (void)state;
    struct query_fixture fx;
    query_open(&fx);
    baals_query query = BAALS_QUERY_INIT;
    baals_outcome outcome;
    query.contract = chain_counter_id();
    query.method = bl_slice_str("get");
    query.gas_max = 1;
    assert_ok(baals_query_run(fx.node.chain, &outcome, &query, &fx.node.err));
    assert_int_equal(outcome.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(outcome.gas_used, 1);
    baals_outcome_free(&outcome);
    query.gas_max = BL_BLOCK_GAS_LIMIT_MAX + 1;
    assert_status(baals_query_run(fx.node.chain, &outcome, &query, &fx.node.err),
                  BAALS_MISUSE_ARGUMENT);
    query.gas_max = 0;
    query.time_ms_max = UINT64_MAX; /* as good as for ever */
    assert_ok(baals_query_run(fx.node.chain, &outcome, &query, &fx.node.err));
    assert_int_equal(outcome.status, BAALS_RECEIPT_OK);
    baals_outcome_free(&outcome);
    query.size = 0;
    assert_status(baals_query_run(fx.node.chain, &outcome, &query, &fx.node.err),
                  BAALS_MISUSE_ARGUMENT);
    assert_status(baals_query_run(NULL, &outcome, &query, &fx.node.err), BAALS_MISUSE);
    query_close(&fx);
}

/* A simulation gives what the transaction then really gives, and changes nothing. */
static void test_simulate(void **state)
{
    (void)state;
    struct query_fixture fx;
    query_open(&fx);
    struct chain_tx tx = chain_call(&fx.genesis, 1, 0, "add");
    baals_slice bytes = bl_slice(tx.bytes, tx.len);
    baals_outcome outcome;
    baals_outcome again;
    assert_ok(baals_simulate(fx.node.chain, &outcome, bytes, &fx.node.err));
    assert_ok(baals_simulate(fx.node.chain, &again, bytes, &fx.node.err));
    assert_int_equal(outcome.status, BAALS_RECEIPT_OK);
    chain_submit(&fx.node, &tx);
    assert_true(chain_produce(&fx.node));
    baals_bytes receipt = {NULL, 0, NULL};
    assert_ok(baals_receipt_get(fx.node.chain, &receipt, NULL, NULL, &tx.id, &fx.node.err));
    assert_int_equal(receipt.len, outcome.receipt.len);
    assert_memory_equal(receipt.data, outcome.receipt.data, receipt.len);
    assert_memory_equal(receipt.data, again.receipt.data, receipt.len);
    baals_bytes_free(&receipt);
    baals_outcome_free(&outcome);
    baals_outcome_free(&again);
    assert_status(baals_simulate(fx.node.chain, &outcome, bytes, &fx.node.err), BAALS_REJECT_NONCE);
    bytes.len--;
    assert_status(baals_simulate(fx.node.chain, &outcome, bytes, &fx.node.err),
                  BAALS_REJECT_TRUNCATED);
    query_close(&fx);
}

struct query_heard {
    uint64_t gas;
    uint32_t enters, leaves, writes;
};

static void query_hear(void *ctx, const baals_trace_item *item)
{
    struct query_heard *heard = ctx;
    heard->enters += item->kind == BAALS_TRACE_ENTER ? 1 : 0;
    heard->leaves += item->kind == BAALS_TRACE_LEAVE ? 1 : 0;
    heard->writes += item->kind == BAALS_TRACE_WRITE ? 1 : 0;
    if (item->kind == BAALS_TRACE_LEAVE)
        heard->gas = item->gas;
}

/* A listener hears what the contract does, and the outcome is the same to the byte. */
static void test_simulate_traced(void **state)
{
    (void)state;
    struct query_fixture fx;
    query_open(&fx);
    struct chain_tx tx = chain_call(&fx.genesis, 1, 0, "add");
    baals_slice bytes = bl_slice(tx.bytes, tx.len);
    struct query_heard heard = {0};
    const baals_tracer tracer = {query_hear, &heard};
    baals_outcome plain, traced;
    assert_ok(baals_simulate(fx.node.chain, &plain, bytes, &fx.node.err));
    assert_ok(baals_simulate_traced(fx.node.chain, &traced, &tracer, bytes, &fx.node.err));
    assert_int_equal(plain.receipt.len, traced.receipt.len);
    assert_memory_equal(plain.receipt.data, traced.receipt.data, plain.receipt.len);
    assert_int_equal(plain.gas_used, traced.gas_used);
    assert_int_equal(heard.enters, 1);
    assert_int_equal(heard.leaves, 1);
    assert_true(heard.writes > 0 && heard.gas > 0 && heard.gas < traced.gas_used);
    baals_outcome_free(&plain);
    baals_outcome_free(&traced);
    const baals_tracer deaf = {NULL, NULL};
    assert_status(baals_simulate_traced(fx.node.chain, &traced, NULL, bytes, NULL), BAALS_MISUSE);
    assert_status(baals_simulate_traced(fx.node.chain, &traced, &deaf, bytes, NULL), BAALS_MISUSE);
    query_close(&fx);
}

/* Code is judged as a deploy would judge it. */
static void test_code_check(void **state)
{
    (void)state;
    struct query_fixture fx;
    query_open(&fx);
    assert_ok(baals_code_check(fx.node.chain, fx.genesis.module, &fx.node.err));
    assert_status(baals_code_check(fx.node.chain, bl_slice_str("no module"), &fx.node.err),
                  BAALS_REJECT_CODE);
    assert_status(baals_code_check(fx.node.chain, bl_slice(NULL, 0), &fx.node.err),
                  BAALS_REJECT_CODE);
    assert_status(baals_code_check(NULL, bl_slice(NULL, 0), &fx.node.err), BAALS_MISUSE);
    query_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),        cmocka_unit_test(test_query_failures),
        cmocka_unit_test(test_query_bounds), cmocka_unit_test(test_simulate),
        cmocka_unit_test(test_code_check),   cmocka_unit_test(test_simulate_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
