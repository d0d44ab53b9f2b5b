/* SPDX-License-Identifier: MIT */
/* Files of the command: limits of what is read, modes of secrets, folders made whole or not at all.
 */
#include <errno.h>
#include <sys/stat.h>

#include "command_fixture.h"

/* Goal: a file is read whole with a NUL behind it, up to its limit and no further. */
static void test_read(void **state)
{
    (void)state;
    struct command_fixture f;
    command_open(&f, "cli_files_read");
    static char text[10001];
    memset(text, 'x', 10000);
    const char *path = command_file(&f, "a", text);
    baals_slice bytes;
    assert_ok(cli_read_file(f.cli, &bytes, path, 10000, &f.err));
    assert_int_equal(bytes.len, 10000);
    assert_memory_equal(bytes.data, text, 10001);
    assert_status(cli_read_file(f.cli, &bytes, path, 9999, &f.err), BAALS_LIMIT);
    assert_ok(cli_read_file(f.cli, &bytes, command_file(&f, "b", ""), 0, &f.err));
    assert_int_equal(bytes.len, 0);
    assert_status(cli_read_file(f.cli, &bytes, command_path(&f, "c"), 9, &f.err), BAALS_NOTFOUND);
    assert_status(cli_read_file(f.cli, &bytes, f.root, 9, &f.err), BAALS_MISUSE_ARGUMENT);
    command_close(&f);
}

/* Goal: a secret that others may read is refused, and one that does not fit. */
static void test_secret(void **state)
{
    (void)state;
    struct command_fixture f;
    char secret[8];
    size_t len = 0;
    command_open(&f, "cli_files_secret");
    const char *path = command_file(&f, "a", "1234567");
    assert_ok(cli_read_secret(secret, sizeof secret, &len, path, &f.err));
    assert_string_equal(secret, "1234567");
    assert_int_equal(chmod(path, 0640), 0);
    assert_status(cli_read_secret(secret, sizeof secret, &len, path, &f.err), BAALS_IO_DENIED);
    assert_int_equal(chmod(path, 0604), 0);
    assert_status(cli_read_secret(secret, sizeof secret, &len, path, &f.err), BAALS_IO_DENIED);
    path = command_file(&f, "b", "12345678");
    assert_status(cli_read_secret(secret, sizeof secret, &len, path, &f.err), BAALS_LIMIT);
    command_close(&f);
}

/* Goal: a new file has mode 0600 and never replaces one, not even through a link. */
static void test_write_new(void **state)
{
    (void)state;
    struct command_fixture f;
    struct stat info;
    baals_slice bytes;
    command_open(&f, "cli_files_new");
    const char *path = command_file(&f, "a", "first");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_status(cli_write_new(path, bl_slice_str("second"), &f.err), BAALS_LIMIT_EXISTS);
    assert_ok(cli_read_file(f.cli, &bytes, path, 100, &f.err));
    assert_string_equal((const char *)bytes.data, "first");
    const char *link_path = command_path(&f, "link");
    const char *target = command_path(&f, "target");
    assert_int_equal(symlink(target, link_path), 0);
    assert_status(cli_write_new(link_path, bl_slice_str("x"), &f.err), BAALS_LIMIT_EXISTS);
    assert_int_equal(access(target, F_OK), -1);
    command_close(&f);
}

/* Goal: folders are made with their parents, and a file in the way is an error. */
static void test_make_dirs(void **state)
{
    (void)state;
    struct command_fixture f;
    struct stat info;
    command_open(&f, "cli_files_dirs");
    const char *deep = command_path(&f, "a/b/c");
    assert_ok(cli_make_dirs(deep, &f.err));
    assert_ok(cli_make_dirs(deep, &f.err));
    assert_int_equal(stat(deep, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    (void)command_file(&f, "file", "");
    assert_int_not_equal(cli_make_dirs(command_path(&f, "file/x"), &f.err), BAALS_OK);
    assert_status(cli_make_dirs("", &f.err), BAALS_MISUSE_ARGUMENT);
    command_close(&f);
}

/* Goal: removing a tree does not follow links out of it. */
static void test_remove_tree(void **state)
{
    (void)state;
    struct command_fixture f;
    command_open(&f, "cli_files_remove");
    const char *outside = command_file(&f, "outside", "kept");
    assert_ok(cli_make_dirs(command_path(&f, "tree/sub"), &f.err));
    (void)command_file(&f, "tree/sub/file", "gone");
    assert_int_equal(symlink(f.root, command_path(&f, "tree/link")), 0);
    cli_remove_tree(command_path(&f, "tree"));
    assert_int_equal(access(command_path(&f, "tree"), F_OK), -1);
    assert_int_equal(access(outside, F_OK), 0);
    command_close(&f);
}

/* Goal: a staged folder appears at its place on success only, and leaves nothing otherwise. */
static void test_staging(void **state)
{
    (void)state;
    struct command_fixture f;
    struct cli_staging staging;
    baals_slice bytes;
    command_open(&f, "cli_files_staging");
    const char *place = command_path(&f, "new/chain");
    assert_ok(cli_staging_begin(&staging, place, &f.err));
    assert_false(staging.in_place);
    const char *staged;
    assert_ok(cli_join(f.cli, &staged, staging.path, "file", &f.err));
    assert_ok(cli_write_new(staged, bl_slice_str("x"), &f.err));
    assert_int_equal(access(place, F_OK), -1);
    assert_status(cli_staging_end(f.cli, &staging, BAALS_IO_FULL, &f.err), BAALS_IO_FULL);
    assert_int_equal(access(staging.path, F_OK), -1);
    assert_int_equal(access(place, F_OK), -1);
    assert_ok(cli_staging_begin(&staging, command_path(&f, "new/chain//"), &f.err));
    assert_ok(cli_join(f.cli, &staged, staging.path, "file", &f.err));
    assert_ok(cli_write_new(staged, bl_slice_str("x"), &f.err));
    assert_ok(cli_staging_end(f.cli, &staging, BAALS_OK, &f.err));
    assert_ok(cli_read_file(f.cli, &bytes, command_path(&f, "new/chain/file"), 9, &f.err));
    command_close(&f);
}

/* Goal: an empty folder is filled in place and emptied again; others are refused by what they are.
 */
static void test_staging_in_place(void **state)
{
    (void)state;
    struct command_fixture f;
    struct cli_staging staging;
    command_open(&f, "cli_files_place");
    assert_ok(cli_make_dirs(f.dir, &f.err));
    assert_ok(cli_staging_begin(&staging, f.dir, &f.err));
    assert_true(staging.in_place);
    const char *file = command_file(&f, "chain/file", "x");
    assert_status(cli_staging_end(f.cli, &staging, BAALS_IO, &f.err), BAALS_IO);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(access(f.dir, F_OK), 0);
    (void)command_file(&f, "chain/file", "x");
    assert_status(cli_staging_begin(&staging, f.dir, &f.err), BAALS_CORRUPT_FOREIGN);
    assert_ok(cli_make_dirs(command_path(&f, "chain/journal"), &f.err));
    assert_status(cli_staging_begin(&staging, f.dir, &f.err), BAALS_LIMIT_EXISTS);
    assert_status(cli_staging_begin(&staging, command_file(&f, "plain", ""), &f.err),
                  BAALS_CORRUPT_FOREIGN);
    assert_status(cli_staging_begin(&staging, "", &f.err), BAALS_MISUSE_ARGUMENT);
    command_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_write_new),
        cmocka_unit_test(test_make_dirs),
        cmocka_unit_test(test_remove_tree),
        cmocka_unit_test(test_staging),
        cmocka_unit_test(test_staging_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
