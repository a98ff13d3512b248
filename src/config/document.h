// SPDX-License-Identifier: Apache-2.0
#pragma once
// A TOML text as a tree that remembers where everything stood. Internal to config: the vendor's parser
// stays behind readDocument(), and the rules of our own file are written against this.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace sallyport::config {

struct Place {
  unsigned line = 0;
  unsigned column = 0;
};

struct Node {
  enum class Kind : std::uint8_t { table, array, text, integer, real, boolean, time };

  Kind kind = Kind::table;
  Place place;      // of the value
  std::string key;  // empty inside an array
  Place key_place;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Node> children;  // of a table or an array

  bool inherited = false;  // from a preset, which has no place in the file

  const Node* find(std::string_view child_key) const;
  Node* find(std::string_view child_key);
};

std::string_view describe(Node::Kind kind);  // "a table", "text", ...

// Collects what is wrong; `file` is repeated in each Problem.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void error(Place place, const char* code, std::string message, std::string suggestion = {});
  void advise(Place place, const char* code, std::string message, std::string suggestion = {});
  void note(Place place, const char* code, std::string message);
  bool any() const { return !errors_.empty(); }

  // Each list in file order.
  void moveInto(LoadOutcome& outcome);

 private:
  std::string file_;
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  std::vector<Problem> notes_;
};

inline constexpr std::size_t kLargestFile = 1u << 20;
inline constexpr std::size_t kLongestLine = 4'096;
inline constexpr unsigned kDeepest = 8;

// False when the text is no TOML; the reason is in `problems`. A syntax error hides what follows it.
bool readDocument(std::string_view text, Node& root, Problems& problems);

}  // namespace sallyport::config
