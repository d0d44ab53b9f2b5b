/* SPDX-License-Identifier: MIT */
#ifndef BAALS_TYPES_H
#define BAALS_TYPES_H
/**
 * The values of the protocol: hashes, addresses, transactions, blocks, receipts, genesis.
 *
 * Threads:   values are plain data; functions here have no state.
 * Ownership: a decoded value borrows from the bytes it was decoded from; slices never own.
 * Errors:    decoders return BAALS_OK or a REJECT status with the byte offset in err->offset.
 * Source:    docs/spec/encoding.md, transaction.md, block.md, receipt.md, genesis.md.
 */
#include <stddef.h>
#include <stdint.h>

#include "baals/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Borrowed bytes. `data` may be NULL only when len is 0. */
typedef struct baals_slice {
    const uint8_t *data;
    size_t len;
} baals_slice;

/** A SHA-256 hash or an identifier made of one. */
typedef struct baals_hash {
    uint8_t bytes[32];
} baals_hash;

/** An account (its Ed25519 public key), a contract id or a system address. */
typedef struct baals_address {
    uint8_t bytes[32];
} baals_address;

/** An Ed25519 signature. */
typedef struct baals_signature {
    uint8_t bytes[64];
} baals_signature;

/** An amount of the chain's currency in its smallest unit. */
typedef struct baals_amount {
    uint64_t units;
} baals_amount;

/** Kinds of addresses; they differ in their text form only. */
typedef enum baals_address_kind {
    BAALS_ADDRESS_ACCOUNT = 0,  /* bl1... */
    BAALS_ADDRESS_CONTRACT = 1, /* blc1... */
    BAALS_ADDRESS_SYSTEM = 2,   /* bls1... */
    BAALS_ADDRESS_FORCE_INT = 0x7fffffff
} baals_address_kind;

/** Bytes that hold any address text and its NUL. */
#define BAALS_ADDRESS_TEXT_SIZE 80
/** Bytes that hold a hash as 64 lowercase hex digits and a NUL. */
#define BAALS_HASH_TEXT_SIZE 65

/** Writes the bech32m text (BIP 350) and a NUL into text_out[BAALS_ADDRESS_TEXT_SIZE]. */
BAALS_API void
baals_address_format(char *text_out, baals_address_kind kind, const baals_address *address);
/** Parses NUL-terminated bech32m text. MISUSE_ADDRESS says whether prefix, case, length or checksum
 * is wrong. */
BAALS_API BAALS_NODISCARD baals_status baals_address_parse(baals_address *address_out,
                                                           baals_address_kind *kind_out,
                                                           const char *text,
                                                           baals_error *err);
/** Writes 64 hex digits and a NUL into text_out[BAALS_HASH_TEXT_SIZE]. */
BAALS_API void baals_hash_format(char *text_out, const baals_hash *hash);
/** Parses exactly 64 lowercase hex digits. MISUSE_ARGUMENT. */
BAALS_API BAALS_NODISCARD baals_status baals_hash_parse(baals_hash *hash_out,
                                                        const char *text,
                                                        baals_error *err);

/** Transaction kinds, frozen (docs/spec/transaction.md). */
typedef enum baals_tx_kind {
    BAALS_TX_TRANSFER = 0,
    BAALS_TX_CALL = 1,
    BAALS_TX_DEPLOY = 2,
    BAALS_TX_SYSTEM = 3,
    BAALS_TX_KIND_FORCE_INT = 0x7fffffff
} baals_tx_kind;

/**
 * A transaction. Slices borrow. Optional fields have a has_* flag of 0 or 1; where it is 0 the
 * field is ignored by the encoder and zeroed by the decoder.
 */
typedef struct baals_tx {
    baals_tx_kind kind;
    int32_t has_recipient;
    int32_t has_payload;
    int32_t has_valid_until;
    int32_t has_metadata;
    baals_hash chain_id;
    baals_address sender;
    uint64_t nonce;
    baals_address recipient;
    baals_amount amount;
    baals_slice payload;
    uint64_t gas_limit;
    uint64_t gas_price;
    uint64_t valid_until; /* last block index where it may stand */
    baals_slice metadata; /* an encoded CBOR map */
    baals_signature signature;
    baals_slice body;  /* set by the decoder: the signed part */
    baals_slice bytes; /* set by the decoder: the whole transaction */
    baals_hash id;     /* set by the decoder */
} baals_tx;

/** A block header (docs/spec/block.md). */
typedef struct baals_header {
    baals_hash chain_id;
    uint64_t index;
    uint64_t timestamp_ms;
    baals_hash prev_hash;
    baals_hash tx_root;
    baals_hash receipts_root;
    baals_hash state_root;
    uint64_t gas_used;
    baals_address proposer;
    uint64_t nonce;
    int32_t has_metadata;
    baals_slice metadata; /* an encoded CBOR map */
} baals_header;

/** A decoded block. Transactions are read with baals_block_txs_next. */
typedef struct baals_block {
    baals_header header;
    baals_hash hash; /* of the header bytes */
    int32_t has_seal;
    baals_slice seal; /* an encoded CBOR map */
    uint64_t tx_count;
    baals_slice header_bytes;
    baals_slice txs;   /* the tx_count encoded transactions, one after the other */
    size_t txs_offset; /* where txs begin in bytes */
    baals_slice bytes; /* the whole block */
} baals_block;

/** A block's header with its seal, without its transactions (docs/spec/block.md). */
typedef struct baals_sealed_header {
    baals_header header;
    baals_hash hash; /* of the header bytes: the block's */
    int32_t has_seal;
    baals_slice seal; /* an encoded CBOR map */
    baals_slice header_bytes;
    baals_slice bytes; /* all of it */
} baals_sealed_header;

/** Receipt statuses, frozen (docs/spec/receipt.md). */
typedef enum baals_receipt_status {
    BAALS_RECEIPT_OK = 0,
    BAALS_RECEIPT_REVERT = 1,
    BAALS_RECEIPT_TRAP = 2,
    BAALS_RECEIPT_OUT_OF_GAS = 3,
    BAALS_RECEIPT_OUT_OF_STACK = 4,
    BAALS_RECEIPT_NO_METHOD = 5,
    BAALS_RECEIPT_NO_CONTRACT = 6,
    BAALS_RECEIPT_BAD_PAYLOAD = 7,
    BAALS_RECEIPT_BAD_CODE = 8,
    BAALS_RECEIPT_ADDRESS_TAKEN = 9,
    BAALS_RECEIPT_REENTRY = 10,
    BAALS_RECEIPT_LIMIT = 11,
    BAALS_RECEIPT_STATUS_FORCE_INT = 0x7fffffff
} baals_receipt_status;

/** Most topics of one event. */
#define BAALS_EVENT_TOPICS_MAX 4

/** One event of a contract. */
typedef struct baals_event {
    baals_address contract;
    uint32_t topic_count;
    baals_hash topics[BAALS_EVENT_TOPICS_MAX];
    baals_slice data;
} baals_event;

/** What became of a transaction. Events are read with baals_receipt_events_next. */
typedef struct baals_receipt {
    baals_receipt_status status;
    int32_t has_contract;
    uint64_t gas_used;
    uint64_t fee;
    baals_address contract; /* the contract made by a deploy */
    baals_slice output;
    uint64_t event_count;
    baals_slice events; /* the event_count encoded events, one after the other */
    baals_slice bytes;  /* set by the decoder */
} baals_receipt;

/** "OK", "OUT_OF_GAS", ...; "UNKNOWN" for anything else. Never NULL. */
BAALS_API const char *baals_receipt_status_name(baals_receipt_status status);

/** Decodes one whole transaction and checks its form (size, fields, recipient rules, sender key,
 * metadata), but neither signature nor state. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_decode(baals_tx *tx_out,
                                                       baals_slice bytes,
                                                       baals_error *err);
/** Decodes one whole block: sizes, header, seal and the boundaries of its transactions, which are
 * not decoded. */
BAALS_API BAALS_NODISCARD baals_status baals_block_decode(baals_block *block_out,
                                                          baals_slice bytes,
                                                          baals_error *err);
/** Decodes one whole header with its seal. */
BAALS_API BAALS_NODISCARD baals_status baals_sealed_header_decode(baals_sealed_header *sealed_out,
                                                                  baals_slice bytes,
                                                                  baals_error *err);
/** The next transaction's bytes; starts with *cursor = 0. 1 when there was one, 0 at the end. */
BAALS_API int32_t baals_block_txs_next(baals_slice *tx_out,
                                       size_t *cursor,
                                       const baals_block *block);
BAALS_API BAALS_NODISCARD baals_status baals_receipt_decode(baals_receipt *receipt_out,
                                                            baals_slice bytes,
                                                            baals_error *err);
/** The next event; starts with *cursor = 0. 1 when there was one, 0 at the end. */
BAALS_API int32_t baals_receipt_events_next(baals_event *event_out,
                                            size_t *cursor,
                                            const baals_receipt *receipt);

/* ---- genesis ---- */

/** An initial balance. */
typedef struct baals_genesis_balance {
    baals_address address;
    baals_amount amount;
} baals_genesis_balance;

/** A contract that exists from block 0; its id is H("baals:contract:0", CBOR[name]). */
typedef struct baals_genesis_contract {
    baals_slice name;     /* UTF-8, 1 to 64 bytes, distinct */
    baals_hash code_hash; /* SHA-256 of the module */
    int32_t has_init;
    baals_slice init; /* argument bytes of `init` */
} baals_genesis_contract;

/** Parameters of the `poa` engine (docs/spec/consensus.md). */
typedef struct baals_poa_params {
    const baals_address *authorities; /* in slot order, 1 to 64 distinct keys */
    size_t authority_count;
    uint64_t slot_ms;       /* 1 to 3,600,000 */
    uint64_t interval_ms;   /* produce when this long has passed since the parent; 0 = off */
    uint64_t pending_count; /* produce when so many are ready; 0 = off */
    uint64_t pending_bytes; /* produce when so many bytes are ready; 0 = off */
    int32_t instant;        /* 1: produce as soon as something is ready */
    int32_t empty_blocks;   /* 1: the interval also makes empty blocks */
} baals_poa_params;

/** Parameters of the chain; all but the bounds may be changed by system operations. */
typedef struct baals_chain_params {
    uint64_t block_gas_limit; /* 50,000,000 to 2^53 */
    uint64_t gas_price_min;
    int32_t burn_fees;     /* 1: fees are burned, 0: credited to the proposer */
    uint32_t gas_schedule; /* version of the cost table */
    uint32_t wasm_limits;  /* version of limits and host interface */
} baals_chain_params;

/** Everything a chain begins with. The hash of its canonical encoding is the chain id. */
typedef struct baals_genesis {
    baals_slice chain_name; /* UTF-8, 1 to 64 bytes */
    uint64_t start_ms;
    int32_t dev;
    baals_slice engine; /* "poa" */
    baals_poa_params poa;
    baals_chain_params params;
    const baals_genesis_balance *balances; /* ascending by address, distinct */
    size_t balance_count;
    const baals_genesis_contract *contracts; /* in order of creation */
    size_t contract_count;
} baals_genesis;

/** Defaults for a local chain of one authority: instant blocks, slot 1,000 ms, gas limit 10^9.
 * Slices point to constants; authorities, balances and contracts are empty. */
BAALS_API void baals_genesis_defaults(baals_genesis *genesis_out);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_TYPES_H */
