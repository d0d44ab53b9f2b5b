/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_CHAIN_LIB_H
#define BL_TESTS_LIB_CHAIN_LIB_H
/*
 * Whole chains for tests: keys and genesis that follow from numbers, a clock that stands still
 * until the test moves it, a file system in memory that outlives the chain in it, and short ways to
 * make transactions and blocks.
 *
 *   struct chain_genesis genesis;
 *   struct chain_node node;
 *   chain_genesis_init(&genesis, 1);
 *   chain_node_init(&node, &genesis, 0);
 *   chain_node_open(&node);
 *   struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 5);
 *   chain_submit(&node, &tx);
 *   assert_true(chain_produce(&node));
 *   chain_node_deinit(&node);
 *
 * Key n is the one of the seed of 32 bytes n + 1. Keys 0 to 7 have CHAIN_RICH each at genesis; keys
 * 0 to authorities - 1 are the authorities.
 */
#include <stdatomic.h>

#include "runtime/runtime_internal.h"
#include "testlib.h"

#define CHAIN_RICH 1000000000000ull
#define CHAIN_START_MS 1700000000000ull
#define CHAIN_SLOT_MS 1000ull
#define CHAIN_DIR "/data"

/* ---- the clock ---- */

/* An env that passes everything on, but says the time it was told. Closing it does nothing. */
struct chain_clock {
    struct bl_env env; /* give &clock.env to the code under test */
    struct bl_env *real;
    _Atomic uint64_t now_ms;
    _Atomic uint64_t full; /* not 0: the disk is full, every write fails with IO_FULL */
};
void chain_clock_init(struct chain_clock *clock, struct bl_env *real);

/* ---- genesis and keys ---- */

struct chain_genesis {
    baals_genesis genesis;
    baals_address authorities[8];
    baals_genesis_balance balances[8];
    baals_genesis_contract contract;
    baals_slice module; /* of the counter, malloc'ed; empty: none */
    uint8_t bytes[4096];
    size_t len;
    baals_hash chain_id;
};
baals_keypair chain_key(unsigned number);
baals_address chain_address(unsigned number);
void chain_genesis_init(struct chain_genesis *g, unsigned authorities);
/* Adds the contract "counter": method `add` counts in its storage, emits an event and outputs the
 * count (8 bytes), `get` outputs it, `fail` adds and traps. Needs wat2wasm. */
void chain_genesis_counter(struct chain_genesis *g);
baals_address chain_counter_id(void);
/* Encodes after changes to g->genesis. */
void chain_genesis_encode(struct chain_genesis *g);
void chain_genesis_deinit(struct chain_genesis *g);

/* ---- chains ---- */

struct chain_node {
    const struct chain_genesis *genesis;
    struct bl_env *disk; /* owned */
    struct chain_clock clock;
    struct bl_env *env; /* what chains are opened in: &clock.env, or a test's env around it */
    char path[256];
    baals_options options; /* for opening; genesis and CREATE are set */
    baals_keypair key;
    baals_chain *chain; /* NULL: closed */
    baals_error err;
};
/* With a disk in memory; key `authority` seals. */
void chain_node_init(struct chain_node *node, const struct chain_genesis *g, unsigned authority);
/* In a new folder of the real file system, with lmdb. */
void chain_node_init_real(struct chain_node *node,
                          const struct chain_genesis *g,
                          unsigned authority,
                          const char *name);
void chain_node_deinit(struct chain_node *node); /* closes an open chain */
baals_status chain_node_try_open(struct chain_node *node);
void chain_node_open(struct chain_node *node);
void chain_node_close(struct chain_node *node);
/* Forgets the chain as kill -9 would: nothing more is written. */
void chain_node_kill(struct chain_node *node);
/* Of the closed chain. */
baals_status chain_node_verify(struct chain_node *node, baals_verify_report *out, uint32_t flags);

/* ---- transactions and blocks ---- */

struct chain_tx {
    uint8_t bytes[2048];
    size_t len;
    baals_hash id;
};
struct chain_tx chain_sign(const struct chain_genesis *g, unsigned key, const baals_tx *fields);
/* Gas price 1. */
struct chain_tx chain_transfer(const struct chain_genesis *g,
                               unsigned from,
                               uint64_t nonce,
                               baals_address to,
                               uint64_t amount);
/* A transfer of 1 to key 7 with another gas price. */
struct chain_tx
chain_priced(const struct chain_genesis *g, unsigned from, uint64_t nonce, uint64_t gas_price);
/* A call of the counter. */
struct chain_tx
chain_call(const struct chain_genesis *g, unsigned from, uint64_t nonce, const char *method);

baals_status chain_try_submit(struct chain_node *node, const struct chain_tx *tx);
void chain_submit(struct chain_node *node, const struct chain_tx *tx);
/* True when a block was made. Fails the test on an error. */
bool chain_produce(struct chain_node *node);
/* Moves the clock to the next slot of the node's key and makes a block there. */
void chain_produce_in_slot(struct chain_node *node);
/* Moves the clock into the given slot. */
void chain_set_slot(struct chain_node *node, uint64_t slot);

baals_chain_info chain_info(struct chain_node *node);
/* Gives `to` the block at `height` of `from`, with a clock that is not behind it. */
baals_status chain_copy_block(struct chain_node *to, struct chain_node *from, uint64_t height);
/* Gives `to` every block of `from` it does not know, from height `first`; fails the test on
 * anything but OK and LIMIT_KNOWN. */
void chain_copy_from(struct chain_node *to, struct chain_node *from, uint64_t first);
uint64_t chain_balance(struct chain_node *node, baals_address address);
/* The whole export, malloc'ed. */
uint8_t *chain_export(baals_chain *chain, size_t *len_out);
/* An import source over bytes. */
struct chain_source {
    const uint8_t *data;
    size_t len;
};
baals_status
chain_source_next(void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err);

#endif /* BL_TESTS_LIB_CHAIN_LIB_H */
