// SPDX-License-Identifier: Apache-2.0
#pragma once
// Session timers (RFC 4028): what to ask for, what to grant, when to refresh and when to give up.
// Pure values: durations in, durations out. Owned by one leg of a call.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "sip/message.h"

namespace sallyport::sip {

enum class Refresher : std::uint8_t { uac, uas };  // of the request that carried the header

struct SessionExpires {
  std::chrono::seconds interval{};
  std::optional<Refresher> refresher;

  // The Session-Expires of a message; nothing when absent. Error: "sip.session_expires".
  static Result<std::optional<SessionExpires>> in(const Message& message);
  std::string toString() const;  // "1800;refresher=uas"
};

// The Min-SE of a message, 90 s when absent (RFC 4028 5). Error: "sip.min_se".
Result<std::chrono::seconds> minSe(const Message& message);

struct SessionTimerPolicy {
  std::chrono::seconds interval{1'800};
  std::chrono::seconds minimum{90};  // never below 90 s (RFC 4028 5)
};

// What both sides agreed on.
struct SessionTimer {
  enum class Duty : std::uint8_t { refresh, watch };  // who sends the refreshes: we do, or they do

  std::chrono::seconds interval{};
  Duty duty = Duty::watch;

  // From the 2xx that agreed on it: refresh after half the interval (RFC 4028 7.2, 10) ...
  std::chrono::seconds refreshAfter() const { return interval / 2; }
  // ... and end the session min(32 s, a third) before it expires (10).
  std::chrono::seconds giveUpAfter() const;
};

// Answering a request (RFC 4028 9).
struct SessionTimerAnswer {
  enum class Verdict : std::uint8_t { none, grant, tooSmall };

  Verdict verdict = Verdict::none;
  SessionTimer timer;              // grant
  SessionExpires header;           // grant: goes into the 2xx
  bool require_timer = false;      // grant: `Require: timer` goes into the 2xx (the peer supports it)
  std::chrono::seconds minimum{};  // tooSmall: answer 422 with this Min-SE
};
// Errors: "sip.session_expires", "sip.min_se": answer 400.
Result<SessionTimerAnswer> answerSessionTimer(const Message& request, const SessionTimerPolicy& policy);

// Reading the 2xx to a request of ours that asked with `asked` (RFC 4028 7.2); nothing: no timer runs.
Result<std::optional<SessionTimer>> acceptSessionTimer(const Message& response, const SessionExpires& asked);

// After a 422 (RFC 4028 7.3): what to ask for in the next attempt. Error: "sip.min_se".
Result<SessionExpires> raiseSessionExpires(const Message& too_small, const SessionExpires& asked);

}  // namespace sallyport::sip
