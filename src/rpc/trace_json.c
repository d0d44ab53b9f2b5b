/* SPDX-License-Identifier: MIT */
/*
 * Items of a trace become nested objects: a frame holds what it did, frames it called among it, in
 * order. Nothing is kept: ENTER opens an object, LEAVE closes it, and what stands before the LEAVE
 * (places, functions) closes the list of items.
 */
#include "rpc/trace_json.h"

#include "baals/tx.h"

static void trace_address(struct bl_json_writer *w,
                          const char *name,
                          baals_address_kind kind,
                          const baals_address *address)
{
    bl_jw_key(w, name);
    bl_jw_address(w, kind, address);
}

static void trace_slice(struct bl_json_writer *w, const char *name, baals_slice text)
{
    bl_jw_key(w, name);
    bl_jw_slice(w, text);
}

static const char *trace_result_name(uint32_t result)
{
    return result == BAALS_TRACE_INSUFFICIENT_FUNDS
               ? "INSUFFICIENT_FUNDS"
               : baals_receipt_status_name((baals_receipt_status)result);
}

static void trace_begin_item(struct bl_json_writer *w, const char *what)
{
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "what", what);
}

static void trace_enter(struct bl_trace_json *t, const baals_trace_item *item)
{
    struct bl_json_writer *w = t->w;
    t->open++;
    trace_begin_item(w, "call");
    bl_jw_put_text(w, "entry", item->entry);
    trace_address(w, "contract", BAALS_ADDRESS_CONTRACT, &item->contract);
    trace_address(w, "caller", item->depth == 1 ? BAALS_ADDRESS_ACCOUNT : BAALS_ADDRESS_CONTRACT,
                  &item->caller);
    if (item->name.len > 0)
        trace_slice(w, "method", item->name);
    bl_jw_put_hex(w, "args", item->data);
    bl_jw_put_amount(w, "amount", item->value.units);
    bl_jw_put_bool(w, "readonly", item->readonly != 0);
    bl_jw_put_amount(w, "gas", item->gas);
    bl_jw_key(w, "items");
    bl_jw_begin_array(w);
}

/* Ends the list that is open in the innermost frame and begins another. */
static void trace_part(struct bl_trace_json *t, enum bl_trace_json_part part, const char *name)
{
    if (t->part == part)
        return;
    bl_jw_end_array(t->w);
    bl_jw_key(t->w, name);
    bl_jw_begin_array(t->w);
    t->part = part;
}

static void trace_place(struct bl_trace_json *t, const baals_trace_item *item)
{
    struct bl_json_writer *w = t->w;
    trace_part(t, BL_TRACE_JSON_PLACES, "places");
    bl_jw_begin_object(w);
    trace_slice(w, "function", item->name);
    bl_jw_put_u64(w, "index", item->index);
    if (item->offset != UINT32_MAX)
        bl_jw_put_u64(w, "offset", item->offset);
    bl_jw_end_object(w);
}

static void trace_function(struct bl_trace_json *t, const baals_trace_item *item)
{
    struct bl_json_writer *w = t->w;
    trace_part(t, BL_TRACE_JSON_FUNCTIONS, "functions");
    bl_jw_begin_object(w);
    trace_slice(w, "function", item->name);
    bl_jw_put_u64(w, "index", item->index);
    bl_jw_put_u64(w, "calls", item->calls);
    bl_jw_put_amount(w, "gas", item->gas);
    bl_jw_put_amount(w, "gas_own", item->gas_own);
    bl_jw_end_object(w);
}

static void trace_leave(struct bl_trace_json *t, const baals_trace_item *item)
{
    struct bl_json_writer *w = t->w;
    BL_ASSERT(t->open > 0);
    bl_jw_end_array(w);
    bl_jw_put_text(w, "status", trace_result_name(item->result));
    bl_jw_put_amount(w, "gas_used", item->gas);
    bl_jw_put_amount(w, "gas_entry", item->gas_own);
    bl_jw_put_hex(w, "output", item->data);
    if (item->trap != BAALS_OK)
        bl_jw_put_text(w, "trap", baals_status_code(item->trap));
    if (item->result == BAALS_RECEIPT_REVERT)
        bl_jw_put_u64(w, "revert_code", item->revert_code);
    bl_jw_end_object(w);
    t->open--;
    t->part = BL_TRACE_JSON_ITEMS;
}

static void trace_storage(struct bl_json_writer *w, const baals_trace_item *item)
{
    static const char *const names[] = {"read", "write", "remove", "scan", "next"};
    trace_begin_item(w, names[item->kind - BAALS_TRACE_READ]);
    if (item->kind == BAALS_TRACE_SCAN) {
        bl_jw_put_hex(w, "prefix", item->key);
        bl_jw_put_hex(w, "start", item->data);
    } else {
        if (item->kind != BAALS_TRACE_NEXT || item->found)
            bl_jw_put_hex(w, "key", item->key);
        bl_jw_key(w, item->kind == BAALS_TRACE_WRITE || item->kind == BAALS_TRACE_REMOVE ? "old"
                                                                                         : "value");
        if (item->found)
            bl_jw_hex(w, item->old);
        else
            bl_jw_null(w);
        if (item->kind == BAALS_TRACE_WRITE)
            bl_jw_put_hex(w, "value", item->data);
    }
    bl_jw_end_object(w);
}

static void trace_event(struct bl_json_writer *w, const baals_event *event)
{
    trace_begin_item(w, "event");
    trace_address(w, "contract", BAALS_ADDRESS_CONTRACT, &event->contract);
    bl_jw_key(w, "topics");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < event->topic_count; i++)
        bl_jw_hash(w, &event->topics[i]);
    bl_jw_end_array(w);
    bl_jw_put_hex(w, "data", event->data);
    bl_jw_end_object(w);
}

static void trace_log(struct bl_json_writer *w, const baals_trace_item *item)
{
    trace_begin_item(w, "log");
    bl_jw_put_u64(w, "level", (uint64_t)item->level);
    trace_slice(w, "text", item->data);
    bl_jw_end_object(w);
}

static void trace_transfer(struct bl_json_writer *w, const baals_trace_item *item)
{
    trace_begin_item(w, "transfer");
    trace_address(w, "to", BAALS_ADDRESS_ACCOUNT, &item->contract);
    bl_jw_put_amount(w, "amount", item->value.units);
    bl_jw_put_text(w, "status", trace_result_name(item->result));
    bl_jw_end_object(w);
}

void bl_trace_json_begin(struct bl_trace_json *t, struct bl_json_writer *w)
{
    *t = (struct bl_trace_json){.w = w};
    bl_jw_begin_object(w);
    bl_jw_key(w, "calls");
    bl_jw_begin_array(w);
}

void bl_trace_json_end(struct bl_trace_json *t)
{
    BL_ASSERT(t->open == 0);
    bl_jw_end_array(t->w);
    bl_jw_put_bool(t->w, "cut", t->cut);
    bl_jw_end_object(t->w);
}

void bl_trace_json_item(void *ctx, const baals_trace_item *item)
{
    struct bl_trace_json *t = ctx;
    switch (item->kind) {
    case BAALS_TRACE_ENTER:
        trace_enter(t, item);
        break;
    case BAALS_TRACE_LEAVE:
        trace_leave(t, item);
        break;
    case BAALS_TRACE_PLACE:
        trace_place(t, item);
        break;
    case BAALS_TRACE_FUNCTION:
        trace_function(t, item);
        break;
    case BAALS_TRACE_READ:
    case BAALS_TRACE_WRITE:
    case BAALS_TRACE_REMOVE:
    case BAALS_TRACE_SCAN:
    case BAALS_TRACE_NEXT:
        trace_storage(t->w, item);
        break;
    case BAALS_TRACE_EVENT:
        trace_event(t->w, item->event);
        break;
    case BAALS_TRACE_LOG:
        trace_log(t->w, item);
        break;
    case BAALS_TRACE_TRANSFER:
        trace_transfer(t->w, item);
        break;
    case BAALS_TRACE_CUT:
        t->cut = true;
        break;
    case BAALS_TRACE_KIND_FORCE_INT:
        break;
    }
}
