#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/spec/vectors/abi.json (--write) and checks it (--check, the default), with the encoder
of tools/contract-abi.
"""
import importlib.machinery
import importlib.util
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE = ROOT / "docs/spec/vectors/abi.json"

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("contract_abi", str(ROOT / "tools/contract-abi"))
SPEC = importlib.util.spec_from_loader("contract_abi", LOADER)
ABI = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(ABI)


class Negative(int):
    """A negative integer for encode()."""


def encode(value):
    if isinstance(value, Negative):
        return ABI.head(1, -1 - value)
    if isinstance(value, list):
        return ABI.head(4, len(value)) + b"".join(encode(item) for item in value)
    return ABI.encode(value)


# Every type, suffix and part of a description.
EVERYTHING = {
    "doc": "Every type there is.\nIn two lines.",
    "structs": [
        {"name": "Pair", "doc": "Two numbers.",
         "fields": [{"name": "left", "type": "i32"}, {"name": "right", "type": "u8?"}]},
        {"name": "Order", "fields": [{"name": "pairs", "type": "Pair[]"},
                                     {"name": "note", "type": "text?"},
                                     {"name": "by", "type": "address", "doc": "who"}]}],
    "methods": [
        {"name": "init", "kind": "payable", "args": [{"name": "a", "type": "amount"}]},
        {"name": "receive", "kind": "payable"},
        {"name": "many", "args": [{"name": "a%d" % i, "type": t} for i, t in enumerate(
            ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bool", "text", "bytes",
             "bytes1", "bytes1024", "address", "contract", "hash", "amount", "Pair", "Order"])]},
        {"name": "orders", "kind": "view", "args": [{"name": "list", "type": "Order[]?"}],
         "returns": "Order[][]?[]", "doc": "Lists of lists."}],
    "events": [{"name": "e" * 32, "fields": [{"name": "who", "type": "address", "indexed": True},
                                             {"name": "id", "type": "bytes32", "indexed": True},
                                             {"name": "n", "type": "u64", "indexed": True},
                                             {"name": "rest", "type": "text[]"}]}],
    "errors": [{"code": 2, "name": "plain"},
               {"code": 4294967295, "name": "last", "fields": [{"name": "x", "type": "hash?"}],
                "doc": "The last."}],
}


def field(name="x", type_="u8", doc=""):
    return [name, type_, doc]


def method(name="m", kind=0, args=(), returns=None, doc=""):
    return [name, kind, list(args), returns, doc]


def abi(structs=(), methods=(), events=(), errors=(), doc="", version=1):
    return [version, doc, list(structs), list(methods), list(events), list(errors)]


def rejects():
    """Name and section of what must be refused."""
    good = encode(abi(methods=[method()]))
    nested = [["S0", [field()], ""]]
    nested += [["S%d" % i, [field("x", "S%d[]" % (i - 1))], ""] for i in range(1, 9)]
    rows = {
        "empty": b"", "not an array": b"\x01", "five elements": encode(abi()[:5]),
        "seven elements": encode(abi() + [[]]), "version 0": encode(abi(version=0)),
        "version 2": encode(abi(version=2)), "trailing byte": good + b"\x00",
        "a head that is not the shortest": b"\x98\x06" + good[1:],
        "an indefinite array": b"\x9f" + good[1:] + b"\xff",
        "doc is bytes": encode([1, b"", [], [], [], []]),
        "doc of 1,025 bytes": encode(abi(doc="x" * 1025)),
        "doc with a control character": encode(abi(doc="a\x01")),
        "doc that is no UTF-8": good[:2] + b"\x61\xff" + good[3:],
        "an array longer than the input": b"\x86\x01\x60\x98\x40",
        "65 structs": encode(abi(structs=[["S%d" % i, [field()], ""] for i in range(65)])),
        "257 methods": encode(abi(methods=[method("m%d" % i) for i in range(257)])),
        "65 events": encode(abi(events=[["e%d" % i, [], ""] for i in range(65)])),
        "257 errors": encode(abi(errors=[[i + 2, "e%d" % i, [], ""] for i in range(257)])),
        "33 arguments": encode(abi(methods=[method(args=[field("a%d" % i) for i in range(33)])])),
        "method twice": encode(abi(methods=[method(), method()])),
        "argument twice": encode(abi(methods=[method(args=[field(), field()])])),
        "event twice": encode(abi(events=[["e", [], ""], ["e", [], ""]])),
        "error code twice": encode(abi(errors=[[2, "a", [], ""], [2, "b", [], ""]])),
        "error name twice": encode(abi(errors=[[2, "a", [], ""], [3, "a", [], ""]])),
        "struct twice": encode(abi(structs=[["S", [field()], ""], ["S", [field()], ""]])),
        "struct named as a type": encode(abi(structs=[["u8", [field()], ""]])),
        "struct named bytes5": encode(abi(structs=[["bytes5", [field()], ""]])),
        "struct without fields": encode(abi(structs=[["S", [], ""]])),
        "struct that contains itself": encode(abi(structs=[["S", [field("x", "S[]")], ""]])),
        "struct before its parts": encode(abi(structs=[["S", [field("x", "T")], ""],
                                                       ["T", [field()], ""]])),
        "nested too deeply": encode(abi(structs=nested)),
        "struct of 2 elements": encode(abi(structs=[["S", [field()]]])),
        "field of 2 elements": encode(abi(methods=[method(args=[["x", "u8"]])])),
        "method of 4 elements": encode(abi(methods=[method()[:4]])),
        "kind 3": encode(abi(methods=[method(kind=3)])),
        "kind text": encode(abi(methods=[method(kind="call")])),
        "error code 0": encode(abi(errors=[[0, "a", [], ""]])),
        "error code 1": encode(abi(errors=[[1, "a", [], ""]])),
        "error code 2^32": encode(abi(errors=[[1 << 32, "a", [], ""]])),
        "event name of 33 bytes": encode(abi(events=[["e" * 33, [], ""]])),
        "indexed text": encode(abi(events=[["e", [["x", "text", True, ""]], ""]])),
        "indexed list": encode(abi(events=[["e", [["x", "u8[]", True, ""]], ""]])),
        "indexed bytes31": encode(abi(events=[["e", [["x", "bytes31", True, ""]], ""]])),
        "indexed is a number": encode(abi(events=[["e", [["x", "u8", 1, ""]], ""]])),
        "4 indexed fields": encode(abi(events=[["e", [["x%d" % i, "u8", True, ""]
                                                      for i in range(4)], ""]])),
        "init that returns": encode(abi(methods=[method("init", returns="u8")])),
        "init as a view": encode(abi(methods=[method("init", kind=1)])),
        "receive with an argument": encode(abi(methods=[method("receive", args=[field()])])),
        "longer than 65,536 bytes": encode(abi(methods=[method("m%d" % i, doc="x" * 1024)
                                                        for i in range(64)])),
    }
    for name in ("", "1a", "a-b", "a b", "ä", "_start", "_initialize", "__x", "baals_x", "x" * 65):
        rows["method name \"%s\"" % name] = encode(abi(methods=[method(name)]))
    for type_ in ("", "u7", "u128", "U8", "bytes0", "bytes1025", "bytes01", "u8??", "u8[", "u8]",
                  "u8[]x", "u8 ", "[]u8", "u8[3]", "u8[][][][][]", "T", "f64"):
        rows["type \"%s\"" % type_] = encode(abi(methods=[method(args=[field("x", type_)])]))
        rows["returned type \"%s\"" % type_] = encode(abi(methods=[method(returns=type_)]))
    rows.update({"cut at %d" % i: good[:i] for i in range(1, len(good))})
    return [{"name": name, "section": section.hex()} for name, section in rows.items()]


def values():
    """Types with a word, its encoding, and the JSON that it is printed as."""
    address = bytes(range(32))
    rows = []
    for type_, most in (("u8", 8), ("u16", 16), ("u32", 32), ("u64", 64), ("amount", 64)):
        for value in (0, 23, 24, 255, 1 << (most - 1), (1 << most) - 1):
            if value < 1 << most:
                rows.append((type_, str(value), value, value if most < 64 else str(value)))
    for type_, most in (("i8", 7), ("i16", 15), ("i32", 31), ("i64", 63)):
        for value in (0, 1, -1, -24, -25, (1 << most) - 1, -(1 << most)):
            rows.append((type_, str(value), value if value >= 0 else Negative(value),
                         value if most < 63 else str(value)))
    rows += [("bool", "true", True, True), ("bool", "false", False, False),
             ("text", "", "", ""), ("text", "null", "null", "null"), ("text", "a\tb\u00e9", "a\tb\u00e9", "a\tb\u00e9"),
             ("bytes", "", b"", ""), ("bytes", "0xAbcd", b"\xab\xcd", "abcd"),
             ("bytes", "b:00", b"\0", "00"), ("bytes2", "0102", b"\1\2", "0102"),
             ("hash", address.hex(), address, address.hex()),
             ("u8?", "null", None, None), ("u8?", "7", 7, 7), ("text?", "null", None, None),
             ("text?", "\"null\"", "null", "null"), ("text?", "x", "x", "x"),
             ("u8[]", "[]", [], []), ("u8[]", "[1,\"2\",255]", [1, 2, 255], [1, 2, 255]),
             ("u8?[]", "[null,1]", [None, 1], [None, 1]), ("u8[]?", "null", None, None),
             ("u8[]?", "[1]", [1], [1]), ("u8[][]", "[[],[1]]", [[], [1]], [[], [1]]),
             ("i64[]", "[-5]", [Negative(-5)], ["-5"]),
             ("bool[]", "[true,false]", [True, False], [True, False]),
             ("Pair", "{\"left\":-1,\"right\":2}", [Negative(-1), 2], {"left": -1, "right": 2}),
             ("Pair", "{\"left\":1}", [1, None], {"left": 1, "right": None})]
    return [{"type": t, "word": w, "bytes": encode(v).hex(), "json": json.dumps(j, ensure_ascii=False, separators=(",", ":"))}
            for t, w, v, j in rows]


def vectors():
    sections = [{"name": "empty", "section": ABI.abi_section({}).hex()},
                {"name": "everything", "section": ABI.abi_section(EVERYTHING).hex()}]
    for example in ("counter", "token", "auction"):
        with open(ROOT / ("contracts/examples/%s.abi.json" % example), encoding="utf-8") as handle:
            sections.append({"name": example, "section": ABI.abi_section(json.load(handle)).hex()})
    return {"format": 1,
            "about": "docs/spec/abi.md: sections baals_abi that are accepted and refused; words of "
                     "types, their encoding, and the JSON they are printed as. Pair is the struct "
                     "of the section \"everything\".",
            "sections": sections, "reject": rejects(), "values": values()}


def main():
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    if "--write" in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.exit("%s is not what tools/abi_vectors.py makes; see --write" % FILE.name)


if __name__ == "__main__":
    main()
