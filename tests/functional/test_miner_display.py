#!/usr/bin/env python3
"""exs-miner on a terminal: the full screen, its keys, and that the terminal is given back at every end."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from fake_node import FakeNode
from fake_pool import FakePool
from harness import PATIENCE, Miner, Skip, check, main, run_cases, wait_until

EASY = 2e-5 if PATIENCE == 1 else 5e-6
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
TAKEN, GIVEN = b"\033[?1049h", b"\033[?1049l"


class Terminal:
    """A terminal with a job on it, as a shell would start one; the job's stops and its end are told through a pipe."""

    def __init__(self, *command, rows=30, columns=100):
        told, tell = os.pipe()
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            raise Skip(f"no terminal: {error}") from None
        if self.pid == 0:
            os.close(told)
            self.shell(command, tell)
        os.close(tell)
        self.told, self.said, self.job = os.fdopen(told), b"", None
        self.resize(rows, columns)
        self.job = int(self.told.readline())

    @staticmethod
    def shell(command, tell):
        """Never returns: starts the job in the foreground and waits for it."""
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.environ["TERM"] = "xterm"
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpgrp())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execv(command[0], command)
        os.write(tell, b"%d\n" % job)
        while True:
            _, status = os.waitpid(job, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                os.write(tell, b"stopped\n")
                continue
            os.write(tell, b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.1):
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.said += data

    def expect(self, text, seconds=20):
        def seen():
            self.read()
            return text in self.said
        with contextlib.suppress(AssertionError):
            wait_until(f"{text!r}", seen, seconds)
        check(text in self.said, f"{text!r} was not shown: {self.said[-3000:].decode(errors='replace')}")

    def forget(self):
        self.read()
        self.said = b""

    def news(self, seconds=20):
        """What the shell tells next; the terminal is read meanwhile."""
        end = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < end:
            if select.select([self.told], [], [], 0.02)[0]:
                return self.told.readline().strip()
            self.read(0)
        raise AssertionError(f"nothing happened: {self.said[-3000:].decode(errors='replace')}")

    def is_raw(self):
        return not termios.tcgetattr(self.fd)[3] & (termios.ECHO | termios.ICANON)

    def end(self):
        self.read()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            os.kill(self.job, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.told.close()


def full(pool, *more, **size):
    return Terminal(Miner.path, "-o", pool.url(), "-u", "worker", "-t", "1", "--kernel", "generic",
                    "--display", "full", *more, **size)


def given_back(terminal):
    terminal.read()
    check(terminal.said.rfind(GIVEN) > terminal.said.rfind(TAKEN), "the screen was not given back")
    check(not terminal.is_raw(), "the terminal's modes were left changed")


def test_keys(pool):
    terminal = full(pool)
    terminal.expect(b"CPU 0 ")
    check(terminal.said.count(TAKEN) == 1 and terminal.is_raw(), "the screen was not taken")
    terminal.expect(pool.url().encode())
    terminal.expect(b"accepted: a share")
    check(b"q quit" not in terminal.said, "help is shown")
    os.write(terminal.fd, b"h")
    terminal.expect(b"q quit")
    os.write(terminal.fd, b"d")
    terminal.expect(b"q quit")
    terminal.forget()
    terminal.expect(b"-- log")
    check(b"CPU 0 " not in terminal.said.split(b"-- log")[-2], "devices are shown")
    os.write(terminal.fd, b"xq")
    check(terminal.news() == "0", "exit code")
    given_back(terminal)
    check(b"accepted" in terminal.said.split(GIVEN)[-1], "the end of the log is not left on the terminal")
    terminal.end()


def test_sizes(pool):
    terminal = full(pool, rows=8, columns=30)
    for rows, columns in ((8, 30), (2, 21), (60, 200), (1, 1), (24, 80)):
        terminal.resize(rows, columns)
        terminal.forget()
        terminal.expect(b"exs-miner")
        terminal.expect(b"\033[H", 5)
    check(terminal.job and os.kill(terminal.job, signal.SIGINT) is None and terminal.news() == "0", "exit code")
    given_back(terminal)
    terminal.end()


def test_suspended(pool):
    terminal = full(pool)
    terminal.expect(b"CPU 0 ")
    os.write(terminal.fd, b"\032")
    check(terminal.news() == "stopped", "Ctrl-Z does not stop it")
    given_back(terminal)
    terminal.forget()
    os.kill(terminal.job, signal.SIGCONT)
    terminal.expect(TAKEN)
    terminal.expect(b"CPU 0 ")
    check(terminal.is_raw(), "keys are not read")
    os.write(terminal.fd, b"\003")
    check(terminal.news() == "0", "exit code")
    given_back(terminal)
    terminal.end()


def test_crash(pool):
    """What ends it by surprise gives the terminal back too."""
    if PATIENCE != 1:
        return  # the sanitizers take these signals
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
        terminal = full(pool)
        terminal.expect(b"CPU 0 ")
        os.kill(terminal.job, number)
        check(terminal.news() == str(-number), "it did not end")
        given_back(terminal)
        terminal.end()


def test_stopped_terminal(_):
    """Nobody reads the terminal: blocks are found and submitted, and the end comes."""
    node = FakeNode(user="u", password="p")
    terminal = Terminal(Miner.path, "-o", node.url, "-u", "u", "-p", "p", "--coinbase-addr", ADDRESS, "-t", "1",
                        "-D", "--display", "full")
    # Much more than a terminal and a pipe hold.
    wait_until("many blocks", lambda: node.chain.height() > 500, 120)
    os.kill(terminal.job, signal.SIGTERM)
    wait_until("its end", lambda: select.select([terminal.told], [], [], 0.02)[0])
    check(terminal.news() == "0", "exit code")
    terminal.end()
    node.stop()


def test(_):
    run_cases(globals(), lambda: FakePool(difficulty=EASY))


if __name__ == "__main__":
    main(test)
