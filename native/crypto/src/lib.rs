// SPDX-License-Identifier: MIT
//! Ed25519 under ZIP-215, ECDSA and hashes behind C functions (`native/include/bl_native.h` is their
//! contract). The cryptography is that of well-known crates; this crate only moves bytes across the
//! C boundary.
//!
//! Every pointer with a length must point to that many readable bytes; it may be null when the
//! length is 0. Fixed-size arguments are never null. Inputs and outputs may not overlap.
#![no_std]

extern crate alloc;

mod ecdsa;
mod hash;
mod signature;

use core::slice;

/// The bytes a C caller passed as pointer and length.
///
/// # Safety
/// `data` points to `len` readable bytes that outlive the result, or `len` is 0.
unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    unsafe { slice::from_raw_parts(data, len) }
}
