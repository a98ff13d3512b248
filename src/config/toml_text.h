// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values as TOML writes them. Internal to config.

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

std::string tomlText(std::string_view text);  // a basic string
std::string tomlList(const std::vector<std::string>& texts);

}  // namespace sallyport::config
