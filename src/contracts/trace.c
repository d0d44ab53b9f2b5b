/* SPDX-License-Identifier: MIT */
/*
 * From frames and host calls to the items of a trace. Everything is handed on at once and nothing
 * is kept but what a frame's end needs: its profile and the names of its functions. Names are read
 * once per module, for the first BL_TRACE_MODULES_MAX of them; others go without.
 *
 * The limits count what was handed on. When they are reached, open frames still get their LEAVE, so
 * that a trace always nests.
 */
#include "contracts/trace.h"

#include <string.h>

#include "contracts/profile.h"
#include "contracts/vm_interpreter.h"
#include "contracts/wasm_names.h"

#define TRACE_ARENA_MAX ((size_t)64 * 1024 * 1024)
/* What an item is counted as besides its slices. */
#define TRACE_ITEM_BYTES 64u

struct trace_module {
    baals_hash hash;
    baals_slice code;
    struct bl_wasm_names names;
};

struct trace_frame {
    bool entered;    /* its ENTER was handed on */
    uint64_t before; /* gas spent before any code ran */
    bool ran;        /* `before` is known */
    struct bl_profile *profile;
    const struct trace_module *module;
};

struct bl_trace {
    struct bl_alloc alloc;
    const baals_tracer *tracer;
    struct bl_arena arena; /* names */
    uint32_t items;
    uint32_t ends; /* places and functions told after the cut */
    uint64_t bytes;
    uint64_t walked; /* bytes of modules that places were looked for in */
    bool cut;
    struct trace_frame frames[BL_CALL_DEPTH_MAX + 1];
    struct trace_module modules[BL_TRACE_MODULES_MAX];
    uint32_t module_count;
};

struct bl_trace *bl_trace_new(struct bl_alloc alloc, const baals_tracer *tracer)
{
    struct bl_trace *trace = bl_alloc_zero(&alloc, 1, sizeof *trace);
    if (trace == NULL)
        return NULL;
    trace->alloc = alloc;
    trace->tracer = tracer;
    bl_arena_init(&trace->arena, alloc, TRACE_ARENA_MAX);
    return trace;
}

void bl_trace_free(struct bl_trace *trace)
{
    if (trace == NULL)
        return;
    struct bl_alloc alloc = trace->alloc;
    for (size_t i = 0; i < BL_COUNT_OF(trace->frames); i++)
        bl_profile_free(trace->frames[i].profile);
    bl_arena_deinit(&trace->arena);
    bl_alloc_free(&alloc, trace, sizeof *trace);
}

static struct trace_frame *trace_frame_of(const struct bl_frame *frame)
{
    BL_ASSERT(frame->depth >= 1 && frame->depth <= BL_CALL_DEPTH_MAX);
    return &frame->execution->trace->frames[frame->depth];
}

static void trace_cut(struct bl_trace *trace)
{
    if (trace->cut)
        return;
    trace->cut = true;
    const baals_trace_item item = {.kind = BAALS_TRACE_CUT};
    trace->tracer->item(trace->tracer->ctx, &item);
}

/* Hands an item on; false when the trace is cut. */
static bool trace_put(struct bl_trace *trace, const baals_trace_item *item)
{
    uint64_t bytes = (uint64_t)item->name.len + item->key.len + item->old.len + item->data.len +
                     TRACE_ITEM_BYTES + (item->event != NULL ? item->event->data.len : 0);
    if (trace->items >= BL_TRACE_ITEMS_MAX || bytes > BL_TRACE_BYTES_MAX - trace->bytes)
        trace_cut(trace);
    if (trace->cut)
        return false;
    trace->items++;
    trace->bytes += bytes;
    trace->tracer->item(trace->tracer->ctx, item);
    return true;
}

/* The same for what stands at the end of a frame, which goes on for a while when the trace is cut.
 */
static void
trace_put_end(struct bl_trace *trace, const struct trace_frame *own, const baals_trace_item *item)
{
    if (!own->entered || trace_put(trace, item) || trace->ends == BL_TRACE_ENDS_MAX)
        return;
    trace->ends++;
    trace->tracer->item(trace->tracer->ctx, item);
}

/* ---- frames ---- */

static const char *trace_entry_name(baals_contract_entry kind)
{
    switch (kind) {
    case BAALS_ENTRY_INIT:
        return "init";
    case BAALS_ENTRY_RECEIVE:
        return "receive";
    case BAALS_ENTRY_MIGRATE:
        return "migrate";
    case BAALS_ENTRY_METHOD:
    case BAALS_ENTRY_FORCE_INT:
        break;
    }
    return "call";
}

void bl_trace_enter(struct bl_frame *frame, const struct bl_entry *entry)
{
    struct trace_frame *own = trace_frame_of(frame);
    const baals_trace_item item = {.kind = BAALS_TRACE_ENTER,
                                   .depth = frame->depth,
                                   .entry = trace_entry_name(entry->kind),
                                   .contract = frame->contract,
                                   .caller = frame->caller,
                                   .value = frame->value,
                                   .readonly = frame->readonly ? 1 : 0,
                                   .gas = entry->gas,
                                   .name = entry->method,
                                   .data = frame->input};
    bl_profile_free(own->profile);
    *own = (struct trace_frame){.entered = trace_put(frame->execution->trace, &item),
                                .before = entry->gas};
}

/* The names of a module, read when it is met first; NULL when there is no room for them. */
static const struct trace_module *trace_module_of(struct bl_frame *frame, const baals_hash *hash)
{
    struct bl_trace *trace = frame->execution->trace;
    for (uint32_t i = 0; i < trace->module_count; i++) {
        if (memcmp(trace->modules[i].hash.bytes, hash->bytes, sizeof hash->bytes) == 0)
            return &trace->modules[i];
    }
    if (trace->module_count == BL_TRACE_MODULES_MAX)
        return NULL;
    struct trace_module *module = &trace->modules[trace->module_count];
    baals_contract_host *host = frame->execution->host;
    baals_slice code;
    module->hash = *hash;
    if (host->ops->code(host, &code, hash, NULL) != BAALS_OK ||
        !bl_arena_copy(&module->code, &trace->arena, code) ||
        !bl_wasm_names_read(&module->names, &trace->arena, module->code))
        return NULL;
    trace->module_count++;
    return module;
}

void bl_trace_attach(struct bl_frame *frame, const struct bl_module *module, uint64_t left)
{
    struct bl_trace *trace = frame->execution->trace;
    struct trace_frame *own = trace_frame_of(frame);
    own->ran = true;
    own->before -= left;
    if (trace->cut)
        return;
    own->module = trace_module_of(frame, &module->key.code_hash);
    if (own->module == NULL)
        return;
    own->profile = bl_profile_new(trace->alloc, own->module->names.count);
    if (own->profile != NULL)
        bl_interpreter_attach(frame->instance, own->profile);
}

/* The offset in the module as it was deployed; UINT32_MAX: unknown. A place costs a walk over its
 * function, so that many failures in large modules go without. */
static uint32_t trace_offset(struct bl_trace *trace,
                             const struct trace_module *own,
                             const struct bl_module *module,
                             const struct bl_profile_place *place)
{
    uint32_t offset = UINT32_MAX;
    baals_slice instrumented = bl_buffer_slice(&module->instrumented);
    trace->walked += own->code.len + instrumented.len;
    if (trace->walked > BL_TRACE_WALK_MAX ||
        !bl_wasm_place_original(&offset, own->code, instrumented, place->function, place->offset))
        return UINT32_MAX;
    return offset;
}

void bl_trace_places(struct bl_frame *frame, const struct bl_module *module)
{
    const struct trace_frame *own = trace_frame_of(frame);
    const struct bl_profile_place *places;
    char name[BL_WASM_NAME_SIZE];
    if (own->profile == NULL || frame->trap.status == BAALS_OK)
        return;
    size_t count = bl_profile_places(own->profile, &places);
    for (size_t i = 0; i < count; i++) {
        bl_wasm_names_text(name, &own->module->names, places[i].function);
        const baals_trace_item item = {
            .kind = BAALS_TRACE_PLACE,
            .depth = frame->depth,
            .index = places[i].function,
            .offset = trace_offset(frame->execution->trace, own->module, module, &places[i]),
            .name = bl_slice_str(name)};
        trace_put_end(frame->execution->trace, own, &item);
    }
}

static void trace_functions(struct bl_frame *frame, const struct trace_frame *own)
{
    const struct bl_profile_function *functions;
    char name[BL_WASM_NAME_SIZE];
    size_t count = bl_profile_functions(own->profile, &functions);
    for (size_t i = 0; i < count; i++) {
        if (functions[i].calls == 0)
            continue;
        bl_wasm_names_text(name, &own->module->names, (uint32_t)i);
        const baals_trace_item item = {.kind = BAALS_TRACE_FUNCTION,
                                       .depth = frame->depth,
                                       .index = (uint32_t)i,
                                       .calls = functions[i].calls,
                                       .gas = functions[i].total,
                                       .gas_own = functions[i].own,
                                       .name = bl_slice_str(name)};
        trace_put_end(frame->execution->trace, own, &item);
    }
}

void bl_trace_leave(struct bl_frame *frame, const struct bl_frame_end *end)
{
    struct bl_trace *trace = frame->execution->trace;
    struct trace_frame *own = trace_frame_of(frame);
    bool has_output = end->status == BAALS_RECEIPT_OK || end->status == BAALS_RECEIPT_REVERT;
    if (own->profile != NULL)
        trace_functions(frame, own);
    baals_trace_item item = {.kind = BAALS_TRACE_LEAVE,
                             .depth = frame->depth,
                             .result = (uint32_t)end->status,
                             .trap = frame->trap.status,
                             .revert_code = frame->revert_code,
                             .gas = end->gas_used,
                             .gas_own = own->ran ? own->before : end->gas_used,
                             .data =
                                 has_output ? bl_buffer_slice(&frame->output) : bl_slice(NULL, 0)};
    if (own->entered && !trace_put(trace, &item)) {
        item.data = bl_slice(NULL, 0);
        trace->tracer->item(trace->tracer->ctx, &item);
    }
    bl_profile_free(own->profile);
    *own = (struct trace_frame){.entered = false};
}

void bl_trace_put_refused(struct bl_frame *frame, const struct bl_call *call, uint32_t result)
{
    struct bl_trace *trace = frame->execution->trace;
    const baals_trace_item enter = {.kind = BAALS_TRACE_ENTER,
                                    .depth = frame->depth + 1,
                                    .entry = trace_entry_name(call->kind),
                                    .contract = call->contract,
                                    .caller = frame->contract,
                                    .value = call->value,
                                    .readonly = frame->readonly || call->readonly ? 1 : 0,
                                    .name = call->method,
                                    .data = call->args};
    const baals_trace_item leave = {
        .kind = BAALS_TRACE_LEAVE, .depth = frame->depth + 1, .result = result, .trap = BAALS_OK};
    if (trace_put(trace, &enter) && !trace_put(trace, &leave))
        trace->tracer->item(trace->tracer->ctx, &leave);
}

void bl_trace_put_elsewhere(struct bl_frame *frame, uint64_t gas)
{
    const struct trace_frame *own = trace_frame_of(frame);
    if (own->profile != NULL)
        bl_profile_elsewhere(own->profile, gas);
}

/* ---- inside a frame ---- */

void bl_trace_put_storage(struct bl_frame *frame,
                          baals_trace_kind kind,
                          baals_slice key,
                          const baals_slice *old,
                          baals_slice data)
{
    const baals_trace_item item = {.kind = kind,
                                   .depth = frame->depth,
                                   .found = old != NULL ? 1 : 0,
                                   .key = key,
                                   .old = old != NULL ? *old : bl_slice(NULL, 0),
                                   .data = data};
    (void)trace_put(frame->execution->trace, &item);
}

void bl_trace_put_event(struct bl_frame *frame, const baals_event *event)
{
    const baals_trace_item item = {
        .kind = BAALS_TRACE_EVENT, .depth = frame->depth, .event = event};
    (void)trace_put(frame->execution->trace, &item);
}

void bl_trace_put_log(struct bl_frame *frame, uint32_t level, baals_slice text)
{
    const baals_trace_item item = {
        .kind = BAALS_TRACE_LOG, .depth = frame->depth, .level = (int32_t)level, .data = text};
    (void)trace_put(frame->execution->trace, &item);
}

void bl_trace_put_transfer(struct bl_frame *frame,
                           const baals_address *to,
                           baals_amount amount,
                           uint32_t result)
{
    const baals_trace_item item = {.kind = BAALS_TRACE_TRANSFER,
                                   .depth = frame->depth,
                                   .contract = *to,
                                   .value = amount,
                                   .result = result};
    (void)trace_put(frame->execution->trace, &item);
}
