/* SPDX-License-Identifier: MIT */
/*
 * A description for people and for programs: signatures with their doc texts, or the JSON that
 * tools/contract-abi reads.
 */
#include "cli/abi_show.h"

#include <stdio.h>
#include <string.h>

static void show_append(struct bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

/* ---- JSON ---- */

static void show_json_doc(struct bl_json_writer *w, const char *doc)
{
    if (doc[0] != '\0')
        bl_jw_put_text(w, "doc", doc);
}

static void
show_json_fields(struct bl_json_writer *w, const char *name, const struct cli_abi_fields *fields)
{
    bl_jw_key(w, name);
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cli_abi_field *field = &fields->items[i];
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "name", field->name);
        bl_jw_put_text(w, "type", field->type.text);
        if (field->indexed)
            bl_jw_put_bool(w, "indexed", true);
        show_json_doc(w, field->doc);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

static void show_json_structs(struct bl_json_writer *w, const struct cli_abi *abi)
{
    bl_jw_key(w, "structs");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < abi->struct_count; i++) {
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "name", abi->structs[i].name);
        show_json_fields(w, "fields", &abi->structs[i].fields);
        show_json_doc(w, abi->structs[i].doc);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

static void show_json_methods(struct bl_json_writer *w, const struct cli_abi *abi)
{
    bl_jw_key(w, "methods");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < abi->method_count; i++) {
        const struct cli_abi_method *method = &abi->methods[i];
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "name", method->name);
        bl_jw_put_text(w, "kind", cli_abi_kind_name(method->kind));
        show_json_fields(w, "args", &method->args);
        if (method->has_returns)
            bl_jw_put_text(w, "returns", method->returns.text);
        show_json_doc(w, method->doc);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

static void show_json_events(struct bl_json_writer *w, const struct cli_abi *abi)
{
    bl_jw_key(w, "events");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < abi->event_count; i++) {
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "name", abi->events[i].name);
        show_json_fields(w, "fields", &abi->events[i].fields);
        show_json_doc(w, abi->events[i].doc);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

static void show_json_errors(struct bl_json_writer *w, const struct cli_abi *abi)
{
    bl_jw_key(w, "errors");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < abi->error_count; i++) {
        bl_jw_begin_object(w);
        bl_jw_put_u64(w, "code", abi->errors[i].code);
        bl_jw_put_text(w, "name", abi->errors[i].name);
        show_json_fields(w, "fields", &abi->errors[i].fields);
        show_json_doc(w, abi->errors[i].doc);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
}

void cli_abi_show_json(struct bl_json_writer *w, const struct cli_abi_module *module)
{
    bl_jw_begin_object(w);
    if (module->has_meta) {
        bl_jw_put_text(w, "name", module->meta.name);
        bl_jw_put_text(w, "version", module->meta.version);
        if (module->meta.has_source_hash)
            bl_jw_put_hash(w, "source_hash", &module->meta.source_hash);
    }
    if (module->has_interface)
        bl_jw_put_u64(w, "interface", module->interface);
    if (module->has_abi) {
        show_json_doc(w, module->abi.doc);
        show_json_structs(w, &module->abi);
        show_json_methods(w, &module->abi);
        show_json_events(w, &module->abi);
        show_json_errors(w, &module->abi);
    }
    bl_jw_end_object(w);
}

/* ---- text ---- */

/* "(to: address, amount: u64)" */
static void show_fields(struct bl_buffer *out, const struct cli_abi_fields *fields)
{
    show_append(out, "(");
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cli_abi_field *field = &fields->items[i];
        show_append(out, i == 0 ? "" : ", ");
        show_append(out, field->name);
        show_append(out, ": ");
        show_append(out, field->type.text);
        show_append(out, field->indexed ? " indexed" : "");
    }
    show_append(out, ")");
}

static void show_doc(struct bl_buffer *out, const char *indent, const char *doc)
{
    if (doc[0] == '\0')
        return;
    show_append(out, indent);
    for (const char *p = doc; *p != '\0'; p++) {
        bl_buffer_append_u8(out, (uint8_t)*p);
        if (*p == '\n')
            show_append(out, indent);
    }
    show_append(out, "\n");
}

/* The fields that have a doc text, one a line. */
static void show_field_docs(struct bl_buffer *out, const struct cli_abi_fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->items[i].doc[0] == '\0')
            continue;
        show_append(out, "        ");
        show_append(out, fields->items[i].name);
        show_doc(out, "  ", fields->items[i].doc);
    }
}

void cli_abi_show_method(struct bl_buffer *out, const struct cli_abi_method *method)
{
    show_append(out, "  ");
    show_append(out, method->name);
    show_fields(out, &method->args);
    if (method->has_returns) {
        show_append(out, " -> ");
        show_append(out, method->returns.text);
    }
    if (method->kind != CLI_ABI_CALL) {
        show_append(out, "  [");
        show_append(out, cli_abi_kind_name(method->kind));
        show_append(out, "]");
    }
    show_append(out, "\n");
    show_doc(out, "      ", method->doc);
    show_field_docs(out, &method->args);
}

static void show_item(struct bl_buffer *out,
                      const char *name,
                      const struct cli_abi_fields *fields,
                      const char *doc)
{
    show_append(out, "  ");
    show_append(out, name);
    show_fields(out, fields);
    show_append(out, "\n");
    show_doc(out, "      ", doc);
    show_field_docs(out, fields);
}

void cli_abi_show_structs(struct bl_buffer *out, const struct cli_abi *abi)
{
    show_append(out, abi->struct_count > 0 ? "\nStructs:\n" : "");
    for (uint32_t i = 0; i < abi->struct_count; i++)
        show_item(out, abi->structs[i].name, &abi->structs[i].fields, abi->structs[i].doc);
}

void cli_abi_show_text(struct bl_buffer *out, const struct cli_abi_module *module)
{
    const struct cli_abi *abi = &module->abi;
    char number[40];
    if (module->has_meta) {
        show_append(out, module->meta.name);
        show_append(out, " ");
        show_append(out, module->meta.version);
        show_append(out, "\n");
    }
    show_doc(out, "", abi->doc);
    show_append(out, "\nMethods:\n");
    for (uint32_t i = 0; i < abi->method_count; i++)
        cli_abi_show_method(out, &abi->methods[i]);
    show_append(out, abi->event_count > 0 ? "\nEvents:\n" : "");
    for (uint32_t i = 0; i < abi->event_count; i++)
        show_item(out, abi->events[i].name, &abi->events[i].fields, abi->events[i].doc);
    show_append(out, abi->error_count > 0 ? "\nErrors:\n" : "");
    for (uint32_t i = 0; i < abi->error_count; i++) {
        snprintf(number, sizeof number, "  %u", abi->errors[i].code);
        show_append(out, number);
        show_item(out, abi->errors[i].name, &abi->errors[i].fields, abi->errors[i].doc);
    }
    cli_abi_show_structs(out, abi);
}
