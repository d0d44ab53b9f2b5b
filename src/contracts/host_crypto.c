/* SPDX-License-Identifier: MIT */
/*
 * Host functions for hashes and signatures: one row per algorithm number. Verdicts are the
 * protocol's own (docs/spec/signature.md); a malformed key or signature is an answer, not a trap.
 */
#include "contracts/host.h"
#include "crypto/crypto.h"

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

baals_vm_action bl_host_crypto_verify(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    const struct bl_gas_schedule *schedule = frame->execution->schedule;
    uint32_t key_len = (uint32_t)args[2], signature_len = (uint32_t)args[4];
    uint32_t message_len = (uint32_t)args[6];
    bool known = (uint32_t)args[0] == 0;
    uint64_t own =
        known ? bl_gas_per_byte(schedule->ed25519, schedule->ed25519_byte, message_len) : 0;
    baals_slice key, signature, message;
    BL_HOST_TRY(bl_host_begin(frame, (uint64_t)key_len + signature_len + message_len, own));
    BL_HOST_TRY(bl_host_require(frame, known, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_input(frame, &key, 0, (uint32_t)args[1], key_len));
    BL_HOST_TRY(bl_host_input(frame, &signature, 1, (uint32_t)args[3], signature_len));
    BL_HOST_TRY(bl_host_input(frame, &message, 2, (uint32_t)args[5], message_len));
    *result_out = key.len == 32 && signature.len == 64 &&
                          bl_ed25519_verify_raw(key.data, signature.data, message)
                      ? 1
                      : 0;
    return BAALS_VM_CONTINUE;
}
