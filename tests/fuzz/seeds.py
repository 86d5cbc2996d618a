#!/usr/bin/env python3
"""Makes first inputs for the fuzz targets of the public test vectors.

    seeds.py VECTORS OUT

writes OUT/fuzz_THING/HASH, a file an input. What is already there stays.
"""
import hashlib
import json
import pathlib
import sys

import frame_seeds
import spend_seeds

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


def placed_transactions(vectors):
    """Transactions at a height and a time, with origins for some inputs."""
    for n, raw in enumerate(transactions(vectors)):
        origins = hashlib.sha256(raw).digest()[: n % 8 * 4]
        yield (n * 1000).to_bytes(4, "little") + (10**9 + n).to_bytes(4, "little") + bytes([len(origins)]) + origins + raw


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


def outputs(undo):
    """The outputs of an undo file, each as it lies there."""
    while undo:
        size, at = undo[8], 9
        if size >= 253:
            size, at = int.from_bytes(undo[9:11], "little"), 11
        yield undo[: at + size]
        undo = undo[at + size :]


def cut(block):
    """A block's transactions, each with the number of its inputs."""
    at = 80

    def number():
        nonlocal at
        size = {253: 2, 254: 4}.get(block[at], 0)
        at += 1 + size
        return int.from_bytes(block[at - size : at], "little") if size else block[at - 1]

    def skip_text():
        nonlocal at
        size = number()
        at += size

    for _ in range(number()):
        begin = at
        extended = block[at + 4] == 0
        at += 6 if extended else 4
        inputs = number()
        for _ in range(inputs):
            at += 36
            skip_text()
            at += 4
        for _ in range(number()):
            at += 8
            skip_text()
        for _ in range(inputs if extended else 0):
            for _ in range(number()):
                skip_text()
        at += 4
        yield block[begin:at], inputs


def spending_blocks(vectors):
    """Some transactions of a block as one, behind its place and what they spend, each output with a byte of its origin."""
    for path in (vectors / "blocks").glob("*-undo.raw"):
        block = path.with_name(path.name.replace("-undo", "")).read_bytes()
        spent, pieces, at = list(outputs(path.read_bytes())), [], 0
        (coinbase, _), *others = cut(block)
        for raw, inputs in others:
            pieces.append((raw, b"".join(s + b"\x77" for s in spent[at : at + inputs]), inputs))
            at += inputs
        for n in range(0, len(pieces), len(pieces) // 12 * 4 + 4):
            some = [piece for piece in pieces[n : n + 4] if piece[2] <= 8]
            for place in (0x00, 0x18, 0x1D, 0x1E):
                yield (
                    bytes([place]) + sum(piece[2] for piece in some).to_bytes(2, "little")
                    + b"".join(piece[1] for piece in some) + block[:80] + bytes([1 + len(some)]) + coinbase
                    + b"".join(piece[0] for piece in some)
                )


def headers(vectors):
    data = (vectors / "blocks/mainnet-0-to-10236.headers").read_bytes()
    for count in range(1, 65):
        yield data[count * 8000 : count * 8000 + count % 8 * 80]
    for block in blocks(vectors):
        yield block[:80]


def scripts(vectors):
    """Scripts in which their own bytes are looked for, and signatures before scripts that push them."""
    bitcoin = vectors / "bitcoin/src"
    for row in json.loads((bitcoin / "test/data/sighash.json").read_text())[1:]:
        script = bytes.fromhex(row[1])
        yield bytes([1]) + script[:1] + script
    wycheproof = json.loads((bitcoin / "secp256k1/src/wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json").read_text())
    for group in wycheproof["testGroups"]:
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"]) + b"\x01"
            if len(signature) < 76:
                push = bytes([len(signature)]) + signature
                yield push[:1] + signature + b"\x52" + push + b"\x75" + push + b"\xab\xac"


def addresses(vectors):
    data = vectors / "bitcoin/src/test/data"
    for name in "key_io_valid", "key_io_invalid":
        for row in json.loads((data / f"{name}.json").read_text()):
            yield row[0].encode()
            if len(row) > 1:
                yield bytes.fromhex(row[1])


def templates(vectors):
    """getblocktemplate's results, their transactions without their names: those are computed."""
    template = {"version": 0x20000000, "rules": ["csv", "!segwit", "taproot"], "vbavailable": {"x": 28},
                "vbrequired": 0, "previousblockhash": "0f" * 32, "coinbaseaux": {"flags": "abcd"},
                "coinbasevalue": 50 * 10**8, "longpollid": "id", "workid": "work", "height": 17,
                "target": "7fffff" + "00" * 29, "bits": "207fffff", "noncerange": "00000000ffffffff",
                "mutable": ["time"], "mintime": 1, "curtime": 2, "maxtime": 3, "sizelimit": 4000000,
                "weightlimit": 4000000, "sigoplimit": 80000}
    raw = sorted(set(transactions(vectors)), key=len)[40:240]
    for count in 0, 1, 2, 3, 7, 20:
        some = [{"data": raw[count + 7 * i].hex(), "depends": [], "fee": 1} for i in range(count)]
        yield json.dumps({**template, "transactions": some}).encode()


def answers(_):
    error = {"code": -8, "message": "no"}
    for status in range(8):
        for result, failed in (5, None), (None, error), ("x", "text"), ([{}], None):
            yield bytes([status]) + json.dumps({"result": result, "error": failed, "id": 7}).encode()


def profiles(_):
    for path in (pathlib.Path(__file__).resolve().parents[2] / "tuning").glob("*.yaml"):
        yield path.read_bytes()


def benchmarks(_):
    """Documents of exs-bench: kernels, another program beside them, several threads, delays."""
    def row(bench, name, kernel, threads, unit, *samples, **fields):
        numbers = sorted(x for x in samples if x is not None)
        return {"bench": bench, "name": name, "kernel": kernel, "threads": threads, "unit": unit,
                "better": "lower" if unit == "us" else "higher",
                "median": numbers[len(numbers) // 2] if numbers else None, "min": min(numbers, default=None),
                "max": max(numbers, default=None), "runs": len(samples), "steal_ms": 0, "cpu_share": None,
                "repeated": 0, "disturbed": 0, "samples": samples, **fields}

    search = [row("search", name, kernel, threads, "MH/s", threads * 3, threads, threads * 2)
              for threads in (1, 4) for name, kernel in (("plain", "a"), ("plain", "b"), ("against", "x"))]
    ratio = [row("search", "plain / x", "a", 1, "ratio", 1.5, 1.5, 1.5, command="x")]
    topology = [row("topology", "a core each", "a", threads, "MH/s", threads, efficiency=1) for threads in (1, 2)]
    engine = [row("engine", f"wake {part}", "", 2, "us", 5, None, 1e15, count=3) for part in ("p50", "p99", "max")]
    for rows in ([], search, search + ratio, topology, engine, search + search, topology + engine, [ratio[0]] * 5):
        yield json.dumps({"machine": {"cpu": "c", "caches": [{"level": 1, "type": "Data", "kib": 32}]},
                          "interrupted": False, "rows": rows}, separators=(",", ":")).encode()


def api_requests(_):
    commands = ("version", "summary+devs+pools", "stats", "check|quit", "switchpool|1", "zero|all,true", "cpu|0",
                "addpool|stratum+tcp://a:1,b\\,c,d", "poolpriority|1,0", "quit")
    for first in range(2):
        for command in commands:
            name, _, parameter = command.partition("|")
            request = json.dumps({"command": name, "parameter": parameter})
            yield bytes([first]) + request.encode()
            yield bytes([first + 4]) + command.encode()
    yield b"\x02GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"\x03W:127.0.0.1,R:10.1/16,[2001:db8::]/32,0/0"


def sessions(_):
    """What pools say, a conversation an input."""
    greeting = [{"id": 1, "result": {"version-rolling": True, "version-rolling.mask": "1fffe000"}},
                {"id": 2, "result": [[["mining.notify", "s"]], "aabb", 4], "error": None},
                {"id": 3, "result": True, "error": None},
                {"method": "mining.set_difficulty", "params": [1e-9]}]
    job = ["j", "00" * 32, "01000000010000", "ffff", ["11" * 32] * 3, "20000000", "207fffff", "65000000", True]
    news = [{"method": "mining.notify", "params": job},
            {"method": "mining.notify", "params": job[:8] + [False]},
            {"method": "mining.notify", "params": ["k"] + job[1:6] + ["1800ffff"] + job[7:]},
            {"method": "mining.set_extranonce", "params": ["cc", 9]},
            {"method": "mining.set_version_mask", "params": ["0000e000"]},
            {"id": 5, "method": "mining.ping", "params": []},
            {"id": 6, "method": "client.get_version", "params": []},
            {"method": "client.reconnect", "params": ["h", "3333", 1]},
            {"method": "client.show_message", "params": ["hi"]},
            {"id": 7, "result": True, "error": None},
            {"id": 8, "result": None, "error": [23, "low", None]}]
    for end in range(len(greeting) + 1):
        yield "\n".join(map(json.dumps, greeting[:end])).encode()
    for first in news:
        yield "\n".join(map(json.dumps, [*greeting, news[0], first, *news])).encode()


def signets(vectors):
    """Challenges, and scripts of commitments with solutions behind them; and whole blocks."""
    commitment = bytes.fromhex("6a24aa21a9ed") + bytes(32)
    key = bytes.fromhex("2102") + bytes(31) + b"\1\xac"
    witness = bytes([0, 32]) + bytes(32)
    der = bytes.fromhex("3006020101020101") + b"\1"
    for challenge in (b"\x51", b"\x91", key, witness):
        for solution in (b"", b"\0\0", b"\1\0\0", b"\2\1\x51\0", bytes([10, 9]) + der + b"\0", b"\0\1\1\x51"):
            push = b"\xec\xc7\xda\xa2" + solution
            for more in (b"", b"\x4c\0\x51", b"\x4c"):
                yield bytes([len(challenge)]) + challenge + b"\1" + commitment + bytes([len(push)]) + push + more
        for block in blocks(vectors):
            yield bytes([len(challenge)]) + challenge + b"\0" + block


TARGETS = {
    "fuzz_address": addresses,
    "fuzz_api": api_requests,
    "fuzz_bench_json": benchmarks,
    "fuzz_block": blocks,
    "fuzz_differential": spend_seeds.spends,
    "fuzz_header": headers,
    "fuzz_jsonrpc": answers,
    "fuzz_profile": profiles,
    "fuzz_script": scripts,
    "fuzz_script_verify": spend_seeds.spends,
    "fuzz_signet": signets,
    "fuzz_stratum": sessions,
    "fuzz_template": templates,
    "fuzz_transaction": transactions,
    "fuzz_transaction_rules": placed_transactions,
    "fuzz_validate_block": spending_blocks,
    "fuzz_verify_frame": frame_seeds.frames,
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
