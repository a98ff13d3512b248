// SPDX-License-Identifier: Apache-2.0
#include "identity/strict_json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>

namespace sallyport::identity {
namespace {

namespace json = boost::json;
using json::error_code;

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxValues = 2'048;

// What the parser calls, in the order of the text. A false answer, with a cause, ends it.
class Builder {
 public:
  static constexpr std::size_t max_object_size = kMaxValues;
  static constexpr std::size_t max_array_size = kMaxValues;
  static constexpr std::size_t max_key_size = 256;
  static constexpr std::size_t max_string_size = 64 * 1024;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& error) { return open(JsonValue::Object{}, error); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code& error) { return open(JsonValue::Array{}, error); }
  bool on_array_end(std::size_t, error_code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    append(part);
    auto& members = std::get<JsonValue::Object>(open_.back()->value);
    const auto same = [this](const JsonMember& member) { return member.name == text_; };
    if (std::any_of(members.begin(), members.end(), same)) return refuse(error);
    members.push_back({std::exchange(text_, {}), {}});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_string(json::string_view part, std::size_t, error_code& error) {
    append(part);
    return add(std::exchange(text_, {}), error);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, error_code& error) { return addNumber(number, error); }
  bool on_uint64(std::uint64_t number, json::string_view, error_code& error) { return addNumber(number, error); }
  bool on_double(double number, json::string_view, error_code& error) { return add(number, error); }
  bool on_bool(bool value, error_code& error) { return add(value, error); }
  bool on_null(error_code& error) { return add(std::monostate{}, error); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  JsonValue take() { return std::move(root_); }

 private:
  static bool refuse(error_code& error) {
    error = json::error::extra_data;
    return false;
  }
  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  // Where the next value belongs: the root, the member just named, or the array's end.
  JsonValue& place() {
    if (open_.empty()) return root_;
    auto& parent = open_.back()->value;
    if (auto* members = std::get_if<JsonValue::Object>(&parent)) return members->back().value;
    return std::get<JsonValue::Array>(parent).emplace_back();
  }
  template <typename T>
  bool add(T value, error_code& error) {
    if (++values_ > kMaxValues) return refuse(error);
    place().value = std::move(value);
    return true;
  }
  template <typename T>
  bool addNumber(T number, error_code& error) {
    return add(static_cast<double>(number), error);
  }
  template <typename T>
  bool open(T container, error_code& error) {
    if (++values_ > kMaxValues) return refuse(error);
    auto& value = place();
    value.value = std::move(container);
    open_.push_back(&value);  // a container grows no further until the one inside it is closed
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string text_;
  std::size_t values_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto* members = object();
  if (members == nullptr) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [name](const auto& member) { return member.name == name; });
  return found == members->end() ? nullptr : &found->value;
}

std::optional<JsonValue> parseJsonObject(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<Builder> parser{options};
  error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (error || read != text.size()) return std::nullopt;
  auto value = parser.handler().take();
  if (value.object() == nullptr) return std::nullopt;
  return value;
}

}  // namespace sallyport::identity
