/* SPDX-License-Identifier: MIT */
/*
 * The table of consensus engines, the wrappers through which everybody reaches them, and the stored
 * form of an authority list. Nobody calls an engine's ops directly: the wrappers assert what the
 * interface promises on both sides.
 */
#include "consensus/consensus.h"

#include "consensus/consensus_internal.h"

struct consensus_entry {
    const char *name;
    baals_status (*create)(baals_consensus **out,
                           const struct bl_alloc *alloc,
                           const baals_genesis *genesis,
                           baals_error *err);
};

static const struct consensus_entry consensus_engines[] = {
    {"poa", bl_consensus_poa_new},
};

baals_status bl_consensus_new(baals_consensus **out,
                              const struct bl_alloc *alloc,
                              const baals_genesis *genesis,
                              baals_error *err)
{
    for (size_t i = 0; i < BL_COUNT_OF(consensus_engines); i++) {
        if (!bl_slice_equal(genesis->engine, bl_slice_str(consensus_engines[i].name)))
            continue;
        baals_consensus *made = NULL;
        BL_TRY(consensus_engines[i].create(&made, alloc, genesis, err));
        BL_ASSERT(made->ops->version == BAALS_CONSENSUS_OPS_VERSION);
        *out = made;
        return BAALS_OK;
    }
    return bl_fail(
        err, BAALS_UNSUPPORTED, "consensus engine \"%.*s\" is not built in",
        (int)(genesis->engine.len > BL_NAME_BYTES_MAX ? BL_NAME_BYTES_MAX : genesis->engine.len),
        (const char *)genesis->engine.data);
}

void bl_consensus_close(baals_consensus *consensus)
{
    if (consensus != NULL)
        consensus->ops->close(consensus);
}

baals_status bl_consensus_validate_header(const baals_consensus *consensus,
                                          const baals_block *block,
                                          const baals_header *parent,
                                          const baals_consensus_view *view,
                                          baals_error *err)
{
    BL_ASSERT(block->header.index == parent->index + 1);
    return consensus->ops->validate_header(consensus, &block->header, &block->hash,
                                           block->has_seal != 0 ? &block->seal : NULL, parent, view,
                                           err);
}

baals_status bl_consensus_check_seal(const baals_consensus *consensus,
                                     const baals_sealed_header *sealed,
                                     baals_error *err)
{
    if (consensus->ops->check_seal == NULL)
        return BAALS_OK;
    return consensus->ops->check_seal(consensus, &sealed->header, &sealed->hash,
                                      sealed->has_seal != 0 ? &sealed->seal : NULL, err);
}

baals_status bl_consensus_next(const baals_consensus *consensus,
                               baals_produce_decision *out,
                               uint64_t now_ms,
                               const baals_pool_stats *pool,
                               const baals_address *key,
                               const baals_header *parent,
                               const baals_consensus_view *view,
                               baals_error *err)
{
    baals_produce_decision decision = {BAALS_PRODUCE_NEVER, 0};
    BL_TRY(consensus->ops->next(consensus, &decision, now_ms, pool, key, parent, view, err));
    BL_ASSERT(decision.what != BAALS_PRODUCE_AT || decision.at_ms > now_ms);
    *out = decision;
    return BAALS_OK;
}

baals_status bl_consensus_prepare(const baals_consensus *consensus,
                                  baals_header *header,
                                  uint64_t now_ms,
                                  const baals_address *key,
                                  const baals_header *parent,
                                  const baals_consensus_view *view,
                                  baals_error *err)
{
    BL_ASSERT(header->index == parent->index + 1);
    BL_TRY(consensus->ops->prepare(consensus, header, now_ms, key, parent, view, err));
    BL_ASSERT(header->timestamp_ms >= parent->timestamp_ms);
    return BAALS_OK;
}

baals_status bl_consensus_seal(const baals_consensus *consensus,
                               uint8_t seal_out[BL_SEAL_BYTES_MAX],
                               size_t *len_out,
                               const baals_hash *hash,
                               const baals_signer *signer,
                               baals_error *err)
{
    size_t len = 0;
    BL_TRY(consensus->ops->seal(consensus, seal_out, BL_SEAL_BYTES_MAX, &len, hash, signer, err));
    BL_ASSERT(len > 0 && len <= BL_SEAL_BYTES_MAX);
    *len_out = len;
    return BAALS_OK;
}

int32_t bl_consensus_compare(const baals_consensus *consensus,
                             const baals_header *a,
                             const baals_hash *a_hash,
                             const baals_header *b,
                             const baals_hash *b_hash)
{
    return consensus->ops->compare(consensus, a, a_hash, b, b_hash);
}

baals_status bl_consensus_final(const baals_consensus *consensus,
                                uint64_t *index_out,
                                const baals_header *tip,
                                const baals_consensus_view *view,
                                baals_error *err)
{
    uint64_t index = 0;
    BL_TRY(consensus->ops->final(consensus, &index, tip, view, err));
    BL_ASSERT(index <= tip->index);
    *index_out = index;
    return BAALS_OK;
}

baals_status bl_consensus_authorities(const baals_consensus *consensus,
                                      baals_address keys_out[BL_AUTHORITIES_MAX],
                                      size_t *count_out,
                                      const baals_consensus_view *view,
                                      baals_error *err)
{
    return consensus->ops->authorities(consensus, keys_out, count_out, view, err);
}

void bl_authorities_encode(struct bl_buffer *out, const baals_address *keys, size_t count)
{
    BL_ASSERT(count >= 1 && count <= BL_AUTHORITIES_MAX);
    bl_cbor_write_array(out, count);
    for (size_t i = 0; i < count; i++)
        bl_cbor_write_address(out, &keys[i]);
}

baals_status bl_authorities_decode(baals_address keys_out[BL_AUTHORITIES_MAX],
                                   size_t *count_out,
                                   baals_slice bytes,
                                   baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_address keys[BL_AUTHORITIES_MAX];
    uint64_t count = 0;
    baals_status status = bl_cbor_read_array(&reader, &count, err);
    if (status == BAALS_OK && (count < 1 || count > BL_AUTHORITIES_MAX))
        status = BAALS_REJECT_COUNT;
    for (uint64_t i = 0; status == BAALS_OK && i < count; i++)
        status = bl_cbor_read_bytes_exact(&reader, keys[i].bytes, sizeof keys[i].bytes, err);
    if (status == BAALS_OK)
        status = bl_cbor_read_end(&reader, err);
    if (status != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the stored authority list is damaged");
    for (uint64_t i = 0; i < count; i++)
        keys_out[i] = keys[i];
    *count_out = (size_t)count;
    return BAALS_OK;
}
