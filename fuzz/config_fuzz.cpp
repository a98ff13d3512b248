// SPDX-License-Identifier: Apache-2.0
// Any text as a configuration: it is accepted or explained, and an explanation is one safe line each.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::config;
  const auto outcome = parse({reinterpret_cast<const char*>(data), size}, "/etc/sallyport/sallyport.toml");
  if (outcome.ok() != outcome.errors.empty()) std::abort();
  for (const auto* problems : {&outcome.errors, &outcome.warnings}) {
    for (const auto& problem : *problems) {
      if (problem.toString().find_first_of("\r\n\x1b") != std::string::npos) std::abort();
    }
  }
  if (!outcome.ok()) return 0;
  const auto& config = *outcome.config;
  if (config.edge.domains.empty() || config.listeners.empty() || (!config.media.v4 && !config.media.v6)) std::abort();
  for (const auto& peer : config.peers) {
    if (peer.policy.suites.empty() || peer.policy.authentication.empty()) std::abort();
    const bool certificate = !peer.unprotected && peer.policy.accepts(Proof::certificate);
    if (certificate && peer.identities.empty()) std::abort();
    if ((certificate || (peer.connectable() && !peer.unprotected)) && config.trust(peer.trust) == nullptr) std::abort();
  }
  for (const auto& route : config.routes) {
    if (route.to.empty() != route.refuse.has_value()) std::abort();
    for (const auto& target : route.to) {
      if (target.peer != "device" && config.peer(target.peer) == nullptr) std::abort();
    }
  }
  return 0;
}
