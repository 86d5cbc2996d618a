#!/usr/bin/env python3
"""Writes the inner loops of the search that AVX-512 and SHA-NI share, as assembler.

SHA-NI does the rounds: sha256rnds2 is one operation for two rounds of one hash.
AVX-512 does, for eight hashes at a time, what SHA-NI is slow at: the message
schedules, the first rounds of the second hash, the comparison. The two streams
of instructions touch different registers and meet in memory only, a step of
the loop apart, so each can be cut into pieces anywhere; they are interleaved
here finely enough for both to be in the processor's window at any time. No
compiler keeps such an order, hence this generator.

Step t of a loop works on three sets of eight hashes at once:

    SHA-NI    first hash of set t, second hash of set t - 2
    AVX-512   last additions of the first hash, schedule and first rounds of
              the second, of set t - 1

and reports the lanes of set t - 3 that may meet the target (one later where
AVX-512 works out the first hash's schedule too). Sets are written to
one half of the context and read from the other; the halves change places each
step. search_avx512_shani.c holds the context's layout and the loops' callers.
"""
import sys

# FIPS 180-4: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]


def root(n, k, bits):
    """floor(n^(1/k) * 2^bits), exactly."""
    lo, hi = 0, n << bits
    while lo < hi:
        mid = (lo + hi + 1) // 2
        lo, hi = (mid, hi) if mid**k <= n << (k * bits) else (lo, mid - 1)
    return lo


K = [root(p, 3, 32) & 0xFFFFFFFF for p in PRIMES[:64]]
IV = [root(p, 2, 32) & 0xFFFFFFFF for p in PRIMES[:8]]
LANES = 8  # hashes in a set, lanes of a vector


def ror(x, n):
    return (x >> n | x << (32 - n)) & 0xFFFFFFFF


def small_sigma0(x):
    return ror(x, 7) ^ ror(x, 18) ^ x >> 3


def small_sigma1(x):
    return ror(x, 17) ^ ror(x, 19) ^ x >> 10


# Where a lane's 16 bytes of four words stand in rows that were put together by unpacking within
# 128-bit blocks; and its 8 bytes of two, the even lanes being stored before the odd ones.
def quad_at(lane):
    return lane % 4 * 32 + lane // 4 * 16


def pair_at(lane):
    return lane % 2 * 32 + lane // 2 * 8


class Number(int):
    """A word known here and now, the same in all lanes."""


class Constants:
    """A table of 32-bit words in .rodata; %rax points BIAS bytes into it, to keep displacements short."""

    BIAS = 512

    def __init__(self):
        self.words = []

    def at(self, *words):
        words = [w & 0xFFFFFFFF for w in words]
        align = len(words)
        for i in range(0, len(self.words) - len(words) + 1, align):
            if self.words[i : i + len(words)] == words:
                return f"{4 * i - self.BIAS}(%rax)"
        while len(self.words) % align:
            self.words.append(0)
        self.words += words
        return f"{4 * (len(self.words) - len(words)) - self.BIAS}(%rax)"

    def broadcast(self, word):
        return self.at(word) + "<all>"


class Vector:
    """AVX-512 instructions on values without names; registers 16 to 31 are given out at the end.

    The upper sixteen alone, because SSE instructions cannot name them: on some
    processors those pay for registers whose upper halves are in use. Of 256
    bits, because Zen 4 mixes sha256rnds2 with as many rotates of 256 bits at
    no cost (54 and 54 in 54 cycles), but not with half as many of 512 (72). And
    of two sources, because vpternlogd reads three registers as sha256rnds2 does,
    and delays it (54 and 25 in 73 cycles, against 56 with vpxord).
    """

    REGISTERS = range(16, 32)

    def __init__(self, constants):
        self.constants = constants
        self.code = []  # (text with {0} the result and {1}... the sources, result or None, sources)
        self.values = 0

    def emit(self, text, sources, result=True):
        value = None
        if result:
            value, self.values = self.values, self.values + 1
        self.code.append((text, value, sources))
        return value

    def load(self, memory):
        return self.emit(f"vmovdqa64 {memory}, {{0}}", [])

    def store(self, memory, x):
        self.emit(f"vmovdqa64 {{1}}, {memory}", [x], result=False)

    def store_even(self, memory, x):
        """The even lanes; in memory, what is between them stays."""
        self.emit(f"vmovdqu32 {{1}}, {memory}{{{{%k2}}}}", [x], result=False)

    def store_odd(self, memory, x):
        self.emit(f"vmovdqu32 {{1}}, {memory}{{{{%k3}}}}", [x], result=False)

    def both(self, name, number, a, b):
        """An operation whose sources may be places in memory, or numbers: of two, number is the result."""
        if isinstance(a, Number):
            a, b = b, a
        if isinstance(a, Number):
            return Number(number(a, b) & 0xFFFFFFFF)
        if isinstance(a, str):
            a = self.load(a)
        if isinstance(b, Number):
            b = self.constants.broadcast(b)
        if isinstance(b, str):
            return self.emit(f"{name} {b}, {{1}}, {{0}}", [a])
        return self.emit(f"{name} {{2}}, {{1}}, {{0}}", [a, b])

    def add(self, a, b):
        return self.both("vpaddd", int.__add__, a, b)

    def xor(self, a, b):
        return self.both("vpxord", int.__xor__, a, b)

    def and_(self, a, b):
        return self.both("vpandd", int.__and__, a, b)

    def ror(self, x, n):
        return self.emit(f"vprord ${n}, {{1}}, {{0}}", [x])

    def shr(self, x, n):
        return self.emit(f"vpsrld ${n}, {{1}}, {{0}}", [x])

    def xor3(self, a, b, c):
        return self.xor(self.xor(a, b), c)

    def unpack(self, kind, a, b):
        return self.emit(f"vpunpck{kind} {{2}}, {{1}}, {{0}}", [a, b])

    def sigma(self, x, *amounts, shift=None):
        parts = [self.ror(x, n) for n in amounts]
        if shift is not None:
            parts.append(self.shr(x, shift))
        return self.xor3(*parts)

    def small_sigma0(self, x):
        return self.sigma(x, 7, 18, shift=3)

    def small_sigma1(self, x):
        return self.sigma(x, 17, 19, shift=10)

    def text(self):
        """The instructions with registers given out, first come first served."""
        last = {}
        for i, (_, value, sources) in enumerate(self.code):
            for v in sources + [value]:
                last[v] = i
        free, where, lines = list(self.REGISTERS), {}, []
        for i, (text, value, sources) in enumerate(self.code):
            names = [f"%ymm{where[v]}" for v in sources]
            free += [where[v] for v in sorted(set(sources)) if last[v] == i]
            name = ""
            if value is not None:
                if not free:
                    raise SystemExit("out of vector registers")
                where[value] = free.pop(0)
                name = f"%ymm{where[value]}"
                if last[value] == i:
                    free.append(where[value])
            lines.append(text.format(name, *names).replace("<all>", f"{{1to{LANES}}}"))
        return lines


class Context:
    """Offsets into struct search_sets, as search_avx512_shani.c asserts them.

    A step writes one half, whose middle is at %r10, and reads the other, at
    %r11, whose hashes started from what is at %rbx; the rest is found from its last part, at %rdi. So displacements are
    short, which matters: the loop must stay in the cache of decoded operations.
    """

    HALF = 3712
    JOB, LAST, TARGET, PREVIOUS = -32, -64, -96, -128
    WORDS = 2 * HALF + 128

    def __init__(self, vector_rounds, shared):
        self.first_pair = vector_rounds // 2
        self.pairs = [p for p in range(self.first_pair, 31) if not 4 <= p < 8]
        at = -self.HALF // 2
        for name, size in (("digest", 256), ("state", 256), ("second", 64 * len(self.pairs)),
                           ("first", 0 if shared else 64 * 23)):
            setattr(self, name, at)
            at += size
        assert at <= self.HALF // 2

    def second_at(self, pair):
        return self.second + 64 * self.pairs.index(pair)


class Chain:
    """The rounds of one hash: sha256rnds2's two registers, of which each round pair renews one."""

    def __init__(self, start, words, end):
        self.start, self.words, self.end = start, words, end


def first_hash(c, k, lane, shared):
    """Rounds 4 to 63 of one header; shared: all lanes have the nonce of %rsi, else each its own."""
    words = [k.at(K[4] + 0x80000000, K[5])]
    words += [k.at(K[2 * p], K[2 * p + 1]) for p in range(3, 7)]
    words.append(k.at(K[14], K[15] + 640))
    if shared:
        words += [f"{128 * p}(%rsi)" for p in range(24)]
    else:
        words.append(f"{c.JOB + 24}(%rdi)")
        words += [f"{c.first + 64 * p + pair_at(lane)}(%r11)" for p in range(23)]
    at = 32 * lane if shared else 0
    nonce = "(%rdx)" if shared else f"{16 * lane}(%rdx)"

    def start(abef, cdgh):
        return [f"movdqa {at}(%r9), {abef}", f"paddd {nonce}, {abef}", f"movdqa {at + 16}(%r9), {cdgh}"]

    def end(abef, cdgh):
        return [f"movdqa {register}, {c.digest + 128 * part + quad_at(lane)}(%r10)"
                for part, register in enumerate((abef, cdgh))]

    return Chain(start, words, end)


def second_hash(c, k, lane):
    """The second hash from where AVX-512 left it to round 61, after which f is what e was after round 60."""
    words = []
    for p in range(c.first_pair, 31):
        if 4 <= p < 8:
            known = {4: (0x80000000, 0), 7: (0, 256)}.get(p, (0, 0))
            words.append(k.at(K[2 * p] + known[0], K[2 * p + 1] + known[1]))
        else:
            words.append(f"{c.second_at(p) + pair_at(lane)}(%r11)")

    def start(abef, cdgh):
        if c.first_pair:
            places = [f"{c.state + 128 * part + quad_at(lane)}(%r11)" for part in range(2)]
        else:
            places = [k.at(*[IV[i] for i in order]) for order in ((5, 4, 1, 0), (7, 6, 3, 2))]
        return [f"movdqa {places[0]}, {abef}", f"movdqa {places[1]}, {cdgh}"]

    return Chain(start, words, lambda abef, cdgh: [f"movd {abef}, {c.LAST + 4 * lane}(%rdi)"])


def run_chains(chains):
    """Up to six chains side by side, in xmm1 to xmm12: a list of steps, each two rounds of every chain.

    Zen 4 deals its vector instructions, loads of vector registers included, to
    two schedulers by turns, and wants every other sha256rnds2 in each: six
    that each follow a load of their own all fall to one, and 54 take 66 cycles
    beside 108 additions. A nop counts as a turn: with one before each such load
    they take 55, as they do where they share a load. The number of chains is
    even, so that this holds over a whole step (five chains: up to 66); and what
    chains start and end with stands before and after the rounds.
    """
    steps, registers = [], {}
    for n, chain in enumerate(chains):
        registers[chain] = [f"%xmm{2 * n + 1}", f"%xmm{2 * n + 2}"]
    for i in range(max(len(chain.words) for chain in chains)):
        before, lines, after, loaded = [], [], [], None
        for chain in chains:
            pair = registers[chain]
            if i == 0:
                before += chain.start(*pair)
            if i >= len(chain.words):
                continue
            if chain.words[i] != loaded:
                if lines:
                    lines.append("nop")
                loaded = chain.words[i]
                lines.append(f"{{evex}} vmovq {loaded}, %xmm0")
            lines.append(f"sha256rnds2 {pair[0]}, {pair[1]}")
            pair.reverse()
            if i == len(chain.words) - 1:
                after += chain.end(*pair)
        steps.append(before + lines + after)
    return steps


def transpose_in(v, memory):
    """Four rows of sixteen lanes from sixteen lanes' four words."""
    x = [v.load(memory(32 * i)) for i in range(4)]
    low = [v.unpack("ldq", x[i], x[i + 1]) for i in (0, 2)]
    high = [v.unpack("hdq", x[i], x[i + 1]) for i in (0, 2)]
    return [v.unpack("lqdq", *low), v.unpack("hqdq", *low), v.unpack("lqdq", *high), v.unpack("hqdq", *high)]


def transpose_out(v, memory, rows):
    """And back."""
    low = [v.unpack("ldq", rows[i], rows[i + 1]) for i in (0, 2)]
    high = [v.unpack("hdq", rows[i], rows[i + 1]) for i in (0, 2)]
    for i, half in enumerate((low, low, high, high)):
        v.store(memory(32 * i), v.unpack("lqdq" if i % 2 == 0 else "hqdq", *half))


def store_pair(v, memory, first, second):
    """Each lane's two words side by side.

    Stores of half the lanes start every three cycles two, and take nothing from
    the additions and rounds that two unpacks would wait for.
    """
    v.store_even(memory(0), first)
    v.store_even(memory(4), second)
    v.store_odd(memory(28), first)
    v.store_odd(memory(32), second)


class Schedule:
    """A message schedule in lanes: words are values, or known numbers, and are kept in memory."""

    def __init__(self, v, k, memory, words):
        self.v, self.k, self.memory = v, k, memory
        self.words = dict(words)  # what is known of word i: its number, or that it is in memory
        self.fresh = {}  # the latest, which are in registers too

    def keep(self, i, value):
        self.v.store(self.memory(i), value)
        self.fresh[i] = value
        self.words[i] = "memory"
        self.fresh.pop(i - 3, None)

    def place(self, i):
        """The word as an addition takes it: from memory where no register has it."""
        return self.fresh.get(i, self.memory(i))

    def value(self, i):
        return self.fresh[i] if i in self.fresh else self.v.load(self.memory(i))

    def extend(self, i):
        """Word i; what is constant is added up here."""
        constant, terms = 0, []
        for j, sigma, number in ((i - 16, None, None), (i - 15, self.v.small_sigma0, small_sigma0),
                                 (i - 7, None, None), (i - 2, self.v.small_sigma1, small_sigma1)):
            w = self.words[j]
            if isinstance(w, int):
                constant += number(w) if number else w
            elif sigma:
                terms.append(sigma(self.value(j)))
            else:
                terms.append(self.place(j))
        terms.sort(key=lambda t: isinstance(t, str))
        total = terms[0] if not isinstance(terms[0], str) else self.v.load(terms[0])
        for t in terms[1:]:
            total = self.v.add(total, t)
        if constant & 0xFFFFFFFF:
            total = self.v.add(total, self.k.broadcast(constant))
        self.keep(i, total)
        return total


def vector_round(v, s, b_xor_c, constant, word):
    """One round in lanes; word is a place in memory, or none. Returns the state and the next round's b ^ c."""
    a, b, c, d, e, f, g, h = s
    h = v.add(h, constant)
    if word is not None:
        h = v.add(h, word)
    choice = v.xor(g, v.and_(e, v.xor(f, g)))
    t1 = v.add(v.add(h, choice), v.sigma(e, 6, 11, 25))
    a_xor_b = v.xor(a, b)
    majority = v.xor(b, v.and_(a_xor_b, b_xor_c))
    t2 = v.add(majority, v.sigma(a, 2, 13, 22))
    return [v.add(t1, t2), a, b, c, v.add(d, t1), e, f, g], a_xor_b


def second_schedule(v, c, k, shared):
    """The end of the first hash; the schedule of the second, and its first rounds."""
    memory = lambda i: f"{32 * i}(%rdi)"
    f, e, b, a = transpose_in(v, lambda at: f"{c.digest + at}(%r11)")
    h, g, d, cc = transpose_in(v, lambda at: f"{c.digest + 128 + at}(%r11)")
    report(v, c, k)
    words = {8: 0x80000000, 15: 256, **{i: 0 for i in range(9, 15)}}
    schedule = Schedule(v, k, memory, words)
    for i, w in enumerate((a, b, cc, d, e, f, g, h)):
        midstate = f"{LANES * 32 + 32 * i}(%rbx)" if shared else f"{32 + 4 * i}(%rbx)<all>"
        v.store(memory(i), v.add(w, midstate))
        schedule.words[i] = "memory"
    def emit_pair(p):
        pair = []
        for i in (2 * p, 2 * p + 1):
            if i >= 16 and i not in schedule.words and i < 61:
                schedule.extend(i)
            # Nothing that is asked for depends on word 61.
            pair.append(v.add(schedule.value(min(i, 60)), k.broadcast(K[min(i, 60)])))
        store_pair(v, lambda at: f"{c.second_at(p) + at}(%r10)", *pair)

    # The rounds and the schedule hardly depend on each other: side by side they wait less.
    left = list(c.pairs)
    for i, state in enumerate(vector_rounds(v, c, schedule)):
        while left and len(left) * 2 * c.first_pair > len(c.pairs) * (2 * c.first_pair - i):
            emit_pair(left.pop(0))
    if c.first_pair:
        transpose_out(v, lambda at: f"{c.state + at}(%r10)", [state[i] for i in (5, 4, 1, 0)])
        transpose_out(v, lambda at: f"{c.state + 128 + at}(%r10)", [state[i] for i in (7, 6, 3, 2)])
    for p in left:
        emit_pair(p)


def vector_rounds(v, c, schedule):
    """Rounds 0 to 2 * first_pair - 1 of the second hash: yields the state that each leaves."""
    if c.first_pair == 0:
        return
    w0 = v.load(schedule.memory(0))
    # Round 0: all but w0 is constant.
    a, b, cc, d, e, f, g, h = IV
    t1 = h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + K[0]
    t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & cc) ^ (b & cc))
    s = [v.add(w0, Number(t1 + t2)), *map(Number, (a, b, cc)), v.add(w0, Number(d + t1)), *map(Number, (e, f, g))]
    b_xor_c = Number(a ^ b)
    yield s
    for i in range(1, 2 * c.first_pair):
        word = None
        if i >= 16:
            word = schedule.extend(i)
        elif i < 8:
            word = schedule.memory(i)
        known = {8: 0x80000000, 15: 256}.get(i, 0)
        s, b_xor_c = vector_round(v, s, b_xor_c, Number(K[i] + known), word)
        yield s


def first_schedule(v, c, k):
    """Words 18 to 63 of the first hash, constants added, of the eight nonces whose words are at %rsi."""
    memory = lambda i: f"{32 * i}(%rdi)"
    job = lambda i: f"{c.JOB + 4 * i}(%rdi)<all>"
    w3 = v.load("(%rsi)")
    schedule = Schedule(v, k, memory, {})
    schedule.keep(18, v.add(v.small_sigma0(w3), job(0)))
    schedule.keep(19, v.add(w3, job(1)))
    # What else enters words 20 to 33: the others of FIPS 180-4's four terms are zero or in the job's constants.
    terms = {20: k.broadcast(0x80000000), 21: None, 22: k.broadcast(640), 23: job(2), 24: job(3),
             30: k.broadcast(small_sigma0(640)), 31: job(4), 32: job(5), 33: job(3)}
    for i in range(18, 64):
        if 20 <= i < 34:
            w = v.small_sigma1(schedule.value(i - 2))
            if i >= 25:
                w = v.add(w, schedule.place(i - 7))
            if i == 33:
                w = v.add(w, v.small_sigma0(schedule.value(18)))
            if terms.get(i):
                w = v.add(w, terms[i])
            schedule.keep(i, w)
        elif i >= 34:
            schedule.extend(i)
        if i % 2:
            pair = [v.add(schedule.value(j), k.broadcast(K[j])) for j in (i - 1, i)]
            store_pair(v, lambda at: f"{c.first + 32 * (i - 19) + at}(%r10)", *pair)


def report(v, c, k):
    """One bit a lane of the set before: may its last word meet the target?"""
    x = v.add(v.load(f"{c.LAST}(%rdi)"), k.broadcast(IV[7]))
    swap = v.load(k.at(*[0x00010203 + 0x04040404 * (i % 4) for i in range(LANES)]))
    x = v.emit("vpshufb {2}, {1}, {0}", [x, swap])
    v.emit(f"vpcmpleud {c.TARGET}(%rdi), {{1}}, %k1", [x], result=False)
    # Writes a byte beyond its own, which the next step writes again.
    v.emit("kmovw %k1, (%r8)", [], result=False)


def interleave(steps, others):
    """Each step whole, as its operations wait for the step before and not for each other, then its share of others."""
    weight = [sum("rnds2" in line for line in step) for step in steps]
    lines, done = [], 0
    for i, step in enumerate(steps):
        upto = len(others) * sum(weight[: i + 1]) // sum(weight)
        lines += step + others[done:upto]
        done = upto
    return lines


def function(name, vector_rounds, shared):
    c, k = Context(vector_rounds, shared), Constants()
    v = Vector(k)
    second_schedule(v, c, k, shared)
    if not shared:
        first_schedule(v, c, k)
    chains = [first_hash(c, k, lane, shared) for lane in range(LANES)]
    chains += [second_hash(c, k, lane) for lane in range(LANES)]
    steps = [step for group in (chains[:4], chains[4:10], chains[10:]) for step in run_chains(group)]
    lines = interleave(steps, v.text())
    even, odd = 0x55, 0xAA  # for store_even and store_odd
    before = [".text", f".globl {name}", f".hidden {name}", f".type {name}, @function", ".p2align 6", f"{name}:",
              ".cfi_startproc", "_CET_ENDBR", "push %rbx", ".cfi_adjust_cfa_offset 8", ".cfi_rel_offset %rbx, 0",
              "vzeroupper",
              f"mov ${even}, %eax", "kmovd %eax, %k2", f"mov ${odd}, %eax", "kmovd %eax, %k3",
              f"lea {name}_constants+{k.BIAS}(%rip), %rax", f"lea {c.HALF // 2}(%rdi), %r10",
              f"lea {c.HALF * 3 // 2}(%rdi), %r11", f"add ${c.WORDS}, %rdi",
              f"mov {c.PREVIOUS}(%rdi), %rbx", ".p2align 6", "1:"]
    after = [f"add ${8 if shared else 32}, %rsi", f"add ${16 if shared else 128}, %rdx", "inc %r8",
             "xchg %r10, %r11", "mov %r9, %rbx", "dec %ecx", "jnz 1b", f"mov %rbx, {c.PREVIOUS}(%rdi)",
             "pop %rbx", ".cfi_adjust_cfa_offset -8", ".cfi_restore %rbx", "ret", ".cfi_endproc",
             f".size {name}, . - {name}"]
    table = [".section .rodata", ".p2align 6", f"{name}_constants:", *(f".long {w:#x}" for w in k.words)]
    return ["    " + line for line in before + lines + after + table]


def main():
    rounds = [int(a) for a in sys.argv[2:]] or [16, 0]
    lines = ["/* Written by search_avx512_shani.py. */", "#include <cet.h>"]
    lines += function("search_avx512_shani_versions", rounds[0], True)
    lines += function("search_avx512_shani_nonces", rounds[1], False)
    lines += ['    .section .note.GNU-stack, "", @progbits']
    with open(sys.argv[1], "w") as f:
        f.write("\n".join(lines) + "\n")


main()
