// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZRTP (RFC 6189 5) as far as it can be read without keys: one datagram as a checked view. Strict where the RFC leaves
// no room (cookie, checksum, lengths of each type of message, zero bits of the header), open where it does (names of
// algorithms).
//
// A view: the datagram outlives it. Plain values, any thread, no allocation. Nothing in it is authentic; what can be
// said of that without keys is HashChain's.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/bytes.h"
#include "core/result.h"

namespace sallyport::media::zrtp {

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kChecksumBytes = 4;
inline constexpr std::size_t kLongestPacket = 1'500;
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kMacBytes = 8;                // at the end of Hello, Commit and both DHParts
inline constexpr std::uint32_t kMagicCookie = 0x5A525450;  // "ZRTP"

enum class Type : std::uint8_t {
  hello,
  helloAck,
  commit,
  dhPart1,
  dhPart2,
  confirm1,
  confirm2,
  conf2Ack,
  error,
  errorAck,
  goClear,
  clearAck,
  sasRelay,
  relayAck,
  ping,
  pingAck,
};
inline constexpr std::size_t kTypes = 16;
std::string_view toString(Type type);  // "DHPart1"

using HashView = std::span<const std::uint8_t, kHashBytes>;
using Zid = std::span<const std::uint8_t, 12>;
using Algorithm = std::string_view;  // four characters: "S256", "X255", "B32 "

// Four characters each; at most seven (RFC 6189 5.2).
class AlgorithmList {
 public:
  AlgorithmList() = default;
  explicit AlgorithmList(Bytes names) : names_(names) {}
  std::size_t size() const { return names_.size() / 4; }
  Algorithm at(std::size_t index) const;
  bool has(Algorithm name) const;

 private:
  Bytes names_;
};

struct Hello {
  std::string_view client;  // sixteen characters, as it stands there
  HashView h3;
  Zid zid;
  AlgorithmList hashes, ciphers, auth_tags, agreements, sas_types;
};

enum class Mode : std::uint8_t { diffieHellman, preshared, multistream };

struct Commit {
  HashView h2;
  Zid zid;
  Algorithm hash, cipher, auth_tag, agreement, sas_type;
  Mode mode = Mode::diffieHellman;
  Bytes hvi;  // with Diffie-Hellman: 32 bytes
};

struct DhPart {
  HashView h1;
  Bytes public_value;
};

struct ErrorMessage {
  std::uint32_t code = 0;  // RFC 6189 5.9, Table 8
};

struct Packet {
  std::uint16_t sequence = 0;
  std::uint32_t ssrc = 0;
  Type type = Type::hello;
  Bytes message;  // from the preamble to before the checksum: what hashes and MACs are taken of
  std::variant<std::monostate, Hello, Commit, DhPart, ErrorMessage> body;  // of the five types that are looked into
};

// Errors, all peerMisbehaved: "media.zrtp.too_short", ".too_long", ".not_zrtp" (first bits or cookie), ".checksum",
// ".length" (not what the message says, or not one that its type can have), ".type" (of none known), ".version" (of a
// Hello: not 1.1x).
Result<Packet> parse(Bytes datagram);

// The body of a Hello by itself. Errors: ".version", ".length".
Result<Hello> readHello(Bytes message);

// The size of a public value (RFC 6189 5.1.5; X255 and X448 as Linphone sends them); nothing for a name not known.
std::optional<std::size_t> publicValueBytes(Algorithm agreement);

// Of SRTP packets under this name (RFC 6189 5.1.4); the least there is for a name not known.
std::size_t authTagBytes(Algorithm auth_tag);

}  // namespace sallyport::media::zrtp
