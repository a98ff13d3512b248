// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where an INVITE may go: one place, those that ring together (RFC 3261 16.6, forking), and the groups that are
// tried one after the other. A decision made before anything is sent; plain values. A plan belongs to its call.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "call/header_policy.h"
#include "call/policy.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "sip/transaction_layer.h"

namespace sallyport::call {

struct Target {
  const PeerPolicy* peer = nullptr;  // lives in the call's EdgePolicy
  std::string request_uri = {};
  std::string to_uri = {};
  std::optional<sip::FlowId> flow = {};  // a registered device: this connection and no other (RFC 5626 5.3)
  std::optional<Endpoint> address = {};  // this server of the peer
  std::vector<std::string> route = {};   // URIs, nearest first: the Path of a registration (RFC 3327 5.3)
  std::string label = {};                // for the record and the log: "carrier", "core 10.1.2.3:5061", "bob's desk"
  std::string from_uri = {};             // how the caller is told of there: each peer has its own rules for that
  std::string from_display = {};         // plain text; empty: none
  std::string asserted_identity = {};    // empty: not at all (RFC 3325)
  std::string privacy = {};              // Privacy (RFC 3323); empty: none
  CarriedHeaders carried = {};           // what of the caller's request crosses to there
  // Of a registered user, which of the phones: the one of this instance (RFC 5627), or the binding of this token.
  std::string instance = {};
  std::string token = {};
};

using TargetGroup = std::vector<Target>;  // rung together

inline constexpr std::size_t kMostForks = 16;  // of one group; what is beyond is not tried

struct TargetPlan {
  std::vector<TargetGroup> groups;  // tried in this order until one answers
  // Without a provisional answer other than 100 for this long an attempt has failed, while there is another group.
  std::chrono::milliseconds attempt_timeout{10'000};

  const Target& first() const { return groups.front().front(); }
};

// What a routed target stands for at this moment: the connections of a registered user, rung together; the servers of
// a peer in the order to try them.
class TargetSource {
 public:
  virtual ~TargetSource() = default;
  // At least one group, none of them empty. Errors are told to the caller.
  virtual Result<std::vector<TargetGroup>> expand(const Target& target) = 0;
};

// Learns what became of attempts, for the health of a peer's servers. Called on the worker's thread.
class TargetObserver {
 public:
  virtual ~TargetObserver() = default;
  // It answered: with a 2xx, or with a final answer that says nothing against the server itself.
  virtual void onSuccess(const Target& target) = 0;
  virtual void onFailure(const Target& target, const Error& reason,
                         std::optional<std::chrono::seconds> retry_after) = 0;
};

}  // namespace sallyport::call
