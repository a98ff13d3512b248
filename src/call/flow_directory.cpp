// SPDX-License-Identifier: Apache-2.0
#include "call/flow_directory.h"

#include <algorithm>

namespace sallyport::call {

void FlowDirectory::enter(sip::FlowId flow, const FlowFacts& facts) {
  if (!facts.principal || facts.principal->kind() != identity::PeerKind::peer) return;
  by_peer_[facts.principal->peer()].push_back(flow);
}

void FlowDirectory::leave(sip::FlowId flow, const FlowFacts& facts) {
  const auto peer = by_peer_.find(std::string{facts.peer()});
  if (peer == by_peer_.end()) return;
  std::erase(peer->second, flow);
  if (peer->second.empty()) by_peer_.erase(peer);
}

void FlowDirectory::add(sip::FlowId flow, std::shared_ptr<const FlowFacts> facts) {
  const std::lock_guard lock{mutex_};
  enter(flow, *facts);
  flows_[static_cast<std::uint64_t>(flow)] = Entry{std::move(facts), false};
}

void FlowDirectory::replace(sip::FlowId flow, std::shared_ptr<const FlowFacts> facts) {
  const std::lock_guard lock{mutex_};
  const auto found = flows_.find(static_cast<std::uint64_t>(flow));
  if (found == flows_.end()) return;
  leave(flow, *found->second.facts);
  enter(flow, *facts);
  found->second.facts = std::move(facts);
}

bool FlowDirectory::remove(sip::FlowId flow) {
  const std::lock_guard lock{mutex_};
  const auto found = flows_.find(static_cast<std::uint64_t>(flow));
  if (found == flows_.end()) return false;
  leave(flow, *found->second.facts);
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
