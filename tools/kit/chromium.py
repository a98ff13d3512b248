# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, driven by the DevTools protocol over a pipe: JSON messages that end in a zero byte, on the child's
descriptors 3 and 4. It trusts what its user has told it to trust (an NSS database in its own home), nothing else; its
microphone is a WAV file that repeats."""
import fcntl
import itertools
import json
import os
import pathlib
import queue
import shutil
import threading
import time

from .process import Process, ProcessError, Running, run

PROGRAM = shutil.which("chromium")
CERTUTIL = shutil.which("certutil")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--password-store=basic",
    # pages that are not in front keep their timers
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    # voice over loopback, by address
    "--use-fake-device-for-media-stream", "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required", "--remote-debugging-pipe")


def missing():
    """Why Chromium cannot be used here, or None."""
    if not PROGRAM:
        return "chromium is not installed (Debian: chromium)"
    if not CERTUTIL:
        return "certutil is not installed (Debian: libnss3-tools)"
    return None


class Chromium(Running):
    """One browser. `trusted`: a CA certificate its user has imported as an authority, or None. `says`: a WAV file."""

    def __init__(self, folder, trusted=None, says=None):
        self.folder = pathlib.Path(folder)
        home = self.folder / "home"
        database = home / ".pki/nssdb"
        database.mkdir(parents=True)
        run([CERTUTIL, "-N", "-d", f"sql:{database}", "--empty-password"])
        if trusted:
            run([CERTUTIL, "-A", "-d", f"sql:{database}", "-n", "test authority", "-t", "C,,", "-i", trusted])
        self._numbers = itertools.count(1)
        self._answers, self._pages = {}, {}
        self._lock = threading.Lock()
        argv = [PROGRAM, *FLAGS, f"--user-data-dir={self.folder / 'profile'}"]
        if says:
            argv.append(f"--use-file-for-fake-audio-capture={says}")
        self._start([*argv, "about:blank"], dict(os.environ, HOME=str(home), XDG_CONFIG_HOME=str(home), XDG_CACHE_HOME=str(home)))
        try:
            self.call("Browser.getVersion", timeout=120.0)  # starting is what takes long on a busy machine
        except (ProcessError, OSError):
            self.process.stop()
            raise

    def _start(self, argv, environment):
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        # above 9, so that moving one to its place does not close the other
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (theirs_in, theirs_out)]
        script = f'exec "$@" 3<&{high[0]} 4>&{high[1]}'
        try:
            self.process = Process(["/bin/bash", "-c", script, "bash", *argv], env=environment, pass_fds=high)
        finally:
            for each in (theirs_in, theirs_out, *high):
                os.close(each)
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._in = os.fdopen(ours_in, "rb")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        rest = b""
        while chunk := self._in.read1(65536):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                with self._lock:
                    where = self._answers.pop(message.get("id"), None) or self._pages.get(message.get("sessionId"))
                if where:
                    where.put(message)

    def call(self, method, session=None, timeout=30.0, **parameters):
        """One DevTools method; its result. Raises with what Chromium said when it refuses."""
        number, answer = next(self._numbers), queue.Queue()
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        with self._lock:
            self._answers[number] = answer
            self._out.write(json.dumps(message).encode() + b"\0")
        try:
            found = answer.get(timeout=timeout)
        except queue.Empty:
            raise ProcessError(f"{method}: no answer within {timeout} s\n" + self.process.output()) from None
        if "error" in found:
            raise ProcessError(f"{method}: {found['error']}")
        return found["result"]

    def person(self):
        """A browser context of its own: other storage, other permissions."""
        return Person(self, self.call("Target.createBrowserContext", disposeOnDetach=True)["browserContextId"])

    def attach(self, target, events):
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        with self._lock:
            self._pages[session] = events
        return session

    def stop(self):
        if self.process.child.poll() is None:
            try:
                self.call("Browser.close", timeout=10.0)
                self.process.child.wait(10.0)
            except (ProcessError, OSError, TimeoutError):
                pass  # ended by its id below
        self.process.stop()
        self._reader.join(5.0)
        self._out.close()
        self._in.close()


class Person:
    def __init__(self, browser, context):
        self.browser, self.context = browser, context

    def may_use_microphone(self, origin, setting):
        """What the person has told the browser: "granted" or "denied"."""
        self.browser.call("Browser.setPermission", permission={"name": "microphone"}, setting=setting, origin=origin,
                          browserContextId=self.context)

    def open(self, url, before=""):
        """A page; `before` is a script that runs ahead of its own."""
        return Page(self.browser, self.context, url, before)

    def leave(self):
        """Closes every page of theirs, without asking the pages."""
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)


class Page:
    """One tab, and everything it has logged, asked for and thrown."""

    def __init__(self, browser, context, url, before):
        self.browser = browser
        self._events = queue.Queue()
        self.seen = []
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.attach(target, self._events)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        if before:
            self.send("Page.addScriptToEvaluateOnNewDocument", source=before)
        self.failure = self.send("Page.navigate", url=url).get("errorText")

    def send(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        """The JSON value of an expression, a promise awaited, as if the person had just clicked."""
        found = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in found:
            raise ProcessError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def until(self, expression, timeout=30.0):
        """Asks until the expression is true; its value."""
        deadline = time.monotonic() + timeout
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                shown = self.evaluate("document.body.innerText")
                raise ProcessError(f"not within {timeout} s: {expression}\nThe page shows:\n{shown}\nIt logged: {self.complaints()}")
            time.sleep(0.05)

    def type(self, text):
        """Into whatever has the keyboard."""
        self.send("Input.insertText", text=text)

    def press(self, key, code=None, text=None):
        shared = {"key": key, "code": code or key, "windowsVirtualKeyCode": {"Enter": 13, "Tab": 9, " ": 32}.get(key, ord(key[0]))}
        self.send("Input.dispatchKeyEvent", type="keyDown", **shared, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **shared)

    def events(self, method):
        """The parameters of every event of that name so far."""
        while not self._events.empty():
            self.seen.append(self._events.get())
        return [event["params"] for event in self.seen if event.get("method") == method]

    def complaints(self):
        """What the page threw, and what the browser logged about it (violations of its policy among them)."""
        return [*(each["exceptionDetails"] for each in self.events("Runtime.exceptionThrown")),
                *(each["entry"]["text"] for each in self.events("Log.entryAdded"))]

    def requested(self):
        """Every address the page has asked for."""
        return [each["request"]["url"] for each in self.events("Network.requestWillBeSent")] + [
            each["url"] for each in self.events("Network.webSocketCreated")]
