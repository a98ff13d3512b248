// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "store/schema.h"

namespace sallyport::store {
namespace {

Result<Database> openAndCheck(const std::filesystem::path& file, Database::Access access) {
  SP_ASSIGN(auto database, Database::open(file, access, "store.read"));
  SP_TRY(checkSchema(database, callSchema()));
  return database;
}

Error asReadFailure(Error error) {
  if (std::strcmp(error.code, "store.file.corrupt") == 0) error.code = "store.read";
  return error;
}

}  // namespace

std::int64_t millisecondsOf(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const std::filesystem::path& file) {
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    return Error{ErrorKind::misconfigured, "store.read", file.string() + ": there is no such file"};
  }
  auto database = openAndCheck(file, Database::Access::readOnly);
  // Without the right to create the shared memory file, a file that nobody writes can still be read.
  auto log = file;
  log += "-wal";
  if (!database && std::strcmp(database.error().code, "store.read") == 0 && !std::filesystem::exists(log, failure)) {
    database = openAndCheck(file, Database::Access::immutable);
  }
  if (!database) return explained(std::move(database).error(), file, callSchema());
  return std::unique_ptr<SqliteReader>{new SqliteReader{*std::move(database)}};
}

// A call that is up is found by what was journaled when it began.
Result<std::optional<telemetry::CallRecord>> SqliteReader::find(std::string_view call_id) const {
  const std::lock_guard lock{mutex_};
  auto query = database_.prepare(
      "SELECT record FROM calls WHERE call_id = ?1 UNION ALL SELECT record FROM open_calls WHERE call_id = ?1 LIMIT 1");
  if (!query) return asReadFailure(std::move(query).error());
  query->bind(1, call_id);
  auto row = query->step();
  if (!row) return asReadFailure(std::move(row).error());
  if (!*row) return std::optional<telemetry::CallRecord>{};
  SP_ASSIGN(auto record, telemetry::fromJson(query->text(0)));
  return std::optional{std::move(record)};
}

Result<std::vector<telemetry::CallRecord>> SqliteReader::recent(std::size_t count, const CallFilter& filter) const {
  const std::lock_guard lock{mutex_};
  auto query = database_.prepare(
      "SELECT record FROM calls WHERE started >= ?1 AND started < ?2"
      " AND (?3 = '' OR caller_peer = ?3 OR callee_peer = ?3)"
      " AND (?4 = '' OR caller_identity = ?4 OR callee_identity = ?4)"
      " AND (?5 = '' OR end_code = ?5)"
      " ORDER BY started DESC, sequence DESC LIMIT ?6");
  if (!query) return asReadFailure(std::move(query).error());
  constexpr auto kAlways = std::numeric_limits<std::int64_t>::max();
  query->bind(1, filter.since ? millisecondsOf(*filter.since) : std::numeric_limits<std::int64_t>::min())
      .bind(2, filter.until ? millisecondsOf(*filter.until) : kAlways)
      .bind(3, filter.peer)
      .bind(4, filter.identity)
      .bind(5, filter.end_code)
      .bind(6, static_cast<std::int64_t>(std::min<std::size_t>(count, 1'000'000)));
  std::vector<telemetry::CallRecord> records;
  for (;;) {
    auto row = query->step();
    if (!row) return asReadFailure(std::move(row).error());
    if (!*row) return records;
    SP_ASSIGN(auto record, telemetry::fromJson(query->text(0)));
    records.push_back(std::move(record));
  }
}

Status SqliteReader::exportJson(const std::function<bool(std::string_view)>& line) const {
  const std::lock_guard lock{mutex_};
  auto query = database_.prepare("SELECT record FROM calls ORDER BY sequence");
  if (!query) return asReadFailure(std::move(query).error());
  for (;;) {
    auto row = query->step();
    if (!row) return asReadFailure(std::move(row).error());
    if (!*row || !line(query->text(0))) return success();
  }
}

}  // namespace sallyport::store
