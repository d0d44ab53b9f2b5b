/* SPDX-License-Identifier: MIT */
/*
 * `baals new contract`: a folder with a small contract that works, its description, scenarios, and
 * the kit to build it with. Everything comes out of the command itself (kit.h), with the project's
 * name and language filled in. What cannot be finished is removed again.
 */
#include <string.h>

#include "cli/cli_internal.h"
#include "cli/kit.h"

#define NEW_NAME_MAX 32u
#define NEW_FILE_MAX ((size_t)1024 * 1024)

struct new_language {
    const char *name;
    const char *suffix;
    const char *kit;   /* the file that documents what contracts can do */
    const char *needs; /* the programs that build it */
};

static const struct new_language new_languages[] = {
    {"c", "c", "baals/sdk/c/baals.h", "clang-14 and lld-14"},
    {"rust", "rs", "baals/sdk/rust/src/",
     "Rust with the target wasm32v1-none or with its own sources"},
    {"as", "ts", "baals/sdk/as/baals.ts", "node and npm (the first build installs the compiler)"},
};

struct new_project {
    struct cli *cli;
    const char *dir;
    const char *name; /* the last part of dir */
    const struct new_language *language;
};

static baals_status
new_find_language(const struct new_language **out, const char *name, baals_error *err)
{
    if (name == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--lang is needed: c, rust or as");
    for (size_t i = 0; i < BL_COUNT_OF(new_languages); i++) {
        if (strcmp(new_languages[i].name, name) == 0) {
            *out = &new_languages[i];
            return BAALS_OK;
        }
    }
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--lang \"%.40s\": it can be c, rust or as", name);
}

/* The name becomes that of files, of a module and of the contract: what all of them take. */
static baals_status new_check_name(const char *name, baals_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t len = strlen(name);
    bool good = len > 0 && len <= NEW_NAME_MAX && strchr(letters, name[0]) != NULL &&
                strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
    if (!good) {
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "\"%.60s\" is no name for a contract: small letters, digits and _, at most "
                       "%u, a letter first",
                       name, NEW_NAME_MAX);
    }
    if (strcmp(name, "baals") == 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "\"baals\" is the kit's name");
    return BAALS_OK;
}

/* What stands for a mark "@...@" at the beginning of `text`; NULL when there is none. */
static const char *
new_value_of(const struct new_project *project, size_t *mark_len, const char *text, size_t len)
{
    const struct {
        const char *mark;
        const char *value;
    } values[] = {{"@NAME@", project->name},
                  {"@SUFFIX@", project->language->suffix},
                  {"@KIT@", project->language->kit},
                  {"@NEEDS@", project->language->needs}};
    for (size_t i = 0; i < BL_COUNT_OF(values); i++) {
        *mark_len = strlen(values[i].mark);
        if (*mark_len <= len && memcmp(text, values[i].mark, *mark_len) == 0)
            return values[i].value;
    }
    return NULL;
}

static void
new_fill(const struct new_project *project, struct bl_buffer *out, const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        const char *mark = memchr(text + at, '@', len - at);
        size_t plain = mark == NULL ? len - at : (size_t)(mark - text) - at;
        size_t mark_len = 1;
        bl_buffer_append(out, text + at, plain);
        at += plain;
        if (mark == NULL)
            return;
        const char *value = new_value_of(project, &mark_len, mark, len - at);
        if (value == NULL)
            bl_buffer_append_u8(out, '@');
        else
            bl_buffer_append(out, value, strlen(value));
        at += value == NULL ? 1 : mark_len;
    }
}

static baals_status new_write(const struct new_project *project,
                              struct bl_json_writer *w,
                              const struct cli_kit_file *file,
                              struct bl_buffer *buffer,
                              baals_error *err)
{
    char name[BL_PATH_MAX];
    const char *path;
    bl_buffer_clear(buffer);
    new_fill(project, buffer, file->path, strlen(file->path) + 1);
    BL_TRY(bl_buffer_status(buffer, err));
    BL_ASSERT(buffer->len <= sizeof name);
    memcpy(name, buffer->data, buffer->len);
    BL_TRY(cli_join(project->cli, &path, project->dir, name, err));
    bl_buffer_clear(buffer);
    new_fill(project, buffer, (const char *)file->bytes, file->len);
    BL_TRY(bl_buffer_status(buffer, err));
    BL_TRY(cli_write_project(path, bl_buffer_slice(buffer), file->mode, err));
    bl_jw_text(w, name);
    return bl_buffer_status(w->out, err);
}

static baals_status
new_write_all(const struct new_project *project, struct bl_json_writer *w, baals_error *err)
{
    struct bl_buffer buffer;
    baals_status status = BAALS_OK;
    bl_buffer_init(&buffer, project->cli->env->alloc, NEW_FILE_MAX);
    for (size_t i = 0; i < cli_kit_file_count && status == BAALS_OK; i++) {
        const struct cli_kit_file *file = &cli_kit_files[i];
        if (strcmp(file->language, "all") == 0 ||
            strcmp(file->language, project->language->name) == 0)
            status = new_write(project, w, file, &buffer, err);
    }
    bl_buffer_deinit(&buffer);
    return status;
}

baals_status cli_run_new_contract(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct new_project project = {.cli = cli, .dir = cli->args.operands[0]};
    const char *slash = strrchr(project.dir, '/');
    project.name = slash == NULL ? project.dir : slash + 1;
    BL_TRY(new_check_name(project.name, err));
    BL_TRY(new_find_language(&project.language, cli->args.values[CLI_LANG], err));
    BL_TRY(cli_make_project_dir(project.dir, err));
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "dir", project.dir);
    bl_jw_put_text(w, "name", project.name);
    bl_jw_put_text(w, "lang", project.language->name);
    bl_jw_key(w, "files");
    bl_jw_begin_array(w);
    baals_status status = new_write_all(&project, w, err);
    if (status != BAALS_OK) {
        cli_remove_tree(project.dir);
        return status;
    }
    bl_jw_end_array(w);
    bl_jw_end_object(w);
    cli_note(cli, "next: cd %s && ./build && baals test", project.dir);
    return BAALS_OK;
}
