# SPDX-License-Identifier: Apache-2.0
"""Asterisk as a PBX: chan_pjsip over mutual TLS, SDES, one dialplan. Debian 12 has no package of it, so it lives in a
folder of Debian unstable outside the repository, which `./dev asterisk` makes (root, three minutes, 640 MB), and runs
from there by that folder's own loader: no chroot, no root. Written against 22.10."""
import os
import pathlib
import shutil
import subprocess
import sys

from .process import Process, ProcessError, Running, run

FOLDER = pathlib.Path(os.environ.get("SALLYPORT_ASTERISK_DIR", "/var/cache/sallyport/asterisk"))
LIBRARIES = FOLDER / "usr/lib/x86_64-linux-gnu"
LOADER = LIBRARIES / "ld-linux-x86-64.so.2"
PROGRAM = FOLDER / "usr/sbin/asterisk"
MIRROR = "http://deb.debian.org/debian"
# Of a mirror that lags behind, the signatures hold and the dates may not.
INSTALL = ("apt-get -o Acquire::Check-Valid-Until=false update -q && "
           "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends asterisk")


def missing():
    """Why Asterisk cannot be used here, or None."""
    if not PROGRAM.exists() or not LOADER.exists():
        return f"there is no Asterisk in {FOLDER} (`./dev asterisk` puts one there; Debian 12 has no package)"
    done = subprocess.run([*_argv(), "-V"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else f"the Asterisk in {FOLDER} does not start: {done.stdout}{done.stderr}"


def version():
    return run([*_argv(), "-V"]).stdout.split()[1].split("+")[0]


def prepare(say=print):
    """Makes the folder: a minimal Debian unstable, and Asterisk in it by that system's own apt."""
    if missing() is None:
        return say(f"Asterisk {version()} stands in {FOLDER}")
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise ProcessError("debootstrap and root are needed (Debian: debootstrap)")
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    unfinished = FOLDER.with_name(FOLDER.name + ".unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    run(["debootstrap", "--variant=minbase", "sid", unfinished, MIRROR], timeout=900.0)
    no_services = unfinished / "usr/sbin/policy-rc.d"
    no_services.write_text("#!/bin/sh\nexit 101\n")
    no_services.chmod(0o755)
    run(["chroot", unfinished, "sh", "-c", INSTALL], timeout=900.0)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    unfinished.rename(FOLDER)
    if missing():
        raise ProcessError(missing())
    say(f"Asterisk {version()} stands in {FOLDER}")


def _argv():
    return [LOADER, "--library-path", f"{LIBRARIES}:{LIBRARIES}/asterisk", PROGRAM]


DIRECTORIES = """\
[directories]
astetcdir => {folder}
astmoddir => {libraries}/asterisk/modules
astvarlibdir => {folder}
astdbdir => {folder}
astkeydir => {folder}
astdatadir => {data}
astagidir => {folder}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}
[options]
nocolor = yes
"""

MODULES = """\
[modules]
autoload = no
""" + "".join(f"load = {name}.so\n" for name in """
    res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd res_pjproject res_pjsip res_pjsip_session
    res_pjsip_pubsub res_pjsip_sdp_rtp res_pjsip_endpoint_identifier_ip res_pjsip_caller_id res_pjsip_dlg_options
    res_pjsip_authenticator_digest res_pjsip_refer res_pjsip_nat res_pjsip_rfc3326 res_rtp_asterisk res_srtp res_musiconhold codec_ulaw format_pcm
    bridge_simple chan_pjsip pbx_config app_dial app_echo app_transfer app_verbose res_pjsip_logger""".split())

PJSIP = """\
[transport-tls]
type=transport
protocol=tls
bind={address}
cert_file={cert}
priv_key_file={key}
ca_list_file={ca}
method=tlsv1_2
require_client_cert=yes
verify_client=yes
verify_server=yes

[edge]
type=endpoint
transport=transport-tls
context=from-edge
disallow=all
allow=ulaw
aors=edge
{media}
media_encryption_optimistic=no
dtmf_mode=rfc4733
direct_media=no
rtp_symmetric=yes
trust_id_inbound=yes
send_pai=yes
moh_passthrough=yes

[edge]
type=aor
contact=sip:{edge}\\;transport=tls

[edge]
type=identify
endpoint=edge
match=127.0.0.1
"""

SDES = "media_encryption=sdes"
DTLS = "media_encryption=dtls\ndtls_auto_generate_cert=yes\ndtls_setup=actpass\ndtls_verify=fingerprint\nrtcp_mux=yes"
DTLS_BY_ICE = DTLS + "\nice_support=yes"

# 600 echoes; 7NAME answers and sends the caller on to NAME; every other word is called at the edge.
DIALPLAN = """\
[from-edge]
exten => 600,1,Answer()
 same => n,Echo()
exten => _7[a-z].,1,Answer()
 same => n,Transfer(PJSIP/sip:${{EXTEN:1}}@{domain})
 same => n,Verbose(0,transfer of ${{EXTEN:1}}: ${{TRANSFERSTATUS}})
 same => n,Hangup()
exten => _[a-z].,1,Verbose(0,calls ${{EXTEN}})
 same => n,Dial(PJSIP/${{EXTEN}}@edge,20)
 same => n,Hangup()
"""


class Asterisk(Running):
    """One running Asterisk at `address` behind `edge`, "host:port": the edge's certificate must name
    that host and the one in the edge's Contact. Its resolver asks DNS servers only, so here both are addresses."""

    def __init__(self, folder, identity, ca, edge, address, domain="sallyport.test", media=SDES):
        self.folder, self.address = pathlib.Path(folder), address
        self.folder.mkdir(parents=True)
        files = {
            "asterisk.conf": DIRECTORIES.format(folder=self.folder, libraries=LIBRARIES, data=FOLDER / "usr/share/asterisk"),
            "modules.conf": MODULES,
            "logger.conf": "[logfiles]\nconsole => notice,warning,error,verbose(0)\n",
            "pjsip.conf": PJSIP.format(address=address, cert=identity[0], key=identity[1], ca=ca, edge=edge, media=media),
            "rtp.conf": "[general]\nrtpstart=10000\nrtpend=60000\n",
            "extensions.conf": DIALPLAN.format(domain=domain),
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.process = Process([*_argv(), "-f", "-C", self.folder / "asterisk.conf"], cwd=self.folder)
        try:
            self.process.wait_line(lambda line: "Asterisk Ready" in line)
        except ProcessError:
            self.process.stop()
            raise
