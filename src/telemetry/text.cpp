// SPDX-License-Identifier: Apache-2.0
#include "telemetry/text.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/numbers.h"
#include "core/utf8.h"

namespace sallyport::telemetry {
namespace {

bool isUnsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x061c || c == 0x200e ||
         c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void appendHex(std::string& out, std::uint32_t value, unsigned digits) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (unsigned shift = digits * 4; shift > 0; shift -= 4) out += kHex[(value >> (shift - 4)) & 15];
}

// How many bytes from the start need no look: printable ASCII without quote and backslash.
std::size_t plainRun(std::string_view text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c - 0x20) >= 0x5f || c == '"' || c == '\\';
  });
  return static_cast<std::size_t>(end - text.begin());
}

// Plain runs go to `out` as they are; `visit` is shown the characters between them.
template <typename Visit>
void copyPlain(std::string& out, std::string_view text, Visit visit) {
  for (;;) {
    const auto plain = plainRun(text);
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto decoded = decodeUtf8(text);
    visit(decoded, decoded.valid ? text.substr(0, decoded.bytes) : std::string_view{"\xef\xbf\xbd"});
    text.remove_prefix(decoded.bytes);
  }
}

void appendPadded(std::string& out, std::int64_t value, std::size_t digits) {
  const auto text = std::to_string(value);
  if (text.size() < digits) out.append(digits - text.size(), '0');
  out += text;
}

}  // namespace

std::string validUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  copyPlain(out, text, [&](const Utf8Character&, std::string_view bytes) { out += bytes; });
  return out;
}

void appendJsonString(std::string& out, std::string_view text) {
  out += '"';
  copyPlain(out, text, [&](const Utf8Character& decoded, std::string_view bytes) {
    if (decoded.character == '"' || decoded.character == '\\') {
      out += '\\';
      out += bytes;
    } else if (decoded.character == '\n') {
      out += "\\n";
    } else if (isUnsafe(decoded.character)) {
      out += "\\u";
      appendHex(out, decoded.character, 4);  // all unsafe ones are below U+10000
    } else {
      out += bytes;
    }
  });
  out += '"';
}

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  copyPlain(out, text, [&](const Utf8Character& decoded, std::string_view bytes) {
    if (!isUnsafe(decoded.character)) {
      out += bytes;
    } else if (decoded.character == '\n') {
      out += "\\n";
    } else if (decoded.character < 0x80) {
      out += "\\x";
      appendHex(out, decoded.character, 2);
    } else {
      out += "\\u{";
      appendHex(out, decoded.character, 4);
      out += '}';
    }
  });
  return out;
}

std::size_t displayWidth(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string timeText(WallTime time) {
  using namespace std::chrono;
  const auto milliseconds_since = floor<milliseconds>(time);
  const auto day = floor<days>(milliseconds_since);
  const year_month_day date{day};
  const hh_mm_ss clock{milliseconds_since - day};
  std::string out;
  out.reserve(24);
  appendPadded(out, static_cast<int>(date.year()), 4);
  out += '-';
  appendPadded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  appendPadded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  appendPadded(out, clock.hours().count(), 2);
  out += ':';
  appendPadded(out, clock.minutes().count(), 2);
  out += ':';
  appendPadded(out, clock.seconds().count(), 2);
  out += '.';
  appendPadded(out, clock.subseconds().count(), 3);
  out += 'Z';
  return out;
}

std::optional<WallTime> parseTime(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    return static_cast<unsigned>(parseUnsigned(text.substr(at, digits), 0, 9'999).value_or(0));
  };
  const year_month_day date{year{static_cast<int>(number(0, 4))}, month{number(5, 2)}, day{number(8, 2)}};
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return std::nullopt;
  return sys_days{date} + hours{number(11, 2)} + minutes{number(14, 2)} + seconds{number(17, 2)} +
         milliseconds{number(20, 3)};
}

}  // namespace sallyport::telemetry
