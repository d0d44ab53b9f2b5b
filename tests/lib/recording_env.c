/* SPDX-License-Identifier: MIT */
/* Records the changes of files: see recording_env.h. */
#include "recording_env.h"

#include <stdlib.h>
#include <string.h>

#include "testlib.h"

struct recording_file {
    struct bl_file base;
    struct bl_file *real;
    char path[64];
};

static struct recording_env *recording_env(struct bl_env *env)
{
    return BL_CONTAINER_OF(env, struct recording_env, env);
}

static struct recording_file *recording_file(struct bl_file *file)
{
    return BL_CONTAINER_OF(file, struct recording_file, base);
}

static void recording_copy_path(char out[64], const char *path)
{
    assert_true(strlen(path) < 64);
    memcpy(out, path, strlen(path) + 1);
}

static struct recording_op *
recording_add(struct recording_env *recording, enum recording_kind kind, const char *path)
{
    if (recording->count == recording->cap) {
        recording->cap = recording->cap == 0 ? 64 : recording->cap * 2;
        recording->ops = realloc(recording->ops, recording->cap * sizeof *recording->ops);
        assert_non_null(recording->ops);
    }
    struct recording_op *op = &recording->ops[recording->count++];
    *op = (struct recording_op){.kind = kind};
    recording_copy_path(op->path, path);
    return op;
}

static uint64_t recording_clock_ms(struct bl_env *self)
{
    return bl_env_clock_ms(recording_env(self)->real);
}

static uint64_t recording_monotonic_ns(struct bl_env *self)
{
    return bl_env_monotonic_ns(recording_env(self)->real);
}

static baals_status
recording_random(struct bl_env *self, uint8_t *out, size_t len, baals_error *err)
{
    return bl_env_random(recording_env(self)->real, out, len, err);
}

static baals_status recording_open(struct bl_env *self,
                                   struct bl_file **file_out,
                                   const char *path,
                                   uint32_t flags,
                                   baals_error *err)
{
    struct recording_env *recording = recording_env(self);
    struct bl_file *real = NULL;
    BL_TRY(bl_file_open(recording->real, &real, path, flags, err));
    struct recording_file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    file->base.env = self;
    file->real = real;
    recording_copy_path(file->path, path);
    if ((flags & BL_OPEN_CREATE) != 0)
        recording_add(recording, RECORDING_OPEN_CREATE, path);
    *file_out = &file->base;
    return BAALS_OK;
}

static baals_status recording_read_at(struct bl_file *file,
                                      uint8_t *out,
                                      size_t *read_out,
                                      uint64_t offset,
                                      size_t len,
                                      baals_error *err)
{
    return bl_file_read_at(recording_file(file)->real, out, read_out, offset, len, err);
}

static baals_status recording_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    BL_TRY(bl_file_write_at(recording_file(file)->real, offset, data, len, err));
    struct recording_op *op =
        recording_add(recording_env(file->env), RECORDING_WRITE, recording_file(file)->path);
    op->offset = offset;
    op->len = len;
    op->data = malloc(len + 1);
    assert_non_null(op->data);
    memcpy(op->data, data, len);
    return BAALS_OK;
}

static baals_status recording_sync(struct bl_file *file, baals_error *err)
{
    BL_TRY(bl_file_sync(recording_file(file)->real, err));
    recording_add(recording_env(file->env), RECORDING_SYNC, recording_file(file)->path);
    return BAALS_OK;
}

static baals_status recording_size(struct bl_file *file, uint64_t *size_out, baals_error *err)
{
    return bl_file_size(recording_file(file)->real, size_out, err);
}

static baals_status recording_truncate(struct bl_file *file, uint64_t size, baals_error *err)
{
    BL_TRY(bl_file_truncate(recording_file(file)->real, size, err));
    recording_add(recording_env(file->env), RECORDING_TRUNCATE, recording_file(file)->path)
        ->offset = size;
    return BAALS_OK;
}

static baals_status recording_lock(struct bl_file *file, baals_error *err)
{
    return bl_file_lock(recording_file(file)->real, err);
}

static void recording_close(struct bl_file *file)
{
    if (file == NULL)
        return;
    bl_file_close(recording_file(file)->real);
    free(recording_file(file));
}

static baals_status
recording_rename(struct bl_env *self, const char *from, const char *to, baals_error *err)
{
    BL_TRY(bl_env_rename(recording_env(self)->real, from, to, err));
    recording_copy_path(recording_add(recording_env(self), RECORDING_RENAME, from)->to, to);
    return BAALS_OK;
}

static baals_status recording_remove(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(bl_env_remove(recording_env(self)->real, path, err));
    recording_add(recording_env(self), RECORDING_REMOVE, path);
    return BAALS_OK;
}

static baals_status recording_make_dir(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(bl_env_make_dir(recording_env(self)->real, path, err));
    recording_add(recording_env(self), RECORDING_MAKE_DIR, path);
    return BAALS_OK;
}

static baals_status recording_sync_dir(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(bl_env_sync_dir(recording_env(self)->real, path, err));
    recording_add(recording_env(self), RECORDING_SYNC_DIR, path);
    return BAALS_OK;
}

static baals_status recording_list_dir(struct bl_env *self,
                                       const char *path,
                                       baals_status (*each)(void *ctx, const char *name),
                                       void *ctx,
                                       baals_error *err)
{
    return bl_env_list_dir(recording_env(self)->real, path, each, ctx, err);
}

static void recording_close_env(struct bl_env *self)
{
    (void)self;
}

static const struct bl_env_ops recording_ops = {
    .version = BL_ENV_OPS_VERSION,
    .name = "recording",
    .clock_ms = recording_clock_ms,
    .monotonic_ns = recording_monotonic_ns,
    .random = recording_random,
    .open = recording_open,
    .read_at = recording_read_at,
    .write_at = recording_write_at,
    .sync = recording_sync,
    .size = recording_size,
    .truncate = recording_truncate,
    .lock = recording_lock,
    .close = recording_close,
    .rename = recording_rename,
    .remove = recording_remove,
    .make_dir = recording_make_dir,
    .sync_dir = recording_sync_dir,
    .list_dir = recording_list_dir,
    .close_env = recording_close_env,
};

void recording_env_init(struct recording_env *recording, struct bl_env *real)
{
    *recording = (struct recording_env){.real = real};
    recording->env = *real;
    recording->env.ops = &recording_ops;
}

void recording_env_deinit(struct recording_env *recording)
{
    for (size_t i = 0; i < recording->count; i++)
        free(recording->ops[i].data);
    free(recording->ops);
}

void recording_env_mark(struct recording_env *recording, uint64_t number)
{
    recording_add(recording, RECORDING_MARK, "")->offset = number;
}

static void
recording_apply_to_file(struct bl_env *env, const struct recording_op *op, size_t from, size_t to)
{
    struct bl_file *file = NULL;
    assert_ok(bl_file_open(env, &file, op->path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    if (op->kind == RECORDING_WRITE && to > from)
        assert_ok(bl_file_write_at(file, op->offset + from, op->data + from, to - from, NULL));
    if (op->kind == RECORDING_TRUNCATE)
        assert_ok(bl_file_truncate(file, op->offset, NULL));
    bl_file_close(file);
}

void recording_apply(struct bl_env *env, const struct recording_op *op, size_t from, size_t to)
{
    switch (op->kind) {
    case RECORDING_OPEN_CREATE:
    case RECORDING_WRITE:
    case RECORDING_TRUNCATE:
        recording_apply_to_file(env, op, from, to);
        return;
    case RECORDING_RENAME:
        assert_ok(bl_env_rename(env, op->path, op->to, NULL));
        return;
    case RECORDING_REMOVE:
        assert_ok(bl_env_remove(env, op->path, NULL));
        return;
    case RECORDING_MAKE_DIR:
        assert_ok(bl_env_make_dir(env, op->path, NULL));
        return;
    case RECORDING_SYNC:
    case RECORDING_SYNC_DIR:
    case RECORDING_MARK:
        return;
    }
}

void recording_apply_prefix(struct bl_env *env, const struct recording_env *recording, size_t count)
{
    for (size_t i = 0; i < count; i++)
        recording_apply(env, &recording->ops[i], 0, recording->ops[i].len);
}

/* ---- power failures ---- */

/* Whether syncing a folder makes what happened to an entry durable. What stands in the root is
 * somebody else's. */
static bool recording_is_folder_of(const char *folder, const char *entry)
{
    const char *slash = strrchr(entry, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - entry);
    return len == 0 || (strlen(folder) == len && strncmp(folder, entry, len) == 0);
}

/* Whether ops[i] is durable after the first `count` operations. */
static bool recording_is_durable(const struct recording_env *recording, size_t i, size_t count)
{
    const struct recording_op *op = &recording->ops[i];
    bool of_folder = op->kind == RECORDING_OPEN_CREATE || op->kind == RECORDING_RENAME ||
                     op->kind == RECORDING_REMOVE || op->kind == RECORDING_MAKE_DIR;
    for (size_t at = i + 1; at < count; at++) {
        const struct recording_op *later = &recording->ops[at];
        if (of_folder && later->kind == RECORDING_SYNC_DIR &&
            recording_is_folder_of(later->path, op->kind == RECORDING_RENAME ? op->to : op->path))
            return true;
        if (!of_folder && later->kind == RECORDING_SYNC && strcmp(later->path, op->path) == 0)
            return true;
    }
    return false;
}

static void
recording_apply_sectors(struct bl_env *env, const struct recording_op *op, struct testlib_rng *rng)
{
    for (size_t from = 0; from < op->len;) {
        size_t to = from + RECORDING_SECTOR - (size_t)((op->offset + from) % RECORDING_SECTOR);
        to = to < op->len ? to : op->len;
        if (testlib_rng_below(rng, 2) == 0)
            recording_apply(env, op, from, to);
        from = to;
    }
}

struct bl_env *recording_build_loss(const struct recording_env *recording,
                                    size_t count,
                                    enum recording_loss loss,
                                    struct testlib_rng *rng)
{
    struct bl_env *env = NULL;
    char absent[64] = ""; /* a file whose creation did not reach the disk */
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    for (size_t i = 0; i < count; i++) {
        const struct recording_op *op = &recording->ops[i];
        bool durable = recording_is_durable(recording, i, count);
        bool take = durable || (loss != RECORDING_LOSS_ALL && testlib_rng_below(rng, 2) == 0);
        if (op->kind == RECORDING_OPEN_CREATE && take && strcmp(op->path, absent) == 0)
            absent[0] = '\0';
        if (op->kind == RECORDING_OPEN_CREATE && !take)
            memcpy(absent, op->path, sizeof absent);
        if (absent[0] != '\0' && strcmp(op->path, absent) == 0)
            continue;
        if (op->kind == RECORDING_MAKE_DIR)
            take = true; /* without its folder nothing else could be built */
        if (op->kind == RECORDING_WRITE && !durable && loss == RECORDING_LOSS_SECTORS)
            recording_apply_sectors(env, op, rng);
        else if (take)
            recording_apply(env, op, 0, op->len);
    }
    return env;
}
