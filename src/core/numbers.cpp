// SPDX-License-Identifier: Apache-2.0
#include "core/numbers.h"

#include <limits>

namespace sallyport {

std::optional<std::uint64_t> parseUnsigned(std::string_view digits, std::uint64_t minimum, std::uint64_t maximum) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value < minimum || value > maximum) return std::nullopt;
  return value;
}

}  // namespace sallyport
