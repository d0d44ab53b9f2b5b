# SPDX-License-Identifier: MIT
"""Kills the real node at random instants, many times on each chain, and looks for what it had promised.

usage: kill9.py PROGRAM LOAD [--rounds N] [--seed N]

A block that was answered as committed must be there, at its height, after `verify`; a transaction
that was answered as accepted must be pending or committed.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from harness import ALICE_SEED, Failed, Sandbox, check  # noqa: E402


# A chain that grows makes each `verify` longer; after so many rounds a new one begins.
ROUNDS_PER_CHAIN = 20


def promised(lines):
    """The whole lines of the load's output; the last may be cut."""
    for line in lines.decode().split("\n")[:-1]:
        yield line.split(" ")


def ask_all(connection, method, ids):
    """id -> result or None, in batches."""
    found = {}
    for start in range(0, len(ids), 100):
        part = ids[start:start + 100]
        batch = [{"jsonrpc": "2.0", "id": i, "method": method, "params": {"id": tx}}
                 for i, tx in enumerate(part)]
        for tx, answer in zip(part, connection.ask(json.dumps(batch))):
            found[tx] = answer.get("result")
    return found


def look(node, committed, accepted):
    """Everything promised in the rounds before is there."""
    connection = node.connect()
    found = ask_all(connection, "receipt_get", list(committed))
    for tx, height in committed.items():
        check(found[tx] is not None, "committed %s is gone" % tx)
        check(found[tx]["block"] == height, "%s has moved to %d" % (tx, found[tx]["block"]))
    found = ask_all(connection, "tx_get", accepted)
    for tx in accepted:
        check(found[tx] is not None, "accepted %s is gone" % tx)
    connection.close()


def one_round(sandbox, rng, load, committed, accepted):
    """Runs a node under load and kills it; adds what it promised."""
    node = sandbox.node()
    look(node, committed, accepted)
    # What was checked once is checked by height in verify; a few stay, to be asked for again.
    for known in (committed, accepted):
        while len(known) > 200:
            known.pop(rng.choice(list(known)) if isinstance(known, dict) else 0)
    sender = subprocess.Popen([load, sandbox.path("chain"), ALICE_SEED], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    # Some rounds end before the first block, most in the middle of many.
    time.sleep(rng.choice((0, rng.random() * 0.02, rng.random() * 0.2)))
    node.kill()
    out, err = sender.communicate(timeout=60)
    check(sender.returncode == 0, "the load failed: %s" % err.decode())
    for words in promised(out):
        if words[0] == "committed":
            committed[words[1]] = int(words[2])
        else:
            accepted.append(words[1])


def one_chain(options, rng, rounds):
    """A chain through some rounds; returns how many promises were checked."""
    committed, accepted, height, promises = {}, [], 0, 0
    with Sandbox(options.program) as sandbox:
        sandbox.make_chain()
        for _ in range(rounds):
            before = len(committed) + len(accepted)
            one_round(sandbox, rng, os.path.realpath(options.load), committed, accepted)
            promises += max(0, len(committed) + len(accepted) - min(before, 400))
            report = sandbox.json("verify")
            check(report["height"] >= height, "the chain became shorter")
            check(not committed or report["height"] >= max(committed.values()),
                  "a committed block is gone")
            height = report["height"]
        with sandbox.node() as node:
            look(node, committed, accepted)
        check(sandbox.json("verify", "--replay")["height"] >= height, "replay")
    return promises


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("load")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print("seed %d, %d rounds" % (options.seed, options.rounds), flush=True)
    done, promises = 0, 0
    while done < options.rounds:
        count = min(ROUNDS_PER_CHAIN, options.rounds - done)
        try:
            promises += one_chain(options, rng, count)
        except Failed as failure:
            sys.exit("FAILED in rounds %d to %d of seed %d: %s" % (
                done, done + count, options.seed, failure))
        done += count
    print("%d kills, %d promises, all kept" % (options.rounds, promises))


if __name__ == "__main__":
    main()
