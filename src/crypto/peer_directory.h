// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may connect, and who it is that did: an immutable snapshot of the configured peers and of the rule for
// enrolled devices, consulted inside the TLS handshake (RFC 5922). Identity is subjectAltName and nothing
// else; each peer is judged by its own anchors only. Shared by every worker and usable from any thread; a
// reload builds a new one, and with it an empty cache of verified chains.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/trust.h"
#include "crypto/verified_peer.h"

namespace sallyport::crypto {

class VerifiedChainCache;

// Whether "*.example.net" stands for any one left label, in the certificate or in the configured identity.
// RFC 5922 7.2 says it does not, so a peer whose CA insists must be named.
enum class Wildcards : std::uint8_t { refuse, oneLabel };

struct PeerEntry {
  std::string name;
  // dns: matches dNSName and the URI sip:<name>, without case; ip: iPAddress; uri: exactly, a SIP URI's host
  // without case.
  std::vector<SubjectAltName> identities;
  std::shared_ptr<const TrustAnchors> anchors;
  std::optional<Eku> eku = std::nullopt;  // unset: what its part in the handshake calls for
  Wildcards wildcards = Wildcards::refuse;
  RevocationRule revocation = RevocationRule::hard;
};

// A leaf under `anchors` with exactly one URI, sip:<user>@<domain>, is that device.
struct DeviceRule {
  std::shared_ptr<const TrustAnchors> anchors;
  std::string domain;
  std::optional<Eku> eku = std::nullopt;
  RevocationRule revocation = RevocationRule::hard;
  // Asked in every handshake with the leaf's SHA-256 fingerprint ("AB:CD:..."), from any thread; unset: every
  // certificate of the CA is enrolled.
  std::function<bool(std::string_view fingerprint)> enrolled = {};
};

class PeerDirectory {
 public:
  // Errors (misconfigured): peers.name.duplicate, peers.name.reserved, peers.identity.none,
  // peers.identity.malformed, peers.identity.duplicate (two peers), peers.identity.wildcard (not opted in),
  // peers.anchors.none, peers.device.domain.
  static Result<std::shared_ptr<const PeerDirectory>> build(std::vector<PeerEntry> peers,
                                                            std::optional<DeviceRule> devices = std::nullopt);
  ~PeerDirectory();
  PeerDirectory(const PeerDirectory&) = delete;
  PeerDirectory& operator=(const PeerDirectory&) = delete;

  // Errors: tls.certificate.* as path_validator.h lists them; tls.peer.unknown (valid, but names nobody we
  // know; the detail lists its names), tls.peer.ambiguous (names two of ours;
  // a peer configured by the very name it is enrolled under is one), tls.peer.not_enrolled.
  Result<VerifiedPeer> identify(const Certificate& leaf, std::span<const Certificate> intermediates, PeerRole role,
                                WallTime now) const;

  // Whether an open connection's peer would still be let in as the same one: after a reload (revocation,
  // removal, other anchors) or as time passes. Errors: as of identify(), and tls.peer.changed.
  Result<VerifiedPeer> reverify(const VerifiedPeer& peer, WallTime now) const;

  struct CacheCounters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  CacheCounters cacheCounters() const;
  std::size_t peerCount() const;

 private:
  struct Index;
  struct Candidate;
  struct Shown;
  explicit PeerDirectory(std::unique_ptr<Index> index);

  std::vector<Candidate> candidatesFor(const CertificateFacts& facts) const;
  Result<VerifiedPeer> examine(const Shown& shown) const;
  Result<VerifiedPeer> verify(const Candidate& candidate, const Shown& shown, const CertificateFacts& facts) const;
  Result<VerifiedPeer> admit(VerifiedPeer peer) const;
  Error explainStranger(const Shown& shown, const CertificateFacts& facts) const;

  std::unique_ptr<Index> index_;
  std::unique_ptr<VerifiedChainCache> cache_;
};

}  // namespace sallyport::crypto
