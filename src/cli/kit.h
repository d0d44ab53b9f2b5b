/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_KIT_H
#define BL_CLI_KIT_H
/*
 * The files that `baals new contract` writes, inside the command, so that it works wherever the
 * command does. The build makes kit.c of contracts/sdk/new/files.txt.
 */
#include <stddef.h>
#include <stdint.h>

struct cli_kit_file {
    const char *language; /* as in --lang, or "all" */
    unsigned mode;        /* before the umask */
    const char *path;     /* in the project, with @NAME@ for its name */
    const uint8_t *bytes; /* with @NAME@, @SUFFIX@, @KIT@ and @NEEDS@ to be replaced */
    size_t len;
};

extern const struct cli_kit_file cli_kit_files[];
extern const size_t cli_kit_file_count;

#endif /* BL_CLI_KIT_H */
