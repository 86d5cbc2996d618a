#!/usr/bin/env python3
"""exs-miner against Bitcoin Core where BITCOIND names its binary: taproot payouts too."""

from acceptance import Acceptance
from harness import CoreNode, main


def test(folder):
    # Core's regtest has segwit from its first block.
    Acceptance(CoreNode(folder), ["p2pkh", "p2wpkh", "p2tr"]).run(segwit_from=0, start=150)


if __name__ == "__main__":
    main(test)
