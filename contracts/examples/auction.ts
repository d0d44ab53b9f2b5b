// SPDX-License-Identifier: MIT
// An auction that is paid in tokens of another contract: time, and calls between contracts. What each
// method does is in auction.abi.json.
//
// A bidder first approves the auction at the token. The auction holds the highest bid and gives it back
// when it is outbid. Storage: "c" -> seller || token || end_ms, "b" -> bidder || amount || paid; numbers
// are 8 bytes, little-endian.
import {
  Address, Args, Bytes, Event, Writer, blockTimeMs, call, caller, codeHash, ensure, finish, join,
  revertWith, self, storageGet, storageSet, unpaid, utf8, zero32,
} from "baals";

const TOO_LOW: u32 = 2;
const CLOSED: u32 = 3;
const STILL_OPEN: u32 = 4;
const TOKEN_FAILED: u32 = 5;

function numberBytes(number: u64): Bytes {
  const bytes = new StaticArray<u8>(8);
  store<u64>(changetype<usize>(bytes), number);
  return bytes;
}

function numberAt(record: Bytes, place: u32): u64 {
  return load<u64>(changetype<usize>(record) + place);
}

/** Reverts with an error that has one number. */
function revertNumber(code: u32, n: u64): void {
  revertWith(code, new Writer().array(1).u64(n));
}

class Auction {
  constructor(public seller: Address, public token: Address, public endMs: u64) {}

  static load(): Auction {
    const record = storageGet(utf8("c"));
    ensure(record !== null && record.length == 72, "there is no auction");
    const bytes = record as Bytes;
    return new Auction(StaticArray.slice(bytes, 0, 32), StaticArray.slice(bytes, 32, 64), numberAt(bytes, 64));
  }

  save(): void {
    storageSet(utf8("c"), join(join(this.seller, this.token), numberBytes(this.endMs)));
  }

  /** Calls a method of the token; its failure is ours. */
  callToken(method: string, args: Writer): void {
    const status = call(this.token, method, args);
    if (status != 0) revertNumber(TOKEN_FAILED, status);
  }

  pay(to: Address, amount: u64): void {
    this.callToken("transfer", new Writer().array(2).address(to).u64(amount));
  }
}

/** The highest bid; an amount of 0: nobody has bid. Paid is 1 when the seller has the money. */
class Bid {
  constructor(public bidder: Address, public amount: u64, public paid: u64) {}

  static load(): Bid {
    const record = storageGet(utf8("b"));
    if (record === null || record.length != 48) return new Bid(zero32(), 0, 0);
    return new Bid(StaticArray.slice(record, 0, 32), numberAt(record, 32), numberAt(record, 40));
  }

  save(): void {
    storageSet(utf8("b"), join(join(this.bidder, numberBytes(this.amount)), numberBytes(this.paid)));
  }

  emit(name: string): void {
    new Event(name).topic(this.bidder).emit(new Writer().array(1).u64(this.amount));
  }
}

export function init(): void {
  unpaid();
  const args = new Args(2);
  const token = args.address();
  const durationMs = args.u64();
  args.end();
  ensure(codeHash(token) !== null, "there is no token contract");
  const nowMs = blockTimeMs();
  ensure(durationMs <= u64.MAX_VALUE - nowMs, "the auction would end after all time");
  new Auction(caller(), token, nowMs + durationMs).save();
}

export function bid(): void {
  unpaid();
  const args = new Args(1);
  const amount = args.u64();
  args.end();
  const auction = Auction.load();
  const highest = Bid.load();
  if (blockTimeMs() >= auction.endMs) revertNumber(CLOSED, auction.endMs);
  if (amount <= highest.amount) revertNumber(TOO_LOW, highest.amount);

  const bid = new Bid(caller(), amount, 0);
  bid.save();
  const taking = new Writer().array(3).address(bid.bidder).address(self()).u64(amount);
  auction.callToken("transfer_from", taking);
  if (highest.amount > 0) auction.pay(highest.bidder, highest.amount);
  bid.emit("bid");
}

export function settle(): void {
  unpaid();
  const auction = Auction.load();
  const highest = Bid.load();
  if (blockTimeMs() < auction.endMs) revertNumber(STILL_OPEN, auction.endMs);
  ensure(highest.paid == 0, "the auction is settled");
  highest.paid = 1;
  highest.save();
  if (highest.amount > 0) auction.pay(auction.seller, highest.amount);
  highest.emit("settled");
}

/** [seller, token, end_ms, highest bid: [bidder, amount] or null, settled] */
export function state(): void {
  unpaid();
  const auction = Auction.load();
  const highest = Bid.load();
  const out = new Writer().array(5).address(auction.seller).address(auction.token).u64(auction.endMs);
  if (highest.amount == 0) out.absent();
  else out.array(2).address(highest.bidder).u64(highest.amount);
  finish(out.bool(highest.paid != 0));
}
