#!/usr/bin/env python3
"""The tests' own pool takes the shares that are right, and no others."""

from fake_pool import FakePool, TinyClient, target_of
from harness import check, main, wait_until


def test(_):
    pool = FakePool(difficulty=1e-8)
    tiny = TinyClient(pool)
    right = tiny.find(1e-8)
    check(tiny.submit(right) is None, "a right share was refused")
    check(tiny.submit(tiny.find(1e-8, bits=0x1FFFE000)) is None, "all bits rolled")
    check(tiny.submit(tiny.find(1e-8, time_shift=60)) is None, "a minute later")
    check(tiny.submit(right) == "Duplicate share", "a duplicate was taken")
    check(tiny.submit(tiny.find(1e-8, good=False)) == "Low difficulty share", "too low")
    for at, value, reason in [(0, "nobody", "Unauthorized"), (1, "ffff", "Job not found"), (2, "00", "extranonce2"),
                              (2, "0" * 10, "extranonce2"), (3, "00000001", "time"), (3, "7fffffff", "time"),
                              (4, "123", "nonce"), (4, "ABCDEF01", "nonce"), (5, "00000001", "mask"),
                              (5, "20000000", "mask")]:
        params = tiny.find(1e-8)
        params[at] = value
        said = tiny.submit(params)
        check(said and reason in said, f"{value} as parameter {at}: {said}")
    check(tiny.submit(tiny.find(1e-8)[:5]) == "no version bits", "no version bits")
    old = tiny.find(1e-8)
    pool.new_block()
    while tiny.read().get("method") != "client.get_version":
        pass
    wait_until("the old job's end", lambda: pool.clients[0].works[old[1]].void == "void")
    check(tiny.submit(old) == "Stale share", "stale")
    check(tiny.submit(tiny.find(1e-8)) is None, "a share of the new job was refused")
    tiny.close()
    plain = TinyClient(pool, mask=0)
    check(plain.submit(plain.find(1e-8)) == "version bits without an agreement on them", "bits")
    check(plain.submit(plain.find(1e-8)[:5]) is None, "a share without version bits was refused")
    # A target's edge, from Bitcoin's own definition of difficulty 1.
    check(target_of(1) == 0xFFFF << 208 and target_of(0.5) == 0xFFFF << 209, "targets")
    plain.close()
    pool.stop()


if __name__ == "__main__":
    main(test)
