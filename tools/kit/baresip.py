# SPDX-License-Identifier: Apache-2.0
"""baresip as a peer of the edge: TLS with a client certificate, SDES or DTLS, audio from and to files. Driven
over its control port (JSON in netstrings), so that tests wait for its events. Written against 1.0."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from . import clear_media
from .process import Process, ProcessError, Running, free_port, run

PROGRAM = shutil.which("baresip")
MODULES = next((folder for folder in ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules") if os.path.isdir(folder)), None)
WANTED = ("g711.so", "aufile.so", "aubridge.so", "sndfile.so", "srtp.so", "dtls_srtp.so", "ice.so", "uuid.so", "account.so", "menu.so", "ctrl_tcp.so")


def missing():
    """Why baresip cannot be used here, or None."""
    if not PROGRAM:
        return "baresip is not installed (Debian: baresip-core)"
    absent = [name for name in WANTED if not MODULES or not os.path.exists(f"{MODULES}/{name}")]
    return f"baresip lacks its modules {', '.join(absent)}" if absent else None


def version():
    return next((word.lstrip("v") for word in run([PROGRAM, "-h"], check=False).stdout.split() if word.startswith("v")), "?")


class Place:
    """Where a baresip will listen, known before it runs: an edge that calls it must be told first."""

    def __init__(self):
        self.listen = free_port(neighbours=2)  # TLS takes the second
        self.address = f"127.0.0.1:{self.listen + 1}"


CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{listen}
{identity}
sip_cafile {ca}
net_interface 127.0.0.1
audio_player aubridge,{user}
audio_source aufile,{play}
audio_alert aubridge,{user}-alert
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
rtp_ports {media}-{last}
jitter_buffer_delay 1-10
rtcp_mux {rtcp_mux}
rtp_timeout 30
snd_path {folder}
module_path {modules}
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module srtp.so
module dtls_srtp.so
module ice.so
module uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
ringback_disabled yes
"""
MEDIA_PORTS = 40  # of one baresip


class Baresip(Running):
    """One running baresip. `identity` is (certificate, key) or None; `edge` the "host:port" it sends calls
    through. `play` must outlast the call: baresip ends a call whose source ends. `registers`: it does so there, on
    a connection of its own that it keeps (RFC 5626); `password` answers the challenges it understands, MD5 only."""

    def __init__(self, folder, user, ca, play, identity=None, edge=None, domain="sallyport.test", answer=False, codec="PCMU",
                 rtcp_mux=False, encryption="srtp-mand", place=None, registers=False, password=None, ice=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.user = user
        place, control = place or Place(), free_port()
        self.address = place.address
        first = free_port(neighbours=MEDIA_PORTS)
        self.media = range(first, first + MEDIA_PORTS)
        for port in self.media:
            clear_media.allow(port, "baresip opens its ports and says goodbye with RTCP in clear", only=clear_media.RTCP)
        if identity:
            both = self.folder / "identity.pem"  # baresip wants certificate and key in one file
            both.touch(0o600)
            both.write_text(pathlib.Path(identity[0]).read_text() + pathlib.Path(identity[1]).read_text())
        (self.folder / "config").write_text(CONFIG.format(
            listen=place.listen, control=control, ca=ca, user=user, play=play, folder=self.folder, modules=MODULES,
            media=self.media[0], last=self.media[-1], identity=f"sip_certificate {both}" if identity else "", rtcp_mux="yes" if rtcp_mux else "no"))
        (self.folder / "contacts").write_text("")
        route = f';outbound="sip:{edge};transport=tls"' if edge else ""
        keying = f";mediaenc={encryption}" if encryption else ""
        keying += f";auth_user={user};auth_pass={password}" if password else ""
        keying += ";medianat=ice" if ice else ""
        regint = "regint=600;sipnat=outbound" if registers else "regint=0"
        (self.folder / "accounts").write_text(
            f"<sip:{user}@{domain};transport=tls>{route};{regint}{keying};audio_codecs={codec};ptime=20;"
            f"answermode={'auto' if answer else 'manual'}\n")
        self.events = []
        self._buffer = b""
        self.process = Process([PROGRAM, "-f", self.folder, "-v"], cwd=self.folder)
        try:
            self.process.wait_line(lambda line: "baresip is ready" in line)
            self.control = socket.create_connection(("127.0.0.1", control), timeout=5.0)
        except (ProcessError, OSError):
            self.process.stop()
            raise

    def dial(self, uri):
        """Starts a call. What becomes of it, the events tell."""
        self._say("dial", uri)
        return self

    call = dial  # as Linphone's is called

    def hang_up(self):
        self._say("hangup", "")

    def hold(self):
        self._say("hold", "")

    def transfer(self, uri):
        """Sends the other party there (REFER)."""
        self._say("transfer", uri)

    def resume(self):
        self._say("resume", "")

    def registered(self, timeout=15.0):
        self.wait_event("REGISTER_OK", timeout)
        return self

    def established(self, timeout=15.0):
        return self.wait_event("CALL_ESTABLISHED", timeout)

    def closed(self, timeout=20.0):
        """The event that ended the call; its "param" is baresip's reason."""
        return self.wait_event("CALL_CLOSED", timeout)

    def wait_event(self, kind, timeout):
        """The next event of that type not yet waited for."""
        deadline = time.monotonic() + timeout
        while True:
            for index, event in enumerate(self.events):
                if event.get("type") == kind:
                    del self.events[:index + 1]
                    return event
            self.control.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                chunk = self.control.recv(65536)
            except socket.timeout:
                raise ProcessError(f"baresip {self.user}: no {kind} within {timeout} s:\n{self.process.output()}") from None
            if not chunk:
                raise ProcessError(f"baresip {self.user} ended:\n{self.process.output()}")
            self._take(chunk)

    def recording(self):
        """The file of what it hears in its last call, None before it hears anything; whole once the call has ended."""
        return max(self.folder.glob("dump-*-dec.wav"), default=None)

    def heard(self):
        found = self.recording()
        if not found:
            raise ProcessError(f"baresip {self.user} recorded nothing:\n{self.process.output()}")
        return found

    def _say(self, command, params):
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self.control.sendall(str(len(text)).encode() + b":" + text + b",")

    def _take(self, chunk):
        self._buffer += chunk
        while b":" in self._buffer:
            size, _, rest = self._buffer.partition(b":")
            if len(rest) < int(size) + 1:
                return
            message, self._buffer = json.loads(rest[:int(size)]), rest[int(size) + 1:]
            if message.get("event"):
                self.events.append(message)

    def stop(self):
        self.control.close()
        for port in self.media:
            clear_media.disallow(port)
        child = self.process.child
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(1.0)
            except subprocess.TimeoutExpired:
                pass  # it waits for answers to what it asked last; asked twice it does not
        return self.process.stop(2.0)
