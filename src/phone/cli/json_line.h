// SPDX-License-Identifier: Apache-2.0
#pragma once
// One JSON object on one line (RFC 8259), built field by field; whatever a peer sent is escaped.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::phone {

class JsonLine {
 public:
  JsonLine& text(std::string_view name, std::string_view value);
  JsonLine& number(std::string_view name, double value);  // three decimals at most
  JsonLine& integer(std::string_view name, std::int64_t value);
  JsonLine& flag(std::string_view name, std::same_as<bool> auto value) { return raw(name, value ? "true" : "false"); }
  JsonLine& object(std::string_view name, const JsonLine& value) { return raw(name, value.str()); }
  JsonLine& raw(std::string_view name, std::string_view json);  // already JSON

  std::string str() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};

std::string jsonString(std::string_view value);  // with its quotes; bytes that are not UTF-8 become U+FFFD

}  // namespace sallyport::phone
