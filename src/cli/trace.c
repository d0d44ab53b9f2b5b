/* SPDX-License-Identifier: MIT */
/*
 * A trace with what contracts say: every frame's arguments, output and revert data, and every
 * event, through the description of the contract it belongs to. The recursion is as deep as calls
 * between contracts, which the reader of JSON bounds as well.
 */
#include "cli/trace.h"

#include <string.h>

#include "cli/abi_result.h"

struct trace_put {
    struct cli *cli;
    struct bl_json_writer *w;
    const struct cli_abi *made_abi;
    const char *made;
    const struct cli_abi *abi;   /* of the frame */
    const struct bl_json *frame; /* the whole of it */
    baals_error *err;
};

static baals_status trace_put_frame(struct trace_put outer, const struct bl_json *frame);

/* The method that a frame runs, as descriptions name it. */
static const char *trace_method(const struct bl_json *frame)
{
    const char *entry = bl_json_text(bl_json_member(frame, "entry"));
    if (entry == NULL || strcmp(entry, "call") != 0)
        return entry;
    return bl_json_text(bl_json_member(frame, "method"));
}

static baals_status trace_put_items(struct trace_put *p, const struct bl_json *items)
{
    bl_jw_begin_array(p->w);
    for (size_t i = 0; i < bl_json_count(items); i++) {
        const struct bl_json *item = bl_json_at(items, i);
        const char *what = bl_json_text(bl_json_member(item, "what"));
        if (what != NULL && strcmp(what, "call") == 0) {
            BL_TRY(trace_put_frame(*p, item));
        } else if (what != NULL && strcmp(what, "event") == 0) {
            BL_TRY(cli_abi_put_event(p->cli, p->w, p->made_abi, p->made, item, p->err));
        } else {
            bl_jw_begin_object(p->w);
            BL_TRY(bl_json_each(item, cli_abi_copy, p->w));
            bl_jw_end_object(p->w);
        }
    }
    bl_jw_end_array(p->w);
    return bl_buffer_status(p->w->out, p->err);
}

static baals_status trace_put_member(void *ctx, const char *name, const struct bl_json *value)
{
    struct trace_put *p = ctx;
    const char *status = bl_json_text(bl_json_member(p->frame, "status"));
    const char *method = trace_method(p->frame);
    if (strcmp(name, "items") == 0 && bl_json_type(value) == BL_JSON_ARRAY) {
        bl_jw_key(p->w, name);
        return trace_put_items(p, value);
    }
    BL_TRY(cli_abi_copy(p->w, name, value));
    if (strcmp(name, "args") == 0)
        return cli_abi_put_arguments(p->cli, p->w, p->abi, method, value, p->err);
    if (strcmp(name, "output") != 0 || status == NULL)
        return BAALS_OK;
    if (strcmp(status, "OK") == 0)
        return cli_abi_put_returned(p->cli, p->w, p->abi, method, value, p->err);
    if (strcmp(status, "REVERT") == 0)
        return cli_abi_put_revert(p->cli, p->w, p->abi, bl_json_member(p->frame, "revert_code"),
                                  value, p->err);
    return BAALS_OK;
}

static baals_status trace_put_frame(struct trace_put outer, const struct bl_json *frame)
{
    const struct bl_json *contract = bl_json_member(frame, "contract");
    const char *text = bl_json_text(contract);
    struct trace_put p = outer;
    p.frame = frame;
    p.abi = p.made_abi;
    if (p.made == NULL || text == NULL || strcmp(p.made, text) != 0)
        BL_TRY(cli_abi_try(p.cli, &p.abi, contract, p.err));
    bl_jw_begin_object(p.w);
    BL_TRY(bl_json_each(frame, trace_put_member, &p));
    bl_jw_end_object(p.w);
    return BAALS_OK;
}

static baals_status trace_put_top(void *ctx, const char *name, const struct bl_json *value)
{
    struct trace_put *p = ctx;
    if (strcmp(name, "calls") != 0)
        return cli_abi_copy(p->w, name, value);
    bl_jw_key(p->w, name);
    return trace_put_items(p, value);
}

baals_status cli_trace_put(struct cli *cli,
                           struct bl_json_writer *w,
                           const struct cli_abi *abi,
                           const char *made,
                           const struct bl_json *trace,
                           baals_error *err)
{
    struct trace_put p = {.cli = cli, .w = w, .made_abi = abi, .made = made, .err = err};
    bl_jw_begin_object(w);
    BL_TRY(bl_json_each(trace, trace_put_top, &p));
    bl_jw_end_object(w);
    return bl_buffer_status(w->out, err);
}
