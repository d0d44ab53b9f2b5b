# SPDX-License-Identifier: MIT
"""docs/spec/contracts.md once more: executions, calls between contracts, host functions (those of WASI in
wasi.py)."""

import hashlib

import hashes
import spec_vectors
import wasi
import wasm_check
import wasm_run
from wasm_vectors import GAS, Module

M32, M64 = 2**32 - 1, 2**64 - 1
OK, REVERT, TRAP, OUT_OF_GAS, OUT_OF_STACK, NO_METHOD, NO_CONTRACT = range(7)
BAD_PAYLOAD, BAD_CODE, ADDRESS_TAKEN, REENTRY, LIMIT = range(7, 12)
INSUFFICIENT_FUNDS = 100
METHOD, INIT, MIGRATE, RECEIVE = "method", "init", "migrate", "receive"
STACK_BUDGET = 262144
SPECIAL = (b"init", b"migrate", b"receive", b"_start", b"_initialize")

# name: (signature, bytes counted by the first charge, own cost), both of the arguments
FUNCTIONS = {
    "input_len": (":i", lambda a: 0, 0),
    "input_read": ("iii:", lambda a: a[2], 0),
    "output": ("ii:", lambda a: a[1], lambda a: 8 * a[1]),
    "revert": ("iii:", lambda a: a[2], lambda a: 8 * a[2]),
    "storage_read": ("iiii:i", lambda a: a[1], lambda a: GAS["storage_read"]),
    "storage_write": ("iiii:", lambda a: a[1] + a[3], lambda a: GAS["storage_write"]),
    "storage_remove": ("ii:i", lambda a: a[1], lambda a: GAS["storage_remove"]),
    "storage_scan": ("iiiii:i", lambda a: a[1] + a[3], lambda a: GAS["scan"]),
    "storage_next": ("iiiiii:i", lambda a: 8, lambda a: GAS["next"]),
    "storage_scan_end": ("i:", lambda a: 0, 0),
    "self": ("i:", lambda a: 32, 0),
    "caller": ("i:", lambda a: 32, 0),
    "origin": ("i:", lambda a: 32, 0),
    "value": (":l", lambda a: 0, 0),
    "balance": ("i:l", lambda a: 32, lambda a: GAS["balance"]),
    "block_index": (":l", lambda a: 0, 0),
    "block_time_ms": (":l", lambda a: 0, 0),
    "chain_id": ("i:", lambda a: 32, 0),
    "tx_id": ("i:", lambda a: 32, 0),
    "gas_left": (":l", lambda a: 0, 0),
    "log_event": ("iiii:", lambda a: 32 * a[1] + a[3], lambda a: 1000 + 8 * (32 * a[1] + a[3])),
    "log": ("iii:", lambda a: a[2], lambda a: 8 * a[2]),
    "call_contract": ("iiiiilli:i", lambda a: 32 + a[2] + a[4], 10000),
    "result_len": (":i", lambda a: 0, 0),
    "result_read": ("iii:", lambda a: a[2], 0),
    "code_hash": ("ii:i", lambda a: 64, lambda a: GAS["code_hash"]),
    "crypto_hash": ("iiii:i", lambda a: a[2] + 32, lambda a: hash_cost(a[0], a[2])),
    "crypto_verify": ("iiiiiii:i", lambda a: a[2] + a[4] + a[6], lambda a: verify_cost(a[0], a[6])),
}
# What version 2 of the interface adds: section 9.
FUNCTIONS_2 = {
    "transfer": ("il:i", lambda a: 32, lambda a: GAS["transfer"]),
    "random": ("i:", lambda a: 32, 500),
    "deploy_contract": ("iiiilli:i", lambda a: 96 + a[3], 10000),
    "set_code": ("iiil:i", lambda a: 32 + a[2], lambda a: GAS["set_code"]),
    "crypto_recover": ("iiii:i", lambda a: 161, lambda a: GAS["ecdsa"][0]),
}
HASHES = {
    0: lambda data: hashlib.sha256(data).digest(),
    1: hashes.keccak256,
    2: lambda data: hashlib.blake2b(data, digest_size=32).digest(),
    3: hashes.blake3,
}
WRITES = ("storage_write", "storage_remove", "log_event")
TYPES = {"i": b"\x7f", "l": b"\x7e"}


def hash_cost(algorithm, length):
    if algorithm not in HASHES:
        return 0
    base, byte = {0: (400, 4), 1: GAS["keccak"]}.get(algorithm, GAS["blake"])
    return base + byte * length


def verify_cost(algorithm, length):
    if algorithm == 0:
        return GAS["ed25519"][0] + GAS["ed25519"][1] * length
    return GAS["ecdsa"][algorithm] if LIMITS == 2 and algorithm in (1, 2) else 0


def signature(text):
    """Parameter and result types of e.g. "il:i"."""
    return tuple(b"".join(TYPES[c] for c in part) for part in text.split(":"))


def imports(module, functions):
    return {(module, name.encode()): signature(entry[0]) for name, entry in functions.items()}


IMPORTS = imports(b"baals1", FUNCTIONS)
IMPORTS_2 = IMPORTS | imports(b"baals1", FUNCTIONS_2) | imports(b"wasi_snapshot_preview1", wasi.FUNCTIONS)
ALL_FUNCTIONS = FUNCTIONS | FUNCTIONS_2 | wasi.FUNCTIONS  # no name stands in two of them


def ceil(a, b):
    return -(-a // b)


class End(Exception):
    """The frame ends with this status."""

    def __init__(self, status, output=b""):
        super().__init__(status)
        self.status, self.output = status, output


MODULES = {}
LIMITS = 1  # wasm_limits of the block being judged


def accept(code):
    """The module, or None: section 1."""
    key = hashlib.sha256(code).digest(), GAS["page"], LIMITS
    if key not in MODULES:
        try:
            wasm_check.check(code, IMPORTS_2 if LIMITS == 2 else IMPORTS)
            module = Module(code)
            module.entries = {
                name: index for name, kind, index in module.exports
                if kind == 0 and module.function_type(index) == (b"", b"")
            }
            if LIMITS == 2 and b"_start" in module.entries:
                module.entries[b"main"] = module.entries[b"_start"]
            MODULES[key] = module
        except wasm_check.Refuse:
            MODULES[key] = None
    return MODULES[key]


def is_method_name(name):
    return 1 <= len(name) <= 100 and name not in SPECIAL and not name.startswith((b"__", b"baals"))


class Context:
    """What all frames of an execution share. `world` is the state: exists(address), code(address),
    code_hash(address), stored_code(hash), set_code(address, hash), install(address, hash, creator),
    balance(address), move(sender, recipient, amount), storage (a dict), events (a list), checkpoint(),
    back_to(mark)."""

    def __init__(self, world, origin, chain_id, tx_id, index, time, prev_hash):
        self.world, self.origin, self.chain_id, self.tx_id = world, origin, chain_id, tx_id
        self.index, self.time, self.prev_hash = index, time, prev_hash
        self.running, self.random_counter = [], 0


class Frame(wasi.Wasi):
    def __init__(self, context, contract, caller, value, entry, method, arguments, gas, stack=STACK_BUDGET,
                 readonly=False):
        self.context, self.world = context, context.world
        self.contract, self.caller, self.value = contract, caller, value
        self.entry, self.method, self.arguments = entry, method, arguments
        self.given, self.left, self.stack, self.readonly = gas, gas, stack, readonly
        self.instance, self.scans, self.last_result = None, {}, b""
        self.printed, self.consumed = b"", 0

    def run(self):
        """(status, gas used, output)"""
        mark = self.world.checkpoint()
        self.context.running.append(self.contract)
        try:
            self.steps()
            status, output = OK, self.printed
        except End as end:
            status, output = end.status, end.output
        except wasm_run.Trap:
            status, output = TRAP, b""
        except wasm_run.OutOfGas:
            status, output = OUT_OF_GAS, b""
        except wasm_run.OutOfStack:
            status, output = OUT_OF_STACK, b""
        self.context.running.pop()
        if status != OK:
            self.world.back_to(mark)
        left = self.instance.gas if self.instance else self.left
        return status, self.given if status == OUT_OF_GAS else self.given - left, output

    def charge(self, amount):
        if amount > self.left:
            raise End(OUT_OF_GAS)
        self.left -= amount

    def steps(self):
        code = self.world.code(self.contract)
        if code is None:
            raise End(NO_CONTRACT)
        self.charge(200 + ceil(len(code), GAS["load_bytes"]))
        module = accept(code)
        if module is None:
            raise End(BAD_CODE)
        name = self.method if self.entry == METHOD else self.entry.encode()
        if self.entry == METHOD and not is_method_name(name):
            raise End(NO_METHOD)
        if name not in module.entries:
            raise End(OK if self.entry in (INIT, MIGRATE) and self.arguments is None else NO_METHOD)
        active = sum(len(data) for offset, data in module.data if offset is not None)
        few = min(module.memory[0], GAS["instance_pages"])
        more = GAS["instance_page_more"] * (module.memory[0] - few)
        self.charge(2000 * few + more + ceil(active, 8))
        self.instance = wasm_run.Instance(module, self.host, self.left, self.stack)
        if module.start is not None:
            self.instance.call(module.start)
        if b"_initialize" in module.entries:
            self.instance.call(module.entries[b"_initialize"])
        self.instance.call(module.entries[name])

    # ---- host functions: section 4 ----

    def host(self, instance, name, a):
        _, counted, own = ALL_FUNCTIONS[name]
        self.pay(150 + ceil(counted(a), 8) + (own(a) if callable(own) else own))
        if name in wasi.ANSWERS:
            return self.answer(name, a)
        return getattr(self, "host_" + name)(*a)

    def pay(self, amount):
        if amount > self.instance.gas:
            raise End(OUT_OF_GAS)
        self.instance.gas -= amount

    def argument(self, holds):
        if not holds:
            raise End(TRAP)

    def writes(self):
        if self.readonly:
            raise End(TRAP)

    def limit(self, holds):
        if not holds:
            raise End(LIMIT)

    def place(self, p, length):
        if p + length > len(self.instance.memory):
            raise End(TRAP)

    def read(self, p, length):
        return bytes(self.instance.memory[p : p + length])

    def write(self, p, data):
        self.instance.memory[p : p + len(data)] = data

    def output_most(self):
        return 65536 if len(self.context.running) == 1 else 1048576

    # ---- section 6 ----

    def host_input_len(self):
        return len(self.arguments or b"")

    def part(self, data, dst, off, length):
        self.argument(off + length <= len(data))
        self.place(dst, length)
        self.write(dst, data[off : off + length])

    def host_input_read(self, dst, off, length):
        self.part(self.arguments or b"", dst, off, length)

    def finish(self, status, p, length):
        self.limit(length <= self.output_most())
        self.place(p, length)
        raise End(status, self.read(p, length))

    def host_output(self, p, length):
        self.finish(OK, p, length)

    def host_revert(self, _, p, length):
        self.finish(REVERT, p, length)

    def key(self, k, klen):
        return self.contract + self.read(k, klen)

    def absent(self, key):
        return 0 if key in self.world.storage else GAS["storage_absent"]

    def host_storage_read(self, k, klen, dst, cap):
        self.limit(1 <= klen <= 256)
        self.place(k, klen)
        self.place(dst, cap)
        value = self.world.storage.get(self.key(k, klen))
        if value is None:
            self.pay(GAS["storage_absent"])
            return M32
        copied = value if len(value) <= cap else b""
        self.pay(2 * len(value) + ceil(len(copied), 8))
        self.write(dst, copied)
        return len(value)

    def host_storage_write(self, k, klen, v, vlen):
        self.writes()
        self.limit(1 <= klen <= 256)
        self.limit(vlen <= 131072)
        self.place(k, klen)
        self.place(v, vlen)
        key = self.key(k, klen)
        self.pay(8 * max(len(self.world.storage.get(key, b"")), vlen) + self.absent(key))
        self.world.storage[key] = self.read(v, vlen)

    def host_storage_remove(self, k, klen):
        self.writes()
        self.limit(1 <= klen <= 256)
        self.place(k, klen)
        key = self.key(k, klen)
        self.pay(8 * len(self.world.storage.get(key, b"")) + self.absent(key))
        return int(self.world.storage.pop(key, None) is not None)

    def host_storage_scan(self, prefix, plen, start, slen, flags):
        self.argument(flags <= 1)
        self.limit(plen <= 256)
        self.limit(slen <= 256)
        self.limit(len(self.scans) < 16)
        self.place(prefix, plen)
        self.place(start, slen)
        handle = min(set(range(1, 17)) - set(self.scans))
        self.scans[handle] = [self.read(prefix, plen), self.read(start, slen), flags, None]
        return handle

    def host_storage_next(self, it, kdst, kcap, vdst, vcap, lens):
        self.argument(it in self.scans)
        self.place(kdst, kcap)
        self.place(vdst, vcap)
        self.place(lens, 8)
        prefix, start, descending, last = scan = self.scans[it]
        keys = sorted((k[32:] for k in self.world.storage if k[:32] == self.contract), reverse=bool(descending))
        for key in keys:
            if not key.startswith(prefix):
                continue
            if start and (key > start if descending else key < start):
                continue
            if last is not None and (key >= last if descending else key <= last):
                continue
            break
        else:
            return 0
        value = self.world.storage[self.contract + key]
        fits = len(key) <= kcap and len(value) <= vcap
        self.pay(len(key) + len(value) + (ceil(len(key) + len(value), 8) if fits else 0))
        if fits:
            self.write(kdst, key)
            self.write(vdst, value)
            scan[3] = key
        self.write(lens, len(key).to_bytes(4, "little") + len(value).to_bytes(4, "little"))
        return 1 if fits else 2

    def host_storage_scan_end(self, it):
        self.argument(it in self.scans)
        del self.scans[it]

    def give(self, dst, data):
        self.place(dst, len(data))
        self.write(dst, data)

    def host_self(self, dst):
        self.give(dst, self.contract)

    def host_caller(self, dst):
        self.give(dst, self.caller)

    def host_origin(self, dst):
        self.give(dst, self.context.origin)

    def host_chain_id(self, dst):
        self.give(dst, self.context.chain_id)

    def host_tx_id(self, dst):
        self.give(dst, self.context.tx_id)

    def host_value(self):
        return self.value

    def host_balance(self, address):
        self.place(address, 32)
        return self.world.balance(self.read(address, 32))

    def host_block_index(self):
        return self.context.index

    def host_block_time_ms(self):
        return self.context.time

    def host_gas_left(self):
        return self.instance.gas

    def host_log_event(self, topics, count, p, length):
        self.writes()
        self.limit(count <= 4)
        self.limit(length <= 16384)
        self.place(topics, 32 * count)
        self.place(p, length)
        self.limit(len(self.world.events) < 100)
        self.world.events.append(
            [self.contract, [self.read(topics + 32 * n, 32) for n in range(count)], self.read(p, length)])

    def host_log(self, level, p, length):
        self.argument(level <= 3)
        self.limit(length <= 16384)
        self.place(p, length)

    def host_call_contract(self, addr, method, mlen, arg, alen, value, gas, flags):
        self.argument(flags <= 1)
        self.argument(not (value and (self.readonly or flags)))
        self.limit(mlen <= 100)
        self.limit(alen <= 1048576)
        self.place(addr, 32)
        self.place(method, mlen)
        self.place(arg, alen)
        address = self.read(addr, 32)
        self.last_result = b""
        if len(self.context.running) == 16:
            return LIMIT
        if address in self.context.running:
            return REENTRY
        if self.world.code(address) is None:
            return NO_CONTRACT
        if value > self.world.balance(self.contract):
            return INSUFFICIENT_FUNDS
        mark = self.world.checkpoint()
        self.world.move(self.contract, address, value)
        return self.enter(mark, address, value, METHOD, self.read(method, mlen), self.read(arg, alen), gas,
                          bool(flags))

    def enter(self, mark, contract, value, entry, method, arguments, gas, readonly=False):
        """Section 3, from the checkpoint on: a frame of depth + 1."""
        left = self.instance.gas
        most = left - left // 64
        frame = Frame(self.context, contract, self.contract, value, entry, method, arguments,
                      most if gas >> 63 else min(gas, most), self.instance.stack, self.readonly or readonly)
        status, used, self.last_result = frame.run()
        if status != OK:
            self.world.back_to(mark)
        self.instance.gas -= used
        return status

    def host_result_len(self):
        return len(self.last_result)

    def host_result_read(self, dst, off, length):
        self.part(self.last_result, dst, off, length)

    def host_code_hash(self, addr, dst):
        self.place(addr, 32)
        self.place(dst, 32)
        digest = self.world.code_hash(self.read(addr, 32))
        if digest is None:
            return 0
        self.write(dst, digest)
        return 1

    def host_crypto_hash(self, algorithm, p, length, dst):
        self.argument(algorithm in HASHES)
        self.place(p, length)
        self.place(dst, 32)
        self.write(dst, HASHES[algorithm](self.read(p, length)))
        return 32

    def host_crypto_verify(self, algorithm, pk, pklen, sig, siglen, msg, mlen):
        ecdsa = LIMITS == 2 and algorithm in (1, 2)
        self.argument(algorithm == 0 or ecdsa)
        for place in ((pk, pklen), (sig, siglen), (msg, mlen)):
            self.place(*place)
        if ecdsa:
            import ecdsa_vectors

            curve = ecdsa_vectors.K1 if algorithm == 1 else ecdsa_vectors.P256
            return int(siglen == 64 and mlen == 32 and ecdsa_vectors.verify(
                curve, self.read(pk, pklen), self.read(sig, 64), self.read(msg, 32)))
        if pklen != 32 or siglen != 64:
            return 0
        return int(verify(self.read(pk, 32), self.read(sig, 64), self.read(msg, mlen)))

    # ---- sections 8 and 9 ----

    def host_proc_exit(self, code):
        raise End(REVERT if code else OK, self.printed)

    def host_transfer(self, to, amount):
        self.writes()
        self.place(to, 32)
        recipient = self.read(to, 32)
        self.argument(recipient[:31] != bytes(31))
        if self.world.balance(self.contract) < amount:
            return INSUFFICIENT_FUNDS
        if amount > 0 and not self.world.exists(recipient):
            self.pay(GAS["transfer_create"])
        self.world.move(self.contract, recipient, amount)
        return OK

    def random_bytes(self):
        """The next 32 of the transaction's stream."""
        context = self.context
        seed = context.prev_hash + context.tx_id + self.contract + context.random_counter.to_bytes(8, "big")
        context.random_counter += 1
        return spec_vectors.tagged("baals:random:1", seed)

    def host_random(self, dst):
        self.place(dst, 32)
        self.write(dst, self.random_bytes())

    def host_deploy_contract(self, code, salt, arg, alen, value, gas, dst):
        self.writes()
        self.limit(alen <= 1048576)
        for place in ((code, 32), (salt, 32), (arg, alen), (dst, 32)):
            self.place(*place)
        self.last_result = b""
        if len(self.context.running) == 16:
            return LIMIT
        digest = self.read(code, 32)
        stored = self.world.stored_code(digest)
        if stored is None:
            return BAD_CODE
        address = spec_vectors.contract_id_contract(self.contract, self.read(salt, 32), digest)
        record = 0 if self.world.exists(address) else GAS["transfer_create"]
        self.pay(GAS["deploy_byte"] * len(stored) + record)
        if self.world.code_hash(address) is not None:
            return ADDRESS_TAKEN
        if value > self.world.balance(self.contract):
            return INSUFFICIENT_FUNDS
        mark = self.world.checkpoint()
        self.world.install(address, digest, self.contract)
        self.world.move(self.contract, address, value)
        status = self.enter(mark, address, value, INIT, b"", self.read(arg, alen) or None, gas)
        if status == OK:
            self.write(dst, address)
        return status

    def host_set_code(self, code, arg, alen, gas):
        self.writes()
        self.limit(alen <= 1048576)
        self.place(code, 32)
        self.place(arg, alen)
        self.last_result = b""
        if len(self.context.running) == 16:
            return LIMIT
        if self.entry == MIGRATE:
            return REENTRY
        digest = self.read(code, 32)
        stored = self.world.stored_code(digest)
        if stored is None:
            return BAD_CODE
        self.pay(GAS["deploy_byte"] * len(stored))
        mark = self.world.checkpoint()
        self.world.set_code(self.contract, digest)
        return self.enter(mark, self.contract, 0, MIGRATE, b"", self.read(arg, alen) or None, gas)

    def host_crypto_recover(self, digest, sig, v, dst):
        import ecdsa_vectors

        for place in ((digest, 32), (sig, 64), (dst, 65)):
            self.place(*place)
        key = ecdsa_vectors.recover(self.read(sig, 64), self.read(digest, 32), v)
        if key is None:
            return 0
        self.write(dst, key)
        return 1


def verify(key, signature, message):
    """signature.md 3, with the decoding of signature_vectors.py and faster points."""
    import signature_vectors

    a, r = signature_vectors.decode_point(key), signature_vectors.decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= spec_vectors.L:
        return False
    k = signature_vectors.scalar_hash(signature[:32], key, message)
    p = spec_vectors.P

    def minus(point):
        x, y = point
        return (p - x) % p, y, 1, (p - x) * y % p

    total = spec_vectors.point_add(spec_vectors.point_mul(s, spec_vectors.BASE), minus(r))
    total = spec_vectors.point_add(total, spec_vectors.point_mul(k, minus(a)))
    x, y, z, _ = spec_vectors.point_mul(8, total)
    return x == 0 and y == z
