// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "config/text_scan.h"

// Text can reach some of the parser's own assertions ("[}" does), and in a release build clang would
// take them for promises. Here they are checked in every build and become syntax errors; in a function
// that must not throw they end the process, which fuzzing has not brought about.
#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void(0) : throw std::logic_error("this is not TOML"))
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wexceptions"
#else
#pragma GCC diagnostic ignored "-Wterminate"
#endif
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace sallyport::config {
namespace {

Place placeOf(const toml::source_region& region) { return {region.begin.line, region.begin.column}; }

class Converter {
 public:
  explicit Converter(Problems& problems) : problems_(problems) {}

  bool convert(const toml::node& from, Node& to, unsigned depth) {
    to.place = placeOf(from.source());
    if (depth > kDeepest) {
      problems_.error(to.place, "config.file.syntax", "nested more than " + std::to_string(kDeepest) + " deep");
      return false;
    }
    if (const auto* table = from.as_table()) return convertTable(*table, to, depth);
    if (const auto* array = from.as_array()) return convertArray(*array, to, depth);
    convertValue(from, to);
    return true;
  }

 private:
  bool convertTable(const toml::table& table, Node& to, unsigned depth) {
    to.kind = Node::Kind::table;
    for (const auto& [key, value] : table) {
      auto& child = to.children.emplace_back();
      child.key = std::string{key.str()};
      child.key_place = placeOf(key.source());
      if (!convert(value, child, depth + 1)) return false;
    }
    return true;
  }

  bool convertArray(const toml::array& array, Node& to, unsigned depth) {
    to.kind = Node::Kind::array;
    for (const auto& value : array) {
      if (!convert(value, to.children.emplace_back(), depth + 1)) return false;
    }
    return true;
  }

  static void convertValue(const toml::node& from, Node& to) {
    if (const auto* text = from.as_string()) {
      to.kind = Node::Kind::text;
      to.text = text->get();
    } else if (const auto* integer = from.as_integer()) {
      to.kind = Node::Kind::integer;
      to.integer = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
      to.kind = Node::Kind::real;
      to.real = real->get();
    } else if (const auto* boolean = from.as_boolean()) {
      to.kind = Node::Kind::boolean;
      to.boolean = boolean->get();
    } else {
      to.kind = Node::Kind::time;
    }
  }

  Problems& problems_;
};

void sortByPlace(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair{a.line, a.column} < std::pair{b.line, b.column};
  });
}

}  // namespace

const Node* Node::find(std::string_view child_key) const {
  if (kind != Kind::table) return nullptr;
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const Node& child) { return child.key == child_key; });
  return found == children.end() ? nullptr : &*found;
}

Node* Node::find(std::string_view child_key) {
  return const_cast<Node*>(static_cast<const Node&>(*this).find(child_key));
}

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::table: return "a table";
    case Node::Kind::array: return "a list";
    case Node::Kind::text: return "text";
    case Node::Kind::integer: return "a whole number";
    case Node::Kind::real: return "a number";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::time: break;
  }
  return "a date or time";
}

void Problems::error(Place place, const char* code, std::string message, std::string suggestion) {
  errors_.push_back({file_, place.line, place.column, code, std::move(message), std::move(suggestion)});
}

void Problems::advise(Place place, const char* code, std::string message, std::string suggestion) {
  warnings_.push_back({file_, place.line, place.column, code, std::move(message), std::move(suggestion)});
}

void Problems::note(Place place, const char* code, std::string message) {
  notes_.push_back({file_, place.line, place.column, code, std::move(message), {}});
}

void Problems::moveInto(LoadOutcome& outcome) {
  sortByPlace(errors_);
  sortByPlace(warnings_);
  sortByPlace(notes_);
  outcome.errors = std::move(errors_);
  outcome.warnings = std::move(warnings_);
  outcome.notes = std::move(notes_);
}

bool readDocument(std::string_view text, Node& root, Problems& problems) {
  if (!scanText(text, problems)) return false;
  try {
    return Converter{problems}.convert(toml::parse(text), root, 0);
  } catch (const toml::parse_error& failure) {
    const std::string description{failure.description()};
    const bool twice = description.find("redefine") != std::string::npos;
    problems.error(placeOf(failure.source()), twice ? "config.key.duplicate" : "config.file.syntax", description,
                   "what follows this place was not examined");
  } catch (const std::exception& failure) {
    problems.error({}, "config.file.syntax", failure.what());
  }
  return false;
}

}  // namespace sallyport::config
