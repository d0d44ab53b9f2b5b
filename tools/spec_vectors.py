#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The formats of docs/spec/ once more, in Python and from the pages alone: it shares nothing with
the C. It makes the vectors (--write) and checks that the files in the tree are what it makes
(--check, the default). Only the standard library is used.

    tools/spec_vectors.py [--write | --check] [--dir docs/spec/vectors] [--mutations N] [--seed S]

--mutations N adds N random faults per format instead of the few that are kept in the tree; the C
test reads such a folder with `test_vectors_formats --vectors DIR`.
"""

import argparse
import hashlib
import json
import pathlib
import random
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
U64 = 2**64 - 1


class Reject(Exception):
    def __init__(self, status, offset):
        super().__init__(f"REJECT_{status} at {offset}")
        self.status = "REJECT_" + status
        self.offset = offset


# ---- encoding.md 1: CBOR, writing ----


class Text(str):
    pass


class Raw(bytes):
    """Bytes that are already encoded."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << (8 * size):
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


def enc(value):
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return head(3, len(data)) + data
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(enc(v) for v in value)
    if isinstance(value, dict):
        pairs = sorted((enc(k), enc(v)) for k, v in value.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(type(value))


# ---- encoding.md 1.1: CBOR, reading ----

UINT, NINT, BYTES, TEXT, ARRAY, MAP, SIMPLE = 0, 1, 2, 3, 4, 5, 7


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def head(self):
        """Steps 1 to 5. Gives (major, argument, head length) and consumes nothing."""
        at = self.at
        if at >= len(self.data):
            raise Reject("TRUNCATED", at)
        first = self.data[at]
        major, info = first >> 5, first & 31
        if major == 6 or info > 27 or (major == 7 and info not in (20, 21, 22)):
            raise Reject("ITEM", at)
        if info < 24:
            return major, info, 1
        size = 1 << (info - 24)
        raw = self.data[at + 1 : at + 1 + size]
        if len(raw) < size:
            raise Reject("TRUNCATED", at)
        n = int.from_bytes(raw, "big")
        smallest = 24 if size == 1 else 1 << (4 * size)
        if n < smallest:
            raise Reject("NOT_SHORTEST", at)
        if major == NINT and n >= 2**63:
            raise Reject("RANGE", at)
        return major, n, 1 + size

    def contents(self, major, n, head_len):
        """Steps 9 and 10."""
        left = len(self.data) - self.at - head_len
        if major in (BYTES, TEXT, ARRAY) and n > left or major == MAP and n > left // 2:
            raise Reject("TRUNCATED", self.at)
        if major == TEXT:
            try:
                self.data[self.at + head_len : self.at + head_len + n].decode()
            except UnicodeDecodeError:
                raise Reject("UTF8", self.at) from None

    def typed(self, want):
        major, n, head_len = self.head()
        if major != want:
            raise Reject("TYPE", self.at)
        self.contents(major, n, head_len)
        self.at += head_len
        return n

    def uint(self):
        return self.typed(UINT)

    def string(self, major):
        n = self.typed(major)
        self.at += n
        return self.data[self.at - n : self.at]

    def bytes(self):
        return self.string(BYTES)

    def exact(self, length):
        at = self.at
        data = self.bytes()
        if len(data) != length:
            raise Reject("LENGTH", at)
        return data

    def text(self):
        return self.string(TEXT)

    def simple(self, allowed):
        at = self.at
        n = self.typed(SIMPLE)
        if n not in allowed:
            raise Reject("TYPE", at)
        return n

    def bool(self):
        return self.simple((20, 21)) == 21

    def optional(self, read):
        if self.data[self.at : self.at + 1] == b"\xf6":
            self.at += 1
            return None
        return read()

    def array(self, count=None, most=None):
        at = self.at
        n = self.typed(ARRAY)
        if count is not None and n != count or most is not None and n > most:
            raise Reject("COUNT", at)
        return n

    def versioned(self, count):
        at = self.at
        n = self.array()
        if n == 0:
            raise Reject("COUNT", at)
        version_at = self.at
        if self.uint() != 1:
            raise Reject("VERSION", version_at)
        if n != count:
            raise Reject("COUNT", at)

    def end(self):
        if self.at != len(self.data):
            raise Reject("TRAILING", self.at)

    def item(self, depth, limit="DEPTH", is_key=False, last_key=None):
        """One whole item; `depth` more arrays and maps may nest. Gives its bytes."""
        start = self.at
        major, n, head_len = self.head()
        if is_key and major != TEXT:
            raise Reject("MAP_KEY", start)
        if major in (ARRAY, MAP) and depth == 0:
            raise Reject(limit, start)
        self.contents(major, n, head_len)
        if is_key and last_key is not None:
            key = self.data[start : start + head_len + n]
            if key == last_key:
                raise Reject("MAP_DUPLICATE", start)
            if key < last_key:
                raise Reject("MAP_ORDER", start)
        self.at += head_len + (n if major in (BYTES, TEXT) else 0)
        if major == ARRAY:
            for _ in range(n):
                self.item(depth - 1, limit)
        if major == MAP:
            key = None
            for _ in range(n):
                key = self.item(depth - 1, limit, True, key)
                self.item(depth - 1, limit)
        return self.data[start : self.at]

    def metadata(self, limit):
        """encoding.md 1.2."""
        start = self.at
        if self.data[start : start + 1] == b"\xf6":
            self.at += 1
            return None
        major, n, head_len = self.head()
        if major != MAP:
            raise Reject("TYPE", start)
        self.contents(major, n, head_len)
        raw = self.item(8, limit)
        if len(raw) > 4096:
            raise Reject(limit, start)
        return Raw(raw)


# ---- encoding.md 2 and 3: hashes, Merkle trees ----


def sha256(data):
    return hashlib.sha256(data).digest()


def tagged(tag, data):
    return sha256(tag.encode() + b"\0" + data)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def tree(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    k = split(len(leaves))
    return sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))


def proof(leaves, index):
    """The siblings from the leaf up."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return proof(leaves[:k], index) + [tree(leaves[k:])]
    return proof(leaves[k:], index - k) + [tree(leaves[:k])]


def uvarint(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def map_items(pairs):
    return [uvarint(len(k)) + k + uvarint(32) + sha256(v) for k, v in sorted(pairs.items())]


# ---- signature.md: keys and signing (RFC 8032) ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * SQRT_M1 % P
    if (x * x - xx) % P:
        return None
    if x == 0 and sign:
        return None
    return P - x if x & 1 != sign else x


def point_add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def point_mul(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        n >>= 1
    return result


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def key_usable(key):
    y = int.from_bytes(key, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return False
    x = recover_x(y, sign)
    if x is None:
        return False
    px, py, pz, _ = point_mul(8, (x, y, 1, x * y % P))
    return not (px == 0 and py == pz)


def is_system(address):
    return address[:31] == bytes(31)


def can_send(address):
    return not is_system(address) and key_usable(address)


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254
    return a, h[32:]


def public_key(seed):
    return compress(point_mul(expand(seed)[0], BASE))


def sign(seed, message):
    a, prefix = expand(seed)
    key = compress(point_mul(a, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = compress(point_mul(r, BASE))
    k = int.from_bytes(hashlib.sha512(big_r + key + message).digest(), "little") % L
    return big_r + ((r + k * a) % L).to_bytes(32, "little")


# ---- addresses.md ----

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIXES = {"account": "bl", "contract": "blc", "system": "bls"}
BECH32M = 0x2BC830A3


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> i & 1:
                check ^= g
    return check


def bech32m(prefix, groups):
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = polymod(expanded + groups + [0] * 6) ^ BECH32M
    groups = groups + [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(CHARSET[g] for g in groups)


def address_groups(address, padding=0):
    bits = int.from_bytes(address, "big") << 4 | padding
    return [bits >> 5 * (51 - i) & 31 for i in range(52)]


def address_text(kind, address):
    if is_system(address):
        kind = "system"
    return bech32m(PREFIXES[kind], address_groups(address))


def address_parse(text):
    """Gives (kind, bytes), or the name of the rule that is broken."""
    if any("A" <= c <= "Z" for c in text):
        return "case"
    prefix, one, data = text.partition("1")
    kinds = [k for k, p in PREFIXES.items() if p == prefix]
    if not one or not kinds:
        return "prefix"
    if len(data) != 58:
        return "length"
    if any(c not in CHARSET for c in data):
        return "character"
    groups = [CHARSET.index(c) for c in data]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    if polymod(expanded + groups) != BECH32M:
        return "checksum"
    bits = 0
    for g in groups[:52]:
        bits = bits << 5 | g
    if bits & 15:
        return "padding"
    address = (bits >> 4).to_bytes(32, "big")
    if is_system(address) != (kinds[0] == "system"):
        return "kind"
    return kinds[0], address


def contract_id_genesis(name):
    return tagged("baals:contract:0", enc([name]))


def contract_id_deploy(deployer, nonce):
    return tagged("baals:contract:1", enc([deployer, nonce]))


def contract_id_contract(deployer, salt, code_hash):
    return tagged("baals:contract:2", enc([deployer, salt, code_hash]))


# ---- transaction.md ----

TX_FIELDS = (
    "kind chain_id sender nonce recipient amount payload gas_limit gas_price valid_until metadata"
).split()


def tx_body(tx):
    return enc([1] + [tx[f] for f in TX_FIELDS])


def tx_encode(tx, seed):
    body = tx_body(tx)
    return enc([Raw(body), sign(seed, b"baals:tx:1\0" + body)])


def check_recipient(kind, recipient, amount, at):
    if recipient is not None and kind in (2, 3):
        raise Reject("RECIPIENT", at)
    if recipient is not None and is_system(recipient):
        raise Reject("RECIPIENT", at)
    if recipient is None and amount > 0 and kind in (0, 1, 3):
        raise Reject("RECIPIENT", at)


def read_kind(r, most):
    at = r.at
    kind = r.uint()
    if kind > most:
        raise Reject("KIND", at)
    return kind


def tx_decode(data):
    if len(data) > 1310720:
        raise Reject("TX_SIZE", 0)
    r = Reader(data)
    r.array(2)
    begin = r.at
    r.versioned(12)
    tx = {"kind": read_kind(r, 3), "chain_id": r.exact(32)}
    sender_at = r.at
    tx["sender"] = r.exact(32)
    tx["nonce"] = r.uint()
    recipient_at = r.at
    tx["recipient"] = r.optional(lambda: r.exact(32))
    tx["amount"] = r.uint()
    tx["payload"] = r.optional(r.bytes)
    tx["gas_limit"] = r.uint()
    tx["gas_price"] = r.uint()
    tx["valid_until"] = r.optional(r.uint)
    tx["metadata"] = r.metadata("METADATA")
    body = data[begin : r.at]
    signature = r.exact(64)
    r.end()
    if not can_send(tx["sender"]):
        raise Reject("SENDER", sender_at)
    check_recipient(tx["kind"], tx["recipient"], tx["amount"], recipient_at)
    assert enc([Raw(tx_body(tx)), signature]) == data and tx_body(tx) == body
    return tx


def call_decode(data):
    r = Reader(data)
    r.array(2)
    result = r.text().decode(), r.bytes()
    r.end()
    return result


def deploy_decode(data):
    r = Reader(data)
    r.array(2)
    result = r.bytes(), r.optional(r.bytes)
    r.end()
    return result


# ---- sysop.md ----

PARAMS = {
    "block_gas_limit": (50000000, 2**53),
    "gas_price_min": (0, U64),
    "burn_fees": (0, 1),
    "gas_schedule": (1, 2),
    "wasm_limits": (1, 2),
}


def sysop_decode(data):
    r = Reader(data)
    r.array(3)
    at = r.at
    op = r.text().decode()
    if op not in ("authorities", "param", "mint", "act"):
        raise Reject("RANGE", at)
    r.uint()
    if op == "authorities":
        at = r.at
        count = r.array()
        if not 1 <= count <= 64:
            raise Reject("COUNT", at)
        seen = set()
        for _ in range(count):
            at = r.at
            key = r.exact(32)
            if not can_send(key) or key in seen:
                raise Reject("SENDER", at)
            seen.add(key)
    elif op == "param":
        r.array(2)
        at = r.at
        name = r.text().decode()
        if name not in PARAMS:
            raise Reject("RANGE", at)
        at = r.at
        low, high = PARAMS[name]
        if not low <= r.uint() <= high:
            raise Reject("RANGE", at)
    elif op == "mint":
        r.array(2)
        at = r.at
        if is_system(r.exact(32)):
            raise Reject("RECIPIENT", at)
        at = r.at
        if r.uint() == 0:
            raise Reject("AMOUNT", at)
    else:
        r.array(5)
        sender_at = r.at
        sender = r.exact(32)
        kind = read_kind(r, 2)
        recipient_at = r.at
        recipient = r.optional(lambda: r.exact(32))
        amount = r.uint()
        r.optional(r.bytes)
        if is_system(sender):
            raise Reject("SENDER", sender_at)
        check_recipient(kind, recipient, amount, recipient_at)
    r.end()


# ---- block.md, receipt.md, account records ----

HEADER_FIELDS = (
    "chain_id index timestamp_ms prev_hash tx_root receipts_root state_root gas_used proposer nonce "
    "metadata"
).split()


def header_encode(header):
    return enc([1] + [header[f] for f in HEADER_FIELDS])


def read_header(r):
    r.versioned(12)
    header = {}
    for field in HEADER_FIELDS[:-1]:
        number = field in ("index", "timestamp_ms", "gas_used", "nonce")
        header[field] = r.uint() if number else r.exact(32)
    header["metadata"] = r.metadata("HEADER_METADATA")
    return header


def block_decode(data):
    if len(data) > 16777216:
        raise Reject("BLOCK_SIZE", 0)
    r = Reader(data)
    r.array(3)
    header = read_header(r)
    seal = r.metadata("SEAL")
    txs = [Raw(r.item(14)) for _ in range(r.array())]
    r.end()
    assert enc([Raw(header_encode(header)), seal, txs]) == data
    return header, seal, txs


STATUSES = (
    "OK REVERT TRAP OUT_OF_GAS OUT_OF_STACK NO_METHOD NO_CONTRACT BAD_PAYLOAD BAD_CODE ADDRESS_TAKEN "
    "REENTRY LIMIT"
).split()


def receipt_decode(data):
    r = Reader(data)
    r.versioned(7)
    at = r.at
    status = r.uint()
    if status >= len(STATUSES):
        raise Reject("RANGE", at)
    gas_used, fee = r.uint(), r.uint()
    contract = r.optional(lambda: r.exact(32))
    at = r.at
    output = r.bytes()
    if len(output) > 65536:
        raise Reject("LENGTH", at)
    events = []
    for _ in range(r.array(most=100)):
        r.array(3)
        emitter = r.exact(32)
        topics = [r.exact(32) for _ in range(r.array(most=4))]
        at = r.at
        payload = r.bytes()
        if len(payload) > 16384:
            raise Reject("LENGTH", at)
        events.append([emitter, topics, payload])
    r.end()
    assert enc([1, status, gas_used, fee, contract, output, events]) == data


def account_decode(data):
    r = Reader(data)
    r.array(4)
    record = [r.uint(), r.uint(), r.optional(lambda: r.exact(32)), r.optional(lambda: r.exact(32))]
    r.end()
    assert enc(record) == data


# ---- genesis.md ----


def is_name(name):
    return 1 <= len(name.encode()) <= 64 and not any(ord(c) < 32 or ord(c) == 127 for c in name)


def genesis_values(g):
    """genesis.md 3, step 3. `g` is the list of the CBOR."""
    _, name, start, engine, poa, dev, balances, contracts, params = g

    def rule(holds):
        if not holds:
            raise Reject("GENESIS", 0)

    rule(is_name(name))
    rule(start < 2**53)
    rule(engine == "poa")
    authorities, slot, interval, count, size, _, _ = poa
    rule(1 <= len(authorities) <= 64)
    rule(all(can_send(a) for a in authorities))
    rule(len(set(authorities)) == len(authorities))
    rule(1 <= slot <= 3600000 and interval <= 86400000)
    rule(count <= 65536 and size <= 16777216)
    rule(not dev or len(authorities) == 1)
    rule(all(is_name(c[0]) for c in contracts))
    rule(len({c[0] for c in contracts}) == len(contracts))
    ids = {contract_id_genesis(c[0]) for c in contracts}
    addresses = [b[0] for b in balances]
    rule(all(a < b for a, b in zip(addresses, addresses[1:])))
    rule(all(not is_system(a) and (key_usable(a) or a in ids) for a in addresses))
    rule(all(b[1] > 0 for b in balances) and sum(b[1] for b in balances) <= U64)
    for value, (low, high) in zip(params, PARAMS.values()):
        rule(low <= int(value) <= high)


def genesis_decode(data):
    if len(data) > 16777216:
        raise Reject("GENESIS", 0)
    r = Reader(data)
    r.versioned(9)
    g = [1, r.text().decode(), r.uint(), r.text().decode()]
    r.array(7)
    authorities = [r.exact(32) for _ in range(r.array(most=64))]
    g.append([authorities, r.uint(), r.uint(), r.uint(), r.uint(), r.bool(), r.bool()])
    g.append(r.bool())
    balances = []
    for _ in range(r.array(most=100000)):
        r.array(2)
        balances.append([r.exact(32), r.uint()])
    contracts = []
    for _ in range(r.array(most=256)):
        r.array(3)
        contracts.append([r.text().decode(), r.exact(32), r.optional(r.bytes)])
    g += [balances, contracts]
    r.array(5)
    params = [r.uint(), r.uint(), r.bool()]
    for _ in range(2):
        at = r.at
        params.append(r.uint())
        if params[-1] > 2**32 - 1:
            raise Reject("RANGE", at)
    g.append(params)
    r.end()
    genesis_values(g)
    assert enc(g) == data
    return g


def genesis_from_json(g):
    """genesis.md 1 to 2."""
    poa, params = g["poa"], g["params"]
    balances = [[address_parse(b["address"])[1], int(b["amount"])] for b in g["balances"]]
    return [
        g["format"],
        g["chain_name"],
        g["start_ms"],
        g["engine"],
        [
            [address_parse(a)[1] for a in poa["authorities"]],
            poa["slot_ms"],
            poa["interval_ms"],
            poa["pending_count"],
            poa["pending_bytes"],
            poa["instant"],
            poa["empty_blocks"],
        ],
        g["dev"],
        sorted(balances),
        [
            [c["name"], bytes.fromhex(c["sha256"]), None if c["init"] is None else bytes.fromhex(c["init"])]
            for c in g["contracts"]
        ],
        [
            int(params["block_gas_limit"]),
            int(params["gas_price_min"]),
            params["burn_fees"],
            params["gas_schedule"],
            params["wasm_limits"],
        ],
    ]


# ---- making vectors ----


def verdict(decode, data):
    try:
        decode(data)
    except Reject as reject:
        return reject
    return None


def item_decode(data):
    r = Reader(data)
    r.item(16)
    r.end()


def reject_case(decode, what, data):
    """A case that must be refused, with the verdict this implementation gives."""
    found = verdict(decode, data)
    if found is None:
        raise SystemExit(f"the case is not refused: {what} {data.hex()}")
    return {"what": what, **squeeze(data), "status": found.status, "offset": found.offset}


def squeeze(data):
    """Long runs of zeros are written as a count: hex || 00 x zeros || hex_after."""
    longest = max(re.finditer(rb"\0+", data), key=lambda m: len(m[0]), default=None)
    if longest is None or len(longest[0]) < 4096:
        return {"hex": data.hex()}
    return {
        "hex": data[: longest.start()].hex(),
        "zeros": len(longest[0]),
        "hex_after": data[longest.end() :].hex(),
    }


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        choice = rng.randrange(5)
        at = rng.randrange(len(data)) if data else 0
        if choice == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif choice == 1:
            del data[at:]
        elif choice == 2 and data:
            data[at] = rng.choice((0x00, 0x17, 0x18, 0x1B, 0x40, 0x58, 0x60, 0x80, 0x9F, 0xA0, 0xF6, 0xFF))
        elif choice == 3:
            data[at:at] = bytes([rng.randrange(256)])
        elif data:
            del data[at]
    return bytes(data)


def mutations(options, name, decode, samples):
    """Random faults of valid samples, each with its verdict; `accept` where there is none."""
    rng = random.Random(f"{options.seed} {name}")
    cases = []
    for _ in range(options.mutations):
        data = mutate(rng, rng.choice(samples))
        found = verdict(decode, data)
        case = {"hex": data.hex()}
        case.update({"status": found.status, "offset": found.offset} if found else {"status": "OK"})
        cases.append(case)
    return cases


def h(data):
    return None if data is None else data.hex()


def seed_of(n):
    return sha256(b"baals spec vector key %d" % n)


KEYS = [public_key(seed_of(n)) for n in range(4)]
CHAIN = sha256(b"baals spec vector chain")
ADDRESS = sha256(b"baals spec vector contract")
SYSTEM = bytes(31) + b"\x07"
# A contract whose id is no usable key, as about half of all hashes are not.
NAME = next(n for n in ("token", "vault", "shop", "vote") if not key_usable(contract_id_genesis(n)))


def tagged_value(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, list):
        return {"array": [tagged_value(v) for v in value]}
    pairs = sorted(value.items(), key=lambda kv: enc(kv[0]))
    return {"map": [[k, tagged_value(v)] for k, v in pairs]}


def nested(depth, inner=b"\xf6"):
    return b"\x81" * depth + inner


def make_encoding(options):
    numbers = [0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, U64]
    values = numbers + [-1, -24, -25, -256, -257, -65536, -65537, -(2**32), -(2**32) - 1, -(2**63)]
    values += [b"", b"\0", bytes(range(24)), bytes(256), "", "a", "\u00fc\u6c34\U00010151", "x" * 24]
    values += [[], [1, [2, 3]], {}, {"a": 1, "b": [2]}, {"b": 1, "aa": 2}, {"": None}, False, True, None]
    values += [[True, False, None, -1, "t", b"\1", {"k": {"k": []}}]]
    accept = [{"value": tagged_value(v), "hex": enc(v).hex()} for v in values]

    rejects = [
        ("nothing", ""),
        ("argument cut off", "18"),
        ("argument of eight bytes cut off", "1b00000001000000"),
        ("byte string cut off", "43 0102"),
        ("byte string of 2^64-1 bytes", "5bffffffffffffffff"),
        ("text cut off", "62 61"),
        ("array cut off at its count", "82 01"),
        ("array element missing", "82 8101"),
        ("array of 2^64-1 elements", "9bffffffffffffffff00"),
        ("map cut off at its count", "a1 61"),
        ("map of 2^63 pairs", "bb800000000000000000"),
        ("map value missing", "a2 6161 6162 01"),
        ("one byte behind", "00 00"),
        ("0 in two bytes", "1800"),
        ("23 in two bytes", "1817"),
        ("255 in three bytes", "1900ff"),
        ("65535 in five bytes", "1a0000ffff"),
        ("2^32-1 in nine bytes", "1b00000000ffffffff"),
        ("length in two bytes", "5800"),
        ("count in two bytes", "9800"),
        ("negative not shortest", "3817"),
        ("below -2^63", "3b8000000000000000"),
        ("half float", "f90000"),
        ("single float", "fa00000000"),
        ("double float", "fb0000000000000000"),
        ("undefined", "f7"),
        ("simple value 0", "e0"),
        ("simple value in two bytes", "f820"),
        ("tag", "c000"),
        ("indefinite bytes", "5fff"),
        ("indefinite text", "7fff"),
        ("indefinite array", "9fff"),
        ("indefinite map", "bfff"),
        ("break", "ff"),
        ("reserved 28", "1c"),
        ("reserved 30", "9e"),
        ("text with a lone continuation byte", "6180"),
        ("text with an overlong slash", "62c0af"),
        ("text with an overlong sequence of three", "63e09fbf"),
        ("text with an overlong sequence of four", "64f08fbfbf"),
        ("text with a surrogate", "63eda080"),
        ("text above U+10FFFF", "64f4908080"),
        ("text with a sequence cut off", "62e282"),
        ("integer as key", "a1 01 01"),
        ("byte string as key", "a1 4161 01"),
        ("keys out of order", "a2 6162 01 6161 02"),
        ("longer key first", "a2 626161 01 6162 02"),
        ("key twice", "a2 6161 01 6161 02"),
        ("keys inside out of order", "81 a2 6162 01 6161 02"),
        ("a bad item deep inside", "83 01 82 02 a1 6161 f7 03"),
        ("17 arrays", nested(17).hex()),
        ("17 levels, the last a map", nested(16, b"\xa0").hex()),
    ]
    record = lambda b, n, c, d: {"balance": str(b), "nonce": str(n), "code_hash": h(c), "creator": h(d),
                                 "hex": enc([b, n, c, d]).hex()}
    accounts = [record(0, 0, None, None), record(1000, 7, None, None), record(U64, U64, CHAIN, KEYS[0]),
                record(5, 0, CHAIN, None), record(5, 0, None, KEYS[1])]
    account_rejects = [
        ("three fields", enc([1, 2, None])),
        ("balance negative", enc([-1, 2, None, None])),
        ("code hash of 31 bytes", enc([1, 2, bytes(31), None])),
        ("code hash a text", enc([1, 2, "x", None])),
        ("false instead of null", enc([1, 2, None, False])),
        ("a byte behind", enc([1, 2, None, None]) + b"\0"),
    ]
    tags = ["baals:txid:1", "baals:block:1", "baals:genesis:1", "baals:sysop:1", "baals:contract:0",
            "baals:contract:1"]
    return {
        "about": "docs/spec/encoding.md 1, 2 and 4",
        "cbor": accept + [{"what": "16 arrays", "hex": nested(16).hex()},
                          {"what": "16 levels, the last a map", "hex": nested(15, b"\xa0").hex()}],
        "cbor_reject": [reject_case(item_decode, w, bytes.fromhex(x)) for w, x in rejects],
        "cbor_mutations": mutations(options, "cbor", item_decode, [enc(v) for v in values[24:]]),
        "accounts": accounts,
        "account_reject": [reject_case(account_decode, w, d) for w, d in account_rejects],
        "account_mutations": mutations(options, "account", account_decode,
                                       [bytes.fromhex(a["hex"]) for a in accounts]),
        "tagged": [{"tag": t, "data": d.hex(), "hash": tagged(t, d).hex()} for t in tags for d in (b"", b"abc")],
    }


def make_merkle(_):
    lists = []
    for count in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17):
        leaves = [bytes([i]) * (i % 5) for i in range(count)]
        lists.append({
            "leaves": [x.hex() for x in leaves],
            "root": tree(leaves).hex(),
            "proofs": [[s.hex() for s in proof(leaves, i)] for i in range(count)],
        })
    maps = [
        {},
        {b"a": b""},
        {b"": b"empty key", b"\xff": b"\1"},
        {b"chain_id": b"baals-1", b"code/a": bytes([1, 2, 3]), b"params": b"p"},
        {b"k" * 127: b"1", b"k" * 128: b"2", b"k" * 300: b"3"},
        {b"%02d" % i: bytes([i]) for i in range(11)},
    ]
    return {
        "about": "docs/spec/encoding.md 3",
        "lists": lists,
        "maps": [{
            "pairs": [[k.hex(), v.hex()] for k, v in sorted(m.items())],
            "root": tree(map_items(m)).hex(),
            "proofs": [[s.hex() for s in proof(map_items(m), i)] for i in range(len(m))],
        } for m in maps],
    }


def make_address(_):
    good = [("account", KEYS[0]), ("account", KEYS[1]), ("contract", ADDRESS), ("system", bytes(32)),
            ("system", SYSTEM), ("system", bytes(31) + b"\xff"), ("account", bytes([255]) * 32),
            ("contract", bytes(30) + b"\1\0")]
    texts = [{"kind": k, "bytes": a.hex(), "text": address_text(k, a)} for k, a in good]
    text = texts[0]["text"]
    swap = text[:10] + text[11] + text[10] + text[12:]
    bad = ["", "1", "bl", "bl1", text.upper(), text[:-1] + text[-1].upper() if text[-1].isalpha() else "Bl1",
           "bc" + text[2:], "blx" + text[2:], text[3:], text[:-1], text + "q", text[:20] + text[21:],
           text[:30] + "b" + text[31:], text[:30] + " " + text[31:], text[:30] + "1" + text[31:],
           text[:30] + "\u00fc" + text[32:],
           text[:-1] + ("q" if text[-1] != "q" else "p"), swap, "blc" + text[2:],
           bech32m("bl", address_groups(KEYS[0], 1)), bech32m("bl", address_groups(KEYS[0], 8)),
           bech32m("bl", address_groups(SYSTEM)), bech32m("blc", address_groups(bytes(32))),
           bech32m("bls", address_groups(KEYS[0])), " " + text, text + "\n",
           "bl1" + "q" * 100, "bl1" + "q" * 100 + "Q"]
    # The checksum of BIP 173 instead of BIP 350's.
    expanded = [ord(c) >> 5 for c in "bl"] + [0] + [ord(c) & 31 for c in "bl"]
    check = polymod(expanded + address_groups(KEYS[0]) + [0] * 6) ^ 1
    bad.append(text[:-6] + "".join(CHARSET[check >> 5 * (5 - i) & 31] for i in range(6)))
    rejects = []
    for t in bad:
        rule = address_parse(t) if t.isascii() else address_parse(t.encode().decode("latin-1"))
        assert isinstance(rule, str), t
        rejects.append({"text": t, "rule": rule})
    names = ["token", "a", "x" * 64, "\u00fc"]
    deploys = [(KEYS[0], 0), (KEYS[0], 1), (KEYS[1], 24), (ADDRESS, U64 - 1)]
    return {
        "about": "docs/spec/addresses.md",
        "texts": texts,
        "reject": rejects,
        "genesis_contracts": [{"name": n, "id": contract_id_genesis(n).hex()} for n in names],
        "deployed_contracts": [{"deployer": d.hex(), "nonce": str(n), "id": contract_id_deploy(d, n).hex()}
                               for d, n in deploys],
        "made_contracts": [{"deployer": d.hex(), "salt": s.hex(), "code_hash": c.hex(),
                            "id": contract_id_contract(d, s, c).hex()}
                           for d, s, c in ((ADDRESS, bytes(32), CHAIN), (ADDRESS, CHAIN, CHAIN),
                                           (KEYS[0], bytes(range(32)), b"\xff" * 32))],
    }


def sample_tx(**fields):
    tx = {"kind": 0, "chain_id": CHAIN, "sender": KEYS[0], "nonce": 0, "recipient": KEYS[1], "amount": 1000,
          "payload": None, "gas_limit": 50000, "gas_price": 1, "valid_until": None, "metadata": None}
    tx.update(fields)
    return tx


def tx_case(what, tx, signer=0):
    data = tx_encode(tx, seed_of(signer))
    tx_decode(data)
    fields = {}
    for name in TX_FIELDS:
        value = tx[name]
        if name == "metadata":
            value = None if value is None else enc(value).hex()
        elif isinstance(value, bytes):
            value = value.hex()
        elif isinstance(value, int) and name != "kind":
            value = str(value)
        fields[name] = value
    payload = fields["payload"]
    if payload is not None and len(payload) > 10000:
        fields["payload"] = {"zeros": len(tx["payload"])}
        assert tx["payload"] == bytes(len(tx["payload"]))
    return {"what": what, "seed": seed_of(signer).hex(), "fields": fields,
            "body_sha256": sha256(tx_body(tx)).hex(), **squeeze(data),
            "id": tagged("baals:txid:1", data).hex()}


def meta_of_size(size):
    """A metadata map of exactly `size` encoded bytes."""
    for length in range(size):
        data = {"k": bytes([1]) * length}
        if len(enc(data)) == size:
            return data
    raise ValueError(size)


def deep_map(depth):
    value = 1
    for _ in range(depth):
        value = {"d": value}
    return value


def make_transaction(options):
    call = enc(["add", enc([1, 2])])
    deploy = enc([b"\0asm\1\0\0\0", None])
    largest = len(tx_encode(sample_tx(payload=bytes(1300000)), seed_of(0)))
    fill = 1300000 + 1310720 - largest
    good = [
        ("transfer", sample_tx()),
        ("transfer with every field", sample_tx(nonce=U64 - 1, amount=U64, payload=b"memo", gas_limit=U64,
                                                gas_price=U64, valid_until=U64, metadata={"a": 1, "bb": [True]})),
        ("anchoring: no recipient, no amount", sample_tx(recipient=None, amount=0, payload=bytes(range(40)))),
        ("empty payload and empty metadata", sample_tx(payload=b"", metadata={})),
        ("to itself", sample_tx(recipient=KEYS[0])),
        ("call", sample_tx(kind=1, recipient=ADDRESS, amount=0, payload=call)),
        ("call of nobody", sample_tx(kind=1, recipient=None, amount=0, payload=call)),
        ("call without a payload", sample_tx(kind=1, recipient=ADDRESS, amount=5)),
        ("deploy", sample_tx(kind=2, recipient=None, amount=0, payload=deploy)),
        ("deploy with an amount", sample_tx(kind=2, recipient=None, amount=9, payload=deploy, valid_until=10)),
        ("system operation", sample_tx(kind=3, recipient=None, amount=0,
                                       payload=enc(["param", 0, ["burn_fees", 1]]))),
        ("metadata of 4,096 bytes", sample_tx(metadata=meta_of_size(4096))),
        ("metadata of depth 8", sample_tx(metadata=deep_map(8))),
        ("1,310,720 bytes", sample_tx(payload=bytes(fill))),
    ]
    cases = [tx_case(w, t) for w, t in good] + [tx_case("another sender", sample_tx(sender=KEYS[2]), 2)]

    def raw(signature=bytes(64), **fields):
        return enc([Raw(tx_body(sample_tx(**fields))), signature])

    base = raw()
    body = [1] + [sample_tx()[f] for f in TX_FIELDS]
    small_order = [bytes(32), b"\1" + bytes(31), (P - 1).to_bytes(32, "little"), bytes(31) + b"\x80"]
    order8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    off_curve = next(bytes([n]) + bytes(30) + b"\1" for n in range(256)
                     if recover_x(int.from_bytes(bytes([n]) + bytes(30) + b"\1", "little"), 0) is None)
    bad = [
        ("nothing", b""),
        ("1,310,721 bytes", bytes(1310721)),
        ("a map", b"\xa0"),
        ("an array of 3", enc([Raw(enc(body)), bytes(64), None])),
        ("an array of 1", enc([Raw(enc(body))])),
        ("body a byte string", enc([enc(body), bytes(64)])),
        ("version 2", enc([[2] + body[1:], bytes(64)])),
        ("version 2 with another count", enc([[2] + body[1:] + [None], bytes(64)])),
        ("version null", enc([[None] + body[1:], bytes(64)])),
        ("an empty body", enc([[], bytes(64)])),
        ("a body of 11", enc([body[:-1], bytes(64)])),
        ("a body of 13", enc([body + [None], bytes(64)])),
        ("kind 4", raw(kind=4)),
        ("kind 256", raw(kind=256)),
        ("kind negative", raw(kind=-1)),
        ("chain id of 31 bytes", raw(chain_id=bytes(31))),
        ("chain id null", raw(chain_id=None)),
        ("sender of 33 bytes", raw(sender=bytes(33))),
        ("nonce negative", raw(nonce=-1)),
        ("nonce null", raw(nonce=None)),
        ("recipient of 20 bytes", raw(recipient=bytes(20))),
        ("recipient false", raw(recipient=False)),
        ("amount a text", raw(amount="1000")),
        ("payload an array", raw(payload=[])),
        ("gas limit null", raw(gas_limit=None)),
        ("gas price negative", raw(gas_price=-1)),
        ("valid until a byte string", raw(valid_until=b"")),
        ("metadata an array", raw(metadata=[])),
        ("metadata false", raw(metadata=False)),
        ("metadata with an integer key", raw(metadata=Raw(bytes.fromhex("a10101")))),
        ("metadata with a float", raw(metadata=Raw(bytes.fromhex("a16161f90000")))),
        ("metadata out of order", raw(metadata=Raw(bytes.fromhex("a2616201616102")))),
        ("metadata of 4,097 bytes", raw(metadata=meta_of_size(4097))),
        ("metadata of depth 9", raw(metadata=deep_map(9))),
        ("metadata of depth 9 and too long", raw(metadata={"a": bytes(5000), "d": deep_map(9)})),
        ("signature of 63 bytes", raw(bytes(63))),
        ("signature of 65 bytes", raw(bytes(65))),
        ("signature null", enc([body, None])),
        ("a byte behind", base + b"\0"),
        ("sender a system address", raw(sender=SYSTEM)),
        ("sender not on the curve", raw(sender=off_curve)),
        ("sender not canonical", raw(sender=(P + 1).to_bytes(32, "little"))),
        ("sender of order 8", raw(sender=bytes.fromhex(order8))),
    ]
    bad += [("sender of small order", raw(sender=k)) for k in small_order]
    bad += [
        ("recipient a system address", raw(recipient=SYSTEM)),
        ("recipient the zero address", raw(recipient=bytes(32))),
        ("call of a system address", raw(kind=1, recipient=SYSTEM, amount=0)),
        ("transfer of an amount to nobody", raw(recipient=None)),
        ("call of nobody with an amount", raw(kind=1, recipient=None)),
        ("deploy with a recipient", raw(kind=2)),
        ("system operation with a recipient", raw(kind=3, amount=0)),
        ("system operation with an amount", raw(kind=3, recipient=None)),
        ("sender before recipient", raw(sender=SYSTEM, recipient=SYSTEM)),
        ("a byte behind before sender", raw(sender=SYSTEM) + b"\0"),
        ("kind before sender", raw(kind=9, sender=SYSTEM)),
        ("amount null before the recipient's rules", raw(recipient=SYSTEM, amount=None)),
    ]
    rejects = [reject_case(tx_decode, w, d) for w, d in bad]
    rejects += [reject_case(tx_decode, f"cut off after {n} bytes", base[:n]) for n in range(0, len(base), 7)]

    calls = [("add", b""), ("", b"\1"), ("\u00fc", bytes(30))]
    deploys = [(b"", None), (b"\0asm", b""), (bytes(30), b"\1\2")]
    payload_bad = [
        ("call", "null", b"\xf6"), ("call", "nothing", b""), ("call", "array of 1", enc(["m"])),
        ("call", "method bytes", enc([b"m", b""])), ("call", "args null", enc(["m", None])),
        ("call", "args an array", enc(["m", []])), ("call", "method not UTF-8", b"\x82\x61\xff\x40"),
        ("call", "a byte behind", enc(["m", b""]) + b"\0"),
        ("deploy", "code null", enc([None, None])), ("deploy", "init args text", enc([b"", "x"])),
        ("deploy", "array of 3", enc([b"", None, None])), ("deploy", "cut off", enc([b"abc", None])[:-1]),
        ("deploy", "a byte behind", enc([b"", None]) + b"\0"),
    ]
    decoders = {"call": call_decode, "deploy": deploy_decode}
    samples = [tx_encode(t, seed_of(0)) for _, t in good[:11]]
    return {
        "about": "docs/spec/transaction.md",
        "accept": cases,
        "reject": rejects,
        "mutations": mutations(options, "tx", tx_decode, samples),
        "calls": [{"method": m, "args": a.hex(), "hex": enc([m, a]).hex()} for m, a in calls],
        "deploys": [{"code": c.hex(), "init_args": h(a), "hex": enc([c, a]).hex()} for c, a in deploys],
        "payload_reject": [{"payload": k, **reject_case(decoders[k], w, d)} for k, w, d in payload_bad],
    }


def make_sysop(options):
    good = [
        ("authorities", 0, [KEYS[0]]),
        ("authorities", 3, [KEYS[2], KEYS[0], KEYS[1]]),
        ("param", 1, ["block_gas_limit", 50000000]),
        ("param", 1, ["block_gas_limit", 2**53]),
        ("param", 0, ["gas_price_min", U64]),
        ("param", 0, ["burn_fees", 1]),
        ("param", 0, ["gas_schedule", 1]),
        ("param", U64, ["wasm_limits", 1]),
        ("param", U64, ["wasm_limits", 2]),
        ("mint", 0, [KEYS[1], 1]),
        ("mint", 0, [ADDRESS, U64]),
        ("act", 0, [KEYS[1], 0, KEYS[2], 5, None]),
        ("act", 0, [ADDRESS, 1, ADDRESS, 0, enc(["m", b""])]),
        ("act", 0, [KEYS[1], 2, None, 7, enc([b"\0asm", None])]),
        ("act", 0, [KEYS[1], 0, None, 0, b"anchor"]),
    ]
    accept = []
    for op, epoch, args in good:
        data = enc([op, epoch, args])
        sysop_decode(data)
        accept.append({"op": op, "epoch": str(epoch), "args": tagged_value(args), "hex": data.hex(),
                       "id": tagged("baals:sysop:1", data).hex()})
    many = [public_key(seed_of(100 + n)) for n in range(2)] * 33
    bad = [
        ("null", None), ("an array of 2", ["param", 0]), ("op bytes", [b"param", 0, ["burn_fees", 1]]),
        ("op unknown", ["pause", 0, []]), ("op in upper case", ["Param", 0, ["burn_fees", 1]]),
        ("epoch negative", ["param", -1, ["burn_fees", 1]]), ("epoch null", ["param", None, ["burn_fees", 1]]),
        ("no authorities", ["authorities", 0, []]), ("66 authorities", ["authorities", 0, many]),
        ("authorities a key", ["authorities", 0, KEYS[0]]),
        ("authority of 31 bytes", ["authorities", 0, [bytes(31)]]),
        ("authority a system address", ["authorities", 0, [KEYS[0], SYSTEM]]),
        ("authority of small order", ["authorities", 0, [b"\1" + bytes(31)]]),
        ("authority twice", ["authorities", 0, [KEYS[0], KEYS[1], KEYS[0]]]),
        ("param unknown", ["param", 0, ["slot_ms", 1000]]), ("param without value", ["param", 0, ["burn_fees"]]),
        ("param with a truth value", ["param", 0, ["burn_fees", True]]),
        ("burn_fees 2", ["param", 0, ["burn_fees", 2]]),
        ("block gas limit too low", ["param", 0, ["block_gas_limit", 49999999]]),
        ("block gas limit too high", ["param", 0, ["block_gas_limit", 2**53 + 1]]),
        ("gas schedule 0", ["param", 0, ["gas_schedule", 0]]), ("gas schedule 3", ["param", 0, ["gas_schedule", 3]]),
        ("wasm limits 3", ["param", 0, ["wasm_limits", 3]]),
        ("mint to a system address", ["mint", 0, [SYSTEM, 5]]), ("mint of nothing", ["mint", 0, [KEYS[0], 0]]),
        ("mint without amount", ["mint", 0, [KEYS[0]]]),
        ("act of kind 3", ["act", 0, [KEYS[0], 3, None, 0, None]]),
        ("act of a system address", ["act", 0, [SYSTEM, 0, KEYS[1], 0, None]]),
        ("act to a system address", ["act", 0, [KEYS[0], 0, SYSTEM, 0, None]]),
        ("act of an amount to nobody", ["act", 0, [KEYS[0], 0, None, 1, None]]),
        ("act: deploy with a recipient", ["act", 0, [KEYS[0], 2, KEYS[1], 1, None]]),
        ("act of four fields", ["act", 0, [KEYS[0], 0, KEYS[1], 1]]),
    ]
    rejects = [reject_case(sysop_decode, w, enc(v)) for w, v in bad]
    rejects.append(reject_case(sysop_decode, "a byte behind", enc(["param", 0, ["burn_fees", 1]]) + b"\0"))
    rejects.append(reject_case(sysop_decode, "act: sender before a byte behind",
                               enc(["act", 0, [SYSTEM, 0, KEYS[1], 0, None]]) + b"\0"))
    samples = [bytes.fromhex(c["hex"]) for c in accept]
    return {"about": "docs/spec/sysop.md", "accept": accept, "reject": rejects,
            "mutations": mutations(options, "sysop", sysop_decode, samples)}


def make_block(options):
    txs = [tx_encode(sample_tx(nonce=n), seed_of(0)) for n in range(3)]
    receipts = [enc([1, 0, 31000, 31000, None, b"", []]) for _ in range(3)]

    def header(tx_list, **fields):
        base = {"chain_id": CHAIN, "index": 1, "timestamp_ms": 1767225600000, "prev_hash": sha256(b"parent"),
                "tx_root": tree(tx_list), "receipts_root": tree(receipts[: len(tx_list)]),
                "state_root": sha256(b"state"), "gas_used": 31000 * len(tx_list), "proposer": KEYS[3],
                "nonce": 0, "metadata": None}
        base.update(fields)
        return base

    def case(what, head_fields, tx_list, sealed=True):
        head_bytes = header_encode(head_fields)
        digest = tagged("baals:block:1", head_bytes)
        seal = {"sig": sign(seed_of(3), b"baals:seal:1\0" + digest)} if sealed else None
        data = enc([Raw(head_bytes), seal, [Raw(t) for t in tx_list]])
        block_decode(data)
        fields = {}
        for name in HEADER_FIELDS:
            value = head_fields[name]
            if name == "metadata":
                value = None if value is None else enc(value).hex()
            fields[name] = value.hex() if isinstance(value, bytes) else str(value) if isinstance(value, int) else value
        return {"what": what, "fields": fields, "header": head_bytes.hex(), "hash": digest.hex(),
                "seal": None if seal is None else enc(seal).hex(), "txs": [t.hex() for t in tx_list],
                "tx_root": tree(tx_list).hex(), "hex": data.hex()}

    zero = header([], index=0, prev_hash=bytes(32), proposer=bytes(32))
    accept = [
        case("block 0", zero, [], False),
        case("empty", header([]), []),
        case("one transaction", header(txs[:1]), txs[:1]),
        case("three transactions, slot 9", header(txs, nonce=9, index=2**53), txs),
        case("greatest numbers, metadata", header([], index=U64, timestamp_ms=U64, gas_used=U64, nonce=U64,
                                                  metadata={"target": bytes(32)}), []),
        case("transactions that are other items", header([]), [b"\x00", b"\xf6", nested(14)]),
    ]
    good = header([])

    def raw(seal=None, tx_list=(), **fields):
        return enc([Raw(header_encode({**good, **fields})), seal, [Raw(t) for t in tx_list]])

    head_list = [1] + [good[f] for f in HEADER_FIELDS]
    bad = [
        ("nothing", b""),
        ("16,777,217 bytes", bytes(16777217)),
        ("an array of 2", enc([head_list, None])),
        ("header version 2", enc([[2] + head_list[1:], None, []])),
        ("header of 11", enc([head_list[:-1], None, []])),
        ("header null", enc([None, None, []])),
        ("index negative", raw(index=-1)), ("timestamp a text", raw(timestamp_ms="0")),
        ("previous hash null", raw(prev_hash=None)), ("transaction root of 31 bytes", raw(tx_root=bytes(31))),
        ("receipts root of 33 bytes", raw(receipts_root=bytes(33))), ("state root an array", raw(state_root=[])),
        ("gas used null", raw(gas_used=None)), ("proposer null", raw(proposer=None)),
        ("nonce a byte string", raw(nonce=bytes(8))), ("metadata a text", raw(metadata="x")),
        ("metadata of 4,097 bytes", raw(metadata=meta_of_size(4097))),
        ("metadata of depth 9", raw(metadata=deep_map(9))),
        ("seal a byte string", raw(seal=bytes(64))), ("seal of 4,097 bytes", raw(seal=meta_of_size(4097))),
        ("seal of depth 9", raw(seal=deep_map(9))),
        ("seal with a key twice", raw(seal=Raw(bytes.fromhex("a2616101616101")))),
        ("transactions null", enc([head_list, None, None])),
        ("transactions a map", enc([head_list, None, {}])),
        ("a transaction cut off", raw(tx_list=[txs[0][:-1]])),
        ("a transaction with a float", raw(tx_list=[b"\xf9\0\0"])),
        ("a transaction of depth 15", raw(tx_list=[nested(15)])),
        ("a byte behind", raw() + b"\0"),
    ]
    samples = [bytes.fromhex(c["hex"]) for c in accept]
    return {"about": "docs/spec/block.md", "accept": accept,
            "reject": [reject_case(block_decode, w, d) for w, d in bad],
            "mutations": mutations(options, "block", block_decode, samples)}


def make_receipt(options):
    event = [ADDRESS, [sha256(b"t%d" % n) for n in range(4)], b"data"]
    good = [
        ("transfer", 0, 31000, 31000, None, b"", []),
        ("deploy", 0, 400000, 800000, ADDRESS, b"", [[ADDRESS, [], b""]]),
        ("call with events", 0, 90000, 0, None, b"out", [event, [KEYS[0], event[1][:1], bytes(40)]]),
        ("greatest numbers", 11, U64, U64, None, b"", []),
        ("longest output", 1, 5, 5, None, bytes(65536), []),
        ("longest event", 0, 5, 5, None, b"", [[ADDRESS, [], bytes(16384)]]),
        ("most events", 0, 5, 5, None, b"", [[ADDRESS, [], b""]] * 100),
    ]
    good += [(STATUSES[n].lower(), n, 50000, 50000, None, b"", []) for n in range(len(STATUSES))]
    accept = []
    for what, *fields in good:
        data = enc([1] + fields)
        receipt_decode(data)
        status, gas_used, fee, contract, output, events = fields
        accept.append({"what": what, "status": STATUSES[status], "gas_used": str(gas_used), "fee": str(fee),
                       "contract": h(contract),
                       "output": squeeze(output),
                       "events": [{"contract": e[0].hex(), "topics": [t.hex() for t in e[1]], "data": squeeze(e[2])}
                                  for e in events],
                       **squeeze(data)})

    def raw(**fields):
        base = {"version": 1, "status": 0, "gas_used": 1, "fee": 1, "contract": None, "output": b"", "events": []}
        base.update(fields)
        return enc(list(base.values()))

    bad = [
        ("nothing", b""), ("version 2", raw(version=2)), ("six fields", enc([1, 0, 1, 1, None, b""])),
        ("status 12", raw(status=12)), ("status 256", raw(status=256)), ("status null", raw(status=None)),
        ("gas used negative", raw(gas_used=-1)), ("fee a byte string", raw(fee=b"")),
        ("contract of 31 bytes", raw(contract=bytes(31))), ("contract true", raw(contract=True)),
        ("output null", raw(output=None)), ("output of 65,537 bytes", raw(output=bytes(65537))),
        ("events null", raw(events=None)), ("101 events", raw(events=[[ADDRESS, [], b""]] * 101)),
        ("event of two", raw(events=[[ADDRESS, []]])), ("event contract null", raw(events=[[None, [], b""]])),
        ("five topics", raw(events=[[ADDRESS, [CHAIN] * 5, b""]])),
        ("topic of 31 bytes", raw(events=[[ADDRESS, [bytes(31)], b""]])),
        ("event data text", raw(events=[[ADDRESS, [], "x"]])),
        ("event data of 16,385 bytes", raw(events=[[ADDRESS, [], bytes(16385)]])),
        ("a byte behind", raw() + b"\0"),
    ]
    samples = [enc([1] + list(fields)) for _, *fields in good[:4]]
    return {"about": "docs/spec/receipt.md", "accept": accept,
            "reject": [reject_case(receipt_decode, w, d) for w, d in bad],
            "mutations": mutations(options, "receipt", receipt_decode, samples)}


def sample_genesis(**fields):
    g = {
        "format": 1, "chain_name": "local", "start_ms": 1767225600000, "engine": "poa",
        "poa": {"authorities": [address_text("account", KEYS[0])], "slot_ms": 1000, "interval_ms": 0,
                "pending_count": 0, "pending_bytes": 0, "instant": True, "empty_blocks": False},
        "dev": False,
        "balances": [],
        "contracts": [],
        "params": {"block_gas_limit": "1000000000", "gas_price_min": "0", "burn_fees": False, "gas_schedule": 1,
                   "wasm_limits": 1},
    }
    g.update(fields)
    return g


def make_genesis(options):
    text = [address_text("account", k) for k in KEYS]
    contract = address_text("contract", contract_id_genesis(NAME))
    contracts = [{"name": NAME, "file": NAME + ".wasm", "sha256": CHAIN.hex(), "init": "0102"},
                 {"name": "empty", "file": "a/b.wasm", "sha256": ADDRESS.hex(), "init": ""},
                 {"name": "none", "file": "c.wasm", "sha256": ADDRESS.hex(), "init": None}]
    poa = sample_genesis()["poa"]
    good = [
        ("smallest", sample_genesis()),
        ("dev chain", sample_genesis(dev=True, balances=[{"address": t, "amount": "1000000"} for t in text])),
        ("three authorities, contracts", sample_genesis(
            chain_name="\u00fcbung 1", start_ms=2**53 - 1,
            poa={**poa, "authorities": [text[2], text[0], text[1]], "slot_ms": 3600000, "interval_ms": 86400000,
                 "pending_count": 65536, "pending_bytes": 16777216, "instant": False, "empty_blocks": True},
            balances=[{"address": contract, "amount": "18446744073709551614"}, {"address": text[3], "amount": "1"}],
            contracts=contracts,
            params={"block_gas_limit": "9007199254740992", "gas_price_min": "18446744073709551615",
                    "burn_fees": True, "gas_schedule": 1, "wasm_limits": 1})),
    ]
    accept = []
    for what, g in good:
        data = enc(genesis_from_json(g))
        genesis_decode(data)
        accept.append({"what": what, "json": g, "hex": data.hex(), "chain_id": tagged("baals:genesis:1", data).hex()})

    def raw(**changes):
        g = genesis_from_json(sample_genesis())
        for path, value in changes.items():
            keys = [int(k) for k in re.findall(r"\d+", path)]
            target = g
            for k in keys[:-1]:
                target = target[k]
            target[keys[-1]] = value
        return enc(g)

    key = sorted(KEYS)
    many_balances = head(4, 100001) + bytes(100001)
    bad = [
        ("nothing", b""), ("16,777,217 bytes", bytes(16777217)),
        ("version 2", raw(_0=2)), ("eight fields", enc(genesis_from_json(sample_genesis())[:-1])),
        ("a byte behind", raw() + b"\0"),
        ("name bytes", raw(_1=b"local")), ("name empty", raw(_1="")), ("name of 65 bytes", raw(_1="x" * 65)),
        ("name with a control character", raw(_1="a\nb")), ("name with U+007F", raw(_1="\x7f")),
        ("start 2^53", raw(_2=2**53)), ("engine unknown", raw(_3="pow")), ("engine null", raw(_3=None)),
        ("poa of six", raw(_4=[[KEYS[0]], 1000, 0, 0, 0, True])),
        ("no authorities", raw(_4_0=[])), ("65 authorities", raw(_4_0=[KEYS[0]] * 65)),
        ("authority twice", raw(_4_0=[KEYS[0], KEYS[0]])), ("authority a system address", raw(_4_0=[SYSTEM])),
        ("authority of small order", raw(_4_0=[b"\1" + bytes(31)])),
        ("slot 0", raw(_4_1=0)), ("slot 3,600,001", raw(_4_1=3600001)), ("interval 86,400,001", raw(_4_2=86400001)),
        ("pending count 65,537", raw(_4_3=65537)), ("pending bytes 16,777,217", raw(_4_4=16777217)),
        ("instant 1", raw(_4_5=1)), ("empty blocks null", raw(_4_6=None)),
        ("dev null", raw(_5=None)), ("dev with two authorities", raw(_4_0=[KEYS[0], KEYS[1]], _5=True)),
        ("balance of three", raw(_6=[[KEYS[0], 1, 1]])), ("balance 0", raw(_6=[[KEYS[0], 0]])),
        ("balances out of order", raw(_6=[[key[1], 1], [key[0], 1]])),
        ("balance twice", raw(_6=[[key[0], 1], [key[0], 1]])),
        ("balance of a system address", raw(_6=[[SYSTEM, 1]])),
        ("balance of no key and no contract", raw(_6=[[contract_id_genesis(NAME), 1]])),
        ("balances above 2^64-1", raw(_6=[[key[0], U64], [key[1], 1]])),
        ("100,001 balances", raw(_6=Raw(many_balances))),
        ("contract of two", raw(_7=[["a", CHAIN]])), ("contract name empty", raw(_7=[["", CHAIN, None]])),
        ("contract name twice", raw(_7=[["a", CHAIN, None], ["a", ADDRESS, None]])),
        ("contract hash null", raw(_7=[["a", None, None]])), ("contract init text", raw(_7=[["a", CHAIN, ""]])),
        ("257 contracts", raw(_7=[["a%d" % n, CHAIN, None] for n in range(257)])),
        ("params of four", raw(_8=[10**9, 0, False, 1])), ("block gas limit too low", raw(_8_0=49999999)),
        ("block gas limit too high", raw(_8_0=2**53 + 1)), ("burn fees 0", raw(_8_2=0)),
        ("gas schedule 0", raw(_8_3=0)), ("gas schedule 3", raw(_8_3=3)), ("gas schedule 2^32", raw(_8_3=2**32)),
        ("wasm limits 3", raw(_8_4=3)), ("name before start", raw(_1="", _2=2**53)),
        ("a byte behind before values", raw(_1="") + b"\0"),
    ]
    samples = [bytes.fromhex(c["hex"]) for c in accept]
    return {"about": "docs/spec/genesis.md", "accept": accept,
            "reject": [reject_case(genesis_decode, w, d) for w, d in bad],
            "mutations": mutations(options, "genesis", genesis_decode, samples)}


def make_codes(_):
    page = (ROOT / "docs/spec/codes.md").read_text()
    sections = re.split(r"^## ", page, flags=re.M)

    def rows(title, columns):
        section = next(s for s in sections if s.startswith(title + "\n"))
        found = re.findall(r"^\| (\d+) \| (.+?) \|$", section, flags=re.M)
        return [[int(n)] + [c.strip() for c in rest.split("|")][: columns - 1] for n, rest in found]

    named = lambda title: [{"number": n, "name": m, "code": c} for n, m, c in rows(title, 3)]
    return {
        "about": "docs/spec/codes.md",
        "reject": named("REJECT"),
        "trap": named("TRAP"),
        "receipt": [{"number": n, "name": m} for n, m in rows("Receipt statuses", 2)],
        "local": named("Local statuses"),
    }


MAKERS = {
    "encoding": make_encoding,
    "merkle": make_merkle,
    "address": make_address,
    "transaction": make_transaction,
    "sysop": make_sysop,
    "block": make_block,
    "receipt": make_receipt,
    "genesis": make_genesis,
    "codes": make_codes,
}


def self_check():
    """Facts from elsewhere: RFC 8032 test 1, BIP 350, the goldens of the simple Merkle map."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert public_key(seed).hex() == key
    assert sign(seed, b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert bech32m("a", []) == "a1lqfn3a"
    golden = tree(map_items({b"chain_id": b"baals-1", b"code/a": bytes([1, 2, 3]), b"params": b"p"}))
    assert golden.hex() == "70a244ab435054bc7ec78b09ca7478cedeb8d8556f740e5161b04a7eab819504"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--dir", default=str(ROOT / "docs/spec/vectors"))
    parser.add_argument("--mutations", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    self_check()
    wrong = 0
    for name, make in MAKERS.items():
        path = pathlib.Path(options.dir) / f"{name}.json"
        text = json.dumps({"format": 1, **make(options)}, indent=1, ensure_ascii=True) + "\n"
        if options.write:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path}: not what the specification gives")
            wrong += 1
    print(f"{len(MAKERS)} files {'written' if options.write else 'checked'}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
