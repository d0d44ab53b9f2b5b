/* SPDX-License-Identifier: MIT */
/* pool.log: what was put and not removed comes back in order, whatever happened to the file. */
#include <stdlib.h>
#include <string.h>

#include "faulty_env.h"
#include "storage/pool_log.h"
#include "testlib.h"

static const baals_hash pool_chain = {{'p', 'o', 'o', 'l'}};
static const char pool_path[] = "/pool.log";

enum { POOL_SEEN_MAX = 4096 };

struct pool_seen {
    uint32_t numbers[POOL_SEEN_MAX];
    size_t count;
};

static int setup(void **state)
{
    struct bl_env *env = NULL;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    *state = env;
    return 0;
}

static int teardown(void **state)
{
    bl_env_close(*state);
    return 0;
}

/* Transaction `number`: its id, and `len` bytes that follow from it. */
static baals_hash pool_id(uint32_t number)
{
    baals_hash id = {{0}};
    bl_store_u32le(id.bytes, number * 2654435761u);
    bl_store_u32le(id.bytes + 8, number);
    return id;
}

static size_t pool_len(uint32_t number)
{
    return number % 7 == 0 ? 0 : 10 + number * 31 % 500;
}

static baals_status pool_put(struct bl_pool_log *log, uint32_t number)
{
    uint8_t tx[512];
    baals_hash id = pool_id(number);
    memset(tx, (int)number & 0xff, sizeof tx);
    return bl_pool_log_put(log, &id, 1000 + number, bl_slice(tx, pool_len(number)), NULL);
}

static baals_status pool_remove(struct bl_pool_log *log, uint32_t number)
{
    baals_hash id = pool_id(number);
    return bl_pool_log_remove(log, &id, NULL);
}

/* Notes the number; a transaction that is not as it was put fails the test. */
static baals_status pool_see(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    struct pool_seen *seen = ctx;
    uint32_t number = bl_load_u32le(id->bytes + 8);
    baals_hash expected = pool_id(number);
    assert_true(bl_hash_equal(id, &expected));
    assert_int_equal(arrived_ms, 1000 + number);
    assert_int_equal(tx.len, pool_len(number));
    for (size_t i = 0; i < tx.len; i++)
        assert_int_equal(tx.data[i], number & 0xff);
    assert_true(seen->count < POOL_SEEN_MAX);
    seen->numbers[seen->count++] = number;
    return BAALS_OK;
}

static struct bl_pool_log *pool_open(struct bl_env *env, struct pool_seen *seen, uint64_t *dropped)
{
    struct bl_pool_log *log = NULL;
    seen->count = 0;
    assert_ok(bl_pool_log_open(&log, dropped, env, pool_path, &pool_chain, pool_see, seen, NULL));
    return log;
}

static void pool_expect(const struct pool_seen *seen, const uint32_t *numbers, size_t count)
{
    assert_int_equal(seen->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seen->numbers[i], numbers[i]);
}

/* Order of putting is kept; what was removed is gone; what was put again stands last. */
static void test_order(void **state)
{
    struct pool_seen seen;
    uint64_t dropped = 9;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    assert_int_equal(dropped, 0);
    for (uint32_t i = 1; i <= 6; i++)
        assert_ok(pool_put(log, i));
    assert_ok(pool_remove(log, 3));
    assert_ok(pool_remove(log, 3));
    assert_ok(pool_remove(log, 99));
    assert_ok(pool_put(log, 2));
    assert_ok(pool_put(log, 3));
    bl_pool_log_close(log);
    log = pool_open(*state, &seen, &dropped);
    assert_int_equal(dropped, 0);
    pool_expect(&seen, (const uint32_t[]){1, 4, 5, 6, 2, 3}, 6);
    assert_ok(bl_pool_log_clear(log, NULL));
    assert_ok(pool_put(log, 8));
    bl_pool_log_close(log);
    log = pool_open(*state, &seen, &dropped);
    pool_expect(&seen, (const uint32_t[]){8}, 1);
    bl_pool_log_close(log);
}

/* What another opening of the file sees now, as after the death of the process. */
static void pool_peek(struct bl_env *env, const uint32_t *numbers, size_t count)
{
    struct pool_seen seen;
    uint64_t dropped = 9;
    struct bl_pool_log *log = pool_open(env, &seen, &dropped);
    assert_int_equal(dropped, 0);
    pool_expect(&seen, numbers, count);
    bl_pool_log_close(log);
}

/* Puts the numbers with one call; all have the arrival time of the first. */
static baals_status pool_put_many(struct bl_pool_log *log, const uint32_t *numbers, size_t count)
{
    uint8_t txs[8][512];
    baals_hash ids[8];
    struct bl_pool_log_item items[8];
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        memset(txs[i], (int)numbers[i] & 0xff, sizeof txs[i]);
        ids[i] = pool_id(numbers[i]);
        items[i] = (struct bl_pool_log_item){&ids[i], bl_slice(txs[i], pool_len(numbers[i]))};
    }
    return bl_pool_log_put_many(log, items, count, 1000 + numbers[0], NULL);
}

/* Goal: many are put with one write, all or none; a removal is written with the next put, or when
 * the log is closed. */
static void test_many(void **state)
{
    static const uint32_t same[] = {5, 5, 5};
    struct testlib_faulty_env faulty;
    struct pool_seen seen;
    uint64_t dropped;
    testlib_faulty_env_init(&faulty, *state);
    struct bl_pool_log *log = pool_open(&faulty.env, &seen, &dropped);
    uint64_t before = faulty.calls;
    assert_ok(pool_put_many(log, same, 3));
    assert_ok(bl_pool_log_put_many(log, NULL, 0, 1, NULL));
    assert_ok(pool_remove(log, 5));
    assert_int_equal(faulty.calls, before + 1);
    pool_peek(*state, (const uint32_t[]){5}, 1);
    assert_ok(pool_put(log, 6));
    pool_peek(*state, (const uint32_t[]){6}, 1);
    faulty.fail_at = faulty.calls + 1;
    assert_ok(pool_remove(log, 6));
    assert_status(pool_put_many(log, (const uint32_t[]){7}, 1), BAALS_IO);
    pool_peek(*state, (const uint32_t[]){6}, 1);
    assert_ok(pool_put(log, 8));
    pool_peek(*state, (const uint32_t[]){8}, 1);
    assert_ok(pool_remove(log, 8));
    pool_peek(*state, (const uint32_t[]){8}, 1);
    bl_pool_log_close(log);
    pool_peek(*state, NULL, 0);
}

/* Goal: removals that gather are written by and by, though nothing is put. */
static void test_many_removals(void **state)
{
    struct pool_seen seen;
    uint64_t dropped;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    for (uint32_t i = 0; i < 2000; i++)
        assert_ok(pool_put(log, i));
    for (uint32_t i = 0; i < 2000; i++)
        assert_ok(pool_remove(log, i));
    struct bl_pool_log *other = pool_open(*state, &seen, &dropped);
    assert_true(seen.count < 1000);
    bl_pool_log_close(other);
    assert_ok(bl_pool_log_compact(log, NULL));
    pool_peek(*state, NULL, 0);
    bl_pool_log_close(log);
}

/* The sizes tell what compaction would save, and it saves that. */
static void test_compact(void **state)
{
    struct pool_seen seen;
    uint64_t dropped;
    uint64_t file_bytes;
    uint64_t live_bytes;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    for (uint32_t i = 0; i < 300; i++)
        assert_ok(pool_put(log, i));
    for (uint32_t i = 0; i < 300; i++) {
        if (i % 3 != 0)
            assert_ok(pool_remove(log, i));
    }
    bl_pool_log_size(log, &file_bytes, &live_bytes);
    uint64_t before = live_bytes;
    assert_true(file_bytes > 2 * live_bytes);
    assert_ok(bl_pool_log_compact(log, NULL));
    bl_pool_log_size(log, &file_bytes, &live_bytes);
    assert_int_equal(live_bytes, before);
    assert_int_equal(file_bytes, live_bytes + 80);
    assert_ok(pool_put(log, 1));
    assert_ok(pool_remove(log, 0));
    assert_ok(bl_pool_log_compact(log, NULL));
    bl_pool_log_close(log);
    log = pool_open(*state, &seen, &dropped);
    assert_int_equal(dropped, 0);
    assert_int_equal(seen.count, 100);
    for (uint32_t i = 0; i < 99; i++)
        assert_int_equal(seen.numbers[i], 3 * (i + 1));
    assert_int_equal(seen.numbers[99], 1);
    bl_pool_log_close(log);
}

/* Random puts, removes, compactions and reopenings agree with a plain list. */
static void test_model(void **state)
{
    struct testlib_rng rng = testlib_rng(1);
    static struct pool_seen model;
    static struct pool_seen seen;
    uint64_t dropped;
    model.count = 0;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    for (int step = 0; step < 6000; step++) {
        uint32_t number = (uint32_t)testlib_rng_below(&rng, 400);
        uint64_t action = testlib_rng_below(&rng, 1000);
        size_t at = 0;
        while (at < model.count && model.numbers[at] != number)
            at++;
        if (action < 990 && at < model.count) {
            memmove(&model.numbers[at], &model.numbers[at + 1],
                    (model.count - at - 1) * sizeof model.numbers[0]);
            model.count--;
        }
        if (action < 500) {
            assert_ok(pool_put(log, number));
            model.numbers[model.count++] = number;
        } else if (action < 990) {
            assert_ok(pool_remove(log, number));
        } else if (action < 995) {
            assert_ok(bl_pool_log_compact(log, NULL));
        } else {
            bl_pool_log_close(log);
            log = pool_open(*state, &seen, &dropped);
            pool_expect(&seen, model.numbers, model.count);
        }
    }
    bl_pool_log_close(log);
    log = pool_open(*state, &seen, &dropped);
    pool_expect(&seen, model.numbers, model.count);
    bl_pool_log_close(log);
}

static uint8_t *pool_read(struct bl_env *env, size_t *len)
{
    uint8_t *bytes = NULL;
    assert_ok(bl_file_read_all(env, &bytes, len, pool_path, 1 << 20, NULL));
    return bytes;
}

static void pool_write(struct bl_env *env, const uint8_t *bytes, size_t len)
{
    struct bl_file *file = NULL;
    assert_ok(bl_file_open(env, &file, pool_path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    assert_ok(bl_file_truncate(file, 0, NULL));
    assert_ok(bl_file_write_at(file, 0, bytes, len, NULL));
    bl_file_close(file);
}

/* Opens a damaged file: what comes back is a prefix of 1..4, the rest is reported as dropped, and
 * the log goes on from there. */
static void pool_open_damaged(struct bl_env *env, size_t file_len, bool expect_loss)
{
    struct pool_seen seen;
    uint64_t dropped = 0;
    uint64_t file_bytes;
    uint64_t live_bytes;
    struct bl_pool_log *log = pool_open(env, &seen, &dropped);
    assert_true(seen.count <= 4);
    for (uint32_t i = 0; i < seen.count; i++)
        assert_int_equal(seen.numbers[i], i + 1);
    bl_pool_log_size(log, &file_bytes, &live_bytes);
    assert_true(!expect_loss || dropped > 0);
    assert_true(file_bytes + dropped == file_len || file_bytes == 80);
    size_t kept = seen.count;
    assert_ok(pool_put(log, 5));
    bl_pool_log_close(log);
    log = pool_open(env, &seen, &dropped);
    assert_int_equal(dropped, 0);
    assert_int_equal(seen.count, kept + 1);
    assert_int_equal(seen.numbers[kept], 5);
    bl_pool_log_close(log);
}

/* Every single bit flip and every truncation: never a wrong transaction, always reported. */
static void test_damage(void **state)
{
    struct pool_seen seen;
    uint64_t dropped;
    size_t len = 0;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    for (uint32_t i = 1; i <= 4; i++)
        assert_ok(pool_put(log, i));
    bl_pool_log_close(log);
    uint8_t *bytes = pool_read(*state, &len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        pool_write(*state, bytes, len);
        pool_open_damaged(*state, len, true);
        bytes[i] ^= (uint8_t)(1u << i % 8);
        pool_write(*state, bytes, i);
        pool_open_damaged(*state, i, false);
    }
    struct bl_alloc alloc = bl_alloc_system();
    bl_alloc_free(&alloc, bytes, len + 1);
}

/* Another chain's file is refused and left as it is; a transaction too large is refused. */
static void test_refused(void **state)
{
    static const baals_hash other = {{1}};
    struct pool_seen seen;
    uint64_t dropped;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    assert_ok(pool_put(log, 1));
    uint8_t *huge = calloc(1, BL_TX_BYTES_MAX + 1);
    assert_non_null(huge);
    baals_hash id = pool_id(2);
    assert_status(bl_pool_log_put(log, &id, 0, bl_slice(huge, BL_TX_BYTES_MAX + 1), NULL),
                  BAALS_LIMIT);
    assert_ok(bl_pool_log_put(log, &id, 0, bl_slice(huge, BL_TX_BYTES_MAX), NULL));
    assert_ok(pool_remove(log, 2));
    free(huge);
    bl_pool_log_close(log);
    assert_status(bl_pool_log_open(&log, NULL, *state, pool_path, &other, NULL, NULL, NULL),
                  BAALS_CORRUPT_FOREIGN);
    log = pool_open(*state, &seen, &dropped);
    pool_expect(&seen, (const uint32_t[]){1}, 1);
    bl_pool_log_close(log);
}

static baals_status pool_stop(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    (void)ctx;
    (void)id;
    (void)arrived_ms;
    (void)tx;
    return BAALS_LIMIT_POOL;
}

/* A failure of the caller's own ends opening with its status. */
static void test_each_fails(void **state)
{
    struct pool_seen seen;
    uint64_t dropped;
    struct bl_pool_log *log = pool_open(*state, &seen, &dropped);
    assert_ok(pool_put(log, 1));
    bl_pool_log_close(log);
    assert_status(
        bl_pool_log_open(&log, NULL, *state, pool_path, &pool_chain, pool_stop, NULL, NULL),
        BAALS_LIMIT_POOL);
}

/* The workload of the fault sweeps: each put that was answered with OK is in `kept`. */
static baals_status pool_workload(struct bl_env *env, bool kept[100])
{
    struct bl_pool_log *log = NULL;
    BL_TRY(bl_pool_log_open(&log, NULL, env, pool_path, &pool_chain, NULL, NULL, NULL));
    baals_status first = BAALS_OK;
    for (uint32_t i = 0; i < 100; i++) {
        baals_status status = pool_put(log, i);
        kept[i] = status == BAALS_OK;
        if (i % 2 == 1 && pool_remove(log, i) == BAALS_OK)
            kept[i] = false;
        if (i == 50 && status == BAALS_OK)
            status = bl_pool_log_compact(log, NULL);
        if (first == BAALS_OK)
            first = status;
    }
    bl_pool_log_close(log);
    return first;
}

static void pool_check_kept(struct bl_env *env, const bool kept[100])
{
    static struct pool_seen seen;
    uint64_t dropped;
    struct bl_pool_log *log = pool_open(env, &seen, &dropped);
    bool found[100] = {false};
    for (size_t i = 0; i < seen.count; i++)
        found[seen.numbers[i]] = true;
    for (uint32_t i = 0; i < 100; i++)
        assert_true(!kept[i] || found[i]);
    bl_pool_log_close(log);
}

/* Every operation on files fails once: what was answered with OK is there afterwards. */
static void test_io_faults(void **state)
{
    (void)state;
    uint64_t calls = 0;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        bool kept[100] = {false};
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        testlib_faulty_env_init(&faulty, env);
        faulty.fail_at = k;
        faulty.status = k % 2 == 0 ? BAALS_IO : BAALS_IO_FULL;
        (void)pool_workload(&faulty.env, kept);
        calls = faulty.calls;
        pool_check_kept(env, kept);
        bl_env_close(env);
    }
    printf("%llu operations failed once each\n", (unsigned long long)calls);
}

/* Every allocation fails once: clean statuses, nothing leaks. */
static void test_memory_faults(void **state)
{
    (void)state;
    uint64_t calls = 0;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        struct testlib_faulty_alloc alloc = {.fail_at = k};
        bool kept[100] = {false};
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        testlib_faulty_env_init(&faulty, env);
        faulty.env.alloc = testlib_faulty_alloc(&alloc);
        baals_status status = pool_workload(&faulty.env, kept);
        assert_true(status == BAALS_OK ? alloc.calls < k : status == BAALS_NOMEM);
        assert_int_equal(alloc.live, 0);
        calls = alloc.calls;
        pool_check_kept(env, kept);
        bl_env_close(env);
    }
    printf("%llu allocations failed once each\n", (unsigned long long)calls);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_removals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_fails, setup, teardown),
        cmocka_unit_test(test_io_faults),
        cmocka_unit_test(test_memory_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
