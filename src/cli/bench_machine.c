/* SPDX-License-Identifier: MIT */
/*
 * The machine a measurement ran on, as Linux tells it: numbers without it say nothing. The disk is
 * measured, since it bounds everything durable: 4 KiB written into space that is there already, as
 * the journal does it, and one fdatasync.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/bench.h"

#define MACHINE_FILE_MAX 65536u
#define MACHINE_SYNC_BYTES 4096u

/* The start of a file of /proc, with a NUL; empty where there is none. */
static void machine_file(char text[MACHINE_FILE_MAX], const char *path)
{
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    text[0] = '\0';
    if (fd < 0)
        return;
    for (;;) {
        ssize_t got = read(fd, text + len, MACHINE_FILE_MAX - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    (void)close(fd);
    text[len] = '\0';
}

/* The value behind "name<blanks>:" at the start of a line, up to the line's end. */
static baals_slice machine_field(const char *text, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *colon = memchr(line, ':', len);
        if (strncmp(line, name, name_len) == 0 && colon != NULL) {
            const char *value = colon + 1;
            value += strspn(value, " \t");
            return bl_slice((const uint8_t *)value, (size_t)(line + len - value));
        }
        line += len;
        line += *line == '\n' ? 1 : 0;
    }
    return bl_slice(NULL, 0);
}

/* Whether a word stands in a list parted by blanks. */
static bool machine_has(baals_slice list, const char *word)
{
    size_t len = strlen(word);
    const char *text = (const char *)list.data;
    for (size_t i = 0; i + len <= list.len; i++) {
        bool begins = i == 0 || text[i - 1] == ' ';
        bool ends = i + len == list.len || text[i + len] == ' ';
        if (begins && ends && memcmp(text + i, word, len) == 0)
            return true;
    }
    return false;
}

static void machine_cpu(struct bench_machine *machine, char *text)
{
    /* Those that the code asks for, and what they speed up. */
    static const char *const wanted[][2] = {
        {"avx2", "AVX2"},       {"sha_ni", "SHA-NI"}, {"avx512ifma", "AVX-512 IFMA"},
        {"avx512f", "AVX-512"}, {"asimd", "NEON"},    {"sha2", "SHA2"},
    };
    machine_file(text, "/proc/cpuinfo");
    baals_slice model = machine_field(text, "model name");
    baals_slice flags = machine_field(text, "flags");
    if (flags.len == 0)
        flags = machine_field(text, "Features");
    snprintf(machine->cpu, sizeof machine->cpu, "%.*s", (int)(model.len < 100 ? model.len : 100),
             model.len > 0 ? (const char *)model.data : "");
    for (size_t i = 0; i < BL_COUNT_OF(wanted); i++) {
        size_t len = strlen(machine->features);
        if (machine_has(flags, wanted[i][0]))
            snprintf(machine->features + len, sizeof machine->features - len, "%s%s",
                     len > 0 ? ", " : "", wanted[i][1]);
    }
}

/* A number in kB of a file of /proc. */
static uint64_t machine_kib(const char *text, const char *name)
{
    uint64_t value = 0;
    baals_slice field = machine_field(text, name);
    size_t digits = 0;
    while (digits < field.len && field.data[digits] >= '0' && field.data[digits] <= '9')
        digits++;
    return bl_u64_parse(&value, (const char *)field.data, digits) ? value : 0;
}

/* The type of the file system that `dir` is on: of the last mount on its device. */
static void machine_file_system(struct bench_machine *machine, char *text, const char *dir)
{
    struct stat here, there;
    snprintf(machine->file_system, sizeof machine->file_system, "unknown");
    machine_file(text, "/proc/self/mounts");
    for (char *line = text; *line != '\0' && stat(dir, &here) == 0;) {
        char *next = line + strcspn(line, "\n");
        char *point = line + strcspn(line, " \n");
        char *type = point + 1 + strcspn(point + 1, " \n");
        size_t type_len = strcspn(type + 1, " \n");
        next += *next == '\n' ? 1 : 0;
        if (*point == ' ' && *type == ' ') {
            *type = '\0';
            if (stat(point + 1, &there) == 0 && there.st_dev == here.st_dev)
                snprintf(machine->file_system, sizeof machine->file_system, "%.*s",
                         (int)(type_len < 40 ? type_len : 40), type + 1);
        }
        line = next;
    }
}

static baals_status
machine_syncs(struct bench *bench, int fd, uint64_t *times, unsigned count, baals_error *err)
{
    static const uint8_t page[MACHINE_SYNC_BYTES];
    for (unsigned i = 0; i < count; i++) {
        if (pwrite(fd, page, sizeof page, (off_t)i * (off_t)sizeof page) != sizeof page)
            return bl_fail(err, BAALS_IO, "cannot write into %.150s", bench->dir);
    }
    if (fsync(fd) != 0)
        return bl_fail(err, BAALS_IO_SYNC, "cannot sync in %.150s", bench->dir);
    for (unsigned i = 0; i < count; i++) {
        uint64_t begin = bench_now(bench);
        if (pwrite(fd, page, sizeof page, (off_t)i * (off_t)sizeof page) != sizeof page ||
            fdatasync(fd) != 0)
            return bl_fail(err, BAALS_IO_SYNC, "cannot sync in %.150s", bench->dir);
        times[i] = bench_now(bench) - begin;
    }
    return BAALS_OK;
}

static baals_status machine_sync(struct bench *bench, baals_error *err)
{
    char path[BL_PATH_MAX];
    unsigned count = bench->size.syncs;
    uint64_t *times = bl_arena_zero(&bench->cli->arena, count, sizeof *times);
    if (times == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to measure the disk");
    BL_TRY(bench_path(path, bench, "sync", err));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return bl_fail(err, BAALS_IO, "cannot create a file in %.150s", bench->dir);
    baals_status status = machine_syncs(bench, fd, times, count, err);
    (void)close(fd);
    (void)unlink(path);
    if (status == BAALS_OK) {
        bench->machine.sync_p50_ns = bench_quantile(times, count, 500);
        bench->machine.sync_p99_ns = bench_quantile(times, count, 990);
    }
    return status;
}

baals_status bench_machine_read(struct bench *bench, baals_error *err)
{
    struct bench_machine *machine = &bench->machine;
    struct utsname kernel;
    char *text = bl_arena_alloc(&bench->cli->arena, MACHINE_FILE_MAX);
    if (text == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read about the machine");
    machine_cpu(machine, text);
    machine_file(text, "/proc/meminfo");
    machine->memory_mib = machine_kib(text, "MemTotal") / 1024;
    machine_file_system(machine, text, bench->dir);
    machine->cores = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (uname(&kernel) == 0)
        snprintf(machine->kernel, sizeof machine->kernel, "%.60s %.60s", kernel.sysname,
                 kernel.release);
    return machine_sync(bench, err);
}

void bench_memory(struct bench *bench, uint64_t *own_out, uint64_t *resident_out)
{
    struct bl_arena_mark mark = bl_arena_checkpoint(&bench->cli->arena);
    char *text = bl_arena_alloc(&bench->cli->arena, MACHINE_FILE_MAX);
    *own_out = 0;
    *resident_out = 0;
    if (text != NULL) {
        machine_file(text, "/proc/self/status");
        *own_out = machine_kib(text, "RssAnon");
        *resident_out = machine_kib(text, "VmRSS");
    }
    bl_arena_rollback(&bench->cli->arena, mark);
}
