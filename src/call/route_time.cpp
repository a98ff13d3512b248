// SPDX-License-Identifier: Apache-2.0
#include "call/route_time.h"

#include <array>
#include <cstdlib>
#include <ctime>

#include "core/numbers.h"
#include "sip/header_values.h"

namespace sallyport::call {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr minutes kDay{24 * 60};

std::optional<std::size_t> dayOf(std::string_view text) {
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    if (sip::equalsIgnoringCase(kDays[day], text)) return day;
  }
  return std::nullopt;
}

// "Mon-Wed,Sat"; a range may go over the end of the week.
std::optional<std::bitset<7>> daysOf(std::string_view text) {
  std::bitset<7> days;
  for (sip::ListCursor cursor{text}; const auto part = cursor.next();) {
    const auto dash = part->find('-');
    const auto first = dayOf(part->substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : dayOf(part->substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (auto day = *first; day != *last; day = (day + 1) % kDays.size()) days.set(day);
    days.set(*last);
  }
  return days;
}

// "08:00"
std::optional<minutes> clockOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parseUnsigned(text.substr(0, 2), 0, 24);
  const auto minute = parseUnsigned(text.substr(3), 0, 59);
  if (!hour || !minute) return std::nullopt;
  const minutes time{static_cast<int>(*hour * 60 + *minute)};
  return time <= kDay ? std::optional{time} : std::nullopt;
}

std::string offsetText(minutes offset) {
  const auto all = std::abs(static_cast<long>(offset.count()));
  const auto two = [](long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return (offset < minutes{0} ? "-" : "+") + two(all / 60) + ":" + two(all % 60);
}

}  // namespace

std::optional<RouteTimes::Span> RouteTimes::parse(std::string_view text) {
  const auto blank = text.find(' ');
  const auto days = blank == std::string_view::npos ? std::optional{~std::bitset<7>{}} : daysOf(text.substr(0, blank));
  const auto hours = text.substr(blank == std::string_view::npos ? 0 : blank + 1);
  const auto dash = hours.find('-');
  if (!days || dash == std::string_view::npos) return std::nullopt;
  const auto from = clockOf(hours.substr(0, dash));
  const auto to = clockOf(hours.substr(dash + 1));
  if (!from || !to || *from == *to || *from == kDay) return std::nullopt;
  return Span{*days, *from, *to};
}

Result<RouteTimes> RouteTimes::make(const config::RouteTime& time) {
  RouteTimes out;
  out.written_ = time;
  for (const auto& text : time.spans) {
    const auto span = parse(text);
    if (!span) return Error{ErrorKind::misconfigured, "call.route.time", text};
    out.spans_.push_back(*span);
  }
  if (time.utc_offset && (*time.utc_offset <= -kDay || *time.utc_offset >= kDay))
    return Error{ErrorKind::misconfigured, "call.route.time", offsetText(*time.utc_offset)};
  return out;
}

// A span over midnight belongs to the day it began on.
bool RouteTimes::Span::holds(std::size_t day, minutes time) const {
  if (from < to) return days.test(day) && time >= from && time < to;
  return (days.test(day) && time >= from) || (days.test((day + 6) % 7) && time < to);
}

bool RouteTimes::holdAt(WallTime at) const {
  if (spans_.empty()) return true;
  std::tm fields{};
  const auto& offset = written_.utc_offset;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at + offset.value_or(minutes{0}));
  (void)(offset ? ::gmtime_r(&seconds, &fields) : ::localtime_r(&seconds, &fields));
  for (const auto& span : spans_) {
    if (span.holds(static_cast<std::size_t>(fields.tm_wday), minutes{fields.tm_hour * 60 + fields.tm_min})) return true;
  }
  return false;
}

std::string RouteTimes::text() const {
  std::string text;
  for (const auto& span : written_.spans) text += (text.empty() ? "" : ", ") + span;
  if (written_.utc_offset) text += " at " + offsetText(*written_.utc_offset);
  return text;
}

}  // namespace sallyport::call
