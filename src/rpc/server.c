/* SPDX-License-Identifier: MIT */
/*
 * The node's server: one thread accepts, each client has a thread of its own that reads a line,
 * answers it, and reads the next. A client that waits (for a block, for notices) so holds up nobody
 * else. Clients are bounded; one more is told so and let go.
 *
 * Stopping: `stopping` ends waits within a step, shutting the sockets down ends reads and writes,
 * and every thread is joined before run() returns.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "rpc/rpc_internal.h"

#define SERVER_CLIENTS_MAX 64u
#define SERVER_SEND_TIMEOUT_S 30

/* A client's place: FREE -> RUNS (accepted) -> ENDED (its thread is about to return) -> FREE. */
enum server_client_state { SERVER_CLIENT_FREE, SERVER_CLIENT_RUNS, SERVER_CLIENT_ENDED };

struct server_client {
    struct bl_rpc_server *server;
    enum server_client_state state; /* under the server's lock */
    int fd;
    pthread_t thread;
};

struct bl_rpc_server {
    struct bl_env *env;
    baals_chain *chain;
    char dir[BL_PATH_MAX];
    int fd;
    atomic_bool stopping;
    pthread_mutex_t lock;
    struct server_client clients[SERVER_CLIENTS_MAX];
};

baals_status bl_rpc_server_open(struct bl_rpc_server **server_out,
                                baals_chain *chain,
                                const char *dir,
                                struct bl_env *env,
                                baals_error *err)
{
    size_t dir_len = strlen(dir);
    if (dir_len >= BL_PATH_MAX)
        return bl_fail(err, BAALS_LIMIT, "the data directory's path is too long");
    struct bl_rpc_server *server = bl_alloc_zero(&env->alloc, 1, sizeof *server);
    if (server == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a server");
    memcpy(server->dir, dir, dir_len + 1);
    server->env = env;
    baals_status status = bl_rpc_socket_listen(&server->fd, dir, err);
    if (status == BAALS_OK && pthread_mutex_init(&server->lock, NULL) != 0) {
        (void)close(server->fd);
        bl_rpc_socket_remove(dir);
        status = bl_fail(err, BAALS_NOMEM, "no memory for a lock");
    }
    if (status != BAALS_OK) {
        bl_alloc_free(&env->alloc, server, sizeof *server);
        return status;
    }
    server->chain = baals_chain_ref(chain);
    *server_out = server;
    return BAALS_OK;
}

/* ---- one client ---- */

static baals_status server_send_line(void *ctx, baals_slice line, baals_error *err)
{
    const struct server_client *client = ctx;
    BL_TRY(bl_rpc_socket_send(client->fd, line, err));
    return bl_rpc_socket_send(client->fd, bl_slice("\n", 1), err);
}

static void server_refuse(int fd, const char *message)
{
    (void)bl_rpc_socket_send(fd, bl_slice_str(message), NULL);
}

static void server_talk(struct server_client *client)
{
    struct bl_rpc_server *server = client->server;
    struct bl_rpc rpc = {.chain = server->chain,
                         .alloc = server->env->alloc,
                         .stopping = &server->stopping,
                         .notify = server_send_line,
                         .notify_ctx = client};
    struct bl_buffer in, out;
    baals_slice line = {NULL, 0};
    bl_buffer_init(&in, rpc.alloc, BL_RPC_MESSAGE_MAX + (size_t)1024 * 1024);
    bl_buffer_init(&out, rpc.alloc, BL_RPC_RESPONSE_MAX);
    baals_status status = BAALS_OK;
    while (status == BAALS_OK && !atomic_load(&server->stopping)) {
        status = bl_rpc_socket_line(client->fd, &line, &in, BL_RPC_MESSAGE_MAX, NULL);
        if (status == BAALS_LIMIT)
            server_refuse(client->fd, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
                                      "\"message\":\"a message has at most 4 MiB\"}}\n");
        if (status != BAALS_OK)
            break;
        bl_buffer_clear(&out);
        bl_rpc_handle(&rpc, line, &out);
        status = bl_buffer_status(&out, NULL);
        if (status == BAALS_OK && out.len > 0)
            status = server_send_line(client, bl_buffer_slice(&out), NULL);
    }
    bl_buffer_deinit(&in);
    bl_buffer_deinit(&out);
}

static void *server_client_run(void *arg)
{
    struct server_client *client = arg;
    server_talk(client);
    pthread_mutex_lock(&client->server->lock);
    (void)close(client->fd);
    client->state = SERVER_CLIENT_ENDED;
    pthread_mutex_unlock(&client->server->lock);
    return NULL;
}

/* ---- all clients ---- */

/* Joins the threads that have ended. */
static void server_reap(struct bl_rpc_server *server)
{
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        struct server_client *client = &server->clients[i];
        pthread_mutex_lock(&server->lock);
        bool ended = client->state == SERVER_CLIENT_ENDED;
        pthread_mutex_unlock(&server->lock);
        if (!ended)
            continue;
        pthread_join(client->thread, NULL);
        client->state = SERVER_CLIENT_FREE;
    }
}

/* Starts the thread with all signals blocked: they belong to the main thread. */
static bool server_start_client(struct server_client *client)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&client->thread, NULL, server_client_run, client) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void server_accept(struct bl_rpc_server *server)
{
    int fd = accept(server->fd, NULL, NULL);
    if (fd < 0)
        return; /* the client is gone again, or descriptors are short: it may come back */
    struct timeval send_timeout = {.tv_sec = SERVER_SEND_TIMEOUT_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout);
    server_reap(server);
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        struct server_client *client = &server->clients[i];
        if (client->state != SERVER_CLIENT_FREE)
            continue;
        client->server = server;
        client->fd = fd;
        client->state = SERVER_CLIENT_RUNS;
        if (server_start_client(client))
            return;
        client->state = SERVER_CLIENT_FREE;
        break;
    }
    server_refuse(fd, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":4,"
                      "\"message\":\"the node has too many clients\","
                      "\"data\":{\"code\":\"E-BUSY\",\"name\":\"BUSY\"}}}\n");
    (void)close(fd);
}

static void server_stop_clients(struct bl_rpc_server *server)
{
    atomic_store(&server->stopping, true);
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        struct server_client *client = &server->clients[i];
        pthread_mutex_lock(&server->lock);
        bool used = client->state != SERVER_CLIENT_FREE;
        if (client->state == SERVER_CLIENT_RUNS)
            (void)shutdown(client->fd, SHUT_RDWR);
        pthread_mutex_unlock(&server->lock);
        if (used)
            pthread_join(client->thread, NULL);
        client->state = SERVER_CLIENT_FREE;
    }
}

baals_status bl_rpc_server_run(struct bl_rpc_server *server, int stop_fd, baals_error *err)
{
    baals_status status = BAALS_OK;
    for (;;) {
        struct pollfd fds[2] = {{.fd = server->fd, .events = POLLIN},
                                {.fd = stop_fd, .events = POLLIN}};
        int ready = poll(fds, 2, -1);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0) {
            status = bl_fail(err, BAALS_IO, "cannot wait for clients");
            break;
        }
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents != 0)
            server_accept(server);
    }
    server_stop_clients(server);
    return status;
}

void bl_rpc_server_close(struct bl_rpc_server *server)
{
    if (server == NULL)
        return;
    struct bl_env *env = server->env;
    (void)close(server->fd);
    bl_rpc_socket_remove(server->dir);
    pthread_mutex_destroy(&server->lock);
    (void)baals_close(server->chain, NULL);
    bl_alloc_free(&env->alloc, server, sizeof *server);
}
