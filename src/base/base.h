/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_BASE_H
#define BL_BASE_BASE_H
/*
 * The ground every module stands on: failing with a message, assertions, slices, explicit byte
 * order, checked arithmetic. Memory is in base/arena.h, the outside world in base/env.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baals/error.h"
#include "baals/types.h"
#include "base/limits.h"

/*
 * Failing, with a printf format of one line and its arguments. Each writes into `err`, which may be
 * NULL, and gives `status`:
 *
 *   return bl_fail(err, BAALS_NOMEM, "no memory for %zu keys", count);
 *
 * bl_fail_at adds the byte offset of the input at which a decoder stopped. bl_fail_context puts its
 * text and ": " before the message already in `err`, whose status and offset stay.
 *
 * They are macros, which use `status` twice, so that compilers see what they cannot see in a
 * function elsewhere: the status given back is the one passed in. So gcc and the analysers know
 * that nobody takes a failure for BAALS_OK and do not warn of outputs that are set only on success.
 */
#define bl_fail(err, status, ...)                                                                  \
    (bl_error_set((err), (status), __VA_ARGS__), bl_status_same(status))
#define bl_fail_at(err, status, offset, ...)                                                       \
    (bl_error_set_at((err), (status), (offset), __VA_ARGS__), bl_status_same(status))
#define bl_fail_context(err, status, ...)                                                          \
    (bl_error_add_context((err), __VA_ARGS__), bl_status_same(status))

__attribute__((format(printf, 3, 4))) void
bl_error_set(baals_error *err, baals_status status, const char *format, ...);
__attribute__((format(printf, 4, 5))) void
bl_error_set_at(baals_error *err, baals_status status, size_t offset, const char *format, ...);
__attribute__((format(printf, 2, 3))) void
bl_error_add_context(baals_error *err, const char *format, ...);

static inline baals_status bl_status_same(baals_status status)
{
    return status;
}

/* Returns from the enclosing function when `expr` is not BAALS_OK. For use where nothing has to be
 * cleaned up. */
#define BL_TRY(expr)                                                                               \
    do {                                                                                           \
        baals_status bl_try_status_ = (expr);                                                      \
        if (bl_try_status_ != BAALS_OK)                                                            \
            return bl_try_status_;                                                                 \
    } while (0)

_Noreturn void bl_assert_failed(const char *condition, const char *file, int line);

/* Always on: a crash is better than a forked ledger. For programmers' mistakes only; input from
 * outside is answered with a status. */
#define BL_ASSERT(cond) ((cond) ? (void)0 : bl_assert_failed(#cond, __FILE__, __LINE__))

/* Costly checks, in debug builds only. */
#ifdef NDEBUG
#define BL_DCHECK(cond) ((void)0)
#else
#define BL_DCHECK(cond) BL_ASSERT(cond)
#endif

#define BL_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BL_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* ---- slices ---- */

baals_slice bl_slice(const void *data, size_t len);
baals_slice bl_slice_str(const char *text); /* without the NUL */
bool bl_slice_equal(baals_slice a, baals_slice b);
/* Lexicographic over unsigned bytes, a prefix before its extensions; <0, 0, >0. */
int bl_slice_compare(baals_slice a, baals_slice b);
bool bl_slice_has_prefix(baals_slice a, baals_slice prefix);

bool bl_hash_equal(const baals_hash *a, const baals_hash *b);
bool bl_address_equal(const baals_address *a, const baals_address *b);
bool bl_bytes_all_zero(const void *data, size_t len);

/* ---- explicit byte order ---- */

void bl_store_u16be(uint8_t *out, uint16_t value);
void bl_store_u32be(uint8_t *out, uint32_t value);
void bl_store_u64be(uint8_t *out, uint64_t value);
void bl_store_u32le(uint8_t *out, uint32_t value);
void bl_store_u64le(uint8_t *out, uint64_t value);
uint16_t bl_load_u16be(const uint8_t *in);
uint32_t bl_load_u32be(const uint8_t *in);
uint64_t bl_load_u64be(const uint8_t *in);
uint32_t bl_load_u32le(const uint8_t *in);
uint64_t bl_load_u64le(const uint8_t *in);

/* ---- checked arithmetic: true on success, *out untouched on overflow ---- */

__attribute__((warn_unused_result)) bool bl_u64_add(uint64_t *out, uint64_t a, uint64_t b);
__attribute__((warn_unused_result)) bool bl_u64_sub(uint64_t *out, uint64_t a, uint64_t b);
__attribute__((warn_unused_result)) bool bl_u64_mul(uint64_t *out, uint64_t a, uint64_t b);
__attribute__((warn_unused_result)) bool bl_size_add(size_t *out, size_t a, size_t b);
__attribute__((warn_unused_result)) bool bl_size_mul(size_t *out, size_t a, size_t b);

/* ---- text ---- */

/* A decimal number as people write it: digits only, no sign, no leading zero, at most UINT64_MAX;
 * false, and *out untouched, when `text` is anything else. */
__attribute__((warn_unused_result)) bool
bl_u64_parse(uint64_t *out, const char *text, size_t text_len);

/* Writes 2*len lowercase digits and a NUL. `out` has room for 2*len+1 bytes. */
void bl_hex_encode(char *out, const void *data, size_t len);
/* Exactly 2*len hex digits (either case) of `text`; false when it is anything else. */
bool bl_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);

#endif /* BL_BASE_BASE_H */
