// SPDX-License-Identifier: Apache-2.0
#include "media/ice/own_checks.h"

#include <algorithm>
#include <array>

#include "media/stun/message_writer.h"

namespace sallyport::media::ice {
namespace {

constexpr std::size_t kMostChecks = 128;

}  // namespace

std::vector<std::uint8_t> writeCheck(const PeerSession& session, const stun::TransactionId& transaction,
                                     const CheckContents& contents) {
  std::array<std::uint8_t, 640> buffer;  // with the longest two fragments
  stun::MessageWriter writer{buffer, stun::Class::request, stun::kBinding, transaction};
  writer.username(session.username);
  writer.priority(contents.priority);
  if (contents.role == Role::controlling) {
    writer.controlling(contents.tie_breaker);
  } else {
    writer.controlled(contents.tie_breaker);
  }
  if (contents.nomination == Nomination::yes) writer.useCandidate();
  writer.integrity(session.key, stun::Integrity::sha1);
  writer.fingerprint();
  return {writer.written().begin(), writer.written().end()};
}

// A peer that keeps triggering checks does not make us remember all of them: the oldest hushed one goes first.
void OwnChecks::start(OwnCheck check, std::size_t competing, TimePoint now) {
  if (checks_.size() == kMostChecks) {
    const auto hushed =
        std::find_if(checks_.begin(), checks_.end(), [](const Pending& pending) { return pending.check.hushed; });
    checks_.erase(hushed == checks_.end() ? checks_.begin() : hushed);
  }
  const auto interval = std::max(timing_.retransmit, timing_.pace * static_cast<int>(competing));
  const auto last_wait = interval * static_cast<int>(timing_.last_wait);
  checks_.push_back({std::move(check), interval * 2, last_wait, 1, now + interval});
}

const OwnCheck* OwnChecks::find(const stun::TransactionId& transaction) const {
  const auto pending = std::find_if(checks_.begin(), checks_.end(), [&](const Pending& candidate) {
    return candidate.check.transaction == transaction;
  });
  return pending == checks_.end() ? nullptr : &pending->check;
}

void OwnChecks::remove(const stun::TransactionId& transaction) {
  std::erase_if(checks_, [&](const Pending& pending) { return pending.check.transaction == transaction; });
}

void OwnChecks::hush(PairId pair) {
  for (auto& pending : checks_) {
    if (pending.check.pair == pair) pending.check.hushed = true;
  }
}

std::vector<OwnCheck> OwnChecks::advance(TimePoint now, std::vector<Transmission>& again) {
  std::vector<OwnCheck> given_up;
  for (auto& pending : checks_) {
    if (pending.due > now) continue;
    if (pending.sent >= timing_.transmissions) {
      pending.sent = 0;  // over
      if (!pending.check.hushed) given_up.push_back(pending.check);
      continue;
    }
    ++pending.sent;
    if (!pending.check.hushed) again.push_back(pending.check.request);
    pending.due = now + (pending.sent == timing_.transmissions ? pending.last_wait : pending.interval);
    pending.interval *= 2;
  }
  std::erase_if(checks_, [](const Pending& pending) { return pending.sent == 0; });
  return given_up;
}

std::optional<TimePoint> OwnChecks::deadline() const {
  std::optional<TimePoint> earliest;
  for (const auto& pending : checks_) {
    if (!earliest || pending.due < *earliest) earliest = pending.due;
  }
  return earliest;
}

}  // namespace sallyport::media::ice
