/* SPDX-License-Identifier: MIT */
/* Transactions from the command line, on a chain that this process opens. */
#include "testlib.h"

#include "cli_fixture.h"

static void send_line(char *out, size_t size, const char *rest)
{
    snprintf(out, size, "send %s %s", cli_fixture_bob(), rest);
}

/* A transfer is signed, mined and told with its place; memo and metadata go with it. */
static void test_send(void **state)
{
    struct cli_fixture f;
    char line[512], id[80];
    (void)state;
    cli_fixture_open(&f, "transact_send");
    cli_fixture_chain(&f);
    send_line(line, sizeof line,
              "250 --key @/alice.key --memo thanks --metadata zz=1 --metadata a=b --json");
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "OK");
    assert_string_equal(cli_fixture_member(&f, "block"), "1");
    snprintf(id, sizeof id, "%s", cli_fixture_member(&f, "tx_id"));
    snprintf(line, sizeof line, "inspect tx %s --json", id);
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "amount"), "250");
    assert_string_equal(cli_fixture_member(&f, "payload"), "7468616e6b73");
    /* Shorter names stand first: the canonical order of map keys. */
    assert_string_equal(cli_fixture_member(&f, "metadata"), "{\"a\": \"b\", \"zz\": \"1\"}");
    cli_fixture_close(&f);
}

/* What the ledger would refuse is refused before a key is asked for, and uses no nonce. */
static void test_refused(void **state)
{
    static const struct {
        const char *rest;
        int exit_code;
        const char *code;
    } rows[] = {
        {"5000000 --key @/alice.key", 9, "E-BALANCE"},
        {"1 --key @/alice.key --gas-price 999999", 9, "E-BALANCE"},
        {"1 --key @/alice.key --gas-limit 7", 9, "E-GAS-LIMIT"},
        {"1 --key @/alice.key --valid-until 0", 9, "E-EXPIRED"},
        {"1 --key @/alice.key --nonce x", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --timeout 0", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --metadata x", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --metadata a=1 --metadata a=2", 2, "E-ARGUMENT"},
        {"1 --key @/alice.key --memo 0xf", 2, "E-ARGUMENT"},
        {"1 --key @/absent.key", 5, "E-NOT-FOUND"},
        {"x --key @/alice.key", 2, "E-ARGUMENT"},
    };
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_refused");
    cli_fixture_chain(&f);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        send_line(line, sizeof line, rows[i].rest);
        cli_fixture_fails(&f, line, rows[i].exit_code, rows[i].code);
    }
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "tx_count"), "0");
    assert_string_equal(cli_fixture_member(&f, "pending"), "0");
    cli_fixture_close(&f);
}

/* A simulation tells status and gas, and the chain stays where it was. */
static void test_simulate(void **state)
{
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_simulate");
    cli_fixture_chain(&f);
    snprintf(line, sizeof line, "simulate send %s 5 --key @/alice.key --json", cli_fixture_bob());
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "OK");
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "0");
    cli_fixture_close(&f);
}

/* Without the authority's key a transaction stays pending, and is mined once the key is back. */
static void test_pending(void **state)
{
    struct cli_fixture f;
    char line[512];
    (void)state;
    cli_fixture_open(&f, "transact_pending");
    cli_fixture_chain(&f);
    assert_int_equal(
        rename(cli_fixture_path(&f, "chain/authority.key"), cli_fixture_path(&f, "kept")), 0);
    send_line(line, sizeof line, "1 --key @/alice.key --json");
    cli_fixture_ok(&f, line);
    assert_string_equal(cli_fixture_member(&f, "status"), "PENDING");
    assert_non_null(strstr(f.err, "authority"));
    assert_int_equal(
        rename(cli_fixture_path(&f, "kept"), cli_fixture_path(&f, "chain/authority.key")), 0);
    cli_fixture_ok(&f, line);
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "tx_count"), "2");
    cli_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_simulate),
        cmocka_unit_test(test_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
