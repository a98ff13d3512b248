# SPDX-License-Identifier: Apache-2.0
"""A name server on loopback that knows what a test tells it: A, SRV and NAPTR records, over UDP."""
import ipaddress
import socket
import struct
import threading

TYPES = {1: "A", 28: "AAAA", 33: "SRV", 35: "NAPTR"}


def _labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".") if part) + b"\0"


def _text(value):
    return bytes([len(value)]) + value.encode()


def _data(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "SRV":
        priority, weight, port, target = value
        return struct.pack("!HHH", priority, weight, port) + _labels(target)
    order, preference, flags, service, replacement = value
    return struct.pack("!HH", order, preference) + _text(flags) + _text(service) + _text("") + _labels(replacement)


class NameServer:
    """records: (name, type) -> list of values: an address, (priority, weight, port, target) or
    (order, preference, flags, service, replacement). A name without any record does not exist."""

    def __init__(self, records=None):
        self.records = dict(records or {})
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                query, source = self.socket.recvfrom(2048)
            except OSError:
                return
            if len(query) > 16:
                self.socket.sendto(self._answer(query), source)

    def _answer(self, query):
        at, parts = 12, []
        while query[at]:
            parts.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        name, kind = ".".join(parts).lower(), TYPES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
        self.asked.append((name, kind))
        values = self.records.get((name, kind), [])
        known = any(owner == name for owner, _ in self.records)
        answers = b"".join(b"\xc0\x0c" + query[at + 1:at + 3] + struct.pack("!HIH", 1, 60, len(data)) + data
                           for data in (_data(kind, value) for value in values))
        flags = 0x8580 | (0 if known else 3)
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(values), 0, 0) + question + answers

    def close(self):
        self.socket.close()
