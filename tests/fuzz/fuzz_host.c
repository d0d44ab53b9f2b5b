/* SPDX-License-Identifier: MIT */
/*
 * Bytes as calls of host functions: each becomes a call in a module, with pointers, lengths and
 * numbers that are often at the edge or beyond it, over memory that holds the bytes themselves. No
 * crash, the same result twice, and what is executed first never costs more than all of it.
 */
#include <stdlib.h>
#include <string.h>

#include "contracts/contracts.h"
#include "contracts/host.h"
#include "crypto/crypto.h"
#include "fake_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CALLS_MAX 8u /* with those of one nested contract: what the fake host has room for */
#define FUZZ_IMPORTS 60u  /* of one module, which cannot have them all */
#define FUZZ_GAS ((uint64_t)50 * 1000 * 1000)
#define FUZZ_CODE_MAX 8192u
#define FUZZ_INPUT_AT 512u
#define FUZZ_INPUT_MAX 2048u

/* A module under construction. */
struct fuzz_code {
    uint8_t bytes[FUZZ_CODE_MAX];
    size_t len;
};

/* What is left of the input. */
struct fuzz_input {
    const struct bl_wasm_import_spec *imports; /* FUZZ_IMPORTS of them */
    const uint8_t *data;
    size_t size;
};

/* "init", "migrate" and "m" of a module that does nothing. */
static const uint8_t fuzz_tiny[] = {
    0,   'a', 's', 'm', 1,   0, 0,  0, 1,   4,   1,   0x60, 0,   0, 3, 2, 1,    0,
    5,   3,   1,   0,   1,   7, 22, 3, 4,   'i', 'n', 'i',  't', 0, 0, 7, 'm',  'i',
    'g', 'r', 'a', 't', 'e', 0, 0,  1, 'm', 0,   0,   10,   4,   1, 2, 0, 0x0b,
};

static void fuzz_byte(struct fuzz_code *code, uint8_t byte)
{
    BL_ASSERT(code->len < FUZZ_CODE_MAX);
    code->bytes[code->len++] = byte;
}

static void fuzz_bytes(struct fuzz_code *code, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fuzz_byte(code, ((const uint8_t *)bytes)[i]);
}

/* In two bytes, so that sizes can be filled in afterwards. */
static void fuzz_size_put(struct fuzz_code *code, size_t at, size_t value)
{
    BL_ASSERT(value < 16384);
    code->bytes[at] = (uint8_t)(0x80 | (value & 0x7f));
    code->bytes[at + 1] = (uint8_t)(value >> 7);
}

static void fuzz_size(struct fuzz_code *code, size_t value)
{
    code->len += 2;
    BL_ASSERT(code->len <= FUZZ_CODE_MAX);
    fuzz_size_put(code, code->len - 2, value);
}

/* A section up to fuzz_end; returns where its size stands. */
static size_t fuzz_begin(struct fuzz_code *code, uint8_t id)
{
    fuzz_byte(code, id);
    fuzz_size(code, 0);
    return code->len - 2;
}

static void fuzz_end(struct fuzz_code *code, size_t at)
{
    fuzz_size_put(code, at, code->len - at - 2);
}

static void fuzz_signed(struct fuzz_code *code, int64_t value)
{
    for (;;) {
        uint8_t byte = (uint8_t)((uint64_t)value & 0x7f);
        value = value < 0 ? -1 - ((-1 - value) >> 7) : value >> 7;
        bool last = (value == 0 && (byte & 0x40) == 0) || (value == -1 && (byte & 0x40) != 0);
        fuzz_byte(code, last ? byte : (uint8_t)(byte | 0x80));
        if (last)
            return;
    }
}

static uint8_t fuzz_take(struct fuzz_input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static int64_t fuzz_number(struct fuzz_input *input)
{
    static const int64_t numbers[] = {
        0,     1,     32,         64,         96,        FUZZ_INPUT_AT, 65504, 65535,
        65536, 65537, 0x7fffffff, 0x80000000, INT64_MAX, INT64_MIN,     -1,    -32,
    };
    uint8_t kind = fuzz_take(input);
    if (kind < 128)
        return numbers[kind % BL_COUNT_OF(numbers)];
    if (kind < 192)
        return (int64_t)(kind - 128);
    if (kind < 224)
        return (int64_t)(FUZZ_INPUT_AT + fuzz_take(input));
    return (int64_t)(fuzz_take(input) | fuzz_take(input) << 8);
}

static void fuzz_call(struct fuzz_code *code, struct fuzz_input *input)
{
    uint32_t index = fuzz_take(input) % FUZZ_IMPORTS;
    const char *type = input->imports[index].signature;
    for (; *type != ':'; type++) {
        int64_t value = fuzz_number(input);
        fuzz_byte(code, *type == 'l' ? 0x42 : 0x41);
        fuzz_signed(code, *type == 'l' ? value : (int64_t)(int32_t)(uint32_t)value);
    }
    fuzz_byte(code, 0x10);
    fuzz_size(code, index);
    if (type[1] != '\0')
        fuzz_byte(code, 0x1a);
}

static void fuzz_types(struct fuzz_code *code, const struct bl_wasm_import_spec *imports)
{
    size_t at = fuzz_begin(code, 1);
    fuzz_size(code, FUZZ_IMPORTS + 1);
    for (uint32_t i = 0; i < FUZZ_IMPORTS; i++) {
        const char *type = imports[i].signature;
        const char *colon = strchr(type, ':');
        fuzz_byte(code, 0x60);
        fuzz_size(code, (size_t)(colon - type));
        for (; type < colon; type++)
            fuzz_byte(code, *type == 'l' ? BL_WASM_I64 : BL_WASM_I32);
        fuzz_byte(code, colon[1] != '\0');
        if (colon[1] != '\0')
            fuzz_byte(code, colon[1] == 'l' ? BL_WASM_I64 : BL_WASM_I32);
    }
    fuzz_bytes(code, "\x60\x00\x00", 3);
    fuzz_end(code, at);
    at = fuzz_begin(code, 2);
    fuzz_size(code, FUZZ_IMPORTS);
    for (uint32_t i = 0; i < FUZZ_IMPORTS; i++) {
        const struct bl_wasm_import_spec *spec = &imports[i];
        fuzz_size(code, strlen(spec->module));
        fuzz_bytes(code, spec->module, strlen(spec->module));
        fuzz_size(code, strlen(spec->name));
        fuzz_bytes(code, spec->name, strlen(spec->name));
        fuzz_byte(code, 0);
        fuzz_size(code, i);
    }
    fuzz_end(code, at);
}

/* Memory: the other contract, this one, "m", the hash of the tiny module, the input. */
static void fuzz_memory(struct fuzz_code *code, baals_slice input)
{
    uint8_t bytes[FUZZ_INPUT_AT] = {0};
    baals_hash hash;
    memset(bytes, 0xbb, 32);
    memset(bytes + 32, 0xaa, 32);
    bytes[64] = 'm';
    bl_sha256(&hash, bl_slice(fuzz_tiny, sizeof fuzz_tiny));
    memcpy(bytes + 96, hash.bytes, sizeof hash.bytes);
    size_t len = input.len < FUZZ_INPUT_MAX ? input.len : FUZZ_INPUT_MAX;
    size_t at = fuzz_begin(code, 11);
    fuzz_bytes(code, "\x01\x00\x41\x00\x0b", 5);
    fuzz_size(code, sizeof bytes + len);
    fuzz_bytes(code, bytes, sizeof bytes);
    fuzz_bytes(code, input.data, len);
    fuzz_end(code, at);
}

/* The module whose method "m" makes the first `calls` calls of the input. */
static void fuzz_module(struct fuzz_code *code, baals_slice bytes, uint32_t calls)
{
    const struct bl_wasm_imports *imports = &bl_host_imports()[1];
    struct fuzz_input input = {imports->specs, bytes.data, bytes.len};
    input.imports += fuzz_take(&input) % (imports->count - FUZZ_IMPORTS + 1);
    code->len = 0;
    fuzz_bytes(code, "\0asm\1\0\0\0", 8);
    fuzz_types(code, input.imports);
    size_t at = fuzz_begin(code, 3);
    fuzz_byte(code, 1);
    fuzz_size(code, FUZZ_IMPORTS);
    fuzz_end(code, at);
    fuzz_bytes(code, "\x05\x03\x01\x00\x01", 5);
    at = fuzz_begin(code, 7);
    fuzz_bytes(code, "\x01\x01m\x00", 4);
    fuzz_size(code, FUZZ_IMPORTS);
    fuzz_end(code, at);
    at = fuzz_begin(code, 10);
    fuzz_byte(code, 1);
    fuzz_size(code, 0);
    size_t body = code->len - 2;
    fuzz_byte(code, 0);
    for (uint32_t i = 0; i < calls && input.size > 0; i++)
        fuzz_call(code, &input);
    fuzz_byte(code, 0x0b);
    fuzz_end(code, body);
    fuzz_end(code, at);
    fuzz_memory(code, bytes);
}

/* What one run came to. */
struct fuzz_result {
    baals_receipt_status status;
    baals_status trap;
    uint64_t gas;
};

static struct fuzz_result
fuzz_run(baals_contract_engine *engine, const struct fuzz_code *code, baals_slice bytes)
{
    struct fake_host *host = calloc(1, sizeof *host);
    baals_execution_result result;
    baals_error err = {.status = BAALS_OK};
    BL_ASSERT(host != NULL);
    memset(&result, 0, sizeof result);
    fake_host_init(host);
    fake_deploy(host, 0xaa, code->bytes, code->len);
    fake_deploy(host, 0xbb, code->bytes, code->len);
    fake_deploy(host, 0xcc, fuzz_tiny, sizeof fuzz_tiny);
    fake_account(host, 0xaa)->balance = 1000;
    const baals_execution execution = {
        .contract = fake_address(0xaa),
        .caller = fake_address(0x11),
        .origin = fake_address(0x11),
        .method = bl_slice_str("m"),
        .readonly = bytes.len > 0 && bytes.data[bytes.len - 1] == 0xff,
        .has_args = 1,
        .args = bytes,
        .gas = FUZZ_GAS,
        .gas_schedule = 1,
        .wasm_limits = 2,
    };
    BL_ASSERT(bl_contract_execute(engine, &result, &execution, &host->base, &err) == BAALS_OK);
    const struct fuzz_result out = {result.status, result.trap, result.gas_used};
    BL_ASSERT(out.gas <= FUZZ_GAS);
    bl_contract_result_release(engine, &result);
    fake_host_deinit(host);
    free(host);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const baals_slice bytes = bl_slice(data, size < FUZZ_INPUT_MAX ? size : FUZZ_INPUT_MAX);
    const struct bl_contract_options options = {.vm = "interpreter"};
    struct bl_env *env = NULL;
    baals_contract_engine *engine = NULL;
    struct fuzz_code code;
    baals_error err;
    BL_ASSERT(bl_env_memory(&env, bl_alloc_system(), &err) == BAALS_OK);
    BL_ASSERT(bl_contract_engine_new(&engine, env, &options, &err) == BAALS_OK);
    fuzz_module(&code, bytes, FUZZ_CALLS_MAX);
    if (bl_contract_check_code(engine, bl_slice(code.bytes, code.len), 1, 2, &err) != BAALS_OK)
        fail_msg("%s", err.message);
    const struct fuzz_result all = fuzz_run(engine, &code, bytes);
    const struct fuzz_result again = fuzz_run(engine, &code, bytes);
    BL_ASSERT(all.status == again.status && all.trap == again.trap && all.gas == again.gas);
    fuzz_module(&code, bytes, FUZZ_CALLS_MAX / 2);
    const struct fuzz_result half = fuzz_run(engine, &code, bytes);
    BL_ASSERT(all.status == BAALS_RECEIPT_OUT_OF_GAS || half.gas <= all.gas);
    bl_contract_close(engine);
    bl_env_close(env);
    return 0;
}
