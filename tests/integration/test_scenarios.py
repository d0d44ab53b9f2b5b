# SPDX-License-Identifier: MIT
"""`baals test`: the examples by their scenarios, a contract with a fault, gas, output, exit codes."""
import json
import os
import random
import re
import subprocess

from harness import ROOT, check, main

EXAMPLES = os.path.join(ROOT, "contracts/examples")


def build(s, source, name):
    subprocess.run([os.path.join(ROOT, "tools/build-contract"), source, s.path(name + ".wasm")],
                   check=True, env=dict(os.environ, PATH=os.environ["PATH"]))


LANGUAGES = (("C", ".c"), ("Rust", ".rs"), ("AssemblyScript", ".ts"))


def modules(s, suffix=".c"):
    words = []
    for name in ("counter", "token", "auction"):
        build(s, os.path.join(EXAMPLES, name + suffix), name)
        words += ["--module", "%s=%s.wasm" % (name, name)]
    return words


def test_examples(s):
    """The one scenario file of the examples holds for them in every language they are written in."""
    totals = []
    for language, suffix in LANGUAGES:
        report = s.json("test", EXAMPLES, *modules(s, suffix))
        check(report["failed"] == 0 and report["passed"] >= 15, "%s: %s" % (language, report))
        totals.append("%s %d" % (language, report["passed"]))
    text = s.ok("test", EXAMPLES, *modules(s)).out
    check("ok      token moves\n" in text and "0 failed" in text, text)
    return ", ".join(totals) + " passed"


def spoilt(source):
    """The bytes of two addresses as arguments, with one or two faults."""
    data = bytearray(b"\x82\x58\x20" + bytes(32) + b"\x58\x20" + bytes(32))
    for _ in range(source.randrange(1, 3)):
        fault = source.randrange(3)
        if fault == 0:
            data[source.choice([0, 1, 2, 35, 36]) % len(data)] = source.randrange(256)
        elif fault == 1:
            data = data[:source.randrange(1, len(data) + 1)]
        else:
            data.append(source.randrange(256))
    return bytes(data)


def test_hostile_arguments(s):
    """The three kits say the same about arguments that are spoilt, word for word."""
    s.ok("init", "chain")
    tokens = []
    for _, suffix in LANGUAGES:
        build(s, os.path.join(EXAMPLES, "token" + suffix), "token")
        tokens.append(s.json("deploy", "token.wasm", "--key", "chain/authority.key",
                             "--arg", "1000")["contract"])
    source = random.Random(7)
    texts = set()
    for _ in range(80):
        words = "0x" + spoilt(source).hex()
        answers = set()
        for token in tokens:
            answer = s.run("query", token, "allowance", words, "--raw", "--json").json()
            text = answer["error"]["text"] if answer["status"] == "REVERT" else None
            answers.add((answer["status"], answer["output"], text))
            texts.add(text)
        check(len(answers) == 1, "%s (seed 7): %s" % (words, answers))
    check(len(texts) >= 4, str(texts))
    return "%d answers" % len(texts)


LEAKY = {
    "format": 1, "modules": {"leaky": "leaky.wasm"}, "accounts": {"a": 0, "b": 0},
    "scenarios": [],
    "properties": [{
        "name": "nothing is made", "setup": [{"deploy": "leaky", "from": "a"}],
        "calls": [{"call": "leaky.transfer", "from": ["a", "b"],
                   "args": [{"$one_of": ["$a", "$b"]}, {"$int": [0, 150]}]}],
        "invariants": [{"name": "sum", "left":
                        {"view": "leaky.balance", "args": ["$each"], "over": ["$a", "$b"]},
                        "is": "==", "right": 100}]}]}


def test_counterexample(s):
    """A fault is found, and told as the one call that shows it, whatever the seed."""
    build(s, os.path.join(ROOT, "tests/integration/data/leaky.c"), "leaky")
    s.write("leaky.scenario.json", json.dumps(LEAKY))
    for seed in ("1", "2", "3"):
        result = s.run("test", "--json", "--seed", seed)
        report = result.json()
        check(result.code == 1 and report["failed"] == 1, str(result))
        finding = report["results"][0]["finding"]
        check(re.match(r"sum: 101 == 100 does not hold \(seed %s, run \d+\), after 1 call:\n" % seed,
                       finding) is not None, finding)
        step = json.loads(finding.split("\n", 1)[1])
        check(step["args"] == ["$" + step["from"], "1"], str(step))
        # What was printed can be pasted and shows the same.
        pasted = dict(LEAKY, properties=[], scenarios=[{"name": "pasted", "steps": [
            {"deploy": "leaky", "from": "a"}, step,
            {"view": "leaky.balance", "args": ["$a"], "returns": 101}]}])
        s.write("pasted.json", json.dumps(pasted))
        s.ok("test", "pasted.json")


def test_long_counterexample(s):
    """Calls that break a property are told whole, however many it takes."""
    build(s, os.path.join(EXAMPLES, "counter.c"), "counter")
    s.write("long.scenario.json", json.dumps({
        "format": 1, "modules": {"counter": "counter.wasm"}, "accounts": {"a": 0}, "scenarios": [],
        "properties": [{
            "name": "few", "runs": 1, "length": 40, "setup": [{"deploy": "counter", "from": "a"}],
            "calls": [{"call": "counter.increment", "from": ["a"]}],
            "invariants": [{"name": "few", "left": {"view": "counter.get"}, "is": "<=",
                            "right": 29}]}]}))
    result = s.run("test", "--json")
    calls = result.json()["results"][0]["finding"].split("\n", 1)[1]
    check(result.code == 1 and len(json.loads("[" + calls + "]")) == 30, calls)
    check(calls in s.run("test").out, "the text has the same calls")


def test_gas(s):
    """Gas is kept beside the scenarios, then compared; a change is told as it was and is."""
    words = modules(s) + ["--gas", "--filter", "counter"]
    with open(os.path.join(EXAMPLES, "examples.scenario.json"), encoding="utf-8") as handle:
        s.write("x.scenario.json", handle.read())
    missing = s.run("test", *words)
    check(missing.code == 1 and "--update writes it" in missing.out, str(missing))
    s.ok("test", *words, "--update")
    first = s.read("x.gas").decode()
    check("counter counts [2] call counter.increment by alice" in first, first)
    s.ok("test", *words)
    s.write("x.gas", first.replace("[2]", "[3]", 1))
    changed = s.run("test", *words)
    check(changed.code == 1 and "was:" in changed.out and "is:" in changed.out, str(changed))
    s.ok("test", *words, "--update")
    check(s.read("x.gas").decode() == first, "written anew")


def test_wrong_files(s):
    """What is wrong with a file is an error with its place, what is wrong with a contract is not."""
    s.fails("NOTFOUND", "E-NOT-FOUND", "test", "missing.scenario.json")
    s.fails("NOTFOUND", "E-NOT-FOUND", "test")
    s.write("x.scenario.json", "{")
    s.fails("MISUSE", "E-ARGUMENT", "test")
    s.write("x.scenario.json", json.dumps({"format": 1, "modules": {}, "accounts": {}, "scenarios": [
        {"name": "n", "steps": [{"cal": "x.y"}]}]}))
    check("scenarios[0].steps[0]" in s.fails("MISUSE", "E-ARGUMENT", "test").err, "the place")
    s.write("x.scenario.json", json.dumps({
        "format": 1, "modules": {"m": "m.wasm"}, "accounts": {"a": 1}, "scenarios": [
            {"name": "no module", "steps": [{"deploy": "m", "from": "a"}]}]}))
    result = s.run("test")
    check(result.code == 1 and "FAILED  no module" in result.out, str(result))
    s.write("m.wasm", "text")
    result = s.run("test")
    check(result.code == 1 and "FAILED  no module" in result.out, str(result))
    check(not os.path.exists(s.path("chain")), "no chain was made on disk")


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
