// SPDX-License-Identifier: MIT
//! Canonical CBOR, as much as arguments and results need (docs/spec/abi.md). Reading is total:
//! whatever stands there, it ends in a value or in a revert that says what is wrong.

use crate::{fail, input_len, input_read, require, Address, Hash};

const EARLY: &str = "arguments end too early";
const OTHER_TYPE: &str = "an argument has another type";
const NOT_CANONICAL: &str = "an argument is not canonical";

/* ---- reading ---- */

/// Reads items one after the other; anything unexpected reverts.
pub struct Reader<'a> {
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn over(data: &'a [u8]) -> Self {
        Reader { data }
    }

    /// Loads the arguments of the call into a buffer; reverts when they do not fit.
    pub fn load(buffer: &'a mut [u8]) -> Self {
        let len = input_len();
        require(len <= buffer.len(), "arguments are too long");
        input_read(&mut buffer[..len], 0);
        Reader {
            data: &buffer[..len],
        }
    }

    /// The next bytes.
    #[inline(never)]
    fn take(&mut self, len: u64) -> &'a [u8] {
        if len > self.data.len() as u64 {
            fail(EARLY)
        }
        let (taken, rest) = self.data.split_at(len as usize);
        self.data = rest;
        taken
    }

    /// One head: major type and argument, in the shortest form.
    #[inline(never)]
    fn head(&mut self) -> (u8, u64) {
        let first = self.take(1)[0];
        let (major, info) = (first >> 5, first & 31);
        if info < 24 {
            return (major, info as u64);
        }
        require(info <= 27, NOT_CANONICAL);
        let size = 1u32 << (info - 24);
        let mut value = 0;
        for byte in self.take(size as u64) {
            value = value << 8 | *byte as u64;
        }
        let least = if size == 1 { 24 } else { 1u64 << (4 * size) };
        require(value >= least, NOT_CANONICAL);
        (major, value)
    }

    #[inline(never)]
    fn argument(&mut self, wanted: u8) -> u64 {
        require(!self.data.is_empty(), EARLY);
        require(self.data[0] >> 5 == wanted, OTHER_TYPE);
        self.head().1
    }

    /// Opens the array of the arguments, of exactly `count`.
    pub fn open(&mut self, count: u64) {
        require(
            self.array() == count,
            "another number of arguments is expected",
        );
    }

    /// The head of an array; its elements, so many, are read next.
    pub fn array(&mut self) -> u64 {
        self.argument(4)
    }

    pub fn uint(&mut self) -> u64 {
        self.argument(0)
    }

    /// A number that may be negative.
    pub fn int(&mut self) -> i64 {
        let negative = !self.data.is_empty() && self.data[0] >> 5 == 1;
        let value = self.argument(negative as u8);
        require(value <= i64::MAX as u64, "a number is out of range");
        if negative {
            -1 - value as i64
        } else {
            value as i64
        }
    }

    pub fn bytes(&mut self) -> &'a [u8] {
        let len = self.argument(2);
        self.take(len)
    }

    /// A byte string of exactly so many bytes.
    pub fn fixed<const N: usize>(&mut self, text: &str) -> [u8; N] {
        match self.bytes().try_into() {
            Ok(bytes) => bytes,
            Err(_) => fail(text),
        }
    }

    /// A text; not checked for UTF-8.
    pub fn text(&mut self) -> &'a [u8] {
        let len = self.argument(3);
        self.take(len)
    }

    pub fn boolean(&mut self) -> bool {
        let value = self.argument(7);
        require(value == 20 || value == 21, OTHER_TYPE);
        value == 21
    }

    /// Whether an option is absent; else its value is read next.
    pub fn null(&mut self) -> bool {
        let absent = self.data.first() == Some(&0xf6);
        if absent {
            self.data = &self.data[1..];
        }
        absent
    }

    /// Reverts unless everything was read.
    pub fn end(&self) {
        require(self.data.is_empty(), "bytes stand behind the arguments");
    }
}

/// What a parameter of a method can be.
pub trait Argument<'a>: Sized {
    fn read(reader: &mut Reader<'a>) -> Self;
}

macro_rules! argument_numbers {
    ($($number:ty: $function:ident),*) => {$(
        impl<'a> Argument<'a> for $number {
            fn read(reader: &mut Reader<'a>) -> Self {
                match reader.$function().try_into() {
                    Ok(value) => value,
                    Err(_) => fail("a number is out of range"),
                }
            }
        }
    )*};
}
argument_numbers!(u8: uint, u16: uint, u32: uint, u64: uint, i8: int, i16: int, i32: int, i64: int);

impl<'a> Argument<'a> for bool {
    fn read(reader: &mut Reader<'a>) -> Self {
        reader.boolean()
    }
}

impl<'a> Argument<'a> for &'a [u8] {
    fn read(reader: &mut Reader<'a>) -> Self {
        reader.bytes()
    }
}

impl<'a> Argument<'a> for &'a str {
    fn read(reader: &mut Reader<'a>) -> Self {
        match core::str::from_utf8(reader.text()) {
            Ok(text) => text,
            Err(_) => fail("a text is not UTF-8"),
        }
    }
}

impl<'a> Argument<'a> for Address {
    fn read(reader: &mut Reader<'a>) -> Self {
        Address(reader.fixed("an address has 32 bytes"))
    }
}

impl<'a> Argument<'a> for Hash {
    fn read(reader: &mut Reader<'a>) -> Self {
        Hash(reader.fixed("a hash has 32 bytes"))
    }
}

impl<'a, const N: usize> Argument<'a> for [u8; N] {
    fn read(reader: &mut Reader<'a>) -> Self {
        reader.fixed("a byte string has another length")
    }
}

impl<'a, T: Argument<'a>> Argument<'a> for Option<T> {
    fn read(reader: &mut Reader<'a>) -> Self {
        if reader.null() {
            None
        } else {
            Some(T::read(reader))
        }
    }
}

/* ---- writing ---- */

/// Writes into a buffer; reverts when it is full.
pub struct Writer<'a> {
    data: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    pub fn new(data: &'a mut [u8]) -> Self {
        Writer { data, len: 0 }
    }

    /// What was written.
    pub fn written(&self) -> &[u8] {
        &self.data[..self.len]
    }

    /// Bytes as they are.
    #[inline(never)]
    pub fn raw(&mut self, bytes: &[u8]) {
        require(
            bytes.len() <= self.data.len() - self.len,
            "the output buffer is full",
        );
        self.data[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    #[inline(never)]
    fn head(&mut self, major: u8, value: u64) {
        let mut head = [0; 9];
        head[1..].copy_from_slice(&value.to_be_bytes());
        let (info, size) = match value {
            0..=23 => (value as u8, 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        head[8 - size] = major << 5 | info;
        self.raw(&head[8 - size..]);
    }

    /// The head of an array; its elements follow.
    pub fn array(&mut self, count: usize) {
        self.head(4, count as u64);
    }

    pub fn uint(&mut self, value: u64) {
        self.head(0, value);
    }

    pub fn int(&mut self, value: i64) {
        if value < 0 {
            self.head(1, !(value as u64));
        } else {
            self.head(0, value as u64);
        }
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, bytes.len() as u64);
        self.raw(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.raw(text.as_bytes());
    }

    pub fn boolean(&mut self, value: bool) {
        self.head(7, if value { 21 } else { 20 });
    }

    /// An option without a value.
    pub fn null(&mut self) {
        self.head(7, 22);
    }
}

/// What a method can return, and what fields of events, errors and calls can be.
pub trait Output {
    fn write(&self, writer: &mut Writer);
}

macro_rules! output_numbers {
    ($($number:ty: $function:ident),*) => {$(
        impl Output for $number {
            fn write(&self, writer: &mut Writer) {
                writer.$function((*self).into())
            }
        }
    )*};
}
output_numbers!(u8: uint, u16: uint, u32: uint, u64: uint, i8: int, i16: int, i32: int, i64: int);

impl Output for bool {
    fn write(&self, writer: &mut Writer) {
        writer.boolean(*self)
    }
}

impl Output for &str {
    fn write(&self, writer: &mut Writer) {
        writer.text(self)
    }
}

impl Output for &[u8] {
    fn write(&self, writer: &mut Writer) {
        writer.bytes(self)
    }
}

impl<const N: usize> Output for [u8; N] {
    fn write(&self, writer: &mut Writer) {
        writer.bytes(self)
    }
}

impl Output for Address {
    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.0)
    }
}

impl Output for Hash {
    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.0)
    }
}

impl<T: Output> Output for Option<T> {
    fn write(&self, writer: &mut Writer) {
        match self {
            Some(value) => value.write(writer),
            None => writer.null(),
        }
    }
}

/* Structures and lists of fields are arrays. */
macro_rules! output_tuples {
    ($(($($name:ident $index:tt),*) $count:expr;)*) => {$(
        impl<$($name: Output),*> Output for ($($name,)*) {
            fn write(&self, writer: &mut Writer) {
                writer.array($count);
                $(self.$index.write(writer);)*
            }
        }
    )*};
}
output_tuples! {
    () 0;
    (A 0) 1;
    (A 0, B 1) 2;
    (A 0, B 1, C 2) 3;
    (A 0, B 1, C 2, D 3) 4;
    (A 0, B 1, C 2, D 3, E 4) 5;
    (A 0, B 1, C 2, D 3, E 4, F 5) 6;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6) 7;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7) 8;
}
