# SPDX-License-Identifier: Apache-2.0
"""Linphone's console as a peer of the edge: TLS 1.2 with a client certificate, SDES, audio from
and to files. Driven by its command line on stdin. Written against 5.1."""
import os
import pathlib
import shutil
import time

from .process import Process, ProcessError, Running, run

PROGRAM = shutil.which("linphonec")


def missing():
    """Why Linphone cannot be used here, or None."""
    return None if PROGRAM else "linphonec is not installed (Debian: linphone-cli)"


def version():
    words = run([PROGRAM, "-v"], check=False).stdout.split()
    return words[words.index("version:") + 1] if "version:" in words else "?"


CONFIG = """\
[sip]
sip_port=0
sip_tcp_port=0
sip_tls_port=-2
root_ca={ca}
verify_server_certs=1
verify_server_cn=1
{identity}
media_encryption={encryption}
media_encryption_mandatory=1
guess_hostname=0
ipv6_migration_done=1
use_ipv6=0
default_proxy=0
[net]
dns_srv_enabled=0
dns_user_hosts_file={hosts}
[proxy_0]
reg_proxy=<sip:{edge};transport=tls>
reg_route=<sip:{edge};transport=tls>
reg_identity=sip:{user}@{domain}
reg_sendregister={registers}
reg_expires=600
publish=0
{login}[rtp]
audio_rtp_port=-1
{media}
[sound]
use_files=1
echocancellation=0
agc=0
[video]
capture=0
display=0
"""


class Linphone(Running):
    """One running linphonec. `edge` is "name:port": the name it expects in the edge's certificate, which it
    finds at `host` without DNS. `media` is the address its RTP is bound to; None leaves that to Linphone.
    `encryption`: srtp, zrtp or dtls. `registers`: it does so there; `password` answers challenges (MD5 and SHA-256)."""

    def __init__(self, folder, user, ca, edge, play, identity=None, domain="sallyport.test", host="127.0.0.1", codec="PCMU", media="127.0.0.1",
                 registers=False, password=None, answer=False, encryption="srtp"):
        self.folder = pathlib.Path(folder)
        for part in (".local/share/linphone", ".config/linphone"):
            (self.folder / part).mkdir(parents=True)
        hosts = self.folder / "hosts"
        hosts.write_text(f"{host} {edge.rsplit(':', 1)[0]}\n")
        own = f"client_cert_chain={identity[0]}\nclient_cert_key={identity[1]}" if identity else ""
        config = self.folder / "linphonerc"
        login = f"[auth_info_0]\nusername={user}\npasswd={password}\nrealm={domain}\ndomain={domain}\nalgorithm=SHA-256\n" if password else ""
        config.write_text(CONFIG.format(ca=ca, identity=own, hosts=hosts, edge=edge, media=f"bind_address={media}" if media else "", user=user,
                                        domain=domain, registers=int(registers), login=login, encryption=encryption))
        self.user, self.recording, self.log = user, self.folder / "heard.wav", self.folder / "log"
        environment = dict(os.environ, HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder / ".config"),
                           XDG_DATA_HOME=str(self.folder / ".local/share"), TERM="dumb")
        self.process = Process([PROGRAM, "-c", config, "-d", "6", "-l", self.log], env=environment, stdin=True, cwd=self.folder)
        try:
            self.say("soundcard use files")
            self.say(f"play {play}")
            self.say(f"record {self.recording}")
            self.only_codec(codec)
            if answer:
                self.say("autoanswer enable")
        except ProcessError:
            self.process.stop()
            raise

    def only_codec(self, name):
        self.say("codec disable all")
        self.say("codec list")
        line = self.process.wait_line(lambda text: f"{name} " in text or f"{name}/" in text)
        self.say(f"codec enable {line.split(':')[0].strip()}")

    def registered(self, timeout=20.0):
        self._logged("to [LinphoneRegistrationOk]", timeout)
        return self

    def without_certificate(self):
        """Answers the question it asks when a listener wants a certificate and takes none as an answer."""
        self._logged("cannot get client certificate", 10.0)
        self.say("")  # shows the question
        self.say("none")
        return self

    def _logged(self, text, timeout):
        """Until its log says that: it says little on its console."""
        deadline = time.monotonic() + timeout
        while text not in self.log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                raise ProcessError(f"Linphone {self.user} did not log '{text}' within {timeout} s:\n{self.process.output()}")
            time.sleep(0.05)

    def established(self, timeout=20.0):
        return self.process.wait_line(lambda line: line.startswith("Media streams established"), timeout)

    def closed(self, timeout=20.0):
        return self.process.wait_line(lambda line: line.startswith("Call") and line.endswith(("ended.", "ended (No error).")), timeout)

    def sas(self, timeout=20.0):
        """What it shows of a ZRTP agreement."""
        line = self.process.wait_line(lambda text: "token is" in text.lower(), timeout)
        return line.split("oken is", 1)[1].split()[0].strip(".,!'\"()")

    def hang_up(self):
        self.say("terminate")

    def say(self, command):
        self.process.write(command + "\n")

    def call(self, uri):
        self.say(f"call {uri}")
        return self

    def heard(self):
        return self.recording

    def stop(self):
        if self.process.child.poll() is None:
            try:
                self.say("quit")
            except OSError:
                pass
        return self.process.stop()
