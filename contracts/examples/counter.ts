// SPDX-License-Identifier: MIT
// A counter: the smallest contract that keeps state.
import { Args, Event, Writer, ensure, finishU64, storageGetU64, storageSetU64, unpaid, utf8 } from "baals";

function save(count: u64): void {
  storageSetU64(utf8("count"), count);
  new Event("incremented").emit(new Writer().array(1).u64(count));
  finishU64(count);
}

export function increment(): void {
  unpaid();
  const count = storageGetU64(utf8("count"));
  ensure(count != u64.MAX_VALUE, "the counter is full");
  save(count + 1);
}

export function add(): void {
  unpaid();
  const args = new Args(1);
  const n = args.u64();
  args.end();
  const count = storageGetU64(utf8("count"));
  ensure(n <= u64.MAX_VALUE - count, "the counter is full");
  save(count + n);
}

export function get(): void {
  unpaid();
  finishU64(storageGetU64(utf8("count")));
}
