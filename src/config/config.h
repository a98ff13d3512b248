// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration as values: one plain struct per concern, every default safe. A Config that load()
// returned is complete and consistent: names refer to what exists, paths are absolute or relative to
// the configuration file's folder, numbers are in range. Immutable once loaded and shared by every
// worker; a reload swaps the whole. Nothing in here turns the verification of a peer off.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/peer.h"
#include "config/values.h"
#include "core/endpoint.h"

namespace sallyport::config {

// [edge]
struct Edge {
  std::vector<std::string> domains;  // SIP domains we serve, lower case; never empty
  Path state_dir;                    // call records, control socket
  unsigned workers = 0;              // 0: one per processor
  Milliseconds drain_deadline{30'000};
  Path control_socket;  // state_dir/control.sock unless set
  std::string user;     // drop to this user after start; empty: stay
};

enum class ClientCertificate : std::uint8_t {
  required,  // the handshake fails without one
  optional,  // who shows none must prove itself otherwise, as its authentication says
};

// What SDP says to whoever comes by a listener, instead of what [media] says to all; of each family where it is set.
struct MediaAdvertise {
  std::optional<IpAddress> v4, v6;
  const std::optional<IpAddress>& of(IpAddress::Family family) const {
    return family == IpAddress::Family::v4 ? v4 : v6;
  }
};

// [[listener]]: TLS, always.
struct Listener {
  std::string name;
  Endpoint address;
  KeyPair ecdsa;                      // certificate/key; may as well be RSA when it is the only pair
  std::optional<KeyPair> rsa;         // rsa_certificate/rsa_key: second pair for peers without ECDSA
  std::optional<HostPort> advertise;  // said in Via, Contact and Service-Route to who comes by it
  MediaAdvertise media_advertise;
  ClientCertificate client_certificate = ClientCertificate::required;
  std::vector<Proofs> authentication;  // any of; empty: what the peer's or the devices' own setting says
  TlsFloor tls = TlsFloor::tls12;
  unsigned max_connections = 10'000;
  Milliseconds handshake_timeout{5'000};
  Milliseconds first_byte_timeout{10'000};
  Milliseconds idle_timeout{600'000};
  unsigned handshakes_per_source = 20;  // per second, from one address
};

// [unprotected_listener]: plain TCP, on one address and for the networks of unprotected peers only. It cannot be given
// a name, and no [[listener]] can have this one.
inline constexpr std::string_view kUnprotectedListener = "[unprotected_listener]";
struct UnprotectedListener {
  Endpoint address;
  std::optional<HostPort> advertise;  // said in Via and Contact to those peers; the address unless set
  MediaAdvertise media_advertise;
  unsigned max_connections = 1'000;
  Milliseconds first_byte_timeout{10'000};
  Milliseconds idle_timeout{600'000};
  unsigned connections_per_source = 20;  // begun per second, from one address
};

// Whether a client that names no page it comes from, and so is no browser, gets a WebSocket.
enum class WithoutOrigin : std::uint8_t { refuse, admit };

// [web_listener]: HTTPS and SIP over secure WebSocket (RFC 7118), for browsers. No certificate of theirs is asked for;
// they prove themselves as `authentication` says. It cannot be given a name, and no [[listener]] can have this one.
inline constexpr std::string_view kWebListener = "[web_listener]";
struct WebListener {
  Endpoint address;
  KeyPair ecdsa;  // as of a Listener
  std::optional<KeyPair> rsa;
  std::optional<HostPort> advertise;
  MediaAdvertise media_advertise;
  std::vector<Proofs> authentication;  // as of a Listener
  std::vector<std::string> origins;    // pages that may open a WebSocket; empty: those served here
  WithoutOrigin without_origin = WithoutOrigin::refuse;
  std::optional<Path> phone;             // the folder of the web phone; none: no page is served
  std::string title;                     // its heading; empty: its own
  std::vector<std::string> ice_servers;  // "stun:stun.example.org": what it is told
  bool relay_only = false;               // its voice goes through the TURN server, never directly
  TlsFloor tls = TlsFloor::tls12;
  unsigned max_connections = 10'000;
  unsigned connections_per_source = 256;  // of them, at once from one address
  Milliseconds handshake_timeout{5'000};
  Milliseconds first_byte_timeout{10'000};
  Milliseconds request_timeout{5'000};  // for the whole header of a request
  Milliseconds idle_timeout{600'000};   // of a WebSocket
  unsigned handshakes_per_source = 20;  // per second, from one address
};

// One address of the media relay, and what SDP says instead of it behind a NAT.
struct MediaAddress {
  IpAddress bind;
  std::optional<IpAddress> advertise;
  const IpAddress& announced() const { return advertise ? *advertise : bind; }
};

// [media]
struct Media {
  std::optional<MediaAddress> v4;  // at least one of the two is set
  std::optional<MediaAddress> v6;
  std::uint16_t first_port = 20'000;       // inclusive
  std::uint16_t last_port = 29'999;        // inclusive
  Milliseconds timeout{60'000};            // no authentic packet for this long ends the call
  Milliseconds handshake_timeout{10'000};  // an answered call whose DTLS is not through by then ends
  unsigned dscp = 46;                      // RFC 3246 EF
  unsigned transcoded_calls = 100;         // at once, in the whole process; 0: none is transcoded
  unsigned ports() const { return last_port - first_port + 1u; }
};

enum class FirewallMode : std::uint8_t {
  off,        // user space filters the media range alone
  automatic,  // "auto": the kernel too, where the process may ask it to
  required,   // no start without the kernel, and no call without a pinhole in it
};

// [firewall]: the media range in the kernel.
struct Firewall {
  FirewallMode mode = FirewallMode::automatic;
  unsigned max_pinholes = 65'536;  // open ports
};

// [[trust]]: anchors that vouch for the peers which name it, and for nobody else.
struct Trust {
  std::string name;
  Path anchors;
  std::optional<Path> crl;
};

enum class PatternKind : std::uint8_t { exact, prefix, any };

// "alice" is exact, "+49*" a prefix, "*" anybody. Text throughout: 0049 and 49 differ.
struct UserPattern {
  PatternKind kind = PatternKind::any;
  std::string text;
  bool matches(std::string_view user) const;
  std::string toString() const;
};

struct RouteTarget {
  std::string peer;  // a peer's name, or "device": the registered contacts of the called user
  unsigned priority = 1;
  unsigned weight = 1;
};

// When a rule holds, local time of the edge unless `utc_offset` says otherwise. Each span has the form of
// "Mon-Fri 08:00-18:00": days joined by "-" and ",", left out for every day; an end before the beginning is the next
// day's, "24:00" the day's end.
struct RouteTime {
  std::vector<std::string> spans;  // empty: always
  std::optional<std::chrono::minutes> utc_offset;
};

// [[route]], first match wins.
struct Route {
  UserPattern user;
  std::string user_regex;  // instead of `user`; a bounded subset, matched in linear time; at most 256 bytes
  std::string number;      // the called number in E.164 once normalised: exact, or a prefix "+49*"
  std::string caller;      // the caller's user, a pattern as in `user`; empty: any
  std::string domain;      // empty: any of ours
  std::string from_peer;   // a peer's name, or "device" for the enrolled ones; empty: from anybody admitted
  RouteTime time;
  std::vector<RouteTarget> to;     // empty only with `refuse`
  std::optional<unsigned> refuse;  // a SIP status instead of a target
  std::string rewrite;             // the called user onwards; "{user}", "{number}", "{rest}" stand for what matched
  std::string header_policy;       // instead of the target's
};

// The header policies that are there without being written; one's own may extend them.
inline constexpr std::array<std::string_view, 3> kBuiltInHeaderPolicies{"trunk-edge@2026", "core@2026",
                                                                        "device-edge@2026"};

// [header_policy."NAME@YEAR"]
struct HeaderPolicy {
  std::string name;     // "acme@2026"
  std::string extends;  // another one's name; empty: begins with nothing
  std::vector<std::string> allow;
  std::vector<std::string> drop;
};

// [registrar]: RFC 3261 10, RFC 5626.
struct Registrar {
  bool enabled = false;
  std::chrono::seconds min_expires{60};
  std::chrono::seconds default_expires{3'600};
  std::chrono::seconds max_expires{7'200};
  unsigned max_contacts = 8;  // per address of record
  std::size_t max_users = 100'000;
  std::string upstream;  // a peer that is told of every registration; empty: the edge is the registrar
  Path store;            // state_dir/registrations.sqlite unless set
};

// [turn]: the server beside the edge that relays for clients behind firewalls (RFC 8656).
struct Turn {
  std::vector<std::string> urls;  // RFC 7065; empty: there is none
  Path secret_file;               // shared with that server
  std::chrono::seconds lifetime{3'600};
};

// [dns]
struct Dns {
  std::vector<Endpoint> servers;  // empty: the system's
  Milliseconds timeout{2'000};
  unsigned attempts = 2;
};

enum class RuleMode : std::uint8_t { off, shadow, enforce };

struct RateRule {
  RuleMode mode = RuleMode::enforce;
  double calls_per_second = 10;
  unsigned burst = 20;
};

struct ConcurrencyRule {
  RuleMode mode = RuleMode::enforce;
  unsigned max_concurrent = 100;
};

// [guard], in the order in which a request is judged.
struct Guard {
  RuleMode peer_known = RuleMode::enforce;
  RuleMode method = RuleMode::enforce;
  RuleMode domain = RuleMode::enforce;
  std::vector<std::string> methods{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK", "INFO"};
  RateRule source_call_rate{RuleMode::enforce, 20, 40};
  RateRule identity_call_rate{RuleMode::enforce, 10, 20};
  ConcurrencyRule source_concurrency{RuleMode::enforce, 500};
  ConcurrencyRule identity_concurrency{RuleMode::enforce, 100};
  ConcurrencyRule peer_concurrency{RuleMode::enforce, 1'000};
  RateRule source_auth_failures{RuleMode::enforce, 0.5, 20};    // wrong proofs from one address; a challenge is none
  RateRule identity_auth_failures{RuleMode::enforce, 0.2, 10};  // wrong proofs for one name
  RateRule identity_request_rate{RuleMode::enforce, 20, 60};    // of requests that are no calls
};

// [sip]: RFC 3261 Table 4, RFC 4028.
struct Sip {
  Milliseconds t1{500};
  Milliseconds t2{4'000};
  Milliseconds t4{5'000};
  std::chrono::seconds session_expires{1'800};
  std::chrono::seconds min_se{90};
  unsigned max_forwards = 70;
  Milliseconds invite_timeout{180'000};  // from INVITE to final answer
  Milliseconds attempt_timeout{10'000};  // without any answer but 100 the next target is tried, where there is one
  std::size_t max_message_bytes = 65'536;
};

enum class LogLevel : std::uint8_t { debug, info, notice, warning, error };
enum class LogTarget : std::uint8_t { standardOutput, standardError, file };

// [telemetry]
struct Telemetry {
  LogTarget log = LogTarget::standardOutput;
  Path log_file;  // when log is file
  LogLevel level = LogLevel::info;
  unsigned events_per_second = 20;  // of one code; more are counted and summed up, not written
  std::optional<Endpoint> metrics = Endpoint{IpAddress::v4({127, 0, 0, 1}), 9464};  // unset: off
  Path cdr;                                                                         // state_dir/cdr.sqlite unless set
};

struct Config {
  Path file;
  Edge edge;
  std::vector<Listener> listeners;
  std::optional<UnprotectedListener> unprotected_listener;
  std::optional<WebListener> web_listener;
  Media media;
  std::vector<Trust> trusts;
  std::optional<Devices> devices;
  std::vector<Peer> peers;
  std::vector<Route> routes;
  std::vector<HeaderPolicy> header_policies;
  Registrar registrar;
  Turn turn;
  Dns dns;
  Guard guard;
  Sip sip;
  Telemetry telemetry;
  Firewall firewall;

  const Peer* peer(std::string_view name) const;    // null when there is none
  const Trust* trust(std::string_view name) const;  // null when there is none
};

std::string_view toString(RuleMode mode);
std::string_view toString(FirewallMode mode);
std::string_view toString(LogLevel level);

}  // namespace sallyport::config
