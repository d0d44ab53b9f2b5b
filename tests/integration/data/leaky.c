/* SPDX-License-Identifier: MIT */
/* A token with a fault that tests are to find: who sends to himself has twice as much. */
#include "baals.h"

static uint8_t leaky_buffer[64];

BAALS_INIT
{
    baals_address owner;
    baals_caller(&owner);
    baals_storage_set_u64(&owner, sizeof owner, 100);
}

BAALS_METHOD(transfer)
{
    baals_reader arguments = baals_arguments(leaky_buffer, sizeof leaky_buffer, 2);
    baals_address to, from;
    baals_read_address(&arguments, &to);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_caller(&from);
    uint64_t from_held = baals_storage_get_u64(&from, sizeof from);
    uint64_t to_held = baals_storage_get_u64(&to, sizeof to);
    baals_require(amount <= from_held, "not enough");
    baals_storage_set_u64(&from, sizeof from, from_held - amount);
    baals_storage_set_u64(&to, sizeof to, to_held + amount);
}

BAALS_VIEW(balance)
{
    baals_reader arguments = baals_arguments(leaky_buffer, sizeof leaky_buffer, 1);
    baals_address owner;
    baals_read_address(&arguments, &owner);
    baals_read_end(&arguments);
    baals_return_uint(baals_storage_get_u64(&owner, sizeof owner));
}
