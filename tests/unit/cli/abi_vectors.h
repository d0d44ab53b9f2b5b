/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_ABI_VECTORS_H
#define BL_TESTS_UNIT_CLI_ABI_VECTORS_H
/*
 * The description "everything" of docs/spec/vectors/abi.json, and methods of any signature over its
 * structs, for tests of values.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/abi_value.h"
#include "testlib_json.h"

struct abi_vectors {
    struct testlib_json *file;
    struct bl_arena arena;
    struct cli_abi abi;
};

static inline void abi_vectors_open(struct abi_vectors *v)
{
    v->file = testlib_json_load(testlib_source_path("docs/spec/vectors/abi.json"));
    const struct testlib_json *row = testlib_json_at(testlib_json_get(v->file, "sections"), 1);
    size_t len;
    uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "section"));
    bl_arena_init(&v->arena, bl_alloc_system(), (size_t)64 * 1024 * 1024);
    assert_ok(cli_abi_decode(&v->abi, &v->arena, bl_slice(bytes, len), NULL));
    free(bytes);
}

static inline void abi_vectors_close(struct abi_vectors *v)
{
    bl_arena_deinit(&v->arena);
    testlib_json_free(v->file);
}

/* A type over the structs, in v's arena, by decoding a description that has it. */
static inline struct cli_abi_type abi_vectors_type(struct abi_vectors *v, const char *text)
{
    static const char *const names[] = {"u8",    "u16",     "u32",      "u64",  "i8",
                                        "i16",   "i32",     "i64",      "bool", "text",
                                        "bytes", "address", "contract", "hash", "amount"};
    struct cli_abi_type type = {.text = text};
    size_t len = strcspn(text, "[?");
    bool found = false;
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
            type.base = (enum cli_abi_base)i;
            found = true;
        }
    }
    if (!found && strncmp(text, "bytes", 5) == 0) {
        type.base = CLI_ABI_BYTES_N;
        type.size = (uint32_t)strtoul(text + 5, NULL, 10);
        found = true;
    }
    for (uint32_t i = 0; i < v->abi.struct_count && !found; i++) {
        if (strlen(v->abi.structs[i].name) == len &&
            memcmp(v->abi.structs[i].name, text, len) == 0) {
            type.base = CLI_ABI_STRUCT;
            type.struct_index = i;
            found = true;
        }
    }
    assert_true(found);
    for (const char *p = text + len; *p != '\0'; p++) {
        if (*p != ']')
            type.suffixes[type.suffix_count++] = *p;
    }
    return type;
}

#endif /* BL_TESTS_UNIT_CLI_ABI_VECTORS_H */
