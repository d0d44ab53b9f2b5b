/* SPDX-License-Identifier: MIT */
/*
 * Opening, making and closing: what each kind of directory and option gives.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "chain_lib.h"

/* A fresh folder of the real file system, and the options to make a chain there. */
struct open_fixture {
    struct chain_genesis genesis;
    baals_keypair key;
    baals_options options;
    char path[256];
    baals_error err;
};

static void open_begin(struct open_fixture *fx)
{
    memset(fx, 0, sizeof *fx);
    chain_genesis_init(&fx->genesis, 1);
    fx->key = chain_key(0);
    fx->options = (baals_options)BAALS_OPTIONS_INIT;
    fx->options.flags = BAALS_OPEN_CREATE;
    fx->options.genesis = bl_slice(fx->genesis.bytes, fx->genesis.len);
    fx->options.authority = &fx->key;
    testlib_temp_dir(fx->path, sizeof fx->path, "open");
}

static void open_end(struct open_fixture *fx)
{
    testlib_remove_tree(fx->path);
    chain_genesis_deinit(&fx->genesis);
}

static void open_write(const struct open_fixture *fx, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", fx->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A chain is made, opened again without its genesis, and belongs to one handle at a time. */
static void test_make_and_open(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    baals_chain *second = NULL;
    open_begin(&fx);
    assert_ok(baals_open(&chain, fx.path, &fx.options, &fx.err));
    assert_status(baals_open(&second, fx.path, &fx.options, &fx.err), BAALS_BUSY_OWNED);
    assert_non_null(strstr(fx.err.message, "process"));
    assert_ok(baals_close(chain, &fx.err));
    assert_ok(baals_open(&chain, fx.path, NULL, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    open_end(&fx);
}

/* References keep a chain open; the last one closes it. */
static void test_references(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    baals_chain_info info;
    open_begin(&fx);
    assert_ok(baals_open(&chain, ":memory:", &fx.options, &fx.err));
    assert_ptr_equal(baals_chain_ref(chain), chain);
    assert_ok(baals_close(chain, &fx.err));
    assert_ok(baals_chain_info_get(chain, &info, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    assert_ok(baals_close(NULL, &fx.err));
    open_end(&fx);
}

/* Where there is no chain, nothing is made unless it is asked for, and nothing is left behind. */
static void test_no_chain(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    char lock[512];
    struct stat info;
    open_begin(&fx);
    assert_status(baals_open(&chain, fx.path, NULL, &fx.err), BAALS_NOTFOUND_CHAIN);
    fx.options.genesis = bl_slice(NULL, 0);
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_NOTFOUND_CHAIN);
    (void)snprintf(lock, sizeof lock, "%s/LOCK", fx.path);
    assert_int_not_equal(stat(lock, &info), 0);
    assert_status(baals_open(&chain, "/nowhere/at/all", NULL, &fx.err), BAALS_NOTFOUND_CHAIN);
    open_end(&fx);
}

/* EXCLUSIVE refuses a directory that has a chain. */
static void test_exclusive(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    open_begin(&fx);
    fx.options.flags |= BAALS_OPEN_EXCLUSIVE;
    assert_ok(baals_open(&chain, fx.path, &fx.options, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_LIMIT_EXISTS);
    open_end(&fx);
}

/* A chain of another genesis, and a genesis file that is none, are told apart from damage. */
static void test_foreign(void **state)
{
    (void)state;
    struct open_fixture fx;
    struct chain_genesis other;
    baals_chain *chain = NULL;
    open_begin(&fx);
    assert_ok(baals_open(&chain, fx.path, &fx.options, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    chain_genesis_init(&other, 2);
    fx.options.genesis = bl_slice(other.bytes, other.len);
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_CORRUPT_FOREIGN);
    /* Even a good genesis is foreign to the journal of another. */
    char path[512];
    (void)snprintf(path, sizeof path, "%s/genesis.cbor", fx.path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(other.bytes, 1, other.len, file), other.len);
    assert_int_equal(fclose(file), 0);
    assert_status(baals_open(&chain, fx.path, NULL, &fx.err), BAALS_CORRUPT_FOREIGN);
    chain_genesis_deinit(&other);
    open_write(&fx, "genesis.cbor", "this is no genesis");
    assert_status(baals_open(&chain, fx.path, NULL, &fx.err), BAALS_CORRUPT_FOREIGN);
    open_end(&fx);
}

/* Options that make no sense are refused before anything is touched. */
static void test_options(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    open_begin(&fx);
    assert_status(baals_open(NULL, fx.path, &fx.options, &fx.err), BAALS_MISUSE);
    assert_status(baals_open(&chain, NULL, &fx.options, &fx.err), BAALS_MISUSE);
    fx.options.size = 0;
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_MISUSE_ARGUMENT);
    fx.options.size = sizeof fx.options;
    fx.key.address.bytes[0] ^= 1; /* not the seed's */
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_MISUSE_KEY);
    fx.key.address.bytes[0] ^= 1;
    fx.options.storage = "papyrus";
    assert_status(baals_open(&chain, fx.path, &fx.options, &fx.err), BAALS_UNSUPPORTED);
    fx.options.storage = NULL;
    fx.options.genesis.len--;
    assert_int_equal(BAALS_STATUS_CLASS(baals_open(&chain, fx.path, &fx.options, &fx.err)),
                     BAALS_CLASS_REJECT);
    open_end(&fx);
}

/* An interrupted creation (everything but the genesis file) is finished by the next one. */
static void test_half_made(void **state)
{
    (void)state;
    struct open_fixture fx;
    baals_chain *chain = NULL;
    char path[512];
    open_begin(&fx);
    assert_ok(baals_open(&chain, fx.path, &fx.options, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    (void)snprintf(path, sizeof path, "%s/genesis.cbor", fx.path);
    assert_int_equal(remove(path), 0);
    assert_status(baals_open(&chain, fx.path, NULL, &fx.err), BAALS_NOTFOUND_CHAIN);
    assert_ok(baals_open(&chain, fx.path, &fx.options, &fx.err));
    assert_ok(baals_close(chain, &fx.err));
    open_end(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_and_open), cmocka_unit_test(test_references),
        cmocka_unit_test(test_no_chain),      cmocka_unit_test(test_exclusive),
        cmocka_unit_test(test_foreign),       cmocka_unit_test(test_options),
        cmocka_unit_test(test_half_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
