#!/usr/bin/env python3
"""libbitcoinconsensus.so.0 as another program uses it: what it exports and needs, every function with right and wrong
flags, every error value. The same calls are made to the library that EXS_REFERENCE_CONSENSUS names (Core's own,
say), and the answers compared.

usage: test_bitcoinconsensus.py PATH-OF-LIBBITCOINCONSENSUS
"""

import ctypes
import os
import random
import re
import struct
import subprocess
import sys
import threading

import harness
from chain import Key, Reader, Tx, compact_size, hash160, sha256
from harness import SKIPPED, check

(OK, TX_INDEX, TX_SIZE_MISMATCH, TX_DESERIALIZE, AMOUNT_REQUIRED, INVALID_FLAGS, SPENT_OUTPUTS_REQUIRED,
 SPENT_OUTPUTS_MISMATCH) = range(8)
P2SH, DERSIG, NULLDUMMY, CLTV, CSV, WITNESS, TAPROOT = (1 << n for n in (0, 2, 4, 9, 10, 11, 17))
FLAGS = (P2SH, DERSIG, NULLDUMMY, CLTV, CSV, WITNESS, TAPROOT)
ALL = sum(FLAGS)
NO_TAPROOT = ALL - TAPROOT
LEGACY = ALL - TAPROOT - WITNESS
NAMES = {"bitcoinconsensus_version", "bitcoinconsensus_verify_script", "bitcoinconsensus_verify_script_with_amount",
         "bitcoinconsensus_verify_script_with_spent_outputs"}


class Output(ctypes.Structure):
    _fields_ = [("script", ctypes.c_char_p), ("size", ctypes.c_uint), ("value", ctypes.c_int64)]


class Library:
    """One implementation. Every call gives (returned value, error)."""

    def __init__(self, path):
        library = ctypes.CDLL(path)
        script, tx = [ctypes.c_char_p, ctypes.c_uint], [ctypes.c_char_p, ctypes.c_uint]
        rest = [ctypes.c_uint, ctypes.c_uint, ctypes.POINTER(ctypes.c_int)]
        self.version = library.bitcoinconsensus_version
        self.version.argtypes, self.version.restype = [], ctypes.c_uint
        self.plain = library.bitcoinconsensus_verify_script
        self.plain.argtypes = script + tx + rest
        self.amount = library.bitcoinconsensus_verify_script_with_amount
        self.amount.argtypes = script + [ctypes.c_int64] + tx + rest
        self.spent = library.bitcoinconsensus_verify_script_with_spent_outputs
        self.spent.argtypes = script + [ctypes.c_int64] + tx + [ctypes.POINTER(Output), ctypes.c_uint] + rest

    def call(self, function, *arguments):
        error = ctypes.c_int(99)
        returned = function(*arguments, ctypes.byref(error))
        check(returned == function(*arguments, None), "without a place for the error the answer is another")
        return returned, error.value

    def verify_script(self, script, tx, index, flags):
        return self.call(self.plain, script, len(script), tx, len(tx), index, flags)

    def verify_with_amount(self, script, amount, tx, index, flags):
        return self.call(self.amount, script, len(script), amount, tx, len(tx), index, flags)

    def verify_with_spent(self, script, amount, tx, spent, index, flags):
        """spent: [(value, script)], or None for NULL."""
        outputs = spent and (Output * len(spent))(*[Output(s, len(s), v) for v, s in spent])
        return self.call(self.spent, script, len(script), amount, tx, len(tx), outputs, len(spent or ()), index, flags)


class Both:
    """Ours, and beside it the reference where there is one: what ours answers, having compared the two."""

    def __init__(self, ours, reference):
        self.ours, self.reference, self.compared = ours, reference, 0

    def __getattr__(self, name):
        def ask(*arguments):
            answer = getattr(self.ours, name)(*arguments)
            # Core's library ends the process where ours has this answer about these flags.
            aborts = name != "version" and arguments[-1] & (WITNESS | P2SH) == WITNESS and answer == (0, INVALID_FLAGS)
            if self.reference and not aborts:
                other = getattr(self.reference, name)(*arguments)
                check(answer == other, f"{name}{arguments}: {answer}, but the reference says {other}")
                self.compared += 1
            return answer
        return ask


class Spend:
    """An input of a transaction and what the transaction spends, as [value, script]."""

    def __init__(self, name, tx, spent, index=0):
        self.name, self.tx, self.outputs, self.index = name, tx, spent, index
        self.value, self.script = spent[index]

    def verify(self, library, flags):
        return library.verify_with_spent(self.script, self.value, self.tx.raw(), self.outputs, self.index, flags)

    def expect(self, library, flags, good):
        answer = self.verify(library, flags)
        check(answer == (good, OK), f"{self.name} with flags {flags:#x}: {answer}")


def transaction(inputs=1, sequence=0xFFFFFFFF, locktime=0):
    ins = [[sha256(bytes([i])), i, b"", sequence] for i in range(inputs)]
    return Tx(ins, [[1000, b"\x51"], [2000, b"\x6a\x01\x07"]], locktime=locktime)


def push(data):
    return compact_size(len(data)) + data


def bare(name, script, script_sig, **how):
    tx = transaction(**how)
    tx.ins[0][2] = script_sig
    return Spend(name, tx, [(5000, script)])


def signed():
    """Spends by key of each type, with real signatures; the first of two inputs."""
    key = Key("drop-in")
    for name, script in (("p2pkh", key.p2pkh()), ("p2wpkh", key.p2wpkh()), ("p2tr", key.p2tr())):
        tx = transaction(inputs=2)
        if name == "p2pkh":
            tx.sign_p2pkh(0, key)
        else:
            getattr(tx, f"sign_{name}")(0, key, 70000)
        yield Spend(name, tx, [(70000, script)] * 2)


def p2sh(redeem):
    return b"\xa9\x14" + hash160(redeem) + b"\x87"


def padded_p2pkh():
    """A signature with a zero too many before r: no strict DER."""
    key, tx = Key("padded"), transaction()
    tx.sign_p2pkh(0, key)
    script_sig = tx.ins[0][2]
    size, signature, rest = script_sig[0], script_sig[1:1 + script_sig[0]], script_sig[1 + script_sig[0]:]
    padded = bytes([0x30, signature[1] + 1, 2, signature[3] + 1, 0]) + signature[4:]
    check(len(padded) == size + 1, "one byte more")
    tx.ins[0][2] = push(padded) + rest
    return Spend("padded r", tx, [(1, key.p2pkh())])


def one_flag_each():
    """(flag, a spend that is good without the flag and bad with it)."""
    yield P2SH, bare("p2sh of OP_0", p2sh(b"\x00"), push(b"\x00"))
    yield DERSIG, padded_p2pkh()
    yield NULLDUMMY, bare("dummy of OP_1", b"\x00\x00\xae", b"\x51")
    yield CLTV, bare("lock time too low", b"\x02\xe8\x03\xb1", b"", sequence=0, locktime=999)
    yield CSV, bare("sequence too low", b"\x01\x64\xb2", b"", sequence=99)
    yield WITNESS, bare("p2wsh without a witness", b"\x00\x20" + sha256(b"\x51"), b"")
    yield TAPROOT, bare("p2tr without a witness", b"\x51\x20" + b"\1" * 32, b"")


def test_version(both):
    check(both.version() == 2, "API version")


def test_signatures(both):
    for spend in signed():
        needs = {"p2pkh": 0, "p2wpkh": WITNESS | P2SH, "p2tr": TAPROOT | WITNESS | P2SH}[spend.name]
        spend.expect(both, ALL, True)
        spend.expect(both, NO_TAPROOT, True)
        spend.expect(both, needs, True)
        place = spend.tx.witness[0] if needs else spend.tx.ins[0]
        at = 0 if needs else 2
        place[at] = place[at][:20] + bytes([place[at][20] ^ 1]) + place[at][21:]
        spend.expect(both, ALL, False)
        spend.expect(both, needs, False)
        if needs:
            spend.expect(both, 0, True)


def test_amounts(both):
    for spend in signed():
        raw, legacy = spend.tx.raw(), spend.name == "p2pkh"
        good = both.verify_with_spent(spend.script, 70001, raw, spend.outputs, 0, ALL)
        check(good == (spend.name != "p2wpkh", OK), f"{spend.name}, another amount: {good}")
        for other in ([(70001, spend.script)] + spend.outputs[1:], spend.outputs[:1] + [(70000, b"\x51")]):
            good = both.verify_with_spent(spend.script, 70000, raw, other, 0, ALL)
            check(good == (spend.name != "p2tr", OK), f"{spend.name}, other spent outputs: {good}")
        check(both.verify_with_amount(spend.script, 70000, raw, 0, NO_TAPROOT) == (1, OK), "with amount")
        check(both.verify_with_amount(spend.script, -1, raw, 0, LEGACY) == (1, OK), "a negative amount")
        if legacy:
            check(both.verify_script(spend.script, raw, 0, LEGACY) == (1, OK), "without amount")


def test_flags(both):
    for flag, spend in one_flag_each():
        spend.expect(both, ALL, False)
        spend.expect(both, flag | (P2SH if flag == WITNESS else P2SH | WITNESS if flag == TAPROOT else 0), False)
        spend.expect(both, P2SH if flag == WITNESS else 0, True)
        spend.expect(both, ALL - flag - (TAPROOT if flag == WITNESS else WITNESS | TAPROOT if flag == P2SH else 0),
                     True)


def test_errors(both):
    """Every error value, and which comes first where several would do."""
    tx, true = transaction(inputs=2).raw(), b"\x51"
    spent = [(1, true)] * 2
    for arguments, want in (
            ((true, 1, tx, spent, 0, ALL), OK),
            ((true, 1, tx, spent, 1, ALL), OK),
            ((true, 1, tx, spent, 2, ALL), TX_INDEX),
            ((true, 1, tx, spent, 0xFFFFFFFF, ALL), TX_INDEX),
            ((true, 1, tx, spent, 2, ALL | 2), INVALID_FLAGS),
            ((true, 1, tx + b"\0", spent, 0, ALL), TX_SIZE_MISMATCH),
            ((true, 1, tx + b"\0", spent, 2, ALL), TX_INDEX),
            ((true, 1, tx[:-1], spent, 0, ALL), TX_DESERIALIZE),
            ((true, 1, b"", spent, 0, ALL), TX_DESERIALIZE),
            ((true, 1, tx[:-1], spent[:1], 2, ALL), TX_DESERIALIZE),
            ((true, 1, tx, spent[:1], 2, ALL), SPENT_OUTPUTS_MISMATCH),
            ((true, 1, tx + b"\0", spent * 2, 0, ALL), SPENT_OUTPUTS_MISMATCH),
            ((true, 1, tx, spent[:1], 0, 0), SPENT_OUTPUTS_MISMATCH),
            ((true, 1, tx, None, 0, 0), OK),
            ((true, 1, tx, None, 0, ALL), SPENT_OUTPUTS_REQUIRED),
            ((true, 1, b"", None, 7, TAPROOT), SPENT_OUTPUTS_REQUIRED),
            ((true, 1, b"", None, 7, TAPROOT | 2), INVALID_FLAGS)):
        answer = both.verify_with_spent(*arguments)
        check(answer == (int(want == OK), want), f"{arguments}: {answer}")
    for flags in range(1 << 18 | 1, 1 << 32, 0x01234567):
        check(both.verify_with_spent(true, 1, tx, spent, 0, flags) == (0, INVALID_FLAGS), f"flags {flags:#x}")
    for bit in range(32):
        want = OK if 1 << bit & ALL - WITNESS - TAPROOT else INVALID_FLAGS
        want = SPENT_OUTPUTS_REQUIRED if 1 << bit == TAPROOT else want
        check(both.verify_with_amount(true, 1, tx, 0, 1 << bit) == (int(want == OK), want), f"flag {bit}")
        want = AMOUNT_REQUIRED if 1 << bit == WITNESS else want
        check(both.verify_script(true, tx, 0, 1 << bit) == (int(want == OK), want), f"flag {bit}, plainly")
        check(both.verify_script(true, b"", 9, 1 << bit | WITNESS) == (0, AMOUNT_REQUIRED), "before all else")
    check(both.verify_with_amount(true, 1, tx, 0, ALL) == (0, SPENT_OUTPUTS_REQUIRED), "taproot with an amount alone")
    check(both.verify_script(b"", tx, 0, 0) == (0, OK), "an empty script leaves nothing")


def test_null(both):
    """NULL where nothing is, and where a transaction should be."""
    tx, ours, error = transaction().raw(), both.ours, ctypes.c_int(99)
    for library in filter(None, (ours, both.reference)):
        outputs = (Output * 1)(Output(None, 0, 5))
        returned = library.spent(None, 0, 5, tx, len(tx), outputs, 1, 0, ALL, ctypes.byref(error))
        check((returned, error.value) == (0, OK), "an empty script at NULL")
        for size in (0, 1, 1000):
            returned = library.plain(b"\x51", 1, None, size, 0, 0, ctypes.byref(error))
            check((returned, error.value) == (0, TX_DESERIALIZE), "a transaction at NULL")


def test_odd_transactions(both):
    """What the format allows and forbids, as Core reads it."""
    plain, segwit = transaction(), transaction()
    segwit.witness = [[b"\1"]]
    raw, extended = plain.raw(), segwit.raw()
    for tx, want in (
            (raw, OK), (extended, OK),
            (raw[:4] + b"\0\1" + raw[4:-4] + b"\0" + raw[-4:], TX_DESERIALIZE),   # a witness that is none
            (raw[:4] + b"\0\2" + extended[6:], TX_DESERIALIZE),                   # an unknown flag
            (raw[:4] + b"\0\3" + extended[6:], TX_DESERIALIZE),
            (raw[:4] + b"\xfd\1\0" + raw[5:], TX_DESERIALIZE),                    # one, in three bytes
            (raw[:4] + b"\xff" + b"\xff" * 8 + raw[5:], TX_DESERIALIZE),
            (raw[:4] + b"\0\0" + raw[-4:], TX_INDEX),                             # no inputs, no outputs
            (raw[:4] + b"\0\0" + raw[-4:] + b"\0", TX_INDEX)):
        answer = both.verify_with_amount(b"\x51", 0, tx, 0, 0)
        check(answer == (int(want == OK), want), f"{tx.hex()}: {answer}")
    for end in range(len(extended)):
        check(both.verify_with_amount(b"\x51", 0, extended[:end], 0, 0) == (0, TX_DESERIALIZE), f"cut at {end}")


def test_witness_without_p2sh(both):
    """No verdict but what the scripts themselves say: Core's library asserts that the two flags come together."""
    false, true = bare("false", b"\x00", b""), bare("true", b"\x51", b"")
    nested = bare("p2sh of OP_0", p2sh(b"\x00"), push(b"\x00"))
    empty = bare("p2wsh without a witness", b"\x00\x20" + sha256(b"\x51"), b"")
    whole = bare("p2wsh", b"\x00\x20" + sha256(b"\x51"), b"")
    whole.tx.witness = [[b"\x51"]]
    extra = bare("true, with a witness", b"\x51", b"")
    extra.tx.witness = [[b"\x51"]]
    for flags in (WITNESS, ALL - P2SH):
        for spend, want in ((false, OK), (true, INVALID_FLAGS), (nested, INVALID_FLAGS), (empty, OK),
                            (whole, INVALID_FLAGS), (extra, INVALID_FLAGS)):
            answer = spend.verify(both, flags)
            check(answer == (0, want), f"{spend.name}: {answer}")


def vectors(name):
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.environ.get("EXS_VECTORS") or os.path.join(here, "../../../shared/vectors")
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        check(os.environ.get("EXS_REQUIRE_VECTORS") != "1", f"no vectors: {path}")
        return None
    with open(path, "rb") as file:
        return file.read()


def test_real_transactions(both):
    """Real ones with all they spend: every input good by all rules, and another output's script bad."""
    inputs = 0
    for name in ("tx1", "tx3", "tx10"):
        raw, spent = vectors(f"transactions/{name}.raw"), vectors(f"transactions/{name}-undo.raw")
        if raw is None or spent is None:
            print("real transactions: skipped: no vectors")
            return
        reader, outputs = Reader(spent), []
        while reader.at < len(spent):
            outputs.append((reader.number(8), reader.string()))
        check(Tx.read(Reader(raw)).raw() == raw, f"{name} is read and written")
        for index, (value, script) in enumerate(outputs):
            answer = both.verify_with_spent(script, value, raw, outputs, index, ALL)
            check(answer == (1, OK), f"{name}, input {index}: {answer}")
            other = script[:-3] + bytes([script[-3] ^ 1]) + script[-2:]
            answer = both.verify_with_spent(other, value, raw, outputs, index, ALL)
            check(answer == (0, OK), f"{name}, input {index}, of another script: {answer}")
            inputs += 1
    print(f"real transactions: {inputs} inputs")


def test_mutations(both):
    """Spends with a byte changed, under random flags: no crash, and the reference's answer where there is one."""
    numbers, spends = random.Random(7), list(signed()) + [spend for _, spend in one_flag_each()]
    for _ in range(4000):
        spend = numbers.choice(spends)
        raw, script = bytearray(spend.tx.raw()), bytearray(spend.script)
        target = script if numbers.random() < 0.2 and script else raw
        target[numbers.randrange(len(target))] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF, numbers.randrange(256)))
        flags = sum(flag for flag in FLAGS if numbers.random() < 0.6)
        returned, error = both.verify_with_spent(bytes(script), spend.value, bytes(raw), spend.outputs, 0, flags)
        check(returned in (0, 1) and (error == OK or returned == 0), f"{bytes(raw).hex()}: {returned}, {error}")


def test_threads(both):
    """ctypes lets go of Python's lock: calls that really run at once."""
    spends, wrong = list(signed()), []

    def verify():
        for _ in range(40):
            wrong.extend(s.name for s in spends if s.verify(both.ours, ALL) != (1, OK))

    threads = [threading.Thread(target=verify) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not wrong, f"wrong on many threads: {set(wrong)}")


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def check_file(path):
    """Its name, what it exports, and that nothing but libc and libsecp256k1 is needed."""
    dynamic = "\n".join(lines_of("readelf", "--dynamic", "--wide", path))
    check(re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) == ["libbitcoinconsensus.so.0"], "soname")
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    foreign = [n for n in needed if not re.match(r"(libc|libsecp256k1|ld-linux-.*)\.so\.", n)]
    check(needed and not foreign, f"it needs {foreign}")
    symbols = [line.split() for line in lines_of("nm", "--dynamic", "--defined-only", path)]
    check({s[-1] for s in symbols} == NAMES and all(s[-2] == "T" for s in symbols), f"it exports {symbols}")


def cant_load(path):
    """Why Python can't load the library though nothing is wrong with it; None where it can."""
    if os.environ.get("EXS_SANITIZE"):
        return "it is built with a sanitizer, Python is not; the unit test test_bitcoinconsensus runs there"
    machine = next(line.split(":")[1].strip() for line in lines_of("readelf", "--file-header", path) if "Machine:" in line)
    own = next(line.split(":")[1].strip() for line in lines_of("readelf", "--file-header", sys.executable)
               if "Machine:" in line)
    return None if machine == own else f"it is for {machine}, this is {own}"


def test(path):
    check_file(path)
    reference = os.environ.get("EXS_REFERENCE_CONSENSUS")
    both = Both(Library(path), Library(reference) if reference else None)
    check(ctypes.sizeof(Output) == struct.calcsize("PIq"), "an output's size")
    for name, case in harness.cases(globals()):
        case(both)
        print(f"{name[5:]}: passed", flush=True)
    print(f"{both.compared} answers compared with {reference}" if reference else
          "no other library to compare with: EXS_REFERENCE_CONSENSUS is not set")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH-OF-LIBBITCOINCONSENSUS")
    why = cant_load(sys.argv[1])
    if why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    sys.exit(harness.run(test, sys.argv[1]))
