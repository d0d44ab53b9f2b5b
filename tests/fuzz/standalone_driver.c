/* SPDX-License-Identifier: MIT */
/*
 * Replays a corpus without libFuzzer: every file of the folders (or files) named on the command
 * line is given once to LLVMFuzzerTestOneInput. Fails when nothing was read, so an empty corpus is
 * seen.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long driver_run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    static uint8_t bytes[8 * 1024 * 1024];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    /* An exact copy, so that a sanitizer sees a read past the end. */
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL)
        return 0;
    memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    return 1;
}

static long driver_run_folder(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return driver_run_file(path);
    long count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) < (int)sizeof child)
            count += driver_run_file(child);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    long count = 0;
    for (int i = 1; i < argc; i++)
        count += driver_run_folder(argv[i]);
    printf("%ld inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
