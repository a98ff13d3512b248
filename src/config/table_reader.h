// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads one table of the file into a struct: each setting is asked for once, by name, with its range;
// finish() then reports every key that nobody asked for. A setting that is absent leaves the struct's
// default. Internal to config.
//
// With `settings` in the Reading, tables that are absent are read as empty ones too, so that afterwards every
// setting there is stands in it, by its full name: "peer.credentials.username".

#include <array>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/choices.h"
#include "config/document.h"
#include "config/text_values.h"

namespace sallyport::config {

// What all tables of a file are read with.
struct Reading {
  const Path& folder;
  Problems& problems;
  std::set<std::string>* settings = nullptr;
};

class TableReader {
 public:
  // `label` is how messages call the table: "[media]", "[[peer]] 'core'"; `setting` how its settings are called:
  // "media.", "peer.".
  TableReader(const Node& table, std::string label, std::string setting, const Reading& reading)
      : table_(table), label_(std::move(label)), setting_(std::move(setting)), reading_(reading) {}

  // Null when absent.
  const Node* take(std::string_view key);
  const Node* take(std::string_view key, Node::Kind kind);  // complains about any other kind

  // Complains when the key is absent; its value is judged elsewhere.
  void require(std::string_view key, std::string suggestion);

  void text(std::string_view key, std::string& out);
  void name(std::string_view key, std::string& out);
  void path(std::string_view key, Path& out);
  void flag(std::string_view key, bool& out);
  void real(std::string_view key, double& out, double minimum, double maximum);
  void duration(std::string_view key, Milliseconds& out, Milliseconds minimum, Milliseconds maximum);
  void duration(std::string_view key, std::chrono::seconds& out, Milliseconds minimum, Milliseconds maximum);

  template <typename N>
  void number(std::string_view key, std::optional<N>& out, std::int64_t minimum, std::int64_t maximum) {
    if (const auto value = integer(key, minimum, maximum)) out = static_cast<N>(*value);
  }

  template <typename N>
  void number(std::string_view key, N& out, std::int64_t minimum, std::int64_t maximum) {
    if (const auto value = integer(key, minimum, maximum)) out = static_cast<N>(*value);
  }

  // A list of whole numbers; one stands for a list of one.
  void numbers(std::string_view key, std::vector<unsigned>& out, std::int64_t minimum, std::int64_t maximum);

  // Text in a notation of its own: `parse` maps a string_view to an optional; `form` says what is expected.
  template <typename T, typename Parse>
  bool parsed(std::string_view key, T& out, Parse parse, std::string_view form) {
    const auto* node = take(key, Node::Kind::text);
    return node != nullptr && convert(*node, out, parse, key, form);
  }

  // A list of such texts; one bare text stands for a list of one.
  template <typename T, typename Parse>
  void list(std::string_view key, std::vector<T>& out, Parse parse, std::string_view form) {
    const auto nodes = takeList(key);
    if (!nodes) return;
    out.clear();
    for (const auto* node : *nodes) {
      T value{};
      if (convert(*node, value, parse, key, form)) out.push_back(std::move(value));
    }
  }

  template <typename E, std::size_t N>
  void choice(std::string_view key, E& out, const std::array<Choice<E>, N>& choices) {
    if (const auto* node = take(key, Node::Kind::text)) choose(*node, key, out, choices);
  }

  template <typename E, std::size_t N>
  void choices(std::string_view key, std::vector<E>& out, const std::array<Choice<E>, N>& from) {
    const auto nodes = takeList(key);
    if (!nodes) return;
    out.clear();
    for (const auto* node : *nodes) {
      E value{};
      if (choose(*node, key, value, from)) out.push_back(value);
    }
  }

  // A table within this one: `read` is given a reader of it, unless it is absent. True when it was there.
  template <typename Read>
  bool table(std::string_view key, Read read) {
    const auto* node = take(key, Node::Kind::table);
    if (node != nullptr) readInner(*node, label_ + " " + std::string{key}, key, read);
    if (node == nullptr && reading_.settings != nullptr) readInner(Node{}, std::string{key}, key, read);
    return node != nullptr;
  }

  // A list of tables, `read` once for each.
  template <typename Read>
  void tables(std::string_view key, Read read) {
    for (const auto* node : takeTables(key)) readInner(*node, label_ + " " + std::string{key}, key, read);
    if (reading_.settings != nullptr) readInner(Node{}, std::string{key}, key, read);
  }

  void finish();  // unknown keys

  Place place() const { return table_.place; }
  Place placeOf(std::string_view key) const;  // of the value, or of the table when absent
  const std::string& label() const { return label_; }
  Problems& problems() const { return reading_.problems; }
  const Reading& reading() const { return reading_; }
  const Node& node() const { return table_; }
  bool has(std::string_view key) const { return table_.find(key) != nullptr; }

 private:
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t minimum, std::int64_t maximum);
  std::optional<std::vector<const Node*>> takeList(std::string_view key);
  std::vector<const Node*> takeTables(std::string_view key);
  void wrongForm(const Node& node, std::string_view key, std::string_view form);
  void wrongChoice(const Node& node, std::string_view key, std::span<const std::string_view> names);
  std::string settingName(std::string_view key) const;

  template <typename T, typename Parse>
  bool convert(const Node& node, T& out, Parse parse, std::string_view key, std::string_view form) {
    auto value = parse(std::string_view{node.text});
    if (!value) {
      wrongForm(node, key, form);
      return false;
    }
    out = std::move(*value);
    return true;
  }

  template <typename E, std::size_t N>
  bool choose(const Node& node, std::string_view key, E& out, const std::array<Choice<E>, N>& choices) {
    std::array<std::string_view, N> names;
    for (std::size_t i = 0; i < N; ++i) {
      names[i] = choices[i].first;
      if (names[i] != node.text) continue;
      out = choices[i].second;
      return true;
    }
    wrongChoice(node, key, names);
    return false;
  }

  template <typename Read>
  void readInner(const Node& node, std::string label, std::string_view key, Read read) {
    TableReader inner{node, std::move(label), setting_ + std::string{key} + ".", reading_};
    read(inner);
    inner.finish();
  }

  const Node& table_;
  const std::string label_;
  const std::string setting_;
  const Reading reading_;
  std::vector<std::string_view> known_;
};

}  // namespace sallyport::config
