#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/spec/vectors/signature.json.

A second implementation of docs/spec/signature.md in plain Python: slow, not constant-time, only for
making test vectors. It builds signatures for the edges of the rule and judges each one itself, so
that the library is compared with something that shares no code with it.

Usage: tools/signature_vectors.py --write   write the file
       tools/signature_vectors.py --check   fail when the file is not what this program writes
"""
import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1)
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "docs/spec/vectors/signature.json"


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P)
    return (x % P, y % P)


def multiply(n, point):
    result = IDENTITY
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def decode_point(data):
    """signature.md 2: every y of 255 bits counts modulo p, and so does -0."""
    sign = data[31] >> 7
    y = int.from_bytes(data, "little") & (2**255 - 1)
    y %= P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    square = u * pow(v, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    if x * x % P != square:
        return None
    if x & 1 != sign:
        x = (P - x) % P
    return (x, y)


def encode_point(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point(bytes([0x58]) + bytes([0x66]) * 31)


def scalar_hash(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def verify(key, signature, message):
    """signature.md 3."""
    a, r = decode_point(key), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = scalar_hash(signature[:32], key, message)
    return multiply(8, multiply(s, BASE)) == multiply(8, add(r, multiply(k, a)))


def usable(key):
    """signature.md 4."""
    point = decode_point(key)
    return point is not None and encode_point(point) == key and multiply(8, point) != IDENTITY


def expand(seed):
    h = bytearray(hashlib.sha512(seed).digest())
    h[0] &= 248
    h[31] &= 127
    h[31] |= 64
    return int.from_bytes(h[:32], "little") % L, bytes(h[32:])


def sign(seed, message, torsion_a=IDENTITY, torsion_r=IDENTITY, r_bytes=None, k_r_bytes=None):
    """RFC 8032, with ways to leave it: a torsion point added to A or R, other bytes for R (which
    then must be of small order) and other bytes for R in the hash."""
    a, prefix = expand(seed)
    key = encode_point(add(multiply(a, BASE), torsion_a))
    if r_bytes is None:
        r = scalar_hash(prefix, message)
        r_bytes = encode_point(add(multiply(r, BASE), torsion_r))
    else:
        r = 0
    k = scalar_hash(k_r_bytes or r_bytes, key, message)
    return key, r_bytes + ((r + k * a) % L).to_bytes(32, "little")


def eight_torsion():
    """A point of order 8, found by clearing the prime factor of points with small y."""
    y = 2
    while True:
        point = decode_point(y.to_bytes(32, "little"))
        y += 1
        if point is not None:
            torsion = multiply(L, point)
            if multiply(4, torsion) != IDENTITY:
                return torsion


def number(value):
    return value.to_bytes(32, "little")


SIGN_BIT = 1 << 255
TORSION = eight_torsion()
NOT_A_POINT = next(number(y) for y in range(2, 99) if decode_point(number(y)) is None)


def edge_signatures():
    seed = hashlib.sha256(b"baals signature vectors").digest()
    message = b"baals"
    key, good = sign(seed, message)
    s = int.from_bytes(good[32:], "little")
    zero = bytes(32)
    yield "an RFC 8032 signature", key, good, message
    yield "the empty message", *sign(seed, b""), b""
    yield "another message", key, good, b"Baals"
    yield "another key", sign(hashlib.sha256(seed).digest(), message)[0], good, message
    yield "S + L", key, good[:32] + number(s + L), message
    yield "S with its top bit set", key, good[:32] + number(s | SIGN_BIT), message
    yield "S = L where 0 would be valid", zero, number(1) + number(L), message
    yield "S = L - 1", key, good[:32] + number(L - 1), message
    yield "R is not a point", key, NOT_A_POINT + good[32:], message
    yield "A is not a point", NOT_A_POINT, good, message
    yield "A and R of small order, S = 0", encode_point(TORSION), number(1) + zero, message
    yield "the zero key signs anything", zero, number(1) + zero, message
    yield "A with a torsion part", *sign(seed, message, torsion_a=TORSION), message
    yield "R with a torsion part", *sign(seed, message, torsion_r=TORSION), message
    yield ("A and R with torsion parts",
           *sign(seed, message, torsion_a=TORSION, torsion_r=TORSION), message)
    yield "R = 0, y = 1", *sign(seed, message, r_bytes=number(1)), message
    yield ("R: -0, sign bit set at y = 1",
           *sign(seed, message, r_bytes=number(1 | SIGN_BIT)), message)
    yield "R: y = p + 1", *sign(seed, message, r_bytes=number(P + 1)), message
    yield "R: y = p, order 4", *sign(seed, message, r_bytes=number(P)), message
    yield ("R: y = -1 with the sign bit set",
           *sign(seed, message, r_bytes=number(P - 1 | SIGN_BIT)), message)
    yield ("R: y = p + 1, hashed as y = 1",
           *sign(seed, message, r_bytes=number(P + 1), k_r_bytes=number(1)), message)
    yield "A: y = p + 1", number(P + 1), number(1) + zero, message
    yield "A: -0, sign bit set at y = 1", number(1 | SIGN_BIT), number(1) + zero, message
    yield "A: y = p with the sign bit set", number(P | SIGN_BIT), number(1) + zero, message
    yield "A and R not canonical", number(P), number(P + 1 | SIGN_BIT) + zero, message


def non_canonical_keys(large_order_max):
    """Encodings with y from p on: all of small order, and a few of large order."""
    for y in range(P, 2**255):
        for sign_bit in (0, SIGN_BIT):
            key = number(y | sign_bit)
            point = decode_point(key)
            if point is None:
                continue
            where = f"order, not canonical: y = p + {y - P}, sign {sign_bit >> 255}"
            if multiply(8, point) == IDENTITY:
                yield f"small {where}", key
            elif large_order_max > 0:
                large_order_max -= 1
                yield f"large {where}", key


def edge_keys():
    seed = hashlib.sha256(b"baals signature vectors").digest()
    good = sign(seed, b"")[0]
    yield "a key of RFC 8032", good
    yield "the same with its sign flipped: the negative point", good[:31] + bytes([good[31] ^ 128])
    yield "a large-order point with a torsion part", sign(seed, b"", torsion_a=TORSION)[0]
    yield "the base point", encode_point(BASE)
    yield "not a point", NOT_A_POINT
    for n in range(8):
        yield f"small order: {n} T for T of order 8", encode_point(multiply(n, TORSION))
    yield "32 zero bytes with the sign bit set", number(SIGN_BIT)
    yield "-0: y = 1 with the sign bit set", number(1 | SIGN_BIT)
    yield "-0: y = -1 with the sign bit set", number(P - 1 | SIGN_BIT)
    yield from non_canonical_keys(large_order_max=4)
    yield "32 bytes 0xff", b"\xff" * 32


def tagged_signatures():
    seed = hashlib.sha256(b"baals tagged signature vectors").digest()
    for tag, data in (("baals:tx:1", b"\x01\x02\x03"), ("baals:seal:1", bytes(range(32)))):
        key, signature = sign(seed, tag.encode() + b"\0" + data)
        yield {"tag": tag, "seed": seed.hex(), "key": key.hex(), "data": data.hex(),
               "signature": signature.hex()}


def document():
    return {
        "format": 1,
        "about": "signature.md: verdicts, usable keys, signatures; made by tools/signature_vectors.py",
        "signatures": [
            {"what": what, "key": key.hex(), "signature": signature.hex(),
             "message": message.hex(), "valid": verify(key, signature, message)}
            for what, key, signature, message in edge_signatures()],
        "keys": [
            {"what": what, "key": key.hex(), "usable": usable(key)}
            for what, key in edge_keys()],
        "tagged": list(tagged_signatures()),
    }


def main():
    text = json.dumps(document(), indent=1) + "\n"
    if sys.argv[1:] == ["--write"]:
        OUTPUT.write_text(text)
    elif sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    elif OUTPUT.read_text() != text:
        sys.exit(f"{OUTPUT} is not what tools/signature_vectors.py writes")


if __name__ == "__main__":
    main()
