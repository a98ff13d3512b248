// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the edge and its privileged helper say to each other, one message per datagram of a SOCK_SEQPACKET pair, in
// network order. A request names ports, addresses and times and nothing else: no text goes towards the privilege.
//
//   request  version u8, kind u8, sequence u32; `change` goes on with a count u8 and that many changes:
//            operation u8, local address, port u16; `open` and `extend` then timeout u16 (seconds); `open` then source
//   address  family u8 (4, 6), 4 or 16 octets;   source  as an address, or family 0 for anybody
//   reply    version u8, sequence u32, standing u8, pinholes u32, dropped u64, a count u8 and that many outcomes u8,
//            then up to 200 bytes of text: why the kernel refused, for the log
//
// Values and pure functions; any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "firewall/pinholes.h"

namespace sallyport::firewall {

inline constexpr std::size_t kMostChanges = 64;  // in one request
inline constexpr std::size_t kLongestMessage = 4'096;
inline constexpr std::size_t kLongestDetail = 200;

enum class Operation : std::uint8_t {
  open = 1,    // a port for a source; replaces what it was open for
  extend = 2,  // what is open stays so for another timeout
  close = 3,
};

struct Change {
  Operation operation = Operation::open;
  Endpoint local;
  std::chrono::seconds timeout{0};  // not of `close`
  std::optional<IpAddress> source;  // of `open`; none: anybody
  friend bool operator==(const Change&, const Change&) = default;
};

struct Request {
  enum class Kind : std::uint8_t {
    setUp = 1,  // make the table, in place of one that was left behind
    change = 2,
    count = 3,     // only the figures of the reply are wanted
    tearDown = 4,  // the table goes
  };
  Kind kind = Kind::count;
  std::uint32_t sequence = 0;
  std::vector<Change> changes;  // 1 to kMostChanges of `change`, else none
  friend bool operator==(const Request&, const Request&) = default;
};

enum class Outcome : std::uint8_t {
  done = 0,
  notSetUp = 1,        // there is no table
  foreignAddress = 2,  // not one of the media addresses
  foreignPort = 3,     // not in the media range
  wrongSource = 4,     // of the other family
  wrongTimeout = 5,    // zero, or longer than kLongestTimeout
  repeated = 6,        // the request names the port twice
  notOpen = 7,         // to be extended
  full = 8,            // there are as many as may be
  kernel = 9,          // the kernel refused, as the reply's text says
  malformed = 10,      // the request could not be read
};
std::string_view toString(Outcome outcome);

inline constexpr std::chrono::seconds kLongestTimeout{600};

struct Reply {
  std::uint32_t sequence = 0;
  Standing standing = Standing::down;
  std::uint32_t pinholes = 0;
  std::uint64_t dropped = 0;
  std::vector<Outcome> outcomes;  // one per change, or one for the request
  std::string detail;
  friend bool operator==(const Reply&, const Reply&) = default;
};

std::vector<std::uint8_t> encode(const Request& request);
std::vector<std::uint8_t> encode(const Reply& reply);

// Errors (peerMisbehaved): "firewall.message.length", ".version", ".kind", ".count", ".operation", ".family".
// Whether the values are allowed is the table's to judge.
Result<Request> decodeRequest(Bytes message);
Result<Reply> decodeReply(Bytes message);

}  // namespace sallyport::firewall
