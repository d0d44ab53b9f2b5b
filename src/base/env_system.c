/* SPDX-License-Identifier: MIT */
/*
 * The operating system's clock, randomness and files. Every failing call becomes a status by its
 * errno and a message that names the path. Interrupted calls are repeated and short reads and
 * writes continued, so callers see all or an error. Descriptors are never inherited by a child.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env_internal.h"

struct env_system_file {
    struct bl_file base;
    int fd;
    char *path; /* for messages */
};

static struct env_system_file *env_system_file(struct bl_file *file)
{
    return BL_CONTAINER_OF(file, struct env_system_file, base);
}

static baals_status env_system_status(int error)
{
    switch (error) {
    case ENOENT:
        return BAALS_NOTFOUND;
    case EEXIST:
    case ENOTEMPTY:
        return BAALS_LIMIT_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return BAALS_IO_FULL;
    case EROFS:
        return BAALS_IO_READONLY;
    case EACCES:
    case EPERM:
        return BAALS_IO_DENIED;
    case ENOMEM:
        return BAALS_NOMEM;
    case ENAMETOOLONG:
        return BAALS_LIMIT;
    default:
        return BAALS_IO;
    }
}

/* "cannot WHAT PATH: REASON", from errno. */
static baals_status
env_system_fail(baals_error *err, baals_status status, const char *what, const char *path)
{
    char reason[96];
    if (strerror_r(errno, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", errno);
    return bl_fail(err, status, "cannot %s %s: %s", what, path, reason);
}

static baals_status env_system_fail_errno(baals_error *err, const char *what, const char *path)
{
    return env_system_fail(err, env_system_status(errno), what, path);
}

uint64_t bl_env_system_clock_ms(struct bl_env *self)
{
    (void)self;
    struct timespec now;
    BL_ASSERT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    /* A clock set before 1970 counts as 1970. */
    if (now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t bl_env_system_monotonic_ns(struct bl_env *self)
{
    (void)self;
    struct timespec now;
    BL_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

baals_status bl_env_system_random(struct bl_env *self, uint8_t *out, size_t len, baals_error *err)
{
    (void)self;
    size_t done = 0;
    while (done < len) {
        ssize_t got = getrandom(out + done, len - done, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return env_system_fail(err, BAALS_IO, "read", "the system's randomness");
        done += (size_t)got;
    }
    return BAALS_OK;
}

static baals_status env_system_open(struct bl_env *self,
                                    struct bl_file **file_out,
                                    const char *path,
                                    uint32_t flags,
                                    baals_error *err)
{
    struct env_system_file *file = bl_alloc_zero(&self->alloc, 1, sizeof *file);
    char *path_copy = bl_alloc_strdup(&self->alloc, path);
    baals_status status = BAALS_OK;
    int mode = O_CLOEXEC | ((flags & BL_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY);
    if ((flags & BL_OPEN_CREATE) != 0)
        mode |= O_CREAT;
    if ((flags & BL_OPEN_EXCLUSIVE) != 0)
        mode |= O_EXCL;
    if (file == NULL || path_copy == NULL) {
        status = bl_fail(err, BAALS_NOMEM, "no memory to open %s", path);
        goto fail;
    }
    do
        file->fd = open(path, mode, 0600);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) {
        status = env_system_fail_errno(err, "open", path);
        goto fail;
    }
    file->base.env = self;
    file->path = path_copy;
    *file_out = &file->base;
    return BAALS_OK;
fail:
    if (path_copy != NULL)
        bl_alloc_free(&self->alloc, path_copy, strlen(path_copy) + 1);
    bl_alloc_free(&self->alloc, file, sizeof *file);
    return status;
}

/* Whether [offset, offset + len) can be said to the system, whose offsets are signed. */
static baals_status
env_system_check_range(const char *path, uint64_t offset, size_t len, baals_error *err)
{
    uint64_t end;
    if (!bl_u64_add(&end, offset, len) || end > INT64_MAX)
        return bl_fail(err, BAALS_LIMIT, "an offset beyond the largest file size in %s", path);
    return BAALS_OK;
}

static baals_status env_system_read_at(struct bl_file *base,
                                       uint8_t *out,
                                       size_t *read_out,
                                       uint64_t offset,
                                       size_t len,
                                       baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    BL_TRY(env_system_check_range(file->path, offset, len, err));
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(file->fd, out + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return env_system_fail_errno(err, "read", file->path);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *read_out = done;
    return BAALS_OK;
}

static baals_status env_system_write_at(
    struct bl_file *base, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    BL_TRY(env_system_check_range(file->path, offset, len, err));
    size_t done = 0;
    while (done < len) {
        ssize_t got = pwrite(file->fd, data + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return env_system_fail_errno(err, "write", file->path);
        if (got == 0)
            return bl_fail(err, BAALS_IO, "cannot write %s: nothing was taken", file->path);
        done += (size_t)got;
    }
    return BAALS_OK;
}

static baals_status env_system_sync(struct bl_file *base, baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    int result;
    do
        result = fdatasync(file->fd);
    while (result != 0 && errno == EINTR);
    /* Whatever the reason, what was written may be gone: one status, after which nothing is
     * retried. */
    if (result != 0)
        return env_system_fail(err, BAALS_IO_SYNC, "sync", file->path);
    return BAALS_OK;
}

static baals_status env_system_size(struct bl_file *base, uint64_t *size_out, baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    struct stat info;
    if (fstat(file->fd, &info) != 0)
        return env_system_fail_errno(err, "examine", file->path);
    *size_out = (uint64_t)info.st_size;
    return BAALS_OK;
}

static baals_status env_system_truncate(struct bl_file *base, uint64_t size, baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    BL_TRY(env_system_check_range(file->path, size, 0, err));
    int result;
    do
        result = ftruncate(file->fd, (off_t)size);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return env_system_fail_errno(err, "set the size of", file->path);
    return BAALS_OK;
}

static baals_status env_system_lock(struct bl_file *base, baals_error *err)
{
    struct env_system_file *file = env_system_file(base);
    int result;
    do
        result = flock(file->fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK)
        return bl_fail(err, BAALS_BUSY_OWNED, "%s is locked by another owner", file->path);
    if (result != 0)
        return env_system_fail_errno(err, "lock", file->path);
    return BAALS_OK;
}

static void env_system_close_file(struct bl_file *base)
{
    if (base == NULL)
        return;
    struct env_system_file *file = env_system_file(base);
    const struct bl_alloc alloc = base->env->alloc;
    /* Durability is bl_file_sync's promise, so an error of close tells nothing more. */
    close(file->fd);
    bl_alloc_free(&alloc, file->path, strlen(file->path) + 1);
    bl_alloc_free(&alloc, file, sizeof *file);
}

static baals_status
env_system_rename(struct bl_env *self, const char *from, const char *to, baals_error *err)
{
    (void)self;
    if (rename(from, to) != 0)
        return env_system_fail_errno(err, "rename", from);
    return BAALS_OK;
}

static baals_status env_system_remove(struct bl_env *self, const char *path, baals_error *err)
{
    (void)self;
    if (remove(path) != 0)
        return env_system_fail_errno(err, "remove", path);
    return BAALS_OK;
}

static baals_status env_system_make_dir(struct bl_env *self, const char *path, baals_error *err)
{
    (void)self;
    if (mkdir(path, 0700) == 0)
        return BAALS_OK;
    int error = errno;
    struct stat info;
    if (error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return BAALS_OK;
    errno = error;
    return env_system_fail_errno(err, "make the folder", path);
}

static baals_status env_system_sync_dir(struct bl_env *self, const char *path, baals_error *err)
{
    (void)self;
    int fd;
    do
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return env_system_fail_errno(err, "open the folder", path);
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    baals_status status = BAALS_OK;
    if (result != 0)
        status = env_system_fail(err, BAALS_IO_SYNC, "sync the folder", path);
    close(fd);
    return status;
}

static baals_status
env_system_read_names(struct bl_name_list *list, DIR *dir, const char *path, baals_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL && errno != 0)
            return env_system_fail_errno(err, "list the folder", path);
        if (entry == NULL)
            return BAALS_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        BL_TRY(bl_name_list_add(list, entry->d_name, err));
    }
}

static baals_status env_system_list_dir(struct bl_env *self,
                                        const char *path,
                                        baals_status (*each)(void *ctx, const char *name),
                                        void *ctx,
                                        baals_error *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return env_system_fail_errno(err, "list the folder", path);
    struct bl_name_list list = {.alloc = self->alloc};
    baals_status status = env_system_read_names(&list, dir, path, err);
    closedir(dir);
    if (status == BAALS_OK)
        status = bl_name_list_visit(&list, each, ctx);
    bl_name_list_deinit(&list);
    return status;
}

static void env_system_close_env(struct bl_env *self)
{
    const struct bl_alloc alloc = self->alloc;
    bl_alloc_free(&alloc, self, sizeof *self);
}

static const struct bl_env_ops env_system_ops = {
    .version = BL_ENV_OPS_VERSION,
    .name = "system",
    .clock_ms = bl_env_system_clock_ms,
    .monotonic_ns = bl_env_system_monotonic_ns,
    .random = bl_env_system_random,
    .open = env_system_open,
    .read_at = env_system_read_at,
    .write_at = env_system_write_at,
    .sync = env_system_sync,
    .size = env_system_size,
    .truncate = env_system_truncate,
    .lock = env_system_lock,
    .close = env_system_close_file,
    .rename = env_system_rename,
    .remove = env_system_remove,
    .make_dir = env_system_make_dir,
    .sync_dir = env_system_sync_dir,
    .list_dir = env_system_list_dir,
    .close_env = env_system_close_env,
};

baals_status bl_env_system(struct bl_env **env_out, struct bl_alloc alloc, baals_error *err)
{
    struct bl_env *env = bl_alloc_zero(&alloc, 1, sizeof *env);
    if (env == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the environment");
    env->ops = &env_system_ops;
    env->alloc = alloc;
    *env_out = env;
    return BAALS_OK;
}
