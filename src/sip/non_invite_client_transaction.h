// SPDX-License-Identifier: Apache-2.0
#pragma once
// The non-INVITE client transaction: RFC 3261 17.1.2.
//
// A pure state machine: every input returns the Actions its owner must carry out, in order.
//
// One instance belongs to one record of a TransactionLayer. Not thread-safe.

#include "sip/transaction_types.h"

namespace sallyport::sip {

class NonInviteClientTransaction {
 public:
  enum class State : std::uint8_t { trying, proceeding, completed, terminated };

  NonInviteClientTransaction(Reliability reliability, TimerConfig timers);

  [[nodiscard]] Actions start();
  [[nodiscard]] Actions onResponse(int status);
  [[nodiscard]] Actions onTimer(Timer timer);
  [[nodiscard]] Actions onTransportFailure();

  State state() const { return state_; }

 private:
  Actions onTimerE();
  Actions fail(TransactionFailure failure);

  Reliability reliability_;
  TimerConfig timers_;
  State state_ = State::trying;
  std::chrono::milliseconds next_e_{};
};

}  // namespace sallyport::sip
