/* SPDX-License-Identifier: MIT */
/*
 * The mempool's hash table against a plain list, with keys that share their place on purpose.
 */
#include <string.h>

#include "runtime/key_table.h"
#include "testlib.h"

#define TABLE_KEYS 400u

/* What one key should hold. */
struct table_model {
    uint8_t key[32];
    int value;
    bool present;
};

static void table_key(uint8_t out[32], unsigned number)
{
    memset(out, 0, 32);
    /* Only the tail differs for most: home slots collide as far as the mixing lets them. */
    bl_store_u32be(out, number % 7);
    bl_store_u32be(out + 28, number);
}

/* Everything the table says equals the model. */
static void table_compare(const struct bl_key_table *table, struct table_model *model)
{
    size_t present = 0;
    for (unsigned i = 0; i < TABLE_KEYS; i++) {
        const void *value = bl_key_table_get(table, model[i].key);
        assert_ptr_equal(value, model[i].present ? &model[i].value : NULL);
        present += model[i].present;
    }
    assert_int_equal(table->count, present);
    size_t cursor = 0;
    size_t walked = 0;
    while (bl_key_table_next(table, &cursor) != NULL)
        walked++;
    assert_int_equal(walked, present);
}

/* Random puts and removals, compared with the model after each stretch. */
static void test_model(void **state)
{
    (void)state;
    static struct table_model model[TABLE_KEYS];
    struct bl_key_table table;
    struct testlib_rng rng = testlib_rng(1);
    bl_key_table_init(&table, bl_alloc_system(), testlib_rng_u64(&rng));
    for (unsigned i = 0; i < TABLE_KEYS; i++)
        table_key(model[i].key, i);
    for (unsigned step = 0; step < 40000; step++) {
        struct table_model *entry = &model[testlib_rng_below(&rng, TABLE_KEYS)];
        if (!entry->present) {
            assert_true(bl_key_table_put(&table, entry->key, &entry->value));
            entry->present = true;
        } else {
            assert_ptr_equal(bl_key_table_remove(&table, entry->key), &entry->value);
            entry->present = false;
        }
        if (step % 997 == 0)
            table_compare(&table, model);
    }
    table_compare(&table, model);
    bl_key_table_deinit(&table);
}

/* An empty table answers without memory. */
static void test_empty(void **state)
{
    (void)state;
    struct bl_key_table table;
    uint8_t key[32] = {1};
    size_t cursor = 0;
    bl_key_table_init(&table, bl_alloc_system(), 7);
    assert_null(bl_key_table_get(&table, key));
    assert_null(bl_key_table_remove(&table, key));
    assert_null(bl_key_table_next(&table, &cursor));
    bl_key_table_deinit(&table);
}

/* Without memory a put fails and the table stays whole. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {0};
    struct bl_key_table table;
    int value = 0;
    unsigned put = 0;
    bl_key_table_init(&table, testlib_faulty_alloc(&memory), 7);
    memory.fail_at = 3; /* the second growth */
    memory.repeat = 1000;
    uint8_t key[32];
    for (table_key(key, put); bl_key_table_put(&table, key, &value); table_key(key, put))
        put++;
    assert_true(put > 0);
    assert_int_equal(table.count, put);
    for (unsigned i = 0; i < put; i++) {
        table_key(key, i);
        assert_ptr_equal(bl_key_table_get(&table, key), &value);
    }
    bl_key_table_deinit(&table);
    assert_int_equal(memory.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
