/* SPDX-License-Identifier: MIT */
/*
 * Proof of authority: whose turn it is, what a header and a seal must be, when to produce, which
 * branch counts, what is final (docs/spec/consensus.md).
 */
#include <string.h>

#include "consensus/consensus.h"
#include "crypto/crypto.h"
#include "testlib.h"

#define START_MS 1000000ull
#define SLOT_MS 1000ull

/* A branch of headers and the authorities after its tip. */
struct poa {
    baals_consensus *consensus;
    baals_genesis genesis;
    baals_keypair pairs[BL_AUTHORITIES_MAX];
    baals_address keys[BL_AUTHORITIES_MAX];
    size_t count;
    struct bl_buffer meta;
    baals_status meta_status;
    baals_header headers[64];
    uint64_t height;
    baals_consensus_view view;
    unsigned headers_read;
    baals_error err;
};

static baals_status
poa_test_meta(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err)
{
    struct poa *p = ctx;
    if (p->meta_status != BAALS_OK)
        return bl_fail(err, p->meta_status, "told so");
    assert_true(bl_slice_equal(key, bl_slice_str("poa/authorities")));
    *value_out = bl_buffer_slice(&p->meta);
    return BAALS_OK;
}

static baals_status
poa_test_header(void *ctx, baals_header *header_out, uint64_t index, baals_error *err)
{
    struct poa *p = ctx;
    p->headers_read++;
    if (index > p->height)
        return bl_fail(err, BAALS_NOTFOUND, "no header");
    *header_out = p->headers[index];
    return BAALS_OK;
}

/* The authorities in force: the first `count` keys. */
static void poa_set_authorities(struct poa *p, size_t count)
{
    p->count = count;
    bl_buffer_clear(&p->meta);
    bl_authorities_encode(&p->meta, p->keys, count);
}

static struct poa *poa_open_params(size_t count, const baals_poa_params *params)
{
    static struct poa instance;
    struct poa *p = &instance;
    struct bl_alloc alloc = bl_alloc_system();
    memset(p, 0, sizeof *p);
    for (size_t n = 0; n < BL_COUNT_OF(p->pairs); n++) {
        uint8_t seed[32];
        memset(seed, (int)(n + 1), sizeof seed);
        baals_keypair_from_seed(&p->pairs[n], seed);
        p->keys[n] = p->pairs[n].address;
    }
    baals_genesis_defaults(&p->genesis);
    p->genesis.start_ms = START_MS;
    if (params != NULL)
        p->genesis.poa = *params;
    p->genesis.poa.slot_ms = SLOT_MS;
    p->genesis.poa.authorities = p->keys;
    p->genesis.poa.authority_count = count;
    bl_buffer_init(&p->meta, alloc, 65536);
    poa_set_authorities(p, count);
    assert_ok(bl_consensus_new(&p->consensus, &alloc, &p->genesis, NULL));
    p->view =
        (baals_consensus_view){.ctx = p, .meta_get = poa_test_meta, .header_get = poa_test_header};
    p->headers[0].timestamp_ms = START_MS;
    bl_merkle_root(&p->headers[0].tx_root, NULL, 0);
    return p;
}

static struct poa *poa_open(size_t count)
{
    return poa_open_params(count, NULL);
}

static void poa_close_test(struct poa *p)
{
    bl_consensus_close(p->consensus);
    bl_buffer_deinit(&p->meta);
}

/* Appends a block of key `proposer` in a slot of its own; with transactions or without. */
static void poa_append(struct poa *p, unsigned proposer, bool txs)
{
    const baals_header *parent = &p->headers[p->height++];
    assert_true(p->height < BL_COUNT_OF(p->headers));
    baals_header *header = &p->headers[p->height];
    *header = *parent;
    header->index = parent->index + 1;
    header->timestamp_ms = parent->timestamp_ms + SLOT_MS;
    header->proposer = p->keys[proposer];
    bl_merkle_root(&header->tx_root, NULL, 0);
    if (txs)
        header->tx_root.bytes[0] ^= 1;
}

static baals_status
poa_sign(void *ctx, baals_signature *out, const baals_hash *hash, baals_error *err)
{
    (void)err;
    const baals_keypair *pair = ctx;
    bl_ed25519_sign(out, pair->seed, BL_TAG_SEAL, bl_slice(hash->bytes, sizeof hash->bytes));
    return BAALS_OK;
}

struct poa_block {
    baals_block block;
    uint8_t seal[BL_SEAL_BYTES_MAX];
};

/* A block on the tip at `timestamp_ms`, sealed by key `signer`. */
static struct poa_block
poa_make(struct poa *p, uint64_t timestamp_ms, unsigned proposer, uint64_t nonce)
{
    struct poa_block made = {.block = {.has_seal = 1}};
    baals_header *header = &made.block.header;
    header->index = p->height + 1;
    header->timestamp_ms = timestamp_ms;
    header->proposer = p->keys[proposer];
    header->nonce = nonce;
    memset(made.block.hash.bytes, 0x33, sizeof made.block.hash.bytes);
    baals_signer signer = {&p->pairs[proposer], p->keys[proposer], poa_sign};
    size_t len = 0;
    assert_ok(bl_consensus_seal(p->consensus, made.seal, &len, &made.block.hash, &signer, NULL));
    made.block.seal.len = len;
    return made;
}

static baals_status poa_validate(struct poa *p, struct poa_block *made)
{
    made->block.seal.data = made->seal;
    return bl_consensus_validate_header(p->consensus, &made->block, &p->headers[p->height],
                                        &p->view, &p->err);
}

static baals_status
poa_judge(struct poa *p, uint64_t timestamp_ms, unsigned proposer, uint64_t nonce)
{
    struct poa_block made = poa_make(p, timestamp_ms, proposer, nonce);
    return poa_validate(p, &made);
}

/* ---- headers ---- */

/* Goal: one authority may seal at any time from the parent's on; slots and nonces are 0. */
static void test_one_authority(void **state)
{
    (void)state;
    struct poa *p = poa_open(1);
    poa_append(p, 0, false);
    uint64_t parent_ms = p->headers[1].timestamp_ms;
    assert_ok(poa_judge(p, parent_ms, 0, 0)); /* the same millisecond */
    assert_ok(poa_judge(p, parent_ms + 1, 0, 0));
    assert_ok(poa_judge(p, UINT64_MAX, 0, 0));
    assert_status(poa_judge(p, parent_ms - 1, 0, 0), BAALS_REJECT_TIME);
    assert_status(poa_judge(p, 0, 0, 0), BAALS_REJECT_TIME);
    assert_status(poa_judge(p, parent_ms, 1, 0), BAALS_REJECT_PROPOSER);
    assert_status(poa_judge(p, parent_ms, 0, 1), BAALS_REJECT_SLOT);
    poa_close_test(p);
}

/* Goal: with several the time decides the slot, the slot whose turn it is, and the header's nonce
 * must say the same slot. */
static void test_slots(void **state)
{
    (void)state;
    struct poa *p = poa_open(3);
    for (uint64_t slot = 1; slot < 10; slot++) {
        uint64_t begin = START_MS + slot * SLOT_MS;
        for (unsigned proposer = 0; proposer < 4; proposer++) {
            baals_status expected = proposer == slot % 3 ? BAALS_OK : BAALS_REJECT_PROPOSER;
            assert_status(poa_judge(p, begin, proposer, slot), expected);
            assert_status(poa_judge(p, begin + SLOT_MS - 1, proposer, slot), expected);
        }
        assert_status(poa_judge(p, begin, (unsigned)(slot % 3), slot + 3), BAALS_REJECT_SLOT);
        assert_status(poa_judge(p, begin, (unsigned)(slot % 3), 0), BAALS_REJECT_SLOT);
    }
    /* Slot 0 is the genesis's, times before the start count as slot 0. */
    assert_status(poa_judge(p, START_MS + 5, 0, 0), BAALS_REJECT_SLOT);
    assert_status(poa_judge(p, START_MS - 5000, 0, 0), BAALS_REJECT_SLOT);
    assert_status(poa_judge(p, 0, 1, 0), BAALS_REJECT_PROPOSER);
    poa_close_test(p);
}

/* Goal: a block lies in a later slot than its parent, though the same key may follow itself. */
static void test_slot_after_parent(void **state)
{
    (void)state;
    struct poa *p = poa_open(2);
    poa_append(p, 1, false); /* slot 1 */
    uint64_t parent_ms = p->headers[1].timestamp_ms;
    assert_status(poa_judge(p, parent_ms + 1, 1, 1), BAALS_REJECT_SLOT);
    assert_status(poa_judge(p, START_MS, 0, 0), BAALS_REJECT_SLOT);
    assert_ok(poa_judge(p, parent_ms + SLOT_MS, 0, 2));
    assert_ok(poa_judge(p, parent_ms + 2 * SLOT_MS, 1, 3)); /* 0 missed its slot */
    poa_close_test(p);
}

/* Goal: of several faults the one that is judged first decides. */
static void test_order(void **state)
{
    (void)state;
    static const baals_status statuses[] = {BAALS_REJECT_PROPOSER, BAALS_REJECT_SLOT,
                                            BAALS_REJECT_TIME, BAALS_REJECT_HEADER_METADATA,
                                            BAALS_REJECT_SEAL};
    struct poa *p = poa_open(1);
    poa_append(p, 0, false);
    uint64_t parent_ms = p->headers[1].timestamp_ms;
    for (unsigned mask = 1; mask < 32; mask++) {
        struct poa_block made =
            poa_make(p, mask & 4 ? parent_ms - 1 : parent_ms, mask & 1 ? 1 : 0, mask & 2 ? 9 : 0);
        if (mask & 8)
            made.block.header.has_metadata = 1;
        if (mask & 16)
            made.block.has_seal = 0;
        baals_status expected = BAALS_OK;
        for (unsigned i = 5; i-- > 0;) {
            if (mask >> i & 1)
                expected = statuses[i];
        }
        assert_status(poa_validate(p, &made), expected);
    }
    poa_close_test(p);
}

/* Goal: an empty metadata map is metadata too. */
static void test_metadata(void **state)
{
    (void)state;
    struct poa *p = poa_open(1);
    static const uint8_t empty_map[] = {0xa0};
    struct poa_block made = poa_make(p, START_MS, 0, 0);
    made.block.header.has_metadata = 1;
    made.block.header.metadata = bl_slice(empty_map, 1);
    assert_status(poa_validate(p, &made), BAALS_REJECT_HEADER_METADATA);
    poa_close_test(p);
}

/* The verdict about a block's seal; what is said without the state is the same. */
static baals_status poa_judge_seal(struct poa *p, struct poa_block *made)
{
    baals_status status = poa_validate(p, made);
    baals_sealed_header sealed = {.header = made->block.header,
                                  .hash = made->block.hash,
                                  .has_seal = made->block.has_seal,
                                  .seal = made->block.seal};
    assert_status(bl_consensus_check_seal(p->consensus, &sealed, NULL), status);
    return status;
}

/* Goal: a seal is exactly {"sig": 64 bytes} by the proposer over the tagged hash. */
static void test_seal(void **state)
{
    (void)state;
    struct poa *p = poa_open(1);
    struct poa_block good = poa_make(p, START_MS, 0, 0);
    assert_int_equal(good.block.seal.len, 71);
    assert_memory_equal(good.seal, "\xa1\x63sig\x58\x40", 7);
    assert_ok(poa_judge_seal(p, &good));
    struct poa_block bad;
    for (size_t i = 0; i < 71; i++) {
        bad = good;
        bad.seal[i] ^= 1;
        assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    }
    for (size_t len = 0; len < 71; len++) {
        bad = good;
        bad.block.seal.len = len;
        assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    }
    bad = good;
    bad.block.seal.len = 72; /* one byte more */
    assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    bad = good;
    bad.block.hash.bytes[0] ^= 1; /* of another block */
    assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    bad = good;
    baals_signature signature; /* the hash signed under another tag */
    bl_ed25519_sign(&signature, p->pairs[0].seed, BL_TAG_TX, bl_slice(good.block.hash.bytes, 32));
    memcpy(bad.seal + 7, signature.bytes, 64);
    assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    bl_ed25519_sign(&signature, p->pairs[1].seed, BL_TAG_SEAL, bl_slice(good.block.hash.bytes, 32));
    memcpy(bad.seal + 7, signature.bytes, 64); /* by another key */
    assert_status(poa_judge_seal(p, &bad), BAALS_REJECT_SEAL);
    poa_close_test(p);
}

/* Goal: a state that cannot be read or is damaged is a local status, never a verdict. */
static void test_state_failures(void **state)
{
    (void)state;
    struct poa *p = poa_open(1);
    baals_address keys[BL_AUTHORITIES_MAX];
    size_t count = 0;
    assert_ok(bl_consensus_authorities(p->consensus, keys, &count, &p->view, &p->err));
    assert_int_equal(count, 1);
    assert_true(bl_address_equal(&keys[0], &p->keys[0]));
    p->meta_status = BAALS_IO;
    assert_status(poa_judge(p, START_MS, 0, 0), BAALS_IO);
    p->meta_status = BAALS_NOTFOUND;
    assert_status(poa_judge(p, START_MS, 0, 0), BAALS_CORRUPT_STATE);
    p->meta_status = BAALS_OK;
    bl_buffer_append_u8(&p->meta, 0);
    assert_status(poa_judge(p, START_MS, 0, 0), BAALS_CORRUPT_STATE);
    uint64_t index = 0;
    assert_status(bl_consensus_final(p->consensus, &index, &p->headers[0], &p->view, &p->err),
                  BAALS_CORRUPT_STATE);
    poa_close_test(p);
}

/* ---- producing ---- */

static baals_produce_decision
poa_next_of(struct poa *p, unsigned key, uint64_t now_ms, uint64_t count, uint64_t bytes)
{
    baals_pool_stats pool = {.ready_count = count, .ready_bytes = bytes};
    baals_produce_decision decision;
    assert_ok(bl_consensus_next(p->consensus, &decision, now_ms, &pool, &p->keys[key],
                                &p->headers[p->height], &p->view, &p->err));
    return decision;
}

static void expect_decision(baals_produce_decision decision, baals_produce what, uint64_t at_ms)
{
    assert_int_equal(decision.what, what);
    if (what == BAALS_PRODUCE_AT)
        assert_int_equal(decision.at_ms, at_ms);
}

/* Goal: each trigger of the genesis asks when it should, alone. */
static void test_triggers(void **state)
{
    (void)state;
    const struct {
        baals_poa_params params;
        uint64_t now_ms, count, bytes;
        baals_produce what;
        uint64_t at_ms;
    } cases[] = {
        {{.instant = 1}, START_MS, 0, 0, BAALS_PRODUCE_NEVER, 0},
        {{.instant = 1}, START_MS, 1, 200, BAALS_PRODUCE_NOW, 0},
        {{.instant = 1}, START_MS - 100, 1, 200, BAALS_PRODUCE_NOW, 0}, /* clock behind: go on */
        {{.pending_count = 3}, START_MS, 2, 600, BAALS_PRODUCE_NEVER, 0},
        {{.pending_count = 3}, START_MS, 3, 600, BAALS_PRODUCE_NOW, 0},
        {{.pending_bytes = 600}, START_MS, 2, 599, BAALS_PRODUCE_NEVER, 0},
        {{.pending_bytes = 600}, START_MS, 2, 600, BAALS_PRODUCE_NOW, 0},
        {{.interval_ms = 500}, START_MS, 0, 0, BAALS_PRODUCE_NEVER, 0},
        {{.interval_ms = 500}, START_MS + 499, 1, 1, BAALS_PRODUCE_AT, START_MS + 500},
        {{.interval_ms = 500}, START_MS + 500, 1, 1, BAALS_PRODUCE_NOW, 0},
        {{.interval_ms = 500, .empty_blocks = 1}, START_MS, 0, 0, BAALS_PRODUCE_AT, START_MS + 500},
        {{.interval_ms = 500, .empty_blocks = 1}, START_MS + 900, 0, 0, BAALS_PRODUCE_NOW, 0},
        {{.empty_blocks = 1}, START_MS + 900, 0, 0, BAALS_PRODUCE_NEVER, 0},
        {{.interval_ms = 500, .pending_count = 2},
         START_MS,
         1,
         1,
         BAALS_PRODUCE_AT,
         START_MS + 500},
        {{.interval_ms = 500, .pending_count = 2}, START_MS, 2, 1, BAALS_PRODUCE_NOW, 0},
        {{.interval_ms = 0}, START_MS + 9000, 9, 9000, BAALS_PRODUCE_NEVER, 0},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct poa *p = poa_open_params(1, &cases[i].params);
        baals_produce_decision decision =
            poa_next_of(p, 0, cases[i].now_ms, cases[i].count, cases[i].bytes);
        if (decision.what != cases[i].what)
            fail_msg("case %zu: %d", i, (int)decision.what);
        expect_decision(decision, cases[i].what, cases[i].at_ms);
        expect_decision(poa_next_of(p, 1, cases[i].now_ms, 9, 9000), BAALS_PRODUCE_NEVER, 0);
        poa_close_test(p);
    }
}

/* Goal: with several authorities each waits for its own slot after the parent's. */
static void test_turns(void **state)
{
    (void)state;
    baals_poa_params params = {.instant = 1};
    struct poa *p = poa_open_params(3, &params);
    /* Slot 1 is key 1's, slot 2 key 2's, slot 3 key 0's. */
    uint64_t slot_1 = START_MS + SLOT_MS;
    expect_decision(poa_next_of(p, 1, slot_1 + 300, 1, 1), BAALS_PRODUCE_NOW, 0);
    expect_decision(poa_next_of(p, 2, slot_1 + 300, 1, 1), BAALS_PRODUCE_AT, slot_1 + SLOT_MS);
    expect_decision(poa_next_of(p, 0, slot_1 + 300, 1, 1), BAALS_PRODUCE_AT, slot_1 + 2 * SLOT_MS);
    expect_decision(poa_next_of(p, 3, slot_1 + 300, 1, 1), BAALS_PRODUCE_NEVER, 0);
    expect_decision(poa_next_of(p, 1, slot_1, 0, 0), BAALS_PRODUCE_NEVER, 0);
    /* In the parent's own slot nobody seals, not even at its clock. */
    expect_decision(poa_next_of(p, 0, START_MS + 10, 1, 1), BAALS_PRODUCE_AT,
                    START_MS + 3 * SLOT_MS);
    expect_decision(poa_next_of(p, 1, START_MS + 10, 1, 1), BAALS_PRODUCE_AT, slot_1);
    /* Whoever sealed a slot waits for its next one. */
    poa_append(p, 1, false);
    expect_decision(poa_next_of(p, 1, slot_1 + 300, 1, 1), BAALS_PRODUCE_AT, slot_1 + 3 * SLOT_MS);
    poa_close_test(p);
}

/* Goal: an interval counts from the parent, and then the next own slot is taken. */
static void test_turns_interval(void **state)
{
    (void)state;
    baals_poa_params params = {.interval_ms = 2500, .empty_blocks = 1};
    struct poa *p = poa_open_params(2, &params);
    /* Due at 2,500 ms, in slot 2 of key 0: at that very time; key 1 at the start of slot 3. */
    expect_decision(poa_next_of(p, 0, START_MS, 0, 0), BAALS_PRODUCE_AT, START_MS + 2500);
    expect_decision(poa_next_of(p, 1, START_MS, 0, 0), BAALS_PRODUCE_AT, START_MS + 3000);
    expect_decision(poa_next_of(p, 0, START_MS + 2600, 0, 0), BAALS_PRODUCE_NOW, 0);
    poa_close_test(p);
}

/* Goal: what `next` allows, `prepare` makes, and `validate_header` accepts; at many clocks. */
static void test_next_prepare_validate(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(3);
    unsigned made_count = 0;
    for (unsigned round = 0; round < 300; round++) {
        size_t count = 1 + testlib_rng_below(&rng, 5);
        baals_poa_params params = {.instant = 1};
        struct poa *p = poa_open_params(count, &params);
        for (unsigned i = 0; i < testlib_rng_below(&rng, 6); i++)
            poa_append(p, (unsigned)testlib_rng_below(&rng, count), false);
        const baals_header *parent = &p->headers[p->height];
        unsigned key = (unsigned)testlib_rng_below(&rng, count);
        uint64_t now_ms = parent->timestamp_ms - 4000 + testlib_rng_below(&rng, 20000);
        baals_produce_decision decision = poa_next_of(p, key, now_ms, 1, 1);
        if (decision.what == BAALS_PRODUCE_AT) {
            now_ms = decision.at_ms;
            decision = poa_next_of(p, key, now_ms, 1, 1);
        }
        assert_int_equal(decision.what, BAALS_PRODUCE_NOW);
        struct poa_block made = poa_make(p, 0, key, 0);
        baals_header header = {.index = p->height + 1};
        assert_ok(bl_consensus_prepare(p->consensus, &header, now_ms, &p->keys[key], parent,
                                       &p->view, &p->err));
        assert_true(header.timestamp_ms >= now_ms);
        made.block.header = header;
        assert_ok(poa_validate(p, &made));
        made_count++;
        poa_close_test(p);
    }
    assert_int_equal(made_count, 300);
}

/* Goal: with several authorities a clock more than 5 s behind the parent refuses to seal; with one
 * the parent's time is taken. */
static void test_clock_behind(void **state)
{
    (void)state;
    baals_poa_params params = {.instant = 1};
    struct poa *p = poa_open_params(2, &params);
    for (unsigned i = 0; i < 10; i++)
        poa_append(p, i % 2, false);
    const baals_header *parent = &p->headers[p->height];
    baals_pool_stats pool = {.ready_count = 1, .ready_bytes = 1};
    baals_produce_decision decision = {BAALS_PRODUCE_NEVER, 7};
    uint64_t behind = parent->timestamp_ms - 5001;
    assert_status(bl_consensus_next(p->consensus, &decision, behind, &pool, &p->keys[0], parent,
                                    &p->view, &p->err),
                  BAALS_BUSY_CLOCK);
    assert_int_equal(decision.at_ms, 7);
    expect_decision(poa_next_of(p, 0, behind + 1, 1, 1), BAALS_PRODUCE_AT, START_MS + 12 * SLOT_MS);
    /* With nothing to seal, or no turn to take, the clock does not matter. */
    expect_decision(poa_next_of(p, 0, behind, 0, 0), BAALS_PRODUCE_NEVER, 0);
    expect_decision(poa_next_of(p, 5, behind, 1, 1), BAALS_PRODUCE_NEVER, 0);
    poa_set_authorities(p, 1);
    expect_decision(poa_next_of(p, 0, 0, 1, 1), BAALS_PRODUCE_NOW, 0);
    baals_header header = {.index = p->height + 1};
    assert_ok(
        bl_consensus_prepare(p->consensus, &header, 0, &p->keys[0], parent, &p->view, &p->err));
    assert_int_equal(header.timestamp_ms, parent->timestamp_ms);
    assert_int_equal(header.nonce, 0);
    poa_close_test(p);
}

/* Goal: with several, empty blocks are sealed as long as one with transactions is not final. */
static void test_empty_until_final(void **state)
{
    (void)state;
    baals_poa_params params = {.instant = 1};
    struct poa *p = poa_open_params(3, &params);
    poa_append(p, 1, false);
    poa_append(p, 2, false);
    uint64_t now_ms = START_MS + 3 * SLOT_MS;
    expect_decision(poa_next_of(p, 0, now_ms, 0, 0), BAALS_PRODUCE_NEVER, 0);
    poa_append(p, 0, true); /* slot 3; final once two distinct ones have built on it */
    now_ms += SLOT_MS;
    expect_decision(poa_next_of(p, 1, now_ms, 0, 0), BAALS_PRODUCE_NOW, 0);
    poa_append(p, 1, false);
    now_ms += SLOT_MS;
    expect_decision(poa_next_of(p, 2, now_ms, 0, 0), BAALS_PRODUCE_NOW, 0);
    poa_append(p, 2, false);
    now_ms += SLOT_MS;
    expect_decision(poa_next_of(p, 0, now_ms, 0, 0), BAALS_PRODUCE_NEVER, 0);
    poa_close_test(p);
}

/* Goal: at the end of time nothing wraps: there is no slot left, so never. */
static void test_end_of_time(void **state)
{
    (void)state;
    baals_poa_params params = {.instant = 1, .interval_ms = 1000};
    struct poa *p = poa_open_params(3, &params);
    p->headers[0].timestamp_ms = UINT64_MAX;
    expect_decision(poa_next_of(p, 0, UINT64_MAX, 1, 1), BAALS_PRODUCE_NEVER, 0);
    expect_decision(poa_next_of(p, 1, UINT64_MAX - 10, 1, 1), BAALS_PRODUCE_NEVER, 0);
    poa_close_test(p);
    params = (baals_poa_params){.interval_ms = 1000};
    p = poa_open_params(1, &params);
    p->headers[0].timestamp_ms = UINT64_MAX - 10;
    expect_decision(poa_next_of(p, 0, UINT64_MAX - 10, 1, 1), BAALS_PRODUCE_NEVER, 0);
    poa_close_test(p);
}

/* ---- branches ---- */

/* Goal: more blocks count more; of as many, the lower hash, unsigned from the first byte. */
static void test_compare(void **state)
{
    (void)state;
    struct poa *p = poa_open(3);
    baals_header low = {.index = 4};
    baals_header high = {.index = 5};
    baals_hash a = {{0x7f}};
    baals_hash b = {{0x80}};
    assert_true(bl_consensus_compare(p->consensus, &low, &a, &high, &b) < 0);
    assert_true(bl_consensus_compare(p->consensus, &high, &b, &low, &a) > 0);
    assert_true(bl_consensus_compare(p->consensus, &low, &a, &low, &b) > 0);
    assert_true(bl_consensus_compare(p->consensus, &low, &b, &low, &a) < 0);
    assert_true(bl_consensus_compare(p->consensus, &low, &a, &low, &a) == 0);
    b = a;
    b.bytes[31] = 1;
    assert_true(bl_consensus_compare(p->consensus, &low, &a, &low, &b) > 0);
    poa_close_test(p);
}

static uint64_t poa_final_index(struct poa *p)
{
    uint64_t index = 0;
    assert_ok(bl_consensus_final(p->consensus, &index, &p->headers[p->height], &p->view, &p->err));
    return index;
}

/* Goal: with n taking turns a block is final when n/2 + 1 have built on it; with one at once. */
static void test_final_turns(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 7; n++) {
        struct poa *p = poa_open(n);
        for (unsigned height = 1; height <= 20; height++) {
            poa_append(p, height % n, false);
            unsigned needed = n == 1 ? 0 : n / 2 + 1;
            assert_int_equal(poa_final_index(p), height > needed ? height - needed : 0);
        }
        poa_close_test(p);
    }
}

/* Goal: only distinct proposers count, only authorities, and not the block's own. */
static void test_final_distinct(void **state)
{
    (void)state;
    struct poa *p = poa_open(5); /* three are needed */
    poa_append(p, 0, false);
    for (unsigned i = 0; i < 6; i++)
        poa_append(p, 0, false);
    assert_int_equal(poa_final_index(p), 0);
    poa_append(p, 1, false); /* 8 */
    poa_append(p, 1, false); /* 9 */
    assert_int_equal(poa_final_index(p), 0);
    poa_append(p, 9, false); /* 10: not an authority any more */
    assert_int_equal(poa_final_index(p), 0);
    poa_append(p, 2, false); /* 11: 2, 1 and 0 built on block 6 */
    assert_int_equal(poa_final_index(p), 6);
    poa_append(p, 0, false); /* 12: 0, 2 and 1 (block 9) built on block 8 */
    assert_int_equal(poa_final_index(p), 8);
    poa_close_test(p);
}

/* Goal: what was final stays so when the set grows, and nothing below it is read. */
static void test_final_floor(void **state)
{
    (void)state;
    struct poa *p = poa_open(1);
    for (unsigned i = 0; i < 10; i++)
        poa_append(p, 0, false);
    assert_int_equal(poa_final_index(p), 10);
    p->view.final_index = 10;
    poa_set_authorities(p, 7);
    p->headers_read = 0;
    assert_int_equal(poa_final_index(p), 10);
    poa_append(p, 1, false);
    poa_append(p, 2, false);
    assert_int_equal(poa_final_index(p), 10);
    assert_true(p->headers_read <= 3);
    poa_close_test(p);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_authority),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_slot_after_parent),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_state_failures),
        cmocka_unit_test(test_triggers),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_turns_interval),
        cmocka_unit_test(test_next_prepare_validate),
        cmocka_unit_test(test_clock_behind),
        cmocka_unit_test(test_empty_until_final),
        cmocka_unit_test(test_end_of_time),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_final_turns),
        cmocka_unit_test(test_final_distinct),
        cmocka_unit_test(test_final_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
