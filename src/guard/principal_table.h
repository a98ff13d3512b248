// SPDX-License-Identifier: Apache-2.0
#pragma once
// A fixed-size table from principals (sources, identities, peers) to a small state, shared by all workers.
//
// Bounded and safe against its own users: a slot is given away only when its state is idle, i.e. says no more
// than an absent one, so nobody can wash out another's count or refill their own bucket by inventing names.
// When both homes of a new name are full of active states the caller is told so, and must refuse.
//
// Each name has two homes of eight slots in one shard (two-choice hashing: fills to about nine tenths before
// the first refusal), found by SipHash-2-4 under a per-process key, so homes cannot be aimed at. The 64-bit
// hash stands for the name. One operation touches two to four cache lines under one shard's mutex: flat
// from one principal to a million. Never used on the packet path.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "core/endpoint.h"

namespace sallyport::guard {

// From the CSPRNG, once per process.
struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

// SipHash-2-4 (Aumasson, Bernstein 2012).
std::uint64_t sipHash(const HashKey& key, std::string_view text);

// What a source address counts as: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber.
std::array<char, 9> sourceName(const IpAddress& source);

// State: trivially copyable, value-initialised = fresh, with `bool idle(std::int64_t now) const`.
template <typename State>
class PrincipalTable {
 public:
  // Room for at least `capacity` principals; the memory is taken at once and never grows.
  PrincipalTable(std::size_t capacity, HashKey key) : key_(key) {
    std::size_t sets = 1;
    while (sets * kShards * kWays * 9 / 10 < capacity) sets *= 2;
    set_mask_ = sets - 1;
    shards_ = std::make_unique<Shard[]>(kShards);
    for (std::size_t i = 0; i < kShards; ++i) shards_[i].sets = std::make_unique<Set[]>(sets);
  }

  std::uint64_t hashOf(std::string_view name) const {
    const auto hash = sipHash(key_, name);
    return hash == 0 ? 1 : hash;  // 0 marks an empty slot
  }

  // Calls visit(State&) on the name's state, taking an idle slot when it has none; false: no slot is idle.
  template <typename Visit>
  [[nodiscard]] bool update(std::uint64_t hash, std::int64_t now, Visit&& visit) {
    Shard& shard = shardOf(hash);
    const std::lock_guard lock{shard.mutex};
    if (State* known = find(shard, hash)) {
      visit(*known);
      return true;
    }
    State* fresh = claim(shard, hash, now);
    if (fresh == nullptr) return false;
    visit(*fresh);
    return true;
  }

  // Calls visit(State&) only if the name has a state.
  template <typename Visit>
  void updateKnown(std::uint64_t hash, Visit&& visit) {
    Shard& shard = shardOf(hash);
    const std::lock_guard lock{shard.mutex};
    if (State* known = find(shard, hash)) visit(*known);
  }

  std::size_t slots() const { return kShards * kWays * (set_mask_ + 1); }

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kWays = 8;

  struct alignas(64) Set {
    std::array<std::uint64_t, kWays> hashes{};
    std::array<State, kWays> states{};
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unique_ptr<Set[]> sets;
  };

  Shard& shardOf(std::uint64_t hash) { return shards_[hash >> 58]; }
  Set& firstHome(Shard& shard, std::uint64_t hash) { return shard.sets[hash & set_mask_]; }
  Set& secondHome(Shard& shard, std::uint64_t hash) { return shard.sets[(hash >> 29) & set_mask_]; }

  State* find(Shard& shard, std::uint64_t hash) {
    for (Set* home : {&firstHome(shard, hash), &secondHome(shard, hash)}) {
      for (std::size_t way = 0; way < kWays; ++way) {
        if (home->hashes[way] == hash) return &home->states[way];
      }
    }
    return nullptr;
  }

  // The home with more room takes the name.
  State* claim(Shard& shard, std::uint64_t hash, std::int64_t now) {
    Set* best = nullptr;
    std::size_t best_way = 0;
    std::size_t best_room = 0;
    for (Set* home : {&firstHome(shard, hash), &secondHome(shard, hash)}) {
      std::size_t room = 0;
      std::size_t free_way = 0;
      for (std::size_t way = 0; way < kWays; ++way) {
        if (home->hashes[way] != 0 && !home->states[way].idle(now)) continue;
        ++room;
        free_way = way;
      }
      if (room <= best_room) continue;
      best = home;
      best_way = free_way;
      best_room = room;
    }
    if (best == nullptr) return nullptr;
    best->hashes[best_way] = hash;
    best->states[best_way] = State{};
    return &best->states[best_way];
  }

  HashKey key_;
  std::size_t set_mask_ = 0;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace sallyport::guard
