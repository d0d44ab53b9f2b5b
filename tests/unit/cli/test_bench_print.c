/* SPDX-License-Identifier: MIT */
/* How results are printed. */
#include "bench_fixture.h"

/* A target is met by more per second, and by less of everything else; none is met always. */
static void test_meets(void **state)
{
    (void)state;
    assert_true(bench_meets(BENCH_TRANSFERS, 30000, 30000));
    assert_false(bench_meets(BENCH_TRANSFERS, 29999, 30000));
    assert_true(bench_meets(BENCH_PROVE, 50000, 50000));
    assert_false(bench_meets(BENCH_PROVE, 50001, 50000));
    assert_true(bench_meets(BENCH_DECODE, 1, 0));
}

/* The goal of a latency is one and a half times the disk's, a block beside a checkpoint may take
 * twice the median; the other targets are in the table. */
static void test_targets(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "goal");
    bench->machine.sync_p50_ns = 100000;
    assert_int_equal(bench_goal(bench, BENCH_LATENCY_P50), 150000);
    assert_int_equal(bench_goal(bench, BENCH_TRANSFERS), bench_lines[BENCH_TRANSFERS].goal);
    assert_int_equal(bench_floor(bench, BENCH_TRANSFERS), bench_lines[BENCH_TRANSFERS].floor);
    assert_int_equal(bench_floor(bench, BENCH_STALL_P999), 0);
    bench_add(bench, BENCH_STALL_P50, 300);
    assert_int_equal(bench_floor(bench, BENCH_STALL_P999), 600);
    assert_int_equal(bench_goal(bench, BENCH_STALL_MAX), 600);
    bench_fixture_close(&f);
}

/* Text, Markdown and JSON say the median, the spread and whether targets are met; a line without
 * values stands in none. */
static void test_forms(void **state)
{
    struct bench_fixture f;
    struct bl_buffer out;
    struct bl_json_writer w;
    struct bl_json_doc doc = {0};
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "forms");
    bench_add(bench, BENCH_TRANSFERS, 60000);
    bench_add(bench, BENCH_TRANSFERS, 20000);
    bench_add(bench, BENCH_TRANSFERS, 40000);
    bl_buffer_init(&out, bl_alloc_system(), 65536);
    bench_print_line(&out, bench, BENCH_ROOT);
    assert_int_equal(out.len, 0);
    bench_print_line(&out, bench, BENCH_TRANSFERS);
    bl_buffer_append_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "40000/s"));
    assert_non_null(strstr((const char *)out.data, " met "));
    assert_non_null(strstr((const char *)out.data, "gap 0.50 x"));
    bl_buffer_clear(&out);
    bench_print_markdown(&out, bench);
    bl_buffer_append_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "\nstorage     lmdb\n"));
    assert_non_null(strstr((const char *)out.data, "\nstate       65536 KiB kept ready\n"));
    assert_non_null(strstr((const char *)out.data, "| 20000/s to 60000/s |"));
    bl_buffer_clear(&out);
    bl_jw_init(&w, &out);
    bench_print_json(&w, bench);
    assert_ok(bl_json_parse(&doc, bl_buffer_slice(&out), out.len, &f.err));
    const struct bl_json *machine = bl_json_member(doc.root, "machine");
    assert_string_equal(bl_json_text(bl_json_member(machine, "storage")), "lmdb");
    const struct bl_json *lines = bl_json_member(doc.root, "lines");
    assert_int_equal(bl_json_count(lines), 1);
    const struct bl_json *line = bl_json_at(lines, 0);
    assert_string_equal(bl_json_text(bl_json_member(line, "name")), "transfers");
    assert_true(bl_json_is_true(bl_json_member(line, "floor_met")));
    assert_false(bl_json_is_true(bl_json_member(line, "goal_met")));
    bl_json_free(&doc);
    bl_buffer_deinit(&out);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meets),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
