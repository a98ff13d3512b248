# SPDX-License-Identifier: Apache-2.0
"""A media end without SRTP, as an unprotected core has one: plays a WAV file as PCMU and records what it hears."""
import array
import os
import socket
import struct
import threading
import time
import wave

from . import audio, clear_media

PACKET = 160  # samples: 20 ms


class PlainRtp:
    """One RTP port. play() begins to send; record() writes what came, decoded. `hears`: whether it may be spoken to in
    clear."""

    def __init__(self, host="127.0.0.1", hears=True):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        for port in (self.port, self.port + 1):  # of RTCP, where nobody listens
            clear_media.allow(port, "an end without SRTP", hears)
        self.packets = []  # as they came
        self.sources = set()
        self._over = threading.Event()
        self._threads = []
        self._start(self._listen)

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def play(self, path, destination):
        """To (host, port), at the pace of speech."""
        coded = bytes(audio.pcmu(int(sample)) for sample in audio.read_mono(path))
        self._start(self._send, [coded[at:at + PACKET] for at in range(0, len(coded) - PACKET + 1, PACKET)], destination)

    def wait_played(self, timeout=20.0):
        self._threads[-1].join(timeout)

    def _send(self, payloads, destination):
        source = int.from_bytes(os.urandom(4), "big")
        began = time.monotonic()
        for number, payload in enumerate(payloads):
            if self._over.wait(max(0.0, began + number * 0.02 - time.monotonic())):
                return
            self.socket.sendto(struct.pack("!BBHII", 0x80, 0, number + 1, number * PACKET, source) + payload, destination)

    def _listen(self):
        while not self._over.is_set():
            try:
                packet, source = self.socket.recvfrom(2048)
            except socket.timeout:
                continue
            except OSError:
                return
            self.packets.append(packet)
            self.sources.add(source)

    def record(self, path):
        """Writes what was heard, of payload type 0, in the order in which it came."""
        samples = array.array("h")
        for packet in self.packets:
            if len(packet) > 12 and packet[1] & 0x7F == 0:
                samples.extend(audio.from_pcmu(byte) for byte in packet[12:])
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(samples.tobytes())
        return path

    def close(self):
        self._over.set()
        for thread in self._threads:
            thread.join(5.0)
        self.socket.close()
        for port in (self.port, self.port + 1):
            clear_media.disallow(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
