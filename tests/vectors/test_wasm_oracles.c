/* SPDX-License-Identifier: MIT */
/*
 * The front end against others' judgement: everything the core test suite calls invalid or
 * malformed is refused, everything it calls a module is refused only for being outside the subset;
 * and V8 accepts what the instrumenter writes and runs it as it runs the input.
 */
#include "testlib.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/wasm.h"
#include "testlib_json.h"
#include "testlib_wasm.h"
#include "testlib_wat.h"

#define ORACLES_SUITE "vectors/wasm/testsuite"
#define ORACLES_V8_MODULES 300

static const struct bl_wasm_import_spec oracles_specs[] = {
    {"spectest", "print", ":"},
    {"spectest", "print_i32", "i:"},
};
static const struct bl_wasm_imports oracles_imports = {oracles_specs, BL_COUNT_OF(oracles_specs)};

/* The code a module gets, OK when it is accepted. */
static enum bl_wasm_code oracles_code(baals_slice bytes, enum bl_wasm_profile profile)
{
    const struct bl_wasm_options options = {profile, 1, &oracles_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_error where = {0};
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    const baals_status status = bl_wasm_decode(&module, &arena, bytes, &options, &where, NULL);
    bl_arena_deinit(&arena);
    if (status == BAALS_OK)
        return BL_WASM_CODE_OK;
    assert_int_equal(status, BAALS_REJECT_CODE);
    return where.code;
}

struct oracles_counts {
    size_t refused;
    size_t accepted;
    size_t outside;
};

/* True for a code that says "valid WebAssembly, but not for contracts". */
static bool oracles_outside(enum bl_wasm_code code)
{
    return (code >= 100 && code < 300) || code == BL_WASM_CODE_DATA_BOUNDS ||
           code == BL_WASM_CODE_ELEMENT_BOUNDS;
}

static void oracles_command(struct oracles_counts *counts,
                            const char *folder,
                            const struct testlib_json *command)
{
    const char *type = testlib_json_text(testlib_json_get(command, "type"));
    const bool bad = strcmp(type, "assert_invalid") == 0 || strcmp(type, "assert_malformed") == 0;
    char path[2048];
    if (!testlib_json_has(command, "filename"))
        return;
    const char *name = testlib_json_text(testlib_json_get(command, "filename"));
    if (strstr(name, ".wasm") == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    size_t len = 0;
    uint8_t *bytes = testlib_read_file(&len, path);
    /* Without the contracts' own limits and rules more of the suite can be judged. */
    const enum bl_wasm_code code = oracles_code(bl_slice(bytes, len), BL_WASM_INSTRUMENTED);
    if (bad && code == BL_WASM_CODE_OK)
        fail_msg("%s is accepted", name);
    if (!bad && code != BL_WASM_CODE_OK && !oracles_outside(code))
        fail_msg("%s: %s", name, bl_wasm_code_name(code));
    if (bad)
        assert_int_not_equal(oracles_code(bl_slice(bytes, len), BL_WASM_INPUT), BL_WASM_CODE_OK);
    counts->refused += bad ? 1 : 0;
    counts->accepted += !bad && code == BL_WASM_CODE_OK ? 1 : 0;
    counts->outside += !bad && code != BL_WASM_CODE_OK ? 1 : 0;
    free(bytes);
}

static void oracles_file(struct oracles_counts *counts, const char *folder, const char *name)
{
    char json[1100];
    char source[512];
    (void)snprintf(json, sizeof json, "%s/suite.json", folder);
    (void)snprintf(source, sizeof source, ORACLES_SUITE "/%s", name);
    const char *const argv[] = {"wast2json", "-o", json, testlib_shared_path(source), NULL};
    if (testlib_run(argv) != 0)
        fail_msg("wast2json cannot read %s", name);
    struct testlib_json *file = testlib_json_load(json);
    const struct testlib_json *commands = testlib_json_get(file, "commands");
    for (size_t i = 0; i < testlib_json_count(commands); i++)
        oracles_command(counts, folder, testlib_json_at(commands, i));
    testlib_json_free(file);
}

/* Goal: the core suite's verdicts, as far as they concern the subset. */
static void test_oracles_suite(void **state)
{
    (void)state;
    if (!testlib_have_shared(ORACLES_SUITE, "test_oracles_suite"))
        return;
    struct oracles_counts counts = {0};
    char folder[1024];
    testlib_temp_dir(folder, sizeof folder, "wasm_oracles_suite");
    DIR *dir = opendir(testlib_shared_path(ORACLES_SUITE));
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".wast") != NULL)
            oracles_file(&counts, folder, entry->d_name);
    }
    closedir(dir);
    testlib_remove_tree(folder);
    print_message("%zu refused as asked, %zu accepted, %zu outside the subset\n", counts.refused,
                  counts.accepted, counts.outside);
    assert_true(counts.refused > 2000);
    assert_true(counts.accepted > 300);
}

static void oracles_write(const char *folder, int number, const char *kind, baals_slice bytes)
{
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/%d.%s", folder, number, kind);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

/* Writes a random module and its instrumented form as N.input and N.metered. */
static void oracles_write_pair(const char *folder, int number, struct testlib_rng *rng)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &oracles_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    struct bl_arena arena;
    struct bl_buffer out;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm_random(&len, rng);
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    assert_ok(bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, NULL, NULL));
    assert_ok(bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(1), &arena, NULL));
    oracles_write(folder, number, "input", bl_slice(bytes, len));
    oracles_write(folder, number, "metered", bl_buffer_slice(&out));
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
    free(bytes);
}

/* Goal: V8 accepts and runs the instrumented form as the input: same end, same memory. */
static void test_oracles_v8(void **state)
{
    (void)state;
    const char *const version[] = {"node", "--version", NULL};
    if (testlib_run(version) != 0) {
        print_message("SKIPPED: test_oracles_v8 (node is not installed)\n");
        return;
    }
    struct testlib_rng rng = testlib_rng(6);
    char folder[1024];
    testlib_temp_dir(folder, sizeof folder, "wasm_oracles_v8");
    for (int i = 0; i < ORACLES_V8_MODULES; i++)
        oracles_write_pair(folder, i, &rng);
    const char *const script[] = {"node", testlib_source_path("tests/vectors/wasm_v8.js"), folder,
                                  NULL};
    assert_int_equal(testlib_run(script), 0);
    testlib_remove_tree(folder);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracles_suite),
        cmocka_unit_test(test_oracles_v8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
