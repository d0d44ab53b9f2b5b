/* SPDX-License-Identifier: MIT */
/* Receipts: random ones both ways, limits, status names, changes. */
#include "mutations.h"

enum { RECEIPT_ROUNDS = 200, RECEIPT_EVENTS = 5 };

static baals_receipt receipt_random(struct testlib_rng *rng, baals_event events[RECEIPT_EVENTS])
{
    static const uint8_t data[32] = {1, 2, 3};
    baals_receipt receipt;
    memset(&receipt, 0, sizeof receipt);
    receipt.status = (baals_receipt_status)testlib_rng_below(rng, BAALS_RECEIPT_LIMIT + 1);
    receipt.gas_used = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    receipt.fee = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    receipt.has_contract = testlib_rng_below(rng, 2) == 0;
    if (receipt.has_contract)
        testlib_rng_bytes(rng, &receipt.contract, sizeof receipt.contract);
    receipt.output = bl_slice(data, testlib_rng_below(rng, sizeof data));
    receipt.event_count = testlib_rng_below(rng, RECEIPT_EVENTS + 1);
    for (size_t i = 0; i < receipt.event_count; i++) {
        memset(&events[i], 0, sizeof events[i]);
        testlib_rng_bytes(rng, &events[i].contract, sizeof events[i].contract);
        events[i].topic_count = (uint32_t)testlib_rng_below(rng, BAALS_EVENT_TOPICS_MAX + 1);
        testlib_rng_bytes(rng, events[i].topics, events[i].topic_count * sizeof(baals_hash));
        events[i].data = bl_slice(data, testlib_rng_below(rng, sizeof data));
    }
    return receipt;
}

static baals_status receipt_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_receipt receipt;
    baals_event events[BL_EVENTS_PER_TX_MAX];
    size_t count = 0;
    size_t cursor = 0;
    BL_TRY(baals_receipt_decode(&receipt, bytes, err));
    while (count < BL_COUNT_OF(events) &&
           baals_receipt_events_next(&events[count], &cursor, &receipt))
        count++;
    assert_int_equal(count, receipt.event_count);
    bl_receipt_encode(again, &receipt, events, count);
    return BAALS_OK;
}

/* Goal: decode(encode(receipt)) = receipt, events included. */
static void test_receipt_roundtrip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(9);
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    for (unsigned i = 0; i < RECEIPT_ROUNDS; i++) {
        baals_event events[RECEIPT_EVENTS];
        baals_receipt receipt = receipt_random(&rng, events);
        baals_receipt again;
        bl_buffer_clear(&buffer);
        bl_receipt_encode(&buffer, &receipt, events, (size_t)receipt.event_count);
        assert_ok(baals_receipt_decode(&again, bl_buffer_slice(&buffer), NULL));
        assert_int_equal(again.status, receipt.status);
        assert_true(again.gas_used == receipt.gas_used && again.fee == receipt.fee);
        assert_int_equal(again.has_contract, receipt.has_contract);
        assert_memory_equal(&again.contract, &receipt.contract, sizeof again.contract);
        assert_true(bl_slice_equal(again.output, receipt.output));
        assert_int_equal(again.event_count, receipt.event_count);
        size_t cursor = 0;
        for (size_t j = 0; j < again.event_count; j++) {
            baals_event event;
            assert_int_equal(baals_receipt_events_next(&event, &cursor, &again), 1);
            assert_memory_equal(&event.contract, &events[j].contract, sizeof event.contract);
            assert_int_equal(event.topic_count, events[j].topic_count);
            assert_memory_equal(event.topics, events[j].topics, sizeof event.topics);
            assert_true(bl_slice_equal(event.data, events[j].data));
        }
        baals_event none;
        assert_int_equal(baals_receipt_events_next(&none, &cursor, &again), 0);
    }
    bl_buffer_deinit(&buffer);
}

/* Goal: changed bytes are refused with an offset, or are another receipt's only encoding. */
static void test_receipt_mutations(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(10);
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    for (unsigned i = 0; i < 3; i++) {
        baals_event events[RECEIPT_EVENTS];
        baals_receipt receipt = receipt_random(&rng, events);
        bl_buffer_clear(&buffer);
        bl_receipt_encode(&buffer, &receipt, events, (size_t)receipt.event_count);
        mutations_check(bl_buffer_slice(&buffer), receipt_again);
    }
    bl_buffer_deinit(&buffer);
}

/* Goal: each limit of a receipt holds at its border. */
static void test_receipt_limits(void **state)
{
    (void)state;
    static uint8_t bytes[BL_RECEIPT_OUTPUT_MAX + 1];
    static const struct {
        size_t output;
        uint64_t events;
        uint64_t topics;
        size_t data;
        baals_status status;
    } cases[] = {
        {BL_RECEIPT_OUTPUT_MAX, 0, 0, 0, BAALS_OK},
        {BL_RECEIPT_OUTPUT_MAX + 1, 0, 0, 0, BAALS_REJECT_LENGTH},
        {0, BL_EVENTS_PER_TX_MAX, 0, 0, BAALS_OK},
        {0, BL_EVENTS_PER_TX_MAX + 1, 0, 0, BAALS_REJECT_COUNT},
        {0, 1, BAALS_EVENT_TOPICS_MAX, 0, BAALS_OK},
        {0, 1, BAALS_EVENT_TOPICS_MAX + 1, 0, BAALS_REJECT_COUNT},
        {0, 1, 0, BL_EVENT_DATA_MAX, BAALS_OK},
        {0, 1, 0, BL_EVENT_DATA_MAX + 1, BAALS_REJECT_LENGTH},
    };
    const baals_hash hash = {{0}};
    struct bl_buffer buffer;
    baals_receipt receipt;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 20);
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        bl_buffer_clear(&buffer);
        bl_cbor_write_array(&buffer, 7);
        bl_cbor_write_uint(&buffer, 1);
        bl_cbor_write_uint(&buffer, 0);
        bl_cbor_write_uint(&buffer, 0);
        bl_cbor_write_uint(&buffer, 0);
        bl_cbor_write_null(&buffer);
        bl_cbor_write_bytes(&buffer, bl_slice(bytes, cases[i].output));
        bl_cbor_write_array(&buffer, cases[i].events);
        for (uint64_t j = 0; j < cases[i].events; j++) {
            bl_cbor_write_array(&buffer, 3);
            bl_cbor_write_hash(&buffer, &hash);
            bl_cbor_write_array(&buffer, cases[i].topics);
            for (uint64_t k = 0; k < cases[i].topics; k++)
                bl_cbor_write_hash(&buffer, &hash);
            bl_cbor_write_bytes(&buffer, bl_slice(bytes, cases[i].data));
        }
        assert_ok(bl_buffer_status(&buffer, NULL));
        assert_status(baals_receipt_decode(&receipt, bl_buffer_slice(&buffer), NULL),
                      cases[i].status);
    }
    bl_buffer_deinit(&buffer);
}

/* Goal: each status has its frozen name, other numbers are UNKNOWN; NULL and bytes that were never
 * decoded are answered. */
static void test_receipt_names(void **state)
{
    (void)state;
    baals_event event;
    size_t cursor = 0;
    assert_string_equal(baals_receipt_status_name(BAALS_RECEIPT_OK), "OK");
    assert_string_equal(baals_receipt_status_name(BAALS_RECEIPT_OUT_OF_GAS), "OUT_OF_GAS");
    assert_string_equal(baals_receipt_status_name(BAALS_RECEIPT_LIMIT), "LIMIT");
    assert_string_equal(baals_receipt_status_name((baals_receipt_status)12), "UNKNOWN");
    assert_string_equal(baals_receipt_status_name(BAALS_RECEIPT_STATUS_FORCE_INT), "UNKNOWN");
    assert_status(baals_receipt_decode(NULL, bl_slice(NULL, 0), NULL), BAALS_MISUSE);
    assert_int_equal(baals_receipt_events_next(&event, &cursor, NULL), 0);
    baals_receipt broken;
    memset(&broken, 0, sizeof broken);
    broken.events = bl_slice("\xff", 1);
    assert_int_equal(baals_receipt_events_next(&event, &cursor, &broken), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receipt_roundtrip),
        cmocka_unit_test(test_receipt_mutations),
        cmocka_unit_test(test_receipt_limits),
        cmocka_unit_test(test_receipt_names),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
