# SPDX-License-Identifier: Apache-2.0
"""A child process whose output is read line by line, so that tests wait for events, never for time."""
import itertools
import json
import os
import queue
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time


class ProcessError(Exception):
    pass


class Process:
    """One child. Ended by its own id when the `with` block ends, whatever happened inside."""

    def __init__(self, argv, env=None, stdin=False, cwd=None, pass_fds=()):
        self.argv = [str(word) for word in argv]
        self.lines = []
        self._queue = queue.Queue()
        self._said = threading.Condition()
        self.child = subprocess.Popen(
            self.argv, env=env, cwd=cwd, text=True, errors="replace", pass_fds=pass_fds,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.child.stdout:
            line = line.rstrip("\n")
            with self._said:
                self.lines.append(line)
                self._said.notify_all()
            self._queue.put(line)
        self._queue.put(None)

    def wait_line(self, accept, timeout=20.0):
        """The first unread line for which accept(line) is true. Raises with the output when it never comes."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ProcessError(f"{self.argv[0]} did not say it within {timeout} s:\n" + self.output()) from None
            if line is None:
                self._queue.put(None)
                raise ProcessError(f"{self.argv[0]} ended ({self.child.wait()}) before saying it:\n" + self.output())
            if accept(line):
                return line

    def wait_json(self, accept=lambda value: True, timeout=20.0):
        """The first line that is a JSON object accept() agrees with."""
        found = {}

        def check(line):
            try:
                value = json.loads(line)
            except ValueError:
                return False
            if isinstance(value, dict) and accept(value):
                found.update(value)
                return True
            return False

        self.wait_line(check, timeout)
        return found

    def wait_said(self, count, found, timeout=20.0):
        """What found(lines) picks of every line said so far, read or unread, once that is `count` of them."""
        with self._said:
            if not self._said.wait_for(lambda: len(found(self.lines)) >= count, timeout):
                raise ProcessError(f"{self.argv[0]} did not say it {count} times within {timeout} s:\n" + self.output())
            return found(self.lines)

    def write(self, text):
        self.child.stdin.write(text)
        self.child.stdin.flush()

    def close_input(self):
        self.child.stdin.close()

    def wait(self, timeout=30.0):
        try:
            code = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ProcessError(f"{self.argv[0]} still runs after {timeout} s:\n" + self.output()) from None
        self._reader.join(5.0)
        return code

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, grace=10.0):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(grace)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self._reader.join(5.0)
        if any("Sanitizer" in line or "runtime error:" in line for line in self.lines):
            raise ProcessError("a sanitizer spoke:\n" + self.output(200))
        return self.child.returncode

    def output(self, last=60):
        return "\n".join(self.lines[-last:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Running:
    """A program that runs as `self.process`, until its `with` block ends."""

    def wait(self, text, timeout=15.0):
        """The next line of its output with that text."""
        return self.process.wait_line(lambda line: text in line, timeout)

    def stop(self):
        return self.process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class NotifySocket:
    """The other end of sd_notify(3): lets a test await READY=1, RELOADING=1 or STOPPING=1."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sallyport-notify-")
        self.path = os.path.join(self.folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self._pending = []

    def wait(self, word, alive, timeout=30.0):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for index, message in enumerate(self._pending):
                if word in message:
                    del self._pending[: index + 1]
                    return message
            self.socket.settimeout(0.2)
            try:
                self._pending.append(self.socket.recv(4096).decode())
            except socket.timeout:
                if not alive():
                    return None
        return None

    def close(self):
        self.socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
        os.rmdir(self.folder)


def run(argv, timeout=60.0, check=True, env=None, say=""):
    """Runs to the end, with `say` as its standard input, and returns the completed process; raises with its output
    when check fails."""
    done = subprocess.run([str(word) for word in argv], text=True, errors="replace", capture_output=True,
                          timeout=timeout, env=env, input=say)
    if check and done.returncode != 0:
        raise ProcessError(f"{' '.join(done.args)} -> {done.returncode}\n{done.stdout}{done.stderr}")
    return done


# Below the ports the system hands out by itself (Linux: from 32768), in one share for each test worker beside others.
# Each port is handed out once before any comes again, so that nobody takes it between the look and the use.
_SHARES, _SHARE, _FIRST = 8, 1500, 20000
_share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _SHARES
_turn = itertools.count(random.randrange(_SHARE))


def free_port(host="127.0.0.1", neighbours=1):
    """A port that is free now, for TCP and UDP; with its `neighbours` - 1 successors, when more are wanted."""
    for _ in range(_SHARE):
        offsets = [next(_turn) % _SHARE for _ in range(neighbours)]
        if offsets[-1] < offsets[0]:
            continue  # the share's end lies between them
        first = _FIRST + _share * _SHARE + offsets[0]
        if all(_is_free(host, first + each) for each in range(neighbours)):
            return first
    raise ProcessError("no port is free")


def _is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def await_port(address, alive, timeout=15.0):
    """Until something accepts there; for programs that do not say when they are ready."""
    host, port = address.rsplit(":", 1)
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
            return
        except OSError as error:
            if not alive() or time.monotonic() > deadline:
                raise ProcessError(f"nothing accepts at {address}: {error}") from None
            time.sleep(0.02)


def until(holds, what, timeout=20.0):
    """Asks until it holds: for what no peer announces."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise ProcessError(f"not within {timeout} s: {what}")
        time.sleep(0.05)
