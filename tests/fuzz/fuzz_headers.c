/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a file of headers. The first byte chooses what is put right beforehand: 1 the head's
 * hash, 2 the records' checksums where the table says. Reading must give a status of its contract;
 * a file that a walk accepts gives each of its headers by height, and keeps them when it grows.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "runtime/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_HEAD = 88, FUZZ_HASHED = 56, FUZZ_CHECK = 8 };

static const baals_hash fuzz_chain = {{'h', 'e', 'a', 'd', 's'}};

static void fuzz_mend_record(uint8_t *record, size_t len, uint64_t height)
{
    uint8_t number[8];
    baals_hash hash;
    struct bl_sha256 state;
    bl_store_u64le(number, height);
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(fuzz_chain.bytes, sizeof fuzz_chain.bytes));
    bl_sha256_update(&state, bl_slice(number, sizeof number));
    bl_sha256_update(&state, bl_slice(record, len - FUZZ_CHECK));
    bl_sha256_final(&hash, &state);
    memcpy(record + len - FUZZ_CHECK, hash.bytes, FUZZ_CHECK);
}

static void fuzz_mend(uint8_t *file, size_t size, uint8_t mode)
{
    baals_hash hash;
    if (size < FUZZ_HEAD)
        return;
    bl_sha256(&hash, bl_slice(file, FUZZ_HASHED));
    if ((mode & 1) != 0)
        memcpy(file + FUZZ_HASHED, hash.bytes, sizeof hash.bytes);
    uint64_t count = bl_load_u32le(file + 12);
    uint64_t data_at = FUZZ_HEAD + count * 4;
    uint64_t begin = 0;
    for (uint64_t i = 0; (mode & 2) != 0 && i < count && data_at < size; i++) {
        uint64_t end = bl_load_u32le(file + FUZZ_HEAD + i * 4);
        if (end < begin + FUZZ_CHECK || end > size - data_at)
            return;
        fuzz_mend_record(file + data_at + begin, (size_t)(end - begin),
                         bl_load_u64le(file + 16) + i);
        begin = end;
    }
}

/* What a walk saw: the last hash, and a hash over all of it. */
struct fuzz_seen {
    struct bl_sha256 state;
    uint64_t count;
    baals_hash last;
};

static baals_status fuzz_see(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    struct fuzz_seen *seen = ctx;
    (void)err;
    bl_sha256_update(&seen->state, sealed->bytes);
    seen->last = sealed->hash;
    seen->count++;
    return BAALS_OK;
}

static baals_status fuzz_walk(const struct bl_headers *headers,
                              struct fuzz_seen *seen,
                              baals_hash *sum_out,
                              uint64_t from,
                              uint64_t end)
{
    seen->count = 0;
    bl_sha256_init(&seen->state);
    baals_status status = bl_headers_each(headers, from, end, fuzz_see, seen, NULL);
    bl_sha256_final(sum_out, &seen->state);
    return status;
}

/* The headers one by one; true when all could be read. */
static bool
fuzz_get_all(const struct bl_headers *headers, baals_hash *sum_out, uint64_t from, uint64_t end)
{
    struct bl_sha256 state;
    struct bl_buffer body;
    bool all = true;
    bl_sha256_init(&state);
    bl_buffer_init(&body, bl_alloc_system(), BL_HEADERS_BODY_MAX);
    for (uint64_t height = from; height < end; height++) {
        bl_buffer_clear(&body);
        baals_status status = bl_headers_get(headers, &body, height, NULL);
        BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_HEADERS);
        all = all && status == BAALS_OK;
        bl_sha256_update(&state, bl_buffer_slice(&body));
    }
    bl_sha256_final(sum_out, &state);
    bl_buffer_deinit(&body);
    return all;
}

/* A header that continues the chain of ctx. */
static baals_status fuzz_source(void *ctx, struct bl_buffer *out, uint64_t height, baals_error *err)
{
    const struct fuzz_seen *seen = ctx;
    const baals_header header = {.chain_id = fuzz_chain, .index = height, .prev_hash = seen->last};
    struct bl_buffer bytes;
    bl_buffer_init(&bytes, out->alloc, BL_HEADERS_BODY_MAX);
    bl_header_encode(&bytes, &header);
    bl_sealed_header_encode(out, bl_buffer_slice(&bytes), NULL);
    bl_buffer_deinit(&bytes);
    return bl_buffer_status(out, err);
}

static void fuzz_grow(const struct bl_headers *headers,
                      struct fuzz_seen *seen,
                      const baals_hash *sum,
                      uint64_t from,
                      uint64_t end)
{
    baals_hash again;
    uint64_t got_from = 0;
    uint64_t got_end = 0;
    BL_ASSERT(bl_headers_append(headers, end, end + 1, fuzz_source, seen, NULL) == BAALS_OK);
    BL_ASSERT(bl_headers_range(headers, &got_from, &got_end, NULL) == BAALS_OK);
    BL_ASSERT(got_from == from && got_end == end + 1);
    BL_ASSERT(fuzz_walk(headers, seen, &again, from, end) == BAALS_OK);
    BL_ASSERT(bl_hash_equal(&again, sum));
    BL_ASSERT(fuzz_walk(headers, seen, &again, from, end + 1) == BAALS_OK);
}

static void fuzz_run(const struct bl_headers *headers)
{
    struct fuzz_seen seen;
    baals_hash sum;
    baals_hash one_by_one;
    uint64_t from = 0;
    uint64_t end = 0;
    baals_status status = bl_headers_range(headers, &from, &end, NULL);
    BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_HEADERS ||
              status == BAALS_CORRUPT_FOREIGN || status == BAALS_UNSUPPORTED_VERSION);
    if (status != BAALS_OK)
        return;
    BL_ASSERT(from < end && end <= BL_HEADERS_PER_FILE);
    status = fuzz_walk(headers, &seen, &sum, from, end);
    BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_HEADERS);
    bool all = fuzz_get_all(headers, &one_by_one, from, end);
    if (status != BAALS_OK)
        return;
    BL_ASSERT(all && seen.count == end - from && bl_hash_equal(&sum, &one_by_one));
    fuzz_grow(headers, &seen, &sum, from, end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_headers headers = {.chain_id = fuzz_chain, .dir = "/h"};
    struct bl_file *file = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    char name[BL_HEADERS_NAME_MAX];
    char path[BL_PATH_MAX];
    if (size < 2 || bl_env_memory(&headers.env, alloc, NULL) != BAALS_OK)
        return 0;
    size_t len = size - 1;
    uint8_t *bytes = bl_alloc_zero(&alloc, 1, len);
    bl_headers_name(name, 0);
    if (bytes != NULL && bl_env_make_dir(headers.env, headers.dir, NULL) == BAALS_OK &&
        bl_path_join(path, sizeof path, headers.dir, name, NULL) == BAALS_OK &&
        bl_file_open(headers.env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL) == BAALS_OK) {
        memcpy(bytes, data + 1, len);
        fuzz_mend(bytes, len, data[0]);
        baals_status status = bl_file_write_at(file, 0, bytes, len, NULL);
        bl_file_close(file);
        if (status == BAALS_OK)
            fuzz_run(&headers);
    }
    bl_alloc_free(&alloc, bytes, len);
    bl_env_close(headers.env);
    return 0;
}
