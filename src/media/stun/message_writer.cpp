// SPDX-License-Identifier: Apache-2.0
#include "media/stun/message_writer.h"

#include <algorithm>
#include <array>

#include "crypto/hash.h"
#include "media/stun/fingerprint.h"

namespace sallyport::media::stun {
namespace {

constexpr std::size_t kFingerprintBytes = 8;  // with its header
constexpr std::array<std::uint8_t, 3> kPadding{};

// RFC 8489 5, figure 3: the class's bits stand at 4 and 8, between those of the method.
std::uint16_t typeOf(Class message_class, std::uint16_t method) {
  const auto bits = static_cast<unsigned>(message_class);
  return static_cast<std::uint16_t>((method & 0xF80) << 2 | (method & 0x070) << 1 | (method & 0x00F) | (bits & 2) << 7 |
                                    (bits & 1) << 4);
}

}  // namespace

MessageWriter::MessageWriter(MutableBytes out, Class message_class, std::uint16_t method,
                             const TransactionId& transaction)
    : writer_(out.first(std::min(out.size(), kLongestMessage))), transaction_(transaction) {
  writer_.u16(typeOf(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.put(transaction);
}

void MessageWriter::setLength() {
  const auto written = writer_.written();
  if (written.size() >= kHeaderBytes) storeBe16(&written[2], static_cast<std::uint16_t>(written.size() - kHeaderBytes));
}

void MessageWriter::add(Attribute type, Bytes value) {
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.u16(static_cast<std::uint16_t>(value.size()));
  writer_.put(value);
  writer_.put(Bytes{kPadding}.first((4 - value.size() % 4) % 4));
  setLength();
}

void MessageWriter::username(std::string_view name) { add(Attribute::username, bytesOf(name)); }
void MessageWriter::software(std::string_view name) { add(Attribute::software, bytesOf(name)); }

void MessageWriter::xorMappedAddress(const Endpoint& endpoint) {
  std::array<std::uint8_t, 20> value{};
  const std::size_t address_bytes = endpoint.address.isV4() ? 4 : 16;
  value[1] = endpoint.address.isV4() ? 1 : 2;
  storeBe16(&value[2], static_cast<std::uint16_t>(endpoint.port ^ (kMagicCookie >> 16)));
  std::array<std::uint8_t, 16> mask;
  storeBe32(mask.data(), kMagicCookie);
  std::copy(transaction_.begin(), transaction_.end(), &mask[4]);
  const auto& octets = endpoint.address.octets();
  for (std::size_t i = 0; i < address_bytes; ++i) value[4 + i] = octets[i] ^ mask[i];
  add(Attribute::xorMappedAddress, Bytes{value}.first(4 + address_bytes));
}

void MessageWriter::priority(std::uint32_t priority) {
  std::array<std::uint8_t, 4> value;
  storeBe32(value.data(), priority);
  add(Attribute::priority, value);
}

void MessageWriter::number(Attribute type, std::uint64_t number) {
  std::array<std::uint8_t, 8> value;
  storeBe32(value.data(), static_cast<std::uint32_t>(number >> 32));
  storeBe32(&value[4], static_cast<std::uint32_t>(number));
  add(type, value);
}

void MessageWriter::errorCode(const ErrorCode& error) {
  std::vector<std::uint8_t> value{0, 0, static_cast<std::uint8_t>(error.code / 100),
                                  static_cast<std::uint8_t>(error.code % 100)};
  value.insert(value.end(), error.reason.begin(), error.reason.end());
  add(Attribute::errorCode, value);
}

void MessageWriter::unknownAttributes(std::span<const std::uint16_t> types) {
  std::vector<std::uint8_t> value(types.size() * 2);
  for (std::size_t i = 0; i < types.size(); ++i) storeBe16(&value[2 * i], types[i]);
  add(Attribute::unknownAttributes, value);
}

void MessageWriter::integrity(const IntegrityKey& key, Integrity integrity) {
  if (writer_.overflowed()) return;
  const auto mac = key.over(integrity, writer_.written());
  add(integrity == Integrity::sha1 ? Attribute::messageIntegrity : Attribute::messageIntegritySha256,
      Bytes{mac}.first(macBytes(integrity)));
}

// The length counts the attribute before it is there (RFC 8489 14.7).
void MessageWriter::fingerprint() {
  if (writer_.overflowed()) return;
  const auto before = writer_.written();
  storeBe16(&before[2], static_cast<std::uint16_t>(before.size() - kHeaderBytes + kFingerprintBytes));
  std::array<std::uint8_t, 4> value;
  storeBe32(value.data(), fingerprintOf(before));
  add(Attribute::fingerprint, value);
}

}  // namespace sallyport::media::stun
