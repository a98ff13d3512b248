# SPDX-License-Identifier: Apache-2.0
"""A media end that is keyed by DTLS (RFC 5763, 5764) on python3-openssl, and may be found by ICE as a full agent that
controls (RFC 8445): one check, nominating. For tests."""
import base64
import datetime
import os
import re
import socket
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from . import stun
from .srtp import KEY, SALT, MediaEnd, Srtp, SrtpError

PROFILES = {"AEAD_AES_256_GCM": b"SRTP_AEAD_AES_256_GCM", "AEAD_AES_128_GCM": b"SRTP_AEAD_AES_128_GCM",
            "AES_CM_128_HMAC_SHA1_80": b"SRTP_AES128_CM_SHA1_80"}
PROFILE = "UDP/TLS/RTP/SAVP"
DATAGRAM, RECORD_HEADER = 1200, 13


class Identity:
    """A certificate that nobody vouches for, and what SDP says of it."""

    def __init__(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "phone")])
        now = datetime.datetime.utcnow()
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256()))
        self.certificate, self.key = crypto.X509.from_cryptography(made), crypto.PKey.from_cryptography_key(key)
        self.fingerprint = "sha-256 " + self.certificate.digest("sha256").decode()


def lines_of(body, prefix):
    return [line[len(prefix):] for line in body.splitlines() if line.startswith(prefix)]


class DtlsEnd(MediaEnd):
    """`announces`: what its SDP says of its certificate, when that is not the truth."""

    def __init__(self, suite="AEAD_AES_256_GCM", announces=None, host="127.0.0.1"):
        super().__init__(host)
        self.suite, self.identity = suite, Identity()
        self.announced = announces or self.identity.fingerprint
        self.ufrag, self.password = base64.b64encode(os.urandom(6)).decode(), base64.b64encode(os.urandom(18)).decode()

    def attributes(self, setup, ice=False):
        lines = [f"a=fingerprint:{self.announced}", f"a=setup:{setup}", "a=rtcp-mux"]
        return lines + ([f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.password}"] if ice else [])

    def agree(self, body):
        """Takes the edge's description: where it hears, and whose certificate it will show."""
        host, port = lines_of(body, "c=")[0].split()[2], int(lines_of(body, "m=audio ")[0].split()[0])
        self.far, self.expected = (host, port), lines_of(body, "a=fingerprint:")[0]
        self.theirs = {name: (lines_of(body, f"a=ice-{name}:") or [""])[0] for name in ("ufrag", "pwd")}
        return self

    # --- DTLS ---

    def handshake(self, client, timeout=10.0):
        """To its end, with the edge's certificate compared; then there are keys."""
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(self.identity.certificate)
        context.use_privatekey(self.identity.key)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_tlsext_use_srtp(PROFILES[self.suite])
        session = SSL.Connection(context, None)
        session.set_ciphertext_mtu(DATAGRAM)
        session.set_connect_state() if client else session.set_accept_state()
        deadline, flight, heard = time.monotonic() + timeout, [], b"begin"
        while True:
            try:
                session.do_handshake()
                done = True
            except SSL.WantReadError:
                done = False
            said = self._flight(session)
            flight = said or flight
            for datagram in said if heard else flight:  # again when nothing has come for a while
                self.socket.sendto(datagram, self.far)
            if done:
                break
            if time.monotonic() > deadline:
                raise SrtpError(f"no handshake within {timeout} s")
            heard = self._hear_dtls(0.5)
            if heard:
                session.bio_write(heard)
        shown = "sha-256 " + session.get_peer_certificate().digest("sha256").decode()
        if shown.lower() != self.expected.lower():
            raise SrtpError(f"the edge shows {shown}, not the {self.expected} that it announced")
        self._export(session, client)
        return self

    def _flight(self, session):
        """What the session has to say, in datagrams of whole records."""
        try:
            said = session.bio_read(65536)
        except SSL.WantReadError:
            return []
        datagrams = [b""]
        while said:
            size = RECORD_HEADER + int.from_bytes(said[11:13], "big")
            if datagrams[-1] and len(datagrams[-1]) + size > DATAGRAM:
                datagrams.append(b"")
            datagrams[-1] += said[:size]
            said = said[size:]
        return datagrams

    def _hear_dtls(self, seconds):
        self.socket.settimeout(seconds)
        try:
            heard = self.socket.recv(2048)
        except socket.timeout:
            return None
        return heard if 20 <= heard[0] <= 63 else None

    def _export(self, session, client):
        key, salt = KEY[self.suite], SALT[self.suite]
        material = session.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        keys = [material[:key], material[key:2 * key]]
        salts = [material[2 * key:2 * key + salt], material[2 * key + salt:]]
        sides = [base64.b64encode(a + b).decode() for a, b in zip(keys, salts)]
        ours, theirs = sides if client else reversed(sides)
        self.sending, self.hearing = Srtp(self.suite, ours), Srtp(self.suite, theirs)

    # --- ICE ---

    def checking(self, password=None, transaction=None, nominate=True):
        """A check, to be sent."""
        return stun.check(f"{self.theirs['ufrag']}:{self.ufrag}", password or self.theirs["pwd"], transaction, nominate)

    def check(self, password=None, timeout=3.0, nominate=True):
        """One check, until it is answered: True, or False when nothing comes."""
        transaction = os.urandom(12)
        self.socket.sendto(self.checking(password, transaction, nominate), self.far)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                heard = self.socket.recv(2048)
            except socket.timeout:
                return False
            if heard[0] < 4 and heard[8:20] == transaction:
                return struct.unpack("!H", heard[:2])[0] == stun.SUCCESS
        return False


def client_hello():
    """The first flight of a stranger."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(SSL.OP_NO_QUERY_MTU)
    context.set_tlsext_use_srtp(PROFILES["AEAD_AES_256_GCM"])
    session = SSL.Connection(context, None)
    session.set_ciphertext_mtu(DATAGRAM)
    session.set_connect_state()
    try:
        session.do_handshake()
    except SSL.WantReadError:
        pass
    return session.bio_read(65536)


def has_line(body, pattern):
    return re.search(f"^{pattern}\r?$", body, re.MULTILINE) is not None
