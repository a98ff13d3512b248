// SPDX-License-Identifier: Apache-2.0
#include "config/weakness.h"

#include <algorithm>

namespace sallyport::config {
namespace {

using Weight = Weakness::Weight;

bool contains(const std::vector<Proofs>& all, const Proofs& proofs) {
  return std::find(all.begin(), all.end(), proofs) != all.end();
}

// What `check` is to say of voice that the edge can not look into.
const char* zrtpNote(const Policy& policy) {
  const auto keyed = [&](Keying keying) {
    return std::find(policy.media.begin(), policy.media.end(), keying) != policy.media.end();
  };
  if (keyed(Keying::zrtp)) {
    return "is to agree keys with the other end by ZRTP: voice passes once they have, and the edge can not verify it";
  }
  if (keyed(Keying::srtpAndZrtp)) {
    return "may agree keys with the other end by ZRTP, inside the SRTP of each hop";
  }
  return nullptr;
}

void addPeer(const Peer& peer, std::size_t index, std::vector<Weakness>& found) {
  const auto label = "[[peer]] '" + peer.name + "' ";
  const auto add = [&](std::string_view key, const char* code, Weight weight, const char* text) {
    found.push_back({"peer", index, key, code, weight, label + text});
  };
  const auto& policy = peer.policy;
  const auto& digests = policy.digest_algorithms;
  if (peer.unprotected) {
    add("unprotected", "config.advice.unprotected", Weight::refused,
        "is unprotected: signalling and voice go in clear, and anybody on the way can read and change them");
  }
  if (std::find(digests.begin(), digests.end(), DigestAlgorithm::md5) != digests.end()) {
    add("digest_algorithms", "config.advice.md5", Weight::refused,
        "may use MD5, a weakness: who sees one answer can search for the password");
  }
  if (!peer.unprotected && contains(policy.authentication, {Proof::network})) {
    add("authentication", "config.advice.network_only", Weight::refused,
        "is known by its network alone: whoever sends from there is it");
  }
  if (policy.tier == Tier::compatible && !peer.unprotected) {
    add("tier", "config.note.compatible", Weight::noted, "may protect voice without AEAD");
  }
  if (const auto* note = zrtpNote(policy)) add("media", "config.note.zrtp", Weight::noted, note);
  if (peer.tls12_only) add("tls12_only", "config.note.tls12_only", Weight::noted, "is spoken to in TLS 1.2 only");
}

}  // namespace

std::vector<Weakness> weaknessesOf(const Config& config) {
  std::vector<Weakness> found;
  for (std::size_t i = 0; i < config.peers.size(); ++i) addPeer(config.peers[i], i, found);
  if (config.devices) {
    if (const auto* note = zrtpNote(config.devices->policy)) {
      found.push_back({"devices", 0, "media", "config.note.zrtp", Weight::noted, std::string{"[devices] "} + note});
    }
  }
  if (config.firewall.mode == FirewallMode::off) {
    found.push_back({"firewall", 0, "mode", "config.note.firewall_off", Weight::noted,
                     "[firewall] is off: what is sent to the media range is filtered in user space alone"});
  }
  const auto& guard = config.guard;
  const std::pair<std::string_view, RuleMode> posture[] = {
      {"peer_known", guard.peer_known}, {"method", guard.method}, {"domain", guard.domain}};
  for (const auto& [rule, mode] : posture) {
    if (mode == RuleMode::enforce) continue;
    found.push_back(
        {"guard", 0, rule, "config.advice.weakened", Weight::refused,
         "rule '" + std::string{rule} + "' is " + std::string{toString(mode)} + ": what it would refuse is let in"});
  }
  return found;
}

}  // namespace sallyport::config
