/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_REDO_H
#define BL_STORAGE_REDO_H
/*
 * A batch for the key-value store that is too large for one transaction, and is all or nothing
 * nevertheless.
 *
 * A backend such as LMDB holds the pages of a transaction in memory and keeps that memory for the
 * next one. A large batch is therefore written to a file first, `checkpoint.redo` in the store's
 * folder, in chunks of a bounded number of pages, and then applied from there, one transaction per
 * chunk. The first chunk also puts a mark into the store, which names the file by its checksum, and
 * the last one takes it away: a store with a mark is between two states, and its file, which was
 * durable before the mark was there, brings it to the second one from wherever it is. A batch of
 * one chunk needs no file and makes none.
 *
 * docs/internals/storage.md has the bytes. Threads: one at a time.
 */
#include "storage/storage.h"

struct bl_redo;

/* Begins a batch for the store of the chain `chain_id` in the folder `dir`, which is there; both
 * are copied. No dir: the batch is one chunk whatever its size, and no file is made. NOMEM, LIMIT
 * (a long path). */
baals_status bl_redo_begin(struct bl_redo **out,
                           struct bl_env *env,
                           const char *dir,
                           const baals_hash *chain_id,
                           baals_error *err);
/* Adds a change behind those there are; it is copied. After a failure the batch is only closed.
 * NOMEM, IO, IO_FULL. */
baals_status bl_redo_add(struct bl_redo *redo, const baals_write *write, baals_error *err);
/* Ends the batch, which has a change: it is whole and, if it needed a file, durable there. */
baals_status bl_redo_seal(struct bl_redo *redo, baals_error *err);
/* The chunks of a sealed batch. */
size_t bl_redo_count(const struct bl_redo *redo);
/* Applies a sealed batch from its first chunk on and syncs each. When there is more than one, a
 * failure may leave the storage between two states, and only the whole batch, applied again, ends
 * that. The statuses of the storage; CORRUPT_STORE when the file has changed. */
baals_status bl_redo_apply(struct bl_redo *redo, baals_storage *storage, baals_error *err);
/* Releases it; NULL is ignored. The file stays. */
void bl_redo_close(struct bl_redo *redo);

/* Brings a storage that was left between two states to the second one; to be called before anything
 * else is read from it. Removes the file when there is nothing to do with it. CORRUPT_STORE when
 * the file that is needed is missing or damaged, CORRUPT_FOREIGN when it is another chain's. */
baals_status bl_redo_recover(struct bl_env *env,
                             baals_storage *storage,
                             const char *dir,
                             const baals_hash *chain_id,
                             baals_error *err);
/* Removes the file of the folder, if there is one. IO. */
baals_status bl_redo_remove(struct bl_env *env, const char *dir, baals_error *err);

#endif /* BL_STORAGE_REDO_H */
