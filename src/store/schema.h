// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is in a file: whose it is (application_id), which version (user_version), the tables, and how
// an older file becomes a current one. Internal to store.

#include <span>

#include "store/sqlite.h"

namespace sallyport::store {

struct Schema {
  std::int64_t application_id;
  std::span<const char* const> migrations;  // number n takes a file from version n to n + 1
  const char* durability;                   // PRAGMA synchronous
  const char* name;                         // as an operator is told: "call store"
  const char* setting;                      // that names the file: "'cdr' in [telemetry]"
  std::int64_t version() const { return static_cast<std::int64_t>(migrations.size()); }
};
const Schema& callSchema();          // "SPOR"
const Schema& registrationSchema();  // "SPRG"

// For writing: creates the tables in an empty file, migrates an older one, refuses any other.
Status prepareSchema(Database& database, const std::filesystem::path& file, const Schema& schema);

// For reading: refuses what is not ours or too new, changes nothing.
Status checkSchema(Database& database, const Schema& schema);

// The same error, with the file and what the operator can do about it.
Error explained(Error error, const std::filesystem::path& file, const Schema& schema);

}  // namespace sallyport::store
