/* SPDX-License-Identifier: MIT */
/*
 * The receipt (docs/spec/receipt.md): what became of one transaction. Events are checked when the
 * receipt is decoded and read one by one afterwards, so a receipt needs no memory of its own.
 */
#include <string.h>

#include "types/types.h"
#include "types/types_internal.h"

enum { RECEIPT_VERSION = 1, RECEIPT_FIELDS = 7, RECEIPT_EVENT_FIELDS = 3 };

static const char *const receipt_status_names[] = {
    [BAALS_RECEIPT_OK] = "OK",
    [BAALS_RECEIPT_REVERT] = "REVERT",
    [BAALS_RECEIPT_TRAP] = "TRAP",
    [BAALS_RECEIPT_OUT_OF_GAS] = "OUT_OF_GAS",
    [BAALS_RECEIPT_OUT_OF_STACK] = "OUT_OF_STACK",
    [BAALS_RECEIPT_NO_METHOD] = "NO_METHOD",
    [BAALS_RECEIPT_NO_CONTRACT] = "NO_CONTRACT",
    [BAALS_RECEIPT_BAD_PAYLOAD] = "BAD_PAYLOAD",
    [BAALS_RECEIPT_BAD_CODE] = "BAD_CODE",
    [BAALS_RECEIPT_ADDRESS_TAKEN] = "ADDRESS_TAKEN",
    [BAALS_RECEIPT_REENTRY] = "REENTRY",
    [BAALS_RECEIPT_LIMIT] = "LIMIT",
};
_Static_assert(BL_COUNT_OF(receipt_status_names) == BAALS_RECEIPT_LIMIT + 1,
               "every receipt status has a name");

const char *baals_receipt_status_name(baals_receipt_status status)
{
    if ((unsigned)status >= BL_COUNT_OF(receipt_status_names))
        return "UNKNOWN";
    return receipt_status_names[status];
}

/* ---- encoding ---- */

void bl_event_encode(struct bl_buffer *buffer, const baals_event *event)
{
    BL_ASSERT(event->topic_count <= BAALS_EVENT_TOPICS_MAX);
    bl_cbor_write_array(buffer, RECEIPT_EVENT_FIELDS);
    bl_cbor_write_address(buffer, &event->contract);
    bl_cbor_write_array(buffer, event->topic_count);
    for (uint32_t i = 0; i < event->topic_count; i++)
        bl_cbor_write_hash(buffer, &event->topics[i]);
    bl_cbor_write_bytes(buffer, event->data);
}

void bl_receipt_encode(struct bl_buffer *buffer,
                       const baals_receipt *receipt,
                       const baals_event *events,
                       size_t event_count)
{
    BL_ASSERT((unsigned)receipt->status < BL_COUNT_OF(receipt_status_names));
    BL_ASSERT(receipt->output.len <= BL_RECEIPT_OUTPUT_MAX);
    BL_ASSERT(event_count <= BL_EVENTS_PER_TX_MAX);
    bl_cbor_write_array(buffer, RECEIPT_FIELDS);
    bl_cbor_write_uint(buffer, RECEIPT_VERSION);
    bl_cbor_write_uint(buffer, (uint64_t)receipt->status);
    bl_cbor_write_uint(buffer, receipt->gas_used);
    bl_cbor_write_uint(buffer, receipt->fee);
    bl_cbor_write_address_or_null(buffer, receipt->has_contract != 0, &receipt->contract);
    bl_cbor_write_bytes(buffer, receipt->output);
    bl_cbor_write_array(buffer, event_count);
    for (size_t i = 0; i < event_count; i++)
        bl_event_encode(buffer, &events[i]);
}

/* ---- decoding ---- */

/* A byte string of at most `max` bytes: REJECT_LENGTH. */
static baals_status receipt_read_bytes_up_to(struct bl_cbor_reader *reader,
                                             baals_slice *out,
                                             size_t max,
                                             baals_error *err)
{
    size_t offset = reader->offset;
    baals_slice bytes;
    BL_TRY(bl_cbor_read_bytes(reader, &bytes, err));
    if (bytes.len > max)
        return bl_fail_at(err, BAALS_REJECT_LENGTH, offset,
                          "a byte string has %zu bytes where at most %zu are expected", bytes.len,
                          max);
    *out = bytes;
    return BAALS_OK;
}

/* The head of an array of at most `max` elements: REJECT_COUNT. */
static baals_status receipt_read_array_up_to(struct bl_cbor_reader *reader,
                                             uint64_t *count_out,
                                             uint64_t max,
                                             baals_error *err)
{
    size_t offset = reader->offset;
    uint64_t count = 0;
    BL_TRY(bl_cbor_read_array(reader, &count, err));
    if (count > max)
        return bl_fail_at(err, BAALS_REJECT_COUNT, offset,
                          "an array has %llu elements where at most %llu are expected",
                          (unsigned long long)count, (unsigned long long)max);
    *count_out = count;
    return BAALS_OK;
}

static baals_status
receipt_read_event(struct bl_cbor_reader *reader, baals_event *event, baals_error *err)
{
    uint64_t topic_count = 0;
    memset(event, 0, sizeof(*event));
    BL_TRY(bl_cbor_read_array_exact(reader, RECEIPT_EVENT_FIELDS, err));
    BL_TRY(bl_cbor_read_bytes_exact(reader, event->contract.bytes, sizeof(event->contract.bytes),
                                    err));
    BL_TRY(receipt_read_array_up_to(reader, &topic_count, BAALS_EVENT_TOPICS_MAX, err));
    event->topic_count = (uint32_t)topic_count;
    for (uint32_t i = 0; i < event->topic_count; i++) {
        baals_hash *topic = &event->topics[i];
        BL_TRY(bl_cbor_read_bytes_exact(reader, topic->bytes, sizeof(topic->bytes), err));
    }
    return receipt_read_bytes_up_to(reader, &event->data, BL_EVENT_DATA_MAX, err);
}

static baals_status
receipt_read_status(struct bl_cbor_reader *reader, baals_receipt_status *out, baals_error *err)
{
    size_t offset = reader->offset;
    uint64_t status = 0;
    BL_TRY(bl_cbor_read_uint(reader, &status, err));
    if (status >= BL_COUNT_OF(receipt_status_names))
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset, "%llu is no receipt status",
                          (unsigned long long)status);
    *out = (baals_receipt_status)status;
    return BAALS_OK;
}

baals_status baals_receipt_decode(baals_receipt *receipt_out, baals_slice bytes, baals_error *err)
{
    if (receipt_out == NULL || (bytes.data == NULL && bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_receipt_decode is NULL");

    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_receipt receipt;
    memset(&receipt, 0, sizeof(receipt));
    BL_TRY(bl_cbor_read_versioned(&reader, RECEIPT_VERSION, RECEIPT_FIELDS, err));
    BL_TRY(receipt_read_status(&reader, &receipt.status, err));
    BL_TRY(bl_cbor_read_uint(&reader, &receipt.gas_used, err));
    BL_TRY(bl_cbor_read_uint(&reader, &receipt.fee, err));
    BL_TRY(bl_types_read_address_or_null(&reader, &receipt.has_contract, &receipt.contract, err));
    BL_TRY(receipt_read_bytes_up_to(&reader, &receipt.output, BL_RECEIPT_OUTPUT_MAX, err));
    BL_TRY(receipt_read_array_up_to(&reader, &receipt.event_count, BL_EVENTS_PER_TX_MAX, err));
    size_t events_offset = reader.offset;
    for (uint64_t i = 0; i < receipt.event_count; i++) {
        baals_event event;
        BL_TRY(receipt_read_event(&reader, &event, err));
    }
    receipt.events = bl_slice(bytes.data + events_offset, reader.offset - events_offset);
    BL_TRY(bl_cbor_read_end(&reader, err));
    receipt.bytes = bytes;
    *receipt_out = receipt;
    return BAALS_OK;
}

int32_t
baals_receipt_events_next(baals_event *event_out, size_t *cursor, const baals_receipt *receipt)
{
    if (event_out == NULL || cursor == NULL || receipt == NULL || *cursor >= receipt->events.len)
        return 0;
    struct bl_cbor_reader reader = bl_cbor_reader(receipt->events);
    baals_event event;
    reader.offset = *cursor;
    if (receipt_read_event(&reader, &event, NULL) != BAALS_OK)
        return 0;
    *event_out = event;
    *cursor = reader.offset;
    return 1;
}
