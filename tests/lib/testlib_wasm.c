/* SPDX-License-Identifier: MIT */
/*
 * The text form of testlib_wasm.h, read by recursive descent into a growing buffer, and a generator
 * that knows the type of every expression it writes, so that all it makes is valid.
 */
#include "testlib_wasm.h"

#include <stdlib.h>
#include <string.h>

struct wasm_text {
    uint8_t *data;
    size_t len;
    size_t cap;
};

static void wasm_text_add(struct wasm_text *out, const void *bytes, size_t len)
{
    if (out->len + len > out->cap) {
        out->cap = (out->len + len) * 2 + 256;
        out->data = realloc(out->data, out->cap);
        assert_non_null(out->data);
    }
    if (len > 0)
        memcpy(out->data + out->len, bytes, len);
    out->len += len;
}

static void wasm_text_byte(struct wasm_text *out, unsigned byte)
{
    const uint8_t value = (uint8_t)byte;
    wasm_text_add(out, &value, 1);
}

static void wasm_text_u32(struct wasm_text *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        wasm_text_byte(out, value | 0x80);
    wasm_text_byte(out, value);
}

/* Puts the length of what stands behind `start` before it. */
static void wasm_text_prefix(struct wasm_text *out, size_t start)
{
    struct wasm_text group = {0};
    wasm_text_add(&group, out->data + start, out->len - start);
    out->len = start;
    wasm_text_u32(out, (uint32_t)group.len);
    wasm_text_add(out, group.data, group.len);
    free(group.data);
}

static int wasm_text_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t wasm_text_number(const char **at)
{
    uint32_t value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        value = value * 10 + (uint32_t)(**at - '0');
    return value;
}

static void wasm_text_items(struct wasm_text *out, const char **at, char end);

static void wasm_text_item(struct wasm_text *out, const char **at)
{
    const size_t start = out->len;
    const char first = *(*at)++;
    if (first == '[') {
        wasm_text_items(out, at, ']');
        wasm_text_prefix(out, start);
    } else if (first == '\'') {
        const char *close = strchr(*at, '\'');
        assert_non_null(close);
        wasm_text_add(out, *at, (size_t)(close - *at));
        wasm_text_prefix(out, start);
        *at = close + 1;
    } else if (first == '#') {
        wasm_text_u32(out, wasm_text_number(at));
    } else if (first == '*') {
        const uint32_t times = wasm_text_number(at);
        assert_int_equal(*(*at)++, '{');
        wasm_text_items(out, at, '}');
        const size_t len = out->len - start;
        struct wasm_text once = {0};
        wasm_text_add(&once, out->data == NULL ? NULL : out->data + start, len);
        out->len = start;
        for (uint32_t i = 0; i < times; i++)
            wasm_text_add(out, once.data, len);
        free(once.data);
    } else {
        const int high = wasm_text_digit(first);
        const int low = wasm_text_digit(*(*at)++);
        if (high < 0 || low < 0)
            fail_msg("bad module text at \"%s\"", *at - 2);
        wasm_text_byte(out, (unsigned)(high * 16 + low));
    }
}

static void wasm_text_items(struct wasm_text *out, const char **at, char end)
{
    for (;;) {
        while (**at == ' ' || **at == '\n')
            (*at)++;
        if (**at == end) {
            if (end != '\0')
                (*at)++;
            return;
        }
        if (**at == '\0')
            fail_msg("a module text ends where \"%c\" is missing", end);
        wasm_text_item(out, at);
    }
}

static void wasm_text_section(struct wasm_text *out, const char **at)
{
    int id = 0;
    for (int digit; (digit = wasm_text_digit(**at)) >= 0; (*at)++)
        id = id * 16 + digit;
    assert_int_equal(*(*at)++, ':');
    wasm_text_byte(out, (unsigned)id);
    const size_t start = out->len;
    wasm_text_items(out, at, ';');
    wasm_text_prefix(out, start);
}

/* The bytes in memory of exactly their size, so that a sanitizer sees a read past the end. */
static uint8_t *wasm_text_finish(size_t *len_out, struct wasm_text *out)
{
    uint8_t *exact = malloc(out->len == 0 ? 1 : out->len);
    assert_non_null(exact);
    if (out->len > 0)
        memcpy(exact, out->data, out->len);
    free(out->data);
    *len_out = out->len;
    return exact;
}

static const uint8_t wasm_text_header[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};

uint8_t *testlib_wasm(size_t *len_out, const char *text)
{
    struct wasm_text out = {0};
    if (*text == '!') {
        text++;
        wasm_text_items(&out, &text, '\0');
        return wasm_text_finish(len_out, &out);
    }
    wasm_text_add(&out, wasm_text_header, sizeof wasm_text_header);
    for (;;) {
        while (*text == ' ' || *text == '\n')
            text++;
        if (*text == '\0')
            return wasm_text_finish(len_out, &out);
        wasm_text_section(&out, &text);
    }
}

/* ---- random modules ---- */

enum { RANDOM_I32 = 0x7f, RANDOM_I64 = 0x7e, RANDOM_VOID = 0x40 };
#define RANDOM_FUNCTIONS_MAX 12u
#define RANDOM_LABELS_MAX 24u
#define RANDOM_TABLE 8u

struct random_function {
    uint8_t params[4];
    uint32_t param_count;
    uint8_t locals[6];
    uint32_t local_count;
    uint8_t result;
};

struct random_module {
    struct testlib_rng *rng;
    struct random_function functions[RANDOM_FUNCTIONS_MAX];
    uint32_t function_count;
    /* Of the function being written. */
    struct wasm_text *out;
    const struct random_function *function;
    uint32_t index;
    uint8_t labels[RANDOM_LABELS_MAX]; /* what each open block's label carries, outermost first */
    uint32_t label_count;
    uint32_t budget; /* instructions it may still write */
};

static uint32_t random_below(struct random_module *m, uint32_t bound)
{
    return (uint32_t)testlib_rng_below(m->rng, bound);
}

static uint8_t random_type(struct random_module *m)
{
    return random_below(m, 2) == 0 ? RANDOM_I32 : RANDOM_I64;
}

static void random_const(struct random_module *m, uint8_t type)
{
    wasm_text_byte(m->out, type == RANDOM_I32 ? 0x41 : 0x42);
    const uint64_t bits = testlib_rng_u64(m->rng);
    switch (random_below(m, 4)) {
    case 0: /* the extremes */
        for (int i = 0; i < (type == RANDOM_I32 ? 4 : 9); i++)
            wasm_text_byte(m->out, 0xff);
        wasm_text_byte(m->out, type == RANDOM_I32 ? 0x07 : 0x00);
        break;
    case 1: /* longer than needed */
        wasm_text_byte(m->out, (unsigned)(bits & 0x3f) | 0x80);
        wasm_text_byte(m->out, 0x80);
        wasm_text_byte(m->out, 0x00);
        break;
    default:
        wasm_text_byte(m->out, (unsigned)(bits & 0x7f));
        break;
    }
}

static void random_value(struct random_module *m, uint8_t type, uint32_t depth);
static void random_statements(struct random_module *m, uint32_t depth);

static void random_value_or_nothing(struct random_module *m, uint8_t type, uint32_t depth)
{
    if (type != RANDOM_VOID)
        random_value(m, type, depth);
}

/* local.get of a local of that type, or a constant when there is none. */
static void random_local_get(struct random_module *m, uint8_t type)
{
    const struct random_function *f = m->function;
    const uint32_t total = f->param_count + f->local_count;
    for (uint32_t tries = 0; tries < 4 && total > 0; tries++) {
        const uint32_t index = random_below(m, total);
        const uint8_t found =
            index < f->param_count ? f->params[index] : f->locals[index - f->param_count];
        if (found == type) {
            wasm_text_byte(m->out, 0x20);
            wasm_text_u32(m->out, index);
            return;
        }
    }
    random_const(m, type);
}

static void random_block(struct random_module *m, uint8_t type, uint32_t depth)
{
    const uint32_t kind = random_below(m, 3);
    if (m->label_count == RANDOM_LABELS_MAX) {
        random_value_or_nothing(m, type, depth);
        return;
    }
    if (kind == 2)
        random_value(m, RANDOM_I32, depth + 1);
    wasm_text_byte(m->out, 0x02 + kind);
    wasm_text_byte(m->out, type);
    m->labels[m->label_count++] = kind == 1 ? RANDOM_VOID : type;
    random_statements(m, depth + 1);
    random_value_or_nothing(m, type, depth + 1);
    if (kind == 2 && (type != RANDOM_VOID || random_below(m, 2) == 0)) {
        wasm_text_byte(m->out, 0x05);
        random_statements(m, depth + 1);
        random_value_or_nothing(m, type, depth + 1);
    }
    m->label_count--;
    wasm_text_byte(m->out, 0x0b);
}

static void random_call_function(struct random_module *m, uint32_t index, uint32_t depth)
{
    const struct random_function *callee = &m->functions[index];
    for (uint32_t i = 0; i < callee->param_count; i++)
        random_value(m, callee->params[i], depth + 1);
    if (random_below(m, 4) == 0) {
        wasm_text_byte(m->out, 0x41);
        wasm_text_byte(m->out, random_below(m, RANDOM_TABLE + 1));
        wasm_text_byte(m->out, 0x11);
        wasm_text_u32(m->out, index); /* its type has the same number */
        wasm_text_byte(m->out, random_below(m, 4) == 0 ? 0x80 : 0x00);
        if (m->out->data[m->out->len - 1] == 0x80)
            wasm_text_byte(m->out, 0x00);
    } else {
        wasm_text_byte(m->out, 0x10);
        wasm_text_u32(m->out, index);
    }
}

static void random_call(struct random_module *m, uint8_t result, uint32_t depth)
{
    const uint32_t index = random_below(m, m->function_count);
    if (m->functions[index].result == result && (index > m->index || random_below(m, 8) == 0))
        random_call_function(m, index, depth);
    else
        random_value_or_nothing(m, result, depth);
}

static void random_memarg(struct random_module *m)
{
    wasm_text_byte(m->out, 0x00);
    wasm_text_u32(m->out, random_below(m, 64));
}

/* An address that mostly lies within the memory. */
static void random_address(struct random_module *m, uint32_t depth)
{
    random_value(m, RANDOM_I32, depth + 1);
    if (random_below(m, 16) != 0) {
        wasm_text_byte(m->out, 0x41);
        wasm_text_byte(m->out, 0xff);
        wasm_text_byte(m->out, 0x07);
        wasm_text_byte(m->out, 0x71);
    }
}

static void random_value_i32(struct random_module *m, uint32_t depth)
{
    switch (random_below(m, 7)) {
    case 0: /* comparison of i64 */
        random_value(m, RANDOM_I64, depth + 1);
        random_value(m, RANDOM_I64, depth + 1);
        wasm_text_byte(m->out, 0x51 + random_below(m, 10));
        break;
    case 1: /* one operand */
        random_value(m, RANDOM_I32, depth + 1);
        wasm_text_byte(m->out,
                       (const uint8_t[]){0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1}[random_below(m, 6)]);
        break;
    case 2:
        random_value(m, RANDOM_I64, depth + 1);
        wasm_text_byte(m->out, random_below(m, 2) == 0 ? 0xa7 : 0x50);
        break;
    case 3:
        random_address(m, depth);
        wasm_text_byte(m->out, (const uint8_t[]){0x28, 0x2c, 0x2d, 0x2e, 0x2f}[random_below(m, 5)]);
        random_memarg(m);
        break;
    case 4:
        wasm_text_byte(m->out, 0x3f);
        wasm_text_byte(m->out, 0x00);
        break;
    case 5:
        wasm_text_byte(m->out, 0x41);
        wasm_text_byte(m->out, random_below(m, 3));
        wasm_text_byte(m->out, 0x40);
        wasm_text_byte(m->out, 0x00);
        break;
    default:
        random_value(m, RANDOM_I32, depth + 1);
        random_value(m, RANDOM_I32, depth + 1);
        wasm_text_byte(m->out, 0x6a + random_below(m, 15));
        break;
    }
}

static void random_value_i64(struct random_module *m, uint32_t depth)
{
    switch (random_below(m, 4)) {
    case 0:
        random_value(m, RANDOM_I32, depth + 1);
        wasm_text_byte(m->out, 0xac + random_below(m, 2));
        break;
    case 1:
        random_value(m, RANDOM_I64, depth + 1);
        wasm_text_byte(m->out,
                       (const uint8_t[]){0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4}[random_below(m, 6)]);
        break;
    case 2:
        random_address(m, depth);
        wasm_text_byte(m->out, (const uint8_t[]){0x29, 0x30, 0x31, 0x32, 0x33, 0x34,
                                                 0x35}[random_below(m, 7)]);
        random_memarg(m);
        break;
    default:
        random_value(m, RANDOM_I64, depth + 1);
        random_value(m, RANDOM_I64, depth + 1);
        wasm_text_byte(m->out, 0x7c + random_below(m, 15));
        break;
    }
}

static void random_select(struct random_module *m, uint8_t type, uint32_t depth)
{
    random_value(m, type, depth + 1);
    random_value(m, type, depth + 1);
    random_value(m, RANDOM_I32, depth + 1);
    wasm_text_byte(m->out, 0x1b);
}

static void random_value(struct random_module *m, uint8_t type, uint32_t depth)
{
    if (depth > 6 || m->budget == 0) {
        random_local_get(m, type);
        return;
    }
    m->budget--;
    switch (random_below(m, 12)) {
    case 0:
        random_const(m, type);
        break;
    case 1:
    case 2:
    case 3:
        random_local_get(m, type);
        break;
    case 4:
        random_block(m, type, depth);
        break;
    case 5:
        random_call(m, type, depth);
        break;
    case 6:
        random_select(m, type, depth);
        break;
    case 7:
        wasm_text_byte(m->out, 0x23);
        wasm_text_byte(m->out, random_below(m, 2) * 2 + (type == RANDOM_I32 ? 0 : 1));
        break;
    default:
        if (type == RANDOM_I32)
            random_value_i32(m, depth);
        else
            random_value_i64(m, depth);
        break;
    }
}

/* br, br_if, br_table, return or unreachable; what follows in the block may be dead code. */
static void random_branch(struct random_module *m, uint32_t depth)
{
    const uint32_t label = random_below(m, m->label_count);
    const uint8_t type = m->labels[m->label_count - 1 - label];
    const uint32_t kind = random_below(m, 5);
    if (kind == 4) {
        if (random_below(m, 8) == 0)
            wasm_text_byte(m->out, 0x00);
        return;
    }
    if (kind == 3) {
        random_value_or_nothing(m, m->labels[0], depth + 1);
        wasm_text_byte(m->out, 0x0f);
        return;
    }
    random_value_or_nothing(m, type, depth + 1);
    if (kind == 0) {
        wasm_text_byte(m->out, 0x0c);
        wasm_text_u32(m->out, label);
        return;
    }
    random_value(m, RANDOM_I32, depth + 1);
    if (kind == 1) {
        wasm_text_byte(m->out, 0x0d);
        wasm_text_u32(m->out, label);
        if (type != RANDOM_VOID)
            wasm_text_byte(m->out, 0x1a);
        return;
    }
    const uint32_t targets = random_below(m, 20);
    wasm_text_byte(m->out, 0x0e);
    wasm_text_u32(m->out, targets);
    for (uint32_t i = 0; i <= targets; i++)
        wasm_text_u32(m->out, label);
}

static void random_store(struct random_module *m, uint32_t depth)
{
    const uint8_t type = random_type(m);
    random_address(m, depth);
    random_value(m, type, depth + 1);
    wasm_text_byte(m->out, type == RANDOM_I32
                               ? (const uint8_t[]){0x36, 0x3a, 0x3b}[random_below(m, 3)]
                               : (const uint8_t[]){0x37, 0x3c, 0x3d, 0x3e}[random_below(m, 4)]);
    random_memarg(m);
}

static void random_bulk(struct random_module *m, uint32_t depth)
{
    const uint32_t kind = random_below(m, 4);
    wasm_text_byte(m->out, 0xfc);
    if (kind == 1) { /* data.drop has no operands: write it at once */
        wasm_text_byte(m->out, 0x09);
        wasm_text_byte(m->out, random_below(m, 2));
        return;
    }
    m->out->len--;
    random_address(m, depth);
    random_address(m, depth);
    wasm_text_byte(m->out, 0x41);
    wasm_text_byte(m->out, random_below(m, 64));
    wasm_text_byte(m->out, 0xfc);
    wasm_text_byte(m->out, kind == 0 ? 0x08 : 0x08 + kind);
    if (kind == 0)
        wasm_text_byte(m->out, random_below(m, 2));
    wasm_text_byte(m->out, 0x00);
    if (kind == 2)
        wasm_text_byte(m->out, 0x00);
}

static void random_local_set(struct random_module *m, uint32_t depth)
{
    const struct random_function *f = m->function;
    const uint32_t total = f->param_count + f->local_count;
    if (total == 0)
        return;
    const uint32_t index = random_below(m, total);
    const bool tee = random_below(m, 2) == 0;
    random_value(m, index < f->param_count ? f->params[index] : f->locals[index - f->param_count],
                 depth + 1);
    wasm_text_byte(m->out, tee ? 0x22 : 0x21);
    wasm_text_u32(m->out, index);
    if (tee)
        wasm_text_byte(m->out, 0x1a);
}

static void random_statement(struct random_module *m, uint32_t depth)
{
    const uint8_t type = random_type(m);
    m->budget--;
    switch (random_below(m, 9)) {
    case 0:
        random_branch(m, depth);
        break;
    case 1:
        random_store(m, depth);
        break;
    case 2:
        random_bulk(m, depth);
        break;
    case 3:
        random_block(m, RANDOM_VOID, depth);
        break;
    case 4:
        random_call(m, RANDOM_VOID, depth);
        break;
    case 5:
        random_value(m, type, depth);
        wasm_text_byte(m->out, 0x1a);
        break;
    case 6:
        random_value(m, type, depth);
        wasm_text_byte(m->out, 0x24);
        wasm_text_byte(m->out, random_below(m, 2) * 2 + (type == RANDOM_I32 ? 0 : 1));
        break;
    case 7:
        wasm_text_byte(m->out, 0x01);
        break;
    default:
        random_local_set(m, depth);
        break;
    }
}

static void random_statements(struct random_module *m, uint32_t depth)
{
    const uint32_t count = depth > 6 ? 0 : random_below(m, 4);
    for (uint32_t i = 0; i < count && m->budget > 0; i++)
        random_statement(m, depth);
}

static void random_body(struct random_module *m, uint32_t index, struct wasm_text *out)
{
    const struct random_function *f = &m->functions[index];
    const size_t start = out->len;
    m->out = out;
    m->function = f;
    m->index = index;
    m->labels[0] = f->result;
    m->label_count = 1;
    m->budget = 10 + random_below(m, 200);
    wasm_text_u32(out, f->local_count);
    for (uint32_t i = 0; i < f->local_count; i++) {
        wasm_text_byte(out, 1);
        wasm_text_byte(out, f->locals[i]);
    }
    random_statements(m, 0);
    random_statements(m, 0);
    random_value_or_nothing(m, f->result, 0);
    wasm_text_byte(out, 0x0b);
    wasm_text_prefix(out, start);
}

static void random_signature(struct random_module *m, struct random_function *f, bool main)
{
    f->param_count = main ? 0 : random_below(m, 5);
    for (uint32_t i = 0; i < f->param_count; i++)
        f->params[i] = random_type(m);
    f->local_count = random_below(m, 7);
    for (uint32_t i = 0; i < f->local_count; i++)
        f->locals[i] = random_type(m);
    const uint32_t result = main ? 0 : random_below(m, 3);
    f->result = result == 0 ? RANDOM_VOID : result == 1 ? RANDOM_I32 : RANDOM_I64;
}

static void random_section(struct wasm_text *out, unsigned id, struct wasm_text *content)
{
    wasm_text_byte(out, id);
    wasm_text_u32(out, (uint32_t)content->len);
    wasm_text_add(out, content->data, content->len);
    content->len = 0;
}

static void random_types(struct random_module *m, struct wasm_text *out, struct wasm_text *content)
{
    wasm_text_u32(content, m->function_count);
    for (uint32_t i = 0; i < m->function_count; i++) {
        const struct random_function *f = &m->functions[i];
        wasm_text_byte(content, 0x60);
        wasm_text_u32(content, f->param_count);
        wasm_text_add(content, f->params, f->param_count);
        wasm_text_byte(content, f->result == RANDOM_VOID ? 0 : 1);
        if (f->result != RANDOM_VOID)
            wasm_text_byte(content, f->result);
    }
    random_section(out, 1, content);
    wasm_text_u32(content, m->function_count);
    for (uint32_t i = 0; i < m->function_count; i++)
        wasm_text_u32(content, i);
    random_section(out, 3, content);
}

static void
random_exports(struct random_module *m, struct wasm_text *out, struct wasm_text *content)
{
    wasm_text_u32(content, m->function_count + 2);
    wasm_text_add(content, "\4main\0\0\6memory\2\0", 16);
    for (uint32_t i = 0; i < m->function_count; i++) {
        char name[8];
        const int len = snprintf(name, sizeof name, "f%u", i);
        wasm_text_u32(content, (uint32_t)len);
        wasm_text_add(content, name, (size_t)len);
        wasm_text_byte(content, 0);
        wasm_text_u32(content, i);
    }
    random_section(out, 7, content);
}

uint8_t *testlib_wasm_random(size_t *len_out, struct testlib_rng *rng)
{
    struct random_module m = {.rng = rng};
    struct wasm_text out = {0};
    struct wasm_text content = {0};
    m.function_count = 1 + random_below(&m, RANDOM_FUNCTIONS_MAX);
    for (uint32_t i = 0; i < m.function_count; i++)
        random_signature(&m, &m.functions[i], i == 0);
    wasm_text_add(&out, wasm_text_header, sizeof wasm_text_header);
    random_types(&m, &out, &content);
    wasm_text_add(&content, "\1\x70\0\x08", 4);
    random_section(&out, 4, &content);
    wasm_text_add(&content, "\1\1\1\4", 4);
    random_section(&out, 5, &content);
    wasm_text_add(&content, "\4\x7f\1\x41\0\x0b\x7e\1\x42\5\x0b\x7f\1\x41\7\x0b\x7e\1\x42\0\x0b",
                  21);
    random_section(&out, 6, &content);
    random_exports(&m, &out, &content);
    wasm_text_add(&content, "\1\0\x41\0\x0b", 5);
    wasm_text_byte(&content, RANDOM_TABLE - 1);
    for (uint32_t i = 0; i + 1 < RANDOM_TABLE; i++)
        wasm_text_byte(&content, random_below(&m, m.function_count));
    random_section(&out, 9, &content);
    wasm_text_byte(&content, 2);
    random_section(&out, 12, &content);
    wasm_text_u32(&content, m.function_count);
    for (uint32_t i = 0; i < m.function_count; i++)
        random_body(&m, i, &content);
    random_section(&out, 10, &content);
    wasm_text_add(&content, "\2\0\x41\x10\x0b\5hello\1\5world", 18);
    random_section(&out, 11, &content);
    free(content.data);
    return wasm_text_finish(len_out, &out);
}
