# SPDX-License-Identifier: MIT
"""The node's socket: the protocol, its limits, its ends."""
import json
import os
import signal
import subprocess
import threading

from harness import Connection, Failed, check, main


def code(answer):
    return answer["error"]["code"]


def test_envelope(s):
    """Requests, notifications, batches and every way to get the envelope wrong."""
    s.make_chain()
    with s.node() as node:
        c = node.connect()
        answer = c.ask('{"jsonrpc":"2.0","id":"a","method":"chain_info"}')
        check(answer["id"] == "a" and answer["result"]["height"] == 0, str(answer))
        check(c.ask('{"jsonrpc":"2.0","id":null,"method":"chain_info"}')["id"] is None, "null id")
        for text, expected in [
                ("", -32700), ("{", -32700), ("nonsense", -32700), ('{"a":1,"a":2}', -32700),
                ("[" * 40, -32700), ('{"id":99999999999999999999}', -32700), ("5", -32600),
                ("null", -32600), ("{}", -32600), ("[]", -32600),
                ('{"jsonrpc":"1.0","id":1,"method":"chain_info"}', -32600),
                ('{"jsonrpc":"2.0","id":1}', -32600),
                ('{"jsonrpc":"2.0","id":1,"method":5}', -32600),
                ('{"jsonrpc":"2.0","id":[1],"method":"chain_info"}', -32600),
                ('{"jsonrpc":"2.0","id":1,"method":"chain_info","params":[]}', -32600),
                ('{"jsonrpc":"2.0","id":1,"method":"nothing"}', -32601),
                ('{"jsonrpc":"2.0","id":1,"method":"chain_info","params":{"x":1}}', 257),
                ('{"jsonrpc":"2.0","id":1,"method":"account_get","params":{}}', 257),
                ('{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"address":5}}', 257),
                ('{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"address":"x"}}', 513)]:
            check(code(c.ask(text)) == expected, "%s gives %s" % (text[:60], expected))
        batch = [{"jsonrpc": "2.0", "id": i, "method": "chain_info"} for i in range(100)]
        answers = c.ask(json.dumps(batch))
        check([a["id"] for a in answers] == list(range(100)), "a batch of 100")
        check(code(c.ask(json.dumps(batch + batch[:1]))) == -32600, "a batch of 101")
        check(code(c.ask(json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "export"}]))[0]) == 1,
              "no export in a batch")
        c.send_line('{"jsonrpc":"2.0","method":"chain_info"}')
        c.send_line('[{"jsonrpc":"2.0","method":"chain_info"}]')
        check(c.quiet(), "notifications are not answered")
        check(c.call("chain_info")["result"]["height"] == 0, "and the connection lives")
        c.close()


def test_every_method_checks_its_parameters(s):
    """Each method of the list refuses an unknown parameter and a missing one by name."""
    s.make_chain()
    with s.node() as node:
        c = node.connect()
        methods = c.call("methods")["result"]
        check(len(methods) >= 20 and methods == sorted(methods, key=lambda m: m["method"]), "list")
        for method in methods:
            answer = c.call(method["method"], bogus=1)
            check("bogus" in answer["error"]["message"], str(answer))
            needed = [p[:-1] for p in method["params"].split() if p.endswith("!")]
            if needed:
                answer = c.call(method["method"])
                check('"%s" is missing' % needed[0] in answer["error"]["message"], str(answer))
            for name in method["params"].replace("!", "").split():
                params = {p: [] if p == name else "00" for p in needed + [name]}
                answer = c.call(method["method"], **params)
                check("error" in answer or name == "bytes", "%s %s" % (method, answer))
        c.close()
    return "%d methods" % len(methods)


def test_limits(s):
    """Too long a message is told so and ends the connection; a long one of 4 MiB is read."""
    s.make_chain()
    with s.node() as node:
        c = node.connect()
        filler = "x" * (4 * 1024 * 1024 - 100)
        answer = c.call("account_get", address=filler[:-60])
        check(code(answer) == 513, str(answer)[:200])
        c.close()
        c = node.connect()
        try:
            c.socket.sendall(b"y" * (5 * 1024 * 1024) + b"\n")
            check(code(c.line()) == -32600, "too long")
        except (BrokenPipeError, ConnectionResetError, EOFError):
            pass
        c.close()
        c = node.connect()
        check("result" in c.call("chain_info"), "others are served")
        c.close()


def test_many_clients(s):
    """64 clients are served at once, the next is told to wait, and comes in when one leaves."""
    s.make_chain()
    with s.node() as node:
        clients = [node.connect() for _ in range(64)]
        for c in clients:
            check("result" in c.call("chain_info"), "served")
        extra = node.connect()
        check(code(extra.line()) == 4, "busy")
        extra.close()
        for c in clients[:32]:
            c.close()
        for attempt in range(100):
            again = node.connect()
            try:
                if "result" in again.call("chain_info"):
                    break
            except (EOFError, OSError):
                pass
            finally:
                again.close()
        else:
            raise Failed("no place became free")
        for c in clients[32:]:
            c.close()


def test_half_requests(s):
    """Clients that go away in the middle of a request or an answer harm nobody."""
    s.make_chain()
    with s.node() as node:
        for part in (b"", b"{", b'{"jsonrpc":"2.0","id":1,"method":"export"}\n',
                     b'{"jsonrpc":"2.0","id":1,"method":"notices","params":{"wait_ms":60000}}\n'):
            for _ in range(5):
                c = node.connect()
                c.socket.sendall(part)
                c.close()
        c = node.connect()
        check("result" in c.call("chain_info"), "still there")
        c.close()


def test_stop_while_waiting(s):
    """SIGTERM and SIGINT end a node at once though a client waits; it leaves no socket."""
    s.make_chain()
    for number in (signal.SIGTERM, signal.SIGINT):
        node = s.node()
        c = node.connect()
        c.send_line(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "notices",
                                "params": {"cursor": "now", "wait_ms": 600000}}))
        check(node.stop(number) == 0, "exit code")
        check(not os.path.exists(s.path("chain/baals.sock")), "no socket")
        c.close()


def test_socket_is_private(s):
    """The socket's mode lets nobody else in."""
    s.make_chain()
    with s.node():
        check(os.stat(s.path("chain/baals.sock")).st_mode & 0o777 == 0o600, "mode")


def test_long_path(s):
    """A data directory whose path is longer than a socket's name may be works."""
    deep = "/".join(["d" * 60] * 4)
    s.make_chain(deep)
    with s.node(deep) as node:
        c = Connection(s.path(deep, "baals.sock"))
        check("result" in c.call("chain_info"), "socket")
        c.close()
        s.ok("send", s.bob, "1", "--from", "alice", "--dir", deep)
        check(node.process.poll() is None, "it went through the node")


def test_parallel_senders(s):
    """Many commands at once through one node: every one is mined, nonces follow each other."""
    s.make_chain()
    with s.node():
        results = []

        def send(key):
            for _ in range(5):
                results.append(s.run("send", s.bob, "1", "--key", key, "--json"))
        for name, seed in (("k%d" % i, "%02x" % (i + 0x40) * 32) for i in range(4)):
            s.write(name + ".key", seed + "\n")
            s.ok("send", s.import_key(name, seed), "100", "--from", "alice")
        threads = [threading.Thread(target=send, args=("k%d.key" % i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            check(result.code == 0, str(result))
        check(s.json("inspect", "account", s.bob)["balance"] == "20", "all arrived")


def test_no_network(s):
    """No command opens a socket but the node's own of the UNIX kind (as the kernel sees it)."""
    try:
        subprocess.run(["strace", "-V"], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        print("SKIPPED: no network (strace is not installed)")
        return "skipped"
    # The leak checker cannot run under a tracer.
    s.env["ASAN_OPTIONS"] = "detect_leaks=0"
    s.contract()
    s.make_chain()
    trace = s.path("trace")
    prefix = ["strace", "-f", "-qq", "-e", "trace=network", "-o", trace]
    families, commands = set(), 0

    def traced(*args):
        nonlocal commands
        commands += 1
        result = s.ok(*args, "--json", prefix=prefix)
        for line in s.read("trace").decode().splitlines():
            if "socket(" in line:
                family = line.split("socket(")[1].split(",")[0]
                check(family == "AF_UNIX", "%s opens a socket: %s" % (args[0], line))
                families.add(family)
        return result.json()

    traced("init", "other")
    check(not families, "init opens no socket at all")

    def work():
        traced("send", s.bob, "5", "--from", "alice")
        contract = traced("deploy", "counter.wasm", "--from", "alice")["contract"]
        traced("call", contract, "increment", "--from", "alice")
        traced("query", contract, "get")
        traced("inspect", "chain")
    work()
    check(not families, "without a node there is no socket at all")
    traced("verify", "--replay")
    with s.node():
        work()
    check(families == {"AF_UNIX"}, "through a node: %s" % families)
    return "%d commands" % commands


if __name__ == "__main__":
    main([value for name, value in sorted(globals().items()) if name.startswith("test_")])
