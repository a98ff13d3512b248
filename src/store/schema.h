// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is in the file: whose it is (application_id), which version (user_version), the tables, and how
// an older file becomes a current one. Internal to store.

#include "store/sqlite.h"

namespace sallyport::store {

inline constexpr std::int64_t kApplicationId = 0x53'50'4f'52;  // "SPOR"
inline constexpr std::int64_t kSchemaVersion = 1;

// For writing: creates the tables in an empty file, migrates an older one, refuses any other.
Status prepareSchema(Database& database, const std::filesystem::path& file);

// For reading: refuses what is not ours or too new, changes nothing.
Status checkSchema(Database& database);

// The same error, with the file and what the operator can do about it.
Error explained(Error error, const std::filesystem::path& file);

}  // namespace sallyport::store
