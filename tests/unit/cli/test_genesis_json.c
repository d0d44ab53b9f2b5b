/* SPDX-License-Identifier: MIT */
/*
 * The genesis as people write it: the vectors of docs/spec become their bytes, every field must be
 * there and be what it should be, and what is written reads back as the same genesis.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"

#include "cli/cli_internal.h"

static const char genesis_good[] =
    "{\"format\":1,\"chain_name\":\"local\",\"start_ms\":1767225600000,\"engine\":\"poa\","
    "\"poa\":{\"authorities\":[\"bl1y0fesautzxae98nxve687xspyfpdgs44888jkn9gvmgkswc3ztgsjnx28j\"],"
    "\"slot_ms\":1000,\"interval_ms\":0,\"pending_count\":0,\"pending_bytes\":0,"
    "\"instant\":true,\"empty_blocks\":false},\"dev\":false,"
    "\"balances\":[{\"address\":"
    "\"bl1yajd39afl6zdj4k2mssg8wmyju3rjprmqmm5xnf24djlthtrlwwqn6lk0e\",\"amount\":\"7\"},"
    "{\"address\":\"bl1y0fesautzxae98nxve687xspyfpdgs44888jkn9gvmgkswc3ztgsjnx28j\","
    "\"amount\":\"5\"}],"
    "\"contracts\":[{\"name\":\"counter\",\"file\":\"counter.wasm\",\"sha256\":"
    "\"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\",\"init\":\"80\"}],"
    "\"params\":{\"block_gas_limit\":\"1000000000\",\"gas_price_min\":\"0\",\"burn_fees\":false,"
    "\"gas_schedule\":1,\"wasm_limits\":1}}";

struct genesis_parsed {
    struct bl_arena arena;
    struct cli_genesis genesis;
    baals_error err;
};

static baals_status genesis_parse(struct genesis_parsed *p, const char *text)
{
    memset(&p->err, 0, sizeof p->err);
    bl_arena_init(&p->arena, bl_alloc_system(), (size_t)16 * 1024 * 1024);
    return cli_genesis_parse(&p->genesis, &p->arena, bl_slice_str(text), &p->err);
}

/* The good text with the first `from` replaced by `to`; for free(). */
static char *genesis_changed(const char *from, const char *to)
{
    const char *at = strstr(genesis_good, from);
    char *text = calloc(1, sizeof genesis_good + strlen(to));
    assert_true(at != NULL && text != NULL);
    memcpy(text, genesis_good, (size_t)(at - genesis_good));
    memcpy(text + (at - genesis_good), to, strlen(to));
    memcpy(text + (at - genesis_good) + strlen(to), at + strlen(from), strlen(at + strlen(from)));
    return text;
}

/* Goal: every genesis of the vectors is read, and is the bytes that stand there. */
static void test_vectors(void **state)
{
    (void)state;
    struct bl_json_doc doc = {0};
    size_t len;
    uint8_t *file = testlib_read_file(&len, testlib_source_path("docs/spec/vectors/genesis.json"));
    assert_ok(bl_json_parse(&doc, bl_slice(file, len), CLI_FILE_MAX, NULL));
    const struct bl_json *accept = bl_json_member(doc.root, "accept");
    assert_true(bl_json_count(accept) >= 3);
    for (size_t i = 0; i < bl_json_count(accept); i++) {
        struct genesis_parsed p;
        struct bl_buffer text;
        static uint8_t encoded[65536], expected[65536];
        const struct bl_json *vector = bl_json_at(accept, i);
        const char *hex = bl_json_text(bl_json_member(vector, "hex"));
        bl_buffer_init(&text, bl_alloc_system(), CLI_FILE_MAX);
        bl_json_dump(&text, bl_json_member(vector, "json"));
        bl_buffer_append_u8(&text, 0);
        assert_ok(genesis_parse(&p, (const char *)text.data));
        assert_ok(baals_genesis_encode(encoded, sizeof encoded, &len, &p.genesis.genesis, &p.err));
        assert_int_equal(testlib_hex(expected, sizeof expected, hex), len);
        assert_memory_equal(encoded, expected, len);
        bl_arena_deinit(&p.arena);
        bl_buffer_deinit(&text);
    }
    bl_json_free(&doc);
    free(file);
}

/* Goal: a genesis that is written reads back, with the same bytes and files. */
static void test_round_trip(void **state)
{
    (void)state;
    struct genesis_parsed first, second;
    struct bl_buffer text;
    uint8_t a[2048], b[2048];
    size_t a_len, b_len;
    assert_ok(genesis_parse(&first, genesis_good));
    bl_buffer_init(&text, bl_alloc_system(), CLI_FILE_MAX);
    cli_genesis_write(&text, &first.genesis);
    bl_buffer_append_u8(&text, 0);
    assert_ok(bl_buffer_status(&text, NULL));
    if (genesis_parse(&second, (const char *)text.data) != BAALS_OK)
        fail_msg("%s in %s", second.err.message, (const char *)text.data);
    assert_ok(baals_genesis_encode(a, sizeof a, &a_len, &first.genesis.genesis, NULL));
    assert_ok(baals_genesis_encode(b, sizeof b, &b_len, &second.genesis.genesis, NULL));
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
    bl_buffer_deinit(&text);
    bl_arena_deinit(&first.arena);
    bl_arena_deinit(&second.arena);
}

/* Goal: balances may stand in any order and come out ascending. */
static void test_balances_are_sorted(void **state)
{
    (void)state;
    struct genesis_parsed p;
    assert_ok(genesis_parse(&p, genesis_good));
    assert_int_equal(p.genesis.genesis.balance_count, 2);
    assert_int_equal(p.genesis.genesis.balances[0].amount.units, 5);
    assert_int_equal(p.genesis.genesis.balances[1].amount.units, 7);
    assert_true(memcmp(p.genesis.genesis.balances[0].address.bytes,
                       p.genesis.genesis.balances[1].address.bytes, 32) < 0);
    bl_arena_deinit(&p.arena);
}

/* Goal: what is wrong is refused as a genesis, with the field's name. */
static void test_wrong_fields(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *named;
    } cases[] = {
        {"\"format\":1", "\"format\":2", "\"format\""},
        {"\"format\":1", "\"format\":1.0", "\"format\""},
        {"\"dev\":false,", "", "\"dev\" is missing"},
        {"\"dev\":false", "\"dev\":0", "\"dev\""},
        {"\"dev\":false", "\"dev\":false,\"extra\":1", "unknown field \"extra\""},
        {"\"slot_ms\":1000", "\"slot_ms\":-1", "\"poa.slot_ms\""},
        {"\"slot_ms\":1000", "\"slot_ms\":\"1000\"", "\"poa.slot_ms\""},
        {"\"instant\":true,", "", "\"poa.instant\" is missing"},
        {"\"poa\":{", "\"poa\":[],\"x\":{", "unknown field \"x\""},
        {"\"gas_schedule\":1", "\"gas_schedule\":4294967296", "\"params.gas_schedule\""},
        {"\"block_gas_limit\":\"1000000000\"", "\"block_gas_limit\":1000000000",
         "\"params.block_gas_limit\""},
        {"\"gas_price_min\":\"0\"", "\"gas_price_min\":\"00\"", "\"params.gas_price_min\""},
        {"\"amount\":\"7\"", "\"amount\":\"18446744073709551616\"", "\"balances[0].amount\""},
        {"\"amount\":\"5\"", "\"amount\":\"5\",\"x\":1", "\"balances[1].x\""},
        {"bl1yajd", "bl1yajx", "\"balances[0].address\""},
        {"bl1yajd39afl6zdj4k2mssg8wmyju3rjprmqmm5xnf24djlthtrlwwqn6lk0e",
         "bl1y0fesautzxae98nxve687xspyfpdgs44888jkn9gvmgkswc3ztgsjnx28j", "twice"},
        {"\"sha256\":\"3b", "\"sha256\":\"3B", "\"contracts[0].sha256\""},
        {"\"init\":\"80\"", "\"init\":\"8\"", "\"contracts[0].init\""},
        {"\"init\":\"80\"", "\"init\":\"8F\"", "\"contracts[0].init\""},
        {"\"init\":\"80\"", "\"init\":1", "\"contracts[0].init\""},
        {"\"file\":\"counter.wasm\"", "\"file\":null", "\"contracts[0].file\""},
        {"\"chain_name\":\"local\"", "\"chain_name\":\"a\",\"chain_name\":\"b\"", "duplicate"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct genesis_parsed p;
        char *text = genesis_changed(cases[i].from, cases[i].to);
        if (genesis_parse(&p, text) != BAALS_REJECT_GENESIS ||
            strstr(p.err.message, cases[i].named) == NULL)
            fail_msg("with %s: %s", cases[i].to, p.err.message);
        bl_arena_deinit(&p.arena);
        free(text);
    }
}

/* Goal: an authority is an account; contracts may have balances, the system may not. */
static void test_kinds_of_address(void **state)
{
    (void)state;
    static const char account[] = "bl1y0fesautzxae98nxve687xspyfpdgs44888jkn9gvmgkswc3ztgsjnx28j";
    static const char other[] = "bl1yajd39afl6zdj4k2mssg8wmyju3rjprmqmm5xnf24djlthtrlwwqn6lk0e";
    baals_address address;
    baals_address_kind kind;
    char text[BAALS_ADDRESS_TEXT_SIZE];
    struct genesis_parsed p;
    assert_ok(baals_address_parse(&address, &kind, account, NULL));
    baals_address_format(text, BAALS_ADDRESS_CONTRACT, &address);
    char *changed = genesis_changed(account, text);
    assert_status(genesis_parse(&p, changed), BAALS_REJECT_GENESIS);
    bl_arena_deinit(&p.arena);
    free(changed);
    assert_ok(baals_address_parse(&address, &kind, other, NULL));
    baals_address_format(text, BAALS_ADDRESS_CONTRACT, &address);
    changed = genesis_changed(other, text);
    assert_ok(genesis_parse(&p, changed));
    bl_arena_deinit(&p.arena);
    free(changed);
    memset(&address, 0, sizeof address);
    baals_address_format(text, BAALS_ADDRESS_SYSTEM, &address);
    assert_memory_equal(text, "bls1", 4);
    changed = genesis_changed(other, text);
    assert_status(genesis_parse(&p, changed), BAALS_REJECT_GENESIS);
    bl_arena_deinit(&p.arena);
    free(changed);
}

/* Goal: every truncation, and every byte changed, is refused or read, and nothing else happens. */
static void test_any_bytes(void **state)
{
    (void)state;
    char *text = genesis_changed("{", "{");
    struct testlib_rng rng = testlib_rng(1);
    for (size_t len = 0; len + 1 < sizeof genesis_good; len++) {
        struct genesis_parsed p;
        bl_arena_init(&p.arena, bl_alloc_system(), (size_t)16 * 1024 * 1024);
        assert_status(cli_genesis_parse(&p.genesis, &p.arena, bl_slice(text, len), &p.err),
                      BAALS_REJECT_GENESIS);
        bl_arena_deinit(&p.arena);
    }
    for (size_t i = 0; i + 1 < sizeof genesis_good; i++) {
        struct genesis_parsed p;
        char was = text[i];
        text[i] = (char)(1 + testlib_rng_below(&rng, 127));
        baals_status status = genesis_parse(&p, text);
        assert_true(status == BAALS_OK || status == BAALS_REJECT_GENESIS);
        bl_arena_deinit(&p.arena);
        text[i] = was;
    }
    free(text);
}

/* Goal: whichever allocation of the arena fails, the status says so. */
static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t fail_at = 1; fail_at < 64; fail_at++) {
        struct testlib_faulty_alloc memory = {.fail_at = fail_at};
        struct cli_genesis genesis;
        struct bl_arena arena;
        bl_arena_init(&arena, testlib_faulty_alloc(&memory), (size_t)16 * 1024 * 1024);
        baals_status status = cli_genesis_parse(&genesis, &arena, bl_slice_str(genesis_good), NULL);
        assert_int_equal(status, memory.calls < fail_at ? BAALS_OK : BAALS_NOMEM);
        bl_arena_deinit(&arena);
        assert_true(memory.live == 0);
        if (status == BAALS_OK)
            return;
    }
    fail_msg("never enough memory");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),          cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_fields),     cmocka_unit_test(test_balances_are_sorted),
        cmocka_unit_test(test_kinds_of_address), cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
