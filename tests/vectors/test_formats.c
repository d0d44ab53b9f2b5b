/* SPDX-License-Identifier: MIT */
/*
 * The vectors of docs/spec/vectors for the formats, which tools/spec_vectors.py makes from the
 * pages without the C. Accepted cases are built from their fields and must give the bytes, ids and
 * hashes of the file, and decode to the fields again; refused cases must give the status and the
 * offset.
 * `--vectors DIR` reads another folder, made with more mutations.
 */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "testlib_json.h"
#include "types/types.h"

static const char *formats_dir;

static struct testlib_json *formats_load(const char *name)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s.json", formats_dir, name);
    assert_true(len > 0 && (size_t)len < sizeof path);
    return testlib_json_load(path);
}

static uint64_t formats_u64(const struct testlib_json *value)
{
    const char *text = testlib_json_text(value);
    char *end = NULL;
    uint64_t number = strtoull(text, &end, 10);
    assert_true(end != text && *end == '\0');
    return number;
}

/* hex || 00 x zeros || hex_after, into malloc'ed memory. */
static baals_slice formats_bytes(const struct testlib_json *value)
{
    size_t front_len;
    uint8_t *front = testlib_json_hex_alloc(&front_len, testlib_json_get(value, "hex"));
    if (!testlib_json_has(value, "zeros"))
        return bl_slice(front, front_len);
    size_t zeros = (size_t)testlib_json_int(testlib_json_get(value, "zeros"));
    size_t back_len;
    uint8_t *back = testlib_json_hex_alloc(&back_len, testlib_json_get(value, "hex_after"));
    uint8_t *data = calloc(1, front_len + zeros + back_len);
    assert_non_null(data);
    memcpy(data, front, front_len);
    memcpy(data + front_len + zeros, back, back_len);
    free(front);
    free(back);
    return bl_slice(data, front_len + zeros + back_len);
}

static baals_slice formats_hex(const struct testlib_json *value)
{
    size_t len;
    uint8_t *data = testlib_json_hex_alloc(&len, value);
    return bl_slice(data, len);
}

static void formats_free(baals_slice bytes)
{
    union {
        const uint8_t *borrowed;
        void *owned;
    } pointer = {.borrowed = bytes.data};
    free(pointer.owned);
}

static void formats_assert_equal(baals_slice found, baals_slice want, const char *what)
{
    if (!bl_slice_equal(found, want))
        fail_msg("%s: other bytes than the vector (%zu, not %zu)", what, found.len, want.len);
}

static void formats_assert_hash(const baals_hash *found, const struct testlib_json *want)
{
    char text[BAALS_HASH_TEXT_SIZE];
    baals_hash_format(text, found);
    assert_string_equal(text, testlib_json_text(want));
}

/* 32 bytes of hex; false and zeroed when the value is null. */
static bool formats_read_32(uint8_t out[32], const struct testlib_json *value)
{
    memset(out, 0, 32);
    if (testlib_json_is_null(value))
        return false;
    assert_int_equal(testlib_json_hex(out, 32, value), 32);
    return true;
}

static struct bl_buffer formats_buffer(void)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 32u * 1024u * 1024u);
    return buffer;
}

/* ---- refused cases and mutations ---- */

/* Decodes and, where that succeeds, encodes again into `again`. */
typedef baals_status (*formats_decoder)(struct bl_buffer *again,
                                        baals_slice bytes,
                                        baals_error *err);

static void
formats_check_verdict(const struct testlib_json *one, formats_decoder decode, const char *what)
{
    struct bl_buffer again = formats_buffer();
    baals_error err = {.status = BAALS_OK};
    baals_slice bytes = formats_bytes(one);
    const char *want = testlib_json_text(testlib_json_get(one, "status"));
    baals_status status = decode(&again, bytes, &err);
    if (strcmp(baals_status_name(status), want) != 0)
        fail_msg("%s: %s, expected %s", what, baals_status_name(status), want);
    if (status == BAALS_OK) {
        formats_assert_equal(bl_buffer_slice(&again), bytes, what);
    } else {
        int64_t offset = testlib_json_int(testlib_json_get(one, "offset"));
        if (err.offset != offset || err.status != (int32_t)status)
            fail_msg("%s: offset %u, expected %lld", what, err.offset, (long long)offset);
        assert_true(err.message[0] != '\0');
    }
    formats_free(bytes);
    bl_buffer_deinit(&again);
}

static void formats_check_rejects(const struct testlib_json *cases, formats_decoder decode)
{
    size_t count = testlib_json_count(cases);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        formats_check_verdict(one, decode, testlib_json_text(testlib_json_get(one, "what")));
    }
    printf("%zu refused cases\n", count);
}

static void formats_check_mutations(const struct testlib_json *cases, formats_decoder decode)
{
    size_t count = testlib_json_count(cases);
    for (size_t i = 0; i < count; i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        formats_check_verdict(one, decode, testlib_json_text(testlib_json_get(one, "hex")));
    }
    printf("%zu mutations\n", count);
}

static baals_status
formats_decode_item(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_slice item;
    BL_TRY(bl_cbor_read_item(&reader, &item, BL_CBOR_DEPTH_MAX, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    bl_buffer_append(again, item.data, item.len);
    return BAALS_OK;
}

static baals_status
formats_decode_account(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_account account;
    uint8_t encoded[BL_ACCOUNT_BYTES_MAX];
    BL_TRY(bl_account_decode(&account, bytes, err));
    bl_buffer_append(again, encoded, bl_account_encode(encoded, &account));
    return BAALS_OK;
}

static baals_status formats_decode_tx(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_tx tx;
    BL_TRY(baals_tx_decode(&tx, bytes, err));
    bl_tx_encode(again, &tx);
    return BAALS_OK;
}

static baals_status
formats_decode_call(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice method;
    baals_slice args;
    BL_TRY(baals_tx_decode_call_payload(&method, &args, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_text(again, method);
    bl_cbor_write_bytes(again, args);
    return BAALS_OK;
}

static baals_status
formats_decode_deploy(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice code;
    baals_slice init;
    int32_t has_init;
    BL_TRY(baals_tx_decode_deploy_payload(&code, &has_init, &init, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_bytes(again, code);
    bl_cbor_write_bytes_or_null(again, has_init != 0, init);
    return BAALS_OK;
}

static baals_status
formats_decode_sysop(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_sysop sysop;
    BL_TRY(bl_sysop_decode(&sysop, bytes, err));
    bl_sysop_encode(again, &sysop);
    return BAALS_OK;
}

static baals_status
formats_decode_block(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_block block;
    BL_TRY(baals_block_decode(&block, bytes, err));
    struct bl_buffer header = formats_buffer();
    bl_header_encode(&header, &block.header);
    baals_slice *txs = calloc((size_t)block.tx_count + 1, sizeof *txs);
    assert_non_null(txs);
    size_t cursor = 0;
    size_t count = 0;
    while (baals_block_txs_next(&txs[count], &cursor, &block))
        count++;
    assert_int_equal(count, block.tx_count);
    bl_block_encode(again, bl_buffer_slice(&header), block.has_seal ? &block.seal : NULL, txs,
                    count);
    free(txs);
    bl_buffer_deinit(&header);
    return BAALS_OK;
}

static baals_status
formats_decode_receipt(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_receipt receipt;
    baals_event events[BL_EVENTS_PER_TX_MAX + 1];
    BL_TRY(baals_receipt_decode(&receipt, bytes, err));
    size_t cursor = 0;
    size_t count = 0;
    while (baals_receipt_events_next(&events[count], &cursor, &receipt))
        count++;
    assert_int_equal(count, receipt.event_count);
    bl_receipt_encode(again, &receipt, events, count);
    return BAALS_OK;
}

static baals_status
formats_decode_genesis(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_arena arena;
    baals_genesis genesis;
    bl_arena_init(&arena, bl_alloc_system(), 64u * 1024u * 1024u);
    baals_status status = bl_genesis_decode(&genesis, &arena, bytes, err);
    if (status == BAALS_OK)
        bl_genesis_encode(again, &genesis);
    bl_arena_deinit(&arena);
    return status;
}

/* ---- encoding.json ---- */

static void formats_write_value(struct bl_buffer *buffer, const struct testlib_json *value);

static void formats_write_tagged(struct bl_buffer *buffer, const struct testlib_json *value)
{
    if (testlib_json_has(value, "int")) {
        const char *text = testlib_json_text(testlib_json_get(value, "int"));
        if (text[0] == '-')
            bl_cbor_write_int(buffer, strtoll(text, NULL, 10));
        else
            bl_cbor_write_uint(buffer, strtoull(text, NULL, 10));
    } else if (testlib_json_has(value, "bytes")) {
        baals_slice bytes = formats_hex(testlib_json_get(value, "bytes"));
        bl_cbor_write_bytes(buffer, bytes);
        formats_free(bytes);
    } else if (testlib_json_has(value, "text")) {
        bl_cbor_write_text(buffer,
                           bl_slice_str(testlib_json_text(testlib_json_get(value, "text"))));
    } else if (testlib_json_has(value, "array")) {
        const struct testlib_json *array = testlib_json_get(value, "array");
        bl_cbor_write_array(buffer, testlib_json_count(array));
        for (size_t i = 0; i < testlib_json_count(array); i++)
            formats_write_value(buffer, testlib_json_at(array, i));
    } else {
        const struct testlib_json *map = testlib_json_get(value, "map");
        bl_cbor_write_map(buffer, testlib_json_count(map));
        for (size_t i = 0; i < testlib_json_count(map); i++) {
            const struct testlib_json *pair = testlib_json_at(map, i);
            bl_cbor_write_text(buffer, bl_slice_str(testlib_json_text(testlib_json_at(pair, 0))));
            formats_write_value(buffer, testlib_json_at(pair, 1));
        }
    }
}

static void formats_write_value(struct bl_buffer *buffer, const struct testlib_json *value)
{
    if (testlib_json_is_null(value))
        bl_cbor_write_null(buffer);
    else if (testlib_json_is_bool(value))
        bl_cbor_write_bool(buffer, testlib_json_bool(value));
    else
        formats_write_tagged(buffer, value);
}

/* Goal: every item of the subset is written and read as the specification says. */
static void test_formats_cbor(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("encoding");
    const struct testlib_json *cases = testlib_json_get(file, "cbor");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        baals_slice bytes = formats_bytes(one);
        struct bl_buffer buffer = formats_buffer();
        const char *hex = testlib_json_text(testlib_json_get(one, "hex"));
        assert_ok(formats_decode_item(&buffer, bytes, NULL));
        if (testlib_json_has(one, "value")) {
            bl_buffer_clear(&buffer);
            formats_write_value(&buffer, testlib_json_get(one, "value"));
        }
        formats_assert_equal(bl_buffer_slice(&buffer), bytes, hex);
        bl_buffer_deinit(&buffer);
        formats_free(bytes);
    }
    formats_check_rejects(testlib_json_get(file, "cbor_reject"), formats_decode_item);
    formats_check_mutations(testlib_json_get(file, "cbor_mutations"), formats_decode_item);
    testlib_json_free(file);
}

/* Goal: account records and tagged hashes are those of the specification. */
static void test_formats_records(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("encoding");
    const struct testlib_json *cases = testlib_json_get(file, "accounts");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        struct bl_account account = {.balance = formats_u64(testlib_json_get(one, "balance")),
                                     .nonce = formats_u64(testlib_json_get(one, "nonce"))};
        account.has_code =
            formats_read_32(account.code_hash.bytes, testlib_json_get(one, "code_hash"));
        account.has_creator =
            formats_read_32(account.creator.bytes, testlib_json_get(one, "creator"));
        uint8_t encoded[BL_ACCOUNT_BYTES_MAX];
        baals_slice bytes = formats_bytes(one);
        size_t len = bl_account_encode(encoded, &account);
        formats_assert_equal(bl_slice(encoded, len), bytes, "account");
        struct bl_account again;
        assert_ok(bl_account_decode(&again, bytes, NULL));
        assert_int_equal(again.balance, account.balance);
        assert_int_equal(again.nonce, account.nonce);
        assert_int_equal(again.has_code, account.has_code);
        assert_int_equal(again.has_creator, account.has_creator);
        assert_memory_equal(again.code_hash.bytes, account.code_hash.bytes, 32);
        assert_memory_equal(again.creator.bytes, account.creator.bytes, 32);
        formats_free(bytes);
    }
    formats_check_rejects(testlib_json_get(file, "account_reject"), formats_decode_account);
    formats_check_mutations(testlib_json_get(file, "account_mutations"), formats_decode_account);

    const struct testlib_json *tagged = testlib_json_get(file, "tagged");
    for (size_t i = 0; i < testlib_json_count(tagged); i++) {
        const struct testlib_json *one = testlib_json_at(tagged, i);
        baals_slice data = formats_hex(testlib_json_get(one, "data"));
        baals_hash hash;
        bl_hash_tagged(&hash, testlib_json_text(testlib_json_get(one, "tag")), data);
        formats_assert_hash(&hash, testlib_json_get(one, "hash"));
        formats_free(data);
    }
    testlib_json_free(file);
}

/* ---- merkle.json ---- */

#define FORMATS_LEAVES_MAX 32

static void formats_check_proof(const struct bl_merkle_proof *proof,
                                const struct testlib_json *want)
{
    assert_int_equal(proof->step_count, testlib_json_count(want));
    for (uint32_t i = 0; i < proof->step_count; i++)
        formats_assert_hash(&proof->steps[i].sibling, testlib_json_at(want, i));
}

/* Goal: roots and proofs of lists are those of the specification. */
static void test_formats_merkle_lists(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("merkle");
    const struct testlib_json *lists = testlib_json_get(file, "lists");
    for (size_t i = 0; i < testlib_json_count(lists); i++) {
        const struct testlib_json *one = testlib_json_at(lists, i);
        const struct testlib_json *texts = testlib_json_get(one, "leaves");
        baals_slice leaves[FORMATS_LEAVES_MAX];
        size_t count = testlib_json_count(texts);
        assert_true(count <= FORMATS_LEAVES_MAX);
        for (size_t j = 0; j < count; j++)
            leaves[j] = formats_hex(testlib_json_at(texts, j));
        baals_hash root;
        bl_merkle_root(&root, leaves, count);
        formats_assert_hash(&root, testlib_json_get(one, "root"));
        for (size_t j = 0; j < count; j++) {
            struct bl_merkle_proof proof;
            bl_merkle_prove(&proof, leaves, count, j);
            formats_check_proof(&proof, testlib_json_at(testlib_json_get(one, "proofs"), j));
            assert_true(bl_merkle_verify(&root, leaves[j], &proof));
        }
        for (size_t j = 0; j < count; j++)
            formats_free(leaves[j]);
    }
    testlib_json_free(file);
}

/* Goal: roots and proofs of maps are those of the specification. */
static void test_formats_merkle_maps(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("merkle");
    const struct testlib_json *maps = testlib_json_get(file, "maps");
    for (size_t i = 0; i < testlib_json_count(maps); i++) {
        const struct testlib_json *one = testlib_json_at(maps, i);
        const struct testlib_json *texts = testlib_json_get(one, "pairs");
        struct bl_merkle_pair pairs[FORMATS_LEAVES_MAX];
        size_t count = testlib_json_count(texts);
        assert_true(count <= FORMATS_LEAVES_MAX);
        for (size_t j = 0; j < count; j++) {
            const struct testlib_json *pair = testlib_json_at(texts, j);
            pairs[j].key = formats_hex(testlib_json_at(pair, 0));
            pairs[j].value = formats_hex(testlib_json_at(pair, 1));
        }
        baals_hash root;
        bl_merkle_map_root(&root, pairs, count);
        formats_assert_hash(&root, testlib_json_get(one, "root"));
        for (size_t j = 0; j < count; j++) {
            struct bl_merkle_proof proof;
            bl_merkle_map_prove(&proof, pairs, count, j);
            formats_check_proof(&proof, testlib_json_at(testlib_json_get(one, "proofs"), j));
            assert_true(bl_merkle_map_verify(&root, &pairs[j], &proof));
        }
        for (size_t j = 0; j < count; j++) {
            formats_free(pairs[j].key);
            formats_free(pairs[j].value);
        }
    }
    testlib_json_free(file);
}

/* ---- address.json ---- */

static baals_address_kind formats_kind(const char *name)
{
    if (strcmp(name, "account") == 0)
        return BAALS_ADDRESS_ACCOUNT;
    return strcmp(name, "contract") == 0 ? BAALS_ADDRESS_CONTRACT : BAALS_ADDRESS_SYSTEM;
}

/* What the message says for each rule of addresses.md 2. */
static const char *formats_rule_words(const char *rule)
{
    static const char *const words[][2] = {
        {"case", "wrong case"},         {"prefix", "wrong prefix: it must begin"},
        {"length", "wrong length"},     {"character", "a character that addresses do not use"},
        {"checksum", "wrong checksum"}, {"padding", "bits set behind"},
        {"kind", "wrong prefix: bls1"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(words); i++) {
        if (strcmp(words[i][0], rule) == 0)
            return words[i][1];
    }
    fail_msg("unknown rule %s", rule);
    return "";
}

/* Goal: addresses are written and read as the specification says; a refusal names its rule. */
static void test_formats_addresses(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("address");
    const struct testlib_json *cases = testlib_json_get(file, "texts");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        const char *text = testlib_json_text(testlib_json_get(one, "text"));
        baals_address_kind kind = formats_kind(testlib_json_text(testlib_json_get(one, "kind")));
        baals_address address;
        char formatted[BAALS_ADDRESS_TEXT_SIZE];
        assert_true(formats_read_32(address.bytes, testlib_json_get(one, "bytes")));
        baals_address_format(formatted, kind, &address);
        assert_string_equal(formatted, text);
        baals_address again;
        baals_address_kind kind_again;
        assert_ok(baals_address_parse(&again, &kind_again, text, NULL));
        assert_int_equal(kind_again, kind);
        assert_memory_equal(again.bytes, address.bytes, 32);
    }
    const struct testlib_json *rejects = testlib_json_get(file, "reject");
    for (size_t i = 0; i < testlib_json_count(rejects); i++) {
        const struct testlib_json *one = testlib_json_at(rejects, i);
        const char *text = testlib_json_text(testlib_json_get(one, "text"));
        baals_address address;
        baals_address_kind kind;
        baals_error err;
        assert_status(baals_address_parse(&address, &kind, text, &err), BAALS_MISUSE_ADDRESS);
        const char *words = formats_rule_words(testlib_json_text(testlib_json_get(one, "rule")));
        if (strstr(err.message, words) == NULL)
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, err.message, words);
    }
    testlib_json_free(file);
}

/* Goal: contract ids follow from name, or deployer and nonce. */
static void test_formats_contract_ids(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("address");
    const struct testlib_json *named = testlib_json_get(file, "genesis_contracts");
    for (size_t i = 0; i < testlib_json_count(named); i++) {
        const struct testlib_json *one = testlib_json_at(named, i);
        baals_address id;
        baals_address want;
        const char *name = testlib_json_text(testlib_json_get(one, "name"));
        assert_ok(baals_contract_id_from_name(&id, bl_slice_str(name), NULL));
        assert_true(formats_read_32(want.bytes, testlib_json_get(one, "id")));
        assert_memory_equal(id.bytes, want.bytes, 32);
    }
    const struct testlib_json *deployed = testlib_json_get(file, "deployed_contracts");
    for (size_t i = 0; i < testlib_json_count(deployed); i++) {
        const struct testlib_json *one = testlib_json_at(deployed, i);
        baals_address deployer;
        baals_address id;
        baals_address want;
        assert_true(formats_read_32(deployer.bytes, testlib_json_get(one, "deployer")));
        assert_true(formats_read_32(want.bytes, testlib_json_get(one, "id")));
        baals_contract_id_from_deploy(&id, &deployer, formats_u64(testlib_json_get(one, "nonce")));
        assert_memory_equal(id.bytes, want.bytes, 32);
    }
    const struct testlib_json *made = testlib_json_get(file, "made_contracts");
    assert_true(testlib_json_count(made) > 0);
    for (size_t i = 0; i < testlib_json_count(made); i++) {
        const struct testlib_json *one = testlib_json_at(made, i);
        baals_address deployer, id, want;
        baals_hash salt, code_hash;
        assert_true(formats_read_32(deployer.bytes, testlib_json_get(one, "deployer")));
        assert_true(formats_read_32(salt.bytes, testlib_json_get(one, "salt")));
        assert_true(formats_read_32(code_hash.bytes, testlib_json_get(one, "code_hash")));
        assert_true(formats_read_32(want.bytes, testlib_json_get(one, "id")));
        baals_contract_id_from_contract(&id, &deployer, &salt, &code_hash);
        assert_memory_equal(id.bytes, want.bytes, 32);
    }
    testlib_json_free(file);
}

/* ---- transaction.json ---- */

/* The transaction of a case's fields; free payload and metadata. */
static baals_tx formats_read_tx(const struct testlib_json *fields)
{
    baals_tx tx;
    memset(&tx, 0, sizeof tx);
    tx.kind = (baals_tx_kind)testlib_json_int(testlib_json_get(fields, "kind"));
    formats_read_32(tx.chain_id.bytes, testlib_json_get(fields, "chain_id"));
    formats_read_32(tx.sender.bytes, testlib_json_get(fields, "sender"));
    tx.nonce = formats_u64(testlib_json_get(fields, "nonce"));
    tx.has_recipient = formats_read_32(tx.recipient.bytes, testlib_json_get(fields, "recipient"));
    tx.amount.units = formats_u64(testlib_json_get(fields, "amount"));
    const struct testlib_json *payload = testlib_json_get(fields, "payload");
    tx.has_payload = !testlib_json_is_null(payload);
    if (tx.has_payload && testlib_json_is_text(payload)) {
        tx.payload = formats_hex(payload);
    } else if (tx.has_payload) {
        size_t zeros = (size_t)testlib_json_int(testlib_json_get(payload, "zeros"));
        tx.payload = bl_slice(calloc(1, zeros), zeros);
    }
    tx.gas_limit = formats_u64(testlib_json_get(fields, "gas_limit"));
    tx.gas_price = formats_u64(testlib_json_get(fields, "gas_price"));
    const struct testlib_json *valid_until = testlib_json_get(fields, "valid_until");
    tx.has_valid_until = !testlib_json_is_null(valid_until);
    if (tx.has_valid_until)
        tx.valid_until = formats_u64(valid_until);
    const struct testlib_json *metadata = testlib_json_get(fields, "metadata");
    tx.has_metadata = !testlib_json_is_null(metadata);
    if (tx.has_metadata)
        tx.metadata = formats_hex(metadata);
    return tx;
}

static void formats_assert_tx(const baals_tx *found, const baals_tx *want)
{
    assert_int_equal(found->kind, want->kind);
    assert_int_equal(found->has_recipient, want->has_recipient);
    assert_int_equal(found->has_payload, want->has_payload);
    assert_int_equal(found->has_valid_until, want->has_valid_until);
    assert_int_equal(found->has_metadata, want->has_metadata);
    assert_memory_equal(found->chain_id.bytes, want->chain_id.bytes, 32);
    assert_memory_equal(found->sender.bytes, want->sender.bytes, 32);
    assert_int_equal(found->nonce, want->nonce);
    assert_memory_equal(found->recipient.bytes, want->recipient.bytes, 32);
    assert_int_equal(found->amount.units, want->amount.units);
    assert_true(bl_slice_equal(found->payload, want->payload));
    assert_int_equal(found->gas_limit, want->gas_limit);
    assert_int_equal(found->gas_price, want->gas_price);
    assert_int_equal(found->valid_until, want->valid_until);
    assert_true(bl_slice_equal(found->metadata, want->metadata));
}

static void formats_check_tx(const struct testlib_json *one)
{
    const char *what = testlib_json_text(testlib_json_get(one, "what"));
    baals_tx fields = formats_read_tx(testlib_json_get(one, "fields"));
    baals_slice bytes = formats_bytes(one);
    uint8_t seed[32];
    baals_keypair keypair;
    assert_true(formats_read_32(seed, testlib_json_get(one, "seed")));
    baals_keypair_from_seed(&keypair, seed);
    assert_memory_equal(keypair.address.bytes, fields.sender.bytes, 32);

    size_t len;
    baals_hash id;
    assert_ok(baals_tx_sign(NULL, 0, &len, NULL, &fields, &keypair, NULL));
    assert_int_equal(len, bytes.len);
    uint8_t *made = malloc(len);
    assert_non_null(made);
    assert_ok(baals_tx_sign(made, len, &len, &id, &fields, &keypair, NULL));
    formats_assert_equal(bl_slice(made, len), bytes, what);
    formats_assert_hash(&id, testlib_json_get(one, "id"));

    baals_tx tx;
    assert_ok(baals_tx_decode(&tx, bytes, NULL));
    formats_assert_tx(&tx, &fields);
    formats_assert_hash(&tx.id, testlib_json_get(one, "id"));
    baals_hash body_hash;
    bl_sha256(&body_hash, tx.body);
    formats_assert_hash(&body_hash, testlib_json_get(one, "body_sha256"));
    assert_ok(baals_tx_verify(&tx, NULL));

    free(made);
    formats_free(bytes);
    formats_free(fields.payload);
    formats_free(fields.metadata);
}

/* Goal: transactions are signed, encoded, identified and refused as the specification says. */
static void test_formats_transactions(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("transaction");
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    for (size_t i = 0; i < testlib_json_count(cases); i++)
        formats_check_tx(testlib_json_at(cases, i));
    formats_check_rejects(testlib_json_get(file, "reject"), formats_decode_tx);
    formats_check_mutations(testlib_json_get(file, "mutations"), formats_decode_tx);
    testlib_json_free(file);
}

/* Goal: payloads of calls and deploys are made and read as the specification says. */
static void test_formats_payloads(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("transaction");
    uint8_t made[256];
    size_t len;
    const struct testlib_json *calls = testlib_json_get(file, "calls");
    for (size_t i = 0; i < testlib_json_count(calls); i++) {
        const struct testlib_json *one = testlib_json_at(calls, i);
        const char *method = testlib_json_text(testlib_json_get(one, "method"));
        baals_slice args = formats_hex(testlib_json_get(one, "args"));
        baals_slice bytes = formats_bytes(one);
        assert_ok(baals_tx_encode_call_payload(made, sizeof made, &len, bl_slice_str(method), args,
                                               NULL));
        formats_assert_equal(bl_slice(made, len), bytes, method);
        formats_free(args);
        formats_free(bytes);
    }
    const struct testlib_json *deploys = testlib_json_get(file, "deploys");
    for (size_t i = 0; i < testlib_json_count(deploys); i++) {
        const struct testlib_json *one = testlib_json_at(deploys, i);
        const struct testlib_json *init_text = testlib_json_get(one, "init_args");
        bool has_init = !testlib_json_is_null(init_text);
        baals_slice code = formats_hex(testlib_json_get(one, "code"));
        baals_slice init = has_init ? formats_hex(init_text) : bl_slice(NULL, 0);
        baals_slice bytes = formats_bytes(one);
        assert_ok(baals_tx_encode_deploy_payload(made, sizeof made, &len, code,
                                                 has_init ? &init : NULL, NULL));
        formats_assert_equal(bl_slice(made, len), bytes, "deploy payload");
        formats_free(code);
        formats_free(init);
        formats_free(bytes);
    }
    const struct testlib_json *rejects = testlib_json_get(file, "payload_reject");
    for (size_t i = 0; i < testlib_json_count(rejects); i++) {
        const struct testlib_json *one = testlib_json_at(rejects, i);
        bool call = strcmp(testlib_json_text(testlib_json_get(one, "payload")), "call") == 0;
        formats_check_verdict(one, call ? formats_decode_call : formats_decode_deploy,
                              testlib_json_text(testlib_json_get(one, "what")));
    }
    testlib_json_free(file);
}

/* ---- sysop.json ---- */

/* Goal: payloads of system operations are made, identified and refused as specified. */
static void test_formats_sysops(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("sysop");
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        const char *op = testlib_json_text(testlib_json_get(one, "op"));
        baals_slice bytes = formats_bytes(one);
        struct bl_buffer buffer = formats_buffer();
        struct bl_sysop sysop;
        baals_hash id;
        bl_cbor_write_array(&buffer, 3);
        bl_cbor_write_text(&buffer, bl_slice_str(op));
        bl_cbor_write_uint(&buffer, formats_u64(testlib_json_get(one, "epoch")));
        formats_write_value(&buffer, testlib_json_get(one, "args"));
        formats_assert_equal(bl_buffer_slice(&buffer), bytes, op);
        assert_ok(bl_sysop_decode(&sysop, bytes, NULL));
        assert_int_equal(sysop.epoch, formats_u64(testlib_json_get(one, "epoch")));
        bl_buffer_clear(&buffer);
        bl_sysop_encode(&buffer, &sysop);
        formats_assert_equal(bl_buffer_slice(&buffer), bytes, op);
        bl_sysop_id(&id, bytes);
        formats_assert_hash(&id, testlib_json_get(one, "id"));
        bl_buffer_deinit(&buffer);
        formats_free(bytes);
    }
    formats_check_rejects(testlib_json_get(file, "reject"), formats_decode_sysop);
    formats_check_mutations(testlib_json_get(file, "mutations"), formats_decode_sysop);
    testlib_json_free(file);
}

/* ---- block.json ---- */

static baals_header formats_read_header(const struct testlib_json *fields)
{
    baals_header header;
    memset(&header, 0, sizeof header);
    formats_read_32(header.chain_id.bytes, testlib_json_get(fields, "chain_id"));
    header.index = formats_u64(testlib_json_get(fields, "index"));
    header.timestamp_ms = formats_u64(testlib_json_get(fields, "timestamp_ms"));
    formats_read_32(header.prev_hash.bytes, testlib_json_get(fields, "prev_hash"));
    formats_read_32(header.tx_root.bytes, testlib_json_get(fields, "tx_root"));
    formats_read_32(header.receipts_root.bytes, testlib_json_get(fields, "receipts_root"));
    formats_read_32(header.state_root.bytes, testlib_json_get(fields, "state_root"));
    header.gas_used = formats_u64(testlib_json_get(fields, "gas_used"));
    formats_read_32(header.proposer.bytes, testlib_json_get(fields, "proposer"));
    header.nonce = formats_u64(testlib_json_get(fields, "nonce"));
    const struct testlib_json *metadata = testlib_json_get(fields, "metadata");
    header.has_metadata = !testlib_json_is_null(metadata);
    if (header.has_metadata)
        header.metadata = formats_hex(metadata);
    return header;
}

static void formats_check_block(const struct testlib_json *one)
{
    const char *what = testlib_json_text(testlib_json_get(one, "what"));
    baals_header header = formats_read_header(testlib_json_get(one, "fields"));
    baals_slice header_bytes = formats_hex(testlib_json_get(one, "header"));
    const struct testlib_json *seal_text = testlib_json_get(one, "seal");
    bool has_seal = !testlib_json_is_null(seal_text);
    baals_slice seal = has_seal ? formats_hex(seal_text) : bl_slice(NULL, 0);
    const struct testlib_json *tx_texts = testlib_json_get(one, "txs");
    size_t tx_count = testlib_json_count(tx_texts);
    baals_slice txs[FORMATS_LEAVES_MAX];
    assert_true(tx_count <= FORMATS_LEAVES_MAX);
    for (size_t i = 0; i < tx_count; i++)
        txs[i] = formats_hex(testlib_json_at(tx_texts, i));

    struct bl_buffer buffer = formats_buffer();
    bl_header_encode(&buffer, &header);
    formats_assert_equal(bl_buffer_slice(&buffer), header_bytes, what);
    bl_buffer_clear(&buffer);
    bl_block_encode(&buffer, header_bytes, has_seal ? &seal : NULL, txs, tx_count);
    baals_slice bytes = formats_bytes(one);
    formats_assert_equal(bl_buffer_slice(&buffer), bytes, what);

    baals_block block;
    baals_hash root;
    assert_ok(baals_block_decode(&block, bytes, NULL));
    formats_assert_hash(&block.hash, testlib_json_get(one, "hash"));
    assert_true(bl_slice_equal(block.seal, seal));
    assert_int_equal(block.tx_count, tx_count);
    size_t cursor = 0;
    for (size_t i = 0; i < tx_count; i++) {
        baals_slice tx;
        assert_int_equal(baals_block_txs_next(&tx, &cursor, &block), 1);
        formats_assert_equal(tx, txs[i], what);
    }
    bl_merkle_root(&root, txs, tx_count);
    formats_assert_hash(&root, testlib_json_get(one, "tx_root"));

    bl_buffer_deinit(&buffer);
    for (size_t i = 0; i < tx_count; i++)
        formats_free(txs[i]);
    formats_free(bytes);
    formats_free(seal);
    formats_free(header_bytes);
    formats_free(header.metadata);
}

/* Goal: headers and blocks are encoded, hashed and refused as the specification says. */
static void test_formats_blocks(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("block");
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    for (size_t i = 0; i < testlib_json_count(cases); i++)
        formats_check_block(testlib_json_at(cases, i));
    formats_check_rejects(testlib_json_get(file, "reject"), formats_decode_block);
    formats_check_mutations(testlib_json_get(file, "mutations"), formats_decode_block);
    testlib_json_free(file);
}

/* ---- receipt.json ---- */

static void formats_check_receipt(const struct testlib_json *one)
{
    const char *what = testlib_json_text(testlib_json_get(one, "what"));
    const struct testlib_json *event_list = testlib_json_get(one, "events");
    size_t event_count = testlib_json_count(event_list);
    baals_event events[BL_EVENTS_PER_TX_MAX];
    baals_slice bytes = formats_bytes(one);
    baals_receipt receipt;

    assert_true(event_count <= BL_COUNT_OF(events));
    assert_ok(baals_receipt_decode(&receipt, bytes, NULL));
    assert_string_equal(baals_receipt_status_name(receipt.status),
                        testlib_json_text(testlib_json_get(one, "status")));
    assert_int_equal(receipt.gas_used, formats_u64(testlib_json_get(one, "gas_used")));
    assert_int_equal(receipt.fee, formats_u64(testlib_json_get(one, "fee")));
    uint8_t contract[32];
    assert_int_equal(receipt.has_contract,
                     formats_read_32(contract, testlib_json_get(one, "contract")));
    assert_memory_equal(receipt.contract.bytes, contract, 32);
    baals_slice output = formats_bytes(testlib_json_get(one, "output"));
    formats_assert_equal(receipt.output, output, what);

    size_t cursor = 0;
    for (size_t i = 0; i < event_count; i++) {
        const struct testlib_json *want = testlib_json_at(event_list, i);
        const struct testlib_json *topics = testlib_json_get(want, "topics");
        baals_slice data = formats_bytes(testlib_json_get(want, "data"));
        assert_int_equal(baals_receipt_events_next(&events[i], &cursor, &receipt), 1);
        assert_int_equal(events[i].topic_count, testlib_json_count(topics));
        for (uint32_t j = 0; j < events[i].topic_count; j++)
            formats_assert_hash(&events[i].topics[j], testlib_json_at(topics, j));
        formats_assert_equal(events[i].data, data, what);
        formats_free(data);
    }
    struct bl_buffer buffer = formats_buffer();
    bl_receipt_encode(&buffer, &receipt, events, event_count);
    formats_assert_equal(bl_buffer_slice(&buffer), bytes, what);
    bl_buffer_deinit(&buffer);
    formats_free(output);
    formats_free(bytes);
}

/* Goal: receipts are encoded, read and refused as the specification says. */
static void test_formats_receipts(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("receipt");
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    for (size_t i = 0; i < testlib_json_count(cases); i++)
        formats_check_receipt(testlib_json_at(cases, i));
    formats_check_rejects(testlib_json_get(file, "reject"), formats_decode_receipt);
    formats_check_mutations(testlib_json_get(file, "mutations"), formats_decode_receipt);
    testlib_json_free(file);
}

/* ---- genesis.json ---- */

/* Goal: a genesis decodes, encodes to the same bytes and gives the chain id. */
static void test_formats_genesis(void **state)
{
    (void)state;
    struct testlib_json *file = formats_load("genesis");
    const struct testlib_json *cases = testlib_json_get(file, "accept");
    for (size_t i = 0; i < testlib_json_count(cases); i++) {
        const struct testlib_json *one = testlib_json_at(cases, i);
        const struct testlib_json *json = testlib_json_get(one, "json");
        const char *what = testlib_json_text(testlib_json_get(one, "what"));
        baals_slice bytes = formats_bytes(one);
        struct bl_arena arena;
        baals_genesis genesis;
        bl_arena_init(&arena, bl_alloc_system(), 1024u * 1024u);
        assert_ok(bl_genesis_decode(&genesis, &arena, bytes, NULL));
        assert_int_equal(genesis.start_ms, testlib_json_int(testlib_json_get(json, "start_ms")));
        assert_int_equal(genesis.balance_count,
                         testlib_json_count(testlib_json_get(json, "balances")));
        assert_int_equal(genesis.contract_count,
                         testlib_json_count(testlib_json_get(json, "contracts")));
        size_t len;
        assert_ok(baals_genesis_encode(NULL, 0, &len, &genesis, NULL));
        uint8_t *made = malloc(len);
        assert_non_null(made);
        assert_ok(baals_genesis_encode(made, len, &len, &genesis, NULL));
        formats_assert_equal(bl_slice(made, len), bytes, what);
        baals_hash chain_id;
        baals_genesis_chain_id(&chain_id, bytes);
        formats_assert_hash(&chain_id, testlib_json_get(one, "chain_id"));
        free(made);
        bl_arena_deinit(&arena);
        formats_free(bytes);
    }
    formats_check_rejects(testlib_json_get(file, "reject"), formats_decode_genesis);
    formats_check_mutations(testlib_json_get(file, "mutations"), formats_decode_genesis);
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats_cbor),         cmocka_unit_test(test_formats_records),
        cmocka_unit_test(test_formats_merkle_lists), cmocka_unit_test(test_formats_merkle_maps),
        cmocka_unit_test(test_formats_addresses),    cmocka_unit_test(test_formats_contract_ids),
        cmocka_unit_test(test_formats_transactions), cmocka_unit_test(test_formats_payloads),
        cmocka_unit_test(test_formats_sysops),       cmocka_unit_test(test_formats_blocks),
        cmocka_unit_test(test_formats_receipts),     cmocka_unit_test(test_formats_genesis),
    };
    testlib_init(argc, argv);
    formats_dir = testlib_source_path("docs/spec/vectors");
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--vectors") == 0)
            formats_dir = argv[i + 1];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
