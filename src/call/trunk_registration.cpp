// SPDX-License-Identifier: Apache-2.0
#include "call/trunk_registration.h"

#include <algorithm>

#include "call/granted_expiry.h"
#include "sip/message_writer.h"

namespace sallyport::call {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBackoffBase{30};
constexpr seconds kBackoffLongest{1'800};
constexpr seconds kRefreshMargin{60};
constexpr seconds kStable{30};  // a connection that lasted less is not worth hurrying for
constexpr unsigned kRaises = 2;

}  // namespace

std::string_view toString(TrunkState state) {
  switch (state) {
    case TrunkState::waiting: return "waiting";
    case TrunkState::registering: return "registering";
    case TrunkState::registered: return "registered";
    case TrunkState::leaving: return "leaving";
    case TrunkState::left: return "left";
  }
  return "waiting";
}

milliseconds registrationBackoff(unsigned failures, std::uint64_t random) {
  const milliseconds longest = kBackoffLongest;
  const auto doubled = kBackoffBase * (1LL << std::min(failures, 10U));
  const auto upper = std::min<milliseconds>(doubled, longest);
  return upper / 2 +
         milliseconds{static_cast<std::int64_t>(random % static_cast<std::uint64_t>(upper.count() / 2 + 1))};
}

milliseconds refreshDelay(seconds granted, std::uint64_t random) {
  const milliseconds whole = granted;
  if (granted <= 2 * kRefreshMargin) return whole / 2;
  const auto tenth = whole / 10;
  const auto drawn =
      8 * tenth + milliseconds{static_cast<std::int64_t>(random % static_cast<std::uint64_t>(tenth.count() + 1))};
  return std::min<milliseconds>(drawn, whole - kRefreshMargin);
}

std::string writeRegister(const TrunkAccount& account, const TrunkRegistration::Attempt& attempt,
                          std::string_view via) {
  const auto expires = std::to_string(attempt.expires.count());
  sip::MessageWriter writer;
  writer.request("REGISTER", account.registrar)
      .header(sip::HeaderId::via, via)
      .header(sip::HeaderId::maxForwards, std::uint64_t{70})
      .header(sip::HeaderId::from, "<" + account.aor + ">;tag=" + account.from_tag)
      .header(sip::HeaderId::to, "<" + account.aor + ">")
      .header(sip::HeaderId::callId, account.call_id)
      .header(sip::HeaderId::cseq, std::to_string(attempt.cseq) + " REGISTER")
      .header(sip::HeaderId::contact, "<" + account.contact + ">;expires=" + expires)
      .header(sip::HeaderId::expires, expires)
      .header(sip::HeaderId::supported, "path");
  if (attempt.authorization) writer.header(attempt.authorization->header, attempt.authorization->value);
  return writer.finish();
}

TrunkRegistration::TrunkRegistration(TrunkAccount account, TimePoint now)
    : account_(std::move(account)), asked_(account_.expires), next_(now), since_(now) {}

std::optional<TrunkRegistration::Attempt> TrunkRegistration::due(TimePoint now, Challenges& challenges) {
  if (asking_ || left_ || !next_ || now < *next_) return std::nullopt;
  asking_ = true;
  next_.reset();
  if (!authorization_) authorization_ = challenges.authorize({account_.peer, "REGISTER", account_.registrar});
  unregistering_ = leaving_;
  return Attempt{++cseq_, unregistering_ ? seconds{0} : asked_, std::exchange(authorization_, std::nullopt)};
}

TrunkRegistration::Change TrunkRegistration::onResponse(const sip::Message& response, TimePoint now,
                                                        std::uint64_t random, Challenges& challenges) {
  if (!asking_ || response.isProvisional()) return Change::none;
  asking_ = false;
  const int status = response.status();
  if (response.isSuccess()) return accepted(response, now, random);
  if (status == 401 || status == 407) {
    auto answer = challenges.answer({account_.peer, "REGISTER", account_.registrar}, response, attempts_);
    if (!answer) return fail(status, answer.error().code, now, random);
    authorization_ = *std::move(answer);
    askAgain(now);
    return Change::none;
  }
  if (status == 423 && raiseExpires(response)) {
    askAgain(now);
    return Change::none;
  }
  const bool pauses = status == 503 || status == 480 || status == 500 || status == 486;
  return fail(status, status == 423 ? "trunk.registration.too_brief" : "trunk.registration.rejected", now, random,
              pauses ? secondsIn(response, sip::HeaderId::retryAfter) : std::nullopt);
}

TrunkRegistration::Change TrunkRegistration::accepted(const sip::Message& response, TimePoint now,
                                                      std::uint64_t random) {
  attempts_ = {};
  raises_ = 0;
  last_status_ = response.status();
  last_reason_.clear();
  if (unregistering_) {
    expires_.reset();
    return leaveOn(response.status(), now);
  }
  const auto granted = std::min(grantedIn(response, account_.contact, asked_), asked_);
  if (granted <= seconds{0}) return fail(response.status(), "trunk.registration.not_bound", now, random);
  const bool before = stands(now) && failures_ == 0;
  failures_ = 0;
  expires_ = now + granted;
  next_ = leaving_ ? now : now + refreshDelay(granted, random);
  if (!bound_at_) bound_at_ = now;
  if (!before) since_ = now;
  return before ? Change::none : Change::registered;
}

TrunkRegistration::Change TrunkRegistration::leaveOn(int status, TimePoint now) {
  left_ = true;
  last_status_ = status;
  since_ = now;
  return Change::left;
}

// RFC 3261 10.2.8: not shorter than what the registrar takes at least.
bool TrunkRegistration::raiseExpires(const sip::Message& response) {
  const auto least = secondsIn(response, sip::HeaderId::minExpires);
  if (leaving_ || !least || *least <= asked_ || raises_ >= kRaises) return false;
  ++raises_;
  asked_ = *least;
  return true;
}

TrunkRegistration::Change TrunkRegistration::onFailure(const Error& error, TimePoint now, std::uint64_t random) {
  if (!asking_) return Change::none;
  asking_ = false;
  return fail(0, error.code, now, random);
}

TrunkRegistration::Change TrunkRegistration::fail(int status, const char* code, TimePoint now, std::uint64_t random,
                                                  std::optional<seconds> retry_after) {
  attempts_ = {};
  raises_ = 0;
  authorization_.reset();
  bound_at_.reset();
  last_status_ = status;
  last_reason_ = code;
  if (unregistering_ || (leaving_ && !stands(now))) return leaveOn(status, now);  // the binding ends by itself
  if (leaving_) {
    askAgain(now);
    return Change::none;
  }
  if (failures_ == 0) since_ = now;
  ++failures_;
  auto wait = registrationBackoff(failures_, random);
  if (retry_after) wait = std::max<milliseconds>(wait, std::min(*retry_after, kBackoffLongest));
  next_ = now + wait;
  return Change::failed;
}

void TrunkRegistration::connectionLost(TimePoint now, std::uint64_t random) {
  if (leaving_ || left_) return;
  if (asking_ || !bound_at_) return;  // nothing was registered on it: the wait after a failure goes on
  const bool lasted = now - *bound_at_ >= kStable;
  bound_at_.reset();
  expires_.reset();  // the binding leads to a connection that is no more
  if (lasted) return askAgain(now);
  (void)fail(0, "trunk.registration.unstable", now, random);
}

void TrunkRegistration::leave(TimePoint now) {
  if (leaving_ || left_) return;
  leaving_ = true;
  attempts_ = {};
  if (asking_) return;  // its answer decides: see onResponse
  if (!stands(now)) {
    left_ = true;
    next_.reset();
    since_ = now;
    return;
  }
  askAgain(now);
}

TrunkState TrunkRegistration::state(TimePoint now) const {
  if (left_) return TrunkState::left;
  if (leaving_) return TrunkState::leaving;
  if (stands(now)) return TrunkState::registered;
  return asking_ ? TrunkState::registering : TrunkState::waiting;
}

}  // namespace sallyport::call
