/* SPDX-License-Identifier: MIT */
/* What every struct bl_env must do, run over each implementation. */
#include <string.h>

#include "testlib.h"

/* Each test gets a fresh env and an empty folder in it. */
struct test_env_fixture {
    const char *name;
    struct bl_env *env;
    char dir[512];
    char path[600];
    char other[600];
};

static const char *test_env_path(struct test_env_fixture *fixture, const char *name)
{
    assert_ok(bl_path_join(fixture->path, sizeof fixture->path, fixture->dir, name, NULL));
    return fixture->path;
}

static const char *test_env_other(struct test_env_fixture *fixture, const char *name)
{
    assert_ok(bl_path_join(fixture->other, sizeof fixture->other, fixture->dir, name, NULL));
    return fixture->other;
}

static struct test_env_fixture test_env_fixtures[2] = {{.name = "system"}, {.name = "memory"}};

static int test_env_setup_system(void **state)
{
    struct test_env_fixture *fixture = &test_env_fixtures[0];
    assert_ok(bl_env_system(&fixture->env, bl_alloc_system(), NULL));
    testlib_temp_dir(fixture->dir, sizeof fixture->dir, "env");
    *state = fixture;
    return 0;
}

static int test_env_setup_memory(void **state)
{
    struct test_env_fixture *fixture = &test_env_fixtures[1];
    assert_ok(bl_env_memory(&fixture->env, bl_alloc_system(), NULL));
    snprintf(fixture->dir, sizeof fixture->dir, "folder");
    assert_ok(bl_env_make_dir(fixture->env, fixture->dir, NULL));
    *state = fixture;
    return 0;
}

static int test_env_teardown(void **state)
{
    struct test_env_fixture *fixture = *state;
    if (fixture == &test_env_fixtures[0])
        testlib_remove_tree(fixture->dir);
    bl_env_close(fixture->env);
    return 0;
}

static void test_env_put(struct test_env_fixture *fixture, const char *name, const char *text)
{
    assert_ok(
        bl_file_write_all(fixture->env, test_env_path(fixture, name), bl_slice_str(text), NULL));
}

static void test_env_expect(struct test_env_fixture *fixture, const char *name, const char *text)
{
    uint8_t *data;
    size_t len;
    assert_ok(
        bl_file_read_all(fixture->env, &data, &len, test_env_path(fixture, name), 10000, NULL));
    assert_string_equal((char *)data, text);
    bl_alloc_free(&fixture->env->alloc, data, len + 1);
}

/* Goal: the flags of open mean what env.h says. */
static void test_env_open(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_env *env = fixture->env;
    struct bl_file *file = NULL;
    uint32_t create = BL_OPEN_WRITE | BL_OPEN_CREATE;
    const char *path = test_env_path(fixture, "file");
    assert_status(bl_file_open(env, &file, path, BL_OPEN_READ, NULL), BAALS_NOTFOUND);
    assert_status(bl_file_open(env, &file, path, BL_OPEN_WRITE, NULL), BAALS_NOTFOUND);
    assert_null(file);
    assert_ok(bl_file_open(env, &file, path, create | BL_OPEN_EXCLUSIVE, NULL));
    assert_ok(bl_file_write_at(file, 0, (const uint8_t *)"x", 1, NULL));
    bl_file_close(file);
    file = NULL;
    assert_status(bl_file_open(env, &file, path, create | BL_OPEN_EXCLUSIVE, NULL),
                  BAALS_LIMIT_EXISTS);
    assert_null(file);
    assert_ok(bl_file_open(env, &file, path, create, NULL));
    uint64_t size = 0;
    assert_ok(bl_file_size(file, &size, NULL));
    assert_int_equal(size, 1);
    bl_file_close(file);
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_READ, NULL));
    assert_true(bl_file_write_at(file, 0, (const uint8_t *)"x", 1, NULL) != BAALS_OK);
    assert_true(bl_file_truncate(file, 0, NULL) != BAALS_OK);
    bl_file_close(file);
    assert_status(bl_file_open(env, &file, test_env_path(fixture, "no/file"), create, NULL),
                  BAALS_NOTFOUND);
    assert_true(bl_file_open(env, &file, fixture->dir, create, NULL) != BAALS_OK);
}

/* Goal: reads and writes at random places agree with a model, holes are zero, sizes are exact. */
static void test_env_read_write(void **state)
{
    struct test_env_fixture *fixture = *state;
    static uint8_t model[5000];
    static uint8_t bytes[5000];
    struct testlib_rng rng = testlib_rng(4);
    struct bl_file *file;
    size_t model_len = 0;
    memset(model, 0, sizeof model);
    assert_ok(bl_file_open(fixture->env, &file, test_env_path(fixture, "file"),
                           BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    for (int i = 0; i < 500; i++) {
        size_t offset = (size_t)testlib_rng_below(&rng, 4000);
        size_t len = (size_t)testlib_rng_below(&rng, 1000);
        size_t end = offset + len;
        if (testlib_rng_below(&rng, 10) == 0) {
            assert_ok(bl_file_truncate(file, offset, NULL));
            memset(model + offset, 0, sizeof model - offset);
            model_len = offset;
        } else if (testlib_rng_below(&rng, 2) == 0) {
            testlib_rng_bytes(&rng, model + offset, len);
            assert_ok(bl_file_write_at(file, offset, model + offset, len, NULL));
            if (len > 0 && end > model_len)
                model_len = end;
        } else {
            size_t there = offset < model_len ? model_len - offset : 0;
            size_t read = 9999;
            assert_ok(bl_file_read_at(file, bytes, &read, offset, len, NULL));
            assert_int_equal(read, len < there ? len : there);
            if (read > 0)
                assert_memory_equal(bytes, model + offset, read);
        }
        uint64_t size = 0;
        assert_ok(bl_file_size(file, &size, NULL));
        assert_int_equal(size, model_len);
    }
    assert_ok(bl_file_sync(file, NULL));
    bl_file_close(file);
}

/* Goal: a rename replaces its target at once; who has the old one open keeps it. */
static void test_env_rename(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_env *env = fixture->env;
    struct bl_file *old;
    uint8_t bytes[8] = {0};
    size_t read = 0;
    test_env_put(fixture, "a", "new");
    test_env_put(fixture, "b", "old");
    assert_ok(bl_file_open(env, &old, test_env_path(fixture, "b"), BL_OPEN_READ, NULL));
    assert_ok(bl_env_rename(env, test_env_path(fixture, "a"), test_env_other(fixture, "b"), NULL));
    test_env_expect(fixture, "b", "new");
    assert_ok(bl_file_read_at(old, bytes, &read, 0, sizeof bytes, NULL));
    assert_string_equal((char *)bytes, "old");
    bl_file_close(old);
    assert_status(
        bl_env_rename(env, test_env_path(fixture, "a"), test_env_other(fixture, "b"), NULL),
        BAALS_NOTFOUND);
    assert_ok(bl_env_rename(env, test_env_path(fixture, "b"), test_env_other(fixture, "b"), NULL));
    test_env_expect(fixture, "b", "new");
}

/* Goal: folders move with all they hold, onto nothing or an empty folder, and only there. */
static void test_env_rename_dir(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_env *env = fixture->env;
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "one"), NULL));
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "two"), NULL));
    test_env_put(fixture, "one/file", "text");
    assert_ok(
        bl_env_rename(env, test_env_path(fixture, "one"), test_env_other(fixture, "two"), NULL));
    test_env_expect(fixture, "two/file", "text");
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "one"), NULL));
    assert_status(
        bl_env_rename(env, test_env_path(fixture, "one"), test_env_other(fixture, "two"), NULL),
        BAALS_LIMIT_EXISTS);
    test_env_put(fixture, "plain", "text");
    assert_true(bl_env_rename(env, test_env_path(fixture, "one"), test_env_other(fixture, "plain"),
                              NULL) != BAALS_OK);
    assert_true(bl_env_rename(env, test_env_path(fixture, "plain"), test_env_other(fixture, "one"),
                              NULL) != BAALS_OK);
    test_env_expect(fixture, "plain", "text");
}

/* Goal: removing takes files and empty folders; an open file stays readable. */
static void test_env_remove(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_env *env = fixture->env;
    struct bl_file *file;
    uint8_t bytes[8] = {0};
    size_t read = 0;
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "sub"), NULL));
    test_env_put(fixture, "sub/file", "text");
    assert_status(bl_env_remove(env, test_env_path(fixture, "sub"), NULL), BAALS_LIMIT_EXISTS);
    assert_ok(bl_file_open(env, &file, test_env_path(fixture, "sub/file"), BL_OPEN_READ, NULL));
    assert_ok(bl_env_remove(env, test_env_path(fixture, "sub/file"), NULL));
    assert_status(bl_env_remove(env, test_env_path(fixture, "sub/file"), NULL), BAALS_NOTFOUND);
    assert_ok(bl_file_read_at(file, bytes, &read, 0, sizeof bytes, NULL));
    assert_string_equal((char *)bytes, "text");
    bl_file_close(file);
    assert_ok(bl_env_remove(env, test_env_path(fixture, "sub"), NULL));
}

/* Goal: a lock belongs to one open file, may be taken twice by it, and ends with it. */
static void test_env_lock(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_file *a;
    struct bl_file *b;
    uint32_t create = BL_OPEN_WRITE | BL_OPEN_CREATE;
    const char *path = test_env_path(fixture, "LOCK");
    assert_ok(bl_file_open(fixture->env, &a, path, create, NULL));
    assert_ok(bl_file_open(fixture->env, &b, path, create, NULL));
    assert_ok(bl_file_lock(a, NULL));
    assert_ok(bl_file_lock(a, NULL));
    assert_status(bl_file_lock(b, NULL), BAALS_BUSY_OWNED);
    bl_file_close(a);
    assert_ok(bl_file_lock(b, NULL));
    bl_file_close(b);
}

/* Goal: making a folder twice is fine; over a file or without its parent it is not. */
static void test_env_make_dir(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_env *env = fixture->env;
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "sub"), NULL));
    assert_ok(bl_env_make_dir(env, test_env_path(fixture, "sub"), NULL));
    test_env_put(fixture, "file", "text");
    assert_status(bl_env_make_dir(env, test_env_path(fixture, "file"), NULL), BAALS_LIMIT_EXISTS);
    assert_status(bl_env_make_dir(env, test_env_path(fixture, "no/sub"), NULL), BAALS_NOTFOUND);
    assert_true(bl_env_make_dir(env, test_env_path(fixture, "file/sub"), NULL) != BAALS_OK);
    assert_ok(bl_env_sync_dir(env, test_env_path(fixture, "sub"), NULL));
    assert_status(bl_env_sync_dir(env, test_env_path(fixture, "none"), NULL), BAALS_NOTFOUND);
    assert_true(bl_env_sync_dir(env, test_env_path(fixture, "file"), NULL) != BAALS_OK);
}

struct test_env_listing {
    struct test_env_fixture *fixture;
    char names[200];
};

/* Also removes each file it sees, which a listing must bear. */
static baals_status test_env_list_each(void *ctx, const char *name)
{
    struct test_env_listing *listing = ctx;
    size_t len = strlen(listing->names);
    snprintf(listing->names + len, sizeof listing->names - len, "%s ", name);
    if (strcmp(name, "stop") == 0)
        return BAALS_BUSY;
    return bl_env_remove(listing->fixture->env, test_env_other(listing->fixture, name), NULL);
}

/* Goal: a listing is complete, sorted, may change what it lists, and stops when told to. */
static void test_env_list(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct test_env_listing listing = {.fixture = fixture};
    static const char *const names[] = {"b", "10", "2", "stop", "A", "\xc3\xa9", "a"};
    for (size_t i = 0; i < BL_COUNT_OF(names); i++)
        test_env_put(fixture, names[i], "");
    assert_ok(bl_env_make_dir(fixture->env, test_env_path(fixture, "dir"), NULL));
    assert_status(bl_env_list_dir(fixture->env, fixture->dir, test_env_list_each, &listing, NULL),
                  BAALS_BUSY);
    assert_string_equal(listing.names, "10 2 A a b dir stop ");
    listing.names[0] = 0;
    assert_ok(bl_env_remove(fixture->env, test_env_path(fixture, "stop"), NULL));
    assert_ok(bl_env_list_dir(fixture->env, fixture->dir, test_env_list_each, &listing, NULL));
    assert_string_equal(listing.names, "\xc3\xa9 ");
    assert_status(bl_env_list_dir(fixture->env, test_env_path(fixture, "none"), test_env_list_each,
                                  &listing, NULL),
                  BAALS_NOTFOUND);
}

/* Goal: an error names the path it is about. */
static void test_env_messages(void **state)
{
    struct test_env_fixture *fixture = *state;
    struct bl_file *file;
    baals_error err;
    const char *path = test_env_path(fixture, "missing");
    assert_status(bl_file_open(fixture->env, &file, path, BL_OPEN_READ, &err), BAALS_NOTFOUND);
    assert_non_null(strstr(err.message, path));
    assert_status(bl_env_remove(fixture->env, path, &err), BAALS_NOTFOUND);
    assert_non_null(strstr(err.message, path));
}

#define TEST_ENV_BOTH(test)                                                                        \
    {.name = #test " system",                                                                      \
     .test_func = test,                                                                            \
     .setup_func = test_env_setup_system,                                                          \
     .teardown_func = test_env_teardown},                                                          \
    {                                                                                              \
        .name = #test " memory", .test_func = test, .setup_func = test_env_setup_memory,           \
        .teardown_func = test_env_teardown                                                         \
    }

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        TEST_ENV_BOTH(test_env_open),     TEST_ENV_BOTH(test_env_read_write),
        TEST_ENV_BOTH(test_env_rename),   TEST_ENV_BOTH(test_env_rename_dir),
        TEST_ENV_BOTH(test_env_remove),   TEST_ENV_BOTH(test_env_lock),
        TEST_ENV_BOTH(test_env_make_dir), TEST_ENV_BOTH(test_env_list),
        TEST_ENV_BOTH(test_env_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
