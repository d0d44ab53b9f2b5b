/* SPDX-License-Identifier: MIT */
/*
 * ECDSA verdicts are those of docs/spec/signature.md 8, frozen in docs/spec/vectors/ecdsa.json.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "testlib_json.h"

static struct testlib_json *ecdsa_file(void)
{
    return testlib_json_load(testlib_source_path("docs/spec/vectors/ecdsa.json"));
}

/* Goal: every frozen verdict on both curves. What has no 64 or 32 bytes never gets this far. */
static void test_verify(void **state)
{
    (void)state;
    struct testlib_json *file = ecdsa_file();
    const struct testlib_json *rows = testlib_json_get(file, "verify");
    assert_true(testlib_json_count(rows) >= 70);
    for (size_t i = 0; i < testlib_json_count(rows); i++) {
        const struct testlib_json *row = testlib_json_at(rows, i);
        uint8_t key[80], signature[80], digest[80];
        size_t key_len = testlib_json_hex(key, sizeof key, testlib_json_get(row, "key"));
        size_t len =
            testlib_json_hex(signature, sizeof signature, testlib_json_get(row, "signature"));
        size_t digest_len =
            testlib_json_hex(digest, sizeof digest, testlib_json_get(row, "digest"));
        if (len != 64 || digest_len != 32)
            continue;
        enum bl_ecdsa_curve curve = testlib_json_int(testlib_json_get(row, "algorithm")) == 1
                                        ? BL_ECDSA_SECP256K1
                                        : BL_ECDSA_P256;
        bool valid = bl_ecdsa_verify(curve, bl_slice(key, key_len), signature, digest);
        if (valid != testlib_json_bool(testlib_json_get(row, "valid")))
            fail_msg("%s: %d", testlib_json_text(testlib_json_get(row, "what")), valid);
    }
    testlib_json_free(file);
}

/* Goal: every frozen key that recovery leads to, or none, with the output untouched. */
static void test_recover(void **state)
{
    (void)state;
    struct testlib_json *file = ecdsa_file();
    const struct testlib_json *rows = testlib_json_get(file, "recover");
    assert_true(testlib_json_count(rows) >= 20);
    for (size_t i = 0; i < testlib_json_count(rows); i++) {
        const struct testlib_json *row = testlib_json_at(rows, i);
        const struct testlib_json *expected = testlib_json_get(row, "key");
        uint8_t key[65], untouched[65], out[65], signature[64], digest[32];
        memset(untouched, 0x5a, sizeof untouched);
        memcpy(out, untouched, sizeof out);
        testlib_json_hex(signature, sizeof signature, testlib_json_get(row, "signature"));
        testlib_json_hex(digest, sizeof digest, testlib_json_get(row, "digest"));
        uint32_t recovery = (uint32_t)testlib_json_int(testlib_json_get(row, "recovery"));
        bool found = bl_secp256k1_recover(out, signature, digest, recovery);
        if (found == testlib_json_is_null(expected))
            fail_msg("%s: %d", testlib_json_text(testlib_json_get(row, "what")), found);
        if (found)
            assert_int_equal(testlib_json_hex(key, sizeof key, expected), sizeof key);
        assert_memory_equal(out, found ? key : untouched, sizeof out);
    }
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_recover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
