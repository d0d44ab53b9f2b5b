# SPDX-License-Identifier: MIT
"""What the integration tests share: the real command in a temporary folder of its own.

Every test program is run as `python3 test.py PROGRAM`; it prints one line per test and exits 1 when
one failed.
"""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Seeds of test keys: nothing of value is ever theirs.
ALICE_SEED = "11" * 32
BOB_SEED = "22" * 32
AUTHORITY_SEED = "33" * 32

EXIT = {"OK": 0, "MISUSE": 2, "IO": 3, "BUSY": 4, "NOTFOUND": 5, "CORRUPT": 6, "LIMIT": 7,
        "UNSUPPORTED": 8, "REJECT": 9, "TRAP": 10, "INTERNAL": 11, "NOMEM": 12}


class Failed(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


class Result:
    def __init__(self, args, process):
        self.args = args
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return "baals %s\n  exit %d\n  stdout %s\n  stderr %s" % (
            " ".join(self.args), self.code, self.out[:1500], self.err[:1500])


class Sandbox:
    """A temporary folder with its own wallet; commands run inside it."""

    def __init__(self, program, folder=None):
        self.program = os.path.realpath(program)
        self.folder = folder or tempfile.mkdtemp(prefix="baals-test-")
        self.env = {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C",
                    "XDG_DATA_HOME": os.path.join(self.folder, "data"), "BAALS_DIR": "chain"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for folder, names, _ in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, content, mode=0o600):
        path = self.path(name)
        if isinstance(content, str):
            content = content.encode()
        with open(path, "wb") as handle:
            handle.write(content)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as handle:
            return handle.read()

    def run(self, *args, **options):
        """Runs a command; prefix= runs it under another program, input= is its stdin."""
        command = list(options.pop("prefix", [])) + [self.program] + [str(a) for a in args]
        options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
        if options.get("stdin") is None:
            options.pop("stdin", None)
        process = subprocess.run(command, cwd=self.folder, env=self.env, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True, timeout=120, errors="replace", **options)
        return Result([str(a) for a in args], process)

    def ok(self, *args, **options):
        result = self.run(*args, **options)
        check(result.code == 0, "expected success:\n%s" % result)
        return result

    def json(self, *args, **options):
        return self.ok(*args, "--json", **options).json()

    def fails(self, class_name, code, *args, **options):
        """The command fails with this class and stable code; says what to do."""
        result = self.run(*args, **options)
        check(result.code == EXIT[class_name] and "error %s:" % code in result.err,
              "expected %s %s:\n%s" % (class_name, code, result))
        return result

    def import_key(self, name, seed):
        self.write(name + ".key", seed + "\n")
        return self.json("wallet", "import", name, name + ".key", "--no-passphrase")["address"]

    def contract(self, example="counter", described=False):
        """Compiles an example, with its description or without; returns its file's name."""
        name = example + ".wasm"
        subprocess.run([os.path.join(ROOT, "tools/build-contract")] +
                       ([] if described else ["--no-abi"]) + [
                        os.path.join(ROOT, "contracts/examples", example + ".c"),
                        self.path(name)], check=True)
        return name

    def genesis(self, alice, authority, **changes):
        """The text of a genesis that is the same in every run."""
        genesis = {
            "format": 1, "chain_name": "test", "start_ms": 1767225600000, "engine": "poa",
            "poa": {"authorities": [authority], "slot_ms": 1000, "interval_ms": 0,
                    "pending_count": 0, "pending_bytes": 0, "instant": True,
                    "empty_blocks": False},
            "dev": False, "balances": [{"address": alice, "amount": "1000000"}],
            "contracts": [],
            "params": {"block_gas_limit": "1000000000", "gas_price_min": "0",
                       "burn_fees": False, "gas_schedule": 1, "wasm_limits": 1}}
        genesis.update(changes)
        return json.dumps(genesis)

    def make_chain(self, directory="chain", **changes):
        """Keys alice and bob, and a chain in `directory` that gives Alice a million."""
        if not os.path.exists(self.path("alice.key")):
            self.alice = self.import_key("alice", ALICE_SEED)
            self.bob = self.import_key("bob", BOB_SEED)
            self.authority = self.import_key("authority", AUTHORITY_SEED)
            os.remove(self.path("data/baals/wallet/authority.json"))
        self.write("genesis.json", self.genesis(self.alice, self.authority, **changes))
        return self.json("init", directory, "--genesis", "genesis.json",
                         "--authority-key", "authority.key", "--quiet")

    def node(self, directory="chain"):
        return Node(self, directory)


class Node:
    """A running node; leaving the block stops it as a user would."""

    def __init__(self, sandbox, directory):
        self.sandbox = sandbox
        self.directory = directory
        self.process = subprocess.Popen(
            [sandbox.program, "start", directory, "--json"], cwd=sandbox.folder, env=sandbox.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            _, err = self.process.communicate(timeout=60)
            raise Failed("the node did not start: %s" % err.decode(errors="replace"))
        self.ready = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            check(self.stop() == 0, "the node did not stop cleanly")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        _, self.err = self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=60)

    def connect(self):
        return Connection(self.sandbox.path(self.directory, "baals.sock"))


class Connection:
    """The node's socket, line by line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        # A socket's path is short; the test's folder need not be.
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            self.socket.connect("/proc/self/fd/%d/%s" % (folder, os.path.basename(path)))
        finally:
            os.close(folder)
        self.file = self.socket.makefile("rb")

    def send_line(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the node closed the connection")
        return json.loads(line)

    def ask(self, text):
        self.send_line(text)
        return self.line()

    def call(self, method, /, **params):
        return self.ask(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                    "params": params}))

    def quiet(self, seconds=0.2):
        """Whether nothing more comes."""
        return not select.select([self.socket], [], [], seconds)[0]

    def close(self):
        self.file.close()
        self.socket.close()


def main(tests):
    """Runs the functions, each with a fresh sandbox, and reports."""
    if len(sys.argv) < 2:
        sys.exit("usage: %s PROGRAM [TEST...]" % sys.argv[0])
    program, wanted = sys.argv[1], sys.argv[2:]
    failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        try:
            with Sandbox(program) as sandbox:
                note = test(sandbox)
            print("ok       %s%s" % (test.__name__, ": " + note if note else ""), flush=True)
        except (Failed, AssertionError, KeyError, ValueError, OSError, EOFError,
                subprocess.SubprocessError):
            failed += 1
            print("FAILED   %s: %s\n%s" % (test.__name__, (test.__doc__ or "").strip(),
                                           traceback.format_exc()), flush=True)
    print("%d failed" % failed)
    sys.exit(1 if failed else 0)
