"""Spends of Core's vectors, as tests/spends/spend.h writes them."""
import gzip
import hashlib
import json
import re
import struct

# By bit, as Core's SCRIPT_VERIFY flags.
FLAGS = """P2SH STRICTENC DERSIG LOW_S NULLDUMMY SIGPUSHONLY MINIMALDATA DISCOURAGE_UPGRADABLE_NOPS CLEANSTACK
    CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY WITNESS DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM MINIMALIF NULLFAIL
    WITNESS_PUBKEYTYPE CONST_SCRIPTCODE TAPROOT DISCOURAGE_UPGRADABLE_TAPROOT_VERSION DISCOURAGE_OP_SUCCESS
    DISCOURAGE_UPGRADABLE_PUBKEYTYPE""".split()
ALL_FLAGS = (1 << len(FLAGS)) - 1
# From 0x61 on.
OPCODES = """NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER
    2ROT 2SWAP IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL
    EQUALVERIFY RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT
    BOOLAND BOOLOR NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX
    WITHIN RIPEMD160 SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY
    NOP1 CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD""".split()
OPCODE = {name: 0x61 + i for i, name in enumerate(OPCODES)} | {"RESERVED": 0x50}


def flags_of(text):
    return sum(1 << FLAGS.index(name) for name in text.split(",") if name not in ("", "NONE"))


def compact_size(n):
    if n < 0xfd:
        return bytes([n])
    return b"\xfd" + struct.pack("<H", n) if n <= 0xffff else b"\xfe" + struct.pack("<I", n)


def text_of(data):
    return compact_size(len(data)) + data


def push(data):
    if len(data) < 0x4c:
        return bytes([len(data)]) + data
    if len(data) <= 0xff:
        return b"\x4c" + bytes([len(data)]) + data
    return b"\x4d" + struct.pack("<H", len(data)) + data


def push_number(n):
    if n == 0:
        return b"\0"
    if -1 <= n <= 16:
        return bytes([0x50 + n])
    data = abs(n).to_bytes(abs(n).bit_length() // 8 + 1, "little")
    return push(data[:-1] + bytes([data[-1] | (0x80 if n < 0 else 0)]))


def assemble(text):
    out = b""
    for word in text.split():
        if re.fullmatch(r"-?\d+", word):
            out += push_number(int(word))
        elif word.startswith("0x"):
            out += bytes.fromhex(word[2:])
        elif word.startswith("'"):
            out += push(word[1:-1].encode())
        else:
            out += bytes([OPCODE[word.removeprefix("OP_")]])
    return out


def output(amount, script):
    return struct.pack("<q", amount) + text_of(script)


def spend(flags, index, raw, outputs):
    return struct.pack("<IH", flags, index) + raw + b"".join(outputs)


def transaction(inputs, rest, version=b"\1\0\0\0"):
    """inputs: outpoint, scriptSig, sequence, witness; rest: the outputs with their number, and the lock time."""
    raw = version
    extended = any(witness for *_, witness in inputs)
    if extended:
        raw += b"\0\1"
    raw += compact_size(len(inputs))
    for outpoint, script, sequence, _ in inputs:
        raw += outpoint + text_of(script) + struct.pack("<I", sequence)
    raw += rest[:-4]
    if extended:
        for *_, witness in inputs:
            raw += compact_size(len(witness)) + b"".join(map(text_of, witness))
    return raw + rest[-4:]


def hash256(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def script_tests(data):
    for row in json.loads((data / "script_tests.json").read_text()):
        witness, amount = [], 0
        if len(row) > 1 and isinstance(row[0], list):
            *witness, amount = row.pop(0)
        if len(row) == 1 or any("#" in item for item in witness):
            continue  # a comment; a taproot output, for which there are better ones
        credited = output(round(amount * 10**8), assemble(row[1]))
        credit = transaction([(b"\0" * 32 + b"\xff" * 4, b"\0\0", 0xffffffff, [])], b"\1" + credited + b"\0" * 4)
        spent_by = (hash256(credit) + b"\0" * 4, assemble(row[0]), 0xffffffff, list(map(bytes.fromhex, witness)))
        raw = transaction([spent_by], b"\1" + output(round(amount * 10**8), b"") + b"\0" * 4)
        yield spend(flags_of(row[2]), 0, raw, [credited])


def outpoints(raw):
    """Of a transaction's inputs. What comes behind them is not looked at."""
    def number(at):
        size = {0xfd: 2, 0xfe: 4, 0xff: 8}.get(raw[at], 0)
        return (int.from_bytes(raw[at + 1 : at + 1 + size], "little") if size else raw[at]), at + 1 + size

    count, at = number(6 if raw[4:6] == b"\0\1" else 4)
    for _ in range(count):
        outpoint = raw[at : at + 36]
        size, at = number(at + 36)
        at += size + 4
        yield outpoint


def tx_tests(data):
    for name in "tx_valid", "tx_invalid":
        for row in json.loads((data / f"{name}.json").read_text()):
            if len(row) != 3 or row[2] == "BADTX":
                continue
            spent = {bytes.fromhex(txid)[::-1] + struct.pack("<I", index & 0xffffffff):
                     output(amount[0] if amount else 0, assemble(script))
                     for txid, index, script, *amount in row[0]}
            raw = bytes.fromhex(row[1])
            points = list(outpoints(raw))
            flags = flags_of(row[2]) if name == "tx_invalid" else ALL_FLAGS & ~flags_of(row[2])
            if all(point in spent for point in points):
                for index in range(min(len(points), 4)):
                    yield spend(flags, index, raw, [spent[point] for point in points])


def stripped_inputs(raw):
    """The inputs of a transaction without witnesses, and what comes behind them."""
    points = list(outpoints(raw))
    at, inputs = 5, []
    for point in points:
        assert raw[at + 36] == 0  # scripts are given apart
        inputs.append([point, b"", int.from_bytes(raw[at + 37 : at + 41], "little"), []])
        at += 41
    return inputs, raw[at:]


def script_assets(vectors):
    with gzip.open(vectors / "taproot/script_assets.json.gz") as file:
        rows = json.load(file)
    for row in rows[::6]:
        for outcome in "success", "failure":
            if outcome not in row:
                continue
            raw = bytes.fromhex(row["tx"])
            inputs, rest = stripped_inputs(raw)
            inputs[row["index"]][1] = bytes.fromhex(row[outcome]["scriptSig"])
            inputs[row["index"]][3] = list(map(bytes.fromhex, row[outcome]["witness"]))
            yield spend(flags_of(row["flags"]), row["index"], transaction(inputs, rest, raw[:4]),
                        map(bytes.fromhex, row["prevouts"]))


def spends(vectors):
    data = vectors / "bitcoin/src/test/data"
    yield from script_tests(data)
    yield from tx_tests(data)
    yield from script_assets(vectors)
