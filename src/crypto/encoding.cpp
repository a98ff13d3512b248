// SPDX-License-Identifier: Apache-2.0
#include "crypto/encoding.h"

#include <algorithm>
#include <array>

namespace sallyport::crypto {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> base64Values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNone;
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(kBase64[i])] = i;
  return values;
}
constexpr auto kBase64Values = base64Values();

std::uint8_t hexValue(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
  return kNone;
}

}  // namespace

std::string toHex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0x0f]);
  }
  return text;
}

std::string toColonHex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size() * 3);
  for (const auto byte : bytes) {
    if (!text.empty()) text.push_back(':');
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0x0f]);
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> fromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hexValue(text[i]);
    const auto low = hexValue(text[i + 1]);
    if (high == kNone || low == kNone) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string base64EncodeUnpadded(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned pending = 0;
  for (const auto byte : bytes) {
    bits = bits << 8 | byte;
    pending += 8;
    while (pending >= 6) {
      pending -= 6;
      text.push_back(kBase64[bits >> pending & 0x3f]);
    }
  }
  if (pending > 0) text.push_back(kBase64[bits << (6 - pending) & 0x3f]);
  return text;
}

std::string base64Encode(Bytes bytes) {
  auto text = base64EncodeUnpadded(bytes);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::vector<std::uint8_t>> base64Decode(std::string_view text, Base64Padding padding) {
  auto digits = text;
  if (padding != Base64Padding::forbidden && text.size() % 4 == 0 && !text.empty()) {
    for (int i = 0; i < 2 && digits.back() == '='; ++i) digits.remove_suffix(1);
  }
  const bool padded = digits.size() != text.size();
  const auto partial = digits.size() % 4;
  if (partial == 1) return std::nullopt;
  if (padding == Base64Padding::required && !padded && partial != 0) return std::nullopt;

  std::vector<std::uint8_t> bytes;
  bytes.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned pending = 0;
  for (const char digit : digits) {
    const auto value = kBase64Values[static_cast<std::uint8_t>(digit)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    pending += 6;
    if (pending >= 8) {
      pending -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> pending));
    }
  }
  if ((bits & ((1u << pending) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::string base64UrlEncode(Bytes bytes) {
  auto text = base64EncodeUnpadded(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::vector<std::uint8_t>> base64UrlDecode(std::string_view text) {
  if (text.find_first_of("+/") != std::string_view::npos) return std::nullopt;
  std::string plain{text};
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  return base64Decode(plain, Base64Padding::forbidden);
}

}  // namespace sallyport::crypto
