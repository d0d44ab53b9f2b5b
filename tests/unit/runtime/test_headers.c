/* SPDX-License-Identifier: MIT */
/*
 * Files of headers: what was put in comes out, growing keeps what is there, damage anywhere is told
 * and never a wrong answer.
 */
#include <stdlib.h>
#include <string.h>

#include "faulty_env.h"
#include "runtime/headers.h"
#include "testlib.h"

#define DIR_PATH "/headers"

/* A chain of headers that follows from its heights. */
struct headers_chain {
    struct bl_env *env;
    struct bl_headers headers;
    uint64_t first; /* the lowest height whose hash is known */
    baals_hash *hashes;
};

static void chain_begin(struct headers_chain *chain, uint64_t first, size_t count)
{
    memset(chain, 0, sizeof *chain);
    assert_ok(bl_env_memory(&chain->env, bl_alloc_system(), NULL));
    chain->headers.env = chain->env;
    chain->headers.chain_id = (baals_hash){{7, 7, 7}};
    memcpy(chain->headers.dir, DIR_PATH, sizeof DIR_PATH);
    chain->first = first;
    chain->hashes = calloc(count + 1, sizeof *chain->hashes);
    assert_non_null(chain->hashes);
}

static void chain_end(struct headers_chain *chain)
{
    free(chain->hashes);
    bl_env_close(chain->env);
}

/* Headers of different lengths; every seventh has a seal. */
static baals_status
chain_source(void *ctx, struct bl_buffer *out, uint64_t height, baals_error *err)
{
    struct headers_chain *chain = ctx;
    static const uint8_t seal_bytes[] = {0xa1, 0x61, 's', 0x01};
    size_t index = (size_t)(height - chain->first);
    baals_header header = {.chain_id = chain->headers.chain_id,
                           .index = height,
                           .timestamp_ms = height * height,
                           .prev_hash = chain->hashes[index],
                           .gas_used = height % 3 * 100000};
    struct bl_buffer bytes;
    bl_buffer_init(&bytes, bl_alloc_system(), 4096);
    bl_header_encode(&bytes, &header);
    assert_ok(bl_buffer_status(&bytes, err));
    bl_header_hash(&chain->hashes[index + 1], bl_buffer_slice(&bytes));
    baals_slice seal = bl_slice(seal_bytes, sizeof seal_bytes);
    bl_sealed_header_encode(out, bl_buffer_slice(&bytes), height % 7 == 0 ? &seal : NULL);
    bl_buffer_deinit(&bytes);
    return BAALS_OK;
}

static void chain_append(struct headers_chain *chain, uint64_t from, uint64_t end)
{
    assert_ok(bl_headers_append(&chain->headers, from, end, chain_source, chain, NULL));
}

static void check_range(struct headers_chain *chain, uint64_t from, uint64_t end)
{
    uint64_t got_from = 0;
    uint64_t got_end = 0;
    assert_ok(bl_headers_range(&chain->headers, &got_from, &got_end, NULL));
    assert_int_equal(got_from, from);
    assert_int_equal(got_end, end);
}

static void check_one(struct headers_chain *chain, uint64_t height)
{
    struct bl_buffer out;
    baals_sealed_header sealed;
    bl_buffer_init(&out, bl_alloc_system(), BL_HEADERS_BODY_MAX);
    assert_ok(bl_headers_get(&chain->headers, &out, height, NULL));
    assert_ok(baals_sealed_header_decode(&sealed, bl_buffer_slice(&out), NULL));
    assert_int_equal(sealed.header.index, height);
    assert_int_equal(sealed.has_seal, height % 7 == 0);
    assert_memory_equal(sealed.hash.bytes, chain->hashes[height - chain->first + 1].bytes, 32);
    bl_buffer_deinit(&out);
}

static baals_status get_status(struct headers_chain *chain, uint64_t height)
{
    struct bl_buffer out;
    bl_buffer_init(&out, bl_alloc_system(), BL_HEADERS_BODY_MAX);
    baals_status status = bl_headers_get(&chain->headers, &out, height, NULL);
    bl_buffer_deinit(&out);
    return status;
}

struct count_seen {
    struct headers_chain *chain;
    uint64_t next;
};

static baals_status count_one(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    struct count_seen *seen = ctx;
    (void)err;
    assert_int_equal(sealed->header.index, seen->next);
    size_t index = (size_t)(seen->next - seen->chain->first);
    assert_memory_equal(sealed->hash.bytes, seen->chain->hashes[index + 1].bytes, 32);
    seen->next++;
    return BAALS_OK;
}

static void check_each(struct headers_chain *chain, uint64_t from, uint64_t end)
{
    struct count_seen seen = {chain, from};
    assert_ok(bl_headers_each(&chain->headers, from, end, count_one, &seen, NULL));
    assert_int_equal(seen.next, end);
}

/* What was appended in several steps is there, one by one and in a walk; nothing else is. */
static void test_append(void **state)
{
    (void)state;
    struct headers_chain chain;
    uint64_t from = 0;
    uint64_t end = 0;
    chain_begin(&chain, 0, 700);
    assert_status(bl_headers_range(&chain.headers, &from, &end, NULL), BAALS_NOTFOUND);
    assert_status(get_status(&chain, 0), BAALS_NOTFOUND);
    chain_append(&chain, 0, 1);
    check_range(&chain, 0, 1);
    chain_append(&chain, 1, 300);
    chain_append(&chain, 300, 700);
    check_range(&chain, 0, 700);
    for (uint64_t height = 0; height < 700; height++)
        check_one(&chain, height);
    check_each(&chain, 0, 700);
    check_each(&chain, 650, 651);
    assert_status(get_status(&chain, 700), BAALS_NOTFOUND);
    /* A gap and an overlap are refused. */
    assert_status(bl_headers_append(&chain.headers, 701, 702, chain_source, &chain, NULL),
                  BAALS_CORRUPT_HEADERS);
    assert_status(bl_headers_append(&chain.headers, 699, 702, chain_source, &chain, NULL),
                  BAALS_CORRUPT_HEADERS);
    assert_ok(bl_headers_remove(&chain.headers, NULL));
    assert_ok(bl_headers_remove(&chain.headers, NULL));
    assert_status(bl_headers_range(&chain.headers, &from, &end, NULL), BAALS_NOTFOUND);
    chain_end(&chain);
}

/* Over the border of files, from a height within one, in ragged steps. */
static void test_files(void **state)
{
    (void)state;
    struct headers_chain chain;
    const uint64_t first = 3u * BL_HEADERS_PER_FILE - 40;
    const uint64_t end = 5u * BL_HEADERS_PER_FILE + 11;
    static const uint64_t steps[] = {17, 23, 5, BL_HEADERS_PER_FILE - 5, 3};
    chain_begin(&chain, first, (size_t)(end - first));
    uint64_t at = first;
    for (size_t i = 0; i < BL_COUNT_OF(steps); at += steps[i], i++)
        chain_append(&chain, at, at + steps[i]);
    chain_append(&chain, at, end);
    check_range(&chain, first, end);
    check_each(&chain, first, end);
    check_one(&chain, first);
    check_one(&chain, 3u * BL_HEADERS_PER_FILE - 1);
    check_one(&chain, 3u * BL_HEADERS_PER_FILE);
    check_one(&chain, end - 1);
    assert_status(get_status(&chain, first - 1), BAALS_NOTFOUND);
    assert_status(get_status(&chain, end), BAALS_NOTFOUND);
    /* A file in the middle that is gone is missed. */
    char name[BL_HEADERS_NAME_MAX];
    char path[BL_PATH_MAX];
    struct count_seen seen = {&chain, first};
    uint64_t got = 0;
    bl_headers_name(name, 4u * BL_HEADERS_PER_FILE);
    assert_ok(bl_path_join(path, sizeof path, DIR_PATH, name, NULL));
    assert_ok(bl_env_remove(chain.env, path, NULL));
    assert_status(bl_headers_range(&chain.headers, &got, &got, NULL), BAALS_CORRUPT_HEADERS);
    assert_status(bl_headers_each(&chain.headers, first, end, count_one, &seen, NULL),
                  BAALS_CORRUPT_HEADERS);
    chain_end(&chain);
}

/* A file of another chain and of a later version are told by name. */
static void test_foreign(void **state)
{
    (void)state;
    struct headers_chain chain;
    uint64_t from = 0;
    uint64_t end = 0;
    chain_begin(&chain, 0, 5);
    chain_append(&chain, 0, 5);
    chain.headers.chain_id.bytes[0] ^= 1;
    assert_status(bl_headers_range(&chain.headers, &from, &end, NULL), BAALS_CORRUPT_FOREIGN);
    assert_status(get_status(&chain, 2), BAALS_CORRUPT_FOREIGN);
    chain_end(&chain);
}

static void flip(struct bl_file *file, uint64_t at, uint8_t mask)
{
    uint8_t byte = 0;
    size_t got = 0;
    assert_ok(bl_file_read_at(file, &byte, &got, at, 1, NULL));
    byte ^= mask;
    assert_ok(bl_file_write_at(file, at, &byte, 1, NULL));
}

/* Every single bit flip is found by the walk, and a look-up gives the right header or an error. */
static void test_flips(void **state)
{
    (void)state;
    struct headers_chain chain;
    struct bl_file *file = NULL;
    char name[BL_HEADERS_NAME_MAX];
    char path[BL_PATH_MAX];
    uint64_t size = 0;
    chain_begin(&chain, 0, 9);
    chain_append(&chain, 0, 9);
    bl_headers_name(name, 0);
    assert_ok(bl_path_join(path, sizeof path, DIR_PATH, name, NULL));
    assert_ok(bl_file_open(chain.env, &file, path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_size(file, &size, NULL));
    for (uint64_t at = 0; at < size; at++) {
        uint8_t mask = (uint8_t)(1u << (at * 5 + 3) % 8);
        struct count_seen seen = {&chain, 0};
        flip(file, at, mask);
        assert_status(bl_headers_each(&chain.headers, 0, 9, count_one, &seen, NULL),
                      BAALS_CORRUPT_HEADERS);
        for (uint64_t height = 0; height < 9; height++) {
            if (get_status(&chain, height) == BAALS_OK)
                check_one(&chain, height);
        }
        flip(file, at, mask);
    }
    /* Cut short, or with bytes behind. */
    struct count_seen seen = {&chain, 0};
    assert_ok(bl_file_write_at(file, size, (const uint8_t *)"x", 1, NULL));
    assert_status(bl_headers_each(&chain.headers, 0, 9, count_one, &seen, NULL),
                  BAALS_CORRUPT_HEADERS);
    assert_ok(bl_file_truncate(file, size - 1, NULL));
    assert_status(get_status(&chain, 8), BAALS_CORRUPT_HEADERS);
    bl_file_close(file);
    chain_end(&chain);
}

/* Headers that do not continue each other are refused when they are appended. */
static void test_broken_chain(void **state)
{
    (void)state;
    struct headers_chain chain;
    chain_begin(&chain, 0, 20);
    chain_append(&chain, 0, 10);
    chain.hashes[10].bytes[3] ^= 1;
    assert_status(bl_headers_append(&chain.headers, 10, 20, chain_source, &chain, NULL),
                  BAALS_CORRUPT_HEADERS);
    chain.hashes[10].bytes[3] ^= 1;
    check_range(&chain, 0, 10);
    check_each(&chain, 0, 10);
    chain_append(&chain, 10, 20);
    check_each(&chain, 0, 20);
    chain_end(&chain);
}

/* Whichever file operation of an append fails, what was there stays readable, and appending again
 * succeeds. */
static void test_faults(void **state)
{
    (void)state;
    struct headers_chain chain;
    bool failed = true;
    unsigned failures = 0;
    for (uint64_t k = 1; failed; k++) {
        struct testlib_faulty_env faulty;
        chain_begin(&chain, 0, 40);
        chain_append(&chain, 0, 20);
        testlib_faulty_env_init(&faulty, chain.env);
        chain.headers.env = &faulty.env;
        faulty.fail_at = k;
        failed = bl_headers_append(&chain.headers, 20, 40, chain_source, &chain, NULL) != BAALS_OK;
        chain.headers.env = chain.env;
        failures += failed;
        uint64_t from = 0;
        uint64_t end = 0;
        assert_ok(bl_headers_range(&chain.headers, &from, &end, NULL));
        assert_int_equal(from, 0);
        assert_true(end == 20 || end == 40);
        check_each(&chain, 0, end);
        chain_append(&chain, end, 40);
        check_each(&chain, 0, 40);
        chain_end(&chain);
    }
    printf("%u operations failed once each\n", failures);
    assert_true(failures > 10);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_foreign), cmocka_unit_test(test_flips),
        cmocka_unit_test(test_faults),  cmocka_unit_test(test_broken_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
