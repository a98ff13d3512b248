// SPDX-License-Identifier: Apache-2.0
#include "sip/non_invite_client_transaction.h"

#include <algorithm>

namespace sallyport::sip {

NonInviteClientTransaction::NonInviteClientTransaction(Reliability reliability, TimerConfig timers)
    : reliability_(reliability), timers_(timers), next_e_(timers.t1) {}

Actions NonInviteClientTransaction::start() {
  Actions actions{Arm{Timer::f, timers_.timeout()}};
  if (reliability_ == Reliability::reliable) {
    actions.push_back(SendOnce{});
    return actions;
  }
  actions.push_back(Arm{Timer::e, next_e_});
  actions.push_back(Send{});
  return actions;
}

Actions NonInviteClientTransaction::onResponse(int status) {
  if (state_ != State::trying && state_ != State::proceeding) return {};  // a repeated final: absorbed
  if (status < 200) {
    state_ = State::proceeding;
    return {Deliver{}};
  }
  if (reliability_ == Reliability::reliable) {  // timer K is zero
    state_ = State::terminated;
    return {Finish{}, Deliver{}};
  }
  state_ = State::completed;
  return {Disarm{Timer::e}, Disarm{Timer::f}, Arm{Timer::k, timers_.t4}, Drop{}, Deliver{}};
}

Actions NonInviteClientTransaction::onTimer(Timer timer) {
  switch (timer) {
    case Timer::e: return onTimerE();
    case Timer::f:
      if (state_ != State::trying && state_ != State::proceeding) return {};
      return fail(TransactionFailure::timeout);
    case Timer::k:
      if (state_ != State::completed) return {};
      state_ = State::terminated;
      return {Finish{}};
    default: return {};
  }
}

Actions NonInviteClientTransaction::onTimerE() {
  switch (state_) {
    case State::trying: next_e_ = std::min(next_e_ * 2, timers_.t2); return {Arm{Timer::e, next_e_}, Resend{}};
    case State::proceeding: return {Arm{Timer::e, timers_.t2}, Resend{}};
    case State::completed:
    case State::terminated: return {};
  }
  return {};
}

Actions NonInviteClientTransaction::onTransportFailure() {
  if (state_ == State::trying || state_ == State::proceeding) return fail(TransactionFailure::transport);
  state_ = State::terminated;
  return {Finish{}};
}

Actions NonInviteClientTransaction::fail(TransactionFailure failure) {
  state_ = State::terminated;
  return {Finish{}, Report{failure}};
}

}  // namespace sallyport::sip
