// SPDX-License-Identifier: MIT
// An auction that is paid in tokens of another contract: time, and calls between contracts. What each
// method does is in auction.abi.json.
//
// A bidder first approves the auction at the token. The auction holds the highest bid and gives it back
// when it is outbid. Storage: "seller", "token" -> 32 bytes, "end", "amount", "paid" -> numbers,
// "bidder" -> 32 bytes.
import {
  Address, Args, Event, Writer, blockTimeMs, call, caller, codeHash, ensure, finish, revertWith, self,
  storageGet, storageGetU64, storageSet, storageSetU64, unpaid, utf8, zero32,
} from "baals";

const TOO_LOW: u32 = 2;
const CLOSED: u32 = 3;
const STILL_OPEN: u32 = 4;
const TOKEN_FAILED: u32 = 5;

function record(name: string): Address {
  const bytes = storageGet(utf8(name));
  return bytes === null ? zero32() : bytes;
}

function number(name: string): u64 {
  return storageGetU64(utf8(name));
}

/** Reverts with an error that has one number. */
function revertNumber(code: u32, n: u64): void {
  revertWith(code, new Writer().array(1).u64(n));
}

/** Calls a method of the token; its failure is ours. */
function callToken(method: string, args: Writer): void {
  const status = call(record("token"), method, args);
  if (status != 0) revertNumber(TOKEN_FAILED, status);
}

function pay(to: Address, amount: u64): void {
  callToken("transfer", new Writer().array(2).address(to).u64(amount));
}

function emit(name: string, who: Address, amount: u64): void {
  new Event(name).topic(who).emit(new Writer().array(1).u64(amount));
}

export function init(): void {
  unpaid();
  const args = new Args(2);
  const token = args.address();
  const duration = args.u64();
  args.end();
  ensure(codeHash(token) !== null, "there is no token contract");
  const now = blockTimeMs();
  ensure(duration <= u64.MAX_VALUE - now, "the auction would end after all time");
  storageSet(utf8("token"), token);
  storageSet(utf8("seller"), caller());
  storageSetU64(utf8("end"), now + duration);
}

export function bid(): void {
  unpaid();
  const args = new Args(1);
  const amount = args.u64();
  args.end();
  const end = number("end");
  const highest = number("amount");
  const before = record("bidder");
  if (blockTimeMs() >= end) revertNumber(CLOSED, end);
  if (amount <= highest) revertNumber(TOO_LOW, highest);

  const bidder = caller();
  storageSetU64(utf8("amount"), amount);
  storageSet(utf8("bidder"), bidder);
  callToken("transfer_from", new Writer().array(3).address(bidder).address(self()).u64(amount));
  if (highest > 0) pay(before, highest);
  emit("bid", bidder, amount);
}

export function settle(): void {
  unpaid();
  const end = number("end");
  const highest = number("amount");
  if (blockTimeMs() < end) revertNumber(STILL_OPEN, end);
  ensure(number("paid") == 0, "the auction is settled");
  storageSetU64(utf8("paid"), 1);
  if (highest > 0) pay(record("seller"), highest);
  emit("settled", record("bidder"), highest);
}

/** [seller, token, end_ms, highest bid: [bidder, amount] or null, settled] */
export function state(): void {
  unpaid();
  const highest = number("amount");
  const out = new Writer().array(5).address(record("seller")).address(record("token")).u64(number("end"));
  if (highest == 0) out.absent();
  else out.array(2).address(record("bidder")).u64(highest);
  finish(out.bool(number("paid") != 0));
}
