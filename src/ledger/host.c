/* SPDX-License-Identifier: MIT */
/*
 * The state as contracts see it: the host operations of include/baals/ext/contract.h over the
 * overlay of the block being applied. A contract's keys lie in the `storage` store behind its id,
 * so that no scan and no key can leave it.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

#define HOST_KEY_BYTES_MAX (32u + BL_STORAGE_KEY_MAX)

static struct bl_transition *host_transition(baals_contract_host *self)
{
    BL_ASSERT(self->ops == &bl_ledger_host_ops);
    return BL_CONTAINER_OF(self, struct bl_transition, host);
}

/* contract id || key, in `out`. */
static baals_slice
host_key(uint8_t out[HOST_KEY_BYTES_MAX], const baals_address *contract, baals_slice key)
{
    BL_ASSERT(key.len <= BL_STORAGE_KEY_MAX);
    memcpy(out, contract->bytes, sizeof contract->bytes);
    if (key.len > 0)
        memcpy(out + sizeof contract->bytes, key.data, key.len);
    return bl_slice(out, sizeof contract->bytes + key.len);
}

static baals_status host_storage_get(baals_contract_host *self,
                                     baals_slice *value_out,
                                     const baals_address *contract,
                                     baals_slice key,
                                     baals_error *err)
{
    uint8_t full[HOST_KEY_BYTES_MAX];
    return bl_overlay_get(host_transition(self)->overlay, value_out, BAALS_SPACE_STORAGE,
                          host_key(full, contract, key), err);
}

static baals_status host_storage_put(baals_contract_host *self,
                                     const baals_address *contract,
                                     baals_slice key,
                                     baals_slice value,
                                     baals_error *err)
{
    BL_ASSERT(key.len >= 1 && value.len <= BL_STORAGE_VALUE_MAX);
    uint8_t full[HOST_KEY_BYTES_MAX];
    return bl_overlay_put(host_transition(self)->overlay, BAALS_SPACE_STORAGE,
                          host_key(full, contract, key), value, err);
}

static baals_status host_storage_remove(baals_contract_host *self,
                                        const baals_address *contract,
                                        baals_slice key,
                                        baals_error *err)
{
    uint8_t full[HOST_KEY_BYTES_MAX];
    return bl_overlay_delete(host_transition(self)->overlay, BAALS_SPACE_STORAGE,
                             host_key(full, contract, key), err);
}

static baals_status host_storage_seek(baals_contract_host *self,
                                      baals_slice *key_out,
                                      baals_slice *value_out,
                                      const baals_address *contract,
                                      baals_slice key,
                                      uint32_t flags,
                                      baals_error *err)
{
    uint8_t full[HOST_KEY_BYTES_MAX];
    uint8_t last[BL_STORAGE_KEY_MAX];
    if (key.len == 0 && (flags & BAALS_SEEK_DESCENDING) != 0) {
        /* No key of the contract is above 256 bytes of 0xff. */
        memset(last, 0xff, sizeof last);
        key = bl_slice(last, sizeof last);
        flags &= ~(uint32_t)BAALS_SEEK_EXCLUSIVE;
    }
    baals_slice found_key = {NULL, 0};
    baals_slice found_value = {NULL, 0};
    BL_TRY(bl_overlay_seek(host_transition(self)->overlay, &found_key, &found_value,
                           BAALS_SPACE_STORAGE, host_key(full, contract, key), flags, err));
    if (!bl_slice_has_prefix(found_key, bl_slice(contract->bytes, sizeof contract->bytes)) ||
        found_key.len == sizeof contract->bytes)
        return BAALS_NOTFOUND;
    *key_out =
        bl_slice(found_key.data + sizeof contract->bytes, found_key.len - sizeof contract->bytes);
    *value_out = found_value;
    return BAALS_OK;
}

static baals_status host_balance(baals_contract_host *self,
                                 baals_amount *amount_out,
                                 const baals_address *address,
                                 baals_error *err)
{
    struct bl_account account;
    baals_status status = bl_account_load(&account, host_transition(self)->overlay, address, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    amount_out->units = account.balance;
    return BAALS_OK;
}

static baals_status host_transfer(baals_contract_host *self,
                                  int32_t *moved_out,
                                  const baals_address *from,
                                  const baals_address *to,
                                  baals_amount amount,
                                  baals_error *err)
{
    bool moved = false;
    BL_TRY(bl_account_move(host_transition(self)->overlay, &moved, from, to, amount.units, err));
    *moved_out = moved ? 1 : 0;
    return BAALS_OK;
}

static baals_status host_code_hash(baals_contract_host *self,
                                   baals_hash *hash_out,
                                   const baals_address *address,
                                   baals_error *err)
{
    struct bl_account account;
    BL_TRY(bl_account_load(&account, host_transition(self)->overlay, address, err));
    if (!account.has_code)
        return BAALS_NOTFOUND;
    *hash_out = account.code_hash;
    return BAALS_OK;
}

static baals_status host_code(baals_contract_host *self,
                              baals_slice *code_out,
                              const baals_hash *hash,
                              baals_error *err)
{
    baals_slice code = {NULL, 0};
    baals_status status = bl_overlay_get(host_transition(self)->overlay, &code, BAALS_SPACE_MODULES,
                                         bl_slice(hash->bytes, sizeof hash->bytes), err);
    baals_hash actual;
    if (status == BAALS_OK)
        bl_sha256(&actual, code);
    if (status == BAALS_NOTFOUND || (status == BAALS_OK && !bl_hash_equal(&actual, hash))) {
        char text[BAALS_HASH_TEXT_SIZE];
        baals_hash_format(text, hash);
        return bl_fail(err, BAALS_CORRUPT_STATE, "the module %s is missing or damaged", text);
    }
    BL_TRY(status);
    *code_out = code;
    return BAALS_OK;
}

static baals_status host_emit(baals_contract_host *self, const baals_event *event, baals_error *err)
{
    struct bl_transition *t = host_transition(self);
    BL_ASSERT(event->topic_count <= BAALS_EVENT_TOPICS_MAX && event->data.len <= BL_EVENT_DATA_MAX);
    if (t->event_count == BL_EVENTS_PER_TX_MAX)
        return bl_fail(err, BAALS_LIMIT, "more than %u events", BL_EVENTS_PER_TX_MAX);
    baals_event copy = *event;
    if (!bl_arena_copy(&copy.data, t->arena, event->data))
        return bl_fail(err, BAALS_NOMEM, "no memory for an event");
    t->events[t->event_count++] = copy;
    return BAALS_OK;
}

/* A checkpoint is a number of the overlay's and the number of events at that moment, in one u32:
 * the overlay nests far less than 2^16 deep and a transaction has at most 100 events. */
static uint32_t host_checkpoint(baals_contract_host *self)
{
    struct bl_transition *t = host_transition(self);
    uint32_t checkpoint = bl_overlay_checkpoint(t->overlay);
    BL_ASSERT(checkpoint <= UINT16_MAX);
    return checkpoint << 16 | (uint32_t)t->event_count;
}

static void host_release(baals_contract_host *self, uint32_t checkpoint)
{
    bl_overlay_release(host_transition(self)->overlay, checkpoint >> 16);
}

static void host_rollback(baals_contract_host *self, uint32_t checkpoint)
{
    struct bl_transition *t = host_transition(self);
    BL_ASSERT((checkpoint & UINT16_MAX) <= t->event_count);
    t->event_count = checkpoint & UINT16_MAX;
    bl_overlay_rollback(t->overlay, checkpoint >> 16);
}

static void
host_log(baals_contract_host *self, const baals_address *contract, int32_t level, baals_slice text)
{
    (void)contract;
    (void)level;
    struct bl_transition *t = host_transition(self);
    if (text.len + 1 > BL_LEDGER_LOG_BYTES_MAX - t->logs.len)
        return;
    bl_buffer_append(&t->logs, text.data, text.len);
    bl_buffer_append_u8(&t->logs, '\n');
}

baals_status
bl_code_store(struct bl_transition *t, const baals_hash *hash, baals_slice code, baals_error *err)
{
    baals_slice key = bl_slice(hash->bytes, sizeof hash->bytes);
    baals_slice known = {NULL, 0};
    baals_status status = bl_overlay_get(t->overlay, &known, BAALS_SPACE_CODE, key, err);
    if (status != BAALS_NOTFOUND)
        return status;
    bl_buffer_clear(&t->scratch);
    bl_cbor_write_uint(&t->scratch, code.len);
    BL_TRY(bl_buffer_status(&t->scratch, err));
    BL_TRY(bl_overlay_put(t->overlay, BAALS_SPACE_CODE, key, bl_buffer_slice(&t->scratch), err));
    return bl_overlay_put(t->overlay, BAALS_SPACE_MODULES, key, code, err);
}

static baals_status host_has_record(baals_contract_host *self,
                                    int32_t *has_out,
                                    const baals_address *address,
                                    baals_error *err)
{
    struct bl_account account;
    baals_status status = bl_account_load(&account, host_transition(self)->overlay, address, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    *has_out = status == BAALS_OK ? 1 : 0;
    return BAALS_OK;
}

static baals_status host_code_len(baals_contract_host *self,
                                  uint64_t *len_out,
                                  const baals_hash *hash,
                                  baals_error *err)
{
    baals_slice record = {NULL, 0};
    BL_TRY(bl_overlay_get(host_transition(self)->overlay, &record, BAALS_SPACE_CODE,
                          bl_slice(hash->bytes, sizeof hash->bytes), err));
    struct bl_cbor_reader reader = bl_cbor_reader(record);
    uint64_t len = 0;
    if (bl_cbor_read_uint(&reader, &len, NULL) != BAALS_OK ||
        bl_cbor_read_end(&reader, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a stored code record is damaged");
    *len_out = len;
    return BAALS_OK;
}

static baals_status host_code_set(baals_contract_host *self,
                                  const baals_address *contract,
                                  const baals_hash *hash,
                                  const baals_address *creator,
                                  baals_error *err)
{
    struct bl_overlay *overlay = host_transition(self)->overlay;
    struct bl_account account;
    baals_status status = bl_account_load(&account, overlay, contract, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    account.has_code = true;
    account.code_hash = *hash;
    if (creator != NULL) {
        account.has_creator = true;
        account.creator = *creator;
    }
    return bl_account_store(overlay, contract, &account, err);
}

const struct baals_contract_host_ops bl_ledger_host_ops = {
    .version = BAALS_CONTRACT_HOST_OPS_VERSION,
    .storage_get = host_storage_get,
    .storage_put = host_storage_put,
    .storage_remove = host_storage_remove,
    .storage_seek = host_storage_seek,
    .balance = host_balance,
    .transfer = host_transfer,
    .code_hash = host_code_hash,
    .code = host_code,
    .emit = host_emit,
    .checkpoint = host_checkpoint,
    .release = host_release,
    .rollback = host_rollback,
    .log = host_log,
    .has_record = host_has_record,
    .code_len = host_code_len,
    .code_set = host_code_set,
};
