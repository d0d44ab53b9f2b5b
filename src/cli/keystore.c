/* SPDX-License-Identifier: MIT */
/*
 * The key file, and the only file that includes libsodium.
 *
 *   key        = Argon2id(passphrase, salt, memory, ops)
 *   ciphertext = XChaCha20-Poly1305(seed, key, nonce, ad)
 *   ad         = "baals:keystore:1" || 0x00 || address || flag || u32be memory_kib || u32be ops ||
 * salt
 *
 * A file may come from anywhere: its cost is accepted within bounds only, so that opening one takes
 * neither all memory nor all day, and never so little that a guess would be cheap.
 */
#include "cli/keystore.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <sodium.h>

#include "rpc/json.h"
#include "rpc/json_write.h"

#define KEYSTORE_MEMORY_KIB 65536u
#define KEYSTORE_MEMORY_KIB_MAX (1024u * 1024u)
#define KEYSTORE_OPS 3u
#define KEYSTORE_OPS_MAX 16u
#define KEYSTORE_SALT crypto_pwhash_SALTBYTES
#define KEYSTORE_NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEYSTORE_KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define KEYSTORE_SEALED (32u + crypto_aead_xchacha20poly1305_ietf_ABYTES)

static const char keystore_tag[] = "baals:keystore:1"; /* with its NUL */

#define KEYSTORE_AD (sizeof keystore_tag + 32u + 1u + 4u + 4u + KEYSTORE_SALT)

struct keystore_file {
    struct bl_keystore_info info;
    uint32_t memory_kib;
    uint32_t ops;
    uint8_t salt[KEYSTORE_SALT];
    uint8_t nonce[KEYSTORE_NONCE];
    uint8_t sealed[KEYSTORE_SEALED];
};

baals_status bl_keystore_begin(baals_error *err)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (sodium_init() < 0)
        return bl_fail(err, BAALS_IO, "the cryptographic library cannot start");
    return BAALS_OK;
}

void bl_secret_lock(void *memory, size_t len)
{
    (void)sodium_mlock(memory, len);
}

void bl_secret_unlock(void *memory, size_t len)
{
    (void)sodium_munlock(memory, len);
}

void bl_secret_wipe(void *memory, size_t len)
{
    sodium_memzero(memory, len);
}

void bl_secret_random(void *memory, size_t len)
{
    randombytes_buf(memory, len);
}

static void keystore_ad(uint8_t ad[KEYSTORE_AD], const struct keystore_file *file)
{
    uint8_t *p = ad;
    memcpy(p, keystore_tag, sizeof keystore_tag);
    p += sizeof keystore_tag;
    memcpy(p, file->info.address.bytes, 32);
    p += 32;
    *p++ = file->info.has_passphrase;
    bl_store_u32be(p, file->memory_kib);
    bl_store_u32be(p + 4, file->ops);
    memcpy(p + 8, file->salt, KEYSTORE_SALT);
}

/* The encryption key; the caller has locked `key`. */
static baals_status keystore_derive(uint8_t key[KEYSTORE_KEY],
                                    const struct keystore_file *file,
                                    const char *passphrase,
                                    baals_error *err)
{
    if (crypto_pwhash(key, KEYSTORE_KEY, passphrase, strlen(passphrase), file->salt, file->ops,
                      (size_t)file->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return bl_fail(err, BAALS_NOMEM, "no memory for the passphrase: %u MiB are needed",
                       file->memory_kib / 1024);
    return BAALS_OK;
}

static void keystore_write(struct bl_buffer *out, const struct keystore_file *file)
{
    struct bl_json_writer w;
    bl_jw_init(&w, out);
    bl_jw_begin_object(&w);
    bl_jw_put_u64(&w, "version", 1);
    bl_jw_key(&w, "address");
    bl_jw_address(&w, BAALS_ADDRESS_ACCOUNT, &file->info.address);
    bl_jw_put_bool(&w, "passphrase", file->info.has_passphrase);
    bl_jw_put_text(&w, "kdf", "argon2id");
    bl_jw_put_u64(&w, "memory_kib", file->memory_kib);
    bl_jw_put_u64(&w, "ops", file->ops);
    bl_jw_put_hex(&w, "salt", bl_slice(file->salt, sizeof file->salt));
    bl_jw_put_text(&w, "cipher", "xchacha20-poly1305");
    bl_jw_put_hex(&w, "nonce", bl_slice(file->nonce, sizeof file->nonce));
    bl_jw_put_hex(&w, "ciphertext", bl_slice(file->sealed, sizeof file->sealed));
    bl_jw_end_object(&w);
    bl_buffer_append_u8(out, '\n');
}

baals_status bl_keystore_seal(struct bl_buffer *out,
                              const baals_keypair *keypair,
                              const char *passphrase,
                              baals_error *err)
{
    struct keystore_file file = {.memory_kib = KEYSTORE_MEMORY_KIB, .ops = KEYSTORE_OPS};
    uint8_t key[KEYSTORE_KEY];
    uint8_t ad[KEYSTORE_AD];
    file.info.address = keypair->address;
    file.info.has_passphrase = passphrase[0] != '\0';
    bl_secret_random(file.salt, sizeof file.salt);
    bl_secret_random(file.nonce, sizeof file.nonce);
    keystore_ad(ad, &file);
    bl_secret_lock(key, sizeof key);
    baals_status status = keystore_derive(key, &file, passphrase, err);
    if (status == BAALS_OK)
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(file.sealed, NULL, keypair->seed,
                                                         sizeof keypair->seed, ad, sizeof ad, NULL,
                                                         file.nonce, key);
    bl_secret_unlock(key, sizeof key);
    BL_TRY(status);
    keystore_write(out, &file);
    return bl_buffer_status(out, err);
}

/* ---- reading ---- */

static bool keystore_hex(uint8_t *out, size_t len, const struct bl_json *root, const char *name)
{
    const char *text = bl_json_text(bl_json_member(root, name));
    return text != NULL && bl_hex_decode(out, len, text, strlen(text));
}

static bool keystore_is(const struct bl_json *root, const char *name, const char *expected)
{
    const char *text = bl_json_text(bl_json_member(root, name));
    return text != NULL && strcmp(text, expected) == 0;
}

static baals_status keystore_known(void *ctx, const char *name, const struct bl_json *value)
{
    static const char *const names[] = {"version", "address", "passphrase", "kdf",   "memory_kib",
                                        "ops",     "salt",    "cipher",     "nonce", "ciphertext"};
    (void)value;
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return BAALS_OK;
    }
    return bl_fail(ctx, BAALS_MISUSE_KEY, "the key file has an unknown field \"%.60s\"", name);
}

static baals_status
keystore_fields(struct keystore_file *file, const struct bl_json *root, baals_error *err)
{
    uint64_t version, memory, ops;
    baals_address_kind kind;
    const char *address = bl_json_text(bl_json_member(root, "address"));
    const struct bl_json *passphrase = bl_json_member(root, "passphrase");
    if (bl_json_type(root) != BL_JSON_OBJECT ||
        !bl_json_u64(&version, bl_json_member(root, "version")))
        return bl_fail(err, BAALS_MISUSE_KEY, "not a key file");
    if (version != 1)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "a key file of another version");
    BL_TRY(bl_json_each(root, keystore_known, err));
    if (address == NULL ||
        baals_address_parse(&file->info.address, &kind, address, NULL) != BAALS_OK ||
        kind != BAALS_ADDRESS_ACCOUNT)
        return bl_fail(err, BAALS_MISUSE_KEY, "the key file's address is not valid");
    if (passphrase == NULL || bl_json_type(passphrase) != BL_JSON_BOOL ||
        !keystore_is(root, "kdf", "argon2id") || !keystore_is(root, "cipher", "xchacha20-poly1305"))
        return bl_fail(err, BAALS_MISUSE_KEY,
                       "the key file's passphrase, kdf or cipher is not valid");
    file->info.has_passphrase = bl_json_is_true(passphrase);
    if (!bl_json_u64(&memory, bl_json_member(root, "memory_kib")) || memory < KEYSTORE_MEMORY_KIB ||
        memory > KEYSTORE_MEMORY_KIB_MAX || !bl_json_u64(&ops, bl_json_member(root, "ops")) ||
        ops < 1 || ops > KEYSTORE_OPS_MAX)
        return bl_fail(err, BAALS_MISUSE_KEY,
                       "the key file's cost is out of bounds: 64 MiB to 1 GiB, 1 to 16 passes");
    file->memory_kib = (uint32_t)memory;
    file->ops = (uint32_t)ops;
    if (!keystore_hex(file->salt, sizeof file->salt, root, "salt") ||
        !keystore_hex(file->nonce, sizeof file->nonce, root, "nonce") ||
        !keystore_hex(file->sealed, sizeof file->sealed, root, "ciphertext"))
        return bl_fail(err, BAALS_MISUSE_KEY,
                       "the key file's salt, nonce or ciphertext is not valid");
    return BAALS_OK;
}

static baals_status keystore_parse(struct keystore_file *file, baals_slice text, baals_error *err)
{
    struct bl_json_doc doc = {0};
    baals_error detail = {.message = ""};
    baals_status status = bl_json_parse(&doc, text, BL_KEYSTORE_FILE_MAX, &detail);
    if (status == BAALS_NOMEM)
        return bl_fail(err, BAALS_NOMEM, "no memory to read a key file");
    if (status != BAALS_OK)
        return bl_fail(err, BAALS_MISUSE_KEY, "not a key file: %.200s", detail.message);
    status = keystore_fields(file, doc.root, err);
    bl_json_free(&doc);
    return status;
}

baals_status bl_keystore_read(struct bl_keystore_info *info_out, baals_slice file, baals_error *err)
{
    struct keystore_file parsed;
    BL_TRY(keystore_parse(&parsed, file, err));
    *info_out = parsed.info;
    return BAALS_OK;
}

baals_status bl_keystore_open(baals_keypair *keypair_out,
                              baals_slice file,
                              const char *passphrase,
                              baals_error *err)
{
    struct keystore_file parsed;
    struct {
        uint8_t key[KEYSTORE_KEY];
        uint8_t seed[32];
        baals_keypair keypair;
    } secret;
    uint8_t ad[KEYSTORE_AD];
    BL_TRY(keystore_parse(&parsed, file, err));
    keystore_ad(ad, &parsed);
    bl_secret_lock(&secret, sizeof secret);
    baals_status status = keystore_derive(secret.key, &parsed, passphrase, err);
    if (status == BAALS_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(
                                  secret.seed, NULL, NULL, parsed.sealed, sizeof parsed.sealed, ad,
                                  sizeof ad, parsed.nonce, secret.key) != 0)
        status = bl_fail(err, BAALS_MISUSE_KEY, "wrong passphrase, or the key file was changed");
    if (status == BAALS_OK) {
        baals_keypair_from_seed(&secret.keypair, secret.seed);
        if (bl_address_equal(&secret.keypair.address, &parsed.info.address))
            *keypair_out = secret.keypair;
        else
            status = bl_fail(err, BAALS_MISUSE_KEY, "the key file's address is another key's");
    }
    bl_secret_unlock(&secret, sizeof secret);
    return status;
}
