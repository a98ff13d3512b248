// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a configuration gives up of the protection that is the default, by a setting that says so. `check` advises
// against it, `check --strict` refuses it, and the running edge shows it. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sallyport::config {

struct Weakness {
  enum class Weight : std::uint8_t {
    refused,  // --strict fails
    noted,    // as the counterpart needs it; --strict says it and goes on
  };

  std::string_view section;  // "peer", "firewall", "guard"
  std::size_t index = 0;     // of the section, when there are several
  std::string_view key;      // the setting that says so
  const char* code = "";     // config.advice.*, config.note.*
  Weight weight = Weight::refused;
  std::string text;
};

std::vector<Weakness> weaknessesOf(const Config& config);  // peers in file order, the firewall, the guard's rules

}  // namespace sallyport::config
