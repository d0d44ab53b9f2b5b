# SPDX-License-Identifier: MIT
"""docs/spec/wasm.md once more: which modules are accepted, and what is said of the others. From the
page alone, profile "input". The charged blocks and the instrumented size come from wasm_vectors.py.

    check(data, imports) -> None, or raises Refuse(code, offset, function, opcode)

`imports` maps (module, name) to (parameter types, result types) as bytes.
"""

import wasm_vectors

I32, I64, VOID, ANY = 0x7F, 0x7E, 0x40, 0
FLOAT_TYPES = (0x7D, 0x7C)
REFERENCES = (0x70, 0x6F)
GC_TYPES = (*range(0x63, 0x6F), *range(0x71, 0x75))
NUMERIC = {0x45: "i:i", 0x50: "l:i", 0xA7: "l:i", 0xAC: "i:l", 0xAD: "i:l"}
NUMERIC.update({op: "ii:i" for op in (*range(0x46, 0x50), *range(0x6A, 0x79))})
NUMERIC.update({op: "ll:i" for op in range(0x51, 0x5B)})
NUMERIC.update({op: "ll:l" for op in range(0x7C, 0x8B)})
NUMERIC.update({op: "i:i" for op in (0x67, 0x68, 0x69, 0xC0, 0xC1)})
NUMERIC.update({op: "l:l" for op in (0x79, 0x7A, 0x7B, 0xC2, 0xC3, 0xC4)})
LETTER = {"i": I32, "l": I64}
LOADS = {0x28: (I32, 2), 0x29: (I64, 3), 0x2C: (I32, 0), 0x2D: (I32, 0), 0x2E: (I32, 1), 0x2F: (I32, 1)}
LOADS.update({0x30: (I64, 0), 0x31: (I64, 0), 0x32: (I64, 1), 0x33: (I64, 1), 0x34: (I64, 2), 0x35: (I64, 2)})
STORES = {0x36: (I32, 2), 0x37: (I64, 3), 0x3A: (I32, 0), 0x3B: (I32, 1), 0x3C: (I64, 0), 0x3D: (I64, 1), 0x3E: (I64, 2)}
FLOAT_OPS = {0x2A, 0x2B, 0x38, 0x39, 0x43, 0x44, *range(0x5B, 0x67), *range(0x8B, 0xA7), *range(0xA8, 0xAC), *range(0xAE, 0xC0)}
READABLE = {*NUMERIC, *LOADS, *STORES, *range(0x06), *range(0x0B, 0x12), 0x1A, 0x1B, *range(0x20, 0x25),
            *range(0x3F, 0x43), *range(0xFC08, 0xFC0C)}
UNSUPPORTED = {0x12: "TAIL_CALL", 0x13: "TAIL_CALL", 0x1C: "REFERENCE_TYPES", 0x25: "TABLE_OPERATIONS",
               0x26: "TABLE_OPERATIONS", 0xD0: "REFERENCE_TYPES", 0xD1: "REFERENCE_TYPES",
               0xD2: "REFERENCE_TYPES", 0xFB00: "GC", 0xFD00: "SIMD", 0xFE00: "ATOMICS"}
UNSUPPORTED.update({op: "GC" for op in (0x14, 0x15, 0xD3, 0xD4, 0xD5, 0xD6)})
UNSUPPORTED.update({op: "EXCEPTIONS" for op in (0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F)})
EXTENDING = (0x41, 0x42, 0x23, 0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E)
ORDER = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 12: 10, 10: 11, 11: 12}


class Refuse(Exception):
    def __init__(self, code, offset, function=None, opcode=None):
        super().__init__(f"{code} at {offset}")
        self.code, self.offset, self.function, self.opcode = code, offset, function, opcode


class Bytes:
    """The module, read up to `end`: the end of the section or body."""

    def __init__(self, data, at=0, end=None):
        self.data, self.at = data, at
        self.end = len(data) if end is None else end

    def fail(self, code, at=None):
        raise Refuse(code, self.at if at is None else at)

    def left(self):
        return self.end - self.at

    def byte(self):
        if self.at >= self.end:
            self.fail("UNEXPECTED_END", self.end)
        self.at += 1
        return self.data[self.at - 1]

    def leb(self, bits, signed):
        value = shift = 0
        while True:
            at = self.at
            byte = self.byte()
            most = bits - shift
            if most < 7:
                if byte & 0x80:
                    self.fail("LEB_LENGTH", at)
                top = byte & 0x7F
                unused = top >> (most - 1 if signed else most)
                if unused not in ((0, (1 << (8 - most)) - 1) if signed else (0,)):
                    self.fail("LEB_RANGE", at)
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                if signed and byte & 0x40:
                    value -= 1 << shift
                return value

    def u32(self):
        return self.leb(32, False)

    def count(self, limit, code):
        at = self.at
        n = self.u32()
        if n > limit:
            self.fail(code, at)
        if n > self.left():
            self.fail("UNEXPECTED_END", self.end)
        return n

    def name(self, limit=None):
        at = self.at
        n = self.u32()
        if limit is not None and n > limit:
            self.fail("LIMIT_NAME_BYTES", at)
        if n > self.left():
            self.fail("UNEXPECTED_END", self.end)
        raw = self.data[self.at : self.at + n]
        try:
            raw.decode()
        except UnicodeDecodeError:
            self.fail("UTF8", self.at)
        self.at += n
        return raw

    def block_type(self):
        at = self.at
        byte = self.byte()
        if byte == VOID:
            return b""
        if byte < 0x40 or byte & 0x80:
            self.at = at
            self.fail("MULTI_VALUE" if self.leb(33, True) >= 0 else "BLOCK_TYPE", at)
        return bytes([self.judge_type(byte, at, "BLOCK_TYPE")])

    def value_type(self):
        at = self.at
        return self.judge_type(self.byte(), at)

    def judge_type(self, kind, at, unknown="VALUE_TYPE"):
        if kind in (I32, I64):
            return kind
        if kind in FLOAT_TYPES:
            self.fail("FLOAT", at)
        if kind == 0x7B:
            self.fail("SIMD", at)
        if kind in REFERENCES:
            self.fail("REFERENCE_TYPES", at)
        if kind in GC_TYPES:
            self.fail("GC", at)
        return self.fail(unknown, at)


class Check:
    def __init__(self, data, imports):
        self.data, self.known = data, imports
        self.types, self.functions, self.globals, self.code_starts = [], [], [], []
        self.imported = self.passive = 0
        self.table = self.memory = self.data_count = None
        self.elements = self.parameters = self.locals = self.data_segments = 0
        self.export_names, self.places = set(), []
        self.foreign_import = False

    # ---- sections ----

    def run(self):
        if len(self.data) > 1048576:
            raise Refuse("LIMIT_MODULE_BYTES", 0)
        if self.data[:4] != b"\0asm":
            raise Refuse("MAGIC", 0)
        if self.data[4:8] != b"\1\0\0\0":
            raise Refuse("VERSION", 4)
        r = Bytes(self.data, 8)
        last = customs = 0
        while r.left():
            start = r.at
            number = r.byte()
            if number and number not in ORDER:
                r.fail("EXCEPTIONS" if number == 13 else "SECTION_ID", start)
            size = r.u32()
            if size > r.left():
                r.fail("UNEXPECTED_END", r.end)
            if number and ORDER[number] <= last:
                r.fail("SECTION_ORDER", start)
            content = Bytes(self.data, r.at, r.at + size)
            if number:
                last = ORDER[number]
                self.section(number, content)
                if content.left():
                    r.fail("SECTION_SIZE", content.at)
            else:
                customs += 1
                if customs > 100:
                    r.fail("LIMIT_CUSTOM_SECTIONS", content.at)
                content.name()
            r.at += size
        if len(self.code_starts) != len(self.functions) - self.imported:
            r.fail("BODY_COUNT", r.end)
        if (self.data_count or 0) > self.data_segments:
            r.fail("DATA_COUNT", r.end)
        if self.memory is None:
            r.fail("NO_MEMORY", r.end)

    def section(self, number, r):
        if number == 8:
            at = r.at
            params, results = self.function(r, r.u32(), at)
            if params or results:
                r.fail("START_TYPE", at)
            return
        if number == 12:
            at = r.at
            self.data_count = r.u32()
            if self.data_count > 1000:
                r.fail("LIMIT_DATA_SEGMENTS", at)
            return
        limits = {1: (1024, "TYPES"), 2: (64, "IMPORTS"), 3: (10000, "FUNCTIONS"), 6: (256, "GLOBALS")}
        limits.update({7: (256, "EXPORTS"), 9: (1000, "ELEMENT_SEGMENTS"), 11: (1000, "DATA_SEGMENTS")})
        count_at = r.at
        if number in (4, 5):
            count = r.count(1, "MULTI_TABLE" if number == 4 else "MULTI_MEMORY")
        elif number == 10:
            bodies = len(self.functions) - self.imported
            count = r.u32()
            if count != bodies:
                r.fail("BODY_COUNT", count_at)
            if count > r.left():
                r.fail("UNEXPECTED_END", r.end)
        else:
            most, code = limits[number]
            count = r.count(most, "LIMIT_" + code)
        if number == 11 and self.data_count not in (None, count):
            r.fail("DATA_COUNT", count_at)
        if number == 10 and count > 1000 and r.left() < 16 * count:
            r.fail("LIMIT_AVERAGE_BODY", count_at)
        item = {1: self.type, 2: self.import_, 3: self.declare, 4: self.table_, 5: self.memory_,
                6: self.global_, 7: self.export, 9: self.element, 10: self.body, 11: self.segment}[number]
        for _ in range(count):
            item(r)

    def function(self, r, index, at):
        if index >= len(self.functions):
            r.fail("FUNCTION_INDEX", at)
        return self.types[self.functions[index]]

    def type(self, r):
        at = r.at
        form = r.byte()
        if form in (0x5F, 0x5E, 0x50, 0x4F, 0x4E):
            r.fail("GC", at)
        if form != 0x60:
            r.fail("TYPE_FORM", at)
        params = bytes(r.value_type() for _ in range(r.count(32, "LIMIT_PARAMS")))
        at = r.at
        if (n := r.u32()) > 1:
            r.fail("MULTI_VALUE", at)
        self.types.append((params, bytes(r.value_type() for _ in range(n))))

    def import_(self, r):
        start = r.at
        names = r.name(100), r.name(100)
        kind = r.byte()
        if kind in (1, 2, 3):
            self.foreign_import = True
            r.fail({1: "IMPORT_TABLE", 2: "IMPORT_MEMORY", 3: "IMPORT_GLOBAL"}[kind], start)
        if kind:
            r.fail("EXCEPTIONS" if kind == 4 else "IMPORT_KIND", start)
        at = r.at
        index = r.u32()
        if index >= len(self.types):
            r.fail("TYPE_INDEX", at)
        if names not in self.known:
            r.fail("IMPORT_UNKNOWN", start)
        if self.known[names] != self.types[index]:
            r.fail("IMPORT_SIGNATURE", start)
        self.functions.append(index)
        self.imported += 1

    def declare(self, r):
        at = r.at
        index = r.u32()
        if index >= len(self.types):
            r.fail("TYPE_INDEX", at)
        self.parameters += len(self.types[index][0])
        if self.parameters > 10000:
            r.fail("LIMIT_PARAMS_MODULE", at)
        self.functions.append(index)

    def limits(self, r):
        at = r.at
        flag = r.byte()
        if flag in (2, 3):
            r.fail("ATOMICS", at)
        if flag in (4, 5, 6, 7):
            r.fail("MEMORY64", at)
        if flag > 1:
            r.fail("LIMITS_FLAG", at)
        low = r.u32()
        return low, r.u32() if flag else None, at

    def table_(self, r):
        at = r.at
        kind = r.byte()
        if kind in (0x6F, 0x40):
            r.fail("REFERENCE_TYPES", at)
        if kind != 0x70:
            r.judge_type(0 if kind in (I32, I64) else kind, at)
        low, high, at = self.limits(r)
        if high is not None and low > high:
            r.fail("LIMITS_ORDER", at)
        if low > 4096:
            r.fail("LIMIT_TABLE", at)
        self.table = low

    def memory_(self, r):
        low, high, at = self.limits(r)
        if max(low, high or 0) > 65536:
            r.fail("MEMORY_PAGES", at)
        if high is not None and low > high:
            r.fail("LIMITS_ORDER", at)
        if low > 64:
            r.fail("LIMIT_MEMORY", at)
        self.memory = low

    def constant(self, r, want):
        at = r.at
        op = self.constant_part(r)
        if op == 0x0B:
            r.fail("CONSTANT_TYPE", at)
        if op not in (0x41, 0x42):
            r.fail("EXTENDED_CONST" if op in EXTENDING else "CONSTANT_FORM", at)
        value = self.constant_value
        if (I32 if op == 0x41 else I64) != want:
            r.fail("CONSTANT_TYPE", at)
        at = r.at
        op = self.constant_part(r)
        if op != 0x0B:
            r.fail("EXTENDED_CONST" if op in EXTENDING else "CONSTANT_FORM", at)
        return value

    def constant_part(self, r):
        """Reads an instruction as in a body, and gives its opcode."""
        at = r.at
        op = r.byte()
        if op in (0x41, 0x42):
            self.constant_value = r.leb(32 if op == 0x41 else 64, True)
        elif op in (0x02, 0x03, 0x04):
            r.block_type()
        elif op in (0x3F, 0x40):
            byte_at = r.at
            if r.byte():
                r.fail("MULTI_MEMORY", byte_at)
        elif op in UNSUPPORTED or op in FLOAT_OPS or op == 0xFD:
            r.fail("FLOAT" if op in FLOAT_OPS else UNSUPPORTED[op if op != 0xFD else 0xFD00], at)
        elif op not in READABLE and op != 0xFC:
            r.fail("OPCODE", at)
        return op

    def global_(self, r):
        kind = r.value_type()
        at = r.at
        mutable = r.byte()
        if mutable > 1:
            r.fail("MUTABILITY", at)
        self.constant(r, kind)
        self.globals.append((kind, mutable))

    def export(self, r):
        start = r.at
        name = r.name(100)
        if name.startswith(b"baals"):
            r.fail("EXPORT_RESERVED", start)
        at = r.at
        kind = r.byte()
        if kind > 3:
            r.fail("EXCEPTIONS" if kind == 4 else "EXPORT_KIND", at)
        at = r.at
        index = r.u32()
        bound = [len(self.functions), self.table is not None, self.memory is not None, len(self.globals)][kind]
        if index >= bound:
            r.fail(["FUNCTION_INDEX", "TABLE_INDEX", "MEMORY_INDEX", "GLOBAL_INDEX"][kind], at)
        if kind == 3 and self.globals[index][1]:
            r.fail("EXPORT_MUTABLE_GLOBAL", start)
        if name in self.export_names:
            r.fail("EXPORT_DUPLICATE", start)
        self.export_names.add(name)

    def element(self, r):
        start = r.at
        flag = r.u32()
        if flag in (1, 5):
            r.fail("PASSIVE_ELEMENT", start)
        if flag in (3, 7):
            r.fail("DECLARATIVE_ELEMENT", start)
        if flag in (4, 6):
            r.fail("REFERENCE_TYPES", start)
        if flag not in (0, 2):
            r.fail("ELEMENT_FLAG", start)
        if flag == 2 and r.u32() or self.table is None:
            r.fail("TABLE_INDEX", start)
        offset = self.constant(r, I32) % 2**32
        at = r.at
        if flag == 2 and r.byte():
            r.fail("ELEMENT_FLAG", at)
        at = r.at
        count = r.count(4096 - self.elements, "LIMIT_ELEMENTS")
        self.elements += count
        for _ in range(count):
            at = r.at
            self.function(r, r.u32(), at)
        if offset + count > self.table:
            r.fail("ELEMENT_BOUNDS", start)

    def segment(self, r):
        start = r.at
        self.data_segments += 1
        flag = r.u32()
        if flag > 2:
            r.fail("DATA_FLAG", start)
        offset = None
        if flag == 2 and r.u32() or flag != 1 and self.memory is None:
            r.fail("MEMORY_INDEX", start)
        if flag != 1:
            offset = self.constant(r, I32) % 2**32
        size = r.u32()
        if size > r.left():
            r.fail("UNEXPECTED_END", r.end)
        r.at += size
        if offset is not None and offset + size > self.memory * 65536:
            r.fail("DATA_BOUNDS", start)

    def body(self, r):
        number = self.imported + len(self.code_starts)
        size_at = r.at
        try:
            size = r.u32()
            if size > 196608:
                r.fail("LIMIT_BODY_BYTES", size_at)
            if size > r.left():
                r.fail("UNEXPECTED_END", r.end)
        except Refuse as fault:
            raise Refuse(fault.code, fault.offset, number) from None
        self.code_starts.append(r.at)
        body = BodyCheck(self, number, Bytes(self.data, r.at, r.at + size))
        try:
            body.run()
        except Refuse as fault:
            raise Refuse(fault.code, fault.offset, number, body.opcode) from None
        self.places.append(body.places)
        r.at += size


class BodyCheck:
    """The algorithm of the core specification's appendix."""

    def __init__(self, check, number, r):
        self.c, self.r, self.number = check, r, number
        self.params, self.results = check.types[check.functions[number]]
        self.start, self.opcode, self.at = r.at, None, r.at
        self.stack, self.frames, self.places = [], [], []

    def run(self):
        r = self.r
        self.locals = list(self.params)
        declared = 0
        for _ in range(r.count(2**32, "")):
            at = r.at
            n = r.u32()
            declared += n
            kind = r.value_type()
            if declared + len(self.params) >= 2**32:
                r.fail("LOCALS_OVERFLOW", at)
            if declared > 512:
                r.fail("LIMIT_LOCALS", at)
            self.locals += [kind] * n
        self.c.locals += declared
        if self.c.locals > 50000:
            r.fail("LIMIT_LOCALS_MODULE", self.start)
        self.open(None, self.results)
        while self.frames:
            self.opcode = None
            if not r.left():
                r.fail("UNEXPECTED_END")
            self.at = r.at
            self.places.append(r.at)
            self.opcode = r.byte()
            if self.opcode in (0xFB, 0xFC, 0xFD, 0xFE):
                if self.opcode == 0xFC:
                    self.opcode = 0xFC00 | min(r.u32(), 255)
                else:
                    self.opcode <<= 8
            self.instruction(self.opcode)
        self.opcode = None
        if r.left():
            r.fail("BODY_SIZE")

    def fail(self, code):
        self.r.fail(code, self.at)

    def push(self, kind):
        if len(self.stack) >= 1024:
            self.fail("LIMIT_OPERANDS")
        self.stack.append(kind)

    def pop(self, want=ANY):
        base, dead = self.frames[-1]["base"], self.frames[-1]["dead"]
        if len(self.stack) == base:
            return want if dead else self.fail("OPERAND_MISSING")
        have = self.stack.pop()
        if want != ANY and have not in (want, ANY):
            self.fail("TYPE_MISMATCH")
        return have if have != ANY else want

    def pop_all(self, kinds):
        for kind in reversed(kinds):
            self.pop(kind)

    def open(self, op, results):
        if len(self.frames) > 512:
            self.fail("LIMIT_NESTING")
        self.frames.append({"op": op, "results": results, "base": len(self.stack), "dead": False})

    def close(self):
        frame = self.frames[-1]
        self.pop_all(frame["results"])
        if len(self.stack) != frame["base"]:
            self.fail("OPERAND_LEFT")
        return self.frames.pop()

    def kill(self):
        del self.stack[self.frames[-1]["base"] :]
        self.frames[-1]["dead"] = True

    def label(self, depth):
        if depth >= len(self.frames):
            self.fail("LABEL_INDEX")
        frame = self.frames[-1 - depth]
        return b"" if frame["op"] == 0x03 else frame["results"]

    def memory_byte(self):
        at = self.r.at
        if self.r.byte():
            self.r.fail("MULTI_MEMORY", at)

    def need_memory(self):
        if self.c.memory is None:
            self.fail("MEMORY_INDEX")

    def memarg(self, natural):
        at = self.r.at
        alignment = self.r.u32()
        if alignment >= 32:
            self.r.fail("MULTI_MEMORY" if 64 <= alignment < 128 else "ALIGNMENT", at)
        self.r.u32()
        self.need_memory()
        if alignment > natural:
            self.fail("ALIGNMENT")

    def apply(self, params, results):
        self.pop_all(params)
        for kind in results:
            self.push(kind)

    def instruction(self, op):
        r = self.r
        if op in NUMERIC:
            params, results = NUMERIC[op].split(":")
            self.apply([LETTER[c] for c in params], [LETTER[c] for c in results])
        elif op in LOADS:
            kind, natural = LOADS[op]
            self.memarg(natural)
            self.apply([I32], [kind])
        elif op in STORES:
            kind, natural = STORES[op]
            self.memarg(natural)
            self.apply([I32, kind], [])
        elif op in FLOAT_OPS:
            self.fail("FLOAT")
        elif op <= 0x11 or op in (0x1A, 0x1B):
            self.control(op)
        elif 0x20 <= op <= 0x24:
            self.variable(op)
        elif op in (0x41, 0x42):
            r.leb(32 if op == 0x41 else 64, True)
            self.push(I32 if op == 0x41 else I64)
        elif op in (0x3F, 0x40):
            self.memory_byte()
            self.need_memory()
            self.apply([I32] if op == 0x40 else [], [I32])
        elif op >> 8 == 0xFC:
            self.bulk(op)
        else:
            self.unsupported(op)

    def unsupported(self, op):
        self.fail(UNSUPPORTED.get(op, "OPCODE"))

    def control(self, op):
        r = self.r
        if op == 0x00:
            self.kill()
        elif op in (0x02, 0x03, 0x04):
            results = r.block_type()
            if op == 0x04:
                self.pop(I32)
            self.open(op, results)
        elif op == 0x05:
            if self.frames[-1]["op"] != 0x04:
                self.fail("ELSE_WITHOUT_IF")
            results = self.close()["results"]
            self.open(0x05, results)
        elif op == 0x0B:
            frame = self.close()
            if frame["op"] == 0x04 and frame["results"]:
                self.fail("IF_WITHOUT_ELSE")
            if self.frames:
                for kind in frame["results"]:
                    self.push(kind)
        elif op in (0x0C, 0x0D):
            depth = r.u32()
            if op == 0x0D:
                self.pop(I32)
            kinds = self.label(depth)
            self.pop_all(kinds)
            if op == 0x0D:
                for kind in kinds:
                    self.push(kind)
            else:
                self.kill()
        elif op == 0x0E:
            self.br_table()
        elif op == 0x0F:
            self.pop_all(self.results)
            self.kill()
        elif op == 0x10:
            index = r.u32()
            if index >= len(self.c.functions):
                self.fail("FUNCTION_INDEX")
            self.apply(*self.c.types[self.c.functions[index]])
        elif op == 0x11:
            self.call_indirect()
        elif op == 0x1A:
            self.pop()
        elif op == 0x1B:
            self.pop(I32)
            first = self.pop()
            second = self.pop(first)
            self.push(second or first)
        elif op != 0x01:
            self.unsupported(op)

    def call_indirect(self):
        index = self.r.u32()
        at = self.r.at
        table = self.r.u32()
        if index >= len(self.c.types):
            self.fail("TYPE_INDEX")
        if table:
            self.r.fail("MULTI_TABLE", at)
        if self.c.table is None:
            self.fail("TABLE_INDEX")
        self.pop(I32)
        self.apply(*self.c.types[index])

    def br_table(self):
        r = self.r
        at = r.at
        n = r.u32()
        if n >= r.left():
            r.fail("UNEXPECTED_END", at)
        labels = [r.u32() for _ in range(n + 1)]
        if n > 1024:
            self.fail("LIMIT_BR_TABLE")
        self.pop(I32)
        kinds = [self.label(depth) for depth in labels]
        base = self.frames[-1]["base"]
        for kind in kinds:
            if len(kind) != len(kinds[0]):
                self.fail("BR_TABLE_TYPES")
            if kind and len(self.stack) > base:
                if self.stack[-1] not in (kind[0], ANY):
                    self.fail("TYPE_MISMATCH")
            elif kind and not self.frames[-1]["dead"]:
                self.fail("OPERAND_MISSING")
        self.pop_all(kinds[-1])
        self.kill()

    def variable(self, op):
        index = self.r.u32()
        if op >= 0x23:
            if index >= len(self.c.globals):
                self.fail("GLOBAL_INDEX")
            kind, mutable = self.c.globals[index]
            if op == 0x24 and not mutable:
                self.fail("IMMUTABLE_GLOBAL")
            self.apply(*([[], [kind]] if op == 0x23 else [[kind], []]))
            return
        if index >= len(self.locals):
            self.fail("LOCAL_INDEX")
        kind = self.locals[index]
        self.apply([] if op == 0x20 else [kind], [] if op == 0x21 else [kind])

    def bulk(self, op):
        r = self.r
        if op < 0xFC08:
            self.fail("FLOAT")
        if op in (0xFC08, 0xFC09):
            index = r.u32()
            if op == 0xFC08:
                self.memory_byte()
            if self.c.data_count is None:
                self.fail("DATA_COUNT_MISSING")
            if op == 0xFC08:
                self.need_memory()
            if index >= self.c.data_count:
                self.fail("DATA_INDEX")
        elif op in (0xFC0A, 0xFC0B):
            self.memory_byte()
            if op == 0xFC0A:
                self.memory_byte()
            self.need_memory()
        else:
            self.fail("TABLE_OPERATIONS" if op <= 0xFC11 else "OPCODE")
        if op != 0xFC09:
            self.pop_all([I32, I32, I32])


def first_float(data):
    """Section 4: the first instruction of a body that cannot be read, when it is a float one."""
    r = Bytes(data, 8)
    functions = 0
    while r.left():
        number = r.byte()
        size = r.u32()
        section = Bytes(data, r.at, r.at + size)
        r.at += size
        if number == 2:
            for _ in range(section.u32()):
                section.name(), section.name()
                if section.byte():
                    return None
                section.u32()
                functions += 1
        if number == 10:
            for index in range(section.u32()):
                size = section.u32()
                fault = skim(Bytes(data, section.at, section.at + size))
                if fault:
                    return Refuse("FLOAT", fault[0], functions + index, fault[1])
                section.at += size
    return None


def skim(r):
    """(offset, opcode) of a float instruction in this body."""
    for _ in range(r.u32()):
        r.u32(), r.byte()
    r = wasm_vectors.Reader(r.data[: r.end], r.at)
    while r.at < len(r.data):
        at = r.at
        opcode = r.data[at]
        if opcode == 0xFC and r.data[at + 1 : at + 2] < b"\x08":
            return at, 0xFC00 | r.data[at + 1]
        if opcode in FLOAT_OPS:
            return at, opcode
        if opcode in (0x02, 0x03, 0x04) and r.data[at + 1 : at + 2] in (b"\x7c", b"\x7d"):
            return at + 1, opcode
        try:
            instruction = wasm_vectors.Instruction(r)
        except IndexError:
            return None
        if instruction.op not in READABLE:
            return None
    return None


def counted_blocks(module, body):
    """(number, its first instruction that costs something) of each charged block."""
    yield 1, 0
    count, charged = 1, True
    for n, instruction in enumerate(body.code):
        if not charged and wasm_vectors.cost(module, instruction) > 0:
            charged = True
            count += 1
            yield count, n
        if n in body.starts:
            charged = False


def check(data, imports):
    judge = Check(data, imports)
    try:
        judge.run()
    except Refuse as fault:
        if fault.code != "FLOAT" or fault.opcode is not None:
            raise
        try:
            better = first_float(data)
        except Refuse:
            better = None
        raise better or fault
    module = wasm_vectors.Module(data)
    total = 0
    for number, body in enumerate(module.bodies):
        for count, n in counted_blocks(module, body):
            total += 1
            if count > 5000 or total > 50000:
                code = "LIMIT_BLOCKS" if count > 5000 else "LIMIT_BLOCKS_MODULE"
                place = judge.places[number][n]
                raise Refuse(code, place, judge.imported + number, body.code[n].op)
    size = len(wasm_vectors.Writer(module).write())
    if size > min(4 * len(data) + 4096, 4194304):
        raise Refuse("LIMIT_INSTRUMENTED_BYTES", 0)
    return module
