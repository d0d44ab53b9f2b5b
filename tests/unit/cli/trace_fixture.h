/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_TRACE_FIXTURE_H
#define BL_TESTS_UNIT_CLI_TRACE_FIXTURE_H
/*
 * A run of the command that knows the description of one contract without asking a chain:
 * tests/integration/data/tracer.abi.json (nest(inner: contract) -> u64, event done(count: u64),
 * error 5 too_much(held: u64)).
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"

#include "cli/abi_result.h"

#define TRACE_ABI                                                                                  \
    "860160808785646e65737400818365696e6e657268636f6e747261637460637536346085646661696c0081836569" \
    "6e6e657268636f6e747261637460f660856662726f6b656e00818365696e6e657268636f6e747261637460f66085" \
    "647370696e0080f6608563736574008063753634608564626f6f6d0080f660856563726173680080f66081836464" \
    "6f"                                                                                           \
    "6e65818465636f756e7463753634f4606081840568746f6f5f6d75636881836468656c64637536346060"

struct trace_fixture {
    struct cli cli;
    struct cli_abi abi;
    struct bl_buffer out;
    struct bl_json_writer w;
    baals_error err;
    char known[BAALS_ADDRESS_TEXT_SIZE]; /* the contract */
};

static inline void trace_open(struct trace_fixture *fx)
{
    uint8_t section[400];
    baals_address address = {.bytes = {0xaa}};
    memset(fx, 0, sizeof *fx);
    assert_ok(bl_env_system(&fx->cli.env, bl_alloc_system(), NULL));
    bl_arena_init(&fx->cli.arena, bl_alloc_system(), (size_t)16 * 1024 * 1024);
    size_t len = testlib_hex(section, sizeof section, TRACE_ABI);
    assert_ok(cli_abi_decode(&fx->abi, &fx->cli.arena, bl_slice(section, len), &fx->err));
    fx->cli.abis[0] = (struct cli_abi_known){address, &fx->abi};
    fx->cli.abi_count = 1;
    baals_address_format(fx->known, BAALS_ADDRESS_CONTRACT, &address);
    bl_buffer_init(&fx->out, bl_alloc_system(), 1 << 20);
}

static inline void trace_close(struct trace_fixture *fx)
{
    bl_buffer_deinit(&fx->out);
    bl_arena_deinit(&fx->cli.arena);
    bl_env_close(fx->cli.env);
}

/* JSON with each @ replaced by the contract's address. */
static inline void trace_parse(struct trace_fixture *fx, struct bl_json_doc *doc, const char *text)
{
    struct bl_buffer json;
    bl_buffer_init(&json, bl_alloc_system(), 1 << 20);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            bl_buffer_append(&json, fx->known, strlen(fx->known));
        else
            bl_buffer_append_u8(&json, (uint8_t)*text);
    }
    memset(doc, 0, sizeof *doc);
    assert_ok(bl_json_parse(doc, bl_buffer_slice(&json), 1 << 20, NULL));
    bl_buffer_deinit(&json);
    bl_buffer_clear(&fx->out);
    bl_jw_init(&fx->w, &fx->out);
}

/* What was written, as text. */
static inline const char *trace_written(struct trace_fixture *fx)
{
    bl_buffer_append_u8(&fx->out, 0);
    assert_false(fx->out.failed);
    return (const char *)fx->out.data;
}

#endif /* BL_TESTS_UNIT_CLI_TRACE_FIXTURE_H */
