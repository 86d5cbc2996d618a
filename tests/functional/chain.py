"""Bitcoin as an outsider reads it: keys, addresses, transactions and blocks, written apart from the
C code that is under test, so that the two can't share a mistake. Slow and not constant-time: for tests.

Sources: BIP141 and BIP143 (segwit), BIP173 and BIP350 (addresses), BIP340 and BIP341 (taproot), SEC 1.
"""

import hashlib
import struct

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
SIGHASH_ALL = 1


def sha256(data):
    return hashlib.sha256(data).digest()


def hash256(data):
    return sha256(sha256(data))


def hash160(data):
    return hashlib.new("ripemd160", sha256(data)).digest()


def tagged_hash(tag, data):
    t = sha256(tag.encode())
    return sha256(t + t + data)


# The curve, in affine coordinates; None is infinity.

def point_add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def point_mul(k, point=G):
    total = None
    while k:
        if k & 1:
            total = point_add(total, point)
        point = point_add(point, point)
        k >>= 1
    return total


class Key:
    """A private key from a seed text, with every address type's output script."""

    def __init__(self, seed):
        self.secret = int.from_bytes(sha256(seed.encode()), "big") % (N - 1) + 1
        self.point = point_mul(self.secret)
        self.pubkey = bytes([2 + (self.point[1] & 1)]) + self.point[0].to_bytes(32, "big")
        self.pkh = hash160(self.pubkey)
        even = self.secret if self.point[1] % 2 == 0 else N - self.secret
        tweak = int.from_bytes(tagged_hash("TapTweak", self.pubkey[1:]), "big")
        self.tap_secret = (even + tweak) % N
        self.tap_x = point_mul(self.tap_secret)[0].to_bytes(32, "big")

    def p2pkh(self):
        return b"\x76\xa9\x14" + self.pkh + b"\x88\xac"

    def p2wpkh(self):
        return b"\x00\x14" + self.pkh

    def p2tr(self):
        return b"\x51\x20" + self.tap_x

    def ecdsa(self, digest):
        """A DER signature with a low S; the nonce depends on key and message."""
        z = int.from_bytes(digest, "big")
        k = int.from_bytes(sha256(self.secret.to_bytes(32, "big") + digest), "big") % (N - 1) + 1
        r = point_mul(k)[0] % N
        s = pow(k, -1, N) * (z + r * self.secret) % N
        parts = b""
        for value in (r, min(s, N - s)):
            raw = value.to_bytes(33, "big").lstrip(b"\0")
            raw = b"\0" + raw if raw[0] & 0x80 else raw
            parts += b"\x02" + bytes([len(raw)]) + raw
        return b"\x30" + bytes([len(parts)]) + parts

    def schnorr(self, digest):
        """A BIP340 signature by the tweaked key."""
        point = point_mul(self.tap_secret)
        d = self.tap_secret if point[1] % 2 == 0 else N - self.tap_secret
        k = int.from_bytes(tagged_hash("BIP0340/nonce", d.to_bytes(32, "big") + digest), "big") % N
        nonce = point_mul(k)
        k = k if nonce[1] % 2 == 0 else N - k
        r = nonce[0].to_bytes(32, "big")
        e = int.from_bytes(tagged_hash("BIP0340/challenge", r + self.tap_x + digest), "big") % N
        return r + ((k + e * d) % N).to_bytes(32, "big")


# Addresses.

def base58check(version, payload):
    raw = bytes([version]) + payload
    raw += hash256(raw)[:4]
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    value, text = int.from_bytes(raw, "big"), ""
    while value:
        value, digit = divmod(value, 58)
        text = alphabet[digit] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def segwit_address(hrp, version, program):
    """bech32 for version 0, bech32m for the others."""
    bits = int.from_bytes(program, "big") << (-len(program) * 8 % 5)
    count = (len(program) * 8 + 4) // 5
    words = [version] + [bits >> 5 * (count - 1 - i) & 31 for i in range(count)]

    def polymod(values):
        check = 1
        for v in values:
            top = check >> 25
            check = (check & 0x1FFFFFF) << 5 ^ v
            for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                check ^= g if top >> i & 1 else 0
        return check

    expanded = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    check = polymod(expanded + words + [0] * 6) ^ (1 if version == 0 else 0x2BC830A3)
    words += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[w] for w in words)


# Serialization.

def compact_size(n):
    if n < 0xFD:
        return bytes([n])
    if n <= 0xFFFF:
        return b"\xfd" + struct.pack("<H", n)
    return b"\xfe" + struct.pack("<I", n)


def script_number(n):
    """The push of a height as BIP34 wants it: OP_0 to OP_16, then a minimal number."""
    if n == 0:
        return b"\x00"
    if n <= 16:
        return bytes([0x50 + n])
    raw = n.to_bytes(n.bit_length() // 8 + 1, "little")
    return bytes([len(raw)]) + raw


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise ValueError("truncated")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def size(self):
        first = self.number(1)
        return first if first < 0xFD else self.number(1 << (first - 0xFC))

    def string(self):
        return self.take(self.size())


class Tx:
    """ins: [txid, index, scriptSig, sequence]; outs: [value, script]; witness: one stack an input."""

    def __init__(self, ins, outs, version=2, locktime=0, witness=None):
        self.ins, self.outs, self.version, self.locktime = ins, outs, version, locktime
        self.witness = witness or [[] for _ in ins]

    @staticmethod
    def read(r):
        version = r.number(4)
        count, segwit = r.size(), False
        if count == 0:
            segwit = r.number(1) == 1
            if not segwit:
                return Tx([], [], version, r.number(4))
            count = r.size()
        ins = [[r.take(32), r.number(4), r.string(), r.number(4)] for _ in range(count)]
        outs = [[r.number(8), r.string()] for _ in range(r.size())]
        witness = [[r.string() for _ in range(r.size())] for _ in ins] if segwit else None
        return Tx(ins, outs, version, r.number(4), witness)

    def raw(self, with_witness=True):
        segwit = with_witness and any(self.witness)
        out = struct.pack("<I", self.version) + (b"\0\1" if segwit else b"")
        out += compact_size(len(self.ins))
        for txid, index, script, sequence in self.ins:
            out += txid + struct.pack("<I", index) + compact_size(len(script)) + script
            out += struct.pack("<I", sequence)
        out += compact_size(len(self.outs)) + self.raw_outs()
        if segwit:
            for stack in self.witness:
                out += compact_size(len(stack))
                out += b"".join(compact_size(len(item)) + item for item in stack)
        return out + struct.pack("<I", self.locktime)

    def raw_outs(self):
        return b"".join(struct.pack("<Q", v) + compact_size(len(s)) + s for v, s in self.outs)

    def txid(self):
        return hash256(self.raw(False))

    def wtxid(self):
        return hash256(self.raw())

    def sign_p2pkh(self, i, key):
        bare = [[t, n, key.p2pkh() if j == i else b"", q] for j, (t, n, _, q) in enumerate(self.ins)]
        message = Tx(bare, self.outs, self.version, self.locktime).raw(False)
        signature = key.ecdsa(hash256(message + struct.pack("<I", SIGHASH_ALL))) + b"\1"
        self.ins[i][2] = compact_size(len(signature)) + signature + b"\x21" + key.pubkey

    def sign_p2wpkh(self, i, key, value):
        prevouts = b"".join(t + struct.pack("<I", n) for t, n, _, _ in self.ins)
        sequences = b"".join(struct.pack("<I", q) for _, _, _, q in self.ins)
        txid, index, _, sequence = self.ins[i]
        message = struct.pack("<I", self.version) + hash256(prevouts) + hash256(sequences)
        message += txid + struct.pack("<I", index) + b"\x19" + key.p2pkh()
        message += struct.pack("<QI", value, sequence) + hash256(self.raw_outs())
        message += struct.pack("<II", self.locktime, SIGHASH_ALL)
        self.witness[i] = [key.ecdsa(hash256(message)) + b"\1", key.pubkey]

    def sign_p2tr(self, i, key, value):
        """A key path spend under SIGHASH_DEFAULT of a transaction whose inputs are all ours."""
        message = b"\0\0" + struct.pack("<II", self.version, self.locktime)
        message += sha256(b"".join(t + struct.pack("<I", n) for t, n, _, _ in self.ins))
        message += sha256(struct.pack("<Q", value) * len(self.ins))
        message += sha256((b"\x22" + key.p2tr()) * len(self.ins))
        message += sha256(b"".join(struct.pack("<I", q) for _, _, _, q in self.ins))
        message += sha256(self.raw_outs()) + b"\0" + struct.pack("<I", i)
        self.witness[i] = [key.schnorr(tagged_hash("TapSighash", message))]


def merkle_root(hashes):
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes = hashes + hashes[-1:]
        hashes = [hash256(hashes[i] + hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


class Block:
    def __init__(self, raw):
        r = Reader(raw)
        self.header = r.take(80)
        self.version, self.time = struct.unpack("<I64xI8x", self.header)
        self.previous, self.root = self.header[4:36], self.header[36:68]
        self.bits = struct.unpack("<I", self.header[72:76])[0]
        self.hash = hash256(self.header)[::-1].hex()
        self.txs = [Tx.read(r) for _ in range(r.size())]
        if r.at != len(raw):
            raise ValueError("bytes after the block's end")

    def target(self):
        return (self.bits & 0xFFFFFF) << 8 * ((self.bits >> 24) - 3)

    def commitments(self):
        return [s for _, s in self.txs[0].outs if s.startswith(b"\x6a\x24\xaa\x21\xa9\xed")]

    def witness_commitment(self):
        root = merkle_root([bytes(32)] + [tx.wtxid() for tx in self.txs[1:]])
        return hash256(root + self.txs[0].witness[0][0])
