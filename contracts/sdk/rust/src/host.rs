// SPDX-License-Identifier: MIT
//! The host functions. Each wrapper gives its function places of the lengths it says, so that no
//! pointer can be wrong.

use crate::{outcome, Address, Failure, Hash};

pub(crate) mod raw {
    #[link(wasm_import_module = "baals1")]
    extern "C" {
        pub fn input_len() -> usize;
        pub fn input_read(dst: *mut u8, off: usize, len: usize);
        pub fn output(data: *const u8, len: usize) -> !;
        pub fn revert(code: u32, data: *const u8, len: usize) -> !;
        pub fn storage_read(key: *const u8, key_len: usize, dst: *mut u8, cap: usize) -> u32;
        pub fn storage_write(key: *const u8, key_len: usize, value: *const u8, value_len: usize);
        pub fn storage_remove(key: *const u8, key_len: usize) -> u32;
        pub fn storage_scan(
            prefix: *const u8,
            prefix_len: usize,
            start: *const u8,
            start_len: usize,
            flags: u32,
        ) -> u32;
        pub fn storage_next(
            scan: u32,
            key_dst: *mut u8,
            key_cap: usize,
            value_dst: *mut u8,
            value_cap: usize,
            lens: *mut u32,
        ) -> u32;
        pub fn storage_scan_end(scan: u32);
        #[link_name = "self"]
        pub fn self_address(dst: *mut u8);
        pub fn caller(dst: *mut u8);
        pub fn origin(dst: *mut u8);
        pub fn value() -> u64;
        pub fn balance(address: *const u8) -> u64;
        pub fn block_index() -> u64;
        pub fn block_time_ms() -> u64;
        pub fn chain_id(dst: *mut u8);
        pub fn tx_id(dst: *mut u8);
        pub fn gas_left() -> u64;
        pub fn log_event(topics: *const u8, count: usize, data: *const u8, len: usize);
        pub fn log(level: u32, text: *const u8, len: usize);
        pub fn call_contract(
            contract: *const u8,
            method: *const u8,
            method_len: usize,
            args: *const u8,
            args_len: usize,
            value: u64,
            gas: i64,
            flags: u32,
        ) -> u32;
        pub fn result_len() -> usize;
        pub fn result_read(dst: *mut u8, off: usize, len: usize);
        pub fn code_hash(address: *const u8, dst: *mut u8) -> u32;
        pub fn crypto_hash(algorithm: u32, data: *const u8, len: usize, dst: *mut u8) -> u32;
        pub fn crypto_verify(
            algorithm: u32,
            key: *const u8,
            key_len: usize,
            signature: *const u8,
            signature_len: usize,
            message: *const u8,
            message_len: usize,
        ) -> u32;
        pub fn transfer(to: *const u8, amount: u64) -> u32;
        pub fn random(dst: *mut u8);
        pub fn deploy_contract(
            code: *const u8,
            salt: *const u8,
            args: *const u8,
            args_len: usize,
            value: u64,
            gas: i64,
            address_dst: *mut u8,
        ) -> u32;
        pub fn set_code(code: *const u8, args: *const u8, args_len: usize, gas: i64) -> u32;
        pub fn crypto_recover(
            digest: *const u8,
            signature64: *const u8,
            recovery: u32,
            dst65: *mut u8,
        ) -> u32;
    }
}

/* ---- input and end ---- */

/// The length of the arguments.
pub fn input_len() -> usize {
    unsafe { raw::input_len() }
}

/// The arguments' bytes from `off` on, as many as the buffer holds; they must be there.
pub fn input_read(buffer: &mut [u8], off: usize) {
    unsafe { raw::input_read(buffer.as_mut_ptr(), off, buffer.len()) }
}

/// Ends the call with these bytes as output.
pub fn output(data: &[u8]) -> ! {
    unsafe { raw::output(data.as_ptr(), data.len()) }
}

/// Ends the call and undoes everything, with a code and data for the caller.
pub fn revert(code: u32, data: &[u8]) -> ! {
    unsafe { raw::revert(code, data.as_ptr(), data.len()) }
}

/* ---- who, when, how much ---- */

fn place(function: unsafe extern "C" fn(*mut u8)) -> [u8; 32] {
    let mut bytes = [0; 32];
    unsafe { function(bytes.as_mut_ptr()) };
    bytes
}

/// This contract.
pub fn self_address() -> Address {
    Address(place(raw::self_address))
}

/// The account or contract that calls.
pub fn caller() -> Address {
    Address(place(raw::caller))
}

/// Who signed the transaction.
pub fn origin() -> Address {
    Address(place(raw::origin))
}

/// What came with this call.
pub fn value() -> u64 {
    unsafe { raw::value() }
}

pub fn balance(address: &Address) -> u64 {
    unsafe { raw::balance(address.0.as_ptr()) }
}

pub fn block_index() -> u64 {
    unsafe { raw::block_index() }
}

pub fn block_time_ms() -> u64 {
    unsafe { raw::block_time_ms() }
}

pub fn chain_id() -> Hash {
    Hash(place(raw::chain_id))
}

pub fn tx_id() -> Hash {
    Hash(place(raw::tx_id))
}

pub fn gas_left() -> u64 {
    unsafe { raw::gas_left() }
}

/// Bytes that whoever produces the block can predict: never for what has value. On chains with
/// wasm_limits 2.
pub fn random() -> Hash {
    Hash(place(raw::random))
}

/* ---- events and log ---- */

/// An event of the receipt with up to 4 topics; see [`crate::emit`].
pub fn log_event(topics: &[Hash], data: &[u8]) {
    unsafe {
        raw::log_event(
            topics.as_ptr().cast(),
            topics.len(),
            data.as_ptr(),
            data.len(),
        )
    }
}

/// How much a line of the log matters.
#[derive(Clone, Copy)]
pub enum Level {
    Error = 0,
    Warning = 1,
    Information = 2,
    Debug = 3,
}

/// A line for whoever debugs.
pub fn log(level: Level, text: &str) {
    unsafe { raw::log(level as u32, text.as_ptr(), text.len()) }
}

/* ---- other contracts ---- */

pub(crate) fn call_contract(
    contract: &Address,
    method: &str,
    args: &[u8],
    value: u64,
    gas: i64,
    flags: u32,
) -> u32 {
    unsafe {
        raw::call_contract(
            contract.0.as_ptr(),
            method.as_ptr(),
            method.len(),
            args.as_ptr(),
            args.len(),
            value,
            gas,
            flags,
        )
    }
}

/// Length of the output or revert data of the last call.
pub fn result_len() -> usize {
    unsafe { raw::result_len() }
}

/// Output or revert data of the last call; what does not fit the buffer reverts.
pub fn result_bytes(buffer: &mut [u8]) -> &[u8] {
    let len = result_len();
    crate::require(len <= buffer.len(), "a result is longer than its buffer");
    unsafe { raw::result_read(buffer.as_mut_ptr(), 0, len) };
    &buffer[..len]
}

/// The code of the contract at an address, if there is one.
pub fn code_hash(address: &Address) -> Option<Hash> {
    let mut hash = Hash([0; 32]);
    let found = unsafe { raw::code_hash(address.0.as_ptr(), hash.0.as_mut_ptr()) };
    if found == 1 {
        Some(hash)
    } else {
        None
    }
}

/// Moves money without running anything. On chains with wasm_limits 2.
pub fn transfer(to: &Address, amount: u64) -> Result<(), Failure> {
    outcome(unsafe { raw::transfer(to.0.as_ptr(), amount) })
}

/// Makes a contract of code that the chain has and runs its `init` with these bytes, none for no
/// arguments. On chains with wasm_limits 2.
pub fn deploy_contract(
    code: &Hash,
    salt: &Hash,
    args: &[u8],
    value: u64,
) -> Result<Address, Failure> {
    let mut address = Address([0; 32]);
    let status = unsafe {
        raw::deploy_contract(
            code.0.as_ptr(),
            salt.0.as_ptr(),
            args.as_ptr(),
            args.len(),
            value,
            -1,
            address.0.as_mut_ptr(),
        )
    };
    outcome(status).map(|()| address)
}

/// Replaces this contract's code and runs its `migrate`; the code stays when that fails. On chains
/// with wasm_limits 2.
pub fn set_code(code: &Hash, args: &[u8]) -> Result<(), Failure> {
    outcome(unsafe { raw::set_code(code.0.as_ptr(), args.as_ptr(), args.len(), -1) })
}
