/* SPDX-License-Identifier: MIT */
/* Any bytes as each of the small formats: payloads of calls, deploys and system operations, and
 * account records. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static baals_status fuzz_payload_call(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice method;
    baals_slice args;
    BL_TRY(baals_tx_decode_call_payload(&method, &args, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_text(again, method);
    bl_cbor_write_bytes(again, args);
    return BAALS_OK;
}

static baals_status
fuzz_payload_deploy(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice code;
    baals_slice init;
    int32_t has_init = 0;
    BL_TRY(baals_tx_decode_deploy_payload(&code, &has_init, &init, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_bytes(again, code);
    bl_cbor_write_bytes_or_null(again, has_init != 0, init);
    return BAALS_OK;
}

static baals_status fuzz_payload_sysop(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_sysop sysop;
    BL_TRY(bl_sysop_decode(&sysop, bytes, err));
    bl_sysop_encode(again, &sysop);
    return BAALS_OK;
}

static baals_status
fuzz_payload_account(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_account account;
    uint8_t encoded[BL_ACCOUNT_BYTES_MAX];
    BL_TRY(bl_account_decode(&account, bytes, err));
    bl_buffer_append(again, encoded, bl_account_encode(encoded, &account));
    return BAALS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_payload_call);
    fuzz_roundtrip(bl_slice(data, size), fuzz_payload_deploy);
    fuzz_roundtrip(bl_slice(data, size), fuzz_payload_sysop);
    fuzz_roundtrip(bl_slice(data, size), fuzz_payload_account);
    return 0;
}
