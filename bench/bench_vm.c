/* SPDX-License-Identifier: MIT */
/*
 * baals-bench-vm: what the WASM runtimes of this build do on this machine: simple instructions per
 * second, calls of functions, and what one call of a contract costs before it does anything. Gas
 * counts the instructions: one is one simple operation. Each line is measured several times;
 * median, lowest and highest are given.
 *
 * With --worst the longest any module of 1 MiB takes until it can run is measured instead; with
 * --module the stages of one module.
 *
 * usage: baals-bench-vm [--smoke | --worst | --module FILE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_vm.h"
#include "contracts/gas.h"
#include "contracts/host.h"
#include "contracts/vm.h"
#include "contracts/wasm.h"

#define BENCH_GAS ((int64_t)1 << 50)
#define BENCH_STACK (256 * 1024)

/* bench_vm.wat */
static const uint8_t bench_module[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0d, 0x03, 0x60, 0x00, 0x01, 0x7e,
    0x60, 0x00, 0x00, 0x60, 0x01, 0x7e, 0x01, 0x7e, 0x02, 0x16, 0x01, 0x06, 0x62, 0x61, 0x61,
    0x6c, 0x73, 0x31, 0x0b, 0x62, 0x6c, 0x6f, 0x63, 0x6b, 0x5f, 0x69, 0x6e, 0x64, 0x65, 0x78,
    0x00, 0x00, 0x03, 0x05, 0x04, 0x01, 0x01, 0x02, 0x01, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07,
    0x15, 0x03, 0x04, 0x6c, 0x6f, 0x6f, 0x70, 0x00, 0x01, 0x04, 0x68, 0x6f, 0x73, 0x74, 0x00,
    0x02, 0x03, 0x66, 0x69, 0x62, 0x00, 0x04, 0x0a, 0x6d, 0x04, 0x38, 0x01, 0x03, 0x7e, 0x03,
    0x40, 0x20, 0x01, 0x20, 0x00, 0x7c, 0x42, 0x95, 0xd3, 0xc7, 0xde, 0x05, 0x85, 0x21, 0x01,
    0x20, 0x02, 0x42, 0x07, 0x89, 0x20, 0x01, 0x7d, 0x21, 0x02, 0x20, 0x00, 0x42, 0x01, 0x7c,
    0x22, 0x00, 0x42, 0xc0, 0x96, 0xb1, 0x02, 0x54, 0x0d, 0x00, 0x0b, 0x41, 0x00, 0x20, 0x01,
    0x20, 0x02, 0x7c, 0x37, 0x03, 0x00, 0x0b, 0x09, 0x00, 0x41, 0x00, 0x10, 0x00, 0x37, 0x03,
    0x00, 0x0b, 0x1c, 0x00, 0x20, 0x00, 0x42, 0x02, 0x54, 0x04, 0x7e, 0x20, 0x00, 0x05, 0x20,
    0x00, 0x42, 0x01, 0x7d, 0x10, 0x03, 0x20, 0x00, 0x42, 0x02, 0x7d, 0x10, 0x03, 0x7c, 0x0b,
    0x0b, 0x0b, 0x00, 0x41, 0x00, 0x42, 0x1b, 0x10, 0x03, 0x37, 0x03, 0x00, 0x0b,
};

struct bench_vm {
    baals_vm *vm;
    baals_vm_module *module;
    struct bl_arena arena;
    struct bl_buffer instrumented;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
};

void bench_check(baals_status status, const char *what, const baals_error *err)
{
    if (status == BAALS_OK)
        return;
    fprintf(stderr, "baals-bench-vm: %s: %s\n", what, err->message);
    exit(1);
}

double bench_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* In the place of every host function: it only answers. */
static baals_vm_action
bench_host(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)ctx;
    (void)instance;
    (void)args;
    *result_out = 7;
    return BAALS_VM_CONTINUE;
}

static void bench_instrument(struct bench_vm *bench)
{
    baals_error err;
    const struct bl_wasm_module *input = NULL;
    struct bl_wasm_instrumented info;
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 1, .imports = &bl_host_imports()[0]};
    bl_arena_init(&bench->arena, bl_alloc_system(), SIZE_MAX / 2);
    bl_buffer_init(&bench->instrumented, bl_alloc_system(), SIZE_MAX / 2);
    bench_check(bl_wasm_decode(&input, &bench->arena, bl_slice(bench_module, sizeof bench_module),
                               &options, NULL, &err),
                "decode", &err);
    bench_check(bl_wasm_instrument(&bench->instrumented, &info, input, bl_gas_schedule_get(1),
                                   &bench->arena, &err),
                "instrument", &err);
    bl_host_functions(bench->functions);
    for (size_t i = 0; i < BL_HOST_FUNCTION_COUNT; i++)
        bench->functions[i].call = bench_host;
}

static void bench_compile(struct bench_vm *bench)
{
    baals_error err;
    bench_check(bl_vm_compile(bench->vm, &bench->module, bl_buffer_slice(&bench->instrumented),
                              bench->functions, BL_HOST_FUNCTION_COUNT, &err),
                "compile", &err);
}

/* One call in a fresh instance; returns the gas it used. */
static double bench_call(const struct bench_vm *bench, const char *method)
{
    baals_error err = {.status = BAALS_OK};
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_vm_instance *instance = NULL;
    bench_check(bl_vm_instantiate(bench->vm, &instance, bench->module, NULL, &err), "instantiate",
                &err);
    bl_vm_gas_set(instance, BENCH_GAS);
    bl_vm_stack_set(instance, BENCH_STACK);
    if (bl_vm_call(instance, bl_slice_str(method), &trap, &err) != BAALS_VM_END_OK) {
        fprintf(stderr, "baals-bench-vm: %s: %s\n", method, baals_status_name(trap.status));
        exit(1);
    }
    double used = (double)(BENCH_GAS - bl_vm_gas_get(instance));
    bl_vm_destroy(instance);
    return used;
}

static int bench_compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

void bench_print(const char *vm, const char *name, double *values, const char *unit)
{
    qsort(values, BENCH_RUNS, sizeof *values, bench_compare);
    printf("%-12s %-40s %12.1f %s  (%.1f to %.1f)\n", vm, name, values[BENCH_RUNS / 2], unit,
           values[0], values[BENCH_RUNS - 1]);
}

static void
bench_rate(const struct bench_vm *bench, const char *vm, const char *method, const char *name)
{
    double values[BENCH_RUNS];
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        double begin = bench_now();
        double gas = bench_call(bench, method);
        values[i] = gas / (bench_now() - begin) * 1e-6;
    }
    bench_print(vm, name, values, "M gas/s");
}

static void bench_overhead(const struct bench_vm *bench, const char *vm, unsigned count)
{
    double values[BENCH_RUNS];
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        double begin = bench_now();
        for (unsigned k = 0; k < count; k++)
            (void)bench_call(bench, "host");
        values[i] = (bench_now() - begin) / count * 1e6;
    }
    bench_print(vm, "instance, one call with one host call", values, "us");
}

static void bench_compilation(struct bench_vm *bench, const char *vm)
{
    double values[BENCH_RUNS];
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        bl_vm_module_free(bench->vm, bench->module);
        double begin = bench_now();
        bench_compile(bench);
        values[i] = (bench_now() - begin) * 1e6;
    }
    bench_print(vm, "compile a module of 193 bytes", values, "us");
}

static void bench_runtime(const char *name, bool smoke)
{
    struct bench_vm bench = {.vm = NULL};
    baals_error err;
    baals_status status = bl_vm_new(&bench.vm, name, bl_alloc_system(), &err);
    if (status == BAALS_UNSUPPORTED) {
        printf("%-12s %s\n", name, err.message);
        return;
    }
    bench_check(status, name, &err);
    bench_instrument(&bench);
    bench_compile(&bench);
    bench_overhead(&bench, name, smoke ? 10 : 2000);
    bench_compilation(&bench, name);
    if (!smoke) {
        bench_rate(&bench, name, "loop", "a loop of arithmetic");
        bench_rate(&bench, name, "fib", "calls of functions (fib 27)");
    }
    bl_vm_module_free(bench.vm, bench.module);
    bl_vm_close(bench.vm);
    bl_buffer_deinit(&bench.instrumented);
    bl_arena_deinit(&bench.arena);
}

int main(int argc, char **argv)
{
    bool smoke = argc == 2 && strcmp(argv[1], "--smoke") == 0;
    if (argc == 3 && strcmp(argv[1], "--module") == 0) {
        bench_module_file(argv[2]);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--worst") == 0) {
        bench_shapes(false);
        return 0;
    }
    if (argc > 1 && !smoke) {
        fprintf(stderr, "usage: baals-bench-vm [--smoke | --worst | --module FILE]\n");
        return 2;
    }
    bench_runtime("interpreter", smoke);
    bench_runtime("wasmtime", smoke);
    bench_calls("interpreter", smoke);
    bench_calls("wasmtime", smoke);
    if (smoke)
        bench_shapes(true);
    return 0;
}
