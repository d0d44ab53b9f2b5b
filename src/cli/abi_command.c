/* SPDX-License-Identifier: MIT */
/*
 * Where commands meet descriptions: `baals abi`, help about a contract, typed arguments. What comes
 * back is abi_result.c's.
 */
#include <stdio.h>
#include <string.h>

#include "cli/abi_result.h"
#include "cli/abi_show.h"
#include "cli/abi_value.h"
#include "cli/cli_internal.h"

#define COMMAND_TEXT_MAX ((size_t)4 * 1024 * 1024)

/* ---- the description of a contract of the chain ---- */

/* The module of the contract at an address. NOTFOUND. */
static baals_status
command_module(struct cli *cli, baals_slice *out, const baals_address *address, baals_error *err)
{
    struct bl_json_doc doc = {0};
    const struct bl_json *answer;
    struct bl_json_writer p;
    struct bl_buffer params;
    baals_hash hash;
    bl_buffer_init(&params, cli->env->alloc, BL_RPC_MESSAGE_MAX);
    bl_jw_init(&p, &params);
    bl_jw_begin_object(&p);
    bl_jw_key(&p, "contract");
    bl_jw_address(&p, BAALS_ADDRESS_CONTRACT, address);
    bl_jw_end_object(&p);
    baals_status status = cli_rpc(cli, &doc, &answer, "contract_get", &params, err);
    if (status == BAALS_OK) {
        const char *text = bl_json_text(bl_json_member(answer, "code_hash"));
        status = baals_hash_parse(&hash, text == NULL ? "" : text, err);
        bl_json_free(&doc);
    }
    bl_buffer_clear(&params);
    bl_jw_init(&p, &params);
    bl_jw_begin_object(&p);
    if (status == BAALS_OK)
        bl_jw_put_hash(&p, "code_hash", &hash);
    bl_jw_end_object(&p);
    if (status == BAALS_OK)
        status = cli_rpc(cli, &doc, &answer, "code_get", &params, err);
    if (status == BAALS_OK) {
        status = cli_abi_hex(cli, out, bl_json_member(answer, "code"), err);
        bl_json_free(&doc);
    }
    bl_buffer_deinit(&params);
    return status;
}

baals_status cli_abi_of(struct cli *cli,
                        const struct cli_abi **out,
                        const baals_address *address,
                        baals_error *err)
{
    struct cli_abi_module *module;
    baals_slice code;
    *out = NULL;
    if (cli_has(cli, CLI_RAW))
        return BAALS_OK;
    for (size_t i = 0; i < cli->abi_count; i++) {
        if (bl_address_equal(&cli->abis[i].address, address)) {
            *out = cli->abis[i].abi;
            return BAALS_OK;
        }
    }
    baals_status status = command_module(cli, &code, address, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    module = bl_arena_zero(&cli->arena, 1, sizeof *module);
    if (module == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a description");
    status = cli_abi_decode_module(module, &cli->arena, code, err);
    if (status != BAALS_OK)
        return bl_fail_context(err, status, "the contract's description (--raw does without)");
    if (module->has_abi)
        *out = &module->abi;
    if (cli->abi_count < CLI_ABI_CACHE)
        cli->abis[cli->abi_count++] = (struct cli_abi_known){*address, *out};
    return BAALS_OK;
}

/* ---- arguments ---- */

/* The words of a method in the arena. */
static baals_status command_encode(struct cli *cli,
                                   baals_slice *out,
                                   const struct cli_abi *abi,
                                   const struct cli_abi_method *method,
                                   const struct cli_words *words,
                                   baals_error *err)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, cli->env->alloc, BL_TX_BYTES_MAX);
    baals_status status = cli_abi_arguments(&buffer, abi, method, words->items, words->count, err);
    if (status == BAALS_OK && !bl_arena_copy(out, &cli->arena, bl_buffer_slice(&buffer)))
        status = bl_fail(err, BAALS_NOMEM, "no memory for the arguments");
    bl_buffer_deinit(&buffer);
    return status;
}

/* Methods by name but for those that only the host calls. */
static const struct cli_abi_method *command_callable(const struct cli_abi *abi, const char *name)
{
    if (strcmp(name, "init") == 0 || strcmp(name, "migrate") == 0 || strcmp(name, "receive") == 0)
        return NULL;
    return cli_abi_method_find(abi, name);
}

static baals_status command_no_method(const struct cli_abi *abi, const char *name, baals_error *err)
{
    char list[140] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < abi->method_count && used < sizeof list; i++) {
        if (command_callable(abi, abi->methods[i].name) != NULL)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ",
                                     abi->methods[i].name);
    }
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the contract has no method \"%.40s\"; it has %s",
                   name, used == 0 ? "none" : list);
}

baals_status cli_abi_call(struct cli *cli,
                          baals_slice *out,
                          const struct cli_abi *abi,
                          const char *name,
                          const struct cli_words *words,
                          baals_error *err)
{
    uint64_t value;
    if (abi == NULL)
        return cli_call_arguments(cli, out, words->items, words->count, err);
    const struct cli_abi_method *method = command_callable(abi, name);
    if (method == NULL)
        return command_no_method(abi, name, err);
    BL_TRY(cli_option_u64(cli, &value, CLI_VALUE, 0, err));
    if (value > 0 && method->kind != CLI_ABI_PAYABLE) {
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "--value: method %s is not payable, it was given %llu", name,
                       (unsigned long long)value);
    }
    return command_encode(cli, out, abi, method, words, err);
}

baals_status cli_abi_deploy(struct cli *cli,
                            struct cli_deploy *out,
                            baals_slice code,
                            const struct cli_words *words,
                            baals_error *err)
{
    struct cli_abi_module *module = bl_arena_zero(&cli->arena, 1, sizeof *module);
    uint64_t value;
    if (module == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a description");
    if (!cli_has(cli, CLI_RAW))
        BL_TRY(cli_abi_decode_module(module, &cli->arena, code, err));
    if (module->has_interface && module->interface != CLI_ABI_INTERFACE) {
        return bl_fail(err, BAALS_REJECT_CODE,
                       "the module is made for host interface %llu, this is version %u",
                       (unsigned long long)module->interface, CLI_ABI_INTERFACE);
    }
    out->abi = module->has_abi ? &module->abi : NULL;
    out->has_args = words->count > 0;
    if (out->abi == NULL)
        return out->has_args ? cli_call_arguments(cli, &out->args, words->items, words->count, err)
                             : BAALS_OK;
    const struct cli_abi_method *init = cli_abi_method_find(out->abi, "init");
    BL_TRY(cli_option_u64(cli, &value, CLI_VALUE, 0, err));
    if (init == NULL && words->count > 0) {
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "--arg \"%.40s\": the contract has no init, it takes no arguments",
                       words->items[0]);
    }
    if (value > 0 && init != NULL && init->kind != CLI_ABI_PAYABLE) {
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "--value: init is not payable, it was given %llu",
                       (unsigned long long)value);
    }
    if (init == NULL || cli_has(cli, CLI_INIT))
        return BAALS_OK;
    out->has_args = true;
    return command_encode(cli, &out->args, out->abi, init, words, err);
}

/* ---- help and `baals abi` ---- */

static baals_status
command_help_of(struct cli *cli, struct bl_buffer *out, const char *wanted, baals_error *err)
{
    baals_address address;
    const struct cli_abi *abi;
    BL_TRY(cli_address(&address, cli->args.operands[0], "CONTRACT", err));
    BL_TRY(cli_abi_of(cli, &abi, &address, err));
    if (abi == NULL)
        return bl_fail(err, BAALS_NOTFOUND, "the contract does not describe its methods");
    if (wanted != NULL && command_callable(abi, wanted) == NULL)
        return command_no_method(abi, wanted, err);
    if (abi->doc[0] != '\0') {
        bl_buffer_append(out, abi->doc, strlen(abi->doc));
        bl_buffer_append(out, "\n\n", 2);
    }
    for (uint32_t i = 0; i < abi->method_count; i++) {
        const struct cli_abi_method *method = &abi->methods[i];
        bool shown = wanted == NULL || strcmp(method->name, wanted) == 0;
        if (shown && command_callable(abi, method->name) != NULL)
            cli_abi_show_method(out, method);
    }
    cli_abi_show_structs(out, abi);
    return bl_buffer_status(out, err);
}

bool cli_abi_help_is_about_contract(const struct cli_args *args)
{
    baals_address address;
    baals_address_kind kind;
    const char *name = args->command == NULL ? "" : args->command->name;
    return (strcmp(name, "call") == 0 || strcmp(name, "query") == 0 ||
            strcmp(name, "simulate call") == 0) &&
           args->operand_count > 0 &&
           baals_address_parse(&address, &kind, args->operands[0], NULL) == BAALS_OK;
}

baals_status cli_abi_help(struct cli *cli, struct bl_buffer *out, baals_error *err)
{
    const char *wanted = cli->args.operand_count > 1 ? cli->args.operands[1] : NULL;
    BL_TRY(cli_connect(cli, false, err));
    return cli_disconnect(cli, command_help_of(cli, out, wanted, err), err);
}

static baals_status command_show(struct cli *cli,
                                 struct bl_json_writer *w,
                                 const struct cli_abi_module *module,
                                 baals_error *err)
{
    struct bl_buffer text;
    if (cli_has(cli, CLI_JSON)) {
        cli_abi_show_json(w, module);
        return bl_buffer_status(w->out, err);
    }
    if (!module->has_abi)
        return bl_fail(err, BAALS_NOTFOUND, "the contract does not describe its methods");
    bl_buffer_init(&text, cli->env->alloc, COMMAND_TEXT_MAX);
    cli_abi_show_text(&text, module);
    baals_status status = bl_buffer_status(&text, err);
    if (status == BAALS_OK)
        status = cli_write_fd(1, bl_buffer_slice(&text), err);
    bl_buffer_deinit(&text);
    return status;
}

baals_status cli_run_abi(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    const char *which = cli->args.operands[0];
    struct cli_abi_module module = {0};
    baals_address address;
    baals_address_kind kind;
    baals_slice code = {NULL, 0};
    if (baals_address_parse(&address, &kind, which, NULL) == BAALS_OK) {
        BL_TRY(cli_connect(cli, false, err));
        BL_TRY(cli_disconnect(cli, command_module(cli, &code, &address, err), err));
    } else {
        BL_TRY(cli_read_file(cli, &code, which, BL_CODE_BYTES_MAX, err));
    }
    BL_TRY(cli_abi_decode_module(&module, &cli->arena, code, err));
    return command_show(cli, w, &module, err);
}
