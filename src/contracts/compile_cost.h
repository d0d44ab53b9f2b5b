/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_COMPILE_COST_H
#define BL_CONTRACTS_COMPILE_COST_H
/*
 * What compiling a module with wasmtime is expected to take, counted from its code. Cranelift takes
 * much more than linear time for some bodies, and cannot be stopped; a module beyond the bound is
 * never given to it and stays on the interpreter, with the same results, gas and receipts.
 *
 * This is one machine's policy and no rule of the chain: the numbers may change in any release
 * (docs/internals/wasmtime.md).
 */
#include "contracts/wasm.h"

/* A unit is about 0.1 us of one core of the machine of docs/internals/metering.md, and what was
 * measured is at most half as much again: two seconds are what a program
 * may have to wait for when it closes a chain. 500 KiB of what compilers write are within. */
#define BL_COMPILE_COST_MAX ((uint64_t)16 * 1000 * 1000)

/* The cost of an instrumented module in units; counting takes linear time. */
uint64_t bl_compile_cost(const struct bl_wasm_module *instrumented);

#endif /* BL_CONTRACTS_COMPILE_COST_H */
