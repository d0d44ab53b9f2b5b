/* SPDX-License-Identifier: MIT */
/*
 * The fault-injecting env. Files are wrapped too, because a bl_file names the env whose operations
 * serve it.
 */
#include "faulty_env.h"

struct faulty_env_file {
    struct bl_file base;
    struct bl_file *real;
};

static struct testlib_faulty_env *faulty_env(struct bl_env *env)
{
    return BL_CONTAINER_OF(env, struct testlib_faulty_env, env);
}

static struct bl_file *faulty_env_real(struct bl_file *file)
{
    return BL_CONTAINER_OF(file, struct faulty_env_file, base)->real;
}

/* Counts one operation; OK when it shall go on to the real env. */
static baals_status
faulty_env_step(struct bl_env *env, const char *op, baals_status failure, baals_error *err)
{
    struct testlib_faulty_env *faulty = faulty_env(env);
    uint64_t call = __atomic_add_fetch(&faulty->calls, 1, __ATOMIC_SEQ_CST);
    uint64_t first = faulty->fail_at;
    if (first == 0 || call < first || call - first > faulty->repeat)
        return BAALS_OK;
    faulty->failed_op = op;
    return bl_fail(err, failure, "injected into %s", op);
}

static baals_status faulty_env_count(struct bl_env *env, const char *op, baals_error *err)
{
    return faulty_env_step(env, op, faulty_env(env)->status, err);
}

static uint64_t faulty_env_clock_ms(struct bl_env *self)
{
    return bl_env_clock_ms(faulty_env(self)->real);
}

static uint64_t faulty_env_monotonic_ns(struct bl_env *self)
{
    return bl_env_monotonic_ns(faulty_env(self)->real);
}

static baals_status
faulty_env_random(struct bl_env *self, uint8_t *out, size_t len, baals_error *err)
{
    BL_TRY(faulty_env_count(self, "random", err));
    return bl_env_random(faulty_env(self)->real, out, len, err);
}

static baals_status faulty_env_open(struct bl_env *self,
                                    struct bl_file **file_out,
                                    const char *path,
                                    uint32_t flags,
                                    baals_error *err)
{
    BL_TRY(faulty_env_count(self, "open", err));
    /* The wrapper's memory is the test's own, so it does not disturb the counts of `alloc`. */
    struct bl_alloc alloc = bl_alloc_system();
    struct faulty_env_file *file = bl_alloc_zero(&alloc, 1, sizeof *file);
    if (file == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to wrap %s", path);
    baals_status status = bl_file_open(faulty_env(self)->real, &file->real, path, flags, err);
    if (status != BAALS_OK) {
        bl_alloc_free(&alloc, file, sizeof *file);
        return status;
    }
    file->base.env = self;
    *file_out = &file->base;
    return BAALS_OK;
}

static baals_status faulty_env_read_at(struct bl_file *file,
                                       uint8_t *out,
                                       size_t *read_out,
                                       uint64_t offset,
                                       size_t len,
                                       baals_error *err)
{
    BL_TRY(faulty_env_count(file->env, "read_at", err));
    return bl_file_read_at(faulty_env_real(file), out, read_out, offset, len, err);
}

static baals_status faulty_env_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    baals_status status = faulty_env_count(file->env, "write_at", err);
    if (status == BAALS_OK)
        return bl_file_write_at(faulty_env_real(file), offset, data, len, err);
    if (faulty_env(file->env)->torn_writes)
        (void)bl_file_write_at(faulty_env_real(file), offset, data, len / 2, NULL);
    return status;
}

static baals_status faulty_env_sync(struct bl_file *file, baals_error *err)
{
    BL_TRY(faulty_env_step(file->env, "sync", BAALS_IO_SYNC, err));
    return bl_file_sync(faulty_env_real(file), err);
}

static baals_status faulty_env_size(struct bl_file *file, uint64_t *size_out, baals_error *err)
{
    BL_TRY(faulty_env_count(file->env, "size", err));
    return bl_file_size(faulty_env_real(file), size_out, err);
}

static baals_status faulty_env_truncate(struct bl_file *file, uint64_t size, baals_error *err)
{
    BL_TRY(faulty_env_count(file->env, "truncate", err));
    return bl_file_truncate(faulty_env_real(file), size, err);
}

static baals_status faulty_env_lock(struct bl_file *file, baals_error *err)
{
    BL_TRY(faulty_env_count(file->env, "lock", err));
    return bl_file_lock(faulty_env_real(file), err);
}

static void faulty_env_close_file(struct bl_file *base)
{
    if (base == NULL)
        return;
    struct faulty_env_file *file = BL_CONTAINER_OF(base, struct faulty_env_file, base);
    struct bl_alloc alloc = bl_alloc_system();
    bl_file_close(file->real);
    bl_alloc_free(&alloc, file, sizeof *file);
}

static baals_status
faulty_env_rename(struct bl_env *self, const char *from, const char *to, baals_error *err)
{
    BL_TRY(faulty_env_count(self, "rename", err));
    return bl_env_rename(faulty_env(self)->real, from, to, err);
}

static baals_status faulty_env_remove(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(faulty_env_count(self, "remove", err));
    return bl_env_remove(faulty_env(self)->real, path, err);
}

static baals_status faulty_env_make_dir(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(faulty_env_count(self, "make_dir", err));
    return bl_env_make_dir(faulty_env(self)->real, path, err);
}

static baals_status faulty_env_sync_dir(struct bl_env *self, const char *path, baals_error *err)
{
    BL_TRY(faulty_env_step(self, "sync_dir", BAALS_IO_SYNC, err));
    return bl_env_sync_dir(faulty_env(self)->real, path, err);
}

static baals_status faulty_env_list_dir(struct bl_env *self,
                                        const char *path,
                                        baals_status (*each)(void *ctx, const char *name),
                                        void *ctx,
                                        baals_error *err)
{
    BL_TRY(faulty_env_count(self, "list_dir", err));
    return bl_env_list_dir(faulty_env(self)->real, path, each, ctx, err);
}

static void faulty_env_close_env(struct bl_env *self)
{
    /* The struct is the caller's and the real env is borrowed. */
    (void)self;
}

static const struct bl_env_ops faulty_env_ops = {
    .version = BL_ENV_OPS_VERSION,
    .name = "faulty",
    .clock_ms = faulty_env_clock_ms,
    .monotonic_ns = faulty_env_monotonic_ns,
    .random = faulty_env_random,
    .open = faulty_env_open,
    .read_at = faulty_env_read_at,
    .write_at = faulty_env_write_at,
    .sync = faulty_env_sync,
    .size = faulty_env_size,
    .truncate = faulty_env_truncate,
    .lock = faulty_env_lock,
    .close = faulty_env_close_file,
    .rename = faulty_env_rename,
    .remove = faulty_env_remove,
    .make_dir = faulty_env_make_dir,
    .sync_dir = faulty_env_sync_dir,
    .list_dir = faulty_env_list_dir,
    .close_env = faulty_env_close_env,
};

void testlib_faulty_env_init(struct testlib_faulty_env *faulty, struct bl_env *real)
{
    *faulty = (struct testlib_faulty_env){
        .env = *real,
        .real = real,
        .status = BAALS_IO,
        .torn_writes = true,
    };
    faulty->env.ops = &faulty_env_ops;
}
