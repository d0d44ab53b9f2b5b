/* SPDX-License-Identifier: MIT */
/*
 * A contract for `baals bench`: fill(first, count) makes accounts first to first + count - 1 with
 * one unit each, so that a chain of a million accounts is there in a moment; nothing() is the least
 * a call can be.
 */
#include "baals.h"

static uint8_t fill_buffer[32];

/* bench_account in src/cli/bench_chain.c is the same. */
static void fill_address(baals_address *out, uint64_t index)
{
    for (uint32_t word = 0; word < 4; word++) {
        uint64_t mixed = index * 4 + word + UINT64_C(0x9e3779b97f4a7c15);
        mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
        mixed ^= mixed >> 31;
        for (uint32_t i = 0; i < 8; i++)
            out->bytes[word * 8 + i] = (uint8_t)(mixed >> (8 * i));
    }
}

BAALS_PAYABLE(fill)
{
    baals_reader arguments = baals_arguments(fill_buffer, sizeof fill_buffer, 2);
    uint64_t first = baals_read_uint(&arguments);
    uint64_t count = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    for (uint64_t i = 0; i < count; i++) {
        baals_address to;
        fill_address(&to, first + i);
        baals_require(baals_transfer(&to, 1) == 0, "the contract has too little");
    }
}

BAALS_METHOD(nothing)
{
}
