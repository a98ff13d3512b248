// SPDX-License-Identifier: Apache-2.0
#pragma once
// UTF-8 as RFC 3629 4 has it: the shortest form only, no surrogates, nothing above U+10FFFF. Pure; any thread.

#include <cstddef>
#include <string_view>

namespace sallyport {

struct Utf8Character {
  char32_t character = 0xfffd;  // the replacement character where there is none
  std::size_t bytes = 1;
  bool valid = false;
};

// The character that `text`, which is not empty, begins with.
Utf8Character decodeUtf8(std::string_view text);
bool isUtf8(std::string_view text);

}  // namespace sallyport
