// SPDX-License-Identifier: Apache-2.0
#include "sip/event_headers.h"

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

constexpr std::size_t kLongest = 256;  // of the whole value: names and numbers are short

struct Parts {
  std::string_view head;
  Params params;
};

Parts partsOf(std::string_view value) {
  const auto semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return {trim(value), {}};
  return {trim(value.substr(0, semicolon)), Params{value.substr(semicolon + 1)}};
}

// RFC 3261 25.1 delta-seconds.
Result<std::optional<std::chrono::seconds>> secondsOf(const Params& params, std::string_view name) {
  const auto text = params.find(name);
  if (!text) return std::optional<std::chrono::seconds>{};
  const auto number = parseUnsigned(*text, 0, 0xFFFF'FFFF);
  if (!number) return misbehaved("sip.subscription_state.seconds", excerpt(*text));
  return std::optional{std::chrono::seconds{*number}};
}

std::string_view nameOf(SubscriptionState::Value value) {
  switch (value) {
    case SubscriptionState::Value::pending: return "pending";
    case SubscriptionState::Value::active: return "active";
    case SubscriptionState::Value::terminated: return "terminated";
  }
  return "terminated";
}

}  // namespace

Result<EventHeader> EventHeader::parse(std::string_view value) {
  if (value.size() > kLongest) return misbehaved("sip.event.too_long");
  const auto parts = partsOf(value);
  if (!isToken(parts.head)) return misbehaved("sip.event.package", excerpt(value));
  EventHeader event{std::string{parts.head}, {}};
  if (const auto id = parts.params.find("id")) {
    if (!isToken(*id)) return misbehaved("sip.event.id", excerpt(value));
    event.id = *id;
  }
  return event;
}

std::string EventHeader::toString() const { return id.empty() ? package : package + ";id=" + id; }

Result<SubscriptionState> SubscriptionState::parse(std::string_view value) {
  if (value.size() > kLongest) return misbehaved("sip.subscription_state.too_long");
  const auto parts = partsOf(value);
  SubscriptionState state;
  if (equalsIgnoringCase(parts.head, "active")) {
    state.value = Value::active;
  } else if (equalsIgnoringCase(parts.head, "pending")) {
    state.value = Value::pending;
  } else if (equalsIgnoringCase(parts.head, "terminated")) {
    state.value = Value::terminated;
  } else {
    return misbehaved("sip.subscription_state.value", excerpt(value));
  }
  if (const auto reason = parts.params.find("reason")) {
    if (!isToken(*reason)) return misbehaved("sip.subscription_state.reason", excerpt(value));
    state.reason = *reason;
  }
  SP_ASSIGN(state.expires, secondsOf(parts.params, "expires"));
  SP_ASSIGN(state.retry_after, secondsOf(parts.params, "retry-after"));
  return state;
}

std::string SubscriptionState::toString() const {
  std::string text{nameOf(value)};
  if (!reason.empty()) text += ";reason=" + reason;
  if (expires) text += ";expires=" + std::to_string(expires->count());
  if (retry_after) text += ";retry-after=" + std::to_string(retry_after->count());
  return text;
}

}  // namespace sallyport::sip
