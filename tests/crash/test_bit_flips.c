/* SPDX-License-Identifier: MIT */
/*
 * Single bits are flipped in every file of a data directory. Journal, pool.log, genesis.cbor and
 * LOCK: what is answered afterwards is right or an error, and nothing crashes. The key-value store:
 * no wrong answer about state either; LMDB itself may crash on a damaged page, so each flip is
 * looked at in a process of its own, and deaths are counted. Repair mends whatever it was.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chain_lib.h"

enum { BLOCKS = 6, FILES_MAX = 8, EXIT_RIGHT = 0, EXIT_DETECTED = 10, EXIT_MISSED = 11 };
#define EXIT_WRONG 77

struct flip_file {
    char name[64];
    uint8_t *data;
    size_t len;
};

/* A directory as it was, and what it has to answer. */
struct flips {
    struct chain_genesis genesis;
    struct chain_node node; /* closed */
    struct flip_file files[FILES_MAX];
    size_t file_count;
    baals_hash tip;
    baals_bytes blocks[BLOCKS + 1];
    baals_hash block_hashes[BLOCKS + 1];
    baals_hash ids[BLOCKS + 1];
    baals_bytes receipts[BLOCKS + 1];
    baals_account account;
    baals_bytes counter;
};

static const char *const flip_names[] = {"LOCK", "genesis.cbor", "pool.log", "journal/00000001.log",
                                         "kv/data.mdb"};

static void flips_path(const struct flips *f, char *out, const char *name)
{
    assert_ok(bl_path_join(out, BL_PATH_MAX, f->node.path, name, NULL));
}

static void flips_read_files(struct flips *f)
{
    for (size_t i = 0; i < BL_COUNT_OF(flip_names); i++) {
        char path[BL_PATH_MAX];
        struct flip_file *file = &f->files[f->file_count];
        flips_path(f, path, flip_names[i]);
        baals_status status =
            bl_file_read_all(f->node.disk, &file->data, &file->len, path, (size_t)1 << 26, NULL);
        if (status == BAALS_NOTFOUND)
            continue;
        assert_ok(status);
        memcpy(file->name, flip_names[i], strlen(flip_names[i]) + 1);
        f->file_count++;
    }
}

static void flips_write_file(const struct flips *f, const struct flip_file *file)
{
    char path[BL_PATH_MAX];
    struct bl_file *handle = NULL;
    flips_path(f, path, file->name);
    assert_ok(bl_file_open(f->node.disk, &handle, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    assert_ok(bl_file_truncate(handle, file->len, NULL));
    assert_ok(bl_file_write_at(handle, 0, file->data, file->len, NULL));
    bl_file_close(handle);
}

static void flips_restore(const struct flips *f)
{
    for (size_t i = 0; i < f->file_count; i++)
        flips_write_file(f, &f->files[i]);
}

static void flips_make(struct flips *f, const char *real)
{
    memset(f, 0, sizeof *f);
    chain_genesis_init(&f->genesis, 1);
    chain_genesis_counter(&f->genesis);
    if (real != NULL)
        chain_node_init_real(&f->node, &f->genesis, 0, real);
    else
        chain_node_init(&f->node, &f->genesis, 0);
    chain_node_open(&f->node);
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        struct chain_tx tx =
            i % 2 == 0 ? chain_call(&f->genesis, 1, i - 1, "add")
                       : chain_transfer(&f->genesis, 1, i - 1, chain_address(40 + (unsigned)i), i);
        chain_submit(&f->node, &tx);
        assert_true(chain_produce(&f->node));
        f->ids[i] = tx.id;
    }
    struct chain_tx pending = chain_transfer(&f->genesis, 2, 0, chain_address(50), 1);
    chain_submit(&f->node, &pending);
    baals_chain *chain = f->node.chain;
    baals_address sender = chain_address(1);
    baals_address counter = chain_counter_id();
    f->tip = chain_info(&f->node).hash;
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        baals_block block;
        assert_ok(baals_block_get(chain, &f->blocks[i], i, NULL));
        assert_ok(baals_block_decode(&block, bl_slice(f->blocks[i].data, f->blocks[i].len), NULL));
        f->block_hashes[i] = block.hash;
        assert_ok(baals_receipt_get(chain, &f->receipts[i], NULL, NULL, &f->ids[i], NULL));
    }
    assert_ok(baals_account_get(chain, &f->account, &sender, NULL));
    assert_ok(baals_storage_get(chain, &f->counter, &counter, bl_slice_str("n"), NULL));
    chain_node_close(&f->node);
    flips_read_files(f);
}

static void flips_free(struct flips *f)
{
    for (size_t i = 0; i < f->file_count; i++) {
        struct bl_alloc alloc = f->node.disk->alloc;
        bl_alloc_free(&alloc, f->files[i].data, f->files[i].len + 1);
    }
    for (size_t i = 1; i <= BLOCKS; i++) {
        baals_bytes_free(&f->blocks[i]);
        baals_bytes_free(&f->receipts[i]);
    }
    baals_bytes_free(&f->counter);
    chain_node_deinit(&f->node);
    chain_genesis_deinit(&f->genesis);
}

/* Keeps the worst of what was seen. */
static void flips_note(int *result, int seen)
{
    if (seen > *result)
        *result = seen;
}

static int flips_bytes(baals_status status, baals_bytes *got, const baals_bytes *expected)
{
    int result = EXIT_RIGHT;
    if (status == BAALS_NOTFOUND)
        return EXIT_MISSED;
    if (status != BAALS_OK)
        return EXIT_DETECTED;
    if (got->len != expected->len || memcmp(got->data, expected->data, got->len) != 0)
        result = EXIT_WRONG;
    baals_bytes_free(got);
    return result;
}

/* Opens the directory and asks everything. */
static int flips_ask(struct flips *f)
{
    int result = EXIT_RIGHT;
    baals_address sender = chain_address(1);
    baals_address counter = chain_counter_id();
    baals_status status = chain_node_try_open(&f->node);
    if (status != BAALS_OK)
        return BAALS_STATUS_CLASS(status) == BAALS_CLASS_INTERNAL ? EXIT_WRONG : EXIT_DETECTED;
    baals_chain *chain = f->node.chain;
    baals_chain_info info = chain_info(&f->node);
    if (info.height != BLOCKS || memcmp(info.hash.bytes, f->tip.bytes, 32) != 0)
        result = EXIT_WRONG;
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        baals_bytes bytes = {NULL, 0, NULL};
        flips_note(&result,
                   flips_bytes(baals_block_get(chain, &bytes, i, NULL), &bytes, &f->blocks[i]));
        flips_note(&result,
                   flips_bytes(baals_block_get_by_hash(chain, &bytes, &f->block_hashes[i], NULL),
                               &bytes, &f->blocks[i]));
        flips_note(&result,
                   flips_bytes(baals_receipt_get(chain, &bytes, NULL, NULL, &f->ids[i], NULL),
                               &bytes, &f->receipts[i]));
    }
    baals_account account;
    baals_bytes value = {NULL, 0, NULL};
    status = baals_account_get(chain, &account, &sender, NULL);
    if (status == BAALS_NOTFOUND ||
        (status == BAALS_OK && memcmp(&account, &f->account, sizeof account) != 0))
        result = EXIT_WRONG;
    status = baals_storage_get(chain, &value, &counter, bl_slice_str("n"), NULL);
    if (status == BAALS_NOTFOUND)
        result = EXIT_WRONG;
    flips_note(&result, flips_bytes(status, &value, &f->counter));
    baals_chain *open = f->node.chain;
    f->node.chain = NULL;
    (void)baals_close(open, NULL);
    return result;
}

/* ---- everything but the store ---- */

static void flips_one(struct flips *f, struct flip_file *file, size_t at, uint64_t *detected)
{
    uint8_t mask = (uint8_t)(1u << (at * 5 + 3) % 8);
    flips_restore(f);
    file->data[at] ^= mask;
    flips_write_file(f, file);
    file->data[at] ^= mask;
    int result = flips_ask(f);
    if (result != EXIT_RIGHT && result != EXIT_DETECTED)
        fail_msg("byte %zu of %s: a wrong answer", at, file->name);
    *detected += result == EXIT_DETECTED ? 1 : 0;
}

/* Journal, pool.log, genesis.cbor, LOCK: a bit of every byte that is in use. */
static void test_files(void **state)
{
    static struct flips f;
    (void)state;
    flips_make(&f, NULL);
    for (size_t i = 0; i < f.file_count; i++) {
        struct flip_file *file = &f.files[i];
        uint64_t flipped = 0;
        uint64_t detected = 0;
        /* The journal's segment is mostly zeros behind what was written. */
        size_t used = file->len;
        while (used > 0 && file->data[used - 1] == 0)
            used--;
        size_t stride = used > 4000 ? 11 : 1;
        for (size_t at = 0; at < used; at += stride, flipped++)
            flips_one(&f, file, at, &detected);
        for (size_t at = used; at < file->len; at += file->len / 10 + 1, flipped++)
            flips_one(&f, file, at, &detected);
        printf("%s: %llu flips, %llu detected\n", file->name, (unsigned long long)flipped,
               (unsigned long long)detected);
        if (strcmp(file->name, "LOCK") != 0 && strcmp(file->name, "pool.log") != 0)
            assert_true(detected > flipped / 20);
    }
    flips_restore(&f);
    assert_int_equal(flips_ask(&f), EXIT_RIGHT);
    flips_free(&f);
}

/* ---- the store ---- */

/* In a child: asks, and whatever came of it, repairs and asks again. */
static int flips_child(struct flips *f)
{
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)freopen("/dev/null", "w", stderr);
        _exit(flips_ask(f));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void flips_repair(struct flips *f)
{
    struct baals_chain *chain = NULL;
    assert_ok(bl_chain_new_env(&chain, f->node.env, f->node.path, &f->node.options, NULL));
    assert_ok(bl_chain_repair(chain, NULL, NULL, &f->node.err));
    assert_int_equal(flips_ask(f), EXIT_RIGHT);
    char aside[BL_PATH_MAX];
    flips_path(f, aside, "kv-damaged-1");
    testlib_remove_tree(aside);
}

/* A bit of the store's file, in places spread over all of it. */
static void test_store(void **state)
{
    static struct flips f;
    (void)state;
    flips_make(&f, "flips");
    struct flip_file *kv = &f.files[f.file_count - 1];
    assert_string_equal(kv->name, "kv/data.mdb");
    /* The file is made longer than what it holds. */
    size_t used = kv->len;
    while (used > 0 && kv->data[used - 1] == 0)
        used--;
    struct testlib_rng rng = testlib_rng(1);
    uint64_t right = 0;
    uint64_t detected = 0;
    uint64_t missed = 0;
    uint64_t died = 0;
    for (unsigned i = 0; i < 250; i++) {
        size_t at = (size_t)testlib_rng_below(&rng, used);
        uint8_t mask = (uint8_t)(1u << testlib_rng_below(&rng, 8));
        flips_restore(&f);
        kv->data[at] ^= mask;
        flips_write_file(&f, kv);
        kv->data[at] ^= mask;
        int result = flips_child(&f);
        if (result == EXIT_WRONG)
            fail_msg("byte %zu of %s: a wrong answer", at, kv->name);
        right += result == EXIT_RIGHT ? 1 : 0;
        detected += result == EXIT_DETECTED ? 1 : 0;
        missed += result == EXIT_MISSED ? 1 : 0;
        died += result != EXIT_RIGHT && result != EXIT_DETECTED && result != EXIT_MISSED ? 1 : 0;
        if (i % 25 == 0 || result != EXIT_RIGHT)
            flips_repair(&f);
    }
    printf("%s: %llu right, %llu detected, %llu index entries missed, %llu died in lmdb\n",
           kv->name, (unsigned long long)right, (unsigned long long)detected,
           (unsigned long long)missed, (unsigned long long)died);
    assert_true(detected > 0);
    flips_free(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
