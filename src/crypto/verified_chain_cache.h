// SPDX-License-Identifier: Apache-2.0
#pragma once
// Leaves that one PeerDirectory has verified, so that a peer that connects often is not walked up to its
// anchor each time. It lives and dies with that directory's generation; an entry is good until the path
// expires or a revocation list is due. Only verified leaves are in it, so a stranger cannot fill it.
// Thread-safe.

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/clock.h"
#include "crypto/hash.h"
#include "crypto/verified_peer.h"

namespace sallyport::crypto {

class VerifiedChainCache {
 public:
  struct Key {
    Sha256Digest fingerprint;
    PeerRole role;
    friend bool operator==(const Key&, const Key&) = default;
  };

  std::optional<VerifiedPeer> find(const Key& key, WallTime now) {
    auto& shard = shardOf(key);
    const std::lock_guard lock{shard.mutex};
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end() || now < found->second.valid_from || now >= found->second.recheck_at) {
      misses_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    hits_.fetch_add(1, std::memory_order_relaxed);
    return found->second.peer;
  }

  void store(const Key& key, VerifiedPeer peer, WallTime valid_from, WallTime recheck_at) {
    auto& shard = shardOf(key);
    const std::lock_guard lock{shard.mutex};
    if (shard.entries.size() >= kEntriesPerShard) shard.entries.erase(shard.entries.begin());
    shard.entries.insert_or_assign(key, Entry{std::move(peer), valid_from, recheck_at});
  }

  std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kEntriesPerShard = 1024;

  struct Entry {
    VerifiedPeer peer;
    WallTime valid_from;
    WallTime recheck_at;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, key.fingerprint.data(), sizeof hash);
      return hash;
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Key, Entry, Hash> entries;
  };

  Shard& shardOf(const Key& key) { return shards_[key.fingerprint.back() % kShards]; }

  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
};

}  // namespace sallyport::crypto
