/* SPDX-License-Identifier: MIT */
#ifndef BAALS_TX_H
#define BAALS_TX_H
/**
 * Making what a chain takes in: keys, signed transactions, payloads, the genesis; and the
 * identifiers that follow from them.
 *
 * Threads:   no state; everything may be called from any thread.
 * Ownership: everything is written into the caller's memory.
 * Errors:    MISUSE for arguments that break a contract, NOMEM, LIMIT for a buffer that is too
 *            small, and the REJECT statuses of the matching decoder: nothing is made that
 *            the decoder would refuse.
 * Source:    docs/spec/transaction.md, sysop.md, addresses.md, genesis.md.
 *
 * Functions that fill a buffer take (out, cap, len_out): with out NULL they only set *len_out and
 * return BAALS_OK; when cap is too small they set *len_out to what is needed and return LIMIT.
 */
#include <stddef.h>
#include <stdint.h>

#include "baals/error.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys ---- */

/** An Ed25519 key pair. The seed is the secret; wipe it after use. */
typedef struct baals_keypair {
    uint8_t seed[32];
    baals_address address; /* the public key */
} baals_keypair;

/** The key pair of a 32-byte seed (RFC 8032). The caller brings the randomness. */
BAALS_API void baals_keypair_from_seed(baals_keypair *keypair_out, const uint8_t seed[32]);
/** Overwrites the key pair so that the compiler cannot leave it out. */
BAALS_API void baals_keypair_wipe(baals_keypair *keypair);

/** A key that is ready to sign: for who signs often, since a signature with it costs half. As
 * secret as the seed; wipe it after use. */
typedef struct baals_signing_key {
    baals_address address; /* the public key */
    uint64_t secret[36];   /* the library's */
    baals_hash check;      /* of both: a key that was damaged signs nothing */
} baals_signing_key;

/** The key of a 32-byte seed. The same address and signatures as those of its key pair. */
BAALS_API void baals_signing_key_from_seed(baals_signing_key *key_out, const uint8_t seed[32]);
/** Overwrites the key so that the compiler cannot leave it out. */
BAALS_API void baals_signing_key_wipe(baals_signing_key *key);

/* ---- transactions ---- */

/**
 * Encodes and signs a transaction. `fields` gives everything but sender and signature, which come
 * from `keypair` (fields->sender, signature, body, bytes and id are not read). The result passes
 * baals_tx_decode, or its REJECT status is returned. *id_out (may be NULL) is the transaction's id;
 * it is filled in a length query too.
 */
BAALS_API BAALS_NODISCARD baals_status baals_tx_sign(uint8_t *out,
                                                     size_t cap,
                                                     size_t *len_out,
                                                     baals_hash *id_out,
                                                     const baals_tx *fields,
                                                     const baals_keypair *keypair,
                                                     baals_error *err);
/** The same with a key that is ready to sign. MISUSE_KEY when it is not what
 * baals_signing_key_from_seed made. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_sign_ready(uint8_t *out,
                                                           size_t cap,
                                                           size_t *len_out,
                                                           baals_hash *id_out,
                                                           const baals_tx *fields,
                                                           const baals_signing_key *key,
                                                           baals_error *err);
/** Verifies the signature of a decoded transaction. REJECT_SIGNATURE. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_verify(const baals_tx *tx, baals_error *err);

/* ---- payloads of calls and deploys ---- */

/** [method, args]: the payload of BAALS_TX_CALL. `method` is UTF-8; REJECT_UTF8. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_encode_call_payload(uint8_t *out,
                                                                    size_t cap,
                                                                    size_t *len_out,
                                                                    baals_slice method,
                                                                    baals_slice args,
                                                                    baals_error *err);
/** The parts of a call's payload, borrowed from it. REJECT statuses of the encoding. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_decode_call_payload(baals_slice *method_out,
                                                                    baals_slice *args_out,
                                                                    baals_slice payload,
                                                                    baals_error *err);
/** [code, init_args | null]: the payload of BAALS_TX_DEPLOY. `init_args` NULL: none. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_encode_deploy_payload(uint8_t *out,
                                                                      size_t cap,
                                                                      size_t *len_out,
                                                                      baals_slice code,
                                                                      const baals_slice *init_args,
                                                                      baals_error *err);
/** The parts of a deploy's payload, borrowed from it. *has_init_args_out is 0 or 1. REJECT statuses
 * of the encoding. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_decode_deploy_payload(baals_slice *code_out,
                                                                      int32_t *has_init_args_out,
                                                                      baals_slice *init_args_out,
                                                                      baals_slice payload,
                                                                      baals_error *err);

/* ---- payloads of system operations ---- */

/** ["authorities", epoch, [key...]]: replaces the authorities, 1 to 64 distinct usable keys in slot
 * order. */
BAALS_API BAALS_NODISCARD baals_status baals_sysop_encode_authorities(uint8_t *out,
                                                                      size_t cap,
                                                                      size_t *len_out,
                                                                      uint64_t epoch,
                                                                      const baals_address *keys,
                                                                      size_t key_count,
                                                                      baals_error *err);
/** ["param", epoch, [name, value]]: sets a chain parameter. `name` is NUL-terminated:
 * "block_gas_limit", "gas_price_min", "burn_fees", "gas_schedule" or "wasm_limits". */
BAALS_API BAALS_NODISCARD baals_status baals_sysop_encode_param(uint8_t *out,
                                                                size_t cap,
                                                                size_t *len_out,
                                                                uint64_t epoch,
                                                                const char *name,
                                                                uint64_t value,
                                                                baals_error *err);
/** ["mint", epoch, [address, amount]]: creates currency. Dev chains only. */
BAALS_API BAALS_NODISCARD baals_status baals_sysop_encode_mint(uint8_t *out,
                                                               size_t cap,
                                                               size_t *len_out,
                                                               uint64_t epoch,
                                                               const baals_address *address,
                                                               baals_amount amount,
                                                               baals_error *err);
/** ["act", epoch, [sender, kind, recipient | null, amount, payload | null]]: acts in the name of
 * action->sender. Reads sender, kind (transfer, call, deploy), recipient, amount and payload of
 * `action`. Dev chains only. */
BAALS_API BAALS_NODISCARD baals_status baals_sysop_encode_act(uint8_t *out,
                                                              size_t cap,
                                                              size_t *len_out,
                                                              uint64_t epoch,
                                                              const baals_tx *action,
                                                              baals_error *err);

/* ---- identifiers ---- */

/** H("baals:contract:0", CBOR[name]): the id of a genesis contract. MISUSE_ARGUMENT for a name that
 * docs/spec/genesis.md does not allow. */
BAALS_API BAALS_NODISCARD baals_status baals_contract_id_from_name(baals_address *id_out,
                                                                   baals_slice name,
                                                                   baals_error *err);
/** H("baals:contract:1", CBOR[deployer, nonce]): the id a deploy with this nonce gives. */
BAALS_API void
baals_contract_id_from_deploy(baals_address *id_out, const baals_address *deployer, uint64_t nonce);

/** H("baals:contract:2", CBOR[deployer, salt, code_hash]): the id of a contract that the contract
 * `deployer` makes. */
BAALS_API void baals_contract_id_from_contract(baals_address *id_out,
                                               const baals_address *deployer,
                                               const baals_hash *salt,
                                               const baals_hash *code_hash);

/* ---- genesis ---- */

/** The canonical encoding. Every rule of docs/spec/genesis.md is checked: REJECT_GENESIS names the
 * field. */
BAALS_API BAALS_NODISCARD baals_status baals_genesis_encode(
    uint8_t *out, size_t cap, size_t *len_out, const baals_genesis *genesis, baals_error *err);
/** H("baals:genesis:1", encoding): the chain id. `encoded` is what baals_genesis_encode made. */
BAALS_API void baals_genesis_chain_id(baals_hash *chain_id_out, baals_slice encoded);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_TX_H */
