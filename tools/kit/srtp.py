# SPDX-License-Identifier: Apache-2.0
"""SRTP as a counterpart speaks it (RFC 3711, 6188, 7714), with AES from the libcrypto that Python's TLS uses, and a
media end that sends and hears voice. For tests: no replay window, one stream in each direction, no RTCP."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import socket
import struct
import time

TAG = {"AEAD_AES_256_GCM": 16, "AEAD_AES_128_GCM": 16, "AES_256_CM_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_80": 10}
KEY = {"AEAD_AES_256_GCM": 32, "AEAD_AES_128_GCM": 16, "AES_256_CM_HMAC_SHA1_80": 32, "AES_CM_128_HMAC_SHA1_80": 16}
SALT = {"AEAD_AES_256_GCM": 12, "AEAD_AES_128_GCM": 12, "AES_256_CM_HMAC_SHA1_80": 14, "AES_CM_128_HMAC_SHA1_80": 14}
SET_TAG, GET_TAG = 0x11, 0x10  # EVP_CTRL_AEAD_*

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_ctr", "EVP_aes_256_ctr", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(_crypto, _name).restype = ctypes.c_void_p


class SrtpError(Exception):
    pass


def _aes(mode, key, iv, text, aad=b"", tag=None, sealing=True):
    """CTR: the text. GCM: (text, tag); opening raises when the tag is wrong."""
    cipher = ctypes.c_void_p(getattr(_crypto, f"EVP_aes_{len(key) * 8}_{mode}")())
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    out, length = ctypes.create_string_buffer(len(text) + 16), ctypes.c_int()
    try:
        good = _crypto.EVP_CipherInit_ex(context, cipher, None, key, iv, int(sealing)) == 1
        if tag is not None:
            good &= _crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, len(tag), tag) == 1
        if aad:
            good &= _crypto.EVP_CipherUpdate(context, None, ctypes.byref(length), aad, len(aad)) == 1
        good &= _crypto.EVP_CipherUpdate(context, out, ctypes.byref(length), text, len(text)) == 1
        result = out.raw[:length.value]
        good &= _crypto.EVP_CipherFinal_ex(context, out, ctypes.byref(length)) == 1
        if not good:
            raise SrtpError("the tag is wrong")
        if mode == "ctr":
            return result
        found = ctypes.create_string_buffer(16)
        if sealing:
            _crypto.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, found)
        return result, found.raw
    finally:
        _crypto.EVP_CIPHER_CTX_free(context)


class Srtp:
    """One direction under one key, as `inline:` gives it."""

    def __init__(self, suite, inline):
        self.suite, self.roc, self.last = suite, 0, None
        material = base64.b64decode(inline + "=" * (-len(inline) % 4))
        if len(material) != KEY[suite] + SALT[suite]:
            raise SrtpError(f"{len(material)} bytes of key for {suite}")
        master, salt = material[:KEY[suite]], material[KEY[suite]:].ljust(14, b"\0")
        self.key = self._derive(master, salt, 0, KEY[suite])
        self.auth = self._derive(master, salt, 1, 20)
        self.salt = self._derive(master, salt, 2, SALT[suite])

    @staticmethod
    def _derive(master, salt, label, size):
        start = bytes(byte ^ (label if at == 7 else 0) for at, byte in enumerate(salt)) + b"\0\0"
        return _aes("ctr", master, start, bytes(size))

    def _count(self, sequence):
        if self.last is not None and sequence < self.last - 0x8000:
            self.roc += 1
        self.last = sequence

    def _iv(self, ssrc, sequence):
        if "GCM" in self.suite:
            return bytes(a ^ b for a, b in zip(struct.pack("!HIIH", 0, ssrc, self.roc, sequence), self.salt))
        packet = struct.pack("!IIIHH", 0, ssrc, self.roc, sequence, 0)
        return bytes(a ^ b for a, b in zip(packet, self.salt + b"\0\0"))

    def _mac(self, packet):
        return hmac.new(self.auth, packet + struct.pack("!I", self.roc), hashlib.sha1).digest()[:10]

    def protect(self, header, payload):
        _, _, sequence, _, ssrc = struct.unpack("!BBHII", header)
        self._count(sequence)
        if "GCM" in self.suite:
            return header + b"".join(_aes("gcm", self.key, self._iv(ssrc, sequence), payload, header))
        packet = header + _aes("ctr", self.key, self._iv(ssrc, sequence), payload)
        return packet + self._mac(packet)

    def open(self, packet):
        """(payload type, payload); raises when it is not authentic."""
        size = 12 + 4 * (packet[0] & 15)
        _, kind, sequence, _, ssrc = struct.unpack("!BBHII", packet[:12])
        if packet[0] & 16:
            raise SrtpError("a header extension where none was agreed")
        self._count(sequence)
        header, body, tag = packet[:size], packet[size:-TAG[self.suite]], packet[-TAG[self.suite]:]
        if "GCM" in self.suite:
            return kind & 127, _aes("gcm", self.key, self._iv(ssrc, sequence), body, header, tag, sealing=False)[0]
        if not hmac.compare_digest(self._mac(header + body), tag):
            raise SrtpError("the tag is wrong")
        return kind & 127, _aes("ctr", self.key, self._iv(ssrc, sequence), body)


class MediaEnd:
    """One end of a call's voice: a UDP port, a key for what it sends, and what the edge's SDP says of the rest.
    `public` is the address that the edge advertises and `reach` the one where it is, as behind a NAT."""

    def __init__(self, host="127.0.0.1", public=None, reach="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()
        self.public, self.reach = public, reach
        self.sequence, self.ssrc = 1000, int.from_bytes(os.urandom(4), "big")
        self.sending = self.hearing = self.far = None

    @staticmethod
    def key(suite):
        return base64.b64encode(os.urandom(KEY[suite] + SALT[suite])).decode()

    def agree(self, suite, own_key, their_body):
        """Takes the edge's description: where it hears, and the key under which it speaks."""
        lines = their_body.splitlines()
        host = next(line.split()[2] for line in lines if line.startswith("c="))
        port = next(int(line.split()[1]) for line in lines if line.startswith("m=audio"))
        crypto = [line.split() for line in lines if line.startswith("a=crypto:")]
        theirs = next(words[2] for words in crypto if words[1] == suite)
        if self.public and host != self.public:
            raise SrtpError(f"the edge says {host}, not the {self.public} that it advertises")
        self.far = (self.reach if self.public else host, port)
        self.sending, self.hearing = Srtp(suite, own_key), Srtp(suite, theirs[len("inline:"):].split("|")[0])

    def say(self, payload, kind=0, marker=False):
        self.sequence += 1
        header = struct.pack("!BBHII", 0x80, kind | (128 if marker else 0), self.sequence, self.sequence * 160, self.ssrc)
        self.socket.sendto(self.sending.protect(header, payload), self.far)

    def hear(self, timeout=5.0):
        """The next authentic packet: (payload type, payload)."""
        deadline = time.monotonic() + timeout
        while True:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                packet = self.socket.recv(2048)
            except socket.timeout:
                raise SrtpError(f"no voice within {timeout} s") from None
            if packet[0] >> 6 != 2 or 64 <= packet[1] & 127 <= 95:
                continue  # STUN or DTLS; RTCP
            return self.hearing.open(packet)

    def spoken_to(self, seconds=0.3):
        """Whether anything at all arrives."""
        self.socket.settimeout(seconds)
        try:
            return bool(self.socket.recv(2048))
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()


def talk(speaker, listener, packets=10, kind=0, heard_as=None):
    """Voice from one end to the other: what is said arrives, every byte of it and in order."""
    said = [os.urandom(160) for _ in range(packets)]
    for payload in said:
        speaker.say(payload, kind)
    for payload in said:
        found, heard = listener.hear()
        assert heard == payload, "other voice than was said"
        assert found == (kind if heard_as is None else heard_as), found
