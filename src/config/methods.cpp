// SPDX-License-Identifier: Apache-2.0
#include "config/methods.h"

#include <algorithm>
#include <array>

namespace sallyport::config {
namespace {

constexpr std::array<std::string_view, 6> kOfCalls{"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK"};
constexpr std::array<std::string_view, 3> kInCallsToo{"OPTIONS", "INFO", "REFER"};
constexpr std::string_view kDevices = "device";

bool isOfCalls(std::string_view method) {
  return std::find(kOfCalls.begin(), kOfCalls.end(), method) != kOfCalls.end();
}

bool meansSomething(std::string_view method, AllowedWhere where) {
  return where == AllowedWhere::anywhere || isOfCalls(method) ||
         std::find(kInCallsToo.begin(), kInCallsToo.end(), method) != kInCallsToo.end();
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

std::string allowOf(const Config& config, std::string_view peer, AllowedWhere where) {
  return allowInstead(config, peer, where, {});
}

std::string allowInstead(const Config& config, std::string_view peer, AllowedWhere where, std::string_view refused) {
  std::string line;
  for (const auto& method : methodsOf(config, peer)) {
    if (method == refused || !meansSomething(method, where)) continue;
    line += (line.empty() ? "" : ", ") + method;
  }
  return line;
}

}  // namespace sallyport::config
