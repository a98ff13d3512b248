// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads a file of certificates, lists, keys or verifiers whole, bounded in size, into memory that is wiped afterwards.

#include <cstdint>
#include <filesystem>

#include "core/result.h"
#include "core/secret.h"

namespace sallyport::crypto {

enum class Readers : std::uint8_t { anybody, ownerOnly };

// Errors (misconfigured): crypto.file.missing, crypto.file.unreadable (also: not a regular file),
// crypto.file.too_large; crypto.key.permissions where `ownerOnly` and group or others have any access.
Result<Secret> readPemFile(const std::filesystem::path& file, Readers readers);

}  // namespace sallyport::crypto
