/* SPDX-License-Identifier: MIT */
/* Statuses have stable names and numbers; messages are one line of UTF-8 whatever goes in. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib.h"

/* Goal: names, codes and texts come from the table, and unknown numbers are said to be unknown. */
static void test_error_names(void **state)
{
    (void)state;
    assert_string_equal(baals_status_name(BAALS_OK), "OK");
    assert_string_equal(baals_status_name(BAALS_REJECT_NONCE), "REJECT_NONCE");
    assert_string_equal(baals_status_code(BAALS_REJECT_NONCE), "E-NONCE");
    assert_string_equal(baals_status_text(BAALS_NOMEM), "out of memory");
    assert_string_equal(baals_status_name((baals_status)0x00ffff00), "UNKNOWN");
    assert_string_equal(baals_status_code((baals_status)0x00ffff00), "E-UNKNOWN");
    assert_non_null(baals_status_text((baals_status)0x00ffff00));
    assert_string_equal(baals_status_name(BAALS_STATUS_FORCE_INT), "UNKNOWN");
    assert_string_equal(baals_status_code(BAALS_STATUS_FORCE_INT), "E-UNKNOWN");
    assert_string_equal(baals_status_text(BAALS_STATUS_FORCE_INT), "an unknown status");
}

/* Goal: no two statuses share a number, a name or a code. */
static void test_error_distinct(void **state)
{
    (void)state;
    static const struct {
        baals_status status;
        const char *name;
        const char *code;
    } all[] = {
#define TEST_ERROR_ROW(name, class_, detail, code, text) {BAALS_##name, #name, code},
        BAALS_STATUS_MAP(TEST_ERROR_ROW)
#undef TEST_ERROR_ROW
    };
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        assert_string_equal(baals_status_name(all[i].status), all[i].name);
        assert_string_equal(baals_status_code(all[i].status), all[i].code);
        assert_true(strlen(baals_status_text(all[i].status)) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i].status, all[j].status);
            assert_string_not_equal(all[i].code, all[j].code);
        }
    }
}

/* Goal: the class stands in the low 8 bits, as error.h promises. */
static void test_error_class(void **state)
{
    (void)state;
    assert_int_equal(BAALS_STATUS_CLASS(BAALS_OK), BAALS_CLASS_OK);
    assert_int_equal(BAALS_STATUS_CLASS(BAALS_IO_FULL), BAALS_CLASS_IO);
    assert_int_equal(BAALS_STATUS_CLASS(BAALS_REJECT_STATE_ROOT), BAALS_CLASS_REJECT);
    assert_int_equal(BAALS_STATUS_CLASS(BAALS_TRAP_GAS), BAALS_CLASS_TRAP);
    assert_int_equal(BAALS_REJECT_NONCE, 9 | 33 << 8);
}

/* Goal: bl_fail writes status, message and offset, and accepts a NULL error. */
static void test_error_fail(void **state)
{
    (void)state;
    baals_error err;
    assert_status(bl_fail(&err, BAALS_LIMIT, "%s has %u", "pool", 7u), BAALS_LIMIT);
    assert_int_equal(err.status, BAALS_LIMIT);
    assert_int_equal(err.offset, BAALS_NO_OFFSET);
    assert_string_equal(err.message, "pool has 7");
    assert_status(bl_fail(NULL, BAALS_LIMIT, "%d", 1), BAALS_LIMIT);

    assert_status(bl_fail_at(&err, BAALS_REJECT_ITEM, 12, "item"), BAALS_REJECT_ITEM);
    assert_int_equal(err.offset, 12);
    assert_status(bl_fail_at(&err, BAALS_REJECT_ITEM, SIZE_MAX, "item"), BAALS_REJECT_ITEM);
    assert_int_equal(err.offset, BAALS_NO_OFFSET);
    assert_status(bl_fail_at(NULL, BAALS_REJECT_ITEM, 12, "item"), BAALS_REJECT_ITEM);
}

/* Goal: a context goes before the message; status and offset of the cause stay. */
static void test_error_context(void **state)
{
    (void)state;
    baals_error err;
    bl_fail_at(&err, BAALS_REJECT_UTF8, 5, "bad text");
    assert_status(bl_fail_context(&err, BAALS_REJECT_UTF8, "transaction %d", 3), BAALS_REJECT_UTF8);
    assert_int_equal(err.status, BAALS_REJECT_UTF8);
    assert_int_equal(err.offset, 5);
    assert_string_equal(err.message, "transaction 3: bad text");
    assert_status(bl_fail_context(NULL, BAALS_IO, "x"), BAALS_IO);
}

/* Goal: control characters and bytes that are no UTF-8 become '?', valid text stays. */
static void test_error_cleans(void **state)
{
    (void)state;
    baals_error err;
    bl_fail(&err, BAALS_IO, "a\nb\x1b[0m\x7f%s", "");
    assert_string_equal(err.message, "a?b?[0m?");
    bl_fail(&err, BAALS_IO, "%s", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(err.message, "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80");
    /* A lone continuation, an overlong form, a surrogate, beyond U+10FFFF, a cut character. */
    bl_fail(&err, BAALS_IO, "%s", "\x80 \xc0\xaf \xe0\x80\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xc3");
    assert_string_equal(err.message, "? ?? ??? ??? ???? ?");
    bl_fail(&err, BAALS_IO, "%s", "\xf0\x8f\xbf\xbf \xf5\x80\x80\x80");
    assert_string_equal(err.message, "???? ????");
}

/* Goal: a message that is too long is cut between two characters, prefix or not. */
static void test_error_cut(void **state)
{
    (void)state;
    baals_error err;
    char text[400];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        bl_fail(&err, BAALS_IO, "%s", text);
        size_t len = strlen(err.message);
        assert_true(len >= sizeof err.message - 4);
        assert_int_equal((len - shift) % 3, 0);
        assert_memory_equal(err.message, text, len);
        bl_fail_context(&err, BAALS_IO, "context");
        len = strlen(err.message);
        assert_true(len >= sizeof err.message - 4);
        assert_null(strchr(err.message, '?'));
        assert_memory_equal(err.message, "context: ", 9);
    }
}

/* Goal: a broken assertion ends the process in every build, saying where it stood. */
static void test_error_assert(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(pipe_fds[1], STDERR_FILENO);
        BL_ASSERT(1 + 1 == 2);
        BL_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(pipe_fds[1]);
    char text[256] = "";
    assert_true(read(pipe_fds[0], text, sizeof text - 1) > 0);
    close(pipe_fds[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "1 + 1 == 3"));
    assert_non_null(strstr(text, "test_error.c:"));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_names),   cmocka_unit_test(test_error_distinct),
        cmocka_unit_test(test_error_class),   cmocka_unit_test(test_error_fail),
        cmocka_unit_test(test_error_context), cmocka_unit_test(test_error_cleans),
        cmocka_unit_test(test_error_cut),     cmocka_unit_test(test_error_assert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
