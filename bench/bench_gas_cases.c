/* SPDX-License-Identifier: MIT */
/*
 * What is measured. The method's locals: 0 and 1 i64 that no compiler knows (3), 2 the rounds left,
 * 3 a large i64, 4 an i64 of the step's own, 5 an i32 (1), 6 and 7 i32. Functions: 0 input_read, 1
 * to 3 the imports of the case, 4 an empty one, 5 one of eight parameters, 6 one of 480 locals, 7
 * one that calls 4. Memory: bench_gas_image; free from 65,536, 4 pages.
 *
 * An instruction is measured with the operands it cannot be without, since that is what its price
 * buys; operations form a chain through local 0, so that none can be left out.
 */
#include <string.h>

#include "base/limits.h"
#include "bench_gas.h"
#include "crypto/crypto.h"

/* Goes through all keys (and accounts) of the chain in an order of its own; the number of the next
 * is stored where a key or an address begins. */
#define CASES_WALK "local.get 4 i64.const 77773 i64.add i64.const 131071 i64.and local.set 4 "
#define CASES_KEY CASES_WALK "i32.const 64 local.get 4 i64.store 3 0"
#define CASES_ADDRESS CASES_WALK "i32.const 192 local.get 4 i64.store 3 0"
#define CASES_NEW "local.get 4 i64.const 1 i64.add local.tee 4 local.set 4 "
#define CASES_NEW_KEY CASES_NEW "i32.const 68 local.get 4 i64.store 3 0"
#define CASES_NEW_ADDRESS CASES_NEW "i32.const 196 local.get 4 i64.store 3 0"

#define CASES_OP(name_, body_)                                                                     \
    {                                                                                              \
        .group = BENCH_GAS_OP, .name = name_, .body = body_, .copies = 32                          \
    }
#define CASES_HOST(name_, import_, step_, body_)                                                   \
    {                                                                                              \
        .group = BENCH_GAS_HOST, .name = name_, .imports = {import_}, .step = step_,               \
        .body = body_, .copies = 1,                                                                \
    }
#define CASES_COMMIT(name_, import_, step_, body_)                                                 \
    {                                                                                              \
        .group = BENCH_GAS_HOST, .name = name_, .imports = {import_}, .step = step_,               \
        .body = body_, .copies = 1, .iterations_max = 4096, .commit = true,                        \
    }
#define CASES_FEW(name_, import_, step_, body_, most_)                                             \
    {                                                                                              \
        .group = BENCH_GAS_HOST, .name = name_, .imports = {import_}, .step = step_,               \
        .body = body_, .copies = 1, .iterations_max = most_, .commit = true,                       \
    }

#define CASES_CALL(callee)                                                                         \
    "i32.const " callee " i32.const 704 i32.const 1 i32.const 0 i32.const 0 i64.const 0 "          \
    "i64.const -1 i32.const 0 call 1 drop"

const struct bench_gas_case bench_gas_cases[] = {
    /* ---- instructions ---- */
    CASES_OP("arithmetic", "local.get 0 local.get 1 i64.add local.get 3 i64.rotl local.set 0"),
    CASES_OP("constants",
             "local.get 0 i64.const 0x123456789abcd i64.xor local.get 1 i64.add "
             "local.set 0"),
    CASES_OP("comparison",
             "local.get 0 local.get 1 local.get 0 local.get 3 i64.lt_u select "
             "local.get 1 i64.add local.set 0"),
    CASES_OP("i32, extend", "local.get 5 local.get 6 i32.add i32.extend8_s i32.clz local.set 5"),
    CASES_OP("i64.mul", "local.get 0 local.get 1 i64.mul local.set 0"),
    CASES_OP("i64.div_u", "local.get 0 local.get 3 i64.or local.get 1 i64.div_u local.set 0"),
    CASES_OP("i64.rem_s", "local.get 0 local.get 3 i64.or local.get 1 i64.rem_s local.set 0"),
    CASES_OP("i64.popcnt", "local.get 0 local.get 3 i64.xor i64.popcnt local.set 0"),
    CASES_OP("load", "local.get 6 i32.load 2 65536 local.set 6"),
    CASES_OP("store", "local.get 6 local.get 0 i64.store 3 65536"),
    CASES_OP("global", "global.get 0 local.get 1 i64.add global.set 0"),
    CASES_OP("br", "block 64 br 0 end"),
    CASES_OP("br_if", "block 64 local.get 5 br_if 0 end"),
    CASES_OP("br_if, either way",
             "local.get 0 i64.const 6364136223846793005 i64.mul i64.const 1442695040888963407 "
             "i64.add local.tee 0 i64.const 0 i64.lt_s if 64 local.get 3 local.set 1 end"),
    CASES_OP("if", "local.get 6 if 64 else end"),
    CASES_OP("br_table",
             "block 64 block 64 block 64 block 64 local.get 5 "
             "br_table 3 0 1 2 3 end end end end"),
    CASES_OP("call", "call 4"),
    CASES_OP("call, 8 parameters",
             "local.get 0 local.get 0 local.get 0 local.get 0 local.get 0 "
             "local.get 0 local.get 0 local.get 0 call 5"),
    CASES_OP("call, 480 locals", "call 6"),
    CASES_OP("call, two deep", "call 7"),
    CASES_OP("call_indirect", "local.get 5 call_indirect 4 0"),
    CASES_OP("memory.size", "memory.size 0 local.set 7"),
    CASES_OP("memory.grow 0", "i32.const 0 memory.grow 0 drop"),
    {.group = BENCH_GAS_HOST,
     .name = "memory.grow 1, touched",
     .body = "i32.const 1 memory.grow 0 i32.const 65536 i32.mul local.tee 6 i32.const 65536 "
             "i32.add local.set 7 loop 64 local.get 6 i32.const 1 i32.store 2 0 local.get 6 "
             "i32.const 4096 i32.add local.tee 6 local.get 7 i32.lt_u br_if 0 end",
     .copies = 1,
     .iterations_max = 200},
    CASES_OP("memory.fill 1", "i32.const 65536 i32.const 1 i32.const 1 memory.fill 0"),
    CASES_OP("memory.copy 1", "i32.const 65536 i32.const 65600 i32.const 1 memory.copy 0 0"),
    CASES_OP("memory.init 64", "i32.const 65536 i32.const 0 i32.const 64 memory.init 0 0"),
    CASES_OP("memory.fill 64 KiB", "i32.const 65536 i32.const 1 i32.const 65536 memory.fill 0"),
    CASES_OP("memory.copy 64 KiB",
             "i32.const 65536 i32.const 131072 i32.const 65536 memory.copy 0 0"),
    {.group = BENCH_GAS_NOTE,
     .name = "load, 16 MiB at random",
     .prelude = "i32.const 252 memory.grow 0 drop i32.const 65536 i32.const 1 i32.const 16711680 "
                "memory.fill 0",
     .body = "local.get 0 i64.const 6364136223846793005 i64.mul i64.const 1442695040888963407 "
             "i64.add local.tee 0 i64.const 40 i64.shr_u i32.wrap_i64 i32.load8_u 0 0 "
             "i64.extend_i32_u local.get 0 i64.add local.set 0",
     .copies = 8,
     .iterations_min = 200000},

    /* ---- host functions ---- */
    CASES_HOST("block_index", "block_index", NULL, "call 1 local.set 0"),
    CASES_HOST("self", "self", NULL, "i32.const 64 call 1"),
    CASES_HOST(
        "input_read 32 B", "input_read", NULL, "i32.const 65536 i32.const 0 i32.const 32 call 1"),
    CASES_HOST("input_read 64 KiB",
               "input_read",
               NULL,
               "i32.const 65536 i32.const 0 i32.const 65536 call 1"),
    CASES_HOST("storage_read",
               "storage_read",
               CASES_KEY,
               "i32.const 64 i32.const 8 i32.const 65536 i32.const 64 call 1 drop"),
    CASES_HOST("storage_read, absent",
               "storage_read",
               CASES_NEW_KEY,
               "i32.const 64 i32.const 12 i32.const 65536 i32.const 64 call 1 drop"),
    CASES_HOST("storage_read, again",
               "storage_read",
               NULL,
               "i32.const 64 i32.const 8 i32.const 65536 i32.const 64 call 1 drop"),
    CASES_COMMIT("storage_write",
                 "storage_write",
                 CASES_KEY,
                 "i32.const 64 i32.const 8 i32.const 64 i32.const 32 call 1"),
    CASES_COMMIT("storage_write, new",
                 "storage_write",
                 CASES_NEW_KEY,
                 "i32.const 64 i32.const 12 i32.const 64 i32.const 32 call 1"),
    CASES_COMMIT("storage_write, again",
                 "storage_write",
                 NULL,
                 "i32.const 64 i32.const 8 i32.const 64 i32.const 32 call 1"),
    CASES_FEW("storage_write 64 KiB",
              "storage_write",
              CASES_NEW_KEY,
              "i32.const 64 i32.const 12 i32.const 65536 i32.const 65536 call 1",
              64),
    CASES_COMMIT(
        "storage_remove", "storage_remove", CASES_KEY, "i32.const 64 i32.const 8 call 1 drop"),
    {.group = BENCH_GAS_HOST,
     .name = "storage_scan, scan_end",
     .imports = {"storage_scan", "storage_scan_end"},
     .body = "i32.const 64 i32.const 0 i32.const 64 i32.const 8 i32.const 0 call 1 call 2",
     .copies = 1},
    {.group = BENCH_GAS_HOST,
     .name = "storage_next",
     .imports = {"storage_scan", "storage_next"},
     .prelude = "i32.const 64 i32.const 0 i32.const 0 i32.const 0 i32.const 0 call 1 local.set 7",
     .body = "local.get 7 i32.const 65536 i32.const 64 i32.const 65600 i32.const 64 "
             "i32.const 66000 call 2 drop",
     .copies = 1},
    {.group = BENCH_GAS_HOST,
     .name = "scan, next, end anywhere",
     .imports = {"storage_scan", "storage_next", "storage_scan_end"},
     .step = CASES_KEY,
     .body = "i32.const 64 i32.const 0 i32.const 64 i32.const 8 i32.const 0 call 1 local.tee 7 "
             "i32.const 65536 i32.const 64 i32.const 65600 i32.const 64 i32.const 66000 call 2 "
             "drop local.get 7 call 3",
     .copies = 1},
    CASES_HOST("balance", "balance", CASES_ADDRESS, "i32.const 192 call 1 local.set 0"),
    CASES_HOST("balance, absent", "balance", CASES_NEW_ADDRESS, "i32.const 192 call 1 local.set 0"),
    CASES_HOST(
        "code_hash", "code_hash", CASES_ADDRESS, "i32.const 192 i32.const 65536 call 1 drop"),
    CASES_COMMIT("transfer", "transfer", CASES_ADDRESS, "i32.const 192 i64.const 1 call 1 drop"),
    CASES_COMMIT(
        "transfer, new", "transfer", CASES_NEW_ADDRESS, "i32.const 192 i64.const 1 call 1 drop"),
    CASES_HOST("random", "random", NULL, "i32.const 65536 call 1"),
    CASES_FEW("log_event",
              "log_event",
              NULL,
              "i32.const 0 i32.const 0 i32.const 0 i32.const 0 call 1",
              100),
    CASES_FEW("log_event 16 KiB",
              "log_event",
              NULL,
              "i32.const 0 i32.const 0 i32.const 0 i32.const 16384 call 1",
              100),
    CASES_HOST("log", "log", NULL, "i32.const 2 i32.const 1024 i32.const 0 call 1"),
    CASES_HOST("log 16 KiB", "log", NULL, "i32.const 2 i32.const 1024 i32.const 16384 call 1"),
    CASES_HOST("call_contract", "call_contract", NULL, CASES_CALL("768")),
    CASES_HOST("call, 64,000 B of output", "call_contract", NULL, CASES_CALL("800")),
    CASES_FEW("call, 64 pages touched", "call_contract", NULL, CASES_CALL("832"), 64),
    CASES_HOST("call of no contract", "call_contract", NULL, CASES_CALL("192")),
    CASES_FEW("deploy_contract",
              "deploy_contract",
              CASES_NEW "i32.const 928 local.get 4 i64.store 3 0",
              "i32.const 896 i32.const 928 i32.const 0 i32.const 0 i64.const 0 i64.const -1 "
              "i32.const 65536 call 1 drop",
              256),
    CASES_HOST("SHA-256 0 B",
               "crypto_hash",
               NULL,
               "i32.const 0 i32.const 0 i32.const 0 i32.const 65536 call 1 drop"),
    CASES_HOST("SHA-256 64 KiB",
               "crypto_hash",
               NULL,
               "i32.const 0 i32.const 0 i32.const 65536 i32.const 65536 call 1 drop"),
    CASES_HOST("Keccak-256 0 B",
               "crypto_hash",
               NULL,
               "i32.const 1 i32.const 0 i32.const 0 i32.const 65536 call 1 drop"),
    CASES_HOST("Keccak-256 64 KiB",
               "crypto_hash",
               NULL,
               "i32.const 1 i32.const 0 i32.const 65536 i32.const 65536 call 1 drop"),
    CASES_HOST("BLAKE2b 0 B",
               "crypto_hash",
               NULL,
               "i32.const 2 i32.const 0 i32.const 0 i32.const 65536 call 1 drop"),
    CASES_HOST("BLAKE2b 64 KiB",
               "crypto_hash",
               NULL,
               "i32.const 2 i32.const 0 i32.const 65536 i32.const 65536 call 1 drop"),
    CASES_HOST("BLAKE3 0 B",
               "crypto_hash",
               NULL,
               "i32.const 3 i32.const 0 i32.const 0 i32.const 65536 call 1 drop"),
    CASES_HOST("BLAKE3 64 KiB",
               "crypto_hash",
               NULL,
               "i32.const 3 i32.const 0 i32.const 65536 i32.const 65536 call 1 drop"),
    CASES_HOST("Ed25519 32 B",
               "crypto_verify",
               NULL,
               "i32.const 0 i32.const 256 i32.const 32 i32.const 288 i32.const 64 "
               "i32.const 640 i32.const 32 call 1 drop"),
    CASES_HOST("Ed25519 64 KiB",
               "crypto_verify",
               NULL,
               "i32.const 0 i32.const 256 i32.const 32 i32.const 288 i32.const 64 "
               "i32.const 0 i32.const 65536 call 1 drop"),
    CASES_HOST("secp256k1 verify",
               "crypto_verify",
               NULL,
               "i32.const 1 i32.const 384 i32.const 33 i32.const 512 i32.const 64 "
               "i32.const 640 i32.const 32 call 1 drop"),
    CASES_HOST("P-256 verify",
               "crypto_verify",
               NULL,
               "i32.const 2 i32.const 448 i32.const 33 i32.const 576 i32.const 64 "
               "i32.const 640 i32.const 32 call 1 drop"),
    CASES_HOST("secp256k1 recover",
               "crypto_recover",
               NULL,
               "i32.const 640 i32.const 512 i32.const 0 i32.const 65536 call 1 drop"),
};
const size_t bench_gas_case_count = BL_COUNT_OF(bench_gas_cases);

/* Keys and the r of signatures on the curves: the generators, whose x every reader can check. */
static const uint8_t image_secp256k1[33] = {
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0,
    0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d,
    0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
};
static const uint8_t image_p256[33] = {
    0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc,
    0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d,
    0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
};

/* The signatures do not verify, but only the last comparison can tell. */
static void image_ecdsa(uint8_t *key, uint8_t *signature, const uint8_t point[33])
{
    memcpy(key, point, 33);
    memcpy(signature, point + 1, 32);
    memset(signature + 32, 0x11, 32);
}

static void image_ed25519(uint8_t *image)
{
    static const uint8_t seed[32] = {0x42};
    baals_address key;
    baals_signature signature;
    bl_ed25519_public(&key, seed);
    memcpy(image + 640, "bench", 6);
    bl_ed25519_sign(&signature, seed, "bench", bl_slice(image + 646, 26));
    memcpy(image + 256, key.bytes, sizeof key.bytes);
    memcpy(image + 288, signature.bytes, sizeof signature.bytes);
}

/* Addresses of the contracts to call from 768, and the hash of the code to deploy at 896. */
static void image_callees(uint8_t *image)
{
    struct bl_buffer code;
    baals_hash hash;
    for (unsigned i = 0; i < BENCH_GAS_CALLEE_COUNT; i++)
        bench_gas_callee_address(image + 768 + (size_t)32 * i, (enum bench_gas_callee)i);
    bl_buffer_init(&code, bl_alloc_system(), BL_CODE_BYTES_MAX);
    bench_gas_callee(&code, BENCH_GAS_CALLEE_LARGE);
    bl_sha256(&hash, bl_buffer_slice(&code));
    memcpy(image + 896, hash.bytes, sizeof hash.bytes);
    bl_buffer_deinit(&code);
}

void bench_gas_image(uint8_t *image)
{
    for (size_t i = 0; i < BENCH_GAS_IMAGE_BYTES; i++)
        image[i] = (uint8_t)(i * 31);
    memset(image, 0, 192);
    bl_store_u64le(image + 8, 3);
    bl_store_u32le(image + 16, 1);
    bl_store_u64le(image + 24, 0xf123456789abcdefull);
    memset(image + 192, 0xa5, 32);
    image_ed25519(image);
    image_ecdsa(image + 384, image + 512, image_secp256k1);
    image_ecdsa(image + 448, image + 576, image_p256);
    image[704] = 'e';
    image_callees(image);
}
