"""A regtest chain as its reader knows it, and blocks for its tip: right ones, to be spoiled."""

import struct

from chain import Tx, compact_size, hash256, merkle_root
from libexs import MISSING
from scripts import TRUE, push, script

BITS = 0x207FFFFF
COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed"  # OP_RETURN, the push's size, and BIP141's mark
FINAL = 0xFFFFFFFF
NULL = bytes(32)


class Coin:
    """An output; mtp is the median time past before its block."""

    def __init__(self, txid, index, value, text, lock, height, coinbase, mtp):
        self.txid, self.index, self.value, self.script, self.lock = txid, index, value, text, lock
        self.height, self.coinbase, self.mtp = height, coinbase, mtp

    def outpoint(self):
        return self.txid, self.index


NOTHING = Coin(NULL, 0, MISSING, b"", None, 0, False, 0)


def is_unspendable(text):
    return text[:1] == b"\x6a" or len(text) > 10000


class Chain:
    """Blocks that were mined, their times and what they left unspent."""

    def __init__(self, genesis_hash, genesis_time):
        self.times, self.tip, self.now = [genesis_time], genesis_hash, 0
        self.coins, self.gone, self.locks, self.coinbases = {}, [], {}, []

    @property
    def height(self):
        return len(self.times) - 1

    def mtp(self, height):
        """Of the block at height and the ten before it."""
        times = sorted(self.times[max(0, height - 10):height + 1])
        return times[len(times) // 2]

    def place(self):
        return self.height + 1, self.mtp(self.height), BITS, self.times[-1], self.now

    def name(self, lock):
        """Remembers how to spend outputs with this script."""
        self.locks[lock.script] = lock
        return lock.script

    def made_by(self, tx, height, coinbase):
        txid, mtp = tx.txid(), self.mtp(max(height - 1, 0))
        return [Coin(txid, i, value, text, self.locks.get(text), height, coinbase, mtp)
                for i, (value, text) in enumerate(tx.outs)]

    def connect(self, header, txs):
        """A block that was accepted."""
        self.times.append(struct.unpack("<I", header[68:72])[0])
        self.tip = hash256(header)
        self.coinbases.append(txs[0])
        for i, tx in enumerate(txs):
            for txid, index, _, _ in tx.ins[:len(tx.ins) if i else 0]:
                self.gone.append(self.coins.pop((txid, index)))
            for coin in self.made_by(tx, self.height, i == 0):
                if not is_unspendable(coin.script):
                    self.coins[coin.outpoint()] = coin

    def spents(self, txs):
        """What a block's inputs spend: coins of the chain or of the block itself."""
        own = {}
        for i, tx in enumerate(txs):
            for coin in self.made_by(tx, self.height + 1, i == 0) if any(tx.ins) else ():
                if not is_unspendable(coin.script):
                    own.setdefault(coin.outpoint(), coin)
        return [own.get((t, n)) or self.coins.get((t, n)) or NOTHING for tx in txs[1:] for t, n, _, _ in tx.ins]


class Draft:
    """The next block. Transactions are signed when they are added; the coinbase takes subsidy and fees when it is
    finished. commit: "auto" (where there are witnesses), "always" or "never"; after: called with the list of
    transactions at the end, and may change it.
    """

    def __init__(self, chain, rng):
        self.chain, self.rng = chain, rng
        self.height, self.mtp = chain.height + 1, chain.mtp(chain.height)
        self.version, self.bits, self.previous = 0x20000000, BITS, chain.tip
        self.time = max(self.mtp + 1, chain.times[-1] + 1)
        self.txs, self.fees, self.extra, self.taken = [], 0, 0, set()
        self.coinbase = Tx([[NULL, FINAL, script(self.height) + push(rng.randbytes(4)), FINAL]], [[0, TRUE.script]])
        self.subsidy = 50_0000_0000 >> (self.height // 150)
        self.commit, self.nonce, self.commitments = "auto", [NULL], None
        self.before, self.after, self.root_flip, self.weight = [], [], 0, None

    def coin(self, wanted=lambda coin: coin.lock is TRUE):
        """One of the chain's that is mature and not taken yet."""
        some = [c for c in self.chain.coins.values() if c.outpoint() not in self.taken and c.lock and wanted(c)
                and not (c.coinbase and self.height - c.height < 100)]
        coin = self.rng.choice(some)
        self.taken.add(coin.outpoint())
        return coin

    def spend(self, coins, outs=None, fee=None, sequence=FINAL, locktime=0, version=2, annex=None, add=True):
        """A signed transaction of these coins; outs: scripts, or [value, script]. It becomes part of the block."""
        total = sum(coin.value for coin in coins)
        fee = min(total, self.rng.randrange(1000) if fee is None else fee)
        outs = outs or [TRUE.script]
        if isinstance(outs[0], bytes):
            outs = [[(total - fee) // len(outs), text] for text in outs]
        sequences = sequence if isinstance(sequence, list) else [sequence] * len(coins)
        tx = Tx([[c.txid, c.index, b"", q] for c, q in zip(coins, sequences)], [list(out) for out in outs], version,
                locktime)
        spent = [(c.value, c.script) for c in coins]
        for i, coin in enumerate(coins):
            coin.lock.unlock(tx, i, spent, annex if "p2tr" in coin.lock.wrapper else None)
        self.taken.update(c.outpoint() for c in coins)
        if add:
            self.txs.append(tx)
            self.fees += total - sum(value for value, _ in tx.outs)
        return tx

    def outputs(self, tx):
        """A transaction's outputs as coins of this block."""
        return self.chain.made_by(tx, self.height, False)

    def add_commitment(self):
        leaves = [NULL] + [tx.wtxid() for tx in self.txs]
        right = COMMITMENT + hash256(merkle_root(leaves) + (self.nonce[0] if self.nonce else NULL))
        for text in self.commitments(right) if self.commitments else [right]:
            self.coinbase.outs.append([0, text])
        self.set_coinbase_witness(self.nonce)

    def set_coinbase_witness(self, stack):
        self.coinbase.witness = [list(stack)] + [[] for _ in self.coinbase.ins[1:]]

    def finish(self):
        """Its bytes, and its transactions."""
        self.coinbase.outs[0][0] = max(0, self.subsidy + self.fees + self.extra)
        for change in self.before:
            change()
        if self.commit == "always" or (self.commit == "auto" and any(any(tx.witness) for tx in self.txs)):
            self.add_commitment()
        txs = [self.coinbase] + self.txs
        for change in self.after:
            txs = change(txs)
        root = bytearray(merkle_root([tx.txid() for tx in txs]) if txs else NULL)
        root[self.root_flip // 8 % 32] ^= self.root_flip and 1 << self.root_flip % 8
        self.header = struct.pack("<I", self.version % 2**32) + self.previous + root
        self.header += struct.pack("<III", self.time % 2**32, self.bits, self.rng.randrange(2**32))
        return serialize(self.header, txs), txs


def serialize(header, txs):
    return header + compact_size(len(txs)) + b"".join(tx.raw() for tx in txs)


def with_nonce(raw, txs):
    """As submitblock completes a block: a commitment without the coinbase's witness gets one of zeros."""
    if txs and not any(txs[0].witness) and any(is_commitment(text) for _, text in txs[0].outs):
        txs[0].witness[0] = [NULL]
        return serialize(raw[:80], txs)
    return raw


def is_commitment(text):
    return text.startswith(COMMITMENT) and len(text) >= 38


def mine(raw):
    """The block with a nonce that is good enough for regtest."""
    nonce = 0
    while hash256(raw[:76] + struct.pack("<I", nonce))[31] & 0x80:
        nonce += 1
    return raw[:76] + struct.pack("<I", nonce) + raw[80:]


def stripped_size(txs):
    return 80 + len(compact_size(len(txs))) + sum(len(tx.raw(False)) for tx in txs)


def weight(txs):
    return 3 * stripped_size(txs) + 80 + len(compact_size(len(txs))) + sum(len(tx.raw()) for tx in txs)
