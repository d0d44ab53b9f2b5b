/* SPDX-License-Identifier: MIT */
/*
 * `baals start`: the node. It opens the chain, produces blocks when the authority's key is in the
 * data directory, and serves the socket until SIGINT or SIGTERM, which arrive as bytes in a pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

/* The pipe's end for the signal handler: one per process, as signals are. */
static volatile sig_atomic_t start_pipe = -1;

static void start_on_signal(int number)
{
    int saved = errno;
    (void)number;
    /* A full pipe has a byte already. */
    if (write(start_pipe, "", 1) < 0)
        errno = saved;
    errno = saved;
}

static baals_status start_signals(int pipe_fds[2], baals_error *err)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = start_on_signal;
    sigemptyset(&action.sa_mask);
    if (pipe(pipe_fds) != 0)
        return bl_fail(err, BAALS_IO, "cannot make a pipe");
    (void)fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK);
    start_pipe = pipe_fds[1];
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return bl_fail(err, BAALS_IO, "cannot take signals");
    return BAALS_OK;
}

/* The ready line: from now on commands reach the node. */
static baals_status
start_ready(struct cli *cli, struct bl_buffer *out, const char *dir, baals_error *err)
{
    baals_chain_info info;
    struct bl_json_writer w;
    BL_TRY(baals_chain_info_get(cli->chain, &info, err));
    bl_buffer_clear(out);
    if (cli_has(cli, CLI_JSON)) {
        bl_jw_init(&w, out);
        bl_jw_begin_object(&w);
        bl_jw_put_bool(&w, "ready", true);
        bl_jw_put_text(&w, "dir", dir);
        bl_jw_put_hash(&w, "chain_id", &info.chain_id);
        bl_jw_put_u64(&w, "height", info.height);
        bl_jw_put_hash(&w, "state_root", &info.state_root);
        bl_jw_put_bool(&w, "can_seal", info.can_seal != 0);
        bl_jw_end_object(&w);
    } else {
        char text[256];
        int len = snprintf(text, sizeof text, "ready: %s at height %llu in %.120s%s", info.name,
                           (unsigned long long)info.height, dir,
                           info.can_seal ? "" : " (no authority key: makes no blocks)");
        bl_buffer_append(out, text, len < 0 ? 0 : (size_t)len);
    }
    bl_buffer_append_u8(out, '\n');
    BL_TRY(bl_buffer_status(out, err));
    return cli_write_fd(STDOUT_FILENO, bl_buffer_slice(out), err);
}

static baals_status start_serve(struct cli *cli, const char *dir, int stop_fd, baals_error *err)
{
    struct bl_rpc_server *server = NULL;
    struct bl_buffer line;
    BL_TRY(bl_rpc_server_open(&server, cli->chain, dir, cli->env, err));
    bl_buffer_init(&line, cli->env->alloc, BL_RPC_MESSAGE_MAX);
    baals_status status = start_ready(cli, &line, dir, err);
    bl_buffer_deinit(&line);
    if (status == BAALS_OK)
        status = bl_rpc_server_run(server, stop_fd, err);
    bl_rpc_server_close(server);
    return status;
}

static baals_status start_open(struct cli *cli, const char *dir, baals_error *err)
{
    baals_options options = cli_open_options(cli);
    baals_keypair key;
    bool has_key = false;
    BL_TRY(cli_option_u64(cli, &options.keep_blocks, CLI_KEEP, 0, err));
    BL_TRY(cli_option_headers(cli, &options.keep_headers, err));
    bl_secret_lock(&key, sizeof key);
    baals_status status = cli_authority_key(cli, &key, &has_key, dir, err);
    if (has_key) {
        options.authority = &key;
        options.flags = BAALS_OPEN_PRODUCE;
    }
    if (status == BAALS_OK)
        status = baals_open(&cli->chain, dir, &options, err);
    bl_secret_unlock(&key, sizeof key);
    return status;
}

baals_status cli_run_start(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    const char *dir = cli->args.operand_count > 0 ? cli->args.operands[0] : cli->dir;
    int pipe_fds[2];
    (void)w;
    BL_TRY(start_signals(pipe_fds, err));
    baals_status status = start_open(cli, dir, err);
    if (status == BAALS_OK) {
        status = start_serve(cli, dir, pipe_fds[0], err);
        baals_status closed = baals_close(cli->chain, status == BAALS_OK ? err : NULL);
        cli->chain = NULL;
        if (status == BAALS_OK)
            status = closed;
    }
    (void)close(pipe_fds[0]);
    return status;
}
