/* SPDX-License-Identifier: MIT */
/*
 * The commands that look: query, inspect, events, proofs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/abi_result.h"
#include "cli/cli_internal.h"

/* A notice wait ends after this, and begins again with --follow. */
#define READ_FOLLOW_MS 10000u
#define READ_EVENTS_PAGE 100u
#define READ_HISTORY_DEFAULT 10u

/* Connects, calls one method with `params` and makes its answer the result. */
static baals_status read_method(struct cli *cli,
                                struct bl_json_writer *w,
                                const char *method,
                                const struct bl_buffer *params,
                                baals_error *err)
{
    BL_TRY(cli_connect(cli, false, err));
    return cli_disconnect(cli, cli_rpc_result(cli, w, method, params, err), err);
}

static void read_begin(struct bl_json_writer *p, struct bl_buffer *params, struct cli *cli)
{
    bl_buffer_init(params, cli->env->alloc, BL_RPC_MESSAGE_MAX);
    bl_jw_init(p, params);
    bl_jw_begin_object(p);
}

baals_status cli_run_inspect_chain(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_method(cli, w, "chain_info", NULL, err);
}

/* Asks for what the operand names: a height, a hash, or the latest. */
static baals_status
read_of_block(struct cli *cli, struct bl_json_writer *w, const char *method, baals_error *err)
{
    const char *which = cli->args.operands[0];
    struct bl_json_writer p;
    struct bl_buffer params;
    uint64_t height = 0;
    baals_hash hash;
    bool latest = strcmp(which, "latest") == 0;
    bool is_height = bl_u64_parse(&height, which, strlen(which));
    if (!latest && !is_height && baals_hash_parse(&hash, which, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "\"%.80s\" is no height, no hash of 64 hex digits and not \"latest\"",
                       which);
    read_begin(&p, &params, cli);
    if (is_height)
        bl_jw_put_amount(&p, "height", height);
    else if (!latest)
        bl_jw_put_hash(&p, "hash", &hash);
    bl_jw_end_object(&p);
    baals_status status = read_method(cli, w, method, &params, err);
    bl_buffer_deinit(&params);
    return status;
}

baals_status cli_run_inspect_block(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_of_block(cli, w, "block_get", err);
}

baals_status cli_run_inspect_header(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_of_block(cli, w, "header_get", err);
}

/* ---- transactions and receipts, with what contracts say ---- */

/* The answer of tx_get or receipt_get. */
static baals_status read_of_id(struct cli *cli,
                               struct bl_json_doc *doc,
                               const struct bl_json **result,
                               const char *method,
                               const char *id,
                               baals_error *err)
{
    struct bl_json_writer p;
    struct bl_buffer params;
    read_begin(&p, &params, cli);
    bl_jw_put_text(&p, "id", id);
    bl_jw_end_object(&p);
    baals_status status = cli_rpc(cli, doc, result, method, &params, err);
    bl_buffer_deinit(&params);
    return status;
}

/* The contract a transaction runs, its description, and the method as descriptions name it; *abi
 * and *method are NULL where it runs none. */
static baals_status read_described(struct cli *cli,
                                   const struct cli_abi **abi,
                                   const char **method,
                                   const struct bl_json *tx,
                                   baals_error *err)
{
    const char *kind = bl_json_text(bl_json_member(tx, "kind"));
    bool deploys = kind != NULL && strcmp(kind, "deploy") == 0;
    const char *called = bl_json_text(bl_json_member(tx, "method"));
    *abi = NULL;
    *method = deploys ? "init" : "receive";
    if (kind == NULL || strcmp(kind, "system") == 0)
        return BAALS_OK;
    if (called != NULL)
        *method = called;
    return cli_abi_try(cli, abi, bl_json_member(tx, deploys ? "contract" : "recipient"), err);
}

struct read_tx {
    struct cli *cli;
    struct bl_json_writer *w;
    const struct cli_abi *abi;
    const char *method;
    baals_error *err;
};

static baals_status read_tx_member(void *ctx, const char *name, const struct bl_json *value)
{
    const struct read_tx *tx = ctx;
    BL_TRY(cli_abi_copy(tx->w, name, value));
    if (strcmp(name, "args") != 0 && strcmp(name, "init") != 0)
        return BAALS_OK;
    return cli_abi_put_arguments(tx->cli, tx->w, tx->abi, tx->method, value, tx->err);
}

static baals_status
read_tx(struct cli *cli, struct bl_json_writer *w, const char *id, baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    struct read_tx tx = {.cli = cli, .w = w, .err = err};
    BL_TRY(read_of_id(cli, &doc, &result, "tx_get", id, err));
    baals_status status = read_described(cli, &tx.abi, &tx.method, result, err);
    bl_jw_begin_object(w);
    if (status == BAALS_OK)
        status = bl_json_each(result, read_tx_member, &tx);
    bl_jw_end_object(w);
    bl_json_free(&doc);
    return status == BAALS_OK ? bl_buffer_status(w->out, err) : status;
}

/* A receipt by the description of what its transaction ran. */
static baals_status read_put_receipt(struct cli *cli,
                                     struct bl_json_writer *w,
                                     const struct bl_json *receipt,
                                     const char *id,
                                     baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *tx;
    const struct cli_abi *abi = NULL;
    const char *method = NULL;
    baals_status status = BAALS_NOTFOUND;
    if (!cli_has(cli, CLI_RAW))
        status = read_of_id(cli, &doc, &tx, "tx_get", id, err);
    if (status == BAALS_OK)
        status = read_described(cli, &abi, &method, tx, err);
    if (status == BAALS_OK || BAALS_STATUS_CLASS(status) == BAALS_CLASS_NOTFOUND)
        status = cli_abi_put_result(cli, w, receipt, abi, method, err);
    bl_json_free(&doc);
    return status;
}

static baals_status
read_receipt(struct cli *cli, struct bl_json_writer *w, const char *id, baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *receipt;
    BL_TRY(read_of_id(cli, &doc, &receipt, "receipt_get", id, err));
    baals_status status = read_put_receipt(cli, w, receipt, id, err);
    bl_json_free(&doc);
    return status;
}

static baals_status
read_by_id(struct cli *cli,
           struct bl_json_writer *w,
           baals_status (*read)(struct cli *, struct bl_json_writer *, const char *, baals_error *),
           baals_error *err)
{
    baals_hash id;
    if (baals_hash_parse(&id, cli->args.operands[0], NULL) != BAALS_OK)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "\"%.80s\" is no transaction id: 64 lowercase hex digits",
                       cli->args.operands[0]);
    BL_TRY(cli_connect(cli, false, err));
    return cli_disconnect(cli, read(cli, w, cli->args.operands[0], err), err);
}

baals_status cli_run_inspect_tx(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_by_id(cli, w, read_tx, err);
}

baals_status cli_run_inspect_receipt(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_by_id(cli, w, read_receipt, err);
}

/* The account's answer with the newest transactions as one more member. */
static baals_status read_account(struct cli *cli,
                                 struct bl_json_writer *w,
                                 const struct bl_buffer *account_params,
                                 const struct bl_buffer *history_params,
                                 baals_error *err)
{
    struct bl_json_doc history = {0};
    const struct bl_json *result;
    BL_TRY(cli_rpc(cli, &history, &result, "history", history_params, err));
    baals_status status = cli_rpc_result(cli, w, "account_get", account_params, err);
    if (status != BAALS_OK) {
        bl_json_free(&history);
        return status;
    }
    BL_ASSERT(w->out->len > 0 && w->out->data[w->out->len - 1] == '}');
    w->out->len--; /* the object goes on */
    w->comma = true;
    bl_jw_key(w, "txs");
    bl_json_dump(w->out, bl_json_member(result, "txs"));
    bl_jw_end_object(w);
    bl_json_free(&history);
    return bl_buffer_status(w->out, err);
}

baals_status cli_run_inspect_account(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_json_writer a, h;
    struct bl_buffer account_params, history_params;
    baals_address address;
    uint64_t limit;
    BL_TRY(cli_address(&address, cli->args.operands[0], "ADDRESS", err));
    BL_TRY(cli_option_u64(cli, &limit, CLI_LIMIT, READ_HISTORY_DEFAULT, err));
    read_begin(&a, &account_params, cli);
    bl_jw_put_text(&a, "address", cli->args.operands[0]);
    bl_jw_end_object(&a);
    read_begin(&h, &history_params, cli);
    bl_jw_put_text(&h, "address", cli->args.operands[0]);
    bl_jw_put_amount(&h, "limit", limit);
    bl_jw_end_object(&h);
    baals_status status = cli_connect(cli, false, err);
    if (status == BAALS_OK)
        status =
            cli_disconnect(cli, read_account(cli, w, &account_params, &history_params, err), err);
    bl_buffer_deinit(&account_params);
    bl_buffer_deinit(&history_params);
    return status;
}

baals_status cli_run_inspect_contract(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_json_writer p;
    struct bl_buffer params;
    baals_address address;
    BL_TRY(cli_address(&address, cli->args.operands[0], "CONTRACT", err));
    read_begin(&p, &params, cli);
    bl_jw_put_text(&p, "contract", cli->args.operands[0]);
    bl_jw_end_object(&p);
    baals_status status = read_method(cli, w, "contract_get", &params, err);
    bl_buffer_deinit(&params);
    return status;
}

/* ---- query ---- */

static baals_status read_query_params(struct cli *cli,
                                      struct bl_json_writer *p,
                                      const struct cli_abi **abi,
                                      baals_error *err)
{
    const struct cli_args *args = &cli->args;
    baals_address address;
    baals_slice call_args;
    uint64_t gas;
    BL_TRY(cli_address(&address, args->operands[0], "CONTRACT", err));
    BL_TRY(cli_abi_of(cli, abi, &address, err));
    const struct cli_words words = {args->operands + 2, args->operand_count - 2};
    BL_TRY(cli_abi_call(cli, &call_args, *abi, args->operands[1], &words, err));
    BL_TRY(cli_option_u64(cli, &gas, CLI_GAS_LIMIT, 0, err));
    bl_jw_put_text(p, "contract", args->operands[0]);
    bl_jw_put_text(p, "method", args->operands[1]);
    bl_jw_put_hex(p, "args", call_args);
    bl_jw_put_amount(p, "gas_max", gas);
    if (args->values[CLI_CALLER] != NULL) {
        BL_TRY(cli_address(&address, args->values[CLI_CALLER], "--caller", err));
        bl_jw_put_text(p, "caller", args->values[CLI_CALLER]);
    }
    bl_jw_end_object(p);
    return BAALS_OK;
}

static baals_status
read_query(struct cli *cli, struct bl_json_writer *w, struct bl_json_writer *p, baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    const struct cli_abi *abi;
    BL_TRY(read_query_params(cli, p, &abi, err));
    BL_TRY(cli_rpc(cli, &doc, &result, "contract_query", p->out, err));
    baals_status status = cli_abi_result(cli, w, result, abi, cli->args.operands[1], err);
    bl_json_free(&doc);
    return status;
}

baals_status cli_run_query(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_json_writer p;
    struct bl_buffer params;
    read_begin(&p, &params, cli);
    baals_status status = cli_connect(cli, false, err);
    if (status == BAALS_OK)
        status = cli_disconnect(cli, read_query(cli, w, &p, err), err);
    bl_buffer_deinit(&params);
    return status;
}

/* ---- events ---- */

/* Whether a notice is of a transaction that a contract had a part in. */
static bool read_notice_speaks(const struct bl_json *notice)
{
    const char *output = bl_json_text(bl_json_member(notice, "output"));
    return bl_json_count(bl_json_member(notice, "events")) > 0 ||
           bl_json_member(notice, "error") != NULL || (output != NULL && output[0] != '\0');
}

struct read_merge {
    struct bl_json_writer w;
    const struct bl_json *error;
};

static baals_status read_merge_member(void *ctx, const char *name, const struct bl_json *value)
{
    struct read_merge *merge = ctx;
    return cli_abi_copy(&merge->w, name, strcmp(name, "error") == 0 ? merge->error : value);
}

/* The notice of a failure with the error of its receipt: a notice knows no more than the status. */
static baals_status read_merge(struct cli *cli,
                               struct bl_json_doc *out,
                               const struct bl_json *notice,
                               const char *id,
                               baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *receipt;
    struct bl_buffer text;
    struct read_merge merge = {.error = bl_json_member(notice, "error")};
    baals_status status = read_of_id(cli, &doc, &receipt, "receipt_get", id, err);
    if (status != BAALS_OK && BAALS_STATUS_CLASS(status) != BAALS_CLASS_NOTFOUND)
        return status;
    if (status == BAALS_OK && bl_json_member(receipt, "error") != NULL)
        merge.error = bl_json_member(receipt, "error");
    bl_buffer_init(&text, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    bl_jw_init(&merge.w, &text);
    bl_jw_begin_object(&merge.w);
    status = bl_json_each(notice, read_merge_member, &merge);
    bl_jw_end_object(&merge.w);
    if (status == BAALS_OK)
        status = bl_json_parse(out, bl_buffer_slice(&text), BL_RPC_RESPONSE_MAX, err);
    bl_buffer_deinit(&text);
    bl_json_free(&doc);
    return status;
}

/* A notice with what contracts say. */
static baals_status read_put_notice(struct cli *cli,
                                    struct bl_json_writer *w,
                                    const struct bl_json *notice,
                                    baals_error *err)
{
    struct bl_json_doc merged = {0};
    const char *id = bl_json_text(bl_json_member(notice, "tx_id"));
    if (id == NULL || cli_has(cli, CLI_RAW) || !read_notice_speaks(notice)) {
        bl_json_dump(w->out, notice);
        return BAALS_OK;
    }
    if (bl_json_member(notice, "error") == NULL)
        return read_put_receipt(cli, w, notice, id, err);
    BL_TRY(read_merge(cli, &merged, notice, id, err));
    baals_status status = read_put_receipt(cli, w, merged.root, id, err);
    bl_json_free(&merged);
    return status;
}

/* " name{...}" of a decoded event or revert. JSON escapes what moves the cursor but for DEL and the
 * second set of control characters, which become dots. */
static void read_append_named(struct bl_buffer *line, const struct bl_json *named)
{
    const char *name = bl_json_text(bl_json_member(named, "name"));
    const struct bl_json *fields = bl_json_member(named, "fields");
    if (name == NULL || fields == NULL)
        return;
    bl_buffer_append_u8(line, ' ');
    bl_buffer_append(line, name, strlen(name));
    size_t start = line->len;
    bl_json_dump(line, fields);
    for (size_t i = start; i < line->len; i++) {
        bool second = i > start && line->data[i - 1] == 0xc2 && line->data[i] < 0xa0;
        if (second)
            line->data[i - 1] = '.';
        if (second || line->data[i] == 0x7f)
            line->data[i] = '.';
    }
}

/* One notice as a line: its cursor, kind and what it is about, then events and reverts by name. */
static void read_notice_line(struct bl_buffer *line, const struct bl_json *notice)
{
    const struct bl_json *events = bl_json_member(notice, "events");
    const char *kind = bl_json_text(bl_json_member(notice, "kind"));
    const char *cursor = bl_json_text(bl_json_member(notice, "cursor"));
    const char *status = bl_json_text(bl_json_member(notice, "status"));
    const char *id = bl_json_text(bl_json_member(notice, "tx_id"));
    uint64_t block = 0;
    char text[256];
    if (id == NULL)
        id = bl_json_text(bl_json_member(notice, "hash"));
    if (!bl_json_u64(&block, bl_json_member(notice, "block")))
        block = 0;
    int len = snprintf(text, sizeof text, "%s %s %llu %s%s%s", cursor == NULL ? "?" : cursor,
                       kind == NULL ? "?" : kind, (unsigned long long)block, id == NULL ? "?" : id,
                       status == NULL ? "" : " ", status == NULL ? "" : status);
    if (len > 0)
        bl_buffer_append(line, text, (size_t)len);
    read_append_named(line, bl_json_member(bl_json_member(notice, "error"), "revert"));
    for (size_t i = 0; i < bl_json_count(events); i++)
        read_append_named(line, bl_json_at(events, i));
    bl_buffer_append_u8(line, '\n');
}

/* One notice as a line: JSON with --json. */
static baals_status
read_notice(struct cli *cli, struct bl_buffer *line, const struct bl_json *notice, baals_error *err)
{
    struct bl_buffer text;
    struct bl_json_writer w;
    struct bl_json_doc doc = {0};
    struct bl_arena_mark mark = bl_arena_checkpoint(&cli->arena);
    size_t known = cli->abi_count;
    bl_buffer_init(&text, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    bl_jw_init(&w, &text);
    baals_status status = read_put_notice(cli, &w, notice, err);
    /* There may be millions; what stays in memory is what descriptions they needed. */
    if (cli->abi_count == known)
        bl_arena_rollback(&cli->arena, mark);
    if (status == BAALS_OK && cli_has(cli, CLI_JSON)) {
        bl_buffer_append(line, text.data, text.len);
        bl_buffer_append_u8(line, '\n');
    } else if (status == BAALS_OK) {
        status = bl_json_parse(&doc, bl_buffer_slice(&text), BL_RPC_RESPONSE_MAX, err);
        if (status == BAALS_OK)
            read_notice_line(line, doc.root);
        bl_json_free(&doc);
    }
    bl_buffer_deinit(&text);
    return status;
}

/* Prints a page; *cursor (of cursor_size bytes) is moved on, *left counts down. */
static baals_status read_page(struct cli *cli,
                              const struct bl_json *result,
                              char *cursor,
                              size_t cursor_size,
                              uint64_t *left,
                              baals_error *err)
{
    const struct bl_json *notices = bl_json_member(result, "notices");
    const char *next = bl_json_text(bl_json_member(result, "cursor"));
    struct bl_buffer lines;
    if (next == NULL || strlen(next) >= cursor_size)
        return bl_fail(err, BAALS_INTERNAL, "the node gave no cursor");
    memcpy(cursor, next, strlen(next) + 1);
    bl_buffer_init(&lines, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    baals_status status = BAALS_OK;
    for (size_t i = 0; i < bl_json_count(notices) && status == BAALS_OK; i++)
        status = read_notice(cli, &lines, bl_json_at(notices, i), err);
    *left -= bl_json_count(notices) < *left ? bl_json_count(notices) : *left;
    if (status == BAALS_OK)
        status = bl_buffer_status(&lines, err);
    if (status == BAALS_OK)
        status = cli_write_fd(STDOUT_FILENO, bl_buffer_slice(&lines), err);
    bl_buffer_deinit(&lines);
    return status;
}

static baals_status read_events(struct cli *cli, char *cursor, size_t cursor_size, baals_error *err)
{
    uint64_t left;
    bool follow = cli_has(cli, CLI_FOLLOW);
    baals_status status = cli_option_u64(cli, &left, CLI_LIMIT, UINT64_MAX, err);
    size_t count = 1;
    while (status == BAALS_OK && left > 0 && (follow || count > 0)) {
        struct bl_json_writer p;
        struct bl_buffer params;
        struct bl_json_doc doc = {0};
        const struct bl_json *result;
        read_begin(&p, &params, cli);
        bl_jw_put_text(&p, "cursor", cursor);
        bl_jw_put_u64(&p, "limit", left < READ_EVENTS_PAGE ? left : READ_EVENTS_PAGE);
        bl_jw_put_u64(&p, "wait_ms", follow ? READ_FOLLOW_MS : 0);
        bl_jw_end_object(&p);
        status = cli_rpc(cli, &doc, &result, "notices", &params, err);
        if (status == BAALS_OK) {
            count = bl_json_count(bl_json_member(result, "notices"));
            status = read_page(cli, result, cursor, cursor_size, &left, err);
            bl_json_free(&doc);
        }
        bl_buffer_deinit(&params);
    }
    return status;
}

/* Lines as they come; there is no result beyond them. */
baals_status cli_run_events(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    char cursor[48] = "";
    const char *after = cli->args.values[CLI_AFTER];
    (void)w;
    if (after != NULL && strlen(after) >= sizeof cursor)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--after: no cursor: \"%.60s\"", after);
    if (after != NULL)
        memcpy(cursor, after, strlen(after) + 1);
    BL_TRY(cli_connect(cli, false, err));
    return cli_disconnect(cli, read_events(cli, cursor, sizeof cursor, err), err);
}

/* ---- proofs ---- */

/* KEY by the store: an address, ADDRESS/HEX, or hex. */
static baals_status read_prove_params(struct cli *cli, struct bl_json_writer *p, baals_error *err)
{
    const char *store = cli->args.operands[0];
    const char *key = cli->args.operands[1];
    baals_address address;
    bl_jw_put_text(p, "store", store);
    if (strcmp(store, "accounts") == 0) {
        BL_TRY(cli_address(&address, key, "KEY", err));
        bl_jw_put_text(p, "address", key);
    } else if (strcmp(store, "storage") == 0) {
        char text[BAALS_ADDRESS_TEXT_SIZE];
        size_t len = strcspn(key, "/");
        if (key[len] != '/' || len >= sizeof text)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "KEY in storage is CONTRACT/HEX");
        memcpy(text, key, len);
        text[len] = '\0';
        BL_TRY(cli_address(&address, text, "KEY", err));
        bl_jw_put_text(p, "address", text);
        bl_jw_put_text(p, "key", key + len + 1);
    } else {
        bl_jw_put_text(p, "key", key);
    }
    bl_jw_end_object(p);
    return BAALS_OK;
}

baals_status cli_run_prove(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_json_writer p;
    struct bl_buffer params;
    read_begin(&p, &params, cli);
    baals_status status = read_prove_params(cli, &p, err);
    if (status == BAALS_OK)
        status = read_method(cli, w, "prove", &params, err);
    bl_buffer_deinit(&params);
    return status;
}

/* A member of hex digits into the arena. */
static baals_status read_hex(struct cli *cli,
                             baals_slice *out,
                             const struct bl_json *object,
                             const char *name,
                             baals_error *err)
{
    const char *text = bl_json_text(bl_json_member(object, name));
    size_t digits = text == NULL ? 1 : strlen(text);
    uint8_t *bytes = bl_arena_alloc(&cli->arena, digits / 2);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a proof");
    if (text == NULL || digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text, digits))
        return bl_fail(err, BAALS_REJECT_PROOF, "\"%s\" of the proof is not hex", name);
    *out = bl_slice(bytes, digits / 2);
    return BAALS_OK;
}

/* The state root to check against: the one that is given, else the header's in the proof, which
 * then is only as good as the file. */
static baals_status read_state_root(struct cli *cli,
                                    baals_hash *root,
                                    const struct bl_json *proof,
                                    baals_header *header,
                                    baals_error *err)
{
    baals_slice header_bytes;
    baals_block block;
    struct bl_buffer bytes;
    if (cli->args.operand_count > 1) {
        if (baals_hash_parse(root, cli->args.operands[1], NULL) != BAALS_OK)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "STATE_ROOT is 64 lowercase hex digits");
        return BAALS_OK;
    }
    BL_TRY(read_hex(cli, &header_bytes, proof, "header", err));
    /* A block of this header with nothing in it: [header, null, []]. */
    bl_buffer_init(&bytes, cli->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_cbor_head(&bytes, 4, 3);
    bl_buffer_append(&bytes, header_bytes.data, header_bytes.len);
    bl_buffer_append(&bytes, "\xf6\x80", 2);
    baals_status status = bl_buffer_status(&bytes, err);
    if (status == BAALS_OK)
        status = baals_block_decode(&block, bl_buffer_slice(&bytes), err);
    if (status == BAALS_OK) {
        *header = block.header;
        *root = block.header.state_root;
    }
    bl_buffer_deinit(&bytes);
    return status;
}

static baals_status read_check_proof(struct cli *cli,
                                     struct bl_json_writer *w,
                                     const struct bl_json *proof,
                                     baals_error *err)
{
    const char *store = bl_json_text(bl_json_member(proof, "store"));
    const struct bl_json *exists = bl_json_member(proof, "exists");
    baals_slice key, value = {NULL, 0}, path;
    baals_header header = {.index = 0};
    baals_hash root;
    if (store == NULL || exists == NULL)
        return bl_fail(err, BAALS_REJECT_PROOF, "not a proof that `baals prove --json` printed");
    BL_TRY(read_hex(cli, &key, proof, "key", err));
    BL_TRY(read_hex(cli, &path, proof, "proof", err));
    BL_TRY(read_state_root(cli, &root, proof, &header, err));
    bool there = bl_json_is_true(exists);
    if (there) {
        BL_TRY(read_hex(cli, &value, proof, "value", err));
        BL_TRY(baals_proof_verify_existence(&root, store, key, value, path, err));
    } else {
        BL_TRY(baals_proof_verify_absence(&root, store, key, path, err));
    }
    bl_jw_begin_object(w);
    bl_jw_put_bool(w, "valid", true);
    bl_jw_put_text(w, "store", store);
    bl_jw_put_hex(w, "key", key);
    bl_jw_put_bool(w, "exists", there);
    if (there)
        bl_jw_put_hex(w, "value", value);
    bl_jw_put_hash(w, "state_root", &root);
    if (cli->args.operand_count <= 1) {
        bl_jw_put_u64(w, "height", header.index);
        bl_jw_put_hash(w, "chain_id", &header.chain_id);
    }
    bl_jw_end_object(w);
    return BAALS_OK;
}

baals_status cli_run_verify_proof(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_json_doc doc = {0};
    baals_slice text;
    BL_TRY(cli_read_file(cli, &text, cli->args.operands[0], BL_RPC_MESSAGE_MAX, err));
    BL_TRY(bl_json_parse(&doc, text, BL_RPC_MESSAGE_MAX, err));
    baals_status status = read_check_proof(cli, w, doc.root, err);
    bl_json_free(&doc);
    return status;
}
