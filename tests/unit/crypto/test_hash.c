/* SPDX-License-Identifier: MIT */
/*
 * Hashes against published answers (FIPS 180-4 examples, the Keccak team's, RFC 7693's and BLAKE3's
 * vectors), and the several ways to the same SHA-256 against one another.
 */
#include "testlib.h"

#include <string.h>

#include "crypto/crypto.h"

typedef void (*hash_function)(baals_hash *out, baals_slice data);

struct hash_answer {
    hash_function hash;
    const char *name;
    baals_slice data;
    const char *expected;
};

static void hash_check(const struct hash_answer *answer)
{
    baals_hash actual;
    baals_hash expected;
    assert_int_equal(testlib_hex(expected.bytes, sizeof expected.bytes, answer->expected), 32);
    answer->hash(&actual, answer->data);
    if (!bl_hash_equal(&actual, &expected))
        fail_msg("%s of %zu bytes is not %s", answer->name, answer->data.len, answer->expected);
}

/* Every function gives the published answers, for the empty input too. */
static void hash_known_answers(void **state)
{
    (void)state;
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    /* BLAKE3's vectors are over bytes i mod 251. */
    static uint8_t counting[102400];
    for (size_t i = 0; i < sizeof counting; i++)
        counting[i] = (uint8_t)(i % 251);
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const struct hash_answer answers[] = {
        {bl_sha256,
         "SHA-256",
         {NULL, 0},
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {bl_sha256, "SHA-256", bl_slice_str("abc"),
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {bl_sha256, "SHA-256", bl_slice_str(two_blocks),
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {bl_sha256,
         "SHA-256",
         {million, sizeof million},
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {bl_keccak256,
         "Keccak-256",
         {NULL, 0},
         "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {bl_keccak256, "Keccak-256", bl_slice_str("abc"),
         "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
        {bl_blake2b256,
         "BLAKE2b-256",
         {NULL, 0},
         "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
        {bl_blake2b256, "BLAKE2b-256", bl_slice_str("abc"),
         "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
        {bl_blake3,
         "BLAKE3",
         {NULL, 0},
         "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
        {bl_blake3,
         "BLAKE3",
         {counting, 1},
         "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
        {bl_blake3,
         "BLAKE3",
         {counting, 1025},
         "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
        {bl_blake3,
         "BLAKE3",
         {counting, sizeof counting},
         "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(answers); i++)
        hash_check(&answers[i]);
}

/* However a message is cut, the incremental SHA-256 gives the one-shot's hash; a copied state is a
 * fork. */
static void hash_incremental_agrees(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(1);
    uint8_t data[400];
    testlib_rng_bytes(&rng, data, sizeof data);
    for (int round = 0; round < 2000; round++) {
        size_t len = testlib_rng_below(&rng, sizeof data + 1);
        baals_hash expected;
        bl_sha256(&expected, bl_slice(data, len));
        struct bl_sha256 stream;
        bl_sha256_init(&stream);
        size_t done = 0;
        while (done < len) {
            size_t part = 1 + testlib_rng_below(&rng, len - done);
            bl_sha256_update(&stream, bl_slice(data + done, part));
            bl_sha256_update(&stream, bl_slice(NULL, 0));
            done += part;
        }
        struct bl_sha256 fork = stream;
        bl_sha256_update(&fork, bl_slice_str("more"));
        baals_hash actual;
        bl_sha256_final(&actual, &stream);
        assert_memory_equal(&actual, &expected, sizeof expected);
        baals_hash forked;
        bl_sha256_final(&forked, &fork);
        assert_memory_not_equal(&forked, &expected, sizeof expected);
    }
}

/* bl_sha256_many is bl_sha256 of each message, for lengths around the block size and for none. */
static void hash_many_agrees(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(2);
    uint8_t data[9 * 130];
    testlib_rng_bytes(&rng, data, sizeof data);
    const size_t lengths[] = {0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 130};
    for (size_t i = 0; i < BL_COUNT_OF(lengths); i++) {
        for (size_t count = 0; count <= 9; count++) {
            baals_hash many[9];
            bl_sha256_many(many, data, lengths[i], count);
            for (size_t j = 0; j < count; j++) {
                baals_hash one;
                bl_sha256(&one, bl_slice(data + j * lengths[i], lengths[i]));
                assert_memory_equal(&many[j], &one, sizeof one);
            }
        }
    }
}

/* H(tag, data) is SHA-256 over tag, one zero byte and data; tags that continue one another differ.
 */
static void hash_tagged_is_domain_separated(void **state)
{
    (void)state;
    static const uint8_t preimage[] = "baals:tx:1\0data";
    baals_hash expected;
    bl_sha256(&expected, bl_slice(preimage, sizeof preimage - 1));
    baals_hash actual;
    bl_hash_tagged(&actual, BL_TAG_TX, bl_slice_str("data"));
    assert_memory_equal(&actual, &expected, sizeof expected);
    bl_hash_tagged(&actual, "baals:tx:1d", bl_slice_str("ata"));
    assert_memory_not_equal(&actual, &expected, sizeof expected);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_known_answers),
        cmocka_unit_test(hash_incremental_agrees),
        cmocka_unit_test(hash_many_agrees),
        cmocka_unit_test(hash_tagged_is_domain_separated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
