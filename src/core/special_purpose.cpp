// SPDX-License-Identifier: Apache-2.0
#include "core/special_purpose.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/bytes.h"
#include "core/check.h"

namespace sallyport {
namespace {

struct Block {
  const char* text;
  SpecialPurpose purpose;
};

struct KnownBlock {
  IpNetwork network;
  SpecialPurpose purpose;
};

// The most specific first: an address is what the first block that contains it says.
constexpr Block kV4[] = {
    {"0.0.0.0/8", SpecialPurpose::unspecified},
    {"10.0.0.0/8", SpecialPurpose::privateUse},
    {"100.64.0.0/10", SpecialPurpose::sharedSpace},
    {"127.0.0.0/8", SpecialPurpose::loopback},
    {"169.254.0.0/16", SpecialPurpose::linkLocal},
    {"172.16.0.0/12", SpecialPurpose::privateUse},
    {"192.0.0.9/32", SpecialPurpose::none},   // port control anycast, RFC 7723
    {"192.0.0.10/32", SpecialPurpose::none},  // TURN anycast, RFC 8155
    {"192.0.0.0/24", SpecialPurpose::protocol},
    {"192.0.2.0/24", SpecialPurpose::documentation},
    {"192.88.99.0/24", SpecialPurpose::transition},  // 6to4 relays, RFC 7526
    {"192.168.0.0/16", SpecialPurpose::privateUse},
    {"198.18.0.0/15", SpecialPurpose::benchmarking},
    {"198.51.100.0/24", SpecialPurpose::documentation},
    {"203.0.113.0/24", SpecialPurpose::documentation},
    {"224.0.0.0/4", SpecialPurpose::multicast},
    {"240.0.0.0/4", SpecialPurpose::reserved},
};

constexpr Block kV6[] = {
    {"::/128", SpecialPurpose::unspecified},
    {"::1/128", SpecialPurpose::loopback},
    {"::ffff:0:0/96", SpecialPurpose::transition},   // IPv4-mapped: not an address of a host on a wire
    {"::/96", SpecialPurpose::transition},           // IPv4-compatible, RFC 4291 2.5.5.1
    {"64:ff9b::/96", SpecialPurpose::none},          // NAT64 of a public address, RFC 6052
    {"64:ff9b:1::/48", SpecialPurpose::transition},  // local-use NAT64, RFC 8215
    {"100::/64", SpecialPurpose::protocol},          // discard-only, RFC 6666
    {"2001::/32", SpecialPurpose::transition},       // Teredo
    {"2001:1::1/128", SpecialPurpose::none},         // port control anycast
    {"2001:1::2/128", SpecialPurpose::none},         // TURN anycast
    {"2001:2::/48", SpecialPurpose::benchmarking},
    {"2001:3::/32", SpecialPurpose::none},      // AMT, RFC 7450
    {"2001:4:112::/48", SpecialPurpose::none},  // AS112-v6, RFC 7535
    {"2001:20::/28", SpecialPurpose::none},     // ORCHIDv2, RFC 7343: globally reachable by the registry
    {"2001::/23", SpecialPurpose::protocol},
    {"2001:db8::/32", SpecialPurpose::documentation},
    {"2002::/16", SpecialPurpose::transition},  // 6to4
    {"3fff::/20", SpecialPurpose::documentation},
    {"2000::/3", SpecialPurpose::none},
    {"fc00::/7", SpecialPurpose::privateUse},
    {"fe80::/10", SpecialPurpose::linkLocal},
    {"fec0::/10", SpecialPurpose::privateUse},
    {"ff00::/8", SpecialPurpose::multicast},
    {"::/0", SpecialPurpose::reserved},
};

template <std::size_t N>
std::array<KnownBlock, N> parsed(const Block (&blocks)[N]) {
  std::array<KnownBlock, N> known{};
  std::transform(std::begin(blocks), std::end(blocks), known.begin(), [](const Block& block) {
    const auto network = IpNetwork::parse(block.text);
    SP_CHECK(network.has_value());
    return KnownBlock{*network, block.purpose};
  });
  return known;
}

template <typename Blocks>
SpecialPurpose lookUp(const Blocks& blocks, const IpAddress& address) {
  const auto found = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const KnownBlock& block) { return block.network.contains(address); });
  return found == blocks.end() ? SpecialPurpose::none : found->purpose;
}

SpecialPurpose ofV4(const IpAddress& address) {
  static const auto blocks = parsed(kV4);
  return lookUp(blocks, address);
}

// The IPv4 address that an IPv6 address is made from.
std::optional<IpAddress> embedded(const IpAddress& address) {
  const auto& octets = address.octets();
  const auto from = [&](std::size_t at) {
    return IpAddress::v4({octets[at], octets[at + 1], octets[at + 2], octets[at + 3]});
  };
  const bool six_to_four = loadBe16(octets.data()) == 0x2002;
  if (six_to_four) return from(2);
  const bool nat64 = loadBe32(octets.data()) == 0x0064ff9b;
  const bool rest_zero =
      std::all_of(octets.begin() + (nat64 ? 4 : 0), octets.begin() + 10, [](auto o) { return o == 0; });
  if (!rest_zero) return std::nullopt;
  const auto last = loadBe16(&octets[10]);
  const bool mapped = !nat64 && last == 0xffff;
  return mapped || last == 0 ? std::optional{from(12)} : std::nullopt;
}

}  // namespace

SpecialPurpose specialPurposeOf(const IpAddress& address) {
  if (address.isV4()) return ofV4(address);
  static const auto blocks = parsed(kV6);
  if (!address.isUnspecified() && !address.isLoopback()) {
    const auto inner = embedded(address);
    const auto purpose = inner ? ofV4(*inner) : SpecialPurpose::none;
    if (purpose != SpecialPurpose::none) return purpose;
  }
  return lookUp(blocks, address);
}

std::string_view toString(SpecialPurpose purpose) {
  switch (purpose) {
    case SpecialPurpose::none: return "none";
    case SpecialPurpose::unspecified: return "unspecified";
    case SpecialPurpose::loopback: return "loopback";
    case SpecialPurpose::linkLocal: return "link_local";
    case SpecialPurpose::privateUse: return "private_use";
    case SpecialPurpose::sharedSpace: return "shared_space";
    case SpecialPurpose::documentation: return "documentation";
    case SpecialPurpose::benchmarking: return "benchmarking";
    case SpecialPurpose::multicast: return "multicast";
    case SpecialPurpose::protocol: return "protocol";
    case SpecialPurpose::transition: return "transition";
    case SpecialPurpose::reserved: return "reserved";
  }
  return "";
}

}  // namespace sallyport
