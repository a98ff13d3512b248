// SPDX-License-Identifier: Apache-2.0
#pragma once
// OPTIONS to the servers of our peers (RFC 3261 11), each over a connection verified as its peer: what PeerTargets
// asks for. Any final answer is one of a server that is alive, but 408 and 503. One per worker.

#include "call/peer_targets.h"
#include "call/ports.h"
#include "call/requester.h"

namespace sallyport::call {

class OptionsProbes final : public Probes {
 public:
  struct Parts {
    unsigned worker = 0;
    Flows& flows;
    const Clock& clock;
  };
  OptionsProbes(Parts parts, EdgePolicyPtr policy) : parts_(parts), policy_(std::move(policy)) {}

  void setRequester(Requester& requester) { requester_ = &requester; }  // before the first probe
  void adopt(EdgePolicyPtr policy) { policy_ = std::move(policy); }
  void probe(const std::string& peer, const Endpoint& server, Done done) override;

 private:
  void ask(const PeerPolicy& peer, sip::FlowId flow, Done done);

  const Parts parts_;
  EdgePolicyPtr policy_;
  Requester* requester_ = nullptr;
};

}  // namespace sallyport::call
