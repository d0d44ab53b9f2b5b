/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_CBOR_H
#define BL_RPC_CBOR_H
/*
 * The CBOR of contract calls, as people write and read it (docs/spec/encoding.md is the subset).
 *
 * Arguments are words: `u:5` or `5`, `i:-5`, `s:text`, `b:hex`, `addr:bl1...` or an address alone,
 * `true`, `false`, `null`. Together they make one canonical array, which is what the contract SDKs
 * read. Output is shown in the diagnostic notation of RFC 8949 section 8.
 */
#include "baals/types.h"

#include "base/arena.h"

/* Appends a head: major type 0 to 7 and its argument in the shortest form. */
void bl_cbor_head(struct bl_buffer *out, unsigned major, uint64_t value);
/* Takes one head in its shortest form off the front of *in; false, with everything as it was, at
 * anything else. */
__attribute__((warn_unused_result)) bool
bl_cbor_take_head(unsigned *major_out, uint64_t *value_out, baals_slice *in);
/* Appends the value of one word. MISUSE_ARGUMENT with the word and what it should have been. */
__attribute__((warn_unused_result)) baals_status
bl_cbor_word(struct bl_buffer *out, const char *word, baals_error *err);
/* Appends the array of `count` words. */
__attribute__((warn_unused_result)) baals_status
bl_cbor_words(struct bl_buffer *out, const char *const *words, size_t count, baals_error *err);
/* Appends `bytes` in diagnostic notation; false (with `out` as it was) when they are not exactly
 * one item of the subset. Any bytes may be given. */
bool bl_cbor_diagnostic(struct bl_buffer *out, baals_slice bytes);

#endif /* BL_RPC_CBOR_H */
