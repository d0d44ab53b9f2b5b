/* SPDX-License-Identifier: MIT */
/*
 * The decoder: the sections of a module in order, every item checked where it stands. Bodies go to
 * wasm_validate.c as they come, so one pass over the bytes decides; the first byte at fault gives
 * the cause, and all implementations that read in this order agree on it.
 *
 * Every count is checked against its limit and against the bytes that are left before anything is
 * allocated. Functions return false after recording the cause.
 */
#include "contracts/wasm.h"

#include <string.h>

#include "contracts/wasm_internal.h"

/* Section numbers; the order they must stand in is decode_section_rank. */
enum {
    SECTION_CUSTOM = 0,
    SECTION_TYPE = 1,
    SECTION_IMPORT = 2,
    SECTION_FUNCTION = 3,
    SECTION_TABLE = 4,
    SECTION_MEMORY = 5,
    SECTION_GLOBAL = 6,
    SECTION_EXPORT = 7,
    SECTION_START = 8,
    SECTION_ELEMENT = 9,
    SECTION_CODE = 10,
    SECTION_DATA = 11,
    SECTION_DATA_COUNT = 12,
    SECTION_TAG = 13
};

bool bl_wasm_decoder_fail(struct bl_wasm_decoder *decoder, enum bl_wasm_code code, uint32_t offset)
{
    BL_ASSERT(code != BL_WASM_CODE_OK);
    decoder->fault.code = code;
    decoder->fault.offset = offset;
    return false;
}

/* Fails at the cursor unless `code` is OK. */
static bool decode_check(struct bl_wasm_decoder *d, enum bl_wasm_code code)
{
    return code == BL_WASM_CODE_OK || bl_wasm_decoder_fail(d, code, d->cursor.at);
}

static bool decode_u32(struct bl_wasm_decoder *d, uint32_t *out)
{
    return decode_check(d, bl_wasm_read_u32(out, &d->cursor));
}

static bool decode_byte(struct bl_wasm_decoder *d, uint8_t *out)
{
    return decode_check(d, bl_wasm_read_byte(out, &d->cursor));
}

static uint32_t decode_left(const struct bl_wasm_decoder *d)
{
    return d->cursor.end - d->cursor.at;
}

static void *decode_alloc(struct bl_wasm_decoder *d, uint32_t count, size_t size)
{
    void *memory = bl_arena_zero(d->arena, count == 0 ? 1 : count, size);
    if (memory == NULL)
        d->out_of_memory = true;
    return memory;
}

/* The number of items of a section; each takes a byte at least. */
static bool
decode_count(struct bl_wasm_decoder *d, uint32_t *out, uint32_t limit, enum bl_wasm_code limit_code)
{
    const uint32_t start = d->cursor.at;
    if (!decode_u32(d, out))
        return false;
    if (*out > limit)
        return bl_wasm_decoder_fail(d, limit_code, start);
    if (*out > decode_left(d))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UNEXPECTED_END, d->cursor.end);
    d->module.work += *out;
    return true;
}

/* An index below `count`. */
static bool
decode_index(struct bl_wasm_decoder *d, uint32_t *out, uint32_t count, enum bl_wasm_code missing)
{
    const uint32_t start = d->cursor.at;
    if (!decode_u32(d, out))
        return false;
    return *out < count || bl_wasm_decoder_fail(d, missing, start);
}

static bool decode_name(struct bl_wasm_decoder *d, baals_slice *out, uint32_t limit)
{
    const uint32_t start = d->cursor.at;
    uint32_t len = 0;
    if (!decode_u32(d, &len))
        return false;
    if (len > limit)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_NAME_BYTES, start);
    if (len > decode_left(d))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UNEXPECTED_END, d->cursor.end);
    *out = bl_slice(d->cursor.bytes + d->cursor.at, len);
    if (!bl_wasm_utf8_valid(*out))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UTF8, d->cursor.at);
    d->cursor.at += len;
    d->module.work += len;
    return true;
}

/* ---- types ---- */

static bool decode_functype(struct bl_wasm_decoder *d, struct bl_wasm_functype *type)
{
    const uint32_t start = d->cursor.at;
    uint8_t form = 0;
    if (!decode_byte(d, &form))
        return false;
    if (form != 0x60) {
        const bool gc = form == 0x5f || form == 0x5e || (form >= 0x4d && form <= 0x50);
        return bl_wasm_decoder_fail(d, gc ? BL_WASM_CODE_GC : BL_WASM_CODE_TYPE_FORM, start);
    }
    if (!decode_count(d, &type->param_count, d->limits->params, BL_WASM_CODE_LIMIT_PARAMS))
        return false;
    type->params = d->cursor.bytes + d->cursor.at;
    uint8_t ignored = 0;
    for (uint32_t i = 0; i < type->param_count; i++) {
        if (!decode_check(d, bl_wasm_read_type(&ignored, &d->cursor)))
            return false;
    }
    uint32_t results = 0;
    if (!decode_count(d, &results, 1, BL_WASM_CODE_MULTI_VALUE))
        return false;
    type->result = BL_WASM_VOID;
    return results == 0 || decode_check(d, bl_wasm_read_type(&type->result, &d->cursor));
}

static bool decode_functype_equal(const struct bl_wasm_functype *a,
                                  const struct bl_wasm_functype *b)
{
    return a->result == b->result && a->param_count == b->param_count &&
           memcmp(a->params, b->params, a->param_count) == 0;
}

static uint32_t decode_functype_hash(const struct bl_wasm_functype *type)
{
    uint32_t hash = 2166136261u ^ type->result; /* FNV-1a */
    for (uint32_t i = 0; i < type->param_count; i++)
        hash = (hash ^ type->params[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* Gives each type the index of the first equal one: call_indirect compares structures. The table
 * only finds; what it answers does not depend on its order. */
static bool decode_canonical_types(struct bl_wasm_decoder *d, struct bl_wasm_functype *types)
{
    uint32_t slots = 4;
    while (slots < d->module.type_count * 2)
        slots *= 2;
    uint32_t *table = decode_alloc(d, slots, sizeof *table); /* index + 1; 0 is free */
    if (table == NULL)
        return false;
    for (uint32_t i = 0; i < d->module.type_count; i++) {
        uint32_t slot = decode_functype_hash(&types[i]) & (slots - 1);
        while (table[slot] != 0 && !decode_functype_equal(&types[table[slot] - 1], &types[i]))
            slot = (slot + 1) & (slots - 1);
        if (table[slot] == 0)
            table[slot] = i + 1;
        types[i].canonical = table[slot] - 1;
    }
    return true;
}

static bool decode_type_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->types, BL_WASM_CODE_LIMIT_TYPES))
        return false;
    struct bl_wasm_functype *types = decode_alloc(d, count, sizeof *types);
    if (types == NULL)
        return false;
    d->module.types = types;
    d->module.type_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_functype(d, &types[i]))
            return false;
    }
    return decode_canonical_types(d, types);
}

/* ---- imports ---- */

static bool decode_signature_matches(const struct bl_wasm_functype *type, const char *signature)
{
    uint32_t i = 0;
    for (; *signature != ':'; signature++, i++) {
        const uint8_t expected = *signature == 'i' ? BL_WASM_I32 : BL_WASM_I64;
        if (i >= type->param_count || type->params[i] != expected)
            return false;
    }
    const uint8_t result = signature[1] == 'i'   ? BL_WASM_I32
                           : signature[1] == 'l' ? BL_WASM_I64
                                                 : BL_WASM_VOID;
    return i == type->param_count && type->result == result;
}

static bool decode_import_spec(struct bl_wasm_decoder *d, struct bl_wasm_import *item, uint32_t at)
{
    const struct bl_wasm_imports *accepted = d->module.accepted;
    for (uint32_t i = 0; i < accepted->count; i++) {
        const struct bl_wasm_import_spec *spec = &accepted->specs[i];
        d->module.work++;
        if (!bl_slice_equal(item->name, bl_slice_str(spec->name)) ||
            !bl_slice_equal(item->module, bl_slice_str(spec->module)))
            continue;
        item->spec = i;
        if (!decode_signature_matches(&d->module.types[item->type], spec->signature))
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_IMPORT_SIGNATURE, at);
        return true;
    }
    return bl_wasm_decoder_fail(d, BL_WASM_CODE_IMPORT_UNKNOWN, at);
}

static bool decode_import(struct bl_wasm_decoder *d, struct bl_wasm_import *item)
{
    static const enum bl_wasm_code refused[] = {
        BL_WASM_CODE_IMPORT_TABLE, BL_WASM_CODE_IMPORT_MEMORY, BL_WASM_CODE_IMPORT_GLOBAL,
        BL_WASM_CODE_EXCEPTIONS};
    const uint32_t start = d->cursor.at;
    uint8_t kind = 0;
    if (!decode_name(d, &item->module, d->limits->name_bytes) ||
        !decode_name(d, &item->name, d->limits->name_bytes) || !decode_byte(d, &kind))
        return false;
    if (kind > BL_WASM_KIND_FUNCTION) {
        const bool known = kind <= BL_COUNT_OF(refused);
        return bl_wasm_decoder_fail(d, known ? refused[kind - 1] : BL_WASM_CODE_IMPORT_KIND, start);
    }
    return decode_index(d, &item->type, d->module.type_count, BL_WASM_CODE_TYPE_INDEX) &&
           decode_import_spec(d, item, start);
}

static bool decode_import_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->imports, BL_WASM_CODE_LIMIT_IMPORTS))
        return false;
    struct bl_wasm_import *imports = decode_alloc(d, count, sizeof *imports);
    if (imports == NULL)
        return false;
    d->module.imports = imports;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_import(d, &imports[i]))
            return false;
    }
    d->module.import_count = count;
    return true;
}

/* ---- functions, table, memory, globals ---- */

static bool decode_function_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->functions, BL_WASM_CODE_LIMIT_FUNCTIONS))
        return false;
    d->functions = decode_alloc(d, count, sizeof *d->functions);
    if (d->functions == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t start = d->cursor.at;
        uint32_t type = 0;
        if (!decode_index(d, &type, d->module.type_count, BL_WASM_CODE_TYPE_INDEX))
            return false;
        d->functions[i].type = type;
        d->params_sum += d->module.types[type].param_count;
        if (d->params_sum > d->limits->params_module)
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_PARAMS_MODULE, start);
    }
    d->module.functions = d->functions;
    d->module.function_count = count;
    return true;
}

/* The limits of a table or memory, both at most `most`, which also stands for no maximum. */
static bool
decode_limits(struct bl_wasm_decoder *d, uint32_t *min_out, uint32_t *max_out, uint32_t most)
{
    const uint32_t start = d->cursor.at;
    uint8_t flag = 0;
    if (!decode_byte(d, &flag))
        return false;
    if (flag > 1) {
        const enum bl_wasm_code code = flag <= 3   ? BL_WASM_CODE_ATOMICS
                                       : flag <= 7 ? BL_WASM_CODE_MEMORY64
                                                   : BL_WASM_CODE_LIMITS_FLAG;
        return bl_wasm_decoder_fail(d, code, start);
    }
    *max_out = most;
    if (!decode_u32(d, min_out) || (flag == 1 && !decode_u32(d, max_out)))
        return false;
    if (*min_out > most || *max_out > most)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_MEMORY_PAGES, start);
    return *min_out <= *max_out || bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMITS_ORDER, start);
}

static bool decode_table_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, 1, BL_WASM_CODE_MULTI_TABLE))
        return false;
    if (count == 0)
        return true;
    const uint32_t start = d->cursor.at;
    uint8_t type = 0;
    uint32_t max = 0;
    if (d->cursor.bytes[start] != 0x70) {
        /* 0x40 begins a table with an initial value. */
        if (d->cursor.bytes[start] == 0x40)
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_REFERENCE_TYPES, start);
        const enum bl_wasm_code code = bl_wasm_read_type(&type, &d->cursor);
        return bl_wasm_decoder_fail(d, code == BL_WASM_CODE_OK ? BL_WASM_CODE_VALUE_TYPE : code,
                                    start);
    }
    d->cursor.at++;
    const uint32_t limits = d->cursor.at;
    if (!decode_limits(d, &d->module.table_min, &max, UINT32_MAX))
        return false;
    if (d->module.table_min > d->limits->table)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_TABLE, limits);
    d->module.has_table = true;
    return true;
}

static bool decode_memory_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, 1, BL_WASM_CODE_MULTI_MEMORY))
        return false;
    if (count == 0)
        return true;
    const uint32_t start = d->cursor.at;
    uint32_t min = 0;
    uint32_t max = 0;
    if (!decode_limits(d, &min, &max, 65536))
        return false;
    if (min > d->limits->memory_initial)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_MEMORY, start);
    d->module.has_memory = true;
    d->module.memory_min = min;
    d->module.memory_max = max < d->limits->memory_max ? max : d->limits->memory_max;
    return true;
}

/* Why an instruction that is not i32.const, i64.const or the final end cannot stand in a constant
 * expression. */
static enum bl_wasm_code decode_constant_refusal(uint16_t op)
{
    switch (op) {
    case BL_WASM_OP_GLOBAL_GET:
    case BL_WASM_OP_I32_CONST:
    case BL_WASM_OP_I64_CONST:
    case BL_WASM_OP_I32_ADD:
    case BL_WASM_OP_I32_SUB:
    case BL_WASM_OP_I32_MUL:
    case BL_WASM_OP_I64_ADD:
    case BL_WASM_OP_I64_SUB:
    case BL_WASM_OP_I64_MUL:
        return BL_WASM_CODE_EXTENDED_CONST;
    default:
        return BL_WASM_CODE_CONSTANT_FORM;
    }
}

/* One i32.const or i64.const and an end. */
static bool decode_constant(struct bl_wasm_decoder *d, uint8_t type, int64_t *out)
{
    const uint16_t expected = type == BL_WASM_I32 ? BL_WASM_OP_I32_CONST : BL_WASM_OP_I64_CONST;
    struct bl_wasm_instruction instruction;
    if (!decode_check(d, bl_wasm_read_instruction(&instruction, &d->cursor)))
        return false;
    const bool constant =
        instruction.op == BL_WASM_OP_I32_CONST || instruction.op == BL_WASM_OP_I64_CONST;
    if (instruction.op == BL_WASM_OP_END || (constant && instruction.op != expected))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_CONSTANT_TYPE, instruction.offset);
    if (!constant)
        return bl_wasm_decoder_fail(d, decode_constant_refusal(instruction.op), instruction.offset);
    *out = instruction.value;
    if (!decode_check(d, bl_wasm_read_instruction(&instruction, &d->cursor)))
        return false;
    if (instruction.op != BL_WASM_OP_END)
        return bl_wasm_decoder_fail(d, decode_constant_refusal(instruction.op), instruction.offset);
    return true;
}

static bool decode_global_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->globals, BL_WASM_CODE_LIMIT_GLOBALS))
        return false;
    struct bl_wasm_global *globals = decode_alloc(d, count, sizeof *globals);
    if (globals == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_check(d, bl_wasm_read_type(&globals[i].type, &d->cursor)))
            return false;
        const uint32_t start = d->cursor.at;
        uint8_t flag = 0;
        if (!decode_byte(d, &flag))
            return false;
        if (flag > 1)
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_MUTABILITY, start);
        globals[i].mutable_ = flag == 1;
        if (!decode_constant(d, globals[i].type, &globals[i].init))
            return false;
    }
    d->module.globals = globals;
    d->module.global_count = count;
    return true;
}

/* ---- exports and start ---- */

static uint32_t decode_function_total(const struct bl_wasm_decoder *d)
{
    return d->module.import_count + d->module.function_count;
}

static bool decode_export_index(struct bl_wasm_decoder *d, struct bl_wasm_export *item)
{
    switch ((enum bl_wasm_kind)item->kind) {
    case BL_WASM_KIND_FUNCTION:
        return decode_index(d, &item->index, decode_function_total(d), BL_WASM_CODE_FUNCTION_INDEX);
    case BL_WASM_KIND_TABLE:
        return decode_index(d, &item->index, d->module.has_table ? 1 : 0, BL_WASM_CODE_TABLE_INDEX);
    case BL_WASM_KIND_MEMORY:
        return decode_index(d, &item->index, d->module.has_memory ? 1 : 0,
                            BL_WASM_CODE_MEMORY_INDEX);
    case BL_WASM_KIND_GLOBAL:
        return decode_index(d, &item->index, d->module.global_count, BL_WASM_CODE_GLOBAL_INDEX);
    }
    return false;
}

static bool decode_export(struct bl_wasm_decoder *d, struct bl_wasm_export *item)
{
    const bool input = d->module.profile == BL_WASM_INPUT;
    const uint32_t start = d->cursor.at;
    if (!decode_name(d, &item->name, d->limits->name_bytes))
        return false;
    if (input && bl_slice_has_prefix(item->name, bl_slice_str("baals")))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_EXPORT_RESERVED, start);
    const uint32_t kind_at = d->cursor.at;
    if (!decode_byte(d, &item->kind))
        return false;
    if (item->kind > BL_WASM_KIND_GLOBAL) {
        return bl_wasm_decoder_fail(
            d, item->kind == 4 ? BL_WASM_CODE_EXCEPTIONS : BL_WASM_CODE_EXPORT_KIND, kind_at);
    }
    if (!decode_export_index(d, item))
        return false;
    if (input && item->kind == BL_WASM_KIND_GLOBAL && d->module.globals[item->index].mutable_)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_EXPORT_MUTABLE_GLOBAL, start);
    for (uint32_t i = 0; i < d->module.export_count; i++) {
        if (bl_slice_equal(d->module.exports[i].name, item->name))
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_EXPORT_DUPLICATE, start);
    }
    d->module.export_count++;
    return true;
}

static bool decode_export_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->exports, BL_WASM_CODE_LIMIT_EXPORTS))
        return false;
    struct bl_wasm_export *exports = decode_alloc(d, count, sizeof *exports);
    if (exports == NULL)
        return false;
    d->module.exports = exports;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_export(d, &exports[i]))
            return false;
    }
    return true;
}

static bool decode_start_section(struct bl_wasm_decoder *d)
{
    const uint32_t start = d->cursor.at;
    if (!decode_index(d, &d->module.start, decode_function_total(d), BL_WASM_CODE_FUNCTION_INDEX))
        return false;
    const struct bl_wasm_functype *type = bl_wasm_function_type(&d->module, d->module.start);
    if (type->param_count != 0 || type->result != BL_WASM_VOID)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_START_TYPE, start);
    return true;
}

/* ---- segments ---- */

/* The flag of an element segment. Only active segments of function indices are accepted: 0, and 2
 * with an explicit table and kind. */
static bool decode_element_flag(struct bl_wasm_decoder *d, uint32_t *flag_out)
{
    static const enum bl_wasm_code refused[8] = {BL_WASM_CODE_OK,
                                                 BL_WASM_CODE_PASSIVE_ELEMENT,
                                                 BL_WASM_CODE_OK,
                                                 BL_WASM_CODE_DECLARATIVE_ELEMENT,
                                                 BL_WASM_CODE_REFERENCE_TYPES,
                                                 BL_WASM_CODE_PASSIVE_ELEMENT,
                                                 BL_WASM_CODE_REFERENCE_TYPES,
                                                 BL_WASM_CODE_DECLARATIVE_ELEMENT};
    const uint32_t start = d->cursor.at;
    if (!decode_u32(d, flag_out))
        return false;
    const enum bl_wasm_code code =
        *flag_out < BL_COUNT_OF(refused) ? refused[*flag_out] : BL_WASM_CODE_ELEMENT_FLAG;
    return code == BL_WASM_CODE_OK || bl_wasm_decoder_fail(d, code, start);
}

static bool decode_element(struct bl_wasm_decoder *d, struct bl_wasm_element *item, uint32_t left)
{
    const uint32_t start = d->cursor.at;
    uint32_t flag = 0;
    uint32_t table = 0;
    int64_t offset = 0;
    if (!decode_element_flag(d, &flag) || (flag == 2 && !decode_u32(d, &table)))
        return false;
    if (table != 0 || !d->module.has_table)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_TABLE_INDEX, start);
    if (!decode_constant(d, BL_WASM_I32, &offset))
        return false;
    const uint32_t kind_at = d->cursor.at;
    uint8_t kind = 0;
    if (flag == 2 && !decode_byte(d, &kind))
        return false;
    if (kind != 0)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_ELEMENT_FLAG, kind_at);
    if (!decode_count(d, &item->count, left, BL_WASM_CODE_LIMIT_ELEMENTS))
        return false;
    uint32_t *functions = decode_alloc(d, item->count, sizeof *functions);
    if (functions == NULL)
        return false;
    for (uint32_t i = 0; i < item->count; i++) {
        if (!decode_index(d, &functions[i], decode_function_total(d), BL_WASM_CODE_FUNCTION_INDEX))
            return false;
    }
    item->offset = (uint32_t)offset;
    item->functions = functions;
    if ((uint64_t)item->offset + item->count > d->module.table_min)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_ELEMENT_BOUNDS, start);
    return true;
}

static bool decode_element_section(struct bl_wasm_decoder *d)
{
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->element_segments, BL_WASM_CODE_LIMIT_ELEMENT_SEGMENTS))
        return false;
    struct bl_wasm_element *elements = decode_alloc(d, count, sizeof *elements);
    if (elements == NULL)
        return false;
    uint32_t left = d->limits->elements;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_element(d, &elements[i], left))
            return false;
        left -= elements[i].count;
    }
    d->module.elements = elements;
    d->module.element_count = count;
    return true;
}

static bool decode_data_count_section(struct bl_wasm_decoder *d)
{
    const uint32_t start = d->cursor.at;
    if (!decode_u32(d, &d->module.data_count))
        return false;
    if (d->module.data_count > d->limits->data_segments)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_DATA_SEGMENTS, start);
    d->module.has_data_count = true;
    return true;
}

static bool decode_data(struct bl_wasm_decoder *d, struct bl_wasm_data *item)
{
    const uint32_t start = d->cursor.at;
    uint32_t flag = 0;
    uint32_t memory = 0;
    int64_t offset = 0;
    if (!decode_u32(d, &flag))
        return false;
    if (flag > 2)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_DATA_FLAG, start);
    if (flag == 2 && !decode_u32(d, &memory))
        return false;
    item->active = flag != 1;
    if (item->active && (memory != 0 || !d->module.has_memory))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_MEMORY_INDEX, start);
    if (item->active && !decode_constant(d, BL_WASM_I32, &offset))
        return false;
    uint32_t len = 0;
    if (!decode_u32(d, &len))
        return false;
    if (len > decode_left(d))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UNEXPECTED_END, d->cursor.end);
    item->offset = (uint32_t)offset;
    item->bytes = bl_slice(d->cursor.bytes + d->cursor.at, len);
    d->cursor.at += len;
    if (!item->active)
        return true;
    d->module.active_data_bytes += len;
    if ((uint64_t)item->offset + len > (uint64_t)d->module.memory_min * 65536)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_DATA_BOUNDS, start);
    return true;
}

static bool decode_data_section(struct bl_wasm_decoder *d)
{
    const uint32_t start = d->cursor.at;
    uint32_t count = 0;
    if (!decode_count(d, &count, d->limits->data_segments, BL_WASM_CODE_LIMIT_DATA_SEGMENTS))
        return false;
    if (d->module.has_data_count && count != d->module.data_count)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_DATA_COUNT, start);
    struct bl_wasm_data *data = decode_alloc(d, count, sizeof *data);
    if (data == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_data(d, &data[i]))
            return false;
    }
    d->module.data = data;
    d->module.data_count = count;
    return true;
}

/* ---- code ---- */

static bool decode_body(struct bl_wasm_decoder *d, uint32_t index)
{
    d->fault.function_index = d->module.import_count + index;
    const uint32_t start = d->cursor.at;
    uint32_t size = 0;
    if (!decode_u32(d, &size))
        return false;
    if (size > d->limits->body_bytes)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_BODY_BYTES, start);
    if (size > decode_left(d))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UNEXPECTED_END, d->cursor.end);
    const uint32_t end = d->cursor.end;
    d->cursor.end = d->cursor.at + size;
    if (!bl_wasm_validate_body(d, &d->functions[index]))
        return false;
    d->cursor.end = end;
    d->fault.function_index = BL_WASM_NONE;
    return true;
}

/* Scratch that every body uses. */
static bool decode_code_scratch(struct bl_wasm_decoder *d)
{
    d->operands = decode_alloc(d, d->limits->operands, 1);
    d->local_types = decode_alloc(d, d->limits->params + d->limits->locals, 1);
    d->frames = decode_alloc(d, d->limits->nesting + 1, sizeof *d->frames);
    return d->operands != NULL && d->local_types != NULL && d->frames != NULL;
}

static bool decode_code_section(struct bl_wasm_decoder *d)
{
    const uint32_t start = d->cursor.at;
    uint32_t count = 0;
    if (!decode_u32(d, &count))
        return false;
    if (count != d->module.function_count)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_BODY_COUNT, start);
    if (count > d->limits->average_body_functions &&
        decode_left(d) < (uint64_t)count * d->limits->average_body_bytes)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_AVERAGE_BODY, start);
    if (!decode_code_scratch(d))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!decode_body(d, i))
            return false;
    }
    return true;
}

/* ---- the module ---- */

static bool decode_custom_section(struct bl_wasm_decoder *d, struct bl_wasm_custom *customs)
{
    const uint32_t start = d->cursor.at;
    if (d->module.custom_count >= d->limits->custom_sections)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_CUSTOM_SECTIONS, start);
    struct bl_wasm_custom *item = &customs[d->module.custom_count];
    if (!decode_name(d, &item->name, UINT32_MAX))
        return false;
    item->bytes = bl_slice(d->cursor.bytes + d->cursor.at, decode_left(d));
    d->cursor.at = d->cursor.end;
    d->module.custom_count++;
    return true;
}

static bool decode_section_content(struct bl_wasm_decoder *d, uint8_t id)
{
    switch (id) {
    case SECTION_TYPE:
        return decode_type_section(d);
    case SECTION_IMPORT:
        return decode_import_section(d);
    case SECTION_FUNCTION:
        return decode_function_section(d);
    case SECTION_TABLE:
        return decode_table_section(d);
    case SECTION_MEMORY:
        return decode_memory_section(d);
    case SECTION_GLOBAL:
        return decode_global_section(d);
    case SECTION_EXPORT:
        return decode_export_section(d);
    case SECTION_START:
        return decode_start_section(d);
    case SECTION_ELEMENT:
        return decode_element_section(d);
    case SECTION_DATA_COUNT:
        return decode_data_count_section(d);
    case SECTION_CODE:
        return decode_code_section(d);
    default:
        return decode_data_section(d);
    }
}

/* Where a section stands: data count comes before code, whatever its number. */
static unsigned decode_section_rank(uint8_t id)
{
    switch (id) {
    case SECTION_DATA_COUNT:
        return 10;
    case SECTION_CODE:
        return 11;
    case SECTION_DATA:
        return 12;
    default:
        return id;
    }
}

static bool
decode_section(struct bl_wasm_decoder *d, struct bl_wasm_custom *customs, unsigned *rank)
{
    const uint32_t start = d->cursor.at;
    const uint32_t end = d->cursor.end;
    uint8_t id = 0;
    uint32_t size = 0;
    if (!decode_byte(d, &id))
        return false;
    if (id >= SECTION_TAG) {
        return bl_wasm_decoder_fail(
            d, id == SECTION_TAG ? BL_WASM_CODE_EXCEPTIONS : BL_WASM_CODE_SECTION_ID, start);
    }
    if (!decode_u32(d, &size))
        return false;
    if (size > decode_left(d))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_UNEXPECTED_END, end);
    if (id != SECTION_CUSTOM) {
        if (decode_section_rank(id) <= *rank)
            return bl_wasm_decoder_fail(d, BL_WASM_CODE_SECTION_ORDER, start);
        *rank = decode_section_rank(id);
    }
    d->cursor.end = d->cursor.at + size;
    if (!(id == SECTION_CUSTOM ? decode_custom_section(d, customs) : decode_section_content(d, id)))
        return false;
    if (d->cursor.at != d->cursor.end)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_SECTION_SIZE, d->cursor.at);
    d->cursor.end = end;
    d->module.work++;
    return true;
}

/* What can only be known when no section follows. `rank` is that of the last one. */
static bool decode_finish(struct bl_wasm_decoder *d, unsigned rank)
{
    const bool has_code = d->module.function_count == 0 || d->functions[0].code_len > 0;
    if (!has_code)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_BODY_COUNT, d->cursor.at);
    if (d->module.data_count > 0 && rank < decode_section_rank(SECTION_DATA))
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_DATA_COUNT, d->cursor.at);
    if (d->module.profile == BL_WASM_INPUT && !d->module.has_memory)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_NO_MEMORY, d->cursor.at);
    return true;
}

static bool decode_module(struct bl_wasm_decoder *d)
{
    static const uint8_t magic[4] = {0x00, 0x61, 0x73, 0x6d};
    static const uint8_t version[4] = {0x01, 0x00, 0x00, 0x00};
    const baals_slice bytes = d->module.bytes;
    if (bytes.len > d->limits->module_bytes)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_LIMIT_MODULE_BYTES, 0);
    d->cursor = (struct bl_wasm_cursor){.bytes = bytes.data, .end = (uint32_t)bytes.len};
    if (bytes.len < sizeof magic || memcmp(bytes.data, magic, sizeof magic) != 0)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_MAGIC, 0);
    if (bytes.len < 8 || memcmp(bytes.data + 4, version, sizeof version) != 0)
        return bl_wasm_decoder_fail(d, BL_WASM_CODE_VERSION, 4);
    d->cursor.at = 8;
    struct bl_wasm_custom *customs = decode_alloc(d, d->limits->custom_sections, sizeof *customs);
    if (customs == NULL)
        return false;
    d->module.customs = customs;
    unsigned rank = 0;
    while (d->cursor.at < d->cursor.end) {
        if (!decode_section(d, customs, &rank))
            return false;
    }
    return decode_finish(d, rank);
}

baals_status bl_wasm_decode(const struct bl_wasm_module **out,
                            struct bl_arena *arena,
                            baals_slice bytes,
                            const struct bl_wasm_options *options,
                            struct bl_wasm_error *where,
                            baals_error *err)
{
    struct bl_wasm_decoder *d = bl_arena_zero(arena, 1, sizeof *d);
    if (d == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to decode a module");
    d->arena = arena;
    d->limits = bl_wasm_limits_get(options->limits_version, options->profile);
    if (d->limits == NULL) {
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "unknown version %u of the WebAssembly limits", options->limits_version);
    }
    d->fault.function_index = BL_WASM_NONE;
    d->fault.opcode = BL_WASM_NO_OPCODE;
    d->module.bytes = bytes;
    d->module.profile = options->profile;
    d->module.limits_version = options->limits_version;
    d->module.accepted = options->imports;
    d->module.start = BL_WASM_NONE;
    if (!decode_module(d)) {
        if (d->out_of_memory)
            return bl_fail(err, BAALS_NOMEM, "no memory to decode a module");
        if (d->fault.code == BL_WASM_CODE_FLOAT && d->fault.opcode == BL_WASM_NO_OPCODE)
            (void)bl_wasm_explain_float(&d->fault, bytes);
        if (where != NULL)
            *where = d->fault;
        return bl_wasm_explain_fault(&d->fault, bytes, err);
    }
    *out = &d->module;
    return BAALS_OK;
}
