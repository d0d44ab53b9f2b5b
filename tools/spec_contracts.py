#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wasm.md and contracts.md from the pages alone, checked against their vectors: which modules are
refused and with what (vectors/wasm.json), and what executions give (vectors/contracts.json,
contracts_2.json with version 2 of the host interface, and contracts_gas_2.json under gas schedule 2). Only
the standard library is used.

    tools/spec_contracts.py [--dir docs/spec/vectors]
"""

import argparse
import json
import pathlib

import spec_transition
import spec_vectors as formats
from spec_transition import contracts

import wasm_check
import wasm_vectors

HEX = bytes.fromhex


class World:
    """A few accounts with code."""

    def __init__(self, accounts):
        self.balances, self.contracts, self.storage, self.events = {}, {}, {}, []
        self.modules = {}
        for account in accounts:
            address = HEX(account["address"])
            self.balances[address] = int(account["balance"])
            if account.get("code"):
                code = HEX(account["code"])
                self.modules[formats.sha256(code)] = code
                self.install(address, formats.sha256(code), bytes(32))
            for key, value in account["storage"]:
                self.storage[address + HEX(key)] = HEX(value)

    def exists(self, address):
        return address in self.balances

    def code_hash(self, address):
        return self.contracts[address][0] if address in self.contracts else None

    def code(self, address):
        return self.modules.get(self.code_hash(address))

    def stored_code(self, digest):
        return self.modules.get(digest)

    def install(self, address, digest, creator):
        self.balances.setdefault(address, 0)
        self.contracts[address] = digest, creator

    def set_code(self, address, digest):
        self.contracts[address] = digest, self.contracts[address][1]

    def balance(self, address):
        return self.balances.get(address, 0)

    def move(self, sender, recipient, amount):
        if amount > 0:
            self.balances[sender] = self.balance(sender) - amount
            self.balances[recipient] = self.balance(recipient) + amount

    def checkpoint(self):
        return dict(self.balances), dict(self.contracts), dict(self.storage), list(self.events)

    def back_to(self, mark):
        self.balances, self.contracts, self.storage = (dict(part) for part in mark[:3])
        self.events = list(mark[3])


def execute(vector):
    """The `result` of a vector."""
    world, e = World(vector["accounts"]), vector["execution"]
    wasm_vectors.use_schedule(e.get("gas_schedule", 1))
    contracts.LIMITS = e.get("wasm_limits", 1)
    context = contracts.Context(world, HEX(e["origin"]), HEX(e["chain_id"]), HEX(e["tx_id"]),
                                int(e["block_index"]), int(e["block_time_ms"]),
                                HEX(e.get("prev_hash", "00" * 32)))
    arguments = None if e["args"] is None else HEX(e["args"])
    frame = contracts.Frame(context, HEX(e["contract"]), HEX(e["caller"]), int(e["value"]), e["entry"],
                            e["method"].encode(), arguments, int(e["gas"]), readonly=e["readonly"])
    status, gas_used, output = frame.run()
    given = vector["result"]
    result = {
        "status": formats.STATUSES[status],
        "gas_used": str(gas_used),
        "output": output.hex(),
        "events": [[a.hex(), [t.hex() for t in topics], data.hex()] for a, topics, data in world.events],
        "balances": [[a, str(world.balance(HEX(a)))] for a, _ in given["balances"]],
        "storage": [[k[:32].hex(), k[32:].hex(), v.hex()] for k, v in sorted(world.storage.items())],
    }
    if "codes" in given:
        result["codes"] = [[a.hex(), digest.hex(), creator.hex()]
                           for a, (digest, creator) in world.contracts.items()]
    return result


def as_lists(result):
    """Objects of the file as lists of their values."""
    def plain(value):
        if isinstance(value, dict):
            return [plain(v) for v in value.values()]
        return [plain(v) for v in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in result.items()}


def refuse(case, imports):
    try:
        wasm_check.check(HEX(case["hex"]), imports)
    except wasm_check.Refuse as fault:
        return [fault.code, fault.offset, fault.function, fault.opcode]
    return None


def differs(what, there, here):
    if there != here:
        print(f"{what}\n  the file says  {there}\n  the pages say {here}")
    return int(there != here)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", type=pathlib.Path, default=formats.ROOT / "docs/spec/vectors")
    options = parser.parse_args()
    modules = json.loads((options.dir / "wasm.json").read_text())
    executions = [vector for name in ("contracts.json", "contracts_2.json", "contracts_gas_2.json")
                  for vector in json.loads((options.dir / name).read_text())["vectors"]]
    imports = {(i["module"].encode(), i["name"].encode()): contracts.signature(i["signature"])
               for i in modules["imports"]}
    wrong = 0
    for case in modules["accept"]:
        wrong += differs(case["what"], None, refuse(case, imports))
    for case in modules["refuse"]:
        there = [case["code"], case["offset"], case["function"], case["opcode"]]
        wrong += differs(case["hex"][:80], there, refuse(case, imports))
    for vector in executions:
        wrong += differs(vector["name"], as_lists(vector["result"]), execute(vector))
    count = len(modules["accept"]) + len(modules["refuse"])
    print(f"{count} modules, {len(executions)} executions, {wrong} differences")
    return 1 if wrong or not executions else 0


if __name__ == "__main__":
    spec_transition.with_deep_stack(main)
