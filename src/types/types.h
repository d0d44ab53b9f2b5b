/* SPDX-License-Identifier: MIT */
#ifndef BL_TYPES_TYPES_H
#define BL_TYPES_TYPES_H
/*
 * The values of the protocol and their one encoding: deterministic CBOR, the Merkle trees that
 * commit to lists and maps, transactions, payloads, blocks, receipts, account records, genesis.
 * Decoders are total: any input gives a value or a REJECT status with a byte offset; they borrow
 * from their input and allocate nothing (genesis: into an arena, after the counts were checked).
 *
 * Writers append to a struct bl_buffer and cannot fail by themselves: check bl_buffer_status once
 * at the end. The decoders of transaction, block and receipt are public (baals/types.h), those of
 * call and deploy payloads too (baals/tx.h).
 */
#include "baals/tx.h"
#include "baals/types.h"
#include "base/arena.h"
#include "base/base.h"

/* ---- CBOR: writer (docs/spec/encoding.md) ---- */

void bl_cbor_write_uint(struct bl_buffer *buffer, uint64_t value);
void bl_cbor_write_int(struct bl_buffer *buffer, int64_t value);
void bl_cbor_write_bytes(struct bl_buffer *buffer, baals_slice bytes);
/* `text` must be valid UTF-8. */
void bl_cbor_write_text(struct bl_buffer *buffer, baals_slice text);
/* The head of an array of `count` items, which the caller writes next. */
void bl_cbor_write_array(struct bl_buffer *buffer, uint64_t count);
/* The head of a map of `count` pairs; the caller writes keys (text) in order of their encoded
 * bytes, each followed by its value. */
void bl_cbor_write_map(struct bl_buffer *buffer, uint64_t count);
void bl_cbor_write_bool(struct bl_buffer *buffer, bool value);
void bl_cbor_write_null(struct bl_buffer *buffer);
/* 32 bytes as a byte string. */
void bl_cbor_write_hash(struct bl_buffer *buffer, const baals_hash *hash);
void bl_cbor_write_address(struct bl_buffer *buffer, const baals_address *address);
/* The 32 bytes or, where `present` is false, null. */
void bl_cbor_write_address_or_null(struct bl_buffer *buffer,
                                   bool present,
                                   const baals_address *address);
/* The byte string or, where `present` is false, null. */
void bl_cbor_write_bytes_or_null(struct bl_buffer *buffer, bool present, baals_slice bytes);

/* ---- CBOR: reader ----
 *
 * Pulls items from the front of the input. Every function either consumes the item and fills its
 * output, or leaves both untouched and returns a REJECT status whose offset is that of the first
 * byte of the item at fault. Lengths and counts are checked against what is left before they are
 * returned: a count is at most the number of bytes left (half of it for maps).
 */
struct bl_cbor_reader {
    baals_slice input;
    size_t offset; /* of the next item */
};

struct bl_cbor_reader bl_cbor_reader(baals_slice input);
baals_status bl_cbor_read_uint(struct bl_cbor_reader *reader, uint64_t *out, baals_error *err);
/* REJECT_RANGE above 2^63-1. */
baals_status bl_cbor_read_int(struct bl_cbor_reader *reader, int64_t *out, baals_error *err);
baals_status bl_cbor_read_bytes(struct bl_cbor_reader *reader, baals_slice *out, baals_error *err);
/* A byte string of exactly `len` bytes, copied to `out`; REJECT_LENGTH for another length. */
baals_status
bl_cbor_read_bytes_exact(struct bl_cbor_reader *reader, uint8_t *out, size_t len, baals_error *err);
/* Valid UTF-8, without a NUL behind it. */
baals_status bl_cbor_read_text(struct bl_cbor_reader *reader, baals_slice *out, baals_error *err);
/* The head only; the caller reads *count_out items. */
baals_status
bl_cbor_read_array(struct bl_cbor_reader *reader, uint64_t *count_out, baals_error *err);
/* The head of an array of exactly `count` items; REJECT_COUNT for another number. */
baals_status
bl_cbor_read_array_exact(struct bl_cbor_reader *reader, uint64_t count, baals_error *err);
/* The head of an array of `count` items and its first one, the format version `version`.
 * REJECT_VERSION is judged before REJECT_COUNT. */
baals_status bl_cbor_read_versioned(struct bl_cbor_reader *reader,
                                    uint64_t version,
                                    uint64_t count,
                                    baals_error *err);
/* The head only; keys and order are the caller's to check (or run bl_cbor_skip on a copy of the
 * reader first). */
baals_status bl_cbor_read_map(struct bl_cbor_reader *reader, uint64_t *count_out, baals_error *err);
baals_status bl_cbor_read_bool(struct bl_cbor_reader *reader, bool *out, baals_error *err);
baals_status bl_cbor_read_null(struct bl_cbor_reader *reader, baals_error *err);
/* True when the next byte is null; consumes nothing. */
bool bl_cbor_peek_null(const struct bl_cbor_reader *reader);
/* Consumes and validates one whole item of any type. REJECT_DEPTH for more than depth_max nested
 * arrays and maps, the outermost counted as 1; depth_max is at most BL_CBOR_DEPTH_MAX. */
baals_status bl_cbor_skip(struct bl_cbor_reader *reader, uint32_t depth_max, baals_error *err);
/* As bl_cbor_skip, and the item's bytes. */
baals_status bl_cbor_read_item(struct bl_cbor_reader *reader,
                               baals_slice *out,
                               uint32_t depth_max,
                               baals_error *err);
/* A map of at most BL_METADATA_BYTES_MAX bytes and BL_METADATA_DEPTH_MAX levels, or null (then
 * *present_out is 0 and *out is empty). What goes beyond these limits is `limit_status`. */
baals_status bl_cbor_read_metadata(struct bl_cbor_reader *reader,
                                   int32_t *present_out,
                                   baals_slice *out,
                                   baals_status limit_status,
                                   baals_error *err);
/* REJECT_TRAILING unless the input is used up. */
baals_status bl_cbor_read_end(const struct bl_cbor_reader *reader, baals_error *err);
/* True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool bl_utf8_valid(baals_slice text);
/* True for 1 to BL_NAME_BYTES_MAX bytes of valid UTF-8 without control characters (below U+0020,
 * U+007F): names of chains and of genesis contracts. */
bool bl_name_valid(baals_slice text);

/* ---- Merkle trees (docs/spec/encoding.md) ----
 *
 * Lists: RFC 6962. leaf = SHA-256(0x00 || bytes), inner = SHA-256(0x01 || left || right), split at
 * the largest power of two below the count, the empty list is SHA-256(""). Maps: the list of items
 * uvarint(len k) || k || 0x20 || SHA-256(v), sorted by key (CometBFT's simple Merkle map).
 */
#define BL_MERKLE_DEPTH_MAX 64u

/* Incremental root: memory for one path only. */
struct bl_merkle {
    uint64_t count;
    baals_hash roots[BL_MERKLE_DEPTH_MAX]; /* of full subtrees, largest first */
    uint32_t root_count;
};
void bl_merkle_init(struct bl_merkle *merkle);
void bl_merkle_add(struct bl_merkle *merkle, baals_slice leaf);
void bl_merkle_final(baals_hash *out, const struct bl_merkle *merkle);

void bl_merkle_root(baals_hash *out, const baals_slice *leaves, size_t count);

/* A path from a leaf up to the root: `sibling` of each level and the side it stands on. */
struct bl_merkle_step {
    baals_hash sibling;
    bool sibling_left;
};
struct bl_merkle_proof {
    uint64_t index;
    uint64_t count;
    uint32_t step_count;
    struct bl_merkle_step steps[BL_MERKLE_DEPTH_MAX]; /* leaf first */
};
/* index < count. */
void bl_merkle_prove(struct bl_merkle_proof *proof_out,
                     const baals_slice *leaves,
                     size_t count,
                     size_t index);
/* True when `leaf` stands at proof->index of a list of proof->count leaves with this root: the
 * sides of the steps must be exactly those of that place. */
bool bl_merkle_verify(const baals_hash *root,
                      baals_slice leaf,
                      const struct bl_merkle_proof *proof);

/* One entry of a map; keys ascending and distinct. */
struct bl_merkle_pair {
    baals_slice key;
    baals_slice value;
};
void bl_merkle_map_root(baals_hash *out, const struct bl_merkle_pair *pairs, size_t count);
void bl_merkle_map_prove(struct bl_merkle_proof *proof_out,
                         const struct bl_merkle_pair *pairs,
                         size_t count,
                         size_t index);
bool bl_merkle_map_verify(const baals_hash *root,
                          const struct bl_merkle_pair *pair,
                          const struct bl_merkle_proof *proof);

/* ---- addresses and identifiers (docs/spec/addresses.md) ---- */

/* True for the 256 system addresses: 31 zero bytes and any last byte. */
bool bl_address_is_system(const baals_address *address);
/* True for a key that may send: usable (bl_ed25519_key_usable) and no system address. */
bool bl_address_is_sender(const baals_address *address);

/* ---- transactions (docs/spec/transaction.md) ---- */

/* The body array; tx->signature, body, bytes and id are not used. */
void bl_tx_encode_body(struct bl_buffer *buffer, const baals_tx *tx);
/* The whole transaction with tx->signature. */
void bl_tx_encode(struct bl_buffer *buffer, const baals_tx *tx);
/* H("baals:txid:1", bytes). */
void bl_tx_id(baals_hash *out, baals_slice tx_bytes);
/* baals_tx_decode for a transaction whose signature is verified next: every rule but that the
 * sender's key is a point of the curve, which a signature that verifies shows. What passes both
 * passes baals_tx_decode and baals_tx_verify; for the status of what does not, these are asked. */
baals_status bl_tx_decode_signed(baals_tx *tx_out, baals_slice bytes, baals_error *err);
/* baals_tx_decode for a transaction of a block that was taken in: the form is checked, the rules
 * for its fields (the sender's key above all, which costs most) are not judged again. */
baals_status bl_tx_decode_known(baals_tx *tx_out, baals_slice bytes, baals_error *err);

/* ---- system operations: the payload of kind 3 (docs/spec/sysop.md) ---- */

enum bl_sysop_kind {
    BL_SYSOP_AUTHORITIES, /* "authorities" */
    BL_SYSOP_PARAM,       /* "param" */
    BL_SYSOP_MINT,        /* "mint", dev chains only */
    BL_SYSOP_ACT,         /* "act", dev chains only */
};

enum bl_param {
    BL_PARAM_BLOCK_GAS_LIMIT, /* "block_gas_limit" */
    BL_PARAM_GAS_PRICE_MIN,   /* "gas_price_min" */
    BL_PARAM_BURN_FEES,       /* "burn_fees", 0 or 1 */
    BL_PARAM_GAS_SCHEDULE,    /* "gas_schedule" */
    BL_PARAM_WASM_LIMITS,     /* "wasm_limits" */
};

/* An action on a dev chain in the name of `sender`: kind, recipient, amount and payload mean what
 * they mean in a transaction. */
struct bl_sysop_act {
    baals_address sender;
    baals_tx_kind kind; /* transfer, call or deploy */
    bool has_recipient;
    bool has_payload;
    baals_address recipient;
    baals_amount amount;
    baals_slice payload;
};

struct bl_sysop {
    enum bl_sysop_kind kind;
    uint64_t epoch;
    union {
        struct {
            size_t count; /* 1 to BL_AUTHORITIES_MAX, distinct, each bl_address_is_sender */
            baals_address keys[BL_AUTHORITIES_MAX];
        } authorities;
        struct {
            enum bl_param param;
            uint64_t value; /* within the bounds of this parameter */
        } param;
        struct {
            baals_address address;
            baals_amount amount;
        } mint;
        struct bl_sysop_act act;
    } u;
};

void bl_sysop_encode(struct bl_buffer *buffer, const struct bl_sysop *sysop);
/* Decodes and checks all that does not need the state: form, names, bounds of values, keys. Any
 * REJECT means BAD_PAYLOAD. Whether the chain is a dev chain, and the epoch, is the ledger's. */
baals_status bl_sysop_decode(struct bl_sysop *sysop_out, baals_slice payload, baals_error *err);
/* H("baals:sysop:1", payload). */
void bl_sysop_id(baals_hash *out, baals_slice payload);
/* The parameter of a name; false when there is none. */
bool bl_param_find(enum bl_param *param_out, baals_slice name);
const char *bl_param_name(enum bl_param param);
/* True when the value lies within the parameter's bounds. */
bool bl_param_in_bounds(enum bl_param param, uint64_t value);
uint64_t bl_param_get(const baals_chain_params *params, enum bl_param param);
/* The value must be in bounds. */
void bl_param_set(baals_chain_params *params, enum bl_param param, uint64_t value);

/* ---- blocks (docs/spec/block.md) ---- */

void bl_header_encode(struct bl_buffer *buffer, const baals_header *header);
baals_status bl_header_decode(baals_header *header_out, baals_slice bytes, baals_error *err);
/* H("baals:block:1", header bytes). */
void bl_header_hash(baals_hash *out, baals_slice header_bytes);
/* `header_bytes` is an encoded header, `seal` an encoded map or NULL. */
void bl_block_encode(struct bl_buffer *buffer,
                     baals_slice header_bytes,
                     const baals_slice *seal,
                     const baals_slice *txs,
                     size_t tx_count);

/* [header, seal | null]: `header_bytes` is an encoded header, `seal` an encoded map or NULL. */
void bl_sealed_header_encode(struct bl_buffer *buffer,
                             baals_slice header_bytes,
                             const baals_slice *seal);

/* ---- receipts (docs/spec/receipt.md) ---- */

/* Uses status, has_contract, gas_used, fee, contract and output of `receipt`. */
void bl_receipt_encode(struct bl_buffer *buffer,
                       const baals_receipt *receipt,
                       const baals_event *events,
                       size_t event_count);
void bl_event_encode(struct bl_buffer *buffer, const baals_event *event);

/* ---- account records ---- */

struct bl_account {
    uint64_t balance;
    uint64_t nonce;
    bool has_code;
    bool has_creator;
    baals_hash code_hash;
    baals_address creator;
};
/* The longest encoding of an account record. */
#define BL_ACCOUNT_BYTES_MAX 87u

/* [balance, nonce, code_hash | null, creator | null] into out; returns the length. */
size_t bl_account_encode(uint8_t out[BL_ACCOUNT_BYTES_MAX], const struct bl_account *account);
baals_status bl_account_decode(struct bl_account *out, baals_slice bytes, baals_error *err);

/* ---- genesis (docs/spec/genesis.md) ---- */

void bl_genesis_encode(struct bl_buffer *buffer, const baals_genesis *genesis);
/* Decodes and checks everything but the contracts' code. Arrays lie in `arena`, texts and bytes
 * borrow from `bytes`. REJECT_GENESIS names the field; NOMEM. */
baals_status bl_genesis_decode(baals_genesis *genesis_out,
                               struct bl_arena *arena,
                               baals_slice bytes,
                               baals_error *err);
/* The same for bytes that bl_genesis_decode accepted before, as their hash proves elsewhere:
 * whether the balances' keys can be used, which takes 9 us each, is not looked at again. */
baals_status bl_genesis_decode_known(baals_genesis *genesis_out,
                                     struct bl_arena *arena,
                                     baals_slice bytes,
                                     baals_error *err);
/* The rules of docs/spec/genesis.md on values that are not encoded yet. */
baals_status bl_genesis_check(const baals_genesis *genesis, baals_error *err);

#endif /* BL_TYPES_TYPES_H */
