/* SPDX-License-Identifier: MIT */
/* The command `new contract`: what it writes, what it refuses. What it writes is built and tried by
 * tests/integration/test_new_contract.py. */
#include "command_fixture.h"

#include <sys/stat.h>

#include "cli/kit.h"

static baals_status make(struct command_fixture *f, const char *path, const char *language)
{
    f->cli->args.values[CLI_LANG] = language;
    return COMMAND_RUN(f, cli_run_new_contract, path);
}

/* Goal: the result lists the files of the language; the names are filled in, no mark is left, and
 * the scripts can be run. */
static void test_project(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        const char *source;
        const char *kit;
    } cases[] = {{"c", "shop.c", "baals/sdk/c/baals.h"},
                 {"rust", "shop.rs", "baals/sdk/rust/src/host.rs"},
                 {"as", "shop.ts", "baals/sdk/as/baals.ts"}};
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct command_fixture f;
        struct stat info;
        const char *path;
        bool has_source = false, has_kit = false;
        command_open(&f, "cli_new");
        assert_ok(make(&f, command_path(&f, "shop"), cases[i].language));
        const struct bl_json *files = bl_json_member(f.doc.root, "files");
        for (size_t k = 0; k < bl_json_count(files); k++) {
            const char *name = bl_json_text(bl_json_at(files, k));
            baals_slice bytes;
            has_source = has_source || strcmp(name, cases[i].source) == 0;
            has_kit = has_kit || strcmp(name, cases[i].kit) == 0;
            assert_ok(cli_join(f.cli, &path, command_path(&f, "shop"), name, &f.err));
            assert_ok(cli_read_file(f.cli, &bytes, path, CLI_FILE_MAX, &f.err));
            assert_true(bytes.len > 0);
            assert_null(strstr((const char *)bytes.data, "@NAME@"));
            assert_null(strstr((const char *)bytes.data, "@SUFFIX@"));
        }
        assert_true(has_source && has_kit);
        assert_int_equal(stat(command_path(&f, "shop/build"), &info), 0);
        assert_int_equal(info.st_mode & 0100, 0100);
        command_close(&f);
    }
}

/* Goal: a folder that is there stays as it is; names and languages that cannot be are told. */
static void test_refused(void **state)
{
    (void)state;
    struct command_fixture f;
    struct stat info;
    static const char *const names[] = {
        "", "Shop", "1shop", "shop-one", "s.h", "baals", "a23456789012345678901234567890123"};
    command_open(&f, "cli_new");
    assert_ok(make(&f, command_path(&f, "shop"), "c"));
    assert_status(make(&f, command_path(&f, "shop"), "rust"), BAALS_LIMIT_EXISTS);
    assert_int_not_equal(stat(command_path(&f, "shop/shop.rs"), &info), 0);
    for (size_t i = 0; i < BL_COUNT_OF(names); i++)
        assert_status(make(&f, command_path(&f, names[i]), "c"), BAALS_MISUSE_ARGUMENT);
    assert_status(make(&f, command_path(&f, "other"), "go"), BAALS_MISUSE_ARGUMENT);
    assert_status(make(&f, command_path(&f, "other"), NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(make(&f, command_path(&f, "absent/other"), "c"), BAALS_NOTFOUND);
    assert_int_not_equal(stat(command_path(&f, "other"), &info), 0);
    command_close(&f);
}

/* Goal: every language has the files of all, and no path leaves the project. */
static void test_files(void **state)
{
    (void)state;
    assert_true(cli_kit_file_count > 10);
    for (size_t i = 0; i < cli_kit_file_count; i++) {
        const struct cli_kit_file *file = &cli_kit_files[i];
        assert_true(file->len > 0 && file->path[0] != '/');
        assert_null(strstr(file->path, ".."));
        assert_true(file->mode == 0666 || file->mode == 0777);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_project),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
