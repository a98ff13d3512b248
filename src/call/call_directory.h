// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which worker owns a call that has no tag of ours yet, and which Call-IDs are our own: what lets a
// CANCEL on another connection find its INVITE, and a call that comes back to us be seen as a loop. A proxy keeps
// Call-IDs: one that we sent may be received as well.
// Shared by all workers; touched a few times per call, never per packet.

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::call {

class CallDirectory {
 public:
  enum class Direction : unsigned char { received, sent };

  void add(std::string_view call_id, Direction direction, unsigned worker);
  void remove(std::string_view call_id, Direction direction);
  // The worker that took an INVITE with this Call-ID; nothing when none did.
  std::optional<unsigned> ownerOf(std::string_view call_id) const;
  bool isOurs(std::string_view call_id) const;  // we made this Call-ID
  std::size_t size() const;

 private:
  struct Entry {
    std::optional<unsigned> received, sent;  // by which worker

    std::optional<unsigned>& of(Direction direction) { return direction == Direction::received ? received : sent; }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Entry> entries;
  };
  static constexpr std::size_t kShards = 16;

  Entry find(std::string_view call_id) const;
  Shard& shardOf(std::string_view call_id) const { return shards_[std::hash<std::string_view>{}(call_id) % kShards]; }

  mutable std::array<Shard, kShards> shards_;
};

}  // namespace sallyport::call
