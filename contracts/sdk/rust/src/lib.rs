// SPDX-License-Identifier: MIT
//! Contracts in Rust: the host interface of BaaLS, versions 1 and 2, and a little CBOR.
//!
//! A contract is one file that uses this crate, compiled by tools/build-contract. A method is
//!
//! ```ignore
//! method! { fn add(n: u64) -> u64 { ... } }
//! ```
//!
//! and is called by that name; `init!` runs once at deploy, `receive!` on plain transfers. A
//! description of the methods beside the source, NAME.abi.json, becomes part of the module
//! (docs/spec/abi.md). Memory is fresh in every call: only storage lasts.
//!
//! There is no allocator and no formatting: `core::fmt` brings floating point with it, which
//! contracts cannot have. What each host function does, costs and refuses is in
//! docs/spec/contracts.md.
#![no_std]

mod cbor;
pub mod crypto;
mod host;
pub mod storage;

pub use cbor::{Argument, Output, Reader, Writer};
pub use host::*;

/// Bytes of arguments that a method's parameters take, and of what a method returns. Methods that
/// need more have no parameters and read with [`Reader::load`].
pub const ARGUMENTS_MAX: usize = 1024;
pub const OUTPUT_MAX: usize = 1024;

/// 32 bytes that name an account or a contract.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Address(pub [u8; 32]);

/// The sender of what comes from nobody.
pub const NOBODY: Address = Address([0; 32]);

/// 32 bytes: a hash, a topic, the name of code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

/// Why a call between contracts failed: a status of docs/spec/contracts.md 3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Failure(pub u32);

impl Failure {
    pub const REVERT: Failure = Failure(1);
    pub const TRAP: Failure = Failure(2);
    pub const OUT_OF_GAS: Failure = Failure(3);
    pub const NO_METHOD: Failure = Failure(5);
    pub const NO_CONTRACT: Failure = Failure(6);
    pub const REENTRY: Failure = Failure(10);
    pub const INSUFFICIENT_FUNDS: Failure = Failure(100);
}

pub(crate) fn outcome(status: u32) -> Result<(), Failure> {
    if status == 0 {
        Ok(())
    } else {
        Err(Failure(status))
    }
}

/* ---- ending a call ---- */

/// Reverts with code 1 and the text.
pub fn fail(text: &str) -> ! {
    revert(1, text.as_bytes())
}

/// Reverts with code 1 and the text unless the condition holds.
#[inline(always)]
pub fn require(condition: bool, text: &str) {
    if !condition {
        fail(text)
    }
}

/// Reverts with an error of the description; its fields are a tuple.
pub fn revert_with<T: Output>(code: u32, fields: &T) -> ! {
    let mut buffer = [0; OUTPUT_MAX];
    let mut writer = Writer::new(&mut buffer);
    fields.write(&mut writer);
    revert(code, writer.written())
}

/// Ends the call with a value as output.
pub fn finish<T: Output>(value: &T) -> ! {
    let mut buffer = [0; OUTPUT_MAX];
    let mut writer = Writer::new(&mut buffer);
    value.write(&mut writer);
    output(writer.written())
}

/* ---- events ---- */

/// What can be an indexed field of an event.
pub trait Topic {
    fn topic(&self) -> Hash;
}

impl Topic for Address {
    fn topic(&self) -> Hash {
        Hash(self.0)
    }
}

impl Topic for Hash {
    fn topic(&self) -> Hash {
        *self
    }
}

impl Topic for u64 {
    fn topic(&self) -> Hash {
        let mut topic = [0; 32];
        topic[24..].copy_from_slice(&self.to_be_bytes());
        Hash(topic)
    }
}

/// Emits an event of the description: its name of at most 32 bytes, its indexed fields, at most 3,
/// and the others as a tuple.
pub fn emit<T: Output>(name: &str, indexed: &[Hash], fields: &T) {
    let mut topics = [Hash([0; 32]); 4];
    require(
        name.len() <= 32 && indexed.len() <= 3,
        "an event is too large",
    );
    topics[0].0[..name.len()].copy_from_slice(name.as_bytes());
    topics[1..1 + indexed.len()].copy_from_slice(indexed);
    let mut buffer = [0; OUTPUT_MAX];
    let mut writer = Writer::new(&mut buffer);
    fields.write(&mut writer);
    log_event(&topics[..1 + indexed.len()], writer.written());
}

/* ---- calls between contracts ---- */

/// A call of another contract in the making. A failed call has undone its own changes only.
pub struct Call<'a> {
    contract: &'a Address,
    method: &'a str,
    value: u64,
    gas: i64,
    flags: u32,
}

impl<'a> Call<'a> {
    pub fn new(contract: &'a Address, method: &'a str) -> Self {
        Call {
            contract,
            method,
            value: 0,
            gas: -1,
            flags: 0,
        }
    }

    /// Money that goes along.
    pub fn value(mut self, value: u64) -> Self {
        self.value = value;
        self
    }

    /// At most so much gas, instead of all there is.
    pub fn gas(mut self, gas: u64) -> Self {
        self.gas = if gas > i64::MAX as u64 {
            -1
        } else {
            gas as i64
        };
        self
    }

    /// Whoever writes in the call is stopped.
    pub fn readonly(mut self) -> Self {
        self.flags |= 1;
        self
    }

    /// Calls with a tuple as arguments, `()` for none.
    pub fn send<T: Output>(self, arguments: &T) -> Result<(), Failure> {
        let mut buffer = [0; ARGUMENTS_MAX];
        let mut writer = Writer::new(&mut buffer);
        arguments.write(&mut writer);
        self.send_bytes(writer.written())
    }

    /// Calls with these bytes as arguments.
    pub fn send_bytes(self, arguments: &[u8]) -> Result<(), Failure> {
        outcome(host::call_contract(
            self.contract,
            self.method,
            arguments,
            self.value,
            self.gas,
            self.flags,
        ))
    }
}

/// What the last call returned, read as a value; reverts when it is none of this type.
pub fn result<'a, T: Argument<'a>>(buffer: &'a mut [u8]) -> T {
    let mut reader = Reader::over(result_bytes(buffer));
    let value = T::read(&mut reader);
    reader.end();
    value
}

/* ---- entries ---- */

/// Reverts when the call brings a value.
pub fn require_unpaid() {
    require(value() == 0, "no value can be sent along")
}

#[doc(hidden)]
#[macro_export]
macro_rules! entry_ {
    ($check:expr, $name:ident, (), (), $body:block) => {
        const _: () = {
            #[no_mangle]
            extern "C" fn $name() {
                $check;
                $body
            }
        };
    };
    ($check:expr, $name:ident, (), ($ret:ty), $body:block) => {
        const _: () = {
            #[no_mangle]
            extern "C" fn $name() {
                $check;
                let value: $ret = (|| $body)();
                $crate::finish(&value)
            }
        };
    };
    ($check:expr, $name:ident, ($($arg:ident: $type:ty),+), ($($ret:ty)?), $body:block) => {
        const _: () = {
            #[no_mangle]
            extern "C" fn $name() {
                $check;
                let mut buffer = [0u8; $crate::ARGUMENTS_MAX];
                let mut reader = $crate::Reader::load(&mut buffer);
                reader.open(0 $(+ { let _ = stringify!($arg); 1 })+);
                $(let $arg: $type = $crate::Argument::read(&mut reader);)+
                reader.end();
                $crate::entry_!(@end ($($ret)?), $body)
            }
        };
    };
    (@end (), $body:block) => { $body };
    (@end ($ret:ty), $body:block) => {{
        let value: $ret = (|| $body)();
        $crate::finish(&value)
    }};
}

/// A method: `method! { fn add(n: u64) -> u64 { ... } }`. A call that brings a value reverts, as do
/// arguments that are not of these types. Without parameters the arguments are not looked at.
#[macro_export]
macro_rules! method {
    ($(#[$meta:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $crate::entry_!($crate::require_unpaid(), $name, ($($arg: $type),*), ($($ret)?), $body);
    };
}

/// A method that only reads, so that queries can call it. Whoever writes in it is stopped there.
#[macro_export]
macro_rules! view {
    ($($method:tt)*) => { $crate::method! { $($method)* } };
}

/// A method that takes a value.
#[macro_export]
macro_rules! payable {
    ($(#[$meta:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $crate::entry_!((), $name, ($($arg: $type),*), ($($ret)?), $body);
    };
}

/// What runs once at deploy: `init! { fn init(supply: u64) { ... } }`, or `payable!` of that name.
#[macro_export]
macro_rules! init {
    ($(#[$meta:meta])* fn init($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $crate::method! { fn init($($arg: $type),*) $body }
    };
}

/// What runs when new code takes over (`set_code`): `migrate! { fn migrate() { ... } }`.
#[macro_export]
macro_rules! migrate {
    ($(#[$meta:meta])* fn migrate($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $crate::method! { fn migrate($($arg: $type),*) $body }
    };
}

/// What runs on plain transfers: `receive! { fn receive() { ... } }`.
#[macro_export]
macro_rules! receive {
    ($(#[$meta:meta])* fn receive() $body:block) => {
        $crate::payable! { fn receive() $body }
    };
}

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
