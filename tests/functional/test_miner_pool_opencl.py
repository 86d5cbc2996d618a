#!/usr/bin/env python3
"""OpenCL devices at a pool that hashes each share itself: the first one alone, then beside the processor."""

import os
import re
import time

from fake_pool import FakePool
from harness import PATIENCE, Miner, Skip, check, main

SHARES = 20
# PoCL on one processor finds these in a few seconds.
DIFFICULTY = 0.0005 if PATIENCE == 1 else 0.00005
# A driver's compiler takes its time on a busy machine.
SECONDS = 240


def mine(device, *more):
    pool, began = FakePool(difficulty=DIFFICULTY), time.monotonic()
    code, said = Miner.run("-o", pool.url(), "-u", "worker", "-p", "x", "--device", device, "--shares", SHARES, "-D",
                           *more, seconds=SECONDS)
    check(code == 0, f"exit code {code}:\n{said[-3000:]}")
    pool.check_manners()
    pool.stop()
    accepted = pool.accepted()
    check(len(accepted) >= SHARES, pool.summary())
    rolled = len([s for s in accepted if s.rolled])
    print(f"device {device} {' '.join(more)}: {len(accepted)} shares of difficulty {DIFFICULTY}, {rolled} of them with "
          f"rolled version bits, in {time.monotonic() - began:.1f} s", flush=True)
    return rolled


def test(_):
    # What drivers compile is kept for the next time.
    cache = os.path.join(os.getcwd(), "opencl-cache")
    os.environ.update(XDG_CACHE_HOME=cache, POCL_CACHE_DIR=os.path.join(cache, "pocl"))
    os.makedirs(os.path.join(cache, "pocl"), mode=0o700, exist_ok=True)
    # PoCL's threads set a stack for signals themselves, and what it leaves at the end is its own.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":use_sigaltstack=0:detect_leaks=0"
    code, said = Miner.run("--device", "help", seconds=SECONDS)
    device = re.search(r"^ +(\d+) +\S.*$", said, re.M)
    if not device:
        raise Skip(f"no OpenCL device: {said.strip()[-200:]}")
    check(code == 0, f"exit code {code}: {said}")
    print(device[0].strip())
    check(mine(device[1], "--no-cpu"), "it rolled no version")
    check(mine(device[1], "--no-cpu", "--version-rolling=off") == 0, "it rolled versions unasked")
    mine(device[1], "-t", "1")


if __name__ == "__main__":
    main(test)
