// SPDX-License-Identifier: Apache-2.0
#include "identity/authentication_rules.h"

#include <algorithm>
#include <array>

namespace sallyport::identity {
namespace {

constexpr std::array kChallengeable{Proof::digest, Proof::scram, Proof::token};
constexpr std::array kOfConnection{Proof::certificate, Proof::network};

bool isConfigured(Proof proof, const AuthenticationPolicy& policy) {
  switch (proof) {
    case Proof::digest: return policy.credentials && !policy.digest.algorithms.empty();
    case Proof::scram: return policy.credentials && policy.scram;
    case Proof::token: return policy.tokens != nullptr;
    case Proof::certificate:
    case Proof::network: break;
  }
  return false;  // of the connection: no challenge brings it
}

}  // namespace

bool isEnough(const AuthenticationPolicy& policy, const Proofs& held) {
  return std::any_of(policy.any_of.begin(), policy.any_of.end(),
                     [&](const Proofs& alternative) { return !alternative.empty() && held.contains(alternative); });
}

Proofs heldProofs(const AuthenticationRequest& request) {
  const auto& principal = request.established;
  if (!principal) return {};
  if (!principal->expires() || request.wall < *principal->expires()) return principal->proofs();
  Proofs held;
  for (const auto proof : kOfConnection) {
    if (principal->provenBy(proof)) held.add(proof);
  }
  return held;
}

std::vector<Proof> wantedProofs(const AuthenticationPolicy& policy, const Proofs& held) {
  std::vector<Proof> wanted;
  for (const auto& alternative : policy.any_of) {
    auto possible = held;
    for (const auto proof : kChallengeable) {
      if (isConfigured(proof, policy)) possible.add(proof);
    }
    if (!possible.contains(alternative)) continue;
    for (const auto proof : kChallengeable) {
      const bool missing = alternative.has(proof) && !held.has(proof);
      if (missing && std::find(wanted.begin(), wanted.end(), proof) == wanted.end()) wanted.push_back(proof);
    }
  }
  return wanted;
}

}  // namespace sallyport::identity
