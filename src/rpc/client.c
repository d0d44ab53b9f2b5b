/* SPDX-License-Identifier: MIT */
/*
 * Sends a request and reads its answer, from the same dispatcher in this process or from a node.
 * The answer is parsed from text in both cases, so what a command prints cannot depend on where the
 * chain is open.
 */
#include <string.h>
#include <unistd.h>

#include "rpc/rpc_internal.h"

void bl_rpc_client_init(struct bl_rpc_client *client, struct bl_alloc alloc, baals_chain *chain)
{
    *client = (struct bl_rpc_client){.alloc = alloc, .chain = chain, .fd = -1, .next_id = 1};
    bl_buffer_init(&client->in, alloc, BL_RPC_RESPONSE_MAX + (size_t)1024 * 1024);
}

baals_status bl_rpc_client_connect(struct bl_rpc_client *client,
                                   struct bl_alloc alloc,
                                   const char *dir,
                                   baals_error *err)
{
    int fd;
    BL_TRY(bl_rpc_socket_connect(&fd, dir, err));
    bl_rpc_client_init(client, alloc, NULL);
    client->fd = fd;
    return BAALS_OK;
}

void bl_rpc_client_deinit(struct bl_rpc_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
    client->chain = NULL;
    bl_buffer_deinit(&client->in);
}

static baals_status client_encode(struct bl_rpc_client *client,
                                  struct bl_buffer *out,
                                  const char *method,
                                  baals_slice params,
                                  baals_error *err)
{
    struct bl_json_writer w;
    bl_jw_init(&w, out);
    bl_jw_begin_object(&w);
    bl_jw_put_text(&w, "jsonrpc", "2.0");
    bl_jw_put_u64(&w, "id", client->next_id++);
    bl_jw_put_text(&w, "method", method);
    if (params.len > 0) {
        bl_jw_key(&w, "params");
        bl_jw_raw(&w, params);
    }
    bl_jw_end_object(&w);
    if (out->len > BL_RPC_MESSAGE_MAX)
        return bl_fail(err, BAALS_LIMIT, "the request is larger than 4 MiB");
    return bl_buffer_status(out, err);
}

/* The status in an error member. A number that is no status comes from another version. */
static baals_status client_error(const struct bl_json *error, baals_error *err)
{
    uint64_t code = 0;
    const char *message = bl_json_text(bl_json_member(error, "message"));
    if (message == NULL)
        message = "no reason given";
    if (!bl_json_u64(&code, bl_json_member(error, "code")) || code == 0 || code > INT32_MAX)
        return bl_fail(err, BAALS_MISUSE, "the request was refused: %.200s", message);
    baals_status status = (baals_status)(int32_t)code;
    if (strcmp(baals_status_name(status), "UNKNOWN") == 0)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "the node answered with status %d: %.200s",
                       (int)status, message);
    uint64_t offset;
    if (bl_json_u64(&offset, bl_json_member(bl_json_member(error, "data"), "offset")) &&
        offset < BAALS_NO_OFFSET)
        return bl_fail_at(err, status, (size_t)offset, "%.240s", message);
    return bl_fail(err, status, "%.240s", message);
}

/* Takes the document when it holds a result. */
static baals_status
client_response(struct bl_json_doc *response_out, baals_slice line, baals_error *err)
{
    struct bl_json_doc doc = {0};
    BL_TRY(bl_json_parse(&doc, line, BL_RPC_RESPONSE_MAX, err));
    const struct bl_json *error = bl_json_member(doc.root, "error");
    if (error == NULL && bl_json_member(doc.root, "result") != NULL) {
        *response_out = doc;
        return BAALS_OK;
    }
    baals_status status = error == NULL
                              ? bl_fail(err, BAALS_INTERNAL, "the answer is no JSON-RPC response")
                              : client_error(error, err);
    bl_json_free(&doc);
    return status;
}

static baals_status client_call_here(struct bl_rpc_client *client,
                                     struct bl_json_doc *response_out,
                                     baals_slice request,
                                     bl_rpc_sink notify,
                                     void *notify_ctx,
                                     baals_error *err)
{
    struct bl_rpc rpc = {
        .chain = client->chain, .alloc = client->alloc, .notify = notify, .notify_ctx = notify_ctx};
    struct bl_buffer out;
    bl_buffer_init(&out, client->alloc, BL_RPC_RESPONSE_MAX);
    bl_rpc_handle(&rpc, request, &out);
    baals_status status = bl_buffer_status(&out, err);
    if (status == BAALS_OK)
        status = client_response(response_out, bl_buffer_slice(&out), err);
    bl_buffer_deinit(&out);
    return status;
}

/* Whether a line is a notification: the answer has an "id" as its second member. */
static bool client_is_notification(baals_slice line)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":";
    return bl_slice_has_prefix(line, bl_slice_str(head));
}

/* Sends a request and reads up to its answer, which is in *line then. */
static baals_status client_exchange(struct bl_rpc_client *client,
                                    baals_slice *line,
                                    baals_slice request,
                                    bl_rpc_sink notify,
                                    void *notify_ctx,
                                    baals_error *err)
{
    BL_TRY(bl_rpc_socket_send(client->fd, request, err));
    BL_TRY(bl_rpc_socket_send(client->fd, bl_slice("\n", 1), err));
    bl_buffer_clear(&client->in); /* one request at a time: nothing is left over */
    for (;;) {
        baals_status status =
            bl_rpc_socket_line(client->fd, line, &client->in, BL_RPC_RESPONSE_MAX, err);
        if (status == BAALS_NOTFOUND)
            return bl_fail(err, BAALS_IO, "the node stopped before it answered");
        BL_TRY(status);
        if (!client_is_notification(*line))
            return BAALS_OK;
        if (notify != NULL)
            BL_TRY(notify(notify_ctx, *line, err));
    }
}

static baals_status client_call_node(struct bl_rpc_client *client,
                                     struct bl_json_doc *response_out,
                                     baals_slice request,
                                     bl_rpc_sink notify,
                                     void *notify_ctx,
                                     baals_error *err)
{
    baals_slice line = {NULL, 0};
    baals_status status = client_exchange(client, &line, request, notify, notify_ctx, err);
    if (status == BAALS_OK)
        return client_response(response_out, line, err);
    /* What is still to come must not be taken for the next call's answer. */
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
    return status;
}

baals_status bl_rpc_client_call(struct bl_rpc_client *client,
                                struct bl_json_doc *response_out,
                                const char *method,
                                baals_slice params,
                                bl_rpc_sink notify,
                                void *notify_ctx,
                                baals_error *err)
{
    struct bl_buffer request;
    bl_buffer_init(&request, client->alloc, BL_RPC_MESSAGE_MAX + 1024);
    baals_status status = client_encode(client, &request, method, params, err);
    if (status == BAALS_OK)
        status = (client->chain != NULL ? client_call_here : client_call_node)(
            client, response_out, bl_buffer_slice(&request), notify, notify_ctx, err);
    bl_buffer_deinit(&request);
    return status;
}
