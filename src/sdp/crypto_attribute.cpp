// SPDX-License-Identifier: Apache-2.0
#include "sdp/crypto_attribute.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/numbers.h"
#include "sdp/base64.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

using crypto::SrtpSuite;

constexpr std::size_t kMostLines = 32;
constexpr std::size_t kMostWords = 16;
constexpr unsigned kHighestTag = 999'999'999;                       // RFC 4568 9.1: 1*9DIGIT
constexpr std::uint64_t kLongestLifetime = std::uint64_t{1} << 48;  // RFC 3711 9.2, SRTP packets

struct Spelling {
  std::string_view name;
  SrtpSuite suite;
};

// The registered names, and the order of words that several implementations write for the 256-bit CM suite.
constexpr std::array kSpellings{
    Spelling{"AEAD_AES_256_GCM", SrtpSuite::aeadAes256Gcm},
    Spelling{"AEAD_AES_128_GCM", SrtpSuite::aeadAes128Gcm},
    Spelling{"AES_256_CM_HMAC_SHA1_80", SrtpSuite::aes256CmHmacSha1_80},
    Spelling{"AES_CM_256_HMAC_SHA1_80", SrtpSuite::aes256CmHmacSha1_80},
    Spelling{"AES_CM_128_HMAC_SHA1_80", SrtpSuite::aesCm128HmacSha1_80},
};

// Session parameters that switch protection off (RFC 4568 6.3.2).
constexpr std::array<std::string_view, 3> kUnprotecting{"UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP",
                                                        "UNAUTHENTICATED_SRTP"};

const Spelling* spellingOf(std::string_view name) {
  const auto* found = std::find_if(kSpellings.begin(), kSpellings.end(),
                                   [name](const auto& spelling) { return equalsIgnoringCase(spelling.name, name); });
  return found == kSpellings.end() ? nullptr : found;
}

// Details never quote the line: it holds a key.
Error malformed(const char* code, std::string detail) { return {ErrorKind::peerMisbehaved, code, std::move(detail)}; }

std::size_t keyBytesOf(SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  return facts.master_key_bytes + facts.master_salt_bytes;
}

// "2^31" or a decimal number of packets.
std::optional<std::uint64_t> parseLifetime(std::string_view text) {
  if (!text.starts_with("2^")) return parseUnsigned(text, 1, kLongestLifetime);
  const auto power = parseUnsigned(text.substr(2), 0, 48);
  if (!power) return std::nullopt;
  return std::uint64_t{1} << *power;
}

// Refuses what switches protection off; otherwise a reason to skip the line, or "".
Result<const char*> judgeSessionParameters(std::span<const std::string_view> parameters) {
  const char* skip = "";
  for (const auto parameter : parameters) {
    const bool optional = parameter.starts_with('-');  // RFC 4568 6.3.7: may be ignored
    const auto name = optional ? parameter.substr(1) : parameter;
    for (const auto unprotecting : kUnprotecting) {
      if (!equalsIgnoringCase(name, unprotecting)) continue;
      return Error{ErrorKind::peerDenied, "sdp.crypto.unencrypted", std::string{unprotecting}};
    }
    if (optional) continue;
    if (startsWithIgnoringCase(name, "kdr=")) {
      skip = "key derivation rate";
    } else if (startsWithIgnoringCase(name, "fec_")) {
      skip = "fec";
    } else if (startsWithIgnoringCase(name, "wsh=")) {
      skip = "window size hint";
    } else {
      skip = "unknown session parameter";
    }
  }
  return skip;
}

// RFC 4568 6.1: inline:<key||salt>["|"lifetime]["|"MKI:length], one or more separated by ';'.
Result<CryptoLine> readKey(std::string_view parameters, CryptoOffer offer) {
  if (parameters.find(';') != std::string_view::npos) return CryptoLine{SkippedCrypto{offer.tag, "several keys"}};
  const auto method = takeUntil(parameters, ':');
  if (!equalsIgnoringCase(method, "inline")) return malformed("sdp.crypto.malformed", "key method is not inline");
  auto key = decodeBase64(takeUntil(parameters, '|'));
  const auto wanted = keyBytesOf(offer.suite);
  if (!key) return malformed("sdp.crypto.key", "not base64");
  if (key->size() != wanted) {
    return malformed("sdp.crypto.key", std::to_string(key->size()) + " bytes, " + std::string{offer.spelling} +
                                           " has " + std::to_string(wanted));
  }
  offer.key_and_salt = std::move(*key);

  while (!parameters.empty()) {
    const auto part = takeUntil(parameters, '|');
    if (part.find(':') != std::string_view::npos) return CryptoLine{SkippedCrypto{offer.tag, "mki"}};
    const auto lifetime = parseLifetime(part);
    if (!lifetime) return malformed("sdp.crypto.lifetime", std::string{part.substr(0, 32)});
    offer.lifetime = *lifetime;
  }
  return CryptoLine{std::move(offer)};
}

}  // namespace

CryptoOffer CryptoOffer::clone() const { return {tag, suite, key_and_salt.clone(), lifetime, spelling}; }

Result<CryptoLine> parseCrypto(std::string_view value) {
  const auto fields = words(value, kMostWords);
  if (!fields || fields->size() < 3) return malformed("sdp.crypto.malformed", "not tag, suite and key");
  const auto tag = (*fields)[0].size() <= 9 ? parseUnsigned((*fields)[0], 0, kHighestTag) : std::nullopt;
  if (!tag) return malformed("sdp.crypto.malformed", "tag");
  const auto number = static_cast<unsigned>(*tag);

  SP_ASSIGN(const std::string_view skip, judgeSessionParameters(std::span{*fields}.subspan(3)));
  const auto* spelling = spellingOf((*fields)[1]);
  if (spelling == nullptr) return CryptoLine{SkippedCrypto{number, "unknown suite"}};
  if (!skip.empty()) return CryptoLine{SkippedCrypto{number, skip.data()}};
  CryptoOffer offer;
  offer.tag = number;
  offer.suite = spelling->suite;
  offer.spelling = spelling->name;
  return readKey((*fields)[2], std::move(offer));
}

Result<CryptoLines> cryptoLinesOf(const MediaSection& section) {
  CryptoLines lines;
  std::vector<unsigned> tags;
  for (const auto& attribute : section.attributes) {
    if (attribute.name != "crypto") continue;
    if (tags.size() == kMostLines) return malformed("sdp.crypto.too_many", {});
    SP_ASSIGN(auto line, parseCrypto(attribute.value));
    auto* offer = std::get_if<CryptoOffer>(&line);
    const auto tag = offer != nullptr ? offer->tag : std::get<SkippedCrypto>(line).tag;
    if (std::find(tags.begin(), tags.end(), tag) != tags.end()) {
      return malformed("sdp.crypto.tag_repeated", std::to_string(tag));
    }
    tags.push_back(tag);
    if (offer != nullptr) {
      lines.usable.push_back(std::move(*offer));
    } else {
      lines.skipped.push_back(std::get<SkippedCrypto>(line));
    }
  }
  return lines;
}

std::string renderCrypto(const CryptoOffer& crypto) {
  const auto name = crypto.spelling.empty() ? crypto::factsOf(crypto.suite).name : crypto.spelling;
  std::string line = std::to_string(crypto.tag);
  return line.append(" ").append(name).append(" inline:").append(encodeBase64(crypto.key_and_salt.bytes()));
}

}  // namespace sallyport::sdp
