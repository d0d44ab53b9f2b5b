# SPDX-License-Identifier: MIT
"""`baals new contract`: what it makes builds and passes; the guides' contracts do what they say."""
import json
import os
import re
import subprocess

from harness import ROOT, check, main

LANGUAGES = {"c": ("c", "contracts-in-c.md"), "rust": ("rs", "contracts-in-rust.md"),
             "as": ("ts", "contracts-in-assemblyscript.md")}


def build(s, *words, cwd=None):
    """Runs a build with what the sources have made already, as a second project of a user would."""
    env = dict(s.env, BAALS_CONTRACT_TOOLS=os.environ.get(
        "BAALS_CONTRACT_TOOLS", os.path.join(ROOT, "build/contract-tools")))
    for name in ("HOME", "RUSTUP_HOME", "CARGO_HOME", "CLANG", "WASM_LD", "RUSTC", "NODE"):
        if name in os.environ:
            env[name] = os.environ[name]
    process = subprocess.run(words, cwd=cwd or s.folder, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False)
    check(process.returncode == 0, process.stdout.decode())


def test_projects(s):
    """A project of each language is built by its own script and passes its own scenarios."""
    totals = []
    for lang, (suffix, _) in LANGUAGES.items():
        made = s.json("new", "contract", "shop_" + lang, "--lang", lang)
        check(made["name"] == "shop_" + lang and made["lang"] == lang, str(made))
        check("shop_%s.%s" % (lang, suffix) in made["files"], str(made))
        folder = s.path("shop_" + lang)
        build(s, "./build", cwd=folder)
        report = s.json("test", folder)
        check(report["failed"] == 0 and report["passed"] == 3, str(report))
        described = s.json("abi", os.path.join(folder, "shop_%s.wasm" % lang))
        check(described["name"] == "shop_" + lang, str(described))
        totals.append("%s %d" % (lang, report["passed"]))
    return ", ".join(totals) + " passed"


def test_same_bytes(s):
    """The bytes of a module do not depend on the folder it is built in."""
    for lang in LANGUAGES:
        modules = set()
        for folder in ("a", "a_longer_name"):
            os.makedirs(s.path(folder), exist_ok=True)
            path = os.path.join(folder, "shop_" + lang)
            s.ok("new", "contract", path, "--lang", lang)
            build(s, "./build", cwd=s.path(path))
            modules.add(s.read(os.path.join(path, "shop_%s.wasm" % lang)))
        check(len(modules) == 1, "%s: other bytes in another folder" % lang)


def test_refused(s):
    """A folder that is there, a name that is none, a language that is none."""
    s.ok("new", "contract", "shop", "--lang", "c")
    s.fails("LIMIT", "E-EXISTS", "new", "contract", "shop", "--lang", "c")
    s.fails("MISUSE", "E-ARGUMENT", "new", "contract", "My-Shop", "--lang", "c")
    s.fails("MISUSE", "E-ARGUMENT", "new", "contract", "other", "--lang", "go")
    s.fails("MISUSE", "E-ARGUMENT", "new", "contract", "other")
    s.fails("NOTFOUND", "E-NOT-FOUND", "new", "contract", "absent/other", "--lang", "c")
    check(not os.path.exists(s.path("other")), "nothing is left")


GREETING = {
    "format": 1, "modules": {"greeting": "greeting.wasm"}, "accounts": {"a": 9},
    "scenarios": [{"name": "it greets", "steps": [
        {"deploy": "greeting", "from": "a"},
        {"view": "greeting.get", "returns": ""},
        {"call": "greeting.set", "args": ["good morning"], "from": "a", "expect": {"output": ""}},
        {"view": "greeting.get", "returns": "good morning"},
        {"call": "greeting.set", "args": ["x" * 200], "from": "a"},
        {"call": "greeting.set", "args": ["x" * 201], "from": "a",
         "expect": {"status": "REVERT", "error": {"text": "the greeting is too long"}}},
        {"view": "greeting.get", "returns": "x" * 200}]}]}


def test_guides(s):
    """The contract of each guide, with its description there, builds and does what it says."""
    s.write("greeting.scenario.json", json.dumps(GREETING))
    for suffix, guide in LANGUAGES.values():
        with open(os.path.join(ROOT, "docs/guides", guide), encoding="utf-8") as handle:
            text = handle.read()
        block = "rust" if suffix == "rs" else suffix
        for block, name in ((block, "greeting." + suffix), ("json", "greeting.abi.json")):
            found = re.search(r"^```%s\n(.*?)^```$" % block, text, re.M | re.S)
            s.write(name, found.group(1))
        build(s, os.path.join(ROOT, "tools/build-contract"), "greeting." + suffix, "greeting.wasm")
        report = s.json("test", "greeting.scenario.json")
        check(report["failed"] == 0 and report["passed"] == 1, "%s: %s" % (guide, report))


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
