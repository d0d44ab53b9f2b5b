/* SPDX-License-Identifier: MIT */
/*
 * Decoding the custom sections baals_abi, baals_meta and baals_env (docs/spec/abi.md).
 *
 * One pass over canonical CBOR of a fixed shape. Every count is checked against its limit and
 * against the bytes that are left before memory is taken for it, and a struct may only use structs
 * that stand before it, so that no type contains itself and depths are known at once.
 */
#include "cli/abi.h"

#include <stdio.h>
#include <string.h>

#include "rpc/cbor.h"
#include "rpc/json_write.h"

#define ABI_VERSION 1u

struct abi_reader {
    struct bl_arena *arena;
    baals_slice in; /* what is left */
    size_t len;     /* of the whole section */
    const char *section;
    struct cli_abi *abi; /* what is decoded so far */
    baals_error *err;
};

/* What is wrong, at the byte that is read next. */
static baals_status abi_reject(const struct abi_reader *r, const char *what)
{
    return bl_fail_at(r->err, BAALS_REJECT_CODE, r->len - r->in.len, "section %s: %s", r->section,
                      what);
}

static baals_status abi_nomem(const struct abi_reader *r)
{
    return bl_fail(r->err, BAALS_NOMEM, "no memory for section %s", r->section);
}

/* ---- items ---- */

/* The argument of an item of this major type. */
static baals_status
abi_head(struct abi_reader *r, uint64_t *value, unsigned major, const char *what)
{
    baals_slice in = r->in;
    unsigned found;
    if (!bl_cbor_take_head(&found, value, &in) || found != major)
        return abi_reject(r, what);
    r->in = in;
    return BAALS_OK;
}

/* An array of exactly `count` elements. */
static baals_status abi_array(struct abi_reader *r, uint64_t count, const char *what)
{
    uint64_t found;
    struct abi_reader before = *r;
    BL_TRY(abi_head(r, &found, 4, what));
    return found == count ? BAALS_OK : abi_reject(&before, what);
}

/* The number of elements of a list, from 0 to most. */
static baals_status abi_list(struct abi_reader *r, uint32_t *count, uint32_t most, const char *what)
{
    uint64_t found;
    struct abi_reader before = *r;
    BL_TRY(abi_head(r, &found, 4, what));
    if (found > most || found > r->in.len)
        return abi_reject(&before, what);
    *count = (uint32_t)found;
    return BAALS_OK;
}

static baals_status abi_text(struct abi_reader *r, const char **out, size_t most, const char *what)
{
    uint64_t len;
    struct abi_reader before = *r;
    BL_TRY(abi_head(r, &len, 3, what));
    if (len > most || len > r->in.len)
        return abi_reject(&before, what);
    baals_slice text = bl_slice(r->in.data, (size_t)len);
    if (!bl_text_is_printable(text))
        return abi_reject(&before, what);
    char *copy = bl_arena_alloc(r->arena, text.len + 1);
    if (copy == NULL)
        return abi_nomem(r);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    r->in = bl_slice(r->in.data + text.len, r->in.len - text.len);
    *out = copy;
    return BAALS_OK;
}

static bool abi_is_identifier(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        bool digit = *p >= '0' && *p <= '9';
        if (!letter && !(digit && p > name))
            return false;
    }
    return name[0] != '\0';
}

static baals_status abi_name(struct abi_reader *r, const char **out, size_t most)
{
    struct abi_reader before = *r;
    BL_TRY(abi_text(r, out, most, "a name is no text or too long"));
    return abi_is_identifier(*out) ? BAALS_OK : abi_reject(&before, "a name is no identifier");
}

static baals_status abi_doc(struct abi_reader *r, const char **out)
{
    return abi_text(r, out, CLI_ABI_DOC_MAX, "a doc text is no text or too long");
}

static baals_status abi_bool(struct abi_reader *r, bool *out)
{
    uint64_t value;
    struct abi_reader before = *r;
    BL_TRY(abi_head(r, &value, 7, "neither false nor true"));
    if (value != 20 && value != 21)
        return abi_reject(&before, "neither false nor true");
    *out = value == 21;
    return BAALS_OK;
}

/* Whether null is next; takes it. */
static bool abi_take_null(struct abi_reader *r)
{
    if (r->in.len == 0 || r->in.data[0] != 0xf6)
        return false;
    r->in = bl_slice(r->in.data + 1, r->in.len - 1);
    return true;
}

/* ---- types ---- */

/* Indexed by enum cli_abi_base. */
static const char *const abi_base_names[] = {"u8",    "u16",     "u32",      "u64",  "i8",
                                             "i16",   "i32",     "i64",      "bool", "text",
                                             "bytes", "address", "contract", "hash", "amount"};

static bool abi_text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* "bytes1" to "bytes1024". */
static bool abi_bytes_n(uint32_t *size, const char *text, size_t len)
{
    uint64_t value;
    if (len <= 5 || memcmp(text, "bytes", 5) != 0 || !bl_u64_parse(&value, text + 5, len - 5) ||
        value == 0 || value > CLI_ABI_BYTES_MAX)
        return false;
    *size = (uint32_t)value;
    return true;
}

/* The base of a type: a name of the language, or a struct that stands before. */
static bool
abi_base(const struct cli_abi *abi, struct cli_abi_type *type, const char *text, size_t len)
{
    for (size_t i = 0; i < BL_COUNT_OF(abi_base_names); i++) {
        if (abi_text_is(text, len, abi_base_names[i])) {
            type->base = (enum cli_abi_base)i;
            return true;
        }
    }
    if (abi_bytes_n(&type->size, text, len)) {
        type->base = CLI_ABI_BYTES_N;
        return true;
    }
    for (uint32_t i = 0; i < abi->struct_count; i++) {
        if (abi_text_is(text, len, abi->structs[i].name)) {
            type->base = CLI_ABI_STRUCT;
            type->struct_index = i;
            return true;
        }
    }
    return false;
}

/* The suffixes; "??" would give null two meanings. */
static bool abi_suffixes(struct cli_abi_type *type, const char *text)
{
    while (*text != '\0') {
        bool option = *text == '?';
        if (type->suffix_count == CLI_ABI_SUFFIXES_MAX || (!option && strncmp(text, "[]", 2) != 0))
            return false;
        if (option && type->suffix_count > 0 && type->suffixes[type->suffix_count - 1] == '?')
            return false;
        type->suffixes[type->suffix_count++] = *text;
        text += option ? 1 : 2;
    }
    return true;
}

static uint32_t abi_depth(const struct cli_abi *abi, const struct cli_abi_type *type)
{
    uint32_t depth = type->base == CLI_ABI_STRUCT ? abi->structs[type->struct_index].depth : 0;
    for (uint32_t i = 0; i < type->suffix_count; i++)
        depth += type->suffixes[i] == '[' ? 1 : 0;
    return depth;
}

static baals_status abi_type(struct abi_reader *r, struct cli_abi_type *out)
{
    struct abi_reader before = *r;
    struct cli_abi_type type = {0};
    BL_TRY(abi_text(r, &type.text, CLI_ABI_NAME_MAX + 2 * CLI_ABI_SUFFIXES_MAX,
                    "a type is no text or too long"));
    size_t len = strcspn(type.text, "[?");
    if (!abi_base(r->abi, &type, type.text, len))
        return abi_reject(&before, "a type that is not known");
    if (!abi_suffixes(&type, type.text + len))
        return abi_reject(&before, "what stands behind a type is neither [] nor ?");
    if (abi_depth(r->abi, &type) > CLI_ABI_DEPTH_MAX)
        return abi_reject(&before, "a type is nested too deeply");
    *out = type;
    return BAALS_OK;
}

/* ---- fields ---- */

/* [name, type, doc], of an event [name, type, indexed, doc]. */
static baals_status abi_field(struct abi_reader *r, struct cli_abi_field *out, bool of_event)
{
    BL_TRY(abi_array(r, of_event ? 4 : 3, "a field is an array of another length"));
    BL_TRY(abi_name(r, &out->name, CLI_ABI_NAME_MAX));
    BL_TRY(abi_type(r, &out->type));
    if (of_event)
        BL_TRY(abi_bool(r, &out->indexed));
    return abi_doc(r, &out->doc);
}

static baals_status abi_fields(struct abi_reader *r, struct cli_abi_fields *out, bool of_event)
{
    uint32_t count;
    BL_TRY(abi_list(r, &count, CLI_ABI_FIELDS_MAX, "fields are no array or too many"));
    out->items = bl_arena_zero(r->arena, (size_t)count + 1, sizeof *out->items);
    if (out->items == NULL)
        return abi_nomem(r);
    for (out->count = 0; out->count < count; out->count++) {
        struct abi_reader before = *r;
        struct cli_abi_field *field = &out->items[out->count];
        BL_TRY(abi_field(r, field, of_event));
        for (uint32_t i = 0; i < out->count; i++) {
            if (strcmp(out->items[i].name, field->name) == 0)
                return abi_reject(&before, "a name stands twice");
        }
    }
    return BAALS_OK;
}

/* ---- structs ---- */

static baals_status abi_struct(struct abi_reader *r, struct cli_abi_struct *out)
{
    struct abi_reader before = *r;
    struct cli_abi_type known = {0};
    BL_TRY(abi_array(r, 3, "a struct is not an array of 3"));
    BL_TRY(abi_name(r, &out->name, CLI_ABI_NAME_MAX));
    if (abi_base(r->abi, &known, out->name, strlen(out->name)))
        return abi_reject(&before, "a struct has the name of another type");
    BL_TRY(abi_fields(r, &out->fields, false));
    BL_TRY(abi_doc(r, &out->doc));
    if (out->fields.count == 0)
        return abi_reject(&before, "a struct has no fields");
    for (uint32_t i = 0; i < out->fields.count; i++) {
        uint32_t depth = abi_depth(r->abi, &out->fields.items[i].type);
        if (depth >= out->depth)
            out->depth = depth + 1;
    }
    if (out->depth > CLI_ABI_DEPTH_MAX)
        return abi_reject(&before, "a struct is nested too deeply");
    return BAALS_OK;
}

static baals_status abi_structs(struct abi_reader *r)
{
    uint32_t count;
    BL_TRY(abi_list(r, &count, CLI_ABI_STRUCTS_MAX, "structs are no array or too many"));
    r->abi->structs = bl_arena_zero(r->arena, (size_t)count + 1, sizeof *r->abi->structs);
    if (r->abi->structs == NULL)
        return abi_nomem(r);
    for (uint32_t i = 0; i < count; i++) {
        BL_TRY(abi_struct(r, &r->abi->structs[i]));
        r->abi->struct_count++;
    }
    return BAALS_OK;
}

/* ---- methods ---- */

/* Entries that the host calls have a fixed shape; names that no call can reach are refused. */
static const char *abi_method_fault(const struct cli_abi_method *method)
{
    const char *name = method->name;
    bool init = strcmp(name, "init") == 0 || strcmp(name, "migrate") == 0;
    bool receive = strcmp(name, "receive") == 0;
    if (strcmp(name, "_start") == 0 || strcmp(name, "_initialize") == 0 ||
        strncmp(name, "__", 2) == 0 || strncmp(name, "baals", 5) == 0)
        return "a method has a reserved name";
    if ((init || receive) && (method->has_returns || method->kind == CLI_ABI_VIEW))
        return "init, migrate and receive return nothing and are no views";
    if (receive && method->args.count > 0)
        return "receive takes no arguments";
    return NULL;
}

static baals_status abi_method(struct abi_reader *r, struct cli_abi_method *out)
{
    struct abi_reader before = *r;
    uint64_t kind;
    BL_TRY(abi_array(r, 5, "a method is not an array of 5"));
    BL_TRY(abi_name(r, &out->name, CLI_ABI_NAME_MAX));
    BL_TRY(abi_head(r, &kind, 0, "a kind is no number"));
    if (kind > CLI_ABI_PAYABLE)
        return abi_reject(&before, "a method is of a kind that is not known");
    out->kind = (enum cli_abi_kind)kind;
    BL_TRY(abi_fields(r, &out->args, false));
    out->has_returns = !abi_take_null(r);
    if (out->has_returns)
        BL_TRY(abi_type(r, &out->returns));
    BL_TRY(abi_doc(r, &out->doc));
    const char *fault = abi_method_fault(out);
    return fault == NULL ? BAALS_OK : abi_reject(&before, fault);
}

static baals_status abi_methods(struct abi_reader *r)
{
    uint32_t count;
    BL_TRY(abi_list(r, &count, CLI_ABI_METHODS_MAX, "methods are no array or too many"));
    r->abi->methods = bl_arena_zero(r->arena, (size_t)count + 1, sizeof *r->abi->methods);
    if (r->abi->methods == NULL)
        return abi_nomem(r);
    for (uint32_t i = 0; i < count; i++) {
        struct abi_reader before = *r;
        BL_TRY(abi_method(r, &r->abi->methods[i]));
        if (cli_abi_method_find(r->abi, r->abi->methods[i].name) != NULL)
            return abi_reject(&before, "a method stands twice");
        r->abi->method_count++;
    }
    return BAALS_OK;
}

/* ---- events and errors ---- */

/* What fits a topic of 32 bytes. */
static bool abi_can_index(const struct cli_abi_type *type)
{
    if (type->suffix_count > 0)
        return false;
    switch (type->base) {
    case CLI_ABI_U8:
    case CLI_ABI_U16:
    case CLI_ABI_U32:
    case CLI_ABI_U64:
    case CLI_ABI_ADDRESS:
    case CLI_ABI_CONTRACT:
    case CLI_ABI_HASH:
    case CLI_ABI_AMOUNT:
        return true;
    case CLI_ABI_BYTES_N:
        return type->size == sizeof(baals_hash);
    case CLI_ABI_I8:
    case CLI_ABI_I16:
    case CLI_ABI_I32:
    case CLI_ABI_I64:
    case CLI_ABI_BOOL:
    case CLI_ABI_TEXT:
    case CLI_ABI_BYTES:
    case CLI_ABI_STRUCT:
        break;
    }
    return false;
}

static baals_status abi_event(struct abi_reader *r, struct cli_abi_event *out)
{
    struct abi_reader before = *r;
    uint32_t indexed = 0;
    BL_TRY(abi_array(r, 3, "an event is not an array of 3"));
    BL_TRY(abi_name(r, &out->name, CLI_ABI_EVENT_NAME_MAX));
    BL_TRY(abi_fields(r, &out->fields, true));
    for (uint32_t i = 0; i < out->fields.count; i++) {
        const struct cli_abi_field *field = &out->fields.items[i];
        indexed += field->indexed ? 1 : 0;
        if (field->indexed && !abi_can_index(&field->type))
            return abi_reject(&before, "an indexed field is of a type that fits no topic");
    }
    if (indexed > CLI_ABI_INDEXED_MAX)
        return abi_reject(&before, "an event has more than 3 indexed fields");
    return abi_doc(r, &out->doc);
}

static baals_status abi_events(struct abi_reader *r)
{
    uint32_t count;
    BL_TRY(abi_list(r, &count, CLI_ABI_EVENTS_MAX, "events are no array or too many"));
    r->abi->events = bl_arena_zero(r->arena, (size_t)count + 1, sizeof *r->abi->events);
    if (r->abi->events == NULL)
        return abi_nomem(r);
    for (uint32_t i = 0; i < count; i++) {
        struct abi_reader before = *r;
        BL_TRY(abi_event(r, &r->abi->events[i]));
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(r->abi->events[j].name, r->abi->events[i].name) == 0)
                return abi_reject(&before, "an event stands twice");
        }
        r->abi->event_count++;
    }
    return BAALS_OK;
}

static baals_status abi_error(struct abi_reader *r, struct cli_abi_error *out)
{
    struct abi_reader before = *r;
    uint64_t code;
    BL_TRY(abi_array(r, 4, "an error is not an array of 4"));
    BL_TRY(abi_head(r, &code, 0, "an error's code is no number"));
    if (code <= CLI_ABI_ERROR_TEXT || code > UINT32_MAX)
        return abi_reject(&before, "an error's code is not from 2 to 2^32-1");
    out->code = (uint32_t)code;
    BL_TRY(abi_name(r, &out->name, CLI_ABI_NAME_MAX));
    BL_TRY(abi_fields(r, &out->fields, false));
    return abi_doc(r, &out->doc);
}

static baals_status abi_errors(struct abi_reader *r)
{
    uint32_t count;
    BL_TRY(abi_list(r, &count, CLI_ABI_ERRORS_MAX, "errors are no array or too many"));
    r->abi->errors = bl_arena_zero(r->arena, (size_t)count + 1, sizeof *r->abi->errors);
    if (r->abi->errors == NULL)
        return abi_nomem(r);
    for (uint32_t i = 0; i < count; i++) {
        struct abi_reader before = *r;
        BL_TRY(abi_error(r, &r->abi->errors[i]));
        for (uint32_t j = 0; j < i; j++) {
            if (r->abi->errors[j].code == r->abi->errors[i].code ||
                strcmp(r->abi->errors[j].name, r->abi->errors[i].name) == 0)
                return abi_reject(&before, "an error stands twice");
        }
        r->abi->error_count++;
    }
    return BAALS_OK;
}

/* ---- sections ---- */

static baals_status abi_end(const struct abi_reader *r)
{
    return r->in.len == 0 ? BAALS_OK : abi_reject(r, "bytes follow the value");
}

baals_status
cli_abi_decode(struct cli_abi *out, struct bl_arena *arena, baals_slice bytes, baals_error *err)
{
    struct cli_abi abi = {0};
    struct abi_reader reader = {.arena = arena,
                                .in = bytes,
                                .len = bytes.len,
                                .section = "baals_abi",
                                .abi = &abi,
                                .err = err};
    uint64_t version;
    if (bytes.len > CLI_ABI_SECTION_MAX)
        return abi_reject(&reader, "it is longer than 65,536 bytes");
    BL_TRY(abi_array(&reader, 6, "it is not an array of 6"));
    struct abi_reader before = reader;
    BL_TRY(abi_head(&reader, &version, 0, "the version is no number"));
    if (version != ABI_VERSION)
        return abi_reject(&before, "a version other than 1");
    BL_TRY(abi_doc(&reader, &abi.doc));
    BL_TRY(abi_structs(&reader));
    BL_TRY(abi_methods(&reader));
    BL_TRY(abi_events(&reader));
    BL_TRY(abi_errors(&reader));
    BL_TRY(abi_end(&reader));
    *out = abi;
    return BAALS_OK;
}

static baals_status abi_decode_meta(struct cli_abi_meta *out,
                                    struct bl_arena *arena,
                                    baals_slice bytes,
                                    baals_error *err)
{
    struct abi_reader reader = {
        .arena = arena, .in = bytes, .len = bytes.len, .section = "baals_meta", .err = err};
    uint64_t len;
    BL_TRY(abi_array(&reader, 3, "it is not an array of 3"));
    BL_TRY(abi_text(&reader, &out->name, CLI_ABI_NAME_MAX, "the name is no text or too long"));
    BL_TRY(
        abi_text(&reader, &out->version, CLI_ABI_NAME_MAX, "the version is no text or too long"));
    out->has_source_hash = !abi_take_null(&reader);
    if (out->has_source_hash) {
        struct abi_reader before = reader;
        BL_TRY(abi_head(&reader, &len, 2, "the source hash is no byte string"));
        if (len != sizeof out->source_hash.bytes || len > reader.in.len)
            return abi_reject(&before, "the source hash has not 32 bytes");
        memcpy(out->source_hash.bytes, reader.in.data, sizeof out->source_hash.bytes);
        reader.in = bl_slice(reader.in.data + len, reader.in.len - (size_t)len);
    }
    return abi_end(&reader);
}

static baals_status abi_decode_env(uint64_t *out, baals_slice bytes, baals_error *err)
{
    struct abi_reader reader = {.in = bytes, .len = bytes.len, .section = "baals_env", .err = err};
    BL_TRY(abi_head(&reader, out, 0, "the interface is no number"));
    return abi_end(&reader);
}

/* ---- modules ---- */

/* An unsigned LEB128 of at most 32 bits. */
static bool abi_leb(uint32_t *out, baals_slice *in)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 5 && i < in->len; i++) {
        value |= (uint64_t)(in->data[i] & 0x7f) << (7 * i);
        if (in->data[i] < 0x80) {
            *in = bl_slice(in->data + i + 1, in->len - i - 1);
            *out = (uint32_t)value;
            return value <= UINT32_MAX;
        }
    }
    return false;
}

static bool abi_take(baals_slice *out, baals_slice *in, uint32_t len)
{
    if (len > in->len)
        return false;
    *out = bl_slice(in->data, len);
    *in = bl_slice(in->data + len, in->len - len);
    return true;
}

/* One custom section; those of other names are none of ours. */
static baals_status abi_custom(struct cli_abi_module *out,
                               struct bl_arena *arena,
                               baals_slice content,
                               baals_error *err)
{
    uint32_t name_len;
    baals_slice name;
    if (!abi_leb(&name_len, &content) || !abi_take(&name, &content, name_len))
        return bl_fail(err, BAALS_REJECT_CODE, "a custom section of the module has no name");
    bool is_abi = bl_slice_equal(name, bl_slice_str("baals_abi"));
    bool is_meta = bl_slice_equal(name, bl_slice_str("baals_meta"));
    bool is_env = bl_slice_equal(name, bl_slice_str("baals_env"));
    if ((is_abi && out->has_abi) || (is_meta && out->has_meta) || (is_env && out->has_interface))
        return bl_fail(err, BAALS_REJECT_CODE, "section %.*s stands twice", (int)name.len,
                       (const char *)name.data);
    if (is_abi)
        BL_TRY(cli_abi_decode(&out->abi, arena, content, err));
    if (is_meta)
        BL_TRY(abi_decode_meta(&out->meta, arena, content, err));
    if (is_env)
        BL_TRY(abi_decode_env(&out->interface, content, err));
    out->has_abi = out->has_abi || is_abi;
    out->has_meta = out->has_meta || is_meta;
    out->has_interface = out->has_interface || is_env;
    return BAALS_OK;
}

baals_status cli_abi_decode_module(struct cli_abi_module *out,
                                   struct bl_arena *arena,
                                   baals_slice module,
                                   baals_error *err)
{
    static const uint8_t magic[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct cli_abi_module found = {0};
    baals_slice in = module;
    if (!bl_slice_has_prefix(in, bl_slice(magic, sizeof magic)))
        return bl_fail(err, BAALS_REJECT_CODE, "not a WebAssembly module");
    in = bl_slice(in.data + sizeof magic, in.len - sizeof magic);
    while (in.len > 0) {
        uint8_t id = in.data[0];
        uint32_t size;
        baals_slice content;
        in = bl_slice(in.data + 1, in.len - 1);
        if (!abi_leb(&size, &in) || !abi_take(&content, &in, size))
            return bl_fail_at(err, BAALS_REJECT_CODE, module.len - in.len,
                              "the module's sections do not fill it");
        if (id == 0)
            BL_TRY(abi_custom(&found, arena, content, err));
    }
    *out = found;
    return BAALS_OK;
}

/* ---- looking up ---- */

const struct cli_abi_method *cli_abi_method_find(const struct cli_abi *abi, const char *name)
{
    for (uint32_t i = 0; i < abi->method_count; i++) {
        if (strcmp(abi->methods[i].name, name) == 0)
            return &abi->methods[i];
    }
    return NULL;
}

const struct cli_abi_event *cli_abi_event_find(const struct cli_abi *abi, const baals_hash *topic)
{
    for (uint32_t i = 0; i < abi->event_count; i++) {
        size_t len = strlen(abi->events[i].name);
        if (memcmp(topic->bytes, abi->events[i].name, len) == 0 &&
            (len == sizeof topic->bytes ||
             bl_bytes_all_zero(topic->bytes + len, sizeof topic->bytes - len)))
            return &abi->events[i];
    }
    return NULL;
}

const struct cli_abi_error *cli_abi_error_find(const struct cli_abi *abi, uint32_t code)
{
    for (uint32_t i = 0; i < abi->error_count; i++) {
        if (abi->errors[i].code == code)
            return &abi->errors[i];
    }
    return NULL;
}

const char *cli_abi_kind_name(enum cli_abi_kind kind)
{
    static const char *const names[] = {"call", "view", "payable"};
    return names[kind];
}
