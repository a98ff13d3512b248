// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a request outside a call goes, by the very decision that an INVITE gets: the same routes, the same caller's
// identity, the headers that both sides' policies let cross. Of several destinations the first is taken; a registered
// user is reached on the connection preferred of theirs.
//
// One per worker, on its thread.

#include "call/registrations.h"
#include "call/relay_ports.h"

namespace sallyport::call {

class PolicyRoutes final : public RequestRoutes {
 public:
  // `registered` may be absent: then nobody is registered. When given it outlives this, as the clock does.
  PolicyRoutes(EdgePolicyPtr policy, const Clock& clock, const Registrations* registered = nullptr)
      : policy_(std::move(policy)), clock_(clock), registered_(registered) {}
  void adopt(EdgePolicyPtr policy) { policy_ = std::move(policy); }

  // Errors: those of calledParty(), identifyCaller(), route() and Registrations::reachable(), and "call.peer_removed".
  Result<RelayRoute> decide(const RelayRequest& request) override;

 private:
  Status reachDevice(Target& target) const;

  EdgePolicyPtr policy_;
  const Clock& clock_;
  const Registrations* registered_;
};

}  // namespace sallyport::call
