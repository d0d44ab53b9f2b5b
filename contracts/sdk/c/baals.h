/* SPDX-License-Identifier: MIT */
#ifndef BAALS_CONTRACT_H
#define BAALS_CONTRACT_H
/**
 * Contracts in C: the host interface of BaaLS, versions 1 and 2, and a little CBOR.
 *
 * A contract is one file that includes this header, compiled by tools/build-contract. A method is
 *
 *     BAALS_METHOD(increment) { ... }
 *
 * and is called by that name; BAALS_INIT runs once at deploy, BAALS_RECEIVE on plain transfers. A
 * method reads its arguments with a struct baals_reader and ends by returning (empty output), by
 * baals_return or by baals_fail. A description of the methods beside the source, NAME.abi.json,
 * becomes part of the module (docs/spec/abi.md). Memory is fresh in every call: only storage lasts.
 *
 * What each host function does, costs and refuses is in docs/spec/contracts.md.
 */
#include <stddef.h>
#include <stdint.h>

/* ---- entries ---- */

#define BAALS_EXPORT_(function, name) __attribute__((export_name(name), used)) void function(void)
#define BAALS_UNPAID_(function, name)                                                              \
    static void function##_body(void);                                                             \
    BAALS_EXPORT_(function, name);                                                                 \
    void function(void)                                                                            \
    {                                                                                              \
        baals_require(baals_value() == 0, "no value can be sent along");                           \
        function##_body();                                                                         \
    }                                                                                              \
    static void function##_body(void)
/** A method; a call that brings a value reverts. */
#define BAALS_METHOD(name) BAALS_UNPAID_(method_##name, #name)
/** A method that only reads, so that queries can call it. Whoever writes in it is stopped there. */
#define BAALS_VIEW(name) BAALS_UNPAID_(method_##name, #name)
/** A method that takes a value. */
#define BAALS_PAYABLE(name)                                                                        \
    BAALS_EXPORT_(method_##name, #name);                                                           \
    void method_##name(void)
#define BAALS_INIT BAALS_UNPAID_(entry_init, "init")
#define BAALS_INIT_PAYABLE                                                                         \
    BAALS_EXPORT_(entry_init, "init");                                                             \
    void entry_init(void)
#define BAALS_RECEIVE                                                                              \
    BAALS_EXPORT_(entry_receive, "receive");                                                       \
    void entry_receive(void)

/* ---- host functions ---- */

#define BAALS_IMPORT_(name) __attribute__((import_module("baals1"), import_name(name)))

typedef struct baals_address {
    uint8_t bytes[32];
} baals_address;

typedef struct baals_hash {
    uint8_t bytes[32];
} baals_hash;

#define BAALS_ABSENT 0xffffffffu

/** Length of the arguments, and len of their bytes from `off`. */
BAALS_IMPORT_("input_len") uint32_t baals_input_len(void);
BAALS_IMPORT_("input_read") void baals_input_read(void *dst, uint32_t off, uint32_t len);
/** End the call: with an output, or undoing everything with a code and data for the caller. */
BAALS_IMPORT_("output") _Noreturn void baals_output(const void *data, uint32_t len);
BAALS_IMPORT_("revert")
_Noreturn void baals_revert(uint32_t code, const void *data, uint32_t len);

/** The value's length, copied if it is at most cap; BAALS_ABSENT. Keys are 1 to 256 bytes. */
BAALS_IMPORT_("storage_read")
uint32_t baals_storage_read(const void *key, uint32_t key_len, void *dst, uint32_t cap);
BAALS_IMPORT_("storage_write")
void baals_storage_write(const void *key, uint32_t key_len, const void *value, uint32_t value_len);
/** 1: it was there. */
BAALS_IMPORT_("storage_remove")
uint32_t baals_storage_remove(const void *key, uint32_t key_len);
/** A handle for the keys that begin with `prefix`, from `start` on; start_len 0: from the edge. */
#define BAALS_DESCENDING 1u
BAALS_IMPORT_("storage_scan")
uint32_t baals_storage_scan(
    const void *prefix, uint32_t prefix_len, const void *start, uint32_t start_len, uint32_t flags);
/** 1 an item, 0 the end, 2 a buffer is too small (nothing copied, the scan does not move). */
BAALS_IMPORT_("storage_next")
uint32_t baals_storage_next(uint32_t scan,
                            void *key_dst,
                            uint32_t key_cap,
                            void *value_dst,
                            uint32_t value_cap,
                            uint32_t lens[2]);
BAALS_IMPORT_("storage_scan_end") void baals_storage_scan_end(uint32_t scan);

BAALS_IMPORT_("self") void baals_self(baals_address *dst);
BAALS_IMPORT_("caller") void baals_caller(baals_address *dst);
BAALS_IMPORT_("origin") void baals_origin(baals_address *dst);
/** What came with this call. */
BAALS_IMPORT_("value") uint64_t baals_value(void);
BAALS_IMPORT_("balance") uint64_t baals_balance(const baals_address *address);

BAALS_IMPORT_("block_index") uint64_t baals_block_index(void);
BAALS_IMPORT_("block_time_ms") uint64_t baals_block_time_ms(void);
BAALS_IMPORT_("chain_id") void baals_chain_id(baals_hash *dst);
BAALS_IMPORT_("tx_id") void baals_tx_id(baals_hash *dst);
BAALS_IMPORT_("gas_left") uint64_t baals_gas_left(void);

/** An event of the receipt with up to 4 topics. */
BAALS_IMPORT_("log_event")
void baals_log_event(const baals_hash *topics, uint32_t count, const void *data, uint32_t len);
/** A line for whoever debugs; levels 0 error to 3 debug. */
BAALS_IMPORT_("log") void baals_log(uint32_t level, const void *text, uint32_t len);

#define BAALS_READONLY 1u
#define BAALS_GAS_ALL (-1)
/** 0 OK, else a status of docs/spec/contracts.md 3. */
BAALS_IMPORT_("call_contract")
uint32_t baals_call_contract(const baals_address *contract,
                             const char *method,
                             uint32_t method_len,
                             const void *args,
                             uint32_t args_len,
                             uint64_t value,
                             int64_t gas,
                             uint32_t flags);
/** Output or revert data of the last call. */
BAALS_IMPORT_("result_len") uint32_t baals_result_len(void);
BAALS_IMPORT_("result_read") void baals_result_read(void *dst, uint32_t off, uint32_t len);
/** 1: a contract is at this address. */
BAALS_IMPORT_("code_hash")
uint32_t baals_code_hash(const baals_address *address, baals_hash *dst);

#define BAALS_SHA256 0u
#define BAALS_KECCAK256 1u
#define BAALS_BLAKE2B 2u
#define BAALS_BLAKE3 3u
BAALS_IMPORT_("crypto_hash")
uint32_t baals_crypto_hash(uint32_t algorithm, const void *data, uint32_t len, baals_hash *dst);
#define BAALS_ED25519 0u
/** 1: the signature is valid. */
/** Over a digest of 32 bytes; keys of 33 or 65 bytes. On chains with wasm_limits 2. */
#define BAALS_SECP256K1 1u
#define BAALS_P256 2u
BAALS_IMPORT_("crypto_verify")
uint32_t baals_crypto_verify(uint32_t algorithm,
                             const void *key,
                             uint32_t key_len,
                             const void *signature,
                             uint32_t signature_len,
                             const void *message,
                             uint32_t message_len);

/* ---- host functions of version 2: chains with wasm_limits 2 ---- */

#define BAALS_INSUFFICIENT_FUNDS 100u
/** Moves money without running anything: 0, or BAALS_INSUFFICIENT_FUNDS. */
BAALS_IMPORT_("transfer") uint32_t baals_transfer(const baals_address *to, uint64_t amount);
/** Bytes that whoever produces the block can predict: never for what has value. */
BAALS_IMPORT_("random") void baals_random(baals_hash *dst);
/** Makes a contract of code that the chain has, by its SHA-256, and runs its `init`; no arguments
 * with args_len 0. 0 and its address, else a status. */
BAALS_IMPORT_("deploy_contract")
uint32_t baals_deploy_contract(const baals_hash *code,
                               const baals_hash *salt,
                               const void *args,
                               uint32_t args_len,
                               uint64_t value,
                               int64_t gas,
                               baals_address *address_dst);
/** Replaces this contract's code and runs its `migrate`: 0, else a status and the code stays. */
BAALS_IMPORT_("set_code")
uint32_t baals_set_code(const baals_hash *code, const void *args, uint32_t args_len, int64_t gas);
/** 1: the uncompressed key on secp256k1 that made the signature of the digest. */
BAALS_IMPORT_("crypto_recover")
uint32_t baals_crypto_recover(const baals_hash *digest,
                              const void *signature64,
                              uint32_t recovery,
                              void *dst65);

/* ---- memory and text ---- */

static inline void baals_copy(void *dst, const void *src, uint32_t len)
{
    __builtin_memcpy(dst, src, len);
}

static inline uint32_t baals_text_len(const char *text)
{
    uint32_t len = 0;
    while (text[len] != '\0')
        len++;
    return len;
}

/** Reverts with code 1 and the text. */
static inline _Noreturn void baals_fail(const char *text)
{
    baals_revert(1, text, baals_text_len(text));
}

static inline void baals_require(int condition, const char *text)
{
    if (!condition)
        baals_fail(text);
}

/* ---- numbers in storage: 8 bytes, little-endian ---- */

static inline uint64_t baals_storage_get_u64(const void *key, uint32_t key_len)
{
    uint64_t value = 0;
    uint32_t len = baals_storage_read(key, key_len, &value, sizeof value);
    return len == sizeof value ? value : 0;
}

static inline void baals_storage_set_u64(const void *key, uint32_t key_len, uint64_t value)
{
    baals_storage_write(key, key_len, &value, sizeof value);
}

/* ---- canonical CBOR: arguments ---- */

/** Reads the arguments, one array, element by element; anything unexpected reverts. */
typedef struct baals_reader {
    uint8_t *data; /* the caller's buffer */
    uint32_t len;
    uint32_t at;
} baals_reader;

/* One head: major type and argument, in the shortest form. */
static inline uint64_t baals_read_head(baals_reader *reader, uint32_t major)
{
    baals_require(reader->at < reader->len, "arguments end too early");
    uint8_t first = reader->data[reader->at++];
    uint32_t info = first & 31u;
    baals_require((uint32_t)(first >> 5) == major, "an argument has another type");
    if (info < 24)
        return info;
    baals_require(info <= 27, "an argument is not canonical");
    uint32_t size = 1u << (info - 24);
    baals_require(size <= reader->len - reader->at, "arguments end too early");
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | reader->data[reader->at++];
    uint64_t least = size == 1 ? 24 : (uint64_t)1 << (4 * size);
    baals_require(value >= least, "an argument is not canonical");
    return value;
}

/** Loads the arguments into a buffer of the contract and opens the array of exactly `count`. */
static inline baals_reader baals_arguments(void *buffer, uint32_t cap, uint32_t count)
{
    baals_reader reader = {.data = buffer, .len = baals_input_len(), .at = 0};
    baals_require(reader.len <= cap, "arguments are too long");
    baals_input_read(buffer, 0, reader.len);
    baals_require(baals_read_head(&reader, 4) == count, "another number of arguments is expected");
    return reader;
}

static inline uint64_t baals_read_uint(baals_reader *reader)
{
    return baals_read_head(reader, 0);
}

/** A byte string; returns its place in the buffer. */
static inline const uint8_t *baals_read_bytes(baals_reader *reader, uint32_t *len_out)
{
    uint64_t len = baals_read_head(reader, 2);
    baals_require(len <= reader->len - reader->at, "arguments end too early");
    const uint8_t *bytes = reader->data + reader->at;
    reader->at += (uint32_t)len;
    *len_out = (uint32_t)len;
    return bytes;
}

/** A text; not checked for UTF-8. */
static inline const char *baals_read_text(baals_reader *reader, uint32_t *len_out)
{
    uint64_t len = baals_read_head(reader, 3);
    baals_require(len <= reader->len - reader->at, "arguments end too early");
    const char *text = (const char *)(reader->data + reader->at);
    reader->at += (uint32_t)len;
    *len_out = (uint32_t)len;
    return text;
}

/** A byte string of 32 bytes. */
static inline void baals_read_address(baals_reader *reader, baals_address *out)
{
    uint32_t len = 0;
    const uint8_t *bytes = baals_read_bytes(reader, &len);
    baals_require(len == sizeof out->bytes, "an address has 32 bytes");
    baals_copy(out->bytes, bytes, sizeof out->bytes);
}

static inline int baals_read_bool(baals_reader *reader)
{
    uint64_t value = baals_read_head(reader, 7);
    baals_require(value == 20 || value == 21, "an argument has another type");
    return value == 21;
}

/** Whether an option is absent; else its value is read next. */
static inline int baals_read_null(baals_reader *reader)
{
    int absent = reader->at < reader->len && reader->data[reader->at] == 0xf6;
    reader->at += absent ? 1 : 0;
    return absent;
}

/** Reverts unless everything was read. */
static inline void baals_read_end(const baals_reader *reader)
{
    baals_require(reader->at == reader->len, "bytes stand behind the arguments");
}

/* ---- canonical CBOR: output ---- */

/** Writes into a buffer of the contract; reverts when it is full. */
typedef struct baals_writer {
    uint8_t *data;
    uint32_t cap;
    uint32_t len;
} baals_writer;

static inline void baals_write_raw(baals_writer *writer, const void *bytes, uint32_t len)
{
    baals_require(len <= writer->cap - writer->len, "the output buffer is full");
    baals_copy(writer->data + writer->len, bytes, len);
    writer->len += len;
}

static inline void baals_write_head(baals_writer *writer, uint32_t major, uint64_t value)
{
    uint32_t size = value < 24 ? 0 : value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
    if (value > 0xffffffff)
        size = 8;
    uint32_t info = size == 0 ? (uint32_t)value : size == 1 ? 24 : size == 2 ? 25 : 26;
    if (size == 8)
        info = 27;
    uint8_t head[9] = {(uint8_t)(major << 5 | info)};
    for (uint32_t i = 0; i < size; i++)
        head[1 + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    baals_write_raw(writer, head, 1 + size);
}

static inline void baals_write_uint(baals_writer *writer, uint64_t value)
{
    baals_write_head(writer, 0, value);
}

static inline void baals_write_bytes(baals_writer *writer, const void *bytes, uint32_t len)
{
    baals_write_head(writer, 2, len);
    baals_write_raw(writer, bytes, len);
}

static inline void baals_write_text(baals_writer *writer, const char *text, uint32_t len)
{
    baals_write_head(writer, 3, len);
    baals_write_raw(writer, text, len);
}

static inline void baals_write_address(baals_writer *writer, const baals_address *address)
{
    baals_write_bytes(writer, address->bytes, sizeof address->bytes);
}

static inline void baals_write_bool(baals_writer *writer, int value)
{
    baals_write_head(writer, 7, value ? 21 : 20);
}

/** An option without a value. */
static inline void baals_write_null(baals_writer *writer)
{
    baals_write_head(writer, 7, 22);
}

/** The head of an array; its elements follow. */
static inline void baals_write_array(baals_writer *writer, uint32_t count)
{
    baals_write_head(writer, 4, count);
}

/** Ends the call with what was written as output. */
static inline _Noreturn void baals_return(const baals_writer *writer)
{
    baals_output(writer->data, writer->len);
}

/** Ends the call with an error of the description and what was written: the array of its fields. */
static inline _Noreturn void baals_revert_with(uint32_t code, const baals_writer *writer)
{
    baals_revert(code, writer->data, writer->len);
}

/** Emits an event of the description: its topics, and what was written, the array of the others. */
static inline void baals_emit(const baals_hash *topics, uint32_t count, const baals_writer *writer)
{
    baals_log_event(topics, count, writer->data, writer->len);
}

/** A topic of an indexed number. */
static inline baals_hash baals_topic_u64(uint64_t value)
{
    baals_hash topic = {{0}};
    for (uint32_t i = 0; i < 8; i++)
        topic.bytes[24 + i] = (uint8_t)(value >> (56 - 8 * i));
    return topic;
}

/** Ends the call with one number as output. */
static inline _Noreturn void baals_return_uint(uint64_t value)
{
    uint8_t buffer[9];
    baals_writer writer = {.data = buffer, .cap = sizeof buffer, .len = 0};
    baals_write_uint(&writer, value);
    baals_output(buffer, writer.len);
}

#endif /* BAALS_CONTRACT_H */
