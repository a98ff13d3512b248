# SPDX-License-Identifier: Apache-2.0
"""STUN messages (RFC 8489) as an ICE agent (RFC 8445) writes them, and as somebody writes them who would pass for one."""
import hmac
import os
import socket
import struct
import threading
import time
import zlib

COOKIE = 0x2112A442
BINDING, INDICATION, SUCCESS, ERROR = 0x0001, 0x0011, 0x0101, 0x0111
USERNAME, INTEGRITY, ERROR_CODE, MAPPED, PRIORITY, USE_CANDIDATE = 0x0006, 0x0008, 0x0009, 0x0020, 0x0024, 0x0025
FINGERPRINT, CONTROLLED, CONTROLLING = 0x8028, 0x8029, 0x802A


def message(kind, attributes, password=None, transaction=None, fingerprint=True):
    """`attributes`: (type, value) in order. With a password it has an integrity, last before the fingerprint."""
    transaction = transaction or os.urandom(12)

    def attribute(name, value):
        return struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)

    def head(more):
        return struct.pack("!HHI", kind, len(body) + more, COOKIE) + transaction

    body = b"".join(attribute(*each) for each in attributes)
    if password is not None:
        body += attribute(INTEGRITY, hmac.new(password.encode(), head(24) + body, "sha1").digest())
    if fingerprint:
        body += attribute(FINGERPRINT, struct.pack("!I", zlib.crc32(head(8) + body) ^ 0x5354554E))
    return head(0) + body


def check(username, password, transaction=None, nominate=True, role=CONTROLLING):
    """A binding request (RFC 8445 7.1), of the controlling agent unless it is said otherwise."""
    attributes = [(USERNAME, username.encode()), (PRIORITY, struct.pack("!I", 0x6E0001FF)), (role, os.urandom(8))]
    return message(BINDING, attributes + ([(USE_CANDIDATE, b"")] if nominate else []), password, transaction)


def answer(transaction, password, endpoint=("127.0.0.1", 9), code=None):
    """To a check of somebody's, or without a password to a client's question: success, or the error of that code."""
    host = struct.unpack("!I", bytes(int(part) for part in endpoint[0].split(".")))[0]
    mapped = struct.pack("!BBHI", 0, 1, endpoint[1] ^ COOKIE >> 16, host ^ COOKIE)
    said = (ERROR_CODE, struct.pack("!HBB", 0, code // 100, code % 100)) if code else (MAPPED, mapped)
    return message(ERROR if code else SUCCESS, [said], password, transaction)


class Server:
    """A STUN server on loopback that says to each request what `reply` makes of its transaction: a list of datagrams."""

    def __init__(self, reply):
        self.reply, self.asked = reply, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            request, client = self.socket.recvfrom(2048)
            if not request:
                return
            self.asked.append((time.monotonic(), client, request))
            for datagram in self.reply(request[8:20]):
                self.socket.sendto(datagram, client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self._thread.join(5.0)
        self.socket.close()
