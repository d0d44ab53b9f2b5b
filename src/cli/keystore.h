/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_KEYSTORE_H
#define BL_CLI_KEYSTORE_H
/*
 * Keys at rest and in memory (docs/guides/command.md, "Keys").
 *
 * A key file is JSON: the seed encrypted with XChaCha20-Poly1305 under a key that Argon2id makes of
 * the passphrase. The parameters stand in clear and are authenticated: whoever changes the address
 * or the cost in the file gets E-KEY, not another key. The address is readable without a
 * passphrase.
 */
#include "baals/baals.h"

#include "base/arena.h"
#include "base/env.h"

#define BL_KEYSTORE_FILE_MAX ((size_t)16 * 1024)
#define BL_PASSPHRASE_MAX 1024u

/* Readies the cryptographic library and makes core dumps impossible. IO when the system gives no
 * randomness. Call once before anything else here. */
baals_status bl_keystore_begin(baals_error *err);

/* Keeps memory that will hold a secret out of swap and core dumps; where the system refuses, it
 * goes on without. */
void bl_secret_lock(void *memory, size_t len);
/* Wipes it and ends that. */
void bl_secret_unlock(void *memory, size_t len);
/* Overwrites, and is not optimised away. */
void bl_secret_wipe(void *memory, size_t len);
/* Fills with the system's randomness. */
void bl_secret_random(void *memory, size_t len);

/* What a key file says in clear. */
struct bl_keystore_info {
    baals_address address;
    bool has_passphrase;
};

/* Appends the file for `keypair`. An empty passphrase is kept as "no passphrase". Takes about as
 * long and as much memory as opening it will: 64 MiB. NOMEM. */
baals_status bl_keystore_seal(struct bl_buffer *out,
                              const baals_keypair *keypair,
                              const char *passphrase,
                              baals_error *err);
/* Reads what is in clear. MISUSE_KEY for anything that is no key file of version 1. */
baals_status
bl_keystore_read(struct bl_keystore_info *info_out, baals_slice file, baals_error *err);
/* The key pair. MISUSE_KEY for a wrong passphrase or a changed file; NOMEM. The caller has locked
 * *keypair_out. */
baals_status bl_keystore_open(baals_keypair *keypair_out,
                              baals_slice file,
                              const char *passphrase,
                              baals_error *err);

#endif /* BL_CLI_KEYSTORE_H */
