/* SPDX-License-Identifier: MIT */
/*
 * Host functions for hashes and signatures: one row per algorithm number. Verdicts are the
 * protocol's own (docs/spec/signature.md); a malformed key or signature is an answer, not a trap.
 */
#include "contracts/host.h"
#include "crypto/crypto.h"

/* Algorithms of crypto_verify. */
enum {
    CRYPTO_ED25519 = 0,
    CRYPTO_SECP256K1 = 1,
    CRYPTO_P256 = 2,
};

struct crypto_hash {
    void (*run)(baals_hash *out, baals_slice data);
    uint64_t base;
    uint64_t byte;
};

/* False: no such algorithm. */
static bool
crypto_hash_get(struct crypto_hash *out, const struct bl_gas_schedule *schedule, uint32_t algorithm)
{
    const struct crypto_hash rows[] = {
        {bl_sha256, schedule->sha256, schedule->sha256_byte},
        {bl_keccak256, schedule->keccak, schedule->keccak_byte},
        {bl_blake2b256, schedule->blake, schedule->blake_byte},
        {bl_blake3, schedule->blake, schedule->blake_byte},
    };
    if (algorithm >= BL_COUNT_OF(rows))
        return false;
    *out = rows[algorithm];
    return true;
}

baals_vm_action bl_host_crypto_hash(void *ctx,
                                    baals_vm_instance *instance,
                                    uint64_t *result_out,
                                    const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t len = (uint32_t)args[2], dst = (uint32_t)args[3];
    struct crypto_hash hash = {0};
    bool known = crypto_hash_get(&hash, frame->execution->schedule, (uint32_t)args[0]);
    baals_slice data;
    baals_hash digest;
    BL_HOST_TRY(
        bl_host_begin(frame, (uint64_t)len + 32, bl_gas_per_byte(hash.base, hash.byte, len)));
    BL_HOST_TRY(bl_host_require(frame, known, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_input(frame, &data, 0, (uint32_t)args[1], len));
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof digest.bytes));
    BL_ASSERT(hash.run != NULL);
    hash.run(&digest, data);
    bl_host_write(frame, dst, bl_slice(digest.bytes, sizeof digest.bytes));
    *result_out = sizeof digest.bytes;
    return BAALS_VM_CONTINUE;
}

/* Fixed-size ECDSA verdict over a digest. */
static bool
crypto_ecdsa(enum bl_ecdsa_curve curve, baals_slice key, baals_slice signature, baals_slice digest)
{
    return signature.len == 64 && digest.len == 32 &&
           bl_ecdsa_verify(curve, key, signature.data, digest.data);
}

static bool
crypto_verdict(uint32_t algorithm, baals_slice key, baals_slice signature, baals_slice message)
{
    if (algorithm == CRYPTO_ED25519)
        return key.len == 32 && signature.len == 64 &&
               bl_ed25519_verify_raw(key.data, signature.data, message);
    return crypto_ecdsa(algorithm == CRYPTO_SECP256K1 ? BL_ECDSA_SECP256K1 : BL_ECDSA_P256, key,
                        signature, message);
}

/* The cost of a verification. False: no such algorithm under the limits in force. */
static bool crypto_verify_cost(uint64_t *cost_out,
                               const struct bl_execution *execution,
                               uint32_t algorithm,
                               uint32_t message_len)
{
    const struct bl_gas_schedule *schedule = execution->schedule;
    *cost_out = 0;
    if (algorithm == CRYPTO_ED25519)
        *cost_out = bl_gas_per_byte(schedule->ed25519, schedule->ed25519_byte, message_len);
    else if (execution->params->wasm_limits < 2)
        return false;
    else if (algorithm == CRYPTO_SECP256K1)
        *cost_out = schedule->secp256k1_verify;
    else if (algorithm == CRYPTO_P256)
        *cost_out = schedule->p256_verify;
    return algorithm <= CRYPTO_P256;
}

baals_vm_action bl_host_crypto_verify(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t algorithm = (uint32_t)args[0], key_len = (uint32_t)args[2];
    uint32_t signature_len = (uint32_t)args[4], message_len = (uint32_t)args[6];
    uint64_t own = 0;
    bool known = crypto_verify_cost(&own, frame->execution, algorithm, message_len);
    baals_slice key, signature, message;
    BL_HOST_TRY(bl_host_begin(frame, (uint64_t)key_len + signature_len + message_len, own));
    BL_HOST_TRY(bl_host_require(frame, known, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_input(frame, &key, 0, (uint32_t)args[1], key_len));
    BL_HOST_TRY(bl_host_input(frame, &signature, 1, (uint32_t)args[3], signature_len));
    BL_HOST_TRY(bl_host_input(frame, &message, 2, (uint32_t)args[5], message_len));
    *result_out = crypto_verdict(algorithm, key, signature, message) ? 1 : 0;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_crypto_recover(void *ctx,
                                       baals_vm_instance *instance,
                                       uint64_t *result_out,
                                       const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t dst = (uint32_t)args[3];
    uint8_t key[65];
    baals_slice digest, signature;
    BL_HOST_TRY(
        bl_host_begin(frame, 32 + 64 + sizeof key, frame->execution->schedule->secp256k1_recover));
    BL_HOST_TRY(bl_host_input(frame, &digest, 0, (uint32_t)args[0], 32));
    BL_HOST_TRY(bl_host_input(frame, &signature, 1, (uint32_t)args[1], 64));
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof key));
    *result_out = 0;
    if (bl_secp256k1_recover(key, signature.data, digest.data, (uint32_t)args[2])) {
        bl_host_write(frame, dst, bl_slice(key, sizeof key));
        *result_out = 1;
    }
    return BAALS_VM_CONTINUE;
}
