#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/spec/gas.md once more, in Python and from the page alone: it shares nothing with the C. For
every accepted module of the vectors it finds the facts (height, F, charged blocks, leaf), writes the
instrumented form and compares (--check, the default) or stores them (--write). Only the standard
library is used. Modules are taken to be valid: refusing is not its business.

    tools/wasm_vectors.py [--write | --check] [--file docs/spec/vectors/wasm.json]
    tools/wasm_vectors.py --input MODULE.wasm --output INSTRUMENTED.wasm
"""

import argparse
import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
I32, I64, VOID = 0x7F, 0x7E, 0x40
END, BLOCK, LOOP, IF, ELSE = 0x0B, 0x02, 0x03, 0x04, 0x05
BR, BR_IF, BR_TABLE, RETURN, UNREACHABLE = 0x0C, 0x0D, 0x0E, 0x0F, 0x00
CALL, CALL_INDIRECT = 0x10, 0x11
INIT, DROP_DATA, COPY, FILL = 0xFC08, 0xFC09, 0xFC0A, 0xFC0B
GROW = 0x40


# ---- integers ----


def u(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def s(value):
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def u(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def s(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def name(self):
        return self.take(self.u())


# ---- the module ----


class Instruction:
    def __init__(self, reader):
        self.op = reader.byte()
        if self.op == 0xFC:
            self.op = 0xFC00 | reader.u()
        op = self.op
        self.head = bytes([op]) if op < 0x100 else b"\xfc" + u(op & 0xFF)
        self.index = self.value = 0
        self.labels = []
        if op in (BLOCK, LOOP, IF):
            self.value = reader.byte()
            self.tail = bytes([self.value])
        elif op in (BR, BR_IF, CALL, DROP_DATA) or 0x20 <= op <= 0x24:
            self.index = reader.u()
            self.tail = u(self.index)
        elif op == BR_TABLE:
            self.labels = [reader.u() for _ in range(reader.u() + 1)]
            self.tail = u(len(self.labels) - 1) + b"".join(u(label) for label in self.labels)
        elif op in (CALL_INDIRECT, INIT):
            self.index = reader.u()
            reader.u()
            self.tail = u(self.index) + b"\0"
        elif 0x28 <= op <= 0x3E:
            self.tail = u(reader.u()) + u(reader.u())
        elif op in (0x3F, GROW, FILL):
            self.tail = bytes([reader.byte()])
        elif op == COPY:
            self.tail = reader.take(2)
        elif op in (0x41, 0x42):
            self.value = reader.s()
            self.tail = s(self.value)
        else:
            self.tail = b""
        self.bytes = self.head + self.tail


def constant(reader):
    instruction = Instruction(reader)
    reader.byte()
    return instruction


class Module:
    def __init__(self, data):
        self.types, self.imports, self.functions, self.globals = [], [], [], []
        self.exports, self.elements, self.bodies, self.data = [], [], [], []
        self.table = self.memory = self.start = self.data_count = None
        reader = Reader(data)
        reader.take(8)
        while reader.at < len(data):
            number = reader.byte()
            content = Reader(reader.name())
            if number == 8:
                self.start = content.u()
            elif number == 12:
                self.data_count = content.u()
            elif number:
                for _ in range(content.u()):
                    self.item(number, content)

    def item(self, number, reader):
        if number == 1:
            reader.byte()
            self.types.append((reader.name(), reader.name()))
        elif number == 2:
            names = (reader.name(), reader.name())
            reader.byte()
            self.imports.append((names, reader.u()))
        elif number == 3:
            self.functions.append(reader.u())
        elif number in (4, 5):
            if number == 4:
                reader.byte()
            bounded = reader.byte()
            bounds = [reader.u() for _ in range(1 + bounded)]
            if number == 4:
                self.table = bounds[0]
            else:
                self.memory = (bounds[0], min(bounds[1:] + [256]))
        elif number == 6:
            self.globals.append((reader.byte(), reader.byte(), constant(reader)))
        elif number == 7:
            self.exports.append((reader.name(), reader.byte(), reader.u()))
        elif number == 9:
            if reader.u() == 2:
                reader.u()
                offset = constant(reader)
                reader.byte()
            else:
                offset = constant(reader)
            self.elements.append((offset, [reader.u() for _ in range(reader.u())]))
        elif number == 10:
            self.bodies.append(Body(self, self.functions[len(self.bodies)], Reader(reader.name())))
        elif number == 11:
            flag = reader.u()
            if flag == 2:
                reader.u()
            self.data.append((None if flag == 1 else constant(reader), reader.name()))

    def function_type(self, index):
        if index < len(self.imports):
            return self.types[self.imports[index][1]]
        return self.types[self.functions[index - len(self.imports)]]


# ---- gas.md 1 and 6: the cost tables by gas_schedule ----

SCHEDULES = {
    1: {
        "memory": 2, "memory_size": 4, "page": 4096,
        "balance": 3000, "code_hash": 3000, "transfer": 9000, "transfer_create": 6000, "set_code": 10000,
        "instance_pages": 256,
        "instance_page_more": 0, "storage_absent": 0, "storage_read": 3000, "storage_write": 6000,
        "storage_remove": 4000, "scan": 3000, "next": 1500, "keccak": (500, 5), "blake": (300, 2),
        "ed25519": (60000, 4), "ecdsa": (120000, 90000, 200000), "load_bytes": 4, "deploy_byte": 20,
    },
    2: {
        "memory": 3, "memory_size": 2, "page": 65536,
        "balance": 10000, "code_hash": 10000, "transfer": 20000, "transfer_create": 8000, "set_code": 20000,
        "instance_pages": 2,
        "instance_page_more": 65536, "storage_absent": 8000, "storage_read": 4000, "storage_write": 16000,
        "storage_remove": 16000, "scan": 1000, "next": 4000, "keccak": (1000, 6), "blake": (400, 3),
        "ed25519": (100000, 5), "ecdsa": (200000, 200000, 800000), "load_bytes": 1, "deploy_byte": 128,
    },
}
GAS = dict(SCHEDULES[1])  # the schedule in force


def use_schedule(number):
    GAS.clear()
    GAS.update(SCHEDULES[number])


# ---- facts and costs of one body ----

POPS_PUSHES = {UNREACHABLE: (0, 0), 0x01: (0, 0), 0x1A: (1, 0), 0x1B: (3, 1), 0x20: (0, 1)}
POPS_PUSHES.update({0x21: (1, 0), 0x22: (1, 1), 0x23: (0, 1), 0x24: (1, 0), 0x3F: (0, 1)})
POPS_PUSHES.update({GROW: (1, 1), 0x41: (0, 1), 0x42: (0, 1), DROP_DATA: (0, 0)})
POPS_PUSHES.update({op: (1, 1) for op in range(0x28, 0x36)})
POPS_PUSHES.update({op: (2, 0) for op in range(0x36, 0x3F)})
POPS_PUSHES.update({op: (2, 1) for op in (*range(0x45, 0x5B), *range(0x67, 0x8B))})
UNARY = [0x45, 0x50, 0x67, 0x68, 0x69, 0x79, 0x7A, 0x7B, 0xA7, 0xAC, 0xAD, *range(0xC0, 0xC5)]
POPS_PUSHES.update({op: (1, 1) for op in UNARY})
POPS_PUSHES.update({op: (3, 0) for op in (INIT, COPY, FILL)})


class Body:
    def __init__(self, module, type_index, reader):
        self.params, results = module.types[type_index]
        self.result = results[0] if results else VOID
        self.runs = [(reader.u(), reader.byte()) for _ in range(reader.u())]
        self.code = []
        while reader.at < len(reader.data):
            self.code.append(Instruction(reader))
        ops = {i.op for i in self.code}
        self.leaf = not ops & {CALL, CALL_INDIRECT}
        self.grows = GROW in ops
        self.bulk = bool(ops & {INIT, COPY, FILL})
        self.measure(module)
        values = len(self.params) + sum(count for count, _ in self.runs) + self.height_max
        self.frame = 64 + 8 * values
        self.guarded = not self.leaf or self.frame > 512
        self.divide(module)

    def measure(self, module):
        """The greatest height, by counting alone: [base, dead, carried, result] per open block."""
        self.height = self.height_max = 0
        arity = int(self.result != VOID)
        frames = [[0, False, arity, arity]]
        for i in self.code:
            frame = frames[-1]
            if i.op in (BLOCK, LOOP, IF):
                self.move(frame, int(i.op == IF), 0)
                arity = int(i.value != VOID)
                frames.append([self.height, False, 0 if i.op == LOOP else arity, arity])
            elif i.op == ELSE:
                self.height, frame[1] = frame[0], False
            elif i.op == END:
                self.height = frame[0]
                if len(frames) > 1:
                    self.move(frames[-2], 0, frame[3])
                frames.pop()
            elif i.op in (BR, BR_TABLE, RETURN, UNREACHABLE):
                self.height, frame[1] = frame[0], True
            elif i.op == BR_IF:
                carried = frames[-1 - i.index][2]
                self.move(frame, 1 + carried, carried)
            elif i.op in (CALL, CALL_INDIRECT):
                indirect = i.op == CALL_INDIRECT
                params, results = module.types[i.index] if indirect else module.function_type(i.index)
                self.move(frame, len(params) + int(indirect), len(results))
            else:
                self.move(frame, *POPS_PUSHES[i.op])

    def move(self, frame, pops, pushes):
        self.height = max(self.height - pops, frame[0]) + pushes
        if pushes:
            self.height_max = max(self.height_max, self.height)

    def divide(self, module):
        """costs[k] for the blocks; starts[n] = k when block k begins behind instruction n."""
        self.costs, self.starts, self.depths = [6 + -(-self.frame // 16)], {}, []
        frames = [[None, False]]
        for n, i in enumerate(self.code):
            before = i.op == LOOP
            after = i.op in (IF, ELSE, BR, BR_IF, BR_TABLE, RETURN, UNREACHABLE)
            self.depths.append(len(frames) - 1)
            if i.op == END:
                kind, named = frames.pop()
                after = kind == IF or (kind == BLOCK and named)
            for label in [i.index] if i.op in (BR, BR_IF) else i.labels:
                frames[-1 - label][1] = True
            if i.op in (BLOCK, LOOP, IF):
                frames.append([i.op, False])
            if before:
                self.costs.append(0)
            self.costs[-1] += cost(module, i)
            if after:
                self.costs.append(0)
            if before or after:
                self.starts[n] = len(self.costs) - 1
        self.blocks = 1 + sum(c > 0 for c in self.costs[1:])


def cost(module, i):
    op = i.op
    if op in (BLOCK, LOOP, ELSE, END):
        return 0
    if op in (0x6C, 0x7E, 0x23, 0x24):
        return 2
    if 0x28 <= op <= 0x3E:
        return GAS["memory"]
    if 0x6D <= op <= 0x70 or 0x7F <= op <= 0x82:
        return 10
    if op in (0x69, 0x7B):
        return 3
    if op in (BR, BR_IF, IF, RETURN):
        return 4
    if op == BR_TABLE:
        return 6 + -(-(len(i.labels) - 1) // 8)
    if op == CALL:
        return 12 + len(module.function_type(i.index)[0])
    if op == CALL_INDIRECT:
        return 24 + len(module.types[i.index][0])
    return {0x3F: GAS["memory_size"], GROW: 200, INIT: 40, DROP_DATA: 40, COPY: 40, FILL: 40}.get(op, 1)


# ---- writing ----


def vector(items):
    return u(len(items)) + b"".join(items)


def sized(data):
    return u(len(data)) + data


class Writer:
    def __init__(self, module):
        self.module = module
        self.gas, self.stack = len(module.globals), len(module.globals) + 1
        helpers = [any(b.grows for b in module.bodies), any(b.bulk for b in module.bodies)]
        first = len(module.imports) + len(module.functions)
        self.grow, self.bulk = first, first + int(helpers[0])
        self.helpers = [make() for make, used in zip((self.grow_helper, self.bulk_helper), helpers) if used]

    def lower(self, index, amount, sub):
        return b"\x23" + u(index) + amount + sub + b"\x24" + u(index)

    def check(self):
        return b"\x23" + u(self.gas) + b"\x42\x00\x53\x04\x40\x00\x0b"

    def charge(self, amount):
        return self.lower(self.gas, b"\x42" + s(amount), b"\x7d") + self.check() if amount else b""

    def body(self, body):
        out = vector([u(count) + bytes([kind]) for count, kind in body.runs])
        out += self.charge(body.costs[0])
        frame = b"\x41" + s(body.frame)
        if body.guarded:
            out += self.lower(self.stack, frame, b"\x6b")
            out += b"\x23" + u(self.stack) + b"\x41\x00\x48\x04\x40\x00\x0b\x02" + bytes([body.result])
        for n, i in enumerate(body.code):
            if i.op == RETURN and body.guarded:
                out += b"\x0c" + u(body.depths[n])
            elif i.op == GROW:
                out += b"\x10" + u(self.grow)
            elif i.op in (INIT, COPY, FILL):
                out += b"\x10" + u(self.bulk) + i.bytes
            else:
                out += i.bytes
            if n in body.starts:
                out += self.charge(body.costs[body.starts[n]])
        if body.guarded:
            out += self.lower(self.stack, frame, b"\x6a") + b"\x0b"
        return out

    def grow_helper(self):
        maximum = s(self.module.memory[1])
        out = b"\0\x20\0\x41" + maximum + b"\x3f\0\x6b\x4b\x04\x40\x41\x7f\x0f\x0b"
        out += self.lower(self.gas, b"\x20\0\xad\x42" + s(GAS["page"]) + b"\x7e", b"\x7d") + self.check()
        out += b"\x20\0\x40\0\x22\0\x41\x7f\x46\x04\x40\x42" + s(-(2**63)) + b"\x24" + u(self.gas)
        return out + b"\0\x0b\x20\0\x0b"

    def bulk_helper(self):
        amount = b"\x20\0\xad\x42\x07\x7c\x42\x08\x80"
        return b"\0" + self.lower(self.gas, amount, b"\x7d") + self.check() + b"\x20\0\x0b"

    def exports(self):
        m = self.module
        kept = [e for e in m.exports if e[1] == 0]
        if m.memory:
            kept.append((b"baals.memory", 2, 0))
        kept += [(b"baals.gas", 3, self.gas), (b"baals.stack", 3, self.stack)]
        if m.start is not None:
            kept.append((b"baals.start", 0, m.start))
        return [sized(name) + bytes([kind]) + u(index) for name, kind, index in kept]

    def write(self):
        m = self.module
        types = [b"\x60" + sized(params) + sized(results) for params, results in m.types]
        functions = [u(f) for f in m.functions] + [u(len(m.types))] * len(self.helpers)
        if self.helpers:
            types.append(b"\x60\1\x7f\1\x7f")
        imports = [sized(a) + sized(b) + b"\0" + u(t) for (a, b), t in m.imports]
        variables = [bytes([kind, mutable]) + init.bytes + b"\x0b" for kind, mutable, init in m.globals]
        variables += [b"\x7e\1\x42\0\x0b", b"\x7f\1\x41\0\x0b"]
        elements = [b"\0" + o.bytes + b"\x0b" + vector([u(f) for f in fs]) for o, fs in m.elements]
        bodies = [sized(self.body(b)) for b in m.bodies] + [sized(h) for h in self.helpers]
        data = [(b"\0" + o.bytes + b"\x0b" if o else b"\1") + sized(d) for o, d in m.data]
        table = [b"\x70\0" + u(m.table)] if m.table is not None else []
        memory = [b"\1" + u(m.memory[0]) + u(m.memory[1])] if m.memory else []
        sections = [(1, types), (2, imports), (3, functions), (4, table), (5, memory)]
        sections += [(6, variables), (7, self.exports()), (9, elements)]
        out = b"\0asm\1\0\0\0"
        for number, items in sections:
            out += bytes([number]) + sized(vector(items)) if items else b""
        if m.data_count is not None:
            out += b"\x0c" + sized(u(m.data_count))
        for number, items in [(10, bodies), (11, data)]:
            out += bytes([number]) + sized(vector(items)) if items else b""
        return out


# ---- the vectors ----


def describe(case):
    """The case as this program makes it from its module."""
    use_schedule(case.get("gas_schedule", 1))
    module = Module(bytes.fromhex(case["hex"]))
    out = Writer(module).write()
    functions = [
        {"height": b.height_max, "frame": b.frame, "blocks": b.blocks, "leaf": b.leaf}
        for b in module.bodies
    ]
    made = {"what": case["what"]}
    if "gas_schedule" in case:
        made["gas_schedule"] = case["gas_schedule"]
    made["functions"] = functions
    made["instrumented_sha256"] = hashlib.sha256(out).hexdigest()
    if "instrumented" in case:
        made["instrumented"] = out.hex()
    made["hex"] = case["hex"]
    return made


def write_file(path, file):
    """One line per small object, so that a change reads well."""
    parts = []
    for key, value in file.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(row) for row in value)
            parts.append(f" {json.dumps(key)}: [\n  {rows}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--file", type=pathlib.Path, default=ROOT / "docs/spec/vectors/wasm.json")
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.input:
        options.output.write_bytes(Writer(Module(options.input.read_bytes())).write())
        return 0
    file = json.loads(options.file.read_text())
    made = [describe(case) for case in file["accept"]]
    if options.write:
        file["accept"] = made
        write_file(options.file, file)
        return 0
    differing = [old["what"] for old, new in zip(file["accept"], made) if old != new]
    for what in differing:
        print(f"{options.file.name}: \"{what}\" differs")
    print(f"{len(made) - len(differing)} of {len(made)} modules as docs/spec/gas.md says")
    return 1 if differing or not made else 0


if __name__ == "__main__":
    sys.exit(main())
