/* SPDX-License-Identifier: MIT */
/* Where gas goes: own and total, recursion, helpers, other contracts, and runs that just end. */
#include "contracts/profile.h"
#include "testlib.h"

static const struct bl_profile_function *profile_of(const struct bl_profile *profile,
                                                    uint32_t function)
{
    const struct bl_profile_function *functions;
    assert_true(function < bl_profile_functions(profile, &functions));
    return &functions[function];
}

static void profile_expect(const struct bl_profile *profile,
                           uint32_t function,
                           uint64_t calls,
                           uint64_t own,
                           uint64_t total)
{
    const struct bl_profile_function *found = profile_of(profile, function);
    assert_int_equal(found->calls, calls);
    assert_int_equal(found->own, own);
    assert_int_equal(found->total, total);
}

/* Goal: a caller's total holds what its callees spent, its own share does not. */
static void test_own_and_total(void **state)
{
    (void)state;
    struct bl_profile *p = bl_profile_new(bl_alloc_system(), 3);
    bl_profile_enter(p, 0, 1000);
    bl_profile_enter(p, 1, 900);
    bl_profile_enter(p, 2, 850);
    bl_profile_leave(p, 800);
    bl_profile_leave(p, 790);
    bl_profile_enter(p, 2, 780);
    bl_profile_leave(p, 700);
    bl_profile_leave(p, 650);
    profile_expect(p, 0, 1, 160, 350);
    profile_expect(p, 1, 1, 60, 110);
    profile_expect(p, 2, 2, 130, 130);
    bl_profile_free(p);
}

/* Goal: a function within itself counts its total once. */
static void test_recursion(void **state)
{
    (void)state;
    struct bl_profile *p = bl_profile_new(bl_alloc_system(), 1);
    bl_profile_enter(p, 0, 100);
    bl_profile_enter(p, 0, 90);
    bl_profile_enter(p, 0, 80);
    bl_profile_leave(p, 70);
    bl_profile_leave(p, 60);
    bl_profile_leave(p, 50);
    profile_expect(p, 0, 3, 50, 50);
    bl_profile_free(p);
}

/* Goal: what another contract spent is in the total alone; a helper's gas is its caller's. */
static void test_elsewhere(void **state)
{
    (void)state;
    struct bl_profile *p = bl_profile_new(bl_alloc_system(), 2);
    bl_profile_elsewhere(p, 5);
    bl_profile_enter(p, 0, 1000);
    bl_profile_enter(p, 7, 990);
    bl_profile_leave(p, 980);
    bl_profile_enter(p, 1, 980);
    bl_profile_elsewhere(p, 300);
    bl_profile_leave(p, 600);
    bl_profile_leave(p, 600);
    profile_expect(p, 0, 1, 20, 400);
    profile_expect(p, 1, 1, 80, 380);
    bl_profile_free(p);
}

/* Goal: an end in the middle is the end of all that are active; below zero is all that was left. */
static void test_unwind(void **state)
{
    (void)state;
    struct bl_profile *p = bl_profile_new(bl_alloc_system(), 2);
    bl_profile_enter(p, 0, 100);
    bl_profile_enter(p, 1, 40);
    bl_profile_unwind(p, -7);
    profile_expect(p, 0, 1, 60, 100);
    profile_expect(p, 1, 1, 40, 40);
    bl_profile_unwind(p, -7);
    bl_profile_free(p);
}

/* Goal: as many places as fit, none in helpers, none of the run before. */
static void test_places(void **state)
{
    (void)state;
    const struct bl_profile_place *places;
    struct bl_profile *p = bl_profile_new(bl_alloc_system(), 100);
    bl_profile_add_place(p, 100, 1);
    for (uint32_t i = 0; i < BL_PROFILE_PLACES_MAX + 3; i++)
        bl_profile_add_place(p, i, 10 * i);
    assert_int_equal(bl_profile_places(p, &places), BL_PROFILE_PLACES_MAX);
    assert_int_equal(places[0].function, 0);
    assert_int_equal(places[3].offset, 30);
    bl_profile_clear_places(p);
    assert_int_equal(bl_profile_places(p, &places), 0);
    bl_profile_free(p);
    bl_profile_free(NULL);
}

/* Goal: no memory is NULL and leaks nothing. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc faulty = {.fail_at = 0};
    struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
    for (uint64_t k = 1; k <= 3; k++) {
        faulty.fail_at = faulty.calls + k;
        assert_null(bl_profile_new(alloc, 8));
        assert_int_equal(faulty.live, 0);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_and_total), cmocka_unit_test(test_recursion),
        cmocka_unit_test(test_elsewhere),     cmocka_unit_test(test_unwind),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
