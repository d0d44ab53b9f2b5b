/* SPDX-License-Identifier: MIT */
/* Any bytes as a module, as a description, and as words and values of a description. */
#include <stdlib.h>
#include <string.h>

#include "cli/abi_show.h"
#include "cli/abi_value.h"

#define FUZZ_ABI_MEMORY ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any status is fine; that it comes back at all is the test. */
static void fuzz_abi_any(baals_status status)
{
    BL_ASSERT(status == BAALS_OK || BAALS_STATUS_CLASS(status) != BAALS_CLASS_OK);
}

/* Every method, error and event of the description takes the rest of the input. */
static void fuzz_abi_values(const struct cli_abi *abi, const char *word, baals_slice rest)
{
    const char *words[CLI_ABI_FIELDS_MAX];
    struct bl_json_writer w;
    struct bl_buffer out;
    baals_event event = {.topic_count = 2, .data = rest};
    bl_buffer_init(&out, bl_alloc_system(), FUZZ_ABI_MEMORY);
    for (size_t i = 0; i < CLI_ABI_FIELDS_MAX; i++)
        words[i] = word;
    for (uint32_t i = 0; i < abi->method_count; i++) {
        const struct cli_abi_method *method = &abi->methods[i];
        bl_buffer_clear(&out);
        fuzz_abi_any(cli_abi_arguments(&out, abi, method, words, method->args.count, NULL));
        bl_jw_init(&w, &out);
        fuzz_abi_any(cli_abi_print_output(&w, abi, method, rest, NULL));
        fuzz_abi_any(cli_abi_print_arguments(&w, abi, method, rest, NULL));
    }
    for (uint32_t i = 0; i < abi->error_count; i++)
        fuzz_abi_any(cli_abi_print_error(&w, abi, &abi->errors[i], rest, NULL));
    for (uint32_t i = 0; i < abi->event_count; i++)
        fuzz_abi_any(cli_abi_print_event(&w, abi, &abi->events[i], &event, NULL));
    bl_buffer_deinit(&out);
}

/* The first two bytes are the length of a description; words and values follow. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_arena arena;
    struct cli_abi_module module = {0};
    bl_arena_init(&arena, bl_alloc_system(), FUZZ_ABI_MEMORY);
    fuzz_abi_any(cli_abi_decode_module(&module, &arena, bl_slice(data, size), NULL));
    if (size > 2) {
        size_t len = bl_load_u16be(data);
        len = len > size - 2 ? size - 2 : len;
        baals_slice rest = bl_slice(data + 2 + len, size - 2 - len);
        char *word = bl_arena_alloc(&arena, rest.len + 1);
        BL_ASSERT(word != NULL);
        if (rest.len > 0)
            memcpy(word, rest.data, rest.len);
        word[rest.len] = '\0';
        if (cli_abi_decode(&module.abi, &arena, bl_slice(data + 2, len), NULL) == BAALS_OK) {
            struct bl_buffer out;
            bl_buffer_init(&out, bl_alloc_system(), FUZZ_ABI_MEMORY);
            module.has_abi = true;
            cli_abi_show_text(&out, &module);
            bl_buffer_deinit(&out);
            fuzz_abi_values(&module.abi, word, rest);
        }
    }
    bl_arena_deinit(&arena);
    return 0;
}
