// SPDX-License-Identifier: MIT
//! A fungible token with allowances. The same as token.c, in Rust, storage included.
//!
//! Storage: "b" || owner -> balance, "a" || owner || spender -> allowance, "s" -> supply; numbers
//! are 8 bytes, little-endian; no entry is 0. The mint at deploy is a transfer from the zero
//! address.
#![no_std]

use baals_contract::{
    caller, emit, init, method, require, revert_with, storage, view, Address, Topic, NOBODY,
};

const INSUFFICIENT_BALANCE: u32 = 2;
const INSUFFICIENT_ALLOWANCE: u32 = 3;
const SUPPLY: &[u8] = b"s";

fn balance_key(owner: &Address) -> [u8; 33] {
    let mut key = [b'b'; 33];
    key[1..].copy_from_slice(&owner.0);
    key
}

fn allowance_key(owner: &Address, spender: &Address) -> [u8; 65] {
    let mut key = [b'a'; 65];
    key[1..33].copy_from_slice(&owner.0);
    key[33..].copy_from_slice(&spender.0);
    key
}

/// A number of 0 has no entry.
fn store(key: &[u8], amount: u64) {
    if amount == 0 {
        storage::remove(key);
    } else {
        storage::set_u64(key, amount);
    }
}

fn announce(name: &str, first: &Address, second: &Address, amount: u64) {
    emit(name, &[first.topic(), second.topic()], &(amount,));
}

fn move_tokens(from: &Address, to: &Address, amount: u64) {
    let (from_key, to_key) = (balance_key(from), balance_key(to));
    let held = storage::get_u64(&from_key);
    if amount > held {
        revert_with(INSUFFICIENT_BALANCE, &(held, amount));
    }
    // Written before the receiver is read, so that a transfer to oneself changes nothing.
    store(&from_key, held - amount);
    // No balance exceeds the supply, so the sum cannot overflow.
    store(&to_key, storage::get_u64(&to_key) + amount);
    announce("transfer", from, to, amount);
}

init! {
    fn init(supply: u64) {
        require(supply > 0, "the supply must not be 0");
        let owner = caller();
        store(&balance_key(&owner), supply);
        storage::set_u64(SUPPLY, supply);
        announce("transfer", &NOBODY, &owner, supply);
    }
}

method! {
    fn transfer(to: Address, amount: u64) {
        move_tokens(&caller(), &to, amount);
    }
}

method! {
    fn approve(spender: Address, amount: u64) {
        let owner = caller();
        store(&allowance_key(&owner, &spender), amount);
        announce("approval", &owner, &spender, amount);
    }
}

method! {
    fn transfer_from(from: Address, to: Address, amount: u64) {
        let key = allowance_key(&from, &caller());
        let allowed = storage::get_u64(&key);
        if amount > allowed {
            revert_with(INSUFFICIENT_ALLOWANCE, &(allowed, amount));
        }
        store(&key, allowed - amount);
        move_tokens(&from, &to, amount);
    }
}

view! {
    fn balance(owner: Address) -> u64 {
        storage::get_u64(&balance_key(&owner))
    }
}

view! {
    fn allowance(owner: Address, spender: Address) -> u64 {
        storage::get_u64(&allowance_key(&owner, &spender))
    }
}

view! {
    fn supply() -> u64 {
        storage::get_u64(SUPPLY)
    }
}
