/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

#define POOL_NODES 9000u /* four slabs */

/* Goal: numbers taken are distinct, also those given back before; a node keeps its place and what
 * is in it while slabs are added. */
static void test_numbers(void **state)
{
    (void)state;
    static uint32_t owner[POOL_NODES]; /* by number; 0: free */
    static uint32_t held[POOL_NODES];
    struct testlib_rng rng = testlib_rng(110);
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_pool *pool = bl_pool_new(&alloc);
    assert_non_null(pool);
    size_t count = 0;
    uint32_t next = 1;
    memset(owner, 0, sizeof owner);
    for (unsigned round = 0; round < 400; round++) {
        struct bl_numbers numbers = {NULL, 0, 0};
        size_t want = testlib_rng_below(&rng, 60);
        if (count + want <= POOL_NODES) {
            assert_ok(bl_slabs_take(&pool->inner, &alloc, &numbers, want, NULL));
            assert_int_equal(numbers.count, want);
            for (size_t i = 0; i < want; i++) {
                uint32_t number = numbers.items[i];
                assert_true(number < POOL_NODES && owner[number] == 0);
                owner[number] = next++;
                bl_pool_inner(pool, bl_ref_make(BL_REF_INNER, number))->serial = owner[number];
                held[count++] = number;
            }
            numbers.count = 0;
        }
        for (size_t give = testlib_rng_below(&rng, 40); give > 0 && count > 0; give--) {
            size_t at = testlib_rng_below(&rng, count);
            assert_ok(bl_numbers_add(&numbers, &alloc, held[at], NULL));
            owner[held[at]] = 0;
            held[at] = held[--count];
        }
        bl_slabs_give(&pool->inner, &numbers);
        assert_int_equal(pool->inner.used, count);
        bl_numbers_free(&numbers, &alloc);
    }
    assert_true(count > 3000);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bl_pool_inner(pool, bl_ref_make(BL_REF_INNER, held[i]))->serial,
                         owner[held[i]]);
    assert_int_equal(bl_pool_bytes(pool), count * sizeof(struct bl_inner));
    bl_pool_free(pool);
}

/* Goal: a reference says kind and number, up to the greatest. */
static void test_refs(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, 1023, 1024, (1u << 30) - 1};
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < BL_COUNT_OF(numbers); i++) {
            uint32_t ref = bl_ref_make((enum bl_ref_kind)kind, numbers[i]);
            assert_int_equal(bl_ref_kind(ref), kind);
            assert_int_equal(ref >> 2, numbers[i]);
        }
    }
}

/* Goal: whichever allocation fails, numbers that were taken can be given back, and all memory goes
 * with the pool. */
static void test_allocation_failures(void **state)
{
    (void)state;
    for (uint64_t k = 1;; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k};
        struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
        struct bl_numbers numbers = {NULL, 0, 0};
        struct bl_pool *pool = bl_pool_new(&alloc);
        if (pool == NULL)
            continue;
        baals_status status = BAALS_OK;
        for (unsigned i = 0; status == BAALS_OK && i < 40; i++)
            status = bl_slabs_take(&pool->leaves, &alloc, &numbers, 100, NULL);
        assert_int_equal(pool->leaves.used, numbers.count);
        bl_slabs_give(&pool->leaves, &numbers);
        assert_int_equal(pool->leaves.used, 0);
        bl_numbers_free(&numbers, &alloc);
        bl_pool_free(pool);
        assert_int_equal(faulty.live, 0);
        if (status == BAALS_OK) {
            assert_true(k > 5);
            break;
        }
        assert_int_equal(status, BAALS_NOMEM);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refs),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
