#!/usr/bin/env python3
"""Writes the rounds of the nonce search in vectors (search_streams.h), as assembler.

Each round of SHA-256 needs the result of the one before, so a single vector of
hashes leaves the processor waiting. Here two streams, a vector of hashes each,
go through the same round side by side, instruction by instruction. With AVX-512
their states take half of the registers. With AVX2 there are too few: of a
state, a, b, e and f are in registers, and b ^ c, which is the last round's
a ^ b: Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)). The rest is read where it is
needed from struct states, into which every a and e is written.

The state does not move: round r finds a in row -r mod 8 of struct states (or its
register), b in the next, and writes e and a to the rows of d and h.
"""
import sys

STREAMS = 2
ROUNDS_IN_LOOP = 8


class Code:
    """Instructions on values that have no registers yet."""

    def __init__(self):
        self.instructions = []  # (text with {0} the result and {1}... the sources, result, sources, copied)
        self.values = 0

    def value(self):
        self.values += 1
        return self.values

    def emit(self, text, *sources):
        result = self.value()
        self.instructions.append((text, result, sources, False))
        return result

    def emit_over(self, text, *sources):
        """An instruction that writes its result over its first source."""
        result = self.value()
        self.instructions.append((text, result, sources, True))
        return result

    def store(self, x, memory):
        self.instructions.append((f"ISA_MOVE {{1}}, {memory}", None, (x,), False))

    def text(self, isa, entry, leave):
        """
        Gives registers out, first come first served. entry: the registers that
        values arrive in; leave: those that values must be in at the end.
        """
        last = {v: i for i, (_, _, sources, _) in enumerate(self.instructions) for v in sources}
        last.update((v, len(self.instructions)) for v in leave)
        where = dict(entry)
        free = [r for r in range(isa.registers) if r not in where.values()]
        lines = []
        for i, (text, result, sources, over) in enumerate(self.instructions):
            names = [isa.name(where[v]) for v in sources]
            ending = [v for v in dict.fromkeys(sources) if last[v] == i]
            if over and sources[0] in ending:
                ending.remove(sources[0])
                where[result] = where[sources[0]]
            elif over:
                where[result] = free.pop(0)
                lines.append(f"ISA_MOVE {names[0]}, {isa.name(where[result])}")
            free += [where[v] for v in ending]
            if result is not None and not over:
                wanted = leave.get(result)
                where[result] = wanted if wanted in free else free[0]
                free.remove(where[result])
            lines.append(text.format(result and isa.name(where[result]), *names))
        moves = {where[v]: r for v, r in leave.items() if where[v] != r}
        spare = next(r for r in free if r not in moves.values())
        while moves:
            source = next((s for s, r in moves.items() if r not in moves), None)
            if source is None:  # nothing but cycles is left: open one
                source = next(iter(moves))
                moves[spare] = moves.pop(source)
                lines.append(f"ISA_MOVE {isa.name(source)}, {isa.name(spare)}")
            else:
                lines.append(f"ISA_MOVE {isa.name(source)}, {isa.name(moves.pop(source))}")
        return [line.replace("ISA_MOVE", isa.move) for line in lines]


class Avx512:
    width, registers, move = 64, 32, "vmovdqa64"

    @staticmethod
    def name(register):
        return f"%zmm{register}"

    @staticmethod
    def shared_word(row, stream):
        return f"{64 * row + 4 * stream}(%rsi){{{{1to16}}}}"

    def begin(self, stream, row):
        return [f"vmovdqa64 {place(self, i, stream)}, %zmm{8 * stream + i}" for i in range(8)]

    @staticmethod
    def sigma(c, x, amounts):
        turned = []
        for n in amounts:
            turned.append(c.emit(f"vprord ${n}, {{1}}, {{0}}", x))
            yield
        return c.emit_over("vpternlogd $0x96, {2}, {3}, {0}", *turned)

    def round(self, c, s, row, word, need_a):
        """s: a to h; yields after each instruction and returns the new state."""
        a, b, cc, d, e, f, g, h = s
        h = c.emit(f"vpaddd {word(c)}, {{1}}, {{0}}", h)
        yield
        sigma = yield from self.sigma(c, e, (6, 11, 25))
        yield
        choice = c.emit_over("vpternlogd $0xca, {3}, {2}, {0}", e, f, g)
        yield
        h = c.emit("vpaddd {2}, {1}, {0}", h, choice)
        yield
        t1 = c.emit("vpaddd {2}, {1}, {0}", h, sigma)
        yield
        e_new = c.emit("vpaddd {2}, {1}, {0}", d, t1)
        yield
        if not need_a:
            return [None, a, b, cc, e_new, e, f, g]
        sigma = yield from self.sigma(c, a, (2, 13, 22))
        yield
        majority = c.emit_over("vpternlogd $0xe8, {3}, {2}, {0}", a, b, cc)
        yield
        t1 = c.emit("vpaddd {2}, {1}, {0}", t1, majority)
        yield
        a_new = c.emit("vpaddd {2}, {1}, {0}", t1, sigma)
        yield
        return [a_new, a, b, cc, e_new, e, f, g]

    def registers_of(self, stream, r):
        return [8 * stream + (i - r) % 8 for i in range(8)]

    def end(self, stream):
        return [f"vmovdqa64 %zmm{8 * stream + i}, {place(self, i, stream)}" for i in range(8)]

    LAST_E = 4


class Avx2:
    width, registers, move = 32, 16, "vmovdqa"

    @staticmethod
    def name(register):
        return f"%ymm{register}"

    @staticmethod
    def begin(stream, row):
        a, b, bc, e, f = range(5 * stream, 5 * stream + 5)
        lines = [f"vmovdqa {row(i)}, %ymm{x}" for i, x in ((0, a), (1, b), (4, e), (5, f))]
        return lines + [f"vpxor {row(2)}, %ymm{b}, %ymm{bc}"]

    @staticmethod
    def sigma(c, x, amounts):
        total = None
        for n in amounts:
            for text in (f"vpsrld ${n}, {{1}}, {{0}}", f"vpslld ${32 - n}, {{1}}, {{0}}"):
                part = c.emit(text, x)
                yield
                if total is None:
                    total = part
                    continue
                total = c.emit("vpxor {2}, {1}, {0}", total, part)
                yield
        return total

    def round(self, c, s, row, word, need_a):
        """s: a, b, b ^ c, e and f."""
        a, b, b_xor_c, e, f = s
        w = word(c)
        if isinstance(w, str):
            t1 = c.emit(f"vmovdqa {row(7)}, {{0}}")
            yield
            t1 = c.emit(f"vpaddd {w}, {{1}}, {{0}}", t1)
        else:
            t1 = c.emit(f"vpaddd {row(7)}, {{1}}, {{0}}", w)
        yield
        e_and_f = c.emit("vpand {2}, {1}, {0}", e, f)
        yield
        not_e_and_g = c.emit(f"vpandn {row(6)}, {{1}}, {{0}}", e)
        yield
        t1 = c.emit("vpaddd {2}, {1}, {0}", t1, e_and_f)
        yield
        t1 = c.emit("vpaddd {2}, {1}, {0}", t1, not_e_and_g)
        yield
        sigma = yield from self.sigma(c, e, (6, 11, 25))
        t1 = c.emit("vpaddd {2}, {1}, {0}", t1, sigma)
        yield
        e_new = c.emit(f"vpaddd {row(3)}, {{1}}, {{0}}", t1)
        yield
        c.store(e_new, row(3))
        yield
        if not need_a:
            return [None, None, None, e_new, e]
        a_xor_b = c.emit("vpxor {2}, {1}, {0}", a, b)
        yield
        majority = c.emit("vpand {2}, {1}, {0}", a_xor_b, b_xor_c)
        yield
        majority = c.emit("vpxor {2}, {1}, {0}", majority, b)
        yield
        t1 = c.emit("vpaddd {2}, {1}, {0}", t1, majority)
        yield
        sigma = yield from self.sigma(c, a, (2, 13, 22))
        a_new = c.emit("vpaddd {2}, {1}, {0}", t1, sigma)
        yield
        c.store(a_new, row(7))
        yield
        return [a_new, a, a_xor_b, e_new, e]

    def registers_of(self, stream, r):
        return list(range(5 * stream, 5 * stream + 5))

    def end(self, stream):
        return []

    LAST_E = 3


def place(isa, row, stream):
    """In struct states, at %rdi."""
    return f"{isa.width * (STREAMS * row + stream)}(%rdi)"


def stream_rounds(isa, c, stream, s, first, count, word, need_a):
    for r in range(first, first + count):
        row = lambda i: place(isa, (i - r) % 8, stream)
        s = yield from isa.round(c, s, row, lambda c: word(c, r, stream), need_a(r))
    return s


def rounds(isa, first, count, word, need_a=lambda r: True):
    """Rounds first to first + count - 1, modulo 8, of all streams, in turn an instruction each."""
    c, entry, generators, states = Code(), {}, [], {}
    for n in range(STREAMS):
        s = [c.value() for _ in isa.registers_of(n, first)]
        entry.update(zip(s, isa.registers_of(n, first)))
        generators.append(stream_rounds(isa, c, n, s, first, count, word, need_a))
    while len(states) < STREAMS:
        for n, generator in enumerate(generators):
            try:
                next(generator)
            except StopIteration as stop:
                states[n] = stop.value
    leave = {}
    for n in range(STREAMS):
        leave.update((v, r) for v, r in zip(states[n], isa.registers_of(n, first + count)) if v)
    return c.text(isa, entry, leave)


def own_word(isa):
    """The row of the loop's first round is at %rsi."""
    return lambda c, r, stream: place(isa, r, stream).replace("%rdi", "%rsi")


def shared_word(isa, first):
    """The same, of first instead; with AVX2 one word serves both streams."""
    loaded = {}

    def word(c, r, stream):
        row = (r - first) % 8
        if isinstance(isa, Avx512):
            return isa.shared_word(row, stream)
        if r not in loaded:
            loaded[r] = c.emit(f"vpbroadcastd {isa.width * row}(%rsi), {{0}}")
        return loaded[r]

    return word


def function(isa, name, body):
    return [f"    .globl {name}", f"    .hidden {name}", f"    .type {name}, @function", "    .p2align 6", f"{name}:",
            "    .cfi_startproc", "    _CET_ENDBR", *("    " + line for line in body), "    vzeroupper", "    ret",
            "    .cfi_endproc", f"    .size {name}, . - {name}"]


def begin(isa, turned):
    return [line for n in range(STREAMS) for line in isa.begin(n, lambda i: place(isa, (i - turned) % 8, n))]


def loop(isa, row_bytes, word):
    return ["mov $7, %ecx", ".p2align 6", "1:", *rounds(isa, 0, ROUNDS_IN_LOOP, word),
            f"add ${ROUNDS_IN_LOOP * row_bytes}, %rsi", "dec %ecx", "jnz 1b"]


def functions(isa, prefix):
    states = [line for n in range(STREAMS) for line in isa.end(n)]
    row = STREAMS * isa.width
    own = begin(isa, 4) + rounds(isa, 4, 4, own_word(isa)) + [f"add ${8 * row}, %rsi"]
    own += loop(isa, row, own_word(isa)) + states
    shared = begin(isa, 4) + rounds(isa, 4, 4, shared_word(isa, 4)) + [f"add ${4 * isa.width}, %rsi"]
    shared += loop(isa, isa.width, shared_word(isa, 0)) + states
    second = begin(isa, 0) + loop(isa, row, own_word(isa))
    second += rounds(isa, 0, 5, own_word(isa), need_a=lambda r: r == 0)
    for n in range(STREAMS):
        e = isa.name(isa.registers_of(n, 5)[isa.LAST_E])
        second.append(f"{isa.move} {e}, {place(isa, 0, n)}")
    return (function(isa, prefix + "_own", own) + function(isa, prefix + "_shared", shared)
            + function(isa, prefix + "_second", second))


def main():
    lines = ["/* Written by search_rounds.py. */", "#include <cet.h>", "    .text"]
    lines += functions(Avx2(), "search_avx2") + functions(Avx512(), "search_avx512")
    lines += ['    .section .note.GNU-stack, "", @progbits']
    with open(sys.argv[1], "w") as f:
        f.write("\n".join(lines) + "\n")


main()
