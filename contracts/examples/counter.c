/* SPDX-License-Identifier: MIT */
/*
 * A counter: the smallest contract that keeps state.
 *
 *   increment()   adds one, emits the event "incremented" with the new count, returns it
 *   add(n)        adds n; reverts when the count would exceed 64 bits
 *   get()         returns the count; works in queries
 */
#include "baals.h"

static const char counter_key[] = "count";
static const baals_hash counter_incremented = {.bytes = "incremented"};

static uint64_t counter_load(void)
{
    return baals_storage_get_u64(counter_key, sizeof counter_key - 1);
}

static _Noreturn void counter_store(uint64_t count)
{
    baals_storage_set_u64(counter_key, sizeof counter_key - 1, count);
    uint8_t data[10];
    baals_writer event = {.data = data, .cap = sizeof data, .len = 0};
    baals_write_array(&event, 1);
    baals_write_uint(&event, count);
    baals_emit(&counter_incremented, 1, &event);
    baals_return_uint(count);
}

BAALS_METHOD(increment)
{
    uint64_t count = counter_load();
    baals_require(count != UINT64_MAX, "the counter is full");
    counter_store(count + 1);
}

BAALS_METHOD(add)
{
    static uint8_t buffer[16];
    baals_reader arguments = baals_arguments(buffer, sizeof buffer, 1);
    uint64_t n = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    uint64_t count = counter_load();
    baals_require(n <= UINT64_MAX - count, "the counter is full");
    counter_store(count + n);
}

BAALS_VIEW(get)
{
    baals_return_uint(counter_load());
}
