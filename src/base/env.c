/* SPDX-License-Identifier: MIT */
/*
 * The wrappers through which everybody reaches an env, and what is built from its operations alone:
 * whole files, paths, log lines. Nobody else calls through `ops`, so this is the one seam between
 * the library and the outside world.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env_internal.h"

void bl_env_close(struct bl_env *env)
{
    if (env != NULL)
        env->ops->close_env(env);
}

uint64_t bl_env_clock_ms(struct bl_env *env)
{
    return env->clock_ms != NULL ? env->clock_ms(env->clock_ctx) : env->ops->clock_ms(env);
}

uint64_t bl_env_monotonic_ns(struct bl_env *env)
{
    return env->ops->monotonic_ns(env);
}

baals_status bl_env_random(struct bl_env *env, uint8_t *out, size_t len, baals_error *err)
{
    return env->ops->random(env, out, len, err);
}

baals_status bl_env_rename(struct bl_env *env, const char *from, const char *to, baals_error *err)
{
    return env->ops->rename(env, from, to, err);
}

baals_status bl_env_remove(struct bl_env *env, const char *path, baals_error *err)
{
    return env->ops->remove(env, path, err);
}

baals_status bl_env_make_dir(struct bl_env *env, const char *path, baals_error *err)
{
    return env->ops->make_dir(env, path, err);
}

baals_status bl_env_sync_dir(struct bl_env *env, const char *path, baals_error *err)
{
    return env->ops->sync_dir(env, path, err);
}

baals_status bl_env_list_dir(struct bl_env *env,
                             const char *path,
                             baals_status (*each)(void *ctx, const char *name),
                             void *ctx,
                             baals_error *err)
{
    return env->ops->list_dir(env, path, each, ctx, err);
}

baals_status bl_file_open(struct bl_env *env,
                          struct bl_file **file_out,
                          const char *path,
                          uint32_t flags,
                          baals_error *err)
{
    BL_ASSERT((flags & BL_OPEN_EXCLUSIVE) == 0 || (flags & BL_OPEN_CREATE) != 0);
    BL_ASSERT((flags & BL_OPEN_CREATE) == 0 || (flags & BL_OPEN_WRITE) != 0);
    struct bl_file *file = NULL;
    BL_TRY(env->ops->open(env, &file, path, flags, err));
    BL_ASSERT(file != NULL && file->env == env);
    *file_out = file;
    return BAALS_OK;
}

baals_status bl_file_read_at(struct bl_file *file,
                             uint8_t *out,
                             size_t *read_out,
                             uint64_t offset,
                             size_t len,
                             baals_error *err)
{
    size_t read = 0;
    BL_TRY(file->env->ops->read_at(file, out, &read, offset, len, err));
    BL_ASSERT(read <= len);
    *read_out = read;
    return BAALS_OK;
}

baals_status bl_file_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    BL_ASSERT(data != NULL || len == 0);
    return file->env->ops->write_at(file, offset, data, len, err);
}

baals_status bl_file_sync(struct bl_file *file, baals_error *err)
{
    return file->env->ops->sync(file, err);
}

baals_status bl_file_size(struct bl_file *file, uint64_t *size_out, baals_error *err)
{
    return file->env->ops->size(file, size_out, err);
}

baals_status bl_file_truncate(struct bl_file *file, uint64_t size, baals_error *err)
{
    return file->env->ops->truncate(file, size, err);
}

baals_status bl_file_lock(struct bl_file *file, baals_error *err)
{
    return file->env->ops->lock(file, err);
}

void bl_file_close(struct bl_file *file)
{
    if (file != NULL)
        file->env->ops->close(file);
}

/* The bytes of an open file, as bl_file_read_all gives them. */
static baals_status env_read_open_file(uint8_t **data_out,
                                       size_t *len_out,
                                       struct bl_file *file,
                                       const char *path,
                                       size_t limit,
                                       baals_error *err)
{
    const struct bl_alloc *alloc = &file->env->alloc;
    uint64_t size = 0;
    BL_TRY(bl_file_size(file, &size, err));
    if (size > limit || size >= SIZE_MAX)
        return bl_fail(err, BAALS_LIMIT, "%s is larger than %zu bytes", path, limit);
    size_t len = (size_t)size;
    uint8_t *data = bl_alloc_zero(alloc, 1, len + 1);
    if (data == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read %s", path);
    size_t read = 0;
    baals_status status = bl_file_read_at(file, data, &read, 0, len, err);
    if (status == BAALS_OK && read != len)
        status = bl_fail(err, BAALS_IO, "%s became shorter while it was read", path);
    if (status != BAALS_OK) {
        bl_alloc_free(alloc, data, len + 1);
        return status;
    }
    *data_out = data;
    *len_out = len;
    return BAALS_OK;
}

baals_status bl_file_read_all(struct bl_env *env,
                              uint8_t **data_out,
                              size_t *len_out,
                              const char *path,
                              size_t limit,
                              baals_error *err)
{
    struct bl_file *file = NULL;
    BL_TRY(bl_file_open(env, &file, path, BL_OPEN_READ, err));
    baals_status status = env_read_open_file(data_out, len_out, file, path, limit, err);
    bl_file_close(file);
    return status;
}

/* The folder that holds `path`: "." for a bare name, "/" for "/name". `out` has BL_PATH_MAX bytes
 * and `path` is shorter. */
static void env_parent_path(char *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == path)
        len = 1;
    memcpy(out, path, len);
    out[len] = 0;
    if (len == 0)
        memcpy(out, ".", 2);
}

static baals_status
env_write_synced(struct bl_env *env, const char *path, baals_slice bytes, baals_error *err)
{
    struct bl_file *file = NULL;
    BL_TRY(bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    baals_status status = bl_file_truncate(file, 0, err);
    if (status == BAALS_OK)
        status = bl_file_write_at(file, 0, bytes.data, bytes.len, err);
    if (status == BAALS_OK)
        status = bl_file_sync(file, err);
    bl_file_close(file);
    return status;
}

baals_status
bl_file_write_all(struct bl_env *env, const char *path, baals_slice bytes, baals_error *err)
{
    char temporary[BL_PATH_MAX];
    char parent[BL_PATH_MAX];
    int len = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof temporary)
        return bl_fail(err, BAALS_LIMIT, "the path is longer than %u bytes", BL_PATH_MAX);
    env_parent_path(parent, path);
    baals_status status = env_write_synced(env, temporary, bytes, err);
    if (status == BAALS_OK)
        status = bl_env_rename(env, temporary, path, err);
    if (status != BAALS_OK) {
        /* What is left of the attempt is of no use; that it cannot be removed changes nothing. */
        (void)bl_env_remove(env, temporary, NULL);
        return status;
    }
    return bl_env_sync_dir(env, parent, err);
}

baals_status
bl_path_join(char *out, size_t out_size, const char *dir, const char *name, baals_error *err)
{
    size_t dir_len = strlen(dir);
    size_t name_len = strlen(name);
    size_t slash_len = dir_len > 0 && dir[dir_len - 1] != '/' ? 1 : 0;
    if (dir_len >= out_size || name_len >= out_size - dir_len ||
        slash_len >= out_size - dir_len - name_len)
        return bl_fail(err, BAALS_LIMIT, "the path is longer than %zu bytes", out_size);
    memcpy(out, dir, dir_len);
    if (slash_len > 0)
        out[dir_len] = '/';
    memcpy(out + dir_len + slash_len, name, name_len);
    out[dir_len + slash_len + name_len] = 0;
    return BAALS_OK;
}

void bl_log(struct bl_env *env, enum bl_log_level level, const char *format, ...)
{
    if (env->log == NULL)
        return;
    char line[BL_LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len >= 0)
        env->log(env->log_ctx, level, line);
}

baals_status bl_name_list_add(struct bl_name_list *list, const char *name, baals_error *err)
{
    if (list->count == BL_DIR_ENTRIES_MAX)
        return bl_fail(err, BAALS_LIMIT, "more than %u entries in a folder", BL_DIR_ENTRIES_MAX);
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        char **names = bl_alloc_resize(&list->alloc, list->names, list->cap * sizeof *names,
                                       cap * sizeof *names);
        if (names == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory to list a folder");
        list->names = names;
        list->cap = cap;
    }
    char *copy = bl_alloc_strdup(&list->alloc, name);
    if (copy == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to list a folder");
    list->names[list->count++] = copy;
    return BAALS_OK;
}

static int env_compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

baals_status bl_name_list_visit(struct bl_name_list *list,
                                baals_status (*each)(void *ctx, const char *name),
                                void *ctx)
{
    if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, env_compare_names);
    for (size_t i = 0; i < list->count; i++)
        BL_TRY(each(ctx, list->names[i]));
    return BAALS_OK;
}

void bl_name_list_deinit(struct bl_name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        bl_alloc_free(&list->alloc, list->names[i], strlen(list->names[i]) + 1);
    bl_alloc_free(&list->alloc, list->names, list->cap * sizeof *list->names);
    list->names = NULL;
    list->count = 0;
    list->cap = 0;
}
