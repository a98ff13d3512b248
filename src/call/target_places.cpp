// SPDX-License-Identifier: Apache-2.0
#include "call/target_places.h"

#include <algorithm>

#include "call/server_plan.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

// "sip:alice@example.org" as the table knows it; the host in lower case, the user as it is.
std::string addressOfRecord(std::string_view uri) {
  const auto parsed = sip::Uri::parse(uri);
  if (!parsed) return {};
  std::string aor = sip::unescaped(parsed->user).value_or("") + "@";
  for (const char c : parsed->host) aor += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return aor;
}

std::vector<std::string> routeOf(std::string_view path) {
  std::vector<std::string> route;
  sip::ListCursor values{path};
  while (const auto value = values.next()) {
    if (const auto hop = sip::NameAddr::parse(*value)) route.emplace_back(hop->uri);
  }
  return route;
}

}  // namespace

Result<std::vector<TargetGroup>> TargetPlaces::expand(const Target& target) {
  if (target.peer->name != kDevices) {
    TargetPlan plan;
    plan.groups = {{target}};
    SP_ASSIGN(plan, overServers(plan, servers_));
    return std::move(plan.groups);
  }
  const auto aor = addressOfRecord(target.to_uri);
  if (registrations_ == nullptr) return Error{ErrorKind::unavailable, "registrar.no_binding", aor};
  SP_ASSIGN(auto bindings, registrations_->reachable(aor, clock_.wall()));
  std::erase_if(bindings, [&](const BindingPtr& binding) {
    if (!target.token.empty()) return binding->token != target.token;
    return !target.instance.empty() && binding->contact.instance != target.instance;
  });
  if (bindings.empty()) return Error{ErrorKind::unavailable, "registrar.no_binding", aor};
  TargetGroup group;
  for (const auto& binding : bindings) {
    auto place = target;
    place.request_uri = binding->contact.uri;
    place.flow = binding->flow;
    if (binding->transport == Transport::wss) place.peer = &target.peer->overWebSocket();
    place.route = routeOf(binding->path);
    place.label = aor + " at " + binding->source.toString();
    group.push_back(std::move(place));
  }
  return std::vector<TargetGroup>{std::move(group)};
}

}  // namespace sallyport::call
