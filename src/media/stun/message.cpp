// SPDX-License-Identifier: Apache-2.0
#include "media/stun/message.h"

#include <algorithm>

#include "crypto/random.h"
#include "media/stun/attribute_reader.h"
#include "media/stun/fingerprint.h"

namespace sallyport::media::stun {
namespace {

constexpr std::uint16_t kFirstOptional = 0x8000;  // below: comprehension required
constexpr std::size_t kLongestUsername = 513;     // two ICE user fragments and a colon
constexpr std::size_t kLongestText = 763;         // RFC 8489 14.8-14.10, 14.14
constexpr std::uint8_t kFamilyV4 = 1, kFamilyV6 = 2;

Error misbehaved(const char* code) { return {ErrorKind::peerMisbehaved, code, {}}; }

bool isAddress(Bytes value) {
  if (value.size() < 2) return false;
  return (value[1] == kFamilyV4 && value.size() == 8) || (value[1] == kFamilyV6 && value.size() == 20);
}

bool isErrorCode(Bytes value) {
  if (value.size() < 4 || value.size() > 4 + kLongestText) return false;
  const auto hundreds = value[2] & 0x07;
  return hundreds >= 3 && hundreds <= 6 && value[3] <= 99;
}

bool isKnown(std::uint16_t type) {
  switch (static_cast<Attribute>(type)) {
    case Attribute::mappedAddress:
    case Attribute::username:
    case Attribute::messageIntegrity:
    case Attribute::errorCode:
    case Attribute::unknownAttributes:
    case Attribute::realm:
    case Attribute::nonce:
    case Attribute::messageIntegritySha256:
    case Attribute::xorMappedAddress:
    case Attribute::priority:
    case Attribute::useCandidate:
    case Attribute::software:
    case Attribute::fingerprint:
    case Attribute::iceControlled:
    case Attribute::iceControlling: return true;
  }
  return false;
}

// What is not known may have any value.
bool isPossible(std::uint16_t type, Bytes value) {
  switch (static_cast<Attribute>(type)) {
    case Attribute::mappedAddress:
    case Attribute::xorMappedAddress: return isAddress(value);
    case Attribute::username: return value.size() <= kLongestUsername;
    case Attribute::messageIntegrity: return value.size() == 20;
    case Attribute::messageIntegritySha256: return value.size() == 32;  // truncated (14.6): not for ICE
    case Attribute::errorCode: return isErrorCode(value);
    case Attribute::unknownAttributes: return value.size() % 2 == 0;
    case Attribute::realm:
    case Attribute::nonce:
    case Attribute::software: return value.size() <= kLongestText;
    case Attribute::priority:
    case Attribute::fingerprint: return value.size() == 4;
    case Attribute::useCandidate: return value.empty();
    case Attribute::iceControlled:
    case Attribute::iceControlling: return value.size() == 8;
  }
  return true;
}

std::string_view textOf(Bytes value) { return {reinterpret_cast<const char*>(value.data()), value.size()}; }

std::optional<std::uint64_t> numberOf(std::optional<Bytes> value) {
  if (!value) return std::nullopt;
  return std::uint64_t{loadBe32(value->data())} << 32 | loadBe32(value->data() + 4);
}

}  // namespace

TransactionId newTransactionId() {
  TransactionId id;
  crypto::fillRandom(id);
  return id;
}

Result<Message> Message::parse(Bytes datagram) {
  if (datagram.size() < kHeaderBytes) return misbehaved("media.stun.too_short");
  if (datagram.size() > kLongestMessage) return misbehaved("media.stun.too_long");
  Message message;
  message.datagram_ = datagram;
  SP_TRY(message.readHeader());
  SP_TRY(message.readAttributes());
  return message;
}

// RFC 8489 5: two zero bits, twelve of method with the two of the class between them, length, cookie, transaction.
Status Message::readHeader() {
  const auto type = loadBe16(datagram_.data());
  if ((type & 0xC000) != 0 || loadBe32(&datagram_[4]) != kMagicCookie) return misbehaved("media.stun.not_stun");
  const auto length = loadBe16(&datagram_[2]);
  if (length % 4 != 0 || length != datagram_.size() - kHeaderBytes) return misbehaved("media.stun.length");
  class_ = static_cast<Class>((type >> 7 & 2) | (type >> 4 & 1));
  method_ = static_cast<std::uint16_t>((type >> 2 & 0xF80) | (type >> 1 & 0x070) | (type & 0x00F));
  std::copy_n(&datagram_[8], transaction_.size(), transaction_.begin());
  return success();
}

Status Message::readAttributes() {
  AttributeReader reader{datagram_.subspan(kHeaderBytes)};
  std::size_t count = 0;
  std::optional<std::size_t> visible;
  while (const auto attribute = reader.next()) {
    if (++count > kMostAttributes) return misbehaved("media.stun.too_many_attributes");
    if (fingerprinted_) return misbehaved("media.stun.fingerprint");
    const auto type = static_cast<Attribute>(attribute->type);
    const bool protects = type == Attribute::messageIntegrity || type == Attribute::messageIntegritySha256 ||
                          type == Attribute::fingerprint;
    if (visible && !protects) continue;
    if (!isPossible(attribute->type, attribute->value)) return misbehaved("media.stun.value");
    if (!protects) continue;
    if (!visible) visible = attribute->at;
    SP_TRY(noteProtection(type, attribute->value, kHeaderBytes + attribute->at));
  }
  if (reader.overran()) return misbehaved("media.stun.attribute");
  visible_ = datagram_.subspan(kHeaderBytes, visible.value_or(datagram_.size() - kHeaderBytes));
  return success();
}

// The first of each counts, and one by SHA-1 only before one by SHA-256 (RFC 8489 14.6).
Status Message::noteProtection(Attribute type, Bytes value, std::size_t at) {
  if (type == Attribute::fingerprint) {
    if (loadBe32(value.data()) != fingerprintOf(datagram_.first(at))) return misbehaved("media.stun.fingerprint");
    fingerprinted_ = true;
  } else if (type == Attribute::messageIntegritySha256) {
    if (integrity256_at_ == 0) integrity256_at_ = at;
  } else if (integrity_at_ == 0 && integrity256_at_ == 0) {
    integrity_at_ = at;
  }
  return success();
}

std::optional<Bytes> Message::find(Attribute type) const {
  AttributeReader reader{visible_};
  while (const auto attribute = reader.next()) {
    if (attribute->type == static_cast<std::uint16_t>(type)) return attribute->value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Message::username() const {
  const auto value = find(Attribute::username);
  return value ? std::optional{textOf(*value)} : std::nullopt;
}

// RFC 8489 14.2: the port under the cookie's upper half, the address under cookie and transaction id.
std::optional<Endpoint> Message::xorMappedAddress() const {
  const auto value = find(Attribute::xorMappedAddress);
  if (!value) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  const auto address = value->subspan(4);
  for (std::size_t i = 0; i < address.size(); ++i) octets[i] = address[i] ^ datagram_[4 + i];
  Endpoint endpoint;
  endpoint.port = static_cast<std::uint16_t>(loadBe16(&(*value)[2]) ^ (kMagicCookie >> 16));
  endpoint.address =
      (*value)[1] == kFamilyV6 ? IpAddress::v6(octets) : IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  return endpoint;
}

std::optional<std::uint32_t> Message::priority() const {
  const auto value = find(Attribute::priority);
  return value ? std::optional{loadBe32(value->data())} : std::nullopt;
}

std::optional<std::uint64_t> Message::controlling() const { return numberOf(find(Attribute::iceControlling)); }
std::optional<std::uint64_t> Message::controlled() const { return numberOf(find(Attribute::iceControlled)); }

std::optional<ErrorCode> Message::errorCode() const {
  const auto value = find(Attribute::errorCode);
  if (!value) return std::nullopt;
  return ErrorCode{((*value)[2] & 0x07) * 100 + (*value)[3], textOf(value->subspan(4))};
}

std::vector<std::uint16_t> Message::unknownAttributes() const {
  std::vector<std::uint16_t> types;
  const auto value = find(Attribute::unknownAttributes).value_or(Bytes{});
  for (std::size_t i = 0; i + 1 < value.size(); i += 2) types.push_back(loadBe16(&value[i]));
  return types;
}

std::vector<std::uint16_t> Message::notUnderstood() const {
  std::vector<std::uint16_t> types;
  AttributeReader reader{visible_};
  while (const auto attribute = reader.next()) {
    if (attribute->type < kFirstOptional && !isKnown(attribute->type)) types.push_back(attribute->type);
  }
  return types;
}

}  // namespace sallyport::media::stun
