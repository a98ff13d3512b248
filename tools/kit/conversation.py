# SPDX-License-Identifier: Apache-2.0
"""Two media ends that talk to each other for as long as the `with` block lasts, and what each has heard of the other:
every packet has a number, so that what is lost, changed or repeated on the way is seen."""
import os
import select
import struct
import threading
import time

from .srtp import SrtpError

SIZE = 160  # bytes of PCMU
LAST_WORDS = 3.0  # seconds for what is still on its way
CHECK_EVERY = 0.2  # seconds between the checks of an end that is found by ICE


class Talker:
    """One end's part: what it has said and what has come."""

    def __init__(self, end):
        self.end, self.sent, self.heard = end, 0, set()
        self.strange = 0  # voice that no key of the call vouches for, or that is of another call
        self.repeated = 0
        self.recorded = []  # as they went out
        self.checks = self.answers = 0
        self._send, end.socket = end.socket, self

    # What the end believes to be its socket.
    def sendto(self, datagram, where):
        self.recorded.append(datagram)
        return self._send.sendto(datagram, where)

    def __getattr__(self, name):
        return getattr(self._send, name)

    def say(self):
        self.sent += 1
        self.end.say(struct.pack("!I", self.sent) + os.urandom(SIZE - 4))

    def check(self):
        self.checks += 1
        self._send.sendto(self.end.checking(), self.end.far)

    def listen(self):
        packet = self._send.recv(2048)
        if packet[0] < 4:
            self.answers += packet[:2] == b"\x01\x01"
            return
        if packet[0] >> 6 != 2 or 64 <= packet[1] & 127 <= 95:
            return
        try:
            _, payload = self.end.hearing.open(packet)
        except SrtpError:
            self.strange += 1
            return
        number = struct.unpack("!I", payload[:4])[0]
        self.repeated += number in self.heard
        self.heard.add(number)

    def leave(self):
        self.end.socket = self._send


class Conversation:
    def __init__(self, first, second, rate=100):
        self.talkers = [Talker(first), Talker(second)]
        self._pace, self._over = 1.0 / rate, threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self):
        began, rounds, checked = time.monotonic(), 0, 0.0
        while not self._over.is_set():
            due = began + rounds * self._pace
            self._hear(max(0.0, due - time.monotonic()))
            if time.monotonic() < due:
                continue
            rounds = max(rounds + 1, int((time.monotonic() - began) / self._pace))  # what was late is not made up for
            for talker in self.talkers:
                talker.say()
            if time.monotonic() - checked > CHECK_EVERY:
                checked = time.monotonic()
                for talker in self.talkers:
                    if hasattr(talker.end, "checking") and talker.end.theirs["pwd"]:
                        talker.check()
        patience = time.monotonic() + LAST_WORDS
        while self._hear(0.5) and time.monotonic() < patience:
            pass

    def _hear(self, seconds):
        ready, _, _ = select.select([talker._send for talker in self.talkers], [], [], seconds)
        for talker in self.talkers:
            if talker._send in ready:
                talker.listen()
        return bool(ready)

    def last(self, packets=50, timeout=20.0):
        """Until so many more have been said."""
        wanted, deadline = [talker.sent + packets for talker in self.talkers], time.monotonic() + timeout
        while any(talker.sent < want for talker, want in zip(self.talkers, wanted)):
            if time.monotonic() > deadline:
                raise SrtpError("nobody talks")
            time.sleep(0.02)

    def end(self):
        if not self._over.is_set():
            self._over.set()
            self._thread.join(10.0)
            for talker in self.talkers:
                talker.leave()
        return self

    def lost(self):
        """The larger share of what one has said and the other has not heard, in percent."""
        first, second = self.talkers
        return max(100.0 * (1 - len(b.heard) / a.sent) for a, b in ((first, second), (second, first)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
