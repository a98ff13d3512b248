// SPDX-License-Identifier: Apache-2.0
#pragma once
// Durations as a person writes them: "5s", "500ms", "2m"; a bare number is seconds.

#include <chrono>
#include <optional>
#include <string_view>

namespace sallyport::phone {

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);  // at most a day

}  // namespace sallyport::phone
