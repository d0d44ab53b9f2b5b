/* SPDX-License-Identifier: MIT */
/*
 * Where a command meets the chain: it opens the data directory itself, or, when a node owns it,
 * goes through the node's socket. Either way it calls methods by name and gets JSON back.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

/* Another command may own the directory for a moment: how often and how long to try again. */
#define CONNECT_TRIES 40u
#define CONNECT_PAUSE_NS 50000000

static void connect_log(void *ctx, baals_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    (void)ctx;
    if (level <= BAALS_LOG_WARN)
        fprintf(stderr, "%s: %s\n", names[level], message);
}

baals_options cli_open_options(struct cli *cli)
{
    baals_options options = BAALS_OPTIONS_INIT;
    options.trap_signals = 1; /* the process is our own */
    if (cli_has(cli, CLI_STORAGE))
        options.storage = cli->args.values[CLI_STORAGE];
    if (!cli_has(cli, CLI_QUIET))
        options.log = connect_log;
    return options;
}

void cli_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    const struct cli *cli = ctx;
    if (cli_has(cli, CLI_QUIET) || isatty(STDERR_FILENO) == 0)
        return;
    if (total == 0)
        fprintf(stderr, "\r%s: %llu ", what, (unsigned long long)done);
    else
        fprintf(stderr, "\r%s: %llu of %llu ", what, (unsigned long long)done,
                (unsigned long long)total);
    if (total != 0 && done >= total)
        fputs("\n", stderr);
}

baals_status cli_key_file(baals_keypair *key_out, const char *path, baals_error *err)
{
    struct {
        char text[128];
        uint8_t seed[32];
    } secret;
    size_t len = 0;
    bool good = false;
    bl_secret_lock(&secret, sizeof secret);
    baals_status status = cli_read_secret(secret.text, sizeof secret.text, &len, path, err);
    if (status == BAALS_OK) {
        while (len > 0 && (secret.text[len - 1] == '\n' || secret.text[len - 1] == '\r'))
            len--;
        good = bl_hex_decode(secret.seed, sizeof secret.seed, secret.text, len);
        if (good)
            baals_keypair_from_seed(key_out, secret.seed);
    }
    bl_secret_unlock(&secret, sizeof secret);
    if ((status == BAALS_OK && !good) || status == BAALS_LIMIT)
        return bl_fail(err, BAALS_MISUSE_KEY, "%.150s does not hold a key: 64 hex digits", path);
    return status;
}

baals_status cli_authority_key(
    struct cli *cli, baals_keypair *key_out, bool *has_out, const char *dir, baals_error *err)
{
    const char *path;
    BL_TRY(cli_join(cli, &path, dir, "authority.key", err));
    baals_status status = cli_key_file(key_out, path, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    *has_out = status == BAALS_OK;
    return BAALS_OK;
}

/* NOTFOUND: another process owns the directory and no node listens in it. */
static baals_status connect_once(struct cli *cli, const baals_options *options, baals_error *err)
{
    baals_error open_error = {.offset = BAALS_NO_OFFSET};
    baals_status status = baals_open(&cli->chain, cli->dir, options, &open_error);
    if (status == BAALS_OK) {
        bl_rpc_client_init(&cli->client, cli->env->alloc, cli->chain);
        return BAALS_OK;
    }
    if (status == BAALS_BUSY_OWNED) {
        status = bl_rpc_client_connect(&cli->client, cli->env->alloc, cli->dir, NULL);
        if (status != BAALS_OK)
            status = BAALS_BUSY_OWNED;
    }
    if (status != BAALS_OK && err != NULL)
        *err = open_error;
    return status;
}

baals_status cli_connect(struct cli *cli, bool produce, baals_error *err)
{
    baals_options options = cli_open_options(cli);
    struct {
        baals_keypair authority;
    } secret;
    bool has_key = false;
    bl_secret_lock(&secret, sizeof secret);
    baals_status status = cli_authority_key(cli, &secret.authority, &has_key, cli->dir, err);
    if (has_key)
        options.authority = &secret.authority;
    if (has_key && produce)
        options.flags |= BAALS_OPEN_PRODUCE;
    if (status == BAALS_OK) {
        status = connect_once(cli, &options, err);
        for (unsigned i = 0; status == BAALS_BUSY_OWNED && i < CONNECT_TRIES; i++) {
            const struct timespec pause = {.tv_sec = 0, .tv_nsec = CONNECT_PAUSE_NS};
            (void)nanosleep(&pause, NULL);
            status = connect_once(cli, &options, err);
        }
    }
    bl_secret_unlock(&secret, sizeof secret);
    cli->connected = status == BAALS_OK;
    return status;
}

baals_status cli_disconnect(struct cli *cli, baals_status status, baals_error *err)
{
    if (!cli->connected)
        return status;
    cli->connected = false;
    bl_rpc_client_deinit(&cli->client);
    baals_chain *chain = cli->chain;
    cli->chain = NULL;
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    return status == BAALS_OK ? closed : status;
}

baals_status cli_rpc(struct cli *cli,
                     struct bl_json_doc *doc,
                     const struct bl_json **result,
                     const char *method,
                     const struct bl_buffer *params,
                     baals_error *err)
{
    baals_slice text = {NULL, 0};
    if (params != NULL) {
        BL_TRY(bl_buffer_status(params, err));
        text = bl_buffer_slice(params);
    }
    BL_TRY(bl_rpc_client_call(&cli->client, doc, method, text, NULL, NULL, err));
    *result = bl_json_member(doc->root, "result");
    return BAALS_OK;
}

baals_status cli_rpc_result(struct cli *cli,
                            struct bl_json_writer *w,
                            const char *method,
                            const struct bl_buffer *params,
                            baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *result;
    BL_TRY(cli_rpc(cli, &doc, &result, method, params, err));
    bl_json_dump(w->out, result);
    bl_json_free(&doc);
    return bl_buffer_status(w->out, err);
}
