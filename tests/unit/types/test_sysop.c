/* SPDX-License-Identifier: MIT */
/* System operations and chain parameters: each operation both ways, its rules, and changes. */
#include "mutations.h"

static baals_address sysop_key(uint8_t n)
{
    uint8_t seed[32] = {n};
    baals_keypair keypair;
    baals_keypair_from_seed(&keypair, seed);
    return keypair.address;
}

static baals_status sysop_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_sysop sysop;
    BL_TRY(bl_sysop_decode(&sysop, bytes, err));
    bl_sysop_encode(again, &sysop);
    return BAALS_OK;
}

static baals_status
sysop_roundtrip(struct bl_sysop *out, const struct bl_sysop *in, baals_error *err)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 8192);
    bl_sysop_encode(&buffer, in);
    assert_ok(bl_buffer_status(&buffer, NULL));
    baals_status status = bl_sysop_decode(out, bl_buffer_slice(&buffer), err);
    if (status == BAALS_OK && in->kind != BL_SYSOP_ACT)
        mutations_check(bl_buffer_slice(&buffer), sysop_again);
    bl_buffer_deinit(&buffer);
    return status;
}

/* Goal: a set of authorities comes back in order; none, twice, and unusable keys are refused. */
static void test_sysop_authorities(void **state)
{
    (void)state;
    struct bl_sysop sysop = {.kind = BL_SYSOP_AUTHORITIES, .epoch = 7};
    struct bl_sysop again;
    baals_error err;
    sysop.u.authorities.count = 2;
    sysop.u.authorities.keys[0] = sysop_key(2);
    sysop.u.authorities.keys[1] = sysop_key(1);
    assert_ok(sysop_roundtrip(&again, &sysop, &err));
    assert_int_equal(again.epoch, 7);
    assert_int_equal(again.u.authorities.count, 2);
    assert_memory_equal(again.u.authorities.keys, sysop.u.authorities.keys,
                        2 * sizeof(baals_address));
    sysop.u.authorities.keys[1] = sysop.u.authorities.keys[0];
    assert_status(sysop_roundtrip(&again, &sysop, &err), BAALS_REJECT_SENDER);
    memset(&sysop.u.authorities.keys[1], 0, sizeof(baals_address));
    assert_status(sysop_roundtrip(&again, &sysop, &err), BAALS_REJECT_SENDER);
    sysop.u.authorities.count = 0;
    assert_status(sysop_roundtrip(&again, &sysop, &err), BAALS_REJECT_COUNT);
}

/* Goal: 64 authorities are the most. */
static void test_sysop_authorities_most(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    struct bl_sysop sysop;
    bl_buffer_init(&buffer, bl_alloc_system(), 8192);
    for (uint64_t count = BL_AUTHORITIES_MAX; count <= BL_AUTHORITIES_MAX + 1; count++) {
        bl_buffer_clear(&buffer);
        bl_cbor_write_array(&buffer, 3);
        bl_cbor_write_text(&buffer, bl_slice_str("authorities"));
        bl_cbor_write_uint(&buffer, 0);
        bl_cbor_write_array(&buffer, count);
        for (uint64_t i = 0; i < count; i++) {
            baals_address key = sysop_key((uint8_t)(i + 1));
            bl_cbor_write_address(&buffer, &key);
        }
        assert_status(bl_sysop_decode(&sysop, bl_buffer_slice(&buffer), NULL),
                      count > BL_AUTHORITIES_MAX ? BAALS_REJECT_COUNT : BAALS_OK);
    }
    assert_int_equal(sysop.u.authorities.count, BL_AUTHORITIES_MAX);
    bl_buffer_deinit(&buffer);
}

/* Goal: every parameter is found by its name, bounded, and set and read in its own field. */
static void test_sysop_params(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum bl_param param;
        uint64_t low;
        uint64_t high;
    } all[] = {
        {"block_gas_limit", BL_PARAM_BLOCK_GAS_LIMIT, 50000000, 1ull << 53},
        {"gas_price_min", BL_PARAM_GAS_PRICE_MIN, 0, UINT64_MAX},
        {"burn_fees", BL_PARAM_BURN_FEES, 0, 1},
        {"gas_schedule", BL_PARAM_GAS_SCHEDULE, 1, 2},
        {"wasm_limits", BL_PARAM_WASM_LIMITS, 1, 2},
    };
    baals_chain_params params = {0};
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        struct bl_sysop sysop = {.kind = BL_SYSOP_PARAM};
        struct bl_sysop again;
        enum bl_param found;
        assert_true(bl_param_find(&found, bl_slice_str(all[i].name)));
        assert_int_equal(found, all[i].param);
        assert_string_equal(bl_param_name(found), all[i].name);
        assert_true(bl_param_in_bounds(found, all[i].low));
        assert_true(bl_param_in_bounds(found, all[i].high));
        bl_param_set(&params, found, all[i].high);
        assert_true(bl_param_get(&params, found) == all[i].high);
        sysop.u.param.param = found;
        sysop.u.param.value = all[i].high;
        assert_ok(sysop_roundtrip(&again, &sysop, NULL));
        assert_true(again.u.param.value == all[i].high);
        if (all[i].low > 0) {
            sysop.u.param.value = all[i].low - 1;
            assert_false(bl_param_in_bounds(found, sysop.u.param.value));
            assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_RANGE);
        }
        if (all[i].high < UINT64_MAX) {
            sysop.u.param.value = all[i].high + 1;
            assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_RANGE);
        }
    }
    assert_true(params.block_gas_limit == 1ull << 53 && params.gas_price_min == UINT64_MAX);
    assert_true(params.burn_fees == 1 && params.gas_schedule == 2 && params.wasm_limits == 2);
    enum bl_param found;
    assert_false(bl_param_find(&found, bl_slice_str("slot_ms")));
}

/* Goal: mint needs an amount and an address that can hold it. */
static void test_sysop_mint(void **state)
{
    (void)state;
    struct bl_sysop sysop = {.kind = BL_SYSOP_MINT};
    struct bl_sysop again;
    sysop.u.mint.address = sysop_key(3);
    sysop.u.mint.amount.units = 9;
    assert_ok(sysop_roundtrip(&again, &sysop, NULL));
    assert_int_equal(again.u.mint.amount.units, 9);
    sysop.u.mint.amount.units = 0;
    assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_AMOUNT);
    memset(&sysop.u.mint.address, 0, sizeof(baals_address));
    assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_RECIPIENT);
}

/* Goal: an action keeps every field, and follows the recipient rules of transactions. */
static void test_sysop_act(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    struct bl_sysop again;
    struct bl_sysop sysop = {.kind = BL_SYSOP_ACT};
    struct bl_sysop_act *act = &sysop.u.act;
    act->sender = sysop_key(4);
    act->kind = BAALS_TX_CALL;
    act->has_recipient = true;
    act->recipient = sysop_key(5);
    act->amount.units = 6;
    act->has_payload = true;
    act->payload = bl_slice("\1\2\3", 3);
    bl_buffer_init(&buffer, bl_alloc_system(), 8192);
    bl_sysop_encode(&buffer, &sysop);
    assert_ok(bl_sysop_decode(&again, bl_buffer_slice(&buffer), NULL));
    assert_int_equal(again.u.act.kind, BAALS_TX_CALL);
    assert_true(bl_address_equal(&again.u.act.sender, &act->sender));
    assert_true(again.u.act.has_recipient);
    assert_true(bl_address_equal(&again.u.act.recipient, &act->recipient));
    assert_int_equal(again.u.act.amount.units, 6);
    assert_true(bl_slice_equal(again.u.act.payload, act->payload));
    mutations_check(bl_buffer_slice(&buffer), sysop_again);
    bl_buffer_deinit(&buffer);

    act->has_recipient = false;
    assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_RECIPIENT);
    act->amount.units = 0;
    assert_ok(sysop_roundtrip(&again, &sysop, NULL));
    act->kind = BAALS_TX_SYSTEM;
    assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_KIND);
    act->kind = BAALS_TX_TRANSFER;
    memset(&act->sender, 0, sizeof act->sender);
    assert_status(sysop_roundtrip(&again, &sysop, NULL), BAALS_REJECT_SENDER);
}

/* Goal: the id is a function of every byte of the payload. */
static void test_sysop_id(void **state)
{
    (void)state;
    baals_hash a;
    baals_hash b;
    bl_sysop_id(&a, bl_slice_str("x"));
    bl_sysop_id(&b, bl_slice_str("y"));
    assert_false(bl_hash_equal(&a, &b));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sysop_authorities), cmocka_unit_test(test_sysop_authorities_most),
        cmocka_unit_test(test_sysop_params),      cmocka_unit_test(test_sysop_mint),
        cmocka_unit_test(test_sysop_act),         cmocka_unit_test(test_sysop_id),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
