/* SPDX-License-Identifier: MIT */
/* The wrappers: what a backend answers is checked before anyone sees it. */
#include "testlib.h"

#include <string.h>

#include "crypto/crypto.h"
#include "storage/storage_internal.h"

static const baals_space space = BAALS_SPACE_ACCOUNTS;

struct fixture {
    struct bl_env *env;
    baals_storage *storage;
};

static struct fixture fixture_begin(void)
{
    struct fixture f;
    assert_ok(bl_env_memory(&f.env, bl_alloc_system(), NULL));
    assert_ok(bl_storage_open(&f.storage, f.env, "memory", NULL, NULL));
    return f;
}

static void fixture_end(struct fixture *f)
{
    bl_storage_close(f->storage);
    bl_env_close(f->env);
}

/* The bytes a backend keeps for (space, key, value), copied out below the wrappers. */
static size_t stored_bytes(struct fixture *f, uint8_t out[256], baals_slice key, baals_slice value)
{
    baals_write write = {.space = space, .key = key, .value = value};
    baals_snapshot *snapshot;
    baals_slice stored;
    assert_ok(bl_storage_apply(f->storage, f->env, &write, 1, NULL));
    assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
    assert_ok(f->storage->ops->get(f->storage, &stored, snapshot, space, key, NULL));
    assert_true(stored.len <= 256);
    memcpy(out, stored.data, stored.len);
    bl_storage_snapshot_end(f->storage, snapshot);
    return stored.len;
}

/* Puts bytes below the wrappers, then reads them through them: the status of get and of seek. */
static void assert_raw(
    struct fixture *f, baals_space at, baals_slice key, baals_slice stored, baals_status expected)
{
    baals_write write = {.space = at, .key = key, .value = stored};
    baals_snapshot *snapshot;
    baals_slice found;
    baals_slice value = {NULL, 77};
    baals_error err = {0};
    assert_ok(f->storage->ops->apply(f->storage, &write, 1, NULL));
    assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
    assert_status(bl_storage_get(f->storage, &value, snapshot, at, key, &err), expected);
    if (expected != BAALS_OK) {
        assert_int_equal(err.status, expected);
        assert_int_equal(value.len, 77);
    }
    assert_status(bl_storage_seek(f->storage, &found, &value, snapshot, at, key, 0, NULL),
                  expected);
    bl_storage_snapshot_end(f->storage, snapshot);
}

/* Goal: a name that is no backend is UNSUPPORTED and says so. */
static void test_storage_unknown(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    baals_storage *storage = NULL;
    baals_error err;
    assert_status(bl_storage_open(&storage, f.env, "stone", "x", &err), BAALS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "stone"));
    assert_null(storage);
    bl_storage_close(NULL);
    fixture_end(&f);
}

/* Goal: a folder's backend is told by its files, and nothing else opens it. */
static void test_storage_name_of(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    const char *name = "unset";
    baals_storage *storage = NULL;
    assert_ok(bl_storage_name_of(&name, f.env, "absent", NULL));
    assert_null(name);
    assert_ok(bl_env_make_dir(f.env, "kv", NULL));
    assert_ok(bl_file_write_all(f.env, "kv/other", bl_slice_str("x"), NULL));
    assert_ok(bl_storage_name_of(&name, f.env, "kv", NULL));
    assert_null(name);
    assert_ok(bl_file_write_all(f.env, "kv/data.mdb", bl_slice_str("x"), NULL));
    assert_ok(bl_storage_name_of(&name, f.env, "kv", NULL));
    assert_string_equal(name, "lmdb");
#ifdef BAALS_HAVE_ROCKSDB
    assert_status(bl_storage_open(&storage, f.env, "rocksdb", "kv", NULL), BAALS_LIMIT_EXISTS);
#else
    assert_status(bl_storage_open(&storage, f.env, "rocksdb", "kv", NULL), BAALS_UNSUPPORTED);
#endif
    assert_null(storage);
    fixture_end(&f);
}

/* Goal: the checksum is eight bytes and the same on every machine. */
static void test_storage_checksum_fixed(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    uint8_t stored[256];
    size_t len = stored_bytes(&f, stored, bl_slice_str("key"), bl_slice_str("value"));
    uint8_t input[] = {0, 0, 0, 0, 3, 'k', 'e', 'y', 'v', 'a', 'l', 'u', 'e'};
    baals_hash hash;
    bl_blake3(&hash, bl_slice(input, sizeof(input)));
    assert_int_equal(len, 13);
    assert_memory_equal(stored, "value", 5);
    assert_memory_equal(stored + 5, hash.bytes, 8);
    fixture_end(&f);
}

/* Goal: every single flipped bit of a stored value is CORRUPT_STORE, the whole value is not. */
static void test_storage_bit_flips(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    uint8_t stored[256];
    baals_slice key = bl_slice_str("key");
    size_t len = stored_bytes(&f, stored, key, bl_slice_str("a value"));
    for (size_t bit = 0; bit < len * 8; bit++) {
        stored[bit / 8] = (uint8_t)(stored[bit / 8] ^ 1u << bit % 8);
        assert_raw(&f, space, key, bl_slice(stored, len), BAALS_CORRUPT_STORE);
        stored[bit / 8] = (uint8_t)(stored[bit / 8] ^ 1u << bit % 8);
    }
    assert_raw(&f, space, key, bl_slice(stored, len), BAALS_OK);
    fixture_end(&f);
}

/* Goal: a value cut, grown, or moved to another key or space is CORRUPT_STORE. */
static void test_storage_moved(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    uint8_t stored[256] = {0};
    baals_slice key = bl_slice_str("key");
    size_t len = stored_bytes(&f, stored, key, bl_slice_str("a value"));
    for (size_t cut = 0; cut < len; cut++)
        assert_raw(&f, space, key, bl_slice(stored, cut), BAALS_CORRUPT_STORE);
    assert_raw(&f, space, key, bl_slice(stored, len + 1), BAALS_CORRUPT_STORE);
    assert_raw(&f, space, bl_slice_str("kez"), bl_slice(stored, len), BAALS_CORRUPT_STORE);
    assert_raw(&f, space, bl_slice_str("keya"), bl_slice(stored, len), BAALS_CORRUPT_STORE);
    assert_raw(&f, BAALS_SPACE_CODE, key, bl_slice(stored, len), BAALS_CORRUPT_STORE);
    fixture_end(&f);
}

/* Goal: a long value is covered too, each of its bytes. */
static void test_storage_long_value(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    static uint8_t value[3000];
    static uint8_t stored[sizeof(value) + BL_KV_CHECKSUM_BYTES];
    baals_slice key = bl_slice_str("key");
    baals_write write = {.space = space, .key = key, .value = bl_slice(value, sizeof(value))};
    baals_snapshot *snapshot;
    baals_slice got;
    assert_ok(bl_storage_apply(f.storage, f.env, &write, 1, NULL));
    assert_ok(bl_storage_snapshot_begin(f.storage, &snapshot, NULL));
    assert_ok(f.storage->ops->get(f.storage, &got, snapshot, space, key, NULL));
    assert_int_equal(got.len, sizeof(stored));
    memcpy(stored, got.data, sizeof(stored));
    bl_storage_snapshot_end(f.storage, snapshot);
    for (size_t i = 0; i < sizeof(stored); i += 97) {
        stored[i] = (uint8_t)(stored[i] ^ 4);
        assert_raw(&f, space, key, bl_slice(stored, sizeof(stored)), BAALS_CORRUPT_STORE);
        stored[i] = (uint8_t)(stored[i] ^ 4);
    }
    assert_raw(&f, space, key, bl_slice(stored, sizeof(stored)), BAALS_OK);
    fixture_end(&f);
}

/* ---- a backend that answers every seek with one entry, as a damaged page would ---- */

struct stuck_storage {
    baals_storage base;
    baals_slice key;
    baals_slice stored;
};

static baals_status stuck_seek(baals_storage *self,
                               baals_slice *key_out,
                               baals_slice *value_out,
                               baals_snapshot *snapshot,
                               baals_space at,
                               baals_slice key,
                               uint32_t flags,
                               baals_error *err)
{
    struct stuck_storage *storage = BL_CONTAINER_OF(self, struct stuck_storage, base);
    (void)snapshot;
    (void)at;
    (void)key;
    (void)flags;
    (void)err;
    *key_out = storage->key;
    *value_out = storage->stored;
    return BAALS_OK;
}

/* Goal: an entry on the wrong side of the key is CORRUPT_STORE, so that no reader goes in circles.
 */
static void test_storage_order(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint32_t flags;
        baals_status expected;
    } cases[] = {
        {"", 0, BAALS_OK},
        {"", BAALS_SEEK_DESCENDING, BAALS_OK},
        {"kex", 0, BAALS_OK},
        {"key", 0, BAALS_OK},
        {"key", BAALS_SEEK_EXCLUSIVE, BAALS_CORRUPT_STORE},
        {"kez", 0, BAALS_CORRUPT_STORE},
        {"keyy", 0, BAALS_CORRUPT_STORE},
        {"kez", BAALS_SEEK_DESCENDING, BAALS_OK},
        {"key", BAALS_SEEK_DESCENDING, BAALS_OK},
        {"key", BAALS_SEEK_DESCENDING | BAALS_SEEK_EXCLUSIVE, BAALS_CORRUPT_STORE},
        {"ke", BAALS_SEEK_DESCENDING, BAALS_CORRUPT_STORE},
    };
    struct fixture f = fixture_begin();
    uint8_t bytes[256];
    size_t len = stored_bytes(&f, bytes, bl_slice_str("key"), bl_slice_str("v"));
    const struct baals_storage_ops ops = {.version = 1, .name = "stuck", .seek = stuck_seek};
    struct stuck_storage stuck = {{&ops}, bl_slice_str("key"), bl_slice(bytes, len)};
    baals_snapshot *snapshot = (baals_snapshot *)(void *)&stuck;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        baals_slice found;
        baals_slice value;
        assert_status(bl_storage_seek(&stuck.base, &found, &value, snapshot, space,
                                      bl_slice_str(cases[i].key), cases[i].flags, NULL),
                      cases[i].expected);
    }
    fixture_end(&f);
}

/* Goal: an empty batch is no work. */
static void test_storage_empty_batch(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    struct bl_storage_fault_plan plan = {.ops = BL_STORAGE_OP_ALL};
    assert_ok(bl_storage_fault_wrap(&f.storage, f.env, f.storage, &plan, NULL));
    assert_ok(bl_storage_apply(f.storage, f.env, NULL, 0, NULL));
    assert_int_equal(atomic_load(&plan.calls), 0);
    fixture_end(&f);
}

/* Goal: a batch for which there is no memory is NOMEM and changes nothing. */
static void test_storage_nomem(void **state)
{
    (void)state;
    struct fixture f = fixture_begin();
    struct testlib_faulty_alloc faulty = {.fail_at = 1, .repeat = UINT64_MAX};
    struct bl_alloc alloc = f.env->alloc;
    baals_storage_stats stats;
    baals_write write = {.space = space, .key = bl_slice_str("k"), .value = bl_slice_str("v")};
    f.env->alloc = testlib_faulty_alloc(&faulty);
    assert_status(bl_storage_apply(f.storage, f.env, &write, 1, NULL), BAALS_NOMEM);
    f.env->alloc = alloc;
    assert_ok(bl_storage_stats(f.storage, &stats, NULL));
    assert_int_equal(stats.entries, 0);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage_name_of),        cmocka_unit_test(test_storage_unknown),
        cmocka_unit_test(test_storage_checksum_fixed), cmocka_unit_test(test_storage_bit_flips),
        cmocka_unit_test(test_storage_moved),          cmocka_unit_test(test_storage_long_value),
        cmocka_unit_test(test_storage_order),          cmocka_unit_test(test_storage_empty_batch),
        cmocka_unit_test(test_storage_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
