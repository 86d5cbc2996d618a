"""Starts other people's nodes and our miner, and keeps them apart from this machine: everything runs
on loopback, in a temporary folder that goes when the test ends.

A test is a program: it exits with 0 (passed), 1 (failed) or 77 (skipped; 1 under EXS_REQUIRE_PEERS=1).
"""

import base64
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BCOIN = "bcoin@1.0.2"
SKIPPED = 77
# Sanitizers make the miner some ten times slower.
PATIENCE = float(os.environ.get("EXS_TEST_PATIENCE", "1"))


class Skip(Exception):
    pass


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def free_port():
    """A port that nobody listens on, below those (32768 and on) that Linux gives to whoever asks for any:
    another program is unlikely to take it meanwhile, also while a test's server is down for a moment.
    """
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


@contextlib.contextmanager
def closed_port():
    """A port that refuses connections, and that nobody else can take."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()[1]


def wait_until(what, condition, seconds=20):
    end = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds * PATIENCE:.0f} s in vain for {what}")


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('message')} (code {error.get('code')})")
        self.code = error.get("code")


class Rpc:
    """A JSON-RPC client over one kept connection."""

    def __init__(self, port, user="", password=""):
        self.port, self.connection = port, None
        self.url = f"http://127.0.0.1:{port}/"
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}

    def __getattr__(self, method):
        return lambda *params: self.call(method, list(params))

    def call(self, method, params):
        body = json.dumps({"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
        for attempt in (0, 1):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                                 timeout=60 * PATIENCE)
                self.connection.request("POST", "/", body, self.headers)
                answer = json.loads(self.connection.getresponse().read())
                break
            except (http.client.HTTPException, OSError):
                self.connection = None
                if attempt:
                    raise
        if answer.get("error"):
            raise RpcError(answer["error"])
        return answer["result"]


class Program:
    """A child whose output lines are collected; stopped at the test's end."""

    running = []

    def __init__(self, command, **options):
        self.command, self.lines = command, []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace",
                                        **options)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        Program.running.append(self)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def output(self):
        return "\n".join(self.lines)

    def alive(self):
        return self.process.poll() is None

    def seen(self, text):
        return any(text in line for line in list(self.lines))

    def expect(self, text, seconds=20):
        wait_until(f"{text!r} from {self.command[0]}", lambda: self.seen(text) or self._dead(text), seconds)

    def _dead(self, text):
        if not self.alive():
            self.reader.join(5 * PATIENCE)
            check(self.seen(text), f"{self.command[0]} ended with {self.process.returncode} before {text!r}")
            return True
        return False

    def wait(self, seconds=120):
        """The exit code; the last output is complete when this returns."""
        try:
            code = self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} still ran after {seconds * PATIENCE:.0f} s") from None
        self.reader.join(5 * PATIENCE)
        return code

    def stop(self, sig=signal.SIGTERM):
        if self.alive():
            self.process.send_signal(sig)
            try:
                self.process.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.reader.join(5 * PATIENCE)
        return self.process.returncode


class Miner(Program):
    """exs-miner with plain output. path comes from the test's command line."""

    path = None

    def __init__(self, *options):
        options = [str(o) for o in options]
        # A lone thread takes the first processor; those of tests that run side by side must not share it.
        if "--cpu-affinity" not in options and any(pair == ("-t", "1") for pair in zip(options, options[1:])):
            options.append(f"--cpu-affinity={random.choice(sorted(os.sched_getaffinity(0)))}")
        super().__init__([Miner.path, *options])

    @staticmethod
    def run(*options, seconds=120):
        miner = Miner(*options)
        code = miner.wait(seconds)
        return code, miner.output()


def install_bcoin():
    """The folder with node_modules/bcoin, made on first use."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")
    peers = os.environ.get("EXS_PEERS_DIR") or os.path.join(os.getcwd(), "peers")
    home = os.path.join(peers, BCOIN)
    if os.path.exists(os.path.join(home, "complete")):
        return home
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, "package.json"), "w") as f:
        f.write('{"private": true}\n')
    try:
        install = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", BCOIN],
                                 cwd=home, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        raise Skip(f"npm did not install {BCOIN} within 10 minutes") from None
    if install.returncode:
        raise Skip(f"npm could not install {BCOIN}: {install.stderr.strip()[-400:]}")
    # Its native database was not built (no scripts of strangers are run); in memory it only has to load.
    stub = "'use strict';\nmodule.exports = class {\n  constructor() { throw new Error('memory only'); }\n};\n"
    with open(os.path.join(home, "node_modules/leveldown/leveldown.js"), "w") as f:
        f.write(stub)
    open(os.path.join(home, "complete"), "w").close()
    return home


class BcoinNode(Program):
    """A full node on its own regtest chain. Segwit and CSV become active at height 432."""

    def __init__(self, folder):
        home = install_bcoin()
        port = free_port()
        command = ["node", os.path.join(home, "node_modules/bcoin/bin/node"), "--network=regtest",
                   "--memory=true", f"--prefix={folder}/bcoin", "--log-level=warning", "--listen=false",
                   "--no-wallet=true", "--max-outbound=1", f"--http-port={port}", "--api-key=exs"]
        super().__init__(command, env={**os.environ, "NODE_BACKEND": "js"})
        self.rpc = Rpc(port, "exs", "exs")
        self.login = ["-u", "exs", "-p", "exs"]
        wait_for_rpc(self)


class CoreNode(Program):
    """Bitcoin Core (or whatever BITCOIND names) on its own regtest chain, with a cookie file."""

    def __init__(self, folder, *options):
        binary = os.environ.get("BITCOIND")
        if not binary:
            raise Skip("BITCOIND not set")
        port = free_port()
        data = os.path.join(folder, "core")
        os.makedirs(data, exist_ok=True)
        command = [binary, "-regtest", f"-datadir={data}", f"-rpcport={port}", "-listen=0", "-server=1",
                   "-connect=0", "-printtoconsole=0", "-fallbackfee=0.0001", "-maxtipage=2000000000",
                   "-persistmempool=0", *options]
        super().__init__(command)
        self.cookie = os.path.join(data, "regtest", ".cookie")
        wait_until("Core's cookie", lambda: os.path.exists(self.cookie) or self._dead("cookie"), 60)
        with open(self.cookie) as f:
            self.rpc = Rpc(port, *f.read().strip().split(":"))
        self.login = ["--cookie", self.cookie]
        wait_for_rpc(self)


def wait_for_rpc(node):
    def answers():
        check(node.alive(), f"{node.command[0]} ended:\n{node.output()}")
        try:
            return node.rpc.getblockchaininfo()
        except (OSError, http.client.HTTPException, RpcError):
            return None
    wait_until("the node's RPC", answers, 60)


def run(test, folder):
    """test's exit code, having said why it isn't zero."""
    try:
        test(folder)
        return 0
    except Skip as why:
        if os.environ.get("EXS_REQUIRE_PEERS") == "1" and str(why) != "BITCOIND not set":
            print(f"failed: EXS_REQUIRE_PEERS is set, but {why}")
            return 1
        print(f"skipped: {why}")
        return SKIPPED
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1


def cases(module):
    """The functions test_* of a module, given as its globals(), by name: those that EXS_TEST_ONLY is in."""
    wanted = os.environ.get("EXS_TEST_ONLY", "")
    return [(name, case) for name, case in module.items() if name.startswith("test_") and wanted in name]


def run_cases(module, make):
    """Runs them one after another, each with a peer of its own: what make() gives."""
    for name, case in cases(module):
        began = time.monotonic()
        peer = make()
        case(peer)
        peer.stop()
        print(f"{name[5:]}: {time.monotonic() - began:.1f} s", flush=True)


def main(test):
    """Runs test(folder) as a program."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH-OF-EXS-MINER")
    Miner.path = sys.argv[1]
    # Below nohup, or in a script's background, these are ignored, and a child would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = tempfile.mkdtemp(prefix="exs-functional-")
    code = run(test, folder)
    for age, program in enumerate(reversed(Program.running)):
        program.stop()
        if code == 1 and age < 3:
            print(f"--- the last output of {' '.join(program.command[:8])} ...")
            print("\n".join(program.lines[-40:]))
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)
