/* SPDX-License-Identifier: MIT */
/*
 * The parts that several formats share (optional fields, kinds) and the payloads of calls and
 * deploys (docs/spec/transaction.md). A payload that does not decode is not the transaction's
 * fault of form: the ledger turns the REJECT into the receipt status BAD_PAYLOAD.
 */
#include <string.h>

#include "types/types.h"
#include "types/types_internal.h"

struct bl_buffer bl_types_fixed_buffer(uint8_t *memory, size_t size)
{
    return (struct bl_buffer){.data = memory, .cap = size, .limit = size};
}

baals_status bl_types_read_address_or_null(struct bl_cbor_reader *reader,
                                           int32_t *present_out,
                                           baals_address *out,
                                           baals_error *err)
{
    if (bl_cbor_peek_null(reader)) {
        memset(out, 0, sizeof(*out));
        *present_out = 0;
        return bl_cbor_read_null(reader, err);
    }
    BL_TRY(bl_cbor_read_bytes_exact(reader, out->bytes, sizeof(out->bytes), err));
    *present_out = 1;
    return BAALS_OK;
}

baals_status bl_types_read_bytes_or_null(struct bl_cbor_reader *reader,
                                         int32_t *present_out,
                                         baals_slice *out,
                                         baals_error *err)
{
    if (bl_cbor_peek_null(reader)) {
        *out = bl_slice(NULL, 0);
        *present_out = 0;
        return bl_cbor_read_null(reader, err);
    }
    BL_TRY(bl_cbor_read_bytes(reader, out, err));
    *present_out = 1;
    return BAALS_OK;
}

baals_status bl_types_read_kind(struct bl_cbor_reader *reader,
                                baals_tx_kind *out,
                                baals_tx_kind max,
                                baals_error *err)
{
    size_t offset = reader->offset;
    uint64_t kind = 0;
    BL_TRY(bl_cbor_read_uint(reader, &kind, err));
    if (kind > (uint64_t)max)
        return bl_fail_at(err, BAALS_REJECT_KIND, offset, "kind %llu is none of 0 to %d",
                          (unsigned long long)kind, (int)max);
    *out = (baals_tx_kind)kind;
    return BAALS_OK;
}

baals_status baals_tx_decode_call_payload(baals_slice *method_out,
                                          baals_slice *args_out,
                                          baals_slice payload,
                                          baals_error *err)
{
    if (method_out == NULL || args_out == NULL || (payload.data == NULL && payload.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_decode_call_payload is NULL");

    struct bl_cbor_reader reader = bl_cbor_reader(payload);
    baals_slice method;
    baals_slice args;
    BL_TRY(bl_cbor_read_array_exact(&reader, 2, err));
    BL_TRY(bl_cbor_read_text(&reader, &method, err));
    BL_TRY(bl_cbor_read_bytes(&reader, &args, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    *method_out = method;
    *args_out = args;
    return BAALS_OK;
}

baals_status baals_tx_decode_deploy_payload(baals_slice *code_out,
                                            int32_t *has_init_args_out,
                                            baals_slice *init_args_out,
                                            baals_slice payload,
                                            baals_error *err)
{
    if (code_out == NULL || has_init_args_out == NULL || init_args_out == NULL ||
        (payload.data == NULL && payload.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_tx_decode_deploy_payload is NULL");

    struct bl_cbor_reader reader = bl_cbor_reader(payload);
    baals_slice code;
    baals_slice init_args;
    int32_t has_init_args = 0;
    BL_TRY(bl_cbor_read_array_exact(&reader, 2, err));
    BL_TRY(bl_cbor_read_bytes(&reader, &code, err));
    BL_TRY(bl_types_read_bytes_or_null(&reader, &has_init_args, &init_args, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    *code_out = code;
    *has_init_args_out = has_init_args;
    *init_args_out = init_args;
    return BAALS_OK;
}
