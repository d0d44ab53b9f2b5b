/* SPDX-License-Identifier: MIT */
/*
 * Notes: an ordinary C program as a contract (tools/build-wasi; wasm_limits 2). Its method `main`
 * reads lines from the input and prints to the output; what lasts goes through baals.h.
 *
 *   add TEXT   keeps a note, prints its number
 *   list       prints every note with its number
 *
 * Anything else ends the program with status 1: the call reverts, and no line of it counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baals.h"

#define NOTE_MAX 200

/* The key of a note: its number, big-endian, so that a scan gives them in order. */
static void notes_key(uint8_t key[4], uint32_t number)
{
    for (int i = 0; i < 4; i++)
        key[i] = (uint8_t)(number >> (24 - 8 * i));
}

static void notes_add(const char *text)
{
    uint64_t count = baals_storage_get_u64("count", 5);
    uint8_t key[4];
    notes_key(key, (uint32_t)count);
    baals_storage_write(key, sizeof key, text, (uint32_t)strlen(text));
    baals_storage_set_u64("count", 5, count + 1);
    printf("note %u\n", (unsigned)count);
}

static void notes_list(void)
{
    uint64_t count = baals_storage_get_u64("count", 5);
    for (uint32_t number = 0; number < count; number++) {
        char text[NOTE_MAX + 1] = "";
        uint8_t key[4];
        notes_key(key, number);
        baals_storage_read(key, sizeof key, text, NOTE_MAX);
        printf("%u: %s\n", (unsigned)number, text);
    }
}

int main(void)
{
    char line[NOTE_MAX + 8];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "add ", 4) == 0 && strlen(line) <= NOTE_MAX) {
            notes_add(line + 4);
        } else if (strcmp(line, "list") == 0) {
            notes_list();
        } else {
            fprintf(stderr, "not understood: %s\n", line);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
