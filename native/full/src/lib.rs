// SPDX-License-Identifier: MIT
//! baals-crypto and wasmtime's C API in one static library, and the one thing that API lacks: an
//! engine whose making can fail (`native/include/bl_native_wasmtime.h` is the contract).
//!
//! Every setting that can change a result, a trap or the use of memory is set here by name, also
//! where it is wasmtime's default today: an update must not move them unseen.

extern crate baals_crypto as _;

pub use wasmtime_c_api::*;

use core::ffi::{c_char, c_int};
use core::num::NonZeroUsize;
use core::slice;

use wasmtime::{
    Config, Enabled, Engine, Inlining, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig, ProfilingStrategy, RegallocAlgorithm, Strategy, WasmBacktraceDetails,
    WasmFeatures,
};

/// `struct bl_native_wasmtime_options`.
#[repr(C)]
pub struct EngineOptions {
    /// Instances in slots reserved beforehand, with copy-on-write memory.
    pooled: c_int,
    /// Traps through signal handlers of the process.
    signals: c_int,
    /// Slots of the pool.
    instances: u32,
    /// Most entries of a table.
    table_entries: u32,
    /// Most bytes of a linear memory.
    memory_bytes: u64,
    /// Native stack of the code of one store.
    stack_bytes: u64,
}

/// Bytes behind each linear memory that no access may reach. The code checks its bounds by itself;
/// this is for the day it does not.
const GUARD_BYTES: u64 = 64 * 1024;

/// What a reused slot clears by writing zeros instead of giving the pages back: most contracts
/// touch no more.
const KEEP_RESIDENT_BYTES: usize = 128 * 1024;

fn pool(options: &EngineOptions) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(options.instances)
        .total_memories(options.instances)
        .total_tables(options.instances)
        .total_component_instances(0)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(options.memory_bytes as usize)
        .table_elements(options.table_entries as usize)
        .max_core_instance_size(1 << 20)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(options.table_entries as usize * size_of::<usize>())
        .max_unused_warm_slots(options.instances)
        .decommit_batch_size(1)
        .pagemap_scan(Enabled::No);
    pool
}

fn config(options: &EngineOptions) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(
            WasmFeatures::MUTABLE_GLOBAL | WasmFeatures::SIGN_EXTENSION | WasmFeatures::BULK_MEMORY,
            true,
        )
        .gc_support(false)
        .shared_memory(false)
        .concurrency_support(false)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking)
        .cranelift_nan_canonicalization(true)
        .cranelift_debug_verifier(false)
        .cranelift_wasmtime_debug_checks(false)
        .compiler_inlining(Inlining::No)
        .consume_fuel(false)
        .epoch_interruption(false)
        .signals_based_traps(options.signals != 0)
        .macos_use_mach_ports(false)
        .max_wasm_stack(options.stack_bytes as usize)
        .async_stack_size(2 * options.stack_bytes as usize)
        .memory_reservation(options.memory_bytes)
        .memory_reservation_for_growth(0)
        .memory_may_move(false)
        .memory_guard_size(GUARD_BYTES)
        .guard_before_linear_memory(false)
        .memory_init_cow(true)
        .memory_guaranteed_dense_image_size(options.memory_bytes)
        .force_memory_init_memfd(false)
        .table_lazy_init(true)
        .native_unwind_info(false)
        .debug_info(false)
        .debug_symbols(false)
        .generate_address_map(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(1))
        .profiler(ProfilingStrategy::None)
        .allocation_strategy(if options.pooled != 0 {
            InstanceAllocationStrategy::Pooling(pool(options))
        } else {
            InstanceAllocationStrategy::OnDemand
        });
    config
}

/// The C API keeps the fields of its engine to itself; it is a `repr(C)` struct of one field, so
/// that a pointer to it is a pointer to that field.
const _: () = assert!(size_of::<wasm_engine_t>() == size_of::<Engine>());
const _: () = assert!(align_of::<wasm_engine_t>() == align_of::<Engine>());

/// Makes an engine: 1 and `*out`, else 0 and the reason in `message`, always terminated.
///
/// # Safety
/// `out` and `options` are valid; `message` points to `message_size` writable bytes, at least 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bl_native_wasmtime_engine_new(
    out: *mut *mut wasm_engine_t,
    options: *const EngineOptions,
    message: *mut c_char,
    message_size: usize,
) -> c_int {
    match Engine::new(&config(unsafe { &*options })) {
        Ok(engine) => {
            unsafe { *out = Box::into_raw(Box::new(engine)).cast() };
            1
        }
        Err(error) => {
            let text = format!("{error:#}");
            let room = unsafe { slice::from_raw_parts_mut(message.cast::<u8>(), message_size) };
            let len = text.len().min(message_size - 1);
            room[..len].copy_from_slice(&text.as_bytes()[..len]);
            room[len] = 0;
            0
        }
    }
}
