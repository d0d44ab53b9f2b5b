/* SPDX-License-Identifier: MIT */
#include "state_fixture.h"

/* A random set with canonical content. */
static void set_random(struct bl_write_set *out, struct bl_arena *arena, struct testlib_rng *rng)
{
    struct bl_change *changes = bl_arena_zero(arena, MODEL_KEYS, sizeof *changes);
    size_t count = 0;
    assert_non_null(changes);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        uint8_t bytes[40];
        uint8_t values[2][24];
        unsigned space = (unsigned)(i * MODEL_SPACES / MODEL_KEYS);
        struct bl_change *change = &changes[count];
        if (testlib_rng_below(rng, 3) == 0)
            continue;
        unsigned flags = 1 + (unsigned)testlib_rng_below(rng, space == 4 ? 2 : 3);
        testlib_rng_bytes(rng, values, sizeof values);
        values[1][0] = (uint8_t)(values[0][0] + 1);
        change->space = (baals_space)space;
        change->has_old = (flags & 1) != 0;
        change->has_new = (flags & 2) != 0;
        assert_true(bl_arena_copy(&change->key, arena, model_key(bytes, space, i)));
        if (change->has_old)
            assert_true(bl_arena_copy(&change->old_value, arena,
                                      bl_slice(values[0], 1 + testlib_rng_below(rng, 24))));
        if (change->has_new)
            assert_true(bl_arena_copy(&change->new_value, arena,
                                      bl_slice(values[1], 1 + testlib_rng_below(rng, 24))));
        count++;
    }
    out->changes = changes;
    out->count = count;
}

static void set_assert_equal(const struct bl_write_set *a, const struct bl_write_set *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct bl_change *x = &a->changes[i];
        const struct bl_change *y = &b->changes[i];
        assert_int_equal(x->space, y->space);
        assert_int_equal(x->has_old, y->has_old);
        assert_int_equal(x->has_new, y->has_new);
        assert_true(bl_slice_equal(x->key, y->key));
        assert_true(bl_slice_equal(x->old_value, y->old_value));
        assert_true(bl_slice_equal(x->new_value, y->new_value));
    }
}

/* Goal: decode(encode(set)) = set, and inverting twice gives the set back. */
static void test_round_trip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(60);
    for (size_t i = 0; i < 50; i++) {
        struct bl_arena arena;
        struct bl_buffer bytes;
        struct bl_write_set set;
        struct bl_write_set decoded;
        struct bl_write_set once;
        struct bl_write_set twice;
        bl_arena_init(&arena, bl_alloc_system(), 1u << 24);
        bl_buffer_init(&bytes, bl_alloc_system(), 1u << 24);
        set_random(&set, &arena, &rng);
        bl_write_set_encode(&bytes, &set);
        assert_ok(bl_buffer_status(&bytes, NULL));
        assert_ok(bl_write_set_decode(&decoded, &arena, bl_buffer_slice(&bytes), NULL));
        set_assert_equal(&set, &decoded);
        assert_ok(bl_write_set_invert(&once, &arena, &set, NULL));
        assert_ok(bl_write_set_invert(&twice, &arena, &once, NULL));
        set_assert_equal(&set, &twice);
        bl_buffer_clear(&bytes);
        bl_write_set_encode(&bytes, &once);
        assert_ok(bl_write_set_decode(&decoded, &arena, bl_buffer_slice(&bytes), NULL));
        set_assert_equal(&once, &decoded);
        bl_buffer_deinit(&bytes);
        bl_arena_deinit(&arena);
    }
}

static baals_status set_decode_hex(const char *hex)
{
    uint8_t bytes[256];
    struct bl_write_set set;
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), 1u << 20);
    size_t len = testlib_hex(bytes, sizeof bytes, hex);
    baals_status status = bl_write_set_decode(&set, &arena, bl_slice(bytes, len), NULL);
    bl_arena_deinit(&arena);
    return status;
}

/* Goal: whatever the encoder would not write is refused. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "000000",
        "00000001",
        "0000000000",                                       /* a byte behind the last change */
        "0000000100020001610000000176",                     /* good, then broken below */
        "ffffffff00020001610000000176",                     /* more changes than bytes */
        "0000000105020001610000000176",                     /* no such space */
        "0000000100000001610000000176",                     /* no flags */
        "0000000100040001610000000176",                     /* unknown flag */
        "000000010002000000000000",                         /* an empty key */
        "00000001000200ff610000000176",                     /* a key beyond the end */
        "0000000100020001610000000276",                     /* a value beyond the end */
        "000000010003000161000000017600000001760a",         /* trailing */
        "00000001000300016100000001760000000176",           /* nothing changes */
        "00000001040300016100000001760000000177",           /* a module that changes */
        "000000020002000162000000017600020001610000000176", /* out of order */
        "000000020002000161000000017600020001610000000176", /* twice */
        "000000020102000161000000017600020001610000000176", /* spaces out of order */
    };
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        if (i == 4)
            assert_ok(set_decode_hex(refused[i]));
        else
            assert_status(set_decode_hex(refused[i]), BAALS_CORRUPT_JOURNAL);
    }
    assert_ok(set_decode_hex("00000000"));
    assert_ok(set_decode_hex("0000000104020001610000000176"));
    assert_ok(set_decode_hex("0000000104010001610000000176"));
}

/* Goal: every accepted input is what the encoder writes for it, over all single-bit changes. */
static void test_canonical(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(61);
    struct bl_arena arena;
    struct bl_buffer bytes;
    struct bl_buffer again;
    struct bl_write_set set;
    size_t accepted = 0;
    bl_arena_init(&arena, bl_alloc_system(), 1u << 28);
    bl_buffer_init(&bytes, bl_alloc_system(), 1u << 24);
    bl_buffer_init(&again, bl_alloc_system(), 1u << 24);
    set_random(&set, &arena, &rng);
    bl_write_set_encode(&bytes, &set);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        struct bl_arena_mark mark = bl_arena_checkpoint(&arena);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        baals_status status = bl_write_set_decode(&set, &arena, bl_buffer_slice(&bytes), NULL);
        if (status == BAALS_OK) {
            bl_buffer_clear(&again);
            bl_write_set_encode(&again, &set);
            assert_true(bl_slice_equal(bl_buffer_slice(&bytes), bl_buffer_slice(&again)));
            accepted++;
        } else {
            assert_int_equal(status, BAALS_CORRUPT_JOURNAL);
        }
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bl_arena_rollback(&arena, mark);
    }
    assert_true(accepted > 100);
    bl_buffer_deinit(&again);
    bl_buffer_deinit(&bytes);
    bl_arena_deinit(&arena);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
