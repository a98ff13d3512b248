// SPDX-License-Identifier: Apache-2.0
#include "media/source_rule.h"

#include <algorithm>
#include <utility>

namespace sallyport::media {

bool TokenBucket::take(TimePoint now) {
  if (last_) {
    const std::chrono::duration<double> passed = now - *last_;
    level_ = std::min(burst_, level_ + passed.count() * per_second_);
  }
  last_ = now;
  if (level_ < 1) return false;
  level_ -= 1;
  return true;
}

void SourceRule::negotiate(const Endpoint& endpoint, TimePoint now) {
  if (std::exchange(by_ice_, false)) latched_.reset();
  if (endpoint == negotiated_) return;
  const bool first = negotiated_ == Endpoint{};
  negotiated_ = endpoint;
  latched_.reset();
  move_from_ = first ? std::nullopt : std::optional{now + kQuietBeforeMove};
}

void SourceRule::follow(const std::optional<Endpoint>& chosen) {
  if (!std::exchange(by_ice_, true)) latched_.reset();
  chosen_ = chosen;
}

SourceRule::Ruling SourceRule::onVerified(const Endpoint& source, Newness newness, TimePoint now) {
  if (by_ice_) {
    if (newness == Newness::older && chosen_ != source) return Ruling::stale;
    latched_ = source;
    latched_at_ = now;
    return Ruling::heard;
  }
  const auto& current = latched_ ? *latched_ : negotiated_;
  if (source == current) {
    latched_ = source;
    move_from_ = now + kQuietBeforeMove;
    return Ruling::heard;
  }
  if (newness == Newness::older) return Ruling::stale;
  if (move_from_ && now < *move_from_) return Ruling::heard;
  if (latched_) ++moves_;
  latched_ = source;
  move_from_ = now + kQuietBeforeMove;
  return Ruling::moved;
}

std::optional<Endpoint> SourceRule::destination() const {
  if (by_ice_) return chosen_;
  if (negotiated_.address.isUnspecified() || negotiated_.port == 0) return std::nullopt;
  return latched_ ? latched_ : negotiated_;
}

}  // namespace sallyport::media
