# SPDX-License-Identifier: MIT
"""Runs modules by docs/spec/wasm.md and gas.md: a plain interpreter of the original code that charges
per metered block, so that it runs out exactly where the instrumented form does. The division into
blocks comes from wasm_vectors.py.
"""

from wasm_vectors import (GAS, BLOCK, BR, BR_IF, BR_TABLE, CALL, CALL_INDIRECT, COPY, DROP_DATA, ELSE, END, FILL,
                          GROW, I64, IF, INIT, LOOP, RETURN, UNREACHABLE, VOID)

M32, M64 = 2**32 - 1, 2**64 - 1
PAGE = 65536


class Trap(Exception):
    """A trap of WebAssembly."""


class OutOfGas(Exception):
    pass


class OutOfStack(Exception):
    pass


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def divide(a, b):
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def div_s(a, b, bits):
    if b == 0:
        raise Trap("division by zero")
    quotient = divide(signed(a, bits), signed(b, bits))
    if quotient == 1 << (bits - 1):
        raise Trap("integer overflow")
    return quotient


def rem_s(a, b, bits):
    if b == 0:
        raise Trap("division by zero")
    a, b = signed(a, bits), signed(b, bits)
    return a - b * divide(a, b)


def div_u(a, b, _):
    if b == 0:
        raise Trap("division by zero")
    return a // b


def rem_u(a, b, _):
    if b == 0:
        raise Trap("division by zero")
    return a % b


def rotl(a, b, bits):
    b %= bits
    return a << b | a >> (bits - b)


def count_leading(a, bits):
    return bits - a.bit_length()


def count_trailing(a, bits):
    return (a & -a).bit_length() - 1 if a else bits


COMPARISONS = [
    lambda a, b, n: a == b, lambda a, b, n: a != b,
    lambda a, b, n: signed(a, n) < signed(b, n), lambda a, b, n: a < b,
    lambda a, b, n: signed(a, n) > signed(b, n), lambda a, b, n: a > b,
    lambda a, b, n: signed(a, n) <= signed(b, n), lambda a, b, n: a <= b,
    lambda a, b, n: signed(a, n) >= signed(b, n), lambda a, b, n: a >= b,
]
ARITHMETIC = [
    lambda a, b, n: a + b, lambda a, b, n: a - b, lambda a, b, n: a * b, div_s, div_u, rem_s, rem_u,
    lambda a, b, n: a & b, lambda a, b, n: a | b, lambda a, b, n: a ^ b,
    lambda a, b, n: a << b % n, lambda a, b, n: signed(a, n) >> b % n, lambda a, b, n: a >> b % n,
    rotl, lambda a, b, n: rotl(a, n - b % n, n),
]
COUNTS = [count_leading, count_trailing, lambda a, n: bin(a).count("1")]

BINARY, UNARY = {}, {}
for first, bits in ((0x46, 32), (0x51, 64)):
    BINARY.update({first + k: (f, bits, M32) for k, f in enumerate(COMPARISONS)})
for first, bits, mask in ((0x6A, 32, M32), (0x7C, 64, M64)):
    BINARY.update({first + k: (f, bits, mask) for k, f in enumerate(ARITHMETIC)})
    UNARY.update({first - 3 + k: (f, bits, mask) for k, f in enumerate(COUNTS)})
UNARY[0x45] = UNARY[0x50] = (lambda a, n: int(a == 0), 0, M32)
UNARY[0xA7] = (lambda a, n: a, 0, M32)
UNARY[0xAC] = (lambda a, n: signed(a, 32), 0, M64)
UNARY[0xAD] = (lambda a, n: a, 0, M64)
for op, width, mask in ((0xC0, 8, M32), (0xC1, 16, M32), (0xC2, 8, M64), (0xC3, 16, M64), (0xC4, 32, M64)):
    UNARY[op] = (lambda a, n: signed(a & ((1 << n) - 1), n), width, mask)

# opcode: (bytes, signed, mask of the result)
LOADS = {0x28: (4, False, M32), 0x29: (8, False, M64), 0x2C: (1, True, M32), 0x2D: (1, False, M32)}
LOADS.update({0x2E: (2, True, M32), 0x2F: (2, False, M32), 0x30: (1, True, M64), 0x31: (1, False, M64)})
LOADS.update({0x32: (2, True, M64), 0x33: (2, False, M64), 0x34: (4, True, M64), 0x35: (4, False, M64)})
STORES = {0x36: 4, 0x37: 8, 0x3A: 1, 0x3B: 2, 0x3C: 1, 0x3D: 2, 0x3E: 4}


def leb(data, at=0):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


class Code:
    """A body made ready: its charges, and where branches go."""

    def __init__(self, module, body):
        self.body, self.params = body, len(body.params)
        self.arity = int(body.result != VOID)
        self.zeros = [0] * sum(count for count, _ in body.runs)
        self.first = body.costs[0]
        self.charges = [body.costs[body.starts[n]] if n in body.starts else 0 for n in range(len(body.code))]
        self.ends, self.elses = {}, {}
        opened = []
        for n, i in enumerate(body.code):
            if i.op in (BLOCK, LOOP, IF):
                opened.append(n)
            elif i.op == ELSE:
                self.elses[opened[-1]] = n
            elif i.op == END and opened:
                begin = opened.pop()
                self.ends[begin] = n
                if begin in self.elses:
                    self.ends[self.elses[begin]] = n
        self.ops = [self.ready(i) for i in body.code]

    @staticmethod
    def ready(i):
        if i.op in LOADS or i.op in STORES:
            at = leb(i.tail)[1]
            return i.op, leb(i.tail, at)[0]
        if i.op in (0x41, 0x42):
            return i.op, i.value & (M32 if i.op == 0x41 else M64)
        return i.op, i.index


class Instance:
    """Fresh memory, globals and table of a module, with the counters. `host` is called as
    host(instance, name, arguments) for imported functions and gives the result."""

    def __init__(self, module, host, gas, stack):
        self.module, self.host, self.gas, self.stack = module, host, gas, stack
        if not hasattr(module, "ready"):
            module.ready = [Code(module, body) for body in module.bodies]
        pages, self.most_pages = module.memory
        self.memory = bytearray(pages * PAGE)
        self.globals = [i.value & (M32 if kind != I64 else M64) for kind, _, i in module.globals]
        self.table = [None] * (module.table or 0)
        self.dropped = set()
        for offset, functions in module.elements:
            at = offset.value & M32
            self.table[at : at + len(functions)] = functions
        for number, (offset, data) in enumerate(module.data):
            if offset is not None:
                at = offset.value & M32
                self.memory[at : at + len(data)] = data
                self.dropped.add(number)

    def charge(self, amount):
        self.gas -= amount
        if self.gas < 0:
            raise OutOfGas()

    def call(self, index, arguments=()):
        if index < len(self.module.imports):
            names, type_index = self.module.imports[index]
            result = self.host(self, names[1].decode(), arguments)
            return [result] if self.module.types[type_index][1] else []
        code = self.module.ready[index - len(self.module.imports)]
        self.charge(code.first)
        body = code.body
        if body.guarded:
            self.stack -= body.frame
            if self.stack < 0:
                raise OutOfStack()
        results = self.run(code, list(arguments) + code.zeros)
        if body.guarded:
            self.stack += body.frame
        return results

    def run(self, code, variables):
        stack, instructions, ops, charges = [], code.body.code, code.ops, code.charges
        last = len(ops) - 1
        # An open block: where a branch to it goes, how many values it carries, the height below it.
        blocks = [(last, code.arity, 0, False)]
        n = 0
        while True:
            op, operand = ops[n]
            if op == 0x20:
                stack.append(variables[operand])
            elif op == 0x21:
                variables[operand] = stack.pop()
            elif op == 0x22:
                variables[operand] = stack[-1]
            elif op in (0x41, 0x42):
                stack.append(operand)
            elif op in BINARY:
                function, bits, mask = BINARY[op]
                right = stack.pop()
                stack[-1] = function(stack[-1], right, bits) & mask
            elif op in UNARY:
                function, bits, mask = UNARY[op]
                stack[-1] = function(stack[-1], bits) & mask
            elif op in LOADS:
                size, with_sign, mask = LOADS[op]
                stack[-1] = int.from_bytes(self.slice(stack[-1] + operand, size), "little", signed=with_sign) & mask
            elif op in STORES:
                size = STORES[op]
                value, at = stack.pop(), stack.pop() + operand
                self.bounds(at, size)
                self.memory[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            elif op in (BLOCK, LOOP, IF):
                taken = op != IF or stack.pop()
                arity = int(instructions[n].value != VOID)
                if op == LOOP:
                    blocks.append((n, 0, len(stack), True))
                else:
                    blocks.append((code.ends[n], arity, len(stack), False))
                if not taken:
                    n = code.elses.get(n, code.ends[n])
                    if n == blocks[-1][0]:
                        blocks.pop()
            elif op == ELSE:
                n = code.ends[n]
                blocks.pop()
            elif op == END:
                blocks.pop()
                if not blocks:
                    return stack[len(stack) - code.arity :]
            elif op in (BR, BR_IF, BR_TABLE, RETURN):
                depth = operand
                if op == BR_IF and not stack.pop():
                    depth = None
                elif op == BR_TABLE:
                    labels = instructions[n].labels
                    depth = labels[min(stack.pop(), len(labels) - 1)]
                elif op == RETURN:
                    depth = len(blocks) - 1
                if depth is not None:
                    if depth == len(blocks) - 1:
                        return stack[len(stack) - code.arity :]
                    n, arity, height, is_loop = blocks[-1 - depth]
                    carried = stack[len(stack) - arity :]
                    stack[height:] = carried
                    del blocks[len(blocks) - depth - (0 if is_loop else 1) :]
            elif op in (CALL, CALL_INDIRECT):
                index = operand if op == CALL else self.indirect(stack.pop(), operand)
                count = len(self.module.function_type(index)[0])
                arguments = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                stack += self.call(index, arguments)
            elif op == 0x1A:
                stack.pop()
            elif op == 0x1B:
                condition, second = stack.pop(), stack.pop()
                if not condition:
                    stack[-1] = second
            elif op == 0x23:
                stack.append(self.globals[operand])
            elif op == 0x24:
                self.globals[operand] = stack.pop()
            elif op == 0x3F:
                stack.append(len(self.memory) // PAGE)
            elif op == GROW:
                stack[-1] = self.grow(stack[-1])
            elif op in (INIT, COPY, FILL):
                self.bulk(op, operand, stack.pop(), stack.pop(), stack.pop())
            elif op == DROP_DATA:
                self.dropped.add(operand)
            elif op == UNREACHABLE:
                raise Trap("unreachable")
            if charges[n]:
                self.charge(charges[n])
            n += 1

    def bounds(self, at, size):
        if at + size > len(self.memory):
            raise Trap("outside the memory")

    def slice(self, at, size):
        self.bounds(at, size)
        return self.memory[at : at + size]

    def indirect(self, entry, type_index):
        if entry >= len(self.table):
            raise Trap("outside the table")
        index = self.table[entry]
        if index is None:
            raise Trap("empty table entry")
        if self.module.function_type(index) != self.module.types[type_index]:
            raise Trap("another type")
        return index

    def grow(self, pages):
        """gas.md 5, helper grow."""
        before = len(self.memory) // PAGE
        if pages > self.most_pages - before:
            return M32
        self.charge(GAS["page"] * pages)
        self.memory += bytes(pages * PAGE)
        return before

    def bulk(self, op, segment, length, source, target):
        """gas.md 5, helper bulk: the length is paid before the bounds are checked."""
        self.charge((length + 7) // 8)
        if op == FILL:
            data = bytes([source & 0xFF]) * length if target + length <= len(self.memory) else b""
        elif op == COPY:
            data = self.slice(source, length)
        else:
            whole = b"" if segment in self.dropped else self.module.data[segment][1]
            if source + length > len(whole):
                raise Trap("outside the segment")
            data = whole[source : source + length]
        self.bounds(target, length)
        self.memory[target : target + length] = data
