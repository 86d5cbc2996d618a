#!/usr/bin/env python3
"""Every search kernel that runs here, at a pool that hashes each share itself."""

import os
import re
import time

from fake_pool import BIP320_MASK, FakePool
from harness import PATIENCE, Miner, check, main

SHARES = 20
# 4.3 million hashes a share. Sanitizers take the generic kernel's speed, and shares of a twentieth will do.
DIFFICULTY = 0.001 if PATIENCE == 1 or os.environ.get("EXS_LONG") else 0.00005
# How many seconds the slowest kernel may take, with others on the machine.
SECONDS = 600


def mine(kernel, shares, difficulty, *more):
    """The pool's accepted shares, all of them right."""
    pool, began = FakePool(difficulty=difficulty), time.monotonic()
    code, said = Miner.run("-o", pool.url(), "-u", "worker", "-p", "x", "-t", "2", "--kernel", kernel,
                           "--shares", shares, *more, seconds=SECONDS)
    check(code == 0, f"{kernel}: exit code {code}:\n{said[-3000:]}")
    pool.check_manners()
    pool.stop()
    accepted = pool.accepted()
    check(len(accepted) >= shares, f"{kernel}: {pool.summary()}")
    check(all(s.work.difficulty == difficulty for s in accepted), "the difficulty")
    rolled = len([s for s in accepted if s.rolled])
    print(f"{kernel}{' ' if more else ''}{' '.join(more)}: {len(accepted)} shares of difficulty {difficulty}, {rolled} "
          f"of them with rolled version bits, in {time.monotonic() - began:.1f} s", flush=True)
    return accepted, rolled


def test(_):
    code, said = Miner.run("--kernel", "help")
    rows = re.findall(r"^  (\S+) +(.*)$", said, re.M)
    check(code == 0 and rows and rows[-1][0] == "generic", f"no kernels in: {said}")
    for kernel, about in rows:
        if "not on this processor" in about:
            print(f"{kernel}: skipped: this processor lacks it")
            continue
        accepted, rolled = mine(kernel, SHARES, DIFFICULTY)
        check(rolled, f"{kernel} rolled no version")
        check(any(s.rolled & ~s.work.mask == 0 and s.work.mask == BIP320_MASK for s in accepted), "the mask")
        if kernel != "generic":  # too slow for more
            mine(kernel, 5, DIFFICULTY / 10, "--version-rolling=off")


if __name__ == "__main__":
    main(test)
