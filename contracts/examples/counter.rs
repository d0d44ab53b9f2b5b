// SPDX-License-Identifier: MIT
//! A counter: the smallest contract that keeps state.
#![no_std]

use baals_contract::{emit, method, require, storage, view};

const COUNT: &[u8] = b"count";

fn store(count: u64) -> u64 {
    storage::set_u64(COUNT, count);
    emit("incremented", &[], &(count,));
    count
}

method! {
    fn increment() -> u64 {
        let count = storage::get_u64(COUNT);
        require(count != u64::MAX, "the counter is full");
        store(count + 1)
    }
}

method! {
    fn add(n: u64) -> u64 {
        let count = storage::get_u64(COUNT);
        require(n <= u64::MAX - count, "the counter is full");
        store(count + n)
    }
}

view! {
    fn get() -> u64 {
        storage::get_u64(COUNT)
    }
}
