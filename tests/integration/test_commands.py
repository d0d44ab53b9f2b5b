# SPDX-License-Identifier: MIT
"""Every command as a user types it, directly and through a node."""
import json
import os
import re

from harness import ALICE_SEED, ROOT, Failed, check, main

# What differs between two runs of the same transactions: block times and what follows from them.
VOLATILE = re.compile(r'"(block_hash|hash|timestamp_ms|prev_hash|seal|cursor)":("[^"]*"|\d+)')


def test_help_and_version(s):
    """Every command has help with its usage; help and version need nothing."""
    text = s.ok("help").out
    names = re.findall(r"^  ([a-z][a-z-]*(?: [a-z]+)?)(?= |$)", text, re.M)
    check("inspect chain" in text and "send" in text, text)
    for command in ("init", "start", "send", "deploy", "call", "query", "simulate send",
                    "inspect block", "inspect chain", "events", "wallet new", "wallet export",
                    "verify", "repair", "prune", "export", "import", "prove", "verify-proof"):
        check(any(command.startswith(n) or n.startswith(command) for n in names), command)
        for words in (["help"] + command.split(), command.split() + ["--help"],
                      command.split() + ["-h"]):
            check("usage: baals " + command in s.ok(*words).out, command)
    check(s.json("version")["version"] == s.ok("version").out.split()[1], "version")


def test_init_writes_a_whole_genesis(s):
    """What init writes is a genesis that makes the same chain again; the key is private."""
    key = s.import_key("alice", ALICE_SEED)
    made = s.json("init", "one", "--name", "my chain", "--alloc", key + "=5", "--dev",
                  "--slot-ms", "250", "--interval-ms", "2000")
    check(os.stat(s.path("one/authority.key")).st_mode & 0o777 == 0o600, "mode of the key")
    check(os.stat(s.path("one")).st_mode & 0o777 == 0o700, "mode of the folder")
    genesis = json.loads(s.read("one/genesis.json"))
    check(genesis["chain_name"] == "my chain" and genesis["dev"] is True, "genesis")
    check(genesis["poa"]["slot_ms"] == 250 and genesis["poa"]["interval_ms"] == 2000 and
          genesis["poa"]["instant"] is False, "poa")
    check(genesis["balances"] == [{"address": key, "amount": "5"}], "balances")
    again = s.json("init", "two", "--genesis", "one/genesis.json", "--authority-key",
                   "one/authority.key")
    check(again["chain_id"] == made["chain_id"] and again["hash"] == made["hash"], "same chain")
    check(s.read("two/genesis.json") == s.read("one/genesis.json"), "same file")
    check(not [n for n in os.listdir(s.folder) if ".new-" in n], "nothing is left over")


def test_init_into_an_empty_folder(s):
    """An empty folder is used, and stays what it is when init fails."""
    os.mkdir(s.path("empty"))
    s.write("bad.json", "{}")
    s.fails("REJECT", "E-GENESIS", "init", "empty", "--genesis", "bad.json")
    check(os.listdir(s.path("empty")) == [], "still empty")
    s.ok("init", "empty")
    s.fails("LIMIT", "E-EXISTS", "init", "empty")
    check(s.json("inspect", "chain", "--dir", "empty")["height"] == 0, "usable")


def test_genesis_contract(s):
    """A contract of the genesis is checked, copied and there from block 0."""
    import hashlib
    name = s.contract()
    digest = hashlib.sha256(s.read(name)).hexdigest()
    contract = {"name": "counter", "file": name, "sha256": digest, "init": None}
    s.make_chain(contracts=[contract])
    check(s.read("chain/genesis/%s.wasm" % digest) == s.read(name), "copied")
    info = s.json("inspect", "chain")
    check(info["height"] == 0, "height")
    wrong = dict(contract, sha256="00" * 32)
    s.write("wrong.json", s.genesis(s.alice, s.authority, contracts=[wrong]))
    result = s.run("init", "other", "--genesis", "wrong.json")
    check(result.code == 9 and not os.path.exists(s.path("other")), str(result))


def script(s, directory):
    """One transaction of every kind; returns what the commands printed."""
    printed = []

    def run(*args):
        result = s.run("--dir", directory, *args, "--json")
        printed.append((result.code, result.out, result.err))
        return result
    run("send", s.bob, "250", "--from", "alice", "--memo", "thanks")
    run("send", s.bob, "1", "--key", "alice.key", "--metadata", "note=two", "--metadata", "a=b")
    deployed = run("deploy", "counter.wasm", "--from", "alice").json()
    contract = deployed["contract"]
    run("call", contract, "increment", "--from", "alice")
    run("call", contract, "add", "u:41", "--from", "bob")
    run("query", contract, "get")
    run("query", contract, "missing")
    run("call", contract, "missing", "--from", "bob")
    run("call", contract, "missing", "--from", "bob", "--gas-limit", "100000")
    run("simulate", "send", s.bob, "5", "--from", "alice")
    run("simulate", "call", contract, "add", "1", "--from", "alice")
    run("simulate", "deploy", "counter.wasm", "--from", "alice")
    run("send", s.alice, "99999999", "--from", "bob")
    run("inspect", "chain")
    run("inspect", "block", "1")
    run("inspect", "block", "latest")
    run("inspect", "tx", deployed["tx_id"])
    run("inspect", "receipt", deployed["tx_id"])
    run("inspect", "account", s.bob)
    run("inspect", "contract", contract)
    run("events", "--limit", "5")
    return contract, deployed["tx_id"], printed


def masked(printed):
    return [(code, VOLATILE.sub(r'"\1":0', out), VOLATILE.sub("", err))
            for code, out, err in printed]


def test_same_output_with_and_without_node(s):
    """The same script gives the same output, state root included, in both modes."""
    s.contract()
    s.make_chain("direct")
    s.make_chain("through")
    contract, tx_id, direct = script(s, "direct")
    with s.node("through"):
        contract_2, _, through = script(s, "through")
    check(contract == contract_2, "contract ids differ")
    for a, b in zip(masked(direct), masked(through)):
        check(a == b, "directly:\n%s\nthrough a node:\n%s" % (a, b))
    # And the reading commands on one chain, byte for byte, as text and as JSON.
    reads = [["inspect", "chain"], ["inspect", "block", "1"], ["inspect", "block", "latest"],
             ["inspect", "tx", tx_id], ["inspect", "receipt", tx_id],
             ["inspect", "account", s.bob], ["inspect", "contract", contract],
             ["query", contract, "get"], ["events"], ["events", "--limit", "2"],
             ["prove", "accounts", s.bob], ["prove", "accounts", contract],
             ["inspect", "block", "999"], ["inspect", "tx", "00" * 32]]
    reads += [line + ["--json"] for line in reads]
    before = [s.run(*line, "--dir", "direct") for line in reads]
    with s.node("direct"):
        for line, a in zip(reads, before):
            b = s.run(*line, "--dir", "direct")
            check((a.code, a.out, a.err) == (b.code, b.out, b.err), "%s\n%s" % (a, b))
    return "%d commands" % (len(direct) + len(reads))


def test_results_have_their_members(s):
    """The members that scripts rely on are there, with the right values."""
    s.contract()
    s.make_chain()
    info = s.json("inspect", "chain")
    for name in ("chain_id", "height", "hash", "state_root", "timestamp_ms", "tx_count",
                 "pending"):
        check(name in info, name)
    sent = s.json("send", s.bob, "250", "--from", "alice")
    check(sent["status"] == "OK" and sent["block"] == 1 and int(sent["gas_used"]) > 30000 and
          re.fullmatch("[0-9a-f]{64}", sent["tx_id"]), str(sent))
    deployed = s.json("deploy", "counter.wasm", "--from", "alice")
    check(deployed["contract"].startswith("blc1") and deployed["block"] == 2, str(deployed))
    contract = deployed["contract"]
    called = s.json("call", contract, "add", "u:7", "--from", "alice")
    check(called["value"] == "7" and called["output"] == "07", str(called))
    check(called["events"][0]["contract"] == contract, str(called))
    asked = s.json("query", contract, "get")
    check(asked["value"] == "7" and asked["status"] == "OK", str(asked))
    check(s.json("inspect", "account", s.bob)["balance"] == "250", "balance")
    check(s.json("inspect", "account", s.alice)["nonce"] == 3, "nonce")
    check(s.json("inspect", "chain")["tx_count"] == 3, "tx_count")
    block = s.json("inspect", "block", "2")
    check(block["txs"] == [deployed["tx_id"]] and
          s.json("inspect", "block", block["hash"]) == block, "block")
    tx = s.json("inspect", "tx", called["tx_id"])
    check(tx["kind"] == "call" and tx["method"] == "add" and tx["args"] == "8107" and
          tx["recipient"] == contract and tx["committed"] is True, str(tx))


def test_token(s):
    """A contract with text, bytes and address arguments works from the command line."""
    source = open(os.path.join(ROOT, "contracts/examples/token.c"), encoding="utf-8").read()
    check("BAALS_INIT" in source, "the token has an init")
    s.contract("token")
    s.make_chain()
    deployed = s.json("deploy", "token.wasm", "--from", "alice", "--arg", "u:1000")
    contract = deployed["contract"]
    s.ok("call", contract, "transfer", "addr:" + s.bob, "u:30", "--from", "alice")
    check(s.json("query", contract, "balance", s.bob)["value"] == "30", "bob")
    check(s.json("query", contract, "balance", s.alice)["value"] == "970", "alice")
    result = s.run("call", contract, "transfer", s.bob, "5000", "--from", "alice", "--json")
    check(result.code == 10 and "E-REVERT" in result.out, str(result))


def test_nonce_options_and_pending(s):
    """--nonce ahead of its turn waits; the missing one lets both through."""
    s.make_chain()
    with s.node():
        late = s.json("send", s.bob, "1", "--from", "alice", "--nonce", "1", "--no-wait",
                      "--gas-limit", "60000")
        check(late["status"] == "PENDING" and late["block"] is None, str(late))
        check(s.json("inspect", "tx", late["tx_id"])["committed"] is False, "pending")
        check(s.json("inspect", "chain")["pending"] == 1, "pending count")
        first = s.json("send", s.bob, "1", "--from", "alice", "--nonce", "0")
        check(first["status"] == "OK", str(first))
        check(s.json("send", s.bob, "1", "--from", "alice")["status"] == "OK", "next")
        check(s.json("inspect", "tx", late["tx_id"])["committed"] is True, "committed")


def test_without_the_authority(s):
    """Without the authority's key a transaction is accepted, kept, and mined once the key is there."""
    s.make_chain()
    os.rename(s.path("chain/authority.key"), s.path("kept.key"))
    result = s.ok("send", s.bob, "9", "--from", "alice", "--json")
    check(result.json()["status"] == "PENDING" and "authority" in result.err, str(result))
    check(s.json("inspect", "chain")["pending"] == 1, "kept")
    os.rename(s.path("kept.key"), s.path("chain/authority.key"))
    s.ok("send", s.bob, "1", "--from", "alice")
    check(s.json("inspect", "account", s.bob)["balance"] == "10", "both are mined")


def test_wallet(s):
    """Keys are made, listed, shown, exported and taken in again; passphrases come by file or fd."""
    s.write("pass", "correct horse\n")
    made = s.json("wallet", "new", "carol", "--passphrase-file", "pass")
    check(made["passphrase"] is True and made["address"].startswith("bl1"), str(made))
    check(s.json("wallet", "list") == [made] and s.json("wallet", "show", "carol") == made, "list")
    path = s.path("data/baals/wallet/carol.json")
    check(os.stat(path).st_mode & 0o777 == 0o600, "mode")
    s.ok("wallet", "export", "carol", "carol.hex", "--passphrase-file", "pass")
    check(re.fullmatch(rb"[0-9a-f]{64}\n", s.read("carol.hex")), "hex backup")
    check(s.read("carol.hex").strip() not in open(path, "rb").read(), "not in clear")
    other = s.json("wallet", "import", "dave", "carol.hex", "--no-passphrase")
    check(other["address"] == made["address"] and other["passphrase"] is False, "the same key")
    out = s.ok("wallet", "export", "dave", "-").out
    check(out.encode() == s.read("carol.hex"), "export to stdout")
    given = s.run("wallet", "import", "erin", "-", "--passphrase-fd", "0", input=out)
    check(given.code != 0, "one descriptor cannot give key and passphrase")
    read_end, write_end = os.pipe()
    os.write(write_end, b"correct horse\n")
    os.close(write_end)
    s.ok("wallet", "export", "carol", "again.hex", "--passphrase-fd", str(read_end),
         pass_fds=(read_end,))
    os.close(read_end)
    check(s.read("again.hex") == s.read("carol.hex"), "by descriptor")
    s.write("wrong", "incorrect\n")
    s.fails("MISUSE", "E-KEY", "wallet", "export", "carol", "x.hex", "--passphrase-file", "wrong")
    s.fails("MISUSE", "E-KEY", "wallet", "export", "carol", "x.hex")
    check(not os.path.exists(s.path("x.hex")), "nothing is written")


def test_export_import_verify_repair(s):
    """A chain travels as one file, verifies on both sides, and a lost store is rebuilt."""
    s.contract()
    s.make_chain()
    for i in range(3):
        s.ok("send", s.bob, str(i + 1), "--from", "alice")
    s.ok("deploy", "counter.wasm", "--from", "alice")
    info = s.json("inspect", "chain")
    s.ok("export", "chain.baals")
    s.fails("LIMIT", "E-EXISTS", "export", "chain.baals")
    s.ok("import", "chain.baals", "copy", "--authority-key", "authority.key")
    check(s.json("inspect", "chain", "--dir", "copy") == info, "the same chain")
    s.ok("export", "again.baals", "--dir", "copy")
    check(s.read("again.baals") == s.read("chain.baals"), "the same bytes")
    s.ok("send", s.bob, "7", "--from", "alice")
    s.ok("export", "longer.baals")
    check(s.json("import", "longer.baals", "copy")["height"] == info["height"] + 1, "catches up")
    for directory in ("chain", "copy"):
        for flags in ([], ["--replay"]):
            report = s.json("verify", directory, *flags)
            check(report["ok"] is True and report["height"] == info["height"] + 1, str(report))
    root = s.json("inspect", "chain")["state_root"]
    for name in os.listdir(s.path("chain/kv")):
        with open(s.path("chain/kv", name), "r+b") as handle:
            handle.truncate(100)
    damaged = s.run("inspect", "chain")
    check(damaged.code == 6 or s.json("inspect", "chain")["state_root"] == root, str(damaged))
    check(s.json("repair")["state_root"] == root, "repaired")
    check(s.json("inspect", "chain")["state_root"] == root, "the same state")
    s.ok("verify", "--replay")


def test_prune(s):
    """Old blocks can be given up: the rest goes on, verifies, and is rebuilt from the snapshot."""
    s.make_chain()
    for i in range(4):
        s.ok("send", s.bob, str(i + 1), "--from", "alice")
    info = s.json("inspect", "chain")
    s.fails("MISUSE", "E-ARGUMENT", "prune")
    s.fails("MISUSE", "E-ARGUMENT", "prune", "--keep", "many")
    begun = s.json("prune", "--keep", "2")
    check(begun["kept_from"] == 0 and begun["snapshot_height"] == info["height"], str(begun))
    pruned = s.json("prune", "--keep", "0")
    check(pruned["kept_from"] == info["height"], str(pruned))
    check(pruned["blocks"] == info["height"], str(pruned))
    s.fails("NOTFOUND", "E-PRUNED", "inspect", "block", "1")
    s.fails("NOTFOUND", "E-PRUNED", "export", "chain.baals")
    check(not os.path.exists(s.path("chain.baals")), "nothing is left of it")
    s.ok("send", s.bob, "9", "--from", "alice")
    # The journal gives up whole segments, and this one is its only one: verify can use all of it.
    report = s.json("verify", "--replay")
    check(report["ok"] is True and report["blocks"] == info["height"] + 2, str(report))
    root = s.json("inspect", "chain")["state_root"]
    check(s.json("repair")["state_root"] == root, "repaired")
    check(s.json("inspect", "block", str(info["height"]))["hash"] == info["hash"], "kept")


def test_prune_keeps_headers(s):
    """With --headers keep the headers of blocks that are gone stay, until they are dropped."""
    s.make_chain()
    for i in range(4):
        s.ok("send", s.bob, str(i + 1), "--from", "alice")
    info = s.json("inspect", "chain")
    headers = [s.json("inspect", "header", str(h)) for h in range(info["height"] + 1)]
    check(info["kept_from"] == 0 and info["headers_from"] == 0, str(info))
    s.fails("MISUSE", "E-ARGUMENT", "prune", "--keep", "0", "--headers", "yes")
    pruned = s.json("prune", "--keep", "0", "--headers", "keep")
    check(pruned["kept_from"] == info["height"] and pruned["headers_from"] == 0, str(pruned))
    s.fails("NOTFOUND", "E-PRUNED", "inspect", "block", "1")
    for h, header in enumerate(headers):
        check(s.json("inspect", "header", str(h)) == header, "by height")
        check(s.json("inspect", "header", header["hash"]) == header, "by hash")
        check(h == 0 or header["prev_hash"] == headers[h - 1]["hash"], "a chain")
    s.ok("send", s.bob, "9", "--from", "alice")
    report = s.json("verify")
    check(report["kept_from"] == info["height"], str(report))
    check(s.json("prune", "--keep", "0")["headers_from"] == 0, "goes on")
    check(s.json("inspect", "header", str(info["height"])) == headers[-1], "appended")
    dropped = s.json("prune", "--keep", "0", "--headers", "drop")
    check(dropped["headers_from"] == dropped["kept_from"], str(dropped))
    s.fails("NOTFOUND", "E-PRUNED", "inspect", "header", "1")
    s.fails("NOTFOUND", "E-NOT-FOUND", "inspect", "header", headers[1]["hash"])


def test_proofs(s):
    """Existence and absence are proved and checked; a changed proof is refused."""
    s.make_chain()
    s.ok("send", s.bob, "5", "--from", "alice")
    root = s.json("inspect", "chain")["state_root"]
    carol = s.json("wallet", "new", "carol", "--no-passphrase")["address"]
    for address, exists in ((s.bob, True), (carol, False)):
        proof = s.json("prove", "accounts", address)
        check(proof["exists"] is exists, str(proof))
        s.write("proof.json", json.dumps(proof))
        shown = s.json("verify-proof", "proof.json", root)
        check(shown["valid"] is True and shown["state_root"] == root, str(shown))
        check(s.json("verify-proof", "proof.json")["height"] == 1, "from its header")
        s.fails("REJECT", "E-PROOF", "verify-proof", "proof.json", "00" * 32)
        lie = dict(proof, key="77" * 32)
        s.write("lie.json", json.dumps(lie))
        s.fails("REJECT", "E-PROOF", "verify-proof", "lie.json", root)


def test_events_resume(s):
    """Pages of events by cursor give each once, in order, across a restart."""
    s.make_chain()
    for i in range(4):
        s.ok("send", s.bob, str(i + 1), "--from", "alice")
    whole = s.ok("events", "--json").out.splitlines()
    check(len(whole) == 8, "four blocks of one transaction: %s" % whole)
    seen, cursor = [], []
    while True:
        page = s.ok("events", "--json", "--limit", "3", *cursor).out.splitlines()
        if not page:
            break
        seen += page
        cursor = ["--after", json.loads(page[-1])["cursor"]]
    check(seen == whole, "no gap and no duplicate")
    check(s.ok("events", "--after", "now").out == "", "nothing new")
    with s.node() as node:
        follower = node.connect()
        follower.send_line(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "notices", "params": {
            "cursor": json.loads(whole[-1])["cursor"], "wait_ms": 30000}}))
        s.ok("send", s.bob, "5", "--from", "alice")
        answer = follower.line()["result"]
        check(answer["notices"][0]["kind"] == "block", str(answer))
        follower.close()


def test_quiet_and_streams(s):
    """Data goes to stdout, notes to stderr, and --quiet has no notes."""
    key = s.import_key("alice", ALICE_SEED)
    result = s.ok("init", "a", "--alloc", key + "=1")
    check("next:" in result.err and "next:" not in result.out, str(result))
    check(s.ok("init", "b", "--quiet").err == "", "quiet")
    failed = s.run("inspect", "account", "bl1x", "--dir", "a")
    check(failed.out == "" and "hint:" in failed.err, str(failed))
    failed = s.run("inspect", "account", "bl1x", "--dir", "a", "--json")
    check(failed.err == "" and set(failed.json()["error"]) >= {"code", "message", "hint"},
          str(failed))


def test_parallel_commands(s):
    """Commands at the same time take turns on one directory; nothing is lost."""
    import subprocess
    s.make_chain()
    started = [subprocess.Popen(
        [s.program, "send", s.bob, "1", "--key", name, "--quiet", "--json"], cwd=s.folder,
        env=s.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for name in
        ("alice.key", "bob.key", "authority.key", "alice.key")]
    good = 0
    for process in started:
        out, err = process.communicate(timeout=60)
        if process.returncode == 0:
            good += 1
        elif process.returncode not in (4, 9, 7):
            raise Failed("%d %s %s" % (process.returncode, out, err))
    info = s.json("inspect", "chain")
    check(good >= 1 and info["tx_count"] == good, "%d succeeded, %s" % (good, info))


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
