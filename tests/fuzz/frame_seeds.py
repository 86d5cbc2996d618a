"""Frames of the verification service as first inputs: a header and a question of each kind."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "functional"))
import verify_client as v
from chain import Reader, Tx


def spent_of(path):
    reader = Reader(path.read_bytes())
    while reader.at < len(reader.data):
        amount = reader.number(8)
        yield v.spent(amount, reader.string(), height=100, coinbase=0, time=1231006505)


def frames(vectors):
    for undo in (vectors / "blocks").glob("*-undo.raw"):
        name = undo.name.removesuffix("-undo.raw")
        network = {"mainnet": "main", "testnet3": "test"}.get(name.split("-")[0], name.split("-")[0])
        height = int(name.split("-")[-1])
        block, spent = undo.with_name(name + ".raw").read_bytes(), list(spent_of(undo))
        for place in v.place(network, height, 1231006505), v.place(network, height, 0, 0x1D00FFFF, 1, 2):
            yield v.frame(v.BLOCK, height, v.block(block, spent, place))
    for undo in (vectors / "transactions").glob("*-undo.raw"):
        tx, spent = undo.with_name(undo.name.replace("-undo", "")).read_bytes(), list(spent_of(undo))
        yield v.frame(v.SCRIPT, 1, v.script(tx, 0, spent, 0x20E15))
        yield v.frame(v.TRANSACTION, 2, v.transaction(tx, spent, where=v.place("main", 800000, 1690000000)))
        yield v.frame(v.TRANSACTION, 2, v.transaction(tx, spent, 0x1FFFFF))
        items = [item for stack in Tx.read(Reader(tx)).witness for item in stack]
        keys, values = [i for i in items if len(i) == 33], [i[:-1] for i in items if 69 < len(i) < 74]
        yield v.frame(v.SIGNATURES, 3, v.signatures(
            [v.signature(v.ECDSA_DER, k, bytes(32), s) for k, s in zip(keys, values)] +
            [v.signature(v.SCHNORR, k[1:], bytes(32), bytes(64)) for k in keys] +
            [v.signature(v.TWEAK, k[1:], bytes(32), k[1:], 1) for k in keys]))
