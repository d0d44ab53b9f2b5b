/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_STORAGE_INTERNAL_H
#define BL_STORAGE_STORAGE_INTERNAL_H
/*
 * What the files of the storage module share and nobody else sees: how backends are opened, the
 * wrapping backend that fails on demand, the search inside layers, and the versions a store pins
 * for its views.
 */
#include <stdatomic.h>

#include "storage/storage.h"

/* ---- backends ---- */

/* Bytes the wrappers put behind every value. */
#define BL_KV_CHECKSUM_BYTES 8u
/* The longest value of the interface: 1 MiB + 64 bytes, without the checksum. */
#define BL_KV_VALUE_MAX (1024u * 1024u + 64u)

/* `path` is ignored. NOMEM. */
baals_status
bl_storage_memory_open(baals_storage **out, struct bl_env *env, const char *path, baals_error *err);
/* In the folder `path`, which is there. NOMEM, IO, CORRUPT_STORE. */
baals_status
bl_storage_lmdb_open(baals_storage **out, struct bl_env *env, const char *path, baals_error *err);
/* The same, where BAALS_HAVE_ROCKSDB. Any write that fails stops it until it is opened again. */
baals_status bl_storage_rocksdb_open(baals_storage **out,
                                     struct bl_env *env,
                                     const char *path,
                                     baals_error *err);

/* ---- storage_fault: fails on demand ---- */

/* The operations a plan can name. snapshot_end and close cannot fail. */
enum {
    BL_STORAGE_OP_SNAPSHOT = 1,
    BL_STORAGE_OP_GET = 2,
    BL_STORAGE_OP_SEEK = 4,
    BL_STORAGE_OP_APPLY = 8,
    BL_STORAGE_OP_SYNC = 16,
    BL_STORAGE_OP_STATS = 32,
    BL_STORAGE_OP_ALL = 63
};

/* Which calls fail. Owned by the caller, outlives the storage; changed only while no call runs.
 * Calls of the named operations are counted from 1. */
struct bl_storage_fault_plan {
    uint32_t ops;        /* BL_STORAGE_OP_*: what is counted and can fail */
    uint64_t fail_at;    /* the first call that fails; 0: none */
    uint64_t repeat;     /* how many after it fail too; UINT64_MAX: all */
    baals_status status; /* the answer of a failing call */
    bool after;          /* apply and sync: do the work, then report the failure */
    atomic_uint_least64_t calls;
};

/* Wraps `inner` and takes it over on success. NOMEM. */
baals_status bl_storage_fault_wrap(baals_storage **out,
                                   struct bl_env *env,
                                   baals_storage *inner,
                                   struct bl_storage_fault_plan *plan,
                                   baals_error *err);

/* ---- layers ---- */

/* A fast hash of (space, key) for bl_layer_find; never stored, never in an order. */
uint64_t bl_layer_hash(baals_space space, baals_slice key);
/* The change of the key, or NULL. `hash` is bl_layer_hash(space, key). */
const baals_write *
bl_layer_find(const struct bl_layer *layer, uint64_t hash, baals_space space, baals_slice key);
/* The index of the first change at or behind (space, key); bl_layer_count when there is none. */
size_t bl_layer_lower_bound(const struct bl_layer *layer, baals_space space, baals_slice key);
/* All changes of both layers as one new layer. Removals stay: what they hide lies below. NOMEM. */
baals_status bl_layer_merge(struct bl_layer **out,
                            const struct bl_layer *older,
                            const struct bl_layer *newer,
                            baals_error *err);
/* Moves the layer's attachment, if it has one, into *out (what was there is released). The layer is
 * not shared between threads yet. */
void bl_layer_detach(struct bl_layer *layer, struct bl_attachment **out);
/* Borrowed; NULL: none. */
struct bl_attachment *bl_layer_attachment(const struct bl_layer *layer);
/* NULL is ignored. */
struct bl_attachment *bl_attachment_ref(struct bl_attachment *attachment);
void bl_attachment_unref(struct bl_attachment *attachment);
/* The order of two changes by (space, key): below, at or above zero. */
int bl_write_compare(const baals_write *left, const baals_write *right);
/* bl_layer_count changes in order. */
const baals_write *bl_layer_writes(const struct bl_layer *layer);

/* ---- versions: what a store shows at one moment ---- */

/* Immutable and counted; holds a reference to each of its layers. */
struct bl_version {
    struct bl_alloc alloc;
    atomic_size_t refs;
    bool has_tip;
    struct bl_tip tip;
    struct bl_attachment *attachment; /* of the tip's state; NULL: none was made yet */
    uint64_t kv_serial; /* of the attachment whose nodes the kv has, if it is not newer */
    size_t bytes;       /* of all layers */
    size_t count;
    struct bl_layer *layers[]; /* oldest first */
};

/* Pins the newest version and a kv snapshot that fits below it. */
baals_status bl_store_pin(struct bl_store *store,
                          struct bl_version **version_out,
                          baals_snapshot **snapshot_out,
                          baals_error *err);
void bl_store_unpin(struct bl_store *store, struct bl_version *version, baals_snapshot *snapshot);
baals_storage *bl_store_storage(struct bl_store *store);
const struct bl_alloc *bl_store_alloc(const struct bl_store *store);
const struct bl_hash_key *bl_store_hash_key(const struct bl_store *store);

#endif /* BL_STORAGE_STORAGE_INTERNAL_H */
