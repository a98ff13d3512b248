// SPDX-License-Identifier: Apache-2.0
#pragma once
// The INVITE client transaction: RFC 3261 17.1.1, with the Accepted state of RFC 6026 7.2.
//
// A pure state machine: every input returns the Actions its owner must carry out, in order. In Proceeding
// it waits for as long as the user lets it ring; a CANCEL bounds that wait (RFC 3261 9.1).
//
// One instance belongs to one record of a TransactionLayer. Not thread-safe.

#include "sip/transaction_types.h"

namespace sallyport::sip {

class InviteClientTransaction {
 public:
  enum class State : std::uint8_t { calling, proceeding, completed, accepted, terminated };

  InviteClientTransaction(Reliability reliability, TimerConfig timers);

  [[nodiscard]] Actions start();
  [[nodiscard]] Actions onResponse(int status);
  [[nodiscard]] Actions onTimer(Timer timer);
  [[nodiscard]] Actions onCancelSent();
  [[nodiscard]] Actions onTransportFailure();

  State state() const { return state_; }

 private:
  Actions whileWaiting(int status);
  Actions fail(TransactionFailure failure);

  Reliability reliability_;
  TimerConfig timers_;
  State state_ = State::calling;
  std::chrono::milliseconds next_a_{};
};

}  // namespace sallyport::sip
