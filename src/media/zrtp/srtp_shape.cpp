// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/srtp_shape.h"

#include "media/rtcp.h"

namespace sallyport::media::zrtp {
namespace {

constexpr std::size_t kIndexBytes = 4;
constexpr std::size_t kShortestRtcpTag = 8;

bool showsClearRun(Bytes payload) {
  std::size_t run = 1;
  for (std::size_t i = 1; i < payload.size(); ++i) {
    run = payload[i] == payload[i - 1] ? run + 1 : 1;
    if (run == kClearRun) return true;
  }
  return false;
}

}  // namespace

bool mayBeSrtp(Channel content, Bytes datagram, std::size_t tag_bytes) {
  if (content == Channel::rtcp) {
    return datagram.size() >= kRtcpHeaderBytes + kIndexBytes + kShortestRtcpTag && !judgeRtcp(datagram);
  }
  const auto header = parseRtpHeader(datagram);
  if (!header || datagram.size() < header->payload_offset + tag_bytes) return false;
  return !showsClearRun(datagram.subspan(header->payload_offset));
}

}  // namespace sallyport::media::zrtp
