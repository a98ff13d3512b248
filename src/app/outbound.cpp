// SPDX-License-Identifier: Apache-2.0
#include "app/outbound.h"

#include "call/peer_servers.h"
#include "crypto/random.h"
#include "net/socket.h"

namespace sallyport::app {
namespace {

// Far below the 64 bits that it is made from: no number is noticeably likelier than another.
std::uint32_t randomBelow(std::uint32_t bound) { return static_cast<std::uint32_t>(crypto::randomNumber() % bound); }

}  // namespace

net::ResolverOptions resolverOptions(const config::Dns& dns) {
  net::ResolverOptions options;
  options.servers = dns.servers;
  options.timeout = dns.timeout;
  options.attempts = dns.attempts;
  return options;
}

Outbound::Outbound(const Parts& parts, const call::EdgePolicyPtr& policy)
    : parts_(parts),
      policy_(policy),
      probes_({parts.worker, parts.flows, parts.clock}, policy),
      targets_({names_, probes_, parts.log, parts.clock, randomBelow}) {}

Status Outbound::start(call::Requester& requester) {
  probes_.setRequester(requester);
  return adopt(policy_);
}

Status Outbound::adopt(call::EdgePolicyPtr policy) {
  SP_ASSIGN(auto resolver, net::Resolver::create(parts_.loop, resolverOptions(policy->config->dns)));
  policy_ = std::move(policy);
  names_.use(std::move(resolver));
  probes_.adopt(policy_);
  targets_.adopt(call::serversOf(*policy_->config, net::reachableFamilies()));
  return success();
}

}  // namespace sallyport::app
