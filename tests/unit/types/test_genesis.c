/* SPDX-License-Identifier: MIT */
/*
 * The genesis: both ways, every rule refused by its field's name, memory faults, changes.
 */
#include "mutations.h"

enum { GENESIS_KEYS = 3 };

struct genesis_parts {
    baals_genesis genesis;
    baals_address authorities[GENESIS_KEYS];
    baals_genesis_balance balances[GENESIS_KEYS];
    baals_genesis_contract contracts[2];
};

static int genesis_compare_balances(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(baals_address));
}

/* Two authorities, three balances, two contracts. */
static void genesis_fill(struct genesis_parts *parts)
{
    memset(parts, 0, sizeof *parts);
    baals_genesis_defaults(&parts->genesis);
    for (uint8_t i = 0; i < GENESIS_KEYS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 20)};
        baals_keypair keypair;
        baals_keypair_from_seed(&keypair, seed);
        parts->authorities[i] = keypair.address;
        parts->balances[i].address = keypair.address;
        parts->balances[i].amount.units = 100u + i;
    }
    qsort(parts->balances, GENESIS_KEYS, sizeof parts->balances[0], genesis_compare_balances);
    parts->contracts[0].name = bl_slice_str("first");
    parts->contracts[0].has_init = 1;
    parts->contracts[0].init = bl_slice("\1\2", 2);
    parts->contracts[1].name = bl_slice_str("second");
    parts->genesis.poa.authorities = parts->authorities;
    parts->genesis.poa.authority_count = 2;
    parts->genesis.balances = parts->balances;
    parts->genesis.balance_count = GENESIS_KEYS;
    parts->genesis.contracts = parts->contracts;
    parts->genesis.contract_count = 2;
}

static baals_status genesis_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_arena arena;
    baals_genesis genesis;
    bl_arena_init(&arena, bl_alloc_system(), 1u << 20);
    baals_status status = bl_genesis_decode(&genesis, &arena, bytes, err);
    if (status == BAALS_OK)
        bl_genesis_encode(again, &genesis);
    else
        assert_int_equal(arena.used, 0);
    bl_arena_deinit(&arena);
    return status;
}

/* Goal: the defaults are a chain of one authority away from valid. */
static void test_genesis_defaults(void **state)
{
    (void)state;
    struct genesis_parts parts;
    baals_genesis genesis;
    genesis_fill(&parts);
    baals_genesis_defaults(&genesis);
    assert_status(bl_genesis_check(&genesis, NULL), BAALS_REJECT_GENESIS);
    genesis.poa.authorities = parts.authorities;
    genesis.poa.authority_count = 1;
    assert_ok(bl_genesis_check(&genesis, NULL));
    assert_int_equal(genesis.poa.slot_ms, 1000);
    assert_int_equal(genesis.poa.instant, 1);
    assert_int_equal(genesis.params.block_gas_limit, 1000000000);
    assert_int_equal(genesis.params.gas_schedule, 2);
    assert_int_equal(genesis.params.wasm_limits, 2);
}

/* Goal: of known bytes the keys of balances are not looked at again, everything else is. */
static void test_genesis_known(void **state)
{
    (void)state;
    struct genesis_parts parts;
    struct bl_buffer buffer;
    struct bl_arena arena;
    baals_genesis again;
    genesis_fill(&parts);
    /* No point of the curve. */
    baals_genesis_balance balances[] = {{.address = {{2}}, .amount = {5}}};
    parts.genesis.balances = balances;
    parts.genesis.balance_count = 1;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    bl_arena_init(&arena, bl_alloc_system(), 1u << 20);
    bl_genesis_encode(&buffer, &parts.genesis);
    baals_slice bytes = bl_buffer_slice(&buffer);
    assert_status(bl_genesis_decode(&again, &arena, bytes, NULL), BAALS_REJECT_GENESIS);
    assert_ok(bl_genesis_decode_known(&again, &arena, bytes, NULL));
    assert_int_equal(again.balances[0].amount.units, 5);
    bytes.len--;
    assert_int_not_equal(bl_genesis_decode_known(&again, &arena, bytes, NULL), BAALS_OK);
    balances[0].amount.units = 0;
    bl_buffer_clear(&buffer);
    bl_genesis_encode(&buffer, &parts.genesis);
    assert_status(bl_genesis_decode_known(&again, &arena, bl_buffer_slice(&buffer), NULL),
                  BAALS_REJECT_GENESIS);
    bl_arena_deinit(&arena);
    bl_buffer_deinit(&buffer);
}

/* Goal: every field comes back. */
static void test_genesis_roundtrip(void **state)
{
    (void)state;
    struct genesis_parts parts;
    struct bl_buffer buffer;
    struct bl_arena arena;
    baals_genesis again;
    genesis_fill(&parts);
    parts.genesis.start_ms = 77;
    parts.genesis.poa.interval_ms = 5;
    parts.genesis.poa.pending_count = 6;
    parts.genesis.poa.pending_bytes = 7;
    parts.genesis.poa.empty_blocks = 1;
    parts.genesis.params.burn_fees = 1;
    parts.genesis.params.gas_price_min = 8;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    bl_arena_init(&arena, bl_alloc_system(), 1u << 20);
    bl_genesis_encode(&buffer, &parts.genesis);
    assert_ok(bl_genesis_decode(&again, &arena, bl_buffer_slice(&buffer), NULL));
    assert_true(bl_slice_equal(again.chain_name, bl_slice_str("local")));
    assert_true(bl_slice_equal(again.engine, bl_slice_str("poa")));
    assert_true(again.start_ms == 77 && again.poa.interval_ms == 5);
    assert_true(again.poa.pending_count == 6 && again.poa.pending_bytes == 7);
    assert_true(again.poa.instant == 1 && again.poa.empty_blocks == 1 && again.dev == 0);
    assert_true(again.params.burn_fees == 1 && again.params.gas_price_min == 8);
    assert_int_equal(again.poa.authority_count, 2);
    assert_memory_equal(again.poa.authorities, parts.authorities, 2 * sizeof(baals_address));
    assert_int_equal(again.balance_count, GENESIS_KEYS);
    assert_memory_equal(again.balances, parts.balances, sizeof parts.balances);
    assert_int_equal(again.contract_count, 2);
    assert_true(bl_slice_equal(again.contracts[0].name, bl_slice_str("first")));
    assert_true(again.contracts[0].has_init == 1 && again.contracts[0].init.len == 2);
    assert_true(again.contracts[1].has_init == 0 && again.contracts[1].init.len == 0);
    mutations_check(bl_buffer_slice(&buffer), genesis_again);
    bl_arena_deinit(&arena);
    bl_buffer_deinit(&buffer);
}

/* Refused with REJECT_GENESIS, the message beginning with the field's name. */
static void genesis_assert_refused(const struct genesis_parts *parts, const char *field)
{
    baals_error err;
    assert_status(bl_genesis_check(&parts->genesis, &err), BAALS_REJECT_GENESIS);
    if (strncmp(err.message, field, strlen(field)) != 0)
        fail_msg("\"%s\" does not name %s", err.message, field);
}

/* Fills `parts` anew, breaks one thing, expects the field's name. */
#define genesis_assert_rule(field, statement)                                                      \
    do {                                                                                           \
        genesis_fill(&parts);                                                                      \
        statement;                                                                                 \
        genesis_assert_refused(&parts, field);                                                     \
    } while (0)

/* Goal: each rule on single fields is refused by name. */
static void test_genesis_field_rules(void **state)
{
    (void)state;
    struct genesis_parts parts;
    baals_genesis *g = &parts.genesis;
    genesis_assert_rule("chain_name", g->chain_name = bl_slice_str(""));
    genesis_assert_rule("start_ms", g->start_ms = 1ull << 53);
    genesis_assert_rule("engine", g->engine = bl_slice_str("pow"));
    genesis_assert_rule("poa.authorities (count)", g->poa.authority_count = 0);
    genesis_assert_rule("poa.authorities (count)", g->poa.authority_count = 65);
    genesis_assert_rule("poa.authorities[1]: the same",
                        parts.authorities[1] = parts.authorities[0]);
    genesis_assert_rule("poa.authorities[1]: not",
                        memset(&parts.authorities[1], 0, sizeof(baals_address)));
    genesis_assert_rule("poa.slot_ms", g->poa.slot_ms = 0);
    genesis_assert_rule("poa.slot_ms", g->poa.slot_ms = 3600001);
    genesis_assert_rule("poa.interval_ms", g->poa.interval_ms = 86400001);
    genesis_assert_rule("poa.pending_count", g->poa.pending_count = 65537);
    genesis_assert_rule("poa.pending_bytes", g->poa.pending_bytes = 16777217);
    genesis_assert_rule("dev", g->dev = 1);
    genesis_assert_rule("params.block_gas_limit", g->params.block_gas_limit = 49999999);
    genesis_assert_rule("params.block_gas_limit", g->params.block_gas_limit = (1ull << 53) + 1);
    genesis_assert_rule("params.gas_schedule", g->params.gas_schedule = 3);
    genesis_assert_rule("params.wasm_limits", g->params.wasm_limits = 0);
}

/* Goal: each rule on lists is refused by the entry's name. */
static void test_genesis_list_rules(void **state)
{
    (void)state;
    struct genesis_parts parts;
    baals_genesis *g = &parts.genesis;
    genesis_assert_rule("contracts (count)", g->contract_count = 257);
    genesis_assert_rule("contracts[1].name", parts.contracts[1].name = bl_slice_str("a\nb"));
    genesis_assert_rule("contracts[1].name: the same",
                        parts.contracts[1].name = parts.contracts[0].name);
    genesis_assert_rule("balances (count)", g->balance_count = 100001);
    genesis_assert_rule("balances[1].address: not above",
                        parts.balances[1].address = parts.balances[0].address);
    genesis_assert_rule("balances[0].address: neither",
                        memset(&parts.balances[0].address, 0, sizeof(baals_address)));
    genesis_assert_rule("balances[2].amount: must", parts.balances[2].amount.units = 0);
    genesis_assert_rule("balances[2].amount: the sum", parts.balances[2].amount.units = UINT64_MAX);
}

/* Goal: a balance may stand at the id of a contract of this genesis, key or not. */
static void test_genesis_contract_balance(void **state)
{
    (void)state;
    struct genesis_parts parts;
    size_t unusable = 0;
    for (char letter = 'a'; letter <= 'p'; letter++) {
        genesis_fill(&parts);
        parts.contracts[0].name = bl_slice(&letter, 1);
        parts.genesis.balance_count = 1;
        assert_ok(
            baals_contract_id_from_name(&parts.balances[0].address, parts.contracts[0].name, NULL));
        assert_ok(bl_genesis_check(&parts.genesis, NULL));
        if (bl_address_is_sender(&parts.balances[0].address))
            continue;
        unusable++;
        parts.contracts[0].name = bl_slice_str("other");
        genesis_assert_refused(&parts, "balances[0].address");
    }
    assert_true(unusable > 0);
}

/* Goal: every allocation that fails gives NOMEM and leaves the arena as it was. */
static void test_genesis_no_memory(void **state)
{
    (void)state;
    struct genesis_parts parts;
    struct bl_buffer buffer;
    genesis_fill(&parts);
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    bl_genesis_encode(&buffer, &parts.genesis);
    baals_status status = BAALS_NOMEM;
    uint64_t failures = 0;
    for (uint64_t k = 1; status != BAALS_OK; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k, .repeat = 1};
        struct bl_arena arena;
        baals_genesis again;
        bl_arena_init(&arena, testlib_faulty_alloc(&faulty), 1u << 20);
        status = bl_genesis_decode(&again, &arena, bl_buffer_slice(&buffer), NULL);
        if (status != BAALS_OK) {
            assert_int_equal(status, BAALS_NOMEM);
            assert_int_equal(arena.used, 0);
            failures++;
        }
        bl_arena_deinit(&arena);
        assert_int_equal(faulty.live, 0);
    }
    assert_true(failures > 0);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis_defaults),   cmocka_unit_test(test_genesis_known),
        cmocka_unit_test(test_genesis_roundtrip),  cmocka_unit_test(test_genesis_field_rules),
        cmocka_unit_test(test_genesis_list_rules), cmocka_unit_test(test_genesis_contract_balance),
        cmocka_unit_test(test_genesis_no_memory),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
