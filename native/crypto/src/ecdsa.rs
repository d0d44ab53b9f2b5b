// SPDX-License-Identifier: MIT
//! ECDSA over digests on secp256k1 and P-256. The verdicts are those of docs/spec/signature.md,
//! section 8: what the crates leave open (high s, the length of a key, the kind of its encoding) is
//! decided here.

use crate::bytes;

const DIGEST_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;
const POINT_LEN: usize = 65;

const SECP256K1: i32 = 1;
const P256: i32 = 2;

/// Whether the first byte and the length are those of a compressed or uncompressed point: the
/// encodings of the point at infinity and the hybrid ones are none.
fn is_point_encoding(key: &[u8]) -> bool {
    match key.first() {
        Some(2 | 3) => key.len() == 33,
        Some(4) => key.len() == POINT_LEN,
        _ => false,
    }
}

fn verify_secp256k1(key: &[u8], signature: &[u8; SIGNATURE_LEN], digest: &[u8]) -> bool {
    use k256::ecdsa::signature::hazmat::PrehashVerifier;
    let Ok(key) = k256::ecdsa::VerifyingKey::from_sec1_bytes(key) else {
        return false;
    };
    let Ok(signature) = k256::ecdsa::Signature::from_slice(signature) else {
        return false;
    };
    signature.normalize_s() == signature && key.verify_prehash(digest, &signature).is_ok()
}

fn verify_p256(key: &[u8], signature: &[u8; SIGNATURE_LEN], digest: &[u8]) -> bool {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(key) else {
        return false;
    };
    let Ok(signature) = p256::ecdsa::Signature::from_slice(signature) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// Returns 1 when the signature of the digest is valid on the curve, else 0.
///
/// # Safety
/// `signature` has 64 bytes, `digest` 32; the crate's rules for the rest.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_ecdsa_verify(
    curve: i32,
    public_key: *const u8,
    public_key_len: usize,
    signature: *const [u8; SIGNATURE_LEN],
    digest: *const [u8; DIGEST_LEN],
) -> i32 {
    let (key, signature, digest) =
        unsafe { (bytes(public_key, public_key_len), &*signature, &*digest) };
    if !is_point_encoding(key) {
        return 0;
    }
    let valid = match curve {
        SECP256K1 => verify_secp256k1(key, signature, digest),
        P256 => verify_p256(key, signature, digest),
        _ => false,
    };
    i32::from(valid)
}

fn recover(
    signature: &[u8; SIGNATURE_LEN],
    digest: &[u8],
    recovery: u32,
) -> Option<[u8; POINT_LEN]> {
    let recovery = k256::ecdsa::RecoveryId::from_byte(u8::try_from(recovery).ok()?)?;
    let signature = k256::ecdsa::Signature::from_slice(signature).ok()?;
    if signature.normalize_s() != signature {
        return None;
    }
    let key =
        k256::ecdsa::VerifyingKey::recover_from_prehash(digest, &signature, recovery).ok()?;
    key.to_sec1_point(false).as_bytes().try_into().ok()
}

/// Writes the uncompressed key on secp256k1 that the signature and the recovery number lead to and
/// returns 1, or returns 0.
///
/// # Safety
/// `out` has room for 65 bytes, `signature` has 64 and `digest` 32.
#[unsafe(no_mangle)]
unsafe extern "C" fn bl_native_secp256k1_recover(
    out: *mut [u8; POINT_LEN],
    signature: *const [u8; SIGNATURE_LEN],
    digest: *const [u8; DIGEST_LEN],
    recovery: u32,
) -> i32 {
    match unsafe { recover(&*signature, &*digest, recovery) } {
        Some(key) => {
            unsafe { out.write(key) };
            1
        }
        None => 0,
    }
}
