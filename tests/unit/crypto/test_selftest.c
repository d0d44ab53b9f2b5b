/* SPDX-License-Identifier: MIT */
/*
 * The self-test passes on this build.
 */
#include "testlib.h"

#include "crypto/crypto.h"

/* A correct build passes, with and without room for a message. */
static void selftest_passes(void **state)
{
    (void)state;
    baals_error err = {0};
    assert_ok(bl_crypto_selftest(&err));
    assert_ok(bl_crypto_selftest(NULL));
    assert_ok(bl_crypto_selftest_once(&err));
    assert_ok(bl_crypto_selftest_once(NULL));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(selftest_passes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
