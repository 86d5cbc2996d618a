"""A Stratum V1 pool that hashes and judges every share itself, and behaves badly where a test asks for it.

Its jobs have coinbases and Merkle branches of their own. A share is judged by the job it names as that was
given to that client: extranonce1, extranonce2's size, difficulty and version mask of that moment. What a
client does that no client should is kept in `complaints`.

Sources: the Stratum V1 of slush's pool, BIP310 (mining.configure), NiceHash's extranonce subscription.
"""

import hashlib
import json
import os
import socket
import struct
import threading
import time
from fractions import Fraction

from chain import Tx, script_number
from harness import PATIENCE, check, free_port, wait_until

DIFFICULTY_1 = 0xFFFF << 208
HARD_BITS = 0x1800FFFF  # difficulty 2^40: no share solves a block by chance
MEDIUM_BITS = 0x1E7FFFFF  # difficulty 0.00003
BIP320_MASK = 0x1FFFE000
MAX_LINE = 4096
LATE_S = 600  # how far a share's time may be from the pool's


def hash256(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def target_of(difficulty):
    return min(int(DIFFICULTY_1 / Fraction(difficulty)), 2**256 - 1)


def target_of_bits(bits):
    return (bits & 0xFFFFFF) << 8 * ((bits >> 24) - 3)


class Work:
    """A job as one client got it."""

    def __init__(self, client, number, previous, *, clean=True, version=0x20000000, bits=HARD_BITS, height=1000,
                 branches=3, ntime=None, coinbase_padding=0):
        self.id, self.previous, self.clean, self.void = f"{number:x}", previous, clean, False
        self.version, self.bits, self.time = version, bits, ntime or int(time.time())
        self.extranonce1, self.size = client.extranonce1, client.size
        self.difficulty, self.mask = client.difficulty, client.mask
        self.branches = [hashlib.sha256(b"branch %d of %d" % (i, number)).digest() for i in range(branches)]
        room = bytes(len(self.extranonce1) + self.size)
        script = script_number(height) + b"/fake pool/" + room
        outs = [[50 * 10**8, b"\x00\x14" + bytes(range(20))]]
        if coinbase_padding:
            outs.append([0, bytes(coinbase_padding)])
        raw = Tx([[bytes(32), 0xFFFFFFFF, script, 0xFFFFFFFE]], outs).raw(False)
        # 4 bytes of version, 1 count, 32 + 4 of null input, 1 of the script's size
        at = 42 + len(script) - len(room)
        self.coinb1, self.coinb2 = raw[:at], raw[at + len(room):]

    def params(self):
        words = b"".join(self.previous[i:i + 4][::-1] for i in range(0, 32, 4))
        return [self.id, words.hex(), self.coinb1.hex(), self.coinb2.hex(), [b.hex() for b in self.branches],
                f"{self.version:08x}", f"{self.bits:08x}", f"{self.time:08x}", self.clean]

    def header(self, extranonce2, ntime, nonce, version):
        root = hash256(self.coinb1 + self.extranonce1 + extranonce2 + self.coinb2)
        for branch in self.branches:
            root = hash256(root + branch)
        return struct.pack("<I32s32sIII", version, self.previous, root, ntime, self.bits, nonce)


class Share:
    """One mining.submit and what became of it: reason is None where it was accepted."""

    def __init__(self, client, params):
        self.client, self.params = client, params
        self.work = self.hash = self.reason = None
        self.rolled = 0          # the version bits that it changed
        self.late = False        # for a job that was voided when it may have been on its way
        self.at = time.monotonic()

    def solves(self):
        return self.hash is not None and self.hash <= target_of_bits(self.work.bits)


class Refusal(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def unhex(text, size, what):
    if not isinstance(text, str) or len(text) != 2 * size or set(text) - set("0123456789abcdef"):
        raise Refusal(20, f"{what} is not {size} bytes of lower-case hex: {text!r}")
    return bytes.fromhex(text)


class Client:
    """One connection, with a thread that reads it."""

    def __init__(self, pool, connection, address, number):
        self.pool, self.connection, self.address, self.number = pool, connection, address, number
        self.difficulty, self.mask, self.size = 1, 0, pool.extranonce2_size
        # Another one for each connection.
        self.extranonce1 = os.urandom(pool.extranonce1_size)
        self.subscribed = self.open = self.rolling = False
        self.agent = None
        self.workers, self.works, self.calls, self.answers, self.ids = {}, {}, [], {}, set()
        self.voids = {}  # a request's id to the jobs that are void once it is answered
        self.writing, self.asked = threading.Lock(), 0

    def send_raw(self, data):
        """False where nobody is there any more."""
        try:
            with self.writing:
                self.connection.sendall(data)
            return True
        except OSError:
            return False

    def send(self, message):
        return self.send_raw(json.dumps(message).encode() + b"\n")

    def tell(self, method, *params):
        return self.send({"id": None, "method": method, "params": list(params)})

    def reply(self, call, result):
        return self.send({"id": call["id"], "result": result, "error": None})

    def refuse(self, call, code, text):
        return self.send({"id": call["id"], "result": None, "error": [code, text, None]})

    def request(self, method, *params, voids=()):
        """Sends a request; returns its id."""
        with self.pool.lock:
            self.asked += 1
            number = 1000000 + self.asked
            self.voids[number] = voids
        self.send({"id": number, "method": method, "params": list(params)})
        return number

    def ask(self, method, *params, seconds=20):
        """The whole answer to a request."""
        number = self.request(method, *params)
        wait_until(f"an answer to {method}", lambda: number in self.answers, seconds)
        return self.answers[number]

    def newest(self):
        return list(self.works.values())[-1]

    def sync(self):
        """Returns when the client has read all that was sent."""
        self.ask("client.get_version")

    def complain(self, text):
        self.pool.complaints.append(f"client {self.number}: {text}")

    def set_difficulty(self, difficulty):
        self.difficulty = difficulty
        self.tell("mining.set_difficulty", difficulty)

    def set_extranonce(self, extranonce1, size):
        """For the jobs that follow."""
        self.extranonce1, self.size = extranonce1, size
        self.tell("mining.set_extranonce", extranonce1.hex(), size)

    def set_mask(self, mask):
        """For the jobs that it has too (BIP310). What is on its way may have the bits of the mask before."""
        self.mask = mask
        for work in self.works.values():
            work.mask |= mask
        self.tell("mining.set_version_mask", f"{mask:08x}")
        self.sync()
        for work in self.works.values():
            work.mask = mask

    def notify(self, clean=True, **changes):
        """Gives the pool's current block, or another as the changes say. A clean job voids the others, whose
        shares are late until the client has surely read of it, and a fault of the client's from then on."""
        with self.pool.lock:
            self.pool.numbers += 1
            work = Work(self, self.pool.numbers, self.pool.previous, clean=clean, **{**self.pool.job, **changes})
            voided = list(self.works.values()) if clean else []
            self.works[work.id] = work
            for old in voided:
                old.void = old.void or "late"
            self.tell("mining.notify", *work.params())
            if voided:
                self.request("client.get_version", voids=voided)
        return work

    def close(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        try:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            limit = struct.pack("ll", int(10 * PATIENCE), 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            self.open = True
            reader = self.connection.makefile("rb")
            while True:
                line = reader.readline(MAX_LINE)
                if not line.endswith(b"\n"):
                    if line:
                        self.complain(f"a line that is too long or cut off: {line[:80]!r}")
                    break
                self.take(line)
        except OSError as error:
            self.pool.errors.append(str(error))
        finally:
            self.open = False
            self.close()
            self.connection.close()

    def take(self, line):
        try:
            message = json.loads(line)
        except ValueError:
            return self.complain(f"not JSON: {line[:80]!r}")
        if not isinstance(message, dict) or "id" not in message:
            return self.complain(f"neither a request nor an answer: {line[:80]!r}")
        if "method" not in message:
            with self.pool.lock:
                for work in self.voids.get(message["id"], ()):
                    work.void = "void"
            self.answers[message["id"]] = message
            return None
        if message["id"] in self.ids:
            self.complain(f"the id {message['id']} again")
        if not isinstance(message.get("params"), list):
            return self.complain(f"no params: {line[:80]!r}")
        self.ids.add(message["id"])
        self.calls.append((message["method"], message["params"]))
        self.pool.handle(self, message)


class FakePool:
    """rules: functions of (pool, client, message) that are asked first, and return True if they dealt with it."""

    def __init__(self, port=0, difficulty=1, size=4, host="127.0.0.1", extranonce1_size=4):
        self.host, self.port = host, port or free_port()
        self.difficulty, self.extranonce2_size, self.extranonce1_size = difficulty, size, extranonce1_size
        self.mask, self.extensions = BIP320_MASK, {"version-rolling", "subscribe-extranonce"}
        self.resumes, self.sessions = False, {}  # a session's name to its client
        self.login = None  # (user, password) where only that one may mine
        self.job, self.previous = {}, hashlib.sha256(b"previous").digest()
        self.rules, self.errors, self.complaints, self.numbers = [], [], [], 0
        self.clients, self.shares, self.seen = [], [], set()
        self.lock = threading.RLock()
        self.listener = None
        self.start()

    def url(self, login="", host=None):
        return f"stratum+tcp://{login}{host or self.host}:{self.port}"

    def start(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen()
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            with self.lock:
                if listener is not self.listener:
                    connection.close()
                    return
                client = Client(self, connection, address, len(self.clients) + 1)
                self.clients.append(client)
            threading.Thread(target=client.run, daemon=True).start()

    def stop(self):
        """As if the process had been killed."""
        with self.lock:
            listener, self.listener = self.listener, None
        if listener:
            # close alone does not wake up the thread in accept.
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        for client in list(self.clients):
            client.close()

    def here(self):
        """The clients that are connected and may get jobs."""
        return [c for c in list(self.clients) if c.open and c.subscribed]

    def client(self, seconds=20):
        """The newest client, once it has a job."""
        return wait_until("a client with a job", lambda: next((c for c in self.here()[::-1] if c.works), None),
                          seconds)

    def new_block(self, **changes):
        """A clean job on another predecessor, to all."""
        with self.lock:
            self.previous = hashlib.sha256(self.previous).digest()
            for client in self.here():
                client.notify(clean=True, **changes)

    def accepted(self, where=lambda share: True):
        return [s for s in list(self.shares) if s.reason is None and where(s)]

    def expect_shares(self, count, where=lambda share: True, seconds=60):
        """Waits until so many shares of a kind were accepted."""
        try:
            wait_until(f"{count} accepted shares", lambda: len(self.accepted(where)) >= count, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.summary()}") from None
        return self.accepted(where)

    def summary(self):
        reasons = {}
        for share in list(self.shares):
            key = share.reason or "accepted"
            reasons[key] = reasons.get(key, 0) + 1
        return f"shares: {reasons}, clients: {len(self.clients)}, errors: {self.errors[-3:]}, " \
               f"complaints: {self.complaints[-3:]}"

    def check_manners(self):
        """Nothing was refused but what was late, and nothing else was amiss."""
        bad = [s for s in list(self.shares) if s.reason and not s.late]
        check(not bad, f"{len(bad)} shares were refused, such as {[(s.reason, s.params) for s in bad[:3]]}")
        check(not self.complaints, f"complaints: {self.complaints[:5]}")

    # What a pool does.

    def handle(self, client, message):
        for rule in list(self.rules):
            if rule(self, client, message):
                return
        method = getattr(self, "call_" + message["method"].replace(".", "_"), None)
        if method:
            method(client, message, message["params"])
        else:
            client.refuse(message, -3, "Method not found")

    def call_mining_configure(self, client, message, params):
        result = {}
        for extension in params[0]:
            granted = extension in self.extensions
            result[extension] = granted
            if extension == "version-rolling" and granted:
                client.rolling = True
                client.mask = int(params[1]["version-rolling.mask"], 16) & self.mask
                result["version-rolling.mask"] = f"{client.mask:08x}"
        client.reply(message, result)

    def call_mining_subscribe(self, client, message, params):
        client.subscribed, client.agent = True, params[0] if params else None
        session = os.urandom(4).hex()
        if self.resumes and len(params) > 1 and params[1] in self.sessions:
            session, before = params[1], self.sessions[params[1]]
            client.extranonce1, client.size, client.works = before.extranonce1, before.size, before.works
        self.sessions[session] = client
        names = [["mining.set_difficulty", "d" + session], ["mining.notify", session]]
        client.reply(message, [names, client.extranonce1.hex(), client.size])

    def call_mining_extranonce_subscribe(self, client, message, _):
        if "subscribe-extranonce" in self.extensions:
            client.reply(message, True)
        else:
            client.refuse(message, 20, "Not supported.")

    def call_mining_suggest_difficulty(self, client, message, _):
        client.reply(message, True)

    def call_mining_ping(self, client, message, _):
        client.reply(message, "pong")

    def call_mining_authorize(self, client, message, params):
        if not client.subscribed:
            client.complain("authorize before subscribe")
        if len(params) != 2 or self.login and tuple(params) != self.login:
            return client.reply(message, False)
        client.workers[params[0]] = params[1]
        client.reply(message, True)
        with self.lock:
            client.set_difficulty(self.difficulty)
            client.notify(clean=not client.works)
        return None

    def call_mining_submit(self, client, message, params):
        share = Share(client, params)
        with self.lock:
            try:
                self.judge(share, client, params)
                client.reply(message, True)
            except Refusal as refusal:
                share.reason = refusal.text
                client.refuse(message, refusal.code, refusal.text)
            self.shares.append(share)

    def judge(self, share, client, params):
        if len(params) not in (5, 6):
            raise Refusal(20, f"{len(params)} parameters")
        worker, job, extranonce2, ntime, nonce = params[:5]
        if worker not in client.workers:
            raise Refusal(24, "Unauthorized worker")
        work = share.work = client.works.get(job)
        if not work:
            raise Refusal(21, "Job not found")
        extranonce2 = unhex(extranonce2, work.size, "extranonce2")
        ntime, nonce = (struct.unpack(">I", unhex(p, 4, "time or nonce"))[0] for p in (ntime, nonce))
        version = self.version_of(share, work, params)
        if not work.time <= ntime <= max(work.time, time.time()) + LATE_S:
            raise Refusal(20, f"time {ntime} for a job of {work.time}")
        header = work.header(extranonce2, ntime, nonce, version)
        share.hash = int.from_bytes(hash256(header), "little")
        if header in self.seen:
            raise Refusal(22, "Duplicate share")
        self.seen.add(header)
        if share.hash > target_of(work.difficulty):
            raise Refusal(23, "Low difficulty share")
        if work.void and not share.solves():
            share.late = work.void == "late"
            raise Refusal(21, "Stale share")

    def version_of(self, share, work, params):
        """BIP310: the bits of the mask are those that the share names, the others the job's."""
        if not share.client.rolling:
            if len(params) != 5:
                raise Refusal(20, "version bits without an agreement on them")
            return work.version
        if len(params) != 6:
            raise Refusal(20, "no version bits")
        bits = struct.unpack(">I", unhex(params[5], 4, "version bits"))[0]
        if bits & ~work.mask:
            raise Refusal(20, f"version bits {bits:08x} outside of the mask {work.mask:08x}")
        version = work.version & ~work.mask | bits
        share.rolled = version ^ work.version
        return version


class TinyClient:
    """A miner in a few lines, to show that the pool judges rightly."""

    def __init__(self, pool, mask=BIP320_MASK):
        self.connection = socket.create_connection(("127.0.0.1", pool.port), timeout=20 * PATIENCE)
        self.reader, self.last, self.jobs = self.connection.makefile("rb"), 0, []
        if mask:
            self.call("mining.configure", ["version-rolling"], {"version-rolling.mask": f"{mask:08x}"})
        _, self.extranonce1, self.size = self.call("mining.subscribe", "tiny")["result"]
        self.call("mining.authorize", "w", "x")
        while not self.jobs:
            self.read()

    def read(self):
        message = json.loads(self.reader.readline())
        if message.get("method") == "mining.notify":
            self.jobs.append(message["params"])
        elif message.get("method") == "client.get_version":
            self.connection.sendall(json.dumps({"id": message["id"], "result": "tiny", "error": None}).encode()
                                    + b"\n")
        return message

    def call(self, method, *params):
        self.last += 1
        text = json.dumps({"id": self.last, "method": method, "params": list(params)})
        self.connection.sendall(text.encode() + b"\n")
        while True:
            message = self.read()
            if message.get("id") == self.last and "method" not in message:
                return message

    def find(self, difficulty, good=True, bits=0, time_shift=0):
        """The parameters of a share of the newest job that meets the difficulty, or misses it."""
        job, previous, coinb1, coinb2, branches, version, nbits, ntime, _ = self.jobs[-1]
        extranonce2 = os.urandom(self.size).hex()
        root = hash256(bytes.fromhex(coinb1 + self.extranonce1 + extranonce2 + coinb2))
        for branch in branches:
            root = hash256(root + bytes.fromhex(branch))
        words = bytes.fromhex(previous)
        swapped = b"".join(words[i:i + 4][::-1] for i in range(0, 32, 4))
        seconds = int(ntime, 16) + time_shift
        start = struct.pack("<I", int(version, 16) | bits) + swapped + root + struct.pack("<II", seconds,
                                                                                           int(nbits, 16))
        nonce = 0
        while (int.from_bytes(hash256(start + struct.pack("<I", nonce)), "little")
               <= target_of(difficulty)) != good:
            nonce += 1
        return ["w", job, extranonce2, f"{seconds:08x}", f"{nonce:08x}", f"{bits:08x}"]

    def submit(self, params):
        """The reason of a refusal, None for none."""
        error = self.call("mining.submit", *params)["error"]
        return error[1] if error else None

    def close(self):
        self.connection.close()
