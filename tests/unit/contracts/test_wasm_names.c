/* SPDX-License-Identifier: MIT */
/* Names of functions from any bytes: sections in any order, damaged, lying or missing. */
#include <stdlib.h>
#include <string.h>

#include "contracts/wasm_names.h"
#include "testlib_wasm.h"

/* Two imports, three functions, the second of them exported, the third named. */
#define MODULE                                                                                     \
    "2: 02 'env' 'one' 00 00 'env' 'two' 00 00; 3: 03 00 00 00;"                                   \
    "7: 02 'call' 00 03 'memory' 02 00;"                                                           \
    "0: 'name' 00 ['m'] 01 [03 00 'import' 04 'x' 09 'y'];"

static void names_expect(const char *text, uint32_t index, const char *expected)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    struct bl_wasm_names names;
    struct bl_arena arena;
    char found[BL_WASM_NAME_SIZE];
    bl_arena_init(&arena, bl_alloc_system(), 1 << 20);
    assert_true(bl_wasm_names_read(&names, &arena, bl_slice(bytes, len)));
    bl_wasm_names_text(found, &names, index);
    assert_string_equal(found, expected);
    bl_arena_deinit(&arena);
    free(bytes);
}

/* Goal: an import is its two names, a function its name, else its export's, else a number. */
static void test_names(void **state)
{
    (void)state;
    names_expect(MODULE, 0, "env.one");
    names_expect(MODULE, 1, "env.two");
    names_expect(MODULE, 2, "func[2]");
    names_expect(MODULE, 3, "call");
    names_expect(MODULE, 4, "x");
    names_expect(MODULE, 5, "func[5]");
    names_expect(MODULE, UINT32_MAX, "func[4294967295]");
}

/* Goal: a name section goes before exports wherever it stands. */
static void test_order(void **state)
{
    (void)state;
    names_expect("3: 01 00; 0: 'name' 01 [01 00 'in']; 7: 01 'out' 00 00;", 0, "in");
    names_expect("3: 01 00; 7: 01 'out' 00 00; 0: 'name' 01 [01 00 'in2'];", 0, "in2");
    names_expect("0: 'name' 01 [01 00 'in']; 3: 01 00;", 0, "in");
}

/* Goal: what is no line of text is no name; what cannot be read takes nothing else along. */
static void test_hostile(void **state)
{
    (void)state;
    names_expect("3: 01 00; 7: 01 'out' 00 00; 0: 'name' 01 05 01 00 02 0a 0a;", 0, "out");
    names_expect("3: 01 00; 7: 01 'out' 00 00; 0: 'name' 01 05 01 00 02 ff fe;", 0, "out");
    names_expect("3: 01 00; 7: 01 'out' 00 00; 0: 'name' 01 7f;", 0, "out");
    names_expect("3: 01 00; 7: 02 'out' 00 00 ff;", 0, "out");
    names_expect("3: ff ff ff ff 0f; 7: 01 'out' 00 00;", 0, "func[0]");
    names_expect("2: 05 'e' 'x' 00 00; 3: 01 00;", 0, "e.x");
    names_expect("!00 61 73 6d", 0, "func[0]");
    names_expect("!", 0, "func[0]");
}

/* Goal: long names are cut to 64 bytes each. */
static void test_long(void **state)
{
    (void)state;
    char text[400], expected[BL_WASM_NAME_SIZE];
    char name[101];
    memset(name, 'a', 100);
    name[100] = '\0';
    (void)snprintf(text, sizeof text, "2: 01 '%s' '%s' 00 00;", name, name);
    (void)snprintf(expected, sizeof expected, "%.64s.%.64s", name, name);
    names_expect(text, 0, expected);
}

/* Goal: no prefix of a module, and none with a byte changed, leads out of it; no memory is said. */
static void test_damage(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, MODULE);
    struct bl_wasm_names names;
    struct bl_arena arena;
    for (size_t i = 0; i <= len; i++) {
        uint8_t *copy = malloc(i + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, i);
        for (size_t k = 0; k <= i; k++) {
            if (k < i)
                copy[k] = (uint8_t)~copy[k];
            bl_arena_init(&arena, bl_alloc_system(), 4 << 20);
            assert_true(bl_wasm_names_read(&names, &arena, bl_slice(copy, i)));
            bl_arena_deinit(&arena);
            if (k < i)
                copy[k] = (uint8_t)~copy[k];
        }
        free(copy);
    }
    bl_arena_init(&arena, bl_alloc_system(), 1);
    assert_false(bl_wasm_names_read(&names, &arena, bl_slice(bytes, len)));
    bl_arena_deinit(&arena);
    free(bytes);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_order),  cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_long),  cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
