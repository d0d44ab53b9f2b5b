/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_LEDGER_LIB_H
#define BL_TESTS_LIB_LEDGER_LIB_H
/*
 * A chain in memory for the tests of the ledger: genesis applied, blocks applied and pushed as
 * layers. Every block goes both ways (produced, then verified from its bytes) and its state root is
 * recomputed from the flat records.
 *
 *   struct ledger_genesis genesis;
 *   ledger_genesis_init(&genesis);
 *   struct ledger_lib *fx = ledger_open(&genesis);
 *   baals_receipt receipt = ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(2), 5));
 *   ledger_close(fx);
 *
 * Key n is the one of the seed of 32 bytes n + 1. Key 0 is the first authority; keys 1 to 3 have
 * LEDGER_RICH each at genesis. In test programs that link the ledger module.
 */
#include "ledger/ledger_internal.h"
#include "testlib.h"

#define LEDGER_RICH 1000000000000ull
#define LEDGER_START_MS 1700000000000ull

struct ledger_genesis {
    baals_genesis genesis;
    baals_address authorities[BL_AUTHORITIES_MAX];
    baals_genesis_balance balances[16];
    baals_genesis_contract contracts[4];
    baals_slice modules[4];
};

struct ledger_lib {
    struct bl_env *env;
    struct testlib_faulty_alloc memory;
    struct bl_store *store;
    baals_consensus *consensus;
    baals_contract_engine *contracts;
    struct bl_ledger ledger;
    struct bl_arena arena; /* of everything below, and of what tests make */
    baals_slice genesis_bytes;
    baals_header headers[4096]; /* by index */
    baals_hash tip_hash;
    uint64_t height;
    struct bl_applied last; /* the newest block */
    baals_slice last_bytes; /* that block, sealed */
    baals_error err;
};

/* ---- keys ---- */

baals_keypair ledger_key(unsigned number);
baals_address ledger_address(unsigned number);
/* An address of 32 equal bytes: nobody's, for money to go to. */
baals_address ledger_stranger(uint8_t fill);

/* ---- genesis ---- */

/* One authority, key 0; slots of 1,000 ms; everything else as baals_genesis_defaults. */
void ledger_genesis_init(struct ledger_genesis *g);
/* Keys 0 to count - 1. */
void ledger_genesis_authorities(struct ledger_genesis *g, unsigned count);
void ledger_genesis_balance(struct ledger_genesis *g, const baals_address *to, uint64_t amount);
/* `module` lives as long as `g`; `init` NULL: none. */
void ledger_genesis_contract(struct ledger_genesis *g,
                             const char *name,
                             baals_slice module,
                             const baals_slice *init);

/* ---- the chain ---- */

/* malloc'ed. ledger_open fails the test when the genesis is refused. */
struct ledger_lib *ledger_open(const struct ledger_genesis *g);
/* The same, but gives the status of bl_ledger_apply_genesis and the error in *err_out. */
baals_status ledger_try_genesis(const struct ledger_genesis *g, baals_error *err_out);
/* Also checks that no memory is left. */
void ledger_close(struct ledger_lib *fx);

struct bl_view *ledger_view(struct ledger_lib *fx);
/* The header after the tip: 1,000 ms later, of the proposer whose turn that is. */
baals_header ledger_next_header(struct ledger_lib *fx);
/* The header of a block and its transactions as sealed bytes in the arena. */
baals_slice ledger_seal(struct ledger_lib *fx,
                        const baals_header *header,
                        const baals_tx *const *txs,
                        size_t count);
/* bl_ledger_check_block on the tip. *txs_out may be NULL. */
baals_status ledger_check(struct ledger_lib *fx, baals_slice block, baals_tx **txs_out);
/* The same, with transactions that are known good. */
baals_status ledger_check_known(struct ledger_lib *fx,
                                baals_slice block,
                                baals_tx **txs_out,
                                bl_ledger_known known,
                                void *known_ctx);
/* Applies without keeping anything but what lies in the arena. `verdicts` may be NULL. */
baals_status ledger_apply(struct ledger_lib *fx,
                          struct bl_applied *out,
                          enum bl_apply_mode mode,
                          const baals_header *header,
                          const baals_tx *const *txs,
                          size_t count,
                          baals_status *verdicts);
/* Makes what was applied the newest block; its state root is recomputed from the flat records. */
void ledger_push(struct ledger_lib *fx, const struct bl_applied *applied);
/* Makes, checks and pushes the next block; every transaction must be included. fx->last is it. */
void ledger_block(struct ledger_lib *fx, const baals_tx *const *txs, size_t count);
/* A block of one transaction; its receipt. */
baals_receipt ledger_run(struct ledger_lib *fx, const baals_tx *tx);
/* The receipt of a transaction of the newest block. */
baals_receipt ledger_receipt(const struct ledger_lib *fx, size_t place);
/* The verdict on a transaction alone in the next block, the same in both modes; when it is a REJECT
 * the state root must not have changed. Nothing is pushed. */
baals_status ledger_verdict(struct ledger_lib *fx, const baals_tx *tx);

/* ---- reading the state ---- */

struct bl_account ledger_account(struct ledger_lib *fx, const baals_address *address);
bool ledger_has_account(struct ledger_lib *fx, const baals_address *address);
uint64_t ledger_balance(struct ledger_lib *fx, const baals_address *address);
uint64_t ledger_meta(struct ledger_lib *fx, const char *name);
/* How many names of `meta` begin with the prefix. */
size_t ledger_meta_count(struct ledger_lib *fx, const char *prefix);
/* Writes a record straight into the state, as no block could: a layer on top of the tip. */
void ledger_force_account(struct ledger_lib *fx,
                          const baals_address *address,
                          const struct bl_account *account);

/* ---- transactions ---- */

/* Kind and nonce; gas limit 1,000,000 at price 1. */
baals_tx ledger_fields(const struct ledger_lib *fx, baals_tx_kind kind, uint64_t nonce);
/* Signed by key `signer`, decoded, in the arena. */
const baals_tx *ledger_sign(struct ledger_lib *fx, unsigned signer, const baals_tx *fields);
const baals_tx *ledger_transfer(
    struct ledger_lib *fx, unsigned signer, uint64_t nonce, baals_address to, uint64_t amount);
const baals_tx *ledger_call(struct ledger_lib *fx,
                            unsigned signer,
                            uint64_t nonce,
                            baals_address contract,
                            const char *method,
                            uint64_t amount);
const baals_tx *ledger_deploy(struct ledger_lib *fx,
                              unsigned signer,
                              uint64_t nonce,
                              baals_slice code,
                              const baals_slice *init,
                              uint64_t amount);
/* At gas price 0. */
const baals_tx *
ledger_system(struct ledger_lib *fx, unsigned signer, uint64_t nonce, const struct bl_sysop *op);
/* Payloads, in the arena. */
baals_slice ledger_call_payload(struct ledger_lib *fx, const char *method, baals_slice args);
baals_slice ledger_deploy_payload(struct ledger_lib *fx, baals_slice code, const baals_slice *init);
baals_slice ledger_system_payload(struct ledger_lib *fx, const struct bl_sysop *op);
struct bl_sysop ledger_param_op(uint64_t epoch, enum bl_param param, uint64_t value);
/* Authorities: the keys whose numbers are given. */
struct bl_sysop ledger_authorities_op(uint64_t epoch, const unsigned *keys, size_t count);

/* ---- contracts ---- */

/*
 * A module that does one thing per method. `set`, `init` and `receive` write storage and log an
 * event with the value; `set` outputs 8 bytes. `init` reverts when its argument is one byte long.
 * `revert`, `trap`, `spin` (out of gas), `deep` (out of stack), `long_key` (LIMIT); `note` logs.
 * The slice is malloc'ed; free it with ledger_free.
 */
baals_slice ledger_worker_code(void);
/* A module without init and receive: `get` outputs nothing. */
baals_slice ledger_plain_code(void);
void ledger_free(baals_slice code);

/* An engine that does what it is told. */
struct ledger_fake_engine {
    baals_contract_engine base;
    baals_status check_status;   /* of check_code */
    baals_status execute_status; /* local status of execute */
    baals_receipt_status result; /* of an execution */
    uint64_t gas_used;
    unsigned executions;
    baals_execution seen; /* the last one */
};
void ledger_fake_engine_init(struct ledger_fake_engine *engine);

#endif /* BL_TESTS_LIB_LEDGER_LIB_H */
