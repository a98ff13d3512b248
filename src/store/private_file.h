// SPDX-License-Identifier: Apache-2.0
#pragma once
// The file of a store: its owner's alone, and one process's at a time. Internal to store.

#include <filesystem>
#include <utility>

#include "core/fd.h"
#include "core/result.h"

namespace sallyport::store {

// SQLite would open a file it cannot write for reading, and create one that everybody can read: this creates
// it with 0600, or leaves it as it is. Error: store.file.unwritable.
Status createPrivately(const std::filesystem::path& file);

// Held for as long as a store is open: two edges never write one file.
class FileLock {
 public:
  // <file>.lock. Errors: store.file.unwritable, store.file.busy.
  static Result<FileLock> take(std::filesystem::path file);

 private:
  explicit FileLock(Fd descriptor) : descriptor_(std::move(descriptor)) {}
  Fd descriptor_;
};

}  // namespace sallyport::store
