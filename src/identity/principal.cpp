// SPDX-License-Identifier: Apache-2.0
#include "identity/principal.h"

namespace sallyport::identity {

std::string_view toString(Proof proof) {
  switch (proof) {
    case Proof::certificate: return "certificate";
    case Proof::digest: return "digest";
    case Proof::scram: return "scram";
    case Proof::token: return "token";
    case Proof::network: return "network";
  }
  return "";
}

Proofs Proofs::with(const Proofs& others) const {
  auto both = *this;
  both.bits_ |= others.bits_;
  return both;
}

std::string Proofs::toString() const {
  std::string text;
  for (std::size_t i = 0; i < kProofs; ++i) {
    if (!bits_.test(i)) continue;
    if (!text.empty()) text += " and ";
    text += identity::toString(static_cast<Proof>(i));
  }
  return text;
}

Principal Principal::fromCertificate(const crypto::VerifiedPeer& peer) {
  auto facts = std::make_shared<Facts>();
  facts->peer = peer.name();
  facts->kind = peer.kind();
  facts->identity = peer.identity();
  facts->proofs.add(Proof::certificate);
  return Principal{std::move(facts)};
}

Principal Principal::fromSourceNetwork(std::string peer) {
  auto facts = std::make_shared<Facts>();
  facts->identity = "net:" + peer;
  facts->peer = std::move(peer);
  facts->kind = PeerKind::peer;
  facts->proofs.add(Proof::network);
  return Principal{std::move(facts)};
}

}  // namespace sallyport::identity
