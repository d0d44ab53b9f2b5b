/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_TRACE_H
#define BL_CONTRACTS_TRACE_H
/*
 * What the engine and the host functions tell of an execution that is traced
 * (include/baals/trace.h). Where nobody listens, execution->trace is NULL, and each of these is one
 * branch. A trace looks and never takes part: it charges nothing, and where it has no memory it is
 * cut.
 *
 * Threads:   that of the execution.
 */
#include "contracts/frame.h"
#include "contracts/module.h"

/* NULL: no memory. `tracer` outlives it. */
struct bl_trace *bl_trace_new(struct bl_alloc alloc, const baals_tracer *tracer);
void bl_trace_free(struct bl_trace *trace); /* NULL is ignored */

/* A frame begins; its code has been instantiated, with `left` gas; it is about to lose its module;
 * it ended. */
void bl_trace_enter(struct bl_frame *frame, const struct bl_entry *entry);
void bl_trace_attach(struct bl_frame *frame, const struct bl_module *module, uint64_t left);
void bl_trace_places(struct bl_frame *frame, const struct bl_module *module);
void bl_trace_leave(struct bl_frame *frame, const struct bl_frame_end *end);

void bl_trace_put_refused(struct bl_frame *frame, const struct bl_call *call, uint32_t result);
void bl_trace_put_elsewhere(struct bl_frame *frame, uint64_t gas);
void bl_trace_put_storage(struct bl_frame *frame,
                          baals_trace_kind kind,
                          baals_slice key,
                          const baals_slice *old,
                          baals_slice data);
void bl_trace_put_event(struct bl_frame *frame, const baals_event *event);
void bl_trace_put_log(struct bl_frame *frame, uint32_t level, baals_slice text);
void bl_trace_put_transfer(struct bl_frame *frame,
                           const baals_address *to,
                           baals_amount amount,
                           uint32_t result);

/* A call that was not made, for the reason `result` tells. */
static inline void
bl_trace_refused(struct bl_frame *frame, const struct bl_call *call, uint32_t result)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_refused(frame, call, result);
}

/* Gas that a call of the frame spent in another contract. */
static inline void bl_trace_elsewhere(struct bl_frame *frame, uint64_t gas)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_elsewhere(frame, gas);
}

/* READ, WRITE, REMOVE, SCAN or NEXT; `old` is NULL where the key is absent. */
static inline void bl_trace_storage(struct bl_frame *frame,
                                    baals_trace_kind kind,
                                    baals_slice key,
                                    const baals_slice *old,
                                    baals_slice data)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_storage(frame, kind, key, old, data);
}

static inline void bl_trace_event(struct bl_frame *frame, const baals_event *event)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_event(frame, event);
}

static inline void bl_trace_log(struct bl_frame *frame, uint32_t level, baals_slice text)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_log(frame, level, text);
}

static inline void bl_trace_transfer(struct bl_frame *frame,
                                     const baals_address *to,
                                     baals_amount amount,
                                     uint32_t result)
{
    if (frame->execution->trace != NULL)
        bl_trace_put_transfer(frame, to, amount, result);
}

#endif /* BL_CONTRACTS_TRACE_H */
