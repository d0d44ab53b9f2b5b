/* SPDX-License-Identifier: MIT */
/*
 * Import module `wasi_snapshot_preview1`, version 2 of the host interface: as much of WASI as an
 * ordinary C program needs to read its input, print and ask for the time, and every other function
 * with an errno that its C library understands (docs/spec/contracts.md 8). There are three open
 * descriptors, no files, no arguments and no environment; a bad pointer traps, as everywhere.
 */
#include "contracts/host.h"
#include "contracts/trace.h"

enum {
    WASI_SUCCESS = 0,
    WASI_EBADF = 8,
    WASI_EINVAL = 28,
    WASI_ENOTSUP = 58,
    WASI_ESPIPE = 70,
};

#define WASI_STDIN 0u
#define WASI_STDOUT 1u
#define WASI_STDERR 2u
#define WASI_IOVS_MAX 1024u
#define WASI_RIGHT_READ (1ull << 1)
#define WASI_RIGHT_WRITE (1ull << 6)
#define WASI_CLOCKS 2u
#define WASI_CLOCK_RESOLUTION_NS 1000000u
#define WASI_LOG_LEVEL 2

/* Charges and answers `result`: the whole of the functions without effect. */
static baals_vm_action wasi_answer(struct bl_frame *frame, uint64_t *result_out, uint64_t result)
{
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    *result_out = result;
    return BAALS_VM_CONTINUE;
}

/* The same where it depends on the descriptor in the first parameter. */
static baals_vm_action
wasi_answer_fd(struct bl_frame *frame, uint64_t *result_out, const uint64_t *args, uint64_t result)
{
    return wasi_answer(frame, result_out, (uint32_t)args[0] <= WASI_STDERR ? result : WASI_EBADF);
}

baals_vm_action
bl_wasi_nothing(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)args;
    return wasi_answer(ctx, result_out, WASI_SUCCESS);
}

baals_vm_action bl_wasi_unsupported(void *ctx,
                                    baals_vm_instance *instance,
                                    uint64_t *result_out,
                                    const uint64_t *args)
{
    (void)instance;
    (void)args;
    return wasi_answer(ctx, result_out, WASI_ENOTSUP);
}

baals_vm_action
bl_wasi_no_file(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)args;
    return wasi_answer(ctx, result_out, WASI_EBADF);
}

baals_vm_action bl_wasi_fd_unsupported(void *ctx,
                                       baals_vm_instance *instance,
                                       uint64_t *result_out,
                                       const uint64_t *args)
{
    (void)instance;
    return wasi_answer_fd(ctx, result_out, args, WASI_ENOTSUP);
}

baals_vm_action bl_wasi_fd_nothing(void *ctx,
                                   baals_vm_instance *instance,
                                   uint64_t *result_out,
                                   const uint64_t *args)
{
    (void)instance;
    return wasi_answer_fd(ctx, result_out, args, WASI_SUCCESS);
}

baals_vm_action
bl_wasi_fd_seek(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    return wasi_answer_fd(ctx, result_out, args, WASI_ESPIPE);
}

baals_vm_action
bl_wasi_sizes(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    const uint8_t zero[4] = {0};
    BL_HOST_TRY(bl_host_begin(frame, 8, 0));
    for (int i = 0; i < 2; i++)
        BL_HOST_TRY(bl_host_place(frame, (uint32_t)args[i], sizeof zero));
    for (int i = 0; i < 2; i++)
        bl_host_write(frame, (uint32_t)args[i], bl_slice(zero, sizeof zero));
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

/* Not a terminal, so that a C library buffers whole blocks and calls less often. */
baals_vm_action bl_wasi_fd_fdstat_get(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t fd = (uint32_t)args[0], dst = (uint32_t)args[1];
    uint8_t stat[24] = {0};
    BL_HOST_TRY(bl_host_begin(frame, sizeof stat, 0));
    if (fd > WASI_STDERR) {
        *result_out = WASI_EBADF;
        return BAALS_VM_CONTINUE;
    }
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof stat));
    bl_store_u64le(stat + 8, fd == WASI_STDIN ? WASI_RIGHT_READ : WASI_RIGHT_WRITE);
    bl_host_write(frame, dst, bl_slice(stat, sizeof stat));
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

/* ---- reading and writing ---- */

struct wasi_buffers {
    uint32_t count;
    uint64_t total;
    struct {
        uint32_t pointer;
        uint32_t len;
    } items[WASI_IOVS_MAX];
};

/* Reads the list of buffers and checks every place, also that of the count. */
static bool
wasi_buffers_read(struct bl_frame *frame, struct wasi_buffers *out, const uint64_t *args)
{
    uint32_t list = (uint32_t)args[1], count = (uint32_t)args[2], done = (uint32_t)args[3];
    if (!bl_host_require(frame, count <= WASI_IOVS_MAX, BAALS_TRAP_LIMIT) ||
        !bl_host_place(frame, list, 8 * count) || !bl_host_place(frame, done, 4))
        return false;
    out->count = count;
    out->total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t pair[8];
        bl_vm_mem_read(frame->instance, pair, list + 8 * i, sizeof pair);
        out->items[i].pointer = bl_load_u32le(pair);
        out->items[i].len = bl_load_u32le(pair + 4);
        out->total += out->items[i].len;
        if (!bl_host_place(frame, out->items[i].pointer, out->items[i].len))
            return false;
    }
    return true;
}

static uint64_t wasi_list_bytes(const uint64_t *args)
{
    return 8ull * (uint32_t)args[2] + 4;
}

static void wasi_put_count(struct bl_frame *frame, uint32_t pointer, uint64_t count)
{
    uint8_t bytes[4];
    BL_ASSERT(count <= UINT32_MAX);
    bl_store_u32le(bytes, (uint32_t)count);
    bl_host_write(frame, pointer, bl_slice(bytes, sizeof bytes));
}

baals_vm_action
bl_wasi_fd_read(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    struct wasi_buffers buffers;
    BL_HOST_TRY(bl_host_begin(frame, wasi_list_bytes(args), 0));
    if ((uint32_t)args[0] != WASI_STDIN) {
        *result_out = WASI_EBADF;
        return BAALS_VM_CONTINUE;
    }
    BL_HOST_TRY(wasi_buffers_read(frame, &buffers, args));
    uint64_t left = frame->input.len - frame->input_read;
    uint64_t copied = buffers.total < left ? buffers.total : left;
    BL_HOST_TRY(
        bl_host_charge(frame, bl_gas_units(copied, frame->execution->schedule->host_bytes)));
    uint64_t rest = copied;
    for (uint32_t i = 0; i < buffers.count && rest > 0; i++) {
        uint64_t part = buffers.items[i].len < rest ? buffers.items[i].len : rest;
        if (part > 0)
            bl_host_write(frame, buffers.items[i].pointer,
                          bl_slice(frame->input.data + frame->input_read, (size_t)part));
        frame->input_read += part;
        rest -= part;
    }
    wasi_put_count(frame, (uint32_t)args[3], copied);
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

/* Appends what the buffers hold. */
static bool
wasi_gather(struct bl_frame *frame, struct bl_buffer *out, const struct wasi_buffers *buffers)
{
    for (uint32_t i = 0; i < buffers->count; i++) {
        baals_slice part;
        if (!bl_host_input(frame, &part, 0, buffers->items[i].pointer, buffers->items[i].len))
            return false;
        bl_buffer_append(out, part.data, part.len);
    }
    return bl_host_ok(frame, bl_buffer_status(out, frame->execution->err));
}

/* One line of the log per call, without the newline at its end. */
static bool wasi_log(struct bl_frame *frame, const struct wasi_buffers *buffers)
{
    struct bl_execution *execution = frame->execution;
    baals_contract_host *host = execution->host;
    struct bl_buffer *line = &frame->inputs[1];
    bl_buffer_clear(line);
    if (!wasi_gather(frame, line, buffers))
        return false;
    baals_slice text = bl_buffer_slice(line);
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && host->ops->log != NULL)
        host->ops->log(host, &frame->contract, WASI_LOG_LEVEL, text);
    if (text.len > 0)
        bl_trace_log(frame, WASI_LOG_LEVEL, text);
    return true;
}

baals_vm_action
bl_wasi_fd_write(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    const struct bl_gas_schedule *schedule = frame->execution->schedule;
    uint32_t fd = (uint32_t)args[0];
    struct wasi_buffers buffers;
    BL_HOST_TRY(bl_host_begin(frame, wasi_list_bytes(args), 0));
    if (fd != WASI_STDOUT && fd != WASI_STDERR) {
        *result_out = WASI_EBADF;
        return BAALS_VM_CONTINUE;
    }
    BL_HOST_TRY(wasi_buffers_read(frame, &buffers, args));
    BL_HOST_TRY(bl_host_charge(frame, schedule->output_byte * buffers.total +
                                          bl_gas_units(buffers.total, schedule->host_bytes)));
    if (fd == WASI_STDOUT) {
        uint64_t whole = frame->output.len + buffers.total;
        BL_HOST_TRY(bl_host_require(frame, whole <= bl_host_output_max(frame), BAALS_TRAP_LIMIT));
        BL_HOST_TRY(wasi_gather(frame, &frame->output, &buffers));
    } else {
        BL_HOST_TRY(bl_host_require(frame, buffers.total <= BL_EVENT_DATA_MAX, BAALS_TRAP_LIMIT));
        BL_HOST_TRY(wasi_log(frame, &buffers));
    }
    wasi_put_count(frame, (uint32_t)args[3], buffers.total);
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

/* ---- clocks, random bytes, the end ---- */

/* Writes a number of 64 bits for the two clocks there are. */
static baals_vm_action wasi_clock(
    struct bl_frame *frame, uint64_t *result_out, uint32_t clock, uint32_t dst, uint64_t number)
{
    uint8_t bytes[8];
    BL_HOST_TRY(bl_host_begin(frame, sizeof bytes, 0));
    if (clock >= WASI_CLOCKS) {
        *result_out = WASI_EINVAL;
        return BAALS_VM_CONTINUE;
    }
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof bytes));
    bl_store_u64le(bytes, number);
    bl_host_write(frame, dst, bl_slice(bytes, sizeof bytes));
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_wasi_clock_res_get(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    return wasi_clock(ctx, result_out, (uint32_t)args[0], (uint32_t)args[1],
                      WASI_CLOCK_RESOLUTION_NS);
}

baals_vm_action bl_wasi_clock_time_get(void *ctx,
                                       baals_vm_instance *instance,
                                       uint64_t *result_out,
                                       const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint64_t time_ns = frame->execution->params->block_time_ms * WASI_CLOCK_RESOLUTION_NS;
    return wasi_clock(frame, result_out, (uint32_t)args[0], (uint32_t)args[2], time_ns);
}

baals_vm_action bl_wasi_random_get(void *ctx,
                                   baals_vm_instance *instance,
                                   uint64_t *result_out,
                                   const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t dst = (uint32_t)args[0], len = (uint32_t)args[1];
    uint64_t own = frame->execution->schedule->random * bl_gas_units(len, sizeof(baals_hash));
    BL_HOST_TRY(bl_host_begin(frame, len, own));
    BL_HOST_TRY(bl_host_place(frame, dst, len));
    for (uint32_t at = 0; at < len; at += (uint32_t)sizeof(baals_hash)) {
        baals_hash hash;
        uint32_t rest = len - at;
        bl_host_random_next(&hash, frame);
        bl_host_write(frame, dst + at,
                      bl_slice(hash.bytes, rest < sizeof hash.bytes ? rest : sizeof hash.bytes));
    }
    *result_out = WASI_SUCCESS;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_wasi_proc_exit(void *ctx,
                                  baals_vm_instance *instance,
                                  uint64_t *result_out,
                                  const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    uint32_t code = (uint32_t)args[0];
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    frame->reverted = code != 0;
    frame->revert_code = code;
    return BAALS_VM_EXIT;
}
