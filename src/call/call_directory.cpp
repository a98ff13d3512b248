// SPDX-License-Identifier: Apache-2.0
#include "call/call_directory.h"

namespace sallyport::call {

void CallDirectory::add(std::string_view call_id, Direction direction, unsigned worker) {
  auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  shard.entries[std::string{call_id}].of(direction) = worker;
}

void CallDirectory::remove(std::string_view call_id, Direction direction) {
  auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.entries.find(std::string{call_id});
  if (found == shard.entries.end()) return;
  found->second.of(direction).reset();
  if (!found->second.received && !found->second.sent) shard.entries.erase(found);
}

CallDirectory::Entry CallDirectory::find(std::string_view call_id) const {
  const auto& shard = shardOf(call_id);
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.entries.find(std::string{call_id});
  return found == shard.entries.end() ? Entry{} : found->second;
}

std::optional<unsigned> CallDirectory::ownerOf(std::string_view call_id) const { return find(call_id).received; }

bool CallDirectory::isOurs(std::string_view call_id) const { return find(call_id).sent.has_value(); }

std::size_t CallDirectory::size() const {
  std::size_t entries = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    entries += shard.entries.size();
  }
  return entries;
}

}  // namespace sallyport::call
