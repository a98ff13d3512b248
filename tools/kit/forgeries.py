# SPDX-License-Identifier: Apache-2.0
"""Datagrams of somebody who has no key: each list has many of a kind, no two of them alike."""
import os
import struct

from . import stun
from .dtls import client_hello

SSRC = 0x5EED5EED
CLIENT_HELLO, ALERT, HANDSHAKE = 1, 21, 22


# --- RTP and RTCP ---------------------------------------------------------------------------------------------------

def rtp(count, ssrc=SSRC, first=0, size=170):
    """Voice under no key: as long as a packet of 20 ms with its tag, of any suite."""
    return [struct.pack("!BBHII", 0x80, 0, (first + each) & 0xFFFF, 160 * each, ssrc) + os.urandom(size) for each in range(count)]


def bye(ssrc):
    """A clear compound packet (RFC 3550 6): an empty receiver report, and the end of the stream."""
    return struct.pack("!BBHI", 0x80, 201, 1, SSRC) + struct.pack("!BBHI", 0x81, 203, 1, ssrc)


def byes(count, ssrc):
    """In clear; in clear with an index and a tag as SRTCP has them; and as if it were encrypted."""
    clear = bye(ssrc)
    return [clear + (b"", struct.pack("!I", each) + os.urandom(16), struct.pack("!I", 1 << 31 | each) + os.urandom(16))[each % 3]
            for each in range(count)]


# --- STUN ------------------------------------------------------------------------------------------------------------

def checks(count, username):
    """Nominations without the password, and whatever else somebody says who has heard the session's name."""
    made = []
    for each in range(count):
        guessed = os.urandom(12).hex()
        made.append((lambda: stun.check(username, None), lambda: stun.check(username, guessed),
                     lambda: stun.check(username, guessed, role=stun.CONTROLLED, nominate=False),
                     lambda: stun.check("nobody:knows", guessed), lambda: stun.message(stun.BINDING, []),
                     lambda: stun.answer(os.urandom(12), guessed), lambda: stun.answer(os.urandom(12), guessed, code=487),
                     lambda: stun.answer(os.urandom(12), None), lambda: stun.answer(os.urandom(12), guessed, code=403),
                     lambda: stun.message(stun.INDICATION, [(stun.USERNAME, username.encode())], guessed))[each % 10]())
    return made


# --- DTLS ------------------------------------------------------------------------------------------------------------

def record(content, fragment, sequence, epoch=0):
    return struct.pack("!BHHHIH", content, 0xFEFD, epoch, sequence >> 32, sequence & 0xFFFFFFFF, len(fragment)) + fragment


def fragment(body, length, offset, message=0, kind=CLIENT_HELLO, claimed=None):
    """A piece of a handshake message that is to be `length` long; `claimed`: how long it says it is itself."""
    def three(number):
        return struct.pack("!I", number)[1:]

    claimed = len(body) if claimed is None else claimed
    return bytes([kind]) + three(length) + struct.pack("!H", message) + three(offset) + three(claimed) + body


def hellos(count):
    return [client_hello() for _ in range(count)]


def endless_fragments(count, length=0xFFFFFF):
    """Of a message that never comes to its end."""
    return [record(HANDSHAKE, fragment(os.urandom(100), length, 100 * each), each) for each in range(count)]


def overlapping_fragments(count):
    """Pieces of a hello that contradict each other."""
    body = client_hello()[25:]
    return [record(HANDSHAKE, fragment(os.urandom(80) if each % 2 else body[each % 90:each % 90 + 80], len(body), each % 90), each)
            for each in range(count)]


def impossible_fragments(count):
    """That end behind their message, are longer than their record, or belong to another message at every turn."""
    return [record(HANDSHAKE, (fragment(os.urandom(60), 40, 20), fragment(os.urandom(60), 0xFFFFFF, 0, claimed=0xFFFFFF),
                               fragment(b"", 0, 0), fragment(os.urandom(60), 61 + each, 0, message=each & 0xFFFF))[each % 4], each)
            for each in range(count)]


def alerts(count):
    """Fatal ones and close_notify, in clear and as if they were encrypted."""
    return [record(ALERT, (b"\x02\x28", b"\x01\x00", b"\x02\x00", os.urandom(26))[each % 4], each, epoch=int(each % 4 == 3))
            for each in range(count)]


def dtls(count):
    """Some of everything."""
    share = count // 5
    made = hellos(min(share, 20)) + endless_fragments(share) + overlapping_fragments(share) + impossible_fragments(share) + alerts(share)
    return [made[(each * 7919) % len(made)] for each in range(len(made))]  # by turns
