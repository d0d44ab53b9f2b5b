/* SPDX-License-Identifier: MIT */
/*
 * Every bound of docs/spec/vectors/limits.json is the one this build has, and no bound of modules
 * is missing there.
 */
#include <inttypes.h>
#include <string.h>

#include "contracts/wasm.h"
#include "testlib.h"
#include "testlib_json.h"

struct limits_entry {
    const char *name;
    uint64_t value;
};

static const struct limits_entry limits_protocol[] = {
    {"cbor_depth", BL_CBOR_DEPTH_MAX},
    {"tx_bytes", BL_TX_BYTES_MAX},
    {"metadata_bytes", BL_METADATA_BYTES_MAX},
    {"metadata_depth", BL_METADATA_DEPTH_MAX},
    {"block_bytes", BL_BLOCK_BYTES_MAX},
    {"block_txs", BL_BLOCK_TXS_MAX},
    {"block_gas_limit_min", BL_BLOCK_GAS_LIMIT_MIN},
    {"block_gas_limit_max", BL_BLOCK_GAS_LIMIT_MAX},
    {"block_gas_limit_default", BL_BLOCK_GAS_LIMIT_DEFAULT},
    {"receipt_output_bytes", BL_RECEIPT_OUTPUT_MAX},
    {"events_per_tx", BL_EVENTS_PER_TX_MAX},
    {"event_topics", BAALS_EVENT_TOPICS_MAX},
    {"event_data_bytes", BL_EVENT_DATA_MAX},
    {"authorities", BL_AUTHORITIES_MAX},
    {"sysops_pending", BL_SYSOPS_PENDING_MAX},
    {"name_bytes", BL_NAME_BYTES_MAX},
    {"genesis_bytes", BL_GENESIS_BYTES_MAX},
    {"genesis_balances", BL_GENESIS_BALANCES_MAX},
    {"genesis_contracts", BL_GENESIS_CONTRACTS_MAX},
    {"gas_tx_base", BL_GAS_TX_BASE},
    {"gas_tx_byte", BL_GAS_TX_BYTE},
    {"gas_account_create", BL_GAS_ACCOUNT_CREATE},
    {"call_depth", BL_CALL_DEPTH_MAX},
    {"storage_key_bytes", BL_STORAGE_KEY_MAX},
    {"storage_value_bytes", BL_STORAGE_VALUE_MAX},
    {"code_bytes", BL_CODE_BYTES_MAX},
};

/* Compares one section with a table: the same names, the same numbers, none left over. */
static void
limits_compare(const char *section, const struct limits_entry *entries, size_t entry_count)
{
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/limits.json"));
    const struct testlib_json *cases = testlib_json_get(file, section);
    assert_int_equal(testlib_json_count(cases), entry_count);
    for (size_t i = 0; i < entry_count; i++) {
        const char *wanted = NULL;
        for (size_t j = 0; j < entry_count; j++) {
            const struct testlib_json *one = testlib_json_at(cases, j);
            if (strcmp(testlib_json_text(testlib_json_get(one, "name")), entries[i].name) == 0)
                wanted = testlib_json_text(testlib_json_get(one, "value"));
        }
        char value[24];
        (void)snprintf(value, sizeof value, "%" PRIu64, entries[i].value);
        if (wanted == NULL || strcmp(wanted, value) != 0)
            fail_msg("%s: %s here, %s in the vectors", entries[i].name, value,
                     wanted == NULL ? "nothing" : wanted);
    }
    testlib_json_free(file);
}

/* Goal: the bounds of transactions, blocks, receipts, genesis and gas are the page's. */
static void test_protocol(void **state)
{
    (void)state;
    limits_compare("protocol", limits_protocol, BL_COUNT_OF(limits_protocol));
}

/* Goal: the bounds of modules are the page's, in both versions. */
static void test_modules(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        const struct bl_wasm_limits *l = bl_wasm_limits_get(version, BL_WASM_INPUT);
        assert_non_null(l);
        const struct limits_entry entries[] = {
            {"module_bytes", l->module_bytes},
            {"types", l->types},
            {"functions", l->functions},
            {"body_bytes", l->body_bytes},
            {"blocks", l->blocks},
            {"blocks_module", l->blocks_module},
            {"params", l->params},
            {"params_module", l->params_module},
            {"locals", l->locals},
            {"locals_module", l->locals_module},
            {"operands", l->operands},
            {"nesting", l->nesting},
            {"br_table", l->br_table},
            {"globals", l->globals},
            {"imports", l->imports},
            {"exports", l->exports},
            {"name_bytes", l->name_bytes},
            {"table", l->table},
            {"element_segments", l->element_segments},
            {"elements", l->elements},
            {"data_segments", l->data_segments},
            {"memory_initial", l->memory_initial},
            {"memory_max", l->memory_max},
            {"average_body_functions", l->average_body_functions},
            {"average_body_bytes", l->average_body_bytes},
            {"custom_sections", l->custom_sections},
        };
        _Static_assert(sizeof entries / sizeof entries[0] ==
                           sizeof(struct bl_wasm_limits) / sizeof(uint32_t),
                       "every bound of modules is listed");
        limits_compare("module", entries, BL_COUNT_OF(entries));
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocol),
        cmocka_unit_test(test_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
