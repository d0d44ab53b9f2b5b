# SPDX-License-Identifier: MIT
"""What the documents show is what there is: the README's example and tour, the tables of the API."""
import os
import re
import subprocess
import textwrap

from harness import ROOT, check, main


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as handle:
        return handle.read()


def fenced(text, language):
    return re.search(r"^```%s\n(.*?)^```$" % language, text, re.M | re.S).group(1)


def test_embedded_example(s):
    """The README shows the part of examples/embed.c between the marks, and the program runs."""
    source = text_of("examples", "embed.c")
    part = re.search(r"/\* README: begin \*/\n(.*?)\s*/\* README: end \*/", source, re.S).group(1)
    check(textwrap.dedent(part).strip() == fenced(text_of("README.md"), "c").strip(),
          "README.md and examples/embed.c differ")
    check(len(part.strip().splitlines()) <= 15, "no longer 15 lines")
    program = os.environ["BAALS_EMBED"]
    out = subprocess.run([program, s.path("ledger")], check=True, stdout=subprocess.PIPE).stdout
    check(out == b"height 1, 1 transactions\n", str(out))
    out = subprocess.run([program, s.path("ledger")], check=True, stdout=subprocess.PIPE).stdout
    check(out == b"height 2, 2 transactions\n", "it lasts: %s" % out)


def test_tour(s):
    """The README's commands run as they stand, and the contract answers."""
    os.symlink(os.path.join(ROOT, "tools"), s.path("tools"))
    os.symlink(os.path.join(ROOT, "contracts"), s.path("contracts"))
    os.mkdir(s.path("bin"))
    os.symlink(s.program, s.path("bin/baals"))
    s.env["PATH"] = s.path("bin") + ":" + s.env["PATH"]
    process = subprocess.run(["sh", "-eu", "-c", fenced(text_of("README.md"), "sh")],
                             cwd=s.folder, env=s.env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False, timeout=120)
    check(process.returncode == 0, process.stdout.decode())
    check(b"value           42" in process.stdout, process.stdout.decode())


def test_tables_are_whole(s):
    """api.md has every function, method with its parameters and command; the guide every option."""
    api, guide = text_of("docs", "spec", "api.md"), text_of("docs", "guides", "command.md")
    functions = set()
    headers = [name for name in os.listdir(os.path.join(ROOT, "include", "baals"))
               if name.endswith(".h")]
    for name in headers:
        header = re.sub(r"/\*.*?\*/", "", text_of("include", "baals", name), flags=re.S)
        functions |= set(re.findall(r"\b(baals_\w+)\(", header))
    shown = set(re.findall(r"`(baals_\w+)`", api))
    check(functions == shown, "C: %s" % sorted(functions ^ shown))
    s.ok("init", "chain")
    with s.node() as node:
        connection = node.connect()
        methods = connection.call("methods")["result"]
        connection.close()
    table = dict(re.findall(r"^\| `(\w+)` \| *([^|]*?) *\|", api, re.M))
    check({m["method"]: m["params"].split() for m in methods} ==
          {name: params.replace(",", "").split() for name, params in table.items()},
          "RPC: %s" % table)
    first = api.split("## 2.")[0]
    commands = re.findall(r"^  ([a-z][a-z-]*(?: [a-z]+)?)(?: |$)",
                          s.ok("help").out.split("\nOptions")[0], re.M)
    check(len(commands) > 20, str(commands))
    for command in commands:
        check("`%s`" % command in first, "api.md has no command %s" % command)
        for option in re.findall(r"^  --([a-z-]+)", s.ok("help", *command.split()).out, re.M):
            check("`--%s`" % option in guide, "the guide has no --%s" % option)


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
