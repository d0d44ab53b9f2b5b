/* SPDX-License-Identifier: MIT */
/* The command `test`: files and folders, filters, totals, snapshots of gas. */
#include "command_fixture.h"

#include <stdio.h>

#include "cli/scenario.h"

static const char two[] =
    "{\"format\":1,\"modules\":{},\"accounts\":{\"a\":10,\"b\":0},\"scenarios\":["
    "{\"name\":\"good one\",\"steps\":[{\"send\":\"$b\",\"amount\":3,\"from\":\"a\"}]},"
    "{\"name\":\"bad one\",\"steps\":[{\"advance_ms\":1},{\"balance\":\"$b\",\"is\":1}]}]}";

static void put(struct command_fixture *f, const char *name, const char *text)
{
    assert_ok(bl_file_write_all(f->cli->env, command_path(f, name), bl_slice_str(text), NULL));
}

static baals_status run(struct command_fixture *f, const char *const *paths, size_t count)
{
    struct bl_json_writer w;
    f->cli->args.values[CLI_JSON] = "";
    f->cli->args.operand_count = count;
    for (size_t i = 0; i < count; i++)
        f->cli->args.operands[i] = paths[i];
    f->cli->says_no = false;
    bl_json_free(&f->doc);
    bl_buffer_clear(&f->out);
    bl_jw_init(&w, &f->out);
    BL_TRY(cli_run_test(f->cli, &w, &f->err));
    assert_ok(bl_json_parse(&f->doc, bl_buffer_slice(&f->out), BL_RPC_RESPONSE_MAX, NULL));
    return BAALS_OK;
}

static uint64_t number(struct command_fixture *f, const char *name)
{
    uint64_t value = UINT64_MAX;
    assert_true(bl_json_u64(&value, bl_json_member(f->doc.root, name)));
    return value;
}

/* A file gives a result per scenario; one that fails makes the answer no, with its step. */
static void test_results(void **state)
{
    (void)state;
    struct command_fixture f;
    command_open(&f, "test_command");
    put(&f, "two.scenario.json", two);
    const char *path = command_path(&f, "two.scenario.json");
    assert_ok(run(&f, &path, 1));
    assert_true(f.cli->says_no);
    assert_int_equal(number(&f, "passed"), 1);
    assert_int_equal(number(&f, "failed"), 1);
    const struct bl_json *bad = bl_json_at(bl_json_member(f.doc.root, "results"), 1);
    assert_string_equal(bl_json_text(bl_json_member(bad, "finding")),
                        "step 1, balance $b: the balance of $b: expected 1, got 0");
    f.cli->args.values[CLI_FILTER] = "good";
    assert_ok(run(&f, &path, 1));
    assert_false(f.cli->says_no);
    assert_int_equal(number(&f, "passed"), 1);
    assert_int_equal(number(&f, "failed"), 0);
    command_close(&f);
}

/* A folder stands for its scenario files; one without any is an error, as is a missing file. */
static void test_folders(void **state)
{
    (void)state;
    struct command_fixture f;
    command_open(&f, "test_command");
    const char *root = f.root;
    const char *absent = command_path(&f, "absent");
    assert_status(run(&f, &root, 1), BAALS_NOTFOUND);
    assert_status(run(&f, &absent, 1), BAALS_NOTFOUND);
    put(&f, "one.scenario.json", two);
    put(&f, "two.scenario.json", two);
    put(&f, "other.json", "not JSON at all");
    assert_ok(run(&f, &root, 1));
    assert_int_equal(number(&f, "passed"), 2);
    assert_int_equal(number(&f, "failed"), 2);
    command_close(&f);
}

/* The gas of each step is kept beside the file when asked for, and compared; without a kept one the
 * comparison fails. */
static void test_gas(void **state)
{
    (void)state;
    struct command_fixture f;
    baals_slice kept;
    command_open(&f, "test_command");
    put(&f, "two.scenario.json", two);
    const char *path = command_path(&f, "two.scenario.json");
    const char *snapshot = command_path(&f, "two.gas");
    f.cli->args.values[CLI_FILTER] = "good";
    f.cli->args.values[CLI_GAS] = "";
    assert_ok(run(&f, &path, 1));
    assert_int_equal(number(&f, "failed"), 1);
    f.cli->args.values[CLI_UPDATE] = "";
    assert_ok(run(&f, &path, 1));
    assert_false(f.cli->says_no);
    assert_ok(cli_read_file(f.cli, &kept, snapshot, 1000, NULL));
    assert_non_null(strstr((const char *)kept.data, "good one [0] send $b by a\n"));
    f.cli->args.values[CLI_UPDATE] = NULL;
    assert_ok(run(&f, &path, 1));
    assert_int_equal(number(&f, "passed"), 2);
    put(&f, "two.gas", "1          good one [0] send $b by a\n");
    assert_ok(run(&f, &path, 1));
    assert_int_equal(number(&f, "failed"), 1);
    command_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_gas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
