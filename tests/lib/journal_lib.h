/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_JOURNAL_LIB_H
#define BL_TESTS_LIB_JOURNAL_LIB_H
/*
 * What the journal's tests share: opening it in an env, appending records whose content follows
 * from a number, and reading all of it back.
 */
#include "storage/journal.h"

#include "testlib.h"

#define JOURNAL_LIB_DIR "/journal"

extern const baals_hash journal_lib_chain;

/* Opens with segments of 1 MiB; fails the test when it cannot. `report` may be NULL. */
struct bl_journal *journal_lib_open(struct bl_env *env, struct bl_journal_report *report);
/* The status of opening; a journal that did open is closed again. */
baals_status
journal_lib_try(struct bl_env *env, struct bl_journal_report *report, int32_t read_only);

/* The body of record `number` with `len` bytes. `out` has room for it. */
void journal_lib_body(uint8_t *out, size_t len, uint64_t number);
/* Appends one such record; BAALS_OK or what the journal says. */
baals_status
journal_lib_append(struct bl_journal *journal, uint64_t *position, uint64_t number, size_t len);
/* Appends and commits one; fails the test when it cannot. Returns its position. */
uint64_t journal_lib_commit(struct bl_journal *journal, uint64_t number, size_t len);

/* Reads BLOCK records from the start and requires the numbers 0, 1, 2, ... in order, each with the
 * body journal_lib_body makes. Other records are passed over. Returns how many there are. */
uint64_t journal_lib_count(struct bl_journal *journal);

#endif /* BL_TESTS_LIB_JOURNAL_LIB_H */
