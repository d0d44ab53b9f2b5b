#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random modules on every engine: the interpreter and wasmtime, each instrumented and as written
(wasm_runner.c compares these four), and V8 (wasm_v8.js), which must accept and refuse the same and
give the same results, traps, memories and gas.

Half of the modules are made by binaryen's generator from seeded bytes. It always uses floats; its
text is rewritten so that every float instruction becomes one on integers, by which nothing is lost
to the subset. The other half are valid modules (of the folder and its core suite, where wast2json is
there to read it, and generated ones) with some bits flipped.

usage: test_wasm.py RUNNER FLIPPABLE_FOLDER... [--modules N] [--seed N] [--keep FOLDER]
"""

import argparse
import collections
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BATCH = 50
FEATURES = ["--mvp-features", "--enable-sign-ext", "--enable-bulk-memory", "--enable-mutable-globals"]

UNARY = {
    "abs": "clz", "neg": "ctz", "ceil": "popcnt", "floor": "extend8_s", "trunc": "extend16_s",
    "nearest": "clz", "sqrt": "popcnt",
}
BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "div_s", "min": "rotl", "max": "rem_u",
    "copysign": "xor", "eq": "eq", "ne": "ne", "lt": "lt_s", "gt": "gt_u", "le": "le_s",
    "ge": "ge_u", "load": "load", "store": "store",
}
# (to, from) of a conversion between number types, once f32 is i32 and f64 is i64.
CONVERT = {
    ("i32", "i32"): "i32.popcnt", ("i64", "i64"): "i64.extend32_s",
    ("i32", "i64"): "i32.wrap_i64", ("i64", "i32"): "i64.extend_i32_s",
}


def integer(kind):
    return kind.replace("f", "i")


def rewrite_instruction(match):
    kind, name = match.group(1), match.group(2)
    parts = re.fullmatch(r"(?:trunc|trunc_sat|convert|demote|promote|reinterpret)_([if]\d\d)(?:_[su])?", name)
    if parts and (kind[0] == "f" or parts.group(1)[0] == "f"):
        return CONVERT[integer(kind), integer(parts.group(1))]
    if kind[0] == "i":
        return match.group(0)
    return f"{integer(kind)}.{UNARY.get(name) or BINARY[name]}"


def without_floats(text):
    """The same text with integers in the place of floats."""

    def constant(match):
        kind, number = integer(match.group(1)), match.group(2)
        bits = 31 if kind == "i32" else 63
        return f"({kind}.const {hash_text(number) >> (64 - bits)})"

    lines = []
    for line in text.split("\n"):
        if line.lstrip().startswith(("(data", "(import", "(export")):
            lines.append(re.sub(r"\((param|result)((?: [if]\d\d)+)\)", lambda m: integer_all(m.group(0)), line)
                         if "(data" not in line else line)
            continue
        line = re.sub(r"\((f32|f64)\.const ([^)]*)\)", constant, line)
        line = re.sub(r"\b([if]\d\d)\.([a-z0-9_]+)", rewrite_instruction, line)
        lines.append(re.sub(r"(?<![\w.$-])f(32|64)(?![\w.-])", r"i\1", line))
    return "\n".join(lines)


def integer_all(text):
    return text.replace("f32", "i32").replace("f64", "i64")


def hash_text(text):
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def run(arguments):
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=True)


def generate(path, rng):
    source = path.with_suffix(".seed")
    text = path.with_suffix(".wat")
    source.write_bytes(rng.randbytes(rng.choice([300, 1000, 3000])))
    run(["wasm-opt", "-ttf", *FEATURES, source, "-S", "-o", text])
    text.write_text(without_floats(text.read_text()))
    run(["wasm-as", *FEATURES, text, "-o", path])


def flip(path, rng, originals):
    data = bytearray(rng.choice(originals))
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(8, len(data))
        data[at] = rng.randrange(256) if rng.random() < 0.3 else data[at] ^ 1 << rng.randrange(8)
    path.write_bytes(data)


def batch(options, folder, rng, count, totals):
    files = []
    for i in range(count):
        path = folder / f"{i}.wasm"
        if i % 2 == 0:
            generate(path, rng)
            options.originals.append(path.read_bytes())
        else:
            flip(path, rng, options.originals)
        files.append(path)
    result = subprocess.run([options.runner, *map(str, files)], capture_output=True, text=True)
    (folder / "report").write_text(result.stdout)
    for line in result.stdout.splitlines():
        words = line.split(" ")
        if words[0] == "module":
            totals[words[2] if words[2] != "reject" else f"reject {words[4]}"] += 1
        elif words[0] == "call":
            totals[f"call {words[2]}"] += 1
    if result.returncode != 0:
        return result.stdout[-300:] + result.stderr
    v8 = subprocess.run(["node", str(HERE / "wasm_v8.js"), str(folder / "report")],
                        capture_output=True, text=True)
    return None if v8.returncode == 0 else v8.stdout + v8.stderr


def originals(folders):
    """The modules below the folders, and those of the scripts (.wast) there."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        scripts = [path for folder in folders for path in sorted(folder.rglob("*.wast"))]
        if shutil.which("wast2json"):
            for i, script in enumerate(scripts):
                subprocess.run(["wast2json", script, "-o", f"{name}/{i:04}.json"], capture_output=True)
        for folder in [*folders, pathlib.Path(name)]:
            found += [p.read_bytes() for p in sorted(folder.rglob("*.wasm"))]
    return [data for data in found if 16 < len(data) < 20000]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("runner")
    parser.add_argument("flippable", type=pathlib.Path, nargs="+")
    parser.add_argument("--modules", type=int, default=800)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--keep", type=pathlib.Path, help="where the modules of a failure go")
    return parser.parse_args()


def main():
    options = arguments()
    missing = [tool for tool in ("wasm-opt", "wasm-as", "node") if shutil.which(tool) is None]
    if missing:
        print("skipped: no", ", ".join(missing))
        return 77
    options.originals = originals(options.flippable)
    totals = collections.Counter()
    print(f"seed {options.seed}")
    for start in range(0, options.modules, BATCH):
        rng = random.Random(options.seed * 1000003 + start)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            problem = batch(options, folder, rng, min(BATCH, options.modules - start), totals)
            if problem is not None:
                if options.keep:
                    shutil.copytree(folder, options.keep, dirs_exist_ok=True)
                print(f"modules {start} to {start + BATCH}: {problem}", file=sys.stderr)
                return 1
    for key in sorted(totals):
        print(f"{totals[key]:8} {key}")
    ran = totals["run"] + totals["metered"]
    print(f"{options.modules} modules, {ran} ran on every engine alike")
    return 0 if ran * 3 >= options.modules else 1


if __name__ == "__main__":
    sys.exit(main())
