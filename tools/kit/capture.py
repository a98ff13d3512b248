# SPDX-License-Identifier: Apache-2.0
"""What crosses the loopback interface in UDP, as a listener on the wire sees it. Needs CAP_NET_RAW."""
import os
import select
import socket
import struct
import threading

ETH_P_ALL = 3
PACKET_OUTGOING = 4  # on loopback each datagram is seen going out and coming in: one is enough


def missing():
    """Why nothing can be captured here, or None."""
    if not hasattr(socket, "AF_PACKET"):
        return "this system has no packet sockets"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)).close()
    except PermissionError:
        return "capturing on the loopback interface needs root or CAP_NET_RAW"
    return None


class Capture:
    """IPv4 UDP on the interface while the `with` block lasts: (source port, destination port, payload)."""

    def __init__(self, interface="lo"):
        self.datagrams = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((interface, ETH_P_ALL))
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            ready, _, _ = select.select([self._socket, self._wake], [], [])
            if self._socket in ready:
                packet, where = self._socket.recvfrom(65536)
                if where[2] != PACKET_OUTGOING:
                    self._take(packet)
            elif self._wake in ready:
                return  # what was queued before the end has been read

    def _take(self, packet):
        if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
            return
        header = (packet[0] & 15) * 4
        source, destination, length = struct.unpack_from("!HHH", packet, header)
        self.datagrams.append((source, destination, packet[header + 8:header + length]))

    def between(self, ports):
        """Those that came from or went to one of the ports."""
        return [datagram for datagram in self.datagrams if datagram[0] in ports or datagram[1] in ports]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._end, b"x")
        self._thread.join(5.0)
        self._socket.close()
        os.close(self._wake)
        os.close(self._end)
