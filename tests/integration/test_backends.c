/* SPDX-License-Identifier: MIT */
/*
 * The chain in tests/integration/data/chain.baals, made once and kept: every build, whatever its
 * compiler, optimisation or sanitizers, takes it in through every backend and must give it back
 * byte for byte, with the state roots and receipts that stand beside it.
 */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "baals/baals.h"

#define EXPORT_MAX ((size_t)16 * 1024 * 1024)

struct source {
    const uint8_t *data;
    size_t len;
    size_t at;
    size_t step; /* bytes given at once */
};

static baals_status
source_read(void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err)
{
    struct source *source = ctx;
    size_t left = source->len - source->at;
    size_t len = left < source->step ? left : source->step;
    (void)err;
    if (len > cap)
        len = cap;
    if (len > 0)
        memcpy(out, source->data + source->at, len);
    source->at += len;
    *len_out = len;
    return BAALS_OK;
}

static baals_status sink_write(void *ctx, baals_slice bytes, baals_error *err)
{
    struct bl_buffer *buffer = ctx;
    bl_buffer_append(buffer, bytes.data, bytes.len);
    return bl_buffer_status(buffer, err);
}

static struct source source_of_fixture(uint8_t **memory, size_t step)
{
    size_t len;
    *memory = testlib_read_file(&len, testlib_source_path("tests/integration/data/chain.baals"));
    return (struct source){.data = *memory, .len = len, .step = step};
}

/* Imports the fixture, compares its last state root and its export. */
static void round_trip(const char *path, const char *storage, size_t step)
{
    uint8_t *memory;
    size_t expected_len;
    struct source source = source_of_fixture(&memory, step);
    char *expected = (char *)testlib_read_file(
        &expected_len, testlib_source_path("tests/integration/data/chain.roots"));
    baals_options options = BAALS_OPTIONS_INIT;
    baals_chain *chain = NULL;
    baals_chain_info info;
    baals_error error = {.message = ""};
    struct bl_buffer bytes;
    char root[BAALS_HASH_TEXT_SIZE];
    options.storage = storage;
    if (baals_import_new(&chain, path, &options, source_read, &source, &error) != BAALS_OK)
        fail_msg("%s", error.message);
    assert_ok(baals_chain_info_get(chain, &info, &error));
    baals_hash_format(root, &info.state_root);
    /* The last line of the file is the last block: height, state root, receipts root. */
    char *line = expected + expected_len - 1;
    while (line > expected && line[-1] != '\n')
        line--;
    line = strchr(line, ' ');
    assert_non_null(line);
    assert_memory_equal(line + 1, root, 64);
    bl_buffer_init(&bytes, bl_alloc_system(), EXPORT_MAX);
    assert_ok(baals_export(chain, sink_write, &bytes, &error));
    assert_int_equal(bytes.len, source.len);
    assert_memory_equal(bytes.data, source.data, source.len);
    bl_buffer_deinit(&bytes);
    assert_ok(baals_close(chain, &error));
    free(memory);
    free(expected);
}

/* The memory backend gives the same state root and the same export. */
static void test_memory(void **state)
{
    (void)state;
    round_trip(":memory:", "memory", 4096);
}

/* The lmdb backend does, too. */
static void test_lmdb(void **state)
{
    char dir[512];
    char path[600];
    (void)state;
    testlib_temp_dir(dir, sizeof dir, "backends_lmdb");
    snprintf(path, sizeof path, "%s/chain", dir);
    round_trip(path, "lmdb", 4096);
    testlib_remove_tree(dir);
}

#ifdef BAALS_HAVE_ROCKSDB
/* The rocksdb backend does, too, is found again without being named, and a repair changes it. */
static void test_rocksdb(void **state)
{
    char dir[512];
    char path[600];
    baals_chain *chain = NULL;
    baals_options options = BAALS_OPTIONS_INIT;
    (void)state;
    testlib_temp_dir(dir, sizeof dir, "backends_rocksdb");
    snprintf(path, sizeof path, "%s/chain", dir);
    round_trip(path, "rocksdb", 4096);
    assert_ok(baals_open(&chain, path, &options, NULL));
    assert_ok(baals_close(chain, NULL));
    options.storage = "lmdb";
    assert_status(baals_open(&chain, path, &options, NULL), BAALS_LIMIT_EXISTS);
    baals_verify_report report;
    assert_ok(baals_repair(&report, path, &options, NULL, NULL, NULL));
    options.storage = NULL;
    assert_ok(baals_open(&chain, path, &options, NULL));
    assert_ok(baals_close(chain, NULL));
    options.storage = "rocksdb";
    assert_status(baals_open(&chain, path, &options, NULL), BAALS_LIMIT_EXISTS);
    testlib_remove_tree(dir);
}
#endif

/* How many bytes an import is given at once makes no difference. */
static void test_byte_by_byte(void **state)
{
    (void)state;
    round_trip(":memory:", "memory", 1);
}

/* A fixture with one byte less or one bit changed is refused. */
static void test_damaged(void **state)
{
    uint8_t *memory;
    baals_chain *chain = NULL;
    baals_options options = BAALS_OPTIONS_INIT;
    (void)state;
    options.storage = "memory";
    struct source cut = source_of_fixture(&memory, 4096);
    cut.len--;
    assert_int_not_equal(baals_import_new(&chain, ":memory:", &options, source_read, &cut, NULL),
                         BAALS_OK);
    struct testlib_rng rng = testlib_rng(1);
    for (int i = 0; i < 40; i++) {
        struct source flipped = {.data = memory, .len = cut.len + 1, .step = 4096};
        size_t at = (size_t)testlib_rng_below(&rng, flipped.len);
        uint8_t bit = (uint8_t)(1u << testlib_rng_below(&rng, 8));
        memory[at] ^= bit;
        if (baals_import_new(&chain, ":memory:", &options, source_read, &flipped, NULL) == BAALS_OK)
            fail_msg("a flipped bit at %zu went unseen", at);
        memory[at] ^= bit;
    }
    free(memory);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),       cmocka_unit_test(test_lmdb),
#ifdef BAALS_HAVE_ROCKSDB
        cmocka_unit_test(test_rocksdb),
#endif
        cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
