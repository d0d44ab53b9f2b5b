/* SPDX-License-Identifier: MIT */
/* Addresses and hashes as text, system addresses, contract ids. */
#include <string.h>

#include "testlib.h"
#include "types/types.h"

enum { ADDRESS_ROUNDS = 500 };

static const uint8_t address_seed[32] = {1};

/* Goal: any address in any kind survives the way through text; a system address is always bls. */
static void test_address_roundtrip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(2);
    for (unsigned i = 0; i < ADDRESS_ROUNDS; i++) {
        baals_address address;
        baals_address again;
        baals_address_kind kind = (i % 2 == 0) ? BAALS_ADDRESS_ACCOUNT : BAALS_ADDRESS_CONTRACT;
        baals_address_kind kind_again;
        char text[BAALS_ADDRESS_TEXT_SIZE];
        testlib_rng_bytes(&rng, address.bytes, sizeof address.bytes);
        baals_address_format(text, kind, &address);
        assert_true(strncmp(text, kind == BAALS_ADDRESS_ACCOUNT ? "bl1" : "blc1", 3) == 0);
        assert_ok(baals_address_parse(&again, &kind_again, text, NULL));
        assert_int_equal(kind_again, kind);
        assert_true(bl_address_equal(&again, &address));
    }
    baals_address system = {{0}};
    char text[BAALS_ADDRESS_TEXT_SIZE];
    system.bytes[31] = 9;
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &system);
    assert_memory_equal(text, "bls1", 4);
    system.bytes[0] = 1;
    baals_address_format(text, BAALS_ADDRESS_SYSTEM, &system);
    assert_memory_equal(text, "bl1", 3);
}

/* Goal: one changed character anywhere is seen. */
static void test_address_changes(void **state)
{
    (void)state;
    baals_keypair keypair;
    char text[BAALS_ADDRESS_TEXT_SIZE];
    baals_keypair_from_seed(&keypair, address_seed);
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &keypair.address);
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];
        for (int c = 1; c < 256; c++) {
            baals_address address;
            baals_address_kind kind;
            text[i] = (char)c;
            if (text[i] != kept)
                assert_status(baals_address_parse(&address, &kind, text, NULL),
                              BAALS_MISUSE_ADDRESS);
        }
        text[i] = kept;
    }
}

/* Goal: a failure leaves the outputs alone and NULL is refused. */
static void test_address_failure(void **state)
{
    (void)state;
    baals_address address;
    baals_address_kind kind = BAALS_ADDRESS_CONTRACT;
    baals_error err;
    memset(&address, 0x5a, sizeof address);
    assert_status(baals_address_parse(&address, &kind, "bl1q", &err), BAALS_MISUSE_ADDRESS);
    assert_int_equal(address.bytes[0], 0x5a);
    assert_int_equal(kind, BAALS_ADDRESS_CONTRACT);
    assert_status(baals_address_parse(NULL, &kind, "bl1q", &err), BAALS_MISUSE);
    assert_status(baals_address_parse(&address, &kind, NULL, &err), BAALS_MISUSE);
}

/* Goal: hashes are 64 lowercase digits and nothing else. */
static void test_address_hash_text(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "00",
        "000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0",
        "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    baals_hash hash;
    baals_hash again;
    char text[BAALS_HASH_TEXT_SIZE];
    for (size_t i = 0; i < sizeof hash.bytes; i++)
        hash.bytes[i] = (uint8_t)i;
    baals_hash_format(text, &hash);
    assert_string_equal(text, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    assert_ok(baals_hash_parse(&again, text, NULL));
    assert_true(bl_hash_equal(&hash, &again));
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++)
        assert_status(baals_hash_parse(&again, refused[i], NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(baals_hash_parse(&again, NULL, NULL), BAALS_MISUSE);
}

/* Goal: exactly 31 zero bytes make a system address; a sender is a usable key. */
static void test_address_system(void **state)
{
    (void)state;
    baals_address address = {{0}};
    baals_keypair keypair;
    for (unsigned n = 0; n < 256; n++) {
        address.bytes[31] = (uint8_t)n;
        assert_true(bl_address_is_system(&address));
        assert_false(bl_address_is_sender(&address));
    }
    for (unsigned i = 0; i < 31; i++) {
        baals_address other = {{0}};
        other.bytes[i] = 0x80;
        assert_false(bl_address_is_system(&other));
    }
    baals_keypair_from_seed(&keypair, address_seed);
    assert_true(bl_address_is_sender(&keypair.address));
    memset(&address, 0, sizeof address);
    address.bytes[0] = 1; /* the neutral element */
    assert_false(bl_address_is_sender(&address));
}

/* Goal: contract ids differ by name, by deployer and by nonce; a bad name is refused. */
static void test_address_contract_ids(void **state)
{
    (void)state;
    baals_keypair keypair;
    baals_address a;
    baals_address b;
    baals_keypair_from_seed(&keypair, address_seed);
    assert_ok(baals_contract_id_from_name(&a, bl_slice_str("a"), NULL));
    assert_ok(baals_contract_id_from_name(&b, bl_slice_str("b"), NULL));
    assert_false(bl_address_equal(&a, &b));
    assert_status(baals_contract_id_from_name(&b, bl_slice_str(""), NULL), BAALS_MISUSE_ARGUMENT);
    baals_contract_id_from_deploy(&a, &keypair.address, 0);
    baals_contract_id_from_deploy(&b, &keypair.address, 1);
    assert_false(bl_address_equal(&a, &b));
    keypair.address.bytes[0] ^= 1;
    baals_contract_id_from_deploy(&b, &keypair.address, 0);
    assert_false(bl_address_equal(&a, &b));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_roundtrip), cmocka_unit_test(test_address_changes),
        cmocka_unit_test(test_address_failure),   cmocka_unit_test(test_address_hash_text),
        cmocka_unit_test(test_address_system),    cmocka_unit_test(test_address_contract_ids),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
