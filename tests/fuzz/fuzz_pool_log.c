/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as pool.log. The first byte chooses what is put right beforehand: 1 the header's hash,
 * 2 the records' hashes. Opening must give a status of its contract, the sizes must agree with what
 * was handed out, and a second opening and a compaction must change nothing of it.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "storage/pool_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_HEADER = 80, FUZZ_RECORD = 80, FUZZ_HASH = 48 };

static const baals_hash fuzz_chain = {{'p', 'o', 'o', 'l'}};
static const char fuzz_path[] = "/pool.log";

static void fuzz_mend(uint8_t *file, size_t size, uint8_t mode)
{
    baals_hash hash;
    if (size < FUZZ_HEADER)
        return;
    bl_sha256(&hash, bl_slice(file, FUZZ_HASH));
    if ((mode & 1) != 0)
        memcpy(file + FUZZ_HASH, hash.bytes, sizeof hash.bytes);
    for (size_t at = FUZZ_HEADER; (mode & 2) != 0 && size - at >= FUZZ_RECORD;) {
        uint32_t len = bl_load_u32le(file + at);
        if (len > size - at - FUZZ_RECORD)
            return;
        struct bl_sha256 state;
        bl_sha256_init(&state);
        bl_sha256_update(&state, bl_slice(hash.bytes, sizeof hash.bytes));
        bl_sha256_update(&state, bl_slice(file + at, FUZZ_HASH));
        bl_sha256_update(&state, bl_slice(file + at + FUZZ_RECORD, len));
        bl_sha256_final(&hash, &state);
        memcpy(file + at + FUZZ_HASH, hash.bytes, sizeof hash.bytes);
        at += FUZZ_RECORD + (size_t)len;
    }
}

/* What was handed out: count, bytes and a hash over ids and bytes in order. */
struct fuzz_seen {
    uint64_t count;
    uint64_t bytes;
    struct bl_sha256 state;
};

static baals_status fuzz_see(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    struct fuzz_seen *seen = ctx;
    uint8_t arrived[8];
    bl_store_u64le(arrived, arrived_ms);
    bl_sha256_update(&seen->state, bl_slice(id->bytes, sizeof id->bytes));
    bl_sha256_update(&seen->state, bl_slice(arrived, sizeof arrived));
    bl_sha256_update(&seen->state, tx);
    seen->count++;
    seen->bytes += FUZZ_RECORD + tx.len;
    return BAALS_OK;
}

static baals_status
fuzz_open(struct bl_env *env, baals_hash *seen_out, uint64_t *dropped, bool compact)
{
    struct bl_pool_log *log = NULL;
    struct fuzz_seen seen = {.count = 0};
    uint64_t file_bytes;
    uint64_t live_bytes;
    bl_sha256_init(&seen.state);
    BL_TRY(bl_pool_log_open(&log, dropped, env, fuzz_path, &fuzz_chain, fuzz_see, &seen, NULL));
    bl_pool_log_size(log, &file_bytes, &live_bytes);
    BL_ASSERT(live_bytes == seen.bytes && file_bytes >= live_bytes + FUZZ_HEADER);
    bl_sha256_final(seen_out, &seen.state);
    baals_status status = compact ? bl_pool_log_compact(log, NULL) : BAALS_OK;
    bl_pool_log_size(log, &file_bytes, &live_bytes);
    BL_ASSERT(live_bytes == seen.bytes && (!compact || file_bytes == live_bytes + FUZZ_HEADER));
    bl_pool_log_close(log);
    return status;
}

static void fuzz_run(struct bl_env *env)
{
    baals_hash first;
    baals_hash again;
    uint64_t dropped;
    baals_status status = fuzz_open(env, &first, &dropped, false);
    BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_FOREIGN ||
              status == BAALS_UNSUPPORTED_VERSION);
    if (status != BAALS_OK)
        return;
    for (int i = 0; i < 2; i++) {
        BL_ASSERT(fuzz_open(env, &again, &dropped, i == 0) == BAALS_OK);
        BL_ASSERT(dropped == 0 && bl_hash_equal(&first, &again));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    if (size < 2 || bl_env_memory(&env, alloc, NULL) != BAALS_OK)
        return 0;
    size_t len = size - 1;
    uint8_t *bytes = bl_alloc_zero(&alloc, 1, len);
    if (bytes != NULL &&
        bl_file_open(env, &file, fuzz_path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL) == BAALS_OK) {
        memcpy(bytes, data + 1, len);
        fuzz_mend(bytes, len, data[0]);
        baals_status status = bl_file_write_at(file, 0, bytes, len, NULL);
        bl_file_close(file);
        if (status == BAALS_OK)
            fuzz_run(env);
    }
    bl_alloc_free(&alloc, bytes, len);
    bl_env_close(env);
    return 0;
}
