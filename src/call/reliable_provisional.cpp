// SPDX-License-Identifier: Apache-2.0
#include "call/reliable_provisional.h"

#include <algorithm>
#include <utility>

#include "core/numbers.h"

namespace sallyport::call {
namespace {

constexpr std::uint64_t kLargestRseq = 0xFFFF'FFFF;

// The next word of `text`, which moves behind it.
std::string_view word(std::string_view& text) {
  const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
  const auto end = std::min(text.find_first_of(" \t", begin), text.size());
  const auto found = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return found;
}

}  // namespace

Result<RAck> RAck::in(const sip::Message& prack) {
  const auto value = prack.header(sip::HeaderId::rack);
  auto rest = value.value_or("");
  const auto rseq = parseUnsigned(word(rest), 1, kLargestRseq);
  const auto cseq = parseUnsigned(word(rest), 0, kLargestRseq);
  const auto method = word(rest);
  if (!rseq || !cseq || !sip::isToken(method) || !word(rest).empty()) {
    return Error{ErrorKind::peerMisbehaved, "sip.rack", std::string{value.value_or("absent")}};
  }
  return RAck{static_cast<std::uint32_t>(*rseq), static_cast<std::uint32_t>(*cseq), sip::methodFrom(method)};
}

std::string RAck::toString() const {
  return std::to_string(rseq) + " " + std::to_string(cseq) + " " + std::string{sip::toString(method)};
}

// --- the answering side ---------------------------------------------------------------------------------------

void UnackedProvisional::sent(std::string bytes, std::uint32_t cseq, Body body, TimePoint now,
                              const sip::TimerConfig& timers) {
  SP_CHECK(!isWaiting());
  waiting_ = Waiting{.bytes = std::move(bytes),
                     .awaited = {rseq_, cseq, sip::Method::invite},
                     .describes = body == Body::sdp,
                     .stopped = false,
                     .interval = timers.t1,
                     .next = now + timers.t1,
                     .give_up = now + timers.timeout()};
  ++rseq_;
}

bool UnackedProvisional::onPrack(const RAck& rack) {
  if (!waiting_ || !(waiting_->awaited == rack)) return false;
  waiting_.reset();
  return true;
}

UnackedProvisional::Due UnackedProvisional::advance(TimePoint now) {
  if (!isWaiting() || now < std::min(waiting_->next, waiting_->give_up)) return Due::nothing;
  if (now >= waiting_->give_up) {
    waiting_.reset();
    return Due::giveUp;
  }
  waiting_->interval *= 2;  // without the limit of T2: RFC 3262 3
  waiting_->next = now + waiting_->interval;
  return Due::resend;
}

std::optional<TimePoint> UnackedProvisional::deadline() const {
  if (!isWaiting()) return std::nullopt;
  return std::min(waiting_->next, waiting_->give_up);
}

// --- the asking side ------------------------------------------------------------------------------------------

std::optional<std::uint32_t> reliableNumber(const sip::Message& response) {
  if (!response.isProvisional() || response.status() == 100) return std::nullopt;
  if (!response.listContains(sip::HeaderId::require, kReliableTag)) return std::nullopt;
  const auto number = parseUnsigned(response.header(sip::HeaderId::rseq).value_or(""), 1, kLargestRseq);
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<RAck> ProvisionalOrder::acknowledge(const sip::Message& response) {
  const auto number = reliableNumber(response);
  if (!number || response.toTag().empty()) return std::nullopt;
  const auto known = last_.find(response.toTag());
  if (known == last_.end()) {
    if (last_.size() == kMostDialogs) return std::nullopt;
    last_.emplace(response.toTag(), *number);
  } else {
    if (*number != known->second + 1) return std::nullopt;  // again, or one before it is missing
    known->second = *number;
  }
  return RAck{*number, response.cseq(), response.method()};
}

}  // namespace sallyport::call
