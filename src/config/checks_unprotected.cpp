// SPDX-License-Identifier: Apache-2.0
// Peers without TLS and SRTP, and the [unprotected_listener] they come in by.
#include <algorithm>

#include "config/check_context.h"

namespace sallyport::config {
namespace {

// Plain on the wire is for one place that is named by its address, so that nobody who answers for a name gets it.
void checkPlace(const CheckContext& context, std::size_t index, const std::string& label) {
  const auto& peer = context.config.peers[index];
  const bool named = peer.host || std::any_of(peer.targets.begin(), peer.targets.end(),
                                              [](const PeerTarget& target) { return target.host.has_value(); });
  if (!named && peer.connectable()) return;
  context.problems.error(context.at("peer", index, "unprotected"), "config.conflict",
                         label + " is unprotected and " + (named ? "named by DNS" : "has no address"),
                         "give the 'address' of the one host that is meant");
}

void checkPeer(const CheckContext& context, std::size_t index) {
  const auto& peer = context.config.peers[index];
  const auto label = "[[peer]] '" + peer.name + "'";
  const auto conflict = [&](std::string_view key, std::string message) {
    context.problems.error(context.at("peer", index, key), "config.conflict", label + std::move(message));
  };
  checkPlace(context, index, label);
  if (!context.config.unprotected_listener) {
    context.problems.error(context.at("peer", index, "unprotected"), "config.key.missing",
                           label + " is unprotected, and there is no [unprotected_listener]",
                           "[unprotected_listener] with address = \"10.0.0.1:5060\": what it is told in Contact");
  }
  if (peer.policy.authentication != std::vector<Proofs>{{Proof::network}})
    conflict("authentication", " is unprotected: it is known by its network alone");
  if (context.writtenAt("peer", index, "media") != nullptr) conflict("media", " is unprotected: it has no keys");
  if (peer.policy.ice != IceUse::never) conflict("ice", " is unprotected: only the address of its SDP is heard");
  if (peer.path) conflict("path", " is unprotected: phones behind it would be reached in clear");
  if (peer.policy.sips == SipsMode::require) conflict("sips", " is unprotected: sips: never goes there (RFC 5630)");
}

void checkListener(const CheckContext& context, const UnprotectedListener& listener) {
  const auto* written = context.writtenAt("unprotected_listener", 0, "address");
  if (written == nullptr) return;
  if (listener.address.address.isUnspecified()) {
    context.problems.error(written->place, "config.conflict",
                           "[unprotected_listener] would be open on every address of this host",
                           "name the one that faces the core");
    return;
  }
  if (listener.address.port == 0) {
    context.problems.advise(written->place, "config.advice.port",
                            "port 0 lets the system pick another port at every start");
  }
  for (const auto& other : context.config.listeners) {
    if (!collide(listener.address, other.address)) continue;
    context.problems.error(written->place, "config.conflict",
                           listener.address.toString() + " is already taken by [[listener]] '" + other.name + "'");
  }
}

}  // namespace

void checkUnprotected(const CheckContext& context) {
  const auto& config = context.config;
  bool any = false;
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    if (!config.peers[i].unprotected) continue;
    any = true;
    checkPeer(context, i);
  }
  if (!config.unprotected_listener) return;
  checkListener(context, *config.unprotected_listener);
  if (any) return;
  const auto* table = context.root.find("unprotected_listener");
  context.problems.advise(table == nullptr ? Place{} : table->key_place, "config.advice.unused",
                          "no [[peer]] is unprotected: nobody can come in by [unprotected_listener]");
}

}  // namespace sallyport::config
