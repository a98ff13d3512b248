// SPDX-License-Identifier: Apache-2.0
#pragma once
// Character classes of the SIP grammar (RFC 3261 25.1) as one table, for the parsers of this room.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sallyport::sip {

enum CharClass : std::uint8_t {
  kTokenChar = 1,        // token
  kWordChar = 2,         // word and '@', as in Call-ID
  kUserChar = 4,         // unreserved / user-unreserved (escapes are handled apart)
  kPasswordChar = 8,     // unreserved / "&" "=" "+" "$" ","
  kUriParamChar = 16,    // unreserved / param-unreserved, and '=' inside a value
  kUriHeaderChar = 32,   // unreserved / hnv-unreserved and the separators '=' '&'
  kParamValueChar = 64,  // an unquoted header parameter value: token, host, or what deployed peers put there
  kUriChar = 128,        // anything an absoluteURI may hold
};

namespace detail {

constexpr std::array<std::uint8_t, 256> makeCharClasses() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view chars, unsigned classes) {
    for (const char c : chars) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  constexpr std::string_view kAlphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  add(kAlphanumeric, 0xFF);
  add("-.!%*_+`'~", kTokenChar);
  add("-.!%*_+`'~()<>:\\\"/[]?{}@", kWordChar);
  constexpr std::string_view kMark = "-_.!~*'()";
  add(kMark, kUserChar | kPasswordChar | kUriParamChar | kUriHeaderChar);
  add("&=+$,;?/", kUserChar);
  add("&=+$,", kPasswordChar);
  add("[]/:&+$=", kUriParamChar);
  add("[]/?:+$=&", kUriHeaderChar);
  for (unsigned c = 0x21; c < 0x7F; ++c) {
    const char text = static_cast<char>(c);
    if (std::string_view{",;\"<>\\"}.find(text) == std::string_view::npos) add({&text, 1}, kParamValueChar);
    if (std::string_view{"\"<>"}.find(text) == std::string_view::npos) add({&text, 1}, kUriChar);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = makeCharClasses();

}  // namespace detail

constexpr bool isIn(char c, CharClass char_class) {
  return (detail::kCharClasses[static_cast<unsigned char>(c)] & char_class) != 0;
}

constexpr bool allIn(std::string_view text, CharClass char_class) {
  for (const char c : text) {
    if (!isIn(c, char_class)) return false;
  }
  return true;
}

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool isAlpha(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool isBlank(char c) { return c == ' ' || c == '\t'; }
constexpr bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
constexpr bool isHexDigit(char c) { return isDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr std::string_view trimLeft(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  return text;
}
constexpr std::string_view trimRight(std::string_view text) {
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}
constexpr std::string_view trim(std::string_view text) { return trimRight(trimLeft(text)); }

// The index of the first control byte (below 0x20, or 0x7F) at or after `from`; the size when there is none.
inline std::size_t findControl(std::string_view text, std::size_t from) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1F);
  const __m128i del = _mm_set1_epi8(0x7F);
  for (; from + sizeof(__m128i) <= text.size(); from += sizeof(__m128i)) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const __m128i hits =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes), _mm_cmpeq_epi8(bytes, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = kOnes * 0x80;
    for (; from + sizeof(std::uint64_t) <= text.size(); from += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + from, sizeof word);
      const std::uint64_t not_del = word ^ (kOnes * 0x7F);
      // A borrow reaches only bytes above the first hit, so the lowest marked byte is exact.
      const std::uint64_t marks = ((word - kOnes * 0x20) & ~word & kHighs) | ((not_del - kOnes) & ~not_del & kHighs);
      if (marks != 0) return from + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    }
  }
  while (from < text.size() && !isControl(text[from])) ++from;
  return from;
}

}  // namespace sallyport::sip
