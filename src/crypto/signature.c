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

/* Below this a second thread is not worth waking. */
#define SIGNATURE_SHARE_MIN 16u
/* Shares per thread, where they stay large, so that threads end at about the same time. */
#define SIGNATURE_SHARES 4u
#define SIGNATURE_SHARE_LARGE 256u
/* Equations that may fail before the rest of a range is checked one by one: enough to find a few
 * invalid signatures among many, and a bound on what someone who sends invalid ones can cost. */
#define SIGNATURE_FAILURES_MAX 16u

_Static_assert(sizeof(((baals_signing_key *)0)->secret) ==
                   BL_NATIVE_SIGNING_WORDS * sizeof(uint64_t),
               "a key that is ready to sign fits");
_Static_assert(sizeof(baals_address) == BL_NATIVE_KEY_LEN, "an address is a key without padding");
_Static_assert(sizeof(baals_signature) == BL_NATIVE_SIGNATURE_LEN, "a signature has no padding");

/* What is signed before the message: the tag and, as separator, its NUL. */
static baals_slice signature_prefix(const char *tag)
{
    return tag != NULL ? bl_slice(tag, strlen(tag) + 1) : bl_slice(NULL, 0);
}

/* ---- signing ---- */

static void signature_key_check(baals_hash *out, const baals_signing_key *key)
{
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(key->address.bytes, sizeof key->address.bytes));
    bl_sha256_update(&state, bl_slice(key->secret, sizeof key->secret));
    bl_sha256_final(out, &state);
    bl_wipe(&state, sizeof state);
}

void bl_signing_key_init(baals_signing_key *key, const uint8_t seed[32])
{
    bl_native_ed25519_expand(key->secret, seed);
    bl_native_ed25519_expanded_public(key->address.bytes, key->secret);
    signature_key_check(&key->check, key);
}

void bl_signing_key_deinit(baals_signing_key *key)
{
    bl_wipe(key, sizeof *key);
}

bool bl_signing_key_sign(baals_signature *out,
                         const baals_signing_key *key,
                         const char *tag,
                         baals_slice message)
{
    baals_slice prefix = signature_prefix(tag);
    baals_hash check;
    signature_key_check(&check, key);
    if (!bl_hash_equal(&check, &key->check))
        return false;
    bl_native_ed25519_expanded_sign(out->bytes, key->secret, prefix.data, prefix.len, message.data,
                                    message.len);
    return true;
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

/* ---- verifying ---- */

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

/* Fills in the verdicts of a range; `failures` counts the equations that did not hold. Depth:
 * log2(BL_SIGNATURE_BATCH_MAX). */
static void signature_bisect(uint8_t *verdicts,
                             const struct bl_native_signed *items,
                             size_t count,
                             baals_slice prefix,
                             uint32_t *failures)
{
    if (count <= 1 || *failures >= SIGNATURE_FAILURES_MAX) {
        for (size_t i = 0; i < count; i++)
            verdicts[i] = signature_one_valid(&items[i], prefix) ? 1 : 0;
        return;
    }
    if (bl_native_ed25519_verify_all(items, count, prefix.data, prefix.len) == 1) {
        memset(verdicts, 1, count);
        return;
    }
    (*failures)++;
    size_t half = count / 2;
    signature_bisect(verdicts, items, half, prefix, failures);
    signature_bisect(verdicts + half, items + half, count - half, prefix, failures);
}

void bl_ed25519_verify_batch(uint8_t *verdicts,
                             const struct bl_signed *items,
                             size_t count,
                             const char *tag)
{
    struct bl_native_signed range[BL_SIGNATURE_BATCH_MAX];
    baals_slice prefix = signature_prefix(tag);
    for (size_t start = 0; start < count; start += BL_SIGNATURE_BATCH_MAX) {
        size_t len =
            count - start < BL_SIGNATURE_BATCH_MAX ? count - start : BL_SIGNATURE_BATCH_MAX;
        for (size_t i = 0; i < len; i++) {
            const struct bl_signed *item = &items[start + i];
            range[i] = (struct bl_native_signed){.public_key = item->public_key->bytes,
                                                 .signature = item->signature->bytes,
                                                 .message = item->message.data,
                                                 .message_len = item->message.len};
        }
        uint32_t failures = 0;
        signature_bisect(verdicts + start, range, len, prefix, &failures);
    }
}

static size_t signature_clamp(size_t value, size_t low, size_t high)
{
    if (value < low)
        return low;
    return value < high ? value : high;
}

size_t bl_ed25519_share(size_t count, uint32_t threads)
{
    size_t even = (count + threads - 1) / threads;
    size_t several =
        signature_clamp(even / SIGNATURE_SHARES, SIGNATURE_SHARE_LARGE, BL_SIGNATURE_BATCH_MAX);
    return signature_clamp(even, SIGNATURE_SHARE_MIN, several);
}

struct signature_shares {
    uint8_t *verdicts;
    const struct bl_signed *items;
    size_t count;
    size_t share;
    const char *tag;
};

static void signature_verify_share(void *ctx, size_t part)
{
    const struct signature_shares *shares = ctx;
    size_t begin = part * shares->share;
    size_t left = shares->count - begin;
    bl_ed25519_verify_batch(shares->verdicts + begin, shares->items + begin,
                            left < shares->share ? left : shares->share, shares->tag);
}

void bl_ed25519_verify_shared(struct bl_workers *workers,
                              uint8_t *verdicts,
                              const struct bl_signed *items,
                              size_t count,
                              const char *tag)
{
    struct signature_shares shares = {
        .verdicts = verdicts,
        .items = items,
        .count = count,
        .share = bl_ed25519_share(count, bl_workers_count(workers)),
        .tag = tag,
    };
    bl_workers_run(workers, signature_verify_share, &shares,
                   (count + shares.share - 1) / shares.share);
}

bool bl_ed25519_key_usable(const baals_address *public_key)
{
    return bl_native_ed25519_key_usable(public_key->bytes) == 1;
}

/* y of the encodings of the eight points of small order: of order 1, 2 and 4, and the two of order
 * 8. Each stands for both signs of x. */
static const uint8_t signature_small_order[5][32] = {
    {0x01},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x00},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* y from p = 2^255 - 19 on, which stand for y - p. */
static bool signature_y_above_p(const uint8_t y[32])
{
    if (y[31] != 0x7f || y[0] < 0xed)
        return false;
    for (size_t i = 1; i < 31; i++) {
        if (y[i] != 0xff)
            return false;
    }
    return true;
}

bool bl_ed25519_key_form(const baals_address *public_key)
{
    uint8_t y[32];
    memcpy(y, public_key->bytes, sizeof y);
    y[31] &= 0x7f;
    if (signature_y_above_p(y))
        return false;
    for (size_t i = 0; i < sizeof signature_small_order / sizeof signature_small_order[0]; i++) {
        if (memcmp(y, signature_small_order[i], sizeof y) == 0)
            return false;
    }
    return true;
}

void bl_wipe(void *data, size_t len)
{
    volatile uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        bytes[i] = 0;
}
