/* SPDX-License-Identifier: MIT */
/*
 * What people and scripts see: results as lines, errors with their stable code and a hint, exit
 * codes by class.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/trace.h"

/* Width of the column of names. */
#define OUTPUT_NAME_WIDTH 15u

static void output_append(struct bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

static void output_indent(struct bl_buffer *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        output_append(out, "  ");
}

/* Text of a contract may hold anything: what would move the cursor is shown as an escape. */
static void output_text(struct bl_buffer *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        uint8_t c = (uint8_t)*p;
        char escape[8];
        bool second_c1 = c == 0xc2 && (uint8_t)p[1] >= 0x80 && (uint8_t)p[1] < 0xa0;
        if (second_c1)
            c = (uint8_t) * ++p;
        if (c < 0x20 || c == 0x7f || second_c1) {
            snprintf(escape, sizeof escape, "\\x%02x", c);
            output_append(out, escape);
        } else {
            bl_buffer_append_u8(out, c);
        }
    }
}

struct output_level {
    struct bl_buffer *out;
    size_t depth;
};

static void output_value(struct bl_buffer *out, const struct bl_json *value, size_t depth);

/* A value on the line of its name. */
static void output_scalar(struct bl_buffer *out, const struct bl_json *value)
{
    const char *text = bl_json_text(value);
    if (text != NULL)
        output_text(out, text[0] == '\0' ? "-" : text);
    else if (bl_json_type(value) == BL_JSON_NULL)
        output_append(out, "-");
    else
        bl_json_dump(out, value);
}

static bool output_is_scalar(const struct bl_json *value)
{
    enum bl_json_type type = bl_json_type(value);
    return type != BL_JSON_ARRAY && type != BL_JSON_OBJECT;
}

static baals_status output_member(void *ctx, const char *name, const struct bl_json *value)
{
    const struct output_level *level = ctx;
    struct bl_buffer *out = level->out;
    output_indent(out, level->depth);
    for (const char *p = name; *p != '\0'; p++)
        bl_buffer_append_u8(out, *p == '_' ? ' ' : (uint8_t)*p);
    for (size_t i = strlen(name); i < OUTPUT_NAME_WIDTH; i++)
        output_append(out, " ");
    if (output_is_scalar(value)) {
        output_append(out, " ");
        output_scalar(out, value);
        output_append(out, "\n");
        return BAALS_OK;
    }
    if (bl_json_type(value) == BL_JSON_ARRAY && bl_json_count(value) == 0) {
        output_append(out, " none\n");
        return BAALS_OK;
    }
    output_append(out, "\n");
    if (level->depth == 0 && strcmp(name, "trace") == 0)
        cli_trace_text(out, value);
    else
        output_value(out, value, level->depth + 1);
    return BAALS_OK;
}

/* As deep as results are, which the reader bounds. */
static void output_value(struct bl_buffer *out, const struct bl_json *value, size_t depth)
{
    struct output_level level = {.out = out, .depth = depth};
    if (bl_json_type(value) == BL_JSON_OBJECT) {
        (void)bl_json_each(value, output_member, &level);
        return;
    }
    if (bl_json_type(value) == BL_JSON_ARRAY) {
        for (size_t i = 0; i < bl_json_count(value); i++) {
            const struct bl_json *item = bl_json_at(value, i);
            if (i > 0 && !output_is_scalar(item))
                output_append(out, "\n");
            output_value(out, item, depth);
        }
        return;
    }
    output_indent(out, depth);
    output_scalar(out, value);
    output_append(out, "\n");
}

void cli_print_text(struct bl_buffer *out, const struct bl_json *value)
{
    output_value(out, value, 0);
}

/* ---- errors ---- */

static const struct {
    baals_status status;
    const char *hint;
} output_hints[] = {
    {BAALS_MISUSE_ADDRESS, "addresses begin with bl1 (accounts) or blc1 (contracts); "
                           "`baals wallet list` shows yours"},
    {BAALS_MISUSE_KEY, "make a key with `baals wallet new NAME`, or name one with --from or --key"},
    {BAALS_MISUSE_NOT_AUTHORITY,
     "put the authority's key into authority.key in the data directory"},
    {BAALS_IO_FULL, "free some space, then run the command again: nothing was lost"},
    {BAALS_IO_READONLY, "use a folder that can be written"},
    {BAALS_IO_DENIED, "check owner and mode of the path"},
    {BAALS_IO_SYNC, "check the disk, then run `baals verify`"},
    {BAALS_BUSY_OWNED, "stop the other process first; its number is in the file LOCK"},
    {BAALS_BUSY_TIMEOUT, "it stays accepted: look again with `baals inspect tx ID`"},
    {BAALS_NOTFOUND_CHAIN, "make a chain with `baals init DIR`, or name its folder with --dir"},
    {BAALS_CORRUPT_JOURNAL, "restore the folder from a copy, or import an export"},
    {BAALS_CORRUPT_STORE, "run `baals repair`"},
    {BAALS_CORRUPT_STATE, "run `baals repair`"},
    {BAALS_CORRUPT_FOREIGN, "use an empty or a new folder, or another file"},
    {BAALS_LIMIT_EXISTS, "choose another name, or remove it first"},
    {BAALS_LIMIT_KNOWN, "look at it with `baals inspect tx ID`"},
    {BAALS_REJECT_NONCE, "leave out --nonce to use the next one"},
    {BAALS_REJECT_BALANCE, "`baals inspect account ADDRESS` shows the balance"},
    {BAALS_REJECT_GENESIS,
     "docs/spec/genesis.md lists every field; `baals init` writes a whole one"},
    {BAALS_REJECT_CODE, "compile with tools/build-contract; docs/spec/contracts.md says what is "
                        "accepted"},
    {BAALS_REJECT_CHAIN_ID, "sign for this chain: its id is in `baals inspect chain`"},
    {BAALS_TRAP_NO_CONTRACT, "check the address: contracts begin with blc1"},
    {BAALS_TRAP_GAS, "give more with --gas-limit"},
};

static const char *const output_class_hints[] = {
    [BAALS_CLASS_MISUSE] = "see `baals help COMMAND`",
    [BAALS_CLASS_NOMEM] = "free memory and run the command again",
    [BAALS_CLASS_IO] = "check the disk and the path",
    [BAALS_CLASS_BUSY] = "try again",
    [BAALS_CLASS_CORRUPT] = "run `baals verify`, then `baals repair`",
    [BAALS_CLASS_TRAP] = "what the contract says is behind its status; with --gas-limit a call is "
                         "sent although it would fail",
    [BAALS_CLASS_INTERNAL] = "this is a defect: please report it",
};

const char *cli_hint(baals_status status)
{
    for (size_t i = 0; i < BL_COUNT_OF(output_hints); i++) {
        if (output_hints[i].status == status)
            return output_hints[i].hint;
    }
    size_t class_ = (size_t)BAALS_STATUS_CLASS(status);
    return class_ < BL_COUNT_OF(output_class_hints) ? output_class_hints[class_] : NULL;
}

static const char *output_message(baals_status status, const baals_error *error)
{
    return error->message[0] != '\0' ? error->message : baals_status_text(status);
}

void cli_print_error_json(struct bl_buffer *out, baals_status status, const baals_error *error)
{
    struct bl_json_writer w;
    bl_jw_init(&w, out);
    bl_jw_begin_object(&w);
    bl_jw_key(&w, "error");
    bl_jw_begin_object(&w);
    bl_jw_put_text(&w, "code", baals_status_code(status));
    bl_jw_put_text(&w, "message", output_message(status, error));
    if (error->offset != BAALS_NO_OFFSET)
        bl_jw_put_u64(&w, "offset", error->offset);
    if (cli_hint(status) != NULL)
        bl_jw_put_text(&w, "hint", cli_hint(status));
    bl_jw_end_object(&w);
    bl_jw_end_object(&w);
    output_append(out, "\n");
}

void cli_print_error_text(struct bl_buffer *out, baals_status status, const baals_error *error)
{
    output_append(out, "error ");
    output_append(out, baals_status_code(status));
    output_append(out, ": ");
    output_text(out, output_message(status, error));
    if (error->offset != BAALS_NO_OFFSET) {
        char text[40];
        snprintf(text, sizeof text, " (at byte %" PRIu32 ")", error->offset);
        output_append(out, text);
    }
    output_append(out, "\n");
    if (cli_hint(status) != NULL) {
        output_append(out, "hint: ");
        output_append(out, cli_hint(status));
        output_append(out, "\n");
    }
}

int cli_exit_code(baals_status status)
{
    static const int codes[] = {
        [BAALS_CLASS_OK] = 0,      [BAALS_CLASS_MISUSE] = 2, [BAALS_CLASS_NOMEM] = 12,
        [BAALS_CLASS_IO] = 3,      [BAALS_CLASS_BUSY] = 4,   [BAALS_CLASS_NOTFOUND] = 5,
        [BAALS_CLASS_CORRUPT] = 6, [BAALS_CLASS_LIMIT] = 7,  [BAALS_CLASS_UNSUPPORTED] = 8,
        [BAALS_CLASS_REJECT] = 9,  [BAALS_CLASS_TRAP] = 10,  [BAALS_CLASS_INTERNAL] = 11,
    };
    size_t class_ = (size_t)BAALS_STATUS_CLASS(status);
    return class_ < BL_COUNT_OF(codes) ? codes[class_] : 11;
}

baals_status cli_status_from_code(const char *code)
{
    static const baals_status all[] = {
#define OUTPUT_STATUS(name, class_, detail, text_code, text) BAALS_##name,
        BAALS_STATUS_MAP(OUTPUT_STATUS)
#undef OUTPUT_STATUS
    };
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        if (strcmp(baals_status_code(all[i]), code) == 0)
            return all[i];
    }
    return BAALS_INTERNAL;
}

baals_status cli_write_fd(int fd, baals_slice bytes, baals_error *err)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.data, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
            return bl_fail(err, full ? BAALS_IO_FULL : BAALS_IO, "cannot write the output%s",
                           errno == EPIPE ? ": nobody reads it"
                           : full         ? ": the disk is full"
                                          : "");
        }
        bytes = bl_slice(bytes.data + written, bytes.len - (size_t)written);
    }
    return BAALS_OK;
}
