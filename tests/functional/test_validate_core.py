#!/usr/bin/env python3
"""Blocks as Bitcoin Core judges them and as libexs does, where BITCOIND names Core's binary: the same answer, and the
same reason, for every one.

Core is asked through getblocktemplate's proposals (TestBlockValidity without the proof of work), and for mined blocks
through submitblock; it runs twice, with -par=2 and with -par=1. With threads for scripts Core names a failed script
only where all other rules hold, and of several any: libexs promises that order (consensus/block_rules.h), and the first
script. With one thread Core runs a transaction's scripts before it looks at the next transaction, or at what the
coinbase pays: there it may name a script where libexs names one of these. Nothing else may differ.

What differs for another reason is left out: which block is the tip is not asked of libexs ("inconclusive-not-best-
prevblk"); Core's RPC ignores bytes after a block's end, which libexs calls malformed; BIP30 takes all coins, so that
libexs says instead that it is unchecked. No regtest block can be bad-txns-oversize (bad-blk-length comes first), nor
bad-txns-inputvalues-outofrange, -fee-outofrange or -accumulated-fee-outofrange (there is not so much money).

EXS_SEED=n repeats a run; EXS_LONG=1 asks for some thirty thousand blocks.
"""

import os
import random
import sys
import time

import block_faults
from blocks import Chain, Draft, mine, with_nonce
from chain import Reader, Tx, hash256
from harness import CoreNode, Miner, RpcError, Skip, check, main
from libexs import UNCHECKED_BIP30, Judge, Library
from scripts import FUTURE, TRUE, WRAPPERS, KeyLock, Lock, catalogue, script

LONG = bool(os.environ.get("EXS_LONG"))
GENESIS = bytes.fromhex("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")[::-1]
GENESIS_TIME = 1296688602
CONNECT = {"bad-txns-inputs-missingorspent", "bad-txns-premature-spend-of-coinbase", "bad-txns-in-belowout",
           "bad-txns-nonfinal", "bad-blk-sigops", "bad-cb-amount"}
SCRIPT = "block-script-verify-flag-failed"
POLICY = "mempool-script-verify-flag-failed"
STANDARD = (1 << 21) - 1 - (1 << 5)  # all flags but SIGPUSHONLY


def is_script(reason):
    return bool(reason) and reason.startswith(SCRIPT)


class Network:
    """Core twice with the same chain, those who judge beside it, and what was said so far."""

    def __init__(self, folder, judges, options=()):
        self.nodes = [CoreNode(os.path.join(folder, f"par{n}"), f"-par={n}", "-acceptnonstdtxn=1", *options)
                      for n in (2, 1)]
        self.chain, self.judges = Chain(GENESIS, GENESIS_TIME), judges
        self.answers, self.compared = {}, 0
        self.set_now(GENESIS_TIME + 600)

    def set_now(self, now):
        self.chain.now = now
        for node in self.nodes:
            node.rpc.setmocktime(now)

    def core(self, node, raw):
        try:
            return node.rpc.getblocktemplate({"mode": "proposal", "data": raw.hex(), "rules": ["segwit"]})
        except RpcError as e:
            check(e.code == -22, f"Core: {e}")
            return "malformed"

    def ours(self, raw, txs, proof_of_work=False):
        coins, place = self.chain.spents(txs), self.chain.place()
        answers = [judge.verify(raw, place, coins, proof_of_work) for judge in self.judges]
        for answer, judge in zip(answers, self.judges):
            check(vars(answer) == vars(answers[0]), f"{judge.name}: {vars(answer)}, but {vars(answers[0])}:\n{raw.hex()}")
        return answers[0]

    def propose(self, what, raw, txs):
        """Ours, which must be Core's."""
        threads, alone = (self.core(node, raw) for node in self.nodes)
        ours = self.ours(raw, txs)
        reason = ours.reason
        said = f"{what}: we say {reason}, Core {threads}, on one thread {alone}:\n{raw.hex()}"
        if threads == "bad-txns-BIP30":
            check(alone == threads and (reason in CONNECT or is_script(reason) or ours.unchecked & UNCHECKED_BIP30), said)
        elif is_script(threads) and threads != reason:
            check(alone == reason and is_script(reason), said)  # of several scripts any
        else:
            check(threads == reason, said)
            check(alone == reason or (is_script(alone) and reason in CONNECT), said)
        if reason is None:
            fees = sum(c.value for c in self.chain.spents(txs)) - sum(v for tx in txs[1:] for v, _ in tx.outs)
            check(ours.fees == fees, f"{what}: fees of {ours.fees}, not {fees}")
        self.count(threads)
        return threads

    def count(self, answer):
        self.compared += 1
        self.answers[answer] = self.answers.get(answer, 0) + 1

    def extend(self, draft, later=600):
        """The draft, mined, becomes the tip."""
        raw, txs = draft.finish()
        raw = mine(raw)
        ours = self.ours(raw, txs, True)
        check(ours.reason is None, f"height {draft.height}: {ours.reason}")
        for node in self.nodes:
            check(node.rpc.submitblock(raw.hex()) is None, f"Core refused height {draft.height}")
        self.chain.connect(raw[:80], txs)
        self.set_now(self.chain.times[-1] + later)

    def draft(self, rng):
        return Draft(self.chain, rng)

    def stop(self):
        for node in self.nodes:
            node.stop()
        for judge in self.judges:
            if isinstance(judge, Judge):
                check(judge.stop() == 0, "block_judge failed at its end")


def locks():
    for wrapper in WRAPPERS:
        for name, code, args in catalogue(wrapper):
            yield Lock(wrapper, code, args, name)
    for wrapper in ("p2wpkh", "p2sh-p2wpkh", "p2tr-key"):
        yield KeyLock(wrapper, 11)
    yield FUTURE


def build(network, rng, until, checked=()):
    """A chain of that height, with coins of every kind and every age, and times that go back and forth."""
    kinds = list(locks())
    for lock in kinds + [TRUE]:
        network.chain.name(lock)
    while network.chain.height < until:
        draft = network.draft(rng)
        # BIP68 counts in steps of 512 seconds: many median times are such steps apart, or a second more or less.
        draft.time = network.chain.now - rng.randrange(1800) & ~511 | rng.choice((0, 0, 1))
        draft.time = draft.time if draft.time > draft.mtp else (draft.mtp | 511) + 1
        if draft.height in checked:
            edges(network, rng, "coinbase_height", "coinbase_length")
        draft.before.append(lambda d=draft: split(d))
        if draft.height > 100:
            coin = draft.coin(lambda c: c.lock is TRUE and c.coinbase)
            draft.spend([coin], [lock.script for lock in rng.sample(kinds, 8)] + [TRUE.script] * 4)
        network.extend(draft, later=rng.randrange(300, 1500))


def split(draft):
    """The coinbase's money in several outputs."""
    value = draft.coinbase.outs[0][0]
    draft.coinbase.outs[:] = [[value // 8, TRUE.script]] * 8


def edges(network, rng, *names, forks=False):
    """Both sides of every rule: Core's own answer is known in advance, so that nothing is compared in vain, but while
    soft forks have not begun.
    """
    for rule in block_faults.RULES:
        if (names and rule.name not in names) or (forks and rule.heavy):
            continue
        for how, reason in enumerate((None, *rule.reasons)):
            if not rule.reasons or (rule.name == "coinbase_length" and how == 1 and network.chain.height < 16):
                continue
            draft = network.draft(rng)
            rule.run(draft, how)
            said = network.propose(f"{rule.name} {how}", *draft.finish())
            check(forks or said == reason, f"{rule.name} {how} at {draft.height}: {said} instead of {reason}")


def failures(network, rng):
    for fail in block_faults.fixed_failures(locks()):
        draft = network.draft(rng)
        fail(draft)
        network.propose("a failing script", *draft.finish())


def random_draft(network, rng, rules):
    """Any of the rules, wrong or right, most often two: which of them is named tells the order of checks."""
    draft = network.draft(rng)
    names = []
    for rule in rng.sample(rules, rng.choice((1, 2, 2, 2, 3))):
        how = rng.randrange(1, len(rule.reasons) + 1) if rule.reasons and rng.random() < 0.8 else 0
        rule.run(draft, how)
        names.append(f"{rule.name} {how}")
    return " and ".join(names), draft


def combinations(network, rng, n):
    light = [rule for rule in block_faults.RULES if not rule.heavy]
    for i in range(n):
        what, draft = random_draft(network, rng, block_faults.RULES if i % 100 == 0 else light)
        network.propose(what, *draft.finish())


def bytes_of_blocks(network, rng, n):
    """Blocks with bytes spoiled, most with the root made right again where they still are blocks."""
    light = [rule for rule in block_faults.RULES if not rule.heavy]
    for _ in range(n):
        _, draft = random_draft(network, rng, light)
        raw, _ = draft.finish()
        raw = block_faults.spoil_bytes(rng, raw)
        core, reader = network.core(network.nodes[0], raw), Reader(raw)
        try:
            reader.take(80)
            txs = [Tx.read(reader) for _ in range(reader.size())]
            end = reader.at
        except (ValueError, MemoryError, OverflowError):
            txs, end = [], len(raw)
        if core in ("malformed", "inconclusive-not-best-prevblk"):
            check(core != "malformed" or network.ours(raw, txs).reason == "malformed", f"only Core: {core}:\n{raw.hex()}")
            network.count(core)
            continue
        network.propose("spoiled bytes", raw[:end], txs)


def submitted(network, rng, n):
    """Mined, and handed in: what is valid is the new tip."""
    light = [rule for rule in block_faults.RULES if not rule.heavy]
    for _ in range(n):
        what, draft = random_draft(network, rng, light)
        raw, txs = draft.finish()
        raw = mine(raw) if rng.random() < 0.8 else raw
        ours = network.ours(with_nonce(raw, txs), txs, True)
        said = network.nodes[1].rpc.submitblock(raw.hex())
        check(said == ours.reason or (is_script(said) and ours.reason in CONNECT),
              f"{what}: we say {ours.reason}, submitblock {said}:\n{raw.hex()}")
        network.count(said)
        if said is None:
            check(network.nodes[0].rpc.submitblock(raw.hex()) is None, "with threads it is not valid")
            network.chain.connect(raw[:80], txs)
            network.set_now(max(network.chain.now, network.chain.times[-1]) + 600)


def sigop_edges(network, rng, n):
    """What we count, with as many more as the limit has room for, and one more: any miscount would show."""
    found = 0
    for _ in range(n):
        seed = rng.randrange(1 << 32)

        def ask(padding):
            draft = network.draft(random.Random(seed))
            block_faults.count_sigops(draft, padding)
            raw, txs = draft.finish()
            return network.ours(raw, txs), network.propose(f"sigops and {padding}", raw, txs)

        ours, core = ask(0)
        if core is None:
            room = (80000 - ours.sigop_cost) // 4
            check(ask(room)[1] is None and ask(room + 1)[1] == "bad-blk-sigops", "the limit is elsewhere")
            found += 1
    check(found > n // 2, f"the limit was met only {found} times")


def threads(network, rng, n):
    """The order that threads make, and many scripts at once."""
    draft = network.draft(rng)
    block_faults.in_block(draft, Lock("bare", script("0"), lambda sign: []))
    draft.extra = 1
    raw, txs = draft.finish()
    check(network.propose("a bad script and too much money", raw, txs) == "bad-cb-amount", "the order of threads")
    check(is_script(network.core(network.nodes[1], raw)), "the order of one thread")
    for i in range(n):
        draft = network.draft(rng)
        block_faults.many_scripts(draft, i % 3)
        said = network.propose(f"many scripts, {i % 3} damaged", *draft.finish())
        check(i % 3 or said is None, f"many scripts: {said}")


def report(network, what, began):
    scripts = sum(is_script(answer) for answer in network.answers)
    print(f"{what}: {network.compared} blocks, {len(network.answers)} answers, {scripts} of them script errors: "
          f"{time.monotonic() - began:.1f} s", flush=True)
    for answer, times in sorted(network.answers.items(), key=lambda row: str(row[0])):
        print(f"    {times:6} {answer or 'valid'}")


def today(folder, rng, judges):
    began = time.monotonic()
    network = Network(os.path.join(folder, "today"), judges, ["-minrelaytxfee=0"])
    build(network, rng, 148, (1, 2, 16, 17, 127, 128))
    edges(network, rng)
    failures(network, rng)
    sigop_edges(network, rng, 400 if LONG else 25)
    threads(network, rng, 200 if LONG else 12)
    combinations(network, rng, 10000 if LONG else 600)
    network.extend(network.draft(rng))  # the next one may create half as much
    edges(network, rng, "coinbase_amount", "maturity")
    combinations(network, rng, 2000 if LONG else 100)
    bytes_of_blocks(network, rng, 2000 if LONG else 150)
    if isinstance(judges[-1], Library):
        policy(network, judges[-1], rng)
    submitted(network, rng, 500 if LONG else 60)
    report(network, "the rules of today", began)
    wanted = {reason for rule in block_faults.RULES for reason in rule.reasons} | {"high-hash", "malformed", None}
    check(wanted <= set(network.answers), f"never met: {wanted - set(network.answers)}")
    check(sum(is_script(answer) for answer in network.answers) >= 30, "too few kinds of script errors")
    network.stop()


def activations(folder, rng, program):
    """Soft forks that begin one by one, in any order; then BIP94's limit, at the first block of a period."""
    began = time.monotonic()
    heights = dict(zip(("bip34", "dersig", "cltv", "csv", "segwit"), rng.sample(range(110, 119), 5)))
    print("soft forks begin at " + ", ".join(f"{name} {height}" for name, height in heights.items()))
    options = [f"-testactivationheight={name}@{height}" for name, height in heights.items()]
    network = Network(folder, [Judge(program, heights, True)], [*options, "-test=bip94"])
    light = [rule for rule in block_faults.RULES if not rule.heavy]
    build(network, rng, 108)
    while network.chain.height < 119:
        edges(network, rng, forks=True)
        some = list(block_faults.fixed_failures(locks()))
        for fail in [*block_faults.forked_scripts(), *rng.sample(some, 100 if LONG else 10)]:
            draft = network.draft(rng)
            fail(draft)
            network.propose("a failing script", *draft.finish())
        for _ in range(100 if LONG else 25):
            what, draft = random_draft(network, rng, light)
            draft.version = rng.choice((draft.version, 0, 1, 2, 3, 4))
            if rng.random() < 0.2:
                block_faults.repeat_coinbase(draft)
            network.propose(what, *draft.finish())
        build(network, rng, network.chain.height + 1)
    build(network, rng, 142)
    timewarp(network, rng)
    report(network, "rules as they came", began)
    check("bad-txns-BIP30" in network.answers, "BIP30 was never met")
    network.stop()


def timewarp(network, rng):
    late = network.draft(rng)
    late.time = network.chain.now + 7200
    network.extend(late)
    for before, reason in ((600, None), (601, "time-timewarp-attack"), (599, None)):
        draft = network.draft(rng)
        draft.time = network.chain.times[-1] - before
        said = network.propose(f"{before} s before its parent", *draft.finish())
        check(said == reason, f"{before} s before its parent: {said}")


def policy(network, library, rng):
    """The mempool's flags: transactions that no block has to refuse."""
    compared = 0
    for spend in block_faults.fixed_failures(locks()):
        draft = network.draft(rng)
        spend(draft)
        parent, child = draft.txs
        answer = network.nodes[1].rpc.testmempoolaccept([parent.raw().hex(), child.raw().hex()])[1]
        core = answer.get("reject-reason", "")
        if "allowed" in answer and (answer["allowed"] or core.startswith(POLICY)):
            coins = network.chain.spents([draft.coinbase, parent, child])[1:]
            ours = library.verify_script(child.raw(), 0, coins, STANDARD)
            check(ours == (None if answer["allowed"] else core[len(POLICY) + 2:-1]),
                  f"policy: we say {ours}, Core {core}:\n{child.raw().hex()}")
            network.count(core or "allowed")
            compared += 1
    check(compared > 100, f"only {compared} transactions could be compared")


def judges_of_today(program):
    judges = [Judge(program)]
    if not os.environ.get("EXS_SANITIZE"):  # Python can't load such a library
        judges += [Library(Miner.path, 1, 1), Library(Miner.path, 2, 0)]
    return judges


def test(folder):
    if not os.environ.get("BITCOIND"):
        raise Skip("BITCOIND not set")
    seed = int(os.environ.get("EXS_SEED") or random.randrange(1 << 32))
    print(f"EXS_SEED={seed}", flush=True)
    program = os.environ.get("EXS_BLOCK_JUDGE")
    check(program, "EXS_BLOCK_JUDGE is not set")
    today(folder, random.Random(seed), judges_of_today(program))
    for i in range(4 if LONG else 1):
        activations(os.path.join(folder, f"forks{i}"), random.Random(seed + i), program)


if __name__ == "__main__":
    main(test)
