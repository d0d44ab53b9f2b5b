/* SPDX-License-Identifier: MIT */
/* `baals bench` as a user meets it; never how fast. */
#include <dirent.h>

#include "cli_fixture.h"

#include "cli/bench.h"

/* The value below which so many are; events per second. */
static void test_values(void **state)
{
    uint64_t values[] = {5, 1, 4, 2, 3};
    (void)state;
    assert_int_equal(bench_quantile(values, 5, 0), 1);
    assert_int_equal(bench_quantile(values, 5, 500), 3);
    assert_int_equal(bench_quantile(values, 5, 999), 5);
    assert_int_equal(bench_quantile(values, 1, 999), 1);
    assert_int_equal(bench_rate(10, 1000000), 10000);
    assert_int_equal(bench_rate(10, 0), 0);
}

/* Names, numbers and the folder (the fixture's --dir is not there) are checked before anything is
 * measured. */
static void test_refused(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "bench_refused");
    cli_fixture_fails(&f, "bench --only speed", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --runs 0", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --runs 65", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --blocks 9", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --storage memory", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --state-bytes 0", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "bench --quick", 3, "E-IO");
    cli_fixture_close(&f);
}

/* The list has every line. */
static void test_list(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "bench_list");
    cli_fixture_ok(&f, "bench --list --json");
    for (unsigned i = 0; i < BENCH_LINE_COUNT; i++)
        assert_non_null(strstr(f.out, bench_lines[i].name));
    cli_fixture_close(&f);
}

/* A quick run has every line but those that must be asked for, well-formed, and leaves nothing
 * behind. */
static void test_quick(void **state)
{
    struct cli_fixture f;
    struct bl_json_doc doc = {0};
    (void)state;
    cli_fixture_open(&f, "bench_quick");
    assert_int_equal(mkdir(cli_fixture_path(&f, "chain"), 0700), 0);
    cli_fixture_ok(&f, "bench --quick --json --quiet");
    assert_ok(bl_json_parse(&doc, bl_slice_str(f.out), sizeof f.out, NULL));
    const struct bl_json *lines = bl_json_member(doc.root, "lines");
    assert_int_equal(bl_json_count(lines), BENCH_FIRST_ASKED);
    for (size_t i = 0; i < BENCH_FIRST_ASKED; i++) {
        const struct bl_json *item = bl_json_at(lines, i);
        assert_string_equal(bl_json_text(bl_json_member(item, "name")), bench_lines[i].name);
        assert_int_equal(bl_json_type(bl_json_member(item, "median")), BL_JSON_INTEGER);
    }
    assert_non_null(bl_json_member(bl_json_member(doc.root, "machine"), "fdatasync_p50_ns"));
    bl_json_free(&doc);
    DIR *dir = opendir(cli_fixture_path(&f, "chain"));
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        assert_int_equal(entry->d_name[0], '.');
    closedir(dir);
    cli_fixture_close(&f);
}

/* One line alone, as text and as a table. */
static void test_only(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "bench_only");
    assert_int_equal(mkdir(cli_fixture_path(&f, "chain"), 0700), 0);
    cli_fixture_ok(&f, "bench --quick --only verify");
    assert_non_null(strstr(f.out, "\nverify-single "));
    assert_null(strstr(f.out, "\ntransfers "));
    cli_fixture_ok(&f, "bench --quick --only decode --markdown");
    assert_non_null(strstr(f.out, "\n| `decode` |"));
    cli_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_refused), cmocka_unit_test(test_list),
        cmocka_unit_test(test_quick),  cmocka_unit_test(test_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
