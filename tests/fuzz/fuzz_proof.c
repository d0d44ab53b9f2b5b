/* SPDX-License-Identifier: MIT */
/*
 * The verifier on any bytes. The input is a true case (root, store, key, value, proof) that the
 * corpus provides, mutated by the fuzzer: lengths first, then the parts. Nothing but OK and
 * REJECT_PROOF may come out, and never OK for existence and absence of one key at once.
 *
 *   input = root[32] || u8 store || u8 key length || u8 value length || key || value || proof
 */
#include <stdlib.h>
#include <string.h>

#include "baals/proof.h"
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const stores[4] = {"accounts", "code", "storage", "meta"};
    baals_hash root;
    if (size < 35)
        return 0;
    memcpy(root.bytes, data, 32);
    const char *store = stores[data[32] % 4];
    size_t key_len = data[33];
    size_t value_len = data[34];
    const uint8_t *rest = data + 35;
    size_t left = size - 35;
    if (key_len + value_len > left)
        return 0;
    baals_slice key = bl_slice(rest, key_len);
    baals_slice value = bl_slice(rest + key_len, value_len);
    baals_slice proof = bl_slice(rest + key_len + value_len, left - key_len - value_len);
    baals_status exists = baals_proof_verify_existence(&root, store, key, value, proof, NULL);
    baals_status absent = baals_proof_verify_absence(&root, store, key, proof, NULL);
    if (exists != BAALS_OK && exists != BAALS_REJECT_PROOF)
        abort();
    if (absent != BAALS_OK && absent != BAALS_REJECT_PROOF)
        abort();
    if (exists == BAALS_OK && absent == BAALS_OK)
        abort();
    return 0;
}
