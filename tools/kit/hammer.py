#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: hammer JOB: datagrams at somebody's ports, fast, and what comes back. JOB is a JSON file:
  {"datagrams": [base64...], "to": [[host, port]...], "rate": a second or 0, "count": N,
   "source": [host, port] or null, "icmp": false}
Each datagram of `datagrams` in turn to each of `to` in turn. With a source they bear that address, which is not ours
(root), and whatever answers goes there. Without one they come from a port of ours, which listens until a while after
the last, with "icmp" for that too (root). Prints {"port": ours}, and at the end {"sent": N, "seconds": S, "answers": N, "icmp": N}."""
import base64
import json
import pathlib
import socket
import struct
import sys
import time

if __name__ != "__main__":
    from . import clear_media
    from .process import Process

PATIENCE = 0.4  # after the last datagram
TURN = 0.005  # as many as are due go together, this often


class Spoofed:
    """Sends as if from `source`: the kernel is handed whole IPv4 packets."""

    def __init__(self, source):
        self.source, self.port = source, source[1]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)

    def send(self, datagram, to):
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(datagram), 0, 0, 64, socket.IPPROTO_UDP, 0,
                         socket.inet_aton(self.source[0]), socket.inet_aton(to[0]))
        self.socket.sendto(ip + struct.pack("!HHHH", self.port, to[1], 8 + len(datagram), 0) + datagram, (to[0], 0))

    def heard(self):
        return 0  # of UDP; it went to whom it names


class Honest:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        self.socket.bind(("0.0.0.0", 0))
        self.port = self.socket.getsockname()[1]

    def send(self, datagram, to):
        self.socket.sendto(datagram, to)

    def heard(self):
        return waiting(self.socket)


def waiting(heard):
    """How many datagrams have come there since it was asked last."""
    count = 0
    while heard:
        try:
            heard.recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return count
        count += 1
    return 0


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    datagrams = [base64.b64decode(each) for each in job["datagrams"]]
    targets = [(host, port) for host, port in job["to"]]
    sender = Spoofed(tuple(job["source"])) if job["source"] else Honest()
    errors = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) if job["icmp"] else None
    print(json.dumps({"port": sender.port}), flush=True)
    count, rate, answers, icmp, sent = job["count"], job["rate"], 0, 0, 0
    began = time.monotonic()
    while sent < count:
        due = min(count, int((time.monotonic() - began) * rate) + 1) if rate else min(count, sent + 256)
        for number in range(sent, due):
            sender.send(datagrams[number % len(datagrams)], targets[number // len(datagrams) % len(targets)])
        sent = due
        answers, icmp = answers + sender.heard(), icmp + waiting(errors)
        if rate:
            time.sleep(max(0.0, min(TURN, began + sent / rate - time.monotonic())))
    seconds = time.monotonic() - began
    time.sleep(PATIENCE)
    print(json.dumps({"sent": sent, "seconds": seconds, "answers": answers + sender.heard(), "icmp": icmp + waiting(errors)}), flush=True)


class Hammer:
    """One at work, in a process of its own. `over()` is what it says at its end."""

    def __init__(self, folder, datagrams, to, count, rate=0, source=None, prefix=(), icmp=False):
        job = pathlib.Path(folder) / f"hammer-{time.monotonic_ns()}.json"
        job.write_text(json.dumps({"datagrams": [base64.b64encode(each).decode() for each in datagrams], "to": list(to),
                                   "count": count, "rate": rate, "source": source, "icmp": icmp}))
        self.process = Process([*prefix, "/usr/bin/python3", pathlib.Path(__file__).resolve(), job])
        self.port = self.process.wait_json(lambda said: "port" in said)["port"]
        clear_media.allow(self.port, "what an attacker sends")

    def over(self, timeout=60.0):
        return self.process.wait_json(lambda said: "sent" in said, timeout)

    def stop(self):
        self.process.stop()
        clear_media.disallow(self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


if __name__ == "__main__":
    main()
