// SPDX-License-Identifier: Apache-2.0
#include "call/routing.h"

namespace sallyport::call {
namespace {

bool matches(const config::Route& rule, const RouteQuery& query) {
  if (!rule.from_peer.empty() && rule.from_peer != query.from_peer) return false;
  if (!rule.domain.empty() && !sip::equalsIgnoringCase(rule.domain, query.host)) return false;
  return rule.user.matches(query.user);
}

}  // namespace

Result<RouteDecision> route(const EdgePolicy& policy, const RouteQuery& query) {
  const auto& routes = policy.config->routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!matches(routes[i], query)) continue;
    const auto* target = routes[i].to.empty() ? nullptr : policy.peer(routes[i].to.front().peer);
    if (target == nullptr)
      return Error{ErrorKind::peerDenied, "call.route.none", "refused by route " + std::to_string(i + 1)};
    const auto text = std::to_string(i + 1) + ": " + routes[i].user.toString() + " -> " + target->name;
    if (target->name == query.from_peer) return Error{ErrorKind::peerDenied, "call.route.to_origin", text};
    return RouteDecision{target, text};
  }
  return Error{ErrorKind::peerDenied, "call.route.none", std::string{query.user} + "@" + std::string{query.host}};
}

}  // namespace sallyport::call
