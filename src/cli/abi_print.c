/* SPDX-License-Identifier: MIT */
/*
 * Values to JSON: what a contract returned, reverted with or emitted, read by the types it declares
 * and refused where it is anything else. The recursion is as deep as the type.
 */
#include <stdio.h>
#include <string.h>

#include "cli/abi_value.h"
#include "rpc/cbor.h"

struct print_reader {
    const struct cli_abi *abi;
    struct bl_json_writer *w;
    baals_slice in; /* what is left */
    size_t len;     /* of all of it */
    baals_error *err;
};

static baals_status print_reject(const struct print_reader *r, const char *expected)
{
    return bl_fail_at(r->err, BAALS_REJECT_TYPE, r->len - r->in.len, "%.60s was expected",
                      expected);
}

static baals_status
print_head(struct print_reader *r, uint64_t *value, unsigned major, const char *expected)
{
    baals_slice in = r->in;
    unsigned found;
    if (!bl_cbor_take_head(&found, value, &in) || found != major)
        return print_reject(r, expected);
    r->in = in;
    return BAALS_OK;
}

/* Strings of bytes (major 2) or text (3). */
static baals_status
print_string(struct print_reader *r, baals_slice *out, unsigned major, const char *expected)
{
    struct print_reader before = *r;
    uint64_t len;
    BL_TRY(print_head(r, &len, major, expected));
    if (len > r->in.len)
        return print_reject(&before, expected);
    *out = bl_slice(r->in.data, (size_t)len);
    r->in = bl_slice(r->in.data + len, r->in.len - (size_t)len);
    return BAALS_OK;
}

/* ---- scalars ---- */

static baals_status print_unsigned(struct print_reader *r, const struct cli_abi_type *type)
{
    static const uint64_t most[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX};
    struct print_reader before = *r;
    uint64_t value;
    BL_TRY(print_head(r, &value, 0, type->text));
    if (type->base > CLI_ABI_U32) {
        bl_jw_amount(r->w, value);
        return BAALS_OK;
    }
    if (value > most[type->base])
        return print_reject(&before, type->text);
    bl_jw_u64(r->w, value);
    return BAALS_OK;
}

static baals_status print_signed(struct print_reader *r, const struct cli_abi_type *type)
{
    static const uint64_t most[] = {INT8_MAX, INT16_MAX, INT32_MAX, INT64_MAX};
    struct print_reader before = *r;
    bool negative = r->in.len > 0 && r->in.data[0] >> 5 == 1;
    bool text = type->base == CLI_ABI_I64;
    char digits[24];
    uint64_t value;
    BL_TRY(print_head(r, &value, negative ? 1 : 0, type->text));
    if (value > most[type->base - CLI_ABI_I8])
        return print_reject(&before, type->text);
    int len = negative ? snprintf(digits, sizeof digits, "-%llu", (unsigned long long)value + 1)
                       : snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    if (text)
        bl_jw_text(r->w, digits);
    else
        bl_jw_raw(r->w, bl_slice(digits, (size_t)len));
    return BAALS_OK;
}

static baals_status print_bool(struct print_reader *r)
{
    struct print_reader before = *r;
    uint64_t value;
    BL_TRY(print_head(r, &value, 7, "bool"));
    if (value != 20 && value != 21)
        return print_reject(&before, "bool");
    bl_jw_bool(r->w, value == 21);
    return BAALS_OK;
}

static baals_status print_text(struct print_reader *r)
{
    struct print_reader before = *r;
    baals_slice text;
    BL_TRY(print_string(r, &text, 3, "text"));
    if (!bl_text_is_printable(text))
        return print_reject(&before, "printable text");
    bl_jw_slice(r->w, text);
    return BAALS_OK;
}

/* Bytes of `size` (0: any). */
static baals_status
print_bytes(struct print_reader *r, const struct cli_abi_type *type, size_t size)
{
    struct print_reader before = *r;
    baals_slice bytes;
    baals_address address;
    BL_TRY(print_string(r, &bytes, 2, type->text));
    if (size != 0 && bytes.len != size)
        return print_reject(&before, type->text);
    if (type->base != CLI_ABI_ADDRESS && type->base != CLI_ABI_CONTRACT) {
        bl_jw_hex(r->w, bytes);
        return BAALS_OK;
    }
    memcpy(address.bytes, bytes.data, sizeof address.bytes);
    bl_jw_address(r->w,
                  type->base == CLI_ABI_CONTRACT ? BAALS_ADDRESS_CONTRACT : BAALS_ADDRESS_ACCOUNT,
                  &address);
    return BAALS_OK;
}

/* ---- values ---- */

static baals_status
print_value(struct print_reader *r, const struct cli_abi_type *type, uint32_t level);

static baals_status print_struct(struct print_reader *r, const struct cli_abi_type *type)
{
    const struct cli_abi_fields *fields = &r->abi->structs[type->struct_index].fields;
    struct print_reader before = *r;
    uint64_t count;
    BL_TRY(print_head(r, &count, 4, type->text));
    if (count != fields->count)
        return print_reject(&before, type->text);
    bl_jw_begin_object(r->w);
    for (uint32_t i = 0; i < fields->count; i++) {
        bl_jw_key(r->w, fields->items[i].name);
        BL_TRY(print_value(r, &fields->items[i].type, fields->items[i].type.suffix_count));
    }
    bl_jw_end_object(r->w);
    return BAALS_OK;
}

static baals_status
print_list(struct print_reader *r, const struct cli_abi_type *type, uint32_t level)
{
    uint64_t count;
    BL_TRY(print_head(r, &count, 4, "a list"));
    bl_jw_begin_array(r->w);
    for (uint64_t i = 0; i < count; i++)
        BL_TRY(print_value(r, type, level - 1));
    bl_jw_end_array(r->w);
    return BAALS_OK;
}

static baals_status print_base(struct print_reader *r, const struct cli_abi_type *type)
{
    switch (type->base) {
    case CLI_ABI_U8:
    case CLI_ABI_U16:
    case CLI_ABI_U32:
    case CLI_ABI_U64:
    case CLI_ABI_AMOUNT:
        return print_unsigned(r, type);
    case CLI_ABI_I8:
    case CLI_ABI_I16:
    case CLI_ABI_I32:
    case CLI_ABI_I64:
        return print_signed(r, type);
    case CLI_ABI_BOOL:
        return print_bool(r);
    case CLI_ABI_TEXT:
        return print_text(r);
    case CLI_ABI_BYTES:
        return print_bytes(r, type, 0);
    case CLI_ABI_BYTES_N:
        return print_bytes(r, type, type->size);
    case CLI_ABI_ADDRESS:
    case CLI_ABI_CONTRACT:
    case CLI_ABI_HASH:
        return print_bytes(r, type, sizeof(baals_hash));
    case CLI_ABI_STRUCT:
        return print_struct(r, type);
    }
    return print_reject(r, type->text);
}

/* A value of the type with its first `level` suffixes. */
static baals_status
print_value(struct print_reader *r, const struct cli_abi_type *type, uint32_t level)
{
    BL_TRY(bl_buffer_status(r->w->out, r->err));
    if (level == 0)
        return print_base(r, type);
    if (type->suffixes[level - 1] == '[')
        return print_list(r, type, level);
    if (r->in.len == 0 || r->in.data[0] != 0xf6)
        return print_value(r, type, level - 1);
    r->in = bl_slice(r->in.data + 1, r->in.len - 1);
    bl_jw_null(r->w);
    return BAALS_OK;
}

static baals_status print_end(const struct print_reader *r)
{
    return r->in.len == 0 ? BAALS_OK : print_reject(r, "the end");
}

baals_status cli_abi_print_output(struct bl_json_writer *w,
                                  const struct cli_abi *abi,
                                  const struct cli_abi_method *m,
                                  baals_slice output,
                                  baals_error *err)
{
    struct print_reader r = {.abi = abi, .w = w, .in = output, .len = output.len, .err = err};
    if (m->has_returns)
        BL_TRY(print_value(&r, &m->returns, m->returns.suffix_count));
    else
        bl_jw_null(w);
    return print_end(&r);
}

/* All of the input is one array of the fields. */
static baals_status
print_fields(struct print_reader *r, const struct cli_abi_fields *fields, const char *expected)
{
    struct print_reader before = *r;
    uint64_t count;
    BL_TRY(print_head(r, &count, 4, expected));
    if (count != fields->count)
        return print_reject(&before, expected);
    bl_jw_begin_object(r->w);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cli_abi_field *field = &fields->items[i];
        bl_jw_key(r->w, field->name);
        BL_TRY(print_value(r, &field->type, field->type.suffix_count));
    }
    bl_jw_end_object(r->w);
    return print_end(r);
}

baals_status cli_abi_print_arguments(struct bl_json_writer *w,
                                     const struct cli_abi *abi,
                                     const struct cli_abi_method *m,
                                     baals_slice args,
                                     baals_error *err)
{
    static const uint8_t none = 0x80;
    if (args.len == 0)
        args = bl_slice(&none, 1);
    struct print_reader r = {.abi = abi, .w = w, .in = args, .len = args.len, .err = err};
    return print_fields(&r, &m->args, "an array of the method's arguments");
}

baals_status cli_abi_print_error(struct bl_json_writer *w,
                                 const struct cli_abi *abi,
                                 const struct cli_abi_error *error,
                                 baals_slice data,
                                 baals_error *err)
{
    struct print_reader r = {.abi = abi, .w = w, .in = data, .len = data.len, .err = err};
    return print_fields(&r, &error->fields, "an array of the error's fields");
}

/* A topic: 32 bytes as they are, or a number at their end. */
static baals_status
print_topic(struct print_reader *r, const struct cli_abi_type *type, const baals_hash *topic)
{
    uint8_t item[34] = {0x58, 32};
    struct print_reader inner = *r;
    bool number = type->base <= CLI_ABI_U64 || type->base == CLI_ABI_AMOUNT;
    inner.in = bl_slice(item, sizeof item);
    memcpy(item + 2, topic->bytes, sizeof topic->bytes);
    if (number) {
        struct bl_buffer head;
        bl_buffer_init(&head, r->w->out->alloc, 16);
        if (!bl_bytes_all_zero(topic->bytes, 24))
            return print_reject(r, type->text);
        bl_cbor_head(&head, 0, bl_load_u64be(topic->bytes + 24));
        baals_status status = bl_buffer_status(&head, r->err);
        if (status == BAALS_OK) {
            memcpy(item, head.data, head.len);
            inner.in = bl_slice(item, head.len);
        }
        bl_buffer_deinit(&head);
        BL_TRY(status);
    }
    return print_base(&inner, type);
}

/* Topics and elements of the data, each in the order of the fields. */
static baals_status print_event_fields(struct print_reader *r,
                                       const struct cli_abi_event *event,
                                       const baals_event *from)
{
    uint32_t topic = 1;
    for (uint32_t i = 0; i < event->fields.count; i++) {
        const struct cli_abi_field *field = &event->fields.items[i];
        bl_jw_key(r->w, field->name);
        if (!field->indexed) {
            BL_TRY(print_value(r, &field->type, field->type.suffix_count));
            continue;
        }
        BL_TRY(print_topic(r, &field->type, &from->topics[topic]));
        topic++;
    }
    return BAALS_OK;
}

baals_status cli_abi_print_event(struct bl_json_writer *w,
                                 const struct cli_abi *abi,
                                 const struct cli_abi_event *event,
                                 const baals_event *from,
                                 baals_error *err)
{
    struct print_reader r = {
        .abi = abi, .w = w, .in = from->data, .len = from->data.len, .err = err};
    struct print_reader before = r;
    uint32_t indexed = 0;
    uint64_t count;
    for (uint32_t i = 0; i < event->fields.count; i++)
        indexed += event->fields.items[i].indexed ? 1 : 0;
    if (from->topic_count != indexed + 1)
        return print_reject(&r, "another number of topics");
    BL_TRY(print_head(&r, &count, 4, "an array of the event's fields"));
    if (count != event->fields.count - indexed)
        return print_reject(&before, "an array of the event's fields");
    bl_jw_begin_object(w);
    BL_TRY(print_event_fields(&r, event, from));
    bl_jw_end_object(w);
    return print_end(&r);
}
