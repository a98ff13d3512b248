// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <array>
#include <cstring>

namespace sallyport::store {
namespace {

constexpr std::uintmax_t kCheckedAtStart = 64u << 20;  // larger files are only checked as they are read

constexpr std::array<const char*, 1> kCallMigrations{R"(
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

constexpr std::array<const char*, 1> kRegistrationMigrations{R"(
CREATE TABLE bindings (
  aor                 TEXT NOT NULL,
  token               TEXT NOT NULL,
  contact             TEXT NOT NULL,
  instance            TEXT NOT NULL,
  reg_id              INTEGER NOT NULL,
  q                   INTEGER NOT NULL,  -- thousandths
  call_id             TEXT NOT NULL,
  cseq                INTEGER NOT NULL,
  path                TEXT NOT NULL,
  peer                TEXT NOT NULL,
  identity            TEXT NOT NULL,
  proof               TEXT NOT NULL,
  user_agent          TEXT NOT NULL,
  source              TEXT NOT NULL,
  transport           TEXT NOT NULL,
  registered          INTEGER NOT NULL,  -- milliseconds since 1970, UTC
  expires             INTEGER NOT NULL,
  upstream_cseq       INTEGER NOT NULL,
  upstream_registered INTEGER NOT NULL,
  upstream_expires    INTEGER NOT NULL,
  PRIMARY KEY (aor, token)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1397772871;
)"};

constexpr Schema kCallSchema{0x53'50'4f'52, kCallMigrations, "FULL", "call store", "'cdr' in [telemetry]"};
constexpr Schema kRegistrationSchema{0x53'50'52'47, kRegistrationMigrations, "NORMAL", "registration store",
                                     "'store' in [registrar]"};
static_assert(kCallSchema.application_id == 1397772114 && kRegistrationSchema.application_id == 1397772871);

Status checkOwner(Database& database, std::int64_t version, const Schema& schema) {
  SP_ASSIGN(const auto owner, database.number("PRAGMA application_id"));
  if (owner != schema.application_id) {
    return Error{ErrorKind::misconfigured, "store.file.foreign", "another program's database"};
  }
  if (version > schema.version()) {
    return Error{
        ErrorKind::misconfigured, "store.schema.newer",
        "schema version " + std::to_string(version) + ", this program knows " + std::to_string(schema.version())};
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

Status migrate(Database& database, std::int64_t from, const Schema& schema) {
  for (auto version = from; version < schema.version(); ++version) {
    SP_TRY(database.execute("BEGIN IMMEDIATE"));
    auto done = database.execute(schema.migrations[static_cast<std::size_t>(version)]);
    if (done) done = database.execute(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
    if (done) done = database.execute("COMMIT");
    if (done) continue;
    if (database.inTransaction()) (void)database.execute("ROLLBACK");
    return done;
  }
  return success();
}

}  // namespace

const Schema& callSchema() { return kCallSchema; }
const Schema& registrationSchema() { return kRegistrationSchema; }

Error explained(Error error, const std::filesystem::path& file, const Schema& schema) {
  const auto is = [&](const char* code) { return std::strcmp(error.code, code) == 0; };
  const auto elsewhere = std::string{"set "} + schema.setting + " to another file";
  std::string remedy;
  if (is("store.file.foreign")) remedy = std::string{"; this is no "} + schema.name + ": move it away, or " + elsewhere;
  if (is("store.file.corrupt")) {
    remedy = "; move it away to begin a new one, and save what is left with: sqlite3 " + file.string() + " .recover";
  }
  if (is("store.schema.newer")) remedy = "; start the newer version, or " + elsewhere;
  if (is("store.file.unwritable")) remedy = "; check the permissions of the file and its folder";
  error.detail = file.string() + ": " + error.detail + remedy;
  return error;
}

Status prepareSchema(Database& database, const std::filesystem::path& file, const Schema& schema) {
  SP_ASSIGN(const auto version, database.number("PRAGMA user_version"));
  SP_ASSIGN(const auto tables, database.number("SELECT count(*) FROM sqlite_schema"));
  const bool empty = version == 0 && tables == 0;
  if (!empty) {
    SP_TRY(checkOwner(database, version, schema));
    SP_TRY(checkIntegrity(database, file));
  }
  const auto pragmas = std::string{"PRAGMA journal_mode = WAL; PRAGMA synchronous = "} + schema.durability;
  SP_TRY(database.execute(pragmas.c_str()));
  return migrate(database, version, schema);
}

Status checkSchema(Database& database, const Schema& schema) {
  SP_ASSIGN(const auto version, database.number("PRAGMA user_version"));
  return checkOwner(database, version, schema);
}

}  // namespace sallyport::store
