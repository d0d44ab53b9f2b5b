/* SPDX-License-Identifier: MIT */
/*
 * wat2wasm as a child process: text in a file, module in a file, both in a temporary folder of the
 * test's own.
 */
#include "testlib_wat.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int testlib_run(const char *const argv[])
{
    char *args[32];
    size_t count = 0;
    for (; argv[count] != NULL; count++) {
        assert_true(count < BL_COUNT_OF(args) - 1);
        args[count] = strdup(argv[count]);
        assert_non_null(args[count]);
    }
    args[count] = NULL;
    char *const environment[] = {strdup("PATH=/usr/local/bin:/usr/bin:/bin"), NULL};
    pid_t pid = 0;
    int result = posix_spawnp(&pid, argv[0], NULL, NULL, args, environment);
    int status = -1;
    if (result == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        status = WEXITSTATUS(status);
    else
        status = -1;
    free(environment[0]);
    for (size_t i = 0; i < count; i++)
        free(args[i]);
    return status;
}

uint8_t *testlib_wat(size_t *len_out, const char *text)
{
    char folder[1024];
    char source[1100];
    char module[1100];
    testlib_temp_dir(folder, sizeof folder, "wat");
    (void)snprintf(source, sizeof source, "%s/module.wat", folder);
    (void)snprintf(module, sizeof module, "%s/module.wasm", folder);
    FILE *file = fopen(source, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    const char *const argv[] = {"wat2wasm", "--no-check", "-o", module, source, NULL};
    if (testlib_run(argv) != 0)
        fail_msg("wat2wasm refused:\n%s", text);
    uint8_t *bytes = testlib_read_file(len_out, module);
    testlib_remove_tree(folder);
    return bytes;
}
