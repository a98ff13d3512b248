// SPDX-License-Identifier: Apache-2.0
#pragma once
// The checksum of a ZRTP packet (RFC 6189 5.1): CRC-32c, reckoned and written as SCTP does (RFC 9260 Appendix A). It
// proves nothing; it tells a packet of ZRTP from noise.

#include <cstdint>

#include "core/bytes.h"

namespace sallyport::media::zrtp {

// As it stands in the last four bytes of the packet, read in network order.
std::uint32_t crc32c(Bytes packet_without_checksum);

}  // namespace sallyport::media::zrtp
