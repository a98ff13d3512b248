// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <array>
#include <cstring>

namespace sallyport::store {
namespace {

constexpr std::uintmax_t kCheckedAtStart = 64u << 20;  // larger files are only checked as they are read

// Migration n takes a file from version n to n + 1.
constexpr std::array<const char*, kSchemaVersion> kMigrations{R"(
CREATE TABLE calls (
  sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id         TEXT NOT NULL UNIQUE,
  started         INTEGER NOT NULL,  -- milliseconds since 1970, UTC
  ended           INTEGER,
  caller_peer     TEXT NOT NULL,
  callee_peer     TEXT NOT NULL,
  caller_identity TEXT NOT NULL,
  callee_identity TEXT NOT NULL,
  end_code        TEXT NOT NULL,
  record          TEXT NOT NULL      -- one line of JSON
) STRICT;
CREATE INDEX calls_by_start ON calls (started);
CREATE TABLE open_calls (
  call_id TEXT PRIMARY KEY,
  record  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1397772114;
)"};
static_assert(kApplicationId == 1397772114);

Status checkOwner(Database& database, std::int64_t version) {
  SP_ASSIGN(const auto owner, database.number("PRAGMA application_id"));
  if (owner != kApplicationId) {
    return Error{ErrorKind::misconfigured, "store.file.foreign", "another program's database"};
  }
  if (version > kSchemaVersion) {
    return Error{
        ErrorKind::misconfigured, "store.schema.newer",
        "schema version " + std::to_string(version) + ", this program knows " + std::to_string(kSchemaVersion)};
  }
  return success();
}

Status checkIntegrity(Database& database, const std::filesystem::path& file) {
  std::error_code failure;
  if (std::filesystem::file_size(file, failure) > kCheckedAtStart || failure) return success();
  SP_ASSIGN(auto check, database.prepare("PRAGMA quick_check(1)"));
  SP_ASSIGN(const bool row, check.step());
  if (row && check.text(0) == "ok") return success();
  return Error{ErrorKind::misconfigured, "store.file.corrupt", row ? check.text(0) : "it cannot be checked"};
}

Status migrate(Database& database, std::int64_t from) {
  for (auto version = from; version < kSchemaVersion; ++version) {
    SP_TRY(database.execute("BEGIN IMMEDIATE"));
    auto done = database.execute(kMigrations[static_cast<std::size_t>(version)]);
    if (done) done = database.execute(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
    if (done) done = database.execute("COMMIT");
    if (done) continue;
    if (database.inTransaction()) (void)database.execute("ROLLBACK");
    return done;
  }
  return success();
}

}  // namespace

Error explained(Error error, const std::filesystem::path& file) {
  const auto is = [&](const char* code) { return std::strcmp(error.code, code) == 0; };
  std::string remedy;
  if (is("store.file.foreign"))
    remedy = "; this is no call store: move it away, or set 'cdr' in [telemetry] to another file";
  if (is("store.file.corrupt")) {
    remedy = "; move it away to begin a new one, and save what is left with: sqlite3 " + file.string() + " .recover";
  }
  if (is("store.schema.newer")) remedy = "; start the newer version, or set 'cdr' in [telemetry] to another file";
  if (is("store.file.unwritable")) remedy = "; check the permissions of the file and its folder";
  error.detail = file.string() + ": " + error.detail + remedy;
  return error;
}

Status prepareSchema(Database& database, const std::filesystem::path& file) {
  SP_ASSIGN(const auto version, database.number("PRAGMA user_version"));
  SP_ASSIGN(const auto tables, database.number("SELECT count(*) FROM sqlite_schema"));
  const bool empty = version == 0 && tables == 0;
  if (!empty) {
    SP_TRY(checkOwner(database, version));
    SP_TRY(checkIntegrity(database, file));
  }
  SP_TRY(database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
  return migrate(database, version);
}

Status checkSchema(Database& database) {
  SP_ASSIGN(const auto version, database.number("PRAGMA user_version"));
  return checkOwner(database, version);
}

}  // namespace sallyport::store
