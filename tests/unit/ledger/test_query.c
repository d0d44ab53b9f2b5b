/* SPDX-License-Identifier: MIT */
/*
 * Queries and simulations: the same results as in the next block, and nothing changes.
 */
#include <string.h>

#include "ledger_lib.h"

struct queries {
    struct ledger_lib *fx;
    baals_slice code;
    baals_address worker;
};

static struct queries queries_open(void)
{
    struct queries q = {.code = ledger_worker_code()};
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    q.fx = ledger_open(&genesis);
    baals_receipt receipt = ledger_run(q.fx, ledger_deploy(q.fx, 1, 0, q.code, NULL, 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    q.worker = receipt.contract;
    return q;
}

static void queries_close(struct queries *q)
{
    ledger_close(q->fx);
    ledger_free(q->code);
}

static struct bl_query query_of(const struct queries *q, const char *method, bool readonly)
{
    return (struct bl_query){
        .readonly = readonly,
        .caller = ledger_address(2),
        .contract = q->worker,
        .method = bl_slice_str(method),
        .gas = 1000000,
    };
}

static baals_status
run_query(struct queries *q, struct bl_query_result *out, const struct bl_query *query)
{
    struct bl_view *view = ledger_view(q->fx);
    baals_status status = bl_ledger_query(out, &q->fx->ledger, view, &q->fx->headers[q->fx->height],
                                          query, &q->fx->arena, &q->fx->err);
    bl_view_end(view);
    return status;
}

/* Goal: a query may read but not write; a simulation may write, and nothing of it stays. */
static void test_query(void **state)
{
    (void)state;
    struct queries q = queries_open();
    struct bl_query_result result;
    struct bl_query query = query_of(&q, "set", true);
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(result.status, BAALS_RECEIPT_TRAP);
    assert_status(result.debug.trap, BAALS_TRAP_READONLY);
    assert_int_equal(result.event_count, 0);

    query = query_of(&q, "set", false);
    query.value.units = 44;
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(result.status, BAALS_RECEIPT_OK);
    assert_true(bl_slice_equal(result.output, bl_slice_str("keyvalue")));
    assert_int_equal(result.event_count, 1);
    assert_int_equal(bl_load_u64le(result.events[0].data.data), 44);
    assert_true(result.gas_used > 0 && result.gas_used < query.gas);
    assert_int_equal(ledger_balance(q.fx, &q.worker), 0);

    query = query_of(&q, "note", true);
    assert_ok(run_query(&q, &result, &query));
    assert_true(bl_slice_equal(result.debug.logs, bl_slice_str("keyvalue\n")));
    query = query_of(&q, "revert", false);
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(result.status, BAALS_RECEIPT_REVERT);
    assert_true(bl_slice_equal(result.output, bl_slice_str("value")));
    assert_int_equal(result.debug.revert_code, 7);
    assert_true(bl_address_equal(&result.debug.contract, &q.worker));
    queries_close(&q);
}

static int32_t at_once(void *ctx)
{
    (void)ctx;
    return 1;
}

/* Goal: no contract and no money are told apart; the deadline is a local status. */
static void test_query_failures(void **state)
{
    (void)state;
    struct queries q = queries_open();
    struct bl_query_result result;
    struct bl_query query = query_of(&q, "set", true);
    query.contract = ledger_address(2);
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(result.status, BAALS_RECEIPT_NO_CONTRACT);
    assert_status(result.debug.trap, BAALS_TRAP_NO_CONTRACT);
    assert_int_equal(result.gas_used, 0);
    query = query_of(&q, "set", false);
    query.value.units = LEDGER_RICH + 1;
    assert_status(run_query(&q, &result, &query), BAALS_REJECT_BALANCE);
    query = query_of(&q, "spin", true);
    query.gas = 100000;
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(result.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(result.gas_used, 100000);
    query = query_of(&q, "note", true);
    query.expired = at_once;
    assert_status(run_query(&q, &result, &query), BAALS_BUSY_TIMEOUT);
    queries_close(&q);
}

/* Goal: a query runs in the block after the tip, at the tip's time. */
static void test_query_place(void **state)
{
    (void)state;
    struct queries q = queries_open();
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    q.fx->ledger.contracts = &fake.base;
    struct bl_query_result result;
    struct bl_query query = query_of(&q, "set", false);
    query.args = bl_slice_str("args");
    assert_ok(run_query(&q, &result, &query));
    assert_int_equal(fake.seen.block_index, q.fx->height + 1);
    assert_int_equal(fake.seen.block_time_ms, q.fx->headers[q.fx->height].timestamp_ms);
    assert_true(bl_bytes_all_zero(&fake.seen.tx_id, 32));
    assert_true(bl_address_equal(&fake.seen.origin, &query.caller));
    assert_int_equal(fake.seen.gas, query.gas);
    assert_true(bl_slice_equal(fake.seen.args, query.args));
    queries_close(&q);
}

/* Goal: a simulated transaction gives the receipt it then gets in a block, or its REJECT. */
static void test_simulate(void **state)
{
    (void)state;
    struct queries q = queries_open();
    const baals_tx *txs[] = {
        ledger_call(q.fx, 1, 1, q.worker, "set", 5),
        ledger_call(q.fx, 1, 2, q.worker, "trap", 5),
        ledger_transfer(q.fx, 1, 3, ledger_stranger(0x31), 5),
    };
    for (size_t i = 0; i < BL_COUNT_OF(txs); i++) {
        struct bl_view *view = ledger_view(q.fx);
        baals_receipt simulated;
        struct bl_debug debug;
        const baals_header *tip = &q.fx->headers[q.fx->height];
        baals_hash root = tip->state_root;
        assert_ok(bl_ledger_simulate_tx(&simulated, &debug, &q.fx->ledger, view, tip, txs[i], NULL,
                                        &q.fx->arena, &q.fx->err));
        assert_status(debug.trap, i == 1 ? BAALS_TRAP_UNREACHABLE : BAALS_OK);
        assert_memory_equal(&q.fx->headers[q.fx->height].state_root, &root, sizeof root);
        baals_receipt receipt = ledger_run(q.fx, txs[i]);
        assert_true(bl_slice_equal(simulated.bytes, receipt.bytes));
        assert_status(bl_ledger_simulate_tx(&simulated, &debug, &q.fx->ledger, view, tip,
                                            ledger_transfer(q.fx, 1, 99, q.worker, 1), NULL,
                                            &q.fx->arena, &q.fx->err),
                      BAALS_REJECT_NONCE);
        bl_view_end(view);
    }
    queries_close(&q);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_failures),
        cmocka_unit_test(test_query_place),
        cmocka_unit_test(test_simulate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
