"""Chromium without a window, spoken to over a pipe (its DevTools protocol), and kept from every network."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time

from harness import PATIENCE, Skip, check

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
         "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--metrics-recording-only",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"]


class Browser:
    def __init__(self, folder):
        binary = next(filter(None, map(shutil.which, NAMES)), None)
        if not binary:
            raise Skip("no chromium")
        self.sent, self.buffer, self.events, self.pid = 0, b"", [], None
        # It reads commands from its descriptor 3 and writes answers to 4; ours are moved out of their way.
        theirs_in, self.to = map(self._above, os.pipe())
        self.answers, theirs_out = map(self._above, os.pipe())
        log = os.path.join(folder, "browser.log")
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                   (os.POSIX_SPAWN_DUP2, 1, 2), (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                   (os.POSIX_SPAWN_DUP2, theirs_out, 4)]
        command = [binary, *FLAGS, f"--user-data-dir={folder}/browser", "about:blank"]
        # A group of its own, so that all of its processes can be ended.
        self.pid = os.posix_spawn(binary, command, {**os.environ, "HOME": folder}, file_actions=actions,
                                  setpgroup=0)
        os.close(theirs_in)
        os.close(theirs_out)

    @staticmethod
    def _above(descriptor):
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(descriptor)
        return moved

    def _receive(self, seconds):
        """One message, or None where none comes in time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                return None
            data = os.read(self.answers, 1 << 16)
            check(data, "the browser ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        """The result of a command; events that come meanwhile are kept."""
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        end = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < end:
            answer = self._receive(end - time.monotonic())
            if answer and answer.get("id") == self.sent:
                check("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]
            if answer and "method" in answer:
                self.events.append(answer)
        raise AssertionError(f"the browser did not answer {method}")

    def wait_for(self, method, session):
        """Takes events up to one of this name."""
        end = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < end:
            for event in self.events:
                if event["method"] == method and event.get("sessionId") == session:
                    return event
            event = self._receive(end - time.monotonic())
            if event and "method" in event:
                self.events.append(event)
        raise AssertionError(f"waited in vain for the browser's {method}")

    def close(self):
        """Ends it and all of its processes, whatever state it is in."""
        if self.pid is None:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.to)
        os.close(self.answers)
        self.pid = None


class Page:
    """A page that has been loaded at this width, and what happened meanwhile."""

    def __init__(self, browser, url, width=1440, height=900, dark=False):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        self.first = len(browser.events)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 700)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        failed = self.call("Page.navigate", url=url).get("errorText")
        check(not failed, f"{url}: {failed}")
        browser.wait_for("Page.loadEventFired", self.session)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        check("exceptionDetails" not in result, f"{expression}: {result.get('exceptionDetails')}")
        return result["result"].get("value")

    def events(self, *methods):
        return [event["params"] for event in self.browser.events[self.first:]
                if event.get("sessionId") == self.session and event["method"] in methods]

    def requests(self):
        """The addresses that the page asked for."""
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def complaints(self):
        """What a console would show: errors and warnings, of the page and of its policy."""
        logged = [event["entry"]["text"] for event in self.events("Log.entryAdded")]
        thrown = [event["exceptionDetails"]["text"] for event in self.events("Runtime.exceptionThrown")]
        said = [str(event["args"]) for event in self.events("Runtime.consoleAPICalled")]
        return logged + thrown + said

    def screenshot(self, path, whole=True):
        image = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(image["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
