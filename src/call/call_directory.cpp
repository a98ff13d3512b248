// SPDX-License-Identifier: Apache-2.0
#include "call/call_directory.h"

namespace sallyport::call {

void CallDirectory::add(std::string_view call_id, Direction direction, unsigned worker) {
  auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  shard.entries.insert_or_assign(std::string{call_id}, Entry{direction, worker});
}

void CallDirectory::remove(std::string_view call_id) {
  auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  shard.entries.erase(std::string{call_id});
}

std::optional<CallDirectory::Entry> CallDirectory::find(std::string_view call_id) const {
  const auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.entries.find(std::string{call_id});
  if (found == shard.entries.end()) return std::nullopt;
  return found->second;
}

std::optional<unsigned> CallDirectory::ownerOf(std::string_view call_id) const {
  const auto entry = find(call_id);
  if (!entry || entry->direction != Direction::received) return std::nullopt;
  return entry->worker;
}

bool CallDirectory::isOurs(std::string_view call_id) const {
  const auto entry = find(call_id);
  return entry && entry->direction == Direction::sent;
}

std::size_t CallDirectory::size() const {
  std::size_t entries = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    entries += shard.entries.size();
  }
  return entries;
}

}  // namespace sallyport::call
