# SPDX-License-Identifier: MIT
"""Contracts that describe themselves: typed calls, help, decoded results, and `baals abi`."""
import json
import os
import subprocess

from harness import ROOT, check, main


def deploy(s, name, *args):
    """Deploys an example with its description; returns its address."""
    s.contract(name, described=True)
    words = [word for arg in args for word in ("--arg", arg)]
    return s.json("deploy", name + ".wasm", "--from", "alice", *words)["contract"]


def described(name):
    with open(os.path.join(ROOT, "contracts/examples", name + ".abi.json"),
              encoding="utf-8") as handle:
        return json.load(handle)


def test_abi_of_file_and_contract(s):
    """A file and the contract made of it say the same, and that is what was described."""
    s.make_chain()
    contract = deploy(s, "token", "1000")
    told = s.json("abi", "token.wasm")
    check(told == s.json("abi", contract), "file and contract differ")
    wanted = described("token")
    check(told["name"] == "token" and told["version"] == "1.0.0" and told["interface"] == 1,
          str(told))
    check(len(told["source_hash"]) == 64, "source hash")
    for key in ("methods", "events", "errors"):
        check([m["name"] for m in told[key]] == [m["name"] for m in wanted[key]], key)
    text = s.ok("abi", contract).out
    check("transfer(to: address, amount: u64)\n" in text and "[view]" in text and
          "insufficient_balance(held: u64, needed: u64)" in text, text)
    s.contract("counter")
    s.fails("NOTFOUND", "E-NOT-FOUND", "abi", "counter.wasm")
    check(s.json("abi", "counter.wasm") == {}, "nothing is said")
    s.write("no.wasm", "text")
    s.fails("REJECT", "E-CODE", "abi", "no.wasm")
    s.fails("NOTFOUND", "E-NOT-FOUND", "abi", s.alice)
    s.fails("NOTFOUND", "E-NOT-FOUND", "abi", "missing.wasm")


def test_help(s):
    """--help behind a contract lists its methods; behind a method, that one."""
    s.make_chain()
    contract = deploy(s, "token", "1000")
    for command in (["call"], ["query"], ["simulate", "call"]):
        text = s.ok(*command, contract, "--help").out
        check("transfer_from(from: address, to: address, amount: u64)\n" in text and
              "Moves tokens of the caller." in text and "init(" not in text, text)
    text = s.ok("call", contract, "approve", "--help").out
    check("approve(spender" in text and "transfer" not in text.split("\n", 2)[2], text)
    s.fails("MISUSE", "E-ARGUMENT", "call", contract, "aprove", "--help")
    check("usage: baals call" in s.ok("call", "--help").out, "help of the command")


def test_typed_calls(s):
    """Words by their types, and what comes back by name: directly and through a node."""
    s.make_chain()
    contract = deploy(s, "token", "1000")

    def round_trip(bob_has):
        done = s.json("call", contract, "transfer", s.bob, "30", "--from", "alice")
        check(done["returned"] is None and done["events"][0]["name"] == "transfer", str(done))
        check(done["events"][0]["fields"] == {"from": s.alice, "to": s.bob, "amount": "30"},
              str(done))
        asked = s.json("query", contract, "balance", s.bob)
        check(asked["returned"] == str(bob_has), str(asked))
        failed = s.run("call", contract, "transfer", s.bob, "5000", "--from", "alice", "--json",
                       "--gas-limit", "300000").json()
        check(failed["error"]["revert"] == {
            "name": "insufficient_balance", "doc": "The owner has fewer tokens.",
            "fields": {"held": str(1000 - bob_has), "needed": "5000"}}, str(failed))
        tried = s.fails("TRAP", "E-REVERT", "call", contract, "transfer", s.bob, "5000",
                        "--from", "alice")
        check('insufficient_balance{"held":"%d","needed":"5000"}' % (1000 - bob_has) in tried.err,
              tried.err)
        simulated = s.json("simulate", "call", contract, "approve", s.bob, "5", "--from", "alice")
        check(simulated["events"][0]["fields"]["spender"] == s.bob, str(simulated))

    round_trip(30)
    with s.node():
        round_trip(60)


def test_wrong_words(s):
    """What is wrong is said by argument, type and word, and nothing is sent."""
    s.make_chain()
    contract = deploy(s, "token", "1000")
    height = s.json("inspect", "chain")["height"]
    rows = [
        (["transfer", "bob", "5"], 'argument 1, to (address): "bob" is not an address'),
        (["transfer", s.bob, "x"], 'argument 2, amount (u64): "x" is not a number'),
        (["transfer", s.bob, "-1"], 'argument 2, amount (u64): "-1" is not a number'),
        (["transfer", s.bob], "argument 2, amount (u64) is missing"),
        (["transfer"], "argument 1, to (address) is missing"),
        (["transfer", s.bob, "5", "6"], 'argument 3, "6", is one too many'),
        (["transfr", s.bob, "5"], 'no method "transfr"'),
        (["init", "5"], 'no method "init"'),
        (["transfer", s.bob, "5", "--value", "1"], "not payable"),
        (["transfer", "0x80"], "argument 1"),
        (["transfer", "@token.wasm"], "argument 1"),
    ]
    for words, text in rows:
        result = s.fails("MISUSE", "E-ARGUMENT", "call", contract, *words, "--from", "alice")
        check(text in result.err, "%s\n%s" % (text, result))
    for words in ([], ["--arg", "-1"], ["--arg", "1", "--arg", "2"], ["--arg", "1", "--value", "1"]):
        s.fails("MISUSE", "E-ARGUMENT", "deploy", "token.wasm", "--from", "alice", *words)
    check(s.json("inspect", "chain")["height"] == height, "nothing was sent")
    return "%d wrong calls" % len(rows)


def test_raw(s):
    """--raw does without the description; a contract without one takes raw words only."""
    s.make_chain()
    contract = deploy(s, "counter")
    done = s.json("call", contract, "add", "0x8105", "--from", "alice", "--raw")
    check(done["output"] == "05" and "returned" not in done, str(done))
    done = s.json("call", contract, "add", "u:5", "--from", "alice")
    check(done["returned"] == "10", str(done))
    s.fails("TRAP", "E-REVERT", "call", contract, "add", "s:5", "--from", "alice", "--raw")
    s.contract("counter")
    plain = s.json("deploy", "counter.wasm", "--from", "alice")["contract"]
    done = s.json("call", plain, "add", "u:5", "--from", "alice")
    check(done["output"] == "05" and "returned" not in done, str(done))


def test_bad_description(s):
    """A module whose description cannot be read is deployed and called with --raw alone."""
    s.make_chain()
    module = open(s.path(s.contract("counter")), "rb").read()
    content = b"\x09baals_abi\x80"
    s.write("bad.wasm", module + b"\0" + bytes([len(content)]) + content)
    s.fails("REJECT", "E-CODE", "deploy", "bad.wasm", "--from", "alice")
    s.fails("REJECT", "E-CODE", "abi", "bad.wasm")
    contract = s.json("deploy", "bad.wasm", "--from", "alice", "--raw")["contract"]
    result = s.fails("REJECT", "E-CODE", "query", contract, "get")
    check("--raw" in result.err, result.err)
    check(s.json("query", contract, "get", "--raw")["output"] == "00", "raw")
    content = b"\x09baals_env\x02"
    s.write("other.wasm", module + b"\0" + bytes([len(content)]) + content)
    result = s.fails("REJECT", "E-CODE", "deploy", "other.wasm", "--from", "alice")
    check("host interface 2" in result.err, result.err)


def test_generator_refuses(s):
    """tools/contract-abi refuses what the module does not have, and descriptions that are wrong."""
    tool = os.path.join(ROOT, "tools/contract-abi")
    s.contract("counter")
    good = described("counter")
    changes = [
        lambda d: d["methods"].pop(), lambda d: d["methods"].append({"name": "more"}),
        lambda d: d["methods"].append(d["methods"][0]), lambda d: d.update(extra=1),
        lambda d: d["methods"][0].update(kind="free"), lambda d: d["methods"][0].update(returns="u7"),
        lambda d: d["methods"][1]["args"][0].update(type="u8??"), lambda d: d.update(methods={}),
        lambda d: d["events"][0].update(name="e" * 33), lambda d: d.update(name=5),
        lambda d: d.update(errors=[{"code": 1, "name": "x"}]),
    ]
    for i, change in enumerate([lambda d: None] + changes):
        wrong = json.loads(json.dumps(good))
        change(wrong)
        s.write("x.abi.json", json.dumps(wrong))
        before = s.read("counter.wasm")
        done = subprocess.run([tool, "x.abi.json", "counter.wasm"], cwd=s.folder, text=True,
                              stderr=subprocess.PIPE, check=False)
        check((done.returncode == 0) == (i == 0), "case %d: %s" % (i, done.stderr))
        check(i == 0 or (s.read("counter.wasm") == before and "Traceback" not in done.stderr),
              "case %d: %s" % (i, done.stderr))
    check(s.json("abi", "counter.wasm")["name"] == "counter", "described")


def test_auction(s):
    """Contracts that call each other, structs, and events and errors of both, by name."""
    s.make_chain()
    token = deploy(s, "token", "1000")
    s.ok("call", token, "transfer", s.bob, "100", "--from", "alice")
    auction = deploy(s, "auction", token, "86400000")
    s.fails("MISUSE", "E-ARGUMENT", "deploy", "auction.wasm", "--from", "alice",
            "--arg", s.bob, "--arg", "1")
    state = s.json("query", auction, "state")["returned"]
    check(state["highest"] is None and state["token"] == token and state["seller"] == s.alice and
          state["settled"] is False, str(state))
    send = ["--json", "--gas-limit", "500000"]
    failed = s.run("call", auction, "bid", "20", "--from", "bob", *send).json()
    check(failed["error"]["revert"]["name"] == "token_failed", str(failed))
    s.ok("call", token, "approve", auction, "100", "--from", "bob")
    s.ok("call", token, "approve", auction, "100", "--from", "alice")
    done = s.json("call", auction, "bid", "20", "--from", "bob")
    names = [(e["contract"] == token, e["name"], e["fields"]["amount"]) for e in done["events"]]
    check(names == [(True, "transfer", "20"), (False, "bid", "20")], str(done))
    failed = s.run("call", auction, "bid", "20", "--from", "alice", *send).json()
    check(failed["error"]["revert"]["fields"] == {"highest": "20"}, str(failed))
    s.ok("call", auction, "bid", "30", "--from", "alice")
    check(s.json("query", token, "balance", s.bob)["returned"] == "100", "bob has his bid back")
    failed = s.run("call", auction, "settle", "--from", "bob", *send).json()
    check(failed["error"]["revert"]["name"] == "still_open", str(failed))
    check(s.json("query", auction, "state")["returned"]["highest"] ==
          {"bidder": s.alice, "amount": "30"}, "highest")


def test_auction_ends(s):
    """After its end an auction takes no bid, and pays the seller once."""
    s.make_chain()
    token = deploy(s, "token", "1000")
    s.ok("call", token, "transfer", s.bob, "100", "--from", "alice")
    send = ["--json", "--gas-limit", "500000"]
    # As long as this machine needs for two calls, and no longer than that.
    for duration_ms in (2000, 16000, 128000):
        auction = deploy(s, "auction", token, duration_ms)
        s.ok("call", token, "approve", auction, "40", "--from", "bob")
        done = s.run("call", auction, "bid", "40", "--from", "bob", *send).json()
        if done["status"] == "OK":
            break
        check(done["error"]["revert"]["name"] == "closed", str(done))
    check(done["status"] == "OK", str(done))
    # Time passes with the blocks of the attempts. They are sent whatever a simulation says, since
    # that has the time of the last block.
    while True:
        done = s.run("call", auction, "settle", "--from", "bob", *send).json()
        if done["status"] == "OK":
            break
        check(done["error"]["revert"]["name"] == "still_open", str(done))
    check([e["name"] for e in done["events"]] == ["transfer", "settled"], str(done))
    state = s.json("query", auction, "state")["returned"]
    check(state["settled"] is True and state["highest"] == {"bidder": s.bob, "amount": "40"},
          str(state))
    check(s.json("query", token, "balance", s.alice)["returned"] == "940", "the seller is paid")
    done = s.run("call", auction, "bid", "50", "--from", "alice", *send).json()
    check(done["error"]["revert"]["name"] == "closed", str(done))
    result = s.fails("TRAP", "E-REVERT", "call", auction, "settle", "--from", "bob")
    check("the auction is settled" in result.err, result.err)


if __name__ == "__main__":
    main([test_abi_of_file_and_contract, test_help, test_typed_calls, test_wrong_words, test_raw,
          test_bad_description, test_generator_refuses, test_auction, test_auction_ends])
