// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be said without keys of a packet that should be SRTP (RFC 3711): whether it has room for what SRTP adds, and
// whether it shows what encryption would have hidden. A packet that passes need not be SRTP: only the ends can verify.

#include <cstddef>

#include "core/bytes.h"
#include "media/rtp.h"

namespace sallyport::media::zrtp {

// As many equal bytes in a row are silence of G.711 in clear, or padding; of an encrypted packet of 1,500 bytes they
// come once in 10^23.
inline constexpr std::size_t kClearRun = 12;

// `tag_bytes` is that of SRTP. A datagram that reads as a whole compound of RTCP is no SRTCP, which has an index and a
// tag behind it.
bool mayBeSrtp(Channel content, Bytes datagram, std::size_t tag_bytes);

}  // namespace sallyport::media::zrtp
