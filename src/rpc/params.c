/* SPDX-License-Identifier: MIT */
/*
 * Parameters of methods: looked up by name, converted, and refused with their name when they are
 * not what the method asks for. A method's spec lists the names it knows ("id! wait_ms"), so a
 * misspelt one is an error and never silently ignored.
 */
#include <string.h>

#include "rpc/rpc_internal.h"

bool bl_rpc_has(const struct bl_rpc_call *call, const char *name)
{
    const struct bl_json *value = bl_json_member(call->params, name);
    return value != NULL && bl_json_type(value) != BL_JSON_NULL;
}

struct params_check {
    const char *spec;
    baals_error *err;
};

/* Whether `name` is a word of the spec, a "!" at the word's end not counted. */
static bool params_spec_has(const char *spec, const char *name)
{
    size_t name_len = strlen(name);
    while (*spec != '\0') {
        size_t len = strcspn(spec, " ");
        size_t bare = len > 0 && spec[len - 1] == '!' ? len - 1 : len;
        if (bare == name_len && memcmp(spec, name, bare) == 0)
            return true;
        spec += len;
        spec += strspn(spec, " ");
    }
    return false;
}

static baals_status params_known(void *ctx, const char *name, const struct bl_json *value)
{
    struct params_check *check = ctx;
    (void)value;
    if (!params_spec_has(check->spec, name))
        return bl_fail(check->err, BAALS_MISUSE_ARGUMENT, "unknown parameter \"%.60s\"", name);
    return BAALS_OK;
}

baals_status bl_rpc_params_check(const struct bl_json *params, const char *spec, baals_error *err)
{
    struct params_check check = {.spec = spec, .err = err};
    if (params != NULL)
        BL_TRY(bl_json_each(params, params_known, &check));
    while (*spec != '\0') {
        size_t len = strcspn(spec, " ");
        char name[32];
        if (len > 0 && len < sizeof name && spec[len - 1] == '!') {
            memcpy(name, spec, len - 1);
            name[len - 1] = '\0';
            if (bl_json_member(params, name) == NULL)
                return bl_fail(err, BAALS_MISUSE_ARGUMENT, "parameter \"%s\" is missing", name);
        }
        spec += len;
        spec += strspn(spec, " ");
    }
    return BAALS_OK;
}

baals_status
bl_rpc_param_text(struct bl_rpc_call *call, const char **out, const char *name, baals_error *err)
{
    const struct bl_json *value = bl_json_member(call->params, name);
    const char *text = bl_json_text(value);
    if (text == NULL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "parameter \"%s\" must be a string, not %s",
                       name, value == NULL ? "absent" : bl_json_type_name(value));
    *out = text;
    return BAALS_OK;
}

baals_status
bl_rpc_param_hash(struct bl_rpc_call *call, baals_hash *out, const char *name, baals_error *err)
{
    const char *text;
    BL_TRY(bl_rpc_param_text(call, &text, name, err));
    if (baals_hash_parse(out, text, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "parameter \"%s\" must be 64 lowercase hex digits", name);
    return BAALS_OK;
}

baals_status bl_rpc_param_address(struct bl_rpc_call *call,
                                  baals_address *out,
                                  const char *name,
                                  baals_error *err)
{
    const char *text;
    baals_address_kind kind;
    BL_TRY(bl_rpc_param_text(call, &text, name, err));
    baals_status status = baals_address_parse(out, &kind, text, err);
    if (status != BAALS_OK)
        return bl_fail_context(err, status, "parameter \"%s\"", name);
    return BAALS_OK;
}

baals_status
bl_rpc_param_bytes(struct bl_rpc_call *call, baals_slice *out, const char *name, baals_error *err)
{
    if (!bl_rpc_has(call, name)) {
        *out = bl_slice(NULL, 0);
        return BAALS_OK;
    }
    const char *text;
    BL_TRY(bl_rpc_param_text(call, &text, name, err));
    size_t digits = strlen(text);
    uint8_t *bytes = bl_arena_alloc(call->arena, digits / 2);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for parameter \"%s\"", name);
    if (digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text, digits))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "parameter \"%s\" must be an even number of hex digits", name);
    *out = bl_slice(bytes, digits / 2);
    return BAALS_OK;
}

baals_status
bl_rpc_param_bool(struct bl_rpc_call *call, bool *out, const char *name, baals_error *err)
{
    const struct bl_json *value = bl_json_member(call->params, name);
    if (bl_rpc_has(call, name) && bl_json_type(value) != BL_JSON_BOOL)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "parameter \"%s\" must be true or false, not %s",
                       name, bl_json_type_name(value));
    *out = bl_json_is_true(value);
    return BAALS_OK;
}

baals_status bl_rpc_param_u64(struct bl_rpc_call *call,
                              uint64_t *out,
                              const char *name,
                              uint64_t absent,
                              uint64_t max,
                              baals_error *err)
{
    if (!bl_rpc_has(call, name)) {
        *out = absent;
        return BAALS_OK;
    }
    const struct bl_json *value = bl_json_member(call->params, name);
    const char *text = bl_json_text(value);
    uint64_t number;
    bool good =
        text != NULL ? bl_u64_parse(&number, text, strlen(text)) : bl_json_u64(&number, value);
    if (!good || number > max)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "parameter \"%s\" must be a whole number from 0 to %llu", name,
                       (unsigned long long)max);
    *out = number;
    return BAALS_OK;
}
