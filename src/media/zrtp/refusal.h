// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why the guard lets a packet go no further: one closed list, each with its own counter. The names are stable; the
// log and call records carry them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::media::zrtp {

enum class Refusal : std::uint8_t {
  malformed,       // no packet of ZRTP 1.1x: what parse() refuses
  throttled,       // more packets or Hellos than any exchange needs
  helloHash,       // not the Hello whose hash the SDP announces (RFC 6189 8.1)
  helloChanged,    // another Hello than before, and no new offer or answer came between
  chain,           // a revealed preimage or the MAC it keys does not fit what was said before (RFC 6189 9)
  changed,         // repeated with other content
  order,           // nothing that it would answer has been seen
  notOffered,      // an algorithm that not both Hellos name
  publicValue,     // not of the size that the key agreement has
  commitment,      // DHPart2 and the responder's Hello are not what the initiator committed to (RFC 6189 4.4.1.1)
  noSession,       // Multistream, and no keys were agreed before in this call (RFC 6189 4.4.3)
  goClear,         // GoClear or ClearACK: there is no way back to clear (RFC 6189 4.7.2)
  afterAgreement,  // an Error, which nothing authenticates, when the exchange is over
  // Of RTP and RTCP:
  beforeAgreement,  // the exchange is not over
  notSrtp,          // it is, and this can not be SRTP
  none,             // not refused; closes the list
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::none);

const char* codeOf(Refusal refusal);  // "media.zrtp.hello_hash"

}  // namespace sallyport::media::zrtp
