/* SPDX-License-Identifier: MIT */
/* The node in a child of this process: it gets ready, serves, and stops on a signal. */
#include "testlib.h"

#include <signal.h>
#include <sys/wait.h>

#include "cli_fixture.h"

/* A node on "@/chain"; its ready line is read into `line`. */
static pid_t start_node(struct cli_fixture *f, char *line, size_t size)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char dir[600];
        char program[] = "baals", command[] = "start", json[] = "--json";
        char *argv[] = {program, command, dir, json, NULL};
        snprintf(dir, sizeof dir, "%s/chain", f->dir);
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        _exit(bl_cli_main(4, argv));
    }
    (void)close(fds[1]);
    size_t len = 0;
    while (len + 1 < size && read(fds[0], line + len, 1) == 1 && line[len] != '\n')
        len++;
    line[len] = '\0';
    (void)close(fds[0]);
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Once it is ready commands go through it; SIGTERM and SIGINT end it with 0 and no socket is left.
 */
static void test_node(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct cli_fixture f;
    struct stat info;
    char line[1024], send[512];
    (void)state;
    cli_fixture_open(&f, "start_node");
    cli_fixture_chain(&f);
    for (size_t i = 0; i < BL_COUNT_OF(signals); i++) {
        pid_t child = start_node(&f, line, sizeof line);
        assert_non_null(strstr(line, "\"ready\":true"));
        snprintf(send, sizeof send, "send %s 1 --key @/alice.key --json", cli_fixture_bob());
        cli_fixture_ok(&f, send);
        assert_string_equal(cli_fixture_member(&f, "status"), "OK");
        cli_fixture_fails(&f, "verify", 4, "E-OWNED");
        assert_int_equal(kill(child, signals[i]), 0);
        assert_int_equal(wait_for(child), 0);
        assert_int_not_equal(stat(cli_fixture_path(&f, "chain/baals.sock"), &info), 0);
    }
    cli_fixture_ok(&f, "inspect chain --json");
    assert_string_equal(cli_fixture_member(&f, "height"), "2");
    cli_fixture_close(&f);
}

/* Where there is no chain there is no node. */
static void test_no_chain(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "start_nothing");
    cli_fixture_fails(&f, "start @/absent", 5, "E-NO-CHAIN");
    cli_fixture_close(&f);
}

/* A directory has one node; an authority key that is none, or that others can read, begins none. */
static void test_refused(void **state)
{
    struct cli_fixture f;
    char line[1024];
    (void)state;
    cli_fixture_open(&f, "start_refused");
    cli_fixture_chain(&f);
    pid_t child = start_node(&f, line, sizeof line);
    int second = cli_fixture_run(&f, "start @/chain");
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(second, cli_exit_code(BAALS_BUSY_OWNED));
    assert_int_equal(chmod(cli_fixture_path(&f, "chain/authority.key"), 0604), 0);
    cli_fixture_fails(&f, "start @/chain", 3, "E-DENIED");
    cli_fixture_write(&f, "chain/authority.key", "not a key", 0600);
    cli_fixture_fails(&f, "start @/chain", 2, "E-KEY");
    cli_fixture_close(&f);
}

/* Without the authority's key the node runs, and says that it makes no blocks. */
static void test_without_key(void **state)
{
    struct cli_fixture f;
    char line[1024];
    (void)state;
    cli_fixture_open(&f, "start_without_key");
    cli_fixture_chain(&f);
    assert_int_equal(unlink(cli_fixture_path(&f, "chain/authority.key")), 0);
    pid_t child = start_node(&f, line, sizeof line);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(wait_for(child), 0);
    assert_non_null(strstr(line, "\"can_seal\":false"));
    cli_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node),
        cmocka_unit_test(test_no_chain),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
