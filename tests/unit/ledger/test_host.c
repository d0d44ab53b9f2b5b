/* SPDX-License-Identifier: MIT */
/*
 * The host operations that contracts see the state through.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"

struct host {
    struct ledger_lib *fx;
    struct bl_view *view;
    struct bl_transition *t;
    baals_contract_host *self;
    const struct baals_contract_host_ops *ops;
};

static struct host host_open(void)
{
    struct host h;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    h.fx = ledger_open(&genesis);
    h.view = ledger_view(h.fx);
    assert_ok(
        bl_block_begin(&h.t, &h.fx->ledger, h.view, 1, LEDGER_START_MS, &h.fx->arena, &h.fx->err));
    h.self = &h.t->host;
    h.ops = h.self->ops;
    return h;
}

static void host_close(struct host *h)
{
    bl_transition_deinit(h->t);
    bl_view_end(h->view);
    ledger_close(h->fx);
}

static void put(struct host *h, uint8_t contract, const char *key, const char *value)
{
    baals_address id = ledger_stranger(contract);
    assert_ok(
        h->ops->storage_put(h->self, &id, bl_slice_str(key), bl_slice_str(value), &h->fx->err));
}

/* The key found by a seek, or "" when there is none; copied. */
static const char *seek(struct host *h, uint8_t contract, baals_slice from, uint32_t flags)
{
    baals_address id = ledger_stranger(contract);
    baals_slice key;
    baals_slice value;
    baals_status status =
        h->ops->storage_seek(h->self, &key, &value, &id, from, flags, &h->fx->err);
    if (status == BAALS_NOTFOUND)
        return "";
    assert_ok(status);
    char *text = bl_arena_zero(&h->fx->arena, key.len + 1, 1);
    assert_non_null(text);
    memcpy(text, key.data, key.len);
    return text;
}

/* Goal: contracts have keys of their own, with any value, an empty one too. */
static void test_storage(void **state)
{
    (void)state;
    struct host h = host_open();
    put(&h, 0xa0, "k", "one");
    put(&h, 0xa1, "k", "");
    baals_address a = ledger_stranger(0xa0);
    baals_address b = ledger_stranger(0xa1);
    baals_address c = ledger_stranger(0xa2);
    baals_slice value;
    baals_slice key = bl_slice_str("k");
    assert_ok(h.ops->storage_get(h.self, &value, &a, key, &h.fx->err));
    assert_true(bl_slice_equal(value, bl_slice_str("one")));
    assert_ok(h.ops->storage_get(h.self, &value, &b, key, &h.fx->err));
    assert_int_equal(value.len, 0);
    assert_status(h.ops->storage_get(h.self, &value, &c, key, &h.fx->err), BAALS_NOTFOUND);
    assert_ok(h.ops->storage_remove(h.self, &a, key, &h.fx->err));
    assert_ok(h.ops->storage_remove(h.self, &a, key, &h.fx->err));
    assert_status(h.ops->storage_get(h.self, &value, &a, key, &h.fx->err), BAALS_NOTFOUND);
    assert_ok(h.ops->storage_get(h.self, &value, &b, key, &h.fx->err));
    host_close(&h);
}

/* Goal: a seek in either direction stays within its contract, at every edge. */
static void test_seek(void **state)
{
    (void)state;
    struct host h = host_open();
    uint8_t highest[BL_STORAGE_KEY_MAX];
    memset(highest, 0xff, sizeof highest);
    put(&h, 0xa0, "zz", "neighbour");
    put(&h, 0xa1, "b", "1");
    put(&h, 0xa1, "bb", "2");
    put(&h, 0xa1, "d", "3");
    put(&h, 0xa2, "a", "neighbour");
    baals_slice none = bl_slice(NULL, 0);
    uint32_t down = BAALS_SEEK_DESCENDING;
    uint32_t past = BAALS_SEEK_EXCLUSIVE;
    assert_string_equal(seek(&h, 0xa1, none, 0), "b");
    assert_string_equal(seek(&h, 0xa1, none, down), "d");
    assert_string_equal(seek(&h, 0xa1, none, down | past), "d");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("b"), 0), "b");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("b"), past), "bb");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("c"), 0), "d");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("c"), down), "bb");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("bb"), down | past), "b");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("b"), down | past), "");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("d"), past), "");
    assert_string_equal(seek(&h, 0xa1, bl_slice_str("a"), down), "");
    assert_string_equal(seek(&h, 0xb0, none, 0), "");
    assert_string_equal(seek(&h, 0xb0, none, down), "");
    /* The highest key there can be is found from above. */
    baals_address id = ledger_stranger(0xa1);
    assert_ok(h.ops->storage_put(h.self, &id, bl_slice(highest, sizeof highest),
                                 bl_slice_str("top"), &h.fx->err));
    assert_int_equal(strlen(seek(&h, 0xa1, none, down)), sizeof highest);
    host_close(&h);
}

/* Goal: balances and transfers are those of the accounts; too little moves nothing. */
static void test_money(void **state)
{
    (void)state;
    struct host h = host_open();
    baals_address rich = ledger_address(1);
    baals_address to = ledger_stranger(0x42);
    baals_amount amount = {7};
    int32_t moved = 7;
    assert_ok(h.ops->balance(h.self, &amount, &to, &h.fx->err));
    assert_int_equal(amount.units, 0);
    assert_ok(h.ops->transfer(h.self, &moved, &rich, &to, (baals_amount){30}, &h.fx->err));
    assert_int_equal(moved, 1);
    assert_ok(h.ops->balance(h.self, &amount, &to, &h.fx->err));
    assert_int_equal(amount.units, 30);
    assert_ok(h.ops->transfer(h.self, &moved, &to, &rich, (baals_amount){31}, &h.fx->err));
    assert_int_equal(moved, 0);
    assert_ok(h.ops->balance(h.self, &amount, &rich, &h.fx->err));
    assert_int_equal(amount.units, LEDGER_RICH - 30);
    host_close(&h);
}

/* Goal: code is found by hash and checked; a missing or altered module is damage. */
static void test_code(void **state)
{
    (void)state;
    struct host h = host_open();
    baals_address id = ledger_stranger(0x42);
    baals_slice code = bl_slice_str("some code");
    baals_hash hash;
    baals_hash found;
    baals_slice out;
    bl_sha256(&hash, code);
    assert_status(h.ops->code_hash(h.self, &found, &id, &h.fx->err), BAALS_NOTFOUND);
    struct bl_account account = {.balance = 5};
    assert_ok(bl_account_store(h.t->overlay, &id, &account, &h.fx->err));
    assert_status(h.ops->code_hash(h.self, &found, &id, &h.fx->err), BAALS_NOTFOUND);
    account.has_code = true;
    account.code_hash = hash;
    assert_ok(bl_account_store(h.t->overlay, &id, &account, &h.fx->err));
    assert_ok(h.ops->code_hash(h.self, &found, &id, &h.fx->err));
    assert_true(bl_hash_equal(&found, &hash));
    assert_status(h.ops->code(h.self, &out, &hash, &h.fx->err), BAALS_CORRUPT_STATE);
    assert_ok(bl_code_store(h.t, &hash, code, &h.fx->err));
    assert_ok(bl_code_store(h.t, &hash, code, &h.fx->err));
    assert_ok(h.ops->code(h.self, &out, &hash, &h.fx->err));
    assert_true(bl_slice_equal(out, code));
    baals_slice record;
    assert_ok(bl_overlay_get(h.t->overlay, &record, BAALS_SPACE_CODE, bl_slice(hash.bytes, 32),
                             &h.fx->err));
    assert_int_equal(record.len, 1);
    assert_int_equal(record.data[0], code.len);
    assert_ok(bl_overlay_put(h.t->overlay, BAALS_SPACE_MODULES, bl_slice(hash.bytes, 32),
                             bl_slice_str("other code"), &h.fx->err));
    assert_status(h.ops->code(h.self, &out, &hash, &h.fx->err), BAALS_CORRUPT_STATE);
    host_close(&h);
}

/* Goal: an address gets code that the chain has, with or without a record; its money and creator
 * stay. */
static void test_new_code(void **state)
{
    (void)state;
    struct host h = host_open();
    baals_address id = ledger_stranger(0x43), maker = ledger_stranger(0x44);
    baals_hash one, two, found;
    uint64_t len = 0;
    int32_t has = 7;
    bl_sha256(&one, bl_slice_str("one"));
    bl_sha256(&two, bl_slice_str("two"));
    assert_status(h.ops->code_len(h.self, &len, &one, &h.fx->err), BAALS_NOTFOUND);
    assert_ok(bl_code_store(h.t, &one, bl_slice_str("one"), &h.fx->err));
    assert_ok(h.ops->code_len(h.self, &len, &one, &h.fx->err));
    assert_int_equal(len, 3);
    assert_ok(h.ops->has_record(h.self, &has, &id, &h.fx->err));
    assert_int_equal(has, 0);
    assert_ok(h.ops->code_set(h.self, &id, &one, &maker, &h.fx->err));
    assert_ok(h.ops->has_record(h.self, &has, &id, &h.fx->err));
    assert_int_equal(has, 1);
    baals_address rich = ledger_address(1);
    int32_t moved = 0;
    assert_ok(h.ops->transfer(h.self, &moved, &rich, &id, (baals_amount){30}, &h.fx->err));
    assert_ok(h.ops->code_set(h.self, &id, &two, NULL, &h.fx->err));
    assert_ok(h.ops->code_hash(h.self, &found, &id, &h.fx->err));
    assert_true(bl_hash_equal(&found, &two));
    struct bl_account account;
    assert_ok(bl_account_load(&account, h.t->overlay, &id, &h.fx->err));
    assert_int_equal(account.balance, 30);
    assert_true(account.has_creator && bl_address_equal(&account.creator, &maker));
    host_close(&h);
}

/* Goal: a checkpoint covers state and events; 100 events fit, and those undone do not count. */
static void test_events(void **state)
{
    (void)state;
    struct host h = host_open();
    char data[] = "x";
    baals_event event = {.contract = ledger_stranger(1), .data = bl_slice_str(data)};
    uint32_t outer = h.ops->checkpoint(h.self);
    put(&h, 0xa0, "k", "outer");
    assert_ok(h.ops->emit(h.self, &event, &h.fx->err));
    uint32_t inner = h.ops->checkpoint(h.self);
    put(&h, 0xa0, "k", "inner");
    for (unsigned i = 1; i < BL_EVENTS_PER_TX_MAX; i++)
        assert_ok(h.ops->emit(h.self, &event, &h.fx->err));
    assert_status(h.ops->emit(h.self, &event, &h.fx->err), BAALS_LIMIT);
    h.ops->rollback(h.self, inner);
    assert_int_equal(h.t->event_count, 1);
    baals_address id = ledger_stranger(0xa0);
    baals_slice value;
    assert_ok(h.ops->storage_get(h.self, &value, &id, bl_slice_str("k"), &h.fx->err));
    assert_true(bl_slice_equal(value, bl_slice_str("outer")));
    inner = h.ops->checkpoint(h.self);
    assert_ok(h.ops->emit(h.self, &event, &h.fx->err));
    h.ops->release(h.self, inner);
    assert_int_equal(h.t->event_count, 2);
    data[0] = 'y'; /* the event was copied */
    assert_int_equal(h.t->events[1].data.data[0], 'x');
    h.ops->rollback(h.self, outer);
    assert_int_equal(h.t->event_count, 0);
    assert_string_equal(seek(&h, 0xa0, bl_slice(NULL, 0), 0), "");
    host_close(&h);
}

/* Goal: log lines are kept up to 16 KiB; a longer one is dropped, shorter ones still enter. */
static void test_log(void **state)
{
    (void)state;
    struct host h = host_open();
    baals_address id = ledger_stranger(1);
    uint8_t *text = bl_arena_zero(&h.fx->arena, BL_LEDGER_LOG_BYTES_MAX, 1);
    assert_non_null(text);
    h.ops->log(h.self, &id, 2, bl_slice_str("first"));
    h.ops->log(h.self, &id, 2, bl_slice(text, BL_LEDGER_LOG_BYTES_MAX - 6));
    assert_true(bl_slice_equal(bl_buffer_slice(&h.t->logs), bl_slice_str("first\n")));
    h.ops->log(h.self, &id, 2, bl_slice(text, BL_LEDGER_LOG_BYTES_MAX - 7));
    assert_int_equal(h.t->logs.len, BL_LEDGER_LOG_BYTES_MAX);
    h.ops->log(h.self, &id, 2, bl_slice(text, 0));
    assert_int_equal(h.t->logs.len, BL_LEDGER_LOG_BYTES_MAX);
    host_close(&h);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage),  cmocka_unit_test(test_seek),
        cmocka_unit_test(test_money),    cmocka_unit_test(test_code),
        cmocka_unit_test(test_new_code), cmocka_unit_test(test_events),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
