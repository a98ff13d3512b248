// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/json_line.h"

#include <cmath>
#include <cstdio>

namespace sallyport::phone {
namespace {

// The length of the well-formed UTF-8 sequence (RFC 3629) at the head of `text`, 0 when there is none.
std::size_t sequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF5 ? 0 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = at(1);
  const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
                   (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90);
  return bad ? 0 : length;
}

}  // namespace

std::string jsonString(std::string_view value) {
  std::string out = "\"";
  while (!value.empty()) {
    const auto length = sequenceLength(value);
    const auto byte = static_cast<unsigned char>(value.front());
    if (length == 0) {
      out += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      out.append({'\\', static_cast<char>(byte)});
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

JsonLine& JsonLine::raw(std::string_view name, std::string_view json) {
  if (!fields_.empty()) fields_ += ",";
  fields_.append(jsonString(name)).append(":").append(json);
  return *this;
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) { return raw(name, jsonString(value)); }

JsonLine& JsonLine::integer(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }

JsonLine& JsonLine::number(std::string_view name, double value) {
  if (!std::isfinite(value)) return raw(name, "null");
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.3f", value);
  return raw(name, digits);
}

}  // namespace sallyport::phone
