/* SPDX-License-Identifier: MIT */
#ifndef BL_CONSENSUS_CONSENSUS_H
#define BL_CONSENSUS_CONSENSUS_H
/*
 * The consensus engines and the wrappers around them (include/baals/ext/consensus.h,
 * docs/spec/consensus.md). Engines are found in one table by the name in the genesis.
 */
#include "baals/ext/consensus.h"
#include "types/types.h"

/* The names under which the chain keeps what engines read (docs/spec/state.md, meta). */
#define BL_META_AUTHORITIES "poa/authorities"

/* The engine the genesis names, with its parameters. *out is released with bl_consensus_close.
 * NOMEM; UNSUPPORTED for an engine that is not built in. */
baals_status bl_consensus_new(baals_consensus **out,
                              const struct bl_alloc *alloc,
                              const baals_genesis *genesis,
                              baals_error *err);
void bl_consensus_close(baals_consensus *consensus); /* NULL is ignored */

/* Wrappers; see the ops table for the meaning. They assert its pre- and postconditions. */
baals_status bl_consensus_validate_header(const baals_consensus *consensus,
                                          const baals_block *block,
                                          const baals_header *parent,
                                          const baals_consensus_view *view,
                                          baals_error *err);
/* OK for an engine that cannot judge a seal without the state. */
baals_status bl_consensus_check_seal(const baals_consensus *consensus,
                                     const baals_sealed_header *sealed,
                                     baals_error *err);
baals_status bl_consensus_next(const baals_consensus *consensus,
                               baals_produce_decision *out,
                               uint64_t now_ms,
                               const baals_pool_stats *pool,
                               const baals_address *key,
                               const baals_header *parent,
                               const baals_consensus_view *view,
                               baals_error *err);
baals_status bl_consensus_prepare(const baals_consensus *consensus,
                                  baals_header *header,
                                  uint64_t now_ms,
                                  const baals_address *key,
                                  const baals_header *parent,
                                  const baals_consensus_view *view,
                                  baals_error *err);
/* The longest seal any engine makes. */
#define BL_SEAL_BYTES_MAX 256u
baals_status bl_consensus_seal(const baals_consensus *consensus,
                               uint8_t seal_out[BL_SEAL_BYTES_MAX],
                               size_t *len_out,
                               const baals_hash *hash,
                               const baals_signer *signer,
                               baals_error *err);
int32_t bl_consensus_compare(const baals_consensus *consensus,
                             const baals_header *a,
                             const baals_hash *a_hash,
                             const baals_header *b,
                             const baals_hash *b_hash);
baals_status bl_consensus_final(const baals_consensus *consensus,
                                uint64_t *index_out,
                                const baals_header *tip,
                                const baals_consensus_view *view,
                                baals_error *err);
baals_status bl_consensus_authorities(const baals_consensus *consensus,
                                      baals_address keys_out[BL_AUTHORITIES_MAX],
                                      size_t *count_out,
                                      const baals_consensus_view *view,
                                      baals_error *err);

/* The stored form of an authority list: CBOR [key...], and back (CORRUPT_STATE when it is none). */
void bl_authorities_encode(struct bl_buffer *out, const baals_address *keys, size_t count);
baals_status bl_authorities_decode(baals_address keys_out[BL_AUTHORITIES_MAX],
                                   size_t *count_out,
                                   baals_slice bytes,
                                   baals_error *err);

#endif /* BL_CONSENSUS_CONSENSUS_H */
