/* SPDX-License-Identifier: MIT */
/*
 * The commands that look: query, inspect, events, proofs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

baals_status cli_run_inspect_block(struct cli *cli, struct bl_json_writer *w, baals_error *err)
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
    baals_status status = read_method(cli, w, "block_get", &params, err);
    bl_buffer_deinit(&params);
    return status;
}

static baals_status
read_by_id(struct cli *cli, struct bl_json_writer *w, const char *method, baals_error *err)
{
    struct bl_json_writer p;
    struct bl_buffer params;
    baals_hash id;
    if (baals_hash_parse(&id, cli->args.operands[0], NULL) != BAALS_OK)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "\"%.80s\" is no transaction id: 64 lowercase hex digits",
                       cli->args.operands[0]);
    read_begin(&p, &params, cli);
    bl_jw_put_hash(&p, "id", &id);
    bl_jw_end_object(&p);
    baals_status status = read_method(cli, w, method, &params, err);
    bl_buffer_deinit(&params);
    return status;
}

baals_status cli_run_inspect_tx(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_by_id(cli, w, "tx_get", err);
}

baals_status cli_run_inspect_receipt(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    return read_by_id(cli, w, "receipt_get", err);
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

/* One notice as a line: the object with --json, else its cursor, kind and what it is about. */
static void read_notice(struct cli *cli, struct bl_buffer *line, const struct bl_json *notice)
{
    if (cli_has(cli, CLI_JSON)) {
        bl_json_dump(line, notice);
        bl_buffer_append_u8(line, '\n');
        return;
    }
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
    int len = snprintf(text, sizeof text, "%s %s %llu %s%s%s\n", cursor == NULL ? "?" : cursor,
                       kind == NULL ? "?" : kind, (unsigned long long)block, id == NULL ? "?" : id,
                       status == NULL ? "" : " ", status == NULL ? "" : status);
    if (len > 0)
        bl_buffer_append(line, text, (size_t)len);
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
    for (size_t i = 0; i < bl_json_count(notices); i++)
        read_notice(cli, &lines, bl_json_at(notices, i));
    *left -= bl_json_count(notices) < *left ? bl_json_count(notices) : *left;
    baals_status status = bl_buffer_status(&lines, err);
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
