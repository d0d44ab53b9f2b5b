// SPDX-License-Identifier: MIT
//! An auction that is paid in tokens of another contract: time, and calls between contracts. The
//! same as auction.c, in Rust, storage included.
//!
//! A bidder first approves the auction at the token. The auction holds the highest bid and gives it
//! back when it is outbid. Storage: "c" -> seller || token || end_ms, "b" -> bidder || amount ||
//! paid; numbers are 8 bytes, little-endian.
#![no_std]

use baals_contract::{
    block_time_ms, caller, code_hash, emit, fail, init, method, require, revert_with, self_address,
    storage, view, Address, Call, Output, Topic, NOBODY,
};

const TOO_LOW: u32 = 2;
const CLOSED: u32 = 3;
const STILL_OPEN: u32 = 4;
const TOKEN_FAILED: u32 = 5;
const AUCTION: &[u8] = b"c";
const HIGHEST: &[u8] = b"b";

struct Auction {
    seller: Address,
    token: Address,
    end_ms: u64,
}

struct Bid {
    bidder: Address,
    amount: u64, // 0: nobody has bid
    paid: bool,  // the seller has the money
}

fn address_at(record: &[u8], at: usize) -> Address {
    let mut address = NOBODY;
    address.0.copy_from_slice(&record[at..at + 32]);
    address
}

fn number_at(record: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&record[at..at + 8]);
    u64::from_le_bytes(bytes)
}

impl Auction {
    fn load() -> Auction {
        let mut record = [0; 72];
        if storage::read(AUCTION, &mut record) != Some(72) {
            fail("there is no auction");
        }
        Auction {
            seller: address_at(&record, 0),
            token: address_at(&record, 32),
            end_ms: number_at(&record, 64),
        }
    }

    fn store(&self) {
        let mut record = [0; 72];
        record[..32].copy_from_slice(&self.seller.0);
        record[32..64].copy_from_slice(&self.token.0);
        record[64..].copy_from_slice(&self.end_ms.to_le_bytes());
        storage::set(AUCTION, &record);
    }

    /// Calls a method of the token; its failure is ours.
    fn call_token<T: Output>(&self, method: &str, arguments: &T) {
        if let Err(failure) = Call::new(&self.token, method).send(arguments) {
            revert_with(TOKEN_FAILED, &(failure.0,));
        }
    }

    fn pay(&self, to: &Address, amount: u64) {
        self.call_token("transfer", &(*to, amount));
    }
}

impl Bid {
    fn load() -> Bid {
        let mut record = [0; 48];
        storage::read(HIGHEST, &mut record);
        Bid {
            bidder: address_at(&record, 0),
            amount: number_at(&record, 32),
            paid: number_at(&record, 40) != 0,
        }
    }

    fn store(&self) {
        let mut record = [0; 48];
        record[..32].copy_from_slice(&self.bidder.0);
        record[32..40].copy_from_slice(&self.amount.to_le_bytes());
        record[40..].copy_from_slice(&(self.paid as u64).to_le_bytes());
        storage::set(HIGHEST, &record);
    }

    fn announce(&self, name: &str) {
        emit(name, &[self.bidder.topic()], &(self.amount,));
    }
}

init! {
    fn init(token: Address, duration_ms: u64) {
        require(code_hash(&token).is_some(), "there is no token contract");
        let now_ms = block_time_ms();
        require(duration_ms <= u64::MAX - now_ms, "the auction would end after all time");
        Auction { seller: caller(), token, end_ms: now_ms + duration_ms }.store();
    }
}

method! {
    fn bid(amount: u64) {
        let auction = Auction::load();
        let highest = Bid::load();
        if block_time_ms() >= auction.end_ms {
            revert_with(CLOSED, &(auction.end_ms,));
        }
        if amount <= highest.amount {
            revert_with(TOO_LOW, &(highest.amount,));
        }
        let bid = Bid { bidder: caller(), amount, paid: false };
        bid.store();
        auction.call_token("transfer_from", &(bid.bidder, self_address(), amount));
        if highest.amount > 0 {
            auction.pay(&highest.bidder, highest.amount);
        }
        bid.announce("bid");
    }
}

method! {
    fn settle() {
        let auction = Auction::load();
        let mut highest = Bid::load();
        if block_time_ms() < auction.end_ms {
            revert_with(STILL_OPEN, &(auction.end_ms,));
        }
        require(!highest.paid, "the auction is settled");
        highest.paid = true;
        highest.store();
        if highest.amount > 0 {
            auction.pay(&auction.seller, highest.amount);
        }
        highest.announce("settled");
    }
}

view! {
    /// The seller, the token, the end, the highest bid or null, whether it is settled.
    fn state() -> (Address, Address, u64, Option<(Address, u64)>, bool) {
        let auction = Auction::load();
        let highest = Bid::load();
        let bid = if highest.amount > 0 { Some((highest.bidder, highest.amount)) } else { None };
        (auction.seller, auction.token, auction.end_ms, bid, highest.paid)
    }
}
