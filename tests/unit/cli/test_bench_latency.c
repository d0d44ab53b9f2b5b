/* SPDX-License-Identifier: MIT */
/* One transaction, one block. */
#include "bench_fixture.h"

/* Through the library the receipt of each is read. */
static void test_latency(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "latency");
    assert_ok(bench_run_latency(bench, &f.err));
    bench_fixture_filled(bench, BENCH_LATENCY_P50, BENCH_LATENCY_P99);
    bench_fixture_close(&f);
}

/* Through a socket; the node ends by itself. */
static void test_socket(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "socket");
    assert_ok(bench_run_socket(bench, &f.err));
    bench_fixture_filled(bench, BENCH_SOCKET_P50, BENCH_SOCKET_P99);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
