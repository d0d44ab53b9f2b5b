/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_RECORDING_ENV_H
#define BL_TESTS_LIB_RECORDING_ENV_H
/*
 * An env that passes everything on to another one and records what changes files, in order; and the
 * building of a file system in memory from a chosen part of such a recording, which is what a disk
 * may hold after the power failed.
 */
#include "testlib.h"

enum recording_kind {
    RECORDING_OPEN_CREATE, /* the file exists from here on */
    RECORDING_WRITE,
    RECORDING_TRUNCATE, /* offset: the new size */
    RECORDING_SYNC,
    RECORDING_RENAME, /* path to `to` */
    RECORDING_REMOVE,
    RECORDING_MAKE_DIR,
    RECORDING_SYNC_DIR,
    RECORDING_MARK, /* the test's own: offset is its number */
};

struct recording_op {
    enum recording_kind kind;
    char path[64];
    char to[64];
    uint64_t offset;
    uint8_t *data;
    size_t len;
};

struct recording_env {
    struct bl_env env; /* give &recording.env to the code under test */
    struct bl_env *real;
    struct recording_op *ops;
    size_t count;
    size_t cap;
};

/* `real` is borrowed. */
void recording_env_init(struct recording_env *recording, struct bl_env *real);
void recording_env_deinit(struct recording_env *recording);
/* Notes that the code under test has promised something by now. */
void recording_env_mark(struct recording_env *recording, uint64_t number);

/* Applies one op to `env`; of a write only the bytes [from, to) of it. */
void recording_apply(struct bl_env *env, const struct recording_op *op, size_t from, size_t to);
/* The first `count` ops: what kill -9 leaves. */
void recording_apply_prefix(struct bl_env *env,
                            const struct recording_env *recording,
                            size_t count);

enum recording_loss {
    RECORDING_LOSS_ALL,     /* nothing that was not synced is there */
    RECORDING_LOSS_OPS,     /* each such operation is there or not */
    RECORDING_LOSS_SECTORS, /* each such sector is there or not */
};
#define RECORDING_SECTOR 512u
/* A new file system in memory as the disk may hold it when the power fails behind the first
 * `count` operations. */
struct bl_env *recording_build_loss(const struct recording_env *recording,
                                    size_t count,
                                    enum recording_loss loss,
                                    struct testlib_rng *rng);

#endif /* BL_TESTS_LIB_RECORDING_ENV_H */
