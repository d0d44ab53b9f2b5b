/* SPDX-License-Identifier: MIT */
/* Words by their types: what is encoded, and every way to be wrong. */
#include "cli/abi_value.h"

#include "abi_vectors.h"
#include "rpc/json.h"

/* A method "m" with one argument "x" of the type. */
static struct cli_abi_method value_method(struct cli_abi_field *field, struct cli_abi_type type)
{
    *field = (struct cli_abi_field){.name = "x", .type = type, .doc = ""};
    return (struct cli_abi_method){.name = "m", .args = {field, 1}, .doc = ""};
}

static baals_status value_encode(struct bl_buffer *out,
                                 struct abi_vectors *v,
                                 const char *type,
                                 const char *word,
                                 baals_error *err)
{
    struct cli_abi_field field;
    struct cli_abi_method method = value_method(&field, abi_vectors_type(v, type));
    bl_buffer_clear(out);
    return cli_abi_arguments(out, &v->abi, &method, &word, 1, err);
}

/* Goal: each word of the vectors has its encoding. */
static void test_value_vectors(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    const struct testlib_json *rows = testlib_json_get(v.file, "values");
    assert_true(testlib_json_count(rows) > 50);
    for (size_t i = 0; i < testlib_json_count(rows); i++) {
        const struct testlib_json *row = testlib_json_at(rows, i);
        const char *type = testlib_json_text(testlib_json_get(row, "type"));
        const char *word = testlib_json_text(testlib_json_get(row, "word"));
        size_t len;
        uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "bytes"));
        baals_error err = {0};
        if (value_encode(&out, &v, type, word, &err) != BAALS_OK)
            fail_msg("%s \"%s\": %s", type, word, err.message);
        if (out.len != len + 1 || out.data[0] != 0x81 || memcmp(out.data + 1, bytes, len) != 0)
            fail_msg("%s \"%s\": another encoding", type, word);
        free(bytes);
    }
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

struct value_wrong {
    const char *type;
    const char *word;
    const char *expected; /* stands in the message, beside "argument 1, x", type and word */
};

#define VALUE_A64 "0101010101010101010101010101010101010101010101010101010101010101"

static const struct value_wrong value_wrongs[] = {
    {"u8", "256", "from 0 to 255"},
    {"u8", "-1", "from 0 to 255"},
    {"u8", "", "from 0 to 255"},
    {"u8", "00", "from 0 to 255"},
    {"u8", "01", "from 0 to 255"},
    {"u8", "+1", "from 0 to 255"},
    {"u8", " 1", "from 0 to 255"},
    {"u8", "1 ", "from 0 to 255"},
    {"u8", "1.0", "from 0 to 255"},
    {"u8", "1e1", "from 0 to 255"},
    {"u8", "0x10", "from 0 to 255"},
    {"u8", "i:1", "from 0 to 255"},
    {"u8", "u:256", "from 0 to 255"},
    {"u8", "u:", "from 0 to 255"},
    {"u8", "u:u:1", "from 0 to 255"},
    {"u8", "null", "from 0 to 255"},
    {"u8", "true", "from 0 to 255"},
    {"u8", "[1]", "from 0 to 255"},
    {"u8", "\"1\"", "from 0 to 255"},
    {"u8", "\xef\xbc\x91", "from 0 to 255"},
    {"u16", "65536", "from 0 to 65535"},
    {"u16", "1,000", "from 0 to 65535"},
    {"u16", "1_000", "from 0 to 65535"},
    {"u32", "4294967296", "from 0 to 4294967295"},
    {"u32", "four", "from 0 to 4294967295"},
    {"u64", "18446744073709551616", "from 0 to 18446744073709551615"},
    {"u64", "99999999999999999999999999", "from 0 to 18446744073709551615"},
    {"u64", "-0", "from 0 to 18446744073709551615"},
    {"u64", "1\n", "from 0 to 18446744073709551615"},
    {"u64", "inf", "from 0 to 18446744073709551615"},
    {"amount", "18446744073709551616", "an amount from 0"},
    {"amount", "-5", "an amount from 0"},
    {"amount", "1.5", "an amount from 0"},
    {"amount", "five", "an amount from 0"},
    {"amount", "5 units", "an amount from 0"},
    {"i8", "128", "from -128 to 127"},
    {"i8", "-129", "from -128 to 127"},
    {"i8", "-0", "from -128 to 127"},
    {"i8", "--1", "from -128 to 127"},
    {"i8", "-", "from -128 to 127"},
    {"i8", "u:1", "from -128 to 127"},
    {"i8", "- 1", "from -128 to 127"},
    {"i16", "32768", "from -32768 to 32767"},
    {"i16", "-32769", "from -32768 to 32767"},
    {"i32", "2147483648", "from -2147483648 to 2147483647"},
    {"i32", "-2147483649", "from -2147483648 to 2147483647"},
    {"i64", "9223372036854775808", "from -9223372036854775808"},
    {"i64", "-9223372036854775809", "from -9223372036854775808"},
    {"i64", "-18446744073709551615", "from -9223372036854775808"},
    {"i64", "-01", "from -9223372036854775808"},
    {"bool", "yes", "true or false"},
    {"bool", "1", "true or false"},
    {"bool", "0", "true or false"},
    {"bool", "True", "true or false"},
    {"bool", "t", "true or false"},
    {"bool", "true ", "true or false"},
    {"bool", "", "true or false"},
    {"bool", "null", "true or false"},
    {"text", "\x01", "printable UTF-8"},
    {"text", "a\x1b[2J", "printable UTF-8"},
    {"text", "\xff", "printable UTF-8"},
    {"text", "\xc0\x80", "printable UTF-8"},
    {"text", "\xed\xa0\x80", "printable UTF-8"},
    {"text", "a\r", "printable UTF-8"},
    {"bytes", "a", "even number of hex digits"},
    {"bytes", "0xa", "even number of hex digits"},
    {"bytes", "zz", "even number of hex digits"},
    {"bytes", "0x0g", "even number of hex digits"},
    {"bytes", "00 11", "even number of hex digits"},
    {"bytes", "@file", "even number of hex digits"},
    {"bytes", "hello", "even number of hex digits"},
    {"bytes", "0x0x00", "even number of hex digits"},
    {"bytes4", "000000", "8 hex digits"},
    {"bytes4", "0000000000", "8 hex digits"},
    {"bytes4", "0x0000000", "8 hex digits"},
    {"bytes4", "", "8 hex digits"},
    {"bytes4", "abcdefgh", "8 hex digits"},
    {"bytes1024", "00", "2048 hex digits"},
    {"hash", "00", "64 hex digits"},
    {"hash", "", "64 hex digits"},
    {"hash", VALUE_A64 "01", "64 hex digits"},
    {"hash", "g" VALUE_A64, "64 hex digits"},
    {"address", "bob", "an address"},
    {"address", "", "an address"},
    {"address", "bl1", "an address"},
    {"address", VALUE_A64, "an address"},
    {"address", "0x" VALUE_A64, "an address"},
    {"address", "addr:", "an address"},
    {"address", "bl1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "an address"},
    {"address", "0", "an address"},
    {"address", "null", "an address"},
    {"contract", "counter", "a contract's address"},
    {"contract", "blc1", "a contract's address"},
    {"contract", "", "a contract's address"},
    {"u8?", "", "from 0 to 255"},
    {"u8?", "none", "from 0 to 255"},
    {"u8?", "NULL", "from 0 to 255"},
    {"text?", "\"open", "not JSON"},
    {"text?", "\"a\" b", "not JSON"},
    {"address?", "nil", "an address"},
    {"u8[]", "", "not JSON"},
    {"u8[]", "1", "a list"},
    {"u8[]", "1,2", "not JSON"},
    {"u8[]", "[1,2", "not JSON"},
    {"u8[]", "[1,]", "not JSON"},
    {"u8[]", "[1] [2]", "not JSON"},
    {"u8[]", "[1,256]", "x[1]"},
    {"u8[]", "[1,-1]", "x[1]"},
    {"u8[]", "[1.0]", "a number with a fraction"},
    {"u8[]", "[1e1]", "a number with a fraction"},
    {"u8[]", "[true]", "true or false"},
    {"u8[]", "[null]", "null"},
    {"u8[]", "[[1]]", "an array"},
    {"u8[]", "[\"one\"]", "x[0]"},
    {"u8[]", "null", "null"},
    {"u8[]", "{}", "an object"},
    {"u8[]", "\"1\"", "a list"},
    {"u64[]", "[18446744073709551616]", "not JSON"},
    {"bool[]", "[\"true\"]", "a string"},
    {"bool[]", "[1]", "an integer"},
    {"text[]", "[1]", "an integer"},
    {"text[]", "[\"\\u0001\"]", "printable"},
    {"text[]", "[\"\\u0000\"]", "not JSON"},
    {"bytes[]", "[\"0\"]", "x[0]"},
    {"address[]", "[\"bob\"]", "x[0]"},
    {"u8[][]", "[1]", "x[0]"},
    {"u8[][]", "[[1],[2,300]]", "x[1][1]"},
    {"Pair", "1", "an object"},
    {"Pair", "[1,2]", "an object"},
    {"Pair", "{}", "x.left"},
    {"Pair", "{\"right\":1}", "x.left"},
    {"Pair", "{\"left\":\"a\"}", "x.left"},
    {"Pair", "{\"left\":1,\"right\":256}", "x.right"},
    {"Pair", "{\"left\":1,\"middle\":2}", "middle"},
    {"Pair", "{\"left\":1,\"left\":2}", "not JSON"},
    {"Pair", "{\"Left\":1}", "Left"},
    {"Pair[]", "[{\"left\":1},{}]", "x[1].left"},
    {"Order", "{\"pairs\":[{\"left\":null}]}", "x.pairs[0].left"},
    {"Order", "{\"pairs\":[],\"note\":5}", "x.note"},
    {"Order", "{\"pairs\":[],\"by\":\"x\"}", "x.by"},
    {"Order", "{\"pairs\":[]}", "x.by"},
};

static bool value_has_odd_bytes(const char *word)
{
    for (const char *p = word; *p != '\0'; p++) {
        if ((uint8_t)*p < 0x20 || (uint8_t)*p > 0x7e)
            return true;
    }
    return false;
}

/* Goal: every wrong word is refused, by argument, expected type and what was given. */
static void test_value_wrong(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    assert_true(BL_COUNT_OF(value_wrongs) >= 100);
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    for (size_t i = 0; i < BL_COUNT_OF(value_wrongs); i++) {
        const struct value_wrong *row = &value_wrongs[i];
        baals_error err = {0};
        baals_status status = value_encode(&out, &v, row->type, row->word, &err);
        if (status != BAALS_MISUSE_ARGUMENT)
            fail_msg("%s \"%s\": %s", row->type, row->word, baals_status_name(status));
        char given[48];
        snprintf(given, sizeof given, "\"%.20s", row->word);
        /* JSON is shown by its part that is wrong; what is not printable is not shown as it is. */
        bool names_word = strstr(err.message, given) != NULL ||
                          strpbrk(row->word, "[{\"") != NULL || strcmp(row->word, "null") == 0 ||
                          strcmp(row->word, "1") == 0 || value_has_odd_bytes(row->word);
        if (strstr(err.message, "argument 1, x") == NULL ||
            strstr(err.message, row->expected) == NULL || strchr(err.message, '(') == NULL ||
            !names_word)
            fail_msg("%s \"%s\": %s", row->type, row->word, err.message);
    }
    printf("%zu wrong arguments\n", BL_COUNT_OF(value_wrongs));
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: words that are missing or too many are refused with the signature. */
static void test_value_count(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    struct cli_abi_field fields[2] = {{.name = "x", .doc = ""}, {.name = "y", .doc = ""}};
    const struct cli_abi_method method = {.name = "m", .args = {fields, 2}, .doc = ""};
    const char *const words[] = {"1", "2", "3"};
    baals_error err;
    abi_vectors_open(&v);
    fields[0].type = abi_vectors_type(&v, "u8");
    fields[1].type = abi_vectors_type(&v, "u16?");
    bl_buffer_init(&out, bl_alloc_system(), 1024);
    assert_ok(cli_abi_arguments(&out, &v.abi, &method, words, 2, &err));
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "\x82\x01\x02", 3);
    assert_status(cli_abi_arguments(&out, &v.abi, &method, words, 3, &err), BAALS_MISUSE_ARGUMENT);
    assert_string_equal(err.message, "m(x: u8, y: u16?): argument 3, \"3\", is one too many");
    assert_status(cli_abi_arguments(&out, &v.abi, &method, words, 1, &err), BAALS_MISUSE_ARGUMENT);
    assert_string_equal(err.message, "argument 2, y (u16?) is missing: m(x: u8, y: u16?)");
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: an address is given in any of its forms; a contract's only as a contract's. */
static void test_value_address(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    baals_address address;
    memset(address.bytes, 7, sizeof address.bytes);
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), 1024);
    static const baals_address_kind kinds[] = {BAALS_ADDRESS_ACCOUNT, BAALS_ADDRESS_CONTRACT};
    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        char text[BAALS_ADDRESS_TEXT_SIZE + 5] = "addr:";
        baals_address_format(text + 5, kinds[i], &address);
        for (size_t skip = 0; skip <= 5; skip += 5) {
            assert_ok(value_encode(&out, &v, "address", text + skip, NULL));
            assert_int_equal(out.len, 35);
            assert_memory_equal(out.data + 3, address.bytes, 32);
            assert_status(value_encode(&out, &v, "contract", text + skip, NULL),
                          i == 1 ? BAALS_OK : BAALS_MISUSE_ARGUMENT);
        }
    }
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: a list that does not fit and memory that ends are said as what they are. */
static void test_value_limits(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), 8);
    assert_status(value_encode(&out, &v, "u8[]", "[1,2,3,4,5,6,7,8]", NULL), BAALS_LIMIT);
    assert_status(value_encode(&out, &v, "text", "longer than that", NULL), BAALS_LIMIT);
    assert_status(value_encode(&out, &v, "bytes", "000102030405060708", NULL), BAALS_LIMIT);
    bl_buffer_deinit(&out);
    struct testlib_faulty_alloc faulty = {.fail_at = 1, .repeat = 1000};
    bl_buffer_init(&out, testlib_faulty_alloc(&faulty), 1024);
    assert_status(value_encode(&out, &v, "u8[]", "[1]", NULL), BAALS_NOMEM);
    bl_buffer_deinit(&out);
    assert_int_equal(faulty.live, 0);
    abi_vectors_close(&v);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_vectors), cmocka_unit_test(test_value_wrong),
        cmocka_unit_test(test_value_count),   cmocka_unit_test(test_value_address),
        cmocka_unit_test(test_value_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
