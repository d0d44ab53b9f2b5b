/* SPDX-License-Identifier: MIT */
/* The cost table: what docs/spec/gas.md says of every instruction and formula. */
#include "contracts/gas.h"

#include "testlib.h"

static uint64_t
gas_cost_under(uint32_t version, enum bl_wasm_op op, uint32_t index, uint32_t params)
{
    const struct bl_wasm_instruction instruction = {.op = (uint16_t)op, .index = index};
    return bl_gas_instruction_cost(bl_gas_schedule_get(version), &instruction, params);
}

static uint64_t gas_cost(enum bl_wasm_op op, uint32_t index, uint32_t params)
{
    return gas_cost_under(1, op, index, params);
}

static const struct {
    enum bl_wasm_op op;
    enum bl_gas_class kind;
} gas_ops[] = {
#define GAS_OP(name, opcode, text, immediate, pops, push, cost) {BL_WASM_OP_##name, BL_GAS_##cost},
    BL_WASM_OP_MAP(GAS_OP)
#undef GAS_OP
};

/* Versions 1 and 2 are there, others are not. */
static void test_versions(void **state)
{
    (void)state;
    assert_non_null(bl_gas_schedule_get(1));
    assert_int_equal(bl_gas_schedule_get(1)->version, 1);
    assert_null(bl_gas_schedule_get(0));
    assert_int_equal(bl_gas_schedule_get(2)->version, 2);
    assert_null(bl_gas_schedule_get(3));
    assert_null(bl_gas_schedule_get(UINT32_MAX));
}

/* Every instruction has the cost of its class, written here a second time. */
static void test_instruction_costs(void **state)
{
    (void)state;
    static const struct {
        enum bl_wasm_op op;
        uint32_t index;
        uint32_t params;
        uint64_t cost;
    } cases[] = {
        {BL_WASM_OP_BLOCK, 0, 0, 0},
        {BL_WASM_OP_LOOP, 0, 0, 0},
        {BL_WASM_OP_ELSE, 0, 0, 0},
        {BL_WASM_OP_END, 0, 0, 0},
        {BL_WASM_OP_UNREACHABLE, 0, 0, 1},
        {BL_WASM_OP_NOP, 0, 0, 1},
        {BL_WASM_OP_DROP, 0, 0, 1},
        {BL_WASM_OP_SELECT, 0, 0, 1},
        {BL_WASM_OP_LOCAL_GET, 7, 0, 1},
        {BL_WASM_OP_LOCAL_SET, 7, 0, 1},
        {BL_WASM_OP_LOCAL_TEE, 7, 0, 1},
        {BL_WASM_OP_I32_CONST, 0, 0, 1},
        {BL_WASM_OP_I64_CONST, 0, 0, 1},
        {BL_WASM_OP_I32_ADD, 0, 0, 1},
        {BL_WASM_OP_I64_ROTR, 0, 0, 1},
        {BL_WASM_OP_I64_GE_U, 0, 0, 1},
        {BL_WASM_OP_I32_WRAP_I64, 0, 0, 1},
        {BL_WASM_OP_I64_EXTEND32_S, 0, 0, 1},
        {BL_WASM_OP_I32_MUL, 0, 0, 2},
        {BL_WASM_OP_I64_MUL, 0, 0, 2},
        {BL_WASM_OP_I32_LOAD, 0, 0, 2},
        {BL_WASM_OP_I64_STORE32, 0, 0, 2},
        {BL_WASM_OP_GLOBAL_GET, 0, 0, 2},
        {BL_WASM_OP_GLOBAL_SET, 0, 0, 2},
        {BL_WASM_OP_I32_DIV_S, 0, 0, 10},
        {BL_WASM_OP_I64_REM_U, 0, 0, 10},
        {BL_WASM_OP_I32_POPCNT, 0, 0, 3},
        {BL_WASM_OP_I64_POPCNT, 0, 0, 3},
        {BL_WASM_OP_BR, 3, 0, 4},
        {BL_WASM_OP_BR_IF, 3, 0, 4},
        {BL_WASM_OP_IF, 0, 0, 4},
        {BL_WASM_OP_RETURN, 0, 0, 4},
        {BL_WASM_OP_BR_TABLE, 0, 0, 6},
        {BL_WASM_OP_BR_TABLE, 1, 0, 7},
        {BL_WASM_OP_BR_TABLE, 8, 0, 7},
        {BL_WASM_OP_BR_TABLE, 9, 0, 8},
        {BL_WASM_OP_BR_TABLE, 1024, 0, 134},
        {BL_WASM_OP_CALL, 9, 0, 12},
        {BL_WASM_OP_CALL, 9, 32, 44},
        {BL_WASM_OP_CALL_INDIRECT, 9, 0, 24},
        {BL_WASM_OP_CALL_INDIRECT, 9, 5, 29},
        {BL_WASM_OP_MEMORY_SIZE, 0, 0, 4},
        {BL_WASM_OP_MEMORY_GROW, 0, 0, 200},
        {BL_WASM_OP_MEMORY_INIT, 0, 0, 40},
        {BL_WASM_OP_MEMORY_COPY, 0, 0, 40},
        {BL_WASM_OP_MEMORY_FILL, 0, 0, 40},
        {BL_WASM_OP_DATA_DROP, 0, 0, 40},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const uint64_t cost = gas_cost(cases[i].op, cases[i].index, cases[i].params);
        if (cost != cases[i].cost)
            fail_msg("%s costs %llu", bl_wasm_op_name((uint16_t)cases[i].op),
                     (unsigned long long)cost);
    }
}

/* No instruction is free but the four that only give structure. */
static void test_nothing_else_is_free(void **state)
{
    (void)state;
#define FREE(name, opcode, text, immediate, pops, push, cost)                                      \
    if ((gas_cost(BL_WASM_OP_##name, 0, 0) == 0) != (BL_GAS_##cost == BL_GAS_FREE))                \
        fail_msg("%s", text);
    BL_WASM_OP_MAP(FREE)
#undef FREE
}

/* The formulas round up and do not overflow at the largest lengths. */
static void test_formulas(void **state)
{
    (void)state;
    const struct bl_gas_schedule *s = bl_gas_schedule_get(1);
    assert_int_equal(bl_gas_entry(s, 64), 10);
    assert_int_equal(bl_gas_entry(s, 65), 11);
    assert_int_equal(bl_gas_entry(s, 72), 11);
    assert_int_equal(bl_gas_grow(s, 0), 0);
    assert_int_equal(bl_gas_grow(s, 3), 12288);
    assert_true(bl_gas_grow(s, UINT32_MAX) == 4096ull * UINT32_MAX);
    assert_int_equal(bl_gas_bulk(s, 0), 0);
    assert_int_equal(bl_gas_bulk(s, 1), 1);
    assert_int_equal(bl_gas_bulk(s, 8), 1);
    assert_int_equal(bl_gas_bulk(s, 9), 2);
    assert_int_equal(bl_gas_bulk(s, UINT32_MAX), 536870912);
    assert_int_equal(bl_gas_units(UINT64_MAX, 1), UINT64_MAX);
    assert_int_equal(bl_gas_units(UINT64_MAX, 2), 1ull << 63);
    assert_int_equal(bl_gas_per_byte(400, 4, 3), 412);
    assert_true(bl_gas_per_byte(1000, 8, UINT32_MAX) == 1000 + 8ull * UINT32_MAX);
}

/* The prices of host functions, written here a second time. */
static void test_host_costs(void **state)
{
    (void)state;
    const struct bl_gas_schedule *s = bl_gas_schedule_get(1);
    const uint64_t table[][2] = {
        {s->host_call, 150},
        {s->host_bytes, 8},
        {s->output_byte, 8},
        {s->balance, 3000},
        {s->code_hash, 3000},
        {s->transfer, 9000},
        {s->transfer_create, 6000},
        {s->set_code, 10000},
        {s->set_code_byte, 20},
        {s->random, 500},
        {s->instance_page, 2000},
        {s->instance_page_more, 0},
        {s->instance_data_bytes, 8},
        {s->storage_absent, 0},
        {s->storage_read, 3000},
        {s->storage_read_byte, 2},
        {s->storage_write, 6000},
        {s->storage_write_byte, 8},
        {s->storage_remove, 4000},
        {s->storage_remove_byte, 8},
        {s->scan, 3000},
        {s->scan_next, 1500},
        {s->scan_next_byte, 1},
        {s->event, 1000},
        {s->event_byte, 8},
        {s->sha256, 400},
        {s->sha256_byte, 4},
        {s->keccak, 500},
        {s->keccak_byte, 5},
        {s->blake, 300},
        {s->blake_byte, 2},
        {s->ed25519, 60000},
        {s->ed25519_byte, 4},
        {s->secp256k1_recover, 120000},
        {s->secp256k1_verify, 90000},
        {s->p256_verify, 200000},
        {s->call_contract, 10000},
        {s->load, 200},
        {s->load_bytes, 4},
        {s->deploy_byte, 20},
        {s->call_reserve, 64},
    };
    for (size_t i = 0; i < BL_COUNT_OF(table); i++)
        assert_int_equal(table[i][0], table[i][1]);
}

/* An instance costs by its initial pages and active data; under version 2 the pages beyond two cost
 * more. */
static void test_instances(void **state)
{
    (void)state;
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(1), 0, 0), 0);
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(1), 64, 9), 128002);
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(2), 0, 1), 1);
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(2), 2, 0), 4000);
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(2), 3, 8), 4000 + 65536 + 1);
    assert_int_equal(bl_gas_instance(bl_gas_schedule_get(2), 64, 0), 4000 + 62ull * 65536);
}

/* Version 2 differs from version 1 in loads, stores and memory.size, and nowhere else. */
static void test_instructions_of_version_2(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(gas_ops); i++) {
        uint64_t before = gas_cost(gas_ops[i].op, 9, 2);
        uint64_t after = gas_cost_under(2, gas_ops[i].op, 9, 2);
        if (gas_ops[i].kind == BL_GAS_MEMORY)
            assert_true(before == 2 && after == 3);
        else if (gas_ops[i].kind == BL_GAS_MEMORY_SIZE)
            assert_true(before == 4 && after == 2);
        else
            assert_int_equal(before, after);
    }
    assert_int_equal(bl_gas_grow(bl_gas_schedule_get(2), 3), 3 * 65536);
}

/* The prices of host functions under version 2, written here a second time. */
static void test_host_costs_of_version_2(void **state)
{
    (void)state;
    const struct bl_gas_schedule *s = bl_gas_schedule_get(2);
    const uint64_t table[][2] = {
        {s->host_call, 150},
        {s->host_bytes, 8},
        {s->output_byte, 8},
        {s->balance, 10000},
        {s->code_hash, 10000},
        {s->transfer, 20000},
        {s->transfer_create, 8000},
        {s->set_code, 20000},
        {s->set_code_byte, 128},
        {s->random, 500},
        {s->instance_page, 2000},
        {s->instance_pages, 2},
        {s->instance_page_more, 65536},
        {s->instance_data_bytes, 8},
        {s->storage_absent, 8000},
        {s->storage_read, 4000},
        {s->storage_read_byte, 2},
        {s->storage_write, 16000},
        {s->storage_write_byte, 8},
        {s->storage_remove, 16000},
        {s->storage_remove_byte, 8},
        {s->scan, 1000},
        {s->scan_next, 4000},
        {s->scan_next_byte, 1},
        {s->event, 1000},
        {s->event_byte, 8},
        {s->sha256, 400},
        {s->sha256_byte, 4},
        {s->keccak, 1000},
        {s->keccak_byte, 6},
        {s->blake, 400},
        {s->blake_byte, 3},
        {s->ed25519, 100000},
        {s->ed25519_byte, 5},
        {s->secp256k1_recover, 200000},
        {s->secp256k1_verify, 200000},
        {s->p256_verify, 800000},
        {s->call_contract, 10000},
        {s->load, 200},
        {s->load_bytes, 1},
        {s->deploy_byte, 128},
        {s->call_reserve, 64},
    };
    for (size_t i = 0; i < BL_COUNT_OF(table); i++)
        assert_int_equal(table[i][0], table[i][1]);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_instruction_costs),
        cmocka_unit_test(test_nothing_else_is_free),
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_host_costs),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_instructions_of_version_2),
        cmocka_unit_test(test_host_costs_of_version_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
