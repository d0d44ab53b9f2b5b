/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_ABI_SHOW_H
#define BL_CLI_ABI_SHOW_H
/*
 * Descriptions of contracts as text and as JSON. Failures are the buffer's.
 */
#include "cli/abi.h"
#include "rpc/json_write.h"

/* The form tools/contract-abi reads, with "source_hash" and "interface" where the module has them.
 */
void cli_abi_show_json(struct bl_json_writer *w, const struct cli_abi_module *module);
/* Everything; the module has an ABI. */
void cli_abi_show_text(struct bl_buffer *out, const struct cli_abi_module *module);
/* A method's signature, kind, doc text and its arguments'. */
void cli_abi_show_method(struct bl_buffer *out, const struct cli_abi_method *method);
/* The structs, under a heading; nothing when there are none. */
void cli_abi_show_structs(struct bl_buffer *out, const struct cli_abi *abi);

#endif /* BL_CLI_ABI_SHOW_H */
