#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wasm.md and contracts.md from the pages alone, checked against their vectors: which modules are
refused and with what (vectors/wasm.json), and what executions give (vectors/contracts.json, and
contracts_gas_2.json under gas schedule 2). Only the standard library is used.

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
    """A few accounts with code, and no records."""

    def __init__(self, accounts):
        self.balances, self.codes, self.storage, self.events = {}, {}, {}, []
        for account in accounts:
            address = HEX(account["address"])
            self.balances[address] = int(account["balance"])
            if account.get("code"):
                self.codes[address] = HEX(account["code"])
            for key, value in account["storage"]:
                self.storage[address + HEX(key)] = HEX(value)

    def code(self, address):
        return self.codes.get(address)

    def code_hash(self, address):
        return formats.sha256(self.codes[address]) if address in self.codes else None

    def balance(self, address):
        return self.balances.get(address, 0)

    def move(self, sender, recipient, amount):
        self.balances[sender] = self.balance(sender) - amount
        self.balances[recipient] = self.balance(recipient) + amount

    def checkpoint(self):
        return dict(self.balances), dict(self.storage), list(self.events)

    def back_to(self, mark):
        self.balances, self.storage, self.events = dict(mark[0]), dict(mark[1]), list(mark[2])


def execute(vector):
    """The `result` of a vector."""
    world, e = World(vector["accounts"]), vector["execution"]
    wasm_vectors.use_schedule(e.get("gas_schedule", 1))
    contracts.LIMITS = e.get("wasm_limits", 1)
    context = contracts.Context(world, HEX(e["origin"]), HEX(e["chain_id"]), HEX(e["tx_id"]),
                                int(e["block_index"]), int(e["block_time_ms"]))
    arguments = None if e["args"] is None else HEX(e["args"])
    frame = contracts.Frame(context, HEX(e["contract"]), HEX(e["caller"]), int(e["value"]), e["entry"],
                            e["method"].encode(), arguments, int(e["gas"]), readonly=e["readonly"])
    status, gas_used, output = frame.run()
    given = vector["result"]
    return {
        "status": formats.STATUSES[status],
        "gas_used": str(gas_used),
        "output": output.hex(),
        "events": [[a.hex(), [t.hex() for t in topics], data.hex()] for a, topics, data in world.events],
        "balances": [[a, str(world.balance(HEX(a)))] for a, _ in given["balances"]],
        "storage": [[k[:32].hex(), k[32:].hex(), v.hex()] for k, v in sorted(world.storage.items())],
    }


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
    executions = [vector for name in ("contracts.json", "contracts_gas_2.json")
                  for vector in json.loads((options.dir / name).read_text())["vectors"]]
    imports = {(i["module"].encode(), i["name"].encode()): contracts.signature(i["signature"])
               for i in modules["imports"]}
    wrong = left_out = 0
    for case in modules["accept"]:
        wrong += differs(case["what"], None, refuse(case, imports))
    for case in modules["refuse"]:
        there = [case["code"], case["offset"], case["function"], case["opcode"]]
        wrong += differs(case["hex"][:80], there, refuse(case, imports))
    for vector in executions:
        wrong += differs(vector["name"], as_lists(vector["result"]), execute(vector))
    for vector in json.loads((options.dir / "contracts_2.json").read_text())["vectors"]:
        try:
            result = execute(vector)
        except contracts.Beyond:
            left_out += 1
            continue
        executions.append(vector)
        there = {name: value for name, value in vector["result"].items() if name in result}
        wrong += differs(vector["name"], as_lists(there), result)
    count = len(modules["accept"]) + len(modules["refuse"])
    print(f"{count} modules, {len(executions)} executions, {wrong} differences; "
          f"{left_out} executions use what is not here")
    return 1 if wrong or not executions else 0


if __name__ == "__main__":
    spec_transition.with_deep_stack(main)
