/* SPDX-License-Identifier: MIT */
/* Any bytes as one CBOR item, and as metadata: accepted means encoded alike, by bounded steps. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies one item with the typed readers and the writer; the item was validated before, so depth is
 * at most BL_CBOR_DEPTH_MAX. */
static void fuzz_cbor_copy(struct bl_buffer *out, struct bl_cbor_reader *reader)
{
    uint64_t number = 0;
    int64_t integer = 0;
    bool truth = false;
    baals_slice slice;
    if (bl_cbor_read_uint(reader, &number, NULL) == BAALS_OK) {
        bl_cbor_write_uint(out, number);
    } else if (bl_cbor_read_int(reader, &integer, NULL) == BAALS_OK) {
        bl_cbor_write_int(out, integer);
    } else if (bl_cbor_read_bytes(reader, &slice, NULL) == BAALS_OK) {
        bl_cbor_write_bytes(out, slice);
    } else if (bl_cbor_read_text(reader, &slice, NULL) == BAALS_OK) {
        bl_cbor_write_text(out, slice);
    } else if (bl_cbor_read_bool(reader, &truth, NULL) == BAALS_OK) {
        bl_cbor_write_bool(out, truth);
    } else if (bl_cbor_read_null(reader, NULL) == BAALS_OK) {
        bl_cbor_write_null(out);
    } else if (bl_cbor_read_array(reader, &number, NULL) == BAALS_OK) {
        bl_cbor_write_array(out, number);
        for (uint64_t i = 0; i < number; i++)
            fuzz_cbor_copy(out, reader);
    } else {
        BL_ASSERT(bl_cbor_read_map(reader, &number, NULL) == BAALS_OK);
        bl_cbor_write_map(out, number);
        for (uint64_t i = 0; i < 2 * number; i++)
            fuzz_cbor_copy(out, reader);
    }
}

static baals_status fuzz_cbor_item(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    struct bl_cbor_reader copy = reader;
    BL_TRY(bl_cbor_skip(&reader, BL_CBOR_DEPTH_MAX, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    fuzz_cbor_copy(again, &copy);
    return BAALS_OK;
}

static baals_status fuzz_cbor_metadata(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    int32_t present = 0;
    baals_slice map;
    BL_TRY(bl_cbor_read_metadata(&reader, &present, &map, BAALS_REJECT_METADATA, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    if (present)
        bl_buffer_append(again, map.data, map.len);
    else
        bl_cbor_write_null(again);
    return BAALS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_cbor_item);
    fuzz_roundtrip(bl_slice(data, size), fuzz_cbor_metadata);
    return 0;
}
