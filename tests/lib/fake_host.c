/* SPDX-License-Identifier: MIT */
/*
 * Slices of the state live in one arena until the end, so a checkpoint is a copy of the arrays.
 */
#include "fake_host.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

static struct fake_host *fake_of(baals_contract_host *self)
{
    return BL_CONTAINER_OF(self, struct fake_host, base);
}

static baals_slice fake_copy(struct fake_host *host, baals_slice bytes)
{
    baals_slice copy;
    assert_true(bl_arena_copy(&copy, &host->arena, bytes));
    return copy;
}

static baals_status fake_operation(struct fake_host *host, baals_error *err)
{
    if (++host->operations == host->fail_at)
        return bl_fail(err, BAALS_IO, "the fake host fails");
    return BAALS_OK;
}

static int
fake_compare(const struct fake_entry *entry, const baals_address *contract, baals_slice key)
{
    int order = memcmp(entry->contract.bytes, contract->bytes, sizeof contract->bytes);
    return order != 0 ? order : bl_slice_compare(entry->key, key);
}

/* The first entry that is not less than contract and key. */
static size_t
fake_lower_bound(const struct fake_state *state, const baals_address *contract, baals_slice key)
{
    size_t at = 0;
    while (at < state->entry_count && fake_compare(&state->entries[at], contract, key) < 0)
        at++;
    return at;
}

static bool fake_is_at(const struct fake_state *state,
                       size_t at,
                       const baals_address *contract,
                       baals_slice key)
{
    return at < state->entry_count && fake_compare(&state->entries[at], contract, key) == 0;
}

static baals_status fake_get(baals_contract_host *self,
                             baals_slice *value_out,
                             const baals_address *contract,
                             baals_slice key,
                             baals_error *err)
{
    struct fake_host *host = fake_of(self);
    assert_true(key.len >= 1 && key.len <= 256);
    BL_TRY(fake_operation(host, err));
    size_t at = fake_lower_bound(&host->state, contract, key);
    if (!fake_is_at(&host->state, at, contract, key))
        return BAALS_NOTFOUND;
    *value_out = host->state.entries[at].value;
    return BAALS_OK;
}

static baals_status fake_put(baals_contract_host *self,
                             const baals_address *contract,
                             baals_slice key,
                             baals_slice value,
                             baals_error *err)
{
    struct fake_host *host = fake_of(self);
    struct fake_state *state = &host->state;
    assert_true(key.len >= 1 && key.len <= 256);
    BL_TRY(fake_operation(host, err));
    size_t at = fake_lower_bound(state, contract, key);
    if (!fake_is_at(state, at, contract, key)) {
        assert_true(state->entry_count < FAKE_ENTRIES_MAX);
        memmove(&state->entries[at + 1], &state->entries[at],
                (state->entry_count - at) * sizeof state->entries[0]);
        state->entry_count++;
        state->entries[at].contract = *contract;
        state->entries[at].key = fake_copy(host, key);
    }
    state->entries[at].value = fake_copy(host, value);
    return BAALS_OK;
}

static baals_status fake_remove(baals_contract_host *self,
                                const baals_address *contract,
                                baals_slice key,
                                baals_error *err)
{
    struct fake_host *host = fake_of(self);
    struct fake_state *state = &host->state;
    BL_TRY(fake_operation(host, err));
    size_t at = fake_lower_bound(state, contract, key);
    if (fake_is_at(state, at, contract, key)) {
        state->entry_count--;
        memmove(&state->entries[at], &state->entries[at + 1],
                (state->entry_count - at) * sizeof state->entries[0]);
    }
    return BAALS_OK;
}

/* BAALS_SEEK_EXCLUSIVE is 1, BAALS_SEEK_DESCENDING is 2. */
static baals_status fake_seek(baals_contract_host *self,
                              baals_slice *key_out,
                              baals_slice *value_out,
                              const baals_address *contract,
                              baals_slice key,
                              uint32_t flags,
                              baals_error *err)
{
    struct fake_host *host = fake_of(self);
    const struct fake_state *state = &host->state;
    BL_TRY(fake_operation(host, err));
    const struct fake_entry *found = NULL;
    for (size_t i = 0; i < state->entry_count; i++) {
        const struct fake_entry *entry = &state->entries[i];
        if (!bl_address_equal(&entry->contract, contract))
            continue;
        int order = bl_slice_compare(entry->key, key);
        if (order == 0 && (flags & 1u) != 0)
            continue;
        if ((flags & 2u) == 0) {
            if (order >= 0) {
                found = entry;
                break;
            }
        } else if (order <= 0 || key.len == 0) {
            found = entry;
        }
    }
    if (found == NULL)
        return BAALS_NOTFOUND;
    *key_out = found->key;
    *value_out = found->value;
    return BAALS_OK;
}

static struct fake_account *fake_find(struct fake_host *host, const baals_address *address)
{
    for (size_t i = 0; i < host->state.account_count; i++) {
        if (bl_address_equal(&host->state.accounts[i].address, address))
            return &host->state.accounts[i];
    }
    return NULL;
}

static struct fake_account *fake_add(struct fake_host *host, const baals_address *address)
{
    assert_true(host->state.account_count < FAKE_ACCOUNTS_MAX);
    struct fake_account *account = &host->state.accounts[host->state.account_count++];
    *account = (struct fake_account){.address = *address};
    return account;
}

static baals_status fake_balance(baals_contract_host *self,
                                 baals_amount *amount_out,
                                 const baals_address *address,
                                 baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    const struct fake_account *account = fake_find(host, address);
    amount_out->units = account == NULL ? 0 : account->balance;
    return BAALS_OK;
}

static baals_status fake_transfer(baals_contract_host *self,
                                  int32_t *moved_out,
                                  const baals_address *from,
                                  const baals_address *to,
                                  baals_amount amount,
                                  baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    struct fake_account *source = fake_find(host, from);
    struct fake_account *target = fake_find(host, to);
    if (source == NULL)
        return bl_fail(err, BAALS_INTERNAL, "a transfer without a record");
    if (target == NULL)
        target = fake_add(host, to);
    *moved_out = source->balance >= amount.units ? 1 : 0;
    if (*moved_out == 1) {
        source->balance -= amount.units;
        target->balance += amount.units;
    }
    return BAALS_OK;
}

static baals_status fake_code_hash(baals_contract_host *self,
                                   baals_hash *hash_out,
                                   const baals_address *address,
                                   baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    const struct fake_account *account = fake_find(host, address);
    if (account == NULL || !account->has_code)
        return BAALS_NOTFOUND;
    *hash_out = account->code_hash;
    return BAALS_OK;
}

static baals_status fake_code(baals_contract_host *self,
                              baals_slice *code_out,
                              const baals_hash *hash,
                              baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    for (size_t i = 0; i < host->code_count; i++) {
        if (bl_hash_equal(&host->codes[i].hash, hash)) {
            *code_out = host->codes[i].code;
            return BAALS_OK;
        }
    }
    return bl_fail(err, BAALS_CORRUPT, "the fake host has no such code");
}

static baals_status fake_emit(baals_contract_host *self, const baals_event *event, baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    if (host->state.event_count == FAKE_EVENTS_MAX)
        return bl_fail(err, BAALS_LIMIT, "too many events");
    baals_event *kept = &host->state.events[host->state.event_count++];
    *kept = *event;
    kept->data = fake_copy(host, event->data);
    return BAALS_OK;
}

static uint32_t fake_checkpoint(baals_contract_host *self)
{
    struct fake_host *host = fake_of(self);
    assert_true(host->saved_count < FAKE_CHECKPOINTS_MAX);
    struct fake_state *copy = malloc(sizeof *copy);
    assert_non_null(copy);
    *copy = host->state;
    host->saved[host->saved_count] = copy;
    return host->saved_count++;
}

static struct fake_state *fake_pop(struct fake_host *host, uint32_t checkpoint)
{
    assert_int_equal(checkpoint, host->saved_count - 1);
    return host->saved[--host->saved_count];
}

static void fake_release(baals_contract_host *self, uint32_t checkpoint)
{
    free(fake_pop(fake_of(self), checkpoint));
}

static void fake_rollback(baals_contract_host *self, uint32_t checkpoint)
{
    struct fake_host *host = fake_of(self);
    struct fake_state *saved = fake_pop(host, checkpoint);
    host->state = *saved;
    free(saved);
}

static void
fake_log(baals_contract_host *self, const baals_address *contract, int32_t level, baals_slice text)
{
    (void)contract;
    struct fake_host *host = fake_of(self);
    size_t len = text.len < sizeof host->log - 1 ? text.len : sizeof host->log - 1;
    if (len > 0)
        memcpy(host->log, text.data, len);
    host->log[len] = '\0';
    host->log_level = level;
}

static baals_status fake_has_record(baals_contract_host *self,
                                    int32_t *has_out,
                                    const baals_address *address,
                                    baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    *has_out = fake_find(host, address) != NULL ? 1 : 0;
    return BAALS_OK;
}

static baals_status fake_code_len(baals_contract_host *self,
                                  uint64_t *len_out,
                                  const baals_hash *hash,
                                  baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    for (size_t i = 0; i < host->code_count; i++) {
        if (bl_hash_equal(&host->codes[i].hash, hash)) {
            *len_out = host->codes[i].code.len;
            return BAALS_OK;
        }
    }
    return BAALS_NOTFOUND;
}

static baals_status fake_code_set(baals_contract_host *self,
                                  const baals_address *contract,
                                  const baals_hash *hash,
                                  const baals_address *creator,
                                  baals_error *err)
{
    struct fake_host *host = fake_of(self);
    BL_TRY(fake_operation(host, err));
    struct fake_account *account = fake_find(host, contract);
    if (account == NULL)
        account = fake_add(host, contract);
    account->has_code = true;
    account->code_hash = *hash;
    if (creator != NULL)
        account->creator = *creator;
    return BAALS_OK;
}

static const struct baals_contract_host_ops fake_ops = {
    .version = BAALS_CONTRACT_HOST_OPS_VERSION,
    .storage_get = fake_get,
    .storage_put = fake_put,
    .storage_remove = fake_remove,
    .storage_seek = fake_seek,
    .balance = fake_balance,
    .transfer = fake_transfer,
    .code_hash = fake_code_hash,
    .code = fake_code,
    .emit = fake_emit,
    .checkpoint = fake_checkpoint,
    .release = fake_release,
    .rollback = fake_rollback,
    .log = fake_log,
    .has_record = fake_has_record,
    .code_len = fake_code_len,
    .code_set = fake_code_set,
};

void fake_host_init(struct fake_host *host)
{
    *host = (struct fake_host){.base = {.ops = &fake_ops}};
    bl_arena_init(&host->arena, bl_alloc_system(), SIZE_MAX / 2);
}

void fake_host_deinit(struct fake_host *host)
{
    assert_int_equal(host->saved_count, 0);
    bl_arena_deinit(&host->arena);
}

baals_address fake_address(uint8_t byte)
{
    baals_address address;
    memset(address.bytes, byte, sizeof address.bytes);
    return address;
}

struct fake_account *fake_account(struct fake_host *host, uint8_t byte)
{
    baals_address address = fake_address(byte);
    struct fake_account *account = fake_find(host, &address);
    return account != NULL ? account : fake_add(host, &address);
}

void fake_deploy(struct fake_host *host, uint8_t byte, const uint8_t *code, size_t len)
{
    assert_true(host->code_count < FAKE_CODES_MAX);
    struct fake_account *account = fake_account(host, byte);
    bl_sha256(&account->code_hash, bl_slice(code, len));
    account->has_code = true;
    host->codes[host->code_count].hash = account->code_hash;
    host->codes[host->code_count].code = fake_copy(host, bl_slice(code, len));
    host->code_count++;
}

const baals_slice *fake_value(struct fake_host *host, uint8_t byte, const char *key)
{
    baals_address contract = fake_address(byte);
    baals_slice name = bl_slice_str(key);
    size_t at = fake_lower_bound(&host->state, &contract, name);
    return fake_is_at(&host->state, at, &contract, name) ? &host->state.entries[at].value : NULL;
}
