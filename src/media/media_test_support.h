// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shared by this room's tests: packets, keys, hex.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/test_corpus.h"
#include "media/srtp.h"

namespace sallyport::media::test {

using Buffer = std::vector<std::uint8_t>;

inline Buffer fromHex(std::string_view text) {
  Buffer out;
  int high = -1;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return out;
}

inline std::string toHex(Bytes bytes) {
  std::string out;
  for (const auto byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

using sallyport::test::corpus;
using sallyport::test::jsonText;

inline SrtpKeying keying(crypto::SrtpSuite suite, std::uint8_t seed) {
  const auto facts = crypto::factsOf(suite);
  Secret key{facts.master_key_bytes + facts.master_salt_bytes};
  auto at = key.mutableBytes();
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<std::uint8_t>(seed + 7 * i);
  return {suite, std::move(key)};
}

inline Buffer rtpPacket(std::uint32_t ssrc, std::uint16_t sequence, std::uint8_t payload_type = 0,
                        std::size_t payload_bytes = 160) {
  Buffer packet(kRtpFixedHeaderBytes + payload_bytes);
  RtpHeader header;
  header.ssrc = ssrc;
  header.sequence = sequence;
  header.timestamp = sequence * 160u;
  header.payload_type = payload_type;
  writeRtpHeader(std::span<std::uint8_t, kRtpFixedHeaderBytes>{packet.data(), kRtpFixedHeaderBytes}, header);
  for (std::size_t i = kRtpFixedHeaderBytes; i < packet.size(); ++i)
    packet[i] = static_cast<std::uint8_t>(i + sequence);
  return packet;
}

// A receiver report without blocks and an SDES CNAME.
inline Buffer rtcpPacket(std::uint32_t ssrc) {
  Buffer packet = fromHex("80c90001 00000000 81ca0003 00000000 01036c65 67000000");
  storeBe32(&packet[4], ssrc);
  storeBe32(&packet[12], ssrc);
  return packet;
}

inline Buffer protect(SrtpSender& sender, Buffer packet, Channel channel = Channel::rtp) {
  const auto length = packet.size();
  packet.resize(length + kSrtpTailroom);
  const auto outcome = channel == Channel::rtp ? sender.protectRtp(packet, length) : sender.protectRtcp(packet, length);
  const auto* protected_length = std::get_if<std::size_t>(&outcome);
  EXPECT_NE(protected_length, nullptr) << toString(std::get<DropReason>(outcome));
  packet.resize(protected_length != nullptr ? *protected_length : 0);
  return packet;
}

// What became of it: DropReason::sent when it was let through, and then `packet` is the cleartext.
inline DropReason unprotect(SrtpReceiver& receiver, Buffer& packet, Channel channel = Channel::rtp) {
  const auto outcome = channel == Channel::rtp ? receiver.unprotectRtp(packet) : receiver.unprotectRtcp(packet);
  if (const auto* reason = std::get_if<DropReason>(&outcome)) return *reason;
  packet.resize(std::get<AuthenticatedPacket>(outcome).bytes().size());
  return DropReason::sent;
}

}  // namespace sallyport::media::test

namespace sallyport::media {
inline void PrintTo(DropReason reason, std::ostream* out) { *out << toString(reason); }
}  // namespace sallyport::media
