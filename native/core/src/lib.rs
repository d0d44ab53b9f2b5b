// SPDX-License-Identifier: MIT
//! What a no_std static library needs besides its code: where memory comes from and what a panic
//! does.
//!
//! Memory is the C library's. Only batch verification and the joining of a message with its tag
//! allocate; both free everything before they return, so nothing outlives a call and no allocator
//! has to be passed through. When memory runs out the process aborts: a verdict must never depend
//! on it.
#![no_std]

extern crate baals_crypto as _;

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_int, c_void};
use core::panic::PanicInfo;
use core::ptr;

unsafe extern "C" {
    fn abort() -> !;
    fn free(pointer: *mut c_void);
    fn malloc(size: usize) -> *mut c_void;
    fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int;
}

struct CAllocator;

/// What `malloc` aligns to on every platform of ours.
const MALLOC_ALIGN: usize = 2 * size_of::<usize>();

unsafe impl GlobalAlloc for CAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            return unsafe { malloc(layout.size()) }.cast();
        }
        let mut pointer = ptr::null_mut();
        match unsafe { posix_memalign(&raw mut pointer, layout.align(), layout.size()) } {
            0 => pointer.cast(),
            _ => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, _: Layout) {
        unsafe { free(pointer.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: CAllocator = CAllocator;

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    unsafe { abort() }
}
