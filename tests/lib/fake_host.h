/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_FAKE_HOST_H
#define BL_TESTS_LIB_FAKE_HOST_H
/*
 * The state a contract engine needs, as sorted arrays in memory: for tests of the engine alone.
 * Addresses of tests are one byte repeated: fake_address(0xaa).
 */
#include "testlib.h"

#include "baals/ext/contract.h"

#define FAKE_ENTRIES_MAX 512u
#define FAKE_ACCOUNTS_MAX 64u
#define FAKE_EVENTS_MAX 100u
#define FAKE_CHECKPOINTS_MAX 32u
#define FAKE_CODES_MAX 256u

struct fake_entry {
    baals_address contract;
    baals_slice key;
    baals_slice value;
};

struct fake_account {
    baals_address address;
    uint64_t balance;
    bool has_code;
    baals_hash code_hash;
    baals_address creator; /* by code_set */
};

/* What checkpoints save. */
struct fake_state {
    struct fake_entry entries[FAKE_ENTRIES_MAX]; /* ascending by contract and key */
    size_t entry_count;
    struct fake_account accounts[FAKE_ACCOUNTS_MAX];
    size_t account_count;
    baals_event events[FAKE_EVENTS_MAX];
    size_t event_count;
};

struct fake_host {
    baals_contract_host base;
    struct bl_arena arena; /* every slice of the state */
    struct fake_state state;
    struct fake_state *saved[FAKE_CHECKPOINTS_MAX];
    uint32_t saved_count;
    struct {
        baals_hash hash;
        baals_slice code;
    } codes[FAKE_CODES_MAX];
    size_t code_count;
    char log[512]; /* the last line */
    int32_t log_level;
    uint64_t operations; /* counted calls that may fail */
    uint64_t fail_at;    /* the k-th of them is IO; 0: none */
};

void fake_host_init(struct fake_host *host);
void fake_host_deinit(struct fake_host *host);

baals_address fake_address(uint8_t byte);
/* The record of an address, made when it is not there. */
struct fake_account *fake_account(struct fake_host *host, uint8_t byte);
/* A contract at the address; the code is copied. */
void fake_deploy(struct fake_host *host, uint8_t byte, const uint8_t *code, size_t len);
/* The value of a contract's key, or NULL. */
const baals_slice *fake_value(struct fake_host *host, uint8_t byte, const char *key);

#endif /* BL_TESTS_LIB_FAKE_HOST_H */
