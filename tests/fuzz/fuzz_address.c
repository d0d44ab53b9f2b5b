/* SPDX-License-Identifier: MIT */
/* Any text as an address and as a hash: accepted means written back alike. */
#include <stdlib.h>
#include <string.h>

#include "types/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';

    baals_address address;
    baals_address_kind kind;
    baals_error err = {.status = BAALS_OK};
    baals_status status = baals_address_parse(&address, &kind, text, &err);
    if (status == BAALS_OK) {
        char again[BAALS_ADDRESS_TEXT_SIZE];
        baals_address_format(again, kind, &address);
        BL_ASSERT(strcmp(again, text) == 0);
    } else {
        BL_ASSERT(status == BAALS_MISUSE_ADDRESS && err.status == (int32_t)status);
    }
    baals_hash hash;
    if (baals_hash_parse(&hash, text, NULL) == BAALS_OK) {
        char again[BAALS_HASH_TEXT_SIZE];
        baals_hash_format(again, &hash);
        BL_ASSERT(strcmp(again, text) == 0);
    }
    free(text);
    return 0;
}
