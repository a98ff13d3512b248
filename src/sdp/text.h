// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small pieces of RFC 8866 9 grammar shared inside the room. Views in, views out.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::sdp {

// RFC 8866 `token-char`.
constexpr bool isTokenChar(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == 0x21 || (u >= 0x23 && u <= 0x27) || u == 0x2A || u == 0x2B || u == 0x2D || u == 0x2E ||
         (u >= 0x30 && u <= 0x39) || (u >= 0x41 && u <= 0x5A) || (u >= 0x5E && u <= 0x7E);
}

bool isToken(std::string_view text);
bool equalsIgnoringCase(std::string_view a, std::string_view b);
bool startsWithIgnoringCase(std::string_view text, std::string_view lower_case_prefix);

// Everything up to the first `separator`, which is consumed; all of it when there is none.
std::string_view takeUntil(std::string_view& text, char separator);
std::string_view trim(std::string_view text);  // spaces and tabs

// The words of a line; runs of spaces count as one. Nothing when there are more than `at_most`.
std::optional<std::vector<std::string_view>> words(std::string_view text, std::size_t at_most);

}  // namespace sallyport::sdp
