/* SPDX-License-Identifier: MIT */
/*
 * Snapshots: the same bytes on every backend, nothing accepted that was changed.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"
#include "runtime/snapshot.h"

enum { ACCOUNTS = 300 };

static void snapshot_path(char *out, const char *dir, const char *name)
{
    char folder[BL_PATH_MAX];
    assert_ok(bl_path_join(folder, sizeof folder, dir, BL_SNAPSHOTS_DIR, NULL));
    assert_ok(bl_path_join(out, BL_PATH_MAX, folder, name, NULL));
}

static void make_chain(struct chain_node *node)
{
    chain_node_open(node);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        struct chain_tx tx =
            i % 10 == 9 ? chain_call(node->genesis, 1, i, "add")
                        : chain_transfer(node->genesis, 1, i, chain_address(100 + i), 10 + i);
        chain_submit(node, &tx);
    }
    assert_true(chain_produce(node));
}

static void write_snapshot(struct chain_node *node)
{
    struct bl_view *view = NULL;
    struct bl_journal_record journal;
    struct bl_block_record record;
    struct bl_locator locator;
    assert_ok(bl_view_begin(&view, node->chain->store, NULL));
    assert_ok(bl_index_locator(&locator, view, 1, NULL));
    assert_ok(bl_chain_read_block(node->chain, &journal, &record, view, 1, NULL));
    assert_ok(bl_snapshot_write(node->chain, view, &record, locator.tx_total, NULL));
    bl_journal_record_deinit(node->chain->journal, &journal);
    bl_view_end(view);
}

static uint8_t *read_snapshot(struct chain_node *node, size_t *len)
{
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    uint8_t *bytes = NULL;
    bl_snapshot_name(name, 1);
    snapshot_path(path, node->path, name);
    assert_ok(bl_file_read_all(node->disk, &bytes, len, path, 1u << 24, NULL));
    return bytes;
}

/* A name says its height, and only such a name does. */
static void test_names(void **state)
{
    (void)state;
    char name[BL_SNAPSHOT_NAME_MAX];
    uint64_t height = 0;
    bl_snapshot_name(name, UINT64_MAX);
    assert_string_equal(name, "18446744073709551615.snapshot");
    assert_true(bl_snapshot_height(&height, name));
    assert_true(height == UINT64_MAX);
    static const char *const others[] = {"",
                                         "unfinished",
                                         "5.snapshot",
                                         "18446744073709551616.snapshot",
                                         "00000000000000000005.snapshot2",
                                         "000000000000000000005.snapshot",
                                         "0000000000000000000x.snapshot"};
    for (size_t i = 0; i < BL_COUNT_OF(others); i++)
        assert_false(bl_snapshot_height(&height, others[i]));
    assert_true(bl_snapshot_height(&height, "00000000000000000005.snapshot"));
    assert_int_equal(height, 5);
}

/* Memory and lmdb write the same bytes, and the head says what the chain says. */
static void test_same_bytes(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node nodes[2];
    struct bl_snapshot_head head;
    uint8_t *bytes[2];
    size_t lens[2];
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&nodes[0], &genesis, 0);
    chain_node_init_real(&nodes[1], &genesis, 0, "snapshot");
    for (int i = 0; i < 2; i++) {
        make_chain(&nodes[i]);
        write_snapshot(&nodes[i]);
        bytes[i] = read_snapshot(&nodes[i], &lens[i]);
    }
    assert_int_equal(lens[0], lens[1]);
    assert_memory_equal(bytes[0], bytes[1], lens[0]);
    baals_chain_info info = chain_info(&nodes[0]);
    assert_ok(bl_snapshot_read_head(&head, nodes[0].chain, 1, NULL));
    assert_int_equal(head.height, 1);
    assert_int_equal(head.tx_total, ACCOUNTS);
    assert_memory_equal(head.hash.bytes, info.hash.bytes, 32);
    assert_memory_equal(head.state_root.bytes, info.state_root.bytes, 32);
    for (int i = 0; i < 2; i++) {
        bl_alloc_free(&nodes[i].disk->alloc, bytes[i], lens[i] + 1);
        chain_node_deinit(&nodes[i]);
    }
    chain_genesis_deinit(&genesis);
}

/* Every cut and every flipped bit of the file is refused, but for the few bits of seal, counter of
 * transactions and header that a state does not depend on; never a crash. */
static void test_damage(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    size_t len = 0;
    unsigned unseen = 0;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&node, &genesis, 0);
    make_chain(&node);
    write_snapshot(&node);
    uint8_t *bytes = read_snapshot(&node, &len);
    bl_snapshot_name(name, 1);
    snapshot_path(path, node.path, name);
    assert_ok(bl_snapshot_check(node.chain, 1, NULL));
    for (size_t cut = 0; cut < len; cut += cut < 700 ? 1 : 977) {
        assert_ok(bl_file_write_all(node.disk, path, bl_slice(bytes, cut), NULL));
        assert_int_not_equal(bl_snapshot_check(node.chain, 1, NULL), BAALS_OK);
    }
    for (size_t at = 0; at < len; at += at < 700 ? 1 : 499) {
        bytes[at] ^= (uint8_t)(1u << at % 8);
        assert_ok(bl_file_write_all(node.disk, path, bl_slice(bytes, len), NULL));
        baals_status status = bl_snapshot_check(node.chain, 1, NULL);
        unseen += status == BAALS_OK;
        assert_true(at < 600 || status != BAALS_OK);
        bytes[at] ^= (uint8_t)(1u << at % 8);
    }
    printf("%u flips lie in fields the records do not depend on\n", unseen);
    assert_true(unseen < 600);
    uint8_t *longer = calloc(1, len + 1);
    assert_non_null(longer);
    memcpy(longer, bytes, len);
    assert_ok(bl_file_write_all(node.disk, path, bl_slice(longer, len + 1), NULL));
    assert_status(bl_snapshot_check(node.chain, 1, NULL), BAALS_CORRUPT_SNAPSHOT);
    free(longer);
    bl_alloc_free(&node.disk->alloc, bytes, len + 1);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A snapshot of another chain, or of another height than its name says, is refused. */
static void test_foreign(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_genesis other_genesis;
    struct chain_node node;
    struct chain_node other;
    struct bl_snapshot_head head;
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    char folder[BL_PATH_MAX];
    size_t len = 0;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_genesis_init(&other_genesis, 2);
    chain_node_init(&node, &genesis, 0);
    chain_node_init(&other, &other_genesis, 0);
    make_chain(&node);
    write_snapshot(&node);
    chain_node_open(&other);
    uint8_t *bytes = read_snapshot(&node, &len);
    assert_ok(bl_path_join(folder, sizeof folder, other.path, BL_SNAPSHOTS_DIR, NULL));
    assert_ok(bl_env_make_dir(other.disk, folder, NULL));
    bl_snapshot_name(name, 1);
    snapshot_path(path, other.path, name);
    assert_ok(bl_file_write_all(other.disk, path, bl_slice(bytes, len), NULL));
    assert_status(bl_snapshot_read_head(&head, other.chain, 1, NULL), BAALS_CORRUPT_FOREIGN);
    bl_snapshot_name(name, 2);
    snapshot_path(path, node.path, name);
    assert_ok(bl_file_write_all(node.disk, path, bl_slice(bytes, len), NULL));
    assert_status(bl_snapshot_read_head(&head, node.chain, 2, NULL), BAALS_CORRUPT_SNAPSHOT);
    assert_status(bl_snapshot_read_head(&head, node.chain, 3, NULL), BAALS_NOTFOUND);
    bl_alloc_free(&node.disk->alloc, bytes, len + 1);
    chain_node_deinit(&node);
    chain_node_deinit(&other);
    chain_genesis_deinit(&genesis);
    chain_genesis_deinit(&other_genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
