#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: sprayer ADDRESS FIRST LAST [ROUNDS]: a datagram that looks like RTP to every port of a range, ROUNDS times over,
and what comes back: {"sent": N, "answers": N, "icmp": N}. Needs root, to hear ICMP."""
import json
import os
import select
import socket
import struct
import sys
import time

PATIENCE = 0.5  # after the last datagram


def main():
    address, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    heard = {"answers": 0, "icmp": 0}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
        def listen(seconds):
            until = time.monotonic() + seconds
            while True:
                ready, _, _ = select.select([udp, icmp], [], [], max(0.0, until - time.monotonic()))
                if not ready:
                    return
                for each in ready:
                    each.recv(2048)
                    heard["answers" if each is udp else "icmp"] += 1

        sent = 0
        for _ in range(rounds):
            for port in range(first, last + 1):
                udp.sendto(struct.pack("!BBHII", 0x80, 0, sent & 0xFFFF, sent, 0x5EED5EED) + os.urandom(170), (address, port))
                sent += 1
                listen(0)
        listen(PATIENCE)
    print(json.dumps({"sent": sent, **heard}))


if __name__ == "__main__":
    main()
