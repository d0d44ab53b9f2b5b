/* SPDX-License-Identifier: MIT */
/*
 * Every status and code of docs/spec/codes.md (read through docs/spec/vectors/codes.json) is what
 * the headers say, and the headers have none that the page lacks.
 */
#include "testlib.h"

#include <string.h>

#include "testlib_json.h"

/* Compares every status of a section with the header; returns their number. */
static size_t codes_check_section(const struct testlib_json *file, const char *section)
{
    const struct testlib_json *cases = testlib_json_get(file, section);
    size_t count = testlib_json_count(cases);
    for (size_t i = 0; i < count; i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        /* A status is an int behind an enum type; the page's number is what is asked about. */
        baals_status status = (baals_status)(int)testlib_json_int(testlib_json_get(one, "number"));
        assert_string_equal(baals_status_name(status),
                            testlib_json_text(testlib_json_get(one, "name")));
        assert_string_equal(baals_status_code(status),
                            testlib_json_text(testlib_json_get(one, "code")));
    }
    return count;
}

/* Goal: number, name and code of every status are the page's, and the page lists them all. */
static void test_codes_statuses(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/codes.json"));
    size_t listed = codes_check_section(file, "reject") + codes_check_section(file, "trap") +
                    codes_check_section(file, "local");
#define CODES_COUNT(name, class_, detail, code, text) +1
    size_t known = 0 BAALS_STATUS_MAP(CODES_COUNT);
#undef CODES_COUNT
    assert_int_equal(listed, known);
    testlib_json_free(file);
}

/* Goal: the receipt statuses are numbered as the page says, and there are no others. */
static void test_codes_receipts(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/codes.json"));
    const struct testlib_json *cases = testlib_json_get(file, "receipt");
    size_t count = testlib_json_count(cases);
    for (size_t i = 0; i < count; i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        assert_int_equal(testlib_json_int(testlib_json_get(one, "number")), i);
        assert_string_equal(baals_receipt_status_name((baals_receipt_status)i),
                            testlib_json_text(testlib_json_get(one, "name")));
    }
    assert_string_equal(baals_receipt_status_name((baals_receipt_status)count), "UNKNOWN");
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_statuses),
        cmocka_unit_test(test_codes_receipts),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
