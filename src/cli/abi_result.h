/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_ABI_RESULT_H
#define BL_CLI_ABI_RESULT_H
/*
 * Answers of the chain with what contracts say about their bytes: members beside the raw ones,
 * which always stay. Bytes that are not what the contract says get "abi_error" instead.
 */
#include "cli/abi.h"
#include "cli/cli_internal.h"

/* Hex digits of an answer into the arena. INTERNAL. */
baals_status
cli_abi_hex(struct cli *cli, baals_slice *out, const struct bl_json *value, baals_error *err);

/* cli_abi_of for looking only: a description that cannot be read is none, and so are those of
 * contracts beyond the first CLI_ABI_CACHE. */
baals_status cli_abi_try(struct cli *cli,
                         const struct cli_abi **out,
                         const struct bl_json *address,
                         baals_error *err);

/* A member as it is; for bl_json_each with a struct bl_json_writer. */
baals_status cli_abi_copy(void *w, const char *name, const struct bl_json *value);

/* Members "arguments", "returned" and "revert"; nothing where `abi` is NULL or does not know the
 * method or code. */
baals_status cli_abi_put_arguments(struct cli *cli,
                                   struct bl_json_writer *w,
                                   const struct cli_abi *abi,
                                   const char *method,
                                   const struct bl_json *args,
                                   baals_error *err);
baals_status cli_abi_put_returned(struct cli *cli,
                                  struct bl_json_writer *w,
                                  const struct cli_abi *abi,
                                  const char *method,
                                  const struct bl_json *output,
                                  baals_error *err);
baals_status cli_abi_put_revert(struct cli *cli,
                                struct bl_json_writer *w,
                                const struct cli_abi *abi,
                                const struct bl_json *code,
                                const struct bl_json *output,
                                baals_error *err);
/* An event, with "name" and "fields" where its contract declares it. The contract `made` (text, may
 * be NULL) is described by `abi`. */
baals_status cli_abi_put_event(struct cli *cli,
                               struct bl_json_writer *w,
                               const struct cli_abi *abi,
                               const char *made,
                               const struct bl_json *event,
                               baals_error *err);

/* What cli_abi_result writes, without judging it. */
baals_status cli_abi_put_result(struct cli *cli,
                                struct bl_json_writer *w,
                                const struct bl_json *result,
                                const struct cli_abi *abi,
                                const char *method,
                                baals_error *err);

#endif /* BL_CLI_ABI_RESULT_H */
