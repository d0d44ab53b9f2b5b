/* SPDX-License-Identifier: MIT */
/*
 * The commands about whole chains: init, verify, repair, export, import. A new data directory is
 * staged: it appears whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

/* What the authority of a new chain begins with when nothing is said: enough to give away. */
#define CHAIN_ALLOC_DEFAULT 1000000000000ull

/* DIR as an operand wins over --dir. */
static const char *chain_dir(struct cli *cli, size_t operand)
{
    return cli->args.operand_count > operand ? cli->args.operands[operand] : cli->dir;
}

/* ---- init ---- */

/* "ADDRESS=AMOUNT" */
static baals_status
chain_parse_alloc(baals_genesis_balance *out, const char *text, baals_error *err)
{
    char address[BAALS_ADDRESS_TEXT_SIZE];
    size_t len = strcspn(text, "=");
    if (text[len] != '=' || len >= sizeof address)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--alloc \"%.100s\" is not ADDRESS=AMOUNT",
                       text);
    memcpy(address, text, len);
    address[len] = '\0';
    BL_TRY(cli_address(&out->address, address, "--alloc", err));
    return cli_number(&out->amount.units, text + len + 1, "--alloc", err);
}

/* Balances ascending by address, as the library wants them; the few there are, by insertion. */
static baals_status chain_allocs(struct cli *cli,
                                 baals_genesis *genesis,
                                 const baals_address *authority,
                                 baals_error *err)
{
    baals_genesis_balance *balances =
        bl_arena_zero(&cli->arena, CLI_REPEATED_MAX, sizeof *balances);
    size_t count = 0;
    if (balances == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    for (size_t i = 0; i < cli->args.repeated_count; i++) {
        baals_genesis_balance balance;
        size_t at = count;
        if (cli->args.repeated[i].id != CLI_ALLOC)
            continue;
        BL_TRY(chain_parse_alloc(&balance, cli->args.repeated[i].value, err));
        for (; at > 0 && memcmp(balances[at - 1].address.bytes, balance.address.bytes, 32) > 0;
             at--)
            balances[at] = balances[at - 1];
        balances[at] = balance;
        count++;
    }
    if (count == 0)
        balances[count++] = (baals_genesis_balance){*authority, {CHAIN_ALLOC_DEFAULT}};
    genesis->balances = balances;
    genesis->balance_count = count;
    return BAALS_OK;
}

/* A genesis of the flags, with `authority` as the only one. */
static baals_status chain_make_genesis(struct cli *cli,
                                       struct cli_genesis *out,
                                       const baals_address *authority,
                                       baals_error *err)
{
    baals_genesis *genesis = &out->genesis;
    baals_slice copy;
    memset(out, 0, sizeof *out);
    baals_genesis_defaults(genesis);
    if (!bl_arena_copy(&copy, &cli->arena, bl_slice(authority, sizeof *authority)))
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    genesis->poa.authorities = (const baals_address *)(const void *)copy.data;
    genesis->poa.authority_count = 1;
    genesis->start_ms = bl_env_clock_ms(cli->env);
    genesis->dev = cli_has(cli, CLI_DEV);
    if (cli_has(cli, CLI_NAME))
        genesis->chain_name = bl_slice_str(cli->args.values[CLI_NAME]);
    BL_TRY(cli_option_u64(cli, &genesis->poa.slot_ms, CLI_SLOT_MS, genesis->poa.slot_ms, err));
    BL_TRY(cli_option_u64(cli, &genesis->poa.interval_ms, CLI_INTERVAL_MS, genesis->poa.interval_ms,
                          err));
    if (cli_has(cli, CLI_INTERVAL_MS))
        genesis->poa.instant = genesis->poa.interval_ms == 0;
    return chain_allocs(cli, genesis, authority, err);
}

/* The genesis file's contracts, read beside the file and compared with their hash. */
static baals_status chain_read_modules(struct cli *cli,
                                       baals_slice **modules_out,
                                       const struct cli_genesis *genesis,
                                       const char *genesis_path,
                                       baals_error *err)
{
    size_t count = genesis->genesis.contract_count;
    const char *slash = strrchr(genesis_path, '/');
    char dir[BL_PATH_MAX];
    baals_slice *modules = bl_arena_zero(&cli->arena, count + 1, sizeof *modules);
    if (modules == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    int len = slash == NULL ? snprintf(dir, sizeof dir, ".")
                            : snprintf(dir, sizeof dir, "%.*s", (int)(slash - genesis_path) + 1,
                                       genesis_path);
    if (len < 0 || (size_t)len >= sizeof dir)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the genesis file's path is too long");
    for (size_t i = 0; i < count; i++) {
        const char *path = genesis->files[i];
        baals_status status = BAALS_OK;
        if (path[0] != '/')
            BL_TRY(cli_join(cli, &path, dir, path, err));
        status = cli_read_file(cli, &modules[i], path, BL_CODE_BYTES_MAX, err);
        if (status != BAALS_OK)
            return bl_fail_context(err, status, "contracts[%zu].file", i);
    }
    *modules_out = modules;
    return BAALS_OK;
}

static baals_status chain_encode_genesis(struct cli *cli,
                                         baals_slice *out,
                                         const baals_genesis *genesis,
                                         baals_error *err)
{
    size_t len;
    BL_TRY(baals_genesis_encode(NULL, 0, &len, genesis, err));
    uint8_t *bytes = bl_arena_alloc(&cli->arena, len);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a genesis");
    BL_TRY(baals_genesis_encode(bytes, len, &len, genesis, err));
    *out = bl_slice(bytes, len);
    return BAALS_OK;
}

/* Files beside the chain: genesis.json, genesis/<sha256>.wasm, authority.key. */
static baals_status chain_write_files(struct cli *cli,
                                      const char *dir,
                                      const struct cli_genesis *genesis,
                                      const baals_slice *modules,
                                      const baals_keypair *authority,
                                      baals_error *err)
{
    const char *path, *folder;
    struct bl_buffer text;
    bl_buffer_init(&text, cli->env->alloc, CLI_FILE_MAX);
    cli_genesis_write(&text, genesis);
    baals_status status = bl_buffer_status(&text, err);
    if (status == BAALS_OK)
        status = cli_join(cli, &path, dir, "genesis.json", err);
    if (status == BAALS_OK)
        status = cli_write_new(path, bl_buffer_slice(&text), err);
    bl_buffer_deinit(&text);
    BL_TRY(status);
    if (genesis->genesis.contract_count > 0) {
        BL_TRY(cli_join(cli, &folder, dir, "genesis", err));
        BL_TRY(cli_make_dirs(folder, err));
        for (size_t i = 0; i < genesis->genesis.contract_count; i++) {
            char name[BAALS_HASH_TEXT_SIZE + 8];
            baals_hash_format(name, &genesis->genesis.contracts[i].code_hash);
            memcpy(name + BAALS_HASH_TEXT_SIZE - 1, ".wasm", 6);
            BL_TRY(cli_join(cli, &path, folder, name, err));
            /* Two contracts of the same code share a file. */
            if (access(path, F_OK) != 0)
                BL_TRY(cli_write_new(path, modules[i], err));
        }
    }
    if (authority == NULL)
        return BAALS_OK;
    char hex[66];
    bl_secret_lock(hex, sizeof hex);
    bl_hex_encode(hex, authority->seed, sizeof authority->seed);
    hex[64] = '\n';
    status = cli_join(cli, &path, dir, "authority.key", err);
    if (status == BAALS_OK)
        status = cli_write_new(path, bl_slice(hex, 65), err);
    bl_secret_unlock(hex, sizeof hex);
    return status;
}

/* The result of init and import: the chain's info and where it is. */
static baals_status chain_put_made(struct bl_json_writer *w,
                                   baals_chain *chain,
                                   const char *dir,
                                   const baals_address *authority,
                                   baals_error *err)
{
    baals_chain_info info;
    BL_TRY(baals_chain_info_get(chain, &info, err));
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "dir", dir);
    bl_jw_put_hash(w, "chain_id", &info.chain_id);
    bl_jw_put_text(w, "name", info.name);
    bl_jw_put_u64(w, "height", info.height);
    bl_jw_put_hash(w, "hash", &info.hash);
    bl_jw_put_hash(w, "state_root", &info.state_root);
    if (authority != NULL) {
        bl_jw_key(w, "authority");
        bl_jw_address(w, BAALS_ADDRESS_ACCOUNT, authority);
    }
    bl_jw_end_object(w);
    return BAALS_OK;
}

/* Makes the chain in the staged folder. `authority` is NULL when its key is not here. */
static baals_status chain_build(struct cli *cli,
                                struct bl_json_writer *w,
                                const struct cli_staging *staging,
                                const struct cli_genesis *genesis,
                                const baals_slice *modules,
                                const baals_keypair *authority,
                                baals_error *err)
{
    baals_options options = cli_open_options(cli);
    baals_chain *chain = NULL;
    options.flags = BAALS_OPEN_CREATE | BAALS_OPEN_EXCLUSIVE;
    options.modules = modules;
    options.module_count = genesis->genesis.contract_count;
    BL_TRY(chain_encode_genesis(cli, &options.genesis, &genesis->genesis, err));
    BL_TRY(baals_open(&chain, staging->path, &options, err));
    baals_status status = chain_put_made(w, chain, staging->final,
                                         authority == NULL ? NULL : &authority->address, err);
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    if (status == BAALS_OK)
        status = closed;
    if (status == BAALS_OK)
        status = chain_write_files(cli, staging->path, genesis, modules, authority, err);
    return status;
}

/* The genesis to use and the key that goes with it, if there is one. */
static baals_status chain_choose_genesis(struct cli *cli,
                                         struct cli_genesis *genesis,
                                         baals_slice **modules,
                                         baals_keypair *key,
                                         bool *has_key,
                                         baals_error *err)
{
    const char *path = cli->args.values[CLI_GENESIS];
    *has_key = cli_has(cli, CLI_AUTHORITY_KEY);
    if (*has_key)
        BL_TRY(cli_key_file(key, cli->args.values[CLI_AUTHORITY_KEY], err));
    if (path != NULL) {
        static const enum cli_option_id made_only[] = {CLI_NAME, CLI_DEV, CLI_SLOT_MS,
                                                       CLI_INTERVAL_MS};
        baals_slice text;
        for (size_t i = 0; i < BL_COUNT_OF(made_only); i++) {
            if (cli_has(cli, made_only[i]))
                return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--%s does not go with --genesis",
                               cli_options[made_only[i]].name);
        }
        if (cli->args.repeated_count > 0)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--alloc does not go with --genesis");
        BL_TRY(cli_read_file(cli, &text, path, CLI_FILE_MAX, err));
        BL_TRY(cli_genesis_parse(genesis, &cli->arena, text, err));
        return chain_read_modules(cli, modules, genesis, path, err);
    }
    if (!*has_key) {
        uint8_t seed[32];
        bl_secret_lock(seed, sizeof seed);
        bl_secret_random(seed, sizeof seed);
        baals_keypair_from_seed(key, seed);
        bl_secret_unlock(seed, sizeof seed);
        *has_key = true;
    }
    return chain_make_genesis(cli, genesis, &key->address, err);
}

baals_status cli_run_init(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct cli_genesis genesis;
    struct cli_staging staging;
    baals_slice *modules = NULL;
    baals_keypair key;
    bool has_key = false;
    bl_secret_lock(&key, sizeof key);
    baals_status status = chain_choose_genesis(cli, &genesis, &modules, &key, &has_key, err);
    if (status == BAALS_OK)
        status = cli_staging_begin(&staging, chain_dir(cli, 0), err);
    if (status == BAALS_OK) {
        status = chain_build(cli, w, &staging, &genesis, modules, has_key ? &key : NULL, err);
        status = cli_staging_end(cli, &staging, status, err);
    }
    bl_secret_unlock(&key, sizeof key);
    if (status == BAALS_OK)
        cli_note(cli, "next: baals start %s", staging.final);
    return status;
}

/* ---- verify and repair ---- */

static void chain_put_report(struct bl_json_writer *w, const baals_verify_report *report)
{
    bl_jw_begin_object(w);
    bl_jw_put_bool(w, "ok", true);
    bl_jw_put_u64(w, "height", report->height);
    bl_jw_put_hash(w, "hash", &report->hash);
    bl_jw_put_hash(w, "state_root", &report->state_root);
    bl_jw_put_u64(w, "blocks", report->blocks);
    bl_jw_put_u64(w, "txs", report->txs);
    bl_jw_put_u64(w, "records", report->records);
    bl_jw_put_u64(w, "journal_bytes", report->journal_bytes);
    bl_jw_put_u64(w, "tail_bytes", report->tail_bytes);
    if (report->kept_from > 0)
        bl_jw_put_u64(w, "kept_from", report->kept_from);
    if (report->headers > 0)
        bl_jw_put_u64(w, "headers", report->headers);
    bl_jw_end_object(w);
}

baals_status cli_run_verify(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    baals_verify_report report = {0};
    baals_options options = cli_open_options(cli);
    uint32_t flags = cli_has(cli, CLI_REPLAY) ? BAALS_VERIFY_REPLAY : 0;
    BL_TRY(baals_verify(&report, chain_dir(cli, 0), flags, &options, cli_progress, cli, err));
    chain_put_report(w, &report);
    return BAALS_OK;
}

baals_status cli_run_repair(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    baals_verify_report report = {0};
    baals_options options = cli_open_options(cli);
    BL_TRY(cli_option_headers(cli, &options.keep_headers, err));
    BL_TRY(baals_repair(&report, chain_dir(cli, 0), &options, cli_progress, cli, err));
    chain_put_report(w, &report);
    return BAALS_OK;
}

static void chain_put_pruned(struct bl_json_writer *w, const baals_prune_report *report)
{
    bl_jw_begin_object(w);
    bl_jw_put_u64(w, "kept_from", report->kept_from);
    bl_jw_put_u64(w, "snapshot_height", report->snapshot_height);
    bl_jw_put_u64(w, "blocks", report->blocks);
    bl_jw_put_u64(w, "bytes_freed", report->bytes_freed);
    bl_jw_put_u64(w, "headers_from", report->headers_from);
    bl_jw_end_object(w);
}

baals_status cli_run_prune(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    baals_prune_report report = {0};
    baals_options options = cli_open_options(cli);
    baals_chain *chain = NULL;
    uint64_t keep_blocks = 0;
    if (!cli_has(cli, CLI_KEEP))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "prune needs --keep N: how many blocks to keep");
    BL_TRY(cli_option_u64(cli, &keep_blocks, CLI_KEEP, 0, err));
    BL_TRY(cli_option_headers(cli, &options.keep_headers, err));
    BL_TRY(baals_open(&chain, chain_dir(cli, 0), &options, err));
    baals_status status = baals_prune(chain, &report, keep_blocks, err);
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    if (status == BAALS_OK)
        status = closed;
    if (status == BAALS_OK)
        chain_put_pruned(w, &report);
    return status;
}

/* ---- export ---- */

struct chain_export {
    struct cli *cli;
    int fd;
    uint8_t *bytes; /* one decoded chunk */
    size_t cap;
};

/* A chunk line: {"jsonrpc":"2.0","method":"chunk","params":{"hex":"..."}} */
static baals_status chain_take_chunk(void *ctx, baals_slice line, baals_error *err)
{
    struct chain_export *export_ = ctx;
    struct bl_json_doc doc = {0};
    BL_TRY(bl_json_parse(&doc, line, BL_RPC_MESSAGE_MAX, err));
    const char *hex = bl_json_text(bl_json_member(bl_json_member(doc.root, "params"), "hex"));
    size_t digits = hex == NULL ? 0 : strlen(hex);
    baals_status status = BAALS_OK;
    if (hex == NULL || digits % 2 != 0 || digits / 2 > export_->cap ||
        !bl_hex_decode(export_->bytes, digits / 2, hex, digits))
        status = bl_fail(err, BAALS_INTERNAL, "the node sent a chunk that is not hex");
    if (status == BAALS_OK)
        status = cli_write_fd(export_->fd, bl_slice(export_->bytes, digits / 2), err);
    bl_json_free(&doc);
    return status;
}

static baals_status
chain_export_to(struct cli *cli, struct bl_json_writer *w, int fd, baals_error *err)
{
    struct chain_export export_ = {.cli = cli, .fd = fd, .cap = BL_RPC_MESSAGE_MAX / 2};
    struct bl_json_doc doc = {0};
    export_.bytes = bl_arena_alloc(&cli->arena, export_.cap);
    if (export_.bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for an export");
    BL_TRY(cli_connect(cli, false, err));
    baals_status status = bl_rpc_client_call(&cli->client, &doc, "export", bl_slice(NULL, 0),
                                             chain_take_chunk, &export_, err);
    if (status == BAALS_OK) {
        /* Where the export itself is the output, nothing may stand behind it. */
        if (fd != STDOUT_FILENO)
            bl_json_dump(w->out, bl_json_member(doc.root, "result"));
        bl_json_free(&doc);
    }
    return cli_disconnect(cli, status, err);
}

baals_status cli_run_export(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    const char *path = cli->args.operands[0];
    char part[BL_PATH_MAX];
    if (strcmp(path, "-") == 0)
        return chain_export_to(cli, w, STDOUT_FILENO, err);
    if (access(path, F_OK) == 0)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "%.150s is there already", path);
    int len = snprintf(part, sizeof part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof part)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the path is too long");
    int fd;
    BL_TRY(cli_open_new(&fd, part, err));
    baals_status status = chain_export_to(cli, w, fd, err);
    if (status == BAALS_OK && fsync(fd) != 0)
        status = bl_fail(err, BAALS_IO, "cannot write %.150s", part);
    if (close(fd) != 0 && status == BAALS_OK)
        status = bl_fail(err, BAALS_IO, "cannot write %.150s", part);
    /* link, unlike rename, replaces nothing that came in between. */
    if (status == BAALS_OK && link(part, path) != 0)
        status = bl_fail(err, errno == EEXIST ? BAALS_LIMIT_EXISTS : BAALS_IO, "cannot make %.150s",
                         path);
    (void)unlink(part);
    return status;
}

/* ---- import ---- */

static baals_status
chain_source(void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err)
{
    const int *fd = ctx;
    ssize_t got;
    do
        got = read(*fd, out, cap);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return bl_fail(err, BAALS_IO, "cannot read the export");
    *len_out = (size_t)got;
    return BAALS_OK;
}

/* Into a chain that is there. */
static baals_status chain_import_more(
    struct cli *cli, struct bl_json_writer *w, const char *dir, int fd, baals_error *err)
{
    baals_options options = cli_open_options(cli);
    baals_chain *chain = NULL;
    uint64_t height;
    BL_TRY(baals_open(&chain, dir, &options, err));
    baals_status status = baals_import(chain, &height, chain_source, &fd, err);
    if (status == BAALS_OK)
        status = chain_put_made(w, chain, dir, NULL, err);
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    return status == BAALS_OK ? closed : status;
}

static baals_status chain_import_new(struct cli *cli,
                                     struct bl_json_writer *w,
                                     const struct cli_staging *staging,
                                     int fd,
                                     baals_error *err)
{
    baals_options options = cli_open_options(cli);
    baals_chain *chain = NULL;
    BL_TRY(baals_import_new(&chain, staging->path, &options, chain_source, &fd, err));
    baals_status status = chain_put_made(w, chain, staging->final, NULL, err);
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    return status == BAALS_OK ? closed : status;
}

/* The authority's key into the staged folder. */
static baals_status chain_copy_key(struct cli *cli, const char *dir, baals_error *err)
{
    struct {
        baals_keypair key;
        char hex[66];
    } secret;
    const char *path;
    if (!cli_has(cli, CLI_AUTHORITY_KEY))
        return BAALS_OK;
    BL_TRY(cli_join(cli, &path, dir, "authority.key", err));
    bl_secret_lock(&secret, sizeof secret);
    baals_status status = cli_key_file(&secret.key, cli->args.values[CLI_AUTHORITY_KEY], err);
    if (status == BAALS_OK) {
        bl_hex_encode(secret.hex, secret.key.seed, sizeof secret.key.seed);
        secret.hex[64] = '\n';
        status = cli_write_new(path, bl_slice(secret.hex, 65), err);
    }
    bl_secret_unlock(&secret, sizeof secret);
    return status;
}

baals_status cli_run_import(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    const char *path = cli->args.operands[0];
    const char *dir = chain_dir(cli, 1);
    struct cli_staging staging;
    int fd = STDIN_FILENO;
    if (strcmp(path, "-") != 0)
        BL_TRY(cli_open_existing(&fd, path, err));
    baals_status status = cli_staging_begin(&staging, dir, err);
    if (status == BAALS_OK) {
        status = chain_import_new(cli, w, &staging, fd, err);
        if (status == BAALS_OK)
            status = chain_copy_key(cli, staging.path, err);
        status = cli_staging_end(cli, &staging, status, err);
    } else if (status == BAALS_LIMIT_EXISTS) {
        if (cli_has(cli, CLI_AUTHORITY_KEY))
            status = bl_fail(err, BAALS_MISUSE_ARGUMENT,
                             "--authority-key is for a new chain; there is one in %.120s", dir);
        else
            status = chain_import_more(cli, w, dir, fd, err);
    }
    if (fd != STDIN_FILENO)
        (void)close(fd);
    return status;
}
