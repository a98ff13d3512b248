#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: clear_media FOLDER: watches every interface of its network namespace for RTP and RTCP in clear, until it is told
to end. What it finds it appends to FOLDER/findings; what a test says may be there stands in FOLDER/allowed.

Nobody tells it what is encrypted: it knows by the bytes. What a cipher has written is noise, each byte value as likely as
any other. Voice is not: G.711 has few loud samples and long silences, Opus and telephone events begin each packet alike.
RTCP in clear is a chain of headers whose lengths add up; SRTCP says that it is encrypted (RFC 3711 3.4)."""
import collections
import json
import os
import pathlib
import signal
import socket
import struct
import sys
import time

FOLDER = "SALLYPORT_CLEAR_MEDIA"  # the variable that names the folder while a run is watched
WINDOW = 32  # packets of a stream that are judged together
ENOUGH_PACKETS, ENOUGH_BYTES = 8, 160
ALIKE = 0.75  # of the packets of a window begin with one byte: of noise, one window in 10^11
UNEVEN = 12.0  # standard deviations of chi-square above that of noise
IDLE = 3.0  # seconds after which a stream is judged by what there is of it
RTCP = "RTCP in clear"
COOKIE = b"\x21\x12\xa4\x42"
SENDS, DATA, DATA_ATTRIBUTE = (0x0016, 0x0017), 0x4000, 0x0013  # of TURN


# --- by its bytes --------------------------------------------------------------------------------------------------------

def unevenness(data):
    """How far the byte values are from being equally frequent, in standard deviations."""
    expected = len(data) / 256
    chi_square = sum(count * count for count in collections.Counter(data).values()) / expected - len(data)
    return (chi_square - 255) / (2 * 255) ** 0.5


def is_rtcp(packet):
    """By its first header, which SRTCP leaves in clear."""
    return 200 <= packet[1] <= 207 and 4 * (struct.unpack_from("!H", packet, 2)[0] + 1) <= len(packet)


def is_clear_rtcp(packet):
    at = 0
    while at + 4 <= len(packet) and packet[at] >> 6 == 2 and 192 <= packet[at + 1] <= 223:
        at += 4 * (struct.unpack_from("!H", packet, at + 2)[0] + 1)
    if at == len(packet):
        return True
    # Behind the tag, or before one of 10 or 4 bytes: a word that begins with the sign of encryption.
    places = [place for place in (len(packet) - 4, len(packet) - 14, len(packet) - 8) if place >= 8]
    return not any(packet[place] & 0x80 for place in places)


def payload_at(packet):
    """Where an RTP packet's payload begins."""
    at = 12 + 4 * (packet[0] & 15)
    if packet[0] & 16 and at + 4 <= len(packet):
        at += 4 + 4 * struct.unpack_from("!H", packet, at + 2)[0]
    return at


def relayed(datagram):
    """What TURN carries, when it does (RFC 8656 12.4, 11.6)."""
    if len(datagram) < 12:
        return datagram
    kind, length = struct.unpack_from("!HH", datagram)
    if DATA <= kind < DATA + 0x1000:
        return datagram[4:4 + length]
    if kind in SENDS and datagram[4:8] == COOKIE:
        at = 20
        while at + 4 <= len(datagram):
            name, length = struct.unpack_from("!HH", datagram, at)
            if name == DATA_ATTRIBUTE:
                return datagram[at + 4:at + 4 + length]
            at += 4 + length + -length % 4
    return datagram


class Stream:
    """One direction, source and payload type: what has come since it was judged last."""

    def __init__(self):
        self.known, self.last = set(), 0.0
        self._begin()

    def _begin(self):
        self.heads, self.bytes = [], bytearray()

    def take(self, packet, now):
        """Why it is in clear, when it is found to be. What comes again says nothing new."""
        self.last = now
        mark = hash(packet)
        if mark in self.known:
            return None
        if len(self.known) > 1024:
            self.known.clear()
        self.known.add(mark)
        payload = packet[payload_at(packet):]
        if payload:
            self.heads.append(payload[0])
            self.bytes += payload[:256]
        return self.judge() if len(self.heads) >= WINDOW else None

    def judge(self):
        heads, data = self.heads, self.bytes
        self._begin()
        if len(data) >= ENOUGH_BYTES and unevenness(data) > UNEVEN:
            return f"{len(data)} bytes of payload that are no noise"
        if len(heads) >= ENOUGH_PACKETS and collections.Counter(heads).most_common(1)[0][1] >= ALIKE * len(heads):
            return f"{len(heads)} payloads that begin alike"
        return None


class Judge:
    """Of all that crosses: tell(source port, destination port, why, packet, now) for what is in clear."""

    def __init__(self, tell):
        self.tell, self.streams, self.judged = tell, {}, 0

    def take(self, source, destination, datagram, now):
        """`source` and `destination`: (address, port)."""
        packet = relayed(datagram)
        if len(packet) < 8 or packet[0] >> 6 != 2 or 53 in (source[1], destination[1]):
            return
        if is_rtcp(packet):
            self.judged += 1
            if is_clear_rtcp(packet):
                self.tell(source[1], destination[1], RTCP, packet, now)
        elif len(packet) >= 12 and not 192 <= packet[1] <= 223:
            self.judged += 1
            stream = self.streams.setdefault((source, destination, packet[1] & 127, packet[8:12]), Stream())
            why = stream.take(packet, now)
            if why:
                self.tell(source[1], destination[1], why, packet, now)

    def sweep(self, now, patience=IDLE):
        """Judges what has fallen silent by what there is of it."""
        for key, stream in list(self.streams.items()):
            if now - stream.last < patience:
                continue
            del self.streams[key]
            why = stream.judge()
            if why:
                self.tell(key[0][1], key[1][1], why, b"", stream.last)


# --- on the wire -----------------------------------------------------------------------------------------------------------

SOL_PACKET, PACKET_STATISTICS, SO_ATTACH_FILTER, SO_RCVBUFFORCE, ETH_P_ALL = 263, 6, 26, 33, 3
# UDP of both families, once: what is on the loopback interface is seen going out and coming in.
FILTER = [(0x30, 0, 0, 0xFFFFF004), (0x15, 0, 2, 4), (0x20, 0, 0, 0xFFFFF008), (0x15, 7, 0, 1),
          (0x30, 0, 0, 0), (0x54, 0, 0, 0xF0), (0x15, 0, 2, 0x40), (0x30, 0, 0, 9), (0x15, 3, 2, 17),
          (0x30, 0, 0, 6), (0x15, 1, 0, 17), (0x06, 0, 0, 0), (0x06, 0, 0, 2048)]


def tap():
    import ctypes
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in FILTER))
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sniffer.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), ctypes.addressof(program)))
    sniffer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    sniffer.settimeout(0.5)
    return sniffer


def dissect(packet):
    """(source, destination, payload) of an IP packet with UDP; nothing of a later fragment."""
    if packet[0] >> 4 == 4:
        if struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
            return None
        header, addresses = (packet[0] & 15) * 4, (packet[12:16], packet[16:20])
    elif packet[0] >> 4 != 6 or len(packet) < 40:
        return None
    else:
        header, addresses = 40, (packet[8:24], packet[24:40])
    if len(packet) < header + 8:
        return None
    source, destination, length = struct.unpack_from("!HHH", packet, header)
    return (addresses[0], source), (addresses[1], destination), packet[header + 8:header + length]


def watch(folder):
    findings = os.open(pathlib.Path(folder) / "findings", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(found):
        os.write(findings, (json.dumps(found) + "\n").encode())

    def tell(source, destination, why, packet, now):
        write({"at": now, "from": source, "to": destination, "why": why, "packet": packet[:24].hex()})

    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    judge, sniffer, swept, seen = Judge(tell), tap(), time.time(), 0
    print("watching", flush=True)
    quiet = False
    while not (over and quiet):
        try:
            packet, quiet = sniffer.recv(2048), False
            seen += 1
        except socket.timeout:
            packet, quiet = b"", True
        now = time.time()
        cut = dissect(packet) if packet else None
        if cut:
            judge.take(*cut, now)
        if now - swept > IDLE:
            judge.sweep(now)
            swept = now
    judge.sweep(time.time(), patience=-1.0)
    missed = struct.unpack("II", sniffer.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    write({"seen": seen, "judged": judge.judged, "missed": missed})


# --- what may be there ------------------------------------------------------------------------------------------------------

def allow(port, why, hears=False, only=None):
    """A socket of a test that speaks in clear by design, from now until disallow(): what it sends, and with `hears` also
    what it is sent, is nobody's fault; with `only` (RTCP) no more than that."""
    _note({"at": time.time(), "port": port, "why": why, "hears": hears, "only": only})


def disallow(port):
    _note({"at": time.time(), "port": port, "over": True})


def _note(said):
    folder = os.environ.get(FOLDER)
    if folder:
        noted = os.open(pathlib.Path(folder) / "allowed", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(noted, (json.dumps(said) + "\n").encode())
        os.close(noted)


def read(folder, name):
    file = pathlib.Path(folder) / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def unexplained(findings, allowed, slack=WINDOW * 0.1):
    """Those that nobody has allowed. A stream is judged a while after its first packet, and after its last."""
    spans = []
    for said in allowed:
        if said.get("over"):
            for span in spans:
                if span["port"] == said["port"]:
                    span["until"] = min(span["until"], said["at"] + slack + IDLE)
        else:
            spans.append({**said, "until": float("inf")})

    def explained(found):
        return any(span["at"] - slack <= found["at"] <= span["until"] and span["only"] in (None, found["why"]) and
                   (found["from"] == span["port"] or span["hears"] and found["to"] == span["port"]) for span in spans)

    return [found for found in findings if "why" in found and not explained(found)]


if __name__ == "__main__":
    watch(sys.argv[1])
