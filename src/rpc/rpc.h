/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_RPC_H
#define BL_RPC_RPC_H
/*
 * JSON-RPC 2.0 over a chain (docs/spec/api.md).
 *
 * One table of methods serves everything: bl_rpc_handle answers a message in this process, a server
 * answers those that come over the data directory's UNIX socket, and a client sends a request to
 * either, so that a command behaves the same whether a node owns the directory or not.
 *
 * Messages are one line of JSON each: at most BL_RPC_MESSAGE_MAX bytes, BL_JSON_DEPTH_MAX levels,
 * BL_RPC_BATCH_MAX requests in a batch. Parameters are given by name. An error carries the status
 * as its code, and in `data` the stable code ("E-NONCE").
 */
#include <stdatomic.h>

#include "baals/baals.h"

#include "base/arena.h"
#include "base/env.h"
#include "rpc/cbor.h"
#include "rpc/json.h"
#include "rpc/json_write.h"

#define BL_RPC_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
#define BL_RPC_RESPONSE_MAX ((size_t)64 * 1024 * 1024)
#define BL_RPC_BATCH_MAX 100u
/* Longest time one request waits for something to happen. */
#define BL_RPC_WAIT_MS_MAX 600000u
/* The socket's name in the data directory. */
#define BL_RPC_SOCKET_NAME "baals.sock"

/* Takes one line (without its end) that a method sends before its answer. Anything but BAALS_OK
 * ends the method with that status. */
typedef baals_status (*bl_rpc_sink)(void *ctx, baals_slice line, baals_error *err);

/* What methods work on. */
struct bl_rpc {
    baals_chain *chain;
    struct bl_alloc alloc;
    const atomic_bool *stopping; /* set: requests that wait end early. May be NULL */
    bl_rpc_sink notify;          /* NULL: methods that stream are refused */
    void *notify_ctx;
};

/* Answers one message, a request or a batch: appends the response, without a line end, to `out`, or
 * nothing when there is nothing to answer. When `out` is full or memory ends, out->failed is set.
 */
void bl_rpc_handle(const struct bl_rpc *rpc, baals_slice message, struct bl_buffer *out);

/* A method as the documentation lists it. */
struct bl_rpc_method_info {
    const char *name;
    const char *params; /* names in order, a trailing "!" where one is needed */
    const char *summary;
};
/* The methods in alphabetical order; NULL behind the last. */
const struct bl_rpc_method_info *bl_rpc_method_at(size_t index);

/* ---- server ---- */

struct bl_rpc_server;

/* Listens on the socket of the data directory `dir`, which the chain's handle owns: a socket that
 * was left behind is replaced. Mode 0600. IO. */
__attribute__((warn_unused_result)) baals_status
bl_rpc_server_open(struct bl_rpc_server **server_out,
                   baals_chain *chain,
                   const char *dir,
                   struct bl_env *env,
                   baals_error *err);
/* Serves until `stop_fd` can be read, then ends every client and returns. */
__attribute__((warn_unused_result)) baals_status
bl_rpc_server_run(struct bl_rpc_server *server, int stop_fd, baals_error *err);
/* Removes the socket and releases everything. NULL is ignored. */
void bl_rpc_server_close(struct bl_rpc_server *server);

/* ---- client ---- */

/* Sends requests to a chain in this process or to a node's socket. */
struct bl_rpc_client {
    struct bl_alloc alloc;
    baals_chain *chain; /* NULL: the socket is used */
    int fd;
    uint64_t next_id;
    struct bl_buffer in;
};

void bl_rpc_client_init(struct bl_rpc_client *client, struct bl_alloc alloc, baals_chain *chain);
/* Connects to the node that owns `dir`. NOTFOUND when no node listens there. */
__attribute__((warn_unused_result)) baals_status bl_rpc_client_connect(struct bl_rpc_client *client,
                                                                       struct bl_alloc alloc,
                                                                       const char *dir,
                                                                       baals_error *err);
/* Ends the connection; the chain is its owner's to close. */
void bl_rpc_client_deinit(struct bl_rpc_client *client);
/* Calls a method with `params`, the text of a JSON object, and gives the response: its "result"
 * member is the answer. An error of the method is returned as its status. `notify` (may be NULL)
 * takes the lines that come before; when it fails, or the node cannot be reached, the connection is
 * over and later calls give IO. The document is released with bl_json_free. */
__attribute__((warn_unused_result)) baals_status
bl_rpc_client_call(struct bl_rpc_client *client,
                   struct bl_json_doc *response_out,
                   const char *method,
                   baals_slice params,
                   bl_rpc_sink notify,
                   void *notify_ctx,
                   baals_error *err);

#endif /* BL_RPC_RPC_H */
