#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/spec/transition.md and the slots of consensus.md once more, in Python and from the pages
alone: replays the chains of vectors/transition.json and must come to the same receipts, headers,
roots and verdicts. Contracts run as tools/spec/contracts.py says. Only the standard library is used,
and the formats of tools/spec_vectors.py and tools/state_vectors.py.

    tools/spec_transition.py [--file docs/spec/vectors/transition.json]
"""

import argparse
import json
import pathlib
import sys
import threading

import spec_vectors as formats
import state_vectors
import wasm_vectors

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "spec"))
import contracts

U64 = 2**64 - 1
STATUS = {name: number for number, name in enumerate(formats.STATUSES)}
EMPTY_ROOT = formats.tree([])


class Status(Exception):
    """A receipt status other than OK, the gas spent until then, and revert data."""

    def __init__(self, name, spent=0, output=b""):
        super().__init__(name)
        self.name, self.spent, self.output = name, spent, output


def read(data, form):
    """One CBOR item by a form: 'u' uint, 'b' bytes, 't' text, 'f' bool, '?' before: or null, a list
    of forms: an array, ('*', form): an array of any length."""
    reader = formats.Reader(data)

    def item(form):
        if isinstance(form, list):
            reader.array(len(form))
            return [item(f) for f in form]
        if isinstance(form, tuple):
            return [item(form[1]) for _ in range(reader.array())]
        if form[0] == "?":
            return reader.optional(lambda: item(form[1:]))
        return {"u": reader.uint, "b": reader.bytes, "f": reader.bool,
                "t": lambda: reader.text().decode()}[form]()

    value = item(form)
    reader.end()
    return value


SYSOP_FORMS = {"authorities": ("*", "b"), "param": ["t", "u"], "mint": ["b", "u"],
               "act": ["b", "u", "?b", "u", "?b"]}


def sysop(payload):
    """[op, epoch, args]; Reject when it breaks sysop.md."""
    formats.sysop_decode(payload)
    for op, form in SYSOP_FORMS.items():
        try:
            value = read(payload, ["t", "u", form])
        except formats.Reject:
            continue
        if value[0] == op:
            return value
    raise AssertionError("a payload of no known form")


class Chain:
    """A chain's state; also the world that executions of contracts see."""

    def __init__(self, genesis_bytes, modules):
        genesis = formats.genesis_decode(genesis_bytes)
        _, _, self.start, _, poa, self.dev, balances, genesis_contracts, params = genesis
        self.chain_id = formats.tagged("baals:genesis:1", genesis_bytes)
        self.slot_ms = poa[1]
        self.state = state_vectors.State()
        self.modules, self.events = {}, []
        supply = sum(b[1] for b in balances)
        self.put("supply/total", supply)
        self.put("supply/burned", 0)
        self.put("sys/epoch", 0)
        self.put("chain/params", params)
        self.put("poa/authorities", poa[0])
        for address, amount in balances:
            self.credit(address, amount)
        if len(modules) != len(genesis_contracts):
            raise formats.Reject("COUNT", 0)
        for (name, code_hash, init), code in zip(genesis_contracts, modules):
            contracts.LIMITS = params[4]
            wasm_vectors.use_schedule(params[3])
            self.make_genesis_contract(name, code_hash, init, code, params[0])
        self.header = dict(
            chain_id=self.chain_id, index=0, timestamp_ms=self.start, prev_hash=bytes(32),
            tx_root=EMPTY_ROOT, receipts_root=EMPTY_ROOT, state_root=self.state.root(), gas_used=0,
            proposer=bytes(32), nonce=0, metadata=None)

    def make_genesis_contract(self, name, code_hash, init, code, gas):
        """Section 8, step 4."""
        address = formats.contract_id_genesis(name)
        if formats.sha256(code) != code_hash or contracts.accept(code) is None:
            raise formats.Reject("GENESIS_CONTRACT", 0)
        self.install(address, self.keep(code), None)
        zero = bytes(32)
        context = contracts.Context(self, zero, self.chain_id, zero, 0, self.start, zero)
        status, _, _ = contracts.Frame(context, address, zero, 0, contracts.INIT, b"", init, gas).run()
        self.events = []
        if status != contracts.OK:
            raise formats.Reject("GENESIS_CONTRACT", 0)

    # ---- what executions see ----

    def code_hash(self, address):
        return self.account(address)[2]

    def code(self, address):
        digest = self.code_hash(address)
        return None if digest is None else self.modules[digest]

    def balance(self, address):
        return self.account(address)[0]

    @property
    def storage(self):
        return self.state.stores["storage"]

    def checkpoint(self):
        return {name: dict(store) for name, store in self.state.stores.items()}, list(self.events)

    def back_to(self, mark):
        stores, events = mark
        self.state.stores = {name: dict(store) for name, store in stores.items()}
        self.events = list(events)

    def stored_code(self, digest):
        return self.modules[digest] if digest in self.state.stores["code"] else None

    def keep(self, code):
        """The hash of a module that is in the state from now on."""
        digest = formats.sha256(code)
        self.modules[digest] = code
        self.state.stores["code"][digest] = formats.enc(len(code))
        return digest

    def install(self, address, digest, creator):
        self.store(address, [self.balance(address), 0, digest, creator])

    def set_code(self, address, digest):
        account = self.account(address)
        account[2] = digest
        self.store(address, account)

    # ---- records ----

    def put(self, name, value):
        self.state.stores["meta"][name if isinstance(name, bytes) else name.encode()] = \
            formats.enc(value)

    def number(self, name):
        return read(self.state.stores["meta"][name.encode()], "u")

    def params(self):
        return read(self.state.stores["meta"][b"chain/params"], ["u", "u", "f", "u", "u"])

    def authorities(self):
        return read(self.state.stores["meta"][b"poa/authorities"], ("*", "b"))

    def exists(self, address):
        return address in self.state.stores["accounts"]

    def account(self, address):
        if not self.exists(address):
            return [0, 0, None, None]
        return read(self.state.stores["accounts"][address], ["u", "u", "?b", "?b"])

    def store(self, address, account):
        assert 0 <= account[0] <= U64 and 0 <= account[1] <= U64
        self.state.stores["accounts"][address] = formats.enc(account)

    def credit(self, address, amount):
        if amount > 0:
            account = self.account(address)
            account[0] += amount
            self.store(address, account)

    def move(self, sender, recipient, amount):
        if amount > 0:
            account = self.account(sender)
            account[0] -= amount
            self.store(sender, account)
            self.credit(recipient, amount)

    # ---- section 2 and 3 ----

    def records_made(self, kind, sender, nonce, recipient, amount):
        if kind == 0 and recipient not in (None, sender) and amount > 0:
            return 0 if self.exists(recipient) else 1
        if kind == 2:
            return 0 if self.exists(formats.contract_id_deploy(sender, nonce)) else 1
        return 0

    def intrinsic(self, tx, size):
        records = self.records_made(tx["kind"], tx["sender"], tx["nonce"], tx["recipient"],
                                    tx["amount"])
        return 30000 + 8 * size + 6000 * (records + (0 if self.exists(tx["sender"]) else 1))

    def check(self, tx, size, block):
        balance, nonce, code, _ = self.account(tx["sender"])
        gas_limit, price_min = block["params"][:2]
        if tx["chain_id"] != self.chain_id:
            return "REJECT_CHAIN_ID"
        if code is not None:
            return "REJECT_SENDER"
        if tx["kind"] == 3 and tx["sender"] not in block["authorities"]:
            return "REJECT_NOT_AUTHORITY"
        if tx["valid_until"] is not None and tx["valid_until"] < block["index"]:
            return "REJECT_EXPIRED"
        if tx["nonce"] != nonce or tx["nonce"] == U64:
            return "REJECT_NONCE"
        if tx["kind"] != 3 and tx["gas_price"] < price_min:
            return "REJECT_GAS_PRICE"
        if tx["gas_limit"] < self.intrinsic(tx, size):
            return "REJECT_GAS_INTRINSIC"
        if tx["gas_limit"] > gas_limit - block["gas_used"]:
            return "REJECT_GAS_BLOCK"
        if tx["amount"] + tx["gas_limit"] * tx["gas_price"] > balance:
            return "REJECT_BALANCE"
        return "OK"

    # ---- section 4 ----

    def enter(self, block, sender, contract, entry, method, arguments, amount, gas):
        """An execution of a transaction: (gas spent, output)."""
        context = contracts.Context(self, sender, self.chain_id, block["tx_id"], block["index"],
                                    block["timestamp_ms"], self.hash())
        frame = contracts.Frame(context, contract, sender, amount, entry, method, arguments, gas)
        status, spent, output = frame.run()
        if status != contracts.OK:
            raise Status(formats.STATUSES[status], spent, output)
        return spent, output

    def act(self, block, kind, sender, nonce, recipient, amount, payload, gas):
        """Sections 4.2 to 4.4: (gas spent, output, contract made)."""
        code_hash = None if recipient is None else self.code_hash(recipient)
        if kind == 0:
            if recipient is None:
                return 0, b"", None
            self.move(sender, recipient, amount)
            if code_hash is None:
                return 0, b"", None
            return *self.enter(block, sender, recipient, contracts.RECEIVE, b"", payload, amount, gas), None
        decode = {1: formats.call_decode, 2: formats.deploy_decode}[kind]
        try:
            fields = decode(payload) if payload is not None else None
        except formats.Reject:
            fields = None
        if fields is None:
            raise Status("BAD_PAYLOAD")
        if kind == 1:
            if code_hash is None:
                raise Status("NO_CONTRACT")
            self.move(sender, recipient, amount)
            method, arguments = fields
            return *self.enter(block, sender, recipient, contracts.METHOD, method.encode(), arguments,
                               amount, gas), None
        return self.deploy(block, sender, nonce, amount, fields, gas)

    def deploy(self, block, sender, nonce, amount, fields, gas):
        """Section 4.4."""
        code, init_args = fields
        address = formats.contract_id_deploy(sender, nonce)
        if self.code_hash(address) is not None:
            raise Status("ADDRESS_TAKEN")
        cost = wasm_vectors.GAS["deploy_byte"] * len(code)
        if cost > gas:
            raise Status("OUT_OF_GAS")
        if contracts.accept(code) is None:
            raise Status("BAD_CODE", cost)
        self.install(address, self.keep(code), sender)
        self.move(sender, address, amount)
        try:
            spent, output = self.enter(block, sender, address, contracts.INIT, b"", init_args, amount,
                                       gas - cost)
        except Status as status:
            raise Status(status.name, cost + status.spent, status.output) from None
        return cost + spent, output, address

    def approve(self, block, payload, sender, value):
        op, epoch, args = value
        meta = self.state.stores["meta"]
        pending = [name for name in meta if name.startswith(b"sys/op/")]
        name = b"sys/op/" + formats.tagged("baals:sysop:1", payload)
        stored = read(meta[name], ("*", "b")) if name in meta else []
        approvers = sorted(a for a in block["authorities"] if a == sender or a in stored)
        if 2 * len(approvers) > len(block["authorities"]):
            self.put("sys/epoch", epoch + 1)
            for key in pending:
                del meta[key]
            if op == "authorities":
                block["next_authorities"] = args
            else:
                block.setdefault("next_params", dict(zip(formats.PARAMS, block["params"])))
                block["next_params"][args[0]] = bool(args[1]) if args[0] == "burn_fees" else args[1]
            return 0, b"", None
        if name not in meta and len(pending) >= 64:
            raise Status("LIMIT")
        self.put(name, approvers)
        return 0, b"", None

    def system(self, tx, block, gas):
        try:
            value = sysop(tx["payload"]) if tx["payload"] is not None else None
        except formats.Reject:
            value = None
        if value is None or value[1] != self.number("sys/epoch"):
            raise Status("BAD_PAYLOAD")
        op, _, args = value
        if op in ("authorities", "param"):
            if self.dev and op == "authorities" and len(args) != 1:
                raise Status("BAD_PAYLOAD")
            return self.approve(block, tx["payload"], tx["sender"], value)
        if not self.dev:
            raise Status("BAD_PAYLOAD")
        if op == "mint":
            address, amount = args
            if self.number("supply/total") + amount > U64:
                raise Status("LIMIT")
            cost = 0 if self.exists(address) else 6000
            if cost > gas:
                raise Status("OUT_OF_GAS")
            self.credit(address, amount)
            self.put("supply/total", self.number("supply/total") + amount)
            return cost, b"", None
        sender, kind, recipient, amount, payload = args
        account = self.account(sender)
        if account[0] < amount or account[1] == U64:
            raise Status("BAD_PAYLOAD")
        records = self.records_made(kind, sender, account[1], recipient, amount)
        cost = 6000 * (records + (0 if self.exists(sender) else 1))
        if cost > gas:
            raise Status("OUT_OF_GAS")
        nonce = account[1]
        account[1] += 1
        self.store(sender, account)
        try:
            spent, output, made = self.act(block, kind, sender, nonce, recipient, amount, payload,
                                           gas - cost)
        except Status as status:
            raise Status(status.name, cost + status.spent, status.output) from None
        return cost + spent, output, made

    def run(self, tx, data, block):
        """Section 4.1; the receipt."""
        intrinsic = self.intrinsic(tx, len(data))
        gas = tx["gas_limit"] - intrinsic
        block["tx_id"] = formats.tagged("baals:txid:1", data)
        account = self.account(tx["sender"])
        account[1] += 1
        account[0] -= tx["gas_limit"] * tx["gas_price"]
        self.store(tx["sender"], account)
        self.events = []
        mark = self.checkpoint()
        status = "OK"
        try:
            if tx["kind"] == 3:
                spent, output, made = self.system(tx, block, gas)
            else:
                spent, output, made = self.act(block, tx["kind"], tx["sender"], tx["nonce"],
                                               tx["recipient"], tx["amount"], tx["payload"], gas)
        except Status as failure:
            status, spent, output, made = failure.name, failure.spent, failure.output, None
            self.back_to(mark)
        used = tx["gas_limit"] if status == "OUT_OF_GAS" else intrinsic + spent
        self.credit(tx["sender"], (tx["gas_limit"] - used) * tx["gas_price"])
        block["gas_used"] += used
        block["fees"] += used * tx["gas_price"]
        events = [[address, topics, text] for address, topics, text in self.events]
        return formats.enc([1, STATUS[status], used, used * tx["gas_price"], made, output, events])

    # ---- blocks ----

    def next_block(self, timestamp_ms):
        return dict(index=self.header["index"] + 1, timestamp_ms=timestamp_ms, params=self.params(),
                    authorities=self.authorities(), gas_used=0, fees=0)

    def finish(self, block, proposer):
        """Section 5."""
        if block["fees"] > 0:
            if block["params"][2]:
                self.put("supply/burned", self.number("supply/burned") + block["fees"])
            else:
                self.credit(proposer, block["fees"])
        if "next_authorities" in block:
            self.put("poa/authorities", block["next_authorities"])
        if "next_params" in block:
            self.put("chain/params", list(block["next_params"].values()))
        balances = sum(self.account(a)[0] for a in self.state.stores["accounts"] if len(a) == 32)
        assert balances + self.number("supply/burned") == self.number("supply/total")

    def slot(self, timestamp_ms):
        return max(timestamp_ms - self.start, 0) // self.slot_ms

    def turn(self, timestamp_ms):
        """Proposer and nonce of a block at this time (consensus.md 1)."""
        authorities = self.authorities()
        if len(authorities) == 1:
            return authorities[0], 0
        return authorities[self.slot(timestamp_ms) % len(authorities)], self.slot(timestamp_ms)

    def hash(self):
        return formats.tagged("baals:block:1", formats.header_encode(self.header))

    def apply(self, txs, timestamp_ms):
        """The header and receipts of the next block at a time. Raises Reject with the place of a
        transaction that may not stand."""
        block = self.next_block(timestamp_ms)
        proposer, nonce = self.turn(timestamp_ms)
        prev_hash = self.hash()
        receipts = []
        for place, data in enumerate(txs):
            tx = formats.tx_decode(data)
            verdict = self.check(tx, len(data), block)
            if verdict != "OK":
                raise formats.Reject(verdict.removeprefix("REJECT_"), place)
            receipts.append(self.run(tx, data, block))
        self.finish(block, proposer)
        self.header = dict(
            chain_id=self.chain_id, index=block["index"], timestamp_ms=timestamp_ms,
            prev_hash=prev_hash, tx_root=formats.tree(txs), receipts_root=formats.tree(receipts),
            state_root=self.state.root(), gas_used=block["gas_used"], proposer=proposer,
            nonce=nonce, metadata=None)
        return receipts


def differs(what, name, expected, actual):
    if expected == actual:
        return 0
    print(f"{what}: {name}\n  the file says {expected}\n  the pages say {actual}")
    return 1


def check_block(chain, step):
    txs = [bytes.fromhex(item["tx"]) for item in step["transactions"]]
    claimed = formats.read_header(formats.Reader(bytes.fromhex(step["header"])))
    receipts = chain.apply(txs, claimed["timestamp_ms"])
    faults = 0
    for item, receipt in zip(step["transactions"], receipts):
        faults += differs(step["what"], "receipt", item["receipt"], receipt.hex())
    for account in step["accounts"]:
        balance, nonce = chain.account(bytes.fromhex(account["address"]))[:2]
        faults += differs(step["what"], "account " + account["address"],
                          [account["balance"], account["nonce"]], [str(balance), str(nonce)])
    faults += differs(step["what"], "state root", step["state_root"], chain.state.root().hex())
    return faults + differs(step["what"], "header", step["header"],
                            formats.header_encode(chain.header).hex())


def check_chain(vector):
    chain = Chain(bytes.fromhex(vector["genesis"]), [bytes.fromhex(m["code"]) for m in vector["modules"]])
    faults = differs(vector["what"], "chain id", vector["chain_id"], chain.chain_id.hex())
    faults += differs(vector["what"], "root of block 0", vector["state_root"],
                      chain.state.root().hex())
    for step in vector["steps"]:
        if "reject" in step:
            data = bytes.fromhex(step["tx"])
            verdict = chain.check(formats.tx_decode(data), len(data), chain.next_block(0))
            faults += differs(step["what"], "verdict", step["reject"], verdict)
        else:
            faults += check_block(chain, step)
    return faults


def main():
    default = formats.ROOT / "docs/spec/vectors/transition.json"
    parser = argparse.ArgumentParser(description="replays docs/spec/vectors/transition.json")
    parser.add_argument("--file", type=pathlib.Path, default=default)
    options = parser.parse_args()
    faults = steps = 0
    chains = json.loads(options.file.read_text())["chains"]
    for chain in chains:
        faults += check_chain(chain)
        steps += len(chain["steps"])
    print(f"{len(chains)} chains, {steps} steps, {faults} differences")
    return 1 if faults or not chains else 0


def with_deep_stack(function):
    """Calls of contracts may nest some thousand deep. Runs `function` and exits with its result."""
    results = []
    sys.setrecursionlimit(200000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    sys.exit(results[0] if results else 1)


if __name__ == "__main__":
    with_deep_stack(main)
