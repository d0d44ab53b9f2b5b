// SPDX-License-Identifier: MIT
//! Many signatures at once under ZIP-215, with keys that may be decoded already. The sums are those
//! of the batch in the crate `ed25519-zebra`, which takes encoded keys only; decoding the key is a
//! fifth of what a signature in a large batch costs. The arithmetic is curve25519-dalek's.
//!
//! A batch that holds is what every signature in it holding means; of one that does not hold this
//! says nothing more. So its yes is compared with that crate's by the tests, and its no is never the
//! last word: C asks `bl_native_ed25519_verify` about every signature that is to be refused.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::iter;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};

use crate::bytes;

const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// The room C keeps for a decoded key, which owns nothing outside it: plain memory, which C may copy.
type PointRoom = [u64; 20];

const _: () = assert!(size_of::<EdwardsPoint>() == size_of::<PointRoom>());
const _: () = assert!(align_of::<EdwardsPoint>() <= align_of::<PointRoom>());

/// One signature of a batch, `struct bl_native_item`.
#[repr(C)]
pub struct Item {
    public_key: *const [u8; KEY_LEN],
    signature: *const [u8; SIGNATURE_LEN],
    message: *const u8,
    message_len: usize,
    point: *mut PointRoom,
    known: *mut u8,
}

/// The point of the key: the one that C kept, or decoded now and given to C to keep.
///
/// # Safety
/// The rules of `bl_native_ed25519_verify_items`.
unsafe fn key_point(item: &Item) -> Option<EdwardsPoint> {
    let place = item.point.cast::<EdwardsPoint>();
    unsafe {
        if !place.is_null() && *item.known == 1 {
            return Some(place.read());
        }
        let point = CompressedEdwardsY(*item.public_key).decompress()?;
        if !place.is_null() {
            place.write(point);
            *item.known = 1;
        }
        Some(point)
    }
}

/// What the equation needs of one signature (R, s) under a key A.
struct Term {
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
}

/// None when R is no point or s is not below the order of the base point.
fn term(key: &[u8; KEY_LEN], signature: &[u8; SIGNATURE_LEN], parts: [&[u8]; 2]) -> Option<Term> {
    let (r_bytes, s_bytes) = signature.split_first_chunk::<32>()?;
    let s = Option::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
    let r = CompressedEdwardsY(*r_bytes).decompress()?;
    let mut hash = Sha512::new();
    for part in [r_bytes.as_slice(), key.as_slice(), parts[0], parts[1]] {
        hash.update(part);
    }
    Some(Term {
        r,
        s,
        k: Scalar::from_hash(hash),
    })
}

/// [8][s]B = [8]R + [8][k]A.
fn one_holds(a: EdwardsPoint, term: &Term) -> bool {
    let r = EdwardsPoint::vartime_double_scalar_mul_basepoint(&term.k, &-a, &term.s);
    (term.r - r).mul_by_cofactor().is_identity()
}

/// The coefficients of a batch, 128 bits each. They come from the hash of all its parts (a term's k
/// stands for the message): nobody can choose a signature after its coefficient, and no randomness
/// enters.
struct Transcript(blake3::Hasher);

impl Transcript {
    fn new() -> Self {
        Transcript(blake3::Hasher::new_derive_key("baals ed25519 batch 2"))
    }

    fn add(&mut self, key: &[u8; KEY_LEN], signature: &[u8; SIGNATURE_LEN], k: &Scalar) {
        self.0.update(key);
        self.0.update(signature);
        self.0.update(k.as_bytes());
    }

    fn coefficients(self) -> impl Iterator<Item = Scalar> {
        let mut reader = self.0.finalize_xof();
        iter::repeat_with(move || {
            let mut bytes = [0; 16];
            reader.fill(&mut bytes);
            Scalar::from(u128::from_le_bytes(bytes))
        })
    }
}

/// The signatures of a batch. Those of one key share a term of the sum.
#[derive(Default)]
struct Batch {
    terms: Vec<Term>,
    key_of: Vec<usize>,
    keys: Vec<EdwardsPoint>,
}

impl Batch {
    /// [8](sum(z_i s_i)) B = [8] sum([z_i]R_i) + [8] sum([z_i k_i]A_i).
    fn holds(&self, coefficients: impl Iterator<Item = Scalar>) -> bool {
        let mut of_base = Scalar::ZERO;
        let mut of_keys = alloc::vec![Scalar::ZERO; self.keys.len()];
        let mut of_terms = Vec::with_capacity(self.terms.len());
        for ((term, key), z) in self.terms.iter().zip(&self.key_of).zip(coefficients) {
            of_base -= z * term.s;
            of_keys[*key] += z * term.k;
            of_terms.push(z);
        }
        let scalars = iter::once(&of_base).chain(&of_keys).chain(&of_terms);
        let points = iter::once(&ED25519_BASEPOINT_POINT)
            .chain(&self.keys)
            .chain(self.terms.iter().map(|term| &term.r));
        let sum = EdwardsPoint::vartime_multiscalar_mul(scalars, points);
        sum.mul_by_cofactor().is_identity()
    }
}

/// # Safety
/// As `bl_native_ed25519_verify_items`.
unsafe fn all_hold(items: &[Item], prefix: &[u8]) -> Option<bool> {
    let mut batch = Batch::default();
    let mut transcript = Transcript::new();
    let mut places = BTreeMap::new();
    batch.terms.reserve_exact(items.len());
    for item in items {
        let (key, signature) = unsafe { (&*item.public_key, &*item.signature) };
        let message = unsafe { bytes(item.message, item.message_len) };
        let term = term(key, signature, [prefix, message])?;
        let place = match places.get(key) {
            Some(place) => *place,
            None => {
                batch.keys.push(unsafe { key_point(item) }?);
                places.insert(key, batch.keys.len() - 1);
                batch.keys.len() - 1
            }
        };
        transcript.add(key, signature, &term.k);
        batch.terms.push(term);
        batch.key_of.push(place);
    }
    if let ([term], [key]) = (batch.terms.as_slice(), batch.keys.as_slice()) {
        return Some(one_holds(*key, term));
    }
    Some(batch.holds(transcript.coefficients()))
}

/// Returns 1 when all `count` signatures of prefix || message are valid under ZIP-215, 0 when at
/// least one is not.
///
/// # Safety
/// `items` has `count` elements: `public_key` has 32 bytes, `signature` 64. `point` is null, or it
/// and `known` are the element's alone during the call, and it is the decoded key where `known` is
/// 1. The crate's rules for the rest.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ed25519_verify_items(
    items: *const Item,
    count: usize,
    prefix: *const u8,
    prefix_len: usize,
) -> i32 {
    if count == 0 {
        return 1;
    }
    unsafe {
        let items = core::slice::from_raw_parts(items, count);
        i32::from(all_hold(items, bytes(prefix, prefix_len)) == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_zebra::{SigningKey, VerificationKeyBytes, batch};

    type Part = ([u8; KEY_LEN], [u8; SIGNATURE_LEN], Scalar);

    fn first_coefficients(parts: &[Part]) -> Vec<Scalar> {
        let mut transcript = Transcript::new();
        for (key, signature, k) in parts {
            transcript.add(key, signature, k);
        }
        transcript.coefficients().take(2).collect()
    }

    /// The same batch gives the same coefficients; any change of any part gives others.
    #[test]
    fn coefficients_depend_on_every_part() {
        let (one, two) = (Scalar::from(1u64), Scalar::from(2u64));
        let base: [Part; 2] = [([1; 32], [2; 64], one), ([3; 32], [4; 64], two)];
        let mut others = [base; 7];
        others[0][0].0[31] ^= 1;
        others[1][0].1[0] ^= 1;
        others[2][0].1[63] ^= 1;
        others[3][0].2 = two;
        others[4][1].0[0] ^= 1;
        others[5][1].1[32] ^= 128;
        others[6].swap(0, 1);
        let expected = first_coefficients(&base);
        assert_eq!(first_coefficients(&base), expected);
        for (i, other) in others.iter().enumerate() {
            assert_ne!(first_coefficients(other)[0], expected[0], "change {i}");
        }
        assert_ne!(first_coefficients(&base[..1]), expected);
    }

    /// Successive coefficients differ.
    #[test]
    fn coefficients_do_not_repeat() {
        let first = first_coefficients(&[([1; 32], [2; 64], Scalar::ONE)]);
        assert_ne!(first[0], first[1]);
    }

    const MESSAGE: &[u8] = b"prefix and message";
    const PREFIX_LEN: usize = 6;

    type Signed = ([u8; KEY_LEN], [u8; SIGNATURE_LEN]);

    fn signed(count: u8, keys: u8) -> Vec<Signed> {
        let make = |i: u8| {
            let key = SigningKey::from([i % keys + 1; 32]);
            let public_key = VerificationKeyBytes::from(&key).into();
            (public_key, key.sign(MESSAGE).to_bytes())
        };
        (0..count).map(make).collect()
    }

    #[derive(Clone, Default)]
    struct Decoded {
        point: PointRoom,
        known: u8,
    }

    fn ours(all: &[Signed], decoded: &mut [Decoded]) -> i32 {
        let (prefix, message) = MESSAGE.split_at(PREFIX_LEN);
        let item = |((public_key, signature), decoded): (&Signed, &mut Decoded)| Item {
            public_key,
            signature,
            message: message.as_ptr(),
            message_len: message.len(),
            point: &mut decoded.point,
            known: &mut decoded.known,
        };
        let items: Vec<Item> = all.iter().zip(decoded).map(item).collect();
        let (items, count) = (items.as_ptr(), items.len());
        unsafe { bl_native_ed25519_verify_items(items, count, prefix.as_ptr(), PREFIX_LEN) }
    }

    fn theirs(all: &[Signed]) -> i32 {
        let mut verifier = batch::Verifier::new();
        for (key, signature) in all {
            let signature = ed25519_zebra::Signature::from_bytes(signature);
            verifier.queue((VerificationKeyBytes::from(*key), signature, MESSAGE));
        }
        i32::from(verifier.verify(Fixed(1)).is_ok())
    }

    /// Some numbers for the crate's batch.
    struct Fixed(u64);

    impl rand_core::TryRng for Fixed {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(self.try_next_u64()? as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(99);
            Ok(self.0 ^ self.0 >> 29)
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            for chunk in out.chunks_mut(8) {
                chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
            }
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Fixed {}

    /// The crate and this file judge the same batches alike, whether keys are decoded or not.
    #[test]
    fn the_crate_agrees() {
        for (count, keys) in [(1, 1), (2, 1), (2, 2), (7, 3), (12, 12)] {
            let mut all = signed(count, keys);
            let mut decoded = alloc::vec![Decoded::default(); all.len()];
            assert_eq!((ours(&all, &mut decoded), theirs(&all)), (1, 1));
            let known = decoded.iter().filter(|one| one.known == 1).count();
            assert_eq!(known, usize::from(keys));
            assert_eq!(ours(&all, &mut decoded), 1);
            for bad in 0..all.len() {
                all[bad].1[33] ^= 1;
                assert_eq!((ours(&all, &mut decoded), theirs(&all)), (0, 0));
                all[bad].1[33] ^= 1;
            }
        }
        assert_eq!(ours(&[], &mut []), 1);
    }

    /// A key that is no point is refused and not kept.
    #[test]
    fn no_point_is_not_kept() {
        let mut all = signed(1, 1);
        all[0].0 = [0; 32];
        all[0].0[0] = 2;
        let mut decoded = [Decoded::default()];
        assert_eq!(ours(&all, &mut decoded), 0);
        assert_eq!(decoded[0].known, 0);
    }
}
