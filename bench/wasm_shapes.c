/* SPDX-License-Identifier: MIT */
/*
 * A shape is a unit of code that is repeated: within bodies, and in as many bodies as fit. Its
 * limits say how often.
 */
#include "wasm_shapes.h"

#include <string.h>

#define SHAPES_BYTES_MAX (1024u * 1024u)
#define SHAPES_BODY_MAX 190000u
#define SHAPES_TABLE_LABELS 1024u
/* Adds 1 to a local; to eight of them. */
#define SHAPES_STEP(local) "20" local "42017c21" local
#define SHAPES_STEPS                                                                               \
    SHAPES_STEP("00")                                                                              \
    SHAPES_STEP("01")                                                                              \
    SHAPES_STEP("02")                                                                              \
    SHAPES_STEP("03") SHAPES_STEP("04") SHAPES_STEP("05") SHAPES_STEP("06") SHAPES_STEP("07")

struct shape {
    const char *name;
    const char *locals; /* hex: the runs of locals of a body, their number first; NULL: none */
    uint32_t runs;      /* that many runs of no locals instead */
    const char *open;   /* hex, `depth` times before the units, each closed by an `end` behind */
    uint32_t depth;
    const char *unit;    /* hex */
    uint32_t labels;     /* zero bytes behind the unit: the labels of a br_table and its default */
    uint32_t units_body; /* most units of a body; 0: as many as fit */
    uint32_t units_module; /* the same of a module of 1 MiB, of others in proportion */
    const char *close;     /* hex, behind the units */
    uint32_t bodies;       /* most bodies */
    uint32_t types;        /* of 32 parameters, all different; in proportion as well */
};

static const struct shape shapes[] = {
    {.name = "nops", .unit = "01", .bodies = 1000},
    {.name = "small functions", .unit = "01", .units_body = 100, .bodies = 9900},
    {.name = "tiny functions", .unit = "01", .units_body = 14, .bodies = 9900},
    {.name = "constants", .unit = "41001a", .bodies = 1000},
    {.name = "wide constants", .unit = "4280808080808080c0001a", .bodies = 1000},
    {.name = "arithmetic", .unit = "200020016a22001a", .locals = "01027f", .bodies = 1000},
    {.name = "loads and stores", .unit = "41004100280200360200", .bodies = 1000},
    {.name = "globals", .unit = "23001a", .bodies = 1000},
    {.name = "calls", .unit = "1000", .bodies = 1000},
    {.name = "indirect calls", .unit = "4100110000", .bodies = 1000},
    {.name = "bulk", .unit = "410041004100fc0b00", .bodies = 1000},
    {.name = "operands", .unit = "4100", .units_body = 1000, .close = "00", .bodies = 900},
    {.name = "nested blocks",
     .open = "0240",
     .depth = 500,
     .unit = "41000d0a",
     .units_body = 4000,
     .units_module = 40000,
     .bodies = 90},
    {.name = "blocks in a row",
     .unit = "02400b",
     .units_body = 4900,
     .units_module = 49000,
     .bodies = 1000},
    {.name = "loops in a row",
     .unit = "03400b",
     .units_body = 4900,
     .units_module = 24000,
     .bodies = 1000},
    {.name = "ifs",
     .unit = "41000440050b",
     .units_body = 1600,
     .units_module = 16000,
     .bodies = 1000},
    {.name = "branches to the outermost",
     .open = "0240",
     .depth = 400,
     .unit = "41000d9003",
     .units_body = 4000,
     .units_module = 30000,
     .bodies = 40},
    {.name = "branch tables",
     .open = "0240",
     .depth = 1,
     .unit = "0b024041000e8008",
     .labels = SHAPES_TABLE_LABELS + 1,
     .units_body = 180,
     .bodies = 1000},
    {.name = "branch tables and locals",
     .locals = "01087e",
     .open = "0240",
     .depth = 1,
     .unit = "0b0340" SHAPES_STEPS "23000e8008",
     .labels = SHAPES_TABLE_LABELS + 1,
     .units_body = 170,
     .bodies = 1000},
    {.name = "loops and locals",
     .locals = "01087e",
     .unit = "0340034003400340" SHAPES_STEPS "23000d000b23000d000b23000d000b23000d000b",
     .units_body = 400,
     .units_module = 4000,
     .bodies = 1000},
    {.name = "dead code", .open = "024000", .depth = 1, .unit = "1a", .bodies = 1000},
    {.name = "locals", .locals = "01f4037e", .unit = "20007a1a", .units_body = 100, .bodies = 99},
    {.name = "runs of no locals", .runs = 90000, .unit = "01", .units_body = 1, .bodies = 1000},
    {.name = "types", .types = 1000, .unit = "01", .bodies = 1000},
};
const size_t bl_wasm_shape_count = BL_COUNT_OF(shapes);

const char *bl_wasm_shape_name(size_t shape)
{
    BL_ASSERT(shape < BL_COUNT_OF(shapes));
    return shapes[shape].name;
}

static void shape_u32(struct bl_buffer *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        bl_buffer_append_u8(out, (uint8_t)(value | 0x80));
    bl_buffer_append_u8(out, (uint8_t)value);
}

static uint8_t shape_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void shape_hex(struct bl_buffer *out, const char *hex)
{
    for (; hex != NULL && *hex != '\0'; hex += 2)
        bl_buffer_append_u8(out, (uint8_t)(shape_digit(hex[0]) << 4 | shape_digit(hex[1])));
}

static void shape_repeat(struct bl_buffer *out, const char *hex, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        shape_hex(out, hex);
}

static void shape_section(struct bl_buffer *out, uint8_t id, struct bl_buffer *part)
{
    bl_buffer_append_u8(out, id);
    shape_u32(out, (uint32_t)part->len);
    bl_buffer_append(out, part->data, part->len);
    bl_buffer_clear(part);
}

/* One body with as many units as the shape and `room` allow; returns their number. */
static uint32_t
shape_body(struct bl_buffer *out, const struct shape *shape, size_t room, uint32_t units_left)
{
    struct bl_buffer body;
    uint32_t units = 0;
    uint32_t most = shape->units_body != 0 ? shape->units_body : UINT32_MAX;
    if (room > SHAPES_BODY_MAX)
        room = SHAPES_BODY_MAX;
    bl_buffer_init(&body, bl_alloc_system(), (size_t)1024 * 1024);
    if (shape->locals != NULL) {
        shape_hex(&body, shape->locals);
    } else {
        uint32_t runs = shape->runs < room / 2 - 64 ? shape->runs : (uint32_t)(room / 2 - 64);
        shape_u32(&body, runs);
        shape_repeat(&body, "007f", runs);
    }
    shape_repeat(&body, shape->open, shape->depth);
    size_t unit = (shape->unit != NULL ? strlen(shape->unit) / 2 : 0) + shape->labels;
    while (units < most && units < units_left && body.len + unit + shape->depth + 64 <= room) {
        shape_hex(&body, shape->unit);
        shape_repeat(&body, "00", shape->labels);
        units++;
    }
    shape_hex(&body, shape->close);
    shape_repeat(&body, "0b", shape->depth + 1);
    shape_u32(out, (uint32_t)body.len);
    bl_buffer_append(out, body.data, body.len);
    bl_buffer_deinit(&body);
    return units;
}

/* The bodies of the module; returns their number. */
static uint32_t shape_bodies(struct bl_buffer *code, const struct shape *shape, size_t bytes)
{
    static const struct shape filler = {.unit = "01", .bodies = 1};
    uint32_t count = 0;
    uint32_t units_left = UINT32_MAX;
    if (shape->units_module != 0)
        units_left = (uint32_t)((uint64_t)shape->units_module * bytes / SHAPES_BYTES_MAX);
    size_t smallest = (size_t)shape->depth * 3 + shape->labels + 128;
    while (count < shape->bodies && units_left > 0 && code->len + smallest < bytes) {
        units_left -= shape_body(code, shape, bytes - code->len, units_left);
        count++;
    }
    while (code->len + 256 < bytes) {
        (void)shape_body(code, &filler, bytes - code->len, UINT32_MAX);
        count++;
    }
    return count;
}

/* () -> (), and then the shape's own: the parameters of type i are the bits of i, so that comparing
 * two types takes long. */
static void shape_types(struct bl_buffer *out, uint32_t more)
{
    shape_u32(out, 1 + more);
    shape_hex(out, "600000");
    for (uint32_t i = 0; i < more; i++) {
        shape_hex(out, "6020");
        for (uint32_t bit = 0; bit < 32; bit++)
            bl_buffer_append_u8(out, (i >> (31 - bit) & 1u) != 0 ? 0x7e : 0x7f);
        bl_buffer_append_u8(out, 0);
    }
}

void bl_wasm_shape_write(struct bl_buffer *out, size_t shape, size_t bytes)
{
    BL_ASSERT(shape < BL_COUNT_OF(shapes) && bytes >= 4096);
    const struct shape *it = &shapes[shape];
    struct bl_buffer part;
    struct bl_buffer code;
    bl_buffer_init(&part, bl_alloc_system(), (size_t)2 * 1024 * 1024);
    bl_buffer_init(&code, bl_alloc_system(), (size_t)2 * 1024 * 1024);
    uint32_t types = (uint32_t)((uint64_t)it->types * bytes / SHAPES_BYTES_MAX);
    size_t other = 128 + (size_t)types * 36;
    other += it->bodies < bytes / 16 ? it->bodies : bytes / 16;
    uint32_t count = shape_bodies(&code, it, bytes - other);
    bl_buffer_append(out, "\0asm\1\0\0\0", 8);
    shape_types(&part, types);
    shape_section(out, 1, &part);
    shape_u32(&part, count);
    shape_repeat(&part, "00", count);
    shape_section(out, 3, &part);
    shape_hex(&part, "01700008");
    shape_section(out, 4, &part);
    shape_hex(&part, "010001");
    shape_section(out, 5, &part);
    shape_hex(&part, "017f0141000b");
    shape_section(out, 6, &part);
    shape_u32(&part, count);
    bl_buffer_append(&part, code.data, code.len);
    shape_section(out, 10, &part);
    bl_buffer_deinit(&part);
    bl_buffer_deinit(&code);
}
