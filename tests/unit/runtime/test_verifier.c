/* SPDX-License-Identifier: MIT */
/*
 * Judging transactions many at a time: whatever the batch, the threads and what was verified
 * before, the verdict is that of baals_tx_decode and baals_tx_verify.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/verifier.h"
#include "testlib.h"

enum { VERIFIER_TXS = 300, VERIFIER_TX_BYTES = 512, VERIFIER_KEYS = 20 };

struct verifier_tx {
    uint8_t bytes[VERIFIER_TX_BYTES];
    size_t len;
};

static struct verifier_tx verifier_sign(unsigned key, uint64_t nonce)
{
    struct verifier_tx tx;
    baals_keypair keypair;
    uint8_t seed[32] = {(uint8_t)key, 7};
    baals_keypair_from_seed(&keypair, seed);
    baals_tx fields = {.kind = BAALS_TX_TRANSFER, .nonce = nonce, .has_recipient = 1};
    fields.recipient = keypair.address;
    fields.gas_limit = 50000;
    assert_ok(baals_tx_sign(tx.bytes, sizeof tx.bytes, &tx.len, NULL, &fields, &keypair, NULL));
    return tx;
}

static baals_status verifier_plain(const struct verifier_tx *tx, baals_error *err)
{
    baals_tx decoded;
    baals_status status = baals_tx_decode(&decoded, bl_slice(tx->bytes, tx->len), err);
    return status == BAALS_OK ? baals_tx_verify(&decoded, err) : status;
}

/* Judges all at once and compares status, message and transaction with the plain way. */
static void
verifier_check(struct bl_verifier *verifier, const struct verifier_tx *txs, size_t count)
{
    struct bl_incoming *items = calloc(count + 1, sizeof *items);
    baals_error *errs = calloc(count + 1, sizeof *errs);
    assert_non_null(items);
    assert_non_null(errs);
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct bl_incoming){.bytes = bl_slice(txs[i].bytes, txs[i].len), .err = &errs[i]};
    if (count % 2 == 0)
        bl_verifier_judge(verifier, items, count);
    else
        bl_verifier_judge_shared(verifier, items, count);
    for (size_t i = 0; i < count; i++) {
        baals_error err = {0};
        baals_hash id;
        baals_status expected = verifier_plain(&txs[i], &err);
        if (items[i].status != expected)
            fail_msg("item %zu of %zu: %s, not %s", i, count, baals_status_name(items[i].status),
                     baals_status_name(expected));
        assert_string_equal(errs[i].message, err.message);
        bl_tx_id(&id, bl_slice(txs[i].bytes, txs[i].len));
        if (expected == BAALS_OK)
            assert_memory_equal(&items[i].tx.id, &id, sizeof id);
    }
    free(items);
    free(errs);
}

/* Spoils a transaction in one of many ways, some of which leave it valid. */
static void verifier_spoil(struct verifier_tx *tx, struct testlib_rng *rng)
{
    switch (testlib_rng_below(rng, 4)) {
    case 0: /* the signature */
        tx->bytes[tx->len - 1 - testlib_rng_below(rng, 64)] ^=
            (uint8_t)(1u << testlib_rng_below(rng, 8));
        break;
    case 1: /* anything */
        tx->bytes[testlib_rng_below(rng, tx->len)] ^= (uint8_t)(1u << testlib_rng_below(rng, 8));
        break;
    case 2:
        tx->len = testlib_rng_below(rng, tx->len);
        break;
    default:
        break;
    }
}

/* Goal: batches of every size with spoiled transactions at random places get the plain verdicts,
 * the first time and when the good ones are remembered. */
static void test_spoiled(void **state)
{
    (void)state;
    static struct verifier_tx good[VERIFIER_TXS];
    static struct verifier_tx txs[VERIFIER_TXS];
    struct testlib_rng rng = testlib_rng(1);
    struct bl_workers *workers = NULL;
    struct bl_verifier *verifier = NULL;
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 2, NULL));
    for (size_t i = 0; i < VERIFIER_TXS; i++)
        good[i] = verifier_sign((unsigned)i % VERIFIER_KEYS, i);
    for (unsigned round = 0; round < 12; round++) {
        size_t count = round == 0 ? 0 : testlib_rng_below(&rng, VERIFIER_TXS) + 1;
        uint64_t share = round % 3 == 0 ? 1 : 30; /* one in so many is spoiled */
        assert_ok(bl_verifier_new(&verifier, bl_alloc_system(), workers, round, NULL));
        for (size_t i = 0; i < count; i++) {
            txs[i] = good[testlib_rng_below(&rng, VERIFIER_TXS)];
            if (testlib_rng_below(&rng, share) == 0)
                verifier_spoil(&txs[i], &rng);
        }
        verifier_check(verifier, txs, count);
        verifier_check(verifier, txs, count);
        bl_verifier_free(verifier);
    }
    bl_workers_free(workers);
}

/* A transaction by `sender` with a signature that holds for every message when the key is of small
 * order: R is the neutral element, S is 0. */
static struct verifier_tx verifier_by_key(const baals_address *sender)
{
    struct verifier_tx tx;
    struct bl_buffer buffer;
    baals_keypair other;
    uint8_t seed[32] = {9};
    baals_keypair_from_seed(&other, seed);
    baals_tx fields = {.kind = BAALS_TX_TRANSFER, .has_recipient = 1};
    fields.sender = *sender;
    fields.recipient = other.address;
    fields.signature.bytes[0] = 1;
    bl_buffer_init(&buffer, bl_alloc_system(), sizeof tx.bytes);
    bl_tx_encode(&buffer, &fields);
    assert_ok(bl_buffer_status(&buffer, NULL));
    memcpy(tx.bytes, buffer.data, buffer.len);
    tx.len = buffer.len;
    bl_buffer_deinit(&buffer);
    return tx;
}

/* Goal: senders at the edges of the rule of keys (small order, y of p and above, no point) are
 * refused in a batch as they are alone, though signatures under some of them verify. */
static void test_unusable_senders(void **state)
{
    (void)state;
    static const char *const ys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
    };
    static struct verifier_tx txs[2 * sizeof ys / sizeof ys[0] + 40];
    struct bl_verifier *verifier = NULL;
    size_t count = 0;
    size_t unusable = 0;
    for (size_t i = 0; i < sizeof ys / sizeof ys[0]; i++) {
        for (unsigned sign = 0; sign < 2; sign++) {
            baals_address key;
            testlib_hex(key.bytes, sizeof key.bytes, ys[i]);
            key.bytes[31] |= (uint8_t)(sign << 7);
            txs[count] = verifier_by_key(&key);
            unusable += verifier_plain(&txs[count], NULL) == BAALS_REJECT_SENDER ? 1 : 0;
            count++;
            txs[count++] = verifier_sign((unsigned)i, sign);
        }
    }
    assert_int_equal(unusable, 20);
    assert_ok(bl_verifier_new(&verifier, bl_alloc_system(), NULL, 1, NULL));
    verifier_check(verifier, txs, count);
    bl_verifier_free(verifier);
}

/* Goal: what passed is known by its id, and only that. */
static void test_known(void **state)
{
    (void)state;
    struct bl_verifier *verifier = NULL;
    struct verifier_tx txs[2] = {verifier_sign(1, 1), verifier_sign(2, 2)};
    struct bl_incoming items[2] = {{.bytes = bl_slice(txs[0].bytes, txs[0].len)},
                                   {.bytes = bl_slice(txs[1].bytes, txs[1].len)}};
    baals_tx decoded[3] = {{.nonce = 0}};
    uint8_t known[3] = {0, 0, 0};
    txs[1].bytes[txs[1].len - 1] ^= 1;
    for (size_t i = 0; i < 2; i++)
        assert_ok(baals_tx_decode(&decoded[i], bl_slice(txs[i].bytes, txs[i].len), NULL));
    assert_ok(bl_verifier_new(&verifier, bl_alloc_system(), NULL, 1, NULL));
    bl_verifier_known(verifier, known, decoded, 3);
    assert_memory_equal(known, ((const uint8_t[]){0, 0, 0}), 3);
    bl_verifier_judge(verifier, items, 2);
    assert_status(items[1].status, BAALS_REJECT_SIGNATURE);
    bl_verifier_known(verifier, known, decoded, 3);
    assert_memory_equal(known, ((const uint8_t[]){1, 0, 0}), 3);
    bl_verifier_free(verifier);
    bl_verifier_free(NULL);
}

/* Goal: verdicts do not depend on memory: each allocation fails once. */
static void test_no_memory(void **state)
{
    (void)state;
    struct verifier_tx txs[30];
    for (unsigned i = 0; i < 30; i++) {
        txs[i] = verifier_sign(i, i);
        if (i % 7 == 3)
            txs[i].bytes[txs[i].len - 1] ^= 1;
    }
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faults = {.fail_at = k};
        struct bl_verifier *verifier = NULL;
        baals_status status =
            bl_verifier_new(&verifier, testlib_faulty_alloc(&faults), NULL, 1, NULL);
        if (status == BAALS_OK)
            verifier_check(verifier, txs, 30);
        else
            assert_status(status, BAALS_NOMEM);
        bl_verifier_free(verifier);
        assert_int_equal(faults.live, 0);
        if (faults.calls < k)
            break;
        assert_true(k < 100);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spoiled),
        cmocka_unit_test(test_unusable_senders),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
