// SPDX-License-Identifier: Apache-2.0
#pragma once
// Questions to the DNS and their answers as values (RFC 1035, 2782, 3403, 3596): asked by net, understood
// by sip. Names are lower case without the final dot; the root is ".".

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "core/endpoint.h"

namespace sallyport {

enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33, naptr = 35 };  // as on the wire

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::a;

  std::string toString() const;  // "AAAA core.example", for the log
  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

struct SrvRecord {
  std::uint16_t priority = 0;  // lowest first
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;
};

struct NaptrRecord {
  std::uint16_t order = 0;       // lowest first, and no other once one of it serves
  std::uint16_t preference = 0;  // lowest first within an order
  std::string flags;
  std::string service;
  std::string regexp;
  std::string replacement;
};

// What the DNS holds of one question: of the three lists only that of the type asked for has members. All
// empty: the name or the type does not exist there, and the DNS says so.
struct DnsAnswer {
  enum class Freshness : std::uint8_t { current, stale };  // stale: the servers no longer say so (RFC 8767)

  std::vector<IpAddress> addresses;
  std::vector<SrvRecord> services;
  std::vector<NaptrRecord> pointers;
  std::chrono::seconds ttl{};  // good for this long from now
  Freshness freshness = Freshness::current;

  bool empty() const { return addresses.empty() && services.empty() && pointers.empty(); }
};

}  // namespace sallyport
