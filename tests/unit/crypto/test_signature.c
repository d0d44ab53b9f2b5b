/* SPDX-License-Identifier: MIT */
/*
 * Ed25519: signing, single and batch verdicts, usable keys; the vectors of docs/spec/signature.md.
 */
#include "testlib.h"

#include <string.h>

#include "crypto/crypto.h"
#include "testlib_json.h"

#define TAG BL_TAG_TX
#define BATCH_MAX (BL_SIGNATURE_BATCH_MAX + 76)

/* A batch of valid signatures over random messages by few or many keys. */
struct signature_set {
    baals_address keys[BATCH_MAX];
    baals_signature signatures[BATCH_MAX];
    uint8_t messages[BATCH_MAX][48];
    struct bl_signed items[BATCH_MAX];
    uint8_t verdicts[BATCH_MAX];
    size_t count;
};

static void signature_set_make(struct signature_set *set,
                               struct testlib_rng *rng,
                               size_t count,
                               size_t key_count)
{
    assert_true(count <= BATCH_MAX);
    uint8_t seeds[BATCH_MAX][32];
    testlib_rng_bytes(rng, seeds, sizeof seeds);
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *seed = seeds[i % key_count];
        size_t len = testlib_rng_below(rng, sizeof set->messages[i] + 1);
        testlib_rng_bytes(rng, set->messages[i], len);
        bl_ed25519_public(&set->keys[i], seed);
        set->items[i] = (struct bl_signed){.public_key = &set->keys[i],
                                           .signature = &set->signatures[i],
                                           .message = bl_slice(set->messages[i], len)};
        bl_ed25519_sign(&set->signatures[i], seed, TAG, set->items[i].message);
    }
}

static bool signature_single(const struct bl_signed *item)
{
    return bl_ed25519_verify(item->public_key, item->signature, TAG, item->message);
}

/* Verifies the set in one batch and fails where a verdict is not the single one. */
static void signature_set_check(struct signature_set *set)
{
    memset(set->verdicts, 0xee, sizeof set->verdicts);
    bl_ed25519_verify_batch(set->verdicts, set->items, set->count, TAG);
    for (size_t i = 0; i < set->count; i++) {
        uint8_t single = signature_single(&set->items[i]) ? 1 : 0;
        if (set->verdicts[i] != single)
            fail_msg("item %zu of %zu: batch %u, single %u", i, set->count, set->verdicts[i],
                     single);
        /* Where a signature verifies, the key's bytes tell whether it is usable. */
        const baals_address *key = set->items[i].public_key;
        if (single != 0)
            assert_int_equal(bl_ed25519_key_form(key), bl_ed25519_key_usable(key));
    }
    for (size_t i = set->count; i < BATCH_MAX; i++)
        assert_int_equal(set->verdicts[i], 0xee);
}

/* The first test of RFC 8032 section 7.1: key and signature of the empty message. */
static void signature_rfc8032(void **state)
{
    (void)state;
    uint8_t seed[32];
    uint8_t expected_key[32];
    uint8_t expected_signature[64];
    testlib_hex(seed, 32, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    testlib_hex(expected_key, 32,
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    testlib_hex(expected_signature, 64,
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
                "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    baals_address key;
    bl_ed25519_public(&key, seed);
    assert_memory_equal(key.bytes, expected_key, 32);
    assert_true(bl_ed25519_verify_raw(expected_key, expected_signature, bl_slice(NULL, 0)));
    assert_false(bl_ed25519_verify_raw(expected_key, expected_signature, bl_slice_str("x")));
}

/* A signature holds for its tag and message alone, and is over tag, a zero byte and the message. */
static void signature_binds_tag_and_message(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(1);
    uint8_t seed[32];
    testlib_rng_bytes(&rng, seed, sizeof seed);
    baals_address key;
    baals_signature signature;
    bl_ed25519_public(&key, seed);
    bl_ed25519_sign(&signature, seed, BL_TAG_TX, bl_slice_str("body"));
    assert_true(bl_ed25519_verify(&key, &signature, BL_TAG_TX, bl_slice_str("body")));
    assert_false(bl_ed25519_verify(&key, &signature, BL_TAG_TX, bl_slice_str("bod")));
    assert_false(bl_ed25519_verify(&key, &signature, BL_TAG_SEAL, bl_slice_str("body")));
    assert_false(bl_ed25519_verify(&key, &signature, BL_TAG_TXID, bl_slice_str("body")));
    static const uint8_t whole[] = "baals:tx:1\0body";
    assert_true(
        bl_ed25519_verify_raw(key.bytes, signature.bytes, bl_slice(whole, sizeof whole - 1)));
}

/* A key that is ready to sign has the address of its seed and gives the same signatures. */
static void signature_ready_key(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(7);
    for (size_t i = 0; i < 64; i++) {
        uint8_t seed[32];
        uint8_t message[300];
        size_t len = testlib_rng_below(&rng, sizeof message);
        baals_slice body = bl_slice(message, len);
        baals_signing_key key;
        baals_address address;
        baals_signature expected;
        baals_signature signature;
        testlib_rng_bytes(&rng, seed, sizeof seed);
        testlib_rng_bytes(&rng, message, sizeof message);
        bl_signing_key_init(&key, seed);
        bl_ed25519_public(&address, seed);
        assert_true(bl_address_equal(&key.address, &address));
        bl_ed25519_sign(&expected, seed, BL_TAG_SEAL, body);
        assert_true(bl_signing_key_sign(&signature, &key, BL_TAG_SEAL, body));
        assert_memory_equal(&signature, &expected, sizeof expected);
        bl_ed25519_sign(&expected, seed, NULL, body);
        assert_true(bl_signing_key_sign(&signature, &key, NULL, body));
        assert_memory_equal(&signature, &expected, sizeof expected);
    }
}

/* A key that was damaged in any byte, belongs to two seeds, or was wiped signs nothing. */
static void signature_damaged_key(void **state)
{
    (void)state;
    const uint8_t seed[32] = {1};
    const uint8_t other_seed[32] = {2};
    baals_signing_key key;
    baals_signing_key other;
    baals_signature signature;
    const baals_signature untouched = {{0}};
    bl_signing_key_init(&key, seed);
    bl_signing_key_init(&other, other_seed);
    for (size_t i = 0; i < sizeof key; i++) {
        baals_signing_key damaged = key;
        signature = untouched;
        ((uint8_t *)&damaged)[i] ^= (uint8_t)(1u << i % 8);
        assert_false(bl_signing_key_sign(&signature, &damaged, TAG, bl_slice_str("body")));
        assert_memory_equal(&signature, &untouched, sizeof signature);
    }
    baals_signing_key mixed = key;
    mixed.address = other.address;
    assert_false(bl_signing_key_sign(&signature, &mixed, TAG, bl_slice_str("body")));
    assert_true(bl_signing_key_sign(&signature, &key, TAG, bl_slice_str("body")));
    bl_signing_key_deinit(&key);
    for (size_t i = 0; i < sizeof key; i++)
        assert_int_equal(((const uint8_t *)&key)[i], 0);
    assert_false(bl_signing_key_sign(&signature, &key, TAG, bl_slice_str("body")));
}

/* One invalid signature is found at every position of batches of many sizes. */
static void batch_finds_each_position(void **state)
{
    (void)state;
    static struct signature_set set;
    struct testlib_rng rng = testlib_rng(2);
    const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 16, 33};
    for (size_t s = 0; s < BL_COUNT_OF(sizes); s++) {
        signature_set_make(&set, &rng, sizes[s], sizes[s]);
        for (size_t bad = 0; bad < set.count; bad++) {
            set.signatures[bad].bytes[33] ^= 1;
            bl_ed25519_verify_batch(set.verdicts, set.items, set.count, TAG);
            for (size_t i = 0; i < set.count; i++)
                assert_int_equal(set.verdicts[i], i != bad);
            set.signatures[bad].bytes[33] ^= 1;
        }
    }
}

/* Batches beyond one equation, with none, one, many and only invalid signatures. */
static void batch_spans_several_ranges(void **state)
{
    (void)state;
    static struct signature_set set;
    struct testlib_rng rng = testlib_rng(3);
    bl_ed25519_verify_batch(NULL, NULL, 0, TAG);
    signature_set_make(&set, &rng, BATCH_MAX, 17);
    bl_ed25519_verify_batch(set.verdicts, set.items, set.count, TAG);
    for (size_t i = 0; i < set.count; i++)
        assert_int_equal(set.verdicts[i], 1);
    set.signatures[BATCH_MAX - 1].bytes[0] ^= 1;
    signature_set_check(&set);
    assert_int_equal(set.verdicts[BATCH_MAX - 1], 0);
    for (size_t i = 0; i < set.count; i += 3)
        set.keys[i].bytes[5] ^= 4;
    signature_set_check(&set);
    for (size_t i = 0; i < set.count; i++)
        memset(&set.signatures[i], 0xff, sizeof set.signatures[i]);
    signature_set_check(&set);
}

/* Two invalid signatures whose errors cancel in a sum without coefficients are both found. */
static void batch_errors_do_not_cancel(void **state)
{
    (void)state;
    static struct signature_set set;
    struct testlib_rng rng = testlib_rng(4);
    signature_set_make(&set, &rng, 16, 1);
    /* S of one down by 1, of the other up by 1; the lowest byte is not at its bounds. */
    size_t up = 0;
    size_t down = 1;
    while (set.signatures[up].bytes[32] == 0xff)
        up += 2;
    while (set.signatures[down].bytes[32] == 0x00)
        down += 2;
    set.signatures[up].bytes[32]++;
    set.signatures[down].bytes[32]--;
    signature_set_check(&set);
    assert_int_equal(set.verdicts[up], 0);
    assert_int_equal(set.verdicts[down], 0);
}

static void signature_mutate(struct signature_set *set, struct testlib_rng *rng, size_t i)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xec, 0xed, 0xee, 0xff};
    uint8_t *target =
        testlib_rng_below(rng, 3) == 0 ? set->keys[i].bytes : set->signatures[i].bytes;
    size_t len = target == set->keys[i].bytes ? 32 : 64;
    size_t at = testlib_rng_below(rng, len);
    switch (testlib_rng_below(rng, 5)) {
    case 0:
        target[at] ^= (uint8_t)(1u << testlib_rng_below(rng, 8));
        break;
    case 1:
        target[at] = edges[testlib_rng_below(rng, BL_COUNT_OF(edges))];
        break;
    case 2: /* A key or R of few set bits: small order and encodings beyond p turn up. */
        memset(target, edges[testlib_rng_below(rng, BL_COUNT_OF(edges))], 32);
        target[0] = edges[testlib_rng_below(rng, BL_COUNT_OF(edges))];
        target[31] = edges[testlib_rng_below(rng, BL_COUNT_OF(edges))];
        break;
    case 3: /* S of zero, with which small-order points are valid. */
        memset(set->signatures[i].bytes + 32, 0, 32);
        break;
    default:
        set->items[i].message.len /= 2;
        break;
    }
}

/* Tens of thousands of mutated signatures: the batch says of each what the single check says. */
static void batch_equals_single_on_mutations(void **state)
{
    (void)state;
    static struct signature_set set;
    struct testlib_rng rng = testlib_rng(5);
    for (int round = 0; round < 200; round++) {
        signature_set_make(&set, &rng, 128, 1 + testlib_rng_below(&rng, 128));
        size_t mutations = testlib_rng_below(&rng, 2) == 0 ? testlib_rng_below(&rng, 4) : 128;
        for (size_t m = 0; m < mutations; m++)
            signature_mutate(&set, &rng, testlib_rng_below(&rng, set.count));
        signature_set_check(&set);
    }
}

/* The signatures of docs/spec/vectors/signature.json get their verdict, alone and in a batch. */
static void signature_spec_vectors(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/signature.json"));
    const struct testlib_json *cases = testlib_json_get(file, "signatures");
    assert_true(testlib_json_count(cases) > 20);
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        uint8_t key[32];
        uint8_t signature[64];
        uint8_t message[64];
        testlib_json_hex(key, sizeof key, testlib_json_get(one, "key"));
        testlib_json_hex(signature, sizeof signature, testlib_json_get(one, "signature"));
        size_t len = testlib_json_hex(message, sizeof message, testlib_json_get(one, "message"));
        bool expected = testlib_json_bool(testlib_json_get(one, "valid"));
        if (bl_ed25519_verify_raw(key, signature, bl_slice(message, len)) != expected)
            fail_msg("%s: expected %d", testlib_json_text(testlib_json_get(one, "what")), expected);
    }
    testlib_json_free(file);
}

/* Signing reproduces the spec's tagged signatures, byte for byte. */
static void signature_spec_tagged(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/signature.json"));
    const struct testlib_json *cases = testlib_json_get(file, "tagged");
    assert_true(testlib_json_count(cases) > 0);
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        uint8_t seed[32];
        uint8_t data[64];
        baals_address expected_key;
        baals_signature expected;
        testlib_json_hex(seed, sizeof seed, testlib_json_get(one, "seed"));
        testlib_json_hex(expected_key.bytes, 32, testlib_json_get(one, "key"));
        testlib_json_hex(expected.bytes, 64, testlib_json_get(one, "signature"));
        size_t len = testlib_json_hex(data, sizeof data, testlib_json_get(one, "data"));
        const char *tag = testlib_json_text(testlib_json_get(one, "tag"));
        baals_address key;
        baals_signature signature;
        bl_ed25519_public(&key, seed);
        bl_ed25519_sign(&signature, seed, tag, bl_slice(data, len));
        assert_memory_equal(key.bytes, expected_key.bytes, 32);
        assert_memory_equal(signature.bytes, expected.bytes, 64);
        assert_true(bl_ed25519_verify(&key, &signature, tag, bl_slice(data, len)));
    }
    testlib_json_free(file);
}

/* The keys of docs/spec/vectors/signature.json: usable or not, small order and -0 included. */
static void key_usable_spec_vectors(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/signature.json"));
    const struct testlib_json *cases = testlib_json_get(file, "keys");
    assert_true(testlib_json_count(cases) > 15);
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        baals_address key;
        testlib_json_hex(key.bytes, sizeof key.bytes, testlib_json_get(one, "key"));
        bool expected = testlib_json_bool(testlib_json_get(one, "usable"));
        if (bl_ed25519_key_usable(&key) != expected)
            fail_msg("%s: expected %d", testlib_json_text(testlib_json_get(one, "what")), expected);
        if (expected)
            assert_true(bl_ed25519_key_form(&key));
    }
    testlib_json_free(file);
}

/* Shares cover everything, are never too large for one equation, and give each thread some. */
static void shares(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= BL_WORKERS_MAX; threads++) {
        for (size_t count = 1; count < 200000; count += 1 + count / 3) {
            size_t share = bl_ed25519_share(count, threads);
            assert_in_range(share, 16, BL_SIGNATURE_BATCH_MAX);
            if (count >= 16u * threads)
                assert_true(2 * (count / share) >= threads);
        }
    }
    assert_int_equal(bl_ed25519_share(10, 2), 16);
    assert_int_equal(bl_ed25519_share(100, 2), 50);
    assert_int_equal(bl_ed25519_share(2000, 2), 256);
    assert_int_equal(bl_ed25519_share(100000, 2), BL_SIGNATURE_BATCH_MAX);
}

/* Several threads give the verdicts of one. */
static void shared_equals_single(void **state)
{
    (void)state;
    static struct signature_set set;
    static uint8_t verdicts[BATCH_MAX];
    struct testlib_rng rng = testlib_rng(8);
    struct bl_workers *workers = NULL;
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 3, NULL));
    for (size_t count = 1; count <= BATCH_MAX; count = 2 * count + 50) {
        signature_set_make(&set, &rng, count, 1 + count / 2);
        for (size_t m = 0; m < count / 10; m++)
            set.signatures[testlib_rng_below(&rng, count)].bytes[40] ^= 1;
        signature_set_check(&set);
        memset(verdicts, 0xee, sizeof verdicts);
        bl_ed25519_verify_shared(workers, verdicts, set.items, count, TAG);
        assert_memory_equal(verdicts, set.verdicts, sizeof verdicts);
        memset(verdicts, 0xee, sizeof verdicts);
        bl_ed25519_verify_shared(NULL, verdicts, set.items, count, TAG);
        assert_memory_equal(verdicts, set.verdicts, sizeof verdicts);
    }
    bl_workers_free(workers);
}

/* Every generated key is usable; none of the 19 encodings at and above p is, with either sign. */
static void key_usable_generated(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(6);
    for (int i = 0; i < 1000; i++) {
        uint8_t seed[32];
        baals_address key;
        testlib_rng_bytes(&rng, seed, sizeof seed);
        bl_ed25519_public(&key, seed);
        assert_true(bl_ed25519_key_usable(&key));
        assert_true(bl_ed25519_key_form(&key));
    }
    for (unsigned low = 0xed; low <= 0xff; low++) {
        baals_address key;
        memset(&key, 0xff, sizeof key);
        key.bytes[0] = (uint8_t)low;
        assert_false(bl_ed25519_key_usable(&key));
        assert_false(bl_ed25519_key_form(&key));
        key.bytes[31] = 0x7f;
        assert_false(bl_ed25519_key_usable(&key));
        assert_false(bl_ed25519_key_form(&key));
    }
}

/* bl_wipe zeroes what it was given and nothing beside it. */
static void wipe_zeroes(void **state)
{
    (void)state;
    uint8_t data[40];
    memset(data, 0xaa, sizeof data);
    bl_wipe(data + 4, 32);
    assert_true(bl_bytes_all_zero(data + 4, 32));
    assert_int_equal(data[3], 0xaa);
    assert_int_equal(data[36], 0xaa);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_rfc8032),
        cmocka_unit_test(signature_binds_tag_and_message),
        cmocka_unit_test(signature_ready_key),
        cmocka_unit_test(signature_damaged_key),
        cmocka_unit_test(batch_finds_each_position),
        cmocka_unit_test(batch_spans_several_ranges),
        cmocka_unit_test(batch_errors_do_not_cancel),
        cmocka_unit_test(batch_equals_single_on_mutations),
        cmocka_unit_test(signature_spec_vectors),
        cmocka_unit_test(signature_spec_tagged),
        cmocka_unit_test(shares),
        cmocka_unit_test(shared_equals_single),
        cmocka_unit_test(key_usable_spec_vectors),
        cmocka_unit_test(key_usable_generated),
        cmocka_unit_test(wipe_zeroes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
