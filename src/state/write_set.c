/* SPDX-License-Identifier: MIT */
/*
 * Write sets as bytes (docs/internals/state_tree.md): what the journal keeps of a block so that it
 * can be applied again without executing it, and undone.
 *
 *   set    = u32be count || change ...            sorted by (space, key), no key twice
 *   change = u8 space || u8 flags || u16be len || key || [u32be len || old] || [u32be len || new]
 *
 * flags: bit 0 an old value stands, bit 1 a new value stands; at least one; both only where they
 * differ, and not for modules.
 */
#include "state/state_internal.h"

#define SET_OLD 1u
#define SET_NEW 2u
#define SET_CHANGE_BYTES_MIN 9u /* space, flags, key length, a byte of key, one length */

static void set_append_u32(struct bl_buffer *out, size_t value)
{
    uint8_t bytes[4];
    BL_ASSERT(value <= UINT32_MAX);
    bl_store_u32be(bytes, (uint32_t)value);
    bl_buffer_append(out, bytes, sizeof bytes);
}

void bl_write_set_encode(struct bl_buffer *out, const struct bl_write_set *set)
{
    set_append_u32(out, set->count);
    for (size_t i = 0; i < set->count; i++) {
        const struct bl_change *change = &set->changes[i];
        uint8_t head[4];
        BL_ASSERT(change->key.len > 0 && change->key.len <= BL_KV_KEY_MAX);
        BL_ASSERT(change->has_old || change->has_new);
        head[0] = (uint8_t)change->space;
        head[1] = (uint8_t)((change->has_old ? SET_OLD : 0u) | (change->has_new ? SET_NEW : 0u));
        bl_store_u16be(head + 2, (uint16_t)change->key.len);
        bl_buffer_append(out, head, sizeof head);
        bl_buffer_append(out, change->key.data, change->key.len);
        if (change->has_old) {
            set_append_u32(out, change->old_value.len);
            bl_buffer_append(out, change->old_value.data, change->old_value.len);
        }
        if (change->has_new) {
            set_append_u32(out, change->new_value.len);
            bl_buffer_append(out, change->new_value.data, change->new_value.len);
        }
    }
}

/* What is left of the input. */
struct set_reader {
    baals_slice bytes;
    size_t at;
};

static baals_status set_fail(const struct set_reader *reader, const char *what, baals_error *err)
{
    return bl_fail_at(err, BAALS_CORRUPT_JOURNAL, reader->at, "write set, byte %zu: %s", reader->at,
                      what);
}

static baals_status
set_read(struct set_reader *reader, baals_slice *out, size_t len, baals_error *err)
{
    if (reader->bytes.len - reader->at < len)
        return set_fail(reader, "it ends too early", err);
    *out = bl_slice(reader->bytes.data + reader->at, len);
    reader->at += len;
    return BAALS_OK;
}

static baals_status set_read_value(struct set_reader *reader, baals_slice *out, baals_error *err)
{
    baals_slice len;
    BL_TRY(set_read(reader, &len, 4, err));
    return set_read(reader, out, bl_load_u32be(len.data), err);
}

static baals_status
set_read_change(struct set_reader *reader, struct bl_change *out, baals_error *err)
{
    baals_slice head;
    BL_TRY(set_read(reader, &head, 4, err));
    unsigned space = head.data[0];
    unsigned flags = head.data[1];
    size_t key_len = bl_load_u16be(head.data + 2);
    if (space > BAALS_SPACE_MODULES)
        return set_fail(reader, "no such space", err);
    if (flags == 0 || flags > (SET_OLD | SET_NEW))
        return set_fail(reader, "no such flags", err);
    if (space == BAALS_SPACE_MODULES && flags == (SET_OLD | SET_NEW))
        return set_fail(reader, "a module cannot change", err);
    if (key_len == 0 || key_len > BL_KV_KEY_MAX)
        return set_fail(reader, "a key of a length that is not allowed", err);
    struct bl_change change = {.space = (baals_space)space,
                               .has_old = (flags & SET_OLD) != 0,
                               .has_new = (flags & SET_NEW) != 0};
    BL_TRY(set_read(reader, &change.key, key_len, err));
    if (change.has_old)
        BL_TRY(set_read_value(reader, &change.old_value, err));
    if (change.has_new)
        BL_TRY(set_read_value(reader, &change.new_value, err));
    if (change.has_old && change.has_new && bl_slice_equal(change.old_value, change.new_value))
        return set_fail(reader, "a change that changes nothing", err);
    *out = change;
    return BAALS_OK;
}

static bool set_in_order(const struct bl_change *before, const struct bl_change *after)
{
    if (before->space != after->space)
        return before->space < after->space;
    return bl_slice_compare(before->key, after->key) < 0;
}

baals_status bl_write_set_decode(struct bl_write_set *out,
                                 struct bl_arena *arena,
                                 baals_slice bytes,
                                 baals_error *err)
{
    struct set_reader reader = {.bytes = bytes};
    baals_slice head;
    BL_TRY(set_read(&reader, &head, 4, err));
    size_t count = bl_load_u32be(head.data);
    if (count > (bytes.len - reader.at) / SET_CHANGE_BYTES_MIN)
        return set_fail(&reader, "more changes than bytes", err);
    struct bl_change *changes = bl_arena_zero(arena, count + 1, sizeof *changes);
    if (changes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a write set of %zu changes", count);
    for (size_t i = 0; i < count; i++) {
        BL_TRY(set_read_change(&reader, &changes[i], err));
        if (i > 0 && !set_in_order(&changes[i - 1], &changes[i]))
            return set_fail(&reader, "changes out of order", err);
    }
    if (reader.at != bytes.len)
        return set_fail(&reader, "bytes behind the last change", err);
    out->changes = changes;
    out->count = count;
    return BAALS_OK;
}

baals_status bl_write_set_invert(struct bl_write_set *out,
                                 struct bl_arena *arena,
                                 const struct bl_write_set *set,
                                 baals_error *err)
{
    struct bl_change *changes = bl_arena_zero(arena, set->count + 1, sizeof *changes);
    if (changes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a write set of %zu changes", set->count);
    for (size_t i = 0; i < set->count; i++) {
        const struct bl_change *change = &set->changes[i];
        changes[i] = (struct bl_change){.space = change->space,
                                        .has_old = change->has_new,
                                        .has_new = change->has_old,
                                        .key = change->key,
                                        .old_value = change->new_value,
                                        .new_value = change->old_value};
    }
    out->changes = changes;
    out->count = set->count;
    return BAALS_OK;
}
