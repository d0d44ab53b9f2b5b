/* SPDX-License-Identifier: MIT */
/*
 * Steps on a chain in memory. The chain is the run's connection, so everything goes the way of the
 * other commands: transactions are signed and submitted, results are what `baals call --json`
 * prints. Every transaction gets a block of its own at the time the scenario says it is; gas has no
 * price, so that balances change by what contracts do alone.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <string.h>

#include "cli/abi_result.h"
#include "cli/scenario_check.h"

/* ---- the chain ---- */

static uint64_t steps_clock(void *ctx)
{
    const struct cli_scenario_run *run = ctx;
    return run->now_ms;
}

/* Account number `index` of every scenario has the same key: these are nobody's secrets. */
static void steps_key(baals_keypair *out, size_t index)
{
    uint8_t seed[32] = "baals test account";
    seed[31] = (uint8_t)index;
    baals_keypair_from_seed(out, seed);
}

const struct cli_scenario_name *cli_scenario_name_find(const struct cli_scenario_run *run,
                                                       const char *name)
{
    for (size_t i = run->name_count; i > 0; i--) {
        if (strcmp(run->names[i - 1].name, name) == 0)
            return &run->names[i - 1];
    }
    return NULL;
}

static baals_status steps_name_add(struct cli_scenario_run *run,
                                   const char *name,
                                   const baals_address *address,
                                   const baals_keypair *key,
                                   baals_error *err)
{
    const struct cli_scenario_name *taken = cli_scenario_name_find(run, name);
    if (taken != NULL && taken->is_account)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "\"%s\" is the name of an account", name);
    if (run->name_count == CLI_SCENARIO_NAMES_MAX)
        return bl_fail(err, BAALS_LIMIT, "a scenario has at most %u accounts and contracts",
                       CLI_SCENARIO_NAMES_MAX);
    struct cli_scenario_name *entry = &run->names[run->name_count++];
    *entry = (struct cli_scenario_name){.address = *address, .is_account = key != NULL};
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    if (key != NULL)
        entry->key = *key;
    baals_address_format(entry->text, key != NULL ? BAALS_ADDRESS_ACCOUNT : BAALS_ADDRESS_CONTRACT,
                         address);
    return BAALS_OK;
}

struct steps_accounts {
    struct cli_scenario_run *run;
    baals_genesis_balance balances[CLI_SCENARIO_ACCOUNTS_MAX];
    size_t count; /* of those with a balance */
    baals_error *err;
};

/* Keeps the balances in ascending order of address, as a genesis has them. */
static void steps_put_balance(struct steps_accounts *accounts, const baals_address *who, uint64_t n)
{
    size_t at = accounts->count++;
    for (; at > 0 && memcmp(accounts->balances[at - 1].address.bytes, who->bytes, 32) > 0; at--)
        accounts->balances[at] = accounts->balances[at - 1];
    accounts->balances[at] = (baals_genesis_balance){*who, {n}};
}

static baals_status steps_account(void *ctx, const char *name, const struct bl_json *value)
{
    struct steps_accounts *accounts = ctx;
    baals_keypair key;
    uint64_t balance = 0;
    (void)cli_check_number(&balance, value);
    steps_key(&key, accounts->run->name_count + 1);
    if (balance > 0)
        steps_put_balance(accounts, &key.address, balance);
    return steps_name_add(accounts->run, name, &key.address, &key, accounts->err);
}

static baals_status
steps_open(struct cli_scenario_run *run, const struct steps_accounts *accounts, baals_error *err)
{
    struct cli *cli = run->cli;
    baals_options options = cli_open_options(cli);
    baals_genesis genesis;
    size_t len;
    baals_genesis_defaults(&genesis);
    genesis.chain_name = bl_slice_str("test");
    genesis.start_ms = run->file->start_ms;
    genesis.poa.authorities = &run->authority.address;
    genesis.poa.authority_count = 1;
    genesis.params.gas_price_min = 0;
    genesis.balances = accounts->balances;
    genesis.balance_count = accounts->count;
    BL_TRY(baals_genesis_encode(NULL, 0, &len, &genesis, err));
    uint8_t *bytes = bl_arena_alloc(&cli->arena, len);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the genesis");
    BL_TRY(baals_genesis_encode(bytes, len, &len, &genesis, err));
    options.flags = BAALS_OPEN_CREATE;
    options.genesis = bl_slice(bytes, len);
    options.authority = &run->authority;
    options.verify_threads = 1;
    options.clock_ms = steps_clock;
    options.clock_ctx = run;
    BL_TRY(baals_open(&cli->chain, ":memory:", &options, err));
    bl_rpc_client_init(&cli->client, cli->env->alloc, cli->chain);
    cli->connected = true;
    cli->abi_count = 0;
    return BAALS_OK;
}

baals_status cli_scenario_begin(struct cli_scenario_run *run,
                                struct cli *cli,
                                const struct cli_scenario_file *file,
                                baals_error *err)
{
    struct steps_accounts accounts = {.run = run, .err = err};
    memset(run, 0, sizeof *run);
    run->cli = cli;
    run->file = file;
    run->now_ms = file->start_ms + 1000;
    steps_key(&run->authority, 0);
    BL_TRY(bl_json_each(file->accounts, steps_account, &accounts));
    return steps_open(run, &accounts, err);
}

baals_status cli_scenario_end(struct cli_scenario_run *run, baals_status status, baals_error *err)
{
    run->cli->abi_count = 0;
    return cli_disconnect(run->cli, status, err);
}

/* ---- words ---- */

/* A JSON argument as a word of the command line: names replaced, arrays and objects as JSON. */
static baals_status steps_word(const struct cli_scenario_run *run,
                               const char **out,
                               const struct bl_json *value,
                               baals_error *err)
{
    struct bl_arena *arena = &run->cli->arena;
    const char *text = bl_json_text(value);
    if (text != NULL && text[0] == '$') {
        const struct cli_scenario_name *name = cli_scenario_name_find(run, text + 1);
        if (name == NULL)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no \"%.60s\" here", text);
        text = name->text;
    }
    struct bl_buffer dump;
    bl_buffer_init(&dump, run->cli->env->alloc, CLI_SCENARIO_FILE_MAX);
    if (text != NULL)
        bl_buffer_append(&dump, text, strlen(text));
    else
        bl_json_dump(&dump, value);
    bl_buffer_append_u8(&dump, 0);
    baals_slice kept = {NULL, 0};
    baals_status status = bl_buffer_status(&dump, err);
    if (status == BAALS_OK && !bl_arena_copy(&kept, arena, bl_buffer_slice(&dump)))
        status = bl_fail(err, BAALS_NOMEM, "no memory for an argument");
    bl_buffer_deinit(&dump);
    *out = (const char *)kept.data;
    return status;
}

struct steps_words {
    const char *items[CLI_SCENARIO_WORDS_MAX];
    struct cli_words words;
};

static baals_status steps_words_of(const struct cli_scenario_run *run,
                                   struct steps_words *out,
                                   const struct bl_json *args,
                                   baals_error *err)
{
    size_t count = bl_json_count(args);
    if (count > CLI_SCENARIO_WORDS_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "more than %u arguments",
                       CLI_SCENARIO_WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        BL_TRY(steps_word(run, &out->items[i], bl_json_at(args, i), err));
    out->words = (struct cli_words){out->items, count};
    return BAALS_OK;
}

/* "contract.method": the contract, and where the method begins. */
static baals_status steps_path(const struct cli_scenario_run *run,
                               const struct cli_scenario_name **contract,
                               const char **method,
                               const char *path,
                               baals_error *err)
{
    char name[CLI_SCENARIO_NAME_MAX + 1];
    const char *dot = strchr(path, '.');
    BL_ASSERT(dot != NULL && (size_t)(dot - path) < sizeof name);
    memcpy(name, path, (size_t)(dot - path));
    name[dot - path] = '\0';
    *contract = cli_scenario_name_find(run, name);
    *method = dot + 1;
    if (*contract == NULL || (*contract)->is_account)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no contract \"%s\" here", name);
    return BAALS_OK;
}

static baals_status
steps_keep(struct cli_scenario_run *run, uint8_t **out, size_t len, baals_error *err)
{
    *out = bl_arena_alloc(&run->cli->arena, len);
    return *out != NULL ? BAALS_OK : bl_fail(err, BAALS_NOMEM, "no memory for a payload");
}

/* ---- transactions ---- */

/* A step that is a transaction, as it is prepared. */
struct steps_tx {
    baals_tx tx;
    const struct cli_scenario_name *from;
    const struct cli_abi *abi;
    const char *method; /* NULL: no call */
    const char *as;     /* the name of the contract that is made */
};

static baals_status steps_module(struct cli_scenario_run *run,
                                 baals_slice *code_out,
                                 const char *module,
                                 baals_error *err)
{
    struct cli *cli = run->cli;
    size_t len = strlen(module);
    const char *path = bl_json_text(bl_json_member(run->file->modules, module));
    for (size_t i = 0; i < cli->args.repeated_count; i++) {
        const char *value = cli->args.repeated[i].value;
        if (cli->args.repeated[i].id == CLI_MODULE && strncmp(value, module, len) == 0 &&
            value[len] == '=')
            return cli_read_file(cli, code_out, value + len + 1, BL_CODE_BYTES_MAX, err);
    }
    if (path == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no module \"%.40s\"", module);
    if (path[0] != '/')
        BL_TRY(cli_join(cli, &path, run->file->dir, path, err));
    return cli_read_file(cli, code_out, path, BL_CODE_BYTES_MAX, err);
}

static baals_status steps_deploy(struct cli_scenario_run *run,
                                 struct steps_tx *out,
                                 const struct bl_json *step,
                                 baals_error *err)
{
    const char *module = bl_json_text(bl_json_member(step, "deploy"));
    const char *as = bl_json_text(bl_json_member(step, "as"));
    struct steps_words args;
    struct cli_deploy deploy = {0};
    baals_slice code;
    size_t len;
    uint8_t *payload;
    BL_TRY(steps_module(run, &code, module, err));
    BL_TRY(steps_words_of(run, &args, bl_json_member(step, "args"), err));
    BL_TRY(cli_abi_deploy(run->cli, &deploy, code, &args.words, err));
    const baals_slice *init = deploy.has_args ? &deploy.args : NULL;
    BL_TRY(baals_tx_encode_deploy_payload(NULL, 0, &len, code, init, err));
    BL_TRY(steps_keep(run, &payload, len, err));
    BL_TRY(baals_tx_encode_deploy_payload(payload, len, &len, code, init, err));
    out->tx.kind = BAALS_TX_DEPLOY;
    out->tx.has_payload = 1;
    out->tx.payload = bl_slice(payload, len);
    out->abi = deploy.abi;
    out->as = as == NULL ? module : as;
    (void)cli_check_number(&out->tx.amount.units, bl_json_member(step, "value"));
    return BAALS_OK;
}

static baals_status steps_call(struct cli_scenario_run *run,
                               struct steps_tx *out,
                               const struct bl_json *step,
                               baals_error *err)
{
    const struct cli_scenario_name *contract;
    struct steps_words args;
    baals_slice bytes;
    size_t len;
    uint8_t *payload;
    BL_TRY(
        steps_path(run, &contract, &out->method, bl_json_text(bl_json_member(step, "call")), err));
    BL_TRY(steps_words_of(run, &args, bl_json_member(step, "args"), err));
    BL_TRY(cli_abi_of(run->cli, &out->abi, &contract->address, err));
    BL_TRY(cli_abi_call(run->cli, &bytes, out->abi, out->method, &args.words, err));
    baals_slice method = bl_slice_str(out->method);
    BL_TRY(baals_tx_encode_call_payload(NULL, 0, &len, method, bytes, err));
    BL_TRY(steps_keep(run, &payload, len, err));
    BL_TRY(baals_tx_encode_call_payload(payload, len, &len, method, bytes, err));
    out->tx.kind = BAALS_TX_CALL;
    out->tx.has_recipient = 1;
    out->tx.recipient = contract->address;
    out->tx.has_payload = 1;
    out->tx.payload = bl_slice(payload, len);
    (void)cli_check_number(&out->tx.amount.units, bl_json_member(step, "value"));
    return BAALS_OK;
}

static baals_status steps_send(struct cli_scenario_run *run,
                               struct steps_tx *out,
                               const struct bl_json *step,
                               baals_error *err)
{
    const char *to = bl_json_text(bl_json_member(step, "send"));
    const struct cli_scenario_name *name = cli_scenario_name_find(run, to + 1);
    if (name == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no \"%.60s\" here", to);
    out->tx.kind = BAALS_TX_TRANSFER;
    out->tx.has_recipient = 1;
    out->tx.recipient = name->address;
    (void)cli_check_number(&out->tx.amount.units, bl_json_member(step, "amount"));
    return BAALS_OK;
}

static baals_status steps_prepare(struct cli_scenario_run *run,
                                  struct steps_tx *out,
                                  const struct bl_json *step,
                                  baals_error *err)
{
    const char *from = bl_json_text(bl_json_member(step, "from"));
    baals_chain_info info;
    memset(out, 0, sizeof *out);
    out->from = cli_scenario_name_find(run, from);
    if (out->from == NULL || !out->from->is_account)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "from: there is no account \"%.60s\"", from);
    BL_TRY(bl_json_member(step, "deploy") != NULL ? steps_deploy(run, out, step, err)
           : bl_json_member(step, "call") != NULL ? steps_call(run, out, step, err)
                                                  : steps_send(run, out, step, err));
    BL_TRY(baals_chain_info_get(run->cli->chain, &info, err));
    out->tx.chain_id = info.chain_id;
    out->tx.gas_limit = CLI_SCENARIO_GAS;
    (void)cli_check_number(&out->tx.gas_limit, bl_json_member(step, "gas"));
    return baals_nonce_next(run->cli->chain, &out->tx.nonce, &out->from->address, err);
}

/* Submits and makes the block. A transaction that is refused is a result of its own. */
static baals_status steps_commit(struct cli_scenario_run *run,
                                 baals_hash *id_out,
                                 const struct steps_tx *prepared,
                                 baals_error *err)
{
    size_t len;
    uint8_t *bytes;
    int32_t made = 0;
    baals_tx_place place;
    BL_TRY(baals_tx_sign(NULL, 0, &len, NULL, &prepared->tx, &prepared->from->key, err));
    BL_TRY(steps_keep(run, &bytes, len, err));
    BL_TRY(baals_tx_sign(bytes, len, &len, NULL, &prepared->tx, &prepared->from->key, err));
    BL_TRY(baals_submit(run->cli->chain, id_out, bl_slice(bytes, len), err));
    run->now_ms++;
    BL_TRY(baals_produce_block(run->cli->chain, &made, NULL, err));
    return baals_wait(run->cli->chain, &place, id_out, 0, err);
}

/* Calls a method of the chain with the parameters in `text` and adds what the contract's
 * description says about its answer. `text` is used up. */
static baals_status steps_ask(struct cli *cli,
                              struct bl_json_doc *doc_out,
                              const char *rpc_method,
                              struct bl_buffer *text,
                              const struct cli_abi *abi,
                              const char *method,
                              baals_error *err)
{
    struct bl_json_doc raw = {0};
    const struct bl_json *result;
    struct bl_json_writer w;
    BL_TRY(cli_rpc(cli, &raw, &result, rpc_method, text, err));
    bl_buffer_clear(text);
    bl_jw_init(&w, text);
    baals_status status = cli_abi_put_result(cli, &w, result, abi, method, err);
    bl_json_free(&raw);
    BL_TRY(status);
    BL_TRY(bl_buffer_status(text, err));
    return bl_json_parse(doc_out, bl_buffer_slice(text), BL_RPC_RESPONSE_MAX, err);
}

/* The receipt as the command prints it, with what the contract's description says. */
static baals_status steps_result(struct cli_scenario_run *run,
                                 struct bl_json_doc *doc_out,
                                 const struct steps_tx *prepared,
                                 const baals_hash *id,
                                 baals_error *err)
{
    struct cli *cli = run->cli;
    struct bl_buffer text;
    struct bl_json_writer w;
    bl_buffer_init(&text, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    bl_jw_init(&w, &text);
    bl_jw_begin_object(&w);
    bl_jw_put_hash(&w, "id", id);
    bl_jw_end_object(&w);
    baals_status status =
        steps_ask(cli, doc_out, "receipt_get", &text, prepared->abi, prepared->method, err);
    bl_buffer_deinit(&text);
    return status;
}

static void steps_judge(struct cli_scenario_run *run,
                        struct cli_finding *finding,
                        const struct bl_json *step,
                        const struct bl_json *result)
{
    const struct bl_json *expect = bl_json_member(step, "expect");
    const struct bl_json *error = bl_json_member(result, "error");
    const char *message = bl_json_text(bl_json_member(error, "message"));
    bool says = run->any_end || bl_json_member(expect, "status") != NULL;
    if (!says && strcmp(run->status, "OK") != 0)
        cli_finding_set(finding, "it ended %s%s%.200s", run->status, message == NULL ? "" : ": ",
                        message == NULL ? "" : message);
    if (expect != NULL)
        cli_scenario_match(finding, run, "", expect, result);
}

/* A status with which a transaction is refused, as opposed to a failure of this machine. */
static bool steps_is_refusal(baals_status status)
{
    return BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT ||
           BAALS_STATUS_CLASS(status) == BAALS_CLASS_LIMIT;
}

static baals_status steps_take_result(struct cli_scenario_run *run,
                                      struct cli_finding *finding,
                                      const struct steps_tx *prepared,
                                      const struct bl_json *step,
                                      const struct bl_json *result,
                                      baals_error *err)
{
    const char *status = bl_json_text(bl_json_member(result, "status"));
    const char *made = bl_json_text(bl_json_member(result, "contract"));
    const char *rejected = bl_json_text(bl_json_member(step, "rejected"));
    (void)cli_check_number(&run->gas_used, bl_json_member(result, "gas_used"));
    (void)snprintf(run->status, sizeof run->status, "%s", status == NULL ? "?" : status);
    if (rejected != NULL)
        cli_finding_set(finding, "expected to be rejected with %.40s, it was included", rejected);
    else
        steps_judge(run, finding, step, result);
    baals_address address;
    baals_address_kind kind;
    if (prepared->as == NULL || made == NULL || strcmp(run->status, "OK") != 0)
        return BAALS_OK;
    BL_TRY(baals_address_parse(&address, &kind, made, err));
    return steps_name_add(run, prepared->as, &address, NULL, err);
}

static baals_status steps_transaction(struct cli_scenario_run *run,
                                      struct cli_finding *finding,
                                      const struct bl_json *step,
                                      baals_error *err)
{
    struct steps_tx prepared;
    struct bl_json_doc doc = {0};
    baals_hash id;
    baals_error refusal = {.offset = BAALS_NO_OFFSET};
    const char *rejected = bl_json_text(bl_json_member(step, "rejected"));
    run->gas_used = 0;
    BL_TRY(steps_prepare(run, &prepared, step, err));
    baals_status status = steps_commit(run, &id, &prepared, &refusal);
    if (steps_is_refusal(status)) {
        (void)snprintf(run->status, sizeof run->status, "%s", baals_status_code(status));
        bool wanted = rejected != NULL && strcmp(rejected, baals_status_code(status)) == 0;
        if (!wanted && !run->any_end)
            cli_finding_set(finding, "it was rejected with %s: %.200s", baals_status_code(status),
                            refusal.message);
        return BAALS_OK;
    }
    if (status != BAALS_OK) {
        if (err != NULL)
            *err = refusal;
        return status;
    }
    BL_TRY(steps_result(run, &doc, &prepared, &id, err));
    status = steps_take_result(run, finding, &prepared, step, doc.root, err);
    bl_json_free(&doc);
    return status;
}

/* ---- looking ---- */

static baals_status steps_query(struct cli_scenario_run *run,
                                struct bl_json_doc *doc_out,
                                const char *path,
                                const struct bl_json *args,
                                const char *from,
                                baals_error *err)
{
    struct cli *cli = run->cli;
    const struct cli_scenario_name *contract;
    const struct cli_scenario_name *caller =
        from == NULL ? NULL : cli_scenario_name_find(run, from);
    const struct cli_abi *abi;
    const char *method;
    struct steps_words words;
    struct bl_buffer text;
    struct bl_json_writer w;
    baals_slice bytes;
    BL_TRY(steps_path(run, &contract, &method, path, err));
    BL_TRY(steps_words_of(run, &words, args, err));
    BL_TRY(cli_abi_of(cli, &abi, &contract->address, err));
    BL_TRY(cli_abi_call(cli, &bytes, abi, method, &words.words, err));
    bl_buffer_init(&text, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    bl_jw_init(&w, &text);
    bl_jw_begin_object(&w);
    bl_jw_put_text(&w, "contract", contract->text);
    bl_jw_put_text(&w, "method", method);
    bl_jw_put_hex(&w, "args", bytes);
    if (caller != NULL)
        bl_jw_put_text(&w, "caller", caller->text);
    bl_jw_end_object(&w);
    baals_status status = steps_ask(cli, doc_out, "contract_query", &text, abi, method, err);
    bl_buffer_deinit(&text);
    return status;
}

static baals_status steps_view(struct cli_scenario_run *run,
                               struct cli_finding *finding,
                               const struct bl_json *step,
                               baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *returns = bl_json_member(step, "returns");
    BL_TRY(steps_query(run, &doc, bl_json_text(bl_json_member(step, "view")),
                       bl_json_member(step, "args"), bl_json_text(bl_json_member(step, "from")),
                       err));
    const char *status = bl_json_text(bl_json_member(doc.root, "status"));
    (void)snprintf(run->status, sizeof run->status, "%s", status == NULL ? "?" : status);
    steps_judge(run, finding, step, doc.root);
    if (returns != NULL)
        cli_scenario_match(finding, run, "returned", returns, bl_json_member(doc.root, "returned"));
    bl_json_free(&doc);
    return BAALS_OK;
}

baals_status cli_scenario_view_number(struct cli_scenario_run *run,
                                      struct cli_finding *finding,
                                      uint64_t *out,
                                      const char *what,
                                      const struct bl_json *args,
                                      baals_error *err)
{
    struct bl_json_doc doc = {0};
    BL_TRY(steps_query(run, &doc, what, args, NULL, err));
    if (!cli_check_number(out, bl_json_member(doc.root, "returned")))
        cli_finding_set(finding, "view %.80s did not return a number", what);
    bl_json_free(&doc);
    return BAALS_OK;
}

baals_status cli_scenario_balance(struct cli_scenario_run *run,
                                  struct cli_finding *finding,
                                  uint64_t *out,
                                  const char *who,
                                  baals_error *err)
{
    const struct cli_scenario_name *name = cli_scenario_name_find(run, who);
    baals_account account;
    if (name == NULL) {
        cli_finding_set(finding, "there is no \"$%.60s\" here", who);
        return BAALS_OK;
    }
    baals_status status = baals_account_get(run->cli->chain, &account, &name->address, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    *out = account.balance.units;
    return BAALS_OK;
}

static baals_status steps_balance(struct cli_scenario_run *run,
                                  struct cli_finding *finding,
                                  const struct bl_json *step,
                                  baals_error *err)
{
    const char *who = bl_json_text(bl_json_member(step, "balance"));
    uint64_t wanted = 0;
    uint64_t got = 0;
    (void)cli_check_number(&wanted, bl_json_member(step, "is"));
    BL_TRY(cli_scenario_balance(run, finding, &got, who + 1, err));
    if (got != wanted)
        cli_finding_set(finding, "the balance of %.60s: expected %llu, got %llu", who,
                        (unsigned long long)wanted, (unsigned long long)got);
    return BAALS_OK;
}

static void
steps_advance(struct cli_scenario_run *run, struct cli_finding *finding, const struct bl_json *step)
{
    uint64_t by = 0;
    uint64_t now = run->now_ms;
    (void)cli_check_number(&by, bl_json_member(step, "advance_ms"));
    if (!bl_u64_add(&now, now, by))
        cli_finding_set(finding, "the clock does not go that far");
    run->now_ms = now;
}

/* ---- one step ---- */

void cli_scenario_describe(char *out, size_t size, const struct bl_json *step)
{
    static const char *const verbs[] = {"deploy", "call", "send", "view", "advance_ms", "balance"};
    const char *from = bl_json_text(bl_json_member(step, "from"));
    for (size_t i = 0; i < BL_COUNT_OF(verbs); i++) {
        const struct bl_json *value = bl_json_member(step, verbs[i]);
        const char *text = bl_json_text(value);
        uint64_t number = 0;
        if (value == NULL)
            continue;
        if (text == NULL && cli_check_number(&number, value))
            (void)snprintf(out, size, "%s %llu", verbs[i], (unsigned long long)number);
        else
            (void)snprintf(out, size, "%s %.80s%s%.40s", verbs[i], text == NULL ? "" : text,
                           from == NULL ? "" : " by ", from == NULL ? "" : from);
        return;
    }
    (void)snprintf(out, size, "a step");
}

/* What is wrong with the file's words is a finding; a failure of this machine is not. */
static baals_status
steps_finding_of(struct cli_finding *finding, baals_status status, baals_error *error)
{
    if (status == BAALS_OK)
        return BAALS_OK;
    if (BAALS_STATUS_CLASS(status) != BAALS_CLASS_MISUSE && !steps_is_refusal(status) &&
        BAALS_STATUS_CLASS(status) != BAALS_CLASS_NOTFOUND)
        return status;
    cli_finding_set(finding, "%.250s", error->message);
    return BAALS_OK;
}

baals_status cli_scenario_step(struct cli_scenario_run *run,
                               struct cli_finding *finding,
                               const struct bl_json *step,
                               baals_error *err)
{
    baals_error error = {.offset = BAALS_NO_OFFSET};
    baals_status status = BAALS_OK;
    run->status[0] = '\0';
    if (bl_json_member(step, "view") != NULL)
        status = steps_view(run, finding, step, &error);
    else if (bl_json_member(step, "balance") != NULL)
        status = steps_balance(run, finding, step, &error);
    else if (bl_json_member(step, "advance_ms") != NULL)
        steps_advance(run, finding, step);
    else
        status = steps_transaction(run, finding, step, &error);
    status = steps_finding_of(finding, status, &error);
    if (status != BAALS_OK && err != NULL)
        *err = error;
    return status;
}
