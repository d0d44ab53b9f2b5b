/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_TESTLIB_H
#define BL_TESTS_LIB_TESTLIB_H
/*
 * What the tests share. Includes cmocka with the headers it needs. A test program is:
 *
 *   int main(int argc, char **argv)
 *   {
 *       testlib_init(argc, argv);
 *       const struct CMUnitTest tests[] = {cmocka_unit_test(...)};
 *       return cmocka_run_group_tests(tests, NULL, NULL);
 *   }
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/env.h"

/* Reads --seed N and prints the seed in use (a fixed one by default). */
void testlib_init(int argc, char **argv);
uint64_t testlib_seed(void);

/* A deterministic generator (splitmix64). */
struct testlib_rng {
    uint64_t state;
};
struct testlib_rng testlib_rng(uint64_t stream); /* seeded with testlib_seed() and `stream` */
uint64_t testlib_rng_u64(struct testlib_rng *rng);
uint64_t testlib_rng_below(struct testlib_rng *rng, uint64_t bound); /* bound > 0 */
void testlib_rng_bytes(struct testlib_rng *rng, void *out, size_t len);

/* A path below the project's root or below ../shared, into a static ring of 8 buffers. */
const char *testlib_source_path(const char *relative);
const char *testlib_shared_path(const char *relative);
/* True when ../shared/`relative` is there; else prints "SKIPPED: name ..." (CI fails on a skip). */
bool testlib_have_shared(const char *relative, const char *test_name);

/* A whole file into malloc'ed memory with a NUL behind; fails the test when it cannot be read. */
uint8_t *testlib_read_file(size_t *len_out, const char *path);
/* A new empty folder below the build's temporary folder; removed with testlib_remove_tree. */
void testlib_temp_dir(char *out, size_t out_size, const char *name);
void testlib_remove_tree(const char *path);

/* Hex text of the tests into bytes; fails the test on anything else. Returns the length. */
size_t testlib_hex(uint8_t *out, size_t out_size, const char *text);

/* An allocator that counts and fails the k-th request (and the `repeat` ones after it). fail_at 0
 * never fails. `live` counts bytes not yet freed. Thread-safe. */
struct testlib_faulty_alloc {
    uint64_t calls;
    uint64_t fail_at;
    uint64_t repeat;
    int64_t live;
};
struct bl_alloc testlib_faulty_alloc(struct testlib_faulty_alloc *state);

#define assert_ok(expr)                                                                            \
    do {                                                                                           \
        baals_status assert_ok_ = (expr);                                                          \
        if (assert_ok_ != BAALS_OK)                                                                \
            fail_msg("%s: %s", #expr, baals_status_name(assert_ok_));                              \
    } while (0)
#define assert_status(expr, expected)                                                              \
    do {                                                                                           \
        baals_status assert_status_ = (expr);                                                      \
        if (assert_status_ != (expected))                                                          \
            fail_msg("%s: %s, expected %s", #expr, baals_status_name(assert_status_),              \
                     baals_status_name(expected));                                                 \
    } while (0)

#endif /* BL_TESTS_LIB_TESTLIB_H */
