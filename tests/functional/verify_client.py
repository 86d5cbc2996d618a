"""A client of exs-verify, written from docs/verify-protocol.md alone: nothing of it knows the C code."""

import socket
import struct

HELLO, PING, STATISTICS, SIGNATURES, SCRIPT, TRANSACTION, BLOCK = 1, 2, 3, 16, 17, 18, 19
ANSWER, ERROR = 0x80, 0xFF
MAGIC, VERSION = b"EXSV", 1

ECDSA, SCHNORR, ECDSA_DER, TWEAK = 0, 1, 2, 3
VALID, INVALID, MALFORMED, ARGUMENT, SPENT, INPUT, MEMORY = range(7)
(E_FRAME, E_TOO_LARGE, E_HELLO, E_VERSION, E_TYPE, E_PAYLOAD, E_CLIENTS, E_SLOW, E_MEMORY, E_END) = range(1, 11)
SKIP_SCRIPTS, SKIP_PROOF_OF_WORK, BIP34_KNOWN, KEEP_SIGNATURES = 1, 2, 4, 8
FLAGS_OF_PLACE = 0xFFFFFFFF
UNKNOWN_HEIGHT, UNKNOWN_TIME, UNKNOWN_COINBASE = -1, -(1 << 63), 2
NO_INDEX = (1 << 64) - 1

STATISTICS_NAMES = ("uptime_ms clients clients_total clients_refused waiting running bytes signatures scripts "
                    "transactions blocks valid invalid unanswered errors microseconds").split()


class Refused(Exception):
    """An error frame."""

    def __init__(self, code, text, request=0):
        super().__init__(f"error {code}: {text}")
        self.code, self.text, self.request = code, text, request


class Closed(Exception):
    """The service has closed the connection."""


def frame(kind, number, payload=b""):
    return struct.pack("<IB3xQ", len(payload), kind, number) + payload


def hello(version=VERSION):
    return MAGIC + struct.pack("<HH", version, 0)


def raw(data):
    return struct.pack("<I", len(data)) + data


def spent(amount, script, height=UNKNOWN_HEIGHT, coinbase=UNKNOWN_COINBASE, time=UNKNOWN_TIME):
    return struct.pack("<qqiI", amount, time, height, coinbase) + raw(script)


def spent_list(outputs):
    return struct.pack("<I", len(outputs)) + b"".join(outputs)


def place(network="", height=UNKNOWN_HEIGHT, median_time=0, bits=0, previous_time=0, now=0, challenge=b""):
    return struct.pack("<16siIqqq", network.encode(), height, bits, median_time, previous_time, now) + raw(challenge)


def signature(kind, key, digest, value, parity=0):
    return struct.pack("<BBBB", kind, parity, len(key), len(value)) + digest + key + value


def signatures(items):
    return struct.pack("<I", len(items)) + b"".join(items)


def script(tx, index, outputs, flags):
    return struct.pack("<II", flags, index) + raw(tx) + spent_list(outputs)


def transaction(tx, outputs, flags=FLAGS_OF_PLACE, where=None):
    return struct.pack("<I", flags) + (where or place()) + raw(tx) + spent_list(outputs)


def block(data, outputs, where, options=0):
    return struct.pack("<I", options) + where + raw(data) + spent_list(outputs)


class Verdict:
    def __init__(self, payload):
        (self.result, self.reject, self.script_error, self.unchecked, self.transaction, self.input, self.fees,
         self.sigop_cost, reason, name) = struct.unpack_from("<IIiIQQqQBBxx", payload)
        if len(payload) != 52 + reason + name:
            raise AssertionError(f"a verdict of {len(payload)} bytes")
        self.reason = payload[52:52 + reason].decode()
        self.script_error_name = payload[52 + reason:].decode()

    def __repr__(self):
        return f"Verdict({self.__dict__})"


def decode(kind, payload):
    """What an answer says, by the kind of its request."""
    if kind == SIGNATURES:
        count, = struct.unpack_from("<I", payload)
        if len(payload) != 4 + count:
            raise AssertionError("signatures: a wrong size")
        return list(payload[4:])
    if kind in (SCRIPT, TRANSACTION, BLOCK):
        return Verdict(payload)
    if kind == STATISTICS:
        count, = struct.unpack_from("<I", payload)
        return dict(zip(STATISTICS_NAMES, struct.unpack_from(f"<{count}Q", payload, 4)))
    return payload


class Connection:
    """A socket that speaks in frames. address: a path, or (host, port)."""

    def __init__(self, address, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def _read(self, size):
        while len(self.buffer) < size:
            try:
                data = self.socket.recv(1 << 16)
            except (ConnectionResetError, BrokenPipeError):
                data = b""
            if not data:
                raise Closed("in mid-frame" if self.buffer else "")
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_frame(self):
        """Type, request and payload of the next one."""
        size, kind, number = struct.unpack("<IB3xQ", self._read(16))
        return kind, number, self._read(size)


class Client(Connection):
    """After the hello; submit and receive, or ask."""

    def __init__(self, address, timeout=60):
        super().__init__(address, timeout)
        self.number, self.kinds, self.ready = 0, {}, {}
        self.send(frame(HELLO, 0, hello()))
        kind, _, payload = self.read_frame()
        if kind == ERROR:
            raise self._refused(payload, 0)
        (magic, self.version, self.workers, self.max_payload, self.max_requests, self.max_bytes,
         size) = struct.unpack_from("<4sHxxIII4xQB", payload)
        if magic != MAGIC or kind != HELLO | ANSWER:
            raise AssertionError(f"no hello: {payload!r}")
        self.program = payload[33:33 + size].decode()

    @staticmethod
    def _refused(payload, number):
        code, size = struct.unpack_from("<HxB", payload)
        return Refused(code, payload[4:4 + size].decode(), number)

    def encode(self, kind, payload=b""):
        """The bytes of a request, and its number."""
        self.number += 1
        self.kinds[self.number] = kind
        return frame(kind, self.number, payload), self.number

    def submit(self, kind, payload=b""):
        data, number = self.encode(kind, payload)
        self.send(data)
        return number

    def receive(self):
        """The next answer: its request's number, and what it says or a Refused."""
        kind, number, payload = self.read_frame()
        if kind == ERROR and number not in self.kinds:
            raise self._refused(payload, number)
        asked = self.kinds.pop(number)
        if kind == ERROR:
            return number, self._refused(payload, number)
        if kind != asked | ANSWER:
            raise AssertionError(f"{kind} is no answer to {asked}")
        return number, decode(asked, payload)

    def wait(self, number):
        """The answer to one request; others are kept."""
        while number not in self.ready:
            got, answer = self.receive()
            self.ready[got] = answer
        answer = self.ready.pop(number)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def ask(self, kind, payload=b""):
        return self.wait(self.submit(kind, payload))
