// SPDX-License-Identifier: Apache-2.0
#include "guard/limits.h"

#include <algorithm>
#include <limits>

namespace sallyport::guard {
namespace {

constexpr double kNanoseconds = 1e9;
constexpr double kSlowestRate = 1.0 / 86'400;  // one a day: nobody is throttled into arithmetic overflow
constexpr double kLongestTolerance = 4e18;     // below the range of std::int64_t

std::int64_t nanosecondsOf(TimePoint now) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
}

}  // namespace

RateTable::Taken RateTable::take(std::string_view principal, const Rate& rate, TimePoint now) {
  const double interval = kNanoseconds / std::max(rate.per_second, kSlowestRate);
  const double tolerance = std::min(interval * (std::max(rate.burst, 1U) - 1), kLongestTolerance);
  const auto step = static_cast<std::int64_t>(interval);
  const auto most_ahead = static_cast<std::int64_t>(tolerance);
  const auto at = nanosecondsOf(now);

  Taken taken;
  const bool counted = table_.update(table_.hashOf(principal), at, [&](Bucket& bucket) {
    const auto ahead = std::max(bucket.full_at, at) - at;
    if (ahead > most_ahead) {
      taken = {Outcome::exceeded, std::chrono::nanoseconds{ahead - most_ahead}};
      return;
    }
    bucket.full_at = at + ahead + step;
  });
  if (!counted) taken.outcome = Outcome::tableFull;
  return taken;
}

CallPermit& CallPermit::operator=(CallPermit&& other) noexcept {
  if (this != &other) {
    release();
    table_ = std::move(other.table_);
    principal_ = other.principal_;
  }
  return *this;
}

void CallPermit::release() {
  if (const auto table = std::move(table_)) table->giveBack(principal_);
}

ConcurrencyTable::Taken ConcurrencyTable::take(std::string_view principal) {
  const auto hash = table_.hashOf(principal);
  Taken taken;
  const bool counted = table_.update(hash, 0, [&](Count& count) { taken.live = ++count.live; });
  if (counted) taken.permit = CallPermit{shared_from_this(), hash};
  return taken;
}

unsigned ConcurrencyTable::live(std::string_view principal) {
  unsigned live = 0;
  table_.updateKnown(table_.hashOf(principal), [&](const Count& count) { live = count.live; });
  return live;
}

void ConcurrencyTable::giveBack(std::uint64_t principal) {
  table_.updateKnown(principal, [](Count& count) {
    if (count.live > 0) --count.live;
  });
}

}  // namespace sallyport::guard
