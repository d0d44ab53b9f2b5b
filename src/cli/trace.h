/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_TRACE_H
#define BL_CLI_TRACE_H
/*
 * Traces of simulations: with what contracts say about their bytes, and as a tree for people.
 */
#include "cli/abi.h"
#include "cli/cli_internal.h"

/* Widest line of the tree. */
#define CLI_TRACE_COLUMNS 100u

/* Writes a trace of tx_simulate with the members descriptions add. The contract `made` (text, may
 * be NULL) is described by `abi`. */
baals_status cli_trace_put(struct cli *cli,
                           struct bl_json_writer *w,
                           const struct cli_abi *abi,
                           const char *made,
                           const struct bl_json *trace,
                           baals_error *err);

/* Appends the tree of what cli_trace_put wrote. Whatever contracts say, lines are printable ASCII
 * and no longer than CLI_TRACE_COLUMNS. */
void cli_trace_text(struct bl_buffer *out, const struct bl_json *trace);

#endif /* BL_CLI_TRACE_H */
