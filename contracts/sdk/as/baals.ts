// SPDX-License-Identifier: MIT
/**
 * Contracts in AssemblyScript: the host interface of BaaLS, versions 1 and 2, and a little CBOR.
 *
 * A contract is one file that imports from "baals" and is compiled by tools/build-contract. A method is an
 * exported function without parameters and result:
 *
 *     export function increment(): void { unpaid(); ... }
 *
 * `init` runs once at deploy, `receive` on plain transfers. A method reads its arguments with Args and
 * ends by returning (empty output), by one of the finish functions or by fail. A description beside the
 * source, NAME.abi.json, becomes part of the module (docs/spec/abi.md). Memory is fresh in every call:
 * only storage lasts, so nothing is ever freed.
 *
 * Numbers are never formatted: the standard library's formatting brings floating point, which no
 * contract may contain. What each host function does, costs and refuses is in docs/spec/contracts.md.
 */

// ---- host functions ----

// @ts-ignore: decorator
@external("baals1", "input_len")
declare function hostInputLen(): u32;
// @ts-ignore: decorator
@external("baals1", "input_read")
declare function hostInputRead(dst: usize, off: u32, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "output")
declare function hostOutput(data: usize, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "revert")
declare function hostRevert(code: u32, data: usize, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "storage_read")
declare function hostStorageRead(key: usize, keyLen: u32, dst: usize, cap: u32): u32;
// @ts-ignore: decorator
@external("baals1", "storage_write")
declare function hostStorageWrite(key: usize, keyLen: u32, value: usize, valueLen: u32): void;
// @ts-ignore: decorator
@external("baals1", "storage_remove")
declare function hostStorageRemove(key: usize, keyLen: u32): u32;
// @ts-ignore: decorator
@external("baals1", "storage_scan")
declare function hostStorageScan(prefix: usize, prefixLen: u32, start: usize, startLen: u32, flags: u32): u32;
// @ts-ignore: decorator
@external("baals1", "storage_next")
declare function hostStorageNext(scan: u32, key: usize, keyCap: u32, value: usize, valueCap: u32, lens: usize): u32;
// @ts-ignore: decorator
@external("baals1", "storage_scan_end")
declare function hostStorageScanEnd(scan: u32): void;
// @ts-ignore: decorator
@external("baals1", "self")
declare function hostSelf(dst: usize): void;
// @ts-ignore: decorator
@external("baals1", "caller")
declare function hostCaller(dst: usize): void;
// @ts-ignore: decorator
@external("baals1", "origin")
declare function hostOrigin(dst: usize): void;
/** What came with this call. */
// @ts-ignore: decorator
@external("baals1", "value")
export declare function value(): u64;
// @ts-ignore: decorator
@external("baals1", "balance")
declare function hostBalance(address: usize): u64;
// @ts-ignore: decorator
@external("baals1", "transfer")
declare function hostTransfer(to: usize, amount: u64): u32;
// @ts-ignore: decorator
@external("baals1", "block_index")
export declare function blockIndex(): u64;
// @ts-ignore: decorator
@external("baals1", "block_time_ms")
export declare function blockTimeMs(): u64;
// @ts-ignore: decorator
@external("baals1", "chain_id")
declare function hostChainId(dst: usize): void;
// @ts-ignore: decorator
@external("baals1", "tx_id")
declare function hostTxId(dst: usize): void;
// @ts-ignore: decorator
@external("baals1", "gas_left")
export declare function gasLeft(): u64;
// @ts-ignore: decorator
@external("baals1", "random")
declare function hostRandom(dst: usize): void;
// @ts-ignore: decorator
@external("baals1", "log_event")
declare function hostLogEvent(topics: usize, count: u32, data: usize, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "log")
declare function hostLog(level: u32, text: usize, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "call_contract")
declare function hostCallContract(address: usize, method: usize, methodLen: u32, args: usize, argsLen: u32, value: u64, gas: i64, flags: u32): u32;
// @ts-ignore: decorator
@external("baals1", "result_len")
declare function hostResultLen(): u32;
// @ts-ignore: decorator
@external("baals1", "result_read")
declare function hostResultRead(dst: usize, off: u32, len: u32): void;
// @ts-ignore: decorator
@external("baals1", "deploy_contract")
declare function hostDeployContract(code: usize, salt: usize, args: usize, argsLen: u32, value: u64, gas: i64, dst: usize): u32;
// @ts-ignore: decorator
@external("baals1", "set_code")
declare function hostSetCode(code: usize, args: usize, argsLen: u32, gas: i64): u32;
// @ts-ignore: decorator
@external("baals1", "code_hash")
declare function hostCodeHash(address: usize, dst: usize): u32;
// @ts-ignore: decorator
@external("baals1", "crypto_hash")
declare function hostCryptoHash(algorithm: u32, data: usize, len: u32, dst: usize): u32;
// @ts-ignore: decorator
@external("baals1", "crypto_verify")
declare function hostCryptoVerify(algorithm: u32, key: usize, keyLen: u32, sig: usize, sigLen: u32, msg: usize, msgLen: u32): u32;
// @ts-ignore: decorator
@external("baals1", "crypto_recover")
declare function hostCryptoRecover(digest: usize, sig: usize, recovery: u32, dst: usize): u32;

// ---- bytes ----

/** 32 bytes: an account, a contract, a hash. */
export type Address = StaticArray<u8>;
export type Hash = StaticArray<u8>;
export type Bytes = StaticArray<u8>;

// @ts-ignore: decorator
@inline
function at(bytes: Bytes): usize {
  return changetype<usize>(bytes);
}

/** 32 zero bytes. */
export function zero32(): StaticArray<u8> {
  return new StaticArray<u8>(32);
}

export function equal(a: Bytes, b: Bytes): bool {
  return a.length == b.length && memory.compare(at(a), at(b), a.length) == 0;
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Bytes {
  const bytes = new StaticArray<u8>(String.UTF8.byteLength(text));
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at(bytes));
  return bytes;
}

/** The parts one after the other: a storage key of several. */
export function join(a: Bytes, b: Bytes): Bytes {
  const out = new StaticArray<u8>(a.length + b.length);
  memory.copy(at(out), at(a), a.length);
  memory.copy(at(out) + a.length, at(b), b.length);
  return out;
}

// ---- ending a call ----

/** Ends the call, undoing everything, with a code and data for the caller. */
export function revert(code: u32, data: Bytes): void {
  hostRevert(code, at(data), data.length);
  unreachable();
}

/** Reverts with code 1 and the text. */
export function fail(text: string): void {
  revert(1, utf8(text));
}

export function ensure(condition: bool, text: string): void {
  if (!condition) fail(text);
}

/** Reverts when the call brings a value: the first line of every method that takes none. */
export function unpaid(): void {
  ensure(value() == 0, "no value can be sent along");
}

/** Ends the call with what was written as output. */
export function finish(writer: Writer): void {
  hostOutput(writer.start, writer.len);
  unreachable();
}

export function finishU64(number: u64): void {
  finish(new Writer(16).u64(number));
}

export function finishBool(flag: bool): void {
  finish(new Writer(16).bool(flag));
}

/** Ends the call with an error of the description and the array of its fields. */
export function revertWith(code: u32, writer: Writer): void {
  hostRevert(code, writer.start, writer.len);
  unreachable();
}

// ---- who and where ----

export function self(): Address {
  const out = zero32();
  hostSelf(at(out));
  return out;
}

export function caller(): Address {
  const out = zero32();
  hostCaller(at(out));
  return out;
}

export function origin(): Address {
  const out = zero32();
  hostOrigin(at(out));
  return out;
}

export function chainId(): Hash {
  const out = zero32();
  hostChainId(at(out));
  return out;
}

export function txId(): Hash {
  const out = zero32();
  hostTxId(at(out));
  return out;
}

/** Bytes that whoever produces the block can predict: never for what has value. */
export function random(): Hash {
  const out = zero32();
  hostRandom(at(out));
  return out;
}

export function balance(address: Address): u64 {
  return hostBalance(at(address));
}

export const INSUFFICIENT_FUNDS: u32 = 100;
/** Moves money without running anything: 0, or INSUFFICIENT_FUNDS. */
export function transfer(to: Address, amount: u64): u32 {
  return hostTransfer(at(to), amount);
}

// ---- storage ----

/** The value, null when the key has none. Keys are 1 to 256 bytes. */
export function storageGet(key: Bytes): Bytes | null {
  const small = memory.data(128);
  const len = hostStorageRead(at(key), key.length, small, 128);
  if (len == 0xffffffff) return null;
  const out = new StaticArray<u8>(len);
  if (len <= 128) memory.copy(at(out), small, len);
  else hostStorageRead(at(key), key.length, at(out), len);
  return out;
}

export function storageSet(key: Bytes, bytes: Bytes): void {
  hostStorageWrite(at(key), key.length, at(bytes), bytes.length);
}

/** Whether it was there. */
export function storageRemove(key: Bytes): bool {
  return hostStorageRemove(at(key), key.length) == 1;
}

/** A number: 8 bytes, little-endian; 0 when there is none. */
export function storageGetU64(key: Bytes): u64 {
  const buffer = memory.data(8);
  return hostStorageRead(at(key), key.length, buffer, 8) == 8 ? load<u64>(buffer) : 0;
}

export function storageSetU64(key: Bytes, number: u64): void {
  const buffer = memory.data(8);
  store<u64>(buffer, number);
  hostStorageWrite(at(key), key.length, buffer, 8);
}

/** Walks over the keys that begin with a prefix: while (scan.next()) { scan.key, scan.value }. */
export class Scan {
  private handle: u32;
  key: Bytes = new StaticArray<u8>(0);
  value: Bytes = new StaticArray<u8>(0);

  /** From the first key, or descending from the last; with `start` from that key on. */
  constructor(prefix: Bytes, descending: bool = false, start: Bytes | null = null) {
    const from = start === null ? new StaticArray<u8>(0) : start;
    this.handle = hostStorageScan(at(prefix), prefix.length, at(from), from.length, descending ? 1 : 0);
  }

  next(): bool {
    const lens = memory.data(8);
    let key = new StaticArray<u8>(256);
    let value = new StaticArray<u8>(64);
    let got = hostStorageNext(this.handle, at(key), 256, at(value), 64, lens);
    if (got == 2) {
      value = new StaticArray<u8>(load<u32>(lens, 4));
      got = hostStorageNext(this.handle, at(key), 256, at(value), value.length, lens);
    }
    if (got != 1) return false;
    this.key = StaticArray.slice(key, 0, load<u32>(lens));
    this.value = StaticArray.slice(value, 0, load<u32>(lens, 4));
    return true;
  }

  end(): void {
    hostStorageScanEnd(this.handle);
  }
}

// ---- events and logs ----

/** An event of the receipt: its name and indexed fields as topics, and the array of the others. */
export class Event {
  private topics: usize = heap.alloc(128);
  private count: u32 = 0;

  constructor(name: string) {
    this.topic(utf8(name));
  }

  /** An indexed field of at most 32 bytes. */
  topic(bytes: Bytes): Event {
    ensure(this.count < 4 && bytes.length <= 32, "an event has at most 4 topics of 32 bytes");
    const place = this.topics + 32 * this.count++;
    memory.fill(place, 0, 32);
    memory.copy(place, at(bytes), bytes.length);
    return this;
  }

  /** An indexed number. */
  topicU64(number: u64): Event {
    const bytes = zero32();
    store<u64>(at(bytes) + 24, bswap<u64>(number));
    return this.topic(bytes);
  }

  emit(data: Writer): void {
    hostLogEvent(this.topics, this.count, data.start, data.len);
  }
}

/** A line for whoever debugs; levels 0 error to 3 debug. */
export function log(level: u32, text: string): void {
  const bytes = utf8(text);
  hostLog(level, at(bytes), bytes.length);
}

// ---- other contracts ----

export const READONLY: u32 = 1;
export const GAS_ALL: i64 = -1;

/** Calls a method: 0, else a status of docs/spec/contracts.md. callResult has its output. */
export function call(contract: Address, method: string, args: Writer, value: u64 = 0, gas: i64 = GAS_ALL, flags: u32 = 0): u32 {
  const name = utf8(method);
  return hostCallContract(at(contract), at(name), name.length, args.start, args.len, value, gas, flags);
}

/** Output or revert data of the last call. */
export function callResult(): Bytes {
  const out = new StaticArray<u8>(hostResultLen());
  hostResultRead(at(out), 0, out.length);
  return out;
}

/** The hash of a contract's code, null where there is no contract. */
export function codeHash(address: Address): Hash | null {
  const out = zero32();
  return hostCodeHash(at(address), at(out)) == 1 ? out : null;
}

/** Makes a contract of code that the chain has and runs its `init`: 0 and its address in `made`. */
export function deploy(code: Hash, salt: Hash, args: Writer | null, made: Address, value: u64 = 0, gas: i64 = GAS_ALL): u32 {
  const start = args === null ? 0 : args.start;
  const len = args === null ? 0 : args.len;
  return hostDeployContract(at(code), at(salt), start, len, value, gas, at(made));
}

/** Replaces this contract's code and runs its `migrate`: 0, else a status and the code stays. */
export function setCode(code: Hash, args: Writer | null, gas: i64 = GAS_ALL): u32 {
  return hostSetCode(at(code), args === null ? 0 : args.start, args === null ? 0 : args.len, gas);
}

// ---- cryptography ----

export const SHA256: u32 = 0;
export const KECCAK256: u32 = 1;
export const BLAKE2B: u32 = 2;
export const BLAKE3: u32 = 3;
export function hash(algorithm: u32, data: Bytes): Hash {
  const out = zero32();
  hostCryptoHash(algorithm, at(data), data.length, at(out));
  return out;
}

export const ED25519: u32 = 0;
export const SECP256K1: u32 = 1;
export const P256: u32 = 2;
export function verify(algorithm: u32, key: Bytes, signature: Bytes, message: Bytes): bool {
  return hostCryptoVerify(algorithm, at(key), key.length, at(signature), signature.length, at(message), message.length) == 1;
}

/** The uncompressed key on secp256k1 that made the signature of the digest, or null. */
export function recover(digest: Hash, signature: Bytes, recovery: u32): Bytes | null {
  const out = new StaticArray<u8>(65);
  return hostCryptoRecover(at(digest), at(signature), recovery, at(out)) == 1 ? out : null;
}

// ---- canonical CBOR: arguments ----

/** Reads the arguments, one array, element by element; anything unexpected reverts. */
export class Args {
  private start: usize;
  private len: u32;
  private pos: u32 = 0;

  /** Loads the arguments and opens the array of exactly `count`. */
  constructor(count: u32) {
    this.len = hostInputLen();
    this.start = heap.alloc(this.len + 1);
    hostInputRead(this.start, 0, this.len);
    ensure(this.head(4) == count, "another number of arguments is expected");
  }

  /** One head: major type and argument, in the shortest form. */
  private head(major: u32): u64 {
    ensure(this.pos < this.len, "arguments end too early");
    const first = load<u8>(this.start + this.pos++) as u32;
    const info = first & 31;
    ensure(first >> 5 == major, "an argument has another type");
    if (info < 24) return info;
    ensure(info <= 27, "an argument is not canonical");
    const size: u32 = 1 << (info - 24);
    ensure(size <= this.len - this.pos, "arguments end too early");
    let number: u64 = 0;
    for (let i: u32 = 0; i < size; i++) number = (number << 8) | load<u8>(this.start + this.pos++);
    const least: u64 = size == 1 ? 24 : (1 as u64) << (4 * size);
    ensure(number >= least, "an argument is not canonical");
    return number;
  }

  private copy(major: u32): Bytes {
    const len = this.head(major);
    ensure(len <= this.len - this.pos, "arguments end too early");
    const out = new StaticArray<u8>(len as u32);
    memory.copy(at(out), this.start + this.pos, len as u32);
    this.pos += len as u32;
    return out;
  }

  u64(): u64 {
    return this.head(0);
  }

  /** A number that may be negative. */
  i64(): i64 {
    const negative = this.pos < this.len && load<u8>(this.start + this.pos) >> 5 == 1;
    const number = this.head(negative ? 1 : 0);
    ensure(number <= (i64.MAX_VALUE as u64), "a number is out of range");
    return negative ? -1 - (number as i64) : (number as i64);
  }

  bytes(): Bytes {
    return this.copy(2);
  }

  /** A text, as its bytes; not checked for UTF-8. */
  text(): Bytes {
    return this.copy(3);
  }

  address(): Address {
    const out = this.copy(2);
    ensure(out.length == 32, "an address has 32 bytes");
    return out;
  }

  bool(): bool {
    const number = this.head(7);
    ensure(number == 20 || number == 21, "an argument has another type");
    return number == 21;
  }

  /** Whether an option is absent; else its value is read next. */
  absent(): bool {
    const absent = this.pos < this.len && load<u8>(this.start + this.pos) == 0xf6;
    if (absent) this.pos++;
    return absent;
  }

  /** Reverts unless everything was read. */
  end(): void {
    ensure(this.pos == this.len, "bytes stand behind the arguments");
  }
}

// ---- canonical CBOR: output ----

/** Writes values one after the other; reverts when it is full. */
export class Writer {
  start: usize;
  len: u32 = 0;
  private cap: u32;

  constructor(cap: u32 = 256) {
    this.start = heap.alloc(cap);
    this.cap = cap;
  }

  private raw(from: usize, len: u32): void {
    ensure(len <= this.cap - this.len, "the output buffer is full");
    memory.copy(this.start + this.len, from, len);
    this.len += len;
  }

  private head(major: u32, number: u64): void {
    const size: u32 = number < 24 ? 0 : number <= 0xff ? 1 : number <= 0xffff ? 2 : number <= 0xffffffff ? 4 : 8;
    const info: u32 = size == 0 ? (number as u32) : size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27;
    const bytes = memory.data(9);
    store<u8>(bytes, (major << 5) | info);
    for (let i: u32 = 0; i < size; i++) store<u8>(bytes + 1 + i, (number >> (8 * (size - 1 - i))) as u8);
    this.raw(bytes, 1 + size);
  }

  u64(number: u64): Writer {
    this.head(0, number);
    return this;
  }

  i64(number: i64): Writer {
    this.head(number < 0 ? 1 : 0, (number < 0 ? ~number : number) as u64);
    return this;
  }

  bytes(bytes: Bytes): Writer {
    this.head(2, bytes.length);
    this.raw(at(bytes), bytes.length);
    return this;
  }

  text(text: string): Writer {
    return this.textBytes(utf8(text));
  }

  /** A text, as its UTF-8 bytes. */
  textBytes(bytes: Bytes): Writer {
    this.head(3, bytes.length);
    this.raw(at(bytes), bytes.length);
    return this;
  }

  address(address: Address): Writer {
    return this.bytes(address);
  }

  bool(flag: bool): Writer {
    this.head(7, flag ? 21 : 20);
    return this;
  }

  /** An option without a value. */
  absent(): Writer {
    this.head(7, 22);
    return this;
  }

  /** The head of an array; its elements follow. */
  array(count: u32): Writer {
    this.head(4, count);
    return this;
  }
}
