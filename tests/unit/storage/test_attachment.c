/* SPDX-License-Identifier: MIT */
/* Attachments: how they travel from a layer to views, and what checkpoints ask of them. */
#include "testlib.h"

#include <stddef.h>
#include <string.h>

#include "storage/storage_internal.h"

/* An attachment that counts. */
struct counted {
    struct bl_attachment base; /* first */
    int references;
    int published;
    size_t excess;
    baals_write write;
};
_Static_assert(offsetof(struct counted, base) == 0, "cast from the base");

static void counted_ref(struct bl_attachment *attachment)
{
    ((struct counted *)attachment)->references++;
}

static void counted_unref(struct bl_attachment *attachment)
{
    struct counted *counted = (struct counted *)attachment;
    assert_true(counted->references > 0);
    counted->references--;
}

static void counted_publish(struct bl_attachment *attachment)
{
    ((struct counted *)attachment)->published++;
}

static size_t counted_excess(const struct bl_attachment *attachment)
{
    return ((const struct counted *)attachment)->excess;
}

static uint64_t collected_since;

static baals_status counted_collect(const struct bl_attachment *attachment,
                                    uint64_t since,
                                    struct bl_arena *arena,
                                    baals_write **writes_out,
                                    size_t *count_out,
                                    baals_error *err)
{
    const struct counted *counted = (const struct counted *)attachment;
    baals_write *write = bl_arena_alloc(arena, sizeof *write);
    if (write == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a write");
    collected_since = since;
    *write = counted->write;
    *writes_out = write;
    *count_out = 1;
    return BAALS_OK;
}

static const struct bl_attachment_ops counted_ops = {
    .ref = counted_ref,
    .unref = counted_unref,
    .publish = counted_publish,
    .collect = counted_collect,
    .excess = counted_excess,
};

static struct counted counted_make(uint64_t serial, const char *value)
{
    return (struct counted){.base = {&counted_ops, serial},
                            .write = {.space = BAALS_SPACE_NODES,
                                      .key = bl_slice_str("node"),
                                      .value = bl_slice_str(value)}};
}

struct fixture {
    struct bl_env *env;
    struct bl_store *store;
    uint64_t height;
};

static void fixture_begin(struct fixture *f)
{
    baals_storage *storage = NULL;
    baals_hash chain = {{1}};
    f->height = 0;
    assert_ok(bl_env_memory(&f->env, bl_alloc_system(), NULL));
    assert_ok(bl_storage_open(&storage, f->env, "memory", "", NULL));
    assert_ok(bl_store_open(&f->store, f->env, storage, &chain, NULL));
}

static void fixture_end(struct fixture *f)
{
    bl_store_close(f->store);
    bl_env_close(f->env);
}

static void push(struct fixture *f, struct counted *counted)
{
    struct bl_layer *layer = NULL;
    struct bl_tip tip = {.height = f->height++, .hash = {{1}}, .journal_end = 1};
    baals_write gone = {.space = BAALS_SPACE_NODES, .is_delete = 1, .key = bl_slice_str("node")};
    assert_ok(bl_layer_new(&layer, &f->env->alloc, &gone, 1, NULL));
    bl_layer_attach(layer, counted == NULL ? NULL : &counted->base);
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

/* Goal: a view has the attachment of its height, also when later layers carry others or none; each
 * is held exactly as long as somebody can ask for it. */
static void test_views(void **state)
{
    (void)state;
    struct fixture f;
    struct counted first = counted_make(1, "1");
    struct counted second = counted_make(2, "2");
    struct bl_view *before = NULL;
    struct bl_view *old = NULL;
    struct bl_view *young = NULL;
    fixture_begin(&f);
    assert_ok(bl_view_begin(&before, f.store, NULL));
    push(&f, &first);
    assert_ok(bl_view_begin(&old, f.store, NULL));
    push(&f, &second);
    push(&f, NULL);
    assert_ok(bl_view_begin(&young, f.store, NULL));
    assert_null(bl_view_attachment(before));
    assert_ptr_equal(bl_view_attachment(old), &first.base);
    assert_ptr_equal(bl_view_attachment(young), &second.base);
    assert_int_equal(first.published, 1);
    assert_int_equal(second.published, 1);
    bl_view_end(old);
    assert_int_equal(first.references, 0);
    bl_view_end(before);
    bl_view_end(young);
    fixture_end(&f);
    assert_int_equal(second.references, 0);
}

/* Goal: a layer pushed on a view alone gives its attachment to that view, and publishes nothing. */
static void test_view_push(void **state)
{
    (void)state;
    struct fixture f;
    struct counted ahead = counted_make(1, "1");
    struct bl_view *view = NULL;
    struct bl_layer *layer = NULL;
    fixture_begin(&f);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    assert_ok(bl_layer_new(&layer, &f.env->alloc, NULL, 0, NULL));
    bl_layer_attach(layer, &ahead.base);
    assert_ok(bl_view_push(view, layer, NULL));
    bl_layer_unref(layer);
    assert_ptr_equal(bl_view_attachment(view), &ahead.base);
    bl_view_end(view);
    assert_int_equal(ahead.published, 0);
    assert_int_equal(ahead.references, 0);
    fixture_end(&f);
}

/* Goal: a checkpoint writes what the newest attachment collects, over what its layers say, and asks
 * for what changed since the one of the checkpoint before. */
static void test_collect(void **state)
{
    (void)state;
    struct fixture f;
    struct counted first = counted_make(5, "five");
    struct counted second = counted_make(9, "nine");
    struct bl_view *view = NULL;
    baals_slice value;
    fixture_begin(&f);
    push(&f, &first);
    collected_since = 77;
    assert_ok(bl_store_checkpoint(f.store, NULL));
    assert_int_equal(collected_since, 0);
    push(&f, &second);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    assert_int_equal(bl_view_kv_serial(view), 5);
    assert_status(bl_view_get(view, &value, BAALS_SPACE_NODES, bl_slice_str("node"), NULL),
                  BAALS_NOTFOUND);
    bl_view_end(view);
    assert_ok(bl_store_checkpoint(f.store, NULL));
    assert_int_equal(collected_since, 5);
    assert_ok(bl_view_begin(&view, f.store, NULL));
    assert_int_equal(bl_view_kv_serial(view), 9);
    assert_ok(bl_view_get(view, &value, BAALS_SPACE_NODES, bl_slice_str("node"), NULL));
    assert_true(bl_slice_equal(value, bl_slice_str("nine")));
    bl_view_end(view);
    fixture_end(&f);
}

/* Goal: what an attachment holds for want of a checkpoint counts, until one was taken. */
static void test_excess(void **state)
{
    (void)state;
    struct fixture f;
    struct counted counted = counted_make(3, "3");
    fixture_begin(&f);
    push(&f, &counted);
    size_t bytes = bl_store_layer_bytes(f.store);
    counted.excess = 1000;
    assert_int_equal(bl_store_layer_bytes(f.store), bytes + 1000);
    assert_ok(bl_store_checkpoint(f.store, NULL));
    assert_int_equal(bl_store_layer_bytes(f.store), 0);
    fixture_end(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_view_push),
        cmocka_unit_test(test_collect),
        cmocka_unit_test(test_excess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
