/* SPDX-License-Identifier: MIT */
/* The LMDB backend: reopening, foreign and damaged files. */
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/storage_internal.h"

enum { KEYS = 400, VALUE_BYTES = 40, LARGE_BYTES = 9000 };

struct fixture {
    struct bl_env *env;
    char dir[512];
    char kv[600];
    char data[700];
};

static void fixture_begin(struct fixture *f)
{
    assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
    testlib_temp_dir(f->dir, sizeof(f->dir), "lmdb");
    assert_ok(bl_path_join(f->kv, sizeof(f->kv), f->dir, "kv", NULL));
    assert_ok(bl_path_join(f->data, sizeof(f->data), f->kv, "data.mdb", NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_env_close(f->env);
    testlib_remove_tree(f->dir);
}

static baals_status fixture_open(struct fixture *f, baals_storage **out, baals_error *err)
{
    return bl_storage_open(out, f->env, "lmdb", f->kv, err);
}

/* The value of key i: recognisable bytes, every 50th so long that it has pages of its own. */
static size_t value_of(uint8_t out[LARGE_BYTES], uint32_t i)
{
    struct testlib_rng rng = {.state = i + 1};
    size_t len = i % 50 == 0 ? LARGE_BYTES : VALUE_BYTES;
    testlib_rng_bytes(&rng, out, len);
    return len;
}

static void fill(struct fixture *f)
{
    static uint8_t keys[KEYS][4];
    static uint8_t values[KEYS][LARGE_BYTES];
    static baals_write writes[KEYS];
    baals_storage *storage;
    for (uint32_t i = 0; i < KEYS; i++) {
        bl_store_u32be(keys[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_ACCOUNTS,
                                  .key = bl_slice(keys[i], 4),
                                  .value = bl_slice(values[i], value_of(values[i], i))};
    }
    assert_ok(fixture_open(f, &storage, NULL));
    assert_ok(bl_storage_apply(storage, f->env, writes, KEYS, NULL));
    assert_ok(bl_storage_sync(storage, NULL));
    bl_storage_close(storage);
}

/* What reading everything gave. */
struct findings {
    uint32_t right;
    uint32_t missing;
    uint32_t refused;
    uint32_t wrong;
};

static void judge(struct findings *findings, baals_status status, baals_slice value, uint32_t i)
{
    uint8_t expected[LARGE_BYTES];
    if (status == BAALS_NOTFOUND)
        findings->missing++;
    else if (status != BAALS_OK)
        findings->refused++;
    else if (i < KEYS && bl_slice_equal(value, bl_slice(expected, value_of(expected, i))))
        findings->right++;
    else
        findings->wrong++;
}

/* Opens the store, reads every key and walks over all in both directions. */
static struct findings read_all(struct fixture *f)
{
    struct findings findings = {0};
    baals_storage *storage;
    baals_snapshot *snapshot;
    if (fixture_open(f, &storage, NULL) != BAALS_OK) {
        findings.refused++;
        return findings;
    }
    if (bl_storage_snapshot_begin(storage, &snapshot, NULL) != BAALS_OK) {
        findings.refused++;
        bl_storage_close(storage);
        return findings;
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t key[4];
        baals_slice value;
        bl_store_u32be(key, i);
        judge(
            &findings,
            bl_storage_get(storage, &value, snapshot, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4), NULL),
            value, i);
    }
    for (uint32_t flags = BAALS_SEEK_EXCLUSIVE; flags <= 3; flags += BAALS_SEEK_DESCENDING) {
        baals_slice key = {NULL, 0};
        baals_slice value;
        while (bl_storage_seek(storage, &key, &value, snapshot, BAALS_SPACE_ACCOUNTS, key, flags,
                               NULL) == BAALS_OK)
            judge(&findings, BAALS_OK, value, key.len == 4 ? bl_load_u32be(key.data) : KEYS);
    }
    bl_storage_snapshot_end(storage, snapshot);
    bl_storage_close(storage);
    return findings;
}

static void flip(const char *path, size_t offset, unsigned bit)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_true(byte >= 0);
    assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ (int)(1u << bit), file), byte ^ (int)(1u << bit));
    assert_int_equal(fclose(file), 0);
}

/* Goal: what was applied is there after reopening, whole. */
static void test_lmdb_reopen(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    fill(&f);
    struct findings findings = read_all(&f);
    assert_int_equal(findings.right, 3 * KEYS);
    assert_int_equal(findings.missing + findings.refused + findings.wrong, 0);
    fixture_end(&f);
}

/* Goal: every bit of a value, flipped in the file, is CORRUPT_STORE for its key and nothing else.
 */
static void test_lmdb_value_flips(void **state)
{
    (void)state;
    struct fixture f;
    struct testlib_rng rng = testlib_rng(1);
    uint8_t needle[LARGE_BYTES];
    size_t file_len;
    fixture_begin(&f);
    fill(&f);
    uint8_t *file = testlib_read_file(&file_len, f.data);
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t i = round < 8 ? round * 50 : (uint32_t)testlib_rng_below(&rng, KEYS);
        size_t len = value_of(needle, i);
        size_t at = 0;
        while (at + len <= file_len && memcmp(file + at, needle, len) != 0)
            at++;
        assert_true(at + len <= file_len);
        size_t offset = at + (size_t)testlib_rng_below(&rng, len + BL_KV_CHECKSUM_BYTES);
        unsigned bit = (unsigned)testlib_rng_below(&rng, 8);
        flip(f.data, offset, bit);
        baals_storage *storage;
        baals_snapshot *snapshot;
        baals_slice value;
        uint8_t key[4];
        bl_store_u32be(key, i);
        assert_ok(fixture_open(&f, &storage, NULL));
        assert_ok(bl_storage_snapshot_begin(storage, &snapshot, NULL));
        assert_status(
            bl_storage_get(storage, &value, snapshot, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4), NULL),
            BAALS_CORRUPT_STORE);
        key[3] ^= 1;
        assert_ok(bl_storage_get(storage, &value, snapshot, BAALS_SPACE_ACCOUNTS, bl_slice(key, 4),
                                 NULL));
        bl_storage_snapshot_end(storage, snapshot);
        bl_storage_close(storage);
        flip(f.data, offset, bit);
    }
    free(file);
    fixture_end(&f);
}

/* No answer was wrong, one was, LMDB ended the process. No sanitizer exits with these. */
enum { CHILD_RIGHT = 40, CHILD_WRONG = 41, CHILD_ENDED = 42 };

/* Reads everything in a child, since LMDB itself may abort on a damaged page. */
static int read_all_in_child(struct fixture *f)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
        for (size_t i = 0; i < BL_COUNT_OF(signals); i++)
            (void)signal(signals[i], SIG_DFL);
        (void)freopen("/dev/null", "w", stderr);
        struct findings findings = read_all(f);
        _exit(findings.wrong == 0 ? CHILD_RIGHT : CHILD_WRONG);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    bool told = WIFEXITED(status) &&
                (WEXITSTATUS(status) == CHILD_RIGHT || WEXITSTATUS(status) == CHILD_WRONG);
    return told ? WEXITSTATUS(status) : CHILD_ENDED;
}

/* Goal: a bit flipped anywhere in the file never gives a wrong value. */
static void test_lmdb_any_flip(void **state)
{
    (void)state;
    enum { FLIPS = 250 };
    struct fixture f;
    struct testlib_rng rng = testlib_rng(2);
    size_t ended = 0;
    fixture_begin(&f);
    fill(&f);
    size_t file_len;
    uint8_t *file = testlib_read_file(&file_len, f.data);
    size_t used = file_len;
    while (used > 0 && file[used - 1] == 0)
        used--;
    for (size_t round = 0; round < FLIPS; round++) {
        size_t offset = (size_t)testlib_rng_below(&rng, used);
        unsigned bit = (unsigned)testlib_rng_below(&rng, 8);
        /* Half of them where LMDB keeps its own words: the starts of pages. */
        if (round % 2 == 0)
            offset = offset / 4096 * 4096 + offset % 64;
        flip(f.data, offset, bit);
        int verdict = read_all_in_child(&f);
        if (verdict == CHILD_WRONG)
            fail_msg("bit %u of byte %zu gives a wrong value", bit, offset);
        ended += verdict == CHILD_ENDED;
        flip(f.data, offset, bit);
    }
    printf("%d flips, LMDB ended the process in %zu\n", FLIPS, ended);
    assert_int_equal(read_all(&f).right, 3 * KEYS);
    free(file);
    fixture_end(&f);
}

/* Goal: a file cut to any length is refused or read as far as it goes, never a signal or a wrong
 * value. */
static void test_lmdb_cut(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    fill(&f);
    size_t file_len;
    uint8_t *file = testlib_read_file(&file_len, f.data);
    size_t used = file_len;
    while (used > 0 && file[used - 1] == 0)
        used--;
    for (size_t cut = 1; cut < used; cut += used / 40 + 1) {
        FILE *out = fopen(f.data, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(file, 1, cut, out), cut);
        assert_int_equal(fclose(out), 0);
        assert_int_equal(read_all_in_child(&f), CHILD_RIGHT);
    }
    free(file);
    fixture_end(&f);
}

/* Goal: a file that LMDB did not write is CORRUPT_STORE. */
static void test_lmdb_foreign_file(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage = NULL;
    baals_error err;
    uint8_t bytes[8192];
    fixture_begin(&f);
    memset(bytes, 'x', sizeof(bytes));
    assert_ok(bl_env_make_dir(f.env, f.kv, NULL));
    assert_ok(bl_file_write_all(f.env, f.data, bl_slice(bytes, sizeof(bytes)), NULL));
    assert_status(fixture_open(&f, &storage, &err), BAALS_CORRUPT_STORE);
    assert_non_null(strstr(err.message, f.kv));
    assert_null(storage);
    fixture_end(&f);
}

/* Goal: a folder whose parent is missing, or that is a file, is refused. */
static void test_lmdb_no_folder(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage = NULL;
    fixture_begin(&f);
    char deep[700];
    assert_ok(bl_path_join(deep, sizeof(deep), f.kv, "deeper", NULL));
    assert_status(bl_storage_open(&storage, f.env, "lmdb", deep, NULL), BAALS_NOTFOUND);
    assert_ok(bl_file_write_all(f.env, f.kv, bl_slice_str("a file"), NULL));
    assert_status(fixture_open(&f, &storage, NULL), BAALS_LIMIT_EXISTS);
    assert_null(storage);
    fixture_end(&f);
}

/* Goal: files are for their owner only, and a whole batch grows the file ahead of what it uses. */
static void test_lmdb_file(void **state)
{
    (void)state;
    struct fixture f;
    struct stat info;
    baals_storage *storage;
    baals_storage_stats stats;
    fixture_begin(&f);
    fill(&f);
    assert_int_equal(stat(f.data, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(fixture_open(&f, &storage, NULL));
    assert_ok(bl_storage_stats(storage, &stats, NULL));
    assert_int_equal(stats.entries, KEYS);
    assert_true(stats.disk_bytes >= KEYS * VALUE_BYTES);
    assert_true((uint64_t)info.st_size >= stats.disk_bytes + 2 * 1024 * 1024);
    bl_storage_close(storage);
    fixture_end(&f);
}

/* Goal: old pages are used again, so that writing the same keys does not grow the store. */
static void test_lmdb_space_reused(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage;
    baals_storage_stats first;
    baals_storage_stats last;
    fixture_begin(&f);
    fill(&f);
    assert_ok(fixture_open(&f, &storage, NULL));
    for (uint32_t round = 0; round < 40; round++) {
        uint8_t key[4] = {0};
        uint8_t value[LARGE_BYTES];
        baals_write write = {.space = BAALS_SPACE_ACCOUNTS,
                             .key = bl_slice(key, 4),
                             .value = bl_slice(value, value_of(value, 0))};
        assert_ok(bl_storage_apply(storage, f.env, &write, 1, NULL));
        if (round == 5)
            assert_ok(bl_storage_stats(storage, &first, NULL));
    }
    assert_ok(bl_storage_stats(storage, &last, NULL));
    assert_int_equal(first.disk_bytes, last.disk_bytes);
    bl_storage_close(storage);
    fixture_end(&f);
}

/* Goal: more snapshots at once than any server has readers. */
static void test_lmdb_many_snapshots(void **state)
{
    (void)state;
    enum { SNAPSHOTS = 900 };
    static baals_snapshot *snapshots[SNAPSHOTS];
    struct fixture f;
    baals_storage *storage;
    fixture_begin(&f);
    fill(&f);
    assert_ok(fixture_open(&f, &storage, NULL));
    for (size_t i = 0; i < SNAPSHOTS; i++)
        assert_ok(bl_storage_snapshot_begin(storage, &snapshots[i], NULL));
    for (size_t i = 0; i < SNAPSHOTS; i++)
        bl_storage_snapshot_end(storage, snapshots[i]);
    bl_storage_close(storage);
    fixture_end(&f);
}

/* Writes a batch too large for the disk, then a small one. Exits with 0 when the first was IO_FULL,
 * changed nothing, and the second went well; else with the number of the step. */
static int full_disk(struct fixture *f)
{
    enum { LARGE = 1024 * 1024, COUNT = 40 };
    static uint8_t value[LARGE];
    baals_write writes[COUNT];
    uint8_t keys[COUNT];
    baals_storage *storage;
    baals_storage_stats stats;
    struct rlimit limit = {.rlim_cur = 20u * LARGE, .rlim_max = RLIM_INFINITY};
    for (uint8_t i = 0; i < COUNT; i++) {
        keys[i] = i;
        writes[i] = (baals_write){.space = BAALS_SPACE_MODULES,
                                  .key = bl_slice(&keys[i], 1),
                                  .value = bl_slice(value, sizeof(value))};
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    if (fixture_open(f, &storage, NULL) != BAALS_OK || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    if (bl_storage_apply(storage, f->env, writes, COUNT, NULL) != BAALS_IO_FULL)
        return 2;
    if (bl_storage_stats(storage, &stats, NULL) != BAALS_OK || stats.entries != KEYS)
        return 3;
    if (bl_storage_apply(storage, f->env, writes, 1, NULL) != BAALS_OK)
        return 4;
    bl_storage_close(storage);
    return 0;
}

/* Goal: a batch that does not fit on the disk is IO_FULL and leaves no trace; the store goes on. */
static void test_lmdb_full_disk(void **state)
{
    (void)state;
    struct fixture f;
    baals_storage *storage;
    baals_storage_stats stats;
    int status;
    fixture_begin(&f);
    fill(&f);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(full_disk(&f));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read_all(&f).right, 3 * KEYS);
    assert_ok(fixture_open(&f, &storage, NULL));
    assert_ok(bl_storage_stats(storage, &stats, NULL));
    assert_int_equal(stats.entries, KEYS + 1);
    bl_storage_close(storage);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lmdb_reopen),         cmocka_unit_test(test_lmdb_value_flips),
        cmocka_unit_test(test_lmdb_any_flip),       cmocka_unit_test(test_lmdb_cut),
        cmocka_unit_test(test_lmdb_foreign_file),   cmocka_unit_test(test_lmdb_no_folder),
        cmocka_unit_test(test_lmdb_file),           cmocka_unit_test(test_lmdb_space_reused),
        cmocka_unit_test(test_lmdb_many_snapshots), cmocka_unit_test(test_lmdb_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
