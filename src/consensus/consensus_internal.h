/* SPDX-License-Identifier: MIT */
#ifndef BL_CONSENSUS_CONSENSUS_INTERNAL_H
#define BL_CONSENSUS_CONSENSUS_INTERNAL_H
/* The constructors of the engines, each in its own file. */
#include "consensus/consensus.h"

/* Proof of authority (docs/spec/consensus.md). */
baals_status bl_consensus_poa_new(baals_consensus **out,
                                  const struct bl_alloc *alloc,
                                  const baals_genesis *genesis,
                                  baals_error *err);

#endif /* BL_CONSENSUS_CONSENSUS_INTERNAL_H */
