;; A contract that does a little of everything, for the tests of traces. It is deployed twice: the
;; outer one calls the inner one, whose address is its argument.
(module
  (import "baals1" "input_read" (func $input_read (param i32 i32 i32)))
  (import "baals1" "output" (func $output (param i32 i32)))
  (import "baals1" "revert" (func $revert (param i32 i32 i32)))
  (import "baals1" "storage_read" (func $storage_read (param i32 i32 i32 i32) (result i32)))
  (import "baals1" "storage_write" (func $storage_write (param i32 i32 i32 i32)))
  (import "baals1" "storage_remove" (func $storage_remove (param i32 i32) (result i32)))
  (import "baals1" "log_event" (func $log_event (param i32 i32 i32 i32)))
  (import "baals1" "log" (func $log (param i32 i32 i32)))
  (import "baals1" "call_contract"
    (func $call_contract (param i32 i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (memory 1)
  (data (i32.const 256) "k")
  (data (i32.const 264) "onetwo")
  (data (i32.const 300) "setboomcrash")
  (data (i32.const 320) "done")
  (data (i32.const 400) "\81\07")
  (data (i32.const 404) "\05")
  (data (i32.const 512) "\80")

  (func $inner (param $name i32) (param $len i32) (param $flags i32) (result i32)
    (call $input_read (i32.const 0) (i32.const 0) (i32.const 35))
    (call $call_contract (i32.const 3) (local.get $name) (local.get $len) (i32.const 512)
      (i32.const 1) (i64.const 0) (i64.const 200000) (local.get $flags)))

  (func $countdown (param $n i32)
    (if (local.get $n)
      (then (call $countdown (i32.sub (local.get $n) (i32.const 1)))))
    (memory.fill (i32.const 1024) (i32.const 0) (i32.const 64)))

  (func $deepest (param $n i32) (result i32)
    (i32.div_u (i32.const 1) (local.get $n)))

  (func (export "nest")
    (drop (call $storage_read (i32.const 256) (i32.const 1) (i32.const 0) (i32.const 0)))
    (call $storage_write (i32.const 256) (i32.const 1) (i32.const 264) (i32.const 3))
    (call $storage_write (i32.const 256) (i32.const 1) (i32.const 267) (i32.const 3))
    (drop (call $storage_remove (i32.const 256) (i32.const 1)))
    (call $log (i32.const 1) (i32.const 264) (i32.const 3))
    (call $countdown (i32.const 3))
    (drop (call $inner (i32.const 300) (i32.const 3) (i32.const 0)))
    (drop (call $inner (i32.const 303) (i32.const 4) (i32.const 1)))
    (call $log_event (i32.const 320) (i32.const 1) (i32.const 400) (i32.const 2))
    (call $output (i32.const 404) (i32.const 1)))

  (func (export "fail")
    (drop (call $inner (i32.const 303) (i32.const 4) (i32.const 0)))
    (call $revert (i32.const 5) (i32.const 400) (i32.const 2)))

  (func (export "broken")
    (drop (call $inner (i32.const 307) (i32.const 5) (i32.const 0)))
    (drop (call $deepest (i32.const 0))))

  (func (export "spin") (loop (br 0)))

  (func (export "set")
    (call $storage_write (i32.const 256) (i32.const 1) (i32.const 264) (i32.const 3))
    (call $output (i32.const 404) (i32.const 1)))
  (func (export "boom") (call $revert (i32.const 5) (i32.const 400) (i32.const 2)))
  (func (export "crash") (drop (call $deepest (i32.const 0)))))
