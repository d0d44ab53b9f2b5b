/* SPDX-License-Identifier: MIT */
/*
 * The cost tables. One constant per version: a chain made under a version replays under it for
 * ever, so a table is never edited, only followed by another.
 */
#include "contracts/gas.h"

#include "contracts/wasm_internal.h"

static const struct bl_gas_schedule gas_schedule_1 = {
    .version = 1,
    .instruction =
        {
            [BL_GAS_FREE] = 0,
            [BL_GAS_SIMPLE] = 1,
            [BL_GAS_MUL] = 2,
            [BL_GAS_DIV] = 10,
            [BL_GAS_POPCNT] = 3,
            [BL_GAS_MEMORY] = 2,
            [BL_GAS_GLOBAL] = 2,
            [BL_GAS_BRANCH] = 4,
            [BL_GAS_BR_TABLE] = 6,
            [BL_GAS_CALL] = 12,
            [BL_GAS_CALL_INDIRECT] = 24,
            [BL_GAS_MEMORY_SIZE] = 4,
            [BL_GAS_GROW] = 200,
            [BL_GAS_BULK] = 40,
        },
    .br_table_targets = 8,
    .call_param = 1,
    .entry = 6,
    .entry_bytes = 16,
    .grow_page = 4096,
    .bulk_bytes = 8,
    .host_call = 150,
    .host_bytes = 8,
    .output_byte = 8,
    .balance = 3000,
    .code_hash = 3000,
    .transfer = 9000,
    .transfer_create = 6000,
    .set_code = 10000,
    .set_code_byte = 20,
    .random = 500,
    .instance_page = 2000,
    .instance_pages = UINT32_MAX,
    .instance_data_bytes = 8,
    .storage_read = 3000,
    .storage_read_byte = 2,
    .storage_write = 6000,
    .storage_write_byte = 8,
    .storage_remove = 4000,
    .storage_remove_byte = 8,
    .scan = 3000,
    .scan_next = 1500,
    .scan_next_byte = 1,
    .event = 1000,
    .event_byte = 8,
    .sha256 = 400,
    .sha256_byte = 4,
    .keccak = 500,
    .keccak_byte = 5,
    .blake = 300,
    .blake_byte = 2,
    .ed25519 = 60000,
    .ed25519_byte = 4,
    .secp256k1_recover = 120000,
    .secp256k1_verify = 90000,
    .p256_verify = 200000,
    .call_contract = 10000,
    .load = 200,
    .load_bytes = 4,
    .deploy_byte = 20,
    .call_reserve = 64,
};

/* From measurements: docs/spec/gas.md 7. */
static const struct bl_gas_schedule gas_schedule_2 = {
    .version = 2,
    .instruction =
        {
            [BL_GAS_FREE] = 0,
            [BL_GAS_SIMPLE] = 1,
            [BL_GAS_MUL] = 2,
            [BL_GAS_DIV] = 10,
            [BL_GAS_POPCNT] = 3,
            [BL_GAS_MEMORY] = 3,
            [BL_GAS_GLOBAL] = 2,
            [BL_GAS_BRANCH] = 4,
            [BL_GAS_BR_TABLE] = 6,
            [BL_GAS_CALL] = 12,
            [BL_GAS_CALL_INDIRECT] = 24,
            [BL_GAS_MEMORY_SIZE] = 2,
            [BL_GAS_GROW] = 200,
            [BL_GAS_BULK] = 40,
        },
    .br_table_targets = 8,
    .call_param = 1,
    .entry = 6,
    .entry_bytes = 16,
    .grow_page = 65536,
    .bulk_bytes = 8,
    .host_call = 150,
    .host_bytes = 8,
    .output_byte = 8,
    .balance = 10000,
    .code_hash = 10000,
    .transfer = 20000,
    .transfer_create = 8000,
    .set_code = 20000,
    .set_code_byte = 128,
    .random = 500,
    .instance_page = 2000,
    .instance_pages = 2,
    .instance_page_more = 65536,
    .instance_data_bytes = 8,
    .storage_absent = 8000,
    .storage_read = 4000,
    .storage_read_byte = 2,
    .storage_write = 16000,
    .storage_write_byte = 8,
    .storage_remove = 16000,
    .storage_remove_byte = 8,
    .scan = 1000,
    .scan_next = 4000,
    .scan_next_byte = 1,
    .event = 1000,
    .event_byte = 8,
    .sha256 = 400,
    .sha256_byte = 4,
    .keccak = 1000,
    .keccak_byte = 6,
    .blake = 400,
    .blake_byte = 3,
    .ed25519 = 100000,
    .ed25519_byte = 5,
    .secp256k1_recover = 200000,
    .secp256k1_verify = 200000,
    .p256_verify = 800000,
    .call_contract = 10000,
    .load = 200,
    .load_bytes = 1,
    .deploy_byte = 128,
    .call_reserve = 64,
};

const struct bl_gas_schedule *bl_gas_schedule_get(uint32_t version)
{
    static const struct bl_gas_schedule *const schedules[] = {&gas_schedule_1, &gas_schedule_2};
    return version >= 1 && version <= BL_COUNT_OF(schedules) ? schedules[version - 1] : NULL;
}

uint64_t bl_gas_units(uint64_t len, uint64_t unit)
{
    BL_DCHECK(unit > 0);
    return len / unit + (len % unit != 0 ? 1 : 0);
}

uint64_t bl_gas_per_byte(uint64_t base, uint64_t byte_cost, uint64_t len)
{
    BL_DCHECK(len <= UINT32_MAX && byte_cost <= UINT32_MAX && base <= UINT32_MAX);
    return base + byte_cost * len;
}

uint64_t bl_gas_instruction_cost(const struct bl_gas_schedule *schedule,
                                 const struct bl_wasm_instruction *instruction,
                                 uint32_t params)
{
    const enum bl_gas_class kind = (enum bl_gas_class)bl_wasm_op_info(instruction->op)->gas_class;
    const uint64_t base = schedule->instruction[kind];
    if (kind == BL_GAS_CALL || kind == BL_GAS_CALL_INDIRECT)
        return base + schedule->call_param * params;
    if (kind == BL_GAS_BR_TABLE)
        return base + bl_gas_units(instruction->index, schedule->br_table_targets);
    return base;
}

uint64_t bl_gas_entry(const struct bl_gas_schedule *schedule, uint32_t frame_cost)
{
    return schedule->entry + bl_gas_units(frame_cost, schedule->entry_bytes);
}

uint64_t bl_gas_grow(const struct bl_gas_schedule *schedule, uint32_t pages)
{
    return schedule->grow_page * pages;
}

uint64_t bl_gas_instance(const struct bl_gas_schedule *schedule, uint64_t pages, uint64_t data)
{
    const uint64_t few = pages < schedule->instance_pages ? pages : schedule->instance_pages;
    return schedule->instance_page * few + schedule->instance_page_more * (pages - few) +
           bl_gas_units(data, schedule->instance_data_bytes);
}

uint64_t bl_gas_bulk(const struct bl_gas_schedule *schedule, uint32_t len)
{
    return bl_gas_units(len, schedule->bulk_bytes);
}
