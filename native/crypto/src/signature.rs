// SPDX-License-Identifier: MIT
//! Ed25519: RFC 8032 signing, ZIP-215 verification of one signature, and the rule which keys may be
//! used. Every message is given as two parts, `prefix` and `message`, whose concatenation is
//! signed.

use alloc::vec::Vec;

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes};
use zeroize::Zeroize;

use crate::bytes;

const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// The room C keeps for a key that is ready to sign: the seed and what is derived from it. The key
/// owns nothing outside it and fills it without gaps, so C may copy, compare and overwrite it as
/// plain memory.
type KeyRoom = [u64; 36];

const _: () = assert!(size_of::<SigningKey>() == size_of::<KeyRoom>());
const _: () = assert!(align_of::<SigningKey>() <= align_of::<KeyRoom>());

/// # Safety
/// The crate's rules for pointers.
unsafe fn concatenate(prefix: *const u8, prefix_len: usize, message: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(prefix_len + message.len());
    whole.extend_from_slice(unsafe { bytes(prefix, prefix_len) });
    whole.extend_from_slice(message);
    whole
}

/// # Safety
/// `public_key` has room for 32 bytes, `seed` has 32 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_public(
    public_key: *mut [u8; KEY_LEN],
    seed: *const [u8; KEY_LEN],
) {
    unsafe {
        let mut key = SigningKey::from_bytes(&*seed);
        public_key.write(VerificationKeyBytes::from(&key).into());
        key.zeroize();
    }
}

/// # Safety
/// `signature` has room for 64 bytes, `seed` has 32 bytes; the crate's rules for the rest.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_sign(
    signature: *mut [u8; SIGNATURE_LEN],
    seed: *const [u8; KEY_LEN],
    prefix: *const u8,
    prefix_len: usize,
    message: *const u8,
    message_len: usize,
) {
    unsafe {
        let whole = concatenate(prefix, prefix_len, bytes(message, message_len));
        let mut key = SigningKey::from_bytes(&*seed);
        signature.write(key.sign(&whole).to_bytes());
        key.zeroize();
    }
}

/// Derives everything that signing needs from the seed.
///
/// # Safety
/// `seed` has 32 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_expand(key: *mut KeyRoom, seed: *const [u8; KEY_LEN]) {
    unsafe {
        let mut expanded = SigningKey::from_bytes(&*seed);
        key.cast::<SigningKey>().write(expanded);
        expanded.zeroize();
    }
}

/// # Safety
/// `public_key` has room for 32 bytes, `key` was filled in by `bl_native_ed25519_expand`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_expanded_public(
    public_key: *mut [u8; KEY_LEN],
    key: *const KeyRoom,
) {
    unsafe { public_key.write(VerificationKeyBytes::from(&*key.cast::<SigningKey>()).into()) }
}

/// # Safety
/// `signature` has room for 64 bytes, `key` was filled in by `bl_native_ed25519_expand`; the
/// crate's rules for the rest.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_expanded_sign(
    signature: *mut [u8; SIGNATURE_LEN],
    key: *const KeyRoom,
    prefix: *const u8,
    prefix_len: usize,
    message: *const u8,
    message_len: usize,
) {
    unsafe {
        let whole = concatenate(prefix, prefix_len, bytes(message, message_len));
        signature.write((*key.cast::<SigningKey>()).sign(&whole).to_bytes());
    }
}

/// Returns 1 when the signature is valid under ZIP-215, else 0.
///
/// # Safety
/// `public_key` has 32 bytes, `signature` 64; the crate's rules for the rest.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_verify(
    public_key: *const [u8; KEY_LEN],
    signature: *const [u8; SIGNATURE_LEN],
    prefix: *const u8,
    prefix_len: usize,
    message: *const u8,
    message_len: usize,
) -> i32 {
    unsafe {
        let whole;
        let mut signed = bytes(message, message_len);
        if prefix_len > 0 {
            whole = concatenate(prefix, prefix_len, signed);
            signed = &whole;
        }
        let valid = VerificationKey::try_from(*public_key)
            .and_then(|key| key.verify(&Signature::from_bytes(&*signature), signed))
            .is_ok();
        i32::from(valid)
    }
}

/// Returns 1 when the bytes are the canonical encoding of a point that is not of small order.
///
/// # Safety
/// `public_key` has 32 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_key_usable(public_key: *const [u8; KEY_LEN]) -> i32 {
    let encoding = CompressedEdwardsY(unsafe { *public_key });
    let usable = encoding
        .decompress()
        .is_some_and(|point| point.compress() == encoding && !point.is_small_order());
    i32::from(usable)
}
