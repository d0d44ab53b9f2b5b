/* SPDX-License-Identifier: MIT */
#ifndef BL_BENCH_BENCH_VM_H
#define BL_BENCH_BENCH_VM_H
/*
 * The parts of baals-bench-vm: the runtimes themselves (bench_vm.c), calls through the contract
 * engine (bench_vm_calls.c), and modules until they can run (bench_vm_code.c).
 */
#include <stdbool.h>

#include "baals/error.h"

#define BENCH_RUNS 7u

double bench_now(void); /* seconds */
/* Ends the program unless OK. */
void bench_check(baals_status status, const char *what, const baals_error *err);
/* Sorts BENCH_RUNS values and prints one line. */
void bench_print(const char *vm, const char *name, double *values, const char *unit);

/* Calls of contracts that do nothing: warm, and with more contracts than the cache holds. */
void bench_calls(const char *vm, bool smoke);
/* The stages of a module of every costly shape of 1 MiB, and the longest of all. */
void bench_shapes(bool smoke);
void bench_module_file(const char *path);

#endif /* BL_BENCH_BENCH_VM_H */
