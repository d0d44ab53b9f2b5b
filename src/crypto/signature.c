/* SPDX-License-Identifier: MIT */
/*
 * Ed25519 under ZIP-215 (docs/spec/signature.md). ZIP-215 is the rule under which one equation over
 * many signatures and one equation per signature always agree, so a batch is only a faster way to
 * the same verdicts: it either clears a whole range, or the range is halved until the invalid
 * signatures stand alone.
 */
#include "crypto/crypto.h"

#include <string.h>

#include "bl_native.h"

/* Signatures per equation: beyond this the gain per signature is small, and memory is bounded. */
#define SIGNATURE_BATCH_MAX 256u
/* Ranges as short as this are cheaper one by one. */
#define SIGNATURE_BATCH_MIN 4u

_Static_assert(sizeof(baals_address) == BL_NATIVE_KEY_LEN, "an address is a key without padding");
_Static_assert(sizeof(baals_signature) == BL_NATIVE_SIGNATURE_LEN, "a signature has no padding");

/* What is signed before the message: the tag and, as separator, its NUL. */
static baals_slice signature_prefix(const char *tag)
{
    return tag != NULL ? bl_slice(tag, strlen(tag) + 1) : bl_slice(NULL, 0);
}

void bl_ed25519_public(baals_address *out, const uint8_t seed[32])
{
    bl_native_ed25519_public(out->bytes, seed);
}

void bl_ed25519_sign(baals_signature *out,
                     const uint8_t seed[32],
                     const char *tag,
                     baals_slice message)
{
    baals_slice prefix = signature_prefix(tag);
    bl_native_ed25519_sign(out->bytes, seed, prefix.data, prefix.len, message.data, message.len);
}

bool bl_ed25519_verify_raw(const uint8_t public_key[32],
                           const uint8_t signature[64],
                           baals_slice message)
{
    return bl_native_ed25519_verify(public_key, signature, NULL, 0, message.data, message.len) == 1;
}

bool bl_ed25519_verify(const baals_address *public_key,
                       const baals_signature *signature,
                       const char *tag,
                       baals_slice message)
{
    baals_slice prefix = signature_prefix(tag);
    return bl_native_ed25519_verify(public_key->bytes, signature->bytes, prefix.data, prefix.len,
                                    message.data, message.len) == 1;
}

static bool signature_one_valid(const struct bl_native_signed *item, baals_slice prefix)
{
    return bl_native_ed25519_verify(item->public_key, item->signature, prefix.data, prefix.len,
                                    item->message, item->message_len) == 1;
}

/* Fills in the verdicts of a range. Depth: log2(SIGNATURE_BATCH_MAX). */
static void signature_bisect(uint8_t *verdicts,
                             const struct bl_native_signed *items,
                             size_t count,
                             baals_slice prefix)
{
    if (count <= SIGNATURE_BATCH_MIN) {
        for (size_t i = 0; i < count; i++)
            verdicts[i] = signature_one_valid(&items[i], prefix) ? 1 : 0;
        return;
    }
    if (bl_native_ed25519_verify_all(items, count, prefix.data, prefix.len) == 1) {
        memset(verdicts, 1, count);
        return;
    }
    size_t half = count / 2;
    signature_bisect(verdicts, items, half, prefix);
    signature_bisect(verdicts + half, items + half, count - half, prefix);
}

void bl_ed25519_verify_batch(uint8_t *verdicts,
                             const struct bl_signed *items,
                             size_t count,
                             const char *tag)
{
    struct bl_native_signed range[SIGNATURE_BATCH_MAX];
    baals_slice prefix = signature_prefix(tag);
    for (size_t start = 0; start < count; start += SIGNATURE_BATCH_MAX) {
        size_t len = count - start < SIGNATURE_BATCH_MAX ? count - start : SIGNATURE_BATCH_MAX;
        for (size_t i = 0; i < len; i++) {
            const struct bl_signed *item = &items[start + i];
            range[i] = (struct bl_native_signed){.public_key = item->public_key->bytes,
                                                 .signature = item->signature->bytes,
                                                 .message = item->message.data,
                                                 .message_len = item->message.len};
        }
        signature_bisect(verdicts + start, range, len, prefix);
    }
}

bool bl_ed25519_key_usable(const baals_address *public_key)
{
    return bl_native_ed25519_key_usable(public_key->bytes) == 1;
}

void bl_wipe(void *data, size_t len)
{
    volatile uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        bytes[i] = 0;
}
