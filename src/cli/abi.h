/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_ABI_H
#define BL_CLI_ABI_H
/*
 * A contract's description of itself (docs/spec/abi.md): methods, events, errors and their types,
 * as the module's custom sections hold them.
 *
 * The node never reads it. The command does, to turn words into arguments and bytes into JSON.
 * Sections are anybody's bytes: decoding is total, bounded by the limits below and by the section's
 * length. A decoded struct cli_abi lives in the arena it was decoded into and is read only.
 */
#include "baals/types.h"

#include "base/arena.h"

#define CLI_ABI_SECTION_MAX ((size_t)65536)
#define CLI_ABI_STRUCTS_MAX 64u
#define CLI_ABI_METHODS_MAX 256u
#define CLI_ABI_EVENTS_MAX 64u
#define CLI_ABI_ERRORS_MAX 256u
#define CLI_ABI_FIELDS_MAX 32u
#define CLI_ABI_NAME_MAX 64u
#define CLI_ABI_DOC_MAX 1024u
#define CLI_ABI_SUFFIXES_MAX 4u
#define CLI_ABI_BYTES_MAX 1024u
/* Arrays within a value: the arguments' own array is one level of the encoding's sixteen. */
#define CLI_ABI_DEPTH_MAX 15u
/* Topics beside an event's name. */
#define CLI_ABI_INDEXED_MAX 3u
/* The name of an event stands in a topic. */
#define CLI_ABI_EVENT_NAME_MAX 32u
/* Errors of this code carry a text and need no declaration. */
#define CLI_ABI_ERROR_TEXT 1u
/* The host interface this version of BaaLS has. */
#define CLI_ABI_INTERFACE 1u

enum cli_abi_base {
    CLI_ABI_U8,
    CLI_ABI_U16,
    CLI_ABI_U32,
    CLI_ABI_U64,
    CLI_ABI_I8,
    CLI_ABI_I16,
    CLI_ABI_I32,
    CLI_ABI_I64,
    CLI_ABI_BOOL,
    CLI_ABI_TEXT,
    CLI_ABI_BYTES,
    CLI_ABI_ADDRESS,
    CLI_ABI_CONTRACT,
    CLI_ABI_HASH,
    CLI_ABI_AMOUNT,
    CLI_ABI_BYTES_N, /* exactly `size` bytes */
    CLI_ABI_STRUCT
};

/* A base and what stands behind it: "u64[]?" is u64 with the suffixes "[" and "?", applied in this
 * order, so the last is the outermost. */
struct cli_abi_type {
    enum cli_abi_base base;
    uint32_t size;         /* of CLI_ABI_BYTES_N */
    uint32_t struct_index; /* of CLI_ABI_STRUCT */
    uint32_t suffix_count;
    char suffixes[CLI_ABI_SUFFIXES_MAX]; /* '[' list, '?' option */
    const char *text;                    /* as it is written */
};

struct cli_abi_field {
    const char *name;
    struct cli_abi_type type;
    bool indexed; /* of an event: it is a topic */
    const char *doc;
};

struct cli_abi_fields {
    struct cli_abi_field *items;
    uint32_t count;
};

struct cli_abi_struct {
    const char *name;
    struct cli_abi_fields fields;
    uint32_t depth; /* arrays within each other in a value */
    const char *doc;
};

enum cli_abi_kind { CLI_ABI_CALL = 0, CLI_ABI_VIEW = 1, CLI_ABI_PAYABLE = 2 };

struct cli_abi_method {
    const char *name;
    enum cli_abi_kind kind;
    struct cli_abi_fields args;
    bool has_returns;
    struct cli_abi_type returns;
    const char *doc;
};

struct cli_abi_event {
    const char *name;
    struct cli_abi_fields fields;
    const char *doc;
};

struct cli_abi_error {
    uint32_t code;
    const char *name;
    struct cli_abi_fields fields;
    const char *doc;
};

struct cli_abi {
    const char *doc;
    struct cli_abi_struct *structs;
    uint32_t struct_count;
    struct cli_abi_method *methods;
    uint32_t method_count;
    struct cli_abi_event *events;
    uint32_t event_count;
    struct cli_abi_error *errors;
    uint32_t error_count;
};

/* Section baals_meta. */
struct cli_abi_meta {
    const char *name;
    const char *version;
    bool has_source_hash;
    baals_hash source_hash;
};

/* What a module says about itself; each part may be missing. */
struct cli_abi_module {
    bool has_abi;
    struct cli_abi abi;
    bool has_meta;
    struct cli_abi_meta meta;
    bool has_interface;
    uint64_t interface;
};

/* Decodes a section baals_abi. REJECT_CODE with the offset and what is wrong; NOMEM, LIMIT. */
__attribute__((warn_unused_result)) baals_status
cli_abi_decode(struct cli_abi *out, struct bl_arena *arena, baals_slice bytes, baals_error *err);

/* Decodes the sections of a module. Bytes that are no WebAssembly module: REJECT_CODE. A section
 * that stands twice: REJECT_CODE. */
__attribute__((warn_unused_result)) baals_status cli_abi_decode_module(struct cli_abi_module *out,
                                                                       struct bl_arena *arena,
                                                                       baals_slice module,
                                                                       baals_error *err);

/* By name; NULL. `name` need not end with NUL for an event: a topic of 32 bytes. */
const struct cli_abi_method *cli_abi_method_find(const struct cli_abi *abi, const char *name);
const struct cli_abi_event *cli_abi_event_find(const struct cli_abi *abi, const baals_hash *topic);
const struct cli_abi_error *cli_abi_error_find(const struct cli_abi *abi, uint32_t code);
/* "call", "view" or "payable". */
const char *cli_abi_kind_name(enum cli_abi_kind kind);

#endif /* BL_CLI_ABI_H */
