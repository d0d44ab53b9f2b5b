/* SPDX-License-Identifier: MIT */
/*
 * Host functions on storage: results, exact costs, limits, pointers, READONLY, scans with writes.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

#define R32(call) "(local.set $r (i64.extend_i32_u " call "))"
#define KEY "(i32.const 256) (i32.const 4)"
#define WRITE "(call $storage_write " KEY " (i32.const 260) (i32.const 4))"

static int storage_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int storage_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

static void
storage_put(struct contract_fixture *fx, uint8_t address, const char *key, const char *value)
{
    baals_address contract = fake_address(address);
    assert_ok(fx->host.base.ops->storage_put(&fx->host.base, &contract, bl_slice_str(key),
                                             bl_slice_str(value), NULL));
}

/* Goal: read gives length and value, -1 for an absent key, and copies only what fits. */
static void test_read(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m =
        contract_measure(fx, "", R32("(call $storage_read " KEY " (i32.const 100) (i32.const 8))"));
    assert_int_equal(m.result, 0xffffffff);
    assert_int_equal(m.gas, 150 + 1 + 3000);
    storage_put(fx, 0xaa, "key0", "0123456789");
    m = contract_measure(fx, "",
                         "(drop (call $storage_read " KEY " (i32.const 100) (i32.const 10)))"
                         "(local.set $r (i64.load (i32.const 100)))");
    assert_memory_equal(&m.result, "01234567", 8);
    assert_int_equal(m.gas, 150 + 1 + 3000 + 20 + 2);
    m = contract_measure(fx, "",
                         "(drop (call $storage_read " KEY " (i32.const 100) (i32.const 9)))"
                         "(local.set $r (i64.load (i32.const 100)))");
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 1 + 3000 + 20);
    m = contract_measure(fx, "",
                         R32("(call $storage_read " KEY " (i32.const 65536) (i32.const 0))"));
    assert_int_equal(m.result, 10);
}

/* Goal: places may overlap: a value over its key, key, value and lengths of a scan over each other
 * in the order of the parameters. */
static void test_overlap(void **state)
{
    struct contract_fixture *fx = *state;
    storage_put(fx, 0xaa, "key0", "0123456789");
    struct contract_measure m =
        contract_measure(fx, "",
                         "(drop (call $storage_read " KEY " (i32.const 254) (i32.const 10)))"
                         "(local.set $r (i64.load (i32.const 254)))");
    assert_memory_equal(&m.result, "01234567", 8);
    m = contract_measure(
        fx,
        "(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
        " (i32.const 0)))",
        "(drop (call $storage_next (i32.const 1) (i32.const 100) (i32.const 4) (i32.const 102)"
        " (i32.const 10) (i32.const 104)))"
        "(local.set $r (i64.load (i32.const 100)))");
    /* "ke" of the key, "01" of the value, then the two lengths. */
    assert_true(m.result == 0x000000043130656b);
}

/* Goal: write costs by the longer of old and new value, and the value is there. */
static void test_write(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, "", WRITE);
    assert_int_equal(m.gas, 150 + 1 + 6000 + 8 * 4);
    assert_memory_equal(fake_value(&fx->host, 0xaa, "key0")->data, "val1", 4);
    storage_put(fx, 0xaa, "key0", "a value of 21 letters");
    m = contract_measure(fx, "", WRITE);
    assert_int_equal(m.gas, 150 + 1 + 6000 + 8 * 21);
    assert_int_equal(fake_value(&fx->host, 0xaa, "key0")->len, 4);
    m = contract_measure(fx, "", "(call $storage_write " KEY " (i32.const 0) (i32.const 0))");
    assert_int_equal(m.gas, 150 + 1 + 6000 + 8 * 4);
    assert_int_equal(fake_value(&fx->host, 0xaa, "key0")->len, 0);
}

/* Goal: remove says whether the key was there and costs by the old value. */
static void test_remove(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, "", R32("(call $storage_remove " KEY ")"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 1 + 4000);
    storage_put(fx, 0xaa, "key0", "12345");
    m = contract_measure(fx, "", R32("(call $storage_remove " KEY ")"));
    assert_int_equal(m.result, 1);
    assert_int_equal(m.gas, 150 + 1 + 4000 + 8 * 5);
    assert_null(fake_value(&fx->host, 0xaa, "key0"));
}

/* Goal: keys of 1 to 256 bytes and values up to 128 KiB; beyond is LIMIT. */
static void test_limits(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const ok[] = {
        "(call $storage_write (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))",
        "(call $storage_write (i32.const 0) (i32.const 256) (i32.const 0) (i32.const 65536))",
        ("(drop (call $storage_scan (i32.const 0) (i32.const 256) (i32.const 0)"
         " (i32.const 256) (i32.const 0)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(ok); i++)
        contract_measure(fx, "", ok[i]);
    static const char *const beyond[] = {
        "(call $storage_write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $storage_write (i32.const 0) (i32.const 257) (i32.const 0) (i32.const 0))",
        "(call $storage_write (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 131073))",
        "(drop (call $storage_read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(drop (call $storage_read (i32.const 0) (i32.const 257) (i32.const 0) (i32.const 0)))",
        "(drop (call $storage_remove (i32.const 0) (i32.const 0)))",
        "(drop (call $storage_remove (i32.const 0) (i32.const 257)))",
        ("(drop (call $storage_scan (i32.const 0) (i32.const 257) (i32.const 0)"
         " (i32.const 0) (i32.const 0)))"),
        ("(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 257) (i32.const 0)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(beyond); i++)
        contract_fails(fx, beyond[i], BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
}

/* Goal: every pointer of every storage function is checked, also that of an unused buffer. */
static void test_pointers(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const bad[] = {
        "(drop (call $storage_read (i32.const 65533) (i32.const 4) (i32.const 0) (i32.const 0)))",
        "(drop (call $storage_read (i32.const -2) (i32.const 4) (i32.const 0) (i32.const 0)))",
        "(drop (call $storage_read " KEY " (i32.const 65535) (i32.const 2)))",
        "(drop (call $storage_read " KEY " (i32.const 0) (i32.const -1)))",
        "(call $storage_write (i32.const 65533) (i32.const 4) (i32.const 0) (i32.const 0))",
        "(call $storage_write " KEY " (i32.const 65535) (i32.const 2))",
        "(call $storage_write " KEY " (i32.const 65537) (i32.const 0))",
        "(drop (call $storage_remove (i32.const 65533) (i32.const 4)))",
        ("(drop (call $storage_scan (i32.const 65535) (i32.const 2) (i32.const 0)"
         " (i32.const 0) (i32.const 0)))"),
        ("(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 65535)"
         " (i32.const 2) (i32.const 0)))"),
#define SCAN                                                                                       \
    "(call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"                  \
    " (i32.const 0))"
        ("(drop (call $storage_next " SCAN " (i32.const 65535) (i32.const 2) (i32.const 0)"
         " (i32.const 0) (i32.const 0)))"),
        ("(drop (call $storage_next " SCAN " (i32.const 0) (i32.const 0) (i32.const 65535)"
         " (i32.const 2) (i32.const 0)))"),
        ("(drop (call $storage_next " SCAN " (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i32.const 65529)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        contract_fails(fx, bad[i], BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: unknown flags and handles trap. */
static void test_arguments(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const bad[] = {
        ("(drop (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 2)))"),
        "(call $storage_scan_end (i32.const 0))",
        "(call $storage_scan_end (i32.const 1))",
        "(call $storage_scan_end (i32.const 17))",
        "(call $storage_scan_end (i32.const -1))",
        "(call $storage_scan_end " SCAN ")(call $storage_scan_end (i32.const 1))",
        ("(drop (call $storage_next (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i32.const 0)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        contract_fails(fx, bad[i], BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
}

/* Goal: in a query reading and scanning work, writing traps before it looks at anything else. */
static void test_readonly(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.readonly = 1;
    contract_measure(fx, "", "(drop (call $storage_read " KEY " (i32.const 0) (i32.const 0)))");
    contract_measure(fx, "", "(drop " SCAN ")");
    contract_fails(fx, WRITE, BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
    contract_fails(fx,
                   "(call $storage_write (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
    contract_fails(fx, "(drop (call $storage_remove " KEY "))", BAALS_RECEIPT_TRAP,
                   BAALS_TRAP_READONLY);
    assert_int_equal(fx->host.state.entry_count, 0);
}

/* Goal: handles are 1 to 16, the least free one first; a 17th scan is LIMIT. */
static void test_scan_handles(void **state)
{
    struct contract_fixture *fx = *state;
    char statement[4096] = "";
    for (int i = 0; i < 15; i++)
        strncat(statement, "(drop " SCAN ")", sizeof statement - strlen(statement) - 1);
    struct contract_measure m = contract_measure(fx, statement, R32(SCAN));
    assert_int_equal(m.result, 16);
    assert_int_equal(m.gas, 150 + 3000);
    strncat(statement, "(call $storage_scan_end (i32.const 3))",
            sizeof statement - strlen(statement) - 1);
    m = contract_measure(fx, statement, R32(SCAN));
    assert_int_equal(m.result, 3);
    strncat(statement, "(drop " SCAN ")(drop " SCAN ")", sizeof statement - strlen(statement) - 1);
    contract_measure(fx, statement, "");
    strncat(statement, "(drop " SCAN ")", sizeof statement - strlen(statement) - 1);
    contract_fails(fx, statement, BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
}

/* A method that scans with the prefix, start and flags of its arguments (each of one length byte
 * and bytes; the flags last) and outputs the keys it sees, separated by commas. */
static const char scan_contract[] =
    "(func (export \"scan\") (local $it i32) (local $out i32)"
    " (call $input_read (i32.const 0) (i32.const 0) (call $input_len))"
    " (local.set $it (call $storage_scan"
    "   (i32.const 1) (i32.load8_u (i32.const 0))"
    "   (i32.add (i32.const 2) (i32.load8_u (i32.const 0)))"
    "   (i32.load8_u (i32.add (i32.const 1) (i32.load8_u (i32.const 0))))"
    "   (i32.load8_u (i32.sub (call $input_len) (i32.const 1)))))"
    " (local.set $out (i32.const 4096))"
    " (block $done (loop $next"
    "   (br_if $done (i32.ne (i32.const 1) (call $storage_next (local.get $it)"
    "     (local.get $out) (i32.const 256) (i32.const 2048) (i32.const 256) (i32.const 1024))))"
    "   (local.set $out (i32.add (local.get $out) (i32.load (i32.const 1024))))"
    "   (i32.store8 (local.get $out) (i32.const 44))"
    "   (local.set $out (i32.add (local.get $out) (i32.const 1)))"
    "   (br $next)))"
    " (call $output (i32.const 4096) (i32.sub (local.get $out) (i32.const 4096))))";

static void scan_expect(struct contract_fixture *fx,
                        const char *prefix,
                        const char *start,
                        bool descending,
                        const char *expected)
{
    uint8_t args[600];
    size_t len = 0;
    args[len++] = (uint8_t)strlen(prefix);
    memcpy(args + len, prefix, strlen(prefix));
    len += strlen(prefix);
    args[len++] = (uint8_t)strlen(start);
    memcpy(args + len, start, strlen(start));
    len += strlen(start);
    args[len++] = descending ? 1 : 0;
    baals_execution execution = fx->execution;
    execution.contract = fake_address(0xaa);
    execution.method = bl_slice_str("scan");
    execution.has_args = 1;
    execution.args = bl_slice(args, len);
    assert_ok(contract_execute(fx, &execution));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    if (!bl_slice_equal(fx->result.output, bl_slice_str(expected)))
        fail_msg("prefix '%s' start '%s' %s: '%.*s', expected '%s'", prefix, start,
                 descending ? "down" : "up", (int)fx->result.output.len,
                 (const char *)fx->result.output.data, expected);
}

/* Goal: a scan visits exactly the contract's keys with the prefix, in both directions, from any
 * start. */
static void test_scan_order(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, scan_contract);
    static const char *const keys[] = {"a", "b",    "ba",       "bb",       "bc",
                                       "c", "\xff", "\xff\xff", "\xff\xffz"};
    for (size_t i = 0; i < BL_COUNT_OF(keys); i++)
        storage_put(fx, 0xaa, keys[i], "v");
    /* Neighbours on both sides, never seen. */
    storage_put(fx, 0xa9, "b", "other");
    storage_put(fx, 0xab, "b", "other");

    scan_expect(fx, "", "", false, "a,b,ba,bb,bc,c,\xff,\xff\xff,\xff\xffz,");
    scan_expect(fx, "", "", true, "\xff\xffz,\xff\xff,\xff,c,bc,bb,ba,b,a,");
    scan_expect(fx, "b", "", false, "b,ba,bb,bc,");
    scan_expect(fx, "b", "", true, "bc,bb,ba,b,");
    scan_expect(fx, "b", "bb", false, "bb,bc,");
    scan_expect(fx, "b", "bb", true, "bb,ba,b,");
    scan_expect(fx, "b", "bab", false, "bb,bc,");
    scan_expect(fx, "b", "bab", true, "ba,b,");
    scan_expect(fx, "b", "a", false, "b,ba,bb,bc,");
    scan_expect(fx, "b", "a", true, "");
    scan_expect(fx, "b", "c", false, "");
    scan_expect(fx, "b", "c", true, "bc,bb,ba,b,");
    scan_expect(fx, "b", "zzz", true, "bc,bb,ba,b,");
    scan_expect(fx, "x", "", false, "");
    scan_expect(fx, "x", "", true, "");
    scan_expect(fx, "\xff", "", true, "\xff\xffz,\xff\xff,\xff,");
    scan_expect(fx, "\xff\xff", "", true, "\xff\xffz,\xff\xff,");
    scan_expect(fx, "\xff\xff", "\xff\xffy", true, "\xff\xff,");
    scan_expect(fx, "", "bb", true, "bb,ba,b,a,");
}

/* Goal: next costs by the item; a buffer that is too small gets the lengths, and the same item
 * comes again. */
static void test_scan_buffers(void **state)
{
    struct contract_fixture *fx = *state;
    storage_put(fx, 0xaa, "key-1", "value");
    struct contract_measure m = contract_measure(
        fx, "(drop " SCAN ")",
        R32("(call $storage_next (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 200)"
            " (i32.const 5) (i32.const 300))"));
    assert_int_equal(m.result, 1);
    assert_int_equal(m.gas, 150 + 1 + 1500 + 10 + 2);
    static const char again[] =
        "(drop (call $storage_next (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 200)"
        " (i32.const 4) (i32.const 300)))"
        "(drop (call $storage_next (i32.const 1) (i32.const 100) (i32.const 4) (i32.const 200)"
        " (i32.const 5) (i32.const 300)))";
    m = contract_measure(
        fx, "(drop " SCAN ")",
        R32("(call $storage_next (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 200)"
            " (i32.const 4) (i32.const 300))"));
    assert_int_equal(m.result, 2);
    assert_int_equal(m.gas, 150 + 1 + 1500 + 10);
    char before[1024];
    (void)snprintf(before, sizeof before, "(drop " SCAN ")%s", again);
    m = contract_measure(fx, before, "(local.set $r (i64.load (i32.const 300)))");
    assert_int_equal(m.result, 5 | (uint64_t)5 << 32);
    m = contract_measure(fx, before, "(local.set $r (i64.load (i32.const 100)))");
    assert_int_equal(m.result, 0);
    m = contract_measure(
        fx, before,
        R32("(call $storage_next (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 200)"
            " (i32.const 5) (i32.const 300))"));
    assert_int_equal(m.result, 1);
    (void)snprintf(before, sizeof before,
                   "(drop " SCAN ")(drop (call $storage_next (i32.const 1) (i32.const 100)"
                   " (i32.const 5) (i32.const 200) (i32.const 5) (i32.const 300)))");
    m = contract_measure(
        fx, before,
        R32("(call $storage_next (i32.const 1) (i32.const 100) (i32.const 5) (i32.const 200)"
            " (i32.const 5) (i32.const 300))"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 1 + 1500);
}

/* Goal: a scan sees what the contract writes and removes ahead of it, also after its end. */
static void test_scan_with_writes(void **state)
{
    struct contract_fixture *fx = *state;
    storage_put(fx, 0xaa, "key0", "v");
    storage_put(fx, 0xaa, "key8", "v");
#define NEXT                                                                                       \
    "(call $storage_next (i32.const 1) (i32.const 100) (i32.const 8) (i32.const 200)"              \
    " (i32.const 8) (i32.const 300))"
#define PUT(digit) "(i32.store8 (i32.const 259) (i32.const " digit "))" WRITE
    /* key0; then key4 is written and key8 removed; key4; the end; key9 is written; key9. */
    contract_deploy_body(
        fx, 0xaa,
        "(data (i32.const 256) \"key0val1\")"
        "(func (export \"m\")"
        " (drop " SCAN ")"
        " (drop " NEXT ") (i32.store8 (i32.const 400) (i32.load8_u (i32.const 103)))"
        " " PUT(
            "52") " (i32.store8 (i32.const 259) (i32.const 56)) (drop (call $storage_remove " KEY
                  "))"
                  " (drop " NEXT ") (i32.store8 (i32.const 401) (i32.load8_u (i32.const 103)))"
                  " (i32.store8 (i32.const 402) (i32.add (i32.const 48) " NEXT "))"
                  " " PUT("57") " (drop " NEXT
                                ") (i32.store8 (i32.const 403) (i32.load8_u (i32.const 103)))"
                                " (call $output (i32.const 400) (i32.const 4)))");
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_memory_equal(fx->result.output.data, "0409", 4);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define STORAGE_TEST(name) cmocka_unit_test_setup_teardown(name, storage_setup, storage_teardown)
    const struct CMUnitTest tests[] = {
        STORAGE_TEST(test_read),         STORAGE_TEST(test_overlap),
        STORAGE_TEST(test_write),        STORAGE_TEST(test_remove),
        STORAGE_TEST(test_limits),       STORAGE_TEST(test_pointers),
        STORAGE_TEST(test_arguments),    STORAGE_TEST(test_readonly),
        STORAGE_TEST(test_scan_handles), STORAGE_TEST(test_scan_order),
        STORAGE_TEST(test_scan_buffers), STORAGE_TEST(test_scan_with_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
