"""Scripts and how they are satisfied, rightly and wrongly: signature hashes of all three kinds, the five ways to lock
an output by a script, a catalogue of scripts, and random ones. Written apart from the C code, as chain.py is.

Nonces are shared by signatures here, which saves a multiplication each and gives every key away.

Sources: BIP16, BIP66, BIP141, BIP143, BIP341, BIP342.
"""

import functools
import struct

from chain import G, N, compact_size, hash160, hash256, point_add, point_mul, sha256, tagged_hash

ALL, NONE, SINGLE, ANYONECANPAY, DEFAULT = 1, 2, 3, 0x80, 0

OPCODES = {name: code for code, name in [
    (0x00, "0"), (0x4C, "PUSHDATA1"), (0x4D, "PUSHDATA2"), (0x4E, "PUSHDATA4"), (0x4F, "1NEGATE"), (0x50, "RESERVED"),
    *[(0x50 + n, str(n)) for n in range(1, 17)],
    *enumerate("""NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP
        2OVER 2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND
        OR XOR EQUAL EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD
        LSHIFT RSHIFT BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL
        GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY
        CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 CLTV CSV NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD""".split(),
               0x61)]}


def number(n):
    """As scripts have it: little-endian, the last bit is the sign."""
    raw = abs(n).to_bytes((abs(n).bit_length() + 8) // 8, "little") if n else b""
    return raw[:-1] + bytes([raw[-1] | 0x80]) if n < 0 else raw


def push(data):
    size = len(data)
    if size < 0x4C:
        return bytes([size]) + data
    if size < 0x100:
        return b"\x4c" + bytes([size]) + data
    return (b"\x4d" + struct.pack("<H", size) if size < 0x10000 else b"\x4e" + struct.pack("<I", size)) + data


def script(*parts):
    """Opcodes by name (several in one text), numbers, and bytes that are pushed."""
    out = b""
    for part in parts:
        if isinstance(part, str):
            out += bytes(OPCODES[name] for name in part.split())
        elif isinstance(part, int):
            out += script(str(part)) if 0 <= part <= 16 else script("1NEGATE") if part == -1 else push(number(part))
        else:
            out += push(part)
    return out


# Signature hashes.

def legacy_digest(tx, i, code, kind):
    single = kind & 0x1F == SINGLE
    if single and i >= len(tx.outs):
        return b"\1" + bytes(31)
    free = single or kind & 0x1F == NONE
    ins = [(t, n, code if j == i else b"", q if j == i or not free else 0) for j, (t, n, _, q) in enumerate(tx.ins)]
    ins = [ins[i]] if kind & ANYONECANPAY else ins
    outs = tx.outs if not free else [[2**64 - 1, b""]] * i + [tx.outs[i]] if single else []
    message = struct.pack("<I", tx.version) + compact_size(len(ins))
    for txid, index, text, sequence in ins:
        message += txid + struct.pack("<I", index) + compact_size(len(text)) + text + struct.pack("<I", sequence)
    message += compact_size(len(outs)) + raw_outs(outs)
    return hash256(message + struct.pack("<II", tx.locktime, kind))


def raw_outs(outs):
    return b"".join(struct.pack("<Q", v % 2**64) + compact_size(len(s)) + s for v, s in outs)


def outpoint(row):
    return row[0] + struct.pack("<I", row[1])


def segwit_digest(tx, i, code, kind, value):
    single, none, alone = kind & 0x1F == SINGLE, kind & 0x1F == NONE, kind & ANYONECANPAY
    prevouts = bytes(32) if alone else hash256(b"".join(outpoint(row) for row in tx.ins))
    sequences = bytes(32)
    if not (alone or single or none):
        sequences = hash256(b"".join(struct.pack("<I", row[3]) for row in tx.ins))
    outs = bytes(32)
    if not (single or none):
        outs = hash256(raw_outs(tx.outs))
    elif single and i < len(tx.outs):
        outs = hash256(raw_outs([tx.outs[i]]))
    message = struct.pack("<I", tx.version) + prevouts + sequences + outpoint(tx.ins[i])
    message += compact_size(len(code)) + code + struct.pack("<QI", value, tx.ins[i][3]) + outs
    return hash256(message + struct.pack("<II", tx.locktime, kind))


def taproot_digest(tx, i, spent, kind, leaf=None, annex=None):
    """None where there is no such hash."""
    what, alone = kind & 3, kind & ANYONECANPAY
    if kind not in (0, 1, 2, 3, 0x81, 0x82, 0x83) or (what == SINGLE and i >= len(tx.outs)):
        return None
    message = bytes([0, kind]) + struct.pack("<II", tx.version, tx.locktime)
    if not alone:
        message += sha256(b"".join(outpoint(row) for row in tx.ins))
        message += sha256(b"".join(struct.pack("<Q", value) for value, _ in spent))
        message += sha256(b"".join(compact_size(len(text)) + text for _, text in spent))
        message += sha256(b"".join(struct.pack("<I", row[3]) for row in tx.ins))
    if what not in (NONE, SINGLE):
        message += sha256(raw_outs(tx.outs))
    message += bytes([2 * (leaf is not None) + (annex is not None)])
    if alone:
        message += outpoint(tx.ins[i]) + raw_outs([spent[i]]) + struct.pack("<I", tx.ins[i][3])
    else:
        message += struct.pack("<I", i)
    if annex is not None:
        message += sha256(compact_size(len(annex)) + annex)
    if what == SINGLE:
        message += sha256(raw_outs([tx.outs[i]]))
    if leaf is not None:
        message += leaf + b"\0" + b"\xff" * 4
    return tagged_hash("TapSighash", message)


# Signatures.

@functools.cache
def nonce(n):
    k = int.from_bytes(sha256(b"nonce %d" % n), "big") % (N - 1) + 1
    return k, point_mul(k)


@functools.cache
def public(secret):
    return point_mul(secret)


def compressed(secret):
    x, y = public(secret)
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def uncompressed(secret, first=None):
    """first: 4, or 6 and 7 for a hybrid key."""
    x, y = public(secret)
    return bytes([first or 4]) + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def x_only(secret):
    return public(secret)[0].to_bytes(32, "big")


def der(r, s):
    parts = b""
    for value in (r, s):
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
        parts += b"\x02" + bytes([len(raw)]) + raw
    return b"\x30" + bytes([len(parts)]) + parts


def ecdsa(secret, digest, high=False):
    k, point = nonce(digest[0] % 4)
    r = point[0] % N
    s = pow(k, -1, N) * (int.from_bytes(digest, "big") + r * secret) % N
    return der(r, max(s, N - s) if high else min(s, N - s))


def schnorr(secret, digest):
    k, point = nonce(digest[0] % 4)
    d = secret if public(secret)[1] % 2 == 0 else N - secret
    k = k if point[1] % 2 == 0 else N - k
    r = point[0].to_bytes(32, "big")
    e = int.from_bytes(tagged_hash("BIP0340/challenge", r + x_only(secret) + digest), "big") % N
    return r + ((k + e * d) % N).to_bytes(32, "big")


# Locks.

WRAPPERS = ("bare", "p2sh", "p2wsh", "p2sh-p2wsh", "p2tr")
INTERNAL = 0xE5C3  # the private key that every taproot output here has inside


class Lock:
    """An output's script, by code and the way that it is wrapped; args(sign) gives what satisfies code, where
    sign(secret, kind) makes a signature.
    """

    def __init__(self, wrapper, code, args, name=""):
        self.wrapper, self.code, self.args, self.name = wrapper, code, args, f"{wrapper} {name}"
        self.leaf_version = 0xC0
        program = b"\x00\x20" + sha256(code)
        if wrapper == "bare":
            self.script = code
        elif wrapper == "p2sh":
            self.script = b"\xa9\x14" + hash160(code) + b"\x87"
        elif wrapper == "p2wsh":
            self.script = program
        elif wrapper == "p2sh-p2wsh":
            self.script = b"\xa9\x14" + hash160(program) + b"\x87"
        else:
            self.make_taproot()

    def make_taproot(self, leaf_version=0xC0):
        self.leaf_version = leaf_version
        inner = x_only(INTERNAL)
        self.leaf = tagged_hash("TapLeaf", bytes([leaf_version]) + compact_size(len(self.code)) + self.code)
        self.tweak = int.from_bytes(tagged_hash("TapTweak", inner + self.leaf), "big") % N
        x, y = public(INTERNAL)
        point = point_add((x, y if y % 2 == 0 else -y % (2**256 - 2**32 - 977)), point_mul(self.tweak, G))
        self.control = bytes([leaf_version | point[1] & 1]) + inner
        self.script = b"\x51\x20" + point[0].to_bytes(32, "big")

    def unlock(self, tx, i, spent, annex=None):
        """Fills in input i. spent: [(value, script)], one an input."""
        def sign(secret, kind=None, high=False):
            if self.wrapper == "p2tr":
                kind = DEFAULT if kind is None else kind
                digest = taproot_digest(tx, i, spent, kind, self.leaf, annex)
                return schnorr(secret, digest or bytes(32)) + (bytes([kind]) if kind else b"")
            kind = ALL if kind is None else kind
            if "wsh" in self.wrapper:
                digest = segwit_digest(tx, i, self.code, kind, spent[i][0])
            else:
                digest = legacy_digest(tx, i, self.code, kind)
            return ecdsa(secret, digest, high) + bytes([kind])

        items = self.args(sign)
        if self.wrapper in ("bare", "p2sh"):
            items = items + [self.code] if self.wrapper == "p2sh" else items
            tx.ins[i][2] = b"".join(push(item) for item in items)
        elif self.wrapper == "p2tr":
            tx.witness[i] = items + [self.code, self.control] + ([annex] if annex is not None else [])
        else:
            tx.witness[i] = items + [self.code]
            if self.wrapper == "p2sh-p2wsh":
                tx.ins[i][2] = push(b"\x00\x20" + sha256(self.code))


class KeyLock:
    """p2wpkh, p2sh-p2wpkh and taproot's key path."""

    def __init__(self, wrapper, secret):
        self.wrapper, self.secret, self.name = wrapper, secret, wrapper
        pubkey = compressed(secret)
        program = b"\x00\x14" + hash160(pubkey)
        self.script = program
        if wrapper == "p2sh-p2wpkh":
            self.script = b"\xa9\x14" + hash160(program) + b"\x87"
        elif wrapper == "p2tr-key":
            self.script = b"\x51\x20" + x_only(secret)  # BIP341 lets any key be an output's

    def unlock(self, tx, i, spent, annex=None, kind=None):
        if self.wrapper == "p2tr-key":
            kind = DEFAULT if kind is None else kind
            digest = taproot_digest(tx, i, spent, kind, None, annex) or bytes(32)
            tx.witness[i] = [schnorr(self.secret, digest) + (bytes([kind]) if kind else b"")]
            tx.witness[i] += [annex] if annex is not None else []
            return
        kind = ALL if kind is None else kind
        pubkey = compressed(self.secret)
        code = b"\x76\xa9\x14" + hash160(pubkey) + b"\x88\xac"
        tx.witness[i] = [ecdsa(self.secret, segwit_digest(tx, i, code, kind, spent[i][0])) + bytes([kind]), pubkey]
        if self.wrapper == "p2sh-p2wpkh":
            tx.ins[i][2] = push(b"\x00\x14" + hash160(pubkey))


TRUE = Lock("bare", script("1"), lambda sign: [], "true")
# A witness program of the future: any witness will do.
FUTURE = Lock("bare", b"\x52\x20" + b"\x07" * 32, lambda sign: [], "future")


def catalogue(wrapper):
    """Scripts that are satisfied, under one wrapper: name, code, args."""
    keys = [11, 12, 13]
    tap = wrapper == "p2tr"
    pub = x_only if tap else compressed
    yield "p2pk", script(pub(11), "CHECKSIG"), lambda sign: [sign(11)]
    yield "p2pkh", script("DUP HASH160", hash160(pub(12)), "EQUALVERIFY CHECKSIG"), lambda sign: [sign(12), pub(12)]
    yield "hash", script("SHA256", sha256(b"excalibur"), "EQUAL"), lambda sign: [b"excalibur"]
    yield "if", script("IF 1 ELSE RETURN ENDIF"), lambda sign: [b"\1"]
    yield "sum", script("ADD 5 NUMEQUAL"), lambda sign: [b"\2", b"\3"]
    if tap:
        yield ("csa", script(x_only(11), "CHECKSIG", x_only(12), "CHECKSIGADD", x_only(13), "CHECKSIGADD 2 NUMEQUAL"),
               lambda sign: [sign(13), b"", sign(11)])
        yield "success", script("CAT") + b"\x4c", lambda sign: []
        yield "unknown key", script(b"\x04" * 33, "CHECKSIG"), lambda sign: [b"\1"]
        return
    yield ("multisig", script(2, *[compressed(key) for key in keys], 3, "CHECKMULTISIG"),
           lambda sign: [b"", sign(11), sign(13)])
    yield "hybrid", script(uncompressed(13, 6 + (public(13)[1] & 1)), "CHECKSIG"), lambda sign: [sign(13)]
    yield "high S", script(compressed(13), "CHECKSIG"), lambda sign: [sign(13, ALL, True)]


def altered(sign, *arguments):
    signature = sign(*arguments)
    return signature[:40] + bytes([signature[40] ^ 1]) + signature[41:]


def padded(sign, secret):
    """A DER signature whose r has a zero too many."""
    signature = sign(secret)
    return bytes([0x30, signature[1] + 1, 2, signature[3] + 1, 0]) + signature[4:]


def failures(wrapper):
    """Scripts that fail, most of them each with an error of its own: code, args."""
    tap, witness = wrapper == "p2tr", wrapper not in ("bare", "p2sh")
    pub = x_only if tap else compressed

    def nothing(sign):
        return []

    for code in ("0", "", "RETURN", "VERIF", "0 IF VERIF ENDIF 1", "1 IF", "ENDIF", "1 1 CAT", "0 IF LSHIFT ENDIF 1",
                 "RESERVED", "0 IF RESERVED ENDIF 1 VERIFY 0 VERIFY", "DUP", "1 PICK", "1NEGATE PICK", "FROMALTSTACK",
                 "1 2 EQUALVERIFY", "1 2 NUMEQUALVERIFY", "0 VERIFY", "1NEGATE CLTV", "1NEGATE CSV", "CLTV", "CSV",
                 "16 CLTV", "1 1 1", "1 CHECKMULTISIG", "0 0 1NEGATE CHECKMULTISIG", "0 0 1 CHECKMULTISIG",
                 "0 1 0 CHECKMULTISIG", "0 1NEGATE 0 CHECKMULTISIG", "CHECKSIG", "1 1 CHECKSIGADD", "2 IF 1 ENDIF",
                 "1 2ROT", "1 NOP1 NOP10 DROP", "1 ELSE", "IF ENDIF", "CODESEPARATOR 0", "VER", "0 IF VER ELSE 1 ENDIF"):
        yield script(code), nothing
    yield script("IF 1 ENDIF"), lambda sign: [b"\2"]
    yield script("NOTIF 1 ENDIF"), lambda sign: [b"\0"]
    yield b"\x4c", nothing
    yield b"\x05\1", nothing
    yield script(b"\0" * 521, "DROP 1"), nothing
    yield script(b"\0" * 520, "DROP 1"), nothing
    yield script(*["1"] * 1001), nothing
    yield script(*["1"] * 1000), nothing
    yield script("1", *["NOP"] * 202), nothing
    yield script("1", *["NOP"] * 201), nothing
    yield script(b"\1\2\3\4\5", "1ADD"), nothing
    yield script(b"\0\0\0\0", "CLTV"), nothing
    yield script(499_999_999, "CLTV"), nothing
    yield script(500_000_000, "CLTV"), nothing
    yield script(number(2**39 - 1), "CSV"), nothing
    yield script(1 << 22 | 1, "CSV"), nothing
    yield script(pub(11), "CHECKSIGVERIFY"), lambda sign: [altered(sign, 11)]
    yield script(pub(11), "CHECKSIGVERIFY 1"), lambda sign: [b""]
    yield script(pub(11), "CHECKSIG"), lambda sign: [altered(sign, 11)]
    yield script(pub(11), "CHECKSIG"), lambda sign: [sign(12)]
    yield script(pub(11), "CHECKSIG NOT"), lambda sign: [altered(sign, 11)]
    yield script(pub(11), "CHECKSIG NOT"), lambda sign: [sign(11, 0x42)]
    yield script(pub(11), "CHECKSIG"), lambda sign: [sign(11)[:-2]]
    yield script(pub(11), "CHECKSIG"), lambda sign: [sign(11) + b"\0"]
    yield script(pub(11), "CHECKSIG"), lambda sign: [sign(11, 0x84)]
    yield script(b"", "CHECKSIG"), lambda sign: [sign(11)]
    yield script(b"\5" * 33, "CHECKSIG NOT"), lambda sign: [sign(11)]
    yield script(pub(11), "CHECKSIG"), lambda sign: [b"\1", sign(11)]
    if tap:
        for count in range(1, 7):
            yield script(x_only(11), *["2DUP CHECKSIGVERIFY"] * count, "CHECKSIG"), lambda sign: [sign(11)]
        yield script(b"\4" * 33, *["2DUP CHECKSIGVERIFY"] * 6, "CHECKSIG"), lambda sign: [b"\1"]
    else:
        yield script(compressed(11), "CHECKSIG"), lambda sign: [padded(sign, 11)]
        yield script(1, compressed(11), compressed(12), 2, "CHECKMULTISIG"), lambda sign: [b"\1", sign(11)]
        yield script(1, compressed(11), compressed(12), 2, "CHECKMULTISIG"), lambda sign: [b"", altered(sign, 12)]
        yield script(1, compressed(11), compressed(12), 2, "CHECKMULTISIGVERIFY 1"), lambda sign: [b"", b""]
        yield script(2, compressed(11), compressed(12), 2, "CHECKMULTISIG"), lambda sign: [b"", sign(12), sign(11)]
        yield script(0, 0, 21, "CHECKMULTISIG"), nothing
        yield script(*[0] * 22, 20, "CHECKMULTISIG", *["NOP"] * 180), nothing
        yield script(*[0] * 22, 20, "CHECKMULTISIG", *["NOP"] * 181), nothing
        yield script(uncompressed(11), "CHECKSIG"), lambda sign: [sign(11)]
    if witness:
        yield script("DROP 1"), lambda sign: [b"\0" * 521]
        yield script("DROP 1"), lambda sign: [b"\0" * 520]
        yield script(*["DROP"] * 200, "1"), lambda sign: [b""] * 1001
        yield script("1"), lambda sign: [b"\1"]
        yield script(b"\0" * 500, "DROP") * 19 + script("1", *["NOP"] * 1) + b"\x61" * 500, nothing


def random_script(rng, skip=()):
    """Opcodes at random, but those of skip, with something on the stack more often than not."""
    names = [name for name in OPCODES if name not in skip and not name.startswith("PUSHDATA" if skip else "?")]
    values = [0, 1, -1, 2, 16, 17, 127, 128, -128, 255, 2**31 - 1, -2**31 + 1, 2**31, 0xFFFFFFFF, 2**39]
    out = b""
    for _ in range(rng.randrange(1, 14)):
        kind = rng.random()
        if kind < 0.35:
            out += script(rng.choice(values))
        elif kind < 0.45:
            out += push(rng.randbytes(rng.choice((1, 4, 5, 20, 32, 33, 64))))
        elif kind < 0.5:
            out += push(rng.choice((x_only(11), compressed(11))))
        else:
            out += script(rng.choice(names))
    return out


def random_items(rng, sign):
    items = [rng.choice((b"", b"\1", b"\2", b"\x81", b"\0", b"\x80", rng.randbytes(4), x_only(11), compressed(11)))
             for _ in range(rng.randrange(5))]
    if rng.random() < 0.4:
        items.insert(rng.randrange(len(items) + 1), sign(11, rng.choice((None, 1, 2, 3, 0x81, 0x82, 0x83))))
    return items
