#!/usr/bin/env python3
"""exs-miner against bcoin 1.0.2, a full node that shares no code with Bitcoin Core: from its genesis
block past segwit's activation by BIP9, then with every kernel.
"""

from acceptance import Acceptance
from harness import BcoinNode, main


def test(folder):
    # BIP9 on regtest: defined for 144 blocks, started for 144, locked in for 144.
    Acceptance(BcoinNode(folder), ["p2pkh", "p2wpkh"]).run(segwit_from=432, start=450)


if __name__ == "__main__":
    main(test)
