/* SPDX-License-Identifier: MIT */
/*
 * Files of the command: whole reads with a limit, new files that are there whole or not at all,
 * secrets that others cannot read, and data directories built aside and moved into place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_internal.h"

static baals_status files_fail(baals_error *err, const char *what, const char *path)
{
    char reason[96];
    int error = errno;
    baals_status status = BAALS_IO;
    if (error == ENOENT || error == ENOTDIR)
        status = BAALS_NOTFOUND;
    else if (error == EACCES || error == EPERM)
        status = BAALS_IO_DENIED;
    else if (error == EROFS)
        status = BAALS_IO_READONLY;
    else if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        status = BAALS_IO_FULL;
    else if (error == EEXIST || error == ENOTEMPTY)
        status = BAALS_LIMIT_EXISTS;
    else if (error == ENAMETOOLONG || error == EISDIR)
        status = BAALS_MISUSE_ARGUMENT;
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error);
    return bl_fail(err, status, "cannot %s %.150s: %s", what, path, reason);
}

/* ---- reading ---- */

/* Reads to the end in growing steps: the size of a pipe is not known before. */
static baals_status files_read_fd(
    struct cli *cli, baals_slice *out, int fd, const char *path, size_t max, baals_error *err)
{
    size_t cap = 4096, len = 0;
    uint8_t *bytes = bl_arena_alloc(&cli->arena, cap + 1);
    while (bytes != NULL) {
        ssize_t got = read(fd, bytes + len, cap - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return files_fail(err, "read", path);
        len += (size_t)got;
        if (len > max)
            return bl_fail(err, BAALS_LIMIT, "%.150s has more than %zu bytes", path, max);
        if (got == 0)
            break;
        if (len == cap) {
            uint8_t *more = bl_arena_alloc(&cli->arena, 4 * cap + 1);
            if (more != NULL)
                memcpy(more, bytes, len);
            bytes = more;
            cap *= 4;
        }
    }
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read %.150s", path);
    bytes[len] = 0;
    *out = bl_slice(bytes, len);
    return BAALS_OK;
}

baals_status cli_open_existing(int *fd_out, const char *path, baals_error *err)
{
    int fd = -1;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return files_fail(err, "open", path);
    *fd_out = fd;
    return BAALS_OK;
}

baals_status
cli_read_file(struct cli *cli, baals_slice *out, const char *path, size_t max, baals_error *err)
{
    if (strcmp(path, "-") == 0)
        return files_read_fd(cli, out, STDIN_FILENO, "the input", max, err);
    int fd = -1;
    BL_TRY(cli_open_existing(&fd, path, err));
    baals_status status = files_read_fd(cli, out, fd, path, max, err);
    (void)close(fd);
    return status;
}

/* Up to out_size - 1 bytes and a NUL; LIMIT when there is more. */
static baals_status files_read_small(
    char *out, size_t out_size, size_t *len_out, int fd, const char *path, baals_error *err)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, out + len, out_size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return files_fail(err, "read", path);
        if (got == 0)
            break;
        len += (size_t)got;
        if (len == out_size)
            return bl_fail(err, BAALS_LIMIT, "%.150s has more than %zu bytes", path, out_size - 1);
    }
    out[len] = '\0';
    *len_out = len;
    return BAALS_OK;
}

baals_status
cli_read_secret(char *out, size_t out_size, size_t *len_out, const char *path, baals_error *err)
{
    int fd = -1;
    struct stat info;
    baals_status status;
    BL_TRY(cli_open_existing(&fd, path, err));
    /* The mode of what was opened, so that nothing can be put in its place in between. */
    if (fstat(fd, &info) != 0)
        status = files_fail(err, "look at", path);
    else if (S_ISREG(info.st_mode) && (info.st_mode & 077) != 0)
        status = bl_fail(err, BAALS_IO_DENIED,
                         "others may read %.150s, which holds a secret: chmod 600 it", path);
    else
        status = files_read_small(out, out_size, len_out, fd, path, err);
    (void)close(fd);
    return status;
}

/* ---- writing ---- */

static baals_status files_open_new(int *fd_out, const char *path, mode_t mode, baals_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return files_fail(err, "make", path);
    *fd_out = fd;
    return BAALS_OK;
}

baals_status cli_open_new(int *fd_out, const char *path, baals_error *err)
{
    return files_open_new(fd_out, path, 0600, err);
}

baals_status cli_write_new(const char *path, baals_slice bytes, baals_error *err)
{
    int fd = -1;
    BL_TRY(cli_open_new(&fd, path, err));
    baals_status status = cli_write_fd(fd, bytes, err);
    if (status == BAALS_OK && fsync(fd) != 0)
        status = files_fail(err, "write", path);
    if (close(fd) != 0 && status == BAALS_OK)
        status = files_fail(err, "write", path);
    if (status != BAALS_OK)
        (void)unlink(path); /* it is ours: made above */
    return status;
}

baals_status cli_make_dirs(const char *path, baals_error *err)
{
    char part[BL_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "not a usable path: \"%.60s\"", path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char at = part[i];
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            struct stat info;
            int error = errno;
            /* A parent that is there may forbid making what is there already. */
            if (stat(part, &info) != 0 || !S_ISDIR(info.st_mode)) {
                errno = error;
                return files_fail(err, "make the folder", part);
            }
        }
        part[i] = at;
    }
    return BAALS_OK;
}

baals_status cli_make_project_dir(const char *path, baals_error *err)
{
    return mkdir(path, 0777) == 0 ? BAALS_OK : files_fail(err, "make the folder", path);
}

/* The folders above `path`, those that are not there yet. */
static baals_status files_make_parents(const char *path, baals_error *err)
{
    char part[BL_PATH_MAX];
    BL_ASSERT(strlen(path) < sizeof part);
    memcpy(part, path, strlen(path) + 1);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return files_fail(err, "make the folder", part);
        *slash = '/';
    }
    return BAALS_OK;
}

baals_status cli_write_project(const char *path, baals_slice bytes, unsigned mode, baals_error *err)
{
    int fd = -1;
    BL_TRY(files_make_parents(path, err));
    BL_TRY(files_open_new(&fd, path, (mode_t)mode, err));
    baals_status status = cli_write_fd(fd, bytes, err);
    if (close(fd) != 0 && status == BAALS_OK)
        status = files_fail(err, "write", path);
    return status;
}

/* Folders of a data directory do not nest deeper than this. */
#define FILES_DEPTH_MAX 8u

static void files_remove_level(const char *path, size_t depth)
{
    DIR *dir = depth < FILES_DEPTH_MAX ? opendir(path) : NULL;
    if (dir == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char child[BL_PATH_MAX];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (bl_path_join(child, sizeof child, path, entry->d_name, NULL) != BAALS_OK)
            continue;
        if (lstat(child, &info) == 0 && S_ISDIR(info.st_mode)) {
            files_remove_level(child, depth + 1);
            (void)rmdir(child);
        } else {
            (void)unlink(child);
        }
    }
    (void)closedir(dir);
}

void cli_remove_tree(const char *path)
{
    files_remove_level(path, 0);
    (void)rmdir(path);
}

baals_status
cli_join(struct cli *cli, const char **out, const char *dir, const char *name, baals_error *err)
{
    char path[BL_PATH_MAX];
    baals_slice copy;
    BL_TRY(bl_path_join(path, sizeof path, dir, name, err));
    if (!bl_arena_copy(&copy, &cli->arena, bl_slice(path, strlen(path) + 1)))
        return bl_fail(err, BAALS_NOMEM, "no memory for a path");
    *out = (const char *)copy.data;
    return BAALS_OK;
}

/* ---- staging ---- */

static bool files_exists(const char *dir, const char *name)
{
    char path[BL_PATH_MAX];
    struct stat info;
    return bl_path_join(path, sizeof path, dir, name, NULL) == BAALS_OK && stat(path, &info) == 0;
}

/* Whether the folder has no entry. */
static baals_status files_is_empty(bool *empty, const char *path, baals_error *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return files_fail(err, "read the folder", path);
    struct dirent *entry;
    *empty = true;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            *empty = false;
    }
    (void)closedir(dir);
    return BAALS_OK;
}

baals_status cli_staging_begin(struct cli_staging *staging, const char *dir, baals_error *err)
{
    struct stat info;
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len + 16 > sizeof staging->final)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "not a usable path: \"%.60s\"", dir);
    snprintf(staging->final, sizeof staging->final, "%.*s", (int)len, dir);
    staging->in_place = false;
    if (stat(staging->final, &info) == 0) {
        bool empty = false;
        if (!S_ISDIR(info.st_mode))
            return bl_fail(err, BAALS_CORRUPT_FOREIGN, "%.150s is no folder", dir);
        BL_TRY(files_is_empty(&empty, staging->final, err));
        if (files_exists(staging->final, "journal"))
            return bl_fail(err, BAALS_LIMIT_EXISTS, "there is a chain in %.150s already", dir);
        if (!empty)
            return bl_fail(err, BAALS_CORRUPT_FOREIGN, "%.150s has files that are no chain", dir);
        staging->in_place = true;
        memcpy(staging->path, staging->final, len + 1);
        return BAALS_OK;
    }
    if (errno != ENOENT)
        return files_fail(err, "look at", staging->final);
    const char *slash = strrchr(staging->final, '/');
    if (slash != NULL && slash != staging->final) {
        char parent[BL_PATH_MAX];
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - staging->final), staging->final);
        BL_TRY(cli_make_dirs(parent, err));
    }
    snprintf(staging->path, sizeof staging->path, "%.*s.new-XXXXXX", (int)len, dir);
    if (mkdtemp(staging->path) == NULL) /* mode 0700 */
        return files_fail(err, "make a folder beside", staging->final);
    return BAALS_OK;
}

baals_status
cli_staging_end(struct cli *cli, struct cli_staging *staging, baals_status status, baals_error *err)
{
    if (status == BAALS_OK && !staging->in_place) {
        char parent[BL_PATH_MAX];
        const char *slash = strrchr(staging->final, '/');
        size_t len = slash == NULL ? 0 : (size_t)(slash - staging->final);
        snprintf(parent, sizeof parent, "%.*s", (int)len, staging->final);
        if (rename(staging->path, staging->final) != 0)
            status = files_fail(err, "make", staging->final);
        else
            status = bl_env_sync_dir(cli->env, slash == NULL ? "." : len == 0 ? "/" : parent, err);
        if (status != BAALS_OK)
            cli_remove_tree(staging->path);
        return status;
    }
    if (status != BAALS_OK) {
        files_remove_level(staging->path, 0);
        if (!staging->in_place)
            (void)rmdir(staging->path);
    }
    return status;
}
