// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads sallyport.toml. All problems of a file are reported at once, each with its place and, where
// one can be guessed, what was meant. Called at start, by `check` and on reload, never on a worker.
//
// Codes: config.file.* (unreadable, too large, not TOML, a secret's mode), config.key.* (unknown, missing, duplicate),
// config.type, config.value.* (the value itself), config.reference (names what does not exist),
// config.conflict (two settings contradict each other); warnings: config.advice.*; notes: config.note.*.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/result.h"

namespace sallyport::config {

struct Problem {
  std::string file;
  unsigned line = 0;  // 1-based; 0: the file as a whole
  unsigned column = 0;
  const char* code = "";
  std::string message;
  std::string suggestion;  // may be empty

  // "sallyport.toml:12:1: config.key.unknown: no setting 'prot' in [media]; did you mean 'port_range'?"
  std::string toString() const;
};

struct LoadOutcome {
  std::optional<Config> config;  // set exactly when there are no errors
  std::vector<Problem> errors;   // in file order
  std::vector<Problem> warnings;
  std::vector<Problem> notes;  // less than the best protection, where a counterpart has no better; not in report()

  bool ok() const { return config.has_value(); }
  std::string report() const;  // every problem on a line of its own, errors first
};

// Whether what the configuration names must be there and be protected: commands that make such files go on without.
enum class NamedFiles : std::uint8_t { checked, unchecked };
LoadOutcome load(const Path& path, NamedFiles files = NamedFiles::checked);

// The same for text at hand; relative paths resolve against the folder of `path`, which need not exist.
LoadOutcome parse(std::string_view text, const Path& path);

// load() for callers that only go on or give up: all errors in one Error, code "config.invalid".
Result<Config> loadOrExplain(const Path& path, NamedFiles files = NamedFiles::checked);

}  // namespace sallyport::config
