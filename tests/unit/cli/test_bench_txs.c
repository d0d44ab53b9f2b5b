/* SPDX-License-Identifier: MIT */
/* Transactions signed ahead. */
#include "bench_fixture.h"

/* Numbers and arrays have their shortest form. */
static void test_cbor(void **state)
{
    uint8_t out[9];
    (void)state;
    assert_int_equal(bench_cbor_array(out, 2), 1);
    assert_int_equal(out[0], 0x82);
    assert_int_equal(bench_cbor_uint(out, 23), 1);
    assert_int_equal(bench_cbor_uint(out, 24), 2);
    assert_int_equal(bench_cbor_uint(out, 256), 3);
    assert_int_equal(bench_cbor_uint(out, 65536), 5);
    assert_memory_equal(out, "\x1a\x00\x01\x00\x00", 5);
    assert_int_equal(bench_cbor_uint(out, UINT64_C(1) << 32), 9);
    assert_memory_equal(out, "\x1b\x00\x00\x00\x01\x00\x00\x00\x00", 9);
}

/* A row is the same whether it is made at once or in pieces, and every transaction is valid. */
static void test_row(void **state)
{
    struct bench_fixture f;
    struct bench_txs whole, piece;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "row");
    assert_ok(bench_sign_transfers(&whole, bench, 20, 0, &f.err));
    assert_ok(bench_sign_transfers(&piece, bench, 7, 13, &f.err));
    for (unsigned i = 0; i < 20; i++) {
        baals_tx tx;
        assert_ok(baals_tx_decode(&tx, whole.slices[i], &f.err));
        assert_ok(baals_tx_verify(&tx, &f.err));
        assert_int_equal(tx.nonce, i / bench->size.senders);
        assert_memory_equal(&tx.id, &whole.ids[i], sizeof tx.id);
    }
    for (unsigned i = 0; i < 7; i++)
        assert_memory_equal(&piece.ids[i], &whole.ids[13 + i], sizeof piece.ids[i]);
    bench_txs_free(&piece, bench);
    bench_txs_free(&whole, bench);
    bench_fixture_close(&f);
}

/* Transfers of a chain of many accounts go on with its row, whatever recipients are drawn. */
static void test_draw(void **state)
{
    struct bench_fixture f;
    struct bench_txs first, again;
    struct bench_many many = {.name = "draw", .accounts = 1000};
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "draw");
    assert_ok(bench_sign_draw(&first, bench, 9, &many, 5, &f.err));
    assert_ok(bench_sign_draw(&again, bench, 9, &many, 5, &f.err));
    assert_int_equal(many.txs, 18);
    for (unsigned i = 0; i < 9; i++) {
        baals_tx x, y;
        assert_ok(baals_tx_decode(&x, first.slices[i], &f.err));
        assert_ok(baals_tx_decode(&y, again.slices[i], &f.err));
        assert_memory_equal(&x.recipient, &y.recipient, sizeof x.recipient);
        assert_int_equal(x.nonce, i / bench->size.senders);
        assert_int_equal(y.nonce, (9 + i) / bench->size.senders);
    }
    bench_txs_free(&again, bench);
    bench_txs_free(&first, bench);
    bench_fixture_close(&f);
}

/* Calls, grants and transfers without a price decode to what they are for. */
static void test_kinds(void **state)
{
    struct bench_fixture f;
    struct bench_txs txs;
    baals_tx tx;
    baals_address token;
    baals_slice method, args;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "kinds");
    assert_ok(bench_sign_priceless(&txs, bench, 3, &f.err));
    assert_ok(baals_tx_decode(&tx, txs.slices[2], &f.err));
    assert_int_equal(tx.gas_price, 0);
    bench_txs_free(&txs, bench);
    assert_ok(bench_sign_calls(&txs, bench, 3, 0, &f.err));
    assert_ok(baals_tx_decode(&tx, txs.slices[0], &f.err));
    assert_ok(baals_tx_decode_call_payload(&method, &args, tx.payload, &f.err));
    assert_memory_equal(method.data, "nothing", 7);
    bench_txs_free(&txs, bench);
    assert_ok(bench_sign_grants(&txs, bench, &f.err));
    assert_int_equal(txs.count, bench->size.senders);
    assert_ok(baals_tx_decode(&tx, txs.slices[0], &f.err));
    bench_contract(&token, bench, BENCH_TOKEN);
    assert_memory_equal(&tx.recipient, &token, sizeof token);
    assert_int_equal(tx.nonce, BENCH_DEPLOYS);
    bench_txs_free(&txs, bench);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_draw),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
