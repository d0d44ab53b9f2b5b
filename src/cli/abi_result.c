/* SPDX-License-Identifier: MIT */
/*
 * What a contract was given, returned, emitted or reverted with, by name: results, receipts,
 * transactions, notices and traces all go through here. The writer prints into a text of its own
 * first, so that a value that turns out to be none leaves nothing half written.
 */
#include "cli/abi_result.h"

#include <stdio.h>
#include <string.h>

#include "cli/abi_value.h"
#include "cli/trace.h"

#define RESULT_TEXT_MAX ((size_t)4 * 1024 * 1024)

baals_status
cli_abi_hex(struct cli *cli, baals_slice *out, const struct bl_json *value, baals_error *err)
{
    const char *text = bl_json_text(value);
    size_t digits = text == NULL ? 1 : strlen(text);
    uint8_t *bytes = bl_arena_alloc(&cli->arena, digits / 2);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu bytes", digits / 2);
    if (text == NULL || digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text, digits))
        return bl_fail(err, BAALS_INTERNAL, "the node's answer is not hex");
    *out = bl_slice(bytes, digits / 2);
    return BAALS_OK;
}

static bool result_is_known(const struct cli *cli, const baals_address *address)
{
    for (size_t i = 0; i < cli->abi_count; i++) {
        if (bl_address_equal(&cli->abis[i].address, address))
            return true;
    }
    return false;
}

/* Whoever reads many events meets many contracts, and hostile ones: beyond what is remembered
 * nothing is fetched, and what is not there or cannot be read is remembered as having no
 * description. */
baals_status cli_abi_try(struct cli *cli,
                         const struct cli_abi **out,
                         const struct bl_json *address,
                         baals_error *err)
{
    const char *text = bl_json_text(address);
    baals_address parsed;
    baals_address_kind kind;
    *out = NULL;
    if (text == NULL || baals_address_parse(&parsed, &kind, text, NULL) != BAALS_OK ||
        kind != BAALS_ADDRESS_CONTRACT)
        return BAALS_OK;
    if (cli->abi_count == CLI_ABI_CACHE && !result_is_known(cli, &parsed))
        return BAALS_OK;
    baals_status status = cli_abi_of(cli, out, &parsed, err);
    if (status == BAALS_REJECT_CODE)
        *out = NULL;
    else
        BL_TRY(status);
    if (!cli_has(cli, CLI_RAW) && !result_is_known(cli, &parsed))
        cli->abis[cli->abi_count++] = (struct cli_abi_known){parsed, NULL};
    return BAALS_OK;
}

baals_status cli_abi_copy(void *ctx, const char *name, const struct bl_json *value)
{
    struct bl_json_writer *w = ctx;
    bl_jw_key(w, name);
    bl_json_dump(w->out, value);
    w->comma = true;
    return BAALS_OK;
}

/* ---- one member ---- */

/* A member that is being printed: its bytes, the writer of its text, and what is wrong with it. */
struct result_text {
    struct bl_buffer text;
    struct bl_json_writer w;
    baals_slice bytes;
    baals_error why;
};

static baals_status result_text_begin(struct result_text *t,
                                      struct cli *cli,
                                      const struct bl_json *bytes,
                                      baals_error *err)
{
    t->why = (baals_error){.offset = BAALS_NO_OFFSET};
    t->bytes = bl_slice(NULL, 0);
    if (bytes != NULL)
        BL_TRY(cli_abi_hex(cli, &t->bytes, bytes, err));
    bl_buffer_init(&t->text, cli->env->alloc, RESULT_TEXT_MAX);
    bl_jw_init(&t->w, &t->text);
    return BAALS_OK;
}

/* Makes the text that was printed with `status` a member, or says why there is none. */
static baals_status result_text_end(struct result_text *t,
                                    struct bl_json_writer *w,
                                    const char *name,
                                    baals_status status,
                                    baals_error *err)
{
    if (status == BAALS_OK)
        status = bl_buffer_status(&t->text, &t->why);
    if (status == BAALS_OK) {
        bl_jw_key(w, name);
        bl_jw_raw(w, bl_buffer_slice(&t->text));
    } else if (status == BAALS_REJECT_TYPE) {
        char reason[300];
        snprintf(reason, sizeof reason, "not as described: %s at byte %u", t->why.message,
                 t->why.offset);
        bl_jw_put_text(w, "abi_error", reason);
        status = BAALS_OK;
    } else if (err != NULL) {
        *err = t->why;
    }
    bl_buffer_deinit(&t->text);
    return status;
}

static const struct cli_abi_method *result_method(const struct cli_abi *abi, const char *method)
{
    return abi == NULL || method == NULL ? NULL : cli_abi_method_find(abi, method);
}

baals_status cli_abi_put_arguments(struct cli *cli,
                                   struct bl_json_writer *w,
                                   const struct cli_abi *abi,
                                   const char *method,
                                   const struct bl_json *args,
                                   baals_error *err)
{
    const struct cli_abi_method *declared = result_method(abi, method);
    struct result_text t;
    if (declared == NULL)
        return BAALS_OK;
    BL_TRY(result_text_begin(&t, cli, args, err));
    baals_status status = cli_abi_print_arguments(&t.w, abi, declared, t.bytes, &t.why);
    return result_text_end(&t, w, "arguments", status, err);
}

baals_status cli_abi_put_returned(struct cli *cli,
                                  struct bl_json_writer *w,
                                  const struct cli_abi *abi,
                                  const char *method,
                                  const struct bl_json *output,
                                  baals_error *err)
{
    const struct cli_abi_method *declared = result_method(abi, method);
    struct result_text t;
    if (declared == NULL)
        return BAALS_OK;
    BL_TRY(result_text_begin(&t, cli, output, err));
    baals_status status = cli_abi_print_output(&t.w, abi, declared, t.bytes, &t.why);
    return result_text_end(&t, w, "returned", status, err);
}

/* {"name", "doc", "fields"} of a declared error. */
baals_status cli_abi_put_revert(struct cli *cli,
                                struct bl_json_writer *w,
                                const struct cli_abi *abi,
                                const struct bl_json *code,
                                const struct bl_json *output,
                                baals_error *err)
{
    struct result_text t;
    uint64_t number;
    if (abi == NULL || !bl_json_u64(&number, code) || number > UINT32_MAX)
        return BAALS_OK;
    const struct cli_abi_error *declared = cli_abi_error_find(abi, (uint32_t)number);
    if (declared == NULL)
        return BAALS_OK;
    BL_TRY(result_text_begin(&t, cli, output, err));
    bl_jw_begin_object(&t.w);
    bl_jw_put_text(&t.w, "name", declared->name);
    bl_jw_put_text(&t.w, "doc", declared->doc);
    bl_jw_key(&t.w, "fields");
    baals_status status = cli_abi_print_error(&t.w, abi, declared, t.bytes, &t.why);
    bl_jw_end_object(&t.w);
    return result_text_end(&t, w, "revert", status, err);
}

/* An event of an answer as the library has them. */
static baals_status
result_event(struct cli *cli, baals_event *out, const struct bl_json *json, baals_error *err)
{
    const struct bl_json *topics = bl_json_member(json, "topics");
    const char *contract = bl_json_text(bl_json_member(json, "contract"));
    baals_address_kind kind;
    BL_TRY(cli_abi_hex(cli, &out->data, bl_json_member(json, "data"), err));
    BL_TRY(baals_address_parse(&out->contract, &kind, contract == NULL ? "" : contract, err));
    if (bl_json_count(topics) > BAALS_EVENT_TOPICS_MAX)
        return bl_fail(err, BAALS_INTERNAL, "the node's event has too many topics");
    out->topic_count = (uint32_t)bl_json_count(topics);
    for (uint32_t i = 0; i < out->topic_count; i++) {
        const char *topic = bl_json_text(bl_json_at(topics, i));
        BL_TRY(baals_hash_parse(&out->topics[i], topic == NULL ? "" : topic, err));
    }
    return BAALS_OK;
}

baals_status cli_abi_put_event(struct cli *cli,
                               struct bl_json_writer *w,
                               const struct cli_abi *abi,
                               const char *made,
                               const struct bl_json *json,
                               baals_error *err)
{
    baals_event event = {0};
    const struct cli_abi_event *declared = NULL;
    const char *from = bl_json_text(bl_json_member(json, "contract"));
    struct result_text t;
    BL_TRY(result_event(cli, &event, json, err));
    /* What a deploy made is described by its file; a simulated one is nowhere else. */
    if (made == NULL || from == NULL || strcmp(made, from) != 0)
        BL_TRY(cli_abi_try(cli, &abi, bl_json_member(json, "contract"), err));
    if (abi != NULL && event.topic_count > 0)
        declared = cli_abi_event_find(abi, &event.topics[0]);
    bl_jw_begin_object(w);
    BL_TRY(bl_json_each(json, cli_abi_copy, w));
    if (declared != NULL) {
        bl_jw_put_text(w, "name", declared->name);
        BL_TRY(result_text_begin(&t, cli, NULL, err));
        baals_status status = cli_abi_print_event(&t.w, abi, declared, &event, &t.why);
        BL_TRY(result_text_end(&t, w, "fields", status, err));
    }
    bl_jw_end_object(w);
    return BAALS_OK;
}

/* ---- a whole result ---- */

struct result {
    struct cli *cli;
    struct bl_json_writer *w;
    const struct bl_json *whole;
    const struct cli_abi *abi; /* may be NULL */
    const char *method;        /* NULL: no call */
    baals_error *err;
};

static baals_status result_events(struct result *r, const struct bl_json *events)
{
    const char *made = bl_json_text(bl_json_member(r->whole, "contract"));
    bl_jw_key(r->w, "events");
    bl_jw_begin_array(r->w);
    for (size_t i = 0; i < bl_json_count(events); i++)
        BL_TRY(cli_abi_put_event(r->cli, r->w, r->abi, made, bl_json_at(events, i), r->err));
    bl_jw_end_array(r->w);
    return BAALS_OK;
}

static baals_status result_error(struct result *r, const struct bl_json *error)
{
    bl_jw_key(r->w, "error");
    bl_jw_begin_object(r->w);
    BL_TRY(bl_json_each(error, cli_abi_copy, r->w));
    BL_TRY(cli_abi_put_revert(r->cli, r->w, r->abi, bl_json_member(error, "revert_code"),
                              bl_json_member(r->whole, "output"), r->err));
    bl_jw_end_object(r->w);
    return BAALS_OK;
}

static baals_status result_member(void *ctx, const char *name, const struct bl_json *value)
{
    struct result *r = ctx;
    if (strcmp(name, "events") == 0 && bl_json_type(value) == BL_JSON_ARRAY)
        return result_events(r, value);
    if (strcmp(name, "error") == 0 && bl_json_type(value) == BL_JSON_OBJECT)
        return result_error(r, value);
    if (strcmp(name, "trace") == 0 && bl_json_type(value) == BL_JSON_OBJECT) {
        const char *made = bl_json_text(bl_json_member(r->whole, "contract"));
        bl_jw_key(r->w, name);
        return cli_trace_put(r->cli, r->w, r->abi, made, value, r->err);
    }
    BL_TRY(cli_abi_copy(r->w, name, value));
    bool succeeded = bl_json_member(r->whole, "error") == NULL;
    if (strcmp(name, "output") == 0 && succeeded)
        return cli_abi_put_returned(r->cli, r->w, r->abi, r->method, value, r->err);
    return BAALS_OK;
}

baals_status cli_abi_put_result(struct cli *cli,
                                struct bl_json_writer *w,
                                const struct bl_json *result,
                                const struct cli_abi *abi,
                                const char *method,
                                baals_error *err)
{
    struct result r = {
        .cli = cli, .w = w, .whole = result, .abi = abi, .method = method, .err = err};
    if (bl_json_type(result) != BL_JSON_OBJECT)
        return bl_fail(err, BAALS_INTERNAL, "the node's answer is no object");
    bl_jw_begin_object(w);
    BL_TRY(bl_json_each(result, result_member, &r));
    bl_jw_end_object(w);
    return bl_buffer_status(w->out, err);
}

baals_status cli_abi_result(struct cli *cli,
                            struct bl_json_writer *w,
                            const struct bl_json *result,
                            const struct cli_abi *abi,
                            const char *method,
                            baals_error *err)
{
    struct bl_json_doc doc = {0};
    size_t start = w->out->len;
    BL_TRY(cli_abi_put_result(cli, w, result, abi, method, err));
    baals_slice text = bl_slice(w->out->data + start, w->out->len - start);
    BL_TRY(bl_json_parse(&doc, text, BL_RPC_RESPONSE_MAX, err));
    baals_status status = cli_contract_failure(doc.root, err);
    bl_json_free(&doc);
    return status;
}
