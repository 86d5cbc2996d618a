#!/usr/bin/env python3
"""exs-miner and nodes that are odd, hostile, or gone: what it says, what it survives, and how it ends."""

import os
import pty
import select
import signal
import subprocess
import threading
import time

from chain import Key, script_number, segwit_address
from fake_node import (FakeChain, FakeNode, drop, endless_answer, half_answer, nonce_of, only, raw_answer,
                       result, rpc_error, slow)
from harness import PATIENCE, Miner, Program, check, closed_port, main, run_cases, wait_until

KEY = Key("fake")
ADDRESS = segwit_address("bcrt", 0, KEY.pkh)
MAINNET_ADDRESS = segwit_address("bc", 0, KEY.pkh)
PASSWORD = "hunter2-is-secret"
TEMPLATE = "getblocktemplate"
# Difficulty 2^40: no test finds a block by chance.
HARD = {"bits": "1800ffff", "target": f"{0xFFFF << 168:064x}"}


def options(*nodes, payout=ADDRESS):
    urls = [part for node in nodes for part in ("-o", node.url)]
    return [*urls, "-u", "u", "-p", "p", "--coinbase-addr", payout, "-R", "1", "-t", "1"]


def mine(node, *more, blocks=3, nodes=None, seconds=60):
    """Runs exs-miner for some blocks, which must come, and returns what it said."""
    code, text = Miner.run(*options(*(nodes or [node])), "--blocks", blocks, *more, seconds=seconds)
    check(code == 0, f"exit code {code}:\n{text}")
    check(node.chain.height() >= blocks, f"height {node.chain.height()}:\n{text}")
    check("own check" not in text, f"a block failed the miner's own check:\n{text}")
    return text


def expect_end(code, *texts, args=None, node=None):
    got, said = Miner.run(*(args if args is not None else options(node)), seconds=30)
    check(got == code, f"exit code {got} instead of {code}:\n{said}")
    for text in texts:
        check(text in said, f"{text!r} is not in:\n{said}")
    return said


def test_usage(_):
    expect_end(0, "--coinbase-addr", "Exit codes", args=["--help"])
    expect_end(0, "generic", args=["--version"])
    expect_end(0, "generic", args=["--kernel", "help"])
    expect_end(1, "no node", args=[])
    expect_end(1, "no payout", args=["-o", "http://127.0.0.1:1/"])
    expect_end(1, "coinbase-addr", args=["--coinbase-adr", "x"])
    expect_end(1, "what is \"x\"", args=["x"])
    expect_end(1, "kernel", args=["--benchmark", "--kernel", "nosuch"])
    expect_end(1, "not a URL", args=["-o", "ftp://x/", "--coinbase-addr", "x"])
    expect_end(1, "colon", args=["-o", "http://x/", "--coinbase-addr", "x", "-O", "x"])
    expect_end(1, "network", args=["-o", "http://x/", "--coinbase-addr", "x", "--network", "x"])
    expect_end(1, "signers", args=["-o", "http://x/", "--coinbase-addr", "x", "--network", "signet"])
    expect_end(1, "cannot pay", args=["-o", "http://x/", "--coinbase-addr", "x", "--network", "main"])
    expect_end(1, "longer than 64 bytes",
               args=["-o", "http://x/", "--coinbase-addr", "x", "--coinbase-tag", "x" * 65])
    for option in ("--threads=-1", "--threads=1x", "--threads=100000", "--time-limit=1e3", "--retry-pause=0"):
        expect_end(1, option.split("=")[0] + ": ", args=[option])
    expect_end(0, "total:", args=["--benchmark", "--time-limit", "1", "-t", "1"])


def test_well(node):
    text = mine(node, blocks=20)
    for height, block in enumerate(node.chain.blocks, 1):
        coinbase = block.txs[0]
        check(coinbase.ins[0][2].startswith(script_number(height)), "BIP34 height")
        check(coinbase.outs[0] == [50 * 10**8, KEY.p2wpkh()], "payout")
        check(block.commitments()[0][6:38] == block.witness_commitment(), "commitment")
    check(text.count("accepted: block") == 20, text)


def test_template_fields_are_honoured(node):
    late = int(time.time()) + 100
    node.template_changes = {"noncerange": "0000100000001fff", "mintime": late, "workid": "w\"1",
                             "coinbaseaux": {"flags": "abcdef"}, "vbrequired": 0x0000E000,
                             "vbavailable": {"some": 28}, "version": 0x3000E002}
    seen = []
    node.rules.append(only("submitblock", lambda _, __, request: seen.append(request["params"][1:])))
    mine(node, blocks=5)
    for block in node.chain.blocks:
        check(0x1000 <= nonce_of(block) <= 0x1FFF, "nonce out of range")
        check(block.time >= late, "before mintime")
        check(block.version & ~0x0FFF0000 == 0x3000E002, f"version {block.version:08x}")
        check(b"\xab\xcd\xef" in block.txs[0].ins[0][2], "coinbaseaux left out")
    check(all(params == [{"workid": "w\"1"}] for params in seen), f"workid: {seen}")


def test_before_segwit(node):
    node.template_changes = {"rules": ["csv"]}
    mine(node)
    check(not any(block.txs[0].witness[0] or block.commitments() for block in node.chain.blocks), "witness")


def test_version_rolling_off(node):
    mine(node, "--version-rolling=off")
    check(all(block.version == 0x20000000 for block in node.chain.blocks), "version changed")


def test_unauthorised(node):
    said = expect_end(2, "401", "check user and password",
                      args=["-o", node.url, "-u", "u", "-p", PASSWORD, "--coinbase-addr", ADDRESS])
    check(PASSWORD not in said, "the password was printed")
    url = node.url.replace("//", f"//u:{PASSWORD}@")
    said = expect_end(2, "401", args=["-o", url, "--coinbase-addr", ADDRESS, "-D"])
    check(PASSWORD not in said, "the password was printed")


def test_password_is_hidden(node):
    url = node.url.replace("//", f"//u:{PASSWORD}@")
    node.login = ("u", PASSWORD)
    without_scheme = url.replace("http://", "")
    miner = Miner("-o", url, "-o", without_scheme, f"--url={without_scheme}", "-p", PASSWORD, f"--pass={PASSWORD}",
                  f"-p={PASSWORD}", f"-O=u:{PASSWORD}", "-O", f"u:{PASSWORD}", "--coinbase-addr", ADDRESS,
                  "-t", "1")
    miner.expect("accepted: block")
    with open(f"/proc/{miner.process.pid}/cmdline") as f:
        check(PASSWORD not in f.read(), "the password is in the list of processes")
    check(miner.stop() == 0, "exit code")
    check(PASSWORD not in miner.output(), "the password was printed")


def write(name, text):
    path = os.path.join(FOLDER, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def test_config_file(node):
    node.login = ("u", PASSWORD)
    yaml = f"""
rpc:
  url: [{node.url}]
  user: u
  password: {PASSWORD}
  retry_pause_seconds: 1
mining:
  address: {ADDRESS}
  threads: 1
  blocks: 4
"""
    conf = f"url={node.url}\nuser=u\npass={PASSWORD}\ncoinbase-addr={ADDRESS}\nthreads=1\nblocks=4\n"
    for path in (write("miner.yaml", yaml), write("miner.yml", yaml), write("miner.conf", conf)):
        height = node.chain.height()
        said = expect_end(0, "accepted 4,", args=["-c", path])
        check(node.chain.height() == height + 4, "not as many as the file says")
        # The command line goes first, and so does another way to log in.
        said += expect_end(0, "accepted 2,", args=["--config", path, "--blocks", "2"])
        said += expect_end(2, "401", args=["-c", path, "-p", "wrong"])
        said += expect_end(2, "401", args=["-c", path, "-O", "u:wrong"])
        said += expect_end(2, "cookie file", args=["-c", path, "--cookie", FOLDER + "/none", "-r", "0"])
        check(PASSWORD not in said, "the password was printed")
    path = write("miner.yaml", yaml.replace("user: u", "cookie: /nonexistent"))
    expect_end(0, args=["-c", path, "-u", "u", "-p", PASSWORD])
    # The section of a network that is named counts.
    sections = conf.replace("threads=1", "[main]\nuser=wrong\n[regtest]\nthreads=1")
    expect_end(0, args=["-c", write("miner.conf", sections), "--network", "regtest"])


def test_config_file_is_wrong(_):
    def said(name, text, code, *texts):
        path = write(name, text)
        check(PASSWORD not in expect_end(code, *(t.replace("PATH", path) for t in texts), args=["-c", path]),
              "the password was printed")
    said("m.yaml", "mining:\n  threads: many\n", 1, "PATH:2: mining.threads: ")
    said("m.yaml", f"rpc:\n  passwrd: {PASSWORD}\n", 1, "PATH:2: ", "did you mean rpc.password?")
    said("m.yaml", f"rpc:\n  password: [{PASSWORD}, {PASSWORD}\n", 1, "PATH:")
    said("m.yaml", f"rpc:\n  userpass: {PASSWORD}\n  url: http://x/\nmining: {{address: x}}\n", 1, "no colon")
    said("m.conf", "threads=1\nthreads=many\n", 1, "PATH:2: threads: ")
    said("m.conf", f"passs={PASSWORD}\n", 1, "warning: PATH:1: unknown setting passs", "did you mean pass?", "no node")
    expect_end(1, "none.yaml: cannot be opened: No such file", args=["-c", os.path.join(FOLDER, "none.yaml")])
    expect_end(1, "cannot be read", args=["-c", FOLDER])


def test_unreachable(_):
    with closed_port() as port:
        dead = type("Dead", (), {"url": f"http://127.0.0.1:{port}/"})
        expect_end(2, "no node can be used", dead.url, "trying again", args=[*options(dead), "-r", "1"])


def test_wrong_network(node):
    expect_end(1, "cannot pay", "regtest", args=options(node, payout=MAINNET_ADDRESS))
    expect_end(2, "on the network regtest, not on main",
               args=[*options(node, payout=MAINNET_ADDRESS), "--network", "main"])
    node.network = "signet"
    expect_end(2, "signers", node=node)
    node.network = "elsewhere"
    expect_end(2, "elsewhere", node=node)


def test_excalibur(node):
    """This project's own network: its address, asked for by name and found out from the node."""
    node.network = "excalibur"
    payout = segwit_address("exs", 0, KEY.pkh)
    for more in (["--network", "excalibur"], []):
        code, text = Miner.run(*options(node, payout=payout), "--blocks", 2, *more, seconds=60)
        check(code == 0, f"exit code {code}:\n{text}")
    check(all(block.txs[0].outs[0][1] == KEY.p2wpkh() for block in node.chain.blocks[:2]), "payout")
    expect_end(1, "cannot pay", "excalibur", node=node)


def test_refused_templates(node):
    for change, text in [({"rules": ["!segwit", "!future"]}, "the rule \"future\" is required"),
                         ({"signet_challenge": "51"}, "signers"),
                         ({"height": None}, "height is missing"),
                         ({"bits": "00000000"}, "no target"),
                         ({"coinbasevalue": -1}, "coinbasevalue is -1"),
                         ({"default_witness_commitment": "6a24aa21a9ed" + "00" * 32}, "commitment"),
                         ({"transactions": [{"data": "00"}]}, "no transaction"),
                         ({"sizelimit": 100}, "larger than the template's sizelimit")]:
        node.template_changes = change
        expect_end(2, text, node=node)


def test_bad_answers(node):
    """Each kind is said and survived."""
    for rule, text in [(raw_answer(b"Work queue depth exceeded", 503), "busy"),
                       (raw_answer(b"<html>\x1b[2J"), "not JSON"),
                       (raw_answer(b'{"result": {"version": 1'), "not JSON"),
                       (raw_answer(b"[1,2]"), "not JSON-RPC"),
                       (raw_answer(b""), "not JSON"),
                       (raw_answer(b"[" * 100000), "not JSON"),
                       (raw_answer(b'{"result":{},"error":null,"id":99999}'), "another request"),
                       (raw_answer(b"", 302), "302"),
                       (rpc_error(-10, "in initial sync\x1b[2J"), "in initial sync [2J"),
                       (drop, "trying again"),
                       (half_answer, "trying again")]:
        # libcurl itself repeats a request once where a kept connection turns out to be closed.
        node.rules = [only(TEMPLATE, rule, 2 if rule is drop else 1)]
        height = node.chain.height()
        text_out = mine(node, blocks=1)
        check(text in text_out, f"{text!r} is not in:\n{text_out}")
        check("\x1b" not in text_out, "a control character got through")
        check(node.chain.height() == height + 1, "no block")


def test_endless_answer(node):
    node.rules = [only(TEMPLATE, endless_answer, 1)]
    check("larger than" in mine(node, blocks=1), "not said")


def test_slow_answers(node):
    node.rules = [only(TEMPLATE, slow(3), 1)]
    check("no complete answer within 1.0 s" in mine(node, "-T", "1", blocks=1), "not said")


def check_pace(node, most):
    """For three seconds templates are asked for, but at most so often in a second."""
    began, before = time.monotonic(), node.count(TEMPLATE)
    time.sleep(3)
    wait_until("another call", lambda: node.count(TEMPLATE) > before)
    calls, seconds = node.count(TEMPLATE) - before, time.monotonic() - began
    check(calls < most * seconds, f"{calls} calls in {seconds:.1f} s")


def test_long_poll_is_dropped(node):
    def long_poll_only(then):
        return lambda n, h, r: (r["method"] == TEMPLATE and "longpollid" in r["params"][0] and then(n, h, r))
    node.rules = [long_poll_only(drop)]
    mine(node, blocks=5)
    # One that returns at once with nothing new is not asked without end.
    node.rules = [only("submitblock", result("high-hash")),
                  long_poll_only(lambda n, h, r: n.answer(h, r, n.template()) or True)]
    miner = Miner(*options(node), "-s", "1")
    miner.expect("rejected: high-hash")
    check_pace(node, most=4)
    check(miner.stop() == 0, miner.output())


def test_long_poll_without_end(node):
    """A node keeps a thread for each one, so for one tip one alone is given up."""
    polls = []

    def count(_, __, request):
        if request["method"] == TEMPLATE and "longpollid" in request["params"][0]:
            polls.append(request["params"][0]["longpollid"])
        return False
    node.rules, node.template_changes = [count], HARD
    miner = Miner(*options(node), "--longpoll-timeout", "1", "-s", "1")
    miner.expect("mining height 1")
    wait_until("the polls that follow", lambda: node.count(TEMPLATE) >= 5)
    check(len(polls) == 1, f"{len(polls)} long polls")
    node.chain.foreign_block()
    miner.expect("mining height 2")
    wait_until("a long poll at the new tip", lambda: len(polls) == 2)
    check(miner.stop() == 0, miner.output())


def test_long_poll_changes_at_once(node):
    """Even if each answer is a new one, it is not asked without end."""
    node.template_changes = HARD
    node.rules = [lambda n, h, r: (r["method"] == TEMPLATE and n.answer(
        h, r, {**n.template(), **HARD, "longpollid": str(time.monotonic())}) is None)]
    miner = Miner(*options(node))
    miner.expect("mining height 1")
    check_pace(node, most=3)
    check(miner.stop() == 0, miner.output())


def test_without_long_poll(node):
    mine(node, "--no-longpoll", "-s", "1", blocks=5)
    node.template_changes = {"longpollid": None}
    mine(node, "-s", "1", blocks=5)


def test_rejections(node):
    reasons = ["high-hash", "bad-txns-vout-empty", "inconclusive"]
    node.rules = [only("submitblock", result(reason), 1) for reason in reasons]
    text = mine(node, blocks=2)
    for reason in reasons[:2]:
        check(f"rejected: {reason}" in text, text)
    check("not in the best chain" in text, text)
    check("accepted 2, rejected 2, stale 1 blocks" in text, text)


def test_submission_is_repeated(node):
    node.rules = [only("submitblock", drop, 3), only("submitblock", raw_answer(b"", 503), 1),
                  only("submitblock", rpc_error(-10, "syncing"), 1)]
    text = mine(node, blocks=1)
    check("rejected 0" in text, text)
    check("the block is kept and sent again" in text, text)


def test_answer_is_lost(node):
    """The node took the block, which is a duplicate when it is sent again, and accepted none the less."""
    def take_silently(n, handler, request):
        n.rpc_submitblock(*request["params"])
        return drop(n, handler, request)
    node.rules = [only("submitblock", take_silently, 2)]
    check("accepted 1, rejected 0, stale 0" in mine(node, blocks=1), "not accepted")


def test_node_dies_and_returns(node):
    dead = threading.Event()
    # The sixth block is not taken before the node's end.
    node.rules = [only("submitblock", lambda *_: node.chain.height() > 4 and not dead.wait(60 * PATIENCE))]
    miner = Miner(*options(node), "--blocks", "40")
    wait_until("some blocks", lambda: node.chain.height() > 4)
    node.stop()
    dead.set()
    miner.expect("trying again")
    height = node.chain.height()
    time.sleep(0.5)
    check(node.chain.height() == height, "a dead node took blocks")
    node.start()
    code = miner.wait(60)
    check(code == 0 and node.chain.height() >= 40, f"{code}, {node.chain.height()}:\n{miner.output()}")
    check("gives templates again" in miner.output(), miner.output())


def test_failover(_):
    chain = FakeChain()
    first, second = FakeNode(chain), FakeNode(chain)
    first.rules = second.rules = [only("submitblock", slow(0.1))]
    miner = Miner(*options(first, second))
    miner.expect(f"from {first.url}")
    wait_until("blocks by the first", lambda: chain.height() > 3)
    first.stop()
    miner.expect(f"changing to {second.url}")
    height = chain.height()
    wait_until("blocks by the second", lambda: chain.height() > height + 3)
    first.start()
    miner.expect(f"changing to {first.url}", 30)
    check(miner.stop() == 0, miner.output())
    first.stop()
    second.stop()


def test_highest_chain(node):
    # Too hard to find a block on before the other node has answered.
    node.template_changes = HARD
    ahead = FakeNode()
    for i in range(5):
        ahead.chain.foreign_block(f"{i + 1:064x}")
    mine(ahead, nodes=[node, ahead], blocks=1)
    check(ahead.chain.height() == 6 and node.chain.height() == 0, "the lower chain was mined")
    ahead.stop()


def test_no_more_blocks_than_asked(node):
    """Nor while one node, which is behind, has refused the last one, and the other gives its next template already."""
    def take_and_answer_late(n, handler, request):
        verdict = n.rpc_submitblock(*request["params"])
        time.sleep(0.5)
        n.answer(handler, request, verdict)
        return True
    behind = FakeNode()
    behind.template_changes = HARD
    node.chain.foreign_block()
    node.rules = [only("submitblock", take_and_answer_late)]
    text = mine(node, nodes=[behind, node], blocks=1)
    check("accepted 1, rejected 0, stale 0 blocks" in text and node.chain.height() == 2, text)
    behind.stop()


def test_silent_node_was_ahead(node):
    """Its work is kept while the others are behind it, and left when they have caught up."""
    behind = FakeNode()
    node.template_changes = behind.template_changes = HARD
    node.chain.foreign_block()
    miner = Miner(*options(node, behind))
    miner.expect(f"50.00000000 coins, from {node.url}")
    node.stop()
    miner.expect("trying again")
    time.sleep(1.5)
    check(not miner.seen(f"changing to {behind.url}"), miner.output())
    behind.chain.foreign_block()
    miner.expect(f"changing to {behind.url}")
    check(miner.stop() == 0, miner.output())
    behind.stop()


def test_node_of_another_network(node):
    other = FakeNode()
    other.network = "main"
    node.rules = [slow(0.05)]
    text = mine(node, "--network", "regtest", nodes=[other, node], blocks=3)
    check("is not used: it is on the network main, not on regtest" in text, text)
    check(other.chain.height() == 0, "it was used")
    other.stop()


def test_cookie(node):
    path = os.path.join(FOLDER, "cookie")
    node.rules = [only("submitblock", slow(0.05))]
    miner = Miner("-o", node.url, "--cookie", path, "--coinbase-addr", ADDRESS, "-R", "1", "-t", "1",
                  "--blocks", "30")
    miner.expect("cannot read the cookie file")
    node.login = ("__cookie__", "one")
    with open(path, "w") as f:
        f.write("__cookie__:one")
    wait_until("blocks with the first cookie", lambda: node.chain.height() > 5)
    node.stop()
    node.login = ("__cookie__", "two")
    with open(path, "w") as f:
        f.write("__cookie__:two")
    node.start()
    code = miner.wait(60)
    check(code == 0, f"exit code {code}:\n{miner.output()}")
    check("__cookie__" not in miner.output(), "the cookie was printed")


def test_new_tip(node):
    """What somebody else finds is taken up at once, and nothing is submitted on the old tip."""
    node.template_changes = HARD
    miner = Miner(*options(node))
    for height in range(1, 6):
        miner.expect(f"mining height {height}:")
        began = time.monotonic()
        node.chain.foreign_block(f"{height:064x}")
        miner.expect(f"mining height {height + 1}:")
        check(time.monotonic() - began < 5 * PATIENCE, "too slow")
    check(node.count("submitblock") == 0, "submitted something")
    check(miner.stop() == 0, miner.output())


def test_signals(node):
    node.template_changes = HARD
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        miner = Miner(*options(node))
        miner.expect("mining height")
        miner.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        check(miner.alive(), "SIGUSR1 ended it")
        began = time.monotonic()
        check(miner.stop(sig) == 0, f"exit code {miner.process.returncode}")
        check(time.monotonic() - began < 5 * PATIENCE, "slow to end")
    miner = Program(["nohup", Miner.path, *options(node)])
    miner.expect("mining height")
    miner.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    check(miner.alive(), "nohup does not hold")
    check(miner.stop() == 0, miner.output())


def test_full_disk(node):
    for option in ("--help", "--kernel=help"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([Miner.path, option], stdout=full, stderr=subprocess.PIPE, text=True)
        check(done.returncode == 3 and "cannot write" in done.stderr, f"{done}")
    mine(node, "--log-file", "/dev/full", blocks=3)


def on_terminal(*command):
    """Starts command on a terminal of its own: its process and our end. None where there is none to be had."""
    try:
        pid, fd = pty.fork()
    except OSError as error:
        print(f"skipped: no terminal: {error}")
        return None
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(command[0], command)
    return pid, fd


def test_stopped_terminal(node):
    """Output that nobody takes holds up nothing: blocks are found and submitted, and the end comes."""
    child = on_terminal(Miner.path, *options(node), "-D")
    if not child:
        return
    pid, fd = child
    wait_until("many blocks", lambda: node.chain.height() > 700, 60)
    os.kill(pid, signal.SIGTERM)
    _, status = wait_until("its end", lambda: (lambda pair: pair if pair[0] else None)(os.waitpid(pid, os.WNOHANG)))
    check(os.waitstatus_to_exitcode(status) == 0, f"status {status}")
    os.close(fd)


def test_time_limit(node):
    node.template_changes = HARD
    args = [*options(node), "--time-limit", "1"]
    expect_end(0, args=args)
    expect_end(4, args=[*args, "--blocks", "1"])


def test_log_file(node):
    path = os.path.join(FOLDER, "log")
    miner = Miner(*options(node), "--log-file", path)
    miner.expect("accepted: block")
    os.rename(path, path + ".1")
    miner.process.send_signal(signal.SIGHUP)
    wait_until("a new log file", lambda: os.path.exists(path) and os.path.getsize(path))
    check(miner.stop() == 0, "exit code")


def test_terminal(node):
    """One live line, with log lines above it, and nothing left of it at the end."""
    child = on_terminal(Miner.path, *options(node), "--time-limit", "3")
    if not child:
        return
    pid, fd = child
    said = b""
    while select.select([fd], [], [], 20 * PATIENCE)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        said += data
    _, status = os.waitpid(pid, 0)
    check(os.waitstatus_to_exitcode(status) == 0, said.decode(errors="replace"))
    check(b"H/s (" in said and b"| accepted " in said.replace(b"difficulty", b"| "), said.decode()[-500:])
    check(said.endswith(b"\r\x1b[K"), f"the live line was left: {said[-100:]!r}")


FOLDER = None


def test(folder):
    global FOLDER
    FOLDER = folder
    run_cases(globals(), FakeNode)


if __name__ == "__main__":
    main(test)
