/* SPDX-License-Identifier: MIT */
/* Shared by the journal's tests: see journal_lib.h. */
#include "journal_lib.h"

#include <stdlib.h>
#include <string.h>

const baals_hash journal_lib_chain = {{'c', 'h', 'a', 'i', 'n', 1, 2, 3}};

static const struct bl_journal_options journal_lib_options = {.segment_bytes = 1024 * 1024};

struct bl_journal *journal_lib_open(struct bl_env *env, struct bl_journal_report *report)
{
    struct bl_journal *journal = NULL;
    baals_error err = {.message = ""};
    baals_status status = bl_journal_open(&journal, report, env, JOURNAL_LIB_DIR,
                                          &journal_lib_chain, &journal_lib_options, &err);
    if (status != BAALS_OK)
        fail_msg("opening the journal: %s", err.message);
    return journal;
}

baals_status
journal_lib_try(struct bl_env *env, struct bl_journal_report *report, int32_t read_only)
{
    struct bl_journal_options options = journal_lib_options;
    struct bl_journal *journal = NULL;
    options.read_only = read_only;
    baals_status status =
        bl_journal_open(&journal, report, env, JOURNAL_LIB_DIR, &journal_lib_chain, &options, NULL);
    if (status == BAALS_OK)
        assert_ok(bl_journal_close(journal, NULL));
    return status;
}

void journal_lib_body(uint8_t *out, size_t len, uint64_t number)
{
    /* The number, then a word that follows from it, again and again with its place. */
    uint8_t block[64];
    for (size_t i = 0; i < sizeof block; i += 8)
        bl_store_u64le(block + i, (number + i) * 0x9e3779b97f4a7c15u);
    for (size_t at = 0; at < len; at += sizeof block) {
        bl_store_u64le(block, at == 0 ? number : number * 31 + at);
        memcpy(out + at, block, len - at < sizeof block ? len - at : sizeof block);
    }
}

baals_status
journal_lib_append(struct bl_journal *journal, uint64_t *position, uint64_t number, size_t len)
{
    uint8_t *body = malloc(len + 1);
    assert_non_null(body);
    journal_lib_body(body, len, number);
    /* In two parts, as the runtime gives a block and what belongs to it. */
    const baals_slice parts[2] = {{body, len / 3}, {body + len / 3, len - len / 3}};
    baals_status status = bl_journal_append(journal, position, BL_RECORD_BLOCK, parts, 2, NULL);
    free(body);
    return status;
}

uint64_t journal_lib_commit(struct bl_journal *journal, uint64_t number, size_t len)
{
    uint64_t position = 0;
    assert_ok(journal_lib_append(journal, &position, number, len));
    assert_ok(bl_journal_commit(journal, NULL));
    return position;
}

uint64_t journal_lib_count(struct bl_journal *journal)
{
    uint64_t count = 0;
    uint64_t position = bl_journal_begin(journal);
    for (;;) {
        struct bl_journal_record record;
        baals_status status = bl_journal_read(journal, &record, position, NULL);
        if (status == BAALS_NOTFOUND)
            return count;
        assert_ok(status);
        assert_true(record.next > record.position);
        position = record.next;
        if (record.type == BL_RECORD_BLOCK) {
            uint8_t *body = malloc(record.body_len + 1);
            assert_non_null(body);
            journal_lib_body(body, record.body_len, count);
            assert_memory_equal(body, record.body, record.body_len);
            free(body);
            count++;
        }
        bl_journal_record_deinit(journal, &record);
    }
}
