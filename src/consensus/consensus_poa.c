/* SPDX-License-Identifier: MIT */
/*
 * Proof of authority (docs/spec/consensus.md). An ordered set of n authorities is kept in `meta`.
 *
 *   n = 1: the authority makes every block, whenever it likes; every block is final at once.
 *   n > 1: time is cut into slots of slot_ms from the genesis's start; the block of a slot belongs
 * to authorities[slot mod n] and lies in a later slot than its parent. A block is final once more
 * than n/2 distinct authorities have built on it.
 *
 * The slot always follows from the timestamp, so a header cannot claim another one. Authorities are
 * a trusted set: this is crash-tolerant, not Byzantine-tolerant.
 */
#include <string.h>

#include "consensus/consensus_internal.h"
#include "crypto/crypto.h"

struct consensus_poa {
    baals_consensus base; /* first */
    struct bl_alloc alloc;
    uint64_t start_ms;
    uint64_t slot_ms;
    uint64_t interval_ms;
    uint64_t pending_count;
    uint64_t pending_bytes;
    bool instant;
    bool empty_blocks;
};

/* A seal is exactly {"sig": bytes64}: a map of one pair. */
#define POA_SEAL_BYTES 71u
static const uint8_t poa_seal_head[] = {0xa1, 0x63, 's', 'i', 'g', 0x58, 0x40};
_Static_assert(sizeof poa_seal_head + 64 == POA_SEAL_BYTES, "head and signature");

static const struct baals_consensus_ops poa_ops;

static const struct consensus_poa *poa_of(const baals_consensus *self)
{
    BL_ASSERT(self->ops == &poa_ops);
    return (const struct consensus_poa *)(const void *)self;
}

struct poa_authorities {
    baals_address keys[BL_AUTHORITIES_MAX];
    size_t count;
};

static baals_status poa_authorities_read(struct poa_authorities *out,
                                         const baals_consensus_view *view,
                                         baals_error *err)
{
    baals_slice bytes = {NULL, 0};
    baals_status status = view->meta_get(view->ctx, &bytes, bl_slice_str(BL_META_AUTHORITIES), err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the state has no authority list");
    BL_TRY(status);
    return bl_authorities_decode(out->keys, &out->count, bytes, err);
}

/* spec/consensus.md 1: "A time before start_ms lies in slot 0." */
static uint64_t poa_slot(const struct consensus_poa *poa, uint64_t timestamp_ms)
{
    return timestamp_ms < poa->start_ms ? 0 : (timestamp_ms - poa->start_ms) / poa->slot_ms;
}

/* The key whose turn a slot is. */
static const baals_address *poa_proposer(const struct poa_authorities *authorities, uint64_t slot)
{
    return &authorities->keys[slot % authorities->count];
}

static baals_status poa_check_seal(const baals_slice *seal,
                                   const baals_address *proposer,
                                   const baals_hash *hash,
                                   baals_error *err)
{
    if (seal == NULL)
        return bl_fail(err, BAALS_REJECT_SEAL, "the block has no seal");
    if (seal->len != POA_SEAL_BYTES || memcmp(seal->data, poa_seal_head, sizeof poa_seal_head) != 0)
        return bl_fail(err, BAALS_REJECT_SEAL, "the seal is not {\"sig\": 64 bytes}");
    baals_signature signature;
    memcpy(signature.bytes, seal->data + sizeof poa_seal_head, sizeof signature.bytes);
    if (!bl_ed25519_verify(proposer, &signature, BL_TAG_SEAL,
                           bl_slice(hash->bytes, sizeof hash->bytes)))
        return bl_fail(err, BAALS_REJECT_SEAL, "the seal is not the proposer's signature");
    return BAALS_OK;
}

static baals_status poa_validate_header(const baals_consensus *self,
                                        const baals_header *header,
                                        const baals_hash *hash,
                                        const baals_slice *seal,
                                        const baals_header *parent,
                                        const baals_consensus_view *view,
                                        baals_error *err)
{
    const struct consensus_poa *poa = poa_of(self);
    struct poa_authorities authorities;
    BL_TRY(poa_authorities_read(&authorities, view, err));
    bool turns = authorities.count > 1;
    uint64_t slot = poa_slot(poa, header->timestamp_ms);

    if (!bl_address_equal(&header->proposer, poa_proposer(&authorities, turns ? slot : 0)))
        return bl_fail(err, BAALS_REJECT_PROPOSER,
                       "block %llu, slot %llu: not the proposer whose turn it is",
                       (unsigned long long)header->index, (unsigned long long)slot);
    if (header->nonce != (turns ? slot : 0))
        return bl_fail(err, BAALS_REJECT_SLOT, "the header says slot %llu, its time says %llu",
                       (unsigned long long)header->nonce, (unsigned long long)(turns ? slot : 0));
    if (turns && slot <= poa_slot(poa, parent->timestamp_ms))
        return bl_fail(err, BAALS_REJECT_SLOT, "slot %llu is not later than the parent's",
                       (unsigned long long)slot);
    if (header->timestamp_ms < parent->timestamp_ms)
        return bl_fail(err, BAALS_REJECT_TIME, "%llu ms is before the parent's %llu ms",
                       (unsigned long long)header->timestamp_ms,
                       (unsigned long long)parent->timestamp_ms);
    if (header->has_metadata != 0)
        return bl_fail(err, BAALS_REJECT_HEADER_METADATA, "poa headers carry no metadata");
    return poa_check_seal(seal, &header->proposer, hash, err);
}

static baals_status poa_check_seal_alone(const baals_consensus *self,
                                         const baals_header *header,
                                         const baals_hash *hash,
                                         const baals_slice *seal,
                                         baals_error *err)
{
    (void)poa_of(self);
    return poa_check_seal(seal, &header->proposer, hash, err);
}

/* ---- producing ---- */

/* Whether what is pending asks for a block now, by count, by bytes, or at all. */
static bool poa_pending_asks(const struct consensus_poa *poa, const baals_pool_stats *pool)
{
    if (pool->ready_count == 0)
        return false;
    return poa->instant || (poa->pending_count != 0 && pool->ready_count >= poa->pending_count) ||
           (poa->pending_bytes != 0 && pool->ready_bytes >= poa->pending_bytes);
}

static baals_produce_decision poa_at(uint64_t at_ms, uint64_t now_ms)
{
    baals_produce_decision decision = {BAALS_PRODUCE_NOW, 0};
    if (at_ms > now_ms)
        decision = (baals_produce_decision){BAALS_PRODUCE_AT, at_ms};
    return decision;
}

/* When the triggers of the genesis ask for a block, `unfinal` set when one with transactions waits
 * for others to build on it. */
static baals_produce_decision poa_trigger(const struct consensus_poa *poa,
                                          uint64_t now_ms,
                                          const baals_pool_stats *pool,
                                          const baals_header *parent,
                                          bool unfinal)
{
    baals_produce_decision never = {BAALS_PRODUCE_NEVER, 0};
    if (unfinal || poa_pending_asks(poa, pool))
        return poa_at(now_ms, now_ms);
    if (poa->interval_ms != 0 && (pool->ready_count > 0 || poa->empty_blocks)) {
        uint64_t at_ms = UINT64_MAX;
        if (bl_u64_add(&at_ms, parent->timestamp_ms, poa->interval_ms))
            return poa_at(at_ms, now_ms);
    }
    return never;
}

static bool poa_is_authority(const struct poa_authorities *authorities, const baals_address *key)
{
    for (size_t i = 0; i < authorities->count; i++) {
        if (bl_address_equal(key, &authorities->keys[i]))
            return true;
    }
    return false;
}

/* When the first slot of `key` later than the parent's begins, not looking before `time_ms`:
 * `time_ms` itself within its own slot. False when that lies beyond the end of time. */
static bool poa_own_time(uint64_t *at_ms_out,
                         const struct consensus_poa *poa,
                         const struct poa_authorities *authorities,
                         const baals_address *key,
                         uint64_t time_ms,
                         uint64_t parent_slot)
{
    uint64_t slot = poa_slot(poa, time_ms);
    if (slot <= parent_slot && !bl_u64_add(&slot, parent_slot, 1))
        return false;
    while (!bl_address_equal(key, poa_proposer(authorities, slot))) {
        if (!bl_u64_add(&slot, slot, 1))
            return false;
    }
    uint64_t begin_ms = 0;
    if (!bl_u64_mul(&begin_ms, slot, poa->slot_ms) ||
        !bl_u64_add(&begin_ms, begin_ms, poa->start_ms))
        return false;
    *at_ms_out = begin_ms > time_ms ? begin_ms : time_ms;
    return true;
}

static baals_status poa_final_of(uint64_t *index_out,
                                 const struct poa_authorities *authorities,
                                 const baals_header *tip,
                                 const baals_consensus_view *view,
                                 baals_error *err);

/* True when a block with transactions above the final one waits for finality. */
static baals_status poa_has_unfinal_txs(bool *out,
                                        const struct poa_authorities *authorities,
                                        const baals_header *parent,
                                        const baals_consensus_view *view,
                                        baals_error *err)
{
    baals_hash empty_root;
    bl_merkle_root(&empty_root, NULL, 0);
    uint64_t final_index = 0;
    BL_TRY(poa_final_of(&final_index, authorities, parent, view, err));
    bool found = false;
    for (uint64_t index = parent->index; index > final_index && !found; index--) {
        baals_header header;
        BL_TRY(view->header_get(view->ctx, &header, index, err));
        found = !bl_hash_equal(&header.tx_root, &empty_root);
    }
    *out = found;
    return BAALS_OK;
}

static baals_status poa_next(const baals_consensus *self,
                             baals_produce_decision *out,
                             uint64_t now_ms,
                             const baals_pool_stats *pool,
                             const baals_address *key,
                             const baals_header *parent,
                             const baals_consensus_view *view,
                             baals_error *err)
{
    const struct consensus_poa *poa = poa_of(self);
    struct poa_authorities authorities;
    BL_TRY(poa_authorities_read(&authorities, view, err));
    if (!poa_is_authority(&authorities, key))
        return BAALS_OK;
    if (authorities.count == 1) {
        *out = poa_trigger(poa, now_ms, pool, parent, false);
        return BAALS_OK;
    }
    bool unfinal = false;
    BL_TRY(poa_has_unfinal_txs(&unfinal, &authorities, parent, view, err));
    baals_produce_decision wanted = poa_trigger(poa, now_ms, pool, parent, unfinal);
    if (wanted.what == BAALS_PRODUCE_NEVER)
        return BAALS_OK;
    uint64_t behind_ms = parent->timestamp_ms > now_ms ? parent->timestamp_ms - now_ms : 0;
    if (behind_ms > BL_CLOCK_DRIFT_MS)
        return bl_fail(err, BAALS_BUSY_CLOCK,
                       "the clock is %llu ms behind the newest block; set it before sealing",
                       (unsigned long long)behind_ms);
    uint64_t time_ms = wanted.what == BAALS_PRODUCE_AT ? wanted.at_ms : now_ms;
    uint64_t at_ms = 0;
    if (poa_own_time(&at_ms, poa, &authorities, key, time_ms, poa_slot(poa, parent->timestamp_ms)))
        *out = poa_at(at_ms, now_ms);
    return BAALS_OK;
}

static baals_status poa_prepare(const baals_consensus *self,
                                baals_header *header,
                                uint64_t now_ms,
                                const baals_address *key,
                                const baals_header *parent,
                                const baals_consensus_view *view,
                                baals_error *err)
{
    const struct consensus_poa *poa = poa_of(self);
    struct poa_authorities authorities;
    BL_TRY(poa_authorities_read(&authorities, view, err));
    header->timestamp_ms = now_ms > parent->timestamp_ms ? now_ms : parent->timestamp_ms;
    header->nonce = authorities.count > 1 ? poa_slot(poa, header->timestamp_ms) : 0;
    header->proposer = *key;
    header->has_metadata = 0;
    header->metadata = bl_slice(NULL, 0);
    return BAALS_OK;
}

static baals_status poa_seal(const baals_consensus *self,
                             uint8_t *seal_out,
                             size_t cap,
                             size_t *len_out,
                             const baals_hash *hash,
                             const baals_signer *signer,
                             baals_error *err)
{
    (void)poa_of(self);
    BL_ASSERT(cap >= POA_SEAL_BYTES);
    baals_signature signature;
    BL_TRY(signer->sign_seal(signer->ctx, &signature, hash, err));
    memcpy(seal_out, poa_seal_head, sizeof poa_seal_head);
    memcpy(seal_out + sizeof poa_seal_head, signature.bytes, sizeof signature.bytes);
    *len_out = POA_SEAL_BYTES;
    return BAALS_OK;
}

/* ---- branches ---- */

static int32_t poa_compare(const baals_consensus *self,
                           const baals_header *a,
                           const baals_hash *a_hash,
                           const baals_header *b,
                           const baals_hash *b_hash)
{
    (void)poa_of(self);
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    int order = memcmp(a_hash->bytes, b_hash->bytes, sizeof a_hash->bytes);
    return order < 0 ? 1 : order > 0 ? -1 : 0;
}

/* Walks down from the tip collecting distinct proposers among the authorities in force at the tip:
 * the first index below more than half of them is final. What was final before stays so. */
static baals_status poa_final_of(uint64_t *index_out,
                                 const struct poa_authorities *authorities,
                                 const baals_header *tip,
                                 const baals_consensus_view *view,
                                 baals_error *err)
{
    if (authorities->count == 1) {
        *index_out = tip->index;
        return BAALS_OK;
    }
    bool seen[BL_AUTHORITIES_MAX] = {false};
    size_t distinct = 0;
    baals_header header = *tip;
    while (header.index > view->final_index) {
        for (size_t i = 0; i < authorities->count; i++) {
            if (!seen[i] && bl_address_equal(&header.proposer, &authorities->keys[i])) {
                seen[i] = true;
                distinct++;
            }
        }
        if (distinct * 2 > authorities->count) {
            *index_out = header.index - 1;
            return BAALS_OK;
        }
        BL_TRY(view->header_get(view->ctx, &header, header.index - 1, err));
    }
    *index_out = view->final_index;
    return BAALS_OK;
}

static baals_status poa_final(const baals_consensus *self,
                              uint64_t *index_out,
                              const baals_header *tip,
                              const baals_consensus_view *view,
                              baals_error *err)
{
    (void)poa_of(self);
    struct poa_authorities authorities;
    BL_TRY(poa_authorities_read(&authorities, view, err));
    return poa_final_of(index_out, &authorities, tip, view, err);
}

static baals_status poa_authorities_get(const baals_consensus *self,
                                        baals_address *keys_out,
                                        size_t *count_out,
                                        const baals_consensus_view *view,
                                        baals_error *err)
{
    (void)poa_of(self);
    struct poa_authorities authorities;
    BL_TRY(poa_authorities_read(&authorities, view, err));
    memcpy(keys_out, authorities.keys, authorities.count * sizeof *keys_out);
    *count_out = authorities.count;
    return BAALS_OK;
}

static void poa_close(baals_consensus *self)
{
    BL_ASSERT(self->ops == &poa_ops);
    struct consensus_poa *poa = (struct consensus_poa *)(void *)self;
    struct bl_alloc alloc = poa->alloc;
    bl_alloc_free(&alloc, poa, sizeof *poa);
}

baals_status bl_consensus_poa_new(baals_consensus **out,
                                  const struct bl_alloc *alloc,
                                  const baals_genesis *genesis,
                                  baals_error *err)
{
    BL_ASSERT(genesis->poa.slot_ms > 0);
    struct consensus_poa *poa = bl_alloc_zero(alloc, 1, sizeof *poa);
    if (poa == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the consensus engine");
    poa->base.ops = &poa_ops;
    poa->alloc = *alloc;
    poa->start_ms = genesis->start_ms;
    poa->slot_ms = genesis->poa.slot_ms;
    poa->interval_ms = genesis->poa.interval_ms;
    poa->pending_count = genesis->poa.pending_count;
    poa->pending_bytes = genesis->poa.pending_bytes;
    poa->instant = genesis->poa.instant != 0;
    poa->empty_blocks = genesis->poa.empty_blocks != 0;
    *out = &poa->base;
    return BAALS_OK;
}

static const struct baals_consensus_ops poa_ops = {
    .version = BAALS_CONSENSUS_OPS_VERSION,
    .name = "poa",
    .validate_header = poa_validate_header,
    .next = poa_next,
    .prepare = poa_prepare,
    .seal = poa_seal,
    .compare = poa_compare,
    .final = poa_final,
    .authorities = poa_authorities_get,
    .close = poa_close,
    .check_seal = poa_check_seal_alone,
};
