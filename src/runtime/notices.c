/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions. The journal is already the ordered log of everything that was committed and
 * reverted, so a cursor is a place in it: the position of a record and how many of its notices were
 * seen. That makes delivery without gaps or duplicates, across forks and restarts, a matter of
 * reading on.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

typedef int32_t (*notices_each)(void *ctx, const baals_notice *notice);

/* One call of baals_notices_each. */
struct notices_walk {
    struct baals_chain *chain;
    baals_cursor cursor; /* behind the last notice delivered */
    uint64_t delivered;
    bool stopped; /* by the callback */
    bool trusted; /* a record was found at the cursor the caller gave */
    notices_each each;
    void *ctx;
};

baals_status baals_cursor_now(baals_chain *chain, baals_cursor *cursor_out, baals_error *err)
{
    if (chain == NULL || cursor_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_cursor_now needs a chain and a cursor");
    *cursor_out = (baals_cursor){bl_journal_end(chain->journal), 0};
    return BAALS_OK;
}

/* Delivers the notice numbered `item` of the record at `position`, unless it was seen before. */
static void
notices_deliver(struct notices_walk *walk, uint64_t position, uint64_t item, baals_notice *notice)
{
    if (walk->stopped || (walk->cursor.record == position && item < walk->cursor.item))
        return;
    notice->cursor = (baals_cursor){position, item + 1};
    walk->cursor = notice->cursor;
    walk->delivered++;
    walk->stopped = walk->each(walk->ctx, notice) != 0;
}

/* spec/genesis.md: block 0 is derived, so it is no news. */
static baals_status
notices_block(struct notices_walk *walk, const struct bl_journal_record *journal, baals_error *err)
{
    struct bl_block_record record;
    BL_TRY(bl_block_record_decode(&record, bl_slice(journal->body, journal->body_len), err));
    const baals_block *block = &record.block;
    if (block->header.index == 0)
        return BAALS_OK;
    baals_notice notice = {
        .kind = BAALS_NOTICE_BLOCK, .height = block->header.index, .id = block->hash};
    notices_deliver(walk, journal->position, 0, &notice);
    struct bl_cbor_reader receipts = bl_cbor_reader(record.receipts);
    baals_slice tx = {NULL, 0};
    uint32_t position = 0;
    for (size_t cursor = 0; baals_block_txs_next(&tx, &cursor, block) != 0; position++) {
        notice = (baals_notice){
            .kind = BAALS_NOTICE_TX, .height = block->header.index, .position = position};
        bl_tx_id(&notice.id, tx);
        if (bl_cbor_read_bytes(&receipts, &notice.receipt, NULL) != BAALS_OK)
            return bl_fail(err, BAALS_CORRUPT_JOURNAL, "a receipt in the journal is damaged");
        notices_deliver(walk, journal->position, 1 + (uint64_t)position, &notice);
    }
    return BAALS_OK;
}

static baals_status
notices_revert(struct notices_walk *walk, const struct bl_journal_record *journal, baals_error *err)
{
    uint64_t count = 0;
    baals_notice notice = {.kind = BAALS_NOTICE_REVERTED};
    BL_TRY(bl_revert_record_decode(&notice.height, &notice.id, &count,
                                   bl_slice(journal->body, journal->body_len), err));
    notices_deliver(walk, journal->position, 0, &notice);
    return BAALS_OK;
}

static baals_status
notices_record(struct notices_walk *walk, const struct bl_journal_record *journal, baals_error *err)
{
    switch (journal->type) {
    case BL_RECORD_BLOCK:
        return notices_block(walk, journal, err);
    case BL_RECORD_REVERT:
        return notices_revert(walk, journal, err);
    case BL_RECORD_SIDE:
    case BL_RECORD_SYNC:
    case BL_RECORD_END:
        break;
    }
    return BAALS_OK;
}

/* The last block of the main chain that stands at or before `position`; begin when there is none.
 */
static baals_status
notices_block_before(struct baals_chain *chain, uint64_t *out, uint64_t position, baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_locator locator;
    uint64_t found = bl_journal_begin(chain->journal);
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = BAALS_OK;
    uint64_t low = atomic_load(&chain->kept_from);
    uint64_t high = bl_view_tip(view)->height + 1;
    while (status == BAALS_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        status = bl_index_locator(&locator, view, middle, err);
        if (status != BAALS_OK)
            break;
        if (locator.journal_position > position) {
            high = middle;
        } else {
            found = locator.journal_position;
            low = middle + 1;
        }
    }
    bl_view_end(view);
    *out = found;
    return status;
}

/* Tells a damaged record from a cursor that names none: walks from a block before it.
 * MISUSE_ARGUMENT when the walk passes over the cursor's place, else what reading there gave. */
static baals_status notices_judge_cursor(struct notices_walk *walk, baals_error *err)
{
    struct bl_journal *journal = walk->chain->journal;
    uint64_t wanted = walk->cursor.record;
    uint64_t position = 0;
    BL_TRY(notices_block_before(walk->chain, &position, wanted, err));
    while (position < wanted) {
        struct bl_journal_record record;
        BL_TRY(bl_journal_read(journal, &record, position, err));
        position = record.next;
        bl_journal_record_deinit(journal, &record);
    }
    if (position != wanted)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the cursor is not one of this chain's");
    struct bl_journal_record record;
    baals_status status = bl_journal_read(journal, &record, position, err);
    if (status == BAALS_OK)
        bl_journal_record_deinit(journal, &record);
    return status;
}

/* What is not kept any more must not be passed over in silence. */
static baals_status notices_check_kept(const struct notices_walk *walk, baals_error *err)
{
    uint64_t kept_from = atomic_load(&walk->chain->kept_from);
    if (kept_from > 0 && walk->cursor.record < bl_journal_begin(walk->chain->journal))
        return bl_fail(err, BAALS_NOTFOUND_PRUNED,
                       "the cursor is older than block %llu, from which on blocks are kept",
                       (unsigned long long)kept_from);
    return BAALS_OK;
}

/* Reads on to the journal's end, or until the callback stops. */
static baals_status notices_read(struct notices_walk *walk, baals_error *err)
{
    struct bl_journal *journal = walk->chain->journal;
    while (!walk->stopped && walk->cursor.record < bl_journal_end(journal)) {
        struct bl_journal_record record;
        BL_TRY(notices_check_kept(walk, err));
        baals_status status = bl_journal_read(journal, &record, walk->cursor.record, err);
        if (status == BAALS_NOTFOUND)
            return BAALS_OK;
        if (status != BAALS_OK && !walk->trusted)
            return notices_judge_cursor(walk, err);
        BL_TRY(status);
        walk->trusted = true;
        /* Gaps are passed over, so the record may stand behind where it was looked for. */
        if (record.position != walk->cursor.record)
            walk->cursor = (baals_cursor){record.position, 0};
        status = notices_record(walk, &record, err);
        if (status == BAALS_OK && !walk->stopped)
            walk->cursor = (baals_cursor){record.next, 0};
        bl_journal_record_deinit(journal, &record);
        BL_TRY(status);
    }
    return BAALS_OK;
}

static void notices_wait(struct baals_chain *chain, uint64_t seen, uint64_t until_ns)
{
    pthread_mutex_lock(&chain->lock);
    uint64_t now_ns = bl_env_monotonic_ns(chain->env);
    if (chain->changes == seen && !chain->stopping && now_ns < until_ns)
        bl_chain_wait_on(chain, &chain->changed, (until_ns - now_ns) / 1000000u + 1);
    pthread_mutex_unlock(&chain->lock);
}

static uint64_t notices_changes(struct baals_chain *chain, bool *stopping_out)
{
    pthread_mutex_lock(&chain->lock);
    uint64_t changes = chain->changes;
    *stopping_out = chain->stopping;
    pthread_mutex_unlock(&chain->lock);
    return changes;
}

baals_status baals_notices_each(baals_chain *chain,
                                baals_cursor *cursor_io,
                                uint32_t timeout_ms,
                                notices_each each,
                                void *ctx,
                                baals_error *err)
{
    if (chain == NULL || cursor_io == NULL || each == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_notices_each needs a chain, a cursor, a callback");
    struct notices_walk walk = {.chain = chain, .cursor = *cursor_io, .each = each, .ctx = ctx};
    bool from_start = walk.cursor.record == 0 || atomic_load(&chain->kept_from) == 0;
    if (from_start && walk.cursor.record < bl_journal_begin(chain->journal))
        walk.cursor = (baals_cursor){bl_journal_begin(chain->journal), 0};
    if (walk.cursor.record > bl_journal_end(chain->journal))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "the cursor is behind the journal's end");
    uint64_t until_ns = bl_env_monotonic_ns(chain->env) + (uint64_t)timeout_ms * 1000000u;
    bool stopping = false;
    for (;;) {
        uint64_t seen = notices_changes(chain, &stopping);
        BL_TRY(notices_read(&walk, err));
        *cursor_io = walk.cursor;
        if (walk.delivered > 0 || walk.stopped)
            return BAALS_OK;
        if (stopping || bl_env_monotonic_ns(chain->env) >= until_ns)
            return bl_fail(err, BAALS_BUSY_TIMEOUT, "nothing happened");
        notices_wait(chain, seen, until_ns);
    }
}
