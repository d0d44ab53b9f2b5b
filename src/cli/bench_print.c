/* SPDX-License-Identifier: MIT */
/*
 * The results: lines for people, JSON for programs, and the table of docs/performance.md. A line
 * stands against its floor and its goal: met, or how far off.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"

static const char *const print_units[] = {
    [BENCH_PER_SECOND] = "per second",
    [BENCH_NS] = "ns",
    [BENCH_PERCENT] = "percent",
    [BENCH_KIB] = "KiB",
};

__attribute__((format(printf, 2, 3))) static void
print_format(struct bl_buffer *out, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (len > 0)
        bl_buffer_append(out, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

/* ---- values and targets ---- */

uint64_t bench_median(struct bench *bench, enum bench_line_id id)
{
    struct bench_values *values = &bench->results[id];
    return values->count == 0 ? 0 : bench_quantile(values->values, values->count, 500);
}

uint64_t bench_floor(struct bench *bench, enum bench_line_id id)
{
    /* "without stalling commits beyond 2x of the median" */
    if (id == BENCH_STALL_P999)
        return bench_median(bench, BENCH_STALL_P50) * 2;
    return bench_lines[id].floor;
}

uint64_t bench_goal(struct bench *bench, enum bench_line_id id)
{
    /* "1.5 x one fdatasync" */
    if (id == BENCH_LATENCY_P50)
        return bench->machine.sync_p50_ns * 3 / 2;
    if (id == BENCH_STALL_MAX)
        return bench_median(bench, BENCH_STALL_P50) * 2;
    return bench_lines[id].goal;
}

bool bench_meets(enum bench_line_id id, uint64_t value, uint64_t target)
{
    if (target == 0)
        return true;
    return bench_lines[id].unit == BENCH_PER_SECOND ? value >= target : value <= target;
}

/* "12.3 us", "45678", "-" for a target there is not. */
static const char *
print_quantity(char text[32], enum bench_unit unit, uint64_t value, bool is_target)
{
    uint64_t divisor = value < 1000000 ? 1000 : 1000000;
    if (is_target && value == 0)
        snprintf(text, 32, "-");
    else if (unit == BENCH_NS)
        snprintf(text, 32, "%llu.%llu %s", (unsigned long long)(value / divisor),
                 (unsigned long long)(value % divisor * 10 / divisor),
                 divisor == 1000 ? "us" : "ms");
    else
        snprintf(text, 32, "%llu%s", (unsigned long long)value,
                 unit == BENCH_PER_SECOND ? "/s"
                 : unit == BENCH_PERCENT  ? " %"
                                          : " KiB");
    return text;
}

/* "met", or the measured part of a target: "0.83 x". */
static const char *
print_verdict(char text[32], enum bench_line_id id, uint64_t value, uint64_t target)
{
    if (target == 0)
        return "";
    if (bench_meets(id, value, target))
        return "met";
    uint64_t hundredths = bench_lines[id].unit == BENCH_PER_SECOND ? value * 100 / target
                          : value == 0                             ? 0
                                                                   : target * 100 / value;
    snprintf(text, 32, "gap %llu.%02llu x", (unsigned long long)(hundredths / 100),
             (unsigned long long)(hundredths % 100));
    return text;
}

/* ---- lines ---- */

void bench_print_machine(struct bl_buffer *out, const struct bench *bench)
{
    const struct bench_machine *machine = &bench->machine;
    char p50[32], p99[32];
    print_format(out, "machine     %s, %llu cores, %llu MiB\n", machine->cpu,
                 (unsigned long long)machine->cores, (unsigned long long)machine->memory_mib);
    print_format(out, "features    %s\n", machine->features);
    print_format(out, "kernel      %s\n", machine->kernel);
    print_format(out, "disk        %s, fdatasync of 4 KiB: p50 %s, p99 %s\n", machine->file_system,
                 print_quantity(p50, BENCH_NS, machine->sync_p50_ns, false),
                 print_quantity(p99, BENCH_NS, machine->sync_p99_ns, false));
    print_format(out, "contracts   %s\n", bench->vm);
    print_format(out, "storage     %s\n", bench->storage);
    print_format(out, "state       %llu KiB kept ready\n",
                 (unsigned long long)(bench->state_bytes / 1024));
    print_format(out, "version     %s\n", baals_version());
}

void bench_print_head(struct bl_buffer *out)
{
    print_format(out, "\n%-24s %12s %12s %12s %11s %-11s %11s\n", "line", "median", "lowest",
                 "highest", "floor", "", "goal");
}

void bench_print_line(struct bl_buffer *out, struct bench *bench, enum bench_line_id id)
{
    const struct bench_line *line = &bench_lines[id];
    struct bench_values *values = &bench->results[id];
    char median[32], low[32], high[32], floor[32], goal[32], floor_gap[32], goal_gap[32];
    if (values->count == 0)
        return;
    uint64_t value = bench_median(bench, id);
    uint64_t least = bench_floor(bench, id);
    uint64_t aim = bench_goal(bench, id);
    print_format(
        out, "%-24s %12s %12s %12s %11s %-11s %11s %s\n", line->name,
        print_quantity(median, line->unit, value, false),
        print_quantity(low, line->unit, values->values[0], false),
        print_quantity(high, line->unit, values->values[values->count - 1], false),
        print_quantity(floor, line->unit, least, true), print_verdict(floor_gap, id, value, least),
        print_quantity(goal, line->unit, aim, true), print_verdict(goal_gap, id, value, aim));
}

void bench_print_tenths(struct bl_buffer *out, const struct bench *bench)
{
    char time[32];
    print_format(out, "\nstate kept ready: %llu KiB\n",
                 (unsigned long long)(bench->growth_state_bytes / 1024));
    print_format(out, "%12s %12s %14s %14s %14s %14s\n", "blocks", "per block", "own memory",
                 "with files", "journal", "kv");
    for (unsigned i = 0; i < bench->tenth_count; i++) {
        const struct bench_tenth *tenth = &bench->tenths[i];
        print_format(out, "%12llu %12s %10llu KiB %10llu KiB %10llu KiB %10llu KiB\n",
                     (unsigned long long)tenth->blocks,
                     print_quantity(time, BENCH_NS, tenth->block_ns, false),
                     (unsigned long long)tenth->own_kib, (unsigned long long)tenth->resident_kib,
                     (unsigned long long)tenth->journal_kib, (unsigned long long)tenth->kv_kib);
    }
}

void bench_print_markdown(struct bl_buffer *out, struct bench *bench)
{
    print_format(out, "```\n");
    bench_print_machine(out, bench);
    print_format(out, "```\n\n| line | what | floor | goal | measured | lowest to highest | floor "
                      "| goal |\n|---|---|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < BENCH_LINE_COUNT; i++) {
        enum bench_line_id id = (enum bench_line_id)i;
        const struct bench_line *line = &bench_lines[id];
        struct bench_values *values = &bench->results[id];
        char median[32], low[32], high[32], floor[32], goal[32], floor_gap[32], goal_gap[32];
        if (values->count == 0)
            continue;
        uint64_t value = bench_median(bench, id);
        uint64_t least = bench_floor(bench, id);
        uint64_t aim = bench_goal(bench, id);
        print_format(out, "| `%s` | %s | %s | %s | %s | %s to %s | %s | %s |\n", line->name,
                     line->what, print_quantity(floor, line->unit, least, true),
                     print_quantity(goal, line->unit, aim, true),
                     print_quantity(median, line->unit, value, false),
                     print_quantity(low, line->unit, values->values[0], false),
                     print_quantity(high, line->unit, values->values[values->count - 1], false),
                     print_verdict(floor_gap, id, value, least),
                     print_verdict(goal_gap, id, value, aim));
    }
}

/* ---- JSON ---- */

static void print_json_machine(struct bl_json_writer *w, const struct bench *bench)
{
    const struct bench_machine *machine = &bench->machine;
    bl_jw_key(w, "machine");
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "cpu", machine->cpu);
    bl_jw_put_text(w, "features", machine->features);
    bl_jw_put_u64(w, "cores", machine->cores);
    bl_jw_put_u64(w, "memory_mib", machine->memory_mib);
    bl_jw_put_text(w, "kernel", machine->kernel);
    bl_jw_put_text(w, "file_system", machine->file_system);
    bl_jw_put_u64(w, "fdatasync_p50_ns", machine->sync_p50_ns);
    bl_jw_put_u64(w, "fdatasync_p99_ns", machine->sync_p99_ns);
    bl_jw_put_text(w, "contracts", bench->vm);
    bl_jw_put_text(w, "storage", bench->storage);
    bl_jw_end_object(w);
}

static void print_json_target(struct bl_json_writer *w,
                              const char *name,
                              const char *met_name,
                              enum bench_line_id id,
                              const uint64_t value[2])
{
    if (value[1] == 0)
        return;
    bl_jw_put_u64(w, name, value[1]);
    bl_jw_put_bool(w, met_name, bench_meets(id, value[0], value[1]));
}

static void print_json_line(struct bl_json_writer *w, struct bench *bench, enum bench_line_id id)
{
    const struct bench_line *line = &bench_lines[id];
    const struct bench_values *values = &bench->results[id];
    uint64_t median = bench_median(bench, id);
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "name", line->name);
    bl_jw_put_text(w, "what", line->what);
    bl_jw_put_text(w, "unit", print_units[line->unit]);
    bl_jw_put_u64(w, "median", median);
    bl_jw_put_u64(w, "lowest", values->values[0]);
    bl_jw_put_u64(w, "highest", values->values[values->count - 1]);
    bl_jw_put_u64(w, "runs", values->count);
    print_json_target(w, "floor", "floor_met", id,
                      (const uint64_t[]){median, bench_floor(bench, id)});
    print_json_target(w, "goal", "goal_met", id, (const uint64_t[]){median, bench_goal(bench, id)});
    bl_jw_end_object(w);
}

static void print_json_tenths(struct bl_json_writer *w, const struct bench *bench)
{
    bl_jw_key(w, "growth");
    bl_jw_begin_array(w);
    for (unsigned i = 0; i < bench->tenth_count; i++) {
        const struct bench_tenth *tenth = &bench->tenths[i];
        bl_jw_begin_object(w);
        bl_jw_put_u64(w, "blocks", tenth->blocks);
        bl_jw_put_u64(w, "block_ns", tenth->block_ns);
        bl_jw_put_u64(w, "own_kib", tenth->own_kib);
        bl_jw_put_u64(w, "resident_kib", tenth->resident_kib);
        bl_jw_put_u64(w, "journal_kib", tenth->journal_kib);
        bl_jw_put_u64(w, "kv_kib", tenth->kv_kib);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

void bench_print_json(struct bl_json_writer *w, struct bench *bench)
{
    const struct bench_size *size = &bench->size;
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "version", baals_version());
    print_json_machine(w, bench);
    bl_jw_key(w, "size");
    bl_jw_begin_object(w);
    bl_jw_put_u64(w, "transfers", size->transfers);
    bl_jw_put_u64(w, "senders", size->senders);
    bl_jw_put_u64(w, "accounts", size->accounts);
    bl_jw_put_u64(w, "block_transactions", size->block_txs);
    bl_jw_put_u64(w, "single_blocks", size->latencies);
    bl_jw_put_u64(w, "state_bytes", bench->state_bytes);
    bl_jw_put_u64(w, "growth_state_bytes", bench->growth_state_bytes);
    bl_jw_end_object(w);
    bl_jw_key(w, "lines");
    bl_jw_begin_array(w);
    for (unsigned i = 0; i < BENCH_LINE_COUNT; i++) {
        if (bench->results[i].count > 0)
            print_json_line(w, bench, (enum bench_line_id)i);
    }
    bl_jw_end_array(w);
    if (bench->tenth_count > 0)
        print_json_tenths(w, bench);
    bl_jw_end_object(w);
}
