"""What both real nodes ask of exs-miner: blocks with every kernel, with and without transactions and
witnesses, each in that node's best chain and right in every field that the miner fills in.
"""

import re
import time

from chain import Block, Key, Tx, base58check, hash256, merkle_root, script_number, segwit_address
from harness import Miner, check

MATURITY = 100
HALVING = 150
FEE = 10_000
TAG = "/exs-miner/"


class Payout:
    """An address to mine to, and how its coinbases are spent."""

    def __init__(self, kind, key):
        self.key, self.kind = key, kind
        self.script = {"p2pkh": key.p2pkh, "p2wpkh": key.p2wpkh, "p2tr": key.p2tr}[kind]()
        self.address = {"p2pkh": lambda: base58check(0x6F, key.pkh),
                        "p2wpkh": lambda: segwit_address("bcrt", 0, key.pkh),
                        "p2tr": lambda: segwit_address("bcrt", 1, key.tap_x)}[kind]()
        self.coins = []  # (height, txid, value), the oldest first

    def sign(self, tx, value):
        if self.kind == "p2pkh":
            tx.sign_p2pkh(0, self.key)
        elif self.kind == "p2wpkh":
            tx.sign_p2wpkh(0, self.key, value)
        else:
            tx.sign_p2tr(0, self.key, value)


class Acceptance:
    def __init__(self, node, kinds):
        self.node, self.rpc = node, node.rpc
        self.payouts = [Payout(kind, Key(kind)) for kind in kinds]
        self.height = self.rpc.getblockcount()
        self.sent = {}  # txid -> has a witness
        self.with_witness = self.with_bare = 0

    def kernels(self):
        """(the kernels that run here, those that this CPU lacks), as exs-miner lists them."""
        code, text = Miner.run("--kernel", "help")
        check(code == 0, f"--kernel help exited with {code}: {text}")
        rows = re.findall(r"^  (\S+) +(.*)$", text, re.M)
        check(rows and rows[-1][0] == "generic", f"no kernels in: {text}")
        lacking = [name for name, about in rows if "not on this processor" in about]
        return [name for name, _ in rows if name not in lacking], lacking

    def mine(self, payout, blocks, *options):
        """Runs exs-miner once and checks all that it added to the chain."""
        code, text = Miner.run("-o", self.rpc.url, *self.node.login, "--coinbase-addr", payout.address,
                               "--coinbase-tag", TAG, "--blocks", blocks, "--time-limit", 300, *options,
                               seconds=310)
        check(code == 0, f"exs-miner exited with {code}:\n{text[-4000:]}")
        hashes = re.findall(r"accepted.*\b([0-9a-f]{64})\b", text)
        check(len(hashes) == blocks, f"{len(hashes)} blocks accepted of {blocks}:\n{text[-4000:]}")
        count = self.rpc.getblockcount()
        check(count == self.height + blocks, f"the node is at {count}, not {self.height} + {blocks}")
        for i, name in enumerate(hashes):
            self.check_block(self.height + 1 + i, name, payout)
        self.height = count

    def check_block(self, height, name, payout):
        check(self.rpc.getblockhash(height) == name, f"block {height} of the best chain is not {name}")
        block = Block(bytes.fromhex(self.rpc.getblock(name, 0)))
        coinbase = block.txs[0]
        script = coinbase.ins[0][2]
        check(block.hash == name, "another block was served")
        check(int(name, 16) <= block.target(), f"no proof of work at {height}")
        check(script.startswith(script_number(height)), f"BIP34 height wrong at {height}: {script.hex()}")
        check(2 <= len(script) <= 100, f"coinbase script of {len(script)} bytes at {height}")
        check(TAG.encode() in script, f"no tag in the coinbase at {height}")
        check(block.root == merkle_root([tx.txid() for tx in block.txs]), f"Merkle root wrong at {height}")
        value = (50 * 10**8 >> height // HALVING) + FEE * (len(block.txs) - 1)
        check(coinbase.outs[0] == [value, payout.script], f"paid {coinbase.outs[0]} at {height}, not {value}")
        self.check_witness(height, block)
        for tx in block.txs[1:]:
            check(tx.txid() in self.sent, f"a strange transaction at {height}")
            self.sent.pop(tx.txid())
            self.with_witness += any(tx.witness)
            self.with_bare += not any(tx.witness)
        payout.coins.append((height, coinbase.txid(), value))

    def check_witness(self, height, block):
        segwit = height >= self.segwit_from
        check(bool(block.txs[0].witness[0]) == segwit, f"coinbase witness at {height}")
        if not segwit:
            return
        commitments = block.commitments()
        check(len(commitments) == 1, f"{len(commitments)} commitments at {height}")
        check(commitments[0][6:38] == block.witness_commitment(), f"commitment wrong at {height}")
        check(block.txs[0].witness[0] == [bytes(32)], f"witness nonce at {height}")

    def spend(self, payout, count):
        """Sends count chained pairs: a mature coinbase to ourselves, and that output once more."""
        for _ in range(count):
            if not payout.coins or payout.coins[0][0] + MATURITY > self.height:
                return
            _, txid, value = payout.coins.pop(0)
            for _ in range(2):
                tx = Tx([[txid, 0, b"", 0xFFFFFFFE]], [[value - FEE, payout.script]])
                payout.sign(tx, value)
                check(self.rpc.sendrawtransaction(tx.raw().hex()) == tx.txid()[::-1].hex(), "another txid")
                self.sent[tx.txid()] = True
                txid, value = tx.txid(), value - FEE

    def run(self, segwit_from, start):
        self.segwit_from = segwit_from
        began = time.monotonic()
        kernels, lacking = self.kernels()
        for i in range(start // 30):
            self.mine(self.payouts[i % len(self.payouts)], 30)
        print(f"{self.height} blocks to begin with in {time.monotonic() - began:.0f} s")
        for name in lacking:
            print(f"kernel {name}: skipped: this processor lacks it")
        for name in kernels:
            began, before = time.monotonic(), self.height
            for i in range(6):
                payout = self.payouts[i % len(self.payouts)]
                self.spend(payout, i)
                self.mine(payout, 5, "--kernel", name)
            print(f"kernel {name}: {self.height - before} blocks in {time.monotonic() - began:.0f} s")
        self.mine(self.payouts[0], 3, "--version-rolling=off")
        check(not self.sent, f"{len(self.sent)} transactions were never mined")
        check(self.with_witness >= 20 and self.with_bare >= 20, "too few transactions to prove much")
        print(f"{self.height} blocks in the best chain; {self.with_bare} transactions without and "
              f"{self.with_witness} with witnesses; payouts {', '.join(p.kind for p in self.payouts)}")


__all__ = ["Acceptance", "hash256"]
