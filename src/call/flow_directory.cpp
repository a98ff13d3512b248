// SPDX-License-Identifier: Apache-2.0
#include "call/flow_directory.h"

#include <algorithm>

namespace sallyport::call {

void FlowDirectory::add(sip::FlowId flow, std::shared_ptr<const FlowFacts> facts) {
  const std::lock_guard lock{mutex_};
  if (facts->peer.name() != kDevices) by_peer_[facts->peer.name()].push_back(flow);
  flows_[static_cast<std::uint64_t>(flow)] = Entry{std::move(facts), false};
}

bool FlowDirectory::remove(sip::FlowId flow) {
  const std::lock_guard lock{mutex_};
  const auto found = flows_.find(static_cast<std::uint64_t>(flow));
  if (found == flows_.end()) return false;
  if (const auto peer = by_peer_.find(found->second.facts->peer.name()); peer != by_peer_.end()) {
    std::erase(peer->second, flow);
    if (peer->second.empty()) by_peer_.erase(peer);
  }
  const bool lent = found->second.lent;
  flows_.erase(found);
  return lent;
}

std::shared_ptr<const FlowFacts> FlowDirectory::facts(sip::FlowId flow) const {
  const std::lock_guard lock{mutex_};
  const auto found = flows_.find(static_cast<std::uint64_t>(flow));
  return found == flows_.end() ? nullptr : found->second.facts;
}

void FlowDirectory::lend(sip::FlowId flow) {
  const std::lock_guard lock{mutex_};
  if (const auto found = flows_.find(static_cast<std::uint64_t>(flow)); found != flows_.end())
    found->second.lent = true;
}

std::optional<sip::FlowId> FlowDirectory::ofPeer(std::string_view peer) {
  const std::lock_guard lock{mutex_};
  const auto found = by_peer_.find(std::string{peer});
  if (found == by_peer_.end()) return std::nullopt;
  const auto newest = found->second.back();
  flows_[static_cast<std::uint64_t>(newest)].lent = true;
  return newest;
}

}  // namespace sallyport::call
