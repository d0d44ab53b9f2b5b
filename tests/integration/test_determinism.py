# SPDX-License-Identifier: MIT
"""One chain, kept in data/: every build must take it in with the same roots, receipts and bytes.

`test_determinism.py PROGRAM --write` makes the chain anew, for when a format changes on purpose.
"""
import hashlib
import json
import os
import shutil
import sys

from harness import Sandbox, check, main

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def describe(s, directory):
    """A line for each block: height, state root, receipts root; and a digest of every receipt."""
    lines, receipts = [], hashlib.sha256()
    height = s.json("inspect", "chain", "--dir", directory)["height"]
    for i in range(height + 1):
        block = s.json("inspect", "block", str(i), "--dir", directory)
        lines.append("%d %s %s" % (i, block["state_root"], block["receipts_root"]))
        for tx in block["txs"]:
            receipt = s.json("inspect", "receipt", tx, "--dir", directory)
            for local in ("error",):
                receipt.pop(local, None)
            receipts.update(json.dumps(receipt, sort_keys=True).encode())
    return "\n".join(["receipts " + receipts.hexdigest()] + lines) + "\n"


def make(s):
    """Something of everything: transfers, contracts, events, failures of several kinds."""
    s.contract("counter")
    s.contract("token")
    s.make_chain()
    send = ["--from", "alice"]
    for i in range(5):
        s.ok("send", s.bob, str(i * 1000), "--from", "alice", "--memo", "payment %d" % i)
    counter = s.json("deploy", "counter.wasm", *send)["contract"]
    token = s.json("deploy", "token.wasm", "--arg", "u:1000000", *send)["contract"]
    for i in range(5):
        s.ok("call", counter, "add", "u:%d" % (i * 7), *send)
        s.ok("call", token, "transfer", s.bob, "u:%d" % (i + 1), *send)
    forced = ["--gas-limit", "200000"]
    s.run("call", counter, "missing", *send, *forced)
    s.run("call", counter, "add", "u:18446744073709551615", *send, *forced)
    s.run("call", token, "transfer", s.bob, "u:99999999", *send, *forced)
    s.run("call", counter, "add", "s:text", *send, *forced)
    s.run("call", counter, "increment", *send, "--gas-limit", "40000")
    s.run("call", s.bob, "increment", *send, *forced)
    s.run("send", counter, "5", *send, *forced)
    s.ok("send", s.alice, "1", "--from", "bob", "--metadata", "why=back")


def test_kept_chain(s):
    """The kept chain comes in with the kept roots and receipts, replays, and goes out unchanged."""
    kept = os.path.join(DATA, "chain.baals")
    s.ok("import", kept, "copy")
    with open(os.path.join(DATA, "chain.roots"), encoding="ascii") as handle:
        expected = handle.read()
    found = describe(s, "copy")
    check(found == expected, "expected:\n%s\nfound:\n%s" % (expected, found))
    s.ok("verify", "copy", "--replay")
    s.ok("export", "again.baals", "--dir", "copy")
    with open(kept, "rb") as handle:
        check(s.read("again.baals") == handle.read(), "the export differs")
    return "%d blocks" % (len(expected.splitlines()) - 1)


def test_made_here(s):
    """The same transactions made by this build give the kept state roots, whatever the clock says."""
    make(s)
    with open(os.path.join(DATA, "chain.roots"), encoding="ascii") as handle:
        expected = [line.split()[1:] for line in handle.read().splitlines()[1:]]
    found = [line.split()[1:] for line in describe(s, "chain").splitlines()[1:]]
    # Modules depend on the compiler that made them; without the same module nothing can be compared.
    if found[7] != expected[7]:
        return "another compiler of contracts: only the first blocks are compared" if (
            found[:6] == expected[:6]) else check(False, "%s\n%s" % (expected, found))
    check(found == expected, "expected:\n%s\nfound:\n%s" % (expected, found))


def write(program):
    with Sandbox(program) as s:
        make(s)
        s.ok("export", "chain.baals")
        os.makedirs(DATA, exist_ok=True)
        shutil.copyfile(s.path("chain.baals"), os.path.join(DATA, "chain.baals"))
        with open(os.path.join(DATA, "chain.roots"), "w", encoding="ascii") as handle:
            handle.write(describe(s, "chain"))


if __name__ == "__main__":
    if "--write" in sys.argv:
        write(sys.argv[1])
    else:
        main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
