# SPDX-License-Identifier: Apache-2.0
"""Kamailio as a TLS voice core: wants a client certificate of everybody, stays in the path by Record-Route,
passes SDP on untouched. As a proxy: what the edge sends goes to the phone behind it, what that phone sends goes
to the edge. As a registrar: the edge registers others at it, with a Path (RFC 3327), and calls to them go back by that
Path; calls to anybody else go to the phone behind it. With a media relay (rtpengine) it changes SDP instead: voice goes
through that, as the flags for each direction say. Written against 5.6."""
import os
import pathlib
import shutil

from .process import Process, ProcessError, Running, await_port, free_port, run

PROGRAM = shutil.which("kamailio") or shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")
MODULES = next((folder for folder in ("/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules",
                                      "/usr/lib/kamailio/modules", "/usr/lib64/kamailio/modules") if os.path.isdir(folder)), None)


def missing():
    """Why Kamailio cannot be used here, or None."""
    if not PROGRAM:
        return "kamailio is not installed (Debian: kamailio)"
    if not MODULES or not os.path.exists(f"{MODULES}/tls.so"):
        return "kamailio has no TLS module (Debian: kamailio-tls-modules)"
    return None


def version():
    words = run([PROGRAM, "-v"], check=False).stdout.split()
    return words[words.index("kamailio") + 1] if "kamailio" in words else "?"


ROUTING = """\
#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
enable_tls=yes
listen=tls:{address}
tcp_connection_lifetime=120
mpath="{modules}"
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
{more_modules}
modparam("tls", "config", "{tls}")
modparam("rr", "enable_full_lr", 1)
modparam("tm", "fr_timer", 10000)
modparam("tm", "fr_inv_timer", 30000)

request_route {{
  xlog("L_NOTICE", "heard $rm from $tls_peer_san_hostname $tls_peer_subject_cn ($tls_version $tls_cipher_info)\\n");
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("OPTIONS")) {{
    if ($rd != "{edge_name}") {{ sl_send_reply("200", "OK"); exit; }}
    $du = "sip:{outward};transport=tls";
    t_relay();
    exit;
  }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ {request_media} t_relay(); exit; }}
    if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
    if (!is_method("ACK")) sl_send_reply("481", "Call Does Not Exist");
    exit;
  }}
{requests}
}}
onreply_route {{
  xlog("L_NOTICE", "heard $rs to $rm from $tls_peer_san_hostname $tls_peer_subject_cn\\n");
  {response_media}
}}
"""

# Inwards what comes from the edge, outwards what goes to it; an answer goes back as the offer came.
REQUEST_MEDIA = """
  if (is_method("BYE")) rtpengine_delete();
  else if (has_body("application/sdp")) {
    if ($tls_peer_san_hostname == "EDGE_NAME") rtpengine_offer("INWARD_MEDIA");
    else rtpengine_offer("OUTWARD_MEDIA");
  }
"""
RESPONSE_MEDIA = 'if (has_body("application/sdp")) rtpengine_answer("replace-origin replace-session-connection");'

AS_PROXY = """\
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  t_check_trans();
  record_route();
  $du = "sip:OUTWARD;transport=tls";
  if ($tls_peer_san_hostname == "EDGE_NAME") $du = "sip:INWARD;transport=tls";
  REQUEST_MEDIA
  if (!t_relay()) sl_reply_error();
"""

REGISTRAR_MODULES = """\
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 2)
"""

# path_mode 2: a REGISTER whose Path is not said to be supported is refused.
AS_REGISTRAR = """\
  if (is_method("REGISTER")) {
    if ($tls_peer_san_hostname != "EDGE_NAME") { sl_send_reply("403", "Forbidden"); exit; }
    xlog("L_NOTICE", "bound $tU by path $hdr(Path)\\n");
    if (!save("location")) sl_reply_error();
    exit;
  }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  t_check_trans();
  record_route();
  if (!lookup("location")) $du = "sip:INWARD;transport=tls";
  if (!t_relay()) sl_reply_error();
"""

TLS = """\
[server:default]
method = TLSv1.2+
certificate = {cert}
private_key = {key}
ca_list = {ca}
verify_certificate = yes
require_certificate = yes
[client:default]
method = TLSv1.2+
certificate = {cert}
private_key = {key}
ca_list = {ca}
verify_certificate = yes
require_certificate = yes
"""


class MediaRelay:
    """An rtpengine's address, and the flags for what goes to the phone behind Kamailio and for what goes to the edge."""

    def __init__(self, address, inward, outward):
        self.modules = f'loadmodule "rtpengine.so"\nmodparam("rtpengine", "rtpengine_sock", "udp:{address}")\n'
        same = "replace-origin replace-session-connection "
        self.requests = REQUEST_MEDIA.replace("INWARD_MEDIA", same + inward).replace("OUTWARD_MEDIA", same + outward)


class Kamailio(Running):
    """One running Kamailio between `edge` ("host:port" and the dns name in its certificate) and `phone`."""

    def __init__(self, folder, identity, ca, edge, phone, edge_name="edge.sallyport.test", port=None,
                 registrar=False, media=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.address = f"127.0.0.1:{port or free_port()}"
        tls = self.folder / "tls.cfg"
        tls.write_text(TLS.format(cert=identity[0], key=identity[1], ca=ca))
        routing = self.folder / "kamailio.cfg"
        request_media = media.requests.replace("EDGE_NAME", edge_name) if media else ""
        requests = AS_REGISTRAR if registrar else AS_PROXY
        for word, value in (("OUTWARD", edge), ("INWARD", phone), ("EDGE_NAME", edge_name), ("REQUEST_MEDIA", request_media)):
            requests = requests.replace(word, value)
        routing.write_text(ROUTING.format(address=self.address, modules=MODULES, tls=tls, outward=edge, edge_name=edge_name,
                                          more_modules=(REGISTRAR_MODULES if registrar else "") + (media.modules if media else ""),
                                          requests=requests, request_media=request_media, response_media=RESPONSE_MEDIA if media else ""))
        # -DD: stays in the foreground, with its children; they end with it
        self.process = Process([PROGRAM, "-f", routing, "-DD", "-E", "-m", "32", "-M", "4", "-x", "tlsf",
                                "-Y", self.folder, "-w", self.folder], cwd=self.folder)
        try:
            await_port(self.address, lambda: self.process.child.poll() is None)
        except ProcessError:
            self.process.stop()
            raise
