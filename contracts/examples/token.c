/* SPDX-License-Identifier: MIT */
/*
 * A fungible token.
 *
 *   init(supply)           the whole supply belongs to whoever deploys
 *   transfer(to, amount)   moves tokens of the caller; reverts when there are too few
 *   balance(owner)         tokens of an address
 *   supply()               all tokens
 *
 * Storage: "b" || address -> balance, "s" -> supply; numbers are 8 bytes, little-endian; no entry
 * is 0. Event "transfer": topics name, from, to; data = the amount, 8 bytes, little-endian. The
 * mint at deploy is a transfer from the zero address.
 */
#include "baals.h"

struct token_key {
    uint8_t kind;
    baals_address owner;
};

static const uint8_t token_supply_key[] = {'s'};
static uint8_t token_buffer[128];

static struct token_key token_key_of(const baals_address *owner)
{
    struct token_key key = {.kind = 'b', .owner = *owner};
    return key;
}

static uint64_t token_load(const baals_address *owner)
{
    struct token_key key = token_key_of(owner);
    return baals_storage_get_u64(&key, sizeof key);
}

/* A balance of 0 has no entry. */
static void token_store(const baals_address *owner, uint64_t amount)
{
    struct token_key key = token_key_of(owner);
    if (amount == 0)
        (void)baals_storage_remove(&key, sizeof key);
    else
        baals_storage_set_u64(&key, sizeof key, amount);
}

static void token_emit(const baals_address *from, const baals_address *to, uint64_t amount)
{
    baals_hash topics[3] = {{.bytes = "transfer"}};
    baals_copy(topics[1].bytes, from->bytes, sizeof from->bytes);
    baals_copy(topics[2].bytes, to->bytes, sizeof to->bytes);
    baals_log_event(topics, 3, &amount, sizeof amount);
}

BAALS_INIT
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 1);
    uint64_t supply = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_require(supply > 0, "the supply must not be 0");

    baals_address owner;
    static const baals_address nobody;
    baals_caller(&owner);
    token_store(&owner, supply);
    baals_storage_set_u64(token_supply_key, sizeof token_supply_key, supply);
    token_emit(&nobody, &owner, supply);
}

BAALS_METHOD(transfer)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 2);
    baals_address to;
    baals_read_address(&arguments, &to);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);

    baals_address from;
    baals_caller(&from);
    uint64_t held = token_load(&from);
    baals_require(amount <= held, "the balance is too small");
    /* Written before the receiver is read, so that a transfer to oneself changes nothing. */
    token_store(&from, held - amount);
    /* No balance exceeds the supply, so the sum cannot overflow. */
    token_store(&to, token_load(&to) + amount);
    token_emit(&from, &to, amount);
}

BAALS_METHOD(balance)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 1);
    baals_address owner;
    baals_read_address(&arguments, &owner);
    baals_read_end(&arguments);
    baals_return_uint(token_load(&owner));
}

BAALS_METHOD(supply)
{
    baals_return_uint(baals_storage_get_u64(token_supply_key, sizeof token_supply_key));
}
