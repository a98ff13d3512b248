// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <fstream>

#include "config/sections.h"

namespace sallyport::config {
namespace {

using FileCheck = void (*)(const Node&, const Config&, Problems&);

LoadOutcome examine(std::string_view text, const Path& path, FileCheck check_files) {
  LoadOutcome outcome;
  Problems problems{path.string()};
  Node root;
  if (readDocument(text, root, problems)) {
    Config config;
    config.file = path;
    const auto folder = path.parent_path();
    applyPresets(root, problems);
    readSections(root, folder, config, problems);
    checkConsistency(root, config, problems);
    if (check_files != nullptr) check_files(root, config, problems);
    if (!problems.any()) outcome.config = std::move(config);
  }
  problems.moveInto(outcome);
  return outcome;
}

LoadOutcome unreadable(const Path& path, std::string message, std::string suggestion) {
  LoadOutcome outcome;
  outcome.errors.push_back({path.string(), 0, 0, "config.file.unreadable", std::move(message), std::move(suggestion)});
  return outcome;
}

// Control bytes from the file would otherwise reach the operator's terminal.
void appendVisible(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace

std::string Problem::toString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  text += ": ";
  text += code;
  text += ": ";
  appendVisible(text, message);
  if (!suggestion.empty()) {
    text += "; ";
    appendVisible(text, suggestion);
  }
  return text;
}

std::string LoadOutcome::report() const {
  std::string text;
  for (const auto& problem : errors) text += "error: " + problem.toString() + "\n";
  for (const auto& problem : warnings) text += "warning: " + problem.toString() + "\n";
  return text;
}

LoadOutcome parse(std::string_view text, const Path& path) { return examine(text, path, nullptr); }

LoadOutcome load(const Path& path, NamedFiles files) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    return unreadable(path, "there is no such file", "deploy/sallyport.toml is a commented one to begin with");
  }
  if (std::filesystem::is_directory(status)) return unreadable(path, "this is a folder", {});
  std::ifstream file{path, std::ios::binary};
  std::string text(kLargestFile + 1, '\0');  // one byte more than allowed, so that excess shows
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) return unreadable(path, "it cannot be read", "check its permissions");
  text.resize(static_cast<std::size_t>(file.gcount()));
  const auto absolute = std::filesystem::absolute(path, failure);
  return examine(text, failure ? path : absolute.lexically_normal(),
                 files == NamedFiles::checked ? checkFiles : nullptr);
}

Result<Config> loadOrExplain(const Path& path, NamedFiles files) {
  auto outcome = load(path, files);
  if (outcome.config) return *std::move(outcome.config);
  outcome.warnings.clear();
  auto report = outcome.report();
  if (!report.empty()) report.pop_back();
  return Error{ErrorKind::misconfigured, "config.invalid", std::move(report)};
}

}  // namespace sallyport::config
