// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the transaction layer and its four state machines agree on: timers by the RFC's letters, and
// the actions a machine asks of its owner (RFC 3261 17, RFC 6026). Plain values; nothing here allocates.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <variant>

#include "core/check.h"

namespace sallyport::sip {

enum class Reliability : std::uint8_t { reliable, unreliable };  // TLS, TCP, WSS / UDP

// RFC 3261 Appendix A, Table 4; every other protocol timer is derived from these.
struct TimerConfig {
  std::chrono::milliseconds t1{500};
  std::chrono::milliseconds t2{4'000};
  std::chrono::milliseconds t4{5'000};
  // Ours: how long an INVITE may wait in Proceeding without a word from the user who is to answer it.
  std::chrono::milliseconds abandon{600'000};

  std::chrono::milliseconds timeout() const { return 64 * t1; }  // timers B, D, F, H, J, L, M
};

// The RFC's letters, so that it and the code read alike; `cancelled` is the wait after a CANCEL (9.1),
// `abandoned` bounds a server transaction whose user never answers.
enum class Timer : std::uint8_t { a, b, d, e, f, g, h, i, j, k, l, m, cancelled, abandoned };

enum class TransactionFailure : std::uint8_t { timeout, transport, noAck, abandoned };

// A machine knows statuses and timers, not bytes: its owner holds those.
struct Send {};      // put the user's message on the wire, and keep it for Resend
struct SendOnce {};  // put the user's message on the wire; nothing is kept from now on
struct Resend {};    // put the kept message on the wire again
struct SendAck {};   // make the ACK for the response just received, send it, keep it for Resend
struct Drop {};      // the kept message will not be needed again
struct Deliver {};   // the message just received is the user's
struct Arm {
  Timer timer;
  std::chrono::milliseconds after;
};
struct Disarm {
  Timer timer;
};
struct Finish {};  // the transaction is over; its owner lets go of it
struct Report {
  TransactionFailure failure;
};

using Action = std::variant<Send, SendOnce, Resend, SendAck, Drop, Deliver, Arm, Disarm, Finish, Report>;

// What one event asks for, in order. Fixed room, no heap: no event of any machine needs more. What the
// user hears (Deliver, Report) comes last, since the user may call back into the owner.
class Actions {
 public:
  static constexpr std::size_t kCapacity = 6;

  Actions() = default;
  Actions(std::initializer_list<Action> actions) {
    for (const auto& action : actions) push_back(action);
  }
  void push_back(const Action& action) {
    SP_CHECK(size_ < kCapacity);
    actions_[size_++] = action;
  }

  const Action* begin() const { return actions_.data(); }
  const Action* end() const { return actions_.data() + size_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::array<Action, kCapacity> actions_{};
  std::size_t size_ = 0;
};

}  // namespace sallyport::sip
