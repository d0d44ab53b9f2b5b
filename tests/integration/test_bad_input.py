# SPDX-License-Identifier: MIT
"""Whatever is wrong with the input: the class, the stable code, a hint, and nothing half written."""
import hashlib
import json
import os
import resource
import shutil
import subprocess

from harness import ALICE_SEED, EXIT, Failed, check, main

GOOD_HASH = "ab" * 32


def snapshot(folder):
    """Names and contents of a folder, without what a mere opening may touch."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if name in ("LOCK", "lock.mdb", "data.mdb") or base.endswith("journal"):
                continue
            with open(path, "rb") as handle:
                found[os.path.relpath(path, folder)] = handle.read()
    return found


def rows(s, contract):
    """(class, code, arguments)"""
    bob, alice = s.bob, s.alice
    flipped = bob[:-1] + ("q" if bob[-1] != "q" else "p")
    send, call = ["--from", "alice"], ["--from", "alice"]
    table = [
        # the command line itself
        ("MISUSE", "E-ARGUMENT", ["sned", bob, "1"]),
        ("MISUSE", "E-ARGUMENT", ["inspect"]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "everything"]),
        ("MISUSE", "E-ARGUMENT", ["simulate", "query"]),
        ("MISUSE", "E-ARGUMENT", ["send"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "2"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--fron", "alice"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--from"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--from", "alice", "--from", "bob"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--replay"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--no-wait=yes"] + send),
        ("MISUSE", "E-ARGUMENT", ["-x", "send", bob, "1"]),
        ("MISUSE", "E-ARGUMENT", ["--bogus"]),
        ("MISUSE", "E-ARGUMENT", ["help", "nothing"]),
        ("LIMIT", "E-LIMIT", ["query", contract, "get"] + ["1"] * 300),
        # addresses
        ("MISUSE", "E-ADDRESS", ["send", "", "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", "bl1", "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", bob.upper(), "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", bob[:-1], "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", bob + "q", "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", flipped, "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", bob.replace("bl1", "bx1", 1), "1"] + send),
        ("MISUSE", "E-ADDRESS", ["send", "0x" + GOOD_HASH, "1"] + send),
        ("MISUSE", "E-ADDRESS", ["inspect", "account", "nobody"]),
        ("MISUSE", "E-ADDRESS", ["inspect", "contract", "blc1zz"]),
        ("MISUSE", "E-ADDRESS", ["query", flipped, "get"]),
        ("MISUSE", "E-ADDRESS", ["query", contract, "get", "--caller", "me"]),
        ("MISUSE", "E-ADDRESS", ["call", contract, "add", "addr:bl1x"] + call),
        # amounts and numbers
        ("MISUSE", "E-ARGUMENT", ["send", bob, ""] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1.5"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1e3"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "+1"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, " 1"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "007"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "0x10"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "18446744073709551616"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "--", "-1"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--gas-limit", "lots"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--gas-price", "-1"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--nonce", "next"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--valid-until", "soon"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--timeout", "0"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--timeout", "99999"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--metadata", "novalue"] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--metadata", "=x"] + send),
        ("MISUSE", "E-ARGUMENT",
         ["send", bob, "1", "--metadata", "a=1", "--metadata", "a=2"] + send),
        ("REJECT", "E-METADATA", ["send", bob, "1", "--metadata", "a=" + "x" * 5000] + send),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--memo", "0xabc"] + send),
        ("NOTFOUND", "E-NOT-FOUND", ["send", bob, "1", "--memo", "@missing"] + send),
        # what the ledger refuses
        ("REJECT", "E-BALANCE", ["send", bob, "999999999"] + send),
        ("REJECT", "E-BALANCE", ["send", bob, "1", "--gas-price", "1000000000"] + send),
        ("REJECT", "E-BALANCE",
         ["send", bob, "999999", "--gas-price", "18446744073709551615", "--gas-limit", "100000"]
         + send),
        ("REJECT", "E-GAS-LIMIT", ["send", bob, "1", "--gas-limit", "5"] + send),
        ("REJECT", "E-GAS-BLOCK", ["send", bob, "1", "--gas-limit", "1000000001"] + send),
        ("REJECT", "E-EXPIRED", ["send", bob, "1", "--valid-until", "0"] + send),
        # keys
        ("MISUSE", "E-KEY", ["send", bob, "1", "--from", "nobody"]),
        ("MISUSE", "E-KEY", ["send", bob, "1"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--from", "../alice"]),
        ("MISUSE", "E-ARGUMENT", ["send", bob, "1", "--from", "alice", "--key", "alice.key"]),
        ("NOTFOUND", "E-NOT-FOUND", ["send", bob, "1", "--key", "missing.key"]),
        ("MISUSE", "E-KEY", ["send", bob, "1", "--key", "short.key"]),
        ("MISUSE", "E-KEY", ["send", bob, "1", "--key", "long.key"]),
        ("IO", "E-DENIED", ["send", bob, "1", "--key", "open.key"]),
        ("LIMIT", "E-EXISTS", ["wallet", "new", "alice", "--no-passphrase"]),
        ("MISUSE", "E-ARGUMENT", ["wallet", "new", "", "--no-passphrase"]),
        ("MISUSE", "E-ARGUMENT", ["wallet", "new", "a/b", "--no-passphrase"]),
        ("MISUSE", "E-ARGUMENT", ["wallet", "new", "x" * 65, "--no-passphrase"]),
        ("MISUSE", "E-KEY", ["wallet", "new", "carol"]),
        ("MISUSE", "E-KEY", ["wallet", "new", "carol", "--passphrase-file", "empty"]),
        ("IO", "E-DENIED", ["wallet", "new", "carol", "--passphrase-file", "open.key"]),
        ("IO", "E-IO", ["wallet", "new", "carol", "--passphrase-fd", "77"]),
        ("MISUSE", "E-ARGUMENT", ["wallet", "new", "carol", "--passphrase-fd", "x"]),
        ("MISUSE", "E-ARGUMENT",
         ["wallet", "new", "carol", "--no-passphrase", "--passphrase-fd", "0"]),
        ("NOTFOUND", "E-NOT-FOUND", ["wallet", "show", "nobody"]),
        ("LIMIT", "E-EXISTS", ["wallet", "export", "alice", "short.key"]),
        ("IO", "E-DENIED", ["wallet", "import", "carol", "open.key", "--no-passphrase"]),
        ("MISUSE", "E-KEY", ["wallet", "import", "carol", "short.key", "--no-passphrase"]),
        # contracts and their arguments
        ("NOTFOUND", "E-NOT-FOUND", ["deploy", "missing.wasm"] + call),
        ("REJECT", "E-CODE", ["deploy", "alice.wasm.txt"] + call),
        ("REJECT", "E-CODE", ["deploy", "empty"] + call),
        ("REJECT", "E-CODE", ["deploy", "cut.wasm"] + call),
        ("REJECT", "E-CODE", ["deploy", "float.wasm"] + call),
        ("LIMIT", "E-LIMIT", ["deploy", "huge.wasm"] + call),
        ("MISUSE", "E-ARGUMENT", ["deploy", "counter.wasm", "--init", "5"] + call),
        ("MISUSE", "E-ARGUMENT", ["deploy", "counter.wasm", "--init", "0x1"] + call),
        ("MISUSE", "E-ARGUMENT",
         ["deploy", "counter.wasm", "--init", "0x80", "--arg", "u:1"] + call),
        ("TRAP", "E-NO-METHOD", ["deploy", "counter.wasm", "--arg", "u:1"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "five"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "u:-5"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "u:18446744073709551616"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "i:-9223372036854775809"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "b:abc"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "b:zz"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "s:\x01"] + call),
        ("MISUSE", "E-ARGUMENT", ["call", contract, "add", "0x123"] + call),
        ("TRAP", "E-REVERT", ["call", contract, "add"] + call),
        ("TRAP", "E-REVERT", ["call", contract, "add", "s:5"] + call),
        ("TRAP", "E-REVERT", ["call", contract, "add", "5", "6"] + call),
        ("TRAP", "E-REVERT", ["call", contract, "add", "0x811805"] + call),
        ("TRAP", "E-NO-METHOD", ["call", contract, "init"] + call),
        ("TRAP", "E-NO-METHOD", ["query", contract, ""]),
        ("TRAP", "E-NO-CONTRACT", ["call", alice, "get"] + call),
        ("TRAP", "E-NO-CONTRACT", ["query", bob, "get"]),
        ("TRAP", "E-OUT-OF-GAS", ["query", contract, "get", "--gas-limit", "100"]),
        ("TRAP", "E-VIEW-WRITE", ["query", contract, "increment"]),
        # looking things up
        ("NOTFOUND", "E-NOT-FOUND", ["inspect", "block", "100"]),
        ("NOTFOUND", "E-NOT-FOUND", ["inspect", "block", GOOD_HASH]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "block", "-1"]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "block", GOOD_HASH.upper()]),
        ("NOTFOUND", "E-NOT-FOUND", ["inspect", "tx", GOOD_HASH]),
        ("NOTFOUND", "E-NOT-FOUND", ["inspect", "receipt", GOOD_HASH]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "tx", "xyz"]),
        ("NOTFOUND", "E-NOT-FOUND", ["inspect", "contract", bob]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "account", bob, "--limit", "1001"]),
        ("MISUSE", "E-ARGUMENT", ["events", "--after", "yesterday"]),
        ("MISUSE", "E-ARGUMENT", ["events", "--limit", "x"]),
        ("MISUSE", "E-ARGUMENT", ["prove", "nowhere", "00"]),
        ("MISUSE", "E-ARGUMENT", ["prove", "storage", contract]),
        ("MISUSE", "E-ARGUMENT", ["prove", "meta", "xx"]),
        ("MISUSE", "E-ARGUMENT", ["verify-proof", "alice.wasm.txt"]),
        ("REJECT", "E-PROOF", ["verify-proof", "brackets.json"]),
        ("MISUSE", "E-ARGUMENT", ["verify-proof", "deep.json"]),
        ("NOTFOUND", "E-NOT-FOUND", ["verify-proof", "missing.json"]),
        # data directories
        ("NOTFOUND", "E-NO-CHAIN", ["inspect", "chain", "--dir", "nowhere"]),
        ("NOTFOUND", "E-NO-CHAIN", ["inspect", "chain", "--dir", "hollow"]),
        ("NOTFOUND", "E-NO-CHAIN", ["verify", "nowhere"]),
        ("NOTFOUND", "E-NO-CHAIN", ["repair", "nowhere"]),
        ("NOTFOUND", "E-NO-CHAIN", ["start", "nowhere"]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "chain", "--dir", ""]),
        ("MISUSE", "E-ARGUMENT", ["inspect", "chain", "--dir", "x" * 5000]),
        ("LIMIT", "E-EXISTS", ["init", "chain"]),
        ("CORRUPT", "E-FOREIGN", ["init", "full"]),
        ("CORRUPT", "E-FOREIGN", ["init", "alice.key"]),
        ("MISUSE", "E-ARGUMENT", ["init", ""]),
        ("MISUSE", "E-ARGUMENT", ["init", "new", "--alloc", bob]),
        ("MISUSE", "E-ARGUMENT", ["init", "new", "--alloc", bob + "=much"]),
        ("MISUSE", "E-ADDRESS", ["init", "new", "--alloc", "x=1"]),
        ("MISUSE", "E-ARGUMENT", ["init", "new", "--slot-ms", "fast"]),
        ("REJECT", "E-GENESIS", ["init", "new", "--slot-ms", "0"]),
        ("REJECT", "E-GENESIS", ["init", "new", "--interval-ms", "86400001"]),
        ("REJECT", "E-GENESIS", ["init", "new", "--name", ""]),
        ("REJECT", "E-GENESIS", ["init", "new", "--alloc", bob + "=1", "--alloc", bob + "=2"]),
        ("REJECT", "E-GENESIS", ["init", "new", "--alloc", bob + "=0"]),
        ("REJECT", "E-GENESIS", ["init", "new", "--alloc", bob + "=18446744073709551615",
                                 "--alloc", alice + "=1"]),
        ("MISUSE", "E-ARGUMENT", ["init", "new", "--genesis", "genesis.json", "--dev"]),
        ("MISUSE", "E-KEY", ["init", "new", "--authority-key", "short.key"]),
        ("NOTFOUND", "E-NOT-FOUND", ["init", "new", "--genesis", "missing.json"]),
        ("NOTFOUND", "E-NOT-FOUND", ["import", "missing.baals", "new"]),
        ("REJECT", None, ["import", "alice.wasm.txt", "new"]),
        ("REJECT", None, ["import", "empty", "new"]),
        ("REJECT", None, ["import", "cut.baals", "new"]),
        ("LIMIT", "E-EXISTS", ["export", "chain.baals"]),
    ]
    return table


def prepare(s):
    s.contract()
    s.make_chain()
    contract = s.json("deploy", "counter.wasm", "--from", "alice")["contract"]
    s.ok("export", "chain.baals")
    s.write("cut.baals", s.read("chain.baals")[:-40])
    s.write("short.key", "1234\n")
    s.write("long.key", "11" * 40 + "\n")
    s.write("open.key", ALICE_SEED + "\n", 0o644)
    s.write("empty", "")
    s.write("alice.wasm.txt", "no module")
    s.write("cut.wasm", s.read("counter.wasm")[:-3])
    s.write("huge.wasm", b"\0asm\1\0\0\0" + b"\0" * (1 << 20))
    # (func f32.const 1 drop): a module with a float, function 0.
    s.write("float.wasm", bytes.fromhex(
        "0061736d01000000010401600000030201000503010001070501016600000a0a010800430000803f1a0b"))
    s.write("brackets.json", "{}")
    s.write("deep.json", "[" * 5000)
    os.mkdir(s.path("hollow"))
    os.mkdir(s.path("full"))
    s.write("full/letter.txt", "not a chain")
    return contract


def test_table(s):
    """Every row: exit code by class, stable code, message and hint, as text and as JSON."""
    contract = prepare(s)
    before = snapshot(s.folder)
    height = s.json("inspect", "chain")
    wrong = []
    table = rows(s, contract)
    for class_name, code, args in table:
        result = s.run(*args)
        as_json = s.run(*args, "--json") if args[:1] != ["--"] and "--" not in args else None
        good = result.code == EXIT[class_name] and result.err.startswith("error E-")
        good = good and (code is None or result.err.startswith("error %s: " % code))
        good = good and "Sanitizer" not in result.err
        if as_json is not None:
            try:
                error = as_json.json()["error"]
                good = good and as_json.code == result.code and error["message"] != ""
                good = good and (code is None or error["code"] == code)
            except (ValueError, KeyError):
                good = False
        if not good:
            wrong.append("%s %s expected:\n%s" % (class_name, code, result))
    check(not wrong, "%d wrong\n%s" % (len(wrong), "\n".join(wrong)))
    check(snapshot(s.folder) == before, "files changed: %s" % sorted(
        set(snapshot(s.folder).items()) ^ set(before.items())))
    check(s.json("inspect", "chain") == height, "the chain changed")
    s.ok("verify", "--replay")
    return "%d rows" % len(table)


def test_messages_help(s):
    """A slip gets the nearest name; a float names function, offset and what it is."""
    prepare(s)
    check('did you mean "send"?' in s.run("sned").err, "command")
    check("did you mean --from?" in s.run("send", "a", "1", "--fron", "x").err, "option")
    check("AMOUNT is missing" in s.run("send", "a").err, "operand")
    message = s.run("deploy", "float.wasm", "--from", "alice").err
    check("function 0" in message and "f32.const" in message and "offset" in message, message)


def test_genesis_files(s):
    """Every fault of a genesis file is an error that names the field; nothing is made."""
    s.make_chain()
    good = json.loads(s.read("genesis.json"))

    def changed(path, value):
        copy = json.loads(json.dumps(good))
        place = copy
        for name in path[:-1]:
            place = place[name]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return json.dumps(copy)

    text = json.dumps(good)
    contract = {"name": "c", "file": "genesis.json", "sha256": "00" * 32, "init": None}
    table = [(changed([name], None), name) for name in good]
    table += [(changed(["poa", name], None), "poa." + name) for name in good["poa"]]
    table += [(changed(["params", name], None), "params." + name) for name in good["params"]]
    table += [
        (changed(["extra"], 1), "extra"),
        (changed(["poa", "extra"], 1), "poa.extra"),
        (changed(["params", "extra"], 1), "params.extra"),
        (changed(["format"], 2), "format"),
        (changed(["start_ms"], 1.5), "start_ms"),
        (changed(["start_ms"], -1), "start_ms"),
        (changed(["start_ms"], "1"), "start_ms"),
        (changed(["start_ms"], 1 << 60), "start_ms"),
        (text.replace("1767225600000", "1e3"), "start_ms"),
        (text.replace("1767225600000", "99999999999999999999"), "too big"),
        (changed(["chain_name"], 5), "chain_name"),
        (changed(["chain_name"], "x" * 65), "chain_name"),
        (changed(["chain_name"], "a\x01"), "chain_name"),
        (changed(["engine"], "pow"), "engine"),
        (changed(["dev"], 1), "dev"),
        (changed(["poa"], []), "poa"),
        (changed(["poa", "authorities"], []), "authorities"),
        (changed(["poa", "authorities"], ["bl1"]), "authorities"),
        (changed(["poa", "authorities"], [good["poa"]["authorities"][0]] * 2), "authorities"),
        (changed(["poa", "authorities"], [7]), "authorities"),
        (changed(["poa", "slot_ms"], 0), "slot_ms"),
        (changed(["poa", "instant"], "yes"), "instant"),
        (changed(["params", "block_gas_limit"], 1000000000), "block_gas_limit"),
        (changed(["params", "block_gas_limit"], "1"), "block_gas_limit"),
        (changed(["params", "gas_schedule"], 1 << 33), "gas_schedule"),
        (changed(["params", "gas_price_min"], "-1"), "gas_price_min"),
        (changed(["balances"], {}), "balances"),
        (changed(["balances"], [{"address": s.bob}]), "balances[0].amount"),
        (changed(["balances"], [{"address": s.bob, "amount": 5}]), "balances[0].amount"),
        (changed(["balances"], [{"address": "x", "amount": "5"}]), "balances[0].address"),
        (changed(["balances"], [{"address": s.bob, "amount": "5"}] * 2), "twice"),
        (changed(["contracts"], [{}]), "contracts[0].name"),
        (changed(["contracts"], [dict(contract, init="ABC")]), "contracts[0].init"),
        (changed(["contracts"], [dict(contract, init="AB")]), "contracts[0].init"),
        (changed(["contracts"], [dict(contract, sha256="xx")]), "contracts[0].sha256"),
        (text[:-1] + ', "dev": false}', "dev"),
        (text[:-1], "line"), ("[]", "object"), ("", "line"), ("nonsense", "line"),
        ("\x00", "line"), (text + "x", "line"), ("[" * 100, "nested"),
    ]
    for content, named in table:
        s.write("bad.json", content)
        result = s.fails("REJECT", "E-GENESIS", "init", "new", "--genesis", "bad.json")
        check(named in result.err, "%s is not named:\n%s" % (named, result))
        check(not os.path.exists(s.path("new")), "something was made")
    return "%d files" % len(table)


def test_hostile_key_files(s):
    """A changed or hostile key file is E-KEY at once, whatever it asks for."""
    s.write("pass", "secret\n")
    s.ok("wallet", "new", "carol", "--passphrase-file", "pass")
    path = "data/baals/wallet/carol.json"
    good = json.loads(s.read(path))
    other = s.json("wallet", "new", "dave", "--no-passphrase")["address"]
    changes = [{"memory_kib": 1 << 40}, {"memory_kib": 1 << 21}, {"memory_kib": 1024},
               {"memory_kib": -1}, {"ops": 1 << 30}, {"ops": 0}, {"salt": "00"},
               {"salt": good["salt"][:-1] + "x"}, {"nonce": ""}, {"ciphertext": "00" * 48},
               {"ciphertext": good["ciphertext"] + "00"}, {"kdf": "none"}, {"cipher": "none"},
               {"address": "bl1x"}, {"address": 5}, {"passphrase": 1}, {"extra": 1},
               {"version": "1"}, {"address": other}, {"ops": good["ops"] + 1},
               {"memory_kib": good["memory_kib"] + 1024}]
    for change in changes:
        s.write(path, json.dumps(dict(good, **change)))
        result = s.run("wallet", "export", "carol", "out.hex", "--passphrase-file", "pass")
        check(result.code == 2 and "error E-KEY" in result.err, "%s\n%s" % (change, result))
    s.write(path, json.dumps(dict(good, version=2)))
    s.fails("UNSUPPORTED", "E-VERSION", "wallet", "show", "carol")
    for name in good:
        s.write(path, json.dumps({k: v for k, v in good.items() if k != name}))
        s.fails("MISUSE", "E-KEY", "wallet", "export", "carol", "out.hex", "--passphrase-file",
                "pass")
    for content in ("", "[]", "{", "null", "x" * 20000, json.dumps(good)[:-5], "[" * 9999):
        s.write(path, content)
        result = s.run("wallet", "show", "carol")
        check(result.code in (2, 7), "%s" % result)
    check(not os.path.exists(s.path("out.hex")), "nothing came out")
    return "%d files" % (len(changes) + len(good) + 8)


def test_two_owners(s):
    """A directory another process owns without being a node is E-OWNED with its number."""
    s.make_chain()
    with s.node() as node:
        s.fails("BUSY", "E-OWNED", "start", "chain")
        s.fails("BUSY", "E-OWNED", "verify")
        s.fails("BUSY", "E-OWNED", "repair")
        os.remove(s.path("chain/baals.sock"))
        result = s.fails("BUSY", "E-OWNED", "inspect", "chain")
        check(str(node.process.pid) in result.err, str(result))


def test_stale_socket(s):
    """A socket left by a killed node does not hinder the next; a foreign file there neither."""
    s.make_chain()
    node = s.node()
    node.kill()
    check(os.path.exists(s.path("chain/baals.sock")), "left over")
    s.ok("inspect", "chain")
    with s.node():
        s.ok("send", s.bob, "1", "--from", "alice")
    check(not os.path.exists(s.path("chain/baals.sock")), "removed")


def test_damaged_directories(s):
    """Truncated, emptied and foreign files are named or harmless; never a wrong answer."""
    s.contract()
    s.make_chain()
    for i in range(3):
        s.ok("send", s.bob, "5", "--from", "alice")
    truth = s.json("inspect", "chain")
    files = [os.path.relpath(os.path.join(base, name), s.path("chain"))
             for base, _, names in os.walk(s.path("chain")) for name in names]
    tried = 0
    for name in files:
        size = os.path.getsize(s.path("chain", name))
        for damage in ("remove", "empty", "half", "noise"):
            shutil.rmtree(s.path("copy"), ignore_errors=True)
            shutil.copytree(s.path("chain"), s.path("copy"))
            path = s.path("copy", name)
            if damage == "remove":
                os.remove(path)
            elif damage == "noise":
                with open(path, "r+b") as handle:
                    handle.seek(size // 3)
                    handle.write(hashlib.sha256(name.encode()).digest() * 8)
            else:
                os.truncate(path, size // 2 if damage == "half" else 0)
            result = s.run("inspect", "chain", "--json", "--dir", "copy")
            check("Sanitizer" not in result.err, "%s %s\n%s" % (damage, name, result))
            if result.code == 0:
                # What is there is a whole earlier state at worst: a cut tail is no damage.
                answer = result.json()
                check(answer["chain_id"] == truth["chain_id"], "%s %s" % (damage, name))
                check(answer["height"] < truth["height"] or
                      answer["state_root"] == truth["state_root"],
                      "%s %s gives a wrong answer" % (damage, name))
            else:
                check(result.code in (2, 3, 5, 6, 8, 9), "%s %s\n%s" % (damage, name, result))
            tried += 1
    return "%d damages" % tried


def test_foreign_chain(s):
    """An export of one chain does not go into another."""
    s.make_chain("one")
    s.ok("init", "two")
    s.ok("export", "one.baals", "--dir", "one")
    result = s.run("import", "one.baals", "two")
    check(result.code in (6, 9), str(result))
    s.ok("verify", "two")


def run_limited(s, limit, *args):
    """Runs with a limit on file sizes: writing beyond it fails as on a full disk."""
    def limits():
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return s.run(*args, preexec_fn=limits)


def test_full_disk(s):
    """On a full disk commands fail with E-DISK-FULL and leave the chain as it was."""
    s.make_chain()
    for limit in (0, 100, 5000, 50000):
        result = run_limited(s, limit, "init", "new")
        check(result.code == 0 or (result.code == 3 and "E-DISK-FULL" in result.err),
              "limit %d: %s" % (limit, result))
        if result.code == 0:
            s.ok("verify", "new")
            shutil.rmtree(s.path("new"))
        check(not os.path.exists(s.path("new")), "half a chain at limit %d" % limit)
    info = s.json("inspect", "chain")
    result = run_limited(s, 0, "export", "out.baals")
    check(result.code == 3 and not os.path.exists(s.path("out.baals")) and
          not os.path.exists(s.path("out.baals.part")), str(result))
    result = run_limited(s, 0, "wallet", "new", "carol", "--no-passphrase")
    check(result.code == 3 and "E-DISK-FULL" in result.err and
          not os.path.exists(s.path("data/baals/wallet/carol.json")), str(result))
    result = run_limited(s, 100, "send", s.bob, "1", "--from", "alice")
    check(result.code == 3 and "E-DISK-FULL" in result.err, str(result))
    check(s.json("inspect", "chain")["state_root"] == info["state_root"], "unchanged")
    s.ok("send", s.bob, "1", "--from", "alice")
    s.ok("verify", "--replay")


def test_read_only_folder(s):
    """In a folder that cannot be written nothing is made, and the error says so."""
    s.make_chain()
    if os.geteuid() == 0:
        # Root may write anywhere; a file in a folder's place cannot be one for root either.
        prefix = ["setpriv", "--reuid=65534", "--clear-groups"] if shutil.which("setpriv") else None
        if prefix is None:
            print("SKIPPED: read-only folder (no setpriv)")
            return "skipped"
        os.chmod(s.folder, 0o755)
    else:
        prefix = []
    os.mkdir(s.path("locked"))
    os.chmod(s.path("locked"), 0o555)
    result = s.run("init", "locked/chain", prefix=prefix)
    check(result.code == 3 and "error E-DENIED" in result.err, str(result))
    result = s.run("wallet", "new", "x", "--no-passphrase", "--wallet", "locked/w", prefix=prefix)
    check(result.code == 3 and "error E-DENIED" in result.err, str(result))
    result = s.run("inspect", "chain", prefix=prefix)
    check(result.code == 3 or (not prefix and result.code == 0), str(result))
    check(os.listdir(s.path("locked")) == [], "nothing was made")


def test_output_that_nobody_reads(s):
    """A closed or full output is an error, not a success."""
    s.make_chain()
    with open("/dev/full", "w", encoding="ascii") as full:
        process = subprocess.run([s.program, "inspect", "chain"], cwd=s.folder, env=s.env,
                                 stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    check(process.returncode == 3, "exit %d" % process.returncode)


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
