/* SPDX-License-Identifier: MIT */
/* Key files: what was sealed opens with its passphrase alone, and nothing in a file can be changed.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"

#include "cli/keystore.h"

static struct bl_buffer keystore_sealed; /* of the key below, "horse" */
static baals_keypair keystore_pair;

static int keystore_setup(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {9};
    baals_keypair_from_seed(&keystore_pair, seed);
    bl_buffer_init(&keystore_sealed, bl_alloc_system(), BL_KEYSTORE_FILE_MAX);
    return bl_keystore_begin(NULL) == BAALS_OK &&
                   bl_keystore_seal(&keystore_sealed, &keystore_pair, "horse", NULL) == BAALS_OK
               ? 0
               : -1;
}

static int keystore_teardown(void **state)
{
    (void)state;
    bl_buffer_deinit(&keystore_sealed);
    return 0;
}

/* A copy of the sealed file with `from` replaced by `to`, NUL-terminated, for free(). */
static char *keystore_changed(const char *from, const char *to)
{
    baals_slice file = bl_buffer_slice(&keystore_sealed);
    char *text = calloc(1, file.len + 1);
    char *changed = calloc(1, file.len + strlen(to) + 1);
    assert_true(text != NULL && changed != NULL);
    memcpy(text, file.data, file.len);
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t before = (size_t)(at - text);
    memcpy(changed, text, before);
    memcpy(changed + before, to, strlen(to));
    memcpy(changed + before + strlen(to), at + strlen(from), strlen(at + strlen(from)));
    free(text);
    return changed;
}

static baals_status keystore_read_text(const char *text)
{
    struct bl_keystore_info info;
    return bl_keystore_read(&info, bl_slice_str(text), NULL);
}

/* Goal: the passphrase opens the key, another one does not, and the output is then untouched. */
static void test_round_trip(void **state)
{
    (void)state;
    baals_keypair opened;
    memset(&opened, 0x5a, sizeof opened);
    baals_slice file = bl_buffer_slice(&keystore_sealed);
    assert_status(bl_keystore_open(&opened, file, "house", NULL), BAALS_MISUSE_KEY);
    assert_int_equal(opened.seed[0], 0x5a);
    assert_ok(bl_keystore_open(&opened, file, "horse", NULL));
    assert_memory_equal(&opened, &keystore_pair, sizeof opened);
}

/* Goal: the address is readable without the passphrase, the seed is nowhere in the file. */
static void test_in_clear(void **state)
{
    (void)state;
    struct bl_keystore_info info;
    char hex[65];
    baals_slice file = bl_buffer_slice(&keystore_sealed);
    assert_ok(bl_keystore_read(&info, file, NULL));
    assert_memory_equal(&info.address, &keystore_pair.address, sizeof info.address);
    assert_true(info.has_passphrase);
    bl_hex_encode(hex, keystore_pair.seed, 32);
    char *text = keystore_changed("argon2id", "argon2id");
    assert_null(strstr(text, hex));
    free(text);
}

/* Goal: an empty passphrase says so in the file. */
static void test_no_passphrase(void **state)
{
    (void)state;
    struct bl_buffer file;
    struct bl_keystore_info info;
    baals_keypair opened;
    bl_buffer_init(&file, bl_alloc_system(), BL_KEYSTORE_FILE_MAX);
    assert_ok(bl_keystore_seal(&file, &keystore_pair, "", NULL));
    assert_ok(bl_keystore_read(&info, bl_buffer_slice(&file), NULL));
    assert_false(info.has_passphrase);
    assert_ok(bl_keystore_open(&opened, bl_buffer_slice(&file), "", NULL));
    assert_memory_equal(&opened, &keystore_pair, sizeof opened);
    bl_buffer_deinit(&file);
}

/* Goal: what stands in clear is authenticated: a flipped flag or cost does not open. */
static void test_clear_is_authenticated(void **state)
{
    (void)state;
    baals_keypair opened;
    static const char *const changes[][2] = {{"\"passphrase\":true", "\"passphrase\":false"},
                                             {"\"ops\":3", "\"ops\":2"}};
    for (size_t i = 0; i < BL_COUNT_OF(changes); i++) {
        char *text = keystore_changed(changes[i][0], changes[i][1]);
        assert_ok(keystore_read_text(text));
        assert_status(bl_keystore_open(&opened, bl_slice_str(text), "horse", NULL),
                      BAALS_MISUSE_KEY);
        free(text);
    }
}

/* Goal: costs are bounded: no file takes all memory, none is cheap to guess. */
static void test_cost_bounds(void **state)
{
    (void)state;
    static const char *const memory[] = {"65535", "1048577", "0", "-1", "4294967296", "\"65536\""};
    static const char *const ops[] = {"0", "17", "-3", "4294967299", "3.5"};
    char part[64];
    for (size_t i = 0; i < BL_COUNT_OF(memory); i++) {
        snprintf(part, sizeof part, "\"memory_kib\":%s,", memory[i]);
        char *text = keystore_changed("\"memory_kib\":65536,", part);
        assert_status(keystore_read_text(text), BAALS_MISUSE_KEY);
        free(text);
    }
    for (size_t i = 0; i < BL_COUNT_OF(ops); i++) {
        snprintf(part, sizeof part, "\"ops\":%s,", ops[i]);
        char *text = keystore_changed("\"ops\":3,", part);
        assert_status(keystore_read_text(text), BAALS_MISUSE_KEY);
        free(text);
    }
}

/* Goal: fields of another version, kind or length are refused before any work. */
static void test_bad_fields(void **state)
{
    (void)state;
    static const char *const changes[][2] = {{"argon2id", "scrypt"},
                                             {"xchacha20-poly1305", "aes"},
                                             {"\"salt\":\"", "\"salt\":\"00"},
                                             {"\"nonce\":\"", "\"nonce\":\"g"},
                                             {"\"ciphertext\"", "\"cipher_text\""},
                                             {"\"address\":\"bl1", "\"address\":\"bl2"},
                                             {"\"passphrase\":true", "\"passphrase\":1"},
                                             {"\"kdf\":", "\"extra\":1,\"kdf\":"},
                                             {"\"kdf\":", "\"ops\":3,\"kdf\":"}};
    for (size_t i = 0; i < BL_COUNT_OF(changes); i++) {
        char *text = keystore_changed(changes[i][0], changes[i][1]);
        if (keystore_read_text(text) != BAALS_MISUSE_KEY)
            fail_msg("accepted with %s", changes[i][1]);
        free(text);
    }
    char *text = keystore_changed("\"version\":1", "\"version\":2");
    assert_status(keystore_read_text(text), BAALS_UNSUPPORTED_VERSION);
    free(text);
}

/* Goal: anything but a key file is refused, every truncation of one too. */
static void test_not_a_key_file(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{}", "[]", "1", "null", "\"text\"", "{\"version\":1}"};
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++)
        assert_status(keystore_read_text(texts[i]), BAALS_MISUSE_KEY);
    baals_slice file = bl_buffer_slice(&keystore_sealed);
    for (size_t len = 0; len + 1 < file.len; len++) {
        struct bl_keystore_info info;
        assert_status(bl_keystore_read(&info, bl_slice(file.data, len), NULL), BAALS_MISUSE_KEY);
    }
}

/* Goal: memory that held a secret is wiped when it is unlocked. */
static void test_unlock_wipes(void **state)
{
    (void)state;
    uint8_t secret[64];
    bl_secret_lock(secret, sizeof secret);
    memset(secret, 7, sizeof secret);
    bl_secret_unlock(secret, sizeof secret);
    assert_true(bl_bytes_all_zero(secret, sizeof secret));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_in_clear),
        cmocka_unit_test(test_no_passphrase),  cmocka_unit_test(test_clear_is_authenticated),
        cmocka_unit_test(test_cost_bounds),    cmocka_unit_test(test_bad_fields),
        cmocka_unit_test(test_not_a_key_file), cmocka_unit_test(test_unlock_wipes),
    };
    return cmocka_run_group_tests(tests, keystore_setup, keystore_teardown);
}
