/* SPDX-License-Identifier: MIT */
#ifndef BL_NATIVE_WASMTIME_H
#define BL_NATIVE_WASMTIME_H
/*
 * What native/full adds to wasmtime's C API. src/contracts/vm_wasmtime.c is its only user.
 */
#include <stddef.h>
#include <stdint.h>

struct wasm_engine_t;

struct bl_native_wasmtime_options {
    int32_t pooled;         /* 1: instances in slots reserved beforehand; 0: one by one */
    int32_t signals;        /* 1: traps come through signal handlers of the process */
    uint32_t instances;     /* slots of the pool */
    uint32_t table_entries; /* most of one table */
    uint64_t memory_bytes;  /* most of one memory; so much address space is reserved for each */
    uint64_t stack_bytes;   /* native stack of the code of one store */
};

/* Makes an engine with every other setting as native/full/src/lib.rs says. 1: *out is released with
 * wasm_engine_delete; 0: the reason is in `message`, always terminated (message_size is not 0), and
 * *out is untouched. */
int32_t bl_native_wasmtime_engine_new(struct wasm_engine_t **out,
                                      const struct bl_native_wasmtime_options *options,
                                      char *message,
                                      size_t message_size);

#endif /* BL_NATIVE_WASMTIME_H */
