/* SPDX-License-Identifier: MIT */
/* The commands that look, and proofs from making to checking. */
#include "testlib.h"

#include "cli_fixture.h"

static void with_one_transfer(struct cli_fixture *f, const char *name)
{
    char line[512];
    cli_fixture_open(f, name);
    cli_fixture_chain(f);
    snprintf(line, sizeof line, "send %s 250 --key @/alice.key", cli_fixture_bob());
    cli_fixture_ok(f, line);
}

/* A block is found by height, by hash and as the latest; what is none of them is said. */
static void test_block(void **state)
{
    struct cli_fixture f;
    char line[512], hash[80];
    (void)state;
    with_one_transfer(&f, "read_block");
    cli_fixture_ok(&f, "inspect block latest --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "1");
    snprintf(hash, sizeof hash, "%s", cli_fixture_member(&f, "hash"));
    snprintf(line, sizeof line, "inspect block %s --json", hash);
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "height"), "1");
    cli_fixture_fails(&f, "inspect block 2", 5, "E-NOT-FOUND");
    cli_fixture_fails(&f, "inspect block first", 2, "E-ARGUMENT");
    cli_fixture_fails(&f, "inspect tx abc", 2, "E-ARGUMENT");
    cli_fixture_close(&f);
}

/* An account comes with its newest transactions; a limit beyond the bound prints nothing. */
static void test_account(void **state)
{
    struct cli_fixture f;
    char line[512];
    (void)state;
    with_one_transfer(&f, "read_account");
    snprintf(line, sizeof line, "inspect account %s --json", cli_fixture_bob());
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "balance"), "250");
    assert_non_null(strstr(cli_fixture_member(&f, "txs"), "\"block\":1"));
    snprintf(line, sizeof line, "inspect account %s --limit 1001", cli_fixture_bob());
    cli_fixture_fails(&f, line, 2, "E-ARGUMENT");
    assert_string_equal(f.out, "");
    snprintf(line, sizeof line, "inspect contract %s", cli_fixture_bob());
    cli_fixture_fails(&f, line, 5, "E-NOT-FOUND");
    snprintf(line, sizeof line, "query %s get", cli_fixture_bob());
    assert_int_equal(cli_fixture_run(&f, line), 10);
    cli_fixture_close(&f);
}

/* Events are lines: one for the block, one for its transaction; a cursor goes on behind its line.
 */
static void test_events(void **state)
{
    struct cli_fixture f;
    char line[128];
    (void)state;
    with_one_transfer(&f, "read_events");
    cli_fixture_ok(&f, "events");
    const char *second = strchr(f.out, '\n');
    assert_non_null(second);
    assert_non_null(strstr(f.out, " block 1 "));
    assert_non_null(strstr(second, " tx 1 "));
    snprintf(line, sizeof line, "events --after %.*s", (int)strcspn(f.out, " "), f.out);
    cli_fixture_ok(&f, line);
    assert_null(strstr(f.out, " block "));
    assert_non_null(strstr(f.out, " tx 1 "));
    cli_fixture_ok(&f, "events --after now");
    assert_string_equal(f.out, "");
    cli_fixture_fails(&f, "events --after then", 2, "E-ARGUMENT");
    cli_fixture_close(&f);
}

/* A proof that was printed holds against the root it was made for, and no other. */
static void test_proof(void **state)
{
    struct cli_fixture f;
    char line[512], root[80];
    (void)state;
    with_one_transfer(&f, "read_proof");
    cli_fixture_ok(&f, "inspect chain --json");
    snprintf(root, sizeof root, "%s", cli_fixture_member(&f, "state_root"));
    snprintf(line, sizeof line, "prove accounts %s --json", cli_fixture_bob());
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "exists"), "true");
    cli_fixture_write(&f, "proof.json", f.out, 0600);
    snprintf(line, sizeof line, "verify-proof @/proof.json %s --json", root);
    cli_fixture_ok(&f, line);
    cli_fixture_ok(&f, "verify-proof @/proof.json --json");
    assert_string_equal(cli_fixture_member(&f, "state_root"), root);
    assert_string_equal(cli_fixture_member(&f, "height"), "1");
    root[0] = root[0] == '0' ? '1' : '0';
    snprintf(line, sizeof line, "verify-proof @/proof.json %s", root);
    cli_fixture_fails(&f, line, 9, "E-PROOF");
    cli_fixture_write(&f, "proof.json", "{\"store\":\"accounts\",\"exists\":true}", 0600);
    cli_fixture_fails(&f, "verify-proof @/proof.json", 9, "E-PROOF");
    cli_fixture_fails(&f, "prove storage 00", 2, "E-ARGUMENT");
    cli_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
