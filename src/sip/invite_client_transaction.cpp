// SPDX-License-Identifier: Apache-2.0
#include "sip/invite_client_transaction.h"

namespace sallyport::sip {

InviteClientTransaction::InviteClientTransaction(Reliability reliability, TimerConfig timers)
    : reliability_(reliability), timers_(timers), next_a_(timers.t1) {}

Actions InviteClientTransaction::start() {
  Actions actions{Arm{Timer::b, timers_.timeout()}};
  if (reliability_ == Reliability::unreliable) actions.push_back(Arm{Timer::a, next_a_});
  actions.push_back(Send{});
  return actions;
}

Actions InviteClientTransaction::onResponse(int status) {
  const bool success = status >= 200 && status < 300;
  switch (state_) {
    case State::calling:
    case State::proceeding: return whileWaiting(status);
    case State::completed:
      // RFC 3261 17.1.1.2: a repeated final response is acknowledged again and not passed up.
      if (status < 300) return {};
      return {Resend{}};
    case State::accepted:
      // RFC 6026 7.2: every 2xx is the user's, whether repeated or from another branch of a fork.
      if (!success) return {};
      return {Deliver{}};
    case State::terminated: return {};
  }
  return {};
}

Actions InviteClientTransaction::whileWaiting(int status) {
  Actions actions{Disarm{Timer::a}};
  if (status < 200) {
    if (state_ == State::calling) actions.push_back(Disarm{Timer::b});
    state_ = State::proceeding;
  } else if (status < 300) {
    state_ = State::accepted;
    actions.push_back(Arm{Timer::m, timers_.timeout()});
    actions.push_back(Drop{});
  } else {
    const bool reliable = reliability_ == Reliability::reliable;  // then timer D is zero
    state_ = reliable ? State::terminated : State::completed;
    if (!reliable) actions.push_back(Arm{Timer::d, timers_.timeout()});
    actions.push_back(SendAck{});
    if (reliable) actions.push_back(Finish{});
  }
  actions.push_back(Deliver{});
  return actions;
}

Actions InviteClientTransaction::onTimer(Timer timer) {
  switch (timer) {
    case Timer::a:
      if (state_ != State::calling) return {};
      next_a_ *= 2;  // without the bound T2: only timer B ends it
      return {Arm{Timer::a, next_a_}, Resend{}};
    case Timer::b: return state_ == State::calling ? fail(TransactionFailure::timeout) : Actions{};
    case Timer::cancelled:
      if (state_ != State::calling && state_ != State::proceeding) return {};
      return fail(TransactionFailure::timeout);
    case Timer::d:
      if (state_ != State::completed) return {};
      state_ = State::terminated;
      return {Finish{}};
    case Timer::m:
      if (state_ != State::accepted) return {};
      state_ = State::terminated;
      return {Finish{}};
    default: return {};
  }
}

Actions InviteClientTransaction::onCancelSent() {
  if (state_ != State::calling && state_ != State::proceeding) return {};
  return {Arm{Timer::cancelled, timers_.timeout()}};
}

Actions InviteClientTransaction::onTransportFailure() {
  // Once a final response has been passed up there is nothing left to report.
  if (state_ == State::calling || state_ == State::proceeding) return fail(TransactionFailure::transport);
  state_ = State::terminated;
  return {Finish{}};
}

Actions InviteClientTransaction::fail(TransactionFailure failure) {
  state_ = State::terminated;
  return {Finish{}, Report{failure}};
}

}  // namespace sallyport::sip
