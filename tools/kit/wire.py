# SPDX-License-Identifier: Apache-2.0
"""Scripted SIP over TLS (and over plain TCP, for unprotected cores): says exactly what a test says, hears exactly what the edge sent. Also a media
end that knows SDES well enough to be a nuisance (it never encrypts; phones do that)."""
import base64
import os
import queue
import socket
import ssl
import threading
import time

from .strangers import endpoint


class WireError(Exception):
    pass


class Message:
    """A SIP message as text: start line, ordered headers, body."""

    def __init__(self, raw):
        self.raw = raw
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        self.start = lines[0]
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.body = body.decode("utf-8", "replace")

    @property
    def status(self):
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self):
        return self.cseq.split()[1] if self.status else self.start.split(" ")[0]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def cseq(self):
        return self["CSeq"]

    def __getitem__(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def tag(self, header):
        value = self[header] or ""
        return value.split(";tag=", 1)[1].split(";")[0] if ";tag=" in value else None

    def contact_uri(self):
        return self["Contact"].split("<", 1)[1].split(">", 1)[0]

    def __repr__(self):
        return self.raw.decode("utf-8", "replace")


class Wire:
    """One connection, either way round."""

    def __init__(self, tls):
        self.tls = tls
        self.buffer = b""
        self.backlog = []

    @classmethod
    def connect(cls, address, cert=None, key=None, timeout=10.0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if cert:
            context.load_cert_chain(cert, key)
        return cls.through(context, address, timeout=timeout)

    @classmethod
    def through(cls, context, address, source=None, server_name=None, timeout=10.0):
        """As a client that says for itself what it shows, what it asks for and where it comes from."""
        raw = socket.create_connection(endpoint(address), timeout=timeout, source_address=(source, 0) if source else None)
        try:
            return cls(context.wrap_socket(raw, server_hostname=server_name))
        except (OSError, ssl.SSLError):
            raw.close()
            raise

    @classmethod
    def connect_plain(cls, address, source="127.0.0.1", timeout=10.0):
        return cls(socket.create_connection(endpoint(address), timeout=timeout, source_address=(source, 0)))

    def send(self, text):
        self.tls.sendall(text if isinstance(text, bytes) else text.encode())

    def receive(self, timeout=10.0):
        """The next message, or b"" for the connection's end."""
        deadline = time.monotonic() + timeout
        while True:
            message = self._cut()
            if message is not None:
                return message
            self.tls.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                chunk = self.tls.recv(65536)
            except socket.timeout:
                raise WireError(f"nothing came within {timeout} s") from None
            except (ssl.SSLError, ConnectionError):
                return None
            if not chunk:
                return None
            self.buffer += chunk

    def _cut(self):
        while self.buffer.startswith(b"\r\n"):
            self.buffer = self.buffer[2:]
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() in (b"content-length", b"l"):
                length = int(value)
        if len(rest) < length:
            return None
        end = len(head) + 4 + length
        raw, self.buffer = self.buffer[:end], self.buffer[end:]
        return Message(raw)

    def expect(self, accept, timeout=10.0):
        """The next message for which accept() is true; others wait in line."""
        for index, message in enumerate(self.backlog):
            if accept(message):
                return self.backlog.pop(index)
        deadline = time.monotonic() + timeout
        while True:
            message = self.receive(max(0.01, deadline - time.monotonic()))
            if message is None:
                raise WireError("the connection ended")
            if accept(message):
                return message
            self.backlog.append(message)

    def status(self, code, method=None, timeout=10.0):
        return self.expect(lambda m: m.status == code and (method is None or m.method == method), timeout)

    def final(self, method="INVITE", timeout=10.0):
        return self.expect(lambda m: m.status >= 200 and m.method == method, timeout)

    def request(self, method, timeout=10.0):
        return self.expect(lambda m: not m.status and m.method == method, timeout)

    def silent(self, seconds=0.3):
        """True when nothing comes."""
        try:
            return self.receive(seconds) is None
        except WireError:
            return True

    def closed(self, timeout=10.0):
        """True once the other side has ended the connection; messages before that are kept."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                message = self.receive(max(0.01, deadline - time.monotonic()))
            except WireError:
                return False
            if message is None:
                return True
            self.backlog.append(message)
        return False

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class WirePeer:
    """A listener that the edge connects to, with TLS or (see plain()) without; hands out its connections."""

    def __init__(self, cert, key, ca, host="127.0.0.1", context=None, port=0):
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
        self.context = context
        self._listen(host, port, lambda raw: context.wrap_socket(raw, server_side=True))

    @classmethod
    def plain(cls, host="127.0.0.1", port=0):
        peer = cls.__new__(cls)
        peer._listen(host, port, lambda raw: raw)
        return peer

    def _listen(self, host, port, secure):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.secure = secure
        self.wires = queue.Queue()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.wires.put(Wire(self.secure(raw)))
            except (ssl.SSLError, OSError):
                raw.close()

    def wire(self, timeout=10.0):
        return self.wires.get(timeout=timeout)

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def token(length=10):
    return base64.b32encode(os.urandom(length)).decode().lower().rstrip("=")


def sdp(port=40000, host="127.0.0.1", suite="AEAD_AES_256_GCM", key=None, profile="RTP/SAVP", direction="sendrecv",
        formats=((0, "PCMU/8000"),), version=1, crypto=None, session=1234, tag=1, attributes=()):
    sizes = {"AEAD_AES_256_GCM": 44, "AEAD_AES_128_GCM": 28, "AES_256_CM_HMAC_SHA1_80": 46, "AES_CM_128_HMAC_SHA1_80": 30}
    if crypto is None:
        key = key or base64.b64encode(os.urandom(sizes[suite])).decode()
        crypto = [f"a=crypto:{tag} {suite} inline:{key}"]
    lines = ["v=0", f"o=- {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
             f"m=audio {port} {profile} " + " ".join(str(number) for number, _ in formats)]
    lines += [f"a=rtpmap:{number} {name}" for number, name in formats]
    lines += [*crypto, *attributes, f"a={direction}"]
    return "\r\n".join(lines) + "\r\n"


class Caller:
    """The scripted caller's side of one dialog."""

    transport, sent_by = "TLS", "10.9.8.7:5061"

    def __init__(self, wire, to, identity, domain="sallyport.test"):
        self.wire, self.to = wire, to
        self.from_value = f"<sip:{identity}@{domain}>;tag={token()}"
        self.to_value = f"<{to}>"
        self.call_id = token(16)
        self.cseq = 0
        self.target = to
        self.branch = None
        self.contact = f"<sip:secretive@{self.sent_by};transport={self.transport.lower()}>"
        self.headers = ["User-Agent: LeakyPhone/9.9"]

    def text(self, method, body="", extra=(), cseq=None, branch=None, uri=None, max_forwards=70,
             content_type="application/sdp"):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or "z9hG4bK" + token()
        if method == "INVITE":
            self.branch = branch
        lines = [f"{method} {uri or self.target} SIP/2.0", f"Via: SIP/2.0/{self.transport} {self.sent_by};branch={branch}",
                 f"Max-Forwards: {max_forwards}", f"From: {self.from_value}", f"To: {self.to_value}",
                 f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}",
                 f"Contact: {self.contact}", *self.headers, *extra]
        if body:
            lines.append(f"Content-Type: {content_type}")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])

    def send(self, method, body="", **options):
        self.wire.send(self.text(method, body, **options))

    def learn(self, response):
        """Takes the dialog from a response with a To tag."""
        self.to_value = response["To"]
        if response["Contact"]:
            self.target = response.contact_uri()
        return response

    def ack(self, response, body=""):
        self.wire.send(self.text("ACK", body, cseq=int(response.cseq.split()[0])))

    def cancel(self):
        self.wire.send(self.text("CANCEL", cseq=self.cseq, branch=self.branch))


class Callee:
    """The scripted answering side, made from the INVITE that came."""

    transport = "TLS"

    def __init__(self, wire, invite):
        self.wire, self.invite = wire, invite
        self.tag = token()
        self.cseq = 100
        self.contact = f"<sip:inner@10.20.30.40:5060;transport={self.transport.lower()}>"
        self.headers = ["Server: SecretPBX/1.2"]

    def text(self, status, reason, body="", request=None, extra=(), tag=None):
        request = request or self.invite
        to = request["To"]
        if ";tag=" not in to and status > 100:
            to += f";tag={tag or self.tag}"
        lines = [f"SIP/2.0 {status} {reason}", *(f"Via: {via}" for via in request.all("Via")), f"From: {request['From']}",
                 f"To: {to}", f"Call-ID: {request['Call-ID']}", f"CSeq: {request.cseq}",
                 f"Contact: {self.contact}", *self.headers, *extra]
        if body:
            lines.append("Content-Type: application/sdp")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])

    def respond(self, status, reason="x", body="", **options):
        self.wire.send(self.text(status, reason, body, **options))

    def send(self, method, body="", extra=()):
        self.cseq += 1
        lines = [f"{method} {self.invite.contact_uri()} SIP/2.0", f"Via: SIP/2.0/{self.transport} 10.20.30.40:5060;branch=z9hG4bK{token()}",
                 "Max-Forwards: 70", f"From: {self.invite['To']};tag={self.tag}", f"To: {self.invite['From']}",
                 f"Call-ID: {self.invite['Call-ID']}", f"CSeq: {self.cseq} {method}",
                 f"Contact: {self.contact}", *extra]
        if body:
            lines.append("Content-Type: application/sdp")
        self.wire.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]))
