// SPDX-License-Identifier: Apache-2.0
#include "config/table_reader.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace sallyport::config {
namespace {

std::string joined(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) {
    if (!text.empty()) text += ", ";
    text += '"';
    text += name;
    text += '"';
  }
  return text;
}

std::string numberText(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) return std::to_string(static_cast<long long>(number));
  return std::to_string(number);
}

// What people try first when a certificate is refused.
bool wantsVerificationOff(std::string_view key) {
  constexpr std::array<std::string_view, 7> kWishes{"verify",      "insecure",  "skip",     "allow_untrusted",
                                                    "self_signed", "plaintext", "trust_all"};
  return std::any_of(kWishes.begin(), kWishes.end(),
                     [&](std::string_view wish) { return key.find(wish) != std::string_view::npos; });
}

}  // namespace

const Node* TableReader::take(std::string_view key) {
  known_.push_back(key);
  if (reading_.settings != nullptr) reading_.settings->insert(setting_ + std::string{key});
  return table_.find(key);
}

const Node* TableReader::take(std::string_view key, Node::Kind kind) {
  const auto* node = take(key);
  if (node == nullptr || node->kind == kind) return node;
  reading_.problems.error(
      node->place, "config.type",
      settingName(key) + " must be " + std::string{describe(kind)} + ", not " + std::string{describe(node->kind)});
  return nullptr;
}

void TableReader::require(std::string_view key, std::string suggestion) {
  if (table_.find(key) != nullptr) return;
  reading_.problems.error(table_.place, "config.key.missing", settingName(key) + " is missing", std::move(suggestion));
}

void TableReader::text(std::string_view key, std::string& out) {
  if (const auto* node = take(key, Node::Kind::text)) out = node->text;
}

void TableReader::name(std::string_view key, std::string& out) {
  const auto* node = take(key, Node::Kind::text);
  if (node == nullptr) return;
  if (!isName(node->text)) return wrongForm(*node, key, "a name of at most 64 letters, digits, '.', '_' or '-'");
  out = node->text;
}

void TableReader::path(std::string_view key, Path& out) {
  const auto* node = take(key, Node::Kind::text);
  if (node == nullptr) return;
  if (node->text.empty() || node->text.find('\0') != std::string::npos) return wrongForm(*node, key, "a file path");
  const Path given{node->text};
  out = (given.is_absolute() ? given : reading_.folder / given).lexically_normal();
}

void TableReader::flag(std::string_view key, bool& out) {
  if (const auto* node = take(key, Node::Kind::boolean)) out = node->boolean;
}

void TableReader::real(std::string_view key, double& out, double minimum, double maximum) {
  const auto* node = take(key);
  if (node == nullptr) return;
  if (node->kind != Node::Kind::real && node->kind != Node::Kind::integer) {
    reading_.problems.error(node->place, "config.type",
                            settingName(key) + " must be a number, not " + std::string{describe(node->kind)});
    return;
  }
  const double value = node->kind == Node::Kind::real ? node->real : static_cast<double>(node->integer);
  if (!(value >= minimum && value <= maximum)) {  // so that NaN is refused too
    reading_.problems.error(
        node->place, "config.value.range",
        settingName(key) + " must be between " + numberText(minimum) + " and " + numberText(maximum));
    return;
  }
  out = value;
}

void TableReader::duration(std::string_view key, Milliseconds& out, Milliseconds minimum, Milliseconds maximum) {
  const auto* node = take(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::integer) {
    reading_.problems.error(
        node->place, "config.type", settingName(key) + " needs a unit",
        "write \"" + std::to_string(node->integer) + "s\" or \"" + std::to_string(node->integer) + "ms\"");
    return;
  }
  const auto value = node->kind == Node::Kind::text ? parseDuration(node->text) : std::nullopt;
  if (!value) return wrongForm(*node, key, "a duration such as \"500ms\", \"30s\", \"5m\" or \"2h\"");
  if (*value < minimum || *value > maximum) {
    reading_.problems.error(
        node->place, "config.value.range",
        settingName(key) + " must be between " + durationText(minimum) + " and " + durationText(maximum));
    return;
  }
  out = *value;
}

void TableReader::duration(std::string_view key, std::chrono::seconds& out, Milliseconds minimum,
                           Milliseconds maximum) {
  Milliseconds value = out;
  duration(key, value, minimum, maximum);
  out = std::chrono::duration_cast<std::chrono::seconds>(value);
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) {
  const auto* node = take(key, Node::Kind::integer);
  if (node == nullptr) return std::nullopt;
  if (node->integer >= minimum && node->integer <= maximum) return node->integer;
  reading_.problems.error(
      node->place, "config.value.range",
      settingName(key) + " must be between " + std::to_string(minimum) + " and " + std::to_string(maximum));
  return std::nullopt;
}

void TableReader::numbers(std::string_view key, std::vector<unsigned>& out, std::int64_t minimum,
                          std::int64_t maximum) {
  const auto* node = take(key);
  if (node == nullptr) return;
  const std::span items = node->kind == Node::Kind::array ? std::span{node->children} : std::span{node, 1};
  std::vector<unsigned> values;
  for (const auto& item : items) {
    const bool fits = item.kind == Node::Kind::integer && item.integer >= minimum && item.integer <= maximum;
    if (!fits) {
      const auto range = std::to_string(minimum) + " and " + std::to_string(maximum);
      reading_.problems.error(item.place, item.kind == Node::Kind::integer ? "config.value.range" : "config.type",
                              settingName(key) + " must be a list of numbers between " + range);
      return;
    }
    values.push_back(static_cast<unsigned>(item.integer));
  }
  out = std::move(values);
}

std::optional<std::vector<const Node*>> TableReader::takeList(std::string_view key) {
  const auto* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::text) return std::vector{node};
  std::vector<const Node*> items;
  if (node->kind == Node::Kind::array) {
    for (const auto& child : node->children) items.push_back(&child);
  }
  const bool all_text =
      std::all_of(items.begin(), items.end(), [](const Node* item) { return item->kind == Node::Kind::text; });
  if (node->kind == Node::Kind::array && all_text) return items;
  reading_.problems.error(node->place, "config.type", settingName(key) + " must be a list of texts");
  return std::nullopt;
}

std::vector<const Node*> TableReader::takeTables(std::string_view key) {
  const auto* node = take(key);
  std::vector<const Node*> tables;
  if (node == nullptr) return tables;
  bool all = node->kind == Node::Kind::array;
  for (const auto& child : node->children) {
    all = all && child.kind == Node::Kind::table;
    tables.push_back(&child);
  }
  if (all) return tables;
  reading_.problems.error(node->place, "config.type", settingName(key) + " must be a list of tables",
                          "such as " + std::string{key} + " = [{ ... }, { ... }]");
  return {};
}

void TableReader::wrongForm(const Node& node, std::string_view key, std::string_view form) {
  const bool is_text = node.kind == Node::Kind::text;
  reading_.problems.error(node.place, is_text ? "config.value.form" : "config.type",
                          settingName(key) + " must be " + std::string{form} +
                              (is_text ? ", not \"" + node.text + "\"" : ", not " + std::string{describe(node.kind)}));
}

void TableReader::wrongChoice(const Node& node, std::string_view key, std::span<const std::string_view> names) {
  const auto near = nearest(node.text, names);
  reading_.problems.error(node.place, "config.value.choice",
                          settingName(key) + " must be one of " + joined(names) + ", not \"" + node.text + "\"",
                          near.empty() ? "" : "did you mean \"" + near + "\"?");
}

void TableReader::finish() {
  for (const auto& child : table_.children) {
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    auto near = nearest(child.key, known_);
    auto suggestion = near.empty() ? std::string{} : "did you mean '" + near + "'?";
    if (near.empty() && wantsVerificationOff(child.key)) {
      suggestion = "nothing turns verification off: give the peer's own CA to a [[trust]] instead";
    }
    reading_.problems.error(child.key_place, "config.key.unknown", "no setting '" + child.key + "' in " + label_,
                            std::move(suggestion));
  }
}

Place TableReader::placeOf(std::string_view key) const {
  const auto* node = table_.find(key);
  return node == nullptr ? table_.place : node->place;
}

std::string TableReader::settingName(std::string_view key) const { return "'" + std::string{key} + "' in " + label_; }

}  // namespace sallyport::config
