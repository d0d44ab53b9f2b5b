;; SPDX-License-Identifier: MIT
;; What bench_vm.c runs; the bytes in it are what wat2wasm makes of this.
(module
  (import "baals1" "block_index" (func $block_index (result i64)))
  (memory 1)
  (func (export "loop") (local $i i64) (local $x i64) (local $y i64)
    (loop
      (local.set $x (i64.xor (i64.add (local.get $x) (local.get $i)) (i64.const 0x5bd1e995)))
      (local.set $y (i64.sub (i64.rotl (local.get $y) (i64.const 7)) (local.get $x)))
      (br_if 0 (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1)))
                         (i64.const 5000000))))
    (i64.store (i32.const 0) (i64.add (local.get $x) (local.get $y))))
  (func (export "host") (i64.store (i32.const 0) (call $block_index)))
  (func $fib (param i64) (result i64)
    (if (result i64) (i64.lt_u (local.get 0) (i64.const 2)) (then (local.get 0))
      (else (i64.add (call $fib (i64.sub (local.get 0) (i64.const 1)))
                     (call $fib (i64.sub (local.get 0) (i64.const 2)))))))
  (func (export "fib") (i64.store (i32.const 0) (call $fib (i64.const 27)))))
