# SPDX-License-Identifier: MIT
"""Keccak-256 with the original padding, and BLAKE3, which the standard library lacks."""

M64, M32 = 2**64 - 1, 2**32 - 1


def rotate(value, n):
    n %= 64
    return (value << n | value >> (64 - n)) & M64


def keccak_constants():
    out, state = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (state & 1) << ((1 << j) - 1)
            state = state << 1 ^ (0x171 if state & 0x80 else 0)
        out.append(constant)
    return out


ROUNDS = keccak_constants()


def permute(a):
    """Keccak-f[1600]; a[x + 5 y]."""
    for constant in ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        b, x, y, lane = a[:], 1, 0, a[1]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            lane, b[x + 5 * y] = b[x + 5 * y], rotate(lane, (t + 1) * (t + 2) // 2)
        a = [b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5]) for i in range(25)]
        a[0] ^= constant
    return a


def keccak256(data):
    rate = 136
    padded = bytearray(data) + bytes(rate - len(data) % rate)
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    state = [0] * 25
    for at in range(0, len(padded), rate):
        for i in range(rate // 8):
            state[i] ^= int.from_bytes(padded[at + 8 * i : at + 8 * i + 8], "little")
        state = permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT = 1, 2, 4, 8


def compress(chaining, words, counter, length, flags):
    v = chaining + IV[:4] + [counter & M32, counter >> 32, length, flags]
    words = words[:]

    def mix(a, b, c, d, x, y):
        for word, left, right in ((x, 16, 12), (y, 8, 7)):
            v[a] = (v[a] + v[b] + word) & M32
            v[d] = (v[d] ^ v[a]) >> left | (v[d] ^ v[a]) << (32 - left) & M32
            v[c] = (v[c] + v[d]) & M32
            v[b] = (v[b] ^ v[c]) >> right | (v[b] ^ v[c]) << (32 - right) & M32

    for _ in range(7):
        for k in range(4):
            mix(k, k + 4, k + 8, k + 12, words[2 * k], words[2 * k + 1])
        for k in range(4):
            mix(k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4, words[8 + 2 * k], words[9 + 2 * k])
        words = [words[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def words_of(data):
    data = data + bytes(64 - len(data))
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, 64, 4)]


def chunk(data, counter, flags):
    chaining = IV[:]
    blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
    for n, block in enumerate(blocks):
        own = (START if n == 0 else 0) | (END | flags if n == len(blocks) - 1 else 0)
        chaining = compress(chaining, words_of(block), counter, len(block), own)
    return chaining


def subtree(data, counter, flags):
    if len(data) <= 1024:
        return chunk(data, counter, flags)
    left = 1024
    while 2 * left < len(data):
        left *= 2
    halves = subtree(data[:left], counter, 0) + subtree(data[left:], counter + left // 1024, 0)
    return compress(IV[:], halves, 0, 64, PARENT | flags)


def blake3(data):
    return b"".join(word.to_bytes(4, "little") for word in subtree(bytes(data), 0, ROOT))


assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
assert blake3(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
