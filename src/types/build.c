/* SPDX-License-Identifier: MIT */
/*
 * The public builders (baals/tx.h): keys, signed transactions, payloads, the genesis. Each encodes
 * into a growing buffer, runs the matching decoder over the result, so that nothing is made which
 * the chain would refuse, and copies it out.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"

/* Copies an encoding out under the rules for (out, cap, len_out). */
static baals_status build_copy(
    uint8_t *out, size_t cap, size_t *len_out, const struct bl_buffer *buffer, baals_error *err)
{
    *len_out = buffer->len;
    if (out == NULL)
        return BAALS_OK;
    if (cap < buffer->len)
        return bl_fail(err, BAALS_LIMIT, "%zu bytes are needed, the buffer has %zu", buffer->len,
                       cap);
    if (buffer->len > 0)
        memcpy(out, buffer->data, buffer->len);
    return BAALS_OK;
}

/* ---- keys ---- */

void baals_keypair_from_seed(baals_keypair *keypair_out, const uint8_t seed[32])
{
    baals_keypair keypair;
    memcpy(keypair.seed, seed, sizeof(keypair.seed));
    bl_ed25519_public(&keypair.address, seed);
    *keypair_out = keypair;
    bl_wipe(&keypair, sizeof(keypair));
}

void baals_keypair_wipe(baals_keypair *keypair)
{
    if (keypair != NULL)
        bl_wipe(keypair, sizeof(*keypair));
}

void baals_signing_key_from_seed(baals_signing_key *key_out, const uint8_t seed[32])
{
    bl_signing_key_init(key_out, seed);
}

void baals_signing_key_wipe(baals_signing_key *key)
{
    if (key != NULL)
        bl_signing_key_deinit(key);
}

/* ---- transactions ---- */

/* One of the two. */
struct build_signer {
    const baals_keypair *keypair;
    const baals_signing_key *key;
};

static baals_status build_sign(struct bl_buffer *buffer,
                               baals_hash *id_out,
                               const baals_tx *fields,
                               const struct build_signer *signer,
                               baals_error *err)
{
    const baals_keypair *keypair = signer->keypair;
    baals_tx tx = *fields;
    baals_tx check;

    tx.sender = keypair != NULL ? keypair->address : signer->key->address;
    bl_tx_encode_body(buffer, &tx);
    BL_TRY(bl_buffer_status(buffer, err));
    baals_slice body = bl_buffer_slice(buffer);
    if (keypair != NULL)
        bl_ed25519_sign(&tx.signature, keypair->seed, BL_TAG_TX, body);
    else if (!bl_signing_key_sign(&tx.signature, signer->key, BL_TAG_TX, body))
        return bl_fail(err, BAALS_MISUSE_KEY, "the signing key is damaged or none at all");
    bl_buffer_clear(buffer);
    bl_tx_encode(buffer, &tx);
    BL_TRY(bl_buffer_status(buffer, err));
    BL_TRY(baals_tx_decode(&check, bl_buffer_slice(buffer), err));
    *id_out = check.id;
    return BAALS_OK;
}

/* A transaction's slices are read only where the flags say so. */
static bool build_tx_slices_valid(const baals_tx *tx)
{
    bool payload = !tx->has_payload || tx->payload.data != NULL || tx->payload.len == 0;
    bool metadata = !tx->has_metadata || (tx->metadata.data != NULL && tx->metadata.len > 0);
    return payload && metadata;
}

static baals_status build_tx(uint8_t *out,
                             size_t cap,
                             size_t *len_out,
                             baals_hash *id_out,
                             const baals_tx *fields,
                             const struct build_signer *signer,
                             baals_error *err)
{
    struct bl_buffer buffer;
    baals_hash id;
    /* Room beyond the largest transaction, so that one too large is refused by name. */
    bl_buffer_init(&buffer, bl_alloc_system(), 2 * (size_t)BL_TX_BYTES_MAX);
    baals_status status = build_sign(&buffer, &id, fields, signer, err);
    if (status == BAALS_LIMIT)
        status = bl_fail_at(err, BAALS_REJECT_TX_SIZE, 0, "the transaction is too large");
    if (status == BAALS_OK)
        status = build_copy(out, cap, len_out, &buffer, err);
    if (status == BAALS_OK && id_out != NULL)
        *id_out = id;
    bl_buffer_deinit(&buffer);
    return status;
}

baals_status baals_tx_sign(uint8_t *out,
                           size_t cap,
                           size_t *len_out,
                           baals_hash *id_out,
                           const baals_tx *fields,
                           const baals_keypair *keypair,
                           baals_error *err)
{
    if (len_out == NULL || fields == NULL || keypair == NULL || !build_tx_slices_valid(fields))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_sign is not valid");
    struct build_signer signer = {.keypair = keypair};
    return build_tx(out, cap, len_out, id_out, fields, &signer, err);
}

baals_status baals_tx_sign_ready(uint8_t *out,
                                 size_t cap,
                                 size_t *len_out,
                                 baals_hash *id_out,
                                 const baals_tx *fields,
                                 const baals_signing_key *key,
                                 baals_error *err)
{
    if (len_out == NULL || fields == NULL || key == NULL || !build_tx_slices_valid(fields))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_sign_ready is not valid");
    struct build_signer signer = {.key = key};
    return build_tx(out, cap, len_out, id_out, fields, &signer, err);
}

/* ---- payloads ---- */

baals_status baals_tx_encode_call_payload(uint8_t *out,
                                          size_t cap,
                                          size_t *len_out,
                                          baals_slice method,
                                          baals_slice args,
                                          baals_error *err)
{
    if (len_out == NULL || (method.data == NULL && method.len > 0) ||
        (args.data == NULL && args.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_encode_call_payload is NULL");
    if (!bl_utf8_valid(method))
        return bl_fail_at(err, BAALS_REJECT_UTF8, 0, "the method's name is not valid UTF-8");

    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), BL_TX_BYTES_MAX);
    bl_cbor_write_array(&buffer, 2);
    bl_cbor_write_text(&buffer, method);
    bl_cbor_write_bytes(&buffer, args);
    baals_status status = bl_buffer_status(&buffer, err);
    if (status == BAALS_OK)
        status = build_copy(out, cap, len_out, &buffer, err);
    bl_buffer_deinit(&buffer);
    return status;
}

baals_status baals_tx_encode_deploy_payload(uint8_t *out,
                                            size_t cap,
                                            size_t *len_out,
                                            baals_slice code,
                                            const baals_slice *init_args,
                                            baals_error *err)
{
    if (len_out == NULL || (code.data == NULL && code.len > 0) ||
        (init_args != NULL && init_args->data == NULL && init_args->len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_encode_deploy_payload is NULL");

    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), BL_TX_BYTES_MAX);
    bl_cbor_write_array(&buffer, 2);
    bl_cbor_write_bytes(&buffer, code);
    bl_cbor_write_bytes_or_null(&buffer, init_args != NULL,
                                init_args != NULL ? *init_args : bl_slice(NULL, 0));
    baals_status status = bl_buffer_status(&buffer, err);
    if (status == BAALS_OK)
        status = build_copy(out, cap, len_out, &buffer, err);
    bl_buffer_deinit(&buffer);
    return status;
}

/* ---- system operations ---- */

static baals_status build_sysop(
    uint8_t *out, size_t cap, size_t *len_out, const struct bl_sysop *sysop, baals_error *err)
{
    struct bl_buffer buffer;
    struct bl_sysop check;
    bl_buffer_init(&buffer, bl_alloc_system(), BL_TX_BYTES_MAX);
    bl_sysop_encode(&buffer, sysop);
    baals_status status = bl_buffer_status(&buffer, err);
    if (status == BAALS_OK)
        status = bl_sysop_decode(&check, bl_buffer_slice(&buffer), err);
    if (status == BAALS_OK)
        status = build_copy(out, cap, len_out, &buffer, err);
    bl_buffer_deinit(&buffer);
    return status;
}

baals_status baals_sysop_encode_authorities(uint8_t *out,
                                            size_t cap,
                                            size_t *len_out,
                                            uint64_t epoch,
                                            const baals_address *keys,
                                            size_t key_count,
                                            baals_error *err)
{
    struct bl_sysop sysop = {.kind = BL_SYSOP_AUTHORITIES, .epoch = epoch};
    if (len_out == NULL || keys == NULL)
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_sysop_encode_authorities is NULL");
    if (key_count == 0 || key_count > BL_AUTHORITIES_MAX)
        return bl_fail_at(err, BAALS_REJECT_COUNT, 0, "there are 1 to %u authorities",
                          BL_AUTHORITIES_MAX);
    sysop.u.authorities.count = key_count;
    memcpy(sysop.u.authorities.keys, keys, key_count * sizeof(*keys));
    return build_sysop(out, cap, len_out, &sysop, err);
}

baals_status baals_sysop_encode_param(uint8_t *out,
                                      size_t cap,
                                      size_t *len_out,
                                      uint64_t epoch,
                                      const char *name,
                                      uint64_t value,
                                      baals_error *err)
{
    struct bl_sysop sysop = {.kind = BL_SYSOP_PARAM, .epoch = epoch};
    if (len_out == NULL || name == NULL)
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_sysop_encode_param is NULL");
    if (!bl_param_find(&sysop.u.param.param, bl_slice_str(name)))
        return bl_fail_at(err, BAALS_REJECT_RANGE, 0, "there is no parameter \"%s\"", name);
    sysop.u.param.value = value;
    return build_sysop(out, cap, len_out, &sysop, err);
}

baals_status baals_sysop_encode_mint(uint8_t *out,
                                     size_t cap,
                                     size_t *len_out,
                                     uint64_t epoch,
                                     const baals_address *address,
                                     baals_amount amount,
                                     baals_error *err)
{
    struct bl_sysop sysop = {.kind = BL_SYSOP_MINT, .epoch = epoch};
    if (len_out == NULL || address == NULL)
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_sysop_encode_mint is NULL");
    sysop.u.mint.address = *address;
    sysop.u.mint.amount = amount;
    return build_sysop(out, cap, len_out, &sysop, err);
}

baals_status baals_sysop_encode_act(uint8_t *out,
                                    size_t cap,
                                    size_t *len_out,
                                    uint64_t epoch,
                                    const baals_tx *action,
                                    baals_error *err)
{
    struct bl_sysop sysop = {.kind = BL_SYSOP_ACT, .epoch = epoch};
    if (len_out == NULL || action == NULL ||
        (action->has_payload && action->payload.data == NULL && action->payload.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_sysop_encode_act is NULL");
    sysop.u.act = (struct bl_sysop_act){
        .sender = action->sender,
        .kind = action->kind,
        .has_recipient = action->has_recipient != 0,
        .has_payload = action->has_payload != 0,
        .recipient = action->recipient,
        .amount = action->amount,
        .payload = action->payload,
    };
    return build_sysop(out, cap, len_out, &sysop, err);
}

/* ---- genesis ---- */

static bool build_slice_valid(baals_slice slice)
{
    return slice.data != NULL || slice.len == 0;
}

/* Every pointer is there that a length or count promises. */
static bool build_genesis_valid(const baals_genesis *genesis)
{
    if ((genesis->poa.authorities == NULL && genesis->poa.authority_count > 0) ||
        (genesis->balances == NULL && genesis->balance_count > 0) ||
        (genesis->contracts == NULL && genesis->contract_count > 0))
        return false;
    for (size_t i = 0; i < genesis->contract_count; i++) {
        const baals_genesis_contract *contract = &genesis->contracts[i];
        if (!build_slice_valid(contract->name) ||
            (contract->has_init && !build_slice_valid(contract->init)))
            return false;
    }
    return build_slice_valid(genesis->chain_name) && build_slice_valid(genesis->engine);
}

baals_status baals_genesis_encode(
    uint8_t *out, size_t cap, size_t *len_out, const baals_genesis *genesis, baals_error *err)
{
    if (len_out == NULL || genesis == NULL || !build_genesis_valid(genesis))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_genesis_encode is NULL");
    BL_TRY(bl_genesis_check(genesis, err));

    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), BL_GENESIS_BYTES_MAX);
    bl_genesis_encode(&buffer, genesis);
    baals_status status = bl_buffer_status(&buffer, err);
    if (status == BAALS_LIMIT)
        status = bl_fail_at(err, BAALS_REJECT_GENESIS, 0, "the genesis is larger than %u",
                            BL_GENESIS_BYTES_MAX);
    if (status == BAALS_OK)
        status = build_copy(out, cap, len_out, &buffer, err);
    bl_buffer_deinit(&buffer);
    return status;
}

void baals_genesis_chain_id(baals_hash *chain_id_out, baals_slice encoded)
{
    bl_hash_tagged(chain_id_out, BL_TAG_GENESIS, encoded);
}
