/* SPDX-License-Identifier: MIT */
/*
 * A backend that wraps another one and fails the calls a plan names; everything else it hands on.
 * Snapshots are those of the wrapped backend. Tests and the fault sweep open storages through it.
 */
#include "storage/storage_internal.h"

struct fault_storage {
    baals_storage base;
    struct bl_alloc alloc;
    baals_storage *inner;
    struct bl_storage_fault_plan *plan;
};

static const struct baals_storage_ops fault_ops;

static struct fault_storage *fault_from(baals_storage *base)
{
    BL_ASSERT(base->ops == &fault_ops);
    return BL_CONTAINER_OF(base, struct fault_storage, base);
}

/* Counts the call; true when it is to fail. */
static bool fault_hits(struct bl_storage_fault_plan *plan, uint32_t op)
{
    if ((plan->ops & op) == 0)
        return false;
    uint64_t call = atomic_fetch_add(&plan->calls, 1) + 1;
    return plan->fail_at != 0 && call >= plan->fail_at && call - plan->fail_at <= plan->repeat;
}

static baals_status fault_status(const struct bl_storage_fault_plan *plan, baals_error *err)
{
    return bl_fail(err, plan->status, "a failure asked for by a fault plan");
}

static baals_status
fault_snapshot_begin(baals_storage *self, baals_snapshot **snapshot_out, baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    if (fault_hits(storage->plan, BL_STORAGE_OP_SNAPSHOT))
        return fault_status(storage->plan, err);
    return storage->inner->ops->snapshot_begin(storage->inner, snapshot_out, err);
}

static void fault_snapshot_end(baals_storage *self, baals_snapshot *snapshot)
{
    struct fault_storage *storage = fault_from(self);
    storage->inner->ops->snapshot_end(storage->inner, snapshot);
}

static baals_status fault_get(baals_storage *self,
                              baals_slice *value_out,
                              baals_snapshot *snapshot,
                              baals_space space,
                              baals_slice key,
                              baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    if (fault_hits(storage->plan, BL_STORAGE_OP_GET))
        return fault_status(storage->plan, err);
    return storage->inner->ops->get(storage->inner, value_out, snapshot, space, key, err);
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
static baals_status fault_seek(baals_storage *self,
                               baals_slice *key_out,
                               baals_slice *value_out,
                               baals_snapshot *snapshot,
                               baals_space space,
                               baals_slice key,
                               uint32_t flags,
                               baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    if (fault_hits(storage->plan, BL_STORAGE_OP_SEEK))
        return fault_status(storage->plan, err);
    return storage->inner->ops->seek(storage->inner, key_out, value_out, snapshot, space, key,
                                     flags, err);
}

static baals_status
fault_apply(baals_storage *self, const baals_write *writes, size_t count, baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    bool hit = fault_hits(storage->plan, BL_STORAGE_OP_APPLY);
    if (hit && !storage->plan->after)
        return fault_status(storage->plan, err);
    BL_TRY(storage->inner->ops->apply(storage->inner, writes, count, err));
    return hit ? fault_status(storage->plan, err) : BAALS_OK;
}

static baals_status fault_sync(baals_storage *self, baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    bool hit = fault_hits(storage->plan, BL_STORAGE_OP_SYNC);
    if (hit && !storage->plan->after)
        return fault_status(storage->plan, err);
    BL_TRY(storage->inner->ops->sync(storage->inner, err));
    return hit ? fault_status(storage->plan, err) : BAALS_OK;
}

static baals_status
fault_stats(baals_storage *self, baals_storage_stats *stats_out, baals_error *err)
{
    struct fault_storage *storage = fault_from(self);
    if (fault_hits(storage->plan, BL_STORAGE_OP_STATS))
        return fault_status(storage->plan, err);
    return storage->inner->ops->stats(storage->inner, stats_out, err);
}

static void fault_close(baals_storage *self)
{
    struct fault_storage *storage = fault_from(self);
    struct bl_alloc alloc = storage->alloc;
    storage->inner->ops->close(storage->inner);
    bl_alloc_free(&alloc, storage, sizeof(*storage));
}

static const struct baals_storage_ops fault_ops = {
    .version = BAALS_STORAGE_OPS_VERSION,
    .caps = 0,
    .name = "fault",
    .snapshot_begin = fault_snapshot_begin,
    .snapshot_end = fault_snapshot_end,
    .get = fault_get,
    .seek = fault_seek,
    .apply = fault_apply,
    .sync = fault_sync,
    .stats = fault_stats,
    .close = fault_close,
};

baals_status bl_storage_fault_wrap(baals_storage **out,
                                   struct bl_env *env,
                                   baals_storage *inner,
                                   struct bl_storage_fault_plan *plan,
                                   baals_error *err)
{
    BL_ASSERT(inner != NULL && plan != NULL);
    struct fault_storage *storage = bl_alloc_zero(&env->alloc, 1, sizeof(*storage));
    if (storage == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a storage");
    storage->base.ops = &fault_ops;
    storage->alloc = env->alloc;
    storage->inner = inner;
    storage->plan = plan;
    *out = &storage->base;
    return BAALS_OK;
}
