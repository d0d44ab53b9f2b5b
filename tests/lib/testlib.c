/* SPDX-License-Identifier: MIT */
/*
 * What the tests share. A failure here is a failure of the test that asked.
 */
#include "testlib.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TESTLIB_SEED_DEFAULT 20260101u
#define TESTLIB_PATHS 8

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/* wasmtime leaves its handler of a trap by going on elsewhere, so all that follows looks to the
 * sanitizer as if it ran in the handler. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_signal_unsafe=0";
}

/* The sanitizer sees copies that Rust code makes, but not the locks it makes them under. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:wasmtime::*\n";
}
#endif
#endif

static uint64_t testlib_seed_value = TESTLIB_SEED_DEFAULT;

void testlib_init(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0)
            testlib_seed_value = strtoull(argv[i + 1], NULL, 0);
    }
    /* Unbuffered, so that what was said before a crash is seen. */
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("seed %llu (replay with --seed)\n", (unsigned long long)testlib_seed_value);
}

uint64_t testlib_seed(void)
{
    return testlib_seed_value;
}

struct testlib_rng testlib_rng(uint64_t stream)
{
    struct testlib_rng rng = {.state = testlib_seed_value ^ (stream * 0x9e3779b97f4a7c15ull)};
    (void)testlib_rng_u64(&rng);
    return rng;
}

uint64_t testlib_rng_u64(struct testlib_rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15ull;
    uint64_t z = rng->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint64_t testlib_rng_below(struct testlib_rng *rng, uint64_t bound)
{
    assert_true(bound > 0);
    return testlib_rng_u64(rng) % bound;
}

void testlib_rng_bytes(struct testlib_rng *rng, void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)testlib_rng_u64(rng);
}

static const char *testlib_path(const char *base, const char *relative)
{
    static char ring[TESTLIB_PATHS][4096];
    static unsigned next;
    char *path = ring[next++ % TESTLIB_PATHS];
    int len = snprintf(path, sizeof ring[0], "%s/%s", base, relative);
    assert_true(len > 0 && (size_t)len < sizeof ring[0]);
    return path;
}

const char *testlib_source_path(const char *relative)
{
    return testlib_path(BL_SOURCE_DIR, relative);
}

const char *testlib_shared_path(const char *relative)
{
    return testlib_path(BL_SHARED_DIR, relative);
}

bool testlib_have_shared(const char *relative, const char *test_name)
{
    if (access(testlib_shared_path(relative), R_OK) == 0)
        return true;
    printf("SKIPPED: %s (no ../shared/%s)\n", test_name, relative);
    return false;
}

uint8_t *testlib_read_file(size_t *len_out, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s: %s", path, strerror(errno));
    size_t len = 0;
    size_t cap = 65536;
    uint8_t *data = malloc(cap);
    assert_non_null(data);
    for (;;) {
        len += fread(data + len, 1, cap - len - 1, file);
        if (len < cap - 1)
            break;
        cap *= 2;
        data = realloc(data, cap);
        assert_non_null(data);
    }
    assert_int_equal(ferror(file), 0);
    fclose(file);
    data[len] = 0;
    *len_out = len;
    return data;
}

void testlib_temp_dir(char *out, size_t out_size, const char *name)
{
    if (mkdir(BL_TEMP_DIR, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    int len = snprintf(out, out_size, "%s/%s-XXXXXX", BL_TEMP_DIR, name);
    assert_true(len > 0 && (size_t)len < out_size);
    if (mkdtemp(out) == NULL)
        fail_msg("cannot make %s: %s", out, strerror(errno));
}

void testlib_remove_tree(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return;
    DIR *dir = S_ISDIR(info.st_mode) ? opendir(path) : NULL;
    if (dir != NULL) {
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            char child[4096];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            assert_true(len > 0 && (size_t)len < sizeof child);
            testlib_remove_tree(child);
        }
        closedir(dir);
    }
    assert_int_equal(remove(path), 0);
}

size_t testlib_hex(uint8_t *out, size_t out_size, const char *text)
{
    size_t text_len = strlen(text);
    assert_true(text_len / 2 <= out_size);
    if (!bl_hex_decode(out, text_len / 2, text, text_len))
        fail_msg("not hex: %s", text);
    return text_len / 2;
}

static void *testlib_faulty_resize(void *ctx, void *pointer, size_t old_size, size_t new_size)
{
    struct testlib_faulty_alloc *state = ctx;
    struct bl_alloc system = bl_alloc_system();
    if (new_size > 0) {
        uint64_t call = __atomic_add_fetch(&state->calls, 1, __ATOMIC_SEQ_CST);
        if (state->fail_at != 0 && call >= state->fail_at && call - state->fail_at <= state->repeat)
            return NULL;
    }
    void *result = system.resize(system.ctx, pointer, old_size, new_size);
    if (result != NULL || new_size == 0)
        __atomic_add_fetch(&state->live, (int64_t)new_size - (int64_t)old_size, __ATOMIC_SEQ_CST);
    return result;
}

struct bl_alloc testlib_faulty_alloc(struct testlib_faulty_alloc *state)
{
    return (struct bl_alloc){.resize = testlib_faulty_resize, .ctx = state};
}
