/* SPDX-License-Identifier: MIT */
/*
 * The modules of baals-bench-gas: a small assembler over BL_WASM_OP_MAP, and the frame that all
 * cases share. Texts are instruction names with their numbers behind them, separated by blanks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_gas.h"
#include "contracts/host.h"
#include "contracts/wasm.h"
#include "crypto/crypto.h"

#define MODULE_SECTION_MAX ((size_t)1024 * 1024)
#define MODULE_LARGE_FUNCTIONS 1000u

/* ---- bytes ---- */

static void module_u32(struct bl_buffer *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        bl_buffer_append_u8(out, (uint8_t)(value | 0x80));
    bl_buffer_append_u8(out, (uint8_t)value);
}

static void module_s64(struct bl_buffer *out, int64_t value)
{
    while (value < -64 || value > 63) {
        bl_buffer_append_u8(out, (uint8_t)((uint64_t)value | 0x80));
        value = value < 0 ? -(-(value + 1) / 128) - 1 : value / 128;
    }
    bl_buffer_append_u8(out, (uint8_t)((uint64_t)value & 0x7f));
}

static void module_bytes(struct bl_buffer *out, baals_slice bytes)
{
    module_u32(out, (uint32_t)bytes.len);
    bl_buffer_append(out, bytes.data, bytes.len);
}

/* A section of its own, from what `part` holds, which is empty afterwards. */
static void module_section(struct bl_buffer *out, uint8_t id, struct bl_buffer *part)
{
    bl_buffer_append_u8(out, id);
    module_bytes(out, bl_buffer_slice(part));
    bl_buffer_clear(part);
}

/* ---- the assembler ---- */

static const struct {
    const char *name;
    uint32_t opcode;
    enum bl_wasm_immediate immediate;
} module_ops[] = {
#define MODULE_OP(name, opcode, text, immediate, pops, push, cost)                                 \
    {text, opcode, BL_WASM_IMM_##immediate},
    BL_WASM_OP_MAP(MODULE_OP)
#undef MODULE_OP
};

/* The next word of the text; its length is 0 at the end. */
static baals_slice module_word(const char **text)
{
    *text += strspn(*text, " ");
    size_t len = strcspn(*text, " ");
    baals_slice word = bl_slice(*text, len);
    *text += len;
    return word;
}

static int64_t module_number(const char **text)
{
    baals_slice word = module_word(text);
    char digits[32] = {0};
    BL_ASSERT(word.len > 0 && word.len < sizeof digits);
    memcpy(digits, word.data, word.len);
    return (int64_t)strtoll(digits, NULL, 0);
}

static void
module_immediate(struct bl_buffer *out, enum bl_wasm_immediate immediate, const char **text)
{
    int64_t count = 0;
    switch (immediate) {
    case BL_WASM_IMM_NONE:
        return;
    case BL_WASM_IMM_I32:
    case BL_WASM_IMM_I64:
        module_s64(out, module_number(text));
        return;
    case BL_WASM_IMM_BR_TABLE:
        count = module_number(text);
        module_u32(out, (uint32_t)count);
        for (int64_t i = 0; i <= count; i++)
            module_u32(out, (uint32_t)module_number(text));
        return;
    case BL_WASM_IMM_BLOCK:
    case BL_WASM_IMM_INDEX:
    case BL_WASM_IMM_MEMORY:
        module_u32(out, (uint32_t)module_number(text));
        return;
    case BL_WASM_IMM_CALL_INDIRECT:
    case BL_WASM_IMM_MEMARG:
    case BL_WASM_IMM_MEMORY2:
    case BL_WASM_IMM_DATA_MEMORY:
        module_u32(out, (uint32_t)module_number(text));
        module_u32(out, (uint32_t)module_number(text));
        return;
    }
}

static void module_assemble(struct bl_buffer *out, const char *text)
{
    for (baals_slice word = module_word(&text); word.len > 0; word = module_word(&text)) {
        size_t i = 0;
        while (i < BL_COUNT_OF(module_ops) &&
               !bl_slice_equal(word, bl_slice_str(module_ops[i].name)))
            i++;
        BL_ASSERT(i < BL_COUNT_OF(module_ops));
        if (module_ops[i].opcode > 0xff)
            bl_buffer_append_u8(out, (uint8_t)(module_ops[i].opcode >> 8));
        bl_buffer_append_u8(out, (uint8_t)module_ops[i].opcode);
        module_immediate(out, module_ops[i].immediate, &text);
    }
}

/* ---- the shared frame ---- */

/* Types 0 to 4 are those of imports; then () -> (), and eight i64 without result. */
#define MODULE_TYPE_PLAIN 4u
#define MODULE_TYPE_PARAMS 5u

static const struct bl_wasm_import_spec *module_import(const char *name)
{
    const struct bl_wasm_imports *imports = &bl_host_imports()[1];
    for (uint32_t i = 0; i < imports->count; i++) {
        if (strcmp(imports->specs[i].name, name) == 0)
            return &imports->specs[i];
    }
    fprintf(stderr, "baals-bench-gas: no host function %s\n", name);
    exit(2);
}

static const char *const module_no_imports[BENCH_GAS_IMPORTS_MAX];

/* The import of function `index`: input_read, then those of the case. */
static const struct bl_wasm_import_spec *module_import_at(const char *const *names, unsigned index)
{
    const char *name = index == 0 ? "input_read" : names[index - 1];
    return module_import(name != NULL ? name : "block_index");
}

static void module_type(struct bl_buffer *out, const char *signature)
{
    const char *end = strchr(signature, ':');
    bl_buffer_append_u8(out, 0x60);
    module_u32(out, (uint32_t)(end - signature));
    for (const char *letter = signature; *letter != '\0'; letter++) {
        if (letter == end)
            module_u32(out, letter[1] != '\0' ? 1 : 0);
        else
            bl_buffer_append_u8(out, *letter == 'l' ? BL_WASM_I64 : BL_WASM_I32);
    }
}

static void
module_types_and_imports(struct bl_buffer *out, struct bl_buffer *part, const char *const *names)
{
    bl_buffer_append(out, "\0asm\1\0\0\0", 8);
    module_u32(part, MODULE_TYPE_PARAMS + 1);
    for (unsigned i = 0; i <= BENCH_GAS_IMPORTS_MAX; i++)
        module_type(part, module_import_at(names, i)->signature);
    module_type(part, ":");
    module_type(part, "llllllll:");
    module_section(out, 1, part);
    module_u32(part, BENCH_GAS_IMPORTS_MAX + 1);
    for (unsigned i = 0; i <= BENCH_GAS_IMPORTS_MAX; i++) {
        const struct bl_wasm_import_spec *spec = module_import_at(names, i);
        module_bytes(part, bl_slice_str(spec->module));
        module_bytes(part, bl_slice_str(spec->name));
        bl_buffer_append_u8(part, 0);
        module_u32(part, i);
    }
    module_section(out, 2, part);
}

/* One body of locals (a count of one type each) and text, appended to the code section. */
static void module_body(struct bl_buffer *part,
                        uint32_t i64_count,
                        uint32_t i32_count,
                        const char *const *texts)
{
    struct bl_buffer body;
    bl_buffer_init(&body, bl_alloc_system(), MODULE_SECTION_MAX);
    module_u32(&body, 2);
    module_u32(&body, i64_count);
    bl_buffer_append_u8(&body, BL_WASM_I64);
    module_u32(&body, i32_count);
    bl_buffer_append_u8(&body, BL_WASM_I32);
    for (; *texts != NULL; texts++)
        module_assemble(&body, *texts);
    module_assemble(&body, "end");
    module_bytes(part, bl_buffer_slice(&body));
    bl_buffer_deinit(&body);
}

static void
module_export(struct bl_buffer *out, struct bl_buffer *part, const char *name, uint32_t function)
{
    module_u32(part, 1);
    module_bytes(part, bl_slice_str(name));
    bl_buffer_append_u8(part, 0);
    module_u32(part, function);
    module_section(out, 7, part);
}

static void module_memory(struct bl_buffer *out, struct bl_buffer *part, uint32_t pages)
{
    module_assemble(part, "nop nop"); /* one memory, without a maximum: the bytes 1 and 0 */
    part->data[1] = 0;
    module_u32(part, pages);
    module_section(out, 5, part);
}

/* The texts of the measured method; `copies` 0 leaves the body out. */
static void
module_method(struct bl_buffer *part, const struct bench_gas_case *item, unsigned copies)
{
    static const char begin[] = "i32.const 0 i32.const 0 i32.const 65536 call 0 "
                                "i32.const 8 i64.load 3 0 local.tee 0 local.set 1 "
                                "i32.const 0 i64.load 3 0 local.set 2 "
                                "i32.const 24 i64.load 3 0 local.set 3 "
                                "i32.const 16 i32.load 2 0 local.set 5";
    static const char end[] = "local.get 2 i64.const 1 i64.sub local.tee 2 i64.const 0 i64.ne "
                              "br_if 0 end i32.const 32 local.get 0 i64.store 3 0 "
                              "i32.const 40 local.get 5 i32.store 2 0";
    const char *prelude = item->prelude != NULL ? item->prelude : "";
    const char *texts[72] = {begin, prelude, "loop 64", item->step != NULL ? item->step : ""};
    size_t count = 4;
    BL_ASSERT(copies + 6 <= BL_COUNT_OF(texts));
    for (unsigned i = 0; i < copies; i++)
        texts[count++] = item->body;
    texts[count] = end;
    module_body(part, 5, 3, texts);
}

void bench_gas_module(struct bl_buffer *out, const struct bench_gas_case *item, bool with_body)
{
    static const char *const leaf[] = {NULL};
    static const char *const guarded[] = {"call 4", NULL};
    struct bl_buffer part;
    bl_buffer_init(&part, bl_alloc_system(), MODULE_SECTION_MAX);
    module_types_and_imports(out, &part, item->imports);
    const uint8_t functions[] = {5,
                                 MODULE_TYPE_PLAIN,
                                 MODULE_TYPE_PARAMS,
                                 MODULE_TYPE_PLAIN,
                                 MODULE_TYPE_PLAIN,
                                 MODULE_TYPE_PLAIN};
    bl_buffer_append(&part, functions, sizeof functions);
    module_section(out, 3, &part);
    const uint8_t table[] = {1, 0x70, 0, 8};
    bl_buffer_append(&part, table, sizeof table);
    module_section(out, 4, &part);
    module_memory(out, &part, 4);
    module_u32(&part, 1);
    const uint8_t global[] = {BL_WASM_I64, 1};
    bl_buffer_append(&part, global, sizeof global);
    module_assemble(&part, "i64.const 0 end");
    module_section(out, 6, &part);
    module_export(out, &part, "m", 8);
    const uint8_t elements[] = {1, 0, BL_WASM_OP_I32_CONST, 0, BL_WASM_OP_END, 2, 4, 4};
    bl_buffer_append(&part, elements, sizeof elements);
    module_section(out, 9, &part);
    module_u32(&part, 1);
    module_section(out, 12, &part);
    module_u32(&part, 5);
    module_body(&part, 0, 0, leaf);
    module_body(&part, 0, 0, leaf);
    module_body(&part, 480, 0, leaf);
    module_body(&part, 0, 0, guarded);
    module_method(&part, item, with_body ? item->copies : 0);
    module_section(out, 10, &part);
    uint8_t data[64] = {0};
    const uint8_t passive[] = {1, 1};
    bl_buffer_append(&part, passive, sizeof passive);
    module_bytes(&part, bl_slice(data, sizeof data));
    module_section(out, 11, &part);
    bench_gas_check(bl_buffer_status(out, NULL), "module", &(baals_error){.message = "too large"});
    bl_buffer_deinit(&part);
}

/* ---- the contracts that are called ---- */

void bench_gas_callee(struct bl_buffer *out, enum bench_gas_callee which)
{
    static const char *const names[BENCH_GAS_IMPORTS_MAX] = {"output"};
    static const char *const texts[BENCH_GAS_CALLEE_COUNT][4] = {
        [BENCH_GAS_CALLEE_OUTPUT] = {"i32.const 0 i32.const 64000 call 1"},
        [BENCH_GAS_CALLEE_PAGES] = {"loop 64 local.get 5 i32.const 1 i32.store 2 0 "
                                    "local.get 5 i32.const 4096 i32.add local.tee 5 "
                                    "i32.const 4194304 i32.lt_u br_if 0 end"},
    };
    /* Fifteen operations of different kinds, about 45 bytes, many times over. */
    static const char *const filler =
        "local.get 0 local.get 1 i64.add local.set 0 local.get 0 i64.const 12345 i64.mul "
        "local.set 1 local.get 5 if 64 i32.const 64 local.get 0 i64.store 3 0 else "
        "local.get 1 i64.const 7 i64.rotl local.set 0 end";
    static const char *const large[] = {filler, filler, filler, filler, filler, filler, NULL};
    static const char *const empty[] = {NULL};
    struct bl_buffer part;
    bl_buffer_init(&part, bl_alloc_system(), MODULE_SECTION_MAX);
    module_types_and_imports(out, &part,
                             which == BENCH_GAS_CALLEE_OUTPUT ? names : module_no_imports);
    uint32_t more = which == BENCH_GAS_CALLEE_LARGE ? MODULE_LARGE_FUNCTIONS : 0;
    module_u32(&part, 1 + more);
    for (uint32_t i = 0; i <= more; i++)
        module_u32(&part, MODULE_TYPE_PLAIN);
    module_section(out, 3, &part);
    module_memory(out, &part, which == BENCH_GAS_CALLEE_PAGES ? 64 : 1);
    module_export(out, &part, "e", BENCH_GAS_IMPORTS_MAX + 1);
    module_u32(&part, 1 + more);
    module_body(&part, 5, 3, texts[which][0] != NULL ? texts[which] : empty);
    for (uint32_t i = 0; i < more; i++)
        module_body(&part, 5, 3, large);
    module_section(out, 10, &part);
    bench_gas_check(bl_buffer_status(out, NULL), "callee", &(baals_error){.message = "too large"});
    bl_buffer_deinit(&part);
}
