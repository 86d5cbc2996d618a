"""A node that answers as a test wants it to: well by default, and badly where a rule says so.

It keeps a chain of its own (or shares another fake node's) on regtest's target, gives templates for its
next block, checks what it is handed with chain.py, and lets long polls wait for the next tip.
"""

import base64
import http.server
import json
import socket
import struct
import threading
import time

from chain import Block, merkle_root
from harness import free_port

GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
BITS = 0x207FFFFF
TARGET = 0x7FFFFF << 8 * 29


class FakeChain:
    def __init__(self):
        self.hashes, self.blocks = [GENESIS], []
        self.changed = threading.Condition()

    def height(self):
        return len(self.blocks)

    def check(self, raw):
        """The reject reason, None for a good block, which is then the tip."""
        block = Block(raw)
        with self.changed:
            if block.hash in self.hashes:
                return "duplicate"
            if block.previous[::-1].hex() != self.hashes[-1]:
                return "inconclusive"
            if int(block.hash, 16) > TARGET or block.bits != BITS:
                return "high-hash"
            if block.root != merkle_root([tx.txid() for tx in block.txs]):
                return "bad-txnmrklroot"
            self.hashes.append(block.hash)
            self.blocks.append(block)
            self.changed.notify_all()
        return None

    def foreign_block(self, name="%064x" % 1):
        """As if somebody else had found the next one."""
        with self.changed:
            self.hashes.append(name)
            self.blocks.append(None)
            self.changed.notify_all()


class FakeNode:
    """rules: functions of (node, handler, request) that are asked first, and return True if they answered."""

    def __init__(self, chain=None, port=0, user="u", password="p"):
        self.chain, self.login = chain or FakeChain(), (user, password)
        self.rules, self.calls, self.template_changes = [], [], {}
        self.network, self.port, self.server = "regtest", port or free_port(), None
        self.start()

    def start(self):
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                node.handle(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address, block_on_close = True, True, False
            open_sockets = []

            def get_request(self):
                pair = super().get_request()
                self.open_sockets.append(pair[0])
                return pair

            def handle_error(self, *_):
                pass

        Server.open_sockets = []
        self.running = True
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """As if the process had been killed."""
        self.running = False
        self.server.shutdown()
        self.server.server_close()
        for s in self.server.open_sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with self.chain.changed:
            self.chain.changed.notify_all()

    def count(self, method):
        return sum(call == method for call in list(self.calls))

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(body)
        self.calls.append(request["method"])
        for rule in list(self.rules):
            if rule(self, handler, request):
                return
        if not self.running or handler.server is not self.server:
            return None  # it was killed meanwhile
        token = base64.b64encode(":".join(self.login).encode()).decode()
        if handler.headers.get("Authorization") != "Basic " + token:
            return self.send(handler, 401, b"")
        method = getattr(self, "rpc_" + request["method"], None)
        if not method:
            return self.fail(handler, request, -32601, "Method not found", 404)
        self.answer(handler, request, method(*request["params"]))

    def send(self, handler, status, data):
        head = f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(data)}\r\n\r\n"
        # In one piece: Nagle's algorithm would hold back a second one.
        handler.wfile.write(head.encode() + data)

    def answer(self, handler, request, result):
        text = json.dumps({"result": result, "error": None, "id": request["id"]})
        self.send(handler, 200, text.encode())

    def fail(self, handler, request, code, message, status=500):
        error = {"code": code, "message": message}
        text = json.dumps({"result": None, "error": error, "id": request["id"]})
        self.send(handler, status, text.encode())

    def rpc_getblockchaininfo(self):
        return {"chain": self.network, "blocks": self.chain.height()}

    def rpc_getblocktemplate(self, options):
        if "longpollid" in options:
            with self.chain.changed:
                while self.running and self.chain.hashes[-1] == options["longpollid"][:64]:
                    self.chain.changed.wait(5)
        with self.chain.changed:
            template = self.template()
        template.update(self.template_changes)
        return {key: value for key, value in template.items() if value is not None}

    def template(self):
        height, now = self.chain.height() + 1, int(time.time())
        return {"version": 0x20000000, "rules": ["csv", "!segwit"], "vbavailable": {}, "vbrequired": 0,
                "previousblockhash": self.chain.hashes[-1], "transactions": [], "coinbaseaux": {},
                "coinbasevalue": 50 * 10**8, "longpollid": self.chain.hashes[-1] + str(height),
                "target": f"{TARGET:064x}", "mintime": now - 600, "mutable": ["time", "transactions"],
                "noncerange": "00000000ffffffff", "sigoplimit": 80000, "sizelimit": 4000000,
                "weightlimit": 4000000, "curtime": now, "bits": f"{BITS:08x}", "height": height}

    def rpc_submitblock(self, data, *_):
        return self.chain.check(bytes.fromhex(data))


def only(method, then, times=None):
    """A rule for the next calls of one method: times of them, or all."""
    left = [times]

    def rule(node, handler, request):
        if request["method"] != method or left[0] == 0:
            return False
        if left[0] is not None:
            left[0] -= 1
        return then(node, handler, request)
    return rule


def raw_answer(data, status=200):
    def then(node, handler, _):
        node.send(handler, status, data)
        return True
    return then


def result(value):
    def then(node, handler, request):
        node.answer(handler, request, value)
        return True
    return then


def rpc_error(code, message):
    def then(node, handler, request):
        node.fail(handler, request, code, message)
        return True
    return then


def drop(_, handler, __):
    """Closes the connection without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def slow(seconds):
    def then(_, __, ___):
        time.sleep(seconds)
        return False
    return then


def half_answer(_, handler, __):
    """Promises more than it sends, and hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"result": {"versi')
    handler.close_connection = True
    return True


def endless_answer(_, handler, __):
    """Sends until nobody listens."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    chunk = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    try:
        for _ in range(1000):
            handler.wfile.write(chunk)
    except OSError:
        pass
    handler.close_connection = True
    return True


def nonce_of(block):
    return struct.unpack("<I", block.header[76:80])[0]
