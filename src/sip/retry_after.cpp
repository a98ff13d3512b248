// SPDX-License-Identifier: Apache-2.0
#include "sip/retry_after.h"

#include <algorithm>

#include "core/numbers.h"

namespace sallyport::sip {

std::optional<std::chrono::seconds> retryAfter(const Message& response) {
  constexpr std::chrono::seconds kLongest{86'400};
  const auto text = response.header(HeaderId::retryAfter);
  if (!text) return std::nullopt;
  const auto value = parseUnsigned(text->substr(0, text->find_first_of(" \t;(")), 0, 0xFFFF'FFFF);
  if (!value) return std::nullopt;
  return std::min(std::chrono::seconds{*value}, kLongest);
}

}  // namespace sallyport::sip
