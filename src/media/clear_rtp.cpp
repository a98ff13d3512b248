// SPDX-License-Identifier: Apache-2.0
#include "media/clear_rtp.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kVersionMask = 0xC0, kVersion2 = 0x80;
constexpr std::size_t kSsrcOffsetInRtcp = 4;

}  // namespace

std::variant<ClearPacket, DropReason> ClearPacket::read(Channel content, MutableBytes datagram, const Endpoint& source,
                                                        const Endpoint& named_in_sdp) {
  if (source != named_in_sdp) return DropReason::foreignSource;
  if (datagram.size() > kLongestPacket) return DropReason::tooLong;
  if (datagram.size() < (content == Channel::rtp ? kRtpFixedHeaderBytes : kRtcpHeaderBytes))
    return DropReason::tooShort;
  if ((datagram[0] & kVersionMask) != kVersion2) return DropReason::badVersion;
  if (content == Channel::rtcp) {
    RtpHeader header;
    header.ssrc = loadBe32(&datagram[kSsrcOffsetInRtcp]);
    return ClearPacket{datagram, content, header};
  }
  const auto header = parseRtpHeader(datagram);
  if (!header) return DropReason::malformedHeader;
  return ClearPacket{datagram, content, *header};
}

}  // namespace sallyport::media
