"""include/exs/exs.h through ctypes, and block_judge, a program over validation/validator.h whose network's activation
heights can be chosen: two that judge a block.
"""

import ctypes
import subprocess
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64

VALID, INVALID, MALFORMED = 0, 1, 2
SKIP_PROOF_OF_WORK = 1
UNCHECKED_BIP30 = 1 << 3
MISSING = -1  # the amount of an output that is not there


class Options(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("threads", c_uint32), ("unpinned", c_uint32), ("cache", c_size_t),
                ("verifier", c_char_p), ("direct", c_uint32)]


class Verdict(ctypes.Structure):
    _fields_ = [("result", c_int), ("reject", c_int), ("script_error", c_int32), ("version", c_int32),
                ("unchecked", c_uint32), ("transaction", c_uint64), ("input", c_uint64), ("fees", c_int64),
                ("sigop_cost", c_uint64)]


class Spent(ctypes.Structure):
    _fields_ = [("amount", c_int64), ("script", c_char_p), ("size", c_size_t), ("height", c_int32),
                ("coinbase", c_uint32), ("median_time_past", c_int64)]


class Place(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("network", c_char_p), ("height", c_int32), ("bits", c_uint32),
                ("median_time_past", c_int64), ("previous_time", c_int64), ("now", c_int64),
                ("challenge", c_char_p), ("challenge_size", c_size_t), ("skip", c_uint32)]


class Answer:
    """reason: Core's text, None for valid; the others go with None."""

    def __init__(self, reason, unchecked=0, fees=0, sigop_cost=0):
        self.reason, self.unchecked, self.fees, self.sigop_cost = reason, unchecked, fees, sigop_cost


class Library:
    """A context of libexs."""

    def __init__(self, path, threads, direct):
        self.exs = ctypes.CDLL(path)
        self.exs.exs_context_create.restype = ctypes.c_void_p
        self.exs.exs_reject_text.restype = c_char_p
        self.exs.exs_script_error_text.restype = c_char_p
        self.exs.exs_verdict_text.restype = c_char_p
        self.exs.exs_verify_block.argtypes = [ctypes.c_void_p, POINTER(Verdict), c_char_p, c_size_t, POINTER(Place),
                                              POINTER(Spent), c_size_t]
        self.exs.exs_verify_script.argtypes = [ctypes.c_void_p, POINTER(Verdict), c_char_p, c_size_t, c_size_t,
                                               POINTER(Spent), c_size_t, c_uint32]
        error = ctypes.create_string_buffer(256)
        options = Options(ctypes.sizeof(Options), threads, 1, 0 if direct else 1 << 20, None, direct)
        self.name = f"libexs with {threads} threads, {'direct' if direct else 'deferred'}"
        self.context = self.exs.exs_context_create(byref(options), error)
        if not self.context:
            raise AssertionError(error.value.decode())

    @staticmethod
    def spents(coins):
        return (Spent * len(coins))(*[Spent(c.value, c.script, len(c.script), c.height, c.coinbase, c.mtp)
                                      for c in coins])

    def verify(self, raw, place, coins, proof_of_work=False):
        """place: (height, median time past, bits, time of the previous block, now)."""
        height, mtp, bits, previous, now = place
        where = Place(ctypes.sizeof(Place), b"regtest", height, bits, mtp, previous, now, None, 0,
                      0 if proof_of_work else SKIP_PROOF_OF_WORK)
        verdict = Verdict()
        result = self.exs.exs_verify_block(self.context, byref(verdict), raw, len(raw), byref(where),
                                           self.spents(coins), len(coins))
        return self.answer(result, verdict)

    def answer(self, result, verdict):
        if result == VALID:
            return Answer(None, verdict.unchecked, verdict.fees, verdict.sigop_cost)
        if result == MALFORMED:
            return Answer("malformed")
        if result != INVALID:
            raise AssertionError(f"{self.name}: result {result}")
        reason = self.exs.exs_reject_text(verdict.reject).decode()
        if verdict.script_error:
            reason += f" ({self.exs.exs_script_error_text(verdict.script_error).decode()})"
        if reason == "bad-version":
            reason += f"(0x{verdict.version & 0xFFFFFFFF:08x})"
        text = self.exs.exs_verdict_text(ctypes.create_string_buffer(192), byref(verdict)).decode()
        if not text.startswith(reason):
            raise AssertionError(f"{self.name}: {text!r} of {reason!r}")
        return Answer(reason)

    def verify_script(self, raw, index, coins, flags):
        """The text of the script's error; None where it is good."""
        verdict = Verdict()
        result = self.exs.exs_verify_script(self.context, byref(verdict), raw, len(raw), index, self.spents(coins),
                                            len(coins), flags)
        if result == VALID:
            return None
        if result != INVALID:
            raise AssertionError(f"{self.name}: a script's result is {result}")
        return self.exs.exs_script_error_text(verdict.script_error).decode()


class Judge:
    """block_judge: one line of an answer for each block."""

    def __init__(self, path, heights=None, bip94=False):
        """heights: of bip34, dersig, cltv, csv and segwit; None: regtest's own."""
        self.name = "block_judge"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if heights:
            self.write("params " + " ".join(str(heights[name]) for name in ("bip34", "dersig", "cltv", "csv", "segwit")) +
                       f" {int(bip94)}\n")

    def write(self, text):
        self.process.stdin.write(text)

    def verify(self, raw, place, coins, proof_of_work=False):
        for c in coins:
            self.write(f"spent {c.value} {c.height} {int(c.coinbase)} {c.mtp} {c.script.hex() or '-'}\n")
        skip = 0 if proof_of_work else SKIP_PROOF_OF_WORK
        self.write(f"block {' '.join(map(str, place))} {skip} {raw.hex()}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().rstrip("\n")
        if not line:
            raise AssertionError(f"block_judge ended with {self.process.wait()}")
        if line.startswith("valid "):
            return Answer(None, *map(int, line.split()[1:]))
        return Answer(line)

    def stop(self):
        self.process.stdin.close()
        return self.process.wait()
