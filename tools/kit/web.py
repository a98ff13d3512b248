# SPDX-License-Identifier: Apache-2.0
"""A scripted browser: asks for pages, and speaks SIP over a secure WebSocket (RFC 6455, RFC 7118) as well or as badly as
a test wants it."""
import base64
import hashlib
import os
import socket
import ssl
import struct

from . import wire
from .strangers import endpoint

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Answer:
    """An HTTP response."""

    def __init__(self, head, body=b""):
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = body


def connect(address, authority=None, host="localhost", protocols=("http/1.1",), timeout=10.0):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(list(protocols))
    if authority:
        context.load_verify_locations(str(authority))
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(endpoint(address), timeout=timeout), server_hostname=host)


def read_head(tls):
    """(the header section, what came behind it); None when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = tls.recv(65536)
        if not chunk:
            return None
        data += chunk
    return data.split(b"\r\n\r\n", 1)


def ask(tls, path, method="GET", headers=()):
    """One request; the connection is good for another one, unless the answer says otherwise."""
    tls.sendall("\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
    head, body = read_head(tls)
    answer = Answer(head, body)
    length = 0 if method == "HEAD" or answer.status in (101, 304) else int(answer.headers.get("content-length", 0))
    while len(answer.body) < length:
        answer.body += tls.recv(65536)
    return answer


def upgrade_headers(origin, protocol="sip", key=None, version="13"):
    fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": origin, "Sec-WebSocket-Version": version,
              "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": protocol}
    return [f"{name}: {value}" for name, value in fields.items() if value is not None]


def frame(opcode, payload=b"", last=True, mask=True, reserved=0):
    payload = payload.encode() if isinstance(payload, str) else payload
    first = opcode | (0x80 if last else 0) | reserved << 4
    size = len(payload)
    masked = 0x80 if mask else 0
    head = struct.pack("!BB", first, masked | size) if size < 126 else \
        struct.pack("!BBH", first, masked | 126, size) if size < 65536 else struct.pack("!BBQ", first, masked | 127, size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class WebWire(wire.Wire):
    """A Wire whose messages are those of a WebSocket."""

    def __init__(self, tls, behind=b""):
        super().__init__(tls)
        self.buffer = behind
        self.pings, self.pongs, self.close_code = 0, [], None

    @classmethod
    def open(cls, address, origin, path="/sip", **options):
        tls = connect(address, **options)
        headers = upgrade_headers(origin)
        answer = ask(tls, path, headers=headers)
        if answer.status != 101:
            raise wire.WireError(f"the upgrade was answered with {answer.status}")
        key = next(line.split(": ", 1)[1] for line in headers if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert answer.headers["sec-websocket-accept"] == accept and answer.headers["sec-websocket-protocol"] == "sip"
        return cls(tls, answer.body)

    def send(self, text):
        self.tls.sendall(frame(TEXT, text))

    def send_frame(self, *arguments, **options):
        self.tls.sendall(frame(*arguments, **options))

    def _cut(self):
        while True:
            if len(self.buffer) < 2:
                return None
            first, size = self.buffer[0], self.buffer[1]
            at = 2
            if size in (126, 127):
                at += 2 if size == 126 else 8
                if len(self.buffer) < at:
                    return None
                size = int.from_bytes(self.buffer[2:at], "big")
            if len(self.buffer) < at + size:
                return None
            payload, self.buffer = self.buffer[at:at + size], self.buffer[at + size:]
            opcode = first & 0x0F
            if opcode == PING:
                self.pings += 1
                self.send_frame(PONG, payload)
            elif opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005
            else:
                return wire.Message(payload)

    def closes_with(self, timeout=10.0):
        """The code that the other side closes with."""
        self.closed(timeout)
        return self.close_code


class WebCaller(wire.Caller):
    """As a browser names itself: by nothing that leads anywhere."""

    transport, sent_by = "WSS", "df7jal23ls0d.invalid"

    def __init__(self, link, to, identity, **options):
        super().__init__(link, to, identity, **options)
        self.contact = f"<sip:{wire.token()}@{self.sent_by};transport=ws>"


class WebCallee(wire.Callee):
    transport = "WSS"

    def __init__(self, link, invite):
        super().__init__(link, invite)
        self.contact = f"<sip:{wire.token()}@df7jal23ls0d.invalid;transport=ws>"
