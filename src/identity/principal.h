// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is on the other side of a connection, and by what it was proven. Only a check makes one: the
// handshake's VerifiedPeer, or an Authenticator that has seen a valid answer to its challenge. Code that
// acts for somebody demands it. Immutable, cheap to copy, usable from any thread.

#include <bitset>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "crypto/hash.h"
#include "crypto/verified_peer.h"

namespace sallyport::identity {

using crypto::PeerKind;

// network: the source address of a configured peer that presents no certificate.
enum class Proof : std::uint8_t { certificate, digest, scram, token, network };
inline constexpr std::size_t kProofs = 5;
std::string_view toString(Proof proof);

class Proofs {
 public:
  Proofs() = default;
  Proofs(std::initializer_list<Proof> proofs) {
    for (const auto proof : proofs) add(proof);
  }
  void add(Proof proof) { bits_.set(static_cast<std::size_t>(proof)); }
  bool has(Proof proof) const { return bits_.test(static_cast<std::size_t>(proof)); }
  bool contains(const Proofs& wanted) const { return (bits_ & wanted.bits_) == wanted.bits_; }
  bool empty() const { return bits_.none(); }
  Proofs with(const Proofs& others) const;
  std::string toString() const;  // "certificate and digest"
  friend bool operator==(const Proofs&, const Proofs&) = default;

 private:
  std::bitset<kProofs> bits_;
};

// What a password's or a token's proof rests on, as it was when it was given: see stillStands() of authenticator.h.
struct ProofBasis {
  std::string credential;                         // whose verifiers: Subject::identity
  std::optional<crypto::Sha256Digest> verifiers;  // CredentialStore::stateOf(credential)
  std::optional<crypto::Sha256Digest> token_key;  // TokenIdentity::key
};

class Principal {
 public:
  static Principal fromCertificate(const crypto::VerifiedPeer& peer);
  // Of a peer that presents no certificate: the caller has found its source address in that peer's networks.
  static Principal fromSourceNetwork(std::string peer);

  // The configured peer's name, or crypto::kDevicePeerName.
  const std::string& peer() const { return facts_->peer; }
  PeerKind kind() const { return facts_->kind; }
  // A device: "user@domain". A peer: the identity that matched, such as "dns:core.example.net" or "net:carrier".
  const std::string& identity() const { return facts_->identity; }
  const Proofs& proofs() const { return facts_->proofs; }
  bool provenBy(Proof proof) const { return facts_->proofs.has(proof); }
  // When the proof ends by itself (a token's expiry); nothing: as long as the connection.
  const std::optional<WallTime>& expires() const { return facts_->expires; }
  // Said beside the proof in evidence: "SHA-256", "SHA-512-256 with MD5 allowed", ...; often empty.
  const std::string& remark() const { return facts_->remark; }
  const ProofBasis& basis() const { return facts_->basis; }

 private:
  friend class PrincipalMaker;  // of authenticator.h: what has checked a proof

  struct Facts {
    std::string peer;
    PeerKind kind = PeerKind::peer;
    std::string identity;
    Proofs proofs;
    std::optional<WallTime> expires;
    std::string remark;
    ProofBasis basis;
  };
  explicit Principal(std::shared_ptr<const Facts> facts) : facts_(std::move(facts)) {}

  std::shared_ptr<const Facts> facts_;
};

}  // namespace sallyport::identity
