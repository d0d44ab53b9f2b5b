/* SPDX-License-Identifier: MIT */
/*
 * A fungible token with allowances. What each method does is in token.abi.json.
 *
 * Storage: "b" || owner -> balance, "a" || owner || spender -> allowance, "s" -> supply; numbers
 * are 8 bytes, little-endian; no entry is 0. The mint at deploy is a transfer from the zero
 * address.
 */
#include "baals.h"

enum { TOKEN_INSUFFICIENT_BALANCE = 2, TOKEN_INSUFFICIENT_ALLOWANCE = 3 };

struct token_balance_key {
    uint8_t kind;
    baals_address owner;
};

struct token_allowance_key {
    uint8_t kind;
    baals_address owner;
    baals_address spender;
};

static const uint8_t token_supply_key[] = {'s'};
static uint8_t token_buffer[128];

/* A number of 0 has no entry. */
static void token_store(const void *key, uint32_t key_len, uint64_t amount)
{
    if (amount == 0)
        (void)baals_storage_remove(key, key_len);
    else
        baals_storage_set_u64(key, key_len, amount);
}

/* An event of a name, two parties and an amount. */
static void token_emit(const char *name,
                       const baals_address *first,
                       const baals_address *second,
                       uint64_t amount)
{
    baals_hash topics[3] = {{{0}}};
    uint8_t data[10];
    baals_writer event = {.data = data, .cap = sizeof data, .len = 0};
    baals_copy(topics[0].bytes, name, baals_text_len(name));
    baals_copy(topics[1].bytes, first->bytes, sizeof first->bytes);
    baals_copy(topics[2].bytes, second->bytes, sizeof second->bytes);
    baals_write_array(&event, 1);
    baals_write_uint(&event, amount);
    baals_emit(topics, 3, &event);
}

/* Reverts with an error of {held, needed}. */
static _Noreturn void token_lacking(uint32_t code, uint64_t held, uint64_t needed)
{
    uint8_t data[20];
    baals_writer error = {.data = data, .cap = sizeof data, .len = 0};
    baals_write_array(&error, 2);
    baals_write_uint(&error, held);
    baals_write_uint(&error, needed);
    baals_revert_with(code, &error);
}

static void token_move(const baals_address *from, const baals_address *to, uint64_t amount)
{
    struct token_balance_key from_key = {.kind = 'b', .owner = *from};
    struct token_balance_key to_key = {.kind = 'b', .owner = *to};
    uint64_t held = baals_storage_get_u64(&from_key, sizeof from_key);
    if (amount > held)
        token_lacking(TOKEN_INSUFFICIENT_BALANCE, held, amount);
    /* Written before the receiver is read, so that a transfer to oneself changes nothing. */
    token_store(&from_key, sizeof from_key, held - amount);
    /* No balance exceeds the supply, so the sum cannot overflow. */
    token_store(&to_key, sizeof to_key, baals_storage_get_u64(&to_key, sizeof to_key) + amount);
    token_emit("transfer", from, to, amount);
}

BAALS_INIT
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 1);
    uint64_t supply = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_require(supply > 0, "the supply must not be 0");

    static const baals_address nobody;
    struct token_balance_key key = {.kind = 'b'};
    baals_caller(&key.owner);
    token_store(&key, sizeof key, supply);
    baals_storage_set_u64(token_supply_key, sizeof token_supply_key, supply);
    token_emit("transfer", &nobody, &key.owner, supply);
}

BAALS_METHOD(transfer)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 2);
    baals_address to, from;
    baals_read_address(&arguments, &to);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_caller(&from);
    token_move(&from, &to, amount);
}

BAALS_METHOD(approve)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 2);
    struct token_allowance_key key = {.kind = 'a'};
    baals_read_address(&arguments, &key.spender);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_caller(&key.owner);
    token_store(&key, sizeof key, amount);
    token_emit("approval", &key.owner, &key.spender, amount);
}

BAALS_METHOD(transfer_from)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 3);
    struct token_allowance_key key = {.kind = 'a'};
    baals_address to;
    baals_read_address(&arguments, &key.owner);
    baals_read_address(&arguments, &to);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_caller(&key.spender);
    uint64_t allowed = baals_storage_get_u64(&key, sizeof key);
    if (amount > allowed)
        token_lacking(TOKEN_INSUFFICIENT_ALLOWANCE, allowed, amount);
    token_store(&key, sizeof key, allowed - amount);
    token_move(&key.owner, &to, amount);
}

BAALS_VIEW(balance)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 1);
    struct token_balance_key key = {.kind = 'b'};
    baals_read_address(&arguments, &key.owner);
    baals_read_end(&arguments);
    baals_return_uint(baals_storage_get_u64(&key, sizeof key));
}

BAALS_VIEW(allowance)
{
    baals_reader arguments = baals_arguments(token_buffer, sizeof token_buffer, 2);
    struct token_allowance_key key = {.kind = 'a'};
    baals_read_address(&arguments, &key.owner);
    baals_read_address(&arguments, &key.spender);
    baals_read_end(&arguments);
    baals_return_uint(baals_storage_get_u64(&key, sizeof key));
}

BAALS_VIEW(supply)
{
    baals_return_uint(baals_storage_get_u64(token_supply_key, sizeof token_supply_key));
}
