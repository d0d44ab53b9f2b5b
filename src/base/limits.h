/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_LIMITS_H
#define BL_BASE_LIMITS_H
/*
 * Every bound of the library in one place. The first group is consensus (docs/spec/limits.md says
 * the same numbers); the second is local and may differ between builds.
 */

/* ---- consensus ---- */
#define BL_TX_BYTES_MAX (1280u * 1024u)
#define BL_BLOCK_BYTES_MAX (16u * 1024u * 1024u)
#define BL_BLOCK_TXS_MAX 65536u
#define BL_BLOCK_GAS_LIMIT_MIN 50000000ull
#define BL_BLOCK_GAS_LIMIT_MAX (1ull << 53)
#define BL_BLOCK_GAS_LIMIT_DEFAULT 1000000000ull
#define BL_METADATA_BYTES_MAX 4096u
#define BL_METADATA_DEPTH_MAX 8u
#define BL_CBOR_DEPTH_MAX 16u
#define BL_AUTHORITIES_MAX 64u
#define BL_SYSOPS_PENDING_MAX 64u
#define BL_NAME_BYTES_MAX 64u
#define BL_RECEIPT_OUTPUT_MAX (64u * 1024u)
#define BL_EVENTS_PER_TX_MAX 100u
#define BL_EVENT_DATA_MAX (16u * 1024u)
#define BL_GAS_TX_BASE 30000ull
#define BL_GAS_TX_BYTE 8ull
#define BL_GAS_ACCOUNT_CREATE 6000ull
#define BL_CALL_DEPTH_MAX 16u
#define BL_STORAGE_KEY_MAX 256u
#define BL_STORAGE_VALUE_MAX (128u * 1024u)
#define BL_CODE_BYTES_MAX (1024u * 1024u)
#define BL_GENESIS_BYTES_MAX (16u * 1024u * 1024u)
#define BL_GENESIS_BALANCES_MAX 100000u
#define BL_GENESIS_CONTRACTS_MAX 256u

/* ---- local ---- */
#define BL_KV_KEY_MAX 511u
#define BL_PATH_MAX 4096u
#define BL_DIR_ENTRIES_MAX 1000000u
#define BL_LOG_LINE_MAX 512u
#define BL_POOL_COUNT_DEFAULT 65536u
#define BL_POOL_BYTES_DEFAULT (128u * 1000u * 1000u)
#define BL_POOL_PER_SENDER_DEFAULT 16384u
#define BL_POOL_AGE_MS_DEFAULT (24ull * 3600ull * 1000ull)
#define BL_CLOCK_DRIFT_MS 5000ull
#define BL_VIEW_AGE_MS_MAX 5000ull
#define BL_QUERY_GAS_DEFAULT 50000000ull
#define BL_QUERY_MS_DEFAULT 2000u
#define BL_TRACE_ITEMS_MAX 10000u
#define BL_TRACE_BYTES_MAX (4u * 1024u * 1024u)
#define BL_TRACE_ENDS_MAX 1000u
#define BL_TRACE_MODULES_MAX 32u
#define BL_TRACE_WALK_MAX (256u * 1024u * 1024u)

#endif /* BL_BASE_LIMITS_H */
