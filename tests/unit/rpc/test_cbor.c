/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "baals/baals.h"

#include "rpc/cbor.h"

static void expect_hex(const struct bl_buffer *out, const char *hex)
{
    char found[512];
    assert_true(2 * out->len < sizeof found);
    bl_hex_encode(found, out->data, out->len);
    assert_string_equal(found, hex);
}

/* Each kind of word has its canonical encoding. */
static void test_words(void **state)
{
    static const struct {
        const char *word;
        const char *hex;
    } rows[] = {
        {"0", "00"},
        {"u:23", "17"},
        {"u:24", "1818"},
        {"255", "18ff"},
        {"256", "190100"},
        {"65536", "1a00010000"},
        {"4294967296", "1b0000000100000000"},
        {"u:18446744073709551615", "1bffffffffffffffff"},
        {"i:5", "05"},
        {"i:-1", "20"},
        {"i:-9223372036854775808", "3b7fffffffffffffff"},
        {"s:", "60"},
        {"s:5", "6135"},
        {"b:", "40"},
        {"b:00FF", "4200ff"},
        {"true", "f5"},
        {"false", "f4"},
        {"null", "f6"},
    };
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        bl_buffer_clear(&out);
        assert_ok(bl_cbor_word(&out, rows[i].word, NULL));
        expect_hex(&out, rows[i].hex);
    }
    bl_buffer_deinit(&out);
}

/* What is none of them is refused with a status of its kind. */
static void test_bad_words(void **state)
{
    static const char *const words[] = {"",
                                        "five",
                                        "u:",
                                        "u:-1",
                                        "u:1.0",
                                        "u:18446744073709551616",
                                        "i:-0",
                                        "i:",
                                        "b:a",
                                        "b:zz",
                                        "s:\x01",
                                        "s:\xff",
                                        "007",
                                        "-1",
                                        "x:1",
                                        "True",
                                        "i:-9223372036854775809"};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    for (size_t i = 0; i < BL_COUNT_OF(words); i++) {
        bl_buffer_clear(&out);
        if (bl_cbor_word(&out, words[i], NULL) != BAALS_MISUSE_ARGUMENT)
            fail_msg("accepted: %s", words[i]);
    }
    assert_status(bl_cbor_word(&out, "addr:bl1x", NULL), BAALS_MISUSE_ADDRESS);
    bl_buffer_deinit(&out);
}

/* An address is its 32 bytes, with and without the prefix. */
static void test_address(void **state)
{
    struct bl_buffer out;
    baals_keypair key;
    const uint8_t seed[32] = {1};
    char text[BAALS_ADDRESS_TEXT_SIZE + 8] = "addr:";
    (void)state;
    baals_keypair_from_seed(&key, seed);
    baals_address_format(text + 5, BAALS_ADDRESS_ACCOUNT, &key.address);
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    assert_ok(bl_cbor_word(&out, text, NULL));
    assert_ok(bl_cbor_word(&out, text + 5, NULL));
    assert_int_equal(out.len, 68);
    assert_memory_equal(out.data, "\x58\x20", 2);
    assert_memory_equal(out.data + 2, key.address.bytes, 32);
    assert_memory_equal(out.data, out.data + 34, 34);
    bl_buffer_deinit(&out);
}

/* Words together are one array. */
static void test_array(void **state)
{
    const char *words[] = {"1", "s:a"};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    assert_ok(bl_cbor_words(&out, words, 2, NULL));
    expect_hex(&out, "82016161");
    bl_buffer_clear(&out);
    assert_ok(bl_cbor_words(&out, NULL, 0, NULL));
    expect_hex(&out, "80");
    bl_buffer_deinit(&out);
}

static bool shows(struct bl_buffer *out, const char *hex)
{
    uint8_t bytes[256];
    size_t len = testlib_hex(bytes, sizeof bytes, hex);
    bl_buffer_clear(out);
    return bl_cbor_diagnostic(out, bl_slice(bytes, len));
}

/* Values are shown in the notation of RFC 8949. */
static void test_diagnostic(void **state)
{
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"00", "0"},
        {"1bffffffffffffffff", "18446744073709551615"},
        {"20", "-1"},
        {"3b7fffffffffffffff", "-9223372036854775808"},
        {"4201ff", "h'01ff'"},
        {"6161", "\"a\""},
        {"80", "[]"},
        {"8301820203820405", "[1, [2, 3], [4, 5]]"},
        {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
        {"a0", "{}"},
        {"83f4f5f6", "[false, true, null]"},
    };
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        assert_true(shows(&out, rows[i].hex));
        assert_true(bl_slice_equal(bl_buffer_slice(&out), bl_slice_str(rows[i].text)));
    }
    bl_buffer_deinit(&out);
}

/* What is outside the subset, cut or followed by something is not shown at all. */
static void test_not_shown(void **state)
{
    static const char *const rows[] = {"",
                                       "1817",
                                       "18",
                                       "190017",
                                       "61",
                                       "81",
                                       "0000",
                                       "f7",
                                       "f93c00",
                                       "c000",
                                       "9fff",
                                       "5f40ff",
                                       "1c",
                                       "3b8000000000000000",
                                       "9affffffff",
                                       "a101",
                                       "818181818181818181818181818181818100"};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        if (shows(&out, rows[i]))
            fail_msg("shown: %s", rows[i]);
        assert_int_equal(out.len, 0);
    }
    bl_buffer_deinit(&out);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_bad_words),
        cmocka_unit_test(test_address),    cmocka_unit_test(test_array),
        cmocka_unit_test(test_diagnostic), cmocka_unit_test(test_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
