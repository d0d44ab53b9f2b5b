/* SPDX-License-Identifier: MIT */
/*
 * Names of functions, in one pass over the sections that have any. Sections stand in any order of
 * their own making here: what cannot be read is left out, and the walk goes on behind it, since a
 * section says its size first.
 */
#include "contracts/wasm_names.h"

#include <stdio.h>
#include <string.h>

#include "contracts/wasm_internal.h"

#define NAMES_SECTION_CUSTOM 0
#define NAMES_SECTION_IMPORT 2
#define NAMES_SECTION_FUNCTION 3
#define NAMES_SECTION_EXPORT 7
#define NAMES_PART_FUNCTIONS 1

static bool names_read_name(baals_slice *out, struct bl_wasm_cursor *cursor)
{
    struct bl_wasm_cursor part;
    if (!bl_wasm_walk_part(&part, cursor))
        return false;
    *out = bl_slice(part.bytes + part.at, part.end - part.at);
    return true;
}

/* How many functions the module says it has, imports with their names. */
static void names_imports(struct bl_wasm_names *names, struct bl_wasm_cursor cursor)
{
    baals_slice module, name;
    uint32_t count = 0, type = 0;
    uint8_t kind = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return;
    for (uint32_t i = 0; i < count && i < names->import_count; i++) {
        if (!names_read_name(&module, &cursor) || !names_read_name(&name, &cursor) ||
            bl_wasm_read_byte(&kind, &cursor) != BL_WASM_CODE_OK ||
            !bl_wasm_walk_u32(&type, &cursor))
            return;
        if (bl_wasm_name_fit(&module) && bl_wasm_name_fit(&name)) {
            names->modules[i] = module;
            names->names[i] = name;
        }
    }
}

static void names_exports(struct bl_wasm_names *names, struct bl_wasm_cursor cursor)
{
    baals_slice name;
    uint32_t count = 0, index = 0;
    uint8_t kind = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (!names_read_name(&name, &cursor) ||
            bl_wasm_read_byte(&kind, &cursor) != BL_WASM_CODE_OK ||
            !bl_wasm_walk_u32(&index, &cursor))
            return;
        bool fits = kind == BL_WASM_KIND_FUNCTION && index >= names->import_count &&
                    index < names->count && bl_wasm_name_fit(&name);
        if (fits && names->names[index].len == 0)
            names->names[index] = name;
    }
}

/* The second part of a name section. Imports keep the names they are imported by. */
static void names_functions(struct bl_wasm_names *names, struct bl_wasm_cursor cursor)
{
    baals_slice name;
    uint32_t count = 0, index = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (!bl_wasm_walk_u32(&index, &cursor) || !names_read_name(&name, &cursor))
            return;
        if (index >= names->import_count && index < names->count && bl_wasm_name_fit(&name))
            names->names[index] = name;
    }
}

static void names_custom(struct bl_wasm_names *names, struct bl_wasm_cursor cursor)
{
    struct bl_wasm_cursor part;
    baals_slice title;
    uint8_t id = 0;
    if (!names_read_name(&title, &cursor) || !bl_slice_equal(title, bl_slice_str("name")))
        return;
    while (bl_wasm_walk_section(&id, &part, &cursor)) {
        if (id == NAMES_PART_FUNCTIONS)
            names_functions(names, part);
    }
}

/* The count a section begins with, bounded by its bytes and by BL_WASM_NAMES_MAX. */
static uint32_t names_count(struct bl_wasm_cursor cursor)
{
    uint32_t count = 0;
    if (!bl_wasm_walk_u32(&count, &cursor))
        return 0;
    uint32_t bytes = cursor.end - cursor.at;
    if (count > bytes)
        count = bytes;
    return count < BL_WASM_NAMES_MAX ? count : BL_WASM_NAMES_MAX;
}

static void names_section(struct bl_wasm_names *names, uint8_t id, struct bl_wasm_cursor section)
{
    if (id == NAMES_SECTION_IMPORT)
        names_imports(names, section);
    else if (id == NAMES_SECTION_EXPORT)
        names_exports(names, section);
    else if (id == NAMES_SECTION_CUSTOM)
        names_custom(names, section);
}

bool bl_wasm_names_read(struct bl_wasm_names *out, struct bl_arena *arena, baals_slice module)
{
    struct bl_wasm_cursor cursor, section;
    struct bl_wasm_names names = {0};
    uint32_t functions = 0;
    uint8_t id = 0;
    bool is_module = bl_wasm_walk_begin(&cursor, module);
    struct bl_wasm_cursor first = cursor;
    while (is_module && bl_wasm_walk_section(&id, &section, &cursor)) {
        if (id == NAMES_SECTION_IMPORT)
            names.import_count = names_count(section);
        else if (id == NAMES_SECTION_FUNCTION)
            functions = names_count(section);
    }
    names.count = names.import_count + functions;
    names.names = bl_arena_zero(arena, names.count + 1u, sizeof *names.names);
    names.modules = bl_arena_zero(arena, names.import_count + 1u, sizeof *names.modules);
    if (names.names == NULL || names.modules == NULL)
        return false;
    while (is_module && bl_wasm_walk_section(&id, &section, &first))
        names_section(&names, id, section);
    *out = names;
    return true;
}

void bl_wasm_names_text(char out[BL_WASM_NAME_SIZE],
                        const struct bl_wasm_names *names,
                        uint32_t index)
{
    if (index >= names->count || names->names[index].len == 0) {
        (void)snprintf(out, BL_WASM_NAME_SIZE, "func[%u]", index);
        return;
    }
    const baals_slice name = names->names[index];
    const baals_slice module =
        index < names->import_count ? names->modules[index] : bl_slice(NULL, 0);
    (void)snprintf(out, BL_WASM_NAME_SIZE, "%.*s%s%.*s", (int)module.len,
                   module.len > 0 ? (const char *)module.data : "", module.len > 0 ? "." : "",
                   (int)name.len, (const char *)name.data);
}
