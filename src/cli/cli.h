/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_CLI_H
#define BL_CLI_CLI_H
/*
 * The `baals` command. main.c calls bl_cli_main and nothing else, so that tests can link
 * everything.
 *
 * A command fills in one JSON value, its result; it is printed as it is with --json and as lines of
 * "name  value" without. Data goes to stdout, everything else to stderr. The process' exit code is
 * the class of what went wrong (docs/guides/command.md).
 */
#include "baals/baals.h"

#include "base/arena.h"
#include "base/env.h"

/* Runs the command line; returns the exit code. */
int bl_cli_main(int argc, char **argv);

#endif /* BL_CLI_CLI_H */
