/* SPDX-License-Identifier: MIT */
/*
 * Chains of many kinds of transactions, made by the library, exported, and replayed by
 * tools/spec_replay.py, which was written from docs/spec alone: both must agree on every receipt
 * and root. `--keep FOLDER` leaves the exports there. Needs wat2wasm, clang-14 and wasi-libc.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"
#include "contract_fixture.h"

enum { REPLAY_NODES_MAX = 3, REPLAY_KEYS = 12, REPLAY_GAS = 2000000 };

struct replay {
    struct chain_genesis genesis;
    struct chain_node nodes[REPLAY_NODES_MAX];
    size_t node_count;
    size_t turn; /* who makes the next block */
    uint64_t nonces[REPLAY_KEYS];
    uint64_t gas_price;
    uint64_t gas_limit;
    baals_hash sent[256]; /* since the last block */
    size_t sent_count;
    unsigned seen[12]; /* receipts by status */
};

static const char *replay_keep;

/* ---- blocks ---- */

static void replay_open(struct replay *r, size_t node_count)
{
    r->node_count = node_count;
    r->gas_price = 1;
    r->gas_limit = REPLAY_GAS;
    for (size_t i = 0; i < node_count; i++) {
        chain_node_init(&r->nodes[i], &r->genesis, (unsigned)i);
        chain_node_open(&r->nodes[i]);
    }
}

static void replay_count_receipts(struct replay *r)
{
    struct chain_node *node = &r->nodes[0];
    for (size_t i = 0; i < r->sent_count; i++) {
        baals_bytes bytes = {NULL, 0, NULL};
        baals_receipt receipt;
        assert_ok(baals_receipt_get(node->chain, &bytes, NULL, NULL, &r->sent[i], &node->err));
        assert_ok(baals_receipt_decode(&receipt, bl_slice(bytes.data, bytes.len), &node->err));
        r->seen[receipt.status]++;
        baals_bytes_free(&bytes);
    }
    r->sent_count = 0;
}

static void replay_block(struct replay *r)
{
    struct chain_node *maker = &r->nodes[r->turn];
    if (r->node_count == 1) {
        atomic_fetch_add(&maker->clock.now_ms, 250);
        assert_true(chain_produce(maker));
    } else {
        chain_produce_in_slot(maker);
    }
    uint64_t height = chain_info(maker).height;
    for (size_t i = 0; i < r->node_count; i++) {
        if (i != r->turn)
            assert_ok(chain_copy_block(&r->nodes[i], maker, height));
    }
    r->turn = (r->turn + 1) % r->node_count;
    for (size_t i = 0; i < r->node_count; i++)
        atomic_store(&r->nodes[i].clock.now_ms, atomic_load(&maker->clock.now_ms));
    replay_count_receipts(r);
}

/* Signs with the key's next nonce and gives it to the node whose turn it is. */
static void replay_send(struct replay *r, unsigned key, const baals_tx *fields)
{
    static uint8_t bytes[65536];
    size_t len = 0;
    baals_hash id;
    struct chain_node *node = &r->nodes[r->turn];
    baals_keypair pair = chain_key(key);
    baals_tx tx = *fields;
    tx.chain_id = r->genesis.chain_id;
    tx.nonce = r->nonces[key];
    tx.gas_limit = r->gas_limit;
    tx.gas_price = r->gas_price;
    baals_status status = baals_tx_sign(bytes, sizeof bytes, &len, &id, &tx, &pair, &node->err);
    if (status == BAALS_OK)
        status = baals_submit(node->chain, NULL, bl_slice(bytes, len), &node->err);
    if (status != BAALS_OK)
        fail_msg("sending: %s: %s", baals_status_name(status), node->err.message);
    r->nonces[key]++;
    assert_true(r->sent_count < BL_COUNT_OF(r->sent));
    r->sent[r->sent_count++] = id;
}

static baals_tx replay_fields(uint8_t kind, const baals_address *to, uint64_t amount)
{
    baals_tx fields;
    memset(&fields, 0, sizeof fields);
    fields.kind = kind;
    if (to != NULL) {
        fields.has_recipient = 1;
        fields.recipient = *to;
    }
    fields.amount.units = amount;
    return fields;
}

static void replay_payload(baals_tx *fields, const void *data, size_t len)
{
    fields->has_payload = 1;
    fields->payload = bl_slice(data, len);
}

/* ---- what is sent ---- */

static void replay_transfer(struct replay *r, unsigned from, baals_address to, uint64_t amount)
{
    baals_tx fields = replay_fields(BAALS_TX_TRANSFER, &to, amount);
    replay_send(r, from, &fields);
}

static void replay_call(struct replay *r,
                        unsigned from,
                        const baals_address *to,
                        const char *method,
                        baals_slice args,
                        uint64_t amount)
{
    uint8_t payload[1024];
    size_t len = 0;
    assert_ok(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str(method),
                                           args, NULL));
    baals_tx fields = replay_fields(BAALS_TX_CALL, to, amount);
    replay_payload(&fields, payload, len);
    replay_send(r, from, &fields);
}

static baals_address replay_deploy(
    struct replay *r, unsigned from, baals_slice code, const baals_slice *init, uint64_t amount)
{
    static uint8_t payload[32768];
    size_t len = 0;
    baals_address id;
    baals_address deployer = chain_address(from);
    assert_ok(baals_tx_encode_deploy_payload(payload, sizeof payload, &len, code, init, NULL));
    baals_contract_id_from_deploy(&id, &deployer, r->nonces[from]);
    baals_tx fields = replay_fields(BAALS_TX_DEPLOY, NULL, amount);
    replay_payload(&fields, payload, len);
    replay_send(r, from, &fields);
    return id;
}

static void replay_system(struct replay *r, unsigned from, const uint8_t *payload, size_t len)
{
    baals_tx fields = replay_fields(BAALS_TX_SYSTEM, NULL, 0);
    replay_payload(&fields, payload, len);
    replay_send(r, from, &fields);
}

static void
replay_param(struct replay *r, unsigned from, uint64_t epoch, const char *name, uint64_t value)
{
    uint8_t payload[256];
    size_t len = 0;
    assert_ok(baals_sysop_encode_param(payload, sizeof payload, &len, epoch, name, value, NULL));
    replay_system(r, from, payload, len);
}

static void replay_mint(struct replay *r, baals_address to, uint64_t units)
{
    uint8_t payload[256];
    size_t len = 0;
    baals_amount amount = {units};
    assert_ok(baals_sysop_encode_mint(payload, sizeof payload, &len, 0, &to, amount, NULL));
    replay_system(r, 0, payload, len);
}

static void replay_act(struct replay *r, baals_address sender, baals_tx action)
{
    static uint8_t payload[32768];
    size_t len = 0;
    action.sender = sender;
    assert_ok(baals_sysop_encode_act(payload, sizeof payload, &len, 0, &action, NULL));
    replay_system(r, 0, payload, len);
}

/* ---- modules ---- */

static baals_slice replay_example(const char *tool, const char *name)
{
    char folder[1024];
    char source[64];
    char module[1100];
    testlib_temp_dir(folder, sizeof folder, "replay");
    (void)snprintf(source, sizeof source, "contracts/examples/%s.c", name);
    (void)snprintf(module, sizeof module, "%s/%s.wasm", folder, name);
    const char *const argv[] = {testlib_source_path(tool), testlib_source_path(source), module,
                                NULL};
    assert_int_equal(testlib_run(argv), 0);
    size_t len = 0;
    uint8_t *code = testlib_read_file(&len, module);
    testlib_remove_tree(folder);
    return bl_slice(code, len);
}

static void replay_free(baals_slice bytes)
{
    union {
        const uint8_t *data;
        void *owned;
    } module = {bytes.data};
    free(module.owned);
}

/* tests/spec/lab.wat: a method for each thing a contract can do under version 1 of the host
 * interface; tests/spec/factory.wat: what version 2 adds. */
static baals_slice replay_text(const char *path)
{
    size_t len = 0;
    char *text = (char *)testlib_read_file(&len, testlib_source_path(path));
    uint8_t *code = testlib_wat(&len, text);
    free(text);
    return bl_slice(code, len);
}

/* ---- chains ---- */

static baals_slice replay_bytes(const char *text)
{
    return bl_slice_str(text);
}

/* Arguments of the lab's relay methods. */
static baals_slice replay_relayed(baals_address to, const char *method, baals_slice args)
{
    static uint8_t bytes[512];
    size_t mlen = strlen(method);
    assert_true(33 + mlen + args.len <= sizeof bytes);
    memcpy(bytes, to.bytes, 32);
    bytes[32] = (uint8_t)mlen;
    memcpy(bytes + 33, method, mlen);
    if (args.len > 0)
        memcpy(bytes + 33 + mlen, args.data, args.len);
    return bl_slice(bytes, 33 + mlen + args.len);
}

/* Exports, replays, and checks that what was meant to happen did. */
static void replay_finish(struct replay *r, const char *name)
{
    char folder[1024];
    char path[1200];
    size_t len = 0;
    uint8_t *data = chain_export(r->nodes[0].chain, &len);
    testlib_temp_dir(folder, sizeof folder, "export");
    (void)snprintf(path, sizeof path, "%s/%s.export", replay_keep ? replay_keep : folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    free(data);
    const char *const argv[] = {testlib_source_path("tools/spec_replay.py"), path, NULL};
    assert_int_equal(testlib_run(argv), 0);
    testlib_remove_tree(folder);
    for (size_t i = 0; i < r->node_count; i++)
        chain_node_deinit(&r->nodes[i]);
    chain_genesis_deinit(&r->genesis);
}

static void replay_plain(struct replay *r)
{
    baals_tx fields = replay_fields(BAALS_TX_TRANSFER, NULL, 0);
    replay_payload(&fields, "a note for ever", 15);
    replay_send(r, 1, &fields); /* anchoring */
    fields.has_payload = 0;
    replay_send(r, 1, &fields);
    replay_transfer(r, 1, chain_address(9), 5000000000); /* makes a record */
    replay_transfer(r, 1, chain_address(10), 0);         /* makes none */
    replay_transfer(r, 1, chain_address(1), 17);         /* to oneself */
    replay_transfer(r, 2, chain_address(0), 1);          /* to the proposer */
    replay_transfer(r, 0, chain_address(2), 1);          /* of the proposer */
    replay_block(r);
    fields = replay_fields(BAALS_TX_TRANSFER, NULL, 0);
    fields.recipient = chain_address(3);
    fields.has_recipient = 1;
    replay_payload(&fields, "", 0);
    fields.has_valid_until = 1;
    fields.valid_until = 2;
    static const uint8_t metadata[] = {0xa1, 0x61, 'k', 0x82, 0x01, 0xf6};
    fields.has_metadata = 1;
    fields.metadata = bl_slice(metadata, sizeof metadata);
    replay_send(r, 9, &fields);
    replay_block(r);
}

/* Every way to fail without a contract that runs. */
static void replay_bad(struct replay *r)
{
    static const uint8_t float_module[] = {0, 'a',  's', 'm',  1,    0,    0, 0, 1, 5,
                                           1, 0x60, 1,   0x7d, 0x00, 0x05, 3, 1, 0, 1};
    baals_address counter = chain_counter_id();
    baals_address nobody = chain_address(11);
    baals_tx fields = replay_fields(BAALS_TX_CALL, &counter, 3);
    replay_send(r, 1, &fields); /* no payload */
    replay_payload(&fields, "\x82\x61", 2);
    replay_send(r, 1, &fields);
    replay_call(r, 1, &nobody, "get", bl_slice(NULL, 0), 5);
    replay_call(r, 1, NULL, "get", bl_slice(NULL, 0), 0);
    replay_call(r, 1, &counter, "missing", bl_slice(NULL, 0), 5);
    replay_call(r, 1, &counter, "init", bl_slice(NULL, 0), 0);
    replay_call(r, 1, &counter, "", bl_slice(NULL, 0), 0);
    replay_call(r, 1, &counter, "fail", bl_slice(NULL, 0), 5);
    replay_transfer(r, 1, counter, 5); /* no receive */
    fields = replay_fields(BAALS_TX_DEPLOY, NULL, 9);
    replay_payload(&fields, "\x01", 1);
    replay_send(r, 1, &fields);
    (void)replay_deploy(r, 1, replay_bytes("no module"), NULL, 9);
    (void)replay_deploy(r, 1, bl_slice(float_module, sizeof float_module), NULL, 0);
    fields = replay_fields(BAALS_TX_SYSTEM, NULL, 0);
    replay_send(r, 0, &fields);
    replay_payload(&fields, "\x83\x63who\x00\x80", 7);
    replay_send(r, 0, &fields);
    replay_param(r, 0, 5, "burn_fees", 1); /* wrong epoch */
    replay_block(r);
}

static void replay_lab_calls(struct replay *r, const baals_address *lab, baals_address other)
{
    static const char *const plain[] = {"facts", "trap", "divide",  "overflow", "bulk",
                                        "many",  "long", "pointer", "handle",   "echo"};
    for (size_t i = 0; i < BL_COUNT_OF(plain); i++)
        replay_call(r, 2 + (unsigned)i % 3, lab, plain[i], bl_slice(NULL, 0), i % 2);
    replay_block(r);
    replay_call(r, 2, lab, "echo", replay_bytes("an echo"), 0);
    replay_call(r, 2, lab, "fail", replay_bytes("why it failed"), 12);
    replay_call(r, 2, lab, "hash", replay_bytes("three letters, and more"), 0);
    replay_call(r, 2, lab, "grow", bl_slice("\x05\0\0\0", 4), 0);
    replay_call(r, 2, lab, "grow", bl_slice("\xff\xff\xff\xff", 4), 0);
    replay_call(r, 2, lab, "deep", bl_slice("\x64\0\0\0\0\0\0\0", 8), 0);
    replay_call(r, 2, lab, "deep", bl_slice("\0\0\1\0\0\0\0\0", 8), 0);
    replay_call(r, 3, lab, "math", bl_slice("\x01\x02\x03\x04\x05\x06\x07\x08", 8), 0);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t entry = (uint8_t)i;
        replay_call(r, 3, lab, "indirect", bl_slice(&entry, 1), 0);
    }
    replay_block(r);
    replay_transfer(r, 2, *lab, 77); /* receive */
    replay_call(r, 2, lab, "relay", replay_relayed(other, "add", bl_slice(NULL, 0)), 0);
    replay_call(r, 2, lab, "relay", replay_relayed(other, "fail", bl_slice(NULL, 0)), 40);
    replay_call(r, 2, lab, "relay", replay_relayed(other, "none", bl_slice(NULL, 0)), 40);
    replay_call(r, 2, lab, "relay", replay_relayed(other, "get", bl_slice(NULL, 0)), 40);
    replay_call(r, 2, lab, "relay", replay_relayed(*lab, "echo", bl_slice(NULL, 0)), 1);
    replay_call(r, 2, lab, "relay", replay_relayed(chain_address(11), "m", bl_slice(NULL, 0)), 1);
    replay_call(r, 2, lab, "relay_gas", replay_relayed(other, "add", bl_slice(NULL, 0)), 0);
    replay_call(r, 2, lab, "relay_view", replay_relayed(other, "add", bl_slice(NULL, 0)), 0);
    replay_call(r, 2, lab, "relay_view", replay_relayed(other, "get", bl_slice(NULL, 0)), 0);
    replay_call(r, 2, lab, "relay_rich", replay_relayed(other, "get", bl_slice(NULL, 0)), 0);
    replay_block(r);
}

static void replay_lab_storage(struct replay *r, const baals_address *lab)
{
    static const char *const stored[] = {"\001axyz", "\003abcvalue", "\002ablonger than eight",
                                         "\001bz",   "\003ab\177q",  "\001a"};
    for (size_t i = 0; i < BL_COUNT_OF(stored); i++)
        replay_call(r, 4, lab, "store", replay_bytes(stored[i]), 0);
    replay_call(r, 4, lab, "load", replay_bytes("abc"), 0);
    replay_call(r, 4, lab, "load", replay_bytes("nothing"), 0);
    replay_call(r, 4, lab, "store", bl_slice("\0", 1), 0); /* a key of no bytes */
    replay_block(r);
    replay_call(r, 4, lab, "remove", replay_bytes("b"), 0);
    replay_call(r, 4, lab, "remove", replay_bytes("b"), 0);
    replay_call(r, 4, lab, "scan", bl_slice("\1ab", 3), 0);
    replay_call(r, 4, lab, "scan", bl_slice("\0", 1), 0);
    replay_call(r, 4, lab, "scan", bl_slice("\2", 1), 0);
    replay_block(r);
}

static void replay_out_of_gas(struct replay *r, const baals_address *lab, baals_slice code)
{
    r->gas_limit = 150000;
    replay_call(r, 5, lab, "spin", bl_slice(NULL, 0), 3);
    replay_call(r, 5, lab, "hash", replay_bytes("enough for this"), 0);
    (void)replay_deploy(r, 5, code, NULL, 0);
    r->gas_limit = 32500;
    replay_call(r, 5, lab, "echo", bl_slice(NULL, 0), 3);
    replay_block(r);
    for (uint64_t gas = 33900; gas < 38000; gas += 137) { /* it ends at many places */
        r->gas_limit = gas;
        replay_call(r, 5, lab, "echo", replay_bytes("some bytes to read and to write"), 1);
    }
    replay_block(r);
    r->gas_limit = REPLAY_GAS;
}

static void replay_examples(struct replay *r)
{
    static const uint8_t supply[] = {0x81, 0x19, 0x27, 0x10};
    baals_slice counter = replay_example("tools/build-contract", "counter");
    baals_slice token = replay_example("tools/build-contract", "token");
    baals_slice init = bl_slice(supply, sizeof supply);
    baals_address count_id = replay_deploy(r, 6, counter, NULL, 0);
    baals_address token_id = replay_deploy(r, 6, token, &init, 25);
    (void)replay_deploy(r, 6, token, NULL, 25);   /* its init wants arguments: REVERT */
    (void)replay_deploy(r, 6, counter, &init, 0); /* it has no init: NO_METHOD */
    replay_block(r);
    uint8_t args[40] = {0x82, 0x58, 0x20};
    baals_address to = chain_address(7);
    memcpy(args + 3, to.bytes, 32);
    args[35] = 0x18;
    args[36] = 200;
    replay_call(r, 6, &count_id, "increment", bl_slice(NULL, 0), 0);
    replay_call(r, 7, &count_id, "add", bl_slice("\x81\x18\x2a", 3), 0);
    replay_call(r, 7, &count_id, "add", bl_slice("\x81\x61", 2), 0);
    replay_call(r, 6, &token_id, "transfer", bl_slice(args, 37), 0);
    replay_call(r, 5, &token_id, "transfer", bl_slice(args, 37), 0); /* owns none */
    replay_call(r, 6, &token_id, "supply", bl_slice(NULL, 0), 0);
    replay_block(r);
    replay_free(counter);
    replay_free(token);
}

static void replay_dev(struct replay *r, const baals_address *lab, baals_slice code)
{
    static uint8_t payload[32768];
    size_t len = 0;
    replay_mint(r, chain_address(8), 1000000);
    replay_mint(r, chain_address(8), 1);
    replay_mint(r, *lab, 1);
    replay_mint(r, chain_address(8), UINT64_MAX); /* LIMIT */
    r->gas_limit = 32000;
    replay_mint(r, chain_address(11), 1); /* no gas for the record */
    r->gas_limit = REPLAY_GAS;
    baals_address to = chain_address(10);
    replay_act(r, chain_address(8), replay_fields(BAALS_TX_TRANSFER, &to, 5));
    replay_act(r, *lab, replay_fields(BAALS_TX_TRANSFER, &to, 5)); /* a contract acts */
    replay_act(r, chain_address(8), replay_fields(BAALS_TX_TRANSFER, &to, 1000000000));
    baals_address unused = chain_address(11);
    replay_act(r, unused, replay_fields(BAALS_TX_TRANSFER, NULL, 0)); /* makes a record */
    replay_block(r);
    assert_ok(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str("facts"),
                                           bl_slice(NULL, 0), NULL));
    baals_tx action = replay_fields(BAALS_TX_CALL, lab, 3);
    replay_payload(&action, payload, len);
    replay_act(r, chain_address(8), action);
    assert_ok(baals_tx_encode_deploy_payload(payload, sizeof payload, &len, code, NULL, NULL));
    action = replay_fields(BAALS_TX_DEPLOY, NULL, 7);
    replay_payload(&action, payload, len);
    replay_act(r, chain_address(8), action);
    assert_ok(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str("fail"),
                                           bl_slice_str("no"), NULL));
    action = replay_fields(BAALS_TX_CALL, lab, 3);
    replay_payload(&action, payload, len);
    replay_act(r, chain_address(8), action);
    replay_param(r, 0, 0, "burn_fees", 1);
    replay_param(r, 0, 1, "gas_price_min", 2);
    static const char out_of_bounds[] = "\x83\x65param\x02\x82\x69"
                                        "burn_fees\x07";
    replay_system(r, 0, (const uint8_t *)out_of_bounds, sizeof out_of_bounds - 1);
    replay_block(r);
    r->gas_price = 3;
    replay_transfer(r, 1, chain_address(2), 5); /* its fee is burned */
    replay_block(r);
}

static void replay_verify_signature(struct replay *r, const baals_address *lab)
{
    uint8_t args[100];
    baals_keypair pair = chain_key(4);
    struct chain_tx tx = chain_transfer(&r->genesis, 4, 0, pair.address, 1);
    memcpy(args, pair.address.bytes, 32);
    memcpy(args + 32, tx.bytes + tx.len - 64, 64); /* a signature of something else */
    memcpy(args + 96, "text", 4);
    replay_call(r, 4, lab, "verify", bl_slice(args, sizeof args), 0);
    memset(args, 0, sizeof args); /* ZIP-215: the zero key signs everything */
    args[32] = 1;
    replay_call(r, 4, lab, "verify", bl_slice(args, sizeof args), 0);
    replay_block(r);
}

/* Goal: one authority on a dev chain, contracts and every status a receipt can have. */
static void test_one_authority(void **state)
{
    (void)state;
    struct replay r;
    memset(&r, 0, sizeof r);
    chain_genesis_init(&r.genesis, 1);
    chain_genesis_counter(&r.genesis);
    replay_open(&r, 1);
    baals_slice code = replay_text("tests/spec/lab.wat");
    replay_plain(&r);
    replay_bad(&r);
    baals_slice init = replay_bytes("first value");
    baals_address lab = replay_deploy(&r, 2, code, &init, 1000);
    init = replay_bytes("refused");
    (void)replay_deploy(&r, 2, code, &init, 1000);
    replay_block(&r);
    replay_lab_calls(&r, &lab, chain_counter_id());
    replay_lab_storage(&r, &lab);
    replay_verify_signature(&r, &lab);
    replay_out_of_gas(&r, &lab, code);
    replay_examples(&r);
    replay_dev(&r, &lab, code);
    for (size_t i = 0; i < BL_COUNT_OF(r.seen); i++) {
        bool possible = i != BAALS_RECEIPT_ADDRESS_TAKEN && i != BAALS_RECEIPT_REENTRY;
        if (possible != (r.seen[i] > 0))
            fail_msg("%u receipts with status %zu", r.seen[i], i);
    }
    replay_finish(&r, "one");
    replay_free(code);
}

/* Goal: three authorities take turns, approve operations, and become two others. */
static void test_three_authorities(void **state)
{
    (void)state;
    struct replay r;
    memset(&r, 0, sizeof r);
    chain_genesis_init(&r.genesis, 3);
    replay_open(&r, 3);
    for (unsigned round = 0; round < 4; round++) {
        replay_transfer(&r, 3 + round % 2, chain_address(8 + round % 3), 40 + round);
        replay_block(&r);
    }
    replay_param(&r, 0, 0, "gas_price_min", 3);
    replay_param(&r, 1, 0, "burn_fees", 1); /* pending, and gone with the next */
    replay_block(&r);
    replay_param(&r, 0, 0, "gas_price_min", 3); /* twice by one */
    replay_block(&r);
    replay_param(&r, 2, 0, "gas_price_min", 3); /* decided */
    replay_transfer(&r, 5, chain_address(6), 1);
    replay_block(&r);
    replay_param(&r, 2, 0, "burn_fees", 1); /* epoch gone */
    replay_block(&r);
    r.gas_price = 4;
    uint8_t payload[256];
    size_t len = 0;
    baals_address keys[2] = {chain_address(2), chain_address(0)};
    assert_ok(baals_sysop_encode_authorities(payload, sizeof payload, &len, 1, keys, 2, NULL));
    replay_system(&r, 1, payload, len);
    replay_block(&r);
    replay_system(&r, 2, payload, len);
    replay_transfer(&r, 5, chain_address(6), 1);
    replay_block(&r);
    for (unsigned round = 0; round < 4; round++) {
        r.turn = round % 2 == 0 ? 0 : 2; /* key 1 is no authority any more */
        replay_transfer(&r, 4, chain_address(6), round);
        replay_block(&r);
    }
    replay_finish(&r, "three");
}

/* Goal: what a generator comes up with: methods, arguments, gas and value at random. */
static void test_random(void **state)
{
    (void)state;
    static const char *const methods[] = {"init",   "echo",   "fail",  "store",     "remove",
                                          "load",   "scan",   "grow",  "hash",      "indirect",
                                          "math",   "bulk",   "facts", "relay_gas", "relay",
                                          "verify", "divide", "deep",  "spin",      "receive"};
    struct testlib_rng rng = testlib_rng(1);
    struct replay r;
    memset(&r, 0, sizeof r);
    chain_genesis_init(&r.genesis, 1);
    chain_genesis_counter(&r.genesis);
    replay_open(&r, 1);
    baals_slice code = replay_text("tests/spec/lab.wat");
    baals_address lab = replay_deploy(&r, 1, code, NULL, 500);
    replay_block(&r);
    for (unsigned i = 0; i < 120; i++) {
        uint8_t args[48];
        testlib_rng_bytes(&rng, args, sizeof args);
        args[0] &= 3; /* short keys, known flags, entries of the table */
        if (testlib_rng_below(&rng, 2) == 0)
            memcpy(args, "\1a", 2);
        size_t len = (size_t)testlib_rng_below(&rng, sizeof args + 1);
        baals_slice input = bl_slice(args, len);
        const char *method = methods[testlib_rng_below(&rng, BL_COUNT_OF(methods))];
        if (strcmp(method, "relay") == 0)
            input = replay_relayed(chain_counter_id(), len % 2 ? "add" : "fail", input);
        r.gas_limit = 50000 + testlib_rng_below(&rng, 100000);
        replay_call(&r, 1 + i % 5, &lab, method, input, testlib_rng_below(&rng, 3));
        if (i % 15 == 14)
            replay_block(&r);
    }
    replay_finish(&r, "random");
    replay_free(code);
}

/* ---- version 2 of the host interface ---- */

/* The factory of tests/spec/factory.wat, deployed twice, and a command. */
struct replay_factory {
    struct replay r;
    baals_slice code;
    baals_slice notes_code;
    baals_address id;
    baals_address other;
    baals_address notes;
    baals_hash code_hash;
    baals_hash counter_hash;
};

static const uint8_t replay_salt[32] = {5};

/* Arguments of several parts. */
static baals_slice replay_joined(baals_slice first, baals_slice second, baals_slice third)
{
    static uint8_t bytes[512];
    const baals_slice parts[] = {first, second, third};
    size_t len = 0;
    for (size_t i = 0; i < BL_COUNT_OF(parts); i++) {
        assert_true(len + parts[i].len <= sizeof bytes);
        if (parts[i].len > 0)
            memcpy(bytes + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    return bl_slice(bytes, len);
}

static baals_slice replay_hash(const baals_hash *hash)
{
    return bl_slice(hash->bytes, sizeof hash->bytes);
}

/* A block; what was sent last succeeded, and its output begins with this byte. */
static void replay_answer(struct replay *r, uint8_t first)
{
    baals_bytes bytes = {NULL, 0, NULL};
    baals_receipt receipt;
    baals_error err;
    assert_true(r->sent_count > 0);
    baals_hash id = r->sent[r->sent_count - 1];
    replay_block(r);
    assert_ok(baals_receipt_get(r->nodes[0].chain, &bytes, NULL, NULL, &id, &err));
    assert_ok(baals_receipt_decode(&receipt, bl_slice(bytes.data, bytes.len), &err));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_true(receipt.output.len > 0);
    assert_int_equal(receipt.output.data[0], first);
    baals_bytes_free(&bytes);
}

/* Calls a method of the factory; its answer begins with a status. */
static void
replay_ask(struct replay_factory *f, const char *method, baals_slice args, uint8_t status)
{
    replay_call(&f->r, 3, &f->id, method, args, 2);
    replay_answer(&f->r, status);
}

static void replay_factory_open(struct replay_factory *f, uint32_t gas_schedule)
{
    struct replay *r = &f->r;
    memset(f, 0, sizeof *f);
    chain_genesis_init(&r->genesis, 1);
    r->genesis.genesis.params.gas_schedule = gas_schedule;
    chain_genesis_counter(&r->genesis);
    replay_open(r, 1);
    r->gas_limit = 8000000;
    f->counter_hash = r->genesis.contract.code_hash;
    f->code = replay_text("tests/spec/factory.wat");
    f->notes_code = replay_example("tools/build-wasi", "wasi_notes");
    bl_sha256(&f->code_hash, f->code);
    f->id = replay_deploy(r, 1, f->code, NULL, 1000);
    f->other = replay_deploy(r, 1, f->code, NULL, 1000);
    f->notes = replay_deploy(r, 1, f->notes_code, NULL, 3);
    replay_block(r);
    assert_int_equal(r->seen[BAALS_RECEIPT_OK], 3);
}

static void replay_factory_close(struct replay_factory *f, const char *name)
{
    replay_finish(&f->r, name);
    replay_free(f->code);
    replay_free(f->notes_code);
}

/* Contracts that a contract makes, and every way in which it fails to. */
static void replay_make(struct replay_factory *f)
{
    const baals_slice none = bl_slice(NULL, 0);
    const baals_slice salt = bl_slice(replay_salt, sizeof replay_salt);
    const baals_slice code = replay_hash(&f->code_hash);
    baals_address made;
    baals_hash salt_hash;
    memcpy(salt_hash.bytes, replay_salt, sizeof replay_salt);
    baals_contract_id_from_contract(&made, &f->id, &salt_hash, &f->code_hash);
    replay_ask(f, "make", replay_joined(code, salt, replay_bytes("refused")), 1);
    replay_ask(f, "make_gas", replay_joined(code, salt, none), BAALS_RECEIPT_OUT_OF_GAS);
    replay_ask(f, "make_rich", replay_joined(code, salt, none), 100);
    replay_transfer(&f->r, 2, made, 40); /* the id has a balance before it is a contract */
    replay_ask(f, "make", replay_joined(code, salt, replay_bytes("hello")), 0);
    replay_ask(f, "make", replay_joined(code, salt, none), BAALS_RECEIPT_ADDRESS_TAKEN);
    replay_ask(f, "make", replay_joined(salt, salt, none), BAALS_RECEIPT_BAD_CODE);
    replay_ask(f, "relay_view", replay_relayed(f->other, "make", replay_joined(code, salt, none)),
               BAALS_RECEIPT_TRAP);
    replay_call(&f->r, 2, &made, "cat", replay_bytes("made by a contract"), 0);
    replay_answer(&f->r, 'm');
    /* Without init; with arguments that it cannot take; each made by the one before. */
    replay_ask(f, "make", replay_joined(replay_hash(&f->counter_hash), salt, none), 0);
    replay_ask(f, "make", replay_joined(replay_hash(&f->counter_hash), code, salt),
               BAALS_RECEIPT_NO_METHOD);
    static uint8_t nest[129];
    memcpy(nest, code.data, 32);
    nest[32] = 9;
    nest[64] = 'd';
    memcpy(nest + 65, code.data, 32);
    replay_ask(f, "make", bl_slice(nest, sizeof nest), 0);
}

/* A module is the chain's from the deploy that succeeded. */
static void replay_make_undone(struct replay_factory *f)
{
    const baals_slice salt = bl_slice(replay_salt, sizeof replay_salt);
    const baals_slice code = replay_text("tests/spec/lab.wat");
    baals_slice init = replay_bytes("refused");
    baals_hash hash;
    bl_sha256(&hash, code);
    (void)replay_deploy(&f->r, 1, code, &init, 0); /* REVERT */
    replay_ask(f, "make", replay_joined(replay_hash(&hash), salt, init), BAALS_RECEIPT_BAD_CODE);
    init = replay_bytes("first value");
    (void)replay_deploy(&f->r, 1, code, &init, 0);
    replay_ask(f, "make", replay_joined(replay_hash(&hash), salt, init), 0);
    replay_free(code);
}

/* Code that is replaced, also by code that runs no method of the old one. */
static void replay_become(struct replay_factory *f)
{
    const baals_slice none = bl_slice(NULL, 0);
    const baals_slice code = replay_hash(&f->code_hash);
    const baals_slice counter = replay_hash(&f->counter_hash);
    struct replay *r = &f->r;
    replay_ask(f, "become", replay_joined(code, replay_bytes("new"), none), 0);
    replay_ask(f, "become", replay_joined(code, replay_bytes("refused"), none), 1);
    replay_ask(f, "become", replay_joined(code, replay_bytes("s"), code), 0); /* REENTRY within */
    replay_ask(f, "become", replay_joined(counter, code, none), BAALS_RECEIPT_NO_METHOD);
    replay_ask(f, "become", bl_slice(replay_salt, sizeof replay_salt), BAALS_RECEIPT_BAD_CODE);
    replay_ask(f, "become_gas", replay_joined(code, replay_bytes("new"), none),
               BAALS_RECEIPT_OUT_OF_GAS);
    replay_call(r, 3, &f->id, "become_trap", counter, 0);
    replay_block(r);
    replay_ask(f, "relay_view", replay_relayed(f->other, "become", counter), BAALS_RECEIPT_TRAP);
    replay_ask(f, "relay", replay_relayed(f->other, "become", counter), 0);
    replay_call(r, 3, &f->other, "get", none, 0);
    replay_answer(r, 0);
    replay_call(r, 3, &f->other, "become", counter, 0); /* no method of the counter */
    replay_block(r);
}

static void replay_money_and_keys(struct replay_factory *f)
{
    const baals_slice none = bl_slice(NULL, 0);
    const baals_slice amount = bl_slice("\7\0\0\0\0\0\0\0", 8);
    const baals_slice much = bl_slice("\0\0\0\0\0\1\0\0", 8);
    const baals_address to[] = {chain_address(11), chain_address(2), chain_counter_id(), f->id};
    struct replay *r = &f->r;
    for (size_t i = 0; i < BL_COUNT_OF(to); i++) {
        baals_slice address = bl_slice(to[i].bytes, 32);
        replay_ask(f, "send", replay_joined(address, amount, none), 0);
        replay_ask(f, "send", replay_joined(address, much, none), 100);
    }
    static const uint8_t system_address[32] = {[31] = 7};
    replay_call(r, 3, &f->id, "send", replay_joined(bl_slice(system_address, 32), amount, none), 0);
    replay_ask(f, "relay_view", replay_relayed(f->other, "send", none), BAALS_RECEIPT_TRAP);
    replay_call(r, 3, &f->id, "luck", none, 0);
    replay_ask(f, "relay", replay_relayed(f->other, "luck", none), 0);
    uint8_t key[1 + 32 + 64 + 65] = {0};
    assert_int_equal(
        testlib_hex(key + 1, 96,
                    "a18144a3cb394b0c677ef58b87ace617bbf57de4e0c56172438bdb48d46dede9"
                    "cca6649424131300f1ff26543e27b7f1e20f7268d707e11210ea53a00171d198"
                    "1b17a593cb3015e1ac5a263e4ea6e1fc14e266ca5f956adff0921c3e1da3e94d"),
        96);
    replay_ask(f, "recover", bl_slice(key + 1, 97), 1);
    assert_int_equal(
        testlib_hex(key + 97, 65,
                    "047cd552f00dda067d882317d88e33b6cda8d01470549162aa1ee258718d27388e"
                    "faa4f17157e9ea68c019601d9c4efcd54eaf29503d8ab8fd11b2db27b6083d7f"),
        65);
    key[0] = 1;
    replay_ask(f, "verify", bl_slice(key, sizeof key), 1);
    key[0] = 2;
    replay_ask(f, "verify", bl_slice(key, sizeof key), 0);
    key[0] = 3;
    replay_call(r, 3, &f->id, "verify", bl_slice(key, sizeof key), 0);
    replay_block(r);
}

static void replay_wasi(struct replay_factory *f)
{
    static const char *const plain[] = {"answers",  "cat",        "main",         "flood",
                                        "complain", "list_limit", "list_pointer", "exit"};
    struct replay *r = &f->r;
    for (size_t i = 0; i < BL_COUNT_OF(plain); i++) {
        replay_call(r, 4, &f->id, plain[i], replay_bytes("what is read and printed again"), 0);
        replay_call(r, 4, &f->id, "relay", replay_relayed(f->other, plain[i], replay_bytes("x")),
                    0);
    }
    replay_call(r, 4, &f->id, "exit", bl_slice("\0 well", 6), 0);
    replay_block(r);
    replay_call(r, 4, &f->notes, "main", replay_bytes("add milk\nadd bread and butter"), 5);
    replay_answer(r, 'n');
    replay_call(r, 4, &f->notes, "main", replay_bytes("add eggs\nsing\n"), 5);
    replay_call(r, 4, &f->notes, "_start", replay_bytes("list\n"), 0);
    replay_call(r, 4, &f->notes, "main", replay_bytes("list\n"), 0);
    replay_answer(r, '0');
    replay_ask(f, "relay_view", replay_relayed(f->notes, "main", replay_bytes("add tea")),
               BAALS_RECEIPT_TRAP);
    replay_ask(f, "relay", replay_relayed(f->notes, "main", replay_bytes("add tea\nlist")), 0);
    r->gas_limit = 60000;
    replay_call(r, 4, &f->notes, "main", replay_bytes("list\n"), 0);
    replay_block(r);
    r->gas_limit = 8000000;
}

static void replay_version_2(uint32_t gas_schedule, const char *name)
{
    struct replay_factory f;
    replay_factory_open(&f, gas_schedule);
    replay_make(&f);
    replay_make_undone(&f);
    replay_money_and_keys(&f);
    replay_wasi(&f);
    replay_become(&f);
    replay_factory_close(&f, name);
}

/* Goal: what version 2 of the host interface adds, at the prices of schedule 1. */
static void test_version_2_schedule_1(void **state)
{
    (void)state;
    replay_version_2(1, "version_2_schedule_1");
}

/* Goal: the same at the prices of schedule 2. */
static void test_version_2_schedule_2(void **state)
{
    (void)state;
    replay_version_2(2, "version_2_schedule_2");
}

/* Goal: a chain of version 1 refuses what version 2 adds, and runs the rest at its prices; `_start`
 * is nothing special there. */
static void test_version_1(void **state)
{
    (void)state;
    struct replay r;
    memset(&r, 0, sizeof r);
    chain_genesis_init(&r.genesis, 1);
    r.genesis.genesis.params.gas_schedule = 1;
    r.genesis.genesis.params.wasm_limits = 1;
    chain_genesis_counter(&r.genesis);
    replay_open(&r, 1);
    baals_slice lab_code = replay_text("tests/spec/lab.wat");
    baals_slice factory_code = replay_text("tests/spec/factory.wat");
    size_t len = 0;
    uint8_t *command = testlib_wat(&len, "(module (memory 1) (func (export \"_start\")))");
    (void)replay_deploy(&r, 1, factory_code, NULL, 3);
    replay_block(&r);
    assert_int_equal(r.seen[BAALS_RECEIPT_BAD_CODE], 1);
    baals_address lab = replay_deploy(&r, 1, lab_code, NULL, 1000);
    baals_address program = replay_deploy(&r, 1, bl_slice(command, len), NULL, 0);
    replay_call(&r, 2, &program, "main", bl_slice(NULL, 0), 0);
    replay_block(&r);
    assert_int_equal(r.seen[BAALS_RECEIPT_NO_METHOD], 1);
    replay_lab_calls(&r, &lab, chain_counter_id());
    replay_lab_storage(&r, &lab);
    replay_verify_signature(&r, &lab);
    replay_finish(&r, "version_1");
    free(command);
    replay_free(lab_code);
    replay_free(factory_code);
}

/* Goal: what a generator asks of the factory and of a command, with gas that ends anywhere. */
static void test_random_version_2(void **state)
{
    (void)state;
    static const char *const methods[] = {"make",  "make_gas", "make_rich", "become", "become_gas",
                                          "send",  "luck",     "recover",   "verify", "become_trap",
                                          "relay", "cat",      "exit",      "flood",  "answers"};
    struct testlib_rng rng = testlib_rng(2);
    struct replay_factory f;
    replay_factory_open(&f, 2);
    for (unsigned i = 0; i < 120; i++) {
        uint8_t args[160];
        testlib_rng_bytes(&rng, args, sizeof args);
        memcpy(args, f.code_hash.bytes, 32);
        if (testlib_rng_below(&rng, 4) == 0)
            args[0] = (uint8_t)testlib_rng_below(&rng, 4);
        memset(args + 33, 0, 31); /* salts meet, and amounts are there */
        size_t len = (size_t)testlib_rng_below(&rng, sizeof args + 1);
        baals_slice input = bl_slice(args, len);
        const char *method = methods[testlib_rng_below(&rng, BL_COUNT_OF(methods))];
        if (strcmp(method, "relay") == 0)
            input = replay_relayed(f.notes, "main", replay_bytes(len % 2 ? "add one" : "list"));
        f.r.gas_limit = 60000 + testlib_rng_below(&rng, len % 3 ? 800000 : 60000);
        replay_call(&f.r, 1 + i % 5, &f.id, method, input, testlib_rng_below(&rng, 300));
        if (i % 15 == 14)
            replay_block(&f.r);
    }
    replay_factory_close(&f, "random_version_2");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--keep") == 0)
            replay_keep = argv[i + 1];
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_authority),
        cmocka_unit_test(test_three_authorities),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_version_2_schedule_1),
        cmocka_unit_test(test_version_2_schedule_2),
        cmocka_unit_test(test_random_version_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
