// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is known of the counterparts of the world, one file each in deploy/presets, compiled in. A [[peer]] that names
// one takes its settings from there where it says nothing itself. Immutable; any thread.

#include <span>
#include <string>
#include <string_view>

namespace sallyport::config {

struct Preset {
  std::string_view name;
  std::string_view text;  // TOML: `version`, `title` and settings of [[peer]], with their sources as comments
};

std::span<const Preset> presets();                // by name
const Preset* findPreset(std::string_view name);  // null when there is none

struct PresetTitle {
  std::string version;  // "2026-11"
  std::string title;
};
PresetTitle titleOf(const Preset& preset);

}  // namespace sallyport::config
