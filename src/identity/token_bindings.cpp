// SPDX-License-Identifier: Apache-2.0
#include "identity/token_bindings.h"

#include <algorithm>
#include <cstring>

namespace sallyport::identity {

// Nobody chooses a SHA-256 of what an issuer has signed: its first bytes spread well enough.
std::size_t TokenBindings::DigestHash::operator()(const crypto::Sha256Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

Status TokenBindings::bind(const crypto::Sha256Digest& token, sip::FlowId flow, WallTime expires, WallTime now) {
  const auto full = [](const char* of) { return Error{ErrorKind::overloaded, "identity.token.bindings_full", of}; };
  const std::lock_guard lock{mutex_};
  if (const auto known = by_token_.find(token); known != by_token_.end()) {
    if (known->second.flow == flow) return success();
    return Error{ErrorKind::peerDenied, "identity.token.other_connection", {}};
  }
  const auto of_flow = by_flow_.find(flow);
  const bool flow_full = of_flow != by_flow_.end() && of_flow->second.size() >= kPerFlow;
  if (flow_full || by_token_.size() >= capacity_) forgetExpired(now);
  if (by_token_.size() >= capacity_) return full("the table");
  auto& tokens = by_flow_[flow];
  if (tokens.size() >= kPerFlow) return full("the connection");
  tokens.push_back(token);
  by_token_.emplace(token, Binding{flow, expires});
  first_expiry_ = by_token_.size() == 1 ? expires : std::min(first_expiry_, expires);
  return success();
}

// Costs a walk over the table, hence not before there is something to find.
void TokenBindings::forgetExpired(WallTime now) {
  if (now < first_expiry_) return;
  std::erase_if(by_token_, [now](const auto& entry) { return entry.second.expires <= now; });
  for (auto& [flow, tokens] : by_flow_) {
    std::erase_if(tokens, [this](const auto& token) { return !by_token_.contains(token); });
  }
  std::erase_if(by_flow_, [](const auto& entry) { return entry.second.empty(); });
  first_expiry_ = WallTime::max();
  for (const auto& [token, binding] : by_token_) first_expiry_ = std::min(first_expiry_, binding.expires);
}

void TokenBindings::flowClosed(sip::FlowId flow) {
  const std::lock_guard lock{mutex_};
  const auto of_flow = by_flow_.find(flow);
  if (of_flow == by_flow_.end()) return;
  for (const auto& token : of_flow->second) by_token_.erase(token);
  by_flow_.erase(of_flow);
}

std::size_t TokenBindings::size() const {
  const std::lock_guard lock{mutex_};
  return by_token_.size();
}

}  // namespace sallyport::identity
