// SPDX-License-Identifier: Apache-2.0
#pragma once
// New decisions that a running call needs on behalf of one of its parties: where a transfer or a redirect leads, and
// whether a target may be called now. They are judged as a call of that party's own would be: by the guard, by the
// routes of its peer, and by what the number costs.

#include <string>
#include <string_view>

#include "call/target.h"
#include "core/result.h"
#include "guard/admission_chain.h"

namespace sallyport::call {

// Who asks: whoever pays for the answer.
struct OnBehalf {
  const PeerPolicy& peer;
  std::string_view identity;
  sip::FlowId flow{};
  const sip::Message* invite = nullptr;  // whose caller is presented and whose headers cross; null: who asks, and none
};

struct OnwardRoute {
  TargetPlan targets;
  guard::CallPermits permits;  // for as long as the new party is in the call
  std::string rule;            // for the record
  std::string principal;       // the URI of who asked
};

class CallRouter {
 public:
  virtual ~CallRouter() = default;
  // Errors: those of a new call by that party, and "call.onward.toll" (peerDenied): a class of numbers that nobody is
  // sent to by somebody else's wish.
  virtual Result<OnwardRoute> onward(const OnBehalf& by, std::string_view uri) = 0;
  // One more call to that peer, counted there for as long as the permits live. Errors: those of
  // guard::TrunkAdmission::admit(): the target is passed over.
  virtual Result<guard::CallPermits> admit(const OnBehalf& by, std::string_view target) = 0;
};

}  // namespace sallyport::call
