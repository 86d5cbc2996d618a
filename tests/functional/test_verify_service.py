#!/usr/bin/env python3
"""exs-verify as other programs meet it: right answers to many at once, and patience with none that is broken."""

import contextlib
import functools
import os
import random
import resource
import signal
import socket
import struct
import threading
import time

import verify_client as v
from chain import Block, Key, Reader, Tx, point_mul, sha256, tagged_hash
from harness import PATIENCE, Miner, Program, cases, check, main, wait_until

FOLDER = None
ALL_CONSENSUS = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 17
TAPROOT, P2SH, WITNESS, CLEANSTACK = 1 << 17, 1, 1 << 11, 1 << 8
COIN = 100_000_000
TIMEOUT = 60 * PATIENCE


class Service(Program):
    def __init__(self, *options, path=None, tcp=True):
        self.path = path or os.path.join(FOLDER, f"socket{random.randrange(1 << 30)}")
        listen = ["-l", "127.0.0.1:0"] if tcp else []
        super().__init__([Miner.path, "-s", self.path, "-t", "2", *listen, *map(str, options)])

    def ready(self):
        self.expect("serves with 2 threads")
        for line in self.lines:
            if "listening on 127.0.0.1:" in line:
                self.tcp = ("127.0.0.1", int(line.rsplit(":", 1)[1].rstrip('"}')))
        return self

    def client(self, tcp=False):
        return v.Client(self.tcp if tcp else self.path, TIMEOUT)

    def connection(self, tcp=False):
        """After a hello, and nothing else understood."""
        c = v.Connection(self.tcp if tcp else self.path, TIMEOUT)
        c.send(v.frame(v.HELLO, 0, v.hello()))
        check(c.read_frame()[0] == v.HELLO | v.ANSWER, "no hello")
        return c

    def statistics(self):
        with self.client() as c:
            return c.ask(v.STATISTICS)

    def finish(self):
        check(self.stop() == 0, f"exit code {self.process.returncode}:\n{self.output()}")
        check(not os.path.exists(self.path), "the socket's file was left")


@contextlib.contextmanager
def served(*options):
    service = Service(*options).ready()
    yield service
    check(service.alive(), f"it ended:\n{service.output()}")
    service.finish()


def raises(kind, run):
    try:
        run()
    except kind as e:
        return e
    raise AssertionError(f"no {kind.__name__}")


# What is asked, and what the answer must be.

@functools.cache
def signature_cases():
    """Pairs of an encoded signature and 1 or 0."""
    key, other, digest = Key("a"), Key("b"), sha256(b"message")
    der = key.ecdsa(digest)
    compact = b""
    at = 2
    for _ in range(2):
        size = der[at + 1]
        compact += int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big")
        at += 2 + size
    schnorr = key.schnorr(digest)
    bad = bytes([schnorr[0] ^ 1]) + schnorr[1:]
    tweak = tagged_hash("TapTweak", key.pubkey[1:])
    parity = point_mul(key.tap_secret)[1] & 1
    long_key = b"\x04" + b"".join(c.to_bytes(32, "big") for c in key.point)
    hybrid = bytes([6 + (key.point[1] & 1)]) + long_key[1:]
    return [
        (v.signature(v.ECDSA, key.pubkey, digest, compact), 1),
        (v.signature(v.ECDSA, long_key, digest, compact), 1),
        (v.signature(v.ECDSA, hybrid, digest, compact), 1),
        (v.signature(v.ECDSA, bytes([hybrid[0] ^ 1]) + hybrid[1:], digest, compact), 0),
        (v.signature(v.ECDSA, other.pubkey, digest, compact), 0),
        (v.signature(v.ECDSA, key.pubkey, sha256(b"x"), compact), 0),
        (v.signature(v.ECDSA, b"", digest, compact), 0),
        (v.signature(v.ECDSA_DER, key.pubkey, digest, der), 1),
        (v.signature(v.ECDSA_DER, key.pubkey, digest, der + b"\1"), 1),  # what follows was never looked at
        (v.signature(v.ECDSA_DER, key.pubkey, digest, der[:-1]), 0),
        (v.signature(v.ECDSA_DER, key.pubkey, digest, b""), 0),
        (v.signature(v.SCHNORR, key.tap_x, digest, schnorr), 1),
        (v.signature(v.SCHNORR, key.tap_x, digest, bad), 0),
        (v.signature(v.SCHNORR, b"\xff" * 32, digest, schnorr), 0),
        (v.signature(v.TWEAK, key.tap_x, tweak, key.pubkey[1:], parity), 1),
        (v.signature(v.TWEAK, key.tap_x, tweak, key.pubkey[1:], 1 - parity), 0),
        (v.signature(v.TWEAK, key.tap_x, digest, key.pubkey[1:], parity), 0),
    ]


@functools.cache
def spends():
    """Signed transactions of every kind: (raw, spent outputs)."""
    key, found = Key("spender"), []
    for name in ("p2pkh", "p2wpkh", "p2tr"):
        script = getattr(key, name)()
        tx = Tx([[sha256(name.encode()), 0, b"", 0xFFFFFFFF]], [[COIN - 1000, b"\x51"]])
        if name == "p2pkh":
            tx.sign_p2pkh(0, key)
        elif name == "p2wpkh":
            tx.sign_p2wpkh(0, key, COIN)
        else:
            tx.sign_p2tr(0, key, COIN)
        found.append((tx.raw(), [(COIN, script)]))
    return found


def outputs(spent, **known):
    return [v.spent(amount, script, **known) for amount, script in spent]


@functools.cache
def mixed():
    """Requests of every kind that verifies: (kind, payload, check of the answer)."""
    signatures = signature_cases()
    found = []
    for start in range(len(signatures)):
        some = (signatures[start:] + signatures[:start])[:9]
        expected = [good for _, good in some]
        found.append((v.SIGNATURES, v.signatures([s for s, _ in some]), lambda a, e=expected: a == e))
    for raw, spent in spends():
        wrong = [(amount + 1, script) for amount, script in spent]
        legacy = spent[0][1].startswith(b"\x76")  # its signature does not cover the amount
        found.append((v.SCRIPT, v.script(raw, 0, outputs(spent), ALL_CONSENSUS), lambda a: a.result == v.VALID))
        found.append((v.SCRIPT, v.script(raw, 0, outputs(wrong), ALL_CONSENSUS),
                      lambda a, ok=legacy: a.result == (v.VALID if ok else v.INVALID)
                      and (ok or a.script_error_name in ("EVAL_FALSE", "SCHNORR_SIG", "SIG_NULLFAIL"))))
        place = v.place("main", 800000, 1690000000)
        known = dict(height=700000, coinbase=0, time=1600000000)
        found.append((v.TRANSACTION, v.transaction(raw, outputs(spent, **known), where=place),
                      lambda a: a.result == v.VALID and a.fees == 1000 and a.unchecked == 0))
        poor = [(900, script) for _, script in spent]
        found.append((v.TRANSACTION, v.transaction(raw, outputs(poor), where=place),
                      lambda a: (a.result, a.reject, a.reason) == (v.INVALID, 13, "bad-txns-in-belowout")))
    found.append((v.BLOCK, v.block(b"no block", [], v.place("main", 5)), lambda a: a.result == v.MALFORMED))
    return found


# Cases.

def test_hello():
    with served("--max-requests", 77) as service:
        check(os.stat(service.path).st_mode & 0o777 == 0o600, "permissions")
        for tcp in (False, True):
            with service.client(tcp) as c:
                check(c.program.startswith("exs-verify ") and c.workers == 2 and c.max_requests == 77, f"{c.__dict__}")
                check(c.max_payload == (32 << 20) - 16 and c.max_bytes == 32 << 20, f"{c.__dict__}")
                check(c.ask(v.PING, b"x" * 1024) == b"x" * 1024 and c.ask(v.PING) == b"", "ping")
                check(c.ask(v.STATISTICS)["clients"] >= 1, "statistics")
        # A client of a later version is answered in this one.
        with v.Connection(service.path, TIMEOUT) as c:
            c.send(v.frame(v.HELLO, 9, v.hello(999) + b"more"))
            kind, number, payload = c.read_frame()
            check((kind, number, payload[4:6]) == (v.HELLO | v.ANSWER, 9, b"\1\0"), f"{kind} {number} {payload}")


def test_example():
    """The bytes of the protocol's page."""
    with served() as service, v.Connection(service.path, TIMEOUT) as c:
        c.send(bytes.fromhex("08000000 01000000 0000000000000000 45585356 01000000"
                             "02000000 02000000 0500000000000000 6869"))
        kind, number, payload = c.read_frame()
        check((kind, number, payload[:8].hex()) == (129, 0, "4558535601000000"), f"{kind} {payload}")
        check(c.read_frame() == (130, 5, b"hi"), "ping")


def test_signatures():
    with served() as service, service.client() as c:
        pairs = signature_cases()
        answer = c.ask(v.SIGNATURES, v.signatures([s for s, _ in pairs]))
        check(answer == [good for _, good in pairs], f"{answer}")
        check(c.ask(v.SIGNATURES, v.signatures([])) == [], "none")
        many = [random.Random(1).choice(pairs) for _ in range(3000)]
        check(c.ask(v.SIGNATURES, v.signatures([s for s, _ in many])) == [good for _, good in many], "many")


def test_verdicts():
    with served() as service, service.client() as c:
        for kind, payload, right in mixed():
            answer = c.ask(kind, payload)
            check(right(answer), f"{kind}: {answer}")
        raw, spent = spends()[1]
        script = v.script(raw, 0, outputs(spent), ALL_CONSENSUS)
        cases_of_mistakes = [
            (v.SCRIPT, v.script(raw, 1, outputs(spent), 0), v.INPUT),
            (v.SCRIPT, v.script(raw, 0, [], 0), v.SPENT),
            (v.SCRIPT, v.script(raw[:-1], 0, outputs(spent), 0), v.MALFORMED),
            (v.SCRIPT, v.script(raw, 0, outputs(spent), 1 << 21), v.ARGUMENT),
            (v.SCRIPT, v.script(raw, 0, outputs(spent), WITNESS), v.ARGUMENT),
            (v.SCRIPT, v.script(raw, 0, outputs(spent), CLEANSTACK | P2SH), v.ARGUMENT),
            (v.TRANSACTION, v.transaction(raw, outputs(spent)), v.ARGUMENT),
            (v.TRANSACTION, v.transaction(raw, outputs(spent), where=v.place("moon", 1)), v.ARGUMENT),
            (v.TRANSACTION, v.transaction(raw, [], where=v.place("main", 1)), v.SPENT),
            (v.BLOCK, v.block(b"", [], v.place("main", 0)), v.ARGUMENT),
            (v.BLOCK, v.block(b"", [], v.place("main", 1), 16), v.ARGUMENT),
        ]
        for kind, payload, result in cases_of_mistakes:
            answer = c.ask(kind, payload)
            check(answer.result == result and answer.reason, f"{kind}: {answer}, not {result}")
        flags = v.transaction(raw, outputs(spent), flags=ALL_CONSENSUS)
        answer = c.ask(v.TRANSACTION, flags)
        check(answer.result == v.VALID and answer.unchecked & 1, f"{answer}")
        n = c.ask(v.STATISTICS)
        check(n["scripts"] == 6 + 6 and n["blocks"] == 3 and n["waiting"] == n["running"] == 0, f"{n}")
        check(c.ask(v.SCRIPT, script).result == v.VALID, "after all that")


def test_many_clients_at_once():
    """Every client gets the answers to its own questions, in whatever order, and nobody else's."""
    questions, wrong = mixed(), []

    def ask(service, seed):
        numbers = random.Random(seed)
        with service.client(tcp=seed % 2) as c:
            asked, left, frames = {}, 150, b""
            while left or asked:
                while left and len(asked) < 60:
                    kind, payload, right = numbers.choice(questions)
                    data, number = c.encode(kind, payload)
                    asked[number] = right
                    left -= 1
                    frames += data
                    if numbers.random() < 0.3:
                        c.send(frames)
                        frames = b""
                c.send(frames)
                frames = b""
                number, answer = c.receive()
                if not asked.pop(number)(answer):
                    wrong.append((seed, number, answer))
        done.append(seed)

    with served("--max-requests", 16) as service:
        done = []
        threads = [threading.Thread(target=ask, args=(service, seed)) for seed in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        check(not wrong and sorted(done) == list(range(6)), f"{done} {wrong[:3]}")
        n = service.statistics()
        check(n["signatures"] + n["scripts"] + n["transactions"] + n["blocks"] == 900, f"{n}")


def cpu_seconds(service):
    with open(f"/proc/{service.process.pid}/stat") as f:
        user, system = f.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def expect_error(c, code, number=None):
    kind, got, payload = c.read_frame()
    check(kind == v.ERROR, f"a frame of type {kind}")
    refused = v.Client._refused(payload, got)
    check(refused.code == code and refused.text and (number is None or number == got), f"{got}: {refused}, not {code}")


def expect_end(c):
    raises(v.Closed, c.read_frame)


def test_malformed_frames():
    with served("--max-frame", 65536, "--max-bytes", 65536) as service, service.client() as witness:
        hello = v.frame(v.HELLO, 0, v.hello())
        ends = [  # whole connections, and the error that they end with
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", v.E_FRAME, None),
            (v.frame(v.PING, 7, b""), v.E_HELLO, 7),
            (v.frame(v.HELLO, 7, b"BTCV" + v.hello()[4:]), v.E_HELLO, 7),
            (v.frame(v.HELLO, 7, b""), v.E_HELLO, 7),
            (v.frame(v.HELLO, 7, v.hello(0)), v.E_HELLO, 7),
            (v.frame(v.HELLO, 7, v.hello() + bytes(57)), v.E_HELLO, 7),
            (struct.pack("<IB3xQ", 0xFFFFFFFF, v.HELLO, 7), v.E_HELLO, 7),
            (hello + hello, v.E_HELLO, 0),
            (hello + struct.pack("<IB3xQ", 0xFFFFFFFF, v.BLOCK, 8), v.E_TOO_LARGE, 8),
            (hello + struct.pack("<IB3xQ", 65536 - 15, v.SIGNATURES, 8), v.E_TOO_LARGE, 8),
            (hello + struct.pack("<IBBHQ", 0, v.PING, 1, 0, 8), v.E_FRAME, 8),
            (hello + struct.pack("<IBBHQ", 0, v.PING, 0, 0x100, 8), v.E_FRAME, 8),
        ]
        for data, code, number in ends:
            for tcp in (False, True):
                with v.Connection(service.tcp if tcp else service.path, TIMEOUT) as c:
                    c.send(data + bytes(100))
                    if data.startswith(hello):
                        check(c.read_frame()[0] == v.HELLO | v.ANSWER, "no hello")
                    expect_error(c, code, number)
                    expect_end(c)
        stays = [  # what is wrong with one request only
            (0, b"", v.E_TYPE), (4, b"abc", v.E_TYPE), (15, b"", v.E_TYPE), (20, b"", v.E_TYPE), (255, b"", v.E_TYPE),
            (v.BLOCK | v.ANSWER, b"", v.E_TYPE), (v.PING, bytes(1025), v.E_PAYLOAD), (v.STATISTICS, b"x", v.E_PAYLOAD),
            (v.SIGNATURES, b"", v.E_PAYLOAD), (v.SIGNATURES, b"\xff\xff\xff\xff", v.E_PAYLOAD),
            (v.SIGNATURES, v.signatures([signature_cases()[0][0]])[:-1], v.E_PAYLOAD),
            (v.SIGNATURES, v.signatures([signature_cases()[0][0]]) + b"x", v.E_PAYLOAD),
            (v.SIGNATURES, v.signatures([v.signature(9, bytes(32), bytes(32), bytes(64))]), v.E_PAYLOAD),
            (v.SCRIPT, bytes(8) + b"\xff\xff\xff\xff", v.E_PAYLOAD),
            (v.SCRIPT, bytes(12) + b"\xff\xff\xff\xff", v.E_PAYLOAD),
            (v.SCRIPT, v.script(b"", 0, [v.spent(1, b"", coinbase=3)], 0), v.E_PAYLOAD),
            (v.SCRIPT, v.script(b"", 0, [v.spent(1, b"", height=-2)], 0), v.E_PAYLOAD),
            (v.TRANSACTION, bytes(3), v.E_PAYLOAD),
            (v.TRANSACTION, v.transaction(b"", [], where=v.place("main", 1, challenge=bytes(10001))), v.E_PAYLOAD),
            (v.BLOCK, v.block(b"", [], b"a\0b" + v.place("main", 1)[3:]), v.E_PAYLOAD),
        ]
        with service.connection() as c:
            for number, (kind, payload, code) in enumerate(stays, 1):
                c.send(v.frame(kind, number << 40, payload))
                expect_error(c, code, number << 40)
            c.send(v.frame(v.PING, 1, b"still there"))
            check(c.read_frame() == (v.PING | v.ANSWER, 1, b"still there"), "ping")
        check(witness.ask(v.PING, b"me too") == b"me too", "the other client")
        check(witness.ask(v.STATISTICS)["errors"] == 2 * len(ends) + len(stays), "errors")


def test_random_bytes():
    """Whatever comes, the service goes on, and says why it hangs up."""
    with served("--max-frame", 65536, "--max-bytes", 65536) as service, service.client() as witness:
        numbers = random.Random(5)
        questions = [(kind, payload) for kind, payload, _ in mixed()]
        for _ in range(5000 if os.environ.get("EXS_LONG") else 150):
            c = service.connection(tcp=numbers.random() < 0.5)
            with c, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(5):
                    kind, payload = numbers.choice(questions)
                    data = bytearray(v.frame(kind, 1, payload))
                    for _ in range(numbers.choice((0, 1, 3))):
                        data[numbers.randrange(16 if numbers.random() < 0.3 else len(data))] = numbers.randrange(256)
                    c.send(data)
                c.socket.shutdown(socket.SHUT_WR)
                with contextlib.suppress(v.Closed):
                    while True:
                        c.read_frame()
        check(witness.ask(v.PING, b"x") == b"x", "the other client")


def idle(service, clients=0):
    """Whether nothing is under way and nobody there but so many, and the one who asks."""
    n = service.statistics()
    return n["waiting"] == n["running"] == 0 and n["clients"] == clients + 1 and n["bytes"] == 16


def test_vanished_clients():
    with served() as service:
        questions = mixed()
        for tcp in (False, True):
            with service.connection(tcp) as c:  # gone in mid-header, in mid-payload
                c.send(v.frame(*questions[0][:1], 1, questions[0][1])[:9])
            with service.connection(tcp) as c:
                c.send(struct.pack("<IB3xQ", 30 << 20, v.BLOCK, 1) + bytes(100000))
            with service.connection(tcp) as c:  # gone with much under way
                c.send(b"".join(v.frame(kind, 1, payload) for kind, payload, _ in questions * 10))
        wait_until("an idle service", lambda: idle(service))


def test_half_closed():
    """Who says nothing more still gets all answers; who stops in mid-frame is told so."""
    with served() as service:
        for tcp in (False, True):
            with service.client(tcp) as c:
                asked = {c.submit(kind, payload): right for kind, payload, right in mixed()}
                c.socket.shutdown(socket.SHUT_WR)
                while asked:
                    number, answer = c.receive()
                    check(asked.pop(number)(answer), f"{answer}")
                expect_end(c)
            with service.connection(tcp) as c:
                c.send(v.frame(v.PING, 5, b"abc")[:-1])
                c.socket.shutdown(socket.SHUT_WR)
                expect_error(c, v.E_FRAME, 5)
                expect_end(c)


def fill(c, data):
    """Sends data again and again without reading until nothing more is taken; how often that was, and what is left."""
    c.socket.setblocking(False)
    sent, left, quiet = 0, b"", 0
    while quiet < 10:
        try:
            left = left or data
            left = left[c.socket.send(left):]
            sent += not left
            quiet = 0
        except BlockingIOError:
            quiet += 1
            threading.Event().wait(0.05 * PATIENCE)
        check(sent < 200, "there is no limit")
    c.socket.settimeout(TIMEOUT)
    return sent, left


def test_back_pressure():
    """A client that does not read is not read, and gets every answer when it does; others do not notice."""
    with served("--max-requests", 4) as service:
        many = b"".join(v.frame(v.PING, i, bytes(1000)) for i in range(100))
        work = b"".join(v.frame(v.SIGNATURES, i, v.signatures([s for s, _ in signature_cases()])) for i in range(100))
        for data, expected in ((many, 16 + 1000), (work, 16 + 4 + 17)):
            with service.connection() as c, service.client() as witness:
                if data is many:
                    sent, left = fill(c, data)
                else:  # little comes back, so that all of it would be taken in the end
                    sent, left = 3, b""
                    c.send(data * 3)
                check(witness.ask(v.PING, b"x") == b"x", "the other client")
                check(witness.ask(v.SIGNATURES, v.signatures([signature_cases()[0][0]])) == [1], "its signatures")
                check(witness.ask(v.STATISTICS)["bytes"] < 1 << 20, "memory")

                def rest():
                    c.send(left)

                sender = threading.Thread(target=rest)
                sender.start()
                for _ in range((sent + bool(left)) * 100):
                    _, _, payload = c.read_frame()
                    check(len(payload) + 16 == expected, f"{len(payload)} bytes")
                sender.join()
        wait_until("an idle service", lambda: idle(service))


def test_slow_clients():
    """Half a frame, half a hello and answers that nobody takes are ended; silence is not."""
    with served("--frame-timeout", round(2 + PATIENCE)) as service, service.client() as silent:
        half = v.frame(v.PING, 3, b"abc")[:-1]
        slow = [(v.Connection(service.path, TIMEOUT), b"", 0), (service.connection(tcp=True), half, 3),
                (v.Connection(service.path, TIMEOUT), v.frame(v.HELLO, 0, v.hello())[:10], 0),
                (service.connection(), half[:1], 0)]
        deaf = service.connection()
        for c, data, _ in slow:
            c.send(data)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            fill(deaf, b"".join(v.frame(v.PING, i, bytes(1000)) for i in range(100)))
        for c, _, number in slow:
            expect_error(c, v.E_SLOW, number)
            expect_end(c)
            c.close()
        wait_until("the end of one that reads nothing", lambda: idle(service, 1))
        deaf.close()
        check(silent.ask(v.PING, b"x") == b"x", "the silent one")


def test_too_many_clients():
    with served("--max-clients", 2) as service:
        one, two = service.client(), service.client(tcp=True)
        for tcp in (False, True):
            refused = raises(v.Refused, lambda: service.client(tcp))
            check(refused.code == v.E_CLIENTS, f"{refused}")
        check(one.ask(v.PING) == two.ask(v.PING) == b"", "those who are in")
        check(one.ask(v.STATISTICS)["clients_refused"] == 2, "not counted")
        two.close()
        wait_until("a free place", lambda: one.ask(v.STATISTICS)["clients"] == 1)
        with service.client() as three:
            check(three.ask(v.PING) == b"", "the third")
        one.close()


def submit_work(c, count, size):
    """Requests that take a while, all of them read by the service when this returns; their numbers."""
    pairs = signature_cases() * size
    payload = v.signatures([s for s, _ in pairs])
    asked = {c.submit(v.SIGNATURES, payload) for _ in range(count)}
    ping = c.submit(v.PING)
    while True:
        number, answer = c.receive()
        if number == ping:
            return asked, [good for _, good in pairs]
        c.ready[number] = answer


def test_drain():
    """What was read is answered before the end."""
    service = Service("--drain-timeout", 600).ready()
    with service.client() as c:
        asked, expected = submit_work(c, 60, 4)
        service.process.send_signal(signal.SIGTERM)
        while asked - set(c.ready):
            number, answer = c.receive()
            c.ready[number] = answer
        check(all(answer == expected for answer in c.ready.values()), "a wrong answer")
        expect_end(c)
    check(service.wait() == 0, service.output())
    check(not os.path.exists(service.path), "the socket's file was left")


def test_drain_without_patience():
    """With no time, each request gets its answer or is told that it has none."""
    service = Service("--drain-timeout", 0, "--dispatchers", 1).ready()
    with service.client() as c:
        asked, expected = submit_work(c, 40, 10)
        service.process.send_signal(signal.SIGTERM)
        left = 0
        with contextlib.suppress(v.Closed):
            while True:
                number, answer = c.receive()
                c.ready[number] = answer
        for number in asked:
            answer = c.ready.get(number)
            left += isinstance(answer, v.Refused) and answer.code == v.E_END
            check(answer is None or answer == expected or isinstance(answer, v.Refused), f"{answer}")
        check(set(c.ready) <= asked, "answers to what was not asked")
        print(f"left unanswered: {left}")
    check(service.wait() == 0, service.output())


def test_second_signal():
    """Whoever asks twice does not wait: here for a client that does not take its answers."""
    service = Service("--drain-timeout", 3600, "--frame-timeout", 3600).ready()
    with service.connection() as c:
        fill(c, b"".join(v.frame(v.PING, i, bytes(1000)) for i in range(100)))
        service.process.send_signal(signal.SIGTERM)
        wait_until("its listeners to go", lambda: not os.path.exists(service.path))
        service.process.send_signal(signal.SIGTERM)
        check(service.wait() == 4 and "at once" in service.output(), service.output())


def test_descriptors():
    """More connections than the system allows wait, at no cost, until others have gone."""
    service = Service(tcp=False)
    service.ready()
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (32, 32))
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(v.Connection(service.path, TIMEOUT))
        wait_until("the limit", lambda: "can't be accepted" in service.output())
        before = cpu_seconds(service)
        time.sleep(1)
        check(cpu_seconds(service) - before < 0.5, "it spins")
    check(service.statistics()["clients"] >= 1, "nobody is served any more")
    service.finish()


def run_once(*options):
    program = Program([Miner.path, "-t", "1", *map(str, options)])
    return program.wait(30), program.output()


def test_addresses():
    path = os.path.join(FOLDER, "shared")
    first = Service(path=path, tcp=False).ready()
    code, text = run_once("-s", path)
    check(code == 2 and "another program listens there" in text, f"{code}: {text}")
    with first.client() as c:
        check(c.ask(v.PING) == b"", "the first one")
    first.process.kill()
    first.wait()
    check(os.path.exists(path), "killed, and still it tidied up")
    second = Service("--socket-mode", "0660", path=path, tcp=False).ready()
    check(os.stat(path).st_mode & 0o777 == 0o660, "permissions")
    with second.client() as c:
        check(c.ask(v.PING) == b"", "the second one")
    second.finish()
    with open(path, "w") as f:
        f.write("precious")
    code, text = run_once("-s", path)
    check(code == 2 and "no socket" in text, f"{code}: {text}")
    with open(path) as f:
        check(f.read() == "precious", "the file was touched")
    os.remove(path)
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:1"):
        code, text = run_once("-l", address)
        check(code == 2 and "loopback" in text, f"{address}: {code}: {text}")


def test_options():
    for options, said in (([], "nowhere to listen"), (["x"], 'what is "x"'), (["-s", "x", "--socket-mode", "8"], "octal"),
                          (["-s", "x", "--sokcet", "y"], "socket"), (["-s", "x", "--max-frame=64K"], ""),
                          (["-s", "x", "--max-bytes", "64K"], "--max-frame"), (["-s", "x", "--verifier", "y"], "y"),
                          (["-c", os.path.join(FOLDER, "none.yaml")], "none.yaml")):
        if said:
            code, text = run_once(*options)
            check(code == 1 and said in text, f"{options}: {code}: {text}")
    for option, said in (("--help", "--socket"), ("--version", "protocol 1"), ("--verifier=help", "libsecp256k1")):
        code, text = run_once(option)
        check(code == 0 and said in text, f"{option}: {code}: {text}")
    config, log = os.path.join(FOLDER, "verify.yaml"), os.path.join(FOLDER, "log")
    with open(config, "w") as f:
        f.write("listen:\n  tcp: [0, 127.0.0.1:0]\nlimits:\n  clients: 3\n")
    service = Service("-c", config, "--log-file", log, "--log-json", "-D", tcp=False).ready()
    with service.client() as c:
        check(c.ask(v.PING) == b"", "ping")
    os.rename(log, log + ".1")
    service.process.send_signal(signal.SIGHUP)
    wait_until("the log anew", lambda: os.path.exists(log))
    service.finish()
    with open(log + ".1") as f:
        check(f.read().count("listening on") == 3, "listeners")
    with open(log) as f:
        check("stopped" in f.read(), "the end")


def vectors(name):
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(os.environ.get("EXS_VECTORS") or os.path.join(here, "../../../shared/vectors"), name)
    if not os.path.exists(path):
        check(os.environ.get("EXS_REQUIRE_VECTORS") != "1", f"no vectors: {path}")
        return None
    with open(path, "rb") as file:
        return file.read()


def real_block(network, name):
    """Its bytes, what it spends, and its place; None without vectors."""
    data, undo = vectors(f"blocks/{name}.raw"), vectors(f"blocks/{name}-undo.raw")
    if data is None or undo is None:
        return None
    reader, spent = Reader(undo), []
    while reader.at < len(undo):
        spent.append((reader.number(8), reader.string()))
    block = Block(data)
    return data, spent, v.place(network, int(name.split("-")[-1]), block.time - 1)


def test_real_blocks():
    with served() as service, service.client() as c:
        for network, name in (("main", "mainnet-300025"), ("main", "mainnet-170"), ("main", "mainnet-866342")):
            found = real_block(network, name)
            if not found:
                print("real blocks: skipped: no vectors")
                return
            data, spent, place = found
            good = v.block(data, outputs(spent), place)
            flipped = v.block(data[:-1] + bytes([data[-1] ^ 1]), outputs(spent), place)
            header = v.block(data[:40] + bytes([data[40] ^ 1]) + data[41:], outputs(spent), place,
                             v.SKIP_PROOF_OF_WORK | v.SKIP_SCRIPTS)
            short = v.block(data, outputs(spent[:-1]), place)
            poor = v.block(data, outputs([(0, spent[0][1])] + spent[1:]), place, v.SKIP_SCRIPTS)
            asked = [c.submit(v.BLOCK, payload) for payload in (good, flipped, header, short, poor)]
            pings = [c.submit(v.PING) for _ in range(3)]
            check(all(c.wait(number) == b"" for number in pings), "pings")
            answers = [c.wait(number) for number in asked]
            check(answers[0].result == v.VALID and answers[0].unchecked & 4, f"{answers[0]}")
            check([a.reason for a in answers[1:3]] == ["bad-txnmrklroot"] * 2, f"{answers}")
            check(answers[3].result == v.SPENT, f"{answers[3]}")
            check(answers[4].reason == "bad-txns-in-belowout" and answers[4].transaction == 1, f"{answers[4]}")


def test(folder):
    global FOLDER
    FOLDER = folder
    for name, case in cases(globals()):
        began = time.monotonic()
        case()
        print(f"{name[5:]}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main(test)
