/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_STORAGE_H
#define BL_STORAGE_STORAGE_H
/*
 * The key-value store and what lies above it in memory.
 *
 *   kv (checkpoint C)  <  layer C+1  <  layer C+2  < ... <  layer H     = one view of height H
 *
 * A layer holds all changes of one commit (a block, or its undoing): state records, tree nodes and
 * index entries alike. Layers are immutable and counted. A view pins a kv snapshot and the layers
 * above it under one lock, so its reader sees one committed height and never waits for the writer.
 * The store's checkpoint merges layers into the kv, all or nothing, together with the journal
 * position they stand for. The journal is the truth (storage/journal.h); this file never reads it.
 *
 * Integrity: every kv value carries a checksum over space, key and value (8 bytes of BLAKE3), added
 * and checked by the bl_storage_* wrappers for every backend: CORRUPT_STORE when it does not hold.
 */
#include "baals/ext/storage.h"
#include "base/arena.h"
#include "base/env.h"
#include "base/hash_key.h"

/* ---- backends ---- */

/* The name of the backend whose files are in the folder; NULL when there are none of any. */
baals_status
bl_storage_name_of(const char **out, struct bl_env *env, const char *path, baals_error *err);
/* Opens the backend `name` ("memory", "lmdb", "rocksdb" where it is built) in the folder `path`
 * (ignored by memory), which is made when it is absent; its parent must exist. NULL: the backend
 * whose files are there, else lmdb. *out is released with bl_storage_close. UNSUPPORTED for a name
 * that is not built in, LIMIT_EXISTS when the folder belongs to another backend. */
baals_status bl_storage_open(
    baals_storage **out, struct bl_env *env, const char *name, const char *path, baals_error *err);
void bl_storage_close(baals_storage *storage); /* NULL is ignored */
/* Whether what was applied and synced survives the process. */
bool bl_storage_is_durable(const baals_storage *storage);

/* Wrappers: assert the contract of ext/storage.h, add and check the checksum. */
baals_status bl_storage_snapshot_begin(baals_storage *s, baals_snapshot **out, baals_error *err);
void bl_storage_snapshot_end(baals_storage *s, baals_snapshot *snapshot);
baals_status bl_storage_get(baals_storage *s,
                            baals_slice *value_out,
                            baals_snapshot *snapshot,
                            baals_space space,
                            baals_slice key,
                            baals_error *err);
baals_status bl_storage_seek(baals_storage *s,
                             baals_slice *key_out,
                             baals_slice *value_out,
                             baals_snapshot *snapshot,
                             baals_space space,
                             baals_slice key,
                             uint32_t flags,
                             baals_error *err);
baals_status bl_storage_apply(baals_storage *s,
                              struct bl_env *env,
                              const baals_write *writes,
                              size_t count,
                              baals_error *err);
baals_status bl_storage_sync(baals_storage *s, baals_error *err);
baals_status bl_storage_stats(baals_storage *s, baals_storage_stats *out, baals_error *err);

/* ---- layers ---- */

/* The changes of one commit, sorted by (space, key). Immutable; counted. */
struct bl_layer;

/* Copies `writes` (any order; of several for one key the last one counts). *out has one reference.
 * NOMEM. */
baals_status bl_layer_new(struct bl_layer **out,
                          const struct bl_alloc *alloc,
                          const baals_write *writes,
                          size_t count,
                          baals_error *err);
struct bl_layer *bl_layer_ref(struct bl_layer *layer);
void bl_layer_unref(struct bl_layer *layer); /* NULL is ignored; any thread */
size_t bl_layer_bytes(const struct bl_layer *layer);
/* Every change in order of (space, key); slices borrow from the layer. */
size_t bl_layer_count(const struct bl_layer *layer);
baals_write bl_layer_at(const struct bl_layer *layer, size_t index);

/* ---- attachments ---- */

/*
 * What the state module keeps in memory beside the records of one state: a version of its trees,
 * whose changed nodes reach the kv in checkpoints and stand in no layer. Immutable and counted.
 *
 * It travels with the layer that leads to its state. A view it was pushed on, or begun after the
 * layer was pushed on the store, has it; a store opened anew has none before the first push.
 */
struct bl_attachment {
    const struct bl_attachment_ops *ops;
    uint64_t serial; /* from 1, ascending as attachments are made */
};
struct bl_attachment_ops {
    /* Any thread. */
    void (*ref)(struct bl_attachment *attachment);
    void (*unref)(struct bl_attachment *attachment);
    /* It becomes part of what is committed. Called once, under the store's lock: brief. */
    void (*publish)(struct bl_attachment *attachment);
    /* What changed in the kv between the attachment of the serial `since` (0: none, what the store
     * was opened with) and this one, beyond the layers between them, which it wins over: sorted by
     * (space, key), in the arena. On the checkpoint's thread. NOMEM. */
    baals_status (*collect)(const struct bl_attachment *attachment,
                            uint64_t since,
                            struct bl_arena *arena,
                            baals_write **writes_out,
                            size_t *count_out,
                            baals_error *err);
    /* Bytes beyond what it may hold, which a checkpoint lets it give up. Called under the store's
     * lock: brief. */
    size_t (*excess)(const struct bl_attachment *attachment);
};

/* Gives the layer, which is on no view and no store yet, a reference to an attachment. */
void bl_layer_attach(struct bl_layer *layer, struct bl_attachment *attachment);

/* ---- store ---- */

/* What a committed point stands for. */
struct bl_tip {
    uint64_t height;
    baals_hash hash;
    uint64_t journal_end; /* the journal position just behind the record that made it */
};

struct bl_store;

/* Takes over `storage` on success. The first open of an empty storage has no tip. CORRUPT_STORE
 * when the checkpoint record is damaged, CORRUPT_FOREIGN when it names another chain. */
baals_status bl_store_open(struct bl_store **out,
                           struct bl_env *env,
                           baals_storage *storage,
                           const baals_hash *chain_id,
                           baals_error *err);
/* The same for a storage whose files are in the folder `dir` (copied): a checkpoint that is large
 * then goes into it in several transactions, all or nothing by a file beside them (storage/redo.h);
 * one that was cut short is ended here. No dir: each is one transaction. A store that was cut short
 * and has no such file, or is opened without its folder, is CORRUPT_STORE. */
baals_status bl_store_open_in(struct bl_store **out,
                              struct bl_env *env,
                              baals_storage *storage,
                              const baals_hash *chain_id,
                              const char *dir,
                              baals_error *err);
/* No view may be open. Layers not checkpointed are dropped (the journal has them). */
void bl_store_close(struct bl_store *store);

/* The tip of the kv itself; NOTFOUND before the first checkpoint. */
baals_status bl_store_checkpoint_tip(struct bl_store *store, struct bl_tip *tip_out);
/* The tip readers see; NOTFOUND when nothing was ever pushed. */
baals_status bl_store_tip(struct bl_store *store, struct bl_tip *tip_out);

/* Makes `layer` (a reference is taken) the newest, visible to views begun afterwards. Writer only.
 */
baals_status bl_store_push(struct bl_store *store,
                           struct bl_layer *layer,
                           const struct bl_tip *tip,
                           baals_error *err);
/* The same for `count` layers, oldest first, which become visible together as the one height of
 * `tip`: a reorganisation, whose heights between must be seen neither by a view nor by a
 * checkpoint. All or nothing. */
baals_status bl_store_push_all(struct bl_store *store,
                               struct bl_layer *const *layers,
                               size_t count,
                               const struct bl_tip *tip,
                               baals_error *err);
/* bl_store_push_all without merging layers afterwards, which is what takes long: for callers that
 * hold a lock. They call bl_store_merge when they have released it. */
baals_status bl_store_add_all(struct bl_store *store,
                              struct bl_layer *const *layers,
                              size_t count,
                              const struct bl_tip *tip,
                              baals_error *err);
/* Merges the newest layers of similar size, so that a view has few. Writer only. */
void bl_store_merge(struct bl_store *store);
/* Bytes held for want of a checkpoint: layers that are not in the kv yet, and what their attachment
 * holds beyond what it may. */
size_t bl_store_layer_bytes(struct bl_store *store);
/* Writes the layers that are in place now into the kv with their tip, syncs it, then drops them. A
 * failure loses nothing: readers see what they saw, and the next checkpoint ends what was begun.
 * May run on a background thread beside the writer and readers; one at a time. */
baals_status bl_store_checkpoint(struct bl_store *store, baals_error *err);
baals_status bl_store_stats(struct bl_store *store, baals_storage_stats *out, baals_error *err);

/* ---- views ---- */

struct bl_view;

/* The newest committed point. Used by one thread at a time; released with bl_view_end. */
baals_status bl_view_begin(struct bl_view **out, struct bl_store *store, baals_error *err);
void bl_view_end(struct bl_view *view); /* NULL is ignored */
/* Puts a layer (a reference is taken) on top of this view alone: execution ahead of what is
 * durable. */
baals_status bl_view_push(struct bl_view *view, struct bl_layer *layer, baals_error *err);
/* The tip the view began with; height 0 and a zero hash when there was none. */
const struct bl_tip *bl_view_tip(const struct bl_view *view);
/* True when layers were pushed on the view: then its state is not that of its tip. */
bool bl_view_pushed(const struct bl_view *view);
/* The store's random key for tables in memory. */
const struct bl_hash_key *bl_view_hash_key(const struct bl_view *view);
/* The attachment of the state the view shows, borrowed from it; NULL: none was made since the store
 * was opened. */
struct bl_attachment *bl_view_attachment(const struct bl_view *view);
/* The serial up to which the view's kv snapshot has, or is newer than, what attachments collect. */
uint64_t bl_view_kv_serial(const struct bl_view *view);
/* Slices borrow from the view. NOTFOUND, IO, CORRUPT_STORE. */
baals_status bl_view_get(struct bl_view *view,
                         baals_slice *value_out,
                         baals_space space,
                         baals_slice key,
                         baals_error *err);
/* As the backend's seek, over kv and layers merged. */
baals_status bl_view_seek(struct bl_view *view,
                          baals_slice *key_out,
                          baals_slice *value_out,
                          baals_space space,
                          baals_slice key,
                          uint32_t flags,
                          baals_error *err);

#endif /* BL_STORAGE_STORAGE_H */
