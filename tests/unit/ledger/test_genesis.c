/* SPDX-License-Identifier: MIT */
/*
 * Block 0 and the state it gives.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"

/* Goal: block 0 is the derived one, and its state holds what the genesis says. */
static void test_block_zero(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    ledger_genesis_authorities(&genesis, 3);
    genesis.genesis.params.gas_price_min = 4;
    struct ledger_lib *fx = ledger_open(&genesis);
    const baals_header *header = &fx->headers[0];
    baals_hash empty;
    bl_merkle_root(&empty, NULL, 0);
    assert_true(bl_hash_equal(&header->chain_id, &fx->ledger.chain_id));
    assert_int_equal(header->index, 0);
    assert_int_equal(header->timestamp_ms, LEDGER_START_MS);
    assert_true(bl_bytes_all_zero(&header->prev_hash, 32));
    assert_true(bl_bytes_all_zero(&header->proposer, 32));
    assert_true(bl_hash_equal(&header->tx_root, &empty));
    assert_true(bl_hash_equal(&header->receipts_root, &empty));
    assert_int_equal(header->gas_used, 0);
    assert_int_equal(header->nonce, 0);
    assert_int_equal(header->has_metadata, 0);

    for (unsigned n = 1; n <= 3; n++) {
        baals_address address = ledger_address(n);
        struct bl_account account = ledger_account(fx, &address);
        assert_int_equal(account.balance, LEDGER_RICH);
        assert_int_equal(account.nonce, 0);
        assert_false(account.has_code || account.has_creator);
    }
    assert_int_equal(ledger_meta(fx, BL_META_SUPPLY), 3 * LEDGER_RICH);
    assert_int_equal(ledger_meta(fx, BL_META_BURNED), 0);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
    assert_int_equal(ledger_meta_count(fx, ""), 6); /* with the sentinel */
    baals_chain_params params;
    struct bl_view *view = ledger_view(fx);
    assert_ok(bl_ledger_params(&params, view, &fx->err));
    assert_memory_equal(&params, &genesis.genesis.params, sizeof params);
    baals_slice value;
    baals_address keys[BL_AUTHORITIES_MAX];
    size_t count = 0;
    assert_ok(
        bl_view_get(view, &value, BAALS_SPACE_META, bl_slice_str(BL_META_AUTHORITIES), &fx->err));
    assert_ok(bl_authorities_decode(keys, &count, value, &fx->err));
    bl_view_end(view);
    assert_int_equal(count, 3);
    for (unsigned n = 0; n < 3; n++)
        assert_true(bl_address_equal(&keys[n], &genesis.authorities[n]));
    ledger_close(fx);
}

/* Goal: contracts of the genesis exist at the ids of their names, initialised, money included. */
static void test_contracts(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    baals_slice worker = ledger_worker_code();
    baals_slice plain = ledger_plain_code();
    baals_slice init = bl_slice_str("ok");
    baals_address id;
    baals_address plain_id;
    assert_ok(baals_contract_id_from_name(&id, bl_slice_str("worker"), NULL));
    assert_ok(baals_contract_id_from_name(&plain_id, bl_slice_str("plain"), NULL));
    ledger_genesis_contract(&genesis, "worker", worker, &init);
    ledger_genesis_contract(&genesis, "plain", plain, NULL);
    ledger_genesis_balance(&genesis, &id, 1234);
    struct ledger_lib *fx = ledger_open(&genesis);
    struct bl_account account = ledger_account(fx, &id);
    baals_hash hash;
    bl_sha256(&hash, worker);
    assert_true(account.has_code);
    assert_false(account.has_creator);
    assert_true(bl_hash_equal(&account.code_hash, &hash));
    assert_int_equal(account.balance, 1234);
    assert_true(ledger_account(fx, &plain_id).has_code);
    /* What init wrote is there, and code can be called. */
    uint8_t key[35];
    memcpy(key, id.bytes, 32);
    memcpy(key + 32, "key", 3);
    struct bl_view *view = ledger_view(fx);
    baals_slice value;
    assert_ok(bl_view_get(view, &value, BAALS_SPACE_STORAGE, bl_slice(key, sizeof key), &fx->err));
    assert_true(bl_slice_equal(value, bl_slice_str("value")));
    bl_view_end(view);
    assert_int_equal(ledger_run(fx, ledger_call(fx, 1, 0, id, "set", 5)).status, BAALS_RECEIPT_OK);
    ledger_close(fx);
    ledger_free(worker);
    ledger_free(plain);
}

/* Goal: a contract's init sees nobody as caller, no transaction, and all the gas of a block. */
static void test_init_arguments(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    baals_slice code = bl_slice_str("told so");
    ledger_genesis_contract(&genesis, "fake", code, NULL);
    baals_address id;
    assert_ok(baals_contract_id_from_name(&id, bl_slice_str("fake"), NULL));
    struct ledger_genesis bare;
    ledger_genesis_init(&bare);
    struct ledger_lib *fx = ledger_open(&bare);
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    struct bl_ledger ledger = fx->ledger;
    ledger.contracts = &fake.base;
    baals_storage *storage = NULL;
    struct bl_store *store = NULL;
    struct bl_view *view = NULL;
    struct bl_applied applied;
    assert_ok(bl_storage_open(&storage, fx->env, "memory", "", &fx->err));
    assert_ok(bl_store_open(&store, fx->env, storage, &ledger.chain_id, &fx->err));
    assert_ok(bl_view_begin(&view, store, &fx->err));
    assert_ok(bl_ledger_apply_genesis(&applied, &ledger, view, &genesis.genesis, genesis.modules,
                                      &fx->arena, &fx->err));
    bl_view_end(view);
    bl_store_close(store);
    assert_int_equal(fake.executions, 1);
    assert_int_equal(fake.seen.entry, BAALS_ENTRY_INIT);
    assert_true(bl_address_equal(&fake.seen.contract, &id));
    assert_true(bl_bytes_all_zero(&fake.seen.caller, 32));
    assert_true(bl_bytes_all_zero(&fake.seen.origin, 32));
    assert_true(bl_bytes_all_zero(&fake.seen.tx_id, 32));
    assert_int_equal(fake.seen.value.units, 0);
    assert_int_equal(fake.seen.has_args, 0);
    assert_int_equal(fake.seen.gas, genesis.genesis.params.block_gas_limit);
    assert_int_equal(fake.seen.block_index, 0);
    assert_int_equal(fake.seen.block_time_ms, LEDGER_START_MS);
    ledger_close(fx);
}

/* Goal: whatever is wrong with a contract or a version refuses the whole genesis and says why. */
static void test_refused(void **state)
{
    (void)state;
    baals_error err;
    struct ledger_genesis genesis;
    baals_slice worker = ledger_worker_code();
    baals_slice plain = ledger_plain_code();
    baals_slice one_byte = bl_slice_str("r");

    ledger_genesis_init(&genesis);
    ledger_genesis_contract(&genesis, "worker", worker, &one_byte);
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS_CONTRACT);
    assert_non_null(strstr(err.message, "worker"));
    assert_non_null(strstr(err.message, "REVERT"));

    ledger_genesis_init(&genesis);
    ledger_genesis_contract(&genesis, "plain", plain, &one_byte); /* has no init */
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS_CONTRACT);

    ledger_genesis_init(&genesis);
    ledger_genesis_contract(&genesis, "junk", bl_slice_str("junk"), NULL);
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS_CONTRACT);

    ledger_genesis_init(&genesis);
    ledger_genesis_contract(&genesis, "other", plain, NULL);
    genesis.modules[0] = worker; /* not the one that is named */
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS);
    assert_non_null(strstr(err.message, "other"));

    ledger_genesis_init(&genesis);
    genesis.genesis.params.gas_schedule = 3;
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS);
    assert_non_null(strstr(err.message, "gas_schedule"));

    ledger_genesis_init(&genesis);
    genesis.genesis.params.wasm_limits = 3;
    assert_status(ledger_try_genesis(&genesis, &err), BAALS_REJECT_GENESIS);
    assert_non_null(strstr(err.message, "wasm_limits"));
    ledger_free(worker);
    ledger_free(plain);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_zero),
        cmocka_unit_test(test_contracts),
        cmocka_unit_test(test_init_arguments),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
