// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration as values: one plain struct per concern, every default safe. A Config that load()
// returned is complete and consistent: names refer to what exists, paths are absolute or relative to
// the configuration file's folder, numbers are in range. Immutable once loaded and shared by every
// worker; a reload swaps the whole. Nothing in here turns the verification of a peer off.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.h"

namespace sallyport::config {

using Milliseconds = std::chrono::milliseconds;
using Path = std::filesystem::path;

// A name or address with an optional port, as others are told to reach us.
struct HostPort {
  std::string host;  // a domain name, or an address as hostText() prints it (IPv6 in brackets)
  std::optional<std::uint16_t> port;
  std::string toString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// [edge]
struct Edge {
  std::vector<std::string> domains;  // SIP domains we serve, lower case; never empty
  Path state_dir;                    // call records, control socket
  unsigned workers = 0;              // 0: one per processor
  Milliseconds drain_deadline{30'000};
  Path control_socket;  // state_dir/control.sock unless set
  std::string user;     // drop to this user after start; empty: stay
};

struct KeyPair {
  Path certificate;  // PEM chain, leaf first
  Path key;
};

// [[listener]]: mutual TLS, always.
struct Listener {
  std::string name;
  Endpoint address;
  KeyPair ecdsa;               // certificate/key; may as well be RSA when it is the only pair
  std::optional<KeyPair> rsa;  // rsa_certificate/rsa_key: second pair for peers without ECDSA
  std::optional<HostPort> advertise;
  unsigned max_connections = 10'000;
  Milliseconds handshake_timeout{5'000};
  Milliseconds first_byte_timeout{10'000};
  Milliseconds idle_timeout{600'000};
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
  std::uint16_t first_port = 20'000;  // inclusive
  std::uint16_t last_port = 29'999;   // inclusive
  Milliseconds timeout{60'000};       // no authentic packet for this long ends the call
  unsigned dscp = 46;                 // RFC 3246 EF
  unsigned ports() const { return last_port - first_port + 1u; }
};

// [[trust]]: anchors that vouch for the peers which name it, and for nobody else.
struct Trust {
  std::string name;
  Path anchors;
  std::optional<Path> crl;
};

enum class IdentityKind : std::uint8_t { dns, uri, ip };

// A subjectAltName to match exactly (RFC 5922); written "dns:core.example", "uri:sip:bob@example.org", "ip:192.0.2.1".
struct Identity {
  IdentityKind kind = IdentityKind::dns;
  std::string value;  // dns: lower case; ip: canonical
  std::string toString() const;
  friend bool operator==(const Identity&, const Identity&) = default;
};

enum class KeyUsage : std::uint8_t { any, client, server };  // which extended key usage a peer's leaf must carry
enum class Tier : std::uint8_t { strict, compatible };       // strict: AEAD suites only
enum class Codec : std::uint8_t { opus, pcmu, pcma };
enum class Disclosure : std::uint8_t { respectPrivacy, always, never };  // of the asserted identity, RFC 3325 7

// What applies to media and volume, for a peer and for the enrolled devices alike.
struct Policy {
  Tier tier = Tier::strict;
  std::vector<std::string> suites;  // IANA SRTP suite names, preferred first; never empty once loaded
  std::vector<Codec> codecs{Codec::opus, Codec::pcmu, Codec::pcma};
  std::optional<unsigned> max_calls;  // at once; unset: the guard's own figure
  std::optional<double> call_rate;    // calls per second; unset: the guard's own figure
};

// [devices]: phones enrolled at a private CA; each is known by the SAN uri:sip:<user>@<domain>.
struct Devices {
  std::string trust;
  std::string domain;
  Policy policy;  // limits are per device
};

// [[peer]]
struct Peer {
  std::string name;
  std::vector<Identity> identities;  // never empty
  std::string trust;
  KeyUsage eku = KeyUsage::any;
  std::optional<Endpoint> address;  // where to connect; unset: it only calls us
  std::string server_name;          // TLS SNI and the name verified; the first dns identity unless set
  Policy policy;
  std::vector<IpNetwork> networks;  // may connect from here only; empty: from anywhere
  bool wildcard = false;            // whether its certificate may match by *.domain (RFC 5922 7.2 says no)
  std::string asserted_identity;    // "sip:+4930123@example.org"; empty: from the authenticated principal
  Disclosure disclosure = Disclosure::respectPrivacy;
};

enum class PatternKind : std::uint8_t { exact, prefix, any };

// "alice" is exact, "+49*" a prefix, "*" anybody. Text throughout: 0049 and 49 differ.
struct UserPattern {
  PatternKind kind = PatternKind::any;
  std::string text;
  bool matches(std::string_view user) const;
  std::string toString() const;
};

// [[route]], first match wins.
struct Route {
  UserPattern user;
  std::string domain;     // empty: any of ours
  std::string from_peer;  // a peer's name, or "device" for the enrolled ones; empty: from anybody admitted
  std::string to;         // the peer's name
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
  Media media;
  std::vector<Trust> trusts;
  std::optional<Devices> devices;
  std::vector<Peer> peers;
  std::vector<Route> routes;
  Guard guard;
  Sip sip;
  Telemetry telemetry;

  const Peer* peer(std::string_view name) const;    // null when there is none
  const Trust* trust(std::string_view name) const;  // null when there is none
};

std::string_view toString(KeyUsage usage);
std::string_view toString(Tier tier);
std::string_view toString(Codec codec);  // as in SDP: "opus", "PCMU", "PCMA"
std::string_view toString(RuleMode mode);
std::string_view toString(LogLevel level);
std::string_view toString(Disclosure disclosure);

}  // namespace sallyport::config
