// SPDX-License-Identifier: Apache-2.0
#include "sip/session_timer.h"

#include <algorithm>

#include "core/numbers.h"

namespace sallyport::sip {
namespace {

using std::chrono::seconds;

constexpr seconds kSmallest{90};                  // RFC 4028 4, 5: no interval and no minimum is lower
constexpr seconds kLargestMinimum{86'400};        // ours: a peer cannot push the check for dead calls past a day
constexpr std::uint64_t kMaxDelta = 0xffff'ffff;  // RFC 3261 25.1, delta-seconds as everywhere in SIP

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct DeltaHeader {
  seconds value{};
  Params params;
};

// `delta-seconds *(SEMI param)`.
std::optional<DeltaHeader> parseDelta(std::string_view text) {
  const auto semicolon = text.find(';');
  const auto number = parseUnsigned(trimmed(text.substr(0, semicolon)), 0, kMaxDelta);
  if (!number) return std::nullopt;
  DeltaHeader header{seconds{static_cast<seconds::rep>(*number)}, {}};
  if (semicolon != std::string_view::npos) header.params = Params{text.substr(semicolon + 1)};
  return header;
}

Refresher agreedRefresher(const std::optional<SessionExpires>& asked, bool supports_timer) {
  // RFC 4028 9, Table 2. One that knows no timers is refreshed by us.
  if (!supports_timer) return Refresher::uas;
  if (asked && asked->refresher) return *asked->refresher;
  return Refresher::uac;
}

}  // namespace

Result<std::optional<SessionExpires>> SessionExpires::in(const Message& message) {
  const auto text = message.header(HeaderId::sessionExpires);
  if (!text) return std::optional<SessionExpires>{};
  const auto header = parseDelta(*text);
  if (!header) return Error{ErrorKind::peerMisbehaved, "sip.session_expires", std::string{*text}};

  SessionExpires expires{header->value, {}};
  if (const auto refresher = header->params.find("refresher")) {
    if (equalsIgnoringCase(*refresher, "uac")) {
      expires.refresher = Refresher::uac;
    } else if (equalsIgnoringCase(*refresher, "uas")) {
      expires.refresher = Refresher::uas;
    } else {
      return Error{ErrorKind::peerMisbehaved, "sip.session_expires", std::string{*text}};
    }
  }
  return std::optional{expires};
}

std::string SessionExpires::toString() const {
  std::string text = std::to_string(interval.count());
  if (refresher) text.append(*refresher == Refresher::uac ? ";refresher=uac" : ";refresher=uas");
  return text;
}

Result<seconds> minSe(const Message& message) {
  const auto text = message.header(HeaderId::minSe);
  if (!text) return kSmallest;
  const auto header = parseDelta(*text);
  if (!header) return Error{ErrorKind::peerMisbehaved, "sip.min_se", std::string{*text}};
  return std::max(header->value, kSmallest);
}

seconds SessionTimer::giveUpAfter() const { return interval - std::min(seconds{32}, interval / 3); }

Result<SessionTimerAnswer> answerSessionTimer(const Message& request, const SessionTimerPolicy& policy) {
  SP_ASSIGN(const auto asked, SessionExpires::in(request));
  SP_ASSIGN(const auto their_minimum, minSe(request));
  const bool supports_timer =
      request.listContains(HeaderId::supported, "timer") || request.listContains(HeaderId::require, "timer");
  const seconds our_minimum = std::max(policy.minimum, kSmallest);

  SessionTimerAnswer answer;
  // RFC 4028 9 lets only one that knows timers be sent a 422; below 90 s there is nothing else to say.
  if (asked && asked->interval < (supports_timer ? our_minimum : kSmallest)) {
    answer.verdict = SessionTimerAnswer::Verdict::tooSmall;
    answer.minimum = our_minimum;
    return answer;
  }
  if (!asked && policy.interval <= seconds{0}) return answer;

  // What was asked may be lowered, never raised, and never below either minimum.
  seconds interval = std::max({policy.interval, our_minimum, their_minimum});
  if (asked) interval = policy.interval > seconds{0} ? std::min(interval, asked->interval) : asked->interval;

  const Refresher refresher = agreedRefresher(asked, supports_timer);
  answer.verdict = SessionTimerAnswer::Verdict::grant;
  answer.header = {interval, refresher};
  answer.require_timer = supports_timer;
  answer.timer = {interval, refresher == Refresher::uas ? SessionTimer::Duty::refresh : SessionTimer::Duty::watch};
  return answer;
}

Result<std::optional<SessionTimer>> acceptSessionTimer(const Message& response, const SessionExpires& asked) {
  SP_ASSIGN(const auto granted, SessionExpires::in(response));
  if (!granted) return std::optional<SessionTimer>{};
  if (granted->interval < kSmallest) {
    return Error{ErrorKind::peerMisbehaved, "sip.session_expires", granted->toString()};
  }
  // RFC 4028 7.2: the 2xx names the refresher; one that does not leaves it where we put it.
  const Refresher refresher = granted->refresher.value_or(asked.refresher.value_or(Refresher::uac));
  const auto duty = refresher == Refresher::uac ? SessionTimer::Duty::refresh : SessionTimer::Duty::watch;
  return std::optional{SessionTimer{granted->interval, duty}};
}

Result<SessionExpires> raiseSessionExpires(const Message& too_small, const SessionExpires& asked) {
  if (!too_small.has(HeaderId::minSe)) return Error{ErrorKind::peerMisbehaved, "sip.min_se", "absent"};
  SP_ASSIGN(const auto minimum, minSe(too_small));
  if (minimum > kLargestMinimum) {
    return Error{ErrorKind::peerMisbehaved, "sip.min_se", std::to_string(minimum.count())};
  }
  return SessionExpires{std::max(asked.interval, minimum), asked.refresher};
}

}  // namespace sallyport::sip
