// SPDX-License-Identifier: Apache-2.0
#pragma once
// STUN (RFC 8489, compatible with RFC 5389) as far as ICE speaks it: one datagram read as a checked view. Strict
// where the RFC leaves no room (cookie, lengths, sizes of values we know, FINGERPRINT last and right), because a
// datagram that is not clearly STUN is a stranger's.
//
// A view: the datagram outlives it. Plain values, any thread, no allocation while reading. What it says is to be
// believed only once authenticate() has made an AuthenticatedMessage of it.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::media::stun {

inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::size_t kLongestMessage = 1'500;
inline constexpr std::size_t kMostAttributes = 32;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;
inline constexpr std::uint16_t kBinding = 0x001;  // the one method of ICE

enum class Class : std::uint8_t { request, indication, success, error };  // as the two bits count (RFC 8489 5)

using TransactionId = std::array<std::uint8_t, 12>;
TransactionId newTransactionId();  // unguessable: a response is matched by it

// Those that are understood here (RFC 8489 18.3, RFC 8445 16.1).
enum class Attribute : std::uint16_t {
  mappedAddress = 0x0001,
  username = 0x0006,
  messageIntegrity = 0x0008,
  errorCode = 0x0009,
  unknownAttributes = 0x000A,
  realm = 0x0014,
  nonce = 0x0015,
  messageIntegritySha256 = 0x001C,
  xorMappedAddress = 0x0020,
  priority = 0x0024,
  useCandidate = 0x0025,
  software = 0x8022,
  fingerprint = 0x8028,
  iceControlled = 0x8029,
  iceControlling = 0x802A,
};

struct ErrorCode {
  int code = 0;  // 300-699
  std::string_view reason;
};

class Message {
 public:
  // Errors, all peerMisbehaved: "media.stun.too_short", ".too_long", ".not_stun" (first bits or cookie),
  // ".length" (not what the header says), ".too_many_attributes", ".attribute" (runs past the end), ".value" (a known
  // attribute of a size or content it can not have), ".fingerprint" (wrong, or not last).
  static Result<Message> parse(Bytes datagram);

  Class messageClass() const { return class_; }
  std::uint16_t method() const { return method_; }
  const TransactionId& transaction() const { return transaction_; }
  bool hasFingerprint() const { return fingerprinted_; }

  // The first of its kind, without padding. Nothing behind the integrity is seen (RFC 8489 14.5).
  std::optional<Bytes> find(Attribute type) const;
  bool has(Attribute type) const { return find(type).has_value(); }

  std::optional<std::string_view> username() const;
  std::optional<Endpoint> xorMappedAddress() const;
  std::optional<std::uint32_t> priority() const;
  std::optional<std::uint64_t> controlling() const;  // the tie-breaker
  std::optional<std::uint64_t> controlled() const;
  std::optional<ErrorCode> errorCode() const;
  std::vector<std::uint16_t> unknownAttributes() const;  // what the peer says that it did not understand
  std::vector<std::uint16_t> notUnderstood() const;      // what it requires and is not known here: 420

 private:
  friend class IntegrityCheck;
  Message() = default;
  Status readHeader();
  Status readAttributes();
  Status noteProtection(Attribute type, Bytes value, std::size_t at);

  Bytes datagram_;
  Bytes visible_;  // attributes before any protection
  Class class_ = Class::request;
  std::uint16_t method_ = 0;
  TransactionId transaction_{};
  std::size_t integrity_at_ = 0, integrity256_at_ = 0;  // where the attribute starts; 0: absent
  bool fingerprinted_ = false;
};

}  // namespace sallyport::media::stun
