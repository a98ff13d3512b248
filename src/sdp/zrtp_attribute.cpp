// SPDX-License-Identifier: Apache-2.0
#include "sdp/zrtp_attribute.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::string_view kVersion = "1.10";
constexpr std::size_t kVersionDigits = 3;  // what is compared of it (RFC 6189 4.1.1)

bool isVersion(std::string_view text) {
  return text.size() == kVersion.size() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::optional<crypto::Sha256Digest> digestOf(std::string_view hex) {
  const auto bytes = crypto::fromHex(hex);
  crypto::Sha256Digest digest{};
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

}  // namespace

Result<std::optional<crypto::Sha256Digest>> zrtpHashOf(const MediaSection& section) {
  std::optional<crypto::Sha256Digest> found;
  for (const auto& attribute : section.attributes) {
    if (attribute.name != "zrtp-hash") continue;
    const auto parts = words(attribute.value, 2);
    const auto digest =
        parts && parts->size() == 2 && isVersion(parts->front()) ? digestOf(parts->back()) : std::nullopt;
    if (!digest) {
      return Error{ErrorKind::peerMisbehaved, "sdp.zrtp_hash.malformed", std::string{attribute.value.substr(0, 96)}};
    }
    if (parts->front().substr(0, kVersionDigits) != kVersion.substr(0, kVersionDigits)) continue;
    if (found && *found != *digest) return Error{ErrorKind::peerMisbehaved, "sdp.zrtp_hash.repeated", {}};
    found = digest;
  }
  return found;
}

std::string renderZrtpHash(const crypto::Sha256Digest& hello_hash) {
  return "a=zrtp-hash:" + std::string{kVersion} + " " + crypto::toHex(hello_hash) + "\r\n";
}

}  // namespace sallyport::sdp
