/* SPDX-License-Identifier: MIT */
/*
 * What a module costs to compile, as counted: the weights in small bodies, and each of the three
 * ways in which a body costs more than its parts.
 */
#include "contracts/compile_cost.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/host.h"
#include "testlib_wat.h"

#define COST_TEXT_MAX ((size_t)1024 * 1024)

/* A module is written as a head and `count` times a unit, in `functions` functions. */
struct cost_text {
    const char *head; /* locals */
    const char *unit;
    unsigned count;
    unsigned functions;
};

static uint64_t cost_of_code(const uint8_t *bytes, size_t len)
{
    struct bl_arena arena;
    struct bl_buffer out;
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    const struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 2, .imports = &bl_host_imports()[1]};
    baals_error err = {.status = BAALS_OK};
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, &err));
    assert_ok(bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(2), &arena, &err));
    uint64_t cost = bl_compile_cost(info.module);
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
    return cost;
}

static uint64_t cost_of(struct cost_text it)
{
    char *text = malloc(COST_TEXT_MAX);
    assert_non_null(text);
    int len = snprintf(text, COST_TEXT_MAX,
                       "(module (memory 1) (table 1 funcref) (global $g (mut i64) (i64.const 0))"
                       " (type $t (func)) (func $none) ");
    for (unsigned f = 0; f < it.functions; f++) {
        len += snprintf(text + len, COST_TEXT_MAX - (size_t)len, "(func %s ", it.head);
        for (unsigned i = 0; i < it.count; i++) {
            len += snprintf(text + len, COST_TEXT_MAX - (size_t)len, "%s ", it.unit);
            assert_true((size_t)len < COST_TEXT_MAX - 1000);
        }
        len += snprintf(text + len, COST_TEXT_MAX - (size_t)len, ")");
    }
    (void)snprintf(text + len, COST_TEXT_MAX - (size_t)len, ")");
    size_t code_len = 0;
    uint8_t *code = testlib_wat(&code_len, text);
    uint64_t cost = cost_of_code(code, code_len);
    free(code);
    free(text);
    return cost;
}

/* What 100 more units add, over 100. */
static uint64_t cost_unit(const char *unit)
{
    struct cost_text it = {.head = "", .unit = unit, .count = 10, .functions = 1};
    uint64_t few = cost_of(it);
    it.count += 100;
    return (cost_of(it) - few) / 100;
}

/* Goal: what is dear to compile weighs more, in the order and nearly the size that was measured. */
static void test_weights(void **state)
{
    (void)state;
    assert_int_equal(cost_unit("nop"), 1);
    assert_in_range(cost_unit("(global.set $g (i64.add (global.get $g) (i64.const 1)))"), 36, 40);
    assert_in_range(cost_unit("(i64.store (i32.const 0) (i64.const 1))"), 182, 190);
    assert_in_range(cost_unit("(call $none)"), 55, 60);
    assert_in_range(cost_unit("(call_indirect (type $t) (i32.const 0))"), 720, 760);
    assert_in_range(cost_unit("(drop (i64.div_u (i64.const 9) (i64.const 2)))"), 122, 130);
}

/* Goal: code in one body costs more than in many, as the allocator of registers does. */
static void test_long_bodies(void **state)
{
    (void)state;
    const char *unit = "(call_indirect (type $t) (i32.const 0))";
    uint64_t many = cost_of((struct cost_text){"", unit, 100, 120});
    uint64_t one = cost_of((struct cost_text){"", unit, 12000, 1});
    assert_true(one > 3 * many);
    assert_in_range(many, 12000 * 700, BL_COMPILE_COST_MAX);
    assert_true(one > BL_COMPILE_COST_MAX);
}

/* Goal: variables cost where branches meet, with the product of both and then its square; the
 * charges of gas, which lead nowhere, are no meetings. */
static void test_variables(void **state)
{
    (void)state;
    char locals[4096] = "(local ";
    for (unsigned i = 0; i < 500; i++)
        (void)snprintf(locals + strlen(locals), sizeof locals - strlen(locals), "i64 ");
    (void)snprintf(locals + strlen(locals), sizeof locals - strlen(locals), ")");
    const char *branch = "(loop (br_if 0 (i64.eqz (global.get $g))))";
    uint64_t without = cost_of((struct cost_text){"", branch, 100, 1});
    uint64_t with = cost_of((struct cost_text){locals, branch, 100, 1});
    uint64_t twice = cost_of((struct cost_text){locals, branch, 200, 1});
    assert_true(with > 100 * without);
    assert_true(twice > 3 * with);
    /* 200 meetings of 500 variables; the charges of gas would be as many again. */
    assert_in_range(with, 200 * 500 * (50 + 312), 200 * 500 * (50 + 312) * 11 / 10);
}

/* Goal: a label of a br_table costs for each variable. */
static void test_labels(void **state)
{
    (void)state;
    char table[4096] = "(loop (br_table ";
    for (unsigned i = 0; i < 1000; i++)
        (void)snprintf(table + strlen(table), sizeof table - strlen(table), "0 ");
    (void)snprintf(table + strlen(table), sizeof table - strlen(table), "(i32.const 0)))");
    uint64_t without = cost_of((struct cost_text){"", table, 1, 1});
    uint64_t with = cost_of((struct cost_text){"(local i64 i64 i64 i64)", table, 1, 1});
    assert_in_range(with - without, 28000, 31000);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_long_bodies),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
