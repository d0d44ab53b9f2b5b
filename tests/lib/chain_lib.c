/* SPDX-License-Identifier: MIT */
/* Whole chains for tests: see chain_lib.h. */
#include "chain_lib.h"

#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"
#include "crypto/crypto.h"

/* ---- the clock ---- */

struct chain_clock_file {
    struct bl_file base;
    struct bl_file *real;
};

static struct chain_clock *chain_clock_of(struct bl_env *env)
{
    return BL_CONTAINER_OF(env, struct chain_clock, env);
}

static struct bl_file *chain_clock_real(struct bl_file *file)
{
    return BL_CONTAINER_OF(file, struct chain_clock_file, base)->real;
}

static uint64_t chain_clock_ms(struct bl_env *self)
{
    return atomic_load(&chain_clock_of(self)->now_ms);
}

static uint64_t chain_clock_monotonic_ns(struct bl_env *self)
{
    return bl_env_monotonic_ns(chain_clock_of(self)->real);
}

static baals_status
chain_clock_random(struct bl_env *self, uint8_t *out, size_t len, baals_error *err)
{
    return bl_env_random(chain_clock_of(self)->real, out, len, err);
}

static baals_status chain_clock_open(struct bl_env *self,
                                     struct bl_file **file_out,
                                     const char *path,
                                     uint32_t flags,
                                     baals_error *err)
{
    struct chain_clock_file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    baals_status status = bl_file_open(chain_clock_of(self)->real, &file->real, path, flags, err);
    if (status != BAALS_OK) {
        free(file);
        return status;
    }
    file->base.env = self;
    *file_out = &file->base;
    return BAALS_OK;
}

static baals_status chain_clock_read_at(struct bl_file *file,
                                        uint8_t *out,
                                        size_t *read_out,
                                        uint64_t offset,
                                        size_t len,
                                        baals_error *err)
{
    return bl_file_read_at(chain_clock_real(file), out, read_out, offset, len, err);
}

static baals_status chain_clock_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    static const uint8_t zeros[4096];
    bool full = atomic_load(&chain_clock_of(file->env)->full) != 0;
    /* What is written over by zeros has its place already. */
    if (full && len > 0 && memcmp(data, zeros, len < sizeof zeros ? len : sizeof zeros) != 0)
        return bl_fail(err, BAALS_IO_FULL, "the disk is full");
    return bl_file_write_at(chain_clock_real(file), offset, data, len, err);
}

static baals_status chain_clock_sync(struct bl_file *file, baals_error *err)
{
    return bl_file_sync(chain_clock_real(file), err);
}

static baals_status chain_clock_size(struct bl_file *file, uint64_t *size_out, baals_error *err)
{
    return bl_file_size(chain_clock_real(file), size_out, err);
}

static baals_status chain_clock_truncate(struct bl_file *file, uint64_t size, baals_error *err)
{
    return bl_file_truncate(chain_clock_real(file), size, err);
}

static baals_status chain_clock_lock(struct bl_file *file, baals_error *err)
{
    return bl_file_lock(chain_clock_real(file), err);
}

static void chain_clock_close(struct bl_file *file)
{
    bl_file_close(chain_clock_real(file));
    free(BL_CONTAINER_OF(file, struct chain_clock_file, base));
}

static baals_status
chain_clock_rename(struct bl_env *self, const char *from, const char *to, baals_error *err)
{
    return bl_env_rename(chain_clock_of(self)->real, from, to, err);
}

static baals_status chain_clock_remove(struct bl_env *self, const char *path, baals_error *err)
{
    return bl_env_remove(chain_clock_of(self)->real, path, err);
}

static baals_status chain_clock_make_dir(struct bl_env *self, const char *path, baals_error *err)
{
    return bl_env_make_dir(chain_clock_of(self)->real, path, err);
}

static baals_status chain_clock_sync_dir(struct bl_env *self, const char *path, baals_error *err)
{
    return bl_env_sync_dir(chain_clock_of(self)->real, path, err);
}

static baals_status chain_clock_list_dir(struct bl_env *self,
                                         const char *path,
                                         baals_status (*each)(void *ctx, const char *name),
                                         void *ctx,
                                         baals_error *err)
{
    return bl_env_list_dir(chain_clock_of(self)->real, path, each, ctx, err);
}

static void chain_clock_close_env(struct bl_env *self)
{
    (void)self;
}

static const struct bl_env_ops chain_clock_ops = {
    .version = BL_ENV_OPS_VERSION,
    .name = "clock",
    .clock_ms = chain_clock_ms,
    .monotonic_ns = chain_clock_monotonic_ns,
    .random = chain_clock_random,
    .open = chain_clock_open,
    .read_at = chain_clock_read_at,
    .write_at = chain_clock_write_at,
    .sync = chain_clock_sync,
    .size = chain_clock_size,
    .truncate = chain_clock_truncate,
    .lock = chain_clock_lock,
    .close = chain_clock_close,
    .rename = chain_clock_rename,
    .remove = chain_clock_remove,
    .make_dir = chain_clock_make_dir,
    .sync_dir = chain_clock_sync_dir,
    .list_dir = chain_clock_list_dir,
    .close_env = chain_clock_close_env,
};

void chain_clock_init(struct chain_clock *clock, struct bl_env *real)
{
    memset(clock, 0, sizeof *clock);
    clock->env = *real;
    clock->env.ops = &chain_clock_ops;
    clock->real = real;
    atomic_init(&clock->now_ms, CHAIN_START_MS);
    atomic_init(&clock->full, 0);
}

/* ---- genesis and keys ---- */

baals_keypair chain_key(unsigned number)
{
    uint8_t seed[32];
    baals_keypair key;
    memset(seed, (int)(number + 1), sizeof seed);
    baals_keypair_from_seed(&key, seed);
    return key;
}

baals_address chain_address(unsigned number)
{
    return chain_key(number).address;
}

static int chain_balance_order(const void *a, const void *b)
{
    const baals_genesis_balance *left = a;
    const baals_genesis_balance *right = b;
    return memcmp(left->address.bytes, right->address.bytes, sizeof left->address.bytes);
}

void chain_genesis_encode(struct chain_genesis *g)
{
    baals_error err = {0};
    baals_status status =
        baals_genesis_encode(g->bytes, sizeof g->bytes, &g->len, &g->genesis, &err);
    if (status != BAALS_OK)
        fail_msg("genesis: %s", err.message);
    baals_genesis_chain_id(&g->chain_id, bl_slice(g->bytes, g->len));
}

void chain_genesis_init(struct chain_genesis *g, unsigned authorities)
{
    memset(g, 0, sizeof *g);
    baals_genesis_defaults(&g->genesis);
    g->genesis.chain_name = bl_slice_str("test");
    g->genesis.start_ms = CHAIN_START_MS;
    g->genesis.dev = authorities == 1 ? 1 : 0; /* dev chains have one */
    g->genesis.poa.slot_ms = CHAIN_SLOT_MS;
    for (unsigned i = 0; i < authorities; i++)
        g->authorities[i] = chain_address(i);
    g->genesis.poa.authorities = g->authorities;
    g->genesis.poa.authority_count = authorities;
    for (unsigned i = 0; i < BL_COUNT_OF(g->balances); i++)
        g->balances[i] = (baals_genesis_balance){chain_address(i), {CHAIN_RICH}};
    qsort(g->balances, BL_COUNT_OF(g->balances), sizeof g->balances[0], chain_balance_order);
    g->genesis.balances = g->balances;
    g->genesis.balance_count = BL_COUNT_OF(g->balances);
    chain_genesis_encode(g);
}

static const char chain_counter_body[] =
    "(data (i32.const 0) \"n\")"
    "(func $count (drop (call $storage_read (i32.const 0) (i32.const 1) (i32.const 16)"
    "   (i32.const 8))))"
    "(func $add (call $count)"
    "  (i64.store (i32.const 16) (i64.add (i64.load (i32.const 16)) (i64.const 1)))"
    "  (call $storage_write (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 8)))"
    "(func (export \"add\") (call $add)"
    "  (call $log_event (i32.const 32) (i32.const 1) (i32.const 16) (i32.const 8))"
    "  (call $output (i32.const 16) (i32.const 8)))"
    "(func (export \"get\") (call $count) (call $output (i32.const 16) (i32.const 8)))"
    "(func (export \"fail\") (call $add) unreachable)";

void chain_genesis_counter(struct chain_genesis *g)
{
    char *text = contract_module(chain_counter_body);
    size_t len = 0;
    const uint8_t *code = testlib_wat(&len, text);
    free(text);
    g->module = bl_slice(code, len);
    g->contract = (baals_genesis_contract){.name = bl_slice_str("counter")};
    bl_sha256(&g->contract.code_hash, g->module);
    g->genesis.contracts = &g->contract;
    g->genesis.contract_count = 1;
    chain_genesis_encode(g);
}

baals_address chain_counter_id(void)
{
    baals_address id;
    assert_ok(baals_contract_id_from_name(&id, bl_slice_str("counter"), NULL));
    return id;
}

void chain_genesis_deinit(struct chain_genesis *g)
{
    union {
        const uint8_t *data;
        void *owned;
    } module = {g->module.data};
    free(module.owned);
}

/* ---- chains ---- */

static void
chain_node_prepare(struct chain_node *node, const struct chain_genesis *g, unsigned authority)
{
    const baals_options defaults = BAALS_OPTIONS_INIT;
    node->genesis = g;
    node->key = chain_key(authority);
    chain_clock_init(&node->clock, node->disk);
    node->env = &node->clock.env;
    node->options = defaults;
    node->options.flags = BAALS_OPEN_CREATE;
    node->options.vm = "interpreter"; /* nothing in the background: a run repeats exactly */
    node->options.genesis = bl_slice(g->bytes, g->len);
    node->options.modules = &g->module;
    node->options.module_count = g->genesis.contract_count;
    node->options.authority = &node->key;
}

void chain_node_init(struct chain_node *node, const struct chain_genesis *g, unsigned authority)
{
    memset(node, 0, sizeof *node);
    assert_ok(bl_env_memory(&node->disk, bl_alloc_system(), NULL));
    memcpy(node->path, CHAIN_DIR, sizeof CHAIN_DIR);
    chain_node_prepare(node, g, authority);
    node->options.storage = "memory";
}

void chain_node_init_real(struct chain_node *node,
                          const struct chain_genesis *g,
                          unsigned authority,
                          const char *name)
{
    memset(node, 0, sizeof *node);
    assert_ok(bl_env_system(&node->disk, bl_alloc_system(), NULL));
    testlib_temp_dir(node->path, sizeof node->path, name);
    chain_node_prepare(node, g, authority);
    node->options.storage = "lmdb";
}

void chain_node_deinit(struct chain_node *node)
{
    if (node->chain != NULL)
        chain_node_close(node);
    if (strcmp(node->path, CHAIN_DIR) != 0)
        testlib_remove_tree(node->path);
    bl_env_close(node->disk);
}

baals_status chain_node_try_open(struct chain_node *node)
{
    struct baals_chain *chain = NULL;
    assert_null(node->chain);
    BL_TRY(bl_chain_new_env(&chain, node->env, node->path, &node->options, &node->err));
    BL_TRY(bl_chain_open(chain, &node->err));
    node->chain = chain;
    return BAALS_OK;
}

void chain_node_open(struct chain_node *node)
{
    baals_status status = chain_node_try_open(node);
    if (status != BAALS_OK)
        fail_msg("opening: %s: %s", baals_status_name(status), node->err.message);
}

void chain_node_close(struct chain_node *node)
{
    baals_chain *chain = node->chain;
    node->chain = NULL;
    assert_ok(baals_close(chain, &node->err));
}

void chain_node_kill(struct chain_node *node)
{
    baals_chain *chain = node->chain;
    node->chain = NULL;
    pthread_mutex_lock(&chain->lock);
    chain->failed = BAALS_IO; /* no checkpoint */
    pthread_mutex_unlock(&chain->lock);
    atomic_store(&node->clock.full, 1);
    (void)baals_close(chain, NULL); /* no SYNC record: the disk takes nothing */
    atomic_store(&node->clock.full, 0);
}

baals_status chain_node_verify(struct chain_node *node, baals_verify_report *out, uint32_t flags)
{
    struct baals_chain *chain = NULL;
    assert_null(node->chain);
    BL_TRY(bl_chain_new_env(&chain, node->env, node->path, &node->options, &node->err));
    return bl_chain_verify(out, chain, flags, NULL, NULL, &node->err);
}

/* ---- transactions and blocks ---- */

struct chain_tx chain_sign(const struct chain_genesis *g, unsigned key, const baals_tx *fields)
{
    struct chain_tx tx;
    baals_error err = {0};
    baals_tx filled = *fields;
    baals_keypair pair = chain_key(key);
    filled.chain_id = g->chain_id;
    memset(&tx, 0, sizeof tx);
    baals_status status =
        baals_tx_sign(tx.bytes, sizeof tx.bytes, &tx.len, &tx.id, &filled, &pair, &err);
    if (status != BAALS_OK)
        fail_msg("signing: %s: %s", baals_status_name(status), err.message);
    return tx;
}

struct chain_tx chain_transfer(
    const struct chain_genesis *g, unsigned from, uint64_t nonce, baals_address to, uint64_t amount)
{
    baals_tx fields;
    memset(&fields, 0, sizeof fields);
    fields.kind = BAALS_TX_TRANSFER;
    fields.nonce = nonce;
    fields.has_recipient = 1;
    fields.recipient = to;
    fields.amount.units = amount;
    fields.gas_limit = 60000;
    fields.gas_price = 1;
    return chain_sign(g, from, &fields);
}

struct chain_tx
chain_priced(const struct chain_genesis *g, unsigned from, uint64_t nonce, uint64_t gas_price)
{
    baals_tx fields;
    memset(&fields, 0, sizeof fields);
    fields.kind = BAALS_TX_TRANSFER;
    fields.nonce = nonce;
    fields.has_recipient = 1;
    fields.recipient = chain_address(7);
    fields.amount.units = 1;
    fields.gas_limit = 60000;
    fields.gas_price = gas_price;
    return chain_sign(g, from, &fields);
}

struct chain_tx
chain_call(const struct chain_genesis *g, unsigned from, uint64_t nonce, const char *method)
{
    uint8_t payload[128];
    size_t len = 0;
    baals_tx fields;
    memset(&fields, 0, sizeof fields);
    assert_ok(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str(method),
                                           bl_slice(NULL, 0), NULL));
    fields.kind = BAALS_TX_CALL;
    fields.nonce = nonce;
    fields.has_recipient = 1;
    fields.recipient = chain_counter_id();
    fields.has_payload = 1;
    fields.payload = bl_slice(payload, len);
    fields.gas_limit = 1000000;
    fields.gas_price = 1;
    return chain_sign(g, from, &fields);
}

baals_status chain_try_submit(struct chain_node *node, const struct chain_tx *tx)
{
    return baals_submit(node->chain, NULL, bl_slice(tx->bytes, tx->len), &node->err);
}

void chain_submit(struct chain_node *node, const struct chain_tx *tx)
{
    baals_status status = chain_try_submit(node, tx);
    if (status != BAALS_OK)
        fail_msg("submitting: %s: %s", baals_status_name(status), node->err.message);
}

bool chain_produce(struct chain_node *node)
{
    int32_t made = 0;
    baals_status status = baals_produce_block(node->chain, &made, NULL, &node->err);
    if (status != BAALS_OK)
        fail_msg("producing: %s: %s", baals_status_name(status), node->err.message);
    return made != 0;
}

void chain_set_slot(struct chain_node *node, uint64_t slot)
{
    atomic_store(&node->clock.now_ms, CHAIN_START_MS + slot * CHAIN_SLOT_MS);
}

void chain_produce_in_slot(struct chain_node *node)
{
    baals_chain_info info = chain_info(node);
    uint64_t slot = (atomic_load(&node->clock.now_ms) - CHAIN_START_MS) / CHAIN_SLOT_MS;
    uint64_t parent = info.timestamp_ms < CHAIN_START_MS
                          ? 0
                          : (info.timestamp_ms - CHAIN_START_MS) / CHAIN_SLOT_MS;
    if (slot <= parent)
        slot = parent + 1;
    while (!bl_address_equal(&info.authorities[slot % info.authority_count], &node->key.address))
        slot++;
    chain_set_slot(node, slot);
    assert_true(chain_produce(node));
}

baals_chain_info chain_info(struct chain_node *node)
{
    baals_chain_info info;
    assert_ok(baals_chain_info_get(node->chain, &info, &node->err));
    return info;
}

baals_status chain_copy_block(struct chain_node *to, struct chain_node *from, uint64_t height)
{
    baals_bytes bytes = {NULL, 0, NULL};
    baals_block block;
    assert_ok(baals_block_get(from->chain, &bytes, height, &from->err));
    assert_ok(baals_block_decode(&block, bl_slice(bytes.data, bytes.len), NULL));
    if (atomic_load(&to->clock.now_ms) < block.header.timestamp_ms)
        atomic_store(&to->clock.now_ms, block.header.timestamp_ms);
    baals_status status = baals_import_block(to->chain, bl_slice(bytes.data, bytes.len), &to->err);
    baals_bytes_free(&bytes);
    return status;
}

void chain_copy_from(struct chain_node *to, struct chain_node *from, uint64_t first)
{
    for (uint64_t height = first; height <= chain_info(from).height; height++) {
        baals_status status = chain_copy_block(to, from, height);
        if (status != BAALS_OK && status != BAALS_LIMIT_KNOWN)
            fail_msg("block %llu: %s: %s", (unsigned long long)height, baals_status_name(status),
                     to->err.message);
    }
}

uint64_t chain_balance(struct chain_node *node, baals_address address)
{
    baals_account account;
    baals_status status = baals_account_get(node->chain, &account, &address, &node->err);
    if (status == BAALS_NOTFOUND)
        return 0;
    assert_ok(status);
    return account.balance.units;
}

/* ---- exports ---- */

struct chain_sink {
    uint8_t *data;
    size_t len;
};

static baals_status chain_sink_take(void *ctx, baals_slice bytes, baals_error *err)
{
    struct chain_sink *sink = ctx;
    (void)err;
    sink->data = realloc(sink->data, sink->len + bytes.len + 1);
    assert_non_null(sink->data);
    if (bytes.len > 0)
        memcpy(sink->data + sink->len, bytes.data, bytes.len);
    sink->len += bytes.len;
    return BAALS_OK;
}

uint8_t *chain_export(baals_chain *chain, size_t *len_out)
{
    struct chain_sink sink = {NULL, 0};
    assert_ok(baals_export(chain, chain_sink_take, &sink, NULL));
    *len_out = sink.len;
    return sink.data;
}

baals_status
chain_source_next(void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err)
{
    struct chain_source *source = ctx;
    (void)err;
    /* Odd pieces, so that items straddle them. */
    size_t step = cap < 1001 ? cap : 1001;
    if (step > source->len)
        step = source->len;
    memcpy(out, source->data, step);
    source->data += step;
    source->len -= step;
    *len_out = step;
    return BAALS_OK;
}
