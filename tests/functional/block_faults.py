"""What can be right or wrong with a block, one rule each, at both sides of its limit. A rule's function is given a Draft
and what is to be done to it: 0 is right, 1 and more are ways to be wrong, each of which is named by the rule's reasons.
"""

import struct

from blocks import COMMITMENT, FINAL, NULL, stripped_size, weight
from chain import Tx, compact_size
from scripts import (FUTURE, TRUE, WRAPPERS, Lock, catalogue, compressed, failures, padded, push, random_items,
                     random_script, script, x_only)

RULES = []
MAX_MONEY = 21_000_000 * 100_000_000
DISABLE, BY_TIME = 1 << 31, 1 << 22


class Rule:
    def __init__(self, run, reasons, heavy):
        self.run, self.reasons, self.heavy, self.name = run, reasons, heavy, run.__name__


def rule(*reasons, heavy=False):
    def add(run):
        RULES.append(Rule(run, reasons, heavy))
        return run
    return add


# Headers.

@rule("bad-version(0x00000003)", "bad-version(0x00000002)", "bad-version(0x00000001)", "bad-version(0x00000000)",
      "bad-version(0xffffffff)", "bad-version(0x80000000)")
def version(d, how):
    d.version = (d.rng.choice((4, 0x7FFFFFFF, 0x20000000)), 3, 2, 1, 0, -1, -2**31)[how]


@rule("time-too-old", "time-too-old")
def time_old(d, how):
    d.time = (d.mtp + 1, d.mtp, 0)[how]


@rule("time-too-new", "time-too-new")
def time_new(d, how):
    d.time = (d.chain.now + 7200, d.chain.now + 7201, 2**32 - 1)[how]


@rule("bad-diffbits", "bad-diffbits", "bad-diffbits")
def bits(d, how):
    d.bits = (d.bits, 0x1D00FFFF, 0x207FFFFE, 0)[how]


@rule("bad-txnmrklroot")
def root(d, how):
    d.root_flip = how and d.rng.randrange(1, 256)


# The list of transactions.

@rule("bad-txns-duplicate", "bad-txns-duplicate")
def mutation(d, how):
    def repeat_end(txs):
        last = len(txs) & -len(txs)
        return txs + txs[-last:] if last < len(txs) else txs + txs[-1:] * 2
    many = d.rng.choice((2, 3, 4, 5, 6, 40, 150)) if how < 2 else 0
    for coin in d.outputs(d.spend([d.coin()], [TRUE.script] * (1 + many)))[1:]:
        d.spend([coin])
    if how:
        d.after.append(repeat_end)


@rule("bad-blk-length", "bad-cb-missing", "bad-cb-missing", "bad-cb-missing")
def coinbase_missing(d, how):
    if how == 1:
        d.after.append(lambda txs: [])
    elif how == 2:
        d.spend([d.coin()])
        d.after.append(lambda txs: txs[1:])
    elif how == 3:
        d.spend([d.coin()])
        d.after.append(lambda txs: txs[1:2] + txs[:1] + txs[2:])
    elif how == 4:
        d.coinbase.ins.append([NULL, 0, b"", FINAL])
        d.coinbase.witness.append([])


@rule("bad-cb-multiple", "bad-txns-duplicate")
def coinbase_multiple(d, how):
    other = Tx([[NULL, FINAL, d.coinbase.ins[0][2] + b"\0", FINAL]], [[0, TRUE.script]])
    if how == 1:
        d.after.append(lambda txs: txs + [other])
    elif how == 2:
        d.after.append(lambda txs: txs[:1] * 2)


@rule("bad-cb-length", "bad-cb-length", "bad-cb-length")
def coinbase_length(d, how):
    height = script(d.height)
    d.coinbase.ins[0][2] = (height + bytes(max(2, d.rng.choice((len(height), 100))) - len(height)), height[:1], b"",
                            height + bytes(101 - len(height)))[how]


@rule("bad-cb-height", "bad-cb-height", "bad-cb-height", "bad-cb-height", "bad-cb-height", "bad-cb-height")
def coinbase_height(d, how):
    number = d.height.to_bytes(4, "little")
    d.coinbase.ins[0][2] = (script(d.height), script(d.height + 1), script(d.height - 1), push(number),
                            b"\x4c" + script(d.height), script(-d.height - 17), b"\x00" * 4)[how] + bytes(3)


# Single transactions.

@rule("bad-txns-vout-negative", "bad-txns-vout-toolarge", "bad-txns-txouttotal-toolarge", "bad-txns-vout-negative",
      "bad-txns-vout-toolarge")
def amounts(d, how):
    values = ([0], [2**64 - 1], [MAX_MONEY + 1], [MAX_MONEY, 1], [2**63], [2**63 - 1])[how]
    outs = [[value, TRUE.script] for value in values]
    if how and d.rng.random() < 0.3:
        d.before.append(lambda: d.coinbase.outs.extend(outs))
    else:
        d.spend([d.coin()], outs)


@rule("bad-txns-in-belowout", "bad-txns-in-belowout", "bad-txns-in-belowout")
def below_out(d, how):
    coins = [d.coin() for _ in range(d.rng.randrange(1, 4))]
    total = sum(coin.value for coin in coins)
    outs = ([[total, TRUE.script]], [[total + 1, TRUE.script]], [[MAX_MONEY, TRUE.script]],
            [[total, TRUE.script], [1, TRUE.script]])[how]
    d.spend(coins, outs)


@rule("bad-txns-vin-empty", "bad-txns-vout-empty", "bad-txns-prevout-null", "bad-txns-prevout-null")
def empty(d, how):
    if how == 1:
        d.after.append(lambda txs: txs + [Tx([], [])])
        return
    coin = d.coin()
    tx = d.spend([coin, d.coin()])
    if how == 2:
        tx.outs.clear()
    elif how:
        tx.ins[how - 3][:2] = NULL, FINAL


@rule("bad-txns-inputs-duplicate", "bad-txns-inputs-duplicate")
def duplicate_inputs(d, how):
    """Many, so that more than one way to find them is met."""
    coins = [d.coin() for _ in range(2 + 14 * (how == 2))]
    tx = d.spend(coins)
    if how:
        to, of = d.rng.sample(range(len(coins)), 2)
        tx.ins[to][:2] = tx.ins[of][:2]


# What is spent.

@rule(*["bad-txns-inputs-missingorspent"] * 8)
def missing(d, how):
    """A chain of transactions inside the block where it is right."""
    lock = (script("RETURN"), b"\x61" * 10001, TRUE.script)[how - 1 if how in (1, 2) else 2]
    first = d.spend([d.coin()], [lock, TRUE.script])
    made = d.outputs(first)
    if how in (1, 2):
        made[0].lock = TRUE
        d.spend(made[:1])
    elif how == 3:
        second = d.spend(made[1:])
        d.txs.remove(second)
        d.txs.insert(d.txs.index(first), second)
    elif how == 4:
        d.spend(made[1:])
        d.spend(made[1:], fee=5000)
    elif how == 5:
        made[0].index = d.rng.choice((2, 2**32 - 1))
        d.spend(made[:1])
    elif how == 6:
        gone = d.rng.choice(d.chain.gone)
        d.spend([d.coin(), gone] if gone.lock else [d.coin()])
        d.txs[-1].ins[-1][:2] = gone.outpoint()
    elif how == 7:
        d.spend([d.coin()]).ins[0][:2] = d.rng.randbytes(32), 0
    elif how == 8:
        d.after.append(lambda txs: txs + txs[-1:] * (1 + len(txs) % 2))
        d.spend([d.coin()])
        if len(d.txs) % 2 == 0:
            d.spend([d.coin()])
    else:
        d.spend(d.outputs(d.spend(made)))


@rule("bad-txns-premature-spend-of-coinbase", "bad-txns-premature-spend-of-coinbase")
def maturity(d, how):
    if how == 2:
        value = d.coinbase.outs[0][0]
        tx = Tx([[NULL, 0, b"", FINAL]], [[value, TRUE.script]])
        d.txs.append(tx)
        d.after.append(lambda txs: [setattr(tx, "ins", [[txs[0].txid() if txs else NULL, 0, b"", FINAL]])] and txs)
        return
    depth = 99 if how else 100
    some = [c for c in d.chain.coins.values() if c.coinbase and d.height - c.height == depth and c.lock is TRUE]
    d.spend([d.rng.choice(some)])


@rule("bad-cb-amount", "bad-cb-amount", "bad-cb-amount")
def coinbase_amount(d, how):
    d.spend([d.coin()])
    d.extra += (d.rng.choice((0, -1)), 1, MAX_MONEY // 2, d.rng.randrange(1, 2**40))[how]


# Lock times.

@rule(*["bad-txns-nonfinal"] * 5)
def lock_time(d, how):
    times = [(d.height - 1, 0), (d.height, 0), (d.mtp, FINAL - 1), (499_999_999, 0), (2**32 - 1, 0), (d.height, 1)]
    final = [(d.mtp - 1, 0), (d.height, FINAL), (2**32 - 1, FINAL), times[0]]
    locktime, sequence = times[how] if how else d.rng.choice(final)
    if how == 5:
        d.before.append(lambda: (setattr(d.coinbase, "locktime", locktime), d.coinbase.ins[0].__setitem__(3, 0)))
    else:
        d.spend([d.coin()], locktime=locktime, sequence=sequence, version=d.rng.choice((1, 2**32 - 1))
                if sequence & DISABLE else 1)


@rule(*["bad-txns-nonfinal"] * 3)
def lock_time_of_block(d, how):
    """The block's own time does not count, since BIP113."""
    if how:
        d.spend([d.coin()], locktime=max(d.mtp, min(d.time - 2 + how, 2**32 - 1)), sequence=0)


@rule(*["bad-txns-nonfinal"] * 5)
def sequence_lock(d, how):
    """BIP68 by height and by time; a coin of this block among them."""
    coins = [d.coin() for _ in range(d.rng.randrange(1, 4))]
    at = d.rng.randrange(len(coins))
    exact = [c for c in d.chain.coins.values() if c.lock is TRUE and c.outpoint() not in d.taken and not c.coinbase
             and (d.mtp - c.mtp) % 512 == (511 if how else 0)]
    if exact and d.rng.random() < 0.7:
        coins[at] = d.rng.choice(exact)
    coin = coins[at]
    sequences, tx_version = [FINAL] * len(coins), 2
    age, units = d.height - coin.height, (d.mtp - coin.mtp) // 512
    if how == 0:
        good = [(age, 2), (BY_TIME | min(units, 65535), 2), (age + 1, 1), (DISABLE | 65535, 2), (0, 2), (BY_TIME, 2),
                (age | 1 << 16 | 1 << 21, 2), (BY_TIME | 65535, 0)]
        sequences[at], tx_version = d.rng.choice(good)
    elif how == 5:
        made = d.outputs(d.spend([d.coin()]))
        coins, sequences = made, [d.rng.choice((1, BY_TIME | 1))]
    else:
        sequences[at] = (0, age + 1, BY_TIME | min(units + 1, 65535), age + 1, 65535)[how]
        tx_version = (0, 2, 2, 2**32 - 1, 3)[how]
    d.spend(coins, sequence=sequences, version=tx_version)


# Witnesses.

@rule(*["bad-witness-nonce-size"] * 5)
def witness_nonce(d, how):
    d.commit = "always"
    d.nonce = ([d.rng.randbytes(32)], [bytes(31)], [bytes(33)], [NULL, NULL], [], [b"", NULL])[how]


@rule(*["bad-witness-merkle-match"] * 3)
def witness_commitment(d, how):
    """The last one counts; one of 37 bytes is none, more than 38 are."""
    def wrong(right):
        return right[:20] + bytes([right[20] ^ 1]) + right[21:]

    d.commit = "always"
    good = [lambda r: [wrong(r), r], lambda r: [r + b"\1\2"], lambda r: [r, r[:37]], lambda r: [r, b"\x6a" + r]]
    d.commitments = (d.rng.choice(good), lambda r: [wrong(r)], lambda r: [r, wrong(r)],
                     lambda r: [r, r[:38][:6] + bytes(32)])[how]


@rule(*["unexpected-witness"] * 3)
def witness_unexpected(d, how):
    d.spend([d.coin()])
    if how == 1:
        d.commit, d.txs[-1].witness = "never", [[b""]]
    elif how == 2:
        d.before.append(lambda: d.set_coinbase_witness([NULL]))
        d.commit = "never"
    elif how == 3:
        d.commit, d.commitments = "always", lambda right: [right[:37]]


# Sizes.

def fill(d, size):
    """A coinbase's output that makes the block that large without its witnesses."""
    def change():
        d.coinbase.outs.append([0, b"\x6a"])
        room = size - stripped_size([d.coinbase] + d.txs)
        d.coinbase.outs[-1][1] = b"\x6a" + bytes(room - (4 if room > 65538 else 2 if room > 254 else 0))
    d.before.append(change)


@rule("bad-blk-length", heavy=True)
def length(d, how):
    d.commit = "never"
    fill(d, 1_000_000 + how)


@rule("bad-blk-weight", "bad-blk-weight", heavy=True)
def block_weight(d, how):
    """A witness of a program of the future, as long as it takes; or the coinbase's own bytes."""
    tx = d.spend([d.coin(lambda c: c.lock is FUTURE)])
    fill(d, d.rng.randrange(100_000, 990_000) if how < 2 else 999_900)

    def change():
        tx.witness = [[b""]]
        d.set_coinbase_witness([NULL])
        for _ in range(3):
            d.coinbase.outs.append([0, COMMITMENT + NULL])
            short = 4_000_000 + (how > 0) - weight([d.coinbase] + d.txs)
            d.coinbase.outs.pop()
            tx.witness = [[bytes(max(0, len(tx.witness[0][0]) + short))]]
    d.before.append(change)
    d.commit = "always"


def unexecuted_sigops(count):
    """A script that is true and has that many of them."""
    return script("0 IF", *["CHECKSIG"] * count, "ENDIF 1")


@rule("bad-blk-sigops", "bad-blk-sigops", "bad-blk-sigops", "bad-blk-sigops")
def sigops(d, how):
    """In outputs; with a P2SH or a P2WSH input at the limit; in an input's own script."""
    kind = how or d.rng.randrange(1, 5)
    count, cost = 20000 + (how > 0), 0
    if kind in (2, 3):
        lock = Lock(("p2sh", "p2wsh")[kind - 2], unexecuted_sigops(100), lambda sign: [])
        made = d.outputs(d.spend([d.coin()], [d.chain.name(lock)]))
        d.spend(made)
        cost = 100 if kind == 2 else 25
    elif kind == 4:
        lock = Lock("bare", script("1 " * 3 + "2DROP 2DROP 1"), lambda sign: [b"\xac" * 7])
        made = d.outputs(d.spend([d.coin()], [d.chain.name(lock)]))
        d.spend(made)
        d.txs[-1].ins[0][2] = script("0 IF CHECKMULTISIG ENDIF 1")
        cost = 20
    d.before.append(lambda: d.coinbase.outs.append([0, b"\xac" * (count - cost)]))


# Scripts.

SCRIPT = "block-script-verify-flag-failed (...)"


def in_block(d, lock, **how):
    """An output of this block with that lock, and what spends it."""
    made = d.outputs(d.spend([d.coin()], [d.chain.name(lock)]))
    return d.spend(made, **how)


@rule()
def good_scripts(d, how):
    """Coins of the chain with locks of all kinds."""
    for _ in range(d.rng.randrange(1, 4)):
        coins = [d.coin(lambda c: True) for _ in range(d.rng.randrange(1, 4))]
        annex = b"\x50" + d.rng.randbytes(d.rng.randrange(9)) if d.rng.random() < 0.2 else None
        d.spend(coins, annex=annex)


@rule()
def failing_script(d, how):
    """Each of the catalogue's failures, some of which are none under some wrapper."""
    wrapper = d.rng.choice(WRAPPERS)
    code, args = d.rng.choice(list(failures(wrapper)))
    in_block(d, Lock(wrapper, code, args), sequence=d.rng.choice((FINAL, 0, 1, DISABLE)), version=d.rng.choice((1, 2)),
             locktime=d.rng.choice((0, 0, d.height - 1, d.mtp - 1)))


@rule()
def random_code(d, how):
    wrapper = d.rng.choice(WRAPPERS)
    lock = Lock(wrapper, random_script(d.rng), lambda sign: random_items(d.rng, sign))
    if wrapper == "p2tr" and d.rng.random() < 0.1:
        lock.make_taproot(d.rng.choice((0xC2, 0x50, 0xFE, 0)))
    in_block(d, lock)


def damage_stack(rng, items):
    """One change to a witness."""
    kind = rng.randrange(7)
    at = rng.randrange(len(items)) if items else 0
    if kind == 0 or not items:
        return items + [rng.choice((b"", b"\1", rng.randbytes(33), bytes(521), b"\x50"))]
    if kind == 1:
        return items[:at] + items[at + 1:]
    if kind == 2:
        return []
    if kind == 3:
        return items[:at] + [b""] + items[at + 1:]
    if kind == 4:
        return items[:at] + [items[at] + rng.randbytes(rng.choice((1, 32)))] + items[at + 1:]
    if kind == 5:
        return items[:at] + [items[at][:-1]] + items[at + 1:]
    item = bytearray(items[at] or b"\0")
    item[rng.randrange(len(item))] ^= 1 << rng.randrange(8)
    return items[:at] + [bytes(item)] + items[at + 1:]


@rule()
def programs(d, how):
    """Witness programs of all versions and lengths, bare or in P2SH, with any witness."""
    rng = d.rng
    size = rng.choice((1, 2, 3, 19, 20, 21, 31, 32, 33, 40, 41))
    code = bytes([rng.choice((0, 0x4F, 0x50, 0x51, 0x52, 0x60))]) + push(rng.choice((rng.randbytes(size), bytes(size))))
    code = rng.choice((code, code, code, b"\x51\x02\x4e\x73", code + b"\x61"))
    tx = in_block(d, Lock(rng.choice(("bare", "p2sh")), code, lambda sign: []))
    tx.witness[0] = rng.choice(([], [b""], [b"\1"], [code], [rng.randbytes(64)], [b"\1", b"\xc0" + bytes(32)],
                                [b"\x50"], [b"\1", b"\x50"], [b"\x51", b"\xc0" + x_only(11) + bytes(rng.choice((0, 31, 32)))]))
    tx.ins[0][2] = rng.choice((tx.ins[0][2], tx.ins[0][2], b"", b"\x51" + tx.ins[0][2]))


@rule()
def damaged_spend(d, how):
    """A right spend of any kind, changed after it was signed."""
    rng = d.rng
    damage(d, d.spend([d.coin(lambda c: c.lock is not TRUE) for _ in range(rng.randrange(1, 3))]), rng.randrange(8))


def damage(d, tx, kind):
    rng, i = d.rng, d.rng.randrange(len(tx.ins))
    if kind < 4:
        tx.witness[i] = damage_stack(rng, tx.witness[i])
    elif kind == 4:
        tx.ins[i][2] = rng.choice((b"", b"\x00", b"\x51", tx.ins[i][2] + b"\x00", b"\x00" + tx.ins[i][2], b"\xac", b"\x4c"))
    elif kind == 5 and tx.ins[i][2]:
        raw = bytearray(tx.ins[i][2])
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        tx.ins[i][2] = bytes(raw)
    elif kind == 6:
        tx.ins[i][3] = rng.choice((FINAL - 1, DISABLE))
    elif tx.outs[0][0]:
        tx.outs[0][0] -= 1
        d.fees += 1


@rule()
def signature_kinds(d, how):
    """Every kind of signature hash, those that are not defined too."""
    wrapper, rng = d.rng.choice(WRAPPERS), d.rng
    kinds = (0, 1, 2, 3, 0x81, 0x82, 0x83, 4, 0x80, 0xFF, 0x41)
    locks = []
    for _ in range(rng.randrange(1, 4)):
        kind = rng.choice(kinds)
        name, code, _ = next(iter(catalogue(wrapper)))
        lock = Lock(wrapper, code, lambda sign, kind=kind: [sign(11, kind)], name)
        locks.append(lock)
    funding = d.spend([d.coin()], [lock.script for lock in locks])
    made = d.outputs(funding)
    for coin, lock in zip(made, locks):
        coin.lock = lock
    d.spend(made, [TRUE.script] * rng.randrange(1, 3))


def many_scripts(d, damages):
    """Inputs of all kinds, enough for several threads, some of them damaged: Core may name any of those."""
    coins = []
    for _ in range(3):
        locks = d.rng.choices([coin.lock for coin in d.chain.coins.values() if coin.lock], k=30)
        made = d.outputs(d.spend([d.coin()], [lock.script for lock in locks]))
        for coin, lock in zip(made, locks):
            coin.lock = lock
        coins += made
    d.rng.shuffle(coins)
    for at in range(0, len(coins), 18):
        d.spend(coins[at:at + 18])
    for _ in range(damages):
        damage(d, d.rng.choice(d.txs[3:]), d.rng.randrange(6))


def count_sigops(d, padding):
    """Scripts that do not run but count, in every place where they may; and that many more in the coinbase."""
    skip = set("""IF NOTIF ELSE ENDIF VERIF VERNOTIF CAT SUBSTR LEFT RIGHT INVERT AND OR XOR 2MUL 2DIV MUL DIV MOD LSHIFT
        RSHIFT""".split())

    def code():
        return script("0 IF") + random_script(d.rng, skip) + script("ENDIF 1")

    soup = [random_script(d.rng) + d.rng.choice((b"", b"\x4d\xff\xff\xac\xac", b"\xac\x05\xac"))[:8] for _ in range(4)]
    d.spend([d.coin()], [TRUE.script, *soup])
    locks = [Lock(wrapper, code(), lambda sign: []) for wrapper in WRAPPERS]
    made = d.outputs(d.spend([d.coin()], [d.chain.name(lock) for lock in locks]))
    own = d.spend([d.coin(), *made])
    own.ins[0][2] = code()
    d.before.append(lambda: d.coinbase.outs.append([0, b"\xac" * padding]))


def repeat_coinbase(d):
    """An earlier block's, whose outputs are unspent or not: BIP30, as long as BIP34 does not come first."""
    old = d.rng.choice(d.chain.coinbases)
    d.after.append(lambda txs: [old] + txs[1:])


def forked_scripts():
    """What fails from BIP66, BIP65, BIP112 and BIP147 on, and what P2SH, segwit and taproot forbid from the beginning."""
    codes = [(script(compressed(11), "CHECKSIG"), lambda sign: [padded(sign, 11)]),
             (script(1, compressed(11), 1, "CHECKMULTISIG"), lambda sign: [b"\1", sign(11)]),
             (script("16 CLTV"), lambda sign: []), (script("1 CSV"), lambda sign: []),
             (script("RETURN"), lambda sign: [])]
    for wrapper in ("bare", "p2sh", "p2wsh", "p2tr"):
        for code, args in codes:
            yield lambda d, lock=Lock(wrapper, code, args): in_block(d, lock)
    yield lambda d: setattr(in_block(d, Lock("p2wsh", script("1"), lambda sign: [])), "witness", [[]])
    yield lambda d: setattr(in_block(d, Lock("p2tr", script("1"), lambda sign: [])), "witness", [[]])


def fixed_failures(locks):
    """Every script of the catalogue's failures under every wrapper; every damage to every lock."""
    for lock in locks:
        for kind in (*range(8), 0, 0, 1, 2, 3):
            yield lambda d, lock=lock, kind=kind: damage(d, in_block(d, lock), kind)
    for wrapper in WRAPPERS:
        for code, args in failures(wrapper):
            yield lambda d, wrapper=wrapper, code=code, args=args: in_block(d, Lock(wrapper, code, args))


def spoil_bytes(rng, raw):
    """Some bytes of a block changed, put in or taken out; no longer at its end."""
    out = bytearray(raw)
    for _ in range(rng.randrange(1, 3)):
        at, kind = rng.randrange(len(out)), rng.randrange(6)
        if kind < 3:
            out[at] = rng.choice((0, 1, 0xFD, 0xFE, 0xFF, rng.randrange(256)))
        elif kind == 3:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 4:
            del out[at:at + rng.choice((1, 2, 32))]
        else:
            out[at:at] = rng.choice((b"\0", compact_size(253), struct.pack("<I", 2**31)))
    return bytes(out)
