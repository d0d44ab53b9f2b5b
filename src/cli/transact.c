/* SPDX-License-Identifier: MIT */
/*
 * The commands that make transactions: send, deploy, call, and their simulations.
 *
 * One way for all: operands become the fields of a transaction; the chain is asked for its id, the
 * sender's nonce and the prices; a simulation says what gas it takes and whether it would fail at
 * all; only then is the key unlocked, the transaction signed and submitted. What would fail is not
 * sent unless --gas-limit says that it is meant.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

#define TRANSACT_TIMEOUT_S 30u
/* Gas beyond a simulation's: a quarter, and enough for a small difference. */
#define TRANSACT_GAS_MARGIN 10000u

/* What the chain says that a transaction needs. */
struct transact_chain {
    baals_hash chain_id;
    uint64_t block_gas_limit;
    uint64_t gas_price_min;
    bool can_seal;
};

struct transact_account {
    baals_address address;
    uint64_t balance;
    uint64_t nonce;
};

/* ---- operands ---- */

/* "0x..." or "@file" as bytes in the arena; *is_raw false for anything else. */
static baals_status transact_raw(struct cli *cli,
                                 baals_slice *out,
                                 bool *is_raw,
                                 const char *text,
                                 const char *what,
                                 baals_error *err)
{
    *is_raw = true;
    if (text[0] == '@')
        return cli_read_file(cli, out, text + 1, BL_TX_BYTES_MAX, err);
    *is_raw = strncmp(text, "0x", 2) == 0;
    if (!*is_raw)
        return BAALS_OK;
    size_t digits = strlen(text + 2);
    uint8_t *bytes = bl_arena_alloc(&cli->arena, digits / 2);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %s", what);
    if (digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text + 2, digits))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s: \"%.40s\" is no even number of hex digits",
                       what, text);
    *out = bl_slice(bytes, digits / 2);
    return BAALS_OK;
}

/* A copy of the buffer in the arena. */
static baals_status
transact_keep(struct cli *cli, baals_slice *out, const struct bl_buffer *buffer, baals_error *err)
{
    BL_TRY(bl_buffer_status(buffer, err));
    if (!bl_arena_copy(out, &cli->arena, bl_buffer_slice(buffer)))
        return bl_fail(err, BAALS_NOMEM, "no memory for the arguments");
    return BAALS_OK;
}

baals_status cli_call_arguments(
    struct cli *cli, baals_slice *out, const char *const *words, size_t count, baals_error *err)
{
    bool is_raw = false;
    if (count == 1)
        BL_TRY(transact_raw(cli, out, &is_raw, words[0], "the arguments", err));
    if (is_raw)
        return BAALS_OK;
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, cli->env->alloc, BL_TX_BYTES_MAX);
    baals_status status = bl_cbor_words(&buffer, words, count, err);
    if (status == BAALS_OK)
        status = transact_keep(cli, out, &buffer, err);
    bl_buffer_deinit(&buffer);
    return status;
}

static size_t transact_collect(const struct cli *cli, const char **out, enum cli_option_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < cli->args.repeated_count; i++) {
        if (cli->args.repeated[i].id == id)
            out[count++] = cli->args.repeated[i].value;
    }
    return count;
}

/* NAME=TEXT pairs as an encoded map, its keys in canonical order: shorter first, then by bytes. */
static int transact_compare_names(const char *a, const char *b)
{
    size_t a_len = strcspn(a, "="), b_len = strcspn(b, "=");
    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return memcmp(a, b, a_len);
}

static baals_status transact_metadata(struct cli *cli, baals_tx *tx, baals_error *err)
{
    const char *pairs[CLI_REPEATED_MAX];
    size_t count = transact_collect(cli, pairs, CLI_METADATA);
    struct bl_buffer buffer;
    if (count == 0)
        return BAALS_OK;
    for (size_t i = 0; i < count; i++) {
        const char *pair = pairs[i];
        size_t at = i;
        if (pair[0] == '=' || strchr(pair, '=') == NULL ||
            !bl_text_is_printable(bl_slice_str(pair)))
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--metadata \"%.60s\" is not NAME=TEXT",
                           pair);
        for (; at > 0 && transact_compare_names(pairs[at - 1], pair) > 0; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
        if (at > 0 && transact_compare_names(pairs[at - 1], pair) == 0)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--metadata has \"%.60s\" twice", pair);
    }
    bl_buffer_init(&buffer, cli->env->alloc, BL_TX_BYTES_MAX);
    bl_cbor_head(&buffer, 5, count);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(pairs[i], "=");
        const char *text = pairs[i] + len + 1;
        bl_cbor_head(&buffer, 3, len);
        bl_buffer_append(&buffer, pairs[i], len);
        bl_cbor_head(&buffer, 3, strlen(text));
        bl_buffer_append(&buffer, text, strlen(text));
    }
    baals_status status = transact_keep(cli, &tx->metadata, &buffer, err);
    bl_buffer_deinit(&buffer);
    tx->has_metadata = 1;
    return status;
}

static baals_status transact_send_fields(struct cli *cli, baals_tx *tx, baals_error *err)
{
    const char *memo = cli->args.values[CLI_MEMO];
    tx->kind = BAALS_TX_TRANSFER;
    tx->has_recipient = 1;
    BL_TRY(cli_address(&tx->recipient, cli->args.operands[0], "TO", err));
    BL_TRY(cli_number(&tx->amount.units, cli->args.operands[1], "AMOUNT", err));
    if (memo == NULL)
        return BAALS_OK;
    bool is_raw;
    tx->has_payload = 1;
    BL_TRY(transact_raw(cli, &tx->payload, &is_raw, memo, "--memo", err));
    if (!is_raw)
        tx->payload = bl_slice_str(memo);
    return BAALS_OK;
}

static baals_status transact_deploy_fields(struct cli *cli, baals_tx *tx, baals_error *err)
{
    const char *words[CLI_REPEATED_MAX];
    size_t count = transact_collect(cli, words, CLI_ARG);
    const struct cli_words arg_words = {words, count};
    const char *init = cli->args.values[CLI_INIT];
    struct cli_deploy deploy = {0};
    baals_slice code;
    tx->kind = BAALS_TX_DEPLOY;
    if (init != NULL && count > 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "give --init or --arg, not both");
    BL_TRY(cli_option_u64(cli, &tx->amount.units, CLI_VALUE, 0, err));
    BL_TRY(cli_read_file(cli, &code, cli->args.operands[0], BL_CODE_BYTES_MAX, err));
    BL_TRY(cli_abi_deploy(cli, &deploy, code, &arg_words, err));
    if (init != NULL) {
        BL_TRY(transact_raw(cli, &deploy.args, &deploy.has_args, init, "--init", err));
        if (!deploy.has_args)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--init must be 0xHEX or @FILE");
    }
    cli->abi = deploy.abi;
    const baals_slice *init_args = deploy.has_args ? &deploy.args : NULL;
    size_t len;
    BL_TRY(baals_tx_encode_deploy_payload(NULL, 0, &len, code, init_args, err));
    uint8_t *payload = bl_arena_alloc(&cli->arena, len);
    if (payload == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the payload");
    BL_TRY(baals_tx_encode_deploy_payload(payload, len, &len, code, init_args, err));
    tx->has_payload = 1;
    tx->payload = bl_slice(payload, len);
    return BAALS_OK;
}

/* All but the payload, which needs the contract's description. */
static baals_status transact_call_fields(struct cli *cli, baals_tx *tx, baals_error *err)
{
    const struct cli_args *args = &cli->args;
    tx->kind = BAALS_TX_CALL;
    tx->has_recipient = 1;
    BL_TRY(cli_address(&tx->recipient, args->operands[0], "CONTRACT", err));
    return cli_option_u64(cli, &tx->amount.units, CLI_VALUE, 0, err);
}

static baals_status transact_call_payload(struct cli *cli, baals_tx *tx, baals_error *err)
{
    const struct cli_args *args = &cli->args;
    const struct cli_words words = {args->operands + 2, args->operand_count - 2};
    baals_slice method = bl_slice_str(args->operands[1]);
    baals_slice call_args;
    size_t len;
    cli->method = args->operands[1];
    BL_TRY(cli_abi_of(cli, &cli->abi, &tx->recipient, err));
    BL_TRY(cli_abi_call(cli, &call_args, cli->abi, cli->method, &words, err));
    BL_TRY(baals_tx_encode_call_payload(NULL, 0, &len, method, call_args, err));
    uint8_t *payload = bl_arena_alloc(&cli->arena, len);
    if (payload == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the payload");
    BL_TRY(baals_tx_encode_call_payload(payload, len, &len, method, call_args, err));
    tx->has_payload = 1;
    tx->payload = bl_slice(payload, len);
    return BAALS_OK;
}

/* ---- what the chain says ---- */

/* A decimal string in an answer of the dispatcher, which is ours or a node's. */
static bool transact_answer_amount(uint64_t *out, const struct bl_json *object, const char *name)
{
    const char *text = bl_json_text(bl_json_member(object, name));
    return text != NULL && bl_u64_parse(out, text, strlen(text));
}

static baals_status transact_ask(struct cli *cli, struct transact_chain *out, baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *info;
    BL_TRY(cli_rpc(cli, &doc, &info, "chain_info", NULL, err));
    const struct bl_json *params = bl_json_member(info, "params");
    const char *id = bl_json_text(bl_json_member(info, "chain_id"));
    bool good = id != NULL && baals_hash_parse(&out->chain_id, id, NULL) == BAALS_OK &&
                transact_answer_amount(&out->block_gas_limit, params, "block_gas_limit") &&
                transact_answer_amount(&out->gas_price_min, params, "gas_price_min");
    out->can_seal = bl_json_is_true(bl_json_member(info, "can_seal"));
    bl_json_free(&doc);
    return good ? BAALS_OK : bl_fail(err, BAALS_INTERNAL, "the node's chain_info is not whole");
}

/* {"name": address} into `params`. */
static void
transact_address_param(struct bl_buffer *params, const char *name, const baals_address *address)
{
    struct bl_json_writer w;
    bl_buffer_clear(params);
    bl_jw_init(&w, params);
    bl_jw_begin_object(&w);
    bl_jw_key(&w, name);
    bl_jw_address(&w, BAALS_ADDRESS_ACCOUNT, address);
    bl_jw_end_object(&w);
}

static baals_status transact_nonce(struct cli *cli,
                                   uint64_t *out,
                                   struct bl_buffer *params,
                                   const baals_address *sender,
                                   baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *answer;
    transact_address_param(params, "address", sender);
    BL_TRY(cli_rpc(cli, &doc, &answer, "nonce_next", params, err));
    bool good = bl_json_u64(out, bl_json_member(answer, "nonce"));
    bl_json_free(&doc);
    return good ? BAALS_OK : bl_fail(err, BAALS_INTERNAL, "the node gave no nonce");
}

/* Balance and nonce at the latest committed block, on which simulations run. */
static baals_status transact_account(struct cli *cli,
                                     struct transact_account *out,
                                     struct bl_buffer *params,
                                     const baals_address *address,
                                     baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *answer;
    transact_address_param(params, "address", address);
    BL_TRY(cli_rpc(cli, &doc, &answer, "account_get", params, err));
    bool good = transact_answer_amount(&out->balance, answer, "balance") &&
                bl_json_u64(&out->nonce, bl_json_member(answer, "nonce"));
    bl_json_free(&doc);
    out->address = *address;
    return good ? BAALS_OK : bl_fail(err, BAALS_INTERNAL, "the node's account is not whole");
}

/* The most gas that balance and block allow, for a simulation. */
static baals_status transact_gas_most(uint64_t *out,
                                      const baals_tx *tx,
                                      const struct transact_chain *chain,
                                      const struct transact_account *sender,
                                      baals_error *err)
{
    *out = chain->block_gas_limit;
    if (tx->gas_price == 0)
        return BAALS_OK;
    if (sender->balance < tx->amount.units)
        return bl_fail(err, BAALS_REJECT_BALANCE, "the balance is %llu, less than the amount %llu",
                       (unsigned long long)sender->balance, (unsigned long long)tx->amount.units);
    uint64_t affordable = (sender->balance - tx->amount.units) / tx->gas_price;
    if (affordable < BL_GAS_TX_BASE)
        return bl_fail(err, BAALS_REJECT_BALANCE,
                       "the balance of %llu pays for %llu gas only, at a price of %llu",
                       (unsigned long long)sender->balance, (unsigned long long)affordable,
                       (unsigned long long)tx->gas_price);
    if (affordable < *out)
        *out = affordable;
    return BAALS_OK;
}

/* ---- signing and sending ---- */

/* Signs and puts {"tx": hex, ...} into `params`. */
static baals_status transact_encode(struct cli *cli,
                                    struct bl_buffer *params,
                                    const baals_tx *tx,
                                    const baals_keypair *key,
                                    const uint64_t *wait_ms,
                                    baals_error *err)
{
    size_t len;
    struct bl_json_writer w;
    BL_TRY(baals_tx_sign(NULL, 0, &len, NULL, tx, key, err));
    uint8_t *bytes = bl_arena_alloc(&cli->arena, len);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the transaction");
    BL_TRY(baals_tx_sign(bytes, len, &len, NULL, tx, key, err));
    bl_buffer_clear(params);
    bl_jw_init(&w, params);
    bl_jw_begin_object(&w);
    bl_jw_put_hex(&w, "tx", bl_slice(bytes, len));
    if (wait_ms != NULL)
        bl_jw_put_u64(&w, "wait_ms", *wait_ms);
    else if (cli_has(cli, CLI_TRACE))
        bl_jw_put_bool(&w, "trace", true);
    bl_jw_end_object(&w);
    return bl_buffer_status(params, err);
}

/* Runs it without a valid signature, which a simulation does not look at. */
static baals_status transact_simulate(struct cli *cli,
                                      struct bl_json_doc *doc,
                                      const struct bl_json **result,
                                      struct bl_buffer *params,
                                      const baals_tx *tx,
                                      const baals_address *sender,
                                      baals_error *err)
{
    baals_keypair nobody = {.address = *sender};
    BL_TRY(transact_encode(cli, params, tx, &nobody, NULL, err));
    return cli_rpc(cli, doc, result, "tx_simulate", params, err);
}

/* A revert that the contract declares: its name, fields and doc text. */
static baals_status
transact_declared_failure(const struct bl_json *revert, const char *contract, baals_error *err)
{
    struct bl_buffer fields;
    bl_buffer_init(&fields, bl_alloc_system(), BL_RPC_MESSAGE_MAX);
    if (bl_json_member(revert, "fields") != NULL)
        bl_json_dump(&fields, bl_json_member(revert, "fields"));
    bl_buffer_append_u8(&fields, 0);
    const char *name = bl_json_text(bl_json_member(revert, "name"));
    baals_status status =
        bl_fail(err, BAALS_TRAP_REVERT, "REVERT: %.64s%.100s%s%.64s", name == NULL ? "?" : name,
                fields.failed ? "" : (const char *)fields.data, contract == NULL ? "" : " in ",
                contract == NULL ? "" : contract);
    bl_buffer_deinit(&fields);
    return status;
}

baals_status cli_contract_failure(const struct bl_json *result, baals_error *err)
{
    const struct bl_json *error = bl_json_member(result, "error");
    const char *status = bl_json_text(bl_json_member(result, "status"));
    if (error == NULL)
        return BAALS_OK;
    const char *code = bl_json_text(bl_json_member(error, "code"));
    const char *message = bl_json_text(bl_json_member(error, "message"));
    const char *text = bl_json_text(bl_json_member(error, "text"));
    const char *contract = bl_json_text(bl_json_member(error, "contract"));
    const struct bl_json *revert = bl_json_member(error, "revert");
    uint64_t function, offset;
    char place[80] = "";
    if (revert != NULL)
        return transact_declared_failure(revert, contract, err);
    if (bl_json_u64(&function, bl_json_member(error, "function")) &&
        bl_json_u64(&offset, bl_json_member(error, "offset")))
        snprintf(place, sizeof place, " (function %llu, offset %llu)", (unsigned long long)function,
                 (unsigned long long)offset);
    baals_status found = cli_status_from_code(code == NULL ? "" : code);
    if (BAALS_STATUS_CLASS(found) != BAALS_CLASS_TRAP)
        found = found == BAALS_REJECT_CODE ? found : BAALS_TRAP;
    return bl_fail(err, found, "%s: %.140s%s%.60s%s%s%.64s", status == NULL ? "?" : status,
                   message == NULL ? "no reason given" : message, text == NULL ? "" : ": ",
                   text == NULL ? "" : text, place, contract == NULL ? "" : " in ",
                   contract == NULL ? "" : contract);
}

/* Why a simulation failed, in the contract's own words where it has some. */
static baals_status
transact_verdict(struct cli *cli, const struct bl_json *result, baals_error *err)
{
    struct bl_json_writer w;
    struct bl_buffer out;
    bl_buffer_init(&out, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    bl_jw_init(&w, &out);
    baals_status status = cli_abi_result(cli, &w, result, cli->abi, cli->method, err);
    bl_buffer_deinit(&out);
    return status;
}

/* The gas limit a simulation suggests. What is pending before it is not seen by the simulation, so
 * it runs with the nonce of the committed state. */
static baals_status transact_estimate(struct cli *cli,
                                      baals_tx *tx,
                                      struct bl_buffer *params,
                                      const struct transact_chain *chain,
                                      const struct transact_account *sender,
                                      baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    uint64_t used = 0, limit, most;
    baals_tx trial = *tx;
    BL_TRY(transact_gas_most(&most, tx, chain, sender, err));
    trial.gas_limit = most;
    trial.nonce = sender->nonce;
    BL_TRY(transact_simulate(cli, &doc, &result, params, &trial, &sender->address, err));
    baals_status status = transact_verdict(cli, result, err);
    bool good = transact_answer_amount(&used, result, "gas_used");
    bl_json_free(&doc);
    if (status != BAALS_OK)
        return bl_fail_context(err, status, "not sent, it would fail");
    if (!good)
        return bl_fail(err, BAALS_INTERNAL, "the simulation gave no gas");
    limit = used + used / 4 + TRANSACT_GAS_MARGIN;
    tx->gas_limit = limit < most ? limit : most;
    return BAALS_OK;
}

/* Fields that do not depend on the command, but for the gas limit. A simulation is the next on the
 * committed state, a transaction to submit comes behind the pending ones. */
static baals_status transact_common(struct cli *cli,
                                    baals_tx *tx,
                                    const struct transact_chain *chain,
                                    struct bl_buffer *params,
                                    const struct transact_account *sender,
                                    bool simulate,
                                    baals_error *err)
{
    tx->chain_id = chain->chain_id;
    BL_TRY(cli_option_u64(cli, &tx->gas_price, CLI_GAS_PRICE, chain->gas_price_min, err));
    BL_TRY(cli_option_u64(cli, &tx->valid_until, CLI_VALID_UNTIL, 0, err));
    tx->has_valid_until = cli_has(cli, CLI_VALID_UNTIL);
    if (simulate || cli_has(cli, CLI_NONCE))
        return cli_option_u64(cli, &tx->nonce, CLI_NONCE, sender->nonce, err);
    return transact_nonce(cli, &tx->nonce, params, &sender->address, err);
}

/* Everything that can be wrong on the command line alone. */
static baals_status
transact_prepare(struct cli *cli,
                 baals_tx *tx,
                 baals_status (*fields)(struct cli *, baals_tx *, baals_error *),
                 uint64_t *wait_ms,
                 baals_error *err)
{
    static const enum cli_option_id numbers[] = {CLI_GAS_LIMIT, CLI_GAS_PRICE, CLI_NONCE,
                                                 CLI_VALID_UNTIL};
    uint64_t seconds, number;
    memset(tx, 0, sizeof *tx);
    BL_TRY(fields(cli, tx, err));
    BL_TRY(transact_metadata(cli, tx, err));
    for (size_t i = 0; i < BL_COUNT_OF(numbers); i++)
        BL_TRY(cli_option_u64(cli, &number, numbers[i], 0, err));
    BL_TRY(cli_option_u64(cli, &seconds, CLI_TIMEOUT, TRANSACT_TIMEOUT_S, err));
    if (seconds == 0 || seconds > BL_RPC_WAIT_MS_MAX / 1000)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--timeout is from 1 to %u seconds",
                       BL_RPC_WAIT_MS_MAX / 1000);
    *wait_ms = cli_has(cli, CLI_NO_WAIT) ? 0 : seconds * 1000;
    return BAALS_OK;
}

/* Prints the fate and says what it means. */
static baals_status transact_fate(struct cli *cli,
                                  struct bl_json_writer *w,
                                  const struct bl_json *result,
                                  const struct transact_chain *chain,
                                  uint64_t wait_ms,
                                  baals_error *err)
{
    const char *status = bl_json_text(bl_json_member(result, "status"));
    if (status == NULL || strcmp(status, "PENDING") != 0)
        return cli_abi_result(cli, w, result, cli->abi, cli->method, err);
    bl_json_dump(w->out, result);
    if (!chain->can_seal) {
        cli_note(cli, "accepted, and waiting for an authority: there is no authority key here");
        return BAALS_OK;
    }
    if (wait_ms == 0)
        return BAALS_OK;
    return bl_fail(err, BAALS_BUSY_TIMEOUT, "accepted, but in no block after %llu seconds",
                   (unsigned long long)(wait_ms / 1000));
}

static baals_status transact_submit(struct cli *cli,
                                    struct bl_json_writer *w,
                                    struct bl_buffer *params,
                                    const baals_tx *tx,
                                    const struct transact_chain *chain,
                                    uint64_t wait_ms,
                                    baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    baals_keypair key;
    uint64_t wait = chain->can_seal ? wait_ms : 0;
    bl_secret_lock(&key, sizeof key);
    baals_status status = cli_signer_key(cli, &key, err);
    if (status == BAALS_OK)
        status = transact_encode(cli, params, tx, &key, &wait, err);
    bl_secret_unlock(&key, sizeof key);
    BL_TRY(status);
    BL_TRY(cli_rpc(cli, &doc, &result, "tx_submit", params, err));
    status = transact_fate(cli, w, result, chain, wait, err);
    bl_json_free(&doc);
    return status;
}

/* Fills in the gas limit: as given, the most for a simulation, else what a simulation takes. */
static baals_status transact_gas(struct cli *cli,
                                 baals_tx *tx,
                                 struct bl_buffer *params,
                                 const struct transact_chain *chain,
                                 const struct transact_account *sender,
                                 bool simulate,
                                 baals_error *err)
{
    if (cli_has(cli, CLI_GAS_LIMIT))
        return cli_option_u64(cli, &tx->gas_limit, CLI_GAS_LIMIT, 0, err);
    if (simulate)
        return transact_gas_most(&tx->gas_limit, tx, chain, sender, err);
    return transact_estimate(cli, tx, params, chain, sender, err);
}

static baals_status transact_show_simulation(struct cli *cli,
                                             struct bl_json_writer *w,
                                             struct bl_buffer *params,
                                             const baals_tx *tx,
                                             const baals_address *sender,
                                             baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    BL_TRY(transact_simulate(cli, &doc, &result, params, tx, sender, err));
    baals_status status = cli_abi_result(cli, w, result, cli->abi, cli->method, err);
    bl_json_free(&doc);
    return status;
}

static baals_status transact_run(struct cli *cli,
                                 struct bl_json_writer *w,
                                 baals_status (*fields)(struct cli *, baals_tx *, baals_error *),
                                 bool simulate,
                                 baals_error *err)
{
    baals_tx tx;
    baals_address address;
    struct transact_account sender;
    struct transact_chain chain;
    struct bl_buffer params;
    uint64_t wait_ms;
    BL_TRY(transact_prepare(cli, &tx, fields, &wait_ms, err));
    BL_TRY(cli_signer_address(cli, &address, err));
    BL_TRY(cli_connect(cli, !simulate, err));
    bl_buffer_init(&params, cli->env->alloc, BL_RPC_MESSAGE_MAX);
    baals_status status =
        tx.kind == BAALS_TX_CALL ? transact_call_payload(cli, &tx, err) : BAALS_OK;
    if (status == BAALS_OK)
        status = transact_ask(cli, &chain, err);
    if (status == BAALS_OK)
        status = transact_account(cli, &sender, &params, &address, err);
    if (status == BAALS_OK)
        status = transact_common(cli, &tx, &chain, &params, &sender, simulate, err);
    if (status == BAALS_OK)
        status = transact_gas(cli, &tx, &params, &chain, &sender, simulate, err);
    if (status == BAALS_OK && simulate)
        status = transact_show_simulation(cli, w, &params, &tx, &address, err);
    else if (status == BAALS_OK)
        status = transact_submit(cli, w, &params, &tx, &chain, wait_ms, err);
    bl_buffer_deinit(&params);
    return cli_disconnect(cli, status, err);
}

baals_status cli_run_send(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_send_fields, false, err);
}

baals_status cli_run_deploy(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_deploy_fields, false, err);
}

baals_status cli_run_call(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_call_fields, false, err);
}

baals_status cli_run_simulate_send(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_send_fields, true, err);
}

baals_status cli_run_simulate_deploy(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_deploy_fields, true, err);
}

baals_status cli_run_simulate_call(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return transact_run(cli, w, transact_call_fields, true, err);
}
