/* SPDX-License-Identifier: MIT */
/*
 * Exports: the same chain comes back with the same bytes, and every way a stream can be wrong is
 * refused with its own status (docs/spec/export.md).
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"

struct export_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    uint8_t *bytes;
    size_t len;
};

static void export_open(struct export_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_genesis_counter(&fx->genesis);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        struct chain_tx tx = nonce == 1
                                 ? chain_call(&fx->genesis, 1, nonce, "add")
                                 : chain_transfer(&fx->genesis, 1, nonce, chain_address(2), 5);
        chain_submit(&fx->node, &tx);
        assert_true(chain_produce(&fx->node));
    }
    fx->bytes = chain_export(fx->node.chain, &fx->len);
}

static void export_close(struct export_fixture *fx)
{
    free(fx->bytes);
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

static baals_status export_import(baals_chain **out, const uint8_t *bytes, size_t len)
{
    struct chain_source source = {bytes, len};
    return baals_import_new(out, ":memory:", NULL, chain_source_next, &source, NULL);
}

/* import(export(chain)) exports the same bytes, at the same root. */
static void test_round_trip(void **state)
{
    (void)state;
    struct export_fixture fx;
    export_open(&fx);
    baals_chain *copy = NULL;
    baals_chain_info info;
    size_t len = 0;
    assert_ok(export_import(&copy, fx.bytes, fx.len));
    assert_ok(baals_chain_info_get(copy, &info, NULL));
    baals_chain_info original = chain_info(&fx.node);
    assert_int_equal(info.height, 3);
    assert_memory_equal(info.state_root.bytes, original.state_root.bytes, 32);
    uint8_t *again = chain_export(copy, &len);
    assert_int_equal(len, fx.len);
    assert_memory_equal(again, fx.bytes, len);
    free(again);
    assert_ok(baals_close(copy, NULL));
    export_close(&fx);
}

/* Into a chain that has some of the blocks, the others are added; one that has all stays. */
static void test_into_existing(void **state)
{
    (void)state;
    struct export_fixture fx;
    export_open(&fx);
    struct chain_node other;
    uint64_t height = 0;
    chain_node_init(&other, &fx.genesis, 0);
    chain_node_open(&other);
    assert_ok(chain_copy_block(&other, &fx.node, 1));
    for (int round = 0; round < 2; round++) {
        struct chain_source source = {fx.bytes, fx.len};
        assert_ok(baals_import(other.chain, &height, chain_source_next, &source, &other.err));
        assert_int_equal(height, 3);
    }
    chain_node_deinit(&other);
    export_close(&fx);
}

/* A chain of another genesis, and one with other blocks, take nothing. */
static void test_foreign(void **state)
{
    (void)state;
    struct export_fixture fx;
    export_open(&fx);
    struct chain_genesis foreign;
    struct chain_node other;
    chain_genesis_init(&foreign, 2);
    chain_node_init(&other, &foreign, 0);
    chain_node_open(&other);
    struct chain_source source = {fx.bytes, fx.len};
    assert_status(baals_import(other.chain, NULL, chain_source_next, &source, &other.err),
                  BAALS_CORRUPT_FOREIGN);
    chain_node_deinit(&other);
    chain_genesis_deinit(&foreign);

    chain_node_init(&other, &fx.genesis, 0);
    chain_node_open(&other);
    struct chain_tx tx = chain_transfer(&fx.genesis, 3, 0, chain_address(2), 9);
    chain_submit(&other, &tx);
    assert_true(chain_produce(&other));
    source = (struct chain_source){fx.bytes, fx.len};
    assert_status(baals_import(other.chain, NULL, chain_source_next, &source, &other.err),
                  BAALS_CORRUPT_FOREIGN);
    assert_int_equal(chain_info(&other).height, 1);
    chain_node_deinit(&other);
    export_close(&fx);
}

/* Every truncation is refused; a sample of flipped bits never gives another chain. */
static void test_damage(void **state)
{
    (void)state;
    struct export_fixture fx;
    export_open(&fx);
    for (size_t len = 0; len < fx.len; len += 1 + fx.len / 97) {
        baals_chain *copy = NULL;
        assert_int_not_equal(export_import(&copy, fx.bytes, len), BAALS_OK);
        assert_null(copy);
    }
    struct testlib_rng rng = testlib_rng(5);
    for (int i = 0; i < 200; i++) {
        size_t bit = testlib_rng_below(&rng, fx.len * 8);
        baals_chain *copy = NULL;
        fx.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(export_import(&copy, fx.bytes, fx.len), BAALS_OK);
        fx.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    export_close(&fx);
}

/* Each fault of the stream's form has its own status. */
static void test_form(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        baals_status status;
    } cases[] = {
        {"", BAALS_REJECT_TRUNCATED},
        {"6e6261616c732d6578706f72742d32", BAALS_REJECT_VERSION},
        {"4e6261616c732d6578706f72742d31", BAALS_REJECT_TYPE},
        {"780e6261616c732d6578706f72742d31", BAALS_REJECT_NOT_SHORTEST},
        {"7b0000000100000000", BAALS_REJECT_LENGTH},
        {"7f", BAALS_REJECT_TYPE},
        {"6e6261616c732d6578706f72742d315a01000001", BAALS_REJECT_LENGTH},
        {"6e6261616c732d6578706f72742d3140190101", BAALS_REJECT_COUNT},
        {"6e6261616c732d6578706f72742d314001", BAALS_REJECT_TRUNCATED},
        {"6e6261616c732d6578706f72742d314000", BAALS_REJECT_TRUNCATED},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        uint8_t bytes[64];
        baals_chain *copy = NULL;
        size_t len = testlib_hex(bytes, sizeof bytes, cases[i].hex);
        assert_status(export_import(&copy, bytes, len), cases[i].status);
    }
    struct export_fixture fx;
    export_open(&fx);
    uint8_t *longer = malloc(fx.len + 1);
    assert_non_null(longer);
    memcpy(longer, fx.bytes, fx.len);
    longer[fx.len] = 0;
    baals_chain *copy = NULL;
    assert_status(export_import(&copy, longer, fx.len + 1), BAALS_REJECT_TRAILING);
    free(longer);
    export_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_into_existing),
        cmocka_unit_test(test_foreign),    cmocka_unit_test(test_damage),
        cmocka_unit_test(test_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
