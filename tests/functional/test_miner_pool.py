#!/usr/bin/env python3
"""exs-miner at pools: what they may ask of it, and what it survives of them."""

import concurrent.futures
import contextlib
import os
import time

from fake_net import Certificates, Socks5Proxy, TlsFront
from fake_pool import BIP320_MASK, MEDIUM_BITS, FakePool, target_of
from harness import PATIENCE, Miner, cases, check, closed_port, main, wait_until

PASSWORD = "hunter2-is-secret"
# So that the generic kernel finds some twenty shares a second, in sanitized builds too.
EASY = 2e-5 if PATIENCE == 1 else 5e-6
NEVER = 1e12


def options(*urls):
    return [*(part for url in urls for part in ("-o", url)), "-u", "worker", "-p", "x", "-R", "1", "-t", "1",
            "--kernel", "generic"]


def rolling_kernel():
    """The slowest one that always rolls versions; the generic one does when it has tried all nonces."""
    _, said = Miner.run("--kernel", "help")
    here = [line.split()[0] for line in said.splitlines() if "runs here" in line]
    return here[-2] if len(here) > 1 else here[-1]


@contextlib.contextmanager
def mining(*urls, more=()):
    miner = Miner(*options(*urls), *more)
    try:
        yield miner
    except BaseException:
        print(f"--- its last output:\n{miner.output()[-3000:]}")
        raise
    finally:
        code = miner.stop()
    check(code == 0, f"exit code {code}:\n{miner.output()[-3000:]}")


def of(work):
    return lambda share: share.work is work


def from_now():
    now = time.monotonic()
    return lambda share: share.at > now


def test_well(pool):
    pool.login = ("worker", "x")
    code, said = Miner.run(*options(pool.url()), "--shares", 10, "--kernel", rolling_kernel())
    check(code == 0 and "accepted: a share" in said, f"exit code {code}:\n{said}")
    check(len(pool.accepted()) >= 10, pool.summary())
    check(pool.accepted(lambda s: s.rolled), "no version bits were rolled")
    client = pool.clients[0]
    check(client.agent.startswith("exs-miner/"), client.agent)
    names = [name for name, _ in client.calls if name != "mining.submit"]
    check(names[0] == "mining.configure" and names.index("mining.subscribe") < names.index("mining.authorize"),
          f"{names}")
    check(client.workers == {"worker": "x"}, f"{client.workers}")


def test_extranonces(pool):
    """Of every size, changed within a session and by a new one."""
    with mining(pool.url()):
        client = pool.client()
        for first, size in [(0, 8), (4, 1), (8, 2), (12, 3), (4, 4), (32, 5), (1, 6), (4, 7), (4, 8), (8, 32)]:
            client.set_extranonce(os.urandom(first), size)
            pool.expect_shares(2, of(client.notify()))
        for size in (1, 8):
            pool.extranonce2_size = size
            pool.clients[-1].close()
            pool.expect_shares(2, lambda s: s.work.size == size and s.client is not client)


def test_extranonce_is_changed_unasked(pool):
    pool.extensions = {"version-rolling"}
    with mining(pool.url()):
        client = pool.client()
        old = client.works["1"]
        client.set_extranonce(b"other", 7)
        client.sync()
        # The job that is mined keeps its own.
        count = len(pool.accepted(of(old)))
        pool.expect_shares(count + 3, of(old))
        pool.expect_shares(3, of(client.notify(clean=False)))


def test_difficulty_changes(pool):
    with mining(pool.url()):
        client = pool.client()
        old = client.works["1"]
        pool.expect_shares(2, of(old))
        client.set_difficulty(8 * EASY)
        client.sync()
        before = len(pool.accepted(of(old)))
        # Its own difficulty counts for the old job: of so many shares some don't meet the new one.
        pool.expect_shares(before + 20, of(old))
        low = [s for s in pool.accepted(of(old))[before:] if s.hash > target_of(8 * EASY)]
        check(low, "a change of the difficulty changed a job's")
        harder = client.notify(clean=False)
        pool.expect_shares(2, of(harder))
        client.set_difficulty(EASY * 0.37)
        easier = client.notify(clean=False)
        shares = pool.expect_shares(20, of(easier))
        check(any(s.hash > target_of(EASY) for s in shares), "no share of an easier job used its target")


def test_odd_difficulties(pool):
    with mining(pool.url()) as miner:
        client = pool.client()
        for difficulty in (0, -1, "0.5", None, [], float("nan"), float("inf")):
            client.tell("mining.set_difficulty", difficulty)
        pool.expect_shares(3, of(client.notify()))
        for difficulty in (1e300, 2.0**210, NEVER):
            client.set_difficulty(difficulty)
            never = client.notify()
            client.sync()
        time.sleep(0.5)
        check(not [s for s in pool.shares if s.work is never], "a share from nowhere")
        client.set_difficulty(1e-12)  # every hash is a share
        every = client.notify()
        pool.expect_shares(20, of(every))
        client.set_difficulty(EASY)
        pool.expect_shares(3, of(client.notify()))
        check(miner.alive(), miner.output())


def test_first_job_before_the_difficulty(pool):
    """It is 1 until a pool says otherwise."""
    def job_first(_, client, message):
        if message["method"] != "mining.authorize":
            return False
        client.workers["worker"] = "x"
        client.reply(message, True)
        client.notify()
        return True
    pool.rules = [job_first]
    with mining(pool.url()):
        client = pool.client()
        client.sync()
        time.sleep(0.5)
        check(not pool.shares, "a share of a job of difficulty 1, so soon")
        client.set_difficulty(EASY)
        pool.expect_shares(3, of(client.notify()))


def test_clean_and_unclean_jobs(pool):
    with mining(pool.url()):
        client = pool.client()
        pool.expect_shares(3)
        newer = client.notify(clean=False)
        pool.expect_shares(3, of(newer))
        for _ in range(20):
            pool.new_block()
        last = client.notify(clean=False, branches=0, version=0x2000E004, ntime=int(time.time()) + 300)
        pool.expect_shares(5, of(last))
        largest = client.notify(branches=16, coinbase_padding=20000, ntime=int(time.time()) - 7000)
        pool.expect_shares(5, of(largest))


def test_version_bits(pool):
    pool.mask = 0x01FF0000
    with mining(pool.url(), more=["--kernel", rolling_kernel()]):
        client = pool.client()
        check(client.mask == 0x01FF0000, f"mask {client.mask:08x}")
        pool.expect_shares(2, lambda s: s.rolled)
        for mask in (0x00F00000, BIP320_MASK, 0, 0x0001E000):
            client.set_mask(mask)
            later = from_now()
            pool.expect_shares(3, lambda s: later(s) and bool(s.rolled) == bool(mask))
        # Bits that the job's version has already: the pool puts the share's in their place.
        client.set_mask(BIP320_MASK)
        full = client.notify(version=0x3FFFE000)
        some = client.notify(version=0x2800E000, clean=False)
        pool.expect_shares(3, of(some))
        check(not [s for s in pool.accepted(of(full)) if s.rolled], "rolled what is fixed")


def test_without_version_rolling(pool):
    pool.extensions = set()
    rolling = ["--kernel", rolling_kernel()]
    with mining(pool.url(), more=rolling):
        pool.expect_shares(3)
    pool.extensions = {"version-rolling"}
    with mining(pool.url(), more=["--version-rolling=off", *rolling]):
        pool.expect_shares(3, from_now())
    # An old pool knows no mining.configure at all; or takes it for the first of what it does know.
    pool.rules = [lambda _, client, call: call["method"] == "mining.configure"
                  and client.refuse(call, -3, "Method 'configure' not found")]
    with mining(pool.url(), more=rolling):
        pool.expect_shares(3, from_now())
    check(not pool.accepted(lambda s: s.rolled), "rolled unasked")


def test_reconnect(pool):
    other = FakePool(difficulty=EASY)
    elsewhere = FakePool(difficulty=EASY, host="127.0.0.2")
    with mining(pool.url()) as miner:
        client = pool.client()
        for params in (["127.0.0.1", -1, 0], [5, 6, 7], ["x" * 300, 1, 1], ["127.0.0.1", 70000, 0], ["127.0.0.1", "x"]):
            client.tell("client.reconnect", *params)
        client.sync()
        client.tell("client.reconnect", elsewhere.host, elsewhere.port, 0)
        miner.expect("127.0.0.2")
        pool.expect_shares(3, from_now())
        pool.client().tell("client.reconnect", "127.0.0.1", other.port, 1)
        other.expect_shares(3)
        # No host or port: the same again.
        count = len(pool.clients + other.clients)
        other.client().tell("client.reconnect")
        wait_until("a client to return", lambda: len(pool.clients + other.clients) > count)
        check(not elsewhere.clients, "it went to another host")
    with mining(pool.url(), more=["--follow-reconnect"]):
        pool.expect_shares(1, from_now())
        pool.client().tell("client.reconnect", elsewhere.host, str(elsewhere.port), 0)
        elsewhere.expect_shares(3)
    for each in (other, elsewhere):
        each.check_manners()
        each.stop()


def test_silent_pool(pool):
    """One that takes connections and says nothing is left for another, and tried again."""
    pool.rules = [lambda *_: True]
    other = FakePool(difficulty=EASY)
    with mining(pool.url(), other.url(), more=["-T", "1"]) as miner:
        other.expect_shares(3)
        pool.rules.clear()
        pool.expect_shares(3)
        check(miner.seen("no answer"), miner.output())
    other.check_manners()
    other.stop()


GARBAGE = [b"\n\n \r\n", b"hello\n", b"\x00\xff\xfe\x80" * 50 + b"\n", b"[1, 2, 3]\n", b"null\n", b"{}\n",
           b'{"id": 1}\n', b'{"id": {"a": 1}, "method": "client.get_version", "params": []}\n',
           b'{"id": null, "result": true, "error": null}\n', b'{"id": 99999, "result": true, "error": null}\n',
           b'{"id": -5, "result": [], "error": "x"}\n', b'{"method": 5, "params": []}\n',
           b'{"id": 1' + b"0" * 400 + b', "result": true, "error": null}\n', b"[" * 100000 + b"\n",
           b'{"id": null, "method": "mining.notify", "params": ["' + b"x" * 900000 + b'"]}\n',
           b'{"id": null, "method": "client.show_message", "params": [' + b'"a",' * 50000 + b'"b"]}\n']
BAD_PARAMS = [("mining.notify", []), ("mining.notify", None), ("mining.notify", {"a": 1}), ("mining.notify", ["1"] * 9),
              ("mining.set_extranonce", ["zz", 4]), ("mining.set_extranonce", ["00" * 33, 4]),
              ("mining.set_extranonce", ["00", 0]), ("mining.set_extranonce", ["00", 2**40]),
              ("mining.set_extranonce", [None]), ("mining.set_version_mask", ["xyz"]), ("mining.set_version_mask", []),
              ("mining.set_difficulty", []), ("client.show_message", [{}]), ("client.reconnect", {"x": "y"})]


def test_garbage(pool):
    """The search goes on, on this connection or the next."""
    with mining(pool.url()) as miner:
        for data in GARBAGE:
            pool.client().send_raw(data)
        pool.expect_shares(3, from_now())
        for method, params in BAD_PARAMS:
            pool.client().send({"id": None, "method": method, "params": params})
        pool.expect_shares(3, from_now())
        check("\x00" not in miner.output() and "\x1b" not in miner.output(), "garbage was shown as it is")


def test_bad_jobs(pool):
    """A job that can't be is left; the one before goes on."""
    with mining(pool.url()):
        client = pool.client()
        good = client.works["1"].params()
        for at, value in [(0, 5), (0, "x" * 200), (1, "00"), (1, "zz" * 32), (2, "0"), (2, None), (3, "gg"), (4, "00"),
                          (4, ["00"]), (4, ["00" * 32] * 100), (5, "2000000"), (6, ""), (7, 12345678)]:
            if at == 7:
                pool.expect_shares(1)  # sensible lines between
            client.tell("mining.notify", *good[:at], value, *good[at + 1:])
        # Those were more faults than a connection is allowed.
        wait_until("another connection", lambda: len(pool.clients) > 1)
        pool.expect_shares(3, lambda s: s.client is not client)


def test_endless_line(pool):
    def endless(_, client, message):
        if message["method"] != "mining.submit" or client is not pool.clients[0]:
            return False
        while client.send_raw(b"x" * 65536):
            pass
        return True
    pool.rules = [endless]
    with mining(pool.url()) as miner:
        pool.expect_shares(3, lambda s: s.client is not pool.clients[0])
        check(miner.seen("trying again"), miner.output())


def test_another_protocol(pool):
    """A web server, say."""
    def http(_, client, __):
        client.send_raw(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>\x1b[2J</html>\n")
        return True
    pool.rules = [http]
    with mining(pool.url()) as miner:
        miner.expect("not Stratum")
        pool.rules = []
        pool.expect_shares(3)
        check("\x1b" not in miner.output(), "a control character got through")


def test_dies_and_returns(pool):
    with mining(pool.url()) as miner:
        pool.expect_shares(3)
        pool.stop()
        miner.expect("trying again")
        pool.start()
        pool.expect_shares(3, lambda s: s.client is not pool.clients[0])


def test_unreachable(_):
    with closed_port() as port:
        code, said = Miner.run(*options(f"stratum+tcp://127.0.0.1:{port}"), "-r", "1")
        check(code == 2 and "refused" in said.lower(), f"exit code {code}:\n{said}")


def test_slow_answers_out_of_order(pool):
    """Each answer belongs to the share that its id names."""
    kept = []

    def later(_, client, message):
        if message["method"] != "mining.submit":
            return False
        kept.append(message)
        if len(kept) == 5:
            for each in kept[::-1]:
                client.pool.call_mining_submit(client, each, each["params"])
                time.sleep(0.05)
            kept.clear()
        return True
    pool.rules = [later]
    code, said = Miner.run(*options(pool.url()), "--shares", 20, "-D")
    check(code == 0 and "rejected: " not in said, f"exit code {code}:\n{said}")
    check(len(pool.accepted()) >= 20, pool.summary())


def test_rejects_are_counted(pool):
    reasons = ["Above target \x1b[31m", "Too odd"]

    def reject(_, client, message):
        if message["method"] != "mining.submit" or len(pool.shares) < 5:
            return False
        client.refuse(message, 20, reasons[message["id"] % 2])
        return True
    pool.rules, pool.difficulty = [reject], EASY / 4
    with mining(pool.url()) as miner:
        miner.expect("Above target", 60)
        alarm = wait_until("an alarm", lambda: next((line for line in miner.lines if "were rejected; so far" in line),
                                                None), 60)
        check("Above target" in alarm and "Too odd" in alarm, alarm)
        check("\x1b" not in miner.output(), "a control character got through")


def test_all_answers_are_lost(pool):
    """A pool that answers no share is silent, whatever else it says."""
    pool.rules = [lambda _, client, message: message["method"] == "mining.submit" and client is pool.clients[0]]
    with mining(pool.url(), more=["-T", "1"]) as miner:
        pool.expect_shares(3, lambda s: s.client is not pool.clients[0])
        check(miner.seen("no answer"), miner.output())


def test_requests_to_the_client(pool):
    with mining(pool.url()) as miner:
        client = pool.client()
        check(client.ask("client.get_version")["result"].startswith("exs-miner/"), "its version")
        for method in ("mining.ping", "client.ping"):
            check(client.ask(method)["result"] == "pong", "no pong")
        for method in ("client.nothing", "", "mining.submit", "\x1b" * 1000):
            check(client.ask(method)["error"], f"no error to {method!r}")
        client.send({"id": "a text", "method": "client.nothing", "params": []})
        wait_until("an answer to a text", lambda: "a text" in client.answers)
        client.tell("client.show_message", "Hello \x1b[2J\r\n\x07w\u009b31morld")
        miner.expect("Hello")
        client.sync()
        shown = next(line for line in miner.lines if "Hello" in line)
        check("orld" in shown and not set(shown) & set("\x1b\r\x07\u009b"), repr(shown))
        for i in range(200):
            client.tell("client.show_message", f"message {i}!")
        client.sync()
        check(miner.seen("message 1!") and not miner.seen("message 199!"), "messages without end")


def test_blocks(pool):
    """A share that solves a block is said, and ends the run that was to find one."""
    pool.job = {"bits": MEDIUM_BITS}
    code, said = Miner.run(*options(pool.url()), "--blocks", 1)
    check(code == 0 and "found block" in said, f"exit code {code}:\n{said}")
    block = next(s for s in pool.accepted() if s.solves())
    check(f"{block.hash:064x}" in said, "the block's hash is not said")


def test_pool_refuses_blocks_below_its_difficulty(pool):
    """As pools do where the network's target is easier than theirs, on test networks. It is not flooded with them."""
    pool.job = {"bits": 0x207FFFFF}
    with mining(pool.url()):
        for _ in range(5):
            pool.new_block()
            pool.expect_shares(2, of(pool.client().newest()))
    low = [s for s in pool.shares if s.reason == "Low difficulty share"]
    check(all(s.solves() for s in low) and len(low) < 20, f"{len(low)} shares below the difficulty")
    pool.shares = [s for s in pool.shares if s not in low]


def test_session_is_resumed(pool):
    """Shares whose answers were lost with the connection are sent again, and none is lost."""
    kept = []

    def keep(_, client, message):
        if message["method"] != "mining.submit" or client is not pool.clients[0]:
            return False
        kept.append(message["params"])
        if len(kept) == 3:
            client.close()
        return True
    pool.rules, pool.resumes = [keep], True
    with mining(pool.url()):
        pool.expect_shares(4, lambda s: s.client is not pool.clients[0])
        wait_until("the shares that were lost", lambda: all(
            any(s.params == params for s in pool.accepted()) for params in list(kept)))


def test_unauthorized(pool):
    pool.login = ("other", PASSWORD)
    code, said = Miner.run(*options(pool.url()), "-r", "0")
    check(code == 2 and "worker" in said, f"exit code {code}:\n{said}")


def test_password_is_hidden(pool):
    pool.login = ("other", PASSWORD)
    miner = Miner("-o", pool.url(f"other:{PASSWORD}@"), "-t", "1", "-D", "-P", "--kernel", "generic")
    pool.expect_shares(2)
    with open(f"/proc/{miner.process.pid}/cmdline") as f:
        check(PASSWORD not in f.read(), "the password is in the list of processes")
    check(miner.stop() == 0, miner.output())
    check(PASSWORD not in miner.output(), "the password was printed")


def test_tls(pool):
    certificates = CERTIFICATES
    ca = ["--cert", certificates.path("ca", "pem")]
    front = TlsFront(pool, certificates.context("good"))
    for url in (front.url(), front.url("localhost", "tls")):
        with mining(url, more=ca):
            pool.expect_shares(3, from_now())
    check(front.names == [None, "localhost"], f"names asked for: {front.names}")
    fronts = [front]
    for name, text in [("expired", "expired"), ("elsewhere", "another host"), ("untrusted", "certificate")]:
        fronts.append(TlsFront(pool, certificates.context(name)))
        code, said = Miner.run(*options(fronts[-1].url()), *ca, "-r", "0")
        check(code == 2 and text in said, f"{name}: exit code {code}:\n{said}")
    # The system's certificates know nothing of the test's; and a pool without TLS is none with it.
    code, said = Miner.run(*options(front.url()), "-r", "0")
    check(code == 2 and "certificate" in said, f"exit code {code}:\n{said}")
    code, said = Miner.run(*options(pool.url().replace("tcp", "ssl")), *ca, "-r", "0", "-T", "2")
    check(code == 2, f"exit code {code}:\n{said}")
    with mining(fronts[1].url(), more=["--no-check-cert"]):
        pool.expect_shares(3, from_now())
    pool.complaints.clear()  # the greeting of TLS is no line
    for each in fronts:
        each.stop()


def test_socks5(pool):
    proxy, guarded = Socks5Proxy(), Socks5Proxy(login=("me", PASSWORD))
    with mining(pool.url(), more=["-x", proxy.url()]):
        pool.expect_shares(3)
    check(proxy.asked == [("127.0.0.1", pool.port)], f"{proxy.asked}")
    with mining(pool.url(host="localhost"), more=["-x", guarded.url(f"me:{PASSWORD}@", "socks5h")]) as miner:
        pool.expect_shares(3, from_now())
    check(guarded.asked == [("localhost", pool.port)], f"{guarded.asked}")
    check(PASSWORD not in miner.output(), "the password was printed")
    for url in (guarded.url(), guarded.url("me:wrong@")):
        code, said = Miner.run(*options(pool.url()), "-x", url, "-r", "0")
        check(code == 2 and "proxy" in said.lower(), f"exit code {code}:\n{said}")
    proxy.reply = 5
    code, said = Miner.run(*options(pool.url()), "-x", proxy.url(), "-r", "0")
    check(code == 2 and "refuse" in said, f"exit code {code}:\n{said}")
    proxy.silent = True
    code, said = Miner.run(*options(pool.url()), "-x", proxy.url(), "-r", "0", "-T", "1")
    check(code == 2, f"exit code {code}:\n{said}")
    front = TlsFront(pool, CERTIFICATES.context("good"))
    proxy.silent, proxy.reply = False, 0
    with mining(front.url(), more=["-x", proxy.url(), "--cert", CERTIFICATES.path("ca", "pem")]):
        pool.expect_shares(3, from_now())
    for each in (proxy, guarded, front):
        each.stop()


def test_failover(pool):
    second = FakePool(difficulty=EASY)
    with mining(pool.url(), second.url()):
        pool.expect_shares(3)
        pool.stop()
        second.expect_shares(3)
        pool.start()
        pool.expect_shares(3, lambda s: s.client is not pool.clients[0])
    second.check_manners()
    second.stop()


def test_load_balance(pool):
    others = [FakePool(difficulty=EASY), FakePool(difficulty=EASY)]
    urls = [each.url() for each in (pool, *others)]
    with mining(*urls, more=["--pool-strategy", "load-balance", "--quota", "1", "--quota", "2", "--quota", "1"]):
        for each in (pool, *others):
            each.expect_shares(10)
        others[0].stop()
        pool.expect_shares(5, from_now())
    for each in others:
        each.check_manners()
        each.stop()


def test_round_robin(pool):
    other = FakePool(difficulty=EASY)
    with mining(pool.url(), other.url(), more=["--pool-strategy", "round-robin", "--rotate", "1"]):
        pool.expect_shares(3)
        other.expect_shares(3)
        pool.expect_shares(3, from_now())
    other.check_manners()
    other.stop()


CERTIFICATES = None
# Most of the time is spent on waiting.
AT_ONCE = 4


def run_case(name, case):
    began = time.monotonic()
    pool = FakePool(difficulty=EASY)
    try:
        case(pool)
        pool.check_manners()
    except Exception as error:
        raise AssertionError(f"{name}: {error}") from error
    finally:
        pool.stop()
    print(f"{name[5:]}: {time.monotonic() - began:.1f} s, {len(pool.shares)} shares", flush=True)


def test(folder):
    global CERTIFICATES
    CERTIFICATES = Certificates(folder)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
        # Those that take longest first: see the list's end.
        waiting = [executor.submit(run_case, *each) for each in cases(globals())[::-1]]
        done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_EXCEPTION)
        for each in waiting:
            each.cancel()
        for each in done:
            each.result()


if __name__ == "__main__":
    main(test)
