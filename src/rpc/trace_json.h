/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_TRACE_JSON_H
#define BL_RPC_TRACE_JSON_H
/*
 * A trace as JSON, written item by item while the execution runs (docs/spec/api.md).
 */
#include "baals/trace.h"

#include "rpc/json_write.h"

/* What is being written at the end of the innermost frame. */
enum bl_trace_json_part { BL_TRACE_JSON_ITEMS, BL_TRACE_JSON_PLACES, BL_TRACE_JSON_FUNCTIONS };

struct bl_trace_json {
    struct bl_json_writer *w;
    enum bl_trace_json_part part;
    uint32_t open; /* frames */
    bool cut;
};

/* Begins the value; between the two, bl_trace_json_item is the listener and `t` its ctx. */
void bl_trace_json_begin(struct bl_trace_json *t, struct bl_json_writer *w);
void bl_trace_json_item(void *ctx, const baals_trace_item *item);
void bl_trace_json_end(struct bl_trace_json *t);

#endif /* BL_RPC_TRACE_JSON_H */
