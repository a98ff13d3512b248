// SPDX-License-Identifier: Apache-2.0
#pragma once
// From c= and a=rtcp to addresses that media may be sent to: an SDP address is a stranger's request that
// we send packets somewhere, so only a unicast IP address in one plain spelling is taken.

#include <optional>
#include <span>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"
#include "sdp/session.h"

namespace sallyport::sdp {

// 0.0.0.0 or :: when the peer asks that nothing be sent: those addresses, or a name in .invalid (RFC 6157 4).
// Errors: sdp.connection.not_an_address, .multicast, .outside_networks (peerDenied); .family, .forbidden.
Result<IpAddress> readAddress(std::string_view address_type, std::string_view text, std::span<const IpNetwork> allowed);

struct MediaEndpoints {
  Endpoint rtp;
  Endpoint rtcp;  // as if not muxed
};

// Also sdp.connection.missing, sdp.rtcp.malformed.
Result<MediaEndpoints> readEndpoints(const Session& session, const MediaSection& section,
                                     std::span<const IpNetwork> allowed);

bool offersRtcpMux(const MediaSection& section);  // RFC 5761, or RFC 8858 mux-only

}  // namespace sallyport::sdp
