// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bindings as rows: what is bound to many addresses in one transaction, and all there are. One thread.
// Internal to store.

#include <vector>

#include "store/registration_store.h"
#include "store/sqlite.h"

namespace sallyport::store {

class RegistrationRows {
 public:
  // Creates and checks the file; fails as RegistrationStore::open says, and with store.file.corrupt.
  static Result<RegistrationRows> open(const std::filesystem::path& file);

  Result<std::vector<StoredBinding>> all();
  // What the source says of each address takes the place of what is there; all of them or none.
  Status write(const std::vector<std::string>& aors, const RegistrationSource& source);

 private:
  explicit RegistrationRows(Database database) : database_(std::move(database)) {}
  Status writeAll(const std::vector<std::string>& aors, const RegistrationSource& source);

  Database database_;
};

}  // namespace sallyport::store
