// SPDX-License-Identifier: Apache-2.0
#pragma once
// [[peer]] and [devices]: who may connect, whom we call, and how each is known and protected. See config.h.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/values.h"
#include "core/endpoint.h"

namespace sallyport::config {

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

enum class DtmfMode : std::uint8_t { rfc4733, info };  // how the other side is told of keys pressed
// Where the keys of SRTP come from: SDP, a handshake with us, the two ends between themselves (RFC 6189), or SDP for
// the way to us with ZRTP relayed inside.
enum class Keying : std::uint8_t { sdes, dtls, zrtp, srtpAndZrtp };
constexpr bool relaysZrtp(Keying keying) { return keying == Keying::zrtp || keying == Keying::srtpAndZrtp; }
enum class IceUse : std::uint8_t { never, accept, require };   // whether ICE finds the way of voice
enum class Transcode : std::uint8_t { allow, refuse };         // of voice, where the two sides share no codec
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
  Transcode transcode = Transcode::allow;   // both sides of a call must allow it
  std::optional<unsigned> ptime;            // milliseconds of voice in a packet sent to it; unset: as it asks
  std::vector<Keying> media{Keying::sdes};  // what is accepted, preferred first; the first is offered
  IceUse ice = IceUse::never;               // unset: accept with DTLS among `media`, else never
  std::optional<unsigned> max_calls;        // at once; unset: the guard's own figure
  std::optional<double> call_rate;          // calls per second; unset: the guard's own figure
  std::vector<Proofs> authentication{{Proof::certificate}};  // any of
  std::vector<DigestAlgorithm> digest_algorithms{DigestAlgorithm::sha256, DigestAlgorithm::sha512_256};
  std::string header_policy;         // what crosses to it and from it; empty: the built-in one of its kind
  std::vector<std::string> methods;  // beyond calls: MESSAGE, SUBSCRIBE, REFER, ...; empty: the guard's list
  DtmfMode dtmf = DtmfMode::rfc4733;
  SipsMode sips = SipsMode::allow;
  bool follow_redirects = false;                      // of a 3xx to a call
  std::vector<unsigned> failover_statuses{408, 503};  // final answers to a call after which other targets are tried
  bool accepts(Proof proof) const;                    // as one of those asked for, alone or with others
  bool acceptsWithout(Proof proof) const;             // whether some alternative does not ask for it
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
  std::optional<HostPort> host;  // instead of `address`: by name (RFC 3263)
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
  std::vector<Identity> identities;  // empty only when it comes without a certificate
  std::string trust;                 // empty only when no certificate of it is ever looked at
  KeyUsage eku = KeyUsage::any;
  std::string preset;                    // the counterpart it is like; its settings hold where this peer says nothing
  std::vector<std::string> from_preset;  // the settings it took from there
  std::optional<Endpoint> address;       // where to connect; unset, with no host and no targets: it only calls us
  std::string listener;  // by which one we are named to it (Via, Contact, SDP); empty: the one it came by, or the first
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
  std::vector<std::string> users_allowed;    // domains whose users it may present besides
  OnForeignIdentity on_foreign_identity = OnForeignIdentity::drop;
  bool contact_by_name = false;  // Contact and Via carry our domain name, which our certificate holds
  TlsFloor tls = TlsFloor::tls12;
  bool tls12_only = false;  // for peers that fail on a TLS 1.3 hello
  CertificateKind certificate = CertificateKind::any;
  bool user_phone = false;  // ";user=phone" on numbers
  std::string server_name;  // TLS SNI and the name verified; `host`, or the first dns identity, unless set
  Policy policy;
  std::vector<IpNetwork> networks;  // may connect from here only; empty: from anywhere
  bool wildcard = false;            // whether its certificate may match by *.domain (RFC 5922 7.2 says no)
  std::string asserted_identity;    // "sip:+4930123@example.org"; empty: from the authenticated principal
  Disclosure disclosure = Disclosure::respectPrivacy;
  bool connectable() const;  // whether the edge can connect to it by itself
};

std::string_view toString(Proof proof);
std::string_view toString(DigestAlgorithm algorithm);  // as in a challenge: "SHA-256"
std::string_view toString(KeyUsage usage);
std::string_view toString(Tier tier);
std::string_view toString(Codec codec);  // as in SDP: "opus", "PCMU", "PCMA"
std::string_view toString(Disclosure disclosure);
std::string_view toString(DtmfMode mode);
std::string_view toString(Keying keying);
std::string_view toString(IceUse use);
std::string_view toString(Transcode use);
std::string_view toString(SipsMode mode);
std::string_view toString(NumberForm form);
std::string_view toString(OnForeignIdentity reaction);
std::string_view toString(CertificateKind kind);

}  // namespace sallyport::config
