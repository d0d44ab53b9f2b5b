/* SPDX-License-Identifier: MIT */
/*
 * From a message to its answer: the envelope of JSON-RPC 2.0, batches, and the one table of
 * methods. A result is written straight behind its envelope; when the method fails, what it wrote
 * is cut off and an error takes its place, so a response is always whole.
 */
#include <string.h>

#include "rpc/rpc_internal.h"

/* Codes of JSON-RPC itself; a method's failure has the status as its code, which is positive. */
#define DISPATCH_PARSE_ERROR "-32700"
#define DISPATCH_INVALID_REQUEST "-32600"
#define DISPATCH_NO_METHOD "-32601"

#define DISPATCH_ARENA_MAX ((size_t)64 * 1024 * 1024)

static size_t dispatch_method_count(void)
{
    return bl_rpc_methods_chain_count + bl_rpc_methods_state_count + bl_rpc_methods_tx_count;
}

static const struct bl_rpc_method *dispatch_method_at(size_t index)
{
    if (index < bl_rpc_methods_chain_count)
        return &bl_rpc_methods_chain[index];
    index -= bl_rpc_methods_chain_count;
    if (index < bl_rpc_methods_state_count)
        return &bl_rpc_methods_state[index];
    index -= bl_rpc_methods_state_count;
    BL_ASSERT(index < bl_rpc_methods_tx_count);
    return &bl_rpc_methods_tx[index];
}

const struct bl_rpc_method *bl_rpc_method_find(const char *name)
{
    for (size_t i = 0; i < dispatch_method_count(); i++) {
        const struct bl_rpc_method *method = dispatch_method_at(i);
        if (strcmp(method->info.name, name) == 0)
            return method;
    }
    return NULL;
}

const struct bl_rpc_method_info *bl_rpc_method_at(size_t index)
{
    /* The index-th by name: the one with exactly `index` names before it. */
    for (size_t i = 0; i < dispatch_method_count(); i++) {
        const struct bl_rpc_method *method = dispatch_method_at(i);
        size_t before = 0;
        for (size_t j = 0; j < dispatch_method_count(); j++)
            before += strcmp(dispatch_method_at(j)->info.name, method->info.name) < 0;
        if (before == index)
            return &method->info;
    }
    return NULL;
}

/* {"jsonrpc":"2.0","id":ID, and the response's one other member is to follow. */
static void dispatch_begin(struct bl_json_writer *w, const struct bl_json *id)
{
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "jsonrpc", "2.0");
    bl_jw_key(w, "id");
    if (id == NULL) {
        bl_jw_null(w);
    } else {
        bl_json_dump(w->out, id);
        w->comma = true;
    }
}

static void dispatch_put_error(struct bl_json_writer *w,
                               const struct bl_json *id,
                               const char *code,
                               const char *message)
{
    dispatch_begin(w, id);
    bl_jw_key(w, "error");
    bl_jw_begin_object(w);
    bl_jw_key(w, "code");
    bl_jw_raw(w, bl_slice_str(code));
    bl_jw_put_text(w, "message", message);
    bl_jw_end_object(w);
    bl_jw_end_object(w);
}

static void dispatch_put_status(struct bl_json_writer *w,
                                const struct bl_json *id,
                                baals_status status,
                                const baals_error *error)
{
    const char *text = error->message[0] != '\0' ? error->message : baals_status_text(status);
    dispatch_begin(w, id);
    bl_jw_key(w, "error");
    bl_jw_begin_object(w);
    bl_jw_put_u64(w, "code", (uint64_t)status);
    bl_jw_put_text(w, "message", text);
    bl_jw_key(w, "data");
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "code", baals_status_code(status));
    bl_jw_put_text(w, "name", baals_status_name(status));
    if (error->offset != BAALS_NO_OFFSET)
        bl_jw_put_u64(w, "offset", error->offset);
    bl_jw_end_object(w);
    bl_jw_end_object(w);
    bl_jw_end_object(w);
}

/* Runs the method and writes the response. */
static void dispatch_run(const struct bl_rpc *rpc,
                         struct bl_json_writer *w,
                         const struct bl_rpc_method *method,
                         const struct bl_json *id,
                         const struct bl_json *params)
{
    struct bl_arena arena;
    baals_error error = {.offset = BAALS_NO_OFFSET};
    size_t start = w->out->len;
    bool comma = w->comma;
    bl_arena_init(&arena, rpc->alloc, DISPATCH_ARENA_MAX);
    struct bl_rpc_call call = {.rpc = rpc, .params = params, .arena = &arena, .result = w};
    dispatch_begin(w, id);
    bl_jw_key(w, "result");
    baals_status status = bl_rpc_params_check(params, method->info.params, &error);
    if (status == BAALS_OK)
        status = method->run(&call, &error);
    if (status == BAALS_OK)
        status = bl_buffer_status(w->out, &error);
    if (status == BAALS_OK) {
        bl_jw_end_object(w);
    } else {
        bl_buffer_clear(w->out);
        w->out->len = start;
        w->comma = comma;
        dispatch_put_status(w, id, status, &error);
    }
    bl_arena_deinit(&arena);
}

/* A request's id: absent (a notification), a string, an integer or null. */
static bool dispatch_id_is_valid(const struct bl_json *id)
{
    if (id == NULL)
        return true;
    enum bl_json_type type = bl_json_type(id);
    return type == BL_JSON_TEXT || type == BL_JSON_INTEGER || type == BL_JSON_NULL;
}

static void
dispatch_request(const struct bl_rpc *rpc, struct bl_json_writer *w, const struct bl_json *request)
{
    const struct bl_json *id = bl_json_member(request, "id");
    const char *version = bl_json_text(bl_json_member(request, "jsonrpc"));
    const char *name = bl_json_text(bl_json_member(request, "method"));
    const struct bl_json *params = bl_json_member(request, "params");
    if (!dispatch_id_is_valid(id)) {
        dispatch_put_error(w, NULL, DISPATCH_INVALID_REQUEST,
                           "\"id\" must be a string, an integer or null");
        return;
    }
    if (bl_json_type(request) != BL_JSON_OBJECT || version == NULL || strcmp(version, "2.0") != 0 ||
        name == NULL) {
        dispatch_put_error(w, id, DISPATCH_INVALID_REQUEST,
                           "a request is an object with \"jsonrpc\": \"2.0\" and \"method\"");
        return;
    }
    if (params != NULL && bl_json_type(params) != BL_JSON_OBJECT) {
        dispatch_put_error(w, id, DISPATCH_INVALID_REQUEST,
                           "\"params\" must be an object: parameters are given by name");
        return;
    }
    const struct bl_rpc_method *method = bl_rpc_method_find(name);
    size_t start = w->out->len;
    bool comma = w->comma;
    if (method == NULL)
        dispatch_put_error(w, id, DISPATCH_NO_METHOD,
                           "no such method; \"methods\" lists what there is");
    else
        dispatch_run(rpc, w, method, id, params);
    if (id == NULL) {
        /* A notification is carried out and not answered. */
        w->out->len = start;
        w->comma = comma;
    }
}

static void
dispatch_batch(const struct bl_rpc *rpc, struct bl_json_writer *w, const struct bl_json *batch)
{
    struct bl_rpc quiet = *rpc;
    size_t count = bl_json_count(batch);
    size_t start = w->out->len;
    quiet.notify = NULL;
    if (count == 0 || count > BL_RPC_BATCH_MAX) {
        dispatch_put_error(w, NULL, DISPATCH_INVALID_REQUEST, "a batch has 1 to 100 requests");
        return;
    }
    bl_jw_begin_array(w);
    /* A request begins on whole output only: a failure of its own is cleared, never another's. */
    for (size_t i = 0; i < count && !w->out->failed; i++)
        dispatch_request(&quiet, w, bl_json_at(batch, i));
    bl_jw_end_array(w);
    if (w->out->len == start + 2)
        w->out->len = start; /* nothing but notifications */
}

void bl_rpc_handle(const struct bl_rpc *rpc, baals_slice message, struct bl_buffer *out)
{
    struct bl_json_doc doc = {0};
    struct bl_json_writer w;
    baals_error error = {.offset = BAALS_NO_OFFSET};
    bl_jw_init(&w, out);
    if (bl_json_parse(&doc, message, BL_RPC_MESSAGE_MAX, &error) != BAALS_OK) {
        dispatch_put_error(&w, NULL, DISPATCH_PARSE_ERROR, error.message);
        return;
    }
    if (bl_json_type(doc.root) == BL_JSON_ARRAY)
        dispatch_batch(rpc, &w, doc.root);
    else
        dispatch_request(rpc, &w, doc.root);
    bl_json_free(&doc);
}
