// SPDX-License-Identifier: MIT
//! The hash functions. SHA-256 uses the CPU's SHA instructions where it finds them at run time; the
//! result is the same everywhere.

use blake2::Blake2b;
use blake2::digest::consts::U32;
use sha2::Sha256;
use sha2::digest::Digest;
use sha3::Keccak256;

use crate::bytes;

const HASH_LEN: usize = 32;

/// The room C keeps for the state of an incremental SHA-256. The state owns nothing outside it, so C
/// may copy and forget it as plain memory.
type Sha256Room = [u64; 16];

const _: () = assert!(size_of::<Sha256>() <= size_of::<Sha256Room>());
const _: () = assert!(align_of::<Sha256>() <= align_of::<Sha256Room>());

/// # Safety
/// `out` has room for 32 bytes; see the crate's rules for the rest.
unsafe fn digest<D: Digest<OutputSize = U32>>(out: *mut u8, data: *const u8, len: usize) {
    let hash: [u8; HASH_LEN] = D::digest(unsafe { bytes(data, len) }).into();
    unsafe { out.cast::<[u8; HASH_LEN]>().write(hash) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_sha256(out: *mut u8, data: *const u8, len: usize) {
    unsafe { digest::<Sha256>(out, data, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_keccak256(out: *mut u8, data: *const u8, len: usize) {
    unsafe { digest::<Keccak256>(out, data, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_blake2b256(out: *mut u8, data: *const u8, len: usize) {
    unsafe { digest::<Blake2b<U32>>(out, data, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_blake3(out: *mut u8, data: *const u8, len: usize) {
    let hash = *blake3::hash(unsafe { bytes(data, len) }).as_bytes();
    unsafe { out.cast::<[u8; HASH_LEN]>().write(hash) }
}

/// Hashes `count` messages of `message_len` bytes each, which stand one behind the other.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_sha256_many(
    out: *mut u8,
    messages: *const u8,
    message_len: usize,
    count: usize,
) {
    for i in 0..count {
        unsafe {
            let message = messages.wrapping_add(i * message_len);
            digest::<Sha256>(out.add(i * HASH_LEN), message, message_len);
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_sha256_init(state: *mut Sha256Room) {
    unsafe { state.cast::<Sha256>().write(Sha256::new()) }
}

/// # Safety
/// `state` was initialised by `bl_native_sha256_init` and not yet finished.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_sha256_update(state: *mut Sha256Room, data: *const u8, len: usize) {
    unsafe { (*state.cast::<Sha256>()).update(bytes(data, len)) }
}

/// # Safety
/// As `bl_native_sha256_update`; the state is finished afterwards.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_sha256_final(out: *mut u8, state: *mut Sha256Room) {
    unsafe {
        let hash: [u8; HASH_LEN] = state.cast::<Sha256>().read().finalize().into();
        out.cast::<[u8; HASH_LEN]>().write(hash);
    }
}
