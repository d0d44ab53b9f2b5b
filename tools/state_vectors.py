#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/spec/state.md once more, in Python and from the page alone: it shares nothing with the C. It
makes the vectors (--write) and checks that the file in the tree is what it makes (--check, the
default). Only the standard library is used.

    tools/state_vectors.py [--write | --check] [--file docs/spec/vectors/state.json]
    tools/state_vectors.py --corpus tests/fuzz/corpus

--corpus writes the seeds of the fuzz targets `proof` and `write_set`.
"""

import argparse
import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
LEAF = b"JMT::LeafNode"
INNER = b"JMT::IntrnalNode"
STORES = ["accounts", "code", "storage", "meta"]


def sha(data):
    return hashlib.sha256(data).digest()


def bit(key_hash, depth):
    return key_hash[depth // 8] >> (7 - depth % 8) & 1


# ---- roots (state.md 3 and 4) ----


def jmt_root(leaves, depth=0):
    """`leaves`: list of (key hash, value hash)."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return sha(LEAF + leaves[0][0] + leaves[0][1])
    sides = [[leaf for leaf in leaves if bit(leaf[0], depth) == side] for side in (0, 1)]
    return sha(INNER + jmt_root(sides[0], depth + 1) + jmt_root(sides[1], depth + 1))


def jmt_path(leaves, key_hash, depth=0):
    """Siblings of the leaf, the lowest first, as (sibling, is it on the left)."""
    if len(leaves) == 1:
        return []
    side = bit(key_hash, depth)
    own = [leaf for leaf in leaves if bit(leaf[0], depth) == side]
    other = [leaf for leaf in leaves if bit(leaf[0], depth) != side]
    return jmt_path(own, key_hash, depth + 1) + [(jmt_root(other, depth + 1), side == 1)]


def uvarint(value):
    out = b""
    while value >= 0x80:
        out += bytes([0x80 | value & 0x7F])
        value >>= 7
    return out + bytes([value])


def map_item(key, value):
    return uvarint(len(key)) + key + uvarint(32) + sha(value)


def split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def list_root(items):
    if not items:
        return sha(b"")
    if len(items) == 1:
        return sha(b"\x00" + items[0])
    half = split(len(items))
    return sha(b"\x01" + list_root(items[:half]) + list_root(items[half:]))


def list_path(items, index):
    if len(items) == 1:
        return []
    half = split(len(items))
    if index < half:
        return list_path(items[:half], index) + [(list_root(items[half:]), False)]
    return list_path(items[half:], index - half) + [(list_root(items[:half]), True)]


class State:
    def __init__(self):
        self.stores = {name: {b"\x00": b"\x01"} for name in STORES}

    def leaves(self, store):
        return sorted((sha(k), sha(b"\x01" + v)) for k, v in self.stores[store].items())

    def items(self, store):
        return [map_item(k, b"\x01" + v) for k, v in sorted(self.stores[store].items())]

    def store_root(self, store):
        return list_root(self.items(store)) if store == "meta" else jmt_root(self.leaves(store))

    def store_items(self):
        return [map_item(name.encode(), self.store_root(name)) for name in sorted(STORES)]

    def root(self):
        return list_root(self.store_items())

    # ---- proofs (state.md 5) ----

    def part(self, store, key):
        value = b"\x01" + self.stores[store][key]
        if store == "meta":
            keys = sorted(self.stores[store])
            return existence(MAP, key, value, list_path(self.items(store), keys.index(key)))
        return existence(JMT, key, value, jmt_path(self.leaves(store), sha(key)))

    def neighbours(self, store, key):
        order = (lambda k: k) if store == "meta" else sha
        keys = sorted(self.stores[store], key=order)
        left = [k for k in keys if order(k) < order(key)]
        right = [k for k in keys if order(k) > order(key)]
        return (left[-1] if left else None), (right[0] if right else None)

    def first_step(self, store, key):
        if key in self.stores[store]:
            return field(1, self.part(store, key))
        left, right = self.neighbours(store, key)
        return absence(
            key,
            None if left is None else self.part(store, left),
            None if right is None else self.part(store, right),
        )

    def second_step(self, store):
        index = sorted(STORES).index(store)
        path = list_path(self.store_items(), index)
        return field(1, existence(MAP, store.encode(), self.store_root(store), path))

    def proof(self, store, key):
        return container(self.first_step(store, key), self.second_step(store))


def field(number, content):
    return bytes([number << 3 | 2]) + uvarint(len(content)) + content


MAP = (b"\x08\x01\x18\x01\x20\x01" + field(5, b"\x00"), b"\x01")
JMT = (b"\x08\x01\x10\x01\x18\x01" + field(5, LEAF), INNER)


def step(prefix, sibling, on_left):
    if on_left:
        return b"\x08\x01" + field(2, prefix + sibling)
    return b"\x08\x01" + field(2, prefix) + field(3, sibling)


def existence(spec, key, value, path):
    out = field(1, key) + field(2, value) + field(3, spec[0])
    return out + b"".join(field(4, step(spec[1], *one)) for one in path)


def absence(key, left, right):
    out = field(1, key)
    out += b"" if left is None else field(2, left)
    out += b"" if right is None else field(3, right)
    return field(2, out)


def container(first, second):
    return field(1, first) + field(1, second)


# ---- the cases ----


def address(name):
    return sha(name.encode())


def uint_cbor(value):
    if value < 24:
        return bytes([value])
    for head, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([head]) + value.to_bytes(size, "big")
    raise ValueError(value)


def account(balance, nonce):
    return b"\x84" + uint_cbor(balance) + uint_cbor(nonce) + b"\xf6\xf6"


def steps():
    contract = address("contract")
    yield "the sentinels alone", []
    yield "meta and two accounts", [
        ("meta", b"supply/total", uint_cbor(1000)),
        ("meta", b"supply/burned", uint_cbor(0)),
        ("meta", b"sys/epoch", uint_cbor(0)),
        ("accounts", address("alice"), account(600, 0)),
        ("accounts", address("bob"), account(400, 0)),
    ]
    yield "many accounts, a contract and its storage", [
        ("accounts", address(f"account {i}"), account(i * 1000, i)) for i in range(60)
    ] + [
        ("code", sha(b"module"), uint_cbor(6)),
        ("storage", contract + b"a", b""),
        ("storage", contract + b"ab", b"value"),
        ("storage", contract + b"k" * 256, b"v" * 300),
    ] + [("storage", contract + b"list/%02d" % i, b"%d" % i) for i in range(20)]
    yield "changes and removals", [
        ("accounts", address("alice"), account(599, 1)),
        ("storage", contract + b"a", None),
        ("storage", contract + b"ab", b"other"),
        ("meta", b"sys/op/" + sha(b"payload"), b"\x81" + b"\x58\x20" + address("alice")),
    ] + [("storage", contract + b"list/%02d" % i, None) for i in range(3, 20)]
    yield "back to fewer leaves than before", [
        ("storage", contract + b"list/%02d" % i, None) for i in range(3)
    ] + [("meta", b"sys/op/" + sha(b"payload"), None), ("meta", b"sys/epoch", uint_cbor(1))]


def asked():
    contract = address("contract")
    for store in STORES:
        yield store, b"\x00"
        yield store, b"absent"
        yield store, b"\x00\x00"
        yield store, b"\xff" * 300
    for i in range(6):
        yield "accounts", address(f"account {i}")
        yield "accounts", address(f"nobody {i}")
    yield "accounts", address("alice")
    yield "code", sha(b"module")
    yield "storage", contract + b"a"
    yield "storage", contract + b"ab"
    yield "storage", contract + b"k" * 256
    yield "meta", b"sys/epoch"
    yield "meta", b"sys/op/" + sha(b"payload")
    yield "meta", b"supply/total"
    yield "meta", b"t"


def rejects(state):
    """(about, store, key, value or None, proof)"""
    alice, bob = address("alice"), address("bob")
    record = state.stores["accounts"][alice]
    first, second = state.first_step("accounts", alice), state.second_step("accounts")
    missing = address("nobody 0")
    left, right = state.neighbours("accounts", missing)
    yield "empty", "accounts", alice, record, b""
    yield "another value", "accounts", alice, account(1, 1), container(first, second)
    yield "another key", "accounts", bob, record, container(first, second)
    yield "another store", "code", alice, record, container(first, second)
    yield "steps exchanged", "accounts", alice, record, container(second, first)
    yield "the first step alone", "accounts", alice, record, field(1, first)
    yield "a third step", "accounts", alice, record, container(first, second) + field(1, second)
    yield "the second step of another store", "accounts", alice, record, container(
        first, state.second_step("code")
    )
    yield "an absence claimed by an existence", "accounts", alice, None, container(first, second)
    yield "the left neighbour alone", "accounts", missing, None, container(
        absence(missing, state.part("accounts", left), None), second
    )
    yield "the right neighbour alone", "accounts", missing, None, container(
        absence(missing, None, state.part("accounts", right)), second
    )
    yield "neighbours exchanged", "accounts", missing, None, container(
        absence(missing, state.part("accounts", right), state.part("accounts", left)), second
    )
    order = sorted(state.stores["accounts"], key=sha)
    further = order[order.index(left) - 1]
    yield "not the nearest on the left", "accounts", missing, None, container(
        absence(missing, state.part("accounts", further), state.part("accounts", right)), second
    )
    yield "no neighbours", "accounts", missing, None, container(absence(missing, None, None), second)
    path = jmt_path(state.leaves("accounts"), sha(alice))
    flipped = [(path[0][0], not path[0][1])] + path[1:]
    yield "a step on the other side", "accounts", alice, record, container(
        field(1, existence(JMT, alice, b"\x01" + record, flipped)), second
    )
    yield "a step left out", "accounts", alice, record, container(
        field(1, existence(JMT, alice, b"\x01" + record, path[1:])), second
    )
    yield "the value without its prefix", "accounts", alice, record, container(
        field(1, existence(JMT, alice, record, path)), second
    )
    other_leaf = (b"\x08\x01\x18\x01" + field(5, LEAF), INNER)
    yield "a leaf operation of another form", "accounts", alice, record, container(
        field(1, existence(other_leaf, alice, b"\x01" + record, path)), second
    )
    body = existence(JMT, alice, b"\x01" + record, path)
    yield "an unknown field", "accounts", alice, record, container(
        field(1, body + field(5, b"")), second
    )
    long_length = b"\x0a" + bytes([0x80 | len(alice), 0]) + alice + body[2 + len(alice):]
    yield "a length not in its shortest form", "accounts", alice, record, container(
        field(1, long_length), second
    )
    yield "bytes behind the first step", "accounts", alice, record, container(
        first + b"\x0a\x00", second
    )


def make():
    state = State()
    out = {
        "format": 1,
        "about": "docs/spec/state.md: keys, values and proofs in hex; a null value removes or is absent",
        "steps": [],
        "proofs": [],
        "reject": [],
    }
    for number, (about, changes) in enumerate(steps()):
        for store, key, value in changes:
            if value is None:
                del state.stores[store][key]
            else:
                state.stores[store][key] = value
        out["steps"].append(
            {
                "about": about,
                "changes": [
                    {"store": s, "key": k.hex(), "value": None if v is None else v.hex()}
                    for s, k, v in changes
                ],
                "roots": {name: state.store_root(name).hex() for name in STORES},
                "state_root": state.root().hex(),
            }
        )
        for store, key in asked() if number in (0, 3) else []:
            value = state.stores[store].get(key)
            out["proofs"].append(
                {
                    "step": number,
                    "store": store,
                    "key": key.hex(),
                    "value": None if value is None else value.hex(),
                    "proof": state.proof(store, key).hex(),
                }
            )
        for about_case, store, key, value, proof in rejects(state) if number == 3 else []:
            out["reject"].append(
                {
                    "step": number,
                    "about": about_case,
                    "store": store,
                    "key": key.hex(),
                    "value": None if value is None else value.hex(),
                    "proof": proof.hex(),
                    "status": "REJECT_PROOF",
                }
            )
    return out


def write_corpus(folder, vectors):
    proofs = folder / "proof"
    sets = folder / "write_set"
    proofs.mkdir(parents=True, exist_ok=True)
    sets.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(vectors["proofs"] + vectors["reject"]):
        root = bytes.fromhex(vectors["steps"][case["step"]]["state_root"])
        key = bytes.fromhex(case["key"])
        value = bytes.fromhex(case["value"] or "")
        if len(key) > 255 or len(value) > 255 or (number % 3 and case in vectors["proofs"]):
            continue
        head = bytes([STORES.index(case["store"]), len(key), len(value)])
        data = root + head + key + value + bytes.fromhex(case["proof"])
        (proofs / f"{number:02d}").write_bytes(data)
    seeds = {
        "empty": "00000000",
        "put": "0000000100020001610000000176",
        "delete": "0000000100010001610000000176",
        "change": "0000000100030001610000000176000000020102",
        "module": "0000000104020001610000000176",
        "two": "00000002000200016100000001760302000162000000027677",
        "unordered": "000000020002000162000000017600020001610000000176",
        "unchanged": "00000001000300016100000001760000000176",
        "long": "ffffffff00020001610000000176",
    }
    for name, data in seeds.items():
        (sets / name).write_bytes(bytes.fromhex(data))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--corpus", type=pathlib.Path)
    parser.add_argument("--file", type=pathlib.Path, default=ROOT / "docs/spec/vectors/state.json")
    args = parser.parse_args()
    vectors = make()
    text = json.dumps(vectors, indent=1) + "\n"
    if args.corpus:
        write_corpus(args.corpus, vectors)
    elif args.write:
        args.file.write_text(text)
    elif not args.file.exists() or args.file.read_text() != text:
        print(f"{args.file}: not what tools/state_vectors.py makes")
        return 1
    print(
        f"{len(vectors['steps'])} states, {len(vectors['proofs'])} proofs, "
        f"{len(vectors['reject'])} rejected"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
