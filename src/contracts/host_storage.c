/* SPDX-License-Identifier: MIT */
/*
 * Host functions on a contract's own storage. A scan keeps nothing but its prefix and the last key
 * it delivered; each step looks from there in the state of that moment, so that writes during a
 * scan mean the same on every backend.
 */
#include "contracts/host.h"

#include <string.h>

#include "baals/ext/storage.h"
#include "contracts/trace.h"

#define STORAGE_SCAN_DESCENDING 1u

/* The value of a key; *found_out is false and *value_out empty when it is absent. */
static bool
storage_find(struct bl_frame *frame, baals_slice *value_out, bool *found_out, baals_slice key)
{
    struct bl_execution *execution = frame->execution;
    baals_contract_host *host = execution->host;
    *value_out = bl_slice(NULL, 0);
    *found_out = false;
    baals_status status =
        host->ops->storage_get(host, value_out, &frame->contract, key, execution->err);
    if (status == BAALS_NOTFOUND)
        return true;
    *found_out = true;
    return bl_host_ok(frame, status);
}

static bool storage_key_limit(struct bl_frame *frame, uint32_t len)
{
    return bl_host_require(frame, len >= 1 && len <= BL_STORAGE_KEY_MAX, BAALS_TRAP_LIMIT);
}

baals_vm_action bl_host_storage_read(void *ctx,
                                     baals_vm_instance *instance,
                                     uint64_t *result_out,
                                     const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    const struct bl_gas_schedule *schedule = frame->execution->schedule;
    uint32_t key_len = (uint32_t)args[1], dst = (uint32_t)args[2], cap = (uint32_t)args[3];
    baals_slice key, value;
    bool found = false;
    BL_HOST_TRY(bl_host_begin(frame, key_len, schedule->storage_read));
    BL_HOST_TRY(storage_key_limit(frame, key_len));
    BL_HOST_TRY(bl_host_input(frame, &key, 0, (uint32_t)args[0], key_len));
    BL_HOST_TRY(bl_host_place(frame, dst, cap));
    BL_HOST_TRY(storage_find(frame, &value, &found, key));
    bl_trace_storage(frame, BAALS_TRACE_READ, key, found ? &value : NULL, bl_slice(NULL, 0));
    if (!found) {
        BL_HOST_TRY(bl_host_charge(frame, schedule->storage_absent));
        *result_out = UINT32_MAX;
        return BAALS_VM_CONTINUE;
    }
    uint64_t copied = value.len <= cap ? value.len : 0;
    BL_HOST_TRY(bl_host_charge(frame, schedule->storage_read_byte * value.len +
                                          bl_gas_units(copied, schedule->host_bytes)));
    if (copied > 0)
        bl_host_write(frame, dst, value);
    *result_out = value.len;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_storage_write(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    const struct bl_gas_schedule *schedule = execution->schedule;
    uint32_t key_len = (uint32_t)args[1], value_len = (uint32_t)args[3];
    baals_slice key, value, old;
    bool found = false;
    BL_HOST_TRY(bl_host_begin(frame, (uint64_t)key_len + value_len, schedule->storage_write));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(storage_key_limit(frame, key_len));
    BL_HOST_TRY(bl_host_require(frame, value_len <= BL_STORAGE_VALUE_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_input(frame, &key, 0, (uint32_t)args[0], key_len));
    BL_HOST_TRY(bl_host_input(frame, &value, 1, (uint32_t)args[2], value_len));
    BL_HOST_TRY(storage_find(frame, &old, &found, key));
    uint64_t longer = old.len > value.len ? old.len : value.len;
    BL_HOST_TRY(bl_host_charge(frame, schedule->storage_write_byte * longer +
                                          (found ? 0 : schedule->storage_absent)));
    bl_trace_storage(frame, BAALS_TRACE_WRITE, key, found ? &old : NULL, value);
    baals_contract_host *host = execution->host;
    BL_HOST_TRY(bl_host_ok(
        frame, host->ops->storage_put(host, &frame->contract, key, value, execution->err)));
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_storage_remove(void *ctx,
                                       baals_vm_instance *instance,
                                       uint64_t *result_out,
                                       const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    const struct bl_gas_schedule *schedule = execution->schedule;
    uint32_t key_len = (uint32_t)args[1];
    baals_slice key, old;
    bool found = false;
    BL_HOST_TRY(bl_host_begin(frame, key_len, schedule->storage_remove));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(storage_key_limit(frame, key_len));
    BL_HOST_TRY(bl_host_input(frame, &key, 0, (uint32_t)args[0], key_len));
    BL_HOST_TRY(storage_find(frame, &old, &found, key));
    BL_HOST_TRY(bl_host_charge(frame, schedule->storage_remove_byte * old.len +
                                          (found ? 0 : schedule->storage_absent)));
    *result_out = found ? 1 : 0;
    bl_trace_storage(frame, BAALS_TRACE_REMOVE, key, found ? &old : NULL, bl_slice(NULL, 0));
    if (!found)
        return BAALS_VM_CONTINUE;
    baals_contract_host *host = execution->host;
    BL_HOST_TRY(
        bl_host_ok(frame, host->ops->storage_remove(host, &frame->contract, key, execution->err)));
    return BAALS_VM_CONTINUE;
}

/* ---- scans ---- */

/* The least free handle, from 1; 0: none. */
static uint32_t scan_free_handle(const struct bl_frame *frame)
{
    for (uint32_t i = 0; i < BL_SCANS_MAX; i++) {
        if (!frame->scans[i].open)
            return i + 1;
    }
    return 0;
}

/* The open scan of a handle, or NULL. */
static struct bl_scan *scan_of(struct bl_frame *frame, uint32_t handle)
{
    if (handle == 0 || handle > BL_SCANS_MAX || !frame->scans[handle - 1].open)
        return NULL;
    return &frame->scans[handle - 1];
}

static void scan_set_position(struct bl_scan *scan, baals_slice key, bool exclusive)
{
    BL_ASSERT(key.len <= BL_STORAGE_KEY_MAX);
    if (key.len > 0)
        memcpy(scan->position, key.data, key.len);
    scan->position_len = (uint16_t)key.len;
    scan->exclusive = exclusive;
}

/* The least key behind all keys with the prefix; empty when there is none. Written over `prefix`.
 */
static size_t scan_successor(uint8_t *prefix, size_t len)
{
    while (len > 0 && prefix[len - 1] == 0xff)
        len--;
    if (len > 0)
        prefix[len - 1]++;
    return len;
}

/* Where the scan begins: the nearer of `start` and the edge of the prefix's range. */
static void scan_begin(struct bl_scan *scan, baals_slice prefix, baals_slice start, bool descending)
{
    scan->open = true;
    scan->descending = descending;
    scan->prefix_len = (uint16_t)prefix.len;
    if (prefix.len > 0)
        memcpy(scan->prefix, prefix.data, prefix.len);
    if (!descending) {
        scan_set_position(scan, bl_slice_compare(start, prefix) > 0 ? start : prefix, false);
        return;
    }
    uint8_t edge[BL_STORAGE_KEY_MAX];
    if (prefix.len > 0)
        memcpy(edge, prefix.data, prefix.len);
    baals_slice behind = bl_slice(edge, scan_successor(edge, prefix.len));
    bool start_is_nearer =
        start.len > 0 && (behind.len == 0 || bl_slice_compare(start, behind) < 0);
    scan_set_position(scan, start_is_nearer ? start : behind, !start_is_nearer && behind.len > 0);
}

baals_vm_action bl_host_storage_scan(void *ctx,
                                     baals_vm_instance *instance,
                                     uint64_t *result_out,
                                     const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t prefix_len = (uint32_t)args[1], start_len = (uint32_t)args[3];
    uint32_t flags = (uint32_t)args[4];
    uint32_t handle = scan_free_handle(frame);
    baals_slice prefix, start;
    BL_HOST_TRY(
        bl_host_begin(frame, (uint64_t)prefix_len + start_len, frame->execution->schedule->scan));
    BL_HOST_TRY(
        bl_host_require(frame, (flags & ~STORAGE_SCAN_DESCENDING) == 0, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_require(frame, prefix_len <= BL_STORAGE_KEY_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_require(frame, start_len <= BL_STORAGE_KEY_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_require(frame, handle != 0, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_input(frame, &prefix, 0, (uint32_t)args[0], prefix_len));
    BL_HOST_TRY(bl_host_input(frame, &start, 1, (uint32_t)args[2], start_len));
    scan_begin(&frame->scans[handle - 1], prefix, start, flags != 0);
    bl_trace_storage(frame, BAALS_TRACE_SCAN, prefix, NULL, start);
    *result_out = handle;
    return BAALS_VM_CONTINUE;
}

/* The scan's next item in the state of this moment. */
static bool scan_seek(struct bl_frame *frame,
                      baals_slice *key_out,
                      baals_slice *value_out,
                      bool *found_out,
                      const struct bl_scan *scan)
{
    struct bl_execution *execution = frame->execution;
    baals_contract_host *host = execution->host;
    uint32_t flags = (scan->descending ? BAALS_SEEK_DESCENDING : 0u) |
                     (scan->exclusive ? BAALS_SEEK_EXCLUSIVE : 0u);
    *found_out = false;
    baals_status status = host->ops->storage_seek(host, key_out, value_out, &frame->contract,
                                                  bl_slice(scan->position, scan->position_len),
                                                  flags, execution->err);
    if (status == BAALS_NOTFOUND)
        return true;
    if (!bl_host_ok(frame, status))
        return false;
    *found_out = bl_slice_has_prefix(*key_out, bl_slice(scan->prefix, scan->prefix_len));
    return true;
}

baals_vm_action bl_host_storage_next(void *ctx,
                                     baals_vm_instance *instance,
                                     uint64_t *result_out,
                                     const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    const struct bl_gas_schedule *schedule = frame->execution->schedule;
    struct bl_scan *scan = scan_of(frame, (uint32_t)args[0]);
    uint32_t key_dst = (uint32_t)args[1], key_cap = (uint32_t)args[2];
    uint32_t value_dst = (uint32_t)args[3], value_cap = (uint32_t)args[4];
    uint32_t lens_dst = (uint32_t)args[5];
    baals_slice key, value;
    bool found = false;
    BL_HOST_TRY(bl_host_begin(frame, 8, schedule->scan_next));
    BL_HOST_TRY(bl_host_require(frame, scan != NULL, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_place(frame, key_dst, key_cap));
    BL_HOST_TRY(bl_host_place(frame, value_dst, value_cap));
    BL_HOST_TRY(bl_host_place(frame, lens_dst, 8));
    BL_HOST_TRY(scan_seek(frame, &key, &value, &found, scan));
    *result_out = 0;
    bl_trace_storage(frame, BAALS_TRACE_NEXT, found ? key : bl_slice(NULL, 0),
                     found ? &value : NULL, bl_slice(NULL, 0));
    if (!found)
        return BAALS_VM_CONTINUE;

    bool fits = key.len <= key_cap && value.len <= value_cap;
    uint64_t len = (uint64_t)key.len + value.len;
    BL_HOST_TRY(bl_host_charge(frame, schedule->scan_next_byte * len +
                                          bl_gas_units(fits ? len : 0, schedule->host_bytes)));
    uint8_t lens[8];
    bl_store_u32le(lens, (uint32_t)key.len);
    bl_store_u32le(lens + 4, (uint32_t)value.len);
    if (fits) {
        scan_set_position(scan, key, true);
        bl_host_write(frame, key_dst, key);
        bl_host_write(frame, value_dst, value);
    }
    bl_host_write(frame, lens_dst, bl_slice(lens, sizeof lens));
    *result_out = fits ? 1 : 2;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_storage_scan_end(void *ctx,
                                         baals_vm_instance *instance,
                                         uint64_t *result_out,
                                         const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    struct bl_scan *scan = scan_of(frame, (uint32_t)args[0]);
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    BL_HOST_TRY(bl_host_require(frame, scan != NULL, BAALS_TRAP_ARGUMENT));
    scan->open = false;
    return BAALS_VM_CONTINUE;
}
