/* SPDX-License-Identifier: MIT */
/*
 * A whole chain as one stream (docs/spec/export.md): a CBOR sequence of the format's name, the
 * genesis, the genesis contracts' modules, the height, and every block from 1 up. It holds nothing
 * local, so the same chain gives the same bytes everywhere. An import executes every block again.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

#define EXPORT_NAME "baals-export-1"
#define EXPORT_CHUNK_BYTES (64u * 1024u)

/* ---- writing ---- */

struct export_writer {
    struct baals_chain *chain;
    struct bl_view *view;
    baals_sink sink;
    void *ctx;
    struct bl_buffer scratch;
};

/* Hands over what stands in the scratch buffer. */
static baals_status export_flush(struct export_writer *w, baals_error *err)
{
    BL_TRY(bl_buffer_status(&w->scratch, err));
    baals_status status = w->sink(w->ctx, bl_buffer_slice(&w->scratch), err);
    bl_buffer_clear(&w->scratch);
    return status;
}

static baals_status export_bytes(struct export_writer *w, baals_slice bytes, baals_error *err)
{
    bl_cbor_write_bytes(&w->scratch, bytes);
    return export_flush(w, err);
}

static baals_status export_head(struct export_writer *w, baals_error *err)
{
    const struct baals_chain *chain = w->chain;
    bl_cbor_write_text(&w->scratch, bl_slice_str(EXPORT_NAME));
    bl_cbor_write_bytes(&w->scratch, bl_slice(chain->genesis_bytes, chain->genesis_len));
    bl_cbor_write_uint(&w->scratch, chain->genesis.contract_count);
    BL_TRY(export_flush(w, err));
    for (size_t i = 0; i < chain->genesis.contract_count; i++) {
        const baals_hash *hash = &chain->genesis.contracts[i].code_hash;
        baals_slice code = {NULL, 0};
        baals_status status = bl_view_get(w->view, &code, BAALS_SPACE_MODULES,
                                          bl_slice(hash->bytes, sizeof hash->bytes), err);
        if (status == BAALS_NOTFOUND)
            return bl_fail(err, BAALS_CORRUPT_STATE, "the code of a genesis contract is missing");
        BL_TRY(status);
        BL_TRY(export_bytes(w, code, err));
    }
    bl_cbor_write_uint(&w->scratch, bl_view_tip(w->view)->height);
    return export_flush(w, err);
}

static baals_status export_blocks(struct export_writer *w, baals_error *err)
{
    for (uint64_t height = 1; height <= bl_view_tip(w->view)->height; height++) {
        struct bl_journal_record journal;
        struct bl_block_record record;
        baals_status read = bl_chain_read_block(w->chain, &journal, &record, w->view, height, err);
        uint64_t kept_from = atomic_load(&w->chain->kept_from);
        if (read != BAALS_OK && height < kept_from)
            return bl_fail(err, BAALS_NOTFOUND_PRUNED,
                           "an export begins with block 1, the chain keeps blocks from %llu on",
                           (unsigned long long)kept_from);
        BL_TRY(read);
        baals_status status = export_bytes(w, record.block.bytes, err);
        bl_journal_record_deinit(w->chain->journal, &journal);
        BL_TRY(status);
    }
    return BAALS_OK;
}

baals_status baals_export(baals_chain *chain, baals_sink sink, void *ctx, baals_error *err)
{
    if (chain == NULL || sink == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_export needs a chain and a sink");
    struct export_writer w = {.chain = chain, .sink = sink, .ctx = ctx};
    bl_buffer_init(&w.scratch, chain->env->alloc, BL_GENESIS_BYTES_MAX + BL_BLOCK_BYTES_MAX);
    baals_status status = bl_view_begin(&w.view, chain->store, err);
    if (status == BAALS_OK)
        status = export_head(&w, err);
    if (status == BAALS_OK)
        status = export_blocks(&w, err);
    bl_view_end(w.view);
    bl_buffer_deinit(&w.scratch);
    return status;
}

/* ---- reading ---- */

struct export_reader {
    baals_source source;
    void *ctx;
    uint8_t chunk[EXPORT_CHUNK_BYTES];
    size_t begin;
    size_t end;
};

/* Exactly len bytes; REJECT_TRUNCATED when the stream ends before. */
static baals_status export_read(struct export_reader *r, uint8_t *out, size_t len, baals_error *err)
{
    while (len > 0) {
        if (r->begin == r->end) {
            r->begin = 0;
            r->end = 0;
            BL_TRY(r->source(r->ctx, r->chunk, sizeof r->chunk, &r->end, err));
            if (r->end > sizeof r->chunk)
                return bl_fail(err, BAALS_MISUSE, "the source gave more than it was asked for");
            if (r->end == 0)
                return bl_fail(err, BAALS_REJECT_TRUNCATED, "the export ends too early");
        }
        size_t step = r->end - r->begin < len ? r->end - r->begin : len;
        memcpy(out, r->chunk + r->begin, step);
        r->begin += step;
        out += step;
        len -= step;
    }
    return BAALS_OK;
}

/* The head of one item: its major type and argument, in shortest form. */
static baals_status
export_read_head(struct export_reader *r, uint32_t major, uint64_t *argument_out, baals_error *err)
{
    uint8_t bytes[9];
    BL_TRY(export_read(r, bytes, 1, err));
    uint32_t info = bytes[0] & 0x1fu;
    size_t extra = info < 24 ? 0 : info <= 27 ? (size_t)1 << (info - 24) : SIZE_MAX;
    if (bytes[0] >> 5 != major || extra == SIZE_MAX)
        return bl_fail(err, BAALS_REJECT_TYPE, "the export has an item of another type");
    BL_TRY(export_read(r, bytes + 1, extra, err));
    uint64_t argument = info;
    if (extra > 0)
        argument = 0;
    for (size_t i = 1; i <= extra; i++)
        argument = argument << 8 | bytes[i];
    static const uint64_t least[] = {0, 24, 256, 0, 65536, 0, 0, 0, 4294967296u};
    if (argument < least[extra])
        return bl_fail(err, BAALS_REJECT_NOT_SHORTEST, "the export has a long form of a number");
    *argument_out = argument;
    return BAALS_OK;
}

/* A byte string (or text) of at most max bytes into the buffer. */
static baals_status export_read_string(
    struct export_reader *r, struct bl_buffer *out, uint32_t major, size_t max, baals_error *err)
{
    uint64_t len = 0;
    BL_TRY(export_read_head(r, major, &len, err));
    if (len > max)
        return bl_fail(err, BAALS_REJECT_LENGTH, "the export has an item that is too long");
    bl_buffer_clear(out);
    uint8_t *place = bl_buffer_extend(out, (size_t)len);
    if (place == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for an import");
    return export_read(r, place, (size_t)len, err);
}

enum { EXPORT_UINT = 0, EXPORT_BYTES = 2, EXPORT_TEXT = 3 };

/* What stands before the blocks. */
struct export_start {
    struct bl_buffer genesis;
    struct bl_buffer modules[BL_GENESIS_CONTRACTS_MAX];
    baals_slice module_slices[BL_GENESIS_CONTRACTS_MAX];
    size_t module_count;
    uint64_t height;
};

static baals_status export_read_start(struct export_reader *r,
                                      struct export_start *start,
                                      struct bl_buffer *scratch,
                                      const struct bl_alloc *alloc,
                                      baals_error *err)
{
    BL_TRY(export_read_string(r, scratch, EXPORT_TEXT, 64, err));
    if (!bl_slice_equal(bl_buffer_slice(scratch), bl_slice_str(EXPORT_NAME)))
        return bl_fail(err, BAALS_REJECT_VERSION, "not an export this build knows");
    BL_TRY(export_read_string(r, &start->genesis, EXPORT_BYTES, BL_GENESIS_BYTES_MAX, err));
    uint64_t count = 0;
    BL_TRY(export_read_head(r, EXPORT_UINT, &count, err));
    if (count > BL_GENESIS_CONTRACTS_MAX)
        return bl_fail(err, BAALS_REJECT_COUNT, "the export has too many modules");
    for (size_t i = 0; i < count; i++) {
        bl_buffer_init(&start->modules[i], *alloc, BL_CODE_BYTES_MAX);
        start->module_count++;
        BL_TRY(export_read_string(r, &start->modules[i], EXPORT_BYTES, BL_CODE_BYTES_MAX, err));
        start->module_slices[i] = bl_buffer_slice(&start->modules[i]);
    }
    return export_read_head(r, EXPORT_UINT, &start->height, err);
}

/* Blocks the chain has must be the export's; the others are imported. */
static baals_status
export_take_block(struct baals_chain *chain, uint64_t height, baals_slice bytes, baals_error *err)
{
    pthread_mutex_lock(&chain->lock);
    uint64_t tip = chain->tip->header.index;
    pthread_mutex_unlock(&chain->lock);
    if (height > tip)
        return bl_chain_import(chain, bytes, false, err);
    /* The first kept block's hash vouches for those before it. */
    if (height < atomic_load(&chain->kept_from))
        return BAALS_OK;
    baals_bytes own = {NULL, 0, NULL};
    BL_TRY(baals_block_get(chain, &own, height, err));
    bool same = bl_slice_equal(bl_slice(own.data, own.len), bytes);
    baals_bytes_free(&own);
    if (!same)
        return bl_fail(err, BAALS_CORRUPT_FOREIGN,
                       "block %llu of the export is another one than this chain's",
                       (unsigned long long)height);
    return BAALS_OK;
}

static baals_status export_take_blocks(struct baals_chain *chain,
                                       struct export_reader *r,
                                       struct bl_buffer *scratch,
                                       uint64_t count,
                                       baals_error *err)
{
    for (uint64_t height = 1; height <= count; height++) {
        BL_TRY(export_read_string(r, scratch, EXPORT_BYTES, BL_BLOCK_BYTES_MAX, err));
        baals_status status = export_take_block(chain, height, bl_buffer_slice(scratch), err);
        if (status != BAALS_OK)
            return bl_fail_context(err, status, "block %llu of the export",
                                   (unsigned long long)height);
    }
    uint8_t more = 0;
    baals_status status = export_read(r, &more, 1, err);
    if (status == BAALS_OK)
        return bl_fail(err, BAALS_REJECT_TRAILING, "bytes follow the last block of the export");
    return status == BAALS_REJECT_TRUNCATED ? BAALS_OK : status;
}

/* Reads a whole export into *chain_io, opening it first where it is NULL. */
static baals_status export_import(struct baals_chain **chain_io,
                                  const char *path,
                                  const baals_options *options,
                                  struct export_reader *r,
                                  struct export_start *start,
                                  struct bl_buffer *scratch,
                                  const struct bl_alloc *alloc,
                                  baals_error *err)
{
    BL_TRY(export_read_start(r, start, scratch, alloc, err));
    struct baals_chain *chain = *chain_io;
    baals_slice genesis = bl_buffer_slice(&start->genesis);
    if (chain == NULL) {
        baals_options making = *options;
        making.flags = (making.flags | BAALS_OPEN_CREATE) & ~(uint32_t)BAALS_OPEN_PRODUCE;
        making.genesis = genesis;
        making.modules = start->module_slices;
        making.module_count = start->module_count;
        BL_TRY(baals_open(&chain, path, &making, err));
        *chain_io = chain;
    }
    if (!bl_slice_equal(genesis, bl_slice(chain->genesis_bytes, chain->genesis_len)))
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "the export is of another chain");
    return export_take_blocks(chain, r, scratch, start->height, err);
}

static baals_status export_run(struct baals_chain **chain_io,
                               const char *path,
                               const baals_options *options,
                               baals_source source,
                               void *ctx,
                               baals_error *err)
{
    struct bl_alloc alloc = bl_alloc_system();
    if (*chain_io != NULL)
        alloc = (*chain_io)->env->alloc;
    else if (options->allocator != NULL)
        alloc = (struct bl_alloc){options->allocator->resize, options->allocator->ctx};
    struct export_reader *r = bl_alloc_zero(&alloc, 1, sizeof *r);
    struct export_start *start = bl_alloc_zero(&alloc, 1, sizeof *start);
    baals_status status = BAALS_OK;
    if (r == NULL || start == NULL) {
        status = bl_fail(err, BAALS_NOMEM, "no memory for an import");
    } else {
        struct bl_buffer scratch;
        r->source = source;
        r->ctx = ctx;
        bl_buffer_init(&start->genesis, alloc, BL_GENESIS_BYTES_MAX);
        bl_buffer_init(&scratch, alloc, BL_BLOCK_BYTES_MAX);
        status = export_import(chain_io, path, options, r, start, &scratch, &alloc, err);
        for (size_t i = 0; i < start->module_count; i++)
            bl_buffer_deinit(&start->modules[i]);
        bl_buffer_deinit(&start->genesis);
        bl_buffer_deinit(&scratch);
    }
    bl_alloc_free(&alloc, r, sizeof *r);
    bl_alloc_free(&alloc, start, sizeof *start);
    return status;
}

baals_status baals_import(
    baals_chain *chain, uint64_t *height_out, baals_source source, void *ctx, baals_error *err)
{
    if (chain == NULL || source == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_import needs a chain and a source");
    BL_TRY(export_run(&chain, NULL, NULL, source, ctx, err));
    if (height_out != NULL) {
        pthread_mutex_lock(&chain->lock);
        *height_out = chain->tip->header.index;
        pthread_mutex_unlock(&chain->lock);
    }
    return BAALS_OK;
}

baals_status baals_import_new(baals_chain **chain_out,
                              const char *path,
                              const baals_options *options,
                              baals_source source,
                              void *ctx,
                              baals_error *err)
{
    if (chain_out == NULL || path == NULL || source == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_import_new needs a path and a source");
    struct baals_chain *chain = NULL;
    baals_options known;
    BL_TRY(bl_options_read(&known, options, err));
    baals_status status = export_run(&chain, path, &known, source, ctx, err);
    if (status != BAALS_OK) {
        (void)baals_close(chain, NULL);
        return status;
    }
    *chain_out = chain;
    return BAALS_OK;
}
