/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_TESTLIB_WASM_H
#define BL_TESTS_LIB_TESTLIB_WASM_H
/*
 * WebAssembly modules for tests, written as short texts, and random valid ones.
 *
 *   "1: 01 60 00 00; 3: 01 00; 5: 01 00 01; 7: 01 'main' 00 00; a: 01 [00 0b];"
 *
 * The header comes by itself. "ID: ...;" is a section with its size. Inside: hex bytes; [...] a
 * length and what is inside; 'text' a length and the text; #N the decimal number N as an unsigned
 * LEB; *N{...} N times what is inside. A text that begins with "!" has no header and no sections.
 */
#include "testlib.h"

/* The bytes in malloc'ed memory of exactly that size, for free(). Fails the test on a bad text. */
uint8_t *testlib_wasm(size_t *len_out, const char *text);

/* A random valid contract module: functions, calls, loops, branches, memory, bulk operations,
 * tables, globals; an export "main" of type () -> () that ends or runs out of gas, and "f0", "f1",
 * ... It imports nothing. Malloc'ed. */
uint8_t *testlib_wasm_random(size_t *len_out, struct testlib_rng *rng);

#endif /* BL_TESTS_LIB_TESTLIB_WASM_H */
