# SPDX-License-Identifier: MIT
"""Traces of simulations, and what contracts say in receipts, transactions and events."""
import os
import re
import shutil
import subprocess

from harness import ROOT, check, main

DATA = os.path.join(ROOT, "tests/integration/data")


def make(s, described=True, names=True):
    """Deploys the contract of data/tracer.wat twice; returns the outer's and the inner's address."""
    module = s.path("tracer.wasm")
    subprocess.run(["wat2wasm", os.path.join(DATA, "tracer.wat"), "-o", module] +
                   (["--debug-names"] if names else []), check=True)
    if described:
        shutil.copy(os.path.join(DATA, "tracer.abi.json"), s.path("tracer.abi.json"))
        subprocess.run([os.path.join(ROOT, "tools/contract-abi"), s.path("tracer.abi.json"), module],
                       check=True)
    return [s.json("deploy", "tracer.wasm", "--from", "alice")["contract"] for _ in range(2)]


def offset_of(s, function, instruction):
    """Where wabt sees the only such instruction of a function, whose name it knows."""
    text = subprocess.run(["wasm-objdump", "-d", s.path("tracer.wasm")], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    body = re.search(r"func\[(\d+)\] <%s>:\n(.*?)(?=\n ?[0-9a-f]+ func|\Z)" % function, text, re.S)
    found = re.findall(r"^ *([0-9a-f]+):.*\| *%s" % re.escape(instruction), body.group(2), re.M)
    check(len(found) == 1, text)
    return int(body.group(1)), int(found[0], 16)


def traced(s, *words, code=0):
    """The result with its trace; without one everything else is the same."""
    command = ["simulate", "call", *words, "--from", "alice", "--json"]
    with_trace = s.run(*command, "--trace")
    without = s.run(*command)
    check(with_trace.code == without.code == code, "%s\n%s" % (with_trace, without))
    result, plain = with_trace.json(), without.json()
    trace = result.pop("trace")
    for either in (result, plain):
        # Which runtime ran decides whether the place of a failure is known.
        for name in ("function", "offset"):
            either.get("error", {}).pop(name, None)
    check(result == plain, "a trace changed the result: %s %s" % (result, plain))
    check(trace["cut"] is False and len(trace["calls"]) == 1, str(trace))
    return result, trace["calls"][0]


def accounted(call):
    """Every unit of gas is that of a function, of entering, or of a call inside."""
    inside = sum(accounted(item) for item in call["items"] if item["what"] == "call")
    own = sum(int(f["gas_own"]) for f in call.get("functions", []))
    check(int(call["gas_entry"]) + own + inside == int(call["gas_used"]), str(call))
    return int(call["gas_used"])


def both(s, test):
    """Runs the test directly and through a node."""
    test()
    with s.node():
        test()


def test_nested(s):
    """Calls, storage, events and logs stand in order, by name where the contract says so."""
    s.make_chain()
    outer, inner = make(s)

    def test():
        result, call = traced(s, outer, "nest", inner)
        accounted(call)
        items = call.pop("items")
        check(call["entry"] == "call" and call["method"] == "nest" and
              call["contract"] == outer and call["caller"] == s.alice and
              call["arguments"] == {"inner": inner} and call["returned"] == "5" and
              call["output"] == "05" and call["status"] == "OK" and "places" not in call, str(call))
        check(int(result["gas_used"]) > int(call["gas_used"]), "the transaction's own gas")
        first, second = items[5], items[6]
        check(items[:5] == [
            {"what": "read", "key": "6b", "value": None},
            {"what": "write", "key": "6b", "old": None, "value": "6f6e65"},
            {"what": "write", "key": "6b", "old": "6f6e65", "value": "74776f"},
            {"what": "remove", "key": "6b", "old": "74776f"},
            {"what": "log", "level": 1, "text": "one"}], str(items))
        check(first["contract"] == inner and first["caller"] == outer and
              first["gas"] == "200000" and not first["readonly"] and first["returned"] == "5" and
              first["items"] == [{"what": "write", "key": "6b", "old": None, "value": "6f6e65"}],
              str(first))
        check(second["readonly"] and second["status"] == "REVERT" and second["trap"] == "E-REVERT" and
              second["revert_code"] == 5 and second["output"] == "8107" and
              second["revert"] == {"name": "too_much", "doc": "", "fields": {"held": "7"}} and
              second["places"][0]["function"] == "boom", str(second))
        check(items[7]["what"] == "event" and items[7]["name"] == "done" and
              items[7]["fields"] == {"count": "7"} and len(items) == 8, str(items[7]))
        functions = {f["function"]: f for f in call["functions"]}
        check(functions["countdown"]["calls"] == 4 and functions["inner"]["calls"] == 2, str(call))
        check(functions["baals1.storage_write"]["calls"] == 2 and
              functions["baals1.storage_write"]["gas"] ==
              functions["baals1.storage_write"]["gas_own"], str(functions))
        check(int(functions["baals1.call_contract"]["gas"]) ==
              int(functions["baals1.call_contract"]["gas_own"]) + int(first["gas_used"]) +
              int(second["gas_used"]), str(functions))
        check(int(functions["nest"]["gas"]) + int(call["gas_entry"]) == int(call["gas_used"]),
              str(functions))

    both(s, test)


def test_trap(s):
    """A trap has its kind, the function's name and the offset that wasm-objdump shows."""
    s.make_chain()
    outer, inner = make(s)
    index, offset = offset_of(s, "deepest", "i32.div_u")

    def test():
        _, call = traced(s, outer, "broken", inner, code=10)
        accounted(call)
        place = {"function": "deepest", "index": index, "offset": offset}
        check(call["status"] == "TRAP" and call["trap"] == "E-DIVIDE" and
              call["places"][0] == place and
              [p["function"] for p in call["places"]] == ["deepest", "broken"], str(call))
        check(call["places"][1]["offset"] == offset_of(s, "broken", "call %d" % index)[1], str(call))
        inside = call["items"][0]
        check(inside["trap"] == "E-DIVIDE" and inside["places"][0] == place and
              inside["places"][1]["function"] == "crash" and inside["output"] == "", str(inside))

    both(s, test)


def test_revert_and_gas(s):
    """A revert by its name; out of gas spends everything; the same transaction costs the same."""
    s.make_chain()
    outer, inner = make(s)

    def test():
        result, call = traced(s, outer, "fail", inner, code=10)
        accounted(call)
        check(call["revert"] == result["error"]["revert"] and call["revert"]["name"] == "too_much" and
              call["items"][0]["revert"]["fields"] == {"held": "7"}, str(call))
        _, call = traced(s, outer, "spin", "--gas-limit", "300000", code=10)
        accounted(call)
        check(call["status"] == "OUT_OF_GAS" and call["trap"] == "E-OUT-OF-GAS" and
              call["gas_used"] == call["gas"] and call["places"][0]["function"] == "spin", str(call))
        limit = ["--gas-limit", "400000"]
        result, _ = traced(s, outer, "nest", inner, *limit)
        done = s.json("call", outer, "nest", inner, "--from", "alice", *limit)
        check(done["gas_used"] == result["gas_used"], str(done) + str(result))

    both(s, test)


def test_tree(s):
    """The tree for people: ASCII, narrow, and everything in it."""
    s.make_chain()
    outer, inner = make(s)
    text = s.ok("simulate", "call", outer, "nest", inner, "--from", "alice", "--trace").out
    tree = text[text.index("\ntrace"):]
    for part in ('write  "k" = "two"  (was "one")', "log    info: one", "event  done(count=7)",
                 "REVERT too_much(held=7)", "in boom, offset 0x", "    call blc1", " x countdown",
                 "set() ", " boom() readonly\n"):
        check(part in tree.replace("set()\n", "set() \n"), "%r is missing\n%s" % (part, tree))
    check(all(len(line) <= 100 and line.isascii() for line in tree.split("\n")), tree)
    check("trace" in s.ok("simulate", "send", s.bob, "5", "--from", "alice", "--trace").out and
          s.json("simulate", "send", s.bob, "5", "--from", "alice", "--trace")["trace"] ==
          {"calls": [], "cut": False}, "a transfer runs no contract")
    s.fails("MISUSE", "E-ARGUMENT", "call", outer, "spin", "--from", "alice", "--trace")


def test_raw(s):
    """Without names, without a description, and with --raw: indices and bytes."""
    s.make_chain()
    outer, inner = make(s, described=False, names=False)
    _, call = traced(s, outer, "broken", "addr:" + inner, code=10)
    check(call["places"][0]["function"] == "func[%d]" % call["places"][0]["index"] and
          call["places"][1]["function"] == "broken" and "arguments" not in call, str(call))
    outer, inner = make(s)
    _, call = traced(s, outer, "nest", "addr:" + inner, "--raw")
    check("arguments" not in call and "returned" not in call and "name" not in call["items"][7],
          str(call))


def test_made_in_a_simulation(s):
    """A simulated deploy is described by its file."""
    s.make_chain()
    s.contract("token", described=True)
    result = s.json("simulate", "deploy", "token.wasm", "--arg", "1000", "--from", "alice",
                    "--trace")
    call = result["trace"]["calls"][0]
    check(call["entry"] == "init" and call["contract"] == result["contract"] and
          call["arguments"] == {"supply": "1000"} and
          [i["name"] for i in call["items"] if i["what"] == "event"] == ["transfer"], str(call))
    accounted(call)


def test_examples(s):
    """The token and the auction that calls it: money moves in calls inside calls."""
    s.make_chain()
    for name in ("token", "auction"):
        s.contract(name, described=True)
    token = s.json("deploy", "token.wasm", "--from", "alice", "--arg", "1000")["contract"]
    s.ok("call", token, "transfer", s.bob, "500", "--from", "alice")
    auction = s.json("deploy", "auction.wasm", "--from", "alice", "--arg", token, "--arg",
                     "1000000000")["contract"]
    s.ok("call", token, "approve", auction, "40", "--from", "bob")
    result = s.json("simulate", "call", auction, "bid", "40", "--from", "bob", "--trace")
    call = result["trace"]["calls"][0]
    accounted(call)
    inside = [i for i in call["items"] if i["what"] == "call"]
    check(inside[0]["contract"] == token and inside[0]["method"] == "transfer_from" and
          inside[0]["arguments"] == {"from": s.bob, "to": inside[0]["arguments"]["to"],
                                     "amount": "40"}, str(inside))
    names = [i["name"] for i in inside[0]["items"] + call["items"] if i["what"] == "event"]
    check(names == [e["name"] for e in result["events"]] and len(names) == 2, str(names))


def test_inspect(s):
    """Receipts, transactions and events by name; the bytes stay, and --raw shows them alone."""
    s.make_chain()
    outer, inner = make(s)
    fine = s.json("call", outer, "nest", inner, "--from", "alice")
    failed = s.run("call", outer, "fail", inner, "--from", "alice", "--gas-limit", "300000",
                   "--json").json()
    revert = {"name": "too_much", "doc": "", "fields": {"held": "7"}}

    def test():
        receipt = s.json("inspect", "receipt", fine["tx_id"])
        check(receipt["returned"] == "5" and receipt["output"] == "05" and
              receipt["events"][0]["fields"] == {"count": "7"} and
              receipt["events"][0]["data"] == "8107", str(receipt))
        check(s.json("inspect", "receipt", failed["tx_id"])["error"]["revert"] == revert, "revert")
        tx = s.json("inspect", "tx", fine["tx_id"])
        check(tx["arguments"] == {"inner": inner} and tx["args"].startswith("815820"), str(tx))
        told = {}
        for line in s.ok("events", "--json").out.split("\n"):
            for tx_id in (fine["tx_id"], failed["tx_id"]):
                if '"tx_id":"%s"' % tx_id in line:
                    told[tx_id] = line
        check('"returned":"5"' in told[fine["tx_id"]] and
              '"name":"done","fields":{"count":"7"}' in told[fine["tx_id"]], str(told))
        check('"name":"too_much"' in told[failed["tx_id"]] and
              '"revert_code":5' in told[failed["tx_id"]], str(told))
        text = s.ok("events").out
        check('OK done{"count":"7"}\n' in text and 'REVERT too_much{"held":"7"}\n' in text, text)
        for words in (["receipt", fine["tx_id"]], ["receipt", failed["tx_id"]], ["tx", fine["tx_id"]]):
            raw = s.ok("inspect", *words, "--raw", "--json").out
            check(not any('"%s"' % name in raw for name in
                          ("returned", "fields", "revert", "arguments")), raw)
        check('"fields"' not in s.ok("events", "--raw", "--json").out, "raw events")

    both(s, test)


def test_bad_descriptions(s):
    """A description that cannot be read is none: everything is shown without it."""
    s.make_chain()
    for words, section in (("broken", b"\x80"), ("huge", b"\x9b" + b"\xff" * 8)):
        s.write(words + ".wat", """(module (import "baals1" "output" (func $o (param i32 i32)))
          (memory 1) (func (export "get") (call $o (i32.const 0) (i32.const 1))))""")
        module = s.path(words + ".wasm")
        subprocess.run(["wat2wasm", s.path(words + ".wat"), "-o", module], check=True)
        with open(module, "ab") as handle:
            body = b"\x09baals_abi" + section
            handle.write(bytes([0, len(body)]) + body)
        contract = s.json("deploy", words + ".wasm", "--raw", "--from", "alice")["contract"]
        result = s.json("simulate", "call", contract, "get", "--raw", "--from", "alice", "--trace")
        check(result["trace"]["calls"][0]["output"] == "00", str(result))
        done = s.json("call", contract, "get", "--raw", "--from", "alice")
        for command in (["inspect", "receipt", done["tx_id"]], ["inspect", "tx", done["tx_id"]]):
            check("returned" not in s.json(*command), "raw")
        check(done["tx_id"] in s.ok("events").out, "events go on")
        s.fails("REJECT", "E-CODE", "simulate", "call", contract, "get", "--from", "alice",
                "--trace")


def test_cut(s):
    """A trace that is too long is cut, says so, and the execution is what it is without."""
    s.make_chain()
    s.write("many.wat", """(module
      (import "baals1" "log" (func $log (param i32 i32 i32))) (memory 1)
      (func (export "many") (local $i i32) (loop
        (call $log (i32.const 0) (i32.const 0) (i32.const 1))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (i32.const 12000))))))""")
    subprocess.run(["wat2wasm", s.path("many.wat"), "-o", s.path("many.wasm")], check=True)
    contract = s.json("deploy", "many.wasm", "--from", "alice")["contract"]
    words = ["simulate", "call", contract, "many", "--from", "alice"]
    result = s.json(*words, "--trace")
    trace = result.pop("trace")
    check(result == s.json(*words), "a trace changed the result")
    check(trace["cut"] is True and len(trace["calls"][0]["items"]) == 9999 and
          trace["calls"][0]["status"] == "OK", str(trace)[:300])
    check(accounted(trace["calls"][0]) > 0, "the gas of functions is there all the same")
    check("it is cut here" in s.ok(*words, "--trace").out, "the tree says it")


if __name__ == "__main__":
    main([test_nested, test_trap, test_revert_and_gas, test_tree, test_raw,
          test_made_in_a_simulation, test_examples, test_inspect, test_bad_descriptions, test_cut])
