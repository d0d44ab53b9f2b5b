/* SPDX-License-Identifier: MIT */
/*
 * Any 96 bytes are a key and a signature, the rest is the message: no input crashes, a batch says
 * what the single check says, and a key is usable exactly when the one with the other sign is.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "crypto/crypto.h"

#define COPIES 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    baals_address key;
    baals_signature signature;
    if (size < sizeof key + sizeof signature)
        return 0;
    memcpy(key.bytes, data, sizeof key.bytes);
    memcpy(signature.bytes, data + sizeof key, sizeof signature.bytes);
    baals_slice message = bl_slice(data + 96, size - 96);
    bool valid = bl_ed25519_verify_raw(key.bytes, signature.bytes, message);

    struct bl_signed items[COPIES];
    uint8_t verdicts[COPIES];
    for (size_t i = 0; i < COPIES; i++)
        items[i] = (struct bl_signed){&key, &signature, message};
    bl_ed25519_verify_batch(verdicts, items, COPIES, NULL);
    for (size_t i = 0; i < COPIES; i++)
        BL_ASSERT(verdicts[i] == (valid ? 1 : 0));

    /* The other sign is another point, or another encoding of x = 0, which has small order. */
    baals_address negative = key;
    negative.bytes[31] ^= 0x80;
    BL_ASSERT(bl_ed25519_key_usable(&key) == bl_ed25519_key_usable(&negative));
    return 0;
}
