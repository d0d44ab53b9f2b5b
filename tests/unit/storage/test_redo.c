/* SPDX-License-Identifier: MIT */
/* The file of a large checkpoint: chunks, damage at every byte, the mark, other chains. */
#include "testlib.h"

#include <string.h>

#include "faulty_env.h"
#include "storage/redo.h"
#include "storage/storage_internal.h"

#define REDO_PATH "/kv/checkpoint.redo"

struct fixture {
    struct bl_env *env;
    baals_storage *storage;
    struct bl_storage_fault_plan plan;
    baals_hash chain;
};

static baals_storage *storage_open(struct fixture *f)
{
    baals_storage *inner;
    baals_storage *outer;
    assert_ok(bl_storage_open(&inner, f->env, "memory", NULL, NULL));
    assert_ok(bl_storage_fault_wrap(&outer, f->env, inner, &f->plan, NULL));
    return outer;
}

static void fixture_begin(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    assert_ok(bl_env_make_dir(f->env, "/kv", NULL));
    f->plan = (struct bl_storage_fault_plan){.ops = BL_STORAGE_OP_APPLY, .status = BAALS_IO};
    memset(f->chain.bytes, 5, sizeof f->chain.bytes);
    f->storage = storage_open(f);
}

static void fixture_end(struct fixture *f)
{
    bl_storage_close(f->storage);
    bl_env_close(f->env);
}

/* Adds `count` changes with values of `len` bytes that name `version`. */
static baals_status
add_all(struct bl_redo *redo, uint32_t count, size_t len, uint8_t version, baals_error *err)
{
    static uint8_t value[BL_KV_VALUE_MAX];
    memset(value, version, len);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[4];
        bl_store_u32be(key, i);
        baals_write write = {.space = BAALS_SPACE_STORAGE,
                             .is_delete = i % 7 == 6,
                             .key = bl_slice(key, sizeof key),
                             .value = bl_slice(value, len)};
        BL_TRY(bl_redo_add(redo, &write, err));
    }
    return bl_redo_seal(redo, err);
}

static struct bl_redo *redo_of(struct fixture *f, uint32_t count, size_t len, uint8_t version)
{
    struct bl_redo *redo = NULL;
    assert_ok(bl_redo_begin(&redo, f->env, "/kv", &f->chain, NULL));
    assert_ok(add_all(redo, count, len, version, NULL));
    return redo;
}

static bool file_is_there(struct fixture *f)
{
    struct bl_file *file = NULL;
    baals_status status = bl_file_open(f->env, &file, REDO_PATH, BL_OPEN_READ, NULL);
    bl_file_close(file);
    assert_true(status == BAALS_OK || status == BAALS_NOTFOUND);
    return status == BAALS_OK;
}

static baals_status recover(struct fixture *f, const char *dir)
{
    return bl_redo_recover(f->env, f->storage, dir, &f->chain, NULL);
}

/* How many of the changes show `version`; the mark is not there. */
static uint32_t count_of(baals_storage *storage, uint32_t count, uint8_t version)
{
    baals_snapshot *snapshot;
    baals_slice value;
    uint32_t found = 0;
    assert_ok(bl_storage_snapshot_begin(storage, &snapshot, NULL));
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[4];
        bl_store_u32be(key, i);
        baals_status status = bl_storage_get(storage, &value, snapshot, BAALS_SPACE_STORAGE,
                                             bl_slice(key, sizeof key), NULL);
        found +=
            i % 7 == 6 ? status == BAALS_NOTFOUND : status == BAALS_OK && value.data[0] == version;
    }
    assert_status(bl_storage_get(storage, &value, snapshot, BAALS_SPACE_CHECKPOINT,
                                 bl_slice_str("redo"), NULL),
                  BAALS_NOTFOUND);
    bl_storage_snapshot_end(storage, snapshot);
    return found;
}

/* Lets the batch fail at its second transaction: the storage is between two states. */
static void apply_half(struct fixture *f, struct bl_redo *redo)
{
    atomic_store(&f->plan.calls, 0);
    f->plan.fail_at = 2;
    assert_status(bl_redo_apply(redo, f->storage, NULL), BAALS_IO);
    f->plan.fail_at = 0;
}

static size_t file_read(struct fixture *f, uint8_t **bytes)
{
    size_t len = 0;
    assert_ok(bl_file_read_all(f->env, bytes, &len, REDO_PATH, SIZE_MAX / 2, NULL));
    return len;
}

static void file_write(struct fixture *f, const uint8_t *bytes, size_t len)
{
    assert_ok(bl_file_write_all(f->env, REDO_PATH, bl_slice(bytes, len), NULL));
}

/* Goal: a batch of one chunk makes no file, and is applied whole. */
static void test_redo_small(void **state)
{
    struct fixture f;
    (void)state;
    fixture_begin(&f);
    struct bl_redo *redo = redo_of(&f, 1500, 30, 1);
    assert_int_equal(bl_redo_count(redo), 1);
    assert_false(file_is_there(&f));
    assert_ok(bl_redo_apply(redo, f.storage, NULL));
    assert_int_equal(f.plan.calls, 1);
    bl_redo_close(redo);
    assert_int_equal(count_of(f.storage, 1500, 1), 1500);
    fixture_end(&f);
}

/* Goal: without a folder any batch is one chunk. */
static void test_redo_no_folder(void **state)
{
    struct fixture f;
    struct bl_redo *redo = NULL;
    (void)state;
    fixture_begin(&f);
    assert_ok(bl_redo_begin(&redo, f.env, NULL, &f.chain, NULL));
    assert_ok(add_all(redo, 9000, 30, 1, NULL));
    assert_int_equal(bl_redo_count(redo), 1);
    assert_ok(bl_redo_apply(redo, f.storage, NULL));
    bl_redo_close(redo);
    assert_int_equal(count_of(f.storage, 9000, 1), 9000);
    fixture_end(&f);
}

/* Goal: chunks are bounded by the number of changes and by their bytes, the longest values
 * included, and all of them arrive. */
static void test_redo_chunks(void **state)
{
    static const struct {
        uint32_t count;
        size_t len;
        size_t chunks;
    } cases[] = {{1501, 30, 2}, {15000, 30, 10}, {200, 65536, 4}, {6, BL_KV_VALUE_MAX, 3}};
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct fixture f;
        fixture_begin(&f);
        struct bl_redo *redo = redo_of(&f, cases[i].count, cases[i].len, 1);
        assert_int_equal(bl_redo_count(redo), cases[i].chunks);
        assert_true(file_is_there(&f));
        assert_ok(bl_redo_apply(redo, f.storage, NULL));
        assert_int_equal(f.plan.calls, cases[i].chunks);
        bl_redo_close(redo);
        assert_int_equal(count_of(f.storage, cases[i].count, 1), cases[i].count);
        fixture_end(&f);
    }
}

/* Goal: a batch that failed at any of its transactions, before or after it took effect, is ended by
 * applying it again, and by opening. */
static void test_redo_fails_anywhere(void **state)
{
    enum { CHUNKS = 4, COUNT = 5000 };
    (void)state;
    for (uint64_t fail_at = 1; fail_at <= CHUNKS; fail_at++) {
        for (int i = 0; i < 4; i++) {
            struct fixture f;
            fixture_begin(&f);
            struct bl_redo *old = redo_of(&f, COUNT, 8, 1);
            assert_ok(bl_redo_apply(old, f.storage, NULL));
            bl_redo_close(old);
            struct bl_redo *redo = redo_of(&f, COUNT, 8, 2);
            assert_int_equal(bl_redo_count(redo), CHUNKS);
            f.plan.fail_at = fail_at;
            f.plan.after = i % 2 == 0;
            atomic_store(&f.plan.calls, 0);
            assert_status(bl_redo_apply(redo, f.storage, NULL), BAALS_IO);
            f.plan.fail_at = 0;
            bool begun = f.plan.after ? true : fail_at > 1;
            if (i < 2)
                assert_ok(bl_redo_apply(redo, f.storage, NULL));
            else
                assert_ok(recover(&f, "/kv"));
            bl_redo_close(redo);
            assert_int_equal(count_of(f.storage, COUNT, i < 2 || begun ? 2 : 1), COUNT);
            assert_int_equal(file_is_there(&f), i < 2);
            fixture_end(&f);
        }
    }
}

/* Goal: a file without a mark in the store is removed and changes nothing; no file is fine. */
static void test_redo_without_mark(void **state)
{
    struct fixture f;
    (void)state;
    fixture_begin(&f);
    assert_ok(recover(&f, "/kv"));
    assert_ok(recover(&f, NULL));
    bl_redo_close(redo_of(&f, 2000, 8, 1));
    assert_true(file_is_there(&f));
    assert_ok(recover(&f, "/kv"));
    assert_false(file_is_there(&f));
    assert_int_equal(count_of(f.storage, 2000, 1), 285); /* the removals */
    file_write(&f, (const uint8_t *)"x", 1);
    assert_ok(recover(&f, "/kv"));
    assert_false(file_is_there(&f));
    fixture_end(&f);
}

/* Goal: a store with a mark whose file is missing, another chain's or another checkpoint's, or that
 * is opened without its folder, is never taken for whole. */
static void test_redo_mark_without_file(void **state)
{
    struct fixture f;
    uint8_t *bytes = NULL;
    uint8_t *other = NULL;
    (void)state;
    fixture_begin(&f);
    bl_redo_close(redo_of(&f, 2000, 8, 2));
    size_t other_len = file_read(&f, &other);
    struct bl_redo *redo = redo_of(&f, 2000, 8, 1);
    apply_half(&f, redo);
    bl_redo_close(redo);
    size_t len = file_read(&f, &bytes);
    assert_status(recover(&f, NULL), BAALS_CORRUPT_STORE);
    assert_ok(bl_redo_remove(f.env, "/kv", NULL));
    assert_status(recover(&f, "/kv"), BAALS_CORRUPT_STORE);
    file_write(&f, other, other_len);
    assert_status(recover(&f, "/kv"), BAALS_CORRUPT_STORE);
    file_write(&f, bytes, len);
    f.chain.bytes[0] ^= 1;
    assert_status(recover(&f, "/kv"), BAALS_CORRUPT_FOREIGN);
    f.chain.bytes[0] ^= 1;
    assert_ok(recover(&f, "/kv"));
    assert_int_equal(count_of(f.storage, 2000, 1), 2000);
    bl_alloc_free(&f.env->alloc, bytes, len + 1);
    bl_alloc_free(&f.env->alloc, other, other_len + 1);
    fixture_end(&f);
}

/* Goal: a mark of another form is refused. */
static void test_redo_mark_damaged(void **state)
{
    struct fixture f;
    uint8_t mark[37] = {0, 0, 0, 1};
    static const size_t lens[] = {0, 3, 35, 37};
    baals_write write = {.space = BAALS_SPACE_CHECKPOINT, .key = bl_slice_str("redo")};
    (void)state;
    fixture_begin(&f);
    for (size_t i = 0; i < BL_COUNT_OF(lens); i++) {
        write.value = bl_slice(mark, lens[i]);
        assert_ok(bl_storage_apply(f.storage, f.env, &write, 1, NULL));
        assert_status(recover(&f, "/kv"), BAALS_CORRUPT_STORE);
    }
    mark[3] = 2;
    write.value = bl_slice(mark, 36);
    assert_ok(bl_storage_apply(f.storage, f.env, &write, 1, NULL));
    assert_status(recover(&f, "/kv"), BAALS_CORRUPT_STORE);
    fixture_end(&f);
}

/* What recovering gives with the file's bytes as they are now: the storage is untouched unless it
 * is OK. */
static baals_status recover_with(struct fixture *f, const uint8_t *bytes, size_t len)
{
    file_write(f, bytes, len);
    uint64_t before = f->plan.calls;
    baals_status status = recover(f, "/kv");
    if (status != BAALS_OK)
        assert_int_equal(f->plan.calls, before);
    return status;
}

/* Goal: a file cut at any byte, or with any byte changed, is refused before any of it is applied.
 * Bytes behind the last chunk are no part of it. */
static void test_redo_damage(void **state)
{
    enum { BIG = 32000 };
    struct fixture f;
    uint8_t *bytes = NULL;
    struct testlib_rng rng = testlib_rng(3);
    (void)state;
    fixture_begin(&f);
    struct bl_redo *redo = redo_of(&f, 120, BIG, 1); /* two chunks, the second short */
    assert_int_equal(bl_redo_count(redo), 2);
    apply_half(&f, redo);
    bl_redo_close(redo);
    size_t len = file_read(&f, &bytes);
    size_t tail = len - 4000;
    for (size_t round = 0; round < 700; round++) {
        /* The header and the first chunk's, then anywhere, then all around the end. */
        size_t at = round < 120   ? round
                    : round < 600 ? (size_t)testlib_rng_below(&rng, len)
                                  : len - 1 - (round - 600);
        uint8_t bit = (uint8_t)(1u << testlib_rng_below(&rng, 8));
        bytes[at] ^= bit;
        baals_status status = recover_with(&f, bytes, len);
        bytes[at] ^= bit;
        assert_int_equal(BAALS_STATUS_CLASS(status), BAALS_CLASS_CORRUPT);
        if (round % 10 == 0 || at > tail)
            assert_status(recover_with(&f, bytes, at), BAALS_CORRUPT_STORE);
    }
    bytes[len] = 1;
    assert_ok(recover_with(&f, bytes, len + 1));
    assert_int_equal(count_of(f.storage, 120, 1), 120);
    bl_alloc_free(&f.env->alloc, bytes, len + 1);
    fixture_end(&f);
}

/* Goal: a file that changes between being checked and being applied is noticed. */
static void test_redo_changed_later(void **state)
{
    struct fixture f;
    struct bl_file *file = NULL;
    (void)state;
    fixture_begin(&f);
    struct bl_redo *redo = redo_of(&f, 4000, 8, 1);
    assert_ok(bl_file_open(f.env, &file, REDO_PATH, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_write_at(file, 50000, (const uint8_t *)"change", 6, NULL));
    assert_status(bl_redo_apply(redo, f.storage, NULL), BAALS_CORRUPT_STORE);
    assert_ok(bl_file_truncate(file, 100, NULL));
    assert_status(bl_redo_apply(redo, f.storage, NULL), BAALS_CORRUPT_STORE);
    bl_file_close(file);
    bl_redo_close(redo);
    fixture_end(&f);
}

/* Writes a batch and applies half of it, then recovers; OK, or what failed first. */
static baals_status workload(struct fixture *f, struct bl_env *env)
{
    struct bl_redo *redo = NULL;
    BL_TRY(bl_redo_begin(&redo, env, "/kv", &f->chain, NULL));
    baals_status status = add_all(redo, 2000, 8, 1, NULL);
    if (status == BAALS_OK) {
        atomic_store(&f->plan.calls, 0);
        f->plan.fail_at = 2;
        status = bl_redo_apply(redo, f->storage, NULL);
        f->plan.fail_at = 0;
        status = status == BAALS_IO && f->plan.calls == 2 ? BAALS_OK : status;
    }
    bl_redo_close(redo);
    if (status == BAALS_OK)
        status = bl_redo_recover(env, f->storage, "/kv", &f->chain, NULL);
    return status;
}

/* Goal: whichever operation on files fails once, it is reported, and opening afterwards gives the
 * one state or the other. */
static void test_redo_file_faults(void **state)
{
    uint64_t failed = 0;
    (void)state;
    for (uint64_t fail_at = 1;; fail_at++) {
        struct fixture f;
        struct testlib_faulty_env faulty;
        fixture_begin(&f);
        testlib_faulty_env_init(&faulty, f.env);
        faulty.fail_at = fail_at;
        baals_status status = workload(&f, &faulty.env);
        bool all = faulty.calls < fail_at;
        assert_int_equal(status == BAALS_OK, all);
        failed += !all;
        assert_ok(recover(&f, "/kv"));
        assert_false(file_is_there(&f));
        uint32_t shown = count_of(f.storage, 2000, 1);
        assert_true(shown == 285 || shown == 2000);
        fixture_end(&f);
        if (all)
            break;
    }
    assert_true(failed > 10);
}

/* Goal: whichever allocation fails, the answer is NOMEM, nothing leaks, and opening afterwards
 * gives the one state or the other. */
static void test_redo_nomem(void **state)
{
    uint64_t failed = 0;
    (void)state;
    for (uint64_t fail_at = 1;; fail_at++) {
        struct fixture f;
        struct testlib_faulty_alloc faulty = {.fail_at = fail_at};
        fixture_begin(&f);
        struct testlib_faulty_env pass;
        testlib_faulty_env_init(&pass, f.env);
        pass.env.alloc = testlib_faulty_alloc(&faulty);
        baals_status status = workload(&f, &pass.env);
        bool all = faulty.calls < fail_at;
        assert_status(status, all ? BAALS_OK : BAALS_NOMEM);
        assert_int_equal(faulty.live, 0);
        failed += !all;
        assert_ok(recover(&f, "/kv"));
        uint32_t shown = count_of(f.storage, 2000, 1);
        assert_true(shown == 285 || shown == 2000);
        fixture_end(&f);
        if (all)
            break;
    }
    assert_true(failed > 5);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redo_small),         cmocka_unit_test(test_redo_no_folder),
        cmocka_unit_test(test_redo_chunks),        cmocka_unit_test(test_redo_fails_anywhere),
        cmocka_unit_test(test_redo_without_mark),  cmocka_unit_test(test_redo_mark_without_file),
        cmocka_unit_test(test_redo_mark_damaged),  cmocka_unit_test(test_redo_damage),
        cmocka_unit_test(test_redo_changed_later), cmocka_unit_test(test_redo_file_faults),
        cmocka_unit_test(test_redo_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
