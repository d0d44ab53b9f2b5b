/* SPDX-License-Identifier: MIT */
/*
 * The public Ed25519 vectors under the verdicts that docs/spec/signature.md pins. Every case of a
 * file is judged alone, by the batch equation alone (bl_ed25519_verify_batch would correct a range
 * that the equation refuses wrongly), and in one batch of the whole file, valid and invalid mixed,
 * by one thread and by several.
 */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "bl_native.h"
#include "crypto/crypto.h"
#include "testlib_json.h"

struct vector_case {
    baals_address key;
    baals_signature signature;
    uint8_t *message; /* malloc'ed */
    size_t message_len;
    bool valid; /* as pinned */
    char name[64];
};

struct vector_set {
    struct vector_case *cases;
    size_t count;
    size_t capacity;
    size_t valid_count;
};

static void vectors_init(struct vector_set *set, size_t capacity)
{
    *set = (struct vector_set){.capacity = capacity};
    set->cases = calloc(capacity, sizeof *set->cases);
    assert_non_null(set->cases);
}

static void vectors_deinit(struct vector_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->cases[i].message);
    free(set->cases);
}

static struct vector_case *vectors_add(struct vector_set *set, bool valid)
{
    assert_true(set->count < set->capacity);
    struct vector_case *added = &set->cases[set->count++];
    added->valid = valid;
    set->valid_count += valid ? 1 : 0;
    return added;
}

static uint8_t *vectors_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    return copy;
}

/* The equations of one signature and of several give the pinned verdict. */
static void vectors_check_equations(const struct vector_case *one)
{
    const struct bl_native_signed item = {one->key.bytes, one->signature.bytes, one->message,
                                          one->message_len};
    const struct bl_native_signed items[3] = {item, item, item};
    for (size_t count = 1; count <= 3; count++) {
        if (bl_native_ed25519_verify_all(items, count, NULL, 0) != (one->valid ? 1 : 0))
            fail_msg("%s: the equation of %zu disagrees", one->name, count);
    }
}

/* The pinned verdict for every case, alone and in one batch. */
static void vectors_check(const struct vector_set *set)
{
    struct bl_signed *items = calloc(set->count, sizeof *items);
    uint8_t *verdicts = calloc(set->count, 1);
    assert_non_null(items);
    assert_non_null(verdicts);
    for (size_t i = 0; i < set->count; i++) {
        const struct vector_case *one = &set->cases[i];
        baals_slice message = bl_slice(one->message, one->message_len);
        items[i] = (struct bl_signed){&one->key, &one->signature, message};
        if (bl_ed25519_verify_raw(one->key.bytes, one->signature.bytes, message) != one->valid)
            fail_msg("%s: not %s", one->name, one->valid ? "accepted" : "rejected");
        if (one->valid && bl_ed25519_key_form(&one->key) && !bl_ed25519_key_usable(&one->key))
            fail_msg("%s: a key that is not usable, and nothing shows it", one->name);
        vectors_check_equations(one);
    }
    bl_ed25519_verify_batch(verdicts, items, set->count, NULL);
    for (size_t i = 0; i < set->count; i++) {
        if (verdicts[i] != (set->cases[i].valid ? 1 : 0))
            fail_msg("%s: not so in a batch", set->cases[i].name);
    }
    struct bl_workers *workers = NULL;
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 3, NULL));
    memset(verdicts, 2, set->count);
    bl_ed25519_verify_shared(workers, verdicts, items, set->count, NULL);
    bl_workers_free(workers);
    for (size_t i = 0; i < set->count; i++) {
        if (verdicts[i] != (set->cases[i].valid ? 1 : 0))
            fail_msg("%s: not so with several threads", set->cases[i].name);
    }
    free(verdicts);
    free(items);
}

static struct testlib_json *vectors_load(const char *name)
{
    char relative[128];
    snprintf(relative, sizeof relative, "vectors/ed25519/%s", name);
    if (!testlib_have_shared(relative, name))
        return NULL;
    return testlib_json_load(testlib_shared_path(relative));
}

/* ZIP-215's own 196 pairs of small-order and non-canonical points are all accepted. */
static void vectors_zip215(void **state)
{
    (void)state;
    struct testlib_json *file = vectors_load("zip215.json");
    if (file == NULL)
        skip();
    struct vector_set set;
    vectors_init(&set, testlib_json_count(file));
    for (size_t i = 0; i < testlib_json_count(file); i++) {
        const struct testlib_json *pair = testlib_json_at(file, i);
        struct vector_case *one = vectors_add(&set, true);
        testlib_json_hex(one->key.bytes, 32, testlib_json_at(pair, 0));
        testlib_json_hex(one->signature.bytes, 64, testlib_json_at(pair, 1));
        one->message = vectors_copy("Zcash", 5);
        one->message_len = 5;
        snprintf(one->name, sizeof one->name, "zip215 %zu", i);
    }
    assert_int_equal(set.count, 196);
    vectors_check(&set);
    vectors_deinit(&set);
    testlib_json_free(file);
}

static bool vectors_has_flag(const struct testlib_json *flags, const char *flag)
{
    if (testlib_json_is_null(flags))
        return false;
    for (size_t i = 0; i < testlib_json_count(flags); i++) {
        if (strcmp(testlib_json_text(testlib_json_at(flags, i)), flag) == 0)
            return true;
    }
    return false;
}

/* CCTV: 826 of 914 are accepted; rejected are those that hash R in another form than they send. */
static void vectors_cctv(void **state)
{
    (void)state;
    struct testlib_json *file = vectors_load("cctv.json");
    if (file == NULL)
        skip();
    struct vector_set set;
    vectors_init(&set, testlib_json_count(file));
    for (size_t i = 0; i < testlib_json_count(file); i++) {
        const struct testlib_json *from = testlib_json_at(file, i);
        const struct testlib_json *flags = testlib_json_get(from, "flags");
        bool valid =
            !vectors_has_flag(flags, "non_canonical_R") || !vectors_has_flag(flags, "reencoded_k");
        struct vector_case *one = vectors_add(&set, valid);
        testlib_json_hex(one->key.bytes, 32, testlib_json_get(from, "key"));
        testlib_json_hex(one->signature.bytes, 64, testlib_json_get(from, "sig"));
        const char *text = testlib_json_text(testlib_json_get(from, "msg"));
        one->message_len = strlen(text);
        one->message = vectors_copy(text, one->message_len);
        snprintf(one->name, sizeof one->name, "cctv %zu", i);
    }
    assert_int_equal(set.count, 914);
    assert_int_equal(set.valid_count, 826);
    vectors_check(&set);
    vectors_deinit(&set);
    testlib_json_free(file);
}

/* "Taming the many EdDSAs": cases 0 to 5 and 9 to 11 are accepted, 6 to 8 rejected. */
static void vectors_speccheck(void **state)
{
    (void)state;
    struct testlib_json *file = vectors_load("speccheck.json");
    if (file == NULL)
        skip();
    struct vector_set set;
    vectors_init(&set, testlib_json_count(file));
    for (size_t i = 0; i < testlib_json_count(file); i++) {
        const struct testlib_json *from = testlib_json_at(file, i);
        struct vector_case *one = vectors_add(&set, i < 6 || i > 8);
        testlib_json_hex(one->key.bytes, 32, testlib_json_get(from, "pub_key"));
        testlib_json_hex(one->signature.bytes, 64, testlib_json_get(from, "signature"));
        one->message = testlib_json_hex_alloc(&one->message_len, testlib_json_get(from, "message"));
        snprintf(one->name, sizeof one->name, "speccheck %zu", i);
    }
    assert_int_equal(set.count, 12);
    vectors_check(&set);
    vectors_deinit(&set);
    testlib_json_free(file);
}

/* One Wycheproof case. Signatures of another length than 64 bytes cannot be expressed here and are
 * invalid there; returns false for those. */
static bool vectors_add_wycheproof(struct vector_set *set,
                                   const struct testlib_json *key,
                                   const struct testlib_json *from)
{
    int64_t id = testlib_json_int(testlib_json_get(from, "tcId"));
    const char *result = testlib_json_text(testlib_json_get(from, "result"));
    bool valid = strcmp(result, "valid") == 0;
    const struct testlib_json *signature = testlib_json_get(from, "sig");
    if (strlen(testlib_json_text(signature)) != 128) {
        assert_false(valid);
        return false;
    }
    /* R = -0, which RFC 8032 refuses to decode and ZIP-215 takes. */
    if (id == 151) {
        assert_false(valid);
        valid = true;
    }
    struct vector_case *one = vectors_add(set, valid);
    testlib_json_hex(one->key.bytes, 32, key);
    testlib_json_hex(one->signature.bytes, 64, signature);
    one->message = testlib_json_hex_alloc(&one->message_len, testlib_json_get(from, "msg"));
    snprintf(one->name, sizeof one->name, "wycheproof %lld", (long long)id);
    return true;
}

/* Wycheproof: 150 of 151 agree; tcId 151 is invalid there and accepted under ZIP-215. */
static void vectors_wycheproof(void **state)
{
    (void)state;
    struct testlib_json *file = vectors_load("wycheproof.json");
    if (file == NULL)
        skip();
    const struct testlib_json *groups = testlib_json_get(file, "testGroups");
    struct vector_set set;
    vectors_init(&set, (size_t)testlib_json_int(testlib_json_get(file, "numberOfTests")));
    size_t wrong_length = 0;
    for (size_t g = 0; g < testlib_json_count(groups); g++) {
        const struct testlib_json *group = testlib_json_at(groups, g);
        const struct testlib_json *key =
            testlib_json_get(testlib_json_get(group, "publicKey"), "pk");
        const struct testlib_json *tests = testlib_json_get(group, "tests");
        for (size_t i = 0; i < testlib_json_count(tests); i++) {
            if (!vectors_add_wycheproof(&set, key, testlib_json_at(tests, i)))
                wrong_length++;
        }
    }
    assert_int_equal(set.count + wrong_length, 151);
    vectors_check(&set);
    vectors_deinit(&set);
    testlib_json_free(file);
}

/* The next field of a line of ref10's format: hex digits up to a colon. */
static uint8_t *vectors_field(size_t *len_out, char **cursor)
{
    char *end = strchr(*cursor, ':');
    assert_non_null(end);
    *end = '\0';
    size_t size = strlen(*cursor) / 2;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    assert_non_null(bytes);
    *len_out = testlib_hex(bytes, size, *cursor);
    *cursor = end + 1;
    return bytes;
}

static void vectors_add_ref10(struct vector_set *set, char *line)
{
    size_t secret_len;
    size_t key_len;
    size_t signed_len;
    struct vector_case *one = vectors_add(set, true);
    uint8_t *secret = vectors_field(&secret_len, &line);
    uint8_t *key = vectors_field(&key_len, &line);
    one->message = vectors_field(&one->message_len, &line);
    uint8_t *signed_message = vectors_field(&signed_len, &line);
    assert_int_equal(secret_len, 64);
    assert_int_equal(key_len, 32);
    assert_int_equal(signed_len, 64 + one->message_len);
    memcpy(one->signature.bytes, signed_message, 64);
    bl_ed25519_public(&one->key, secret);
    assert_memory_equal(one->key.bytes, key, 32);
    snprintf(one->name, sizeof one->name, "rfc8032 %zu", set->count);
    free(signed_message);
    free(key);
    free(secret);
}

/* RFC 8032: every signature of ref10's file is accepted and every seed gives its public key. */
static void vectors_rfc8032(void **state)
{
    (void)state;
    const char *name = "vectors/ed25519/rfc8032_sign.input";
    if (!testlib_have_shared(name, "rfc8032"))
        skip();
    size_t len;
    uint8_t *text = testlib_read_file(&len, testlib_shared_path(name));
    struct vector_set set;
    vectors_init(&set, 128);
    char *line = (char *)text;
    while (*line != '\0') {
        char *end = strchr(line, '\n');
        char *next = end != NULL ? end + 1 : line + strlen(line);
        if (end != NULL)
            *end = '\0';
        if (*line != '\0')
            vectors_add_ref10(&set, line);
        line = next;
    }
    assert_int_equal(set.count, 128);
    vectors_check(&set);
    vectors_deinit(&set);
    free(text);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_rfc8032),    cmocka_unit_test(vectors_zip215),
        cmocka_unit_test(vectors_cctv),       cmocka_unit_test(vectors_speccheck),
        cmocka_unit_test(vectors_wycheproof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
