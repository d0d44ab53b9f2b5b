/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_CLI_INTERNAL_H
#define BL_CLI_CLI_INTERNAL_H
/*
 * What the commands share: one run of the program, its files, keys and connection to a chain.
 */
#include "cli/cli.h"
#include "cli/options.h"
#include "rpc/rpc.h"

/* Largest file that is read whole: a module, a genesis, a key. */
#define CLI_FILE_MAX ((size_t)16 * 1024 * 1024)

struct cli_abi;

/* Contracts whose descriptions a run remembers. */
#define CLI_ABI_CACHE 64u

struct cli_abi_known {
    baals_address address;
    const struct cli_abi *abi; /* NULL: it has none */
};

/* Words of the command line that are arguments. */
struct cli_words {
    const char *const *items;
    size_t count;
};

/* One run. */
struct cli {
    struct bl_env *env;
    struct bl_arena arena; /* everything a run allocates */
    struct cli_args args;
    char dir[BL_PATH_MAX]; /* the data directory */
    /* The connection, once cli_connect has made it. */
    bool connected;
    baals_chain *chain; /* NULL: through a node's socket */
    struct bl_rpc_client client;
    struct cli_abi_known abis[CLI_ABI_CACHE];
    size_t abi_count;
    /* Of the contract that the run's transaction makes or calls; NULL without a description. */
    const struct cli_abi *abi;
    const char *method; /* the method it calls, else NULL */
    bool says_no;       /* all went well, and the answer is no: exit code 1 */
};

bool cli_has(const struct cli *cli, enum cli_option_id id);
/* A line on stderr unless --quiet. */
__attribute__((format(printf, 2, 3))) void cli_note(const struct cli *cli, const char *format, ...);

/* The value of an option as a number; `absent` when it is not given. MISUSE_ARGUMENT. */
baals_status cli_option_u64(
    const struct cli *cli, uint64_t *out, enum cli_option_id id, uint64_t absent, baals_error *err);
/* The option --headers as keep_headers of baals_options. MISUSE_ARGUMENT. */
baals_status cli_option_headers(const struct cli *cli, int32_t *out, baals_error *err);
/* A decimal number from 0 to 2^64-1; `what` names it in the error. */
baals_status cli_number(uint64_t *out, const char *text, const char *what, baals_error *err);
/* An address of any kind. */
baals_status cli_address(baals_address *out, const char *text, const char *what, baals_error *err);

/* ---- files (files.c) ---- */

/* A whole file into the arena; "-" is stdin. One NUL stands behind the bytes. */
baals_status
cli_read_file(struct cli *cli, baals_slice *out, const char *path, size_t max, baals_error *err);
/* A file that holds a secret into locked memory of the caller, with a NUL behind: refused when
 * others may read it. LIMIT when it does not fit. */
baals_status
cli_read_secret(char *out, size_t out_size, size_t *len_out, const char *path, baals_error *err);
/* A new file of mode 0600; LIMIT_EXISTS when there is one. */
baals_status cli_write_new(const char *path, baals_slice bytes, baals_error *err);
/* The same, left open for writing; and an existing file, open for reading. */
baals_status cli_open_new(int *fd_out, const char *path, baals_error *err);
baals_status cli_open_existing(int *fd_out, const char *path, baals_error *err);
/* The folder and its parents, mode 0700. */
baals_status cli_make_dirs(const char *path, baals_error *err);
/* A new folder that others may look into, as the umask says; LIMIT_EXISTS when there is one. */
baals_status cli_make_project_dir(const char *path, baals_error *err);
/* A new file in such a folder, with the folders it needs. `mode` is before the umask. */
baals_status
cli_write_project(const char *path, baals_slice bytes, unsigned mode, baals_error *err);
/* Removes a folder that this run made, with everything in it. */
void cli_remove_tree(const char *path);
/* "dir/name" in the arena. */
baals_status
cli_join(struct cli *cli, const char **out, const char *dir, const char *name, baals_error *err);

/*
 * A data directory in the making: it is built beside its place and moved there when it is whole, so
 * that whatever happens there is a chain or nothing. An empty folder that exists already is filled
 * in place and emptied again on failure.
 */
struct cli_staging {
    char final[BL_PATH_MAX];
    char path[BL_PATH_MAX]; /* where to build */
    bool in_place;
};
/* LIMIT_EXISTS for a folder with a chain, CORRUPT_FOREIGN for one with anything else. */
baals_status cli_staging_begin(struct cli_staging *staging, const char *dir, baals_error *err);
/* Moves it into place when `status` is OK, else removes it; returns the status of both. */
baals_status cli_staging_end(struct cli *cli,
                             struct cli_staging *staging,
                             baals_status status,
                             baals_error *err);

/* ---- the chain (connect.c) ---- */

/* Opens the data directory, or connects to the node that owns it. With `produce` blocks are made in
 * this process when it has the authority's key. */
baals_status cli_connect(struct cli *cli, bool produce, baals_error *err);
/* Ends what cli_connect began; a failure to close is returned when `status` is OK. */
baals_status cli_disconnect(struct cli *cli, baals_status status, baals_error *err);
/* Calls a method; *result borrows from the response, which the run keeps in *doc until
 * bl_json_free. `params` is the text of a JSON object or empty. */
baals_status cli_rpc(struct cli *cli,
                     struct bl_json_doc *doc,
                     const struct bl_json **result,
                     const char *method,
                     const struct bl_buffer *params,
                     baals_error *err);
/* Calls a method and makes its result the command's. */
baals_status cli_rpc_result(struct cli *cli,
                            struct bl_json_writer *w,
                            const char *method,
                            const struct bl_buffer *params,
                            baals_error *err);
/* The key of the data directory's authority; *has_out false when there is no file. */
baals_status cli_authority_key(
    struct cli *cli, baals_keypair *key_out, bool *has_out, const char *dir, baals_error *err);
/* Reads a key file: 64 hex digits and a line end, mode 0600. The key is in locked memory of the
 * caller (cli_secret_lock). */
baals_status cli_key_file(baals_keypair *key_out, const char *path, baals_error *err);
/* Options for opening with the log on stderr. */
baals_options cli_open_options(struct cli *cli);
/* Progress of long work, on a terminal only. */
void cli_progress(void *ctx, const char *what, uint64_t done, uint64_t total);

/* ---- keys (signer.c, wallet.c) ---- */

/* The folder of keys: --wallet, XDG_DATA_HOME, HOME. */
baals_status cli_wallet_dir(struct cli *cli, const char **out, baals_error *err);
/* The key file's path; MISUSE_ARGUMENT for a name that is none. */
baals_status cli_wallet_path(struct cli *cli, const char **out, const char *name, baals_error *err);
/* The passphrase from --passphrase-fd, --passphrase-file or the terminal, into a buffer of locked
 * memory; `twice` asks for it again. */
baals_status
cli_passphrase(struct cli *cli, char *out, size_t out_size, bool twice, baals_error *err);
/* Whose transactions --from, --key or the wallet's only key sign. */
baals_status cli_signer_address(struct cli *cli, baals_address *out, baals_error *err);
/* Its key pair, asking for the passphrase where one is set. The caller has locked *out. */
baals_status cli_signer_key(struct cli *cli, baals_keypair *out, baals_error *err);

/* ---- calls (transact.c) ---- */

/* The arguments of a call in the arena: words as one CBOR array, or a single 0xHEX or @FILE as it
 * is. */
baals_status cli_call_arguments(
    struct cli *cli, baals_slice *out, const char *const *words, size_t count, baals_error *err);
/* OK, or the TRAP status of the "error" member of what a transaction or query gave. */
baals_status cli_contract_failure(const struct bl_json *result, baals_error *err);

/* ---- descriptions of contracts (abi_command.c) ---- */

/* What a deploy takes from the module and the words behind --arg. */
struct cli_deploy {
    const struct cli_abi *abi; /* NULL: the module has none */
    bool has_args;
    baals_slice args;
};

/* The description of the contract at an address, over the connection; NULL when there is no
 * contract, it has none, or --raw is given. REJECT_CODE when it cannot be read. */
baals_status cli_abi_of(struct cli *cli,
                        const struct cli_abi **out,
                        const baals_address *address,
                        baals_error *err);
/* The arguments of a call by the method's types, or without a description as raw words. */
baals_status cli_abi_call(struct cli *cli,
                          baals_slice *out,
                          const struct cli_abi *abi,
                          const char *name,
                          const struct cli_words *words,
                          baals_error *err);
/* The arguments of init, and whether the module fits this version's host interface. */
baals_status cli_abi_deploy(struct cli *cli,
                            struct cli_deploy *out,
                            baals_slice code,
                            const struct cli_words *words,
                            baals_error *err);
/* Writes the result of a transaction or query with what the descriptions say about output, events
 * and revert. `abi` may be NULL; `method` is NULL for anything but a call. Returns what
 * cli_contract_failure says. */
baals_status cli_abi_result(struct cli *cli,
                            struct bl_json_writer *w,
                            const struct bl_json *result,
                            const struct cli_abi *abi,
                            const char *method,
                            baals_error *err);
/* Whether --help stands behind a command and a contract's address; and the help then. */
bool cli_abi_help_is_about_contract(const struct cli_args *args);
baals_status cli_abi_help(struct cli *cli, struct bl_buffer *out, baals_error *err);

/* ---- genesis (genesis_json.c) ---- */

/* A genesis file as it was read, everything in the arena. `files` are the contracts' paths. */
struct cli_genesis {
    baals_genesis genesis;
    const char **files;
};
/* REJECT_GENESIS with the field's name for everything that is not as docs/spec/genesis.md says. */
baals_status cli_genesis_parse(struct cli_genesis *out,
                               struct bl_arena *arena,
                               baals_slice text,
                               baals_error *err);
/* Appends the file's text. */
void cli_genesis_write(struct bl_buffer *out, const struct cli_genesis *genesis);

/* ---- output (output.c) ---- */

/* Appends a result as lines of "name  value". */
void cli_print_text(struct bl_buffer *out, const struct bl_json *value);
/* {"error": {"code", "message", "hint"}} */
void cli_print_error_json(struct bl_buffer *out, baals_status status, const baals_error *error);
/* "error E-CODE: message" and "hint: ..." */
void cli_print_error_text(struct bl_buffer *out, baals_status status, const baals_error *error);
/* What to do about a status; NULL when there is nothing to say. */
const char *cli_hint(baals_status status);
int cli_exit_code(baals_status status);
/* The status with this stable code ("E-NONCE"); BAALS_INTERNAL when there is none. */
baals_status cli_status_from_code(const char *code);
/* All of it to a descriptor. */
baals_status cli_write_fd(int fd, baals_slice bytes, baals_error *err);

/* ---- the commands ---- */

baals_status cli_run_init(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_start(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_send(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_deploy(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_call(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_query(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_simulate_send(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_simulate_deploy(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_simulate_call(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_block(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_header(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_tx(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_account(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_contract(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_receipt(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_inspect_chain(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_events(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_wallet_new(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_wallet_list(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_wallet_show(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_wallet_import(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_wallet_export(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_verify(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_repair(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_prune(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_export(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_import(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_prove(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_abi(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_new_contract(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_bench(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_test(struct cli *cli, struct bl_json_writer *w, baals_error *err);
baals_status cli_run_verify_proof(struct cli *cli, struct bl_json_writer *w, baals_error *err);

#endif /* BL_CLI_CLI_INTERNAL_H */
