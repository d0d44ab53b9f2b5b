// SPDX-License-Identifier: MIT
//! What lasts: keys of 1 to 256 bytes, values of up to 131,072.

use crate::host::raw;

const ABSENT: u32 = u32::MAX;

/// Writes a value; it may be empty.
pub fn set(key: &[u8], value: &[u8]) {
    unsafe { raw::storage_write(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// The length of the value, which is copied when it fits the buffer; `None` when there is none.
pub fn read(key: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let len =
        unsafe { raw::storage_read(key.as_ptr(), key.len(), buffer.as_mut_ptr(), buffer.len()) };
    if len == ABSENT {
        None
    } else {
        Some(len as usize)
    }
}

/// The value; `None` when there is none. One that does not fit the buffer reverts.
pub fn get<'a>(key: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let len = read(key, buffer)?;
    crate::require(len <= buffer.len(), "a value is longer than its buffer");
    Some(&buffer[..len])
}

/// Whether there is a value.
pub fn has(key: &[u8]) -> bool {
    read(key, &mut []).is_some()
}

/// Whether it was there.
pub fn remove(key: &[u8]) -> bool {
    unsafe { raw::storage_remove(key.as_ptr(), key.len()) != 0 }
}

/// A number of 8 bytes, little-endian; 0 when there is none.
pub fn get_u64(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    match read(key, &mut bytes) {
        Some(8) => u64::from_le_bytes(bytes),
        _ => 0,
    }
}

pub fn set_u64(key: &[u8], number: u64) {
    set(key, &number.to_le_bytes())
}

/// The keys that begin with a prefix, in order. At most 16 are open at a time; one that goes out of
/// scope is closed.
pub struct Scan {
    handle: u32,
}

/// What a step of a scan finds.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// The lengths of the key and the value, which are in the buffers.
    Item(usize, usize),
    /// The lengths of a key and a value that do not fit; the scan has not moved.
    Larger(usize, usize),
    End,
}

impl Scan {
    /// Ascending, from the first key.
    pub fn new(prefix: &[u8]) -> Self {
        Scan::from(prefix, &[], false)
    }

    /// From `start` on, which may be empty: from the first key, or descending from the last.
    pub fn from(prefix: &[u8], start: &[u8], descending: bool) -> Self {
        let handle = unsafe {
            raw::storage_scan(
                prefix.as_ptr(),
                prefix.len(),
                start.as_ptr(),
                start.len(),
                descending as u32,
            )
        };
        Scan { handle }
    }

    pub fn step(&mut self, key: &mut [u8], value: &mut [u8]) -> Step {
        let mut lens = [0u32; 2];
        let found = unsafe {
            raw::storage_next(
                self.handle,
                key.as_mut_ptr(),
                key.len(),
                value.as_mut_ptr(),
                value.len(),
                lens.as_mut_ptr(),
            )
        };
        let (key_len, value_len) = (lens[0] as usize, lens[1] as usize);
        match found {
            0 => Step::End,
            1 => Step::Item(key_len, value_len),
            _ => Step::Larger(key_len, value_len),
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        unsafe { raw::storage_scan_end(self.handle) }
    }
}
