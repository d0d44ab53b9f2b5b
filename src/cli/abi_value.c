/* SPDX-License-Identifier: MIT */
/*
 * Words to values. A word is judged by the type the contract declares; a list or a struct is
 * written as JSON. Whatever is wrong is said with the way to it ("argument 2, order.items[3].price
 * (u64)"), what was expected and what was given.
 *
 * The recursion is as deep as the type, which the decoder bounds.
 */
#include "cli/abi_value.h"

#include <stdio.h>
#include <string.h>

#include "rpc/cbor.h"

/* Longest word that is read as JSON. */
#define VALUE_JSON_MAX ((size_t)1024 * 1024)

struct value_writer {
    struct bl_buffer *out;
    const struct cli_abi *abi;
    char path[120]; /* "argument 1, to"; cut when it is longer */
    baals_error *err;
};

/* ---- what is wrong ---- */

/* The path of a part; returns the length to cut it back to. */
static size_t value_enter(struct value_writer *v, const char *between, const char *name)
{
    size_t len = strlen(v->path);
    snprintf(v->path + len, sizeof v->path - len, "%s%s", between, name);
    return len;
}

static baals_status
value_wrong(const struct value_writer *v, const char *type, const char *given, const char *expected)
{
    return bl_fail(v->err, BAALS_MISUSE_ARGUMENT, "%s (%.20s): \"%.40s\" is not %.80s", v->path,
                   type, given, expected);
}

/* The same for JSON of another kind than the type's. */
static baals_status value_wrong_json(const struct value_writer *v,
                                     const char *type,
                                     const struct bl_json *given,
                                     const char *expected)
{
    struct bl_buffer text;
    bl_buffer_init(&text, v->out->alloc, VALUE_JSON_MAX);
    bl_json_dump(&text, given);
    bl_buffer_append_u8(&text, 0);
    baals_status status =
        bl_fail(v->err, BAALS_MISUSE_ARGUMENT, "%s (%.20s): %.40s is %s, not %.80s", v->path, type,
                text.failed ? "it" : (const char *)text.data, bl_json_type_name(given), expected);
    bl_buffer_deinit(&text);
    return status;
}

/* ---- scalars from text ---- */

/* Bounds of the number types, indexed by enum cli_abi_base. */
static const struct {
    uint64_t most;
    const char *expected;
} value_numbers[] = {
    [CLI_ABI_U8] = {UINT8_MAX, "a number from 0 to 255"},
    [CLI_ABI_U16] = {UINT16_MAX, "a number from 0 to 65535"},
    [CLI_ABI_U32] = {UINT32_MAX, "a number from 0 to 4294967295"},
    [CLI_ABI_U64] = {UINT64_MAX, "a number from 0 to 18446744073709551615"},
    [CLI_ABI_I8] = {INT8_MAX, "a number from -128 to 127"},
    [CLI_ABI_I16] = {INT16_MAX, "a number from -32768 to 32767"},
    [CLI_ABI_I32] = {INT32_MAX, "a number from -2147483648 to 2147483647"},
    [CLI_ABI_I64] = {INT64_MAX, "a number from -9223372036854775808 to 9223372036854775807"},
    [CLI_ABI_AMOUNT] = {UINT64_MAX, "an amount from 0 to 18446744073709551615"},
};

static bool value_is_signed(enum cli_abi_base base)
{
    return base >= CLI_ABI_I8 && base <= CLI_ABI_I64;
}

static bool value_is_number(enum cli_abi_base base)
{
    return base <= CLI_ABI_I64 || base == CLI_ABI_AMOUNT;
}

/* `prefix` ("u:") off the front of a word. */
static const char *value_skip(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : text;
}

static bool value_number(struct bl_buffer *out, enum cli_abi_base base, const char *text)
{
    uint64_t most = value_numbers[base].most, value;
    text = value_skip(text, value_is_signed(base) ? "i:" : "u:");
    bool negative = value_is_signed(base) && text[0] == '-';
    if (negative)
        text++;
    if (!bl_u64_parse(&value, text, strlen(text)) || value > most + (negative ? 1 : 0) ||
        (negative && value == 0))
        return false;
    bl_cbor_head(out, negative ? 1 : 0, negative ? value - 1 : value);
    return true;
}

/* Hex digits; `size` 0: any number of bytes. */
static bool value_bytes(struct bl_buffer *out, size_t size, const char *text)
{
    text = value_skip(value_skip(text, "b:"), "0x");
    size_t digits = strlen(text);
    if (digits % 2 != 0 || (size != 0 && digits != 2 * size) || digits / 2 > VALUE_JSON_MAX)
        return false;
    bl_cbor_head(out, 2, digits / 2);
    uint8_t *bytes = bl_buffer_extend(out, digits / 2);
    return digits == 0 || (bytes != NULL && bl_hex_decode(bytes, digits / 2, text, digits));
}

static bool value_address(struct bl_buffer *out, bool only_contract, const char *text)
{
    baals_address address;
    baals_address_kind kind;
    if (baals_address_parse(&address, &kind, value_skip(text, "addr:"), NULL) != BAALS_OK ||
        (only_contract && kind != BAALS_ADDRESS_CONTRACT))
        return false;
    bl_cbor_head(out, 2, sizeof address.bytes);
    bl_buffer_append(out, address.bytes, sizeof address.bytes);
    return true;
}

/* What a text should have been. */
static void value_expected(char *out, size_t out_size, const struct cli_abi_type *type)
{
    static const char *const others[] = {
        [CLI_ABI_BOOL] = "true or false",
        [CLI_ABI_TEXT] = "printable UTF-8 text",
        [CLI_ABI_BYTES] = "an even number of hex digits",
        [CLI_ABI_ADDRESS] = "an address (bl1..., blc1... or bls1...)",
        [CLI_ABI_CONTRACT] = "a contract's address (blc1...)",
        [CLI_ABI_HASH] = "64 hex digits",
    };
    if (value_is_number(type->base))
        snprintf(out, out_size, "%s", value_numbers[type->base].expected);
    else if (type->base == CLI_ABI_BYTES_N)
        snprintf(out, out_size, "%u hex digits", 2 * type->size);
    else
        snprintf(out, out_size, "%s", others[type->base]);
}

/* A value of a base that is no struct. */
static baals_status
value_scalar(struct value_writer *v, const struct cli_abi_type *type, const char *text)
{
    struct bl_buffer *out = v->out;
    baals_slice bytes = bl_slice_str(text);
    bool good = false;
    switch (type->base) {
    case CLI_ABI_BOOL:
        good = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
        bl_cbor_head(out, 7, text[0] == 't' ? 21 : 20);
        break;
    case CLI_ABI_TEXT:
        good = bl_text_is_printable(bytes);
        bl_cbor_head(out, 3, bytes.len);
        bl_buffer_append(out, bytes.data, bytes.len);
        break;
    case CLI_ABI_BYTES:
    case CLI_ABI_BYTES_N:
        good = value_bytes(out, type->base == CLI_ABI_BYTES ? 0 : type->size, text);
        break;
    case CLI_ABI_HASH:
        good = value_bytes(out, sizeof(baals_hash), text);
        break;
    case CLI_ABI_ADDRESS:
    case CLI_ABI_CONTRACT:
        good = value_address(out, type->base == CLI_ABI_CONTRACT, text);
        break;
    case CLI_ABI_U8:
    case CLI_ABI_U16:
    case CLI_ABI_U32:
    case CLI_ABI_U64:
    case CLI_ABI_I8:
    case CLI_ABI_I16:
    case CLI_ABI_I32:
    case CLI_ABI_I64:
    case CLI_ABI_AMOUNT:
        good = value_number(out, type->base, text);
        break;
    case CLI_ABI_STRUCT:
        BL_ASSERT(false); /* structs are JSON */
        break;
    }
    BL_TRY(bl_buffer_status(out, v->err));
    if (good)
        return BAALS_OK;
    char expected[80];
    value_expected(expected, sizeof expected, type);
    return value_wrong(v, type->text, text, expected);
}

/* ---- JSON ---- */

static baals_status value_json(struct value_writer *v,
                               const struct cli_abi_type *type,
                               uint32_t level,
                               const struct bl_json *json);

/* Numbers may be JSON numbers or text, since JSON's do not hold 64 bits everywhere. */
static baals_status value_json_scalar(struct value_writer *v,
                                      const struct cli_abi_type *type,
                                      const struct bl_json *json)
{
    enum bl_json_type given = bl_json_type(json);
    char expected[80];
    bool number = value_is_number(type->base) && given == BL_JSON_INTEGER;
    bool truth = type->base == CLI_ABI_BOOL && given == BL_JSON_BOOL;
    if (given == BL_JSON_TEXT && type->base != CLI_ABI_BOOL)
        return value_scalar(v, type, bl_json_text(json));
    if (!number && !truth) {
        value_expected(expected, sizeof expected, type);
        return value_wrong_json(v, type->text, json, expected);
    }
    struct bl_buffer text;
    bl_buffer_init(&text, v->out->alloc, 64);
    bl_json_dump(&text, json);
    bl_buffer_append_u8(&text, 0);
    baals_status status = bl_buffer_status(&text, v->err);
    if (status == BAALS_OK)
        status = value_scalar(v, type, (const char *)text.data);
    bl_buffer_deinit(&text);
    return status;
}

static baals_status value_list(struct value_writer *v,
                               const struct cli_abi_type *type,
                               uint32_t level,
                               const struct bl_json *json)
{
    if (bl_json_type(json) != BL_JSON_ARRAY)
        return value_wrong_json(v, type->text, json, "a list: [VALUE, ...]");
    size_t count = bl_json_count(json);
    bl_cbor_head(v->out, 4, count);
    for (size_t i = 0; i < count; i++) {
        char index[32];
        snprintf(index, sizeof index, "[%zu]", i);
        size_t len = value_enter(v, index, "");
        BL_TRY(value_json(v, type, level - 1, bl_json_at(json, i)));
        v->path[len] = '\0';
    }
    return BAALS_OK;
}

struct value_members {
    const struct value_writer *v;
    const struct cli_abi_struct *of;
};

static baals_status value_check_member(void *ctx, const char *name, const struct bl_json *json)
{
    const struct value_members *members = ctx;
    (void)json;
    for (uint32_t i = 0; i < members->of->fields.count; i++) {
        if (strcmp(members->of->fields.items[i].name, name) == 0)
            return BAALS_OK;
    }
    return bl_fail(members->v->err, BAALS_MISUSE_ARGUMENT,
                   "%s (%.20s): there is no field \"%.40s\"", members->v->path, members->of->name,
                   name);
}

/* An object with every field; an option may be left out. */
static baals_status
value_struct(struct value_writer *v, const struct cli_abi_type *type, const struct bl_json *json)
{
    const struct cli_abi_struct *of = &v->abi->structs[type->struct_index];
    struct value_members members = {.v = v, .of = of};
    if (bl_json_type(json) != BL_JSON_OBJECT)
        return value_wrong_json(v, type->text, json, "an object with the fields of the struct");
    BL_TRY(bl_json_each(json, value_check_member, &members));
    bl_cbor_head(v->out, 4, of->fields.count);
    for (uint32_t i = 0; i < of->fields.count; i++) {
        const struct cli_abi_field *field = &of->fields.items[i];
        const struct cli_abi_type *of_field = &field->type;
        const struct bl_json *member = bl_json_member(json, field->name);
        uint32_t level = of_field->suffix_count;
        size_t len = value_enter(v, ".", field->name);
        if (member == NULL && level > 0 && of_field->suffixes[level - 1] == '?') {
            bl_buffer_append_u8(v->out, 0xf6);
        } else if (member == NULL) {
            return bl_fail(v->err, BAALS_MISUSE_ARGUMENT, "%s (%.20s) is missing", v->path,
                           of_field->text);
        } else {
            BL_TRY(value_json(v, of_field, level, member));
        }
        v->path[len] = '\0';
    }
    return BAALS_OK;
}

/* A value of the type with its first `level` suffixes. */
static baals_status value_json(struct value_writer *v,
                               const struct cli_abi_type *type,
                               uint32_t level,
                               const struct bl_json *json)
{
    BL_TRY(bl_buffer_status(v->out, v->err));
    if (level > 0 && type->suffixes[level - 1] == '[')
        return value_list(v, type, level, json);
    if (level > 0 && bl_json_type(json) == BL_JSON_NULL) {
        bl_buffer_append_u8(v->out, 0xf6);
        return BAALS_OK;
    }
    if (level > 0)
        return value_json(v, type, level - 1, json);
    if (type->base == CLI_ABI_STRUCT)
        return value_struct(v, type, json);
    return value_json_scalar(v, type, json);
}

/* ---- words ---- */

/* Whether a word of this type is JSON: a list, a struct, or text in quotes where null means none.
 */
static bool value_word_is_json(const struct cli_abi_type *type, const char *word)
{
    bool option = type->suffix_count > 0 && type->suffixes[0] == '?';
    bool list = type->suffix_count > (option ? 1u : 0u);
    return list || type->base == CLI_ABI_STRUCT ||
           (option && type->base == CLI_ABI_TEXT && word[0] == '"');
}

static baals_status
value_word(struct value_writer *v, const struct cli_abi_type *type, const char *word)
{
    struct bl_json_doc doc = {0};
    baals_error json_error = {.offset = BAALS_NO_OFFSET};
    if (!value_word_is_json(type, word)) {
        if (type->suffix_count == 0 || strcmp(word, "null") != 0)
            return value_scalar(v, type, word);
        bl_buffer_append_u8(v->out, 0xf6);
        return bl_buffer_status(v->out, v->err);
    }
    baals_status status = bl_json_parse(&doc, bl_slice_str(word), VALUE_JSON_MAX, &json_error);
    if (status == BAALS_MISUSE_ARGUMENT)
        return bl_fail(v->err, BAALS_MISUSE_ARGUMENT, "%s (%.20s): \"%.40s\" is %.90s", v->path,
                       type->text, word, json_error.message);
    if (status != BAALS_OK) {
        if (v->err != NULL)
            *v->err = json_error;
        return bl_fail_context(v->err, status, "%s (%.20s)", v->path, type->text);
    }
    status = value_json(v, type, type->suffix_count, doc.root);
    bl_json_free(&doc);
    return status;
}

/* "transfer(to: address, amount: u64)" for messages. */
static void value_signature(char *out, size_t out_size, const struct cli_abi_method *method)
{
    size_t used = (size_t)snprintf(out, out_size, "%.40s(", method->name);
    for (uint32_t i = 0; i < method->args.count && used < out_size; i++) {
        const struct cli_abi_field *arg = &method->args.items[i];
        used += (size_t)snprintf(out + used, out_size - used, "%s%s: %s", i == 0 ? "" : ", ",
                                 arg->name, arg->type.text);
    }
    if (used < out_size)
        snprintf(out + used, out_size - used, ")");
}

baals_status cli_abi_arguments(struct bl_buffer *out,
                               const struct cli_abi *abi,
                               const struct cli_abi_method *m,
                               const char *const *words,
                               size_t count,
                               baals_error *err)
{
    struct value_writer v = {.out = out, .abi = abi, .err = err};
    char signature[120];
    value_signature(signature, sizeof signature, m);
    if (count > m->args.count)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s: argument %u, \"%.40s\", is one too many",
                       signature, m->args.count + 1, words[m->args.count]);
    bl_cbor_head(out, 4, m->args.count);
    for (uint32_t i = 0; i < m->args.count; i++) {
        const struct cli_abi_field *arg = &m->args.items[i];
        snprintf(v.path, sizeof v.path, "argument %u, %s", i + 1, arg->name);
        if (i >= count)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s (%.20s) is missing: %s", v.path,
                           arg->type.text, signature);
        BL_TRY(value_word(&v, &arg->type, words[i]));
    }
    return bl_buffer_status(out, err);
}
