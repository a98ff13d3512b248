// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl_error.h"

#include <openssl/err.h>

namespace sallyport::crypto {

std::string drainOpensslErrors() {
  std::string text;
  const char* data = nullptr;
  int flags = 0;
  while (const auto code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    if (!text.empty()) text += "; ";
    const char* reason = ERR_reason_error_string(code);
    text += reason != nullptr ? reason : "error " + std::to_string(code);
    if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') text += std::string{" ("} + data + ")";
  }
  return text;
}

Error opensslError(ErrorKind kind, const char* code, std::string_view what) {
  std::string detail{what};
  if (auto reasons = drainOpensslErrors(); !reasons.empty()) detail += ": " + reasons;
  return {kind, code, std::move(detail)};
}

}  // namespace sallyport::crypto
