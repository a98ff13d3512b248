// SPDX-License-Identifier: Apache-2.0
#include "sdp/media_address.h"

#include <algorithm>

#include "core/numbers.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

Error misbehaved(const char* code, std::string_view detail) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 128)}};
}
Error denied(const char* code, std::string_view detail) {
  return {ErrorKind::peerDenied, code, std::string{detail.substr(0, 128)}};
}

bool isMulticast(const IpAddress& address) {
  const auto first = address.octets()[0];
  return address.isV4() ? (first & 0xF0) == 0xE0 : first == 0xFF;
}

// Addresses that name no single host of their own family: 0/8, 240/4 with broadcast, and the IPv6 spellings
// of IPv4 addresses (::/96 and ::ffff:0:0/96), which could name a host that another check refused.
bool isForbidden(const IpAddress& address) {
  const auto& octets = address.octets();
  if (address.isV4()) return octets[0] == 0 || octets[0] >= 240;
  const bool zeros = std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t octet) { return octet == 0; });
  const bool mapped = octets[10] == 0xFF && octets[11] == 0xFF;
  const bool compatible = octets[10] == 0 && octets[11] == 0;
  return zeros && (mapped || (compatible && !address.isLoopback()));
}

bool isInvalidName(std::string_view text) {
  constexpr std::string_view kSuffix = ".invalid";
  return text.size() > kSuffix.size() && equalsIgnoringCase(text.substr(text.size() - kSuffix.size()), kSuffix);
}

bool allowedBy(std::span<const IpNetwork> networks, const IpAddress& address) {
  return networks.empty() ||
         std::any_of(networks.begin(), networks.end(), [&](const auto& network) { return network.contains(address); });
}

// RFC 3605 2.1: a=rtcp:<port> [IN <addrtype> <address>]
Result<Endpoint> readRtcp(std::string_view value, const Endpoint& rtp, std::span<const IpNetwork> allowed) {
  const auto fields = words(value, 4);
  const bool shaped =
      fields && (fields->size() == 1 || (fields->size() == 4 && equalsIgnoringCase((*fields)[1], "IN")));
  if (!shaped) return misbehaved("sdp.rtcp.malformed", value);
  const auto port = parseUnsigned((*fields)[0], 1, 65'535);
  if (!port) return misbehaved("sdp.rtcp.malformed", value);
  Endpoint rtcp{rtp.address, static_cast<std::uint16_t>(*port)};
  if (fields->size() == 1) return rtcp;
  SP_ASSIGN(const auto address, readAddress((*fields)[2], (*fields)[3], allowed));
  if (!address.isUnspecified()) rtcp.address = address;
  return rtcp;
}

}  // namespace

bool offersRtcpMux(const MediaSection& section) {
  return section.attribute("rtcp-mux").has_value() || section.attribute("rtcp-mux-only").has_value();
}

Result<IpAddress> readAddress(std::string_view address_type, std::string_view text,
                              std::span<const IpNetwork> allowed) {
  if (isInvalidName(text)) return IpAddress{};
  if (text.find('/') != std::string_view::npos) return denied("sdp.connection.multicast", text);
  const auto address = text.starts_with('[') ? std::nullopt : IpAddress::parse(text);
  if (!address) return denied("sdp.connection.not_an_address", text);
  const bool says_v4 = equalsIgnoringCase(address_type, "IP4");
  if (says_v4 != address->isV4()) return misbehaved("sdp.connection.family", text);
  if (address->isUnspecified()) return *address;
  if (isMulticast(*address)) return denied("sdp.connection.multicast", text);
  if (isForbidden(*address)) return misbehaved("sdp.connection.forbidden", text);
  if (!allowedBy(allowed, *address)) return denied("sdp.connection.outside_networks", text);
  return *address;
}

Result<MediaEndpoints> readEndpoints(const Session& session, const MediaSection& section,
                                     std::span<const IpNetwork> allowed) {
  const auto connection = session.connectionOf(section);
  if (!connection) return misbehaved("sdp.connection.missing", section.kind);
  SP_ASSIGN(const auto address, readAddress(connection->address_type, connection->address, allowed));
  MediaEndpoints endpoints;
  endpoints.rtp = {address, section.port};
  endpoints.rtcp = endpoints.rtp;
  const bool muxed = offersRtcpMux(section);
  if (const auto rtcp = section.attribute("rtcp")) {
    SP_ASSIGN(endpoints.rtcp, readRtcp(*rtcp, endpoints.rtp, allowed));
    if (endpoints.rtcp == endpoints.rtp && !muxed) return misbehaved("sdp.rtcp.malformed", "RTP's own port");
    return endpoints;
  }
  if (section.port < 65'535) {
    endpoints.rtcp.port = static_cast<std::uint16_t>(section.port + 1);
  } else if (!muxed) {
    return misbehaved("sdp.rtcp.malformed", "no port follows 65535");
  }
  return endpoints;
}

}  // namespace sallyport::sdp
