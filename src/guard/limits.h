// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rates (token buckets) and concurrency (counted permits) per principal. The tables outlive any one policy:
// a reload builds new rules over the same tables, and permits of live calls stay good. Thread-safe.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "guard/principal_table.h"

namespace sallyport::guard {

struct Rate {
  double per_second = 10;
  unsigned burst = 20;  // at once, after silence; at least 1
};

// A token bucket as the generic cell rate algorithm (ITU-T I.371): one time per principal.
class RateTable {
 public:
  RateTable(std::size_t capacity, HashKey key) : table_(capacity, key) {}

  enum class Outcome : std::uint8_t { within, exceeded, tableFull };
  struct Taken {
    Outcome outcome = Outcome::within;
    std::chrono::nanoseconds retry_after{};  // when exceeded: until the next token
  };
  // Takes one token; an exceeded bucket is left as it was.
  Taken take(std::string_view principal, const Rate& rate, TimePoint now);

 private:
  struct Bucket {
    std::int64_t full_at = 0;  // when the bucket is full again
    bool idle(std::int64_t now) const { return full_at <= now; }
  };
  PrincipalTable<Bucket> table_;
};

class ConcurrencyTable;

// One counted call of one principal; given back when destroyed. Move-only, any thread.
class CallPermit {
 public:
  CallPermit() = default;
  CallPermit(CallPermit&& other) noexcept = default;
  CallPermit& operator=(CallPermit&& other) noexcept;
  CallPermit(const CallPermit&) = delete;
  CallPermit& operator=(const CallPermit&) = delete;
  ~CallPermit() { release(); }

  void release();
  bool holds() const { return table_ != nullptr; }

 private:
  friend class ConcurrencyTable;
  CallPermit(std::shared_ptr<ConcurrencyTable> table, std::uint64_t principal)
      : table_(std::move(table)), principal_(principal) {}

  std::shared_ptr<ConcurrencyTable> table_;
  std::uint64_t principal_ = 0;
};

// Live calls per principal. Owned through std::make_shared: permits keep it alive.
class ConcurrencyTable : public std::enable_shared_from_this<ConcurrencyTable> {
 public:
  ConcurrencyTable(std::size_t capacity, HashKey key) : table_(capacity, key) {}

  struct Taken {
    CallPermit permit;  // holds nothing only when the table is full
    unsigned live = 0;  // of this principal, this one included
  };
  // Always counts the call; whether `live` is too many is the rule's to say, and dropping the permit undoes it.
  Taken take(std::string_view principal);
  unsigned live(std::string_view principal);

 private:
  friend class CallPermit;
  void giveBack(std::uint64_t principal);

  struct Count {
    std::uint32_t live = 0;
    bool idle(std::int64_t) const { return live == 0; }
  };
  PrincipalTable<Count> table_;
};

}  // namespace sallyport::guard
