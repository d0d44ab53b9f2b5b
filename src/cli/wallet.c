/* SPDX-License-Identifier: MIT */
/*
 * The wallet commands: keys as files, one each, made, listed, taken in and given out.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

static void
wallet_put(struct bl_json_writer *w, const char *name, const struct bl_keystore_info *info)
{
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "name", name);
    bl_jw_key(w, "address");
    bl_jw_address(w, BAALS_ADDRESS_ACCOUNT, &info->address);
    bl_jw_put_bool(w, "passphrase", info->has_passphrase);
    bl_jw_end_object(w);
}

/* The passphrase for a key that is being made; empty with --no-passphrase. */
static baals_status
wallet_new_passphrase(struct cli *cli, char *out, size_t out_size, baals_error *err)
{
    if (!cli_has(cli, CLI_NO_PASSPHRASE))
        return cli_passphrase(cli, out, out_size, true, err);
    if (cli_has(cli, CLI_PASSPHRASE_FD) || cli_has(cli, CLI_PASSPHRASE_FILE))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--no-passphrase and a passphrase are given");
    out[0] = '\0';
    return BAALS_OK;
}

/* Seals the key under `name` and writes the result. */
static baals_status wallet_store(struct cli *cli,
                                 struct bl_json_writer *w,
                                 const char *name,
                                 const baals_keypair *key,
                                 baals_error *err)
{
    const char *dir, *path;
    char passphrase[BL_PASSPHRASE_MAX];
    struct bl_buffer file;
    BL_TRY(cli_wallet_path(cli, &path, name, err));
    BL_TRY(cli_wallet_dir(cli, &dir, err));
    BL_TRY(cli_make_dirs(dir, err));
    if (access(path, F_OK) == 0)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "there is a key \"%s\" already", name);
    bl_buffer_init(&file, cli->env->alloc, BL_KEYSTORE_FILE_MAX);
    bl_secret_lock(passphrase, sizeof passphrase);
    baals_status status = wallet_new_passphrase(cli, passphrase, sizeof passphrase, err);
    if (status == BAALS_OK)
        status = bl_keystore_seal(&file, key, passphrase, err);
    if (status == BAALS_OK)
        status = cli_write_new(path, bl_buffer_slice(&file), err);
    struct bl_keystore_info info = {.address = key->address,
                                    .has_passphrase = passphrase[0] != '\0'};
    bl_secret_unlock(passphrase, sizeof passphrase);
    bl_buffer_deinit(&file);
    if (status == BAALS_OK)
        wallet_put(w, name, &info);
    return status;
}

baals_status cli_run_wallet_new(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct {
        uint8_t seed[32];
        baals_keypair key;
    } secret;
    bl_secret_lock(&secret, sizeof secret);
    bl_secret_random(secret.seed, sizeof secret.seed);
    baals_keypair_from_seed(&secret.key, secret.seed);
    baals_status status = wallet_store(cli, w, cli->args.operands[0], &secret.key, err);
    bl_secret_unlock(&secret, sizeof secret);
    return status;
}

/* From stdin, a whole line of hex. */
static baals_status wallet_read_key(const struct cli *cli, baals_keypair *key, baals_error *err)
{
    const char *path = cli->args.operands[1];
    return cli_key_file(key, strcmp(path, "-") == 0 ? "/dev/stdin" : path, err);
}

baals_status cli_run_wallet_import(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    baals_keypair key;
    bl_secret_lock(&key, sizeof key);
    baals_status status = wallet_read_key(cli, &key, err);
    if (status == BAALS_OK)
        status = wallet_store(cli, w, cli->args.operands[0], &key, err);
    bl_secret_unlock(&key, sizeof key);
    return status;
}

baals_status cli_run_wallet_export(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    const char *name = cli->args.operands[0];
    const char *path = cli->args.operands[1];
    struct {
        baals_keypair key;
        char text[66];
    } secret;
    /* The key is chosen as for signing. */
    cli->args.values[CLI_FROM] = name;
    bl_secret_lock(&secret, sizeof secret);
    baals_status status = cli_signer_key(cli, &secret.key, err);
    if (status == BAALS_OK) {
        struct bl_keystore_info info = {.address = secret.key.address, .has_passphrase = false};
        bl_hex_encode(secret.text, secret.key.seed, sizeof secret.key.seed);
        secret.text[64] = '\n';
        if (strcmp(path, "-") == 0) {
            status = cli_write_fd(STDOUT_FILENO, bl_slice(secret.text, 65), err);
        } else {
            status = cli_write_new(path, bl_slice(secret.text, 65), err);
            if (status == BAALS_OK)
                wallet_put(w, name, &info);
        }
    }
    bl_secret_unlock(&secret, sizeof secret);
    return status;
}

static baals_status
wallet_info(struct cli *cli, struct bl_keystore_info *info, const char *name, baals_error *err)
{
    const char *path;
    baals_slice file;
    BL_TRY(cli_wallet_path(cli, &path, name, err));
    baals_status status = cli_read_file(cli, &file, path, BL_KEYSTORE_FILE_MAX, err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_NOTFOUND, "there is no key \"%s\" in the wallet", name);
    BL_TRY(status);
    status = bl_keystore_read(info, file, err);
    return status == BAALS_OK ? BAALS_OK : bl_fail_context(err, status, "key \"%s\"", name);
}

baals_status cli_run_wallet_show(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bl_keystore_info info;
    BL_TRY(wallet_info(cli, &info, cli->args.operands[0], err));
    wallet_put(w, cli->args.operands[0], &info);
    return BAALS_OK;
}

struct wallet_list {
    struct cli *cli;
    struct bl_json_writer *w;
    baals_error *err;
};

static baals_status wallet_list_one(void *ctx, const char *file)
{
    struct wallet_list *list = ctx;
    struct bl_keystore_info info;
    char name[BL_PATH_MAX];
    size_t len = strlen(file);
    if (len <= 5 || len >= sizeof name || strcmp(file + len - 5, ".json") != 0)
        return BAALS_OK;
    memcpy(name, file, len - 5);
    name[len - 5] = '\0';
    BL_TRY(wallet_info(list->cli, &info, name, list->err));
    wallet_put(list->w, name, &info);
    return BAALS_OK;
}

baals_status cli_run_wallet_list(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct wallet_list list = {.cli = cli, .w = w, .err = err};
    const char *dir;
    BL_TRY(cli_wallet_dir(cli, &dir, err));
    bl_jw_begin_array(w);
    baals_status status = bl_env_list_dir(cli->env, dir, wallet_list_one, &list, err);
    bl_jw_end_array(w);
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}
