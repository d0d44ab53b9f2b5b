/* SPDX-License-Identifier: MIT */
/*
 * One transaction, one durable block: how long it takes from submitting to the receipt, through the
 * library and through the socket of a node. The node is a thread of this process; what the socket
 * costs is the same.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench.h"

#define LATENCY_WAIT_MS 10000u

static void latency_add(struct bench *bench, enum bench_line_id p50, uint64_t *times)
{
    bench_add(bench, p50, bench_quantile(times, bench->size.latencies, 500));
    bench_add(bench, p50 + 1, bench_quantile(times, bench->size.latencies, 990));
}

/* ---- the library ---- */

static baals_status
latency_one(baals_chain *chain, const struct bench_txs *txs, unsigned index, baals_error *err)
{
    baals_bytes bytes = {0};
    baals_receipt receipt;
    BL_TRY(baals_submit(chain, NULL, txs->slices[index], err));
    BL_TRY(bench_drain(chain, err));
    BL_TRY(baals_receipt_get(chain, &bytes, NULL, NULL, &txs->ids[index], err));
    baals_status status = baals_receipt_decode(&receipt, bl_slice(bytes.data, bytes.len), err);
    if (status == BAALS_OK && receipt.status != BAALS_RECEIPT_OK)
        status = bl_fail(err, BAALS_INTERNAL, "a transfer that was measured did not end OK");
    baals_bytes_free(&bytes);
    return status;
}

static baals_status
latency_library(struct bench *bench, const struct bench_txs *txs, uint64_t *times, baals_error *err)
{
    const struct bench_open how = {.name = "latency"};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < txs->count; i++) {
        uint64_t begin = bench_now(bench);
        status = latency_one(chain, txs, i, err);
        times[i] = bench_now(bench) - begin;
    }
    status = bench_chain_close(chain, status, err);
    bench_remove(bench, how.name);
    if (status == BAALS_OK)
        latency_add(bench, BENCH_LATENCY_P50, times);
    return status;
}

/* ---- the socket ---- */

struct latency_node {
    struct bl_rpc_server *server;
    int stop[2];
    pthread_t thread;
    baals_status status;
};

static void *latency_serve(void *ctx)
{
    struct latency_node *node = ctx;
    node->status = bl_rpc_server_run(node->server, node->stop[0], NULL);
    return NULL;
}

static baals_status latency_request(struct bl_rpc_client *client,
                                    struct bl_buffer *params,
                                    baals_slice tx,
                                    baals_error *err)
{
    struct bl_json_doc doc = {0};
    struct bl_json_writer w;
    bl_buffer_clear(params);
    bl_jw_init(&w, params);
    bl_jw_begin_object(&w);
    bl_jw_put_hex(&w, "tx", tx);
    bl_jw_put_u64(&w, "wait_ms", LATENCY_WAIT_MS);
    bl_jw_end_object(&w);
    BL_TRY(bl_buffer_status(params, err));
    BL_TRY(bl_rpc_client_call(client, &doc, "tx_submit", bl_buffer_slice(params), NULL, NULL, err));
    const char *text = bl_json_text(bl_json_member(bl_json_member(doc.root, "result"), "status"));
    bool ended_ok = text != NULL && strcmp(text, "OK") == 0;
    bl_json_free(&doc);
    return ended_ok ? BAALS_OK
                    : bl_fail(err, BAALS_INTERNAL, "a transfer that was measured did not end OK");
}

static baals_status latency_client(struct bench *bench,
                                   const struct bench_txs *txs,
                                   uint64_t *times,
                                   const char *dir,
                                   baals_error *err)
{
    struct bl_rpc_client client;
    struct bl_buffer params;
    BL_TRY(bl_rpc_client_connect(&client, bench->alloc, dir, err));
    bl_buffer_init(&params, bench->alloc, BL_RPC_MESSAGE_MAX);
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < txs->count; i++) {
        uint64_t begin = bench_now(bench);
        status = latency_request(&client, &params, txs->slices[i], err);
        times[i] = bench_now(bench) - begin;
    }
    bl_buffer_deinit(&params);
    bl_rpc_client_deinit(&client);
    return status;
}

/* Serves while the client runs. */
static baals_status latency_node(struct bench *bench,
                                 const struct bench_txs *txs,
                                 uint64_t *times,
                                 baals_chain *chain,
                                 baals_error *err)
{
    struct latency_node node = {.status = BAALS_OK};
    char dir[BL_PATH_MAX];
    BL_TRY(bench_path(dir, bench, "socket", err));
    BL_TRY(bl_rpc_server_open(&node.server, chain, dir, bench->cli->env, err));
    baals_status status = BAALS_OK;
    if (pipe(node.stop) != 0) {
        bl_rpc_server_close(node.server);
        return bl_fail(err, BAALS_IO, "cannot make a pipe");
    }
    if (pthread_create(&node.thread, NULL, latency_serve, &node) != 0) {
        status = bl_fail(err, BAALS_NOMEM, "a thread could not be started");
    } else {
        status = latency_client(bench, txs, times, dir, err);
        if (write(node.stop[1], "", 1) != 1 && status == BAALS_OK)
            status = bl_fail(err, BAALS_IO, "cannot stop the node");
        (void)pthread_join(node.thread, NULL);
    }
    (void)close(node.stop[0]);
    (void)close(node.stop[1]);
    bl_rpc_server_close(node.server);
    return status == BAALS_OK ? node.status : status;
}

static baals_status
latency_socket(struct bench *bench, const struct bench_txs *txs, uint64_t *times, baals_error *err)
{
    const struct bench_open how = {.name = "socket", .flags = BAALS_OPEN_PRODUCE};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = latency_node(bench, txs, times, chain, err);
    status = bench_chain_close(chain, status, err);
    bench_remove(bench, how.name);
    if (status == BAALS_OK)
        latency_add(bench, BENCH_SOCKET_P50, times);
    return status;
}

/* ---- both ---- */

static baals_status latency_runs(struct bench *bench,
                                 baals_status (*run)(struct bench *bench,
                                                     const struct bench_txs *txs,
                                                     uint64_t *times,
                                                     baals_error *err),
                                 baals_error *err)
{
    struct bench_txs txs;
    uint64_t *times = bl_arena_zero(&bench->cli->arena, bench->size.latencies, sizeof *times);
    if (times == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %u times", bench->size.latencies);
    BL_TRY(bench_sign_transfers(&txs, bench, bench->size.latencies, 0, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < bench->size.runs; i++)
        status = run(bench, &txs, times, err);
    bench_txs_free(&txs, bench);
    return status;
}

baals_status bench_run_latency(struct bench *bench, baals_error *err)
{
    return latency_runs(bench, latency_library, err);
}

baals_status bench_run_socket(struct bench *bench, baals_error *err)
{
    return latency_runs(bench, latency_socket, err);
}
