#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second implementation of a BaaLS node's verdicts, from docs/spec alone: reads an export
(export.md), makes block 0 (genesis.md, transition.md 8), and judges every block in the order of
block.md 3: header and seal by consensus.md, signatures, execution, receipts, roots. Only the standard
library is used. Slow and plain: it is meant to be read beside the pages. It knows both
versions of the host interface and of the gas schedule.

    tools/spec_replay.py [--receipts] FILE.export

Prints the height and the last state root. Exits with 1 at the first fault, named with its block;
--receipts also prints one line for each transaction: id, status, gas.
"""

import argparse
import pathlib

import spec_transition
import spec_vectors as formats
import wasm_vectors
from spec_transition import contracts

MIB = 1 << 20


class Fault(Exception):
    pass


def items(data):
    """export.md: genesis, modules, blocks."""
    reader = formats.Reader(data)
    name_at = reader.at
    if reader.text() != b"baals-export-1":
        raise formats.Reject("VERSION", name_at)

    def piece(most):
        at = reader.at
        raw = reader.bytes()
        if len(raw) > most:
            raise formats.Reject("LENGTH", at)
        return raw

    genesis = piece(16 * MIB)
    at = reader.at
    count = reader.uint()
    if count > 256:
        raise formats.Reject("COUNT", at)
    modules = [piece(MIB) for _ in range(count)]
    height = reader.uint()
    blocks = [piece(16 * MIB) for _ in range(height)]
    reader.end()
    return genesis, modules, blocks


def check_header(chain, header, seal):
    """block.md 3, steps 2 to 5; consensus.md 2 and 3."""
    parent = chain.header
    if header["chain_id"] != chain.chain_id:
        raise Fault("REJECT_CHAIN_ID")
    if header["index"] != parent["index"] + 1:
        raise Fault("REJECT_INDEX")
    if header["prev_hash"] != chain.hash():
        raise Fault("REJECT_PREV_HASH")
    proposer, nonce = chain.turn(header["timestamp_ms"])
    if header["proposer"] != proposer:
        raise Fault("REJECT_PROPOSER")
    if header["nonce"] != nonce:
        raise Fault("REJECT_SLOT")
    if len(chain.authorities()) > 1:
        if chain.slot(header["timestamp_ms"]) <= chain.slot(parent["timestamp_ms"]):
            raise Fault("REJECT_SLOT")
    if header["timestamp_ms"] < parent["timestamp_ms"]:
        raise Fault("REJECT_TIME")
    if header["metadata"] is not None:
        raise Fault("REJECT_HEADER_METADATA")
    digest = formats.tagged("baals:block:1", formats.header_encode(header))
    form = bytes.fromhex("a1637369675840")
    if seal is None or len(seal) != 71 or seal[:7] != form:
        raise Fault("REJECT_SEAL")
    if not contracts.verify(proposer, seal[7:], b"baals:seal:1\0" + digest):
        raise Fault("REJECT_SEAL")


def check_transactions(header, txs):
    """Steps 6 to 9."""
    if len(txs) > 65536:
        raise Fault("REJECT_TX_COUNT")
    if header["tx_root"] != formats.tree(txs):
        raise Fault("REJECT_TX_ROOT")
    decoded = [formats.tx_decode(data) for data in txs]
    for place, (tx, data) in enumerate(zip(decoded, txs)):
        message = b"baals:tx:1\0" + formats.tx_body(tx)
        if not contracts.verify(tx["sender"], data[-64:], message):
            raise Fault(f"transaction {place}: REJECT_SIGNATURE")


def check_block(chain, data):
    """block.md 3 whole. The receipts."""
    contracts.LIMITS = chain.params()[4]
    wasm_vectors.use_schedule(chain.params()[3])
    header, seal, txs = formats.block_decode(data)
    txs = [bytes(tx) for tx in txs]
    check_header(chain, header, seal)
    check_transactions(header, txs)
    receipts = chain.apply(txs, header["timestamp_ms"])
    for field in ("gas_used", "receipts_root", "state_root"):
        if header[field] != chain.header[field]:
            there, here = (v.hex() if isinstance(v, bytes) else v for v in (header[field], chain.header[field]))
            raise Fault(f"REJECT_{field.upper()}: the header says {there}, the pages {here}")
    assert formats.header_encode(header) == formats.header_encode(chain.header)
    return txs, receipts


def print_receipts(height, txs, receipts):
    for tx, receipt in zip(txs, receipts):
        reader = formats.Reader(receipt)
        reader.versioned(7)
        status, gas = reader.uint(), reader.uint()
        print(height, formats.tagged("baals:txid:1", tx).hex(), formats.STATUSES[status], gas)


def replay(options):
    genesis, modules, blocks = items(options.file.read_bytes())
    chain = spec_transition.Chain(genesis, modules)
    count = 0
    for height, data in enumerate(blocks, 1):
        try:
            txs, receipts = check_block(chain, data)
        except (Fault, formats.Reject) as fault:
            print(f"block {height}: {fault}")
            return 1
        count += len(txs)
        if options.receipts:
            print_receipts(height, txs, receipts)
    print(f"chain {chain.chain_id.hex()}: {len(blocks)} blocks, {count} transactions, "
          f"state root {chain.header['state_root'].hex()}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--receipts", action="store_true", help="one line for each transaction")
    parser.add_argument("file", type=pathlib.Path, help="an export")
    options = parser.parse_args()
    try:
        return replay(options)
    except formats.Reject as fault:
        print(f"{options.file}: {fault}")
        return 1


if __name__ == "__main__":
    spec_transition.with_deep_stack(main)
