"""What may stand between a miner and its pool: TLS with certificates of several kinds, and a SOCKS5 proxy.

Sources: RFC 1928 (SOCKS5), RFC 1929 (its logins).
"""

import os
import select
import socket
import ssl
import struct
import subprocess
import threading

from harness import PATIENCE, check, free_port


class Certificates:
    """Made by the openssl program in a test's folder: ca.pem, and NAME.pem with NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        here = "IP:127.0.0.1,DNS:localhost"
        for ca in ("ca", "other-ca"):
            self.openssl("req", "-x509", *self.new_key(ca), "-out", self.path(ca, "pem"), "-days", "2",
                         "-subj", f"/CN={ca} of a test")
        self.issue("good", here)
        self.issue("expired", here, days=-1)
        self.issue("elsewhere", "DNS:pool.example,IP:192.0.2.1")
        self.issue("untrusted", here, ca="other-ca")

    def path(self, name, kind):
        return os.path.join(self.folder, f"{name}.{kind}")

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.path(name, "key")]

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
        check(done.returncode == 0, f"openssl {' '.join(arguments)}: {done.stderr}")

    def issue(self, name, names, days=2, ca="ca"):
        request = self.path(name, "csr")
        self.openssl("req", *self.new_key(name), "-out", request, "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName={names}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.path(ca, "pem"), "-CAkey", self.path(ca, "key"),
                     "-CAcreateserial", "-days", str(days), "-copy_extensions", "copy", "-out", self.path(name, "pem"))

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name, "pem"), self.path(name, "key"))
        return context


class Front:
    """Listens, and joins each connection with one to where `meet` says."""

    def __init__(self):
        self.port, self.connections, self.errors, self.open = free_port(), 0, [], []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(near)
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        near.settimeout(60 * PATIENCE)
        try:
            near, far = self.meet(near)
            if far:
                near.settimeout(None)
                self.join(near, far)
                far.close()
        except (OSError, ValueError) as error:
            self.errors.append(str(error))
        near.close()

    def join(self, a, b):
        """Carries bytes both ways until one side ends. One thread: an SSL object can't bear two."""
        while True:
            waiting = [s for s in (a, b) if isinstance(s, ssl.SSLSocket) and s.pending()]
            for source in waiting or select.select([a, b], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                (b if source is a else a).sendall(data)

    def stop(self):
        for s in [self.listener, *self.open]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()


class TlsFront(Front):
    """TLS in front of a pool."""

    def __init__(self, pool, context):
        self.pool, self.context, self.names = pool, context, []
        context.sni_callback = lambda _, name, __: self.names.append(name)
        super().__init__()

    def url(self, host="127.0.0.1", scheme="ssl"):
        return f"stratum+{scheme}://{host}:{self.port}"

    def meet(self, near):
        near = self.context.wrap_socket(near, server_side=True)
        return near, socket.create_connection(("127.0.0.1", self.pool.port))


class Socks5Proxy(Front):
    """login: (user, password) that it asks for. asked: the hosts and ports that it was asked to connect to."""

    def __init__(self, login=None):
        self.login, self.asked, self.reply, self.silent = login, [], 0, False
        super().__init__()

    def url(self, login="", scheme="socks5"):
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def take(self, near, size):
        data = b""
        while len(data) < size:
            more = near.recv(size - len(data))
            if not more:
                raise ValueError("the client hung up")
            data += more
        return data

    def meet(self, near):
        version, count = self.take(near, 2)
        methods = self.take(near, count)
        wanted = 2 if self.login else 0
        if version != 5 or wanted not in methods:
            near.sendall(b"\x05\xff")
            raise ValueError(f"no method in common: {version}, {methods.hex()}")
        if self.silent:
            near.recv(1)
            raise ValueError("silent")
        near.sendall(bytes([5, wanted]))
        if self.login:
            self.check_login(near)
        host, port = self.read_request(near)
        self.asked.append((host, port))
        if self.reply:
            near.sendall(bytes([5, self.reply, 0, 1]) + bytes(6))
            return near, None
        far = socket.create_connection((host, port))
        # Bound addresses of another kind are read over too: a name here.
        near.sendall(b"\x05\x00\x00\x03\x05bound" + struct.pack(">H", port))
        return near, far

    def check_login(self, near):
        version, size = self.take(near, 2)
        user = self.take(near, size).decode()
        password = self.take(near, self.take(near, 1)[0]).decode()
        good = version == 1 and (user, password) == self.login
        near.sendall(b"\x01\x00" if good else b"\x01\x01")
        if not good:
            raise ValueError("wrong login")

    def read_request(self, near):
        version, command, _, kind = self.take(near, 4)
        if version != 5 or command != 1:
            raise ValueError("not a CONNECT")
        if kind == 1:
            host = socket.inet_ntop(socket.AF_INET, self.take(near, 4))
        elif kind == 4:
            host = socket.inet_ntop(socket.AF_INET6, self.take(near, 16))
        else:
            host = self.take(near, self.take(near, 1)[0]).decode()
        return host, struct.unpack(">H", self.take(near, 2))[0]
