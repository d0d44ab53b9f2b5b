/* SPDX-License-Identifier: MIT */
/* The keyed hash of tables: a function of key and bytes, spread evenly, and other under each key.
 */
#include "base/hash_key.h"

#include <string.h>

#include "testlib.h"

static void key_make(struct bl_hash_key *out, uint64_t stream)
{
    struct testlib_rng rng = testlib_rng(stream);
    for (size_t i = 0; i < BL_COUNT_OF(out->words); i++)
        out->words[i] = testlib_rng_u64(&rng);
}

/* Goal: the hash depends on every byte, on the length and on the key, at every length. */
static void test_depends_on_all(void **state)
{
    (void)state;
    struct bl_hash_key key;
    struct bl_hash_key other;
    uint8_t bytes[BL_HASH_KEY_BYTES_MAX + 1] = {0};
    key_make(&key, 1);
    key_make(&other, 2);
    struct testlib_rng rng = testlib_rng(3);
    testlib_rng_bytes(&rng, bytes, 300); /* zeros behind */
    for (size_t len = 0; len <= BL_HASH_KEY_BYTES_MAX; len++) {
        baals_slice slice = bl_slice(bytes, len);
        uint32_t hash = bl_hash_key_of(&key, slice);
        assert_int_equal(hash, bl_hash_key_of(&key, slice));
        assert_int_not_equal(hash, bl_hash_key_of(&other, slice));
        if (len < BL_HASH_KEY_BYTES_MAX)
            assert_int_not_equal(hash, bl_hash_key_of(&key, bl_slice(bytes, len + 1)));
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= 1;
            assert_int_not_equal(hash, bl_hash_key_of(&key, slice));
            bytes[i] ^= 1;
        }
    }
}

/* Goal: keys that were chosen to look alike (counters in any place, few bits set) fill a table of
 * as many places about as evenly as random ones would: no place gets more than a dozen. */
static void test_spread(void **state)
{
    (void)state;
    static unsigned places[1u << 14];
    for (size_t at = 0; at < 32; at += 4) {
        struct bl_hash_key key;
        uint8_t bytes[32] = {0};
        key_make(&key, at);
        memset(places, 0, sizeof places);
        for (uint32_t i = 0; i < 1u << 14; i++) {
            bl_store_u32be(bytes + at, i << (at % 16));
            places[bl_hash_key_of(&key, bl_slice(bytes, 32)) >> 18]++;
        }
        for (size_t i = 0; i < BL_COUNT_OF(places); i++)
            assert_true(places[i] <= 12);
    }
}

/* Goal: a key comes from the env, and two keys differ. */
static void test_init(void **state)
{
    (void)state;
    struct bl_env *env = NULL;
    struct bl_hash_key a;
    struct bl_hash_key b;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    assert_ok(bl_hash_key_init(&a, env, NULL));
    assert_ok(bl_hash_key_init(&b, env, NULL));
    assert_memory_not_equal(&a, &b, sizeof a);
    bl_env_close(env);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depends_on_all),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
