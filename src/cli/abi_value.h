/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_ABI_VALUE_H
#define BL_CLI_ABI_VALUE_H
/*
 * Values by their types: words of the command line into arguments, bytes of a contract into JSON
 * (docs/spec/abi.md, section 4).
 */
#include "cli/abi.h"
#include "rpc/json.h"
#include "rpc/json_write.h"

/*
 * Appends the arguments of a method, one canonical CBOR array, from one word per argument. Every
 * word that is not a value of its type is MISUSE_ARGUMENT with the argument, the type and the word;
 * so are words that are missing or too many. On failure `out` may have got a part.
 */
__attribute__((warn_unused_result)) baals_status cli_abi_arguments(struct bl_buffer *out,
                                                                   const struct cli_abi *abi,
                                                                   const struct cli_abi_method *m,
                                                                   const char *const *words,
                                                                   size_t count,
                                                                   baals_error *err);

/* Writes what a method returned. REJECT_TYPE with the place when the bytes are no value of the type
 * that is declared (nothing at all where nothing is); `w` may then hold half a value. */
__attribute__((warn_unused_result)) baals_status
cli_abi_print_output(struct bl_json_writer *w,
                     const struct cli_abi *abi,
                     const struct cli_abi_method *m,
                     baals_slice output,
                     baals_error *err);
/* Writes an object of the arguments of a method. As above; no bytes at all are no arguments. */
__attribute__((warn_unused_result)) baals_status
cli_abi_print_arguments(struct bl_json_writer *w,
                        const struct cli_abi *abi,
                        const struct cli_abi_method *m,
                        baals_slice args,
                        baals_error *err);
/* Writes an object of the fields of an error. As above. */
__attribute__((warn_unused_result)) baals_status
cli_abi_print_error(struct bl_json_writer *w,
                    const struct cli_abi *abi,
                    const struct cli_abi_error *error,
                    baals_slice data,
                    baals_error *err);
/* Writes an object of the fields of an event, from its topics (the first is its name) and data. */
__attribute__((warn_unused_result)) baals_status
cli_abi_print_event(struct bl_json_writer *w,
                    const struct cli_abi *abi,
                    const struct cli_abi_event *event,
                    const baals_event *from,
                    baals_error *err);

#endif /* BL_CLI_ABI_VALUE_H */
