/* SPDX-License-Identifier: MIT */
/*
 * docs/spec/vectors/consensus.json: headers and seals with their verdicts, pairs of tips, branches
 * with their final index, all under `poa`. With `--update` the expected values are written anew,
 * for a change of the specification.
 */
#include <stdlib.h>
#include <string.h>

#include "consensus/consensus.h"
#include "crypto/crypto.h"
#include "testlib.h"
#include "testlib_json.h"

#define VECTORS_PATH "docs/spec/vectors/consensus.json"
#define START_MS 1000000ull

/* ---- a branch ---- */

struct branch {
    struct bl_buffer authorities;
    baals_header headers[32];
    baals_consensus *engine;
    baals_consensus_view view;
};

static baals_status
branch_meta(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err)
{
    (void)key;
    (void)err;
    const struct branch *b = ctx;
    *value_out = bl_buffer_slice(&b->authorities);
    return BAALS_OK;
}

static baals_status
branch_header(void *ctx, baals_header *header_out, uint64_t index, baals_error *err)
{
    (void)err;
    const struct branch *b = ctx;
    *header_out = b->headers[index];
    return BAALS_OK;
}

static baals_keypair key_of(size_t number)
{
    uint8_t seed[32];
    baals_keypair pair;
    memset(seed, (int)number + 1, sizeof seed);
    baals_keypair_from_seed(&pair, seed);
    return pair;
}

static void branch_open(struct branch *b, size_t n)
{
    baals_address keys[BL_AUTHORITIES_MAX];
    struct bl_alloc alloc = bl_alloc_system();
    baals_genesis genesis;
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(i).address;
    baals_genesis_defaults(&genesis);
    genesis.start_ms = START_MS;
    genesis.poa.slot_ms = 1000;
    bl_buffer_init(&b->authorities, alloc, 65536);
    bl_authorities_encode(&b->authorities, keys, n);
    assert_ok(bl_consensus_new(&b->engine, &alloc, &genesis, NULL));
    b->view =
        (baals_consensus_view){.ctx = b, .meta_get = branch_meta, .header_get = branch_header};
}

static void branch_close(struct branch *b)
{
    bl_consensus_close(b->engine);
    bl_buffer_deinit(&b->authorities);
}

/* ---- making ---- */

struct header_case {
    const char *what;
    unsigned n, proposer, signer;
    uint64_t parent_ms, time_ms, nonce;
    int metadata; /* 1: an empty map */
    int seal; /* 0 right, 1 none, 2 one bit changed, 3 longer, 4 another key name, 5 empty map */
};

static const struct header_case header_cases[] = {
    {"one authority", 1, 0, 0, START_MS + 500, START_MS + 700, 0, 0, 0},
    {"one authority, the parent's own time", 1, 0, 0, START_MS + 500, START_MS + 500, 0, 0, 0},
    {"time goes back", 1, 0, 0, START_MS + 500, START_MS + 499, 0, 0, 0},
    {"not the authority", 1, 1, 1, START_MS, START_MS, 0, 0, 0},
    {"one authority, a nonce that is not 0", 1, 0, 0, START_MS, START_MS + 5000, 5, 0, 0},
    {"slot 1 of three", 3, 1, 1, START_MS, START_MS + 1000, 1, 0, 0},
    {"the last millisecond of slot 1", 3, 1, 1, START_MS, START_MS + 1999, 1, 0, 0},
    {"slot 2 is another's", 3, 1, 1, START_MS, START_MS + 2000, 2, 0, 0},
    {"the nonce of another slot", 3, 1, 1, START_MS, START_MS + 1000, 4, 0, 0},
    {"the parent's own slot", 3, 1, 1, START_MS + 1000, START_MS + 1500, 1, 0, 0},
    {"a slot was missed", 3, 0, 0, START_MS + 1000, START_MS + 3000, 3, 0, 0},
    {"before the start, which is slot 0", 3, 0, 0, START_MS, START_MS - 1, 0, 0, 0},
    {"an empty metadata map", 1, 0, 0, START_MS, START_MS, 0, 1, 0},
    {"no seal", 1, 0, 0, START_MS, START_MS, 0, 0, 1},
    {"one bit of the seal changed", 1, 0, 0, START_MS, START_MS, 0, 0, 2},
    {"a signature of 65 bytes", 1, 0, 0, START_MS, START_MS, 0, 0, 3},
    {"another key in the seal", 1, 0, 0, START_MS, START_MS, 0, 0, 4},
    {"an empty seal", 1, 0, 0, START_MS, START_MS, 0, 0, 5},
    {"sealed by another key", 1, 0, 1, START_MS, START_MS, 0, 0, 0},
    {"metadata and no seal", 1, 0, 0, START_MS, START_MS, 0, 1, 1},
    {"wrong proposer, slot, time, metadata, seal", 1, 1, 1, START_MS + 9, START_MS, 3, 1, 1},
};

static void print_hex(FILE *file, const char *name, baals_slice bytes)
{
    (void)fprintf(file, "\"%s\": \"", name);
    for (size_t i = 0; i < bytes.len; i++)
        (void)fprintf(file, "%02x", bytes.data[i]);
    (void)fprintf(file, "\"");
}

static size_t make_seal(uint8_t out[80], const struct header_case *c, const baals_hash *hash)
{
    static const uint8_t head[] = {0xa1, 0x63, 's', 'i', 'g', 0x58, 0x40};
    baals_signature signature;
    bl_ed25519_sign(&signature, key_of(c->signer).seed, BL_TAG_SEAL, bl_slice(hash->bytes, 32));
    memset(out, 0, 80);
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, signature.bytes, sizeof signature.bytes);
    if (c->seal == 2)
        out[40] ^= 1;
    if (c->seal == 3)
        out[6] = 0x41;
    if (c->seal == 4)
        out[4] = 'h';
    if (c->seal == 5)
        out[0] = 0xa0;
    return c->seal == 1 ? 0 : c->seal == 3 ? 72 : c->seal == 5 ? 1 : 71;
}

static baals_status
judge(struct branch *b, baals_slice header, baals_slice seal, uint64_t parent_ms)
{
    baals_block block = {.has_seal = seal.len > 0 ? 1 : 0, .seal = seal};
    assert_ok(bl_header_decode(&block.header, header, NULL));
    bl_header_hash(&block.hash, header);
    baals_header parent = {.index = block.header.index - 1, .timestamp_ms = parent_ms};
    return bl_consensus_validate_header(b->engine, &block, &parent, &b->view, NULL);
}

static void make_headers(FILE *file)
{
    static const uint8_t empty_map[] = {0xa0};
    for (size_t i = 0; i < BL_COUNT_OF(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        struct branch b;
        struct bl_buffer header;
        branch_open(&b, c->n);
        bl_buffer_init(&header, bl_alloc_system(), 65536);
        baals_header fields = {.index = 7,
                               .timestamp_ms = c->time_ms,
                               .nonce = c->nonce,
                               .proposer = key_of(c->proposer).address,
                               .has_metadata = c->metadata,
                               .metadata = bl_slice(empty_map, sizeof empty_map)};
        bl_header_encode(&header, &fields);
        baals_hash hash;
        uint8_t seal[80];
        bl_header_hash(&hash, bl_buffer_slice(&header));
        size_t seal_len = make_seal(seal, c, &hash);
        baals_status status =
            judge(&b, bl_buffer_slice(&header), bl_slice(seal, seal_len), c->parent_ms);
        (void)fprintf(file, "%s\n    {\"what\": \"%s\", \"authorities\": %u, \"parent_ms\": %llu, ",
                      i == 0 ? "" : ",", c->what, c->n, (unsigned long long)c->parent_ms);
        (void)fprintf(file, "\"verdict\": \"%s\", ", baals_status_name(status));
        print_hex(file, "header", bl_buffer_slice(&header));
        (void)fprintf(file, ", ");
        print_hex(file, "seal", bl_slice(seal, seal_len));
        (void)fprintf(file, "}");
        bl_buffer_deinit(&header);
        branch_close(&b);
    }
}

static uint64_t final_of(struct branch *b, const char *proposers)
{
    uint64_t height = 0;
    for (const char *p = proposers; *p != '\0'; p++) {
        assert_true(++height < BL_COUNT_OF(b->headers));
        b->headers[height] =
            (baals_header){.index = height, .proposer = key_of((size_t)(*p - 'a')).address};
    }
    uint64_t index = 0;
    assert_ok(bl_consensus_final(b->engine, &index, &b->headers[height], &b->view, NULL));
    return index;
}

static void make_final(FILE *file)
{
    static const struct {
        unsigned n;
        const char *proposers;
    } cases[] = {{1, ""},        {1, "aaa"},    {2, "ab"},      {2, "aba"},   {2, "aaaa"},
                 {3, "bca"},     {3, "bcab"},   {3, "bbbb"},    {4, "bcdab"}, {4, "bcbcbc"},
                 {5, "aaaabbc"}, {5, "aazbzc"}, {7, "bcdefga"}, {6, "abcabc"}};
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct branch b;
        branch_open(&b, cases[i].n);
        (void)fprintf(file, "%s\n    {\"authorities\": %u, \"proposers\": \"%s\", \"final\": %llu}",
                      i == 0 ? "" : ",", cases[i].n, cases[i].proposers,
                      (unsigned long long)final_of(&b, cases[i].proposers));
        branch_close(&b);
    }
}

static void make_file(void **state)
{
    (void)state;
    FILE *file = fopen(testlib_source_path(VECTORS_PATH), "wb");
    assert_non_null(file);
    (void)fprintf(file, "{\n  \"format\": 1,\n  \"about\": \"docs/spec/consensus.md, engine poa:"
                        " start_ms 1000000, slot_ms 1000; authority i is the key of the seed of 32"
                        " bytes i + 1; an empty seal is null; proposers a, b, c... of blocks 1, 2,"
                        " 3...\",\n  \"headers\": [");
    make_headers(file);
    (void)fprintf(file, "\n  ],\n  \"final\": [");
    make_final(file);
    (void)fprintf(file, "\n  ]\n}\n");
    assert_int_equal(fclose(file), 0);
}

/* ---- reading ---- */

/* Goal: every header and seal of the file gets its verdict. */
static void test_headers(void **state)
{
    (void)state;
    struct testlib_json *file = testlib_json_load(testlib_source_path(VECTORS_PATH));
    const struct testlib_json *list = testlib_json_get(file, "headers");
    assert_true(testlib_json_count(list) >= 20);
    for (size_t i = 0; i < testlib_json_count(list); i++) {
        const struct testlib_json *c = testlib_json_at(list, i);
        struct branch b;
        size_t header_len = 0;
        size_t seal_len = 0;
        uint8_t *header = testlib_json_hex_alloc(&header_len, testlib_json_get(c, "header"));
        uint8_t *seal = testlib_json_hex_alloc(&seal_len, testlib_json_get(c, "seal"));
        branch_open(&b, (size_t)testlib_json_int(testlib_json_get(c, "authorities")));
        baals_status status = judge(&b, bl_slice(header, header_len), bl_slice(seal, seal_len),
                                    (uint64_t)testlib_json_int(testlib_json_get(c, "parent_ms")));
        if (strcmp(testlib_json_text(testlib_json_get(c, "verdict")), baals_status_name(status)) !=
            0)
            fail_msg("%s: %s", testlib_json_text(testlib_json_get(c, "what")),
                     baals_status_name(status));
        branch_close(&b);
        free(header);
        free(seal);
    }
    testlib_json_free(file);
}

/* Goal: every branch of the file has its final index. */
static void test_final(void **state)
{
    (void)state;
    struct testlib_json *file = testlib_json_load(testlib_source_path(VECTORS_PATH));
    const struct testlib_json *list = testlib_json_get(file, "final");
    assert_true(testlib_json_count(list) >= 10);
    for (size_t i = 0; i < testlib_json_count(list); i++) {
        const struct testlib_json *c = testlib_json_at(list, i);
        struct branch b;
        branch_open(&b, (size_t)testlib_json_int(testlib_json_get(c, "authorities")));
        assert_int_equal(final_of(&b, testlib_json_text(testlib_json_get(c, "proposers"))),
                         testlib_json_int(testlib_json_get(c, "final")));
        branch_close(&b);
    }
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest update[] = {cmocka_unit_test(make_file)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_headers),
                                       cmocka_unit_test(test_final)};
    if (argc > 1 && strcmp(argv[1], "--update") == 0 &&
        cmocka_run_group_tests(update, NULL, NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
