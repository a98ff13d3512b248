// SPDX-License-Identifier: Apache-2.0
#include "media/stun/integrity.h"

#include <algorithm>

#include "core/check.h"
#include "crypto/hash.h"

namespace sallyport::media::stun {
namespace {

constexpr std::size_t kAttributeHeaderBytes = 4;

}  // namespace

std::size_t macBytes(Integrity integrity) { return integrity == Integrity::sha1 ? 20 : 32; }

IntegrityKey::IntegrityKey(Bytes key) : key_(key), sha1_(key) {}

IntegrityKey::Mac IntegrityKey::over(Integrity integrity, Bytes before) const {
  SP_CHECK(before.size() >= kHeaderBytes && before.size() <= kLongestMessage);
  // The length that is covered ends with the attribute, whatever follows it.
  std::array<std::uint8_t, kLongestMessage> copy;
  std::copy(before.begin(), before.end(), copy.begin());
  storeBe16(&copy[2],
            static_cast<std::uint16_t>(before.size() - kHeaderBytes + kAttributeHeaderBytes + macBytes(integrity)));
  const auto covered = Bytes{copy}.first(before.size());
  Mac mac{};
  if (integrity == Integrity::sha1) {
    const auto tag = sha1_.over(covered, {});
    std::copy(tag.begin(), tag.end(), mac.begin());
  } else {
    mac = crypto::hmacSha256(key_.bytes(), covered);
  }
  return mac;
}

class IntegrityCheck {
 public:
  static Result<AuthenticatedMessage> run(const Message& message, const IntegrityKey& key) {
    const bool by_sha256 = message.integrity256_at_ != 0;
    const auto at = by_sha256 ? message.integrity256_at_ : message.integrity_at_;
    if (at == 0) return Error{ErrorKind::peerDenied, "media.stun.integrity.missing", {}};
    const auto integrity = by_sha256 ? Integrity::sha256 : Integrity::sha1;
    const auto mac = key.over(integrity, message.datagram_.first(at));
    const auto size = macBytes(integrity);
    const auto shown = message.datagram_.subspan(at + kAttributeHeaderBytes, size);
    if (!crypto::equalInConstantTime(shown, Bytes{mac}.first(size)))
      return Error{ErrorKind::peerDenied, "media.stun.integrity.wrong", {}};
    return AuthenticatedMessage{message, integrity};
  }
};

Result<AuthenticatedMessage> authenticate(const Message& message, const IntegrityKey& key) {
  return IntegrityCheck::run(message, key);
}

}  // namespace sallyport::media::stun
