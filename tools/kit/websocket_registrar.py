# SPDX-License-Identifier: Apache-2.0
"""Kamailio as registrar and proxy for SIP over secure WebSocket (RFC 7118), with passwords by Digest SHA-256: what a
browser phone is tried against without the edge. Written against 5.6."""
import os
import pathlib

from . import kamailio
from .process import Process, ProcessError, await_port, free_port


def missing():
    """Why it cannot be used here, or None."""
    if not kamailio.missing() and not os.path.exists(f"{kamailio.MODULES}/websocket.so"):
        return "kamailio has no WebSocket module (Debian: kamailio-websocket-modules)"
    return kamailio.missing()


ROUTING = """\
#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
enable_tls=yes
alias="{domain}"
listen=tls:{address}
tcp_connection_lifetime=120
tcp_accept_no_cl=yes
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
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
modparam("tls", "config", "{tls}")
modparam("auth", "algorithm", "SHA-256")
modparam("usrloc", "db_mode", 0)
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("tm", "fr_timer", 10000)
modparam("tm", "fr_inv_timer", 30000)

request_route {{
  xlog("L_NOTICE", "heard $rm from $fU: $hdr(Authorization)\\n");
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  force_rport();
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{domain}", "{password}", "0")) {{ www_challenge("{domain}", "1"); exit; }}
    fix_nated_register();
    if (!save("location")) sl_reply_error();
    exit;
  }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  add_contact_alias();
  if (has_totag()) {{
    if (loose_route()) {{ handle_ruri_alias(); t_relay(); exit; }}
    if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
    if (!is_method("ACK")) sl_send_reply("481", "Call Does Not Exist");
    exit;
  }}
  t_check_trans();
  record_route();
  if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
  if (!t_relay()) sl_reply_error();
}}
onreply_route {{
  add_contact_alias();
}}
event_route[xhttp:request] {{
  if ($hdr(Upgrade) =~ "websocket" && $hdr(Origin) == "{origin}" && $rm == "GET") {{
    if (ws_handle_handshake()) exit;
  }}
  xhttp_reply("403", "Forbidden", "", "");
}}
"""

TLS = """\
[server:default]
method = TLSv1.2+
certificate = {cert}
private_key = {key}
verify_certificate = no
require_certificate = no
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
"""


class WebSocketRegistrar:
    """One running Kamailio. `origin`: the page that may connect. Everybody's password is `password`."""

    def __init__(self, folder, identity, origin, domain, password, port=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = port or free_port()
        tls = self.folder / "tls.cfg"
        tls.write_text(TLS.format(cert=identity[0], key=identity[1]))
        routing = self.folder / "kamailio.cfg"
        routing.write_text(ROUTING.format(address=f"127.0.0.1:{self.port}", modules=kamailio.MODULES, tls=tls, domain=domain,
                                          password=password, origin=origin))
        self.start()

    def start(self):
        """Again, on the same port, after stop()."""
        self.process = Process([kamailio.PROGRAM, "-f", self.folder / "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "4", "-x", "tlsf",
                                "-Y", self.folder, "-w", self.folder], cwd=self.folder)
        try:
            await_port(f"127.0.0.1:{self.port}", lambda: self.process.child.poll() is None)
        except ProcessError:
            self.process.stop()
            raise

    def heard(self, text):
        """The lines of its log with that text."""
        return [line for line in self.process.lines if text in line]

    def stop(self):
        return self.process.stop()
