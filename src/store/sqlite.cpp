// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.h"

#include <sqlite3.h>

namespace sallyport::store {
namespace {

constexpr int kBusyMs = 2'000;  // readers hold locks for moments only

Error failureOf(sqlite3* database, const char* code) {
  const int reason = database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database);
  const std::string detail = database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  switch (reason & 0xff) {
    case SQLITE_NOTADB: return {ErrorKind::misconfigured, "store.file.foreign", detail};
    case SQLITE_CORRUPT: return {ErrorKind::misconfigured, "store.file.corrupt", detail};
    default: return {ErrorKind::unavailable, code, detail};
  }
}

std::string uriOf(const std::filesystem::path& file, Database::Access access) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  std::error_code failure;
  const auto absolute = std::filesystem::absolute(file, failure);
  for (const char c : (failure ? file : absolute).native()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kHex[byte >> 4];
      uri += kHex[byte & 15];
    }
  }
  if (access == Database::Access::immutable) uri += "?immutable=1";
  return uri;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), index, number);
  return *this;
}

Statement& Statement::bind(int index, const std::optional<std::int64_t>& number) {
  if (number) return bind(index, *number);
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return failureOf(sqlite3_db_handle(statement_.get()), code_);
  }
}

Status Statement::run() {
  auto stepped = step();
  while (stepped && *stepped) stepped = step();
  reset();
  if (!stepped) return std::move(stepped).error();
  return success();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

Result<Database> Database::open(const std::filesystem::path& file, Access access, const char* code) {
  const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                    (access == Access::readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  sqlite3* opened = nullptr;
  const int outcome = sqlite3_open_v2(uriOf(file, access).c_str(), &opened, flags, nullptr);
  Database database{opened, code};
  if (outcome != SQLITE_OK) return failureOf(opened, code);
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, kBusyMs);
  // Files are data, not programs: nothing in a schema may call functions with side effects.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return success();
  return failureOf(database_.get(), code_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  const int outcome = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &prepared, nullptr);
  if (outcome != SQLITE_OK) return failureOf(database_.get(), code_);
  return Statement{prepared, code_};
}

Result<std::int64_t> Database::number(const char* sql) {
  SP_ASSIGN(auto statement, prepare(sql));
  SP_ASSIGN(const bool row, statement.step());
  return row ? statement.integer(0) : std::int64_t{0};
}

bool Database::inTransaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace sallyport::store
