// SPDX-License-Identifier: Apache-2.0
#include "sip/non_invite_server_transaction.h"

namespace sallyport::sip {

NonInviteServerTransaction::NonInviteServerTransaction(Reliability reliability, TimerConfig timers)
    : reliability_(reliability), timers_(timers) {}

Actions NonInviteServerTransaction::start() { return {Arm{Timer::abandoned, timers_.timeout()}}; }

Actions NonInviteServerTransaction::onRetransmit() {
  switch (state_) {
    case State::proceeding:
    case State::completed: return {Resend{}};
    case State::trying:  // RFC 3261 17.2.2: nothing to repeat yet
    case State::terminated: return {};
  }
  return {};
}

Actions NonInviteServerTransaction::onTimer(Timer timer) {
  switch (timer) {
    case Timer::j:
      if (state_ != State::completed) return {};
      state_ = State::terminated;
      return {Finish{}};
    case Timer::abandoned:
      if (state_ != State::trying && state_ != State::proceeding) return {};
      state_ = State::terminated;
      return {Finish{}, Report{TransactionFailure::abandoned}};
    default: return {};
  }
}

Result<Actions> NonInviteServerTransaction::respond(int status) {
  if (state_ != State::trying && state_ != State::proceeding) {
    return Error{ErrorKind::internal, "sip.response_after_final", ""};
  }
  if (status < 200) {
    state_ = State::proceeding;
    return Actions{Send{}};
  }
  if (reliability_ == Reliability::reliable) {  // timer J is zero
    state_ = State::terminated;
    return Actions{SendOnce{}, Finish{}};
  }
  state_ = State::completed;
  return Actions{Disarm{Timer::abandoned}, Arm{Timer::j, timers_.timeout()}, Send{}};
}

}  // namespace sallyport::sip
