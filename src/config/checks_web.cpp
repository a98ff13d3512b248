// SPDX-License-Identifier: Apache-2.0
// [web_listener]: where it stands, and whether anybody can log in there.
#include <algorithm>

#include "config/check_context.h"

namespace sallyport::config {
namespace {

void checkPlace(const CheckContext& context, const WebListener& listener) {
  const auto* written = context.writtenAt("web_listener", 0, "address");
  if (written == nullptr) return;
  if (listener.address.port == 0) {
    context.problems.advise(written->place, "config.advice.port",
                            "port 0 lets the system pick another port at every start");
  }
  const auto taken = [&](const Endpoint& other, const std::string& by) {
    if (!collide(listener.address, other)) return;
    context.problems.error(written->place, "config.conflict",
                           listener.address.toString() + " is already taken by " + by);
  };
  for (const auto& other : context.config.listeners) taken(other.address, "[[listener]] '" + other.name + "'");
  if (const auto& plain = context.config.unprotected_listener) taken(plain->address, std::string{kUnprotectedListener});
}

void checkRelay(const CheckContext& context, const WebListener& listener) {
  const auto relay_only = context.at("web_listener", "relay_only");
  if (listener.relay_only && context.config.turn.urls.empty()) {
    context.problems.error(relay_only, "config.key.missing",
                           "'relay_only' in [web_listener] sends voice through a TURN server, and there is no [turn]",
                           "[turn] with urls = [\"turns:turn.example.org:443?transport=tcp\"] and its secret_file");
  }
  if (listener.relay_only && !listener.phone) {
    context.problems.advise(relay_only, "config.advice.relay_only",
                            "'relay_only' in [web_listener] is for the phone that is served, and none is",
                            "phone = \"/usr/share/sallyport/phone\"");
  }
}

// A browser has no certificate to show and no network to be known by.
bool provesByMessage(const Proofs& proofs) {
  return std::none_of(proofs.begin(), proofs.end(),
                      [](Proof proof) { return proof == Proof::certificate || proof == Proof::network; });
}

}  // namespace

bool canLogIn(const Policy& policy, const WebListener& listener) {
  return std::any_of(policy.authentication.begin(), policy.authentication.end(), [&](const Proofs& proofs) {
    const auto demanded = [&](const Proofs& least) {
      return std::all_of(least.begin(), least.end(),
                         [&](Proof proof) { return std::find(proofs.begin(), proofs.end(), proof) != proofs.end(); });
    };
    const auto& floor = listener.authentication;
    return provesByMessage(proofs) && (floor.empty() || std::any_of(floor.begin(), floor.end(), demanded));
  });
}

void checkWeb(const CheckContext& context) {
  const auto& config = context.config;
  if (!config.web_listener) return;
  const auto& listener = *config.web_listener;
  checkPlace(context, listener);
  checkRelay(context, listener);
  const bool anybody = (config.devices && canLogIn(config.devices->policy, listener)) ||
                       std::any_of(config.peers.begin(), config.peers.end(),
                                   [&](const Peer& peer) { return canLogIn(peer.policy, listener); });
  if (anybody) return;
  context.problems.advise(context.at("web_listener", "authentication"), "config.advice.web_listener",
                          "nobody can log in by [web_listener]: a browser shows no certificate",
                          "authentication = [\"scram\", \"digest\"] or \"token\" in [devices]");
}

}  // namespace sallyport::config
