// SPDX-License-Identifier: Apache-2.0
#pragma once
// The non-INVITE server transaction: RFC 3261 17.2.2.
//
// A pure state machine, as InviteServerTransaction is. A request nobody answers is bounded by 64*T1: by
// then its sender's timer F has fired, and an answer would only be discarded (RFC 4320 3).
//
// One instance belongs to one record of a TransactionLayer. Not thread-safe.

#include "core/result.h"
#include "sip/transaction_types.h"

namespace sallyport::sip {

class NonInviteServerTransaction {
 public:
  enum class State : std::uint8_t { trying, proceeding, completed, terminated };

  NonInviteServerTransaction(Reliability reliability, TimerConfig timers);

  [[nodiscard]] Actions start();         // the request has been received
  [[nodiscard]] Actions onRetransmit();  // and received again
  [[nodiscard]] Actions onTimer(Timer timer);
  // The user's answer. Error "sip.response_after_final".
  [[nodiscard]] Result<Actions> respond(int status);

  State state() const { return state_; }

 private:
  Reliability reliability_;
  TimerConfig timers_;
  State state_ = State::trying;
};

}  // namespace sallyport::sip
