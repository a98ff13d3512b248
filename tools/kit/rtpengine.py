# SPDX-License-Identifier: Apache-2.0
"""rtpengine in user space, as the media relay of a Kamailio that tells it what it passes on. Written against 10.5."""
import pathlib
import shutil
import socket

from .process import Process, ProcessError, Running, free_port, until

PROGRAM = shutil.which("rtpengine")


def missing():
    """Why rtpengine cannot be used here, or None."""
    return None if PROGRAM else "rtpengine is not installed (Debian: rtpengine-daemon)"


class Rtpengine(Running):
    """One running rtpengine on loopback. `ports`: how many for media."""

    def __init__(self, folder, ports=24, first=None, level=5):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        first = first or free_port(neighbours=ports)
        self.address = f"127.0.0.1:{free_port()}"
        self.process = Process([PROGRAM, "--config-file=none", "--interface=lo/127.0.0.1", f"--listen-ng={self.address}", "--table=-1",
                                "--foreground", "--log-stderr", f"--log-level={level}", f"--port-min={first}", f"--port-max={first + ports - 1}",
                                "--delete-delay=0", f"--pidfile={folder / 'rtpengine.pid'}"], cwd=folder)
        self.pid = self.process.child.pid
        try:
            until(self._answers, "rtpengine answers a ping")
        except ProcessError:
            self.process.stop()
            raise

    def _answers(self):
        if self.process.child.poll() is not None:
            raise ProcessError("rtpengine has ended:\n" + self.process.output())
        host, port = self.address.rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(0.2)
            link.connect((host, int(port)))
            try:
                link.send(b"1 d7:command4:pinge")
                return b"pong" in link.recv(512)
            except OSError:
                return False
