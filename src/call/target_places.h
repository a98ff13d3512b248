// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a routed target leads at this moment: a registered user to every connection of theirs, rung together; a
// peer to its servers, one after the other. One per worker, over the table that all workers share.

#include "call/peer_targets.h"
#include "call/registrations.h"
#include "call/target.h"
#include "core/clock.h"

namespace sallyport::call {

class TargetPlaces final : public TargetSource {
 public:
  // `registrations` may be absent: then nobody is registered. All outlive it.
  TargetPlaces(const Registrations* registrations, const PeerTargets& servers, const Clock& clock)
      : registrations_(registrations), servers_(servers), clock_(clock) {}

  // Errors: registrar.no_binding, registrar.no_flow, and those of PeerTargets::order().
  Result<std::vector<TargetGroup>> expand(const Target& target) override;

 private:
  const Registrations* registrations_;
  const PeerTargets& servers_;
  const Clock& clock_;
};

}  // namespace sallyport::call
