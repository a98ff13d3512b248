// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/duration.h"

#include "core/numbers.h"

namespace sallyport::phone {

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
  constexpr std::uint64_t kDay = 24ULL * 60 * 60 * 1'000;
  struct Unit {
    std::string_view suffix;
    std::uint64_t milliseconds;
  };
  for (const auto& unit : {Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"", 1'000}}) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto count = parseUnsigned(text.substr(0, text.size() - unit.suffix.size()), 0, kDay / unit.milliseconds);
    if (!count) return std::nullopt;
    return std::chrono::milliseconds{static_cast<std::int64_t>(*count * unit.milliseconds)};
  }
  return std::nullopt;
}

}  // namespace sallyport::phone
