/* SPDX-License-Identifier: MIT */
/*
 * The table of engines and the stored form of an authority list.
 */
#include <string.h>

#include "consensus/consensus.h"
#include "testlib.h"

static baals_genesis genesis_of(const char *engine, const baals_address *authority)
{
    baals_genesis genesis;
    baals_genesis_defaults(&genesis);
    genesis.engine = bl_slice_str(engine);
    genesis.poa.authorities = authority;
    genesis.poa.authority_count = 1;
    return genesis;
}

/* Goal: the engine of the genesis is found by its name; any other name is UNSUPPORTED. */
static void test_find(void **state)
{
    (void)state;
    struct bl_alloc alloc = bl_alloc_system();
    baals_address authority = {{1}};
    baals_consensus *consensus = NULL;
    baals_genesis genesis = genesis_of("poa", &authority);
    assert_ok(bl_consensus_new(&consensus, &alloc, &genesis, NULL));
    assert_string_equal(consensus->ops->name, "poa");
    bl_consensus_close(consensus);
    static const char *const others[] = {"", "po", "poa2", "pow", "POA"};
    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        baals_error err;
        consensus = NULL;
        genesis = genesis_of(others[i], &authority);
        assert_status(bl_consensus_new(&consensus, &alloc, &genesis, &err), BAALS_UNSUPPORTED);
        assert_null(consensus);
        assert_non_null(strstr(err.message, others[i]));
    }
    bl_consensus_close(NULL);
}

/* Goal: without memory there is no engine, and nothing leaks. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {.fail_at = 1};
    struct bl_alloc alloc = testlib_faulty_alloc(&memory);
    baals_address authority = {{1}};
    baals_genesis genesis = genesis_of("poa", &authority);
    baals_consensus *consensus = NULL;
    assert_status(bl_consensus_new(&consensus, &alloc, &genesis, NULL), BAALS_NOMEM);
    assert_null(consensus);
    assert_int_equal(memory.live, 0);
}

/* Goal: 1 to 64 keys come back in their order; any other bytes are damage and write nothing. */
static void test_authorities_codec(void **state)
{
    (void)state;
    struct bl_buffer buffer;
    baals_address keys[BL_AUTHORITIES_MAX];
    baals_address back[BL_AUTHORITIES_MAX];
    struct testlib_rng rng = testlib_rng(1);
    testlib_rng_bytes(&rng, keys, sizeof keys);
    bl_buffer_init(&buffer, bl_alloc_system(), 65536);
    for (size_t n = 1; n <= BL_AUTHORITIES_MAX; n++) {
        size_t count = 0;
        bl_buffer_clear(&buffer);
        bl_authorities_encode(&buffer, keys, n);
        assert_ok(bl_authorities_decode(back, &count, bl_buffer_slice(&buffer), NULL));
        assert_int_equal(count, n);
        assert_memory_equal(back, keys, n * sizeof *keys);
    }
    size_t count = 77;
    memset(back, 0x5a, sizeof back);
    baals_slice whole = bl_buffer_slice(&buffer);
    for (size_t len = 0; len < whole.len; len += 7)
        assert_status(bl_authorities_decode(back, &count, bl_slice(whole.data, len), NULL),
                      BAALS_CORRUPT_STATE);
    bl_buffer_append_u8(&buffer, 0);
    assert_status(bl_authorities_decode(back, &count, bl_buffer_slice(&buffer), NULL),
                  BAALS_CORRUPT_STATE);
    static const uint8_t none[] = {0x80};
    static const uint8_t short_key[] = {0x81, 0x41, 0x00};
    assert_status(bl_authorities_decode(back, &count, bl_slice(none, 1), NULL),
                  BAALS_CORRUPT_STATE);
    assert_status(bl_authorities_decode(back, &count, bl_slice(short_key, 3), NULL),
                  BAALS_CORRUPT_STATE);
    bl_buffer_clear(&buffer);
    bl_cbor_write_array(&buffer, BL_AUTHORITIES_MAX + 1);
    for (size_t i = 0; i <= BL_AUTHORITIES_MAX; i++)
        bl_cbor_write_address(&buffer, &keys[0]);
    assert_status(bl_authorities_decode(back, &count, bl_buffer_slice(&buffer), NULL),
                  BAALS_CORRUPT_STATE);
    assert_int_equal(count, 77);
    assert_int_equal(back[0].bytes[0], 0x5a);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_authorities_codec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
