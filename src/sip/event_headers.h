// SPDX-License-Identifier: Apache-2.0
#pragma once
// The headers of event notification as values: Event and Subscription-State (RFC 6665 8.2.1, 8.2.3). What they
// hold beyond the parameters named here is passed over and never written again.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sallyport::sip {

// "dialog;id=7". Compared byte by byte (RFC 6665 8.2.1).
struct EventHeader {
  std::string package;  // with its templates: "presence.winfo"
  std::string id;       // empty: none

  // Errors: "sip.event.package" (no token), "sip.event.id" (no token), "sip.event.too_long".
  static Result<EventHeader> parse(std::string_view value);
  std::string toString() const;
  friend bool operator==(const EventHeader&, const EventHeader&) = default;
};

// "terminated;reason=timeout;retry-after=30".
struct SubscriptionState {
  enum class Value : std::uint8_t { pending, active, terminated };
  Value value = Value::active;
  std::string reason;  // a token; empty: none
  std::optional<std::chrono::seconds> expires;
  std::optional<std::chrono::seconds> retry_after;

  // Errors: "sip.subscription_state.value" (none of the three), ".reason" (no token), ".seconds" (no number),
  // ".too_long". A value of an extension is an error: what it means for the subscription is unknown.
  static Result<SubscriptionState> parse(std::string_view value);
  std::string toString() const;
};

}  // namespace sallyport::sip
