/* SPDX-License-Identifier: MIT */
#ifndef BAALS_ERROR_H
#define BAALS_ERROR_H
/**
 * Status codes and the caller-owned error message.
 *
 * A status is an int: its class in the low 8 bits says what the caller should do, the detail above
 * says what happened. Two kinds must never be mixed:
 *
 *   - REJECT and TRAP are verdicts: deterministic results of the protocol on which every node
 * agrees. Their numbers are frozen in docs/spec/codes.md and its vectors.
 *   - all others are local: they abort the operation, never influence state, are never gossiped.
 *
 * Threads:   a baals_error belongs to one call at a time; everything else here is constant.
 * Ownership: the caller owns the baals_error; it is written only on failure and may be NULL.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BAALS_API __attribute__((visibility("default")))
#define BAALS_NODISCARD __attribute__((warn_unused_result))
#else
#define BAALS_API
#define BAALS_NODISCARD
#endif

/** Classes: the low 8 bits of a status. What the caller should do stands behind each. */
enum {
    BAALS_CLASS_OK = 0,          /* go on */
    BAALS_CLASS_MISUSE = 1,      /* mend the call */
    BAALS_CLASS_NOMEM = 2,       /* free memory, or raise the limit */
    BAALS_CLASS_IO = 3,          /* look at the disk; reopen */
    BAALS_CLASS_BUSY = 4,        /* try again later */
    BAALS_CLASS_NOTFOUND = 5,    /* expected: the thing is not there */
    BAALS_CLASS_CORRUPT = 6,     /* run `baals verify`, then `baals repair` */
    BAALS_CLASS_LIMIT = 7,       /* ask for less, or raise a setting */
    BAALS_CLASS_UNSUPPORTED = 8, /* use a build or a version that has it */
    BAALS_CLASS_REJECT = 9,      /* the block, transaction, genesis or module is invalid */
    BAALS_CLASS_TRAP = 10,       /* the contract failed */
    BAALS_CLASS_INTERNAL = 11    /* report a defect */
};

/**
 * Every status: X(name, class, detail, code, text). `code` is the stable text shown to people and
 * in JSON. Details are appended only; a number or a code never changes its meaning.
 */
#define BAALS_STATUS_MAP(X)                                                                        \
    X(OK, OK, 0, "OK", "success")                                                                  \
    X(MISUSE, MISUSE, 0, "E-MISUSE", "the call breaks the function's contract")                    \
    X(MISUSE_ARGUMENT, MISUSE, 1, "E-ARGUMENT", "an argument is not valid")                        \
    X(MISUSE_ADDRESS, MISUSE, 2, "E-ADDRESS", "not a valid address")                               \
    X(MISUSE_KEY, MISUSE, 3, "E-KEY", "not a usable key")                                          \
    X(MISUSE_CLOSED, MISUSE, 4, "E-CLOSED", "the handle is closed or has stopped")                 \
    X(MISUSE_NOT_AUTHORITY, MISUSE, 5, "E-NO-AUTHORITY", "this node has no authority key")         \
    X(NOMEM, NOMEM, 0, "E-NOMEM", "out of memory")                                                 \
    X(IO, IO, 0, "E-IO", "input or output failed")                                                 \
    X(IO_FULL, IO, 1, "E-DISK-FULL", "the disk is full")                                           \
    X(IO_READONLY, IO, 2, "E-READ-ONLY", "the folder or file cannot be written")                   \
    X(IO_SYNC, IO, 3, "E-SYNC", "the disk did not confirm a write; the handle has stopped")        \
    X(IO_DENIED, IO, 4, "E-DENIED", "permission denied")                                           \
    X(BUSY, BUSY, 0, "E-BUSY", "in use")                                                           \
    X(BUSY_OWNED, BUSY, 1, "E-OWNED", "another process owns the data directory")                   \
    X(BUSY_TIMEOUT, BUSY, 2, "E-TIMEOUT", "not done within the time given")                        \
    X(BUSY_AHEAD, BUSY, 3, "E-AHEAD", "the block is ahead of the local clock; try later")          \
    X(BUSY_CLOCK, BUSY, 4, "E-CLOCK", "the clock is too far behind the chain to seal blocks")      \
    X(NOTFOUND, NOTFOUND, 0, "E-NOT-FOUND", "not found")                                           \
    X(NOTFOUND_CHAIN, NOTFOUND, 1, "E-NO-CHAIN", "there is no chain in this directory")            \
    X(NOTFOUND_PRUNED, NOTFOUND, 2, "E-PRUNED", "the chain does not keep blocks this old")         \
    X(CORRUPT, CORRUPT, 0, "E-CORRUPT", "stored data is damaged")                                  \
    X(CORRUPT_JOURNAL, CORRUPT, 1, "E-JOURNAL", "the journal is damaged")                          \
    X(CORRUPT_STORE, CORRUPT, 2, "E-STORE", "the key-value store is damaged")                      \
    X(CORRUPT_STATE, CORRUPT, 3, "E-STATE", "the state does not match its root")                   \
    X(CORRUPT_FOREIGN, CORRUPT, 4, "E-FOREIGN",                                                    \
      "the directory belongs to another chain or format")                                          \
    X(CORRUPT_SNAPSHOT, CORRUPT, 5, "E-SNAPSHOT", "a snapshot is damaged")                         \
    X(CORRUPT_HEADERS, CORRUPT, 6, "E-HEADERS", "the kept headers are damaged")                    \
    X(LIMIT, LIMIT, 0, "E-LIMIT", "a limit was reached")                                           \
    X(LIMIT_POOL, LIMIT, 1, "E-POOL-FULL", "the mempool is full")                                  \
    X(LIMIT_SENDER, LIMIT, 2, "E-POOL-SENDER", "too many pending transactions of this sender")     \
    X(LIMIT_PRICE, LIMIT, 3, "E-UNDERPRICED", "the replacement's gas price is too low")            \
    X(LIMIT_KNOWN, LIMIT, 4, "E-KNOWN", "the transaction is already known")                        \
    X(LIMIT_EXISTS, LIMIT, 5, "E-EXISTS", "it already exists")                                     \
    X(LIMIT_EXPIRED_VIEW, LIMIT, 6, "E-VIEW", "the view has expired")                              \
    X(LIMIT_AGE, LIMIT, 7, "E-POOL-AGE", "the transaction waited too long in the mempool")         \
    X(UNSUPPORTED, UNSUPPORTED, 0, "E-UNSUPPORTED", "not supported by this build")                 \
    X(UNSUPPORTED_VERSION, UNSUPPORTED, 1, "E-VERSION", "a version this build does not know")      \
    X(REJECT, REJECT, 0, "E-REJECT", "invalid")                                                    \
    X(REJECT_TRUNCATED, REJECT, 1, "E-TRUNCATED", "the input ends too early")                      \
    X(REJECT_TRAILING, REJECT, 2, "E-TRAILING", "bytes follow the value")                          \
    X(REJECT_NOT_SHORTEST, REJECT, 3, "E-NOT-SHORTEST",                                            \
      "a length or integer is not in its shortest form")                                           \
    X(REJECT_ITEM, REJECT, 4, "E-ITEM", "an item outside the accepted CBOR subset")                \
    X(REJECT_UTF8, REJECT, 5, "E-UTF8", "text is not valid UTF-8")                                 \
    X(REJECT_MAP_KEY, REJECT, 6, "E-MAP-KEY", "a map key is not text")                             \
    X(REJECT_MAP_ORDER, REJECT, 7, "E-MAP-ORDER", "map keys are not in order")                     \
    X(REJECT_MAP_DUPLICATE, REJECT, 8, "E-MAP-DUPLICATE", "a map key stands twice")                \
    X(REJECT_DEPTH, REJECT, 9, "E-DEPTH", "nested too deeply")                                     \
    X(REJECT_TYPE, REJECT, 10, "E-TYPE", "a value of another type was expected")                   \
    X(REJECT_RANGE, REJECT, 11, "E-RANGE", "a number is out of range")                             \
    X(REJECT_COUNT, REJECT, 12, "E-COUNT", "wrong number of elements")                             \
    X(REJECT_LENGTH, REJECT, 13, "E-LENGTH", "a string has the wrong length")                      \
    X(REJECT_VERSION, REJECT, 14, "E-FORMAT-VERSION", "unknown format version")                    \
    X(REJECT_TX_SIZE, REJECT, 20, "E-TX-SIZE", "the transaction is too large")                     \
    X(REJECT_KIND, REJECT, 21, "E-KIND", "unknown transaction kind")                               \
    X(REJECT_SENDER, REJECT, 22, "E-SENDER", "the sender cannot sign transactions")                \
    X(REJECT_RECIPIENT, REJECT, 23, "E-RECIPIENT", "the recipient does not fit the transaction")   \
    X(REJECT_AMOUNT, REJECT, 24, "E-AMOUNT", "the amount does not fit the transaction")            \
    X(REJECT_METADATA, REJECT, 25, "E-METADATA", "the metadata is too large or too deep")          \
    X(REJECT_SIGNATURE, REJECT, 26, "E-SIGNATURE", "the signature does not verify")                \
    X(REJECT_CHAIN_ID, REJECT, 30, "E-CHAIN-ID", "made for another chain")                         \
    X(REJECT_NOT_AUTHORITY, REJECT, 31, "E-NOT-AUTHORITY", "the sender is not an authority")       \
    X(REJECT_EXPIRED, REJECT, 32, "E-EXPIRED", "no longer valid at this height")                   \
    X(REJECT_NONCE, REJECT, 33, "E-NONCE", "the nonce is not the account's next")                  \
    X(REJECT_GAS_PRICE, REJECT, 34, "E-GAS-PRICE", "the gas price is below the minimum")           \
    X(REJECT_GAS_INTRINSIC, REJECT, 35, "E-GAS-LIMIT", "the gas limit is below the intrinsic gas") \
    X(REJECT_GAS_BLOCK, REJECT, 36, "E-GAS-BLOCK", "the gas limit does not fit the block")         \
    X(REJECT_BALANCE, REJECT, 37, "E-BALANCE", "the balance does not cover amount and gas")        \
    X(REJECT_BLOCK_SIZE, REJECT, 40, "E-BLOCK-SIZE", "the block is too large")                     \
    X(REJECT_INDEX, REJECT, 41, "E-INDEX", "the block index does not follow its parent")           \
    X(REJECT_PREV_HASH, REJECT, 42, "E-PREV-HASH", "the parent hash does not match")               \
    X(REJECT_PROPOSER, REJECT, 43, "E-PROPOSER", "not signed by the proposer whose turn it is")    \
    X(REJECT_SLOT, REJECT, 44, "E-SLOT", "the slot does not fit")                                  \
    X(REJECT_TIME, REJECT, 45, "E-TIME", "the time goes back")                                     \
    X(REJECT_SEAL, REJECT, 46, "E-SEAL", "the seal does not verify")                               \
    X(REJECT_HEADER_METADATA, REJECT, 47, "E-HEADER-METADATA", "the header metadata does not fit") \
    X(REJECT_TX_COUNT, REJECT, 48, "E-TX-COUNT", "too many transactions")                          \
    X(REJECT_TX_ROOT, REJECT, 49, "E-TX-ROOT", "the transaction root does not match")              \
    X(REJECT_GAS_USED, REJECT, 50, "E-GAS-USED", "the gas used does not match")                    \
    X(REJECT_RECEIPTS_ROOT, REJECT, 51, "E-RECEIPTS-ROOT", "the receipts root does not match")     \
    X(REJECT_STATE_ROOT, REJECT, 52, "E-STATE-ROOT", "the state root does not match")              \
    X(REJECT_FINAL, REJECT, 53, "E-FINAL", "the block is at or below the final one")               \
    X(REJECT_SIDE_LIMIT, REJECT, 54, "E-SIDE-LIMIT", "too many side blocks for this slot")         \
    X(REJECT_ORPHAN, REJECT, 55, "E-ORPHAN", "the parent block is unknown")                        \
    X(REJECT_FINAL_CONFLICT, REJECT, 56, "E-FINAL-CONFLICT",                                       \
      "a longer branch contradicts a final block")                                                 \
    X(REJECT_GENESIS, REJECT, 60, "E-GENESIS", "the genesis is not valid")                         \
    X(REJECT_GENESIS_CONTRACT, REJECT, 61, "E-GENESIS-CONTRACT", "a genesis contract failed")      \
    X(REJECT_CODE, REJECT, 70, "E-CODE", "the contract's code is not accepted")                    \
    X(REJECT_PROOF, REJECT, 71, "E-PROOF", "the proof does not verify")                            \
    X(TRAP, TRAP, 0, "E-TRAP", "the contract trapped")                                             \
    X(TRAP_UNREACHABLE, TRAP, 1, "E-UNREACHABLE", "unreachable was executed")                      \
    X(TRAP_DIVIDE, TRAP, 2, "E-DIVIDE", "division by zero")                                        \
    X(TRAP_OVERFLOW, TRAP, 3, "E-OVERFLOW", "integer overflow")                                    \
    X(TRAP_MEMORY, TRAP, 4, "E-MEMORY", "access outside the memory")                               \
    X(TRAP_TABLE, TRAP, 5, "E-TABLE", "access outside the table")                                  \
    X(TRAP_NULL_CALL, TRAP, 6, "E-NULL-CALL", "call through an empty table entry")                 \
    X(TRAP_CALL_TYPE, TRAP, 7, "E-CALL-TYPE", "call through a table entry of another type")        \
    X(TRAP_GAS, TRAP, 8, "E-OUT-OF-GAS", "out of gas")                                             \
    X(TRAP_STACK, TRAP, 9, "E-OUT-OF-STACK", "out of stack")                                       \
    X(TRAP_POINTER, TRAP, 10, "E-POINTER", "a host function was given a bad pointer")              \
    X(TRAP_READONLY, TRAP, 11, "E-VIEW-WRITE", "a read-only call tried to write")                  \
    X(TRAP_ARGUMENT, TRAP, 12, "E-HOST-ARGUMENT", "a host function was given a bad argument")      \
    X(TRAP_LIMIT, TRAP, 13, "E-CONTRACT-LIMIT", "a limit of the contract interface was reached")   \
    X(TRAP_REVERT, TRAP, 14, "E-REVERT", "the contract reverted")                                  \
    X(TRAP_NO_METHOD, TRAP, 15, "E-NO-METHOD", "the contract has no such method")                  \
    X(TRAP_NO_CONTRACT, TRAP, 16, "E-NO-CONTRACT", "there is no contract at this address")         \
    X(TRAP_REENTRY, TRAP, 17, "E-REENTRY", "the contract is already being called")                 \
    X(INTERNAL, INTERNAL, 0, "E-INTERNAL", "a defect in BaaLS")                                    \
    X(INTERNAL_FAULT, INTERNAL, 1, "E-FAULT", "the contract engine failed on this machine")

typedef enum baals_status {
#define BAALS_STATUS_ENUM(name, class_, detail, code, text)                                        \
    BAALS_##name = BAALS_CLASS_##class_ | ((detail) << 8),
    BAALS_STATUS_MAP(BAALS_STATUS_ENUM)
#undef BAALS_STATUS_ENUM
        BAALS_STATUS_FORCE_INT = 0x7fffffff
} baals_status;

/** The class of a status: one of BAALS_CLASS_*. */
#define BAALS_STATUS_CLASS(status) ((int)(status)&0xff)

/** No byte offset is known for an error. */
#define BAALS_NO_OFFSET 0xffffffffu

/**
 * What went wrong, for people and for programs. `offset` is the byte offset in the decoded input
 * for REJECT statuses of decoders, else BAALS_NO_OFFSET. `message` is one NUL-terminated line of
 * UTF-8.
 */
typedef struct baals_error {
    int32_t status;
    uint32_t offset;
    char message[248];
} baals_error;

/** The name of a status ("REJECT_NONCE"); "UNKNOWN" for a number that is no status. Never NULL. */
BAALS_API const char *baals_status_name(baals_status status);
/** The stable code of a status ("E-NONCE"); "E-UNKNOWN" for a number that is no status. Never NULL.
 */
BAALS_API const char *baals_status_code(baals_status status);
/** One line of text for a status. Never NULL. */
BAALS_API const char *baals_status_text(baals_status status);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_ERROR_H */
