/* SPDX-License-Identifier: MIT */
/*
 * The genesis as people write it (docs/spec/genesis.md 1) and the struct the library takes. Every
 * field must be there once and no other; the values' rules are the library's own
 * (baals_genesis_encode), so here only JSON's side is judged.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_internal.h"

/* One object: where it is, for messages, and the names it must have. */
struct genesis_fields {
    const char *where;
    const char *const *names;
    size_t count;
    baals_error *err;
};

static baals_status genesis_known(void *ctx, const char *name, const struct bl_json *value)
{
    const struct genesis_fields *fields = ctx;
    (void)value;
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->names[i], name) == 0)
            return BAALS_OK;
    }
    return bl_fail(fields->err, BAALS_REJECT_GENESIS, "unknown field \"%s%.60s\"", fields->where,
                   name);
}

static baals_status genesis_check_fields(const struct bl_json *object,
                                         const char *where,
                                         const char *const *names,
                                         size_t count,
                                         baals_error *err)
{
    struct genesis_fields fields = {.where = where, .names = names, .count = count, .err = err};
    if (object == NULL || bl_json_type(object) != BL_JSON_OBJECT)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s\" must be an object", where);
    BL_TRY(bl_json_each(object, genesis_known, &fields));
    for (size_t i = 0; i < count; i++) {
        if (bl_json_member(object, names[i]) == NULL)
            return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s%s\" is missing", where, names[i]);
    }
    return BAALS_OK;
}

/* ---- values of one field; `where` is the prefix of the field's name ---- */

static baals_status genesis_wrong(const struct bl_json *value,
                                  const char *where,
                                  const char *name,
                                  const char *expected,
                                  baals_error *err)
{
    return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s%s\" must be %s, not %s", where, name,
                   expected, bl_json_type_name(value));
}

static baals_status genesis_u64(uint64_t *out,
                                const struct bl_json *object,
                                const char *where,
                                const char *name,
                                baals_error *err)
{
    const struct bl_json *value = bl_json_member(object, name);
    if (!bl_json_u64(out, value))
        return genesis_wrong(value, where, name, "a whole number", err);
    return BAALS_OK;
}

static baals_status genesis_u32(uint32_t *out,
                                const struct bl_json *object,
                                const char *where,
                                const char *name,
                                baals_error *err)
{
    uint64_t value;
    BL_TRY(genesis_u64(&value, object, where, name, err));
    if (value > UINT32_MAX)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s%s\" is above 2^32-1", where, name);
    *out = (uint32_t)value;
    return BAALS_OK;
}

static baals_status genesis_bool(int32_t *out,
                                 const struct bl_json *object,
                                 const char *where,
                                 const char *name,
                                 baals_error *err)
{
    const struct bl_json *value = bl_json_member(object, name);
    if (bl_json_type(value) != BL_JSON_BOOL)
        return genesis_wrong(value, where, name, "true or false", err);
    *out = bl_json_is_true(value);
    return BAALS_OK;
}

static baals_status genesis_text(const char **out,
                                 const struct bl_json *object,
                                 const char *where,
                                 const char *name,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    const struct bl_json *value = bl_json_member(object, name);
    const char *text = bl_json_text(value);
    baals_slice copy;
    if (text == NULL)
        return genesis_wrong(value, where, name, "a string", err);
    if (!bl_arena_copy(&copy, arena, bl_slice(text, strlen(text) + 1)))
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    *out = (const char *)copy.data;
    return BAALS_OK;
}

/* A decimal string. */
static baals_status genesis_amount(uint64_t *out,
                                   const struct bl_json *object,
                                   const char *where,
                                   const char *name,
                                   baals_error *err)
{
    const struct bl_json *value = bl_json_member(object, name);
    const char *text = bl_json_text(value);
    if (text == NULL)
        return genesis_wrong(value, where, name, "a decimal string", err);
    if (!bl_u64_parse(out, text, strlen(text)))
        return bl_fail(err, BAALS_REJECT_GENESIS,
                       "field \"%s%s\" is no decimal number from 0 to 2^64-1", where, name);
    return BAALS_OK;
}

static baals_status genesis_address(baals_address *out,
                                    const struct bl_json *value,
                                    const char *where,
                                    bool contract_too,
                                    baals_error *err)
{
    const char *text = bl_json_text(value);
    baals_error detail = {.message = ""};
    baals_address_kind kind = BAALS_ADDRESS_ACCOUNT;
    if (text == NULL)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s\" must be an address, not %s", where,
                       value == NULL ? "absent" : bl_json_type_name(value));
    if (baals_address_parse(out, &kind, text, &detail) != BAALS_OK)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s\": %.150s", where, detail.message);
    if (kind == BAALS_ADDRESS_SYSTEM || (kind == BAALS_ADDRESS_CONTRACT && !contract_too))
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s\" must be an address that begins %s",
                       where, contract_too ? "bl1 or blc1" : "bl1");
    return BAALS_OK;
}

/* The elements of an array; NULL in *out when there are none. */
static baals_status genesis_array(void **out,
                                  size_t *count,
                                  const struct bl_json *object,
                                  const char *where,
                                  const char *name,
                                  size_t size,
                                  size_t max,
                                  struct bl_arena *arena,
                                  baals_error *err)
{
    const struct bl_json *value = bl_json_member(object, name);
    if (bl_json_type(value) != BL_JSON_ARRAY)
        return genesis_wrong(value, where, name, "an array", err);
    *count = bl_json_count(value);
    *out = NULL;
    if (*count > max)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"%s%s\" has more than %zu elements",
                       where, name, max);
    if (*count > 0 && (*out = bl_arena_zero(arena, *count, size)) == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    return BAALS_OK;
}

/* ---- the parts ---- */

static baals_status genesis_poa(baals_poa_params *poa,
                                const struct bl_json *object,
                                struct bl_arena *arena,
                                baals_error *err)
{
    static const char *const names[] = {"authorities",   "slot_ms", "interval_ms", "pending_count",
                                        "pending_bytes", "instant", "empty_blocks"};
    static const char where[] = "poa.";
    void *keys;
    BL_TRY(genesis_check_fields(object, where, names, BL_COUNT_OF(names), err));
    BL_TRY(genesis_array(&keys, &poa->authority_count, object, where, "authorities",
                         sizeof(baals_address), BL_AUTHORITIES_MAX, arena, err));
    baals_address *authorities = keys;
    poa->authorities = authorities;
    for (size_t i = 0; i < poa->authority_count; i++)
        BL_TRY(genesis_address(&authorities[i],
                               bl_json_at(bl_json_member(object, "authorities"), i),
                               "poa.authorities", false, err));
    BL_TRY(genesis_u64(&poa->slot_ms, object, where, "slot_ms", err));
    BL_TRY(genesis_u64(&poa->interval_ms, object, where, "interval_ms", err));
    BL_TRY(genesis_u64(&poa->pending_count, object, where, "pending_count", err));
    BL_TRY(genesis_u64(&poa->pending_bytes, object, where, "pending_bytes", err));
    BL_TRY(genesis_bool(&poa->instant, object, where, "instant", err));
    return genesis_bool(&poa->empty_blocks, object, where, "empty_blocks", err);
}

static baals_status
genesis_params(baals_chain_params *params, const struct bl_json *object, baals_error *err)
{
    static const char *const names[] = {"block_gas_limit", "gas_price_min", "burn_fees",
                                        "gas_schedule", "wasm_limits"};
    static const char where[] = "params.";
    BL_TRY(genesis_check_fields(object, where, names, BL_COUNT_OF(names), err));
    BL_TRY(genesis_amount(&params->block_gas_limit, object, where, "block_gas_limit", err));
    BL_TRY(genesis_amount(&params->gas_price_min, object, where, "gas_price_min", err));
    BL_TRY(genesis_bool(&params->burn_fees, object, where, "burn_fees", err));
    BL_TRY(genesis_u32(&params->gas_schedule, object, where, "gas_schedule", err));
    return genesis_u32(&params->wasm_limits, object, where, "wasm_limits", err);
}

static int genesis_compare_addresses(const baals_address *a, const baals_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* The library wants balances ascending; a heap sort, whose worst case is as good as its best. */
static void genesis_sift(baals_genesis_balance *heap, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count &&
            genesis_compare_addresses(&heap[child].address, &heap[child + 1].address) < 0)
            child++;
        if (genesis_compare_addresses(&heap[root].address, &heap[child].address) >= 0)
            return;
        baals_genesis_balance moved = heap[root];
        heap[root] = heap[child];
        heap[child] = moved;
        root = child;
    }
}

static void genesis_sort(baals_genesis_balance *balances, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        genesis_sift(balances, i - 1, count);
    for (size_t last = count; last > 1; last--) {
        baals_genesis_balance moved = balances[0];
        balances[0] = balances[last - 1];
        balances[last - 1] = moved;
        genesis_sift(balances, 0, last - 1);
    }
}

static baals_status genesis_balances(baals_genesis *genesis,
                                     const struct bl_json *root,
                                     struct bl_arena *arena,
                                     baals_error *err)
{
    static const char *const names[] = {"address", "amount"};
    void *memory;
    BL_TRY(genesis_array(&memory, &genesis->balance_count, root, "", "balances",
                         sizeof(baals_genesis_balance), BL_GENESIS_BALANCES_MAX, arena, err));
    baals_genesis_balance *balances = memory;
    genesis->balances = balances;
    for (size_t i = 0; i < genesis->balance_count; i++) {
        const struct bl_json *item = bl_json_at(bl_json_member(root, "balances"), i);
        char where[40], field[48];
        snprintf(where, sizeof where, "balances[%zu].", i);
        snprintf(field, sizeof field, "%saddress", where);
        BL_TRY(genesis_check_fields(item, where, names, BL_COUNT_OF(names), err));
        BL_TRY(genesis_address(&balances[i].address, bl_json_member(item, "address"), field, true,
                               err));
        BL_TRY(genesis_amount(&balances[i].amount.units, item, where, "amount", err));
    }
    genesis_sort(balances, genesis->balance_count);
    for (size_t i = 1; i < genesis->balance_count; i++) {
        char text[BAALS_ADDRESS_TEXT_SIZE];
        if (genesis_compare_addresses(&balances[i - 1].address, &balances[i].address) != 0)
            continue;
        baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &balances[i].address);
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"balances\" has %s twice", text);
    }
    return BAALS_OK;
}

/* Hex digits or null. */
static baals_status genesis_init(baals_genesis_contract *contract,
                                 const struct bl_json *item,
                                 const char *where,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    const struct bl_json *value = bl_json_member(item, "init");
    const char *text = bl_json_text(value);
    if (bl_json_type(value) == BL_JSON_NULL)
        return BAALS_OK;
    if (text == NULL)
        return genesis_wrong(value, where, "init", "hex digits or null", err);
    size_t digits = strlen(text);
    uint8_t *bytes = bl_arena_alloc(arena, digits / 2);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    if (digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text, digits) ||
        strpbrk(text, "ABCDEF") != NULL)
        return bl_fail(err, BAALS_REJECT_GENESIS,
                       "field \"%sinit\" must be an even number of lowercase hex digits or null",
                       where);
    contract->has_init = 1;
    contract->init = bl_slice(bytes, digits / 2);
    return BAALS_OK;
}

static baals_status genesis_contracts(struct cli_genesis *out,
                                      const struct bl_json *root,
                                      struct bl_arena *arena,
                                      baals_error *err)
{
    static const char *const names[] = {"name", "file", "sha256", "init"};
    size_t count;
    void *memory, *files;
    BL_TRY(genesis_array(&memory, &count, root, "", "contracts", sizeof(baals_genesis_contract),
                         BL_GENESIS_CONTRACTS_MAX, arena, err));
    BL_TRY(genesis_array(&files, &count, root, "", "contracts", sizeof(const char *),
                         BL_GENESIS_CONTRACTS_MAX, arena, err));
    baals_genesis_contract *contracts = memory;
    out->files = files;
    out->genesis.contracts = contracts;
    out->genesis.contract_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct bl_json *item = bl_json_at(bl_json_member(root, "contracts"), i);
        const char *name, *hash;
        char where[40];
        snprintf(where, sizeof where, "contracts[%zu].", i);
        BL_TRY(genesis_check_fields(item, where, names, BL_COUNT_OF(names), err));
        BL_TRY(genesis_text(&name, item, where, "name", arena, err));
        BL_TRY(genesis_text(&out->files[i], item, where, "file", arena, err));
        BL_TRY(genesis_text(&hash, item, where, "sha256", arena, err));
        if (baals_hash_parse(&contracts[i].code_hash, hash, NULL) != BAALS_OK)
            return bl_fail(err, BAALS_REJECT_GENESIS,
                           "field \"%ssha256\" must be 64 lowercase hex digits", where);
        contracts[i].name = bl_slice_str(name);
        BL_TRY(genesis_init(&contracts[i], item, where, arena, err));
    }
    return BAALS_OK;
}

static baals_status genesis_root(struct cli_genesis *out,
                                 const struct bl_json *root,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    static const char *const names[] = {"format", "chain_name", "start_ms",  "engine", "poa",
                                        "dev",    "balances",   "contracts", "params"};
    baals_genesis *genesis = &out->genesis;
    uint64_t format;
    const char *name, *engine;
    if (bl_json_type(root) != BL_JSON_OBJECT)
        return bl_fail(err, BAALS_REJECT_GENESIS, "a genesis is a JSON object, not %s",
                       bl_json_type_name(root));
    BL_TRY(genesis_check_fields(root, "", names, BL_COUNT_OF(names), err));
    BL_TRY(genesis_u64(&format, root, "", "format", err));
    if (format != 1)
        return bl_fail(err, BAALS_REJECT_GENESIS, "field \"format\" must be 1");
    BL_TRY(genesis_text(&name, root, "", "chain_name", arena, err));
    BL_TRY(genesis_text(&engine, root, "", "engine", arena, err));
    genesis->chain_name = bl_slice_str(name);
    genesis->engine = bl_slice_str(engine);
    BL_TRY(genesis_u64(&genesis->start_ms, root, "", "start_ms", err));
    BL_TRY(genesis_bool(&genesis->dev, root, "", "dev", err));
    BL_TRY(genesis_poa(&genesis->poa, bl_json_member(root, "poa"), arena, err));
    BL_TRY(genesis_params(&genesis->params, bl_json_member(root, "params"), err));
    BL_TRY(genesis_balances(genesis, root, arena, err));
    return genesis_contracts(out, root, arena, err);
}

baals_status cli_genesis_parse(struct cli_genesis *out,
                               struct bl_arena *arena,
                               baals_slice text,
                               baals_error *err)
{
    struct bl_json_doc doc = {0};
    baals_error detail = {.message = ""};
    memset(out, 0, sizeof *out);
    baals_status status = bl_json_parse(&doc, text, CLI_FILE_MAX, &detail);
    if (status == BAALS_NOMEM)
        return bl_fail(err, status, "no memory for a genesis");
    if (status != BAALS_OK)
        return bl_fail(err, BAALS_REJECT_GENESIS, "%.200s", detail.message);
    status = genesis_root(out, doc.root, arena, err);
    bl_json_free(&doc);
    return status;
}

/* ---- writing ---- */

static void genesis_line(struct bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

/* `  "name": value` by a writer that is begun anew, so that lines can be broken as people do. */
static struct bl_json_writer
genesis_key(struct bl_buffer *out, const char *indent, const char *name)
{
    struct bl_json_writer w;
    genesis_line(out, indent);
    bl_jw_init(&w, out);
    bl_jw_text(&w, name);
    genesis_line(out, ": ");
    w.comma = false;
    return w;
}

static void
genesis_print_u64(struct bl_buffer *out, const char *indent, const char *name, uint64_t value)
{
    struct bl_json_writer w = genesis_key(out, indent, name);
    bl_jw_u64(&w, value);
}

static void genesis_print_poa(struct bl_buffer *out, const baals_poa_params *poa)
{
    static const char indent[] = "    ";
    struct bl_json_writer w;
    genesis_line(out, "  \"poa\": {\n");
    w = genesis_key(out, indent, "authorities");
    bl_jw_begin_array(&w);
    for (size_t i = 0; i < poa->authority_count; i++)
        bl_jw_address(&w, BAALS_ADDRESS_ACCOUNT, &poa->authorities[i]);
    bl_jw_end_array(&w);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "slot_ms", poa->slot_ms);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "interval_ms", poa->interval_ms);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "pending_count", poa->pending_count);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "pending_bytes", poa->pending_bytes);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "instant");
    bl_jw_bool(&w, poa->instant != 0);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "empty_blocks");
    bl_jw_bool(&w, poa->empty_blocks != 0);
    genesis_line(out, "\n  },\n");
}

static void genesis_print_lists(struct bl_buffer *out, const struct cli_genesis *genesis)
{
    struct bl_json_writer w;
    genesis_line(out, "  \"balances\": [");
    for (size_t i = 0; i < genesis->genesis.balance_count; i++) {
        const baals_genesis_balance *balance = &genesis->genesis.balances[i];
        genesis_line(out, i == 0 ? "\n    " : ",\n    ");
        bl_jw_init(&w, out);
        bl_jw_begin_object(&w);
        bl_jw_key(&w, "address");
        bl_jw_address(&w, BAALS_ADDRESS_ACCOUNT, &balance->address);
        bl_jw_put_amount(&w, "amount", balance->amount.units);
        bl_jw_end_object(&w);
    }
    genesis_line(out, "\n  ],\n  \"contracts\": [");
    for (size_t i = 0; i < genesis->genesis.contract_count; i++) {
        const baals_genesis_contract *contract = &genesis->genesis.contracts[i];
        genesis_line(out, i == 0 ? "\n    " : ",\n    ");
        bl_jw_init(&w, out);
        bl_jw_begin_object(&w);
        bl_jw_key(&w, "name");
        bl_jw_slice(&w, contract->name);
        bl_jw_put_text(&w, "file", genesis->files[i]);
        bl_jw_put_hash(&w, "sha256", &contract->code_hash);
        bl_jw_key(&w, "init");
        if (contract->has_init)
            bl_jw_hex(&w, contract->init);
        else
            bl_jw_null(&w);
        bl_jw_end_object(&w);
    }
    genesis_line(out, "\n  ],\n");
}

static void genesis_print_params(struct bl_buffer *out, const baals_chain_params *params)
{
    static const char indent[] = "    ";
    struct bl_json_writer w;
    genesis_line(out, "  \"params\": {\n");
    w = genesis_key(out, indent, "block_gas_limit");
    bl_jw_amount(&w, params->block_gas_limit);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "gas_price_min");
    bl_jw_amount(&w, params->gas_price_min);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "burn_fees");
    bl_jw_bool(&w, params->burn_fees != 0);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "gas_schedule", params->gas_schedule);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "wasm_limits", params->wasm_limits);
    genesis_line(out, "\n  }\n}\n");
}

void cli_genesis_write(struct bl_buffer *out, const struct cli_genesis *genesis)
{
    static const char indent[] = "  ";
    struct bl_json_writer w;
    genesis_line(out, "{\n");
    genesis_print_u64(out, indent, "format", 1);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "chain_name");
    bl_jw_slice(&w, genesis->genesis.chain_name);
    genesis_line(out, ",\n");
    genesis_print_u64(out, indent, "start_ms", genesis->genesis.start_ms);
    genesis_line(out, ",\n");
    w = genesis_key(out, indent, "engine");
    bl_jw_slice(&w, genesis->genesis.engine);
    genesis_line(out, ",\n");
    genesis_print_poa(out, &genesis->genesis.poa);
    w = genesis_key(out, indent, "dev");
    bl_jw_bool(&w, genesis->genesis.dev != 0);
    genesis_line(out, ",\n");
    genesis_print_lists(out, genesis);
    genesis_print_params(out, &genesis->genesis.params);
}
