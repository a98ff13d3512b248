// SPDX-License-Identifier: Apache-2.0
#include "media/ice/check_gate.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "media/stun/message_writer.h"

namespace sallyport::media::ice {
namespace {

constexpr std::size_t kMostSources = 32;
constexpr std::size_t kMostSeen = 128;     // more than a minute of a whole check list's checks of one call
constexpr std::size_t kMostMarks = 8'192;  // 64 kB at most: hours of the checks that renew a peer's consent
constexpr unsigned kMostRepetitions = 8;   // of one check: RFC 8489 6.2.1 knows of 7
constexpr std::size_t kLongestAnswer = 128;

std::string_view reasonOf(int code) {
  switch (code) {
    case 400: return "Bad Request";
    case 420: return "Unknown Attribute";
    case 487: return "Role Conflict";
    default: return "";
  }
}

}  // namespace

// RFC 8445 7.2.2: the fragment of who is asked, a colon, that of who asks.
bool CheckGate::Session::isNamedBy(std::string_view username) const {
  const auto colon = username.find(':');
  if (colon == std::string_view::npos || username.substr(0, colon) != ufrag) return false;
  return !remote_ufrag || username.substr(colon + 1) == *remote_ufrag;
}

CheckGate::CheckGate(Credentials local, AddressPolicy sources, const CheckLimits& limits)
    : current_(local),
      sources_(std::move(sources)),
      limits_(limits),
      strangers_(limits.strangers_per_second, limits.strangers_burst) {}

void CheckGate::restart(Credentials local) { former_ = std::exchange(current_, Session{local}); }

CheckGate::Admission CheckGate::admit(LocalIndex local, const Endpoint& source, const stun::Message& message,
                                      TimePoint now) {
  const bool check = message.messageClass() == stun::Class::request && message.method() == stun::kBinding;
  if (!check || !message.hasFingerprint()) return StunOutcome::notACheck;
  if (!sources_.permits(source)) return StunOutcome::forbiddenSource;
  const auto username = message.username().value_or("");
  const bool former = former_ && former_->isNamedBy(username);
  if (!former && !current_.isNamedBy(username)) return StunOutcome::unknownUser;
  auto* known = find(local, source);
  if (known == nullptr && !strangers_.take(now)) return StunOutcome::throttled;
  const auto authenticated = stun::authenticate(message, former ? former_->key : current_.key);
  if (!authenticated) return StunOutcome::wrongIntegrity;
  // A retransmission comes from where the first came from. STUN itself has nothing against a copy from elsewhere,
  // which would make the copier's address a pair (RFC 8445 19.2), or against a thousand of them.
  if (auto* earlier = find(message.transaction())) {
    const bool again = earlier->local == local && earlier->source == source && ++earlier->times <= kMostRepetitions;
    if (!again) return StunOutcome::replayed;
  } else {
    if (isMarked(message.transaction())) return StunOutcome::replayed;
    if (known != nullptr && !known->bucket.take(now)) return StunOutcome::throttled;
    remember({message.transaction(), local, source});
  }
  know(local, source, now);
  return AdmittedCheck{*authenticated, former ? Generation::former : Generation::current};
}

CheckGate::Source* CheckGate::find(LocalIndex local, const Endpoint& source) {
  const auto known = std::find_if(known_.begin(), known_.end(), [&](const Source& candidate) {
    return candidate.local == local && candidate.endpoint == source;
  });
  return known == known_.end() ? nullptr : &*known;
}

CheckGate::Seen* CheckGate::find(const stun::TransactionId& transaction) {
  const auto earlier = std::find_if(seen_.begin(), seen_.end(),
                                    [&](const Seen& candidate) { return candidate.transaction == transaction; });
  return earlier == seen_.end() ? nullptr : &*earlier;
}

void CheckGate::remember(const Seen& check) {
  if (seen_.size() < kMostSeen) {
    seen_.push_back(check);
  } else {
    mark(seen_[next_seen_].transaction);
    seen_[next_seen_] = check;
    next_seen_ = (next_seen_ + 1) % kMostSeen;
  }
}

std::uint64_t CheckGate::markOf(const stun::TransactionId& transaction) {
  std::uint64_t mark = 0;  // a part is as random as the whole
  static_assert(sizeof mark <= sizeof transaction);
  std::memcpy(&mark, transaction.data(), sizeof mark);
  return mark;
}

bool CheckGate::isMarked(const stun::TransactionId& transaction) const {
  return std::find(marks_.begin(), marks_.end(), markOf(transaction)) != marks_.end();
}

void CheckGate::mark(const stun::TransactionId& transaction) {
  if (marks_.size() < kMostMarks) {
    marks_.push_back(markOf(transaction));
  } else {
    marks_[next_mark_] = markOf(transaction);
    next_mark_ = (next_mark_ + 1) % kMostMarks;
  }
}

void CheckGate::know(LocalIndex local, const Endpoint& source, TimePoint now) {
  if (auto* known = find(local, source)) {
    known->heard = now;
    return;
  }
  Source entry{local, source, TokenBucket{limits_.per_source_per_second, limits_.per_source_burst}, now};
  if (known_.size() < kMostSources) {
    known_.push_back(entry);
  } else {
    *std::min_element(known_.begin(), known_.end(),
                      [](const Source& a, const Source& b) { return a.heard < b.heard; }) = entry;
  }
}

std::string_view CheckGate::askerOf(const AdmittedCheck& check) {
  const auto username = check.message->username().value_or("");
  return username.substr(username.find(':') + 1);
}

std::optional<int> CheckGate::flawOf(const stun::Message& check) {
  if (!check.notUnderstood().empty()) return 420;
  const bool one_role = check.controlling().has_value() != check.controlled().has_value();
  // Only who controls nominates (RFC 8445 7.1.2).
  const bool may_nominate = !check.has(stun::Attribute::useCandidate) || check.controlling();
  if (!check.priority() || !one_role || !may_nominate) return 400;
  return std::nullopt;
}

const stun::IntegrityKey& CheckGate::keyFor(const AdmittedCheck& check) const {
  SP_CHECK(check.generation == Generation::current || former_);
  return check.generation == Generation::current ? current_.key : former_->key;
}

std::vector<std::uint8_t> CheckGate::success(const AdmittedCheck& check, const Endpoint& source) const {
  std::array<std::uint8_t, kLongestAnswer> buffer;
  stun::MessageWriter writer{buffer, stun::Class::success, stun::kBinding, check.message->transaction()};
  writer.xorMappedAddress(source);
  writer.integrity(keyFor(check), check.message.integrity());
  writer.fingerprint();
  return {writer.written().begin(), writer.written().end()};
}

std::vector<std::uint8_t> CheckGate::failure(const AdmittedCheck& check, int code) const {
  std::array<std::uint8_t, stun::kLongestMessage> buffer;
  stun::MessageWriter writer{buffer, stun::Class::error, stun::kBinding, check.message->transaction()};
  writer.errorCode({code, reasonOf(code)});
  if (code == 420) writer.unknownAttributes(check.message->notUnderstood());
  writer.integrity(keyFor(check), check.message.integrity());
  writer.fingerprint();
  return {writer.written().begin(), writer.written().end()};
}

}  // namespace sallyport::media::ice
