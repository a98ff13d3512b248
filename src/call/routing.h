// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a call goes: a decision from the caller's peer and the Request-URI alone. Pure, so that the
// same function answers a call and an operator's question.

#include <string>
#include <string_view>

#include "call/policy.h"
#include "core/result.h"

namespace sallyport::call {

struct RouteQuery {
  std::string_view from_peer;
  std::string_view user;  // unescaped user part of the Request-URI
  std::string_view host;
};

struct RouteDecision {
  const PeerPolicy* target = nullptr;  // lives as long as the policy
  std::string rule;                    // "3: +49* -> core", for the record
};

// Errors: "call.route.none" (nothing matches), "call.route.to_origin" (would go back where it came from).
Result<RouteDecision> route(const EdgePolicy& policy, const RouteQuery& query);

}  // namespace sallyport::call
