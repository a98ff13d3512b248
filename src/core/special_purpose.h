// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which addresses are not those of a host on the Internet: the IANA registries of special-purpose addresses
// (RFC 6890, 8190), and multicast (RFC 5771, 4291 2.7). A name server that is not ours must not be able to
// point us at them. Pure.

#include <cstdint>
#include <string_view>

#include "core/endpoint.h"

namespace sallyport {

enum class SpecialPurpose : std::uint8_t {
  none,         // globally reachable
  unspecified,  // "this network", ::
  loopback,
  linkLocal,
  privateUse,     // RFC 1918, unique local RFC 4193, site local RFC 3879
  sharedSpace,    // RFC 6598, behind a carrier's NAT
  documentation,  // RFC 5737, 3849, 9637
  benchmarking,   // RFC 2544, 5180
  multicast,
  protocol,    // IETF protocol assignments, discard-only, ORCHID
  transition,  // 6to4, Teredo, local-use NAT64, an IPv4-mapped address
  reserved,    // 240.0.0.0/4 with the limited broadcast; IPv6 outside 2000::/3
};

// An IPv6 address that stands for an IPv4 one (mapped, compatible, NAT64 RFC 6052, 6to4) is what that one is
// when that one is special.
SpecialPurpose specialPurposeOf(const IpAddress& address);

std::string_view toString(SpecialPurpose purpose);  // "loopback", "link_local", ...

}  // namespace sallyport
