// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which proofs are demanded of whom, and what one request proves. A connection of a verified certificate or a
// known network has proven that much by itself; where its peer's or the devices' rule demands a password or a
// token, requests outside a dialog must bring it, until the connection has. Who fails too often is no longer
// listened to; a first question costs nothing.
//
// RFC 3261 22. The rules are immutable, shared by all workers and swapped whole; RequestAuthentication is one
// worker's.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "call/ports.h"
#include "core/clock.h"
#include "guard/auth_failures.h"
#include "identity/authenticator.h"
#include "sip/message.h"

namespace sallyport::call {

// What one listener demands.
struct ListenerRules {
  // Of a peer, or kDevices, once the connection or a request has told which it is.
  std::map<std::string, identity::AuthenticationPolicy, std::less<>> of;
  // Of a connection that has shown nothing yet: everything that any of them could bring.
  identity::AuthenticationPolicy strangers;
};
struct AuthenticationRules {
  std::map<std::string, ListenerRules, std::less<>> listeners;  // by name

  // Whether such a principal, proven at this listener, has shown enough.
  bool isEnough(const std::string& listener, const identity::Principal& principal) const;
  // Whether what was proven there by a password or a token would be believed today. Error: "identity.proof.withdrawn".
  Status stillStands(const std::string& listener, const identity::Principal& principal) const;
};
using AuthenticationRulesPtr = std::shared_ptr<const AuthenticationRules>;

class RequestAuthentication {
 public:
  // `nonces` outlive it.
  RequestAuthentication(const identity::Nonces& nonces, AuthenticationRulesPtr rules,
                        std::shared_ptr<guard::AuthFailureLimits> failures)
      : rules_(std::move(rules)), failures_(std::move(failures)), authenticator_(nonces) {}

  void adopt(AuthenticationRulesPtr rules, std::shared_ptr<guard::AuthFailureLimits> failures);

  struct Proven {
    identity::Principal principal;                       // to be kept with the connection
    std::vector<identity::AnswerHeader> answer_headers;  // for a 2xx
  };
  struct Reply {  // nobody is proven: this is to be answered
    int status = 401;
    std::vector<identity::AnswerHeader> headers;
    std::optional<Error> refusal;  // nothing: a first question
    std::optional<std::chrono::seconds> retry_after;
  };
  using Outcome = std::variant<Proven, Reply>;
  // Codes of refusals: identity.*, guard.auth.*, and "call.authentication.none" (this listener knows no way to
  // prove anything without a certificate), "call.authentication.class" (proven, but not by what is demanded of it).
  Outcome authenticate(sip::FlowId flow, const FlowFacts& facts, const sip::Message& request, WallTime wall,
                       TimePoint now);
  void flowClosed(sip::FlowId flow) { authenticator_.flowClosed(flow); }

 private:
  const identity::AuthenticationPolicy* policyFor(const FlowFacts& facts) const;

  AuthenticationRulesPtr rules_;
  std::shared_ptr<guard::AuthFailureLimits> failures_;
  identity::Authenticator authenticator_;
};

}  // namespace sallyport::call
