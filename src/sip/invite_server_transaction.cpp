// SPDX-License-Identifier: Apache-2.0
#include "sip/invite_server_transaction.h"

#include <algorithm>

namespace sallyport::sip {

InviteServerTransaction::InviteServerTransaction(Reliability reliability, TimerConfig timers)
    : reliability_(reliability), timers_(timers) {}

Actions InviteServerTransaction::start() { return {Arm{Timer::abandoned, timers_.abandon}}; }

Actions InviteServerTransaction::onRetransmit() {
  switch (state_) {
    case State::proceeding:
    case State::completed:
      // RFC 3261 17.2.1: the most recent provisional, or the final response.
      if (!answered_) return {};
      return {Resend{}};
    case State::accepted:  // RFC 6026 7.1: absorbed, since the 2xx is the user's to repeat
    case State::confirmed:
    case State::terminated: return {};
  }
  return {};
}

Actions InviteServerTransaction::onAck() {
  switch (state_) {
    case State::accepted: return {Deliver{}};
    case State::completed:
      if (reliability_ == Reliability::reliable) {  // timer I is zero
        state_ = State::terminated;
        return {Finish{}};
      }
      state_ = State::confirmed;
      return {Disarm{Timer::g}, Disarm{Timer::h}, Drop{}, Arm{Timer::i, timers_.t4}};
    case State::proceeding:
    case State::confirmed:
    case State::terminated: return {};
  }
  return {};
}

Actions InviteServerTransaction::onTimer(Timer timer) {
  switch (timer) {
    case Timer::g:
      if (state_ != State::completed) return {};
      next_g_ = std::min(next_g_ * 2, timers_.t2);
      return {Arm{Timer::g, next_g_}, Resend{}};
    case Timer::h:
      if (state_ != State::completed) return {};
      state_ = State::terminated;
      return {Finish{}, Report{TransactionFailure::noAck}};
    case Timer::i:
      if (state_ != State::confirmed) return {};
      state_ = State::terminated;
      return {Finish{}};
    case Timer::l:
      if (state_ != State::accepted) return {};
      state_ = State::terminated;
      return {Finish{}};
    case Timer::abandoned:
      if (state_ != State::proceeding) return {};
      state_ = State::terminated;
      return {Finish{}, Report{TransactionFailure::abandoned}};
    default: return {};
  }
}

Result<Actions> InviteServerTransaction::respond(int status) {
  const bool success = status >= 200 && status < 300;
  if (state_ == State::accepted && success) return Actions{SendOnce{}};
  if (state_ != State::proceeding) return Error{ErrorKind::internal, "sip.response_after_final", ""};

  if (status < 200) {
    answered_ = true;
    return Actions{Arm{Timer::abandoned, timers_.abandon}, Send{}};
  }
  return success ? accept() : complete();
}

Actions InviteServerTransaction::accept() {
  state_ = State::accepted;
  return {Disarm{Timer::abandoned}, Arm{Timer::l, timers_.timeout()}, SendOnce{}};
}

Actions InviteServerTransaction::complete() {
  state_ = State::completed;
  answered_ = true;
  Actions actions{Disarm{Timer::abandoned}, Arm{Timer::h, timers_.timeout()}};
  if (reliability_ == Reliability::unreliable) {
    next_g_ = timers_.t1;
    actions.push_back(Arm{Timer::g, next_g_});
  }
  actions.push_back(Send{});
  return actions;
}

}  // namespace sallyport::sip
