/* SPDX-License-Identifier: MIT */
/*
 * The backend in memory: the executable specification of baals/ext/storage.h.
 *
 * One persistent AVL tree over (space, key). Nodes and entries are counted; a snapshot is a counted
 * root. A batch builds a new tree that shares with the old one whatever it does not touch, and
 * becomes visible by replacing the root, so it is all or nothing and disturbs no snapshot. Nodes
 * made by the batch itself have one reference and are changed in place: a batch copies each old
 * node at most once.
 *
 * Threads: `lock` guards the root and the count of entries; counts are atomic.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "storage/storage_internal.h"

struct memory_entry {
    atomic_size_t refs;
    baals_space space;
    uint32_t key_len;
    size_t value_len;
    uint8_t bytes[]; /* key, value */
};

struct memory_node {
    atomic_size_t refs;
    uint32_t height; /* 1 for a leaf */
    struct memory_entry *entry;
    struct memory_node *left;
    struct memory_node *right;
};

struct memory_storage {
    baals_storage base;
    struct bl_alloc alloc;
    pthread_mutex_t lock;
    struct memory_node *root; /* written by the writer under the lock */
    uint64_t entries;
};

/* What a baals_snapshot of this backend is. */
struct memory_snapshot {
    struct memory_node *root;
};

static const struct baals_storage_ops memory_ops;

static struct memory_storage *memory_from(baals_storage *base)
{
    BL_ASSERT(base->ops == &memory_ops);
    return BL_CONTAINER_OF(base, struct memory_storage, base);
}

/* ---- entries ---- */

static baals_slice memory_entry_key(const struct memory_entry *entry)
{
    return bl_slice(entry->bytes, entry->key_len);
}

static struct memory_entry *memory_entry_new(const struct bl_alloc *alloc, const baals_write *write)
{
    size_t size = sizeof(struct memory_entry) + write->key.len + write->value.len;
    struct memory_entry *entry = bl_alloc_resize(alloc, NULL, 0, size);
    if (entry == NULL)
        return NULL;
    atomic_init(&entry->refs, 1);
    entry->space = write->space;
    entry->key_len = (uint32_t)write->key.len;
    entry->value_len = write->value.len;
    memcpy(entry->bytes, write->key.data, write->key.len);
    if (write->value.len > 0)
        memcpy(entry->bytes + write->key.len, write->value.data, write->value.len);
    return entry;
}

static struct memory_entry *memory_entry_ref(struct memory_entry *entry)
{
    atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
    return entry;
}

static void memory_entry_unref(const struct bl_alloc *alloc, struct memory_entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel) == 1)
        bl_alloc_free(alloc, entry, sizeof(*entry) + entry->key_len + entry->value_len);
}

static int memory_compare(baals_space space, baals_slice key, const struct memory_entry *entry)
{
    if (space != entry->space)
        return space < entry->space ? -1 : 1;
    return bl_slice_compare(key, memory_entry_key(entry));
}

/* ---- nodes ---- */

static struct memory_node *memory_node_ref(struct memory_node *node)
{
    if (node != NULL)
        atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
    return node;
}

/* Recursion is as deep as the tree is high: below 92 for any number of entries. */
static void memory_node_unref(const struct bl_alloc *alloc, struct memory_node *node)
{
    if (node == NULL || atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) != 1)
        return;
    memory_node_unref(alloc, node->left);
    memory_node_unref(alloc, node->right);
    memory_entry_unref(alloc, node->entry);
    bl_alloc_free(alloc, node, sizeof(*node));
}

/* A node around `entry`, of which a reference is taken. */
static struct memory_node *memory_node_new(const struct bl_alloc *alloc, struct memory_entry *entry)
{
    struct memory_node *node = bl_alloc_zero(alloc, 1, sizeof(*node));
    if (node == NULL)
        return NULL;
    atomic_init(&node->refs, 1);
    node->height = 1;
    node->entry = memory_entry_ref(entry);
    return node;
}

/* Makes *slot a node that no other tree shares. The slot lies in such a node or is the new root.
 * False when there is no memory. */
static bool memory_own(const struct bl_alloc *alloc, struct memory_node **slot)
{
    struct memory_node *shared = *slot;
    if (atomic_load_explicit(&shared->refs, memory_order_acquire) == 1)
        return true;
    struct memory_node *copy = memory_node_new(alloc, shared->entry);
    if (copy == NULL)
        return false;
    copy->height = shared->height;
    copy->left = memory_node_ref(shared->left);
    copy->right = memory_node_ref(shared->right);
    *slot = copy;
    memory_node_unref(alloc, shared);
    return true;
}

static uint32_t memory_height(const struct memory_node *node)
{
    return node == NULL ? 0 : node->height;
}

static void memory_update(struct memory_node *node)
{
    uint32_t left = memory_height(node->left);
    uint32_t right = memory_height(node->right);
    node->height = 1 + (left > right ? left : right);
}

/* *slot and its left child are owned. */
static void memory_rotate_right(struct memory_node **slot)
{
    struct memory_node *node = *slot;
    struct memory_node *up = node->left;
    node->left = up->right;
    up->right = node;
    memory_update(node);
    memory_update(up);
    *slot = up;
}

static void memory_rotate_left(struct memory_node **slot)
{
    struct memory_node *node = *slot;
    struct memory_node *up = node->right;
    node->right = up->left;
    up->left = node;
    memory_update(node);
    memory_update(up);
    *slot = up;
}

/* Restores the AVL rule at *slot, which is owned, after one change below it. */
static bool memory_balance(const struct bl_alloc *alloc, struct memory_node **slot)
{
    struct memory_node *node = *slot;
    uint32_t left = memory_height(node->left);
    uint32_t right = memory_height(node->right);
    if (left > right + 1) {
        if (!memory_own(alloc, &node->left))
            return false;
        struct memory_node *child = node->left;
        if (memory_height(child->right) > memory_height(child->left)) {
            if (!memory_own(alloc, &child->right))
                return false;
            memory_rotate_left(&node->left);
        }
        memory_rotate_right(slot);
    } else if (right > left + 1) {
        if (!memory_own(alloc, &node->right))
            return false;
        struct memory_node *child = node->right;
        if (memory_height(child->left) > memory_height(child->right)) {
            if (!memory_own(alloc, &child->left))
                return false;
            memory_rotate_right(&node->right);
        }
        memory_rotate_left(slot);
    } else {
        memory_update(node);
    }
    return true;
}

static struct memory_entry *
memory_find(struct memory_node *root, baals_space space, baals_slice key)
{
    while (root != NULL) {
        int order = memory_compare(space, key, root->entry);
        if (order == 0)
            return root->entry;
        root = order < 0 ? root->left : root->right;
    }
    return NULL;
}

/* Puts `entry` (a reference is taken) into the tree. False when there is no memory; the tree then
 * is good for nothing but being released. */
static bool
memory_put(const struct bl_alloc *alloc, struct memory_node **slot, struct memory_entry *entry)
{
    if (*slot == NULL) {
        *slot = memory_node_new(alloc, entry);
        return *slot != NULL;
    }
    if (!memory_own(alloc, slot))
        return false;
    struct memory_node *node = *slot;
    int order = memory_compare(entry->space, memory_entry_key(entry), node->entry);
    if (order == 0) {
        memory_entry_unref(alloc, node->entry);
        node->entry = memory_entry_ref(entry);
        return true;
    }
    if (!memory_put(alloc, order < 0 ? &node->left : &node->right, entry))
        return false;
    return memory_balance(alloc, slot);
}

/* Removes a key that is there. False as memory_put. */
static bool memory_remove(const struct bl_alloc *alloc,
                          struct memory_node **slot,
                          baals_space space,
                          baals_slice key)
{
    BL_ASSERT(*slot != NULL);
    if (!memory_own(alloc, slot))
        return false;
    struct memory_node *node = *slot;
    int order = memory_compare(space, key, node->entry);
    if (order != 0) {
        if (!memory_remove(alloc, order < 0 ? &node->left : &node->right, space, key))
            return false;
        return memory_balance(alloc, slot);
    }
    if (node->left == NULL || node->right == NULL) {
        *slot = memory_node_ref(node->left != NULL ? node->left : node->right);
        memory_node_unref(alloc, node);
        return true;
    }
    /* Two children: the next entry moves up here and is removed below. */
    const struct memory_node *next = node->right;
    while (next->left != NULL)
        next = next->left;
    struct memory_entry *entry = memory_entry_ref(next->entry);
    memory_entry_unref(alloc, node->entry);
    node->entry = entry;
    if (!memory_remove(alloc, &node->right, entry->space, memory_entry_key(entry)))
        return false;
    return memory_balance(alloc, slot);
}

/* ---- operations ---- */

static baals_status
memory_snapshot_begin(baals_storage *self, baals_snapshot **snapshot_out, baals_error *err)
{
    struct memory_storage *storage = memory_from(self);
    struct memory_snapshot *snapshot = bl_alloc_zero(&storage->alloc, 1, sizeof(*snapshot));
    if (snapshot == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a snapshot");
    pthread_mutex_lock(&storage->lock);
    snapshot->root = memory_node_ref(storage->root);
    pthread_mutex_unlock(&storage->lock);
    *snapshot_out = (baals_snapshot *)(void *)snapshot;
    return BAALS_OK;
}

static struct memory_snapshot *memory_snapshot_from(baals_snapshot *snapshot)
{
    return (struct memory_snapshot *)(void *)snapshot;
}

static void memory_snapshot_end(baals_storage *self, baals_snapshot *base)
{
    struct memory_storage *storage = memory_from(self);
    struct memory_snapshot *snapshot = memory_snapshot_from(base);
    memory_node_unref(&storage->alloc, snapshot->root);
    bl_alloc_free(&storage->alloc, snapshot, sizeof(*snapshot));
}

static baals_slice memory_entry_value(const struct memory_entry *entry)
{
    return bl_slice(entry->bytes + entry->key_len, entry->value_len);
}

static baals_status memory_get(baals_storage *self,
                               baals_slice *value_out,
                               baals_snapshot *snapshot,
                               baals_space space,
                               baals_slice key,
                               baals_error *err)
{
    (void)self;
    (void)err;
    const struct memory_entry *entry =
        memory_find(memory_snapshot_from(snapshot)->root, space, key);
    if (entry == NULL)
        return BAALS_NOTFOUND;
    *value_out = memory_entry_value(entry);
    return BAALS_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
static baals_status memory_seek(baals_storage *self,
                                baals_slice *key_out,
                                baals_slice *value_out,
                                baals_snapshot *snapshot,
                                baals_space space,
                                baals_slice key,
                                uint32_t flags,
                                baals_error *err)
{
    (void)self;
    (void)err;
    bool descending = (flags & BAALS_SEEK_DESCENDING) != 0;
    bool exclusive = (flags & BAALS_SEEK_EXCLUSIVE) != 0;
    const struct memory_entry *best = NULL;
    const struct memory_node *node = memory_snapshot_from(snapshot)->root;
    while (node != NULL) {
        int order = memory_compare(space, key, node->entry);
        /* Backwards from an empty key means from behind the whole space. */
        if (descending && key.len == 0 && node->entry->space == space)
            order = 1;
        if (order == 0 && !exclusive) {
            best = node->entry;
            break;
        }
        bool candidate = descending ? order > 0 : order < 0;
        if (candidate)
            best = node->entry;
        node = candidate == descending ? node->right : node->left;
    }
    if (best == NULL || best->space != space)
        return BAALS_NOTFOUND;
    *key_out = memory_entry_key(best);
    *value_out = memory_entry_value(best);
    return BAALS_OK;
}

/* One write on the new tree. False when there is no memory. */
static bool memory_write(const struct bl_alloc *alloc,
                         struct memory_node **root,
                         uint64_t *entries,
                         const baals_write *write)
{
    bool present = memory_find(*root, write->space, write->key) != NULL;
    if (write->is_delete) {
        if (!present)
            return true;
        *entries -= 1;
        return memory_remove(alloc, root, write->space, write->key);
    }
    struct memory_entry *entry = memory_entry_new(alloc, write);
    if (entry == NULL)
        return false;
    bool done = memory_put(alloc, root, entry);
    memory_entry_unref(alloc, entry);
    *entries += present ? 0 : 1;
    return done;
}

static baals_status
memory_apply(baals_storage *self, const baals_write *writes, size_t count, baals_error *err)
{
    struct memory_storage *storage = memory_from(self);
    /* Only the writer, which we are, changes these two. */
    struct memory_node *root = memory_node_ref(storage->root);
    uint64_t entries = storage->entries;

    for (size_t i = 0; i < count; i++) {
        if (!memory_write(&storage->alloc, &root, &entries, &writes[i])) {
            memory_node_unref(&storage->alloc, root);
            return bl_fail(err, BAALS_NOMEM, "no memory for a batch of %zu writes", count);
        }
    }
    pthread_mutex_lock(&storage->lock);
    struct memory_node *old = storage->root;
    storage->root = root;
    storage->entries = entries;
    pthread_mutex_unlock(&storage->lock);
    memory_node_unref(&storage->alloc, old);
    return BAALS_OK;
}

static baals_status memory_sync(baals_storage *self, baals_error *err)
{
    (void)self;
    (void)err;
    return BAALS_OK;
}

static baals_status
memory_stats(baals_storage *self, baals_storage_stats *stats_out, baals_error *err)
{
    (void)err;
    struct memory_storage *storage = memory_from(self);
    pthread_mutex_lock(&storage->lock);
    *stats_out = (baals_storage_stats){.entries = storage->entries, .disk_bytes = 0};
    pthread_mutex_unlock(&storage->lock);
    return BAALS_OK;
}

static void memory_close(baals_storage *self)
{
    struct memory_storage *storage = memory_from(self);
    struct bl_alloc alloc = storage->alloc;
    memory_node_unref(&alloc, storage->root);
    pthread_mutex_destroy(&storage->lock);
    bl_alloc_free(&alloc, storage, sizeof(*storage));
}

static const struct baals_storage_ops memory_ops = {
    .version = BAALS_STORAGE_OPS_VERSION,
    .caps = 0,
    .name = "memory",
    .snapshot_begin = memory_snapshot_begin,
    .snapshot_end = memory_snapshot_end,
    .get = memory_get,
    .seek = memory_seek,
    .apply = memory_apply,
    .sync = memory_sync,
    .stats = memory_stats,
    .close = memory_close,
};

baals_status
bl_storage_memory_open(baals_storage **out, struct bl_env *env, const char *path, baals_error *err)
{
    (void)path;
    struct memory_storage *storage = bl_alloc_zero(&env->alloc, 1, sizeof(*storage));
    if (storage == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a storage");
    storage->base.ops = &memory_ops;
    storage->alloc = env->alloc;
    if (pthread_mutex_init(&storage->lock, NULL) != 0) {
        bl_alloc_free(&env->alloc, storage, sizeof(*storage));
        return bl_fail(err, BAALS_NOMEM, "no memory for a lock");
    }
    *out = &storage->base;
    return BAALS_OK;
}
