// SPDX-License-Identifier: Apache-2.0
#pragma once
// Questions to the file over a connection that cannot write. Any thread; one question at a time.
// Internal to store.

#include <memory>
#include <mutex>

#include "store/call_store.h"
#include "store/sqlite.h"

namespace sallyport::store {

class SqliteReader final : public CallReader {
 public:
  static Result<std::unique_ptr<SqliteReader>> open(const std::filesystem::path& file);

  Result<std::optional<telemetry::CallRecord>> find(std::string_view call_id) const override;
  Result<std::vector<telemetry::CallRecord>> recent(std::size_t count, const CallFilter& filter) const override;
  Status exportJson(const std::function<bool(std::string_view)>& line) const override;

 private:
  explicit SqliteReader(Database database) : database_(std::move(database)) {}

  mutable std::mutex mutex_;
  mutable Database database_;
};

std::int64_t millisecondsOf(WallTime time);

}  // namespace sallyport::store
