// SPDX-License-Identifier: Apache-2.0
#pragma once
// What wrong proofs cost: whoever gives too many from one address, or for one name, is no longer listened to
// for a while. Asked before a proof is looked at, told of the outcome afterwards. A challenge that was not
// answered yet and a right proof cost nothing, so a thousand phones behind one address may all come back at
// once.
//
// Nobody locks out others by failing in their name, or beside them: a name that was proven from an address
// within the last day is judged there by the failures of just that pair. Thread-safe; reads no clock.

#include <memory>
#include <string_view>
#include <vector>

#include "guard/admission_chain.h"
#include "guard/limits.h"

namespace sallyport::guard {

// One set per process, kept across reloads.
struct AuthFailureTables {
  explicit AuthFailureTables(HashKey key, std::size_t sources = 65'536, std::size_t identities = 65'536);
  std::shared_ptr<LimitTable> source, identity;
  std::shared_ptr<LimitTable> pair;    // failures of a name from an address
  std::shared_ptr<LimitTable> proven;  // names proven from an address within the last day
};

struct AuthFailurePolicy {
  RuleMode source_mode = RuleMode::enforce;
  Rate source{0.5, 20};
  RuleMode identity_mode = RuleMode::enforce;
  Rate identity{0.2, 10};  // of a pair too
};

class AuthFailureLimits {
 public:
  // `log` may be absent; when given it outlives this.
  AuthFailureLimits(const AuthFailurePolicy& policy, const AuthFailureTables& tables, DecisionLog* log);

  // May a proof of the name claimed (`claimed.identity`, "user@realm") from `claimed.source` be looked at? Rules
  // "source_auth_failures", "identity_auth_failures"; guard.auth.source, guard.auth.identity. The answer is
  // the same whether the name exists or not.
  Admission judge(RequestFacts claimed, TimePoint now);
  void recordFailure(const IpAddress& source, std::string_view identity, TimePoint now);
  void recordSuccess(const IpAddress& source, std::string_view identity, TimePoint now);

  std::vector<RuleReport> report() const { return chain_.report(); }

 private:
  AuthFailurePolicy policy_;
  AuthFailureTables tables_;
  AdmissionChain chain_;
};

}  // namespace sallyport::guard
