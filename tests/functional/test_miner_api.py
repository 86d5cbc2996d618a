#!/usr/bin/env python3
"""What watches exs-miner: cgminer's API and Prometheus' metrics, on a pool and on a node."""

import contextlib
import http.client
import json
import os
import socket
import threading

from fake_net import Certificates, Socks5Proxy, TlsFront
from fake_node import FakeNode
from fake_pool import FakePool
from harness import PATIENCE, Miner, check, closed_port, main, run_cases, wait_until

PASSWORD = "hunter2-is-secret"
EASY = 2e-5 if PATIENCE == 1 else 5e-6
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


def address_after(miner, text):
    """Where the miner says that it listens."""
    miner.expect(text)
    line = next(line for line in miner.lines if text in line)
    host, port = line.split(text)[1].removesuffix("/metrics").rsplit(":", 1)
    return host.strip(), int(port)


class Api:
    def __init__(self, miner):
        self.address = address_after(miner, "the API listens on ")

    def raw(self, request, close=False):
        """Bytes until the miner closes."""
        with socket.create_connection(self.address, timeout=20 * PATIENCE) as s:
            s.sendall(request)
            if close:
                s.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while data := s.recv(65536):
                    answer += data
            return answer

    def ask(self, command, parameter=None):
        request = {"command": command}
        if parameter is not None:
            request["parameter"] = parameter
        answer = self.raw(json.dumps(request).encode())
        check(answer.endswith(b"\0") and answer.count(b"\0") == 1, f"no zero byte at the end: {answer[-20:]!r}")
        check(PASSWORD.encode() not in answer, "the password is in the answer")
        return json.loads(answer[:-1])

    def one(self, command, section, parameter=None):
        answer = self.ask(command, parameter)
        check(answer["STATUS"][0]["STATUS"] == "S", f"{command}: {answer}")
        return answer[section]

    def code(self, command, parameter=None):
        status = self.ask(command, parameter)["STATUS"][0]
        return status["STATUS"], status["Code"]


@contextlib.contextmanager
def watched(*urls, more=()):
    sources = [part for url in urls for part in ("-o", url)]
    miner = Miner(*sources, "-u", "worker", "-p", PASSWORD, "-R", "1", "-t", "1", "--kernel", "generic",
                  "--api-bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0", *more)
    yield miner, Api(miner)
    check(miner.stop() == 0, f"exit code {miner.process.returncode}:\n{miner.output()}")
    check(PASSWORD not in miner.output(), "the password was printed")


def test_reports_on_a_pool(pool):
    with watched(pool.url()) as (miner, api):
        pool.expect_shares(5)
        miner.expect("accepted: a share")
        summary = wait_until("an accepted share", lambda: (s := api.one("summary", "SUMMARY")[0])["Accepted"] and s)
        for name in ("MHS av", "MHS 5s", "MHS 1m", "MHS 5m", "MHS 15m", "Total MH", "Difficulty Accepted"):
            check(isinstance(summary[name], float) and summary[name] >= 0, f"{name}: {summary}")
        for name in ("Elapsed", "Rejected", "Stale", "Hardware Errors", "Found Blocks", "Best Share", "Getworks"):
            check(isinstance(summary[name], int), f"{name}: {summary}")
        check(summary["MHS av"] > 0 and summary["Hardware Errors"] == 0, f"{summary}")
        # Both are of later moments, in this order.
        devs = api.one("devs", "DEVS")
        check(len(devs) == 1 and devs[0]["CPU"] == 0 and devs[0]["Status"] == "Alive", f"{devs}")
        check(devs[0]["Accepted"] >= summary["Accepted"], f"{devs} {summary}")
        pools = api.one("pools", "POOLS")
        check(len(pools) == 1 and pools[0]["URL"] == pool.url() and pools[0]["User"] == "worker", f"{pools}")
        check(pools[0]["Status"] == "Alive" and pools[0]["Stratum Active"] is True, f"{pools}")
        check(pools[0]["Accepted"] >= devs[0]["Accepted"], f"{pools} {devs}")
        check(pools[0]["Current Block Height"] == 1000 and pools[0]["Stratum Difficulty"] > 0, f"{pools}")
        check(api.one("config", "CONFIG")[0]["Pool Count"] == 1, "config")
        check(len(api.one("coin", "COIN")[0]["Current Block Hash"]) == 64, "coin")
        check(api.one("stats", "STATS")[-1]["ID"] == "POOL0", "stats")
        check(api.one("devdetails", "DEVDETAILS")[0]["Kernel"] == "generic", "devdetails")
        both = api.ask("version+config+version")
        check(set(both) == {"version", "config", "id"}, f"{both}")
        text = api.raw(b"summary")
        check(text.startswith(b"STATUS=S,When=") and b"|SUMMARY,Elapsed=" in text and text.endswith(b"|\0"), f"{text}")


def test_malformed(pool):
    with watched(pool.url()) as (_, api):
        for request in (b"{", b'{"command":', b'{"command":5}', b"{}", b"{]", b'{"command":"nosuch"}', b"\xff\n",
                        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"x" * 9000, b"{" * 9000,
                        b'{"command":"zero","parameter":{}}'):
            answer = api.raw(request)
            check(b'"STATUS":"E"' in answer or b"STATUS=E," in answer, f"{request[:40]} -> {answer}")
        check(api.raw(b"", close=True) == b"", "nothing was answered with something")
        check(api.code("version") == ("S", 22), "it does not answer any more")


def test_pools_are_changed(pool):
    other, third = FakePool(difficulty=EASY), FakePool(difficulty=EASY)
    with watched(pool.url(), other.url()) as (_, api):
        pool.expect_shares(2)
        check(api.code("switchpool", 1) == ("S", 27), "switchpool")
        other.expect_shares(2)
        check(api.code("disablepool", "1") == ("S", 48), "disablepool")
        check(api.code("disablepool", "1") == ("I", 50), "disablepool again")
        check(api.code("disablepool", "0") == ("E", 51), "the last one was disabled")
        check(api.code("enablepool", "1") == ("S", 47), "enablepool")
        added = api.ask("addpool", f"{third.url()},a\\,b,{PASSWORD}")["STATUS"][0]
        check(added["Code"] == 55 and third.url() in added["Msg"], f"{added}")
        check([p["URL"] for p in api.one("pools", "POOLS")] == [pool.url(), other.url(), third.url()], "not added")
        check(api.code("addpool", f"http://x/,a,{PASSWORD}")[0] == "E", "a node was added to pools")
        check(api.code("switchpool", 2) == ("S", 27), "switchpool to the added one")
        third.expect_shares(2)
        check(list(third.client().workers) == ["a,b"], f"{third.client().workers}")
        check(api.code("removepool", "0") == ("S", 68), "removepool")
        check(len(api.one("pools", "POOLS")) == 2, "not removed")
        check(api.code("zero", "all,false") == ("S", 97), "zero")
        check(api.one("summary", "SUMMARY")[0]["Elapsed"] <= 5 * PATIENCE, "not zeroed")
    other.stop()
    third.stop()


def test_wrong_options(pool):
    for option, said in (("--cpu-budget=140%", "--cpu-budget"),
                         ("--display=big", "--display"), ("--algo=scrypt", "sha256d"), ("--device=x", "--device"),
                         ("--pool-strategy=x", "--pool-strategy"), ("--url=http://x/", "one of the two"),
                         ("--profile=/nonexistent/x", "--profile"), ("--instance-type=x9.small", "x9.small")):
        code, text = Miner.run("-o", pool.url(), "-t", "1", option)
        check(code == 1 and said in text, f"{option}: exit code {code}:\n{text}")


def test_quit(pool):
    with watched(pool.url()) as (miner, api):
        check(api.raw(b'{"command":"quit"}') == b'{"STATUS":"BYE","id":1}\0', "quit")
        check(miner.wait() == 0, miner.output())


def test_access(pool):
    with watched(pool.url(), more=["--api-allow", "R:127.0.0.1"]) as (_, api):
        check(api.code("privileged") == ("E", 45), "privileged without the right")
        check(api.code("quit") == ("E", 45), "quit without the right")
        check(api.one("check", "CHECK", "quit") == [{"Exists": "Y", "Access": "N"}], "check")
        check(api.code("summary") == ("S", 11), "summary")
    with watched(pool.url(), more=["--api-allow", "W:10.0.0.1"]) as (_, api):
        check(api.raw(b'{"command":"version"}') == b"", "somebody else was answered")
    for wrong in ("X:1.2.3.4", "1.2.3.4/33", "::1"):
        code, said = Miner.run("-o", pool.url(), "--api-listen", "--api-allow", wrong, "-t", "1")
        check(code == 1 and "--api-allow" in said, f"{wrong}: {code} {said}")
    code, said = Miner.run("-o", pool.url(), "--api-bind", "127.0.0.1:99999", "-t", "1")
    check(code == 1 and "is not an address:port" in said, said)


def test_solo(_):
    node = FakeNode(user="worker", password=PASSWORD)
    with watched(node.url, more=["--coinbase-addr", ADDRESS]) as (miner, api):
        miner.expect("accepted: block")
        summary = wait_until("an accepted block", lambda: (s := api.one("summary", "SUMMARY")[0])["Accepted"] and s)
        check(summary["Found Blocks"] >= 1, f"{summary}")
        pools = api.one("pools", "POOLS")
        check(pools[0]["Has GBT"] is True and pools[0]["Has Stratum"] is False, f"{pools}")
        check(pools[0]["URL"] == node.url and pools[0]["Accepted"] >= 1, f"{pools}")
        check(api.one("devs", "DEVS")[0]["Accepted"] >= 1, "devs")
        check(api.code("switchpool", "0") == ("E", 1000), "switchpool on a node")
    node.stop()


def get(address, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection(*address, timeout=20 * PATIENCE)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def test_metrics(pool):
    with watched(pool.url()) as (miner, _):
        address = address_after(miner, "metrics for Prometheus are at http://")
        pool.expect_shares(3)
        miner.expect("accepted: a share")
        label = f'{{pool="0",url="{pool.url()}",result="accepted"}}'
        samples = {}

        def accepted():
            status, kind, text = get(address)
            check(status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8", f"{status} {kind}")
            samples.clear()
            for line in text.splitlines():
                if not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    check(name not in samples, f"{name} is there twice")
                    samples[name] = float(value)
            return samples["exs_miner_shares_total" + label]

        wait_until("an accepted share in the metrics", accepted)
        check(samples['exs_miner_hashes_total{device="cpu0"}'] > 0, f"{samples}")
        check(samples["exs_miner_share_difficulty_total" + label] > 0, f"{samples}")
        check(samples["exs_miner_block_height"] == 1000, f"{samples}")
        check(get(address, "/")[0] == 404 and get(address, method="POST")[0] == 405, "not refused")
        status, _, text = get(address, method="HEAD")
        check(status == 200 and text == "", "HEAD")


def test_many_clients(pool):
    """Slow and silent ones keep nobody else from an answer for long, and all of them ask at once."""
    with watched(pool.url()) as (_, api):
        silent = [socket.create_connection(api.address) for _ in range(8)]
        wrong = []

        def ask():
            for _ in range(10):
                if api.code("summary") != ("S", 11):
                    wrong.append(1)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(not wrong, "wrong answers")
        for s in silent:
            s.close()


def test_background(pool):
    """The caller waits until all is up; errors before that are his."""
    path, pid = os.path.join(FOLDER, "log"), os.path.join(FOLDER, "pid")
    options = ["-o", pool.url(), "-t", "1", "--kernel", "generic", "-B", "--log-file", path, "--pid-file", pid]
    code, said = Miner.run(*options, "--api-bind", "256.0.0.1:1")
    check(code == 1 and "--api-bind" in said, f"{code} {said}")
    check(not os.path.exists(pid), "the pid file was left")
    code, said = Miner.run(*options, seconds=30)
    check(code == 0, f"{code} {said}")
    with open(pid) as f:
        number = int(f.read())
    try:
        pool.expect_shares(2)
        code, said = Miner.run(*options)
        check(code == 1 and "another exs-miner" in said, f"{code} {said}")
    finally:
        os.kill(number, 15)
    wait_until("the end of the one in the background", lambda: not os.path.exists(pid))
    with open(path) as f:
        check("accepted: a share" in f.read(), "no share in the log")


def test_routes_to_nodes(_):
    """Nodes are reached through a proxy and TLS as pools are."""
    certificates, node = Certificates(FOLDER), FakeNode(user="u", password=PASSWORD)
    options = ["-u", "u", "-p", PASSWORD, "-t", "1", "--coinbase-addr", ADDRESS, "--blocks", "2", "-r", "0"]
    proxy, front = Socks5Proxy(), TlsFront(node, certificates.context("good"))
    tls, ca = f"https://127.0.0.1:{front.port}/", ["--cert", certificates.path("ca", "pem")]
    cases = [(0, [node.url, "-x", proxy.url()]), (2, [node.url, "-x", f"socks5://127.0.0.1:{closed_port()}"]),
             (0, [tls, *ca]), (2, [tls]), (0, [tls, "--no-check-cert"])]
    for expected, route in cases:
        code, said = Miner.run("-o", *route, *options)
        check(code == expected and PASSWORD not in said, f"{route}: exit code {code}:\n{said}")
    for each in (front, proxy, node):
        each.stop()


def test_protocol_dump(pool):
    """What is said is logged, but for who says it; on a pool and on a node."""
    pool.login = ("worker", PASSWORD)
    miner = Miner("-o", pool.url(), "-u", "worker", "-p", PASSWORD, "-P", "-t", "1", "--kernel", "generic")
    for text in ("> mining.authorize, not shown", '> {"id":', '< {"id":', '"mining.notify"'):
        miner.expect(text)
    check(miner.stop() == 0 and PASSWORD not in miner.output(), miner.output())
    node = FakeNode(user="worker", password=PASSWORD)
    miner = Miner("-o", node.url, "-u", "worker", "-p", PASSWORD, "-P", "-t", "1", "--coinbase-addr", ADDRESS)
    for text in ('"method":"getblocktemplate"', '< {"result":', '"method":"submitblock"'):
        miner.expect(text)
    check(miner.stop() == 0 and PASSWORD not in miner.output(), miner.output())
    node.stop()


FOLDER = None


def test(folder):
    global FOLDER
    FOLDER = folder
    run_cases(globals(), lambda: FakePool(difficulty=EASY))


if __name__ == "__main__":
    main(test)
