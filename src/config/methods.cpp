// SPDX-License-Identifier: Apache-2.0
#include "config/methods.h"

#include <algorithm>
#include <array>

namespace sallyport::config {
namespace {

constexpr std::array<std::string_view, 6> kOfCalls{"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK"};
constexpr std::string_view kDevices = "device";

bool isOfCalls(std::string_view method) {
  return std::find(kOfCalls.begin(), kOfCalls.end(), method) != kOfCalls.end();
}

const Policy* policyOf(const Config& config, std::string_view peer) {
  if (config.devices && peer == kDevices) return &config.devices->policy;
  const auto found =
      std::find_if(config.peers.begin(), config.peers.end(), [&](const Peer& one) { return one.name == peer; });
  return found == config.peers.end() ? nullptr : &found->policy;
}

}  // namespace

std::vector<std::string> methodsOf(const Config& config, std::string_view peer) {
  const auto* policy = policyOf(config, peer);
  const bool own = policy != nullptr && !policy->methods.empty();
  std::vector<std::string> methods;
  for (const auto& method : config.guard.methods) {
    if (!own || isOfCalls(method)) methods.push_back(method);
  }
  for (const auto& method : own ? policy->methods : std::vector<std::string>{}) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  }
  if (!config.registrar.enabled) std::erase(methods, "REGISTER");
  return methods;
}

}  // namespace sallyport::config
