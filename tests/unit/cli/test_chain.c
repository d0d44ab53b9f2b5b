/* SPDX-License-Identifier: MIT */
/* Whole chains: made, verified, repaired, carried as a file. */
#include "testlib.h"

#include "cli_fixture.h"

/* A chain is made once; the genesis it wrote makes the same chain elsewhere. */
static void test_init(void **state)
{
    struct cli_fixture f;
    char id[80];
    struct stat info;
    (void)state;
    cli_fixture_open(&f, "chain_init");
    cli_fixture_ok(&f, "init @/one --name tiny --dev --slot-ms 10 --interval-ms 20 --json --quiet");
    assert_string_equal(f.err, "");
    snprintf(id, sizeof id, "%s", cli_fixture_member(&f, "chain_id"));
    assert_int_equal(stat(cli_fixture_path(&f, "one/authority.key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    cli_fixture_ok(&f, "init @/two --genesis @/one/genesis.json --json --quiet");
    assert_string_equal(cli_fixture_member(&f, "chain_id"), id);
    /* Without the key that goes with it there is none. */
    assert_int_not_equal(stat(cli_fixture_path(&f, "two/authority.key"), &info), 0);
    cli_fixture_fails(&f, "init @/two", 7, "E-EXISTS");
    cli_fixture_fails(&f, "init @/three --genesis @/one/genesis.json --dev", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "init @/three --genesis @/absent.json", 5, "E-NOT-FOUND");
    cli_fixture_fails(&f, "init @/three --slot-ms 0", 9, "E-GENESIS");
    cli_fixture_fails(&f, "init @/three --alloc x", 2, "E-ARGUMENT");
    assert_int_not_equal(stat(cli_fixture_path(&f, "three"), &info), 0);
    cli_fixture_close(&f);
}

/* An export makes the same chain elsewhere, catches it up later, and nothing is overwritten. */
static void test_export_import(void **state)
{
    struct cli_fixture f;
    char line[512], root[80];
    (void)state;
    cli_fixture_open(&f, "chain_export");
    cli_fixture_chain(&f);
    snprintf(line, sizeof line, "send %s 250 --key @/alice.key", cli_fixture_bob());
    cli_fixture_ok(&f, line);
    cli_fixture_ok(&f, "inspect chain --json");
    snprintf(root, sizeof root, "%s", cli_fixture_member(&f, "state_root"));
    cli_fixture_ok(&f, "export @/out");
    cli_fixture_fails(&f, "export @/out", 7, "E-EXISTS");
    cli_fixture_ok(&f, "import @/out @/copy --json");
    assert_string_equal(cli_fixture_member(&f, "state_root"), root);
    cli_fixture_ok(&f, line);
    cli_fixture_ok(&f, "export @/longer");
    cli_fixture_ok(&f, "import @/longer @/copy --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "2");
    cli_fixture_ok(&f, "verify @/copy --replay --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "2");
    cli_fixture_fails(&f, "import @/longer @/copy --authority-key @/alice.key", 2, "E-ARGUMENT");
    cli_fixture_close(&f);
}

/* A file that is no export makes nothing. */
static void test_no_export(void **state)
{
    struct cli_fixture f;
    struct stat info;
    (void)state;
    cli_fixture_open(&f, "chain_no_export");
    cli_fixture_write(&f, "letter", "dear chain", 0600);
    assert_int_not_equal(cli_fixture_run(&f, "import @/letter @/copy"), 0);
    assert_int_not_equal(stat(cli_fixture_path(&f, "copy"), &info), 0);
    cli_fixture_fails(&f, "import @/absent @/copy", 5, "E-NOT-FOUND");
    cli_fixture_close(&f);
}

/* Verify and repair say where the chain stands, and that there is none. */
static void test_verify_repair(void **state)
{
    struct cli_fixture f;
    char root[80];
    (void)state;
    cli_fixture_open(&f, "chain_verify");
    cli_fixture_chain(&f);
    cli_fixture_ok(&f, "verify --json");
    assert_string_equal(cli_fixture_member(&f, "ok"), "true");
    snprintf(root, sizeof root, "%s", cli_fixture_member(&f, "state_root"));
    cli_fixture_ok(&f, "repair --json");
    assert_string_equal(cli_fixture_member(&f, "state_root"), root);
    cli_fixture_fails(&f, "verify @/absent", 5, "E-NO-CHAIN");
    cli_fixture_fails(&f, "repair @/absent", 5, "E-NO-CHAIN");
    cli_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_export_import),
        cmocka_unit_test(test_no_export),
        cmocka_unit_test(test_verify_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
