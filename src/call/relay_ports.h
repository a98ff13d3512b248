// SPDX-License-Identifier: Apache-2.0
#pragma once
// What carrying requests outside calls needs of the world: where they go, and how they are answered; and the
// rules they are held to. Supplied by the call server; tests supply their own.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "call/challenge_answers.h"
#include "call/header_policy.h"
#include "call/requester.h"
#include "call/target.h"
#include "core/clock.h"
#include "identity/principal.h"
#include "sip/message.h"
#include "telemetry/event.h"

namespace sallyport::call {

// A request of a proven principal, well formed (sip::checkRequest) and admitted by the guard.
struct RelayRequest {
  sip::ServerTransactionId id{};
  sip::FlowId flow{};
  identity::Principal from;
  sip::Message message;
  Transport transport = Transport::tls;  // of the flow
  std::string listener = {};             // that it came by
};

// Where it goes, and how it is told there who asks: decided as for an INVITE.
struct RelayRoute {
  EdgePolicyPtr policy;    // that the target's peer lives in
  Target target;           // one: such a request is neither forked nor tried again elsewhere
  CarriedHeaders headers;  // by the header policies of both sides
};

class RequestRoutes {
 public:
  virtual ~RequestRoutes() = default;
  // Errors: those of routing and of the caller's identity ("call.route.*", "call.identity.*", "registrar.no_flow",
  // ...), answered as statusTowardsPeer() says.
  virtual Result<RelayRoute> decide(const RelayRequest& request) = 0;
};

class RelayAnswers {
 public:
  virtual ~RelayAnswers() = default;
  // The final response to a request taken. What is gone meanwhile is nobody's any more.
  virtual void respond(sip::ServerTransactionId id, int status, std::string bytes) = 0;
};

struct RelayRules {
  std::size_t body_bytes = 8'192;  // of a MESSAGE, PUBLISH or NOTIFY
  std::vector<std::string> message_types{"text/plain"};
  std::vector<std::string> events{"dialog", "message-summary", "presence"};  // of those in knownEvents()
  std::size_t pending = 4'096;                                               // stand-alone requests on their way
  std::size_t pending_of_one = 64;                                           // of one principal
  std::size_t subscriptions = 20'000;
  std::size_t subscriptions_of_one = 64;       // of one device
  std::size_t subscriptions_of_peer = 10'000;  // of one peer, which speaks for many
  std::chrono::seconds min_expires{60};
  std::chrono::seconds max_expires{3'600};
  std::chrono::seconds default_expires{3'600};
};

// What RequestRelay and its subscriptions share.
struct RelayContext {
  unsigned worker = 0;
  Requester& requester;
  RelayAnswers& answers;
  telemetry::EventSink& log;
  const Clock& clock;
  RelayRules rules = {};
  Challenges* challenges = nullptr;  // what answers those of peers; null: nobody
  EdgePolicyPtr policy = nullptr;    // RequestRelay's to set
};

}  // namespace sallyport::call
