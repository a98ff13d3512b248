// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the published vectors and hostile inputs are. For tests only; one that does not find them says so and skips.

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace sallyport::test {

inline std::string corpusPath(const std::string& name) {
  const char* configured = std::getenv("SALLYPORT_CORPORA");
  return (configured != nullptr ? configured : std::string{SALLYPORT_SOURCE_DIR} + "/../shared/corpora") + "/" + name;
}

// The text of a corpus file, or nothing when the corpora are not here.
inline std::optional<std::string> corpus(const std::string& name) {
  std::ifstream file{corpusPath(name), std::ios::binary};
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The string member `name` of a JSON text behind the first `section`: enough for flat vector files.
inline std::string jsonText(const std::string& json, const std::string& section, const std::string& name) {
  const auto from = json.find("\"" + section + "\"");
  const auto key = from == std::string::npos ? from : json.find("\"" + name + "\"", from);
  if (key == std::string::npos) return "";
  const auto open = json.find('"', json.find(':', key));
  return json.substr(open + 1, json.find('"', open + 1) - open - 1);
}

}  // namespace sallyport::test
