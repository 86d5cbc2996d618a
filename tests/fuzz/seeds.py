#!/usr/bin/env python3
"""Makes first inputs for the fuzz targets of the public test vectors.

    seeds.py VECTORS OUT

writes OUT/fuzz_THING/HASH, a file an input. What is already there stays.
"""
import hashlib
import json
import pathlib
import sys

LARGEST = 40_000  # bytes: larger inputs make slow runs


def transactions(vectors):
    data = vectors / "bitcoin/src/test/data"
    for name, column in ("tx_valid", 1), ("tx_invalid", 1), ("sighash", 0):
        for row in json.loads((data / f"{name}.json").read_text()):
            if len(row) > 1:
                yield bytes.fromhex(row[column])
    for path in (vectors / "transactions").glob("tx*.raw"):
        if "undo" not in path.name:
            yield path.read_bytes()


def records(data):
    """The blocks of a blk file: magic, length, block."""
    while data:
        size = int.from_bytes(data[4:8], "little")
        yield data[8 : 8 + size]
        data = data[8 + size :]


def blocks(vectors):
    for path in (vectors / "blocks").glob("*.raw"):
        if "undo" not in path.name:
            yield path.read_bytes()
    yield from list(records((vectors / "blocks/mainnet-0-to-599.blk").read_bytes()))[::7]


def headers(vectors):
    data = (vectors / "blocks/mainnet-0-to-10236.headers").read_bytes()
    for count in range(1, 65):
        yield data[count * 8000 : count * 8000 + count % 8 * 80]
    for block in blocks(vectors):
        yield block[:80]


def addresses(vectors):
    data = vectors / "bitcoin/src/test/data"
    for name in "key_io_valid", "key_io_invalid":
        for row in json.loads((data / f"{name}.json").read_text()):
            yield row[0].encode()
            if len(row) > 1:
                yield bytes.fromhex(row[1])


TARGETS = {
    "fuzz_address": addresses,
    "fuzz_block": blocks,
    "fuzz_header": headers,
    "fuzz_transaction": transactions,
}


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: seeds.py VECTORS OUT")
    vectors, out = map(pathlib.Path, sys.argv[1:])
    for target, make in TARGETS.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        for seed in make(vectors):
            if 0 < len(seed) <= LARGEST:
                (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main()
