// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rates (token buckets) and concurrency (counted permits) per principal, in one fixed-size table that all
// workers share. It outlives any one policy: a reload builds new rules over the same table, and permits of
// live calls stay good. Thread-safe; never used on the packet path.
//
// Bounded, and safe against its own users: an account is given away only when it is idle, that is when it
// says no more than an absent one, so nobody can wash out another's count or refill their own bucket by
// inventing names. When both homes of a new name are full of active accounts the caller is told, and refuses.
//
// A name has two homes of four accounts, a cache line each, in one shard; when both are full one account
// there may move to its own other home (cuckoo hashing, one step deep: full to four fifths before anybody is
// turned away). SipHash under a per-process key finds the homes and stands for the name: 32 bits of it are
// kept, so that any two of a million names share an account with a probability below one in a thousand. One
// operation touches two lines under one shard's mutex, whether there is one principal or a million.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "core/endpoint.h"
#include "guard/sip_hash.h"

namespace sallyport::guard {

struct Rate {
  double per_second = 10;
  unsigned burst = 20;  // at once, after silence; at least 1
};

// What a source address counts as: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber.
std::array<char, 9> sourceName(const IpAddress& source);

class LimitTable;

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
  friend class LimitTable;
  CallPermit(std::shared_ptr<LimitTable> table, std::uint64_t principal)
      : table_(std::move(table)), principal_(principal) {}

  std::shared_ptr<LimitTable> table_;
  std::uint64_t principal_ = 0;
};

// Owned through std::make_shared: permits keep it alive.
class LimitTable : public std::enable_shared_from_this<LimitTable> {
 public:
  // Room for at least `capacity` active principals; the memory is taken at once: 20 to 40 bytes for
  // each, at least 256 kB.
  LimitTable(std::size_t capacity, HashKey key);

  enum class Outcome : std::uint8_t { within, exceeded, tableFull };
  struct Token {
    Outcome outcome = Outcome::within;
    std::chrono::nanoseconds retry_after{};  // when exceeded: until the next token
  };
  // Takes a token of the principal's bucket (the generic cell rate algorithm, ITU-T I.371: one time per
  // bucket); an exceeded bucket is left as it was.
  Token takeToken(std::string_view principal, const Rate& rate, TimePoint now);
  // Whether takeToken() would find one; changes nothing.
  Token peekToken(std::string_view principal, const Rate& rate, TimePoint now);

  struct Call {
    CallPermit permit;  // holds nothing only when the table is full
    unsigned live = 0;  // of this principal, this one included
  };
  // Always counts the call; whether `live` is too many is the rule's to say, and dropping the permit undoes it.
  Call takeCall(std::string_view principal, TimePoint now);
  unsigned liveCalls(std::string_view principal);

  std::size_t accounts() const { return kShards * kWays * (home_mask_ + 1); }

 private:
  friend class CallPermit;
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kWays = 4;

  struct Account {
    std::int64_t bucket_full_at = 0;
    std::uint32_t live_calls = 0;
    std::uint32_t tag = 0;  // 0: never used
    bool idle(std::int64_t now) const { return live_calls == 0 && bucket_full_at <= now; }
  };
  struct alignas(64) Home {
    std::array<Account, kWays> accounts;
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unique_ptr<Home[]> homes;
  };
  // Where a name may live: two homes of one shard, by index.
  struct Place {
    Shard& shard;
    std::uint64_t first;
    std::uint64_t second;
    std::uint32_t tag;
  };

  // A rate in the terms of I.371: what a token costs, and how far ahead of now a bucket may stand; nanoseconds.
  struct Pace {
    explicit Pace(const Rate& rate);
    std::int64_t step;
    std::int64_t most_ahead;
  };

  std::uint64_t hashOf(std::string_view principal) const { return sipHash(key_, principal); }
  Place placeOf(std::uint64_t hash);
  std::uint64_t otherHome(std::uint64_t home, std::uint32_t tag) const;
  static Account* find(const Place& place);
  static Account* idleAccount(Home& home, std::int64_t now);
  Account* findOrClaim(const Place& place, std::int64_t now);
  Account* makeRoom(const Place& place, std::int64_t now);
  void giveBack(std::uint64_t principal);

  HashKey key_;
  std::size_t home_mask_ = 0;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace sallyport::guard
