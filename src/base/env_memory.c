/* SPDX-License-Identifier: MIT */
/*
 * A file system in memory: a tree of nodes, the entries of a folder in a list sorted by name, one
 * mutex over all of it. It behaves as the operating system's does where that can be seen through
 * struct bl_env: parents must exist, a rename replaces, a removed or replaced file lives on for
 * those who have it open, a lock belongs to one open file. Relative and absolute paths mean the
 * same; the root always exists.
 */
#include <pthread.h>
#include <string.h>

#include "base/env_internal.h"

#define ENV_MEMORY_NAME_MAX 255u

struct env_memory_file;

/* A file or a folder. Linked nodes have a parent; a file without links is freed with its last open
 * handle. */
struct env_memory_node {
    bool is_dir;
    char *name;
    struct env_memory_node *parent;
    struct env_memory_node *next;        /* the next entry of the parent, ascending by name */
    struct env_memory_node *first_child; /* of a folder */
    uint8_t *data;                       /* of a file, `cap` bytes */
    size_t len;
    size_t cap;
    size_t open_count;
    const struct env_memory_file *locked_by;
};

struct env_memory {
    struct bl_env base;
    pthread_mutex_t mutex; /* guards everything below, and all nodes */
    struct env_memory_node root;
    size_t open_count; /* handles in use; 0 when the env is closed */
};

struct env_memory_file {
    struct bl_file base;
    struct env_memory_node *node;
    bool writable;
};

static const struct bl_env_ops env_memory_ops;

static struct env_memory *env_memory(struct bl_env *env)
{
    BL_ASSERT(env->ops == &env_memory_ops);
    return BL_CONTAINER_OF(env, struct env_memory, base);
}

static struct env_memory_file *env_memory_file(struct bl_file *file)
{
    BL_ASSERT(file->env->ops == &env_memory_ops);
    return BL_CONTAINER_OF(file, struct env_memory_file, base);
}

static void env_memory_lock(struct env_memory *env)
{
    BL_ASSERT(pthread_mutex_lock(&env->mutex) == 0);
}

static void env_memory_unlock(struct env_memory *env)
{
    BL_ASSERT(pthread_mutex_unlock(&env->mutex) == 0);
}

/* ---- the tree; the caller holds the mutex ---- */

static struct env_memory_node *
env_memory_child(const struct env_memory_node *dir, const char *name, size_t name_len)
{
    for (struct env_memory_node *node = dir->first_child; node != NULL; node = node->next) {
        if (strlen(node->name) == name_len && memcmp(node->name, name, name_len) == 0)
            return node;
    }
    return NULL;
}

static void env_memory_link(struct env_memory_node *dir, struct env_memory_node *node)
{
    struct env_memory_node **place = &dir->first_child;
    while (*place != NULL && strcmp((*place)->name, node->name) < 0)
        place = &(*place)->next;
    node->next = *place;
    node->parent = dir;
    *place = node;
}

static void env_memory_unlink(struct env_memory_node *node)
{
    struct env_memory_node **place = &node->parent->first_child;
    while (*place != node)
        place = &(*place)->next;
    *place = node->next;
    node->next = NULL;
    node->parent = NULL;
}

/* Frees a node without links once nobody has it open. */
static void env_memory_release(struct env_memory *env, struct env_memory_node *node)
{
    if (node->parent != NULL || node->open_count > 0)
        return;
    BL_ASSERT(node->first_child == NULL);
    bl_alloc_free(&env->base.alloc, node->data, node->cap);
    bl_alloc_free(&env->base.alloc, node->name, strlen(node->name) + 1);
    bl_alloc_free(&env->base.alloc, node, sizeof *node);
}

/* Where a path leads: its last name, the folder that holds it, and the node when it exists. The
 * root has no folder and the empty name. */
struct env_memory_place {
    struct env_memory_node *dir;
    struct env_memory_node *node;
    const char *name;
    size_t name_len;
};

static baals_status env_memory_find(struct env_memory_place *place_out,
                                    struct env_memory *env,
                                    const char *path,
                                    baals_error *err)
{
    struct env_memory_place place = {.node = &env->root, .name = ""};
    const char *at = path;
    for (;;) {
        at += strspn(at, "/");
        size_t len = strcspn(at, "/");
        if (len == 0)
            break;
        const char *name = at;
        at += len;
        if (len == 1 && name[0] == '.')
            continue;
        if (len == 2 && name[0] == '.' && name[1] == '.')
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "\"..\" in the path %s", path);
        if (len > ENV_MEMORY_NAME_MAX)
            return bl_fail(err, BAALS_LIMIT, "a name longer than 255 bytes in %s", path);
        if (place.node == NULL)
            return bl_fail(err, BAALS_NOTFOUND, "there is no %s", path);
        if (!place.node->is_dir)
            return bl_fail(err, BAALS_IO, "a file stands in the way of %s", path);
        place.dir = place.node;
        place.node = env_memory_child(place.dir, name, len);
        place.name = name;
        place.name_len = len;
    }
    *place_out = place;
    return BAALS_OK;
}

static char *env_memory_name(struct env_memory *env, const struct env_memory_place *place)
{
    char *name = bl_alloc_zero(&env->base.alloc, 1, place->name_len + 1);
    if (name != NULL)
        memcpy(name, place->name, place->name_len);
    return name;
}

/* Makes the absent node of `place`; NULL when there is no memory. */
static struct env_memory_node *
env_memory_create(struct env_memory *env, const struct env_memory_place *place, bool is_dir)
{
    struct env_memory_node *node = bl_alloc_zero(&env->base.alloc, 1, sizeof *node);
    char *name = env_memory_name(env, place);
    if (node == NULL || name == NULL) {
        bl_alloc_free(&env->base.alloc, name, place->name_len + 1);
        bl_alloc_free(&env->base.alloc, node, sizeof *node);
        return NULL;
    }
    node->is_dir = is_dir;
    node->name = name;
    env_memory_link(place->dir, node);
    return node;
}

/* ---- files ---- */

static baals_status env_memory_open_locked(struct env_memory_file *file,
                                           struct env_memory *env,
                                           const char *path,
                                           uint32_t flags,
                                           baals_error *err)
{
    struct env_memory_place place;
    BL_TRY(env_memory_find(&place, env, path, err));
    struct env_memory_node *node = place.node;
    if (node != NULL && node->is_dir)
        return bl_fail(err, BAALS_IO, "cannot open %s: it is a folder", path);
    if (node != NULL && (flags & BL_OPEN_EXCLUSIVE) != 0)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "%s already exists", path);
    if (node == NULL && (flags & BL_OPEN_CREATE) == 0)
        return bl_fail(err, BAALS_NOTFOUND, "there is no %s", path);
    if (node == NULL)
        node = env_memory_create(env, &place, false);
    if (node == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to create %s", path);
    file->base.env = &env->base;
    file->node = node;
    file->writable = (flags & BL_OPEN_WRITE) != 0;
    node->open_count++;
    env->open_count++;
    return BAALS_OK;
}

static baals_status env_memory_open(struct bl_env *self,
                                    struct bl_file **file_out,
                                    const char *path,
                                    uint32_t flags,
                                    baals_error *err)
{
    struct env_memory *env = env_memory(self);
    struct env_memory_file *file = bl_alloc_zero(&self->alloc, 1, sizeof *file);
    if (file == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to open %s", path);
    env_memory_lock(env);
    baals_status status = env_memory_open_locked(file, env, path, flags, err);
    env_memory_unlock(env);
    if (status != BAALS_OK) {
        bl_alloc_free(&self->alloc, file, sizeof *file);
        return status;
    }
    *file_out = &file->base;
    return BAALS_OK;
}

static baals_status env_memory_read_at(struct bl_file *base,
                                       uint8_t *out,
                                       size_t *read_out,
                                       uint64_t offset,
                                       size_t len,
                                       baals_error *err)
{
    (void)err;
    const struct env_memory_node *node = env_memory_file(base)->node;
    struct env_memory *env = env_memory(base->env);
    env_memory_lock(env);
    size_t there = offset < node->len ? node->len - (size_t)offset : 0;
    size_t read = len < there ? len : there;
    if (read > 0)
        memcpy(out, node->data + offset, read);
    env_memory_unlock(env);
    *read_out = read;
    return BAALS_OK;
}

/* Sets the length; new bytes are zero. Capacity doubles and is never given back. */
static baals_status env_memory_set_len(struct env_memory *env,
                                       struct env_memory_node *node,
                                       uint64_t len,
                                       baals_error *err)
{
    if (len > SIZE_MAX / 2)
        return bl_fail(err, BAALS_IO_FULL, "a file of %llu bytes", (unsigned long long)len);
    size_t new_len = (size_t)len;
    if (new_len > node->cap) {
        size_t cap = node->cap * 2 > new_len ? node->cap * 2 : new_len;
        uint8_t *data = bl_alloc_resize(&env->base.alloc, node->data, node->cap, cap);
        if (data == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for a file of %zu bytes", new_len);
        node->data = data;
        node->cap = cap;
    }
    if (new_len > node->len)
        memset(node->data + node->len, 0, new_len - node->len);
    node->len = new_len;
    return BAALS_OK;
}

static baals_status env_memory_write_at(
    struct bl_file *base, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    struct env_memory_file *file = env_memory_file(base);
    struct env_memory *env = env_memory(base->env);
    uint64_t end;
    if (!file->writable)
        return bl_fail(err, BAALS_IO, "cannot write a file opened for reading");
    if (!bl_u64_add(&end, offset, len))
        return bl_fail(err, BAALS_LIMIT, "an offset beyond the largest file size");
    if (len == 0)
        return BAALS_OK;
    env_memory_lock(env);
    baals_status status = BAALS_OK;
    if (end > file->node->len)
        status = env_memory_set_len(env, file->node, end, err);
    if (status == BAALS_OK)
        memcpy(file->node->data + offset, data, len);
    env_memory_unlock(env);
    return status;
}

static baals_status env_memory_sync(struct bl_file *base, baals_error *err)
{
    (void)err;
    /* Memory is as durable as it gets; only the downcast is checked. */
    (void)env_memory_file(base);
    return BAALS_OK;
}

static baals_status env_memory_size(struct bl_file *base, uint64_t *size_out, baals_error *err)
{
    (void)err;
    struct env_memory *env = env_memory(base->env);
    env_memory_lock(env);
    *size_out = env_memory_file(base)->node->len;
    env_memory_unlock(env);
    return BAALS_OK;
}

static baals_status env_memory_truncate(struct bl_file *base, uint64_t size, baals_error *err)
{
    struct env_memory_file *file = env_memory_file(base);
    struct env_memory *env = env_memory(base->env);
    if (!file->writable)
        return bl_fail(err, BAALS_IO, "cannot set the size of a file opened for reading");
    env_memory_lock(env);
    baals_status status = env_memory_set_len(env, file->node, size, err);
    env_memory_unlock(env);
    return status;
}

static baals_status env_memory_lock_file(struct bl_file *base, baals_error *err)
{
    struct env_memory_file *file = env_memory_file(base);
    struct env_memory *env = env_memory(base->env);
    env_memory_lock(env);
    const struct env_memory_file *owner = file->node->locked_by;
    if (owner == NULL)
        file->node->locked_by = file;
    env_memory_unlock(env);
    if (owner != NULL && owner != file)
        return bl_fail(err, BAALS_BUSY_OWNED, "the file is locked by another owner");
    return BAALS_OK;
}

static void env_memory_close_file(struct bl_file *base)
{
    if (base == NULL)
        return;
    struct env_memory_file *file = env_memory_file(base);
    struct env_memory *env = env_memory(base->env);
    env_memory_lock(env);
    if (file->node->locked_by == file)
        file->node->locked_by = NULL;
    file->node->open_count--;
    env->open_count--;
    env_memory_release(env, file->node);
    env_memory_unlock(env);
    bl_alloc_free(&env->base.alloc, file, sizeof *file);
}

/* ---- names ---- */

static bool env_memory_is_below(const struct env_memory_node *node,
                                const struct env_memory_node *ancestor)
{
    for (; node != NULL; node = node->parent) {
        if (node == ancestor)
            return true;
    }
    return false;
}

static baals_status
env_memory_rename_locked(struct env_memory *env, const char *from, const char *to, baals_error *err)
{
    struct env_memory_place source;
    struct env_memory_place target;
    BL_TRY(env_memory_find(&source, env, from, err));
    BL_TRY(env_memory_find(&target, env, to, err));
    if (source.node == NULL)
        return bl_fail(err, BAALS_NOTFOUND, "there is no %s", from);
    if (source.dir == NULL || target.dir == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the root cannot be renamed or replaced");
    if (source.node == target.node)
        return BAALS_OK;
    if (env_memory_is_below(target.dir, source.node))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "cannot move %s into itself", from);
    if (target.node != NULL && target.node->is_dir != source.node->is_dir)
        return bl_fail(err, BAALS_IO, "%s and %s are not of one kind", from, to);
    if (target.node != NULL && target.node->first_child != NULL)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "the folder %s is not empty", to);
    char *name = env_memory_name(env, &target);
    if (name == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to rename %s", from);
    if (target.node != NULL) {
        env_memory_unlink(target.node);
        env_memory_release(env, target.node);
    }
    env_memory_unlink(source.node);
    bl_alloc_free(&env->base.alloc, source.node->name, strlen(source.node->name) + 1);
    source.node->name = name;
    env_memory_link(target.dir, source.node);
    return BAALS_OK;
}

static baals_status
env_memory_rename(struct bl_env *self, const char *from, const char *to, baals_error *err)
{
    struct env_memory *env = env_memory(self);
    env_memory_lock(env);
    baals_status status = env_memory_rename_locked(env, from, to, err);
    env_memory_unlock(env);
    return status;
}

static baals_status
env_memory_remove_locked(struct env_memory *env, const char *path, baals_error *err)
{
    struct env_memory_place place;
    BL_TRY(env_memory_find(&place, env, path, err));
    if (place.node == NULL)
        return bl_fail(err, BAALS_NOTFOUND, "there is no %s", path);
    if (place.dir == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the root cannot be removed");
    if (place.node->first_child != NULL)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "the folder %s is not empty", path);
    env_memory_unlink(place.node);
    env_memory_release(env, place.node);
    return BAALS_OK;
}

static baals_status env_memory_remove(struct bl_env *self, const char *path, baals_error *err)
{
    struct env_memory *env = env_memory(self);
    env_memory_lock(env);
    baals_status status = env_memory_remove_locked(env, path, err);
    env_memory_unlock(env);
    return status;
}

static baals_status env_memory_make_dir(struct bl_env *self, const char *path, baals_error *err)
{
    struct env_memory *env = env_memory(self);
    struct env_memory_place place;
    env_memory_lock(env);
    baals_status status = env_memory_find(&place, env, path, err);
    if (status == BAALS_OK && place.node == NULL)
        place.node = env_memory_create(env, &place, true);
    if (status == BAALS_OK && place.node == NULL)
        status = bl_fail(err, BAALS_NOMEM, "no memory to create %s", path);
    else if (status == BAALS_OK && !place.node->is_dir)
        status = bl_fail(err, BAALS_LIMIT_EXISTS, "%s is a file", path);
    env_memory_unlock(env);
    return status;
}

/* The folder at `path`, or NULL with *status_out set. */
static struct env_memory_node *
env_memory_dir(struct env_memory *env, const char *path, baals_status *status_out, baals_error *err)
{
    struct env_memory_place place = {.node = NULL};
    *status_out = env_memory_find(&place, env, path, err);
    if (*status_out != BAALS_OK)
        return NULL;
    if (place.node == NULL)
        *status_out = bl_fail(err, BAALS_NOTFOUND, "there is no %s", path);
    else if (!place.node->is_dir)
        *status_out = bl_fail(err, BAALS_IO, "%s is not a folder", path);
    return *status_out == BAALS_OK ? place.node : NULL;
}

static baals_status env_memory_sync_dir(struct bl_env *self, const char *path, baals_error *err)
{
    struct env_memory *env = env_memory(self);
    baals_status status;
    env_memory_lock(env);
    (void)env_memory_dir(env, path, &status, err);
    env_memory_unlock(env);
    return status;
}

static baals_status env_memory_list_dir(struct bl_env *self,
                                        const char *path,
                                        baals_status (*each)(void *ctx, const char *name),
                                        void *ctx,
                                        baals_error *err)
{
    struct env_memory *env = env_memory(self);
    struct bl_name_list list = {.alloc = self->alloc};
    baals_status status;
    env_memory_lock(env);
    const struct env_memory_node *dir = env_memory_dir(env, path, &status, err);
    const struct env_memory_node *child = dir == NULL ? NULL : dir->first_child;
    for (; child != NULL && status == BAALS_OK; child = child->next)
        status = bl_name_list_add(&list, child->name, err);
    env_memory_unlock(env);
    if (status == BAALS_OK)
        status = bl_name_list_visit(&list, each, ctx);
    bl_name_list_deinit(&list);
    return status;
}

static void env_memory_close_env(struct bl_env *self)
{
    struct env_memory *env = env_memory(self);
    BL_ASSERT(env->open_count == 0);
    while (env->root.first_child != NULL) {
        struct env_memory_node *node = env->root.first_child;
        while (node->first_child != NULL)
            node = node->first_child;
        env_memory_unlink(node);
        env_memory_release(env, node);
    }
    BL_ASSERT(pthread_mutex_destroy(&env->mutex) == 0);
    const struct bl_alloc alloc = self->alloc;
    bl_alloc_free(&alloc, env, sizeof *env);
}

static const struct bl_env_ops env_memory_ops = {
    .version = BL_ENV_OPS_VERSION,
    .name = "memory",
    .clock_ms = bl_env_system_clock_ms,
    .monotonic_ns = bl_env_system_monotonic_ns,
    .random = bl_env_system_random,
    .open = env_memory_open,
    .read_at = env_memory_read_at,
    .write_at = env_memory_write_at,
    .sync = env_memory_sync,
    .size = env_memory_size,
    .truncate = env_memory_truncate,
    .lock = env_memory_lock_file,
    .close = env_memory_close_file,
    .rename = env_memory_rename,
    .remove = env_memory_remove,
    .make_dir = env_memory_make_dir,
    .sync_dir = env_memory_sync_dir,
    .list_dir = env_memory_list_dir,
    .close_env = env_memory_close_env,
};

baals_status bl_env_memory(struct bl_env **env_out, struct bl_alloc alloc, baals_error *err)
{
    struct env_memory *env = bl_alloc_zero(&alloc, 1, sizeof *env);
    if (env == NULL || pthread_mutex_init(&env->mutex, NULL) != 0) {
        bl_alloc_free(&alloc, env, sizeof *env);
        return bl_fail(err, BAALS_NOMEM, "no memory for the environment");
    }
    env->base.ops = &env_memory_ops;
    env->base.alloc = alloc;
    env->root.is_dir = true;
    *env_out = &env->base;
    return BAALS_OK;
}
