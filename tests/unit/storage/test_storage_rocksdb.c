/* SPDX-License-Identifier: MIT */
/* The RocksDB backend: reopening, foreign and damaged files, what it lends. */
#include "testlib.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage_internal.h"

enum { KEYS = 300, VALUE_BYTES = 60 };

struct fixture {
    struct bl_env *env;
    char dir[512];
    char kv[600];
};

static void fixture_begin(struct fixture *f)
{
    assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
    testlib_temp_dir(f->dir, sizeof(f->dir), "rocksdb");
    assert_ok(bl_path_join(f->kv, sizeof(f->kv), f->dir, "kv", NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_env_close(f->env);
    testlib_remove_tree(f->dir);
}

static void value_of(uint8_t out[VALUE_BYTES], uint32_t i)
{
    struct testlib_rng rng = {.state = i + 1};
    testlib_rng_bytes(&rng, out, VALUE_BYTES);
}

/* One batch of all keys. */
static void fill(struct fixture *f)
{
    static uint8_t keys[KEYS][4];
    static uint8_t values[KEYS][VALUE_BYTES];
    static baals_write writes[KEYS];
    baals_storage *storage;
    for (uint32_t i = 0; i < KEYS; i++) {
        bl_store_u32be(keys[i], i);
        value_of(values[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_ACCOUNTS,
                                  .key = bl_slice(keys[i], 4),
                                  .value = bl_slice(values[i], VALUE_BYTES)};
    }
    assert_ok(bl_storage_open(&storage, f->env, "rocksdb", f->kv, NULL));
    assert_ok(bl_storage_apply(storage, f->env, writes, KEYS, NULL));
    assert_ok(bl_storage_sync(storage, NULL));
    bl_storage_close(storage);
}

struct findings {
    uint32_t right;
    uint32_t missing;
    uint32_t refused;
    uint32_t wrong;
};

/* Opens the store and reads every key. */
static struct findings read_all(struct fixture *f)
{
    struct findings findings = {0};
    baals_storage *storage;
    baals_snapshot *snapshot;
    if (bl_storage_open(&storage, f->env, "rocksdb", f->kv, NULL) != BAALS_OK) {
        findings.refused = KEYS;
        return findings;
    }
    assert_ok(bl_storage_snapshot_begin(storage, &snapshot, NULL));
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t key[4];
        uint8_t expected[VALUE_BYTES];
        baals_slice value;
        bl_store_u32be(key, i);
        value_of(expected, i);
        baals_status status =
            bl_storage_get(storage, &value, snapshot, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4), NULL);
        if (status == BAALS_NOTFOUND)
            findings.missing++;
        else if (status != BAALS_OK)
            findings.refused++;
        else if (bl_slice_equal(value, bl_slice(expected, VALUE_BYTES)))
            findings.right++;
        else
            findings.wrong++;
    }
    bl_storage_snapshot_end(storage, snapshot);
    bl_storage_close(storage);
    return findings;
}

/* Goal: what was applied is there after reopening, whole, also the second time. */
static void test_rocksdb_reopen(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    fill(&f);
    for (int round = 0; round < 2; round++)
        assert_int_equal(read_all(&f).right, KEYS);
    fixture_end(&f);
}

/* Goal: the database is for one opener, and its files are told from LMDB's. */
static void test_rocksdb_one_opener(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage;
    baals_storage *second = NULL;
    baals_error err;
    fixture_begin(&f);
    fill(&f);
    assert_ok(bl_storage_open(&storage, f.env, NULL, f.kv, NULL));
    assert_string_equal(storage->ops->name, "rocksdb");
    assert_status(bl_storage_open(&second, f.env, "rocksdb", f.kv, &err), BAALS_BUSY);
    bl_storage_close(storage);
    assert_status(bl_storage_open(&second, f.env, "lmdb", f.kv, &err), BAALS_LIMIT_EXISTS);
    assert_non_null(strstr(err.message, "rocksdb"));
    assert_null(second);
    fixture_end(&f);
}

/* Goal: what a snapshot lent stays as it was while it lives, whatever is read or written after. */
static void test_rocksdb_lends(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage;
    baals_snapshot *snapshot;
    baals_slice first;
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint8_t copy[VALUE_BYTES];
    uint8_t zero[4] = {0};
    fixture_begin(&f);
    fill(&f);
    assert_ok(bl_storage_open(&storage, f.env, "rocksdb", f.kv, NULL));
    assert_ok(bl_storage_snapshot_begin(storage, &snapshot, NULL));
    assert_ok(
        bl_storage_get(storage, &first, snapshot, BAALS_SPACE_ACCOUNTS, bl_slice(zero, 4), NULL));
    memcpy(copy, first.data, VALUE_BYTES);
    baals_write gone = {
        .space = BAALS_SPACE_ACCOUNTS, .is_delete = 1, .key = bl_slice(zero, 4), .value = {0}};
    assert_ok(bl_storage_apply(storage, f.env, &gone, 1, NULL));
    uint32_t seen = 0;
    while (bl_storage_seek(storage, &key, &value, snapshot, BAALS_SPACE_ACCOUNTS, key,
                           BAALS_SEEK_EXCLUSIVE, NULL) == BAALS_OK)
        seen++;
    assert_int_equal(seen, KEYS);
    assert_memory_equal(first.data, copy, VALUE_BYTES);
    bl_storage_snapshot_end(storage, snapshot);
    bl_storage_close(storage);
    fixture_end(&f);
}

/* The names of the files of the database, sorted out by `keep`. */
static size_t files_of(char names[][300], size_t cap, const char *dir)
{
    size_t count = 0;
    DIR *folder = opendir(dir);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "LO", 2) == 0)
            continue; /* LOCK and the diary LOG */
        assert_true(count < cap);
        (void)snprintf(names[count++], 300, "%s", entry->d_name);
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

static void copy_folder(struct bl_env *env, const char *from, const char *to)
{
    char names[32][300];
    char path[1000];
    assert_ok(bl_env_make_dir(env, to, NULL));
    size_t count = files_of(names, 32, from);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        assert_ok(bl_path_join(path, sizeof path, from, names[i], NULL));
        uint8_t *bytes = testlib_read_file(&len, path);
        assert_ok(bl_path_join(path, sizeof path, to, names[i], NULL));
        assert_ok(bl_file_write_all(env, path, bl_slice(bytes, len), NULL));
        free(bytes);
    }
}

/* Goal: a bit flipped anywhere in any file of the database is refused or loses the batch; it never
 * gives a wrong value and never a part of the batch. */
static void test_rocksdb_any_flip(void **state)
{
    (void)state;
    enum { FLIPS = 120 };
    struct fixture f;
    struct testlib_rng rng = testlib_rng(7);
    char names[32][300];
    char path[1000];
    uint32_t refused = 0;
    uint32_t lost = 0;
    fixture_begin(&f);
    fill(&f);
    assert_int_equal(read_all(&f).right, KEYS); /* opened once: the log became a table */
    struct fixture copy = f;
    assert_ok(bl_path_join(copy.kv, sizeof copy.kv, f.dir, "copy", NULL));
    for (uint32_t round = 0; round < FLIPS; round++) {
        copy_folder(f.env, f.kv, copy.kv);
        size_t count = files_of(names, 32, copy.kv);
        size_t len = 0;
        assert_ok(
            bl_path_join(path, sizeof path, copy.kv, names[testlib_rng_below(&rng, count)], NULL));
        uint8_t *bytes = testlib_read_file(&len, path);
        if (len > 0) {
            bytes[testlib_rng_below(&rng, len)] ^= (uint8_t)(1u << testlib_rng_below(&rng, 8));
            assert_ok(bl_file_write_all(f.env, path, bl_slice(bytes, len), NULL));
        }
        free(bytes);
        struct findings found = read_all(&copy);
        assert_int_equal(found.wrong, 0);
        assert_true(found.missing == 0 || found.missing == KEYS);
        refused += found.refused > 0;
        lost += found.missing > 0;
        testlib_remove_tree(copy.kv);
    }
    printf("%d flips: %u refused, %u lost the batch\n", FLIPS, refused, lost);
    assert_true(refused > 0);
    fixture_end(&f);
}

/* Goal: a folder whose parent is missing is refused. */
static void test_rocksdb_no_folder(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage = NULL;
    char deep[700];
    fixture_begin(&f);
    assert_ok(bl_path_join(deep, sizeof(deep), f.kv, "deeper", NULL));
    assert_status(bl_storage_open(&storage, f.env, "rocksdb", deep, NULL), BAALS_NOTFOUND);
    assert_null(storage);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rocksdb_reopen),    cmocka_unit_test(test_rocksdb_one_opener),
        cmocka_unit_test(test_rocksdb_lends),     cmocka_unit_test(test_rocksdb_any_flip),
        cmocka_unit_test(test_rocksdb_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
