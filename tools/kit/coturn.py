# SPDX-License-Identifier: Apache-2.0
"""coturn with deploy/coturn/turnserver.conf on loopback, and the least of a TURN client over TLS (RFC 8656): allocate, ask
leave to reach an address. Written against 4.6."""
import hashlib
import hmac
import os
import pathlib
import re
import shutil
import socket
import ssl
import struct
import zlib

from .process import Process, ProcessError, Running, await_port, free_port

PROGRAM = shutil.which("turnserver")
SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "deploy/coturn/turnserver.conf"


def missing():
    """Why coturn cannot be used here, or None."""
    return None if PROGRAM else "turnserver is not installed (Debian: coturn)"


class Coturn(Running):
    """One running coturn with the sample's own text. `identity`: certificate and key; `media`: the one address it may reach."""

    def __init__(self, folder, identity, secret, media="127.0.0.1", realm="example.org", host="127.0.0.1", port=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True)
        self.port, other = port or free_port(), free_port()
        self.address, self.realm = f"{host}:{self.port}", realm
        text = SAMPLE.read_text().replace("203.0.113.11", host).replace("203.0.113.10", media)
        for name, value in (("realm", realm), ("tls-listening-port", self.port), ("alt-tls-listening-port", other),
                            ("cert", identity[0]), ("pkey", identity[1]), ("static-auth-secret", secret)):
            text, changed = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
            assert changed == 1, name
        config = folder / "turnserver.conf"
        config.touch(0o600)
        # coturn refuses loopback by a rule of its own; a test has nothing else.
        config.write_text(text + "\nallow-loopback-peers\ncli-password=unused\n")
        self.process = Process([PROGRAM, "-c", config, "--pidfile", folder / "turn.pid", "--db", folder / "turndb", "-v"], cwd=folder)
        try:
            await_port(self.address, lambda: self.process.child.poll() is None)
        except ProcessError:
            self.process.stop()
            raise


class StunServer(Running):
    """coturn as nothing but a STUN server (RFC 8489), on UDP and without secrets."""

    def __init__(self, folder, host="127.0.0.1", port=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True)
        port = port or free_port()
        self.address = f"{host}:{port}"
        self.process = Process([PROGRAM, "-n", "--stun-only", "--listening-ip", host, "--listening-port", port, "--no-tls", "--no-dtls",
                                "--no-cli", "--no-rfc5780", "--pidfile", folder / "stun.pid", "--db", folder / "stundb", "--log-file", "stdout",
                                "--simple-log"], cwd=folder)
        try:
            await_port(self.address, lambda: self.process.child.poll() is None)
        except ProcessError:
            self.process.stop()
            raise


ALLOCATE, PERMISSION = 0x003, 0x008
USERNAME, INTEGRITY, ERROR, REALM, NONCE, PEER, TRANSPORT, RELAYED = 0x06, 0x08, 0x09, 0x14, 0x15, 0x12, 0x19, 0x16
COOKIE = 0x2112A442


class TurnError(Exception):
    """`code` as in RFC 8656 18."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Client:
    """One connection. `credentials`: an entry of iceServers."""

    def __init__(self, server, ca, name, credentials):
        context = ssl.create_default_context(cafile=ca)
        host, port = server.rsplit(":", 1)
        self.tls = context.wrap_socket(socket.create_connection((host, int(port)), timeout=5.0), server_hostname=name)
        self.user, self.password, self.realm, self.nonce = credentials["username"], credentials["credential"], None, None

    def allocate(self):
        """The relayed port."""
        transport = [(TRANSPORT, bytes([socket.IPPROTO_UDP, 0, 0, 0]))]
        try:
            answer = self._ask(ALLOCATE, transport)
        except TurnError as challenge:
            if challenge.code != 401 or not self.nonce:
                raise
            answer = self._ask(ALLOCATE, transport)
        return struct.unpack(">xxH", answer[RELAYED][:4])[0] ^ COOKIE >> 16

    def permit(self, address):
        """Leave to exchange datagrams with that IPv4 address."""
        number = struct.unpack(">I", socket.inet_aton(address))[0]
        self._ask(PERMISSION, [(PEER, struct.pack(">xBHI", 1, 0, number ^ COOKIE))])

    def close(self):
        self.tls.close()

    def _ask(self, method, attributes):
        transaction = os.urandom(12)
        if self.nonce:
            attributes = [*attributes, (USERNAME, self.user.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = b"".join(struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in attributes)
        if self.nonce:
            key = hashlib.md5(b":".join((self.user.encode(), self.realm, self.password.encode()))).digest()
            signed = struct.pack(">HHI", method, len(body) + 24, COOKIE) + transaction + body
            body += struct.pack(">HH", INTEGRITY, 20) + hmac.digest(key, signed, "sha1")
        text = struct.pack(">HHI", method, len(body) + 8, COOKIE) + transaction + body
        self.tls.sendall(text + struct.pack(">HHI", 0x8028, 4, zlib.crc32(text) ^ 0x5354554E))
        return self._answer(transaction)

    def _answer(self, transaction):
        kind, size, cookie = struct.unpack(">HHI", self._exactly(8))
        assert cookie == COOKIE and self._exactly(12) == transaction
        rest, found = self._exactly(size), {}
        while rest:
            what, length = struct.unpack(">HH", rest[:4])
            found[what], rest = rest[4:4 + length], rest[4 + length + (-length % 4):]
        if kind & 0x0110 == 0x0110:
            self.realm, self.nonce = found.get(REALM, self.realm), found.get(NONCE, self.nonce)
            raise TurnError(found[ERROR][2] * 100 + found[ERROR][3])
        return found

    def _exactly(self, size):
        text = b""
        while len(text) < size:
            more = self.tls.recv(size - len(text))
            if not more:
                raise ProcessError("the TURN server closed the connection")
            text += more
        return text
