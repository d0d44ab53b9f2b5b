/* SPDX-License-Identifier: MIT */
/*
 * The tree of a trace: a line per item, indented by its frame, cut at CLI_TRACE_COLUMNS. A line is
 * put together first; what is no printable ASCII in it becomes a dot, so that no contract moves
 * anyone's cursor.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/trace.h"

/* Functions that are shown of a frame, those with the most gas of their own first. */
#define TEXT_FUNCTIONS 8u
/* Deepest indentation; deeper frames stand there, too. */
#define TEXT_INDENT_MAX 20u
/* Bytes of a key or value that are shown. */
#define TEXT_BYTES_MAX 16u

struct text_line {
    char text[CLI_TRACE_COLUMNS + 1];
    size_t len;
    bool cut;
};

__attribute__((format(printf, 2, 3))) static void
text_add(struct text_line *line, const char *format, ...)
{
    va_list args;
    size_t room = sizeof line->text - line->len;
    va_start(args, format);
    int len = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (len < 0)
        return;
    line->cut = line->cut || (size_t)len >= room;
    line->len += (size_t)len < room ? (size_t)len : room - 1;
}

static struct text_line text_begin(size_t depth)
{
    struct text_line line = {.len = 0};
    text_add(&line, "%*s", (int)(2 * (depth < TEXT_INDENT_MAX ? depth : TEXT_INDENT_MAX)), "");
    return line;
}

static void text_end(struct bl_buffer *out, struct text_line *line)
{
    if (line->cut)
        memcpy(line->text + line->len - 2, "..", 2);
    for (size_t i = 0; i < line->len; i++) {
        uint8_t c = (uint8_t)line->text[i];
        bl_buffer_append_u8(out, c < 0x20 || c >= 0x7f ? '.' : c);
    }
    bl_buffer_append_u8(out, '\n');
}

static const char *text_of(const struct bl_json *object, const char *name)
{
    const char *text = bl_json_text(bl_json_member(object, name));
    return text == NULL ? "?" : text;
}

/* An address as "blc1qw5t2..7xk4ma", which is enough to tell it from others. */
static void text_add_short(struct text_line *line, const char *text)
{
    baals_address address;
    baals_address_kind kind;
    if (baals_address_parse(&address, &kind, text, NULL) == BAALS_OK)
        text_add(line, "%.10s..%s", text, text + strlen(text) - 6);
    else
        text_add(line, "%.200s", text);
}

static void text_add_address(struct text_line *line, const struct bl_json *object, const char *name)
{
    text_add_short(line, text_of(object, name));
}

/* Whether all of the hex digits are printable ASCII. */
static bool text_is_readable(const char *hex, size_t digits)
{
    uint8_t byte;
    for (size_t i = 0; i + 1 < digits; i += 2) {
        if (!bl_hex_decode(&byte, 1, hex + i, 2) || byte < 0x20 || byte >= 0x7f)
            return false;
    }
    return digits > 0;
}

/* Bytes given as hex: as text in quotes where they are text. */
static void text_add_bytes(struct text_line *line, const struct bl_json *object, const char *name)
{
    const char *hex = bl_json_text(bl_json_member(object, name));
    size_t digits = hex == NULL ? 0 : strlen(hex);
    size_t shown = digits < 2 * TEXT_BYTES_MAX ? digits : 2 * TEXT_BYTES_MAX;
    uint8_t byte;
    if (hex == NULL) {
        text_add(line, "nothing");
        return;
    }
    if (!text_is_readable(hex, shown)) {
        text_add(line, "0x%.*s%s", (int)shown, hex, shown < digits ? ".." : "");
        return;
    }
    text_add(line, "\"");
    for (size_t i = 0; i + 1 < shown; i += 2) {
        if (bl_hex_decode(&byte, 1, hex + i, 2))
            text_add(line, "%c", byte);
    }
    text_add(line, "\"%s", shown < digits ? ".." : "");
}

static baals_status text_add_field(void *ctx, const char *name, const struct bl_json *value);

struct text_fields {
    struct text_line *line;
    bool more;
};

/* A decoded value: the fields of an object in parentheses, anything else as JSON. */
static void text_add_json(struct text_line *line, const struct bl_json *value)
{
    struct bl_buffer text;
    struct text_fields fields = {.line = line};
    if (bl_json_text(value) != NULL) {
        text_add_short(line, bl_json_text(value));
        return;
    }
    if (bl_json_type(value) == BL_JSON_OBJECT) {
        text_add(line, "(");
        (void)bl_json_each(value, text_add_field, &fields);
        text_add(line, ")");
        return;
    }
    bl_buffer_init(&text, bl_alloc_system(), BL_RPC_MESSAGE_MAX);
    bl_json_dump(&text, value);
    if (!text.failed)
        text_add(line, "%.*s", (int)(text.len < 200 ? text.len : 200), (const char *)text.data);
    bl_buffer_deinit(&text);
}

static baals_status text_add_field(void *ctx, const char *name, const struct bl_json *value)
{
    struct text_fields *fields = ctx;
    text_add(fields->line, "%s%.64s=", fields->more ? ", " : "", name);
    text_add_json(fields->line, value);
    fields->more = true;
    return BAALS_OK;
}

/* The decoded member where there is one, else the raw one. */
static void text_add_value(struct text_line *line,
                           const struct bl_json *object,
                           const char *decoded,
                           const char *raw)
{
    const struct bl_json *value = bl_json_member(object, decoded);
    if (value != NULL)
        text_add_json(line, value);
    else
        text_add_bytes(line, object, raw);
}

/* ---- items ---- */

static void text_frame(struct bl_buffer *out, const struct bl_json *frame, size_t depth);

static void text_storage(struct text_line *line, const struct bl_json *item, const char *what)
{
    bool old = strcmp(what, "write") == 0 || strcmp(what, "remove") == 0;
    text_add(line, "%-6s ", what);
    if (bl_json_member(item, "key") != NULL)
        text_add_bytes(line, item, "key");
    else
        text_add(line, "end");
    if (strcmp(what, "remove") != 0 && bl_json_member(item, "key") != NULL) {
        text_add(line, " = ");
        text_add_bytes(line, item, "value");
    }
    if (old) {
        text_add(line, "  (was ");
        text_add_bytes(line, item, "old");
        text_add(line, ")");
    }
}

static void text_event(struct text_line *line, const struct bl_json *item)
{
    const struct bl_json *topics = bl_json_member(item, "topics");
    const char *name = bl_json_text(bl_json_member(item, "name"));
    text_add(line, "event  ");
    if (name != NULL && bl_json_member(item, "fields") != NULL) {
        text_add(line, "%s", name);
        text_add_json(line, bl_json_member(item, "fields"));
        return;
    }
    for (size_t i = 0; i < bl_json_count(topics); i++) {
        const char *topic = bl_json_text(bl_json_at(topics, i));
        text_add(line, "[%.16s..] ", topic == NULL ? "?" : topic);
    }
    text_add_bytes(line, item, "data");
}

static void text_item(struct bl_buffer *out, const struct bl_json *item, size_t depth)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const char *what = text_of(item, "what");
    struct text_line line = text_begin(depth);
    uint64_t level = 0;
    if (strcmp(what, "call") == 0) {
        text_frame(out, item, depth);
        return;
    }
    if (strcmp(what, "event") == 0) {
        text_event(&line, item);
    } else if (strcmp(what, "log") == 0) {
        bool known =
            bl_json_u64(&level, bl_json_member(item, "level")) && level < BL_COUNT_OF(levels);
        text_add(&line, "log    %s: %s", known ? levels[level] : "?", text_of(item, "text"));
    } else if (strcmp(what, "transfer") == 0) {
        text_add(&line, "send   %s to ", text_of(item, "amount"));
        text_add_address(&line, item, "to");
        text_add(&line, "  %s", text_of(item, "status"));
    } else if (strcmp(what, "scan") == 0) {
        text_add(&line, "scan   prefix ");
        text_add_bytes(&line, item, "prefix");
        text_add(&line, " from ");
        text_add_bytes(&line, item, "start");
    } else {
        text_storage(&line, item, what);
    }
    text_end(out, &line);
}

/* ---- the end of a frame ---- */

static void text_places(struct bl_buffer *out, const struct bl_json *places, size_t depth)
{
    for (size_t i = 0; i < bl_json_count(places); i++) {
        const struct bl_json *place = bl_json_at(places, i);
        struct text_line line = text_begin(depth);
        uint64_t offset;
        text_add(&line, "%s %s", i == 0 ? "in" : "called by", text_of(place, "function"));
        if (bl_json_u64(&offset, bl_json_member(place, "offset")))
            text_add(&line, ", offset 0x%llx", (unsigned long long)offset);
        text_end(out, &line);
    }
}

static uint64_t text_gas(const struct bl_json *object, const char *name)
{
    const char *text = text_of(object, name);
    uint64_t gas;
    return bl_u64_parse(&gas, text, strlen(text)) ? gas : 0;
}

/* The index of the function with the most gas of its own behind `last`, in the order of gas and
 * then of place; the count when there is none. */
static size_t text_next_function(const struct bl_json *functions, size_t last)
{
    size_t count = bl_json_count(functions);
    size_t best = count;
    uint64_t last_gas = last < count ? text_gas(bl_json_at(functions, last), "gas_own") : 0;
    uint64_t best_gas = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t gas = text_gas(bl_json_at(functions, i), "gas_own");
        bool behind = last >= count || gas < last_gas || (gas == last_gas && i > last);
        if (behind && (best == count || gas > best_gas)) {
            best = i;
            best_gas = gas;
        }
    }
    return best;
}

static void text_functions(struct bl_buffer *out, const struct bl_json *functions, size_t depth)
{
    size_t count = bl_json_count(functions);
    size_t at = count;
    for (size_t i = 0; i < TEXT_FUNCTIONS && i < count; i++) {
        struct text_line line = text_begin(depth);
        uint64_t calls = 0;
        at = text_next_function(functions, at);
        if (at == count)
            return;
        const struct bl_json *function = bl_json_at(functions, at);
        if (!bl_json_u64(&calls, bl_json_member(function, "calls")))
            calls = 0;
        text_add(&line, "gas    %12s own %12s all %8llu x %s", text_of(function, "gas_own"),
                 text_of(function, "gas"), (unsigned long long)calls,
                 text_of(function, "function"));
        text_end(out, &line);
    }
    if (count > TEXT_FUNCTIONS) {
        struct text_line line = text_begin(depth);
        text_add(&line, "gas    and %zu functions more", count - TEXT_FUNCTIONS);
        text_end(out, &line);
    }
}

static void text_frame_end(struct bl_buffer *out, const struct bl_json *frame, size_t depth)
{
    const char *status = text_of(frame, "status");
    const struct bl_json *revert = bl_json_member(frame, "revert");
    const char *trap = bl_json_text(bl_json_member(frame, "trap"));
    struct text_line line = text_begin(depth);
    uint64_t code = 0;
    text_add(&line, "%s", status);
    if (strcmp(status, "OK") == 0) {
        if (text_of(frame, "output")[0] != '\0') {
            text_add(&line, " ");
            text_add_value(&line, frame, "returned", "output");
        }
    } else if (revert != NULL) {
        text_add(&line, " %s", text_of(revert, "name"));
        text_add_json(&line, bl_json_member(revert, "fields"));
    } else if (strcmp(status, "REVERT") == 0) {
        if (bl_json_u64(&code, bl_json_member(frame, "revert_code")))
            text_add(&line, " code %llu ", (unsigned long long)code);
        text_add_bytes(&line, frame, "output");
    } else if (trap != NULL) {
        text_add(&line, " %s", trap);
    }
    text_end(out, &line);
    text_places(out, bl_json_member(frame, "places"), depth + 1);
    line = text_begin(depth);
    text_add(&line, "gas    %s of %s used, %s before its code ran", text_of(frame, "gas_used"),
             text_of(frame, "gas"), text_of(frame, "gas_entry"));
    text_end(out, &line);
    text_functions(out, bl_json_member(frame, "functions"), depth);
}

static void text_frame(struct bl_buffer *out, const struct bl_json *frame, size_t depth)
{
    const char *method = bl_json_text(bl_json_member(frame, "method"));
    const struct bl_json *items = bl_json_member(frame, "items");
    struct text_line line = text_begin(depth);
    text_add(&line, "%s ", text_of(frame, "entry"));
    text_add_address(&line, frame, "contract");
    text_add(&line, " %s%s", method == NULL ? "" : method,
             bl_json_member(frame, "arguments") == NULL ? " " : "");
    text_add_value(&line, frame, "arguments", "args");
    if (strcmp(text_of(frame, "amount"), "0") != 0)
        text_add(&line, " with %s", text_of(frame, "amount"));
    if (bl_json_is_true(bl_json_member(frame, "readonly")))
        text_add(&line, " readonly");
    text_end(out, &line);
    for (size_t i = 0; i < bl_json_count(items); i++)
        text_item(out, bl_json_at(items, i), depth + 1);
    text_frame_end(out, frame, depth + 1);
}

void cli_trace_text(struct bl_buffer *out, const struct bl_json *trace)
{
    const struct bl_json *calls = bl_json_member(trace, "calls");
    if (bl_json_count(calls) == 0) {
        struct text_line line = text_begin(1);
        text_add(&line, "no contract ran");
        text_end(out, &line);
    }
    for (size_t i = 0; i < bl_json_count(calls); i++)
        text_frame(out, bl_json_at(calls, i), 1);
    if (bl_json_is_true(bl_json_member(trace, "cut"))) {
        struct text_line line = text_begin(1);
        text_add(&line, "the trace was too long: it is cut here, the execution went on");
        text_end(out, &line);
    }
}
