/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_ENV_H
#define BL_BASE_ENV_H
/*
 * The outside world: clock, randomness, files, memory, log. The library reaches them only through a
 * struct bl_env, so that tests and a simulator can replace all of it. Two implementations are here:
 * the operating system (bl_env_system) and a private file system in memory (bl_env_memory, used for
 * ":memory:" chains and by tests).
 *
 * Threads: every operation may be called from any thread; one bl_file is used by one thread at a
 * time, but for read_at, which may run beside anything.
 */
#include "base/arena.h"

struct bl_env;
struct bl_file; /* every implementation embeds this first */

enum {
    BL_OPEN_READ = 0,
    BL_OPEN_WRITE = 1,     /* read and write */
    BL_OPEN_CREATE = 2,    /* create when absent, mode 0600 */
    BL_OPEN_EXCLUSIVE = 4, /* with CREATE: fail with LIMIT_EXISTS when present */
};

enum bl_log_level { BL_LOG_ERROR, BL_LOG_WARN, BL_LOG_INFO, BL_LOG_DEBUG };

struct bl_env_ops {
    uint32_t version; /* BL_ENV_OPS_VERSION; fields are only ever appended. */
    const char *name;
    /* Milliseconds since 1970 by the wall clock. */
    uint64_t (*clock_ms)(struct bl_env *self);
    /* Nanoseconds of a clock that never goes back. */
    uint64_t (*monotonic_ns)(struct bl_env *self);
    /* Cryptographic randomness. IO when there is none. */
    baals_status (*random)(struct bl_env *self, uint8_t *out, size_t len, baals_error *err);
    /* NOTFOUND when absent; *file_out is closed with `close`. */
    baals_status (*open)(struct bl_env *self,
                         struct bl_file **file_out,
                         const char *path,
                         uint32_t flags,
                         baals_error *err);
    /* Reads up to len bytes; *read_out < len only at the end of the file. */
    baals_status (*read_at)(struct bl_file *file,
                            uint8_t *out,
                            size_t *read_out,
                            uint64_t offset,
                            size_t len,
                            baals_error *err);
    /* Writes all of it or fails (IO_FULL, IO); the file may then hold a part. */
    baals_status (*write_at)(
        struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err);
    /* fdatasync: on BAALS_OK everything written is durable. On failure the handle must stop. */
    baals_status (*sync)(struct bl_file *file, baals_error *err);
    baals_status (*size)(struct bl_file *file, uint64_t *size_out, baals_error *err);
    baals_status (*truncate)(struct bl_file *file, uint64_t size, baals_error *err);
    /* An exclusive lock that ends with the process or close; BUSY_OWNED when held elsewhere. */
    baals_status (*lock)(struct bl_file *file, baals_error *err);
    /* Releases the file; NULL is ignored. */
    void (*close)(struct bl_file *file);
    /* Replaces `to` atomically. */
    baals_status (*rename)(struct bl_env *self, const char *from, const char *to, baals_error *err);
    /* Removes a file or an empty folder. NOTFOUND when absent. Open files stay usable. */
    baals_status (*remove)(struct bl_env *self, const char *path, baals_error *err);
    /* OK also when the folder exists. Parents must exist. Mode 0700. */
    baals_status (*make_dir)(struct bl_env *self, const char *path, baals_error *err);
    /* Makes creations and renames in the folder durable. */
    baals_status (*sync_dir)(struct bl_env *self, const char *path, baals_error *err);
    /* Calls `each` with every entry's name, in ascending byte order, "." and ".." left out. Stops
     * at the first status that is not OK and returns it. NOTFOUND when the folder is absent. */
    baals_status (*list_dir)(struct bl_env *self,
                             const char *path,
                             baals_status (*each)(void *ctx, const char *name),
                             void *ctx,
                             baals_error *err);
    /* Releases the env itself. */
    void (*close_env)(struct bl_env *self);
};
#define BL_ENV_OPS_VERSION 1u

struct bl_env {
    const struct bl_env_ops *ops;
    struct bl_alloc alloc;
    /* May be NULL. Called from any thread; must not call back into the library. */
    void (*log)(void *ctx, enum bl_log_level level, const char *message);
    void *log_ctx;
    /* Asked instead of the env's own wall clock; NULL: it is not. Called from any thread. */
    uint64_t (*clock_ms)(void *ctx);
    void *clock_ctx;
};
struct bl_file {
    struct bl_env *env;
};

/* The operating system's. *env_out is released with bl_env_close. NOMEM. */
baals_status bl_env_system(struct bl_env **env_out, struct bl_alloc alloc, baals_error *err);
/* A file system in memory, with the operating system's clock and randomness. NOMEM. */
baals_status bl_env_memory(struct bl_env **env_out, struct bl_alloc alloc, baals_error *err);
void bl_env_close(struct bl_env *env);

uint64_t bl_env_clock_ms(struct bl_env *env);
uint64_t bl_env_monotonic_ns(struct bl_env *env);
baals_status bl_env_random(struct bl_env *env, uint8_t *out, size_t len, baals_error *err);
baals_status bl_env_rename(struct bl_env *env, const char *from, const char *to, baals_error *err);
baals_status bl_env_remove(struct bl_env *env, const char *path, baals_error *err);
baals_status bl_env_make_dir(struct bl_env *env, const char *path, baals_error *err);
baals_status bl_env_sync_dir(struct bl_env *env, const char *path, baals_error *err);
baals_status bl_env_list_dir(struct bl_env *env,
                             const char *path,
                             baals_status (*each)(void *ctx, const char *name),
                             void *ctx,
                             baals_error *err);
baals_status bl_file_open(struct bl_env *env,
                          struct bl_file **file_out,
                          const char *path,
                          uint32_t flags,
                          baals_error *err);
baals_status bl_file_read_at(struct bl_file *file,
                             uint8_t *out,
                             size_t *read_out,
                             uint64_t offset,
                             size_t len,
                             baals_error *err);
baals_status bl_file_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err);
baals_status bl_file_sync(struct bl_file *file, baals_error *err);
baals_status bl_file_size(struct bl_file *file, uint64_t *size_out, baals_error *err);
baals_status bl_file_truncate(struct bl_file *file, uint64_t size, baals_error *err);
baals_status bl_file_lock(struct bl_file *file, baals_error *err);
void bl_file_close(struct bl_file *file);

/* A whole file into memory owned by the caller (bl_alloc_free(alloc, data, len + 1)); one NUL
 * stands behind the bytes. LIMIT when it is larger than limit. */
baals_status bl_file_read_all(struct bl_env *env,
                              uint8_t **data_out,
                              size_t *len_out,
                              const char *path,
                              size_t limit,
                              baals_error *err);
/* Writes `path`.tmp, syncs it, renames it over `path`, syncs the folder: all or nothing. */
baals_status
bl_file_write_all(struct bl_env *env, const char *path, baals_slice bytes, baals_error *err);
/* "a/b" into out; LIMIT when it does not fit. */
baals_status
bl_path_join(char *out, size_t out_size, const char *dir, const char *name, baals_error *err);

__attribute__((format(printf, 3, 4))) void
bl_log(struct bl_env *env, enum bl_log_level level, const char *format, ...);

#endif /* BL_BASE_ENV_H */
