/* SPDX-License-Identifier: MIT */
/*
 * A program with a ledger in it: it anchors a note, durably, and anyone with the directory can
 * check when. README.md shows the part between the marks; the tests compile and run this file.
 *
 *   embed [DIR]      (":memory:" by default)
 */
#include <baals/baals.h>
#include <stdio.h>

/* Ends the function with 1 when a call fails. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        if ((call) != BAALS_OK)                                                                    \
            return fprintf(stderr, "%s\n", error.message), 1;                                      \
    } while (0)

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : ":memory:";
    const uint8_t seed[32] = "keep yours secret, and random!!";
    const baals_slice note = {(const uint8_t *)"hello", 5};
    baals_keypair key;
    baals_genesis begin;
    baals_error error = {0};
    uint8_t genesis[512], bytes[512];
    size_t genesis_len, len;
    int32_t made;

    /* Who makes the blocks: this program alone. */
    baals_keypair_from_seed(&key, seed);
    baals_genesis_defaults(&begin);
    begin.poa.authorities = &key.address;
    begin.poa.authority_count = 1;
    TRY(baals_genesis_encode(genesis, sizeof genesis, &genesis_len, &begin, &error));

    /* README: begin */
    baals_options options = BAALS_OPTIONS_INIT;
    options.flags = BAALS_OPEN_CREATE;
    options.genesis = (baals_slice){genesis, genesis_len};
    options.authority = &key;
    baals_chain *chain = NULL;
    baals_chain_info info;
    baals_tx tx = {.kind = BAALS_TX_TRANSFER, .has_payload = 1, .gas_limit = 100000};
    tx.payload = note;
    TRY(baals_open(&chain, path, &options, &error));
    TRY(baals_chain_info_get(chain, &info, &error));
    tx.chain_id = info.chain_id;
    TRY(baals_nonce_next(chain, &tx.nonce, &key.address, &error));
    TRY(baals_tx_sign(bytes, sizeof bytes, &len, NULL, &tx, &key, &error));
    TRY(baals_submit(chain, NULL, (baals_slice){bytes, len}, &error));
    TRY(baals_produce_block(chain, &made, NULL, &error));
    /* README: end */

    TRY(baals_chain_info_get(chain, &info, &error));
    printf("height %llu, %llu transactions\n", (unsigned long long)info.height,
           (unsigned long long)info.tx_count);
    TRY(baals_close(chain, &error));
    return 0;
}
