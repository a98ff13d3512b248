// SPDX-License-Identifier: Apache-2.0
#pragma once
// When an issuer's keys are fetched (RFC 7517 5, RFC 8725 2.8 on where they may come from), and what becomes of each
// fetch: the last good set stays until there is a better one, however often fetching it fails. At intervals; sooner
// after a failure; and, so that a new key is known before its first interval, when a token names one that is not there,
// at a rate that strangers cannot raise.
//
// Reads no clock, fetches nothing. Owned by whoever fetches, on its thread; the keys are shared.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "identity/jwks.h"

namespace sallyport::identity {

struct KeyRefreshTimes {
  std::chrono::seconds interval{600};
  std::chrono::seconds after_failure{30};
  std::chrono::seconds after_miss{10};  // at the soonest after the fetch before
};

class KeyRefresh {
 public:
  explicit KeyRefresh(IssuerKeysPtr keys, KeyRefreshTimes times = {}) : keys_(std::move(keys)), times_(times) {}

  // Whether a fetch is to begin now. After a yes nothing is due until end().
  bool begin(TimePoint now);

  // Whether what is known is another than before. Errors: the fetch's own, or parseJwks's.
  enum class News : std::uint8_t { none, keys };
  Result<News> end(const Result<std::string>& fetched, WallTime wall, TimePoint now);

  const IssuerKeysPtr& keys() const { return keys_; }
  const std::optional<WallTime>& fetched() const { return fetched_; }  // the set that is in use
  const std::optional<Error>& failure() const { return failure_; }     // of the last fetch

 private:
  const IssuerKeysPtr keys_;
  const KeyRefreshTimes times_;
  bool under_way_ = false;
  std::optional<TimePoint> begun_;
  TimePoint next_{};
  std::uint64_t missed_ = 0;  // of the misses, those that a fetch has followed
  std::string text_;          // of the set that is in use
  std::optional<WallTime> fetched_;
  std::optional<Error> failure_;
};

}  // namespace sallyport::identity
