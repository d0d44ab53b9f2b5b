/* SPDX-License-Identifier: MIT */
/*
 * The transaction (docs/spec/transaction.md): body and signature, the id, and the checks of form
 * that need nothing but the bytes. The decoder reads front to back, so the first fault in the bytes
 * is the verdict; rules that join several fields (sender, recipient) are judged after the last
 * byte.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"
#include "types/types_internal.h"

enum { TX_VERSION = 1, TX_BODY_FIELDS = 12, TX_FIELDS = 2 };

void bl_tx_encode_body(struct bl_buffer *buffer, const baals_tx *tx)
{
    bl_cbor_write_array(buffer, TX_BODY_FIELDS);
    bl_cbor_write_uint(buffer, TX_VERSION);
    bl_cbor_write_uint(buffer, (uint64_t)tx->kind);
    bl_cbor_write_hash(buffer, &tx->chain_id);
    bl_cbor_write_address(buffer, &tx->sender);
    bl_cbor_write_uint(buffer, tx->nonce);
    bl_cbor_write_address_or_null(buffer, tx->has_recipient != 0, &tx->recipient);
    bl_cbor_write_uint(buffer, tx->amount.units);
    bl_cbor_write_bytes_or_null(buffer, tx->has_payload != 0, tx->payload);
    bl_cbor_write_uint(buffer, tx->gas_limit);
    bl_cbor_write_uint(buffer, tx->gas_price);
    if (tx->has_valid_until)
        bl_cbor_write_uint(buffer, tx->valid_until);
    else
        bl_cbor_write_null(buffer);
    if (tx->has_metadata)
        bl_buffer_append(buffer, tx->metadata.data, tx->metadata.len);
    else
        bl_cbor_write_null(buffer);
}

void bl_tx_encode(struct bl_buffer *buffer, const baals_tx *tx)
{
    bl_cbor_write_array(buffer, TX_FIELDS);
    bl_tx_encode_body(buffer, tx);
    bl_cbor_write_bytes(buffer, bl_slice(tx->signature.bytes, sizeof(tx->signature.bytes)));
}

void bl_tx_id(baals_hash *out, baals_slice tx_bytes)
{
    bl_hash_tagged(out, BL_TAG_TXID, tx_bytes);
}

/* Where the fields begin that are judged after the last byte. */
struct tx_offsets {
    size_t sender;
    size_t recipient;
};

static baals_status tx_read_body(baals_tx *tx,
                                 struct tx_offsets *offsets,
                                 struct bl_cbor_reader *reader,
                                 baals_error *err)
{
    size_t begin = reader->offset;

    BL_TRY(bl_cbor_read_versioned(reader, TX_VERSION, TX_BODY_FIELDS, err));
    BL_TRY(bl_types_read_kind(reader, &tx->kind, BAALS_TX_SYSTEM, err));
    BL_TRY(bl_cbor_read_bytes_exact(reader, tx->chain_id.bytes, sizeof(tx->chain_id.bytes), err));
    offsets->sender = reader->offset;
    BL_TRY(bl_cbor_read_bytes_exact(reader, tx->sender.bytes, sizeof(tx->sender.bytes), err));
    BL_TRY(bl_cbor_read_uint(reader, &tx->nonce, err));
    offsets->recipient = reader->offset;
    BL_TRY(bl_types_read_address_or_null(reader, &tx->has_recipient, &tx->recipient, err));
    BL_TRY(bl_cbor_read_uint(reader, &tx->amount.units, err));
    BL_TRY(bl_types_read_bytes_or_null(reader, &tx->has_payload, &tx->payload, err));
    BL_TRY(bl_cbor_read_uint(reader, &tx->gas_limit, err));
    BL_TRY(bl_cbor_read_uint(reader, &tx->gas_price, err));
    tx->has_valid_until = !bl_cbor_peek_null(reader);
    if (tx->has_valid_until)
        BL_TRY(bl_cbor_read_uint(reader, &tx->valid_until, err));
    else
        BL_TRY(bl_cbor_read_null(reader, err));
    BL_TRY(bl_cbor_read_metadata(reader, &tx->has_metadata, &tx->metadata, BAALS_REJECT_METADATA,
                                 err));
    tx->body = bl_slice(reader->input.data + begin, reader->offset - begin);
    return BAALS_OK;
}

baals_status bl_types_check_recipient(baals_tx_kind kind,
                                      const baals_address *recipient,
                                      uint64_t amount,
                                      size_t offset,
                                      baals_error *err)
{
    bool takes_recipient = kind == BAALS_TX_TRANSFER || kind == BAALS_TX_CALL;
    if (recipient != NULL && !takes_recipient)
        return bl_fail_at(err, BAALS_REJECT_RECIPIENT, offset,
                          "a deploy and a system operation have no recipient");
    if (recipient != NULL && bl_address_is_system(recipient))
        return bl_fail_at(err, BAALS_REJECT_RECIPIENT, offset,
                          "a system address cannot be a recipient");
    /* What a deploy carries goes to the contract it makes. */
    if (recipient == NULL && amount > 0 && kind != BAALS_TX_DEPLOY)
        return bl_fail_at(err, BAALS_REJECT_RECIPIENT, offset,
                          "an amount needs a recipient that receives it");
    return BAALS_OK;
}

static baals_status
tx_check_fields(const baals_tx *tx, const struct tx_offsets *offsets, baals_error *err)
{
    if (bl_address_is_system(&tx->sender))
        return bl_fail_at(err, BAALS_REJECT_SENDER, offsets->sender,
                          "a system address cannot send");
    if (!bl_ed25519_key_usable(&tx->sender))
        return bl_fail_at(err, BAALS_REJECT_SENDER, offsets->sender,
                          "the sender is not a canonical key of the full order");
    return bl_types_check_recipient(tx->kind, tx->has_recipient ? &tx->recipient : NULL,
                                    tx->amount.units, offsets->recipient, err);
}

/* Everything but the rules for the fields, whose places are in *offsets. */
static baals_status
tx_decode_form(baals_tx *tx_out, struct tx_offsets *offsets, baals_slice bytes, baals_error *err)
{
    if (bytes.len > BL_TX_BYTES_MAX)
        return bl_fail_at(err, BAALS_REJECT_TX_SIZE, 0,
                          "a transaction of %zu bytes is larger than %u", bytes.len,
                          BL_TX_BYTES_MAX);

    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_tx tx;
    memset(&tx, 0, sizeof(tx));
    BL_TRY(bl_cbor_read_array_exact(&reader, TX_FIELDS, err));
    BL_TRY(tx_read_body(&tx, offsets, &reader, err));
    BL_TRY(bl_cbor_read_bytes_exact(&reader, tx.signature.bytes, sizeof(tx.signature.bytes), err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    tx.bytes = bytes;
    *tx_out = tx;
    return BAALS_OK;
}

baals_status bl_tx_decode_signed(baals_tx *tx_out, baals_slice bytes, baals_error *err)
{
    struct tx_offsets offsets;
    baals_tx tx;
    BL_TRY(tx_decode_form(&tx, &offsets, bytes, err));
    if (bl_address_is_system(&tx.sender) || !bl_ed25519_key_form(&tx.sender))
        return bl_fail_at(err, BAALS_REJECT_SENDER, offsets.sender, "the sender cannot send");
    BL_TRY(bl_types_check_recipient(tx.kind, tx.has_recipient ? &tx.recipient : NULL,
                                    tx.amount.units, offsets.recipient, err));
    bl_tx_id(&tx.id, bytes);
    *tx_out = tx;
    return BAALS_OK;
}

baals_status bl_tx_decode_known(baals_tx *tx_out, baals_slice bytes, baals_error *err)
{
    struct tx_offsets offsets;
    BL_TRY(tx_decode_form(tx_out, &offsets, bytes, err));
    bl_tx_id(&tx_out->id, bytes);
    return BAALS_OK;
}

baals_status baals_tx_decode(baals_tx *tx_out, baals_slice bytes, baals_error *err)
{
    if (tx_out == NULL || (bytes.data == NULL && bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_decode is NULL");
    struct tx_offsets offsets;
    baals_tx tx;
    BL_TRY(tx_decode_form(&tx, &offsets, bytes, err));
    BL_TRY(tx_check_fields(&tx, &offsets, err));
    bl_tx_id(&tx.id, bytes);
    *tx_out = tx;
    return BAALS_OK;
}

baals_status baals_tx_verify(const baals_tx *tx, baals_error *err)
{
    if (tx == NULL || tx->body.data == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_tx_verify takes a decoded transaction");
    if (!bl_ed25519_verify(&tx->sender, &tx->signature, BL_TAG_TX, tx->body))
        return bl_fail(err, BAALS_REJECT_SIGNATURE, "the signature does not verify");
    return BAALS_OK;
}
