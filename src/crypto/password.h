// SPDX-License-Identifier: Apache-2.0
#pragma once
// A password as a person or a file gives it. Never as an argument of a command: those are everybody's to read.

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/result.h"
#include "core/secret.h"

namespace sallyport::crypto {

inline constexpr std::size_t kLongestPassword = 256;  // bytes

// The first line of the file, which must be its owner's alone. Errors (misconfigured): readPemFile()'s,
// "crypto.password.line" (empty, or longer than kLongestPassword).
Result<Secret> passwordFromFile(const std::filesystem::path& file);
// The same for a token, which may be longer. Error: "crypto.token.line".
inline constexpr std::size_t kLongestToken = 8'192;  // bytes
Result<Secret> tokenFromFile(const std::filesystem::path& file);

struct PasswordPrompt {
  enum class Times : std::uint8_t { once, twice };
  std::string question;  // "Password of alice@example.org"
  Times times = Times::once;
};
// The next line of a descriptor; at a terminal it is asked for, not echoed, and asked for again when `twice`.
// Errors (misconfigured): "crypto.password.line", ".differ" (the second time), ".cancelled" (Ctrl-C), ".unreadable".
Result<Secret> passwordFrom(int descriptor, const PasswordPrompt& prompt);

}  // namespace sallyport::crypto
