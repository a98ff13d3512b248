// SPDX-License-Identifier: Apache-2.0
#include "media/ice/consent_watch.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::media::ice {

ConsentWatch::ConsentWatch(TimePoint now) : renewed_(now) { schedule(now); }

void ConsentWatch::schedule(TimePoint now) {
  const std::chrono::milliseconds interval{kConsentInterval};
  const auto spread = static_cast<std::uint64_t>(interval.count()) * 4 / 10;
  due_ = now + interval * 8 / 10 + std::chrono::milliseconds{crypto::randomNumber() % (spread + 1)};
}

void ConsentWatch::onSent(const stun::TransactionId& transaction, TimePoint now) {
  sent_[next_] = transaction;
  next_ = (next_ + 1) % sent_.size();
  schedule(now);
}

bool ConsentWatch::awaits(const stun::TransactionId& transaction) const {
  return std::any_of(sent_.begin(), sent_.end(), [&](const auto& sent) { return sent == transaction; });
}

}  // namespace sallyport::media::ice
