/* SPDX-License-Identifier: MIT */
/*
 * The program `baals`. All of it is in the cli module, so that tests can link it.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return bl_cli_main(argc, argv);
}
