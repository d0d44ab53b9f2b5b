/* SPDX-License-Identifier: MIT */
#ifndef BL_BENCH_WASM_SHAPES_H
#define BL_BENCH_WASM_SHAPES_H
/*
 * Modules made to be expensive: each shape repeats what costs most to validate, instrument or
 * prepare for its size, up to the limits of docs/spec/wasm.md. For the test that work is linear
 * (tests/integration/test_contract_bombs.c) and for the worst times that baals-bench-vm prints.
 */
#include "base/arena.h"

extern const size_t bl_wasm_shape_count;
const char *bl_wasm_shape_name(size_t shape);

/* Appends a valid module of at most `bytes` (4,096 to 1 MiB) bytes, and nearly as many; what the
 * limits do not allow of the shape itself is filled with nops. */
void bl_wasm_shape_write(struct bl_buffer *out, size_t shape, size_t bytes);

#endif /* BL_BENCH_WASM_SHAPES_H */
