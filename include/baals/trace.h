/* SPDX-License-Identifier: MIT */
#ifndef BAALS_TRACE_H
#define BAALS_TRACE_H
/**
 * Traces: everything a contract did, in the order it did it. A trace is for people who look for a
 * mistake or for gas; it changes no result, no gas and no state, and is never consensus.
 *
 * Items come one at a time and nest: ENTER begins a frame (one entered contract), LEAVE ends the
 * innermost one. Before its LEAVE stand the frame's PLACEs, when it did not return on its own, and
 * its FUNCTIONs. A trace has limits (docs/spec/api.md); beyond them comes one CUT, and after it
 * only the ends of frames that were entered before: PLACEs and FUNCTIONs, at most 1,000, and
 * LEAVEs.
 */
#include "baals/error.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum baals_trace_kind {
    BAALS_TRACE_ENTER = 0,     /* entry, contract, caller, value, readonly, gas, name, data */
    BAALS_TRACE_LEAVE = 1,     /* result, gas, gas_own, trap, revert_code, data */
    BAALS_TRACE_PLACE = 2,     /* where it ended, then its callers: index, name, offset */
    BAALS_TRACE_FUNCTION = 3,  /* index, name, calls, gas, gas_own */
    BAALS_TRACE_READ = 4,      /* key, found, old */
    BAALS_TRACE_WRITE = 5,     /* key, found, old, data */
    BAALS_TRACE_REMOVE = 6,    /* key, found, old */
    BAALS_TRACE_SCAN = 7,      /* a scan is opened: key (the prefix), data (where it begins) */
    BAALS_TRACE_NEXT = 8,      /* its next item: found, key, old */
    BAALS_TRACE_EVENT = 9,     /* event */
    BAALS_TRACE_LOG = 10,      /* level, data */
    BAALS_TRACE_TRANSFER = 11, /* result, contract (the receiver), value */
    BAALS_TRACE_CUT = 12,
    BAALS_TRACE_KIND_FORCE_INT = 0x7fffffff
} baals_trace_kind;

/** The result of a call or transfer that the sender's balance does not cover: no receipt status. */
#define BAALS_TRACE_INSUFFICIENT_FUNDS 100u

/** One item; which fields it has is said at its kind, the others are zero. Slices and pointers
 * borrow until the callback returns. */
typedef struct baals_trace_item {
    baals_trace_kind kind;
    uint32_t depth;    /* of the frame the item is in, from 1; 0 for CUT */
    const char *entry; /* "call", "init", "receive" or "migrate" */
    baals_address contract;
    baals_address caller;
    baals_amount value;
    int32_t readonly;
    int32_t found;
    int32_t level;
    uint32_t result; /* baals_receipt_status or BAALS_TRACE_INSUFFICIENT_FUNDS */
    baals_status trap;
    uint32_t revert_code;
    uint32_t index;  /* of a function of the module */
    uint32_t offset; /* in the module as it was deployed; UINT32_MAX: unknown */
    uint64_t calls;
    uint64_t gas;     /* ENTER: given; LEAVE: used; FUNCTION: with all it called */
    uint64_t gas_own; /* LEAVE: spent before any code ran; FUNCTION: without what it called */
    baals_slice name; /* ENTER: method; else the function's name, "func[7]" without one */
    baals_slice key;
    baals_slice old;  /* the value that is or was there */
    baals_slice data; /* ENTER: arguments; LEAVE: output or revert data; WRITE: the new value */
    const baals_event *event;
} baals_trace_item;

/** Who listens to a trace. */
typedef struct baals_tracer {
    void (*item)(void *ctx, const baals_trace_item *item);
    void *ctx;
} baals_tracer;

#ifdef __cplusplus
}
#endif
#endif /* BAALS_TRACE_H */
