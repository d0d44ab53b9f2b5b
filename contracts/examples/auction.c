/* SPDX-License-Identifier: MIT */
/*
 * An auction that is paid in tokens of another contract: time, and calls between contracts. What
 * each method does is in auction.abi.json.
 *
 * A bidder first approves the auction at the token. The auction holds the highest bid and gives it
 * back when it is outbid. Storage: "c" -> the record of struct auction, "b" -> the highest bid.
 */
#include "baals.h"

enum { AUCTION_TOO_LOW = 2, AUCTION_CLOSED = 3, AUCTION_STILL_OPEN = 4, AUCTION_TOKEN_FAILED = 5 };

struct auction {
    baals_address seller;
    baals_address token;
    uint64_t end_ms;
};

struct auction_bid {
    baals_address bidder;
    uint64_t amount; /* 0: nobody has bid */
    uint64_t paid;   /* 1: the seller has the money */
};

static const uint8_t auction_key[] = {'c'};
static const uint8_t auction_bid_key[] = {'b'};
static uint8_t auction_buffer[128];

static struct auction auction_load(void)
{
    struct auction auction;
    baals_require(baals_storage_read(auction_key, sizeof auction_key, &auction, sizeof auction) ==
                      sizeof auction,
                  "there is no auction");
    return auction;
}

static struct auction_bid auction_load_bid(void)
{
    struct auction_bid bid = {.amount = 0};
    (void)baals_storage_read(auction_bid_key, sizeof auction_bid_key, &bid, sizeof bid);
    return bid;
}

/* Reverts with an error that has one number. */
static _Noreturn void auction_revert(uint32_t code, uint64_t number)
{
    uint8_t data[10];
    baals_writer error = {.data = data, .cap = sizeof data, .len = 0};
    baals_write_array(&error, 1);
    baals_write_uint(&error, number);
    baals_revert_with(code, &error);
}

/* Calls a method of the token; its failure is ours. */
static void
auction_token(const struct auction *auction, const char *method, const baals_writer *arguments)
{
    uint32_t status = baals_call_contract(&auction->token, method, baals_text_len(method),
                                          arguments->data, arguments->len, 0, BAALS_GAS_ALL, 0);
    if (status != 0)
        auction_revert(AUCTION_TOKEN_FAILED, status);
}

static void auction_pay(const struct auction *auction, const baals_address *to, uint64_t amount)
{
    uint8_t data[64];
    baals_writer arguments = {.data = data, .cap = sizeof data, .len = 0};
    baals_write_array(&arguments, 2);
    baals_write_address(&arguments, to);
    baals_write_uint(&arguments, amount);
    auction_token(auction, "transfer", &arguments);
}

static void auction_emit(const char *name, const baals_address *who, uint64_t amount)
{
    baals_hash topics[2] = {{{0}}};
    uint8_t data[10];
    baals_writer event = {.data = data, .cap = sizeof data, .len = 0};
    baals_copy(topics[0].bytes, name, baals_text_len(name));
    baals_copy(topics[1].bytes, who->bytes, sizeof who->bytes);
    baals_write_array(&event, 1);
    baals_write_uint(&event, amount);
    baals_emit(topics, 2, &event);
}

BAALS_INIT
{
    baals_reader arguments = baals_arguments(auction_buffer, sizeof auction_buffer, 2);
    struct auction auction;
    baals_hash code;
    baals_read_address(&arguments, &auction.token);
    uint64_t duration_ms = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    baals_require(baals_code_hash(&auction.token, &code) == 1, "there is no token contract");
    uint64_t now_ms = baals_block_time_ms();
    baals_require(duration_ms <= UINT64_MAX - now_ms, "the auction would end after all time");
    auction.end_ms = now_ms + duration_ms;
    baals_caller(&auction.seller);
    baals_storage_write(auction_key, sizeof auction_key, &auction, sizeof auction);
}

BAALS_METHOD(bid)
{
    baals_reader arguments = baals_arguments(auction_buffer, sizeof auction_buffer, 1);
    uint64_t amount = baals_read_uint(&arguments);
    baals_read_end(&arguments);
    struct auction auction = auction_load();
    struct auction_bid highest = auction_load_bid();
    if (baals_block_time_ms() >= auction.end_ms)
        auction_revert(AUCTION_CLOSED, auction.end_ms);
    if (amount <= highest.amount)
        auction_revert(AUCTION_TOO_LOW, highest.amount);

    struct auction_bid bid = {.amount = amount};
    baals_address self;
    baals_caller(&bid.bidder);
    baals_self(&self);
    baals_storage_write(auction_bid_key, sizeof auction_bid_key, &bid, sizeof bid);
    uint8_t data[96];
    baals_writer taking = {.data = data, .cap = sizeof data, .len = 0};
    baals_write_array(&taking, 3);
    baals_write_address(&taking, &bid.bidder);
    baals_write_address(&taking, &self);
    baals_write_uint(&taking, amount);
    auction_token(&auction, "transfer_from", &taking);
    if (highest.amount > 0)
        auction_pay(&auction, &highest.bidder, highest.amount);
    auction_emit("bid", &bid.bidder, amount);
}

BAALS_METHOD(settle)
{
    struct auction auction = auction_load();
    struct auction_bid highest = auction_load_bid();
    if (baals_block_time_ms() < auction.end_ms)
        auction_revert(AUCTION_STILL_OPEN, auction.end_ms);
    baals_require(highest.paid == 0, "the auction is settled");
    highest.paid = 1;
    baals_storage_write(auction_bid_key, sizeof auction_bid_key, &highest, sizeof highest);
    if (highest.amount > 0)
        auction_pay(&auction, &auction.seller, highest.amount);
    auction_emit("settled", &highest.bidder, highest.amount);
}

/* [seller, token, end_ms, highest bid: [bidder, amount] or null, settled] */
BAALS_VIEW(state)
{
    struct auction auction = auction_load();
    struct auction_bid highest = auction_load_bid();
    baals_writer state = {.data = auction_buffer, .cap = sizeof auction_buffer, .len = 0};
    baals_write_array(&state, 5);
    baals_write_address(&state, &auction.seller);
    baals_write_address(&state, &auction.token);
    baals_write_uint(&state, auction.end_ms);
    if (highest.amount == 0) {
        baals_write_null(&state);
    } else {
        baals_write_array(&state, 2);
        baals_write_address(&state, &highest.bidder);
        baals_write_uint(&state, highest.amount);
    }
    baals_write_bool(&state, highest.paid != 0);
    baals_return(&state);
}
