// SPDX-License-Identifier: Apache-2.0
#pragma once
// A transfer under way (RFC 3515, RFC 5589): we execute it ourselves. A new party is called, or taken from another
// call of the same principal, or comes by itself (RFC 3891); once it is there the party that remains is asked to agree
// to its media; then the new party takes the transferor's place. Until then the call stands as it was. State only: a
// Bridge acts on it.

#include <memory>
#include <optional>
#include <string>

#include "call/callee_search.h"
#include "guard/admission_chain.h"

namespace sallyport::call {

struct Transfer {
  std::string_view code = "call.transferred";  // what is said of it when it is done; static storage
  LegRole place = LegRole::callee;             // the transferor's, which the new party takes
  std::string target;                          // as the REFER names it
  std::string referred_by;                     // the URI of who asked (RFC 3892)
  const PeerPolicy* by_peer = nullptr;         // of the call's policy
  std::string by_identity;
  sip::FlowId by_flow{};
  guard::CallPermits permits;            // of the new party
  std::unique_ptr<CalleeSearch> search;  // for somebody new
  std::unique_ptr<Leg> joining;          // is there
  MediaSession::Branch branch = 0;       // of who is joining
  enum class Step : std::uint8_t { calling, agreeing };
  Step step = Step::calling;
  std::optional<TimePoint> give_up;
};

}  // namespace sallyport::call
