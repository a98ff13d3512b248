// SPDX-License-Identifier: Apache-2.0
#pragma once
// Records that the database could not take: one JSON line each in <file>.spill.jsonl, flushed to the
// disk before they count as kept. Used by the store's own thread. Internal to store.

#include <filesystem>
#include <functional>
#include <vector>

#include "core/result.h"
#include "telemetry/call_record.h"

namespace sallyport::store {

class SpillFile {
 public:
  explicit SpillFile(const std::filesystem::path& database);

  const std::filesystem::path& path() const { return path_; }
  bool exists() const;

  // All of them or none: a part that was written is taken back.
  Status append(const std::vector<const telemetry::CallRecord*>& records);

  struct Content {
    std::vector<telemetry::CallRecord> records;
    std::vector<std::string> unreadable;  // lines, e.g. cut by a crash
  };
  Result<Content> read() const;

  // Once its records are elsewhere; unreadable lines are kept in <file>.spill.unreadable.
  Status discard(const std::vector<std::string>& unreadable);

 private:
  std::filesystem::path path_;
};

}  // namespace sallyport::store
