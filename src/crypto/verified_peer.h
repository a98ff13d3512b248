// SPDX-License-Identifier: Apache-2.0
#pragma once
// The proof that a TLS peer is who the configuration knows: only PeerDirectory makes one, in the handshake,
// after validating the path. Code that speaks SIP with somebody demands it. Immutable, cheap to copy, usable
// from any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "crypto/certificate.h"

namespace sallyport::crypto {

enum class PeerKind : std::uint8_t { peer, device };

// The peer's part in the handshake.
enum class PeerRole : std::uint8_t { client, server };

// The name under which every enrolled device is known to policy; no peer may have it.
inline constexpr std::string_view kDevicePeerName = "device";

class VerifiedPeer {
 public:
  // The configured peer's name, or kDevicePeerName.
  const std::string& name() const { return facts_->name; }
  PeerKind kind() const { return facts_->kind; }
  // A device: "user@domain". A peer: the configured identity that matched, such as "dns:core.example.net".
  const std::string& identity() const { return facts_->identity; }
  const CertificateFacts& certificate() const { return facts_->certificate; }
  // The subject of the anchor that vouches for it.
  const std::string& anchor() const { return facts_->anchor; }
  // The first of the path's certificates expires. What else may change, PeerDirectory::reverify() tells.
  WallTime validUntil() const { return facts_->valid_until; }

 private:
  friend class PeerDirectory;

  struct Facts {
    std::string name;
    PeerKind kind = PeerKind::peer;
    std::string identity;
    CertificateFacts certificate;
    std::string anchor;
    WallTime valid_from;
    WallTime valid_until;
    WallTime recheck_at;
    CertificateChain shown;  // the leaf and what came with it, kept to be judged again
    PeerRole role = PeerRole::client;
  };
  explicit VerifiedPeer(std::shared_ptr<const Facts> facts) : facts_(std::move(facts)) {}

  std::shared_ptr<const Facts> facts_;
};

}  // namespace sallyport::crypto
