/* SPDX-License-Identifier: MIT */
/*
 * The public builders: lengths asked first, buffers too small, NULL arguments, and nothing made
 * that the decoder refuses.
 */
#include <string.h>

#include "testlib.h"
#include "types/types.h"

static const uint8_t build_seed[32] = {6};

static baals_tx build_fields(void)
{
    baals_tx tx;
    memset(&tx, 0, sizeof tx);
    tx.has_recipient = 1;
    memset(&tx.recipient, 0x44, sizeof tx.recipient);
    tx.amount.units = 1;
    return tx;
}

/* Goal: a key pair is the seed's, and wiping leaves nothing. */
static void test_build_keypair(void **state)
{
    (void)state;
    /* RFC 8032 7.1, test 1. */
    uint8_t seed[32];
    uint8_t public_key[32];
    baals_keypair keypair;
    testlib_hex(seed, sizeof seed,
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    testlib_hex(public_key, sizeof public_key,
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    baals_keypair_from_seed(&keypair, seed);
    assert_memory_equal(keypair.seed, seed, sizeof seed);
    assert_memory_equal(keypair.address.bytes, public_key, sizeof public_key);
    baals_keypair_wipe(&keypair);
    assert_true(bl_bytes_all_zero(&keypair, sizeof keypair));
    baals_keypair_wipe(NULL);
}

/* Goal: a key that is ready to sign makes the same transaction as its key pair, a damaged or wiped
 * one makes none. */
static void test_build_ready(void **state)
{
    (void)state;
    uint8_t expected[512];
    uint8_t out[512];
    size_t expected_len = 0;
    size_t len = 0;
    baals_hash expected_id;
    baals_hash id;
    baals_keypair keypair;
    baals_signing_key key;
    baals_error err;
    baals_tx fields = build_fields();
    baals_keypair_from_seed(&keypair, build_seed);
    baals_signing_key_from_seed(&key, build_seed);
    assert_true(bl_address_equal(&key.address, &keypair.address));
    assert_ok(baals_tx_sign(expected, sizeof expected, &expected_len, &expected_id, &fields,
                            &keypair, &err));
    assert_ok(baals_tx_sign_ready(out, sizeof out, &len, &id, &fields, &key, &err));
    assert_int_equal(len, expected_len);
    assert_memory_equal(out, expected, len);
    assert_true(bl_hash_equal(&id, &expected_id));
    assert_status(baals_tx_sign_ready(out, sizeof out, &len, &id, &fields, NULL, &err),
                  BAALS_MISUSE);
    key.secret[9] ^= 1;
    assert_status(baals_tx_sign_ready(out, sizeof out, &len, &id, &fields, &key, &err),
                  BAALS_MISUSE_KEY);
    key.secret[9] ^= 1;
    baals_signing_key_wipe(&key);
    assert_status(baals_tx_sign_ready(out, sizeof out, &len, &id, &fields, &key, &err),
                  BAALS_MISUSE_KEY);
    baals_signing_key_wipe(NULL);
}

/* Goal: the length query, a buffer one byte short, and the exact buffer agree. */
static void test_build_lengths(void **state)
{
    (void)state;
    uint8_t out[512];
    size_t len = 0;
    size_t needed = 0;
    baals_hash id;
    baals_hash queried;
    baals_keypair keypair;
    baals_error err;
    baals_tx fields = build_fields();
    baals_keypair_from_seed(&keypair, build_seed);
    assert_ok(baals_tx_sign(NULL, 0, &needed, &queried, &fields, &keypair, &err));
    memset(out, 0x5a, sizeof out);
    assert_status(baals_tx_sign(out, needed - 1, &len, &id, &fields, &keypair, &err), BAALS_LIMIT);
    assert_int_equal(len, needed);
    assert_int_equal(out[0], 0x5a);
    assert_ok(baals_tx_sign(out, needed, &len, &id, &fields, &keypair, &err));
    assert_int_equal(len, needed);
    assert_true(bl_hash_equal(&id, &queried));
    assert_int_equal(out[needed], 0x5a);
}

/* Goal: what the decoder refuses is not signed, with the decoder's status. */
static void test_build_refusals(void **state)
{
    (void)state;
    static uint8_t payload[2 * BL_TX_BYTES_MAX];
    static const uint8_t bad_map[] = {0xa1, 0x00, 0x00};
    uint8_t out[512];
    size_t len = 0;
    baals_keypair keypair;
    baals_error err;
    baals_keypair_from_seed(&keypair, build_seed);
    baals_tx fields = build_fields();
    fields.has_recipient = 0;
    assert_status(baals_tx_sign(out, sizeof out, &len, NULL, &fields, &keypair, &err),
                  BAALS_REJECT_RECIPIENT);
    fields = build_fields();
    fields.kind = (baals_tx_kind)9;
    assert_status(baals_tx_sign(out, sizeof out, &len, NULL, &fields, &keypair, &err),
                  BAALS_REJECT_KIND);
    fields = build_fields();
    fields.has_metadata = 1;
    fields.metadata = bl_slice(bad_map, sizeof bad_map);
    assert_status(baals_tx_sign(out, sizeof out, &len, NULL, &fields, &keypair, &err),
                  BAALS_REJECT_MAP_KEY);
    fields.metadata = bl_slice(NULL, 0);
    assert_status(baals_tx_sign(out, sizeof out, &len, NULL, &fields, &keypair, &err),
                  BAALS_MISUSE);
    fields = build_fields();
    fields.has_payload = 1;
    fields.payload.len = 1;
    assert_status(baals_tx_sign(out, sizeof out, &len, NULL, &fields, &keypair, &err),
                  BAALS_MISUSE);
    fields.payload = bl_slice(payload, BL_TX_BYTES_MAX);
    assert_status(baals_tx_sign(NULL, 0, &len, NULL, &fields, &keypair, &err),
                  BAALS_REJECT_TX_SIZE);
    fields.payload = bl_slice(payload, sizeof payload);
    assert_status(baals_tx_sign(NULL, 0, &len, NULL, &fields, &keypair, &err),
                  BAALS_REJECT_TX_SIZE);
    assert_status(baals_tx_sign(NULL, 0, NULL, NULL, &fields, &keypair, &err), BAALS_MISUSE);
    assert_int_equal(len, 0);
}

/* Goal: payload builders refuse NULL with a length, bad UTF-8 and what no transaction can carry. */
static void test_build_payloads(void **state)
{
    (void)state;
    static uint8_t args[BL_TX_BYTES_MAX];
    uint8_t out[64];
    size_t len = 0;
    baals_slice broken = {.data = NULL, .len = 1};
    baals_slice whole = bl_slice(args, sizeof args);
    baals_slice none = bl_slice(NULL, 0);
    assert_status(baals_tx_encode_call_payload(out, 64, &len, bl_slice_str("\xff"), none, NULL),
                  BAALS_REJECT_UTF8);
    assert_status(baals_tx_encode_call_payload(out, 64, &len, broken, none, NULL), BAALS_MISUSE);
    assert_status(baals_tx_encode_call_payload(out, 64, &len, none, broken, NULL), BAALS_MISUSE);
    assert_status(baals_tx_encode_call_payload(NULL, 0, &len, none, whole, NULL), BAALS_LIMIT);
    assert_status(baals_tx_encode_deploy_payload(out, 64, &len, broken, NULL, NULL), BAALS_MISUSE);
    assert_status(baals_tx_encode_deploy_payload(out, 64, &len, none, &broken, NULL), BAALS_MISUSE);
    assert_status(baals_tx_encode_deploy_payload(NULL, 0, &len, whole, NULL, NULL), BAALS_LIMIT);
}

/* Goal: each builder of a system operation gives what the decoder reads, and nothing else. */
static void test_build_sysops(void **state)
{
    (void)state;
    uint8_t out[4096];
    size_t len = 0;
    struct bl_sysop sysop;
    baals_keypair keypair;
    baals_address keys[BL_AUTHORITIES_MAX + 1];
    baals_amount amount = {.units = 3};
    baals_tx action = build_fields();
    baals_keypair_from_seed(&keypair, build_seed);
    for (size_t i = 0; i < BL_COUNT_OF(keys); i++)
        keys[i] = keypair.address;

    assert_ok(baals_sysop_encode_authorities(out, sizeof out, &len, 5, keys, 1, NULL));
    assert_ok(bl_sysop_decode(&sysop, bl_slice(out, len), NULL));
    assert_int_equal(sysop.kind, BL_SYSOP_AUTHORITIES);
    assert_int_equal(sysop.epoch, 5);
    assert_status(baals_sysop_encode_authorities(out, sizeof out, &len, 5, keys, 2, NULL),
                  BAALS_REJECT_SENDER);
    assert_status(baals_sysop_encode_authorities(out, sizeof out, &len, 5, keys, 0, NULL),
                  BAALS_REJECT_COUNT);
    assert_status(baals_sysop_encode_authorities(out, sizeof out, &len, 5, keys,
                                                 BL_AUTHORITIES_MAX + 1, NULL),
                  BAALS_REJECT_COUNT);

    assert_ok(baals_sysop_encode_param(out, sizeof out, &len, 0, "burn_fees", 1, NULL));
    assert_ok(bl_sysop_decode(&sysop, bl_slice(out, len), NULL));
    assert_int_equal(sysop.u.param.param, BL_PARAM_BURN_FEES);
    assert_status(baals_sysop_encode_param(out, sizeof out, &len, 0, "burn_fees", 2, NULL),
                  BAALS_REJECT_RANGE);
    assert_status(baals_sysop_encode_param(out, sizeof out, &len, 0, "nothing", 2, NULL),
                  BAALS_REJECT_RANGE);

    assert_ok(baals_sysop_encode_mint(out, sizeof out, &len, 0, &keypair.address, amount, NULL));
    assert_ok(bl_sysop_decode(&sysop, bl_slice(out, len), NULL));
    assert_int_equal(sysop.u.mint.amount.units, 3);

    action.sender = keypair.address;
    assert_ok(baals_sysop_encode_act(out, sizeof out, &len, 0, &action, NULL));
    assert_ok(bl_sysop_decode(&sysop, bl_slice(out, len), NULL));
    assert_true(sysop.u.act.has_recipient);
    action.kind = BAALS_TX_SYSTEM;
    assert_status(baals_sysop_encode_act(out, sizeof out, &len, 0, &action, NULL),
                  BAALS_REJECT_KIND);
}

/* Goal: a genesis is checked before it is encoded, and NULL is misuse everywhere. */
static void test_build_genesis(void **state)
{
    (void)state;
    uint8_t out[512];
    size_t len = 0;
    baals_genesis genesis;
    baals_keypair keypair;
    baals_error err;
    baals_genesis_defaults(&genesis);
    assert_status(baals_genesis_encode(out, sizeof out, &len, &genesis, &err),
                  BAALS_REJECT_GENESIS);
    assert_non_null(strstr(err.message, "poa.authorities"));
    baals_keypair_from_seed(&keypair, build_seed);
    genesis.poa.authorities = &keypair.address;
    genesis.poa.authority_count = 1;
    assert_ok(baals_genesis_encode(out, sizeof out, &len, &genesis, &err));
    assert_status(baals_genesis_encode(out, len - 1, &len, &genesis, &err), BAALS_LIMIT);
    assert_status(baals_genesis_encode(out, sizeof out, NULL, &genesis, &err), BAALS_MISUSE);
    assert_status(baals_genesis_encode(out, sizeof out, &len, NULL, &err), BAALS_MISUSE);
    baals_amount amount = {.units = 1};
    assert_status(baals_sysop_encode_authorities(out, 1, &len, 0, NULL, 1, &err), BAALS_MISUSE);
    assert_status(baals_sysop_encode_param(out, 1, &len, 0, NULL, 1, &err), BAALS_MISUSE);
    assert_status(baals_sysop_encode_mint(out, 1, &len, 0, NULL, amount, &err), BAALS_MISUSE);
    assert_status(baals_sysop_encode_act(out, 1, &len, 0, NULL, &err), BAALS_MISUSE);
}

/* Goal: a genesis beyond 16 MiB is refused by name, and pointers that are not there are misuse. */
static void test_build_genesis_edges(void **state)
{
    (void)state;
    static uint8_t init[BL_GENESIS_BYTES_MAX];
    size_t len = 0;
    baals_keypair keypair;
    baals_genesis genesis;
    baals_genesis_contract contract = {.name = bl_slice_str("big"), .has_init = 1};
    baals_keypair_from_seed(&keypair, build_seed);
    baals_genesis_defaults(&genesis);
    genesis.poa.authorities = &keypair.address;
    genesis.poa.authority_count = 1;
    genesis.contracts = &contract;
    genesis.contract_count = 1;
    contract.init = bl_slice(init, sizeof init);
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_REJECT_GENESIS);
    contract.init.data = NULL;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
    contract.has_init = 0;
    assert_ok(baals_genesis_encode(NULL, 0, &len, &genesis, NULL));
    contract.name.data = NULL;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
    genesis.contracts = NULL;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
    genesis.contract_count = 0;
    genesis.balance_count = 1;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
    genesis.balance_count = 0;
    genesis.poa.authorities = NULL;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
    genesis.poa.authorities = &keypair.address;
    genesis.chain_name.data = NULL;
    assert_status(baals_genesis_encode(NULL, 0, &len, &genesis, NULL), BAALS_MISUSE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_keypair),  cmocka_unit_test(test_build_ready),
        cmocka_unit_test(test_build_lengths),  cmocka_unit_test(test_build_refusals),
        cmocka_unit_test(test_build_payloads), cmocka_unit_test(test_build_sysops),
        cmocka_unit_test(test_build_genesis),  cmocka_unit_test(test_build_genesis_edges),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
