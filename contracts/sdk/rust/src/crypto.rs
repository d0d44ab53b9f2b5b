// SPDX-License-Identifier: MIT
//! Hashes and signatures. A signature that cannot be read is not valid; nothing fails.

use crate::host::raw;
use crate::Hash;

fn hash(algorithm: u32, data: &[u8]) -> Hash {
    let mut out = Hash([0; 32]);
    unsafe { raw::crypto_hash(algorithm, data.as_ptr(), data.len(), out.0.as_mut_ptr()) };
    out
}

pub fn sha256(data: &[u8]) -> Hash {
    hash(0, data)
}

pub fn keccak256(data: &[u8]) -> Hash {
    hash(1, data)
}

pub fn blake2b(data: &[u8]) -> Hash {
    hash(2, data)
}

pub fn blake3(data: &[u8]) -> Hash {
    hash(3, data)
}

fn verify(algorithm: u32, key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let valid = unsafe {
        raw::crypto_verify(
            algorithm,
            key.as_ptr(),
            key.len(),
            signature.as_ptr(),
            signature.len(),
            message.as_ptr(),
            message.len(),
        )
    };
    valid == 1
}

pub fn ed25519(key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    verify(0, key, signature, message)
}

/// Over a digest; keys of 33 or 65 bytes. On chains with wasm_limits 2.
pub fn secp256k1(key: &[u8], signature: &[u8], digest: &Hash) -> bool {
    verify(1, key, signature, &digest.0)
}

/// Over a digest; keys of 33 or 65 bytes. On chains with wasm_limits 2.
pub fn p256(key: &[u8], signature: &[u8], digest: &Hash) -> bool {
    verify(2, key, signature, &digest.0)
}

/// The uncompressed key on secp256k1 that made the signature of the digest. On chains with
/// wasm_limits 2.
pub fn recover(digest: &Hash, signature: &[u8; 64], recovery: u32) -> Option<[u8; 65]> {
    let mut key = [0; 65];
    let found = unsafe {
        raw::crypto_recover(
            digest.0.as_ptr(),
            signature.as_ptr(),
            recovery,
            key.as_mut_ptr(),
        )
    };
    if found == 1 {
        Some(key)
    } else {
        None
    }
}
