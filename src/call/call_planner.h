// SPDX-License-Identifier: Apache-2.0
#pragma once
// From an admitted INVITE to the plan of its call: who calls, where it goes and in which order, as what the caller
// is presented there, with which scheme, and what crosses with it. Nothing is sent and nothing is opened.
//
// Owned by a CallServer, on its worker.

#include <string>

#include "call/bridge.h"
#include "call/call_directory.h"
#include "call/call_router.h"
#include "call/ports.h"
#include "call/registrations.h"
#include "call/routing.h"
#include "call/sips.h"
#include "call/target.h"

namespace sallyport::call {

class CallPlanner {
 public:
  struct Parts {
    unsigned worker = 0;
    const CallDirectory& directory;
    TargetSource* places = nullptr;                // null: a routed target is the only one
    const Registrations* registrations = nullptr;  // whose tokens a core may call; null: there are none
  };
  explicit CallPlanner(Parts parts) : parts_(parts) {}

  // Errors: "call.max_forwards", "call.loop", "call.peer_removed", those of calledParty(), "call.identity.foreign",
  // "call.privacy.critical", "call.sips.*", "call.route.*", "registrar.no_binding", "registrar.no_flow".
  Result<CallPlan> plan(const EdgePolicyPtr& policy, const FlowFacts& facts, const sip::Message& invite,
                        WallTime wall) const;
  // Where a party of a running call may send another, presented as the caller of its `invite` (null: as who asks) and
  // without permits yet. Errors as above, and those of CallRouter::onward().
  Result<OnwardRoute> onward(const EdgePolicy& policy, const FlowFacts& facts, const sip::Message* invite,
                             std::string_view uri, WallTime wall) const;

 private:
  struct Asked {  // the Request-URI, a token of ours taken for whom it stands
    CalledParty called;
    UriScheme scheme = UriScheme::sip;
    std::string instance;  // RFC 5627: only that of the user's phones; empty: all of them
    std::string token;     // only this binding
  };
  Result<Asked> read(const EdgePolicy& policy, std::string_view from_peer, std::string_view uri, WallTime wall) const;
  // Every destination in its order; `invite` is what headers are carried from, null: from nothing.
  Result<std::vector<TargetGroup>> groupsFor(const RouteDecision& decision, const Asked& asked,
                                             const PeerPolicy& caller, const sip::Message* invite,
                                             const EdgePolicy& policy) const;
  Result<std::vector<TargetGroup>> groupsFor(const Destination& destination, const Asked& asked,
                                             const PeerPolicy& caller, const sip::Message* invite,
                                             const EdgePolicy& policy) const;

  Parts parts_;
};

}  // namespace sallyport::call
