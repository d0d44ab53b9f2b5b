#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/spec/vectors/validity.json: blocks that break one rule or two of block.md 3 on top of a
small chain, and exports that break export.md, with the verdicts of the pages (--write), or checks that
the file is what this program makes (--check, the default). Only the standard library is used.

    tools/validity_vectors.py [--write | --check] [--file docs/spec/vectors/validity.json]
"""

import argparse
import json
import pathlib

import spec_replay
import spec_transition
import spec_vectors as formats
from spec_transition import Chain

SEEDS = [formats.sha256(b"validity %d" % n) for n in range(3)]
KEYS = [formats.public_key(seed) for seed in SEEDS]
START = 1767225600000
NAME = "baals-export-1"


def genesis(contracts=()):
    poa = [[KEYS[0]], 1000, 0, 0, 0, True, False]
    return formats.enc([1, "validity", START, "poa", poa, False, [[KEYS[1], 10**12]], list(contracts),
                        [10**9, 0, False, 1, 1]])


def transfer(chain, nonce, **fields):
    tx = {"kind": 0, "chain_id": chain.chain_id, "sender": KEYS[1], "nonce": nonce, "recipient": KEYS[2],
          "amount": 5, "payload": None, "gas_limit": 60000, "gas_price": 1, "valid_until": None,
          "metadata": None, **fields}
    return formats.tx_encode(tx, SEEDS[1])


def unsigned(tx):
    """The same with a signature of something else."""
    return tx[:-64] + formats.sign(SEEDS[1], b"something else")


def block(header, txs, seal="right"):
    digest = formats.tagged("baals:block:1", formats.header_encode(header))
    signature = formats.sign(SEEDS[2] if seal == "other" else SEEDS[0], b"baals:seal:1\0" + digest)
    seals = {"null": None, "key": {"sag": signature}, "short": {"sig": signature[:-1]}}
    sealed = seals.get(seal, {"sig": signature})
    return formats.enc([formats.Raw(formats.header_encode(header)), sealed, [formats.Raw(tx) for tx in txs]])


def start():
    """The chain after block 1, and its export."""
    data = genesis()
    chain = Chain(data, [])
    txs = [transfer(chain, 0)]
    chain.apply(txs, START + 10)
    blocks = [block(chain.header, txs)]
    return chain, formats.enc(NAME) + formats.enc(data) + b"\0" + b"\1" + formats.enc(blocks[0])


def next_header(txs):
    chain, _ = start()
    chain.apply(txs, START + 20)
    return chain.header


def verdict(data):
    chain, _ = start()
    try:
        spec_replay.check_block(chain, data)
    except spec_replay.Fault as fault:
        return next(word for word in str(fault).replace(":", " ").split() if word.startswith("REJECT_"))
    except formats.Reject as fault:
        return fault.status
    return "OK"


def blocks():
    chain, _ = start()
    txs = [transfer(chain, 1), transfer(chain, 2)]
    good = next_header(txs)
    zero = bytes(32)

    def case(what, list_of_txs=txs, seal="right", **fields):
        header = {**good, **fields}
        if list_of_txs is not txs and "tx_root" not in fields:
            header["tx_root"] = formats.tree(list_of_txs)
        return what, block(header, list_of_txs, seal)

    broken = txs[0][:2] + b"\x02" + txs[0][3:]
    yield case("another chain", chain_id=zero)
    yield case("another chain and index", chain_id=zero, index=9)
    yield case("the index is left out", index=3)
    yield case("index and previous hash", index=3, prev_hash=zero)
    yield case("another parent", prev_hash=zero)
    yield case("another proposer", proposer=KEYS[2], seal="other")
    yield case("another proposer and slot", proposer=KEYS[2], nonce=1)
    yield case("a slot where there is one authority", nonce=1)
    yield case("slot and time", nonce=1, timestamp_ms=START)
    yield case("a millisecond before its parent", timestamp_ms=START + 9)
    yield case("time and metadata", timestamp_ms=START + 9, metadata={})
    yield case("an empty map as metadata", metadata={})
    yield case("metadata and seal", metadata={}, seal="null")
    yield case("no seal", seal="null")
    yield case("a seal with another key", seal="key")
    yield case("a signature of 63 bytes", seal="short")
    yield case("sealed by someone else", seal="other")
    yield case("seal and transaction root", seal="other", tx_root=zero)
    yield case("another transaction root", tx_root=zero)
    yield case("the transactions the other way round", txs[::-1], tx_root=good["tx_root"])
    yield case("transaction root and a malformed transaction", [broken], tx_root=zero)
    yield case("a transaction of version 2", [broken])
    yield case("a wrong signature, then a malformed transaction", [unsigned(txs[0]), broken])
    yield case("a wrong signature", [txs[0], unsigned(txs[1])])
    yield case("a nonce left out, then a wrong signature", [txs[1], unsigned(txs[0])])
    yield case("a nonce left out", [txs[1]])
    yield case("the same transaction twice", [txs[0], txs[0]])
    yield case("gas used", gas_used=good["gas_used"] + 1)
    yield case("gas used, receipts and state", gas_used=0, receipts_root=zero, state_root=zero)
    yield case("receipts and state", receipts_root=zero, state_root=zero)
    yield case("the state before", state_root=chain.header["state_root"])
    yield "a byte behind", case("")[1] + b"\0"
    yield case("nothing wrong")


def block_case(what, data):
    """`node` is what a node says that finds the parent itself (block.md 3)."""
    status = verdict(data)
    unknown = status == "REJECT_INDEX" and formats.read_header(formats.Reader(data[1:]))["prev_hash"] == bytes(32)
    return {"what": what, "status": status, "node": "REJECT_ORPHAN" if unknown else status,
            "hex": data.hex(), "zeros": 0}


def too_many():
    """65,537 transactions, each the byte 00, which the file leaves out."""
    header = {**next_header([]), "tx_root": bytes(32)}
    data = block(header, [b"\0"] * 65537)
    status = verdict(data)
    return {"what": "65,537 transactions, and another transaction root", "status": status, "node": status,
            "hex": data[:-65537].hex(), "zeros": 65537}


def read_export(data):
    try:
        parts = spec_replay.items(data)
        chain = Chain(parts[0], parts[1])
        for data in parts[2]:
            spec_replay.check_block(chain, data)
    except spec_replay.Fault as fault:
        return str(fault).split(":")[0]
    except formats.Reject as fault:
        return fault.status
    return "OK"


def exports():
    _, good = start()
    name, data = formats.enc(NAME), formats.enc(genesis())
    code = b"no module"
    contract = [["c", formats.sha256(code), None]]
    yield "nothing wrong", good
    yield "nothing", b""
    yield "another name", formats.enc("baals-export-2") + good[len(name):]
    yield "the name as bytes", formats.enc(NAME.encode()) + good[len(name):]
    yield "the length of the name in two bytes", b"\x78\x0e" + good[1:]
    yield "the genesis null", name + b"\xf6" + good[len(name) + len(data):]
    yield "257 modules", name + data + b"\x19\x01\x01\0"
    yield "cut off in the block", good[:-1]
    yield "a byte behind", good + b"\0"
    yield "a genesis that is none", name + formats.enc(b"\1") + b"\0\0"
    yield "code that is no module", name + formats.enc(genesis(contract)) + b"\1" + formats.enc(code) + b"\0"


def make():
    chain, export = start()
    head = formats.enc(NAME) + formats.enc(genesis()) + b"\0"
    return {
        "format": 1,
        "about": "docs/spec/block.md 3 and export.md: verdicts on blocks that follow `export`, and on exports",
        "export": export.hex(),
        "height_at": len(head),
        "state_root": chain.header["state_root"].hex(),
        "blocks": [block_case(w, b) for w, b in blocks()] + [too_many()],
        "exports": [{"what": w, "status": read_export(e), "hex": e.hex()} for w, e in exports()],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--file", type=pathlib.Path, default=formats.ROOT / "docs/spec/vectors/validity.json")
    options = parser.parse_args()
    vectors = make()
    text = json.dumps(vectors, indent=1) + "\n"
    if options.write:
        options.file.write_text(text)
    elif not options.file.exists() or options.file.read_text() != text:
        print(f"{options.file}: not what the specification gives")
        return 1
    print(f"{len(vectors['blocks'])} blocks, {len(vectors['exports'])} exports")
    return 0


if __name__ == "__main__":
    spec_transition.with_deep_stack(main)
