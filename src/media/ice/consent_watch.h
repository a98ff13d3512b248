// SPDX-License-Identifier: Apache-2.0
#pragma once
// Consent freshness (RFC 7675 5.1): a selected pair is sent to only while its peer answers checks. Only an
// authenticated answer to one of the last checks counts. Part of an IceAgent, on its thread.

#include <array>
#include <chrono>
#include <optional>

#include "core/clock.h"
#include "media/stun/message.h"

namespace sallyport::media::ice {

inline constexpr std::chrono::seconds kConsentLifetime{30};
inline constexpr std::chrono::seconds kConsentInterval{5};  // times 0.8 to 1.2, drawn anew each time

class ConsentWatch {
 public:
  // The pair has just been proven.
  explicit ConsentWatch(TimePoint now);

  TimePoint due() const { return due_; }
  TimePoint ends() const { return renewed_ + kConsentLifetime; }
  bool isAlive(TimePoint now) const { return now < ends(); }

  void onSent(const stun::TransactionId& transaction, TimePoint now);
  bool awaits(const stun::TransactionId& transaction) const;
  void onAnswered(TimePoint now) { renewed_ = now; }

 private:
  void schedule(TimePoint now);

  std::array<std::optional<stun::TransactionId>, 8> sent_;  // more than fit in a lifetime
  std::size_t next_ = 0;
  TimePoint renewed_, due_;
};

}  // namespace sallyport::media::ice
