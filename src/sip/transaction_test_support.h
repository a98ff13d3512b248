// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of the four machines: what a set of actions asks for, in words.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sip/transaction_types.h"

namespace sallyport::sip::test {

template <typename Kind>
bool asks(const Actions& actions) {
  for (const Action& action : actions) {
    if (std::holds_alternative<Kind>(action)) return true;
  }
  return false;
}

inline std::optional<std::chrono::milliseconds> armed(const Actions& actions, Timer timer) {
  for (const Action& action : actions) {
    const auto* arm = std::get_if<Arm>(&action);
    if (arm != nullptr && arm->timer == timer) return arm->after;
  }
  return std::nullopt;
}

inline bool disarmed(const Actions& actions, Timer timer) {
  for (const Action& action : actions) {
    const auto* disarm = std::get_if<Disarm>(&action);
    if (disarm != nullptr && disarm->timer == timer) return true;
  }
  return false;
}

inline std::optional<TransactionFailure> reported(const Actions& actions) {
  for (const Action& action : actions) {
    if (const auto* report = std::get_if<Report>(&action)) return report->failure;
  }
  return std::nullopt;
}

// Something goes out, for the first time or again.
inline bool sends(const Actions& actions) {
  return asks<Send>(actions) || asks<SendOnce>(actions) || asks<Resend>(actions) || asks<SendAck>(actions);
}

}  // namespace sallyport::sip::test
