// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one worker needs to call its peers: the DNS, OPTIONS, and what both say of the peers' servers. Made with
// its worker, used on the worker's thread.

#include <optional>

#include "call/options_probes.h"
#include "call/peer_targets.h"
#include "call/resolver_names.h"

namespace sallyport::app {

class Outbound {
 public:
  struct Parts {
    unsigned worker = 0;
    net::Loop& loop;
    call::Flows& flows;
    telemetry::EventSink& log;
    const Clock& clock;
  };

  Outbound(const Parts& parts, const call::EdgePolicyPtr& policy);

  // From here on peers are located and asked. Error: "net.dns.unavailable".
  Status start(call::Requester& requester);
  // The old peers stay when the DNS can not be asked as the new policy says.
  Status adopt(call::EdgePolicyPtr policy);
  void everySecond() { targets_.advance(); }

  call::PeerTargets& targets() { return targets_; }

 private:
  const Parts parts_;
  call::EdgePolicyPtr policy_;
  call::ResolverNames names_;
  call::OptionsProbes probes_;
  call::PeerTargets targets_;
};

net::ResolverOptions resolverOptions(const config::Dns& dns);

}  // namespace sallyport::app
