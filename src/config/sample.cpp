// SPDX-License-Identifier: Apache-2.0
#include "config/sample.h"

#include "config/toml_text.h"

namespace sallyport::config {
namespace {

class Writer {
 public:
  void lines(std::string_view block) { text_ += block; }

  void setting(std::string_view key, const std::string& value, std::string_view remark = {}) {
    std::string line{key};
    line += " = " + value;
    if (!remark.empty()) {
      if (line.size() < kRemarkColumn) line.append(kRemarkColumn - line.size(), ' ');
      line += "  # ";
      line += remark;
    }
    text_ += line + "\n";
  }

  // A value, or the line as a comment that shows what it would look like.
  void optional(std::string_view key, const std::string& value, std::string_view example, std::string_view remark) {
    if (!value.empty()) return setting(key, tomlText(value), remark);
    setting("# " + std::string{key}, tomlText(example), remark);
  }

  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kRemarkColumn = 44;
  std::string text_;
};

void writeEdge(Writer& out, const SampleOptions& options) {
  out.lines(R"(# Sallyport: the configuration of one edge.
# Examine it with `sallyport check`; put it into force with `sallyport reload` or SIGHUP.
# Relative paths start at this file's folder. Durations: "500ms", "30s", "5m", "2h".
# An unknown setting is an error. Nothing in here turns the verification of a peer off.

[edge]
)");
  out.setting("domains", tomlList(options.domains), "SIP domains that are ours; calls to others are refused");
  out.setting("state_dir", tomlText(options.state_dir), "call records, control socket");
  if (!options.user.empty()) out.setting("user", tomlText(options.user), "drop to this user once started");
  out.lines(R"(# workers = 0                                 # 0: one per processor
# drain_deadline = "30s"                      # how long live calls may last after SIGTERM
# control_socket = "/run/sallyport/control"    # in state_dir unless set
)");
}

void writeListener(Writer& out, const SampleOptions& options) {
  out.lines(R"(
# Where peers and phones connect: SIP over mutual TLS, 1.2 and 1.3, forward secrecy and AEAD only. Who shows no
# certificate must be known otherwise (`authentication` below), on a [[listener]] that lets it in.
[[listener]]
name = "public"
)");
  out.setting("address", tomlText(options.listen_address), "\"[::]:5061\" for IPv6, as a [[listener]] of its own");
  out.setting("certificate", tomlText(options.certificate), "PEM, leaf first");
  out.setting("key", tomlText(options.key), "readable by nobody else (0600)");
  out.optional("advertise", options.advertise, "edge.example.org:5061", "what peers are told, behind a NAT");
  out.lines(R"(# rsa_certificate = "edge-rsa.pem"            # a second pair, for peers without ECDSA
# rsa_key = "edge-rsa.key"
# client_certificate = "required"             # optional: for passwords, tokens, and peers without a certificate
# tls = "1.2"                                 # "1.3": nothing older
# max_connections = 10000
# handshake_timeout = "5s"
# first_byte_timeout = "10s"
# idle_timeout = "10m"
# handshakes_per_source = 20                  # per second, from one address

# Browsers come in by a [web_listener], HTTPS and SIP over secure WebSocket: docs/web-phone.md.
)");
}

void writeMedia(Writer& out, const SampleOptions& options) {
  out.lines(R"(
# Voice: SRTP only. Every call opens its own random ports in the range and closes them at its end.
[media]
)");
  out.setting("address", tomlText(options.media_address), "[\"192.0.2.10\", \"2001:db8::10\"] for both families");
  out.optional("advertise", options.media_advertise, "203.0.113.10", "what SDP says, behind a NAT");
  out.setting("port_range", tomlText(options.media_ports), "four ports per call");
  out.lines(R"(# timeout = "60s"                             # silence that ends a call
# handshake_timeout = "10s"                   # of DTLS, from the answer on
# dscp = 46                                   # expedited forwarding
# transcoded_calls = 100                      # between Opus and G.711, at once; 0: none

# The same in the kernel (nftables, CAP_NET_ADMIN): what is sent to a port of the range that no call has opened is dropped.
[firewall]
# mode = "auto"                               # required: no start without it; off: user space alone
# max_pinholes = 65536                        # open ports
)");
}

void writeTrust(Writer& out, const SampleOptions& options) {
  out.lines(R"(
# Who may vouch for whom. A CA counts only for the peers that name its [[trust]].
[[trust]]
name = "private"
)");
  out.setting("anchors", tomlText(options.trust_anchors), "PEM, one or more CA certificates");
  out.optional("crl", options.trust_crl, "ca.crl.pem", "revoked certificates");
  if (!options.devices_domain) return;
  out.lines(R"(
# Phones enrolled at our private CA: any certificate of that CA with a name uri:sip:<user>@<domain>.
[devices]
trust = "private"
)");
  out.setting("domain", tomlText(*options.devices_domain));
  out.lines(R"(tier = "compatible"                           # many phones cannot do AEAD yet
# max_calls = 4                               # at once, per device
# call_rate = 1.0                             # calls per second, per device
# authentication = ["certificate"]            # any of: digest, scram, token, "certificate and digest", ...
# realm = "example.org"                       # of digest and SCRAM; the domain unless set
# credentials = "devices.credentials"         # verifiers of passwords (0600), for digest and scram
# digest_algorithms = ["SHA-256", "SHA-512-256"]
# token = { issuer = "https://login.example.org", audience = "sip:example.org", jwks = "keys.json" }

# Phones that register; a [[route]] leads to them by to = "device". Where it is off, REGISTER is refused.
[registrar]
enabled = false
# min_expires = "1m"
# default_expires = "1h"
# max_expires = "2h"
# max_contacts = 8                            # per address of record
# upstream = "core"                           # a [[peer]] that is told of every registration
)");
}

void writePeer(Writer& out, const SamplePeer& peer) {
  out.lines("\n");
  if (!peer.remark.empty()) out.lines("# " + peer.remark + "\n");
  out.lines("[[peer]]\n");
  out.setting("name", tomlText(peer.name));
  out.setting("identities", tomlList(peer.identities), "names in its certificate: dns: uri: ip:");
  out.setting("trust", tomlText(peer.trust));
  out.optional("address", peer.address, "192.0.2.20:5061", "where to call it; without, it only calls us");
  if (!peer.server_name.empty()) out.setting("server_name", tomlText(peer.server_name));
  out.setting("tier", tomlText(peer.tier), "strict: AEAD only; compatible: AES_CM_128_HMAC_SHA1_80 too");
}

void writePeers(Writer& out, const SampleOptions& options) {
  out.lines(R"(
# Who may connect, and whom we call. Each is known by names in its certificate unless it says otherwise.
# `sallyport presets` lists counterparts whose settings a [[peer]] takes by one word: preset = "teams".
# A core that can do neither TLS nor SRTP is a matter of its own: docs/unprotected-core.md.
# More that a [[peer]] may say (docs/configuration.md has it all):
#   authentication = ["certificate"]          # any of: digest, scram, network, "certificate and digest", ...
#   eku = "any"                               # client, server: what its certificate must be for
#   server_name = "core.example.org"          # TLS server name; its first dns: identity unless set
#   options_interval = "30s"                  # asks whether it is there
#   credentials = { username = "trunk-4711", realm = "carrier.example", password_file = "carrier.password" }
#   numbers = { country = "DE", area = "30", outgoing = "e164" }
#   numbers_allowed = ["+4930123"]            # callers it may present
#   users_allowed = ["example.org"]           # and the users of these domains
#   header_policy = "trunk-edge@2026"         # what crosses: core@2026, trunk-edge@2026, or one of yours
#   limits_in = { calls = 100, calls_per_second = 5 }    # of calls it sends; limits_out of those we send
#   channels = 200                            # both directions together
#   suites = ["AEAD_AES_256_GCM"]             # SRTP, preferred first, instead of the tier's list
#   media = ["dtls", "sdes"]                  # where SRTP keys come from, preferred first; sdes alone unless set
#   codecs = ["opus", "PCMU", "PCMA"]
#   transcode = "allow"                       # refuse: no call to or from it whose other side has none of its codecs
#   ptime = 20                                # milliseconds of voice in a packet sent to it, 10 to 60
#   networks = ["192.0.2.0/24"]               # it may connect from here only
#   wildcard = false                          # true: *.example.org in its certificate matches
#   asserted_identity = "sip:+4930123456@example.org"
#   disclosure = "respect-privacy"            # always, never: whether it is told who calls
#   max_calls = 200
#   call_rate = 20.0                          # calls per second
# Instead of `address`, where it has a name (RFC 3263) or several servers:
#     host = "sip.carrier.example:5061"
#     targets = [{ address = "192.0.2.1:5061", priority = 1 }, { address = "192.0.2.2:5061", priority = 2 }]
)");
  for (const auto& peer : options.peers) writePeer(out, peer);
}

void writeRoutes(Writer& out, const SampleOptions& options) {
  out.lines(R"(
# Where calls go; the first that fits decides. user: "alice", a prefix "+49*", or "*" for everybody. Besides: number,
# caller, domain, from_peer, time. Instead of one peer: to = [{ peer = "a", priority = 1 }, { peer = "b", priority = 2 }],
# or to = "device", or refuse = 603. `sallyport route explain FROM TO` tells without a call.
)");
  for (const auto& route : options.routes) {
    out.lines("[[route]]\n");
    out.setting("user", tomlText(route.user));
    if (!route.domain.empty()) out.setting("domain", tomlText(route.domain));
    if (!route.from_peer.empty()) out.setting("from_peer", tomlText(route.from_peer));
    out.setting("to", tomlText(route.to));
    out.lines("\n");
  }
}

void writeRest(Writer& out, const SampleOptions& options) {
  out.lines(R"(# Every request is judged in this order. off, shadow (counted, let in) or enforce.
[guard]
peer_known = "enforce"
method = "enforce"
domain = "enforce"
methods = ["REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK", "INFO"]
source_call_rate = { mode = "enforce", calls_per_second = 20, burst = 40 }
identity_call_rate = { mode = "enforce", calls_per_second = 10, burst = 20 }
source_concurrency = { mode = "enforce", max_concurrent = 500 }
identity_concurrency = { mode = "enforce", max_concurrent = 100 }
peer_concurrency = { mode = "enforce", max_concurrent = 1000 }
source_auth_failures = { mode = "enforce", per_second = 0.5, burst = 20 }
identity_auth_failures = { mode = "enforce", per_second = 0.2, burst = 10 }
identity_request_rate = { mode = "enforce", per_second = 20, burst = 60 }

# What crosses the border is an allow-list with a name and a year; a [[peer]] or a [[route]] names it.
[header_policy]
# "acme@2026" = { extends = "trunk-edge@2026", allow = ["X-Acme-Id"], drop = ["Diversion"] }

[dns]
# servers = ["192.0.2.53"]                    # the system's unless set
# timeout = "2s"
# attempts = 2

[sip]
# t1 = "500ms"                                # RFC 3261 table 4
# t2 = "4s"
# t4 = "5s"
# session_expires = "30m"                     # RFC 4028
# min_se = "90s"
# max_forwards = 70
# invite_timeout = "3m"                       # from INVITE to an answer
# attempt_timeout = "10s"                     # without a sign of life the next target is tried, where there is one
# max_message_bytes = 65536

[telemetry]
)");
  out.setting("log", tomlText(options.log), "stdout, stderr or a file; one JSON object per line");
  out.setting("level", "\"info\"", "debug, info, notice, warning, error");
  out.setting("metrics", tomlText(options.metrics), "Prometheus, on loopback; \"\" turns it off");
  out.lines(R"(# events_per_second = 20                      # of one kind; more are counted, not written
# cdr = "/var/lib/sallyport/cdr.sqlite"       # call records; in state_dir unless set
)");
}

}  // namespace

std::string sample(const SampleOptions& options) {
  Writer out;
  writeEdge(out, options);
  writeListener(out, options);
  writeMedia(out, options);
  writeTrust(out, options);
  writePeers(out, options);
  writeRoutes(out, options);
  writeRest(out, options);
  return out.take();
}

}  // namespace sallyport::config
