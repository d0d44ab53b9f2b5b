#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ECDSA as docs/spec/signature.md 8 has it, in plain integers, and the vectors made with it.

    ecdsa_vectors.py --write     makes docs/spec/vectors/ecdsa.json
    ecdsa_vectors.py --check     exits 1 when the file is not what would be made

Shares no code with the library; meant to be read beside the page. Slow, and not for secrets.
"""
import hashlib
import json
import pathlib
import sys

FILE = pathlib.Path(__file__).resolve().parent.parent / "docs/spec/vectors/ecdsa.json"


class Curve:
    """y^2 = x^3 + a x + b over p; the base point g has the prime order n."""

    def __init__(self, name, p, a, b, n, g):
        self.name, self.p, self.a, self.b, self.n, self.g = name, p, a, b, n, g

    def add(self, one, two):
        if one is None or two is None:
            return two if one is None else one
        if one[0] == two[0] and (one[1] + two[1]) % self.p == 0:
            return None
        if one == two:
            slope = (3 * one[0] ** 2 + self.a) * pow(2 * one[1], -1, self.p)
        else:
            slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, self.p)
        x = (slope ** 2 - one[0] - two[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    def times(self, factor, point):
        factor, result = factor % self.n, None
        while factor:
            if factor & 1:
                result = self.add(result, point)
            point, factor = self.add(point, point), factor >> 1
        return result

    def lift(self, x, odd):
        """The point with that x and parity of y, or None."""
        if x >= self.p:
            return None
        square = (x ** 3 + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        if y * y % self.p != square:
            return None
        return x, (self.p - y if y & 1 != odd else y)

    def encode(self, point, compressed=False):
        x = point[0].to_bytes(32, "big")
        if compressed:
            return bytes([2 + (point[1] & 1)]) + x
        return b"\x04" + x + point[1].to_bytes(32, "big")

    def decode(self, key):
        if len(key) == 33 and key[0] in (2, 3):
            return self.lift(int.from_bytes(key[1:], "big"), key[0] & 1)
        if len(key) == 65 and key[0] == 4:
            x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
            if x < self.p and y < self.p and (y * y - x ** 3 - self.a * x - self.b) % self.p == 0:
                return x, y
        return None


K1 = Curve("secp256k1", 2**256 - 2**32 - 977, 0, 7,
           0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
           (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
            0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8))
P256 = Curve("p256", 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
             0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
             0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
             (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
              0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5))


def numbers(curve, signature):
    """r and s, or None when they break a rule of section 8."""
    if len(signature) != 64:
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < curve.n and 0 < s < curve.n):
        return None
    if curve is K1 and s > curve.n // 2:
        return None
    return r, s


def verify(curve, key, signature, digest):
    point, pair = curve.decode(key), numbers(curve, signature)
    if point is None or pair is None or len(digest) != 32:
        return False
    r, s = pair
    z, w = int.from_bytes(digest, "big"), pow(s, -1, curve.n)
    sum_ = curve.add(curve.times(z * w, curve.g), curve.times(r * w, point))
    return sum_ is not None and sum_[0] % curve.n == r


def recover(signature, digest, recovery):
    pair = numbers(K1, signature)
    if pair is None or recovery > 3:
        return None
    r, s = pair
    point = K1.lift(r + (K1.n if recovery & 2 else 0), recovery & 1)
    if point is None:
        return None
    z, w = int.from_bytes(digest, "big"), pow(r, -1, K1.n)
    key = K1.add(K1.times(s * w, point), K1.times(-z * w, K1.g))
    return None if key is None else K1.encode(key)


def pack(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def digest_of(text):
    return hashlib.sha256(text.encode()).digest()


def sign(curve, secret, digest, nonce):
    point = curve.times(nonce, curve.g)
    z = int.from_bytes(digest, "big")
    s = pow(nonce, -1, curve.n) * (z + point[0] % curve.n * secret) % curve.n
    return point[0] % curve.n, s


def large_x(curve):
    """The first point whose x is above n: its r is x - n."""
    x = curve.n + 1
    while curve.lift(x, 0) is None:
        x += 1
    return curve.lift(x, 0)


def cases(curve):
    """(what, key, signature, digest)"""
    secret, digest = 0xBAA15, digest_of("baals")
    point = curve.times(secret, curve.g)
    key, n = curve.encode(point), curve.n
    r, s = sign(curve, secret, digest, 0x5EED)
    low, high = min(s, n - s), max(s, n - s)
    good = pack(r, low)
    yield "valid", key, good, digest
    yield "compressed key", curve.encode(point, True), good, digest
    yield "compressed key of the other parity", \
        bytes([curve.encode(point, True)[0] ^ 1]) + key[1:33], good, digest
    yield "high s", key, pack(r, high), digest
    yield "another digest", key, good, digest_of("Baals")
    yield "r and s exchanged", key, pack(low, r), digest
    for what, pair in (("r = 0", (0, low)), ("s = 0", (r, 0)), ("r = n", (n, low)),
                       ("s = n", (r, n)), ("both 0", (0, 0)), ("s + n", (r, (low + n) % 2**256)),
                       ("r = 2^256 - 1", (2**256 - 1, low)), ("s = 2^256 - 1", (r, 2**256 - 1)),
                       ("r = p", (curve.p, low)), ("r = 1, s = 1", (1, 1)),
                       ("s = (n - 1) / 2", (r, (n - 1) // 2)),
                       ("s = (n + 1) / 2", (r, (n + 1) // 2))):
        yield what, key, pack(*pair), digest
    yield "signature of 63 bytes", key, good[:-1], digest
    yield "signature of 65 bytes", key, good + b"\0", digest
    yield "empty signature", key, b"", digest
    yield "empty key", b"", good, digest
    yield "the point at infinity", b"\0", good, digest
    yield "the point at infinity, filled up", bytes(65), good, digest
    yield "hybrid key", bytes([6 + (point[1] & 1)]) + key[1:], good, digest
    yield "key of 64 bytes", key[1:], good, digest
    yield "key of 66 bytes", key + b"\0", good, digest
    yield "compressed key of 65 bytes", b"\2" + key[1:], good, digest
    yield "uncompressed key of 33 bytes", key[:33], good, digest
    yield "key off the curve", key[:-1] + bytes([key[-1] ^ 1]), good, digest
    yield "key x = p", b"\2" + curve.p.to_bytes(32, "big"), good, digest
    yield "key x = 2^256 - 1", b"\3" + b"\xff" * 32, good, digest
    yield "key y + p", b"\4" + key[1:33] + b"\xff" * 32, good, digest
    yield "digest of 31 bytes", key, good, digest[:31]
    yield "digest of 33 bytes", key, good, digest + b"\0"
    for what, number in (("digest 0", 0), ("digest n", n), ("digest n + 1", n + 1),
                         ("digest 2^256 - 1", 2**256 - 1)):
        whole = number.to_bytes(32, "big")
        r2, s2 = sign(curve, secret, whole, 0x5EED)
        yield what, key, pack(r2, min(s2, n - s2)), whole
    # The x of R is above n: r is x - n.
    over = large_x(curve)
    r2, z = over[0] - n, int.from_bytes(digest, "big")
    w = pow(r2, -1, n)
    made = curve.add(curve.times(5 * w, over), curve.times(-z * w, curve.g))
    yield "x of R above n", curve.encode(made), pack(r2, 5), digest
    # z G + r Q is the point at infinity.
    lost = curve.times(-z * pow(7, -1, n), curve.g)
    yield "the sum is the point at infinity", curve.encode(lost), pack(7, 9), digest


def recoveries():
    """(what, signature, digest, recovery number)"""
    secret, digest, n = 0xBAA15, digest_of("baals"), K1.n
    r, s = sign(K1, secret, digest, 0x5EED)
    for number in (0, 1, 2, 3, 4, 27, 28, 2**32 - 1):
        yield f"recovery number {number}", pack(r, min(s, n - s)), digest, number
    yield "high s", pack(r, max(s, n - s)), digest, 0
    for what, pair in (("r = 0", (0, s)), ("s = 0", (r, 0)), ("r = n", (n, 1)), ("s = n", (r, n))):
        yield what, pack(*pair), digest, 0
    bad = next(x for x in range(1, 100) if K1.lift(x, 0) is None)
    yield "r is no x of a point", pack(bad, 1), digest, 0
    over = large_x(K1)
    for number in range(4):
        yield f"x of R above n, {number}", pack(over[0] - n, 5), digest, number
    z = int.from_bytes(digest, "big")
    point = K1.times(3, K1.g)
    s = z * pow(3, -1, n) % n
    if s > n // 2:  # -R has the other sign
        s, point = n - s, (point[0], K1.p - point[1])
    yield "the key is the point at infinity", pack(point[0] % n, s), digest, point[1] & 1
    yield "digest 0", pack(r, 1), bytes(32), 0
    yield "digest 2^256 - 1", pack(r, 1), b"\xff" * 32, 1


def document():
    out = {"verify": [], "recover": []}
    for algorithm, curve in ((1, K1), (2, P256)):
        for what, key, signature, digest in cases(curve):
            out["verify"].append({
                "what": f"{curve.name}: {what}", "algorithm": algorithm, "key": key.hex(),
                "signature": signature.hex(), "digest": digest.hex(),
                "valid": verify(curve, key, signature, digest)})
    for what, signature, digest, number in recoveries():
        key = recover(signature, digest, number)
        out["recover"].append({
            "what": what, "signature": signature.hex(), "digest": digest.hex(),
            "recovery": number, "key": key.hex() if key else None})
    return json.dumps(out, indent=1) + "\n"


def main():
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(document())
    elif sys.argv[1:] == ["--check"]:
        if FILE.read_text() != document():
            sys.exit(f"{FILE.name} is not what the page gives")
        print(f"{FILE.name}: as the page gives it")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
