/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as checkpoint.redo of a store that waits for it. The first byte chooses what is put
 * right beforehand: 1 the header's checksum, 2 the chunks' and the mark's. Recovering must give a
 * status of its contract; after it succeeded the store waits for nothing and the file is gone.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "storage/redo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_HEADER = 80, FUZZ_HEADER_HASH = 48, FUZZ_CHUNK = 16, FUZZ_HASH = 32, FUZZ_MARK = 36 };

static const baals_hash fuzz_chain = {{'r', 'e', 'd', 'o'}};
static const char fuzz_path[] = "/checkpoint.redo";

/* Checksum of the chunk of `len` bytes behind one of the checksum *hash_io. */
static bool
fuzz_chunk_hash(const struct bl_alloc *alloc, baals_hash *hash_io, const uint8_t *chunk, size_t len)
{
    uint8_t *bytes = bl_alloc_zero(alloc, 1, FUZZ_HASH + len);
    if (bytes == NULL)
        return false;
    memcpy(bytes, hash_io->bytes, FUZZ_HASH);
    memcpy(bytes + FUZZ_HASH, chunk, len);
    bl_blake3(hash_io, bl_slice(bytes, FUZZ_HASH + len));
    bl_alloc_free(alloc, bytes, FUZZ_HASH + len);
    return true;
}

/* *seal_out is the checksum of the last chunk that was put right. */
static void fuzz_mend(
    const struct bl_alloc *alloc, baals_hash *seal_out, uint8_t *file, size_t size, uint8_t mode)
{
    baals_hash hash;
    if (size < FUZZ_HEADER)
        return;
    bl_blake3(&hash, bl_slice(file, FUZZ_HEADER_HASH));
    if ((mode & 1) != 0)
        memcpy(file + FUZZ_HEADER_HASH, hash.bytes, sizeof hash.bytes);
    for (size_t at = FUZZ_HEADER; (mode & 2) != 0 && size - at >= FUZZ_CHUNK + FUZZ_HASH;) {
        size_t len = bl_load_u32be(file + at);
        bool last = (bl_load_u32be(file + at + 8) & 1) != 0;
        if (len > size - at - FUZZ_CHUNK - FUZZ_HASH)
            return;
        if (!fuzz_chunk_hash(alloc, &hash, file + at, FUZZ_CHUNK + len))
            return;
        memcpy(file + at + FUZZ_CHUNK + len, hash.bytes, sizeof hash.bytes);
        at += FUZZ_CHUNK + len + FUZZ_HASH;
        *seal_out = hash;
        if (last)
            return;
    }
}

static void fuzz_recover(struct bl_env *env, baals_storage *storage)
{
    struct bl_file *file = NULL;
    baals_status status = bl_redo_recover(env, storage, "/", &fuzz_chain, NULL);
    BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_STORE ||
              status == BAALS_CORRUPT_FOREIGN);
    if (status != BAALS_OK)
        return;
    BL_ASSERT(bl_file_open(env, &file, fuzz_path, BL_OPEN_READ, NULL) == BAALS_NOTFOUND);
    BL_ASSERT(bl_redo_recover(env, storage, NULL, &fuzz_chain, NULL) == BAALS_OK);
}

static void fuzz_run(struct bl_env *env, const baals_hash *seal)
{
    baals_storage *storage = NULL;
    uint8_t mark[FUZZ_MARK] = {0, 0, 0, 1};
    memcpy(mark + 4, seal->bytes, sizeof seal->bytes);
    baals_write write = {.space = BAALS_SPACE_CHECKPOINT,
                         .key = bl_slice_str("redo"),
                         .value = bl_slice(mark, sizeof mark)};
    if (bl_storage_open(&storage, env, "memory", NULL, NULL) == BAALS_OK &&
        bl_storage_apply(storage, env, &write, 1, NULL) == BAALS_OK)
        fuzz_recover(env, storage);
    bl_storage_close(storage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    baals_hash seal = {{0}};
    if (size < 2 || bl_env_memory(&env, alloc, NULL) != BAALS_OK)
        return 0;
    size_t len = size - 1;
    uint8_t *bytes = bl_alloc_zero(&alloc, 1, len);
    if (bytes != NULL &&
        bl_file_open(env, &file, fuzz_path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL) == BAALS_OK) {
        memcpy(bytes, data + 1, len);
        fuzz_mend(&alloc, &seal, bytes, len, data[0]);
        baals_status status = bl_file_write_at(file, 0, bytes, len, NULL);
        bl_file_close(file);
        if (status == BAALS_OK)
            fuzz_run(env, &seal);
    }
    bl_alloc_free(&alloc, bytes, len);
    bl_env_close(env);
    return 0;
}
