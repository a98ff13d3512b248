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

// What a principal may be proven by. A requirement is a set of them, all of which must hold.
enum class Proof : std::uint8_t { certificate, digest, scram, token, network };
using Proofs = std::vector<Proof>;

enum class DigestAlgorithm : std::uint8_t { sha256, sha512_256, md5 };  // RFC 8760; md5 for named peers only

enum class ClientCertificate : std::uint8_t {
  required,  // the handshake fails without one
  optional,  // who shows none must prove itself otherwise, as its authentication says
};

enum class TlsFloor : std::uint8_t { tls12, tls13 };

// [[listener]]: TLS, always.
struct Listener {
  std::string name;
  Endpoint address;
  KeyPair ecdsa;               // certificate/key; may as well be RSA when it is the only pair
  std::optional<KeyPair> rsa;  // rsa_certificate/rsa_key: second pair for peers without ECDSA
  std::optional<HostPort> advertise;
  ClientCertificate client_certificate = ClientCertificate::required;
  std::vector<Proofs> authentication;  // any of; empty: what the peer's or the devices' own setting says
  TlsFloor tls = TlsFloor::tls12;
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

// A bearer token's issuer (RFC 8898): whom we believe, for whom the token must be, where the keys are.
struct TokenIssuer {
  std::string issuer;
  std::string audience;
  Path jwks;                 // a file ...
  std::string jwks_url;      // ... or https, fetched from an allow-listed host only
  std::string jwks_trust;    // the [[trust]] that vouches for that host
  std::string authz_server;  // said in the challenge
};

enum class DtmfMode : std::uint8_t { rfc4733, info };          // how the other side is told of keys pressed
enum class SipsMode : std::uint8_t { allow, require, never };  // of sips: URIs, RFC 5630
enum class NumberForm : std::uint8_t { asIs, e164, national };

// How a peer writes telephone numbers.
struct Numbers {
  std::string country;  // ISO 3166 alpha-2, "DE"; empty: numbers are left alone
  std::string area;     // without its trunk prefix, "30"
  NumberForm outgoing = NumberForm::asIs;
};

// What applies to media and volume, for a peer and for the enrolled devices alike.
struct Policy {
  Tier tier = Tier::strict;
  std::vector<std::string> suites;  // IANA SRTP suite names, preferred first; never empty once loaded
  std::vector<Codec> codecs{Codec::opus, Codec::pcmu, Codec::pcma};
  std::optional<unsigned> max_calls;                         // at once; unset: the guard's own figure
  std::optional<double> call_rate;                           // calls per second; unset: the guard's own figure
  std::vector<Proofs> authentication{{Proof::certificate}};  // any of
  std::vector<DigestAlgorithm> digest_algorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256};
  std::string header_policy;         // what crosses to it and from it; empty: the built-in one of its kind
  std::vector<std::string> methods;  // beyond calls: MESSAGE, SUBSCRIBE, REFER, ...; empty: the guard's list
  DtmfMode dtmf = DtmfMode::rfc4733;
  SipsMode sips = SipsMode::allow;
};

// [devices]: phones enrolled at a private CA, each known by the SAN uri:sip:<user>@<domain>; or known by a
// password's verifier or a token, as `policy.authentication` says.
struct Devices {
  std::string trust;  // empty: no certificate is asked of them
  std::string domain;
  std::string realm;                // of digest and SCRAM; the domain unless set
  std::optional<Path> credentials;  // verifiers, never passwords; 0600
  std::optional<TokenIssuer> token;
  Policy policy;  // limits are per device
};

// One server of a peer; the lowest priority first, by weight within it (RFC 2782).
struct PeerTarget {
  Endpoint address;
  unsigned priority = 1;
  unsigned weight = 1;
};

// Our credentials at a peer: what answers its challenges, for that realm and no other.
struct PeerCredentials {
  std::string username;
  std::string realm;
  Path password_file;  // 0600
};

// Our registration at a carrier.
struct PeerRegistration {
  std::string aor;  // "sip:+4930123@carrier.example"
  std::chrono::seconds expires{600};
};

// Call admission of a trunk in one direction, as seen from the edge: `in` are calls it sends us.
struct TrunkLimits {
  std::optional<unsigned> calls;  // at once
  std::optional<double> calls_per_second;
};

enum class OnForeignIdentity : std::uint8_t { drop, refuse };
enum class CertificateKind : std::uint8_t { any, ecdsa, rsa };  // which of ours a peer is shown

// [[peer]]
struct Peer {
  std::string name;
  std::vector<Identity> identities;  // never empty
  std::string trust;
  KeyUsage eku = KeyUsage::any;
  std::string preset;               // the counterpart it is like; its settings hold where this peer says nothing
  std::optional<Endpoint> address;  // where to connect; unset, with no host and no targets: it only calls us
  std::optional<HostPort> host;     // or by name (RFC 3263); its certificate must name this very domain or an identity
  std::vector<PeerTarget> targets;  // or several
  std::optional<std::chrono::seconds> options_interval;  // OPTIONS health; unset: none
  bool last_resort = true;                               // is tried even when all its servers look down
  bool path = false;                                     // may register for others behind it (RFC 3327)
  bool unprotected = false;  // plain TCP and RTP on this leg, to `address` or `targets` only; never by default
  std::optional<PeerCredentials> credentials;
  std::optional<PeerRegistration> registration;
  TrunkLimits limits_in, limits_out;
  std::optional<unsigned> channels;  // calls at once, both directions together
  Numbers numbers;
  std::vector<std::string> numbers_allowed;  // prefixes of callers it may present; empty: only its own identity
  OnForeignIdentity on_foreign_identity = OnForeignIdentity::drop;
  bool contact_by_name = false;  // Contact and Via carry our domain name, which our certificate holds
  TlsFloor tls = TlsFloor::tls12;
  bool tls12_only = false;  // for peers that fail on a TLS 1.3 hello
  CertificateKind certificate = CertificateKind::any;
  bool user_phone = false;  // ";user=phone" on numbers
  std::string server_name;  // TLS SNI and the name verified; the first dns identity unless set
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

struct RouteTarget {
  std::string peer;  // a peer's name, or "device": the registered contacts of the called user
  unsigned priority = 1;
  unsigned weight = 1;
};

// When a rule holds: "Mon-Fri 08:00-18:00", local time of the edge unless `utc_offset` says otherwise.
struct RouteTime {
  std::vector<std::string> spans;
  std::optional<std::chrono::minutes> utc_offset;
};

// [[route]], first match wins.
struct Route {
  UserPattern user;
  std::string user_regex;  // instead of `user`; a bounded subset, matched in linear time
  std::string number;      // E.164 prefix of the called number once normalised, "+49"
  std::string caller;      // the caller's user, a pattern as in `user`
  std::string domain;      // empty: any of ours
  std::string from_peer;   // a peer's name, or "device" for the enrolled ones; empty: from anybody admitted
  RouteTime time;
  std::vector<RouteTarget> to;     // empty only with `refuse`
  std::optional<unsigned> refuse;  // a SIP status instead of a target
  std::string rewrite;             // the called user onwards; "{user}", "{number}", "{rest}" stand for what matched
  std::string header_policy;       // instead of the target's
};

// [header_policy.NAME]
struct HeaderPolicy {
  std::string name;  // "acme@2026"
  std::string extends;
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
  std::vector<HeaderPolicy> header_policies;
  Registrar registrar;
  Dns dns;
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
