// SPDX-License-Identifier: Apache-2.0
// A pattern of the configuration and a text of a stranger, a line each: bounded states, bounded time, and the same
// answer from a pattern that means the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "call/route_pattern.h"

namespace {

using sallyport::call::RoutePattern;

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto end = input.find('\n');
  const auto pattern = input.substr(0, end);
  const auto text = end == std::string_view::npos ? std::string_view{} : input.substr(end + 1);
  const auto compiled = RoutePattern::compile(pattern);
  if (!compiled) return 0;
  require(compiled->states() <= RoutePattern::kMaxStates);
  const bool matches = compiled->matches(text);
  require(!matches || text.size() <= RoutePattern::kMaxText);
  if (pattern.empty() || pattern.front() == '^' || pattern.back() == '$' || pattern.back() == '\\') return 0;
  const auto grouped = RoutePattern::compile("^(" + std::string{pattern} + "|" + std::string{pattern} + ")$");
  require(!grouped || grouped->matches(text) == matches);
  return 0;
}
