/* SPDX-License-Identifier: MIT */
/*
 * The wrappers around a storage backend, and the one table that names the backends.
 *
 * Nobody else calls through `ops`. Each wrapper asserts the contract of baals/ext/storage.h before
 * the call and checks what comes back: a backend reads from a disk, so its answers are input. Every
 * stored value ends with a checksum over space, key and value; a value under another key, from
 * another space, cut or changed is CORRUPT_STORE.
 */
#include "storage/storage.h"

#include <string.h>

#include "crypto/crypto.h"
#include "storage/storage_internal.h"

/* Space byte, key length, key, then at most this much of a value, are hashed in one piece. */
#define STORAGE_INLINE_MAX 1024u
#define STORAGE_PREFIX_BYTES 5u

/* `marker` is the file by which a folder of the backend is known; NULL: it keeps no files. */
static const struct storage_backend {
    const char *name;
    const char *marker;
    baals_status (*open)(baals_storage **out,
                         struct bl_env *env,
                         const char *path,
                         baals_error *err);
} storage_backends[] = {
    {"lmdb", "data.mdb", bl_storage_lmdb_open},
#ifdef BAALS_HAVE_ROCKSDB
    {"rocksdb", "CURRENT", bl_storage_rocksdb_open},
#endif
    {"memory", NULL, bl_storage_memory_open},
};

static const struct storage_backend *storage_backend_named(const char *name)
{
    for (size_t i = 0; i < BL_COUNT_OF(storage_backends); i++) {
        if (strcmp(storage_backends[i].name, name) == 0)
            return &storage_backends[i];
    }
    return NULL;
}

static baals_status storage_note_marker(void *ctx, const char *name)
{
    const struct storage_backend **found = ctx;
    for (size_t i = 0; i < BL_COUNT_OF(storage_backends); i++) {
        const char *marker = storage_backends[i].marker;
        if (marker != NULL && strcmp(marker, name) == 0)
            *found = &storage_backends[i];
    }
    return BAALS_OK;
}

/* The backend whose files are in the folder, NULL when there are none. */
static baals_status storage_backend_of(const struct storage_backend **out,
                                       struct bl_env *env,
                                       const char *path,
                                       baals_error *err)
{
    *out = NULL;
    baals_status status = bl_env_list_dir(env, path, storage_note_marker, out, err);
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}

baals_status
bl_storage_name_of(const char **out, struct bl_env *env, const char *path, baals_error *err)
{
    const struct storage_backend *there = NULL;
    BL_TRY(storage_backend_of(&there, env, path, err));
    *out = there == NULL ? NULL : there->name;
    return BAALS_OK;
}

baals_status bl_storage_open(
    baals_storage **out, struct bl_env *env, const char *name, const char *path, baals_error *err)
{
    BL_ASSERT(out != NULL && env != NULL && (name != NULL || path != NULL));
    const struct storage_backend *backend = NULL;
    const struct storage_backend *there = NULL;
    if (name != NULL) {
        backend = storage_backend_named(name);
        if (backend == NULL)
            return bl_fail(err, BAALS_UNSUPPORTED, "no storage backend \"%s\" in this build", name);
        if (backend->marker == NULL)
            return backend->open(out, env, path, err);
    }
    BL_TRY(bl_env_make_dir(env, path, err));
    BL_TRY(storage_backend_of(&there, env, path, err));
    if (backend == NULL)
        backend = there != NULL ? there : &storage_backends[0];
    if (there != NULL && there != backend)
        return bl_fail(err, BAALS_LIMIT_EXISTS,
                       "%.160s holds a store of %s; open it as that, or repair with %s", path,
                       there->name, backend->name);
    return backend->open(out, env, path, err);
}

void bl_storage_close(baals_storage *storage)
{
    if (storage != NULL)
        storage->ops->close(storage);
}

bool bl_storage_is_durable(const baals_storage *storage)
{
    return (storage->ops->caps & BAALS_STORAGE_CAP_DURABLE) != 0;
}

/* A value longer than STORAGE_INLINE_MAX enters by its own hash, so that no memory is needed. */
static void storage_checksum(uint8_t out[BL_KV_CHECKSUM_BYTES],
                             baals_space space,
                             baals_slice key,
                             baals_slice value)
{
    uint8_t input[STORAGE_PREFIX_BYTES + BL_KV_KEY_MAX + STORAGE_INLINE_MAX];
    size_t len = STORAGE_PREFIX_BYTES;
    baals_hash hash;

    input[0] = (uint8_t)space;
    bl_store_u32be(input + 1, (uint32_t)key.len);
    memcpy(input + len, key.data, key.len);
    len += key.len;
    if (value.len > STORAGE_INLINE_MAX) {
        bl_blake3(&hash, value);
        memcpy(input + len, hash.bytes, sizeof(hash.bytes));
        len += sizeof(hash.bytes);
    } else if (value.len > 0) {
        memcpy(input + len, value.data, value.len);
        len += value.len;
    }
    bl_blake3(&hash, bl_slice(input, len));
    memcpy(out, hash.bytes, BL_KV_CHECKSUM_BYTES);
}

/* Checks what a backend answered and takes the checksum off. */
static baals_status
storage_strip(baals_slice *value_out, baals_space space, baals_slice key, baals_slice stored)
{
    uint8_t checksum[BL_KV_CHECKSUM_BYTES];
    baals_slice value = {stored.data, stored.len - BL_KV_CHECKSUM_BYTES};

    if (key.len == 0 || key.len > BL_KV_KEY_MAX || stored.len < BL_KV_CHECKSUM_BYTES ||
        value.len > BL_KV_VALUE_MAX)
        return BAALS_CORRUPT_STORE;
    storage_checksum(checksum, space, key, value);
    if (memcmp(checksum, stored.data + value.len, sizeof(checksum)) != 0)
        return BAALS_CORRUPT_STORE;
    *value_out = value;
    return BAALS_OK;
}

static bool storage_space_valid(baals_space space)
{
    return (uint32_t)space < (uint32_t)BAALS_SPACE_COUNT;
}

baals_status bl_storage_snapshot_begin(baals_storage *s, baals_snapshot **out, baals_error *err)
{
    return s->ops->snapshot_begin(s, out, err);
}

void bl_storage_snapshot_end(baals_storage *s, baals_snapshot *snapshot)
{
    BL_ASSERT(snapshot != NULL);
    s->ops->snapshot_end(s, snapshot);
}

baals_status bl_storage_get(baals_storage *s,
                            baals_slice *value_out,
                            baals_snapshot *snapshot,
                            baals_space space,
                            baals_slice key,
                            baals_error *err)
{
    BL_ASSERT(snapshot != NULL && storage_space_valid(space));
    BL_ASSERT(key.len > 0 && key.len <= BL_KV_KEY_MAX);
    baals_slice stored;
    BL_TRY(s->ops->get(s, &stored, snapshot, space, key, err));
    if (storage_strip(value_out, space, key, stored) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STORE, "a value of space %d does not match its checksum",
                       (int)space);
    return BAALS_OK;
}

/* A damaged page may give a key from the wrong side: a reader must not go in circles. */
static bool storage_in_order(baals_slice found, baals_slice key, uint32_t flags)
{
    if (key.len == 0)
        return true;
    int order = bl_slice_compare(found, key);
    if (order == 0)
        return (flags & BAALS_SEEK_EXCLUSIVE) == 0;
    return (flags & BAALS_SEEK_DESCENDING) != 0 ? order < 0 : order > 0;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
baals_status bl_storage_seek(baals_storage *s,
                             baals_slice *key_out,
                             baals_slice *value_out,
                             baals_snapshot *snapshot,
                             baals_space space,
                             baals_slice key,
                             uint32_t flags,
                             baals_error *err)
{
    BL_ASSERT(snapshot != NULL && storage_space_valid(space) && key.len <= BL_KV_KEY_MAX);
    BL_ASSERT((flags & ~(uint32_t)(BAALS_SEEK_EXCLUSIVE | BAALS_SEEK_DESCENDING)) == 0);
    baals_slice found;
    baals_slice stored;
    BL_TRY(s->ops->seek(s, &found, &stored, snapshot, space, key, flags, err));
    if (storage_strip(value_out, space, found, stored) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STORE, "an entry of space %d does not match its checksum",
                       (int)space);
    if (!storage_in_order(found, key, flags))
        return bl_fail(err, BAALS_CORRUPT_STORE, "space %d is out of order", (int)space);
    *key_out = found;
    return BAALS_OK;
}

/* Bytes the stored values of a batch take, checksums included. */
static bool storage_batch_bytes(size_t *out, const baals_write *writes, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        BL_ASSERT(storage_space_valid(writes[i].space));
        BL_ASSERT(writes[i].key.len > 0 && writes[i].key.len <= BL_KV_KEY_MAX);
        if (writes[i].is_delete)
            continue;
        BL_ASSERT(writes[i].value.len <= BL_KV_VALUE_MAX);
        if (!bl_size_add(&total, total, writes[i].value.len + BL_KV_CHECKSUM_BYTES))
            return false;
    }
    *out = total;
    return true;
}

/* Copies the batch into `sealed`, its values with their checksums into `bytes`. */
static void
storage_seal(baals_write *sealed, uint8_t *bytes, const baals_write *writes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sealed[i] = writes[i];
        if (writes[i].is_delete) {
            sealed[i].value = (baals_slice){NULL, 0};
            continue;
        }
        baals_slice value = writes[i].value;
        if (value.len > 0)
            memcpy(bytes, value.data, value.len);
        storage_checksum(bytes + value.len, writes[i].space, writes[i].key, value);
        sealed[i].value = bl_slice(bytes, value.len + BL_KV_CHECKSUM_BYTES);
        bytes += sealed[i].value.len;
    }
}

baals_status bl_storage_apply(
    baals_storage *s, struct bl_env *env, const baals_write *writes, size_t count, baals_error *err)
{
    size_t bytes;
    size_t size;
    if (count == 0)
        return BAALS_OK;
    if (!storage_batch_bytes(&bytes, writes, count) ||
        !bl_size_mul(&size, count, sizeof(baals_write)) || !bl_size_add(&size, size, bytes))
        return bl_fail(err, BAALS_NOMEM, "a batch of %zu writes does not fit the memory", count);
    baals_write *sealed = bl_alloc_resize(&env->alloc, NULL, 0, size);
    if (sealed == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a batch of %zu bytes", size);
    storage_seal(sealed, (uint8_t *)(sealed + count), writes, count);
    baals_status status = s->ops->apply(s, sealed, count, err);
    bl_alloc_free(&env->alloc, sealed, size);
    return status;
}

baals_status bl_storage_sync(baals_storage *s, baals_error *err)
{
    return s->ops->sync(s, err);
}

baals_status bl_storage_stats(baals_storage *s, baals_storage_stats *out, baals_error *err)
{
    return s->ops->stats(s, out, err);
}
