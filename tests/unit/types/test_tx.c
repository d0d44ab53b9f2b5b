/* SPDX-License-Identifier: MIT */
/*
 * Transactions: random ones survive encoding, changed bytes are refused or stand for themselves,
 * and the checks of form come in the order of docs/spec/transaction.md.
 */
#include "mutations.h"

#include "crypto/crypto.h"

enum { TX_ROUNDS = 300 };

static const uint8_t tx_seed[32] = {2};

static baals_tx tx_random(struct testlib_rng *rng, uint8_t payload[64], const baals_address *sender)
{
    static const uint8_t metadata[] = {0xa1, 0x61, 'k', 0x18, 0x2a};
    baals_tx tx;
    memset(&tx, 0, sizeof tx);
    tx.kind = (baals_tx_kind)testlib_rng_below(rng, 4);
    tx.sender = *sender;
    testlib_rng_bytes(rng, &tx.chain_id, sizeof tx.chain_id);
    testlib_rng_bytes(rng, &tx.signature, sizeof tx.signature);
    testlib_rng_bytes(rng, payload, 64);
    tx.nonce = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    tx.gas_limit = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    tx.gas_price = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    if (tx.kind <= BAALS_TX_CALL && testlib_rng_below(rng, 2) == 0) {
        tx.has_recipient = 1;
        testlib_rng_bytes(rng, &tx.recipient, sizeof tx.recipient);
    }
    if (tx.has_recipient || tx.kind == BAALS_TX_DEPLOY)
        tx.amount.units = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    if (testlib_rng_below(rng, 2) == 0) {
        tx.has_payload = 1;
        tx.payload = bl_slice(payload, testlib_rng_below(rng, 65));
    }
    if (testlib_rng_below(rng, 2) == 0) {
        tx.has_valid_until = 1;
        tx.valid_until = testlib_rng_u64(rng);
    }
    if (testlib_rng_below(rng, 2) == 0) {
        tx.has_metadata = 1;
        tx.metadata = bl_slice(metadata, sizeof metadata);
    }
    return tx;
}

static void tx_assert_same(const baals_tx *a, const baals_tx *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->has_recipient, b->has_recipient);
    assert_int_equal(a->has_payload, b->has_payload);
    assert_int_equal(a->has_valid_until, b->has_valid_until);
    assert_int_equal(a->has_metadata, b->has_metadata);
    assert_memory_equal(&a->chain_id, &b->chain_id, sizeof a->chain_id);
    assert_memory_equal(&a->sender, &b->sender, sizeof a->sender);
    assert_true(a->nonce == b->nonce);
    assert_memory_equal(&a->recipient, &b->recipient, sizeof a->recipient);
    assert_true(a->amount.units == b->amount.units);
    assert_true(bl_slice_equal(a->payload, b->payload));
    assert_true(a->gas_limit == b->gas_limit);
    assert_true(a->gas_price == b->gas_price);
    assert_true(a->valid_until == b->valid_until);
    assert_true(bl_slice_equal(a->metadata, b->metadata));
    assert_memory_equal(&a->signature, &b->signature, sizeof a->signature);
}

/* Goal: decode(encode(tx)) = tx, with body, bytes and id set. */
static void test_tx_roundtrip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(3);
    struct bl_buffer buffer;
    baals_keypair keypair;
    baals_keypair_from_seed(&keypair, tx_seed);
    bl_buffer_init(&buffer, bl_alloc_system(), 4096);
    for (unsigned i = 0; i < TX_ROUNDS; i++) {
        uint8_t payload[64];
        baals_tx tx = tx_random(&rng, payload, &keypair.address);
        baals_tx again;
        bl_buffer_clear(&buffer);
        bl_tx_encode(&buffer, &tx);
        baals_slice bytes = bl_buffer_slice(&buffer);
        assert_ok(baals_tx_decode(&again, bytes, NULL));
        tx_assert_same(&again, &tx);
        assert_true(bl_slice_equal(again.bytes, bytes));
        assert_int_equal(again.body.len, bytes.len - 1 - 66);
        assert_ptr_equal(again.body.data, bytes.data + 1);
        baals_hash id;
        bl_tx_id(&id, bytes);
        assert_true(bl_hash_equal(&again.id, &id));
        /* A known one decodes to the same; its form is still judged, its key is not. */
        assert_ok(bl_tx_decode_known(&again, bytes, NULL));
        tx_assert_same(&again, &tx);
        assert_true(bl_hash_equal(&again.id, &id));
        assert_status(bl_tx_decode_known(&again, bl_slice(bytes.data, bytes.len - 1), NULL),
                      BAALS_REJECT_TRUNCATED);
    }
    bl_buffer_deinit(&buffer);
}

static baals_status tx_decode_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_tx tx;
    BL_TRY(baals_tx_decode(&tx, bytes, err));
    bl_tx_encode(again, &tx);
    return BAALS_OK;
}

/* Goal: changed bytes are refused with an offset, or are another transaction's only encoding. */
static void test_tx_mutations(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(4);
    struct bl_buffer buffer;
    baals_keypair keypair;
    baals_keypair_from_seed(&keypair, tx_seed);
    bl_buffer_init(&buffer, bl_alloc_system(), 4096);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t payload[64];
        baals_tx tx = tx_random(&rng, payload, &keypair.address);
        bl_buffer_clear(&buffer);
        bl_tx_encode(&buffer, &tx);
        mutations_check(bl_buffer_slice(&buffer), tx_decode_again);
    }
    bl_buffer_deinit(&buffer);
}

static baals_tx tx_transfer(const baals_address *sender)
{
    baals_tx tx;
    memset(&tx, 0, sizeof tx);
    tx.sender = *sender;
    tx.has_recipient = 1;
    memset(&tx.recipient, 0x33, sizeof tx.recipient);
    tx.amount.units = 5;
    return tx;
}

static void tx_assert_refused(const baals_tx *tx, baals_status status, uint32_t offset)
{
    struct bl_buffer buffer;
    baals_error err = {.offset = BAALS_NO_OFFSET};
    baals_tx out;
    memset(&out, 0x5a, sizeof out);
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 22);
    bl_tx_encode(&buffer, tx);
    assert_status(baals_tx_decode(&out, bl_buffer_slice(&buffer), &err), status);
    assert_int_equal(err.offset, offset);
    assert_int_equal(out.nonce, 0x5a5a5a5a5a5a5a5aull);
    bl_buffer_deinit(&buffer);
}

/* Goal: sender before recipient, each rule of the recipient by kind, at the field's offset. */
static void test_tx_rules(void **state)
{
    (void)state;
    enum { SENDER_AT = 38, RECIPIENT_AT = 73 };
    baals_keypair keypair;
    baals_keypair_from_seed(&keypair, tx_seed);
    const baals_tx good = tx_transfer(&keypair.address);
    baals_tx tx = good;

    memset(&tx.sender, 0, sizeof tx.sender);
    memset(&tx.recipient, 0, sizeof tx.recipient);
    tx_assert_refused(&tx, BAALS_REJECT_SENDER, SENDER_AT);
    tx.sender.bytes[0] = 1;
    tx_assert_refused(&tx, BAALS_REJECT_SENDER, SENDER_AT);
    tx.sender = keypair.address;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);

    tx = good;
    tx.has_recipient = 0;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);
    tx.kind = BAALS_TX_CALL;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);
    tx.kind = BAALS_TX_SYSTEM;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);
    tx = good;
    tx.kind = BAALS_TX_DEPLOY;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);
    tx.kind = BAALS_TX_SYSTEM;
    tx.amount.units = 0;
    tx_assert_refused(&tx, BAALS_REJECT_RECIPIENT, RECIPIENT_AT);
    tx = good;
    tx.kind = (baals_tx_kind)4;
    tx_assert_refused(&tx, BAALS_REJECT_KIND, 3);
}

/* Goal: 1.25 MiB is the last accepted size, and size is judged before anything else. */
static void test_tx_size(void **state)
{
    (void)state;
    static uint8_t payload[BL_TX_BYTES_MAX];
    baals_keypair keypair;
    struct bl_buffer buffer;
    baals_keypair_from_seed(&keypair, tx_seed);
    baals_tx tx = tx_transfer(&keypair.address);
    tx.has_payload = 1;
    tx.payload = bl_slice(payload, 1000000);
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 22);
    bl_tx_encode(&buffer, &tx);
    tx.payload.len += BL_TX_BYTES_MAX - buffer.len;
    bl_buffer_clear(&buffer);
    bl_tx_encode(&buffer, &tx);
    assert_int_equal(buffer.len, BL_TX_BYTES_MAX);
    baals_tx out;
    assert_ok(baals_tx_decode(&out, bl_buffer_slice(&buffer), NULL));
    bl_buffer_deinit(&buffer);
    tx.payload.len++;
    memset(&tx.sender, 0, sizeof tx.sender);
    tx_assert_refused(&tx, BAALS_REJECT_TX_SIZE, 0);
}

/* Goal: the signature covers the body under its tag, and only a decoded transaction is judged. */
static void test_tx_verify(void **state)
{
    (void)state;
    baals_keypair keypair;
    uint8_t bytes[512];
    size_t len;
    baals_tx tx;
    baals_keypair_from_seed(&keypair, tx_seed);
    baals_tx fields = tx_transfer(&keypair.address);
    assert_ok(baals_tx_sign(bytes, sizeof bytes, &len, NULL, &fields, &keypair, NULL));
    assert_ok(baals_tx_decode(&tx, bl_slice(bytes, len), NULL));
    assert_ok(baals_tx_verify(&tx, NULL));
    tx.signature.bytes[0] ^= 1;
    assert_status(baals_tx_verify(&tx, NULL), BAALS_REJECT_SIGNATURE);
    bytes[4 + 2] ^= 1; /* inside the chain id */
    assert_ok(baals_tx_decode(&tx, bl_slice(bytes, len), NULL));
    assert_status(baals_tx_verify(&tx, NULL), BAALS_REJECT_SIGNATURE);
    assert_status(baals_tx_verify(&fields, NULL), BAALS_MISUSE);
    assert_status(baals_tx_verify(NULL, NULL), BAALS_MISUSE);
    assert_status(baals_tx_decode(NULL, bl_slice(bytes, len), NULL), BAALS_MISUSE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tx_roundtrip), cmocka_unit_test(test_tx_mutations),
        cmocka_unit_test(test_tx_rules),     cmocka_unit_test(test_tx_size),
        cmocka_unit_test(test_tx_verify),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
