// SPDX-License-Identifier: Apache-2.0
#pragma once
// SQLite behind RAII. A Database and its Statements belong to one thread at a time. Internal to store.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sallyport::store {

class Statement {
 public:
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t number);
  Statement& bind(int index, const std::optional<std::int64_t>& number);

  Result<bool> step();  // true: there is a row
  Status run();         // to the end, and ready to be bound again
  void reset();

  std::string text(int column) const;
  std::int64_t integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3_stmt* statement, const char* code) : statement_(statement), code_(code) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  const char* code_;
};

class Database {
 public:
  enum class Access : std::uint8_t { readWrite, readOnly, immutable };

  // Failures of this and of everything below carry `code`; SQLITE_NOTADB and SQLITE_CORRUPT always carry
  // store.file.foreign and store.file.corrupt.
  static Result<Database> open(const std::filesystem::path& file, Access access, const char* code);

  Status execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  Result<std::int64_t> number(const char* sql);  // the first column of the first row
  bool inTransaction() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Database(sqlite3* database, const char* code) : database_(database), code_(code) {}

  std::unique_ptr<sqlite3, Close> database_;
  const char* code_;
};

}  // namespace sallyport::store
