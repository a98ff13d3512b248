// SPDX-License-Identifier: Apache-2.0
#pragma once
// RTP and RTCP whose tags are not ours to verify: without SRTP (RFC 3551, RTP/AVP), as the peers that are configured as
// `unprotected` send it, or under keys that only the two ends have. No tag vouches for anything: the only thing that
// tells the peer from a stranger is the address its SDP names, so nobody else is heard, and no other address is ever
// latched. Pure; internal to the room.

#include <variant>

#include "core/bytes.h"
#include "core/endpoint.h"
#include "media/drop_reason.h"
#include "media/rtp.h"
#include "media/srtp.h"

namespace sallyport::media {

// A well-formed packet from where the SDP says. Nothing more is known of it.
class ClearPacket {
 public:
  // Errors: foreignSource, tooShort, tooLong, badVersion, malformedHeader.
  static std::variant<ClearPacket, DropReason> read(Channel content, MutableBytes datagram, const Endpoint& source,
                                                    const Endpoint& named_in_sdp);

  MutableBytes bytes() const { return bytes_; }
  Channel channel() const { return channel_; }
  const RtpHeader& header() const { return header_; }  // of RTP; of RTCP only ssrc is set

 private:
  ClearPacket(MutableBytes bytes, Channel channel, const RtpHeader& header)
      : bytes_(bytes), header_(header), channel_(channel) {}

  MutableBytes bytes_;
  RtpHeader header_;
  Channel channel_;
};

// What a side of the relay lets through: authentic, or on a side without SRTP from the right address.
class HeardPacket {
 public:
  HeardPacket(const AuthenticatedPacket& packet)
      : bytes_(packet.bytes()), header_(packet.header()), channel_(packet.channel()), newest_(packet.newest()) {}
  HeardPacket(const ClearPacket& packet)
      : bytes_(packet.bytes()), header_(packet.header()), channel_(packet.channel()), newest_(true) {}

  MutableBytes bytes() const { return bytes_; }  // the cleartext
  Channel channel() const { return channel_; }
  const RtpHeader& header() const { return header_; }
  bool newest() const { return newest_; }  // a clear one always is: its source is the one there can be

 private:
  MutableBytes bytes_;
  RtpHeader header_;
  Channel channel_;
  bool newest_;
};

using Heard = std::variant<HeardPacket, DropReason>;

}  // namespace sallyport::media
