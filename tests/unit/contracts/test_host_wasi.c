/* SPDX-License-Identifier: MIT */
/*
 * The deterministic part of WASI: commands, descriptors, clocks, and the errno of everything else.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/host.h"

static int wasi_setup(void **state)
{
    struct contract_fixture *fx = contract_fixture_new();
    fx->execution.wasm_limits = 2;
    *state = fx;
    return 0;
}

static int wasi_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

#define RESULT(call) "(local.set $r (i64.extend_i32_u (call " call ")))"
/* Two buffers at 1024: 4 bytes at 256 ("key0"), 4 bytes at 260 ("val1"). */
#define BUFFERS                                                                                    \
    "(i32.store (i32.const 1024) (i32.const 256)) (i32.store (i32.const 1028) (i32.const 4))"      \
    "(i32.store (i32.const 1032) (i32.const 260)) (i32.store (i32.const 1036) (i32.const 4))"
#define RW(name, fd, count)                                                                        \
    RESULT("$" name " (i32.const " fd ") (i32.const 1024) (i32.const " count ") (i32.const 1100)")

/* Goal: method main runs _start; the input is descriptor 0, the output descriptor 1, in order. */
static void test_command(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"_start\") (local i32)"
        " (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3))"
        " (loop (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
        "  (if (i32.load (i32.const 8)) (then"
        "   (i32.store (i32.const 16) (i32.const 64))"
        "   (i32.store (i32.const 20) (i32.load (i32.const 8)))"
        "   (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))"
        "   (br 1)))))"
        "(func (export \"fail\") (call $proc_exit (i32.const 7)))");
    assert_ok(contract_run(fx, 0xaa, "main", "hello, chain"));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 12);
    assert_memory_equal(fx->result.output.data, "hello, chain", 12);
    assert_ok(contract_run(fx, 0xaa, "_start", "x"));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);
    assert_ok(contract_run(fx, 0xaa, "fail", "x"));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.revert_code, 7);
}

/* Goal: under version 1 a module with _start has no method main. */
static void test_command_version_1(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.wasm_limits = 1;
    contract_deploy_body(fx, 0xaa, "(func (export \"_start\"))");
    assert_ok(contract_run(fx, 0xaa, "main", "x"));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);
    fx->execution.wasm_limits = 2;
    assert_ok(contract_run(fx, 0xaa, "main", "x"));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
}

/* Goal: writing gathers its buffers, counts, costs 8 per byte, and keeps its bound. */
static void test_write(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, BUFFERS, RW("fd_write", "2", "2"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 3 + 8 * 8 + 1);
    assert_string_equal(fx->host.log, "key0val1");
    m = contract_measure(fx, BUFFERS,
                         RW("fd_write", "1", "2") "(local.set $r (i64.load32_u (i32.const 1100)))");
    assert_int_equal(m.result, 8);
    assert_int_equal(contract_measure(fx, BUFFERS, RW("fd_write", "0", "2")).result, 8);
    assert_int_equal(contract_measure(fx, BUFFERS, RW("fd_write", "3", "2")).result, 8);
    contract_fails(fx, RW("fd_write", "1", "1025"), BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    contract_fails(fx,
                   "(i32.store (i32.const 1024) (i32.const 65535))"
                   "(i32.store (i32.const 1028) (i32.const 2))" RW("fd_write", "1", "1"),
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx,
                   "(i32.store (i32.const 1028) (i32.const 65537))" RW("fd_write", "1", "1")
                       RW("fd_write", "1", "1"),
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx,
                   "(i32.store (i32.const 1028) (i32.const 40000))" RW("fd_write", "1", "1")
                       RW("fd_write", "1", "1"),
                   BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    contract_fails(fx, "(i32.store (i32.const 1028) (i32.const 16385))" RW("fd_write", "2", "1"),
                   BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
}

/* Goal: reading scatters over the buffers and ends with 0. */
static void test_read(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(
        fx, BUFFERS, RW("fd_read", "0", "2") "(local.set $r (i64.load (i32.const 256)))");
    assert_memory_equal(&m.result, "argument", 8);
    m = contract_measure(fx, BUFFERS RW("fd_read", "0", "2"), RW("fd_read", "0", "2"));
    assert_int_equal(m.gas, 150 + 3 + 1);
    m = contract_measure(fx, BUFFERS RW("fd_read", "0", "2") RW("fd_read", "0", "2"),
                         RW("fd_read", "0", "2") "(local.set $r (i64.load32_u (i32.const 1100)))");
    assert_int_equal(m.result, 0);
    assert_int_equal(contract_measure(fx, BUFFERS, RW("fd_read", "1", "2")).result, 8);
}

/* Goal: clocks are the block's time, random bytes the stream of the chain, there are no
 * arguments. */
static void test_small_functions(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        const char *statement;
        uint64_t result;
    } rows[] = {
        {RESULT("$clock_time_get (i32.const 0) (i64.const 0) (i32.const 800)") "(local.set $r "
                                                                               "(i64.load "
                                                                               "(i32.const 800)))",
         1700000000000000000},
        {RESULT("$clock_time_get (i32.const 2) (i64.const 0) (i32.const 800)"), 28},
        {RESULT("$clock_res_get (i32.const 1) (i32.const 800)") "(local.set $r (i64.load "
                                                                "(i32.const 800)))",
         1000000},
        {"(i64.store (i32.const 800) (i64.const -1))" RESULT(
             "$args_sizes_get (i32.const 800) (i32.const 804)") "(local.set $r (i64.load "
                                                                "(i32.const 800)))",
         0},
        {RESULT("$fd_fdstat_get (i32.const 0) (i32.const 800)") "(local.set $r (i64.load "
                                                                "(i32.const 808)))",
         2},
        {RESULT("$fd_fdstat_get (i32.const 1) (i32.const 800)") "(local.set $r (i64.load "
                                                                "(i32.const 808)))",
         64},
        {RESULT("$fd_fdstat_get (i32.const 3) (i32.const 800)"), 8},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct contract_measure m = contract_measure(fx, "", rows[i].statement);
        if (m.result != rows[i].result)
            fail_msg("%s: %llu", rows[i].statement, (unsigned long long)m.result);
    }
    struct contract_measure one =
        contract_measure(fx, "(call $random (i32.const 800)) (call $random (i32.const 832))",
                         "(local.set $r (i64.load (i32.const 832)))");
    struct contract_measure two =
        contract_measure(fx, RESULT("$random_get (i32.const 800) (i32.const 40)"),
                         "(local.set $r (i64.load (i32.const 832)))");
    assert_true(one.result == two.result && one.result != 0);
    two = contract_measure(fx, "", RESULT("$random_get (i32.const 800) (i32.const 40)"));
    assert_int_equal(two.gas, 150 + 5 + 2 * 500);
}

/* Parameters for a call of any function: descriptor `fd`, then zeros. */
static void wasi_arguments(char *out, size_t size, const char *signature, int fd)
{
    out[0] = '\0';
    for (size_t i = 0; signature[i] != ':'; i++)
        (void)snprintf(out + strlen(out), size - strlen(out), " (%s.const %d)",
                       signature[i] == 'l' ? "i64" : "i32", i == 0 ? fd : 0);
}

/* Goal: every WASI function there is can be imported and called; what has no effect answers the
 * errno of the specification. */
static void test_every_function(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        const char *function;
        int open, closed; /* errno for descriptor 0 and for 3; -1: see the other tests */
    } errors[] = {{"nothing", 0, 0},    {"unsupported", 58, 58},   {"no_file", 8, 8},
                  {"fd_nothing", 0, 8}, {"fd_unsupported", 58, 8}, {"fd_seek", 70, 8}};
    static const struct {
        const char *name, *signature, *function;
    } rows[] = {
#define WASI_ROW(name, signature, function) {#name, signature, #function},
        BL_WASI_FUNCTION_MAP(WASI_ROW)
#undef WASI_ROW
    };
    assert_int_equal(BL_COUNT_OF(rows), 46);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        const char *colon = strchr(rows[i].signature, ':');
        for (size_t e = 0; e < BL_COUNT_OF(errors); e++) {
            if (strcmp(errors[e].function, rows[i].function) != 0)
                continue;
            for (int fd = 0; fd <= 3; fd += 3) {
                char params[128] = "", args[256], text[1024];
                for (const char *s = rows[i].signature; s < colon; s++)
                    (void)snprintf(params + strlen(params), sizeof params - strlen(params), " %s",
                                   *s == 'l' ? "i64" : "i32");
                wasi_arguments(args, sizeof args, rows[i].signature, fd);
                (void)snprintf(text, sizeof text,
                               "(module (import \"wasi_snapshot_preview1\" \"%s\" (func $f (param"
                               "%s) (result i32)))"
                               "(import \"baals1\" \"output\" (func $o (param i32 i32)))"
                               "(memory 1) (func (export \"m\") (i64.store (i32.const 0)"
                               " (i64.extend_i32_u (call $f%s))) (call $o (i32.const 0)"
                               " (i32.const 8))))",
                               rows[i].name, params, args);
                contract_deploy(fx, 0xaa, text);
                assert_ok(contract_run(fx, 0xaa, "m", ""));
                uint64_t expected = (uint64_t)(fd == 0 ? errors[e].open : errors[e].closed);
                assert_int_equal(contract_output_u64(fx), expected);
            }
        }
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define WASI_TEST(name) cmocka_unit_test_setup_teardown(name, wasi_setup, wasi_teardown)
    const struct CMUnitTest tests[] = {
        WASI_TEST(test_command), WASI_TEST(test_command_version_1), WASI_TEST(test_write),
        WASI_TEST(test_read),    WASI_TEST(test_small_functions),   WASI_TEST(test_every_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
