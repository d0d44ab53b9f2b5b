/* SPDX-License-Identifier: MIT */
/*
 * Faults of the contract engine under whole chains: wasmtime is interrupted in the midst of a call,
 * and the interpreter, on which the call is run again, may find no memory for it. A producer goes
 * on without the transaction; who takes in a block does so whole or not at all.
 */
#include <string.h>

#include "chain_lib.h"
#include "contracts/host.h"

/* The memory that fails once when faults_interrupt is called; NULL: none does. */
static struct testlib_faulty_alloc *faults_memory;

/* In the place of log_event in wasmtime's code. */
static baals_vm_action
faults_interrupt(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)ctx;
    (void)instance;
    (void)result_out;
    (void)args;
    if (faults_memory != NULL)
        faults_memory->fail_at = faults_memory->calls + 1;
    return BAALS_VM_ACTION_FORCE_INT;
}

struct faults {
    struct chain_genesis genesis;
    struct chain_node node; /* on wasmtime, interrupted in every call */
    struct chain_node peer; /* on the interpreter */
    struct testlib_faulty_alloc memory;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
};

static void faults_open(struct faults *fx, unsigned authority, unsigned peer)
{
    memset(fx, 0, sizeof *fx);
    faults_memory = NULL;
    chain_genesis_init(&fx->genesis, 1);
    chain_genesis_counter(&fx->genesis);
    chain_node_init(&fx->node, &fx->genesis, authority);
    chain_node_init(&fx->peer, &fx->genesis, peer);
    fx->node.clock.env.alloc = testlib_faulty_alloc(&fx->memory);
    chain_node_open(&fx->node);
    chain_node_open(&fx->peer);
    bl_host_functions(fx->functions);
    for (size_t i = 0; i < BL_HOST_FUNCTION_COUNT; i++) {
        if (strcmp(fx->functions[i].name, "log_event") == 0)
            fx->functions[i].call = faults_interrupt;
    }
    struct baals_chain *chain = fx->node.chain;
    struct bl_contract_options options = {
        .vm = "wasmtime", .compile_at_once = true, .fast_functions = fx->functions};
    bl_contract_close(chain->contracts);
    assert_ok(bl_contract_engine_new(&chain->contracts, chain->env, &options, &fx->node.err));
    chain->ledger.contracts = chain->contracts;
}

static void faults_close(struct faults *fx)
{
    faults_memory = NULL;
    chain_node_deinit(&fx->node);
    chain_node_deinit(&fx->peer);
    chain_genesis_deinit(&fx->genesis);
    assert_int_equal(fx->memory.live, 0);
}

static uint64_t faults_count(const struct faults *fx)
{
    struct bl_contract_counts counts;
    bl_contract_counts(fx->node.chain->contracts, &counts);
    return counts.faults;
}

/* A transfer, the call `add` and a transfer. */
static struct chain_tx faults_submit(struct chain_node *node, uint64_t nonce)
{
    struct chain_tx before = chain_transfer(node->genesis, 1, nonce, chain_address(30), 5);
    struct chain_tx call = chain_call(node->genesis, 2, nonce, "add");
    struct chain_tx after = chain_transfer(node->genesis, 3, nonce, chain_address(30), 5);
    chain_submit(node, &before);
    chain_submit(node, &call);
    chain_submit(node, &after);
    return call;
}

/* Goal: an interrupted call is in the block as if nothing had been. */
static void test_run_again(void **state)
{
    (void)state;
    struct faults fx;
    baals_tx_place place;
    faults_open(&fx, 0, 1);
    struct chain_tx call = faults_submit(&fx.node, 0);
    assert_true(chain_produce(&fx.node));
    assert_int_equal(faults_count(&fx), 1);
    assert_ok(baals_wait(fx.node.chain, &place, &call.id, 0, &fx.node.err));
    assert_ok(chain_copy_block(&fx.peer, &fx.node, 1));
    assert_memory_equal(chain_info(&fx.peer).hash.bytes, chain_info(&fx.node).hash.bytes, 32);
    faults_close(&fx);
}

/* Goal: without memory for the second run the transaction leaves the pool with the fault, the block
 * goes on without it, and it may come again. */
static void test_production(void **state)
{
    (void)state;
    struct faults fx;
    baals_tx_place place;
    baals_bytes bytes = {NULL, 0, NULL};
    baals_block block;
    faults_open(&fx, 0, 1);
    faults_memory = &fx.memory;
    struct chain_tx call = faults_submit(&fx.node, 0);
    assert_true(chain_produce(&fx.node));
    faults_memory = NULL;
    assert_int_equal(faults_count(&fx), 1);
    assert_ok(baals_block_get(fx.node.chain, &bytes, 1, &fx.node.err));
    assert_ok(baals_block_decode(&block, bl_slice(bytes.data, bytes.len), NULL));
    assert_int_equal(block.tx_count, 2);
    baals_bytes_free(&bytes);
    assert_status(baals_wait(fx.node.chain, &place, &call.id, 0, &fx.node.err),
                  BAALS_INTERNAL_FAULT);
    chain_submit(&fx.node, &call);
    assert_true(chain_produce(&fx.node));
    assert_ok(baals_wait(fx.node.chain, &place, &call.id, 0, &fx.node.err));
    assert_int_equal(place.height, 2);
    chain_copy_from(&fx.peer, &fx.node, 1);
    assert_memory_equal(chain_info(&fx.peer).hash.bytes, chain_info(&fx.node).hash.bytes, 32);
    faults_close(&fx);
}

/* Goal: a block that cannot be run here for want of memory is a local failure, not a bad block: the
 * tip stays, and the same block is taken in when there is memory. */
static void test_import(void **state)
{
    (void)state;
    struct faults fx;
    baals_tx_place place;
    faults_open(&fx, 1, 0);
    struct chain_tx call = faults_submit(&fx.peer, 0);
    assert_true(chain_produce(&fx.peer));
    faults_memory = &fx.memory;
    assert_status(chain_copy_block(&fx.node, &fx.peer, 1), BAALS_INTERNAL_FAULT);
    assert_int_equal(chain_info(&fx.node).height, 0);
    faults_memory = NULL;
    assert_ok(chain_copy_block(&fx.node, &fx.peer, 1));
    assert_int_equal(faults_count(&fx), 2);
    assert_ok(baals_wait(fx.node.chain, &place, &call.id, 0, &fx.node.err));
    assert_memory_equal(chain_info(&fx.peer).hash.bytes, chain_info(&fx.node).hash.bytes, 32);
    faults_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_again),
        cmocka_unit_test(test_production),
        cmocka_unit_test(test_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
