/* SPDX-License-Identifier: MIT */
/*
 * Load for kill9.py: signs transfers and submits them to a running node, one line on stdout for
 * each that the node has answered for, until the node is gone.
 *
 *   load DIR SEED_HEX
 *
 * "accepted ID" is printed for a transaction that is in the mempool, "committed ID HEIGHT" for one
 * in a block; the two kinds are asked for in turn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/rpc.h"

struct load {
    struct bl_rpc_client client;
    struct bl_buffer params;
    baals_keypair key;
    baals_hash chain_id;
    uint64_t nonce;
};

static baals_status load_begin(struct load *load, const char *dir, baals_error *err)
{
    struct bl_json_doc doc = {0};
    struct bl_json_writer w;
    BL_TRY(bl_rpc_client_connect(&load->client, bl_alloc_system(), dir, err));
    BL_TRY(
        bl_rpc_client_call(&load->client, &doc, "chain_info", bl_slice(NULL, 0), NULL, NULL, err));
    const char *id = bl_json_text(bl_json_member(bl_json_member(doc.root, "result"), "chain_id"));
    baals_status status = baals_hash_parse(&load->chain_id, id == NULL ? "" : id, err);
    bl_json_free(&doc);
    BL_TRY(status);
    bl_jw_init(&w, &load->params);
    bl_jw_begin_object(&w);
    bl_jw_key(&w, "address");
    bl_jw_address(&w, BAALS_ADDRESS_ACCOUNT, &load->key.address);
    bl_jw_end_object(&w);
    BL_TRY(bl_rpc_client_call(&load->client, &doc, "nonce_next", bl_buffer_slice(&load->params),
                              NULL, NULL, err));
    bool good =
        bl_json_u64(&load->nonce, bl_json_member(bl_json_member(doc.root, "result"), "nonce"));
    bl_json_free(&doc);
    return good ? BAALS_OK : BAALS_INTERNAL;
}

/* Signs the next transfer and submits it. */
static baals_status load_one(struct load *load, bool wait, baals_error *err)
{
    uint8_t bytes[512];
    size_t len;
    char hex[BAALS_HASH_TEXT_SIZE];
    baals_hash id;
    struct bl_json_doc doc = {0};
    struct bl_json_writer w;
    uint64_t block = 0;
    baals_tx tx = {.kind = BAALS_TX_TRANSFER,
                   .has_recipient = 1,
                   .chain_id = load->chain_id,
                   .nonce = load->nonce,
                   .recipient = load->key.address,
                   .amount = {0},
                   .gas_limit = 100000};
    BL_TRY(baals_tx_sign(bytes, sizeof bytes, &len, &id, &tx, &load->key, err));
    bl_buffer_clear(&load->params);
    bl_jw_init(&w, &load->params);
    bl_jw_begin_object(&w);
    bl_jw_put_hex(&w, "tx", bl_slice(bytes, len));
    bl_jw_put_u64(&w, "wait_ms", wait ? 10000 : 0);
    bl_jw_end_object(&w);
    BL_TRY(bl_rpc_client_call(&load->client, &doc, "tx_submit", bl_buffer_slice(&load->params),
                              NULL, NULL, err));
    baals_hash_format(hex, &id);
    if (bl_json_u64(&block, bl_json_member(bl_json_member(doc.root, "result"), "block")))
        printf("committed %s %" PRIu64 "\n", hex, block);
    else
        printf("accepted %s\n", hex);
    fflush(stdout);
    bl_json_free(&doc);
    load->nonce++;
    return BAALS_OK;
}

int main(int argc, char **argv)
{
    struct load load = {.nonce = 0};
    uint8_t seed[32];
    baals_error error = {.message = ""};
    if (argc != 3 || !bl_hex_decode(seed, sizeof seed, argv[2], strlen(argv[2]))) {
        fputs("usage: load DIR SEED_HEX\n", stderr);
        return 2;
    }
    baals_keypair_from_seed(&load.key, seed);
    bl_rpc_client_init(&load.client, bl_alloc_system(), NULL);
    bl_buffer_init(&load.params, bl_alloc_system(), BL_RPC_MESSAGE_MAX);
    baals_status status = load_begin(&load, argv[1], &error);
    for (unsigned i = 0; status == BAALS_OK; i++)
        status = load_one(&load, i % 2 == 0, &error);
    bl_rpc_client_deinit(&load.client);
    bl_buffer_deinit(&load.params);
    /* A node that is gone is what ends this program; anything else is a finding. */
    bool gone = status == BAALS_IO || status == BAALS_NOTFOUND;
    if (!gone)
        fprintf(stderr, "load: %s: %s\n", baals_status_code(status), error.message);
    return gone ? 0 : 1;
}
