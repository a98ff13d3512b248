// SPDX-License-Identifier: Apache-2.0
#pragma once
// When a route holds: spans of the week such as "Mon-Fri 08:00-18:00", in local time or at an offset from UTC.
// The time is an argument.

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/result.h"

namespace sallyport::call {

class RouteTimes {
 public:
  RouteTimes() = default;  // always
  // Days joined by "-" and ",", left out for every day; an end before the beginning is the next day's, "24:00" the
  // day's end. Error, kind misconfigured: "call.route.time".
  static Result<RouteTimes> make(const config::RouteTime& time);

  bool holdAt(WallTime at) const;
  std::string text() const;  // "Mon-Fri 08:00-18:00, Sat 09:00-12:00 at +01:00"

 private:
  struct Span {
    std::bitset<7> days;  // Sunday is 0
    std::chrono::minutes from{0};
    std::chrono::minutes to{24 * 60};
    bool holds(std::size_t day, std::chrono::minutes time) const;
  };
  static std::optional<Span> parse(std::string_view text);

  config::RouteTime written_;
  std::vector<Span> spans_;
};

}  // namespace sallyport::call
