// SPDX-License-Identifier: Apache-2.0
#pragma once
// Batches of records into the database, and what the last process left behind. One thread. Internal to store.

#include <vector>

#include "store/spill_file.h"
#include "store/sqlite.h"
#include "telemetry/call_record.h"

namespace sallyport::store {

struct Operation {
  enum class Kind : std::uint8_t { begun, ended };
  Kind kind = Kind::ended;
  telemetry::CallRecord record;
};

class RecordWriter {
 public:
  // Creates and checks the file; fails as SqliteCallStore::open says. `size_limit` in bytes, 0: none.
  static Result<RecordWriter> open(const std::filesystem::path& file, std::uint64_t size_limit);

  // All of them in one transaction, or none.
  Status write(const std::vector<const Operation*>& operations);

  // Moves spilled records into the database; how many. `unreadable` lines are set aside.
  struct Taken {
    std::size_t records = 0;
    std::size_t unreadable = 0;
  };
  Result<Taken> takeSpilled(SpillFile& spill);

  // Gives every call that is still journaled as open its end: process.crashed. How many.
  Result<std::size_t> closeCrashed(WallTime now);

 private:
  struct Statements {  // prepared once: compiling them costs more than a batch of one call
    Statement journal, strike, insert;
  };
  RecordWriter(Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}
  Status writeAll(const std::vector<const Operation*>& operations);

  Database database_;
  Statements statements_;  // of database_, so destroyed before it
};

}  // namespace sallyport::store
