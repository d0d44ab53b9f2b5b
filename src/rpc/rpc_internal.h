/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_RPC_INTERNAL_H
#define BL_RPC_RPC_INTERNAL_H
/*
 * What the files of rpc share: a call of a method, its parameters, and how values look in JSON.
 */
#include "rpc/rpc.h"

/* One call. The arena holds decoded parameters and dies with it. */
struct bl_rpc_call {
    const struct bl_rpc *rpc;
    const struct bl_json *params; /* an object, or NULL when there are none */
    struct bl_arena *arena;
    struct bl_json_writer *result; /* exactly one value is to be written */
};

struct bl_rpc_method {
    struct bl_rpc_method_info info;
    /* On failure what was written is thrown away. */
    baals_status (*run)(struct bl_rpc_call *call, baals_error *err);
};

/* The tables (methods_chain.c, methods_tx.c, methods_state.c); dispatch.c joins them. */
extern const struct bl_rpc_method bl_rpc_methods_chain[];
extern const size_t bl_rpc_methods_chain_count;
extern const struct bl_rpc_method bl_rpc_methods_tx[];
extern const size_t bl_rpc_methods_tx_count;
extern const struct bl_rpc_method bl_rpc_methods_state[];
extern const size_t bl_rpc_methods_state_count;

/* NULL when there is none of this name. */
const struct bl_rpc_method *bl_rpc_method_find(const char *name);

/* ---- parameters (params.c): MISUSE_ARGUMENT or MISUSE_ADDRESS with the parameter's name ---- */

/* Whether it is given and not null. */
bool bl_rpc_has(const struct bl_rpc_call *call, const char *name);
/* Every name in `params` is in `spec`, and those with "!" are there. */
baals_status bl_rpc_params_check(const struct bl_json *params, const char *spec, baals_error *err);
baals_status
bl_rpc_param_hash(struct bl_rpc_call *call, baals_hash *out, const char *name, baals_error *err);
/* Any kind of address. */
baals_status bl_rpc_param_address(struct bl_rpc_call *call,
                                  baals_address *out,
                                  const char *name,
                                  baals_error *err);
/* Hex into the arena; absent is empty. */
baals_status
bl_rpc_param_bytes(struct bl_rpc_call *call, baals_slice *out, const char *name, baals_error *err);
baals_status
bl_rpc_param_text(struct bl_rpc_call *call, const char **out, const char *name, baals_error *err);
/* Absent is false. */
baals_status
bl_rpc_param_bool(struct bl_rpc_call *call, bool *out, const char *name, baals_error *err);
/* A number or a decimal string; absent is `absent`. */
baals_status bl_rpc_param_u64(struct bl_rpc_call *call,
                              uint64_t *out,
                              const char *name,
                              uint64_t absent,
                              uint64_t max,
                              baals_error *err);

/* ---- values (values.c) ---- */

/* Members that hold what a contract gave back: "output" (hex) and, where it can be read, "value"
 * (CBOR in diagnostic notation, else text). */
void bl_rpc_put_output(struct bl_json_writer *w, baals_slice output);
/* Member "error" for a receipt that is not OK: code, message, contract, function, offset, text. */
void bl_rpc_put_failure(struct bl_json_writer *w,
                        const baals_receipt *receipt,
                        const baals_debug *debug);
/* Members of a receipt: status, gas_used, fee, contract, output, value, events, error. */
void bl_rpc_put_receipt(struct bl_json_writer *w,
                        const baals_receipt *receipt,
                        const baals_debug *debug);
/* Members of a header and its seal. */
void bl_rpc_put_sealed_header(struct bl_json_writer *w, const baals_sealed_header *sealed);
/* Members of a header and a block, transactions as ids. */
baals_status bl_rpc_put_block(struct bl_json_writer *w, const baals_block *block, baals_error *err);
/* Members of a transaction without its place. `recipient_is_contract` chooses the address' text. */
void bl_rpc_put_tx(struct bl_json_writer *w, const baals_tx *tx, bool recipient_is_contract);
/* "transfer", "call", "deploy", "system". */
const char *bl_rpc_kind_name(baals_tx_kind kind);

/* Waits until the transaction is committed, in short steps so that a stopping server is not held
 * up. As baals_wait. */
baals_status bl_rpc_wait(const struct bl_rpc *rpc,
                         baals_tx_place *place_out,
                         const baals_hash *id,
                         uint64_t timeout_ms,
                         baals_error *err);

/* ---- sockets (socket.c) ---- */

/* A descriptor bound to (listening) or connected with the socket in `dir`. NOTFOUND when nothing
 * listens. */
baals_status bl_rpc_socket_listen(int *fd_out, const char *dir, baals_error *err);
baals_status bl_rpc_socket_connect(int *fd_out, const char *dir, baals_error *err);
void bl_rpc_socket_remove(const char *dir);
/* All of it, or IO. */
baals_status bl_rpc_socket_send(int fd, baals_slice bytes, baals_error *err);
/* The next line without its end into `line` (borrowed from `buffer` until the next call). NOTFOUND
 * at the end of the stream; LIMIT when a line is longer than line_max. */
baals_status bl_rpc_socket_line(
    int fd, baals_slice *line, struct bl_buffer *buffer, size_t line_max, baals_error *err);

#endif /* BL_RPC_RPC_INTERNAL_H */
