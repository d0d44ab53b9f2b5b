/* SPDX-License-Identifier: MIT */
/*
 * The quick way decodes each transaction without the arithmetic on its sender's key, verifies the
 * signatures as a batch, and accepts what passes both. Whatever does not pass is judged a second
 * time by the plain functions, so a refusal has exactly their status and message.
 *
 * The ids of what passed are remembered in a table of fixed size: an id covers the signature, so
 * the same id is the same verdict. Each id may stand in the few places of its row; the oldest of
 * the row makes room.
 */
#include "runtime/verifier.h"

#include <pthread.h>
#include <string.h>

#define VERIFIER_ROWS 8192u
#define VERIFIER_ROW_IDS 4u

struct verifier_row {
    baals_hash ids[VERIFIER_ROW_IDS]; /* newest first; zeros: none */
};

struct bl_verifier {
    struct bl_alloc alloc;
    struct bl_workers *workers;
    uint64_t seed;
    pthread_mutex_t mutex;
    struct verifier_row *rows; /* NULL until something passed, or for want of memory */
};

baals_status bl_verifier_new(struct bl_verifier **out,
                             struct bl_alloc alloc,
                             struct bl_workers *workers,
                             uint64_t seed,
                             baals_error *err)
{
    struct bl_verifier *verifier = bl_alloc_zero(&alloc, 1, sizeof *verifier);
    if (verifier == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to verify transactions");
    verifier->alloc = alloc;
    verifier->workers = workers;
    verifier->seed = seed;
    BL_ASSERT(pthread_mutex_init(&verifier->mutex, NULL) == 0);
    *out = verifier;
    return BAALS_OK;
}

void bl_verifier_free(struct bl_verifier *verifier)
{
    if (verifier == NULL)
        return;
    struct bl_alloc alloc = verifier->alloc;
    pthread_mutex_destroy(&verifier->mutex);
    bl_alloc_free(&alloc, verifier->rows, VERIFIER_ROWS * sizeof *verifier->rows);
    bl_alloc_free(&alloc, verifier, sizeof *verifier);
}

/* ---- what was verified; the mutex is held ---- */

static struct verifier_row *verifier_row(const struct bl_verifier *verifier, const baals_hash *id)
{
    uint64_t mixed = (bl_load_u64le(id->bytes) ^ verifier->seed) * 0x9e3779b97f4a7c15ull;
    return &verifier->rows[(mixed >> 32) % VERIFIER_ROWS];
}

static bool verifier_has(const struct bl_verifier *verifier, const baals_hash *id)
{
    static const baals_hash none;
    if (verifier->rows == NULL || bl_hash_equal(id, &none))
        return false;
    const struct verifier_row *row = verifier_row(verifier, id);
    for (size_t i = 0; i < VERIFIER_ROW_IDS; i++) {
        if (bl_hash_equal(&row->ids[i], id))
            return true;
    }
    return false;
}

static void verifier_put(struct bl_verifier *verifier, const baals_hash *id)
{
    if (verifier->rows == NULL)
        verifier->rows = bl_alloc_zero(&verifier->alloc, VERIFIER_ROWS, sizeof *verifier->rows);
    if (verifier->rows == NULL || verifier_has(verifier, id))
        return;
    struct verifier_row *row = verifier_row(verifier, id);
    memmove(&row->ids[1], &row->ids[0], (VERIFIER_ROW_IDS - 1) * sizeof row->ids[0]);
    row->ids[0] = *id;
}

void bl_verifier_known(struct bl_verifier *verifier,
                       uint8_t *known_io,
                       const baals_tx *txs,
                       size_t count)
{
    pthread_mutex_lock(&verifier->mutex);
    for (size_t i = 0; i < count; i++) {
        if (verifier_has(verifier, &txs[i].id))
            known_io[i] = 1;
    }
    pthread_mutex_unlock(&verifier->mutex);
}

/* ---- judging ---- */

/* What one call works with; all of `count` elements. */
struct verifier_scratch {
    struct bl_signed *items; /* the signatures to verify */
    uint8_t *verdicts;       /* of these */
    uint32_t *places;        /* where they came from */
};

static bool
verifier_scratch_init(struct verifier_scratch *scratch, struct bl_arena *arena, size_t count)
{
    scratch->items = bl_arena_zero(arena, count + 1, sizeof *scratch->items);
    scratch->verdicts = bl_arena_zero(arena, count + 1, sizeof *scratch->verdicts);
    scratch->places = bl_arena_zero(arena, count + 1, sizeof *scratch->places);
    return scratch->items != NULL && scratch->verdicts != NULL && scratch->places != NULL;
}

/* The plain way: what every refusal is judged by. */
static void verifier_judge_plain(struct bl_incoming *item)
{
    item->status = baals_tx_decode(&item->tx, item->bytes, item->err);
    if (item->status == BAALS_OK)
        item->status = baals_tx_verify(&item->tx, item->err);
}

/* Decodes and collects the signatures that are not known to be good; returns how many. */
static size_t verifier_collect(struct bl_verifier *verifier,
                               struct verifier_scratch *scratch,
                               struct bl_incoming *items,
                               size_t count)
{
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++)
        items[i].status = bl_tx_decode_signed(&items[i].tx, items[i].bytes, NULL);
    pthread_mutex_lock(&verifier->mutex);
    for (size_t i = 0; i < count; i++) {
        const baals_tx *tx = &items[i].tx;
        if (items[i].status != BAALS_OK || verifier_has(verifier, &tx->id))
            continue;
        scratch->items[unknown] = (struct bl_signed){&tx->sender, &tx->signature, tx->body};
        scratch->places[unknown++] = (uint32_t)i;
    }
    pthread_mutex_unlock(&verifier->mutex);
    return unknown;
}

static void verifier_judge_batch(struct bl_verifier *verifier,
                                 struct verifier_scratch *scratch,
                                 struct bl_incoming *items,
                                 size_t count)
{
    size_t unknown = verifier_collect(verifier, scratch, items, count);
    bl_ed25519_verify_batch(scratch->verdicts, scratch->items, unknown, BL_TAG_TX);
    pthread_mutex_lock(&verifier->mutex);
    for (size_t i = 0; i < unknown; i++) {
        struct bl_incoming *item = &items[scratch->places[i]];
        if (scratch->verdicts[i] != 0)
            verifier_put(verifier, &item->tx.id);
        else
            item->status = BAALS_REJECT_SIGNATURE;
    }
    pthread_mutex_unlock(&verifier->mutex);
    for (size_t i = 0; i < count; i++) {
        if (items[i].status != BAALS_OK)
            verifier_judge_plain(&items[i]);
    }
}

size_t bl_verifier_share(const struct bl_verifier *verifier, size_t count)
{
    return bl_ed25519_share(count, bl_workers_count(verifier->workers));
}

void bl_verifier_judge(struct bl_verifier *verifier, struct bl_incoming *items, size_t count)
{
    struct bl_arena arena;
    struct verifier_scratch scratch;
    BL_ASSERT(count <= UINT32_MAX);
    bl_arena_init(&arena, verifier->alloc, SIZE_MAX);
    if (verifier_scratch_init(&scratch, &arena, count)) {
        verifier_judge_batch(verifier, &scratch, items, count);
    } else {
        for (size_t i = 0; i < count; i++)
            verifier_judge_plain(&items[i]);
    }
    bl_arena_deinit(&arena);
}

struct verifier_shares {
    struct bl_verifier *verifier;
    struct bl_incoming *items;
    size_t count;
    size_t share;
};

static void verifier_judge_share(void *ctx, size_t part)
{
    const struct verifier_shares *shares = ctx;
    size_t begin = part * shares->share;
    size_t left = shares->count - begin;
    bl_verifier_judge(shares->verifier, shares->items + begin,
                      left < shares->share ? left : shares->share);
}

void bl_verifier_judge_shared(struct bl_verifier *verifier, struct bl_incoming *items, size_t count)
{
    struct verifier_shares shares = {verifier, items, count, bl_verifier_share(verifier, count)};
    bl_workers_run(verifier->workers, verifier_judge_share, &shares,
                   (count + shares.share - 1) / shares.share);
}
