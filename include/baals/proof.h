/* SPDX-License-Identifier: MIT */
#ifndef BAALS_PROOF_H
#define BAALS_PROOF_H
/**
 * Verifying proofs against a state root, without a chain: what light clients and SDKs use.
 *
 * Threads:   pure functions. Allocate nothing.
 * Errors:    REJECT_PROOF when the proof does not hold, with what failed in the message.
 * Source:    docs/spec/state.md; ICS-23 with the Jellyfish Merkle and simple-Merkle specs given
 * there.
 */
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Checks that under `state_root` the record (store, key) holds exactly `value`. `store` is
 * "accounts", "code", "storage" or "meta"; `value` is the record without its 0x01 prefix. */
BAALS_API BAALS_NODISCARD baals_status baals_proof_verify_existence(const baals_hash *state_root,
                                                                    const char *store,
                                                                    baals_slice key,
                                                                    baals_slice value,
                                                                    baals_slice proof,
                                                                    baals_error *err);
/** Checks that under `state_root` the store has no record `key`. */
BAALS_API BAALS_NODISCARD baals_status baals_proof_verify_absence(const baals_hash *state_root,
                                                                  const char *store,
                                                                  baals_slice key,
                                                                  baals_slice proof,
                                                                  baals_error *err);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_PROOF_H */
