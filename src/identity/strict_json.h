// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON (RFC 8259) as far as tokens and key sets need it: bounded in size, depth and number of values, and no
// object with the same name twice, of which two readers could take different ones (RFC 8725 2.4). For sources
// of this room.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace sallyport::identity {

struct JsonMember;

struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;

  std::variant<std::monostate, bool, double, std::string, Array, Object> value;  // monostate: null

  const JsonValue* find(std::string_view name) const;  // of an object; null where it has none, or is none
  const std::string* text() const { return std::get_if<std::string>(&value); }
  const double* number() const { return std::get_if<double>(&value); }
  const Array* array() const { return std::get_if<Array>(&value); }
  const Object* object() const { return std::get_if<Object>(&value); }
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// One object and nothing after it. Nothing where it is none, goes deeper than 8 or holds over 2048 values.
std::optional<JsonValue> parseJsonObject(std::string_view text);

}  // namespace sallyport::identity
