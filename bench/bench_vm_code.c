/* SPDX-License-Identifier: MIT */
/*
 * From bytes to something that runs: validation, instrumentation (which includes validating the
 * result), the interpreter's preparation (which validates once more), and wasmtime's compilation,
 * of what is not beyond the bound for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_vm.h"
#include "contracts/compile_cost.h"
#include "contracts/gas.h"
#include "contracts/host.h"
#include "contracts/vm.h"
#include "contracts/wasm.h"
#include "wasm_shapes.h"

#define CODE_BYTES_MAX ((size_t)1024 * 1024)

enum code_stage {
    CODE_VALIDATE,
    CODE_INSTRUMENT,
    CODE_VALIDATE_AGAIN,
    CODE_PREPARE,
    CODE_COMPILE,
    CODE_STAGE_COUNT
};

struct code_times {
    double ms[CODE_STAGE_COUNT];
    size_t instrumented; /* bytes */
    uint64_t cost;       /* of compiling, counted */
    size_t prepared;
};

static double code_compile(const char *name, baals_slice bytes, size_t *held_out)
{
    baals_error err = {.status = BAALS_OK};
    baals_vm *vm = NULL;
    baals_vm_module *module = NULL;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    bl_host_functions(functions);
    baals_status status = bl_vm_new(&vm, name, bl_alloc_system(), &err);
    if (status == BAALS_UNSUPPORTED)
        return 0;
    bench_check(status, name, &err);
    double begin = bench_now();
    status = bl_vm_compile(vm, &module, bytes, functions, BL_HOST_FUNCTION_COUNT, &err);
    double end = bench_now();
    if (status == BAALS_OK)
        *held_out = bl_vm_module_bytes(module);
    bl_vm_module_free(vm, status == BAALS_OK ? module : NULL);
    bl_vm_close(vm);
    return (end - begin) * 1e3;
}

static void code_measure(struct code_times *out, baals_slice code)
{
    baals_error err = {.status = BAALS_OK};
    struct bl_arena arena;
    struct bl_buffer instrumented;
    const struct bl_wasm_module *input = NULL;
    const struct bl_wasm_module *again = NULL;
    struct bl_wasm_instrumented info;
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 2, .imports = &bl_host_imports()[1]};
    size_t compiled = 0;
    bl_arena_init(&arena, bl_alloc_system(), (size_t)1 << 30);
    bl_buffer_init(&instrumented, bl_alloc_system(), SIZE_MAX);
    double times[4];
    times[0] = bench_now();
    bench_check(bl_wasm_decode(&input, &arena, code, &options, NULL, &err), "validate", &err);
    times[1] = bench_now();
    bench_check(
        bl_wasm_instrument(&instrumented, &info, input, bl_gas_schedule_get(2), &arena, &err),
        "instrument", &err);
    times[2] = bench_now();
    baals_slice bytes = bl_buffer_slice(&instrumented);
    options.profile = BL_WASM_INSTRUMENTED;
    bench_check(bl_wasm_decode(&again, &arena, bytes, &options, NULL, &err), "again", &err);
    times[3] = bench_now();
    for (size_t i = 0; i < 3; i++)
        out->ms[i] = (times[i + 1] - times[i]) * 1e3;
    out->instrumented = bytes.len;
    out->ms[CODE_PREPARE] = code_compile("interpreter", bytes, &out->prepared);
    out->cost = bl_compile_cost(again);
    out->ms[CODE_COMPILE] = 0;
    if (out->cost <= BL_COMPILE_COST_MAX)
        out->ms[CODE_COMPILE] = code_compile("wasmtime", bytes, &compiled);
    bl_buffer_deinit(&instrumented);
    bl_arena_deinit(&arena);
}

/* The least of several runs, stage by stage. */
static void code_measure_least(struct code_times *out, baals_slice code, unsigned runs)
{
    code_measure(out, code);
    for (unsigned i = 1; i < runs; i++) {
        struct code_times again;
        code_measure(&again, code);
        for (size_t k = 0; k < CODE_STAGE_COUNT; k++)
            out->ms[k] = again.ms[k] < out->ms[k] ? again.ms[k] : out->ms[k];
    }
}

static void code_print_head(void)
{
    printf("%-28s %9s %9s %9s %9s %9s %9s %9s %9s\n", "module, ms", "bytes", "validate", "instrum.",
           "again", "prepare", "wasmtime", "MB held", "cost, M");
}

static void code_print(const char *name, size_t len, const struct code_times *times)
{
    printf("%-28s %9zu", name, len);
    for (size_t i = 0; i < CODE_STAGE_COUNT; i++)
        printf(" %9.2f", times->ms[i]);
    printf(" %9.1f %9.1f\n", (double)times->prepared / 1e6, (double)times->cost / 1e6);
}

void bench_shapes(bool smoke)
{
    struct code_times worst = {.prepared = 0};
    size_t bytes = smoke ? 8192 : CODE_BYTES_MAX;
    code_print_head();
    for (size_t shape = 0; shape < bl_wasm_shape_count; shape++) {
        struct code_times times = {.prepared = 0};
        struct bl_buffer code;
        bl_buffer_init(&code, bl_alloc_system(), CODE_BYTES_MAX);
        bl_wasm_shape_write(&code, shape, bytes);
        code_measure_least(&times, bl_buffer_slice(&code), 1);
        code_print(bl_wasm_shape_name(shape), code.len, &times);
        for (size_t i = 0; i < CODE_STAGE_COUNT; i++)
            worst.ms[i] = times.ms[i] > worst.ms[i] ? times.ms[i] : worst.ms[i];
        worst.prepared = times.prepared > worst.prepared ? times.prepared : worst.prepared;
        bl_buffer_deinit(&code);
    }
    code_print("the worst of each", bytes, &worst);
}

void bench_module_file(const char *path)
{
    struct code_times times = {.prepared = 0};
    uint8_t *bytes = malloc(CODE_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    if (bytes == NULL || file == NULL) {
        fprintf(stderr, "baals-bench-vm: cannot read %s\n", path);
        exit(1);
    }
    size_t len = fread(bytes, 1, CODE_BYTES_MAX, file);
    (void)fclose(file);
    code_measure_least(&times, bl_slice(bytes, len), 21);
    code_print_head();
    code_print(path, len, &times);
    free(bytes);
}
