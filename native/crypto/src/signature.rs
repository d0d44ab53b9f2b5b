// SPDX-License-Identifier: MIT
//! Ed25519: RFC 8032 signing, ZIP-215 verification, single and in batches, and the rule which keys
//! may be used. Every message is given as two parts, `prefix` and `message`, whose concatenation is
//! signed.

use alloc::vec::Vec;
use core::convert::Infallible;

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_core::{TryCryptoRng, TryRng};
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

/// One signature of a batch (`struct bl_native_signed`).
#[repr(C)]
pub struct Signed {
    public_key: *const [u8; KEY_LEN],
    signature: *const [u8; SIGNATURE_LEN],
    message: *const u8,
    message_len: usize,
}

/// A batch as the hash of all its parts, from which its coefficients come: nobody can choose a
/// signature after its coefficient, and no randomness enters.
struct Transcript(blake3::Hasher);

impl Transcript {
    fn new() -> Self {
        Transcript(blake3::Hasher::new_derive_key("baals ed25519 batch 1"))
    }

    fn add(&mut self, public_key: &[u8; KEY_LEN], signature: &[u8; SIGNATURE_LEN], message: &[u8]) {
        self.0.update(public_key);
        self.0.update(signature);
        self.0.update(&(message.len() as u64).to_le_bytes());
        self.0.update(message);
    }

    fn coefficients(self) -> Coefficients {
        Coefficients(self.0.finalize_xof())
    }
}

/// The extendable output of a transcript, in the form that `batch::Verifier` draws from.
struct Coefficients(blake3::OutputReader);

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.0.fill(&mut word);
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}

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

/// Returns 1 when all `count` signatures are valid under ZIP-215, 0 when at least one is not.
///
/// # Safety
/// `items` has `count` elements whose pointers follow the rules of `bl_native_ed25519_verify`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_verify_all(
    items: *const Signed,
    count: usize,
    prefix: *const u8,
    prefix_len: usize,
) -> i32 {
    let mut transcript = Transcript::new();
    let mut verifier = batch::Verifier::new();
    for i in 0..count {
        unsafe {
            let item = &*items.add(i);
            let message = bytes(item.message, item.message_len);
            let whole = concatenate(prefix, prefix_len, message);
            transcript.add(&*item.public_key, &*item.signature, &whole);
            let key = VerificationKeyBytes::from(*item.public_key);
            verifier.queue((key, Signature::from_bytes(&*item.signature), &whole[..]));
        }
    }
    i32::from(verifier.verify(transcript.coefficients()).is_ok())
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

#[cfg(test)]
mod tests {
    use super::*;

    type Item<'a> = ([u8; KEY_LEN], [u8; SIGNATURE_LEN], &'a [u8]);

    fn first_coefficients(items: &[Item]) -> [u8; 32] {
        let mut transcript = Transcript::new();
        for (key, signature, message) in items {
            transcript.add(key, signature, message);
        }
        let mut first = [0; 32];
        let Ok(()) = transcript.coefficients().try_fill_bytes(&mut first);
        first
    }

    /// The same batch gives the same coefficients; any change of any part gives others.
    #[test]
    fn coefficients_depend_on_every_part() {
        let base: [Item; 2] = [([1; 32], [2; 64], b"one"), ([3; 32], [4; 64], b"two")];
        let mut others = [base; 8];
        others[0][0].0[31] ^= 1;
        others[1][0].1[0] ^= 1;
        others[2][0].1[63] ^= 1;
        others[3][0].2 = b"onf";
        others[4][1].0[0] ^= 1;
        others[5][1].2 = b"";
        others[6][1].1[32] ^= 128;
        others[7].swap(0, 1);
        let expected = first_coefficients(&base);
        assert_eq!(first_coefficients(&base), expected);
        for (i, other) in others.iter().enumerate() {
            assert_ne!(first_coefficients(other), expected, "change {i}");
        }
        assert_ne!(first_coefficients(&base[..1]), expected);
    }

    /// Successive coefficients differ.
    #[test]
    fn coefficients_do_not_repeat() {
        let first = first_coefficients(&[([1; 32], [2; 64], b"one")]);
        assert_ne!(first[..16], first[16..]);
    }
}
