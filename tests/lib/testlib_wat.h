/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_TESTLIB_WAT_H
#define BL_TESTS_LIB_TESTLIB_WAT_H
/*
 * Contracts written as WebAssembly text inside a test, assembled by wat2wasm (Debian's wabt) when
 * the test runs.
 */
#include "testlib.h"

/* The module of a text, in malloc'ed memory; fails the test when wat2wasm refuses it. */
uint8_t *testlib_wat(size_t *len_out, const char *text);

/* Runs a program with arguments (a NULL-terminated argv); its exit code, -1 when it did not run. */
int testlib_run(const char *const argv[]);

#endif /* BL_TESTS_LIB_TESTLIB_WAT_H */
