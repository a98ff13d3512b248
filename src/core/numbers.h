// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one integer parser: decimal digits only, no sign, no space, no wrap, inside a range.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport {

std::optional<std::uint64_t> parseUnsigned(std::string_view digits, std::uint64_t minimum, std::uint64_t maximum);

}  // namespace sallyport
