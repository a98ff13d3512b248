// SPDX-License-Identifier: Apache-2.0
#include "call/server_plan.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace sallyport::call {
namespace {

// One place as those to try for it, in their order.
Result<std::vector<Target>> unfolded(const Target& target, const PeerTargets& servers) {
  if (target.flow || target.address) return std::vector{target};
  const auto order = servers.order(target.peer->name);
  if (!order) {
    if (std::string_view{order.error().code} == "call.target.none") return std::vector{target};
    return order.error();
  }
  std::vector<Target> all;
  for (const auto& server : *order) {
    if (all.size() == kMostServersTried) break;
    auto& one = all.emplace_back(target);
    one.address = server.address;
    one.label += " " + server.address.toString();
  }
  return all;
}

}  // namespace

Result<TargetPlan> overServers(const TargetPlan& plan, const PeerTargets& servers) {
  auto unfolded_plan = plan;
  unfolded_plan.groups.clear();
  std::optional<Error> refused;
  for (const auto& group : plan.groups) {
    std::vector<TargetGroup> rounds;
    for (const auto& target : group) {
      auto places = unfolded(target, servers);
      if (!places) {
        refused = std::move(places).error();
        continue;
      }
      rounds.resize(std::max(rounds.size(), places->size()));
      for (std::size_t i = 0; i < places->size(); ++i) rounds[i].push_back(std::move((*places)[i]));
    }
    std::move(rounds.begin(), rounds.end(), std::back_inserter(unfolded_plan.groups));
  }
  if (unfolded_plan.groups.empty() && refused) return *std::move(refused);
  return unfolded_plan;
}

}  // namespace sallyport::call
