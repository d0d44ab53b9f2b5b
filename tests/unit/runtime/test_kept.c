/* SPDX-License-Identifier: MIT */
/*
 * Headers of blocks that are gone: there by height, by hash and in ranges, enough to follow the
 * chain from block 0; across restarts, prunings, repairs; and damage to them is told.
 */
#include <string.h>

#include "chain_lib.h"
#include "crypto/crypto.h"
#include "runtime/kept.h"

/* The journal's first segment has 1 MiB, and every block takes 4 KiB of it at least. */
#define KEPT_BLOCKS 300u
#define KEPT_HASHES 1000u

struct fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    uint64_t nonce;
    baals_hash hashes[KEPT_HASHES]; /* of all blocks that were made */
};

static void make_blocks(struct fixture *f, unsigned count)
{
    for (unsigned i = 0; i < count; i++, f->nonce++) {
        struct chain_tx tx = f->nonce % 3 == 2
                                 ? chain_call(&f->genesis, 1, f->nonce, "add")
                                 : chain_transfer(&f->genesis, 1, f->nonce,
                                                  chain_address(20 + (unsigned)f->nonce % 50), 5);
        chain_submit(&f->node, &tx);
        assert_true(chain_produce(&f->node));
        baals_chain_info info = chain_info(&f->node);
        assert_true(info.height < KEPT_HASHES);
        f->hashes[info.height] = info.hash;
    }
}

static void fixture_begin(struct fixture *f, bool real, int32_t keep_headers)
{
    memset(f, 0, sizeof *f);
    chain_genesis_init(&f->genesis, 1);
    chain_genesis_counter(&f->genesis);
    if (real)
        chain_node_init_real(&f->node, &f->genesis, 0, "kept");
    else
        chain_node_init(&f->node, &f->genesis, 0);
    f->node.options.keep_headers = keep_headers;
    chain_node_open(&f->node);
    f->hashes[0] = chain_info(&f->node).hash;
    make_blocks(f, KEPT_BLOCKS);
}

static void fixture_end(struct fixture *f)
{
    chain_node_deinit(&f->node);
    chain_genesis_deinit(&f->genesis);
}

static void reopen(struct fixture *f, int32_t keep_headers)
{
    chain_node_close(&f->node);
    f->node.options.keep_headers = keep_headers;
    chain_node_open(&f->node);
}

static uint64_t prune(struct fixture *f, uint64_t headers_from)
{
    baals_prune_report report;
    assert_ok(baals_prune(f->node.chain, &report, 0, &f->node.err));
    assert_int_equal(report.kept_from, chain_info(&f->node).final_height);
    assert_int_equal(report.headers_from, headers_from);
    baals_chain_info info = chain_info(&f->node);
    assert_int_equal(info.kept_from, report.kept_from);
    assert_int_equal(info.headers_from, headers_from);
    return report.kept_from;
}

/* ---- a light client: it has the genesis's chain id and authority, and follows headers ---- */

struct light {
    const struct fixture *f;
    uint64_t next;
    baals_hash hash; /* of the last header */
};

static int32_t light_take(void *ctx, uint64_t height, baals_slice bytes)
{
    struct light *light = ctx;
    baals_sealed_header sealed;
    assert_int_equal(height, light->next);
    assert_ok(baals_sealed_header_decode(&sealed, bytes, NULL));
    assert_int_equal(sealed.header.index, height);
    assert_memory_equal(sealed.header.chain_id.bytes, light->f->genesis.chain_id.bytes, 32);
    assert_memory_equal(sealed.hash.bytes, light->f->hashes[height].bytes, 32);
    if (height > 0) {
        baals_signature signature;
        assert_memory_equal(sealed.header.prev_hash.bytes, light->f->hashes[height - 1].bytes, 32);
        assert_int_equal(sealed.seal.len, 71);
        memcpy(signature.bytes, sealed.seal.data + 7, sizeof signature.bytes);
        assert_true(bl_ed25519_verify(&light->f->genesis.authorities[0], &signature, BL_TAG_SEAL,
                                      bl_slice(sealed.hash.bytes, 32)));
    }
    light->hash = sealed.hash;
    light->next++;
    return 0;
}

/* Every header from `from` to the tip, in a range and one by one; nothing before. */
static void check_headers(struct fixture *f, uint64_t from)
{
    baals_chain_info info = chain_info(&f->node);
    struct light light = {f, from, {{0}}};
    assert_ok(baals_headers_each(f->node.chain, from, UINT64_MAX, light_take, &light, NULL));
    assert_int_equal(light.next, info.height + 1);
    assert_memory_equal(light.hash.bytes, info.hash.bytes, 32);
    for (uint64_t height = 0; height <= info.height; height += height % 7 == 3 ? 1 : 3) {
        struct light one = {f, height, {{0}}};
        baals_bytes bytes = {NULL, 0, NULL};
        baals_status status = baals_header_get(f->node.chain, &bytes, height, NULL);
        assert_status(status, height < from ? BAALS_NOTFOUND_PRUNED : BAALS_OK);
        if (status == BAALS_OK)
            light_take(&one, height, bl_slice(bytes.data, bytes.len));
        baals_bytes_free(&bytes);
        status = baals_header_get_by_hash(f->node.chain, &bytes, &f->hashes[height], NULL);
        if (height >= from) {
            assert_ok(status);
            one.next = height;
            light_take(&one, height, bl_slice(bytes.data, bytes.len));
        } else {
            assert_true(BAALS_STATUS_CLASS(status) == BAALS_CLASS_NOTFOUND);
        }
        baals_bytes_free(&bytes);
    }
}

static baals_status block_status(struct fixture *f, uint64_t height, bool by_hash)
{
    baals_bytes bytes = {NULL, 0, NULL};
    baals_status status =
        by_hash ? baals_block_get_by_hash(f->node.chain, &bytes, &f->hashes[height], NULL)
                : baals_block_get(f->node.chain, &bytes, height, NULL);
    baals_bytes_free(&bytes);
    return status;
}

/* What was in a block that is gone is not found, and the message says from where on blocks are. */
static void check_tx_gone(struct fixture *f, uint64_t kept_from)
{
    baals_bytes bytes = {NULL, 0, NULL};
    struct chain_tx gone = chain_transfer(&f->genesis, 1, 0, chain_address(20), 5);
    int32_t committed = 0;
    char number[32];
    (void)snprintf(number, sizeof number, " %llu ", (unsigned long long)kept_from);
    assert_status(baals_receipt_get(f->node.chain, &bytes, NULL, NULL, &gone.id, &f->node.err),
                  BAALS_NOTFOUND);
    assert_non_null(strstr(f->node.err.message, number));
    assert_status(baals_tx_get(f->node.chain, &bytes, &committed, NULL, &gone.id, &f->node.err),
                  BAALS_NOTFOUND);
    assert_non_null(strstr(f->node.err.message, number));
}

/* Blocks below `kept_from` are gone, their headers from `from` on are there, also to verify. */
static void check_kept(struct fixture *f, uint64_t from, uint64_t kept_from)
{
    check_headers(f, from);
    assert_status(block_status(f, kept_from - 1, false), BAALS_NOTFOUND_PRUNED);
    assert_status(block_status(f, kept_from, false), BAALS_OK);
    assert_status(block_status(f, kept_from, true), BAALS_OK);
    check_tx_gone(f, kept_from);
    if (from < kept_from)
        assert_status(block_status(f, kept_from - 1, true), BAALS_NOTFOUND_PRUNED);
    baals_chain_info before = chain_info(&f->node);
    chain_node_close(&f->node);
    for (uint32_t flags = 0; flags <= BAALS_VERIFY_REPLAY; flags += BAALS_VERIFY_REPLAY) {
        baals_verify_report report;
        assert_ok(chain_node_verify(&f->node, &report, flags));
        assert_int_equal(report.kept_from, kept_from);
        assert_int_equal(report.headers, kept_from - from);
        assert_memory_equal(report.hash.bytes, before.hash.bytes, 32);
    }
    chain_node_open(&f->node);
    baals_chain_info after = chain_info(&f->node);
    assert_int_equal(after.kept_from, kept_from);
    assert_int_equal(after.headers_from, from);
    check_headers(f, from);
}

static void check_keep(bool real)
{
    struct fixture f;
    fixture_begin(&f, real, BAALS_HEADERS_KEEP);
    check_headers(&f, 0);
    check_kept(&f, 0, prune(&f, 0));
    /* The option's default goes on with what is there; a second pruning appends. */
    reopen(&f, BAALS_HEADERS_AS_BEFORE);
    make_blocks(&f, KEPT_BLOCKS);
    check_kept(&f, 0, prune(&f, 0));
    make_blocks(&f, 3);
    check_kept(&f, 0, prune(&f, 0));
    /* Those that are given up are gone; new ones may be kept from then on. */
    reopen(&f, BAALS_HEADERS_DROP);
    make_blocks(&f, 1);
    uint64_t kept_from = prune(&f, chain_info(&f.node).final_height);
    check_kept(&f, kept_from, kept_from);
    reopen(&f, BAALS_HEADERS_KEEP);
    make_blocks(&f, 4);
    check_kept(&f, kept_from, prune(&f, kept_from));
    fixture_end(&f);
}

/* In memory, where every opening makes the index anew from the files. */
static void test_keep_memory(void **state)
{
    (void)state;
    check_keep(false);
}

/* On lmdb, where the index stays. */
static void test_keep_lmdb(void **state)
{
    (void)state;
    check_keep(true);
}

/* Without the option nothing is kept, and what is gone stays gone. */
static void test_default(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, true, BAALS_HEADERS_AS_BEFORE);
    uint64_t kept_from = prune(&f, chain_info(&f.node).final_height);
    check_kept(&f, kept_from, kept_from);
    fixture_end(&f);
}

/* Repair rebuilds the index of hashes from the files. */
static void test_repair(void **state)
{
    (void)state;
    struct fixture f;
    baals_verify_report report;
    fixture_begin(&f, true, BAALS_HEADERS_KEEP);
    uint64_t kept_from = prune(&f, 0);
    make_blocks(&f, 5);
    chain_node_close(&f.node);
    f.node.options.keep_headers = BAALS_HEADERS_AS_BEFORE;
    f.node.options.checkpoint_bytes = 1;
    assert_ok(baals_repair(&report, f.node.path, &f.node.options, NULL, NULL, &f.node.err));
    assert_int_equal(report.headers, kept_from);
    assert_int_equal(report.kept_from, kept_from);
    chain_node_open(&f.node);
    check_kept(&f, 0, kept_from);
    fixture_end(&f);
}

/* A pruning that freed no segment is undone by a repair: the journal has all blocks again. Headers
 * that were kept from later on then begin earlier with the next pruning. */
static void test_prepend(void **state)
{
    (void)state;
    struct fixture f;
    memset(&f, 0, sizeof f);
    chain_genesis_init(&f.genesis, 1);
    chain_genesis_counter(&f.genesis);
    chain_node_init(&f.node, &f.genesis, 0);
    chain_node_open(&f.node);
    f.hashes[0] = chain_info(&f.node).hash;
    make_blocks(&f, 20);
    (void)prune(&f, 20);
    f.node.chain->options.keep_headers = BAALS_HEADERS_KEEP;
    make_blocks(&f, 20);
    (void)prune(&f, 20);
    /* A store in memory is made anew from the journal. */
    reopen(&f, BAALS_HEADERS_AS_BEFORE);
    assert_int_equal(chain_info(&f.node).kept_from, 0);
    assert_int_equal(chain_info(&f.node).headers_from, 0);
    check_headers(&f, 0);
    make_blocks(&f, KEPT_BLOCKS);
    check_kept(&f, 0, prune(&f, 0));
    fixture_end(&f);
}

/* ---- damage ---- */

static void headers_of(struct bl_headers *out, const struct fixture *f)
{
    out->env = f->node.disk;
    out->chain_id = f->genesis.chain_id;
    assert_ok(bl_path_join(out->dir, sizeof out->dir, f->node.path, BL_HEADERS_DIR, NULL));
}

static void path_of(char path[BL_PATH_MAX], const struct fixture *f)
{
    struct bl_headers headers;
    char name[BL_HEADERS_NAME_MAX];
    headers_of(&headers, f);
    bl_headers_name(name, 0);
    assert_ok(bl_path_join(path, BL_PATH_MAX, headers.dir, name, NULL));
}

static baals_status verify_status(struct fixture *f)
{
    baals_verify_report report;
    return chain_node_verify(&f->node, &report, 0);
}

/* Every flipped bit is found by verify; the chain itself opens and goes on, and answers the right
 * header or an error. */
static void test_flips(void **state)
{
    (void)state;
    struct fixture f;
    struct bl_file *file = NULL;
    char path[BL_PATH_MAX];
    uint64_t size = 0;
    fixture_begin(&f, false, BAALS_HEADERS_KEEP);
    (void)prune(&f, 0);
    chain_node_close(&f.node);
    path_of(path, &f);
    assert_ok(bl_file_open(f.node.disk, &file, path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_size(file, &size, NULL));
    struct testlib_rng rng = testlib_rng(5);
    for (int round = 0; round < 20; round++) {
        uint8_t byte = 0;
        size_t got = 0;
        uint64_t at = testlib_rng_below(&rng, size);
        uint8_t bit = (uint8_t)(1u << testlib_rng_below(&rng, 8));
        assert_ok(bl_file_read_at(file, &byte, &got, at, 1, NULL));
        byte ^= bit;
        assert_ok(bl_file_write_at(file, at, &byte, 1, NULL));
        assert_status(verify_status(&f), BAALS_CORRUPT_HEADERS);
        byte ^= bit;
        assert_ok(bl_file_write_at(file, at, &byte, 1, NULL));
    }
    bl_file_close(file);
    assert_ok(verify_status(&f));
    fixture_end(&f);
}

/* A file that is gone is told when opening, and repair touches nothing; who gives the headers up
 * goes on without. */
static void test_missing(void **state)
{
    (void)state;
    struct fixture f;
    char path[BL_PATH_MAX];
    char aside[BL_PATH_MAX];
    struct bl_file *file = NULL;
    uint64_t size = 0;
    baals_verify_report report;
    fixture_begin(&f, true, BAALS_HEADERS_KEEP);
    (void)prune(&f, 0);
    chain_node_close(&f.node);
    path_of(path, &f);
    assert_ok(bl_path_join(aside, sizeof aside, f.node.path, "aside", NULL));
    assert_ok(bl_file_open(f.node.disk, &file, path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_size(file, &size, NULL));
    assert_ok(bl_file_truncate(file, 40, NULL));
    bl_file_close(file);
    f.node.options.keep_headers = BAALS_HEADERS_AS_BEFORE;
    assert_status(chain_node_try_open(&f.node), BAALS_CORRUPT_HEADERS);
    assert_status(baals_repair(&report, f.node.path, &f.node.options, NULL, NULL, NULL),
                  BAALS_CORRUPT_HEADERS);
    f.node.options.keep_headers = BAALS_HEADERS_DROP;
    assert_ok(baals_repair(&report, f.node.path, &f.node.options, NULL, NULL, NULL));
    f.node.options.keep_headers = BAALS_HEADERS_AS_BEFORE;
    chain_node_open(&f.node);
    uint64_t kept_from = chain_info(&f.node).kept_from;
    assert_int_equal(kept_from, KEPT_BLOCKS);
    check_kept(&f, kept_from, prune(&f, kept_from));
    fixture_end(&f);
}

/* A source of headers with one of them changed. */
struct forgery {
    struct fixture *f;
    uint64_t at;
    bool seal;     /* another seal; else another header */
    uint64_t from; /* headers before are of the forged branch */
};

static baals_status forge(void *ctx, struct bl_buffer *out, uint64_t height, baals_error *err)
{
    struct forgery *forgery = ctx;
    baals_bytes bytes = {NULL, 0, NULL};
    baals_sealed_header sealed;
    static uint8_t seal[71];
    static baals_hash last;
    assert_ok(baals_header_get(forgery->f->node.chain, &bytes, height, err));
    assert_ok(baals_sealed_header_decode(&sealed, bl_slice(bytes.data, bytes.len), err));
    baals_slice own = sealed.seal;
    struct bl_buffer header;
    bl_buffer_init(&header, bl_alloc_system(), 4096);
    if (sealed.has_seal != 0) {
        memcpy(seal, own.data, sizeof seal);
        own = bl_slice(seal, sizeof seal);
    }
    if (height == forgery->at && forgery->seal)
        seal[70] ^= 1;
    if (height == forgery->at && !forgery->seal)
        sealed.header.timestamp_ms ^= 1;
    if (height > forgery->at && !forgery->seal)
        sealed.header.prev_hash = last;
    bl_header_encode(&header, &sealed.header);
    bl_header_hash(&last, bl_buffer_slice(&header));
    if (sealed.has_seal != 0 && !forgery->seal && height >= forgery->at) {
        /* The forger has the authority's key. */
        baals_signature signature;
        bl_ed25519_sign(&signature, chain_key(0).seed, BL_TAG_SEAL, bl_slice(last.bytes, 32));
        memcpy(seal + 7, signature.bytes, sizeof signature.bytes);
    }
    bl_sealed_header_encode(out, bl_buffer_slice(&header), sealed.has_seal != 0 ? &own : NULL);
    bl_buffer_deinit(&header);
    baals_bytes_free(&bytes);
    return bl_buffer_status(out, err);
}

/* Headers that are whole, but not the chain's: another seal, another branch, another beginning. */
static void test_forged(void **state)
{
    (void)state;
    static const struct {
        uint64_t at;
        bool seal;
    } cases[] = {{7, true}, {0, false}, {1, false}, {KEPT_BLOCKS - 1, false}};
    struct fixture f;
    fixture_begin(&f, false, BAALS_HEADERS_KEEP);
    uint64_t kept_from = prune(&f, 0);
    make_blocks(&f, 2);
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct bl_headers headers;
        struct bl_headers other;
        char aside[BL_PATH_MAX];
        struct forgery forgery = {&f, cases[i].at, cases[i].seal, 0};
        headers_of(&headers, &f);
        other = headers;
        assert_ok(bl_path_join(other.dir, sizeof other.dir, f.node.path, "forged", NULL));
        assert_ok(bl_path_join(aside, sizeof aside, f.node.path, "aside", NULL));
        assert_ok(bl_headers_append(&other, 0, kept_from, forge, &forgery, NULL));
        chain_node_close(&f.node);
        assert_ok(bl_env_rename(f.node.disk, headers.dir, aside, NULL));
        assert_ok(bl_env_rename(f.node.disk, other.dir, headers.dir, NULL));
        assert_status(verify_status(&f), BAALS_CORRUPT_HEADERS);
        assert_ok(bl_headers_remove(&headers, NULL));
        assert_ok(bl_env_rename(f.node.disk, aside, headers.dir, NULL));
        assert_ok(verify_status(&f));
        chain_node_open(&f.node);
    }
    fixture_end(&f);
}

static int32_t stop_at_once(void *ctx, uint64_t height, baals_slice sealed)
{
    (void)sealed;
    *(uint64_t *)ctx += 1 + height;
    return 1;
}

static int32_t count_one(void *ctx, uint64_t height, baals_slice sealed)
{
    (void)height;
    (void)sealed;
    ++*(uint64_t *)ctx;
    return 0;
}

/* Ranges end at the limit, at the tip, and where the caller wants; misuse is refused. */
static void test_ranges(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t count = 0;
    baals_bytes bytes = {NULL, 0, NULL};
    baals_hash unknown = {{1}};
    fixture_begin(&f, false, BAALS_HEADERS_KEEP);
    (void)prune(&f, 0);
    baals_chain *chain = f.node.chain;
    assert_ok(baals_headers_each(chain, KEPT_BLOCKS - 2, 100, count_one, &count, NULL));
    assert_int_equal(count, 3);
    assert_ok(baals_headers_each(chain, 5, 10, count_one, &count, NULL));
    assert_int_equal(count, 13);
    assert_ok(baals_headers_each(chain, KEPT_BLOCKS + 1, 10, count_one, &count, NULL));
    assert_int_equal(count, 13);
    assert_ok(baals_headers_each(chain, 4, 10, stop_at_once, &count, NULL));
    assert_int_equal(count, 18);
    assert_status(baals_header_get(chain, &bytes, KEPT_BLOCKS + 1, NULL), BAALS_NOTFOUND);
    assert_status(baals_header_get(chain, &bytes, UINT64_MAX, NULL), BAALS_NOTFOUND);
    assert_status(baals_header_get_by_hash(chain, &bytes, &unknown, NULL), BAALS_NOTFOUND);
    assert_status(baals_header_get(NULL, &bytes, 0, NULL), BAALS_MISUSE);
    assert_status(baals_header_get_by_hash(chain, &bytes, NULL, NULL), BAALS_MISUSE);
    assert_status(baals_headers_each(chain, 0, 1, NULL, NULL, NULL), BAALS_MISUSE);
    baals_chain *other = NULL;
    baals_options options = BAALS_OPTIONS_INIT;
    options.keep_headers = BAALS_HEADERS_DROP + 1;
    assert_status(baals_open(&other, ":memory:", &options, NULL), BAALS_MISUSE_ARGUMENT);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_memory), cmocka_unit_test(test_keep_lmdb),
        cmocka_unit_test(test_default),     cmocka_unit_test(test_repair),
        cmocka_unit_test(test_prepend),     cmocka_unit_test(test_flips),
        cmocka_unit_test(test_missing),     cmocka_unit_test(test_forged),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
