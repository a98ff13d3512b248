// SPDX-License-Identifier: Apache-2.0
#pragma once
// The INVITE server transaction: RFC 3261 17.2.1, with the Accepted state of RFC 6026 7.1.
//
// A pure state machine. It reads no clock, opens no socket and starts no timer: every input returns the
// Actions its owner must carry out, in order. 100 Trying is the user's to send.
//
// One instance belongs to one record of a TransactionLayer. Not thread-safe.

#include "core/result.h"
#include "sip/transaction_types.h"

namespace sallyport::sip {

class InviteServerTransaction {
 public:
  enum class State : std::uint8_t { proceeding, completed, confirmed, accepted, terminated };

  InviteServerTransaction(Reliability reliability, TimerConfig timers);

  [[nodiscard]] Actions start();         // the INVITE has been received
  [[nodiscard]] Actions onRetransmit();  // and received again
  [[nodiscard]] Actions onAck();
  [[nodiscard]] Actions onTimer(Timer timer);
  // The user's answer. Error "sip.response_after_final", except that further 2xx are allowed while accepted.
  [[nodiscard]] Result<Actions> respond(int status);

  State state() const { return state_; }

 private:
  Actions accept();
  Actions complete();

  Reliability reliability_;
  TimerConfig timers_;
  State state_ = State::proceeding;
  bool answered_ = false;  // there is a response to repeat
  std::chrono::milliseconds next_g_{};
};

}  // namespace sallyport::sip
