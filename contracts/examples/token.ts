// SPDX-License-Identifier: MIT
// A fungible token with allowances. What each method does is in token.abi.json.
//
// Storage: "b" || owner -> balance, "a" || owner || spender -> allowance, "s" -> supply; numbers are 8
// bytes, little-endian; no entry is 0. The mint at deploy is a transfer from the zero address.
import {
  Address, Args, Bytes, Event, Writer, caller, ensure, finishU64, join, revertWith, storageGetU64,
  storageRemove, storageSetU64, unpaid, utf8, zero32,
} from "baals";

const INSUFFICIENT_BALANCE: u32 = 2;
const INSUFFICIENT_ALLOWANCE: u32 = 3;

function balanceKey(owner: Address): Bytes {
  return join(utf8("b"), owner);
}

function allowanceKey(owner: Address, spender: Address): Bytes {
  return join(utf8("a"), join(owner, spender));
}

/** A number of 0 has no entry. */
function save(key: Bytes, amount: u64): void {
  if (amount == 0) storageRemove(key);
  else storageSetU64(key, amount);
}

function emit(name: string, first: Address, second: Address, amount: u64): void {
  new Event(name).topic(first).topic(second).emit(new Writer().array(1).u64(amount));
}

/** Reverts with an error of {held, needed}. */
function lacking(code: u32, held: u64, needed: u64): void {
  revertWith(code, new Writer().array(2).u64(held).u64(needed));
}

function move(from: Address, to: Address, amount: u64): void {
  const fromKey = balanceKey(from);
  const toKey = balanceKey(to);
  const held = storageGetU64(fromKey);
  if (amount > held) lacking(INSUFFICIENT_BALANCE, held, amount);
  // Written before the receiver is read, so that a transfer to oneself changes nothing.
  save(fromKey, held - amount);
  // No balance exceeds the supply, so the sum cannot overflow.
  save(toKey, storageGetU64(toKey) + amount);
  emit("transfer", from, to, amount);
}

export function init(): void {
  unpaid();
  const args = new Args(1);
  const supply = args.u64();
  args.end();
  ensure(supply > 0, "the supply must not be 0");
  const owner = caller();
  save(balanceKey(owner), supply);
  storageSetU64(utf8("s"), supply);
  emit("transfer", zero32(), owner, supply);
}

export function transfer(): void {
  unpaid();
  const args = new Args(2);
  const to = args.address();
  const amount = args.u64();
  args.end();
  move(caller(), to, amount);
}

export function approve(): void {
  unpaid();
  const args = new Args(2);
  const spender = args.address();
  const amount = args.u64();
  args.end();
  const owner = caller();
  save(allowanceKey(owner, spender), amount);
  emit("approval", owner, spender, amount);
}

export function transfer_from(): void {
  unpaid();
  const args = new Args(3);
  const owner = args.address();
  const to = args.address();
  const amount = args.u64();
  args.end();
  const key = allowanceKey(owner, caller());
  const allowed = storageGetU64(key);
  if (amount > allowed) lacking(INSUFFICIENT_ALLOWANCE, allowed, amount);
  save(key, allowed - amount);
  move(owner, to, amount);
}

export function balance(): void {
  unpaid();
  const args = new Args(1);
  const owner = args.address();
  args.end();
  finishU64(storageGetU64(balanceKey(owner)));
}

export function allowance(): void {
  unpaid();
  const args = new Args(2);
  const owner = args.address();
  const spender = args.address();
  args.end();
  finishU64(storageGetU64(allowanceKey(owner, spender)));
}

export function supply(): void {
  unpaid();
  finishU64(storageGetU64(utf8("s")));
}
