/* SPDX-License-Identifier: MIT */
/*
 * Explaining a refused module. A float mostly shows first as a type, long before the code that uses
 * it; what its author needs is the function and the instruction. So the code section of the refused
 * bytes is read once more, without validation: every length is checked, anything odd ends the
 * search.
 */
#include "contracts/wasm_internal.h"

#include <stdio.h>
#include <string.h>

bool bl_wasm_walk_u32(uint32_t *out, struct bl_wasm_cursor *cursor)
{
    return bl_wasm_read_u32(out, cursor) == BL_WASM_CODE_OK;
}

bool bl_wasm_walk_skip(struct bl_wasm_cursor *cursor, uint32_t len)
{
    if (len > cursor->end - cursor->at)
        return false;
    cursor->at += len;
    return true;
}

bool bl_wasm_walk_skip_name(struct bl_wasm_cursor *cursor)
{
    uint32_t len = 0;
    return bl_wasm_walk_u32(&len, cursor) && bl_wasm_walk_skip(cursor, len);
}

bool bl_wasm_walk_part(struct bl_wasm_cursor *out, struct bl_wasm_cursor *cursor)
{
    uint32_t size = 0;
    if (!bl_wasm_walk_u32(&size, cursor))
        return false;
    *out = *cursor;
    if (!bl_wasm_walk_skip(cursor, size))
        return false;
    out->end = cursor->at;
    return true;
}

bool bl_wasm_walk_section(uint8_t *id, struct bl_wasm_cursor *out, struct bl_wasm_cursor *cursor)
{
    return bl_wasm_read_byte(id, cursor) == BL_WASM_CODE_OK && bl_wasm_walk_part(out, cursor);
}

bool bl_wasm_walk_begin(struct bl_wasm_cursor *cursor, baals_slice bytes)
{
    *cursor = (struct bl_wasm_cursor){.bytes = bytes.data, .at = 8};
    if (bytes.len < 8 || bytes.len > UINT32_MAX)
        return false;
    cursor->end = (uint32_t)bytes.len;
    return true;
}

/* How many functions a module imports; false unless it imports functions only. */
static bool explain_imports(uint32_t *out, struct bl_wasm_cursor cursor)
{
    uint32_t count = 0;
    uint32_t type = 0;
    uint8_t kind = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!bl_wasm_walk_skip_name(&cursor) || !bl_wasm_walk_skip_name(&cursor) ||
            bl_wasm_read_byte(&kind, &cursor) != BL_WASM_CODE_OK || kind != BL_WASM_KIND_FUNCTION ||
            !bl_wasm_walk_u32(&type, &cursor))
            return false;
    }
    *out = count;
    return true;
}

/* The first float instruction of one body. */
static bool explain_body(struct bl_wasm_instruction *out, struct bl_wasm_cursor cursor)
{
    uint32_t runs = 0;
    uint32_t count = 0;
    if (!bl_wasm_walk_u32(&runs, &cursor))
        return false;
    for (uint32_t i = 0; i < runs; i++) {
        if (!bl_wasm_walk_u32(&count, &cursor) || !bl_wasm_walk_skip(&cursor, 1))
            return false;
    }
    enum bl_wasm_code code = BL_WASM_CODE_OK;
    while (code == BL_WASM_CODE_OK)
        code = bl_wasm_read_instruction(out, &cursor);
    return code == BL_WASM_CODE_FLOAT;
}

static bool explain_code(struct bl_wasm_error *fault, struct bl_wasm_cursor cursor, uint32_t first)
{
    struct bl_wasm_instruction instruction;
    struct bl_wasm_cursor body;
    uint32_t count = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return false;
    for (uint32_t i = 0; i < count && bl_wasm_walk_part(&body, &cursor); i++) {
        if (!explain_body(&instruction, body))
            continue;
        fault->offset = instruction.offset;
        fault->function_index = first + i;
        fault->opcode = instruction.op;
        return true;
    }
    return false;
}

bool bl_wasm_explain_float(struct bl_wasm_error *fault, baals_slice bytes)
{
    struct bl_wasm_cursor cursor;
    struct bl_wasm_cursor section;
    uint32_t imports = 0;
    uint8_t id = 0;
    if (!bl_wasm_walk_begin(&cursor, bytes))
        return false;
    while (bl_wasm_walk_section(&id, &section, &cursor)) {
        if (id == 2 && !explain_imports(&imports, section))
            return false;
        if (id == 10)
            return explain_code(fault, section, imports);
    }
    return false;
}

bool bl_wasm_name_fit(baals_slice *name)
{
    if (name->len == 0 || !bl_wasm_utf8_valid(*name))
        return false;
    if (name->len > BL_WASM_NAME_SHOWN_MAX)
        name->len = BL_WASM_NAME_SHOWN_MAX;
    while (!bl_wasm_utf8_valid(*name))
        name->len--;
    for (size_t i = 0; i < name->len; i++) {
        if (name->data[i] < 0x20 || name->data[i] == 0x7f)
            return false;
    }
    return true;
}

/* Looks a function up in the second part of a name section: an index and a name each. */
static bool explain_function_names(baals_slice *out, struct bl_wasm_cursor cursor, uint32_t wanted)
{
    uint32_t count = 0;
    uint32_t index = 0;
    struct bl_wasm_cursor name;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!bl_wasm_walk_u32(&index, &cursor) || !bl_wasm_walk_part(&name, &cursor))
            return false;
        if (index == wanted) {
            baals_slice text = bl_slice(name.bytes + name.at, name.end - name.at);
            const bool fits = bl_wasm_name_fit(&text);
            if (fits)
                *out = text;
            return fits;
        }
    }
    return false;
}

bool bl_wasm_function_name(baals_slice *out, baals_slice bytes, uint32_t function_index)
{
    struct bl_wasm_cursor cursor;
    struct bl_wasm_cursor section;
    struct bl_wasm_cursor name;
    uint8_t id = 0;
    if (!bl_wasm_walk_begin(&cursor, bytes))
        return false;
    while (bl_wasm_walk_section(&id, &section, &cursor)) {
        if (id != 0 || !bl_wasm_walk_part(&name, &section) || name.end - name.at != 4 ||
            memcmp(name.bytes + name.at, "name", 4) != 0)
            continue;
        struct bl_wasm_cursor part;
        while (bl_wasm_walk_section(&id, &part, &section)) {
            if (id == 1)
                return explain_function_names(out, part, function_index);
        }
        return false;
    }
    return false;
}

/* "function 7 "name": ", or nothing outside functions. */
static void explain_function(char *out, size_t size, uint32_t index, baals_slice bytes)
{
    baals_slice name = {0};
    out[0] = '\0';
    if (index == BL_WASM_NONE)
        return;
    if (bl_wasm_function_name(&name, bytes, index)) {
        const char *text = (const char *)name.data;
        (void)snprintf(out, size, "function %u \"%.*s\": ", index, (int)name.len, text);
    } else {
        (void)snprintf(out, size, "function %u: ", index);
    }
}

baals_status
bl_wasm_explain_fault(const struct bl_wasm_error *fault, baals_slice bytes, baals_error *err)
{
    const bool op = fault->opcode != BL_WASM_NO_OPCODE;
    /* The hint saves its reader a day. */
    const char *hint =
        fault->code == BL_WASM_CODE_FLOAT ? "; formatting or math code usually brings it in" : "";
    char function[sizeof "function 4294967295 \"\": " + BL_WASM_NAME_SHOWN_MAX];
    explain_function(function, sizeof function, fault->function_index, bytes);
    return bl_fail_at(err, BAALS_REJECT_CODE, fault->offset, "%s%s%s%s (%s at offset %u)%s",
                      function, op ? bl_wasm_op_name(fault->opcode) : "", op ? ": " : "",
                      bl_wasm_code_text(fault->code), bl_wasm_code_name(fault->code), fault->offset,
                      hint);
}
