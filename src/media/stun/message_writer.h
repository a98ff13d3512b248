// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes a STUN message (RFC 8489 5, 14) into the caller's buffer. Attributes in the order they are said; integrity
// and fingerprint last. What does not fit is refused as a whole: written() is then empty.

#include <cstdint>
#include <span>
#include <string_view>

#include "core/bytes.h"
#include "core/endpoint.h"
#include "media/stun/integrity.h"
#include "media/stun/message.h"

namespace sallyport::media::stun {

class MessageWriter {
 public:
  MessageWriter(MutableBytes out, Class message_class, std::uint16_t method, const TransactionId& transaction);

  void add(Attribute type, Bytes value);  // as it is, then padding
  void username(std::string_view name);
  void software(std::string_view name);
  void xorMappedAddress(const Endpoint& endpoint);
  void priority(std::uint32_t priority);
  void useCandidate() { add(Attribute::useCandidate, {}); }
  void controlling(std::uint64_t tie_breaker) { number(Attribute::iceControlling, tie_breaker); }
  void controlled(std::uint64_t tie_breaker) { number(Attribute::iceControlled, tie_breaker); }
  void errorCode(const ErrorCode& error);
  void unknownAttributes(std::span<const std::uint16_t> types);

  void integrity(const IntegrityKey& key, Integrity integrity);  // nothing but fingerprint() after it
  void fingerprint();

  Bytes written() const { return writer_.overflowed() ? Bytes{} : Bytes{writer_.written()}; }

 private:
  void number(Attribute type, std::uint64_t value);
  void setLength();

  ByteWriter writer_;
  TransactionId transaction_;
};

}  // namespace sallyport::media::stun
